"""Appeals on the developer's portal: set up, made out of six years of calls, proven, taken back."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from toolkit.operations import operation
from toolkit.runs import Plan, Undo

from .conftest import APPEALS, Firm


def test_the_whole_story_and_back(firm: Firm) -> None:
    firm.set_up()
    appeals, links = firm.appeals(), firm.links()

    run = firm.plan("backfill_appeals", **APPEALS)
    counts = firm.carry_out(run)

    assert set(counts) == {"done"}
    assert firm.verify(run).complete
    assert len(firm.plan("backfill_appeals", **APPEALS).plan) == 0
    assert len(firm.plan("attach_calls", **APPEALS).plan) == 0
    assert len(firm.appeals()) > len(appeals)
    assert len(firm.links()) > len(links)
    undo = firm.undo(run)
    assert set(firm.carry_out(undo)) == {"done"}
    assert firm.verify(undo, Undo.of(run)).complete
    assert firm.appeals() == appeals
    assert firm.links() == links


def test_the_truth_of_the_seed_is_found_to_the_call(firm: Firm) -> None:
    firm.set_up()
    run = firm.plan("backfill_appeals", **APPEALS)
    tables = {name: run.before.table(name) for name in run.before.entities}
    rule: Any = operation("backfill_appeals")
    found = rule.accounting(tables, rule.parameters(APPEALS))
    truth = firm.truth()
    created = run.plan.table[run.plan.table["kind"] == "create"]
    client = {
        marker.removeprefix("call:"): json.loads(after)["contactIds"][0]
        for marker, after in zip(created["marker"], created["after"], strict=True)
    }
    first = {
        call: calls[0]
        for calls in (json.loads(after)["ufCrm1Calls"] for after in created["after"])
        for call in calls
    }

    for call in found[found["fate"] != "reported twice"].to_dict("records"):
        said = truth["row", call["row"]] if pd.notna(call["row"]) else truth["activity", call["activity"]]
        known = said["client_by"] in ("link", "activity", "phone")
        if call["fate"] == "create":
            assert known
            assert client[first[call["call"]]] == said["client"]
            assert said["appeal"] is None
        elif call["fate"] == "attach":
            assert call["appeal"] == said["appeal"]
        else:
            assert not known or call["fate"] == "nobody who works there answers for it"


def test_every_call_is_accounted_for(firm: Firm) -> None:
    firm.set_up()
    run = firm.plan("backfill_appeals", **APPEALS)
    tables = {name: run.before.table(name) for name in run.before.entities}
    rule: Any = operation("backfill_appeals")

    found = rule.accounting(tables, rule.parameters(APPEALS))

    lines = set(found["row"].dropna())
    assert lines == set(tables["call"]["ID"])
    assert set(found["activity"].dropna()) == set(tables["activity"]["ID"])
    assert found["fate"].ne("").all()
    left = found[~found["fate"].isin(["create", "attach"])]
    assert len(run.plan.listed) == len(left)


def test_lost_answers_create_no_appeal_twice(firm: Firm) -> None:
    firm.set_up()
    run = firm.plan("backfill_appeals", **APPEALS)
    wanted = int((run.plan.table["kind"] == "create").sum())
    before = len(firm.appeals())
    firm.sandbox.faults.load([{"kind": "lose_answer", "method": "batch", "times": 2}])

    counts = firm.carry_out(run)

    assert counts == {"done": len(run.plan)}
    assert len(firm.appeals()) - before == wanted
    assert firm.verify(run).complete


def test_a_new_process_takes_calls_under_their_own_dates_and_no_robot_is_set_off(firm: Firm) -> None:
    made = firm.plan("provision_appeals", entity_type_id=180)
    firm.carry_out(made)
    run = firm.plan("backfill_appeals", appeals=180)
    methods = len(firm.sandbox.log)

    assert set(firm.carry_out(run)) == {"done"}

    rows = firm.sandbox.store.rows("SELECT CREATED_TIME FROM crm_180 ORDER BY ID")
    moments = [row["CREATED_TIME"] for row in rows]
    assert moments == sorted(moments)
    assert moments[0] < firm.clock.now() - 5 * 365 * 86400
    assert not any("crm.item.add" in noted.executed for noted in list(firm.sandbox.log)[methods:])
    assert firm.verify(run).complete


def test_appeals_travel_by_the_score(firm: Firm) -> None:
    firm.carry_out(firm.plan("provision_appeals", entity_type_id=180))
    run = firm.plan("backfill_appeals", appeals=180)
    table = run.plan.table
    made = int((table["kind"] == "create").sum())
    seen = len(firm.sandbox.log)

    firm.carry_out(run)

    executed = [method for noted in list(firm.sandbox.log)[seen:] for method in noted.executed]
    assert executed.count("crm.item.batchimport") == -(-made // 20)
    assert "crm.item.import" not in executed


def test_one_record_the_portal_refuses_does_not_hold_up_its_neighbours(firm: Firm) -> None:
    firm.set_up()
    run = firm.plan("backfill_appeals", **APPEALS)
    table = run.plan.table.copy()
    at = table.index[table["kind"] == "create"][3]
    table.loc[at, "after"] = table.loc[at, "after"].replace('"createdBy"', '"createdTime": "2099-01-01", "x"')
    run.freeze(Plan(table, run.plan.listed, run.plan.facts))

    counts = firm.carry_out(run)

    told = run.journal.table().set_index("change")
    assert told.loc[table.loc[at, "change"], "state"] == "rejected"
    assert counts["rejected"] == 1
    assert counts["done"] + counts.get("conflict", 0) == len(run.plan) - 1  # its links have nowhere to go


def test_dated_imports_keep_their_order_when_requests_are_lost(firm: Firm) -> None:
    firm.carry_out(firm.plan("provision_appeals", entity_type_id=180))
    run = firm.plan("backfill_appeals", appeals=180)
    firm.sandbox.faults.load([{"kind": "cut_before", "method": "batch", "times": 1}])

    counts = firm.carry_out(run)

    assert counts == {"done": len(run.plan)}
    assert firm.verify(run).complete


def test_a_process_with_appeals_outlives_the_undo_of_its_making(firm: Firm) -> None:
    made = firm.plan("provision_appeals", entity_type_id=180)
    firm.carry_out(made)
    firm.carry_out(firm.plan("backfill_appeals", appeals=180))

    counts = firm.carry_out(firm.undo(made))

    assert counts == {"rejected": 1}
    assert firm.sandbox.store.value("SELECT COUNT(*) FROM crm_180") > 0
