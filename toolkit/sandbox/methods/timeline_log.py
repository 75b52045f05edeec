"""`crm.timeline.logmessage.*` and `crm.timeline.note.*`: lines a program leaves, and notes on what is there.

Source: api-reference/crm/timeline/{logmessage,note}/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.activities import Activities, Target
from ..subjects.timeline import Timeline
from ..wire import php
from ..wire.errors import RestError, access_denied, missing_argument, not_found
from .activity_binding import readable_record, writable_record
from .timeline_comment import may

_DOCS = "api-reference/crm/timeline/logmessage/crm-timeline-logmessage-"
_NOTE_DOCS = "api-reference/crm/timeline/note/crm-timeline-note-"
LOG_PAGE = 10
HISTORY, DEAL = 1, 2


@method(
    "crm.timeline.logmessage.add", scope="crm", docs=_DOCS + "add.md", not_emulated="icons are not checked"
)
def add(call: Call) -> Any:
    """Leave a line in a record's timeline."""
    given = call.map_arg("fields")
    for name in ("entityTypeId", "entityId", "title", "text", "iconCode"):
        if given.get(name) in (None, ""):
            raise missing_argument(name)
    asked: Target = (php.whole(given["entityTypeId"]), php.whole(given["entityId"]))
    facts = {
        "TITLE": str(given["title"]),
        "COMMENT": str(given["text"]),
        "ICON_CODE": str(given["iconCode"]),
        "APP_ID": _app(call),
    }
    id_ = Timeline(call.portal).add("log", writable_record(call, asked), facts, by=call.user_id)
    return {"logMessage": _line(call, call.store.get("timeline_entry", id_) or {})}


def _app(call: Call) -> int:
    return int(call.caller.app["ID"]) if call.caller.app else 0


def _line(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["ID"],
        "created": call.portal.zone.moment(row["CREATED"]),
        "authorId": row["AUTHOR_ID"],
        "title": row["TITLE"],
        "text": row["COMMENT"],
        "iconCode": row["ICON_CODE"],
    }


def _log(call: Call, right: str) -> dict[str, Any]:
    id_ = call.int_arg("id")
    timeline = Timeline(call.portal)
    row = timeline.get(id_, "log")
    if row is None:
        raise not_found(f"Timeline logmessage not found for id {id_}")
    if not may(call, right, timeline.bindings(id_)):
        raise access_denied()
    return row


@method("crm.timeline.logmessage.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One line."""
    return {"logMessage": _line(call, _log(call, "READ"))}


@method("crm.timeline.logmessage.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """The lines of one record, ten a page, newest first."""
    target = readable_record(call, (call.int_arg("entityTypeId"), call.int_arg("entityId")))
    known = TABLES["timeline_entry"].fields
    rows, total, start = list_rows(
        call,
        "timeline_entry",
        order=call.params.get("order"),
        fields={"id": known["ID"], "created": known["CREATED"]},
        where="KIND = 'log' AND ID IN"
        " (SELECT OWNER_ID FROM timeline_binding WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?)",
        args=list(target),
        default="ID DESC",
        page=LOG_PAGE,
    )
    return Page.of([_line(call, row) for row in rows], len(rows), total, start)


@method("crm.timeline.logmessage.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> Any:
    """Remove a line, for whom left it: the same application, or a webhook for a webhook's."""
    row = _log(call, "WRITE")
    if row["APP_ID"] != _app(call):
        raise RestError("REMOVING_DISABLED", "Timeline logmessage was created by another application")
    Timeline(call.portal).delete(row["ID"])
    return True


# -- notes ---------------------------------------------------------------------------------------


def _item(call: Call, *, write: bool) -> dict[str, int]:
    """The columns that find the note of a history record or an activity.

    Raises:
        RestError: 100, NOT_FOUND when the item is not there or hangs on another record, ACCESS_DENIED.
    """
    owner: Target = (call.int_arg("ownerTypeId"), call.int_arg("ownerId"))
    item_type, item = call.int_arg("itemType"), call.int_arg("itemId")
    bindings: list[Target] = []
    if item_type == HISTORY:
        bindings = Timeline(call.portal).bindings(item)
    elif item_type == DEAL:
        bindings = Activities(call.portal).bindings(item)
    if owner not in bindings:
        raise not_found()
    if not may(call, "WRITE" if write else "READ", [owner]):
        raise access_denied()
    return {"ITEM_TYPE": item_type, "ITEM_ID": item}


@method("crm.timeline.note.save", scope="crm", docs=_NOTE_DOCS + "save.md")
def note_save(call: Call) -> Any:
    """Pin a note on a history record or an activity, in place of an older one."""
    text = str(call.arg("text"))
    item = _item(call, write=True)
    now = int(call.now)
    facts = {"TEXT": text, "UPDATED_BY": call.user_id, "UPDATED_TIME": now}
    old = call.store.first("timeline_note", **item)
    if old:
        call.store.update("timeline_note", old["ID"], facts)
        return True
    owner = {"OWNER_TYPE_ID": call.int_arg("ownerTypeId"), "OWNER_ID": call.int_arg("ownerId")}
    created = {"CREATED_BY": call.user_id, "CREATED_TIME": now}
    call.store.insert("timeline_note", {**owner, **item, **facts, **created})
    return True


def _note(call: Call, *, write: bool) -> dict[str, Any]:
    note = call.store.first("timeline_note", **_item(call, write=write))
    if note is None:
        raise not_found()
    return note


@method("crm.timeline.note.get", scope="crm", docs=_NOTE_DOCS + "get.md")
def note_get(call: Call) -> Any:
    """The note on a history record or an activity."""
    note = _note(call, write=False)
    return {
        "text": note["TEXT"],
        "createdById": note["CREATED_BY"],
        "createdTime": call.portal.zone.moment(note["CREATED_TIME"]),
        "updatedById": note["UPDATED_BY"],
        "updatedTime": call.portal.zone.moment(note["UPDATED_TIME"]),
    }


@method("crm.timeline.note.delete", scope="crm", docs=_NOTE_DOCS + "delete.md")
def note_delete(call: Call) -> Any:
    """Take a note away."""
    return call.store.delete("timeline_note", _note(call, write=True)["ID"])
