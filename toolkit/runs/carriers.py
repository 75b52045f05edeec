"""How each kind of change is carried out: what is read first, what is sent, how the present is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.client import Command, Outcome
from toolkit.records import Entity, FieldType, entity, same
from toolkit.runs.bindings import Bind, bind_method
from toolkit.runs.call_recordings import ATTACH_METHOD
from toolkit.runs.merges.carrying import MERGE_METHOD, Merge
from toolkit.runs.multivalues import as_added, as_edits, as_imported, same_rows
from toolkit.runs.notes import ADD_METHOD, DELETE_METHOD, Note
from toolkit.runs.recordings import Copy
from toolkit.runs.rows import Base, Carrier, Row, Verdict, listed_in, records_in
from toolkit.runs.sounds import holds_file, with_files
from toolkit.runs.telephony_records import FINISH_METHOD, TelephonyRecord
from toolkit.runs.unfilled import still_unfilled, unfilled_reads

__all__ = [
    "AGAIN",
    "CARRIERS",
    "IMPORT_ONLY",
    "ORIGINATOR",
    "Carrier",
    "Row",
    "Verdict",
    "carrier",
    "imported",
    "method_of",
]

ORIGINATOR = "b24kit"
"""What `originatorId` says of the records we create."""

AGAIN = "undo:"
"""How the marker of a record begins that an undo makes again."""

_MARKERS = 49  # in one list: a page holds fifty, so that what is found always fits with one to spare

IMPORT_ONLY = frozenset({"createdTime", "updatedTime", "movedTime", "createdBy", "updatedBy", "movedBy"})
"""Fields an administrator may set when importing, and nobody otherwise.

Source: api-reference/crm/universal/import/crm-item-import.md, read 2026-11-22.
"""


_CALLS = TelephonyRecord()


class _Update(Base):
    """Cells of one record; the precondition is per cell."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """One list call by ids; where a list cannot be asked for several, one for each."""
        return _by_ids(entity(rows[0].entity), rows)

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when every cell is as wanted; open when each is as before or as wanted."""
        kind = entity(rows[0].entity)
        present: dict[int, Mapping[str, Any]] = {}
        for outcome in outcomes:
            present |= records_in(kind, outcome)
        return [self._one(row, present.get(row.record_id), types) for row in rows]

    def _one(self, row: Row, record: Mapping[str, Any] | None, types: Mapping[str, FieldType]) -> Verdict:
        if record is None:
            return Verdict("foreign", "the record is gone, or the webhook's user may not read it")
        seen = {name: record.get(name) for name in row.after}
        sent = [name for name in row.after if holds_file(row.after[name])]
        told = [name for name in row.after if name not in sent]
        wrong = [name for name in told if not same(seen[name], row.after[name], types[name])]
        if not wrong:
            return Verdict("true", seen=seen)
        wrong += sent  # what goes along with the others has to find its cell as it was
        foreign = [name for name in wrong if not self._as_before(name, seen[name], row, types)]
        if foreign:
            who = record.get("updatedBy") or record.get("MODIFY_BY_ID") or record.get("changedBy")
            when = record.get("updatedTime") or record.get("DATE_MODIFY") or record.get("changedDate")
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
        cells = with_files(row.after)
        if "fm" in cells:
            cells["fm"] = as_edits(row.before.get("fm"), cells["fm"])
        return Command(kind.update_method, kind.update_params(row.record_id, cells))


