"""What arrives from outside waits here, on the disk, until a run has it: a spool, and where it is fed from.

    a folder of exports ─┐
    a SQL query ─────────┼──▶ Spool (SQLite) ──▶ Batch ──▶ an operation that takes rows
    a queue (RabbitMQ) ──┘      waiting ──▶ taken ──▶ done
                                   └──────────┴─────▶ dead, with its reason

A source lets go of a message only after the spool has it on the disk; the spool lets go of it only after a run
has it. A message is known by its id: twice the same is once. `workflow.everyday` hands batches over.
May import sheets, settings and errors. Start reading at `spool`.
"""

from __future__ import annotations

from toolkit.spool.folder import FolderSource
from toolkit.spool.messages import Message, message_of, version_of
from toolkit.spool.refusals import SourceRefused, SourceUnreachable, SpoolInUse
from toolkit.spool.source import Source, TookIn
from toolkit.spool.spool import Batch, Put, Spool

__all__ = [
    "Batch",
    "FolderSource",
    "Message",
    "Put",
    "Source",
    "SourceRefused",
    "SourceUnreachable",
    "Spool",
    "SpoolInUse",
    "TookIn",
    "message_of",
    "version_of",
]
