"""A door without a network: an `httpx` transport that hands requests straight to the portal."""

from __future__ import annotations

import httpx

from ..portal import Sandbox
from ..wire.request import WireRequest

__all__ = ["InProcessTransport"]


class InProcessTransport(httpx.BaseTransport):
    """Give an `httpx.Client` a sandbox instead of a network.

    Args:
        portal: the sandbox.
        source: address the requests seem to come from.
    """

    def __init__(self, portal: Sandbox, source: str = "127.0.0.1") -> None:
        self._portal, self._source = portal, source

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, or fail as a broken connection would."""
        body = request.read()
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        answer = self._portal.serve(
            WireRequest(
                request.method,
                path,
                query,
                {name.lower(): value for name, value in request.headers.items()},
                body,
                self._source,
                request.url.scheme == "https",
            )
        )
        timeout = (request.extensions.get("timeout") or {}).get("read")
        if answer.delay_s and timeout is not None and answer.delay_s > timeout:
            raise httpx.ReadTimeout("the answer did not come in time", request=request)
        if answer.drop:
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            )
        if answer.truncate is not None:
            return httpx.Response(
                answer.status,
                headers=answer.headers,
                stream=_Broken(answer.body[: answer.truncate]),
                request=request,
            )
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)


class _Broken(httpx.SyncByteStream):
    """A body that breaks off."""

    def __init__(self, part: bytes) -> None:
        self._part = part

    def __iter__(self):  # type: ignore[no-untyped-def]  # httpx declares Iterator[bytes]
        yield self._part
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
