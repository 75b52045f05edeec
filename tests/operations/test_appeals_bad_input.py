"""Calls as portals really hold them: each ends in an appeal or on the list, with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.operations import operation
from toolkit.records import write_snapshot
from toolkit.runs import Plan, Undo

from .conftest import APPEALS, Firm
from .law import carried_out

PERSON: dict[str, Any] = {"assignedById": 2, "companyId": None}
CARDS: dict[str, list[dict[str, Any]]] = {
    "contact": [
        {"id": card, **PERSON, "fm": [{"id": card, "typeId": "PHONE", "valueType": "WORK", "value": number}]}
        for card, number in (
            (1, "+79031234501"),
            (2, "8 903 123-45-02"),
            (3, "+79031234503"),
            (4, "+79031234503"),
        )
    ],
    "user": [
        {
            "ID": str(each),
            "ACTIVE": each != 3,
            "NAME": "N",
            "LAST_NAME": "L",
            "EMAIL": "",
            "UF_DEPARTMENT": [1],
        }
        for each in (1, 2, 3)
    ],
    "item:177": [
        {
            "id": 1,
            "title": "A",
            "contactId": 1,
            "contactIds": [1],
            "companyId": 0,
            "assignedById": 2,
            "createdTime": "2026-03-02T10:10:00+03:00",
            "xmlId": "by hand",
            "parentId2": 0,
            "ufCrm1Calls": ["held"],
            "ufCrm1Duration": 5,
        }
    ],
}
COLUMNS = {
    "activity": ["ID", "TYPE_ID"],
    "company": ["id", "fm"],
    "deal": ["id", "contactId", "assignedById", "createdTime", "closed", "categoryId"],
}

lines = st.lists(
    st.fixed_dictionaries(
        {
            "CALL_ID": st.sampled_from(["a", "b", "c", "held", ""]) | st.uuids().map(str),
            "CALL_TYPE": st.sampled_from(["1", "2", "3", "4", "5", None]),
            "CALL_START_DATE": st.sampled_from([None, "2031-01-01T00:00:00+03:00"])
            | st.integers(0, 180).map(
                lambda minute: f"2026-03-02T{9 + minute // 60:02}:{minute % 60:02}:00+03:00"
            ),
            "CALL_DURATION": st.sampled_from([None, "-1", "0", "30", "86401"]),
            "CALL_FAILED_CODE": st.sampled_from(["200", "304", "603-S", "OTHER", None]),
            "PORTAL_USER_ID": st.sampled_from(["1", "2", "3", "0", None]),
            "PHONE_NUMBER": st.sampled_from(
                [
                    "+79031234501",
                    "89031234502",
                    "79031234503",
                    "+79031234599",
                    "112",
                    "",
                    None,
                    "+79999999999",
                ]
            ),
            "CRM_ENTITY_TYPE": st.sampled_from(["CONTACT", "COMPANY", "LEAD", None]),
            "CRM_ENTITY_ID": st.sampled_from(["1", "2", "0", "77", None]),
        }
    ),
    min_size=1,
    max_size=12,
)


def tables_of(rows: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    calls = [
        {"ID": str(at), "PORTAL_NUMBER": "reg1", "CRM_ACTIVITY_ID": None, "RECORD_FILE_ID": None, **row}
        for at, row in enumerate(rows, start=1)
    ]
    with TemporaryDirectory() as place:
        snapshot = write_snapshot({"call": calls, **CARDS}, Path(place) / "snapshot")
        tables = {name: snapshot.table(name) for name in ("call", *CARDS)}
    tables["call"].attrs["read_at"] = "2026-06-01T00:00:00+00:00"
    return {**tables, **{name: pd.DataFrame(columns=columns) for name, columns in COLUMNS.items()}}


@given(rows=lines, unknown=st.sampled_from(["list", "contacts"]), window=st.sampled_from([0, 900]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_call_of_the_period_is_accounted_for(
    rows: list[dict[str, Any]], unknown: str, window: int
) -> None:
    tables = tables_of(rows)
    rule: Any = operation("backfill_appeals")
    params = rule.parameters({"appeals": 177, "unknown": unknown, "window_s": window})

    changes = rule.plan(tables, params)

    created = [json.loads(row) for row in changes.table.loc[changes.table["kind"] == "create", "after"]]
    new = [call for each in created for call in each.get("ufCrm1Calls", [])]
    updated = [
        json.loads(row)["ufCrm1Calls"]
        for row in changes.table.loc[changes.table["kind"] == "update", "after"]
    ]
    attached = [call for each in updated for call in each if call != "held"]
    held = (
        sum(1 for row in rows[:] if row["CALL_ID"] == "held") > 0 and "in its appeal already" in changes.tally
    )
    assert sum(changes.tally.values()) == len(rows)
    assert len(new) + len(attached) + len(changes.listed) + held == len(rows)
    assert len({*new, *attached}) == len(new) + len(attached)
    assert changes.listed["reason"].ne("").all()
    assert all(each["assignedById"] in (1, 2) for each in created)
    assert not any(each.get("createdTime", "2026") > "2026-06" for each in created)
    Plan.freeze(changes, {"operation": rule.name})
    assert rule.plan(carried_out(tables, changes), params).table.empty


def test_a_call_in_the_future_is_listed_and_dates_no_appeal(firm: Firm) -> None:
    firm.set_up()
    line = firm.sandbox.store.value("SELECT MAX(ID) FROM call_statistic")
    firm.sandbox.store.db.execute(
        "UPDATE call_statistic SET CALL_START_DATE = ?, CRM_ACTIVITY_ID = NULL, CALL_ID = 'early' WHERE ID = ?",
        [int(firm.clock.now()) + 86_400, line],
    )

    run = firm.plan("backfill_appeals", **APPEALS)

    told = run.plan.listed.set_index(["entity", "record_id"])["reason"]
    assert told["call", line] == "a call in the future"


def test_numbers_nobody_has_become_one_contact_each_and_go_again(firm: Firm) -> None:
    firm.set_up()
    cards = firm.sandbox.store.value("SELECT COUNT(*) FROM crm_3")
    appeals = firm.appeals()
    known = firm.plan("backfill_appeals", **APPEALS, fallback=1).plan

    run = firm.plan("backfill_appeals", **APPEALS, fallback=1, unknown="contacts")
    counts = firm.carry_out(run)

    assert set(counts) == {"done"}
    assert firm.verify(run).complete
    made = firm.sandbox.store.rows("SELECT ID, NAME, ORIGIN_ID FROM crm_3 WHERE ORIGINATOR_ID = 'b24kit'")
    assert made
    assert len({row["ORIGIN_ID"] for row in made}) == len(made)
    phones = firm.sandbox.store.rows("SELECT VALUE FROM multifield WHERE TYPE_ID = 'PHONE'")
    assert {row["NAME"] for row in made} <= {row["VALUE"] for row in phones}
    assert known.tally()["nobody has this number"] > sum(
        count for words, count in run.plan.tally().items() if words.startswith("nobody has this number")
    )
    assert len(firm.plan("backfill_appeals", **APPEALS, fallback=1, unknown="contacts").plan) == 0
    undo = firm.undo(run)
    assert set(firm.carry_out(undo)) == {"done"}
    assert firm.verify(undo, Undo.of(run)).complete
    assert firm.sandbox.store.value("SELECT COUNT(*) FROM crm_3") == cards
    assert firm.appeals() == appeals


def test_a_field_somebody_made_mandatory_is_told_in_the_portals_words(firm: Firm) -> None:
    firm.set_up()
    field = {"entityId": "CRM_1", "fieldName": "UF_CRM_1_HOUSE", "userTypeId": "string", "mandatory": "Y"}
    firm.portal.call("userfieldconfig.add", {"moduleId": "crm", "field": field})
    before = len(firm.appeals())
    run = firm.plan("backfill_appeals", **APPEALS, silent=False)

    counts = firm.carry_out(run)

    told = run.journal.table()
    refused = told[told["state"] == "rejected"]
    creates = set(run.plan.table.loc[run.plan.table["kind"] == "create", "change"])
    assert len(firm.appeals()) - before + len(creates & set(refused["change"])) == len(creates)
    assert creates & set(refused["change"])
    assert refused["message"].ne("").all()
    assert not {"sent", "planned"} & set(counts)
