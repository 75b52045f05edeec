"""What a row must be, declared with pandera: of itself, and against the portal.

The frames are already typed (see `directory`): pandera coerces nothing, since it would read 03.04. as the
4th of March, and a column with one bad value would lose all its other checks. Each check is named for the
problem it finds; `BLAMED` says which cell that problem belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pandera.pandas as pa

from toolkit.sheets.columns import TableKind
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.sheets.spelling import fold
from toolkit.sheets.values import ANY

__all__ = ["BLAMED", "failures", "schema_for"]

PEOPLE = ("responsible", "deputy", "absent", "substitute")

BLAMED: Mapping[str, str] = {
    "dates_reversed": "valid_to",
    "own_deputy": "deputy",
    "own_substitute": "substitute",
    "other_department": "responsible",
    "stage_elsewhere": "stage",
}
"""Check of a whole row to the column that is to blame; checks of a column blame their own."""


def schema_for(kind: TableKind, keys: list[str], facts: PortalFacts | None) -> pa.DataFrameSchema:
    """The schema of one table's frame.

    Args:
        kind: which table.
        keys: the columns it has.
        facts: of the portal; None checks rows by themselves only.
    """
    columns = {
        key: pa.Column(None, _required(kind, key) + (_on_portal(key, facts) if facts else []), nullable=True)
        for key in keys
    }
    rows = [_row("dates_reversed", ("valid_from", "valid_to"), lambda start, end: start <= end)]
    for name, pair in (
        ("own_deputy", ("responsible", "deputy")),
        ("own_substitute", ("absent", "substitute")),
    ):
        rows.append(_row(name, pair, _same_person(facts)))
    if facts is not None:
        rows.append(_row("other_department", ("responsible", "department"), _in_department(facts)))
        rows.append(_row("stage_elsewhere", ("stage", "pipeline"), _stage_fits(facts)))
    wanted = {"dates_reversed": ("valid_from", "valid_to"), "own_deputy": ("responsible", "deputy")}
    wanted |= {"own_substitute": ("absent", "substitute"), "other_department": ("responsible", "department")}
    wanted |= {"stage_elsewhere": ("stage", "pipeline")}
    return pa.DataFrameSchema(
        columns, checks=[check for check in rows if set(wanted[str(check.name)]) <= set(keys)], strict=True
    )


def failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> list[tuple[str, str, int]]:
    """Every failed check of a frame, as (check, column, index), each cell once.

    A check of a row is reported by pandera once for each column; it comes back once, with the column to blame.
    """
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        found = {
            (str(check), BLAMED.get(str(check), str(column)), int(index))
            for check, column, index in zip(cases["check"], cases["column"], cases["index"], strict=True)
        }
        return sorted(found, key=lambda each: (each[2], each[1], each[0]))
    return []


def _check(name: str, right: Callable[[Any], bool]) -> pa.Check:
    """Each different value is judged once."""

    def judge(values: pd.Series) -> pd.Series:
        verdicts = {value: right(value) for value in values.dropna().unique()}
        return values.map(lambda value: verdicts.get(value, True)).astype(bool)

    return pa.Check(judge, name=name, error=name, ignore_na=False)


def _row(name: str, keys: tuple[str, str], right: Callable[[Any, Any], bool]) -> pa.Check:
    def judge(frame: pd.DataFrame) -> pd.Series:
        verdicts = [
            one is None or other is None or right(one, other)
            for one, other in zip(frame[keys[0]], frame[keys[1]], strict=True)
        ]
        return pd.Series(verdicts, index=frame.index, dtype=bool)

    return pa.Check(judge, name=name, error=name, ignore_na=False)


def _required(kind: TableKind, key: str) -> list[pa.Check]:
    if not kind.column(key).required:
        return []
    return [pa.Check(lambda values: values.notna(), name="missing", error="missing", ignore_na=False)]


def _on_portal(key: str, facts: PortalFacts) -> list[pa.Check]:
    if key in PEOPLE:
        return [
            _check("user_missing", lambda text: bool(facts.people_called(text) or facts.people_meant(text))),
            _check(
                "user_short", lambda text: bool(facts.people_called(text)) or not facts.people_meant(text)
            ),
            _check("user_ambiguous", lambda text: len(facts.people_called(text)) < 2),
            _check(
                "user_dismissed", lambda text: (found := facts.people_called(text)) == [] or found[0].active
            ),
        ]
    known: Mapping[str, object] | None = None
    if key == "department":
        ids = {**facts.department_ids, ANY: [0]}
        return [
            _check("department_missing", lambda text: fold(text) in ids),
            _check("department_ambiguous", lambda text: len(ids.get(fold(text), ())) < 2),
        ]
    if key == "pipeline":
        known = facts.pipeline_ids
    elif key == "stage":
        known = facts.stage_pipelines
    elif key in ("topic", "region"):
        words = facts.topics if key == "topic" else facts.regions
        known = None if words is None else {**{fold(each): each for each in words}, ANY: ANY}
        return [] if known is None else [_check(f"unknown_{key}", lambda text: fold(text) in known)]
    if known is None:
        return []
    return [_check(f"{key}_missing", lambda text: fold(text) in known)]


def _same_person(facts: PortalFacts | None) -> Callable[[str, str], bool]:
    def differ(one: str, other: str) -> bool:
        if fold(one) == fold(other):
            return False
        if facts is None:
            return True
        first, second = facts.people_called(one), facts.people_called(other)
        return not (len(first) == len(second) == 1 and first[0].id == second[0].id)

    return differ


def _in_department(facts: PortalFacts) -> Callable[[str, str], bool]:
    def fits(person: str, department: str) -> bool:
        people, ids = facts.people_called(person), facts.department_ids.get(fold(department))
        # Whoever is missing, dismissed or ambiguous has been told so.
        if not ids or len(people) != 1 or not people[0].active:
            return True
        return facts.belongs(people[0], ids)

    return fits


def _stage_fits(facts: PortalFacts) -> Callable[[str, str], bool]:
    def fits(stage: str, pipeline: str) -> bool:
        has, ids = facts.stage_pipelines.get(fold(stage)), facts.pipeline_ids.get(fold(pipeline))
        return not has or not ids or bool(set(has) & set(ids))

    return fits
