"""The certificate is clean only when every cell is accounted for."""

from __future__ import annotations

from toolkit.runs import check_canary
from toolkit.sandbox.state.records import Change

from .conftest import World


def meddle(world: World) -> None:
    """A robot: whenever a contact is saved, its comment changes with it."""

    def robot(change: Change) -> None:
        if change.kind.entity_type_id == 3 and change.action == "update":
            world.sandbox.store.update("crm_3", change.id, {"COMMENTS": "робот был здесь"})

    world.sandbox.listeners.append(robot)


def test_a_robots_side_effect_refuses_the_certificate(world: World) -> None:
    run = world.plan(winner="newest")
    meddle(world)

    world.apply(run)
    certificate = world.verify(run)

    assert not certificate.clean
    assert certificate.exit_code == 4
    assert certificate.unexplained == len(run.plan.active)
    assert {cell["field"] for cell in certificate.cells} == {"comments"}


def test_a_canary_notices_the_robot_before_the_rest_is_written(world: World) -> None:
    run = world.plan(winner="newest")
    meddle(world)
    world.apply(run, limit=2)

    cells = check_canary(run, world.portal, world.clock)

    assert world.writes() == 2
    assert {cell["field"] for cell in cells} == {"comments"}


def test_a_canary_without_a_robot_is_clean(world: World) -> None:
    run = world.plan(winner="newest")
    world.apply(run, limit=2)

    assert check_canary(run, world.portal, world.clock) == []


def test_an_edit_after_the_run_is_named_with_who_and_when(world: World) -> None:
    run = world.plan(winner="newest")
    world.apply(run)
    contact = int(run.plan.active.iloc[0]["record_id"])
    world.clock.sleep(600)
    world.edit(contact, by=4, ASSIGNED_BY_ID=6)

    certificate = world.verify(run)

    assert certificate.clean
    assert certificate.exit_code == 3
    assert certificate.someone_else == 1
    cell = certificate.cells[0]
    assert (cell["record_id"], cell["field"], cell["found"], cell["by"]) == (contact, "assignedById", 6, 4)
    assert cell["at"].startswith("2026-06-01T")


def test_new_work_since_the_run_is_drift_not_failure(world: World) -> None:
    run = world.plan(winner="newest")
    world.apply(run)
    untouched = next(each for each in world.owners() if each not in set(run.plan.active["record_id"]))
    world.clock.sleep(600)
    world.edit(untouched, ASSIGNED_BY_ID=6)

    certificate = world.verify(run)

    assert certificate.clean
    assert certificate.drift == 1
    assert certificate.second_plan == 0


def test_a_cell_that_was_not_written_though_the_portal_said_so_is_unexplained(world: World) -> None:
    run = world.plan(winner="newest")
    world.apply(run)
    row = run.plan.active.iloc[0]
    was = int(row["before"].split(":")[1].strip(" }"))
    world.sandbox.store.update("crm_3", int(row["record_id"]), {"ASSIGNED_BY_ID": was})

    certificate = world.verify(run)

    assert certificate.unexplained == 1
    assert not certificate.clean
