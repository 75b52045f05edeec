"""`b24kit routing` on a portal over HTTP: from the file to the published version and back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.routing.desk import COLUMNS
from tests.runs.conftest import make_world
from tests.test_cli import Town
from toolkit.cli import app
from toolkit.errors import InputError
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    world = make_world(tmp_path / "world", contacts=2, deals=6)
    world.sandbox.clock = WallClock()
    with serve(world.sandbox) as server:
        yield Town(world, server.url, tmp_path)


def a_file(town: Town, name: str, *rows: str) -> str:
    path = town.home / name
    path.write_text("\n".join([";".join(COLUMNS), *rows]) + "\n", encoding="utf-8")
    return str(path)


def agreed(town: Town, count: int) -> list[str]:
    return ["--agree", f"{town.portal}:{count}"]


def test_the_whole_life_of_a_directory(town: Town) -> None:
    first = a_file(town, "first.csv", "Брак;*;*;2;;;", "*;*;*;3;;;")
    second = a_file(town, "second.csv", "Брак;*;*;4;;;", "*;*;*;3;;;")

    assert town.b24kit("routing", "publish", first, *agreed(town, 3))[0] == 2  # no place yet
    assert town.b24kit("routing", "provision", *agreed(town, 6))[0] == 0
    assert town.b24kit("routing", "publish", first, *agreed(town, 3))[0] == 0
    code, said = town.b24kit("routing", "diff", "published", second, "--json")
    assert code == 0
    assert [(each["change"], each["fields"]) for each in json.loads(said)] == [("changed", "responsible")]

    alone = town.b24kit("routing", "diff", second, "--json")[1]
    assert alone == said, "a file alone is what the published directory would become"
    dated = a_file(town, "dated.csv", "Брак;*;*;2;;;01.12.2026", "*;*;*;3;;;")
    code, said = town.b24kit("routing", "diff", dated, B24_LANGUAGE="ru")
    assert "01.12.2026" in said

    code, said = town.b24kit("routing", "simulate", second, "--json")
    assert code == 0
    assert json.loads(said)["summary"]["appeals"] == 6
    assert (town.home / "second-simulated.html").stat().st_mode & 0o777 == 0o600

    assert town.b24kit("routing", "publish", second, *agreed(town, 3))[0] == 0
    assert "Nothing to do" in town.b24kit("routing", "publish", second)[1]
    listed = json.loads(town.b24kit("routing", "history", "--json")[1])
    assert [(each["version"], each["state"]) for each in listed] == [(2, "in_force"), (1, "past")]
    assert "действует" in town.b24kit("routing", "history", B24_LANGUAGE="ru")[1]

    assert town.b24kit("undo", listed[0]["run"], *agreed(town, 3))[0] == 0
    assert "Both decide alike" in town.b24kit("routing", "diff", first)[1]

    code, said = town.b24kit("routing", "export", "--json", str(town.home / "out" / "routing.json"))
    assert code == 0
    evaluator, rules = town.home / "out" / "evaluator.py", town.home / "out" / "routing.json"
    done = subprocess.run(
        [sys.executable, "-I", "-S", evaluator, rules, '{"topic": "БРАК"}'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["responsible"] == "2"

    code, said = town.b24kit("routing", "reroute", "-p", "stages=with_pipeline", "--agree", "nobody:0")
    assert code == 5
    owners = {
        row["ID"]: row["ASSIGNED_BY_ID"] for row in town.world.sandbox.store.rows("SELECT * FROM crm_2")
    }
    wrong = sum(owner != 3 for owner in owners.values())
    assert town.b24kit("routing", "reroute", "-p", "stages=with_pipeline", *agreed(town, wrong))[0] == 0
    rows = town.world.sandbox.store.rows("SELECT ASSIGNED_BY_ID FROM crm_2")
    assert {row["ASSIGNED_BY_ID"] for row in rows} == {3}


def test_refusals_come_in_the_readers_language_with_a_code_for_input(town: Town) -> None:
    wrong = a_file(town, "wrong.csv", "Брак;*;*;Никто Нигде;;;")
    export = town.home / "export.csv"
    export.write_text("Что;Где\n1;2\n", encoding="utf-8")
    right = a_file(town, "right.csv", "*;*;*;3;;;")

    code, said = town.b24kit("routing", "publish", wrong, B24_LANGUAGE="ru")
    assert code == 2
    assert "на портале нет" in said
    for words, told in (
        (["publish", right], "ещё нет места"),
        (["simulate", right, "--history", str(export)], "нет столбцов"),
        (["export"], "не сказано, куда"),
        (["publish", str(town.home / "none.xlsx")], "не читается"),
    ):
        done = CliRunner().invoke(app, ["routing", *words], env={**town.env, "B24_LANGUAGE": "ru"})
        assert isinstance(done.exception, InputError)
        assert told in done.exception.in_words("ru")
        assert done.exception.exit_code == 2
