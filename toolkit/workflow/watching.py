"""Keep two things in step: what changed since the last pass, and only the drift it caused."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.client import Command, Portal
from toolkit.errors import PlanError, ToolkitError
from toolkit.operations import operation as operation_named
from toolkit.records import entity
from toolkit.runs import (
    Certificate,
    Policy,
    Run,
)
from toolkit.workflow.approving import approve_by_policy
from toolkit.workflow.carrying_out import carry_out
from toolkit.workflow.planning import planned, unfinished
from toolkit.workflow.rehearsing import rehearse
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["keep_in_step"]


_OVERLAP_S = 120.0  # the portal keeps whole seconds, and a record may be saved while another is read


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
        mark = work.root / portal.host.replace(":", "_") / f"watch-{name}-{_key(params)}.json"
        since = json.loads(mark.read_text())["since"] if mark.exists() else None
        now, changed = _changed(portal, watched, since)
    if since is None:
        reads = None
    elif all(not rows for rows in changed.values()):
        _write_mark(mark, now)
        return None
    else:
        reads = operation.narrowed(params, _frames(changed, watched))
    run = planned(work, operation, params, reads=reads or operation.reads(params))
    if not len(run.plan.active):
        run.close()
        shutil.rmtree(run.folder, ignore_errors=True)
        _write_mark(mark, now)
        return None
    if policy.must_rehearse:
        rehearse(work, run)
    approve_by_policy(work, run, policy)
    certificate = carry_out(work, run, canary=min(policy.canary, len(run.plan.active)), until=until)
    _write_mark(mark, now)
    return run, certificate


def _changed(
    portal: Portal, watched: Mapping[str, Sequence[str]], since: str | None
) -> tuple[str, dict[str, list[dict[str, Any]]]]:
    """The portal's time, and the records saved since then with an overlap: one request when there are few."""
    if since is None:
        return str(portal.call("server.time")), {name: [] for name in watched}
    earlier = datetime.fromtimestamp(datetime.fromisoformat(since).timestamp() - _OVERLAP_S, UTC)
    commands = [Command("server.time")]
    for name, fields in watched.items():
        kind = entity(name)
        params = kind.list_params(fields, {">=updatedTime": earlier.isoformat(timespec="seconds")})
        commands.append(Command(kind.list_method, {**params, "order": {"id": "ASC"}, "start": -1}))
    outcomes = portal.send(commands)
    lost = next((each for each in outcomes if each.state != "done"), None)
    if lost is not None:
        raise ToolkitError(
            f"{portal.host} could not say what changed: {lost.code} {lost.message}. Try again later."
        )
    changed: dict[str, list[dict[str, Any]]] = {}
    for command, outcome, name in zip(commands[1:], outcomes[1:], watched, strict=True):
        rows = list(outcome.result["items"])
        if len(rows) == 50:
            listing = {key: value for key, value in command.params.items() if key not in ("order", "start")}
            rows = [row for page in portal.list(command.method, listing) for row in page]
        changed[name] = rows
    return str(outcomes[0].result), changed


def _frames(
    changed: Mapping[str, list[dict[str, Any]]], watched: Mapping[str, Sequence[str]]
) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows, columns=list(watched[name])) for name, rows in changed.items()}


def _key(params: Any) -> str:
    return hashlib.sha256(params.model_dump_json().encode()).hexdigest()[:8]


def _write_mark(path: Path, since: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"since": since}))
    fresh.replace(path)
