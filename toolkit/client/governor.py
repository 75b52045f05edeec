"""Decides when a request may leave, so that the portal's limits are never met.

One governor per portal and source address. `Governor` lives in one process; `SharedGovernor` keeps its
memory in a locked file, so that every process of this machine counts into the same bucket. All of it runs on
an injected clock and costs a few microseconds per request.

Limits are per HTTP request (rate) and per method (`operating`). Whether a portal charges a batch to the
methods in it, as documented, or to `batch` itself, shows in its replies: both are kept, the fuller one binds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import filelock

from toolkit.client.clock import Clock, SystemClock
from toolkit.client.cost import CostModel, default_operating_s
from toolkit.client.ledger import Limits, Memory
from toolkit.client.outcomes import Timing

__all__ = ["Governor", "Hold", "SharedGovernor", "Ticket"]

_LOG = logging.getLogger(__name__)

# Two per cent below the limit: a batch's real cost is known only afterwards.
_MARGIN = 0.98

_PENDING_FOR_S = 120.0

# A clock of unix seconds cannot move by less than a fraction of a microsecond: a wait shorter than that
# would never end.
_SHORTEST_WAIT_S = 0.001
_BATCH = "batch"


@dataclass(frozen=True)
class Hold:
    """What holds the next request back, for a person who watches.

    Args:
        limit: `rate`, `operating`, or empty when it may go at once.
        wait_s: for how long.
        method: whose execution time is used up; empty for the rate.
        used: requests in the bucket, or seconds counted.
        allowed: how many there may be.
    """

    limit: Literal["", "rate", "operating"] = ""
    wait_s: float = 0.0
    method: str = ""
    used: float = 0.0
    allowed: float = 0.0

    def __str__(self) -> str:
        if not self.limit:
            return "nothing"
        if self.limit == "rate":
            return f"rate: {self.used:.0f} of {self.allowed:.0f} requests, {self.wait_s:.1f} s"
        return f"operating: {self.method} used {self.used:.0f} of {self.allowed:.0f} s, {self.wait_s:.0f} s"


@dataclass(frozen=True)
class Ticket:
    """Permission for one request; give it back with `Governor.settle` or `Governor.refused`.

    Args:
        id: its number.
        counts: methods and how often each.
        batch: whether they travel in a batch.
        sent_at: when it was given, unix seconds.
    """

    id: str
    counts: Mapping[str, int] = field(default_factory=dict)
    batch: bool = False
    sent_at: float = 0.0


class Governor:
    """Paces the requests of one process to one portal.

    Args:
        limits: what the portal allows.
        clock: tells the time; nothing here sleeps.
        owner: fingerprint of the webhook or application; execution time is counted per owner.
    """

    def __init__(self, limits: Limits, clock: Clock | None = None, *, owner: str = "") -> None:
        self.limits = limits
        self.owner = owner
        self._clock: Clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._memory = Memory()

    def wait_before(self, counts: Mapping[str, int] | Sequence[str], *, batch: bool | None = None) -> float:
        """How long to wait before these commands may be sent as one request.

        Args:
            counts: methods and how often each, or the methods in a list.
            batch: whether they travel in a batch; None means when there are several.

        Returns:
            Seconds; 0.0 when they may be sent now.
        """
        return self.why(counts, batch=batch).wait_s

    def why(self, counts: Mapping[str, int] | Sequence[str] = (), *, batch: bool | None = None) -> Hold:
        """Which limit holds these commands back now, and for how long."""
        wanted = _counted(counts)
        with self._remembered(changes=False) as memory:
            return self._hold(memory, wanted, _is_batch(wanted, batch), self._clock.now())

    def reserve(
        self, counts: Mapping[str, int] | Sequence[str], *, batch: bool | None = None
    ) -> Ticket | Hold:
        """Permission to send these commands now, or what is in the way.

        The permission is counted at once, for every thread and process.
        """
        wanted = _counted(counts)
        batch = _is_batch(wanted, batch)
        with self._remembered() as memory:
            now = self._clock.now()
            hold = self._hold(memory, wanted, batch, now)
            if hold.wait_s > 0:
                return replace(hold, wait_s=max(hold.wait_s, _SHORTEST_WAIT_S))
            memory.rate.add(now, self.limits)
            ticket = Ticket(uuid.uuid4().hex[:12], wanted, batch, now)
            memory.pending[ticket.id] = (now + _PENDING_FOR_S, self._costs(memory, wanted, batch))
            return ticket

    def settle(
        self, ticket: Ticket, timings: Sequence[tuple[str, Timing]], whole: Timing | None = None
    ) -> None:
        """The request was answered; learn what it cost.

        Args:
            ticket: the permission it left with.
            timings: each command's method and accounting, in order; those without are left out.
            whole: the accounting of the request itself, when it was a batch.
        """
        with self._remembered() as memory:
            now = self._clock.now()
            _, expected = memory.pending.pop(ticket.id, (0.0, {}))
            memory.rate.accepted()
            by_method: dict[str, list[Timing]] = {}
            for method, timing in timings:
                by_method.setdefault(self._key(method), []).append(timing)
            spent = 0.0
            for key, reported in by_method.items():
                memory.ledger(key).report(now, reported, expected.get(key, 0.0), self.limits)
                spent += sum(timing.duration_s or 0.0 for timing in reported)
            if ticket.batch and whole is not None and whole.operating_s:
                key = self._key(_BATCH)
                memory.ledger(key).report(now, [whole], expected.get(key, 0.0), self.limits)
            beyond = max(0.0, now - ticket.sent_at - spent)
            memory.requests = min(memory.requests + 1, 200)
            memory.round_trip_s += (beyond - memory.round_trip_s) / memory.requests

    def refused(self, ticket: Ticket, *, rate: bool = False, methods: Sequence[str] = ()) -> None:
        """The portal met us with a limit: back off, longer each time.

        Args:
            ticket: the permission the request left with.
            rate: 503, the bucket is full.
            methods: 429, whose execution time is used up.
        """
        with self._remembered() as memory:
            now = self._clock.now()
            memory.pending.pop(ticket.id, None)
            if rate:
                memory.rate.refused(now, self.limits)
            for method in methods:
                memory.ledger(self._key(method)).refused(now, self.limits)
            _LOG.warning("limit met: %s", "rate" if rate else ", ".join(methods))

    def forget(self, ticket: Ticket) -> None:
        """The request got no answer; what it cost will show in the next one."""
        with self._remembered() as memory:
            memory.pending.pop(ticket.id, None)

    def cost(self) -> CostModel:
        """The cost model with what has been learned about this portal so far."""
        with self._remembered(changes=False) as memory:
            now, prefix = self._clock.now(), f"{self.owner} "
            ours = {
                key.removeprefix(prefix): ledger
                for key, ledger in memory.methods.items()
                if key.startswith(prefix)
            }
            return CostModel(
                self.limits,
                learned={name: ledger.mean_s for name, ledger in ours.items() if ledger.calls},
                used={name: ledger.used(now) for name, ledger in ours.items()},
                round_trip_s=memory.round_trip_s if memory.requests else None,
            )

    @contextlib.contextmanager
    def _remembered(self, *, changes: bool = True) -> Iterator[Memory]:
        with self._lock:
            yield self._memory

    def _key(self, method: str) -> str:
        return f"{self.owner} {method.lower()}"

    def _costs(self, memory: Memory, counts: Mapping[str, int], batch: bool) -> dict[str, float]:
        costs = {}
        for method, count in counts.items():
            key = self._key(method)
            ledger = memory.methods.get(key)
            each = ledger.mean_s if ledger is not None and ledger.calls else default_operating_s(method)
            costs[key] = each * count
        if batch:
            ledger = memory.methods.get(self._key(_BATCH))
            if ledger is not None:
                costs[self._key(_BATCH)] = ledger.mean_s
        return costs

    def _hold(self, memory: Memory, counts: Mapping[str, int], batch: bool, now: float) -> Hold:
        wait = memory.rate.wait(now, self.limits)
        held = Hold("rate", wait, "", memory.rate.level, self.limits.burst) if wait > 0 else Hold()
        for key, cost in self._costs(memory, counts, batch).items():
            ledger = memory.methods.get(key)
            if ledger is None:
                continue
            wait = ledger.wait(now, memory.on_the_way(key, now), cost, self.limits, _MARGIN)
            if wait > held.wait_s:
                method = key.rsplit(" ", 1)[-1]
                allowed = ledger.allowed(now, self.limits) or 0.0
                held = Hold("operating", wait, method, ledger.used(now), allowed)
        return held


class SharedGovernor(Governor):
    """A governor whose memory is a file that all processes of this machine share.

    Args:
        limits: what the portal allows.
        folder: where the file lies.
        host: the portal.
        source: the address requests leave from; machines behind several addresses have several buckets.
        clock: must be the machine's own, or another one all sharers agree on.
        owner: fingerprint of the webhook or application.
    """

    def __init__(
        self,
        limits: Limits,
        folder: Path,
        host: str,
        *,
        source: str = "",
        clock: Clock | None = None,
        owner: str = "",
    ) -> None:
        super().__init__(limits, clock, owner=owner)
        name = hashlib.sha256(f"{host} {source}".encode()).hexdigest()[:12]
        self.path = folder / f"governor-{name}.json"
        self._alone = False

    @contextlib.contextmanager
    def _remembered(self, *, changes: bool = True) -> Iterator[Memory]:
        if self._alone:
            with super()._remembered(changes=changes) as memory:
                yield memory
            return
        with self._lock, contextlib.ExitStack() as held:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                held.enter_context(filelock.FileLock(f"{self.path}.lock", timeout=30, mode=0o600))
                self._memory = self._read()
            except (OSError, filelock.Timeout) as error:
                self._go_alone(error)
            yield self._memory
            if changes and not self._alone:
                try:
                    self._write()
                except OSError as error:
                    self._go_alone(error)

    def _read(self) -> Memory:
        try:
            return Memory.from_json(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Memory()
        except ValueError:
            # Somebody's crash tore the file. Begin with a full bucket: slower for a moment, never too fast.
            memory = Memory()
            memory.rate.level, memory.rate.at = self.limits.burst, self._clock.now()
            self._memory = memory
            self._write()
            return memory

    def _write(self) -> None:
        partial = self.path.with_suffix(".part")
        partial.write_text(json.dumps(self._memory.to_json()), encoding="utf-8")
        partial.chmod(0o600)
        partial.replace(self.path)

    def _go_alone(self, error: Exception) -> None:
        self._alone = True
        _LOG.warning(
            "pacing is not shared with other processes of this machine: %s",
            getattr(error, "strerror", None) or error,
        )


def _counted(counts: Mapping[str, int] | Sequence[str]) -> dict[str, int]:
    if isinstance(counts, Mapping):
        return dict(counts)
    counted: dict[str, int] = {}
    for name in counts:
        counted[name] = counted.get(name, 0) + 1
    return counted


def _is_batch(counts: Mapping[str, int], batch: bool | None) -> bool:
    return sum(counts.values()) > 1 if batch is None else batch
