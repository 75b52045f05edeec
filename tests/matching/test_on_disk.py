"""Matched part by part from disk, cards end in the groups they would end in if matched in one piece."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from firms import companies
from people import contacts

from toolkit.errors import ParameterError
from toolkit.matching import Decisions, find_clusters
from toolkit.matching.on_disk import find_clusters_on_disk


def written(folder: Path, records: pd.DataFrame, keys: pd.DataFrame) -> tuple[Path, Path]:
    folder.mkdir()
    places = folder / "records.parquet", folder / "keys.parquet"
    for place, table in zip(places, (records, keys), strict=True):
        table.sample(frac=1, random_state=1).to_parquet(place)
    return places


def test_the_parts_together_answer_what_one_piece_answers(tmp_path: Path) -> None:
    people, firms = contacts(3_000, 11), companies(800, 11)
    records = pd.concat([people.records, firms.records], ignore_index=True)
    keys = pd.concat([people.keys, firms.keys], ignore_index=True)
    whole = find_clusters(records, keys)

    matched = find_clusters_on_disk(
        *written(tmp_path / "in", records, keys), tmp_path / "out", cards_at_once=500
    )

    assert matched.parts > 3
    pd.testing.assert_frame_equal(
        pd.read_parquet(matched.groups).sort_values(["entity", "group", "id"], ignore_index=True),
        whole.groups(),
        check_dtype=False,
    )
    order = ["entity", "case", "a", "b"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(matched.pairs).sort_values(order, ignore_index=True), whole.pairs(), check_dtype=False
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["groups.parquet", "pairs.parquet"]


def test_what_people_said_holds_in_every_part(tmp_path: Path) -> None:
    population = contacts(800, 12)
    groups = find_clusters(population.records, population.keys).groups()
    a, b = groups.loc[groups["group"] == groups["group"].iloc[0], "id"].iloc[:2]
    said = Decisions()
    said.not_duplicates("contact", int(a), int(b), who="Anna", at="2026-11-22T10:00:00+03:00")

    matched = find_clusters_on_disk(
        *written(tmp_path / "in", population.records, population.keys),
        tmp_path / "out",
        decisions=said,
        cards_at_once=100,
    )

    left = pd.read_parquet(matched.groups)
    pair = left[left["id"].isin([a, b])]
    assert not pair.duplicated("group").any()


def test_cards_without_a_common_key_make_no_groups(tmp_path: Path) -> None:
    records = pd.DataFrame({"entity": "contact", "id": [1, 2], "name": ["Анна", "Анна"]})
    keys = pd.DataFrame(
        {
            "entity": "contact",
            "id": [1, 2],
            "key_type": "phone",
            "key_value": ["+79161234567", "+79161234568"],
            "extension": "",
            "may_key": True,
        }
    )

    matched = find_clusters_on_disk(*written(tmp_path / "in", records, keys), tmp_path / "out")

    assert matched.cards == 0
    assert len(pd.read_parquet(matched.groups)) == 0
    assert list(pd.read_parquet(matched.pairs).columns)[:4] == ["entity", "a", "b", "tier"]


def test_a_table_without_the_columns_is_refused(tmp_path: Path) -> None:
    places = written(
        tmp_path / "in", pd.DataFrame({"entity": ["contact"]}), pd.DataFrame({"entity": ["contact"]})
    )

    with pytest.raises(ParameterError, match="lacks id"):
        find_clusters_on_disk(*places, tmp_path / "out")
    assert not any((tmp_path / "out").iterdir())
