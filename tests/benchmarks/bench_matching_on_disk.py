"""Matching out of core, measured: seconds, peak memory and quality at tens of millions of cards.

    python tests/benchmarks/bench_matching_on_disk.py --cards 50000000 --folder /tmp/matching

The bar: 50,000,000 cards below 8 GiB. The cards are made million by million into Parquet files (some 60 bytes a
card of disk, ten times that while they are sorted); the matching runs in a process of its own, whose peak is told.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))

from people import contacts

MILLION = 1_000_000
MATCHING = """
import json, resource, sys, time
from pathlib import Path
from toolkit.matching.on_disk import find_clusters_on_disk
folder, at_once = Path(sys.argv[1]), int(sys.argv[2])
began = time.perf_counter()
found = find_clusters_on_disk(folder / "records", folder / "keys", folder / "found", cards_at_once=at_once)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": time.perf_counter() - began, "cpu_s": used.ru_utime + used.ru_stime,
                  "peak_mib": used.ru_maxrss / 1024, "sharing": found.cards, "parts": found.parts,
                  "largest": found.largest}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=2 * MILLION)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/b24kit-matching"))
    parser.add_argument("--at-once", type=int, default=MILLION)
    asked = parser.parse_args()
    for name in ("records", "keys", "truth"):
        (asked.folder / name).mkdir(parents=True, exist_ok=True)
    made = 0
    began = time.perf_counter()
    for chunk in range(-(-asked.cards // MILLION)):
        made += make(asked.folder, chunk, min(MILLION, asked.cards - chunk * MILLION), made)
    print(f"{made:,} cards made in {time.perf_counter() - began:.0f} s")
    run = [sys.executable, "-c", MATCHING, str(asked.folder), str(asked.at_once)]
    measured: dict[str, Any] = json.loads(
        subprocess.run(run, check=True, capture_output=True, text=True).stdout
    )
    for name, value in measured.items():
        print(f"{name:12} {value:,.0f}")
    for name, value in quality(asked.folder).items():
        print(f"{name:12} {value:.5f}")


def make(folder: Path, chunk: int, cards: int, before: int) -> int:
    """One million people more, with mobile numbers and mailboxes of their own; switchboards and junk are shared."""
    population = contacts(cards, seed=1000 + chunk)
    records, keys = population.records, population.keys
    records["id"] += before
    keys["id"] += before
    mobile = (keys["key_type"] == "phone") & keys["key_value"].str.startswith("+791")
    mobile &= ~keys["key_value"].str.fullmatch(r"\+7916000000[0-4]")
    number = keys.loc[mobile, "key_value"].str[2:].astype("int64") + (chunk // 5) * 10 + chunk % 5
    keys.loc[mobile, "key_value"] = "+7" + number.astype("str")
    own = (keys["key_type"] == "email") & ~keys["key_value"].str.startswith("info@")
    keys.loc[own, "key_value"] = f"c{chunk}" + keys.loc[own, "key_value"]
    truth = pd.DataFrame({"id": records["id"], "person": population.person + chunk * 10 * MILLION})
    for name, table in (("records", records), ("keys", keys), ("truth", truth)):
        table.to_parquet(folder / name / f"{chunk:03}.parquet", index=False)
    return len(records)


def quality(folder: Path) -> dict[str, float]:
    """Pairwise precision and recall, and the share of groups that hold several people."""
    groups = pq.read_table(folder / "found" / "groups.parquet", columns=["group", "id"])
    truth = pq.read_table(folder / "truth", columns=["id", "person"])
    person_of = np.zeros(truth.num_rows + 1, dtype=np.int64)
    person_of[truth["id"].to_numpy()] = truth["person"].to_numpy()
    group, person = groups["group"].to_numpy(), person_of[groups["id"].to_numpy()]
    joint = pd.DataFrame({"group": group, "person": person}).value_counts(sort=False).reset_index(name="n")
    right = pairs(joint["n"].to_numpy())
    found = pairs(np.unique(group, return_counts=True)[1])
    true = pairs(np.unique(person_of[1:], return_counts=True)[1])
    several = int((joint.groupby("group")["person"].size() > 1).sum())
    return {
        "precision": right / max(found, 1),
        "recall": right / max(true, 1),
        "over_merged": several / max(joint["group"].nunique(), 1),
    }


def pairs(sizes: Any) -> int:
    return int((sizes.astype(np.int64) * (sizes - 1) // 2).sum())


if __name__ == "__main__":
    main()
