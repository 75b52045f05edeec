"""`Portal`: everything a live portal is asked goes through here.

Every command ends with a known fate: done, rejected with proof, or unknown. Limits are waited out, reads are
repeated after a lost answer, writes never are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import httpx

from toolkit.client.answers import OVERLOAD
from toolkit.client.clock import Clock, SystemClock
from toolkit.client.cost import CostModel
from toolkit.client.door import Door, tls_context
from toolkit.client.downloads import Download
from toolkit.client.encoding import why_not_in_batch, wire_params
from toolkit.client.governor import Governor, Hold, SharedGovernor
from toolkit.client.ledger import Limits
from toolkit.client.methods import METHODS
from toolkit.client.methods import method as known_method
from toolkit.client.opening import identity_of, source_address
from toolkit.client.outcomes import Answer, Command, Outcome, RequestNote, Timing
from toolkit.client.sending import NOT_SENT, STOPPED, Prepared, Sender, groups_of
from toolkit.client.tokens import TokenStore
from toolkit.client.walk import walk
from toolkit.errors import (
    AccessRefused,
    AnswerLost,
    CommandError,
    LimitReached,
    Rejected,
    Stopped,
    Unreachable,
)
from toolkit.settings import Settings

__all__ = ["MOST_COMMANDS", "Portal"]

# Inside the class, `list` is the method of that name.
Outcomes = list[Outcome]
Records = list[dict[str, Any]]

MOST_COMMANDS = 50
"""Commands one batch may hold. Source: settings/how-to-call-rest-api/batch.md, read 2026-11-22."""


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
        self._door = door
        self._sender = Sender(door, governor, clock, patience_s=patience_s, on_request=on_request)
        self.governor = governor

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
        ca_file = str(settings.ca_file) if settings.ca_file else None
        # Reading the authorities takes a while; a portal in this process needs none.
        verify = transport is None and tls_context(settings.verify_tls, ca_file)
        identity = identity_of(settings, token_store, verify, transport)
        door = Door(identity, timeout_s=settings.timeout_s, verify=verify, inner=transport)
        if governor is None:
            limits = Limits.of_plan(settings.plan, settings.operating_limit_s)
            if transport is not None:
                governor = Governor(limits, clock, owner=identity.fingerprint)
            else:
                governor = SharedGovernor(
                    limits, settings.state_dir, door.host,
                    source=source_address(door.host), clock=clock, owner=identity.fingerprint,
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
    def requests_sent(self) -> int:
        """HTTP requests sent so far, repetitions included."""
        return self._sender.requests_sent

    @property
    def patience_s(self) -> float:
        """How long limits are waited out within one call before it gives up, seconds."""
        return self._sender.patience_s

    @patience_s.setter
    def patience_s(self, seconds: float) -> None:
        self._sender.patience_s = seconds

    @property
    def on_request(self) -> Callable[[RequestNote], None] | None:
        """Told about every HTTP request; a journal sets it."""
        return self._sender.on_request

    @on_request.setter
    def on_request(self, told: Callable[[RequestNote], None] | None) -> None:
        self._sender.on_request = told

    @property
    def cost(self) -> CostModel:
        """What work costs here: documented defaults, and what this portal has shown."""
        return self.governor.cost()

    def why(self) -> Hold:
        """What would hold a request back at this moment, for a progress bar."""
        return self.governor.why(["profile"])

    def stop(self) -> None:
        """Ask to stop: the request in flight finishes, no other leaves. Safe in a signal handler."""
        self._sender.stopping = True

    def resume(self) -> None:
        """Take `stop` back."""
        self._sender.stopping = False

    @property
    def stopping(self) -> bool:
        """Whether `stop` was asked for."""
        return self._sender.stopping

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
        prepared = [_prepared(command) for command in commands]
        outcomes: Outcomes = []
        for group in groups_of(prepared):
            if any(outcome.state == "unknown" for outcome in outcomes):
                outcomes.extend([NOT_SENT] * len(group))
            else:
                outcomes.extend(self._sender.settled(group))
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

    def fetch(self, link: str, target: Path, *, most_bytes: int) -> Download:
        """Stream what a signed link leads to into a private file; the link appears nowhere.

        Broken answers are asked for again a few times.

        Args:
            link: `DOWNLOAD_URL`, `urlMachine` or the like, as a method just answered it.
            target: replaced when it exists; left behind only when the download is done.
            most_bytes: give up beyond this size.

        Returns:
            What came: size and checksum, or why there is no file. Never raises for what the network does.

        Raises:
            OSError: the file cannot be written.
        """
        return self._sender.fetch(link, target, most_bytes=most_bytes)

    def chain(self, method: str, links: Sequence[Mapping[str, Any]]) -> Outcomes:
        """Calls of one read method in one batch, ending at its first error; a link may use earlier ones.

        Args:
            method: a read method.
            links: parameters of each; `Reference("$result[p0]…")` points to the result of the first.

        Returns:
            One outcome per link. After the first error, the rest are `unknown` and were not carried out.
        """
        known = known_method(method)
        prepared = [Prepared(known, wire_params(known.name, link, known.booleans)) for link in links]
        return self._sender.settled(prepared, halt=True)

    def error_of(self, method: str, outcome: Outcome) -> Exception:
        """The exception that says what an outcome other than `done` says."""
        facts = (self.host, method, outcome.code, outcome.message)
        if outcome.state == "unknown":
            known = METHODS.get(method.lower())
            if known is not None and known.effect == "read":
                return AnswerLost(*facts, "It was asked several times; nothing was changed. Try again later.")
            return AnswerLost(*facts, "Look whether it was carried out before sending it again.")
        if outcome.kind == "limit":
            if outcome.code == OVERLOAD:
                return LimitReached(*facts, "The vendor blocked this portal's REST; write to their support.")
            return LimitReached(*facts, "Nothing was executed; come back later.")
        if outcome.kind == "access":
            return AccessRefused(
                *facts, "Ask the portal's administrator about the webhook, its scopes and rights."
            )
        if outcome.code == STOPPED.code:
            return Stopped(*facts, "Run the same command again to continue.")
        if outcome.kind == "transport":
            return Unreachable(*facts, "Nothing was executed; check the network and the portal's address.")
        return Rejected(*facts, "Nothing was executed; correct the parameters.")


def _prepared(command: Command) -> Prepared:
    known = known_method(command.method, command.effect)
    if known.name == "batch":
        raise CommandError("batch", "", None, "cannot be nested", "Pass its commands to send().")
    params = wire_params(known.name, command.params, known.booleans)
    alone = "it never travels in a batch" if not known.batchable else why_not_in_batch(params)
    return Prepared(known, params, alone)
