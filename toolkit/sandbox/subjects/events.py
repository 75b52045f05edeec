"""Events: who asked to hear of what, and the queue for those who fetch them.

Online handlers are called through the `outbox`. The offline queue is state, not history: one row per object
and event, with the moment of the last change, until the application takes it away.

Source: api-reference/events/{index,event-bind,offline-events,event-offline-get,on-offline-event}.md,
read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..state.fields import Kind
from ..state.records import Change
from ..state.store import Column, declare_table
from ..switches import declare
from .event_names import SCOPE_OF_DYNAMIC

if TYPE_CHECKING:
    from ..portal import Sandbox

__all__ = ["Events"]

RESERVED_S = 30 * 86_400  # a reserved package nobody confirmed is dropped after thirty days
_LEGACY = {1: "LEAD", 2: "DEAL", 3: "CONTACT", 4: "COMPANY", 7: "QUOTE"}

IMPORT_FIRES_EVENTS = declare(
    "import_fires_events",
    True,
    (True, False),
    "The import pages say that automation stays quiet; of events they say nothing.",
    "api-reference/crm/universal/import/crm-item-import.md",
)

declare_table(
    "event_handler",
    "APP_ID int",
    "EVENT",
    "HANDLER",
    Column("AUTH_TYPE", "int", 0),
    Column("OFFLINE", "bit", 0),
    Column("CONNECTOR", "text", ""),
    "OPTIONS json",
    "PINGED real",
    indexes=[("EVENT",)],
)
declare_table(
    "event_offline",
    "APP_ID int",
    "TIMESTAMP_X time",
    "EVENT_NAME",
    "EVENT_DATA json",
    "MESSAGE_ID",
    Column("CONNECTOR", "text", ""),
    Column("PROCESS_ID", "text", ""),
    Column("ERROR", "int", 0),
    "RESERVED_AT time",
    indexes=[("APP_ID", "MESSAGE_ID"), ("PROCESS_ID",)],
)


class Events:
    """Handlers, queue and outbox of one portal.

    Args:
        portal: the sandbox.
    """

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal
        self._store = portal.store
        self._by_event: dict[str, list[dict[str, Any]]] | None = None
        self._call_pinged: object = None

    # -- what happens ----------------------------------------------------------------------------

    def hear(self, change: Change) -> None:
        """Turn the news of a CRM record into its events."""
        if not self._handlers() or (change.imported and not self._portal.switches[IMPORT_FIRES_EVENTS]):
            return
        id_ = str(change.id)
        for name, fields in _events_of(change.kind, change, id_):
            self.occur(name, {"FIELDS": fields}, change.by)

    def occur(
        self, event: str, details: Mapping[str, Any], user_id: int | None = None, app_id: int = 0
    ) -> None:
        """Queue one event for everybody who asked to hear of it.

        Args:
            event: name in any case.
            details: its `data`.
            user_id: whose action it was; None when nobody can be named.
            app_id: only for handlers of this application; 0 for all.
        """
        name = event.upper()
        for handler in self._handlers().get(name, ()):
            if app_id and handler["APP_ID"] != app_id:
                continue
            if handler["OFFLINE"]:
                self._keep(handler, name, details, user_id)
            else:
                self._portal.outbox.put(handler, name, details, self._tokens_for(user_id))

    def _tokens_for(self, user_id: int | None) -> int | None:
        """Whose tokens a handler may have: nobody's when a robot acted."""
        return None if self._portal.robots.acting else user_id

    def _keep(
        self, handler: Mapping[str, Any], name: str, details: Mapping[str, Any], user_id: int | None
    ) -> None:
        """Put an event into the offline queue; a change made under the queue's own key stays out of it."""
        acting = self._portal.acting
        key = str(acting.get("auth_connector") or "") if acting else ""
        if handler["CONNECTOR"] and handler["CONNECTOR"] == key and not self._portal.robots.acting:
            return
        now = self._portal.clock.now()
        kept = json.dumps(details, ensure_ascii=False)
        message = hashlib.md5(f"{name}|{kept}".encode(), usedforsecurity=False).hexdigest()
        place = {
            "APP_ID": handler["APP_ID"],
            "CONNECTOR": handler["CONNECTOR"],
            "MESSAGE_ID": message,
            "PROCESS_ID": "",
        }
        waiting = self._store.first("event_offline", **place)
        if waiting:
            self._store.update("event_offline", waiting["ID"], {"TIMESTAMP_X": int(now)})
            return
        self._store.insert(
            "event_offline",
            {**place, "TIMESTAMP_X": int(now), "EVENT_NAME": name, "EVENT_DATA": kept},
        )
        self._ping(handler["APP_ID"], now, user_id)

    def _ping(self, app_id: int, now: float, user_id: int | None) -> None:
        """Tell the application that its queue has something new, no oftener than it asked to be told."""
        for handler in self._handlers().get("ONOFFLINEEVENT", ()):
            if handler["APP_ID"] != app_id or handler["OFFLINE"]:
                continue
            pause_s = float(json.loads(handler["OPTIONS"] or "{}").get("minTimeout", 1))
            if pause_s <= 0:
                if self._portal.acting is not None and self._call_pinged is self._portal.acting:
                    continue
                self._call_pinged = self._portal.acting
            elif handler["PINGED"] is not None and now - handler["PINGED"] < pause_s:
                continue
            handler["PINGED"] = now
            self._store.update("event_handler", handler["ID"], {"PINGED": now})
            self._portal.outbox.put(handler, "ONOFFLINEEVENT", {}, self._tokens_for(user_id))

    # -- handlers --------------------------------------------------------------------------------

    def _handlers(self) -> dict[str, list[dict[str, Any]]]:
        if self._by_event is None:
            self._by_event = {}
            for row in self._store.find("event_handler"):
                self._by_event.setdefault(row["EVENT"], []).append(row)
        return self._by_event

    def handlers_changed(self) -> None:
        """A handler was bound or unbound: read them afresh."""
        self._by_event = None


def _events_of(kind: Kind, change: Change, id_: str) -> list[tuple[str, dict[str, str]]]:
    """Names and fields of the events a change of a record sets off."""
    action = change.action.upper()
    if kind.entity_type_id in _LEGACY:
        events = [(f"ONCRM{_LEGACY[kind.entity_type_id]}{action}", {"ID": id_})]
        if kind.entity_type_id == 2 and change.action == "update" and "CATEGORY_ID" in change.columns:
            moved = {
                "ID": id_,
                "CATEGORY_ID": str(change.after["CATEGORY_ID"]),
                "STAGE_ID": str(change.after["STAGE_ID"]),
            }
            events.append(("ONCRMDEALMOVETOCATEGORY", moved))
        return events
    fields = {"ID": id_, "ENTITY_TYPE_ID": str(kind.entity_type_id)}
    name = f"{SCOPE_OF_DYNAMIC}{action}"
    return [(name, fields), (f"{name}_{kind.entity_type_id}", fields)]
