"""What people ask for, counted: every pivot adds up to the calls it was made of."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reports.conftest import Developer
from tests.reports.firm import MARIA, appeal, call, dataset, missed
from toolkit.reports.calls import CallsDataset, appeals_without_calls, coverage, pivots

CALLS = [
    call(1, "2026-03-02T07:00:00Z", CALL_DURATION=120),
    call(2, "2026-03-03T07:30:00Z", CALL_DURATION=60, PORTAL_USER_ID=MARIA),
    missed(3, "2026-03-04T08:00:00Z"),
    call(4, "2026-03-04T08:10:00Z", CALL_TYPE=1, PORTAL_NUMBER=""),
    missed(5, "2026-05-09T08:00:00Z", PORTAL_USER_ID=MARIA),
]


def row(found: CallsDataset, name: str, label: str) -> dict[str, object]:
    table = pivots(found)[name].table
    chosen = table[table["label"] == label]
    assert len(chosen) == 1
    return {str(key): value for key, value in chosen.iloc[0].items()}


def test_an_employee_is_counted_with_what_they_missed_and_how_long_they_talked() -> None:
    found = dataset(CALLS, appeals=[appeal(1, "2026-03-02T07:05:00Z", ["c1"])])

    ivan = row(found, "employee", "Иван Петров")

    assert (ivan["calls"], ivan["incoming"], ivan["outgoing"], ivan["missed"]) == (3, 2, 1, 1)
    assert ivan["missed_share"] == 0.5
    assert ivan["talk_min"] == 3
    assert ivan["talk_average_s"] == 90
    assert ivan["called_back"] == 1
    assert ivan["response_min"] == 10
    assert ivan["without_appeal"] == 2
    maria = row(found, "employee", "Мария Орлова")
    assert (maria["missed"], maria["called_back"]) == (1, 0)
    assert pd.isna(maria["response_min"])


def test_months_without_calls_are_shown() -> None:
    table = pivots(dataset(CALLS))["month"].table

    assert table["label"].tolist() == ["2026-03", "2026-04", "2026-05"]
    assert table["calls"].tolist() == [4, 0, 1]


def test_hours_and_weekdays_are_those_of_the_portals_clock() -> None:
    table = pivots(dataset(CALLS))["hours"].table

    assert table["label"].tolist() == ["10:00", "11:00"]
    assert table.set_index("label").loc["11:00"].to_dict() == {
        **dict.fromkeys(["Пн", "Вт", "Чт", "Пт", "Вс"], 0),
        "Ср": 2,
        "Сб": 1,
    }


def test_calls_whose_line_nobody_knows_stand_apart() -> None:
    assert row(dataset(CALLS), "line", "(линия неизвестна)")["calls"] == 1


@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 400 * 86_400), st.sampled_from(["200", "304", "603"]), st.integers(1, 3)),
        max_size=12,
    )
)
def test_every_pivot_adds_up_to_its_total(drawn: list[tuple[int, str, int]]) -> None:
    start = pd.Timestamp("2025-01-01T00:00:00Z")
    calls = [
        call(
            at + 1,
            str(start + pd.Timedelta(seconds=second)),
            CALL_FAILED_CODE=code,
            PORTAL_USER_ID=user,
            CALL_TYPE=1 if code == "603" else 2,
        )
        for at, (second, code, user) in enumerate(drawn)
    ]

    found = pivots(dataset(calls))

    for name in ("employee", "department", "line", "month"):
        pivot = found[name]
        for measure in ("calls", "incoming", "outgoing", "missed", "without_appeal"):
            assert pivot.table[measure].sum() == pivot.total[measure]
        assert pivot.total["calls"] == len(calls)
    assert found["result"].table["calls"].sum() == len(calls)
    assert sum(found["hours"].total.values()) == len(calls)


def test_the_share_without_an_appeal_falls_by_what_the_run_made(developer: Developer) -> None:
    before = CallsDataset.of(developer.before, appeals=177, fields=developer.fields)
    after = CallsDataset.of(developer.after, appeals=177, fields=developer.fields)

    found = coverage(before, after)

    noted = int(after.table["appeal"].notna().sum())
    assert found.total["before"] == found.total["calls"] == len(after)
    assert found.total["after"] == len(after) - noted
    assert found.table["after"].sum() == found.total["after"]
    assert (found.table["after_share"] <= found.table["before_share"]).all()


def test_appeals_without_calls_are_those_no_call_names(developer: Developer) -> None:
    after = CallsDataset.of(developer.after, appeals=177, fields=developer.fields)

    empty = appeals_without_calls(after)

    held = {int(each["id"]): each["ufCrm1Calls"] for each in developer.after.records("item:177")}
    assert set(empty["appeal"]) == {number for number, calls in held.items() if not calls}
    assert empty["created"].is_monotonic_decreasing


@pytest.mark.parametrize("language", ["ru", "en"])
def test_headings_are_different_and_in_the_readers_language(language: str) -> None:
    for pivot in pivots(dataset(CALLS, language=language)).values():
        assert len(set(pivot.headings)) == len(pivot.headings) == len(pivot.table.columns)
        assert pivot.title.isascii() == (language == "en")
