"""The limits of a portal written down once more, strictly, without the help of the client, for its governor.

Source: limits.md, read 2026-11-22. Where the page leaves a choice (when a minute begins, how the bucket
drains), both readings can be played.
"""

from __future__ import annotations

import math

from toolkit.client.outcomes import Timing


class DocumentedLimits:
    """Counts requests and execution time; says whether a request would have been refused.

    Args:
        drain: requests per second.
        bucket: requests before 503.
        limit_s: execution seconds per method.
        by_clock: minutes begin with the clock's; otherwise with the first call.
        steps: the bucket drains once per whole second; otherwise all the time.
        charge_batch: a batch's time is charged to `batch` instead of the methods in it.
        skew_s: how far the portal's clock is ahead.
    """

    def __init__(
        self, drain: float = 2, bucket: float = 50, limit_s: float = 480, *, by_clock: bool = True,
        steps: bool = True, charge_batch: bool = False, skew_s: float = 0.0,
    ) -> None:  # fmt: skip
        self.drain, self.bucket, self.limit_s = drain, bucket, limit_s
        self.by_clock, self.steps, self.charge_batch, self.skew_s = by_clock, steps, charge_batch, skew_s
        self.level, self.level_at = 0.0, None
        self.baskets: dict[str, list[list[float]]] = {}

    def admits_request(self, now: float) -> bool:
        at = math.floor(now) if self.steps else now
        if self.level_at is not None:
            self.level = max(0.0, self.level - (at - self.level_at) * self.drain)
        self.level_at = at
        self.level += 1
        return self.level <= self.bucket

    def used(self, method: str, now: float) -> float:
        return sum(seconds for begun, seconds in self._current(method, now + self.skew_s))

    def admits_call(self, method: str, now: float) -> bool:
        return self.used(method, now) <= self.limit_s

    def charge(self, method: str, now: float, seconds: float) -> None:
        now += self.skew_s
        baskets = self._current(method, now)
        same = baskets and (baskets[-1][0] // 60 == now // 60 if self.by_clock else now < baskets[-1][0] + 60)
        if same:
            baskets[-1][1] += seconds
        else:
            baskets.append([now, seconds])

    def timing(self, method: str, now: float, seconds: float) -> Timing:
        moment = now + self.skew_s
        baskets = self._current(method, moment)
        reset = int(baskets[0][0] + 600) if baskets else int(moment + 600)
        return Timing(sum(entry[1] for entry in baskets), max(0.0, reset - moment), seconds, moment)

    def _current(self, method: str, now: float) -> list[list[float]]:
        baskets = self.baskets.setdefault(method, [])
        while baskets and baskets[0][0] + 600 <= now:
            baskets.pop(0)
        return baskets
