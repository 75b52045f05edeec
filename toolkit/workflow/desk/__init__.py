"""The verbs of a contact centre: find, create, edit; clients, deals, calls.

    find     a verdict with its evidence, never just the first (`finding`)
    create   refused while somebody like that is here; found again by its key (`cards`, `deals`)
    edit     three-way: what changed since it was read stays (`writing`)

Each write is a small run, journaled and proven like a large one; `b24kit undo` takes it back. May import what
`workflow` may. Start reading at `finding`, then `writing`.
"""

from __future__ import annotations

from toolkit.workflow.desk.calls import (
    attach_call,
    attach_recording,
    call_made,
    create_call,
    needs_application,
)
from toolkit.workflow.desk.cards import create_company, create_contact, edit_company, edit_contact
from toolkit.workflow.desk.connecting import Connected, connect_application
from toolkit.workflow.desk.deals import (
    DealIsHere,
    Deals,
    create_deal,
    deal_users,
    deals_of,
    edit_deal,
    find_deals,
)
from toolkit.workflow.desk.dictionaries import DICTIONARIES, Dictionaries, dictionaries
from toolkit.workflow.desk.finding import Answer, Source, find_company, find_contact, source_named
from toolkit.workflow.desk.refusals import ClientIsHere
from toolkit.workflow.desk.writing import Written

__all__ = [
    "DICTIONARIES",
    "Answer",
    "ClientIsHere",
    "Connected",
    "DealIsHere",
    "Deals",
    "Dictionaries",
    "Source",
    "Written",
    "attach_call",
    "attach_recording",
    "call_made",
    "connect_application",
    "create_call",
    "create_company",
    "create_contact",
    "create_deal",
    "deal_users",
    "deals_of",
    "dictionaries",
    "edit_company",
    "edit_contact",
    "edit_deal",
    "find_company",
    "find_contact",
    "find_deals",
    "needs_application",
    "source_named",
]
