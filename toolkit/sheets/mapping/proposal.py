"""Which heading is which field: a proposal for a person to correct."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = ["FIELDS", "NEEDED", "Proposal", "folded_heading", "propose", "propose_mapping"]

FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "номер", "номер заявки", "номер звонка", "код", "request id", "call id", "заявка"),
    "at": (
        "at",
        "дата",
        "дата и время",
        "дата время",
        "когда",
        "начало",
        "создано",
        "создан",
        "создана",
        "start",
        "started",
        "timestamp",
        "дата создания",
        "время звонка",
        "date",
        "created",
        "created at",
    ),
    "changed": (
        "changed",
        "изменено",
        "изменен",
        "дата изменения",
        "обновлено",
        "updated",
        "updated at",
        "modified",
    ),
    "client_id": ("client id", "id клиента", "код клиента", "номер клиента", "customer id"),
    "name": ("name", "имя", "фио", "ф и о", "клиент", "контакт", "контактное лицо", "full name", "customer"),
    "last_name": ("last name", "фамилия", "surname"),
    "second_name": ("second name", "отчество", "patronymic"),
    "phone": ("phone", "телефон", "номер телефона", "тел", "номер абонента", "мобильный", "phone number"),
    "email": ("email", "e mail", "почта", "эл почта", "электронная почта", "mail"),
    "company": (
        "company",
        "компания",
        "организация",
        "фирма",
        "юрлицо",
        "название компании",
        "organization",
        "firm",
    ),
    "inn": ("inn", "инн"),
    "kpp": ("kpp", "кпп"),
    "responsible": ("responsible", "ответственный", "оператор", "менеджер", "сотрудник", "agent", "operator"),
    "comment": (
        "comment",
        "комментарий",
        "комментарии",
        "описание",
        "примечание",
        "текст",
        "description",
        "note",
    ),
    "topic": ("topic", "тема", "продукт", "тип обращения", "категория", "product"),
    "title": ("title", "название", "заголовок", "subject"),
    "amount": ("amount", "сумма", "стоимость"),
    "direction": ("direction", "направление", "тип звонка"),
    "duration_s": ("duration s", "длительность", "продолжительность", "длительность сек", "duration"),
    "recording": (
        "recording",
        "запись",
        "ссылка на запись",
        "запись разговора",
        "файл записи",
        "record",
        "audio",
    ),
    "request": ("request", "по заявке", "заявка звонка"),
}
"""Field of a row to the headings it is known by, folded."""


NEEDED: dict[str, tuple[str, ...]] = {"request": ("id", "at"), "call": ("id", "at", "phone")}
"""Kind of row to the fields each row must have."""

_OF_CALLS = {
    "id": ("id", "номер", "номер звонка", "id звонка", "код", "call id", "код звонка"),
    "request": ("номер заявки", "заявка", "id заявки", "номер обращения", "request id"),
}
"""In an export of calls these words mean the call, or the request it was about."""

_FILLERS = {
    *("клиента", "клиент", "заявки", "обращения", "звонка", "разговора", "контактный", "контактное"),
    *("абонента", "покупателя", "сек", "секунд", "руб", "мск"),
    *("client", "customer", "call", "request", "contact", "caller", "seconds", "sec"),
}


@dataclass(frozen=True)
class Proposal:
    """Which heading is which field, as far as headings tell.

    Args:
        columns: heading to field.
        unknown: headings nobody knows.
        missing: fields each row must have, and no heading was recognised for.
    """

    columns: dict[str, str]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]


def folded_heading(heading: str) -> str:
    """A heading as it is compared: without marks, in small letters."""
    return " ".join(re.sub(r"[\W_]+", " ", heading.casefold().replace("ё", "е")).split())


def propose(headings: Iterable[str], kind: Literal["request", "call"]) -> Proposal:
    """What a person is shown of the headings of an export.

    Args:
        headings: in the file's order.
        kind: of its rows.
    """
    headings = list(headings)
    columns = propose_mapping(headings, kind)
    return Proposal(
        columns,
        tuple(each for each in headings if each not in columns),
        tuple(each for each in NEEDED[kind] if each not in columns.values()),
    )


def propose_mapping(headings: Iterable[str], kind: Literal["request", "call"] = "request") -> dict[str, str]:
    """Heading to field, for the headings that are known; no field twice, the first heading wins.

    Args:
        headings: in the file's order.
        kind: of its rows: in an export of calls a request's number is not the row's own.
    """
    known = {**FIELDS, **(_OF_CALLS if kind == "call" else {})}
    by = {name: field for field, names in reversed(known.items()) for name in names}
    found: dict[str, str] = {}
    named = [(heading, folded_heading(heading)) for heading in headings]
    bare = [
        (heading, " ".join(each for each in name.split() if each not in _FILLERS)) for heading, name in named
    ]
    for heading, name in [*named, *bare]:
        field = by.get(name)
        if field is not None and heading not in found and field not in found.values():
            found[heading] = field
    return {heading: found[heading] for heading, _ in named if heading in found}
