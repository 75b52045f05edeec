"""Case files of an operation: tables and parameters in, changes out, and the law.

A case is a JSON file with `tables` (entity to records, as on the wire), `params`, `changes` (kind, entity, id,
before, after, reason), `listed` (entity, id, reason), or `error` instead of the last two.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.errors import ParameterError, PlanError
from toolkit.records import entity, write_snapshot
from toolkit.runs.changes import Changes
from toolkit.runs.law import carried_out
from toolkit.runs.operation import Operation

__all__ = ["broken", "case_tables", "changes_found", "listed_found"]


def case_tables(case: Mapping[str, Any], folder: Path) -> dict[str, pd.DataFrame]:
    """The case's records as a snapshot would give them: typed columns.

    Args:
        case: the file's content.
        folder: where a snapshot may be written.
    """
    records = {name: rows for name, rows in case["tables"].items() if rows}
    snapshot = write_snapshot(records, folder / "snapshot")
    tables = {name: snapshot.table(name) for name in records}
    for name, rows in case["tables"].items():
        if not rows:
            tables[name] = pd.DataFrame(columns=case.get("columns", {}).get(name, [entity(name).id_field]))
    return tables


def changes_found(changes: Changes) -> list[list[Any]]:
    """Changes as a case file has them: kind, entity, id, before, after, reason; without notifications."""
    return [
        [
            row["kind"],
            row["entity"],
            None if pd.isna(row["record_id"]) else int(row["record_id"]),
            json.loads(row["before"]),
            json.loads(row["after"]),
            row["reason"],
        ]
        for row in changes.table.to_dict("records")
        if row["kind"] != "notify"
    ]


def listed_found(changes: Changes) -> list[list[Any]]:
    """What is left to a person, as a case file has it: entity, id (None where there is no record), reason."""
    return [
        [row["entity"], None if pd.isna(row["record_id"]) else int(row["record_id"]), row["reason"]]
        for row in changes.listed.to_dict("records")
    ]


def broken(rule: Operation, path: Path) -> list[str]:
    """What an operation does otherwise than a case file says, in words; empty when it keeps it and the law.

    Raises:
        PlanError: the file is no case.
    """
    try:
        case = json.loads(path.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as folder:
            tables = case_tables(case, Path(folder))
        given, wanted = case["params"], case.get("changes", [])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PlanError(
            path, f"is no case: {type(error).__name__}: {error}", "Compare it with the others."
        ) from error
    try:
        params = rule.parameters(given)
        rule.check(tables, params)
    except ParameterError as error:
        expected = case.get("error")
        if expected is not None and expected in str(error):
            return []
        return [f"stopped: {error}"]
    if "error" in case:
        return [f"did not stop with: {case['error']}"]
    changes = rule.plan(tables, params)
    found = []
    if changes_found(changes) != wanted:
        found.append(f"changes: {json.dumps(changes_found(changes), ensure_ascii=False)}")
    if listed_found(changes) != case.get("listed", []):
        found.append(f"listed: {json.dumps(listed_found(changes), ensure_ascii=False)}")
    again = rule.plan(carried_out(tables, changes), params)
    if not again.table.empty:
        found.append(f"the law: a second plan asks for {len(again.table)} changes more")
    return found
