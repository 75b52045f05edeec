"""`crm.type.*`: smart processes.

Source: api-reference/crm/universal/user-defined-object-types/crm-type-{add,update,get,get-by-entity-type-id,
list,delete,fields}.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.filters import Special
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.pipelines import add_pipeline
from ..subjects.user_fields import remove_user_field
from ..wire import php
from ..wire.errors import RestError, access_denied

_DOCS = "api-reference/crm/universal/user-defined-object-types/crm-type-"
_FLAGS = {
    "isCategoriesEnabled": "N",
    "isStagesEnabled": "N",
    "isBeginCloseDatesEnabled": "N",
    "isClientEnabled": "N",
    "isUseInUserfieldEnabled": "N",
    "isLinkWithProductsEnabled": "N",
    "isMycompanyEnabled": "N",
    "isDocumentsEnabled": "N",
    "isSourceEnabled": "N",
    "isObserversEnabled": "N",
    "isRecyclebinEnabled": "N",
    "isAutomationEnabled": "N",
    "isBizProcEnabled": "N",
    "isSetOpenPermissions": "Y",
    "isPaymentsEnabled": "N",
    "isCountersEnabled": "N",
}
_LINKED = ("CALENDAR_EVENT|UF_CRM_CAL_EVENT", "TASKS_TASK|UF_CRM_TASK", "TASKS_TASK_TEMPLATE|UF_CRM_TASK")
_COLUMNS = {
    "id": "ID",
    "title": "TITLE",
    "code": "CODE",
    "createdBy": "CREATED_BY",
    "entityTypeId": "ENTITY_TYPE_ID",
    "customSectionId": "CUSTOM_SECTION_ID",
    "createdTime": "CREATED_TIME",
    "updatedTime": "UPDATED_TIME",
    "updatedBy": "UPDATED_BY",
}
_CLIENTS = (3, 4)
FIRST_FREE = 1030


def _allowed_id(entity_type_id: int) -> bool:
    return 128 <= entity_type_id <= 192 or (entity_type_id >= FIRST_FREE and entity_type_id % 2 == 0)


def _short(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    zone = call.portal.zone
    return {
        "id": row["ID"],
        "title": row["TITLE"],
        "code": row["CODE"] or "",
        "createdBy": row["CREATED_BY"],
        "entityTypeId": row["ENTITY_TYPE_ID"],
        "customSectionId": row["CUSTOM_SECTION_ID"],
        **_FLAGS,
        **json.loads(row["OPTIONS"] or "{}"),
        "createdTime": zone.moment(row["CREATED_TIME"]) if row["CREATED_TIME"] else None,
        "updatedTime": zone.moment(row["UPDATED_TIME"]) if row["UPDATED_TIME"] else None,
        "updatedBy": row["UPDATED_BY"],
    }


def _shown(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    short = _short(call, row)
    stored = json.loads(row["RELATIONS"] or "{}")
    relations: dict[str, list[dict[str, Any]]] = {"parent": [], "child": []}
    if short["isClientEnabled"] == "Y":
        relations["parent"] = [_relation(type_id, "Y", predefined=True) for type_id in _CLIENTS]
    for side, listed in relations.items():
        listed += [
            _relation(each["entityTypeId"], each.get("isChildrenListEnabled", "N"))
            for each in stored.get(side, [])
        ]
    linked = json.loads(row["LINKED_USER_FIELDS"] or "{}")
    sections = [
        {
            "id": each["SECTION_ID"],
            "title": each["TITLE"],
            "isSelected": each["SECTION_ID"] == row["CUSTOM_SECTION_ID"],
        }
        for each in call.store.find("automated_solution")
    ]
    return {
        **short,
        "relations": relations,
        "linkedUserFields": {name: linked.get(name, "N") for name in _LINKED},
        "customSections": sections,
    }


def _relation(entity_type_id: int, children: str, *, predefined: bool = False) -> dict[str, Any]:
    return {
        "entityTypeId": entity_type_id,
        "isChildrenListEnabled": children,
        "isPredefined": "Y" if predefined else "N",
    }


def _found(row: dict[str, Any] | None) -> dict[str, Any]:
    if row is None:
        raise RestError(0, "SPA not found")
    return row


def _require_reader(call: Call) -> None:
    if not call.caller.is_admin and not call.caller.user.get("CRM_READ"):
        raise access_denied()


@method("crm.type.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(call: Call) -> Any:
    """Describe the settings of a smart process."""
    call.require_admin()
    types = {"title": "string", "code": "string", "createdBy": "user", "updatedBy": "user"}
    types.update(createdTime="datetime", updatedTime="datetime")
    read_only = ("id", "createdBy", "createdTime", "updatedTime", "updatedBy")
    described = {}
    for name in (*_COLUMNS, *_FLAGS):
        upper = _COLUMNS.get(name) or "".join(f"_{c}" if c.isupper() else c for c in name).upper()
        described[name] = {
            "type": types.get(name, "boolean" if name in _FLAGS else "integer"),
            "isRequired": name in ("title", "entityTypeId"),
            "isReadOnly": name in read_only,
            "isImmutable": name in ("entityTypeId", "customSectionId"),
            "isMultiple": False,
            "isDynamic": False,
            "title": upper,
            "upperName": upper,
        }
    return {"fields": described}


@method("crm.type.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """A page of smart processes."""
    call.require_admin()
    columns = TABLES["dynamic_type"].fields
    rows, total, start = list_rows(
        call,
        "dynamic_type",
        filter_=call.params.get("filter"),
        order=call.params.get("order"),
        strict=True,
        fields={name: replace(columns[column], name=name) for name, column in _COLUMNS.items()},
        specials={name: _by_flag(name) for name in _FLAGS},
    )
    return Page.of({"types": [_short(call, row) for row in rows]}, len(rows), total, start)


def _by_flag(name: str) -> Special:
    def condition(_operator: str, wanted: list[Any]) -> tuple[str, list[Any]]:
        marks = ", ".join("?" for _ in wanted) or "NULL"
        sql = f"COALESCE(json_extract(OPTIONS, '$.{name}'), '{_FLAGS[name]}') IN ({marks})"
        return sql, ["Y" if _yes(each) else "N" for each in wanted]

    return condition


@method("crm.type.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One smart process, by its own id."""
    _require_reader(call)
    return {"type": _shown(call, _found(call.store.get("dynamic_type", call.int_arg("id"))))}


