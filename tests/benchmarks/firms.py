"""Synthetic companies of a Russian portal with the dirt of real ones, and the truth of which is which.

A branch is a card of its own firm that must not be merged: in truth it counts as another one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from people import STEMS, Population

KINDS = [
    "Строй",
    "Торг",
    "Агро",
    "Авто",
    "Мед",
    "Пром",
    "Тех",
    "Эко",
    "Мет",
    "Лес",
    "Дом",
    "Свет",
    "Мебель",
    "Окна",
]
ENDS = [
    "сервис",
    "инвест",
    "групп",
    "снаб",
    "маркет",
    "комплект",
    "ресурс",
    "трейд",
    "проект",
    "монтаж",
    "центр",
]
FORMS = ["ООО", "ООО", "ООО", "АО", "ЗАО", "ИП"]
SPELLINGS = {
    "ООО": ["ООО", "Общество с ограниченной ответственностью", "OOO", "ооо"],
    "АО": ["АО", "АО", "АО", "ПАО"],
    "ЗАО": ["ЗАО", "АО"],
}
_WEIGHTS = (2, 4, 10, 3, 5, 9, 4, 6, 8)


def companies(cards: int, seed: int = 1) -> Population:
    """About so many companies with 1 to 5 cards each: titles respelled, INN and KPP missing or an accountant's."""
    rng = np.random.default_rng(seed)
    firms = int(cards / 1.42)
    records: list[dict[str, object]] = []
    keys: list[dict[str, object]] = []
    truth: list[int] = []
    accountants = [_inn(rng) for _ in range(max(firms // 4000, 2))]
    number = 0
    for firm in range(firms):
        form, name = _title(rng)
        inn, kpp = _inn(rng), "" if form == "ИП" else _kpp(rng, "01")
        phone = f"+7495{1_000_000 + firm * 6:07d}"
        copies = 1 if rng.random() < 0.75 else int(rng.integers(2, 6))
        for copy in range(copies):
            number += 1
            branch = copy > 0 and form != "ИП" and rng.random() < 0.06
            truth.append(firms + number if branch else firm)
            shown = {"entity": "company", "id": number, "title": _spelled(rng, form, name)}
            records.append(shown)
            if rng.random() < 0.7 or branch:
                own_kpp = _kpp(rng, "43") if branch else kpp if rng.random() < 0.7 else ""
                keys.append(_key(number, "inn", inn, own_kpp))
            elif rng.random() < 0.05:
                keys.append(_key(number, "inn", str(rng.choice(accountants)), ""))
            if rng.random() < 0.75 and not branch:
                keys.append(_key(number, "phone", phone))
            if rng.random() < 0.03:
                # A business centre's switchboard.
                keys.append(
                    _key(number, "phone", f"+7499{1_000_000 + int(rng.integers(0, firms // 50 + 2)):07d}")
                )
    table = pd.DataFrame(keys).assign(may_key=True)
    return Population(pd.DataFrame(records), table, np.array(truth, dtype=np.int64))


def _title(rng: np.random.Generator) -> tuple[str, str]:
    form = str(rng.choice(FORMS))
    if form == "ИП":
        stem, first, second = (str(rng.choice(STEMS)) for _ in range(3))
        return form, f"{stem}ов {first[:1]}иколай {second[:1]}асильевич".title()
    name = str(rng.choice(KINDS)) + str(rng.choice(ENDS))
    if rng.random() < 0.6:
        name = f"{rng.choice(STEMS)}{rng.choice(['', 'а', 'ия', 'ум'])} {name}"
    return form, name


def _spelled(rng: np.random.Generator, form: str, name: str) -> str:
    if rng.random() < 0.03 and len(name) > 8:
        at = int(rng.integers(1, len(name) - 1))
        name = name[:at] + name[at + 1 :]
    written = str(rng.choice(SPELLINGS.get(form, [form]), p=None))
    way = rng.random()
    if way < 0.35:
        return f"{written} «{name}»"
    if way < 0.55:
        return f'{written} "{name.upper()}"'
    if way < 0.75:
        return f"{name}, {written}"
    return name if way < 0.95 else f"{name} (офис)"


def _inn(rng: np.random.Generator) -> str:
    digits = [7, 7, *rng.integers(0, 10, 7).tolist()]
    check = sum(w * d for w, d in zip(_WEIGHTS, digits, strict=True)) % 11 % 10
    return "".join(map(str, [*digits, check]))


def _kpp(rng: np.random.Generator, reason: str) -> str:
    return f"77{int(rng.integers(1, 52)):02d}{reason}001"


def _key(number: int, kind: str, value: str, extension: str = "") -> dict[str, object]:
    return {"entity": "company", "id": number, "key_type": kind, "key_value": value, "extension": extension}
