"""What the governor remembers: a leaky bucket for the rate, and per method the minutes of a rolling window.

Plain state with its arithmetic; no clock, no file, no lock. Moments are unix seconds of this machine.

Source: limits.md, read 2026-11-22: requests fill a bucket that drains Y a second and blocks above X;
execution time is kept per method and per webhook in ten one-minute buckets, each leaving ten minutes after
its first call; the check comes before a call, so the call that overshoots still succeeds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from toolkit.client.outcomes import Timing

__all__ = ["Limits", "Memory", "MethodLedger", "RateLedger"]

_UNKNOWN_HISTORY_S = 5.0
_LEARNED_FOR_S = 3600.0
_LOWEST_LIMIT_S = 30.0
_BACKOFF_FIRST_S = 2.0
_BACKOFF_MOST_S = 60.0
_SLOWEST_SHARE = 0.1
_FORGET_AFTER = 200
_SPREAD = -1.0  # stands for no minute in particular


@dataclass(frozen=True)
class Limits:
    """What a portal allows.

    Args:
        rate_per_s: how fast the bucket drains; None when the rate is not limited.
        burst: requests it holds before it blocks.
        operating_s: execution time one method may use within the window; None when not limited.
        window_s: that window.
    """

    rate_per_s: float | None = 2.0
    burst: float = 50.0
    operating_s: float | None = 480.0
    window_s: float = 600.0

    @classmethod
    def of_plan(cls, plan: str, operating_s: float | None = None) -> Limits:
        """The limits of a plan: `cloud`, `enterprise` or `box`.

        Args:
            plan: as in the settings.
            operating_s: what is known to differ from the plan; 0 means no limit.

        Source: limits.md, read 2026-11-22; a self-hosted portal limits nothing by itself.
        """
        base = {"cloud": cls(), "enterprise": cls(5.0, 250.0), "box": cls(None, 0.0, None)}[plan]
        if operating_s is None:
            return base
        return cls(base.rate_per_s, base.burst, operating_s or None, base.window_s)


@dataclass
class RateLedger:
    """The leaky bucket as we believe the portal sees it.

    Args:
        level: requests in it at the moment `at`.
        at: see `level`.
        share: the part of the rate we allow ourselves; below 1 after a refusal, because somebody else
            behind the same address is asking too.
        hold_until: nothing is sent before.
        strikes: refusals in a row.
    """

    level: float = 0.0
    at: float = 0.0
    share: float = 1.0
    hold_until: float = 0.0
    strikes: int = 0

    def wait(self, now: float, limits: Limits) -> float:
        """Seconds until one more request fits."""
        held = max(0.0, self.hold_until - now)
        if limits.rate_per_s is None:
            return held
        rate = limits.rate_per_s * self.share
        # The portal drains in whole seconds and latency bunches requests up: leave it that much room.
        room = max(1.0, limits.burst - limits.rate_per_s - 1.0)
        return max(held, (self._level(now, limits) + 1.0 - room) / rate, 0.0)

    def add(self, now: float, limits: Limits) -> None:
        """Count one request."""
        self.level, self.at = self._level(now, limits) + 1.0, now

    def accepted(self) -> None:
        """The portal answered without complaint: take back a little of what a refusal cost."""
        self.strikes = 0
        self.share = min(1.0, self.share + 0.01)

    def refused(self, now: float, limits: Limits) -> None:
        """The portal answered 503: its bucket is full, hold back longer each time."""
        self.strikes += 1
        self.share = max(_SLOWEST_SHARE, self.share / 2)
        self.level, self.at = max(limits.burst, self._level(now, limits)), now
        pause = min(_BACKOFF_MOST_S, _BACKOFF_FIRST_S * 2 ** min(self.strikes - 1, 10))
        self.hold_until = max(self.hold_until, now + pause)

    def _level(self, now: float, limits: Limits) -> float:
        passed = max(0.0, now - self.at)
        # While others fill the bucket too, it drains more slowly for us.
        return max(0.0, self.level - passed * (limits.rate_per_s or 0.0) * self.share)


@dataclass
class MethodLedger:
    """Execution time of one method within the portal's window, and what one call of it costs.

    Args:
        minutes: `[minute, leaves_at, seconds]` for each minute still counted, oldest first.
        seen: portal moment of the newest report that was believed.
        hold_until: the portal refused; not before.
        limit_s: a limit lower than the plan's, learned from a refusal; None when there is none.
        limit_until: until when that is believed.
        mean_s: mean cost of one call.
        calls: how many calls stand behind the mean.
    """

    minutes: list[list[float]] = field(default_factory=list)
    seen: float = 0.0
    hold_until: float = 0.0
    limit_s: float | None = None
    limit_until: float = 0.0
    mean_s: float = 0.0
    calls: int = 0

    def used(self, now: float) -> float:
        """Seconds counted at present."""
        minutes = self.minutes
        while minutes and minutes[0][1] <= now:
            del minutes[0]
        return sum(entry[2] for entry in minutes)

    def allowed(self, now: float, limits: Limits) -> float | None:
        """Seconds that may be counted; None for any number."""
        if self.limit_s is not None and now < self.limit_until:
            return min(self.limit_s, limits.operating_s or self.limit_s)
        return limits.operating_s

    def wait(self, now: float, pending: float, cost: float, limits: Limits, margin: float) -> float:
        """Seconds until calls that cost `cost` fit, with `pending` seconds on their way.

        Calls that could never fit may go when nothing else is counted: the portal lets the call that
        overshoots pass.
        """
        held = max(0.0, self.hold_until - now)
        allowed = self.allowed(now, limits)
        if allowed is None:
            return held
        room = max(0.0, allowed * margin - pending - cost)
        used = self.used(now)
        if used <= room:
            return held
        for _, leaves_at, seconds in self.minutes:
            used -= seconds
            if used <= room or used <= 1e-9:
                return max(held, leaves_at - now)
        return max(held, limits.window_s / 10)  # only what is pending is in the way

    def report(self, now: float, timings: list[Timing], expected: float, limits: Limits) -> None:
        """Believe what the portal reported for these calls, in the order they were carried out.

        A method may cost nothing we were told of; then the portal's own duration is counted instead.
        """
        told = [timing for timing in timings if timing.operating_s is not None]
        if not told:
            spent = sum(timing.duration_s or 0.0 for timing in timings)
            self._count(now, now, spent, limits)
            self._learn(spent, len(timings))
            return
        newest = max(timing.finish or now for timing in told)
        if newest < self.seen:
            return  # an older answer that arrived late; the newer one already said more
        each = expected / len(timings)
        learned = 0.0
        for timing in told:
            # Call by call: a batch may run from one of the portal's minutes into the next.
            moment = timing.finish or newest
            here = now - (newest - moment)
            spent = (timing.operating_s or 0.0) - self.used(here)
            own = max(each, timing.duration_s or 0.0)
            strange = spent - (1.5 * own + _UNKNOWN_HISTORY_S if self.seen else own)
            if strange > 0:
                # Somebody used this webhook besides us: we know how much, not when. Take it as spread evenly.
                self._spread(here, strange, timing.reset_in_s, limits)
                spent -= strange
            if spent >= 0:
                self._count(here, moment, spent, limits)
            else:
                self._drop(-spent)
            learned += max(0.0, spent)
            self.seen = max(self.seen, moment)
            if timing.reset_in_s is not None and self.minutes:
                # Never ahead of the portal; its seconds are whole, hence one more.
                self.minutes[0][1] = max(self.minutes[0][1], here + timing.reset_in_s + 1.0)
        self.minutes.sort(key=lambda entry: entry[1])
        self._learn(learned, len(told))

    def refused(self, now: float, limits: Limits) -> None:
        """The portal answered 429: it allows less than we believe, or others use this webhook too."""
        used = self.used(now)
        allowed = self.allowed(now, limits)
        if self.seen and used >= _LOWEST_LIMIT_S and (allowed is None or used < allowed):
            self.limit_s, self.limit_until = used * 0.97, now + _LEARNED_FOR_S
        oldest = self.minutes[0][1] if self.minutes else now + limits.window_s / 10
        self.hold_until = max(self.hold_until, now + 5.0, min(oldest, now + limits.window_s))

    def _learn(self, spent: float, calls: int) -> None:
        if calls <= 0 or spent < 0:
            return
        self.calls = min(self.calls + calls, _FORGET_AFTER)
        self.mean_s += (spent / calls - self.mean_s) * min(1.0, calls / self.calls)

    def _count(self, now: float, moment: float, spent: float, limits: Limits) -> None:
        minute = moment // 60
        if self.minutes and self.minutes[-1][0] == minute:
            self.minutes[-1][2] += spent
        elif spent > 0:
            self.minutes.append([minute, now + limits.window_s + 1.0, spent])

    def _spread(self, now: float, seconds: float, reset_in_s: float | None, limits: Limits) -> None:
        first = limits.window_s / 10 if reset_in_s is None else reset_in_s + 1.0
        step = limits.window_s / 10
        slots = max(1, min(10, int((limits.window_s - first) / step) + 1))
        for slot in range(slots):
            leaves_at = now + first + slot * step
            near = next((entry for entry in self.minutes if abs(entry[1] - leaves_at) < step / 2), None)
            if near is None:
                self.minutes.append([_SPREAD, leaves_at, seconds / slots])
            else:
                near[2] += seconds / slots
        self.minutes.sort(key=lambda entry: entry[1])

    def _drop(self, seconds: float) -> None:
        while seconds > 1e-9 and self.minutes:
            taken = min(seconds, self.minutes[0][2])
            self.minutes[0][2] -= taken
            seconds -= taken
            if self.minutes[0][2] <= 1e-9:
                del self.minutes[0]


@dataclass
class Memory:
    """Everything one governor remembers about one portal.

    Args:
        rate: the bucket all requests from this address share.
        methods: per webhook or application and method, `<fingerprint> <method>`.
        pending: reservations under way: ticket to `[gives_up_at, {method key: seconds}]`.
        round_trip_s: mean time from sending to answer, beyond what the portal spends on commands.
        requests: how many requests stand behind that mean.
    """

    rate: RateLedger = field(default_factory=RateLedger)
    methods: dict[str, MethodLedger] = field(default_factory=dict)
    pending: dict[str, tuple[float, dict[str, float]]] = field(default_factory=dict)
    round_trip_s: float = 0.0
    requests: int = 0

    def ledger(self, key: str) -> MethodLedger:
        """The ledger of a method, begun when there is none."""
        return self.methods.setdefault(key, MethodLedger())

    def on_the_way(self, key: str, now: float) -> float:
        """Seconds reserved for this method by requests that have not been answered."""
        if not self.pending:
            return 0.0
        for ticket in [ticket for ticket, (until, _) in self.pending.items() if until <= now]:
            del self.pending[ticket]
        return sum(costs.get(key, 0.0) for _, costs in self.pending.values())

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values; holds no secret."""
        return {
            "version": 1,
            "rate": vars(self.rate),
            "methods": {key: vars(ledger) for key, ledger in self.methods.items()},
            "pending": {ticket: list(entry) for ticket, entry in self.pending.items()},
            "round_trip_s": self.round_trip_s,
            "requests": self.requests,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Memory:
        """Back from `to_json`.

        Raises:
            ValueError: it is something else.
        """
        try:
            if kept["version"] != 1:
                raise ValueError("another version")
            return cls(
                RateLedger(**kept["rate"]),
                {str(key): MethodLedger(**ledger) for key, ledger in kept["methods"].items()},
                {
                    str(ticket): (float(until), dict(costs))
                    for ticket, (until, costs) in kept["pending"].items()
                },
                float(kept["round_trip_s"]),
                int(kept["requests"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a governor's memory: {error}") from None
