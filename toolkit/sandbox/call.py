"""What a method is given: parameters, the acting user, and the portal; and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .wire.errors import RestError, access_denied, missing_argument

if TYPE_CHECKING:
    from .portal import Sandbox
    from .registry import Method
    from .state.store import Store

__all__ = ["PAGE", "Call", "Caller", "Page", "start_of"]

PAGE = 50

_MISSING: Any = object()


@dataclass(frozen=True)
class Caller:
    """On whose behalf a request runs.

    Args:
        user: row of the `user` table.
        scopes: scopes granted.
        kind: `webhook` or `app`.
        key: what limits and idempotency are counted by: the webhook or the application.
        app: row of the `app` table for applications, else None.
    """

    user: dict[str, Any]
    scopes: frozenset[str]
    kind: str
    key: str
    app: dict[str, Any] | None = None

    @property
    def user_id(self) -> int:
        """Id of the acting user."""
        return int(self.user["ID"])

    @property
    def is_admin(self) -> bool:
        """Whether the acting user administers the portal."""
        return self.user.get("IS_ADMIN") == "Y"


@dataclass(frozen=True)
class Page:
    """One page of a list, with what stands beside `result` in the envelope.

    Args:
        result: the `result` member, container included.
        total: number of rows the filter matches; 0 under `start=-1`; None leaves it out.
        next: offset of the next page; None when there is none.
    """

    result: Any
    total: int | None = None
    next: int | None = None

    @classmethod
    def of(cls, result: Any, shown: int, total: int | None, start: int) -> Page:
        """A page of `shown` rows from offset `start` of `total`; `total` None means not counted."""
        if total is None:
            return cls(result, 0, None)
        after = start + shown
        return cls(result, total, after if after < total and shown else None)


@dataclass
class Call:
    """One method call.

    Args:
        portal: the sandbox.
        method: the method's description.
        params: parameters as PHP arrays (dict, list, str, numbers, None).
        caller: the acting user and its rights.
        headers: request headers, lower-case names.
        reply_headers: headers the method wants to add to the answer.
    """

    portal: Sandbox
    method: Method
    params: dict[str, Any]
    caller: Caller
    headers: dict[str, str] = field(default_factory=dict)
    reply_headers: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """The portal's tables."""
        return self.portal.store

    @property
    def user_id(self) -> int:
        """Id of the acting user."""
        return self.caller.user_id

    @property
    def now(self) -> float:
        """Unix time in seconds."""
        return self.portal.clock.now()

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter of a legacy method: its name matches in any case."""
        if name in self.params:
            return self.params[name]
        wanted = name.lower()
        for key, value in self.params.items():
            if key.lower() == wanted:
                return value
        return default

    def arg(self, name: str, default: Any = _MISSING) -> Any:
        """An argument of a controller-style method.

        Raises:
            RestError: code 100, when it is required and absent.
        """
        value = self.params.get(name, default)
        if value is _MISSING:
            raise missing_argument(name)
        return value

    def int_arg(self, name: str, default: Any = _MISSING) -> int:
        """An integer argument of a controller-style method.

        Raises:
            RestError: code 100, when absent or not a number.
        """
        value = self.arg(name, default)
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            number = 2**63
        if abs(number) >= 2**63:
            raise RestError(
                "100",
                f"Invalid value {{{value}}} to match with parameter {{{name}}}. Should be value of type int.",
            )
        return number

    def map_arg(self, name: str, default: Any = _MISSING) -> dict[str, Any]:
        """An array argument of a controller-style method, as a map.

        Raises:
            RestError: code 100, when absent or a scalar.
        """
        value = self.arg(name, default)
        if isinstance(value, dict):
            return value
        if isinstance(value, list):
            return {str(index): each for index, each in enumerate(value)}
        raise RestError(
            "100",
            f"Invalid value {{{value}}} to match with parameter {{{name}}}. Should be value of type array.",
        )

    def require_admin(self, words: str = "Access denied") -> None:
        """Refuse users who are not administrators.

        Raises:
            RestError: ACCESS_DENIED, 400.
        """
        if not self.caller.is_admin:
            raise access_denied(words)


def start_of(value: Any) -> int:
    """`start` as the portal reads it: -1 means without counting, junk means 0."""
    try:
        start = int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return start if -1 <= start < 2**63 else 0
