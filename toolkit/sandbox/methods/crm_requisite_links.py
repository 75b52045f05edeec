"""`crm.requisite.link.*`: which requisites of client and seller a deal, quote or invoice uses.

Source: api-reference/crm/requisites/links/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any, Literal

from ..call import Call, Page
from ..registry import method
from ..state.fields import Kind
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.requisites import shown
from ..wire import php
from ..wire.errors import RestError
from .crm_legacy import legacy_map
from .crm_requisite import positive, require_read_right

_DOCS = "api-reference/crm/requisites/links/crm-requisite-link-"
_FIELDS = {name: field for name, field in TABLES["requisite_link"].fields.items() if name != "ID"}
_PARTS = ("REQUISITE_ID", "BANK_DETAIL_ID", "MC_REQUISITE_ID", "MC_BANK_DETAIL_ID")
_CLIENTS = (1, 3, 4)  # kinds that have requisites of their own, or none


def _owner(
    call: Call, type_id: int, id_: int, right: Literal["READ", "WRITE"]
) -> tuple[Kind, dict[str, Any]] | None:
    kind = call.portal.schema.kind(type_id)
    row = call.portal.records.get(kind, id_) if kind and type_id not in _CLIENTS else None
    if kind is None or row is None:
        return None
    if not call.portal.records.may(call.caller, right, row):
        raise RestError("", "Access denied.")
    return kind, row


@method("crm.requisite.link.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(_call: Call) -> Any:
    """Describe the fields of a link."""
    titles = dict(
        zip(
            _FIELDS,
            ("Object type ID", "Object ID", "Requisite", "Bank details", "My requisite", "My bank details"),
            strict=True,
        )
    )
    return {
        name: {
            "type": "integer",
            "isRequired": True,
            "isReadOnly": False,
            "isImmutable": name in ("ENTITY_TYPE_ID", "ENTITY_ID"),
            "isMultiple": False,
            "isDynamic": False,
            "title": titles[name],
        }
        for name in _FIELDS
    }


@method("crm.requisite.link.register", scope="crm", docs=_DOCS + "register.md")
def register(call: Call) -> Any:
    """Say which requisites a record uses; replaces what was said before."""
    given = legacy_map(call, "fields", required=True)
    type_id = positive(given.get("ENTITY_TYPE_ID"), "ENTITY_TYPE_ID")
    id_ = positive(given.get("ENTITY_ID"), "ENTITY_ID")
    parts = {name: positive(given.get(name), name, zero=True) for name in _PARTS}
    found = _owner(call, type_id, id_, "WRITE")
    if found is None:
        raise RestError("", "Entity is not found")
    _check_client(call, found[1], parts["REQUISITE_ID"])
    _check_seller(call, found[1], parts["MC_REQUISITE_ID"])
    for prefix, whose in (("", ""), ("MC_", " of your company")):
        _check_bank(call, parts[f"{prefix}BANK_DETAIL_ID"], parts[f"{prefix}REQUISITE_ID"], whose)
    _forget(call, type_id, id_)
    call.store.insert("requisite_link", {"ENTITY_TYPE_ID": type_id, "ENTITY_ID": id_, **parts})
    return True


def _check_client(call: Call, owner: dict[str, Any], requisite_id: int) -> None:
    if not requisite_id:
        return
    row = call.store.get("requisite", requisite_id)
    if row is None:
        raise RestError("", f"The Requisite with ID '{requisite_id}' is not found")
    client, noun = (4, "Company") if owner.get("COMPANY_ID") else (3, "Contact")
    client_id = owner.get("COMPANY_ID") or owner.get("CONTACT_ID") or 0
    if (row["ENTITY_TYPE_ID"], row["ENTITY_ID"]) != (client, client_id):
        raise RestError(
            "",
            f"The Requisite with ID '{requisite_id}' is not assigned to {noun} with ID '{client_id}'",
        )


def _check_seller(call: Call, owner: dict[str, Any], requisite_id: int) -> None:
    if not requisite_id:
        return
    row = call.store.get("requisite", requisite_id)
    company = call.store.get("crm_4", row["ENTITY_ID"]) if row and row["ENTITY_TYPE_ID"] == 4 else None
    if row is None or company is None:
        raise RestError("", f"The Requisite of your company with ID '{requisite_id}' is not found")
    seller = owner.get("MYCOMPANY_ID") or 0
    if company["IS_MY_COMPANY"] != "Y" or (seller and company["ID"] != seller):
        raise RestError(
            "",
            f"The Requisite with ID '{requisite_id}' is not assigned to your company with ID '{seller}'",
        )


def _check_bank(call: Call, bank_id: int, requisite_id: int, whose: str) -> None:
    if not bank_id:
        return
    row = call.store.get("bank_detail", bank_id)
    if row is None:
        raise RestError("", f"The BankDetail{whose} with ID '{bank_id}' is not found")
    if row["ENTITY_ID"] != requisite_id:
        raise RestError(
            "",
            f"The BankDetail{whose} with ID '{bank_id}' is not assigned to"
            f" Requisite{whose} with ID '{requisite_id}'",
        )


def _forget(call: Call, type_id: int, id_: int) -> bool:
    gone = call.store.db.execute(
        "DELETE FROM requisite_link WHERE ENTITY_TYPE_ID = ? AND ENTITY_ID = ?", [type_id, id_]
    )
    return gone.rowcount > 0


def _key(call: Call) -> tuple[int, int]:
    return (
        positive(call.get("entityTypeId"), "entityTypeId"),
        positive(call.get("entityId"), "entityId"),
    )


@method("crm.requisite.link.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """The requisites of one record: its own ids as numbers, the others as strings."""
    type_id, id_ = _key(call)
    row = call.store.first("requisite_link", ENTITY_TYPE_ID=type_id, ENTITY_ID=id_)
    if row is None or _owner(call, type_id, id_, "READ") is None:
        raise RestError("", "Not found")
    return {
        "ENTITY_TYPE_ID": type_id,
        "ENTITY_ID": id_,
        **{name: str(row[name]) for name in _PARTS},
    }


@method(
    "crm.requisite.link.list",
    scope="crm",
    docs=_DOCS + "list.md",
    not_emulated="rights to the single records",
)
def list_(call: Call) -> Page:
    """A page of links."""
    require_read_right(call, 0)
    rows, total, start = list_rows(
        call,
        "requisite_link",
        filter_=legacy_map(call, "filter"),
        order=legacy_map(call, "order"),
        fields=_FIELDS,
    )
    select = [str(each) for each in php.values(call.get("select"))]
    result = [shown(_FIELDS, row, call.portal.zone, select) for row in rows]
    return Page.of(result, len(result), total, start)


@method("crm.requisite.link.unregister", scope="crm", docs=_DOCS + "unregister.md")
def unregister(call: Call) -> Any:
    """Forget which requisites a record uses; false when nothing was known."""
    type_id, id_ = _key(call)
    _owner(call, type_id, id_, "WRITE")
    return _forget(call, type_id, id_)
