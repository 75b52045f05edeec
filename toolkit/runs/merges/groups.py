"""Cards that become one, and the ids by which others name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from toolkit.records import entity
from toolkit.runs.operation import Tables

__all__ = ["MergeGroup", "child_links", "linked_ids", "moved_links"]


@dataclass(frozen=True)
class MergeGroup:
    """Cards that become one.

    Args:
        entity: of all of them.
        master: id of the card that stays.
        losers: ids of the others, in the order they are merged.
        values: the cells of the surviving card, lists left out: those are united.
        reason: why they are one, for the plan's summary.
    """

    entity: str
    master: int
    losers: tuple[int, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    reason: str = "one client"

    @property
    def name(self) -> str:
        """What marks the rows of this group."""
        return f"merge:{self.entity}:{self.master}"

    @property
    def cards(self) -> tuple[int, ...]:
        """All of them, the master first."""
        return (self.master, *self.losers)


def moved_links(groups: Sequence[MergeGroup]) -> dict[str, dict[int, MergeGroup]]:
    """By entity and id of a card that goes, the group it goes into."""
    moved: dict[str, dict[int, MergeGroup]] = {}
    for group in groups:
        moved.setdefault(group.entity, {}).update(dict.fromkeys(group.losers, group))
    return moved


def linked_ids(value: Any) -> list[int]:
    """The ids a cell names: a list of them, one, or none."""
    if value is None or value is pd.NA or value is pd.NaT:
        return []
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return [int(each) for each in value]
    return [int(value)] if value == value and int(value) else []


def child_links(merged: str, tables: Tables) -> list[tuple[str, str]]:
    """Where records name cards of a kind as their clients: entity and column, as far as read.

    Args:
        merged: `contact` or `company`; leads are nobody's clients.
        tables: by entity.
    """
    column = {"contact": "contactIds", "company": "companyId"}.get(merged, "")
    found = []
    for name, table in tables.items():
        own = "companyIds" if (merged, name) == ("company", "contact") else column
        # A company's contacts are told by the contacts.
        if own in table and entity(name).family == "item" and (merged, name) != ("contact", "company"):
            found.append((name, own))
    return sorted(found, key=lambda each: each[0] != "contact")
