"""Time as an argument: the machine's clock, and one that a test can drive through six hours in a second."""

from __future__ import annotations

import threading
import time
from typing import Protocol

__all__ = ["Clock", "SimulatedClock", "SystemClock"]


class Clock(Protocol):
    """Whatever waits or expires asks one of these, never the `time` module."""

    def now(self) -> float:
        """The present moment in unix seconds, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let this many seconds pass; zero or less returns at once."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """The present moment in unix seconds, UTC."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for this many seconds."""
        if seconds > 0:
            time.sleep(seconds)


class SimulatedClock:
    """A clock that stands still until somebody sleeps, so long runs can be simulated in moments.

    Args:
        start: unix seconds at which it begins; the default is a Monday noon, 2026-06-01 12:00 UTC.
    """

    def __init__(self, start: float = 1_780_315_200.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """The simulated moment in unix seconds, UTC."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock forward by this many seconds and return at once."""
        if seconds > 0:
            with self._lock:
                self._now += seconds
