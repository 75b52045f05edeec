"""The list of methods: each a function with its evidence.

A method is one decorated function in `methods/`; the folder is the registry. The decorator carries
what the coverage table shows: the page of the documentation and what is not emulated.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import Call

__all__ = ["Method", "all_methods", "known_elsewhere", "lookup", "method"]

Body = Callable[["Call"], Any]


@dataclass(frozen=True)
class Method:
    """One REST method the sandbox answers.

    Args:
        name: as documented, `crm.item.list`.
        body: the function that answers it.
        scopes: scopes needed to call it directly; all of them.
        docs: page of the documentation, relative to its root; the evidence.
        not_emulated: what of the page is left out, in a few words; empty when nothing is.
        app_only: refuses incoming webhooks.
        in_batch: may be called inside `batch`.
        version: 2, or 3 for the REST 3.0 envelope.
        feature: plan feature it needs; the plan gate refuses it when that is off.
    """

    name: str
    body: Body
    scopes: tuple[str, ...]
    docs: str
    not_emulated: str = ""
    app_only: bool = False
    in_batch: bool = True
    version: int = 2
    feature: str = ""


_NAME = re.compile(r"[a-z0-9_.]{1,100}")
_METHODS: dict[tuple[int, str], Method] = {}

# Known to exist on real portals, not built here: answered with a refusal that says so.
# Source: api-reference/ of the documentation, read 2026-11-22.
_ELSEWHERE_PREFIXES = (
    "ai.",
    "biconnector.",
    "booking.",
    "calendar.",
    "catalog.",
    "documentgenerator.",
    "entity.",
    "im.",
    "imbot.",
    "imconnector.",
    "imopenlines.",
    "landing.",
    "log.",
    "mailservice.",
    "messageservice.",
    "pay.",
    "placement.",
    "sale.",
    "sign.",
    "socialnetwork.",
    "sonet_group.",
    "timeman.",
    "userconsent.",
    "vote.",
    "bizproc.",
    "crm.",
    "task.",
    "tasks.",
    "telephony.",
    "voximplant.",
    "disk.",
    "lists.",
    "user.",
    "department.",
    "humanresources.",
    "call.",
    "main.",
    "mail.",
    "note.",
)


def method(
    name: str,
    *,
    docs: str,
    scope: str | tuple[str, ...] = (),
    not_emulated: str = "",
    app_only: bool = False,
    in_batch: bool = True,
    version: int = 2,
    feature: str = "",
) -> Callable[[Body], Body]:
    """Register the function below as the answer to `name`; arguments as in `Method`."""
    scopes = (scope,) if isinstance(scope, str) else tuple(scope)

    def register(body: Body) -> Body:
        key = (version, name.lower())
        if key in _METHODS:
            raise ValueError(f"{name} (v{version}) is registered twice")
        _METHODS[key] = Method(name, body, scopes, docs, not_emulated, app_only, in_batch, version, feature)
        return body

    return register


@cache
def _load() -> None:
    """Import every family once; that some are imported already must not hide the others."""
    from . import methods  # the one place that may: methods import `method` from here

    for module in pkgutil.iter_modules(methods.__path__):
        importlib.import_module(f"{methods.__name__}.{module.name}")


def all_methods() -> list[Method]:
    """Every method, by name; loads `methods/` on first use."""
    _load()
    return sorted(_METHODS.values(), key=lambda each: (each.name.lower(), each.version))


def lookup(name: str, version: int = 2) -> Method | None:
    """The method of that (lower-case) name, or None."""
    _load()
    return _METHODS.get((version, name))


def known_elsewhere(name: str) -> bool:
    """Whether real portals may well have it although the sandbox has not: refused as not built."""
    return name.startswith(_ELSEWHERE_PREFIXES) and _NAME.fullmatch(name) is not None
