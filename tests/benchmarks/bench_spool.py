"""What the spool takes, measured: python tests/benchmarks/bench_spool.py [--messages N]

in     messages a second put in by two processes at once, 100 a commit, each commit on the disk
out    messages a second taken and settled, 500 a batch, one in ten of a key that came before

Exits 1 when a promise is not kept.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from toolkit.spool import Message, Spool

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
    print(f"{'figure':<28}{'measured':>12}{'wanted':>12}")
    print(f"{'in, messages/s, fsync':<28}{rate_in:>12,.0f}{WANTED:>12,.0f}")
    print(f"{'out, messages/s, fsync':<28}{rate_out:>12,.0f}{WANTED:>12,.0f}")
    return 0 if min(rate_in, rate_out) >= WANTED and out == given.messages else 1


if __name__ == "__main__":
    sys.exit(main())
