"""One pass over the rows: sorted by client, their clients, their deals, their calls; and the account of them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolkit.runs.changes import Changes
from toolkit.runs.contact_centre.board import Board
from toolkit.runs.contact_centre.calls import Appeals, settle_calls
from toolkit.runs.contact_centre.calls_there import CallsThere, Held
from toolkit.runs.contact_centre.clients import Clients, settle_clients
from toolkit.runs.contact_centre.deals import Deals, settle_deals, withdrawn
from toolkit.runs.contact_centre.fates import Account, Fate, Key
from toolkit.runs.contact_centre.history import cards_of_clients, settle_history, written_down
from toolkit.runs.contact_centre.intake import UnreadRow
from toolkit.runs.contact_centre.rows import CallRow, ClientRow, HistoryRow, RequestRow
from toolkit.runs.contact_centre.sorting import sort_rows
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.operation import Tables

__all__ = ["Loaded", "load_rows"]

UNREAD = "the row cannot be read"


@dataclass(frozen=True)
class Loaded:
    """What is asked for, and what becomes of every row.

    Args:
        changes: all of them.
        account: of every row.
        deals: marker of a request to its deal, an id or the marker of what is made.
        calls: those that are on the portal afterwards.
    """

    changes: Changes
    account: Account
    deals: Mapping[str, int | str]
    calls: Sequence[Held]


def load_rows(
    requests: Sequence[RequestRow],
    calls: Sequence[CallRow],
    tables: Tables,
    terms: Terms,
    *,
    history: Sequence[HistoryRow] = (),
    appeals: Appeals | None = None,
    unread: Sequence[UnreadRow] = (),
    whole: bool = False,
) -> Loaded:
    """Firms, then people, then deals, then calls, then what was changed of them.

    Args:
        requests, calls: the rows.
        tables: `contact`, `company`, `requisite`, `deal`; where there are calls `activity`, and `call` if the
            statistics may be read.
        terms: what holds for all rows.
        history: rows of what was changed.
        appeals: those new calls are shown with; None for none.
        unread: rows that could not be read: they are accounted for.
        whole: the rows are all there are: deals of others are listed as withdrawn.
    """
    rows: dict[str, Sequence[ClientRow]] = {"request": requests, "call": calls}
    found = sort_rows(rows, terms)
    clients = settle_clients(found, tables, terms)
    board = Board.of(tables["deal"], terms.system)
    deals = settle_deals(requests, clients, tables["deal"], board, terms)
    known = {terms.marker("request", each): deal for each, deal in terms.deals_before.items()}
    of = {**{marker: deal for marker, deal in known.items() if deal in terms.deals}, **deals.of}
    said = settle_calls(calls, clients, of, CallsThere.of(tables), appeals, terms)
    told = settle_history(history, of, cards_of_clients(rows, clients, tables, terms), terms)
    fates = {**found.fates, **clients.fates, **deals.fates, **said.fates, **told.fates}
    ids = {kind: [each.id for each in them] for kind, them in rows.items()}
    ids["history"] = [each.id for each in history]
    for row in unread:
        fates[row.kind, len(ids[row.kind])] = Fate("quarantined", UNREAD, row.problem)
        ids[row.kind].append(row.id)
    account = Account(ids, fates, _records(rows, clients, deals, terms))
    notes = written_down([*said.comments, *told.comments])
    parts = [clients.changes, deals.changes, said.changes, notes, account.left_to_a_person(terms.language)]
    if whole:
        parts.append(withdrawn(requests, board, terms))
    return Loaded(Changes.joined(*parts), account, of, said.held)


def _records(
    rows: Mapping[str, Sequence[ClientRow]], clients: Clients, deals: Deals, terms: Terms
) -> dict[Key, list[tuple[str, int | str]]]:
    """What each row that has a client is about."""
    found: dict[Key, list[tuple[str, int | str]]] = {}
    for key, client in clients.of.items():
        deal = deals.of.get(terms.marker("request", rows[key[0]][key[1]].id)) if key[0] == "request" else None
        named = [("contact", client.contact), ("company", client.company), ("deal", deal)]
        found[key] = [(name, number) for name, number in named if number is not None]
    return found
