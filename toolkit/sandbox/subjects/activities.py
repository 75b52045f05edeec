"""Activities: calls, meetings, e-mails and to-dos, and the records they are bound to.

Three million of them must fit, so a row holds only what differs from the defaults, bindings and
communications live in tables of their own, and every list is answered from an index.

Source: api-reference/crm/timeline/activities/**/*.md, tutorials/crm/how-to-edit-crm-objects/
how-to-move-activity*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..state.store import Column, declare_table

if TYPE_CHECKING:
    from ..call import Caller
    from ..portal import Sandbox
    from ..state.fields import Kind

__all__ = ["BINDINGS_MAX", "Activities", "Target"]

Target = tuple[int, int]
"""A record an activity hangs on: (entity type id, id)."""

BINDINGS_MAX = 100
TODO = "CRM_TODO"

declare_table(
    "activity",
    "OWNER_ID int",
    "OWNER_TYPE_ID int",
    "TYPE_ID int",
    "PROVIDER_ID",
    "PROVIDER_TYPE_ID",
    "PROVIDER_GROUP_ID",
    "ASSOCIATED_ENTITY_ID int",
    "SUBJECT",
    "CREATED time",
    "LAST_UPDATED time",
    "START_TIME time",
    "END_TIME time",
    "DEADLINE time",
    Column("COMPLETED", "flag", "N"),
    Column("STATUS", "int", 1),
    "RESPONSIBLE_ID int",
    Column("PRIORITY", "int", 2),
    "NOTIFY_TYPE int",
    "NOTIFY_VALUE int",
    "DESCRIPTION",
    Column("DESCRIPTION_TYPE", "int", 1),
    "DIRECTION int",
    "LOCATION",
    "SETTINGS json",
    "ORIGINATOR_ID",
    "ORIGIN_ID",
    "ORIGIN_VERSION",
    "AUTHOR_ID int",
    "EDITOR_ID int",
    "PROVIDER_PARAMS json",
    "PROVIDER_DATA",
    "RESULT_MARK int",
    "RESULT_VALUE real",
    "RESULT_SUM real",
    "RESULT_CURRENCY_ID",
    "RESULT_STATUS int",
    "RESULT_STREAM int",
    "RESULT_SOURCE_ID",
    "AUTOCOMPLETE_RULE int",
    Column("IS_INCOMING_CHANNEL", "flag", "N"),
    "FILES json",
    indexes=[("OWNER_TYPE_ID", "OWNER_ID"), ("START_TIME",), ("ORIGIN_ID",), ("RESPONSIBLE_ID",)],
)
declare_table(
    "activity_binding",
    "ACTIVITY_ID int",
    "ENTITY_TYPE_ID int",
    "ENTITY_ID int",
    indexes=[("ENTITY_TYPE_ID", "ENTITY_ID", "ACTIVITY_ID"), ("ACTIVITY_ID",)],
)
declare_table(
    "activity_communication",
    "ACTIVITY_ID int",
    "TYPE",
    "VALUE",
    "ENTITY_ID int",
    "ENTITY_TYPE_ID int",
    indexes=[("ACTIVITY_ID",)],
)
# What the portal's own speech recognition made of a call; attached transcriptions are another thing.
declare_table("activity_transcript", "ACTIVITY_ID int", "TEXT", indexes=[("ACTIVITY_ID",)])


class Activities:
    """The activities of one portal.

    Args:
        portal: the sandbox they belong to.
    """

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal
        self._store = portal.store

    # -- reading ---------------------------------------------------------------------------------

    def get(self, id_: int) -> dict[str, Any] | None:
        """An activity's row, or None."""
        return self._store.get("activity", id_)

    def bindings(self, id_: int) -> list[Target]:
        """What an activity is bound to, oldest binding first."""
        rows = self._store.rows(
            "SELECT ENTITY_TYPE_ID, ENTITY_ID FROM activity_binding WHERE ACTIVITY_ID = ? ORDER BY ID", [id_]
        )
        return [(row["ENTITY_TYPE_ID"], row["ENTITY_ID"]) for row in rows]

    def communications(self, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Communications of several activities, by activity id."""
        found: dict[int, list[dict[str, Any]]] = {}
        if ids:
            marks = ", ".join("?" for _ in ids)
            for row in self._store.rows(
                f"SELECT * FROM activity_communication WHERE ACTIVITY_ID IN ({marks}) ORDER BY ID", ids
            ):
                found.setdefault(row["ACTIVITY_ID"], []).append(dict(row))
        return found

    def record(self, target: Target) -> tuple[Kind, dict[str, Any]] | None:
        """The record a target names, with its kind; None when there is none."""
        kind = self._portal.schema.kind(target[0])
        row = self._portal.records.get(kind, target[1]) if kind else None
        return (kind, row) if kind and row else None

    def may_read(self, caller: Caller, id_: int) -> bool:
        """Whether the caller may read an activity: one of its records is enough."""
        return any(self._may(caller, "READ", each) for each in self.bindings(id_)) or caller.is_admin

    def may_write(self, caller: Caller, row: Mapping[str, Any]) -> bool:
        """Whether the caller may change an activity: decided by the record that owns it."""
        if caller.is_admin:
            return True
        return self._may(caller, "WRITE", (row["OWNER_TYPE_ID"], row["OWNER_ID"]))

    def _may(self, caller: Caller, right: Any, target: Target) -> bool:
        found = self.record(target)
        return found is not None and self._portal.records.may(caller, right, found[1])

    # -- writing ---------------------------------------------------------------------------------

    def add(
        self,
        columns: Mapping[str, Any],
        targets: Sequence[Target],
        communications: Iterable[Mapping[str, Any]] = (),
        *,
        by: int,
        key: str = "",
    ) -> int:
        """Create an activity bound to `targets`, the first of which owns it.

        Args:
            columns: stored values; owner, author and times of writing are filled in.
            targets: at least one.
            communications: maps with TYPE, VALUE, ENTITY_ID, ENTITY_TYPE_ID.
            by: user id of its author.
            key: the caller's auth key, for event queues.
        """
        now = int(self._portal.clock.now())
        row = {
            "CREATED": now,
            "LAST_UPDATED": now,
            "AUTHOR_ID": by,
            "EDITOR_ID": by,
            **columns,
            "OWNER_TYPE_ID": targets[0][0],
            "OWNER_ID": targets[0][1],
        }
        id_ = self._store.insert("activity", row)
        unique = list(dict.fromkeys(targets))[:BINDINGS_MAX]
        self._store.insert_many(
            "activity_binding",
            ["ACTIVITY_ID", "ENTITY_TYPE_ID", "ENTITY_ID"],
            [(id_, type_id, element) for type_id, element in unique],
        )
        self._write_communications(id_, communications)
        for target in unique:
            self._touch(target, by, now)
        self._portal.emit("ONCRMACTIVITYADD", {"FIELDS": {"ID": str(id_)}}, key)
        return id_

    def add_todo(
        self,
        target: Target,
        *,
        deadline: int,
        subject: str = "",
        description: str = "",
        responsible_id: int,
        author_id: int,
        settings: Mapping[str, Any] | None = None,
        key: str = "",
    ) -> int:
        """Create a universal activity on a record; `deadline` in unix seconds."""
        return self.add(
            {
                "TYPE_ID": 6,
                "PROVIDER_ID": TODO,
                "PROVIDER_TYPE_ID": "TODO",
                "SUBJECT": subject,
                "DESCRIPTION": description,
                "RESPONSIBLE_ID": responsible_id,
                "START_TIME": deadline,
                "END_TIME": deadline,
                "DEADLINE": deadline,
                "SETTINGS": json.dumps(dict(settings)) if settings else None,
            },
            [target],
            by=author_id,
            key=key,
        )

    def update(self, id_: int, columns: Mapping[str, Any], *, by: int, key: str = "") -> None:
        """Change an activity's columns."""
        now = int(self._portal.clock.now())
        self._store.update("activity", id_, {**columns, "LAST_UPDATED": now, "EDITOR_ID": by})
        self._portal.emit("ONCRMACTIVITYUPDATE", {"FIELDS": {"ID": str(id_)}}, key)

    def replace_communications(self, id_: int, communications: Iterable[Mapping[str, Any]]) -> None:
        """Put these communications in place of an activity's own."""
        self._store.db.execute("DELETE FROM activity_communication WHERE ACTIVITY_ID = ?", [id_])
        self._write_communications(id_, communications)

    def delete(self, id_: int, *, key: str = "") -> None:
        """Remove an activity with everything that hangs on it."""
        db = self._store.db
        self._store.delete("activity", id_)
        for table in ("activity_binding", "activity_communication", "activity_transcript"):
            db.execute(f"DELETE FROM {table} WHERE ACTIVITY_ID = ?", [id_])
        db.execute("DELETE FROM timeline_note WHERE ITEM_TYPE = 2 AND ITEM_ID = ?", [id_])
        db.execute(
            "DELETE FROM call_list_item WHERE LIST_ID IN (SELECT ID FROM call_list WHERE ACTIVITY_ID = ?)",
            [id_],
        )
        db.execute("DELETE FROM call_list WHERE ACTIVITY_ID = ?", [id_])
        self._portal.emit("ONCRMACTIVITYDELETE", {"FIELDS": {"ID": str(id_)}}, key)

    def bind(self, id_: int, target: Target) -> bool:
        """Bind an activity to one more record; False when it has as many as the portal allows."""
        if len(self.bindings(id_)) >= BINDINGS_MAX:
            return False
        self._store.insert(
            "activity_binding", {"ACTIVITY_ID": id_, "ENTITY_TYPE_ID": target[0], "ENTITY_ID": target[1]}
        )
        return True

    def unbind(self, id_: int, target: Target) -> None:
        """Take a binding away. The owner changes only once a single binding is left."""
        self._drop(id_, target)
        left = self.bindings(id_)
        if len(left) == 1:
            self._own(id_, left[0])

    def rebind(self, id_: int, source: Target, target: Target) -> None:
        """Put one binding in place of another. A sole binding's new record becomes the owner."""
        self._store.db.execute(
            "UPDATE activity_binding SET ENTITY_TYPE_ID = ?, ENTITY_ID = ?"
            " WHERE ACTIVITY_ID = ? AND ENTITY_TYPE_ID = ? AND ENTITY_ID = ?",
            [*target, id_, *source],
        )
        if len(self.bindings(id_)) == 1:
            self._own(id_, target)

    # -- what happens to the records they hang on ------------------------------------------------

    def record_gone(self, target: Target, *, key: str = "") -> None:
        """A record was deleted: its bindings go, and with them the activities bound to nothing else."""
        ids = self._bound_to(target)
        if not ids:
            return
        self._store.db.execute(
            "DELETE FROM activity_binding WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?", target
        )
        for id_ in ids:
            left = self.bindings(id_)
            if not left:
                self.delete(id_, key=key)
                continue
            row = self.get(id_) or {}
            if (row.get("OWNER_TYPE_ID"), row.get("OWNER_ID")) == target:
                self._own(id_, left[0])

    def carry_over(self, source: Target, target: Target) -> int:
        """Move every activity of a record to another one, as a merge does; returns how many moved."""
        ids = self._bound_to(source)
        for id_ in ids:
            if target in self.bindings(id_):
                self._drop(id_, source)
            else:
                self._store.db.execute(
                    "UPDATE activity_binding SET ENTITY_TYPE_ID = ?, ENTITY_ID = ?"
                    " WHERE ACTIVITY_ID = ? AND ENTITY_TYPE_ID = ? AND ENTITY_ID = ?",
                    [*target, id_, *source],
                )
        db = self._store.db
        pair = [*target, *source]
        db.execute(
            "UPDATE activity SET OWNER_TYPE_ID = ?, OWNER_ID = ? WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ?",
            pair,
        )
        if ids:
            marks = ", ".join("?" for _ in ids)
            db.execute(
                "UPDATE activity_communication SET ENTITY_TYPE_ID = ?, ENTITY_ID = ?"
                f" WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ? AND ACTIVITY_ID IN ({marks})",
                [*pair, *ids],
            )
        return len(ids)

    def _bound_to(self, target: Target) -> list[int]:
        rows = self._store.rows(
            "SELECT ACTIVITY_ID FROM activity_binding WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?", target
        )
        return [row["ACTIVITY_ID"] for row in rows]

    def _drop(self, id_: int, target: Target) -> None:
        self._store.db.execute(
            "DELETE FROM activity_binding WHERE ACTIVITY_ID = ? AND ENTITY_TYPE_ID = ? AND ENTITY_ID = ?",
            [id_, *target],
        )

    def _own(self, id_: int, target: Target) -> None:
        self._store.update("activity", id_, {"OWNER_TYPE_ID": target[0], "OWNER_ID": target[1]})

    def _write_communications(self, id_: int, communications: Iterable[Mapping[str, Any]]) -> None:
        for each in communications:
            self._store.insert(
                "activity_communication",
                {
                    "ACTIVITY_ID": id_,
                    "TYPE": each.get("TYPE") or "",
                    "VALUE": each["VALUE"],
                    "ENTITY_ID": each.get("ENTITY_ID") or 0,
                    "ENTITY_TYPE_ID": each.get("ENTITY_TYPE_ID") or 0,
                },
            )

    def _touch(self, target: Target, by: int, now: int) -> None:
        """The timeline of a record moved: its last activity is now, which no change history notes."""
        found = self.record(target)
        if found and "lastActivityTime" in found[0].fields:
            self._store.update(found[0].table, target[1], {"LAST_ACTIVITY_TIME": now, "LAST_ACTIVITY_BY": by})
