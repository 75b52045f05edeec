"""How fast and how small snapshots are: a million contacts with forty fields, written, read and compared.

Run: python tests/benchmarks/bench_records.py [records]. The records are synthetic and stream from a
generator, so memory is the toolkit's own. Each measurement runs in a process of its own, because a peak of
memory never goes down.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolkit.records import Snapshot, compare, write_snapshot

DEFAULT = 1_000_000
FILLERS = 22


def contacts(count: int, *, later: bool) -> Iterator[dict[str, Any]]:
    """`count` contacts of 40 fields; the later copy differs in one record of a thousand."""
    definitions_free = {f"ufCrm_{n}": None for n in range(FILLERS)}
    for number in range(1, count + 1):
        edited = later and number % 1000 == 0
        record: dict[str, Any] = {
            "id": number,
            "createdTime": f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}T12:{number % 60:02}:00+03:00",
            "updatedTime": "2026-01-01T10:00:00+03:00",
            "createdBy": number % 250 + 1,
            "updatedBy": number % 250 + 1,
            "assignedById": number % 250 + (2 if edited else 1),
            "opened": "Y" if number % 3 else "N",
            "companyId": number % 5 or (0 if later else None),
            "companyIds": [number % 5] if number % 5 else [],
            "name": f"Имя{number % 500}",
            "lastName": f"Фамилия{number % 9000}",
            "secondName": "",
            "post": None,
            "birthdate": f"19{number % 40 + 60}-05-{number % 28 + 1:02}T03:00:00+03:00",
            "typeId": "CLIENT",
            "sourceId": "CALL" if number % 2 else "WEB",
            "comments": f"обращение {number}" if number % 7 == 0 else "",
            "fm": [
                {"id": number, "typeId": "PHONE", "valueType": "WORK", "value": f"+7900{number:07}"},
            ],
            **definitions_free,
        }
        for filler in range(FILLERS):
            record[f"ufCrm_{filler}"] = (
                f"значение {number % (filler + 10)}" if filler % 2 else number % (filler + 3)
            )
        yield record


def peak_mib() -> float:
    """The most memory this process has held, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(step: str, count: int, folder: Path) -> dict[str, float]:
    """One step, in this process: seconds, peak MiB, and what the step counts."""
    idle = peak_mib()
    started = time.perf_counter()
    extra: dict[str, float] = {}
    if step in {"before", "after"}:
        taken = write_snapshot({"contact": contacts(count, later=step == "after")}, folder / step)
        extra["bytes"] = taken.manifest.entities["contact"].bytes
    elif step == "generate":
        extra["records"] = sum(1 for _ in contacts(count, later=False))
    elif step == "compare":
        found = compare(Snapshot.open(folder / "before"), Snapshot.open(folder / "after"))
        extra["cells"] = len(found.changed)
        extra["columns"] = len(found.compared["contact"])
    elif step == "table":
        columns = ["id", "assignedById", "companyIds", "lastName"]
        extra["rows"] = len(Snapshot.open(folder / "before").table("contact", columns))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "peak": peak_mib(), "idle": idle, **extra}


def in_own_process(step: str, count: int, folder: Path) -> dict[str, float]:
    """`measure`, in a fresh process."""
    command = [sys.executable, __file__, "--step", step, str(count), str(folder)]
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    found: dict[str, float] = json.loads(output.stdout)
    return found


def main(count: int) -> int:
    """Measure, print, and return 1 when a bound is broken."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        generate = in_own_process("generate", count, folder)
        few = in_own_process("before", max(count // 10, 1), folder / "few")
        before = in_own_process("before", count, folder)
        in_own_process("after", count, folder)
        table = in_own_process("table", count, folder)
        comparison = in_own_process("compare", count, folder)
    scale = count / DEFAULT
    write_s = before["seconds"] - generate["seconds"]
    rows = [
        ("snapshot: seconds, without making the records", write_s, None),
        ("snapshot: records per second", count / write_s, None),
        ("snapshot: MiB on disk", before["bytes"] / 2**20, None),
        ("snapshot: peak MiB", before["peak"], 500.0),
        ("snapshot: peak MiB at a tenth of the records", few["peak"], None),
        ("table of 4 columns: seconds", table["seconds"], None),
        (f"compare {comparison['columns']:.0f} columns: seconds", comparison["seconds"], 10.0 * scale),
        ("compare: peak MiB", comparison["peak"], None),
        ("compare: changed cells found", comparison["cells"], None),
    ]
    print(f"{count:,} contacts x 40 fields")
    for label, value, bound in rows:
        ratio = "" if bound is None else f"  {value / bound:.2f} of the bound {bound:g}"
        print(f"  {label:<50}{value:>12,.1f}{ratio}")
    broken = [label for label, value, bound in rows if bound is not None and value > bound]
    wrong = comparison["cells"] != count // 1000
    print("bounds kept" if not broken and not wrong else f"BROKEN: {broken or 'changed cells'}")
    return 1 if broken or wrong else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))))
        sys.exit(0)
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT))
