"""Every operation against its case files: tables and parameters in, changes out, and the law."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from toolkit.errors import ParameterError
from toolkit.operations import catalogue, operation
from toolkit.records import entity, write_snapshot

from .law import carried_out

CASES = sorted((Path(__file__).parent / "cases").glob("*/*.json"))


def tables_of(case: dict[str, Any], folder: Path) -> dict[str, pd.DataFrame]:
    """The case's records as a snapshot would give them: typed columns."""
    records = {name: rows for name, rows in case["tables"].items() if rows}
    snapshot = write_snapshot(records, folder / "snapshot")
    tables = {name: snapshot.table(name) for name in records}
    for name, rows in case["tables"].items():
        if not rows:
            tables[name] = pd.DataFrame(columns=case.get("columns", {}).get(name, [entity(name).id_field]))
    return tables


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_case(path: Path, tmp_path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    rule = operation(path.parent.name)
    tables = tables_of(case, tmp_path)
    if "error" in case:
        with pytest.raises(ParameterError, match=case["error"]):
            rule.check(tables, rule.parameters(case["params"]))
        return
    params = rule.parameters(case["params"])
    rule.check(tables, params)

    changes = rule.plan(tables, params)

    found = [
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
    assert found == case["changes"]
    assert [
        [row["entity"], int(row["record_id"]), row["reason"]] for row in changes.listed.to_dict("records")
    ] == case["listed"]
    again = rule.plan(carried_out(tables, changes), params)
    assert again.table.empty, "the law: a second plan asks for nothing"


def test_every_operation_has_cases() -> None:
    assert {path.parent.name for path in CASES} == set(catalogue())


def test_every_operation_says_what_it_does_in_both_languages() -> None:
    for kind in catalogue().values():
        assert set(kind.title) == set(kind.undo) == {"en", "ru"}
        assert kind.__doc__
        assert kind.Params.__doc__


def test_an_unknown_parameter_stops_and_names_the_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"winer.*is not known.*winner"):
        operation("reassign_contacts").parameters({"winer": "newest"})
