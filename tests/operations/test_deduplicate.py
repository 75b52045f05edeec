"""The whole way of a merge: planned, rehearsed on a sandbox of its own snapshot, and asked about afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit import workflow
from toolkit.operations.deduplicate import RUNNING
from toolkit.sandbox import InProcessTransport
from toolkit.settings import Settings
from toolkit.workflow import Workspace

from ..runs.conftest import SECRET, World
from ..runs.duplicates import ask, make_doubled


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_doubled(tmp_path)


@pytest.fixture
def work(world: World, tmp_path: Path) -> Workspace:
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        snapshots=world.root,
        state_dir=tmp_path / "state",
        plan="box",
    )
    return Workspace(settings, clock=world.clock, transport=InProcessTransport(world.sandbox))


def test_a_merge_can_be_rehearsed_on_its_own_snapshot(work: Workspace) -> None:
    run = workflow.plan(work, "deduplicate", {})

    rehearsal = workflow.rehearse(work, run)

    assert rehearsal.refused == {}
    assert rehearsal.certificate.unexplained == 0
    assert rehearsal.certificate.second_plan == 0


def test_a_client_is_found_in_the_snapshot_of_the_run_by_the_rules_that_merge(work: Workspace) -> None:
    workflow.plan(work, "deduplicate", {})

    found = workflow.match(work, phone="8 (903) 123-45-67", name="Иванова Анна")
    nobody = workflow.match(work, phone="+79990000000", name="Иванова Анна")

    assert (found.verdict, found.client) == ("one", 1)
    assert nobody.verdict == "none"


def test_a_merged_card_is_found_under_its_new_id_and_after_the_undo_under_another(
    work: Workspace, world: World
) -> None:
    run = workflow.plan(work, "deduplicate", {})
    world.apply(run)
    assert workflow.alias(work, 5) == {"contact": 4}

    back = workflow.plan_undo(work, run)
    world.apply(back)

    assert workflow.alias(work, 5)["contact"] > 6
    assert workflow.alias(work, 77) == {}


def test_items_of_every_smart_process_follow_without_being_named(work: Workspace, world: World) -> None:
    ask(world, "crm.type.add", fields={"title": "Обращения", "entityTypeId": 177, "isClientEnabled": "Y"})
    fields = {"title": "Звонок", "contactIds": [5]}
    number = ask(world, "crm.item.add", entityTypeId=177, fields=fields)["item"]["id"]

    run = workflow.plan(work, "deduplicate", {})
    world.apply(run)

    assert ask(world, "crm.item.get", entityTypeId=177, id=number)["item"]["contactIds"] == [4]
    same_order = workflow.unfinished(work, "deduplicate", {})
    assert same_order is not None
    assert same_order.id == run.id


def test_a_card_on_which_a_workflow_runs_is_not_merged_away(work: Workspace, world: World) -> None:
    _start_workflow(world, "CONTACT", 5)
    _start_workflow(world, "CONTACT", 6)

    run = workflow.plan(work, "deduplicate", {})

    merged = {int(each) for each in run.plan.active.query("kind == 'merge'")["record_id"]}
    assert 1 in merged
    assert 4 not in merged
    left = run.plan.listed.query(f"reason == {RUNNING!r}")
    assert list(left["details"]) == ["4, 5"]
    rehearsal = workflow.rehearse(work, run)
    assert rehearsal.certificate.complete


def _start_workflow(world: World, kind: str, card: int) -> None:
    now = int(world.clock.now())
    world.sandbox.store.insert(
        "bizproc_workflow",
        {
            "WORKFLOW_ID": f"66e412fdc9bd44.{card:08d}",
            "TEMPLATE_ID": 1,
            "MODULE_ID": "crm",
            "ENTITY": f"CCrmDocument{kind.title()}",
            "DOCUMENT_ID": f"{kind}_{card}",
            "MODIFIED": now,
            "STARTED": now,
            "STARTED_BY": 1,
        },
    )
