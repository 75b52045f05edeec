"""What the portal holds after a run: exactly what was planned, nothing twice, nobody's edit lost."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from toolkit.errors import AccessRefused, BreakerOpen, Paused, StorageError
from toolkit.runs import ApplyRules, apply
from toolkit.sandbox.faults import KINDS

from .conftest import Kept, World, make_world

UNHAPPY = [kind for kind in KINDS if kind not in ("call", "overload", "deleted", "slow")]


class Killed(BaseException):
    """The process is gone: nothing in it runs any more."""


@pytest.fixture(scope="module")
def wanted(planned: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[int, int]:
    """Contact id to responsible after the undisturbed run."""
    world = planned.again(tmp_path_factory.mktemp("undisturbed"))
    run = world.planned()
    world.apply(run)
    assert world.verify(run).complete
    return world.owners()


def test_contacts_follow_their_deals_and_a_second_plan_is_empty(world: World) -> None:
    run = world.plan(winner="newest")
    planned = len(run.plan.active)

    counts = world.apply(run)

    certificate = world.verify(run)
    assert planned > 3
    assert counts == {"done": planned}
    assert world.writes() == planned
    assert certificate.complete
    assert certificate.as_planned == planned


def test_applying_twice_writes_nothing_more(world: World) -> None:
    run = world.plan(winner="newest")
    world.apply(run)
    before = world.writes()

    world.apply(run)

    assert world.writes() == before


def test_what_is_already_true_costs_no_write(world: World) -> None:
    run = world.plan(winner="newest")
    row = run.plan.active.iloc[0]
    world.edit(int(row["record_id"]), ASSIGNED_BY_ID=int(row["after"].split(":")[1].strip(" }")))

    counts = world.apply(run)

    assert counts["already"] == 1
    assert world.writes() == len(run.plan.active) - 1


def test_a_record_someone_changed_is_left_alone_and_listed(world: World) -> None:
    run = world.plan(winner="newest")
    row = run.plan.active.iloc[0]
    contact = int(row["record_id"])
    other = next(user for user in range(1, 6) if f": {user}" not in row["before"] + row["after"])
    world.edit(contact, ASSIGNED_BY_ID=other)

    counts = world.apply(run)

    assert world.owners()[contact] == other
    assert counts["conflict"] == 1
    conflict = run.journal.table().set_index("change").loc[row["change"]]
    assert "assignedById changed since the snapshot, by user 3" in conflict["message"]
    assert world.verify(run).exit_code == 3


def test_edits_during_apply_survive(tmp_path: Path) -> None:
    world = make_world(tmp_path, contacts=120, deals=140)
    run = world.plan(winner="newest")
    last = run.plan.active.iloc[-1]
    contact = int(last["record_id"])
    # After the first batch has been written, before the second chunk's preconditions are read.
    world.sandbox.faults.before(lambda: world.edit(contact, ASSIGNED_BY_ID=6), "crm.item.update", at=1)

    counts = world.apply(run)

    assert world.owners()[contact] == 6
    assert counts["conflict"] == 1


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(world: World) -> None:
    run = world.plan(winner="newest")
    world.sandbox.faults.lose_answer_to("crm.item.update")

    counts = world.apply(run)

    assert counts == {"done": len(run.plan.active)}
    assert world.writes() == len(run.plan.active)


@pytest.mark.parametrize("kind", UNHAPPY)
def test_every_fault_at_every_request_ends_like_the_undisturbed_run(
    kind: str, planned: Kept, wanted: dict[int, int], tmp_path: Path
) -> None:
    for at in range(1, 6):
        world = planned.again(tmp_path / f"{kind}{at}")
        run = world.planned()
        world.sandbox.faults.plan(kind, at=at, seconds=3 if kind == "partial" else 0)

        world.apply(run)

        assert world.owners() == wanted, (kind, at)
        assert world.verify(run).complete, (kind, at)
        assert world.writes() <= len(run.plan.active), (kind, at)


@pytest.mark.parametrize("kind", ["rate", "operating", "server_error"])
def test_errors_inside_a_batch_are_seen_and_overcome(kind: str, world: World) -> None:
    run = world.plan(winner="newest")
    world.sandbox.faults.plan(kind, "crm.item.update", at=2, times=2, inside=True)

    counts = world.apply(run)

    assert counts == {"done": len(run.plan.active)}


def test_every_pair_of_faults_on_a_small_case(planned: Kept, wanted: dict[int, int], tmp_path: Path) -> None:
    for number, (first, second) in enumerate(itertools.product(UNHAPPY, repeat=2)):
        world = planned.again(tmp_path / str(number))
        run = world.planned()
        world.sandbox.faults.plan(first, "crm.item.update", at=1, seconds=2 if first == "partial" else 0)
        world.sandbox.faults.plan(second, "crm.item.update", at=1, seconds=2 if second == "partial" else 0)

        world.apply(run)

        assert world.owners() == wanted, (first, second)
        assert world.writes() <= len(run.plan.active), (first, second)


def test_killed_at_every_request_it_resumes_to_the_same_portal(
    planned: Kept, wanted: dict[int, int], tmp_path: Path
) -> None:
    for after, at in itertools.product([False, True], range(1, 7)):
        world = planned.again(tmp_path / f"{after}{at}")
        run = world.planned()
        send, seen = world.portal.send, itertools.count(1)

        def dying(commands, send=send, seen=seen, at=at, after=after):
            mine = next(seen) == at
            if mine and not after:
                raise Killed
            outcomes = send(commands)
            if mine:
                raise Killed
            return outcomes

        world.portal.send = dying
        died = False
        try:
            world.apply(run)
        except Killed:
            died = True
        world.portal.send = send
        run.close()

        counts = world.apply(run)

        assert world.owners() == wanted, (after, at)
        assert world.writes() == len(run.plan.active), (after, at)
        assert set(counts) == {"done"}
        if not died:
            return  # the run has fewer requests than that
    raise AssertionError("the sweep never reached the end of the run")


def test_killed_at_every_journal_write_it_resumes_to_the_same_portal(
    planned: Kept, wanted: dict[int, int], tmp_path: Path
) -> None:
    for at in itertools.count(1):
        world = planned.again(tmp_path / str(at))
        run = world.planned()
        seen = itertools.count(1)

        def dying(_what: str, seen=seen, at=at) -> None:
            if next(seen) == at:
                raise Killed

        run.journal._on_commit = dying
        died = False
        try:
            world.apply(run)
        except Killed:
            died = True
        run.close()

        world.apply(run)

        assert world.owners() == wanted, at
        assert world.writes() == len(run.plan.active), at
        if not died:
            assert at > 3
            return


def test_a_full_disk_stops_the_run_before_anything_is_sent(world: World) -> None:
    run = world.plan(winner="newest")

    def full(what: str) -> None:
        if what == "sent":
            raise OSError(28, "No space left on device")

    run.journal._on_commit = full
    with pytest.raises(StorageError, match="No space left"):
        world.apply(run)

    assert world.writes() == 0
    run.close()
    assert world.apply(run) == {"done": len(run.plan.active)}


def test_stopping_finishes_the_request_in_flight_and_pauses(tmp_path: Path) -> None:
    world = make_world(tmp_path, contacts=150, deals=150)
    run = world.plan(winner="newest")
    world.sandbox.faults.before(world.portal.stop, "crm.item.update")

    with pytest.raises(Paused):
        world.apply(run)

    assert 0 < world.writes() < len(run.plan.active)
    assert run.state == "paused"
    world.portal.resume()
    assert world.apply(run) == {"done": len(run.plan.active)}
    assert world.writes() == len(run.plan.active)


def test_a_poison_record_is_put_aside_and_its_neighbours_are_written(world: World) -> None:
    run = world.plan(winner="newest")
    poison = int(run.plan.active.iloc[2]["record_id"])
    world.sandbox.store.db.execute(
        f"CREATE TRIGGER poison BEFORE UPDATE ON crm_3 WHEN NEW.ID = {poison} BEGIN SELECT RAISE(FAIL, 'x'); END"
    )

    counts = world.apply(run)

    assert counts == {"done": len(run.plan.active) - 1, "quarantined": 1}
    put_aside = run.journal.table().query("state == 'quarantined'")
    assert put_aside["tries"].tolist() == [3]
    assert "INTERNAL_SERVER_ERROR" in put_aside["code"].iloc[0]


def test_a_change_the_portal_refuses_is_rejected_with_its_words(world: World) -> None:
    run = world.plan(winner="newest")
    contact = int(run.plan.active.iloc[0]["record_id"])
    world.sandbox.faults.before(lambda: world.sandbox.store.delete("crm_3", contact), "crm.item.update", at=1)

    counts = world.apply(run)

    assert counts["rejected"] == 1
    rejected = run.journal.table().query("state == 'rejected'").iloc[0]
    assert (rejected["code"], rejected["message"]) == ("NOT_FOUND", "Element not found")


def test_a_portal_that_keeps_failing_stops_the_run_and_resuming_finishes_it(world: World) -> None:
    run = world.plan(winner="newest")
    world.sandbox.faults.plan("cut_before", "crm.item.update", times=100)

    with pytest.raises(BreakerOpen, match="b24kit resume"):
        apply(run, world.portal, world.clock, ApplyRules(max_tries=100, breaker=3))

    world.sandbox.faults.clear()
    assert world.apply(run, max_tries=100) == {"done": len(run.plan.active)}


def test_a_withdrawn_webhook_stops_the_run_with_what_to_do(world: World) -> None:
    run = world.plan(winner="newest")
    world.sandbox.store.db.execute("UPDATE webhook SET ACTIVE = 'N'")

    with pytest.raises(AccessRefused, match="resume the run"):
        world.apply(run)

    assert world.writes() == 0


def test_a_clock_set_back_does_not_shorten_the_fence(world: World) -> None:
    run = world.plan(winner="newest")
    world.sandbox.faults.lose_answer_to("crm.item.update")
    world.sandbox.faults.before(
        lambda: setattr(world.clock, "_now", world.clock.now() - 7200), "crm.item.update"
    )
    began = world.clock.now() - 7200

    world.apply(run)

    assert world.clock.now() - began >= 60
    assert world.writes() == len(run.plan.active)


def test_only_so_many_requests_are_needed(tmp_path: Path) -> None:
    world = make_world(tmp_path, contacts=300, deals=300)
    run = world.plan(winner="newest")
    changes = len(run.plan.active)
    sent = world.portal.requests_sent

    world.apply(run)

    assert world.portal.requests_sent - sent <= -(-changes // 49) + 2


def test_no_secret_reaches_the_run_folder(world: World) -> None:
    from .conftest import SECRET

    run = world.plan(winner="newest")
    world.sandbox.faults.plan("html", at=1)
    world.sandbox.faults.lose_answer_to("crm.item.update")
    world.apply(run)
    world.verify(run)
    run.close()

    for path in world.root.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
