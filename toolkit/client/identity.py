"""Who asks: an incoming webhook, or an OAuth application that renews its token when the portal asks for it.

An identity turns a method into an address and signs a body. The address with the secret exists only inside
the sealed transport; everything above it sees one without.

Source: settings/how-to-call-rest-api/{authorization,change-domen}.md, settings/oauth/auto-renewal.md,
read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from toolkit.client.answers import Reply, outcome_of
from toolkit.client.outcomes import Outcome
from toolkit.client.tokens import Tokens, TokenStore
from toolkit.errors import SettingsError
from toolkit.settings import Webhook, is_loopback

__all__ = ["Application", "Identity", "WebhookIdentity", "safe_endpoint"]


class Identity(Protocol):
    """Who asks, and where."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the portal as it is now."""
        ...

    @property
    def fingerprint(self) -> str:
        """Twelve letters that tell this webhook or application from another; useless for asking."""
        ...

    def path(self, method: str) -> str:
        """The path of a method, with the secret if it belongs there."""
        ...

    def signed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with whatever proves who asks."""
        ...

    def renewed(self, body: Mapping[str, Any]) -> Outcome | None:
        """Called when the portal says the token of `body` expired; None when asking again makes sense."""
        ...

    def moved(self, origin: str) -> None:
        """The portal answers at another address from now on."""
        ...


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


class WebhookIdentity:
    """An incoming webhook.

    Args:
        webhook: its parts.
    """

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook
        self._origin = webhook.origin

    @property
    def origin(self) -> str:
        """Scheme, host and port of the portal as it is now."""
        return self._origin

    @property
    def fingerprint(self) -> str:
        """Twelve letters that tell this webhook from another."""
        webhook = self._webhook
        return _fingerprint(webhook.host, str(webhook.user_id), webhook.secret.get_secret_value())

    def path(self, method: str) -> str:
        """`/rest/<user>/<secret>/<method>`."""
        webhook = self._webhook
        return f"{webhook.prefix}/rest/{webhook.user_id}/{webhook.secret.get_secret_value()}/{method}"

    def signed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body as it is: the address is the signature."""
        return dict(body)

    def renewed(self, body: Mapping[str, Any]) -> Outcome | None:
        """A webhook cannot be renewed."""
        return Outcome("rejected", code="expired_token", message="the webhook has expired", kind="access")

    def moved(self, origin: str) -> None:
        """Ask there from now on."""
        self._origin = origin


class Application:
    """An OAuth application.

    Args:
        client_id: the application's id.
        client_secret: its secret.
        store: keeps its tokens; must hold a first pair.
        ask_auth_server: performs the renewal; given the query, returns the reply.

    Raises:
        SettingsError: the store holds no tokens.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: SecretStr,
        store: TokenStore,
        ask_auth_server: Callable[[Mapping[str, str]], Reply],
    ) -> None:
        self._client_id, self._client_secret = client_id, client_secret
        self._store, self._ask = store, ask_auth_server
        tokens = store.load()
        if tokens is None:
            raise SettingsError(
                "B24_CLIENT_ID",
                "names an application for which no tokens are stored",
                "Connect it once: b24kit connect",
            )
        if not safe_endpoint(tokens.endpoint):
            raise SettingsError(
                "B24_TOKEN_STORE", "holds tokens without a safe address of their portal", "Authorise again."
            )
        self._tokens = tokens

    @property
    def origin(self) -> str:
        """Scheme, host and port of `client_endpoint`."""
        parts = urlsplit(self._tokens.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def fingerprint(self) -> str:
        """Twelve letters that tell this application from another."""
        return _fingerprint("application", self._client_id)

    def path(self, method: str) -> str:
        """The path of `client_endpoint` and the method."""
        return f"{urlsplit(self._tokens.endpoint).path.rstrip('/')}/{method}"

    def signed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with the access token in `auth`."""
        return {**body, "auth": self._tokens.access}

    def renewed(self, body: Mapping[str, Any]) -> Outcome | None:
        """Renew the tokens, once however many threads and processes ask at the same time.

        The new pair is stored before it is used: a refresh token works once.

        Returns:
            None when there is a fresh pair; otherwise why not.
        """
        with self._store.lock():
            kept = self._store.load()
            if kept is not None and kept.access != body.get("auth"):
                self._tokens = kept  # somebody else renewed them while we waited
                return None
            reply = self._ask(
                {
                    "grant_type": "refresh_token",
                    "client_id": self._client_id,
                    "client_secret": self._client_secret.get_secret_value(),
                    "refresh_token": (kept or self._tokens).refresh,
                }
            )
            fresh = reply.body if isinstance(reply.body, Mapping) else {}
            access, refresh = fresh.get("access_token"), fresh.get("refresh_token")
            if not isinstance(access, str) or not isinstance(refresh, str):
                outcome = outcome_of(reply)
                message = outcome.message or outcome.code or "no tokens in the answer"
                return Outcome(
                    "rejected",
                    code=outcome.code if "error" in fresh else "expired_token",
                    message=f"the token could not be renewed: {message}",
                    kind="access"
                    if outcome.state == "rejected" and outcome.kind != "transport"
                    else "transport",
                )
            endpoint = fresh.get("client_endpoint")
            tokens = Tokens(
                access, refresh, str(endpoint) if safe_endpoint(endpoint) else self._tokens.endpoint
            )
            self._store.save(tokens)
            self._tokens = tokens
            return None

    def moved(self, origin: str) -> None:
        """Ask there from now on, and remember it."""
        path = urlsplit(self._tokens.endpoint).path
        with self._store.lock():
            kept = self._store.load() or self._tokens
            self._tokens = Tokens(kept.access, kept.refresh, f"{origin}{path}")
            self._store.save(self._tokens)


def safe_endpoint(endpoint: Any) -> bool:
    """Whether tokens may be sent to an address: HTTPS, or this machine."""
    if not isinstance(endpoint, str) or not re.match(r"^https?://[^/\s]+/", endpoint):
        return False
    parts = urlsplit(endpoint)
    return parts.scheme == "https" or is_loopback(parts.netloc)
