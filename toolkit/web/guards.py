"""What stands before every page: headers, addresses we answer to, sessions, forms that are really ours."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolkit.settings import is_loopback
from toolkit.web.desk import Desk
from toolkit.web.history import Session
from toolkit.web.tokens import Person, digest

__all__ = ["COOKIE", "POLICY", "Attempts", "Guard", "Sessions", "Tickets", "Visitor", "genuine"]

COOKIE = "b24kit"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser may load and do on a page: our own styles and script, nothing from elsewhere."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cache-Control": "no-store",
}


class Guard:
    """Adds the headers, and answers only to the page's own address.

    A site elsewhere can make its name point to this machine and so speak to a page that listens on loopback
    only; the name it was called by gives it away.

    Args:
        app: behind it.
        hosts: names the page is reached by, beside this machine's own.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...] = ()) -> None:
        self._app, self._hosts = app, {each.lower() for each in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        host = HTTPConnection(scope).headers.get("host", "")
        name = (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
        if not (is_loopback(name) or name in self._hosts):
            await PlainTextResponse(
                "This page is not served under that name. Start it with: b24kit serve --name NAME\n", 421
            )(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)


@dataclass(frozen=True)
class Visitor:
    """Somebody who has entered.

    Args:
        person: who.
        csrf: what their forms must hold.
        key: hash that names their session.
    """

    person: Person
    csrf: str
    key: str


class Sessions:
    """Who has entered, known by a cookie only the browser holds."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def enter(self, person: Person, response: Response, *, secure: bool) -> None:
        """Begin a session and put its cookie into a response."""
        now, rules = self._desk.clock.now(), self._desk.rules
        secret = secrets.token_urlsafe(32)
        self._desk.history.end_sessions(now - rules.session_s, now - rules.idle_s)
        session = Session(person.name, secrets.token_urlsafe(24), now, now)
        self._desk.history.add_session(digest(secret), session)
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(rules.session_s),
            httponly=True,
            samesite="strict",
            secure=secure,
            path="/",
        )

    def visitor(self, request: Request) -> Visitor | None:
        """Who asks; None for a stranger, and for somebody whose token or time is over."""
        secret = request.cookies.get(COOKIE, "")
        if not secret or len(secret) > 200:
            return None
        key, now, rules = digest(secret), self._desk.clock.now(), self._desk.rules
        session = self._desk.history.session(key)
        if session is None:
            return None
        person = self._desk.person(session.name)
        if person is None or now - session.begun > rules.session_s or now - session.seen > rules.idle_s:
            self._desk.history.end_session(key)
            return None
        if now - session.seen > 60:
            self._desk.history.see_session(key, now)
        return Visitor(person, session.csrf, key)

    def leave(self, visitor: Visitor, response: Response) -> None:
        """End a session."""
        self._desk.history.end_session(visitor.key)
        response.delete_cookie(COOKIE, path="/")


def genuine(visitor: Visitor, given: Any) -> bool:
    """Whether a form comes from our own page, opened by this visitor."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), visitor.csrf.encode())


class Tickets:
    """Links that let somebody in once."""

    def __init__(self, now: Callable[[], float], good_s: float = 900.0) -> None:
        self._now, self._good_s = now, good_s
        self._kept: dict[str, tuple[float, Person]] = {}
        self._lock = threading.Lock()

    def issue(self, person: Person) -> str:
        """A new ticket for somebody."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._kept[digest(ticket)] = self._now() + self._good_s, person
        return ticket

    def valid(self, ticket: str) -> bool:
        """Whether it would let somebody in."""
        return self._kept.get(digest(ticket), (0.0, None))[0] > self._now()

    def use(self, ticket: str) -> Person | None:
        """Whom it lets in; None when it was used or is too old."""
        with self._lock:
            until, person = self._kept.pop(digest(ticket), (0.0, None))
        return person if until > self._now() else None


class Attempts:
    """Counts failures to enter, and says when it is enough for now.

    Args:
        now: unix seconds.
        each, whole: failures of one address, and of all, within `window_s`.
        window_s: seconds.
    """

    def __init__(
        self, now: Callable[[], float], each: int = 10, whole: int = 60, window_s: float = 300.0
    ) -> None:
        self._now, self._each, self._whole, self._window_s = now, each, whole, window_s
        self._failed: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()

    def exhausted(self, address: str) -> bool:
        """Whether this address has to wait."""
        with self._lock:
            while self._failed and self._failed[0][0] < self._now() - self._window_s:
                self._failed.popleft()
            own = sum(each == address for _, each in self._failed)
            return own >= self._each or len(self._failed) >= self._whole

    def failed(self, address: str) -> None:
        """Count one."""
        with self._lock:
            self._failed.append((self._now(), address))
            if len(self._failed) > 10 * self._whole:
                self._failed.popleft()
