"""Any engine gives the same answers: a slow one in plain Python beside the one in use."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.matching.clusters import find_clusters
from toolkit.matching.engines import DuckEngine, Engine, SharedKeys


class PlainEngine:
    """The three steps said plainly."""

    def keys(self, rows: pd.DataFrame) -> SharedKeys:
        owned = defaultdict(set)
        for row in rows.itertuples():
            owned[row.entity, row.key_type, row.key_value, row.extension].add(row.node)
        shared = sorted(k for k, nodes in owned.items() if len(nodes) > 1)
        directory = pd.DataFrame(
            [(*k, len(owned[k]), any(o[1:] == k[1:] and o[0] != k[0] for o in owned)) for k in shared],
            columns=["entity", "key_type", "key_value", "extension", "owners", "elsewhere"],
        )
        owners = [(number, node) for number, k in enumerate(shared) for node in sorted(owned[k])]
        return SharedKeys(directory, pd.DataFrame(owners, columns=["key", "node"], dtype=np.int64))

    def edges(self, owners: pd.DataFrame, all_pairs_owners: int) -> pd.DataFrame:
        pairs: set[tuple[int, int, int]] = set()
        for number, rows in owners.groupby("key"):
            nodes = sorted(rows["node"])
            if len(nodes) <= all_pairs_owners:
                pairs |= {(number, a, b) for a, b in combinations(nodes, 2)}
                continue
            blocks = defaultdict(list)
            for row in rows.itertuples():
                if row.block:
                    blocks[row.block].append(row.node)
            leaders = sorted(min(block) for block in blocks.values())
            pairs |= {
                (number, min(block), node)
                for block in blocks.values()
                for node in block
                if node != min(block)
            }
            if len(leaders) <= all_pairs_owners:
                pairs |= {(number, a, b) for a, b in combinations(leaders, 2)}
        return pd.DataFrame(sorted(pairs), columns=["key", "a", "b"], dtype=np.int64)

    def components(
        self, nodes: int, a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        label = list(range(nodes))
        for _ in range(nodes):
            for x, y in zip(a, b, strict=True):
                label[x] = label[y] = min(label[x], label[y])
        return np.array(label, dtype=np.int64)


OWNED = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from(["phone", "email"]), st.sampled_from("abc"),
        st.sampled_from(["", "1"]), st.integers(0, 9),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(OWNED)
def test_both_engines_find_the_same_shared_keys(owned: list[tuple[int, str, str, str, int]]) -> None:
    rows = pd.DataFrame(owned, columns=["entity", "key_type", "key_value", "extension", "node"])
    rows = rows.astype(
        {"entity": "int64", "node": "int64", "key_type": "str", "key_value": "str", "extension": "str"}
    )
    # A card is of one entity: its number tells which.
    rows["node"] = rows["node"] * 2 + rows["entity"]
    one, other = DuckEngine().keys(rows), PlainEngine().keys(rows)
    pd.testing.assert_frame_equal(one.owners, other.owners, check_dtype=False)
    assert one.directory.astype(str).values.tolist() == other.directory.astype(str).values.tolist()


@settings(max_examples=30, deadline=None)
@given(
    st.sets(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=40),
    st.lists(st.integers(0, 3), min_size=13, max_size=13),
    st.integers(1, 5),
)
def test_both_engines_choose_the_same_pairs(
    owned: set[tuple[int, int]], block: list[int], limit: int
) -> None:
    rows = [(number, node, block[node]) for number, node in sorted(owned)]
    owners = pd.DataFrame(rows, columns=["key", "node", "block"], dtype=np.int64)
    pd.testing.assert_frame_equal(DuckEngine().edges(owners, limit), PlainEngine().edges(owners, limit))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=15))
def test_both_engines_see_the_same_components(pairs: list[tuple[int, int]]) -> None:
    a = np.array([p[0] for p in pairs], dtype=np.int64)
    b = np.array([p[1] for p in pairs], dtype=np.int64)
    assert DuckEngine().components(10, a, b).tolist() == PlainEngine().components(10, a, b).tolist()


def test_another_engine_can_be_put_in() -> None:
    engine: Engine = PlainEngine()
    records = pd.DataFrame(
        {"entity": "contact", "id": [1, 2, 3], "lastName": "Иванов", "name": ["Иван", "Ваня", "Пётр"]}
    )
    keys = pd.DataFrame(
        {"entity": "contact", "id": [1, 2, 3], "key_type": "phone", "key_value": "+79120000001"}
    )
    found, expected = find_clusters(records, keys, engine=engine), find_clusters(records, keys)
    pd.testing.assert_frame_equal(found.pairs(), expected.pairs())
    assert found.groups()["id"].tolist() == [1, 2]
