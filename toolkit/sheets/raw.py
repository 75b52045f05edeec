"""Spreadsheets as they are: cells with the row and column a spreadsheet program shows, nothing interpreted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = ["Area", "Cell", "Kind", "RawBook", "RawSheet", "address", "letters", "number_of"]

Kind = Literal["text", "number", "boolean", "date", "error", "formula"]
"""`date`: a cell shown as a date, its value ISO text. `error`: `#N/A` and the like. `formula`: no value was
ever computed, the value is the formula's text."""


class Cell(NamedTuple):
    """One cell that holds something.

    Args:
        kind: what the spreadsheet program takes it for.
        value: text, number or truth; ISO text for dates.
    """

    kind: Kind
    value: str | int | float | bool


class Area(NamedTuple):
    """A rectangle of cells, its ends included; rows and columns count from 1."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class RawSheet:
    """One sheet.

    Args:
        name: as on its tab.
        cells: row number to column number to cell; only cells that hold something, rows in order.
        hidden: whether the tab is hidden.
        hidden_rows: their numbers, only of rows that hold something.
        hidden_columns: their numbers.
        merged: merged areas; only the first cell of each holds a value.
    """

    name: str
    cells: dict[int, dict[int, Cell]] = field(default_factory=dict)
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[Area] = field(default_factory=list)

    def put(self, row: int, column: int, cell: Cell) -> None:
        """Set a cell."""
        self.cells.setdefault(row, {})[column] = cell


@dataclass
class RawBook:
    """A whole file.

    Args:
        name: the file's name.
        kind: xlsx, xlsm, ods, xls or csv.
        sheets: in order, hidden ones included.
    """

    name: str
    kind: str
    sheets: list[RawSheet]


def letters(column: int) -> str:
    """A column's letters: 1 is A, 28 is AB."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def number_of(name: str) -> int:
    """A column's number from its letters: AB is 28."""
    found = 0
    for each in name:
        found = found * 26 + ord(each) - 64
    return found


def address(row: int, column: int) -> str:
    """A cell as people write it: `B14`."""
    return f"{letters(column)}{row}"
