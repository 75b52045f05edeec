"""A portal's health in one snapshot or month over month, and the files it is handed over in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd

from toolkit.errors import ParameterError, StorageError
from toolkit.reports.health.charts import entity_words
from toolkit.reports.health.measures import OWNED, Measured
from toolkit.reports.health.page import page
from toolkit.reports.health.workbook import write_workbook
from toolkit.runs.report.listings import Cell, Column, Listing
from toolkit.runs.report.names import Names, Piece
from toolkit.runs.report.wording import Language, Wording

__all__ = ["HealthReport"]


@dataclass(frozen=True)
class HealthReport:
    """What is out of order in one portal, in each of its snapshots.

    Args:
        measured: one or more of the same portal, the oldest first; `HealthReport.of` sorts them.
        language: of its words.
    """

    measured: Sequence[Measured]
    language: Language

    @classmethod
    def of(cls, measured: Sequence[Measured], language: Language = "ru") -> HealthReport:
        """The report on these snapshots; one that is given twice counts once.

        Raises:
            ParameterError: there is none, or they are of different portals.
        """
        portals = sorted({each.snapshot.manifest.portal for each in measured})
        if len(portals) != 1:
            raise ParameterError(
                "health",
                "snapshots",
                portals,
                "are not snapshots of one portal",
                "Give one or more snapshots of the same portal.",
            )
        once = {each.snapshot.digest: each for each in measured}
        return cls(sorted(once.values(), key=lambda each: each.taken), language)

    @property
    def latest(self) -> Measured:
        """The newest snapshot."""
        return self.measured[-1]

    @property
    def portal(self) -> str:
        """Host name."""
        return self.latest.snapshot.manifest.portal

    @property
    def wording(self) -> Wording:
        """Numbers and moments as the reader writes them."""
        return Wording(self.language, self.latest.snapshot.manifest.offset_s)

    @property
    def title(self) -> str:
        """What the report is called."""
        return "Состояние портала" if self.language == "ru" else "Portal health"

    def table(self) -> pd.DataFrame:
        """Every measure in every snapshot.

        Returns:
            Columns: taken (ISO 8601), name, found, total, share (0 to 1), change (against the snapshot before
            that has the measure; missing for the first).
        """
        rows = [
            (each.taken, one.name, one.found, one.total, one.share)
            for each in self.measured
            for one in each.measures.values()
        ]
        frame = pd.DataFrame(rows, columns=["taken", "name", "found", "total", "share"])
        frame["change"] = frame.groupby("name")["found"].diff().astype("Int64")
        return frame

    def having(self, name: str) -> list[Measured]:
        """The snapshots that can tell a measure."""
        return [each for each in self.measured if name in each.measures]

    def names(self) -> list[str]:
        """Every measure some snapshot has, in the order it is shown."""
        return list(dict.fromkeys(name for each in reversed(self.measured) for name in each.measures))

    def notes(self) -> list[str]:
        """What a reader has to know."""
        said = []
        if any(not each.snapshot.manifest.reader_is_admin for each in self.measured):
            said.append(
                "Прочитано не администратором: видно могло быть не всё."
                if self.language == "ru"
                else "Not read by an administrator: may not have seen everything."
            )
        uneven = [name for name in self.names() if len(self.having(name)) < len(self.measured)]
        if uneven:
            said.append(
                "Не во всех снимках есть всё нужное: где данных нет, стоит прочерк."
                if self.language == "ru"
                else "Some snapshots do not hold everything: a dash stands where nothing is known."
            )
        return said

    # -- tables --------------------------------------------------------------------------------------

    def comparison(self) -> Listing:
        """A row per measure, a column per snapshot, what became of it between the last two."""
        russian, wording = self.language == "ru", self.wording
        columns = [Column("Что не в порядке" if russian else "What is out of order", 40)]
        short = [wording.moment(each.taken) for each in self.measured]
        exact = [wording.moment(each.taken, seconds=True) for each in self.measured]
        headings = short if len(set(short)) == len(short) else exact
        columns += [Column(each, 20, "number") for each in headings]
        columns.append(Column("Доля" if russian else "Share", 10, "number"))
        if len(self.measured) > 1:
            columns.append(Column("Изменение" if russian else "Change", 12, "number"))
        rows: list[Sequence[Cell]] = [self._row(name) for name in self.names()]
        return Listing("Сравнение" if russian else "Comparison", columns, len(rows), lambda: iter(rows))

    def as_text(self) -> pd.DataFrame:
        """The comparison as a terminal shows it; cells are text."""
        listing = self.comparison()
        rows = [
            [
                "–"
                if cell is None
                else cell
                if isinstance(cell, str)
                else self.wording.number(int(str(cell)))
                for cell in row
            ]
            for row in listing.rows()
        ]
        return pd.DataFrame(rows, columns=[column.heading for column in listing.columns])

    def _row(self, name: str) -> list[Cell]:
        held = self.having(name)
        latest = held[-1].measures[name]
        cells: list[Cell] = [latest.words(self.language)]
        cells += [each.measures[name].found if name in each.measures else None for each in self.measured]
        cells.append(self.wording.share(latest.found, latest.total))
        if len(self.measured) > 1:
            steps = [new.measures[name].found - old.measures[name].found for old, new in pairwise(held)]
            cells.append(self._signed(steps[-1]) if steps else None)
        return cells

    def _signed(self, step: int) -> str:
        if step == 0:
            return "0"
        # A true minus: a workbook takes a hyphen in front for a formula.
        return f"{'+' if step > 0 else '−'}{self.wording.number(abs(step))}"

    def duplicates(self) -> Listing:
        """Cards that are surely one client in the newest snapshot, the largest groups first."""
        russian, found = self.language == "ru", self.latest
        names = Names(found.snapshot, self.portal, self.wording)
        shown = found.groups.sort_values(
            ["size", "entity", "group", "id"], ascending=[False, True, True, True]
        )
        for entity, cards in shown.groupby("entity"):
            names.learn(str(entity), cards["id"])
        columns = [
            Column("клиент" if russian else "client", 10, "id"),
            Column("карточка" if russian else "card", 18),
            Column("имя" if russian else "name", 40),
            Column("карточек" if russian else "cards", 10, "number"),
        ]
        rows: list[Sequence[Cell]] = [
            [int(group), [names.record(str(entity), number)], names.title(str(entity), number), int(size)]
            for entity, group, number, size in shown[["entity", "group", "id", "size"]].to_numpy()
        ]
        title = "Лишние карточки" if russian else "Surplus cards"
        return Listing(title, columns, len(rows), lambda: iter(rows))

    def owners_who_left(self) -> Listing:
        """Who left by the newest snapshot and still is responsible, and for how much."""
        russian, found = self.language == "ru", self.latest
        names = Names(found.snapshot, self.portal, self.wording)
        columns = [
            Column("сотрудник" if russian else "employee", 30),
            *(Column(entity_words(each, self.language), 12, "number") for each in OWNED),
            Column("всего" if russian else "total", 12, "number"),
        ]
        rows: list[Sequence[Cell]] = [
            [[Piece(names.user(user), names.url("user", int(user)))], *(int(each) for each in counts)]
            for user, counts in zip(found.owned.index, found.owned.to_numpy(), strict=True)
        ]
        title = "Записи уволенных" if russian else "Records of people who left"
        return Listing(title, columns, len(rows), lambda: iter(rows))

    # -- files ---------------------------------------------------------------------------------------

    def write(self, folder: Path) -> dict[str, Path]:
        """Write `health.html` and `health.xlsx`.

        Args:
            folder: made when it is missing; files of an earlier report are replaced. Both are readable by
                their owner only and appear whole or not at all.

        Returns:
            `page` and `workbook` to their paths.

        Raises:
            StorageError: a file cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return {
                "page": page(self, folder / "health.html"),
                "workbook": write_workbook(self, folder / "health.xlsx"),
            }
        except OSError as error:
            problem = str(error.strerror or error)
            raise StorageError(folder, problem, "Free some space, or mend the folder's rights.") from error
