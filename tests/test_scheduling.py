"""Files for schedulers: each in its scheduler's own words, and each command really starts the run."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
import types
import xml.etree.ElementTree as ET
from configparser import RawConfigParser
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import yaml
from croniter import croniter

from tests.test_cli import Town, town
from toolkit.errors import ParameterError, PlanError, ToolkitError
from toolkit.scheduling import SCHEDULERS, Job, job, scheduled

__all__ = ["town"]  # a fixture, used by name

POLICY = """
operations: [reassign_contacts]
kinds: [update, notify]
max_changes: 500
max_share: 1.0
canary: 2
window: {start: "22:00", end: "05:00", zone: Asia/Yekaterinburg, days: [1, 5]}
missed: late
"""
TODAY = date(2026, 6, 1)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    folder = tmp_path / "проект 100% своё"  # blanks, a percent sign and Russian, as folders have
    folder.mkdir()
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return folder / "policy.yaml"


def made(policy: Path, scheduler: str, **more: Any) -> dict[str, str]:
    wanted = job(
        "reassign_contacts", {"winner": "newest", "categories": [0]}, policy, **{"at": "02:30", **more}
    )
    return dict(scheduled(wanted, scheduler, TODAY).files)


def crontab_line(text: str) -> tuple[str, str]:
    """When, and what, as cron reads its line."""
    line = [each for each in text.splitlines() if each and not each.startswith("#")]
    assert len(line) == 1
    fields = line[0].split(" ", 5)
    command = fields[5].replace(r"\%", "\0")
    assert "%" not in command, "cron would cut the line there"
    return " ".join(fields[:5]), command.replace("\0", "%")


def test_cron_starts_it_at_that_moment_whatever_zone_the_machine_has(policy: Path) -> None:
    when, _ = crontab_line(made(policy, "cron")["b24kit-reassign_contacts.cron"])

    assert croniter.is_valid(when)
    here = datetime.now().astimezone().tzinfo
    begun = datetime(2026, 6, 1, tzinfo=UTC).astimezone(here)
    first = croniter(when, begun).get_next(datetime).astimezone(UTC)
    # The night of a Monday is a Tuesday at 02:30; in Yekaterinburg (UTC+5) that is 21:30 UTC on Monday.
    assert (first.hour, first.minute, first.isoweekday()) == (21, 30, 1)


def test_systemd_finds_nothing_wrong_with_its_units(policy: Path, tmp_path: Path) -> None:
    files = made(policy, "systemd")
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        parser = RawConfigParser(strict=True)
        parser.optionxform = str  # type: ignore[assignment,method-assign] # as its documentation says
        parser.read_string(text)
        assert "Unit" in parser
        if name.endswith(".timer"):
            assert parser["Timer"]["OnCalendar"] == "Tue,Sat *-*-* 02:30:00 Asia/Yekaterinburg"
            assert parser["Timer"]["Persistent"] == "true"
    if shutil.which("systemd-analyze"):
        units = [str(tmp_path / name) for name in files]
        verdict = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
        said = [line for line in verdict.stderr.splitlines() if "b24kit" in line]
        assert (verdict.returncode, said) == (0, []), verdict.stderr
        calendar = ["systemd-analyze", "calendar", "Tue,Sat *-*-* 02:30:00 Asia/Yekaterinburg"]
        assert subprocess.run(calendar, capture_output=True).returncode == 0


def test_an_airflow_dag_is_one_step_that_never_overlaps(
    policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag, step = imported_dag(made(policy, "airflow")["b24kit_reassign_contacts.py"], monkeypatch)

    assert dag["schedule"] == "30 2 * * 2,6"
    assert croniter.is_valid(dag["schedule"])
    assert str(dag["start_date"].tzinfo) == "Asia/Yekaterinburg"
    assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)
    assert step["skip_on_exit_code"] == 6


def imported_dag(source: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Airflow would be told; the module runs against a stand-in for Airflow."""
    dags: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []

    class Dag:
        def __init__(self, **given: Any) -> None:
            dags.append(given)

        def __enter__(self) -> Dag:
            return self

        def __exit__(self, *_: object) -> None:
            return None

    airflow, bash = types.ModuleType("airflow"), types.ModuleType("airflow.operators.bash")
    airflow.DAG = Dag  # type: ignore[attr-defined] # a stand-in
    bash.BashOperator = lambda **given: steps.append(given)  # type: ignore[attr-defined] # a stand-in
    monkeypatch.setitem(sys.modules, "airflow", airflow)
    monkeypatch.setitem(sys.modules, "airflow.operators", types.ModuleType("airflow.operators"))
    monkeypatch.setitem(sys.modules, "airflow.operators.bash", bash)
    ast.parse(source)
    exec(compile(source, "dag.py", "exec"), {})
    assert len(dags) == len(steps) == 1
    return dags[0], steps[0]


def test_a_github_workflow_runs_on_a_machine_of_ones_own_in_utc(policy: Path) -> None:
    flow = yaml.safe_load(made(policy, "github")["b24kit-reassign_contacts.yml"])

    assert flow[True]["schedule"] == [{"cron": "30 21 * * 1,5"}]
    run = flow["jobs"]["run"]
    assert run["runs-on"] == "self-hosted"
    assert run["steps"][0]["env"] == {"B24_WEBHOOK": "${{ secrets.B24_WEBHOOK }}"}
    assert flow["concurrency"]["cancel-in-progress"] is False


