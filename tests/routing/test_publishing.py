"""Directories published on a portal, read back, changed, scheduled, taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.routing.desk import Desk, rule
from toolkit import workflow
from toolkit.routing import RoutingRefused
from toolkit.sheets import book_of, check_file

FIRST = [rule("Брак", 2), rule("Доставка", 3, "Москва"), rule("Доставка", 4)]
SECOND = [rule("Брак", 2), rule("Чеки", 5), rule("Доставка", 5, "Москва"), rule("Доставка", 4)]


@pytest.fixture(params=["process", "list"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    return Desk.opened(tmp_path, shelf=request.param)


def test_what_is_published_is_what_was_in_the_file(desk: Desk) -> None:
    desk.publish(FIRST)

    published = workflow.published_routing(desk.work)
    assert published == book_of(desk.checked(FIRST))
    assert published is not None
    assert published.version is not None
    assert published.version.number == 1
    assert published.name("people", "3") == "Имя3 Фамилия3"


def test_publishing_the_same_again_asks_for_nothing(desk: Desk) -> None:
    desk.publish(FIRST)

    assert len(workflow.plan_publishing(desk.work, desk.checked(FIRST)).plan) == 0


def test_a_second_version_writes_only_what_changed_and_the_first_can_still_be_read(desk: Desk) -> None:
    desk.publish(FIRST)
    rehearsal = workflow.rehearse(desk.work, workflow.plan_publishing(desk.work, desk.checked(SECOND)))
    assert rehearsal.clean, rehearsal
    run = desk.publish(SECOND)

    # Two rows are new, one ends, and the version itself.
    assert len(run.plan.active) == 4
    assert workflow.published_routing(desk.work) == book_of(desk.checked(SECOND))
    assert workflow.published_routing(desk.work, 1) == book_of(desk.checked(FIRST))
    listed = workflow.publications(desk.work)
    assert listed["version"].tolist() == [2, 1]
    assert listed["state"].tolist() == ["in_force", "past"]
    assert listed["rules"].tolist() == [4, 3]
    assert listed["run"].tolist()[0] == run.id


def test_an_undo_leaves_the_portal_as_it_was_before(desk: Desk) -> None:
    desk.publish(FIRST)
    before = desk.items()
    run = desk.publish(SECOND)

    desk.carry_out(workflow.plan_undo(desk.work, run))

    assert desk.items() == before
    assert workflow.published_routing(desk.work) == book_of(desk.checked(FIRST))
    # What was taken back can be published again.
    desk.publish(SECOND)
    assert workflow.published_routing(desk.work) == book_of(desk.checked(SECOND))


def test_a_scheduled_version_is_in_force_from_its_day(desk: Desk) -> None:
    desk.publish(FIRST)
    desk.publish(SECOND, desk.in_days(3))

    assert workflow.published_routing(desk.work) == book_of(desk.checked(FIRST))
    assert workflow.publications(desk.work)["state"].tolist() == ["scheduled", "in_force"]
    desk.world.clock.sleep(3 * 86400)
    assert workflow.published_routing(desk.work) == book_of(desk.checked(SECOND))


def test_rows_change_places_without_being_written_anew(desk: Desk) -> None:
    desk.publish(FIRST)
    moved = [FIRST[2], FIRST[0], FIRST[1]]
    run = desk.publish(moved)

    assert len(run.plan.active) == 3  # one row ends, one comes, and the version
    assert workflow.published_routing(desk.work) == book_of(desk.checked(moved))


def test_a_lost_answer_makes_nothing_twice(desk: Desk) -> None:
    adds = {"process": "crm.item.add", "list": "lists.element.add"}[desk.shelf]
    desk.world.sandbox.faults.lose_answer_to(adds, times=2)
    run = workflow.plan_publishing(desk.work, desk.checked(FIRST))

    desk.carry_out(run)

    assert len(desk.items()) == len(FIRST) + 1
    assert workflow.published_routing(desk.work) == book_of(desk.checked(FIRST))


def test_rows_edited_by_hand_are_not_believed(desk: Desk) -> None:
    desk.publish(FIRST)
    if desk.shelf == "list":
        item = next(each for each in desk.items() if '"kind":"rule"' in each["PREVIEW_TEXT"])
        edited = item["PREVIEW_TEXT"].replace('\\"2\\"', '\\"5\\"')
        assert edited != item["PREVIEW_TEXT"]
        desk.world.sandbox.store.update("iblock_element", item["ID"], {"PREVIEW_TEXT": edited})
    else:
        _edit_an_item(desk)

    with pytest.raises(RoutingRefused, match="by hand") as refused:
        workflow.published_routing(desk.work)

    assert "вручную" in refused.value.in_words("ru")


def _edit_an_item(desk: Desk) -> None:
    item = next(each for each in desk.items() if "rule" in each.values())
    kind = next(each for each in desk.world.sandbox.schema.kinds() if each.entity_type_id >= 128)
    content = next(key for key in item if key.endswith("CONTENT"))
    edited = item[content].replace('"2"', '"5"')
    desk.world.sandbox.store.update(f"crm_{kind.entity_type_id}", item["ID"], {content: edited})


def test_before_there_is_a_place_it_says_how_to_make_one(tmp_path: Path) -> None:
    desk = Desk.opened(tmp_path, provisioned=False)

    assert workflow.routing_process(desk.work) is None
    with pytest.raises(RoutingRefused, match="routing provision"):
        workflow.plan_publishing(desk.work, desk.checked(FIRST))


def test_a_file_that_was_not_compared_with_the_portal_is_not_published(desk: Desk) -> None:
    desk.checked(FIRST)
    checked = check_file(desk.home / "routing.csv", on=desk.today)

    with pytest.raises(RoutingRefused, match="not compared"):
        workflow.plan_publishing(desk.work, checked)


@pytest.mark.parametrize("shelf", ["process", "list"])
def test_provisioning_again_asks_for_nothing_and_its_undo_leaves_nothing(tmp_path: Path, shelf: str) -> None:
    desk = Desk.opened(tmp_path, provisioned=False, shelf=shelf)
    run = workflow.plan(desk.work, "provision_routing", {"shelf": shelf})
    desk.carry_out(run)
    assert len(workflow.plan(desk.work, "provision_routing", {"shelf": shelf}).plan) == 0

    desk.carry_out(workflow.plan_undo(desk.work, run))

    assert workflow.routing_process(desk.work) is None


def test_a_list_in_which_something_is_published_is_not_deleted(tmp_path: Path) -> None:
    desk = Desk.opened(tmp_path, provisioned=False, shelf="list")
    provisioned = workflow.plan(desk.work, "provision_routing", {"shelf": "list"})
    desk.carry_out(provisioned)
    desk.publish(FIRST)
    run = workflow.plan_undo(desk.work, provisioned)
    workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))

    workflow.carry_out(desk.work, run)

    assert workflow.published_routing(desk.work) == book_of(desk.checked(FIRST))


def test_names_that_do_not_fit_into_one_field_are_kept_in_rows_of_their_own(desk: Desk) -> None:
    book = book_of(desk.checked(FIRST))
    shops = {f"магазин {number}": f"Магазин {number}, улица Строителей" for number in range(900)}
    crowded = replace(book, names={**book.names, "words": {**book.names["words"], **shops}})

    desk.carry_out(workflow.plan_publishing(desk.work, crowded))

    published = workflow.published_routing(desk.work)
    assert published is not None
    assert published.name("words", "магазин 899") == "Магазин 899, улица Строителей"
    assert published.names == crowded.names
    texts = [str(value) for item in desk.items() for value in item.values()]
    assert max(len(text.encode()) for text in texts) < 65_535
    assert len(workflow.plan_publishing(desk.work, crowded).plan) == 0
