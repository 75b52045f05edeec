"""Product rows: how they are kept, what their prices are, and what the record they hang on is worth.

The price given is the final one, with discount and tax; the others follow from it. Unless its amount is
kept by hand, a record's `opportunity` is the sum of its rows.

Source: api-reference/crm/universal/product-rows/*.md, api-reference/crm/data-types.md,
tutorials/crm/how-to-edit-crm-objects/how-to-generate-edit-form-for-deal.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from ..call import Call
from ..portal import FAMILY_LISTENERS, Sandbox
from ..state.fields import Kind
from ..state.records import SAVE_RULES, Change
from ..state.store import Column, declare_table
from ..wire.errors import invalid_arg

__all__ = [
    "FIELDS",
    "WRITABLE",
    "account_rate",
    "cents",
    "decimal_of",
    "plain_number",
    "put_row",
    "replace_rows",
    "rows_changed",
    "rows_of",
    "sells",
]

declare_table(
    "product_row",
    "OWNER_ID int",
    "OWNER_TYPE_ID int",
    Column("PRODUCT_ID", "int", 0),
    "PRODUCT_NAME",
    "PRODUCT_DESCRIPTION",
    Column("PRICE", "real", 0.0),
    Column("PRICE_EXCLUSIVE", "real", 0.0),
    Column("PRICE_NETTO", "real", 0.0),
    Column("PRICE_BRUTTO", "real", 0.0),
    Column("QUANTITY", "real", 1.0),
    Column("DISCOUNT_TYPE_ID", "int", 2),
    Column("DISCOUNT_RATE", "real", 0.0),
    Column("DISCOUNT_SUM", "real", 0.0),
    "TAX_RATE real",
    Column("TAX_INCLUDED", "flag", "N"),
    Column("CUSTOMIZED", "flag", "Y"),
    Column("MEASURE_CODE", "int", 0),
    Column("MEASURE_NAME", "text", ""),
    Column("SORT", "int", 0),
    Column("XML_ID", "text", ""),
    Column("TYPE", "int", 1),
    "STORE_ID int",
    indexes=[("OWNER_TYPE_ID", "OWNER_ID")],
)

# Universal name, column, type, label; `i` set on creation only, `r` read-only.
FIELDS = (
    ("id", "ID", "integer", "ID", "r"),
    ("ownerId", "OWNER_ID", "integer", "Owner ID", "i*"),
    ("ownerType", "OWNER_TYPE", "string", "Owner Type", "i*"),
    ("productId", "PRODUCT_ID", "integer", "Product", "*"),
    ("productName", "PRODUCT_NAME", "string", "Product Name", ""),
    ("price", "PRICE", "double", "Price", ""),
    ("priceExclusive", "PRICE_EXCLUSIVE", "double", "Discounted price excluding tax", "r"),
    ("priceNetto", "PRICE_NETTO", "double", "PRICE_NETTO", "r"),
    ("priceBrutto", "PRICE_BRUTTO", "double", "PRICE_BRUTTO", "r"),
    ("quantity", "QUANTITY", "double", "Quantity", ""),
    ("discountTypeId", "DISCOUNT_TYPE_ID", "integer", "Discount Type", ""),
    ("discountRate", "DISCOUNT_RATE", "double", "Discount Amount", ""),
    ("discountSum", "DISCOUNT_SUM", "double", "Discount Total", ""),
    ("taxRate", "TAX_RATE", "double", "Tax", ""),
    ("taxIncluded", "TAX_INCLUDED", "char", "Tax included in price", ""),
    ("customized", "CUSTOMIZED", "char", "Modified", ""),
    ("measureCode", "MEASURE_CODE", "integer", "Unit of Measure Code", ""),
    ("measureName", "MEASURE_NAME", "string", "Unit of Measure", ""),
    ("sort", "SORT", "integer", "Sorting", ""),
    ("xmlId", "XML_ID", "string", "External ID", ""),
    ("type", "TYPE", "integer", "TYPE", "r"),
    ("storeId", "STORE_ID", "integer", "STORE_ID", "r"),
)
WRITABLE = {name: column for name, column, _type, _label, flags in FIELDS if not set(flags) & {"r", "i"}}
_NUMBERS = {column for _name, column, type_, _label, _flags in FIELDS if type_ in ("double", "integer")}
_MEASURES = {6: "м", 112: "л", 163: "г", 166: "кг", 796: "шт"}
_PIECE = 796
_CENT = Decimal("0.01")


# -- prices ------------------------------------------------------------------------------------------


def decimal_of(value: Any) -> Decimal:
    """A number however a client wrote it; zero for what is none."""
    try:
        number = Decimal(str(value).replace(",", ".").strip() or "0")
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() and abs(number) < 10**15 else Decimal(0)


def cents(value: Decimal) -> Decimal:
    """A sum rounded to two decimals, half up."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def _priced(row: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Fill the prices that follow from the final one: without tax, without discount, and the discount."""
    price, tax = decimal_of(row.get("PRICE")), 1 + decimal_of(row.get("TAX_RATE") or 0) / 100
    exclusive = cents(price / tax) if tax else price
    if row.get("DISCOUNT_TYPE_ID") == 1:
        discount = decimal_of(row.get("DISCOUNT_SUM"))
        netto = exclusive + discount
        row["DISCOUNT_RATE"] = float(cents(discount / netto * 100)) if netto else 0.0
    else:
        rate = decimal_of(row.get("DISCOUNT_RATE"))
        kept = 1 - rate / 100
        # nothing can be told from a price after a discount of 100 %: its sum must be given
        netto = cents(exclusive / kept) if kept else exclusive + decimal_of(row.get("DISCOUNT_SUM"))
        row["DISCOUNT_SUM"] = float(netto - exclusive)
    prices = {
        "PRICE_EXCLUSIVE": exclusive,
        "PRICE_NETTO": netto,
        "PRICE_BRUTTO": cents(netto * tax),
    }
    for column, value in prices.items():
        row[column] = float(decimal_of(given[column]) if column in given else value)


