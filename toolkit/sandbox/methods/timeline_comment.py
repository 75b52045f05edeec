"""`crm.timeline.comment.*`: what people write into the timelines of records.

Source: api-reference/crm/timeline/comments/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import struct
from typing import Any

from ..call import Call, Page
from ..portal import FAMILY_LISTENERS, Sandbox
from ..registry import method
from ..state.listing import list_rows
from ..state.records import Change
from ..state.store import TABLES
from ..subjects.activities import Activities, Target
from ..subjects.drive import Drive
from ..subjects.files import Content, read_content, uploads_of
from ..subjects.timeline import Timeline
from ..wire import php
from ..wire.errors import RestError, access_denied, invalid_arg, missing_argument, not_found
from .activity_binding import owner_missing

_DOCS = "api-reference/crm/timeline/comments/crm-timeline-comment-"
FILES_FOLDER = "Загруженные файлы"
_IMAGES = (".png", ".gif", ".jpg", ".jpeg", ".webp", ".bmp")
_SHOWN = ("ID", "ENTITY_ID", "ENTITY_TYPE", "CREATED", "COMMENT", "AUTHOR_ID", "FILES")


def target_of(call: Call, entity_type: Any, entity_id: Any) -> Target | None:
    """The record named by `deal`, `dynamic_177`, ... and an id; None when the names make no sense."""
    name = str(entity_type or "").strip().upper()
    kind = call.portal.schema.by_name("SMART_INVOICE" if name == "DYNAMIC_31" else name)
    id_ = php.whole(entity_id)
    return (kind.entity_type_id, id_) if kind and id_ else None


def type_name(call: Call, type_id: int) -> str:
    """`deal`, `contact`, `dynamic_177`: how the timeline names a kind."""
    kind = call.portal.schema.kind(type_id)
    return kind.name.lower() if kind else f"dynamic_{type_id}"


def may(call: Call, right: Any, targets: list[Target]) -> bool:
    """Whether the caller has a right on one of the records."""
    if call.caller.is_admin:
        return True
    found = [Activities(call.portal).record(each) for each in targets]
    return any(each and call.portal.records.may(call.caller, right, each[1]) for each in found)


@method("crm.timeline.comment.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(_call: Call) -> Any:
    """Describe the fields of a comment."""
    spec = {
        "ID": ("integer", "r"),
        "CREATED": ("datetime", "r"),
        "ENTITY_ID": ("integer", "*i"),
        "ENTITY_TYPE": ("string", "*i"),
        "AUTHOR_ID": ("integer", "i"),
        "COMMENT": ("string", ""),
        "FILES": ("attached_diskfile", "m"),
    }
    return {
        name: {
            "type": type_,
            "isRequired": "*" in flags,
            "isReadOnly": "r" in flags,
            "isImmutable": "i" in flags,
            "isMultiple": "m" in flags,
            "isDynamic": False,
            "title": name,
        }
        for name, (type_, flags) in spec.items()
    }


@method("crm.timeline.comment.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Write a comment, as the caller and now; `fields` counts in lower case only."""
    given = call.map_arg("fields")
    for name in ("ENTITY_ID", "ENTITY_TYPE"):
        if given.get(name) in (None, ""):
            raise missing_argument(name)
    target = target_of(call, given["ENTITY_TYPE"], given["ENTITY_ID"])
    if target is None or Activities(call.portal).record(target) is None:
        raise owner_missing(call)
    if not may(call, "WRITE", [target]):
        raise access_denied()
    text = _text(given)
    facts = {"COMMENT": text, "FILES": _stored(call, given.get("FILES"))}
    id_ = Timeline(call.portal).add("comment", target, facts, by=call.user_id)
    call.portal.emit("ONCRMTIMELINECOMMENTADD", {"FIELDS": {"ID": str(id_)}}, call.caller.key)
    return id_


def _text(given: dict[str, Any]) -> str:
    text = given.get("COMMENT")
    if not isinstance(text, str | int | float) or not str(text).strip():
        raise invalid_arg("Empty comment")
    return str(text)


def _stored(call: Call, value: Any) -> str | None:
    """Files sent along go to Drive; what is no file is skipped without a word."""
    drive = Drive(call.portal)
    folder = drive.folder_for(FILES_FOLDER)
    ids = [drive.save(folder, name, body, call.user_id) for name, body in uploads_of(value)]
    return json.dumps(ids) if ids else None


