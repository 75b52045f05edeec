"""Any spreadsheet file as raw cells. Start here: `read_book`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolkit.sheets.confined import confined
from toolkit.sheets.gate import Limits, admit
from toolkit.sheets.raw import Area, Cell, RawBook, RawSheet

__all__ = ["read_book"]

_DEFAULT = Limits()


def read_book(path: Path | str, *, limits: Limits = _DEFAULT) -> RawBook:
    """All cells of a spreadsheet file, with the row and column they stand in.

    The file passes the gate, then is parsed in a process of its own. Nothing is computed or interpreted;
    values of merged areas stand in each of their cells.

    Args:
        path: .xlsx, .xlsm (macros are ignored), .xls, .ods or .csv; the content decides.
        limits: what is borne.

    Raises:
        SheetRefused: see `gate.admit` and `confined.confined`.
    """
    path = Path(path)
    kind = admit(path, limits)
    # Sheets become JSON there and cells here: 16 bytes a cell on the way, and no pickle from a stranger.
    packed = confined("toolkit.sheets.reading:packed_sheets", path, limits, kind)
    return RawBook(path.name, kind, [_unpacked(each) for each in packed])


def packed_sheets(path: Path, limits: Limits, kind: str) -> list[dict[str, Any]]:
    """What `read_book` runs in a process of its own: the sheets as plain lists."""
    return [
        {
            "name": sheet.name,
            "hidden": sheet.hidden,
            "hidden_rows": sorted(sheet.hidden_rows),
            "hidden_columns": sorted(sheet.hidden_columns),
            "merged": [list(area) for area in sheet.merged],
            "rows": [
                [
                    row,
                    list(cells),
                    [cell.kind for cell in cells.values()],
                    [cell.value for cell in cells.values()],
                ]
                for row, cells in sheet.cells.items()
            ],
        }
        for sheet in _reader(kind)(path, limits)
    ]


def _reader(kind: str) -> Callable[[Path, Limits], list[RawSheet]]:
    # The readers are imported by the confined process only, each when its kind of file comes.
    if kind in ("xlsx", "xlsm"):
        from toolkit.sheets.xlsx import read_xlsx

        return read_xlsx
    if kind == "ods":
        from toolkit.sheets.ods import read_ods

        return read_ods
    if kind == "xls":
        from toolkit.sheets.xls import read_xls

        return read_xls
    from toolkit.sheets.delimited import read_csv

    return read_csv


def _unpacked(packed: Mapping[str, Any]) -> RawSheet:
    sheet = RawSheet(
        packed["name"],
        {
            row: dict(zip(columns, map(Cell, kinds, values), strict=True))
            for row, columns, kinds, values in sorted(packed["rows"])
        },
        packed["hidden"],
        set(packed["hidden_rows"]),
        set(packed["hidden_columns"]),
        [Area(*each) for each in packed["merged"]],
    )
    return replace(sheet, cells=_spread(sheet))


def _spread(sheet: RawSheet) -> dict[int, dict[int, Cell]]:
    """Merged values in each of their cells, within the rows and columns that are used anyway."""
    if not sheet.merged:
        return sheet.cells
    last_row = max(sheet.cells, default=0)
    last_column = max((max(cells) for cells in sheet.cells.values()), default=0)
    for area in sheet.merged:
        cell = sheet.cells.get(area.top, {}).get(area.left)
        if cell is not None:
            for row in range(area.top, min(area.bottom, last_row) + 1):
                for column in range(area.left, min(area.right, last_column) + 1):
                    sheet.cells.setdefault(row, {})[column] = cell
    return dict(sorted(sheet.cells.items()))
