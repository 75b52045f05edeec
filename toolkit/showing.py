"""Runs, plans, costs and certificates as text for a terminal: thin, and in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from toolkit.errors import ToolkitError
from toolkit.operations import catalogue
from toolkit.runs import Certificate, PlanCost, Run, Undo
from toolkit.runs.report.names import Names
from toolkit.runs.report.wording import Language, Wording
from toolkit.sheets.labels import LABELS, verdict
from toolkit.words import translator
from toolkit.workflow import Finding, Rehearsal

if TYPE_CHECKING:
    from toolkit.sheets.checking import CheckedDirectory

__all__ = ["Shower", "duration"]

FIRST_ROWS = 8


def undoable(run: Run) -> Mapping[str, str]:
    """What of a run can be taken back, by language; empty when its operation is not in the catalogue."""
    if run.facts.undoes:
        return Undo.undo
    kind = catalogue().get(run.facts.operation)
    return kind.undo if kind is not None else {}


def duration(seconds: float, language: str = "en") -> str:
    """`1:02:03`, or `12 s` (in Russian `12 с`) below a minute."""
    unit = "с" if language == "ru" else "s"
    return f"{seconds:.0f} {unit}" if seconds < 60 else str(timedelta(seconds=round(seconds)))


def _nothing() -> None:
    return None


class Shower:
    """Prints what a person reads.

    Args:
        language: `ru` or `en`.
        console: where to; standard output unless given.
    """

    def __init__(self, language: str, console: Console | None = None) -> None:
        self._ = translator(language)
        self.language: Language = "ru" if language == "ru" else "en"
        self._wording = Wording(self.language)
        self._reason = self._wording.phrase
        self._console = console or Console(highlight=False)
        self.before: Callable[[], None] = _nothing

    @property
    def console(self) -> Console:
        """Where to print, once what lies above it was taken away: `before` is called first."""
        self.before()
        return self._console

    def line(self, text: str, style: str = "") -> None:
        """One line."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    def error(self, error: ToolkitError) -> None:
        """An error, on standard error."""
        Console(stderr=True, highlight=False).print(Text(error.in_words(self.language), style="red"))

    def plan(self, run: Run, cost: PlanCost | None = None) -> None:
        """Counts by kind and reason, what is left to a person, the first rows, cost, what can be undone."""
        _ = self._
        plan = run.plan
        names = Names(run.naming, run.facts.portal, self._wording)
        title = f"{_('Plan')} {run.id}"
        parts: list[RenderableType] = [
            Text(f"{run.facts.operation} · {run.facts.portal} · {_('changes')}: {len(plan.active)}")
        ]
        if len(plan.active):
            counted = [
                (self._wording(kind), self._entity(name), self._reason(reason), count)
                for kind, name, reason, count in plan.summary().to_numpy()
            ]
            parts.append(self._table([_("kind"), _("entity"), _("reason"), _("count")], counted))
        if len(plan.listed):
            parts.append(Text(_("Left to a person:"), style="bold"))
            left = [
                (self._entity(name), self._reason(reason), count)
                for name, reason, count in plan.left_out().to_numpy()
            ]
            parts.append(self._table([_("entity"), _("reason"), _("count")], left))
        if plan.tally():
            parts.append(Text(_("Accounted for:"), style="bold"))
            told = [(self._reason(words), count) for words, count in plan.tally().items()]
            parts.append(self._table([_("what becomes of them"), _("count")], told))
        first = plan.active[plan.active["kind"] != "notify"].head(FIRST_ROWS)
        if len(first):
            shown, total = len(first), len(plan.active)
            parts.append(
                Text(_("First {shown} of {total} changes:").format(shown=shown, total=total), style="bold")
            )
            for name, rows_of in first.groupby("entity"):
                names.learn(str(name), rows_of["record_id"])
            rows = [
                (
                    names.record(row["entity"], row["record_id"]).text
                    + " "
                    + names.title(row["entity"], row["record_id"]),
                    *names.before_and_after(row),
                )
                for row in (
                    {str(key): value for key, value in each.items()} for each in first.to_dict("records")
                )
            ]
            parts.append(self._table([_("record"), _("before"), _("after")], rows))
        if cost is not None:
            parts += self._cost(cost)
        undo = undoable(run)
        if undo:
            parts.append(Text(_("Can be taken back: {what}").format(what=undo[self.language])))
        self.console.print(Panel(Group(*parts), title=title, title_align="left", box=box.ROUNDED))

    def _cost(self, cost: PlanCost) -> list[RenderableType]:
        _ = self._
        second = "с" if self.language == "ru" else "s"
        seconds = ", ".join(
            f"{row['method']} {self._wording.number(round(row['operating_s'], 1))} {second}"
            for row in cost.table().to_dict("records")
            if row["operating_s"] >= 0.05
        )
        text = _(
            "Cost: {apply} requests to write, {verify} to prove; about {time}; limited by: {limit}"
        ).format(
            apply=cost.apply.requests,
            verify=cost.verify.requests,
            time=duration(cost.seconds, self.language),
            limit=_(cost.apply.binds),
        )
        parts: list[RenderableType] = [Text(text)]
        if seconds:
            parts.append(Text(_("Execution time on the portal: ") + seconds))
        if cost.assumed:
            parts.append(
                Text(
                    _("Assumed until this portal has shown its own: {methods}").format(
                        methods=", ".join(cost.assumed)
                    )
                )
            )
        if cost.window_s is not None:
            fits = (
                _("fits the window") if cost.fits else _("does NOT fit the window; it will pause and go on")
            )
            parts.append(Text(fits, style="green" if cost.fits else "yellow"))
        return parts

    def rehearsal(self, rehearsal: Rehearsal) -> None:
        """What came of the rehearsal."""
        _ = self._
        if rehearsal.clean:
            time = duration(rehearsal.seconds, self.language)
            self.line(
                _("Rehearsal on a sandbox: clean ({time} on a played clock).").format(time=time), "green"
            )
            return
        self.line(_("Rehearsal on a sandbox: NOT clean."), "yellow")
        self._certificate(rehearsal.certificate)
        for words, count in rehearsal.refused.items():
            self.line(f"  {count} × {words}")

    def certificate(self, certificate: Certificate) -> None:
        """The verdict of a verification."""
        _ = self._
        if certificate.complete:
            self.line(
                _("Certificate: clean. {cells} cells read as planned; a second plan is empty.").format(
                    cells=certificate.as_planned
                ),
                "bold green",
            )
        elif certificate.clean:
            self.line(_("Certificate: clean, with exceptions that are listed."), "bold yellow")
        else:
            self.line(
                _("Certificate: REFUSED. Something reads otherwise and nobody answers for it."), "bold red"
            )
        self._certificate(certificate)

    def _certificate(self, certificate: Certificate) -> None:
        _ = self._
        states = ", ".join(f"{_(state)} {count}" for state, count in certificate.states.items())
        self.line(
            "  "
            + _(
                "changes: {states}; cells as planned {good}, changed by someone else {other},"
                " unexplained {bad}; second plan {again}, drift {drift}"
            ).format(
                states=states,
                good=certificate.as_planned,
                other=certificate.someone_else,
                bad=certificate.unexplained,
                again=certificate.second_plan,
                drift=certificate.drift,
            )
        )
        for cell in certificate.cells[:FIRST_ROWS]:
            self.line(
                f"  {cell['entity']} {cell['record_id']} {cell['field']}: {cell['found']!r}"
                f" ≠ {cell['wanted']!r} ({_(cell['verdict'])}, {cell['by']}, {cell['at']})"
            )

    def runs(self, runs: Sequence[Run]) -> None:
        """The list of runs, those of each portal below its name."""
        _ = self._
        portals: dict[str, list[tuple[Any, ...]]] = {}
        for run in runs:
            counts = run.journal.counts() if run.has_plan else {}
            outcome = ", ".join(f"{_(state)} {count}" for state, count in counts.items())
            changes = len(run.plan.active) if run.has_plan else 0
            portals.setdefault(run.facts.portal, []).append((run.id, _(run.state), changes, outcome))
            run.close()
        headings = [_("run"), _("state"), _("changes"), _("outcome")]
        for portal, rows in portals.items():
            self.line(portal, "bold")
            self.console.print(self._table(headings, rows, whole=headings[:2]))

    def problems(self, checked: CheckedDirectory) -> None:
        """The verdict on a routing directory and each of its problems, errors first."""
        self.line(verdict(len(checked.errors), len(checked.warnings), self.language), "bold")
        for each in [*checked.errors, *checked.warnings]:
            place = f"{each.place.sheet}!{each.place.address}"
            told = f"{each.what(self.language)} {each.fix(self.language)}"
            if each.further_suggestion is not None:
                told += " " + LABELS["maybe"][self.language].format(value=each.further_suggestion)
            self.line(f"{place}  {told}", "red" if each.severity == "error" else "yellow")

    def findings(self, findings: Sequence[Finding]) -> None:
        """What the doctor found."""
        marks = {"good": ("✓", "green"), "note": ("·", ""), "warning": ("!", "yellow"), "bad": ("✗", "red")}
        for finding in findings:
            mark, style = marks[finding.level]
            self.line(f"{mark} {finding.said(self.language)}", style)
            if finding.remedy:
                self.line(f"    {self._(finding.remedy)}")

    def frame(self, frame: pd.DataFrame) -> None:
        """A table, as it is; what its columns hold in the reader's language."""
        self.console.print(self._table([self._(str(name)) for name in frame.columns], frame.to_numpy()))

    def _entity(self, name: str) -> str:
        """An entity as the reader calls it."""
        return Names(None, "", self._wording).kind_of_record(name)

    def _table(
        self, headings: Sequence[str], rows: Iterable[Iterable[Any]], whole: Sequence[str] = ()
    ) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in headings:
            table.add_column(heading, overflow="fold", no_wrap=heading in whole)
        for row in rows:
            table.add_row(*(Text("" if value is None else str(value)) for value in row))
        return table
