"""What the spool takes, measured: python tests/benchmarks/bench_spool.py [--messages N]

in         messages a second put in by two processes at once, 100 a commit, each commit on the disk
out        messages a second taken and settled, 500 a batch, one in ten of a key that came before
sent       messages a second sent to a quorum queue of a RabbitMQ on this machine, each confirmed by it
queue      messages a second out of that queue into the spool, acknowledged after each commit
together   messages a second from the sender to the spool, both at work at the same time

The last three are left out where there is no rabbitmq-server. Exits 1 when a promise is not kept.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.spool.broker import Broker, server
from toolkit.spool import Message, QueueSource, Spool, publish

WANTED = 2000.0
_AT_ONCE = 100


def put(path: Path, writer: int, messages: int) -> None:
    """Put so many messages in."""
    body = '{"phone": "+79000000001", "comment": "' + "слово " * 40 + '"}'
    with Spool(path, time.time) as spool:
        for start in range(0, messages, _AT_ONCE):
            spool.put(
                Message(f"{writer}:{number}", body, key=f"{number % (messages * 9 // 10)}:{writer}")
                for number in range(start, min(start + _AT_ONCE, messages))
            )


def queued(folder: Path, messages: int) -> dict[str, float]:
    """The figures of a queue: sent, taken in, and both at once."""
    rows = [{"id": number, "phone": "+79000000001", "comment": "слово " * 40} for number in range(messages)]
    broker = Broker(folder / "node")
    broker.start()
    try:
        queue = broker.queue("measured")
        began = time.perf_counter()
        publish(queue, rows, known_by="id")
        sent = messages / (time.perf_counter() - began)
        taken = _taken(QueueSource(queue, key="id", most=messages), folder / "queue.sqlite", messages)

        both = broker.queue("together")
        with both.opened():
            pass
        sender = threading.Thread(target=publish, args=(both, rows), kwargs={"known_by": "id"})
        sender.start()
        together = _taken(QueueSource(both, key="id", most=messages), folder / "both.sqlite", messages)
        sender.join()
    finally:
        broker.stop()
    return {"sent, confirmed/s": sent, "queue to spool, messages/s": taken, "together, messages/s": together}


def _taken(source: QueueSource, path: Path, messages: int) -> float:
    began = time.perf_counter()
    with Spool(path, time.time) as spool:
        while sum(spool.counts().values()) < messages:
            source.take_in(spool)
    return messages / (time.perf_counter() - began)


def main() -> int:
    """Measure, print, and say whether the promise is kept."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--messages", type=int, default=40_000)
    asked.add_argument("--writer", nargs=2, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.writer:
        put(Path(given.writer[0]), int(given.writer[1]), given.messages)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spool.sqlite"
        Spool(path, time.time).close()
        each = str(given.messages // 2)
        began = time.perf_counter()
        writers = [
            subprocess.Popen(
                [sys.executable, __file__, "--messages", each, "--writer", str(path), str(number)]
            )
            for number in range(2)
        ]
        if any(writer.wait() for writer in writers):
            return 1
        rate_in = given.messages / (time.perf_counter() - began)
        began, out = time.perf_counter(), 0
        with Spool(path, time.time) as spool:
            while (batch := spool.take(500)) is not None:
                spool.done(batch, "run")
                out += len(batch.ids)
        rate_out = out / (time.perf_counter() - began)
        figures = {"in, messages/s, fsync": rate_in, "out, messages/s, fsync": rate_out}
        if server() is None:
            print("NOT MEASURED: rabbitmq-server is missing")
        else:
            figures |= queued(Path(folder), given.messages)
    print(f"{'figure':<28}{'measured':>12}{'wanted':>12}")
    for name, rate in figures.items():
        print(f"{name:<28}{rate:>12,.0f}{WANTED:>12,.0f}")
    return 0 if min(figures.values()) >= WANTED and out == given.messages else 1


if __name__ == "__main__":
    sys.exit(main())
