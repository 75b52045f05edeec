"""Every deliberate error of the toolkit, as one tree.

    ToolkitError                 exit code 1
    ├── InputError               fix what was given, then run again (2)
    │   ├── SettingsError        a setting is missing or malformed
    │   ├── ParameterError       an operation's parameter is unknown or wrong
    │   ├── CommandError         a method or its parameters cannot be sent
    │   ├── PlanError            a plan or an imported review cannot be used
    │   ├── SheetError           one cell of a spreadsheet
    │   └── SandboxError         a sandbox cannot be made, found or told so
    ├── PortalError              the portal said no, or could not be asked
    │   ├── Rejected             proven: nothing was executed
    │   │   ├── AccessRefused    webhook, scope or rights: ask the portal's admin
    │   │   └── LimitReached     come back later
    │   ├── Unreachable          no connection was made: nothing was executed
    │   │   └── Stopped          asked to stop before the request left
    │   └── AnswerLost           the request left, its answer did not come: look before resending
    ├── BreakerOpen              requests kept failing; resume when the portal is well
    ├── CanaryFailed             the first changes had effects nobody meant (4)
    ├── IncompleteRead           a list could not be proven complete
    ├── SnapshotError            a snapshot is damaged, missing or not to be trusted
    ├── StorageError             disk full, folder not writable
    ├── ApprovalNeeded           a person or a policy has to agree first (5)
    ├── LockedByAnother          another run holds the portal's lock (6)
    └── Paused                   stopped on request; can be resumed (7)

Classes are split by what the caller should do, not by where they arise. Each builds its own
message from its facts: what happened, where, what to do next. No message ever holds a webhook.

`str(error)` is English, for logs; `error.in_words("ru")` says the same to a person. A class gives its
sentence once, in English, with its attributes in braces; the catalogue of `toolkit.words` has the Russian.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from toolkit.words import said_in, translator

__all__ = [
    "AccessRefused",
    "AnswerLost",
    "ApprovalNeeded",
    "BreakerOpen",
    "CanaryFailed",
    "CommandError",
    "IncompleteRead",
    "InputError",
    "LimitReached",
    "LockedByAnother",
    "ParameterError",
    "Paused",
    "PlanError",
    "PortalError",
    "Rejected",
    "SandboxError",
    "SettingsError",
    "SheetError",
    "SnapshotError",
    "Stopped",
    "StorageError",
    "ToolkitError",
    "Unreachable",
]


class ToolkitError(Exception):
    """Something the toolkit foresaw: its text says what, where, and what to do next."""

    exit_code = 1
    sentence: ClassVar[str] = ""
    """What it says, in English, attributes in braces; empty for a class whose text is given whole."""

    def in_words(self, language: str) -> str:
        """What happened, where, and what to do next.

        Args:
            language: `ru` or `en`.
        """
        if not self.sentence:
            return said_in(language, str(self))
        facts = self._facts(lambda text: said_in(language, text))
        return translator(language)(self.sentence).format(**facts).strip()

    def _facts(self, say: Callable[[str], str]) -> dict[str, Any]:
        """What the sentence speaks of; `say` puts a part of it into the language of the whole."""
        spoken = ("what", "problem", "remedy")
        return {name: say(value) if name in spoken else value for name, value in vars(self).items()}

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows instead of a traceback: the words alone (IPython asks for this method).

        In the language of the notebook's parameter `language`, when it has one.
        """
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        language = getattr(shell, "user_ns", {}).get("language", "en")
        return [f"{type(self).__name__}: {self.in_words(str(language))}"]


class InputError(ToolkitError):
    """What was given cannot be used; nothing has been started."""

    exit_code = 2


class SettingsError(InputError):
    """A setting is missing or malformed.

    Args:
        setting: its name, as in the environment (`B24_WEBHOOK`).
        problem: what is wrong, without the value of a secret.
        remedy: what to do.
    """

    sentence = "Setting {setting} {problem}. {remedy}"

    def __init__(self, setting: str, problem: str, remedy: str) -> None:
        self.setting, self.problem, self.remedy = setting, problem, remedy
        super().__init__(self.in_words("en"))


class ParameterError(InputError):
    """A parameter is unknown, of the wrong type, or names what the portal does not have.

    Args:
        operation: the operation's name.
        parameter: the parameter's name; dotted when nested.
        value: what was given; quoted in the message.
        problem: what is wrong with it, as the end of a sentence.
        remedy: what to do.
    """

    sentence = "{operation}: parameter {parameter}={value!r} {problem}. {remedy}"

    def __init__(self, operation: str, parameter: str, value: object, problem: str, remedy: str) -> None:
        self.operation, self.parameter, self.value = operation, parameter, value
        self.problem, self.remedy = problem, remedy
        super().__init__(self.in_words("en"))


