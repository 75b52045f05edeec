"""Copies of a portal's records that belong to no run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from toolkit.records import Snapshot, Wanted, take_snapshot
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["snapshot"]


def snapshot(work: Workspace, entities: Sequence[str]) -> Snapshot:
    """A copy of all records of these entities, in a folder of its own below `snapshots/<portal>`.

    Raises:
        PortalError, IncompleteRead, StorageError: nothing is left behind.
    """
    with connect(work) as portal:
        moment = datetime.fromtimestamp(work.clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
        folder = work.root / portal.host.replace(":", "_") / f"snapshot-{moment}"
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = [Wanted(each) for each in entities]
        return take_snapshot(portal, wanted, folder, clock=work.clock, progress=work.show_reading)
