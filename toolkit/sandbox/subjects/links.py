"""Signed links: what lets a program fetch or send a file without calling a method.

A link carries the facts it was made for, whom it was made for, and until when; a signature keeps them
from being changed. A link made for an application lives as long as its access token, an hour; a webhook's
token has no end, and neither has its link.

Source: settings/how-to-call-rest-api/general-principles.md (headers), api-reference/files/
how-to-update-files.md, read 2026-11-22.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from ..switches import declare
from ..wire.errors import RestError

if TYPE_CHECKING:
    from ..call import Caller
    from ..portal import Sandbox

__all__ = ["opened", "refused_headers", "signed"]

LIFE_S = 3600
_HEADERS = ("user-agent", "accept", "accept-language", "referer")
_TECHNICAL = ("python-", "curl", "wget", "go-http-client", "java/", "okhttp", "axios", "node")

WEBHOOK_LINKS = declare(
    "webhook_link_life",
    "unlimited",
    ("unlimited", "hour"),
    "A webhook's token inside a file link never expires, a page warns; whether the link does is not said.",
    "api-reference/files/how-to-update-files.md",
)
LINK_HEADERS = declare(
    "download_headers",
    "present",
    ("present", "not_technical", "ignored"),
    "Four headers are to be passed and a technical User-Agent may fail; which one is technical is not said.",
    "settings/how-to-call-rest-api/general-principles.md",
)


def signed(portal: Sandbox, purpose: str, facts: Mapping[str, Any], caller: Caller | None) -> str:
    """The query of a link: `auth` and `token`.

    Args:
        portal: the sandbox.
        purpose: `disk`, `crm`, `telephony`, `upload`; a link opens only what it was made for.
        facts: what the link is about.
        caller: on whose behalf it will be opened; None for the portal itself.
    """
    expires = 0
    if caller is None or caller.kind == "app" or portal.switches[WEBHOOK_LINKS] == "hour":
        expires = int(portal.clock.now()) + LIFE_S
    text = urlencode({**facts, "_u": caller.user_id if caller else 1, "_e": expires})
    payload = base64.urlsafe_b64encode(text.encode()).decode()
    seal = base64.urlsafe_b64encode(_seal(portal, purpose, payload)).decode()
    return urlencode({"auth": _seal(portal, "auth", payload).hex(), "token": f"{purpose}|{payload}|{seal}"})


def opened(portal: Sandbox, purpose: str, query: str) -> dict[str, str]:
    """The facts of a link, with `_u`, the user it was made for.

    Raises:
        RestError: NO_AUTH_FOUND for a link that was changed or meant for something else or whose user
            is gone, expired_token for one whose time is over; both 401.
    """
    wrong = RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
    given = parse_qs(query, keep_blank_values=True)
    kind, _, rest = (given.get("token") or [""])[0].partition("|")
    payload, _, seal = rest.partition("|")
    try:
        sealed = base64.urlsafe_b64decode(seal.encode())
        text = base64.urlsafe_b64decode(payload.encode()).decode()
    except (binascii.Error, ValueError):
        raise wrong from None
    auth = (given.get("auth") or [""])[0]
    if (
        kind != purpose
        or not hmac.compare_digest(sealed, _seal(portal, purpose, payload))
        or not hmac.compare_digest(auth.encode(), _seal(portal, "auth", payload).hex().encode())
    ):
        raise wrong
    facts = dict(parse_qsl(text, keep_blank_values=True))
    expires = int(facts.pop("_e"))
    if expires and expires <= portal.clock.now():
        raise RestError("expired_token", "The access token provided has expired.", 401)
    user = portal.store.get("user", int(facts["_u"]))
    if user is None or user["ACTIVE"] != "Y":
        raise wrong
    return facts


def refused_headers(portal: Sandbox, headers: Mapping[str, str]) -> bool:
    """Whether a download lacks the headers the portal's web server wants to see."""
    wanted = portal.switches[LINK_HEADERS]
    if wanted == "ignored":
        return False
    if any(not headers.get(name, "").strip() for name in _HEADERS):
        return True
    return wanted == "not_technical" and headers["user-agent"].lower().startswith(_TECHNICAL)


def _seal(portal: Sandbox, purpose: str, payload: str) -> bytes:
    return hmac.new(portal.link_key, f"{purpose}|{payload}".encode(), hashlib.sha256).digest()
