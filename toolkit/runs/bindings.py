"""What hangs on a record without an id of its own: links of activities, addresses, requisites in use.

A row of this kind names the record it hangs on; `before` and `after` say what hangs there, and an empty one
says nothing does. In `before`, `replaces` is a requisite and `lost` a guess: while that requisite, or that
use, is still there, nothing needs to be done. What it is about follows from the entity of the row:

    activity       its link to another record             {"entityTypeId": 3, "entityId": 5}
    address        an address of a requisite or lead      {"ENTITY_TYPE_ID": 8, "TYPE_ID": 6, "CITY": ...}
    requisitelink  the requisites a deal or invoice uses  {"ENTITY_TYPE_ID": 2, "REQUISITE_ID": 7, ...}
    listcolumn     a system column of a universal list    {"TYPE": "PREVIEW_TEXT", "NAME": ...}

Settings of smart processes are told likewise: see `toolkit.runs.settings_of_types`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.client import Command, Outcome
from toolkit.records import FieldType
from toolkit.runs.rows import Base, Row, Verdict, listed_in
from toolkit.runs.settings_of_types import CardLayout, Relations, Stages

__all__ = ["ADDRESS_CELLS", "HANGING", "IN_USE", "Bind", "bind_method"]

ADDRESS_CELLS = (
    *("ADDRESS_1", "ADDRESS_2", "CITY", "POSTAL_CODE"),
    *("REGION", "PROVINCE", "COUNTRY", "COUNTRY_CODE"),
)
"""What an address says.

Source: api-reference/crm/requisites/addresses/crm-address-add.md, read 2026-11-22.
"""

HANGING = ("address", "requisitelink")
"""Entities whose records come and go with the records they hang on."""

IN_USE = ("REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")
"""What a record says of the requisites it uses: the client's and ours.

Source: api-reference/crm/requisites/links/crm-requisite-link-register.md, read 2026-11-22.
"""


class _Link(Base):
    """A link of an activity, added, put in place of another, or (nothing in `after`) taken away. Adding it
    twice is refused in so many words, and so is taking it away twice.

    Source: api-reference/crm/timeline/activities/binding/crm-activity-binding-{add,move,delete}.md, read
    2026-11-22.
    """

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """One list of bindings for each activity."""
        return [Command("crm.activity.binding.list", {"activityId": row.record_id}) for row in rows]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when the link is there."""
        verdicts = []
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.state != "done":
                verdicts.append(Verdict("foreign", f"its links cannot be read: {outcome.message}"))
                continue
            wanted = _pair(row.after)
            have = {(int(each["entityTypeId"]), int(each["entityId"])) for each in outcome.result or []}
            verdicts.append(self._one(row, wanted, have))
        return verdicts

    def _one(self, row: Row, wanted: tuple[int, int] | None, have: set[tuple[int, int]]) -> Verdict:
        held = _pair(row.before)
        if wanted is None:
            return Verdict("open" if held in have else "true")
        if wanted in have:
            return Verdict("true")
        if held is not None and held not in have:
            return Verdict("foreign", "it was given to another record since", sorted(have))
        return Verdict("open")

    def method(self, row: Row) -> str:
        """Which method writes it."""
        return f"crm.activity.binding.{'delete' if not row.after else 'move' if row.before else 'add'}"

    def command(self, row: Row) -> Command:
        """One link."""
        if not row.after:
            return Command(self.method(row), {"activityId": row.record_id, **row.before})
        if row.before:
            sides = {"source": row.before, "target": row.after}
            params = {
                f"{side}{name[0].upper()}{name[1:]}": link[name]
                for side, link in sides.items()
                for name in ("entityTypeId", "entityId")
            }
            return Command(self.method(row), {"activityId": row.record_id, **params})
        return Command(self.method(row), {"activityId": row.record_id, **row.after})


class _Address(Base):
    """An address of one type, added, rewritten or taken away; owner and type name it."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """One list for each: it holds that address or nothing; and the requisite it would be lost with."""
        reads = []
        for row in rows:
            where = {**_place(row), "ENTITY_ID": row.record_id}
            reads.append(Command("crm.address.list", {"filter": where, "start": -1}))
            if "replaces" in row.before:
                where = {"ID": row.before["replaces"]}
                reads.append(Command("crm.requisite.list", {"filter": where, "select": ["ID"], "start": -1}))
        return reads

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when it reads as wanted, or when the one it stands in for is still there."""
        verdicts = []
        answers = iter(outcomes)
        for row in rows:
            present = listed_in(next(answers))
            spared = "replaces" in row.before and bool(listed_in(next(answers)))
            verdicts.append(Verdict("true", "nothing was lost") if spared else self._one(row, present))
        return verdicts

    def _one(self, row: Row, present: Sequence[Mapping[str, Any]]) -> Verdict:
        seen = _cells(present[0]) if present else {}
        if seen == _cells(row.after):
            return Verdict("true")
        if seen == _cells(row.before):
            return Verdict("open")
        return Verdict("foreign", "another address of the same kind stands there", seen)

    def method(self, row: Row) -> str:
        """Which method writes it."""
        return f"crm.address.{'delete' if not row.after else 'update' if _cells(row.before) else 'add'}"

    def command(self, row: Row) -> Command:
        """One address."""
        key = {**_place(row), "ENTITY_ID": row.record_id}
        blank = dict.fromkeys(_cells(row.before), "") if row.after else {}
        return Command(self.method(row), {"fields": {**key, **blank, **_cells(row.after)}})


