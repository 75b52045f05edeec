"""The bars of quality hold on synthetic portals whose truth is known; the benchmark shows them at full size."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from bench_matching import quality
from firms import companies
from people import contacts

from toolkit.matching.clusters import find_clusters


@pytest.mark.parametrize("seed", [11, 12])
def test_contacts_are_merged_almost_without_error_and_most_duplicates_are_found(seed: int) -> None:
    population = contacts(30_000, seed)
    measured = quality(find_clusters(population.records, population.keys), population)
    assert measured["precision"] >= 0.998, measured
    assert measured["recall"] >= 0.85, measured
    # 0.1 % is the bar; four thousand groups are too few to tell 0.1 from 0.2.
    assert measured["over_merged"] <= 0.002, measured


def test_companies_are_merged_almost_without_error() -> None:
    population = companies(8_000, 11)
    measured = quality(find_clusters(population.records, population.keys), population)
    assert measured["precision"] >= 0.998, measured
    assert measured["recall"] >= 0.75, measured
