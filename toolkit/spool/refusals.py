"""Why something could not be taken in."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import InputError, ToolkitError

__all__ = ["SourceRefused", "SourceUnreachable", "SpoolInUse"]


class SourceRefused(InputError):
    """What a source is told or gives cannot be used; nothing of it was taken in.

    Args:
        source: its name, without secrets.
        problem: what is wrong, as the end of a sentence.
        remedy: what to do.
    """

    sentence = "{source} {problem}. {remedy}"

    def __init__(self, source: str, problem: str, remedy: str) -> None:
        self.source, self.problem, self.remedy = source, problem, remedy
        super().__init__(self.in_words("en"))


class SourceUnreachable(ToolkitError):
    """A source does not answer now; what it had given before is on the disk. Come back later.

    Args:
        source: its name, without secrets.
        problem: the words of the driver, without the address.
    """

    sentence = "{source} does not answer: {problem}. What it gave before is kept; try again later."

    def __init__(self, source: str, problem: str) -> None:
        self.source, self.problem = source, problem
        super().__init__(self.in_words("en"))


class SpoolInUse(ToolkitError):
    """Another process of this machine is handing over from the spool; nothing was begun.

    Args:
        path: the spool's file.
    """

    exit_code = 6
    sentence = (
        "{path} is being handed over by another process of this machine. Wait for it to end, or stop it."
    )

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(self.in_words("en"))
