"""One run as a notebook shows it: plan, cost, rehearsal, approval, certificate, and the way back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit import workflow
from toolkit.errors import ApprovalNeeded, Paused, PlanError, ToolkitError
from toolkit.notebook.approval import (
    agree_in_words,
    agreement_form,
    ask,
    has_widgets,
    refused_headless,
)
from toolkit.notebook.markup import Facts, Grid, Picture, Said, Speech, View
from toolkit.notebook.outcome import note_outcome
from toolkit.progress import ProgressBar, somebody_watches
from toolkit.records import Snapshot
from toolkit.runs import Certificate, Policy, Run, write_report
from toolkit.runs.report.charts import people_bars, timeline_chart
from toolkit.runs.report.evidence import Evidence, gather
from toolkit.runs.report.html import title_of
from toolkit.runs.report.listings import Listing, Tables
from toolkit.runs.report.names import Names
from toolkit.runs.report.timeline import timeline_of
from toolkit.runs.report.verdict import judge_run
from toolkit.workflow import Workspace

if TYPE_CHECKING:
    from toolkit.notebook.duplicates import GroupReview

__all__ = ["OpenRun"]

_FIRST = 10
_PEOPLE = 15
_WORTH_TELLING_S = 1.0


class OpenRun:
    """A run in a notebook. Every verb may be called again: what is over is shown, what is not goes on.

    Args:
        work: where.
        run: the run.
        bar: shows long work.
        note: why this run is shown rather than a new one, for the reader; "" for none.
    """

    def __init__(self, work: Workspace, run: Run, bar: ProgressBar, note: str = "") -> None:
        self.work, self.run, self._bar, self.note = work, run, bar, note

    @property
    def id(self) -> str:
        """Run id."""
        return self.run.id

    @property
    def state(self) -> str:
        """Where it stands; see `toolkit.runs.Run.state`."""
        return self.run.state

    @property
    def count(self) -> int:
        """Number of changes in its plan, as an approval wants it."""
        return len(self.run.plan.active)

    # -- looking -------------------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        return self.plan()._repr_html_()

    def __repr__(self) -> str:
        return repr(self.plan())

    def plan(self) -> View:
        """Counts by reason, what is left to a person, the first changes."""
        speech, evidence, tables = self._parts()
        head = f"{title_of(evidence, speech.wording)} · {evidence.facts.portal}"
        verdict = judge_run(evidence, speech.wording)
        blocks: list[Any] = [
            Said(head, head=True),
            *([Said(self.note, "wait")] if self.note else []),
            Said(f"{verdict.headline}. {' '.join(verdict.sentences)}", verdict.tone),
            Said(speech(f"Run {self.id}", f"Запуск {self.id}")),
        ]
        if self.count:
            blocks += [Said(speech("What changes, and why", "Что изменится и почему"), head=True)]
            blocks += [Grid(tables.by_reason())]
        if len(evidence.plan.listed):
            blocks += [Said(speech("Left to a person", "Оставлено человеку"), head=True)]
            blocks += [Grid(tables.left(), size=_FIRST)]
        if self.count:
            blocks += [Said(speech("First changes", "Первые изменения"), head=True)]
            blocks += [Grid(tables.first_changes(), size=_FIRST)]
        return View(speech, blocks)

    def changes(self) -> View:
        """Every change and what became of it, a page at a time: `.page(2)`."""
        return self._table("Changes", "Изменения", lambda tables: tables.first_changes())

    def left(self) -> View:
        """Records the operation leaves to a person, with the reason."""
        return self._table("Left to a person", "Оставлено человеку", lambda tables: tables.left())

    def conflicts(self) -> View:
        """Changes that were tried and not carried out: conflicts, refusals, what was put aside."""
        return self._table("Not carried out", "Не выполнено", lambda tables: tables.exceptions())

    def people(self) -> View:
        """Who gives and who receives how many records, as a picture and a table."""
        speech, evidence, tables = self._parts()
        names = tables.names
        rows = [
            (names.user(row["user"]), int(row["received"]), int(row["given"]))
            for row in evidence.handovers.head(_PEOPLE).to_dict("records")
        ]
        return View(speech, [Picture(people_bars(rows, speech.wording)), Grid(tables.people(), size=_PEOPLE)])

    def cost(self, window_s: float | None = None) -> View:
        """What writing and proving will take: requests, the portal's execution time, minutes, the limit.

        Args:
            window_s: seconds the run may take; says then whether it fits.
        """
        speech = self._speech()
        cost = workflow.cost_of(self.work, self.run, window_s=window_s)
        wording, seconds = speech.wording, cost.table().to_dict("records")
        binds = {"portal": speech("the portal's own work", "работа самого портала")}
        pairs = [
            (speech("Requests to write", "Запросов на запись"), wording.number(cost.apply.requests)),
            (speech("Requests to prove", "Запросов на проверку"), wording.number(cost.verify.requests)),
            (speech("About", "Займёт около"), wording.span(cost.seconds)),
            (
                speech("What takes the time", "Что ограничивает"),
                binds.get(cost.apply.binds, self._phrase(cost.apply.binds)),
            ),
            *(
                (
                    speech("Execution time", "Время выполнения") + f", {row['method']}",
                    wording.span(row["operating_s"]),
                )
                for row in seconds
                if row["operating_s"] >= 0.05
            ),
        ]
        blocks: list[Any] = [Said(speech("Cost", "Цена"), head=True), Facts(pairs)]
        if window_s is not None:
            fits = speech("It fits the window.", "Укладывается в окно.")
            pauses = speech(
                "It does not fit the window: it will pause and go on.",
                "Не укладывается в окно: сделает паузу.",
            )
            blocks.append(Said(fits if cost.fits else pauses, "good" if cost.fits else "warn"))
        return View(speech, blocks)

    def certificate(self) -> View:
        """The verdict of the last verification, and what it rests on."""
        speech, evidence, tables = self._parts()
        verdict = judge_run(evidence, speech.wording)
        blocks: list[Any] = [
            Said(verdict.headline, verdict.tone, head=True),
            *(Said(sentence) for sentence in verdict.sentences),
        ]
        if evidence.certificate is not None:
            counted = [
                (tables.state(state).text, speech.wording.number(number))
                for state, number in evidence.counts.items()
            ]
            cells = [
                (speech("cells as planned", "ячеек как задумано"), evidence.certificate["as_planned"]),
                (speech("changed by someone else", "изменены другими"), evidence.certificate["someone_else"]),
                (speech("unexplained", "без объяснения"), evidence.certificate["unexplained"]),
            ]
            blocks.append(Facts([*counted, *((name, speech.wording.number(n)) for name, n in cells)]))
        if len(tables.exceptions().first(1)):
            blocks += [Said(speech("Not carried out", "Не выполнено"), head=True)]
            blocks += [Grid(tables.exceptions(), size=_FIRST)]
        if tables.cells().total:
            blocks += [Said(speech("Not as planned", "Не как задумано"), head=True)]
            blocks += [Grid(tables.cells(), size=_FIRST)]
        return View(speech, blocks)

    def course(self) -> View:
        """Requests and settled changes over time, and the cost as it was."""
        speech, evidence, tables = self._parts()
        chart = timeline_chart(timeline_of(evidence), speech.wording)
        blocks: list[Any] = [Picture(chart), Grid(tables.cost())]
        if evidence.requests["waited_s"].sum() >= _WORTH_TELLING_S:
            blocks.append(Grid(tables.waits()))
        return View(speech, blocks)

    def report(self) -> View:
        """Writes report.html and report.xlsx into the run's folder, and says where they are."""
        speech = self._speech()
        paths = write_report(self.run, language=speech.language)
        return View(
            speech,
            [Said(speech("Report", "Отчёт"), head=True), *(Said(_shown(path)) for path in paths)],
        )

    # -- doing ---------------------------------------------------------------------------------------

    def rehearse(self) -> View:
        """Carry the plan out on a copy of the portal, once; later calls show what came of it."""
        if self.run.journal.last("rehearsed") is None and self.count and self.state == "planned":
            with self._bar:
                workflow.rehearse(self.work, self.run)
        speech = self._speech()
        known = self.run.journal.last("rehearsed")
        if known is None:
            words = (
                speech("Not rehearsed.", "Репетиции не было.")
                if self.count
                else speech("There is nothing to rehearse.", "Репетировать нечего.")
            )
            return View(speech, [Said(words)])
        span = speech.wording.span(known["seconds"])
        if known["clean"]:
            said = speech(
                f"Rehearsal on a copy: clean. On the portal it would take about {span}.",
                f"Репетиция на копии прошла чисто. На портале заняла бы около {span}.",
            )
            return View(speech, [Said(said, "good", head=True)])
        refused = [(words, speech.wording.number(count)) for words, count in known["refused"].items()]
        said = speech("Rehearsal on a copy: NOT clean.", "Репетиция на копии прошла НЕ чисто.")
        return View(speech, [Said(said, "bad", head=True), Facts(refused)])

    def approve(
        self,
        *,
        agree: str | None = None,
        policy: str | Path | None = None,
        portal: str | None = None,
        count: int | None = None,
        form: bool | None = None,
    ) -> Any:
        """Agree to the plan: by words, by a policy, or by a person who types the portal and the count.

        Args:
            agree: `PORTAL:COUNT`.
            policy: a policy file that approves instead.
            portal, count: the same as `agree`, apart.
            form: show a form rather than ask; None decides by what is installed.

        Returns:
            What to show; a form when a person has to fill one in.

        Raises:
            ApprovalNeeded: what was given does not fit the plan or the policy, or nobody is there to ask.
        """
        if self.state in ("planned", "rehearsed") and self.count:
            if policy:
                workflow.approve_by_policy(self.work, self.run, Policy.read(Path(policy)))
            elif agree:
                agree_in_words(self.run, agree)
            elif portal is not None and count is not None:
                workflow.approve(self.run, portal=portal, count=count)
            elif not somebody_watches():
                raise refused_headless(self.run)
            elif has_widgets() if form is None else form:
                return agreement_form(self.run, self._speech())
            else:
                ask(self.run, self._speech())
        return self._standing()

    def carry_out(self, *, canary: int = 10, notify: bool = True) -> View:
        """Write the plan, prove it, and show the certificate; goes on where it stopped.

        Args:
            canary: changes written and read again before the rest.
            notify: send the plan's notifications after a clean certificate.

        Raises:
            ApprovalNeeded: nobody agreed yet.
            Paused: interrupted; call it again to go on.
            LockedByAnother, CanaryFailed, AccessRefused, BreakerOpen, StorageError: see `workflow.carry_out`.
        """
        if not self.count or self.state == "verified":
            self._note()
            return self.certificate()
        approval = self.run.journal.last("approved")
        if approval is None or approval["plan"] != self.run.plan.id:
            say = self._speech()
            raise ApprovalNeeded(
                say(
                    f"Nobody agreed to the plan of run {self.id} yet.",
                    f"План запуска {self.id} ещё никто не согласовал.",
                ),
                say(
                    "Fill in the form of the approval cell above, then run this cell again.",
                    "Заполните форму согласия в ячейке выше и выполните эту ячейку ещё раз.",
                ),
            )
        already_begun = self.run.journal.last("applying") is not None
        canary = 0 if already_begun and self.run.journal.last("canary") is None else canary
        try:
            workflow.carry_out(self.work, self.run, canary=min(canary, self.count), notify=notify)
        except Paused:
            print(  # noqa: T201  # what a person reads above the error
                self._speech()(
                    "Paused cleanly. Run this cell again, or portal.resume() in any notebook.",
                    "Пауза, ничего не потеряно. Выполните ячейку ещё раз или portal.resume() в любом ноутбуке.",
                )
            )
            raise
        self._note()
        return self.certificate()

    def undo(self, *, records: Iterable[int] | None = None, again: bool = False) -> OpenRun:
        """The run that takes this one back: the unfinished or finished one there is, else a new plan.

        Args:
            records: only these record ids.
            again: make a new plan even though one was carried out.

        Raises:
            PlanError: this run changed nothing.
        """
        chosen = sorted(records) if records is not None else None
        runs = Run.all(self.work.root, self.work.clock.now)
        for each in reversed(runs):
            same = each.facts.undoes == self.id and each.facts.parameters.get("records") == chosen
            waits = each.unfinished or (each.state in ("planned", "rehearsed") and not _outdated(each, runs))
            if same and (waits or (each.state == "verified" and not again)):
                return OpenRun(self.work, each, self._bar, shown_again(self.work, each, self._speech()))
            each.close()
        with self._bar:
            run = workflow.plan_undo(self.work, self.run, records=chosen)
        return OpenRun(self.work, run, self._bar)

    # -- cards that are one client ----------------------------------------------------------------------

    def review(self) -> GroupReview:
        """The groups of cards this plan offers: to look at, to explain, to answer."""
        from toolkit.notebook.duplicates import GroupReview  # matching costs a second other notebooks save

        return GroupReview(self.work, self.run, self._speech())

    def reviewed(self, review: GroupReview, answers: Mapping[Any, Any] | None = None) -> OpenRun:
        """The run that does what was said in a review; this one where everything stays as proposed.

        Args:
            review: what `review` gave.
            answers: number of a group to `merge`, `leave` or `different`.

        Raises:
            PlanError: an answer asks for what was not offered.
        """
        run = review.done(answers)
        return self if run is self.run else OpenRun(self.work, run, self._bar)

    def traces(self, card: int = 0) -> View:
        """Where merged cards live on, and which run, row, rule and person gave a card its values.

        Args:
            card: id of a card that was merged; 0 for the first.
        """
        from toolkit.notebook.duplicates import master_of, traces

        return traces(self.work, self.run, self._speech(), master_of(self.run, card) if card else 0)

    def take_back(self, card: int, *, agree: str = "", policy: str = "") -> Any:
        """Take the merge of one card back: plan, rehearse, agree, carry out; run the cell again after agreeing.

        Args:
            card: any card of the group; 0 for none.
            agree, policy: as `approve`.

        Raises:
            PlanError: this run merged no such card.
        """
        speech = self._speech()
        if not card:
            return View(speech, [Said(speech("Nothing is taken back.", "Ничего не отменяется."))])
        from toolkit.notebook.duplicates import master_of

        master = master_of(self.run, card)
        if not master:
            raise PlanError(f"run {self.id}", f"did not merge card {card}", "See the table of cards above.")
        back = self.undo(records=[master])
        back.rehearse()
        if back.state in ("planned", "rehearsed") and back.count:
            form = back.approve(agree=agree or None, policy=policy or None)
            if back.state != "approved":
                return form
        return back.carry_out()

    # -- inside --------------------------------------------------------------------------------------

    def _note(self) -> None:
        note_outcome(self.id, self._exit_code())

    def _exit_code(self) -> int:
        path = self.run.folder / "certificate.json"
        if not path.exists():
            return 0
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept.pop("clean", None)
        return Certificate(**kept).exit_code

    def _standing(self) -> View:
        speech, evidence, _ = self._parts()
        verdict = judge_run(evidence, speech.wording)
        return View(speech, [Said(verdict.headline, verdict.tone, head=True)])

    def _speech(self) -> Speech:
        return Speech(self.work.settings.language)

    def _parts(self) -> tuple[Speech, Evidence, Tables]:
        evidence = gather(self.run)
        speech = Speech(self.work.settings.language, evidence.offset_s)
        names = Names(self._named_in() or evidence.before, evidence.facts.portal, speech.wording)
        return speech, evidence, Tables(evidence, names, speech.wording)

    def _named_in(self) -> Snapshot | None:
        """The snapshot of the run that an undo takes back: it knows people an undo has no need to read."""
        if not self.run.facts.undoes:
            return None
        with suppress(ToolkitError):
            return workflow.find_run(self.work, self.run.facts.undoes).before
        return None

    def _table(self, english: str, russian: str, of: Any) -> View:
        speech, _, tables = self._parts()
        listing: Listing = of(tables)
        return View(speech, [Said(speech(english, russian), head=True), Grid(listing)])

    def _phrase(self, binds: str) -> str:
        speech = self._speech()
        if binds == "rate":
            return speech("the limit of requests per second", "лимит запросов в секунду")
        method = binds.partition(" ")[2]
        return speech(f"execution time of {method}", f"время выполнения {method}")


