"""The same reads and writes with fast_bitrix24, b24pysdk and b24kit: python tests/benchmarks/bench_peers.py

One sandbox portal after another, in a process of its own, under cloud limits and over HTTPS on this machine;
each library in a process of its own, used as its README does (peers.py). What counts is counted in the portal:
the requests in its log, and the contacts in its tables.

    read     all of 10,000 contacts
    update   2,000 of them, one employee's, to another employee
    lost     500 contacts created, the reply to the fifth write lost: executed, connection closed
    killed   the script killed (-9) while a write of the middle is on its way, and started again

A script that ended with an error is started again, as one does. What a script had sent before it
was killed is carried out, as a portal does. b24kit waits, after a lost reply, until the request surely has
ended: 60 s on a portal, `--fence` here. Its update is the whole river: snapshot, rehearsal, canary, writing,
proof. Prints a table for the README. The sandbox's own work takes next to no time, so that the seconds are
the libraries' and this machine's.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from toolkit.sandbox import Sandbox, new_portal
from toolkit.sandbox.doors.http import Server, serve
from toolkit.sandbox.state.loading import load_records

LIBRARIES = ("fast_bitrix24", "b24pysdk", "b24kit")
CONTACTS, OF_LEAVER = 10_000, 2_000
CREATED, CREATED_TO_KILL = 500, 1_000
SECRET = "abcdef1234567890"
CLIENT = Path(__file__).with_name("peers.py")
MOST_STARTS, PATIENCE_S = 3, 120
FENCE_S = 60.0  # what b24kit waits on a portal
Cells = dict[str, str]


# -- the portal, in a process of its own -------------------------------------------------------------------


class House:
    """Opens one portal at a time, plans its misfortunes, and counts what it holds."""

    def __init__(self, certificates: str) -> None:
        self._certificates = Path(certificates)
        self._portal: Sandbox | None = None
        self._server: Server | None = None
        self._client = 0

    def open(self) -> tuple[str, str]:
        """A fresh portal of 10,000 contacts; its webhook and the authority to trust."""
        self.close()
        portal = new_portal(limits="cloud")
        for user in (2, 3):
            portal.store.insert("user", {"ID": user, "NAME": f"User {user}", "UF_DEPARTMENT": "[1]"})
        load_records(
            portal,
            3,
            (
                {"NAME": f"Contact {at}", "ASSIGNED_BY_ID": 2 if at % (CONTACTS // OF_LEAVER) == 0 else 1}
                for at in range(CONTACTS)
            ),
        )
        portal.access.add_webhook(1, SECRET)
        server = serve(portal, tls_port=0, tls_folder=self._certificates)
        self._portal, self._server = portal, server
        assert server.certificate is not None
        return f"{server.tls_url}/rest/1/{SECRET}/", str(server.certificate.authority)

    def lose_answer(self, method: str, at: int) -> None:
        """Carry out the so-manieth request with this method, and hang up."""
        assert self._portal is not None
        self._portal.faults.lose_answer_to(method, at=at)

    def kill(self, method: str, at: int) -> None:
        """Kill the client while the so-manieth request with this method is on its way; it is carried out."""
        assert self._portal is not None
        self._portal.faults.before(lambda: os.kill(self._client, signal.SIGKILL), method, at=at)

    def client(self, pid: int) -> None:
        """Who is to be killed."""
        self._client = pid

    def counts(self) -> dict[str, int]:
        """Requests made, of them writing and refused; contacts handed over; created, and doubled."""
        assert self._portal is not None
        value, log = self._portal.store.value, list(self._portal.log)
        names = self._portal.store.rows("SELECT NAME FROM crm_3 WHERE NAME LIKE 'Imported %'")
        written = Counter(method for note in log for method in note.executed)
        return {
            "requests": len(log),
            "writing": sum(any(each in WRITES for each in note.methods) for note in log),
            "refused": sum(note.status in {429, 503} for note in log),
            "handed over": int(value("SELECT COUNT(*) FROM crm_3 WHERE ASSIGNED_BY_ID = 3")),
            "updates": written["crm.item.update"],
            "created": len({row["NAME"] for row in names}),
            "doubled": len(names) - len({row["NAME"] for row in names}),
        }

    def close(self) -> None:
        """Close the doors and the portal."""
        if self._server is not None and self._portal is not None:
            self._server.stop()
            self._portal.close()


WRITES = {"crm.item.update", "crm.item.add"}


def keep_house(line: Connection, certificates: str) -> None:
    """Answer the parent's questions until it hangs up."""
    house = House(certificates)
    while True:
        try:
            name, arguments = line.recv()
        except EOFError:
            house.close()
            return
        line.send(getattr(house, name)(*arguments))