def test_windows_makes_up_for_a_start_it_missed(policy: Path) -> None:
    found = windows_action(made(policy, "windows")["b24kit-reassign_contacts.xml"])

    assert found["StartBoundary"] == "2026-06-01T02:30:00+05:00"
    assert found["StartWhenAvailable"] == "true"
    assert found["MultipleInstancesPolicy"] == "IgnoreNew"
    assert found["days"] == "Tuesday Saturday"


def windows_action(text: str) -> dict[str, str]:
    root = ET.fromstring(text.encode("utf-16"))
    bare = {each.tag.rpartition("}")[2]: (each.text or "").strip() for each in root.iter()}
    days = [each.tag.rpartition("}")[2] for each in root.iter() if each.tag.endswith("day")]
    return {**bare, "days": " ".join(days)}


def test_every_scheduled_command_really_runs(
    town: Town, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy.write_text(POLICY[: POLICY.index("window")], encoding="utf-8")
    files = {name: made(policy, name, metrics=policy.parent / "b24kit.prom") for name in SCHEDULERS}
    service = re.search(
        r"^ExecStart=(.*)$", files["systemd"]["b24kit-reassign_contacts.service"], re.MULTILINE
    )
    assert service is not None
    windows = windows_action(files["windows"]["b24kit-reassign_contacts.xml"])
    _, step = imported_dag(files["airflow"]["b24kit_reassign_contacts.py"], monkeypatch)
    github = yaml.safe_load(files["github"]["b24kit-reassign_contacts.yml"])["jobs"]["run"]
    commands = {
        "cron": crontab_line(files["cron"]["b24kit-reassign_contacts.cron"])[1],
        "systemd": f"cd {shlex.quote(windows['WorkingDirectory'])} && {service[1].replace('%%', '%')}",
        "airflow": re.sub(r"\{% (end)?raw %\}", "", step["bash_command"]),
        "github": f"cd {shlex.quote(github['defaults']['run']['working-directory'])} && {github['steps'][0]['run']}",
        "windows": f"cd {shlex.quote(windows['WorkingDirectory'])} && {windows['Command']} {windows['Arguments']}",
    }
    assert set(commands) == set(SCHEDULERS)
    for name, command in commands.items():
        done = subprocess.run(["sh", "-c", command], env=town.env, cwd="/", capture_output=True, text=True)
        assert done.returncode == 0, (name, command, done.stderr)
        written = town.world.writes()
        assert written > 0, "the first does the work"
        assert (policy.parent / "output" / "b24kit.log").is_file()
        (policy.parent / "b24kit.prom").unlink()
    assert town.world.writes() == written, "the others find nothing to do"


@pytest.mark.parametrize(
    ("more", "kind", "expected"),
    [
        ({"at": "25:00"}, ParameterError, "is not a time of day"),
        ({"at": "noon"}, ParameterError, "is not a time of day"),
        ({"at": "12:00"}, PlanError, "from 22:00 to 05:00 Asia/Yekaterinburg, not at 12:00"),
        ({"zone": "Mars/Olympus"}, ParameterError, "is not a time zone"),
        ({"days": [8]}, ParameterError, "is not a day of the week"),
        ({"days": [3]}, PlanError, "not at 02:30"),
        ({"days": [1]}, PlanError, "not at 02:30"),
    ],
)
def test_what_the_run_itself_would_refuse_is_not_scheduled(
    policy: Path, more: dict[str, Any], kind: type[ToolkitError], expected: str
) -> None:
    with pytest.raises(kind, match=expected):
        made(policy, "cron", **more)


def test_an_operation_the_policy_does_not_allow_is_not_scheduled(policy: Path) -> None:
    with pytest.raises(PlanError, match="does not allow normalise_phones"):
        job("normalise_phones", {}, policy, at="02:00")


def test_times_are_carried_over_midnight_with_their_days(tmp_path: Path) -> None:
    late = Job("x", [], tmp_path, time(0, 30), "Europe/Moscow", [1, 7], False)

    assert late.moment(UTC, TODAY) == (time(21, 30), [6, 7])
    assert Job("x", [], tmp_path, time(0, 30), "Europe/Moscow", [], False).moment(UTC, TODAY)[1] == []


def test_files_are_written_and_the_next_step_is_said(town: Town, policy: Path) -> None:
    out = town.home / "units"
    words = ("schedule", "systemd", "reassign_contacts", "-p", "winner=newest", "--policy", str(policy))
    code, said = town.b24kit(*words, "--out", str(out))

    assert code == 0, said
    assert {path.name for path in out.iterdir()} == {
        "b24kit-reassign_contacts.service",
        "b24kit-reassign_contacts.timer",
    }
    assert "systemctl --user enable" in said
    assert (
        town.b24kit("schedule", "windows", "reassign_contacts", "--policy", str(policy), "--out", str(out))[0]
        == 0
    )
    ET.fromstring((out / "b24kit-reassign_contacts.xml").read_bytes())
