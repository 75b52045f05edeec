"""The sandbox's idea of time, injected so that a six-hour run can be played in seconds."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "PlayedClock", "SharedClock", "TimeSource", "WallClock"]


class TimeSource(Protocol):
    """Anything that knows the time and can wait: a client's clock fits as well as ours."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Clock(Protocol):
    """What the portal needs from time."""

    def now(self) -> float:
        """Unix time in seconds."""
        ...

    def spend(self, seconds: float) -> None:
        """Let the portal's own work take this long."""
        ...


class WallClock:
    """Real time. Work takes as long as it takes: nothing is slept on purpose."""

    def now(self) -> float:
        """Unix time in seconds."""
        return time.time()

    def spend(self, seconds: float) -> None:
        """Do nothing: on a real clock only scripted faults wait, and the door does that."""


class PlayedClock:
    """Time that only moves when told to.

    Args:
        start: unix seconds at which it stands first.
    """

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._now = start

    def now(self) -> float:
        """Unix time in seconds."""
        return self._now

    def spend(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self._now += seconds

    def sleep(self, seconds: float) -> None:
        """Move on by `seconds`; lets a client wait on the same clock."""
        self._now += seconds


class SharedClock:
    """A client's clock, so that client and portal live in one played time.

    Args:
        source: the other clock; the portal's work moves it on by sleeping.
    """

    def __init__(self, source: TimeSource) -> None:
        self._source = source

    def now(self) -> float:
        """Unix time in seconds."""
        return self._source.now()

    def spend(self, seconds: float) -> None:
        """Let the portal's work take time on the shared clock."""
        if seconds > 0:
            self._source.sleep(seconds)
