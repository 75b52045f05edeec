"""What appeals cost, measured: python tests/benchmarks/bench_appeals.py [--only NAME]

planning   backfill_appeals over 500,000 calls, 300,000 activities and 100,000 contacts, over 60 s and 2 GiB
requests   making N appeals, over ceil(N / 1000) + ceil(N / 5000); binding N calls, over ceil(N / 49)
pace       both on a cloud portal in played time, over max(requests / rate, operating x 600 / 480)
pass       requests of a pass of attach_calls with nothing new, of 3

`--calls N` and `--appeals N` change the numbers. Exits 1 when a promise is not kept.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.operations.conftest import APPEALS, Firm, make_firm
from tests.test_workflow import workspace
from toolkit import workflow
from toolkit.operations import operation
from toolkit.records import Snapshot, write_snapshot
from toolkit.runs import Changes, Plan, Policy, Run, binds, creates
from toolkit.runs.references import made
from toolkit.sandbox import Noted
from toolkit.sandbox.limits import cost_of

PLAN_BOUND_S = 60.0
MEMORY_BOUND_MIB = 2048.0
PACE_BOUND = 1.05
RATE_PER_S = 2.0
BATCH = 1_000
AHEAD = 5_000
BOUND = 49
START = datetime(2020, 6, 1, tzinfo=UTC)
POLICY = Policy.model_validate(
    {
        "operations": ["attach_calls"],
        "kinds": ["update", "bind"],
        "max_changes": 5_000,
        "max_share": 1,
        "must_rehearse": False,
    }
)


def say(words: str, value: str) -> None:
    print(f"  {words:<54}{value:>26}", flush=True)


# -- planning --------------------------------------------------------------------------------------------


def planning(options: argparse.Namespace) -> bool:
    calls = options.calls
    print(f"planning: backfill_appeals, {calls:,} calls, {calls // 5:,} contacts")
    with tempfile.TemporaryDirectory() as place:
        written = in_own_process("make", place, str(calls))
        say("snapshot written, s", f"{written['seconds']:.0f}")
        found = in_own_process("plan", place)
    total = found["plan_s"] + found["freeze_s"]
    say(
        "appeals; links; left to a person",
        f"{found['appeals']:,.0f}; {found['links']:,.0f}; {found['listed']:,.0f}",
    )
    say("reading the tables, s", f"{found['read_s']:.1f}")
    say("checking and planning, s", f"{found['plan_s']:.1f}")
    say("freezing and writing the plan, s", f"{found['freeze_s']:.1f}")
    say("planning, s", f"{total:.1f} of {PLAN_BOUND_S:g}")
    say(
        "peak MiB; with the tables alone",
        f"{found['peak']:,.0f} of {MEMORY_BOUND_MIB:,.0f}; {found['tables']:,.0f}",
    )
    return total <= PLAN_BOUND_S and found["peak"] <= MEMORY_BOUND_MIB


def in_own_process(step: str, *given: str) -> dict[str, float]:
    """A step in a fresh process: a peak of memory never goes down."""
    command = [sys.executable, __file__, "--step", step, *given]
    output = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(output.stdout)
    return found


def make(place: str, count: str) -> dict[str, float]:
    began, calls = time.perf_counter(), int(count)
    contacts = calls // 5
    nobody = {"LAST_NAME": "", "EMAIL": "", "UF_DEPARTMENT": [1]}
    users = [
        {"ID": str(user), "ACTIVE": user % 10 != 0, "NAME": f"N{user}", **nobody} for user in range(1, 61)
    ]
    appeal = {
        "id": 1,
        "title": "By hand",
        "contactId": 1,
        "contactIds": [1],
        "companyId": 0,
        "assignedById": 2,
    }
    filled = {"ufCrm1Calls": ["z"], "ufCrm1Duration": 4, "ufCrm1Result": "x", "ufCrm1Number": "+7"}
    stamps = {
        "createdTime": "2020-01-01T10:00:00+03:00",
        "xmlId": "x",
        "parentId2": 1,
        "ufCrm1Calledat": None,
    }
    records: dict[str, Any] = {
        "user": users,
        "deal": some_deals(contacts // 3, contacts),
        "company": [{"id": 1, "title": "A", "assignedById": 2, "fm": []}],
        "contact": some_contacts(contacts),
        "call": some_calls(calls, contacts),
        "activity": some_activities(calls, contacts),
        "item:177": [{**appeal, **filled, **stamps}],
    }
    write_snapshot(records, Path(place) / "before")
    return {"seconds": time.perf_counter() - began}


def number_of(contact: int) -> str:
    return f"+79{contact % 10:01}{3_000_000 + contact * 7 % 6_000_000:07}{contact % 10}"[:12]


def moment_of(call: int) -> datetime:
    return START + timedelta(seconds=call * 370)


def some_contacts(count: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        phone = {"id": number, "typeId": "PHONE", "valueType": "WORK", "value": number_of(number)}
        yield {
            "id": number,
            "name": f"Name {number}",
            "assignedById": number % 60 + 1,
            "companyId": 0,
            "fm": [phone],
        }


def some_deals(count: int, contacts: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        client = number * 3 % contacts + 1
        yield {
            "id": number,
            "title": f"Deal {number}",
            "categoryId": 0,
            "closed": "Y" if number % 3 else "N",
            "assignedById": client % 60 + 1,
            "contactId": client,
            "contactIds": [client],
            "companyId": 0,
            "createdTime": "2020-06-01T12:00:00+03:00",
            "movedTime": "2024-01-01T12:00:00+03:00",
        }


def some_calls(count: int, contacts: int) -> Iterator[dict[str, Any]]:
    """A tenth of unknown numbers, a third without a link, some redirected."""
    chance = random.Random(1)
    for number in range(1, count + 1):
        contact = chance.randint(1, contacts)
        kind = chance.choice((1, 2, 2, 2, 3))
        linked = number % 3 != 0
        yield {
            "ID": str(number),
            "CALL_ID": f"externalCall.{number:x}.{number}",
            "CALL_TYPE": str(kind),
            "CALL_START_DATE": moment_of(number).isoformat(),
            "CALL_DURATION": str(chance.randint(0, 600)),
            "CALL_FAILED_CODE": "200" if number % 5 else "304",
            "PORTAL_USER_ID": str(contact % 60 + 1),
            "PHONE_NUMBER": number_of(contact)
            if number % 10
            else f"+7495{chance.randint(2_000_000, 9_999_999)}",
            "PORTAL_NUMBER": "+74957654321",
            "CRM_ENTITY_TYPE": "CONTACT" if linked else None,
            "CRM_ENTITY_ID": str(contact) if linked else None,
            "CRM_ACTIVITY_ID": str(number) if number % 5 in (1, 2, 3) else None,
            "RECORD_FILE_ID": None,
        }


def some_activities(calls: int, contacts: int) -> Iterator[dict[str, Any]]:
    for number in range(1, calls + 1):
        if number % 5 in (1, 2, 3):
            start = moment_of(number)
            phone = number_of(number % contacts + 1)
            yield {
                "ID": str(number),
                "TYPE_ID": "2",
                "OWNER_TYPE_ID": "3",
                "OWNER_ID": str(number % contacts + 1),
                "START_TIME": start.isoformat(),
                "END_TIME": (start + timedelta(seconds=60)).isoformat(),
                "RESPONSIBLE_ID": str(number % 60 + 1),
                "DIRECTION": "1",
                "SETTINGS": [],
                "SUBJECT": f"Call {phone}",
                "ORIGIN_ID": f"VI_externalCall.{number:x}.{number}",
                "COMMUNICATIONS": [{"TYPE": "PHONE", "VALUE": phone}],
            }


def plan(place: str) -> dict[str, float]:
    rule = operation("backfill_appeals")
    params = rule.parameters({"appeals": 177, "fallback": 1})
    began = time.perf_counter()
    before = Snapshot.open(Path(place) / "before")
    tables = {name: before.table(name) for name in before.entities}
    read, held = time.perf_counter(), peak_mib()
    rule.check(tables, params)
    changes = rule.plan(tables, params)
    del tables  # as workflow.plan does
    planned = time.perf_counter()
    frozen = Plan.freeze(changes, {"operation": rule.name, "snapshot": before.digest})
    frozen.write(Path(place) / "plan.parquet")
    written = time.perf_counter()
    kinds = changes.table["kind"].value_counts()
    return {
        "appeals": float(kinds.get("create", 0)),
        "links": float(kinds.get("bind", 0)),
        "listed": len(changes.listed),
        "read_s": read - began,
        "plan_s": planned - read,
        "freeze_s": written - planned,
        "tables": held,
        "peak": peak_mib(),
    }


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# -- requests and pace -----------------------------------------------------------------------------------


def with_appeals(firm: Firm, appeals: int, links: int, name: str) -> Run:
    """A run that makes so many appeals and hangs calls on them."""
    run = firm.plan("backfill_appeals", **APPEALS)
    rows = firm.sandbox.store.rows("SELECT ID FROM activity WHERE TYPE_ID = 2 ORDER BY ID")
    activities = [row["ID"] for row in rows]
    markers = [f"call:{name}.{at}" for at in range(appeals)]
    cells = [{"title": f"Appeal {at}", "assignedById": 1, "createdBy": 1} for at in range(appeals)]
    chosen = [activities[at % len(activities)] for at in range(links)]
    to = [{"entityTypeId": 177, "entityId": made(markers[at])} for at in range(links)]
    changes = Changes.joined(
        creates("item:177", cells, markers=markers, reason="benchmark"),
        binds("activity", chosen, to=to, reason="benchmark"),
    )
    run.freeze(Plan.freeze(changes, run.plan.facts))
    return run


def requests(options: argparse.Namespace) -> bool:
    print("requests, of those promised, where a pack of twenty takes the portal half a second")
    kept = True
    for appeals in (1, 1_000, options.appeals):
        with tempfile.TemporaryDirectory() as place:
            firm = make_firm(Path(place), 0.01, limits="cloud")
            firm.sandbox.limits.costs["crm.item.batchimport"] = 0.5
            firm.set_up()
            firm.carry_out(with_appeals(firm, 40, 0, "canary"))
            links = min(appeals, 2_000)
            run = with_appeals(firm, appeals, links, "many")
            seen = len(firm.sandbox.log)
            counts = firm.carry_out(run)
            notes = list(firm.sandbox.log)[seen:]
        assert counts == {"done": appeals + links}, counts
        binding = sum("crm.activity.binding.add" in note.executed for note in notes)
        making = len(notes) - binding
        promised = math.ceil(appeals / BATCH) + math.ceil(appeals / AHEAD)
        say(f"make {appeals:,} appeals, reads included", f"{making} of {promised}")
        say(f"bind {links:,} calls", f"{binding} of {math.ceil(links / BOUND)}")
        kept = kept and making <= promised and binding <= math.ceil(links / BOUND)
    return kept


def pace(options: argparse.Namespace) -> bool:
    print(f"pace: {options.appeals:,} appeals on a cloud portal, played")
    with tempfile.TemporaryDirectory() as place:
        firm = make_firm(Path(place), 0.01, limits="cloud")
        firm.set_up()
        links = min(options.appeals, 2_000)
        run = with_appeals(firm, options.appeals, links, "many")
        firm.clock.sleep(900)
        firm.sandbox.log.clear()
        began = firm.clock.now()
        counts = firm.carry_out(run)
        played = firm.clock.now() - began
        notes = list(firm.sandbox.log)
        spent = operating_of(notes, firm.sandbox.limits.costs)
    assert counts == {"done": options.appeals + links}, counts
    bound = max(len(notes) / RATE_PER_S, sum(spent.values()) * 600 / 480)
    say("played hours", f"{played / 3600:.2f}")
    say("requests", f"{len(notes)}")
    say("time over its lower bound", f"{played / bound:.3f} of {PACE_BOUND}")
    refused = sum(note.status in {429, 503} for note in notes)
    say("requests refused (503, 429)", f"{refused} of 0")
    return played <= PACE_BOUND * bound and not refused


def operating_of(notes: list[Noted], costs: dict[str, float]) -> dict[str, float]:
    """Execution seconds by method, from the portal's own log."""
    executed = Counter(method for note in notes for method in note.executed)
    return {method: count * cost_of(method, costs) for method, count in executed.items()}


# -- the everyday pass -----------------------------------------------------------------------------------


def everyday(_: argparse.Namespace) -> bool:
    print("pass: attach_calls with nothing new")
    with tempfile.TemporaryDirectory() as place:
        firm = make_firm(Path(place), 0.01)
        firm.set_up()
        work = workspace(firm, Path(place) / "work")  # type: ignore[arg-type]  # a firm has what a world has
        for _pass in range(3):
            firm.clock.sleep(3600)
            seen = len(firm.sandbox.log)
            workflow.keep_in_step(work, "attach_calls", APPEALS, POLICY)
        used = len(firm.sandbox.log) - seen
    say("requests", f"{used} of 3")
    return used <= 3


MEASUREMENTS = {"planning": planning, "requests": requests, "pace": pace, "pass": everyday}
STEPS: dict[str, Callable[..., dict[str, float]]] = {"make": make, "plan": plan}


def main() -> int:
    """Measure, print, and return 1 when a promise is not kept."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--only", choices=MEASUREMENTS, help="one measurement")
    options.add_argument("--calls", type=int, default=500_000)
    options.add_argument("--appeals", type=int, default=20_000)
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
