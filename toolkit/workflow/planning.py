"""From a portal to a frozen plan, and what it will cost. Nothing is written on the portal."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from toolkit.operations import operation as operation_named
from toolkit.operations.deduplicate import DeduplicateParams
from toolkit.operations.load_contact_centre import LoadContactCentreParams
from toolkit.records import take_snapshot
from toolkit.runs import (
    Operation,
    Plan,
    PlanCost,
    Run,
    RunFacts,
    Undo,
    estimate,
    facts_of,
    new_run_id,
)
from toolkit.runs.call_media import MediaParams, gone_recordings
from toolkit.workflow.contact_centre.known import with_known, without_addresses
from toolkit.workflow.reviewing import with_decisions
from toolkit.workflow.workspace import Workspace, connect, toolkit_version

__all__ = ["cost_of", "plan", "plan_undo", "planned", "same_order", "unfinished"]


def plan(work: Workspace, name: str, given: Mapping[str, Any]) -> Run:
    """Take the snapshot an operation needs and freeze its plan. Nothing is written on the portal.

    Args:
        work: where.
        name: of the operation.
        given: its parameters.

    Returns:
        The run; `run.plan` is empty when there is nothing to do.

    Raises:
        ParameterError: a parameter is unknown, of the wrong type, or names what the portal does not have;
            nothing is left behind.
        PortalError, IncompleteRead, StorageError: reading failed; nothing is left behind.
    """
    operation = operation_named(name)
    params = operation.parameters(given)
    if isinstance(params, DeduplicateParams):
        with connect(work) as portal:
            params = with_decisions(work, params, portal.host)
            if params.processes is None:
                kinds = [int(each["entityTypeId"]) for page in portal.list("crm.type.list") for each in page]
                params = params.model_copy(update={"processes": sorted(kinds)})
    return planned(work, operation, params)


def plan_undo(
    work: Workspace, run: Run, *, records: Sequence[int] | None = None, changes: Sequence[int] | None = None
) -> Run:
    """Freeze the plan that takes a run back, or chosen records or changes of it.

    Raises:
        PlanError: the run changed nothing, or changes of it have not been looked up yet.
    """
    operation = Undo.of(run)
    params = operation.parameters(
        {
            "run": run.id,
            "records": list(records) if records else None,
            "changes": list(changes) if changes else None,
        }
    )
    return planned(work, operation, params, undoes=run.id)


def planned(
    work: Workspace,
    operation: Operation,
    params: Any,
    *,
    reads: Mapping[str, Any] | None = None,
    undoes: str = "",
) -> Run:
    """Take a snapshot and freeze an operation's plan on it, whatever the operation came from.

    Args:
        work: where.
        operation: the rule.
        params: its parameters, typed.
        reads: what to read instead of everything it declares; the empty-scope check is then left out.
        undoes: id of the run it takes back.

    Raises:
        As `plan`.
    """
    with connect(work) as portal:
        if isinstance(params, MediaParams):
            params = _without_what_is_gone(work, params, portal.host)
        if isinstance(params, LoadContactCentreParams):
            params = with_known(work, params, portal)
        facts = RunFacts(
            run=new_run_id(work.clock.now(), operation.name),
            operation=operation.name,
            parameters=params.model_dump(mode="json"),
            portal=portal.host,
            created=datetime.fromtimestamp(work.clock.now(), UTC).isoformat(timespec="seconds"),
            toolkit=toolkit_version(),
            reads=facts_of(reads or operation.reads(params)),
            undoes=undoes,
            title=dict(operation.title),
            undo=dict(operation.undo),
        )
        run = Run.create(work.root, facts, work.clock.now)
        try:
            portal.on_request = run.journal.request
            before = take_snapshot(
                portal, run.wanted, run.folder / "before", clock=work.clock, progress=work.show_reading
            )
            tables = {each: before.table(each) for each in before.entities}
            if reads is None:
                operation.check(tables, params)
            changes = operation.plan(tables, params)
            del tables  # half a million calls weigh as much as the plan made of them
            run.freeze(
                Plan.freeze(
                    changes,
                    {
                        "operation": operation.name,
                        "parameters": without_addresses(facts.parameters),
                        "snapshot": before.digest,
                    },
                )
            )
        except BaseException:
            run.close()
            shutil.rmtree(run.folder, ignore_errors=True)
            raise
    return run


def _without_what_is_gone(work: Workspace, params: MediaParams, portal: str) -> MediaParams:
    """The parameters, with the recordings earlier runs on the portal could not have."""
    if params.recordings != "copy" or params.retry_recordings:
        return params
    runs = [
        run
        for run in Run.all(work.root, work.clock.now)
        if run.facts.portal == portal and not run.facts.rehearses
    ]
    try:
        found = gone_recordings(runs, params.recording_most_mb)
    finally:
        for run in runs:
            run.close()
    return params.model_copy(update={"recordings_gone": sorted({*params.recordings_gone, *found})})


def unfinished(work: Workspace, name: str, given: Mapping[str, Any]) -> Run | None:
    """The run of this operation with these parameters that has begun and is not over, or None."""
    parameters = operation_named(name).parameters(given).model_dump(mode="json")
    with connect(work) as portal:
        host = portal.host
    for run in reversed(Run.all(work.root, work.clock.now)):
        facts = run.facts
        if (
            facts.portal == host
            and facts.operation == name
            and same_order(name, facts.parameters, parameters)
            and run.unfinished
        ):
            return run
    return None


def same_order(name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two sets of parameters ask for the same: apart from what is filled in from people's words.

    Args:
        name: of the operation.
        one, other: parameters in JSON types, complete.
    """
    left_out = operation_named(name).filled_in
    names = (one.keys() | other.keys()) - left_out
    return all(one.get(each) == other.get(each) for each in names)


def cost_of(work: Workspace, run: Run, *, window_s: float | None = None) -> PlanCost:
    """What a run will cost, by what the portal has shown so far."""
    with connect(work) as portal:
        return estimate(run.plan, run.before, portal.cost, window_s=window_s)
