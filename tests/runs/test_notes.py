"""What a merge loses is said once in the timeline of the card that stays, and goes with the merge's undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from toolkit.operations import operation

from .conftest import World
from .duplicates import ask, make_doubled


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_doubled(tmp_path)


def comments(world: World, card: int, name: str = "contact") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(
        world, "crm.timeline.comment.list", filter={"ENTITY_ID": card, "ENTITY_TYPE": name}
    )
    return found


def test_losing_values_are_told_once_in_the_timeline_of_the_card_that_stays(world: World) -> None:
    run = world.plan(timeline_notes=True)

    world.apply(run)

    assert world.verify(run).complete
    (note,) = comments(world, 1)
    assert "бухгалтер" in note["COMMENT"]
    assert "Объединены карточки 2, 3" in note["COMMENT"]


def test_no_comment_is_written_unless_asked_for(world: World) -> None:
    run = world.plan()

    world.apply(run)

    assert comments(world, 1) == []


@pytest.mark.parametrize("fault", ["lose_answer", "partial"])
def test_a_lost_answer_never_doubles_a_comment(world: World, fault: str) -> None:
    run = world.plan(timeline_notes=True)
    world.sandbox.faults.plan(fault, "crm.timeline.comment.add")

    world.apply(run)

    assert world.verify(run).complete
    assert [len(comments(world, card)) for card in (1, 4)] == [1, 0]
    assert len(comments(world, 1, "company")) == 1


def test_an_undo_takes_its_comments_back_but_not_those_of_people(world: World) -> None:
    run = world.plan(timeline_notes=True)
    world.apply(run)
    theirs = {"ENTITY_ID": 1, "ENTITY_TYPE": "contact", "COMMENT": "перезвонить"}
    ask(world, "crm.timeline.comment.add", fields=theirs)
    company = comments(world, 1, "company")[0]
    ask(world, "crm.timeline.comment.update", id=company["ID"], fields={"COMMENT": "прочитано"})

    undo = world.undo(run)
    world.apply(undo)

    assert [each["COMMENT"] for each in comments(world, 1)] == ["перезвонить"]
    assert [each["COMMENT"] for each in comments(world, 1, "company")] == ["прочитано"]


def test_a_struck_merge_takes_its_comment_along(world: World) -> None:
    run = world.plan(timeline_notes=True)
    merges = set(run.plan.table.query("kind == 'merge' and entity == 'contact'")["change"])

    narrowed = run.plan.narrowed(set(run.plan.table["change"]) - merges)

    assert set(narrowed.active.query("kind == 'note'")["entity"]) == {"company"}
    assert operation("deduplicate").parameters({}).timeline_notes is False
