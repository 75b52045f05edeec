"""What every source does: put what is new into the spool, and let go of it only then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from toolkit.spool.spool import Put, Spool

__all__ = ["Source", "TookIn"]


@dataclass(frozen=True)
class TookIn:
    """What one look at a source brought.

    Args:
        put: what became of its messages.
        refused: files or messages that cannot be read, each with its reason, for people.
        unfinished: files that cannot be read and may still be written, each with what is wrong now.
    """

    put: Put = field(default_factory=Put)
    refused: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()

    def __add__(self, other: TookIn) -> TookIn:
        return TookIn(self.put + other.put, self.refused + other.refused, self.unfinished + other.unfinished)


class Source(Protocol):
    """Where messages come from."""

    def take_in(self, spool: Spool) -> TookIn:
        """Put what is new into the spool; returns when it is on the disk.

        Raises:
            SourceUnreachable: it does not answer now.
            StorageError: the spool cannot be written; the source still has everything.
        """
        ...
