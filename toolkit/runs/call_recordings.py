"""Recordings of loaded calls, carried from a folder or an address into the call they belong to.

A row of kind `copy` and entity `activity` says whose recording it is; where it lies stands in the run's parameters
alone, for an address may be a password. The bytes are read when it is carried out:

    look ──▶ fetch ──▶ is it a wav or mp3? ──▶ journal (SHA-256) ──▶ the activity's file, or attachRecord

What cannot be had (nothing there, no length, too large, a page for people, another format) is quarantined with its
reason; the call stays. A call that holds a recording keeps it. After a lost answer an activity is known by the
checksum in ORIGIN_VERSION; a line of the statistics, which only the application that noted the call gives a
recording, by the file it holds.

Source: api-reference/crm/timeline/activities/activity-base/crm-activity-{list,update}.md,
api-reference/telephony/telephony-external-call-attach-record.md (wav and mp3; a second record replaces the first),
read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.client import Command, Download, FileOnDisk, Outcome
from toolkit.records import Snapshot, entity
from toolkit.runs.changes import Changes, copies
from toolkit.runs.folder import Run
from toolkit.runs.journal import Settled
from toolkit.runs.recordings import NOT_COPIED, FileDoor, Found
from toolkit.runs.rows import Row, Verdict, listed_in
from toolkit.runs.sounds import RecordingRefused, Sound, read_sound, sending, with_files

__all__ = [
    "ATTACH_METHOD",
    "CallCopying",
    "Heard",
    "call_recordings",
    "judge_call_recordings",
    "recording_key",
    "refused_recordings",
]

ATTACH_METHOD = "telephony.externalCall.attachRecord"
HEARD = "the recording of the call"
WRONG_FORMAT = "the recording is neither wav nor mp3"
OUTSIDE = "the recording lies outside the folder of recordings"
THERE = "a recording is there already: it is left as it is"


@dataclass(frozen=True)
class Heard:
    """A recording to be put with a call.

    Args:
        call: id of its activity, or the marker of the create that makes the call.
        at: position of its row among the run's parameter `calls`; None with `file`.
        key: see `recording_key`.
        line: the call's EXTERNAL_CALL_ID where it is a record of the telephone; "" for an activity.
        file: a file that was looked at already, as `sending` spells it; None with `at`.
    """

    call: int | str
    at: int | None = None
    key: str = ""
    line: str = ""
    file: Mapping[str, Any] | None = None


def call_recordings(heard: Sequence[Heard], *, most_bytes: int) -> Changes:
    """Recordings to be put with calls.

    Args:
        heard: one for each call.
        most_bytes: larger ones are quarantined.
    """
    of = [
        {
            "field": "ORIGIN_VERSION",
            **({"at": each.at, "key": each.key} if each.file is None else {"file": dict(each.file)}),
            **({"line": each.line} if each.line else {}),
            "most_bytes": most_bytes,
        }
        for each in heard
    ]
    return copies("activity", [each.call for each in heard], of=of, reason=HEARD)


def recording_key(row: str, recording: str) -> str:
    """The name of a row's recording among those that could not be had; another address is another one."""
    return f"{row}:{hashlib.sha256(recording.encode()).hexdigest()[:12]}"


def refused_recordings(runs: Iterable[Run]) -> list[str]:
    """Keys of the recordings earlier runs could not have, so that they are not asked for every day.

    Args:
        runs: of one portal.
    """
    found: set[str] = set()
    for run in runs:
        if not run.has_plan:
            continue
        table = run.plan.table
        rows = table[(table["kind"] == "copy") & (table["entity"] == "activity")]
        if rows.empty:
            continue
        journal = run.journal.table()
        codes = journal["code"].fillna("")
        gone = journal[codes.str.startswith("RECORDING_") & codes.ne("RECORDING_LOST")]
        told = rows[rows["change"].isin(gone["change"])]["after"].map(json.loads)
        found |= {str(each["key"]) for each in told if each.get("key")}
    return sorted(found)


@dataclass(frozen=True)
class _Recording(Found):
    """A recording on this machine, for a moment, known to be one.

    Args:
        sound: what is sent.
    """

    sound: Sound

    def facts(self, row: Row) -> dict[str, Any]:
        """What the journal keeps of it."""
        return {
            "activity": row.record_id,
            "name": self.name,
            "bytes": self.sound.bytes,
            "sha256": self.sound.sha256,
        }


