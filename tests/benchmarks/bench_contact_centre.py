"""What a contact centre's load costs, measured: python tests/benchmarks/bench_contact_centre.py [--only NAME]

planning   the plan of 200,000 requests, 60 % of known clients, on 100,000 contacts: over 60 s and 2 GiB
writing    requests of a seeded export carried out, over their floor: 1,000 clients or deals a request by import, 49
           requisites, calls or cards filled in and a look at them, 50 links, 25 comments and a look for each
pace       the same on a cloud portal in played time, over max(requests / rate, operating x 600 / 480)

`--rows N` for another number of requests to plan, `--load N` to carry out. Exits 1 when a promise is not kept.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from tests.benchmarks.bench_appeals import operating_of
from tests.operations.centre_truth import parameters, seeded
from toolkit.operations import operation
from toolkit.runs import Tables
from toolkit.sandbox import Noted
from toolkit.sandbox.exports import draw_export

PLAN_BOUND_S, MEMORY_BOUND_GIB = 60.0, 2.0
REQUESTS_BOUND, PACE_BOUND, RATE_PER_S = 1.1, 1.05, 2.0
FAMILIES = ("Иванов", "Петров", "Ершов", "Жуков", "Лисин", "Крылов", "Белов", "Серов", "Котов", "Орлов")
GIVEN = ("Иван", "Пётр", "Олег", "Борис", "Антон", "Глеб", "Павел")
FATHERS = ("Ильич", "Олегович", "Павлович", "Глебович")

A_REQUEST = {
    ("create", "company"): 1_000,
    ("create", "contact"): 1_000,
    ("create", "deal"): 1_000,
    ("create", "requisite"): 49,
    ("create", "activity"): 49,
    ("update", "contact"): 49,
    ("update", "deal"): 49,
    ("bind", "activity"): 50,
    ("note", "deal"): 25,
}
"""Changes of a kind that travel in one request, what has to be looked at before included."""


def say(words: str, value: str) -> None:
    print(f"  {words:<54}{value:>26}", flush=True)


# -- planning --------------------------------------------------------------------------------------------


def planning(options: argparse.Namespace) -> bool:
    print(f"planning: {options.rows:,} requests, {options.rows // 2:,} contacts")
    command = [sys.executable, __file__, "--step", str(options.rows)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    say("rows checked, s", f"{found['check_s']:.1f}")
    # Nothing is waited for: by the clock it takes longer only where others work on the machine.
    say(
        "plan, s of processor (by the clock)",
        f"{found['cpu_s']:.1f} ({found['plan_s']:.1f}) of {PLAN_BOUND_S:g}",
    )
    say("peak memory, GiB", f"{found['peak_gib']:.2f} of {MEMORY_BOUND_GIB:g}")
    say("rows by fate", ", ".join(f"{name} {count:,}" for name, count in found["fates"].items()))
    return bool(found["cpu_s"] <= PLAN_BOUND_S and found["peak_gib"] <= MEMORY_BOUND_GIB)


def plan_once(count: int) -> dict[str, Any]:
    """The plan in a fresh process: a peak of memory never goes down."""
    tables = portal(count // 2)
    rule: Any = operation("load_contact_centre")
    given = {"system": "cc1", "topics": [{"topic": "*", "pipeline": 0}], "fallback": 2}
    began = time.perf_counter()
    params = rule.parameters({**given, "requests": requests(count, count // 2)})
    read, cpu = time.perf_counter(), time.process_time()
    changes = rule.plan(tables, params)
    return {
        "check_s": read - began,
        "plan_s": time.perf_counter() - read,
        "cpu_s": time.process_time() - cpu,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
        "fates": dict(changes.tally),
    }


def person(number: int) -> dict[str, str]:
    """A client like nobody else."""
    return {
        "lastName": FAMILIES[number % 10] + chr(1072 + number % 23),
        "name": GIVEN[number % 7],
        "secondName": FATHERS[number % 4],
        "phone": f"+79{number:09d}",
    }


def portal(count: int) -> Tables:
    """A portal with so many contacts and nothing else."""
    people = [person(number) for number in range(count)]
    cards = pd.DataFrame(
        {
            "id": range(1, count + 1),
            **{field: [each[field] for each in people] for field in ("name", "lastName", "secondName")},
            "companyId": None,
            "originId": None,
            "fm": [
                [{"id": at, "typeId": "PHONE", "valueType": "WORK", "value": each["phone"]}]
                for at, each in enumerate(people, start=1)
            ],
        }
    )
    deal = ["id", "title", "categoryId", "closed", "contactId", "contactIds", "companyId", "originId"]
    return {
        "contact": cards,
        "company": pd.DataFrame(columns=["id", "title", "originId", "fm"]),
        "requisite": pd.DataFrame(columns=["ID", "ENTITY_TYPE_ID", "ENTITY_ID", "RQ_INN", "RQ_KPP"]),
        "deal": pd.DataFrame(columns=deal),
        "user": pd.DataFrame(
            [{"ID": 2, "ACTIVE": True, "NAME": "Олег", "LAST_NAME": "Жуков", "EMAIL": "o@firm.ru"}]
        ),
        "category:2": pd.DataFrame({"id": [0]}),
        "status": pd.DataFrame({"STATUS_ID": ["NEW"]}),
    }


def requests(count: int, known: int) -> list[dict[str, Any]]:
    """So many rows, six of ten about the first `known` people."""
    rows = []
    for at in range(count):
        who = person(at % known if at % 10 < 6 else 500_000_000 + at)
        names = {"last_name": who["lastName"], "name": who["name"], "second_name": who["secondName"]}
        rows.append({"id": f"R{at}", "at": "2026-05-01T10:00:00Z", "phone": who["phone"], **names})
    return rows


# -- carrying out ----------------------------------------------------------------------------------------


def carried_out(
    count: int, limits: str
) -> tuple[list[Noted], Counter[tuple[str, str]], float, dict[str, float]]:
    """A seeded export carried out: the portal's log, changes by kind, seconds played, costs of methods."""
    with tempfile.TemporaryDirectory() as place:
        world = seeded(Path(place), "realty", 0.1, limits=limits)
        run = world.plan(**parameters(draw_export(world.sandbox, count)))
        world.clock.sleep(900)
        world.sandbox.log.clear()
        began = world.clock.now()
        counts = world.apply(run)
        assert set(counts) == {"done"}, counts
        rows = run.plan.table[["kind", "entity"]].to_numpy().tolist()
        kinds = Counter((str(kind), str(entity)) for kind, entity in rows)
        run.close()
        return list(world.sandbox.log), kinds, world.clock.now() - began, world.sandbox.limits.costs


