"""`crm.item.productrow.*`: the rows of goods and services of a record.

Source: api-reference/crm/universal/product-rows/*.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ..call import Call, Page
from ..registry import method
from ..state.fields import Field, Kind
from ..state.listing import list_rows
from ..subjects.product_rows import (
    FIELDS,
    WRITABLE,
    account_rate,
    cents,
    decimal_of,
    plain_number,
    put_row,
    replace_rows,
    rows_changed,
    rows_of,
    sells,
)
from ..wire.errors import RestError, access_denied, invalid_arg, missing_argument, not_found

_DOCS = "api-reference/crm/universal/product-rows/crm-item-productrow-"
_CATALOG = "names and measures of catalog products"


def _kind_of_type(call: Call, abbr: Any) -> Kind:
    kind = call.portal.schema.by_abbr(str(abbr))
    if kind is None or not sells(kind):
        raise RestError("ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {abbr} is not supported")
    return kind


def _owner(call: Call, kind: Kind, id_: int, right: Literal["READ", "WRITE"]) -> dict[str, Any]:
    row = call.portal.records.get(kind, id_)
    if row is None:
        raise RestError("OWNER_NOT_FOUND", "Owner was not found")
    if not call.portal.records.may(call.caller, right, row):
        raise access_denied()
    return row


def _shown(call: Call, row: Mapping[str, Any], *, stored_in: bool = False) -> dict[str, Any]:
    kind = call.portal.schema.kind(row["OWNER_TYPE_ID"])
    owner = call.portal.records.get(kind, row["OWNER_ID"]) if kind else None
    rate = account_rate(call.portal, (owner or {}).get("CURRENCY_ID"))
    record: dict[str, Any] = {}
    for name, column, _type, _label, _flags in FIELDS:
        if name == "ownerType":
            record[name] = kind.abbr if kind else ""
        elif name != "storeId" or stored_in:
            record[name] = plain_number(row[column])
    record["priceAccount"] = plain_number(float(cents(decimal_of(row["PRICE"]) * rate)))
    return record


def _given(fields: Mapping[str, Any], *, strict: bool) -> dict[str, Any]:
    """Writable columns of what was sent; unknown names are ignored, or (`strict`) refused."""
    if strict:
        for name in fields:
            if name not in WRITABLE:
                raise invalid_arg(f"Field '{name}' is unknown or not available for update")
    return {WRITABLE[name]: value for name, value in fields.items() if name in WRITABLE}


@method("crm.item.productrow.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(_call: Call) -> Any:
    """Describe the fields of a product row."""
    return {
        "fields": {
            name: {
                "type": type_,
                "isRequired": "*" in flags,
                "isReadOnly": "r" in flags,
                "isImmutable": "i" in flags,
                "isMultiple": False,
                "isDynamic": False,
                "title": label,
            }
            for name, _column, type_, label, flags in FIELDS
            if name != "xmlId"
        }
    }


@method("crm.item.productrow.add", scope="crm", docs=_DOCS + "add.md", not_emulated=_CATALOG)
def add(call: Call) -> Any:
    """Add one row."""
    given = call.map_arg("fields")
    for name in ("ownerId", "ownerType"):
        if given.get(name) in (None, ""):
            raise missing_argument(name)
    kind = _kind_of_type(call, given["ownerType"])
    before = _owner(call, kind, int(decimal_of(given["ownerId"])), "WRITE")
    id_ = put_row(call, kind, before["ID"], _given(given, strict=False))
    rows_changed(call, kind, before)
    return {"productRow": _shown(call, call.store.get("product_row", id_) or {})}


@method("crm.item.productrow.set", scope="crm", docs=_DOCS + "set.md", not_emulated=_CATALOG)
def set_(call: Call) -> Any:
    """Replace all rows of a record."""
    owner_id, kind = call.int_arg("ownerId"), _kind_of_type(call, call.arg("ownerType"))
    wanted = [each for each in call.map_arg("productRows").values() if isinstance(each, dict)]
    before = _owner(call, kind, owner_id, "WRITE")
    replace_rows(
        call,
        kind,
        owner_id,
        [(int(decimal_of(each.get("id") or 0)), _given(each, strict=False)) for each in wanted],
    )
    rows_changed(call, kind, before)
    return {"productRows": [_shown(call, row) for row in rows_of(call.portal, kind, owner_id)]}


def _found(call: Call, right: Literal["READ", "WRITE"]) -> tuple[dict[str, Any], Kind, dict[str, Any]]:
    row = call.store.get("product_row", call.int_arg("id"))
    kind = call.portal.schema.kind(row["OWNER_TYPE_ID"]) if row else None
    if row is None or kind is None:
        raise not_found("Item not found")
    return row, kind, _owner(call, kind, row["OWNER_ID"], right)


@method("crm.item.productrow.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One row."""
    row, _kind, _before = _found(call, "READ")
    return {"productRow": _shown(call, row, stored_in=True)}


@method("crm.item.productrow.update", scope="crm", docs=_DOCS + "update.md", not_emulated=_CATALOG)
def update(call: Call) -> Any:
    """Change one row."""
    given = call.map_arg("fields")
    row, kind, before = _found(call, "WRITE")
    put_row(call, kind, row["OWNER_ID"], _given(given, strict=True), row["ID"])
    rows_changed(call, kind, before)
    return {"productRow": _shown(call, call.store.get("product_row", row["ID"]) or {})}


@method("crm.item.productrow.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> Any:
    """Remove one row; success is null."""
    row, kind, before = _found(call, "WRITE")
    call.store.delete("product_row", row["ID"])
    rows_changed(call, kind, before)


@method("crm.item.productrow.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """Rows of one record."""
    wanted = call.map_arg("filter")
    owner_type, owner_id = (
        next((wanted.pop(key) for key in (f"={name}", name) if key in wanted), None)
        for name in ("ownerType", "ownerId")
    )
    if owner_type is None or owner_id is None:
        raise invalid_arg("Invalid filter: the keys '=ownerType' and '=ownerId' are required")
    kind = call.portal.schema.by_abbr(str(owner_type))
    owner = call.portal.records.get(kind, int(decimal_of(owner_id))) if kind and sells(kind) else None
    if kind is None or owner is None or not call.portal.records.may(call.caller, "READ", owner):
        raise access_denied()
    names = {
        name: Field(name, type_ if type_ != "char" else "boolean", column)
        for name, column, type_, _label, _flags in FIELDS
        if name != "ownerType"
    }
    rows, total, start = list_rows(
        call,
        "product_row",
        filter_=wanted,
        order=call.get("order"),
        strict=True,
        fields=names,
        where="OWNER_TYPE_ID = ? AND OWNER_ID = ?",
        args=[kind.entity_type_id, owner["ID"]],
        default="SORT ASC, ID ASC",
    )
    shown = [_shown(call, row, stored_in=True) for row in rows]
    return Page.of({"productRows": shown}, len(shown), total, start)


@method(
    "crm.item.productrow.getAvailableForPayment",
    scope="crm",
    docs=_DOCS + "get-available-for-payment.md",
    not_emulated="payments: every row counts as unpaid",
)
def available_for_payment(call: Call) -> Any:
    """Rows not yet billed."""
    owner_id, abbr = call.int_arg("ownerId"), call.arg("ownerType")
    kind = call.portal.schema.by_abbr(str(abbr))
    owner = call.portal.records.get(kind, owner_id) if kind and sells(kind) else None
    if kind is None or owner is None or not call.portal.records.may(call.caller, "READ", owner):
        raise access_denied()
    return {"productRows": [_shown(call, row) for row in rows_of(call.portal, kind, owner_id)]}
