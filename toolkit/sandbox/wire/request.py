"""One HTTP request read the way a PHP portal reads it, and one answer ready for the wire.

Accepts what real clients send: `/rest/{user}/{secret}/{method}[.json][/]`, doubled slashes, method
names in any case, GET and POST, JSON, form and query merged, brackets raw or encoded.

Source: settings/how-to-call-rest-api/general-principles.md, authorization.md, data-encoding.md,
api-reference/rest-v3.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from . import php
from .errors import RestError

__all__ = [
    "MAX_BODY",
    "Address",
    "WireAnswer",
    "WireRequest",
    "read_address",
    "read_command",
    "read_json",
    "read_params",
]

# The cloud takes 2 GB; a sandbox on a laptop refuses what would not fit its memory.
MAX_BODY = 64 * 1024 * 1024
# PHP's json_decode gives up beyond 512 levels.
MAX_JSON_DEPTH = 512


@dataclass(frozen=True)
class WireRequest:
    """One request as it came in.

    Args:
        verb: GET or POST.
        path: undecoded path, without the query.
        query: undecoded query string.
        headers: names in lower case.
        body: raw bytes.
        source: the caller's address; the rate limit counts per portal and source.
        secure: came over TLS.
    """

    verb: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source: str = "127.0.0.1"
    secure: bool = True


@dataclass
class WireAnswer:
    """One answer as it goes out.

    Args:
        status: HTTP status.
        body: raw bytes.
        headers: response headers.
        drop: close the connection instead of answering (a lost reply).
        truncate: send only this many bytes of the body, then close.
        delay_s: wait this long before answering.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(
        default_factory=lambda: {"Content-Type": "application/json; charset=utf-8"}
    )
    drop: bool = False
    truncate: int | None = None
    delay_s: float = 0.0


@dataclass(frozen=True)
class Address:
    """Where a request is going: read from its path.

    Args:
        method: lower-case method name; empty when the path names none.
        user: user id of a webhook path, else None.
        secret: secret of a webhook path, else None.
        version: 2, or 3 under `/rest/api/`.
        xml: the caller wants XML.
    """

    method: str
    user: str | None = None
    secret: str | None = None
    version: int = 2
    xml: bool = False

    def __repr__(self) -> str:
        return f"Address(method={self.method!r}, user={self.user!r}, version={self.version})"


def read_address(path: str) -> Address | None:
    """Split a REST path; None when it is not one (`/`, `/oauth/token/`, ...).

    `/rest/1/secret//crm.item.list.json/` and `/rest/1/secret/CRM.ITEM.LIST` are the same.
    """
    parts = [unquote(part, errors="replace") for part in path.split("/") if part]
    if not parts or parts[0].lower() != "rest":
        return None
    parts = parts[1:]
    version = 2
    if parts and parts[0].lower() == "api":
        version, parts = 3, parts[1:]
    user = secret = None
    if len(parts) >= 2 and parts[0].isdigit():
        user, secret, parts = parts[0], parts[1], parts[2:]
    method = parts[0].lower() if parts else ""
    xml = method.endswith(".xml")
    for suffix in (".json", ".xml"):
        method = method.removesuffix(suffix)
    return Address(method, user, secret, version, xml)


def read_params(request: WireRequest) -> dict[str, Any]:
    """Parameters from query and body, merged; the body wins.

    Raises:
        RestError: a body that announces JSON and is not.
    """
    params = php.parse_pairs(_pairs(request.query))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = request.body
    if not body:
        return params
    if kind == "application/json" or (not kind and body.lstrip()[:1] in (b"{", b"[")):
        params.update(read_json(body))
    elif kind == "multipart/form-data":
        params.update(php.parse_pairs(_multipart(request.headers["content-type"], body)))
    else:
        params.update(php.parse_pairs(_pairs(body.decode("utf-8", errors="replace"))))
    return params


def read_command(command: str) -> tuple[str, dict[str, Any]]:
    """A batch command, `method?a=1&b[c]=2`, as method name and parameters."""
    method, _, query = command.partition("?")
    return method.strip().strip("/").lower().removesuffix(".json"), php.parse_pairs(_pairs(query))


def _pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace", max_num_fields=200_000)


def read_json(body: bytes) -> dict[str, Any]:
    """Parameters of a JSON body; an array counts as a map with keys from 0.

    Raises:
        RestError: it is not JSON, or nested too deeply.
    """
    if _too_deep(body):
        raise RestError("100", "Invalid json in request body: maximum stack depth exceeded")
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RestError("100", "Invalid json in request body") from None
    if isinstance(parsed, dict):
        return {key: php.tidy(value) for key, value in parsed.items()}
    if isinstance(parsed, list):
        return {str(index): php.tidy(value) for index, value in enumerate(parsed)}
    return {}


def _too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MAX_JSON_DEPTH:
        return False
    depth = deepest = 0
    quoted = escaped = False
    for byte in body:
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                quoted = False
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest > MAX_JSON_DEPTH


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body
    )
    pairs = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            payload = part.get_payload(decode=True)
            pairs.append((name, payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""))
    return pairs
