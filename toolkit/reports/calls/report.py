"""The whole report on calls: figures, pivots, audit, what a run changed; and the files it is handed over in.

CallsDataset ──▶ CallsReport ──▶ calls.html, calls.xlsx, calls.parquet, reassign-contact.xlsx
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pandas as pd

from toolkit.errors import StorageError
from toolkit.reports.calls.audit import RoutingAudit, audit_routing
from toolkit.reports.calls.columns import Language
from toolkit.reports.calls.dataset import CallsDataset
from toolkit.reports.calls.page import page
from toolkit.reports.calls.pivots import Pivot, appeals_without_calls, coverage, pivots
from toolkit.reports.calls.tables import ReportTable, audit_tables, of_appeals, of_pivot
from toolkit.reports.calls.workbook import write_handovers, write_workbook
from toolkit.runs.report.wording import Wording
from toolkit.runs.report.workbook import MOST_ROWS

__all__ = ["CallsReport", "Figure"]

_HANDED_OVER = ("contact", "company")


@dataclass(frozen=True)
class Figure:
    """One number of the summary.

    Args:
        words: what is counted.
        value: as it is read.
        tone: `warn` for what needs a look, else "".
    """

    words: str
    value: str
    tone: Literal["", "warn"] = ""


@dataclass(frozen=True)
class CallsReport:
    """The report on the calls of one portal.

    Args:
        dataset: the calls.
        pivots: the standard tables, by name.
        audit: who answers whose clients.
        coverage: calls without an appeal before and after a run; None when there is nothing to compare.
    """

    dataset: CallsDataset
    pivots: Mapping[str, Pivot]
    audit: RoutingAudit
    coverage: Pivot | None

    @classmethod
    def of(
        cls, dataset: CallsDataset, *, before: CallsDataset | None = None, seen: pd.DataFrame | None = None
    ) -> CallsReport:
        """The report on a dataset.

        Args:
            dataset: the calls.
            before: the same calls before a run, to compare with.
            seen: responsibles other snapshots saw, see `responsibles_seen`.
        """
        compared = coverage(before, dataset) if before is not None else None
        return cls(dataset, pivots(dataset), audit_routing(dataset, seen), compared)

    @property
    def language(self) -> Language:
        """Of its words."""
        return self.dataset.language

    @property
    def wording(self) -> Wording:
        """Numbers and moments as its reader expects them, in the portal's time."""
        zone = self.dataset.calendar.zone
        taken = datetime.fromisoformat(self.dataset.taken) if self.dataset.taken else datetime.now(zone)
        return Wording(
            self.language, int((zone.utcoffset(taken.replace(tzinfo=None)) or timedelta()).total_seconds())
        )

    @property
    def title(self) -> str:
        """What the report is called."""
        return "Звонки" if self.language == "ru" else "Calls"

    def tables(self) -> dict[str, ReportTable]:
        """Every table, in the order of the report; empty ones are left out."""
        found = {name: of_pivot(pivot) for name, pivot in self.pivots.items()}
        if self.coverage is not None:
            found["coverage"] = of_pivot(self.coverage)
        found |= audit_tables(self.audit)
        if len(self.dataset.appeals):
            found["appeals"] = of_appeals(appeals_without_calls(self.dataset), self.language)
        return {name: table for name, table in found.items() if len(table.frame)}

    def figures(self) -> list[Figure]:
        """The numbers to begin with."""
        russian, wording = self.language == "ru", self.wording
        total = self.pivots["month"].total
        calls, missed = int(total["calls"]), int(total["missed"])
        incoming, without = int(total["incoming"]), int(total["without_appeal"])
        silent = missed - int(total["called_back"])
        answered, others = len(self.audit.calls), int((~self.audit.calls["own"]).sum())

        def part(number: int, of: int) -> str:
            return f"{wording.number(number)} ({wording.share(number, of)})" if of else wording.number(number)

        found = [
            Figure("Звонков" if russian else "Calls", wording.number(calls)),
            Figure("Входящих без ответа" if russian else "Incoming not answered", part(missed, incoming)),
            Figure(
                "из них никто не поговорил за неделю"
                if russian
                else "of these nobody spoke to within a week",
                part(silent, missed),
                "warn" if silent else "",
            ),
        ]
        if len(self.dataset.appeals):
            empty = int(self.dataset.appeals["calls"].eq(0).sum())
            found += [
                Figure(
                    "Звонков без обращения" if russian else "Calls without an appeal",
                    part(without, calls),
                    "warn" if without else "",
                ),
                Figure(
                    "Обращений без звонков" if russian else "Appeals without calls",
                    part(empty, len(self.dataset.appeals)),
                    "warn" if empty else "",
                ),
            ]
        found += [
            Figure(
                "Ответил не ответственный" if russian else "Answered by somebody else",
                part(others, answered),
                "warn" if others else "",
            ),
            Figure(
                "Клиентов стоит передать" if russian else "Clients to hand over",
                wording.number(len(self.audit.repairs)),
                "warn" if len(self.audit.repairs) else "",
            ),
        ]
        return found

    def notes(self) -> list[str]:
        """What a reader has to know: the period, the hours, what was left out."""
        russian, wording = self.language == "ru", self.wording
        table, found = self.dataset.table, []
        starts = table["start"].dropna()
        if len(starts):
            first, last = starts.min(), starts.max()
            form = "%d.%m.%Y" if russian else "%Y-%m-%d"
            span = f"{first:{form}} – {last:{form}}"
            found.append(f"Звонки за {span}." if russian else f"Calls of {span}.")
        if self.dataset.twice:
            many = wording.number(self.dataset.twice)
            found.append(
                f"Строк статистики, повторяющих другой звонок: {many}; не учтены."
                if russian
                else f"Lines of the statistics that repeat another call: {many}; left out."
            )
        odd = int(table["problem"].ne("").sum())
        if odd:
            many = wording.number(odd)
            found.append(
                f"Звонков с замечанием (время или длительность нелепы): {many}; длительность не учтена."
                if russian
                else f"Calls with a remark (absurd time or duration): {many}; their durations are left out."
            )
        found.append(
            "Ожидание известно лишь для неотвеченных и переведённых звонков: статистика его не хранит."
            if russian
            else "Waiting is known of unanswered and redirected calls only: the statistics do not keep it."
        )
        return found

    def write(self, folder: Path, *, most_rows: int = MOST_ROWS) -> dict[str, Path]:
        """Write the page, the workbook, the table as Parquet, and the handovers the audit proposes.

        Args:
            folder: made when it is missing; files of an earlier report are replaced. All are readable by
                their owner only and appear whole or not at all.
            most_rows: how many calls, the newest, the workbook lists; the Parquet file holds all.

        Returns:
            What to which path: `page`, `workbook`, `table`, and `reassign-contact`, `reassign-company` where
            there is somebody to hand over.

        Raises:
            StorageError: a file cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            found = {
                "page": page(self, folder / "calls.html"),
                "workbook": write_workbook(self, folder / "calls.xlsx", most_rows=most_rows),
                "table": self.dataset.write_parquet(folder / "calls.parquet"),
            }
        except OSError as error:
            raise _unwritten(folder, error) from error
        return found | self.write_handovers(folder)

    def write_handovers(self, folder: Path) -> dict[str, Path]:
        """Write only the handovers the audit proposes, as `reassign_by_table` takes them.

        Args:
            folder: see `write`.

        Raises:
            StorageError: a file cannot be written.
        """
        found = {}
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in _HANDED_OVER:
                table, path = self.audit.handovers(name), folder / f"reassign-{name}.xlsx"
                path.unlink(missing_ok=True)  # an older proposal would be carried out by mistake
                if len(table):
                    found[f"reassign-{name}"] = write_handovers(table, path)
        except OSError as error:
            raise _unwritten(folder, error) from error
        return found


def _unwritten(folder: Path, error: OSError) -> StorageError:
    return StorageError(folder, str(error.strerror or error), "Free some space, or mend the folder's rights.")
