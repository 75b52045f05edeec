"""Rows of what was changed, as another system exports them, under the names of fields; bad ones are put aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from toolkit.runs.contact_centre.intake import UnreadRow
from toolkit.sheets.mapping import Broken, read_moment
from toolkit.sheets.mapping.proposal import folded_heading
from toolkit.sheets.refusals import Language

__all__ = ["take_history"]

_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "номер", "код", "номер записи", "id записи"),
    "request": ("request", "заявка", "номер заявки", "id заявки", "по заявке", "request id"),
    "client_id": ("client id", "клиент", "id клиента", "код клиента", "номер клиента", "customer id"),
    "at": ("at", "дата", "дата и время", "когда", "дата изменения", "changed at", "date"),
    "field": ("field", "поле", "что изменено", "что", "what"),
    "before": ("before", "было", "старое значение", "old value", "old"),
    "after": ("after", "стало", "новое значение", "new value", "new"),
    "why": ("why", "причина", "почему", "основание", "reason"),
    "author": ("author", "автор", "кто", "кто изменил", "оператор", "сотрудник", "by", "changed by"),
}


_PROBLEMS: Mapping[Language, Mapping[str, str]] = {
    "ru": {
        "row": "строка {row}",
        "moment": "{heading}: «{value}» — не дата и не время",
        "no moment": "нет даты",
        "id": "нет номера",
        "nobody": "не сказано, что изменено: ни заявки, ни клиента",
        "nothing": "не сказано, что изменилось",
        "broken": "{heading}: в ячейке ошибка вычисления",
        "cell": "{heading}: «{value}» — не одно значение",
    },
    "en": {
        "row": "row {row}",
        "moment": "{heading}: {value!r} is no date and time",
        "no moment": "it has no date",
        "id": "it has no id",
        "nobody": "it says neither request nor client",
        "nothing": "it says nothing of what was changed",
        "broken": "{heading} shows an error of its formula",
        "cell": "{heading}: {value!r} is not one value",
    },
}


def take_history(
    rows: Iterable[Any],
    zone: str,
    *,
    put_aside: bool = False,
    language: Language = "ru",
    numbers: Sequence[int] | None = None,
) -> tuple[list[Any], list[UnreadRow]]:
    """Rows under headings of their own as rows under fields, and those that cannot be used.

    A heading nobody knows stays, for the model to refuse: then it is not about a cell.

    Args:
        rows: typed, or heading to cell; empty cells are left out.
        zone: of moments that name none.
        put_aside: hand the unusable rows back as such; otherwise they stay, and the model refuses them.
        language: of what is wrong with them.
        numbers: where the rows stand in their file; by default from 1.
    """
    taken: list[Any] = []
    unread: list[UnreadRow] = []
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping):
            taken.append(row)
            continue
        headings = {_FIELDS.get(folded_heading(str(each)), str(each)): str(each) for each in row}
        cells = _taken(row, ZoneInfo(zone))
        known = cells.keys() <= _HEADINGS.keys()
        problems = _problems(cells, headings, _PROBLEMS[language]) if put_aside and known else []
        if problems:
            number = numbers[at] if numbers else at + 1
            words = f"{_PROBLEMS[language]['row'].format(row=number)}, {'; '.join(problems)}"
            unread.append(UnreadRow(kind="history", row=number, id=str(cells.get("id", "")), problem=words))
        else:
            taken.append(cells)
    return taken, unread


def _taken(row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    taken: dict[str, Any] = {}
    for heading, value in row.items():
        if value is None or value != value or value == "":
            continue
        field = _FIELDS.get(folded_heading(str(heading)), str(heading))
        if field == "at":
            moment = read_moment(value, zone)
            value = moment.isoformat() if moment else value
        elif isinstance(value, float) and value.is_integer():
            value = int(value)
        taken[field] = value
    return taken


def _problems(cells: Mapping[str, Any], headings: Mapping[str, str], words: Mapping[str, str]) -> list[str]:
    """What is wrong with a row, in words."""
    found = []
    for field, value in cells.items():
        told = {"heading": headings[field], "value": value}
        if isinstance(value, Broken):
            found.append(words["broken"].format(**told))
        elif field == "at":
            if read_moment(value, UTC) is None:
                found.append(words["moment"].format(**told))
        elif isinstance(value, bool) or not isinstance(value, str | int | float):
            found.append(words["cell"].format(**told))
    said = {field for field, value in cells.items() if str(value).strip()}
    found += [] if "at" in said else [words["no moment"]]
    found += [] if "id" in said else [words["id"]]
    found += [] if {"request", "client_id"} & said else [words["nobody"]]
    found += [] if {"field", "before", "after", "why"} & said else [words["nothing"]]
    return found


_FIELDS = {name: field for field, names in _HEADINGS.items() for name in names}
