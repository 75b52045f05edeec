"""PHP's habits with arrays: how it reads bracketed names, and how it writes JSON.

Bitrix24 is a PHP program. Its arrays are lists and maps at once, so a form reaches it as
`a[b][]=1`, and an empty map leaves it as `[]`. Everything that enters or leaves the sandbox
passes through here.

Source: settings/how-to-call-rest-api/data-encoding.md, read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

__all__ = ["EMPTY_OBJECT", "Settled", "items", "parse_pairs", "tidy", "to_json", "values", "whole"]

# PHP's max_input_nesting_level: deeper variables are dropped, not an error.
MAX_DEPTH = 64

_DIGITS = re.compile(r"[0-9]{1,19}")
_KEY = re.compile(r"\[([^\[\]]*)\]")


class _EmptyObject:
    """The rare `{}`: PHP objects without properties, such as CALL_START_DATE of a finished call."""

    def __repr__(self) -> str:
        return "{}"


EMPTY_OBJECT = _EmptyObject()


class Settled(dict[str, Any]):
    """A map that already is what PHP would write: never empty, no numeric keys, no empty maps inside.

    Long lists of records are walked once less on their way out.
    """


def parse_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Read decoded name/value pairs as PHP does: brackets nest, `[]` appends, later names win.

    Args:
        pairs: names and values after percent-decoding.

    Returns:
        Nested dicts and lists. Every leaf is a string, as a form cannot say otherwise.
    """
    root: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, rest = name.partition("[")
        if not head:
            continue
        keys = [head, *_KEY.findall(bracket + rest)] if bracket and "]" in rest else [name]
        if len(keys) > MAX_DEPTH:
            continue
        spot = root
        for depth, key in enumerate(keys[:-1]):
            key = _next_index(spot) if key == "" and depth else key
            inner = spot.get(key)
            if not isinstance(inner, dict):
                inner = spot[key] = {}
            spot = inner
        last = keys[-1]
        spot[_next_index(spot) if last == "" and len(keys) > 1 else last] = value
    return {key: tidy(value) for key, value in root.items()}


def _next_index(spot: Mapping[str, Any]) -> str:
    taken = [whole(key) for key in spot if key.isdecimal()]
    return str(max(taken) + 1 if taken else 0)


def tidy(value: Any) -> Any:
    """Turn maps whose keys count from 0 into lists, at every depth, as PHP arrays compare equal."""
    if isinstance(value, dict):
        inner = {str(key): tidy(each) for key, each in value.items()}
        if inner and all(key == str(index) for index, key in enumerate(inner)):
            return list(inner.values())
        return inner
    if isinstance(value, list):
        return [tidy(each) for each in value]
    return value


def items(array: Any) -> list[tuple[str, Any]]:
    """Keys and values of a PHP array, whether it arrived as a list or a map; `[]` for anything else."""
    if isinstance(array, dict):
        return [(str(key), value) for key, value in array.items()]
    if isinstance(array, list):
        return [(str(index), value) for index, value in enumerate(array)]
    return []


def values(array: Any) -> list[Any]:
    """Values of a PHP array; a scalar stands for itself, None for nothing."""
    if array is None:
        return []
    if isinstance(array, dict | list):
        return [value for _, value in items(array)]
    return [array]


def whole(value: Any) -> int:
    """The id or count that a value stands for: ASCII digits of at most 64 bits; 0 for anything else."""
    if isinstance(value, int) or (isinstance(value, str) and _DIGITS.fullmatch(value.strip())):
        number = int(value)
    else:
        return 0
    return number if 0 <= number < 2**63 else 0


def to_json(answer: Any) -> bytes:
    """Write JSON as PHP does: empty maps are `[]`, maps counting from 0 are lists."""
    return orjson.dumps(_written(answer), option=orjson.OPT_NON_STR_KEYS)


def _written(value: Any) -> Any:
    if isinstance(value, Settled):
        return value
    if isinstance(value, dict):
        if not value:
            return []
        if 0 in value or "0" in value:
            listed = tidy(value)
            if isinstance(listed, list):
                return [_written(each) for each in listed]
        return {key: _written(each) if isinstance(each, _CONTAINERS) else each for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_written(each) if isinstance(each, _CONTAINERS) else each for each in value]
    if isinstance(value, _EmptyObject):
        return {}
    return value


_CONTAINERS = (dict, list, tuple, _EmptyObject)
