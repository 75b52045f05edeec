"""`crm.calllist.*`: lists of clients to be called one after another.

Source: api-reference/crm/call-list/*.md, read 2026-11-22.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..call import Call
from ..registry import method
from ..state.fields import Kind
from ..state.listing import list_rows
from ..state.store import TABLES, Column, declare_table
from ..subjects.activities import Activities, Target
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/crm/call-list/crm-calllist-"
_TYPES = {"CONTACT": 3, "COMPANY": 4}
_SHOWN = ("ID", "DATE_CREATE", "CREATED_BY_ID", "WEBFORM_ID", "ENTITY_TYPE_ID")
_OPERATORS = "!><=@%?"

declare_table(
    "call_list",
    "DATE_CREATE time",
    "CREATED_BY_ID int",
    "WEBFORM_ID int",
    "ENTITY_TYPE_ID int",
    "ACTIVITY_ID int",
    indexes=[("ACTIVITY_ID",)],
)
declare_table(
    "call_list_item",
    "LIST_ID int",
    "ENTITY_TYPE_ID int",
    "ELEMENT_ID int",
    Column("STATUS_ID", "text", "IN_WORK"),
    indexes=[("LIST_ID",)],
)
# Forms are made in the interface only; a portal comes with the one the documentation's examples name.
declare_table("webform", "NAME")


@method("crm.calllist.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Make a call list; its activity appears with the clients on it."""
    type_name, ids = _asked(call, ("ENTITY_TYPE", "ENTITIES"))
    if type_name not in _TYPES:
        raise RestError("ENTITY_TYPE_ERROR", "Incorrect entity type")
    kind = _kind(call, _TYPES[type_name])
    readable = _readable(call, kind, ids, RestError("ENTITY_ERROR", "Incorrect entities id"))
    webform = _webform(call)
    if not readable:
        raise RestError("ACCESS_ERROR", "You don't have access to these entities", 403)
    facts = {
        "DATE_CREATE": int(call.now),
        "CREATED_BY_ID": call.user_id,
        "WEBFORM_ID": webform,
        "ENTITY_TYPE_ID": kind.entity_type_id,
    }
    id_ = call.store.insert("call_list", facts)
    _fill(call, id_, kind, readable, {})
    targets: list[Target] = [(kind.entity_type_id, each) for each in readable]
    activity = Activities(call.portal).add(
        {
            "TYPE_ID": 6,
            "PROVIDER_ID": "CALL_LIST",
            "PROVIDER_TYPE_ID": "CALL_LIST",
            "ASSOCIATED_ENTITY_ID": id_,
            "SUBJECT": f"Call list #{id_}",
            "RESPONSIBLE_ID": call.user_id,
            "START_TIME": int(call.now),
            "END_TIME": int(call.now),
        },
        targets,
        by=call.user_id,
        key=call.caller.key,
    )
    call.store.update("call_list", id_, {"ACTIVITY_ID": activity})
    return id_


