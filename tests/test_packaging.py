"""The distribution as a stranger gets it: built, installed into an environment of its own, and used."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import time
import venv
import zipfile
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
# What the extra `notebook` brings, kept away from the environment of a headless host.
HIDDEN = (
    "nbformat",
    "nbclient",
    "ipykernel",
    "IPython",
    "jupyterlab",
    "ipywidgets",
    "papermill",
    "jupyter_client",
)
WITHOUT = f"""
import sys
from importlib.machinery import PathFinder


class Poorer(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {HIDDEN!r} else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Poorer
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel and sdist, the wheel built from the sdist as an installer would."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(HOUSE)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


@pytest.fixture(scope="module")
def host(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel alone; what it depends on is lent by this one, but for notebooks."""
    home = tmp_path_factory.mktemp("host")
    venv.create(home / "env", with_pip=False, symlinks=True)
    python = home / "env" / "bin" / "python"
    wheel = next(dist.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(home / "env"), "platbase": str(home / "env")}))
    (own / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\nimport headless_host\n")
    (own / "headless_host.py").write_text(WITHOUT)
    return home


def b24kit(host: Path, *words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("B24_", "PYTHON"))}
    return subprocess.run(
        [host / "env" / "bin" / "b24kit", *words],
        cwd=cwd or host,
        env={**kept, "B24_LANGUAGE": "en", "COLUMNS": "200", **env},
        capture_output=True,
        text=True,
    )


def test_wheel_and_sdist_hold_what_is_needed_and_nothing_of_ours(dist: Path) -> None:
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert "toolkit/shipped/notebooks/20_reassign.ipynb" in names
    assert "toolkit/locale/ru/LC_MESSAGES/b24kit.mo" in names
    assert {"toolkit/scheduling/templates/timer.j2", "toolkit/project/templates/operation.j2"} <= names
    assert not [name for name in names if name.startswith("tests/") or name.endswith((".pyc", ".env"))]
    with tarfile.open(next(dist.glob("*.tar.gz"))) as source:
        held = {name.partition("/")[2] for name in source.getnames()}
    assert {"pyproject.toml", "Makefile", "notebooks/00_tour.ipynb", "tests/test_packaging.py"} <= held
    assert not [name for name in held if name.startswith((".venv", ".env")) or name.endswith(".parquet")]


def test_the_installed_command_answers_soon(host: Path) -> None:
    b24kit(host, "--help")  # compiles the modules once
    began = time.monotonic()
    done = b24kit(host, "--help")
    spent = time.monotonic() - began

    assert done.returncode == 0, done.stderr
    assert "Repair and migrate" in done.stdout
    assert spent < 10, "a second where nothing else runs; what it imports is held in tests/test_cli.py"
    module = subprocess.run(
        [host / "env" / "bin" / "python", "-c", "import toolkit; print(toolkit.__file__)"],
        cwd=host,
        capture_output=True,
        text=True,
    )
    assert str(host) in module.stdout, "the wheel, not this checkout"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_and_operations(host: Path, shell: str) -> None:
    script = b24kit(host, _B24KIT_COMPLETE=f"source_{shell}")
    assert script.returncode == 0, script.stderr
    assert "b24kit" in script.stdout
    for words, wanted in (("b24kit sch", "schedule"), ("b24kit run reassign_c", "reassign_contacts")):
        typed = {
            "bash": {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))},
            "zsh": {"_TYPER_COMPLETE_ARGS": words},
            "fish": {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        }[shell]
        offered = b24kit(host, _B24KIT_COMPLETE=f"complete_{shell}", **typed)
        assert wanted in offered.stdout, offered.stderr


def test_a_project_is_laid_out_from_the_installed_package(host: Path) -> None:
    done = b24kit(host, "init", "client")

    assert done.returncode == 0, done.stderr
    assert (host / "client" / "notebooks" / "20_reassign.ipynb").is_file()
    assert b24kit(host, "policy", "check", "policy.yaml", cwd=host / "client").returncode == 0
    assert "20_reassign" in b24kit(host, "notebook", "list").stdout
    timer = b24kit(host, "schedule", "systemd", "reassign_contacts", "--policy", "client/policy.yaml")
    assert str(host / "env" / "bin" / "b24kit") in timer.stdout, timer.stderr
    assert b24kit(host, "new", "operation", "mine", cwd=host / "client").returncode == 0
    assert (host / "client" / "operations" / "mine.py").is_file()
    assert b24kit(host, "new", "check", "mine", cwd=host / "client").returncode == 0


def test_a_headless_host_needs_no_notebook_server_and_says_so(host: Path) -> None:
    refused = b24kit(host, "notebook", "run", "00_tour")

    assert refused.returncode == 2, refused.stderr
    assert "pip install 'b24kit[notebook]'" in refused.stderr
    assert "Traceback" not in refused.stderr
    lab = b24kit(host, "notebook", "lab", "--no-browser")
    assert lab.returncode == 2
    assert "Traceback" not in lab.stderr
    listed = b24kit(host, "operations")
    assert "reassign_contacts" in listed.stdout, listed.stderr
