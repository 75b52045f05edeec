"""Addresses of the page and what they answer; the forms are in `entering`, `looking` and `publishing`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from toolkit.web.desk import Desk
from toolkit.web.entering import Entering
from toolkit.web.guards import Attempts, Guard, Sessions, Tickets
from toolkit.web.looking import Looking
from toolkit.web.publishing import Publishing
from toolkit.web.rendering import Renderer

__all__ = ["make_site"]

_log = logging.getLogger("toolkit.web.site")


def make_site(desk: Desk, tickets: Tickets | None = None, *, hosts: tuple[str, ...] = ()) -> Starlette:
    """The page as an ASGI application.

    Args:
        desk: where uploads are worked on; opened and closed with the application.
        tickets: links that let somebody in once.
        hosts: names the page is reached by, beside this machine's own.
    """
    render = Renderer(desk)
    sessions = Sessions(desk)
    entering = Entering(desk, render, sessions, tickets or Tickets(desk.clock.now), Attempts(desk.clock.now))
    looking = Looking(desk, render, sessions)
    publishing = Publishing(desk, render, sessions)

    async def wrong(request: Request, error: Exception) -> Response:
        _log.error("%s %s", request.method, request.url.path, exc_info=error)
        return await run_in_threadpool(render.said, request, "wrong", 500)

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        key = "forbidden" if status == 403 else "forged" if status == 409 else "not_found"
        visitor = await run_in_threadpool(sessions.visitor, request)
        if status == 401:
            return RedirectResponse("/login", 303)
        return await run_in_threadpool(render.said, request, key, status, visitor)

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        await run_in_threadpool(desk.open)
        yield
        await run_in_threadpool(desk.close)

    return Starlette(
        routes=[
            *entering.routes(),
            *looking.routes(),
            *publishing.routes(),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
            Route("/favicon.ico", lambda _: Response(status_code=204)),
        ],
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={Exception: wrong, HTTPException: refused},
        lifespan=living,
    )
