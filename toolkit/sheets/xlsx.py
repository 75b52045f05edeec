"""Reads .xlsx and .xlsm: values as cached, dates known by their number format, nothing computed.

Own reader because addresses, hidden rows, merged areas, error values and formulas without a value are all
wanted at once, in seconds for 50,000 rows, and without trusting the file.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

from toolkit.sheets.gate import Limits
from toolkit.sheets.raw import Area, Cell, RawSheet, number_of
from toolkit.sheets.refusals import SheetRefused
from toolkit.sheets.xml_parts import Bounds, listen

__all__ = ["iso_of_serial", "read_xlsx"]

_REFERENCE = re.compile(r"\$?([A-Z]{1,4})\$?([0-9]{1,8})$")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BUILT_IN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NOT_LETTERS_OF_DATES = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h|m|s)[^\]]*\]', re.IGNORECASE)


def read_xlsx(path: Path, limits: Limits) -> list[RawSheet]:
    """The worksheets of a workbook, in order; chart sheets are left out.

    Raises:
        SheetRefused: damaged, too many cells, or a cell too far out.
    """
    bounds = Bounds(path.name, limits)
    with zipfile.ZipFile(path) as archive:
        names = {each.filename for each in archive.infolist()}
        root = next((n for n in names if n.startswith("xl/") and n.endswith("workbook.xml")), "")
        book = _Workbook()
        listen(path.name, archive, root, book)
        targets = _Relations(posixpath.dirname(root))
        listen(
            path.name, archive, f"{posixpath.dirname(root)}/_rels/{posixpath.basename(root)}.rels", targets
        )
        strings, styles = _Strings(), _Styles()
        for kind, listener in (("sharedStrings", strings), ("styles", styles)):
            part = targets.of_type(kind)
            if part in names:
                listen(path.name, archive, part, listener)
        sheets = []
        for name, state, relation in book.sheets:
            part = targets.parts.get(relation, "")
            if targets.types.get(relation) != "worksheet" or part not in names:
                continue
            sheet = RawSheet(name, hidden=state != "visible")
            listen(
                path.name, archive, part, _Sheet(path.name, sheet, strings.found, styles.dates, book, bounds)
            )
            sheet.hidden_rows &= set(sheet.cells)
            sheets.append(sheet)
    return sheets


def iso_of_serial(serial: float, *, from_1904: bool = False) -> str | None:
    """A spreadsheet's day number as ISO text, with the time when it has one; None outside 1900 to 9999.

    Args:
        serial: days; 1 is 1900-01-01, and 60 the 29 February 1900 that never was.
        from_1904: count as old Macintosh files do.
    """
    if from_1904:
        serial += 1462
    if not 1 <= serial < 2958466:
        return None
    if serial < 61:
        serial += 1
    moment = datetime(1899, 12, 30) + timedelta(seconds=round(serial * 86400))
    return (
        moment.date().isoformat()
        if not (moment.hour or moment.minute or moment.second)
        else moment.isoformat()
    )


class _Workbook:
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, str]] = []
        self.from_1904 = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            self.sheets.append(
                (attributes.get("name", ""), attributes.get("state", "visible"), attributes.get("id", ""))
            )
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904") in ("1", "true")

    def end(self, name: str) -> None:
        """Nothing ends that matters."""

    def text(self, text: str) -> None:
        """Nothing is said between elements."""


class _Relations:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.parts: dict[str, str] = {}
        self.types: dict[str, str] = {}

    def of_type(self, kind: str) -> str:
        return next((self.parts[key] for key, found in self.types.items() if found == kind), "")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            key, target = attributes.get("Id", ""), attributes.get("Target", "")
            joined = target[1:] if target.startswith("/") else posixpath.join(self._folder, target)
            self.parts[key] = posixpath.normpath(joined)
            self.types[key] = attributes.get("Type", "").rpartition("/")[2]

    def end(self, name: str) -> None:
        """Nothing ends that matters."""

    def text(self, text: str) -> None:
        """Nothing is said between elements."""


class _Strings:
    """Shared strings; phonetic readings are left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._in_text = self._in_reading = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self._parts = []
        elif name == "rPh":
            self._in_reading = True
        elif name == "t":
            self._in_text = not self._in_reading

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._in_reading = False
        elif name == "si":
            self.found.append(_unescaped("".join(self._parts)))

    def text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)


