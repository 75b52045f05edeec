"""What comes out of portals and must not destroy them: each ends right, or with a person and a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from toolkit.operations import operation
from toolkit.runs import Run
from toolkit.runs.merges.carrying import aliases
from toolkit.sandbox.state.bulk import add_rows, load_records

from .conftest import World, make_world
from .duplicates import INN, add, ask, cards

PHONE = "+79031234567"
LETTERS = "абвгдежзиклмнопрстуфхцчшщэюя"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty portal."""
    world = make_world(tmp_path, contacts=0, deals=0)
    world.operation = operation("deduplicate")
    return world


def merges(run: Run) -> pd.DataFrame:
    return run.plan.table.query("kind == 'merge'")


def reasons(run: Run) -> set[str]:
    return set(run.plan.listed["reason"])


def loaded(world: World, type_id: int, rows: list[dict[str, Any]], phone: str = "") -> None:
    """Cards put into the portal's tables directly."""
    load_records(world.sandbox, type_id, rows)
    if phone:
        numbers = [
            {"ENTITY_TYPE_ID": type_id, "ELEMENT_ID": row["ID"], "TYPE_ID": "PHONE", "VALUE_TYPE": "WORK"}
            for row in rows
        ]
        add_rows(world.sandbox.store, "multifield", [{**each, "VALUE": phone} for each in numbers])


def test_a_phone_of_a_thousand_cards_merges_nobody(world: World) -> None:
    people = [
        {"ID": number, "NAME": f"Имя{number}", "LAST_NAME": f"Фамилия{number}"} for number in range(1, 1001)
    ]
    loaded(world, 3, people, PHONE)

    run = world.plan()

    assert merges(run).empty
    assert len(run.plan.listed) < 10_000


def test_a_phone_of_a_thousand_cards_still_lets_equal_people_be_found_by_mail(world: World) -> None:
    people = [
        {"ID": number, "NAME": f"Имя{number}", "LAST_NAME": f"Фамилия{number}"} for number in range(1, 501)
    ]
    loaded(world, 3, people, PHONE)
    anna = {"NAME": "Анна", "LAST_NAME": "Иванова"}
    for _ in range(2):
        add(world, 3, PHONE, "anna@mail.ru", **anna)

    run = world.plan()

    assert merges(run)["record_id"].isin([501, 502]).tolist() == [True]


def test_the_companys_own_number_on_every_contact_merges_nobody(world: World) -> None:
    firm = add(world, 4, "+74951112233", TITLE="ООО Ромашка")
    for name in ("Анна", "Борис", "Вера", "Глеб"):
        add(world, 3, "+74951112233", NAME=name, LAST_NAME=f"{name}ин", firms=[firm])

    assert merges(world.plan()).empty


def test_an_accountants_inn_on_forty_firms_merges_none_of_them(world: World) -> None:
    titles = ["Ромашка", "Лютик", "Василёк", "Пион", "Астра", "Ирис", "Мак", "Клевер"]
    for number in range(40):
        firm = add(world, 4, TITLE=f"ООО {titles[number % 8]} {number // 8 + 1}{number}")
        fields = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": firm, "PRESET_ID": 1, "NAME": "Реквизит", "RQ_INN": INN}
        ask(world, "crm.requisite.add", fields=fields)

    run = world.plan()

    assert merges(run).empty


def test_a_chain_whose_ends_disagree_is_not_merged_through_its_middle(world: World) -> None:
    add(world, 3, PHONE, NAME="Анна", LAST_NAME="Иванова")
    add(world, 3, PHONE, "+79120001122", NAME="Анна")
    add(world, 3, "+79120001122", NAME="Борис", LAST_NAME="Петров")

    run = world.plan()

    for losers in merges(run)["after"]:
        assert "3" not in losers
    assert len(cards(world)) == 3


def test_cards_without_names_are_never_merged_by_a_phone_alone(world: World) -> None:
    add(world, 3, PHONE, NAME="Анна", LAST_NAME="Иванова")
    for _ in range(3):
        add(world, 3, PHONE, NAME=".")

    assert merges(world.plan()).empty


