"""Sends groups of commands until nothing in them is worth sending again.

Limits and refused connections prove that nothing was executed, so they are waited out; reads are repeated
after a lost answer; writes never are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.client.answers import OVERLOAD, Reply, as_map, outcome_of, outcomes_of_batch, timing_of
from toolkit.client.clock import Clock
from toolkit.client.door import Door
from toolkit.client.downloads import Download
from toolkit.client.encoding import batch_string
from toolkit.client.governor import Governor, Ticket
from toolkit.client.methods import Method
from toolkit.client.outcomes import Outcome, RequestNote

__all__ = ["NOT_SENT", "STOPPED", "Prepared", "Sender", "groups_of"]

_LOG = logging.getLogger(__name__)

_READ_TRIES = 4
_RETRY_FIRST_S = 1.0
_RETRY_MOST_S = 30.0
_CONNECT_PATIENCE_S = 60.0
_SLICE_S = 1.0
_WORTH_A_LINE_S = 30.0

STOPPED = Outcome("rejected", code="STOPPED", message="stopped before it was sent", kind="transport")
"""The outcome of a command that somebody's wish to stop kept at home."""

NOT_SENT = Outcome(
    "rejected",
    code="NOT_SENT",
    message="not sent, because a command before it got no answer",
    kind="transport",
)
"""The outcome of a command that followed one whose fate is unknown."""


@dataclass(frozen=True)
class Prepared:
    """A command ready for the wire.

    Args:
        method: what is known about its method.
        params: in wire form.
        alone: why no batch may carry it; empty when one may.
    """

    method: Method
    params: dict[str, Any]
    alone: str = ""


