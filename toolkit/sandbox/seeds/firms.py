"""Firms with tax numbers that pass their checks, and the ways one firm is written twice.

Source: the checksums of INN, OGRN and settlement accounts are those of the orders of the Federal Tax
Service and the Bank of Russia; region codes are the subjects of the Federation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from .people import Person, draw_person, transliterated

__all__ = ["TITLE_MISTAKES", "Firm", "draw_firm", "inn_of_firm", "inn_of_person", "kpp_of", "mistitled"]


def _words(text: str) -> list[str]:
    return text.split()


_REGIONS = _words("""
    77 78 50 47 66 54 63 23 61 52 16 74 24 59 36 55 02
""")
_CITIES = {
    "77": "Москва", "78": "Санкт-Петербург", "50": "Химки", "47": "Гатчина", "66": "Екатеринбург",
    "54": "Новосибирск", "63": "Самара", "23": "Краснодар", "61": "Ростов-на-Дону", "52": "Нижний Новгород",
    "16": "Казань", "74": "Челябинск", "24": "Красноярск", "59": "Пермь", "36": "Воронеж", "55": "Омск",
    "02": "Уфа",
}  # fmt: skip
_STREETS = ("Ленина", "Мира", "Советская", "Гагарина", "Победы", "Садовая", "Лесная", "Заводская", "Кирова")
_HEADS = _words("""
    Альфа Вектор Гранит Монолит Омега Прогресс Север Юг Восток Запад Радуга Стрела Маяк Вымпел Корунд Сапфир
    Янтарь Орион Сириус Меридиан Горизонт Парус Волна Импульс Контур Эталон Спектр Баланс Фаворит Престиж
    Лидер Гарант Опора Фундамент Квартал Ландшафт Новый_дом Уют Мегаполис Столица Держава Русь Атлант Титан
    Гермес Феникс Кристалл Родник Дубрава Кедр
""")
_TAILS = _words("""
    строй сервис торг проект монтаж инвест групп трейд мет снаб транс авто тех пром электро ком дом
    девелопмент логистик плюс
