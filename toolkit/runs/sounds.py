"""Recordings that lie on this machine, on their way into a portal.

A plan holds where the file lies and its checksum, never the bytes: `sending(...)`. When the change is carried out the
file is streamed from the disk. What a cell of files held afterwards no list tells by value, so a recording travels
beside `ORIGIN_VERSION`, which names its checksum: by that it is found again after a lost answer.

Source: api-reference/crm/timeline/activities/activity-base/crm-activity-{add,update}.md,
api-reference/telephony/telephony-external-call-attach-record.md (wav and mp3), read 2026-11-22.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.client import FileOnDisk
from toolkit.errors import InputError

__all__ = [
    "MOST_BYTES",
    "RecordingRefused",
    "Sound",
    "holds_file",
    "read_sound",
    "sending",
    "with_files",
    "without_files",
]

MOST_BYTES = 100 * 1024 * 1024
"""Larger recordings are refused unless told otherwise."""

_FILE = "$file"
_PIECE = 1024 * 1024


class RecordingRefused(InputError):
    """A file cannot be taken for the recording of a call; nothing has been sent.

    Args:
        path: the file.
        problem: what is wrong with it.
        remedy: what to do.
    """

    sentence = "{path} {problem}. {remedy}"

    def __init__(self, path: Path, problem: str, remedy: str) -> None:
        self.path, self.problem, self.remedy = path, problem, remedy
        super().__init__(self.in_words("en"))


@dataclass(frozen=True)
class Sound:
    """A recording that may be sent.

    Args:
        path: where it lies, absolute.
        name: its file name, as the portal shall show it.
        bytes: its size.
        sha256: of its content.
    """

    path: Path
    name: str
    bytes: int
    sha256: str

    @property
    def mark(self) -> str:
        """What the record says of it in `ORIGIN_VERSION`."""
        return f"rec:{self.sha256[:32]}"


def read_sound(path: Path | str, *, most_bytes: int = MOST_BYTES) -> Sound:
    """A file of this machine as a recording; read piece by piece.

    Args:
        path: a wav or mp3 file.
        most_bytes: larger ones are refused.

    Raises:
        RecordingRefused: it is missing, has no length, is too large, or is no wav or mp3, such as a page for people.
    """
    file = Path(path).absolute()
    digest, head, size = hashlib.sha256(), b"", 0
    try:
        with file.open("rb") as opened:
            size = file.stat().st_size
            if size > most_bytes:
                allowed = most_bytes // (1024 * 1024)
                raise RecordingRefused(
                    file, f"is larger than {allowed} MiB", "Make it smaller (mp3), or allow more."
                )
            while piece := opened.read(_PIECE):
                head = head or piece[:512]
                digest.update(piece)
    except OSError as error:
        raise RecordingRefused(file, f"cannot be read: {error.strerror}", "Look where it lies.") from error
    if not size:
        raise RecordingRefused(file, "has no length", "Fetch the recording again.")
    ending = _ending(head)
    if not ending:
        page = head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml"))
        problem = "is a page for people, not a recording" if page else "is neither wav nor mp3"
        raise RecordingRefused(file, problem, "Fetch or convert the recording.")
    name = file.name if file.suffix.lower() == ending else f"{file.stem}{ending}"
    return Sound(file, name, size, digest.hexdigest())


def sending(sound: Sound) -> dict[str, Any]:
    """The cells by which an activity gets a recording."""
    content = {_FILE: str(sound.path), "sha256": sound.sha256}
    return {"ORIGIN_VERSION": sound.mark, "FILES": [{"fileData": [sound.name, content]}]}


def holds_file(value: Any) -> bool:
    """Whether a value of a plan stands for a file that is to be sent."""
    if isinstance(value, Mapping):
        return _FILE in value or any(holds_file(each) for each in value.values())
    return isinstance(value, list) and any(holds_file(each) for each in value)


def with_files(value: Any) -> Any:
    """The value as a command takes it: files on the disk in place of what stands for them."""
    if isinstance(value, Mapping):
        if _FILE in value:
            return FileOnDisk(Path(str(value[_FILE])))
        return {name: with_files(each) for name, each in value.items()}
    return [with_files(each) for each in value] if isinstance(value, list) else value


def without_files(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of which the portal tells what they hold."""
    return {name: value for name, value in cells.items() if not holds_file(value)}


def _ending(head: bytes) -> str:
    """`.wav` or `.mp3` by how a file begins; "" for neither."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return ".wav"
    frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 == 0x02
    return ".mp3" if head[:3] == b"ID3" or frame else ""
