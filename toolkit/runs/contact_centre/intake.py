"""Rows as another system exports them, made into typed rows; those that cannot be are told by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.runs.contact_centre.rows import CallRow, ClientRow, RequestRow, Unusable
from toolkit.sheets.mapping import ZONE, ExportMapping, Mapped, mapped_rows, propose_mapping
from toolkit.sheets.refusals import Language

__all__ = ["UnreadRow", "take_rows"]

Kind = Literal["request", "call"]

_MODELS: dict[Kind, type[ClientRow]] = {"request": RequestRow, "call": CallRow}


class UnreadRow(BaseModel):
    """A row of an export that is none: it is put aside, and accounted for.

    Args:
        kind: `request`, `call` or `history`.
        row: where it stands in the file, from 1.
        id: as far as it says one.
        problem: in words, by cell.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["request", "call", "history"]
    row: int = Field(ge=1)
    id: str = ""
    problem: str = Field(min_length=1)


def take_rows(
    rows: Iterable[Any],
    kind: Kind,
    mapping: ExportMapping | None,
    *,
    zone: str = ZONE,
    put_aside: bool = False,
    language: Language = "en",
) -> tuple[list[Any], list[UnreadRow]]:
    """Rows under the names of fields, and those that cannot be used.

    Args:
        rows: typed, under the names of fields, or under headings of their own: heading to cell.
        kind: of them.
        mapping: which heading is which field; None to go by what the headings say, all of which must be known then.
        zone: of moments that name none, where no mapping says it.
        put_aside: hand the unusable ones back as such; otherwise they stay where they are, and refuse themselves.
        language: of what is wrong with those that are put aside; what refuses itself is told in English.

    Returns:
        Typed rows, and what is left for the model to refuse; and the rows put aside.
    """
    model = _MODELS[kind]
    taken = list(rows)
    raw = []
    for at, row in enumerate(taken):
        if isinstance(row, model) or not isinstance(row, dict):
            continue
        if mapping is None:
            try:
                taken[at] = model.model_validate(row)
                continue
            except ValidationError:
                pass
        raw.append(at)
    found = _mapped([taken[at] for at in raw], kind, mapping, zone)
    if found is None:
        for at in raw:
            if strange := _strange(taken[at], kind):
                words = f"the heading {strange!r} is not known; say in {kind}s_mapping which field it is"
                taken[at] = Unusable(words)
        return taken, []
    spoken = language if put_aside else "en"
    problems: dict[int, list[str]] = {}
    for each in found.problems:
        place = raw[each.row - 1] + 1
        problems.setdefault(each.row - 1, []).append(
            _words(place, each.heading, each.value, each.words(spoken), spoken)
        )
    good = iter(found.rows)
    unread: list[UnreadRow] = []
    for number, at in enumerate(raw):
        words = "; ".join(problems.get(number, ()))
        if not words:
            taken[at], words = _typed(next(good), model, at + 1, spoken)
        if words:
            taken[at] = Unusable(words, _id_of(taken[at]))
    if not put_aside:
        return taken, unread
    unread = [
        UnreadRow(kind=kind, row=at + 1, id=row.id, problem=row.words)
        for at, row in enumerate(taken)
        if isinstance(row, Unusable)
    ]
    return [row for row in taken if not isinstance(row, Unusable)], unread


def _strange(row: Mapping[Any, Any], kind: Kind) -> str:
    columns = propose_mapping([str(each) for each in row], kind)
    return next((str(each) for each in row if str(each) not in columns), "")


def _mapped(rows: Sequence[Any], kind: Kind, mapping: ExportMapping | None, zone: str) -> Mapped | None:
    """The rows by a mapping; None when headings do not tell enough, and the model has to say what is wrong."""
    if not rows:
        return None
    if mapping is not None:
        return mapping.mapped(rows)
    headings = dict.fromkeys(str(each) for row in rows for each in row)
    columns = propose_mapping(headings, kind)
    if len(columns) < len(headings):
        return None
    needed = ("id", "at", "phone") if kind == "call" else ("id", "at")
    if not set(needed) <= set(columns.values()):
        return None
    return mapped_rows(rows, columns, kind, ZoneInfo(zone))


def _typed(row: dict[str, Any], model: type[ClientRow], number: int, language: Language) -> tuple[Any, str]:
    try:
        return model.model_validate(row), ""
    except ValidationError as error:
        if language == "ru":
            return row, f"строка {number}: не хватает нужного или значение не подходит"
        first = error.errors(include_url=False)[0]
        where = ".".join(str(each) for each in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        return row, f"row {number}, {where}: {said}"


def _words(number: int, heading: str, value: str, told: str, language: Language) -> str:
    """The problem of a row that stands elsewhere among all of them than among those that were looked at."""
    row = "строка" if language == "ru" else "row"
    return f"{row} {number}, {told.partition(', ')[2]}" if heading or value else told


def _id_of(row: Any) -> str:
    if not isinstance(row, dict):
        return ""
    headings = propose_mapping([str(each) for each in row])
    return next((str(row[heading]) for heading, field in headings.items() if field == "id"), "")
