"""Everyday mode: what arrives is kept, and handed over to an operation, batch by batch, exactly once."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.errors import ApprovalNeeded, ParameterError, PlanError, PortalError, ToolkitError
from toolkit.operations import operation as operation_named
from toolkit.routing import RoutingRefused
from toolkit.runs import Policy, Run
from toolkit.runs.folder import portal_folder
from toolkit.spool import Batch, Source, SourceUnreachable, Spool, TookIn
from toolkit.workflow.approving import objections
from toolkit.workflow.ingest import placed
from toolkit.workflow.unattended import Ended, run_unattended
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["Handed", "Passed", "hand_over", "refuse", "spool_of", "take_in"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Handed:
    """What became of the messages that waited.

    Args:
        done: how many a run has now.
        dead: how many could not be used; the spool keeps them with their reasons.
        runs: ids of the runs that have them.
        waits_for: why the rest still waits; None when nothing does.
        exit_code: the worst of the runs.
        held: why batches are held until a person has decided, and what to do; the others went on.
    """

    done: int = 0
    dead: int = 0
    runs: tuple[str, ...] = ()
    waits_for: ToolkitError | str | None = None
    exit_code: int = 0
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passed:
    """What one look at all sources brought.

    Args:
        took: by each source.
        unreachable: the sources that did not answer.
    """

    took: TookIn = field(default_factory=TookIn)
    unreachable: tuple[SourceUnreachable, ...] = ()


def spool_of(work: Workspace, name: str, label: str = "") -> Spool:
    """The spool in which rows for an operation wait, in the folder of this portal.

    Args:
        work: where.
        name: of the operation.
        label: one spool holds rows of one kind, for one parameter and one system: its name among those of the
            operation. "" for the only one there is.

    Raises:
        SettingsError: there is no webhook to say which portal.
        PlanError: there is no such operation.
        ParameterError: there are several, and none was named.
        StorageError: it cannot be opened.
    """
    operation_named(name)
    with connect(work) as portal:
        folder = portal_folder(work.root, portal.host) / "spool"
    known = sorted(each.stem.removeprefix(f"{name}-") for each in folder.glob(f"{name}-*.sqlite"))
    if not label and len(known) > 1:
        raise ParameterError(
            name,
            "--label",
            "",
            "does not say which of several spools is meant",
            f"There are: {', '.join(known)}.",
        )
    label = label or next(iter(known), "")
    if not re.fullmatch(r"[\w.-]*", label):
        raise ParameterError(
            name, "--label", label, "is no name of a file", "Use letters, digits and dashes."
        )
    return Spool(folder / (f"{name}-{label}.sqlite" if label else f"{name}.sqlite"), work.clock.now)


def take_in(spool: Spool, sources: Sequence[Source]) -> Passed:
    """Look at every source once; one that does not answer keeps nobody else waiting.

    Raises:
        SourceRefused: a source is not what it is said to be.
        StorageError: the spool cannot be written; the sources keep what they have.
    """
    took, unreachable = TookIn(), []
    for source in sources:
        try:
            found = source.take_in(spool)
        except SourceUnreachable as error:
            _log.warning("%s", error)
            unreachable.append(error)
            continue
        took += found
    return Passed(took, tuple(unreachable))


def hand_over(
    work: Workspace,
    spool: Spool,
    name: str,
    given: Mapping[str, Any],
    policy: Policy,
    *,
    rows_as: str,
    most: int = 500,
    rehearsing: bool = True,
    keep_days: float | None = 30.0,
    ended: Callable[[Ended], None] | None = None,
) -> Handed:
    """Hand what waits over to an operation, a batch a run, until nothing waits or the portal cannot take more.

    A batch stays the same until a run has it: after an outage or a crash the very run is gone on with, and
    one that was finished is not begun again. A row the operation refuses is found by halving, and put aside.
    A batch the policy does not approve is held: a person applies its run by hand or refuses it, or the policy
    comes to approve it; meanwhile the others go on, but for what comes after it under the same keys.

    Args:
        work: where.
        spool: of the operation.
        name: of the operation.
        given: its other parameters; what only the portal can tell (see `workflow.ingest.placed`) is filled in.
        policy: what a run may do; outside its window everything waits.
        rows_as: the parameter that takes the rows.
        most: rows of a batch.
        rehearsing: rehearse every run first.
        keep_days: after so many the content of what was handed over is forgotten; None to keep it.
        ended: told how each run ended.

    Raises:
        ParameterError: the operation has no such parameter, or another parameter is wrong; everything waits.
        SpoolInUse: another process is handing over from this spool.
        SettingsError, StorageError: everything waits.
    """
    operation = operation_named(name)
    if rows_as not in operation.Params.model_fields:
        known = ", ".join(sorted(operation.Params.model_fields))
        raise ParameterError(
            name, rows_as, None, "is not known, and rows cannot be given as it", f"Known: {known}."
        )
    handed, filled = Handed(), dict[str, Any]()
    with spool.alone():
        if keep_days is not None:
            spool.prune(work.clock.now() - keep_days * 86400)
        handed = _held_before(work, spool, policy, handed)
        while (batch := spool.take(most)) is not None:
            window = policy.window
            finished = _finished(work, batch)
            if finished:
                spool.done(batch, batch.run)
                handed = _and(handed, done=len(batch.ids), run=batch.run)
                continue
            if window is not None and not window.remaining_s(work.clock.now()):
                handed = _and(handed, waits_for="outside the window of the policy")
                break
            try:
                filled = filled or placed(work, name, given)
            except (PortalError, RoutingRefused) as error:  # the portal is away, or not ready for it yet
                handed = _and(handed, waits_for=error, code=error.exit_code)
                break
            parameters = {**filled, rows_as: list(batch.rows)}
            outcome = _carried(work, spool, batch, name, parameters, policy, rows_as, rehearsing)
            if isinstance(outcome, ParameterError):
                if len(batch.ids) > 1:
                    spool.halve(batch)
                else:
                    spool.dead(batch, outcome.in_words(work.settings.language))
                    handed = _and(handed, dead=1)
                continue
            if ended is not None:
                ended(outcome)
            run = outcome.run
            if isinstance(outcome.error, ApprovalNeeded) and run is not None:
                spool.hold(batch, outcome.error.in_words(work.settings.language))
                handed = _and(handed, code=outcome.exit_code)
                continue
            if outcome.error is not None or run is None or run.unfinished:
                why = outcome.error or outcome.summary.outcome
                handed = _and(handed, waits_for=why, code=outcome.exit_code)
                break
            spool.done(batch, run.id)
            handed = _and(handed, done=len(batch.ids), run=run.id, code=outcome.exit_code)
        held = tuple(reason for _, reason in spool.held())
    return replace(
        handed, held=held, exit_code=max(handed.exit_code, ApprovalNeeded.exit_code if held else 0)
    )


def refuse(spool: Spool, run: str, reason: str) -> int:
    """A person decided against a held batch: its messages are put aside, dead, with that reason.

    Args:
        spool: of the operation.
        run: id of the run that waits for approval.
        reason: for whoever looks at them later.

    Returns:
        How many messages.

    Raises:
        PlanError: no batch is held for this run.
        SpoolInUse: another process is handing over from this spool.
    """
    with spool.alone():
        for batch, _ in spool.held():
            if batch.run == run:
                spool.dead(batch, reason)
                return len(batch.ids)
    raise PlanError(run, "waits for nobody's approval in this spool", "b24kit spool list shows what is held.")


def _held_before(work: Workspace, spool: Spool, policy: Policy, handed: Handed) -> Handed:
    """Look at what was held: carried out by hand meanwhile, agreed to, or approved by the policy of today."""
    for batch, _ in spool.held():
        if _finished(work, batch):
            spool.done(batch, batch.run)
            handed = _and(handed, done=len(batch.ids), run=batch.run)
        elif _agreed(work, batch, policy):
            spool.release(batch)
    return handed


def _agreed(work: Workspace, batch: Batch, policy: Policy) -> bool:
    """Whether a held batch may be tried again: nothing is planned afresh to find out that it may not."""
    try:
        run = Run.find(work.root, batch.run, work.clock.now)
    except PlanError:  # pruned: only a plan of today can tell
        return True
    try:
        return run.unfinished or not objections(work, run, policy)
    finally:
        run.close()


def _carried(
    work: Workspace,
    spool: Spool,
    batch: Batch,
    name: str,
    parameters: Mapping[str, Any],
    policy: Policy,
    rows_as: str,
    rehearsing: bool,
) -> Ended | ParameterError:
    """How the run of a batch ended; a `ParameterError` when its rows cannot be used."""
    try:
        operation_named(name).parameters(parameters)
    except ParameterError as error:
        if _about(error, rows_as):
            return error
        raise

    def planned(run: Run) -> None:
        spool.planned(batch, run.id)

    outcome = run_unattended(work, name, parameters, policy, rehearsing=rehearsing, planned=planned)
    if isinstance(outcome.error, ParameterError):
        if _about(outcome.error, rows_as):
            return outcome.error
        raise outcome.error
    return outcome


def _about(error: ParameterError, rows_as: str) -> bool:
    return error.parameter == rows_as or error.parameter.startswith(rows_as + ".")


def _finished(work: Workspace, batch: Batch) -> bool:
    """Whether the run planned for a batch was finished before anybody could note it in the spool."""
    if not batch.run:
        return False
    try:
        run = Run.find(work.root, batch.run, work.clock.now)
    except PlanError:  # pruned, or never begun
        return False
    try:
        return run.has_plan and run.journal.last("verified") is not None and not run.unfinished
    finally:
        run.close()


def _and(
    handed: Handed,
    *,
    done: int = 0,
    dead: int = 0,
    run: str = "",
    waits_for: ToolkitError | str | None = None,
    code: int = 0,
) -> Handed:
    runs = (*handed.runs, run) if run else handed.runs
    return Handed(handed.done + done, handed.dead + dead, runs, waits_for, max(handed.exit_code, code))
