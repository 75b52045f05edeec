"""Copies of a portal's records that belong to no run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from toolkit.errors import SettingsError, SnapshotError
from toolkit.records import Snapshot, Wanted, list_snapshots, take_snapshot
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["host_of", "newest_whole", "snapshot"]


def snapshot(work: Workspace, entities: Sequence[str | Wanted]) -> Snapshot:
    """A copy of all records of these entities, in a folder of its own below `snapshots/<portal>`.

    Args:
        work: where.
        entities: names for all records with all columns; `Wanted` for less.

    Raises:
        PortalError, IncompleteRead, StorageError: nothing is left behind.
    """
    with connect(work) as portal:
        moment = datetime.fromtimestamp(work.clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
        folder = work.root / portal.host.replace(":", "_") / f"snapshot-{moment}"
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = [each if isinstance(each, Wanted) else Wanted(each) for each in entities]
        return take_snapshot(portal, wanted, folder, clock=work.clock, progress=work.show_reading)


def newest_whole(work: Workspace, portal: str | None, needed: Collection[str]) -> Iterator[Snapshot]:
    """Snapshots that hold all records of these entities, newest first; those of runs included.

    Args:
        work: where.
        portal: host name; None for any portal's.
        needed: entities; one that was read by ids only is not whole.
    """
    for each in reversed(list_snapshots(work.root) if work.root.is_dir() else []):
        if each.problem or portal not in (None, each.portal):
            continue
        with suppress(SnapshotError):  # one that was damaged since is passed over, as an unfinished one is
            opened = Snapshot.open(each.folder)
            held = opened.manifest.entities
            if all(name in held and held[name].ids is None for name in needed):
                yield opened


def host_of(work: Workspace) -> str | None:
    """The portal the settings lead to; None when they lead nowhere, and any snapshot will do."""
    try:
        return work.settings.webhook_parts().host
    except SettingsError:
        return work.settings.portal
