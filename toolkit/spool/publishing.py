"""Rows sent into a queue, each confirmed by the broker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pika

from toolkit.spool.messages import message_of
from toolkit.spool.rabbitmq import Queue
from toolkit.spool.refusals import SourceUnreachable
from toolkit.spool.sending import Letter, send

__all__ = ["publish"]


def publish(
    queue: Queue,
    rows: Iterable[Mapping[str, Any]],
    *,
    known_by: str = "",
    sent: Callable[[str], None] = lambda _: None,
) -> int:
    """Send rows into a queue, one message each; returns when the broker has confirmed every one.

    Sending the same rows again after being cut off is harmless: they bear the same ids.

    Args:
        queue: where to; declared when it is missing.
        rows: column to cell.
        known_by: column whose value is the id of the message; "" for one made from the content.
        sent: told the id of each message the broker has confirmed.

    Returns:
        How many were sent.

    Raises:
        SourceRefused: the address or the queue cannot be used, or a row is no row.
        SourceUnreachable: the broker does not answer or does not take a message; those before it are in the queue.
    """
    with queue.opened():
        pass  # it is there, and as it should be
    number = 0

    def letters() -> Iterator[Letter]:
        nonlocal number
        for row in rows:
            message = message_of(row, str(row[known_by]) if row.get(known_by) is not None else "")
            properties = pika.BasicProperties(message_id=message.id[:255], content_type="application/json")
            yield Letter(message.id, "", queue.queue, message.body.encode(), properties)
            number += 1

    if send(queue, letters(), sent=sent):
        raise SourceUnreachable(queue.name, f"{queue.queue} takes no message now")
    return number
