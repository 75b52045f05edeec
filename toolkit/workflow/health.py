"""The health report: finds the snapshots it is made from, and the routing directory that was in force."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from toolkit.errors import ParameterError, SnapshotError
from toolkit.records import Snapshot, Wanted, entity
from toolkit.reports.calls import calls_wanted
from toolkit.reports.health import HEALTH_ENTITIES, HealthReport, measure
from toolkit.routing import Book
from toolkit.workflow.calls import about_appeals
from toolkit.workflow.routing import published_routing
from toolkit.workflow.snapshots import host_of, newest_whole, snapshot
from toolkit.workflow.workspace import Workspace

__all__ = ["health", "health_snapshot", "health_snapshots"]

_MOST = 12


def health(
    work: Workspace,
    snapshots: Sequence[Snapshot | Path] = (),
    *,
    appeals: int | None = None,
    routing: Book | Path | str | None = None,
    language: str | None = None,
) -> HealthReport:
    """How clean a portal is, from snapshots alone; several are compared.

    Args:
        work: where.
        snapshots: of one portal, or their folders; see `health_snapshots` when empty.
        appeals: entity type id of the smart process of appeals; of the newest run on appeals when None.
        routing: a directory; a file written by `b24kit routing export`; `published` for the one in force,
            which is the one thing asked of the portal; None leaves routing out.
        language: `ru` or `en`; None for the one of the settings.

    Raises:
        SnapshotError: there is no snapshot that holds what is needed, or one is damaged.
        ParameterError: they are of different portals; or the file holds no directory.
        RoutingRefused: somebody edited the published directory by hand.
    """
    chosen = [each if isinstance(each, Snapshot) else Snapshot.open(each) for each in snapshots]
    chosen = chosen or health_snapshots(work)
    if not chosen:
        needed = ", ".join(HEALTH_ENTITIES)
        raise SnapshotError(work.root, f"holds no snapshot of {needed}", "Take one: b24kit health --fresh")
    host = chosen[0].manifest.portal
    known = about_appeals(work, host, appeals, None)[0]
    book = _directory(work, routing)
    measured = [measure(each, appeals=known, routing=book) for each in chosen]
    spoken = language or work.settings.language
    return HealthReport.of(measured, "en" if spoken == "en" else "ru")


def health_snapshot(work: Workspace, appeals: int | None = None) -> Snapshot:
    """A copy of everything a health report counts; of calls and appeals too, where there are appeals.

    Args:
        work: where.
        appeals: entity type id of the smart process of appeals; of the newest run on appeals when None.

    Raises:
        PortalError, IncompleteRead, StorageError: nothing is left behind.
    """
    known = about_appeals(work, host_of(work), appeals, None)[0]
    wanted = {each: Wanted(each) for each in HEALTH_ENTITIES}
    for each in calls_wanted(known) if known is not None else []:
        wanted.setdefault(each.entity, each)
    return snapshot(work, list(wanted.values()))


def health_snapshots(work: Workspace) -> list[Snapshot]:
    """The snapshots a comparison is made of: the newest of each of the last twelve months that have one; all,
    twelve at most, where there is but one month. The oldest first.
    """
    host = host_of(work)
    whole: list[Snapshot] = []
    months: dict[str, Snapshot] = {}
    for each in newest_whole(work, host, HEALTH_ENTITIES):
        host = host or each.manifest.portal
        if each.manifest.portal != host or _is_narrow(each):
            continue
        months.setdefault(datetime.fromisoformat(each.manifest.finished).strftime("%Y-%m"), each)
        if len(months) > _MOST:
            break
        whole.append(each)
    found = list(months.values()) if len(months) > 1 else whole
    return found[:_MOST][::-1]


def _is_narrow(snapshot: Snapshot) -> bool:
    """Whether it lacks columns or records a report needs: an operation reads only what it needs."""
    held = snapshot.manifest.entities
    return any(
        held[name].wanted is not None or held[name].params.get(entity(name).filter_key)
        for name in HEALTH_ENTITIES
    )


def _directory(work: Workspace, routing: Book | Path | str | None) -> Book | None:
    if routing is None or isinstance(routing, Book):
        return routing
    if str(routing) == "published":
        return published_routing(work)
    try:
        return Book.from_json(json.loads(Path(routing).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ParameterError(
            "health",
            "routing",
            str(routing),
            f"holds no routing directory: {error}",
            "Give a file written by b24kit routing export, or the word published.",
        ) from error
