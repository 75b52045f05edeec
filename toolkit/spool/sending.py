"""Messages sent to a broker, many on their way at once, each waited for until it is confirmed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pika
from pika.adapters.select_connection import SelectConnection
from pika.channel import Channel
from pika.exceptions import AMQPError
from pika.frame import Method
from pika.spec import Basic

from toolkit.spool.rabbitmq import Queue
from toolkit.spool.refusals import SourceUnreachable

__all__ = ["Letter", "send"]

_ON_THEIR_WAY = 500


@dataclass(frozen=True)
class Letter:
    """One message on its way to a broker.

    Args:
        known_as: by the sender.
        to: exchange; "" for the queue of the routing key itself.
        key: routing key.
        body: of the message.
        properties: of the message; it is made durable.
    """

    known_as: str
    to: str
    key: str
    body: bytes
    properties: pika.BasicProperties


def send(
    queue: Queue,
    letters: Iterable[Letter],
    *,
    sent: Callable[[str], None] = lambda _: None,
    patience_s: float = 10.0,
) -> set[str]:
    """Send messages to a broker; returns when it has confirmed every one.

    Args:
        queue: whose broker.
        letters: in order.
        sent: told what each confirmed one is known as.
        patience_s: a confirmation that does not come for so long never will: a broker that has just been
            started can lose what it was given before its queues were up.

    Returns:
        What those are known as that reached no queue.

    Raises:
        SourceRefused: the address cannot be used.
        SourceUnreachable: the broker does not answer, does not confirm, or refuses one.
    """
    return _Sending(queue, iter(letters), sent, patience_s).go()


class _Sending:
    """One connection, from its opening to the last confirmation."""

    def __init__(
        self, queue: Queue, letters: Iterator[Letter], sent: Callable[[str], None], patience_s: float
    ) -> None:
        self._queue, self._letters, self._sent, self._patience_s = queue, letters, sent, patience_s
        self._waiting: dict[int, Letter] = {}  # confirmations come in the order of their numbers, or in sums
        self._number = 0
        self._all_sent = False
        self._homeless: set[str] = set()
        self._why: str | None = None
        self._raised: BaseException | None = None
        self._moved = time.monotonic()
        self._connection: SelectConnection | None = None
        self._channel: Channel | None = None

    def go(self) -> set[str]:
        connection = SelectConnection(
            self._queue.parameters(),
            on_open_callback=lambda opened: opened.channel(on_open_callback=self._opened),
            on_open_error_callback=lambda _, error: self._over(error),
            on_close_callback=lambda _, error: self._over(error),
        )
        self._connection = connection
        connection.ioloop.call_later(1, self._look)
        try:
            connection.ioloop.start()
        except (AMQPError, OSError) as error:
            self._why = self._queue.words(error)
        finally:
            if connection.is_open:
                connection.close()
                connection.ioloop.call_later(2, connection.ioloop.stop)
                connection.ioloop.start()
        if self._raised is not None:
            raise self._raised
        if self._why is not None:
            raise SourceUnreachable(self._queue.name, self._why)
        return self._homeless

    def _opened(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _, error: self._over(error))
        channel.add_on_return_callback(self._returned)
        channel.confirm_delivery(self._confirmed, callback=lambda _: self._pump())

    def _pump(self) -> None:
        assert self._channel is not None  # noqa: S101  # nothing is pumped before it is open
        self._moved = time.monotonic()
        try:
            while len(self._waiting) < _ON_THEIR_WAY and not self._all_sent:
                letter = next(self._letters, None)
                if letter is None:
                    self._all_sent = True
                    break
                letter.properties.delivery_mode = 2
                letter.properties.headers = {**(letter.properties.headers or {}), "known-as": letter.known_as}
                self._number += 1
                self._waiting[self._number] = letter
                self._channel.basic_publish(
                    letter.to, letter.key, letter.body, letter.properties, mandatory=True
                )
        except BaseException as error:  # noqa: BLE001  # of whoever gives the letters: told when all is closed
            self._raised = error
            self._stop()
            return
        if self._all_sent and not self._waiting:
            self._stop()

    def _confirmed(self, frame: Method[Basic.Ack | Basic.Nack]) -> None:
        said = frame.method
        if isinstance(said, Basic.Nack):
            self._over(OSError("it refuses a message"))
            return
        last = said.delivery_tag or 0
        settled = [number for number in self._waiting if number <= last] if said.multiple else [last]
        for number in settled:
            letter = self._waiting.pop(number, None)
            if letter is not None:
                self._sent(letter.known_as)
        self._pump()

    def _returned(self, _: Channel, __: Basic.Return, properties: pika.BasicProperties, ___: bytes) -> None:
        self._homeless.add(str((properties.headers or {}).get("known-as", "")))

    def _look(self) -> None:
        assert self._connection is not None  # noqa: S101  # it is what calls this
        if time.monotonic() - self._moved > self._patience_s:
            self._over(OSError(f"{len(self._waiting)} messages were not confirmed in {self._patience_s:g} s"))
        else:
            self._connection.ioloop.call_later(1, self._look)

    def _over(self, error: BaseException) -> None:
        done = self._all_sent and not self._waiting
        if self._why is None and self._raised is None and not done:
            self._why = self._queue.words(error)
        self._stop()

    def _stop(self) -> None:
        assert self._connection is not None  # noqa: S101  # it is what calls this
        self._connection.ioloop.stop()
