"""Who is on leave, as the calendars of the portal have it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from toolkit.client import Portal

__all__ = ["people_on_leave"]

_AT_ONCE = 100
WORKING_DAY = (time(9), time(18))
"""Who is away from the first to the second is away that day; an hour at the dentist's is no leave."""


def people_on_leave(portal: Portal, day: date, zone: tzinfo | None) -> list[int]:
    """Ids of the active users whose calendar says `absent` for a whole working day.

    Args:
        portal: where.
        day: which day.
        zone: of the working day, 9 to 18; the portal's.

    Raises:
        AccessRefused: the webhook lacks the `calendar` scope or the right to look.
        PortalError: the portal could not be asked.

    Source:
        api-reference/calendar/calendar-event/calendar-accessibility-get.md, read 2026-11-23.
    """
    people = [
        int(each["ID"])
        for page in portal.list("user.get", {"FILTER": {"ACTIVE": True}, "select": ["ID"]})
        for each in page
    ]
    away: list[int] = []
    for first in range(0, len(people), _AT_ONCE):
        asked = {"from": day.isoformat(), "to": day.isoformat(), "users": people[first : first + _AT_ONCE]}
        found = portal.call("calendar.accessibility.get", asked)
        by_user = found if isinstance(found, Mapping) else {}  # nobody's events: PHP sends an empty list
        away += [int(user) for user, events in by_user.items() if _away(events or (), day, zone)]
    return sorted(away)


def _away(events: Any, day: date, zone: tzinfo | None) -> bool:
    """Whether absences, taken together, cover the working day."""
    opens, closes = (datetime.combine(day, each, zone) for each in WORKING_DAY)
    reached = opens
    for start, end in sorted(_span(each, zone) for each in events if each.get("ACCESSIBILITY") == "absent"):
        if start > reached:
            break
        reached = max(reached, end)
    return reached >= closes


def _span(event: Mapping[str, Any], zone: tzinfo | None) -> tuple[datetime, datetime]:
    """From when to when; whole days as the days of `zone`, whatever the zone of their author."""
    ends = [_instant(event[f"DATE_{side}_TS_UTC"]) for side in ("FROM", "TO")]
    if event.get("DT_SKIP_TIME") != "Y":
        return ends[0], ends[1]
    first, last = (
        _day(str(event.get(f"DATE_{side}")), at) for side, at in zip(("FROM", "TO"), ends, strict=True)
    )
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def _instant(unix: Any) -> datetime:
    return datetime.fromtimestamp(int(unix), UTC)


def _day(written: str, instant: datetime) -> date:
    """The day as written; where the portal writes dates in another way, that of the timestamp."""
    try:
        return datetime.strptime(written[:10], "%d.%m.%Y").date()
    except ValueError:
        return instant.date()
