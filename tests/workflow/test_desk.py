"""The desk on a small firm: who is here, who is made, what is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import SECRET, World, make_world
from toolkit import workflow
from toolkit.errors import ParameterError
from toolkit.runs import Run
from toolkit.sandbox import InProcessTransport
from toolkit.settings import Settings
from toolkit.workflow import Workspace, desk


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world", contacts=5, deals=6)


@pytest.fixture
def work(world: World, tmp_path: Path) -> Workspace:
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=tmp_path / "state",
        snapshots=tmp_path / "snapshots",
        plan="box",
        language="en",
    )
    return Workspace(settings, world.clock, InProcessTransport(world.sandbox))


def cards(world: World, type_id: int = 3) -> list[dict[str, Any]]:
    return [dict(row) for row in world.sandbox.store.rows(f"SELECT * FROM crm_{type_id} ORDER BY ID")]


def make_anna(work: Workspace, **more: Any) -> desk.Written:
    return desk.create_contact(
        work,
        name="Анна",
        last_name="Полякова",
        phones=["8 (912) 000-00-01"],
        emails=["anna@example.org"],
        **more,
    )


def test_a_new_contact_is_made_once_and_found_again(world: World, work: Workspace) -> None:
    first = make_anna(work)
    second = make_anna(work)

    assert (first.state, second.state) == ("created", "already")
    assert first.id == second.id
    assert first.exit_code == 0
    assert len(cards(world)) == 6
    answer = desk.find_contact(work, phone="+7 912 000 00 01", name="Полякова Анна")
    assert (answer.verdict, answer.id, answer.source) == ("one", first.id, "portal")
    assert answer.card["lastName"] == "Полякова"
    assert answer.candidates[0].evidence


def test_nobody_is_made_twice_under_another_key(world: World, work: Workspace) -> None:
    made = make_anna(work, key="cc:site:contact:1")

    with pytest.raises(desk.ClientIsHere) as refused:
        make_anna(work, key="cc:site:contact:2")

    assert refused.value.answer.id == made.id
    assert refused.value.exit_code == 3
    assert len(cards(world)) == 6
    assert make_anna(work, key="cc:site:contact:2", anyway=True).state == "created"
    assert len(cards(world)) == 7


def test_a_lost_answer_makes_no_second_card(world: World, work: Workspace) -> None:
    world.sandbox.faults.lose_answer_to("crm.item.add")

    made = make_anna(work)

    assert made.id == cards(world)[-1]["ID"]
    assert len(cards(world)) == 6


def test_a_name_alone_is_shown_and_never_taken(work: Workspace) -> None:
    make_anna(work)

    answer = desk.find_contact(work, name="Полякова Анна")

    assert answer.verdict == "perhaps"
    assert answer.id == 0
    assert len(answer.candidates) == 1


def test_an_edit_leaves_what_somebody_changed_since(world: World, work: Workspace) -> None:
    made = make_anna(work)
    seen = desk.find_contact(work, card=made.id).card
    world.edit(made.id, NAME="Анна-Мария")

    kept = desk.edit_contact(work, made.id, {"name": "Аня", "post": "директор"}, seen=seen)

    card = cards(world)[-1]
    assert (card["NAME"], card["POST"]) == ("Анна-Мария", "директор")
    assert (kept.state, kept.exit_code) == ("partly", 3)
    assert "changed since it was read" in kept.left[0]
    assert desk.edit_contact(work, made.id, {"name": "Аня"}).state == "edited"
    assert desk.edit_contact(work, made.id, {"name": "Аня"}).state == "already"


def test_a_phone_is_not_added_twice_in_another_spelling(world: World, work: Workspace) -> None:
    made = make_anna(work)

    same = desk.edit_contact(work, made.id, phones=["+7 912 000-00-01"])
    more = desk.edit_contact(work, made.id, phones=["+7 912 000-00-02"])

    held = world.sandbox.store.rows(
        f"SELECT VALUE FROM multifield WHERE ENTITY_TYPE_ID = 3 AND ELEMENT_ID = {made.id} AND TYPE_ID = 'PHONE'"
    )
    assert (same.state, more.state) == ("already", "edited")
    assert sorted(row["VALUE"] for row in held) == ["+7 912 000-00-02", "8 (912) 000-00-01"]


def test_a_company_comes_with_its_requisites_and_is_found_by_inn(world: World, work: Workspace) -> None:
    made = desk.create_company(work, title="ООО «Ромашка»", inn="7707083893", kpp="773601001")
    again = desk.create_company(work, title="ООО «Ромашка»", inn="7707083893", kpp="773601001")

    assert (made.state, again.state) == ("created", "already")
    answer = desk.find_company(work, inn="7707083893", name="Ромашка ООО")
    assert (answer.verdict, answer.id) == ("one", made.id)
    assert desk.find_company(work, name="Ромашка").verdict == "perhaps"
    row = world.sandbox.store.rows("SELECT * FROM requisite")[0]
    assert (row["ENTITY_ID"], row["RQ_INN"], row["RQ_KPP"]) == (made.id, "7707083893", "773601001")


def test_what_the_desk_wrote_is_taken_back(world: World, work: Workspace) -> None:
    before = cards(world)
    made = make_anna(work)

    back = workflow.plan_undo(work, Run.find(work.root, made.run, work.clock.now))
    assert workflow.rehearse(work, back).clean
    workflow.approve(back, portal=back.facts.portal, count=len(back.plan.active))
    assert workflow.carry_out(work, back, notify=False).complete

    assert cards(world) == before


def test_an_unknown_field_is_refused_before_anything_is_written(world: World, work: Workspace) -> None:
    with pytest.raises(ParameterError):
        desk.edit_contact(work, 1, {"nickname": "x"})
    with pytest.raises(ParameterError):
        desk.create_contact(work, name="Пётр", fields={"nickname": "x"})

    assert world.writes() == world.writes("crm.item.add") == 0


def test_the_snapshot_answers_first_and_the_portal_where_it_knows_nobody(
    world: World, work: Workspace
) -> None:
    made = make_anna(work)
    workflow.snapshot(work, ["user", "contact", "company", "requisite"])
    later = desk.create_contact(work, name="Борис", last_name="Крылов", phones=["8 912 000-00-09"])

    old = desk.find_contact(work, phone="8 912 000-00-01", name="Анна Полякова")
    new = desk.find_contact(work, phone="8 912 000-00-09", name="Борис Крылов")

    assert (old.source, old.id) == ("snapshot", made.id)
    assert (new.source, new.id) == ("portal", later.id)
    assert desk.find_contact(work, phone="8 912 000-00-09", source="snapshot").verdict == "none"
