"""Records an earlier change of the same plan makes, named before they have an id.

A plan is frozen before its first record exists, yet a bank account needs the id of its requisite. Such a
place holds `made(marker)`: the marker of the change that creates the record. Apply puts in the id the portal
gave; it computes nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

__all__ = ["REFERENCE", "WITHIN", "NotMade", "in_place", "made", "made_by", "with_ids"]

REFERENCE = "$made"
"""The key by which such a place is recognised."""

WITHIN = "$within"
"""The key of the text an id belongs into."""


class NotMade(Exception):
    """A record a change refers to was not made.

    Args:
        marker: of the change that should have made it.
    """

    def __init__(self, marker: str) -> None:
        super().__init__(marker)
        self.marker = marker


def made(marker: str, within: str = "") -> dict[str, str]:
    """What stands for the id of the record that the create with this marker makes.

    Args:
        marker: of that create.
        within: a text with `{}` where the id belongs (`CRM_{}`); "" for the id alone.
    """
    return {REFERENCE: marker, WITHIN: within} if within else {REFERENCE: marker}


def made_by(plan: pd.DataFrame, results: Mapping[int, Any]) -> dict[str, int]:
    """The ids of the records made so far, by marker.

    Args:
        plan: columns change, kind, marker.
        results: `Journal.results()`.
    """
    creates = plan[plan["kind"] == "create"]
    ids: dict[str, int] = {}
    for change, marker in zip(creates["change"], creates["marker"], strict=True):
        told = results.get(int(change))
        # What belongs to a call of the statistics hangs on its activity; the portal may have made none.
        number = told.get("activity", told["id"]) if told else None
        if number is not None:
            ids[marker] = int(number)
    return ids


def in_place(value: Any, ids: Mapping[str, int]) -> Any:
    """A value with ids where it names records by what makes them.

    Raises:
        NotMade: one of them was not made.
    """
    if isinstance(value, Mapping):
        if REFERENCE in value and value.keys() <= {REFERENCE, WITHIN}:
            marker = str(value[REFERENCE])
            if marker not in ids:
                raise NotMade(marker)
            return value[WITHIN].replace("{}", str(ids[marker])) if WITHIN in value else ids[marker]
        return {name: in_place(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [in_place(each, ids) for each in value]
    return value


def with_ids(plan: pd.DataFrame, results: Mapping[int, Any]) -> pd.DataFrame:
    """The rows of a plan with ids in place of what was made since; rows whose records were not, as they are.

    Args:
        plan: columns change, kind, record_id, after, marker.
        results: `Journal.results()`.
    """
    named = (plan["kind"] != "create") & plan["record_id"].isna() & (plan["marker"] != "")
    referring = plan["after"].str.contains(REFERENCE, regex=False)
    if not (named | referring).any():
        return plan
    ids = made_by(plan, results)
    filled = plan.copy()
    for at in filled.index[named]:
        filled.at[at, "record_id"] = ids.get(str(filled.at[at, "marker"]), pd.NA)
    for at in filled.index[referring]:
        try:
            cells = in_place(json.loads(str(filled.at[at, "after"])), ids)
        except NotMade:
            continue
        filled.at[at, "after"] = json.dumps(cells, ensure_ascii=False)
    return filled
