"""A contact centre's export out of the sandbox: somebody who read the README can try a load with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.centre_truth import seeded
from tests.test_cli import Town
from toolkit.errors import SandboxError
from toolkit.sandbox import WallClock
from toolkit.sandbox.doors.http import serve
from toolkit.workflow.sandboxes import sample_export


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The shop behind HTTP, and a person with `b24kit` in an empty folder."""
    world = seeded(tmp_path / "world", "retail")
    world.sandbox.clock = WallClock()
    with serve(world.sandbox) as server:
        yield Town(world, server.url, tmp_path)


def test_what_it_prints_loads_the_export_and_a_week_later_only_corrections(town: Town) -> None:
    folder = town.home / "export"
    code, said = town.b24kit(
        "sandbox", "export", str(folder), "--rows", "1", "--no-recordings", B24_LANGUAGE="ru"
    )
    assert code == 0, said
    words = said.splitlines()[-1].removeprefix("b24kit ").split()

    code, said = town.b24kit(*words, "--plan", "--json")
    assert code == 0, said
    plan = json.loads(said)
    assert town.b24kit("apply", plan["run"], "--agree", f"{town.portal}:{plan['changes']}")[0] in (0, 3)
    later = [each.replace("requests.xlsx", "later/requests.xlsx") for each in words]
    code, said = town.b24kit(*later, "--whole", "--plan", "--json")

    assert (code, json.loads(said)["changes"]) == (0, 5)
    account = json.loads(town.b24kit("contact-centre", "account", "last", "--json")[1])
    assert {each["kind"] for each in account} == {"request", "call", "history"}
    assert sum(each["state"] == "edited" for each in account) == 5


def test_an_export_never_overwrites_another_and_says_what_it_knows(tmp_path: Path) -> None:
    made = sample_export(tmp_path / "a", seed="realty", scale=0.01, rows=1, kind="jsonl", recordings=False)
    assert [each.name for each in made.files] == [
        "requests.jsonl", "calls.csv", "history.csv", "topics.csv", "requests.jsonl",
    ]  # fmt: skip
    assert made.rows["requests"] >= 1

    with pytest.raises(SandboxError, match="holds an export already") as refused:
        sample_export(tmp_path / "a", seed="realty", scale=0.01)
    assert "лежит выгрузка" in refused.value.in_words("ru")
    with pytest.raises(SandboxError, match="Take retail or realty"):
        sample_export(tmp_path / "b", seed="developer")
    with pytest.raises(SandboxError, match="xlsx"):
        sample_export(tmp_path / "b", kind="docx")
    assert not (tmp_path / "b").exists()
