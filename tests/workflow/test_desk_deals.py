"""Deals at the desk, the people of a deal, and the portal's dictionaries."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

import toolkit
from tests.runs.conftest import SECRET, World, make_world
from toolkit import workflow
from toolkit.errors import ParameterError
from toolkit.runs import Run
from toolkit.sandbox import InProcessTransport
from toolkit.sandbox.state.records import Draft
from toolkit.settings import Settings
from toolkit.workflow import Workspace, desk


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world", contacts=3, deals=3)


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


def deals(world: World) -> list[dict[str, Any]]:
    return [dict(row) for row in world.sandbox.store.rows("SELECT * FROM crm_2 ORDER BY ID")]


def test_the_deals_of_a_client_come_with_who_the_client_is(work: Workspace) -> None:
    anna = desk.create_contact(work, name="Анна", last_name="Полякова", phones=["8 912 000-00-01"])
    first = desk.create_deal(work, title="Ремонт", contact=anna.id)

    client = desk.find_contact(work, phone="+7 912 000-00-01", name="Анна Полякова")
    found = desk.deals_of(work, client)

    assert (found.verdict, found.id) == ("one", first.id)
    assert found.client is client
    assert found.table["title"].tolist() == ["Ремонт"]
    assert "Ремонт" in found.words("en")


def test_whose_deals_are_meant_is_not_guessed(work: Workspace) -> None:
    desk.create_contact(work, name="Анна", last_name="Полякова", phones=["8 912 000-00-01"])

    found = desk.deals_of(work, desk.find_contact(work, name="Анна Полякова"))

    assert found.verdict == "client"
    assert found.table.empty
    assert desk.deals_of(work, desk.find_contact(work, phone="8 912 999-99-99")).verdict == "none"


def test_a_deal_is_made_once_and_not_beside_an_open_one(world: World, work: Workspace) -> None:
    company = desk.create_company(work, title="ООО Ромашка", inn="7707083893").id
    made = desk.create_deal(work, title="Поставка", company=company, key="cc:site:deal:1")

    assert desk.create_deal(work, title="Поставка", company=company, key="cc:site:deal:1").state == "already"
    with pytest.raises(desk.DealIsHere) as refused:
        desk.create_deal(work, title="Ещё поставка", company=company, key="cc:site:deal:2")
    assert refused.value.found.id == made.id
    assert len(deals(world)) == 4

    desk.edit_deal(work, made.id, {"stageId": "WON"})
    again = desk.create_deal(work, title="Ещё поставка", company=company, key="cc:site:deal:2")
    assert again.state == "created"
    assert {row["ID"]: row["STAGE_ID"] for row in deals(world)}[made.id] == "WON"


def test_an_edit_of_a_deal_keeps_what_somebody_decided_and_is_taken_back(
    world: World, work: Workspace
) -> None:
    seen = work_card(work, 1)
    world.sandbox.store.update("crm_2", 1, {"TITLE": "Решено человеком"})

    written = desk.edit_deal(work, 1, {"title": "Наше", "opportunity": 5000}, seen=seen)

    assert (written.state, written.exit_code) == ("partly", 3)
    assert (deals(world)[0]["TITLE"], float(deals(world)[0]["OPPORTUNITY"])) == ("Решено человеком", 5000.0)
    back = workflow.plan_undo(work, Run.find(work.root, written.run, work.clock.now))
    workflow.approve(back, portal=back.facts.portal, count=len(back.plan.active))
    assert workflow.carry_out(work, back, notify=False).clean
    assert float(deals(world)[0]["OPPORTUNITY"] or 0) == 0.0


def work_card(work: Workspace, number: int) -> dict[str, Any]:
    row = desk.find_deals(work, card=number).table.iloc[0].to_dict()
    return {str(name): value for name, value in row.items()}


def test_deals_are_found_by_all_that_is_asked(work: Workspace) -> None:
    assert desk.find_deals(work, title="Сделка 1").verdict == "one"
    assert desk.find_deals(work, title="Сделка").verdict == "several"
    assert desk.find_deals(work, title="Сделка", stage="LOSE").verdict == "none"
    with pytest.raises(ParameterError):
        desk.find_deals(work)


def test_the_people_of_a_deal_are_named_with_their_part_in_it(world: World, work: Workspace) -> None:
    desk.edit_deal(work, 1, {"assignedById": 3, "observers": [2, 4]})
    world.edit(1, ASSIGNED_BY_ID=5)

    people = desk.deal_users(work, 1)

    part = people.groupby("role")["user"].apply(list).to_dict()
    assert (part["responsible"], sorted(part["observer"]), part["contact"]) == ([3], [2, 4], [5])
    assert part["creator"] == [1]
    assert people.loc[people["role"] == "responsible", "name"].tolist() == ["Имя3 Фамилия3"]
    assert people.loc[people["role"] == "contact", "of"].tolist() == ["contact 1"]
    with pytest.raises(ParameterError):
        desk.deal_users(work, 999)


def test_dictionaries_are_asked_for_once_an_hour(world: World, work: Workspace) -> None:
    first = desk.dictionaries(work)
    asked = len(world.sandbox.log)
    world.clock.sleep(600)
    kept = desk.dictionaries(work)

    assert len(world.sandbox.log) == asked
    assert asked <= 6
    assert kept.entries == first.entries
    assert kept.age_s == pytest.approx(600, abs=2)
    assert {each["id"] for each in first.entries["stages"]} >= {"NEW", "WON", "LOSE"}
    assert all(not first.table(name).empty for name in ("sources", "stages", "types", "pipelines", "users"))
    assert first.table("users").set_index("id")["active"].to_dict()[6] is False

    world.clock.sleep(3600)
    desk.dictionaries(work)
    assert len(world.sandbox.log) > asked


def test_kept_dictionaries_that_were_damaged_are_read_again(work: Workspace) -> None:
    first = desk.dictionaries(work)
    path = next(work.root.glob("*/dictionaries.json"))
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("{", encoding="utf-8")

    assert desk.dictionaries(work).entries == first.entries
    with pytest.raises(ParameterError):
        first.table("colours")


def test_the_desk_is_at_hand_and_takes_days_as_days(world: World, work: Workspace) -> None:
    written = toolkit.desk.edit_deal(work, 1, {"closedate": date(2026, 12, 31)})

    assert written.state == "edited", written
    assert desk.edit_deal(work, 1, {"closedate": date(2026, 12, 31)}).state == "already"


@pytest.mark.parametrize("early", [True, False], ids=["before", "after"])
def test_a_deal_somebody_has_worked_on_since_is_not_taken_away(
    world: World, work: Workspace, early: bool
) -> None:
    made = desk.create_deal(work, title="Ремонт")
    run = Run.find(work.root, made.run, work.clock.now)
    kind, caller = world.sandbox.schema.kind(2), world.sandbox.system_caller(3)
    world.clock.sleep(60)

    back = None if early else workflow.plan_undo(work, run)
    world.sandbox.records.update(kind, made.id, Draft({"STAGE_ID": "PREPARATION"}), caller)
    back = back or workflow.plan_undo(work, run)
    if len(back.plan.active):
        workflow.approve(back, portal=back.facts.portal, count=len(back.plan.active))
        workflow.carry_out(work, back)

    assert [each["STAGE_ID"] for each in deals(world) if each["ID"] == made.id] == ["PREPARATION"]
    told = back.plan.listed if early else back.journal.table()
    assert "stageId" in str(told.to_dict("records"))
