"""Who may call: webhooks, applications and their tokens.

Source: settings/how-to-call-rest-api/authorization.md, settings/oauth/*.md,
local-integrations/local-webhooks.md, read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Any

from .call import Caller
from .state.store import Column, declare_table
from .wire import php
from .wire.errors import RestError
from .wire.request import Address

if TYPE_CHECKING:
    from .portal import Sandbox

__all__ = ["ALL_SCOPES", "Access"]

ALL_SCOPES = (
    "crm",
    "telephony",
    "call",
    "user",
    "department",
    "humanresources",
    "task",
    "tasks",
    "im",
    "imopenlines",
    "lists",
    "disk",
    "bizproc",
    "calendar",
    "messageservice",
    "userfieldconfig",
    "main",
    "rest",
)
ACCESS_TOKEN_S = 3600
REFRESH_TOKEN_S = 180 * 86400
CODE_S = 30

# Secrets are kept as digests: a saved sandbox holds none.
declare_table(
    "webhook", "USER_ID int", "SECRET_HASH", "SCOPES", "TITLE", "EXPIRES time", Column("ACTIVE", "flag", "Y")
)
declare_table(
    "app", "CLIENT_ID", "SECRET_HASH", "TITLE", "SCOPES", Column("STATUS", "text", "L"), "MEMBER_ID"
)
declare_table("token", "HASH", "KIND", "APP_ID int", "USER_ID int", "EXPIRES time", indexes=[("HASH",)])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Access:
    """Webhooks, applications and tokens of one portal.

    Args:
        portal: the sandbox.
    """

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal
        self._store = portal.store

    def add_webhook(
        self,
        user_id: int,
        secret: str | None = None,
        *,
        scopes: tuple[str, ...] = ALL_SCOPES,
        expires: float | None = None,
    ) -> str:
        """Make an incoming webhook of a user; returns its secret, which is shown only now."""
        secret = secret or secrets.token_hex(8)
        self._store.insert(
            "webhook",
            {
                "USER_ID": user_id,
                "SECRET_HASH": _digest(secret),
                "SCOPES": ",".join(scopes),
                "EXPIRES": expires,
            },
        )
        return secret

    def add_app(self, title: str = "b24kit", *, scopes: tuple[str, ...] = ALL_SCOPES) -> tuple[str, str]:
        """Install a local application; returns its client id and secret."""
        client_id, secret = (
            f"local.{secrets.token_hex(7)}.{secrets.randbelow(10**8):08d}",
            secrets.token_hex(16),
        )
        self._store.insert(
            "app",
            {
                "CLIENT_ID": client_id,
                "SECRET_HASH": _digest(secret),
                "TITLE": title,
                "SCOPES": ",".join(scopes),
                "MEMBER_ID": secrets.token_hex(16),
            },
        )
        return client_id, secret

    def authorize(self, client_id: str, user_id: int) -> str:
        """A user agrees to an application: the one-time `code` for its first tokens."""
        app = self._store.first("app", CLIENT_ID=client_id)
        if app is None:
            raise RestError("invalid_client", "Unknown application", 400)
        return self._issue("code", app["ID"], user_id, CODE_S)

    def exchange(self, params: dict[str, Any], endpoint: str) -> dict[str, Any]:
        """The token endpoint: `authorization_code` and `refresh_token` grants.

        Args:
            params: query of the token request.
            endpoint: `https://{portal}/rest/` as the client should call it.

        Returns:
            The token reply. Every refresh gives a new refresh token; the old one is spent.

        Raises:
            RestError: invalid_request, invalid_client, invalid_grant.
        """
        app = self._store.first("app", CLIENT_ID=params.get("client_id"))
        if app is None or not hmac.compare_digest(
            app["SECRET_HASH"], _digest(str(params.get("client_secret", "")))
        ):
            raise RestError("invalid_client", "Client authentication failed", 401)
        grant = params.get("grant_type")
        kind = {"authorization_code": "code", "refresh_token": "refresh"}.get(str(grant))
        if kind is None:
            raise RestError("invalid_request", "Unknown grant_type", 400)
        given = params.get("code" if kind == "code" else "refresh_token", "")
        row = self._store.first("token", HASH=_digest(str(given)))
        now = self._portal.clock.now()
        if row is None or row["KIND"] != kind or row["APP_ID"] != app["ID"] or row["EXPIRES"] <= now:
            raise RestError("invalid_grant", "The code or token is unknown, spent or expired", 400)
        self._store.delete("token", row["ID"])
        domain = endpoint.split("/")[2]
        return {
            "access_token": self._issue("access", app["ID"], row["USER_ID"], ACCESS_TOKEN_S),
            "refresh_token": self._issue("refresh", app["ID"], row["USER_ID"], REFRESH_TOKEN_S),
            "expires": int(now + ACCESS_TOKEN_S),
            "expires_in": ACCESS_TOKEN_S,
            "scope": app["SCOPES"],
            "client_endpoint": endpoint,
            "server_endpoint": f"{endpoint.rsplit('/rest/', 1)[0]}/oauth/rest/",
            "domain": domain,
            "member_id": app["MEMBER_ID"],
            "status": app["STATUS"],
            "user_id": row["USER_ID"],
        }

    def tokens_for(self, app_id: int, user_id: int, *, lasting: bool = False) -> dict[str, str]:
        """Fresh tokens an event handler is called with, as forms spell them; `lasting`: one to renew them."""
        tokens = {
            "access_token": self._issue("access", app_id, user_id, ACCESS_TOKEN_S),
            "expires_in": str(ACCESS_TOKEN_S),
        }
        if lasting:
            tokens["refresh_token"] = self._issue("refresh", app_id, user_id, REFRESH_TOKEN_S)
        return tokens

    def caller(self, address: Address, auth: Any, now: float) -> Caller:
        """Who stands behind a request.

        Raises:
            RestError: NO_AUTH_FOUND, expired_token, INVALID_CREDENTIALS, user_access_error.
        """
        if address.secret is not None:
            return self._webhook_caller(address, now)
        if isinstance(auth, dict):  # some SDKs send auth as an array
            auth = auth.get("access_token")
        if not auth:
            raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
        row = self._store.first("token", HASH=_digest(str(auth)))
        if row is None or row["KIND"] != "access":
            raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
        if row["EXPIRES"] <= now:
            raise RestError("expired_token", "The access token provided has expired.", 401)
        app = self._store.get("app", row["APP_ID"])
        user = self._active_user(row["USER_ID"])
        if app is None:
            raise RestError("APPLICATION_NOT_FOUND", "Application not found", 401)
        return Caller(user, frozenset(app["SCOPES"].split(",")), "app", f"app:{app['ID']}", app)

    def _webhook_caller(self, address: Address, now: float) -> Caller:
        wanted = _digest(address.secret or "")
        for row in self._store.find("webhook", USER_ID=php.whole(address.user), ACTIVE="Y"):
            if hmac.compare_digest(row["SECRET_HASH"], wanted) and (
                row["EXPIRES"] is None or row["EXPIRES"] > now
            ):
                return Caller(
                    self._active_user(row["USER_ID"]),
                    frozenset(row["SCOPES"].split(",")),
                    "webhook",
                    f"webhook:{row['ID']}",
                )
        if self._portal.switches["wrong_webhook_code"] == "NO_AUTH_FOUND":
            raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
        status = self._portal.switches["invalid_credentials_status"]
        raise RestError("INVALID_CREDENTIALS", "Invalid request credentials", status)

    def _active_user(self, user_id: int) -> dict[str, Any]:
        user = self._store.get("user", user_id)
        if user is None or user["ACTIVE"] != "Y":
            raise RestError("authorization_error", "Unable to authorize user", 401)
        return user

    def _issue(self, kind: str, app_id: int, user_id: int, lifetime_s: float) -> str:
        token = secrets.token_hex(35)
        self._store.insert(
            "token",
            {
                "HASH": _digest(token),
                "KIND": kind,
                "APP_ID": app_id,
                "USER_ID": user_id,
                "EXPIRES": int(self._portal.clock.now() + lifetime_s),
            },
        )
        return token
