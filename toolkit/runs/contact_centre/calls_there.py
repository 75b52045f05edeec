"""Calls the portal holds: put on the deal of a request that came after them, and corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from toolkit.runs.call_recordings import recording_key
from toolkit.runs.calls_made import LINKED, CallMade, call_values
from toolkit.runs.changes import Changes, binds, unbinds
from toolkit.runs.contact_centre.cells import Card, Editing, Wish, empty, plain, rewritten
from toolkit.runs.contact_centre.fates import Fate
from toolkit.runs.contact_centre.phones import numbers_in
from toolkit.runs.contact_centre.rows import CallRow, LoadedCall
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.contact_centre.words import versus
from toolkit.runs.operation import Tables
from toolkit.runs.references import made

__all__ = ["CallThere", "CallsThere", "Held", "Links", "as_loaded", "correct", "other_number"]

CORRECTED = "a call that was corrected there"
NOT_CORRECTED = "corrected there, but the portal lets nobody change it"

_DEAL = 2
_MOMENTS = ("START_TIME", "END_TIME")
_OF_THE_LINE = ("direction", "phone", "at", "duration_s", "responsible", "comment")


@dataclass(frozen=True)
class CallThere:
    """A call the portal holds.

    Args:
        activity: its activity; None without one.
        telephone: it is a record of the telephone.
        heard: it has a recording.
    """

    activity: int | None
    telephone: bool
    heard: bool


@dataclass(frozen=True)
class CallsThere:
    """The calls the portal holds.

    Args:
        by_marker: those of this system among them.
        activities: their activities as they were read.
    """

    by_marker: Mapping[str, CallThere]
    activities: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def of(cls, tables: Tables) -> CallsThere:
        """The calls of the tables `activity` (ID, ORIGIN_ID, ORIGIN_VERSION, and what calls are corrected in) and
        `call` (EXTERNAL_CALL_ID, CRM_ACTIVITY_ID, RECORD_FILE_ID), where they were read."""
        found: dict[str, CallThere] = {}
        if "activity" in tables:
            ids, marks, versions = _columns(tables["activity"], "ID", "ORIGIN_ID", "ORIGIN_VERSION")
            for number, mark, version in zip(ids, marks, versions, strict=True):
                if mark:
                    found[str(mark)] = CallThere(int(number), telephone=False, heard=bool(version))
        if "call" in tables:
            names = ("EXTERNAL_CALL_ID", "CRM_ACTIVITY_ID", "RECORD_FILE_ID")
            for mark, number, file in zip(*_columns(tables["call"], *names), strict=True):
                if mark:
                    activity = int(number) if number else None
                    found[str(mark)] = CallThere(activity, telephone=True, heard=bool(file))
        return cls(found, tables.get("activity", pd.DataFrame()))

    def holds(self, marker: str, activity: int) -> bool:
        """Whether a call that was loaded before is still there."""
        ids = self.activities["ID"] if "ID" in self.activities else pd.Series(dtype="int64")
        return marker in self.by_marker or bool((ids == activity).any())

    def card(self, activity: int) -> Card:
        """An activity as a card that was made out of a row; moments in UTC."""
        rows = self.activities[self.activities["ID"] == activity].astype(object).to_dict("records")
        cells = {str(name): plain(value) for name, value in rows[0].items()} if rows else {}
        stamps = {"createdTime": cells.get("CREATED"), "updatedTime": cells.get("LAST_UPDATED")}
        told = {name: _moment(cells[name]) for name in _MOMENTS if not empty(cells.get(name))}
        return Card(activity, {**cells, **told, **stamps}, ours=True)


@dataclass(frozen=True)
class Held:
    """A call once the plan is carried out.

    Args:
        row: what was said of it.
        activity: id, or the marker of what this plan makes.
        deal: id or marker of the deal it is put on; 0 for none.
    """

    row: CallRow
    activity: int | str
    deal: int | str = 0


@dataclass
class Links:
    """Links of calls that are there to deals, while they are gathered.

    Args:
        deals: ids of those on the portal.
    """

    deals: frozenset[int]
    added: list[tuple[int, int | str]] = field(default_factory=list)
    moved: list[tuple[int, int, int | str]] = field(default_factory=list)
    removed: list[tuple[int, int]] = field(default_factory=list)

    def settle(self, row: CallRow, before: LoadedCall, deal: int | str | None) -> int | str:
        """The deal a call is put on from now on; 0 for none.

        A deal somebody gave it, or took from it, stays so: only what the rows say differently than before counts.

        Args:
            row: what is said of the call.
            before: as it was last loaded.
            deal: of the request it names now; None where that is not known.
        """
        other = row.request != before.row.request
        had = before.deal if before.deal in self.deals else 0
        if deal is not None and deal != had and not had:
            self.added.append((before.activity, deal))
        elif deal is not None and deal != had and other:
            self.moved.append((before.activity, had, deal))
        elif deal is None and had and other:
            self.removed.append((before.activity, had))
            return 0
        else:
            return had
        return deal

    def changes(self) -> Changes:
        """What has to be written."""
        return Changes.joined(
            binds(
                "activity",
                [activity for activity, _ in self.added],
                to=[_to(deal) for _, deal in self.added],
                reason=LINKED,
            ),
            binds(
                "activity",
                [activity for activity, _, _ in self.moved],
                to=[_to(deal) for _, _, deal in self.moved],
                reason=CORRECTED,
                instead_of=[_to(had) for _, had, _ in self.moved],
            ),
            unbinds(
                "activity",
                [activity for activity, _ in self.removed],
                held=[_to(had) for _, had in self.removed],
                reason=CORRECTED,
            ),
        )


def as_loaded(row: CallRow) -> CallRow:
    """A row as it is remembered: without the address of its recording, which may be a password."""
    recording = recording_key(row.id, row.recording) if row.recording else ""
    return row.model_copy(update={"recording": recording})


def other_number(row: CallRow, terms: Terms) -> Fate | None:
    """The fate of a call which is said to be of another number than when it was loaded: perhaps of another client."""
    before = terms.calls_before.get(row.id)
    if before is None or _numbers(before.row.phone, terms) == _numbers(row.phone, terms):
        return None
    said = _told([("phone", before.row.phone, row.phone)], terms)
    return Fate("review", NOT_CORRECTED, said, "activity", before.activity)


def correct(
    rows: Iterable[CallRow],
    there: CallsThere,
    made_of: Callable[[CallRow], CallMade | None],
    terms: Terms,
) -> tuple[Changes, dict[str, Fate]]:
    """Bring calls to what is said of them now.

    Args:
        rows: the last state of each call that is there.
        there: the calls the portal holds.
        made_of: a row as the call it would be made into; None where that has no client.
        terms: what holds for all rows.

    Returns:
        The changes; and the fates of the calls which are edited, or which the portal lets nobody edit, by id.
    """
    edits: list[Editing] = []
    fates: dict[str, Fate] = {}
    for row in rows:
        known, loaded = there.by_marker[terms.marker("call", row.id)], terms.calls_before.get(row.id)
        before = loaded.row if loaded else None
        if before == as_loaded(row) or known.activity is None:
            continue
        fixed = _fixed(row, before, known, terms)
        if not known.telephone:
            edit = Editing("activity", there.card(known.activity), frozenset())
            if _say(edit, row, before, made_of):
                edits.append(edit)
                fates[row.id] = Fate("edited" if edit.after else "unchanged")
        if fixed:
            fates[row.id] = Fate("review", NOT_CORRECTED, _told(fixed, terms), "activity", known.activity)
    return rewritten(edits, CORRECTED, terms.language), fates


def _say(
    edit: Editing, row: CallRow, before: CallRow | None, made_of: Callable[[CallRow], CallMade | None]
) -> bool:
    """Weigh each cell of an activity; whether there was anything to weigh."""
    if before is None and not edit.card.untouched:
        return False  # what stands there may be anybody's word
    call, then = made_of(row), made_of(before) if before else None
    if call is None:
        return False
    old = _cells(then) if then else {}
    cells = _cells(call)
    for name, value in cells.items():
        # The subject is made of direction and number; another spelling of the number is no correction.
        if name != "SUBJECT":
            edit.say(name, Wish(value, row.stamp, old.get(name)))
    if "DIRECTION" in edit.after:
        edit.say("SUBJECT", Wish(cells["SUBJECT"], row.stamp, old.get("SUBJECT")))
    return bool(edit.after or edit.kept)


def _cells(call: CallMade) -> dict[str, Any]:
    """What a correction may change of an activity."""
    cells = call_values(call)
    chosen = {name: cells.get(name) for name in ("DIRECTION", "RESPONSIBLE_ID", "DESCRIPTION", "SUBJECT")}
    chosen |= {name: _moment(cells[name]) for name in _MOMENTS}
    return {name: value for name, value in chosen.items() if not empty(value)}


def _fixed(
    row: CallRow, before: CallRow | None, known: CallThere, terms: Terms
) -> list[tuple[str, Any, Any]]:
    """What was corrected there and cannot be here: field, what it was, what it is said to be."""
    if before is None:
        return []
    found = []
    for name in _OF_THE_LINE if known.telephone else ("phone",):
        was, said = getattr(before, name), getattr(row, name)
        same = _numbers(was, terms) == _numbers(said, terms) if name == "phone" else was == said
        if not same:
            found.append((name, was, said))
    recording = recording_key(row.id, row.recording) if row.recording else ""
    if known.heard and before.recording and recording and recording != before.recording:
        found.append(("recording", "", row.recording.rpartition("/")[2]))
    return found


def _told(fixed: Iterable[tuple[str, Any, Any]], terms: Terms) -> str:
    return "; ".join(versus(terms.language, "became", *each) for each in fixed)


def _numbers(text: str, terms: Terms) -> Sequence[Any]:
    return numbers_in(text, terms.home) or [text]


def _moment(value: Any) -> str:
    return pd.Timestamp(value).tz_convert("UTC").isoformat(timespec="seconds")


def _to(deal: int | str) -> dict[str, Any]:
    return {"entityTypeId": _DEAL, "entityId": made(deal) if isinstance(deal, str) else deal}


def _columns(table: pd.DataFrame, *names: str) -> list[list[Any]]:
    """Cells of columns, nothing as None; a column nobody answered for holds nothing."""
    return [
        table[name].astype(object).where(table[name].notna(), None).tolist()
        if name in table
        else [None] * len(table)
        for name in names
    ]
