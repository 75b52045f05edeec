"""REST 3.0 about itself: `batch`, `rest.documentation.openapi`, `rest.scope.list`.

Source: api-reference/rest-v3.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..registry import Method, all_methods, method
from ..wire.errors import RestError
from ..wire.v3 import Bare, invalid_request

_DOCS = "api-reference/rest-v3.md"
_OBJECT = {"type": "object", "additionalProperties": True}


@method("batch", docs=_DOCS, version=3, in_batch=False)
def batch(_call: Call) -> Any:
    """Answered by `v3` itself; listed here for its page."""
    raise RestError("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage", 405)


@method(
    "rest.documentation.openapi",
    docs=_DOCS,
    version=3,
    not_emulated="schemas of the parameters of single methods",
)
def openapi(_call: Call) -> Any:
    """The methods of REST 3.0 this portal has, as an OpenAPI document."""
    methods = _offered()
    modules = sorted({each.name.partition(".")[0] for each in methods})
    return Bare(
        {
            "openapi": "3.0.0",
            "info": {"title": "Bitrix24 REST V3 API", "version": "1.0.0"},
            "tags": [{"name": each, "description": f"{each} module methods"} for each in modules],
            "paths": {f"/{each.name}": _path(each) for each in methods},
            "components": {"schemas": {"ErrorResponse": _OBJECT, "Response": _OBJECT}},
        }
    )


@method("documentation", docs=_DOCS, version=3, not_emulated="as rest.documentation.openapi")
def documentation(call: Call) -> Any:
    """The short name of `rest.documentation.openapi`."""
    return openapi(call)


def _offered() -> list[Method]:
    return [each for each in all_methods() if each.version == 3]


def _path(each: Method) -> dict[str, Any]:
    content = {"application/json": {"schema": _OBJECT}}
    return {
        "post": {
            "tags": [each.name.partition(".")[0]],
            "operationId": each.name,
            "requestBody": {"content": content},
            "responses": {"200": {"description": "Success", "content": content}},
        }
    }


@method(
    "rest.scope.list",
    docs=_DOCS,
    version=3,
    not_emulated="the members of an entry, which no page describes",
)
def scope_list(call: Call) -> Any:
    """Which scope each method of REST 3.0 needs; narrowed by module, controller or method."""
    wanted: dict[str, str] = {}
    for member in ("module", "controller", "method"):
        name = f"filter{member.capitalize()}"
        given = call.params.get(name)
        if given is not None and not isinstance(given, str):
            raise invalid_request((name, f"Field `{name}` requires data type `string` for this request"))
        if given:
            wanted[member] = given.lower()
    entries = [_entry(each) for each in _offered()]
    return {
        "items": [
            each for each in entries if all(each[name].lower() == value for name, value in wanted.items())
        ]
    }


def _entry(each: Method) -> dict[str, str]:
    module, _, rest = each.name.partition(".")
    return {
        "module": module,
        "controller": rest.rpartition(".")[0],
        "method": each.name,
        "scope": ",".join(each.scopes),
    }
