"""What differs between two snapshots: records that came, records that went, cells that changed meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.records.catalogue import entity
from toolkit.records.columns import same_columns
from toolkit.records.fieldtypes import FieldType
from toolkit.records.snapshots import Snapshot
from toolkit.records.spellings import UnreadableError, read_value
from toolkit.records.tables import RAW
from toolkit.records.values import same

__all__ = ["Difference", "compare"]

# Rows compared at a time: bounds memory, and keeps text columns below Arrow's 2 GiB per array.
_SLICE = 250_000
_WHOLE = 20_000  # records of which all columns may be in memory at once


@dataclass(frozen=True)
class Difference:
    """What differs between two snapshots.

    Args:
        added: records only the later one has; columns entity str, id Int64 (str for field definitions).
        removed: records only the earlier one has; the same columns.
        changed: one row per changed cell; columns entity str, id, field str, before, after. The values are
            read, not as on the wire: int, float, bool, str, None, lists; days as `YYYY-MM-DD`, moments as
            ISO 8601 in UTC, multifields as lists of dicts.
        compared: entity to the columns compared.
        left_out: entity to the columns that were not: volatile, or held by one of the snapshots only.
    """

    added: pd.DataFrame
    removed: pd.DataFrame
    changed: pd.DataFrame
    compared: dict[str, list[str]]
    left_out: dict[str, list[str]]

    @property
    def nothing(self) -> bool:
        """Whether the snapshots mean the same."""
        return self.added.empty and self.removed.empty and self.changed.empty

    def counts(self) -> pd.DataFrame:
        """How much differs; one row per entity and kind of difference, columns entity, what, field, count.

        `what` is added, removed or changed; `field` is "" unless changed.
        """
        parts = [
            frame.assign(what=what, field=frame.get("field", ""))[["entity", "what", "field"]]
            for what, frame in (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        ]
        grouped = pd.concat(parts, ignore_index=True).groupby(["entity", "what", "field"], as_index=False)
        return grouped.size().rename(columns={"size": "count"})

    def _repr_html_(self) -> str:
        if self.nothing:
            return "<p>The snapshots mean the same.</p>"
        table: str = self.counts().to_html(index=False, escape=True)
        return table


def compare(
    before: Snapshot,
    after: Snapshot,
    *,
    entities: Sequence[str] | None = None,
    fields: Sequence[str] | None = None,
    volatile: bool = False,
) -> Difference:
    """What differs between two snapshots, on the meaning of values rather than their spelling.

    Args:
        before, after: in the order of time.
        entities: which to compare; None for all that both hold.
        fields: which columns; None for all that both hold. Names an entity lacks are passed over.
        volatile: also compare what changes by itself (`updatedTime`, `searchContent`, ...).

    Raises:
        SnapshotError: an entity asked for is not in both, or a file is damaged.
    """
    names = entities if entities is not None else [n for n in before.entities if n in after.entities]
    added: list[pd.DataFrame] = []
    removed: list[pd.DataFrame] = []
    changed: list[pd.DataFrame] = []
    compared: dict[str, list[str]] = {}
    left_out: dict[str, list[str]] = {}
    for given in names:
        kind = entity(given)
        name = kind.name
        shared, rest = _columns(before, after, name, fields, volatile=volatile)
        compared[name], left_out[name] = shared, rest
        pair = _Pair(before, after, name, kind.id_field)
        added.append(_ids_frame(name, pair.added))
        removed.append(_ids_frame(name, pair.removed))
        for column in shared:
            changed.extend(pair.changes(column))
    return Difference(
        _concat(added, ["entity", "id"]),
        _concat(removed, ["entity", "id"]),
        _concat(changed, ["entity", "id", "field", "before", "after"]),
        compared,
        left_out,
    )


def _columns(
    before: Snapshot, after: Snapshot, name: str, fields: Sequence[str] | None, *, volatile: bool
) -> tuple[list[str], list[str]]:
    kind = entity(name)
    one, other = before.field_types(name), after.field_types(name)
    shared, rest = [], []
    for column in dict.fromkeys([*one, *other]):
        if column == kind.id_field or (fields is not None and column not in fields):
            continue
        if column in one and column in other and (volatile or column not in kind.volatile_fields):
            shared.append(column)
        else:
            rest.append(column)
    return shared, rest


class _Pair:
    """One entity in both snapshots, its records matched by id."""

    def __init__(self, before: Snapshot, after: Snapshot, name: str, id_field: str) -> None:
        self.name = name
        self.snapshots = (before, after)
        self.types = tuple(side.field_types(name) for side in self.snapshots)
        self.files = tuple(pq.ParquetFile(side.path(name)) for side in self.snapshots)
        self.whole: dict[int, pa.Table] = {}
        ids = [
            file.read(columns=[id_field], use_threads=False).column(0).combine_chunks() for file in self.files
        ]
        old, new = (side.to_numpy(zero_copy_only=False) for side in ids)
        if len(old) == len(new) and bool((old == new).all()):
            # The usual case: both were walked by id and nothing came or went. No row has to move.
            self.rows: tuple[pa.Array, pa.Array] | None = None
            self.ids = old
            self.added = self.removed = old[:0]
            return
        both, at_old, at_new = np.intersect1d(old, new, assume_unique=True, return_indices=True)
        self.rows = (pa.array(at_old), pa.array(at_new))
        self.ids = both
        self.added = np.setdiff1d(new, old, assume_unique=True)
        self.removed = np.setdiff1d(old, new, assume_unique=True)

    def changes(self, column: str) -> Iterator[pd.DataFrame]:
        """The cells of a column that changed, as frames of at most some hundred thousand rows."""
        was, kind = (types[column] for types in self.types)
        unread = [side.manifest.entities[self.name].unread.get(column) for side in self.snapshots]
        if any(unread) or was != kind:
            # A value did not fit, or the field changed its type: the wire's own words are compared.
            yield from self._changes_by_cell(column, kind)
            return
        old, new = (
            side if self.rows is None else side.take(self.rows[i])
            for i, side in enumerate(self._column(i, column) for i in range(2))
        )
        for start in range(0, len(self.ids), _SLICE):
            left, right = old.slice(start, _SLICE), new.slice(start, _SLICE)
            differ = np.flatnonzero(~same_columns(left, right, kind))
            if len(differ):
                picked = pa.array(differ)
                yield self._frame(
                    column,
                    self.ids[start + differ],
                    [_shown(value, kind) for value in left.take(picked).to_pylist()],
                    [_shown(value, kind) for value in right.take(picked).to_pylist()],
                )

    def _column(self, side: int, column: str) -> pa.ChunkedArray:
        """A column of one side. A small file is read whole, at once; of a large one only what is looked at."""
        file = self.files[side]
        if file.metadata.num_rows > _WHOLE:
            return file.read(columns=[column]).column(0)
        if side not in self.whole:
            shared = [name for name in self.types[side] if name in self.types[1 - side]]
            self.whole[side] = file.read(columns=shared, use_threads=False)
        return self.whole[side].column(column)

    def _changes_by_cell(self, column: str, kind: FieldType) -> Iterator[pd.DataFrame]:
        sides = [list(_wire_values(file, column)) for file in self.files]
        if self.rows is not None:
            sides = [[side[i] for i in rows.to_pylist()] for side, rows in zip(sides, self.rows, strict=True)]
        differ = [i for i, (a, b) in enumerate(zip(*sides, strict=True)) if not same(a, b, kind)]
        if differ:
            left, right = ([_shown(side[i], kind) for i in differ] for side in sides)
            yield self._frame(column, self.ids[differ], left, right)

    def _frame(self, column: str, ids: npt.NDArray[Any], left: list[Any], right: list[Any]) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "entity": pd.array([self.name] * len(ids), dtype=pd.StringDtype("pyarrow")),
                "id": _ids(ids),
                "field": pd.array([column] * len(ids), dtype=pd.StringDtype("pyarrow")),
                "before": pd.Series(left, dtype=object),
                "after": pd.Series(right, dtype=object),
            }
        )


def _wire_values(file: pq.ParquetFile, column: str) -> Iterator[Any]:
    for batch in file.iter_batches(batch_size=2000, columns=[RAW]):
        for text in batch.column(0).to_pylist():
            yield json.loads(text).get(column)


def _shown(value: Any, kind: FieldType) -> Any:
    try:
        return read_value(value, kind)
    except UnreadableError:
        return value


def _ids(ids: npt.NDArray[Any]) -> Any:
    return pd.array(ids, dtype=pd.StringDtype("pyarrow") if ids.dtype == object else pd.Int64Dtype())


def _ids_frame(name: str, ids: npt.NDArray[Any]) -> pd.DataFrame:
    names = pd.array([name] * len(ids), dtype=pd.StringDtype("pyarrow"))
    return pd.DataFrame({"entity": names, "id": _ids(ids)})


def _concat(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if not frame.empty]
    if not filled:
        return pd.DataFrame({column: pd.Series(dtype=object) for column in columns})
    return pd.concat(filled, ignore_index=True)
