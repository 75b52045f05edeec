"""A plain table from a file: one heading row, then rows of text. For parameters given as a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import yaml
from openpyxl.utils.exceptions import InvalidFileException

from toolkit.errors import SheetError

__all__ = ["read_rows"]

MAX_BYTES = 50 * 1024 * 1024
_SAVE_AS = "Save it as .xlsx, .csv (UTF-8 or Windows-1251), .yaml or .json."


def read_rows(path: Path) -> list[Any]:
    """The rows of a table, or the list in a YAML or JSON file.

    Args:
        path: .xlsx (first sheet), .csv (comma, semicolon or tab; UTF-8 or Windows-1251), .yaml, .json.

    Returns:
        For tables one dict per row that is not blank, heading (stripped, lower case) to cell; numbers stay
        numbers, blanks are left out. For YAML and JSON whatever list they hold.

    Raises:
        SheetError: the file cannot be read, is too large, or has no heading row.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SheetError(
            path, None, None, None, f"cannot be read: {error.strerror}", "Check its name."
        ) from error
    if size > MAX_BYTES:
        raise SheetError(path, None, None, None, f"is too large ({size / 2**20:.0f} MiB)", "Split it.")
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml", ".json"):
        return _listed(path)
    if suffix == ".xlsx":
        return _records(path, _xlsx(path))
    if suffix in (".csv", ".tsv", ".txt"):
        return _records(path, _csv(path))
    raise SheetError(
        path, None, None, None, f"is of a kind that cannot be read ({suffix or 'no suffix'})", _SAVE_AS
    )


def _listed(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise SheetError(path, None, None, None, f"cannot be read: {error}", "Mend the file.") from error
    if not isinstance(found, list):
        raise SheetError(
            path, None, None, None, "does not hold a list", "Write one entry to a line, `- ...`."
        )
    return found


def _xlsx(path: Path) -> list[list[Any]]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [list(row) for row in sheet.iter_rows(values_only=True, max_col=100, max_row=200_001)]
        book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, IndexError) as error:
        raise SheetError(path, None, None, None, f"is not a readable workbook: {error}", _SAVE_AS) from error
    return rows


def _csv(path: Path) -> list[list[Any]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1251", errors="replace")
    first = text.partition("\n")[0]
    delimiter = max(";\t,", key=first.count)
    return [list(row) for row in csv.reader(io.StringIO(text), delimiter=delimiter)]


def _records(path: Path, rows: list[list[Any]]) -> list[Any]:
    filled = [
        (number, row) for number, row in enumerate(rows, start=1) if any(_cell(each) != "" for each in row)
    ]
    if not filled:
        raise SheetError(path, None, None, None, "is empty", "The first row holds the headings.")
    at, heading = filled[0]
    names = [str(_cell(each)).strip().lower() for each in heading]
    named = [name for name in names if name]
    if len(set(named)) != len(named):
        raise SheetError(
            path, at, None, ", ".join(named), "has the same heading twice", "Rename one of them."
        )
    return [
        {name: _cell(cell) for name, cell in zip(names, row, strict=False) if name and _cell(cell) != ""}
        for _, row in filled[1:]
    ]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\xa0", " ").strip()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
