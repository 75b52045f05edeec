"""Whatever names a card from elsewhere names the surviving card, and the old one again after an undo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolkit.runs.merges.carrying import aliases

from .conftest import World
from .duplicates import Kept, ask, make_doubled

PROCESS = 1030


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> World:
    """The doubled firm; contact 5 goes into 4, 2 and 3 into 1, and company 2 into 1."""
    return kept.again(tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """That firm with its merge planned."""
    root = tmp_path_factory.mktemp("named")
    world = make_doubled(root)
    fields = {
        "UF_CRM_ANY": {"MULTIPLE": "Y", "SETTINGS": {"CONTACT": "Y", "COMPANY": "Y", "LEAD": "Y"}},
        "UF_CRM_SOLE": {"MULTIPLE": "N", "SETTINGS": {"CONTACT": "Y"}},
    }
    for entity in ("deal", "contact"):
        for name, more in fields.items():
            ask(
                world,
                f"crm.{entity}.userfield.add",
                fields={"FIELD_NAME": name, "USER_TYPE_ID": "crm", **more},
            )
    write(world, 2, 2, ufCrm_ANY=["C_5", "CO_2", "C_6"], ufCrm_SOLE="2")
    ask(
        world,
        "crm.type.add",
        fields={"title": "Обращения", "entityTypeId": PROCESS, "isClientEnabled": "Y"},
    )
    ask(
        world,
        "crm.item.add",
        entityTypeId=PROCESS,
        fields={"title": "Обращение", "contactIds": [5], "companyId": 2},
    )
    ask(
        world,
        "tasks.task.add",
        fields={"TITLE": "Позвонить", "RESPONSIBLE_ID": 1, "UF_CRM_TASK": ["C_5", "D_1"]},
    )
    world.plan().close()
    return Kept.of(world, root / "aside")


def write(world: World, type_id: int, number: int, **fields: Any) -> None:
    ask(world, "crm.item.update", entityTypeId=type_id, id=number, fields=fields)


def item(world: World, type_id: int, number: int) -> Any:
    return ask(world, "crm.item.get", entityTypeId=type_id, id=number)["item"]


def task(world: World) -> Any:
    return ask(world, "tasks.task.get", taskId=1, select=["UF_CRM_TASK"])["task"]["ufCrmTask"]


def test_custom_fields_of_deals_name_the_surviving_cards_and_then_the_old_ones(world: World) -> None:
    run = world.planned()
    world.apply(run)

    deal = item(world, 2, 2)
    assert (deal["ufCrm_ANY"], str(deal["ufCrm_SOLE"])) == (["C_4", "CO_1", "C_6"], "1")
    assert world.verify(run).complete

    back = world.undo(run)
    world.apply(back)

    now = aliases([run, back])
    deal = item(world, 2, 2)
    assert deal["ufCrm_ANY"] == [f"C_{now['contact', 5]}", f"CO_{now['company', 2]}", "C_6"]
    assert str(deal["ufCrm_SOLE"]) == str(now["contact", 2])


def test_a_field_somebody_changed_since_the_merge_stays(world: World) -> None:
    run = world.planned()
    world.apply(run)
    write(world, 2, 2, ufCrm_SOLE="6")

    back = world.undo(run)
    world.apply(back)

    assert str(item(world, 2, 2)["ufCrm_SOLE"]) == "6"
    told = back.plan.listed.query("entity == 'deal'")
    assert told["reason"].str.contains("changed since").any()


def test_merged_cards_that_name_each_other_come_back_as_they_were(world: World) -> None:
    write(world, 3, 4, ufCrm_ANY=["CO_2"])
    write(world, 3, 5, ufCrm_ANY=["C_2"])
    run = world.plan()
    world.apply(run)

    assert item(world, 3, 4)["ufCrm_ANY"] == ["CO_1", "C_1"]

    back = world.undo(run)
    world.apply(back)

    now = aliases([run, back])
    assert item(world, 3, 4)["ufCrm_ANY"] == [f"CO_{now['company', 2]}"]
    assert item(world, 3, now["contact", 5])["ufCrm_ANY"] == [f"C_{now['contact', 2]}"]


def test_tasks_name_the_surviving_cards_and_then_the_old_ones(world: World) -> None:
    run = world.planned()
    world.apply(run)
    assert task(world) == ["C_4", "D_1"]

    back = world.undo(run)
    world.apply(back)

    assert task(world) == [f"C_{aliases([run, back])['contact', 5]}", "D_1"]


def test_tasks_are_left_unread_when_asked(world: World) -> None:
    run = world.plan(tasks=False)
    world.apply(run)

    assert task(world) == ["C_5", "D_1"]
    assert world.writes("tasks.task.list") == 0


def test_items_of_a_smart_process_follow_and_return(world: World) -> None:
    run = world.plan(children=["deal", f"item:{PROCESS}"])
    world.apply(run)
    appeal = item(world, PROCESS, 1)
    assert (appeal["contactIds"], appeal["companyId"]) == ([4], 1)

    back = world.undo(run)
    world.apply(back)

    now = aliases([run, back])
    appeal = item(world, PROCESS, 1)
    assert (appeal["contactIds"], appeal["companyId"]) == ([now["contact", 5]], now["company", 2])


def test_a_smart_process_that_was_not_read_is_listed(world: World) -> None:
    told = world.planned().plan.listed.query("entity == 'type'")

    assert told["details"].tolist() == [f"Обращения: name {PROCESS} in processes"]


def test_elements_of_lists_are_listed_with_what_the_card_is_called_now(world: World) -> None:
    listing = ask(
        world, "lists.add", IBLOCK_TYPE_ID="lists", IBLOCK_CODE="deals", FIELDS={"NAME": "Договоры"}
    )
    which = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_ID": listing}
    named = ask(
        world, "lists.field.add", **which, FIELDS={"NAME": "Клиент", "TYPE": "S:ECrm", "CODE": "CLIENT"}
    )
    for code, client in (("one", "C_5"), ("two", "C_6")):
        ask(world, "lists.element.add", **which, ELEMENT_CODE=code, FIELDS={"NAME": code, named: client})

    run = world.plan(lists=[listing])
    told = run.plan.listed.query("entity.str.startswith('listelement')")
    assert told["record_id"].tolist() == [1]
    assert told["details"].tolist() == ["C_5: merged into 4"]

    world.apply(run)
    back = world.undo(run)
    assert "C_5: comes back under a new id, see the table of aliases" in back.plan.listed["details"].tolist()


def test_leads_quotes_and_invoices_of_a_company_follow_and_return(world: World) -> None:
    made = [
        (type_id, ask(world, "crm.item.add", entityTypeId=type_id, fields=fields)["item"]["id"])
        for type_id, fields in (
            (1, {"title": "Лид", "companyId": 2, "contactIds": [5]}),
            (7, {"title": "КП", "companyId": 2, "contactIds": [5]}),
            (31, {"title": "Счёт", "companyId": 2, "contactIds": [5]}),
        )
    ]
    run = world.plan()
    world.apply(run)
    links = [(item(world, *each)["companyId"], item(world, *each)["contactIds"]) for each in made]
    assert links == [(1, [4])] * 3

    back = world.undo(run)
    world.apply(back)

    now = aliases([run, back])
    links = [(item(world, *each)["companyId"], item(world, *each)["contactIds"]) for each in made]
    assert links == [(now["company", 2], [now["contact", 5]])] * 3


def test_product_rows_stay_with_their_deal(world: World) -> None:
    rows = [{"productName": "Труба", "price": 10, "quantity": 3}]
    ask(world, "crm.item.productrow.set", ownerType="D", ownerId=1, productRows=rows)
    before = world.sandbox.store.rows("SELECT * FROM product_row")
    run = world.plan()
    world.apply(run)
    world.apply(world.undo(run))

    assert world.sandbox.store.rows("SELECT * FROM product_row") == before


def test_a_letter_between_two_cards_of_one_client_hangs_on_both_again(world: World) -> None:
    talks = [{"VALUE": "a@b.ru", "ENTITY_ID": each, "ENTITY_TYPE_ID": 3} for each in (1, 2, 5)]
    letter = {"OWNER_TYPE_ID": 3, "OWNER_ID": 1, "TYPE_ID": 4, "SUBJECT": "Письмо", "RESPONSIBLE_ID": 1}
    number = ask(world, "crm.activity.add", fields={**letter, "COMMUNICATIONS": talks})
    run = world.plan()
    world.apply(run)
    assert bound(world, number) == {1, 4}

    back = world.undo(run)
    world.apply(back)

    now = aliases([run, back])
    assert bound(world, number) == {1, now["contact", 2], now["contact", 5]}


def bound(world: World, activity: int) -> set[int]:
    links = ask(world, "crm.activity.binding.list", activityId=activity)
    return {each["entityId"] for each in links if each["entityTypeId"] == 3}


def test_an_address_the_survivor_has_otherwise_is_listed_and_another_is_kept(world: World) -> None:
    run = world.planned()
    told = run.plan.listed.query("entity == 'requisite'")
    world.apply(run)

    assert told["details"].tolist() == ["Тула"]
    kept = ask(world, "crm.address.list", filter={"ENTITY_TYPE_ID": 8, "ENTITY_ID": 1})
    assert {each["CITY"] for each in kept} == {"Москва", "Тверь"}


def test_a_deal_uses_the_requisites_of_the_survivor(world: World) -> None:
    world.apply(world.planned())

    used = ask(world, "crm.requisite.link.get", entityTypeId=2, entityId=1)

    assert used["REQUISITE_ID"] == "1"
    [account] = ask(world, "crm.requisite.bankdetail.list", filter={"ENTITY_ID": 1})
    assert used["BANK_DETAIL_ID"] == account["ID"]


def test_another_choice_of_requisites_since_the_merge_stays(world: World) -> None:
    run = world.planned()
    world.apply(run)
    other = ask(
        world,
        "crm.requisite.add",
        fields={
            "ENTITY_TYPE_ID": 4,
            "ENTITY_ID": 1,
            "PRESET_ID": 1,
            "NAME": "Новый",
            "RQ_INN": "500100732259",
        },
    )
    chosen = {"REQUISITE_ID": other, "BANK_DETAIL_ID": 0, "MC_REQUISITE_ID": 0, "MC_BANK_DETAIL_ID": 0}
    ask(world, "crm.requisite.link.register", fields={"ENTITY_TYPE_ID": 2, "ENTITY_ID": 1, **chosen})

    back = world.undo(run)

    assert (back.plan.table["entity"] == "requisitelink").sum() == 0


@pytest.mark.parametrize(
    "switches",
    [
        {"merge_requisites_by": "never"},
        {"merge_requisites_by": "inn_and_kpp"},
        {"merge_folded_accounts": "moved"},
    ],
    ids=lambda each: json.dumps(each),
)
def test_whatever_the_portal_keeps_itself_is_not_made_twice(switches: dict[str, Any], tmp_path: Path) -> None:
    world = make_doubled(tmp_path, **switches)
    run = world.plan()

    world.apply(run)

    assert len(ask(world, "crm.requisite.bankdetail.list")) == 1
    assert len(ask(world, "crm.address.list", filter={"CITY": "Тверь"})) == 1
    assert set(run.journal.table()["state"]) <= {"done", "already"}
