"""Product rows, and the amount of the record they hang on, seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.sandbox import Sandbox

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def deal(result: Result) -> int:
    id_: int = result("crm.deal.add", fields={"TITLE": "A", "OPPORTUNITY": 5})
    return id_


def amount(result: Result, deal: int) -> Any:
    return result("crm.item.get", entityTypeId=2, id=deal)["item"]["opportunity"]


def row(deal: int, **fields: Any) -> dict[str, Any]:
    return {"ownerId": deal, "ownerType": "D", "productName": "Окно", **fields}


@pytest.mark.parametrize(
    ("given", "prices"),
    [  # the samples of the documentation
        ((80000, 20, 20), (66666.67, 83333.34, 100000.01, 16666.67)),
        ((90000, 10, 10), (81818.18, 90909.09, 100000, 9090.91)),
        ((22175.328, 40, 12), (19799.4, 32999, 36958.88, 13199.6)),
        ((79999, 0, None), (79999, 79999, 79999, 0)),
    ],
)
def test_prices_follow_from_the_final_one(
    given: tuple[Any, Any, Any], prices: tuple[Any, ...], result: Result, deal: int
) -> None:
    price, discount, tax = given
    shown = result(
        "crm.item.productrow.add", fields=row(deal, price=price, discountRate=discount, taxRate=tax)
    )["productRow"]

    names = ("priceExclusive", "priceNetto", "priceBrutto", "discountSum")
    assert tuple(shown[name] for name in names) == prices
    assert (shown["price"], shown["taxRate"], shown["taxIncluded"]) == (price, tax, "N")


def test_the_amount_is_the_sum_of_the_rows_unless_kept_by_hand(result: Result, deal: int) -> None:
    added = result("crm.item.productrow.add", fields=row(deal, price=100.5, quantity=2))["productRow"]
    assert amount(result, deal) == 201
    result("crm.item.productrow.update", id=added["id"], fields={"quantity": 3})
    assert amount(result, deal) == 301.5
    result("crm.item.update", entityTypeId=2, id=deal, fields={"opportunity": 7})
    assert amount(result, deal) == 301.5

    result("crm.item.update", entityTypeId=2, id=deal, fields={"isManualOpportunity": "Y", "opportunity": 7})
    result("crm.item.productrow.update", id=added["id"], fields={"quantity": 1})
    assert amount(result, deal) == 7
    result("crm.item.update", entityTypeId=2, id=deal, fields={"isManualOpportunity": "N"})
    assert amount(result, deal) == 100.5
    assert result("crm.item.productrow.delete", id=added["id"]) is None
    assert amount(result, deal) == 0


def test_set_replaces_every_row(result: Result, deal: int) -> None:
    result("crm.item.productrow.add", fields=row(deal, price=1))
    rows = result(
        "crm.item.productrow.set",
        ownerId=deal,
        ownerType="D",
        productRows=[{"productId": 9, "price": 10, "sort": 20}, {"price": 1, "sort": 10}],
    )["productRows"]

    assert [(each["productName"], each["measureName"]) for each in rows] == [
        (f"[{rows[0]['id']}]", ""),
        ("Товар #9", "шт"),
    ]
    assert amount(result, deal) == 11
    result("crm.item.productrow.set", ownerId=deal, ownerType="D", productRows=[])
    listed = result("crm.item.productrow.list", filter={"=ownerType": "D", "=ownerId": deal})
    assert listed == {"productRows": []}


def test_a_list_needs_its_owner_and_filters_strictly(result: Result, refusal: Refusal, deal: int) -> None:
    for price in (1, 2, 3):
        result("crm.item.productrow.add", fields=row(deal, price=price))
    owner = {"=ownerType": "D", "=ownerId": deal}

    found = result("crm.item.productrow.list", filter={**owner, ">price": 1}, order={"price": "desc"})
    assert [each["price"] for each in found["productRows"]] == [3, 2]
    assert refusal("crm.item.productrow.list", filter={"=ownerType": "D"})[1] == "INVALID_ARG_VALUE"
    assert refusal("crm.item.productrow.list", filter={**owner, "cost": 1})[1] == "INVALID_ARG_VALUE"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ownerType": "D"}, "100"),
        ({"ownerId": 1}, "100"),
        ({"ownerId": 1, "ownerType": "C"}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ({"ownerId": 99, "ownerType": "D"}, "OWNER_NOT_FOUND"),
    ],
)
def test_a_row_without_a_fitting_owner_is_refused(
    fields: dict[str, Any], code: str, refusal: Refusal
) -> None:
    assert refusal("crm.item.productrow.add", fields=fields)[:2] == (400, code)


def test_update_refuses_unknown_fields_where_add_swallows_them(
    result: Result, refusal: Refusal, deal: int
) -> None:
    added = result("crm.item.productrow.add", fields=row(deal, price=1, cost=5))["productRow"]

    assert refusal("crm.item.productrow.update", id=added["id"], fields={"cost": 5})[1] == "INVALID_ARG_VALUE"
    assert (
        refusal("crm.item.productrow.update", id=added["id"], fields={"ownerId": 5})[1] == "INVALID_ARG_VALUE"
    )
    assert refusal("crm.item.productrow.get", id=99)[1:] == ("NOT_FOUND", "Item not found")


def test_the_older_door_speaks_strings_for_ids_and_numbers_for_sums(result: Result, deal: int) -> None:
    assert result("crm.deal.productrows.set", id=deal, rows=[{"PRODUCT_NAME": "A", "PRICE": "10.5"}]) is True

    (shown,) = result("crm.deal.productrows.get", id=deal)
    assert (shown["ID"], shown["OWNER_ID"], shown["OWNER_TYPE"]) == ("1", str(deal), "D")
    assert (shown["PRICE"], shown["PRICE_ACCOUNT"], shown["QUANTITY"]) == (10.5, "10.50", 1)
    assert amount(result, deal) == 10.5


def test_the_older_door_keeps_rows_that_name_their_id_and_drops_the_rest(result: Result, deal: int) -> None:
    result("crm.deal.productrows.set", id=deal, rows=[{"PRODUCT_NAME": "A"}, {"PRODUCT_NAME": "B"}])
    result("crm.deal.productrows.set", id=deal, rows=[{"ID": 2, "PRICE": 4}, {"PRODUCT_NAME": "C"}])

    rows = result("crm.deal.productrows.get", id=deal)
    assert [(each["ID"], each["PRODUCT_NAME"], each["PRICE"]) for each in rows] == [
        ("2", "B", 4),
        ("3", "C", 0),
    ]


@pytest.mark.parametrize(
    "discount",
    [
        {"DISCOUNT_TYPE_ID": 2},
        {"DISCOUNT_TYPE_ID": 2, "DISCOUNT_RATE": 100},
        {"DISCOUNT_TYPE_ID": 1},
    ],
)
def test_half_a_discount_is_refused_and_nothing_is_written(
    discount: dict[str, Any], result: Result, refusal: Refusal, deal: int
) -> None:
    result("crm.deal.productrows.set", id=deal, rows=[{"PRICE": 4}])
    status, code, words = refusal("crm.deal.productrows.set", id=deal, rows=[{"PRICE": 1}, discount])

    assert (status, code) == (400, "ERROR_CORE")
    assert words.endswith("<br>")
    assert [each["PRICE"] for each in result("crm.deal.productrows.get", id=deal)] == [4]


def test_rows_of_what_is_not_there(refusal: Refusal, result: Result) -> None:
    assert refusal("crm.deal.productrows.get", id=0)[1:] == (
        "",
        "The parameter id is invalid or not defined.",
    )
    assert refusal("crm.deal.productrows.get", id=9)[1:] == ("", "Not found.")
    assert refusal("crm.lead.productrows.set", id=9, rows=[])[1:] == ("", "Not found.")
    assert refusal("crm.lead.productrows.set", id=9)[1:] == ("", "The parameter rows must be array.")
    assert result("crm.quote.productrows.get", id=9) == []


def test_rows_leave_with_their_record(portal: Sandbox, result: Result, deal: int) -> None:
    result("crm.item.productrow.add", fields=row(deal, price=1))
    result("crm.deal.delete", id=deal)

    assert portal.store.value("SELECT COUNT(*) FROM product_row") == 0
