"""The report on calls: finds the snapshots it is made from, and puts its files where a person wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit.errors import ParameterError, SnapshotError
from toolkit.records import Snapshot, take_snapshot
from toolkit.reports.calls import (
    CallsDataset,
    CallsReport,
    Language,
    WorkCalendar,
    calls_wanted,
    portal_zone,
    responsibles_seen,
)
from toolkit.runs import Run
from toolkit.workflow.snapshots import host_of, newest_whole
from toolkit.workflow.workspace import Workspace, connect, find_run

__all__ = ["CallsAsked", "about_appeals", "calls_dataset", "calls_report", "calls_snapshot", "newest_calls"]

_NAMES = {"department", "category:2"}  # a report does without; numbers stand for names then
_LOOKED_AT = 12  # older snapshots asked who was responsible; each costs a reading of all clients


@dataclass(frozen=True)
class CallsAsked:
    """What a report on calls is asked for.

    Args:
        appeals: entity type id of the smart process of appeals; None for the one the newest run on appeals was
            given, and for none where there was no such run.
        fields: code to field where it was made by hand; None for what that run was given.
        snapshot: folder of the snapshot; None for the newest that holds what is needed.
        run: a run to compare before and after of; None for the newest that made appeals, "" for no comparison.
        hours: working hours as people write them, `Пн-Пт 9:00-18:00`.
        calendar: further days: `holidays` and `worked`, lists of dates; `zone`, an IANA name.
        language: `ru` or `en`; None for the one of the settings.
    """

    appeals: int | None = None
    fields: Mapping[str, str] | None = None
    snapshot: Path | None = None
    run: str | None = None
    hours: str = "Пн-Пт 9:00-18:00"
    calendar: Mapping[str, Any] = field(default_factory=dict)
    language: str | None = None


def calls_snapshot(work: Workspace, appeals: int | None = None, since: datetime | None = None) -> Snapshot:
    """A copy of everything a report on calls needs. Nothing is written on the portal.

    Args:
        work: where.
        appeals: entity type id of the smart process; see `CallsAsked`.
        since: when a call began at the earliest.

    Raises:
        PortalError, IncompleteRead, StorageError: nothing is left behind.
    """
    with connect(work) as portal:
        known = about_appeals(work, portal.host, appeals, None)[0]
        moment = datetime.fromtimestamp(work.clock.now(), UTC).strftime("%Y%m%d-%H%M%S")
        folder = work.root / portal.host.replace(":", "_") / f"snapshot-{moment}-calls"
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = calls_wanted(known, since)
        return take_snapshot(portal, wanted, folder, clock=work.clock, progress=work.show_reading)


def calls_dataset(work: Workspace, asked: CallsAsked) -> CallsDataset:
    """The table of all calls out of a snapshot; the portal is not asked.

    Raises:
        SnapshotError: no snapshot holds what is needed, or it is damaged.
        ParameterError: the hours, the calendar or a field cannot be used.
    """
    taken, appeals, fields = _found(work, asked)
    return _dataset(work, asked, taken, appeals, fields)


def newest_calls(work: Workspace, asked: CallsAsked) -> Snapshot | None:
    """The newest snapshot a report on calls can be made from, a run's own included; None without one."""
    host = host_of(work)
    appeals = about_appeals(work, host, asked.appeals, asked.fields)[0]
    needed = {each.entity for each in calls_wanted(appeals)} - _NAMES
    return next(newest_whole(work, host, needed), None)


