"""The page as one process that listens."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from toolkit.errors import InputError
from toolkit.settings import Settings, is_loopback
from toolkit.web.desk import Desk
from toolkit.web.guards import Tickets
from toolkit.web.site import make_site
from toolkit.web.tokens import Person

__all__ = ["CannotListen", "configured", "serve_page"]


class CannotListen(InputError):
    """The page cannot be served at this address.

    Args:
        host, port: where.
        problem: the system's words.
    """

    sentence = "Cannot listen on {host}:{port}: {problem}. Choose another --port or --host."

    def __init__(self, host: str, port: int, problem: str) -> None:
        self.host, self.port, self.problem = host, port, problem
        super().__init__(self.in_words("en"))


def serve_page(
    settings: Settings,
    ready: Callable[[str, str], None],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    names: tuple[str, ...] = (),
    entity_type: int = 2,
) -> None:
    """Serve the admin's page until the process is asked to end.

    Args:
        settings: of the portal.
        ready: told the page's address and a link that lets the person at this machine in once.
        host: to listen on; other machines reach the page only when it is not loopback.
        port: 0 takes a free one.
        names: host names the page is reached by, beside this machine's own.
        entity_type: of what appeals become; 2 for deals.

    Raises:
        CannotListen: the address is taken or is not this machine's.
        StorageError: the page's own files cannot be kept.
    """
    owner = Person(f"{getpass.getuser()}@{socket.gethostname()}", "publish")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        door = socket.socket(family, socket.SOCK_STREAM)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
    except OSError as error:
        raise CannotListen(host, port, error.strerror or str(error)) from error
    with door:
        desk = Desk(settings, owner=owner, entity_type=entity_type)
        tickets = Tickets(desk.clock.now)
        own = () if is_loopback(host) or host in ("0.0.0.0", "::") else (host,)  # noqa: S104  # compared, not bound
        site = make_site(desk, tickets, hosts=(*names, *own))
        at = f"[{host}]" if ":" in host else host
        url = f"http://{at}:{door.getsockname()[1]}"

        class Server(uvicorn.Server):
            """Says when it answers."""

            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                ready(url, f"{url}/enter?ticket={tickets.issue(owner)}")

        Server(configured(site)).run([door])


def configured(site: ASGIApp) -> uvicorn.Config:
    """How the page is served: no log of addresses, no name of the server, an end to what stands still."""
    return uvicorn.Config(
        site,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=10,
        limit_concurrency=200,
    )
