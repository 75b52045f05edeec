"""How hard a portal may be called: the rate bucket and the `operating` buckets.

Source: limits.md, read 2026-11-22: a leaky bucket per portal and source address (2 per second and 50;
Enterprise 5 and 250), and per method and caller the execution time of the last ten minutes, kept in
one-minute baskets that leave ten minutes after their first call. The call that overshoots succeeds,
the next is refused. 480 s is the documentation's example; self-hosted portals default to 420 s when
the limit is switched on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["COSTS", "PLANS", "Limits", "Operating", "Plan", "Rate", "cost_of"]

BASKET_S = 60.0
WINDOW_S = 600.0


@dataclass(frozen=True)
class Plan:
    """What one tariff allows.

    Args:
        drain_per_s: requests forgiven per second.
        bucket: requests at once before 503; 0 switches the rate limit off.
        operating_s: execution seconds per method in ten minutes; 0 switches that limit off.
    """

    drain_per_s: float
    bucket: int
    operating_s: float


PLANS: dict[str, Plan] = {
    "cloud": Plan(2.0, 50, 480.0),
    "enterprise": Plan(5.0, 250, 480.0),
    "box": Plan(0.0, 0, 420.0),
    "off": Plan(0.0, 0, 0.0),
}

# Seconds of `operating` one call costs, by the longest matching prefix. Estimates of an ordinary cloud
# portal (the docs give examples only: 3.3 s for a long list, 2.05 s for a merge of three cards);
# replace them with figures measured on your own: `Sandbox(costs={...})`, `--costs FILE`.
COSTS: dict[str, float] = {
    "": 0.02,
    "batch": 0.0,
    "profile": 0.002,
    "server.time": 0.001,
    "crm.item.list": 0.03,
    "crm.item.get": 0.02,
    "crm.item.add": 0.15,
    "crm.item.update": 0.05,
    "crm.item.delete": 0.1,
    "crm.item.import": 0.06,
    "crm.item.batchimport": 1.0,
    "crm.contact.list": 0.04,
    "crm.deal.list": 0.04,
    "crm.contact.update": 0.06,
    "crm.deal.update": 0.08,
    "crm.activity.list": 0.04,
    "crm.activity.add": 0.12,
    "crm.activity.update": 0.05,
    "crm.activity.binding.add": 0.03,
    "crm.entity.mergebatch": 2.0,
    "im.notify": 0.03,
    "userfieldconfig.add": 1.5,
    "user.get": 0.02,
    "voximplant.statistic.get": 0.03,
}


def cost_of(method: str, costs: Mapping[str, float]) -> float:
    """Seconds one call of `method` (lower case) costs, by the longest prefix in `costs`."""
    name = method
    while name:
        if name in costs:
            return costs[name]
        name = name.rpartition(".")[0]
    return costs.get("", COSTS[""])


class Rate:
    """A leaky bucket for each source address.

    Args:
        plan: drain and size.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._level: dict[str, tuple[float, float]] = {}

    def admits(self, source: str, now: float) -> bool:
        """Count one request of `source`; False when the bucket runs over (the request is not counted)."""
        if not self._plan.bucket:
            return True
        level, seen = self._level.get(source, (0.0, now))
        level = max(0.0, level - (now - seen) * self._plan.drain_per_s)
        if level + 1 > self._plan.bucket:
            self._level[source] = (level, now)
            return False
        self._level[source] = (level + 1, now)
        return True

    def level(self, source: str, now: float) -> float:
        """How full the bucket of `source` is."""
        level, seen = self._level.get(source, (0.0, now))
        return max(0.0, level - (now - seen) * self._plan.drain_per_s)

    def all(self, now: float) -> dict[str, float]:
        """How full every bucket is, by source."""
        return {source: self.level(source, now) for source in self._level}


class Operating:
    """Execution time per caller and method over a rolling ten minutes.

    Args:
        limit_s: seconds allowed; 0 means no limit.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._baskets: dict[tuple[str, str], deque[list[float]]] = {}

    def used(self, key: str, method: str, now: float) -> float:
        """Seconds that count at `now`."""
        return sum(seconds for _, seconds in self._current(key, method, now))

    def admits(self, key: str, method: str, now: float) -> bool:
        """Whether another call may start: what was used so far does not exceed the limit."""
        return not self._limit_s or self.used(key, method, now) <= self._limit_s

    def charge(self, key: str, method: str, now: float, seconds: float) -> None:
        """Add the time a call took to the basket of its minute."""
        baskets = self._current(key, method, now)
        if baskets and now < baskets[-1][0] + BASKET_S:
            baskets[-1][1] += seconds
        else:
            baskets.append([now, seconds])

    def reset_at(self, key: str, method: str, now: float) -> int:
        """Unix second at which the oldest basket leaves."""
        baskets = self._current(key, method, now)
        return int((baskets[0][0] if baskets else now) + WINDOW_S)

    def all(self, now: float) -> dict[tuple[str, str], float]:
        """Used seconds by caller and method."""
        return {pair: self.used(*pair, now) for pair in self._baskets}

    def _current(self, key: str, method: str, now: float) -> deque[list[float]]:
        baskets = self._baskets.setdefault((key, method), deque())
        while baskets and baskets[0][0] + WINDOW_S <= now:
            baskets.popleft()
        return baskets


class Limits:
    """Both limits of one portal.

    Args:
        plan: name in `PLANS`.
        costs: seconds per method; missing ones fall back to `COSTS`.
    """

    def __init__(self, plan: str = "off", costs: Mapping[str, float] | None = None) -> None:
        self.plan_name = plan
        self.plan = PLANS[plan]
        self.costs = {**COSTS, **{name.lower(): value for name, value in (costs or {}).items()}}
        self.rate = Rate(self.plan)
        self.operating = Operating(self.plan.operating_s)
