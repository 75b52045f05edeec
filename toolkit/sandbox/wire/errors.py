"""The portal's own errors: code, words and HTTP status, as the documentation gives them.

Source: error-codes.md, _includes/system-errors.md, _includes/error-info.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "RestError",
    "access_denied",
    "app_context_required",
    "invalid_arg",
    "missing_argument",
    "not_built",
    "not_found",
    "unknown_method",
]


class RestError(Exception):
    """An error as the portal words it.

    Args:
        code: `error`; may be the empty string or a number.
        description: `error_description`.
        status: HTTP status of a call made on its own; inside a batch it stays 200.
        extra: further members of the error envelope.
    """

    def __init__(
        self, code: str | int, description: str = "", status: int = 400, extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {description}")
        self.code, self.description, self.status = code, description, status
        self.extra = extra or {}

    def envelope(self) -> dict[str, Any]:
        """The body of the error answer."""
        return {"error": self.code, "error_description": self.description, **self.extra}


def unknown_method() -> RestError:
    """No such method."""
    return RestError("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)


def not_built(method: str) -> RestError:
    """The method exists on real portals but not here: refused loudly rather than half-answered."""
    return RestError(
        "SANDBOX_NOT_BUILT",
        f"{method} exists in Bitrix24 but this sandbox does not emulate it; see the coverage table",
        501,
    )


def missing_argument(name: str) -> RestError:
    """Controller-style methods answer a missing required argument with code 100."""
    return RestError("100", f"Could not find value for parameter {{{name}}}")


def not_found(words: str = "Element not found") -> RestError:
    """Universal methods' answer for a record that is not there."""
    return RestError("NOT_FOUND", words)


def access_denied(words: str = "Access denied") -> RestError:
    """Missing permission on a CRM object is 400, not 403."""
    return RestError("ACCESS_DENIED", words, 400)


def invalid_arg(words: str) -> RestError:
    """A filter, order or value the universal methods do not accept."""
    return RestError("INVALID_ARG_VALUE", words)


def app_context_required() -> RestError:
    """The method is for applications; an incoming webhook may not call it."""
    return RestError("WRONG_AUTH_TYPE", "Current authorization type is denied for this method", 403)
