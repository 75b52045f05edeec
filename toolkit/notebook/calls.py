"""The report on calls in a notebook: figures and pictures first, every table behind a word."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import ParameterError
from toolkit.notebook.markup import Facts, Grid, Picture, Said, Speech, View
from toolkit.reports import Chart
from toolkit.reports.calls import CallsReport, ReportTable, chart_of
from toolkit.reports.calls.charts import overview

__all__ = ["Calls"]

_ROWS = 15


class Calls:
    """The calls of a portal, as its snapshots know them.

    Args:
        report: the report.
        speech: the reader's language.
        folder: where `write` puts the files.
    """

    def __init__(self, report: CallsReport, speech: Speech, folder: Path) -> None:
        self.report, self._speech, self._folder = report, speech, folder

    def _repr_html_(self) -> str:
        return self._view(overview(dict(self.report.pivots)))._repr_html_()

    def __repr__(self) -> str:
        return repr(self._view(None))

    def _view(self, picture: Chart | None) -> View:
        say, report = self._speech, self.report
        read = say.wording.moment(report.dataset.taken)
        blocks: list[Said | Facts | Picture] = [
            Said(f"{report.title} · {report.dataset.portal}", head=True),
            Said(say(f"Read {read}.", f"Прочитано {read}.") + " " + " ".join(report.notes())),
            Facts([(figure.words, figure.value) for figure in report.figures()]),
        ]
        if picture is not None:
            blocks.append(Picture(picture.svg()))
        return View(say, blocks)

    def table(self, name: str) -> View:
        """One table and its picture.

        Args:
            name: employee, department, line, month, result, hours, coverage, appeals (those without calls),
                audit_line, audit_employee, repairs, audit_calls.

        Raises:
            ParameterError: there is no such table, or nothing is in it.
        """
        tables = self.report.tables()
        if name not in tables:
            raise ParameterError(
                "calls", "table", name, "is not in this report", f"There are: {', '.join(tables)}."
            )
        chart = chart_of(self.report, name)
        pictures = [Picture(chart.svg())] if chart is not None else []
        return View(self._speech, [*pictures, *self._grid(tables[name])])

    def coverage(self) -> View:
        """How many calls lacked an appeal before the run that made them, and how many do now."""
        if self.report.coverage is None:
            say = self._speech
            said = say("No run has made appeals yet.", "Обращений из звонков ещё не создавали.")
            return View(say, [Said(said)])
        return self.table("coverage")

    def audit(self) -> View:
        """Who answers whose clients, by line and employee, and which clients to hand over."""
        tables = self.report.tables()
        names = ("audit_line", "audit_employee", "repairs")
        blocks = [block for name in names if name in tables for block in self._grid(tables[name])]
        if blocks:
            return View(self._speech, blocks)
        said = self._speech("No call was answered by anybody else.", "Чужих звонков никто не принимал.")
        return View(self._speech, [Said(said)])

    def write(self, folder: str | Path | None = None) -> View:
        """Write calls.html, calls.xlsx, calls.parquet and the handovers, and say where they are.

        Args:
            folder: where; beside the portal's snapshots when None.

        Raises:
            StorageError: a file cannot be written.
        """
        say = self._speech
        paths = self.report.write(Path(folder) if folder is not None else self._folder)
        return View(
            say, [Said(say("Report", "Отчёт"), head=True), *(Said(_shown(path)) for path in paths.values())]
        )

    def _grid(self, table: ReportTable) -> list[Said | Grid]:
        note = [Said(table.note)] if table.note else []
        return [Said(table.title, head=True), Grid(table.listing(), size=_ROWS), *note]


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
