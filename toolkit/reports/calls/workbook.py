"""The report on calls as a workbook: every call in a table Excel can pivot, pivots with native charts.

Text from a CRM is hostile: no cell becomes a formula or a link, see `toolkit.runs.report.workbook`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from toolkit.reports.calls.columns import COLUMNS, Language
from toolkit.reports.calls.tables import ReportTable, TableColumn
from toolkit.reports.files import private_part
from toolkit.reports.pictures import AMBER, BLUE, GREEN, GREY
from toolkit.runs.report.wording import Wording
from toolkit.runs.report.workbook import MOST_ROWS, SheetWriter

if TYPE_CHECKING:
    from toolkit.reports.calls.dataset import CallsDataset
    from toolkit.reports.calls.report import CallsReport

__all__ = ["sheet_note", "write_calls", "write_handovers", "write_workbook"]

_FORMULA_LIKE = ("=", "+", "-", "@", "\t", "\r", "\n")
_LONGEST = 32_000
_NUMBERS = {
    "id": "0",
    "count": "#,##0",
    "share": "0.0%",
    "minutes": "#,##0",
    "seconds": "#,##0",
    "moment": "dd.mm.yyyy hh:mm",
}
_CHARTED_ROWS = 30
_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "constant_memory": True,
    "default_date_format": "dd.mm.yyyy",
    "remove_timezone": True,
}


def sheet_note(calls: int, most_rows: int, wording: Wording) -> str:
    """That a sheet holds the newest calls only; "" when it holds all.

    Args:
        calls: how many there are.
        most_rows: how many a sheet may hold.
        wording: the reader's language.
    """
    if calls <= min(most_rows, MOST_ROWS):
        return ""
    shown, total = wording.number(min(most_rows, MOST_ROWS)), wording.number(calls)
    if wording.language == "ru":
        return f"На листе последние звонки: {shown} из {total}; все — в файле Parquet."
    return f"The sheet holds the newest {shown} of {total} calls; all of them are in the Parquet file."


def write_workbook(report: CallsReport, path: Path, *, most_rows: int = MOST_ROWS) -> Path:
    """Write the report as a workbook; of more calls than `most_rows` the newest, and it says so.

    Raises:
        OSError: it cannot be written.
    """
    # What a temporary file holds is client data too: kept beside the report, gone whatever happens.
    with private_part(path) as part, TemporaryDirectory(dir=path.parent) as room:
        book = xlsxwriter.Workbook(part, {**_OPTIONS, "tmpdir": room})
        book.set_properties({"title": f"{report.title} · {report.dataset.portal}"})
        writer = SheetWriter(book, Wording(report.language))
        _summary(writer, report, sheet_note(len(report.dataset), most_rows, report.wording))
        for name, table in report.tables().items():
            _table_sheet(writer, name, table)
        _calls_sheet(writer, report.dataset.table, report.language, most_rows)
        _closed(book)
    return path


def write_calls(dataset: CallsDataset, path: Path, *, most_rows: int = MOST_ROWS) -> Path:
    """Write every call as a row of the one sheet of a workbook, ready for a pivot; of too many the newest.

    Args:
        dataset: the calls.
        path: where.
        most_rows: how many rows; never more than a sheet holds. See `sheet_note`.

    Raises:
        OSError: it cannot be written.
    """
    with private_part(path) as part, TemporaryDirectory(dir=path.parent) as room:
        book = xlsxwriter.Workbook(part, {**_OPTIONS, "tmpdir": room})
        writer = SheetWriter(book, Wording(dataset.language))
        _calls_sheet(writer, dataset.table, dataset.language, most_rows)
        _closed(book)
    return path


def write_handovers(table: pd.DataFrame, path: Path) -> Path:
    """Write a table of handovers as the one sheet of a workbook, for `-p table=@...`.

    Args:
        table: columns from, to, id.
        path: where.

    Raises:
        OSError: it cannot be written.
    """
    with private_part(path) as part:
        book = xlsxwriter.Workbook(part, {"in_memory": True})
        sheet = book.add_worksheet("reassign")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, list(table.columns), book.add_format({"bold": True}))
        for row, values in enumerate(table.itertuples(index=False), start=1):
            sheet.write_row(row, 0, [int(each) for each in values])
        _closed(book)
    return path


def _closed(book: Any) -> None:
    try:
        book.close()
    except XlsxWriterException as error:
        raise OSError(str(error)) from error


def _summary(writer: SheetWriter, report: CallsReport, cut: str) -> None:
    sheet = writer.book.add_worksheet("Сводка" if report.language == "ru" else "Summary")
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 1, 20)
    writer.text(sheet, 0, 0, f"{report.title} · {report.dataset.portal}", bold=True, font_size=16)
    row = 2
    for figure in report.figures():
        writer.text(sheet, row, 0, figure.words)
        shown = {"font_color": "#B3720C"} if figure.tone else {}
        writer.text(sheet, row, 1, figure.value, bold=True, align="right", **shown)
        row += 1
    for note in [*report.notes(), *([cut] if cut else [])]:
        row += 1
        writer.text(sheet, row, 0, note, font_color="#6B7686")


def _table_sheet(writer: SheetWriter, name: str, table: ReportTable) -> None:
    """A table with frozen headings, a filter, a row of totals and its chart."""
    title = table.title.replace(":", ",")[:31]  # Excel allows no colon in the name of a sheet
    sheet = writer.book.add_worksheet(title)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    longest = max(len(column.heading) / column.width for column in table.columns)
    sheet.set_row(0, 16 * max(2, int(longest) + 1))
    for index, column in enumerate(table.columns):
        sheet.set_column(index, index, column.width)
        align = "left" if column.format in ("text", "moment", "yes") else "right"
        writer.text(
            sheet,
            0,
            index,
            column.heading,
            bold=True,
            bg_color="#E9EDF3",
            bottom=1,
            text_wrap=True,
            align=align,
        )
    rows = min(len(table.frame), MOST_ROWS)
    parts = [table.frame[column.key].head(rows).tolist() for column in table.columns]
    plain, quoted = writer.format(), writer.format(quote_prefix=True)
    for row, values in enumerate(zip(*parts, strict=True), start=1):
        for index, value in enumerate(values):
            if isinstance(
                value, str
            ):  # most cells of long tables; looking a format up for each would be slow
                shown_as = quoted if value.startswith(_FORMULA_LIKE) else plain
                sheet.write_string(row, index, value[:_LONGEST], shown_as)
            else:
                _cell(writer, sheet, row, index, value, table.columns[index])
    if table.total is not None:
        for index, value in enumerate(table.totals()):
            _cell(writer, sheet, rows + 1, index, value, table.columns[index], bold=True, top=1)
    else:
        sheet.autofilter(0, 0, max(rows, 1), len(table.columns) - 1)
    if table.note:
        writer.text(sheet, rows + 3, 0, table.note, font_color="#6B7686")
    if name == "hours":
        heat = {"type": "3_color_scale", "min_color": "#F3F6FB", "mid_color": "#9DBDF0", "max_color": BLUE}
        sheet.conditional_format(1, 1, rows, len(table.columns) - 1, heat)
    chart = _chart(writer.book, title, name, table, rows)
    if chart is not None:
        sheet.insert_chart(1, len(table.columns) + 1, chart)


def _cell(
    writer: SheetWriter, sheet: Any, row: int, index: int, value: Any, column: TableColumn, **properties: Any
) -> None:
    if value is None or value is pd.NA or value != value:
        if properties:
            sheet.write_blank(row, index, None, writer.format(**properties))
        return
    if column.format in _NUMBERS:
        shown = writer.format(num_format=_NUMBERS[column.format], **properties)
        if column.format == "moment":
            sheet.write_datetime(row, index, value.to_pydatetime(), shown)
        else:
            sheet.write_number(row, index, float(value), shown)
    else:
        writer.text(sheet, row, index, str(value), **properties)


def _chart(book: Any, sheet: str, name: str, table: ReportTable, rows: int) -> Any | None:
    """The native chart of a pivot; None for tables that need none."""
    keys = [column.key for column in table.columns]
    drawn: Mapping[str, tuple[str, list[tuple[str, str]]]] = {
        "month": ("column", [("incoming", BLUE), ("outgoing", GREY)]),
        "employee": ("bar", [("incoming", BLUE), ("outgoing", GREY)]),
        "department": ("bar", [("incoming", BLUE), ("outgoing", GREY)]),
        "line": ("bar", [("incoming", BLUE), ("outgoing", GREY)]),
        "result": ("bar", [("calls", GREEN)]),
        "coverage": ("column", [("before_share", GREY), ("after_share", BLUE)]),
        "audit_employee": ("bar", [("calls", GREY), ("of_others", AMBER)]),
        "audit_line": ("bar", [("calls", GREY), ("by_others", AMBER)]),
    }
    if name not in drawn:
        return None
    kind, series = drawn[name]
    stacked = name in ("month", "employee", "department", "line")
    chart = book.add_chart({"type": kind, "subtype": "stacked"} if stacked else {"type": kind})
    last = rows if name in ("month", "coverage") else min(rows, _CHARTED_ROWS)
    label = keys.index("label") if "label" in keys else 0
    for key, colour in series:
        at = keys.index(key)
        one = {
            "name": [sheet, 0, at],
            "categories": [sheet, 1, label, last, label],
            "values": [sheet, 1, at, last, at],
            "gap": 40,
            "fill": {"color": colour},
        }
        if not stacked:
            one["overlap"] = 100 if name.startswith("audit") or name == "coverage" else 0
        chart.add_series(one)
    chart.set_title({"name": table.title, "name_font": {"size": 13}})
    chart.set_legend({"none": True} if len(series) == 1 else {"position": "bottom"})
    numbers = {"num_format": "0%" if name == "coverage" else "#,##0", "line": {"none": True}}
    lines = {"major_gridlines": {"visible": True, "line": {"color": "#E3E7EE"}}}
    if kind == "bar":  # the busiest on top, as in the table
        chart.set_y_axis({"reverse": True, "major_gridlines": {"visible": False}})
        chart.set_x_axis({**numbers, **lines, "label_position": "high"})
    else:
        chart.set_y_axis({**numbers, **lines, **({"max": 1} if name == "coverage" else {})})
        chart.set_x_axis({"num_font": {"rotation": -45}})
    height = max(320, 24 * last + 120) if kind == "bar" else 400
    chart.set_size({"width": 900 if kind == "column" else 760, "height": height})
    return chart


def _calls_sheet(writer: SheetWriter, calls: pd.DataFrame, language: Language, most_rows: int) -> None:
    """Every call as a row of an Excel table, typed, ready for a pivot; the newest where a sheet is too small."""
    sheet = writer.book.add_worksheet("Все звонки" if language == "ru" else "All calls")
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    shown = calls.tail(min(most_rows, MOST_ROWS))
    headings = [column.heading(language) for column in COLUMNS.values()]
    for index, column in enumerate(COLUMNS.values()):
        sheet.set_column(index, index, column.width)
    # A table's headings are its first row, so it can be declared before rows stream by; xlsxwriter declines
    # all tables while it streams, because other settings of a table would write cells that are gone.
    sheet.constant_memory = False
    sheet.add_table(
        0,
        0,
        max(len(shown), 1),
        len(headings) - 1,
        {
            "name": "calls",
            "style": "Table Style Light 1",
            "columns": [{"header": heading} for heading in headings],
        },
    )
    sheet.constant_memory = True
    for index, heading in enumerate(headings):
        writer.text(sheet, 0, index, heading, bold=True)
    moment, day = writer.format(num_format="dd.mm.yyyy hh:mm:ss"), writer.format(num_format="dd.mm.yyyy")
    plain, quoted = writer.format(), writer.format(quote_prefix=True)
    parts = [_written(shown[name], column.kind, language) for name, column in COLUMNS.items()]
    kinds = [column.kind for column in COLUMNS.values()]
    for row, values in enumerate(zip(*parts, strict=True), start=1):
        for index, value in enumerate(values):
            if value is None:
                continue
            kind = kinds[index]
            if kind == "whole" or kind == "moment" or kind == "day":
                shown_as = None if kind == "whole" else moment if kind == "moment" else day
                sheet.write_number(row, index, value, shown_as)
            else:
                hostile = value.startswith(_FORMULA_LIKE)
                sheet.write_string(row, index, value[:_LONGEST], quoted if hostile else plain)


def _written(column: pd.Series[Any], kind: str, language: Language) -> list[Any]:
    """Cells as a sheet takes them: numbers (days since 1900 for moments), texts, None for an empty cell."""
    if kind in ("moment", "day"):
        local = column.dt.tz_localize(None) if kind == "moment" else column
        days = (local - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
        return [None if value != value else value for value in days.tolist()]
    if kind == "whole":
        return [None if value is pd.NA else value for value in column.tolist()]
    if kind == "yes":
        words = {True: "да", False: "нет"} if language == "ru" else {True: "yes", False: "no"}
        return [None if value is pd.NA else words[value] for value in column.tolist()]
    return [value if isinstance(value, str) and value else None for value in column.tolist()]
