"""Files from signed links, streamed to the disk. A link is a password: it is in no result, log or error.

Source: settings/how-to-call-rest-api/general-principles.md (the four headers a link wants to see), read
2026-11-22.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin, urlsplit

import httpx

from toolkit.settings import is_loopback

__all__ = ["Download", "DownloadState", "Fetcher", "received"]

DownloadState = Literal["done", "missing", "expired", "empty", "too_large", "not_a_file", "refused", "lost"]

_MOST_MOVES = 5
_HEAD = 512
_PAGES = (b"<!doctype html", b"<html", b"<?xml")
_EXPIRED = frozenset({"expired_token", "no_auth_found", "invalid_token", "invalid_credentials"})


@dataclass(frozen=True)
class Download:
    """What a link led to.

    Args:
        state: `done`; `missing` there is no such file; `expired` the link opens nothing any more; `empty`
            no bytes; `too_large`; `not_a_file` a page for people stands there; `refused` the link leads
            where we do not go; `lost` the answer broke off or the server was busy: try again later.
        bytes: how many were received.
        sha256: of them, when done.
        media_type: as the server calls it.
        words: what happened, without the link.
    """

    state: DownloadState
    bytes: int = 0
    sha256: str = ""
    media_type: str = ""
    words: str = ""


class Fetcher:
    """Opens links with one client.

    Args:
        client: follows no redirects by itself, and shows links nowhere.
        origin: of the portal, whose links may lead to this machine only when it lives here itself.
    """

    def __init__(self, client: httpx.Client, origin: str) -> None:
        self._client, self._origin = client, origin

    def fetch(self, link: str, target: Path, *, most_bytes: int) -> Download:
        """Stream what a link leads to into a new private file; the file is left behind only when done.

        Args:
            link: http or https.
            target: replaced when it exists.
            most_bytes: give up beyond this size.

        Raises:
            OSError: the file cannot be written.
        """
        for _ in range(_MOST_MOVES):
            why = self._unwanted(link)
            if why:
                return Download("refused", words=why)
            # The client sees the bare host; the layer below it opens the link.
            request = self._client.build_request(
                "GET", f"{urlsplit(link).scheme}://{urlsplit(link).netloc}/", extensions={"link": link}
            )
            request.headers.update(_headers(self._origin))
            try:
                response = self._client.send(request, stream=True)
                try:
                    moved = response.headers.get("Location", "") if response.is_redirect else ""
                    if not moved:
                        return received(response, target, most_bytes)
                    link = urljoin(link, moved)
                finally:
                    response.close()
            except httpx.HTTPError as error:
                target.unlink(missing_ok=True)
                return Download("lost", words=type(error).__name__)
        return Download("refused", words="it leads from one address to the next without end")

    def _unwanted(self, link: str) -> str:
        parts = urlsplit(link)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return "it is no web address"
        if is_loopback(parts.netloc) and not is_loopback(urlsplit(self._origin).netloc):
            return "it leads to this machine"
        return ""


def received(response: httpx.Response, target: Path, most_bytes: int) -> Download:
    """What a response brings, kept in a file when it is one; see `Fetcher.fetch`."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    status = response.status_code
    if status == 429 or status >= 500:
        return Download("lost", media_type=kind, words=f"HTTP {status}")
    if status in (404, 410):
        return Download("missing", media_type=kind, words=f"HTTP {status}")
    if status in (401, 403):
        return Download("expired", media_type=kind, words=f"HTTP {status}")
    if status >= 300:
        return Download("refused", media_type=kind, words=f"HTTP {status}")
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        return Download("too_large", int(announced), media_type=kind)
    pieces = response.iter_bytes()
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _HEAD:
            break
    if kind == "text/html" or head[:_HEAD].lstrip().lower().startswith(_PAGES):
        return Download("not_a_file", len(head), media_type=kind, words="a page for people")
    if kind == "application/json" and head.lstrip().startswith(b"{"):
        code = httpx.Response(200, content=head).text.casefold()
        state: DownloadState = "expired" if any(each in code for each in _EXPIRED) else "not_a_file"
        return Download(state, len(head), media_type=kind, words="an answer of the portal, not a file")
    return _kept(head, pieces, target, most_bytes, kind)


def _kept(head: bytes, rest: Iterator[bytes], target: Path, most_bytes: int, kind: str) -> Download:
    digest, size = hashlib.sha256(), 0
    whole = False
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for piece in (part for parts in ((head,), rest) for part in parts):
                size += len(piece)
                if size > most_bytes:
                    return Download("too_large", size, media_type=kind)
                digest.update(piece)
                file.write(piece)
            whole = size > 0
        return Download("done" if whole else "empty", size, digest.hexdigest() if whole else "", kind)
    finally:
        if not whole:
            target.unlink(missing_ok=True)


def _headers(origin: str) -> dict[str, str]:
    return {"Accept": "*/*", "Accept-Language": "en", "Referer": f"{origin}/"}
