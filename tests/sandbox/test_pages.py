"""The documentation table: example requests of documented pages get answers of the documented shape.

Each file of `pages/` is a list of rows: `page`, `method`, `request`, optionally `setup` (calls to make
first), `expect` (skeleton of `result`, or `{"error": code, "status": http}`), `beside` (skeleton of what
stands beside `result`), `as` (`app` for methods that refuse webhooks, `v3` for REST 3.0).
`"$setup[0].item.id"` in a request is what the first setup call gave.

A skeleton names types: `int str bool number map list any true false null`, several with `|`, or `=text`
for exactly that text. A map lists keys that must be there (`key?` may be absent); a one-element list
says what every element of a list that must not be empty looks like.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.sandbox.documented import filled, rows

ROWS = [pytest.param(row, id=name) for name, row in rows()]

_TYPES: dict[str, Callable[[Any], bool]] = {
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "map": lambda value: isinstance(value, dict),
    "list": lambda value: isinstance(value, list),
    "any": lambda _value: True,
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "null": lambda value: value is None,
}


def differences(value: Any, skeleton: Any, where: str = "result") -> list[str]:
    """Where a value is not of the shape the skeleton describes."""
    if isinstance(skeleton, dict):
        if not isinstance(value, dict):
            return [f"{where}: {value!r} is not a map"]
        found: list[str] = []
        for key, inner in skeleton.items():
            name = key.removesuffix("?")
            if name in value:
                found += differences(value[name], inner, f"{where}.{name}")
            elif name == key:
                found.append(f"{where}.{name} is missing")
        return found
    if isinstance(skeleton, list):
        if not isinstance(value, list):
            return [f"{where}: {value!r} is not a list"]
        if not skeleton:
            return [] if value == [] else [f"{where}: {value!r} is not empty"]
        if not value:
            return [f"{where}: is empty"]
        return [
            each
            for index, inner in enumerate(value)
            for each in differences(inner, skeleton[0], f"{where}[{index}]")
        ]
    if skeleton.startswith("="):
        return [] if value == skeleton[1:] else [f"{where}: {value!r} is not {skeleton[1:]!r}"]
    if any(_TYPES[name](value) for name in skeleton.split("|")):
        return []
    return [f"{where}: {value!r} is not {skeleton}"]


@pytest.mark.parametrize("row", ROWS)
def test_a_documented_request_gets_an_answer_of_the_documented_shape(
    row: dict[str, Any],
    raw: Callable[..., httpx.Response],
    as_app: Callable[..., httpx.Response],
    as_v3: Callable[..., httpx.Response],
) -> None:
    senders = {"app": as_app, "v3": as_v3}
    given: list[Any] = []
    for step in row.get("setup", []):
        send = senders.get(step.get("as"), raw)
        body = send(step["method"], filled(step.get("params", {}), given)).json()
        assert "result" in body, f"setup {step} answered {body}"
        given.append(body["result"])

    send = senders.get(row.get("as"), raw)
    answer = send(row["method"], filled(row["request"], given))
    body = answer.json()
    expected = row["expect"]

    if isinstance(expected, dict) and "error" in expected:
        error = body.get("error")
        code = error["code"] if isinstance(error, dict) else error
        assert (answer.status_code, code) == (expected.get("status", 400), expected["error"]), body
        return
    assert "result" in body, body
    assert answer.status_code == 200
    assert differences(body["result"], expected) == []
    assert differences(body, row.get("beside", {}), "envelope") == []


def test_the_comparison_notices_wrong_types_and_missing_keys() -> None:
    skeleton = {"a": "int", "b?": "str", "c": [{"d": "null|str"}]}

    assert differences({"a": 1, "c": [{"d": None}]}, skeleton) == []
    assert differences({"a": True, "b": 1, "c": []}, skeleton) == [
        "result.a: True is not int",
        "result.b: 1 is not str",
        "result.c: is empty",
    ]
    assert differences({}, skeleton) == ["result.a is missing", "result.c is missing"]
