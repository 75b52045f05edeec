"""A Bitrix24 portal that lives on this machine: for demos, tests, rehearsals, and other people's clients.

It imports nothing from the rest of the toolkit, so that a wrong idea about Bitrix24 cannot agree with
itself. Start reading at `portal.py` (the life of a request), then `gates.py`, then any file of `methods/`.

    portal.py     state and the life of one request
    gates.py      what a request passes through          access.py    webhooks, applications, tokens
    limits.py     rate, operating, costs                 faults.py    scripted misfortune
    switches.py   what the docs leave open               clock.py     its time
    registry.py   the list of methods                    call.py      what a method is given
    wire/         requests, answers, values, dialects    state/       tables, records, loading, restoring
    methods/      the method families                    subjects/    their rules beside CRM records
    seeds/        what a portal is filled with           doors/       in-process, HTTP, TLS
    exports/      what a contact centre knows of it
    running/      hosting, control, coverage, the page at /
"""

from __future__ import annotations

from .clock import PlayedClock, SharedClock, WallClock
from .doors.in_process import InProcessTransport
from .faults import Fault, Faults
from .portal import Noted, Sandbox
from .running.status_page import status_page
from .seeds.factory import new_portal
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
