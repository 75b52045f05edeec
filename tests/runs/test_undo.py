"""Undo brings back what the run changed, and nothing a person changed since."""

from __future__ import annotations

import pytest

from toolkit.errors import PlanError

from .conftest import World


def test_undo_restores_every_responsible(world: World) -> None:
    before = world.owners()
    run = world.plan(winner="newest")
    world.apply(run)

    back = world.undo(run)
    counts = world.apply(back)

    assert world.owners() == before
    assert counts == {"done": len(run.plan.active)}


def test_later_edits_are_never_overwritten(world: World) -> None:
    before = world.owners()
    run = world.plan(winner="newest")
    world.apply(run)
    contact = int(run.plan.active.iloc[0]["record_id"])
    world.edit(contact, ASSIGNED_BY_ID=6)

    back = world.undo(run)
    world.apply(back)

    assert world.owners() == {**before, contact: 6}
    assert back.plan.listed["record_id"].tolist() == [contact]
    assert "changed since" in back.plan.listed["reason"].iloc[0]


def test_an_edit_between_planning_and_applying_the_undo_survives(world: World) -> None:
    run = world.plan(winner="newest")
    world.apply(run)
    back = world.undo(run)
    contact = int(back.plan.active.iloc[0]["record_id"])
    world.edit(contact, ASSIGNED_BY_ID=6)

    counts = world.apply(back)

    assert world.owners()[contact] == 6
    assert counts["conflict"] == 1


def test_chosen_records_can_be_taken_back_alone(world: World) -> None:
    before = world.owners()
    run = world.plan(winner="newest")
    world.apply(run)
    after = world.owners()
    contact = int(run.plan.active.iloc[1]["record_id"])

    world.apply(world.undo(run, records=[contact]))

    assert world.owners() == {**after, contact: before[contact]}


def test_a_half_finished_run_is_taken_back_as_far_as_it_went(world: World) -> None:
    before = world.owners()
    run = world.plan(winner="newest")
    world.apply(run, limit=2)
    assert world.owners() != before

    back = world.undo(run)
    world.apply(back)

    assert len(back.plan.active) == 2
    assert world.owners() == before


def test_an_undo_can_be_undone(world: World) -> None:
    run = world.plan(winner="newest")
    world.apply(run)
    after = world.owners()
    back = world.undo(run)
    world.apply(back)

    world.apply(world.undo(back))

    assert world.owners() == after


def test_undo_waits_until_unknown_outcomes_are_looked_up(world: World) -> None:
    run = world.plan(winner="newest")
    run.journal.sent([int(run.plan.active.iloc[0]["change"])])

    with pytest.raises(PlanError, match="b24kit resume"):
        world.undo(run)


def test_a_run_that_changed_nothing_has_nothing_to_undo(world: World) -> None:
    run = world.plan(winner="newest")

    with pytest.raises(PlanError, match="has changed nothing"):
        world.undo(run)
