"""Requests no page describes: the portal answers with its own errors, it does not break."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

PAGES = Path(__file__).parent / "pages"
FAMILIES = ("activities", "timeline", "telephony", "disk")
SEED = 20_261_122
ROUNDS = 12

JUNK: tuple[Any, ...] = (
    None, "", 0, -1, 1, 2, 10**30, "1", "abc", "²", "١", "1e5", True, False, [], {}, [[]], {"a": 1}, [1, 2],
    {"0": [1]}, "2026-13-45", "'; DROP TABLE activity;--", "{{7*7}}", "../../etc/passwd", 1.5, 1e308, "inf", "nan",
    "\u0000", "%%", "ё" * 300, {"x": {"y": [None]}}, [None], ["a.txt", "###"], {"fileData": 5}, "9" * 25,
)  # fmt: skip


def spoiled(value: Any, chance: Random) -> Any:
    """A request with parts of it replaced, left out or added."""
    if chance.random() < 0.25:
        return chance.choice(JUNK)
    if isinstance(value, dict):
        kept = {key: spoiled(each, chance) for key, each in value.items() if chance.random() > 0.1}
        if chance.random() < 0.15:
            kept[chance.choice(["ID", ">ID", "@ID", "!><ID", "0", "BINDINGS", "%SUBJECT"])] = chance.choice(
                JUNK
            )
        return kept
    if isinstance(value, list):
        return [spoiled(each, chance) for each in value]
    return chance.choice([1, 2, "1"]) if isinstance(value, str) and value.startswith("$") else value


@pytest.mark.parametrize("family", FAMILIES)
def test_a_spoiled_request_gets_one_of_the_portals_own_errors(
    family: str, as_app: Callable[..., httpx.Response], portal: Any
) -> None:
    rows = json.loads((PAGES / f"{family}.json").read_text(encoding="utf-8"))
    chance = Random(SEED)
    for fields in (
        {"entityTypeId": 3, "fields": {"name": "A"}},
        {"entityTypeId": 2, "fields": {"title": "D"}},
    ):
        for _ in range(2):
            as_app("crm.item.add", fields)

    for row in rows * ROUNDS:
        request = spoiled(row["request"], chance)
        answer = as_app(row["method"], request if isinstance(request, dict) else {})

        assert answer.status_code < 500, f"seed {SEED}: {row['method']} {request!r} {dict(portal.missing)}"
        assert {"result", "error"} & set(answer.json())
