"""The first pair of tokens of an OAuth application, on a machine nobody can reach from outside.

    consent_asked ──▶ a person opens the address and agrees ──▶ the portal returns to the application's address
    pasted back, or caught by `returned_here` ──▶ code_of (state compared) ──▶ first_tokens

The code lives 30 seconds and works once, and only together with the application's secret.

Source: settings/oauth/{index,error-codes}.md, read 2026-11-22.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import SecretStr

from toolkit.client.answers import Reply
from toolkit.client.identity import safe_endpoint
from toolkit.client.tokens import Tokens
from toolkit.errors import InputError
from toolkit.settings import is_loopback

__all__ = ["Consent", "ConsentRefused", "code_of", "consent_asked", "first_tokens", "returned_here"]

_CODE = re.compile(r"^[A-Za-z0-9]{8,200}$")
_AGAIN = "Begin again: b24kit connect"
_DONE = "You may close this window. / Это окно можно закрыть."


class ConsentRefused(InputError):
    """The application was not connected; nothing was kept.

    Args:
        problem: what went wrong, as a sentence without its full stop.
        remedy: what to do next.
    """

    sentence = "{problem}. {remedy}"

    def __init__(self, problem: str, remedy: str = _AGAIN) -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(self.in_words("en"))


@dataclass(frozen=True)
class Consent:
    """What a person is asked to agree to.

    Args:
        portal: host.
        address: to be opened in a browser in which one is logged in to the portal.
        state: what the portal hands back, so that an answer to somebody else's question is recognised.
    """

    portal: str
    address: str
    state: str = field(repr=False)


def consent_asked(portal: str, client_id: str) -> Consent:
    """A question to the portal's user, fresh each time.

    Args:
        portal: host.
        client_id: the application.
    """
    state = secrets.token_urlsafe(24)
    scheme = "http" if is_loopback(portal) else "https"
    query = urlencode({"client_id": client_id, "state": state})
    return Consent(portal, f"{scheme}://{portal}/oauth/authorize/?{query}", state)


def code_of(returned: str, consent: Consent) -> str:
    """The one-time code out of what came back: the address the browser ended at, or the code a portal shows.

    Raises:
        ConsentRefused: the person or the portal said no, it answers another question, or holds no code.
    """
    text = returned.strip()
    if _CODE.match(text):
        return text
    parts = urlsplit(text)
    given = {name: values[-1] for name, values in parse_qs(parts.query or parts.fragment).items()}
    if "error" in given:
        told = re.sub(r"[^\w .,-]", " ", given.get("error_description") or given["error"])[:200]
        raise ConsentRefused(f"The portal refused: {told}")
    if "code" not in given:
        raise ConsentRefused("What was pasted holds no code", "Paste the whole address the browser ended at.")
    if not secrets.compare_digest(given.get("state", "").encode(), consent.state.encode()):
        raise ConsentRefused("The address answers another question (its state differs)")
    return given["code"]


def first_tokens(
    ask: Callable[[Mapping[str, str]], Reply],
    consent: Consent,
    client_id: str,
    client_secret: SecretStr,
    code: str,
) -> Tokens:
    """A code exchanged for the first pair of tokens.

    Args:
        ask: asks the authorization server; see `toolkit.client.door.auth_server`.
        consent: the question that was answered.
        client_id, client_secret: the application.
        code: from `code_of`.

    Raises:
        ConsentRefused: the server gave no tokens, or those of another portal.
    """
    reply = ask(
        {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "client_secret": client_secret.get_secret_value(),
            "code": code,
        }
    )
    told = reply.body if isinstance(reply.body, Mapping) else {}
    access, refresh, endpoint = (
        told.get(each) for each in ("access_token", "refresh_token", "client_endpoint")
    )
    if not (isinstance(access, str) and isinstance(refresh, str)):
        error = re.sub(r"\W", " ", str(told.get("error") or "no answer one can read"))[:60]
        raise ConsentRefused(f"The authorization server gave no tokens: {error}", _remedy(error))
    if not isinstance(endpoint, str) or not safe_endpoint(endpoint):
        raise ConsentRefused("The authorization server named no safe address of the portal")
    host = urlsplit(endpoint).netloc.lower()
    if host != consent.portal:
        raise ConsentRefused(
            f"The tokens are for {host}, not for {consent.portal}", "Set B24_PORTAL to the right portal."
        )
    return Tokens(access, refresh, endpoint)


def _remedy(error: str) -> str:
    return {
        "invalid_grant": "A code lives 30 seconds and works once; begin again and paste sooner.",
        "invalid_client": "Look at B24_CLIENT_ID and B24_CLIENT_SECRET in the application's settings.",
    }.get(error, _AGAIN)


def returned_here(consent: Consent, port: int, *, timeout_s: float = 300.0) -> str:
    """Wait on this machine for the browser to come back, as the application's address says it will.

    Args:
        consent: the question; answers to others are turned away.
        port: of the loopback address `http://127.0.0.1:<port>/`, which the application's settings name.
        timeout_s: how long.

    Returns:
        The address the browser came to, for `code_of`.

    Raises:
        ConsentRefused: nobody came, or the port is taken.
    """
    came: list[str] = []

    class _Door(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            """Take the first answer to this question; turn everything else away."""
            query = parse_qs(urlsplit(self.path).query)
            ours = secrets.compare_digest(query.get("state", [""])[-1].encode(), consent.state.encode())
            if ours and not came:
                came.append(f"http://127.0.0.1:{port}{self.path}")
            body = (_DONE if ours else "Not here. / Не сюда.").encode()
            self.send_response(200 if ours else 404)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in http.server
            """Nothing: the path holds the code."""

    try:
        server = HTTPServer(("127.0.0.1", port), _Door)
    except OSError as error:
        raise ConsentRefused(
            f"Port {port} of this machine cannot be listened on: {error.strerror}",
            "Choose another with --listen.",
        ) from error
    over = threading.Event()
    timer = threading.Timer(timeout_s, over.set)
    timer.daemon = True
    server.timeout = 0.2
    with server:
        timer.start()
        try:
            while not came and not over.is_set():
                server.handle_request()
        finally:
            timer.cancel()
    if not came:
        raise ConsentRefused(f"Nobody came back within {timeout_s:g} seconds")
    return came[0]
