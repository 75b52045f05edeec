"""The report on calls as one HTML page that loads nothing from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from toolkit.reports.calls import charts
from toolkit.reports.calls.tables import ReportTable
from toolkit.reports.files import private_part
from toolkit.reports.pictures import Chart

if TYPE_CHECKING:
    from toolkit.reports.calls.report import CallsReport

__all__ = ["chart_of", "page"]

_ROWS = 25


def chart_of(report: CallsReport, name: str) -> Chart | None:
    """The picture that belongs to a table of the report; None where a table says it better."""
    match name:
        case "month":
            return charts.by_month(report.pivots[name])
        case "hours":
            return charts.hours(report.pivots[name])
        case "result":
            return charts.results(report.pivots[name])
        case "employee" | "department" | "line":
            return charts.employees(report.pivots[name])
        case "coverage" if report.coverage is not None:
            return charts.coverage_by_month(report.coverage)
    return None


def _is_long(table: ReportTable) -> bool:
    return table.name in ("month", "coverage") and len(table.frame) > _ROWS


def page(report: CallsReport, path: Path) -> Path:
    """Write the page.

    Raises:
        OSError: it cannot be written.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    wording = report.wording
    tables = report.tables()
    pictures = {name: chart.svg() for name in tables if (chart := chart_of(report, name)) is not None}
    text = environment.get_template("page.html.j2").render(
        _=wording,
        report=report,
        tables=tables,
        pictures=pictures,
        # A picture that shows every cell needs no table beside it, nor one of many months half a table.
        drawn_only={name for name in pictures if name == "hours" or _is_long(tables[name])},
        rows=_ROWS,
        taken=wording.moment(report.dataset.taken),
        russian=report.language == "ru",
    )
    with private_part(path) as part:
        part.write_text(text, encoding="utf-8")
    return path