def test_cards_of_two_records_of_1c_are_left_to_a_person(world: World) -> None:
    anna = {"NAME": "Анна", "LAST_NAME": "Иванова", "ORIGINATOR_ID": "1C"}
    for key in ("K-1", "K-2"):
        add(world, 3, PHONE, "anna@mail.ru", **anna, ORIGIN_ID=key)

    alone, offered = world.plan(), world.plan(tiers=["auto", "review"])

    assert merges(alone).empty
    assert merges(offered).empty
    assert reasons(alone) == {"a person has to decide"}
    assert "the cards stand for different records of external systems" in reasons(offered)


def test_a_card_of_a_hundred_phones_is_merged_and_comes_back_with_all_of_them(world: World) -> None:
    anna = {"NAME": "Анна", "LAST_NAME": "Иванова"}
    add(world, 3, PHONE, "anna@mail.ru", **anna)
    add(world, 3, PHONE, "anna@mail.ru", *(f"+7905{number:07}" for number in range(100)), **anna)
    run = world.plan(masters={"contact": [1]})
    world.apply(run)
    assert len(ask(world, "crm.item.get", entityTypeId=3, id=1)["item"]["fm"]) == 102

    back = world.undo(run)
    world.apply(back)

    now = aliases([run, back])["contact", 2]
    assert len(ask(world, "crm.item.get", entityTypeId=3, id=1)["item"]["fm"]) == 2
    assert len(ask(world, "crm.item.get", entityTypeId=3, id=now)["item"]["fm"]) == 102


def test_a_card_of_ten_thousand_deals_is_merged_in_a_bounded_number_of_requests(world: World) -> None:
    deals = 10_000
    anna = {"NAME": "Анна", "LAST_NAME": "Иванова"}
    for _ in range(2):
        add(world, 3, PHONE, "anna@mail.ru", **anna)
    loaded(world, 2, [{"ID": number, "TITLE": "Сделка", "CONTACT_ID": 2} for number in range(1, deals + 1)])
    link = {"OWNER_TYPE_ID": 2, "LINKED_TYPE_ID": 3, "LINKED_ID": 2, "SORT": 10, "IS_PRIMARY": "Y"}
    add_rows(world.sandbox.store, "binding", [{**link, "OWNER_ID": number} for number in range(1, deals + 1)])
    sent = world.portal.requests_sent
    run = world.plan(masters={"contact": [1]})
    read = world.portal.requests_sent - sent

    counts = world.apply(run)

    # Fifty pages of fifty to a request; the first page, the last ones and every other table take a few more.
    assert read <= deals / 2500 + 40
    # Every deal is looked at, forty-nine to a command, and fifty such commands do not share a request: the
    # reading of one piece rides with the writing of the one before.
    assert world.portal.requests_sent - sent - read <= deals / 49 + 12
    assert counts == {"already": deals, "done": 1}
    assert ask(world, "crm.item.get", entityTypeId=2, id=deals)["item"]["contactIds"] == [1]


@pytest.mark.parametrize("groups", [1, 10, 40])
def test_requests_for_groups_are_bounded(groups: int, world: World) -> None:
    for number in range(groups):
        person = {
            "NAME": "Анна",
            "LAST_NAME": f"Иванова{'абвгдежзиклмнопрстуфхцчшщэюя'[number % 28] * (number // 28 + 2)}",
        }
        for post in ("бухгалтер", "директор"):
            add(world, 3, f"+7903{number:07}", f"anna{number}@mail.ru", **person, POST=post)
    run = world.plan()
    assert len(merges(run)) == groups
    sent = world.portal.requests_sent

    world.apply(run)

    # One look and one write for each kind of row, and for merges a look, then as many groups to a request as
    # fit into the seconds that one may take.
    each_s = world.portal.cost.operating_s("crm.entity.mergeBatch")
    at_once = max(1, min(49, int(30 / each_s)))
    kinds = run.plan.table.groupby(["phase", "kind", "entity"]).ngroups
    assert world.portal.requests_sent - sent <= 2 * kinds + 2 * -(-groups // at_once)
