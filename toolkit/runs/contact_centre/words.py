"""What a person reads beside a reason: which cards, which values; in Russian and English."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

__all__ = ["named", "quoted", "said", "versus"]

_WORDS: dict[str, tuple[str, str]] = {
    "request": ("заявка {0}", "request {0}"),
    "call": ("звонок {0}", "call {0}"),
    "history": ("правка {0}", "change {0}"),
    "client": ("клиент {0}", "client {0}"),
    "contacts": ("контакты: {0}", "contacts: {0}"),
    "companies": ("компании: {0}", "companies: {0}"),
    "deals": ("сделки: {0}", "deals: {0}"),
    "several": ("подходит несколько карточек: {0}", "several cards fit: {0}"),
    "perhaps": ("возможно, это одна из карточек: {0}", "perhaps one of these cards: {0}"),
    "new": ("новый клиент из этой же выгрузки", "a new client of the same export"),
    "firms phone": (
        "это телефон компании, и он же стоит у контакта {0}",
        "a firm's phone, which stands on contact {0} as well",
    ),
    "kept": ("{0}: здесь {1}, там {2}", "{0}: here {1}, there {2}"),
    "became": ("{0}: было {1}, стало {2}", "{0}: was {1}, is {2}"),
    "nobody": ("никто не назван", "nobody is named"),
    "nothing": ("пусто", "nothing"),
}
_FIELDS: dict[str, tuple[str, str]] = {
    "title": ("название", "title"),
    "opportunity": ("сумма", "amount"),
    "comments": ("комментарий", "comment"),
    "name": ("имя", "name"),
    "lastName": ("фамилия", "last name"),
    "secondName": ("отчество", "patronymic"),
    "DESCRIPTION": ("описание", "description"),
    "SUBJECT": ("тема дела", "subject"),
    "RESPONSIBLE_ID": ("ответственный", "responsible"),
    "DIRECTION": ("направление", "direction"),
    "START_TIME": ("начало", "start"),
    "END_TIME": ("конец", "end"),
    "phone": ("телефон", "phone"),
    "at": ("начало", "start"),
    "direction": ("направление", "direction"),
    "duration_s": ("длительность, с", "duration, s"),
    "responsible": ("ответственный", "responsible"),
    "comment": ("комментарий", "comment"),
    "recording": ("запись разговора", "recording"),
}
_VALUES: dict[tuple[str, str], tuple[str, str]] = {
    ("direction", "in"): ("входящий", "incoming"),
    ("direction", "out"): ("исходящий", "outgoing"),
    ("DIRECTION", "1"): ("входящий", "incoming"),
    ("DIRECTION", "2"): ("исходящий", "outgoing"),
}


def said(language: str, what: str, *facts: Any) -> str:
    """A phrase.

    Args:
        language: `ru` or `en`.
        what: one of those known here.
        facts: for its places.
    """
    return _WORDS[what][language == "en"].format(*facts)


def named(language: str, what: str, ids: Iterable[Any]) -> str:
    """Cards by their ids: `сделки: 5, 7`."""
    return said(language, what, ", ".join(map(str, ids)))


def versus(language: str, what: str, field: str, one: Any, other: Any) -> str:
    """Two values of a field, laid side by side.

    Args:
        language: `ru` or `en`.
        what: `kept` or `became`.
        field: of a card or of a row.
        one, other: the values.
    """
    label = _FIELDS[field][language == "en"] if field in _FIELDS else field
    return said(language, what, label, _shown(language, field, one), _shown(language, field, other))


def quoted(language: str, value: str) -> str:
    """A cell as it stands there: `«Ремонт»`."""
    return (f"“{value}”" if language == "en" else f"«{value}»") if value else said(language, "nothing")


def _shown(language: str, field: str, value: Any) -> str:
    if value is None or value == "":
        return said(language, "nothing")
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y %H:%M:%S %z")
    known = _VALUES.get((field, str(value)))
    return known[language == "en"] if known else quoted(language, str(value))
