"""Messages of a queue, let go of only when the spool has them on the disk."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pika
from pika.adapters.blocking_connection import BlockingChannel

from toolkit.spool.messages import Message, digest_of, message_of, row_of
from toolkit.spool.rabbitmq import Queue
from toolkit.spool.refusals import SourceRefused, SourceUnreachable
from toolkit.spool.sending import Letter, send
from toolkit.spool.source import TookIn
from toolkit.spool.spool import SAME_ID, Spool

__all__ = ["QueueSource"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Delivery:
    tag: int
    properties: pika.BasicProperties
    body: bytes


@dataclass(frozen=True)
class QueueSource:
    """Messages of a queue, one row as a JSON object each.

    A message is known by its `message_id`; one that bears none by its content, so that the same content is
    once. It is acknowledged after the spool has it on the disk: what was cut off before comes again, and is
    known. What is no row goes to the dead-letter exchange with the header `reason`, and into the spool's dead.

    Args:
        queue: which.
        key: column by whose value rows are kept in order; "" for none.
        version: column that says which of two rows of a key is newer; "" for the order of arrival.
        prefetch: so many messages are on their way at most; half of them make a commit.
        most: messages of one look.
        wait_s: a look ends when so long nothing came.
    """

    queue: Queue
    key: str = ""
    version: str = ""
    prefetch: int = 1000
    most: int = 50_000
    wait_s: float = 0.5

    def take_in(self, spool: Spool) -> TookIn:
        """Take in what is in the queue, until nothing comes for a moment.

        Raises:
            SourceRefused: the address or the queue cannot be used.
            SourceUnreachable: the broker does not answer. When it goes away in the middle, what was taken in
                until then is returned instead.
            StorageError: the spool cannot be written; the broker keeps what was not acknowledged.
        """
        took = TookIn()
        try:
            with self.queue.opened() as channel:
                for chunk in self._chunks(channel):
                    took += self._keep(channel, spool, chunk)
        except SourceUnreachable as error:
            if took == TookIn():
                raise
            _log.warning("%s", error)
        return took

    def _chunks(self, channel: BlockingChannel) -> Iterator[list[_Delivery]]:
        """What comes, in the portions of a commit."""
        channel.basic_qos(prefetch_count=self.prefetch)
        chunk: list[_Delivery] = []
        coming = channel.consume(self.queue.queue, inactivity_timeout=self.wait_s)
        for seen, (method, properties, body) in enumerate(coming, 1):
            if method is None or properties is None or body is None:
                break
            chunk.append(_Delivery(method.delivery_tag or 0, properties, body))
            if len(chunk) * 2 >= self.prefetch or seen == self.most:
                yield chunk
                chunk = []
            if seen == self.most:
                break
        if chunk:
            yield chunk
        channel.cancel()  # what was sent but not looked at goes back into the queue

    def _keep(self, channel: BlockingChannel, spool: Spool, chunk: list[_Delivery]) -> TookIn:
        rows: dict[int, Message] = {}
        dead: list[tuple[_Delivery, Message, str]] = []
        for each in chunk:
            try:
                rows[each.tag] = self._row(each)
            except SourceRefused as error:
                dead.append((each, self._noise(each), error.problem))
        put = spool.put(rows.values())
        misnamed = [each for each in chunk if rows.get(each.tag) in put.misnamed]
        dead += [(each, rows.pop(each.tag), SAME_ID) for each in misnamed]
        put += spool.bury((message, reason) for _, message, reason in dead if reason != SAME_ID)
        if self.queue.dead and dead:
            self._dead_letters(dead)
        elif dead:
            for each, _, _ in dead:
                channel.basic_reject(each.tag, requeue=False)
        kept = [*rows, *(each.tag for each, _, _ in dead if self.queue.dead)]
        if kept:
            channel.basic_ack(max(kept), multiple=True)
        return TookIn(put, tuple(f"{message.id}: {reason}" for _, message, reason in dead))

    def _row(self, each: _Delivery) -> Message:
        row = row_of(each.body)
        source = f"queue:{self.queue.name}"
        own = each.properties.message_id
        known_as = f"{source}:{own}" if own else ""
        return message_of(row, known_as, key=self.key, version=self.version, source=source)

    def _noise(self, each: _Delivery) -> Message:
        source = f"queue:{self.queue.name}"
        text = each.body.decode("utf-8", "backslashreplace")
        return Message(f"{source}#{digest_of(each.body)}", text, source=source)

    def _dead_letters(self, dead: list[tuple[_Delivery, Message, str]]) -> None:
        letters = []
        for each, message, reason in dead:
            headers = {**(each.properties.headers or {}), "reason": reason, "queue": self.queue.queue}
            properties = pika.BasicProperties(
                message_id=each.properties.message_id,
                content_type=each.properties.content_type,
                headers=headers,
            )
            letters.append(Letter(message.id, self.queue.dead, self.queue.queue, each.body, properties))
        if send(self.queue, letters):  # nobody listens there; the spool has them with their reasons
            _log.warning("%s: the dead-letter exchange %s takes nothing", self.queue.name, self.queue.dead)
