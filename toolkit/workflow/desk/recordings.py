"""A recording on this machine for as long as it takes to send it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from toolkit.errors import StorageError
from toolkit.runs.folder import portal_folder
from toolkit.runs.sounds import RecordingRefused, Sound, read_sound
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["recording_at_hand"]

_NO_FILE: Mapping[str, str] = {
    "missing": "is not there any more",
    "expired": "opens nothing any more",
    "empty": "has no length",
    "too_large": "is larger than allowed",
    "not_a_file": "is a page for people, not a recording",
    "refused": "leads where it is not followed",
    "lost": "could not be fetched",
}


@contextmanager
def recording_at_hand(
    work: Workspace, source: Path | str | None, most_bytes: int, *, keep: bool = False
) -> Iterator[Sound | None]:
    """The recording of a file or an address; what was fetched is removed when all went through.

    After an error or a crash it stays, named by its checksum, for the run to be continued with it.

    Args:
        work: where.
        source: a file, an http or https address, or None.
        most_bytes: larger ones are refused.
        keep: leave it here, for a run that is only planned.

    Raises:
        RecordingRefused: there is no recording.
        StorageError: it cannot be kept for the moment.
    """
    text = str(source or "")
    if not text.startswith(("http://", "https://")):
        yield None if source is None else read_sound(source, most_bytes=most_bytes)
        return
    sound = _fetched(work, text, most_bytes)
    yield sound
    if not keep:
        sound.path.unlink(missing_ok=True)


def _fetched(work: Workspace, link: str, most_bytes: int) -> Sound:
    with connect(work) as portal:
        folder = portal_folder(work.root, portal.host) / "recordings"
        part = folder / f"{secrets.token_hex(8)}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            came = portal.fetch(link, part, most_bytes=most_bytes)
        except OSError as error:
            raise StorageError(folder, str(error.strerror), "Free some space.") from error
    if came.state != "done":
        # An address may hold a password: only where it leads is said.
        raise RecordingRefused(Path("the address"), _NO_FILE[came.state], "Fetch the recording again.")
    try:
        sound = read_sound(part, most_bytes=most_bytes)
        path = folder / f"{sound.sha256[:32]}{Path(sound.name).suffix}"
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return Sound(path, path.name, sound.bytes, sound.sha256)
