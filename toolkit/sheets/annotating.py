"""Writes the annotated copy; runs in the confined process, since openpyxl has to open a stranger's file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from toolkit.sheets.gate import Limits
from toolkit.sheets.raw import letters
from toolkit.sheets.reading import packed_sheets
from toolkit.sheets.refusals import SheetRefused

__all__ = ["annotate", "set_text"]

_AUTHOR = "b24kit"
_CODE_NAME = "b24kit_problems"
"""How a later check knows the list of an earlier one; nobody sees it."""
# Unusual on purpose: in a copy that comes back mended, exactly these fills are ours to take away.
_FILLS = {"error": "FFF9C9C7", "warning": "FFFFEDB3"}
_INK = {"error": "FFA3231C", "warning": "FF7A5200"}
_WIDTHS = (17, 20, 20, 26, 58, 52, 28)
_HEAD_ROW = 5


def annotate(path: Path, limits: Limits, asked: Mapping[str, Any]) -> None:
    """Open the file, mark its cells, put the list of problems in front, save it elsewhere.

    Args:
        path: the admin's file.
        limits: of reading it, when it is not a workbook of today.
        asked: see `annotated.write_annotated`.

    Raises:
        SheetRefused: openpyxl cannot open it.
    """
    book = _opened(path, limits, asked["kind"])
    for sheet in list(book.worksheets):
        if sheet.sheet_properties.codeName == _CODE_NAME:
            book.remove(sheet)  # the list of an earlier check
    for sheet in book.worksheets:
        _forget_earlier_marks(sheet)
        sheet.sheet_view.tabSelected = False
    for mark in asked["marks"]:
        if mark["sheet"] in book.sheetnames:
            _mark(book[mark["sheet"]], mark)
    _list(book, asked)
    book.active = 0
    book.save(asked["target"])


def set_text(cell: Cell, text: str) -> None:
    """Put a text into a cell as text, even if it looks like a formula."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)[:32000]
    cell.data_type = "s"  # openpyxl would take "=1" for a formula and "#N/A" for an error
    if text.startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True


