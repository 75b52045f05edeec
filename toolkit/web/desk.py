"""What happens to an upload, from its first byte to its take-back: the page's verbs, without HTML.

Everything slow or dangerous happens in `workers`; everything that must survive a restart is in `history`
before it begins. Start here.
"""

from __future__ import annotations

import json
import logging
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from toolkit.client import Clock, SystemClock
from toolkit.errors import SettingsError
from toolkit.settings import Settings
from toolkit.sheets.gate import Limits
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.sheets.refusals import Language, SheetRefused
from toolkit.web import jobs
from toolkit.web.history import History, Upload
from toolkit.web.jobs import Ordered, Trouble
from toolkit.web.tokens import Person, Tokens
from toolkit.web.workers import WorkerDied, WorkerFailed, WorkerLate, Workers

__all__ = ["Busy", "Desk", "Rules"]

_log = logging.getLogger("toolkit.web.desk")
_LIMITS = Limits(file_mib=20, unpacked_mib=400, rows=50_000, cells=2_000_000, seconds=30)


class Busy(Exception):
    """More is waiting than the page takes; nothing was begun."""


@dataclass(frozen=True)
class Rules:
    """What the page bears.

    Args:
        limits: of one file.
        seconds: to check one.
        waiting: uploads that may wait to be checked.
        receiving: uploads that may arrive at once.
        keep_mib: of uploads; older ones lose their files, not their line in the history.
        facts_s: how long what was read from the portal is good for.
        idle_s, session_s: after which somebody has to enter again.
        patience_s: an upload may stand still.
        upload_s: an upload may take.
    """

    limits: Limits = _LIMITS
    seconds: float = 120.0
    waiting: int = 30
    receiving: int = 12
    keep_mib: int = 2048
    facts_s: float = 120.0
    idle_s: float = 8 * 3600.0
    session_s: float = 24 * 3600.0
    patience_s: float = 30.0
    upload_s: float = 600.0


