"""`crm.status.*` and `crm.stagehistory.list`: dictionaries, stages, and who moved when.

Source: api-reference/crm/status/crm-status-{list,get,add,update,delete,fields,entity-types,entity-items}.md,
api-reference/crm/crm-stage-history-list.md, read 2026-11-22.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.fields import Field, Kind
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.pipelines import pipeline_of_stages, stage_prefix
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/crm/status/crm-status-"
_TITLES = {
    "STATUS": "Стадии лидов",
    "SOURCE": "Источники",
    "CONTACT_TYPE": "Тип контакта",
    "COMPANY_TYPE": "Тип компании",
    "EMPLOYEES": "Кол-во сотрудников",
    "INDUSTRY": "Сфера деятельности",
    "DEAL_TYPE": "Тип сделки",
    "QUOTE_STATUS": "Стадии предложений",
    "HONORIFIC": "Обращения",
    "CALL_LIST": "Статусы обзвона",
    "EVENT_TYPE": "Тип события",
}
_FINALS = {
    "STATUS": ("NEW", "CONVERTED", "JUNK"),
    "DEAL_STAGE": ("NEW", "WON", "LOSE"),
    "QUOTE_STATUS": ("DRAFT", "APPROVED", "DECLAINED"),
}
_LONGEST = {"STATUS": 21, "DEAL_STAGE": 22, "QUOTE_STATUS": 22}

ERROR_PLACE = declare(
    "status_error_place",
    "description",
    ("description", "code"),
    "The page of crm.status.add keeps the code empty, those of get, list, update and delete show the words as"
    " the code.",
    "api-reference/crm/status/crm-status-get.md",
)


def _refused(call: Call, words: str) -> RestError:
    if call.portal.switches[ERROR_PLACE] == "code":
        return RestError(words, words)
    return RestError("", words)


@method("crm.status.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(_call: Call) -> Any:
    """Describe the fields of a dictionary entry."""
    rows = (
        ("ID", "integer", "ID", "r"),
        ("ENTITY_ID", "string", "Entity ID", "*i"),
        ("STATUS_ID", "string", "Status", "*i"),
        ("SORT", "integer", "Sorting", ""),
        ("NAME", "string", "Name", "*"),
        ("NAME_INIT", "string", "Default Name", "r"),
        ("SYSTEM", "char", "System", "r"),
        ("CATEGORY_ID", "integer", "CATEGORY_ID", "i"),
        ("COLOR", "string", "COLOR", ""),
        ("SEMANTICS", "char", "SEMANTICS", "i"),
        ("EXTRA", "crm_status_extra", "Additional Fields", ""),
    )
    return {
        name: {
            "type": type_,
            "isRequired": "*" in flags,
            "isReadOnly": "r" in flags,
            "isImmutable": "i" in flags,
            "isMultiple": False,
            "isDynamic": False,
            "title": title,
        }
        for name, type_, title, flags in rows
    }


@method("crm.status.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """Entries of dictionaries; an unknown dictionary is empty, `select` is ignored."""
    _require_reader(call)
    filter_, order = call.get("filter") or {}, call.get("order") or {}
    if not isinstance(filter_, dict | list) or not isinstance(order, dict | list):
        raise _refused(call, "Invalid parameters.")
    rows, total, start = list_rows(
        call,
        "status",
        filter_=filter_,
        order=order,
        default="SORT, ID",
        dictionary=True,
    )
    first_failures = _first_failures(call)
    shown = [{**_shown(row), "EXTRA": _extra(row, first_failures)} for row in rows]
    return Page.of(shown, len(rows), total, start)


@method("crm.status.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One entry."""
    _require_reader(call)
    return _shown(_existing(call))


@method("crm.status.entity.items", scope="crm", docs=_DOCS + "entity-items.md")
def entity_items(call: Call) -> Any:
    """Entries of one dictionary, in order, in short."""
    _require_reader(call)
    entity_id = str(call.get("entityId") or "")
    if not entity_id:
        raise _refused(call, "The parameter entityId is not defined or invalid.")
    rows = call.store.rows("SELECT * FROM status WHERE ENTITY_ID = ? ORDER BY SORT, ID", [entity_id])
    return [{"NAME": row["NAME"], "SORT": row["SORT"], "STATUS_ID": row["STATUS_ID"]} for row in rows]


@method("crm.status.entity.types", scope="crm", docs=_DOCS + "entity-types.md")
def entity_types(call: Call) -> Any:
    """Every dictionary there is."""
    shown: list[dict[str, Any]] = []
    for entity_id, title in _TITLES.items():
        one: dict[str, Any] = {"ID": entity_id, "NAME": title}
        if entity_id in _FINALS:
            one["SEMANTIC_INFO"] = _semantic_info(entity_id, "")
            one["ENTITY_TYPE_ID"] = 1 if entity_id == "STATUS" else 7
        shown.append(one)
    for kind in call.portal.schema.kinds():
        if kind.stage_field and kind.entity_type_id not in (1, 7):
            shown += [
                _pipeline_type(call, kind, row)
                for row in call.store.find("category", ENTITY_TYPE_ID=kind.entity_type_id)
            ]
    return shown