@dataclass
class Landlord:
    """The parent's end of the line to the process that keeps the portal."""

    line: Connection

    def ask(self, name: str, *arguments: Any) -> Any:
        self.line.send((name, arguments))
        return self.line.recv()


@contextmanager
def landlord(certificates: str) -> Iterator[Landlord]:
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    keeper = spawning.Process(target=keep_house, args=(there, certificates), daemon=True)
    keeper.start()
    there.close()
    try:
        yield Landlord(here)
    finally:
        here.close()
        keeper.join(10)


# -- a library, in a process of its own --------------------------------------------------------------------


@dataclass
class Start:
    """How one start of a script ended.

    Args:
        ended: `well`, `killed`, or the last words of its error.
        seconds: its own count without imports; wall time when it did not end well.
        counts: what the portal held afterwards.
    """

    ended: str
    seconds: float
    counts: dict[str, int]


@dataclass
class Bench:
    """Plays the jobs on one portal after another.

    Args:
        keeper: keeps the portal.
        fence_s: how long b24kit waits before it looks up a lost reply.
    """

    keeper: Landlord
    fence_s: float
    place: Path
    webhook: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path = Path()

    def fresh(self, library: str, job: str) -> None:
        """A new portal and an empty folder."""
        self.webhook, authority = self.keeper.ask("open")
        self.folder = Path(tempfile.mkdtemp(prefix=f"{library}-{job}-", dir=self.place))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("B24_")},
            "SSL_CERT_FILE": authority,
            "REQUESTS_CA_BUNDLE": authority,
            "B24_CA_FILE": authority,
            "B24_FENCE_S": str(self.fence_s),
        }

    def start(self, library: str, job: str) -> Start:
        """Start the script and wait for its end."""
        command = [sys.executable, str(CLIENT), library, job, self.webhook, str(self.folder)]
        began = time.perf_counter()
        script = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.keeper.ask("client", script.pid)
        said, cried = script.communicate(timeout=PATIENCE_S)
        seconds = time.perf_counter() - began
        counts = self.settled()
        if script.returncode == 0:
            return Start("well", json.loads(said.splitlines()[-1])["seconds"], counts)
        if script.returncode == -signal.SIGKILL:
            return Start("killed", seconds, counts)
        error = cried.strip().splitlines()[-1].partition(":")[0]
        return Start(error.rpartition(".")[-1], seconds, counts)

    def settled(self) -> dict[str, int]:
        """What the portal holds when everything a killed script had sent is carried out."""
        before: dict[str, int] = {}
        while (counts := self.keeper.ask("counts")) != before:
            before = counts
            time.sleep(0.3)
        return before

    def until_well(self, library: str, job: str) -> list[Start]:
        """Start it again until it ends well."""
        starts = [self.start(library, job)]
        while starts[-1].ended != "well" and len(starts) < MOST_STARTS:
            starts.append(self.start(library, job))
        return starts


# -- the measurements --------------------------------------------------------------------------------------


def read(bench: Bench, library: str) -> Cells:
    bench.fresh(library, "read")
    only = bench.start(library, "read")
    assert only.ended == "well", only
    return {
        f"read {CONTACTS:,} contacts: requests": str(only.counts["requests"]),
        f"read {CONTACTS:,} contacts: seconds": f"{only.seconds:.1f}",
    }


def update(bench: Bench, library: str) -> Cells:
    bench.fresh(library, "update")
    only = bench.start(library, "update")
    assert only.ended == "well", only
    assert only.counts["handed over"] == OF_LEAVER, only
    return {
        f"update {OF_LEAVER:,}: requests (that write)": "{requests} ({writing})".format(**only.counts),
        f"update {OF_LEAVER:,}: seconds": f"{only.seconds:.1f}",
    }


