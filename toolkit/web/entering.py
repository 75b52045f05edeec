"""Coming in by a token or by a link that works once, and leaving."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from toolkit.web.desk import Desk
from toolkit.web.guards import Attempts, Sessions, Tickets, genuine
from toolkit.web.rendering import Renderer
from toolkit.web.tokens import Person

__all__ = ["Entering", "small_form"]

_LARGEST_FORM = 16 * 1024


async def small_form(request: Request) -> dict[str, str]:
    """The fields of a form without files; an overlong or foreign body reads as empty."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return {}
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=20))
    except ValueError:
        return {}


class Entering:
    """The door.

    Args:
        desk, render, sessions: of the page.
        tickets: links that let somebody in once.
        attempts: failures to enter.
    """

    def __init__(
        self, desk: Desk, render: Renderer, sessions: Sessions, tickets: Tickets, attempts: Attempts
    ) -> None:
        self._desk, self._render, self._sessions = desk, render, sessions
        self._tickets, self._attempts = tickets, attempts

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [
            Route("/login", self._ask, methods=["GET"]),
            Route("/login", self._by_token, methods=["POST"]),
            Route("/enter", self._offer, methods=["GET"]),
            Route("/enter", self._by_ticket, methods=["POST"]),
            Route("/leave", self._leave, methods=["POST"]),
        ]

    def _ask(self, request: Request) -> Response:
        if self._sessions.visitor(request):
            return RedirectResponse("/", 303)
        return self._render.page(request, "login", problem="")

    async def _by_token(self, request: Request) -> Response:
        address = request.client.host if request.client else ""
        if self._attempts.exhausted(address):
            return self._render.page(request, "login", status=429, problem="too_often")
        form = await small_form(request)
        person = self._desk.tokens.who(form.get("token", "").strip()) if _ours(request) else None
        if person is None:
            self._attempts.failed(address)
            return self._render.page(request, "login", status=401, problem="bad_token")
        return self._let_in(request, person)

    def _offer(self, request: Request) -> Response:
        # A link in a chat is opened by the chat's own preview first: only the button uses it up.
        ticket = request.query_params.get("ticket", "")
        if not self._tickets.valid(ticket):
            return self._render.page(request, "login", status=401, problem="bad_ticket")
        return self._render.page(request, "enter", ticket=ticket, person=self._desk.owner)

    async def _by_ticket(self, request: Request) -> Response:
        form = await small_form(request)
        person = self._tickets.use(form.get("ticket", "")) if _ours(request) else None
        if person is None:
            return self._render.page(request, "login", status=401, problem="bad_ticket")
        return self._let_in(request, person)

    async def _leave(self, request: Request) -> Response:
        form = await small_form(request)
        visitor = self._sessions.visitor(request)
        response = RedirectResponse("/login", 303)
        if visitor is not None and genuine(visitor, form.get("csrf")):
            self._sessions.leave(visitor, response)
        return response

    def _let_in(self, request: Request, person: Person) -> Response:
        response = RedirectResponse("/", 303)
        forwarded = request.headers.get("x-forwarded-proto", "")  # a proxy with TLS before us says so
        secure = "https" in (request.url.scheme, forwarded.lower())
        self._sessions.enter(person, response, secure=secure)
        return response


def _ours(request: Request) -> bool:
    """Whether a form came from this page and not from another site: nobody is let in under a name not theirs."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    return site in ("same-origin", "none") and (
        origin is None or origin.partition("://")[2] == request.headers.get("host")
    )
