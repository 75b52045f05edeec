"""A project folder with a sandbox beside it, as an integrator has; and a portal that a test can watch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import SECRET, World, make_world
from toolkit.headless import Executed, run_notebook, shipped_notebooks
from toolkit.project import lay_out
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve

SCALE = 0.005
_HALFWAY = """
from pathlib import Path
policy = agree = ""
print(*Path(".sandbox").glob("*/snapshots/*/*"))
"""
POLICY = """
operations: [reassign_contacts, undo]
kinds: [update]
max_changes: 500
max_share: 1.0
must_rehearse: true
canary: 2
"""


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("B24_"):
            monkeypatch.delenv(name)


@dataclass(frozen=True)
class Project:
    """A laid out project folder."""

    folder: Path

    def run(self, name: str, **given: Any) -> tuple[Executed, str]:
        """Run one of its notebooks; how it ended, and everything the output says."""
        output = self.folder / "output" / f"{name}.ipynb"
        notebook = self.folder / "notebooks" / f"{name}.ipynb"
        executed = run_notebook(notebook, given, output, cwd=self.folder)
        return executed, said_in(output)

    def run_all_twice(self, name: str, **given: Any) -> tuple[Executed, str, str]:
        """Press Run All, and again in the same kernel, where nobody agrees to anything any more.

        Args:
            name: of the notebook.
            given: parameters.

        Returns:
            How it ended; everything said the first time; everything said the second time, before it the runs and
            snapshots that were there by then.
        """
        shipped = json.loads((self.folder / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
        first = shipped["cells"]
        second = [{**each, "id": f"{each['id']}-again"} for each in first if not each["metadata"].get("tags")]
        nobody = {"cell_type": "code", "id": "nobody", "metadata": {}, "outputs": [], "execution_count": None}
        both = [*first, {**nobody, "source": _HALFWAY}, *second]
        twice = self.folder / "notebooks" / f"{name}-twice.ipynb"
        twice.write_text(json.dumps({**shipped, "cells": both}), encoding="utf-8")
        output = self.folder / "output" / twice.name
        executed = run_notebook(twice, given, output, cwd=self.folder)
        cells = json.loads(output.read_text(encoding="utf-8"))["cells"]
        at = next(at for at, each in enumerate(cells) if each["id"] == "nobody")
        return executed, _outputs(cells[:at]), _outputs(cells[at:])

    def runs(self) -> list[str]:
        """Ids of the runs on its sandbox."""
        return sorted(path.parent.name for path in self.folder.glob(".sandbox/*/snapshots/*/*/run.json"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    lay_out(folder)
    (folder / "policy.yaml").write_text(POLICY)
    return Project(folder)


class Office:
    """A portal behind HTTP in this process, a project folder, and its webhook in the environment."""

    def __init__(self, world: World, portal: str, folder: Path, env: dict[str, str]) -> None:
        self.world, self.portal, self.folder, self.env = world, portal, folder, env
        self.notebooks = shipped_notebooks()


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    world = make_world(tmp_path / "world", contacts=150, deals=150)
    world.sandbox.clock = WallClock()
    (tmp_path / "policy.yaml").write_text(POLICY)
    with serve(world.sandbox) as server:
        env = {
            "B24_WEBHOOK": f"{server.url}/rest/1/{SECRET}/",
            "B24_STATE_DIR": str(tmp_path / "state"),
            "B24_FENCE_S": "1",
            "B24_PLAN": "box",
        }
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        yield Office(world, server.url.partition("://")[2], tmp_path, env)


def said_in(notebook: Path) -> str:
    """Every word of the outputs of a notebook."""
    return _outputs(json.loads(notebook.read_text(encoding="utf-8"))["cells"])


def _outputs(cells: list[Any]) -> str:
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return json.dumps(outputs, ensure_ascii=False)


def write_notebook(path: Path, *cells: str | tuple[str, str]) -> Path:
    """A notebook of code cells; a pair is source and tag."""
    made = []
    for at, cell in enumerate(cells):
        source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
        made.append(
            {
                "cell_type": "code",
                "id": f"cell{at}",
                "metadata": {"tags": tags},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
        )
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.write_text(json.dumps({"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}))
    return path
