"""What a contact centre hands over, and what becomes of it. Pure.

Start at `loading`: rows (`rows`, taken in by `intake`) are sorted by who they are about (`sorting`), their clients
found or made (`clients`, by the rules that merge also uses: `matches`), then their deals (`deals`, on the `board` of
those that are there), then their `calls`
(those of an earlier pass: `calls_there`). `terms` is what holds for all rows; `cells` says which cell of a card a row
may change; `fates` is the account of every row. `staff` and `phones` answer who works there, and which numbers are
nobody's own.
`history` tells in the timelines what was changed there.
"""

from __future__ import annotations

from toolkit.runs.contact_centre.calls import Appeals
from toolkit.runs.contact_centre.calls_there import Held
from toolkit.runs.contact_centre.cells import Card, Wish, decide
from toolkit.runs.contact_centre.fates import Account, Fate, Key, State
from toolkit.runs.contact_centre.intake import UnreadRow, take_rows
from toolkit.runs.contact_centre.loading import Loaded, load_rows
from toolkit.runs.contact_centre.matches import Asked, Match, match_clients
from toolkit.runs.contact_centre.past import take_history
from toolkit.runs.contact_centre.phones import numbers_in, phones_of_companies, phones_of_firms
from toolkit.runs.contact_centre.rows import (
    CallRow,
    ClientRow,
    HistoryRow,
    LoadedCall,
    RequestRow,
    TopicRow,
    TopicSaid,
    latest,
)
from toolkit.runs.contact_centre.staff import Staff
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.contact_centre.topics import check_said, portal_facts, settled_topics

__all__ = [
    "Account",
    "Appeals",
    "Asked",
    "CallRow",
    "Card",
    "ClientRow",
    "Fate",
    "Held",
    "HistoryRow",
    "Key",
    "Loaded",
    "LoadedCall",
    "Match",
    "RequestRow",
    "Staff",
    "State",
    "Terms",
    "TopicRow",
    "TopicSaid",
    "UnreadRow",
    "Wish",
    "check_said",
    "decide",
    "latest",
    "load_rows",
    "match_clients",
    "numbers_in",
    "phones_of_companies",
    "phones_of_firms",
    "portal_facts",
    "settled_topics",
    "take_history",
    "take_rows",
]
