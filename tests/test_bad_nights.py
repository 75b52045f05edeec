"""What an unattended run is given that cannot work: a clear message, the right exit code, nothing half-done."""

from __future__ import annotations

import json
import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.test_cli import Town, town
from tests.test_unattended import RUN, _no_log_is_left_open, policy
from toolkit.headless import run_notebook

__all__ = ["_no_log_is_left_open", "town"]  # fixtures, used by name


def with_small_disk(town: Town, limit: int, *words: str) -> tuple[int, str]:
    """A command on a machine where no file grows beyond so many bytes: a disk that fills up."""

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "toolkit.cli", *words],
        env=town.env,
        cwd=town.home,
        capture_output=True,
        text=True,
        preexec_fn=full,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_full_disk_stops_before_the_portal_is_touched_and_leaves_no_run(town: Town) -> None:
    rules = policy(town)
    code, said = with_small_disk(town, 4096, *RUN, "--policy", rules)

    assert code == 1, said
    assert "Cannot write" in said
    assert "Traceback" not in said
    assert town.world.writes() == 0
    assert not list((town.home / "snapshots").glob("*/*/plan.parquet"))
    assert town.b24kit(*RUN, "--policy", rules)[0] == 0, "with room again, it simply runs"


@pytest.mark.parametrize(
    ("option", "path", "code"),
    [("--log-file", "/proc/none/b24kit.log", 1), ("--summary", "absent/last.json", 1), ("--metrics", ".", 1)],
)
def test_a_file_that_could_not_be_written_in_the_end_stops_the_beginning(
    town: Town, option: str, path: str, code: int
) -> None:
    where = path if path.startswith("/") else str(town.home / path)
    found, said = town.b24kit(*RUN, "--policy", policy(town), option, where)

    assert found == code, said
    assert "Cannot write" in said
    assert town.world.writes() == 0
    assert not list((town.home / "snapshots").glob("*/*/run.json"))


def test_figures_without_a_policy_are_refused(town: Town) -> None:
    code, said = town.b24kit(*RUN, "--summary", str(town.home / "last.json"))

    assert code == 2
    assert "goes with a policy" in said


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"operations": ["reasign_contacts"]}, "allows 'reasign_contacts', which is not in the catalogue"),
        ({"canary": 500}, "canary is not smaller than max_changes"),
        ({"max_changes_per_day": 5}, "no full run could ever start"),
        ({"missed": "late"}, "there is no window"),
    ],
)
def test_a_policy_that_contradicts_itself_starts_nothing(
    town: Town, rules: dict[str, object], expected: str
) -> None:
    path = policy(town, **rules)
    for words in (("policy", "check", path), (*RUN, "--policy", path)):
        code, said = town.b24kit(*words)
        assert code == 2, said
        assert expected in said
    assert town.world.writes() == 0


def test_an_operation_the_policy_does_not_name_is_not_even_planned(town: Town) -> None:
    code, said = town.b24kit("run", "normalise_phones", "--policy", policy(town))

    assert code == 5
    assert "operation normalise_phones is not among reassign_contacts" in said
    assert not list((town.home / "snapshots").glob("*/*/run.json"))


def test_a_rehearsal_left_out_is_no_way_around_a_policy_that_wants_one(town: Town) -> None:
    code, said = town.b24kit(*RUN, "--no-rehearse", "--policy", policy(town))

    assert code == 5
    assert "it was not rehearsed" in said
    assert town.world.writes() == 0


def test_the_command_line_can_make_a_canary_larger_but_not_smaller(town: Town) -> None:
    code, said = town.b24kit(*RUN, "--canary", "1", "--policy", policy(town, canary=4), "--json")

    assert code == 0, said
    journal = next((town.home / "snapshots").glob("*/*/journal.sqlite"))
    with sqlite3.connect(journal) as db:
        facts = db.execute("SELECT facts FROM event WHERE kind = 'canary'").fetchone()
    db.close()
    assert json.loads(facts[0])["changes"] == 4


def test_errors_are_said_in_the_readers_language(town: Town) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "toolkit.cli", "run", "reassign_contacts", "--policy", "absent.yaml"],
        env={**town.env, "B24_LANGUAGE": "ru"},
        cwd=town.home,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "absent.yaml: не читается" in done.stderr
    assert "Образец: b24kit policy" in done.stderr


def test_a_notebook_whose_output_outgrows_the_disk_ends_with_one_and_keeps_what_fitted(
    tmp_path: Path,
) -> None:
    script = tmp_path / "run.py"
    notebook = tmp_path / "n.ipynb"
    cells = ["x = 1", "print('early')", "print('late ' * 40_000)"]
    made = [
        {
            "cell_type": "code",
            "id": f"cell{at}",
            "metadata": {"tags": ["parameters"] if at == 0 else []},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for at, source in enumerate(cells)
    ]
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook.write_text(json.dumps({"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}))
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent.parent)!r})\n"
        "import resource, signal\n"
        "from pathlib import Path\n"
        f"from toolkit.headless import {run_notebook.__name__}\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"done = run_notebook(Path({str(notebook)!r}), {{}}, Path({str(tmp_path / 'out.ipynb')!r}))\n"
        "print(done.message)\n"
        "raise SystemExit(done.exit_code)\n"
    )
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 1, done.stderr
    assert "Cannot write" in done.stdout
    kept = yaml.safe_load((tmp_path / "out.ipynb").read_text(encoding="utf-8"))
    assert "early" in json.dumps(kept["cells"][1]["outputs"])
    assert not list(tmp_path.glob(".*.part"))