class _Create(Base):
    """A record found again by its marker; or, when it stands in for another one, that one still there."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """A list call by every 49 markers, and one by the ids of what they stand in for."""
        if rows[0].entity == "call":
            return _CALLS.reads(rows)
        kind = entity(rows[0].entity)
        field = kind.marker_fields[-1]
        if kind.code_key:
            return [
                Command(kind.list_method, {**kind.base_params, kind.code_key: row.marker}) for row in rows
            ]
        order = {"order": {kind.id_field: "ASC"}, "start": -1}
        reads = []
        for start in range(0, len(rows), _MARKERS):
            where: dict[str, Any] = {f"@{field}": [row.marker for row in rows[start : start + _MARKERS]]}
            if len(kind.marker_fields) == 2:
                where[kind.marker_fields[0]] = ORIGINATOR
            params = kind.list_params([kind.id_field, field], where)
            reads.append(Command(kind.list_method, {**params, **order}))
        replaced = [int(row.before["replaces"]) for row in rows if "replaces" in row.before]
        if replaced:
            params = kind.list_params([kind.id_field], {f"@{kind.id_field}": replaced})
            reads.append(Command(kind.list_method, {**params, **order}))
        return reads

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when exactly one record carries the marker; open when none does."""
        if rows[0].entity == "call":
            return _CALLS.judge(rows, outcomes, types)
        kind = entity(rows[0].entity)
        field = kind.marker_fields[-1]
        found: dict[str, list[int]] = {}
        lists = len(rows) if kind.code_key else -(-len(rows) // _MARKERS)
        for outcome in outcomes[:lists]:
            for record in listed_in(outcome):
                found.setdefault(str(record.get(field)), []).append(int(record[kind.id_field]))
        held = records_in(kind, outcomes[lists]) if len(outcomes) > lists else {}
        return [self._one(row, found.get(row.marker, []), held) for row in rows]

    def _one(self, row: Row, ids: list[int], held: Mapping[int, Any]) -> Verdict:
        replaced = int(row.before.get("replaces", 0))
        if replaced in held:
            return Verdict("true", f"{replaced} is still there", result={"id": replaced})
        if not ids:
            return Verdict("open")
        if len(ids) > 1:
            return Verdict("foreign", f"{len(ids)} records carry the marker {row.marker}", ids)
        return Verdict("true", f"exists as {ids[0]}", result={"id": ids[0]})

    def command(self, row: Row) -> Command:
        """One add, its marker among the fields; what an undo makes again is imported: no robot sees it.

        Source:
            api-reference/crm/universal/import/crm-item-import.md, read 2026-11-22.
        """
        if row.entity == "call":
            return _CALLS.command(row)
        kind = entity(row.entity)
        cells: dict[str, Any] = {**with_files(row.after), kind.marker_fields[-1]: row.marker}
        if len(kind.marker_fields) == 2:
            cells[kind.marker_fields[0]] = ORIGINATOR
        again = imported(row)
        if "fm" in cells:
            rows = cells.pop("fm")
            cells.update(as_imported(rows) if again else {"fm": as_added(rows)})
        return Command("crm.item.import" if again else kind.add_method, kind.add_params(cells))

    def result(self, outcome: Outcome) -> Any:
        """The id of the new record."""
        answer = outcome.result
        if isinstance(answer, Mapping):
            # `item`, and `type` or `field` where those are made.
            answer = next((each for each in answer.values() if isinstance(each, Mapping)), answer).get("id")
        return {"id": int(answer)}


class _Delete(_Update):
    """A record that must still read as it did; a custom field besides must still be empty."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """By ids; and, of custom fields, the records saved meanwhile, of lists what they hold."""
        kind = entity(rows[0].entity)
        held = [Command("lists.element.get", kind.get_params(row.record_id)) for row in rows]
        return [*super().reads(rows), *unfilled_reads(rows), *(held if kind.name == "list" else [])]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when it is gone; open when it reads as before; a list that holds something stays."""
        kind = entity(rows[0].entity)
        count = len(rows) if kind.code_key else 1
        verdicts = super().judge(rows, outcomes[:count], types)
        if kind.name != "list":
            return still_unfilled(rows, verdicts, outcomes[count:])
        # The portal would delete a list with all that is in it.
        return [
            Verdict("foreign", "the list is not empty") if each.state == "open" and outcome.result else each
            for each, outcome in zip(verdicts, outcomes[count:], strict=True)
        ]

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


class _Notify(Base):
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
    "bind": Bind(),
    "merge": Merge(),
    "copy": Copy(),
    "note": Note(),
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
        return bind_method(row)
    if row.kind == "merge":
        return MERGE_METHOD
    if row.kind == "note":
        return ADD_METHOD if row.after else DELETE_METHOD
    if row.kind == "copy":
        return ATTACH_METHOD if "line" in row.after else entity(row.entity).update_method
    if imported(row):
        return "crm.item.import"
    if row.entity == "call":
        return FINISH_METHOD
    kind: Entity = entity(row.entity)
    return {"update": kind.update_method, "create": kind.add_method, "delete": kind.delete_method}[row.kind]


def imported(row: Row) -> bool:
    """Whether a change creates a record of the past, which has to go unnoticed by robots: a card that was
    there before, or one that carries its own author or times, which only an import may set."""
    if row.kind != "create" or entity(row.entity).family != "item":
        return False
    return row.marker.startswith(AGAIN) or not IMPORT_ONLY.isdisjoint(row.after)


def _by_ids(kind: Entity, rows: Sequence[Row]) -> list[Command]:
    """Read these records by id, with their cells and who touched them last."""
    if kind.code_key:
        named = {"SELECT": [kind.id_field, *rows[0].before]} if kind.select_key else {}
        return [Command(kind.list_method, {**kind.get_params(row.record_id), **named}) for row in rows]
    fields = sorted(
        {name for row in rows for name in (*(row.after if row.kind != "delete" else ()), *row.before)}
    )
    extra = ["updatedBy", "updatedTime"] if kind.family == "item" else ["MODIFY_BY_ID", "DATE_MODIFY"]
    extra = ["changedBy", "changedDate"] if kind.name == "task" else extra
    where = {f"@{kind.id_field}": [row.record_id for row in rows]}
    params = kind.list_params([*fields, *extra], where)
    return [Command(kind.list_method, {**params, "order": {kind.id_field: "ASC"}, "start": -1})]
