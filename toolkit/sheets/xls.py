"""Reads .xls, the format before 2007. Formulas come with their last value; the formula itself is not kept."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import cast

import xlrd
from xlrd.biffh import XLRDError
from xlrd.compdoc import CompDocError

from toolkit.sheets.gate import Limits
from toolkit.sheets.raw import Area, Cell, RawSheet
from toolkit.sheets.refusals import SheetRefused
from toolkit.sheets.xlsx import iso_of_serial
from toolkit.sheets.xml_parts import Bounds

__all__ = ["read_xls"]


def read_xls(path: Path, limits: Limits) -> list[RawSheet]:
    """The worksheets of an old workbook, in order.

    Raises:
        SheetRefused: damaged, protected, too many cells, or a cell too far out.
    """
    bounds = Bounds(path.name, limits)
    try:
        # What xlrd remarks about odd files goes nowhere: the answer travels on standard output.
        book = xlrd.open_workbook(str(path), formatting_info=True, logfile=io.StringIO())
        return [_sheet(book, book.sheet_by_index(number), bounds) for number in range(book.nsheets)]
    except (XLRDError, CompDocError) as error:
        code = "password" if "encrypted" in str(error).lower() else "damaged"
        facts = {} if code == "password" else {"reason": str(error)}
        raise SheetRefused(path, code, **facts) from error
    except (struct.error, IndexError, KeyError, ValueError, AssertionError, UnicodeError, TypeError) as error:
        # xlrd trusts the lengths a file declares; a torn file fails wherever it is torn.
        raise SheetRefused(path, "damaged", reason=type(error).__name__) from error


def _sheet(book: xlrd.book.Book, sheet: xlrd.sheet.Sheet, bounds: Bounds) -> RawSheet:
    found = RawSheet(sheet.name, hidden=sheet.visibility != 0)
    found.merged = [Area(top + 1, left + 1, bottom, right) for top, bottom, left, right in sheet.merged_cells]
    found.hidden_columns = {
        number + 1 for number, facts in sheet.colinfo_map.items() if facts.hidden and number < 16384
    }
    for row in range(sheet.nrows):
        for column, cell in enumerate(sheet.row(row)):
            bounds.count()
            kept = _cell(book, cell.ctype, cell.value)
            if kept is not None:
                bounds.check(row + 1, column + 1)
                found.put(row + 1, column + 1, kept)
        facts = sheet.rowinfo_map.get(row)
        if facts is not None and facts.hidden and row + 1 in found.cells:
            found.hidden_rows.add(row + 1)
    return found


def _cell(book: xlrd.book.Book, kind: int, value: object) -> Cell | None:
    if kind == xlrd.XL_CELL_TEXT:
        return Cell("text", str(value)) if value else None
    if kind == xlrd.XL_CELL_BOOLEAN:
        return Cell("boolean", bool(value))
    if kind == xlrd.XL_CELL_ERROR:
        return Cell("error", xlrd.error_text_from_code.get(cast(int, value), "#ERROR"))
    if kind not in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        return None
    number = float(cast(float, value))
    if kind == xlrd.XL_CELL_DATE:
        shown = iso_of_serial(number, from_1904=book.datemode == 1)
        if shown is not None:
            return Cell("date", shown)
    return Cell("number", int(number) if number.is_integer() and abs(number) < 2**53 else number)
