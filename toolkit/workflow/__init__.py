"""One function per verb: what notebooks, the admin's page and the command line all call.

    plan ──▶ rehearse ──▶ approve ──▶ carry_out (apply, verify, tell the employees) ──▶ undo = another plan

Each takes a `Workspace` (settings, clock, where to show progress) and a run, and leaves its evidence in the
run's folder. Nothing here decides anything about records: that is what operations are for.
May import everything below; the only room, with the command line, that opens the sandbox. Start reading at
`carrying_out`.
"""

from __future__ import annotations

from toolkit.routing.difference import routing_diff
from toolkit.workflow.appeals import appeals_drift, appeals_proposal, appeals_standing
from toolkit.workflow.approving import approve, approve_by_policy
from toolkit.workflow.blaming import Blame, Given, blame
from toolkit.workflow.calls import CallsAsked, calls_dataset, calls_report, calls_snapshot, newest_calls
from toolkit.workflow.carrying_out import carry_out, carry_out_in_windows, check, run_all
from toolkit.workflow.clients import alias, aliases_now, client_index, match
from toolkit.workflow.doctor import Finding, doctor
from toolkit.workflow.health import health, health_snapshot, health_snapshots
from toolkit.workflow.planning import cost_of, plan, plan_undo, same_order, unfinished
from toolkit.workflow.rehearsing import Rehearsal, rehearse
from toolkit.workflow.reviewing import (
    allowed,
    choose,
    explain,
    is_review,
    kept_decisions,
    offered,
    review_in,
    review_out,
)
from toolkit.workflow.routing import (
    plan_publishing,
    publications,
    published_routing,
    reroute_parameters,
    routing_facts,
    routing_history,
    routing_process,
    routing_taken_back,
    simulate_routing,
)
from toolkit.workflow.sandboxes import Order, running_sandboxes, serve_sandbox, tell_sandbox
from toolkit.workflow.snapshots import snapshot
from toolkit.workflow.unattended import Ended, check_policy, compare_zones, ledger_of, run_unattended
from toolkit.workflow.watching import keep_in_step
from toolkit.workflow.workspace import Workspace, connect, find_run, operation_of

__all__ = [
    "Blame",
    "CallsAsked",
    "Ended",
    "Finding",
    "Given",
    "Order",
    "Rehearsal",
    "Workspace",
    "alias",
    "aliases_now",
    "allowed",
    "appeals_drift",
    "appeals_proposal",
    "appeals_standing",
    "approve",
    "approve_by_policy",
    "blame",
    "calls_dataset",
    "calls_report",
    "calls_snapshot",
    "carry_out",
    "carry_out_in_windows",
    "check",
    "check_policy",
    "choose",
    "client_index",
    "compare_zones",
    "connect",
    "cost_of",
    "doctor",
    "explain",
    "find_run",
    "health",
    "health_snapshot",
    "health_snapshots",
    "is_review",
    "keep_in_step",
    "kept_decisions",
    "ledger_of",
    "match",
    "newest_calls",
    "offered",
    "operation_of",
    "plan",
    "plan_publishing",
    "plan_undo",
    "publications",
    "published_routing",
    "rehearse",
    "reroute_parameters",
    "review_in",
    "review_out",
    "routing_diff",
    "routing_facts",
    "routing_history",
    "routing_process",
    "routing_taken_back",
    "run_all",
    "run_unattended",
    "running_sandboxes",
    "same_order",
    "serve_sandbox",
    "simulate_routing",
    "snapshot",
    "tell_sandbox",
    "unfinished",
]
