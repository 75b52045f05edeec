"""A run with nobody watching: within a policy, summed up, told to people, and known to the next one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from toolkit.errors import ApprovalNeeded, PlanError, ToolkitError
from toolkit.operations import catalogue
from toolkit.runs import Certificate, Policy, Run, Window
from toolkit.runs.folder import portal_folder
from toolkit.runs.summary import Ledger, Summary, summarise
from toolkit.words import translator
from toolkit.workflow.approving import approve_by_policy
from toolkit.workflow.carrying_out import run_all
from toolkit.workflow.planning import unfinished
from toolkit.workflow.telling import tell_people
from toolkit.workflow.watching import keep_in_step
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["Ended", "check_policy", "compare_zones", "ledger_of", "run_unattended"]

_log = logging.getLogger(__name__)

_QUIET_S = 3600.0  # a watch that finds nothing every minute is noted once an hour


@dataclass(frozen=True)
class Ended:
    """How an unattended run ended.

    Args:
        summary: in a few facts.
        run: None when nothing was planned.
        certificate: None when nothing was written.
        error: what ended it early, or None.
        untold: whom it could not be told, and why.
        exit_code: of all that was done in one go: an unfinished run that was gone on with, and this one.
    """

    summary: Summary
    run: Run | None = None
    certificate: Certificate | None = None
    error: ToolkitError | None = None
    untold: tuple[str, ...] = ()
    exit_code: int = 0


def ledger_of(work: Workspace) -> Ledger:
    """The summaries of the unattended runs of this portal.

    Raises:
        SettingsError: there is no webhook to say which portal.
    """
    with connect(work) as portal:
        return Ledger(portal_folder(work.root, portal.host))


def check_policy(policy: Policy, where: Path | str) -> list[str]:
    """What is odd about a policy though it can be used, in English words; empty when nothing is.

    Raises:
        PlanError: it names an operation that does not exist.
    """
    known = {*catalogue(), "undo"}
    for each in policy.operations:
        if each not in known:
            raise PlanError(
                where,
                f"allows {each!r}, which is not in the catalogue",
                f"Known: {', '.join(sorted(known))}.",
            )
    odd = []
    if not policy.must_rehearse and not policy.canary:
        odd.append("neither a rehearsal nor a canary: the first to notice a mistake would be the portal")
    if policy.window is None:
        odd.append("no window: it may write at any time of the day")
    if policy.max_share > 0.5:
        odd.append("more than half of a table may change in one run")
    if policy.tell is None:
        odd.append("nobody is told when something goes wrong")
    return odd


def run_unattended(
    work: Workspace,
    name: str,
    given: Mapping[str, Any],
    policy: Policy,
    *,
    rehearsing: bool = True,
    watch: bool = False,
    planned: Callable[[Run], None] | None = None,
) -> Ended:
    """One run with nobody watching. First finishes what an earlier one left unfinished, then looks again.

    An unfinished run carries out the plan of its own night. What happened since needs a plan of today.

    Args:
        work: where.
        name: of the operation.
        given: its parameters.
        policy: what it may do.
        rehearsing: rehearse first; a policy that must rehearse refuses what was not.
        watch: only what changed since the last pass, see `keep_in_step`.
        planned: shown the plan before the policy is asked.

    Returns:
        How it ended; deliberate errors end up here, not as exceptions. It was kept in the ledger and told.

    Raises:
        SettingsError: there is no webhook; nothing was begun, and there is no portal whose ledger could say so.
    """
    first = _one(work, name, given, policy, rehearsing, watch, planned)
    if watch or not first.summary.continued or first.exit_code not in (0, 3):
        return first
    second = _one(work, name, given, policy, rehearsing, watch, planned)
    refused = {"conflict", "rejected", "quarantined"} & set(first.summary.states)
    return replace(second, exit_code=second.exit_code or (3 if refused else 0))


def _one(
    work: Workspace,
    name: str,
    given: Mapping[str, Any],
    policy: Policy,
    rehearsing: bool,
    watch: bool,
    planned: Callable[[Run], None] | None,
) -> Ended:
    began = work.clock.now()
    with connect(work) as portal:
        host = portal.host
    night = _Night(work, name, host, Ledger(portal_folder(work.root, host)), began)
    _log.info("%s on %s begins", name, host)
    run: Run | None = None
    certificate: Certificate | None = None
    try:
        rules = night.rules(policy)
        if rules is None:
            return night.ends(policy, outcome="left out")

        def agree(waiting: Run) -> None:
            nonlocal run
            run = waiting
            if planned is not None:
                planned(waiting)
            approve_by_policy(work, waiting, rules)

        night.look_back(given)
        until = began + rules.window.remaining_s(began) if rules.window is not None else None
        if watch:
            passed = keep_in_step(work, name, given, rules, until=until)
            if passed is not None:
                run, certificate = passed
        else:
            run, certificate = run_all(
                work, name, given, agree=agree, rehearsing=rehearsing, canary=rules.canary, until=until
            )
    except ToolkitError as error:
        return night.ends(policy, run=run or night.newest(), error=error)
    except BaseException as error:
        night.ends(policy, run=run or night.newest(), error=error)
        raise
    return night.ends(
        policy, run=run, certificate=certificate, outcome="" if run is not None else "nothing to do"
    )


def compare_zones(work: Workspace, window: Window) -> float | None:
    """By how many hours the portal's clock is ahead of a window's zone; None when they agree.

    Source: api-reference/common/system/server-time.md, read 2026-11-22.
    """
    with connect(work) as portal:
        offset = datetime.fromisoformat(str(portal.call("server.time"))).utcoffset()
    if offset is None:
        return None
    ahead = offset.total_seconds() - window.offset_s(work.clock.now())
    return ahead / 3600 or None


class _Night:
    """What one unattended run knows about itself and those before it."""

    def __init__(self, work: Workspace, name: str, host: str, ledger: Ledger, began: float) -> None:
        self.work, self.name, self.host, self.ledger, self.began = work, name, host, ledger, began
        self.notes: list[str] = []
        self.missed = 0
        self.continued = False
        self._ = translator(work.settings.language)

    def rules(self, policy: Policy) -> Policy | None:
        """The policy to go by; None when this run is to be left out.

        Raises:
            ApprovalNeeded: it is left out, and people want to know.
            PlanError: the policy names an operation that does not exist.
        """
        check_policy(policy, "the policy")
        if self.name not in policy.operations:
            raise ApprovalNeeded(
                f"The policy does not approve: operation {self.name} is not among {', '.join(policy.operations)}.",
                "Add it to operations, or run it by hand.",
            )
        window = policy.window
        if window is None:
            return policy
        last = self.ledger.last(self.name)
        if last is not None:
            self.missed = window.missed(last, self.began)
        if window.remaining_s(self.began) > 0:
            hours = compare_zones(self.work, window)
            if hours is not None:
                self.notes.append(
                    self._("the portal's clock is {0} h from the policy's zone {1}").format(
                        f"{hours:+g}", window.zone
                    )
                )
            return policy
        opens, closes = f"{window.start:%H:%M}", f"{window.end:%H:%M}"
        _log.info("it is outside the window %s to %s %s", opens, closes, window.zone)
        if policy.missed == "late" and self.missed:
            _log.info("%s windows went by without a run: making up for it now", self.missed)
            return policy.model_copy(update={"window": None})
        if policy.missed != "tell":
            return None
        raise ApprovalNeeded(
            f"It is outside the window {opens} to {closes} {window.zone} of the policy, so nothing was begun.",
            "Start it within the window, or say in the policy what to do: missed: skip, or late.",
        )

    def look_back(self, given: Mapping[str, Any]) -> None:
        """Note when this run goes on with one that was stopped or cut off."""
        waiting = unfinished(self.work, self.name, given)
        if waiting is not None:
            paused = waiting.state == "paused"
            self.continued = True
            text = "went on with a paused run" if paused else "went on with a run that was cut off"
            self.notes.append(self._(text))
            waiting.close()

    def newest(self) -> Run | None:
        """The run an error belongs to: the newest of this operation that has a plan and began by now."""
        for run in reversed(Run.all(self.work.root, self.work.clock.now)):
            try:
                facts = run.facts
            except ToolkitError:
                continue
            if facts.portal == self.host and facts.operation == self.name and run.has_plan:
                fresh = datetime.fromisoformat(facts.created).timestamp() >= self.began - 1
                return run if fresh or run.unfinished else None
        return None

    def ends(
        self,
        policy: Policy,
        *,
        run: Run | None = None,
        certificate: Certificate | None = None,
        error: BaseException | None = None,
        outcome: str = "",
    ) -> Ended:
        """Keep and tell how it ended."""
        settings = self.work.settings
        summary = summarise(
            portal=self.host,
            operation=self.name,
            began=self.began,
            ended=self.work.clock.now(),
            run=run,
            certificate=certificate,
            error=error,
            outcome=outcome,
            missed=self.missed,
            notes=self.notes,
            continued=self.continued,
            language=settings.language,
        )
        untold: list[str] = []
        try:
            last = self.ledger.last(self.name) if outcome == "nothing to do" else None
            if last is None or summary.ended - last > _QUIET_S:
                self.ledger.add(summary)
        except ToolkitError as full:  # a full disk must not hide how the run ended
            untold.append(str(full))
            _log.warning("%s", full)
        level = logging.WARNING if summary.trouble else logging.INFO
        _log.log(level, "%s", summary.line("en"))
        if policy.tell is not None:
            untold += tell_people(policy.tell, summary, settings, lambda: connect(self.work))
        return Ended(
            summary,
            run,
            certificate,
            error if isinstance(error, ToolkitError) else None,
            tuple(untold),
            summary.exit_code,
        )
