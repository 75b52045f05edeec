"""The command line as people and schedulers use it: real processes, a real portal over HTTP, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.runs.conftest import SECRET, World, make_world
from toolkit.cli import app
from toolkit.errors import ToolkitError
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve

POLICY = """
operations: [reassign_contacts]
kinds: [update, notify]
max_changes: 500
max_share: 1.0
must_rehearse: true
canary: 2
"""


class Town:
    """A portal behind HTTP, and a person (or cron) with `b24kit` in an empty folder."""

    def __init__(self, world: World, url: str, home: Path) -> None:
        self.world, self.home = world, home
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("B24_")},
            "B24_WEBHOOK": f"{url}/rest/1/{SECRET}/",
            "B24_STATE_DIR": str(home / "state"),
            "B24_SNAPSHOTS": str(home / "snapshots"),
            "B24_FENCE_S": "1",
            "B24_PLAN": "box",
            "B24_LANGUAGE": "en",
            "COLUMNS": "200",
            "PYTHONPATH": str(Path(__file__).parent.parent),
        }
        self.portal = url.partition("://")[2]

    def b24kit(self, *words: str, **more: str) -> tuple[int, str]:
        """Run a command in this process; its exit code and what it said."""
        done = CliRunner().invoke(app, list(words), env={**self.env, **more})
        if isinstance(done.exception, ToolkitError):
            return done.exception.exit_code, done.output + str(done.exception)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.output

    def process(self, *words: str) -> subprocess.Popen[str]:
        """Run a command as a process of its own."""
        command = [sys.executable, "-m", "toolkit.cli", *words]
        return subprocess.Popen(
            command, env=self.env, cwd=self.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def planned(self, *words: str) -> tuple[str, int]:
        """Plan; the run's id and the number of its changes."""
        code, said = self.b24kit("plan", "reassign_contacts", "-p", "winner=newest", "--json", *words)
        assert code == 0, said
        facts = json.loads(said)
        return facts["run"], facts["changes"]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    world = make_world(tmp_path / "world", contacts=150, deals=150)
    world.sandbox.clock = WallClock()
    with serve(world.sandbox) as server:
        yield Town(world, server.url, tmp_path)


def test_the_whole_river_from_one_command(town: Town) -> None:
    run, count = town.planned()
    code, said = town.b24kit("apply", run, "--agree", f"{town.portal}:{count}")

    assert code == 0, said
    assert "Certificate: clean" in said
    folder = next((town.home / "snapshots").glob(f"*/{run}"))
    assert {
        "run.json",
        "before",
        "plan.parquet",
        "journal.sqlite",
        "after",
        "report.html",
        "report.xlsx",
    } <= {path.name for path in folder.iterdir()}
    assert town.b24kit("verify", run)[0] == 0
    assert run in town.b24kit("runs")[1]
    code, said = town.b24kit("undo", run, "--agree", f"{town.portal}:{count}")
    assert code == 0, said
    assert "Responsible: Имя" in said, "an undo names the people it had no need to read"
    assert town.world.writes() == 2 * count


def test_run_twice_has_nothing_to_do(town: Town) -> None:
    policy = town.home / "policy.yaml"
    policy.write_text(POLICY)
    words = ("run", "reassign_contacts", "-p", "winner=newest", "--policy", str(policy))

    first, said = town.b24kit(*words)
    second, again = town.b24kit(*words)

    assert (first, second) == (0, 0), said
    assert "Nothing to do." in again


def test_headless_without_a_policy_needs_approval(town: Town) -> None:
    code, said = town.b24kit("run", "reassign_contacts", "-p", "winner=newest", "--no-rehearse")

    assert code == 5
    assert "--agree" in said
    assert town.world.writes() == 0


def test_an_approval_that_does_not_fit_is_refused(town: Town) -> None:
    run, count = town.planned()

    code, said = town.b24kit("apply", run, "--agree", f"{town.portal}:{count + 1}")

    assert code == 5
    assert f"the plan makes {count} changes" in said
    assert town.world.writes() == 0


def test_a_plan_that_touches_too_much_is_stopped(town: Town) -> None:
    run, count = town.planned()

    code, said = town.b24kit("apply", run, "--agree", f"{town.portal}:{count}", "--max-share", "0.1")

    assert code == 5
    assert "allowed share of 10%" in said
    assert town.world.writes() == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["plan", "reassign_contacts", "-p", "winer=newest"], "winer='newest' is not known"),
        (["plan", "reassign_contacts", "-p", "categories=[99]"], "99 is not a pipeline"),
        (
            ["plan", "reassign_contacts", "-p", "dismissed=fallback", "-p", "fallback=77"],
            "not an active user",
        ),
        (["plan", "reassign_contacts", "-p", "categories=soup"], "cannot be used"),
        (["plan", "reassign_contacts", "-p", "deals=[999999]"], "999999"),
        (["plan", "no_such_thing"], "is not in the catalogue"),
        (["apply", "no-such-run"], "is not the name of a run"),
    ],
)
def test_wrong_input_is_stopped_before_anything_happens(town: Town, words: list[str], expected: str) -> None:
    code, said = town.b24kit(*words)

    assert code == 2, said
    assert expected in said
    assert not list((town.home / "snapshots").glob("*/*/plan.parquet"))


