"""Every value on a card leads to the run, the row, the rule and the person that put it there."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit import workflow
from toolkit.runs import Run
from toolkit.workflow import Workspace

from .conftest import World
from .duplicates import make_doubled
from .test_review_groups import apply, workspace_of


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Workspace, Run, Run]:
    """Cards were merged, and the merge of one person was taken back."""
    world = make_doubled(tmp_path_factory.mktemp("blamed"))
    work = workspace_of(world)
    run = workflow.plan(work, "deduplicate", {})
    assert apply(work, run).complete
    undo = workflow.plan_undo(work, run, records=[4])
    assert apply(work, undo).clean
    return world, work, run, undo


def test_a_merged_value_leads_to_its_run_row_rule_and_card(story: tuple[World, Workspace, Run, Run]) -> None:
    _, work, run, _ = story

    found = workflow.blame(work, "contact", 1)

    fields = {each.field: each for each in found.fields}
    assert fields["secondName"].value == "Петровна"
    assert fields["secondName"].source == 2
    assert fields["post"].value == "главбух"
    assert fields["post"].before == "бухгалтер"
    for each in (fields["secondName"], fields["post"]):
        row = run.plan.table.set_index("change").loc[each.change]
        assert (each.run, row["record_id"], each.kind) == (run.id, 1, row["kind"])
        assert each.by == workflow_person()
        assert each.reason


def workflow_person() -> str:
    return getpass.getuser()


def test_a_card_that_went_into_another_one_is_followed(story: tuple[World, Workspace, Run, Run]) -> None:
    _, work, _, _ = story

    found = workflow.blame(work, "contact", 2)

    assert (found.now, found.gone_into) == (1, True)
    assert found.fields == workflow.blame(work, "contact", 1).fields


def test_what_an_undo_gave_back_is_the_undos(story: tuple[World, Workspace, Run, Run]) -> None:
    _, work, run, undo = story

    returned = workflow.blame(work, "contact", 5)
    kept = workflow.blame(work, "contact", 4)

    assert returned.now not in (4, 5)
    assert not returned.gone_into
    assert {each.run for each in returned.fields} == {undo.id}
    assert "utmSource" in {each.field for each in returned.fields}
    runs = [each.run for each in kept.history if each.field == "fm"]
    assert runs == [run.id, undo.id], "the merge added a phone, its undo took it away"


def test_a_record_nobody_wrote_has_no_one_to_blame(story: tuple[World, Workspace, Run, Run]) -> None:
    _, work, _, _ = story

    assert workflow.blame(work, "contact", 999).fields == ()


def test_blame_speaks_russian_and_json_on_the_command_line(
    story: tuple[World, Workspace, Run, Run], tmp_path: Path
) -> None:
    _, work, run, _ = story
    environment = {"B24_SNAPSHOTS": str(work.root), "B24_LANGUAGE": "ru", "HOME": str(tmp_path), "PATH": ""}
    command = [sys.executable, "-m", "toolkit.cli", "blame", "contact", "2"]
    where = str(Path(__file__).parents[2])

    said = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, cwd=where
    ).stdout
    told = subprocess.run(
        [*command, "--json"], env=environment, capture_output=True, text=True, check=True, cwd=where
    ).stdout

    assert "контакт" in said.lower() or "contact 2: объединена" in said
    assert "Отчество: Петровна" in said
    assert run.id in said
    assert json.loads(told)["now"] == 1
