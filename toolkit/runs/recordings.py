"""Recordings of calls, carried from where they lie into the records they belong to.

A row of kind `copy` says which recording goes into which field; the bytes are read when it is carried out:

    look ──▶ link ──▶ file in the run's folder (SHA-256) ──▶ journal ──▶ crm.item.update ──▶ file removed

One recording is on this machine at a time, never in memory, and its checksum is in the journal before it is
sent: after a lost answer the file the record holds is read back and compared. That a recording is missing,
expired, empty, too large or no sound is noted with the change and is nobody's failure. Links are passwords;
they are in no plan, journal or log.

Source: api-reference/disk/file/disk-file-get.md, api-reference/files/how-to-{upload,update}-files.md,
api-reference/telephony/voximplant/voximplant-statistic-get.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from toolkit.client import Command, Download, FileOnDisk, Outcome
from toolkit.records import FieldType, Snapshot, entity
from toolkit.runs.changes import Changes, copies
from toolkit.runs.folder import Run
from toolkit.runs.journal import Settled
from toolkit.runs.rows import Base, Row, Verdict, records_in

__all__ = [
    "MOST_AT_ONCE",
    "NOT_COPIED",
    "Copy",
    "Copying",
    "FileDoor",
    "Found",
    "copied_cells",
    "judge_copies",
    "recordings",
    "recordings_of",
]

MOST_AT_ONCE = 24
"""Recordings looked up by one request: their links, and the records they go to."""

NOT_COPIED: Mapping[str, str] = {
    "missing": "the recording is not there any more",
    "expired": "the link to the recording opens nothing any more",
    "empty": "the recording has no length",
    "too_large": "the recording is larger than allowed",
    "not_a_file": "a page for people stands where the recording should be",
    "refused": "the link to the recording leads where it is not followed",
}
"""Why a recording was not copied, by its code in the journal without the prefix `RECORDING_`."""

_SOUNDS = {"audio/mpeg": ".mp3", "audio/mp3": ".mp3", "audio/ogg": ".ogg", "audio/mp4": ".m4a"}


class FileDoor(Protocol):
    """What copying needs of `toolkit.client.Portal`."""

    def send(self, commands: Sequence[Command]) -> list[Outcome]:
        """Carry out commands."""
        ...

    def fetch(self, link: str, target: Path, *, most_bytes: int) -> Download:
        """Stream what a link leads to into a file."""
        ...


def recordings(
    entity_name: str,
    appeals: Sequence[int | str],
    *,
    field: str,
    files: Sequence[int | None],
    calls: Sequence[int | None],
    most_bytes: int,
    reason: str | Sequence[str],
) -> Changes:
    """Recordings to be copied into records, one for each.

    Args:
        entity_name: whose records they are, `item:177`.
        appeals: for each the id of its record, or the marker of the create that makes it.
        field: the file field.
        files: for each the id of the recording on Drive; None when only a link is known.
        calls: for each the line of the statistics that may hold a link; None for none.
        most_bytes: larger ones are left where they are.
        reason: why.
    """
    after = [
        {
            "field": field,
            **({"file": int(file)} if file is not None else {}),
            **({"call": int(call)} if call is not None else {}),
            "most_bytes": most_bytes,
        }
        for file, call in zip(files, calls, strict=True)
    ]
    return copies(entity_name, list(appeals), of=after, reason=reason)


def recordings_of(run: Run) -> pd.DataFrame:
    """What became of the recordings of a run.

    Returns:
        One row per recording: change, entity, appeal, file, call (Int64), state (of the change), code,
        message, bytes (Int64), sha256.
    """
    journal = run.journal.table()[["change", "state", "code", "message", "result"]]
    rows = run.plan.table[run.plan.table["kind"] == "copy"].merge(journal, on="change", how="left")
    told = [json.loads(text) if isinstance(text, str) else {} for text in rows["result"]]
    asked = [json.loads(text) for text in rows["after"]]
    appeals = [
        fact.get("appeal", given) for fact, given in zip(told, rows["record_id"].tolist(), strict=True)
    ]
    return pd.DataFrame(
        {
            "change": rows["change"],
            "entity": rows["entity"],
            "appeal": pd.array(appeals, dtype="Int64"),
            "file": pd.array([each.get("file") for each in asked], dtype="Int64"),
            "call": pd.array([each.get("call") for each in asked], dtype="Int64"),
            "state": rows["state"].fillna("planned"),
            "code": rows["code"].fillna(""),
            "message": rows["message"].fillna(""),
            "bytes": pd.array([each.get("bytes") for each in told], dtype="Int64"),
            "sha256": pd.Series([each.get("sha256", "") for each in told], dtype="str"),
        }
    )


class Copy(Base):
    """How the present of a copy is read: the field it goes to."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """One list of the records by id; calls are looked up together with what is asked of them."""
        if rows[0].entity == "activity":
            return []
        kind = entity(rows[0].entity)
        fields = [kind.id_field, *dict.fromkeys(row.after["field"] for row in rows)]
        params = kind.list_params(fields, {f"@{kind.id_field}": [row.record_id for row in rows]})
        return [Command(kind.list_method, {**params, "order": {kind.id_field: "ASC"}, "start": -1})]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """Open while the field is empty; whose file it holds only a comparison can tell."""
        held = records_in(entity(rows[0].entity), outcomes[0])
        return [_present(row, held.get(row.record_id)) for row in rows]

    def command(self, row: Row) -> Command:
        """The update without its file, for estimates; `Copying.upload` sends the real one."""
        return Command(entity(row.entity).update_method, {})


@dataclass(frozen=True)
class Found:
    """A recording on this machine, for a moment.

    Args:
        path: where.
        name: of the file.
        came: size and checksum.
    """

    path: Path
    name: str
    came: Download

    def facts(self, row: Row) -> dict[str, Any]:
        """What the journal keeps of it."""
        return {
            "appeal": row.record_id,
            "name": self.name,
            "bytes": self.came.bytes,
            "sha256": self.came.sha256,
        }


class Copying:
    """Copies of one run, one at a time.

    Args:
        door: the portal.
        folder: of the run; a folder in it holds what is on its way, and is emptied first.
    """

    def __init__(self, door: FileDoor, folder: Path) -> None:
        self._door = door
        self._folder = folder / "recordings"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._links: dict[int, tuple[str, str]] = {}
        self._empty: set[int] = set()
        self._unheard: dict[int, str] = {}

    def close(self) -> None:
        """Leave nothing behind."""
        self._links.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def lookups(self, rows: Sequence[Row]) -> list[Command]:
        """What tells the links of these recordings."""
        commands = []
        for row in rows:
            if "file" in row.after:
                commands.append(Command("disk.file.get", {"id": row.after["file"]}))
            else:
                commands.append(_line(row))
        return commands

    def noted(self, row: Row, outcome: Outcome) -> Settled | None:
        """Keep the link an answer holds; or say at once that a recording is not to be had. None to `fetch`."""
        if outcome.state == "done":
            link, name, size = _told(outcome.result)
            if size == 0:
                self._empty.add(row.change)
            if size is not None and size > row.after["most_bytes"]:
                return _not_copied(row, "too_large", {"bytes": size})
            if link and size != 0:
                self._links[row.change] = (link, name)
            return None
        if outcome.state == "rejected" and outcome.kind == "access":
            return Settled(row.change, "rejected", outcome.code, outcome.message)
        if outcome.state != "rejected" or outcome.kind != "input":
            self._unheard[row.change] = outcome.message
        return None

    def fetch(self, row: Row) -> Found | Settled:
        """The recording on this machine, or why there is none; `planned` when the network was in the way.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        if row.change in self._unheard:
            return Settled(row.change, "planned", "RECORDING_LOST", self._unheard.pop(row.change))
        last: Download | None = None
        for link, name in self._ways(row):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._folder / f"{row.change}.part"
            last = self._door.fetch(link, path, most_bytes=row.after["most_bytes"])
            if last.state == "done":
                return Found(path, _named(name, row, last), last)
            if last.state in ("too_large", "lost"):
                break
        if last is None:
            return _not_copied(row, "empty" if row.change in self._empty else "missing")
        if last.state == "lost":
            return Settled(row.change, "planned", "RECORDING_LOST", last.words)
        return _not_copied(row, last.state, {"bytes": last.bytes} if last.bytes else {})

    def _ways(self, row: Row) -> Iterator[tuple[str, str]]:
        """Links to a recording, with its name: the file's; where that leads nowhere, the statistics'."""
        known = self._links.pop(row.change, None)
        if known is not None:
            yield known
        if "file" in row.after and "call" in row.after:
            outcome = self._door.send([_line(row)])[0]
            link, name, _ = _told(outcome.result) if outcome.state == "done" else ("", "", None)
            if link:
                yield link, name

    def upload(self, row: Row, found: Found) -> Command:
        """The update that carries a recording."""
        kind = entity(row.entity)
        cells = {row.after["field"]: [found.name, FileOnDisk(found.path)]}
        return Command(kind.update_method, kind.update_params(row.record_id, cells))

    def kept(self, row: Row, outcome: Outcome, found: Found) -> Settled:
        """What an answered update says: a file the portal did not want is left out of it without a word."""
        answer = outcome.result
        item = answer.get("item", answer) if isinstance(answer, Mapping) else {}
        if row.after["field"] not in item:
            return Settled(row.change, "sent", "", "the answer does not tell; it is looked up")
        file = _id_of(item[row.after["field"]])
        if not file:
            return Settled(row.change, "rejected", "RECORDING_NOT_TAKEN", "the portal took no file")
        return Settled(row.change, "done", result={**found.facts(row), "id": file})

    def proofs(self, rows: Sequence[Row]) -> list[Command]:
        """What tells, after a lost answer, which files the records hold."""
        return Copy().reads(rows)

    def proven(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], known: Mapping[int, Mapping[str, Any]]
    ) -> list[Verdict]:
        """Whether the records hold the recordings the journal knows by their checksums.

        Args:
            rows: copies whose outcome is not known.
            outcomes: of `proofs`.
            known: what the journal kept before each was sent.
        """
        held = records_in(entity(rows[0].entity), outcomes[0])
        return [self._compared(row, held.get(row.record_id), known.get(row.change) or {}) for row in rows]

    def _compared(self, row: Row, record: Mapping[str, Any] | None, facts: Mapping[str, Any]) -> Verdict:
        verdict = _present(row, record)
        if record is None or verdict.state == "open":
            return verdict
        file = record[row.after["field"]]
        link = str(file.get("urlMachine") or "") if isinstance(file, Mapping) else ""
        if link:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path = self._folder / f"{row.change}.held"
            came = self._door.fetch(link, path, most_bytes=int(facts.get("bytes", 0)) or 1)
            path.unlink(missing_ok=True)
            if came.state == "done" and came.sha256 == facts.get("sha256"):
                return Verdict("true", "the same bytes", result={**facts, "id": _id_of(file)})
        return verdict


