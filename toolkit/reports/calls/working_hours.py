"""Time as an office has it: seconds of working time between two moments, for whole columns at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.errors import ParameterError
from toolkit.routing.hours import WEEK, Hours, parse_hours

__all__ = ["WorkCalendar"]

_DAY_S = 86_400
_MINUTES = 1_440
_CLOSED = 7  # beside the seven weekdays: a day nobody works


@dataclass(frozen=True)
class WorkCalendar:
    """When an office works.

    Args:
        week: spans of minutes since Monday 00:00, as `toolkit.routing.hours` has them; empty means always.
        holidays: days nobody works.
        worked: days worked like a Monday whatever day of the week they are, as holidays are made up for.
        zone: the clock the hours are told by.
    """

    week: Hours
    zone: tzinfo
    holidays: frozenset[date] = field(default_factory=frozenset)
    worked: frozenset[date] = field(default_factory=frozenset)

    @classmethod
    def of(
        cls, hours: str, zone: tzinfo, *, holidays: Iterable[date] = (), worked: Iterable[date] = ()
    ) -> WorkCalendar:
        """A calendar from hours as people write them.

        Args:
            hours: `Пн-Пт 9:00-18:00; Сб 10-15`, `weekdays 9-18`.
            zone, holidays, worked: see the class.

        Raises:
            ParameterError: the hours cannot be understood.
        """
        week = parse_hours(hours)
        if week is None:
            raise ParameterError(
                "calls", "hours", hours, "cannot be understood", "Write them like: Пн-Пт 9:00-18:00; Сб 10-15"
            )
        return cls(week, zone, frozenset(holidays), frozenset(worked))

    def seconds_between(self, start: pd.Series[Any], end: pd.Series[Any]) -> pd.Series[Any]:
        """Seconds of working time from one moment to another, row by row.

        The hours are those of the wall clock: a night in which clocks are changed is no working time.

        Args:
            start, end: aware moments under one index; missing ones give missing seconds.

        Returns:
            Int64 under the same index; negative where the end is before the start.
        """
        both = start.notna() & end.notna()
        found = pd.Series(pd.NA, index=start.index, dtype="Int64")
        if both.any():
            a, b = _local_seconds(start[both], self.zone), _local_seconds(end[both], self.zone)
            first = int(min(a.min(), b.min())) // _DAY_S
            last = int(max(a.max(), b.max())) // _DAY_S
            kinds = self._kinds(first, last)
            opened, closed = self._spans()
            whole = (closed - opened).sum(axis=1)[kinds]
            before = np.concatenate([[0], np.cumsum(whole)])

            def worked(moment: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
                day, second = moment // _DAY_S - first, moment % _DAY_S
                kind = kinds[day]
                total: npt.NDArray[np.int64] = before[day].copy()
                for place in range(opened.shape[1]):  # spans of a day are few; rows are many
                    since, until = opened[kind, place], closed[kind, place]
                    total += np.clip(second, since, until) - since
                return total

            found[both] = worked(b) - worked(a)
        return found

    def _kinds(self, first: int, last: int) -> npt.NDArray[np.int64]:
        """For each day from `first` to `last` (days since 1970) the weekday it is worked like."""
        days = np.arange(first, last + 1, dtype="int64")
        kinds = (days + 3) % 7  # 1 January 1970 was a Thursday
        for off in self.holidays:
            kinds[days == _day_number(off)] = _CLOSED
        for on in self.worked:
            kinds[days == _day_number(on)] = 0
        return kinds

    def _spans(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Seconds at which spans of each kind of day begin and end; a row per kind, unused places empty."""
        by_kind: list[list[tuple[int, int]]] = [[] for _ in range(8)]
        for start, end in self.week or ((0, WEEK),):
            for day in range(start // _MINUTES, (end - 1) // _MINUTES + 1):
                since, until = max(start, day * _MINUTES), min(end, (day + 1) * _MINUTES)
                by_kind[day].append(((since - day * _MINUTES) * 60, (until - day * _MINUTES) * 60))
        most = max(map(len, by_kind))
        table = np.zeros((8, most, 2), dtype="int64")
        for kind, spans in enumerate(by_kind):
            table[kind, : len(spans)] = np.array(spans, dtype="int64").reshape(-1, 2)
        return table[:, :, 0], table[:, :, 1]


def _local_seconds(moments: pd.Series[Any], zone: tzinfo) -> npt.NDArray[np.int64]:
    """Seconds since 1970 as a wall clock there shows them."""
    local = moments.dt.tz_convert(zone).dt.tz_localize(None)
    seconds: npt.NDArray[np.int64] = local.to_numpy().astype("datetime64[s]").astype("int64")
    return seconds


def _day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
