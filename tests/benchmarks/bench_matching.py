"""Matching measured: seconds, memory, precision, recall, over-merged groups on synthetic contacts.

    python tests/benchmarks/bench_matching.py --cards 200000

The bars: 1,000,000 cards within 15 s and 2 GiB with normalising; automatic pairs at least 0.998 right,
at most 0.1 % of the groups with two people in them, at least 0.85 of all true pairs found.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

from firms import companies
from people import Population, as_typed, contacts

from toolkit.matching.clusters import Clusters, find_clusters, group_cards
from toolkit.matching.evidence import gather_evidence
from toolkit.matching.find import find_client
from toolkit.matching.index import build_index
from toolkit.matching.keys import phone_keys
from toolkit.matching.reasons import Reason, Tier


def true_pairs(person: npt.NDArray[np.int64]) -> int:
    sizes = np.bincount(person)
    return int((sizes * (sizes - 1) // 2).sum())


def quality(clusters: Clusters, population: Population) -> dict[str, float]:
    """Pairwise precision and recall of the groups, and the share of groups holding several people."""
    person = population.person
    groups = clusters.group
    joint = np.unique(np.stack([groups, person]), axis=1, return_counts=True)
    right = int((joint[1] * (joint[1] - 1) // 2).sum())
    found = true_pairs(groups)
    per_group = np.bincount(joint[0][0], minlength=len(groups))
    sizes = np.bincount(groups, minlength=len(groups))
    several = int((per_group > 1).sum())
    precision, recall = right / max(found, 1), right / max(true_pairs(person), 1)
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
        "over_merged": several / max(int((sizes > 1).sum()), 1),
    }


def worst(clusters: Clusters, population: Population) -> None:
    """Which findings the wrong automatic pairs rest on, and why right pairs were left out."""
    edges = clusters.edges
    person = population.person
    a, b = edges["a"].to_numpy(), edges["b"].to_numpy()
    same = person[a] == person[b]
    for title, rows in (
        ("wrong and automatic", (edges["tier"] == Tier.AUTO) & ~same),
        ("right but for a person", (edges["tier"] == Tier.REVIEW) & same),
        ("right but refused", (edges["tier"] == Tier.NEVER) & same),
    ):
        chosen = edges[rows]
        print(f"\n{title}: {len(chosen):,}")
        for reasons, count in chosen["reasons"].value_counts().head(12).items():
            row = chosen[chosen["reasons"] == reasons].iloc[0]
            names = [clusters.cards.name(int(row[side])) for side in ("a", "b")]
            print(f"{count:8,}  {Reason(int(reasons))!r:60}  {' | '.join(map(str, names))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--guard", action="store_true", help="also build the index and ask it")
    parser.add_argument("--why", action="store_true", help="show what the errors rest on")
    asked = parser.parse_args()
    population = contacts(asked.cards, asked.seed)
    phones = int((population.keys["key_type"] == "phone").sum())
    print(f"seed {asked.seed}: {len(population.records):,} cards, {phones:,} phones")
    is_phone = population.keys["key_type"] == "phone"
    stored = population.keys.loc[is_phone, ["entity", "id"]].reset_index(drop=True)
    stored["phone"] = as_typed(population.keys.loc[is_phone, "key_value"].reset_index(drop=True), asked.seed)
    others = population.keys[~is_phone]
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began = time.perf_counter()
    keys = pd.concat([phone_keys(stored, "phone"), others], ignore_index=True)
    started = time.perf_counter()
    evidence = gather_evidence(population.records, keys)
    gathered = time.perf_counter()
    clusters = group_cards(evidence)
    grouped = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"phones {started - began:.2f} s, evidence {gathered - started:.2f} s, "
        f"clusters {grouped - gathered:.2f} s, together {grouped - began:.2f} s"
    )
    print(f"peak {peak:,.0f} MiB (of which {base:,.0f} MiB the generator had reached)")
    for name, value in quality(clusters, population).items():
        print(f"{name:12} {value:.5f}")
    for name, count in clusters.summary().items():
        print(f"{name:16} {count:,}")
    firms = companies(asked.cards // 10, asked.seed)
    began = time.perf_counter()
    matched = find_clusters(firms.records, firms.keys)
    print(f"\n{len(firms.records):,} companies, {time.perf_counter() - began:.2f} s")
    for name, value in quality(matched, firms).items():
        print(f"{name:12} {value:.5f}")
    if asked.why:
        worst(matched, firms)
    if asked.guard:
        began = time.perf_counter()
        index = build_index(clusters)
        built = time.perf_counter()
        names = population.records.set_index("id")
        sample = stored.sample(200, random_state=asked.seed)
        for number, phone in zip(sample["id"], sample["phone"], strict=True):
            find_client(index, phone=phone, name=" ".join(names.loc[number, ["lastName", "name"]]))
        ended = time.perf_counter()
        print(f"index {built - began:.1f} s, one answer {(ended - built) / 200 * 1000:.2f} ms")
    if asked.why:
        worst(clusters, population)


if __name__ == "__main__":
    main()
