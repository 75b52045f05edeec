"""Ratios of what runs promise, measured on the sandbox: python tests/benchmarks/bench_runs.py [--only NAME]

requests   reading N records and writing N updates, over ceil(N / 2500) + 2 and ceil(N / 49) + 2 requests
pace       a run of 100,000 updates in played time under cloud limits, over its lower bound
           max(requests / rate, operating x 600 / 480); refusals met; and the estimates made before the
           first write and after the canary, over what the run became. Once on a portal that costs what
           is assumed of an unknown one, once on a portal two and a half times as slow
planning   reassign_contacts over a million contacts and 1.3 million deals, over 15 s; peak of memory
journal    seconds spent in the journal, over the seconds of a run at 100 changes a second

The size of snapshots and the speed of comparing them: bench_records.py. `--updates N` and `--contacts N`
change the numbers. Exits 1 when a promise is not kept.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.runs.conftest import SECRET, World
from toolkit.client import Portal, SimulatedClock
from toolkit.operations import operation
from toolkit.records import Snapshot, write_snapshot
from toolkit.runs import Journal, Plan, Run, estimate
from toolkit.sandbox import InProcessTransport, Noted, SharedClock, new_portal
from toolkit.sandbox.limits import COSTS, cost_of
from toolkit.sandbox.state.loading import load_records
from toolkit.settings import Settings

STAFF = 60
CHUNK = 49
CANARY = 10
RATE_PER_S = 2.0
PACE_BOUND = 1.05
ESTIMATE_BOUND = 0.10
PLAN_BOUND_S = 15.0
CHANGES_PER_S = 100
JOURNAL_BOUND = 0.05
LIMIT_CODES = {"OPERATION_TIME_LIMIT", "QUERY_LIMIT_EXCEEDED"}
SLOW = {"crm.item.update": 2.5 * COSTS["crm.item.update"], "crm.item.list": 0.08}


def out_of_step(
    root: Path, contacts: int, *, limits: str = "off", costs: Mapping[str, float] | None = None
) -> World:
    """A portal where every contact has one deal, and the deal is somebody else's."""
    clock = SimulatedClock()
    sandbox = new_portal(clock=SharedClock(clock), limits=limits, costs=costs)
    for user in range(2, STAFF + 1):
        sandbox.store.insert("user", {"ID": user, "NAME": f"User {user}", "UF_DEPARTMENT": "[1]"})
    chance = random.Random(1)
    owners = [chance.randint(1, STAFF) for _ in range(contacts)]
    load_records(
        sandbox, 3, ({"NAME": f"Contact {at}", "ASSIGNED_BY_ID": owner} for at, owner in enumerate(owners))
    )
    load_records(
        sandbox,
        2,
        (
            {"TITLE": f"Deal {at}", "ASSIGNED_BY_ID": owner % STAFF + 1, "contacts": [at + 1]}
            for at, owner in enumerate(owners)
        ),
    )
    sandbox.access.add_webhook(1, SECRET)
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=root / "state",
        plan="cloud" if limits == "cloud" else "box",
    )
    portal = Portal.connect(settings, clock=clock, transport=InProcessTransport(sandbox))
    return World(root / "snapshots", clock, sandbox, portal)


def say(words: str, value: str) -> None:
    print(f"  {words:<54}{value:>22}", flush=True)


# -- requests --------------------------------------------------------------------------------------------


def requests(_: argparse.Namespace) -> bool:
    print("requests, of those promised")
    kept = True
    for count in (1, 49, 500, 2_500, 12_345):
        with tempfile.TemporaryDirectory() as place:
            world = out_of_step(Path(place), count)
            portal, before = world.portal, world.portal.requests_sent
            pages = portal.list("crm.item.list", {"entityTypeId": 3, "select": ["id", "assignedById"]})
            read = sum(len(page) for page in pages)
            asked, before = portal.requests_sent - before, portal.requests_sent
            run = world.plan()
            before = portal.requests_sent
            counts = world.apply(run)
            written = portal.requests_sent - before
            run.close()
        assert read == count
        assert counts == {"done": count}
        for words, used, promised in (
            (f"read {count:,}", asked, math.ceil(count / 2500) + 2),
            (f"update {count:,}, preconditions included", written, math.ceil(count / CHUNK) + 2),
        ):
            say(words, f"{used} of {promised}: {used / promised:.2f}")
            kept = kept and used <= promised
    return kept


# -- pace ------------------------------------------------------------------------------------------------


def pace(options: argparse.Namespace) -> bool:
    usual = paced(options.updates, "costs as assumed of an unknown one", {})
    slow = paced(options.updates, "two and a half times as slow", SLOW)
    return usual and slow


