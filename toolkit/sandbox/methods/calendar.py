"""`calendar.*`: events in the calendars of people, and who is busy or away when.

Source: api-reference/calendar/calendar-event/calendar-{accessibility-get,event-add}.md, read 2026-11-23.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ..call import Call
from ..registry import method
from ..state.store import Column, declare_table
from ..wire import php
from ..wire.errors import RestError
from ..wire.values import BadValueError

_DOCS = "api-reference/calendar/calendar-event/calendar-"
_MEANINGS = {
    "ACCESSIBILITY": ("busy", "absent", "quest", "free"),
    "IMPORTANCE": ("normal", "high", "low"),
}

# An event of whole days begins and ends at midnight UTC of its first and last day.
declare_table(
    "calendar_event",
    "OWNER_ID int",
    "NAME",
    Column("FROM_TS", "int", 0),
    Column("TO_TS", "int", 0),
    Column("DT_SKIP_TIME", "flag", "N"),
    Column("ACCESSIBILITY", "text", "busy"),
    Column("IMPORTANCE", "text", "normal"),
    Column("EVENT_TYPE", "text", ""),
    indexes=[("OWNER_ID",)],
)


@method("calendar.accessibility.get", scope="calendar", docs=_DOCS + "accessibility-get.md")
def accessibility(call: Call) -> Any:
    """The events of each person asked about that touch the days asked about; `[]` for one without any."""
    given = {name: _required(call, name) for name in ("from", "to", "users")}
    if _external(call):
        raise _refused("Access denied")
    first, last = _day(given["from"], "from", call), _day(given["to"], "to", call)
    zone = call.portal.zone.tz
    found: dict[str, list[dict[str, Any]]] = {}
    for user in php.values(given["users"]):
        rows = call.store.find("calendar_event", OWNER_ID=php.whole(user))
        found[str(php.whole(user))] = [
            _shown(call, row)
            for row in sorted(rows, key=lambda row: (row["FROM_TS"], row["ID"]))
            if _moment(row["FROM_TS"], row, zone).date() <= last
            and _moment(row["TO_TS"], row, zone).date() >= first
        ]
    return found


@method(
    "calendar.event.add",
    scope="calendar",
    docs=_DOCS + "event-add.md",
    not_emulated="Calendars of groups and of the company; sections, time zones, repeats, meetings, reminders,"
    " colours, links to CRM are taken and forgotten.",
)
def add(call: Call) -> int:
    """Put an event into the calendar of a person; its id."""
    type_, owner = _required(call, "type"), php.whole(_required(call, "ownerId"))
    name = _required(call, "name")
    if not isinstance(name, str):
        raise _refused('Invalid value for the parameter "name"')
    if type_ != "user" or not (call.caller.is_admin or owner == call.user_id):
        raise _refused("Access denied")
    whole_days = call.get("skip_time") == "Y"
    start, end = (_unix(call, name, whole_days) for name in ("from", "to"))
    if end < start:
        raise _refused("An error occurred while creating the event")
    chosen = {
        column: given if (given := str(call.get(column) or "")) in known else known[0]
        for column, known in _MEANINGS.items()
    }
    values = {"OWNER_ID": owner, "NAME": name, "FROM_TS": start, "TO_TS": end, **chosen}
    return call.store.insert("calendar_event", {**values, "DT_SKIP_TIME": "Y" if whole_days else "N"})


def _required(call: Call, name: str) -> Any:
    value = call.get(name)
    if value in (None, "", [], {}):
        raise _refused(f'The required parameter "{name}" for the method "{call.method.name}" is not set.')
    return value


def _refused(words: str) -> RestError:
    return RestError("", words)


def _external(call: Call) -> bool:
    row = call.store.get("user", call.user_id)
    return row is not None and row.get("USER_TYPE") == "extranet"


def _day(value: Any, name: str, call: Call) -> Any:
    try:
        return datetime.fromisoformat(call.portal.zone.iso_day(value)).date()
    except BadValueError:
        raise _refused(f'Invalid value for the parameter "{name}"') from None


def _unix(call: Call, name: str, whole_days: bool) -> int:
    stamp = call.get(f"{name}_ts")
    if stamp not in (None, ""):
        moment = datetime.fromtimestamp(php.whole(stamp), call.portal.zone.tz)
        day = moment.date()
    else:
        given = _required(call, name)
        day = _day(given, name, call)
        moment = datetime.fromtimestamp(call.portal.zone.unix(given), call.portal.zone.tz)
    if whole_days:
        return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return int(moment.timestamp())


def _moment(unix: int, row: dict[str, Any], zone: Any) -> datetime:
    return datetime.fromtimestamp(unix, UTC if row["DT_SKIP_TIME"] == "Y" else zone)


def _shown(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    zone = call.portal.zone.tz
    offset = int((zone.utcoffset(None) or timedelta()).total_seconds())
    hours = offset // 3600
    named = "Europe/Moscow" if hours == 3 else f"Etc/GMT{-hours:+d}" if hours else "UTC"
    shown: dict[str, Any] = {"ID": str(row["ID"]), "NAME": row["NAME"]}
    for side in ("FROM", "TO"):
        shown[f"DATE_{side}"] = _moment(row[f"{side}_TS"], row, zone).strftime("%d.%m.%Y %H:%M:%S")
    for side in ("FROM", "TO"):
        shown[f"DATE_{side}_TS_UTC"] = str(row[f"{side}_TS"])
    return {
        **shown,
        "~USER_OFFSET_FROM": offset,
        "~USER_OFFSET_TO": offset,
        "DT_SKIP_TIME": row["DT_SKIP_TIME"],
        "TZ_FROM": named,
        "TZ_TO": named,
        **{name: row[name] for name in (*_MEANINGS, "EVENT_TYPE")},
    }
