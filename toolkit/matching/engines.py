"""The three heavy steps of matching behind three small functions; nothing else knows which engine does them.

keys: who owns which key · edges: which owners of a key are compared · components: who hangs together.
Another engine is any object with these three methods and the same answers; `tests/matching/test_engines.py`
holds a second one to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

__all__ = ["DuckEngine", "Engine", "SharedKeys"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SharedKeys:
    """The keys that more than one card of an entity owns.

    Args:
        directory: one row per key, position = key number, ordered by entity, type, value, extension; columns
            entity int, key_type str, key_value str, extension str, owners int, elsewhere bool (whether cards
            of another entity own it too).
        owners: one row per ownership, ordered by key and node; columns key int, node int.
    """

    directory: pd.DataFrame
    owners: pd.DataFrame


class Engine(Protocol):
    """What does the heavy steps."""

    def keys(self, rows: pd.DataFrame) -> SharedKeys:
        """The shared keys among rows of node, entity, key_type, key_value, extension; repeats count once."""
        ...

    def edges(self, owners: pd.DataFrame, all_pairs_owners: int) -> pd.DataFrame:
        """The pairs of one key's owners that are to be compared.

        Args:
            owners: columns key, node, block; block 0 belongs to no block.
            all_pairs_owners: keys with up to this many owners give all pairs. Of others, each member of a
                block is paired with its block's least node, and these least nodes with each other when
                there are no more of them than this.

        Returns:
            Columns key, a, b with a < b; each row once, ordered.
        """
        ...

    def components(self, nodes: int, a: Ints, b: Ints) -> Ints:
        """The least node that each node hangs together with, through pairs (a, b)."""
        ...


class DuckEngine:
    """DuckDB for grouping and joining, scipy for components.

    Args:
        memory_limit: how much DuckDB may hold before it spills to disk, in its own words ("2GB").
        threads: how many cores it may use; None for all.
        spill_folder: where it spills; None for its own choice.
    """

    def __init__(
        self, memory_limit: str = "1GB", threads: int | None = None, spill_folder: str | None = None
    ) -> None:
        self._config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": memory_limit}
        if threads is not None:
            self._config["threads"] = threads
        if spill_folder is not None:
            self._config["temp_directory"] = spill_folder

    def _open(self) -> duckdb.DuckDBPyConnection:
        base = duckdb.connect(config=self._config)
        base.execute("SET enable_progress_bar = false")  # it is drawn over whatever the caller prints
        return base

    def keys(self, rows: pd.DataFrame) -> SharedKeys:
        """See `Engine.keys`."""
        with self._open() as base:
            base.register("given", pa.Table.from_pandas(rows, preserve_index=False))
            base.execute("""
                CREATE TEMP TABLE owned AS
                SELECT DISTINCT entity, key_type, key_value, extension, node FROM given
            """)
            base.execute("""
                CREATE TEMP TABLE counted AS
                SELECT entity, key_type, key_value, extension, count(*) AS owners FROM owned GROUP BY ALL
            """)
            base.execute("""
                CREATE TEMP TABLE shared AS
                SELECT row_number() OVER (ORDER BY entity, key_type, key_value, extension) - 1 AS key, c.*,
                       coalesce(e.entities, 1) > 1 AS elsewhere
                FROM counted c LEFT JOIN (
                    SELECT key_type, key_value, extension, count(*) AS entities FROM counted
                    GROUP BY ALL HAVING count(*) > 1
                ) e USING (key_type, key_value, extension)
                WHERE owners > 1
            """)
            directory = base.execute(
                "SELECT entity, key_type, key_value, extension, owners, elsewhere FROM shared ORDER BY key"
            ).df()
            owners = base.execute("""
                SELECT key, node FROM owned JOIN shared USING (entity, key_type, key_value, extension)
                ORDER BY key, node
            """).df()
        return SharedKeys(directory, owners.astype(np.int64))

    def edges(self, owners: pd.DataFrame, all_pairs_owners: int) -> pd.DataFrame:
        """See `Engine.edges`."""
        with self._open() as base:
            base.register("given", pa.Table.from_pandas(owners, preserve_index=False))
            base.execute("""
                CREATE TEMP TABLE owned AS
                SELECT key, node, block, count(*) OVER (PARTITION BY key) AS n FROM given
            """)
            base.execute(
                """
                CREATE TEMP TABLE leaders AS
                SELECT key, block, min(node) AS node, count(*) OVER (PARTITION BY key) AS n FROM owned
                WHERE n > $limit AND block > 0 GROUP BY key, block
                """,
                {"limit": all_pairs_owners},
            )
            pairs = base.execute(
                """
                SELECT x.key, x.node AS a, y.node AS b FROM owned x JOIN owned y USING (key)
                WHERE x.n <= $limit AND x.node < y.node
                UNION ALL
                SELECT o.key, l.node, o.node FROM owned o JOIN leaders l USING (key, block)
                WHERE o.node > l.node
                UNION ALL
                SELECT x.key, x.node, y.node FROM leaders x JOIN leaders y USING (key)
                WHERE x.n <= $limit AND x.node < y.node
                ORDER BY ALL
                """,
                {"limit": all_pairs_owners},
            ).df()
        return pairs.astype(np.int64)

    def components(self, nodes: int, a: Ints, b: Ints) -> Ints:
        """See `Engine.components`."""
        from scipy.sparse import coo_array  # here: scipy takes long to import, and few commands match cards
        from scipy.sparse.csgraph import connected_components

        graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(nodes, nodes))
        count, labels = connected_components(graph, directed=False)
        least = np.full(count, nodes, dtype=np.int64)
        np.minimum.at(least, labels, np.arange(nodes, dtype=np.int64))
        return least[labels]