def paced(updates: int, words: str, costs: Mapping[str, float]) -> bool:
    """One run in played time on a cloud portal of these costs; whether it kept its promises."""
    print(f"pace: {updates:,} updates on a portal, {words}")
    wall = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        world = out_of_step(Path(place), updates, limits="cloud", costs=costs)
        run = world.plan()
        world.portal.on_request = run.journal.request
        world.clock.sleep(900)  # somebody reads the plan before agreeing to it
        world.sandbox.log.clear()
        loading_s, wall = time.perf_counter() - wall, time.perf_counter()
        at_first, began = estimated_s(run, world), world.clock.now()
        world.apply(run, limit=CANARY)
        after_canary, second = estimated_s(run, world), world.clock.now()
        counts = world.apply(run)
        ended = world.clock.now()
        run.close()
    assert counts == {"done": updates}, counts
    notes = list(world.sandbox.log)
    spent = operating_of(notes, world.sandbox.limits.costs)
    played = ended - began
    by_rate = len(notes) / RATE_PER_S
    together = max(by_rate, sum(spent.values()) * 600 / 480)
    busiest = max(by_rate, max(spent.values()) * 600 / 480)
    refused = sum(refusals(note) for note in notes)
    learned = after_canary / (ended - second)
    say("played hours", f"{played / 3600:.2f}")
    say(
        "real seconds, and before that to load and plan", f"{time.perf_counter() - wall:.0f}, {loading_s:.0f}"
    )
    say("time over its lower bound", f"{played / together:.3f} of {PACE_BOUND}")
    say("time over that of the busiest method alone", f"{played / busiest:.3f}")
    say("refusals met (503, 429)", f"{refused} of 0")
    say("estimate before any write, over what it became", f"{at_first / played:.3f}")
    say("estimate after the canary, over what it became", f"{learned:.3f}")
    return played <= PACE_BOUND * together and not refused and abs(learned - 1) <= ESTIMATE_BOUND


def estimated_s(run: Run, world: World) -> float:
    """Seconds of writing, as an operator is shown them now."""
    return estimate(run.plan, run.before, world.portal.cost).apply.seconds


def operating_of(notes: Iterable[Noted], costs: Mapping[str, float]) -> dict[str, float]:
    """Execution seconds by method, from the portal's own log."""
    executed = Counter(method for note in notes for method in note.executed)
    return {method: count * cost_of(method, costs) for method, count in executed.items()}


def refusals(note: Noted) -> int:
    """How often a request, or a command in it, met a limit."""
    return (note.status in {429, 503}) + sum(code in LIMIT_CODES for code in note.errors.values())


# -- planning --------------------------------------------------------------------------------------------


def planning(options: argparse.Namespace) -> bool:
    contacts = options.contacts
    bound = PLAN_BOUND_S * contacts / 1_000_000
    print(f"planning: reassign_contacts, {contacts:,} contacts, {contacts * 13 // 10:,} deals")
    kept = True
    with tempfile.TemporaryDirectory() as place:
        made = in_own_process("make", place, str(contacts))
        say("snapshot written, s", f"{made['seconds']:.0f}")
        for winner in ("review", "newest", "primary_contact"):
            found = in_own_process("plan", place, winner)
            say(f"{winner}: changes; left to a person", f"{found['changes']:,.0f}; {found['listed']:,.0f}")
            say(f"{winner}: reading the tables, s", f"{found['read_s']:.1f}")
            say(f"{winner}: checking and planning, s", f"{found['plan_s']:.1f}")
            say(f"{winner}: freezing and writing the plan, s", f"{found['freeze_s']:.1f}")
            total = found["plan_s"] + found["freeze_s"]
            say(f"{winner}: planning, s", f"{total:.1f}: {total / bound:.2f} of {bound:g}")
            say(f"{winner}: peak MiB, with the tables", f"{found['peak']:,.0f}; {found['tables']:,.0f}")
            kept = kept and total <= bound
    return kept


def in_own_process(step: str, *given: str) -> dict[str, float]:
    """A step in a fresh process: a peak of memory never goes down."""
    command = [sys.executable, __file__, "--step", step, *given]
    output = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(output.stdout)
    return found


