"""The legacy CRM methods, seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal

KINDS = ("lead", "deal", "contact", "company", "quote")
NAMED = {"contact": {"NAME": "Анна"}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_lives_from_add_to_delete(kind: str, result: Callable[..., Any]) -> None:
    fields = NAMED.get(kind, {"TITLE": "Первый"})
    id_ = result(f"crm.{kind}.add", fields=fields)

    assert isinstance(id_, int)
    shown = result(f"crm.{kind}.get", id=id_)
    assert shown["ID"] == str(id_)
    assert shown["ASSIGNED_BY_ID"] == "1"
    assert result(f"crm.{kind}.update", id=id_, fields={"COMMENTS": "x"}) is True
    assert [each["ID"] for each in result(f"crm.{kind}.list", filter={"COMMENTS": "x"})] == [str(id_)]
    assert result(f"crm.{kind}.delete", id=id_) is True
    assert result(f"crm.{kind}.list") == []


@pytest.mark.parametrize(
    ("kind", "update", "delete"),
    [
        ("lead", ("", "Not found"), ("", "Not found")),
        ("deal", ("", "Not found"), ("", "Not found")),
        ("contact", ("", "Contact is not found"), ("ERROR_CORE", "Element not found")),
        ("company", ("", "Company is not found"), ("", "Company is not found")),
        ("quote", ("", "Quote is not found"), ("ERROR_CORE", "Element not found")),
    ],
)
def test_every_page_words_a_missing_record_its_own_way(
    kind: str, update: tuple[str, str], delete: tuple[str, str], refusal: Callable[..., tuple[int, Any, str]]
) -> None:
    assert refusal(f"crm.{kind}.get", id=77) == (400, "", "Not found")
    assert refusal(f"crm.{kind}.update", id=77, fields={"COMMENTS": "x"}) == (400, *update)
    assert refusal(f"crm.{kind}.delete", id=77) == (400, *delete)


@pytest.mark.parametrize("bad", [0, -1, "", "x", None, [1]])
def test_an_id_that_is_none_is_refused_with_an_empty_code(
    bad: Any, refusal: Callable[..., tuple[int, Any, str]]
) -> None:
    assert refusal("crm.deal.get", id=bad) == (400, "", "ID is not defined or invalid.")


@pytest.mark.parametrize("name", ["filter", "order"])
def test_a_filter_that_is_no_array_is_refused(
    name: str, refusal: Callable[..., tuple[int, Any, str]]
) -> None:
    assert refusal("crm.contact.list", **{name: "ID"}) == (400, "", f"Parameter '{name}' must be array.")


def test_fields_and_params_must_be_arrays(refusal: Callable[..., tuple[int, Any, str]]) -> None:
    words = "Parameter '{}' must be array."

    assert refusal("crm.deal.add") == (400, "", words.format("fields"))
    assert refusal("crm.deal.update", id=1, fields="x") == (400, "", words.format("fields"))
    assert refusal("crm.contact.add", fields={"NAME": "A"}, params="x") == (400, "", words.format("params"))


def test_an_unknown_filter_key_selects_everything_and_is_noted(
    portal: Sandbox, result: Callable[..., Any]
) -> None:
    for name in ("a", "b"):
        result("crm.company.add", fields={"TITLE": name})

    assert len(result("crm.company.list", filter={"TITEL": "a"})) == 2
    assert portal.ignored_filters == {"crm.company.list TITEL": 1}


def test_unknown_fields_are_swallowed_on_write(result: Callable[..., Any]) -> None:
    id_ = result("crm.deal.add", fields={"TITLE": "a", "TITEL": "b", "ID": 900, "DATE_CREATE": "2001-01-01"})

    assert id_ == 1
    assert result("crm.deal.get", id=id_)["DATE_CREATE"][:4] == "2026"


def test_a_list_leaves_phones_out_unless_named_and_get_leaves_empty_ones_out(
    result: Callable[..., Any],
) -> None:
    id_ = result(
        "crm.contact.add", fields={"NAME": "A", "PHONE": [{"VALUE": "+7 900", "VALUE_TYPE": "HOME"}]}
    )

    assert "PHONE" not in result("crm.contact.list")[0]
    assert "PHONE" not in result("crm.contact.list", select=["*"])[0]
    assert result("crm.contact.list", select=["ID", "PHONE"])[0]["PHONE"] == [
        {"ID": "1", "VALUE_TYPE": "HOME", "VALUE": "+7 900", "TYPE_ID": "PHONE"}
    ]
    shown = result("crm.contact.get", id=id_)
    assert "PHONE" in shown
    assert "EMAIL" not in shown
    assert shown["HAS_PHONE"] == "Y"


def test_phones_are_found_by_their_stored_spelling_only(result: Callable[..., Any]) -> None:
    result("crm.contact.add", fields={"NAME": "A", "PHONE": [{"VALUE": "+7 900 111-22-33"}]})

    assert len(result("crm.contact.list", filter={"PHONE": "+7 900 111-22-33"})) == 1
    assert result("crm.contact.list", filter={"PHONE": "+79001112233"}) == []
    assert result("crm.contact.list", filter={"%PHONE": "900"}) == []


def test_echoing_a_phone_row_without_its_value_deletes_it_and_one_without_its_id_appends(
    result: Callable[..., Any],
) -> None:
    id_ = result(
        "crm.lead.add", fields={"TITLE": "A", "PHONE": [{"VALUE": "1"}, {"VALUE": "2"}, {"VALUE": "3"}]}
    )
    rows = result("crm.lead.get", id=id_)["PHONE"]

    result(
        "crm.lead.update",
        id=id_,
        fields={"PHONE": [{"ID": rows[0]["ID"]}, {"ID": rows[1]["ID"], "VALUE": "22"}, {"VALUE": "3"}]},
    )

    assert [each["VALUE"] for each in result("crm.lead.get", id=id_)["PHONE"]] == ["22", "3", "3"]


def test_an_invalid_address_of_email_is_refused(refusal: Callable[..., tuple[int, Any, str]]) -> None:
    status, code, words = refusal("crm.contact.add", fields={"NAME": "A", "EMAIL": [{"VALUE": "no address"}]})

    assert (status, code) == (400, "ERROR_CORE")
    assert "invalid address" in words


def test_a_pipeline_cannot_be_changed_by_the_legacy_update(
    portal: Sandbox, result: Callable[..., Any]
) -> None:
    id_ = result("crm.deal.add", fields={"TITLE": "A"})

    assert result("crm.deal.update", id=id_, fields={"CATEGORY_ID": 3}) is True
    assert result("crm.deal.get", id=id_)["CATEGORY_ID"] == "0"


def test_contact_ids_replace_the_set_but_cannot_be_selected(result: Callable[..., Any]) -> None:
    first, second = (result("crm.contact.add", fields={"NAME": name}) for name in "AB")
    deal = result("crm.deal.add", fields={"TITLE": "A", "CONTACT_IDS": [first, second]})

    assert result("crm.deal.get", id=deal)["CONTACT_ID"] == str(first)
    result("crm.deal.update", id=deal, fields={"CONTACT_IDS": [second]})
    (shown,) = result("crm.deal.list", select=["ID", "CONTACT_ID", "CONTACT_IDS"])
    assert shown == {"ID": str(deal), "CONTACT_ID": str(second)}


def test_import_mode_sets_the_dates_and_refuses_to_go_back_in_time(
    result: Callable[..., Any], refusal: Callable[..., tuple[int, Any, str]]
) -> None:
    given = {"NAME": "A", "DATE_CREATE": "2020-05-01T10:00:00+03:00", "CREATED_BY_ID": 5}
    plain = result("crm.contact.add", fields=given)
    assert result("crm.contact.get", id=plain)["DATE_CREATE"].startswith("2026")
    result("crm.contact.delete", id=plain)

    imported = result("crm.contact.add", fields=given, params={"IMPORT": "N"})  # "N" is no no
    shown = result("crm.contact.get", id=imported)
    assert (shown["DATE_CREATE"], shown["CREATED_BY_ID"]) == ("2020-05-01T10:00:00+03:00", "5")
    earlier = {**given, "DATE_CREATE": "2019-05-01T10:00:00+03:00"}
    assert refusal("crm.contact.add", fields=earlier, params={"IMPORT": "Y"})[:2] == (400, "")


def test_pages_end_when_there_is_no_next_and_minus_one_does_not_count(
    call: Callable[..., dict[str, Any]],
) -> None:
    for index in range(51):
        call("crm.deal.add", fields={"TITLE": f"d{index}"})

    first = call("crm.deal.list", order={"ID": "ASC"})
    assert (first["total"], first["next"], len(first["result"])) == (51, 50, 50)
    second = call("crm.deal.list", order={"ID": "ASC"}, start=50)
    assert "next" not in second
    assert len(second["result"]) == 1
    walked = call("crm.deal.list", order={"ID": "ASC"}, filter={">ID": 40}, start=-1)
    assert (walked["total"], "next" in walked, len(walked["result"])) == (0, False, 11)


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"%TITLE": "мол"}, ["Молоко", "Смолка"]),
        ({"=%TITLE": "мол%"}, ["Молоко"]),
        ({"%=TITLE": "%ка"}, ["Смолка"]),
        ({"!%TITLE": "мол"}, ["Bread"]),
        ({"@TITLE": ["Bread", "Молоко"]}, ["Молоко", "Bread"]),
        ({"!@TITLE": ["Bread", "Молоко"]}, ["Смолка"]),
        ({">OPPORTUNITY": 10}, ["Смолка"]),
        ({"!=TITLE": "Bread", "<OPPORTUNITY": "20"}, ["Молоко"]),
        ({"logic": "OR", "0": {"TITLE": "Bread"}}, ["Молоко", "Смолка", "Bread"]),
    ],
)
def test_prefixes_filter_as_documented_and_logic_is_not_known(
    filter_: dict[str, Any], found: list[str], result: Callable[..., Any]
) -> None:
    for title, sum_ in (("Молоко", 5), ("Смолка", 20.5), ("Bread", 0)):
        result("crm.deal.add", fields={"TITLE": title, "OPPORTUNITY": sum_})

    assert [each["TITLE"] for each in result("crm.deal.list", filter=filter_)] == found


def test_sums_are_strings_and_empty_dates_are_empty_strings(result: Callable[..., Any]) -> None:
    deal = result("crm.deal.get", id=result("crm.deal.add", fields={"TITLE": "A", "OPPORTUNITY": 1000000}))
    lead = result("crm.lead.get", id=result("crm.lead.add", fields={"TITLE": "A"}))

    assert (deal["OPPORTUNITY"], deal["LEAD_ID"], deal["CLOSED"]) == ("1000000.00", None, "N")
    assert (lead["BIRTHDATE"], lead["DATE_CLOSED"], lead["STATUS_ID"]) == ("", "", "NEW")


def test_rows_of_others_are_silently_missing_for_a_user_who_sees_only_his_own(
    result: Callable[..., Any], colleague: Callable[..., Callable[..., httpx.Response]]
) -> None:
    id_ = result("crm.deal.add", fields={"TITLE": "A"})
    weak = colleague(read="A", write="A")

    answer = weak("crm.deal.list").json()
    assert (answer["result"], answer["total"]) == ([], 0)
    denied = weak("crm.deal.get", {"id": id_})
    assert (denied.status_code, denied.json()) == (400, {"error": "", "error_description": "Access denied."})


def test_a_user_field_of_type_boolean_is_a_real_boolean_in_the_lead_list_only() -> None:
    portal = new_portal(clock=PlayedClock())
    secret = portal.access.add_webhook(1)
    portal.store.insert(
        "user_field",
        {"ENTITY_ID": "CRM_LEAD", "FIELD_NAME": "UF_CRM_VIP", "USER_TYPE_ID": "boolean", "SETTINGS": "{}"},
    )
    portal.schema.forget()
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://b") as client:
        client.post(f"/rest/1/{secret}/crm.lead.add", json={"fields": {"TITLE": "A", "UF_CRM_VIP": "1"}})
        listed = client.post(f"/rest/1/{secret}/crm.lead.list", json={"select": ["UF_*"]}).json()["result"]
        got = client.post(f"/rest/1/{secret}/crm.lead.get", json={"id": 1}).json()["result"]

    assert (listed[0]["UF_CRM_VIP"], got["UF_CRM_VIP"]) == (True, "1")


def test_a_quote_gets_a_number_that_cannot_be_chosen(result: Callable[..., Any]) -> None:
    id_ = result("crm.quote.add", fields={"TITLE": "A", "QUOTE_NUMBER": "X-1"})

    assert result("crm.quote.get", id=id_)["QUOTE_NUMBER"] == str(id_)


def test_a_company_takes_its_contacts_on_creation(result: Callable[..., Any]) -> None:
    contact = result("crm.contact.add", fields={"NAME": "A"})
    company = result("crm.company.add", fields={"TITLE": "A", "CONTACT_ID": [contact]})

    assert result("crm.contact.get", id=contact)["COMPANY_ID"] == str(company)
