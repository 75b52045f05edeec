"""How each kind of change is carried out: what is read first, what is sent, how the present is judged.

The same three questions serve three moments: before a write (is the precondition still true?), after a
lost reply (was it done?), and in undo (is it still what we wrote?).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from toolkit.client import Command, Outcome
from toolkit.records import Entity, FieldType, entity, same
from toolkit.runs.multivalues import as_edits, same_rows

__all__ = ["CARRIERS", "ORIGINATOR", "Carrier", "Row", "Verdict", "carrier"]

ORIGINATOR = "b24kit"
"""What `originatorId` says of the records we create."""

PAGE = 50


@dataclass(frozen=True)
class Row:
    """One change of the plan, opened.

    Args:
        change: its number.
        kind: kind of change.
        entity: entity name.
        record_id: 0 for creates.
        before: cells as the snapshot had them.
        after: cells wanted.
        marker: external key of a create.
        group: whose summary it counts in.
    """

    change: int
    kind: str
    entity: str
    record_id: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    marker: str
    group: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Row:
        """A row of the plan's table."""
        record_id = record["record_id"]
        return cls(
            int(record["change"]),
            record["kind"],
            record["entity"],
            0 if record_id is None or record_id != record_id else int(record_id),
            json.loads(record["before"]),
            json.loads(record["after"]),
            record["marker"],
            record["group"],
        )


@dataclass(frozen=True)
class Verdict:
    """How the present compares with a change.

    Args:
        state: `open`: as before, so it may be written; `true`: already as wanted; `foreign`: neither.
        message: what was found, for a person.
        seen: the values found.
        result: id of the record found for a create.
    """

    state: Literal["open", "true", "foreign"]
    message: str = ""
    seen: Any = None
    result: Any = None


class Carrier(Protocol):
    """What apply needs to know about one kind of change."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """The reads that show the present of these rows (at most 49, one entity); [] when none helps."""
        ...

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """A verdict per row, from the outcomes of `reads`."""
        ...

    def command(self, row: Row) -> Command:
        """The write."""
        ...

    def result(self, outcome: Outcome) -> Any:
        """What of the portal's answer must be kept (the id of a created record), or None."""
        ...

    @property
    def true_codes(self) -> frozenset[str]:
        """Error codes that say the change is true already."""
        ...


class _Base:
    true_codes: frozenset[str] = frozenset()

    def result(self, outcome: Outcome) -> Any:
        """Nothing of the answer is kept."""
        return None


class _Update(_Base):
    """Cells of one record; the precondition is per cell."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """One list call by ids."""
        return [_by_ids(entity(rows[0].entity), rows)]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when every cell is as wanted; open when each is as before or as wanted."""
        present = _records(entity(rows[0].entity), outcomes[0])
        return [self._one(row, present.get(row.record_id), types) for row in rows]

    def _one(self, row: Row, record: Mapping[str, Any] | None, types: Mapping[str, FieldType]) -> Verdict:
        if record is None:
            return Verdict("foreign", "the record is gone, or the webhook's user may not read it")
        seen = {name: record.get(name) for name in row.after}
        wrong = [name for name in row.after if not same(seen[name], row.after[name], types[name])]
        if not wrong:
            return Verdict("true", seen=seen)
        foreign = [name for name in wrong if not self._as_before(name, seen[name], row, types)]
        if foreign:
            who = record.get("updatedBy") or record.get("MODIFY_BY_ID")
            when = record.get("updatedTime") or record.get("DATE_MODIFY")
            return Verdict(
                "foreign", f"{', '.join(foreign)} changed since the snapshot, by user {who} at {when}", seen
            )
        return Verdict("open", seen=seen)

    def _as_before(self, name: str, seen: Any, row: Row, types: Mapping[str, FieldType]) -> bool:
        before = row.before.get(name)
        # An edit names rows by their ids: an id the card no longer has would add a phone.
        return same_rows(seen, before) if name == "fm" else same(seen, before, types[name])

    def command(self, row: Row) -> Command:
        """One update of all its cells."""
        kind = entity(row.entity)
        cells = dict(row.after)
        if "fm" in cells:
            cells["fm"] = as_edits(row.before.get("fm"), cells["fm"])
        return Command(kind.update_method, kind.update_params(row.record_id, cells))


