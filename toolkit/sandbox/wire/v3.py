"""REST 3.0: the envelope, the idempotency key and the batch of `/rest/api/...`.

Source: api-reference/rest-v3.md, _includes/error-info-v3.md, read 2026-11-22. What only the official
JavaScript SDK knows ($ref, aliases, the code of an unknown method) is marked [SDK].
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from ..state.store import declare_table
from ..switches import declare
from . import php
from .errors import RestError, unknown_method
from .request import WireAnswer, WireRequest, read_json

if TYPE_CHECKING:
    from ..call import Call

__all__ = ["Bare", "answer", "envelope", "exception", "invalid", "invalid_request", "read_body"]

BATCH_MAX = 50
KEPT_S = 86_400
_PREFIX = "BITRIX_REST_V3_EXCEPTION_"
_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_READING = (".get", ".list", ".tail", ".search", ".count", ".openapi", "documentation", "batch")

BATCH_ON_ERROR = declare(
    "v3_batch_on_error",
    "kept",
    ("kept", "rolled_back"),
    "A failing command fails the whole answer; whether the writes before it are undone is not said. Kept is"
    " the answer a client must be prepared for.",
    "api-reference/rest-v3.md",
)
NO_METHOD_STATUS = declare(
    "v3_unknown_method_status",
    404,
    (404, 400),
    "The overview gives no code for an unknown method; the JavaScript SDK knows METHODNOTFOUNDEXCEPTION, and"
    " the table of system errors 404.",
    "api-reference/rest-v3.md",
)

declare_table(
    "idempotency",
    "CALLER",
    "USER_ID int",
    "METHOD",
    "KEY",
    "DIGEST",
    "ANSWER",
    "CREATED time",
    indexes=[("CALLER", "METHOD", "KEY"), ("CREATED",)],
)


@dataclass(frozen=True)
class Bare:
    """An answer that is its own envelope, as OpenAPI documents are.

    Args:
        body: the whole of it.
    """

    body: Mapping[str, Any]


def exception(
    name: str, message: str, status: int = 400, validation: list[dict[str, str]] | None = None
) -> RestError:
    """An error of REST 3.0.

    Args:
        name: the code without its prefix, `ENTITYNOTFOUND`; EXCEPTION is added.
        message: for people.
        status: HTTP status.
        validation: `{field, message}` of every refused parameter.
    """
    extra = {"validation": validation} if validation else {}
    return RestError(f"{_PREFIX}{name}EXCEPTION", message, status, extra)


def invalid_request(*problems: tuple[str, str]) -> RestError:
    """Refused parameters, as (field, message) pairs."""
    return exception(
        "VALIDATION_REQUESTVALIDATION",
        "Error during request object validation",
        validation=[{"field": field, "message": message} for field, message in problems],
    )


def invalid(what: str, given: Any, subject: str) -> RestError:
    """A `select`, `filter`, `order` or `pagination` that cannot be read; `what` names the exception."""
    shown = given if isinstance(given, str) else orjson.dumps(given).decode()
    return exception(what, f"Unable to recognize {subject} `{shown}`")


def envelope(error: RestError, no_method_status: int) -> tuple[int, dict[str, Any]]:
    """Status and body of an error; the few system errors that have a code of their own here get it."""
    if error.code == "insufficient_scope":
        error = exception("INSUFFICIENTSCOPE", error.description, 403)
    elif error.code == unknown_method().code:
        error = exception("METHODNOTFOUND", error.description, no_method_status)
    return error.status, {"error": {"code": str(error.code), "message": error.description, **error.extra}}


def read_body(request: WireRequest) -> dict[str, Any]:
    """Parameters of a request: JSON only, and nothing from the query string.

    Raises:
        RestError: INVALIDJSON, for any other body.
    """
    if not request.body.strip():
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind and kind != "application/json":
            raise RestError("100")
        return read_json(request.body)
    except RestError:
        raise exception("INVALIDJSON", "Request body is not valid JSON") from None


def answer(call: Call, execute: Callable[[Call], Any], spent: Callable[[], Any]) -> WireAnswer:
    """Answer one call, or repeat the answer its idempotency key stands for.

    Args:
        call: the call; its method has passed the gates.
        execute: runs a call and charges it.
        spent: the `time` member.

    Raises:
        RestError: what the method, the key or a command of the batch is refused with.
    """
    key = _key_of(call)
    if key is not None:
        kept = _kept(call, key)
        if kept is not None:
            return _with_key(WireAnswer(200, kept), key, replayed=True)
    reply = _batch(call, execute) if call.method.name == "batch" else execute(call)
    body = reply.body if isinstance(reply, Bare) else {"result": reply, "time": spent()}
    made = WireAnswer(200, php.to_json(body))
    if key is not None:
        _keep(call, key, made.body)
        return _with_key(made, key)
    return made


# -- idempotency -------------------------------------------------------------------------------------


def _key_of(call: Call) -> str | None:
    """The idempotency key of a call that writes; reading methods do not look at it."""
    key = call.headers.get("idempotency-key")
    if key is None or call.method.name.endswith(_READING):
        return None
    if not _KEY.fullmatch(key):
        raise exception(
            "INVALIDIDEMPOTENCYKEY", "Idempotency key must be 1 to 255 printable ASCII characters"
        )
    return key


def _place(call: Call, key: str) -> dict[str, Any]:
    return {
        "CALLER": call.caller.key,
        "USER_ID": call.user_id,
        "METHOD": call.method.name.lower(),
        "KEY": key,
    }


def _digest(call: Call) -> str:
    return hashlib.sha256(orjson.dumps(call.params, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _kept(call: Call, key: str) -> bytes | None:
    call.store.db.execute("DELETE FROM idempotency WHERE CREATED <= ?", [call.now - KEPT_S])
    row = next(
        (each for each in call.store.find("idempotency", **_place(call, key)) if each["KEY"] == key), None
    )
    if row is None:
        return None
    if row["DIGEST"] != _digest(call):
        raise exception(
            "IDEMPOTENCYKEYREUSED", "Idempotency key was already used with another request body", 422
        )
    return str(row["ANSWER"]).encode()


def _keep(call: Call, key: str, body: bytes) -> None:
    row = {**_place(call, key), "DIGEST": _digest(call), "ANSWER": body.decode(), "CREATED": call.now}
    call.store.insert("idempotency", row)


def _with_key(made: WireAnswer, key: str, *, replayed: bool = False) -> WireAnswer:
    made.headers["Idempotency-Key"] = key
    if replayed:
        made.headers["Idempotent-Replayed"] = "true"
    return made


# -- batch -------------------------------------------------------------------------------------------


def _batch(call: Call, execute: Callable[[Call], Any]) -> Any:
    """Results in the order of the commands; the first that fails is the answer to all of them.

    The JavaScript SDK sends the array as an object with keys from 0, which to PHP is the same.
    """
    if "cmd" in call.params:
        raise invalid("INVALIDSELECT", call.params["cmd"], "select expression")
    commands = [each for name, each in call.params.items() if name.isdigit()]
    if not commands:
        raise invalid_request(("method", "Required field `method` is not specified"))
    if len(commands) > BATCH_MAX:
        raise RestError("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded", 400)
    db = call.store.db
    db.execute("SAVEPOINT v3_batch")
    results: list[Any] = []
    named: dict[str, Any] = {}
    try:
        for command in commands:
            if not isinstance(command, dict) or not isinstance(command.get("method"), str):
                raise invalid_request(("method", "Required field `method` is not specified"))
            query = command.get("query") or {}
            if not isinstance(query, dict):
                raise invalid_request(("query", "Field `query` requires data type `array` for this request"))
            reply = execute(_command(call, command["method"].lower(), _filled(query, named)))
            results.append(reply.body if isinstance(reply, Bare) else reply)
            if isinstance(command.get("as"), str):
                named[command["as"]] = results[-1]
    except RestError:
        if call.portal.switches[BATCH_ON_ERROR] == "rolled_back":
            db.execute("ROLLBACK TO v3_batch")
        raise
    finally:
        db.execute("RELEASE v3_batch")
    return results


def _command(outer: Call, name: str, params: dict[str, Any]) -> Call:
    method = outer.portal.admitted(name, outer.caller, version=3)
    return replace(outer, method=method, params=params)


def _filled(value: Any, named: Mapping[str, Any]) -> Any:
    """Put in what `{"$ref": "alias.path"}` and `{"$refArray": "alias.field"}` stand for. [SDK]"""
    if isinstance(value, list):
        return [_filled(each, named) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$ref"}:
        return _at(str(value["$ref"]), named)
    if set(value) == {"$refArray"}:
        alias, dot, field = str(value["$refArray"]).partition(".")
        items = named.get(alias, {}).get("items") if isinstance(named.get(alias), dict) else None
        if not dot or not isinstance(items, list):
            raise invalid("INVALIDSELECT", str(value["$refArray"]), "select expression")
        return [each.get(field) for each in items if isinstance(each, dict)]
    return {key: _filled(each, named) for key, each in value.items()}


def _at(path: str, named: Mapping[str, Any]) -> Any:
    found: Any = named
    for key in path.split("."):
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            raise invalid("INVALIDSELECT", path, "select expression")
    return found
