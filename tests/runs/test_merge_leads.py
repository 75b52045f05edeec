"""Leads of one client become one lead, and two again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from toolkit.operations import operation
from toolkit.runs.merges.carrying import aliases

from .conftest import World, make_world
from .duplicates import add, ask, cards
from .test_merge_undo import by_alias


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Three leads of two people; an address, something to do, a task, a quote and a product hang on the second."""
    world = make_world(tmp_path, contacts=0, deals=0)
    world.operation = operation("deduplicate")
    contact = add(world, 3, NAME="Секретарь")
    anna: dict[str, Any] = {"NAME": "Анна", "LAST_NAME": "Иванова"}
    add(world, 1, "+79031234567", "anna@mail.ru", TITLE="Заявка с сайта", **anna, ASSIGNED_BY_ID=2)
    add(
        world,
        1,
        "8 903 123-45-67",
        "anna@mail.ru",
        TITLE="Звонок",
        **anna,
        ASSIGNED_BY_ID=3,
        contacts=[contact],
    )
    add(world, 1, "+79031112233", TITLE="Звонок", NAME="Вера", LAST_NAME="Орлова")
    for owner, city in ((1, "Москва"), (2, "Тула")):
        fields = {"ENTITY_TYPE_ID": 1, "ENTITY_ID": owner, "TYPE_ID": 1, "CITY": city}
        ask(world, "crm.address.add", fields=fields)
    fields = {"ENTITY_TYPE_ID": 1, "ENTITY_ID": 2, "TYPE_ID": 4, "CITY": "Тверь"}
    ask(world, "crm.address.add", fields=fields)
    due = {"title": "Перезвонить", "deadline": "2030-01-01T10:00:00+03:00"}
    ask(world, "crm.activity.todo.add", ownerTypeId=1, ownerId=2, **due)
    ask(world, "tasks.task.add", fields={"TITLE": "Позвонить", "RESPONSIBLE_ID": 1, "UF_CRM_TASK": ["L_2"]})
    ask(world, "crm.item.add", entityTypeId=7, fields={"title": "КП", "leadId": 2})
    world.clock.sleep(600)
    world.sandbox.log.clear()
    return world


def test_leads_are_left_alone_unless_asked(world: World) -> None:
    assert (world.plan().plan.table["kind"] == "merge").sum() == 0


def test_leads_become_one_and_the_rest_follows(world: World) -> None:
    run = world.plan(entities=["lead"], masters={"lead": [1]})

    counts = world.apply(run)

    assert cards(world, 1) == [1, 3]
    assert set(counts) <= {"done", "already"}
    assert world.verify(run).complete
    assert ask(world, "tasks.task.get", taskId=1, select=["UF_CRM_TASK"])["task"]["ufCrmTask"] == ["L_1"]
    found = ask(world, "crm.address.list", filter={"ENTITY_TYPE_ID": 1, "ENTITY_ID": 1})
    assert sorted(each["CITY"] for each in found) == ["Москва", "Тверь"]
    assert ask(world, "crm.item.get", entityTypeId=7, id=1)["item"]["leadId"] == 1


def test_leads_come_back_but_for_their_ids(world: World) -> None:
    before = but_for_moments(by_alias(world))
    run = world.plan(entities=["lead"], masters={"lead": [1]})
    world.apply(run)
    back = world.undo(run)

    counts = world.apply(back)

    assert counts == {"done": len(back.plan.active)}
    assert but_for_moments(by_alias(world, aliases([run, back]))) == before


def but_for_moments(portal: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The portal without the moment its leads entered their stage: that of a lead made again is today."""
    for row in portal["crm_1"]:
        del row["MOVED_TIME"]
    return portal