def copied_cells(plan: pd.DataFrame) -> dict[tuple[str, int], set[str]]:
    """The fields recordings were copied into.

    Args:
        plan: rows of a plan with `state` from the journal.

    Returns:
        (entity, record id) to field names.
    """
    cells: dict[tuple[str, int], set[str]] = {}
    rows = plan[(plan["kind"] == "copy") & (plan["state"] == "done") & plan["record_id"].notna()]
    for name, record_id, text in zip(rows["entity"], rows["record_id"], rows["after"], strict=True):
        cells.setdefault((str(name), int(record_id)), set()).add(json.loads(text)["field"])
    return cells


def judge_copies(plan: pd.DataFrame, after: Snapshot) -> tuple[int, list[tuple[str, int, str, Any, Any]]]:
    """How many copied recordings are still there, and those that are not.

    Args:
        plan: rows of a plan with `state` and `result` from the journal.
        after: the scope read again.

    Returns:
        The count; and (entity, record id, field, wanted, found) of each that is not.
    """
    good, wrong = 0, []
    rows = plan[(plan["kind"] == "copy") & (plan["state"] == "done") & plan["record_id"].notna()]
    rows = rows[rows["entity"] != "activity"]  # of calls: see `toolkit.runs.call_recordings`
    for name, ours in rows.groupby("entity"):
        if name not in after.entities:
            good += len(ours)
            continue
        kind = entity(str(name))
        fields = sorted({json.loads(text)["field"] for text in ours["after"]})
        table = after.table(str(name), [kind.id_field, *fields]).set_index(kind.id_field)
        for record_id, text, result in zip(ours["record_id"], ours["after"], ours["result"], strict=True):
            field, wanted = json.loads(text)["field"], json.loads(result)["id"]
            held = table[field].get(int(record_id))
            held = None if held is None or pd.isna(held) else int(held)
            if held == wanted:
                good += 1
            else:
                wrong.append((str(name), int(record_id), field, wanted, held))
    return good, wrong


