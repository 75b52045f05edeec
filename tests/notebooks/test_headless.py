"""The notebook runner: what it refuses, what it keeps, how it ends."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.notebooks.conftest import Office, said_in, write_notebook
from tests.runs.conftest import SECRET
from toolkit.errors import StorageError
from toolkit.headless import NotebookError, find_notebook, run_notebook

PARAMETERS = ("count = 3\nname = ''\nshare = 0.5\nsure = False\nmany = []", "parameters")


@pytest.mark.parametrize(
    ("cells", "given", "expected"),
    [
        (["1"], {}, "has no cell tagged `parameters`"),
        ([PARAMETERS, PARAMETERS], {}, "has 2 cells tagged `parameters`"),
        ([("count = open('x')", "parameters")], {}, "more than set plain values"),
        ([PARAMETERS], {"cuont": 3}, "has no parameter 'cuont'"),
        ([PARAMETERS], {"count": "three"}, "wants count as int, not 'three'"),
        ([PARAMETERS], {"count": True}, "wants count as int"),
        ([PARAMETERS], {"sure": 1}, "wants sure as bool"),
        ([PARAMETERS], {"name": 5}, "wants name as str"),
        ([PARAMETERS], {"many": "abc"}, "wants many as list"),
        ([PARAMETERS], {"webhook": "x"}, "looks like a secret"),
        ([PARAMETERS], {"api_key": "x"}, "looks like a secret"),
        ([PARAMETERS], {"name": "https://x.bitrix24.ru/rest/1/abcd1234efgh/"}, "looks like a secret"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_runs(
    tmp_path: Path, cells: list[Any], given: dict[str, Any], expected: str
) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", *cells)

    with pytest.raises(NotebookError, match=expected.replace("(", r"\(")) as caught:
        run_notebook(notebook, given, tmp_path / "out.ipynb")

    assert caught.value.exit_code == 2
    assert "abcd1234efgh" not in str(caught.value)
    assert not (tmp_path / "out.ipynb").exists()


def test_what_is_no_notebook_says_so(tmp_path: Path) -> None:
    (tmp_path / "n.ipynb").write_text("{")
    with pytest.raises(NotebookError, match="cannot be read"):
        run_notebook(tmp_path / "n.ipynb", {}, tmp_path / "out.ipynb")
    with pytest.raises(NotebookError, match="was not found"):
        find_notebook("21_nothing")


def test_an_output_that_cannot_be_written_is_said_before_anything_runs(tmp_path: Path) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", PARAMETERS, f"open({str(tmp_path / 'ran')!r}, 'w')")

    with pytest.raises(StorageError):
        run_notebook(notebook, {}, tmp_path / "absent" / "out.ipynb")
    with pytest.raises(NotebookError, match="overwritten by its own output"):
        run_notebook(notebook, {}, notebook)

    assert not (tmp_path / "ran").exists()


def test_a_failing_notebook_is_kept_private_and_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("B24_WEBHOOK", f"https://x.bitrix24.ru/rest/1/{SECRET}/")
    notebook = write_notebook(
        tmp_path / "n.ipynb",
        PARAMETERS,
        "import os\nprint(os.environ['B24_WEBHOOK'], count, share)",
        "print(os.environ['B24_WEBHOOK'].split('/')[5])",
        "from toolkit.errors import Paused\nraise Paused(os.environ['B24_WEBHOOK'], 1, count)",
        "print('never')",
    )
    output = tmp_path / "out.ipynb"

    executed = run_notebook(notebook, {"count": 40, "share": 1}, output)

    assert executed.exit_code == 7
    kept = output.read_text(encoding="utf-8")
    assert SECRET not in kept
    assert SECRET not in executed.message
    assert "40 1" in kept
    assert '"injected-parameters"' in kept
    assert "never" not in said_in(output)
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert "Traceback" not in said_in(output), "a deliberate error is its words"


def test_a_kernel_that_dies_leaves_what_was_shown(tmp_path: Path) -> None:
    notebook = write_notebook(
        tmp_path / "n.ipynb", PARAMETERS, "print('seen')", "import os, signal\nos.kill(os.getpid(), 9)"
    )

    executed = run_notebook(notebook, {}, tmp_path / "out.ipynb")

    assert executed.exit_code == 1
    assert "kernel died" in executed.message
    assert "seen" in said_in(tmp_path / "out.ipynb")


def test_exit_codes_of_the_runs_inside_are_passed_through(tmp_path: Path) -> None:
    notebook = write_notebook(
        tmp_path / "n.ipynb",
        PARAMETERS,
        "from toolkit.notebook.outcome import note_outcome\nnote_outcome('a', 4); note_outcome('a', 0)",
        "note_outcome('b', 3)",
    )

    assert run_notebook(notebook, {}, tmp_path / "out.ipynb").exit_code == 3


def _kernel() -> psutil.Process:
    found = [
        each for each in psutil.Process().children(recursive=True) if "ipykernel_launcher" in each.cmdline()
    ]
    return found[-1]


def test_a_kernel_killed_in_the_middle_of_20_reassign_goes_on_from_one_cell(office: Office) -> None:
    sandbox = office.world.sandbox
    sandbox.faults.before(lambda: _kernel().send_signal(signal.SIGKILL), "crm.item.update", at=2)
    given = {"portal": office.portal, "policy": "policy.yaml"}

    died = run_notebook(
        office.notebooks / "20_reassign.ipynb", given, office.folder / "out.ipynb", cwd=office.folder
    )

    assert died.exit_code == 1
    assert "run the notebook again" in died.message
    run = next(office.folder.glob("snapshots/*/*reassign*"))
    written = office.world.writes()

    one = write_notebook(
        office.folder / "one.ipynb",
        ("portal = ''", "parameters"),
        "from toolkit.notebook import open_portal\nopen_portal(portal).resume()",
    )
    resumed = run_notebook(one, {"portal": office.portal}, office.folder / "one_out.ipynb", cwd=office.folder)

    assert resumed.exit_code == 0, resumed.message
    assert "Сделано и доказано" in said_in(office.folder / "one_out.ipynb")
    certificate = json.loads((run / "certificate.json").read_text())
    total = certificate["as_planned"]
    assert 0 < written < total
    assert office.world.writes() == total, "nothing was written twice"
    assert len(list(office.folder.glob("snapshots/*/*/run.json"))) == 1


def test_sigterm_pauses_the_run_and_the_same_command_goes_on(office: Office) -> None:
    words = ["notebook", "run", "20_reassign", "-p", f"portal={office.portal}", "-p", "policy=policy.yaml"]
    command = [sys.executable, "-m", "toolkit.cli", *words]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    runner: list[subprocess.Popen[str]] = []

    def terminate() -> None:
        runner[0].send_signal(signal.SIGTERM)
        _interrupted(runner[0].pid).wait(10)

    office.world.sandbox.faults.before(terminate, "crm.item.update", at=2)
    runner.append(
        subprocess.Popen(
            command, cwd=office.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    )
    said, errors = runner[0].communicate(timeout=90)

    assert runner[0].returncode == 7, said + errors
    assert "paused" in errors
    assert office.world.writes() > 0
    output = Path(said.split()[0])
    assert "Пауза, ничего не потеряно" in said_in(office.folder / output)

    done = subprocess.run(command, cwd=office.folder, env=env, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    certificate = json.loads(next(office.folder.glob("snapshots/*/*/certificate.json")).read_text())
    assert office.world.writes() == certificate["as_planned"]
    assert SECRET not in "".join(path.read_text() for path in office.folder.glob("output/*.ipynb"))


def _interrupted(pid: int) -> threading.Event:
    """Set once the signal had time to travel: the runner hears it, and tells the kernel."""
    passed = threading.Event()
    threading.Timer(1.0, passed.set).start()
    assert psutil.pid_exists(pid)
    return passed


def test_runs_of_one_command_do_not_wait_for_slow_imports() -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "toolkit.cli", "notebook", "list"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "00_tour" in done.stdout
    assert "nbformat" not in done.stderr
    assert "nbclient" not in done.stderr
    assert time.monotonic() - began < 30
