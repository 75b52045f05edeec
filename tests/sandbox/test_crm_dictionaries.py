"""Pipelines, dictionaries, stage history, currencies and fixed lists seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.sandbox import Sandbox
from toolkit.sandbox.state.states import load_state, reset, save_state

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


def test_deals_begin_with_a_general_pipeline_of_id_zero(call: Callable[..., Any]) -> None:
    body = call("crm.category.list", entityTypeId=2)

    assert body["total"] == 1
    assert body["result"]["categories"] == [
        {"id": 0, "name": "Общая", "sort": 100, "entityTypeId": 2, "isDefault": "Y"}
    ]


def test_a_new_deal_pipeline_comes_with_prefixed_stages_and_takes_deals(result: Result) -> None:
    made = result("crm.category.add", entityTypeId=2, fields={"name": "Аренда", "isDefault": "Y"})["category"]
    assert (made["isDefault"], made["originId"], made["sort"]) == ("N", "", 500)

    stages = result("crm.status.list", filter={"ENTITY_ID": f"DEAL_STAGE_{made['id']}"})
    assert stages[0]["STATUS_ID"] == f"C{made['id']}:NEW"
    assert stages[0]["CATEGORY_ID"] == str(made["id"])

    deal = result("crm.item.add", entityTypeId=2, fields={"title": "x", "categoryId": made["id"]})["item"]
    assert deal["stageId"] == f"C{made['id']}:NEW"


def test_a_pipeline_in_use_or_by_default_stays(result: Result, refusal: Refusal) -> None:
    id_ = result("crm.category.add", entityTypeId=2, fields={"name": "Аренда"})["category"]["id"]
    deal = result("crm.item.add", entityTypeId=2, fields={"title": "x", "categoryId": id_})["item"]["id"]

    assert refusal("crm.category.delete", entityTypeId=2, id=id_)[:2] == (400, 0)
    assert (
        refusal("crm.category.delete", entityTypeId=2, id=0)[2] == "Default deal category cannot be deleted"
    )
    result("crm.item.delete", entityTypeId=2, id=deal)
    assert result("crm.category.delete", entityTypeId=2, id=id_) is None
    assert result("crm.status.list", filter={"ENTITY_ID": f"DEAL_STAGE_{id_}"}) == []
    assert refusal("crm.category.get", entityTypeId=2, id=id_)[:2] == (400, "NOT_FOUND")


@pytest.mark.parametrize("entity_type_id", [1, 5, 7])
def test_leads_and_quotes_have_no_pipelines(refusal: Refusal, entity_type_id: int) -> None:
    assert refusal("crm.category.list", entityTypeId=entity_type_id)[:2] == (400, "ENTITY_TYPE_NOT_SUPPORTED")


def test_client_categories_have_no_stages_and_no_new_default(result: Result, refusal: Refusal) -> None:
    made = result("crm.category.add", entityTypeId=3, fields={"name": "Жильцы"})["category"]
    assert (made["isSystem"], made["code"]) == ("N", "")
    words = "Default client category does not support updating default state"
    assert refusal("crm.category.add", entityTypeId=3, fields={"name": "x", "isDefault": "Y"}) == (
        400,
        0,
        words,
    )


def test_pipelines_are_an_administrators_business(colleague: Callable[..., Any]) -> None:
    other = colleague()
    assert other("crm.category.list", {"entityTypeId": 2}).json()["total"] == 1
    refused = other("crm.category.add", {"entityTypeId": 2, "fields": {"name": "x"}})
    assert (refused.status_code, refused.json()["error"]) == (400, "ACCESS_DENIED")


def test_stages_tell_their_meaning_in_extra(result: Result) -> None:
    stages = result("crm.status.list", order={"SORT": "ASC"}, filter={"ENTITY_ID": "DEAL_STAGE"})

    assert [(row["STATUS_ID"], row["SEMANTICS"], row["EXTRA"]["SEMANTICS"]) for row in stages[4:]] == [
        ("FINAL_INVOICE", None, "process"),
        ("WON", "S", "success"),
        ("LOSE", "F", "failure"),
        ("APOLOGY", "F", "apology"),
    ]
    assert stages[0]["SORT"] == "10"
    assert stages[0]["CATEGORY_ID"] is None
    assert "EXTRA" not in result("crm.status.get", id=stages[0]["ID"])


def test_dictionaries_come_whole_and_unknown_ones_empty(call: Callable[..., Any]) -> None:
    body = call("crm.status.list", select=["ID"])
    assert len(body["result"]) == body["total"] > 50
    assert "next" not in body
    assert "NAME" in body["result"][0]
    assert call("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE_0"})["result"] == []


def test_a_new_stage_gets_the_prefix_of_its_pipeline(result: Result, refusal: Refusal) -> None:
    id_ = result("crm.category.add", entityTypeId=2, fields={"name": "Аренда"})["category"]["id"]
    fields = {"ENTITY_ID": f"DEAL_STAGE_{id_}", "STATUS_ID": "DECISION", "NAME": "Решение", "SORT": 70}

    added = result("crm.status.add", fields=fields)

    assert result("crm.status.get", id=added)["STATUS_ID"] == f"C{id_}:DECISION"
    assert refusal("crm.status.add", fields=fields) == (
        400,
        "ERROR_CORE",
        "The specified status ID already exists.",
    )
    deal = {"title": "x", "categoryId": id_, "stageId": f"C{id_}:DECISION"}
    assert result("crm.item.add", entityTypeId=2, fields=deal)["item"]["stageId"] == f"C{id_}:DECISION"
    assert refusal("crm.status.delete", id=added)[2] == "There are active items in this status."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "The field ENTITY_ID is required.\nThe field STATUS_ID is required."),
        ({"ENTITY_ID": "NONE", "STATUS_ID": "X", "NAME": "x"}, "Specified entity type is not supported."),
        ({"ENTITY_ID": "SOURCE", "STATUS_ID": "X"}, "The field Title is required."),
        ({"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "X", "NAME": "x", "SORT": 65}, "Cannot create more stages"),
        ({"ENTITY_ID": "STATUS", "STATUS_ID": "X" * 22, "NAME": "x"}, "Error on creating status."),
        ({"ENTITY_ID": "STATUS", "STATUS_ID": "два", "NAME": "x"}, "Error on creating status."),
    ],
)
def test_a_dictionary_entry_is_refused(refusal: Refusal, fields: dict[str, Any], words: str) -> None:
    status, code, said = refusal("crm.status.add", fields=fields)
    assert (status, code) == (400, "")
    assert said.startswith(words)


def test_a_system_entry_goes_only_by_force(result: Result, refusal: Refusal) -> None:
    stage = result("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "WON"})[0]["ID"]
    assert refusal("crm.status.delete", id=stage)[1] == ""
    assert result("crm.status.delete", id=stage, params={"FORCED": "Y"}) is True
    assert refusal("crm.status.get", id=stage)[2] == "Status is not found."


def test_renaming_a_stage_keeps_its_first_name(result: Result) -> None:
    row = result("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW"})[0]
    assert result("crm.status.update", id=row["ID"], fields={"NAME": "Свежая", "COLOR": "#00A9F4"}) is True
    after = result("crm.status.get", id=row["ID"])
    assert (after["NAME"], after["NAME_INIT"], after["COLOR"]) == ("Свежая", row["NAME"], "#00A9F4")


def test_a_deal_on_its_way_leaves_history(result: Result, refusal: Refusal) -> None:
    id_ = result("crm.item.add", entityTypeId=2, fields={"title": "x"})["item"]["id"]
    for stage in ("PREPARATION", "WON"):
        result("crm.item.update", entityTypeId=2, id=id_, fields={"stageId": stage})

    items = result("crm.stagehistory.list", entityTypeId=2, filter={"OWNER_ID": id_}, order={"ID": "ASC"})[
        "items"
    ]

    assert [(row["TYPE_ID"], row["STAGE_ID"], row["STAGE_SEMANTIC_ID"]) for row in items] == [
        (1, "NEW", "P"),
        (2, "PREPARATION", "P"),
        (3, "WON", "S"),
    ]
    assert refusal("crm.stagehistory.list", entityTypeId=2, filter={"NO": 1})[1] == "INVALID_ARG_VALUE"
    assert refusal("crm.stagehistory.list", entityTypeId=3)[1] == "ENTITY_TYPE_NOT_SUPPORTED"


def test_lead_history_speaks_of_statuses(result: Result) -> None:
    result("crm.item.add", entityTypeId=1, fields={"title": "x"})
    (row,) = result("crm.stagehistory.list", entityTypeId=1, filter={"STATUS_ID": "NEW"})["items"]
    assert (row["STATUS_SEMANTIC_ID"], "CATEGORY_ID" in row) == ("P", False)


def test_history_of_unreadable_records_is_missing(result: Result, colleague: Callable[..., Any]) -> None:
    result("crm.item.add", entityTypeId=2, fields={"title": "x", "opened": "N"})
    body = colleague(read="A")("crm.stagehistory.list", {"entityTypeId": 2}).json()
    assert (body["result"]["items"], body["total"]) == ([], 0)


def test_currencies_are_strings_with_a_total_of_zero(call: Callable[..., Any]) -> None:
    body = call("crm.currency.list", order={"sort": "asc", "currency": "desc"})
    assert body["total"] == 0
    assert [row["CURRENCY"] for row in body["result"]] == ["RUB", "USD", "EUR"]
    assert body["result"][0]["AMOUNT"] == "1.0000"


def test_a_currency_lives_and_dies(result: Result, refusal: Refusal) -> None:
    fields = {"CURRENCY": "CNY", "AMOUNT": 12.2251, "AMOUNT_CNT": 1, "LANG": {"ru": {"FULL_NAME": "юань"}}}
    assert result("crm.currency.add", fields=fields) == "CNY"
    assert result("crm.currency.update", ID="CNY", fields={"AMOUNT": 15.3449}) is True

    row = result("crm.currency.get", id="CNY")
    assert (row["AMOUNT"], row["FULL_NAME"], row["LANG"]["ru"]["DECIMALS"]) == ("15.3449", "юань", "2")

    assert (
        result("crm.currency.localizations.set", id="CNY", localizations={"en": {"FULL_NAME": "yuan"}})
        is True
    )
    assert set(result("crm.currency.localizations.get", id="CNY")) == {"ru", "en"}
    assert result("crm.currency.localizations.delete", id="CNY", lids=["en", "de"]) is True
    assert result("crm.currency.localizations.delete", id="CNY", lids=["en"]) is False
    assert result("crm.currency.delete", id="CNY") is True
    assert refusal("crm.currency.get", id="CNY") == (400, "", "Not found")


def test_new_records_are_in_the_base_currency(result: Result, refusal: Refusal) -> None:
    assert result("crm.currency.base.get") == "RUB"
    assert result("crm.currency.base.set", id="EUR") is True
    assert result("crm.currency.base.set", id="XXX") is False
    assert result("crm.item.add", entityTypeId=2, fields={"title": "x"})["item"]["currencyId"] == "EUR"
    assert refusal("crm.currency.delete", id="EUR")[2] == "Cannot delete base currency."


def test_a_currency_without_a_rate_is_refused(refusal: Refusal) -> None:
    assert refusal("crm.currency.add", fields={"CURRENCY": "CNY", "AMOUNT_CNT": 1}) == (
        400,
        "ERROR_CORE",
        'Undefined array key "AMOUNT"',
    )


def test_every_activity_list_begins_with_an_empty_entry(result: Result) -> None:
    for name in ("activitytype", "activitystatus", "activitypriority", "activitydirection", "contenttype"):
        entries = result(f"crm.enum.{name}")
        assert entries[0] == {"ID": 0, "NAME": "", "SYMBOL_CODE": None, "SYMBOL_CODE_SHORT": None}
        assert [entry["ID"] for entry in entries] == list(range(len(entries)))


def test_a_new_default_pipeline_deposes_the_old_one(portal: Sandbox, result: Result) -> None:
    id_ = result("crm.category.add", entityTypeId=31, fields={"name": "Вторые", "isDefault": "Y"})[
        "category"
    ]["id"]
    assert portal.default_category(31) == id_
    assert [row["isDefault"] for row in result("crm.category.list", entityTypeId=31)["categories"]] == [
        "N",
        "Y",
    ]


def test_a_saved_portal_remembers_its_base_currency(portal: Sandbox, result: Result, tmp_path: Path) -> None:
    result("crm.currency.base.set", id="EUR")
    save_state(portal, tmp_path / "state.sqlite")
    reset(portal)
    assert result("crm.currency.base.get") == "RUB"

    load_state(portal, tmp_path / "state.sqlite")

    assert result("crm.currency.base.get") == "EUR"
    assert result("crm.item.add", entityTypeId=2, fields={"title": "x"})["item"]["currencyId"] == "EUR"
