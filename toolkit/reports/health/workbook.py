"""The health report as a workbook: the comparison with a native chart per measure, and who is behind the numbers.

Text from a CRM is hostile: no cell becomes a formula or a link of its own, see `toolkit.runs.report.workbook`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from toolkit.reports.files import private_part
from toolkit.reports.pictures import AMBER
from toolkit.runs.report.workbook import SheetWriter

if TYPE_CHECKING:
    from toolkit.reports.health.report import HealthReport

__all__ = ["write_workbook"]

_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
    "remove_timezone": True,
}
_CHART_ROWS, _CHART_COLUMNS = 13, 6


def write_workbook(report: HealthReport, path: Path) -> Path:
    """Write the report as a workbook.

    Raises:
        OSError: it cannot be written.
    """
    with private_part(path) as part:
        book = xlsxwriter.Workbook(part, _OPTIONS)
        book.set_properties({"title": f"{report.title} · {report.portal}"})
        writer = SheetWriter(book, report.wording)
        comparison = report.comparison()
        sheet = writer.listing(comparison)
        for row, note in enumerate(report.notes(), start=comparison.total + 2):
            writer.text(sheet, row, 0, note, font_color="#6B7686")
        if len(report.measured) > 1:
            _charts(book, report, comparison.title)
        writer.listing(report.owners_who_left())
        writer.listing(report.duplicates())
        try:
            book.close()
        except XlsxWriterException as error:
            raise OSError(str(error)) from error
    return path


def _charts(book: Any, report: HealthReport, source: str) -> None:
    """A column chart per measure on a sheet of their own, drawn from the sheet of the comparison."""
    sheet = book.add_worksheet("Графики" if report.language == "ru" else "Charts")
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    last = len(report.measured)
    for at, name in enumerate(report.names()):
        chart = book.add_chart({"type": "column"})
        chart.add_series(
            {
                "categories": [source, 0, 1, 0, last],
                "values": [source, at + 1, 1, at + 1, last],
                "fill": {"color": AMBER},
                "gap": 80,
                "data_labels": {"value": True},
            }
        )
        words = report.having(name)[-1].measures[name].words(report.language)
        chart.set_title({"name": words, "name_font": {"size": 11}, "overlay": False})
        chart.set_legend({"none": True})
        chart.set_y_axis({"min": 0, "major_gridlines": {"visible": False}, "visible": False})
        chart.set_size({"width": 380, "height": 240})
        sheet.insert_chart(at // 2 * _CHART_ROWS, at % 2 * _CHART_COLUMNS, chart)