class CallCopying:
    """Recordings of one run's calls, one at a time.

    Args:
        door: the portal.
        run: its parameters `calls` and `recordings_folder` say where the recordings lie; a folder in the run's own
            holds what is on its way, and is emptied first.
    """

    def __init__(self, door: FileDoor, run: Run) -> None:
        self._door = door
        self._folder = run.folder / "recordings"
        shutil.rmtree(self._folder, ignore_errors=True)
        given = run.facts.parameters
        self._rows: Sequence[Mapping[str, Any]] = given.get("calls") or []
        self._from = str(given.get("recordings_folder") or "")
        self._calls: dict[int, str] = {}
        self._unheard: dict[int, str] = {}

    def close(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def lookups(self, rows: Sequence[Row]) -> list[Command]:
        """What tells whether these calls hold a recording."""
        return [_line(row) if "line" in row.after else _activity(row) for row in rows]

    def noted(self, row: Row, outcome: Outcome) -> Settled | None:
        """Why a call gets no recording; None to fetch it."""
        if outcome.state != "done":
            if outcome.state == "rejected" and outcome.kind in ("access", "input"):
                return Settled(row.change, "rejected", outcome.code, outcome.message)
            self._unheard[row.change] = outcome.message
            return None
        if "line" not in row.after:
            there = listed_in(outcome)
            if not there:
                return Settled(row.change, "conflict", "", "the call is gone")
            return Settled(row.change, "conflict", "", THERE) if _holds(there[0]) else None
        lines = listed_in(outcome)
        if not lines:
            return Settled(row.change, "conflict", "", "the call is not in the statistics")
        self._calls[row.change] = str(lines[0]["CALL_ID"])
        if _file(lines[0]):
            return Settled(row.change, "conflict", "", THERE, seen=_file(lines[0]))
        return None

    def fetch(self, row: Row) -> Found | Settled:
        """The recording on this machine, or why there is none; `planned` when the network was in the way.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        if row.change in self._unheard:
            return Settled(row.change, "planned", "RECORDING_LOST", self._unheard.pop(row.change))
        most = int(row.after["most_bytes"])
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / f"{row.change}.part"
        source = self._source(row)
        name = ""
        if source.startswith(("http://", "https://")):
            came = self._door.fetch(source, path, most_bytes=most)
            if came.state == "lost":
                return Settled(row.change, "planned", "RECORDING_LOST", came.words)
            if came.state != "done":
                return _refused(row, came.state, NOT_COPIED[came.state])
        else:
            file = self._inside(source, whole="file" in row.after)
            if file is None:
                return _refused(row, "outside", OUTSIDE)
            if not file.is_file():
                return _refused(row, "missing", NOT_COPIED["missing"])
            if file.stat().st_size > most:
                return _refused(row, "too_large", NOT_COPIED["too_large"])
            name = file.name
            _laid(file, path)
        try:
            sound = read_sound(path, most_bytes=most)
        except RecordingRefused as error:
            path.unlink(missing_ok=True)
            return _unheard_of(row, error)
        title = name or f"call-{row.record_id}"
        ending = Path(sound.name).suffix
        title = title if title.lower().endswith(ending) else f"{Path(title).stem}{ending}"
        sound = Sound(path, title, sound.bytes, sound.sha256)
        return _Recording(path, title, Download("done", sound.bytes, sound.sha256), sound)

    def upload(self, row: Row, found: Found) -> Command:
        """The request that carries a recording."""
        if "line" in row.after:
            cells = {"CALL_ID": self._calls[row.change], "FILENAME": found.name}
            return Command(ATTACH_METHOD, {**cells, "FILE_CONTENT": FileOnDisk(found.path)})
        kind = entity("activity")
        sound = Sound(found.path, found.name, found.came.bytes, found.came.sha256)
        return Command(kind.update_method, kind.update_params(row.record_id, with_files(sending(sound))))

    def kept(self, row: Row, outcome: Outcome, found: Found) -> Settled:
        """What an answered request says."""
        file = _number(outcome.result.get("FILE_ID")) if isinstance(outcome.result, Mapping) else 0
        if "line" in row.after and not file:
            return Settled(row.change, "rejected", "RECORDING_NOT_TAKEN", "the portal took no file")
        if outcome.result is False:
            return Settled(row.change, "rejected", "RECORDING_NOT_TAKEN", "the portal took no file")
        return Settled(row.change, "done", result={**found.facts(row), **({"file": file} if file else {})})

    def proofs(self, rows: Sequence[Row]) -> list[Command]:
        """What tells, after a lost answer, whether the recordings arrived."""
        return self.lookups(rows)

    def proven(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], known: Mapping[int, Mapping[str, Any]]
    ) -> list[Verdict]:
        """Whether the calls hold the recordings the journal knows by their checksums.

        Args:
            rows: copies whose outcome is not known.
            outcomes: of `proofs`.
            known: what the journal kept before each was sent.
        """
        return [
            _proven(row, outcome, known.get(row.change) or {})
            for row, outcome in zip(rows, outcomes, strict=True)
        ]

    def _source(self, row: Row) -> str:
        if "file" in row.after:
            return str(with_files(row.after["file"]).path)
        return str(self._rows[int(row.after["at"])].get("recording") or "")

    def _inside(self, source: str, *, whole: bool) -> Path | None:
        """The file a row names; None where that leads out of the folder of recordings."""
        if whole:
            return Path(source)
        if not self._from:
            return None
        folder = Path(self._from).resolve()
        file = (folder / source).resolve()
        return file if file.is_relative_to(folder) else None


def judge_call_recordings(
    plan: pd.DataFrame, after: Snapshot
) -> tuple[int, list[tuple[str, int, str, Any, Any]]]:
    """How many recordings put with calls are still there, and those that are not.

    Args:
        plan: rows of a plan with `state` and `result` from the journal.
        after: the scope read again; a recording of the telephone is told by the portal's word alone.

    Returns:
        The count; and (entity, record id, field, wanted, found) of each that is not.
    """
    rows = plan[(plan["kind"] == "copy") & (plan["entity"] == "activity") & (plan["state"] == "done")]
    marks: dict[int, Any] = {}
    if "activity" in after.entities and "ORIGIN_VERSION" in after.columns("activity"):
        table = after.table("activity", ["ID", "ORIGIN_VERSION"])
        marks = dict(zip(table["ID"].tolist(), table["ORIGIN_VERSION"].tolist(), strict=True))
    good, wrong = 0, []
    for record, text, result in zip(rows["record_id"], rows["after"], rows["result"], strict=True):
        wanted = _marked(json.loads(result)["sha256"])
        if "line" in json.loads(text) or int(record) not in marks or marks[int(record)] == wanted:
            good += 1
        else:
            wrong.append(("activity", int(record), "ORIGIN_VERSION", wanted, marks[int(record)]))
    return good, wrong


def _activity(row: Row) -> Command:
    where = {"filter": {"ID": row.record_id}, "select": ["ID", "ORIGIN_VERSION", "FILES"]}
    return Command("crm.activity.list", where)


def _line(row: Row) -> Command:
    return Command("voximplant.statistic.get", {"FILTER": {"EXTERNAL_CALL_ID": row.after["line"]}})


def _proven(row: Row, outcome: Outcome, facts: Mapping[str, Any]) -> Verdict:
    if outcome.state != "done":
        return Verdict("foreign", f"the call cannot be read: {outcome.message}")
    if "line" in row.after:
        lines = listed_in(outcome)
        file = _file(lines[0]) if lines else 0
        return (
            Verdict("true", "it holds a recording", result={**facts, "file": file})
            if file
            else Verdict("open")
        )
    there = listed_in(outcome)
    if not there:
        return Verdict("foreign", "the call is gone")
    if str(there[0].get("ORIGIN_VERSION")) == _marked(str(facts.get("sha256", ""))):
        return Verdict("true", "the same bytes", result=dict(facts))
    return Verdict("foreign", THERE) if _holds(there[0]) else Verdict("open")


def _marked(sha256: str) -> str:
    return Sound(Path(), "", 0, sha256).mark


def _holds(activity: Mapping[str, Any]) -> bool:
    return bool(activity.get("ORIGIN_VERSION") or activity.get("FILES"))


def _file(line: Mapping[str, Any]) -> int:
    return _number(line.get("RECORD_FILE_ID"))


def _number(value: Any) -> int:
    return int(value) if str(value).isdecimal() else 0


def _laid(file: Path, target: Path) -> None:
    """A file under another name: a link where the disk allows, for it is only read."""
    target.unlink(missing_ok=True)
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _unheard_of(row: Row, error: RecordingRefused) -> Settled:
    known = {"has no length": "empty", "is a page for people, not a recording": "not_a_file"}
    code = known.get(error.problem, "too_large" if "larger" in error.problem else "wrong_format")
    return _refused(row, code, NOT_COPIED.get(code, WRONG_FORMAT))


def _refused(row: Row, state: str, words: str) -> Settled:
    return Settled(
        row.change, "quarantined", f"RECORDING_{state.upper()}", words, {"activity": row.record_id}
    )
