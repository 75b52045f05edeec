"""What is in a portal and how clean it is, in a notebook: tables, pictures, month over month."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import ParameterError
from toolkit.notebook.markup import Facts, Grid, Pictures, Said, Speech, View
from toolkit.reports import Chart
from toolkit.reports.health import HealthReport, over_time, overview
from toolkit.reports.health.charts import entity_words

__all__ = ["Health"]


class Health:
    """What snapshots show about a portal.

    Args:
        report: the report.
        speech: the reader's language.
        folder: where `write` puts the files.
    """

    def __init__(self, report: HealthReport, speech: Speech, folder: Path) -> None:
        self.report, self._speech, self._folder = report, speech, folder

    def _repr_html_(self) -> str:
        return self._view()._repr_html_()

    def __repr__(self) -> str:
        return repr(self._view())

    def _view(self) -> View:
        say, number, latest = self._speech, self._speech.wording.number, self.report.latest
        about = latest.snapshot.manifest
        counts = [
            (entity_words(each.name, say.language), number(each.records)) for each in about.entities.values()
        ]
        dirt = [
            (
                one.words(say.language),
                say(
                    f"{number(one.found)} of {number(one.total)}",
                    f"{number(one.found)} из {number(one.total)}",
                ),
            )
            for one in latest.measures.values()
        ]
        read = say(
            f"Read {say.wording.moment(about.finished)} by {about.reader_name}",
            f"Прочитано {say.wording.moment(about.finished)}, от имени: {about.reader_name}",
        )
        notes = [Said(each, "warn") for each in self.report.notes()]
        return View(
            say,
            [
                Said(f"{say('What is in', 'Что лежит в')} {about.portal}", head=True),
                Said(read),
                *notes,
                Facts(counts),
                Said(say("What is out of order", "Что не в порядке"), head=True),
                Facts(dirt),
            ],
        )

    def comparison(self) -> View:
        """Every measure in every snapshot, and what became of it between the last two."""
        listing = self.report.comparison()
        return View(self._speech, [Said(self._title(), head=True), Grid(listing, size=listing.total)])

    def changes(self) -> View:
        """A picture per measure: how it was in each snapshot."""
        report = self.report
        pictures = Pictures([self.over_time(name).svg() for name in report.names()])
        return View(self._speech, [Said(self._title(), head=True), pictures])

    def over_time(self, name: str) -> Chart:
        """One measure as it was in each snapshot.

        Args:
            name: of the measure: phones, surplus, left, no_responsible, apart, contact_without_deal,
                deal_without_client, lost_company, unreachable, calls_without_appeal, routing_gaps.

        Raises:
            ParameterError: no snapshot can tell it.
        """
        held = self.report.having(name)
        if not held:
            known = ", ".join(self.report.names())
            raise ParameterError("health", "measure", name, "is not in this report", f"There are: {known}.")
        return over_time(name, held, self.report.language)

    def duplicates(self) -> View:
        """Cards that are surely one client, group by group."""
        say, latest = self._speech, self.report.latest
        spare = say.wording.number(latest.measures["surplus"].found)
        asked = say.wording.number(latest.asked)
        head = say(
            f"{spare} cards could go; {asked} pairs are for a person to judge",
            f"Можно убрать карточек: {spare}; пар на взгляд человека: {asked}",
        )
        return View(say, [Said(head, head=True), Grid(self.report.duplicates())])

    def owners_who_left(self) -> View:
        """Who left and still is responsible, and for how much."""
        say = self._speech
        head = say("Responsible, but gone", "Ответственные, которых уже нет")
        return View(say, [Said(head, head=True), Grid(self.report.owners_who_left())])

    def picture(self) -> Chart:
        """Four pictures in one: what there is, what is out of order, phones, owners who left."""
        return overview(self.report.latest, self.report.language)

    def write(self, folder: str | Path | None = None) -> View:
        """Write health.html and health.xlsx, and say where they are.

        Args:
            folder: where; beside the portal's snapshots when None.

        Raises:
            StorageError: a file cannot be written.
        """
        paths = self.report.write(Path(folder) if folder is not None else self._folder)
        said = [Said(str(path)) for path in paths.values()]
        return View(self._speech, [Said(self._speech("Report", "Отчёт"), head=True), *said])

    def _title(self) -> str:
        return f"{self.report.title} · {self.report.portal}"
