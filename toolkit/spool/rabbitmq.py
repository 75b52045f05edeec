"""A queue of RabbitMQ: how it is described, opened, and declared so that nothing in it is lost."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pika
import yaml
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from toolkit.settings import is_loopback
from toolkit.spool.addresses import address_of, without_secret
from toolkit.spool.refusals import SourceRefused, SourceUnreachable

__all__ = ["Queue"]

# Without a handler Python would write the driver's own stories onto the terminal; our errors tell what matters.
logging.getLogger("pika").addHandler(logging.NullHandler())

_TIMEOUT_S = 15.0
_LOOKS_LIKE = "It looks like amqps://user:password@host:5671/vhost."


class _Said(BaseModel):
    """What stands in the file that describes a queue."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str = Field(min_length=1)
    queue: str = Field(min_length=1, max_length=200)
    address_from: str = ""
    address_file: str = ""
    declare_it: bool = Field(True, alias="declare")
    dead: str | None = None
    ca_file: Path | None = None
    plain: bool = False


@dataclass(frozen=True)
class Queue:
    """A queue of RabbitMQ.

    It is declared durable and as a quorum queue: what the broker has confirmed is on the disks of most of its
    machines. What is no message goes to a dead-letter exchange with its reason, and so to a queue of that name;
    what the broker itself gives up goes there too, and is not thrown away.

    Args:
        name: for people, and part of the ids of messages without one of their own.
        address: `amqps://user:password@host:5671/vhost`.
        queue: its name at the broker.
        declare: make it when it is missing, and refuse one that is declared otherwise; with False it is taken
            as its owners made it, and it is theirs to make it durable.
        dead: the dead-letter exchange; "" for none: then what is no message is rejected, and the queue's own
            rules say where to.
        ca_file: an additional certificate authority, PEM.
        plain: `amqp://` to another machine, where the password can be read on the way, is meant.

    A broker of one machine and version 3.10 that loses its power within three minutes after the queue was declared
    forgets what was in it (seen 2026-11-23); later it keeps everything. Declare before the first day: `publish`
    of no rows does.

    Source: https://www.rabbitmq.com/docs/quorum-queues, https://www.rabbitmq.com/docs/dlx, read 2026-11-22.
    """

    name: str
    address: SecretStr
    queue: str
    declare: bool = True
    dead: str = ""
    ca_file: Path | None = None
    plain: bool = False

    @classmethod
    def read(cls, path: Path) -> Queue:
        """The queue a YAML file describes: name, queue, address_from or address_file; declare, dead, ca_file, plain.

        The address itself stands in the environment variable `address_from` names, or in `address_file`.

        Raises:
            SourceRefused: the file cannot be read or used.
        """
        try:
            said = _Said.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the file"
            raise SourceRefused(
                str(path),
                f"has something wrong in {place}: {first['msg']}",
                "It needs name, queue, address_from.",
            ) from None
        except (OSError, yaml.YAMLError, ValueError) as error:
            raise SourceRefused(
                str(path), f"cannot be read: {error}", "It needs name, queue, address_from."
            ) from error
        dead = said.dead if said.dead is not None else f"{said.queue}.dead" if said.declare_it else ""
        authority = path.parent / said.ca_file if said.ca_file else None
        return cls(
            said.name, address_of(said.model_dump(), path), said.queue,
            said.declare_it, dead, authority, said.plain,
        )  # fmt: skip

    @contextmanager
    def opened(self) -> Iterator[BlockingChannel]:
        """A channel on which the queue is known to be there.

        Raises:
            SourceRefused: the address cannot be used, the broker lets nobody of this name in, or the queue is
                declared otherwise.
            SourceUnreachable: the broker does not answer, or goes away while the channel is used.
        """
        parameters = self.parameters()
        connection: pika.BlockingConnection | None = None
        try:
            connection = pika.BlockingConnection(parameters)
            channel = connection.channel()
            self._make_sure(channel)
            yield channel
        except (AuthenticationError, ProbableAuthenticationError, ProbableAccessDeniedError) as error:
            raise SourceRefused(
                self.name,
                f"lets nobody in by this name and password: {self.words(error)}",
                "Mend the address.",
            ) from None
        except (AMQPError, OSError) as error:
            raise SourceUnreachable(self.name, self.words(error)) from None
        finally:
            _closed(connection)

    def parameters(self) -> pika.URLParameters:
        """What the driver needs to connect.

        Raises:
            SourceRefused: the address cannot be used.
        """
        whole = self.address.get_secret_value()
        try:
            parts = urlsplit(whole)
            host, secured = parts.hostname or "", parts.scheme == "amqps"
            if parts.scheme not in ("amqp", "amqps"):
                raise ValueError(parts.scheme)  # the driver would take http for it
            parameters = pika.URLParameters(whole)
            parameters.connection_attempts = 1
            parameters.socket_timeout = _TIMEOUT_S
            parameters.stack_timeout = _TIMEOUT_S
            parameters.blocked_connection_timeout = _TIMEOUT_S * 4
            if secured and self.ca_file is not None:
                context = ssl.create_default_context(cafile=str(self.ca_file))
                parameters.ssl_options = pika.SSLOptions(context, host)
        except (ValueError, TypeError, AttributeError, KeyError, OSError) as error:
            raise SourceRefused(
                self.name, f"has no address that can be used ({type(error).__name__})", _LOOKS_LIKE
            ) from None
        if not (secured or self.plain or is_loopback(host)):
            raise SourceRefused(
                self.name,
                "is plain amqp:// to another machine, so its password could be read on the way",
                "Use amqps://, or write plain: true where the network between is yours.",
            )
        return parameters

    def _make_sure(self, channel: BlockingChannel) -> None:
        safe: dict[str, Any] = {"x-queue-type": "quorum"}
        try:
            if not self.declare:
                channel.queue_declare(self.queue, passive=True)
                return
            if self.dead:
                channel.exchange_declare(self.dead, "fanout", durable=True)
                channel.queue_declare(self.dead, durable=True, arguments=safe)
                channel.queue_bind(self.dead, self.dead)
                # At least once needs a queue that refuses what is too much for it instead of dropping the oldest.
                safe |= {
                    "x-dead-letter-exchange": self.dead,
                    "x-dead-letter-strategy": "at-least-once",
                    "x-overflow": "reject-publish",
                }
            channel.queue_declare(self.queue, durable=True, arguments=safe)
        except ChannelClosedByBroker as error:
            raise SourceRefused(
                f"{self.name}, queue {self.queue}",
                f"is not as b24kit declares it: {self.words(error)}",
                "Make it a durable quorum queue, or, where its owners vouch for it, write declare: false.",
            ) from None

    def words(self, error: BaseException) -> str:
        """What an error of the driver says, without the address."""
        return without_secret(_said(error), self.address)

    def __repr__(self) -> str:
        return f"Queue({self.name!r}, {self.queue!r})"


def _said(error: BaseException) -> str:
    """The innermost words of an error of pika, which wraps them in errors and tuples."""
    if isinstance(error, ChannelClosedByBroker):
        return str(error.reply_text)
    inner = next((each for each in reversed(error.args) if isinstance(each, BaseException)), None)
    inner = inner or getattr(error, "exception", None)
    if isinstance(inner, BaseException):
        return _said(inner)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return ", ".join(str(each) for each in error.args) or type(error).__name__


def _closed(connection: pika.BlockingConnection | None) -> None:
    if connection is None or not connection.is_open:
        return
    try:
        connection.close()
    except (AMQPError, OSError, AssertionError):  # gone already, or stopped in the middle of a request
        return
