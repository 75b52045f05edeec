"""Custom fields that may only be removed while nothing is in them: deleting one deletes its values for good.

The snapshot shows that a field is empty; what was saved after it is looked at once more right before the
field is removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from toolkit.client import Command, Outcome
from toolkit.records import entity
from toolkit.runs.rows import Row, Verdict, listed_in

__all__ = ["column_of", "is_empty", "still_unfilled", "unfilled", "unfilled_reads"]

_PAGE = 50


def column_of(records: pd.DataFrame, field: str) -> str:
    """The column of a custom field as `crm.item.*` spells it (`ufCrm1Result`); "" when there is none.

    Args:
        records: a table of records.
        field: `UF_CRM_1_RESULT`.
    """
    plain = field.replace("_", "").casefold()
    return next((str(each) for each in records if str(each).replace("_", "").casefold() == plain), "")


def is_empty(records: pd.DataFrame, column: str) -> bool:
    """Whether no record holds anything in a column."""
    return all(_nothing(each) for each in records[column].tolist())


def unfilled(records: pd.DataFrame, number: int, column: str) -> dict[str, Any]:
    """What has to be looked at before the field is removed, for `after` of its delete.

    Args:
        records: the records there were, none of which holds anything in that column.
        number: their entity type id.
        column: of the field.
    """
    newest = records["updatedTime"].max() if len(records) else pd.NaT
    since = {} if pd.isna(newest) else {"since": pd.Timestamp(newest).isoformat()}
    return {"unfilled": {"entityTypeId": number, "field": column, **since}}


def unfilled_reads(rows: Sequence[Row]) -> list[Command]:
    """The records saved since, of each field that is to be removed."""
    commands = []
    for row in rows:
        if "unfilled" not in row.after:
            continue
        asked = row.after["unfilled"]
        kind = entity(f"item:{asked['entityTypeId']}")
        where = {">=updatedTime": asked["since"]} if "since" in asked else {}
        params = kind.list_params([kind.id_field, asked["field"]], where)
        commands.append(Command(kind.list_method, {**params, "order": {"updatedTime": "DESC"}, "start": -1}))
    return commands


def still_unfilled(
    rows: Sequence[Row], verdicts: Sequence[Verdict], outcomes: Sequence[Outcome]
) -> list[Verdict]:
    """The verdicts, but what was filled meanwhile stays.

    Args:
        rows: fields to be removed.
        verdicts: what else speaks for or against it.
        outcomes: of `unfilled_reads`.
    """
    told = iter(outcomes)
    judged = []
    for row, verdict in zip(rows, verdicts, strict=True):
        if "unfilled" in row.after:
            records: Sequence[Mapping[str, Any]] = listed_in(next(told))
            field = row.after["unfilled"]["field"]
            filled = any(not _nothing(each.get(field)) for each in records)
            if verdict.state == "open" and (filled or len(records) >= _PAGE):
                verdict = Verdict("foreign", "somebody has filled it, or may have, since the snapshot")
        judged.append(verdict)
    return judged


def _nothing(value: Any) -> bool:
    if value is None or value is pd.NA or value is False:
        return True
    if isinstance(value, str | list | tuple | Mapping) or hasattr(value, "__len__"):
        return len(value) == 0
    return bool(pd.isna(value))
