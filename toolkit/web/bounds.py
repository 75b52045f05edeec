"""What the admin's page bears: sizes, times, how much may wait."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.sheets.gate import Limits

__all__ = ["Busy", "Rules"]

_LIMITS = Limits(file_mib=20, unpacked_mib=400, rows=60_000, cells=2_000_000, seconds=30)


class Busy(Exception):
    """More is waiting than the page takes; nothing was begun."""


@dataclass(frozen=True)
class Rules:
    """What the page bears.

    Args:
        limits: of one file.
        seconds: to check one.
        waiting: uploads that may wait to be checked.
        receiving: uploads that may arrive at once.
        keep_mib: of uploads; older ones lose their files, not their line in the history.
        facts_s: how long what was read from the portal is good for.
        idle_s, session_s: after which somebody has to enter again.
        patience_s: an upload may stand still.
        upload_s: an upload may take.
    """

    limits: Limits = _LIMITS
    seconds: float = 120.0
    waiting: int = 30
    receiving: int = 12
    keep_mib: int = 2048
    facts_s: float = 120.0
    idle_s: float = 8 * 3600.0
    session_s: float = 24 * 3600.0
    patience_s: float = 30.0
    upload_s: float = 600.0
