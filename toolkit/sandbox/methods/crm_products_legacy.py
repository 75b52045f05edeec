"""`crm.{deal,lead,quote}.productrows.*`: the older door to product rows.

Source: api-reference/crm/deals/crm-deal-productrows-*.md, api-reference/crm/leads/crm-lead-productrows-*.md,
api-reference/crm/quote/crm-quote-product-rows-*.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ..call import Call
from ..registry import method
from ..state.fields import Kind
from ..subjects.product_rows import (
    FIELDS,
    WRITABLE,
    account_rate,
    decimal_of,
    plain_number,
    replace_rows,
    rows_changed,
    rows_of,
)
from ..wire import php
from ..wire.errors import RestError
from .crm_legacy import legacy_error, legacy_id

_CATALOG = "names and measures of catalog products"
_LEGACY_TEXT = ("ID", "OWNER_ID")
_LEGACY_NULLS = ("RESERVE_ID", "DATE_RESERVE_END", "RESERVE_QUANTITY")


def _legacy_owner(
    call: Call, type_id: int, right: Literal["READ", "WRITE"]
) -> tuple[Kind, dict[str, Any] | None]:
    kind = call.portal.schema.kind(type_id)
    if kind is None:
        raise LookupError(f"the portal has no kind {type_id}")
    try:
        id_ = legacy_id(call)
    except RestError as error:
        raise RestError("", "The parameter id is invalid or not defined.") from error
    row = call.portal.records.get(kind, id_)
    if row is not None and not call.portal.records.may(call.caller, right, row):
        raise RestError("", "Access denied.")
    return kind, row


def _legacy_get(call: Call, type_id: int) -> Any:
    kind, owner = _legacy_owner(call, type_id, "READ")
    if owner is None:
        if type_id == 2:
            raise RestError("", "Not found.")
        return []  # only the deal's page knows of owners that are not there
    rate = account_rate(call.portal, owner.get("CURRENCY_ID"))
    shown = []
    for row in rows_of(call.portal, kind, owner["ID"]):
        record: dict[str, Any] = {}
        for _name, column, _type, _label, _flags in FIELDS:
            if column == "OWNER_TYPE":
                record[column] = kind.abbr
            else:
                record[column] = str(row[column]) if column in _LEGACY_TEXT else plain_number(row[column])
        account = decimal_of(row["PRICE"]) * rate
        record["PRICE_ACCOUNT"] = f"{account:.2f}" if type_id == 2 else f"{account:.8f}"
        record["ORIGINAL_PRODUCT_NAME"] = row["PRODUCT_NAME"]
        record["PRODUCT_DESCRIPTION"] = row["PRODUCT_DESCRIPTION"]
        record.update(dict.fromkeys(_LEGACY_NULLS))
        shown.append(record)
    return shown


def _legacy_given(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {*WRITABLE.values(), "PRODUCT_DESCRIPTION", "PRICE_EXCLUSIVE", "PRICE_NETTO", "PRICE_BRUTTO"}
    given = {column: value for column, value in row.items() if column in known}
    kind_of_discount = int(decimal_of(given["DISCOUNT_TYPE_ID"])) if "DISCOUNT_TYPE_ID" in given else 0
    rate = decimal_of(given.get("DISCOUNT_RATE"))
    complaint = ""
    if kind_of_discount == 2 and "DISCOUNT_RATE" not in given:
        complaint = (
            "Discount Rate (DISCOUNT_RATE) is required if Percentage Discount Type (DISCOUNT_TYPE_ID)"
            " is defined"
        )
    elif kind_of_discount == 2 and rate == 100 and "DISCOUNT_SUM" not in given:
        complaint = (
            "Discount Sum (DISCOUNT_SUM) is required if Percentage Discount Type (DISCOUNT_TYPE_ID)"
            " is defined and Discount Rate (DISCOUNT_RATE) is 100%"
        )
    elif kind_of_discount == 1 and "DISCOUNT_SUM" not in given:
        complaint = (
            "Discount Sum (DISCOUNT_SUM) is required if Monetary Discount Type (DISCOUNT_TYPE_ID) is defined"
        )
    if complaint:
        raise RestError("ERROR_CORE", f"{complaint}<br>")
    return given


def _legacy_set(call: Call, type_id: int) -> Any:
    rows = call.get("rows")
    kind, owner = _legacy_owner(call, type_id, "WRITE")
    if not isinstance(rows, dict | list):
        raise RestError("", "The parameter rows must be array.")
    if owner is None:
        raise RestError("", "Not found.")
    wanted = [each for each in php.values(rows) if isinstance(each, dict)]
    try:
        replace_rows(
            call,
            kind,
            owner["ID"],
            [(int(decimal_of(each.get("ID") or 0)), _legacy_given(each)) for each in wanted],
        )
    except RestError as error:
        raise legacy_error(call, error) from error
    rows_changed(call, kind, owner)
    return True


def _register(type_id: int, noun: str, docs: str) -> None:
    @method(f"crm.{noun}.productrows.get", scope="crm", docs=docs + "get.md", not_emulated="reserves")
    def rows_get(call: Call) -> Any:
        return _legacy_get(call, type_id)

    @method(f"crm.{noun}.productrows.set", scope="crm", docs=docs + "set.md", not_emulated=_CATALOG)
    def rows_set(call: Call) -> Any:
        return _legacy_set(call, type_id)


_register(1, "lead", "api-reference/crm/leads/crm-lead-productrows-")
_register(2, "deal", "api-reference/crm/deals/crm-deal-productrows-")
_register(7, "quote", "api-reference/crm/quote/crm-quote-product-rows-")