class _Used(Base):
    """The requisites a record uses. Registering replaces what was there.

    A part may have become nothing since: with a requisite the portal drops its places in such links.
    """

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """One list for each type of record."""
        ids: dict[int, list[int]] = {}
        for row in rows:
            ids.setdefault(_type_of(row), []).append(row.record_id)
        return [
            Command(
                "crm.requisite.link.list",
                {"filter": {"ENTITY_TYPE_ID": type_id, "@ENTITY_ID": chosen}, "start": -1},
            )
            for type_id, chosen in ids.items()
        ]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when every part is as wanted."""
        present = {
            (int(each["ENTITY_TYPE_ID"]), int(each["ENTITY_ID"])): _parts(each)
            for outcome in outcomes
            for each in listed_in(outcome)
        }
        return [self._one(row, present.get((_type_of(row), row.record_id), _parts({}))) for row in rows]

    def _one(self, row: Row, seen: Mapping[str, int]) -> Verdict:
        wanted, held = _parts(row.after), _parts(row.before)
        if seen == wanted:
            return Verdict("true")
        if row.before.get("lost") and seen == held:
            return Verdict("true", "nothing was lost")
        if all(seen[name] in (held[name], wanted[name], 0) for name in IN_USE):
            return Verdict("open")
        return Verdict("foreign", "other requisites were chosen since", dict(seen))

    def method(self, row: Row) -> str:
        """Which method writes it."""
        return f"crm.requisite.link.{'register' if row.after else 'unregister'}"

    def command(self, row: Row) -> Command:
        """One registration; nothing in use is an end to it."""
        if not row.after:
            key = {"entityTypeId": _type_of(row), "entityId": row.record_id}
            return Command(self.method(row), key)
        key = {"ENTITY_TYPE_ID": _type_of(row), "ENTITY_ID": row.record_id}
        return Command(self.method(row), {"fields": {**key, **_parts(row.after)}})


class _ListColumn(Base):
    """A system column of a universal list, which elements can fill from then on; it goes with its list.

    Source: api-reference/lists/fields/lists-field-{add,get}.md, read 2026-11-22.
    """

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """The columns of each list."""
        return [Command("lists.field.get", _list_of(row)) for row in rows]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when the list has a column of that type."""
        verdicts = []
        for row, outcome in zip(rows, outcomes, strict=True):
            columns = outcome.result.values() if isinstance(outcome.result, Mapping) else outcome.result or []
            there = any(each.get("FIELD_ID") == row.after["TYPE"] for each in columns)
            verdicts.append(Verdict("true" if there else "open"))
        return verdicts

    def method(self, row: Row) -> str:
        """Which method writes it."""
        return "lists.field.add"

    def command(self, row: Row) -> Command:
        """One column."""
        return Command(self.method(row), {**_list_of(row), "FIELDS": dict(row.after)})


def _list_of(row: Row) -> dict[str, Any]:
    return {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": row.record_id}


_BINDERS: Mapping[str, _Link | _Address | _Used | _ListColumn | Stages | CardLayout | Relations] = {
    "activity": _Link(),
    "address": _Address(),
    "requisitelink": _Used(),
    "listcolumn": _ListColumn(),
    "status": Stages(),
    "card": CardLayout(),
    "relation": Relations(),
}


class Bind(Base):
    """Whatever hangs on a record, by the entity of the row."""

    true_codes = frozenset({"ACTIVITY_IS_ALREADY_BOUND", "BINDING_NOT_FOUND"})

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """As its entity reads."""
        return _BINDERS[rows[0].entity].reads(rows)

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """As its entity judges."""
        return _BINDERS[rows[0].entity].judge(rows, outcomes, types)

    def command(self, row: Row) -> Command:
        """As its entity writes."""
        return _BINDERS[row.entity].command(row)


def bind_method(row: Row) -> str:
    """The REST method that will write such a row, for estimates."""
    return _BINDERS[row.entity].method(row)


def _pair(side: Mapping[str, Any]) -> tuple[int, int] | None:
    return (int(side["entityTypeId"]), int(side["entityId"])) if side else None


def _place(row: Row) -> dict[str, int]:
    """The type of an address's owner, and its own."""
    side = row.after or row.before
    return {name: int(side[name]) for name in ("ENTITY_TYPE_ID", "TYPE_ID")}


def _cells(side: Mapping[str, Any]) -> dict[str, str]:
    """What an address says, without what it does not."""
    return {name: str(side[name]) for name in ADDRESS_CELLS if side.get(name) not in (None, "")}


def _type_of(row: Row) -> int:
    return int((row.after or row.before)["ENTITY_TYPE_ID"])


def _parts(side: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(side.get(name) or 0) for name in IN_USE}
