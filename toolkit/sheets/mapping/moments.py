"""Moments as exports write them: five kinds, one meaning."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

__all__ = ["read_moment"]

_RUSSIAN = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_EXCEL = datetime(1899, 12, 30)
_DAYS = (20_000, 80_000)  # 1954 to 2119: what a number of days since 1900 means
_SECONDS = (10**8, 10**11)  # from 1973 on: seconds since 1970; a thousand times as many are milliseconds


def read_moment(value: object, zone: tzinfo = UTC) -> datetime | None:
    """The moment in a cell, aware; None when it is none.

    Args:
        value: a datetime, ISO text, day-first text (`01.05.2026 10:00`), days since 1900 (a spreadsheet's number), or
            seconds or milliseconds since 1970.
        zone: of what names no zone.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return _numbered(float(text), zone)
    try:
        if found := _RUSSIAN.fullmatch(text):
            day, month, year, hour, minute, second = (int(each or 0) for each in found.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=zone)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _numbered(number: float, zone: tzinfo) -> datetime | None:
    if _DAYS[0] <= number <= _DAYS[1]:
        whole = _EXCEL + timedelta(seconds=round(number * 86_400))
        return whole.replace(tzinfo=zone)
    if _SECONDS[0] * 1000 <= number < _SECONDS[1] * 1000:
        number /= 1000
    if _SECONDS[0] <= number < _SECONDS[1]:
        return datetime.fromtimestamp(number, UTC)
    return None
