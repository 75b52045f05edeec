"""From intention to evidence: plan, journal, apply, verify, undo, report.

May import `records`, `matching`, `sheets`, `client` and below. Start reading at `operation` (what a rule is),
then `changes` and `plan` (what it asks for), `apply` (how that is carried out exactly once), `journal` (what
is known about it), `verify` (the proof) and `undo`.
"""

from __future__ import annotations

from toolkit.runs.addressees import Email, Tell
from toolkit.runs.apply import ApplyRules, Progress, apply
from toolkit.runs.canary import check_merged, first_groups
from toolkit.runs.changes import Changes, binds, creates, deletes, listed, notices, rewrites, unbinds, updates
from toolkit.runs.cost import PlanCost, estimate
from toolkit.runs.folder import Run, RunFacts, new_run_id
from toolkit.runs.journal import Journal, Settled
from toolkit.runs.lock import Hold, locked
from toolkit.runs.operation import Operation, OperationParams, Read, Tables, Watch, facts_of
from toolkit.runs.plan import Plan
from toolkit.runs.policy import POLICY_TEMPLATE, Policy, Window, over_share
from toolkit.runs.report import write_report
from toolkit.runs.review import export_review, import_review
from toolkit.runs.undo import Undo, UndoParams
from toolkit.runs.verify import Certificate, check_canary, judge, verify

__all__ = [
    "POLICY_TEMPLATE",
    "ApplyRules",
    "Certificate",
    "Changes",
    "Email",
    "Hold",
    "Journal",
    "Operation",
    "OperationParams",
    "Plan",
    "PlanCost",
    "Policy",
    "Progress",
    "Read",
    "Run",
    "RunFacts",
    "Settled",
    "Tables",
    "Tell",
    "Undo",
    "UndoParams",
    "Watch",
    "Window",
    "apply",
    "binds",
    "check_canary",
    "check_merged",
    "creates",
    "deletes",
    "estimate",
    "export_review",
    "facts_of",
    "first_groups",
    "import_review",
    "judge",
    "listed",
    "locked",
    "new_run_id",
    "notices",
    "over_share",
    "rewrites",
    "unbinds",
    "updates",
    "verify",
    "write_report",
]
