"""Whether this connection may read the statistics of calls, or write records of the telephone."""

from __future__ import annotations

from typing import Literal

from toolkit.client import Command, Portal
from toolkit.settings import Settings

__all__ = ["Telephone", "telephone"]

Telephone = Literal["no", "read", "write"]
"""`no`: the statistics cannot be read; `read`: they can; `write`: calls can be noted in them, too."""


def telephone(portal: Portal, settings: Settings) -> Telephone:
    """What the connection may do with calls: asks the portal for a line that cannot be.

    A call that was noted has to be found again after a lost answer: who may not read the statistics does not write
    them either.

    Raises:
        PortalError: the portal could not be asked.

    Source:
        api-reference/telephony/telephony-external-call-register.md (an application's method),
        api-reference/telephony/voximplant/voximplant-statistic-get.md (the right to see calls), read 2026-11-22.
    """
    outcome = portal.send([Command("voximplant.statistic.get", {"FILTER": {"ID": 0}})])[0]
    if outcome.state == "done":
        return "write" if settings.uses_oauth else "read"
    if outcome.state == "rejected" and outcome.kind in ("access", "input"):
        return "no"
    raise portal.error_of("voximplant.statistic.get", outcome)
