"""What becomes of several cards when the portal merges them into the first.

The documentation says little; what it leaves open is played as integrators describe it, and named as
switches. The order matters, because nothing here is a transaction: requisites first, then the surviving
card, then card by card what hung on the others.

Source: api-reference/crm/duplicates/crm-entity-merge-batch.md, read 2026-11-22; the rest is unconfirmed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..state.fields import Field, Kind
from ..state.records import PRIMARY_COLUMN, Change, PhoneEdit
from ..switches import declare
from .carrying import carry_over, fold_requisites
from .phones import phone_key

if TYPE_CHECKING:
    from ..call import Caller
    from ..portal import Sandbox

__all__ = ["Merged", "merge"]

_PAGE = "api-reference/crm/duplicates/crm-entity-merge-batch.md"
STAGES = declare(
    "merge_stage_conflicts",
    True,
    (True, False),
    "Different filled values are a conflict; whether that holds for pipeline and stage too is not said.",
    _PAGE,
)
BREAKS = declare(
    "merge_breaks_after",
    "never",
    ("never", "requisites", "master", "first_loser"),
    "A merge is no transaction; this makes every merge fail in the middle with STATUS ERROR.",
    _PAGE,
)

# Never compared: numbers and names a card has for itself, and relations that are united instead.
_OWN = ("QUOTE_NUMBER", "ACCOUNT_NUMBER")
_STAGE = ("STAGE_ID", "CATEGORY_ID")


@dataclass(frozen=True)
class Merged:
    """How a merge ended.

    Args:
        status: SUCCESS, CONFLICT or ERROR.
        gone: ids that were deleted, or would have been.
    """

    status: str
    gone: list[int]


def merge(portal: Sandbox, kind: Kind, ids: Sequence[int], caller: Caller) -> Merged:
    """Merge records into the first of them. Rights have been checked.

    Args:
        ids: of records that are there, at least two, the survivor first.
    """
    rows = [row for each in ids if (row := portal.records.get(kind, each)) is not None]
    master, losers = rows[0], rows[1:]
    gone = [int(row["ID"]) for row in losers]
    filled = _united(portal, kind, rows)
    if filled is None:
        return Merged("CONFLICT", gone)
    breaks = portal.switches["merge_breaks_after"]
    if kind.entity_type_id in (3, 4):
        for loser in losers:
            fold_requisites(portal, kind.entity_type_id, master["ID"], loser["ID"])
    if breaks == "requisites":
        return Merged("ERROR", gone)
    _fill_master(portal, kind, master, losers, filled, caller)
    if breaks == "master":
        return Merged("ERROR", gone)
    for loser in losers:
        carry_over(portal, kind, master["ID"], loser["ID"])
        portal.records.erase(kind, loser["ID"])
        portal.tell(Change("delete", kind, loser["ID"], loser, {}, caller.user_id, False, caller.key))
        if breaks == "first_loser":
            return Merged("ERROR", gone)
    return Merged("SUCCESS", gone)


# -- fields ------------------------------------------------------------------------------------------


def _compared(portal: Sandbox, kind: Kind) -> list[Field]:
    """Fields in which cards can contradict each other."""
    linked = {PRIMARY_COLUMN[3]} if "contactIds" in kind.fields else set()
    if kind.entity_type_id == 3:
        linked.add(PRIMARY_COLUMN[4])
    left_out = {*_OWN, *linked, *(() if portal.switches["merge_stage_conflicts"] else _STAGE)}
    return [
        each
        for each in kind.fields.values()
        if not (each.read_only or each.immutable or each.virtual or each.disabled)
        and each.column not in left_out
    ]


def _empty(field: Field, value: Any) -> bool:
    if value is None or value == "" or value == "[]":
        return True
    return value == "N" if field.storage == "flag" else field.storage in ("int", "real", "bit") and not value


def _alike(field: Field, one: Any, other: Any) -> bool:
    if field.storage == "text":
        return _plain(one) == _plain(other)
    return bool(one == other)


def _plain(text: Any) -> str:
    """A string as the comparison sees it: without case, doubled blanks, and dots at its end."""
    return " ".join(str(text).split()).rstrip(".").rstrip().casefold()


def _united(portal: Sandbox, kind: Kind, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What the survivor's fields become; None when two cards contradict each other."""
    united: dict[str, Any] = {}
    for field in _compared(portal, kind):
        column = field.column
        if field.multiple:
            entries: list[Any] = []
            for row in rows:
                entries.extend(each for each in json.loads(row[column] or "[]") if each not in entries)
            united[column] = json.dumps(entries, ensure_ascii=False)
            continue
        values = [row[column] for row in rows if not _empty(field, row[column])]
        if any(not _alike(field, values[0], each) for each in values[1:]):
            return None
        if values:
            united[column] = values[0]
    return united


def _fill_master(
    portal: Sandbox,
    kind: Kind,
    master: Mapping[str, Any],
    losers: Sequence[Mapping[str, Any]],
    filled: Mapping[str, Any],
    caller: Caller,
) -> None:
    changed = {name: value for name, value in filled.items() if master[name] != value}
    changed = {name: value for name, value in changed.items() if not (master[name] is None and value == "[]")}
    portal.store.update(
        kind.table,
        master["ID"],
        {**changed, "UPDATED_TIME": int(portal.clock.now()), "UPDATED_BY": caller.user_id},
    )
    _unite_phones(portal, kind, master["ID"], [row["ID"] for row in losers])
    after = portal.records.get(kind, master["ID"]) or {}
    portal.tell(Change("update", kind, master["ID"], master, after, caller.user_id, False, caller.key))


def _unite_phones(portal: Sandbox, kind: Kind, master: int, losers: Sequence[int]) -> None:
    """Phones and e-mails never contradict: what the survivor lacks is added to it."""
    found = portal.records.phones(kind, [master, *losers])
    have = {_phone_mark(each) for each in found.get(master, ())}
    edits = []
    for loser in losers:
        for each in found.get(loser, ()):
            mark = _phone_mark(each)
            if mark not in have:
                have.add(mark)
                edits.append(PhoneEdit("add", each["TYPE_ID"], each["VALUE"], each["VALUE_TYPE"]))
    portal.records.edit_phones(kind, master, edits)


def _phone_mark(row: Mapping[str, Any]) -> tuple[str, str]:
    value = str(row["VALUE"])
    return row["TYPE_ID"], (phone_key(value) or value) if row[
        "TYPE_ID"
    ] == "PHONE" else value.strip().casefold()
