"""Private files that are either whole or absent.

A folder is filled under the name `<folder>.part` and renamed when everything in it has reached the disk, so
whatever carries the final name is complete. Client data: files 0600, folders 0700.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from filelock import FileLock, Timeout

from toolkit.errors import SnapshotError, StorageError

__all__ = ["PrivateFile", "appearing_whole", "part_of", "remove_tree", "sha256_of"]

_LOCK = ".lock"


class PrivateFile:
    """A file for this user's eyes only, hashed while it is written.

    Use as a context manager; on leaving, its content is on the disk. `sha256` and `size` are of what was
    written.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb", buffering=1 << 20)
        self._hash = hashlib.sha256()
        self._abandoned = False
        self.size = 0

    @property
    def sha256(self) -> str:
        """Hash of the bytes written so far, hexadecimal."""
        return self._hash.hexdigest()

    @property
    def closed(self) -> bool:
        """Whether nothing can be written any more; asked by Parquet's writer."""
        return self._file.closed

    def write(self, chunk: bytes) -> int:
        """Append bytes; returns how many."""
        if self._abandoned:
            return len(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)
        return self._file.write(chunk)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        if not self._abandoned:
            self._file.flush()

    def abandon(self) -> None:
        """Let later writes go nowhere: the content is worthless, and its writer is not done yet."""
        self._abandoned = True

    def tell(self) -> int:
        """Bytes written so far; asked by Parquet's writer."""
        return self.size

    def close(self) -> None:
        """Nothing yet: the file is closed, on the disk, when its `with` block ends."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and not self._abandoned:
                self._file.flush()
                os.fsync(self._file.fileno())
        finally:
            with suppress(OSError):  # a failed flush is already on its way out
                self._file.close()


def part_of(folder: Path) -> Path:
    """The name a folder carries until it is whole."""
    return folder.with_name(folder.name + ".part")


@contextmanager
def appearing_whole(folder: Path) -> Iterator[Path]:
    """A private folder to fill, which takes the name `folder` when the block ends well.

    When the block fails, what was written is removed. A leftover of a killed process is replaced.

    Raises:
        SnapshotError: `folder` exists already, or another process is filling it.
        StorageError: the disk is full, or the folder cannot be written.
    """
    part = part_of(folder)
    if folder.exists():
        raise SnapshotError(folder, "exists already and is never overwritten", "Choose another folder.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _claim(part, folder)
        try:
            yield part
            lock.release()
            (part / _LOCK).unlink(missing_ok=True)
            _sync_folder(part)
            part.rename(folder)
            _sync_folder(folder.parent)
        except BaseException:
            lock.release()
            shutil.rmtree(part, ignore_errors=True)
            raise
    except (ConnectionError, TimeoutError):
        raise  # the network's, not the disk's
    except OSError as error:
        raise StorageError(error.filename or folder, _words(error), _remedy(error)) from error


def remove_tree(folder: Path) -> None:
    """Delete a folder so that nobody can mistake the half-deleted rest for a whole one.

    Raises:
        StorageError: it could not be deleted.
    """
    doomed = part_of(folder) if not folder.name.endswith(".part") else folder
    try:
        if doomed != folder:
            if doomed.exists():
                shutil.rmtree(doomed)
            folder.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise StorageError(
            error.filename or folder, _words(error), "Close programs that use it and try again."
        ) from error


def sha256_of(path: Path) -> str:
    """Hash of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _claim(part: Path, folder: Path) -> FileLock:
    lock = FileLock(str(part / _LOCK), timeout=0, mode=0o600)
    try:
        part.mkdir(mode=0o700)
    except FileExistsError:
        try:
            lock.acquire()
        except Timeout as error:
            raise SnapshotError(
                folder, "is being written by another process", "Wait for it, or stop it there."
            ) from error
        # The process that left this was killed: what it wrote proves nothing.
        for leftover in part.iterdir():
            if leftover.name != _LOCK:
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        return lock
    lock.acquire()
    return lock


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder for syncing, and journals renames itself.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _words(error: OSError) -> str:
    return error.strerror or str(error)


def _remedy(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return "Free some space, or point B24_SNAPSHOTS at a larger disk; then run the same command again."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "Give this user write access to the folder, or point B24_SNAPSHOTS elsewhere."
    return "Check that the folder exists and is a folder, or point B24_SNAPSHOTS elsewhere."