@method("crm.timeline.comment.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One comment."""
    id_ = php.whole(call.get("id"))
    if not id_:
        raise RestError("", "ID is not defined or invalid.")
    timeline = Timeline(call.portal)
    row = timeline.get(id_, "comment")
    if row is None:
        raise RestError("", "Not found.")
    bindings = timeline.bindings(row["ID"])
    if not may(call, "READ", bindings):
        raise RestError("", "Access denied.")
    return _comment(call, row, bindings[0] if bindings else (0, 0))


@method("crm.timeline.comment.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """The comments of one record."""
    filter_ = call.get("filter")
    given = filter_ if isinstance(filter_, dict) else {}
    target = target_of(call, given.get("ENTITY_TYPE"), given.get("ENTITY_ID"))
    if target is None or not may(call, "READ", [target]):
        raise RestError("", "Access denied.")
    known = TABLES["timeline_entry"].fields
    rows, total, start = list_rows(
        call,
        "timeline_entry",
        order=call.get("order"),
        fields={name: known[name] for name in ("ID", "CREATED", "AUTHOR_ID")},
        where="KIND = 'comment' AND ID IN"
        " (SELECT OWNER_ID FROM timeline_binding WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?)",
        args=list(target),
    )
    wanted = [str(each) for each in php.values(call.get("select"))]
    chosen = [name for name in _SHOWN if not wanted or "*" in wanted or name in wanted]
    shown = [_comment(call, row, target) for row in rows]
    items = [{name: each[name] for name in chosen} for each in shown]
    return Page.of(items, len(items), total, start)


@method("crm.timeline.comment.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change a comment. Files named at all replace every old one."""
    row, _ = _wanted(call)
    given = call.map_arg("fields")
    facts: dict[str, Any] = {}
    if "COMMENT" in given:
        facts["COMMENT"] = _text(given)
    if "FILES" in given:
        Timeline(call.portal).drop_files(row)
        facts["FILES"] = _stored(call, given["FILES"])
    call.store.update("timeline_entry", row["ID"], facts)
    call.portal.emit("ONCRMTIMELINECOMMENTUPDATE", {"FIELDS": {"ID": str(row["ID"])}}, call.caller.key)
    return row["ID"]


@method("crm.timeline.comment.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> Any:
    """Delete a comment; one that several records share only from the record that is named."""
    row, target = _wanted(call)
    timeline = Timeline(call.portal)
    bindings = timeline.bindings(row["ID"])
    if target is not None and len(bindings) > 1:
        timeline.unbind(row["ID"], target)
        return None
    if len(bindings) > 1:
        raise RestError("MULTIPLE_BINDINGS", "Element has multiple bindings")
    timeline.delete(row["ID"])
    call.portal.emit("ONCRMTIMELINECOMMENTDELETE", {"FIELDS": {"ID": str(row["ID"])}}, call.caller.key)
    return None


def _wanted(call: Call) -> tuple[dict[str, Any], Target | None]:
    """The comment named by `id`, and the record named by ownerTypeId and ownerId, if any.

    Raises:
        RestError: 100, NOT_FOUND, OWNER_NOT_FOUND, ACCESS_DENIED.
    """
    timeline = Timeline(call.portal)
    row = timeline.get(call.int_arg("id"), "comment")
    if row is None:
        raise not_found("Not found.")
    bindings = timeline.bindings(row["ID"])
    target: Target | None = None
    if call.params.get("ownerTypeId") or call.params.get("ownerId"):
        target = (call.int_arg("ownerTypeId"), call.int_arg("ownerId"))
        if target not in bindings:
            raise owner_missing(call)
    if not may(call, "WRITE", [target] if target else bindings):
        raise access_denied()
    return row, target


def _comment(call: Call, row: dict[str, Any], target: Target) -> dict[str, Any]:
    files = [_file(call, file) for file in json.loads(row["FILES"] or "[]")]
    return {
        "ID": str(row["ID"]),
        "ENTITY_ID": str(target[1]),
        "ENTITY_TYPE": type_name(call, target[0]),
        "CREATED": call.portal.zone.moment(row["CREATED"]),
        "COMMENT": row["COMMENT"],
        "AUTHOR_ID": str(row["AUTHOR_ID"]),
        "FILES": {str(each["id"]): each for each in files} or php.EMPTY_OBJECT,
    }


def _file(call: Call, id_: int) -> dict[str, Any]:
    row = call.store.get("disk_object", id_) or {}
    author = call.store.get("user", row.get("CREATED_BY") or 0) or {}
    name = str(row.get("NAME") or "")
    is_image = name.lower().endswith(_IMAGES)
    content = read_content(call.portal, int(row.get("FILE_ID") or 0)) if is_image else None
    base, query = f"{call.portal.base_url}/disk", f"?&ncc=1&filename={name}"
    return {
        "id": id_,
        "date": call.portal.zone.moment(row.get("CREATE_TIME") or 0),
        "type": "image" if is_image else "file",
        "name": name,
        "size": row.get("SIZE") or 0,
        "image": _extent(content) if content else False,
        "authorId": row.get("CREATED_BY") or 0,
        "authorName": f"{author.get('NAME') or ''} {author.get('LAST_NAME') or ''}".strip(),
        "urlPreview": f"{base}/showFile/{id_}/{query}&width=640&height=640" if is_image else "",
        "urlShow": f"{base}/showFile/{id_}/{query}",
        "urlDownload": f"{base}/downloadFile/{id_}/{query}",
    }


def _extent(content: Content) -> dict[str, int]:
    """Width and height of a PNG or GIF; other images are not looked into."""
    body = content.body
    if body[:8] == b"\x89PNG\r\n\x1a\n" and len(body) >= 24:
        width, height = struct.unpack(">II", body[16:24])
    elif body[:3] == b"GIF" and len(body) >= 10:
        width, height = struct.unpack("<HH", body[6:10])
    else:
        width = height = 0
    return {"width": width, "height": height}


def forget_deleted(portal: Sandbox, change: Change) -> None:
    """When a record goes, what its timeline shares with nobody goes with it."""
    if change.action == "delete":
        Timeline(portal).record_gone((change.kind.entity_type_id, change.id), key=change.key)


FAMILY_LISTENERS.append(forget_deleted)
