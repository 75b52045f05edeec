"""An application connected once: the OAuth of a local application, without a public address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from toolkit.client.consent import Consent, code_of, consent_asked, first_tokens
from toolkit.client.door import auth_server, tls_context
from toolkit.client.opening import store_of
from toolkit.client.tokens import FileTokens
from toolkit.errors import SettingsError
from toolkit.workflow.desk.calls import needs_application
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["Connected", "connect_application"]

_SECRET = "B24_CLIENT_SECRET"  # noqa: S105 - the name of a setting


@dataclass(frozen=True)
class Connected:
    """An application that is connected.

    Args:
        portal: host.
        user: whose rights it has, as the portal names them.
        scopes: what it may.
        kept_in: where its tokens are: `keyring`, or the file.
        only_application: methods only an application may call.
        webhook_wins: whether a webhook is set as well, which is used until it is taken away.
    """

    portal: str
    user: str
    scopes: tuple[str, ...]
    kept_in: str
    only_application: tuple[str, ...]
    webhook_wins: bool


def connect_application(work: Workspace, come_back: Callable[[Consent], str]) -> Connected:
    """Ask the portal's user for consent, exchange the code, keep the tokens, and use them once.

    Args:
        work: its settings name portal, application and where tokens are kept.
        come_back: shows the address of the consent and returns the address the browser ended at.

    Raises:
        SettingsError: portal, client id or secret are missing, or tokens cannot be kept there.
        ConsentRefused: no tokens came; nothing was kept.
        PortalError: the tokens came, and the portal does not take them.
    """
    settings = work.settings
    portal_host, client_id, client_secret = settings.portal, settings.client_id, settings.client_secret
    if portal_host is None or client_id is None or client_secret is None:
        missing = "B24_PORTAL" if portal_host is None else "B24_CLIENT_ID" if client_id is None else _SECRET
        raise SettingsError(missing, "is not set", "Copy it from the settings of the local application.")
    store = store_of(settings)
    with store.lock():
        store.load()  # a keyring of no use is told before anybody is asked
    consent = consent_asked(portal_host, client_id)
    code = code_of(come_back(consent), consent)
    ca_file = str(settings.ca_file) if settings.ca_file else None
    verify = work.transport is None and tls_context(settings.verify_tls, ca_file)
    ask = auth_server(settings.auth_server, timeout_s=settings.timeout_s, verify=verify, inner=work.transport)
    tokens = first_tokens(ask, consent, client_id, client_secret, code)
    with store.lock():
        store.save(tokens)
    as_application = settings.model_copy(update={"webhook": None, "webhook_file": None})
    with connect(Workspace(as_application, work.clock, work.transport, work.governor)) as portal:
        profile = portal.call("profile")
        scopes = portal.call("scope")
    return Connected(
        portal=portal_host,
        user=" ".join(filter(None, [profile.get("NAME"), profile.get("LAST_NAME")])) or str(profile["ID"]),
        scopes=tuple(sorted(map(str, scopes))),
        kept_in=str(settings.token_file) if isinstance(store, FileTokens) else "keyring",
        only_application=tuple(needs_application()),
        webhook_wins=not settings.uses_oauth,
    )
