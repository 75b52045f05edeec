"""Writer, reader and broker killed with -9, in turn and at every step: nothing is lost, nothing goes twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.spool.broker import Broker
from tests.spool.test_queue import handed_over, left_in, send
from toolkit.spool import Spool
from toolkit.spool.publishing import publish

READER = """
import os, signal, sys, time
from pathlib import Path
from pika.channel import Channel
from pydantic import SecretStr
from toolkit.spool import SourceUnreachable, Spool
from toolkit.spool.queue_source import QueueSource
from toolkit.spool.rabbitmq import Queue

address, name, path, at, until = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5])
seen = 0

def step(what):
    global seen
    seen += 1
    if seen == at:
        os.kill(os.getpid(), signal.SIGKILL)

def before_and_after(method):
    def stepping(self, *given, **more):
        step("before")
        done = method(self, *given, **more)
        step("after")
        return done
    return stepping

for each in ("basic_ack", "basic_publish"):
    setattr(Channel, each, before_and_after(getattr(Channel, each)))
queue = Queue("centre", SecretStr(address), name, dead=name + ".dead")
with Spool(path, time.time, step) as spool:
    while True:
        last = until.exists()
        try:
            QueueSource(queue, prefetch=8, wait_s=0.05).take_in(spool)
        except SourceUnreachable:
            time.sleep(0.05)
            continue
        if last:
            break
print(seen)
"""

WRITER = """
import sys, time
from pydantic import SecretStr
from toolkit.spool import SourceUnreachable
from toolkit.spool.publishing import publish
from toolkit.spool.rabbitmq import Queue

queue = Queue("centre", SecretStr(sys.argv[1]), sys.argv[2], dead=sys.argv[2] + ".dead")
confirmed = set()
def sent(known_as):
    confirmed.add(int(known_as))
    print(known_as, flush=True)
    time.sleep(0.005)
while len(confirmed) < 300:
    try:
        publish(queue, [{"id": n} for n in range(300) if n not in confirmed], known_by="id", sent=sent)
    except SourceUnreachable:
        time.sleep(0.05)
"""


def running(script: str, *words: str) -> subprocess.Popen[str]:
    surroundings = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "-c", script, *words], stdout=subprocess.PIPE, env=surroundings, text=True
    )


def address(broker: Broker) -> str:
    return broker.queue("any").address.get_secret_value()


def test_a_reader_killed_at_any_step_loses_nothing_and_takes_nothing_twice(
    broker: Broker, tmp_path: Path
) -> None:
    (tmp_path / "until").touch()
    for at in range(1, 40, 2):
        queue, path = broker.queue(f"steps-{at}"), tmp_path / f"{at}.sqlite"
        publish(queue, [{"n": number} for number in range(6)])
        send(queue, b"noise")
        died = False
        for attempt in (at, 0):
            words = (address(broker), queue.queue, str(path), str(attempt), str(tmp_path / "until"))
            done = running(READER, *words)
            said, _ = done.communicate(timeout=60)
            died = died or done.returncode == -signal.SIGKILL
            if not died:
                assert int(said) < at  # it was never to die: the sweep is over
                break
        with Spool(path, lambda: 1.0) as spool:
            assert sorted(str(row["n"]) for row in handed_over(spool)) == [str(number) for number in range(6)]
            assert spool.counts() == {"waiting": 0, "taken": 0, "done": 6, "dead": 1}
        assert left_in(queue, queue.queue) == []
        assert {body for body, _ in left_in(queue, f"{queue.queue}.dead")} == {b"noise"}
        if not died:
            return
    raise AssertionError("the sweep did not reach the end of a look")


def test_writer_reader_and_broker_killed_in_turn_lose_nothing(broker: Broker, tmp_path: Path) -> None:
    until, path = tmp_path / "until", tmp_path / "spool.sqlite"
    publish(broker.queue("turns"), [])
    broker.settle()
    words = (address(broker), "turns")

    def reading() -> subprocess.Popen[str]:
        return running(READER, *words, str(path), "0", str(until))

    reader, writer = reading(), running(WRITER, *words)
    confirmed: set[int] = set()
    for victim in ("broker", "reader", "writer", "broker"):
        assert writer.stdout is not None
        for _ in range(40):
            confirmed.add(int(writer.stdout.readline()))
        if victim == "broker":
            broker.kill()
            broker.start()
        elif victim == "reader":
            reader.kill()
            reader.communicate()
            reader = reading()
        else:
            writer.kill()
            writer.communicate()
            writer = running(WRITER, *words)
    rest, _ = writer.communicate(timeout=120)
    assert writer.returncode == 0
    confirmed |= set(map(int, rest.split()))
    until.touch()
    reader.communicate(timeout=120)

    with Spool(path, time.time) as spool:
        went = [row["id"] for row in handed_over(spool)]
        assert spool.counts()["dead"] == 0
    assert sorted(map(int, map(str, went))) == list(range(300))
    assert confirmed == set(range(300))
    assert left_in(broker.queue("turns"), "turns") == []
