"""The calls of a contact centre: each once, on its client and its deal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from toolkit.runs.calls_made import CallMade, call_changes
from toolkit.runs.changes import Changes
from toolkit.runs.contact_centre.clients import Clients
from toolkit.runs.contact_centre.fates import Fate, Key
from toolkit.runs.contact_centre.rows import CallRow
from toolkit.runs.contact_centre.terms import Terms

__all__ = ["Calls", "settle_calls"]


@dataclass(frozen=True)
class Calls:
    """What becomes of the calls.

    Args:
        changes: calls made and linked.
        fates: of the calls that have a client.
    """

    changes: Changes
    fates: Mapping[Key, Fate]


def settle_calls(
    calls: Sequence[CallRow],
    clients: Clients,
    deals: Mapping[str, int | str],
    there: Collection[str],
    terms: Terms,
) -> Calls:
    """Make the calls that are not there.

    Args:
        calls: in the order they were given in.
        clients: whose they are.
        deals: marker of a request to its deal: an id, or the marker of what this plan makes.
        there: markers of the calls the portal holds.
        terms: what holds for all rows.
    """
    fates: dict[Key, Fate] = {}
    made = []
    for at, row in enumerate(calls):
        key = ("call", at)
        marker = terms.marker("call", row.id)
        client = clients.of.get(key)
        if marker in there and (client is not None or key in clients.fates):
            fates[key] = clients.fate(key)
        if client is None or marker in there:
            continue
        deal = deals.get(terms.marker("request", row.request)) if row.request else None
        places = [("contact", client.contact), ("company", client.company), ("deal", deal)]
        made.append(
            CallMade(
                marker=marker,
                direction=row.direction,
                phone=row.phone,
                start=row.at,
                duration_s=row.duration_s,
                responsible=terms.staff.find(row.responsible),
                description=row.comment,
                belongs_to=[(name, number) for name, number in places if number is not None],
            )
        )
        fates[key] = Fate("created")
    return Calls(call_changes(made) if made else Changes(), fates)
