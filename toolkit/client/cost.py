"""What work will cost a portal: requests, execution seconds per method, minutes.

The governor paces by the same numbers with which an estimate is made: `DEFAULT_OPERATING_S` until a portal
has shown its own, the learned means afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from toolkit.client.ledger import Limits

__all__ = ["DEFAULT_OPERATING_S", "CostModel", "Estimate", "default_operating_s"]

DEFAULT_OPERATING_S: dict[str, float] = {
    "add": 0.15,
    "batchimport": 1.0,
    "delete": 0.10,
    "fields": 0.02,
    "get": 0.02,
    "import": 0.10,
    "list": 0.05,
    "mergebatch": 1.5,
    "update": 0.05,
}
"""Execution seconds of one call before a portal has been asked, by the last part of the method's name.

Assumed, not documented: a portal's own figures depend on its robots and size, and replace these after the
first answer.
"""

_OTHERWISE_S = 0.05
_ROUND_TRIP_S = 0.15
_MARGIN = 0.98


def default_operating_s(method: str) -> float:
    """Execution seconds one call of a method is assumed to take before its portal has been asked."""
    return DEFAULT_OPERATING_S.get(method.rsplit(".", 1)[-1].lower(), _OTHERWISE_S)


@dataclass(frozen=True)
class Estimate:
    """What a piece of work will cost.

    Args:
        requests: HTTP requests.
        operating_s: execution seconds per method, as the portal counts them.
        seconds: from the first request to the last answer, waiting included.
        binds: what takes the time: `portal`, its own work; `rate`; or `operating <method>`.
    """

    requests: int
    operating_s: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    binds: str = "portal"

    @property
    def minutes(self) -> float:
        """The same in minutes."""
        return self.seconds / 60

    def fits(self, window_s: float) -> bool:
        """Whether it ends within a window of so many seconds."""
        return self.seconds <= window_s


@dataclass(frozen=True)
class CostModel:
    """Estimates work on one portal.

    Args:
        limits: what it allows.
        learned: mean execution seconds of one call per method (lower case), as the portal reported them.
        used: seconds already counted in the present window, per method.
        round_trip_s: mean seconds a request takes beyond the portal's work; None when not known.
    """

    limits: Limits
    learned: Mapping[str, float] = field(default_factory=dict)
    used: Mapping[str, float] = field(default_factory=dict)
    round_trip_s: float | None = None

    def operating_s(self, method: str) -> float:
        """Execution seconds of one call: learned, or assumed."""
        return self.learned.get(method.lower(), default_operating_s(method))

    def estimate(self, counts: Mapping[str, int], requests: int | None = None) -> Estimate:
        """What so many calls will cost.

        Args:
            counts: calls per method.
            requests: HTTP requests they travel in; None means batches of 50.

        Returns:
            The estimate; its seconds are those of a governor that stays under every limit.
        """
        calls = sum(counts.values())
        requests = math.ceil(calls / 50) if requests is None else requests
        if requests == 0:
            return Estimate(0)
        operating = {method: count * self.operating_s(method) for method, count in counts.items() if count}
        trip = _ROUND_TRIP_S if self.round_trip_s is None else self.round_trip_s
        busy = requests * trip + sum(operating.values())
        seconds, binds = busy, "portal"
        if self.limits.rate_per_s is not None:
            paced = (requests - self.limits.burst) / self.limits.rate_per_s
            if paced > seconds:
                seconds, binds = paced, "rate"
        base = seconds
        batch = self.learned.get("batch", 0.0) * requests
        for method, total in {**operating, **({"batch": batch} if batch else {})}.items():
            through = self._through_windows(method, total, base)
            if through > seconds:
                seconds, binds = through, f"operating {method}"
        return Estimate(requests, operating, seconds, binds)

    def _through_windows(self, method: str, total: float, base: float) -> float:
        if self.limits.operating_s is None or total <= 0:
            return 0.0
        window = self.limits.operating_s * _MARGIN
        # What the present window already holds delays us like work of our own.
        load = total + min(self.used.get(method.lower(), 0.0), window)
        full = math.ceil(load / window) - 1
        if full == 0:
            return 0.0
        return full * self.limits.window_s + (load - full * window) / total * base