class _Styles:
    """Which cell styles show a date."""

    def __init__(self) -> None:
        self.dates: list[bool] = []
        self._formats: dict[str, bool] = {}
        self._in_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            shown = _NOT_LETTERS_OF_DATES.sub("", attributes.get("formatCode", ""))
            self._formats[attributes.get("numFmtId", "")] = (
                shown.lower() != "general" and re.search(r"[dmyhs]", shown, re.IGNORECASE) is not None
            )
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            number = attributes.get("numFmtId", "0")
            own = self._formats.get(number)
            self.dates.append(own if own is not None else number.isdigit() and int(number) in _BUILT_IN_DATES)

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False

    def text(self, text: str) -> None:
        """Nothing is said between elements."""


class _Sheet:
    def __init__(
        self,
        file: str,
        sheet: RawSheet,
        strings: list[str],
        dates: list[bool],
        book: _Workbook,
        bounds: Bounds,
    ) -> None:
        self._file, self._sheet, self._strings, self._dates = file, sheet, strings, dates
        self._from_1904, self._bounds = book.from_1904, bounds
        self._row = self._column = 0
        self._type, self._style = "n", 0
        self._value: list[str] = []
        self._formula: list[str] | None = None
        self._into: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._bounds.count()
            reference = _REFERENCE.match(attributes.get("r", ""))
            if reference:
                self._column, self._row = number_of(reference[1]), int(reference[2])
            else:
                self._column += 1
            self._type = attributes.get("t", "n")
            style = attributes.get("s", "0")
            self._style = int(style) if style.isdigit() else 0
            self._value, self._formula = [], None
        elif name in ("v", "t"):
            self._into = self._value
        elif name == "f":
            self._into = self._formula = []
        elif name == "row":
            number = attributes.get("r", "")
            self._row = int(number) if number.isdigit() else self._row + 1
            self._column = 0
            if attributes.get("hidden") in ("1", "true"):
                self._sheet.hidden_rows.add(self._row)
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = int(attributes.get("min", "1")), int(attributes.get("max", "1"))
            self._sheet.hidden_columns.update(range(first, min(last, 16384) + 1))
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif name == "rPh":
            self._into = None

    def end(self, name: str) -> None:
        if name in ("v", "t", "f"):
            self._into = None
        elif name == "c":
            cell = self._cell()
            if cell is not None:
                self._bounds.check(self._row, self._column)
                self._sheet.put(self._row, self._column, cell)

    def text(self, text: str) -> None:
        if self._into is not None:
            self._into.append(text)

    def _merge(self, reference: str) -> None:
        ends = [_REFERENCE.match(each) for each in reference.split(":")]
        if len(ends) == 2 and ends[0] and ends[1]:
            first, last = ends[0], ends[1]
            self._sheet.merged.append(
                Area(int(first[2]), number_of(first[1]), int(last[2]), number_of(last[1]))
            )

    def _cell(self) -> Cell | None:
        text = "".join(self._value)
        if self._formula is not None and not text:
            # Shared formulas repeat without their text; a text result may be empty on purpose.
            return None if self._type == "str" else Cell("formula", "=" + "".join(self._formula))
        if not text:
            return None
        kind = self._type
        if kind == "s":
            if not text.isdigit() or int(text) >= len(self._strings):
                raise SheetRefused(self._file, "damaged", reason="a cell points to a text that is not there")
            text = self._strings[int(text)]
            return Cell("text", text) if text else None
        if kind in ("str", "inlineStr"):
            return Cell("text", _unescaped(text))
        if kind == "b":
            return Cell("boolean", text in ("1", "true"))
        if kind == "e":
            return Cell("error", text)
        if kind == "d":
            return Cell("date", text.removesuffix("T00:00:00"))
        try:
            number = float(text)
        except ValueError:
            return Cell("text", text)
        if self._style < len(self._dates) and self._dates[self._style]:
            shown = iso_of_serial(number, from_1904=self._from_1904)
            if shown is not None:
                return Cell("date", shown)
        return Cell("number", int(number) if number.is_integer() and abs(number) < 2**53 else number)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
