"""Who agrees to a plan: a person who types it, or a policy within its caps."""

from __future__ import annotations

from toolkit.errors import ApprovalNeeded, PlanError
from toolkit.runs import (
    Policy,
    Run,
    over_share,
)
from toolkit.workflow.workspace import Workspace, whoever

__all__ = ["approve", "approve_by_policy", "objections"]


def approve(run: Run, *, portal: str, count: int, max_share: float | None = None) -> None:
    """A person agrees to a plan, by naming the portal and the number of changes.

    Raises:
        ApprovalNeeded: what was typed is not what the plan says, or the plan touches more than allowed.
    """
    wanted = len(run.plan.active)
    if portal.strip().lower() != run.facts.portal.lower() or count != wanted:
        raise ApprovalNeeded(
            f"The approval does not fit: the plan makes {wanted} changes on {run.facts.portal}.",
            "Type exactly these two.",
        )
    if max_share is not None:
        against = over_share(run.plan, _sizes(run), max_share)
        if against:
            raise ApprovalNeeded(
                f"The plan is too large: {'; '.join(against)}.", "Narrow it, or raise --max-share."
            )
    run.journal.event("approved", by="person", who=whoever(), plan=run.plan.id)


def approve_by_policy(work: Workspace, run: Run, policy: Policy) -> None:
    """A policy agrees to a plan, or says why not.

    Raises:
        ApprovalNeeded: the policy does not cover it; nothing was written.
    """
    against = objections(work, run, policy)
    if against:
        raise ApprovalNeeded(
            f"The policy does not approve run {run.id}: {'; '.join(against)}.",
            f"Look at it and approve it by hand: b24kit apply {run.id}",
        )
    run.journal.event("approved", by="policy", plan=run.plan.id)


def objections(work: Workspace, run: Run, policy: Policy) -> list[str]:
    """Why a policy does not agree to a plan now, in English words; empty when it does."""
    against = policy.objections(
        run.facts.operation, run.plan, _sizes(run), done_today=_done_today(work, run), now=work.clock.now()
    )
    if policy.must_rehearse:
        rehearsed = run.journal.last("rehearsed")
        if rehearsed is None:
            against.append("it was not rehearsed")
        elif not rehearsed["clean"]:
            against.append("its rehearsal was not clean")
    return against


def _sizes(run: Run) -> dict[str, int]:
    before = run.before
    return {name: before.count(name) for name in before.entities}


def _done_today(work: Workspace, run: Run) -> int:
    """Changes of the last 24 hours to which nobody but a policy agreed; messages do not count, as in one run."""
    since = work.clock.now() - 86400
    total = 0
    for each in Run.all(work.root, work.clock.now):
        if each.id != run.id and each.facts.portal == run.facts.portal and each.has_plan:
            approved = each.journal.last("approved")
            if approved is not None and approved["by"] == "policy":
                table = each.journal.table()
                done = set(table.loc[(table["state"] == "done") & (table["settled_at"] > since), "change"])
                total += len(done - _messages(each)) if done else 0
            each.close()
    return total


def _messages(run: Run) -> set[int]:
    try:
        table = run.plan.table
    except PlanError:  # an edited plan of yesterday must not stop tonight: all of it counts
        return set()
    return set(table.loc[table["kind"] == "notify", "change"])
