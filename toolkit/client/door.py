"""The one door to the network: posts JSON, follows a renamed portal, and never lets the secret out.

The HTTP client sees an address without the secret; `_Sealed`, the innermost layer, puts it in on the way
out. So neither httpx's logs nor a repr of its requests nor a traceback's locals can hold it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from toolkit.client.answers import Reply
from toolkit.client.attachments import streamed
from toolkit.client.downloads import Download, Fetcher
from toolkit.client.identity import Identity
from toolkit.client.masking import mask, quiet_http_logs
from toolkit.errors import SettingsError
from toolkit.settings import is_loopback

__all__ = ["Door", "auth_server", "tls_context"]

_CONNECT_S = 15.0
_MOST_MOVES = 3
_SHOWN = 200

try:
    _AGENT = f"b24kit/{version('b24kit')}"
except PackageNotFoundError:  # running from a checkout that was never installed
    _AGENT = "b24kit"


class Door:
    """Sends requests as one identity and reports what came back; raises nothing for what the network does.

    Args:
        identity: who asks.
        timeout_s: how long to wait for an answer.
        verify: how to check the portal's certificate.
        inner: a transport to use instead of the network, for a portal in this process.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        timeout_s: float,
        verify: ssl.SSLContext | bool = True,
        inner: httpx.BaseTransport | None = None,
    ) -> None:
        quiet_http_logs()
        self._identity = identity
        transport = inner or httpx.HTTPTransport(verify=verify, proxy=_proxy_for(identity.origin))
        self._client = _client(_Sealed(transport, lambda url: _with_path(url, identity)), timeout_s)
        self._verify, self._inner, self._timeout_s = verify, inner, timeout_s
        self._outside: dict[str, httpx.Client] = {}

    @property
    def host(self) -> str:
        """The portal's host as it is now, with the port when unusual."""
        return urlsplit(self._identity.origin).netloc

    def post(self, method: str, body: Mapping[str, Any]) -> Reply:
        """One method, or a batch, as a JSON call.

        A redirect of a renamed portal is followed by posting again, the host is remembered. An expired
        OAuth token is renewed and the call repeated: both prove that nothing was executed.

        Returns:
            The reply; when a token could not be renewed, the portal's own refusal.
        """
        moves, renewals = 0, 0
        while True:
            signed = self._identity.signed(body)
            reply, moved_to = _ask(self._client, "POST", f"{self._identity.origin}/rest/{method}", signed)
            if moved_to and moves < _MOST_MOVES:
                moves += 1
                self._identity.moved(moved_to)
                continue
            if _expired(reply) and renewals < 1:
                renewals += 1
                refusal = self._identity.renewed(signed)
                if refusal is None:
                    continue
                error = {"error": refusal.code, "error_description": refusal.message}
                return Reply(401, error)
            return reply

    def fetch(self, link: str, target: Path, *, most_bytes: int) -> Download:
        """What a signed link leads to, streamed into a file; see `toolkit.client.downloads`.

        Raises:
            OSError: the file cannot be written.
        """
        proxy = _proxy_for(link)
        if (proxy or "") not in self._outside:
            transport = self._inner or httpx.HTTPTransport(verify=self._verify, proxy=proxy)
            self._outside[proxy or ""] = _client(_Links(transport), self._timeout_s)
        client = self._outside[proxy or ""]
        return Fetcher(client, self._identity.origin).fetch(link, target, most_bytes=most_bytes)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        for each in self._outside.values():
            each.close()


def auth_server(
    address: str,
    *,
    timeout_s: float,
    verify: ssl.SSLContext | bool = True,
    inner: httpx.BaseTransport | None = None,
) -> Callable[[Mapping[str, str]], Reply]:
    """A function that asks the OAuth server with a query, keeping the query out of logs and errors.

    Args:
        address: of the token endpoint.
        timeout_s: how long to wait.
        verify: how to check its certificate.
        inner: a transport to use instead of the network.
    """
    quiet_http_logs()

    def ask(query: Mapping[str, str]) -> Reply:
        transport = inner or httpx.HTTPTransport(verify=verify, proxy=_proxy_for(address))
        client = _client(_Sealed(transport, lambda url: url.copy_merge_params(dict(query))), timeout_s)
        try:
            return _ask(client, "GET", address, None)[0]
        finally:
            if inner is None:
                client.close()

    return ask


