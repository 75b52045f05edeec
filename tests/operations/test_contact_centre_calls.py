"""Calls of a contact centre: whose switchboard it was, requests that come later, corrections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import Kept, World, make_world
from toolkit.operations import operation
from toolkit.runs import Run

RULE: Any = operation("load_contact_centre")
SWITCHBOARD = "+7 495 123-45-67"
FIRM = {"company": "ООО Ромашка", "inn": "7707083893", "kpp": "773601001"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A small firm whose client is a firm with a switchboard."""
    root = tmp_path_factory.mktemp("firm")
    made = make_world(root, contacts=2, deals=0)
    made.root.mkdir(parents=True, exist_ok=True)
    return Kept.of(made, root / "aside")


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> World:
    taken = kept.again(tmp_path / "world")
    taken.operation = RULE
    return taken


def firm(world: World, title: str, phone: str = SWITCHBOARD) -> int:
    fields = {"title": title, "fm": [{"typeId": "PHONE", "valueType": "WORK", "value": phone}]}
    added = world.portal.call("crm.item.add", {"entityTypeId": 4, "fields": fields})
    return int(added["item"]["id"])


def load(world: World, **params: Any) -> Run:
    return world.plan(**{"system": "cc1", "topics": [{"topic": "*", "pipeline": 0}], "fallback": 2, **params})


def call(number: str = "C1", **cells: Any) -> dict[str, Any]:
    return {"id": number, "at": "2026-05-01T11:00:00+03:00", "phone": SWITCHBOARD, "duration_s": 65, **cells}


def links(world: World, number: str) -> set[tuple[int, int]]:
    """What a call of the export is shown with: entity type id and id."""
    rows = world.sandbox.store.rows(
        "SELECT b.* FROM activity_binding b JOIN activity a ON a.ID = b.ACTIVITY_ID WHERE a.ORIGIN_ID = ?",
        [f"cc:cc1:call:{number}"],
    )
    return {(row["ENTITY_TYPE_ID"], row["ENTITY_ID"]) for row in rows}


def test_a_call_of_a_firms_switchboard_is_the_firms_and_stands_on_its_deal(world: World) -> None:
    romashka = firm(world, "ООО Ромашка")
    request = {"id": "R1", "at": "2026-05-01T10:00:00+03:00", "topic": "Ремонт", **FIRM}
    people = world.sandbox.store.value("SELECT COUNT(*) FROM crm_3")

    run = load(world, requests=[request], calls=[call(request="R1"), call("C2", phone="8 (495) 123-45-67")])
    assert set(world.apply(run)) == {"done"}

    deal = world.sandbox.store.value("SELECT ID FROM crm_2 WHERE ORIGIN_ID = 'cc:cc1:request:R1'")
    assert links(world, "C2") == {(4, romashka)}
    assert {(4, romashka), (2, deal)} <= links(world, "C1")
    assert world.sandbox.store.value("SELECT COUNT(*) FROM crm_3") == people, "nobody is made up for it"
    assert len(load(world, requests=[request], calls=[call(request="R1"), call("C2")]).plan) == 0


def test_a_switchboard_of_several_firms_is_left_to_a_person_who_is_told_which(world: World) -> None:
    ids = [firm(world, "ООО Ромашка"), firm(world, "ООО Василёк")]

    run = load(world, calls=[call()])

    assert len(run.plan) == 0
    (told,) = run.plan.listed.to_dict("records")
    assert (told["entity"], told["record_id"]) == ("company", ids[0])
    assert told["reason"] == "several firms have this phone: a person has to say"
    assert all(str(each) in told["details"] for each in ids)
    assert run.plan.tally() == {"review": 1}


def test_a_person_who_has_the_firms_phone_as_theirs_wins_over_the_firm(world: World) -> None:
    romashka = firm(world, "ООО Ромашка")
    phone = {"typeId": "PHONE", "valueType": "WORK", "value": SWITCHBOARD}
    cells = {"name": "Анна", "lastName": "Полякова", "fm": [phone]}
    world.portal.call("crm.item.update", {"entityTypeId": 3, "id": 1, "fields": cells})

    world.apply(
        load(world, calls=[call(name="Анна", last_name="Полякова"), call("C2", email="boris@mail.example")])
    )

    assert links(world, "C1") == {(3, 1)}
    assert (4, romashka) not in links(world, "C2")


@pytest.mark.parametrize("phone", ["8 900 000-00-00", "сбой", "112"])
def test_a_phone_that_is_nobodys_names_no_firm(world: World, phone: str) -> None:
    firm(world, "ООО Ромашка", phone)

    assert load(world, calls=[call(phone=phone)]).plan.tally() == {"quarantined": 1}