def _filled(given: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """A row to be stored: what was given over what was there, and the prices that follow."""
    row: dict[str, Any] = dict(before or {"QUANTITY": 1.0, "DISCOUNT_TYPE_ID": 2, "TAX_INCLUDED": "N"})
    for column, value in given.items():
        if isinstance(value, dict | list):
            raise invalid_arg(f"Invalid value of field '{column}'")
        if column == "TAX_RATE":
            row[column] = None if value in (None, "") else float(decimal_of(value))
        elif column in ("TAX_INCLUDED", "CUSTOMIZED"):
            row[column] = "Y" if str(value).upper() in ("Y", "1", "TRUE") else "N"
        elif column in _NUMBERS:
            number = decimal_of(value)
            row[column] = int(number) if _type_of(column) == "integer" else float(number)
        else:
            row[column] = "" if value is None else str(value)
    if row.get("DISCOUNT_TYPE_ID") not in (1, 2):
        row["DISCOUNT_TYPE_ID"] = 2
    if row.get("PRODUCT_ID") and not row.get("MEASURE_CODE"):
        row["MEASURE_CODE"] = _PIECE
    if "MEASURE_NAME" not in given and ("MEASURE_CODE" in given or not row.get("MEASURE_NAME")):
        row["MEASURE_NAME"] = _MEASURES.get(row.get("MEASURE_CODE") or 0, "")
    if row.get("PRODUCT_ID") and not row.get("PRODUCT_NAME"):
        row["PRODUCT_NAME"] = f"Товар #{row['PRODUCT_ID']}"
    _priced(row, given)
    return row


def _type_of(column: str) -> str:
    return next(type_ for _name, each, type_, _label, _flags in FIELDS if each == column)


def account_rate(portal: Sandbox, currency: Any) -> Decimal:
    """How many units of the reporting currency one unit of a currency is."""
    row = portal.store.first("currency", CURRENCY=currency) if currency else None
    if row is None or not row["AMOUNT_CNT"]:
        return Decimal(1)
    return decimal_of(row["AMOUNT"]) / decimal_of(row["AMOUNT_CNT"])


# -- rows and the record they hang on ---------------------------------------------------------------


def sells(kind: Kind | None) -> bool:
    """Whether records of a kind have product rows."""
    return kind is not None and "isManualOpportunity" in kind.fields


def rows_of(portal: Sandbox, kind: Kind, owner_id: int) -> list[dict[str, Any]]:
    """Rows of one record, in their order."""
    return [
        dict(row)
        for row in portal.store.rows(
            "SELECT * FROM product_row WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ? ORDER BY SORT, ID",
            [kind.entity_type_id, owner_id],
        )
    ]


def _totals(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    amount = tax = Decimal(0)
    for row in rows:
        quantity, price = decimal_of(row["QUANTITY"]), decimal_of(row["PRICE"])
        amount += price * quantity
        tax += (price - decimal_of(row["PRICE_EXCLUSIVE"])) * quantity
    return {"OPPORTUNITY": float(cents(amount)), "TAX_VALUE": float(cents(tax))}


def _resum(portal: Sandbox, kind: Kind, id_: int, row: dict[str, Any]) -> None:
    """A record with rows whose amount is not kept by hand: what was typed gives way to the sum."""
    if not sells(kind) or row.get("IS_MANUAL_OPPORTUNITY") == "Y":
        return
    rows = rows_of(portal, kind, id_)
    if rows:
        row.update({name: value for name, value in _totals(rows).items() if name in kind.by_column()})


SAVE_RULES.append(_resum)


def _forget(portal: Sandbox, change: Change) -> None:
    if change.action == "delete" and sells(change.kind):
        portal.store.db.execute(
            "DELETE FROM product_row WHERE OWNER_TYPE_ID = ? AND OWNER_ID = ?",
            [change.kind.entity_type_id, change.id],
        )


FAMILY_LISTENERS.append(_forget)


def rows_changed(call: Call, kind: Kind, before: dict[str, Any]) -> None:
    """Rows changed: the amount follows unless it is kept by hand, and the record counts as saved."""
    id_ = int(before["ID"])
    columns: dict[str, Any] = {"UPDATED_TIME": int(call.now), "UPDATED_BY": call.user_id}
    if before.get("IS_MANUAL_OPPORTUNITY") != "Y":
        totals = _totals(rows_of(call.portal, kind, id_))
        columns.update({name: value for name, value in totals.items() if name in kind.by_column()})
    call.store.update(kind.table, id_, columns)
    after = call.portal.records.get(kind, id_) or {}
    call.portal.tell(Change("update", kind, id_, before, after, call.user_id, False, call.caller.key))


def put_row(call: Call, kind: Kind, owner_id: int, given: Mapping[str, Any], row_id: int = 0) -> int:
    """Add a row, or change the one of `row_id`; `given` holds columns. Returns its id."""
    before = call.store.get("product_row", row_id) if row_id else None
    row = _filled(given, before)
    row.update(OWNER_ID=owner_id, OWNER_TYPE_ID=kind.entity_type_id)
    if before:
        row.pop("ID")
        call.store.update("product_row", row_id, row)
        return row_id
    id_ = call.store.insert("product_row", row)
    if not row.get("PRODUCT_NAME"):
        call.store.update("product_row", id_, {"PRODUCT_NAME": f"[{id_}]"})
    return id_


def replace_rows(
    call: Call, kind: Kind, owner_id: int, rows: Sequence[tuple[int, Mapping[str, Any]]]
) -> None:
    """Make these the only rows of an owner; a row that names an id of its own is kept and changed."""
    have = {row["ID"] for row in rows_of(call.portal, kind, owner_id)}
    kept = {put_row(call, kind, owner_id, given, id_ if id_ in have else 0) for id_, given in rows}
    for gone in have - kept:
        call.store.delete("product_row", gone)


def plain_number(value: Any) -> Any:
    """A whole sum as a whole number, as PHP writes floats into JSON."""
    return int(value) if isinstance(value, float) and value == int(value) else value
