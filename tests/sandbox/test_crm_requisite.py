"""Requisites, bank details, links, templates and addresses, seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from toolkit.sandbox import PlayedClock, Sandbox, new_portal

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def company(result: Result) -> int:
    id_: int = result("crm.company.add", fields={"TITLE": "Ромашка"})
    return id_


@pytest.fixture
def requisite(result: Result, company: int) -> int:
    id_: int = result("crm.requisite.add", fields=of(company, RQ_INN="0707083893", RQ_KPP="770501001"))
    return id_


def of(owner: int, type_id: int = 4, **fields: Any) -> dict[str, Any]:
    return {"ENTITY_TYPE_ID": type_id, "ENTITY_ID": owner, "PRESET_ID": 1, **fields}


def test_a_requisite_keeps_its_zeros_and_shows_strings(result: Result, requisite: int, company: int) -> None:
    shown = result("crm.requisite.get", id=requisite)

    assert (shown["ID"], shown["ENTITY_ID"], shown["RQ_INN"]) == (str(requisite), str(company), "0707083893")
    assert (shown["DATE_MODIFY"], shown["MODIFY_BY_ID"], shown["NAME"]) == ("", None, "Организация")
    assert (shown["SORT"], shown["RQ_VAT_PAYER"], shown["RQ_OGRN"]) == ("500", "N", None)


def test_many_inns_are_looked_up_at_once_and_the_answer_names_the_owner(result: Result, company: int) -> None:
    for inn in ("7707083893", "5003052454", "7707083893"):
        result("crm.requisite.add", fields=of(company, RQ_INN=inn))

    found = result(
        "crm.requisite.list",
        filter={"RQ_INN": ["7707083893", "000"], "ENTITY_TYPE_ID": 4},
        select=["ID", "ENTITY_ID", "RQ_INN"],
        order={"ID": "desc"},
    )
    assert found == [
        {"ID": "3", "ENTITY_ID": str(company), "RQ_INN": "7707083893"},
        {"ID": "1", "ENTITY_ID": str(company), "RQ_INN": "7707083893"},
    ]
    assert result("crm.requisite.list", filter={"ENTITY_TYPE_ID": 3}) == []
    # a row without columns is an empty PHP array
    assert result("crm.requisite.list", select=["NOPE"]) == [[], [], []]


def test_a_requisite_cannot_be_moved_to_another_owner(result: Result, requisite: int) -> None:
    other = result("crm.company.add", fields={"TITLE": "B"})

    assert result("crm.requisite.update", id=requisite, fields={"ENTITY_ID": other, "RQ_KPP": "1"}) is True
    shown = result("crm.requisite.get", id=requisite)
    assert (shown["ENTITY_ID"], shown["RQ_KPP"]) == ("1", "1")
    assert shown["DATE_MODIFY"] != ""


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "ENTITY_TYPE_ID is not defined or invalid."),
        (of(1, 2), "ENTITY_TYPE_ID is not defined or invalid."),
        (of(0), "ENTITY_ID is not defined or invalid."),
        (of(1, PRESET_ID=""), "PRESET_ID is not defined or invalid."),
        (of(99), "Entity not found."),
    ],
)
def test_a_requisite_needs_an_owner_and_a_template(
    fields: dict[str, Any], words: str, company: int, refusal: Refusal
) -> None:
    assert refusal("crm.requisite.add", fields=fields) == (400, "", words)


def test_a_missing_requisite_is_named(refusal: Refusal) -> None:
    for verb in ("get", "update", "delete"):
        answer = refusal(f"crm.requisite.{verb}", id=57, fields={})
        assert answer == (400, "", "The Requisite with ID '57' is not found")


def test_user_fields_of_requisites_are_stored_shown_and_filtered(
    portal: Sandbox, result: Result, company: int
) -> None:
    portal.store.insert(
        "user_field", {"ENTITY_ID": "CRM_REQUISITE", "FIELD_NAME": "UF_CRM_1", "USER_TYPE_ID": "string"}
    )
    result("crm.requisite.add", fields=of(company, UF_CRM_1="x"))
    result("crm.requisite.add", fields=of(company, UF_CRM_1="y"))

    assert result("crm.requisite.list", filter={"UF_CRM_1": "y"}, select=["ID", "UF_CRM_1"]) == [
        {"ID": "2", "UF_CRM_1": "y"}
    ]


def test_everything_hanging_on_a_requisite_leaves_with_it(
    portal: Sandbox, result: Result, requisite: int, company: int
) -> None:
    bank = result("crm.requisite.bankdetail.add", fields={"ENTITY_ID": requisite, "NAME": "Банк"})
    deal = result("crm.deal.add", fields={"TITLE": "A", "COMPANY_ID": company})
    link = {"ENTITY_TYPE_ID": 2, "ENTITY_ID": deal, "REQUISITE_ID": requisite, "BANK_DETAIL_ID": bank}
    result("crm.requisite.link.register", fields={**link, "MC_REQUISITE_ID": 0, "MC_BANK_DETAIL_ID": 0})
    result(
        "crm.address.add", fields={"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": requisite, "CITY": "Омск"}
    )

    result("crm.company.delete", id=company)

    for table in ("requisite", "bank_detail", "requisite_link", "address"):
        assert portal.store.value(f"SELECT COUNT(*) FROM {table}") == 0


def test_a_requisite_of_a_company_one_may_not_read_is_missing(
    result: Result, requisite: int, colleague: Callable[..., Callable[..., httpx.Response]]
) -> None:
    weak = colleague("A", "A")

    assert weak("crm.requisite.list").json()["result"] == []
    assert weak("crm.requisite.get", {"id": requisite}).json()["error_description"] == "Access denied."
    nobody = colleague("", "")
    assert nobody("crm.requisite.list").json()["error"] == 0


# -- bank details ------------------------------------------------------------------------------------


def test_an_account_takes_the_country_of_its_requisite(
    result: Result, requisite: int, refusal: Refusal
) -> None:
    bank = result(
        "crm.requisite.bankdetail.add",
        fields={"ENTITY_ID": requisite, "NAME": "Банк", "RQ_BIK": "044525225", "COUNTRY_ID": 122},
    )
    shown = result("crm.requisite.bankdetail.get", id=bank)
    assert (shown["COUNTRY_ID"], shown["RQ_BIK"], shown["RQ_MFO"]) == ("1", "044525225", None)
    assert result("crm.requisite.bankdetail.update", id=bank, fields={"RQ_BIK": "1"}) is True
    assert result("crm.requisite.bankdetail.list", filter={"RQ_BIK": "1"}, select=["ID"]) == [
        {"ID": str(bank)}
    ]
    assert result("crm.requisite.bankdetail.delete", id=bank) is True
    words = f"The RequisiteBankDetail with ID '{bank}' is not found"
    assert refusal("crm.requisite.bankdetail.get", id=bank) == (400, "", words)
    assert refusal("crm.requisite.bankdetail.add", fields={"ENTITY_ID": 99})[2].startswith("ENTITY_ID")


# -- links -------------------------------------------------------------------------------------------


def test_a_link_shows_its_own_ids_as_numbers_and_the_rest_as_strings(
    result: Result, requisite: int, company: int, refusal: Refusal
) -> None:
    deal = result("crm.deal.add", fields={"TITLE": "A", "COMPANY_ID": company})
    parts = {"REQUISITE_ID": requisite, "BANK_DETAIL_ID": 0, "MC_REQUISITE_ID": 0, "MC_BANK_DETAIL_ID": 0}
    assert (
        result("crm.requisite.link.register", fields={"ENTITY_TYPE_ID": 2, "ENTITY_ID": deal, **parts})
        is True
    )

    assert result("crm.requisite.link.get", entityTypeId=2, entityId=deal) == {
        "ENTITY_TYPE_ID": 2,
        "ENTITY_ID": deal,
        "REQUISITE_ID": str(requisite),
        "BANK_DETAIL_ID": "0",
        "MC_REQUISITE_ID": "0",
        "MC_BANK_DETAIL_ID": "0",
    }
    assert result("crm.requisite.link.list")[0]["ENTITY_ID"] == str(deal)
    assert result("crm.requisite.link.unregister", entityTypeId=2, entityId=deal) is True
    assert refusal("crm.requisite.link.get", entityTypeId=2, entityId=deal) == (400, "", "Not found")


def test_a_link_is_checked_against_client_and_seller(
    result: Result, requisite: int, company: int, refusal: Refusal
) -> None:
    stranger = result("crm.company.add", fields={"TITLE": "Чужая"})
    deal = result("crm.deal.add", fields={"TITLE": "A", "COMPANY_ID": stranger})
    none = {"REQUISITE_ID": 0, "BANK_DETAIL_ID": 0, "MC_REQUISITE_ID": 0, "MC_BANK_DETAIL_ID": 0}
    given = {"ENTITY_TYPE_ID": 2, "ENTITY_ID": deal, **none}

    def words(**parts: Any) -> str:
        return refusal("crm.requisite.link.register", fields={**given, **parts})[2]

    assert words(REQUISITE_ID=requisite).endswith(f"is not assigned to Company with ID '{stranger}'")
    assert words(REQUISITE_ID=60) == "The Requisite with ID '60' is not found"
    assert words(MC_REQUISITE_ID=requisite).startswith(
        f"The Requisite with ID '{requisite}' is not assigned to your"
    )
    assert words(BANK_DETAIL_ID=24) == "The BankDetail with ID '24' is not found"
    assert words(BANK_DETAIL_ID=None) == "BANK_DETAIL_ID is not defined or invalid."
    assert words(ENTITY_ID=99) == "Entity is not found"
    result("crm.company.update", id=company, fields={"IS_MY_COMPANY": "Y"})
    assert result("crm.requisite.link.register", fields={**given, "MC_REQUISITE_ID": requisite}) is True


# -- templates ---------------------------------------------------------------------------------------


def test_the_factory_templates_are_found_by_their_reserved_codes(result: Result) -> None:
    codes = [each["XML_ID"] for each in result("crm.requisite.preset.list", order={"ID": "asc"})]

    assert codes == [f"#CRM_REQUISITE_PRESET_DEF_RU_{name}#" for name in ("COMPANY", "INDIVIDUAL", "PERSON")]


def test_template_ids_differ_between_portals() -> None:
    portal = new_portal(clock=PlayedClock(), switches={"requisite_preset_ids": "1,3,5"})

    assert [row["ID"] for row in portal.store.find("requisite_preset")] == [1, 3, 5]


def test_a_template_in_use_cannot_be_deleted(result: Result, requisite: int, refusal: Refusal) -> None:
    assert refusal("crm.requisite.preset.delete", id=1)[2].startswith("You cannot delete the template")
    own = result("crm.requisite.preset.add", fields={"ENTITY_TYPE_ID": 8, "COUNTRY_ID": 1, "NAME": "Свой"})
    assert result("crm.requisite.preset.update", id=own, fields={"NAME": "Иной"}) is True
    assert result("crm.requisite.preset.get", id=own)["NAME"] == "Иной"
    assert result("crm.requisite.preset.delete", id=own) is True
    assert refusal("crm.requisite.preset.get", id=own)[2] == f"The Preset with ID '{own}' is not found"


def test_a_field_is_added_to_a_template_once(result: Result, refusal: Refusal) -> None:
    preset = {"ID": 3}
    free = result("crm.requisite.preset.field.availabletoadd", preset=preset)
    assert "RQ_INN" in free
    id_ = result("crm.requisite.preset.field.add", preset=preset, fields={"FIELD_NAME": "RQ_INN", "SORT": 7})

    assert result("crm.requisite.preset.field.get", preset=preset, id=id_) == {
        "ID": id_,
        "FIELD_NAME": "RQ_INN",
        "FIELD_TITLE": "",
        "IN_SHORT_LIST": "N",
        "SORT": 7,
    }
    again = refusal("crm.requisite.preset.field.add", preset=preset, fields={"FIELD_NAME": "RQ_INN"})
    assert again == (400, "", "The field 'RQ_INN' can not be added.")
    assert result("crm.requisite.preset.field.delete", preset=preset, id=id_) is True
    assert refusal("crm.requisite.preset.field.get", preset=preset, id=id_)[2].startswith("The PresetField")
    assert refusal("crm.requisite.preset.field.list", preset={"ID": 77})[2].startswith("The Preset with")


# -- addresses ---------------------------------------------------------------------------------------


def test_an_address_is_named_by_type_and_owner(result: Result, requisite: int, refusal: Refusal) -> None:
    key = {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": requisite}
    assert result("crm.address.add", fields={**key, "CITY": "Омск"}) is True
    assert refusal("crm.address.add", fields={**key, "CITY": "Томск"}) == (400, "", "TypeAddress exists.")
    assert result("crm.address.update", fields={**key, "POSTAL_CODE": "644000"}) is True

    (shown,) = result("crm.address.list", filter={"ENTITY_TYPE_ID": 8, "ENTITY_ID": requisite})
    assert (shown["CITY"], shown["POSTAL_CODE"], shown["TYPE_ID"]) == ("Омск", "644000", "1")
    assert (shown["ANCHOR_TYPE_ID"], shown["ANCHOR_ID"], shown["COUNTRY"]) == ("4", "1", None)
    assert "ID" not in shown
    assert result("crm.address.delete", fields=key) is True
    assert refusal("crm.address.delete", fields=key) == (400, "", "TypeAddress not found.")


@pytest.mark.parametrize(
    ("field", "value"),
    [("TYPE_ID", 77), ("ENTITY_TYPE_ID", 4), ("ENTITY_TYPE_ID", ""), ("ENTITY_ID", 99), ("ENTITY_ID", None)],
)
def test_an_address_needs_a_known_type_and_a_living_owner(
    field: str, value: Any, requisite: int, refusal: Refusal
) -> None:
    fields = {"TYPE_ID": 1, "ENTITY_TYPE_ID": 8, "ENTITY_ID": requisite, field: value}

    assert refusal("crm.address.add", fields=fields) == (400, "", f"{field} is not defined or invalid.")
