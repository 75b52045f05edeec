"""A real queue: let go of only when it is on our disk, and what is no message is told why."""

from __future__ import annotations

import socket
from pathlib import Path

import pika
import pytest
from pydantic import SecretStr

from tests.spool.broker import Broker
from toolkit.errors import StorageError
from toolkit.spool import Put, SourceRefused, SourceUnreachable, Spool
from toolkit.spool.messages import HALF_A_LETTER, NOT_A_ROW, NOT_JSON
from toolkit.spool.publishing import publish
from toolkit.spool.queue_source import QueueSource
from toolkit.spool.rabbitmq import Queue
from toolkit.spool.spool import OUTDATED, SAME_ID


def kept(folder: Path, **more: object) -> Spool:
    return Spool(folder / "spool.sqlite", lambda: 1.0, **more)  # type: ignore[arg-type]  # as named


def source(queue: Queue, **more: object) -> QueueSource:
    return QueueSource(queue, **{"wait_s": 0.1, **more})  # type: ignore[arg-type]  # as named


def send(queue: Queue, *bodies: bytes, message_id: str | None = None) -> None:
    """As another system would, straight into the queue."""
    with queue.opened() as channel:
        for body in bodies:
            properties = pika.BasicProperties(message_id=message_id, delivery_mode=2)
            channel.basic_publish("", queue.queue, body, properties, mandatory=True)


def left_in(queue: Queue, name: str) -> list[tuple[bytes, str]]:
    """Bodies and reasons of what lies in a queue, taken out of it."""
    found = []
    with queue.opened() as channel:
        while True:
            method, properties, body = channel.basic_get(name, auto_ack=True)
            if method is None or properties is None or body is None:
                return found
            found.append((body, str((properties.headers or {}).get("reason", ""))))