def writing(options: argparse.Namespace) -> bool:
    print(f"writing: {options.load:,} requests of a seeded export, half as many calls")
    notes, kinds, _, _ = carried_out(options.load, "off")
    floor = sum(math.ceil(count / A_REQUEST[kind]) for kind, count in kinds.items())
    for kind, count in kinds.most_common():
        say(" ".join(kind), f"{count:,}")
    say("requests over their floor", f"{len(notes)} / {floor} = {len(notes) / floor:.2f} of {REQUESTS_BOUND}")
    return len(notes) <= REQUESTS_BOUND * floor


def pace(options: argparse.Namespace) -> bool:
    print(f"pace: {options.load:,} requests on a cloud portal, played")
    notes, _, played, costs = carried_out(options.load, "cloud")
    bound = max(len(notes) / RATE_PER_S, sum(operating_of(notes, costs).values()) * 600 / 480)
    say("played minutes", f"{played / 60:.1f}")
    say("requests", f"{len(notes)}")
    say("time over its lower bound", f"{played / bound:.3f} of {PACE_BOUND}")
    refused = sum(note.status in {429, 503} for note in notes)
    say("requests refused (503, 429)", f"{refused} of 0")
    return played <= PACE_BOUND * bound and not refused


MEASUREMENTS: dict[str, Callable[[argparse.Namespace], bool]] = {
    "planning": planning,
    "writing": writing,
    "pace": pace,
}


def main() -> int:
    """Measure, print, and return 1 when a promise is not kept."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--only", choices=MEASUREMENTS, help="one measurement")
    asked.add_argument("--rows", type=int, default=200_000)
    asked.add_argument("--load", type=int, default=5_000)
    options = asked.parse_args()
    names = [options.only] if options.only else list(MEASUREMENTS)
    kept = {name: MEASUREMENTS[name](options) for name in names}
    broken = [name for name, whether in kept.items() if not whether]
    print(f"NOT KEPT: {', '.join(broken)}" if broken else "kept")
    return 1 if broken else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        print(json.dumps(plan_once(int(sys.argv[2]))))
    else:
        sys.exit(main())
