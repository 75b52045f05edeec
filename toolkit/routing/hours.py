"""Working hours as people write them, and as minutes of the week."""

from __future__ import annotations

import re

from toolkit.routing.evaluator import Hours, open_at

__all__ = ["WEEK", "Hours", "covers", "meet", "open_at", "parse_hours", "shown"]

WEEK = 7 * 24 * 60
"""Minutes of a week."""

_DAYS = {
    **{day: n for n, days in enumerate(
        (("пн", "пон", "понедельник", "mo", "mon", "monday"), ("вт", "вто", "вторник", "tu", "tue", "tuesday"),
         ("ср", "сре", "среда", "we", "wed", "wednesday"), ("чт", "чет", "четверг", "th", "thu", "thursday"),
         ("пт", "пят", "пятница", "fr", "fri", "friday"), ("сб", "суб", "суббота", "sa", "sat", "saturday"),
         ("вс", "вск", "воскресенье", "su", "sun", "sunday"))) for day in days}
}  # fmt: skip
_GROUPS = {
    **dict.fromkeys(("будни", "рабочие дни", "weekdays"), range(5)),
    **dict.fromkeys(("выходные", "weekends", "weekend"), range(5, 7)),
    **dict.fromkeys(("ежедневно", "каждый день", "без выходных", "daily", "every day"), range(7)),
}
_ALWAYS = {"", "*", "круглосуточно", "24/7", "24x7", "24х7", "always", "around the clock"}
_SHORT = ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс")
_NAME = "|".join(sorted((re.escape(each) for each in _DAYS), key=len, reverse=True))
_GROUP = "|".join(sorted((re.escape(each) for each in _GROUPS), key=len, reverse=True))
_TOKEN = re.compile(
    rf"(?P<group>{_GROUP})\b|(?P<first>{_NAME})\b\.?(?:\s*-\s*(?P<last>{_NAME})\b\.?)?"
    r"|(?:с\s*)?(?P<h1>\d{1,2})(?:[:.](?P<m1>\d\d))?\s*(?:-|до)\s*(?P<h2>\d{1,2})(?:[:.](?P<m2>\d\d))?"
)
_BETWEEN = re.compile(r"[\s,;:]*(?:\bи\b|\band\b)?[\s,;:]*")


def parse_hours(text: str) -> Hours | None:
    """Minutes of the week; None when the text cannot be understood.

    Args:
        text: `Пн-Пт 9:00-18:00; Сб 10-15`, `будни 9-18`, `22:00-06:00` (over midnight), `круглосуточно`.
    """
    said = re.sub("[–—−]", "-", text.casefold().replace("ё", "е")).strip(" .;,")
    if said in _ALWAYS:
        return ()
    days: list[int] = []
    spans: list[tuple[int, int]] = []
    at, timed = 0, False
    while at < len(said):
        found = _TOKEN.match(said, at)
        if found is None:
            return None
        if found["h1"]:
            span = _minutes(found)
            if span is None:
                return None
            spans += [(day * 1440 + span[0], day * 1440 + span[1]) for day in days or range(7)]
            timed = True
        else:
            if timed:
                days, timed = [], False
            days += _days_of(found)
        gap = _BETWEEN.match(said, found.end())
        at = gap.end() if gap else found.end()
    return _merged(spans) if timed else None


def _days_of(found: re.Match[str]) -> list[int]:
    if found["group"]:
        return list(_GROUPS[found["group"]])
    first, last = _DAYS[found["first"]], _DAYS[found["last"] or found["first"]]
    return [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]


def _minutes(found: re.Match[str]) -> tuple[int, int] | None:
    start = int(found["h1"]) * 60 + int(found["m1"] or 0)
    end = int(found["h2"]) * 60 + int(found["m2"] or 0)
    if (
        start >= 1440
        or end > 1440
        or int(found["m1"] or 0) > 59
        or int(found["m2"] or 0) > 59
        or start == end
    ):
        return None
    return start, end if end > start else end + 1440


def _merged(spans: list[tuple[int, int]]) -> Hours:
    cut = [
        part
        for start, end in spans
        for part in ((start, min(end, WEEK)), (0, end - WEEK))
        if part[0] < part[1]
    ]
    found: list[tuple[int, int]] = []
    for start, end in sorted(cut):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return () if found == [(0, WEEK)] else tuple(found)


def covers(wide: Hours, narrow: Hours) -> bool:
    """Whether every minute of one is in the other."""
    if not wide:
        return True
    return all(any(a <= start and end <= b for a, b in wide) for start, end in narrow or ((0, WEEK),))


def meet(one: Hours, other: Hours) -> bool:
    """Whether they share a minute."""
    if not one or not other:
        return True
    return any(a < d and c < b for a, b in one for c, d in other)


def shown(hours: Hours) -> str:
    """Hours as the template writes them: `Пн-Пт 09:00-18:00; Сб 10:00-15:00`."""
    if not hours:
        return "круглосуточно"
    by_day: dict[int, list[str]] = {}
    for start, end in hours:
        for day in range(start // 1440, (end - 1) // 1440 + 1):
            a, b = max(start, day * 1440) - day * 1440, min(end, (day + 1) * 1440) - day * 1440
            by_day.setdefault(day, []).append(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}")
    parts: list[tuple[int, int, str]] = []
    for day, times in sorted(by_day.items()):
        said = ", ".join(times)
        if parts and parts[-1][1] == day - 1 and parts[-1][2] == said:
            parts[-1] = (parts[-1][0], day, said)
        else:
            parts.append((day, day, said))
    return "; ".join(
        f"{_SHORT[first]}{f'-{_SHORT[last]}' if last > first else ''} {said}" for first, last, said in parts
    )
