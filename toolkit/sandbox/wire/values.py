"""Values on their way in and out of the portal's tables.

In: whatever a client sent becomes a stored value. Out: a stored value becomes what the dialect of the
method says: universal methods answer numbers as numbers, legacy ones answer strings.

Source: api-reference/data-types.md, api-reference/crm/data-types.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from ..state.fields import Field

__all__ = ["BadValueError", "Zone", "legacy_value", "stored", "universal_value"]

_DAY_DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$")


class BadValueError(ValueError):
    """The value does not fit the field; universal methods say so, legacy ones cast it."""


class Zone:
    """The server's time zone: the offset every answer carries.

    Args:
        hours: offset from UTC.
        user_hours: how far the caller's zone is ahead of the server's; dates are kept at midnight of
            the user and come back shifted, as on real portals.
    """

    def __init__(self, hours: float = 3.0) -> None:
        self.tz = timezone(timedelta(hours=hours))
        self._suffix = datetime(2026, 1, 1, tzinfo=self.tz).isoformat()[-6:]
        self._midnight = (
            f"T{int(hours):02d}:00:00{self._suffix}" if hours >= 0 else f"T00:00:00{self._suffix}"
        )

    def moment(self, unix: float) -> str:
        """ISO 8601 with the server's offset, whole seconds."""
        return datetime.fromtimestamp(int(unix), self.tz).isoformat()

    def day(self, iso_day: str) -> str:
        """A `date` as the portal shows it: a moment at a shifted midnight of that day."""
        return iso_day + self._midnight

    def unix(self, text: Any) -> float:
        """Read a moment: ISO 8601, the portal's `DD.MM.YYYY HH:MM:SS`, or a bare day; naive means the server's zone.

        Raises:
            BadValueError: it is none of these.
        """
        return self._read(text).timestamp()

    def iso_day(self, text: Any) -> str:
        """Read a day, dropping its time.

        Raises:
            BadValueError: it is not a date.
        """
        return self._read(text).date().isoformat()

    def _read(self, text: Any) -> datetime:
        value = str(text).strip()
        match = _DAY_DOTS.match(value)
        try:
            if match:
                day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
                moment = datetime(year, month, day, hour, minute, second, tzinfo=self.tz)
            else:
                # `+` in a form value arrives as a blank when the client forgot to encode it
                moment = datetime.fromisoformat(re.sub(r" (\d\d:\d\d)$", r"+\1", value))
        except (ValueError, OverflowError) as error:
            raise BadValueError(f"{text!r} is not a date") from error
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.tz)
        if not (datetime(1000, 1, 2, tzinfo=UTC) <= moment <= datetime(9998, 12, 30, tzinfo=UTC)):
            raise BadValueError(f"{text!r} is out of range")
        return moment


def stored(field: Field, value: Any, zone: Zone, *, strict: bool) -> Any:
    """The stored form of a value a client sent.

    Args:
        field: the field it is for.
        value: string, number, bool, None or (multiple, file) an array.
        zone: for moments without an offset.
        strict: refuse what does not fit (universal); otherwise cast as PHP does (legacy).

    Raises:
        BadValueError: strict, and it does not fit.
    """
    if field.multiple:
        if isinstance(value, dict | list):
            each = list(value.values()) if isinstance(value, dict) else value
        elif value in (None, "", False):
            each = []
        elif strict and field.dynamic:
            raise BadValueError("a multiple field takes an array")
        else:
            each = [value]
        single = _CASTS[field.storage if field.storage != "json" else _single_storage(field)]
        return json.dumps(
            [single(one, zone, strict) for one in each if one not in (None, "")], ensure_ascii=False
        )
    return _CASTS[field.storage](value, zone, strict)


def _single_storage(field: Field) -> str:
    from ..state.fields import storage_of

    return storage_of(field.type, dynamic=field.dynamic)


def _integer(value: Any, _zone: Zone, strict: bool) -> int | None:
    if value is None or value == "":
        return None if value is None else 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value if abs(value) < 2**63 else 0
    if isinstance(value, float):
        return int(value) if abs(value) < 2**63 else 0
    match = re.match(r"\s*(-?\d{1,18})", str(value)) if isinstance(value, str) else None
    if strict and (match is None or match.group().strip() != str(value).strip()):
        raise BadValueError(f"{value!r} is not a whole number")
    return int(match.group(1)) if match else 0


def _real(value: Any, _zone: Zone, strict: bool) -> float | None:
    if value is None or value == "":
        return None if value is None else 0.0
    try:
        number = float(str(value).partition("|")[0].replace(",", "."))
    except ValueError:
        if strict:
            raise BadValueError(f"{value!r} is not a number") from None
        return 0.0
    return number if abs(number) < 1e300 else 0.0


def _text(value: Any, _zone: Zone, strict: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, dict | list):
        if strict:
            raise BadValueError("an array cannot be stored in a single field")
        return None
    return str(value)


def _flag(value: Any, _zone: Zone, _strict: bool) -> str:
    return "Y" if value is True or str(value).strip().upper() in ("Y", "1", "TRUE") else "N"


def _bit(value: Any, _zone: Zone, _strict: bool) -> int | None:
    if value is None or value == "":
        return None if value is None else 0
    return int(value is True or str(value).strip().upper() in ("Y", "1", "TRUE"))


def _date(value: Any, zone: Zone, strict: bool) -> Any:
    return _or_none(value, zone.iso_day, strict)


def _time(value: Any, zone: Zone, strict: bool) -> Any:
    return _or_none(value, lambda text: int(zone.unix(text)), strict)


def _or_none(value: Any, read: Callable[[Any], Any], strict: bool) -> Any:
    if value is None or value == "" or value is False:
        return None
    try:
        return read(value)
    except BadValueError:
        if strict:
            raise
        return None


def _json(value: Any, _zone: Zone, _strict: bool) -> str | None:
    return None if value in (None, "") else json.dumps(value, ensure_ascii=False)


_CASTS: dict[str, Callable[[Any, Zone, bool], Any]] = {
    "int": _integer,
    "real": _real,
    "text": _text,
    "flag": _flag,
    "bit": _bit,
    "date": _date,
    "time": _time,
    "json": _json,
}


def universal_value(field: Field, value: Any, zone: Zone) -> Any:
    """A stored value as `crm.item.*` shows it: numbers as numbers, Y/N, ISO moments, lists for multiples."""
    if field.multiple:
        each = json.loads(value) if value else []
        single = Field(field.name, field.type, field.column, dynamic=field.dynamic)
        return [universal_value(single, one, zone) for one in each]
    if value is None:
        return None
    storage = field.storage
    if storage == "time":
        return zone.moment(value)
    if storage == "date":
        return zone.day(value)
    if storage == "real":
        return int(value) if value == int(value) else value
    if storage == "bit":
        return "Y" if value else "N"
    if storage == "json":
        return json.loads(value)
    return value


def legacy_value(field: Field, value: Any, zone: Zone) -> Any:
    """A stored value as the legacy methods show it: scalars as strings, empty dates as ""."""
    if field.multiple:
        each = json.loads(value) if value else []
        single = Field(field.name, field.type, field.column, dynamic=field.dynamic)
        # An empty multiple user field answers false on legacy pages, not an empty list.
        return [legacy_value(single, one, zone) for one in each] if each else (False if field.dynamic else [])
    storage = field.storage
    if value is None:
        return "" if storage in ("time", "date") else None
    if storage == "time":
        return zone.moment(value)
    if storage == "date":
        return zone.day(value)
    if storage == "real":
        return f"{value:.2f}"
    if storage == "json":
        return json.loads(value)
    return str(value)