@method("crm.type.getByEntityTypeId", scope="crm", docs=_DOCS + "get-by-entity-type-id.md")
def get_by_entity_type_id(call: Call) -> Any:
    """One smart process, by the type id of its records."""
    _require_reader(call)
    row = call.store.first("dynamic_type", ENTITY_TYPE_ID=call.int_arg("entityTypeId"))
    return {"type": _shown(call, _found(row))}


@method("crm.type.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Make a smart process with a default pipeline."""
    given = call.map_arg("fields")
    call.require_admin()
    if not call.portal.plan_allows("smart_processes"):
        raise RestError("CREATE_DYNAMIC_TYPE_RESTRICTED", "Maximum number of SPAs exceeded")
    title = str(given.get("title") or "").strip()
    if not title:
        raise RestError(0, "Field 'TITLE' is required")
    entity_type_id = _entity_type_id(call, given.get("entityTypeId"))
    now = int(call.now)
    id_ = call.store.insert(
        "dynamic_type",
        {
            "ENTITY_TYPE_ID": entity_type_id,
            "CREATED_BY": call.user_id,
            "CREATED_TIME": now,
            **_values(given, dict(_FLAGS)),
            "TITLE": title,
            "UPDATED_BY": call.user_id,
            "UPDATED_TIME": now,
        },
    )
    call.portal.schema.forget()
    kind = call.portal.schema.kind(entity_type_id)
    if kind is not None:
        add_pipeline(call.portal, kind, "Общая", default=True)
    _check_relations(call, id_, given)
    return {"type": _shown(call, call.store.get("dynamic_type", id_) or {})}


def _entity_type_id(call: Call, given: Any) -> int:
    taken = {int(row["ENTITY_TYPE_ID"]) for row in call.store.rows("SELECT ENTITY_TYPE_ID FROM dynamic_type")}
    if given in (None, "", 0, "0"):
        return max([FIRST_FREE - 2, *(each for each in taken if each % 2 == 0)]) + 2
    wanted = php.whole(given)
    if not _allowed_id(wanted):
        raise RestError("INVALID_ARG_VALUE", "entityTypeId is out of allowed range")
    if wanted in taken:
        raise RestError("INVALID_ARG_VALUE", f"entityTypeId {wanted} is already in use")
    return wanted


@method("crm.type.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change a smart process; what is not given stays, but `relations` is replaced whole."""
    call.require_admin()
    row = _found(call.store.get("dynamic_type", call.int_arg("id")))
    if not call.portal.plan_allows("smart_processes"):
        raise RestError(
            "UPDATE_DYNAMIC_TYPE_RESTRICTED",
            "You cannot change the SPA settings due to your plan's restrictions",
        )
    given = call.map_arg("fields", {})
    values = _values(given, json.loads(row["OPTIONS"] or "{}"))
    title = str(given.get("title") or "").strip()
    if title:
        values["TITLE"] = title
    values.update(UPDATED_BY=call.user_id, UPDATED_TIME=int(call.now))
    call.store.update("dynamic_type", row["ID"], values)
    _check_relations(call, row["ID"], given)
    call.portal.schema.forget()
    return {"type": _shown(call, call.store.get("dynamic_type", row["ID"]) or {})}


def _values(given: dict[str, Any], flags: dict[str, str]) -> dict[str, Any]:
    if _yes(given.get("isExternal")) and not given.get("customSectionId"):
        raise RestError(0, "Select a workplace where the SPA will be located")
    for name in _FLAGS:
        if name in given:
            flags[name] = "Y" if _yes(given[name]) else "N"
    values: dict[str, Any] = {"OPTIONS": json.dumps(flags)}
    if "code" in given:
        values["CODE"] = str(given["code"] or "")
    if "customSectionId" in given:
        values["CUSTOM_SECTION_ID"] = php.whole(given["customSectionId"]) or None
    if "linkedUserFields" in given and _yes(given.get("isUseInUserfieldEnabled")):
        linked = dict(php.items(given["linkedUserFields"]))
        values["LINKED_USER_FIELDS"] = json.dumps(
            {name: "Y" if _really(linked.get(name)) else "N" for name in _LINKED}
        )
    return values


def _check_relations(call: Call, id_: int, given: dict[str, Any]) -> None:
    """Save relations if every one of them can be; otherwise none, and without a word."""
    if not isinstance(given.get("relations"), dict | list):
        return
    sides = dict(php.items(given["relations"]))
    row = call.store.get("dynamic_type", id_) or {}
    client = json.loads(row["OPTIONS"] or "{}").get("isClientEnabled") == "Y"
    kept: dict[str, list[dict[str, Any]]] = {}
    for side in ("parent", "child"):
        kept[side] = []
        for each in php.values(sides.get(side)):
            number = php.whole(each.get("entityTypeId")) if isinstance(each, dict) else 0
            if call.portal.schema.kind(number) is None or number == row["ENTITY_TYPE_ID"]:
                return
            if side == "parent" and client and number in _CLIENTS:
                continue  # predefined: its settings cannot be changed
            children = "Y" if _really(each.get("isChildrenListEnabled")) else "N"
            kept[side].append({"entityTypeId": number, "isChildrenListEnabled": children})
    call.store.update("dynamic_type", id_, {"RELATIONS": json.dumps(kept)})
    call.portal.schema.forget()


@method("crm.type.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> Any:
    """Remove a smart process without records; null when no id was given."""
    if call.params.get("id") in (None, ""):
        return None
    call.require_admin()
    row = _found(call.store.get("dynamic_type", call.int_arg("id")))
    kind = call.portal.schema.kind(row["ENTITY_TYPE_ID"])
    if kind is not None:
        if call.store.value(f"SELECT 1 FROM {kind.table} LIMIT 1"):
            raise RestError("BX_ERROR", "You cannot delete an entity type that has elements")
        for each in call.store.find("category", ENTITY_TYPE_ID=kind.entity_type_id):
            entity = call.portal.stage_entity(kind, each["CATEGORY_ID"])
            call.store.db.execute("DELETE FROM status WHERE ENTITY_ID = ?", [entity])
            call.store.delete("category", each["ID"])
        for each in call.store.find("user_field", ENTITY_ID=kind.uf_entity):
            remove_user_field(call.portal, each)
        call.store.db.execute("DELETE FROM stage_history WHERE ENTITY_TYPE_ID = ?", [kind.entity_type_id])
        call.store.db.execute(f'DROP TABLE "{kind.table}"')
    call.store.delete("dynamic_type", row["ID"])
    call.portal.schema.forget()
    call.portal.forget_stages()
    return []


def _yes(given: Any) -> bool:
    return given is True or str(given).upper() in ("Y", "1", "TRUE")


def _really(given: Any) -> bool:
    """Flags inside relations and linked fields take "true" only; Y and N do not work there."""
    return given is True or given == "true"
