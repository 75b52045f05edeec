"""The portal on a real port: HTTP and self-signed TLS at once.

uvicorn's HTTP/1.1 parser feeds a tiny application that hands each request to `Sandbox.serve`. Requests
are answered one after another on the event loop, as the portal's state is one; waiting (slow faults) and
the network happen beside it. Whatever a client sends, the server lives on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Sequence
from email.utils import formatdate
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ..clock import WallClock
from ..portal import Sandbox
from ..wire import php
from ..wire.errors import RestError
from ..wire.request import MAX_BODY, WireAnswer, WireRequest
from .tls import Certificate, certificate_in

__all__ = ["DoorError", "Server", "run", "serve"]

MAX_HEAD = 1024 * 1024  # bytes of request line and headers
LINGER_S = 2.0  # how long a refused upload is read on, so that the client sees why
KEEP_ALIVE_S = 75
OUTBOX_S = 0.2  # how often waiting event handlers are looked for
_log = logging.getLogger("toolkit.sandbox.http")

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class DoorError(OSError):
    """The sandbox cannot listen where it was told to.

    Args:
        host, port: the address.
        why: the system's own words.
    """

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(
            f"The sandbox cannot listen on {host}:{port}: {why}. Stop what uses that port, or give another."
        )
        self.host, self.port = host, port


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which also shows its transport, so that a fault can cut the connection."""

    _in_head, _head = True, 0

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head += len(data)
            if self._head > MAX_HEAD + len(data):
                self.send_400_response("Request header is too large.")
                return
        if self.parser is not None:  # nothing more is read once a broken request was answered
            super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"sandbox": {"transport": self.transport}}

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._in_head, self._head = False, 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True


class _Application:
    """The portal as an ASGI application.

    Args:
        portal: the sandbox.
    """

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request."""
        transport: asyncio.Transport = scope["extensions"]["sandbox"]["transport"]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        length = headers.get("content-length", "")
        body = None
        if not length.isdigit() or int(length) <= MAX_BODY:
            body = await _read(receive)
        if body is None:
            await _refuse_upload(receive, send)
            return
        client = scope["client"]
        request = WireRequest(
            scope["method"],
            scope["raw_path"].decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            headers,
            body,
            client[0] if client else "127.0.0.1",
            scope["scheme"] == "https",
        )
        answer = self._answer(request)
        if answer.delay_s and isinstance(self._portal.clock, WallClock):
            await _wait(receive, answer.delay_s)
        if answer.drop:
            transport.abort()
            await _gone(receive)
        else:
            await _send(answer, send)
            if answer.truncate is not None:
                transport.close()
                await _gone(receive)

    def _answer(self, request: WireRequest) -> WireAnswer:
        try:
            return self._portal.serve(request)
        except Exception:  # noqa: BLE001  # whatever breaks one request must not end the portal
            _log.exception("a request broke the sandbox")
            return _refusal(RestError("INTERNAL_SERVER_ERROR", "Internal server error", 500))


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when it grows beyond what is taken."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _refuse_upload(receive: Receive, send: Send) -> None:
    """Answer before the upload is read, then read on a little: an early reset would hide the answer."""
    answer = _refusal(RestError("INTERNAL_SERVER_ERROR", "Request body is too large", 413))
    answer.headers["Connection"] = "close"
    await _start(answer, send)
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while (await receive()).get("more_body"):
                pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(answer: WireAnswer, send: Send) -> None:
    await _start(answer, send)
    whole = answer.truncate is None
    await send({"type": "http.response.body", "body": answer.body[: answer.truncate], "more_body": not whole})


async def _start(answer: WireAnswer, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()
    ]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    headers.append((b"date", formatdate(usegmt=True).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def _wait(receive: Receive, seconds: float) -> None:
    """Wait, but no longer than the client does."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _refusal(error: RestError) -> WireAnswer:
    return WireAnswer(error.status, php.to_json(error.envelope()))


