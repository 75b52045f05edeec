"""Calls that come before their requests, or are corrected: what the portal holds in the end is the same."""

from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.operations.test_load_contact_centre import ANNA, BORIS, request
from tests.runs.applications import application_settings
from tests.runs.conftest import Kept, World, make_world
from tests.test_workflow import workspace
from toolkit import workflow
from toolkit.runs import Run
from toolkit.sandbox import InProcessTransport
from toolkit.workflow import Workspace

GIVEN: dict[str, Any] = {"system": "cc1", "topics": [{"topic": "*", "pipeline": 0}], "fallback": 2}
R1 = request("R1", **ANNA, title="Течёт кран")
R2 = request("R2", **BORIS, title="Договор")
C1 = {
    "id": "C1", "at": "2026-05-01T11:00:00+03:00", "phone": ANNA["phone"], "duration_s": 65, "request": "R1",
    "responsible": "2",
}  # fmt: skip


class Centre:
    """A portal, and somebody who loads a contact centre's rows into it, pass after pass."""

    def __init__(self, world: World, work: Workspace) -> None:
        self.world, self.work = world, work

    def plan(self, *requests: dict[str, Any], calls: Any = (), **more: Any) -> Run:
        rows = {"requests": list(requests), "calls": list(calls)}
        return workflow.plan(self.work, "load_contact_centre", {**GIVEN, **rows, **more})

    def load(self, *requests: dict[str, Any], calls: Any = (), **more: Any) -> Run:
        return self.carry_out(self.plan(*requests, calls=calls, **more))

    def carry_out(self, run: Run) -> Run:
        if len(run.plan.active):
            workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active), max_share=1.0)
            workflow.carry_out(self.work, run, notify=False)
        return run

    def undo(self, run: Run) -> Run:
        return self.carry_out(workflow.plan_undo(self.work, run))

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(each) for each in self.world.sandbox.store.rows(query, list(values))]

    def deal(self, number: str) -> int:
        return int(self.rows("SELECT ID FROM crm_2 WHERE ORIGIN_ID = ?", f"cc:cc1:request:{number}")[0]["ID"])

    def call(self, number: str = "C1") -> dict[str, Any]:
        """The activity of a call, however it was made."""
        marker = f"cc:cc1:call:{number}"
        lines = self.rows("SELECT CRM_ACTIVITY_ID FROM call_statistic WHERE EXTERNAL_CALL_ID = ?", marker)
        ids = [each["CRM_ACTIVITY_ID"] for each in lines]
        found = self.rows(
            "SELECT * FROM activity WHERE ORIGIN_ID = ? OR ID = ?", marker, ids[0] if ids else 0
        )
        assert len(found) == 1, f"{number} stands {len(found)} times"
        return found[0]

    def deals_of(self, number: str = "C1") -> list[int]:
        """The deals a call is shown with."""
        of = "SELECT ENTITY_ID FROM activity_binding WHERE ACTIVITY_ID = ? AND ENTITY_TYPE_ID = 2"
        return [each["ENTITY_ID"] for each in self.rows(of, self.call(number)["ID"])]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The small firm, put aside: each test takes it up anew."""
    root = tmp_path_factory.mktemp("firm")
    made = make_world(root, contacts=2, deals=2)
    made.root.mkdir(parents=True, exist_ok=True)
    return Kept.of(made, root / "aside")


@pytest.fixture
def centre(kept: Kept, tmp_path: Path) -> Centre:
    world = kept.again(tmp_path / "world")
    return Centre(world, workspace(world, tmp_path))


@pytest.fixture
def by_application(kept: Kept, tmp_path: Path) -> Centre:
    world = kept.again(tmp_path / "world")
    (tmp_path / "app").mkdir()
    settings_ = application_settings(world, tmp_path / "app")
    return Centre(world, Workspace(settings_, world.clock, InProcessTransport(world.sandbox)))


@pytest.mark.parametrize("calls", [[], [C1]], ids=["request alone", "the same file with it"])
def test_a_call_goes_on_the_deal_of_a_request_that_came_after_it(centre: Centre, calls: Any) -> None:
    centre.load(calls=[C1])
    assert centre.deals_of() == []

    run = centre.load(R1, calls=calls)

    assert centre.deals_of() == [centre.deal("R1")]
    assert len(centre.plan(R1, calls=[C1]).plan) == 0
    assert len(centre.plan(R1).plan) == 0
    assert run.plan.table["kind"].tolist().count("bind") == 1


def test_undo_of_that_pass_takes_only_the_binding_back_and_the_next_one_adds_it_again(centre: Centre) -> None:
    centre.load(R1)
    first = centre.load(calls=[{**C1, "request": ""}])
    run = centre.load(calls=[C1])
    assert run.plan.table["kind"].tolist() == ["bind"]
    assert centre.deals_of() == [centre.deal("R1")]

    back = centre.undo(run)

    assert back.plan.table["kind"].tolist() == ["bind"]
    assert centre.deals_of() == []
    assert len(centre.plan(calls=[C1]).plan) == 1
    centre.undo(first)
    assert centre.rows("SELECT * FROM activity") == []
    assert centre.load(R1).plan.table.empty, "a call that is gone is not waited for"


def test_a_call_of_the_telephone_waits_for_its_request_as_well(by_application: Centre) -> None:
    by_application.load(calls=[C1])
    by_application.load(R1)

    assert by_application.deals_of() == [by_application.deal("R1")]
    assert len(by_application.plan(R1, calls=[C1]).plan) == 0


def test_a_call_finds_the_deal_its_request_joined_in_an_earlier_pass(centre: Centre) -> None:
    centre.load(R1)
    centre.load({**R1, "id": "R3", "title": "Ещё раз", "at": "2026-05-02T10:00:00+03:00"})

    centre.load(calls=[{**C1, "request": "R3"}])

    assert centre.deals_of() == [centre.deal("R1")]


def test_a_link_a_person_took_away_stays_away(centre: Centre) -> None:
    centre.load(R1, calls=[C1])
    target = {"activityId": centre.call()["ID"], "entityTypeId": 2, "entityId": centre.deal("R1")}
    with workflow.connect(centre.work) as portal:
        portal.call("crm.activity.binding.delete", target)

    assert len(centre.plan(R1, calls=[C1]).plan) == 0


def test_a_corrected_call_edits_what_it_created_and_makes_no_second_one(centre: Centre) -> None:
    centre.load(R1, calls=[C1])
    corrected = {**C1, "duration_s": 90, "comment": "Ждёт мастера", "responsible": "3", "direction": "out"}

    run = centre.load(calls=[corrected])

    call = centre.call()
    assert run.plan.table["kind"].tolist() == ["update"]
    assert call["END_TIME"] - call["START_TIME"] == 90
    assert (call["DESCRIPTION"], call["RESPONSIBLE_ID"], call["DIRECTION"]) == ("Ждёт мастера", 3, 2)
    assert centre.deals_of() == [centre.deal("R1")]
    assert len(centre.plan(calls=[corrected]).plan) == 0
    centre.undo(run)
    call = centre.call()
    assert (call["END_TIME"] - call["START_TIME"], call["RESPONSIBLE_ID"]) == (65, 2)


def test_a_correction_leaves_what_a_person_wrote_and_says_so(centre: Centre) -> None:
    centre.load(calls=[{**C1, "comment": "Сначала"}])
    with workflow.connect(centre.work) as portal:
        cells = {"DESCRIPTION": "Перезвонить в среду"}
        portal.call("crm.activity.update", {"id": centre.call()["ID"], "fields": cells})

    run = centre.load(calls=[{**C1, "comment": "Потом", "duration_s": 90}])

    call = centre.call()
    assert (call["DESCRIPTION"], call["END_TIME"] - call["START_TIME"]) == ("Перезвонить в среду", 90)
    assert run.plan.listed["reason"].tolist() == ["corrected there and edited here: left as it is"]


def test_a_call_that_is_about_another_request_after_all_moves_to_its_deal(centre: Centre) -> None:
    centre.load(R1, calls=[C1])
    centre.load(calls=[{**C1, "request": "R2"}])
    assert centre.deals_of() == [], "the deal it is said to be of is not there yet"

    centre.load(R2)
    assert centre.deals_of() == [centre.deal("R2")]
    centre.load(calls=[C1])
    assert centre.deals_of() == [centre.deal("R1")]


def test_what_the_portal_lets_nobody_correct_is_left_to_a_person(by_application: Centre) -> None:
    by_application.load(calls=[C1])
    run = by_application.load(calls=[{**C1, "duration_s": 90}])

    assert run.plan.table.empty
    (told,) = run.plan.listed.to_dict("records")
    assert told["reason"] == "corrected there, but the portal lets nobody change it"
    assert "65" in told["details"]
    assert "90" in told["details"]
    assert len(by_application.rows("SELECT * FROM call_statistic")) == 1


def test_another_number_or_another_recording_of_a_call_is_left_to_a_person(
    centre: Centre, tmp_path: Path
) -> None:
    for name in ("first.wav", "second.wav"):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(1600))
    folder = {"recordings_folder": str(tmp_path)}
    centre.load(calls=[{**C1, "recording": "first.wav"}], **folder)
    assert len(json.loads(centre.call()["FILES"])) == 1

    other = centre.load(calls=[{**C1, "recording": "second.wav"}], **folder)
    number = centre.load(calls=[{**C1, "recording": "first.wav", "phone": BORIS["phone"]}], **folder)

    for run in (other, number):
        assert run.plan.tally() == {"review": 1}
        assert run.plan.table["kind"].tolist().count("create") == 0
    assert "second.wav" in other.plan.listed["details"].iloc[0]
    assert len(json.loads(centre.call()["FILES"])) == 1