class CommandError(InputError):
    """A method is unknown, or its parameters cannot be put on the wire; nothing was sent.

    Args:
        method: REST method.
        parameter: where in the parameters, `fields[title]`; empty when the method itself is meant.
        value: what was given; quoted in the message.
        problem: what is wrong, as the end of a sentence.
        remedy: what to do.
    """

    sentence = "{place} {problem}. {remedy}"

    def __init__(self, method: str, parameter: str, value: object, problem: str, remedy: str) -> None:
        self.method, self.parameter, self.value = method, parameter, value
        self.problem, self.remedy = problem, remedy
        super().__init__(self.in_words("en"))

    def _facts(self, say: Callable[[str], str]) -> dict[str, Any]:
        place = (
            f"{self.method}: {self.parameter}={self.value!r}" if self.parameter else f"Method {self.method!r}"
        )
        return {**super()._facts(say), "place": say(place)}


class PlanError(InputError):
    """A plan, or a person's review of it, cannot be used.

    Args:
        where: the plan's file or run.
        problem: what is wrong, as the end of a sentence.
        remedy: what to do.
    """

    sentence = "{where} {problem}. {remedy}"

    def __init__(self, where: str | Path, problem: str, remedy: str) -> None:
        self.where, self.problem, self.remedy = str(where), problem, remedy
        super().__init__(self.in_words("en"))

    def _facts(self, say: Callable[[str], str]) -> dict[str, Any]:
        return {**super()._facts(say), "where": say(self.where)}


class SheetError(InputError):
    """One cell, or a whole spreadsheet, cannot be used.

    Args:
        sheet: file (and sheet) name.
        row: the row as the spreadsheet program shows it; None when the file as a whole is meant.
        column: the column's heading or letters; None likewise.
        value: the cell's content.
        problem: what is wrong, as the end of a sentence.
        remedy: what to do.
    """

    sentence = "{place}: {quoted}{problem}.\n{remedy}"

    def __init__(
        self, sheet: str | Path, row: int | None, column: str | None, value: object, problem: str, remedy: str
    ) -> None:
        self.sheet, self.row, self.column, self.value = str(sheet), row, column, value
        self.problem, self.remedy = problem, remedy
        super().__init__(self.in_words("en"))

    def _facts(self, say: Callable[[str], str]) -> dict[str, Any]:
        at = [self.sheet]
        if self.row is not None:
            at.append(say(f"row {self.row}"))
        if self.column:
            at.append(say(f"column {self.column!r}"))
        quoted = f"{self.value!r} " if self.value is not None else ""
        return {**super()._facts(say), "place": ", ".join(at), "quoted": quoted}


class SandboxError(InputError):
    """A sandbox portal cannot be made as ordered, is not running, or refused what it was told.

    Args:
        what: what happened, as a sentence without its full stop.
        remedy: what to do.
    """

    sentence = "{what}. {remedy}"

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(self.in_words("en"))


class PortalError(ToolkitError):
    """The portal refused, or could not be asked.

    Args:
        portal: host name; never the webhook.
        method: REST method, `crm.item.update`.
        code: the portal's error code; may be the empty string.
        message: the portal's own words, or the transport's.
        remedy: what to do next.
    """

    what = "failed"
    sentence = "{method} {what} on {portal}{reason}. {remedy}"

    def __init__(self, portal: str, method: str, code: str = "", message: str = "", remedy: str = "") -> None:
        self.portal, self.method, self.code = portal, method, code
        self.message, self.remedy = message, remedy
        super().__init__(self.in_words("en"))

    def _facts(self, say: Callable[[str], str]) -> dict[str, Any]:
        reason = "".join(f": {part}" for part in (self.code, say(self.message)) if part)
        return {**super()._facts(say), "what": say(self.what), "reason": reason}


class Rejected(PortalError):
    """The portal answered with an error that proves nothing was executed."""

    what = "was rejected"


class AccessRefused(Rejected):
    """The webhook, its scopes or its user's rights do not suffice."""

    what = "was refused"


class LimitReached(Rejected):
    """A limit of the portal stands in the way; nothing was executed; try later."""

    what = "met a limit"


class Unreachable(PortalError):
    """No connection could be made, so nothing was executed."""

    what = "did not reach the portal"


class Stopped(Unreachable):
    """Somebody asked to stop before the request left; nothing was executed."""

    exit_code = 7
    what = "was not sent"


class AnswerLost(PortalError):
    """The request left and its answer did not come: it may have been executed. Look before resending."""

    what = "got no usable answer"


