"""Merges begin with a few whole groups, and a long run is spread over the nights of its window."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from toolkit import workflow
from toolkit.cli.asking import nights_of
from toolkit.client import SimulatedClock
from toolkit.errors import CanaryFailed, ParameterError
from toolkit.runs import Window, first_groups
from toolkit.workflow import Workspace

from .conftest import World
from .duplicates import ask, cards, make_doubled
from .test_review_groups import workspace_of

MERGE = "crm.entity.mergeBatch"
NIGHT = Window.model_validate({"start": "01:00", "end": "02:00", "zone": "Europe/Moscow"})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_doubled(tmp_path)


@pytest.fixture
def work(world: World) -> Workspace:
    return workspace_of(world)


def test_a_canary_of_merges_is_whole_groups(work: Workspace) -> None:
    run = workflow.plan(work, "deduplicate", {})

    first = first_groups(run.plan, 1)

    assert first is not None
    rows = run.plan.table[run.plan.table["change"].isin(first)]
    assert (rows["kind"] == "merge").sum() == 1
    assert set(" ".join(rows["group"]).split()) == set(rows.loc[rows["kind"] == "merge", "group"])
    assert first_groups(run.plan, 99) == frozenset(
        run.plan.active.loc[run.plan.active["group"] != "", "change"]
    )


def test_the_first_groups_are_looked_at_before_the_rest_follows(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "deduplicate", {})
    workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))

    certificate = workflow.carry_out(work, run, canary=1)

    noted = run.journal.last("canary")
    assert noted is not None
    assert noted["clean"]
    assert certificate.complete
    assert world.writes(MERGE) or world.writes(MERGE.lower())


def test_a_robot_that_answers_a_merge_stops_the_run_after_the_first_group(
    world: World, work: Workspace
) -> None:
    run = workflow.plan(work, "deduplicate", {"entities": ["contact"]})
    workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))
    masters = run.plan.active.query("kind == 'merge'")["record_id"].astype(int).tolist()
    world.sandbox.faults.before(
        lambda: world.edit(masters[0], SOURCE_DESCRIPTION="робот"), "crm.item.list", at=4
    )

    with pytest.raises(CanaryFailed):
        workflow.carry_out(work, run, canary=1)

    assert len(cards(world)) > 3, "the other groups were not merged"


def test_a_run_too_long_for_a_night_goes_on_in_the_next(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "deduplicate", {})
    workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))
    for each in range(1, 9):
        world.sandbox.faults.before(lambda: world.clock.sleep(1500), "crm.item.update", at=each)
        world.sandbox.faults.before(lambda: world.clock.sleep(1500), MERGE, at=each)

    certificate = workflow.carry_out_in_windows(work, run, NIGHT)

    assert certificate.complete
    assert len(run.journal.events("waiting")) >= 2
    assert len(run.journal.events("paused")) >= 1
    requests = run.journal.requests()
    writing = requests[requests["methods"].str.contains("update|merge", case=False)]
    assert all(NIGHT.remaining_s(at) > 0 for at in writing["at"]), "nothing is written outside the window"
    assert ask(world, "crm.item.get", entityTypeId=3, id=1)["item"]["secondName"] == "Петровна"


def test_the_window_opens_when_it_says() -> None:
    zone = ZoneInfo("Europe/Moscow")
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=zone).timestamp()  # a Monday
    weekly = Window.model_validate({"start": "22:00", "end": "06:00", "days": [5]})

    assert NIGHT.opens_in_s(noon) == 13 * 3600
    assert NIGHT.opens_in_s(noon + 13 * 3600 + 60) == 0
    assert weekly.opens_in_s(noon) == (4 * 24 + 10) * 3600
    assert weekly.length_s == 8 * 3600


def test_the_cost_is_told_in_nights_before_the_run(work: Workspace) -> None:
    run = workflow.plan(work, "deduplicate", {})
    cost = workflow.cost_of(work, run)
    minute = Window.model_validate({"start": "01:00", "end": "01:01"})

    assert cost.windows(NIGHT) == 1
    assert cost.windows(minute) == max(1, -(-int(cost.apply.seconds) // 60)) or cost.apply.seconds < 60
    assert isinstance(work.clock, SimulatedClock)


@pytest.mark.parametrize("text", ["01:00", "25:00-06:00", "01:00-06:00 Europe/Atlantis", "01:00-01:00"])
def test_nights_that_are_none_are_refused_before_anything_is_read(text: str) -> None:
    with pytest.raises(ParameterError, match="--nights"):
        nights_of(text)


def test_nights_are_typed_with_or_without_a_zone() -> None:
    assert nights_of("01:00-02:00") == NIGHT
    omsk = nights_of("23:00-05:30 Asia/Omsk")
    assert omsk is not None
    assert (omsk.zone, omsk.length_s) == ("Asia/Omsk", 6.5 * 3600)
