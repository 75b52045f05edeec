"""A contact centre's export on two seeded portals: what they hold afterwards is what the truth table says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.operations.centre_truth import SEEDS, Truth, accounted, parameters, rows_of, seeded, wrong_states
from tests.runs.conftest import World
from toolkit.sandbox.exports import CentreExport, correct, draw_export

DAY = 86_400


def load(world: World, export: CentreExport, **more: Any) -> Any:
    """Plan an export as if nobody had said which comments are written: the portal has to be told."""
    return world.plan(**{**parameters(export), **more})


@pytest.mark.parametrize("seed", SEEDS)
def test_an_export_is_loaded_once_corrected_and_taken_back(tmp_path: Path, seed: str) -> None:
    world = seeded(tmp_path, seed)
    export, before = draw_export(world.sandbox, 60), rows_of(world.sandbox)
    first = load(world, export)
    assert set(world.apply(first)) == {"done"}
    assert wrong_states(export, accounted(first)) == []
    assert Truth(world.sandbox, export, before).deviations() == []

    told = [f"cc:cc1:history:{row['id']}" for row in export.history]
    again = load(world, export, history_done=told)
    assert len(again.plan) == 0
    assert not set(accounted(again)["state"]) & {"created", "edited"}

    world.clock.sleep(DAY)
    later = correct(export, 21 * DAY)
    second = load(world, later.export, whole=True, history_done=told)
    account = accounted(second)
    assert set(account[account["state"] == "edited"].index) == {("request", each) for each in later.corrected}
    assert second.plan.table["kind"].tolist() == ["update"] * len(later.corrected)
    gone = second.plan.listed[second.plan.listed["reason"] == "withdrawn there: left to a person"]
    assert sorted(gone["details"]) == [f"cc:cc1:request:{each}" for each in later.withdrawn]
    assert set(world.apply(second)) == {"done"}
    # Withdrawn rows are left where they are: the portal holds what both exports say.
    assert Truth(world.sandbox, later.with_withdrawn(export), before).deviations() == []

    for run in (second, first):
        assert set(world.apply(world.undo(run))) <= {"done", "already"}
    assert rows_of(world.sandbox) == before