class BreakerOpen(ToolkitError):
    """Too many requests failed in a row, so the run stopped by itself; it can be resumed.

    Args:
        portal: host name.
        run: run id.
        failures: requests that failed in a row.
        code: the last error code.
        message: the last words of the portal or the transport.
    """

    sentence = (
        "{failures} requests in a row failed on {portal}, so run {run} stopped ({last}). "
        "Nothing is lost. When the portal is well again: b24kit resume {run}"
    )

    def __init__(self, portal: str, run: str, failures: int, code: str, message: str) -> None:
        self.portal, self.run, self.failures = portal, run, failures
        self.code, self.message = code, message
        super().__init__(self.in_words("en"))

    def _facts(self, say: Callable[[str], str]) -> dict[str, Any]:
        last = ": ".join(part for part in (self.code, say(self.message)) if part)
        return {**super()._facts(say), "last": last}


class CanaryFailed(ToolkitError):
    """The first changes of a run brought about something nobody meant, so the rest was not begun.

    Args:
        portal: host name.
        run: run id.
        changes: how many had been written.
        cells: what was found; maps with entity, record_id, field, wanted, found.
    """

    exit_code = 4
    sentence = (
        "After the first {changes} changes of run {run} on {portal}, {count} cells read otherwise than anybody meant;"
        " first {first}. Probably a robot. Nothing more was written. Take them back: b24kit undo {run}"
    )

    def __init__(self, portal: str, run: str, changes: int, cells: list[dict[str, object]]) -> None:
        self.portal, self.run, self.changes, self.cells = portal, run, changes, cells
        super().__init__(self.in_words("en"))

    def _facts(self, say: Callable[[str], str]) -> dict[str, Any]:
        cell = self.cells[0]
        first = f"{cell['entity']} {cell['record_id']} {cell['field']}: {cell['found']!r}"
        return {**super()._facts(say), "count": len(self.cells), "first": first}


class IncompleteRead(ToolkitError):
    """A list could not be proven complete, so none of it is used.

    Args:
        portal: host name.
        method: the list method.
        problem: what broke the proof.
    """

    sentence = (
        "{method} on {portal} could not be read completely: {problem}. "
        "Nothing was taken from it; run the same command again."
    )

    def __init__(self, portal: str, method: str, problem: str) -> None:
        self.portal, self.method, self.problem = portal, method, problem
        super().__init__(self.in_words("en"))


class SnapshotError(ToolkitError):
    """A snapshot is missing, damaged, or not to be trusted.

    Args:
        folder: the snapshot's folder.
        problem: what is wrong, as the end of a sentence.
        remedy: what to do.
    """

    sentence = "Snapshot {folder} {problem}. {remedy}"

    def __init__(self, folder: str | Path, problem: str, remedy: str) -> None:
        self.folder, self.problem, self.remedy = Path(folder), problem, remedy
        super().__init__(self.in_words("en"))


class StorageError(ToolkitError):
    """A file could not be written; what had been promised on disk before is still true.

    Args:
        path: the file or folder.
        problem: the system's words.
        remedy: what to do.
    """

    sentence = "Cannot write {path}: {problem}. {remedy}"

    def __init__(self, path: str | Path, problem: str, remedy: str) -> None:
        self.path, self.problem, self.remedy = Path(path), problem, remedy
        super().__init__(self.in_words("en"))


class ApprovalNeeded(ToolkitError):
    """A person, or a policy, has to agree before anything is written.

    Args:
        what: what is waiting, as a sentence.
        remedy: how to give the approval.
    """

    exit_code = 5
    sentence = "{what} {remedy}"

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(self.in_words("en"))


class LockedByAnother(ToolkitError):
    """Another run holds the lock of this portal and entity type.

    Args:
        portal: host name.
        entity: the entity type locked.
        run: the run that holds it.
        host: the machine of the holder.
        pid: its process id.
        seen: when it last gave a sign of life, ISO 8601.
    """

    exit_code = 6
    sentence = (
        "{entity} records of {portal} are locked by run {run} (process {pid} on {host}, last seen {seen}). "
        "Wait for it to end, or stop it there; a dead holder is recognised by itself."
    )

    def __init__(self, portal: str, entity: str, run: str, host: str, pid: int, seen: str) -> None:
        self.portal, self.entity, self.run = portal, entity, run
        self.host, self.pid, self.seen = host, pid, seen
        super().__init__(self.in_words("en"))


class Paused(ToolkitError):
    """The run stopped on request after the request in flight; it can be resumed.

    Args:
        run: run id.
        done: changes settled so far.
        total: changes in the plan.
    """

    exit_code = 7
    sentence = "Run {run} paused at {done} of {total}. Continue with: b24kit resume {run}"

    def __init__(self, run: str, done: int, total: int) -> None:
        self.run, self.done, self.total = run, done, total
        super().__init__(self.in_words("en"))
