"""Where the files of uploads lie, and when they go: a folder each, private, written whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from toolkit.web.history import History, Upload

__all__ = ["Shelf", "keep", "kept", "safe_name"]


class Shelf:
    """The files of all uploads.

    Args:
        folder: made when it is not there.
        history: which uploads there are.
    """

    def __init__(self, folder: Path, history: History) -> None:
        self.folder, self._history = folder, history
        folder.mkdir(mode=0o700, exist_ok=True)

    def home(self, key: str) -> Path:
        """The folder of an upload."""
        return self.folder / key

    def file_of(self, upload: Upload) -> Path:
        """Where an upload's file is, or will be."""
        return self.home(upload.id) / "original" / upload.name

    def part_of(self, upload: Upload) -> Path:
        """Where it is written while it arrives."""
        return self.home(upload.id) / "arriving"

    def forget(self, key: str) -> None:
        """Everything of an upload goes; its line in the history stays."""
        shutil.rmtree(self.home(key), ignore_errors=True)

    def make_room(self, mib: int) -> None:
        """Older uploads give up their files before the disk is full; their lines in the history stay.

        Args:
            mib: how much may be kept.
        """
        found = self._history.kept()
        total = sum(each.size for each in found)
        for upload in found:
            if total <= mib * 2**20:
                return
            busy = upload.state in ("receiving", "checking") or any(
                each.state in ("working", "waiting", "writing") for each in self._history.steps(upload.id)
            )
            if not busy:
                self.forget(upload.id)
                self._history.set_upload(upload.id, kept=0)
                total -= upload.size


def keep(path: Path, facts: dict[str, Any]) -> None:
    """Write facts whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(facts, ensure_ascii=False, default=str), encoding="utf-8")
    part.replace(path)


def kept(path: Path) -> dict[str, Any] | None:
    """What `keep` wrote; None when there is nothing that can be read."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def safe_name(name: str) -> str:
    """A name any disk takes, of what a browser says the file is called; its suffix is kept."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(each for each in last if each.isprintable() and each not in '<>:"|?*').strip(" .")
    stem, dot, suffix = clean.rpartition(".")
    if not dot:
        stem, suffix = clean, ""
    suffix = suffix[:10]
    while len(f"{stem}.{suffix}".encode()) > 180:
        stem = stem[:-1]
    return (f"{stem}.{suffix}" if suffix else stem) or "file"
