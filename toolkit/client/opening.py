"""Who asks and from where, as the settings describe it."""

from __future__ import annotations

import socket
import ssl

import httpx

from toolkit.client.door import auth_server
from toolkit.client.identity import Application, Identity, WebhookIdentity
from toolkit.client.tokens import FileTokens, KeyringTokens, TokenStore
from toolkit.errors import SettingsError
from toolkit.settings import Settings, is_loopback

__all__ = ["identity_of", "source_address", "store_of"]


def identity_of(
    settings: Settings,
    store: TokenStore | None,
    verify: ssl.SSLContext | bool,
    transport: httpx.BaseTransport | None,
) -> Identity:
    """The webhook or application the settings name.

    Args:
        settings: see `toolkit.settings`.
        store: keeps OAuth tokens instead of the one the settings imply.
        verify: how to check the auth server's certificate.
        transport: used instead of the network.

    Raises:
        SettingsError: something it needs is missing or malformed.
    """
    if not settings.uses_oauth:
        return WebhookIdentity(settings.webhook_parts())
    if settings.client_id is None or settings.client_secret is None:
        raise SettingsError("B24_CLIENT_SECRET", "is not set", "Copy it from the application's settings.")
    store = store or store_of(settings)
    ask = auth_server(settings.auth_server, timeout_s=settings.timeout_s, verify=verify, inner=transport)
    return Application(settings.client_id, settings.client_secret, store, ask)


def store_of(settings: Settings) -> TokenStore:
    """Where the settings say an application's tokens are kept.

    Raises:
        SettingsError: they do not say enough.
    """
    if settings.token_store == "file" and settings.token_file is not None:  # noqa: S105 - a kind of store
        return FileTokens(settings.token_file)
    if settings.portal is None or settings.client_id is None:
        raise SettingsError("B24_PORTAL", "is not set", "The keyring keeps tokens by the portal's host.")
    return KeyringTokens(settings.portal, settings.client_id, settings.state_dir)


def source_address(host: str) -> str:
    """The address requests to a host leave from; empty when that cannot be told. Nothing is sent."""
    if is_loopback(host):
        return ""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            # Connecting a datagram socket only chooses a route. The address is one reserved for examples:
            # the default route is what tells one network from another, and no name has to be looked up.
            probe.connect(("192.0.2.1", 443))
            return str(probe.getsockname()[0])
    except OSError:
        return ""
