"""Rows by a mapping, checked with pandera; what is wrong is told by cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from toolkit.errors import ParameterError
from toolkit.sheets.mapping.exports import Broken
from toolkit.sheets.mapping.moments import read_moment
from toolkit.sheets.mapping.problems import CellProblem
from toolkit.sheets.mapping.proposal import FIELDS, NEEDED, folded_heading

if TYPE_CHECKING:
    import pandera.pandas as pa

__all__ = ["CellProblem", "Mapped", "mapped_rows"]

_MOMENTS = ("at", "changed")
_INCOMING = ("in", "входящий", "входящая", "вх", "incoming", "inbound", "1")
_OUTGOING = ("out", "исходящий", "исходящая", "исх", "outgoing", "outbound", "2")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d)(?:\.\d+)?")
_MONEY = re.compile(r"(?:₽|руб(?:лей|ля|\.)?|р\.|rub|rur)\.?$", re.IGNORECASE)


@dataclass(frozen=True)
class Mapped:
    """What became of an export.

    Args:
        rows: those without problems, as the operation takes them.
        problems: of the others; a row with any is left out.
    """

    rows: list[dict[str, Any]]
    problems: list[CellProblem]


def mapped_rows(
    rows: Sequence[Mapping[str, Any]],
    mapping: Mapping[str, str],
    kind: Literal["request", "call"],
    zone: tzinfo = UTC,
    *,
    constants: Mapping[str, Any] | None = None,
    words: Mapping[str, Mapping[str, str]] | None = None,
    decimal: str = "",
) -> Mapped:
    """The rows of an export under the names of fields.

    Args:
        rows: heading to cell.
        mapping: heading, in any case, to field; headings that are not in it, or stand for "", are left out.
        kind: which fields must be there.
        zone: of moments that name none.
        constants: field to what it holds where a row says nothing.
        words: field to words of the other system and what they mean here (`{"direction": {"Вх.": "in"}}`).
        decimal: the decimal separator, `,` or `.`; "" to tell by the number.

    Raises:
        ParameterError: the mapping names an unknown field or one twice, or a needed one is missing.
    """
    wanted = {heading: field for heading, field in mapping.items() if field}
    _check(wanted, constants or {}, kind)
    headings = {field: heading for heading, field in wanted.items()}
    known = _Headings(wanted)
    cells = [_under_fields(row, known, constants or {}, words or {}) for row in rows]
    fields = list(dict.fromkeys([*headings, *(constants or {})]))
    table = pd.DataFrame(cells, columns=fields, dtype=object)
    number = partial(_number, decimal=decimal)
    problems = [
        CellProblem(
            int(case["index"]) + 1,
            headings.get(case["column"], case["column"]),
            _text(case["failure_case"]),
            case["check"],
        )
        for case in _failures(table, kind, number)
    ]
    bad = {each.row for each in problems}
    good = [_typed(row, zone, number) for at, row in enumerate(cells, start=1) if at not in bad]
    return Mapped(good, sorted(problems, key=lambda each: (each.row, each.heading)))


def _check(mapping: Mapping[str, str], constants: Mapping[str, Any], kind: str) -> None:
    fields = list(mapping.values())
    wrong = [each for each in fields if each not in FIELDS or fields.count(each) > 1]
    wrong += [each for each in constants if each not in FIELDS]
    missing = [each for each in NEEDED[kind] if each not in {*fields, *constants}]
    if wrong:
        raise ParameterError(
            "mapping", "field", wrong[0], "is unknown or named twice", f"Known: {', '.join(FIELDS)}."
        )
    if missing:
        raise ParameterError("mapping", "field", missing[0], "has no heading", "Say which column holds it.")


class _Headings:
    """Headings, however they are spelled, to fields; each spelling is looked at once."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._folded = {folded_heading(heading): field for heading, field in mapping.items()}
        self._seen: dict[str, str] = {}

    def field(self, heading: str) -> str:
        """The field; "" for a heading that is left out."""
        if heading not in self._seen:
            self._seen[heading] = self._folded.get(folded_heading(heading), "")
        return self._seen[heading]


def _under_fields(
    row: Mapping[str, Any],
    headings: _Headings,
    constants: Mapping[str, Any],
    words: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    found = dict(constants)
    for heading, value in row.items():
        if field := headings.field(str(heading)):
            found[field] = words[field].get(_text(value), value) if field in words else value
    return found


def _failures(table: pd.DataFrame, kind: str, number: Callable[[Any], float | None]) -> list[dict[str, Any]]:
    import pandera.pandas as pa  # here: every command would pay for it

    columns = {}
    for field in table.columns:
        checks = [_rule("cell", lambda each: not isinstance(each, Broken))]
        if field in NEEDED[kind]:
            checks.append(_rule("missing", lambda each: _text(each) != ""))
        reads = _READERS.get(field)
        if field == "amount":
            reads = ("number", number)
        if reads is not None:
            checks.append(_rule(reads[0], partial(_readable, reads[1])))
        columns[field] = pa.Column(object, checks, nullable=True)
    try:
        pa.DataFrameSchema(columns).validate(table, lazy=True)
    except pa.errors.SchemaErrors as found:
        cases: list[dict[str, Any]] = found.failure_cases.to_dict("records")
        return cases
    return []


def _readable(read: Callable[[Any], Any], cell: Any) -> bool:
    return _text(cell) == "" or isinstance(cell, Broken) or read(cell) is not None


def _rule(name: str, passes: Callable[[Any], bool]) -> pa.Check:
    import pandera.pandas as pa

    return pa.Check(passes, element_wise=True, name=name, error=name, ignore_na=False)


def _typed(row: Mapping[str, Any], zone: tzinfo, number: Callable[[Any], float | None]) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for field, value in row.items():
        if _text(value) == "":
            continue
        if field in _MOMENTS:
            moment = read_moment(value, zone)
            typed[field] = moment.isoformat() if moment else None
        elif field == "amount":
            typed[field] = number(value)
        elif field == "duration_s":
            typed[field] = _duration(value)
        elif field == "direction":
            typed[field] = _direction(value)
        else:
            typed[field] = _text(value)
    return typed


def _direction(value: Any) -> str | None:
    word = _text(value).casefold().rstrip(".")
    return "in" if word in _INCOMING else "out" if word in _OUTGOING else None


def _duration(value: Any) -> int | None:
    """Seconds, told as a number or as a clock shows them."""
    found = _CLOCK.fullmatch(_text(value).rpartition("T")[2])
    if found:
        hours, minutes, seconds = (int(each or 0) for each in found.groups())
        return 3600 * hours + 60 * minutes + seconds
    number = _number(value)
    return None if number is None or number < 0 else int(number)


def _number(value: Any, decimal: str = "") -> float | None:
    text = _MONEY.sub("", re.sub(r"[\s\u00a0\u202f']", "", _text(value)))
    if not decimal and "," in text and "." in text:
        decimal = max(",.", key=text.rfind)
    if decimal:
        text = text.replace("," if decimal == "." else ".", "")
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        return None
    return found if found - found == 0 else None  # neither infinite nor "nan"


def _text(value: Any) -> str:
    """A cell as text; a whole number without its `.0`."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime) else str(value).strip()


_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(_MOMENTS, ("moment", read_moment)),
    "duration_s": ("duration", _duration),
    "direction": ("direction", _direction),
}
"""Field to the code of its problem and what reads it."""
