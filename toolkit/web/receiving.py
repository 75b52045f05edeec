"""An upload, as it arrives: piece by piece to the disk, never whole in memory, never more than is allowed.

A refused upload is read to its end and thrown away, as far as patience goes: a browser that is cut off while
it sends shows its own error page instead of ours.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from toolkit.sheets.refusals import Language, SheetRefused
from toolkit.web.desk import Desk
from toolkit.web.history import Upload

__all__ = ["Arrival", "receive"]

_MIB = 2**20
_LONGEST_FIELD = 1000
_DRAINED = 2 * 1024 * _MIB

Outcome = Literal["arrived", "refused", "forged", "no_file", "broken"]


@dataclass(frozen=True)
class Arrival:
    """How an upload ended.

    Args:
        outcome: arrived; refused (too large, told in the upload); forged (the form is not ours); no_file;
            broken (the connection, or the form itself).
        upload: None when it had not begun.
    """

    outcome: Outcome
    upload: Upload | None = None


@dataclass
class _Form:
    """What the parser has found so far."""

    fields: dict[str, bytearray] = field(default_factory=dict)
    file_name: str | None = None
    pieces: list[bytes] = field(default_factory=list)
    ended: bool = False
    _head: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    _heads: dict[bytes, bytes] = field(default_factory=dict)
    _into: bytearray | list[bytes] | None = None

    def parser(self, boundary: bytes) -> MultipartParser:
        def header_field(data: bytes, start: int, end: int) -> None:
            self._head[0].extend(data[start:end])

        def header_value(data: bytes, start: int, end: int) -> None:
            self._head[1].extend(data[start:end])

        def header_end() -> None:
            self._heads[bytes(self._head[0]).lower()] = bytes(self._head[1])
            self._head[0].clear()
            self._head[1].clear()

        def headers_finished() -> None:
            _, options = parse_options_header(self._heads.get(b"content-disposition", b""))
            name = options.get(b"name", b"").decode("utf-8", "replace")
            file_name = options.get(b"filename")
            self._heads.clear()
            if file_name is None:
                self._into = self.fields.setdefault(name, bytearray())
            elif name == "file" and file_name and self.file_name is None:
                self.file_name = file_name.decode("utf-8", "replace")
                self._into = self.pieces
            else:
                self._into = None

        def part_data(data: bytes, start: int, end: int) -> None:
            if isinstance(self._into, list):
                self._into.append(data[start:end])
            elif self._into is not None:
                if len(self._into) + end - start > _LONGEST_FIELD or len(self.fields) > 10:
                    raise FormParserError("a field is too long")
                self._into.extend(data[start:end])

        def finished() -> None:
            self.ended = True

        return MultipartParser(
            boundary,
            {
                "on_header_field": header_field,
                "on_header_value": header_value,
                "on_header_end": header_end,
                "on_headers_finished": headers_finished,
                "on_part_data": part_data,
                "on_end": finished,
            },
        )


async def receive(request: Request, desk: Desk, who: str, csrf: str, language: Language) -> Arrival:
    """Take one file out of a form.

    Args:
        request: whose body is a form with the field `csrf` before the field `file`.
        desk: where it goes.
        who: name of the sender.
        csrf: what the form must hold.
        language: of the sender.

    Raises:
        Busy: too much is waiting; the rest of the body was thrown away.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        return Arrival("broken")
    limit = desk.rules.limits.file_mib * _MIB
    stream = _patient(request, desk.rules.patience_s, desk.rules.upload_s)
    form = _Form()
    upload: Upload | None = None
    file: BinaryIO | None = None
    size = 0
    try:
        parser = form.parser(boundary)
        async for chunk in stream:
            parser.write(chunk)
            if form.file_name is None:
                continue
            if upload is None or file is None:
                if not hmac.compare_digest(bytes(form.fields.get("csrf", b"")), csrf.encode()):
                    await _drain(stream)
                    return Arrival("forged")
                try:
                    upload = await run_in_threadpool(desk.begin_upload, form.file_name, who, language)
                except Exception:
                    await _drain(stream)
                    raise
                file = _private(desk.shelf.part_of(upload))
            size += sum(map(len, form.pieces))
            if size > limit or _announced(request) > limit + 64 * 1024:
                file.close()
                size = max(size, _announced(request))
                told = SheetRefused(upload.name, "too_large", size=-(-size // _MIB), limit=limit // _MIB)
                await run_in_threadpool(desk.break_off, upload, told)
                await _drain(stream)
                return Arrival("refused", upload)
            await run_in_threadpool(file.writelines, form.pieces)
            form.pieces.clear()
    except (ClientDisconnect, TimeoutError, FormParserError, OSError):
        if upload is not None:
            await run_in_threadpool(desk.break_off, upload)
        return Arrival("broken", upload)
    except asyncio.CancelledError:
        if upload is not None:
            desk.break_off(upload)
        raise
    finally:
        if file is not None:
            file.close()
    if upload is None:
        forged = not hmac.compare_digest(bytes(form.fields.get("csrf", b"")), csrf.encode())
        return Arrival("forged" if forged else "no_file")
    if not form.ended:
        await run_in_threadpool(desk.break_off, upload)
        return Arrival("broken", upload)
    await run_in_threadpool(desk.end_upload, upload, size)
    return Arrival("arrived", upload)


def _announced(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


async def _patient(request: Request, patience_s: float, whole_s: float) -> AsyncIterator[bytes]:
    """The body, unless it stands still or takes for ever."""
    deadline = time.monotonic() + whole_s
    pieces = request.stream().__aiter__()
    while True:
        try:
            yield await asyncio.wait_for(
                pieces.__anext__(), min(patience_s, max(deadline - time.monotonic(), 0.0))
            )
        except StopAsyncIteration:
            return


async def _drain(stream: AsyncIterator[bytes]) -> None:
    left = _DRAINED
    try:
        async for chunk in stream:
            left -= len(chunk)
            if left < 0:
                return
    except (ClientDisconnect, TimeoutError):
        return