@method("crm.calllist.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Replace who is on a call list; a form that is not named is taken off."""
    type_name, ids = _asked(call, ("LIST_ID", "ENTITY_TYPE", "ENTITIES"))
    if type_name not in _TYPES:
        raise RestError("ENTITY_TYPE_ERROR", "EntityType is incorrect")
    kind = _kind(call, _TYPES[type_name])
    readable = _readable(call, kind, ids, RestError("ENTITIES_ERROR", "Incorrect entities id"))
    list_id = php.whole(call.get("LIST_ID"))
    row = call.store.get("call_list", list_id)
    if row is None:
        raise RestError("LIST_ID_ERROR", "Incorrect list id or access denied")
    if row["ENTITY_TYPE_ID"] != kind.entity_type_id:
        raise RestError(
            "ENTITY_TYPE_ERROR", "Discrepancy between the type of call participants and incoming type"
        )
    webform = _webform(call)
    if not readable:
        raise RestError("ACCESS_ERROR", "Access Denied", 403)
    statuses = {
        each["ELEMENT_ID"]: each["STATUS_ID"] for each in call.store.find("call_list_item", LIST_ID=list_id)
    }
    call.store.db.execute("DELETE FROM call_list_item WHERE LIST_ID = ?", [list_id])
    _fill(call, list_id, kind, readable, statuses)
    call.store.update("call_list", list_id, {"WEBFORM_ID": webform})
    _rebind(call, row["ACTIVITY_ID"], [(kind.entity_type_id, each) for each in readable])
    return True


@method("crm.calllist.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One call list, without its clients."""
    if call.get("ID") in (None, ""):
        raise RestError("ERROR_ARGUMENT", "ID is not found")
    row = call.store.get("call_list", php.whole(call.get("ID")))
    if row is None:
        raise RestError("LIST_ID_ERROR", "Incorrect list id")
    type_name = next(name for name, type_id in _TYPES.items() if type_id == row["ENTITY_TYPE_ID"])
    return {**_shown(call, row, _SHOWN), "ENTITY_TYPE": type_name}


@method("crm.calllist.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Any:
    """Call lists; neither paged nor counted."""
    wanted = [str(each) for each in php.values(call.get("SELECT"))]
    filtered = [key.lstrip(_OPERATORS) for key, _ in php.items(call.get("FILTER"))]
    ordered = [key for key, _ in php.items(call.get("ORDER"))]
    for name in (*wanted, *filtered, *ordered):
        if name not in _SHOWN and name != "*":
            entity = "\\Bitrix\\Crm\\CallList\\Internals\\CallList"
            raise RestError("100", f"Unknown field definition `{name}` ({name}) for {entity} Entity.")
    fields = TABLES["call_list"].fields
    rows, _, _ = list_rows(
        call,
        "call_list",
        filter_=call.get("FILTER"),
        order=call.get("ORDER"),
        fields={name: fields[name] for name in _SHOWN},
        page=None,
    )
    chosen = [name for name in _SHOWN if not wanted or "*" in wanted or name in wanted]
    return [_shown(call, row, chosen) for row in rows]


@method("crm.calllist.items.get", scope="crm", docs=_DOCS + "items-get.md")
def items_get(call: Call) -> Any:
    """The clients on a call list, as far as the caller may read them, and how far each call is."""
    given = call.get("LIST_ID")
    if given in (None, ""):
        raise RestError("ERROR_ARGUMENT", "LIST_ID is not found")
    list_id = php.whole(given)
    if list_id < 1:
        raise RestError("LIST_ID_ERROR", "List id should be positive")
    row = call.store.get("call_list", list_id)
    if row is None:
        raise RestError("LIST_ID_ERROR", "Call list is not found")
    filter_ = call.get("FILTER")
    status = filter_.get("STATUS") if isinstance(filter_, dict) else None
    if status and not call.store.first("status", ENTITY_ID="CALL_LIST", STATUS_ID=str(status)):
        raise RestError("STATUS_ERROR", "Incorrect status")
    kind = _kind(call, row["ENTITY_TYPE_ID"])
    items = call.store.find("call_list_item", LIST_ID=list_id)
    seen = [each for each in items if _may_read(call, kind, each["ELEMENT_ID"])]
    if items and not seen:
        raise RestError("ACCESS_ERROR", "You do not have access to the participants of this call list", 403)
    return [
        {"ID": each["ELEMENT_ID"], "STATUS": each["STATUS_ID"], "ENTITY_TYPE": each["ENTITY_TYPE_ID"]}
        for each in seen
        if not status or each["STATUS_ID"] == status
    ]


@method("crm.calllist.statuslist", scope="crm", docs=_DOCS + "statuslist.md")
def statuslist(call: Call) -> Any:
    """How far a call can be."""
    rows = call.store.rows("SELECT * FROM status WHERE ENTITY_ID = 'CALL_LIST' ORDER BY SORT, ID")
    return [
        {"ID": row["ID"], "NAME": row["NAME"], "SORT": row["SORT"], "STATUS_ID": row["STATUS_ID"]}
        for row in rows
    ]


def _asked(call: Call, required: tuple[str, ...]) -> tuple[str, list[int]]:
    """ENTITY_TYPE in upper case, and ENTITIES as numbers.

    Raises:
        RestError: ERROR_ARGUMENT, ENTITIES_ERROR.
    """
    for name in required:
        if call.get(name) in (None, ""):
            raise RestError("ERROR_ARGUMENT", f"{name} is not found")
    entities = call.get("ENTITIES")
    if not isinstance(entities, dict | list):
        raise RestError("ENTITIES_ERROR", "Entities is not array")
    return str(call.get("ENTITY_TYPE")).upper(), list(
        dict.fromkeys(php.whole(each) for each in php.values(entities))
    )


def _kind(call: Call, type_id: int) -> Kind:
    kind = call.portal.schema.kind(type_id)
    if kind is None:
        raise RestError("ENTITY_TYPE_ERROR", "Incorrect entity type")
    return kind


def _may_read(call: Call, kind: Kind, id_: int) -> bool:
    row = call.portal.records.get(kind, id_)
    return row is not None and call.portal.records.may(call.caller, "READ", row)


def _readable(call: Call, kind: Kind, ids: list[int], missing: RestError) -> list[int]:
    """Ids the caller may read; what he may not is left out. `missing` when one is no record."""
    if not ids or any(call.portal.records.get(kind, each) is None for each in ids):
        raise missing
    return [each for each in ids if _may_read(call, kind, each)]


def _webform(call: Call) -> int | None:
    given = call.get("WEBFORM_ID")
    if given in (None, "", 0, "0"):
        return None
    if call.store.get("webform", php.whole(given)) is None:
        raise RestError("WEBFORM_ERROR", "Incorrect webform id")
    return php.whole(given)


def _fill(call: Call, list_id: int, kind: Kind, ids: list[int], statuses: dict[int, str]) -> None:
    call.store.insert_many(
        "call_list_item",
        ["LIST_ID", "ENTITY_TYPE_ID", "ELEMENT_ID", "STATUS_ID"],
        [(list_id, kind.entity_type_id, each, statuses.get(each, "IN_WORK")) for each in ids],
    )


def _rebind(call: Call, activity: int, targets: list[Target]) -> None:
    activities = Activities(call.portal)
    bound = activities.bindings(activity)
    for new in (each for each in targets if each not in bound):
        activities.bind(activity, new)
    for gone in (each for each in bound if each not in targets):
        activities.unbind(activity, gone)


def _shown(call: Call, row: dict[str, Any], names: tuple[str, ...] | list[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name in names:
        value = row[name]
        if name == "DATE_CREATE":
            # The one date of the portal without an offset.
            moment = datetime.fromisoformat(call.portal.zone.moment(value))
            shown[name] = moment.strftime("%Y-%m-%d %H:%M:%S")
        else:
            shown[name] = None if value is None else str(value)
    return shown
