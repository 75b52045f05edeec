"""Files on their way to a portal: read from the disk while they are sent, so that memory does not grow with them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

__all__ = ["FileOnDisk", "Streamed", "streamed"]

_PIECE = 3 * 64 * 1024  # a multiple of three: pieces of Base64 then join without padding between them


@dataclass(frozen=True)
class FileOnDisk:
    """A file as a value of a command: it reaches the portal as Base64, `["name.mp3", FileOnDisk(path)]`.

    Source:
        api-reference/files/how-to-upload-files.md, read 2026-11-22.
    """

    path: Path


@dataclass(frozen=True)
class Streamed:
    """A JSON body that holds files.

    Args:
        pieces: text of the body, and the files between.
    """

    pieces: tuple[bytes | FileOnDisk, ...]

    @property
    def length(self) -> int:
        """Bytes of the whole body.

        Raises:
            OSError: a file is gone.
        """
        return sum(
            len(each) if isinstance(each, bytes) else -(-each.path.stat().st_size // 3) * 4
            for each in self.pieces
        )

    def __iter__(self) -> Iterator[bytes]:
        for each in self.pieces:
            if isinstance(each, bytes):
                yield each
                continue
            with each.path.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield base64.b64encode(piece)


def streamed(body: Mapping[str, Any]) -> Streamed | None:
    """The body with its files left on the disk; None when it holds no file."""
    files: list[FileOnDisk] = []
    mark = _mark_unlike(body)

    def marked(value: Any) -> str:
        if not isinstance(value, FileOnDisk):
            raise TypeError(f"{type(value).__name__} has no form in JSON")
        files.append(value)
        return mark

    text = json.dumps(body, default=marked)
    if not files:
        return None
    pieces: list[bytes | FileOnDisk] = []
    for part, file in zip(text.split(mark), [*files, None], strict=True):
        pieces.append(part.encode())
        if file is not None:
            pieces.append(file)
    return Streamed(tuple(pieces))


def _mark_unlike(body: Mapping[str, Any]) -> str:
    """A text that stands nowhere in the body."""
    said = json.dumps(body, default=lambda _: "")
    return next(mark for number in count() if (mark := f"file-{number}-goes-here") not in said)