class Sender:
    """Sends prepared commands through the door when the governor lets them, and again where that is safe.

    Args:
        door: posts requests.
        governor: paces them.
        clock: tells and spends time.
        patience_s: how long limits are waited out within one call.
        on_request: told about every HTTP request.
    """

    def __init__(
        self,
        door: Door,
        governor: Governor,
        clock: Clock,
        *,
        patience_s: float,
        on_request: Callable[[RequestNote], None] | None = None,
    ) -> None:
        self._door, self._governor, self._clock = door, governor, clock
        self.patience_s = patience_s
        self.on_request = on_request
        self.requests_sent = 0
        self.stopping = False

    def settled(self, group: Sequence[Prepared], *, halt: bool = False) -> list[Outcome]:
        """What became of a group of at most 50 commands that travel together.

        Args:
            group: one command, or several as a batch.
            halt: the batch stops at its first error, and its commands may refer to each other.
        """
        outcomes: list[Outcome] = [STOPPED] * len(group)
        left = list(range(len(group)))
        deadline = self._clock.now() + self.patience_s
        connect_deadline = self._clock.now() + min(self.patience_s, _CONNECT_PATIENCE_S)
        reads_tried = connects_tried = 0
        while left:
            part = [group[index] for index in left]
            got, sent = self._request(part, halt=halt, deadline=deadline)
            for index, outcome in zip(left, got, strict=True):
                outcomes[index] = outcome
            if not sent:
                break
            if halt:
                # The links depend on each other: all again or none.
                again = left if _worth_repeating(got[0], part[0].method) else []
            else:
                again = [
                    index
                    for index, outcome in zip(left, got, strict=True)
                    if _worth_repeating(outcome, group[index].method)
                ]
            if not again:
                break
            kinds = {_reason(outcomes[index]) for index in again}
            now = self._clock.now()
            if "limit" in kinds and now >= deadline:
                again = [index for index in again if _reason(outcomes[index]) != "limit"]
            if "connect" in kinds:
                connects_tried += 1
                if now >= connect_deadline or not self._pause(_backoff(connects_tried)):
                    break
            if "read" in kinds:
                reads_tried += 1
                if reads_tried >= _READ_TRIES:
                    again = [index for index in again if _reason(outcomes[index]) != "read"]
                elif not self._pause(_backoff(reads_tried)):
                    break
            left = again
        return outcomes

    def fetch(self, link: str, target: Path, *, most_bytes: int) -> Download:
        """A file behind a signed link; paced and noted as a request called `download`.

        Raises:
            OSError: the file cannot be written.
        """
        deadline = self._clock.now() + self.patience_s
        tried = 0
        while True:
            ticket, waited_s, waited_for = self._permission(["download"], False, deadline)
            if ticket is None:
                return Download("lost", words="stopped" if waited_for == "stop" else "held up by a limit")
            sent_at = self._clock.now()
            got = self._door.fetch(link, target, most_bytes=most_bytes)
            tried += 1
            self.requests_sent += 1
            self._governor.settle(ticket, [], None)
            if self.on_request is not None:
                states = [got.state == "done", got.state not in ("done", "lost"), got.state == "lost"]
                took = self._clock.now() - sent_at
                note = RequestNote({"download": 1}, sent_at, took, waited_s, waited_for, None, *states)
                self.on_request(note)
            if got.state != "lost" or tried >= _READ_TRIES or not self._pause(_backoff(tried)):
                return got

    def _request(
        self, part: Sequence[Prepared], *, halt: bool, deadline: float
    ) -> tuple[list[Outcome], bool]:
        """One HTTP request, when the governor lets it leave; and whether it did."""
        batch = len(part) > 1 or halt
        methods = [entry.method.name for entry in part]
        ticket, waited_s, waited_for = self._permission(methods, batch, deadline)
        if ticket is None:
            if waited_for == "stop":
                return [STOPPED] * len(part), False
            late = Outcome(
                "rejected",
                code="OPERATION_TIME_LIMIT" if waited_for == "operating" else "QUERY_LIMIT_EXCEEDED",
                message=f"the limit would not have let it pass within {self.patience_s:.0f} s",
                kind="limit",
            )
            return [late] * len(part), False
        sent_at = self._clock.now()
        if batch:
            names = [f"p{index}" for index in range(len(part))]
            cmd = {
                name: batch_string(entry.method.name, entry.params)
                for name, entry in zip(names, part, strict=True)
            }
            reply = self._door.post("batch", {"halt": int(halt), "cmd": cmd})
            outcomes = outcomes_of_batch(names, reply)
        else:
            reply = self._door.post(part[0].method.name, part[0].params)
            outcomes = [outcome_of(reply)]
        self.requests_sent += 1
        self._account(ticket, methods, outcomes, reply, batch)
        if self.on_request is not None:
            states = [outcome.state for outcome in outcomes]
            self.on_request(
                RequestNote(
                    dict(ticket.counts),
                    sent_at,
                    self._clock.now() - sent_at,
                    waited_s,
                    waited_for,
                    reply.status,
                    states.count("done"),
                    states.count("rejected"),
                    states.count("unknown"),
                )
            )
        return outcomes, True

    def _permission(
        self, methods: Sequence[str], batch: bool, deadline: float
    ) -> tuple[Ticket | None, float, str]:
        started, reason = self._clock.now(), ""
        while True:
            if self.stopping:
                return None, self._clock.now() - started, "stop"
            held = self._governor.reserve(methods, batch=batch)
            now = self._clock.now()
            if isinstance(held, Ticket):
                return held, now - started, reason
            reason = held.limit
            if now + held.wait_s > deadline:
                return None, now - started, reason
            if held.wait_s > _WORTH_A_LINE_S:
                _LOG.info("waiting: %s", held)
            self._pause(held.wait_s)

    def _account(
        self, ticket: Ticket, methods: Sequence[str], outcomes: Sequence[Outcome], reply: Reply, batch: bool
    ) -> None:
        limited = sorted(
            {
                method
                for method, outcome in zip(methods, outcomes, strict=True)
                if outcome.kind == "limit" and outcome.code.upper() not in {"QUERY_LIMIT_EXCEEDED", OVERLOAD}
            }
        )
        by_rate = any(outcome.code.upper() == "QUERY_LIMIT_EXCEEDED" for outcome in outcomes)
        if batch and isinstance(reply.body, Mapping) and "error" in reply.body and limited:
            limited = ["batch"]  # the batch as a whole was refused: this portal charges `batch` itself
        timings = [
            (method, outcome.timing)
            for method, outcome in zip(methods, outcomes, strict=True)
            if outcome.timing is not None
        ]
        if reply.status is None:
            self._governor.forget(ticket)
        elif by_rate and not timings:
            self._governor.refused(ticket, rate=True, methods=limited)
        else:
            whole = timing_of(as_map(reply.body).get("time")) if batch else None
            self._governor.settle(ticket, timings, whole)
            if limited or by_rate:
                self._governor.refused(ticket, rate=by_rate, methods=limited)

    def _pause(self, seconds: float) -> bool:
        """Wait in slices, so that `stop` is heard; False when it was."""
        while seconds > 0 and not self.stopping:
            step = min(seconds, _SLICE_S)
            self._clock.sleep(step)
            seconds -= step
        return not self.stopping


def groups_of(prepared: Sequence[Prepared]) -> Iterator[list[Prepared]]:
    """Runs of commands that may share a batch, and single ones that may not, in order."""
    group: list[Prepared] = []
    for entry in prepared:
        if entry.alone:
            if group:
                yield group
            group = []
            yield [entry]
        else:
            group.append(entry)
    if group:
        yield group


def _reason(outcome: Outcome) -> str:
    if outcome.kind == "limit":
        return "limit"
    return "connect" if outcome.state == "rejected" else "read"


def _worth_repeating(outcome: Outcome, method: Method) -> bool:
    if outcome.state == "rejected":
        if outcome.kind == "limit":
            return outcome.code.upper() != OVERLOAD
        return outcome.code == "UNREACHABLE"
    return outcome.state == "unknown" and method.effect == "read"


def _backoff(attempt: int) -> float:
    return min(_RETRY_MOST_S, _RETRY_FIRST_S * 2.0 ** (attempt - 1))
