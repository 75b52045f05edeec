"""The one place where Python values become what the portal reads.

A command means the same whichever way it travels: first its values are put into wire form, then written
either as a JSON body or as the PHP-bracket string of a batch.

| Python | on the wire |
| --- | --- |
| bool | `Y` / `N`; `1` / `0` or `true` / `false` where the methods table says so |
| int, str | as they are |
| float, Decimal | plain decimal notation, never an exponent; Decimal keeps its trailing zeros |
| aware datetime | ISO 8601 with seconds and offset |
| date | `YYYY-MM-DD` |
| None | null in JSON; a batch cannot carry it |
| mapping, list, tuple | nested |

Source: settings/how-to-call-rest-api/{batch,data-encoding}.md, api-reference/data-types.md, read 2026-11-22.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from numbers import Integral
from typing import Any, Literal
from urllib.parse import quote

from toolkit.client.attachments import FileOnDisk
from toolkit.errors import CommandError

__all__ = ["Booleans", "Reference", "batch_string", "why_not_in_batch", "wire_params"]

Booleans = Literal["Y/N", "1/0", "true/false"]

# PHP reads at most this many variables from one string (max_input_vars is 1000) and drops the rest without
# a word: a long IN filter would lose its end. Stay clear of it.
_MOST_VARIABLES = 900

# PHP's max_input_nesting_level is 64.
_DEEPEST = 60

_BOOLEANS: dict[str, tuple[Any, Any]] = {"Y/N": ("N", "Y"), "1/0": (0, 1), "true/false": (False, True)}


class Reference(str):
    """A value the portal itself fills in while it carries out a batch: `$result[page1][49][ID]`.

    Any other text that contains `$result[` is a customer's, and must not be filled in.
    """

    __slots__ = ()


def wire_params(method: str, params: Mapping[str, Any], booleans: Booleans = "Y/N") -> dict[str, Any]:
    """Parameters in wire form, ready for a JSON body.

    Args:
        method: for the error's text.
        params: values as `Command.params` allows.
        booleans: how this method spells them.

    Raises:
        CommandError: a value has no wire form: a naive datetime, NaN, a set, bytes, an object.
    """
    return {
        _key(method, "", key): _wire(method, str(key), value, booleans, 0) for key, value in params.items()
    }


def why_not_in_batch(params: Mapping[str, Any]) -> str:
    """Why parameters in wire form cannot be written as a batch command; empty when they can.

    Such a command is sent as a JSON call of its own.
    """
    count = 0
    for key in params:
        # PHP replaces these in the outermost names, and only there.
        if any(letter in key for letter in ". ") or key != key.strip():
            return f"PHP would rename {key!r}"
    for path, value in _leaves(params, ()):
        count += 1
        if any("[" in part or "]" in part or "\0" in part or not part for part in path):
            return f"a bracket or nothing at all in the name {path[-1]!r}"
        if value is None:
            return f"{_shown(path)} is null"
        if isinstance(value, FileOnDisk):
            return f"{_shown(path)} is a file"
        if value == {} or value == []:
            return f"{_shown(path)} is an empty list"
        if isinstance(value, str) and "$result[" in value and not isinstance(value, Reference):
            return f"the portal would replace the text of {_shown(path)}"
    if count > _MOST_VARIABLES:
        return f"{count} values; PHP reads no more than 1000"
    return ""


def batch_string(method: str, params: Mapping[str, Any]) -> str:
    """The command as a line of a batch's `cmd`: `crm.item.list?entityTypeId=2&filter%5B%3Eid%5D=7`.

    Args:
        method: REST method.
        params: in wire form, for which `why_not_in_batch` has no objection.
    """
    pairs = [
        f"{quote(_shown(path), safe='')}={quote(_plain(value), safe='')}"
        for path, value in _leaves(params, ())
    ]
    return f"{method}?{'&'.join(pairs)}" if pairs else method


def _wire(method: str, path: str, value: Any, booleans: Booleans, depth: int) -> Any:
    if value is None or isinstance(value, Reference | FileOnDisk):
        return value
    if depth > _DEEPEST:
        raise CommandError(method, path, "…", "is nested too deeply", "Flatten it.")
    if isinstance(value, bool):
        return _BOOLEANS[booleans][value]
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise CommandError(
                method, path, value, "holds half of a character", "Clean the text; it is not valid Unicode."
            ) from None
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, (float, Decimal)):
        if not math.isfinite(value):
            raise CommandError(
                method, path, value, "is not a number the portal knows", "Leave the field out."
            )
        return _decimal(value)
    if isinstance(value, datetime):
        if value != value:  # pandas' NaT is a datetime, and not equal to itself
            raise CommandError(
                method, path, value, "is no moment", "Leave the field out, or pass an empty text."
            )
        if value.utcoffset() is None:
            raise CommandError(
                method, path, value, "has no time zone, and the portal would guess one", "Give it an offset."
            )
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {
            _key(method, path, key): _wire(method, f"{path}[{key}]", entry, booleans, depth + 1)
            for key, entry in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_wire(method, f"{path}[{i}]", entry, booleans, depth + 1) for i, entry in enumerate(value)]
    raise CommandError(
        method, path, value, f"is a {type(value).__name__}, which has no form on the wire",
        "Pass text, a number, a date, a list or a mapping.",
    )  # fmt: skip


def _key(method: str, path: str, key: Any) -> str:
    if isinstance(key, bool) or not isinstance(key, (str, int)):
        raise CommandError(method, path or "parameters", key, "is not a name", "Names are text.")
    return str(key)


def _decimal(value: float | Decimal) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    # JSON would write 1e+16 for a large float; PHP's loose fields then store the text "1.0E+16".
    return int(value) if value.is_integer() and abs(value) < 2**53 else format(Decimal(repr(value)), "f")


def _plain(value: Any) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and (value or not path):
        for key, entry in value.items():
            yield from _leaves(entry, (*path, str(key)))
    elif isinstance(value, list) and value:
        for index, entry in enumerate(value):
            yield from _leaves(entry, (*path, str(index)))
    else:
        yield path, value


def _shown(path: tuple[str, ...]) -> str:
    return path[0] + "".join(f"[{part}]" for part in path[1:])
