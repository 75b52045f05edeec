"""Calls noted in two places, and the conversations they make up."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.records.conversations import conversations, telephone_legs

MORNING = pd.Timestamp("2026-03-02T09:00:00+03:00")


def line(number: int, **cells: object) -> dict[str, object]:
    return {
        "ID": number,
        "CALL_ID": f"c{number}",
        "CALL_TYPE": 2,
        "CALL_START_DATE": MORNING,
        "CALL_DURATION": 60,
        "CALL_FAILED_CODE": "200",
        "PORTAL_USER_ID": 1,
        "PHONE_NUMBER": "+79031234501",
        "CRM_ACTIVITY_ID": None,
        **cells,
    }


def activity(number: int, **cells: object) -> dict[str, object]:
    return {
        "ID": number,
        "TYPE_ID": 2,
        "OWNER_TYPE_ID": 3,
        "OWNER_ID": 5,
        "START_TIME": MORNING,
        "END_TIME": MORNING + pd.Timedelta(seconds=60),
        "RESPONSIBLE_ID": 1,
        "DIRECTION": 1,
        "ORIGIN_ID": None,
        "SUBJECT": "Входящий звонок +79031234501",
        **cells,
    }


def legs_of(lines: list[dict[str, object]], noted: list[dict[str, object]] | None = None) -> pd.DataFrame:
    noted_table = pd.DataFrame(noted or [], columns=list(activity(0)))
    return telephone_legs(pd.DataFrame(lines, columns=list(line(0))), noted_table, lambda numbers: numbers)


def test_a_line_that_names_its_activity_is_one_call_with_it() -> None:
    legs = legs_of([line(1, CRM_ACTIVITY_ID=7)], [activity(7)])

    assert legs[["row", "activity", "owner", "by"]].values.tolist() == [[1, 7, 5, "activity"]]


def test_a_line_and_an_activity_with_one_call_id_are_one_call() -> None:
    legs = legs_of([line(1)], [activity(7, ORIGIN_ID="VI_c1", SUBJECT="")])

    assert legs[["row", "activity"]].values.tolist() == [[1, 7]]


def test_without_a_common_id_number_direction_and_minute_decide() -> None:
    later = MORNING + pd.Timedelta(seconds=61)
    noted = [activity(7, START_TIME=later), activity(8, DIRECTION=2), activity(9, SUBJECT="+79031234502")]

    legs = legs_of([line(1)], noted)

    assert legs["activity"].isna().sum() == 1
    assert len(legs) == 4


def test_one_activity_belongs_to_one_line_only() -> None:
    near = MORNING + pd.Timedelta(seconds=5)

    legs = legs_of([line(1), line(2, CALL_START_DATE=near)], [activity(7)])

    assert legs["activity"].notna().sum() == 1


def test_a_call_reported_twice_counts_once() -> None:
    legs = legs_of([line(1, CALL_ID="x"), line(2, CALL_ID="x")], [activity(7, ORIGIN_ID="VI_y")] * 1)

    assert legs.loc[legs["problem"] == "reported twice", "row"].tolist() == [2]


def test_an_appointment_is_no_call() -> None:
    assert legs_of([], [activity(7, TYPE_ID=1)]).empty


def test_a_call_back_joins_the_missed_call_and_a_second_call_of_the_client_does_not() -> None:
    soon = MORNING + pd.Timedelta(seconds=200)
    missed = line(1, CALL_FAILED_CODE="304", CALL_DURATION=0)

    back = conversations(legs_of([missed, line(2, CALL_START_DATE=soon, CALL_TYPE=4)]))
    again = conversations(legs_of([missed, line(2, CALL_START_DATE=soon)]))

    assert back["talk"].tolist() == [0, 0]
    assert again["talk"].tolist() == [0, 1]


def test_calls_without_a_number_stay_alone() -> None:
    hidden = [line(each, PHONE_NUMBER="", CALL_TYPE=3) for each in (1, 2)]

    assert conversations(legs_of(hidden))["talk"].nunique() == 2


def test_absurd_calls_are_named_and_kept_apart() -> None:
    strange = [line(1, CALL_DURATION=-3), line(2, CALL_DURATION=200_000), line(3, CALL_START_DATE=None)]

    assert legs_of(strange)["problem"].tolist() == ["absurd duration", "absurd duration", "no time"]


CALLS = st.lists(
    st.tuples(
        st.integers(0, 5),  # number
        st.integers(0, 4000),  # second of the morning
        st.integers(0, 300),  # duration
        st.sampled_from([1, 2, 3, 4]),
        st.sampled_from(["200", "304"]),
        st.booleans(),  # has an activity
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(CALLS, st.integers(0, 600))
def test_every_call_is_in_exactly_one_conversation_in_whatever_order_they_are_read(
    drawn: list[tuple[int, int, int, int, str, bool]], join_s: int
) -> None:
    lines, noted = [], []
    for at, (number, second, duration, kind, code, is_noted) in enumerate(drawn, 1):
        start = MORNING + pd.Timedelta(seconds=second)
        lines.append(
            line(
                at,
                PHONE_NUMBER=f"+7903123450{number}" if number else "",
                CALL_START_DATE=start,
                CALL_DURATION=duration,
                CALL_TYPE=kind,
                CALL_FAILED_CODE=code,
                CRM_ACTIVITY_ID=at if is_noted else None,
            )
        )
        if is_noted:
            noted.append(activity(at, START_TIME=start, SUBJECT=""))

    talks = conversations(legs_of(lines, noted), join_s=join_s)
    reverse = conversations(legs_of(lines[::-1], noted[::-1]), join_s=join_s)

    assert sorted(talks["row"]) == list(range(1, len(drawn) + 1))
    assert talks[["row", "talk"]].values.tolist() == reverse[["row", "talk"]].values.tolist()
    assert talks.groupby("talk")["number"].nunique().le(1).all()
    for _, talk in talks.groupby("talk"):
        gaps = (talk["start"] - talk["end"].shift()).dt.total_seconds().iloc[1:]
        assert (gaps <= join_s).all()
