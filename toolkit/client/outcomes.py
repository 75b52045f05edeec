"""What is asked of a portal and what became of it: `Command`, `Outcome`, `Answer`.

An outcome is *rejected* only with proof that nothing was executed; everything that is neither a result
nor such a proof is *unknown* and must be looked up, never re-sent blindly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Answer", "Command", "Kind", "Outcome", "RequestNote", "State", "Timing"]

State = Literal["done", "rejected", "unknown"]
Kind = Literal["", "limit", "access", "input", "server", "transport"]


@dataclass(frozen=True)
class Command:
    """One method with its parameters.

    Args:
        method: REST method, as the docs spell it.
        params: as for a JSON call; values may be str, int, bool, float, Decimal, date, aware datetime, None,
            lists and mappings of these.
        effect: `read` or `write`; needed only for a method that `toolkit.client.methods` does not list.
    """

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    effect: Literal["", "read", "write"] = ""


@dataclass(frozen=True)
class Timing:
    """The portal's own accounting of one call, as its `time` object gave it.

    Args:
        operating_s: execution time of the method accumulated in the portal's ten-minute window, after this
            call; None when the portal does not report it.
        reset_in_s: seconds, counted from the end of the call, until the oldest minute leaves that window.
        duration_s: how long the call took on the portal.
        finish: when it ended, unix seconds of the portal's clock.

    Source: limits.md, api-reference/data-types.md (`time`), read 2026-11-22.
    """

    operating_s: float | None = None
    reset_in_s: float | None = None
    duration_s: float | None = None
    finish: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What is known about one command.

    Args:
        state: `done`; `rejected`, proven not executed; `unknown`, may or may not have been executed.
        result: the portal's `result`, when done.
        code: the portal's error code when rejected or unknown; may be the empty string.
        message: the portal's or the transport's words, secrets masked.
        kind: who has to act: `limit` come back later, `access` ask the portal's admin, `input` fix the
            parameters, `server` the portal failed, `transport` no usable answer. Empty when done.
        operating_s: accumulated execution time the portal reported with this command, seconds.
        total: rows the portal counted; None when it did not.
        next: offset of the next page; None on the last.
        timing: the whole accounting; None when the portal gave none.
    """

    state: State
    result: Any = None
    code: str = ""
    message: str = ""
    kind: Kind = ""
    operating_s: float | None = None
    total: int | None = None
    next: int | None = None
    timing: Timing | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """A successful reply with everything around its result.

    Args:
        result: the portal's `result`, as on the wire.
        total: rows the portal counted; None when it did not.
        next: offset of the next page; None on the last.
        timing: the portal's accounting.
    """

    result: Any
    total: int | None = None
    next: int | None = None
    timing: Timing = Timing()


@dataclass(frozen=True)
class RequestNote:
    """One HTTP request, for a journal or a progress bar. Holds no address, parameter or result.

    Args:
        methods: methods it carried, each with its count.
        sent_at: unix seconds.
        duration_s: from sending to the answer.
        waited_s: how long the governor held it back.
        waited_for: which limit did: `rate`, `operating`, or empty.
        status: HTTP status; None when no answer came.
        done: commands done.
        rejected: commands rejected.
        unknown: commands whose fate is unknown.
    """

    methods: Mapping[str, int]
    sent_at: float
    duration_s: float
    waited_s: float
    waited_for: str
    status: int | None
    done: int
    rejected: int
    unknown: int
