"""A Bitrix24 portal that lives on this machine: for demos, tests, rehearsals, and other people's clients.

It imports nothing from the rest of the toolkit, so that a wrong idea about Bitrix24 cannot agree with
itself. Start reading at `portal.py` (the life of a request), then `gates.py`, then any file of `methods/`.

    portal.py    state and the life of one request      gates.py     what a request passes through
    wire.py      HTTP as PHP reads it                    php.py       arrays and JSON as PHP has them
    records.py   CRM records and their rules             dialect.py   their two spellings on the wire
    fields.py    which fields records have               schema.py    smart processes and user fields
    filters.py   filters to SQL                          store.py     the tables
    limits.py    rate, operating, costs                  faults.py    scripted misfortune
    switches.py  what the docs leave open                robots.py    side effects of a change
    events.py    handlers and the offline queue          outbox.py    calls of online handlers
    v3.py        REST 3.0: envelope, keys, batch         coverage.py  what is answered, with evidence
    status_page.py  the page at /
    activities.py, timeline.py  what happens at records  calls.py     telephony
    files.py, links.py  bytes and signed links           drive.py     where files live
    methods/     the method families                     seeds/       what a portal is filled with
    doors/       in-process, HTTP, TLS                   loading.py   by the million, snapshots, saved states
    hosting.py   a portal in a process of its own        control.py, cards.py  telling a running one
"""

from __future__ import annotations

from .clock import PlayedClock, SharedClock, WallClock
from .doors.in_process import InProcessTransport
from .faults import Fault, Faults
from .portal import Noted, Sandbox
from .seeds.factory import new_portal
from .status_page import status_page
from .switches import SWITCHES, Switch

__all__ = [
    "SWITCHES",
    "Fault",
    "Faults",
    "InProcessTransport",
    "Noted",
    "PlayedClock",
    "Sandbox",
    "SharedClock",
    "Switch",
    "WallClock",
    "new_portal",
    "status_page",
]
