"""`crm.duplicate.volatileType.*`: further fields the interface looks for duplicates by.

Source: api-reference/crm/duplicates/volatile-type/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..registry import method
from ..state.store import declare_table
from ..subjects.requisite_presets import country_fields
from ..wire.errors import RestError

_DOCS = "api-reference/crm/duplicates/volatile-type/crm-duplicate-volatile-type-"
_TYPES = (1, 3, 4)
SLOTS = 7

declare_table("duplicate_field", "ENTITY_TYPE_ID int", "FIELD_CODE", indexes=[("ENTITY_TYPE_ID",)])

# Looked for already, without being registered; or no values at all.
_REQUISITES_LEFT_OUT = ("RQ_INN", "RQ_OGRN", "RQ_OGRNIP", "RQ_ADDR", "RQ_SIGNATURE", "RQ_STAMP")
_PLAIN = {1: ("TITLE", "ADDRESS"), 3: ("ADDRESS",), 4: ("ADDRESS",)}


def _fields(call: Call, type_id: int) -> list[tuple[str, str]]:
    """Codes and titles of the fields that may be registered for a type."""
    kind = call.portal.schema.kind(type_id)
    codes = [(code, code) for code in _PLAIN[type_id]]
    if type_id != 1:
        codes += [
            (f"RQ.RU.{name.removeprefix('RQ_')}", name)
            for name in country_fields(1)
            if name not in _REQUISITES_LEFT_OUT
        ]
    for field in kind.fields.values() if kind else ():
        if field.dynamic and field.type == "string" and not field.multiple:
            codes.append((field.column, field.title))
    return codes


def _type_ids(call: Call) -> tuple[int, ...]:
    if call.params.get("entityTypeId") in (None, ""):
        return _TYPES
    return tuple(each for each in _TYPES if each == call.int_arg("entityTypeId"))


@method("crm.duplicate.volatileType.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(call: Call) -> Any:
    """Fields that may be registered."""
    call.require_admin()
    return [
        {"entityTypeId": type_id, "fieldCode": code, "fieldTitle": title}
        for type_id in _type_ids(call)
        for code, title in _fields(call, type_id)
    ]


@method("crm.duplicate.volatileType.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Any:
    """Fields that are registered."""
    call.require_admin()
    return [
        {"id": row["ID"], "entityTypeId": row["ENTITY_TYPE_ID"], "fieldCode": row["FIELD_CODE"]}
        for row in call.store.find("duplicate_field")
    ]


@method(
    "crm.duplicate.volatileType.register",
    scope="crm",
    docs=_DOCS + "register.md",
    not_emulated="the search in the interface, and the time the index takes",
)
def register(call: Call) -> Any:
    """Register a field; once more gives the same id and takes no slot."""
    call.require_admin()
    type_id, code = call.int_arg("entityTypeId"), str(call.arg("fieldCode"))
    if type_id not in _TYPES or code not in {known for known, _title in _fields(call, type_id)}:
        raise RestError("FIELD_NOT_FOUND", "Field not found")
    row = call.store.first("duplicate_field", ENTITY_TYPE_ID=type_id, FIELD_CODE=code)
    if row:
        return {"id": row["ID"]}
    if call.store.value("SELECT COUNT(*) FROM duplicate_field") >= SLOTS:
        raise RestError("MAX_TYPES_COUNT_EXCEEDED", "There is already a maximum number of volatile types")
    return {"id": call.store.insert("duplicate_field", {"ENTITY_TYPE_ID": type_id, "FIELD_CODE": code})}


@method("crm.duplicate.volatileType.unregister", scope="crm", docs=_DOCS + "unregister.md")
def unregister(call: Call) -> Any:
    """Free a slot."""
    call.require_admin()
    if not call.store.delete("duplicate_field", call.int_arg("id")):
        raise RestError("TYPE_IS_NOT_ASSIGNED", "This type is not assigned")
    return True
