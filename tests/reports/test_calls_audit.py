"""Who answers whose clients, and a table the operation takes as it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.reports.conftest import Developer
from tests.reports.firm import IVAN, MARIA, OLEG, TAKEN, call, contact, dataset, firm, missed
from toolkit.operations import operation
from toolkit.reports.calls import HANDED, CallsDataset, CallsReport, audit_routing, responsibles_seen
from toolkit.sheets import read_rows

BY_MARIA = {"PORTAL_USER_ID": MARIA}
CALLS = [
    call(1, "2026-05-01T08:00:00Z", **BY_MARIA),
    call(2, "2026-05-02T08:00:00Z", **BY_MARIA),
    call(3, "2026-05-03T08:00:00Z"),
    missed(4, "2026-05-04T08:00:00Z", **BY_MARIA),
    call(5, "2026-05-05T08:00:00Z", CALL_TYPE=1, **BY_MARIA),
]


def seen(at: str, responsible: int, updated: str) -> pd.DataFrame:
    moments = {"at": pd.Timestamp(at), "updated": pd.Timestamp(updated)}
    return pd.DataFrame([{"entity": "contact", "id": 10, **moments, "responsible_id": responsible}])


def test_only_incoming_calls_somebody_answered_are_judged() -> None:
    found = audit_routing(dataset(CALLS))

    assert found.calls["call"].tolist() == ["c1", "c2", "c3"]
    assert found.calls["own"].tolist() == [False, False, True]
    line = found.by_line.iloc[0]
    assert (line["calls"], line["by_others"], line["most_by"]) == (3, 2, "Мария Орлова")
    people = found.by_employee.set_index("employee")["of_others"]
    assert people.to_dict() == {"Мария Орлова": 2, "Иван Петров": 0}


def test_a_card_edited_since_tells_todays_responsible_and_says_so() -> None:
    edited = contact(10, updatedTime=pd.Timestamp("2026-05-02T12:00:00Z"))
    found = audit_routing(dataset(CALLS, contacts=[edited])).calls.set_index("call")

    assert found["sure"].to_dict() == {"c1": False, "c2": False, "c3": True}
    assert found.loc["c1", "known"] == "нынешний: тогдашний неизвестен"
    assert found.loc["c3", "known"] == "карточка с тех пор не менялась"


def test_an_older_snapshot_tells_who_was_responsible_then() -> None:
    edited = contact(10, updatedTime=pd.Timestamp("2026-05-02T12:00:00Z"))
    older = seen("2026-05-02T10:00:00Z", MARIA, "2026-04-01T00:00:00Z")

    found = audit_routing(dataset(CALLS, contacts=[edited]), older).calls.set_index("call")

    assert found["then_id"].to_dict() == {"c1": MARIA, "c2": MARIA, "c3": IVAN}
    assert found["own"].to_dict() == {"c1": True, "c2": True, "c3": True}
    assert found["sure"].all()


def test_two_snapshots_that_agree_vouch_for_the_time_between_and_two_that_differ_do_not() -> None:
    edited = contact(10, updatedTime=pd.Timestamp("2026-05-20T12:00:00Z"))
    agreeing = seen("2026-04-20T00:00:00Z", IVAN, "2026-04-20T00:00:00Z")
    differing = seen("2026-04-20T00:00:00Z", MARIA, "2026-04-20T00:00:00Z")

    agree = audit_routing(dataset(CALLS, contacts=[edited]), agreeing).calls
    differ = audit_routing(dataset(CALLS, contacts=[edited]), differing).calls

    assert set(agree["known"]) == {"снимки до и после звонка"}
    assert not differ["sure"].any()
    assert set(differ["then_id"]) == {IVAN}


def test_a_client_goes_to_who_answers_them_if_that_person_works_there() -> None:
    gone = [{**each, "PORTAL_USER_ID": OLEG} if each["PORTAL_USER_ID"] == MARIA else each for each in CALLS]

    proposed = audit_routing(dataset(CALLS)).repairs
    nobody = audit_routing(dataset(gone)).repairs

    assert proposed[["id", "responsible_id", "to_id", "to_calls", "by_responsible"]].values.tolist() == [
        [10, IVAN, MARIA, 2, 1]
    ]
    assert nobody.empty
    assert audit_routing(dataset(CALLS), min_calls=3).repairs.empty
    assert audit_routing(dataset(CALLS), days=1).repairs.empty


def test_the_operation_takes_the_table_as_it_is(tmp_path: Path) -> None:
    others = [contact(11), contact(12)]
    calls = [
        *CALLS,
        call(6, "2026-05-06T08:00:00Z", CRM_ENTITY_ID=11, **BY_MARIA),
        call(7, "2026-05-07T08:00:00Z", CRM_ENTITY_ID=11, **BY_MARIA),
        call(8, "2026-05-08T08:00:00Z", CRM_ENTITY_ID=12),
    ]
    report = CallsReport.of(dataset(calls, contacts=others))

    path = report.write_handovers(tmp_path)["reassign-contact"]

    rule = operation("reassign_by_table")
    params = rule.parameters({"table": read_rows(path), "entities": ["contact"]})
    tables = firm(calls, contacts=others)
    tables["user"]["SECOND_NAME"] = ""
    rule.check(tables, params)
    changes = rule.plan(tables, params).table
    assert list(report.audit.handovers().columns) == list(HANDED)
    assert sorted(changes["record_id"].astype(int)) == [10, 11], "contact 12 stays with Ivan"
    assert changes["after"].str.contains(str(MARIA)).all()


def test_companies_are_handed_over_in_a_file_of_their_own_and_old_files_go(tmp_path: Path) -> None:
    company = {"id": 20, "title": "ООО", "fm": [], "assignedById": IVAN, "updatedTime": pd.Timestamp(TAKEN)}
    to_company = {"CRM_ENTITY_TYPE": "COMPANY", "CRM_ENTITY_ID": 20, **BY_MARIA}
    calls = [call(1, "2026-05-01T08:00:00Z", **to_company), call(2, "2026-05-02T08:00:00Z", **to_company)]
    (tmp_path / "reassign-contact.xlsx").write_bytes(b"older")

    found = CallsReport.of(dataset(calls, companies=[company])).write_handovers(tmp_path)

    assert [each.name for each in tmp_path.iterdir()] == ["reassign-company.xlsx"]
    assert read_rows(found["reassign-company"]) == [{"from": IVAN, "to": MARIA, "id": 20}]


def test_snapshots_of_the_portal_are_asked_for_the_clients_that_matter(developer: Developer) -> None:
    dataset_ = CallsDataset.of(developer.after, appeals=177, fields=developer.fields)
    found = responsibles_seen([developer.before, developer.run.before], {"contact": [1, 2], "company": []})

    assert set(found["id"]) == {1, 2}
    assert len(found) == 4
    audited = audit_routing(dataset_, found)
    assert set(audited.calls["responsible_id"]) <= set(dataset_.people.index)


def test_a_portal_nobody_calls_is_audited_in_silence() -> None:
    found = audit_routing(dataset([]))

    assert found.calls.empty
    assert found.repairs.empty
    assert found.handovers().empty
