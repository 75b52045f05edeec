"""The documentation table as rows, for the tests that run its requests and the ones that spoil them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

PAGES = Path(__file__).parent / "pages"


def rows() -> list[tuple[str, dict[str, Any]]]:
    """Every row with a name for it; the format is told in `test_pages.py`."""
    return [
        (f"{file.stem}-{index}-{row['method']}", row)
        for file in sorted(PAGES.glob("*.json"))
        for index, row in enumerate(json.loads(file.read_text(encoding="utf-8")))
    ]


def filled(value: Any, given: list[Any]) -> Any:
    """The request with its `$setup[n].path` references replaced."""
    if isinstance(value, dict):
        return {key: filled(each, given) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, given) for each in value]
    if not isinstance(value, str) or not value.startswith("$setup["):
        return value
    head, *path = re.split(r"[.\[\]]+", value.removeprefix("$setup[").rstrip("]"))
    found = given[int(head)]
    for key in path:
        found = found[int(key)] if isinstance(found, list) else found[key]
    return found
