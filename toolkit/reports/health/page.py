"""The health report as one HTML page that loads nothing from anywhere."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from toolkit.reports.files import private_part
from toolkit.reports.health.charts import over_time, overview
from toolkit.runs.report.listings import Cell, Mark
from toolkit.runs.report.names import Piece
from toolkit.runs.report.wording import Wording

if TYPE_CHECKING:
    from toolkit.reports.health.report import HealthReport

__all__ = ["page"]

_ROWS = 25


def page(report: HealthReport, path: Path) -> Path:
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
    charts = [over_time(name, report.having(name), report.language).svg() for name in report.names()]
    text = environment.get_template("page.html.j2").render(
        _=wording,
        report=report,
        russian=report.language == "ru",
        comparison=report.comparison(),
        listings=[report.owners_who_left(), report.duplicates()],
        overview=overview(report.latest, report.language).svg(),
        charts=charts if len(report.measured) > 1 else [],
        pieces=lambda cell: _pieces(cell, wording),
        rows=_ROWS,
    )
    with private_part(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def _pieces(cell: Cell, wording: Wording) -> list[Piece]:
    """What stands in a cell, ready to be read."""
    if cell is None:
        return [Piece("–")]
    if isinstance(cell, str):
        return [Piece(cell)]
    if isinstance(cell, Mark):
        return [Piece(cell.text)]
    if isinstance(cell, datetime):
        return [Piece(wording.moment(cell.timestamp()))]
    if isinstance(cell, int | float):
        return [Piece(wording.number(cell))]
    return list(cell)
