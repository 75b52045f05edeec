"""Rows of an export file, whatever its format, each with the place it stands in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.errors import SheetError
from toolkit.sheets.mapping.problems import CellProblem, ExportProblem
from toolkit.sheets.problems import Place
from toolkit.sheets.raw import Cell
from toolkit.sheets.reading import read_book
from toolkit.sheets.rows import read_rows

__all__ = ["LINES", "Broken", "Export", "open_export", "read_export"]

LINES = (".jsonl", ".ndjson")
"""Suffixes of files with a JSON object to a line."""

_AGAIN = "Wait until the file is whole, and load it again."


@dataclass(frozen=True)
class Broken:
    """A cell that shows an error, or a formula nobody computed."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Export:
    """The rows of a file.

    Args:
        name: of the file.
        rows: heading to cell, blanks left out.
        numbers: for each the row as a spreadsheet program, or an editor, counts it.
        columns: heading to column number, in the file's order; from 1.
        sheet: the tab they stand on; "" where there are none.
    """

    name: str
    rows: Sequence[Mapping[str, Any]]
    numbers: Sequence[int]
    columns: Mapping[str, int]
    sheet: str = ""

    def placed(self, found: CellProblem) -> ExportProblem:
        """A problem of its rows, at its cell."""
        return ExportProblem.at(
            Place(self.sheet, self.numbers[found.row - 1], self.columns.get(found.heading, 1)), found
        )


@dataclass
class _Columns:
    """Headings in the order in which they are met."""

    found: dict[str, int] = field(default_factory=dict)

    def of(self, row: Mapping[str, Any]) -> None:
        for name in row:
            self.found.setdefault(str(name), len(self.found) + 1)


def read_export(path: Path) -> list[dict[str, Any]]:
    """The rows of an export: heading to cell, blanks left out.

    Args:
        path: spreadsheets and text as `read_rows` takes them; .jsonl or .ndjson; .parquet.

    Raises:
        SheetError: the file cannot be read, or a line of it is no JSON object (it may still be being written).
    """
    if path.suffix.lower() in (*LINES, ".parquet"):
        return [dict(each) for each in open_export(path).rows]
    return read_rows(path)


def open_export(path: Path, sheet: str = "") -> Export:
    """The rows of an export with their places; a cell nobody can read is `Broken`, not a refusal.

    Args:
        path: .xlsx, .xlsm, .xls, .ods, .csv (comma, semicolon or tab; UTF-8 or Windows-1251); .jsonl or .ndjson;
            .parquet; .json or .yaml with a list.
        sheet: name of the tab; "" for the first visible one.

    Raises:
        SheetError: the file cannot be read, is still being written, or has no such sheet or no headings.
    """
    before = _stamp(path)
    suffix = path.suffix.lower()
    if suffix in (*LINES, ".parquet", ".json", ".yaml", ".yml"):
        rows, numbers = _records(path, suffix)
        columns = _Columns()
        for row in rows:
            columns.of(row)
        export = Export(path.name, rows, numbers, columns.found)
    else:
        export = _table(path, sheet)
    if _stamp(path) != before:
        raise SheetError(path, None, None, None, "is still being written", _AGAIN)
    return export


def _stamp(path: Path) -> tuple[int, int]:
    try:
        told = path.stat()
    except OSError as error:
        raise SheetError(
            path, None, None, None, f"cannot be read: {error.strerror}", "Check its name."
        ) from error
    return told.st_size, told.st_mtime_ns


def _records(path: Path, suffix: str) -> tuple[list[dict[str, Any]], list[int]]:
    try:
        if suffix in LINES:
            return _lines(path)
        found = pq.read_table(path).to_pylist() if suffix == ".parquet" else read_rows(path)
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise SheetError(
            path, None, None, None, f"cannot be read: {type(error).__name__}", "Export it again."
        ) from error
    for number, row in enumerate(found, start=1):
        if not isinstance(row, dict):
            raise SheetError(path, number, None, str(row)[:60], "is no row", "Write names and values.")
    return [_filled(row) for row in found], list(range(1, len(found) + 1))


def _lines(path: Path) -> tuple[list[dict[str, Any]], list[int]]:
    rows, numbers = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise SheetError(
                path,
                number,
                None,
                line[:60],
                "is no JSON object",
                "Wait until the file is whole, or mend the line.",
            )
        rows.append(_filled(row))
        numbers.append(number)
    return rows, numbers


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): cell for name, cell in row.items() if cell not in (None, "")}


def _table(path: Path, wanted: str) -> Export:
    book = read_book(path)
    visible = [each for each in book.sheets if not each.hidden]
    sheet = next((each for each in visible if not wanted or each.name == wanted), None)
    if sheet is None:
        names = ", ".join(each.name for each in visible)
        remedy = f"It has: {names}." if names else "Show one."
        raise SheetError(path, None, None, wanted or None, "has no such sheet", remedy)
    rows = {number: row for number, cells in sheet.cells.items() if (row := _values(cells))}
    if not rows:
        raise SheetError(path, None, None, None, "is empty", "The first row holds the headings.")
    at = next(iter(rows))
    columns: dict[str, int] = {}
    for column, value in rows.pop(at).items():
        if columns.setdefault(str(value), column) != column:
            raise SheetError(path, at, None, str(value), "has the same heading twice", "Rename one of them.")
    named = {column: name for name, column in columns.items()}
    return Export(
        path.name,
        [{named[column]: value for column, value in row.items() if column in named} for row in rows.values()],
        list(rows),
        columns,
        sheet.name,
    )


def _values(cells: Mapping[int, Cell]) -> dict[int, Any]:
    found = {column: _value(cell) for column, cell in cells.items()}
    return {column: value for column, value in found.items() if value != ""}


def _value(cell: Cell) -> Any:
    if cell.kind in ("error", "formula"):
        return Broken(str(cell.value))
    return cell.value.replace("\xa0", " ").strip() if isinstance(cell.value, str) else cell.value
