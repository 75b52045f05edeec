"""Working hours, written down and compared minute by minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from toolkit.routing.evaluator import Hours, open_at
from toolkit.routing.hours import covers, meet, parse_hours, shown

HOURS: list[Hours] = [(), ((540, 1080),), ((600, 700),), ((0, 540), (1080, 10080))]
spans = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 23), st.integers(0, 23)), min_size=1, max_size=4)


@given(spans)
def test_hours_survive_being_written_down(drawn: list[tuple[int, int, int]]) -> None:
    days = ["Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"]
    text = "; ".join(f"{days[day]} {start:02}:00-{end:02}:30" for day, start, end in drawn)
    hours = parse_hours(text)

    assert hours is not None
    assert parse_hours(shown(hours)) == hours


@given(st.sampled_from(HOURS), st.sampled_from(HOURS))
def test_hours_cover_and_meet_minute_by_minute(one: Hours, other: Hours) -> None:
    minutes = range(0, 10080, 10)
    inside = [minute for minute in minutes if open_at(other, minute)]

    assert covers(one, other) == all(open_at(one, minute) for minute in inside)
    assert meet(one, other) == any(open_at(one, minute) for minute in inside)
