"""Links between contacts, companies, deals, leads and quotes, seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal

FAMILIES = [
    ("crm.deal.contact", "deal", "contact", "CONTACT_ID"),
    ("crm.lead.contact", "lead", "contact", "CONTACT_ID"),
    ("crm.quote.contact", "quote", "contact", "CONTACT_ID"),
    ("crm.contact.company", "contact", "company", "COMPANY_ID"),
    ("crm.company.contact", "company", "contact", "CONTACT_ID"),
]
every_family = pytest.mark.parametrize(("stem", "owner", "linked", "column"), FAMILIES)

Result = Callable[..., Any]


def made(result: Result, noun: str, count: int = 1) -> list[int]:
    return [
        result(f"crm.{noun}.add", fields={"NAME" if noun == "contact" else "TITLE": f"{noun} {n}"})
        for n in range(count)
    ]


@every_family
def test_the_first_link_is_primary_and_a_second_add_of_it_is_false(
    stem: str, owner: str, linked: str, column: str, result: Result
) -> None:
    (id_,), (one, two) = made(result, owner), made(result, linked, 2)

    assert result(f"{stem}.add", id=id_, fields={column: one}) is True
    assert result(f"{stem}.add", id=id_, fields={column: one}) is False
    assert result(f"{stem}.add", id=id_, fields={column: two}) is True

    assert result(f"{stem}.items.get", id=id_) == [
        {column: one, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "Y"},
        {column: two, "SORT": 20, "ROLE_ID": 0, "IS_PRIMARY": "N"},
    ]


@every_family
def test_a_new_primary_demotes_the_old_and_deleting_it_promotes_the_next(
    stem: str, owner: str, linked: str, column: str, result: Result
) -> None:
    (id_,), (one, two) = made(result, owner), made(result, linked, 2)
    result(f"{stem}.add", id=id_, fields={column: one})
    result(f"{stem}.add", id=id_, fields={column: two, "IS_PRIMARY": "Y"})
    primary = {row[column]: row["IS_PRIMARY"] for row in result(f"{stem}.items.get", id=id_)}
    assert primary == {one: "N", two: "Y"}

    assert result(f"{stem}.delete", id=id_, fields={column: two}) is True
    assert result(f"{stem}.delete", id=id_, fields={column: two}) is False
    assert [row["IS_PRIMARY"] for row in result(f"{stem}.items.get", id=id_)] == ["Y"]
    assert result(f"{stem}.items.delete", id=id_) is True
    assert result(f"{stem}.items.get", id=id_) == []


@every_family
def test_setting_the_links_replaces_them_and_the_first_yes_wins(
    stem: str, owner: str, linked: str, column: str, result: Result
) -> None:
    (id_,), ids = made(result, owner), made(result, linked, 4)
    result(f"{stem}.items.set", id=id_, items=[{column: ids[0]}, {column: ids[1]}])
    assert [row["IS_PRIMARY"] for row in result(f"{stem}.items.get", id=id_)] == ["Y", "N"]

    items = [
        {column: ids[1], "SORT": 5},
        {column: ids[2], "IS_PRIMARY": "Y", "SORT": 6},
        {column: ids[3], "IS_PRIMARY": "Y", "SORT": 7},
    ]
    assert result(f"{stem}.items.set", id=id_, items=items) is True

    rows = result(f"{stem}.items.get", id=id_)
    assert [(row[column], row["SORT"], row["IS_PRIMARY"]) for row in rows] == [
        (ids[1], 5, "N"),
        (ids[2], 6, "Y"),
        (ids[3], 7, "N"),
    ]
    result(f"{stem}.items.set", id=id_, items=[])
    assert result(f"{stem}.items.get", id=id_) == []


def test_a_sort_not_given_is_kept_for_companies_and_counted_anew_for_deals(result: Result) -> None:
    (contact, other), companies = made(result, "contact", 2), made(result, "company", 2)
    result("crm.contact.company.items.set", id=contact, items=[{"COMPANY_ID": companies[0], "SORT": 70}])
    result("crm.contact.company.items.set", id=contact, items=[{"COMPANY_ID": each} for each in companies])
    (deal,) = made(result, "deal")
    result("crm.deal.contact.items.set", id=deal, items=[{"CONTACT_ID": contact, "SORT": 70}])
    result("crm.deal.contact.items.set", id=deal, items=[{"CONTACT_ID": each} for each in (contact, other)])

    assert [row["SORT"] for row in result("crm.contact.company.items.get", id=contact)] == [70, 80]
    assert [row["SORT"] for row in result("crm.deal.contact.items.get", id=deal)] == [10, 20]


@every_family
def test_bad_parameters_are_refused_in_the_pages_words(
    stem: str,
    owner: str,
    linked: str,
    column: str,
    result: Result,
    refusal: Callable[..., tuple[int, Any, str]],
) -> None:
    (id_,) = made(result, owner)

    assert refusal(f"{stem}.add", id=0, fields={column: 1})[1:] == (
        "",
        "The parameter 'ownerEntityID' is invalid or not defined.",
    )
    assert refusal(f"{stem}.items.get", id=-1)[1:] == (
        "",
        "The parameter ownerEntityID is invalid or not defined.",
    )
    assert refusal(f"{stem}.add", id=id_, fields="x")[1:] == ("", "The parameter 'fields' must be array.")
    assert refusal(f"{stem}.add", id=id_, fields={})[1:] == ("", "The parameter 'fields' is not valid.")
    assert refusal(f"{stem}.items.set", id=id_)[1:] == ("", "The parameter items must be array.")
    code = "NOT_FOUND" if owner == "lead" else ""
    status, given, words = refusal(f"{stem}.add", id=99, fields={column: 1})
    assert (status, given, words.rstrip(".")) == (400, code, "Not found")


def test_a_quote_that_is_not_there_has_no_contacts_instead_of_an_error(
    result: Result, refusal: Callable[..., tuple[int, Any, str]]
) -> None:
    assert result("crm.quote.contact.items.get", id=99) == []
    assert result("crm.quote.contact.items.delete", id=99) is True
    assert refusal("crm.deal.contact.items.get", id=99) == (400, "", "Not found.")
    assert refusal("crm.deal.contact.items.delete", id=99) == (400, "", "Not found.")


def test_a_company_and_its_contact_see_one_link_from_both_ends(result: Result) -> None:
    (company,), (one, two) = made(result, "company"), made(result, "contact", 2)
    result("crm.contact.company.add", id=one, fields={"COMPANY_ID": company})
    result("crm.company.contact.add", id=company, fields={"CONTACT_ID": two})

    assert [row["CONTACT_ID"] for row in result("crm.company.contact.items.get", id=company)] == [one, two]
    assert [row["IS_PRIMARY"] for row in result("crm.company.contact.items.get", id=company)] == ["Y", "N"]
    # ... and yet it is the second contact's primary company
    assert result("crm.contact.company.items.get", id=two)[0]["IS_PRIMARY"] == "Y"
    assert result("crm.contact.get", id=two)["COMPANY_ID"] == str(company)
    result("crm.company.contact.items.delete", id=company)
    assert result("crm.contact.company.items.get", id=one) == []


def test_a_contact_that_is_not_there_is_linked_all_the_same(result: Result) -> None:
    (deal,) = made(result, "deal")

    assert result("crm.deal.contact.add", id=deal, fields={"CONTACT_ID": 12345}) is True
    assert result("crm.deal.get", id=deal)["CONTACT_ID"] == "12345"


def test_a_link_changes_the_owner_and_tells_so(portal: Sandbox, result: Result) -> None:
    (deal,), (contact,) = made(result, "deal"), made(result, "contact")
    before = result("crm.deal.get", id=deal)["DATE_MODIFY"]
    news: list[Any] = []
    portal.listeners.append(news.append)
    portal.clock.spend(100)

    result("crm.deal.contact.add", id=deal, fields={"CONTACT_ID": contact})
    result("crm.deal.contact.add", id=deal, fields={"CONTACT_ID": contact})

    assert result("crm.deal.get", id=deal)["DATE_MODIFY"] > before
    assert [(each.kind.name, each.action, each.id) for each in news] == [("DEAL", "update", deal)]


def test_somebody_elses_deal_is_not_linked(
    result: Result, colleague: Callable[..., Callable[..., httpx.Response]]
) -> None:
    (deal,), (contact,) = made(result, "deal"), made(result, "contact")
    answer = colleague("X", "A")("crm.deal.contact.add", {"id": deal, "fields": {"CONTACT_ID": contact}})

    assert answer.status_code == 400
    assert answer.json() == {"error": "ACCESS_DENIED", "error_description": "Access denied!"}


def test_the_company_side_may_share_its_primary_with_the_contact() -> None:
    portal = new_portal(clock=PlayedClock(), switches={"company_contact_primary": "shared"})
    secret = portal.access.add_webhook(1)
    with httpx.Client(
        transport=InProcessTransport(portal), base_url=f"https://b/rest/1/{secret}/", trust_env=False
    ) as client:
        client.post("crm.company.add", json={"fields": {"TITLE": "A"}})
        for name in "AB":
            client.post("crm.contact.add", json={"fields": {"NAME": name, "COMPANY_ID": 1}})
        rows = client.post("crm.company.contact.items.get", json={"id": 1}).json()["result"]

    assert [row["IS_PRIMARY"] for row in rows] == ["Y", "Y"]
