"""Rows by a mapping, checked with pandera; what is wrong is told by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa

from toolkit.errors import ParameterError
from toolkit.sheets.mapping.moments import read_moment
from toolkit.sheets.mapping.proposal import FIELDS

__all__ = ["CellProblem", "Mapped", "mapped_rows"]

_MOMENTS = ("at", "changed")
_NEEDED = {"request": ("id", "at"), "call": ("id", "at", "phone")}
_INCOMING = ("in", "входящий", "вх", "incoming", "1")
_OUTGOING = ("out", "исходящий", "исх", "outgoing", "2")
_DIRECTIONS = (*_INCOMING, *_OUTGOING, "")
_WORDS = {
    "missing": ("пусто, а должно быть заполнено", "is empty and must not be"),
    "moment": ("не дата и не время", "is no date and time"),
    "number": ("не число", "is no number"),
    "direction": ("не входящий и не исходящий", "is neither incoming nor outgoing"),
}


@dataclass(frozen=True)
class CellProblem:
    """One thing wrong with one cell.

    Args:
        row: of the file's rows, from 1.
        heading: of the column.
        value: as it stands there.
        code: `missing`, `moment`, `number`, `direction`.
    """

    row: int
    heading: str
    value: str
    code: str

    def words(self, language: Literal["ru", "en"] = "ru") -> str:
        """The problem as a person reads it."""
        where = f"строка {self.row}" if language == "ru" else f"row {self.row}"
        said = _WORDS[self.code][0 if language == "ru" else 1]
        return f"{where}, {self.heading}: {self.value!r} {said}"


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
) -> Mapped:
    """The rows of an export under the names of fields.

    Args:
        rows: heading to cell.
        mapping: heading to field; headings that are not in it are left out.
        kind: which fields must be there.
        zone: of moments that name none.

    Raises:
        ParameterError: the mapping names an unknown field or one twice, or a needed one is missing.
    """
    _check(mapping, kind)
    headings = {field: heading for heading, field in mapping.items()}
    cells = [{field: row.get(heading) for field, heading in headings.items()} for row in rows]
    table = pd.DataFrame(cells, columns=list(headings), dtype=object)
    problems = [
        CellProblem(
            int(case["index"]) + 1, headings[case["column"]], _text(case["failure_case"]), case["check"]
        )
        for case in _failures(table, kind)
    ]
    bad = {each.row for each in problems}
    good = [_typed(row, zone) for number, row in enumerate(cells, start=1) if number not in bad]
    return Mapped(good, sorted(problems, key=lambda each: (each.row, each.heading)))


def _check(mapping: Mapping[str, str], kind: str) -> None:
    fields = list(mapping.values())
    wrong = [each for each in fields if each not in FIELDS or fields.count(each) > 1]
    missing = [each for each in _NEEDED[kind] if each not in fields]
    if wrong:
        raise ParameterError(
            "mapping", "field", wrong[0], "is unknown or named twice", f"Known: {', '.join(FIELDS)}."
        )
    if missing:
        raise ParameterError("mapping", "field", missing[0], "has no heading", "Say which column holds it.")


def _failures(table: pd.DataFrame, kind: str) -> list[dict[str, Any]]:
    columns = {}
    for field in table.columns:
        checks = []
        if field in _NEEDED[kind]:
            checks.append(_rule("missing", lambda each: _text(each) != ""))
        if field in _MOMENTS:
            checks.append(_rule("moment", lambda each: _text(each) == "" or read_moment(each) is not None))
        if field in ("amount", "duration_s"):
            checks.append(_rule("number", lambda each: _text(each) == "" or _number(each) is not None))
        if field == "direction":
            checks.append(_rule("direction", lambda each: _text(each).casefold() in _DIRECTIONS))
        columns[field] = pa.Column(object, checks, nullable=True)
    try:
        pa.DataFrameSchema(columns).validate(table, lazy=True)
    except pa.errors.SchemaErrors as found:
        cases: list[dict[str, Any]] = found.failure_cases.to_dict("records")
        return cases
    return []


def _rule(name: str, passes: Any) -> pa.Check:
    return pa.Check(passes, element_wise=True, name=name, error=name, ignore_na=False)


def _typed(row: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    typed: dict[str, Any] = {}
    for field, value in row.items():
        if _text(value) == "":
            continue
        if field in _MOMENTS:
            moment = read_moment(value, zone)
            typed[field] = moment.isoformat() if moment else None
        elif field == "amount":
            typed[field] = _number(value)
        elif field == "duration_s":
            typed[field] = int(_number(value) or 0)
        elif field == "direction":
            typed[field] = "in" if _text(value).casefold() in _INCOMING else "out"
        else:
            typed[field] = _text(value)
    return typed


def _number(value: Any) -> float | None:
    try:
        return float(_text(value).replace("\u00a0", "").replace(" ", "").replace(",", "."))
    except ValueError:
        return None


def _text(value: Any) -> str:
    """A cell as text; a whole number without its `.0`."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime) else str(value).strip()
