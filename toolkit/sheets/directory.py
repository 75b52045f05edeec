"""A routing directory as typed frames: the first of the two phases of checking.

Each cell becomes a value or a problem; a cell with a problem is empty in the frame and named in `spoilt`, so
that the second phase neither sees nor repeats it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toolkit.sheets.columns import TABLES, TableKind
from toolkit.sheets.problems import Place, Problem
from toolkit.sheets.raw import RawBook
from toolkit.sheets.tables import FoundTable, find_tables
from toolkit.sheets.values import Parsed, cell_text, parser_of

__all__ = ["ReadTable", "read_directory", "read_tables"]


@dataclass(frozen=True)
class ReadTable:
    """One table, read.

    Args:
        found: where it stands.
        frame: one row per row of the sheet, index the row's number; columns the keys the table has, dtype
            object: str, int (priority), date, hours (spans), words (tuple); None where nothing usable stands.
        spoilt: (row, key) of cells that have a problem and so no value.
    """

    found: FoundTable
    frame: pd.DataFrame
    spoilt: frozenset[tuple[int, str]]

    def place(self, row: int, key: str) -> Place:
        """The cell of a row and column; of the row's first column when the table lacks that one."""
        columns = self.found.columns
        return Place(self.found.sheet.name, row, columns.get(key, min(columns.values())))

    def text(self, row: int, key: str) -> str:
        """What the admin wrote there."""
        cell = self.found.sheet.cells.get(row, {}).get(self.found.columns.get(key, 0))
        return cell_text(cell) if cell is not None else ""

    def problem(self, code: str, row: int, key: str, **more: Any) -> Problem:
        """A problem of one of its cells."""
        place = self.place(row, key)
        sheet = self.found.sheet
        return Problem(
            code,
            place,
            self.found.headings.get(key, ""),
            self.text(row, key),
            hidden=row in sheet.hidden_rows or place.column in sheet.hidden_columns,
            **more,
        )


def read_directory(book: RawBook, channels: tuple[str, ...] = ()) -> tuple[list[ReadTable], list[Problem]]:
    """The tables of a directory, and what is wrong with single cells.

    Args:
        book: any file, read.
        channels: of this portal beside the usual ones.
    """
    tables, problems = read_tables(book, tuple(TABLES.values()), channels)
    if not any(each.found.kind.key == "rules" for each in tables):
        sheet = next((each.name for each in book.sheets if not each.hidden), "")
        problems.append(Problem("no_table", Place(sheet, 1, 1)))
    return tables, problems


def read_tables(
    book: RawBook, kinds: Collection[TableKind], channels: tuple[str, ...] = ()
) -> tuple[list[ReadTable], list[Problem]]:
    """The tables of some kinds on the sheets of a file, and what is wrong with single cells."""
    found, problems = find_tables(book, kinds)
    return [_read(each, channels, problems) for each in found], problems


def _read(found: FoundTable, channels: tuple[str, ...], problems: list[Problem]) -> ReadTable:
    values: dict[str, list[Any]] = {}
    spoilt: set[tuple[int, str]] = set()
    troubled: list[tuple[int, str, Parsed]] = []
    for key, column in found.columns.items():
        parse = parser_of(key, channels)
        values[key] = []
        for row in found.rows:
            cell = found.sheet.cells[row].get(column)
            parsed = parse(cell) if cell is not None else None
            values[key].append(parsed.value if parsed else None)
            if parsed and parsed.troubles:
                troubled.append((row, key, parsed))
                if parsed.value is None:
                    spoilt.add((row, key))
    frame = pd.DataFrame(
        {key: pd.Series(column, index=found.rows, dtype=object) for key, column in values.items()},
        index=pd.Index(found.rows, dtype="int64"),
    )
    table = ReadTable(found, frame, frozenset(spoilt))
    problems += [
        table.problem(
            trouble.code,
            row,
            key,
            facts=trouble.facts,
            suggestion=trouble.suggestion,
            certain=trouble.certain,
        )
        for row, key, parsed in troubled
        for trouble in parsed.troubles
    ]
    if found.kind.key == "rules":
        if not found.rows:
            problems.append(table.problem("no_rows", found.heading_row, found.kind.needed[0]))
        hidden = sorted(set(found.rows) & found.sheet.hidden_rows)
        if hidden:
            rows = ", ".join(map(str, hidden[:20])) + (" …" if len(hidden) > 20 else "")
            problems.append(
                Problem(
                    "hidden_rows",
                    table.place(hidden[0], found.kind.needed[0]),
                    facts={"rows": rows},
                    hidden=True,
                )
            )
    return table