def lost(bench: Bench, library: str) -> Cells:
    bench.fresh(library, "lost")
    bench.keeper.ask("lose_answer", "crm.item.add", 5)
    starts = bench.until_well(library, f"create{CREATED}")
    first, last = starts[0], starts[-1]
    what, seconds = f"create {CREATED}, a reply lost", sum(each.seconds for each in starts)
    on_a_portal = f" ({seconds - bench.fence_s + FENCE_S:.1f} on a portal)" if library == "b24kit" else ""
    return {
        f"{what}: the script": "goes on" if first.ended == "well" else f"ends: `{first.ended}`",
        f"{what}: missing then": str(CREATED - first.counts["created"]),
        f"{what}: **doubled** in the end": str(last.counts["doubled"]),
        f"{what}: starts; requests": f"{len(starts)}; {last.counts['requests']}",
        f"{what}: seconds": f"{seconds:.1f}{on_a_portal}",
    }


def killed(bench: Bench, library: str) -> Cells:
    bench.fresh(library, "killed-update")
    bench.keeper.ask("kill", "crm.item.update", OF_LEAVER // 100)
    updating = bench.until_well(library, "update")
    bench.fresh(library, "killed-create")
    bench.keeper.ask("kill", "crm.item.add", CREATED_TO_KILL // 100)
    creating = bench.until_well(library, f"create{CREATED_TO_KILL}")
    assert updating[0].ended == creating[0].ended == "killed", (updating, creating)
    first, last = f"killed amid {OF_LEAVER:,} updates", f"killed amid {CREATED_TO_KILL:,} creates"
    return {
        f"{first}: not done": str(OF_LEAVER - updating[0].counts["handed over"]),
        f"{first}: not done once started again": str(OF_LEAVER - updating[-1].counts["handed over"]),
        f"{first}: written twice": str(updating[-1].counts["updates"] - OF_LEAVER),
        f"{last}: missing": str(CREATED_TO_KILL - creating[0].counts["created"]),
        f"{last}: **lost** once started again": str(CREATED_TO_KILL - creating[-1].counts["created"]),
        f"{last}: **doubled** once started again": str(creating[-1].counts["doubled"]),
        "killed: requests refused by a limit (503, 429)": str(
            updating[-1].counts["refused"] + creating[-1].counts["refused"]
        ),
    }


MEASUREMENTS = {"read": read, "update": update, "lost": lost, "killed": killed}


def markdown(columns: dict[str, Cells]) -> str:
    """One row for each measurement, one column for each library."""
    titles = [f"{library} {version(library)}" for library in columns]
    lines = [f"| | {' | '.join(titles)} |", f"|---|{'---:|' * len(titles)}"]
    labels = next(iter(columns.values()))
    lines += [f"| {label} | {' | '.join(cells[label] for cells in columns.values())} |" for label in labels]
    return "\n".join(lines)


def main() -> None:
    """Measure and print the table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--only", choices=MEASUREMENTS, action="append", help="one measurement, or several")
    options.add_argument("--library", choices=LIBRARIES, action="append", help="one library, or several")
    options.add_argument("--fence", type=float, default=5.0, help="seconds b24kit waits after a lost reply")
    chosen = options.parse_args()
    began = time.perf_counter()
    columns: dict[str, Cells] = {library: {} for library in chosen.library or LIBRARIES}
    with tempfile.TemporaryDirectory() as place, landlord(f"{place}/certificates") as keeper:
        bench = Bench(keeper, chosen.fence, Path(place))
        for name in chosen.only or MEASUREMENTS:
            for library, cells in columns.items():
                cells.update(MEASUREMENTS[name](bench, library))
                print(f"{name}: {library}", file=sys.stderr, flush=True)
    print(markdown(columns))
    print(
        f"\nMeasured in {time.perf_counter() - began:.0f} s with Python {platform.python_version()} on "
        f"{os.cpu_count()} cores; after a lost reply b24kit waited {chosen.fence:g} s."
    )


if __name__ == "__main__":
    main()
