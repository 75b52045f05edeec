"""Working time between two moments, against a clock that counts minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import ParameterError
from toolkit.reports.calls.working_hours import WorkCalendar
from toolkit.routing.hours import open_at

MOSCOW = ZoneInfo("Europe/Moscow")
HOURS = "Пн-Пт 9:00-13:00, 14:00-18:00; Сб 22:00-02:00"


def between(calendar: WorkCalendar, start: str, end: str) -> int:
    moments = pd.to_datetime(pd.Series([start, end]), utc=True)
    return int(calendar.seconds_between(moments[:1], moments[1:].set_axis([0])).iloc[0])


@settings(max_examples=25, deadline=None)
@given(
    st.datetimes(datetime(2026, 4, 24), datetime(2026, 5, 12)),
    st.integers(0, 5 * 1440),
    st.booleans(),
)
def test_it_counts_the_minutes_the_office_is_open(start: datetime, minutes: int, backwards: bool) -> None:
    calendar = WorkCalendar.of(
        HOURS, MOSCOW, holidays=[date(2026, 5, 1), date(2026, 5, 9)], worked=[date(2026, 5, 3)]
    )
    start = start.replace(second=0, microsecond=0, tzinfo=MOSCOW)
    counted = 0
    for passed in range(minutes):
        at = start + timedelta(minutes=passed)
        day = at.date()
        weekday = 0 if day in calendar.worked else at.weekday()
        closed = day in calendar.holidays
        counted += not closed and open_at(calendar.week, weekday * 1440 + at.hour * 60 + at.minute)
    end = start + timedelta(minutes=minutes)
    first, last = (end, start) if backwards else (start, end)

    found = between(calendar, first.isoformat(), last.isoformat())

    assert found == (-60 if backwards else 60) * counted


def test_hours_are_told_by_the_wall_clock_where_clocks_change() -> None:
    calendar = WorkCalendar.of("Mon-Sun 9-18", ZoneInfo("Europe/Berlin"))

    assert between(calendar, "2026-03-28T16:00:00Z", "2026-03-29T08:00:00Z") == 2 * 3600


def test_without_hours_the_office_is_always_open_and_missing_moments_stay_missing() -> None:
    calendar = WorkCalendar.of("", UTC)
    start = pd.to_datetime(pd.Series(["2026-01-01T00:00:00Z", None]), utc=True)
    end = pd.to_datetime(pd.Series(["2026-01-03T00:00:07Z", "2026-01-03T00:00:00Z"]), utc=True)

    found = calendar.seconds_between(start, end)

    assert found.iloc[0] == 2 * 86_400 + 7
    assert pd.isna(found.iloc[1])


def test_hours_nobody_can_read_stop_the_report() -> None:
    with pytest.raises(ParameterError, match=r"hours.*cannot be understood"):
        WorkCalendar.of("когда как", UTC)
