"""A folder in which another system leaves its exports."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolkit.errors import StorageError, ToolkitError
from toolkit.sheets import read_rows
from toolkit.spool.being_written import being_written
from toolkit.spool.messages import Message, digest_of, message_of
from toolkit.spool.refusals import SourceRefused
from toolkit.spool.source import TookIn
from toolkit.spool.spool import Spool

__all__ = ["DONE_DAYS", "FolderSource"]

DONE_DAYS = 90.0
"""So long a file that was taken in lies in `done/`."""

_DAY_S = 86_400
_LISTS = (".json", ".yaml", ".yml")
_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", ".filepart", ".download")


@dataclass(frozen=True)
class FolderSource:
    """A folder in which another system leaves its exports, one row of a file a message.

    A file that is taken in moves to `done/`, one that cannot be read to `refused/` with a text beside it that
    says why, but only when it has not changed for a while: it may be half of one. The same content under any
    name is taken in once.

    What lies in `done/` for longer than `done_days` is deleted, but only once runs have had all of its rows: a file
    of which a row waits, or is dead, or of which the spool knows nothing, stays. Refused files stay for a person.

    Args:
        folder: watched; its subfolders are not.
        key: column by whose value rows are kept in order; "" for none.
        version: column that says which of two rows of a key is newer; "" for the order of arrival.
        settle_s: a file is left alone until it has not changed for so many seconds, and while a program of this
            machine has it open for writing.
        patience_s: one that cannot be read is left alone until it has not changed for so many seconds.
        done_days: how long files stay in `done/`; None for ever.
        language: of the reasons beside refused files, `ru` or `en`.
        now: unix seconds of the clock that dates files.
    """

    folder: Path
    key: str = ""
    version: str = ""
    settle_s: float = 10.0
    patience_s: float = 600.0
    done_days: float | None = DONE_DAYS
    language: str = "ru"
    now: Callable[[], float] = time.time

    def take_in(self, spool: Spool) -> TookIn:
        """Take in every file that is finished, the oldest first.

        Raises:
            SourceRefused: there is no such folder.
            StorageError: the spool or the folder cannot be written; the file is still where it was.
        """
        if not self.folder.is_dir():
            raise SourceRefused(str(self.folder), "is not a folder", "Make it, or name another.")
        took = TookIn()
        for path in self._finished():
            before = _stamp(path)
            try:
                content = path.read_bytes()
                messages = list(self._messages(path, digest_of(content)))
            except FileNotFoundError:  # taken away meanwhile
                continue
            except ToolkitError as error:
                words = f"{path.name}: {error.in_words(self.language)}"
                if _stamp(path) != before or self._age_s(path) < self.patience_s:
                    took = replace(took, unfinished=(*took.unfinished, words))
                    continue
                self._move(path, "refused", error.in_words(self.language))
                took = replace(took, refused=(*took.refused, words))
                continue
            if _stamp(path) != before or digest_of(path.read_bytes()) != digest_of(content):
                continue  # it grew while it was read: next time
            took = replace(took, put=took.put + spool.put(messages))
            self._move(path, "done")
        self._prune(spool)
        return took

    def _prune(self, spool: Spool) -> None:
        """Delete what was taken in long ago and is in nobody's way any more."""
        done = self.folder / "done"
        if self.done_days is None or not done.is_dir():
            return
        for path in done.iterdir():
            if not path.is_file() or self._age_s(path) < self.done_days * _DAY_S:
                continue
            if spool.all_done(f"file:{digest_of(path.read_bytes())}:"):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    remedy = "Let this user write into the watched folder."
                    raise StorageError(path, str(error), remedy) from error

    def _finished(self) -> list[Path]:
        found = []
        names = {each.name for each in self.folder.iterdir()}
        for path in self.folder.iterdir():
            name = path.name
            if name.startswith((".", "~")) or name.lower().endswith(_UNFINISHED) or not path.is_file():
                continue
            if {f"~${name}", f".~lock.{name}#", f"~${name[2:]}"} & names:
                continue  # open in a spreadsheet program
            if self._age_s(path) >= self.settle_s and not being_written(path):
                found.append((path.stat().st_mtime_ns, name, path))
        return [path for _, _, path in sorted(found)]

    def _age_s(self, path: Path) -> float:
        """Seconds since it was changed last."""
        stamp = path.stat()
        # The time of the inode as well: a copy that keeps the date of its original sets it back at the end.
        return self.now() - max(stamp.st_mtime, stamp.st_ctime)

    def _messages(self, path: Path, digest: str) -> Iterator[Message]:
        for number, row in enumerate(_rows_of(path), 1):
            if not isinstance(row, dict):
                raise SourceRefused(
                    path.name,
                    f"has something else than a row as number {number}",
                    "Give a list of objects, each with its columns.",
                )
            yield message_of(
                row, f"file:{digest}:{number}", key=self.key, version=self.version, source=path.name
            )

    def _move(self, path: Path, where: str, reason: str = "") -> None:
        folder = self.folder / where
        target = folder / path.name
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            number = 1
            while target.exists():
                number += 1
                target = folder / f"{path.stem}.{number}{path.suffix}"
            if reason:
                target.with_name(target.name + ".reason.txt").write_text(reason + "\n", encoding="utf-8")
            path.rename(target)
        except OSError as error:
            raise StorageError(target, str(error), "Let this user write into the watched folder.") from error


def _rows_of(path: Path) -> Sequence[Any]:
    # Pandas and pandera take a second to load, which a process that reads no folder need not wait for.
    from toolkit.sheets.mapping import read_export

    # A list is kept as it is written: other systems nest in it what no table can hold.
    return read_rows(path) if path.suffix.lower() in _LISTS else read_export(path)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stamp = os.stat(path)
    except FileNotFoundError:
        return None
    return stamp.st_size, stamp.st_mtime_ns, stamp.st_ino
