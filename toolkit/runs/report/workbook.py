"""The report as a workbook: every row of every table, to be sorted and filtered.

Text from a CRM is hostile: no cell becomes a formula or a link by itself, and what begins like a formula
stays text even after somebody edits the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from toolkit.runs.report.charts import PHASE_COLOURS
from toolkit.runs.report.evidence import PHASES, Evidence
from toolkit.runs.report.html import title_of
from toolkit.runs.report.listings import Cell, Listing, Mark, Tables
from toolkit.runs.report.names import Names, plain
from toolkit.runs.report.timeline import Timeline
from toolkit.runs.report.verdict import judge_run
from toolkit.runs.report.wording import PHASE_WORDS, Wording

__all__ = ["SheetWriter", "write_workbook"]

# Excel holds 65,530 links on a sheet and opens slowly long before that.
MOST_LINKS = 5_000
MOST_ROWS = 1_048_000
_LONGEST = 32_000
_LINE_HEIGHT, _MOST_LINES, _HEADING_HEIGHT = 15, 8, 31
_FORMULA_LIKE = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARKS: Mapping[str, tuple[str, str]] = {
    "done": ("#DCF2E7", "#14633F"),
    "already": ("#DCF2E7", "#14633F"),
    "conflict": ("#FDF0D8", "#7D4E05"),
    "someone else": ("#FDF0D8", "#7D4E05"),
    "rejected": ("#FBE1DF", "#8F231B"),
    "unexplained": ("#FBE1DF", "#8F231B"),
    "quarantined": ("#F3DFF0", "#6F2963"),
    "sent": ("#E4E4F9", "#38388F"),
}
_TONES = {"good": "#1F8A5B", "warn": "#B3720C", "bad": "#C0392B", "wait": "#4563A0"}


class SheetWriter:
    """Writes listings onto sheets of one workbook, safely and legibly.

    Args:
        book: an xlsxwriter workbook.
        wording: the reader's language.
    """

    def __init__(self, book: Any, wording: Wording) -> None:
        self.book, self._ = book, wording
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def format(self, **properties: Any) -> Any:
        """A cell format; the same properties give the same one."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(properties)
        return self._formats[key]

    def text(self, sheet: Any, row: int, column: int, text: str, **properties: Any) -> None:
        """Text that stays text."""
        if text.startswith(_FORMULA_LIKE):
            properties["quote_prefix"] = True
        sheet.write_string(row, column, text[:_LONGEST], self.format(valign="top", **properties))

    def listing(self, listing: Listing, *, linked: bool = True) -> Any:
        """A sheet of its own for a listing: frozen headings, filters, widths.

        Args:
            listing: what to write.
            linked: whether records lead to their cards.

        Returns:
            The worksheet.
        """
        sheet = self.book.add_worksheet(listing.title[:31])
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for index, column in enumerate(listing.columns):
            sheet.set_column(index, index, column.width)
        self.headings(sheet, 0, listing)
        last = min(listing.total, MOST_ROWS)
        sheet.autofilter(0, 0, max(last, 1), len(listing.columns) - 1)
        self.rows(sheet, 1, listing, most=last, linked=linked and listing.total <= MOST_LINKS)
        if listing.total > last:
            said = self._("{shown} of {total} shown: a sheet holds no more.", shown=last, total=listing.total)
            self.text(sheet, last + 1, 0, said)
        return sheet

    def headings(self, sheet: Any, row: int, listing: Listing) -> None:
        """The headings of a listing."""
        sheet.set_row(row, _HEADING_HEIGHT)
        for index, column in enumerate(listing.columns):
            aligned = (
                {"align": "right"}
                if column.kind == "number"
                else {"align": "left", "indent": _indent(listing, index)}
            )
            self.text(
                sheet,
                row,
                index,
                column.heading,
                bold=True,
                bg_color="#E9EDF3",
                bottom=1,
                text_wrap=True,
                **aligned,
            )

    def rows(
        self, sheet: Any, row: int, listing: Listing, *, most: int, linked: bool, wrapped: bool = True
    ) -> int:
        """The rows of a listing from a row on; returns the row below them."""
        for offset, cells in enumerate(listing.rows()):
            if offset >= most:
                break
            lines = max(
                _lines(cell, column.width) for cell, column in zip(cells, listing.columns, strict=True)
            )
            if lines > 1 and wrapped:  # LibreOffice does not grow a row for its wrapped text by itself
                sheet.set_row(row + offset, _LINE_HEIGHT * min(lines, _MOST_LINES))
            for index, cell in enumerate(cells):
                kind = listing.columns[index].kind
                shown: dict[str, Any] = {} if wrapped else {"text_wrap": False}
                if kind == "number" and isinstance(cell, str):
                    shown["align"] = "right"
                if _indent(listing, index):
                    shown["indent"] = 1
                if kind == "id":
                    shown |= {"align": "left", "num_format": "0"}
                self.cell(sheet, row + offset, index, cell, linked=linked, **shown)
        return row + min(listing.total, most)

    def cell(
        self,
        sheet: Any,
        row: int,
        column: int,
        cell: Cell,
        *,
        linked: bool = True,
        **properties: Any,
    ) -> None:
        """One cell of any kind."""
        if cell is None or cell == "":
            return
        if isinstance(cell, str):
            self.text(sheet, row, column, cell, **{"text_wrap": True, **properties})
        elif isinstance(cell, int | float):
            sheet.write_number(
                row, column, cell, self.format(**{"num_format": "#,##0", "valign": "top", **properties})
            )
        elif isinstance(cell, datetime):
            shown = self.format(num_format="dd.mm.yyyy hh:mm", valign="top", align="left", **properties)
            sheet.write_datetime(row, column, cell.replace(tzinfo=None), shown)
        elif isinstance(cell, Mark):
            back, ink = _MARKS.get(cell.tone, ("#E9EDF3", "#1C2430"))
            self.text(sheet, row, column, cell.text, bg_color=back, font_color=ink, **properties)
        else:
            text = plain(cell)
            url = cell[0].url if len(cell) == 1 else ""
            if url and linked:
                shown = self.format(font_color="#2F6FDE", valign="top", **properties)
                sheet.write_url(row, column, url, shown, text)
            else:
                self.text(sheet, row, column, text, **{"text_wrap": True, **properties})


