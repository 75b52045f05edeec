"""Rows of another system that a person has to decide on, as a plan lists them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from toolkit.runs.changes import Changes, listed

__all__ = ["Left", "left_to_a_person"]


@dataclass(frozen=True)
class Left:
    """A row that is left to a person.

    Args:
        reason: one of a few short reasons, the same words for the same case.
        details: which row, and what a person needs to decide.
        entity, id: the record a person should look at; 0 for none.
    """

    reason: str
    details: str
    entity: str = "contact"
    id: int = 0


def left_to_a_person(rows: Iterable[Left]) -> Changes:
    """No change: the rows, by what a person should look at.

    Args:
        rows: in their order.
    """
    of: dict[str, list[Left]] = {}
    for row in rows:
        of.setdefault(row.entity, []).append(row)
    return Changes.joined(
        *(
            listed(
                entity,
                pd.Series([each.id or pd.NA for each in of[entity]], dtype="Int64"),
                [each.reason for each in of[entity]],
                [each.details for each in of[entity]],
            )
            for entity in sorted(of)
        )
    )
