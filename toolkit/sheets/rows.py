"""A plain table from a file: one heading row, then rows of cells. For parameters given as a spreadsheet."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from toolkit.errors import SheetError
from toolkit.sheets.raw import Cell, RawSheet, address
from toolkit.sheets.reading import read_book

__all__ = ["read_rows"]

MAX_BYTES = 50 * 1024 * 1024


def read_rows(path: Path) -> list[Any]:
    """The rows of a table, or the list in a YAML or JSON file.

    Args:
        path: .xlsx, .xlsm, .xls, .ods (first visible sheet), .csv (comma, semicolon or tab; UTF-8 or
            Windows-1251), .yaml, .json.

    Returns:
        For tables one dict per row that is not blank, heading (stripped, lower case) to cell; numbers stay
        numbers, dates become datetimes, blanks are left out. For YAML and JSON whatever list they hold.

    Raises:
        SheetError: the file cannot be read, is too large, or has no heading row; a cell holds an error or a
            formula that was never computed.
    """
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        return _listed(path)
    book = read_book(path)
    sheet = next((each for each in book.sheets if not each.hidden), RawSheet(path.stem))
    return _records(path, sheet)


def _listed(path: Path) -> list[Any]:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise SheetError(path, None, None, None, f"is too large ({size / 2**20:.0f} MiB)", "Split it.")
        text = path.read_text(encoding="utf-8-sig")
        found = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise SheetError(
            path, None, None, None, f"cannot be read: {error.strerror}", "Check its name."
        ) from error
    except (ValueError, yaml.YAMLError) as error:
        raise SheetError(path, None, None, None, f"cannot be read: {error}", "Mend the file.") from error
    if not isinstance(found, list):
        raise SheetError(
            path, None, None, None, "does not hold a list", "Write one entry to a line, `- ...`."
        )
    return found


def _records(path: Path, sheet: RawSheet) -> list[Any]:
    rows = [
        (row, {column: _value(path, row, column, cell) for column, cell in cells.items()})
        for row, cells in sheet.cells.items()
    ]
    filled = [(row, cells) for row, cells in rows if any(value != "" for value in cells.values())]
    if not filled:
        raise SheetError(path, None, None, None, "is empty", "The first row holds the headings.")
    at, heading = filled[0]
    names = {column: str(value).lower() for column, value in heading.items() if value != ""}
    if len(set(names.values())) != len(names):
        raise SheetError(
            path, at, None, ", ".join(names.values()), "has the same heading twice", "Rename one of them."
        )
    return [
        {name: cells[column] for column, name in names.items() if cells.get(column, "") != ""}
        for _, cells in filled[1:]
    ]


def _value(path: Path, row: int, column: int, cell: Cell) -> Any:
    if cell.kind in ("error", "formula"):
        raise SheetError(
            path,
            row,
            address(row, column),
            cell.value,
            "has no value",
            "Let the spreadsheet program compute it and save the file, or write the value itself.",
        )
    if cell.kind == "date":
        return datetime.fromisoformat(str(cell.value))
    return cell.value.replace("\xa0", " ").strip() if isinstance(cell.value, str) else cell.value
