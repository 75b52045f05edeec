"""Links that both ends tell: a contact names its companies, and each of them names the contact.

Writing one end changes the other, on records no change of the plan may name. Whoever looks for what nobody meant
has to know.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from toolkit.records import entity

__all__ = ["Mirrored"]

_ENDS: Mapping[str, tuple[str, str, str]] = {
    "contact": ("companyIds", "company", "contactIds"),
    "company": ("contactIds", "contact", "companyIds"),
}
"""An entity to its field, and the entity and field at the other end.

Source: api-reference/crm/universal/crm-item-add.md (fields of contacts and of companies), read 2026-11-22.
"""


class Mirrored:
    """What the links a plan writes change at their other ends.

    Args:
        plan: rows that were carried out, ids in place of what was made; columns kind, entity, record_id,
            before, after, result.
    """

    def __init__(self, plan: pd.DataFrame) -> None:
        self._gained: dict[tuple[str, int, str], set[int]] = defaultdict(set)
        rows = plan[plan["kind"].isin(["create", "update"]) & plan["entity"].isin(list(_ENDS))]
        for name, record, was, will, result in zip(
            *(rows[column] for column in ("entity", "record_id", "before", "after", "result")), strict=True
        ):
            field, other, mirror = _ENDS[str(name)]
            number = json.loads(result)["id"] if pd.isna(record) and result else record
            if f'"{field}"' not in will or pd.isna(number):
                continue
            for each in _ids(json.loads(was).get(field)) ^ _ids(json.loads(will).get(field)):
                self._gained[other, each, mirror].add(int(number))

    def explains(self, name: str, record: Any, field: str, before: Any, after: Any) -> bool:
        """Whether a changed cell is the other end of links that were written."""
        if name not in _ENDS:
            return False
        own = _ENDS[name][0]
        ours = self._gained.get((name, int(record), own))
        if ours is None:
            return False
        if field == own:
            return _ids(before) ^ _ids(after) <= ours
        return field in entity(name).consequences.get(own, ())


def _ids(value: Any) -> set[int]:
    if not hasattr(value, "__iter__") or isinstance(value, str):
        return set()
    return {int(each) for each in value if not isinstance(each, Mapping)}
