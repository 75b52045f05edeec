"""What merges explain of the difference between two snapshots, for the certificate."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from toolkit.records import Snapshot, entity, same
from toolkit.runs.merges.groups import linked_ids

__all__ = ["MergesDone"]

_LINKS: Mapping[str, str] = {
    "contactIds": "contact", "contactId": "contact", "companyIds": "company", "companyId": "company",
}  # fmt: skip
_SHOWN_LINKS = frozenset({"contacts", "companies"})
_PARENTS = {"parentId1": "lead", "parentId3": "contact", "parentId4": "company", "leadId": "lead"}
_HANGS_ON_CARDS = frozenset({"requisite", "bankdetail", "address", "requisitelink"})
_UNITED = ("fm", "companyIds", "companyId", "companies", "contactIds", "contactId", "contacts")


class MergesDone:
    """The merges of a run that were carried out.

    Args:
        plan: the run's rows with their journal; columns kind, state, entity, record_id, after.
    """

    def __init__(self, plan: pd.DataFrame) -> None:
        self._into: dict[str, dict[int, int]] = {}
        self._becomes: dict[tuple[str, int], dict[str, Any]] = {}
        done = plan[(plan["kind"] == "merge") & plan["state"].isin(["done", "already"])]
        for name, master, text in zip(done["entity"], done["record_id"], done["after"], strict=True):
            cells = json.loads(text)
            self._into.setdefault(str(name), {}).update(dict.fromkeys(map(int, cells["losers"]), int(master)))
            self._becomes[str(name), int(master)] = dict(cells["becomes"])

    def __bool__(self) -> bool:
        return bool(self._becomes)

    def gone(self, name: str, card: Any) -> bool:
        """Whether a card was merged away."""
        return int(card) in self._into.get(name, {})

    def judge(self, after: Snapshot) -> tuple[int, list[tuple[str, int, str, Any, Any]]]:
        """How many cells are as merged, and those that are not: entity, id, field, wanted, found."""
        good = 0
        bad: list[tuple[str, int, str, Any, Any]] = []
        for name, going in self._into.items():
            kind = entity(name)
            there = set(after.table(name, [kind.id_field])[kind.id_field].astype("int64"))
            for loser in going:
                if loser in there:
                    bad.append((name, loser, kind.id_field, None, loser))
                else:
                    good += 1
            types = after.field_types(name)
            masters = {card: cells for (of, card), cells in self._becomes.items() if of == name}
            fields = sorted({each for cells in masters.values() for each in cells} & set(after.columns(name)))
            table = after.table(name, [kind.id_field, *fields]).set_index(kind.id_field)
            for card, cells in masters.items():
                if card not in table.index:
                    bad.append((name, card, kind.id_field, card, None))
                    continue
                for field in set(cells) & set(fields):
                    found = _plain(table.at[card, field])
                    if _holds(found, cells[field], types[field]):
                        good += 1
                    else:
                        bad.append((name, card, field, cells[field], found))
        return good, bad

    def meant(self, name: str, card: int) -> set[str]:
        """Fields of a card that a merge may change."""
        fields: set[str] = set()
        if (name, card) in self._becomes:
            fields.update(self._becomes[name, card], _UNITED)
        if self:
            fields.update(_LINKS, _SHOWN_LINKS)
        for each in list(fields):
            fields.update(entity(name).consequences.get(each, ()))
        return fields

    def explains_removal(self, name: str, record: Any) -> bool:
        """Whether a record's absence is the work of a merge: the card itself, or what hung on it."""
        return bool(self) and (name in _HANGS_ON_CARDS or self.gone(name, record))

    def explains(self, name: str, record: Any, field: str, before: Any, after: Any) -> bool:
        """Whether a changed cell follows from the merges: it belongs to a card that stayed, or names one."""
        if not self:
            return False
        if name in self._into and int(record) in {card for of, card in self._becomes if of == name}:
            return True
        if field in _LINKS:
            into = self._into.get(_LINKS[field], {})
            return {into.get(each, each) for each in _ids(before)} <= set(_ids(after))
        if field in _PARENTS:
            return self._into.get(_PARENTS[field], {}).get(_number(before)) == _number(after)
        if field in _SHOWN_LINKS or name in _HANGS_ON_CARDS:
            return True
        if name == "activity" and field in ("OWNER_ID", "BINDINGS", "COMMUNICATIONS"):
            return field != "OWNER_ID" or any(
                into.get(_number(before)) == _number(after) for into in self._into.values()
            )
        return False


def _holds(found: Any, wanted: Any, kind: Any) -> bool:
    """Whether a cell is as wanted; lists may have been united in another order."""
    if kind.multiple:
        return {str(each) for each in wanted} == {str(each) for each in (found if found is not None else [])}
    return same(found, wanted, kind)


def _ids(value: Any) -> Iterable[int]:
    return linked_ids(value)


def _number(value: Any) -> int:
    found = linked_ids(value)
    return found[0] if found else 0


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return None if value is pd.NA or value is pd.NaT else value
