"""One pass over the rows: sorted by client, their clients, their deals, their calls; and the account of them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolkit.runs.changes import Changes
from toolkit.runs.contact_centre.board import Board
from toolkit.runs.contact_centre.calls import settle_calls
from toolkit.runs.contact_centre.clients import settle_clients
from toolkit.runs.contact_centre.deals import settle_deals, withdrawn
from toolkit.runs.contact_centre.fates import Account
from toolkit.runs.contact_centre.rows import CallRow, RequestRow
from toolkit.runs.contact_centre.sorting import sort_rows
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.operation import Tables

__all__ = ["Loaded", "load_rows"]


@dataclass(frozen=True)
class Loaded:
    """What is asked for, and what becomes of every row."""

    changes: Changes
    account: Account


def load_rows(
    requests: Sequence[RequestRow], calls: Sequence[CallRow], tables: Tables, terms: Terms, *, whole: bool
) -> Loaded:
    """Firms, then people, then deals, then calls.

    Args:
        requests, calls: the rows.
        tables: `contact`, `company`, `requisite`, `deal`; `activity` where there are calls.
        terms: what holds for all rows.
        whole: the rows are all there are: deals of others are listed as withdrawn.
    """
    found = sort_rows({"request": requests, "call": calls}, terms)
    clients = settle_clients(found, tables, terms)
    board = Board.of(tables["deal"], terms.system)
    deals = settle_deals(requests, clients, tables["deal"], board, terms)
    there: set[str] = set()
    if "activity" in tables and "ORIGIN_ID" in tables["activity"]:
        there = set(tables["activity"]["ORIGIN_ID"].dropna())
    said = settle_calls(calls, clients, deals.of, there, terms)
    fates = {**found.fates, **clients.fates, **deals.fates, **said.fates}
    account = Account({"request": [each.id for each in requests], "call": [each.id for each in calls]}, fates)
    parts = [clients.changes, deals.changes, said.changes, account.left_to_a_person()]
    if whole:
        parts.append(withdrawn(requests, board, terms))
    return Loaded(Changes.joined(*parts), account)
