"""Write what a plan says, prove it, and tell the employees."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from toolkit.client import Clock, Portal
from toolkit.errors import ApprovalNeeded, CanaryFailed, Paused
from toolkit.runs import (
    ApplyRules,
    Certificate,
    Run,
    Window,
    apply,
    check_canary,
    check_merged,
    estimate,
    first_groups,
    locked,
    verify,
)
from toolkit.workflow.contact_centre.loaded import learn_from
from toolkit.workflow.planning import plan, unfinished
from toolkit.workflow.rehearsing import rehearse
from toolkit.workflow.workspace import Workspace, connect, operation_of

__all__ = ["carry_out", "carry_out_in_windows", "check", "run_all"]


def carry_out(
    work: Workspace, run: Run, *, canary: int = 0, notify: bool = True, until: float | None = None
) -> Certificate:
    """Write what the plan says, prove it, and tell the employees. Continues where it stopped.

    Args:
        work: where.
        run: an approved run.
        canary: changes, or whole groups of merged cards, written and re-read before the rest; 0 for none.
        notify: send the plan's notifications after a clean certificate.
        until: unix seconds at which writing pauses (the end of a window); None for never.

    Raises:
        ApprovalNeeded: nobody agreed to exactly this plan.
        LockedByAnother: another run writes the same entity types.
        Paused: stopped on request, or the window closed; resume later.
        CanaryFailed: the first changes brought about something nobody meant.
        AccessRefused, BreakerOpen, StorageError: stopped; nothing is lost; resume later.
    """
    approval = run.journal.last("approved")
    if approval is None or approval["plan"] != run.plan.id:
        raise ApprovalNeeded(
            f"Nobody agreed to the plan of run {run.id} yet.", f"Approve it: b24kit apply {run.id}"
        )
    operation, params = operation_of(work, run)
    active = run.plan.active
    entities = sorted(set(active.loc[active["kind"] != "notify", "entity"])) or ["user"]
    rules = ApplyRules(fence_s=work.settings.fence_s)
    with (
        locked(work.settings.state_dir, run.facts.portal, entities, run.id, work.clock.now) as hold,
        connect(work, run) as portal,
        _interruptible(portal),
        work.follow(portal, estimate(run.plan, run.before, portal.cost)),
    ):
        for name, other in hold.superseded.items():
            run.journal.event("superseded", entity=name, run=other)
        with _closing(portal, work.clock, until):
            if canary and run.journal.last("canary") is None:
                groups = first_groups(run.plan, canary)
                first = ApplyRules(fence_s=rules.fence_s, limit=None if groups else canary, only=groups)
                apply(run, portal, work.clock, first, beat=hold.beat)
                cells = [*check_canary(run, portal, work.clock), *check_merged(run, portal, work.clock)]
                if cells:
                    run.journal.event("canary", clean=False, cells=cells)
                    raise CanaryFailed(run.facts.portal, run.id, canary, cells)
                run.journal.event("canary", clean=True, changes=len(groups or ()) or canary)
            apply(run, portal, work.clock, rules, beat=hold.beat, progress=work.show)
        if run.state != "verified":
            run.journal.event("applied", **run.journal.counts())
        certificate = verify(run, operation, params, portal, work.clock, progress=work.show_reading)
        if notify and certificate.clean:
            apply(run, portal, work.clock, ApplyRules(fence_s=rules.fence_s, notify=True), beat=hold.beat)
            run.journal.event("told")
    learn_from(work, run)
    return certificate


def carry_out_in_windows(
    work: Workspace, run: Run, window: Window, *, canary: int = 0, notify: bool = True
) -> Certificate:
    """As `carry_out`, spread over as many windows as it takes: pauses when one closes, goes on in the next.

    Args:
        work: where; its clock waits for the next window.
        run: an approved run.
        window: when writing is allowed.
        canary, notify: see `carry_out`.

    Raises:
        Paused: stopped on request; resume later.
        As `carry_out`.
    """
    while True:
        wait_s = window.opens_in_s(work.clock.now())
        if wait_s:
            run.journal.event("waiting", seconds=wait_s)
            work.clock.sleep(wait_s)
        until = work.clock.now() + window.remaining_s(work.clock.now())
        try:
            return carry_out(work, run, canary=canary, notify=notify, until=until)
        except Paused:
            if work.clock.now() < until:
                raise


def check(work: Workspace, run: Run) -> Certificate:
    """Read the scope of a run again and judge it, whenever somebody wants to know."""
    operation, params = operation_of(work, run)
    with connect(work, run) as portal:
        return verify(run, operation, params, portal, work.clock, progress=work.show_reading)


def run_all(
    work: Workspace,
    name: str,
    given: Mapping[str, Any],
    *,
    agree: Callable[[Run], None],
    rehearsing: bool = True,
    canary: int = 10,
    until: float | None = None,
) -> tuple[Run, Certificate | None]:
    """The whole river: plan (or the unfinished run), rehearse, agree, carry out.

    Args:
        agree: approves the run, or raises `ApprovalNeeded`.
        rehearsing: rehearse first.
        canary: see `carry_out`.
        until: see `carry_out`.

    Returns:
        The run, and its certificate; None when there was nothing to do.
    """
    run = unfinished(work, name, given) or plan(work, name, given)
    if not len(run.plan.active):
        return run, None
    if rehearsing and run.journal.last("rehearsed") is None and run.state == "planned":
        rehearse(work, run)
    if run.state in ("planned", "rehearsed"):
        agree(run)
    return run, carry_out(work, run, canary=canary, until=until)


@contextmanager
def _interruptible(portal: Portal) -> Iterator[None]:
    """Ctrl-C and SIGTERM let the request in flight finish, then pause."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        portal.stop()

    kept = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def _closing(portal: Portal, clock: Clock, until: float | None) -> Iterator[None]:
    """Pause when the window closes: looked at after every request. What is read to prove it may come later."""
    if until is None:
        yield
        return
    kept = portal.on_request
    closed = False

    def looked(note: Any) -> None:
        nonlocal closed
        if kept is not None:
            kept(note)
        if clock.now() >= until and not portal.stopping:
            closed = True
            portal.stop()

    portal.on_request = looked
    try:
        yield
    finally:
        portal.on_request = kept
        if closed:  # a wish to stop that came from elsewhere stays
            portal.resume()