def test_a_table_of_owners_comes_from_a_spreadsheet(town: Town) -> None:
    table = town.home / "owners.csv"
    table.write_text("from;to\n1;2\nИмя3 Фамилия3;4\n", encoding="cp1251")
    before = town.world.owners()

    code, said = town.b24kit("plan", "reassign_by_table", "-p", f"table=@{table}", "--json")

    assert code == 0, said
    assert json.loads(said)["changes"] == sum(owner in (1, 3) for owner in before.values())


def test_a_wrong_webhook_says_so_and_does_not_repeat_it(town: Town) -> None:
    wrong = town.env["B24_WEBHOOK"].replace(SECRET, "wr0ngs3cr3t")

    code, said = town.b24kit("doctor", B24_WEBHOOK=wrong)

    assert code == 1
    assert "NO_AUTH_FOUND" in said
    assert "wr0ngs3cr3t" not in said


def test_the_doctor_notices_a_weak_user_and_missing_scopes(town: Town) -> None:
    secret = town.world.sandbox.access.add_webhook(2, scopes=("crm",))
    webhook = town.env["B24_WEBHOOK"].replace(f"1/{SECRET}", f"2/{secret}")

    code, said = town.b24kit("doctor", B24_WEBHOOK=webhook)

    assert code == 1
    assert "does not administer" in said
    assert "user, im" in said


def test_killed_in_the_middle_it_resumes_and_nothing_is_written_twice(town: Town) -> None:
    run, count = town.planned()
    town.b24kit("apply", run, "--agree", f"{town.portal}:1")  # does not fit: only planned
    sandbox = town.world.sandbox
    died: list[int] = []
    process: list[subprocess.Popen[str]] = []

    def kill() -> None:
        process[0].send_signal(signal.SIGKILL)
        died.append(process[0].wait())

    # Killed while the portal is working on the second batch of updates, which it then finishes.
    sandbox.faults.before(kill, "crm.item.update", at=2)
    process.append(town.process("apply", run, "--agree", f"{town.portal}:{count}"))
    deadline = time.monotonic() + 60
    while not died and time.monotonic() < deadline:
        time.sleep(0.05)
    assert died == [-signal.SIGKILL]
    process[0].communicate()
    written = town.world.writes()
    assert 0 < written < count

    code, said = town.b24kit("resume", run)

    assert code == 0, said
    assert town.world.writes() == count


def test_sigterm_pauses_with_exit_code_seven(town: Town) -> None:
    run, count = town.planned()
    process: list[subprocess.Popen[str]] = []
    town.world.sandbox.faults.before(lambda: process[0].send_signal(signal.SIGTERM), "crm.item.update", at=2)
    process.append(town.process("apply", run, "--agree", f"{town.portal}:{count}"))

    _said, error = process[0].communicate(timeout=60)

    assert process[0].returncode == 7, error
    assert f"b24kit resume {run}" in error
    assert town.b24kit("resume", run)[0] == 0
    assert town.world.writes() == count


def test_a_second_process_finds_the_lock_and_exits_with_six(town: Town) -> None:
    run, count = town.planned()
    refused: list[tuple[int, str]] = []

    def second() -> None:
        other = town.process("resume", run)
        refused.append((other.wait(), other.communicate()[1]))

    # The portal answers one request at a time, so the second process must be refused before it asks.
    town.world.sandbox.faults.before(second, "crm.item.update", at=2)
    code, said = town.b24kit("apply", run, "--agree", f"{town.portal}:{count}")

    assert code == 0, said
    assert refused
    assert refused[0][0] == 6
    assert f"locked by run {run}" in refused[0][1]


def test_watching_once_repairs_only_the_drift(town: Town) -> None:
    policy = town.home / "policy.yaml"
    policy.write_text(POLICY)
    words = ("run", "reassign_contacts", "-p", "winner=newest", "--watch", "--once", "--policy", str(policy))
    code, said = town.b24kit(*words)
    assert code == 0, said
    settled = town.world.owners()
    first = town.world.writes()

    quiet, said = town.b24kit(*words)
    assert (quiet, said.strip()) == (0, "In step; nothing to do.")

    contact = next(iter(json.loads(_plan_rows(town)[0])["ids"]))
    town.world.edit(contact, ASSIGNED_BY_ID=1 if settled[contact] != 1 else 2)
    code, said = town.b24kit(*words)

    assert code == 0, said
    assert town.world.owners() == settled
    assert town.world.writes() == first + 1


def _plan_rows(town: Town) -> list[str]:
    import pandas as pd

    path = next((town.home / "snapshots").glob("*/*reassign*/plan.parquet"))
    plan: Any = pd.read_parquet(path)
    return [json.dumps({"ids": plan.loc[plan["kind"] == "update", "record_id"].astype(int).tolist()})]


def test_no_secret_is_left_anywhere(town: Town) -> None:
    run, count = town.planned()
    town.world.sandbox.faults.plan("html", "crm.item.update")
    said = town.b24kit("apply", run, "--agree", f"{town.portal}:{count}")[1]
    said += town.b24kit("report", run)[1] + town.b24kit("doctor")[1]

    assert SECRET not in said
    for path in [*(town.home / "snapshots").rglob("*"), *(town.home / "state").rglob("*")]:
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_help_answers_without_loading_the_house() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "toolkit.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "pandas" not in done.stderr
    assert "undo" in done.stdout


def test_a_command_loads_nothing_that_draws_or_clusters_before_it_does() -> None:
    code = "import sys, toolkit.workflow; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert not {"matplotlib", "scipy", "pandera", "openpyxl", "sqlalchemy"} & set(loaded.split())
