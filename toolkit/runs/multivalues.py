"""Phones, e-mails and other multifields of a card, as the write methods want them.

The portal takes a multifield not as a value but as instructions: change this row, add that one, delete
another. Plans hold the rows as they were and as they should be; the instructions follow from the two.

Source:
    api-reference/crm/universal/crm-item-update.md, api-reference/crm/universal/crm-item-add.md,
    api-reference/crm/universal/import/crm-item-import.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.records import field_type, read_value

__all__ = ["as_added", "as_edits", "as_imported", "rows_of", "same_rows"]

Rows = list[dict[str, Any]]


def rows_of(value: Any) -> Rows:
    """The rows of a multifield, each with id (None when it has none), typeId, valueType, value.

    Raises:
        UnreadableError: it is not a multifield.
    """
    found: Rows = read_value(value, field_type("crm_multifield"))
    return found


def same_rows(left: Any, right: Any) -> bool:
    """Whether two multifields hold the same rows under the same ids: those an edit is going to name."""
    return sorted(map(_with_id, rows_of(left))) == sorted(map(_with_id, rows_of(right)))


def as_edits(before: Any, after: Any) -> dict[str, dict[str, Any]]:
    """The `fm` of an update that turns one multifield into another.

    An empty value deletes a row, and without a `typeId` nothing happens at all.

    Args:
        before: the rows the card has, with their ids.
        after: the rows it should have; those without an id, or with one the card does not have, are added.
    """
    was = {row["id"]: row for row in rows_of(before)}
    wanted = rows_of(after)
    kept = {row["id"] for row in wanted}
    edits: dict[str, dict[str, Any]] = {}
    added = 0
    for row in wanted:
        cells = {name: row[name] for name in ("typeId", "valueType", "value")}
        if row["id"] is None or row["id"] not in was:
            edits[f"n{added}"] = cells
            added += 1
        elif any(was[row["id"]][name] != value for name, value in cells.items()):
            edits[str(row["id"])] = cells
    for row_id, row in was.items():
        if row_id not in kept:
            edits[str(row_id)] = {"typeId": row["typeId"], "valueType": row["valueType"], "value": ""}
    return edits


def as_added(value: Any) -> list[dict[str, Any]]:
    """The `fm` of a new card."""
    return [{name: row[name] for name in ("typeId", "valueType", "value")} for row in rows_of(value)]


def as_imported(value: Any) -> dict[str, list[dict[str, Any]]]:
    """The fields of an imported card that hold its multifield: PHONE, EMAIL, ... in the older shape."""
    fields: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(value):
        fields.setdefault(row["typeId"], []).append({"VALUE": row["value"], "VALUE_TYPE": row["valueType"]})
    return fields


def _with_id(row: Mapping[str, Any]) -> list[str]:
    return [str(row["id"]), row["typeId"], row["valueType"], row["value"]]