def _opened(path: Path, limits: Limits, kind: str) -> Workbook:
    if kind in ("xlsx", "xlsm"):
        try:
            return openpyxl.load_workbook(path, rich_text=True)
        except (InvalidFileException, KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
            # openpyxl trusts many things to be there; what is readable for us may still be too odd for it.
            raise SheetRefused(path, "damaged", reason=f"{type(error).__name__}") from error
    book = Workbook()
    book.remove(book.worksheets[0])
    for packed in packed_sheets(path, limits, kind):
        sheet = book.create_sheet(_tab(packed["name"]))
        if packed["hidden"]:
            sheet.sheet_state = "hidden"
        for row, columns, kinds, values in packed["rows"]:
            for column, cell_kind, value in zip(columns, kinds, values, strict=True):
                _fill(sheet.cell(row, column), cell_kind, value)
        for area in packed["merged"]:
            top, left, bottom, right = area
            sheet.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
        for row in packed["hidden_rows"]:
            sheet.row_dimensions[row].hidden = True
        for column in packed["hidden_columns"]:
            sheet.column_dimensions[letters(column)].hidden = True
        for column in range(1, sheet.max_column + 1):
            sheet.column_dimensions[letters(column)].width = 20
    return book


def _tab(name: str) -> str:
    return "".join("_" if each in r"[]:*?/\\" else each for each in name)[:31] or "1"


def _fill(cell: Cell | MergedCell, kind: str, value: Any) -> None:
    if not isinstance(cell, Cell):
        return
    if kind == "date":
        moment = datetime.fromisoformat(value)
        cell.value, cell.number_format = moment, "DD.MM.YYYY" if len(value) == 10 else "DD.MM.YYYY HH:MM"
    elif isinstance(value, str):
        set_text(cell, value)
    else:
        cell.value = value


def _forget_earlier_marks(sheet: Worksheet) -> None:
    ours = set(_FILLS.values())
    for row in sheet.iter_rows():
        for cell in row:
            if not isinstance(cell, Cell):
                continue
            if cell.comment is not None and cell.comment.author == _AUTHOR:
                cell.comment = None
            if cell.has_style and cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb in ours:
                cell.fill = PatternFill()


def _mark(sheet: Worksheet, mark: Mapping[str, Any]) -> None:
    cell = sheet.cell(mark["row"], mark["column"])
    if not isinstance(cell, Cell):
        top_left = next(area for area in sheet.merged_cells.ranges if cell.coordinate in area)
        cell = sheet.cell(top_left.min_row, top_left.min_col)
        if not isinstance(cell, Cell):
            return
    text = mark["comment"]
    if mark["value"] is not None:
        set_text(cell, mark["value"])
    cell.fill = PatternFill("solid", fgColor=_FILLS[mark["severity"]])
    author = _AUTHOR
    if cell.comment is not None and cell.comment.text:
        # Somebody's own remark stays, in front of ours.
        text, author = f"{cell.comment.text}\n\n{text}", cell.comment.author or _AUTHOR
    lines = sum(1 + len(line) // 42 for line in text.splitlines())
    cell.comment = Comment(ILLEGAL_CHARACTERS_RE.sub("", text), author, width=330, height=24 + 18 * lines)


def _list(book: Workbook, asked: Mapping[str, Any]) -> None:
    labels = asked["labels"]
    sheet = book.create_sheet(labels["problems"], 0)
    sheet.sheet_properties.codeName = _CODE_NAME
    set_text(sheet["A1"], asked["title"])
    bad = any(line["severity"] == "error" for line in asked["lines"])
    ink = _INK["error"] if bad else "FF1F6B45"
    sheet["A1"].font = Font("Calibri", bold=True, size=14, color=ink)
    for at, note in enumerate(asked["notes"], start=2):
        sheet.cell(at, 1, note).font = Font("Calibri", 11, color="FF6B7686")
    if not asked["lines"]:
        return
    heads = ("severity", "place", "column", "value", "what", "fix", "suggestion")
    thin = Border(bottom=Side("thin", color="FFE3E7EE"))
    for column, (key, width) in enumerate(zip(heads, _WIDTHS, strict=True), start=1):
        head = sheet.cell(_HEAD_ROW, column, labels[key])
        head.font, head.fill = (
            Font("Calibri", 11, bold=True, color="FFFFFFFF"),
            PatternFill("solid", fgColor="FF33475B"),
        )
        head.alignment = Alignment(vertical="center", wrap_text=True)
        sheet.column_dimensions[letters(column)].width = width
    sheet.row_dimensions[_HEAD_ROW].height = 32
    several = len({line["sheet"] for line in asked["lines"]}) > 1
    for row, line in enumerate(asked["lines"], start=_HEAD_ROW + 1):
        shown = f"{line['sheet']}!{line['cell']}" if several else line["cell"]
        place = f"{shown} ({labels['hidden']})" if line["hidden"] else shown
        for column, text in enumerate([labels[line["severity"]], place, *line["cells"]], start=1):
            cell = sheet.cell(row, column)
            if not isinstance(cell, Cell):
                continue
            set_text(cell, text)
            cell.font = Font("Calibri", 11)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            cell.border = thin
        sheet.cell(row, 1).fill = PatternFill("solid", fgColor=_FILLS[line["severity"]])
        sheet.cell(row, 1).font = Font("Calibri", 11, bold=True, color=_INK[line["severity"]])
        link = sheet.cell(row, 2)
        tab = line["sheet"].replace("'", "''")
        if isinstance(link, Cell):
            link.hyperlink = Hyperlink(ref=link.coordinate, location=f"'{tab}'!{line['cell']}")
            link.font = Font("Calibri", 11, color="FF2F6FDE", underline="single")
        texts = (place, *line["cells"])
        high = max(1 + int(len(text) * 1.12) // width for text, width in zip(texts, _WIDTHS[1:], strict=True))
        sheet.row_dimensions[row].height = 4 + 14.5 * high
    last = _HEAD_ROW + len(asked["lines"])
    sheet.auto_filter.ref = f"A{_HEAD_ROW}:G{last}"
    if asked["left"]:
        sheet.cell(last + 1, 1, labels["more"].format(count=asked["left"]))
    sheet.freeze_panes = f"A{_HEAD_ROW + 1}"
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
