"""One message: a row of somebody else's system, with what it is known and ordered by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from math import isfinite
from typing import Any

from toolkit.spool.refusals import SourceRefused

__all__ = [
    "HALF_A_LETTER",
    "NOT_A_ROW",
    "NOT_JSON",
    "Message",
    "digest_of",
    "message_of",
    "row_of",
    "version_of",
]

HALF_A_LETTER = "it holds half a letter (a lone surrogate)"
NOT_JSON = "it is not JSON in UTF-8"
NOT_A_ROW = "it is JSON, but not an object with columns"

_DIGITS = 20  # numbers are compared as text: padded


@dataclass(frozen=True)
class Message:
    """A row on its way.

    Args:
        id: what makes it the same message when it comes again.
        body: the row as JSON text, an object.
        key: messages of one key are handed over one after another; "" for no order.
        version: of two of one key the smaller goes first, and never after the greater; see `version_of`.
        source: where it came from, for people.
    """

    id: str
    body: str
    key: str = ""
    version: str = ""
    source: str = ""


def message_of(
    row: Mapping[str, Any], known_as: str = "", *, key: str = "", version: str = "", source: str = ""
) -> Message:
    """A message of a row.

    Args:
        row: column to cell; dates and decimals become text, what is no number (NaN) is left out.
        known_as: its id; "" for one made from the source and the content.
        key, version: names of columns, in any case; "" or a missing cell for none.
        source: where it came from.

    Raises:
        SourceRefused: a text of it holds half a letter, which no file can keep.
    """
    row = {name: cell for name, cell in row.items() if not (isinstance(cell, float) and not isfinite(cell))}
    body = json.dumps(row, ensure_ascii=False, sort_keys=True, default=_as_text)
    if not _whole(body):
        raise SourceRefused(source or "a row", HALF_A_LETTER, "Mend it where it was written.")
    known_by = known_as or f"{source}#{digest_of(body)}"
    order, newer = _cell(row, key), _cell(row, version)
    return Message(known_by, body, "" if order is None else str(order).strip(), version_of(newer), source)


def _cell(row: Mapping[str, Any], name: str) -> Any:
    """The cell of a column, however its heading is written: sheets are read with headings in small letters."""
    if not name or name in row:
        return row.get(name)
    folded = _folded(name)
    return next((cell for heading, cell in row.items() if _folded(heading) == folded), None)


def _folded(heading: str) -> str:
    return " ".join(str(heading).casefold().split())


def row_of(body: str | bytes, source: str = "") -> dict[str, Any]:
    """The row another system wrote as JSON.

    Raises:
        SourceRefused: it is not JSON, no object, or holds what no file can keep; `problem` says which.
    """
    try:
        row = json.loads(
            body.decode("utf-8-sig") if isinstance(body, bytes) else body, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        raise SourceRefused(source, NOT_JSON, "Mend it where it was written.") from error
    if not isinstance(row, dict):
        raise SourceRefused(source, NOT_A_ROW, "Mend it where it was written.")
    if not _whole(json.dumps(row, ensure_ascii=False)):
        raise SourceRefused(source, HALF_A_LETTER, "Mend it where it was written.")
    return row


def version_of(value: object) -> str:
    """A number or a moment as text that sorts as it does; other text as it is; "" for None.

    Moments with an offset are put into UTC; without one they are compared as written.
    """
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal) and value >= 0:
        whole, _, part = f"{value:f}".partition(".")
        return f"{whole:0>{_DIGITS}}.{part}".rstrip("0").rstrip(".") if part else f"{whole:0>{_DIGITS}}"
    text = value.isoformat() if isinstance(value, date) else str(value).strip()
    if text.isascii() and text.isdigit():
        return f"{text:0>{_DIGITS}}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return moment.isoformat(timespec="microseconds")


def digest_of(text: str | bytes) -> str:
    """The first 32 hex digits of the SHA-256 of a text."""
    return sha256(text.encode() if isinstance(text, str) else text).hexdigest()[:32]


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