def _indent(listing: Listing, index: int) -> int:
    """Text beside a number needs a little air."""
    return int(
        index > 0 and listing.columns[index].kind == "text" and listing.columns[index - 1].kind == "number"
    )


def _lines(cell: Cell, width: int) -> int:
    """How many lines a cell takes in a column of that many characters."""
    if cell is None or isinstance(cell, int | float | datetime | Mark):
        return 1
    text = cell if isinstance(cell, str) else plain(cell)
    return -(-len(text) // width) if text else 1


def write_workbook(
    path: Path, evidence: Evidence, timeline: Timeline, names: Names, wording: Wording
) -> None:
    """Write the whole report as a workbook.

    Raises:
        OSError: it cannot be written.
    """
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "constant_memory": True,
        "tmpdir": str(path.parent),  # what a temporary file holds is client data too
    }
    book = xlsxwriter.Workbook(path, options)
    book.set_properties({"title": title_of(evidence, wording), "comments": evidence.run})
    writer = SheetWriter(book, wording)
    tables = Tables(evidence, names, wording)
    _summary(writer, evidence, tables, wording)
    writer.listing(tables.changes())
    for listing in (tables.exceptions(), tables.left(), tables.cells()):
        if listing.total:
            writer.listing(listing)
    if tables.people().total:
        writer.listing(tables.people())
    _requests(writer, timeline, wording)
    try:
        book.close()
    except XlsxWriterException as error:
        raise OSError(str(error)) from error


