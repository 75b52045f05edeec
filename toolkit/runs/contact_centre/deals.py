"""The deals of the requests: found by marker or by client and pipeline, filled in or made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toolkit.runs.changes import Changes, creates, listed
from toolkit.runs.contact_centre.board import Board
from toolkit.runs.contact_centre.cells import Editing, Wish, cards_of, empty, ids_in, rewritten
from toolkit.runs.contact_centre.clients import FILLED, NOBODY, Clients, reference
from toolkit.runs.contact_centre.fates import Fate, Key
from toolkit.runs.contact_centre.rows import RequestRow
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.contact_centre.words import named, said

__all__ = ["Deals", "settle_deals", "withdrawn"]

NEW_DEAL = "a request without an open deal"
UNSURE_DEAL = "several deals are open: a person has to say"
WITHDRAWN = "withdrawn there: left to a person"
JOINS = "joins the deal of an earlier row"


@dataclass(frozen=True)
class Deals:
    """What becomes of the requests.

    Args:
        changes: deals made and filled in.
        of: marker of a request to its deal: an id, or the marker of what this plan makes. Requests that were loaded
            before are among them.
        fates: of the requests that have a client.
    """

    changes: Changes
    of: Mapping[str, int | str]
    fates: Mapping[Key, Fate]


@dataclass
class _Joining:
    """Requests of one deal, oldest first, and those which need none."""

    new: dict[tuple[Any, ...], list[int]]
    known: dict[int, list[int]]
    over: dict[int, int]
    fates: dict[Key, Fate]


def settle_deals(
    requests: Sequence[RequestRow], clients: Clients, deals: pd.DataFrame, board: Board, terms: Terms
) -> Deals:
    """Find, fill in or make the deals of the requests.

    Args:
        requests: in the order they were given in.
        clients: whose they are.
        deals: of the portal.
        board: the same, by marker and by client.
        terms: what holds for all rows.
    """
    joining = _joined(requests, clients, board, terms)
    making = _new_deals(joining.new.values(), requests, clients, terms)
    filling = _known_deals(joining.known, requests, clients, deals, terms)
    over = {terms.marker("request", requests[at].id): number for at, number in joining.over.items()}
    return Deals(
        Changes.joined(making.changes, filling.changes),
        {**board.by_marker, **over, **making.of, **filling.of},
        {**joining.fates, **making.fates, **filling.fates},
    )


def withdrawn(requests: Iterable[RequestRow], board: Board, terms: Terms) -> Changes:
    """Deals made out of rows that the whole export does not hold any more."""
    rows = {terms.marker("request", each.id) for each in requests}
    gone = {marker: number for marker, number in board.by_marker.items() if marker not in rows}
    prefix = terms.marker("request", "")
    told = [said(terms.language, "request", marker.removeprefix(prefix)) for marker in gone]
    return listed("deal", list(gone.values()), WITHDRAWN, told)


def _joined(requests: Sequence[RequestRow], clients: Clients, board: Board, terms: Terms) -> _Joining:
    found = _Joining({}, {}, {}, {})
    nobodys = {number for numbers in board.nobodys.values() for number in numbers}
    taken = dict[int, object]()  # a firm's deal to the first person who asked about it
    for at in sorted(range(len(requests)), key=lambda number: requests[number].at):
        key, row = ("request", at), requests[at]
        client = clients.of.get(key)
        if client is None:
            continue
        place = terms.place(row)
        if terms.responsible(row) is None:
            found.fates[key] = Fate("quarantined", NOBODY, terms.unfound(row))
            continue
        mine = board.by_marker.get(terms.marker("request", row.id))
        there = [mine] if mine else board.open(client, place.pipeline)
        if not mine and len(there) == 1 and there[0] in nobodys and client.contact is not None:
            there = there if taken.setdefault(there[0], client.side) == client.side else []
        if len(there) > 1:
            found.fates[key] = Fate(
                "review", UNSURE_DEAL, named(terms.language, "deals", there), "deal", there[0]
            )
        elif there:
            found.known.setdefault(there[0], []).append(at)
        elif over := board.over_since(client, place.pipeline, pd.Timestamp(row.at)):
            found.over[at] = over
            found.fates[key] = clients.fate(key)
        else:
            found.new.setdefault((*client.side, place.pipeline), []).append(at)
    return found


def _new_deals(
    joined: Iterable[Sequence[int]], requests: Sequence[RequestRow], clients: Clients, terms: Terms
) -> Deals:
    values, of, fates, markers = [], dict[str, int | str](), dict[Key, Fate](), []
    for rows_at in joined:
        rows = [requests[at] for at in rows_at]
        first = rows[0]
        place, client = terms.place(first), clients.of["request", rows_at[0]]
        marker = terms.marker("request", first.id)
        cells: dict[str, Any] = {}
        for row in rows:
            for name, value in _deal_cells(row).items():
                cells.setdefault(name, value)
        cells.setdefault("title", first.topic or f"{terms.system} {first.id}")
        cells["categoryId"] = place.pipeline
        if place.stage:
            cells["stageId"] = place.stage
        cells |= terms.made_by(terms.responsible(first))
        if client.contact is not None:
            cells["contactIds"] = [reference(client.contact)]
        if client.company is not None:
            cells["companyId"] = reference(client.company)
        values.append(cells)
        markers.append(marker)
        for number, (at, row) in enumerate(zip(rows_at, rows, strict=True)):
            of[terms.marker("request", row.id)] = marker
            fates["request", at] = Fate("created", JOINS if number else "")
    return Deals(creates("deal", values, markers=markers, reason=NEW_DEAL), of, fates)


def _known_deals(
    joined: Mapping[int, Sequence[int]],
    requests: Sequence[RequestRow],
    clients: Clients,
    deals: pd.DataFrame,
    terms: Terms,
) -> Deals:
    cards = cards_of(deals, joined, terms.system)
    of, fates, edits = dict[str, int | str](), dict[Key, Fate](), list[Editing]()
    for number, rows_at in joined.items():
        edit = Editing("deal", cards[number], terms.newest)
        own = edit.card.cells.get("originId")
        for at in rows_at:
            row = requests[at]
            of[terms.marker("request", row.id)] = number
            old = _deal_cells(terms.before[row.id]) if row.id in terms.before else {}
            had = len(edit.after)
            for name, value in _deal_cells(row).items():
                if name not in edit.after:
                    wish = Wish(value, row.stamp, old.get(name))
                    edit.say(name, wish, ours=own == terms.marker("request", row.id))
            client = clients.of["request", at]
            found_by_firm = own != terms.marker("request", row.id) and not _has_people(edit)
            if client.contact is not None and found_by_firm:
                edit.put("contactIds", edit.card.cells.get("contactIds") or [], [reference(client.contact)])
            grew = len(edit.after) > had
            fates["request", at] = Fate("edited") if grew else clients.fate(("request", at))
        edits.append(edit)
    return Deals(rewritten(edits, FILLED, terms.language), of, fates)


def _has_people(edit: Editing) -> bool:
    """Whether a deal has a person, or gets one."""
    cells = edit.card.cells
    return bool(
        "contactIds" in edit.after or ids_in(cells.get("contactId")) | ids_in(cells.get("contactIds"))
    )


def _deal_cells(row: RequestRow) -> dict[str, Any]:
    cells: dict[str, Any] = {"title": row.title, "opportunity": row.amount, "comments": row.comment}
    return {name: value for name, value in cells.items() if not empty(value)}
