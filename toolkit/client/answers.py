"""Reads the portal's replies: envelope, batch, errors in all their spellings.

Source: error-codes.md, settings/how-to-call-rest-api/batch.md, limits.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toolkit.client.masking import mask
from toolkit.client.outcomes import Kind, Outcome, State, Timing

__all__ = ["OVERLOAD", "Reply", "as_map", "classified", "outcome_of", "outcomes_of_batch", "timing_of"]

OVERLOAD = "OVERLOAD_LIMIT"
"""A block set by the vendor's staff: retrying prolongs it."""

_LIMIT_CODES = {"QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT", OVERLOAD}

_ACCESS_CODES = {
    code.lower()
    for code in (
        "NO_AUTH_FOUND", "INVALID_CREDENTIALS", "insufficient_scope", "ACCESS_DENIED", "user_access_error",
        "expired_token", "invalid_token", "authorization_error", "APPLICATION_NOT_FOUND", "ERROR_OAUTH",
        "METHOD_CONFIRM_WAITING", "METHOD_CONFIRM_DENIED", "WRONG_AUTH_TYPE", "PORTAL_DELETED",
        "ACCESS_ERROR", "allowed_only_intranet_user", "ERROR_WRONG_CONTEXT", "AccessException",
        "PAYMENT_REQUIRED", "invalid_grant", "invalid_client", "invalid_scope",
    )
}  # fmt: skip

# The portal says so when it broke in the middle of a method: the write may have been done before it did.
_BROKEN_CODES = {"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"}

_LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Reply:
    """What came back for one HTTP request.

    Args:
        status: HTTP status; None when there was no answer.
        body: the decoded JSON; None when there was no answer or it was not JSON.
        refused: no connection could be made, so nothing was executed.
        words: the transport's words, or the beginning of an answer that is not JSON; masked.
    """

    status: int | None
    body: Any = None
    refused: bool = False
    words: str = ""


def as_map(value: Any) -> dict[str, Any]:
    """A PHP map as a dict: the empty map arrives as `[]`, one with keys 0, 1, 2 as a list."""
    if isinstance(value, Mapping):
        return {str(key): entry for key, entry in value.items()}
    if isinstance(value, list):
        return {str(index): entry for index, entry in enumerate(value)}
    return {}


def timing_of(time: Any) -> Timing | None:
    """The portal's `time` object as a `Timing`; None when it is absent or empty.

    The reset moment is turned into a distance from the call's own end, so that a clock of this machine
    that runs ahead or behind does no harm.
    """
    fields = as_map(time)
    if not fields:
        return None
    finish = _number(fields.get("finish"))
    if finish is None and isinstance(fields.get("date_finish"), str):
        try:
            finish = datetime.fromisoformat(fields["date_finish"]).timestamp()
        except ValueError:
            finish = None
    reset_at = _number(fields.get("operating_reset_at"))
    reset_in = None if finish is None or not reset_at else max(0.0, reset_at - finish)
    return Timing(_number(fields.get("operating")), reset_in, _number(fields.get("duration")), finish)


def classified(status: int, code: str, message: str) -> tuple[State, Kind]:
    """What an error proves and who has to act.

    Args:
        status: HTTP status; 200 for an entry of a batch's `result_error`.
        code: the portal's code; may be empty.
        message: the portal's words.
    """
    upper = code.upper()
    if upper in _LIMIT_CODES or status == 429:
        return "rejected", "limit"
    if upper == "PORTAL_DELETED":
        return "rejected", "access"
    if status == 501:
        return "rejected", "input"  # whoever answers "not implemented" has not done it
    if upper in _BROKEN_CODES or status >= 500 or status == 408:
        return "unknown", "server"
    if code.lower() in _ACCESS_CODES or status in {401, 403} or "access denied" in message.lower():
        return "rejected", "access"
    return "rejected", "input"