def _summary(writer: SheetWriter, evidence: Evidence, tables: Tables, _: Wording) -> None:
    sheet = writer.book.add_worksheet(_("Summary"))
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 1, 30)
    sheet.set_column(2, 11, 18)
    sheet.set_row(0, 26)
    sheet.set_row(3, 22)
    verdict = judge_run(evidence, _)
    writer.text(sheet, 0, 0, title_of(evidence, _), bold=True, font_size=16)
    planned = _.moment(evidence.facts.created)
    writer.text(
        sheet,
        1,
        0,
        f"{evidence.facts.portal} · {evidence.run} · {planned} ({_.zone_name})",
        font_color="#6B7686",
    )
    writer.text(sheet, 3, 0, verdict.headline, bold=True, font_size=14, font_color=_TONES[verdict.tone])
    row = 4
    for sentence in verdict.sentences:
        writer.text(sheet, row, 0, sentence)
        row += 1
    if verdict.command:
        writer.text(sheet, row, 0, f"{_('Next:')} {verdict.command}", italic=True)
        row += 1
    done = tables.by_reason()
    reasons_last = [*done.columns[:2], *done.columns[3:], done.columns[2]]
    counts = Listing(
        done.title,
        reasons_last,
        done.total,
        lambda: ([*cells[:2], *cells[3:], cells[2]] for cells in done.rows()),
    )
    for listing in (counts, tables.accounted(), tables.cost(), tables.waits(), tables.methods()):
        if listing.total:
            writer.text(sheet, row + 1, 0, listing.title, bold=True, font_size=12)
            writer.headings(sheet, row + 2, listing)
            row = writer.rows(sheet, row + 3, listing, most=MOST_ROWS, linked=False, wrapped=False)


def _requests(writer: SheetWriter, timeline: Timeline, _: Wording) -> None:
    """Requests and settled changes over time, with a native chart."""
    title = _("Requests")
    sheet = writer.book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, len(PHASES) + 2, 16)
    step = _.span(timeline.step_s)
    headings = [
        _("from (portal time, {step} each)", step=step),
        *(_(PHASE_WORDS[phase]) for phase in PHASES),
        _("changes settled"),
        _("settled so far"),
    ]
    sheet.set_row(0, _HEADING_HEIGHT)
    for index, heading in enumerate(headings):
        writer.text(sheet, 0, index, heading, bold=True, bg_color="#E9EDF3", bottom=1, text_wrap=True)
    moment = writer.format(num_format="dd.mm.yyyy hh:mm:ss", align="left")
    so_far = 0
    for row, slot in enumerate(timeline.slots, start=1):
        local = _.local(slot.start)
        if local is not None:
            sheet.write_datetime(row, 0, local.replace(tzinfo=None), moment)
        for index, phase in enumerate(PHASES, start=1):
            sheet.write_number(row, index, slot.requests[phase])
        so_far += slot.settled
        sheet.write_number(row, len(PHASES) + 1, slot.settled)
        sheet.write_number(row, len(PHASES) + 2, so_far)
    if any(slot.total for slot in timeline.slots):
        sheet.insert_chart(1, len(PHASES) + 4, _chart(writer.book, title, timeline, _))


def _chart(book: Any, sheet: str, timeline: Timeline, _: Wording) -> Any:
    """Columns of requests by phase, a line of settled changes on the right axis."""
    chart = book.add_chart({"type": "column", "subtype": "stacked"})
    rows = len(timeline.slots)
    moments = [sheet, 1, 0, rows, 0]
    for index, phase in enumerate(PHASES, start=1):
        if not any(slot.requests[phase] for slot in timeline.slots):
            continue
        chart.add_series(
            {
                "name": [sheet, 0, index],
                "categories": moments,
                "values": [sheet, 1, index, rows, index],
                "fill": {"color": PHASE_COLOURS[phase]},
                "gap": 20,
            }
        )
    settled = len(PHASES) + 2
    line = book.add_chart({"type": "line"})
    line.add_series(
        {
            "name": [sheet, 0, settled],
            "categories": moments,
            "values": [sheet, 1, settled, rows, settled],
            "y2_axis": True,
            "line": {"color": "#2E9E6B", "width": 2.25},
        }
    )
    chart.combine(line)
    chart.set_title({"name": _("The course of the run"), "name_font": {"size": 13}})
    chart.set_x_axis({"num_format": "hh:mm:ss", "text_axis": True, "num_font": {"rotation": -45}})
    chart.set_y_axis(
        {"name": _("Requests"), "major_gridlines": {"visible": True, "line": {"color": "#E3E7EE"}}}
    )
    line.set_y2_axis({"name": _("settled so far")})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 860, "height": 420})
    return chart