class Desk:
    """Where uploads are worked on.

    Args:
        settings: of the portal; the page's own things are kept in `state_dir/page`.
        rules: what is borne.
        owner: whoever runs the page; enters by the link it prints.
        clock: of the machine.
        workers: processes that check.
    """

    def __init__(
        self,
        settings: Settings,
        rules: Rules | None = None,
        *,
        owner: Person | None = None,
        clock: Clock | None = None,
        workers: int = 2,
    ) -> None:
        self.settings, self.rules, self.owner = settings, rules or Rules(), owner
        self.clock: Clock = clock or SystemClock()
        home = settings.state_dir / "page"
        self.tokens = Tokens.of(settings)
        self.host = _host(settings)
        home.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.folder = home / (self.host.replace(":", "_") or "no-portal")
        self.history = History(self.folder / "history.sqlite")
        self.uploads = self.folder / "uploads"
        self.uploads.mkdir(mode=0o700, exist_ok=True)
        self._checkers = Workers(workers, seconds=self.rules.seconds, memory_mib=4096, warm=jobs.warm)
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="desk")
        self._facts: tuple[float, PortalFacts] | None = None
        self._facts_lock = threading.Lock()
        self._copies: dict[Path, Future[Any]] = {}
        self._copies_lock = threading.Lock()
        self._going: dict[str, Future[None]] = {}
        self._ending = False

    def open(self) -> None:
        """Go on with what a restart interrupted, and show as unfinished what cannot be gone on with."""
        for upload in self.history.uploads_in("receiving"):
            self._forget_files(upload.id)
            self.history.set_upload(upload.id, state="unfinished", kept=0)
        for upload in self.history.uploads_in("checking"):
            self._go(upload.id, self._check, upload.id)

    def close(self) -> None:
        """Stop: what is being written pauses and is gone on with at the next start."""
        self._ending = True
        self._checkers.stop()
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
        self._make_room()
        key = secrets.token_urlsafe(16)
        upload = self.history.begin(key, safe_name(name), who, self.clock.now(), language)
        self._home(key).mkdir(mode=0o700)
        return upload

    def file_of(self, upload: Upload) -> Path:
        """Where an upload's file is, or will be."""
        return self._home(upload.id) / "original" / upload.name

    def part_of(self, upload: Upload) -> Path:
        """Where it is written while it arrives."""
        return self._home(upload.id) / "arriving"

    def break_off(self, upload: Upload, told: SheetRefused | None = None) -> None:
        """An upload did not arrive, or was refused while it did; its bytes go."""
        self._forget_files(upload.id)
        values: dict[str, Any] = {"state": "unfinished", "kept": 0}
        if told is not None:
            values |= {"state": "refused", "told": {"ru": told.told("ru"), "en": told.told("en")}}
        self.history.set_upload(upload.id, **values)

    def end_upload(self, upload: Upload, size: int) -> None:
        """A file is here whole: check it."""
        file = self.file_of(upload)
        file.parent.mkdir(mode=0o700)
        self.part_of(upload).replace(file)
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
            told = dict(answer.told) if answer.told else {}
            state = "refused" if told else "failed"
            self.history.set_upload(key, state=state, told=told)
        elif answer is not None:
            if problem is not None:
                answer["portal_problem"] = problem.kind
            self._keep(self._home(key) / "verdict.json", answer)
            counts = {name: int(answer[name]) for name in ("errors", "warnings", "rules", "against_portal")}
            self.history.set_upload(key, state="checked", **counts)

    def verdict(self, upload: Upload) -> dict[str, Any] | None:
        """What was found in an upload; see `jobs.check`. None when there is nothing to show."""
        return self._kept(self._home(upload.id) / "verdict.json")

    def facts(self) -> PortalFacts | Trouble:
        """What the portal has; read again when what is known is too old."""
        with self._facts_lock:
            if self._facts is not None and time.monotonic() - self._facts[0] < self.rules.facts_s:
                return self._facts[1]
            found = jobs.read_portal(self.settings)
            if not isinstance(found, Trouble):
                self._facts = time.monotonic(), found
            return found

    def copy(self, upload: Upload, *, corrected: bool, seconds: float = 120.0) -> Path | Trouble:
        """The annotated or the corrected copy of an upload: made when it is first asked for."""
        name = "corrected" if corrected else "checked"
        target = self._home(upload.id) / f"{name}.xlsx"
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
        return answer if isinstance(answer, Trouble) else target if answer else Trouble("Defect", "")

    def template(self, language: Language) -> Path | Trouble:
        """An empty directory with the portal's own drop-downs."""
        facts = self.facts()
        target = self.folder / f"template-{secrets.token_hex(8)}.xlsx"
        known = None if isinstance(facts, Trouble) else facts
        answer = self._ask(self._checkers.submit(jobs.write_empty, target, known, language))
        return answer if isinstance(answer, Trouble) else target if answer else Trouble("Defect", "")

    # -- inside --------------------------------------------------------------------------------------

    def _ordered(self, upload: Upload, facts: PortalFacts | None) -> Ordered:
        return Ordered(self.settings, self.file_of(upload), self.rules.limits, facts, self.today())

    def _go(self, key: str, work: Callable[..., None], *arguments: Any) -> None:
        """Have something done in the background; what nobody foresaw is logged and shown as our failure."""

        def careful() -> None:
            try:
                work(*arguments)
            except Exception:  # noqa: BLE001  # a thread has nobody else to tell
                _log.exception("upload %s", key)
                if not self._ending:
                    self.history.set_upload(key, state="failed")

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
            return Trouble("TooCostly", "", {each: refused.told(each).strip() for each in ("ru", "en")})
        except (WorkerDied, WorkerFailed, TimeoutError) as error:
            if self._ending:
                return None
            _log.error("%s", error)
            return Trouble("Defect", str(error).strip().rpartition("\n")[2])

    def _certain(self, key: str) -> Upload:
        found = self.history.upload(key)
        if found is None:
            raise KeyError(key)
        return found

    def _home(self, key: str) -> Path:
        return self.uploads / key

    def _forget_files(self, key: str) -> None:
        shutil.rmtree(self._home(key), ignore_errors=True)

    def _make_room(self) -> None:
        """Older uploads give up their files before the disk is full; their lines in the history stay."""
        kept = self.history.kept()
        total = sum(each.size for each in kept)
        for upload in kept:
            if total <= self.rules.keep_mib * 2**20:
                return
            busy = upload.state in ("receiving", "checking") or any(
                each.state in ("working", "waiting", "writing") for each in self.history.steps(upload.id)
            )
            if not busy:
                self._forget_files(upload.id)
                self.history.set_upload(upload.id, kept=0)
                total -= upload.size

    def _keep(self, path: Path, facts: dict[str, Any]) -> None:
        part = path.with_name(path.name + ".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(facts, ensure_ascii=False, default=str), encoding="utf-8")
        part.replace(path)

    def _kept(self, path: Path) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found


def safe_name(name: str) -> str:
    """A name any disk takes, of what a browser says the file is called; its suffix is kept."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(each for each in last if each.isprintable() and each not in '<>:"|?*').strip(" .")
    stem, dot, suffix = clean.rpartition(".")
    if not dot:
        stem, suffix = clean, ""
    suffix = suffix[:10]
    while len(f"{stem}.{suffix}".encode()) > 180:
        stem = stem[:-1]
    return (f"{stem}.{suffix}" if suffix else stem) or "file"


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
