"""Every operation against its case files: tables and parameters in, changes out, and the law."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.errors import ParameterError
from toolkit.operations import catalogue, operation
from toolkit.runs.cases import case_tables, changes_found, listed_found
from toolkit.runs.law import carried_out

CASES = sorted((Path(__file__).parent / "cases").glob("*/*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_case(path: Path, tmp_path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    rule = operation(path.parent.name)
    tables = case_tables(case, tmp_path)
    if "error" in case:
        with pytest.raises(ParameterError, match=case["error"]):
            rule.check(tables, rule.parameters(case["params"]))
        return
    params = rule.parameters(case["params"])
    rule.check(tables, params)

    changes = rule.plan(tables, params)

    assert changes_found(changes) == case["changes"]
    assert listed_found(changes) == case["listed"]
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
