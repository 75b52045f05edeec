"""What our own runs wrote into deals and calls: nobody has to be told of that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.runs import Run
from toolkit.runs.references import with_ids
from toolkit.workflow.contact_centre.ledger import Seen

__all__ = ["written_since"]

_CELLS: Mapping[str, Mapping[str, str]] = {
    "deal": {"stageId": "stage", "assignedById": "responsible", "comments": "comment"},
    "activity": {"RESPONSIBLE_ID": "responsible", "DESCRIPTION": "comment", "COMPLETED": "result"},
    "call": {"PORTAL_USER_ID": "responsible"},
}
_RESULTS = {"Y": "done", "N": "open"}


def written_since(runs: Iterable[Run], since: float) -> Seen:
    """The cells of deals and calls that runs wrote, as they wrote them last.

    Args:
        runs: of one portal, oldest first.
        since: unix seconds from which on it matters.
    """
    written: list[tuple[float, str, int, dict[str, str]]] = []
    for run in runs:
        if not run.has_plan:
            continue
        journal = run.journal.table()
        done = journal[(journal["state"] == "done") & (journal["settled_at"] >= since)]
        if done.empty:
            continue
        table = run.plan.table
        rows = table[table["kind"].isin(["create", "update"]) & table["entity"].isin(list(_CELLS))]
        rows = with_ids(
            rows.merge(done[["change", "settled_at", "result"]], on="change"), run.journal.results()
        )
        for row in rows.to_dict("records"):
            kind = "request" if row["entity"] == "deal" else "call"
            number, cells = _number(row), _cells(str(row["entity"]), json.loads(str(row["after"])))
            if number and cells:
                written.append((float(row["settled_at"]), kind, number, cells))
    found: Seen = {}
    for _, kind, number, cells in sorted(written, key=lambda each: each[0]):
        found.setdefault((kind, number), {}).update(cells)
    return found


def _number(row: Mapping[Any, Any]) -> int:
    if row["kind"] == "update":
        return int(row["record_id"])
    told = json.loads(row["result"]) if row["result"] else {}
    return int(told.get("activity", told.get("id")) or 0)


def _cells(name: str, after: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for field, ours in _CELLS[name].items():
        if field in after and not isinstance(after[field], dict):
            text = "" if after[field] is None else str(after[field]).strip()
            found[ours] = _RESULTS.get(text, text) if ours == "result" else text
    return found
