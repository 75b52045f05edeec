"""Merges end like the undisturbed one or are listed with what remains; nothing is merged twice or blindly."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.runs.merges.carrying import aliases
from toolkit.sandbox.faults import KINDS
from toolkit.sandbox.switches import Switches

from .conftest import World
from .duplicates import Kept, add, ask, cards, held, make_doubled

MERGE = "crm.entity.mergeBatch"
UNHAPPY = [kind for kind in KINDS if kind not in ("call", "overload", "deleted", "slow")]

WRITTEN = ("lose_answer", "server_error_after", "partial")
"""Faults after which something was written: they are played at every kind of write."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The doubled firm with its merge planned; each test takes it up anew."""
    root = tmp_path_factory.mktemp("doubled")
    world = make_doubled(root)
    world.plan().close()
    return Kept.of(world, root / "aside")


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> World:
    return kept.again(tmp_path)


@pytest.fixture(scope="module")
def wanted(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> object:
    """What the portal holds after an undisturbed run."""
    world = kept.again(tmp_path_factory.mktemp("undisturbed"))
    run = world.planned()
    world.apply(run)
    assert world.verify(run).complete
    return end_of(world)


def end_of(world: World) -> object:
    return held(world, without=("DATE_CREATE", "DATE_MODIFY"))


def merges(world: World) -> int:
    return world.writes(MERGE) or world.writes(MERGE.lower())


def test_clients_become_one_card_each_and_a_second_plan_is_empty(world: World) -> None:
    run = world.planned()

    counts = world.apply(run)

    certificate = world.verify(run)
    assert set(counts) == {"done", "already"}
    assert certificate.complete
    assert (cards(world), cards(world, 4)) == ([1, 4, 6], [1, 3])
    anna = ask(world, "crm.item.get", entityTypeId=3, id=1)["item"]
    assert (anna["secondName"], anna["post"], anna["comments"]) == ("Петровна", "главбух", "звонить утром")
    assert {each["value"] for each in anna["fm"]} == {"8 903 123-45-67", "anna@mail.ru"}
    assert anna["companyIds"] == [1, 3]


def test_losing_values_stay_in_the_plan(world: World) -> None:
    run = world.planned()

    before = run.plan.table.query("kind == 'merge' and entity == 'contact'")["before"].iloc[0]

    assert '"value": "бухгалтер"' in before


def test_requests_for_a_small_run_are_bounded(world: World) -> None:
    run = world.planned()
    sent = world.portal.requests_sent

    world.apply(run)

    # Each kind of row looks once and writes once; merges look, merge and look again in two requests.
    kinds = run.plan.table.groupby(["phase", "kind", "entity"]).ngroups
    assert world.portal.requests_sent - sent <= 2 * kinds


def test_a_card_edited_after_planning_is_not_merged(world: World) -> None:
    run = world.planned()
    world.edit(3, POST="директор")

    counts = world.apply(run)

    assert counts["conflict"] >= 1
    assert 3 in cards(world)
    told = run.journal.table().query("state == 'conflict'")["message"].tolist()
    assert any("changed since" in message for message in told)
    assert world.verify(run).exit_code in (3, 4)


def test_a_card_edited_between_looking_and_merging_is_the_portals_conflict(world: World) -> None:
    run = world.planned()
    world.sandbox.faults.before(lambda: world.edit(5, POST="директор"), MERGE, at=1)
    world.sandbox.faults.before(lambda: world.edit(4, POST="повар"), MERGE, at=1)

    counts = world.apply(run)

    told = run.journal.table().set_index("change")
    change = int(
        run.plan.table.query("kind == 'merge' and entity == 'contact' and record_id == 4")["change"].iloc[0]
    )
    assert told.loc[change, "state"] in ("rejected", "conflict")
    assert {4, 5} <= set(cards(world))
    assert counts["done"] > 0


@pytest.mark.parametrize("stage", ["requisites", "master", "first_loser"])
def test_a_merge_that_breaks_on_the_way_is_listed_and_never_sent_again(stage: str, world: World) -> None:
    world.sandbox.switches = Switches({"merge_breaks_after": stage})
    run = world.planned()

    counts = world.apply(run)
    again = world.apply(run)

    assert counts == again
    assert merges(world) == 3
    told = run.journal.table().merge(run.plan.table[["change", "kind"]], on="change").query("kind == 'merge'")
    # With one card to merge, breaking after the first is breaking when all is done: what is left decides.
    assert set(told["state"]) <= {"rejected", "conflict", *(["done"] if stage == "first_loser" else [])}
    assert told.query("state != 'done'")["message"].str.contains("the portal answered ERROR").all()
    assert world.verify(run).exit_code in (3, 4)


def test_a_card_that_vanished_before_the_merge_stops_only_its_group(world: World) -> None:
    run = world.planned()
    ask(world, "crm.item.delete", entityTypeId=3, id=5)

    world.apply(run)

    told = run.journal.table().merge(run.plan.table, on="change").query("kind == 'merge'")
    states = told.set_index("record_id")["state"].to_dict()
    assert states[4] == "conflict"
    assert told.query("record_id == 4")["message"].str.contains("lacks what they held").all()
    assert cards(world) == [1, 4, 6]


@pytest.mark.parametrize("missing", ["dropped", "owner_not_found"])
def test_a_card_that_vanishes_while_it_is_merged_is_known_afterwards(missing: str, world: World) -> None:
    world.sandbox.switches = Switches({"merge_missing_ids": missing})
    run = world.planned()
    gone = {"entityTypeId": 3, "id": 2}
    world.sandbox.faults.before(lambda: _delete(world, **gone), MERGE, at=2)

    counts = world.apply(run)

    assert counts == world.apply(run)
    told = run.journal.table().merge(run.plan.table, on="change").query("kind == 'merge'")
    assert "sent" not in set(told["state"])
    assert merges(world) <= 3
    # Where the portal passes over what is gone, what was on that card did not arrive: a person has to know.
    state = told.query("entity == 'contact' and record_id == 1")["state"].iloc[0]
    assert state == ("conflict" if missing == "dropped" else "rejected")


def _delete(world: World, *, entityTypeId: int, id: int) -> None:  # noqa: N803, A002 - as on the wire
    kind = world.sandbox.schema.kind(entityTypeId)
    world.sandbox.records.delete(kind, id, world.sandbox.system_caller(1))


def test_what_follows_a_merge_waits_for_it(world: World) -> None:
    world.sandbox.switches = Switches({"merge_breaks_after": "requisites"})
    before = held(world)["binding"]
    run = world.planned()

    world.apply(run)

    assert held(world)["binding"] == before
    assert "the cards were not merged" in run.journal.table()["message"].tolist()


def test_a_plan_without_the_right_to_merge_is_rejected_in_the_portals_words(world: World) -> None:
    world.sandbox.features["merge"] = False
    run = world.planned()

    world.apply(run)

    assert len(cards(world)) == 6
    assert "CRM_FEATURE_RESTRICTION_ERROR" in set(run.journal.table()["code"])


def test_a_lost_answer_is_looked_up_and_nothing_is_merged_twice(world: World, wanted: object) -> None:
    run = world.planned()
    world.sandbox.faults.lose_answer_to(MERGE)

    world.apply(run)

    assert end_of(world) == wanted
    assert merges(world) == 3


@pytest.mark.parametrize("kind", UNHAPPY)
def test_every_fault_around_the_merge_ends_like_the_undisturbed_run(
    kind: str, kept: Kept, wanted: object, tmp_path: Path
) -> None:
    rest = (("crm.item.update", 1), ("crm.requisite.bankdetail.add", 1)) if kind in WRITTEN else ()
    for method, at in ((MERGE, 1), *rest):
        world = kept.again(tmp_path / f"{kind}{method}{at}")
        run = world.planned()
        world.sandbox.faults.plan(kind, method, at=at, seconds=1 if kind == "partial" else 0)

        world.apply(run)

        assert end_of(world) == wanted, (kind, method, at)
        assert merges(world) == 3, (kind, method, at)


def test_a_group_that_is_struck_leaves_its_cards_alone(world: World) -> None:
    run = world.planned()
    table = run.plan.table
    struck = table.query("kind == 'merge' and entity == 'contact' and record_id == 1")["change"]
    run.freeze(run.plan.narrowed(set(table["change"]) - set(struck)))

    world.apply(run)

    assert cards(world) == [1, 2, 3, 4, 6]
    assert ask(world, "crm.item.get", entityTypeId=3, id=1)["item"]["post"] == "бухгалтер"


def test_merged_cards_are_found_under_their_new_id(world: World) -> None:
    run = world.planned()
    world.apply(run)

    assert aliases([run]) == {
        ("company", 2): 1,
        ("contact", 2): 1,
        ("contact", 3): 1,
        ("contact", 5): 4,
    }


def test_a_new_duplicate_since_the_certificate_is_drift_and_not_our_fault(world: World) -> None:
    run = world.planned()
    world.apply(run)
    add(world, 3, "+79120001122", NAME="Олег", LAST_NAME="Кузнецов")

    certificate = world.verify(run)

    assert certificate.clean
    assert certificate.drift > 0
