"""What a contact centre hands over, and who it is about: rows, clients, cells. Pure.

Start at `rows`; `clients` answers who a row is about by the rules that merge also uses; `cells` says which cell of a
card a row may change.
"""

from __future__ import annotations

from toolkit.runs.contact_centre.cells import Card, Wish, decide
from toolkit.runs.contact_centre.clients import Asked, Match, match_clients
from toolkit.runs.contact_centre.rows import CallRow, ClientRow, RequestRow, TopicRow, latest

__all__ = [
    "Asked",
    "CallRow",
    "Card",
    "ClientRow",
    "Match",
    "RequestRow",
    "TopicRow",
    "Wish",
    "decide",
    "latest",
    "match_clients",
]
