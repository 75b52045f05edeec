"""Snapshots on disk: which there are, and deleting the old ones.

Snapshots are copies of clients' records; keeping them forever is a risk of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from toolkit.errors import SnapshotError
from toolkit.records.manifest import MANIFEST, Manifest
from toolkit.records.storage import remove_tree

__all__ = ["SnapshotOnDisk", "list_snapshots", "older_than", "prune"]


@dataclass(frozen=True)
class SnapshotOnDisk:
    """A folder that is, or was to become, a snapshot.

    Args:
        folder: where it lives.
        portal: host name; "" when the manifest cannot be read.
        finished: when it was complete; for an unfinished one, when it was last written to. Aware, UTC.
        records: in all entities together.
        bytes: on disk.
        problem: "" for a finished snapshot; else why it cannot be used.
    """

    folder: Path
    portal: str
    finished: datetime
    records: int
    bytes: int
    problem: str = ""


def list_snapshots(folder: Path | str) -> list[SnapshotOnDisk]:
    """Every snapshot below a folder, the oldest first, unfinished and damaged ones included.

    Hashes are not checked here; `Snapshot.open` and reading do that.
    """
    found = [_describe(each) for each in _candidates(Path(folder))]
    return sorted(found, key=lambda each: (each.finished, each.folder))


def older_than(snapshots: Iterable[SnapshotOnDisk], days: float, *, now: datetime) -> list[SnapshotOnDisk]:
    """Those that are older than so many days: what `prune` would be given.

    Args:
        snapshots: from `list_snapshots`.
        days: age; 0 for all.
        now: aware.
    """
    limit = now - timedelta(days=days)
    return [each for each in snapshots if each.finished <= limit]


def prune(doomed: Iterable[SnapshotOnDisk]) -> int:
    """Delete these snapshots; returns the bytes freed.

    A half-deleted folder carries the name of an unfinished one, so it is never taken for a snapshot.

    Raises:
        StorageError: one could not be deleted; those before it are gone.
    """
    freed = 0
    for each in doomed:
        remove_tree(each.folder)
        freed += each.bytes
    return freed


def _candidates(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        here = Path(parent)
        if MANIFEST in files or (here.name.endswith(".part") and here != folder):
            folders.clear()
            yield here


def _describe(folder: Path) -> SnapshotOnDisk:
    files = [file for file in folder.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    touched = max((file.stat().st_mtime for file in files), default=folder.stat().st_mtime)
    last = datetime.fromtimestamp(touched, UTC)
    if folder.name.endswith(".part"):
        return SnapshotOnDisk(folder, "", last, 0, size, "was never finished")
    try:
        manifest, _ = Manifest.read(folder)
        finished = datetime.fromisoformat(manifest.finished)
    except SnapshotError as error:
        return SnapshotOnDisk(folder, "", last, 0, size, error.problem)
    records = sum(entry.records for entry in manifest.entities.values())
    return SnapshotOnDisk(folder, manifest.portal, finished, records, size)