def calls_report(work: Workspace, asked: CallsAsked) -> CallsReport:
    """The report on calls out of a snapshot; the portal is not asked.

    What a run changed is told by its own snapshots; who was responsible at the time of a call by whatever
    snapshots of the portal there are.

    Raises:
        SnapshotError: no snapshot holds what is needed, or it is damaged.
        ParameterError: the hours, the calendar or a field cannot be used.
        PlanError: there is no such run.
    """
    taken, appeals, fields = _found(work, asked)
    dataset = _dataset(work, asked, taken, appeals, fields)
    before = None
    run = _compared(work, asked, taken.manifest.portal, appeals)
    if run is not None and appeals is not None:
        before = _dataset(work, asked, run.before, appeals, fields)
        run.close()
    clients = dataset.table.dropna(subset=["client_id"]).groupby("client_entity")["client_id"].unique()
    ids = {str(name): [int(each) for each in found] for name, found in clients.items()}
    others = [
        each for each in newest_whole(work, taken.manifest.portal, {"contact"}) if each.digest != taken.digest
    ]
    seen = responsibles_seen(others[:_LOOKED_AT], ids)
    return CallsReport.of(dataset, before=before, seen=seen)


def _found(work: Workspace, asked: CallsAsked) -> tuple[Snapshot, int | None, Mapping[str, str]]:
    """The snapshot, and what is known of the appeals in it."""
    host = host_of(work)
    if asked.snapshot is not None:
        taken = Snapshot.open(asked.snapshot)
        return (taken, *about_appeals(work, taken.manifest.portal, asked.appeals, asked.fields))
    found = newest_calls(work, asked)
    if found is None:
        raise SnapshotError(
            work.root, "holds no snapshot of calls and clients", "Take one: b24kit calls report --fresh"
        )
    return (found, *about_appeals(work, host, asked.appeals, asked.fields))


def _dataset(
    work: Workspace, asked: CallsAsked, taken: Snapshot, appeals: int | None, fields: Mapping[str, str]
) -> CallsDataset:
    language: Language = "en" if (asked.language or work.settings.language) == "en" else "ru"
    missing = _NAMES - set(taken.entities)
    beside = [next(newest_whole(work, taken.manifest.portal, {name}), None) for name in sorted(missing)]
    return CallsDataset.of(
        taken,
        appeals=appeals,
        fields=fields,
        language=language,
        calendar=_calendar(asked, taken),
        beside=[each for each in beside if each is not None],
    )


def _calendar(asked: CallsAsked, taken: Snapshot) -> WorkCalendar:
    strange = sorted(set(asked.calendar) - {"holidays", "worked", "zone"})
    if strange:
        raise ParameterError("calls", "calendar", strange, "are not known", "Known: holidays, worked, zone.")
    zone = portal_zone(taken, asked.calendar.get("zone"))
    days = {name: asked.calendar.get(name) or [] for name in ("holidays", "worked")}
    return WorkCalendar.of(asked.hours, zone, **days)


def about_appeals(
    work: Workspace, host: str | None, appeals: int | None, fields: Mapping[str, str] | None
) -> tuple[int | None, Mapping[str, str]]:
    """Which smart process, and its fields: as given, else as the newest run on appeals was given them.

    Args:
        work: where.
        host: of the portal; None for any.
        appeals, fields: what is known; see `CallsAsked`.
    """
    if appeals is not None and fields is not None:
        return appeals, fields
    for run in reversed(Run.all(work.root, work.clock.now)):
        given = run.facts.parameters
        known = given.get("appeals")
        if (host in (None, run.facts.portal)) and isinstance(known, int) and appeals in (None, known):
            return known, fields if fields is not None else given.get("fields") or {}
    return appeals, fields or {}


def _compared(work: Workspace, asked: CallsAsked, portal: str, appeals: int | None) -> Run | None:
    """The run whose before is shown beside what there is now."""
    if asked.run is not None:
        return find_run(work, asked.run) if asked.run else None
    runs = [each for each in Run.all(work.root, work.clock.now) if each.facts.portal == portal]
    undone = {each.facts.undoes for each in runs if each.state == "verified"}
    for run in reversed(runs):
        facts = run.facts
        made = facts.operation == "backfill_appeals" and facts.parameters.get("appeals") == appeals
        if made and run.id not in undone and run.state == "verified" and len(run.plan.active):
            return run
    return None
