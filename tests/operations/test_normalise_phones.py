"""Phones rewritten on a portal: row ids and types stay, several numbers part, and everything comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from toolkit.operations import operation
from toolkit.sandbox.state.records import Draft, PhoneEdit

from ..runs.conftest import World, make_world

STORED = [
    ("PHONE", "8 (903) 123-45-67", "MOBILE"),
    ("PHONE", "8 495 123-45-67 доб. 105, 8 903 123 45 99", "WORK"),
    ("EMAIL", "Anna@Firma.ru", "HOME"),
    ("PHONE", "223-22-22", "HOME"),
]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make_world(tmp_path, contacts=3, deals=0)
    world.operation = operation("normalise_phones")
    edits = [PhoneEdit("add", type_id, value, kind) for type_id, value, kind in STORED]
    change(world, 1, edits)
    return world


def change(world: World, contact: int, edits: list[PhoneEdit]) -> None:
    kind = world.sandbox.schema.kind(3)
    world.sandbox.records.update(kind, contact, Draft({}, phones=edits), world.sandbox.system_caller(3))


def phones(world: World, contact: int = 1) -> list[tuple[int, str, str, str]]:
    kind = world.sandbox.schema.kind(3)
    rows: list[dict[str, Any]] = world.sandbox.records.phones(kind, [contact]).get(contact, [])
    return sorted((row["ID"], row["TYPE_ID"], row["VALUE"], row["VALUE_TYPE"]) for row in rows)


def test_row_ids_and_types_stay_and_a_row_of_two_numbers_becomes_two(world: World) -> None:
    before = phones(world)
    run = world.plan(entities=["contact"])

    counts = world.apply(run)

    assert counts == {"done": 1}
    after = phones(world)
    assert [row[0] for row in after[:4]] == [row[0] for row in before]
    assert [row[1:] for row in after] == [
        ("PHONE", "+79031234567", "MOBILE"),
        ("PHONE", "+74951234567 доб. 105", "WORK"),
        ("EMAIL", "Anna@Firma.ru", "HOME"),
        ("PHONE", "223-22-22", "HOME"),
        ("PHONE", "+79031234599", "WORK"),
    ]
    assert run.plan.listed["reason"].tolist() == ["the area code is missing"]
    assert world.verify(run).complete


def test_undo_brings_the_old_spellings_back_under_the_old_ids(world: World) -> None:
    before = phones(world)
    run = world.plan(entities=["contact"])
    world.apply(run)

    assert world.apply(world.undo(run)) == {"done": 1}

    assert phones(world) == before


def test_a_phone_somebody_added_meanwhile_makes_the_change_a_conflict(world: World) -> None:
    run = world.plan(entities=["contact"])
    change(world, 1, [PhoneEdit("add", "PHONE", "+79990001122", "WORK")])
    before = phones(world)

    assert world.apply(run) == {"conflict": 1}

    assert phones(world) == before


def test_a_row_deleted_and_entered_again_is_not_written_under_its_old_id(world: World) -> None:
    run = world.plan(entities=["contact"])
    row = phones(world)[0]
    change(world, 1, [PhoneEdit("delete", "PHONE", id=row[0])])
    change(world, 1, [PhoneEdit("add", "PHONE", row[2], row[3])])
    before = phones(world)

    assert world.apply(run) == {"conflict": 1}

    assert phones(world) == before


def test_a_lost_answer_does_not_split_a_row_twice(world: World) -> None:
    run = world.plan(entities=["contact"])
    world.sandbox.faults.lose_answer_to("crm.item.update")

    assert world.apply(run) == {"done": 1}

    assert len(phones(world)) == len(STORED) + 1
    assert world.writes() == 1
