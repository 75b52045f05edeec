"""`Portal`: everything a live portal is asked goes through here.

Every command ends with a known fate: done, rejected with proof, or unknown. Limits are waited out, reads are
repeated after a lost answer, writes never are.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from toolkit.client.answers import OVERLOAD, Reply, as_map, outcome_of, outcomes_of_batch, timing_of
from toolkit.client.clock import Clock, SystemClock
from toolkit.client.cost import CostModel
from toolkit.client.door import Door, auth_server, tls_context
from toolkit.client.encoding import batch_string, why_not_in_batch, wire_params
from toolkit.client.governor import Governor, Hold, SharedGovernor, Ticket
from toolkit.client.identity import Application, Identity, WebhookIdentity
from toolkit.client.ledger import Limits
from toolkit.client.methods import Method
from toolkit.client.methods import method as known_method
from toolkit.client.outcomes import Answer, Command, Outcome, RequestNote, Timing
from toolkit.client.tokens import FileTokens, KeyringTokens, TokenStore
from toolkit.client.walk import walk
from toolkit.errors import (
    AccessRefused,
    AnswerLost,
    CommandError,
    LimitReached,
    Rejected,
    SettingsError,
    Stopped,
    Unreachable,
)
from toolkit.settings import Settings, is_loopback

__all__ = ["MOST_COMMANDS", "Portal"]

# Inside the class, `list` is the method of that name.
Outcomes = list[Outcome]
Records = list[dict[str, Any]]

_LOG = logging.getLogger(__name__)

MOST_COMMANDS = 50
"""Commands one batch may hold. Source: settings/how-to-call-rest-api/batch.md, read 2026-11-22."""

_READ_TRIES = 4
_RETRY_FIRST_S = 1.0
_RETRY_MOST_S = 30.0
_CONNECT_PATIENCE_S = 60.0
_SLICE_S = 1.0

_STOPPED = Outcome("rejected", code="STOPPED", message="stopped before it was sent", kind="transport")
_NOT_SENT = Outcome(
    "rejected",
    code="NOT_SENT",
    message="not sent, because a command before it got no answer",
    kind="transport",
)


@dataclass(frozen=True)
class _Prepared:
    """A command ready for the wire; `alone` says why no batch may carry it."""

    method: Method
    params: dict[str, Any]
    alone: str


class Portal:
    """One Bitrix24 account, reached as one webhook or application.

    Make one with `Portal.connect`; it can be used as a context manager.

    Args:
        door: posts requests.
        governor: paces them.
        clock: tells and spends time.
        patience_s: how long limits are waited out within one call before it gives up.
        on_request: told about every HTTP request.
    """

    def __init__(
        self,
        door: Door,
        governor: Governor,
        clock: Clock,
        *,
        patience_s: float = 1800.0,
        on_request: Callable[[RequestNote], None] | None = None,
    ) -> None:
        self._door, self._clock = door, clock
        self.governor = governor
        self.patience_s = patience_s
        self.on_request = on_request
        self.requests_sent = 0
        self._stopping = False

    @classmethod
    def connect(
        cls,
        settings: Settings,
        *,
        clock: Clock | None = None,
        transport: httpx.BaseTransport | None = None,
        governor: Governor | None = None,
        on_request: Callable[[RequestNote], None] | None = None,
        token_store: TokenStore | None = None,
    ) -> Portal:
        """A portal as the settings describe it. Nothing is sent yet.

        Args:
            settings: see `toolkit.settings`.
            clock: the machine's own when left out.
            transport: a portal inside this process; its pacing is then not shared with other processes.
            governor: paces instead of the one the settings imply.
            on_request: told about every HTTP request.
            token_store: keeps OAuth tokens instead of the one the settings imply.

        Raises:
            SettingsError: no webhook, a malformed one, or no tokens for the application.
        """
        clock = clock or SystemClock()
        verify = tls_context(settings.verify_tls, str(settings.ca_file) if settings.ca_file else None)
        identity = _identity(settings, token_store, verify, transport)
        door = Door(identity, timeout_s=settings.timeout_s, verify=verify, inner=transport)
        if governor is None:
            limits = Limits.of_plan(settings.plan, settings.operating_limit_s)
            if transport is not None:
                governor = Governor(limits, clock, owner=identity.fingerprint)
            else:
                governor = SharedGovernor(
                    limits, settings.state_dir, door.host,
                    source=_source_address(door.host), clock=clock, owner=identity.fingerprint,
                )  # fmt: skip
        return cls(door, governor, clock, patience_s=settings.patience_s, on_request=on_request)

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Portal({self.host!r})"

    def close(self) -> None:
        """Close the connections."""
        self._door.close()

    @property
    def host(self) -> str:
        """The portal's host as it is now: it follows a renamed portal."""
        return self._door.host

    @property
    def cost(self) -> CostModel:
        """What work costs here: documented defaults, and what this portal has shown."""
        return self.governor.cost()

    def why(self) -> Hold:
        """What would hold a request back at this moment, for a progress bar."""
        return self.governor.why(["profile"])

    def stop(self) -> None:
        """Ask to stop: the request in flight finishes, no other leaves. Safe in a signal handler."""
        self._stopping = True

    def resume(self) -> None:
        """Take `stop` back."""
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """Whether `stop` was asked for."""
        return self._stopping

    def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        effect: Literal["", "read", "write"] = "",
    ) -> Any:
        """The result of one method.

        Args:
            method: REST method, as the docs spell it.
            params: see `Command`.
            effect: for a method the table does not list.

        Returns:
            `result` as on the wire; an empty PHP map is `[]`.

        Raises:
            CommandError: the method is unknown or a value cannot be sent; nothing was sent.
            Rejected: the portal said no; nothing was executed.
            AccessRefused: likewise, for want of rights.
            LimitReached: likewise, because of a limit that outlasted `patience_s`.
            Unreachable: no connection; nothing was executed.
            Stopped: `stop` was asked for before it left.
            AnswerLost: a write that may or may not have been executed, or a read that kept failing.
        """
        return self.answer(method, params, effect=effect).result

    def answer(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        effect: Literal["", "read", "write"] = "",
    ) -> Answer:
        """The result of one method with total, next and the portal's accounting. Raises as `call` does."""
        outcome = self.send([Command(method, params or {}, effect)])[0]
        if outcome.state == "done":
            return Answer(outcome.result, outcome.total, outcome.next, outcome.timing or Timing())
        raise self.error_of(method, outcome)

    def send(self, commands: Sequence[Command]) -> Outcomes:
        """Carry out up to 50 commands in their order and say what became of each.

        One request, as a batch. A command a batch cannot express (it holds None, an empty list, or text the
        portal would replace) travels as a JSON call of its own, in its place in the order. Waits for the
        governor first. What a limit or a refused connection held up is sent again within `patience_s`; reads
        are repeated after a lost answer; writes are not.

        Returns:
            One outcome per command, in the same order. After a command whose fate is unknown the later
            *requests* of the same call are not sent and their commands are rejected as `NOT_SENT`.

        Raises:
            CommandError: a method is unknown or a value cannot be sent; nothing was sent.
        """
        if len(commands) > MOST_COMMANDS:
            raise CommandError(
                "batch",
                "cmd",
                len(commands),
                f"are more than {MOST_COMMANDS} commands",
                "Send them in parts.",
            )
        prepared = [self._prepare(command) for command in commands]
        outcomes: Outcomes = []
        for group in _groups(prepared):
            if any(outcome.state == "unknown" for outcome in outcomes):
                outcomes.extend([_NOT_SENT] * len(group))
            else:
                outcomes.extend(self._settled(group))
        return outcomes

    def list(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[Records]:
        """All records of a list method, proven complete.

        Walks by id in batches of fifty chained pages where the method allows it; N records take at most
        ceil(N / 2500) + 2 requests. Filter and select are taken from `params`; order and start are ours.

        Args:
            method: a method that pages, as the table knows it.
            params: as for a call.
            progress: told the number of records read so far.

        Yields:
            Lists of at most 2500 records, keys as on the wire.

        Raises:
            CommandError: the method does not page, or the parameters contradict the walk.
            IncompleteRead: the proof failed; discard what was yielded.
            PortalError: as `call`.
        """
        return walk(self, known_method(method), dict(params or {}), progress)

    def chain(self, method: str, links: Sequence[Mapping[str, Any]]) -> Outcomes:
        """Calls of one read method in one batch, ending at its first error; a link may use earlier ones.

        Args:
            method: a read method.
            links: parameters of each; `Reference("$result[p0]…")` points to the result of the first.

        Returns:
            One outcome per link. After the first error, the rest are `unknown` and were not carried out.
        """
        known = known_method(method)
        prepared = [_Prepared(known, wire_params(known.name, link, known.booleans), "") for link in links]
        return self._settled(prepared, halt=True)

    def error_of(self, method: str, outcome: Outcome) -> Exception:
        """The exception that says what an outcome other than `done` says."""
        facts = (self.host, method, outcome.code, outcome.message)
        if outcome.state == "unknown":
            return AnswerLost(*facts, "Look whether it was carried out before sending it again.")
        if outcome.kind == "limit":
            if outcome.code == OVERLOAD:
                return LimitReached(*facts, "The vendor blocked this portal's REST; write to their support.")
            return LimitReached(*facts, "Nothing was executed; come back later.")
        if outcome.kind == "access":
            return AccessRefused(
                *facts, "Ask the portal's administrator about the webhook, its scopes and rights."
            )
        if outcome.code == _STOPPED.code:
            return Stopped(*facts, "Run the same command again to continue.")
        if outcome.kind == "transport":
            return Unreachable(*facts, "Nothing was executed; check the network and the portal's address.")
        return Rejected(*facts, "Nothing was executed; correct the parameters.")

    # -- one request and its repetitions ------------------------------------------------------------------

    def _prepare(self, command: Command) -> _Prepared:
        known = known_method(command.method, command.effect)
        if known.name == "batch":
            raise CommandError("batch", "", None, "cannot be nested", "Pass its commands to send().")
        params = wire_params(known.name, command.params, known.booleans)
        alone = "it never travels in a batch" if not known.batchable else why_not_in_batch(params)
        return _Prepared(known, params, alone)

    def _settled(self, group: Sequence[_Prepared], *, halt: bool = False) -> Outcomes:
        """Send a group until nothing in it is worth sending again."""
        outcomes: Outcomes = [_STOPPED] * len(group)
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

    def _request(self, part: Sequence[_Prepared], *, halt: bool, deadline: float) -> tuple[Outcomes, bool]:
        """One HTTP request, when the governor lets it leave; and whether it did."""
        batch = len(part) > 1 or halt
        methods = [entry.method.name for entry in part]
        ticket, waited_s, waited_for = self._permission(methods, batch, deadline)
        if ticket is None:
            if waited_for == "stop":
                return [_STOPPED] * len(part), False
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
            held = self.governor.reserve(methods, batch=batch)
            now = self._clock.now()
            if isinstance(held, Ticket):
                return held, now - started, reason
            reason = held.limit
            if now + held.wait_s > deadline:
                return None, now - started, reason
            if held.wait_s > 30:
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
            self.governor.forget(ticket)
        elif by_rate and not timings:
            self.governor.refused(ticket, rate=True, methods=limited)
        else:
            whole = timing_of(as_map(reply.body).get("time")) if batch else None
            self.governor.settle(ticket, timings, whole)
            if limited or by_rate:
                self.governor.refused(ticket, rate=by_rate, methods=limited)

    def _pause(self, seconds: float) -> bool:
        """Wait in slices, so that `stop` is heard; False when it was."""
        while seconds > 0 and not self.stopping:
            step = min(seconds, _SLICE_S)
            self._clock.sleep(step)
            seconds -= step
        return not self.stopping


def _groups(prepared: Sequence[_Prepared]) -> Iterator[list[_Prepared]]:
    """Runs of commands that may share a batch, and single ones that may not, in order."""
    group: list[_Prepared] = []
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


def _identity(
    settings: Settings, store: TokenStore | None, verify: Any, transport: httpx.BaseTransport | None
) -> Identity:
    if not settings.uses_oauth:
        return WebhookIdentity(settings.webhook_parts())
    if settings.client_id is None or settings.client_secret is None:
        raise SettingsError("B24_CLIENT_SECRET", "is not set", "Copy it from the application's settings.")
    if store is None:
        if settings.token_store == "file" and settings.token_file is not None:  # noqa: S105 - a kind of store
            store = FileTokens(settings.token_file)
        elif settings.portal is not None:
            store = KeyringTokens(settings.portal, settings.client_id, settings.state_dir)
        else:
            raise SettingsError("B24_PORTAL", "is not set", "The keyring keeps tokens by the portal's host.")
    ask = auth_server(settings.auth_server, timeout_s=settings.timeout_s, verify=verify, inner=transport)
    return Application(settings.client_id, settings.client_secret, store, ask)


def _source_address(host: str) -> str:
    """The address requests to a host leave from; empty when that cannot be told. Nothing is sent."""
    if is_loopback(host):
        return ""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Connecting a datagram socket only chooses a route. The address is one reserved for examples:
            # the default route is what tells one network from another, and no name has to be looked up.
            probe.connect(("192.0.2.1", 443))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