def taken_back_whole(run: Run) -> bool:
    """Whether it is an undo that is over, and of all of its run."""
    said = run.facts.parameters
    whole = said.get("records") is None and said.get("changes") is None
    return bool(run.facts.undoes) and whole and run.state == "verified"


def _outdated(plan: Run, runs: Iterable[Run]) -> bool:
    """Whether something was written on the portal after a plan was made."""
    made = datetime.fromisoformat(plan.facts.created).timestamp() + 1  # told in whole seconds
    for each in runs:
        if each.id != plan.id and each.facts.portal == plan.facts.portal and each.has_plan:
            settled = each.journal.table()["settled_at"].dropna()
            if len(settled) and float(settled.max()) > made:
                return True
    return False


def shown_again(work: Workspace, run: Run, speech: Speech) -> str:
    """Why an older run is shown instead of a new one."""
    taken_back = [
        each.id
        for each in Run.all(work.root, work.clock.now)
        if each.facts.undoes == run.id and each.state == "verified"
    ]
    if taken_back:
        return speech(
            f"This was carried out before and taken back by {taken_back[-1]}. again=True plans anew.",
            f"Этот запуск уже выполнен и взят назад: {taken_back[-1]}. Новый план: again=True.",
        )
    if run.state == "verified":
        return speech(
            "This was carried out before with the same parameters; here it is. again=True plans anew.",
            "С этими параметрами уже выполнено, показан тот запуск. Новый план: again=True.",
        )
    return speech(
        "An unfinished run with the same parameters goes on.",
        "Продолжается незавершённый запуск с теми же параметрами.",
    )


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
