"""The calls of a contact centre: each once, on its client, its deal and its appeal, with its recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from toolkit.runs.call_recordings import Heard, call_recordings, recording_key
from toolkit.runs.calls_made import CallMade, call_changes, telephone_values
from toolkit.runs.changes import Changes
from toolkit.runs.contact_centre.clients import Client, Clients
from toolkit.runs.contact_centre.fates import Fate, Key
from toolkit.runs.contact_centre.history import Comment
from toolkit.runs.contact_centre.rows import CallRow, latest
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.operation import Tables
from toolkit.runs.telephony import AppealShelf, nearest_appeals

__all__ = ["Appeals", "Calls", "CallsThere", "settle_calls"]


SAID = "what was said of the call"


@dataclass(frozen=True)
class Appeals:
    """The appeals calls are shown with.

    Args:
        number: entity type id of the smart process.
        shelf: those that are there.
        window_s: how soon after its end an appeal is made that gets a call.
    """

    number: int
    shelf: AppealShelf
    window_s: int


@dataclass(frozen=True)
class _There:
    """A call the portal holds: its activity (None without one), and whether it is a record of the telephone and has a
    recording."""

    activity: int | None
    telephone: bool
    heard: bool


@dataclass(frozen=True)
class CallsThere:
    """The calls the portal holds, by marker."""

    by_marker: Mapping[str, _There]

    @classmethod
    def of(cls, tables: Tables) -> CallsThere:
        """The calls of the tables `activity` (ID, ORIGIN_ID, ORIGIN_VERSION) and `call` (EXTERNAL_CALL_ID,
        CRM_ACTIVITY_ID, RECORD_FILE_ID), where they were read."""
        found: dict[str, _There] = {}
        if "activity" in tables:
            ids, marks, versions = _columns(tables["activity"], "ID", "ORIGIN_ID", "ORIGIN_VERSION")
            for number, mark, version in zip(ids, marks, versions, strict=True):
                if mark:
                    found[str(mark)] = _There(int(number), telephone=False, heard=bool(version))
        if "call" in tables:
            names = ("EXTERNAL_CALL_ID", "CRM_ACTIVITY_ID", "RECORD_FILE_ID")
            for mark, number, file in zip(*_columns(tables["call"], *names), strict=True):
                if mark:
                    activity = int(number) if number else None
                    found[str(mark)] = _There(activity, telephone=True, heard=bool(file))
        return cls(found)


@dataclass(frozen=True)
class Calls:
    """What becomes of the calls.

    Args:
        changes: calls made, linked, and given their recordings.
        comments: what was said of calls whose record has no place for it.
        fates: of the calls that have a client.
    """

    changes: Changes
    comments: Sequence[Comment]
    fates: Mapping[Key, Fate]


def settle_calls(
    calls: Sequence[CallRow],
    clients: Clients,
    deals: Mapping[str, int | str],
    there: CallsThere,
    appeals: Appeals | None,
    terms: Terms,
) -> Calls:
    """Make the calls that are not there, and fetch the recordings that are missing.

    Args:
        calls: in the order they were given in.
        clients: whose they are.
        deals: marker of a request to its deal: an id, or the marker of what this plan makes.
        there: the calls the portal holds.
        appeals: those new calls are shown with; None where there are none. Calls that are there already are brought
            into appeals by `attach_calls`.
        terms: what holds for all rows.
    """
    fates: dict[Key, Fate] = {}
    fresh: dict[int, Client] = {}
    heard: list[Heard] = []
    last = latest(calls)
    for at, row in enumerate(calls):
        key, marker = ("call", at), terms.marker("call", row.id)
        client, known = clients.of.get(key), there.by_marker.get(marker)
        if known is None:
            if client is not None:
                fresh[at] = client
            continue
        if client is not None or key in clients.fates:
            fates[key] = clients.fate(key)
        if known.activity is None or known.heard or last[row.id] != at or not _to_fetch(row, terms):
            continue
        recording = recording_key(row.id, row.recording)
        heard.append(Heard(known.activity, at, recording, marker if known.telephone else ""))
        fates[key] = Fate("edited")
    chosen = _appeals_of(calls, fresh, appeals)
    made = [_made(calls[at], client, deals, chosen.get(at), terms) for at, client in fresh.items()]
    for at, call in zip(fresh, made, strict=True):
        fates["call", at] = Fate("created")
        if _to_fetch(calls[at], terms):
            line = call.marker if _by_telephone(call, terms) else ""
            recording = recording_key(calls[at].id, calls[at].recording)
            heard.append(Heard(call.marker, at, recording, line))
    changes = call_changes(made, telephony=terms.telephony) if made else Changes()
    recordings = call_recordings(heard, most_bytes=terms.recording_most_bytes) if heard else Changes()
    comments = [
        Comment(call.spoken_to, call.said(terms.language), f"{call.marker}:comment", SAID)
        for call in made
        if call.description and _by_telephone(call, terms)
    ]
    return Calls(Changes.joined(changes, recordings), comments, fates)


def _made(
    row: CallRow, client: Client, deals: Mapping[str, int | str], appeal: tuple[str, int] | None, terms: Terms
) -> CallMade:
    deal = deals.get(terms.marker("request", row.request)) if row.request else None
    places = [("contact", client.contact), ("company", client.company), ("deal", deal), appeal or ("", None)]
    return CallMade(
        marker=terms.marker("call", row.id),
        direction=row.direction,
        phone=row.phone,
        start=row.at,
        duration_s=row.duration_s,
        # The telephone wants somebody who spoke; an activity without one is its client's responsible's.
        responsible=terms.responsible(row) if terms.telephony else terms.staff.find(row.responsible),
        description=row.comment,
        belongs_to=[(name, number) for name, number in places if number is not None],
    )


def _to_fetch(row: CallRow, terms: Terms) -> bool:
    return bool(row.recording) and recording_key(row.id, row.recording) not in terms.recordings_gone


def _by_telephone(call: CallMade, terms: Terms) -> bool:
    return terms.telephony and telephone_values(call) is not None


def _appeals_of(
    calls: Sequence[CallRow], fresh: Mapping[int, Client], appeals: Appeals | None
) -> dict[int, tuple[str, int]]:
    """The appeal made for the client soon after each call, by the rule of `attach_calls`."""
    if appeals is None or not fresh:
        return {}
    ends = [calls[at].at + timedelta(seconds=calls[at].duration_s) for at in fresh]
    talks = pd.DataFrame(
        {
            "end": pd.DatetimeIndex(pd.to_datetime(ends, utc=True)).as_unit("us"),
            "contact": pd.array([_id(each.contact) for each in fresh.values()], dtype="Int64"),
            "company": pd.array([_id(each.company) for each in fresh.values()], dtype="Int64"),
        },
        index=list(fresh),
    )
    found = nearest_appeals(talks, appeals.shelf, appeals.window_s).dropna()
    return {int(str(at)): (f"item:{appeals.number}", int(number)) for at, number in found.items()}


def _id(who: int | str | None) -> int | None:
    """The id of a client that is there: one this plan makes has no appeal yet."""
    return who if isinstance(who, int) else None


def _columns(table: pd.DataFrame, *names: str) -> list[list[Any]]:
    """Cells of columns, nothing as None; a column nobody answered for holds nothing."""
    return [
        table[name].astype(object).where(table[name].notna(), None).tolist()
        if name in table
        else [None] * len(table)
        for name in names
    ]
