"""Keep two things in step: what changed since the last pass, and only the drift it caused."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from toolkit.errors import PlanError
from toolkit.operations import operation as operation_named
from toolkit.runs import (
    Certificate,
    Policy,
    Run,
)
from toolkit.workflow.approving import approve_by_policy
from toolkit.workflow.carrying_out import carry_out
from toolkit.workflow.planning import planned, unfinished
from toolkit.workflow.rehearsing import rehearse
from toolkit.workflow.since import Mark, changed_since, mark_path
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["keep_in_step"]


def keep_in_step(
    work: Workspace, name: str, given: Mapping[str, Any], policy: Policy, *, until: float | None = None
) -> tuple[Run, Certificate] | None:
    """One pass of a watched operation: what changed since the last pass, and only the drift it caused.

    Args:
        work: where.
        name: of the operation.
        given: its parameters.
        policy: approves, or not.
        until: see `carry_out`.

    Returns:
        The run and its certificate; None when nothing had to be done.

    Raises:
        PlanError: the operation cannot be watched.
        ApprovalNeeded: the policy does not cover the drift; the run waits for a person.
    """
    operation = operation_named(name)
    params = operation.parameters(given)
    watched = operation.watches(params)
    if not watched:
        raise PlanError(name, "cannot be watched", "Run it from time to time instead.")
    waiting = unfinished(work, name, given)
    if waiting is not None and waiting.state in ("applying", "paused", "approved"):
        return waiting, carry_out(work, waiting, canary=0, until=until)
    with connect(work) as portal:
        path = mark_path(work.root, portal.host, name, params)
        last = Mark.read(path)
        mark, changed = changed_since(portal, watched, last)
    if last is None:
        reads = None
    elif all(rows.empty for rows in changed.values()):
        mark.write(path)
        return None
    else:
        reads = operation.narrowed(params, changed)
    run = planned(work, operation, params, reads=reads or operation.reads(params))
    if not len(run.plan.active):
        run.close()
        shutil.rmtree(run.folder, ignore_errors=True)
        mark.write(path)
        return None
    if policy.must_rehearse:
        rehearse(work, run)
    approve_by_policy(work, run, policy)
    certificate = carry_out(work, run, canary=min(policy.canary, len(run.plan.active)), until=until)
    mark.write(path)
    return run, certificate
