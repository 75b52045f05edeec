"""What was loaded last is remembered: a corrected row corrects, and what people did since stays."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.operations.test_load_contact_centre import ANNA, BORIS, request
from tests.runs.conftest import World, make_world
from tests.test_workflow import workspace
from toolkit import workflow
from toolkit.runs import Run
from toolkit.workflow.contact_centre.loaded import LoadedRows

GIVEN: dict[str, Any] = {
    "system": "cc1",
    "topics": [{"topic": "*", "pipeline": 0, "stage": "NEW"}],
    "fallback": 2,
}
ROWS = [request("R1", **ANNA, title="Течёт кран"), request("R2", **BORIS, title="Договор")]
CORRECTED = [{**ROWS[0], "title": "Течёт труба"}, ROWS[1]]


class Centre:
    """A portal, and somebody who loads a contact centre's rows into it."""

    def __init__(self, folder: Path) -> None:
        self.world: World = make_world(folder / "world", contacts=3, deals=3)
        self.work = workspace(self.world, folder)

    def plan(self, rows: list[dict[str, Any]], **more: Any) -> Run:
        return workflow.plan(self.work, "load_contact_centre", {**GIVEN, "requests": rows, **more})

    def load(self, rows: list[dict[str, Any]], **more: Any) -> Run:
        run = self.plan(rows, **more)
        return self.carry_out(run)

    def carry_out(self, run: Run) -> Run:
        if len(run.plan.active):
            workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active), max_share=1.0)
            workflow.carry_out(self.work, run)
        return run

    def title(self, row: str) -> str:
        found = self.world.sandbox.store.rows(
            "SELECT TITLE FROM crm_2 WHERE ORIGIN_ID = ?", [f"cc:cc1:request:{row}"]
        )
        return str(found[0]["TITLE"])

    def edit(self, row: str, title: str) -> None:
        """As a person would, after a while."""
        deal = self.world.sandbox.store.rows(
            "SELECT ID FROM crm_2 WHERE ORIGIN_ID = ?", [f"cc:cc1:request:{row}"]
        )[0]
        self.world.sandbox.store.update("crm_2", deal["ID"], {"TITLE": title})

    def previous(self, run: Run) -> dict[str, str]:
        return {each["id"]: each["title"] for each in run.facts.parameters["previous"]}


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path)


def test_a_correction_is_told_by_what_was_loaded_before_and_what_a_person_edited_is_left(
    centre: Centre,
) -> None:
    centre.load(ROWS)
    run = centre.load(CORRECTED)

    assert centre.previous(run) == {"R1": "Течёт кран", "R2": "Договор"}
    assert run.plan.table["kind"].tolist() == ["update"]
    assert centre.title("R1") == "Течёт труба"
    centre.edit("R1", "Решено человеком")
    again = centre.plan(CORRECTED)
    assert centre.previous(again)["R1"] == "Течёт труба"
    assert (len(again.plan), len(again.plan.listed)) == (0, 0)
    late = centre.plan(ROWS)
    assert len(late.plan) == 0
    assert late.plan.listed["reason"].tolist() == ["corrected there and edited here: left as it is"]


def test_a_run_that_was_not_finished_has_loaded_nothing_yet(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.load(ROWS)
    waiting = centre.plan(CORRECTED)
    assert centre.previous(waiting)["R1"] == "Течёт кран"

    with monkeypatch.context() as dying:
        dying.setattr(LoadedRows, "_take", _dies)
        with pytest.raises(KeyboardInterrupt):
            centre.carry_out(waiting)

    assert centre.previous(centre.plan(CORRECTED))["R1"] == "Течёт труба"
    shutil.rmtree(waiting.folder)
    assert centre.previous(centre.plan(CORRECTED))["R1"] == "Течёт труба", "a run's folder may be pruned"


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_was_taken_back_is_loaded_anew(centre: Centre) -> None:
    run = centre.load(ROWS)
    assert set(centre.previous(centre.plan(ROWS))) == {"R1", "R2"}
    centre.carry_out(workflow.plan_undo(centre.work, run))

    again = centre.load(ROWS)

    assert centre.previous(again) == {}
    assert centre.title("R1") == "Течёт кран"


def test_a_row_in_review_or_whose_change_failed_is_not_loaded(centre: Centre) -> None:
    bad = {**request("R3", name="Никто"), "title": "Ни о ком"}
    run = centre.plan([*ROWS, bad])
    narrowed = run.plan.table
    deal = narrowed[(narrowed["entity"] == "deal") & (narrowed["marker"] == "cc:cc1:request:R2")][
        "change"
    ].tolist()
    run.freeze(run.plan.narrowed([each for each in narrowed["change"] if each not in deal]))
    centre.carry_out(run)

    assert set(centre.previous(centre.plan([*ROWS, bad]))) == {"R1"}