""")
_FORMS = {
    "ООО": "Общество с ограниченной ответственностью",
    "АО": "Акционерное общество",
    "ПАО": "Публичное акционерное общество",
}
_BANKS = (
    ("ПАО СБЕРБАНК", "044525225", "30101810400000000225"),
    ("БАНК ВТБ (ПАО)", "044525187", "30101810700000000187"),
    ("АО «АЛЬФА-БАНК»", "044525593", "30101810200000000593"),
    ("АО «ТБАНК»", "044525974", "30101810145250000974"),
)


@dataclass(frozen=True)
class Firm:
    """One firm, or one sole trader.

    Args:
        form: ООО, АО, ПАО, ИП.
        name: without form and quotes.
        title: as the card calls it.
        inn: ten digits, twelve for a sole trader; checksums hold.
        kpp: nine signs; empty for a sole trader.
        ogrn: 13 digits, 15 for a sole trader; the check digit holds.
        director: who signs.
        city, street, house, postcode: where it sits.
        bank, bik, account, correspondent: where its money is; the account's check digit holds.
    """

    form: str
    name: str
    title: str
    inn: str
    kpp: str
    ogrn: str
    director: Person
    city: str
    street: str
    house: int
    postcode: str
    bank: str
    bik: str
    account: str
    correspondent: str

    @property
    def full_name(self) -> str:
        """The name as in the register."""
        form = _FORMS.get(self.form, "Индивидуальный предприниматель")
        return f"{form} {self.name}" if self.form == "ИП" else f"{form} «{self.name}»"


def inn_of_firm(rng: Random, region: str = "") -> str:
    """Ten digits whose check digit holds."""
    body = f"{region or rng.choice(_REGIONS)}{rng.randrange(1, 60):02d}{rng.randrange(100, 99_999):05d}"
    return body + _check(body, (2, 4, 10, 3, 5, 9, 4, 6, 8))


def inn_of_person(rng: Random, region: str = "") -> str:
    """Twelve digits whose two check digits hold."""
    body = f"{region or rng.choice(_REGIONS)}{rng.randrange(1, 60):02d}{rng.randrange(1_000, 999_999):06d}"
    body += _check(body, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8))
    return body + _check(body, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8))


def _check(body: str, weights: tuple[int, ...]) -> str:
    return str(sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11 % 10)


def kpp_of(inn: str, rng: Random, *, branch: bool = False) -> str:
    """The reason code of a firm: 01 at its seat, 43 for a branch elsewhere."""
    office = f"{rng.choice(_REGIONS)}{rng.randrange(1, 60):02d}" if branch else inn[:4]
    return f"{office}{'43' if branch else '01'}{rng.randrange(1, 60):03d}"


def _ogrn(rng: Random, region: str, *, trader: bool) -> str:
    body = f"{'3' if trader else '1'}{rng.randrange(2, 24):02d}{region}"
    body += f"{rng.randrange(10**8, 10**9)}" if trader else f"{rng.randrange(10**6, 10**7)}"
    return body + str(int(body) % (13 if trader else 11) % 10)


def _account(rng: Random, bik: str, *, trader: bool) -> str:
    head, tail = "40802810" if trader else "40702810", f"{rng.randrange(1, 10**11):011d}"
    # The ninth digit makes the weighted sum of BIK tail and account end in zero.
    weights = (7, 1, 3) * 8
    total = sum(
        int(digit) * weight % 10 for digit, weight in zip(bik[-3:] + head + "0" + tail, weights, strict=False)
    )
    return f"{head}{total % 10 * 3 % 10}{tail}"


def draw_firm(rng: Random, number: int) -> Firm:
    """A firm; one in eight is a sole trader.

    Args:
        rng: chance.
        number: makes its name different from that of other firms; its place in the row.
    """
    trader = rng.random() < 0.125
    director = draw_person(rng)
    region = rng.choice(_REGIONS)
    if trader:
        form, name = "ИП", director.full
        title, inn, kpp = f"ИП {name}", inn_of_person(rng, region), ""
    else:
        form = "ООО" if rng.random() < 0.85 else rng.choice(("АО", "ПАО"))
        head = _HEADS[number % len(_HEADS)].replace("_", " ")
        tail = _TAILS[number // len(_HEADS) % len(_TAILS)]
        name = f"{head}{'-' if ' ' in head else ''}{tail}" if number % 3 else f"{head} {tail.capitalize()}"
        if number >= len(_HEADS) * len(_TAILS):
            name += f" {number // (len(_HEADS) * len(_TAILS)) + 1}"
        title, inn = f"{form} «{name}»", inn_of_firm(rng, region)
        kpp = kpp_of(inn, rng)
    bank, bik, correspondent = rng.choice(_BANKS)
    return Firm(
        form,
        name,
        title,
        inn,
        kpp,
        _ogrn(rng, region, trader=trader),
        director,
        _CITIES[region],
        rng.choice(_STREETS),
        rng.randrange(1, 120),
        f"{rng.randrange(101_000, 690_000)}",
        bank,
        bik,
        _account(rng, bik, trader=trader),
        correspondent,
    )


def _no_form(firm: Firm, _rng: Random) -> str:
    """Without the legal form."""
    return firm.name


def _form_behind(firm: Firm, _rng: Random) -> str:
    """The form behind, after a comma."""
    return f"{firm.name}, {firm.form}"


def _straight_quotes(firm: Firm, _rng: Random) -> str:
    """Straight quotes, or none."""
    return f'{firm.form} "{firm.name}"'


def _spelt_out(firm: Firm, _rng: Random) -> str:
    """The form spelt out."""
    return firm.full_name


def _latin(firm: Firm, _rng: Random) -> str:
    """In Latin letters."""
    return f"{transliterated(firm.name)} {'LLC' if firm.form == 'ООО' else ''}".strip()


def _capitals(firm: Firm, _rng: Random) -> str:
    """In capitals."""
    return f"{firm.form} {firm.name}".upper()


def _typo(firm: Firm, rng: Random) -> str:
    """Two letters swapped."""
    at = rng.randrange(1, max(2, len(firm.name) - 2))
    return f"{firm.form} {firm.name[:at]}{firm.name[at + 1 : at + 2]}{firm.name[at]}{firm.name[at + 2 :]}"


def _with_city(firm: Firm, _rng: Random) -> str:
    """The town behind."""
    return f"{firm.name} ({firm.city})"


TITLE_MISTAKES: dict[str, Callable[[Firm, Random], str]] = {
    "no_form": _no_form,
    "form_behind": _form_behind,
    "straight_quotes": _straight_quotes,
    "spelt_out": _spelt_out,
    "latin": _latin,
    "capitals": _capitals,
    "typo": _typo,
    "with_city": _with_city,
}
"""Kinds of difference between two titles of one firm; `seed_truth.KIND` names the one that was made."""

_TITLE_MISTAKE_NAMES = tuple(TITLE_MISTAKES)


def mistitled(firm: Firm, rng: Random) -> tuple[str, Firm]:
    """The firm as another card calls it, with the kind of difference."""
    kind = rng.choice(_TITLE_MISTAKE_NAMES)
    return kind, replace(firm, title=TITLE_MISTAKES[kind](firm, rng))
