"""One flat table of all calls: every call once, with everything a report asks of it beside it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.reports.conftest import Developer
from tests.reports.firm import IVAN, MARIA, OLEG, activity, appeal, call, contact, dataset, firm, missed
from toolkit.errors import ParameterError
from toolkit.reports.calls import COLUMNS, CallsDataset, WorkCalendar, calls_table

MONDAY = "2026-05-25T"


def one(found: CallsDataset, name: str = "c1") -> dict[str, Any]:
    rows = found.table[found.table["call"] == name]
    assert len(rows) == 1
    return {str(key): value for key, value in rows.iloc[0].items()}


def test_every_call_of_the_portal_is_there_once(developer: Developer) -> None:
    found = CallsDataset.of(developer.after, appeals=177, fields=developer.fields)

    lines = developer.after.table("call", ["ID", "CALL_ID"])
    assert list(found.table.columns) == list(COLUMNS)
    assert found.table["call"].is_unique
    assert set(lines["CALL_ID"].dropna()) <= set(found.table["call"])
    assert found.twice == int(lines["CALL_ID"].duplicated().sum())
    bound = set(found.table["activity"].dropna())
    assert bound == set(developer.after.table("activity", ["ID"])["ID"])


def test_after_a_backfill_the_calls_stand_in_their_appeals(developer: Developer) -> None:
    before = CallsDataset.of(developer.before, appeals=177, fields=developer.fields)
    after = CallsDataset.of(developer.after, appeals=177, fields=developer.fields)

    assert before.table["appeal"].isna().all()
    noted = after.table.dropna(subset=["appeal"])
    assert len(noted) > 0.9 * len(after)
    held = {int(row["id"]): list(row["ufCrm1Calls"]) for row in developer.after.records("item:177")}
    for row in noted.to_dict("records"):
        assert row["call"] in held[row["appeal"]]
    assert after.appeals["calls"].sum() == len(noted)


def test_a_snapshot_of_a_run_lacks_departments_and_another_lends_them(developer: Developer) -> None:
    alone = CallsDataset.of(developer.run.before, appeals=177, fields=developer.fields)
    lent = CallsDataset.of(
        developer.run.before, appeals=177, fields=developer.fields, beside=[developer.after]
    )

    assert alone.table["department"].str.startswith("отдел ").all()
    assert {"Передача ключей", "Гарантийная служба"} <= set(lent.table["department"])


def test_moments_are_told_by_the_clock_of_the_portal() -> None:
    row = one(dataset([call(1, "2026-05-24T22:30:00Z")]))

    assert row["start"].isoformat() == "2026-05-25T01:30:00+03:00"
    assert (row["hour"], row["weekday"], row["month"]) == (1, "Пн", "2026-05")
    assert row["day"] == pd.Timestamp("2026-05-25")


def test_names_stand_beside_numbers_and_numbers_for_names_nobody_knows() -> None:
    found = dataset(
        [
            call(1, MONDAY + "10:00:00Z"),
            call(2, MONDAY + "11:00:00Z", PORTAL_USER_ID=OLEG),
            call(3, MONDAY + "12:00:00Z", PORTAL_USER_ID=99, CALL_TYPE=1),
            call(4, MONDAY + "13:00:00Z", PORTAL_USER_ID=MARIA),
        ]
    )

    assert found.table["employee"].tolist() == ["Иван Петров", "oleg@x.ru", "сотрудник 99", "Мария Орлова"]
    assert found.table["department"].tolist() == ["Сервис", "без отдела", "", "отдел 8"]
    assert found.table["dismissed"].tolist()[:2] == [False, True]
    assert found.table["direction"].tolist() == ["входящий", "входящий", "исходящий", "входящий"]
    assert one(found)["client"] == "Клиентова10 Анна"
    assert one(found)["responsible"] == "Иван Петров"


def test_the_company_is_the_client_or_the_contacts() -> None:
    company = {"id": 20, "title": "ООО Ромашка", "fm": [], "assignedById": MARIA, "updatedTime": pd.NaT}
    found = dataset(
        [
            call(1, MONDAY + "10:00:00Z"),
            call(2, MONDAY + "11:00:00Z", CRM_ENTITY_TYPE="COMPANY", CRM_ENTITY_ID=20),
            call(
                3, MONDAY + "12:00:00Z", CRM_ENTITY_TYPE="LEAD", CRM_ENTITY_ID=5, PHONE_NUMBER="+79990000001"
            ),
        ],
        contacts=[contact(10, companyId=20)],
        companies=[company],
    )

    assert found.table["client_entity"].tolist() == ["contact", "company", "lead"]
    assert found.table["company"].tolist() == ["ООО Ромашка", "ООО Ромашка", ""]
    assert one(found, "c2")["responsible"] == "Мария Орлова"


def test_the_deal_is_the_one_bound_else_the_appeals() -> None:
    deals = [
        {"id": 30, "title": "Квартира 1", "categoryId": 5, "contactId": 10, "companyId": 0},
        {"id": 31, "title": "Квартира 2", "categoryId": 0, "contactId": 10, "companyId": 0},
    ]
    found = dataset(
        [call(1, MONDAY + "10:00:00Z", CRM_ACTIVITY_ID=50), call(2, MONDAY + "15:00:00Z")],
        activities=[activity(50, MONDAY + "10:00:00Z", OWNER_TYPE_ID="2", OWNER_ID=30)],
        deals=deals,
        appeals=[appeal(1, MONDAY + "15:05:00Z", ["c2"], parentId2=31)],
    )

    assert (one(found)["deal"], one(found)["pipeline"]) == ("Квартира 1", "После продажи")
    assert (one(found, "c2")["deal"], one(found, "c2")["pipeline"]) == ("Квартира 2", "Общая")


def test_time_to_the_appeal_is_told_of_appeals_somebody_made() -> None:
    found = dataset(
        [call(1, MONDAY + "10:00:00Z"), call(2, MONDAY + "15:00:00Z")],
        appeals=[
            appeal(1, MONDAY + "10:05:00Z", ["c1"]),
            appeal(2, MONDAY + "15:01:00Z", ["c2"], xmlId="call:c2"),
        ],
    )

    assert one(found)["time_to_appeal_s"] == 240
    assert one(found)["appeal_made"] == "вручную"
    assert pd.isna(one(found, "c2")["time_to_appeal_s"])
    assert one(found, "c2")["appeal_made"] == "из звонка"


def test_the_answer_to_a_missed_call_is_counted_in_working_hours() -> None:
    friday, monday = "2026-05-22T14:30:00Z", "2026-05-25T07:00:00Z"  # 17:30 and 10:00 there
    found = dataset([missed(1, friday), call(2, monday, CALL_TYPE=1)])

    assert one(found)["response_s"] == 2 * 86_400 + 16.5 * 3600
    assert one(found)["response_working_s"] == (30 + 60) * 60
    assert pd.isna(one(found, "c2")["response_s"]), "nobody waits for a call we make"


def test_a_call_that_was_answered_needs_no_answer_and_a_late_one_is_none() -> None:
    found = dataset(
        [
            missed(1, "2026-05-01T08:00:00Z"),
            call(2, "2026-05-11T08:00:00Z"),
            missed(3, "2026-05-12T08:00:00Z", PHONE_NUMBER="+79990000001", CRM_ENTITY_ID=0),
        ]
    )

    assert found.table["response_s"].isna().tolist() == [True, False, True]
    assert one(found, "c2")["response_s"] == 0


def test_waiting_is_told_where_it_is_known() -> None:
    found = dataset(
        [
            missed(1, MONDAY + "10:00:00Z", CALL_DURATION=20),
            call(2, MONDAY + "10:00:20Z", CALL_TYPE=3),
            call(3, MONDAY + "15:00:00Z"),
            missed(4, MONDAY + "17:00:00Z", CALL_DURATION=0),
        ]
    )

    assert found.table["waiting_s"].tolist()[:2] == [20, 20]
    assert found.table["waiting_s"].isna().tolist() == [False, False, True, True]
    assert found.table["conversation"].tolist()[:2] == [1, 1]


def test_bad_lines_are_kept_and_their_figures_are_not() -> None:
    found = dataset(
        [
            call(1, MONDAY + "10:00:00Z", CALL_DURATION=-5),
            call(2, MONDAY + "11:00:00Z"),
            call(3, MONDAY + "11:00:00Z", CALL_ID="c2"),
        ]
    )

    assert found.twice == 1
    assert len(found) == 2
    assert one(found)["problem"] == "нелепая длительность"
    assert pd.isna(one(found)["duration_s"])


def test_a_recording_is_there_not_there_or_unknown_and_its_link_is_nowhere() -> None:
    found = dataset(
        [
            call(1, MONDAY + "10:00:00Z", RECORD_FILE_ID=7),
            call(2, MONDAY + "11:00:00Z", CALL_RECORD_URL="https://x/?token=s3cret"),
            call(3, MONDAY + "12:00:00Z"),
        ],
        activities=[activity(60, MONDAY + "13:00:00Z")],
    )

    assert found.table["recording"].tolist() == [True, True, False, pd.NA]
    assert "s3cret" not in found.table.to_csv()


def test_a_portal_without_calls_or_appeals_has_an_empty_table_of_the_same_columns() -> None:
    full, empty = dataset([call(1, MONDAY + "10:00:00Z")]), dataset([])
    none = calls_table(firm([]), calendar=WorkCalendar.of("", full.calendar.zone))

    assert len(empty) == len(none) == 0
    assert list(none.table.columns) == list(empty.table.columns) == list(full.table.columns)


def test_english_is_spoken_too() -> None:
    row = one(dataset([missed(1, MONDAY + "10:00:00Z")], language="en"))

    assert (row["direction"], row["result"], row["weekday"]) == ("incoming", "Missed", "Mon")


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(ParameterError, match="is not a field"):
        calls_table(
            firm([], appeals=[appeal(1, MONDAY + "10:00:00Z")]),
            calendar=WorkCalendar.of("", dataset([]).calendar.zone),
            appeals=177,
            fields={"calls": "ufCrm1Nothing"},
        )


def test_parquet_keeps_types_explains_columns_and_is_private(tmp_path: Path) -> None:
    found = dataset([call(1, MONDAY + "10:00:00Z", PORTAL_USER_ID=IVAN), missed(2, MONDAY + "11:00:00Z")])

    path = found.write_parquet(tmp_path / "calls.parquet")

    read = pd.read_parquet(path)
    assert read["start"].tolist() == found.table["start"].tolist()
    assert read["weekday"].cat.categories[0] == "Пн"
    metadata = pq.read_schema(path).metadata
    assert metadata[b"b24kit.line"].decode() == COLUMNS["line"].holds
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["calls.parquet"]
