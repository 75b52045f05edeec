"""Everyday mode on a portal that is not always there: what arrives is carried out once, and nothing is lost."""

from __future__ import annotations

import json
import random
from pathlib import Path

import httpx
import pytest

from tests.runs.conftest import World, make_world
from tests.test_kill_sweep import DyingTransport, Killed
from tests.test_workflow import workspace
from toolkit.errors import ParameterError, PlanError
from toolkit.runs import Policy, Run, Window
from toolkit.sandbox.state.records import Draft
from toolkit.spool import FolderSource, Message, Spool
from toolkit.workflow import Workspace, approve, carry_out
from toolkit.workflow.everyday import hand_over, refuse, spool_of, take_in

NAME, ROWS = "reassign_by_table", "table"
POLICY = Policy(
    operations=[NAME], kinds=["update"], max_changes=500, max_changes_per_day=100000, max_share=1.0,
    must_rehearse=False, canary=0,
)  # fmt: skip


class Weather(httpx.BaseTransport):
    """A portal that is sometimes not there."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner, self.down = inner, False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("connection refused", request=request)
        return self.inner.handle_request(request)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world", contacts=8, deals=1)


def order(number: int, contact: int, to: int, owners: dict[int, int]) -> Message:
    """One contact to somebody, whoever has it now; the key is the contact."""
    row = {"from": str(owners[contact]), "to": str(to), "id": contact}
    return Message(f"m{number}", json.dumps(row), key=str(contact))


def other(owner: int) -> int:
    return owner % 5 + 1


def test_rows_of_a_folder_reach_the_portal(world: World, tmp_path: Path) -> None:
    work, before = workspace(world, tmp_path), world.owners()
    (tmp_path / "in").mkdir()
    lines = "\n".join(f"{before[each]};{other(before[each])};{each}" for each in (1, 2, 3))
    (tmp_path / "in" / "today.csv").write_text(f"from;to;id\n{lines}\n", encoding="utf-8")
    with spool_of(work, NAME) as spool:
        passed = take_in(spool, [FolderSource(tmp_path / "in", key="id", settle_s=0)])
        handed = hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)
        again = hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)

        assert (passed.took.put.new, handed.done, handed.waits_for, again.done) == (3, 3, None, 0)
        assert {row["run"] for row in spool.listed("done")} == set(handed.runs)
    assert world.owners() == {**before, **{each: other(before[each]) for each in (1, 2, 3)}}


def test_outside_the_window_everything_waits(world: World, tmp_path: Path) -> None:
    work, before = workspace(world, tmp_path), world.owners()
    now = work.clock.now()
    night = Window.model_validate({"start": "00:00", "end": "06:00", "zone": "UTC"})
    to_day = night.opens_in_s(now) or night.remaining_s(now) + 1
    work.clock.sleep(0 if night.opens_in_s(now) else to_day)
    policy = POLICY.model_copy(update={"window": night})
    with spool_of(work, NAME) as spool:
        spool.put([order(1, 1, other(before[1]), before)])
        assert hand_over(work, spool, NAME, {}, policy, rows_as=ROWS, rehearsing=False).waits_for
        assert world.owners() == before
        work.clock.sleep(night.opens_in_s(work.clock.now()) + 60)
        assert hand_over(work, spool, NAME, {}, policy, rows_as=ROWS, rehearsing=False).done == 1
    assert world.owners()[1] == other(before[1])


def test_a_row_the_operation_refuses_is_put_aside_and_holds_up_nobody(world: World, tmp_path: Path) -> None:
    work, before = workspace(world, tmp_path), world.owners()
    with spool_of(work, NAME) as spool:
        spool.put([order(each, each, other(before[each]), before) for each in (1, 2, 3)])
        spool.put([Message("odd", '{"from": "1"}'), Message("gone", '{"from": "1", "to": "999", "id": 4}')])
        handed = hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)

        assert (handed.done, handed.dead) == (3, 2)
        reasons = {row["id"]: row["reason"] for row in spool.listed("dead")}
        assert set(reasons) == {"odd", "gone"}
        assert "999" in reasons["gone"]
    assert world.owners() == {**before, **{each: other(before[each]) for each in (1, 2, 3)}}


def held_and_another(
    world: World, work: Workspace, spool: Spool, policy: Policy
) -> tuple[dict[int, int], str]:
    """Two rows in one batch that may not pass together, and one that came later; who had the contacts before."""
    before = world.owners()
    spool.put([order(each, each, other(before[each]), before) for each in (1, 2)])
    first = hand_over(work, spool, NAME, {}, policy, rows_as=ROWS, rehearsing=False)
    assert (first.done, first.waits_for, len(first.held), first.exit_code) == (0, None, 1, 5)
    again = dict(before) | {1: other(before[1])}
    spool.put([order(3, 3, other(before[3]), before), order(4, 1, other(again[1]), again)])
    second = hand_over(work, spool, NAME, {}, policy, rows_as=ROWS, rehearsing=False)
    # The third contact is not kept waiting; what comes later for the first contact waits for what is held.
    assert (second.done, second.held, spool.counts()["waiting"]) == (1, first.held, 1)
    assert world.owners() == {**before, 3: other(before[3])}
    ((batch, reason),) = spool.held()
    assert f"b24kit apply {batch.run}" in reason
    assert len(Run.all(work.root, work.clock.now)) == 2  # nothing is planned over and over
    return before, batch.run


NARROW = POLICY.model_copy(update={"max_changes": 1})


def test_a_batch_the_policy_refuses_is_held_until_a_person_applies_it(world: World, tmp_path: Path) -> None:
    work = workspace(world, tmp_path)
    with spool_of(work, NAME) as spool:
        before, run_id = held_and_another(world, work, spool, NARROW)
        run = Run.find(work.root, run_id, work.clock.now)
        approve(run, portal=run.facts.portal, count=2)
        carry_out(work, run)
        handed = hand_over(work, spool, NAME, {}, NARROW, rows_as=ROWS, rehearsing=False)

        assert (handed.done, handed.held) == (3, ())
        assert spool.counts() == {"waiting": 0, "taken": 0, "done": 4, "dead": 0}
    to = other(other(before[1]))
    assert world.owners() == {**before, 1: to, 2: other(before[2]), 3: other(before[3])}


def test_a_batch_that_is_held_goes_on_when_the_policy_comes_to_agree(world: World, tmp_path: Path) -> None:
    work = workspace(world, tmp_path)
    with spool_of(work, NAME) as spool:
        before, _ = held_and_another(world, work, spool, NARROW)
        handed = hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)
        assert (handed.done, handed.held) == (3, ())
    assert world.owners()[2] == other(before[2])


def test_a_person_who_refuses_a_held_batch_puts_its_rows_aside(world: World, tmp_path: Path) -> None:
    work = workspace(world, tmp_path)
    with spool_of(work, NAME) as spool:
        before, run_id = held_and_another(world, work, spool, NARROW)
        assert refuse(spool, run_id, "not these") == 2
        with pytest.raises(PlanError):
            refuse(spool, run_id, "not these")
        assert {row["reason"] for row in spool.listed("dead")} == {"not these"}
    assert world.owners()[2] == before[2]


def test_what_was_handed_over_is_forgotten_in_time_and_known_for_ever(world: World, tmp_path: Path) -> None:
    work, before = workspace(world, tmp_path), world.owners()
    with spool_of(work, NAME) as spool:
        row = order(1, 1, other(before[1]), before)
        spool.put([row])
        hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)
        work.clock.sleep(31 * 86400)
        hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)
        assert row.body not in [each["body"] for each in spool.listed("done")]
        assert all(row.body.encode() not in each.read_bytes() for each in spool.path.parent.iterdir())
        assert spool.put([row]).known == 1
        assert spool.put([Message(row.id, '{"another": 1}')]).dead == 1


def test_a_parameter_that_is_wrong_kills_no_row(world: World, tmp_path: Path) -> None:
    work, before = workspace(world, tmp_path), world.owners()
    with spool_of(work, NAME) as spool:
        spool.put([order(1, 1, 2, before)])
        for given, rows_as in (({"state": "odd"}, ROWS), ({}, "rows")):
            with pytest.raises(ParameterError):
                hand_over(work, spool, NAME, given, POLICY, rows_as=rows_as)
        assert spool.counts()["dead"] == 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_request_of_the_portal_rows_take_effect_once(tmp_path: Path, after: bool) -> None:
    for at in range(2, 60, 9):
        home = tmp_path / f"{at}"
        world = make_world(home, contacts=4, deals=1)
        work, before = workspace(world, home), world.owners()
        assert work.transport is not None
        dying = Workspace(work.settings, work.clock, DyingTransport(work.transport, at, after=after))
        with spool_of(work, NAME) as spool:
            spool.put([order(each, each, other(before[each]), before) for each in (1, 2)])
            try:
                hand_over(dying, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False, most=1)
                died = False
            except Killed:
                died = True
        with spool_of(work, NAME) as spool:
            hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False, most=1)
            assert spool.counts()["done"] == 2
        assert world.owners() == {**before, 1: other(before[1]), 2: other(before[2])}
        assert world.writes() == 2
        if not died:
            return
    pytest.fail("the sweep did not reach the end of the run")


def test_killed_before_the_spool_knew_a_finished_run_is_not_begun_again(world: World, tmp_path: Path) -> None:
    work, before = workspace(world, tmp_path), world.owners()

    def dies(what: str) -> None:
        if what == "done":
            raise Killed

    with spool_of(work, NAME) as kept:
        path = kept.path
    with Spool(path, work.clock.now, dies) as spool:
        spool.put([order(1, 1, other(before[1]), before)])
        with pytest.raises(Killed):
            hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)
    (first,) = Run.all(work.root, work.clock.now)
    # Meanwhile a person gives the contact back: carrying the row out again would take it from them.
    box = world.sandbox
    box.records.update(box.schema.kind(3), 1, Draft({"ASSIGNED_BY_ID": before[1]}), box.system_caller(3))
    with spool_of(work, NAME) as spool:
        handed = hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)
    assert handed.runs == (first.id,)
    assert world.owners() == before


def test_a_week_with_outages_ends_as_the_other_system_says(tmp_path: Path) -> None:
    world = make_world(tmp_path / "world", contacts=20, deals=1)
    calm = workspace(world, tmp_path)
    assert calm.transport is not None
    weather = Weather(calm.transport)
    work = Workspace(calm.settings, calm.clock, weather)
    truth, chance = dict(world.owners()), random.Random(8)
    folder = tmp_path / "in"
    folder.mkdir()
    waited = 0
    with spool_of(work, NAME) as spool:
        source = FolderSource(folder, key="id", version="n", settle_s=0)
        number = 0
        for hour in range(0, 7 * 24, 12):
            rows = []
            for contact in chance.sample(sorted(truth), 3):
                number += 1
                to = other(truth[contact])
                rows.append({"from": str(truth[contact]), "to": str(to), "id": contact})
                truth[contact] = to
            (folder / f"{hour:03}.json").write_text(json.dumps(rows), encoding="utf-8")
            (folder / f"again-{hour:03}.json").write_text(json.dumps(rows), encoding="utf-8")
            weather.down = 48 <= hour < 72 or chance.random() < 0.2  # a whole day, and now and then
            take_in(spool, [source])
            handed = hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)
            if weather.down:
                assert handed.waits_for is not None
                waited = max(waited, spool.counts()["waiting"] + spool.counts()["taken"])
            work.clock.sleep(12 * 3600)
        weather.down = False
        hand_over(work, spool, NAME, {}, POLICY, rows_as=ROWS, rehearsing=False)

        assert waited >= 6  # a day's rows were kept
        assert spool.counts() == {"waiting": 0, "taken": 0, "done": number, "dead": 0}
    assert world.owners() == truth
