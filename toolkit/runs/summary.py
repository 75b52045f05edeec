"""How an unattended run ended, in a few facts: for a log, a monitor, a person's phone, and the next run.

Every portal's folder keeps the summaries of its unattended runs in `unattended.jsonl`, one to a line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit.errors import StorageError, ToolkitError
from toolkit.runs.folder import Run
from toolkit.runs.verify import Certificate
from toolkit.words import said_in, translator

__all__ = ["OUTCOMES", "Ledger", "Summary", "summarise", "write_metrics", "write_summary"]

OUTCOMES: Mapping[int, str] = {
    0: "done and verified",
    1: "failed",
    2: "wrong input",
    3: "finished with exceptions",
    4: "something unexplained",
    5: "needs approval",
    6: "locked by another run",
    7: "paused",
    130: "interrupted",
}
"""What an exit code means, in three words."""

_QUIET = (0, 6, 7)  # a lock means the run before it is at work, a pause that the next one goes on
_KEPT = 1000


@dataclass(frozen=True)
class Summary:
    """How an unattended run ended.

    Args:
        portal: host name.
        operation: name of the operation.
        run: run id; "" when there was none.
        began, ended: unix seconds.
        exit_code: see `OUTCOMES`.
        outcome: one of `OUTCOMES`, `nothing to do` or `left out`.
        states: changes by journal state.
        left_to_person: records the plan left to a person.
        requests: HTTP requests of the run.
        unexplained, someone_else, drift: as in the certificate.
        missed: windows that went by without a run before this one.
        notes: what else somebody should know, in words.
        continued: whether it went on with an unfinished run.
        message: what went wrong; "" when nothing did. Never holds a secret.
    """

    portal: str
    operation: str
    run: str
    began: float
    ended: float
    exit_code: int
    outcome: str
    states: Mapping[str, int] = field(default_factory=dict)
    left_to_person: int = 0
    requests: int = 0
    unexplained: int = 0
    someone_else: int = 0
    drift: int = 0
    missed: int = 0
    notes: Sequence[str] = ()
    continued: bool = False
    message: str = ""

    @property
    def trouble(self) -> bool:
        """Whether a person should look at it."""
        return self.exit_code not in _QUIET or self.missed > 0

    @property
    def wrote(self) -> bool:
        """Whether something was changed on the portal."""
        return bool(self.states.get("done"))

    def facts(self) -> dict[str, Any]:
        """The same as JSON can hold it; moments in ISO 8601, UTC."""
        given = asdict(self)
        for name in ("began", "ended"):
            given[name] = datetime.fromtimestamp(given[name], UTC).isoformat(timespec="seconds")
        return {**given, "seconds": round(self.ended - self.began, 1), "trouble": self.trouble}

    def line(self, language: str) -> str:
        """All of it on one line."""
        _ = translator(language)
        parts = [f"{self.operation} @ {self.portal}: {_(self.outcome)}"]
        counts = ", ".join(f"{_(state)} {count}" for state, count in self.states.items() if count)
        if counts:
            parts.append(f"{_('changes')}: {counts}")
        for label, count in (
            ("left to a person", self.left_to_person),
            ("changed by someone else", self.someone_else),
            ("unexplained", self.unexplained),
            ("missed runs", self.missed),
        ):
            if count:
                parts.append(f"{_(label)}: {count}")
        parts.append(_("{seconds} s").format(seconds=f"{self.ended - self.began:.0f}"))
        if self.run:
            parts.append(self.run)
        told = [*self.notes, *([self.message] if self.message else [])]
        return "; ".join([*parts, *(said_in(language, each) for each in told)])


def summarise(
    *,
    portal: str,
    operation: str,
    began: float,
    ended: float,
    run: Run | None = None,
    certificate: Certificate | None = None,
    error: BaseException | None = None,
    outcome: str = "",
    exit_code: int = 0,
    missed: int = 0,
    notes: Sequence[str] = (),
    continued: bool = False,
    language: str = "en",
) -> Summary:
    """The summary of what came of a run, from its folder, its certificate, or the error that ended it."""
    code, message = exit_code, ""
    if isinstance(error, ToolkitError):
        code, message = error.exit_code, error.in_words(language)
    elif isinstance(error, KeyboardInterrupt):
        code = 130
    elif error is not None:
        code, message = 1, type(error).__name__
    elif certificate is not None:
        code = certificate.exit_code
    states: dict[str, int] = {}
    left, requests = 0, 0
    if run is not None and run.has_plan:
        states = {name: count for name, count in run.journal.counts().items() if count}
        left, requests = len(run.plan.listed), len(run.journal.requests())
        if not outcome and error is None and certificate is None:
            outcome = "nothing to do"
    return Summary(
        portal=portal,
        operation=operation,
        run=run.id if run is not None else "",
        began=began,
        ended=ended,
        exit_code=code,
        outcome=outcome or OUTCOMES.get(code, OUTCOMES[1]),
        states=states,
        left_to_person=left,
        requests=requests,
        unexplained=certificate.unexplained if certificate is not None else 0,
        someone_else=certificate.someone_else if certificate is not None else 0,
        drift=certificate.drift if certificate is not None else 0,
        missed=missed,
        notes=tuple(notes),
        continued=continued,
        message=message,
    )


class Ledger:
    """The summaries of a portal's unattended runs.

    Args:
        folder: the portal's folder below the snapshots.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "unattended.jsonl"

    def all(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Every summary as `Summary.facts` gives it, oldest first; a torn last line is left out."""
        found = []
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(self.path, str(error.strerror), "Mend the folder's rights.") from error
        for line in lines:
            with suppress(ValueError):  # a power cut in the middle of a line
                facts = json.loads(line)
                if operation is None or facts["operation"] == operation:
                    found.append(facts)
        return found

    def add(self, summary: Summary) -> None:
        """Keep a summary; the oldest go when there are very many.

        Raises:
            StorageError: it cannot be written.
        """
        line = json.dumps(summary.facts(), ensure_ascii=False) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.touch(mode=0o600)
            with self.path.open("r+b") as file:
                file.seek(0, os.SEEK_END)
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":  # torn by a power cut
                        line = "\n" + line
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
            kept = self.path.read_bytes().splitlines(keepends=True)
            if len(kept) > 2 * _KEPT:
                _replace(self.path, b"".join(kept[-_KEPT:]))
        except OSError as error:
            raise StorageError(self.path, str(error.strerror), "Free some space.") from error

    def last(self, operation: str, *, succeeded: bool = False) -> float | None:
        """When the last run of an operation ended that was not left out, unix seconds; None: never.

        Args:
            operation: its name.
            succeeded: count only those that ended with 0 or 3.
        """
        for facts in reversed(self.all(operation)):
            if facts["outcome"] != "left out" and (not succeeded or facts["exit_code"] in (0, 3)):
                return datetime.fromisoformat(facts["ended"]).timestamp()
        return None


def write_summary(summary: Summary, path: Path) -> None:
    """Write a summary as JSON, whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        _replace(path, (json.dumps(summary.facts(), ensure_ascii=False, indent=2) + "\n").encode())
    except OSError as error:
        raise StorageError(path, str(error.strerror), "Choose another --summary.") from error


def write_metrics(summary: Summary, path: Path, last_success: float | None) -> None:
    """Write a summary for the textfile collector of Prometheus' node exporter, whole or not at all.

    Args:
        summary: of the run that just ended.
        path: one file for each operation, `b24kit_reassign_contacts.prom`.
        last_success: when a run last ended with 0 or 3, unix seconds.

    Raises:
        StorageError: it cannot be written.
    """
    from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

    collected = CollectorRegistry()
    labels = {"portal": summary.portal, "operation": summary.operation}
    figures = {
        "b24kit_last_run_timestamp_seconds": ("When the last unattended run ended.", summary.ended),
        "b24kit_last_run_exit_code": ("Its exit code; 0 is well, 3 has exceptions.", summary.exit_code),
        "b24kit_last_run_duration_seconds": ("How long it took.", summary.ended - summary.began),
        "b24kit_last_run_requests": ("Requests it made while planning and writing.", summary.requests),
        "b24kit_last_run_left_to_person": ("Records it left to a person.", summary.left_to_person),
        "b24kit_last_run_unexplained_cells": ("Cells nobody answers for.", summary.unexplained),
        "b24kit_missed_runs": ("Windows that went by without a run before it.", summary.missed),
    }
    if last_success is not None:
        text = "When a run last ended well, or with exceptions."
        figures["b24kit_last_success_timestamp_seconds"] = (text, last_success)
    for name, (text, value) in figures.items():
        Gauge(name, text, list(labels), registry=collected).labels(**labels).set(value)
    changes = Gauge(
        "b24kit_last_run_changes", "Its changes by state.", [*labels, "state"], registry=collected
    )
    for state, count in {"done": 0, **summary.states}.items():
        changes.labels(**labels, state=state).set(count)
    try:
        write_to_textfile(str(path), collected)
        path.chmod(0o644)  # the exporter is another user
    except OSError as error:
        raise StorageError(path, str(error.strerror), "Choose another --metrics.") from error


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        fresh.touch(mode=0o600)
        fresh.write_bytes(content)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
