"""`crm.requisite.bankdetail.*`: accounts of a requisite.

Source: api-reference/crm/requisites/bank-detail/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any, Literal

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.requisites import described, may_touch, owner_clause, shown, taken
from ..wire import php
from ..wire.errors import RestError
from .crm_legacy import legacy_id, legacy_map
from .crm_requisite import positive, require_read_right

_DOCS = "api-reference/crm/requisites/bank-detail/crm-requisite-bank-detail-"
_SIGNATURES = ("ID", "DATE_CREATE", "DATE_MODIFY", "CREATED_BY_ID", "MODIFY_BY_ID")
_FIELDS = TABLES["bank_detail"].fields


def _allow(call: Call, requisite_id: int, right: Literal["READ", "WRITE"]) -> dict[str, Any] | None:
    """The requisite an account hangs on; None when it is not there."""
    row = call.store.get("requisite", requisite_id)
    if row and not may_touch(call.portal, call.caller, right, row["ENTITY_TYPE_ID"], row["ENTITY_ID"]):
        raise RestError("", "Access denied.")
    return row


def _found(call: Call, right: Literal["READ", "WRITE"]) -> dict[str, Any]:
    id_ = legacy_id(call)
    row = call.store.get("bank_detail", id_)
    if row is None:
        raise RestError("", f"The RequisiteBankDetail with ID '{id_}' is not found")
    _allow(call, row["ENTITY_ID"], right)
    return row


@method(
    "crm.requisite.bankdetail.fields",
    scope="crm",
    docs=_DOCS + "fields.md",
    not_emulated="titles are field codes",
)
def fields(_call: Call) -> Any:
    """Describe the fields of an account."""
    return {
        name: described(
            name,
            field,
            required=name == "ENTITY_ID",
            read_only=name in _SIGNATURES,
            immutable=name == "ENTITY_ID",
        )
        for name, field in _FIELDS.items()
    }


@method("crm.requisite.bankdetail.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Add an account to a requisite; its country is the template's."""
    given = legacy_map(call, "fields", required=True)
    requisite = _allow(call, positive(given.get("ENTITY_ID"), "ENTITY_ID"), "WRITE")
    if requisite is None:
        raise RestError("", "ENTITY_ID is not defined or invalid.")
    preset = call.store.get("requisite_preset", requisite["PRESET_ID"] or 0)
    row = {
        **taken(_FIELDS, given, call.portal.zone, skip=_SIGNATURES),
        "COUNTRY_ID": preset["COUNTRY_ID"] if preset else 1,
        "DATE_CREATE": int(call.now),
        "CREATED_BY_ID": call.user_id,
    }
    id_ = call.store.insert("bank_detail", row)
    call.portal.emit("ONCRMBANKDETAILADD", {"FIELDS": {"ID": id_}}, key=call.caller.key)
    return id_


@method("crm.requisite.bankdetail.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change an account."""
    row = _found(call, "WRITE")
    values = taken(
        _FIELDS,
        legacy_map(call, "fields", required=True),
        call.portal.zone,
        skip=(*_SIGNATURES, "ENTITY_ID", "COUNTRY_ID"),
    )
    call.store.update(
        "bank_detail",
        row["ID"],
        {**values, "DATE_MODIFY": int(call.now), "MODIFY_BY_ID": call.user_id},
    )
    call.portal.emit("ONCRMBANKDETAILUPDATE", {"FIELDS": {"ID": row["ID"]}}, key=call.caller.key)
    return True


@method("crm.requisite.bankdetail.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One account."""
    return shown(_FIELDS, _found(call, "READ"), call.portal.zone)


@method("crm.requisite.bankdetail.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """A page of accounts."""
    require_read_right(call, "")
    owners, args = owner_clause(call)
    where = "1" if owners == "1" else f"ENTITY_ID IN (SELECT ID FROM requisite WHERE {owners})"
    rows, total, start = list_rows(
        call,
        "bank_detail",
        filter_=legacy_map(call, "filter"),
        order=legacy_map(call, "order"),
        where=where,
        args=args,
    )
    select = [str(each) for each in php.values(call.get("select"))]
    result = [shown(_FIELDS, row, call.portal.zone, select) for row in rows]
    return Page.of(result, len(result), total, start)


@method("crm.requisite.bankdetail.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> Any:
    """Delete an account; links forget it."""
    row = _found(call, "WRITE")
    call.store.delete("bank_detail", row["ID"])
    for column in ("BANK_DETAIL_ID", "MC_BANK_DETAIL_ID"):
        call.store.db.execute(f"UPDATE requisite_link SET {column} = 0 WHERE {column} = ?", [row["ID"]])
    call.portal.emit("ONCRMBANKDETAILDELETE", {"FIELDS": {"ID": row["ID"]}}, key=call.caller.key)
    return True
