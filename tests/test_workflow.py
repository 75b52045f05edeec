"""The verbs, on portals that are not as one would wish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import SECRET, World, make_world
from toolkit import workflow
from toolkit.client import SimulatedClock
from toolkit.errors import (
    ApprovalNeeded,
    CanaryFailed,
    IncompleteRead,
    Paused,
    PlanError,
    Rejected,
    StorageError,
)
from toolkit.runs import Policy, Run
from toolkit.sandbox import InProcessTransport
from toolkit.sandbox.state.records import Change
from toolkit.sandbox.wire.values import Zone
from toolkit.settings import Settings
from toolkit.workflow import Workspace

POLICY = Policy(
    operations=["reassign_contacts"], kinds=["update", "notify"], max_changes=500, max_share=1.0, canary=2
)


def workspace(
    world: World, folder: Path, *, clock: Any = None, user: int = 1, secret: str = SECRET
) -> Workspace:
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/{user}/{secret}/",
        state_dir=folder / "state",
        snapshots=folder / "snapshots",
        plan="box",
    )
    return Workspace(settings, clock or world.clock, InProcessTransport(world.sandbox))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world", contacts=60, deals=60)


@pytest.fixture
def work(world: World, tmp_path: Path) -> Workspace:
    return workspace(world, tmp_path)


def agree(run: Run) -> None:
    workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))


def test_the_whole_river_and_back(world: World, work: Workspace) -> None:
    before = world.owners()
    run, certificate = workflow.run_all(
        work, "reassign_contacts", {"winner": "newest", "notify": True}, agree=agree
    )

    assert certificate is not None
    assert certificate.complete
    assert run.state == "verified"
    told = world.sandbox.store.rows("SELECT USER_ID, MESSAGE FROM im_notification")
    concerned = {row["USER_ID"] for row in told}
    assert len(told) == len(concerned) > 1
    assert all("{" not in row["MESSAGE"] for row in told)

    back = workflow.plan_undo(work, run)
    assert workflow.rehearse(work, back).clean
    agree(back)
    assert workflow.carry_out(work, back, notify=False).complete
    assert world.owners() == before
    assert len(world.sandbox.store.rows("SELECT 1 FROM im_notification")) == len(told)


def test_notifications_are_sent_once_even_if_their_answer_is_lost(world: World, work: Workspace) -> None:
    world.sandbox.faults.lose_answer_to("im.notify.system.add")

    workflow.run_all(work, "reassign_contacts", {"winner": "newest", "notify": True}, agree=agree)

    told = [row["USER_ID"] for row in world.sandbox.store.rows("SELECT USER_ID FROM im_notification")]
    assert len(told) == len(set(told)) > 1


def test_nobody_is_told_when_the_certificate_is_refused(world: World, work: Workspace) -> None:
    def robot(change: Change) -> None:
        if change.kind.entity_type_id == 3 and change.action == "update":
            world.sandbox.store.update("crm_3", change.id, {"COMMENTS": "робот"})

    run = workflow.plan(work, "reassign_contacts", {"winner": "newest", "notify": True})
    agree(run)
    world.sandbox.listeners.append(robot)

    certificate = workflow.carry_out(work, run, canary=0)

    assert certificate.exit_code == 4
    assert not world.sandbox.store.rows("SELECT 1 FROM im_notification")


def test_the_canary_stops_a_run_that_wakes_a_robot(world: World, work: Workspace) -> None:
    def robot(change: Change) -> None:
        if change.kind.entity_type_id == 3 and change.action == "update":
            world.sandbox.store.update("crm_3", change.id, {"COMMENTS": "робот"})

    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})
    agree(run)
    world.sandbox.listeners.append(robot)

    with pytest.raises(CanaryFailed, match="b24kit undo") as stopped:
        workflow.carry_out(work, run, canary=3)

    assert stopped.value.exit_code == 4
    assert world.writes() == 3


def test_a_rehearsal_touches_nothing_and_says_how_long_it_would_take(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})
    before, requests = world.owners(), len(world.sandbox.log)

    rehearsal = workflow.rehearse(work, run)

    assert rehearsal.clean
    assert rehearsal.seconds > 1
    assert world.owners() == before
    assert len(world.sandbox.log) == requests
    assert run.state == "rehearsed"
    assert not (run.folder / "rehearsal").exists()


def test_a_rehearsal_finds_what_the_portal_would_refuse(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})
    victim = int(run.plan.active.iloc[0]["record_id"])
    world.sandbox.store.update("crm_3", victim, {"NAME": "", "LAST_NAME": ""})  # a card no save would accept
    nameless = workflow.plan(work, "reassign_contacts", {"winner": "newest"})

    rehearsal = workflow.rehearse(work, nameless)

    assert not rehearsal.clean
    assert any("CRM_FIELD_ERROR_REQUIRED" in words for words in rehearsal.refused)


def test_without_approval_nothing_is_written(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})

    with pytest.raises(ApprovalNeeded):
        workflow.carry_out(work, run)

    assert world.writes() == 0


def test_an_approval_is_for_exactly_one_plan(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})
    agree(run)
    run.freeze(run.plan.narrowed(run.plan.active["change"].iloc[:2]))

    with pytest.raises(ApprovalNeeded):
        workflow.carry_out(work, run)


def test_a_struck_row_is_not_carried_out_and_not_asked_for_again(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})
    struck = int(run.plan.active.iloc[0]["record_id"])
    before = world.owners()[struck]
    run.freeze(run.plan.narrowed(run.plan.active["change"].iloc[1:]))
    agree(run)

    certificate = workflow.carry_out(work, run, canary=0)

    assert world.owners()[struck] == before
    assert certificate.clean
    assert certificate.second_plan == 0


def test_a_portal_in_another_time_zone_and_a_clock_that_is_wrong(world: World, tmp_path: Path) -> None:
    world.sandbox.zone = Zone(-8)
    ours = SimulatedClock(world.clock.now() - 5400)
    work = workspace(world, tmp_path, clock=ours)
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})
    agree(run)

    def robot(change: Change) -> None:
        if change.kind.entity_type_id == 3 and change.action == "update":
            world.sandbox.store.update("crm_3", change.id, {"COMMENTS": "робот"})

    world.sandbox.listeners.append(robot)
    certificate = workflow.carry_out(work, run, canary=0)

    # An hour and a half of skew must not make the robot's edit look like a later one of a person.
    assert certificate.unexplained == len(run.plan.active)
    findings = {each.what: each.level for each in workflow.doctor(work)}
    assert findings["The clocks differ"] == "warning"


def test_a_user_who_is_no_administrator_is_noticed(world: World, tmp_path: Path) -> None:
    world.sandbox.store.update("user", 2, {"CRM_READ": "A", "CRM_WRITE": "A"})
    secret = world.sandbox.access.add_webhook(2)
    work = workspace(world, tmp_path, user=2, secret=secret)

    findings = {each.what: each.level for each in workflow.doctor(work)}
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})

    assert findings["The webhook's user does not administer the portal"] == "bad"
    assert run.before.manifest.reader_is_admin is False
    reasons = set(run.plan.listed["reason"])
    assert "the record cannot be read by the webhook's user" in reasons or run.plan.listed.empty


def test_missing_scopes_stop_planning_with_the_portals_words(world: World, tmp_path: Path) -> None:
    secret = world.sandbox.access.add_webhook(1, scopes=("im",))

    with pytest.raises(Rejected, match="insufficient_scope"):
        workflow.plan(workspace(world, tmp_path, secret=secret), "reassign_contacts", {})

    assert not list((tmp_path / "snapshots").rglob("run.json"))


def test_a_folder_that_cannot_be_written_stops_before_anything(world: World, tmp_path: Path) -> None:
    (tmp_path / "snapshots").write_text("a file where a folder should be")

    with pytest.raises(StorageError, match="B24_SNAPSHOTS"):
        workflow.plan(workspace(world, tmp_path), "reassign_contacts", {})


def test_reading_that_breaks_leaves_no_run_behind(world: World, work: Workspace, tmp_path: Path) -> None:
    world.sandbox.faults.plan("html", "crm.item.list", times=50)

    with pytest.raises(Exception, match=r"crm\.item\.list|batch") as failed:
        workflow.plan(work, "reassign_contacts", {})

    assert not isinstance(failed.value, IncompleteRead | AssertionError)
    assert not list((tmp_path / "snapshots").rglob("run.json"))


def test_the_window_closes_and_the_run_pauses(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})
    agree(run)

    with pytest.raises(Paused):
        workflow.carry_out(work, run, canary=2, until=world.clock.now() + 0.01)

    assert world.writes() < len(run.plan.active)
    assert workflow.carry_out(work, run, canary=0).complete
    assert world.writes() == len(run.plan.active)


def test_a_run_of_another_portal_is_refused(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})
    settings = Settings.load(
        env_file=None, webhook=f"https://other.local/rest/1/{SECRET}/", state_dir=work.settings.state_dir
    )

    with pytest.raises(PlanError, match=r"belongs to sandbox\.local"):
        workflow.connect(Workspace(settings, work.clock, work.transport), run)


def test_a_policy_wants_a_clean_rehearsal(world: World, work: Workspace) -> None:
    run = workflow.plan(work, "reassign_contacts", {"winner": "newest"})

    with pytest.raises(ApprovalNeeded, match="not rehearsed"):
        workflow.approve_by_policy(work, run, POLICY)

    workflow.rehearse(work, run)
    workflow.approve_by_policy(work, run, POLICY)
    assert run.state == "approved"


def requests_of(world: World, action: Callable[[], Any]) -> int:
    before = len(world.sandbox.log)
    action()
    return len(world.sandbox.log) - before


def test_keeping_in_step_costs_one_request_when_nothing_changed(world: World, work: Workspace) -> None:
    given = {"winner": "newest"}
    workflow.keep_in_step(work, "reassign_contacts", given, POLICY)
    world.clock.sleep(3600)

    assert workflow.keep_in_step(work, "reassign_contacts", given, POLICY) is None
    assert requests_of(world, lambda: workflow.keep_in_step(work, "reassign_contacts", given, POLICY)) == 1


def test_keeping_in_step_repairs_a_contact_given_away_and_one_whose_deal_moved(
    world: World, work: Workspace
) -> None:
    given = {"winner": "newest"}
    workflow.keep_in_step(work, "reassign_contacts", given, POLICY)
    settled = world.owners()
    world.clock.sleep(3600)
    plan = Run.all(work.root, work.clock.now)[0].plan.active
    contact = int(plan["record_id"].iloc[0])
    world.edit(contact, ASSIGNED_BY_ID=next(user for user in range(1, 6) if user != settled[contact]))

    passed = workflow.keep_in_step(work, "reassign_contacts", given, POLICY)

    assert passed is not None
    run, certificate = passed
    assert certificate.complete
    assert run.plan.active["record_id"].tolist() == [contact]
    assert run.before.count("contact") < 60
    assert world.owners() == settled
