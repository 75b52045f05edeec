"""Universal lists of a snapshot: the lists themselves, their columns, and elements read by their list's code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .bulk import add_rows
from .store import Store

__all__ = ["restore_columns", "restore_elements", "restore_lists"]

Columns = Callable[[str, Mapping[str, Any]], dict[str, Any]]
_TEXTS = ("PREVIEW_TEXT", "DETAIL_TEXT")


def restore_lists(store: Store, columns_of: Columns, rows: Iterable[Mapping[str, Any]]) -> None:
    """Lists, ids included.

    Args:
        store: of the portal.
        columns_of: a record's stored values for a table.
        rows: as `lists.get` answered them.
    """
    add_rows(store, "iblock", (columns_of("iblock", row) for row in rows))


def restore_columns(store: Store, rows: Iterable[Mapping[str, Any]]) -> None:
    """Columns that hold texts of the system; the others have ids, and come with nothing that needs them.

    Args:
        store: of the portal.
        rows: `ID` of the list, and its columns as `lists.field.get` answered them.
    """
    for row in rows:
        for name in _TEXTS:
            if isinstance(row.get(name), Mapping):
                _add_column(store, int(row["ID"]), name, str(row[name].get("NAME") or name))


def restore_elements(store: Store, columns_of: Columns, code: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Elements of the list with this code, which is made where the snapshot holds its elements alone."""
    found = store.first("iblock", IBLOCK_TYPE_ID="lists", CODE=code)
    if found is None:
        number = store.insert("iblock", {"IBLOCK_TYPE_ID": "lists", "CODE": code, "NAME": code})
        for name in _TEXTS:
            _add_column(store, number, name, name)
    else:
        number = found["ID"]
    add_rows(
        store, "iblock_element", ({**columns_of("iblock_element", row), "IBLOCK_ID": number} for row in rows)
    )


def _add_column(store: Store, number: int, name: str, label: str) -> None:
    store.insert("iblock_property", {"IBLOCK_ID": number, "TYPE": name, "NAME": label})