def _present(row: Row, record: Mapping[str, Any] | None) -> Verdict:
    if record is None:
        return Verdict("foreign", "the record is gone, or the webhook's user may not read it")
    file = _id_of(record.get(row.after["field"]))
    if not file:
        return Verdict("open")
    return Verdict("foreign", "a file is there already: it is left as it is", file)


def _line(row: Row) -> Command:
    return Command("voximplant.statistic.get", {"FILTER": {"ID": row.after["call"]}})


def _told(result: Any) -> tuple[str, str, int | None]:
    """Link, name and size out of an answer about a file, or about a line of the statistics."""
    if isinstance(result, list):
        return (str(result[0].get("CALL_RECORD_URL") or ""), "", None) if result else ("", "", None)
    if not isinstance(result, Mapping):
        return "", "", None
    size = str(result.get("SIZE", ""))
    link = str(result.get("DOWNLOAD_URL") or "")
    return link, str(result.get("NAME") or ""), int(size) if size.isdecimal() else None


def _named(name: str, row: Row, came: Download) -> str:
    name = name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    if name:
        return name
    source = row.after.get("call", row.after.get("file"))
    return f"call-{source}{_SOUNDS.get(came.media_type, '.wav')}"


def _id_of(file: Any) -> int:
    if isinstance(file, list):
        file = file[0] if file else None
    if isinstance(file, Mapping):
        file = file.get("id")
    return int(file) if str(file).isdecimal() else 0


def _not_copied(row: Row, state: str, facts: Mapping[str, Any] | None = None) -> Settled:
    result = {"appeal": row.record_id, "status": state, **(facts or {})}
    return Settled(row.change, "already", f"RECORDING_{state.upper()}", NOT_COPIED[state], result)
