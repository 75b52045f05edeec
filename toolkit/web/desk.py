"""What happens to an upload, from its first byte to its take-back: the page's verbs, without HTML.

Everything slow or dangerous happens in `workers`; everything that must survive a restart is in `history`
before it begins. Start here.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from toolkit.client import Clock, SystemClock
from toolkit.errors import SettingsError
from toolkit.settings import Settings
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.sheets.refusals import Language, SheetRefused
from toolkit.web import jobs
from toolkit.web.bounds import Busy, Rules
from toolkit.web.history import History, Step, StepKind, StepState, Upload
from toolkit.web.jobs import Ordered, Trouble
from toolkit.web.keeping import Shelf, keep, kept, safe_name
from toolkit.web.tokens import Person, Tokens
from toolkit.web.workers import WorkerDied, WorkerFailed, WorkerLate, Workers

__all__ = ["Desk"]

_log = logging.getLogger("toolkit.web.desk")
_LONGEST_RUN_S = 12 * 3600.0
_LOCKED_S, _ASK_AGAIN_S = 300.0, 2.0


class Desk:
    """Where uploads are worked on.

    Args:
        settings: of the portal; the page's own things are kept in `state_dir/page`.
        rules: what is borne.
        owner: whoever runs the page; enters by the link it prints.
        clock: of the machine.
        workers: processes that check.
        entity_type: of what appeals become; 2 for deals.
    """

    def __init__(
        self,
        settings: Settings,
        rules: Rules | None = None,
        *,
        owner: Person | None = None,
        clock: Clock | None = None,
        workers: int = 2,
        entity_type: int = 2,
    ) -> None:
        self.settings, self.rules, self.owner = settings, rules or Rules(), owner
        self.entity_type = entity_type
        self.clock: Clock = clock or SystemClock()
        home = settings.state_dir / "page"
        self.tokens = Tokens.of(settings)
        self.host = _host(settings)
        home.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.folder = home / (self.host.replace(":", "_") or "no-portal")
        self.history = History(self.folder / "history.sqlite")
        self.shelf = Shelf(self.folder / "uploads", self.history)
        self._checkers = Workers(workers, seconds=self.rules.seconds, memory_mib=4096, warm=jobs.warm)
        self._writers = Workers(1, seconds=_LONGEST_RUN_S, warm=jobs.warm, eager=False)
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="desk")
        self._facts: tuple[float, PortalFacts] | None = None
        self._facts_lock = threading.Lock()
        self._copies: dict[Path, Future[Any]] = {}
        self._copies_lock = threading.Lock()
        self._going: dict[str, Future[None]] = {}
        self._going_lock, self._steps_lock = threading.Lock(), threading.Lock()
        self._ending = False

    def open(self) -> None:
        """Go on with what a restart interrupted, and show as unfinished what cannot be gone on with."""
        for left in self.folder.glob("template-*.xlsx"):
            left.unlink(missing_ok=True)
        for upload in self.history.uploads_in("receiving"):
            self.shelf.forget(upload.id)
            self.history.set_upload(upload.id, state="unfinished", kept=0)
        for upload in self.history.uploads_in("checking"):
            self._go(upload.id, self._check, upload.id)
        for step in self.history.steps_in("working"):
            self._fail(step.id, Trouble("Interrupted"))
        for step in self.history.steps_in("writing"):
            self._go(f"step {step.id}", self._write, step.id)

    def close(self) -> None:
        """Stop: what is being written pauses and is gone on with at the next start."""
        self._ending = True
        self._checkers.stop()
        self._writers.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.history.close()

    def person(self, name: str) -> Person | None:
        """Who may enter under this name now."""
        return self.owner if self.owner and self.owner.name == name else self.tokens.find(name)

    def today(self) -> date:
        """The day rules are checked for."""
        return datetime.fromtimestamp(self.clock.now(), UTC).astimezone().date()

    # -- receiving -----------------------------------------------------------------------------------

    def begin_upload(self, name: str, who: str, language: Language) -> Upload:
        """A place for a file whose first bytes are here.

        Raises:
            Busy: too many are waiting.
        """
        if (
            len(self.history.uploads_in("receiving")) >= self.rules.receiving
            or len(self.history.uploads_in("checking")) >= self.rules.waiting
        ):
            raise Busy
        self.shelf.make_room(self.rules.keep_mib)
        key = secrets.token_urlsafe(16)
        upload = self.history.begin(key, safe_name(name), who, self.clock.now(), language)
        self.shelf.home(key).mkdir(mode=0o700)
        return upload

    def break_off(self, upload: Upload, told: SheetRefused | None = None) -> None:
        """An upload did not arrive, or was refused while it did; its bytes go."""
        self.shelf.forget(upload.id)
        values: dict[str, Any] = {"state": "unfinished", "kept": 0}
        if told is not None:
            values |= {"state": "refused", "told": {"ru": told.told("ru"), "en": told.told("en")}}
        self.history.set_upload(upload.id, **values)

    def end_upload(self, upload: Upload, size: int) -> None:
        """A file is here whole: check it."""
        file = self.shelf.file_of(upload)
        file.parent.mkdir(mode=0o700)
        self.shelf.part_of(upload).replace(file)
        self.history.set_upload(upload.id, size=size, state="checking")
        self._go(upload.id, self._check, upload.id)

    def wait_for(self, upload: str, seconds: float) -> None:
        """Give an upload this long to be checked."""
        going = self._going.get(upload)
        if going is not None:
            try:
                going.result(seconds)
            except TimeoutError:
                return

    # -- checking ------------------------------------------------------------------------------------

    def _check(self, key: str) -> None:
        upload = self._certain(key)
        found = self.facts()
        problem, facts = (found, None) if isinstance(found, Trouble) else (None, found)
        answer = self._ask(self._checkers.submit(jobs.check, self._ordered(upload, facts), urgency=0))
        if isinstance(answer, Trouble):
            state = "refused" if answer.refused else "failed"
            self.history.set_upload(key, state=state, told=dict(answer.told))
        elif answer is not None:
            if problem is not None:
                answer["portal_problem"] = problem.kind
            keep(self.shelf.home(key) / "verdict.json", answer)
            counts = {name: int(answer[name]) for name in ("errors", "warnings", "rules", "against_portal")}
            self.history.set_upload(key, state="checked", **counts)

    def verdict(self, upload: Upload) -> dict[str, Any] | None:
        """What was found in an upload; see `jobs.check`. None when there is nothing to show."""
        return kept(self.shelf.home(upload.id) / "verdict.json")

    def facts(self) -> PortalFacts | Trouble:
        """What the portal has; read again when what is known is too old."""
        with self._facts_lock:
            if self._facts is not None and time.monotonic() - self._facts[0] < self.rules.facts_s:
                return self._facts[1]
            found = jobs.read_portal(self.settings, self.entity_type)
            if not isinstance(found, Trouble):
                self._facts = time.monotonic(), found
            return found

    def copy(self, upload: Upload, *, corrected: bool, seconds: float = 120.0) -> Path | Trouble:
        """The annotated or the corrected copy of an upload: made when it is first asked for."""
        name = "corrected" if corrected else "checked"
        target = self.shelf.home(upload.id) / f"{name}.xlsx"
        if target.is_file():
            return target
        with self._copies_lock:
            going = self._copies.get(target)
            if going is None:
                facts = self.facts() if upload.against_portal else None
                ordered = self._ordered(upload, None if isinstance(facts, Trouble) else facts)
                going = self._checkers.submit(
                    jobs.write_copy, ordered, target, _language(upload.language), corrected
                )
                self._copies[target] = going
        try:
            answer = self._ask(going, seconds)
        finally:
            with self._copies_lock:
                self._copies.pop(target, None)
        return answer if isinstance(answer, Trouble) else target if answer else Trouble("Defect")

    def template(self, language: Language) -> Path | Trouble:
        """An empty directory with the portal's own drop-downs."""
        facts = self.facts()
        target = self.folder / f"template-{secrets.token_hex(8)}.xlsx"
        known = None if isinstance(facts, Trouble) else facts
        answer = self._ask(self._checkers.submit(jobs.write_empty, target, known, language))
        return answer if isinstance(answer, Trouble) else target if answer else Trouble("Defect")

    # -- simulating, publishing, taking back -----------------------------------------------------------

    def simulate(self, upload: Upload, who: str) -> Step:
        """Run past appeals through an upload's rules."""
        return self._begin(upload, "simulate", who, self._simulate)

    def publish(self, upload: Upload, who: str, effective_from: date | None) -> Step:
        """Compare an upload with the portal once more and plan what would be written. Nothing is written."""
        return self._begin(upload, "publish", who, self._plan, effective_from)

    def provide(self, upload: Upload, who: str) -> Step:
        """Plan the place where directories are published; once for a portal."""
        return self._begin(upload, "provision", who, self._plan_place)

    def take_back(self, step: Step, who: str) -> Step:
        """Plan what takes a publication back. Nothing is written."""
        return self._begin(self._certain(step.upload), "take_back", who, self._plan_back, of=step.id)

    def agree(self, step: Step, who: str, given: int) -> bool:
        """Somebody typed the number of changes: write them.

        Returns:
            False when it is not that number, or somebody else was faster.
        """
        if given != step.count:
            return False
        facts = {**step.facts, "agreed_by": who}
        if not self.history.move_step(step.id, "waiting", "writing", agreed=given, facts=facts):
            return False
        self._go(f"step {step.id}", self._write, step.id)
        return True

    def resume(self, step: Step) -> None:
        """Go on with what stopped halfway."""
        if self.history.move_step(step.id, "paused", "writing"):
            self._go(f"step {step.id}", self._write, step.id)

    def drop(self, step: Step) -> None:
        """Nobody will agree to it."""
        self.history.move_step(step.id, "waiting", "dropped")

    def simulation(self, upload: Upload, language: Language) -> str:
        """The simulation's page, in HTML that is safe to show; "" when there is none."""
        try:
            return (self.shelf.home(upload.id) / f"simulation-{language}.html").read_text(encoding="utf-8")
        except OSError:
            return ""

    def report(self, step: Step) -> Path | None:
        """The report of a step's run."""
        found = sorted(self.settings.snapshots.glob(f"*/{step.run}/report.html")) if step.run else []
        return found[0] if found else None

    def _begin(
        self,
        upload: Upload,
        kind: StepKind,
        who: str,
        work: Callable[..., None],
        *given: Any,
        of: int | None = None,
    ) -> Step:
        with self._steps_lock:
            for each in self.history.steps(upload.id):
                if each.kind == kind and each.state == "working":
                    return each  # pressed twice
                if each.kind == kind and each.state == "waiting":
                    self.drop(each)
            step = self.history.add_step(upload.id, kind, who, self.clock.now(), of)
        self._go(f"step {step.id}", work, step.id, *given)
        return step

    def _simulate(self, number: int) -> None:
        step, upload = self._step(number)
        facts = self.facts()
        ordered = self._ordered(upload, None if isinstance(facts, Trouble) else facts)
        answer = self._ask(self._writers.submit(jobs.simulate, ordered, self.shelf.home(upload.id)))
        if isinstance(answer, Trouble):
            self._fail(step.id, answer)
        elif answer is not None:
            self.history.set_step(step.id, state="done", facts=answer)

    def _plan(self, number: int, effective_from: date | None) -> None:
        step, upload = self._step(number)
        ordered = self._ordered(upload, None)
        going = self._writers.submit(jobs.plan_publication, ordered, effective_from, step.who, urgency=0)
        self._planned(number, going)

    def _plan_place(self, number: int) -> None:
        self._planned(number, self._writers.submit(jobs.plan_place, self.settings, urgency=0))

    def _plan_back(self, number: int) -> None:
        step, _ = self._step(number)
        published = self.history.step(step.of or 0)
        run = published.run if published else ""
        self._planned(number, self._writers.submit(jobs.plan_take_back, self.settings, run, urgency=0))

    def _planned(self, number: int, going: Future[Any]) -> None:
        answer = self._ask(going)
        if isinstance(answer, Trouble):
            self._fail(number, answer)
        elif answer is not None:
            run, count = str(answer.pop("run")), int(answer.pop("count"))
            state = "waiting" if count else "done"
            self.history.set_step(number, state=state, run=run, count=count, facts=answer)

    def _write(self, number: int) -> None:
        step, _ = self._step(number)
        deadline = time.monotonic() + _LOCKED_S
        while True:
            who = str(step.facts.get("agreed_by", step.who))
            job = self._writers.submit(
                jobs.carry_out, self.settings, step.run, step.agreed or 0, who, urgency=0
            )
            answer = self._ask(job)
            # After a restart the process that was writing may still be at it, and ends by itself.
            locked = isinstance(answer, Trouble) and answer.kind == "LockedByAnother"
            if not locked or time.monotonic() > deadline or self._ending:
                break
            time.sleep(_ASK_AGAIN_S)
        if self._ending:
            return  # it stays as being written, and is gone on with at the next start
        if isinstance(answer, Trouble):
            self._fail(number, answer, "failed" if answer.kind == "ApprovalNeeded" else "paused")
        elif answer is not None:
            self.history.set_step(
                number,
                state="done",
                facts={**step.facts, "certificate": answer, "version": answer.get("version")},
            )

    def _fail(self, number: int, trouble: Trouble, state: StepState = "failed") -> None:
        step, _ = self._step(number)
        told = {"kind": trouble.kind, "told": dict(trouble.told)}
        if trouble.kind == "NoPlace":  # not a failure: it only comes before
            state = "dropped"
        self.history.set_step(number, state=state, facts={**step.facts, "trouble": told})

    def _step(self, number: int) -> tuple[Step, Upload]:
        found = self.history.step(number)
        if found is None:
            raise KeyError(number)
        return found, self._certain(found.upload)

    # -- inside --------------------------------------------------------------------------------------

    def _ordered(self, upload: Upload, facts: PortalFacts | None) -> Ordered:
        return Ordered(
            self.settings,
            self.shelf.file_of(upload),
            self.rules.limits,
            facts,
            self.today(),
            self.entity_type,
        )

    def _go(self, key: str, work: Callable[..., None], *arguments: Any) -> None:
        """Have something done in the background; what nobody foresaw is logged and shown as our failure."""

        def careful() -> None:
            try:
                work(*arguments)
            except Exception:  # noqa: BLE001  # a thread has nobody else to tell
                _log.exception("%s", key)
                if self._ending:
                    return
                if key.startswith("step "):
                    self._fail(int(key.removeprefix("step ")), Trouble("Defect"))
                else:
                    self.history.set_upload(key, state="failed")

        with self._going_lock:
            self._going = {name: each for name, each in self._going.items() if not each.done()}
            self._going[key] = self._threads.submit(careful)

    def _ask(self, future: Future[Any], seconds: float | None = None) -> Any:
        """What a worker found; `Trouble` when it did not come to an end; None while the page is closing."""
        try:
            return future.result(seconds)
        except WorkerLate:
            limits = self.rules.limits
            refused = SheetRefused(
                "", "too_costly", seconds=int(self.rules.seconds), memory=limits.memory_mib
            )
            return Trouble("TooCostly", {each: refused.told(each).strip() for each in jobs.LANGUAGES}, True)
        except (WorkerDied, WorkerFailed, TimeoutError) as error:
            if self._ending:
                return None
            _log.error("%s", error)
            return Trouble("Defect")

    def _certain(self, key: str) -> Upload:
        found = self.history.upload(key)
        if found is None:
            raise KeyError(key)
        return found


def _host(settings: Settings) -> str:
    """The portal's host; "" when none is set up."""
    if settings.uses_oauth:
        return settings.portal or ""
    try:
        return settings.webhook_parts().host
    except SettingsError:
        return ""


def _language(text: str) -> Language:
    return "en" if text == "en" else "ru"
