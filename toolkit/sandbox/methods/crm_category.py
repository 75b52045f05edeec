"""`crm.category.*`: the pipelines of deals, invoices and smart processes; the categories of clients.

Source: api-reference/crm/universal/category/crm-category-{add,update,get,list,delete,fields}.md,
read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.fields import Kind
from ..state.listing import list_rows
from ..subjects.pipelines import add_pipeline, remove_pipeline
from ..wire import php
from ..wire.errors import RestError, access_denied, not_found

_DOCS = "api-reference/crm/universal/category/crm-category-"
NAME_MAX = 255
_WITHOUT = {1: "LEAD", 5: "INVOICE", 7: "QUOTE", 8: "REQUISITE", 14: "ORDER"}
_CLIENTS = (3, 4)


def _kind(call: Call) -> Kind:
    entity_type_id = call.int_arg("entityTypeId")
    if entity_type_id in _WITHOUT:
        raise RestError(
            "ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {_WITHOUT[entity_type_id]} is not supported"
        )
    kind = call.portal.schema.kind(entity_type_id)
    if kind is None:
        raise not_found("SPA not found")
    return kind


def _row(call: Call, kind: Kind) -> dict[str, Any]:
    row = call.store.first("category", ENTITY_TYPE_ID=kind.entity_type_id, CATEGORY_ID=call.int_arg("id"))
    if row is None:
        raise not_found()
    return row


def _shown(kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row["CATEGORY_ID"],
        "name": row["NAME"],
        "sort": row["SORT"],
        "entityTypeId": kind.entity_type_id,
        "isDefault": row["IS_DEFAULT"],
    }
    if kind.entity_type_id != 2:
        shown.update(isSystem=row["IS_SYSTEM"], code=row["CODE"] or "")
    elif row["CATEGORY_ID"]:  # the general pipeline is no row of its own on the portal
        shown.update(originId=row["ORIGIN_ID"] or "", originatorId=row["ORIGINATOR_ID"] or "")
    return shown


@method("crm.category.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(call: Call) -> Any:
    """Describe the fields of a pipeline."""
    deals = _kind(call).entity_type_id == 2
    described = {
        "id": _field("integer", "ID", read_only=True),
        "name": _field("string", "NAME"),
        "sort": _field("integer", "SORT"),
        "entityTypeId": _field("integer", "ENTITY_TYPE_ID", read_only=True, required=True),
        "isDefault": _field("boolean", "IS_DEFAULT", read_only=deals),
    }
    if deals:
        described.update(
            originId=_field("string", "ORIGIN_ID"), originatorId=_field("string", "ORIGINATOR_ID")
        )
    else:
        described.update(
            isSystem=_field("boolean", "IS_SYSTEM", read_only=True),
            code=_field("string", "CODE", read_only=True),
        )
    return {"fields": described}


def _field(type_: str, upper: str, *, read_only: bool = False, required: bool = False) -> dict[str, Any]:
    return {
        "type": type_,
        "isRequired": required,
        "isReadOnly": read_only,
        "isImmutable": False,
        "isMultiple": False,
        "isDynamic": False,
        "title": upper,
        "upperName": upper,
    }


@method("crm.category.list", scope="crm", docs=_DOCS + "list.md", not_emulated="rights per pipeline")
def list_(call: Call) -> Page:
    """Every pipeline of a kind, in order."""
    kind = _kind(call)
    readable = call.caller.is_admin or bool(call.caller.user.get("CRM_READ"))
    rows, total, start = list_rows(
        call,
        "category",
        where="ENTITY_TYPE_ID = ? AND ?",
        args=[kind.entity_type_id, readable],
        default="SORT, CATEGORY_ID",
        dictionary=True,
    )
    return Page.of({"categories": [_shown(kind, row) for row in rows]}, len(rows), total, start)


@method("crm.category.get", scope="crm", docs=_DOCS + "get.md", not_emulated="rights per pipeline")
def get(call: Call) -> Any:
    """One pipeline."""
    kind = _kind(call)
    row = _row(call, kind)
    if not call.caller.is_admin and not call.caller.user.get("CRM_READ"):
        raise access_denied()
    return {"category": _shown(kind, row)}


@method("crm.category.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Add a pipeline with the stages a new one has."""
    kind = _kind(call)
    call.require_admin()
    given = call.map_arg("fields")
    if str(given.get("isSystem") or "N").upper() == "Y":
        raise RestError("ADDING_DISABLED", "Adding a system category is prohibited")
    name = _name(given.get("name"))
    default = _yes(given.get("isDefault"))
    if default and kind.entity_type_id in _CLIENTS:
        raise RestError(0, "Default client category does not support updating default state")
    category = add_pipeline(
        call.portal,
        kind,
        name,
        sort=_sort(given.get("sort", 500)),
        default=default and kind.entity_type_id != 2,
    )
    row = call.store.first("category", ENTITY_TYPE_ID=kind.entity_type_id, CATEGORY_ID=category) or {}
    call.store.update("category", row["ID"], _origin(kind, given))
    return {"category": _shown(kind, {**row, **_origin(kind, given)})}


