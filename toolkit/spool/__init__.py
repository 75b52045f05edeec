"""What arrives from outside waits here, on the disk, until a run has it: a spool, and where it is fed from.

    a folder of exports ─┐
    a SQL query ─────────┼──▶ Spool (SQLite) ──▶ Batch ──▶ an operation that takes rows
    a queue (RabbitMQ) ──┘      waiting ──▶ taken ──▶ done
                                   └──────────┴─────▶ dead, with its reason

A source lets go of a message only after the spool has it on the disk; the spool lets go of it only after a run
has it. A message is known by its id: twice the same is once. `workflow.everyday` hands batches over.
May import sheets, settings and errors. Start reading at `spool`, then `source`, then one of `folder`, `sql` and
`queue_source` (over `rabbitmq`; `publishing` is its other side).

Names of queues are fetched when first asked for: pika is an extra that only firms with RabbitMQ install.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolkit.spool.folder import DONE_DAYS, FolderSource
from toolkit.spool.messages import Message, message_of, version_of
from toolkit.spool.refusals import SourceRefused, SourceUnreachable, SpoolInUse
from toolkit.spool.source import Source, TookIn
from toolkit.spool.spool import Batch, Put, Spool

if TYPE_CHECKING:
    from toolkit.spool.publishing import publish
    from toolkit.spool.queue_source import QueueSource
    from toolkit.spool.rabbitmq import Queue

__all__ = [
    "DONE_DAYS",
    "Batch",
    "FolderSource",
    "Message",
    "Put",
    "Queue",
    "QueueSource",
    "Source",
    "SourceRefused",
    "SourceUnreachable",
    "Spool",
    "SpoolInUse",
    "TookIn",
    "message_of",
    "publish",
    "version_of",
]

_HOMES = {"Queue": "rabbitmq", "QueueSource": "queue_source", "publish": "publishing"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
