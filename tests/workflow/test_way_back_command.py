"""The way back as it is typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.test_load_calls_and_history import BASE
from tests.runs.conftest import make_world
from tests.test_cli import Town
from tests.workflow.test_way_back import REQUESTS, deal, edit
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    world = make_world(tmp_path / "world", contacts=2, deals=2)
    world.sandbox.clock = WallClock()
    with serve(world.sandbox) as server:
        yield Town(world, server.url, tmp_path)


def test_changes_are_shown_then_written_once_and_told_again_by_date(town: Town) -> None:
    params = town.home / "load.json"
    params.write_text(json.dumps({**BASE, "requests": REQUESTS}))
    code, planned = town.b24kit("plan", "load_contact_centre", "--params", str(params), "--json")
    agreed = f"{town.portal}:{json.loads(planned)['changes']}"
    code, said = town.b24kit("apply", "last", "--agree", agreed)
    assert code == 0, said
    edit(town.world, deal(town.world), STAGE_ID="EXECUTING")
    ask = ("contact-centre", "changes", "--system", "cc1")

    code, shown = town.b24kit(*ask)
    assert (code, "EXECUTING" in shown, "В работе" in shown) == (0, False, True)
    file = town.home / "changes.csv"
    code, written = town.b24kit(*ask, "-o", str(file), "--json")
    assert [each["field"] for each in json.loads(written)["changes"]] == ["stage"]
    assert file.read_text(encoding="utf-8-sig").splitlines()[1].startswith("R1;request;")
    assert json.loads(town.b24kit(*ask, "--json")[1])["changes"] == []
    assert len(json.loads(town.b24kit(*ask, "--since", "2020-01-01", "--json")[1])["changes"]) == 1
    assert town.b24kit(*ask, "--since", "someday")[0] == 2