def outcome_of(reply: Reply) -> Outcome:
    """What a reply says about the one command it answers; for a batch, about the batch as a whole."""
    if reply.status is None:
        if reply.refused:
            return Outcome("rejected", code="UNREACHABLE", message=reply.words, kind="transport")
        return Outcome("unknown", code="NO_ANSWER", message=reply.words, kind="transport")
    body = reply.body
    if isinstance(body, Mapping):
        timing = timing_of(body.get("time"))
        if "error" in body and not (body["error"] is None and "result" in body):
            # The empty string is a code too: most legacy CRM errors carry it.
            code, message = _error_of(body)
            state, kind = classified(reply.status, code, message)
            return _with_timing(Outcome(state, code=code, message=message, kind=kind), timing)
        if "result" in body and reply.status < 300:
            return _with_timing(
                Outcome(
                    "done", body["result"], total=_whole(body.get("total")), next=_whole(body.get("next"))
                ),
                timing,
            )
    return _unreadable(reply)


def outcomes_of_batch(names: Sequence[str], reply: Reply) -> list[Outcome]:
    """What a batch's reply says about each of its commands, in the order of `names`.

    A name found neither among the results nor among the errors is unknown: it may have been executed.
    """
    whole = outcome_of(reply)
    if whole.state != "done":
        return [whole] * len(names)
    envelope = as_map(whole.result)
    if "result" not in envelope and "result_error" not in envelope:
        lost = Outcome(
            "unknown", code="NO_ANSWER", message="the answer is not that of a batch", kind="transport"
        )
        return [lost] * len(names)
    results, errors = as_map(envelope.get("result")), as_map(envelope.get("result_error"))
    totals, nexts = as_map(envelope.get("result_total")), as_map(envelope.get("result_next"))
    times = as_map(envelope.get("result_time"))
    outcomes = []
    for name in names:
        timing = timing_of(times.get(name))
        if name in errors:
            code, message = _error_of(errors[name])
            state, kind = classified(200, code, message)
            outcome = Outcome(state, code=code, message=message, kind=kind)
        elif name in results:
            total, following = _whole(totals.get(name)), _whole(nexts.get(name))
            outcome = Outcome("done", results[name], total=total, next=following)
        else:
            outcome = Outcome(
                "unknown", code="NO_ANSWER", message="the batch says nothing about it", kind="transport"
            )
        outcomes.append(_with_timing(outcome, timing))
    return outcomes


def _with_timing(outcome: Outcome, timing: Timing | None) -> Outcome:
    if timing is None:
        return outcome
    return Outcome(
        outcome.state, outcome.result, outcome.code, outcome.message, outcome.kind,
        timing.operating_s, outcome.total, outcome.next, timing,
    )  # fmt: skip


def _error_of(entry: Any) -> tuple[str, str]:
    fields = as_map(entry) if isinstance(entry, (Mapping, list)) else {"error": entry}
    code = fields.get("error", "")
    if isinstance(code, Mapping):  # REST 3.0: {"error": {"code": …, "message": …}}
        return _text(code.get("code")), _text(code.get("message"))
    return _text(code), _text(fields.get("error_description"))


def _unreadable(reply: Reply) -> Outcome:
    status = reply.status or 0
    words = reply.words or "the answer is not what the portal's documentation promises"
    code = f"HTTP_{status}"
    if status == 429:
        return Outcome("rejected", code=code, message=words, kind="limit")
    if 400 <= status < 500 and status not in {408, 499}:
        # A page instead of JSON, but a 4xx: a gate before the portal turned the request away.
        return Outcome(
            "rejected", code=code, message=words, kind="access" if status in {401, 403} else "input"
        )
    if 300 <= status < 400:
        return Outcome("rejected", code=code, message=words, kind="access")
    return Outcome("unknown", code=code, message=words, kind="server" if status >= 500 else "transport")


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return mask(text[:_LONGEST_MESSAGE])


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