def handed_over(spool: Spool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    while (batch := spool.take(10)) is not None:
        rows += batch.rows
        spool.done(batch, "run")
    return rows


def test_rows_sent_are_taken_in_once_and_the_queue_is_empty(broker: Broker, tmp_path: Path) -> None:
    queue = broker.queue("once")
    rows = [{"id": number, "имя": "Анна"} for number in range(25)]
    confirmed: list[str] = []
    assert publish(queue, rows, known_by="id", sent=confirmed.append) == 25
    publish(queue, rows[:5], known_by="id")  # cut off, so sent again
    with kept(tmp_path) as spool:
        assert source(queue, prefetch=8).take_in(spool).put == Put(new=25, known=5)
        assert source(queue).take_in(spool).put == Put()
        assert handed_over(spool) == rows
    assert confirmed == [str(number) for number in range(25)]


def test_what_is_no_row_goes_to_the_dead_letters_with_its_reason(broker: Broker, tmp_path: Path) -> None:
    queue = broker.queue("noise")
    bad = {
        b"{": NOT_JSON, b"\xcf\xf0": NOT_JSON, b'{"n": NaN}': NOT_JSON, b"[" * 100_000: NOT_JSON,
        b"[1]": NOT_A_ROW, b"null": NOT_A_ROW, rb'{"n": "\ud800"}': HALF_A_LETTER,
    }  # fmt: skip
    send(queue, b'{"n": 1}', *bad, b'{"n": 2}')
    with kept(tmp_path) as spool:
        took = source(queue).take_in(spool)

        assert took.put == Put(new=2, dead=len(bad))
        assert len(took.refused) == len(bad)
        assert handed_over(spool) == [{"n": 1}, {"n": 2}]
        assert [row["reason"] for row in spool.listed("dead")] == list(bad.values())
        assert spool.retry().dead == len(bad)  # they cannot be mended by trying again
    assert left_in(queue, "noise") == []
    assert dict(left_in(queue, "noise.dead")) == bad


def test_the_same_again_is_once_and_another_under_its_id_is_dead(broker: Broker, tmp_path: Path) -> None:
    queue = broker.queue("twice")
    send(queue, b'{"n": 1}', b'{"n":1}', b'{"n": 2}', message_id="m1")
    send(queue, b'{"n": 5}', b'{"n": 5}')  # without an id: known by content
    with kept(tmp_path) as spool:
        assert source(queue).take_in(spool).put == Put(new=2, known=2, dead=1)
        assert handed_over(spool) == [{"n": 1}, {"n": 5}]
    assert left_in(queue, "twice.dead") == [(b'{"n": 2}', SAME_ID)]


def test_out_of_order_the_newest_is_last_and_an_older_one_comes_too_late(
    broker: Broker, tmp_path: Path
) -> None:
    queue = broker.queue("order")
    publish(queue, [{"id": 7, "at": "2026-01-03"}, {"id": 7, "at": "2026-01-02"}])
    with kept(tmp_path) as spool:
        source(queue, key="id", version="at").take_in(spool)
        assert [row["at"] for row in handed_over(spool)] == ["2026-01-02", "2026-01-03"]
        publish(queue, [{"id": 7, "at": "2026-01-01"}])
        assert source(queue, key="id", version="at").take_in(spool).put == Put(outdated=1)
        assert handed_over(spool) == []
        assert spool.listed("done")[-1]["reason"] == OUTDATED


def test_what_our_disk_did_not_take_stays_in_the_queue(broker: Broker, tmp_path: Path) -> None:
    queue = broker.queue("disk")

    def full(_: str) -> None:
        raise OSError("no space left on device")

    publish(queue, [{"n": 1}, {"n": 2}])
    send(queue, b"noise")
    with kept(tmp_path, on_commit=full) as spool, pytest.raises(StorageError):
        source(queue).take_in(spool)
    with kept(tmp_path) as spool:
        assert source(queue).take_in(spool).put == Put(new=2, dead=1)


def test_one_look_takes_no_more_than_it_is_told(broker: Broker, tmp_path: Path) -> None:
    queue = broker.queue("most")
    publish(queue, [{"n": number} for number in range(7)])
    with kept(tmp_path) as spool:
        assert source(queue, most=5, prefetch=4).take_in(spool).put == Put(new=5)
        assert source(queue, most=5, prefetch=4).take_in(spool).put == Put(new=2)


def test_a_queue_that_could_lose_messages_is_refused_unless_its_owners_vouch(
    broker: Broker, tmp_path: Path
) -> None:
    with broker.queue("other").opened() as channel:
        channel.queue_declare("classic", durable=True)
    with kept(tmp_path) as spool:
        with pytest.raises(SourceRefused, match=r"x-queue-type.*declare: false"):
            source(broker.queue("classic", dead="")).take_in(spool)
        theirs = broker.queue("classic", declare=False, dead="")
        send(theirs, b'{"n": 1}', b"noise", b'{"n": 2}', b"noise too")
        assert source(theirs).take_in(spool).put == Put(new=2, dead=2)
        assert source(theirs).take_in(spool).put == Put()
        with pytest.raises(SourceRefused, match="no queue 'gone'"):
            source(broker.queue("gone", declare=False, dead="")).take_in(spool)


def test_over_tls_the_certificate_is_checked(broker: Broker, tmp_path: Path) -> None:
    address = SecretStr(f"amqps://guest:guest@127.0.0.1:{broker.tls_port}/")
    with kept(tmp_path) as spool:
        with pytest.raises(SourceUnreachable, match="certificate"):
            source(Queue("centre", address, "tls")).take_in(spool)
        trusted = Queue("centre", address, "tls", ca_file=broker.folder.parent / "cert.pem")
        publish(trusted, [{"n": 1}])
        assert source(trusted).take_in(spool).put == Put(new=1)


SECRET = "s3cr3t/word"


@pytest.mark.parametrize(
    ("address", "raised", "said"),
    [
        ("amqp://me:{0}@127.0.0.1:{1}/", SourceUnreachable, "does not answer: .*refused"),
        ("amqp://me:{0}@nowhere.invalid/", SourceRefused, "plain amqp"),
        ("amqps://me:{0}@nowhere.invalid/", SourceUnreachable, "does not answer"),
        ("http://me:{0}@127.0.0.1/", SourceRefused, "no address"),
        ("amqp://me:{0}@127.0.0.1:port/", SourceRefused, "no address"),
    ],
)
def test_an_address_that_does_not_work_is_said_without_its_password(
    tmp_path: Path, address: str, raised: type[Exception], said: str
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # nobody listens, and nobody else gets it
        whole = address.format("s3cr3t%2Fword", held.getsockname()[1])
        queue = Queue("centre", SecretStr(whole), "q")
        with kept(tmp_path) as spool, pytest.raises(raised, match=said) as caught:
            source(queue).take_in(spool)
    for text in (str(caught.value), repr(caught.value), repr(queue), repr(source(queue))):
        assert SECRET not in text
        assert "s3cr3t" not in text


def test_a_wrong_password_is_said_and_not_shown(
    broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = SecretStr(f"amqp://guest:s3cr3t%2Fword@127.0.0.1:{broker.port}/")
    with kept(tmp_path) as spool, pytest.raises(SourceRefused, match="lets nobody in") as caught:
        source(Queue("centre", address, "q")).take_in(spool)
    assert "s3cr3t" not in str(caught.value) + caplog.text


def test_a_description_names_where_the_address_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = tmp_path / "queue.yaml"
    described.write_text("name: centre\nqueue: rows\naddress_from: CENTRE_QUEUE\n", encoding="utf-8")
    monkeypatch.delenv("CENTRE_QUEUE", raising=False)
    with pytest.raises(SourceRefused, match="CENTRE_QUEUE, which is not set"):
        Queue.read(described)
    monkeypatch.setenv("CENTRE_QUEUE", "amqps://me:word@host/")
    assert Queue.read(described) == Queue(
        "centre", SecretStr("amqps://me:word@host/"), "rows", dead="rows.dead"
    )

    (tmp_path / "address").write_text("amqps://me:word@host/\n", encoding="utf-8")
    described.write_text(
        "name: centre\nqueue: rows\naddress_file: address\ndeclare: false\n", encoding="utf-8"
    )
    read = Queue.read(described)
    assert (read.address, read.declare, read.dead) == (SecretStr("amqps://me:word@host/"), False, "")

    for wrong in ("name: centre\nqueue: q\n", "name: a\nqueue: q\nadress_from: X\n", "[", "name: 1"):
        described.write_text(wrong, encoding="utf-8")
        with pytest.raises(SourceRefused):
            Queue.read(described)


def test_the_dead_letters_hold_what_the_queue_gave(broker: Broker, tmp_path: Path) -> None:
    queue = broker.queue("copy")
    send(queue, b"noise", message_id="m9")
    with kept(tmp_path) as spool:
        source(queue).take_in(spool)
        (dead,) = spool.listed("dead")
    assert (dead["body"], dead["source"]) == ("noise", "queue:centre")
    with queue.opened() as channel:
        _, properties, _ = channel.basic_get("copy.dead", auto_ack=True)
    assert properties is not None
    assert properties.message_id == "m9"
    assert {("reason", NOT_JSON), ("queue", "copy")} <= set((properties.headers or {}).items())