@method("crm.category.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change a pipeline; what is not given stays."""
    kind = _kind(call)
    row = _row(call, kind)
    call.require_admin()
    given = call.map_arg("fields")
    values: dict[str, Any] = _origin(kind, given)
    if "name" in given:
        values["NAME"] = _name(given["name"])
    if "sort" in given:
        values["SORT"] = _sort(given["sort"])
    if _yes(given.get("isDefault")) and row["IS_DEFAULT"] != "Y" and kind.entity_type_id != 2:
        if kind.entity_type_id in _CLIENTS:
            raise RestError(0, "Default client category does not support updating default state")
        call.store.db.execute(
            "UPDATE category SET IS_DEFAULT = 'N' WHERE ENTITY_TYPE_ID = ?", [kind.entity_type_id]
        )
        values["IS_DEFAULT"] = "Y"
    call.store.update("category", row["ID"], values)
    return {"category": _shown(kind, {**row, **values})}


@method("crm.category.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> None:
    """Remove an empty pipeline that is not the default one; success is null."""
    kind = _kind(call)
    row = _row(call, kind)
    call.require_admin()
    deals = kind.entity_type_id == 2
    if row["IS_SYSTEM"] == "Y":
        raise RestError("REMOVING_DISABLED", "Deletion of system category is prohibited")
    if row["IS_DEFAULT"] == "Y":
        raise (
            RestError(0, "Default deal category cannot be deleted")
            if deals
            else RestError("BX_ERROR", "This funnel is the default funnel")
        )
    if call.store.value(f"SELECT 1 FROM {kind.table} WHERE CATEGORY_ID = ? LIMIT 1", [row["CATEGORY_ID"]]):
        raise (
            RestError(0, f"Deals related to the funnel {row['NAME']} found")
            if deals
            else RestError("BX_ERROR", "Elements related to the funnel found")
        )
    remove_pipeline(call.portal, kind, row["CATEGORY_ID"])


def _name(given: Any) -> str:
    name = str(given if given is not None else "").strip()
    if not name:
        raise RestError(0, "Field 'NAME' is required")
    if len(name) > NAME_MAX:
        raise RestError(0, f"Field 'NAME' is longer than {NAME_MAX} characters")
    return name


def _sort(given: Any) -> int:
    return php.whole(given)  # what is negative or no number counts as 0


def _yes(given: Any) -> bool:
    return given is True or str(given).upper() in ("Y", "1", "TRUE")


def _origin(kind: Kind, given: dict[str, Any]) -> dict[str, Any]:
    if kind.entity_type_id != 2:
        return {}
    names = {"originId": "ORIGIN_ID", "originatorId": "ORIGINATOR_ID"}
    return {column: str(given[name] or "") for name, column in names.items() if name in given}
