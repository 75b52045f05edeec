"""A contact centre's export on two seeded portals: what they hold afterwards is what the truth table says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.operations.centre_truth import SEEDS, Truth, accounted, parameters, rows_of, seeded, wrong_states
from tests.runs.conftest import World
from tests.test_cli import Town
from toolkit.runs import Run
from toolkit.sandbox import WallClock
from toolkit.sandbox.doors.http import serve
from toolkit.sandbox.exports import CentreExport, correct, draw_export, write_recordings, write_rows

DAY = 86_400


def load(world: World, export: CentreExport, **more: Any) -> Any:
    """Plan an export as if nobody had said which comments are written: the portal has to be told."""
    return world.plan(**{**parameters(export), **more})


@pytest.mark.parametrize("seed", SEEDS)
def test_an_export_is_loaded_once_corrected_and_taken_back(tmp_path: Path, seed: str) -> None:
    world = seeded(tmp_path, seed)
    export, before = draw_export(world.sandbox, 45), rows_of(world.sandbox)
    first = load(world, export)
    assert set(world.apply(first)) == {"done"}
    assert wrong_states(export, accounted(first)) == []
    assert Truth(world.sandbox, export, before).deviations() == []

    told = [f"cc:cc1:history:{row['id']}" for row in export.history]
    again = load(world, export, history_done=told)
    assert len(again.plan) == 0
    assert not {"created", "edited"} & again.plan.tally().keys()

    world.clock.sleep(DAY)
    later = correct(export, 21 * DAY)
    second = load(world, later.export, whole=True, history_done=told)
    account = accounted(second)
    assert set(account[account["state"] == "edited"].index) == {("request", each) for each in later.corrected}
    assert second.plan.table["kind"].tolist() == ["update"] * len(later.corrected)
    gone = second.plan.listed[second.plan.listed["reason"] == "withdrawn there: left to a person"]
    assert sorted(gone["details"]) == sorted(f"заявка {each}" for each in later.withdrawn)
    assert set(world.apply(second)) == {"done"}
    # Withdrawn rows are left where they are: the portal holds what both exports say.
    assert Truth(world.sandbox, later.with_withdrawn(export), before).deviations() == []

    for run in (second, first):
        assert set(world.apply(world.undo(run))) <= {"done", "already"}
    assert rows_of(world.sandbox) == before


@pytest.fixture
def town(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Town]:
    """A seeded portal behind HTTP, and a person with `b24kit` in an empty folder."""
    world = seeded(tmp_path / "world", request.param)
    world.sandbox.clock = WallClock()
    with serve(world.sandbox) as server:
        yield Town(world, server.url, tmp_path)


FILES = {"retail": ("xlsx", "csv"), "realty": ("parquet", "jsonl")}


@pytest.mark.parametrize("town", SEEDS, indirect=True, ids=SEEDS)
def test_files_as_people_get_them_are_loaded_from_the_command_line(
    town: Town, request: pytest.FixtureRequest
) -> None:
    box, home = town.world.sandbox, town.home
    export, before = draw_export(box, 40, recordings=True), rows_of(box)
    requests, calls = FILES[request.node.callspec.params["town"]]
    odd = {"id": "R999", "at": "завтра", "topic": export.topics[0]["topic"], "phone": "89031234567"}
    write_rows([*export.requests, odd], home / f"requests.{requests}")
    write_rows(export.calls, home / f"calls.{calls}")
    write_recordings(export.calls, home)
    (home / "history.json").write_text(json.dumps(export.history, default=str), encoding="utf-8")
    topics = [
        ";".join((each["topic"], each["topic"].partition(": ")[2], each["stage"], each["responsible"]))
        for each in export.topics
        if each["stage"]  # a pipeline that is gone stands in no table that is checked
    ]
    (home / "topics.csv").write_text(
        "\n".join(["Тема;Воронка;Стадия;Ответственный", *topics]), encoding="utf-8"
    )
    words = ["contact-centre", "load", "--plan", "--json", "--system", "cc1"]
    words += ["--requests", str(home / f"requests.{requests}"), "--calls", str(home / f"calls.{calls}")]
    words += ["--topics", str(home / "topics.csv"), "-p", f"history=@{home / 'history.json'}"]
    words += ["-p", f"fallback={export.fallback}", "-p", f"recordings_folder={home}"]

    code, said = town.b24kit(*words)
    assert code == 0, said
    plan = json.loads(said)
    code, said = town.b24kit("apply", plan["run"], "--agree", f"{town.portal}:{plan['changes']}")
    assert code == (
        0 if all(each.recorded for each in export.truth if each.kind == "call" and each.settled) else 3
    )

    assert Truth(box, export, before).deviations() == []
    run = Run.find(home / "snapshots", plan["run"], time.time)
    account = accounted(run)
    run.close()
    assert wrong_states(export, account) == []
    assert account.loc[("request", "R999"), "state"] == "quarantined"
    assert json.loads(town.b24kit(*words)[1])["changes"] == 0
