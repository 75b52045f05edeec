"""The timeline: comments and log messages of records, what they are bound to, and notes pinned on them.

Comments and log messages share one row of ids, as history records do on a portal.

Source: api-reference/crm/timeline/{comments,bindings,logmessage,note}/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..state.store import declare_table
from .drive import Drive

if TYPE_CHECKING:
    from ..portal import Sandbox
    from .activities import Target

__all__ = ["Timeline"]

COMMENT, LOG = "comment", "log"

declare_table(
    "timeline_entry",
    "KIND",
    "CREATED time",
    "AUTHOR_ID int",
    "TITLE",
    "COMMENT",
    "ICON_CODE",
    "FILES json",
    "APP_ID int",
)
declare_table(
    "timeline_binding",
    "OWNER_ID int",
    "ENTITY_TYPE_ID int",
    "ENTITY_ID int",
    indexes=[("ENTITY_TYPE_ID", "ENTITY_ID", "OWNER_ID"), ("OWNER_ID",)],
)
declare_table(
    "timeline_note",
    "OWNER_TYPE_ID int",
    "OWNER_ID int",
    "ITEM_TYPE int",
    "ITEM_ID int",
    "TEXT",
    "CREATED_BY int",
    "CREATED_TIME time",
    "UPDATED_BY int",
    "UPDATED_TIME time",
    indexes=[("ITEM_TYPE", "ITEM_ID")],
)


class Timeline:
    """The timelines of one portal.

    Args:
        portal: the sandbox they belong to.
    """

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal
        self._store = portal.store

    def get(self, id_: int, kind: Literal["comment", "log"]) -> dict[str, Any] | None:
        """An entry of that kind, or None."""
        row = self._store.get("timeline_entry", id_)
        return row if row and row["KIND"] == kind else None

    def bindings(self, id_: int) -> list[Target]:
        """The records an entry is bound to, oldest binding first."""
        rows = self._store.rows(
            "SELECT ENTITY_TYPE_ID, ENTITY_ID FROM timeline_binding WHERE OWNER_ID = ? ORDER BY ID", [id_]
        )
        return [(row["ENTITY_TYPE_ID"], row["ENTITY_ID"]) for row in rows]

    def add(
        self, kind: Literal["comment", "log"], target: Target, facts: Mapping[str, Any], *, by: int
    ) -> int:
        """Write an entry into a record's timeline, now; history cannot be back-dated."""
        now = int(self._portal.clock.now())
        id_ = self._store.insert("timeline_entry", {"KIND": kind, "CREATED": now, "AUTHOR_ID": by, **facts})
        self.bind(id_, target)
        return id_

    def bind(self, id_: int, target: Target) -> bool:
        """Bind an entry to one more record; False when it is already."""
        if target in self.bindings(id_):
            return False
        self._store.insert(
            "timeline_binding", {"OWNER_ID": id_, "ENTITY_TYPE_ID": target[0], "ENTITY_ID": target[1]}
        )
        return True

    def unbind(self, id_: int, target: Target) -> bool:
        """Take a binding away; False when there was none."""
        gone = self._store.db.execute(
            "DELETE FROM timeline_binding WHERE OWNER_ID = ? AND ENTITY_TYPE_ID = ? AND ENTITY_ID = ?",
            [id_, *target],
        )
        return gone.rowcount > 0

    def delete(self, id_: int) -> None:
        """Remove an entry with its bindings, files and notes."""
        row = self._store.get("timeline_entry", id_) or {}
        self.drop_files(row)
        self._store.delete("timeline_entry", id_)
        self._store.db.execute("DELETE FROM timeline_binding WHERE OWNER_ID = ?", [id_])
        self._store.db.execute("DELETE FROM timeline_note WHERE ITEM_TYPE = 1 AND ITEM_ID = ?", [id_])

    def drop_files(self, row: Mapping[str, Any]) -> None:
        """Remove the files an entry holds."""
        for file in json.loads(row.get("FILES") or "[]"):
            Drive(self._portal).erase(file)

    def record_gone(self, target: Target, *, key: str = "") -> None:
        """A record was deleted: entries it shares with nobody go, the others lose a binding."""
        for id_ in self._bound_to(target):
            self.unbind(id_, target)
            if not self.bindings(id_):
                comment = self.get(id_, "comment")
                self.delete(id_)
                if comment:
                    self._portal.emit("ONCRMTIMELINECOMMENTDELETE", {"FIELDS": {"ID": str(id_)}}, key)
        self._store.db.execute("DELETE FROM timeline_note WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ?", target)

    def carry_over(self, source: Target, target: Target) -> int:
        """Move every entry of a record to another one, as a merge does; returns how many moved."""
        ids = self._bound_to(source)
        for id_ in ids:
            self.unbind(id_, source)
            self.bind(id_, target)
        self._store.db.execute(
            "UPDATE timeline_note SET OWNER_TYPE_ID = ?, OWNER_ID = ?"
            " WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ?",
            [*target, *source],
        )
        return len(ids)

    def _bound_to(self, target: Target) -> list[int]:
        rows = self._store.rows(
            "SELECT OWNER_ID FROM timeline_binding WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?", target
        )
        return [row["OWNER_ID"] for row in rows]