def _pipeline_type(call: Call, kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    category = row["CATEGORY_ID"]
    prefix = stage_prefix(kind.entity_type_id, category)
    one: dict[str, Any] = {
        "ID": call.portal.stage_entity(kind, category),
        "NAME": f"{kind.title} ({row['NAME']})",
        "SEMANTIC_INFO": _semantic_info("DEAL_STAGE", prefix) if kind.entity_type_id == 2 else {},
    }
    if prefix:
        one["PREFIX"] = prefix
    one["FIELD_ATTRIBUTE_SCOPE"] = f"category_{category}" if category else ""
    one["ENTITY_TYPE_ID"] = kind.entity_type_id
    if kind.entity_type_id == 2:
        if category:
            one["PARENT_ID"] = "DEAL_STAGE"
        one["CATEGORY_ID"] = str(category) if category else 0
        return one
    one.update(IS_ENABLED=True, CATEGORY_ID=category)
    if kind.is_dynamic:
        one.update(
            CATEGORY_NAME=row["NAME"], CATEGORY_SORT=row["SORT"], IS_DEFAULT_CATEGORY=row["IS_DEFAULT"] == "Y"
        )
    return one


def _semantic_info(entity_id: str, prefix: str) -> dict[str, Any]:
    start, success, failure = (f"{prefix}:{each}" if prefix else each for each in _FINALS[entity_id])
    return {
        "START_FIELD": start,
        "FINAL_SUCCESS_FIELD": success,
        "FINAL_UNSUCCESS_FIELD": failure,
        "FINAL_SORT": 0,
    }


@method("crm.status.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> int:
    """Add an entry; the prefix of a pipeline is put before its id when it is not there."""
    _require_admin(call)
    given = call.get("fields")
    if not isinstance(given, dict | list):
        raise _refused(call, "Parameter 'fields' must be array.")
    values = dict(php.items(given))
    entity_id, status_id = str(values.get("ENTITY_ID") or ""), str(values.get("STATUS_ID") or "").strip()
    lacking = [
        f"The field {name} is required."
        for name, value in (("ENTITY_ID", entity_id), ("STATUS_ID", status_id))
        if not value
    ]
    if lacking:
        raise RestError("", "\n".join(lacking))
    pipeline = pipeline_of_stages(call.portal, entity_id)
    if pipeline is None and entity_id not in _TITLES:
        raise RestError("", "Specified entity type is not supported.")
    name = str(values.get("NAME") or "").strip()
    if not name:
        raise RestError("", "The field Title is required.")
    category: int | None = None
    if pipeline:
        kind, row = pipeline
        category = row["CATEGORY_ID"] if row else None
        prefix = stage_prefix(kind.entity_type_id, category or 0)
        if prefix and not status_id.startswith(f"{prefix}:"):
            status_id = f"{prefix}:{status_id}"
        if not re.fullmatch(r"[A-Za-z0-9_\-]+", status_id.removeprefix(f"{prefix}:")):
            raise RestError("", "Error on creating status.")
    if len(status_id) > _LONGEST.get(entity_id, 50):
        raise RestError("", "Error on creating status.")
    if call.store.first("status", ENTITY_ID=entity_id, STATUS_ID=status_id):
        raise RestError("ERROR_CORE", "The specified status ID already exists.")
    semantics = str(values.get("SEMANTICS") or "").upper()
    semantics = semantics if semantics in ("S", "F") else ""
    sort = _whole(values.get("SORT"), 10)
    if entity_id == "DEAL_STAGE" and semantics != "F":
        won = call.store.first("status", ENTITY_ID=entity_id, STATUS_ID="WON")
        if won and sort > won["SORT"]:
            raise RestError(
                "",
                "Cannot create more stages after the final stage because the final successful stage already"
                " exists. Try using sort order values less than that of the final stage.",
            )
    id_ = call.store.insert(
        "status",
        {
            "ENTITY_ID": entity_id,
            "STATUS_ID": status_id,
            "NAME": name,
            "NAME_INIT": "",
            "SORT": sort,
            "CATEGORY_ID": category or None,
            "COLOR": str(values.get("COLOR") or ""),
            "SEMANTICS": semantics or None,
        },
    )
    call.portal.forget_stages()
    return id_


@method("crm.status.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> bool:
    """Change name, order or colour; everything else is left as it is."""
    _require_admin(call)
    row = _existing(call)
    given = dict(php.items(call.get("fields")))
    values: dict[str, Any] = {}
    if "NAME" in given:
        values["NAME"] = str(given["NAME"] or "").strip()
        if not values["NAME"]:
            raise _refused(call, "Error on updating status.")
    if "SORT" in given:
        values["SORT"] = _whole(given["SORT"], row["SORT"])
    if "COLOR" in given:
        values["COLOR"] = str(given["COLOR"] or "")
    call.store.update("status", row["ID"], values)
    call.portal.forget_stages()
    return True


@method("crm.status.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> bool:
    """Remove an entry: a system one only by force, a stage only when nothing is in it."""
    _require_admin(call)
    row = _existing(call)
    forced = str(dict(php.items(call.get("params"))).get("FORCED") or "N").upper() == "Y"
    if row["SYSTEM"] == "Y" and not forced:
        raise _refused(
            call,
            'CRM System Status can be deleted only if parameter FORCED is specified and equal to "Y".',
        )
    pipeline = pipeline_of_stages(call.portal, row["ENTITY_ID"])
    if pipeline and call.store.value(
        f"SELECT 1 FROM {pipeline[0].table} WHERE STAGE_ID = ? LIMIT 1", [row["STATUS_ID"]]
    ):
        raise _refused(call, "There are active items in this status.")
    call.store.delete("status", row["ID"])
    call.portal.forget_stages()
    return True


def _existing(call: Call) -> dict[str, Any]:
    id_ = _whole(call.get("id"), 0)
    if id_ <= 0:
        raise _refused(call, "Invalid identifier.")
    row = call.store.get("status", id_)
    if row is None:
        raise _refused(call, "Status is not found.")
    return row


def _require_admin(call: Call) -> None:
    if not call.caller.is_admin:
        raise _refused(call, "Access denied.")


def _require_reader(call: Call) -> None:
    if not call.caller.is_admin and not call.caller.user.get("CRM_READ"):
        raise _refused(call, "Access denied.")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "ID": str(row["ID"]),
        "ENTITY_ID": row["ENTITY_ID"],
        "STATUS_ID": row["STATUS_ID"],
        "NAME": row["NAME"],
        "NAME_INIT": row["NAME_INIT"] or "",
        "SORT": str(row["SORT"]),
        "SYSTEM": row["SYSTEM"],
        "CATEGORY_ID": str(row["CATEGORY_ID"]) if row["CATEGORY_ID"] else None,
        "COLOR": row["COLOR"] or "",
        "SEMANTICS": row["SEMANTICS"],
    }


def _first_failures(call: Call) -> set[int]:
    """Ids of the first failed stage of each pipeline: it is the failure, those after it are apologies."""
    rows = call.store.rows(
        "SELECT ID, ENTITY_ID FROM status WHERE SEMANTICS = 'F' ORDER BY ENTITY_ID, SORT, ID"
    )
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row["ENTITY_ID"], row["ID"])
    return set(first.values())


def _extra(row: dict[str, Any], first_failures: set[int]) -> dict[str, Any]:
    if row["ENTITY_ID"] in _TITLES and row["ENTITY_ID"] not in _FINALS:
        return {}
    if row["SEMANTICS"] == "F":
        semantics = "failure" if row["ID"] in first_failures else "apology"
    else:
        semantics = "success" if row["SEMANTICS"] == "S" else "process"
    return {"SEMANTICS": semantics, "COLOR": row["COLOR"] or ""}


def _whole(value: Any, otherwise: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return number if abs(number) < 2**63 else otherwise


@method(
    "crm.stagehistory.list",
    scope="crm",
    docs="api-reference/crm/crm-stage-history-list.md",
    not_emulated="old invoices",
)
def stage_history(call: Call) -> Page:
    """Moves between stages of records the caller may read."""
    entity_type_id = call.int_arg("entityTypeId")
    kind = call.portal.schema.kind(entity_type_id)
    if kind is None or not kind.stage_field or entity_type_id == 7:
        name = kind.name if kind else str(entity_type_id)
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"{name} entity is not supported")
    names = _history_fields(entity_type_id)
    rights, rights_args = call.portal.records.rights_clause(call.caller, "READ")
    rows, total, start = list_rows(
        call,
        "stage_history",
        filter_=call.get("filter"),
        order=call.get("order"),
        strict=True,
        fields=names,
        where=f"ENTITY_TYPE_ID = ? AND OWNER_ID IN (SELECT ID FROM {kind.table} WHERE {rights})",
        args=[entity_type_id, *rights_args],
    )
    wanted = [str(each) for each in php.values(call.get("select"))]
    chosen = (
        names
        if not wanted or "*" in wanted
        else {name: each for name, each in names.items() if name == "ID" or name in wanted}
    )
    items = [{name: _history_value(call, row, each) for name, each in chosen.items()} for row in rows]
    return Page.of({"items": items}, len(items), total, start)


def _history_fields(entity_type_id: int) -> dict[str, Field]:
    columns = TABLES["stage_history"].fields
    shared = ("ID", "TYPE_ID", "OWNER_ID", "CREATED_TIME")
    named = {name: columns[name] for name in shared}
    if entity_type_id == 1:
        named["STATUS_SEMANTIC_ID"] = replace(columns["STAGE_SEMANTIC_ID"], name="STATUS_SEMANTIC_ID")
        named["STATUS_ID"] = replace(columns["STAGE_ID"], name="STATUS_ID")
    else:
        named.update({name: columns[name] for name in ("CATEGORY_ID", "STAGE_SEMANTIC_ID", "STAGE_ID")})
    return named


def _history_value(call: Call, row: dict[str, Any], field: Field) -> Any:
    value = row[field.column]
    return call.portal.zone.moment(value) if field.storage == "time" and value is not None else value
