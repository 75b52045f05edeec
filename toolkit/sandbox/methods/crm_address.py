"""`crm.address.*`: addresses of requisites and leads. They have no id: type and owner name them.

Source: api-reference/crm/requisites/addresses/*.md, read 2026-11-22.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.requisites import REQUISITE, described, may_touch, owner_clause, shown, taken
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError
from .crm_enum import ADDRESS_TYPES
from .crm_legacy import legacy_map
from .crm_requisite import positive, require_read_right

_DOCS = "api-reference/crm/requisites/addresses/crm-address-"
_FIELDS = {name: field for name, field in TABLES["address"].fields.items() if name != "ID"}
_KEYS = ("TYPE_ID", "ENTITY_TYPE_ID", "ENTITY_ID")
_ANCHOR = ("ANCHOR_TYPE_ID", "ANCHOR_ID")

CARD_ADDRESSES = declare(
    "addresses_of_cards",
    False,
    (False, True),
    "Contacts and companies own addresses directly only where support switched the old mode on.",
    "api-reference/crm/requisites/addresses/crm-address-add.md",
)


@dataclass(frozen=True)
class _Key:
    """What names an address, and the record that stands behind it."""

    type_id: int
    entity_type_id: int
    entity_id: int
    anchor_type_id: int
    anchor_id: int


def _key(call: Call, given: dict[str, Any]) -> _Key:
    type_id = positive(given.get("TYPE_ID"), "TYPE_ID")
    if type_id not in {id_ for id_, _name in ADDRESS_TYPES}:
        raise RestError("", "TYPE_ID is not defined or invalid.")
    owner_type = positive(given.get("ENTITY_TYPE_ID"), "ENTITY_TYPE_ID")
    cards = (3, 4) if call.portal.switches["addresses_of_cards"] else ()
    if owner_type not in (1, REQUISITE, *cards):
        raise RestError("", "ENTITY_TYPE_ID is not defined or invalid.")
    owner_id = positive(given.get("ENTITY_ID"), "ENTITY_ID")
    anchor_type, anchor = owner_type, owner_id
    if owner_type == REQUISITE:
        requisite = call.store.get("requisite", owner_id)
        if requisite is None:
            raise RestError("", "ENTITY_ID is not defined or invalid.")
        anchor_type, anchor = requisite["ENTITY_TYPE_ID"], requisite["ENTITY_ID"]
    allowed = may_touch(call.portal, call.caller, "WRITE", anchor_type, anchor)
    if allowed is None:
        raise RestError("", "ENTITY_ID is not defined or invalid.")
    if not allowed:
        raise RestError("", "Access denied.")
    return _Key(type_id, owner_type, owner_id, anchor_type, anchor)


def _row(call: Call, key: _Key) -> dict[str, Any] | None:
    return call.store.first(
        "address", TYPE_ID=key.type_id, ENTITY_TYPE_ID=key.entity_type_id, ENTITY_ID=key.entity_id
    )


def _emit(call: Call, event: str, key: _Key) -> None:
    fields_ = {
        "TYPE_ID": key.type_id,
        "ENTITY_TYPE_ID": key.entity_type_id,
        "ENTITY_ID": key.entity_id,
        "ANCHOR_ID": key.anchor_id,
        "ANCHOR_TYPE_ID": key.anchor_type_id,
    }
    call.portal.emit(event, {"FIELDS": fields_}, key=call.caller.key)


@method("crm.address.fields", scope="crm", docs=_DOCS + "fields.md", not_emulated="titles are field codes")
def fields(_call: Call) -> Any:
    """Describe the fields of an address."""
    return {
        name: described(
            name, field, required=name in _KEYS, read_only=name in _ANCHOR, immutable=name in _KEYS
        )
        for name, field in _FIELDS.items()
    }


@method(
    "crm.address.add",
    scope="crm",
    docs=_DOCS + "add.md",
    not_emulated="copying an address of the location module by LOC_ADDR_ID",
)
def add(call: Call) -> Any:
    """Give a requisite or lead an address of a type it has none of."""
    given = legacy_map(call, "fields", required=True)
    key = _key(call, given)
    if _row(call, key) is not None:
        raise RestError("", "TypeAddress exists.")
    row = {
        **taken(_FIELDS, given, call.portal.zone, skip=(*_KEYS, *_ANCHOR, "LOC_ADDR_ID")),
        "TYPE_ID": key.type_id,
        "ENTITY_TYPE_ID": key.entity_type_id,
        "ENTITY_ID": key.entity_id,
        "ANCHOR_TYPE_ID": key.anchor_type_id,
        "ANCHOR_ID": key.anchor_id,
    }
    id_ = call.store.insert("address", row)
    call.store.update("address", id_, {"LOC_ADDR_ID": id_})
    _emit(call, "ONCRMADDRESSREGISTER", key)
    return True


@method("crm.address.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change the fields given of an address."""
    given = legacy_map(call, "fields", required=True)
    key = _key(call, given)
    row = _row(call, key)
    if row is None:
        raise RestError("", "TypeAddress not found.")
    values = taken(_FIELDS, given, call.portal.zone, skip=(*_KEYS, *_ANCHOR, "LOC_ADDR_ID"))
    call.store.update("address", row["ID"], values)
    _emit(call, "ONCRMADDRESSREGISTER", key)
    return True


@method("crm.address.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> Any:
    """Remove an address."""
    key = _key(call, legacy_map(call, "fields", required=True))
    row = _row(call, key)
    if row is None:
        raise RestError("", "TypeAddress not found.")
    call.store.delete("address", row["ID"])
    _emit(call, "ONCRMADDRESSUNREGISTER", key)
    return True


@method("crm.address.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """A page of addresses, in the order they were made unless asked otherwise."""
    require_read_right(call, 0)
    where, args = owner_clause(call, "ANCHOR_TYPE_ID", "ANCHOR_ID", (1, 3, 4))
    rows, total, start = list_rows(
        call,
        "address",
        filter_=legacy_map(call, "filter"),
        order=legacy_map(call, "order"),
        fields=_FIELDS,
        where=where,
        args=args,
    )
    select = [str(each) for each in php.values(call.get("select"))]
    result = [shown(_FIELDS, row, call.portal.zone, select) for row in rows]
    return Page.of(result, len(result), total, start)
