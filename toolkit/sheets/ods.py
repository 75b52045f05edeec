"""Reads .ods: values as stored, with addresses, hidden rows and columns, and merged areas."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from toolkit.sheets.gate import Limits
from toolkit.sheets.raw import Area, Cell, RawSheet
from toolkit.sheets.xml_parts import Bounds, listen

__all__ = ["read_ods"]

_ERROR = re.compile(r"#[A-Z/0]+[!?]?$|Err:\d+$|#\S+$")


def read_ods(path: Path, limits: Limits) -> list[RawSheet]:
    """The sheets of an OpenDocument spreadsheet, in order.

    Raises:
        SheetRefused: damaged, too many cells, or a cell too far out.
    """
    content = _Content(Bounds(path.name, limits))
    with zipfile.ZipFile(path) as archive:
        listen(path.name, archive, "content.xml", content)
    for sheet in content.sheets:
        sheet.hidden_rows &= set(sheet.cells)
    return content.sheets


class _Content:
    def __init__(self, bounds: Bounds) -> None:
        self.sheets: list[RawSheet] = []
        self._bounds = bounds
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._sheet = RawSheet("")
        self._inside = 0  # tables within cells (sub-tables, tracked changes) are not sheets
        self._row = self._column = 0
        self._rows_repeated = 1
        self._row_cells: dict[int, Cell] = {}
        self._row_hidden = False
        self._attributes: dict[str, str] | None = None
        self._paragraphs: list[list[str]] = []
        self._in_paragraph = False
        self._aside = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("annotation", "tracked-changes", "shapes", "dde-links"):
            self._aside += 1
        if self._aside:
            return
        if name == "style":
            self._style = attributes.get("name", "")
        elif name == "table-properties" and attributes.get("display") == "false":
            self._hidden_styles.add(self._style)
        elif name == "table":
            self._sheet = RawSheet(
                attributes.get("name", ""), hidden=attributes.get("style-name", "") in self._hidden_styles
            )
            self.sheets.append(self._sheet)
            self._row = self._column = 0
        elif name == "table-column":
            repeated = _count(attributes, "number-columns-repeated")
            if attributes.get("visibility", "visible") != "visible":
                self._sheet.hidden_columns.update(
                    range(self._column + 1, self._column + 1 + min(repeated, 16384))
                )
            self._column += repeated
        elif name == "table-row":
            self._row += 1
            self._rows_repeated = _count(attributes, "number-rows-repeated")
            self._row_hidden = attributes.get("visibility", "visible") != "visible"
            self._row_cells, self._column = {}, 0
        elif name in ("table-cell", "covered-table-cell"):
            self._attributes, self._paragraphs = attributes, []
        elif name == "p" and self._attributes is not None:
            self._paragraphs.append([])
            self._in_paragraph = True
        elif self._in_paragraph and name == "s":
            self._paragraphs[-1].append(" " * min(_count(attributes, "c"), 1000))
        elif self._in_paragraph and name == "tab":
            self._paragraphs[-1].append("\t")
        elif self._in_paragraph and name == "line-break":
            self._paragraphs[-1].append("\n")

    def text(self, text: str) -> None:
        if self._in_paragraph and not self._aside:
            self._paragraphs[-1].append(text)

    def end(self, name: str) -> None:
        if name in ("annotation", "tracked-changes", "shapes", "dde-links"):
            self._aside -= 1
        if self._aside:
            return
        if name == "p":
            self._in_paragraph = False
        elif name == "table-cell":
            self._end_cell()
        elif name == "covered-table-cell" and self._attributes is not None:
            self._column += _count(self._attributes, "number-columns-repeated")
            self._attributes = None
        elif name == "table-row":
            self._end_row()

    def _end_cell(self) -> None:
        attributes = self._attributes or {}
        self._attributes = None
        repeated = _count(attributes, "number-columns-repeated")
        cell = _cell(attributes, "\n".join("".join(each) for each in self._paragraphs))
        self._bounds.count()
        wide, high = _count(attributes, "number-columns-spanned"), _count(attributes, "number-rows-spanned")
        if wide > 1 or high > 1:
            self._sheet.merged.append(
                Area(self._row, self._column + 1, self._row + high - 1, self._column + wide)
            )
        if cell is not None:
            self._bounds.check(self._row, self._column + repeated)
            self._bounds.count(repeated)
            for each in range(repeated):
                self._row_cells[self._column + 1 + each] = cell
        self._column += repeated

    def _end_row(self) -> None:
        last = self._row + self._rows_repeated - 1
        if self._row_cells:
            self._bounds.check(last, 1)
            self._bounds.count(len(self._row_cells) * self._rows_repeated)
            for row in range(self._row, last + 1):
                self._sheet.cells[row] = dict(self._row_cells)
                if self._row_hidden:
                    self._sheet.hidden_rows.add(row)
        self._row = last


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(1, int(text)) if text.isdigit() and len(text) < 10 else 1


def _cell(attributes: dict[str, str], text: str) -> Cell | None:
    kind = attributes.get("value-type", "")
    formula = attributes.get("formula")
    if formula is not None and (_ERROR.match(text) or "error" in kind):
        return Cell("error", text)
    if formula in ("of:=TRUE()", "of:=FALSE()"):  # how LibreOffice keeps the truths of an .xlsx
        return Cell("boolean", formula == "of:=TRUE()")
    if kind in ("float", "percentage", "currency"):
        try:
            number = float(attributes.get("value", ""))
        except ValueError:
            return Cell("text", text) if text else None
        return Cell("number", int(number) if number.is_integer() and abs(number) < 2**53 else number)
    if kind == "date":
        return Cell("date", attributes.get("date-value", text).removesuffix("T00:00:00"))
    if kind == "boolean":
        return Cell("boolean", attributes.get("boolean-value") == "true")
    if formula is not None and not text and not kind:
        return Cell("formula", formula)
    return Cell("text", text) if text else None
