"""The authorization server: consent, first tokens, renewal. Pages, not REST methods.

On real portals it lives on a host of its own, oauth.bitrix.info; here every portal has one, so that a
client needs to be told one address only.

Source: settings/oauth/{index,auto-renewal,error-codes}.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ..portal import PAGES
from ..wire import php
from ..wire.errors import RestError
from ..wire.request import WireAnswer, WireRequest, read_params

if TYPE_CHECKING:
    from ..portal import Sandbox


def token_page(portal: Sandbox, request: WireRequest) -> WireAnswer:
    """`/oauth/token/`: a code or a refresh token for a new pair of tokens; GET and POST."""
    try:
        reply = portal.access.exchange(read_params(request), f"{_address(portal, request)}/rest/")
    except RestError as refused:
        return WireAnswer(refused.status, php.to_json(refused.envelope()))
    return WireAnswer(200, php.to_json(reply))


def authorize_page(portal: Sandbox, request: WireRequest) -> WireAnswer:
    """`/oauth/authorize/`: the user agrees at once, and goes back to the application with a code.

    `user_id` says who agrees (1 unless given): nobody logs in here. Without `redirect_uri` the answer
    shows the code, as portals do for applications without a return address.
    """
    try:
        params = read_params(request)
        client_id = str(params.get("client_id") or "")
        user_id = str(params.get("user_id") or "1")
        if not user_id.isdigit() or portal.store.get("user", int(user_id)) is None:
            raise RestError("invalid_request", "No such user", 400)
        code = portal.access.authorize(client_id, int(user_id))
    except RestError as refused:
        return WireAnswer(refused.status, php.to_json(refused.envelope()))
    app = portal.store.first("app", CLIENT_ID=client_id) or {}
    host = _address(portal, request).split("/")[2]
    shown = {
        "code": code,
        "state": str(params.get("state") or ""),
        "domain": host,
        "member_id": app["MEMBER_ID"],
        "scope": app["SCOPES"],
        "server_domain": request.headers.get("host", host),
    }
    target = str(params.get("redirect_uri") or "")
    if not target.startswith(("http://", "https://")) or any(sign in target for sign in "\r\n"):
        return WireAnswer(200, php.to_json(shown))
    joint = "&" if "?" in target else "?"
    return WireAnswer(302, b"", {"Location": f"{target}{joint}{urlencode(shown)}"})


def _address(portal: Sandbox, request: WireRequest) -> str:
    """Where the portal is called: its new address after it moved, else the one this request came to."""
    if portal.moved_to:
        return portal.moved_to
    host = request.headers.get("host") or portal.host
    return f"{'https' if request.secure else 'http'}://{host}"


PAGES["/oauth/token"] = token_page
PAGES["/oauth/authorize"] = authorize_page
