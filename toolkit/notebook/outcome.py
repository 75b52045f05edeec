"""What a run inside a notebook came to, for whoever started the notebook without watching."""

from __future__ import annotations

import json
import os
from pathlib import Path

__all__ = ["OUTCOME_VARIABLE", "note_outcome", "worst_outcome"]

OUTCOME_VARIABLE = "B24_NOTEBOOK_OUTCOME"
"""Names the file into which a headless notebook's runs write their exit codes, one JSON object a line."""


def note_outcome(run: str, exit_code: int) -> None:
    """Tell the runner of this notebook, if there is one, how a run ended."""
    path = os.environ.get(OUTCOME_VARIABLE)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"run": run, "exit_code": exit_code}) + "\n")


def worst_outcome(path: Path) -> int:
    """The exit code a notebook's runs add up to; 0 when none said anything."""
    if not path.exists():
        return 0
    lines = path.read_text(encoding="utf-8").splitlines()
    latest = {str(each["run"]): int(each["exit_code"]) for each in map(json.loads, lines)}
    return max(latest.values(), default=0)
