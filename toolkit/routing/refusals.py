"""Why something about a routing directory cannot be done."""

from __future__ import annotations

from toolkit.errors import InputError

__all__ = ["RoutingRefused"]


class RoutingRefused(InputError):
    """A directory, a version or a history cannot be used; nothing has been started.

    Args:
        what: which one.
        problem: what is wrong.
        remedy: what to do.
    """

    sentence = "{what} {problem}. {remedy}"

    def __init__(self, what: str, problem: str, remedy: str) -> None:
        self.what, self.problem, self.remedy = what, problem, remedy
        super().__init__(self.in_words("en"))
