"""What a request passes through before its method runs: one visible list.

Each gate looks at the exchange and either lets it pass or raises the portal's own error. `GATES` is the
order in which a real portal objects.

Source: error-codes.md, settings/how-to-call-rest-api/authorization.md, limits.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .call import Caller
from .registry import Method, known_elsewhere, lookup
from .wire.errors import RestError, app_context_required, not_built, unknown_method
from .wire.request import Address, WireRequest

if TYPE_CHECKING:
    from .portal import Sandbox

__all__ = ["GATES", "METHOD_GATES", "Exchange"]


@dataclass
class Exchange:
    """One request on its way through the gates.

    Args:
        portal: the sandbox.
        request: as it came in.
        address: what its path says.
        params: merged parameters; `auth` is taken out by the token gate.
        caller: set by the token gate.
        method: set by the method gate.
    """

    portal: Sandbox
    request: WireRequest
    address: Address
    params: dict[str, Any] = field(default_factory=dict)
    caller: Caller | None = None
    method: Method | None = None

    @property
    def acting(self) -> Caller:
        """The caller, once the token gate has passed."""
        if self.caller is None:
            raise RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
        return self.caller


def transport(exchange: Exchange) -> None:
    """Plain HTTP is refused unless the sandbox was started to take it (loopback only)."""
    if not exchange.request.secure and not exchange.portal.allow_http:
        raise RestError("INVALID_REQUEST", "Https required.", 400)


def rate(exchange: Exchange) -> None:
    """The leaky bucket of the portal and the source address."""
    if not exchange.portal.limits.rate.admits(exchange.request.source, exchange.portal.clock.now()):
        raise RestError("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)


def token(exchange: Exchange) -> None:
    """Who calls: the webhook of the path, or the access token in `auth`."""
    given = exchange.params.pop("auth", None)
    exchange.caller = exchange.portal.access.caller(exchange.address, given, exchange.portal.clock.now())


def subscription(exchange: Exchange) -> None:
    """REST needs a commercial plan or a trial."""
    if not exchange.portal.plan_allows("rest"):
        raise RestError("ACCESS_DENIED", "REST API is available only on commercial plans", 403)


def known_method(exchange: Exchange) -> None:
    """The method exists here; what exists only on real portals is refused loudly and logged."""
    name, version = exchange.address.method, exchange.address.version
    exchange.method = resolve(exchange.portal, name, version)


def resolve(portal: Sandbox, name: str, version: int = 2) -> Method:
    """The method of that name.

    Raises:
        RestError: there is none, here or anywhere.
    """
    found = lookup(name, version)
    if found is not None:
        return found
    if version == 2 and lookup(name, 3) is None and known_elsewhere(name) and name.count(".") >= 1:
        portal.note_missing(name)
        if portal.refuse_unbuilt:
            raise not_built(name)
    raise unknown_method()


def scope(exchange: Exchange) -> None:
    """The caller holds every scope of the method."""
    check_scope(exchange.portal, exchange.acting, _method(exchange))


def check_scope(portal: Sandbox, caller: Caller, method: Method) -> None:
    """Refuse a method outside the caller's scopes.

    Raises:
        RestError: insufficient_scope.
    """
    missing = [each for each in method.scopes if not _granted(each, caller.scopes)]
    if missing:
        status = portal.switches["insufficient_scope_status"]
        raise RestError(
            "insufficient_scope",
            "The request requires higher privileges than provided by the access token",
            status,
        )


def _granted(scope_name: str, granted: frozenset[str]) -> bool:
    if scope_name == "user":  # user_basic and user_brief open the same methods with fewer fields
        return bool(granted & {"user", "user_basic", "user_brief"})
    return scope_name in granted


def plan(exchange: Exchange) -> None:
    """The portal's plan includes the feature."""
    check_plan(exchange.portal, _method(exchange))


def check_plan(portal: Sandbox, method: Method) -> None:
    """Refuse a method the plan does not include.

    Raises:
        RestError: CRM_FEATURE_RESTRICTION_ERROR.
    """
    if method.feature and not portal.plan_allows(method.feature):
        raise RestError("CRM_FEATURE_RESTRICTION_ERROR", "The feature is restricted by your plan", 400)


def context(exchange: Exchange) -> None:
    """Some methods are for applications only."""
    check_context(exchange.acting, _method(exchange))


def check_context(caller: Caller, method: Method) -> None:
    """Refuse webhooks where an application is needed.

    Raises:
        RestError: WRONG_AUTH_TYPE.
    """
    if method.app_only and caller.kind != "app":
        raise app_context_required()


def operating(exchange: Exchange) -> None:
    """The execution time of the last ten minutes, checked before the call."""
    check_operating(exchange.portal, exchange.acting, _method(exchange).name.lower())


def check_operating(portal: Sandbox, caller: Caller, name: str) -> None:
    """Refuse a method whose time is used up.

    Raises:
        RestError: OPERATION_TIME_LIMIT, 429.
    """
    if not portal.limits.operating.admits(caller.key, name, portal.clock.now()):
        raise RestError("OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.", 429)


def _method(exchange: Exchange) -> Method:
    if exchange.method is None:
        raise unknown_method()
    return exchange.method


Gate = Callable[[Exchange], None]

# In the order a portal objects. Scripted faults strike around this list: see `portal.py`.
GATES: tuple[Gate, ...] = (
    transport,
    rate,
    token,
    subscription,
    known_method,
    scope,
    plan,
    context,
    operating,
)


# What a command inside a batch passes through again; rate and token were the batch's own.
METHOD_GATES: tuple[Callable[[Sandbox, Caller, Method], None], ...] = (
    check_scope,
    lambda portal, _caller, method: check_plan(portal, method),
    lambda _portal, caller, method: check_context(caller, method),
    lambda portal, caller, method: check_operating(portal, caller, method.name.lower()),
)
