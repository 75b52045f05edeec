"""Merging cards: what the survivor gains, what moves, what is lost. Seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


def merged(result: Result, *ids: int, kind: int = 3) -> dict[str, Any]:
    answer: dict[str, Any] = result(
        "crm.entity.mergeBatch", params={"entityTypeId": kind, "entityIds": list(ids)}
    )
    return answer


def contact(result: Result, **fields: Any) -> int:
    id_: int = result("crm.contact.add", fields={"NAME": "Анна", **fields})
    return id_


@contextmanager
def switched(**switches: Any) -> Iterator[tuple[Sandbox, Result]]:
    """A portal with other answers to the open questions, and a way to call it."""
    portal = new_portal(clock=PlayedClock(), switches=switches)
    secret = portal.access.add_webhook(1)
    with httpx.Client(
        transport=InProcessTransport(portal), base_url=f"https://b/rest/1/{secret}/", trust_env=False
    ) as client:
        yield portal, lambda method, **params: client.post(method, json=params).json()["result"]


def test_the_first_card_stays_and_takes_what_it_lacks(result: Result, refusal: Refusal) -> None:
    one, two, three = (
        contact(result, LAST_NAME=" иванова."),
        contact(result, LAST_NAME="Иванова", POST="Бухгалтер"),
        contact(result, BIRTHDATE="1990-05-01", OPENED="N"),
    )

    assert merged(result, one, two, three) == {"STATUS": "SUCCESS", "ENTITY_IDS": [two, three]}
    shown = result("crm.contact.get", id=one)
    assert (shown["LAST_NAME"], shown["POST"], shown["BIRTHDATE"][:10]) == (
        " иванова.",
        "Бухгалтер",
        "1990-05-01",
    )
    assert refusal("crm.contact.get", id=two)[2] == "Not found"
    assert [each["ID"] for each in result("crm.contact.list")] == [str(one)]


@pytest.mark.parametrize("difference", [{"LAST_NAME": "Петрова"}, {"ASSIGNED_BY_ID": 7}, {"ORIGIN_ID": "2"}])
def test_two_different_values_are_a_conflict_that_changes_nothing(
    difference: dict[str, Any], result: Result
) -> None:
    one = contact(result, LAST_NAME="Иванова", ORIGIN_ID="1")
    two = contact(result, **{"LAST_NAME": "Иванова", "ORIGIN_ID": "1", "POST": "x", **difference})

    assert merged(result, one, two) == {"STATUS": "CONFLICT", "ENTITY_IDS": [two]}
    assert result("crm.contact.get", id=two)["POST"] == "x"
    assert result("crm.contact.get", id=one)["POST"] is None
    # equalised, the same merge succeeds
    result(
        "crm.contact.update", id=two, fields={"LAST_NAME": "Иванова", "ASSIGNED_BY_ID": 1, "ORIGIN_ID": "1"}
    )
    assert merged(result, one, two)["STATUS"] == "SUCCESS"


def test_phones_and_multiple_fields_are_united(portal: Sandbox, result: Result) -> None:
    portal.store.insert(
        "user_field",
        {
            "ENTITY_ID": "CRM_CONTACT",
            "FIELD_NAME": "UF_CRM_TAGS",
            "USER_TYPE_ID": "string",
            "MULTIPLE": "Y",
            "SETTINGS": "{}",
        },
    )
    portal.schema.forget()
    one = contact(result, PHONE=[{"VALUE": "+7 900 111-22-33"}], UF_CRM_TAGS=["a", "b"])
    two = contact(
        result,
        PHONE=[{"VALUE": "89001112233"}, {"VALUE": "+79990000000"}],
        EMAIL=[{"VALUE": "a@b.ru"}],
        UF_CRM_TAGS=["b", "c"],
    )

    assert merged(result, one, two)["STATUS"] == "SUCCESS"
    shown = result("crm.contact.get", id=one)
    assert [each["VALUE"] for each in shown["PHONE"]] == ["+7 900 111-22-33", "+79990000000"]
    assert (shown["HAS_EMAIL"], shown["UF_CRM_TAGS"]) == ("Y", ["a", "b", "c"])


def test_companies_deals_and_activities_follow(portal: Sandbox, result: Result) -> None:
    company, other = (result("crm.company.add", fields={"TITLE": title}) for title in "AB")
    one, two = contact(result, COMPANY_ID=company), contact(result, COMPANY_IDS=[company, other])
    deal = result("crm.deal.add", fields={"TITLE": "A", "CONTACT_IDS": [two]})
    both = result("crm.deal.add", fields={"TITLE": "B", "CONTACT_IDS": [two, one]})
    todo = result(
        "crm.activity.todo.add",
        ownerTypeId=3,
        ownerId=two,
        deadline="2026-12-01T10:00:00+03:00",
        title="Позвонить",
    )["id"]

    assert merged(result, one, two)["STATUS"] == "SUCCESS"
    companies = result("crm.contact.company.items.get", id=one)
    assert [(each["COMPANY_ID"], each["IS_PRIMARY"]) for each in companies] == [(company, "Y"), (other, "N")]
    assert [each["CONTACT_ID"] for each in result("crm.deal.contact.items.get", id=deal)] == [one]
    (link,) = result("crm.deal.contact.items.get", id=both)
    assert (link["CONTACT_ID"], link["IS_PRIMARY"]) == (one, "Y")
    assert result("crm.deal.get", id=both)["CONTACT_ID"] == str(one)
    assert result("crm.activity.get", id=todo)["OWNER_ID"] == str(one)


def test_a_merged_company_keeps_deals_contacts_and_both_requisites(result: Result) -> None:
    one, two = (result("crm.company.add", fields={"TITLE": "Ромашка"}) for _ in range(2))
    deal = result("crm.deal.add", fields={"TITLE": "A", "COMPANY_ID": two})
    person = contact(result, COMPANY_ID=two)
    for owner, inn in ((one, "7707083893"), (two, "5003052454")):
        result("crm.requisite.add", fields=requisite(owner, inn))

    assert merged(result, one, two, kind=4)["STATUS"] == "SUCCESS"
    assert result("crm.deal.get", id=deal)["COMPANY_ID"] == str(one)
    assert result("crm.contact.get", id=person)["COMPANY_ID"] == str(one)
    found = result("crm.requisite.list", filter={"ENTITY_ID": one}, select=["RQ_INN"])
    assert found == [{"RQ_INN": "7707083893"}, {"RQ_INN": "5003052454"}]


def requisite(owner: int, inn: str, **fields: str) -> dict[str, Any]:
    return {"ENTITY_TYPE_ID": 4, "ENTITY_ID": owner, "PRESET_ID": 1, "RQ_INN": inn, **fields}


def with_equal_inns(result: Result) -> list[dict[str, Any]]:
    one, two = (result("crm.company.add", fields={"TITLE": "Ромашка"}) for _ in range(2))
    result("crm.requisite.add", fields=requisite(one, "7707083893", RQ_KPP="770501001"))
    folded = result("crm.requisite.add", fields=requisite(two, "7707083893", RQ_KPP="540201001", RQ_OKPO="1"))
    result("crm.requisite.bankdetail.add", fields={"ENTITY_ID": folded, "NAME": "Банк"})
    assert merged(result, one, two, kind=4)["STATUS"] == "SUCCESS"
    found: list[dict[str, Any]] = result("crm.requisite.list", select=["ENTITY_ID", "RQ_KPP", "RQ_OKPO"])
    return found


def test_an_equal_inn_folds_requisites_and_loses_the_other_kpp(result: Result) -> None:
    assert with_equal_inns(result) == [{"ENTITY_ID": "1", "RQ_KPP": "770501001", "RQ_OKPO": "1"}]
    assert result("crm.requisite.bankdetail.list") == []


def test_whether_requisites_fold_and_accounts_survive_is_a_switch() -> None:
    with switched(merge_requisites_by="inn_and_kpp") as (_portal, ask):
        assert [each["RQ_KPP"] for each in with_equal_inns(ask)] == ["770501001", "540201001"]
    with switched(merge_folded_accounts="moved") as (_portal, ask):
        with_equal_inns(ask)
        assert [each["ENTITY_ID"] for each in ask("crm.requisite.bankdetail.list")] == ["1"]


def test_user_fields_that_name_the_lost_card_keep_naming_it(portal: Sandbox, result: Result) -> None:
    portal.store.insert(
        "user_field",
        {"ENTITY_ID": "CRM_DEAL", "FIELD_NAME": "UF_CRM_WHO", "USER_TYPE_ID": "crm", "SETTINGS": "{}"},
    )
    portal.schema.forget()
    one, two = contact(result), contact(result)
    deal = result("crm.deal.add", fields={"TITLE": "A", "UF_CRM_WHO": f"C_{two}"})
    merged(result, one, two)

    assert result("crm.deal.get", id=deal)["UF_CRM_WHO"] == f"C_{two}"


def test_ids_that_are_gone_are_dropped_and_the_next_is_the_survivor(result: Result, refusal: Refusal) -> None:
    one, two, three = (contact(result) for _ in range(3))
    result("crm.contact.delete", id=one)

    assert merged(result, one, two, three) == {"STATUS": "SUCCESS", "ENTITY_IDS": [three]}
    left = refusal("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": [two, three]})
    assert left == (400, 0, "The parameter entityIds must contains at least two elements.")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"entityIds": [1, 2]}, "The parameter entityTypeId is required."),
        ({"entityTypeId": 777, "entityIds": [1, 2]}, "Entity type 777 is not supported"),
        ({"entityTypeId": 3}, "The parameter entityIds does not contains valid elements."),
        (
            {"entityTypeId": 3, "entityIds": ["x"]},
            "The parameter entityIds does not contains valid elements.",
        ),
        (
            {"entityTypeId": 3, "entityIds": [1, 1]},
            "The parameter entityIds must contains at least two elements.",
        ),
    ],
)
def test_bad_parameters_are_refused_with_code_zero(params: Any, words: str, refusal: Refusal) -> None:
    assert refusal("crm.entity.mergeBatch", params=params) == (400, 0, words)
    # the wrapper is needed
    assert refusal("crm.entity.mergeBatch", **params)[2] == "The parameter entityTypeId is required."


def test_a_merge_needs_rights_to_every_card_and_a_plan(
    portal: Sandbox,
    result: Result,
    refusal: Refusal,
    colleague: Callable[..., Callable[..., httpx.Response]],
) -> None:
    params = {"params": {"entityTypeId": 3, "entityIds": [contact(result), contact(result)]}}

    assert colleague("X", "A")("crm.entity.mergeBatch", params).status_code == 403
    portal.features["merge"] = False
    assert refusal("crm.entity.mergeBatch", **params)[:2] == (400, "CRM_FEATURE_RESTRICTION_ERROR")


@pytest.mark.parametrize(
    ("after", "left", "comments"),
    [("requisites", 3, None), ("master", 3, "важно"), ("first_loser", 2, "важно")],
)
def test_a_merge_that_breaks_leaves_a_part_done(after: str, left: int, comments: str | None) -> None:
    with switched(merge_breaks_after=after) as (_portal, ask):
        ids = [ask("crm.company.add", fields={"TITLE": "A"}) for _ in range(3)]
        ask("crm.company.update", id=ids[1], fields={"COMMENTS": "важно"})
        ask("crm.requisite.add", fields=requisite(ids[1], "7707083893"))
        assert merged(ask, *ids, kind=4) == {"STATUS": "ERROR", "ENTITY_IDS": ids[1:]}

        assert ask("crm.requisite.list", select=["ENTITY_ID"]) == [{"ENTITY_ID": str(ids[0])}]
        assert ask("crm.company.get", id=ids[0])["COMMENTS"] == comments
        assert len(ask("crm.company.list")) == left


def test_merged_deals_unite_contacts_and_keep_rows(result: Result) -> None:
    person = contact(result)
    one = result("crm.deal.add", fields={"TITLE": "A"})
    two = result("crm.deal.add", fields={"TITLE": "A", "CONTACT_IDS": [person]})
    result("crm.item.productrow.add", fields={"ownerId": two, "ownerType": "D", "price": 10})

    assert merged(result, one, two, kind=2)["STATUS"] == "SUCCESS"
    assert [each["CONTACT_ID"] for each in result("crm.deal.contact.items.get", id=one)] == [person]
    assert [each["PRICE"] for each in result("crm.deal.productrows.get", id=one)] == [10]
    assert result("crm.deal.get", id=one)["OPPORTUNITY"] == "10.00"


def test_the_news_of_a_merge_is_one_change_and_as_many_deletions(portal: Sandbox, result: Result) -> None:
    ids = [contact(result) for _ in range(3)]
    news: list[Any] = []
    portal.listeners.append(news.append)
    merged(result, *ids)

    assert [(each.action, each.id) for each in news] == [
        ("update", ids[0]),
        ("delete", ids[1]),
        ("delete", ids[2]),
    ]