class _Create(_Base):
    """A record found again by its marker."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """One list call by markers."""
        kind = entity(rows[0].entity)
        field = kind.marker_fields[-1]
        where: dict[str, Any] = {f"@{field}": [row.marker for row in rows]}
        if len(kind.marker_fields) == 2:
            where[kind.marker_fields[0]] = ORIGINATOR
        params = kind.list_params([kind.id_field, field], where)
        return [Command(kind.list_method, {**params, "order": {kind.id_field: "ASC"}, "start": -1})]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when exactly one record carries the marker; open when none does."""
        kind = entity(rows[0].entity)
        field = kind.marker_fields[-1]
        found: dict[str, list[int]] = {}
        for record in _listed(outcomes[0]):
            found.setdefault(str(record.get(field)), []).append(int(record[kind.id_field]))
        return [self._one(row, found.get(row.marker, [])) for row in rows]

    def _one(self, row: Row, ids: list[int]) -> Verdict:
        if not ids:
            return Verdict("open")
        if len(ids) > 1:
            return Verdict("foreign", f"{len(ids)} records carry the marker {row.marker}", ids)
        return Verdict("true", f"exists as {ids[0]}", result={"id": ids[0]})

    def command(self, row: Row) -> Command:
        """One add, its marker among the fields."""
        kind = entity(row.entity)
        marker: dict[str, Any] = {kind.marker_fields[-1]: row.marker}
        if len(kind.marker_fields) == 2:
            marker[kind.marker_fields[0]] = ORIGINATOR
        return Command(kind.add_method, kind.add_params({**row.after, **marker}))

    def result(self, outcome: Outcome) -> Any:
        """The id of the new record."""
        answer = outcome.result
        if isinstance(answer, Mapping):
            answer = (answer.get("item") or answer).get("id")
        return {"id": int(answer)}


class _Delete(_Update):
    """A record that must still read as it did."""

    def _one(self, row: Row, record: Mapping[str, Any] | None, types: Mapping[str, FieldType]) -> Verdict:
        if record is None:
            return Verdict("true", "the record is gone")
        changed = [name for name in row.before if not same(record.get(name), row.before[name], types[name])]
        if changed:
            return Verdict(
                "foreign", f"{', '.join(changed)} changed since", {name: record.get(name) for name in changed}
            )
        return Verdict("open")

    def command(self, row: Row) -> Command:
        """One delete."""
        kind = entity(row.entity)
        return Command(kind.delete_method, kind.delete_params(row.record_id))


class _Bind(_Base):
    """A link of an activity. Adding it twice is refused by the portal in so many words.

    Source: api-reference/crm/timeline/activities/binding/crm-activity-binding-add.md, read 2026-11-22.
    """

    true_codes = frozenset({"ACTIVITY_IS_ALREADY_BOUND"})

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
            wanted = (int(row.after["entityTypeId"]), int(row.after["entityId"]))
            have = {(int(each["entityTypeId"]), int(each["entityId"])) for each in outcome.result or []}
            verdicts.append(Verdict("true" if wanted in have else "open"))
        return verdicts

    def command(self, row: Row) -> Command:
        """One link."""
        return Command("crm.activity.binding.add", {"activityId": row.record_id, **row.after})


class _Notify(_Base):
    """A notification with a tag: a second one with the same tag replaces the first, so a person never
    holds two.

    Source: api-reference/chats/notifications/im-notify-system-add.md, read 2026-11-22.
    """

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """Notifications cannot be looked up; their tag makes repeating them harmless."""
        return []

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """Always open."""
        return [Verdict("open") for _ in rows]

    def command(self, row: Row) -> Command:
        """One notification; CLIENT_ID is what webhooks need for a TAG."""
        return Command(
            "im.notify.system.add",
            {
                "USER_ID": row.record_id,
                "MESSAGE": row.after["message"],
                "TAG": row.marker,
                "CLIENT_ID": ORIGINATOR,
            },
        )


CARRIERS: Mapping[str, Carrier] = {
    "update": _Update(),
    "create": _Create(),
    "delete": _Delete(),
    "bind": _Bind(),
    "notify": _Notify(),
}


def carrier(kind: str) -> Carrier:
    """The carrier of a kind of change."""
    return CARRIERS[kind]


def method_of(row: Row) -> str:
    """The REST method that will write a change, for estimates."""
    if row.kind == "notify":
        return "im.notify.system.add"
    if row.kind == "bind":
        return "crm.activity.binding.add"
    kind: Entity = entity(row.entity)
    return {"update": kind.update_method, "create": kind.add_method, "delete": kind.delete_method}[row.kind]


def _by_ids(kind: Entity, rows: Sequence[Row]) -> Command:
    """Read these records by id, with their cells and who touched them last."""
    fields = sorted({name for row in rows for name in (*row.after, *row.before)})
    extra = ["updatedBy", "updatedTime"] if kind.family == "item" else ["MODIFY_BY_ID", "DATE_MODIFY"]
    where = {f"@{kind.id_field}": [row.record_id for row in rows]}
    params = kind.list_params([*fields, *extra], where)
    return Command(kind.list_method, {**params, "order": {kind.id_field: "ASC"}, "start": -1})


def _records(kind: Entity, outcome: Outcome) -> dict[int, Mapping[str, Any]]:
    return {int(record[kind.id_field]): record for record in _listed(outcome)}


def _listed(outcome: Outcome) -> list[Mapping[str, Any]]:
    found = outcome.result
    if isinstance(found, Mapping):
        found = found.get("items", [])
    return list(found or [])
