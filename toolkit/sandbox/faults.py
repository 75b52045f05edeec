"""Scripted misfortune: what a portal or the network does wrong, and when.

Faults are counted in requests (or commands inside a batch), so that a test can visit every one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["KINDS", "Fault", "Faults", "Kind"]

Kind = Literal[
    "lose_answer",  # executed, then the connection closes without an answer
    "cut_before",  # the connection closes before anything was executed
    "rate",  # 503 QUERY_LIMIT_EXCEEDED
    "overload",  # 503 OVERLOAD_LIMIT, the manual block
    "deleted",  # PORTAL_DELETED: the portal is no more
    "operating",  # 429 OPERATION_TIME_LIMIT, outside or, for a command, inside a batch
    "server_error",  # 500 after nothing was executed
    "server_error_after",  # 500 although everything was executed
    "html",  # an HTML page with status 200, nothing executed
    "html_after",  # an HTML page with status 502, everything executed
    "slow",  # answers after `seconds`
    "timeout",  # executes, then answers so late that the client has gone (60 s cut)
    "truncated",  # executed, the answer breaks off
    "partial",  # a batch of which only the first `seconds` (a count) commands run, then the connection closes
    "call",  # runs `action`, such as a person's edit, before the request is executed
]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]  # Literal carries its members there


@dataclass
class Fault:
    """One planned misfortune.

    Args:
        kind: what happens.
        method: lower-case method it waits for; None means any. A batch also counts as its commands.
        at: happens at this many matching requests from now, counted from 1.
        times: how many requests in a row.
        seconds: delay for `slow` and `timeout`; number of executed commands for `partial`.
        inside: strike the matching command inside a batch, not the whole request.
        action: for `call`.
    """

    kind: Kind
    method: str | None = None
    at: int = 1
    times: int = 1
    seconds: float = 0.0
    inside: bool = False
    action: Callable[[], None] | None = None
    seen: int = field(default=0, repr=False)

    def strikes(self, methods: list[str]) -> bool:
        """Whether it happens now; counts the request if it matches."""
        if self.method is not None and self.method not in methods:
            return False
        self.seen += 1
        return self.at <= self.seen < self.at + self.times

    @property
    def spent(self) -> bool:
        """Whether it has happened as often as it was planned to."""
        return self.seen >= self.at + self.times - 1


class Faults:
    """The misfortunes planned for one sandbox, in order."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []

    def plan(self, kind: Kind, method: str | None = None, **details: Any) -> Fault:
        """Plan one; details as in `Fault`."""
        if kind not in KINDS:
            raise ValueError(f"no fault {kind!r}; known: {', '.join(KINDS)}")
        fault = Fault(kind, method.lower() if method else None, **details)
        self._planned.append(fault)
        return fault

    def lose_answer_to(self, method: str | None = None, *, times: int = 1, at: int = 1) -> Fault:
        """Execute, then close the connection without an answer."""
        return self.plan("lose_answer", method, times=times, at=at)

    def before(self, action: Callable[[], None], method: str | None = None, *, at: int = 1) -> Fault:
        """Run `action` just before a matching request is executed: a person working at the same time."""
        return self.plan("call", method, at=at, action=action)

    @property
    def waiting(self) -> int:
        """How many are planned and have not happened as often as they should."""
        return len(self._planned)

    def clear(self) -> None:
        """Forget everything planned."""
        self._planned.clear()

    def due(self, methods: list[str], *, inside: bool = False) -> list[Fault]:
        """The faults that strike this request (or, `inside`, this command); counts them."""
        if not self._planned:
            return []
        struck = [fault for fault in self._planned if fault.inside == inside and fault.strikes(methods)]
        self._planned = [fault for fault in self._planned if not fault.spent]
        return struck

    def load(self, script: list[dict[str, Any]]) -> None:
        """Plan the faults of a file: a list of `{"kind", "method", "at", "times", "seconds", "inside"}`."""
        for entry in script:
            self.plan(**entry)
