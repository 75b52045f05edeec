"""One value of the portal, taken out of its spelling.

The portal's dialects: `"5"` and 5, `"20000.00"` and 20000, `Y`, `1`, `true` and `"true"`, null, "", false
and [] for what is absent, midnight UTC shown in the server's zone for a day. What two values have in common
beyond that (emptiness, order) is in `values`.

Source:
    api-reference/data-types.md, api-reference/crm/data-types.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from toolkit.records.fieldtypes import FieldType

__all__ = ["UnreadableError", "calendar_day", "instant", "nothing", "read_value"]

_YES = frozenset({"y", "1", "true", "yes"})
_NO = frozenset({"n", "0", "false", "no"})
_INT64 = 2**63


class UnreadableError(ValueError):
    """A value does not look like its field's type; it is compared as it is written."""


def read_value(value: Any, wanted: FieldType) -> Any:
    """A value without its wire spelling: `"20000.00"` becomes 20000.0, `N` False, link 0 None.

    Unlike `normalise` it keeps what a person may want to see: False and a number's 0 stay, an empty list is
    [], a multifield keeps the ids of its rows (a list of dicts id, typeId, valueType, value).

    Raises:
        UnreadableError: the value does not fit the type.
    """
    if wanted.kind == "multifield":
        return _multifield(value)
    if wanted.multiple:
        return _list(value, wanted)
    if nothing(value) or (value is False and wanted.kind != "boolean"):
        return None
    reader = _READERS[wanted.kind]
    found = reader(value)
    if wanted.kind in {"reference", "file"} and wanted.zero_is_empty and found == 0:
        return None
    return found


def calendar_day(value: Any) -> str:
    """The day a `date` field means, as `YYYY-MM-DD`.

    Midnight where it is printed, or else midnight in UTC, is the day that was meant: the portal keeps such
    dates as midnight UTC and prints them in the server's zone, `2000-01-01T02:00:00+02:00` to the east of
    Greenwich and `1999-12-31T19:00:00-05:00` to the west. Any other hour is taken as printed.

    Raises:
        UnreadableError: not a date.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        return value.isoformat()
    else:
        moment = _moment(str(value))
    offset = moment.utcoffset()
    if offset and (moment.hour, moment.minute, moment.second) != (0, 0, 0):
        in_utc = _in_utc(moment)
        if (in_utc.hour, in_utc.minute, in_utc.second) == (0, 0, 0):
            return in_utc.date().isoformat()
    return moment.date().isoformat()


def instant(value: Any) -> datetime:
    """The moment a `datetime` field means, aware and in UTC, to the second.

    A value without an offset is taken as UTC: no list method of the catalogue answers one, and our own
    tables hold UTC.

    Raises:
        UnreadableError: not a moment.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        moment = _moment(str(value))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return _in_utc(moment).replace(microsecond=0)


