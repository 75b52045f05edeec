"""Matching out of core: tens of millions of cards, with the memory of one part of them.

Cards that share a key, directly or through other cards, belong to one component; cards of different components
never meet. So the whole is taken apart along its components, which need no more than two numbers per shared key,
and is matched part by part with `find_clusters`. The answer is the one that matching in one piece would give.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.errors import ParameterError, StorageError
from toolkit.matching.clusters import find_clusters
from toolkit.matching.decisions import Decisions
from toolkit.matching.engines import DuckEngine
from toolkit.matching.rules import MatchRules

__all__ = ["MatchedOnDisk", "find_clusters_on_disk"]

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class MatchedOnDisk:
    """Where the answer lies, and how it came about.

    Args:
        groups: Parquet file with the columns of `Clusters.groups`.
        pairs: Parquet file with the columns of `Clusters.pairs`.
        cards: how many share a key with another; the rest have no duplicates.
        parts: in how many parts they were matched.
        largest: cards of the largest component, which cannot be taken apart.
    """

    groups: Path
    pairs: Path
    cards: int
    parts: int
    largest: int


def find_clusters_on_disk(
    records: Path,
    keys: Path,
    folder: Path,
    *,
    rules: MatchRules | None = None,
    decisions: Decisions | None = None,
    cards_at_once: int = 1_000_000,
    memory_limit: str = "2GB",
) -> MatchedOnDisk:
    """Who is the same client among more cards than memory holds.

    Args:
        records: Parquet file, or folder of such, with the columns of `Cards.read`.
        keys: the same, with the columns of `phone_keys`; INNs come as keys too (`inn_keys`).
        folder: where the answer goes; made when absent.
        rules: the thresholds.
        decisions: what people said before.
        cards_at_once: about as many cards are in memory; a larger component stays whole. A million take
            some 1.5 GiB.
        memory_limit: of the database that sorts and joins, in its own words.

    Raises:
        ParameterError: a column is missing.
        StorageError: the folder cannot be written, or the disk is full.
    """
    work = folder / ".matching"
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        with duckdb.connect(
            str(work / "cards.duckdb"),
            config={
                "memory_limit": memory_limit,
                "temp_directory": str(work),
                "preserve_insertion_order": False,
            },
        ) as base:
            base.execute("SET enable_progress_bar = false")  # it is drawn over whatever the caller prints
            _require(base, "records", records, ("entity", "id"), refused=("inn", "kpp"))
            _require(base, "keys", keys, ("entity", "id", "key_type", "key_value"))
            cards = _number(base, _source(keys))
            part, largest = _parts(base, cards, cards_at_once)
            base.register("parts", pa.table({"node": np.arange(cards, dtype=np.int32), "part": part}))
            base.execute("CREATE TABLE placed AS SELECT entity, id, part FROM card JOIN parts USING (node)")
            for name, path in (("records", records), ("keys", keys)):
                base.execute(
                    f"COPY (SELECT t.*, part FROM {_source(path)} t JOIN placed USING (entity, id))"  # noqa: S608 -- paths, quoted
                    f" TO {_quoted(work / name)} (FORMAT parquet, PARTITION_BY (part))"
                )
        found = _match(work, folder, rules, decisions, DuckEngine(memory_limit, spill_folder=str(work)))
        return MatchedOnDisk(*found, cards=cards, parts=int(part.max(initial=-1)) + 1, largest=largest)
    except OSError as error:
        raise StorageError(folder, error.strerror or str(error), "Make room, then match again.") from error
    except duckdb.IOException as error:
        raise StorageError(folder, str(error), "Make room, then match again.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _number(base: duckdb.DuckDBPyConnection, keys: str) -> int:
    """Tables `card` (node, entity, id) and `link` (node, least): the cards that share a key, and with whom.

    Extensions and entities are looked past: cards they keep apart are still matched in one part, because
    what one line is worth depends on all who own it.
    """
    base.execute(f"""
        CREATE TABLE owned AS SELECT DISTINCT entity, id, key_type, key_value FROM {keys} WHERE may_key
    """)  # noqa: S608 -- a quoted path
    base.execute("""
        CREATE TABLE sharing AS
        SELECT entity, id, key_type, key_value FROM owned JOIN (
            SELECT key_type, key_value FROM owned GROUP BY ALL HAVING count(*) > 1
        ) USING (key_type, key_value)
    """)
    base.execute("DROP TABLE owned")
    base.execute("""
        CREATE TABLE card AS
        SELECT (row_number() OVER (ORDER BY entity, id) - 1)::INTEGER AS node, entity, id
        FROM (SELECT DISTINCT entity, id FROM sharing)
    """)
    base.execute("""
        CREATE TABLE link AS
        WITH held AS (SELECT node, key_type, key_value FROM sharing JOIN card USING (entity, id)),
             least AS (SELECT key_type, key_value, min(node) AS least FROM held GROUP BY ALL)
        SELECT node, least FROM held JOIN least USING (key_type, key_value) WHERE node > least
    """)
    base.execute("DROP TABLE sharing")
    return int(base.execute("SELECT count(*) FROM card").fetchall()[0][0])


def _parts(base: duckdb.DuckDBPyConnection, cards: int, cards_at_once: int) -> tuple[Ints, int]:
    """The part of each card, whole components together; and the size of the largest component."""
    from scipy.sparse import coo_array  # here: scipy takes long to import, and few commands match cards
    from scipy.sparse.csgraph import connected_components

    if not cards:
        return np.zeros(0, dtype=np.int32), 0
    link = base.execute("SELECT node, least FROM link").fetchnumpy()
    a, b = np.asarray(link["node"], dtype=np.int32), np.asarray(link["least"], dtype=np.int32)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(cards, cards))
    count, label = connected_components(graph, directed=False)
    sizes = np.bincount(label, minlength=count)
    # A part begins where the cards before it fill one; a component goes where its first card would.
    before = np.cumsum(sizes) - sizes
    part = before // cards_at_once
    _, numbered = np.unique(part, return_inverse=True)
    return numbered[label].astype(np.int32), int(sizes.max())


def _match(
    work: Path, folder: Path, rules: MatchRules | None, decisions: Decisions | None, engine: DuckEngine
) -> tuple[Path, Path]:
    """Every part matched, its answer appended to two files that appear when they are whole."""
    groups, pairs = _Table(folder / "groups.parquet"), _Table(folder / "pairs.parquet")
    for records, keys in _read(work):
        clusters = find_clusters(records, keys, rules, decisions, engine)
        groups.append(clusters.groups())
        pairs.append(clusters.pairs())
    return groups.finish(), pairs.finish()


def _read(work: Path) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    for place in sorted((work / "records").glob("part=*")):
        yield _frame(place), _frame(work / "keys" / place.name)


def _frame(place: Path) -> pd.DataFrame:
    found: pd.DataFrame = pa.concat_tables(
        [pq.ParquetFile(path).read() for path in sorted(place.glob("*.parquet"))]
    ).to_pandas()
    return found


class _Table:
    """A Parquet file that grows by frames; nobody sees it before it is whole."""

    def __init__(self, path: Path) -> None:
        self._path, self._growing = path, path.with_suffix(".growing")
        self._writer: pq.ParquetWriter | None = None

    def append(self, frame: pd.DataFrame) -> None:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._growing, table.schema, compression="zstd")
        self._writer.write_table(table.cast(self._writer.schema))

    def finish(self) -> Path:
        if self._writer is None:
            empty = find_clusters(
                pd.DataFrame({"entity": [], "id": []}),
                pd.DataFrame({"entity": [], "id": [], "key_type": [], "key_value": []}),
            )
            self.append(empty.groups() if self._path.stem == "groups" else empty.pairs())
        assert self._writer is not None  # noqa: S101 -- for the type checker: `append` made it
        self._writer.close()
        return self._growing.rename(self._path)


def _require(
    base: duckdb.DuckDBPyConnection,
    name: str,
    path: Path,
    columns: tuple[str, ...],
    refused: tuple[str, ...] = (),
) -> None:
    given: list[Any] = [
        row[0]
        for row in base.execute(f"DESCRIBE SELECT * FROM {_source(path)}").fetchall()  # noqa: S608 -- a quoted path
    ]
    missing = [column for column in columns if column not in given]
    if missing:
        raise ParameterError("matching", name, str(path), f"lacks {', '.join(missing)}", "Add the columns.")
    extra = [column for column in refused if column in given]
    if extra:
        raise ParameterError(
            "matching",
            name,
            str(path),
            f"holds {', '.join(extra)}",
            "Give INNs as keys; `inn_keys` makes them.",
        )


def _source(path: Path) -> str:
    return f"read_parquet({_quoted(path / '*.parquet' if path.is_dir() else path)})"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