class Server:
    """A running door. Use it in a `with`, or call `stop`.

    Args:
        portal: the sandbox that answers.
        sockets: what it listens on, each with the certificate it speaks TLS with, or None.
        host: name clients should use.
        certificate: the certificate, when there is a TLS door.
    """

    def __init__(
        self,
        portal: Sandbox,
        sockets: Sequence[tuple[socket.socket, Certificate | None]],
        host: str,
        certificate: Certificate | None,
    ) -> None:
        self.portal, self.certificate = portal, certificate
        self.url = self.tls_url = ""
        for each, secured in sockets:
            shown = f"[{host}]" if ":" in host else host
            address = f"{shown}:{each.getsockname()[1]}"
            if secured:
                self.tls_url = f"https://{address}"
            else:
                self.url = f"http://{address}"
        self._sockets = list(sockets)
        self._loop = asyncio.new_event_loop()
        self._ending = asyncio.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sandbox-door", daemon=True)
        self._closed = threading.Event()
        self._postman = threading.Thread(target=self._deliver, name="sandbox-outbox", daemon=True)

    def start(self) -> None:
        """Begin to answer, in a thread of its own."""
        self._thread.start()
        self._listening.wait()
        self._postman.start()

    def stop(self) -> None:
        """Close the ports and every connection; the portal itself stays open."""
        self._closed.set()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join()
        if self._postman.is_alive():
            self._postman.join()

    def _deliver(self) -> None:
        """Call event handlers beside the door, so that a slow handler holds up no request."""
        while not self._closed.wait(OUTBOX_S):
            self.portal.deliver()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen())
        finally:
            self._loop.close()
            self._listening.set()

    async def _listen(self) -> None:
        config = Config(
            _Application(self.portal),
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            ws="none",
        )
        config.load()
        state = ServerState()
        doors = []
        for each, certificate in self._sockets:
            context: ssl.SSLContext | None = certificate.context() if certificate else None
            doors.append(
                await self._loop.create_server(
                    lambda: _Protocol(config, state, {}, self._loop), sock=each, ssl=context
                )
            )
        self._listening.set()
        await self._ending.wait()
        for door in doors:
            door.close()
        for connection in list(state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        for waiting in list(state.tasks):
            waiting.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)


def serve(
    portal: Sandbox,
    port: int = 0,
    tls_port: int | None = None,
    host: str = "127.0.0.1",
    *,
    tls_folder: Path | None = None,
) -> Server:
    """Open doors to a portal, answered in the background until the server is stopped.

    Args:
        portal: the sandbox; its `base_url` becomes the address served (plain HTTP if it takes that).
        port: for HTTP; 0 takes a free one.
        tls_port: for HTTPS; 0 takes a free one, None opens none.
        host: address to listen on. Anything but loopback shows the sandbox to the network.
        tls_folder: where the certificate is kept; a temporary folder unless given.

    Raises:
        DoorError: an address cannot be listened on.
    """
    certificate: Certificate | None = None
    opened: list[tuple[socket.socket, Certificate | None]] = [(_bound(host, port), None)]
    try:
        if tls_port is not None:
            opened.append((_bound(host, tls_port), None))
            folder = tls_folder or Path(tempfile.mkdtemp(prefix="b24kit-tls-"))
            certificate = certificate_in(folder, names=(host,))
            opened[1] = (opened[1][0], certificate)
    except BaseException:
        for each, _ in opened:
            each.close()
        raise
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104  # compared, not chosen
    server = Server(portal, opened, "127.0.0.1" if everywhere else host, certificate)
    portal.base_url = server.url if portal.allow_http or not server.tls_url else server.tls_url
    portal.host = portal.base_url.partition("://")[2]
    server.start()
    return server


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named so, the protocol makes asyncio switch Nagle's algorithm off: without it every answer whose
    # head and body leave separately waits 40 ms for the client's delayed acknowledgement.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise DoorError(host, port, error.strerror or str(error)) from error
    return bound


def run(
    portal: Sandbox,
    port: int = 0,
    tls_port: int | None = None,
    host: str = "127.0.0.1",
    *,
    tls_folder: Path | None = None,
    ready: Callable[[Server], None] | None = None,
    ended: threading.Event | None = None,
) -> None:
    """Serve until Ctrl-C, SIGTERM or `ended`; for a process of its own. The portal is closed at the end.

    Args:
        portal, port, tls_port, host, tls_folder: as in `serve`.
        ready: called once the doors are open, to print addresses.
        ended: set by whoever else may end it.

    Raises:
        DoorError: an address cannot be listened on.
    """
    ending = ended or threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with serve(portal, port, tls_port, host, tls_folder=tls_folder) as server:
            if ready is not None:
                ready(server)
            while not ending.wait(0.5):  # in slices: Windows delivers signals between waits only
                pass
    finally:
        for each, old in before.items():
            signal.signal(each, old)
        portal.close()