def nothing(value: Any) -> bool:
    """Whether a value is absent whatever its field: null, "", [], {} or NaN, but not false and not 0."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, str):
        return value == ""
    if isinstance(value, (list, dict, tuple)):
        return not value
    if isinstance(value, np.ndarray):
        return value.size == 0
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def _integer(value: Any) -> int | None:
    if isinstance(value, (bool, np.bool_)):  # before int, of which bool is one
        return 1 if value else None
    if isinstance(value, (int, np.integer)):
        number = int(value)
    elif isinstance(value, (float, np.floating, Decimal)):
        if not math.isfinite(value) or value != int(value):
            raise UnreadableError(f"{value!r} is not a whole number")
        number = int(value)
    elif isinstance(value, str):
        number = int(value) if value.isdecimal() and len(value) < 20 else _whole(value)
    else:
        raise UnreadableError(f"{value!r} is not a whole number")
    if not -_INT64 <= number < _INT64:
        raise UnreadableError(f"{value!r} is too large")
    return number


def _whole(text: str) -> int:
    amount = _decimal(text)
    if amount.adjusted() > 20 or amount != amount.to_integral_value():
        raise UnreadableError(f"{text!r} is not a whole number")
    return int(amount)


def _decimal(text: str) -> Decimal:
    try:
        amount = Decimal("" if "_" in text else text.strip())  # 1_000 is Python's spelling only
    except InvalidOperation as error:
        raise UnreadableError(f"{text!r} is not a number") from error
    if not amount.is_finite() or amount.adjusted() > 300:
        raise UnreadableError(f"{text!r} is not a finite number")
    return amount


def _double(value: Any) -> float | None:
    if isinstance(value, (bool, np.bool_)):
        return 1.0 if value else None
    if isinstance(value, (int, float, Decimal, np.integer, np.floating, str)):
        return float(_decimal(str(value))) + 0.0  # + 0.0 turns -0.0 into 0.0
    raise UnreadableError(f"{value!r} is not a number")


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "Y" if value else None
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    if isinstance(value, (Decimal, date)):
        return str(value)
    raise UnreadableError(f"{value!r} is not text")


def _boolean(value: Any) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    spelled = str(int(value)) if isinstance(value, (int, float, np.number)) else str(value).casefold()
    if spelled in _YES:
        return True
    if spelled in _NO:
        return False
    raise UnreadableError(f"{value!r} is not yes or no")


def _money(value: Any) -> str | None:
    amount, bar, currency = str(value).partition("|")
    if not amount.strip():
        return None
    plain = format(_decimal(amount).normalize(), "f")
    return f"{'0' if plain == '-0' else plain}{bar}{currency.strip().upper()}"


def _file(value: Any) -> int | None:
    # A file answers as {id, url, urlMachine}; the links change, the id is the file.
    if isinstance(value, dict):
        value = value.get("id", value.get("ID"))
        return None if nothing(value) else _integer(value)
    return _integer(value)


def _json(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _list(value: Any, wanted: FieldType) -> list[Any]:
    if nothing(value) or value is False:
        return []
    if isinstance(value, dict):
        # One object where a list was announced, or a PHP map with numbered keys.
        values: Iterable[Any] = [value] if {"id", "ID"} & value.keys() else value.values()
    elif isinstance(value, (list, tuple, np.ndarray)):
        values = value
    else:
        values = [value]
    single = FieldType(wanted.kind, zero_is_empty=wanted.zero_is_empty)
    found = (read_value(each, single) for each in values)
    return [each for each in found if each is not None]


def _multifield(value: Any) -> list[dict[str, Any]]:
    if nothing(value) or value is False:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, (list, tuple, np.ndarray)):
        raise UnreadableError(f"{value!r} is not a list of phones or e-mails")
    rows = []
    for row in value:
        if not isinstance(row, dict):
            raise UnreadableError(f"{row!r} is not a phone or e-mail")
        # crm.item.* answers id, typeId, valueType, value; older methods ID, TYPE_ID, VALUE_TYPE, VALUE.
        row_id = row.get("id", row.get("ID"))
        rows.append(
            {
                "id": None if nothing(row_id) else _integer(row_id),
                "typeId": str(row.get("typeId", row.get("TYPE_ID")) or ""),
                "valueType": str(row.get("valueType", row.get("VALUE_TYPE")) or ""),
                "value": str(row.get("value", row.get("VALUE")) or ""),
            }
        )
    return [row for row in rows if row["value"]]


@lru_cache(maxsize=65536)
def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UnreadableError(f"{text!r} is not an ISO 8601 date") from error


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise UnreadableError(f"{moment.isoformat()!r} is outside the years 1 to 9999") from error


def _moment_text(value: Any) -> str:
    return instant(value).isoformat()


_READERS: dict[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "reference": _integer,
    "double": _double,
    "string": _text,
    "boolean": _boolean,
    "date": calendar_day,
    "datetime": _moment_text,
    "money": _money,
    "file": _file,
    "json": _json,
}
