"""A spreadsheet that says who hands records over to whom, as the parameters of `reassign_by_table`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.errors import SheetError
from toolkit.sheets import read_rows

__all__ = ["HEADINGS", "read_pairs"]

HEADINGS = {
    "from": ("from", "от кого", "кто передаёт", "сейчас ведёт"),
    "to": ("to", "кому", "кто получает", "будет вести"),
    "id": ("id", "номер", "номер контакта"),
}
"""The columns of the table, and what people call them."""

_CODES = {name.replace("ё", "е"): code for code, names in HEADINGS.items() for name in names}


def read_pairs(path: Path) -> list[dict[str, Any]]:
    """The rows of a table of givers and receivers.

    Args:
        path: a spreadsheet; people by id, e-mail or full name; other columns, such as remarks, are left out.

    Returns:
        `from`, `to` and, where a row means a single record, `id`.

    Raises:
        SheetError: it cannot be read, has no column of givers or of receivers, or a row names only one of them.
    """
    pairs = []
    for number, row in enumerate(read_rows(path), start=1):
        pair: dict[str, Any] = {}
        for heading, value in row.items():
            code = _CODES.get(" ".join(str(heading).replace("ё", "е").split()))
            if code is not None:
                pair[code] = value
        if not pair:
            continue
        for code in ("from", "to"):
            if code not in pair:
                names = " / ".join(HEADINGS[code][:2])
                raise SheetError(
                    path,
                    None,
                    None,
                    None,
                    f"row {number} below the headings says nothing in the column {names}",
                    "Two columns are needed: from, to (от кого, кому); id (номер) for single records.",
                )
        pairs.append(pair)
    if not pairs:
        raise SheetError(
            path,
            None,
            None,
            None,
            "names nobody",
            "Two columns are needed: from, to (от кого, кому); id (номер) for single records.",
        )
    return pairs
