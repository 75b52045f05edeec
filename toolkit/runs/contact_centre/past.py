"""Rows of what was changed, as another system exports them, under the names of fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from toolkit.sheets.mapping import read_moment
from toolkit.sheets.mapping.proposal import folded_heading

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


def take_history(rows: Iterable[Any], zone: str) -> list[Any]:
    """Rows under headings of their own as rows under fields; a heading nobody knows stays, for the model to refuse.

    Args:
        rows: typed, or heading to cell; empty cells are left out.
        zone: of moments that name none.
    """
    return [_taken(row, ZoneInfo(zone)) if isinstance(row, Mapping) else row for row in rows]


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


_FIELDS = {name: field for field, names in _HEADINGS.items() for name in names}
