"""Messages of channels, and what becomes of each: filtered, routed, joined, made into appeals. Pure.

Start at `taking`: messages (`rows`) are accounted for one by one (`fates`); who wrote them is found by the rules that
also merge (`clients`), which field of an appeal keeps what is in `cells`, and which messages belong together in
`joining`.
"""

from __future__ import annotations

from toolkit.runs.ingest.cells import Keeping
from toolkit.runs.ingest.fates import STATES, Account, Fate
from toolkit.runs.ingest.joining import Joining
from toolkit.runs.ingest.rows import MessageRow, UnreadMessage, marker_of
from toolkit.runs.ingest.taking import TakenIn, Terms, take_messages

__all__ = [
    "STATES",
    "Account",
    "Fate",
    "Joining",
    "Keeping",
    "MessageRow",
    "TakenIn",
    "Terms",
    "UnreadMessage",
    "marker_of",
    "take_messages",
]
