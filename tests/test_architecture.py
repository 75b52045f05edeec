"""The house keeps its own rules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent


def test_imports_point_down() -> None:
    """import-linter's contracts, so that plain pytest checks them too."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_top_level_is_what_the_design_says() -> None:
    done = subprocess.run(["git", "ls-files"], cwd=HOUSE, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    visible = {
        name.partition("/")[0] for name in done.stdout.split("\n") if name and not name.startswith(".")
    }
    allowed = {"pyproject.toml", "README.md", "Makefile", "notebooks", "toolkit", "tests", "snapshots"}
    assert visible <= allowed