def tls_context(verify: bool, ca_file: str | None) -> ssl.SSLContext | bool:
    """How to check certificates: not at all, by the usual authorities, or by one more from a file.

    Raises:
        SettingsError: the file holds no certificate.
    """
    if not verify:
        return False
    if ca_file is None:
        return _usual_authorities()
    context = httpx.create_ssl_context()
    try:
        context.load_verify_locations(cafile=ca_file)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            "B24_CA_FILE", f"names {ca_file}, which holds no certificate", "Give a file in PEM format."
        ) from error
    return context


@lru_cache(maxsize=1)
def _usual_authorities() -> ssl.SSLContext:
    """Read once: the bundle takes 20 ms, and a night opens a portal many times."""
    return httpx.create_ssl_context()


class _Opened(httpx.Request):
    """A request whose address holds the secret, and whose repr does not."""

    def __repr__(self) -> str:
        return f"<{self.method} to {self.url.host}>"


class _Sealed(httpx.BaseTransport):
    """Puts the secret into the address at the last moment."""

    def __init__(self, inner: httpx.BaseTransport, opened: Callable[[httpx.URL], httpx.URL]) -> None:
        self._inner, self._opened = inner, opened

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._inner.handle_request(
            _Opened(
                request.method,
                self._opened(request.url),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )

    def close(self) -> None:
        self._inner.close()


class _Links(httpx.BaseTransport):
    """Opens the link a request carries beside its address, so that no log or repr of it shows the link."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        extensions = {name: each for name, each in request.extensions.items() if name != "link"}
        opened = httpx.URL(request.extensions["link"])
        return self._inner.handle_request(
            _Opened(request.method, opened, headers=request.headers, extensions=extensions)
        )

    def close(self) -> None:
        self._inner.close()


def _client(transport: httpx.BaseTransport, timeout_s: float) -> httpx.Client:
    return httpx.Client(
        transport=transport,
        timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s)),
        follow_redirects=False,
        headers={"Accept": "application/json", "User-Agent": _AGENT},
    )


def _with_path(url: httpx.URL, identity: Identity) -> httpx.URL:
    method = url.path.rsplit("/", 1)[-1]
    return url.copy_with(path=identity.path(method))


def _ask(client: httpx.Client, verb: str, address: str, body: Mapping[str, Any] | None) -> tuple[Reply, str]:
    """The reply, and the origin the portal moved to when it says so."""
    files = streamed(body) if body else None
    try:
        if files is None:
            response = client.request(verb, address, json=body)
        else:
            headers = {"Content-Type": "application/json", "Content-Length": str(files.length)}
            response = client.request(verb, address, content=iter(files), headers=headers)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        return Reply(None, refused=True, words=_words(error)), ""
    except httpx.TransportError as error:
        return Reply(None, words=_words(error)), ""
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:  # a body that cannot be decoded
        return Reply(None, words=_words(error)), ""
    if response.status_code in {301, 302, 303, 307, 308}:
        origin = _new_origin(address, response.headers.get("Location", ""))
        if origin:
            return Reply(response.status_code, words="the portal has moved"), origin
        return Reply(
            response.status_code, words="a redirect that does not lead to another portal address"
        ), ""
    try:
        return Reply(response.status_code, response.json()), ""
    except ValueError:
        text = " ".join(mask(response.text[: 4 * _SHOWN]).split())[:_SHOWN]
        return Reply(response.status_code, words=f"not JSON: {text!r}"), ""


def _new_origin(asked: str, location: str) -> str:
    here, there = urlsplit(asked), urlsplit(location)
    if not there.netloc or "/rest/" not in there.path or "@" in there.netloc:
        return ""
    if there.scheme != "https" and not (is_loopback(there.netloc) and here.scheme == "http"):
        return ""  # a password is never sent in the clear, whoever asks for it
    return f"{there.scheme}://{there.netloc.lower()}"


def _expired(reply: Reply) -> bool:
    return isinstance(reply.body, Mapping) and str(reply.body.get("error", "")).lower() == "expired_token"


def _words(error: Exception) -> str:
    text = mask(str(error))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _proxy_for(origin: str) -> str | None:
    parts = urlsplit(origin)
    if is_loopback(parts.netloc) or proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
