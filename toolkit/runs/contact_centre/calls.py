"""The calls of a contact centre: each once, on its client, its deal and its appeal, with its recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from toolkit.runs.call_recordings import Heard, call_recordings, recording_key
from toolkit.runs.calls_made import CallMade, call_changes, telephone_values
from toolkit.runs.changes import Changes
from toolkit.runs.contact_centre.calls_there import CallsThere, CallThere, Held, Links, as_loaded, correct
from toolkit.runs.contact_centre.clients import Client, Clients
from toolkit.runs.contact_centre.fates import Fate, Key
from toolkit.runs.contact_centre.history import Comment
from toolkit.runs.contact_centre.rows import CallRow, latest
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.telephony import AppealShelf, nearest_appeals

__all__ = ["Appeals", "Calls", "settle_calls"]


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
class Calls:
    """What becomes of the calls.

    Args:
        changes: calls made, linked, corrected, and given their recordings.
        comments: what was said of calls whose record has no place for it.
        fates: of the calls that have a client.
        held: the calls as they are afterwards.
    """

    changes: Changes
    comments: Sequence[Comment]
    fates: Mapping[Key, Fate]
    held: Sequence[Held]


def settle_calls(
    calls: Sequence[CallRow],
    clients: Clients,
    deals: Mapping[str, int | str],
    there: CallsThere,
    appeals: Appeals | None,
    terms: Terms,
) -> Calls:
    """Make the calls that are not there, correct those that are, and fetch the recordings that are missing.

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
    again: dict[int, CallThere] = {}
    last = latest(calls)
    for at, row in enumerate(calls):
        key, known = ("call", at), there.by_marker.get(terms.marker("call", row.id))
        client = clients.of.get(key)
        if known is None:
            if client is not None:
                fresh[at] = client
        elif last[row.id] == at:
            fates[key] = clients.fate(key)
            again[at] = known
    chosen = _appeals_of(calls, fresh, appeals)
    made = [_made(calls[at], client, deals, chosen.get(at), terms) for at, client in fresh.items()]
    heard = _heard_later(calls, again, fates, terms)
    for at, call in zip(fresh, made, strict=True):
        fates["call", at] = Fate("created")
        if _to_fetch(calls[at], terms):
            line = call.marker if _by_telephone(call, terms) else ""
            recording = recording_key(calls[at].id, calls[at].recording)
            heard.append(Heard(call.marker, at, recording, line))
    linked, held = _linked(calls, again, deals, there, fates, terms)
    corrected = _corrected(calls, again, clients, there, fates, terms)
    for at, call in zip(fresh, made, strict=True):
        deal = dict(call.belongs_to).get("deal", 0)
        held.append(Held(as_loaded(calls[at]), call.marker, deal))
    changes = call_changes(made, telephony=terms.telephony) if made else Changes()
    recordings = call_recordings(heard, most_bytes=terms.recording_most_bytes) if heard else Changes()
    comments = [
        Comment(call.spoken_to, call.said(terms.language), f"{call.marker}:comment", SAID)
        for call in made
        if call.description and _by_telephone(call, terms)
    ]
    return Calls(Changes.joined(changes, corrected, linked, recordings), comments, fates, held)


def _heard_later(
    calls: Sequence[CallRow], again: Mapping[int, CallThere], fates: dict[Key, Fate], terms: Terms
) -> list[Heard]:
    """The recordings of calls that are there without one."""
    heard = []
    for at, known in again.items():
        row = calls[at]
        if known.activity is not None and not known.heard and _to_fetch(row, terms):
            line = terms.marker("call", row.id) if known.telephone else ""
            heard.append(Heard(known.activity, at, recording_key(row.id, row.recording), line))
            fates["call", at] = Fate("edited")
    return heard


def _linked(
    calls: Sequence[CallRow],
    again: Mapping[int, CallThere],
    deals: Mapping[str, int | str],
    there: CallsThere,
    fates: dict[Key, Fate],
    terms: Terms,
) -> tuple[Changes, list[Held]]:
    """The calls that are there, on the deals of the requests that came after them; and those calls afterwards."""
    links = Links(terms.deals)
    held: list[Held] = []
    for at, known in again.items():
        row, before = calls[at], terms.calls_before.get(calls[at].id)
        deal = deals.get(terms.marker("request", row.request)) if row.request else None
        if before is None:
            # Where nobody remembers how it was loaded, it is taken for whole.
            held += [Held(as_loaded(row), known.activity, deal or 0)] if known.activity else []
            continue
        put = links.settle(row, before, deal)
        if put != before.deal:
            fates["call", at] = Fate("edited")
        held.append(Held(as_loaded(row), before.activity, put))
    named = {row.id for row in calls}
    for number, before in terms.calls_before.items():
        deal = deals.get(terms.marker("request", before.row.request)) if before.row.request else None
        marker = terms.marker("call", number)
        if number in named or deal is None or not there.holds(marker, before.activity):
            continue
        put = links.settle(before.row, before, deal)
        if put != before.deal:
            held.append(Held(before.row, before.activity, put))
    return links.changes(), held


def _corrected(
    calls: Sequence[CallRow],
    again: Mapping[int, CallThere],
    clients: Clients,
    there: CallsThere,
    fates: dict[Key, Fate],
    terms: Terms,
) -> Changes:
    places = {calls[at].id: at for at in again}

    def made_of(row: CallRow) -> CallMade | None:
        client = clients.of.get(("call", places[row.id]))
        return _made(row, client, {}, None, terms) if client else None

    changes, found = correct([calls[at] for at in again], there, made_of, terms)
    for number, fate in found.items():
        if fate.state != "unchanged":
            fates["call", places[number]] = fate
    return changes


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
