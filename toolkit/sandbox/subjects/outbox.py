"""The outbox: online event handlers are called once and never again, whatever they answered.

A call waits as a row until `deliver` makes it, on the thread of whoever asks. Only handlers on this machine
are called: a sandbox must not knock on the doors of a live integration.

Source: api-reference/events/{index,safe-event-handlers}.md, _includes/auth-params-in-events.md,
read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import httpx

from ..state.store import Column, declare_table
from .event_names import scope_of

if TYPE_CHECKING:
    from ..portal import Sandbox

__all__ = ["Delivery", "Outbox", "application_token", "is_loopback"]

TIMEOUT_S = 5.0
_MAX_WAITING = 10_000  # calls nobody delivers must not fill the disk of a load test
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Bitrix24 Webhook Engine"}

declare_table(
    "event_outbox",
    "HANDLER_ID int",
    "APP_ID int",
    "EVENT",
    "URL",
    "BODY json",
    "USER_ID int",
    "CREATED time",
    Column("SENT", "bit", 0),
    indexes=[("SENT",)],
)


@dataclass(frozen=True)
class Delivery:
    """One call of a handler that was made, or was not because its address is not on this machine.

    Args:
        handler_id: which handler.
        event: upper-case name.
        url: where it went.
        status: what the handler answered; 0 when there was no answer.
        problem: why there was none; empty otherwise.
    """

    handler_id: int
    event: str
    url: str
    status: int
    problem: str = ""


class Outbox:
    """The calls of online handlers one portal still has to make.

    Args:
        portal: the sandbox.
    """

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal
        self._store = portal.store

    def put(
        self, handler: Mapping[str, Any], event: str, details: Mapping[str, Any], user_id: int | None
    ) -> None:
        """Let a call wait for delivery.

        Args:
            handler: row of `event_handler`.
            event: upper-case name.
            details: its `data`.
            user_id: whose tokens the handler gets; None sends none.
        """
        if self.waiting() >= _MAX_WAITING:
            return  # online events may be lost; that is what the offline queue is for
        self._store.insert(
            "event_outbox",
            {
                "HANDLER_ID": handler["ID"],
                "APP_ID": handler["APP_ID"],
                "EVENT": event,
                "URL": handler["HANDLER"],
                "BODY": json.dumps(details, ensure_ascii=False),
                # Whom a handler acts as: the user it was bound for, else the one whose action it was.
                "USER_ID": handler["AUTH_TYPE"] or user_id,
                "CREATED": int(self._portal.clock.now()),
            },
        )

    def waiting(self) -> int:
        """How many calls wait."""
        return int(self._store.value("SELECT COUNT(*) FROM event_outbox WHERE SENT = 0"))

    def take(self) -> list[tuple[dict[str, Any], dict[str, str]]]:
        """The waiting calls and their form fields, marked as sent: nothing is ever sent twice."""
        taken = []
        for row in self._store.find("event_outbox", SENT=0):
            self._store.update("event_outbox", row["ID"], {"SENT": 1})
            taken.append((row, self._form(row)))
        return taken

    def _form(self, row: Mapping[str, Any]) -> dict[str, str]:
        app = self._store.get("app", row["APP_ID"]) or {}
        body = {
            "event": row["EVENT"],
            "event_handler_id": str(row["HANDLER_ID"]),
            "data": json.loads(row["BODY"]),
            "ts": str(int(self._portal.clock.now())),
            "auth": self._auth(app, row["EVENT"], row["USER_ID"]),
        }
        return dict(_brackets(body))

    def _auth(self, app: Mapping[str, Any], event: str, user_id: int | None) -> dict[str, str]:
        portal = self._portal
        auth: dict[str, str] = {}
        if user_id and app:
            # Few events come with a token of long life.
            auth |= portal.access.tokens_for(app["ID"], user_id, lasting=event == "ONOFFLINEEVENT")
        return auth | {
            "scope": scope_of(event) or "rest",
            "domain": portal.host,
            "server_endpoint": f"{portal.base_url}/oauth/rest/",
            "status": app.get("STATUS") or "L",
            "client_endpoint": f"{portal.base_url}/rest/",
            "member_id": app.get("MEMBER_ID") or "",
            "application_token": application_token(app),
        }


def application_token(app: Mapping[str, Any]) -> str:
    """What a handler compares to be sure that its portal calls: the same for the life of the application.

    Source: api-reference/events/safe-event-handlers.md, read 2026-11-22.
    """
    secret = str(app.get("SECRET_HASH") or "")
    return hmac.new(secret.encode(), b"application_token", hashlib.sha256).hexdigest()[:32]


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine; the sandbox calls nobody else."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in ("http", "https"):
            return False
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def send(row: Mapping[str, Any], form: Mapping[str, str]) -> Delivery:
    """Call one handler, once; never raises for what it answers."""
    id_, event, url = row["HANDLER_ID"], row["EVENT"], row["URL"]
    if not is_loopback(url):
        return Delivery(id_, event, url, 0, "not on this machine: not called")
    try:
        answer = httpx.post(
            url, content=urlencode(form).encode(), headers=_HEADERS, timeout=TIMEOUT_S, trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as failed:
        return Delivery(id_, event, url, 0, f"no answer: {type(failed).__name__}")
    return Delivery(id_, event, url, answer.status_code)


def _brackets(value: Any, name: str = "") -> list[tuple[str, str]]:
    """A map as PHP's forms spell it, `data[FIELDS][ID]=5`; empty maps vanish."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [
            pair for key, each in pairs for pair in _brackets(each, f"{name}[{key}]" if name else str(key))
        ]
    if value is None or value is False:
        return [(name, "")]
    return [(name, "1" if value is True else str(value))]
