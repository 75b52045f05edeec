"""Finds the tables of a routing directory on the sheets people keep them on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise

from toolkit.sheets.columns import TABLES, TOPICS, TableKind, heading_key
from toolkit.sheets.problems import Place, Problem
from toolkit.sheets.raw import Cell, RawBook, RawSheet
from toolkit.sheets.spelling import clean

__all__ = ["FoundTable", "find_tables"]

_NAMES = {
    kind.key: {
        heading_key(each): column.key
        for column in kind.columns
        for each in (column.ru, column.en, *column.also)
    }
    for kind in (*TABLES.values(), TOPICS)
}

_LONGEST = 80
"""Longer texts are no headings."""

_ALL_NAMES = frozenset(name for names in _NAMES.values() for name in names)


@dataclass(frozen=True)
class FoundTable:
    """Where a table stands.

    Args:
        kind: which of those looked for.
        sheet: the sheet it stands on.
        heading_row: row of its headings.
        columns: column key to column number; keys whose heading is absent are absent.
        headings: column key to the heading as written.
        rows: the rows that hold something, in order.
    """

    kind: TableKind
    sheet: RawSheet
    heading_row: int
    columns: dict[str, int]
    headings: dict[str, str]
    rows: list[int]


_Start = tuple[TableKind, int, dict[str, int], dict[str, str]]


def find_tables(
    book: RawBook, kinds: Collection[TableKind] = tuple(TABLES.values())
) -> tuple[list[FoundTable], list[Problem]]:
    """The tables on the visible sheets, and what is wrong with their headings.

    A heading row is known by its headings, wherever it stands: under title rows, below another table, or
    beside one. Columns with other headings are left alone. A table ends at the next heading row; lines beyond
    a blank row that cannot be rows (a section's title, a legend, a total, a signature) are passed over.

    Args:
        book: any file, read.
        kinds: of the tables to look for; those of a routing directory.
    """
    tables: list[FoundTable] = []
    problems: list[Problem] = []
    for sheet in book.sheets:
        if sheet.hidden:
            continue
        starts = [
            each
            for row, cells in sheet.cells.items()
            for each in _headings(sheet, row, cells, kinds, problems)
        ]
        starts = [each for each in starts if not _goes_on(sheet, each, starts)]
        for kind, row, columns, headings in starts:
            span = range(min(columns.values()), max(columns.values()) + 1)
            below = [
                other_row
                for _, other_row, other, _ in starts
                if other_row > row and any(each in span for each in other.values())
            ]
            rows = list(_rows(sheet, kind, columns, row, min(below, default=0)))
            tables.append(FoundTable(kind, sheet, row, columns, headings, rows))
    problems += [
        Problem(
            "missing_column",
            Place(each.sheet.name, each.heading_row, min(each.columns.values())),
            facts={"name": each.kind.column(key).ru},
        )
        for each in tables
        for key in each.kind.needed
        if key not in each.columns
    ]
    return tables, problems


def _goes_on(sheet: RawSheet, start: _Start, starts: list[_Start]) -> bool:
    """Whether these are the upper cells of headings in two rows: merged with a heading row below that says it all."""
    kind, row, columns, _ = start
    ends = {
        area.bottom
        for area in sheet.merged
        if area.top <= row < area.bottom and area.left in columns.values() and area.left == area.right
    }
    return bool(ends) and any(
        other is kind and other_row in ends and columns.items() <= others.items()
        for other, other_row, others, _ in starts
    )


def _headings(
    sheet: RawSheet,
    row: int,
    cells: dict[int, Cell],
    kinds: Collection[TableKind],
    problems: list[Problem],
) -> Iterator[_Start]:
    short = [(at, str(cell.value)) for at, cell in sorted(cells.items()) if cell.kind == "text"]
    # Nearly all rows end here; the rest of this is dear.
    if not any(len(text) < _LONGEST and heading_key(text) in _ALL_NAMES for _, text in short):
        return
    texts = {at: clean(text) for at, text in short if len(text) < _LONGEST}
    for part in _side_by_side(texts, kinds):
        kind = _kind(part, kinds)
        if kind is None:
            continue
        columns: dict[str, int] = {}
        for column, text in part.items():
            key = _NAMES[kind.key].get(heading_key(text))
            if key is None:
                continue
            if key not in columns:
                columns[key] = column
            elif part[columns[key]] != text or not _same_merge(sheet, row, columns[key], column):
                problems.append(
                    Problem(
                        "heading_twice",
                        Place(sheet.name, row, column),
                        text,
                        text,
                        related=(Place(sheet.name, row, columns[key]),),
                    )
                )
        yield kind, row, columns, {key: part[column].rstrip(" *:") for key, column in columns.items()}


def _same_merge(sheet: RawSheet, row: int, one: int, other: int) -> bool:
    return any(
        area.top <= row <= area.bottom and area.left <= one <= area.right and area.left <= other <= area.right
        for area in sheet.merged
    )


def _kind(texts: dict[int, str], kinds: Collection[TableKind]) -> TableKind | None:
    """The table whose headings these are; that with the most of them when several fit."""
    best: tuple[int, TableKind] | None = None
    keys = [heading_key(each) for each in texts.values()]
    for kind in kinds:
        found = {_NAMES[kind.key][each] for each in keys if each in _NAMES[kind.key]}
        if not any(anchor <= found for anchor in kind.anchors):
            continue
        # One heading alone ("Слово") may be a word in any row; a heading row says little else.
        if len(found) == 1 and len(keys) > 2:
            continue
        if best is None or len(found) > best[0]:
            best = (len(found), kind)
    return best[1] if best else None


def _side_by_side(texts: dict[int, str], kinds: Collection[TableKind]) -> list[dict[int, str]]:
    """The parts of a heading row, when an empty column parts two tables that each stand on their own."""
    columns = list(texts)
    for left, right in pairwise(columns):
        if right - left > 1:
            before = {column: texts[column] for column in columns if column <= left}
            after = {column: texts[column] for column in columns if column >= right}
            if _kind(before, kinds) and _kind(after, kinds):
                return [before, *_side_by_side(after, kinds)]
    return [texts]


def _rows(
    sheet: RawSheet, kind: TableKind, columns: dict[str, int], heading_row: int, below: int
) -> Iterator[int]:
    inside = set(columns.values())
    needed = [columns[key] for key in kind.needed if key in columns]
    own = [row for row in sheet.cells if row > heading_row and (not below or row < below)]
    filled = {
        row: [at for at in inside if at in sheet.cells[row] and _said(sheet.cells[row][at])] for row in own
    }
    previous, loose = heading_row, False
    for row in own:
        count = len(filled[row])
        if not count:
            continue
        loose = loose or row > previous + 1
        previous = row
        # Beyond a blank row may stand a section's title, a legend, a signature: one cell, or nothing needed.
        # They are passed over one by one, never the rules below them.
        alone = count == 1 and (len(inside) > 2 or not filled.get(row + 1))
        if loose and (alone or (count == 2 and not any(column in filled[row] for column in needed))):
            continue
        loose = False
        yield row


def _said(cell: Cell) -> bool:
    return cell.kind != "text" or not str(cell.value).isspace()
