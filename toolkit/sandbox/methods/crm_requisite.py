"""`crm.requisite.*`: INN, KPP and the rest of what documents need of a contact or company.

Source: api-reference/crm/requisites/universal/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any, Literal

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..subjects.requisites import (
    OWNER_TYPES,
    described,
    erase_requisite,
    may_touch,
    owner_clause,
    requisite_columns,
    shown,
    taken,
)
from ..wire import php
from ..wire.errors import RestError
from .crm_legacy import legacy_id, legacy_map

__all__ = ["positive", "require_read_right"]

_DOCS = "api-reference/crm/requisites/universal/crm-requisite-"
_SIGNATURES = ("ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID")
_KEYS = ("ENTITY_TYPE_ID", "ENTITY_ID", "PRESET_ID")


def positive(given: Any, name: str, *, zero: bool = False) -> int:
    """An id among the fields of a method of this family.

    Args:
        zero: 0 stands for none and is allowed.

    Raises:
        RestError: it is absent or no id.
    """
    number = php.whole(given)
    none = zero and str(given).strip() == "0"
    if number <= 0 and not none:
        raise RestError("", f"{name} is not defined or invalid.")
    return number


def require_read_right(call: Call, code: str | int) -> None:
    """Lists are refused as a whole only to users without any right to read the CRM."""
    if not call.caller.is_admin and not (call.caller.user.get("CRM_READ") or ""):
        raise RestError(code, "Access denied.")


def _found(call: Call, right: Literal["READ", "WRITE"]) -> dict[str, Any]:
    id_ = legacy_id(call)
    row = call.store.get("requisite", id_)
    if row is None:
        raise RestError("", f"The Requisite with ID '{id_}' is not found")
    if may_touch(call.portal, call.caller, right, row["ENTITY_TYPE_ID"], row["ENTITY_ID"]) is False:
        raise RestError("", "Access denied.")
    return row


@method("crm.requisite.fields", scope="crm", docs=_DOCS + "fields.md", not_emulated="titles are field codes")
def fields(call: Call) -> Any:
    """Describe the fields of a requisite."""
    return {
        name: described(
            name,
            field,
            required=name in _KEYS,
            read_only=name in _SIGNATURES,
            immutable=name in _KEYS,
        )
        for name, field in requisite_columns(call.portal).items()
    }


@method("crm.requisite.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Add a requisite to a contact or company; nothing is checked for likeness to others."""
    given = legacy_map(call, "fields", required=True)
    type_id = positive(given.get("ENTITY_TYPE_ID"), "ENTITY_TYPE_ID")
    if type_id not in OWNER_TYPES:
        raise RestError("", "ENTITY_TYPE_ID is not defined or invalid.")
    owner_id = positive(given.get("ENTITY_ID"), "ENTITY_ID")
    preset = call.store.get("requisite_preset", positive(given.get("PRESET_ID"), "PRESET_ID"))
    if preset is None:
        raise RestError("", "PRESET_ID is not defined or invalid.")
    allowed = may_touch(call.portal, call.caller, "WRITE", type_id, owner_id)
    if allowed is None:
        raise RestError("", "Entity not found.")
    if not allowed:
        raise RestError("", "Access denied.")
    columns = requisite_columns(call.portal)
    row = {
        "NAME": preset["NAME"],
        **taken(columns, given, call.portal.zone, skip=_SIGNATURES),
        "ENTITY_TYPE_ID": type_id,
        "DATE_CREATE": int(call.now),
        "CREATED_BY_ID": call.user_id,
    }
    id_ = call.store.insert("requisite", row)
    call.portal.emit("ONCRMREQUISITEADD", {"FIELDS": {"ID": id_}}, key=call.caller.key)
    return id_


@method("crm.requisite.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change a requisite; its owner and template cannot be changed."""
    row = _found(call, "WRITE")
    given = legacy_map(call, "fields", required=True)
    values = taken(requisite_columns(call.portal), given, call.portal.zone, skip=(*_SIGNATURES, *_KEYS))
    call.store.update(
        "requisite",
        row["ID"],
        {**values, "DATE_MODIFY": int(call.now), "MODIFY_BY_ID": call.user_id},
    )
    call.portal.emit("ONCRMREQUISITEUPDATE", {"FIELDS": {"ID": row["ID"]}}, key=call.caller.key)
    return True


@method("crm.requisite.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One requisite, whole."""
    row = _found(call, "READ")
    columns = requisite_columns(call.portal)
    return shown(columns, call.store.get("requisite", row["ID"]) or row, call.portal.zone)


@method("crm.requisite.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """A page of requisites; the way to a company by its INN."""
    require_read_right(call, 0)
    columns = requisite_columns(call.portal)
    where, args = owner_clause(call)
    rows, total, start = list_rows(
        call,
        "requisite",
        filter_=legacy_map(call, "filter"),
        order=legacy_map(call, "order"),
        fields=columns,
        where=where,
        args=args,
    )
    select = [str(each) for each in php.values(call.get("select"))]
    result = [shown(columns, row, call.portal.zone, select) for row in rows]
    return Page.of(result, len(result), total, start)


@method("crm.requisite.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> Any:
    """Delete a requisite with its bank details, addresses and places in links."""
    row = _found(call, "WRITE")
    erase_requisite(call.portal, row["ID"])
    call.portal.emit("ONCRMREQUISITEDELETE", {"FIELDS": {"ID": row["ID"]}}, key=call.caller.key)
    return True