def make(place: str, count: str) -> dict[str, float]:
    began, contacts = time.perf_counter(), int(count)
    users = [
        {"ID": str(user), "ACTIVE": user % 10 != 0, "NAME": f"Name {user}", "LAST_NAME": ""}
        for user in range(1, 251)
    ]
    records = {
        "user": users,
        "category:2": [{"id": 0, "name": "General"}],
        "status": [{"ID": "1", "ENTITY_ID": "DEAL_STAGE", "STATUS_ID": "NEW", "NAME": "New"}],
        "deal": some_deals(contacts * 13 // 10, contacts),
        "contact": some_contacts(contacts),
    }
    write_snapshot(records, Path(place) / "before")
    return {"seconds": time.perf_counter() - began}


def some_contacts(count: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(1)
    for number in range(1, count + 1):
        yield {
            "id": number,
            "name": f"Name {number % 500}",
            "lastName": f"Surname {number % 9000}",
            "assignedById": chance.randint(1, 250),
            "opened": "Y",
            "createdTime": f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}T12:00:00+03:00",
            "updatedTime": "2026-01-01T10:00:00+03:00",
        }


def some_deals(count: int, contacts: int) -> Iterator[dict[str, Any]]:
    """A tenth without a contact, some with two or three; most clients stay with one employee."""
    chance = random.Random(2)
    for number in range(1, count + 1):
        sizes = (0, *(1,) * 7, 2, 3)
        members = sorted({chance.randint(1, contacts) for _ in range(chance.choice(sizes))})
        usual = members[0] % 250 + 1 if members else 1
        yield {
            "id": number,
            "title": f"Deal {number}",
            "categoryId": 0,
            "stageId": "NEW",
            "closed": "Y" if number % 3 else "N",
            "assignedById": usual if chance.random() < 0.8 else chance.randint(1, 260),
            "contactId": members[0] if members else 0,
            "contactIds": members,
            "companyId": 0,
            "opportunity": chance.randint(0, 10_000_000),
            "createdTime": f"20{number % 4 + 22}-{number % 12 + 1:02}-{number % 28 + 1:02}T12:00:00+03:00",
            "lastActivityTime": f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}T12:00:00+03:00",
        }


def plan(place: str, winner: str) -> dict[str, float]:
    rule = operation("reassign_contacts")
    params = rule.parameters({"winner": winner})
    began = time.perf_counter()
    before = Snapshot.open(Path(place) / "before")
    tables = {name: before.table(name) for name in before.entities}
    read, held = time.perf_counter(), peak_mib()
    rule.check(tables, params)
    changes = rule.plan(tables, params)
    planned = time.perf_counter()
    frozen = Plan.freeze(changes, {"operation": rule.name, "snapshot": before.digest})
    frozen.write(Path(place) / f"{winner}.parquet")
    written = time.perf_counter()
    return {
        "changes": len(changes),
        "listed": len(changes.listed),
        "read_s": read - began,
        "plan_s": planned - read,
        "freeze_s": written - planned,
        "tables": held,
        "peak": peak_mib(),
    }


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# -- journal ---------------------------------------------------------------------------------------------


def journal(options: argparse.Namespace) -> bool:
    count = min(options.updates, 20_000)
    print(f"journal: {count:,} changes at {CHANGES_PER_S} a second")
    with tempfile.TemporaryDirectory(dir=options.disk) as place:
        world = out_of_step(Path(place), count)
        run = world.plan()
        world.portal.on_request = run.journal.request
        with Stopwatch() as watch:
            counts = world.apply(run)
        run.close()
    assert counts == {"done": count}
    lasting = count / CHANGES_PER_S
    share = watch.seconds / lasting
    say("seconds in the journal", f"{watch.seconds:.2f}")
    say("seconds of the run at that pace", f"{lasting:.0f}")
    say("calls, and milliseconds each", f"{watch.calls:,}, {watch.seconds / watch.calls * 1000:.2f}")
    say("share of the run", f"{share:.2%}: {share / JOURNAL_BOUND:.2f} of {JOURNAL_BOUND:.0%}")
    return share <= JOURNAL_BOUND


class Stopwatch:
    """Counts the seconds spent within the journal's public methods."""

    def __init__(self) -> None:
        self.seconds, self.calls, self._depth = 0.0, 0, 0
        self._own = {
            name: value for name, value in vars(Journal).items() if name[0] != "_" and callable(value)
        }

    def __enter__(self) -> Stopwatch:
        for name, method in self._own.items():
            setattr(Journal, name, self._timed(method))
        return self

    def __exit__(self, *_: object) -> None:
        for name, method in self._own.items():
            setattr(Journal, name, method)

    def _timed(self, method: Any) -> Any:
        @functools.wraps(method)
        def timed(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            self._depth += 1
            try:
                return method(*args, **kwargs)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - began
                    self.calls += 1

        return timed


MEASUREMENTS = {"requests": requests, "pace": pace, "planning": planning, "journal": journal}
STEPS = {"make": make, "plan": plan}


def main() -> int:
    """Measure, print, and return 1 when a promise is not kept."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--only", choices=MEASUREMENTS, help="one measurement")
    options.add_argument("--updates", type=int, default=100_000)
    options.add_argument("--contacts", type=int, default=1_000_000)
    options.add_argument("--disk", help="folder on the disk whose speed counts for the journal")
    chosen = options.parse_args()
    names = [chosen.only] if chosen.only else list(MEASUREMENTS)
    kept = {name: MEASUREMENTS[name](chosen) for name in names}
    broken = [name for name, whether in kept.items() if not whether]
    print(f"NOT KEPT: {', '.join(broken)}" if broken else "kept")
    return 1 if broken else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        print(json.dumps(STEPS[sys.argv[2]](*sys.argv[3:])))
    else:
        sys.exit(main())
