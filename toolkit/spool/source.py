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
    """

    put: Put = field(default_factory=Put)
    refused: tuple[str, ...] = ()


class Source(Protocol):
    """Where messages come from."""

    def take_in(self, spool: Spool) -> TookIn:
        """Put what is new into the spool; returns when it is on the disk.

        Raises:
            SourceUnreachable: it does not answer now.
            StorageError: the spool cannot be written; the source still has everything.
        """
        ...
