"""Where a person works: the portal, the folder of runs, the clock."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx

from toolkit.client import Clock, Governor, Portal, SystemClock
from toolkit.errors import PlanError
from toolkit.operations import operation as operation_named
from toolkit.runs import (
    Operation,
    PlanCost,
    Progress,
    Run,
    Undo,
)
from toolkit.runs.desk import Desk
from toolkit.settings import Settings

__all__ = ["Workspace", "connect", "find_run", "operation_of", "toolkit_version", "whoever"]


def _silent(_: Progress) -> None:
    return None


def _unfollowed(_portal: Portal, _cost: PlanCost) -> AbstractContextManager[Any]:
    return nullcontext()


@dataclass(frozen=True)
class Workspace:
    """Where a person works: the portal, the folder of runs, the clock.

    Args:
        settings: see `toolkit.settings`.
        clock: the machine's own, or a simulated one.
        transport: a portal inside this process; None for the network.
        governor: paces instead of the one the settings imply.
        show: told how far apply is.
        show_reading: told the entity and the number of records read so far.
        follow: told, for as long as a run is written and proven, whom to ask what holds it back, and what
            it was thought to cost.
    """

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    transport: httpx.BaseTransport | None = None
    governor: Governor | None = None
    show: Callable[[Progress], None] = _silent
    show_reading: Callable[[str, int], None] | None = None
    follow: Callable[[Portal, PlanCost], AbstractContextManager[Any]] = _unfollowed

    @property
    def root(self) -> Path:
        """The folder of runs and snapshots."""
        return self.settings.snapshots


def connect(work: Workspace, run: Run | None = None) -> Portal:
    """The portal; its requests are noted in the run's journal when there is one.

    Raises:
        SettingsError: no webhook.
        PlanError: the run belongs to another portal.
    """
    portal = Portal.connect(work.settings, clock=work.clock, transport=work.transport, governor=work.governor)
    if run is not None:
        if portal.host != run.facts.portal:
            raise PlanError(
                f"run {run.id}",
                f"belongs to {run.facts.portal}, but the settings lead to {portal.host}",
                "Set B24_WEBHOOK to the right portal.",
            )
        portal.on_request = run.journal.request
    return portal


def find_run(work: Workspace, name: str) -> Run:
    """A run by its id or the beginning of it; `last` is the newest.

    Raises:
        PlanError: none, or several.
    """
    if name == "last":
        runs = Run.all(work.root, work.clock.now)
        if not runs:
            raise PlanError(work.root, "holds no run", "Begin with: b24kit plan")
        return runs[-1]
    return Run.find(work.root, name, work.clock.now)


def operation_of(work: Workspace, run: Run) -> tuple[Operation, Any]:
    """The operation of a run, and its parameters as it was given them."""
    if run.facts.undoes:
        undo = Undo.of(find_run(work, run.facts.undoes), besides=run.id)
        return undo, undo.parameters(run.facts.parameters)
    operation = Desk() if run.facts.operation == Desk.name else operation_named(run.facts.operation)
    return operation, operation.parameters(run.facts.parameters)


def whoever() -> str:
    """Who sits here, as this machine knows them; "" when it does not."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for the user id, as in some containers
        return ""


def toolkit_version() -> str:
    """Version of the installed distribution; "" when run from a bare checkout."""
    try:
        return version("b24kit")
    except PackageNotFoundError:  # run from a checkout
        return ""
