"""The frozen plan: one row per change, in a Parquet file whose hash names it.

Apply executes exactly these rows and computes nothing. A person may strike rows (`narrowed`); nothing
can be added.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.errors import PlanError, StorageError
from toolkit.runs.changes import COLUMNS, LISTED_COLUMNS, PHASES, Changes

__all__ = ["Plan"]

_SCHEMA = pa.schema(
    [
        ("change", pa.int64()),
        ("phase", pa.int32()),
        *((name, pa.int64() if name == "record_id" else pa.string()) for name in COLUMNS),
        ("struck", pa.bool_()),
    ]
)
_BLOCK = 50_000  # rows hashed at a time: a row's hash does not depend on the others
_LISTED = pa.schema([(name, pa.int64() if name == "record_id" else pa.string()) for name in LISTED_COLUMNS])


@dataclass(frozen=True)
class Plan:
    """The changes of one operation on one snapshot.

    Args:
        table: one row per change: change int (its number), phase int (order), kind, entity, record_id
            (Int64, missing for creates), before, after (JSON objects), reason, marker, group, struck bool.
        listed: records left to a person; columns entity, record_id, reason, details.
        facts: operation, parameters, digest of the snapshot; `tally`, where the operation gives one.
    """

    table: pd.DataFrame
    listed: pd.DataFrame
    facts: Mapping[str, Any]

    @classmethod
    def freeze(cls, changes: Changes, facts: Mapping[str, Any]) -> Plan:
        """Number the changes in the order they will be carried out.

        Raises:
            PlanError: two changes of one kind touch the same record, or a create has no marker.
        """
        table = changes.table.copy(deep=False)
        usual = table["kind"].map(PHASES)
        table["phase"] = (table["phase"].fillna(usual) if "phase" in table else usual).astype("int32")
        table = table.sort_values("phase", kind="stable").reset_index(drop=True)
        table["change"] = range(len(table))
        table["struck"] = False
        with_id = table[table["record_id"].notna() & ~table["kind"].isin(["notify", "bind", "copy", "note"])]
        twice = with_id[with_id.duplicated(["phase", "kind", "entity", "record_id"])]
        if len(twice):
            row = twice.iloc[0]
            raise PlanError(
                str(facts.get("operation", "plan")),
                f"asks for two {row['kind']}s of {row['entity']} {row['record_id']}",
                "This is a mistake in the operation; report it.",
            )
        creates = table[table["kind"] == "create"]
        if (creates["marker"] == "").any() or creates["marker"].duplicated().any():
            raise PlanError(
                str(facts.get("operation", "plan")),
                "creates a record without a marker of its own",
                "Every create needs the external key of the fact it stands for.",
            )
        told = {"tally": dict(changes.tally)} if changes.tally else {}
        return cls(
            table[["change", "phase", *COLUMNS, "struck"]],
            changes.listed.reset_index(drop=True),
            {**facts, **told},
        )

    def __len__(self) -> int:
        return len(self.table)

    @property
    def active(self) -> pd.DataFrame:
        """The changes that were not struck."""
        return self.table[~self.table["struck"]]

    @property
    def id(self) -> str:
        """What names this exact plan: a hash of its rows, struck or not, and its facts."""
        digest = hashlib.sha256(json.dumps(dict(self.facts), sort_keys=True, default=str).encode())
        for name in self.table.columns:
            for start in range(0, len(self.table), _BLOCK):
                block = self.table[name].iloc[start : start + _BLOCK]
                digest.update(pd.util.hash_pandas_object(block, index=False).to_numpy().tobytes())
        return digest.hexdigest()[:16]

    def summary(self) -> pd.DataFrame:
        """How many changes of each kind and reason; columns kind, entity, reason, count."""
        counted = self.active.groupby(["kind", "entity", "reason"], sort=False, dropna=False).size()
        return counted.rename("count").reset_index().sort_values("count", ascending=False, kind="stable")

    def tally(self) -> dict[str, int]:
        """What became of everything the operation looked at, in words, to how many; empty when it does not say."""
        return dict(self.facts.get("tally", {}))

    def left_out(self) -> pd.DataFrame:
        """How many records were left to a person, by reason; columns entity, reason, count."""
        counted = self.listed.groupby(["entity", "reason"], sort=False).size()
        return counted.rename("count").reset_index()

    def narrowed(self, keep: Iterable[int]) -> Plan:
        """The same plan with every row struck that is not in `keep`.

        Args:
            keep: numbers of changes a person leaves standing.

        Raises:
            PlanError: a number that is not in the plan; an import can only narrow.
        """
        wanted = {int(each) for each in keep}
        unknown = wanted - set(self.table["change"])
        if unknown:
            raise PlanError(
                "the review",
                f"names changes the plan does not have: {sorted(unknown)[:5]}",
                "A review can only strike rows.",
            )
        table = self.table.copy()
        table["struck"] = table["struck"] | ~table["change"].isin(wanted)
        # What prepares a merge and what follows it have no sense without it.
        merged = table["kind"] == "merge"
        alone = set(table.loc[merged & table["struck"], "group"])
        if alone:
            table["struck"] |= table["group"].map(lambda names: not alone.isdisjoint(names.split()))
        return Plan(table, self.listed, self.facts)

    def write(self, path: Path) -> None:
        """Write the plan so that it appears whole or not at all; readable by its owner only.

        Raises:
            StorageError: it cannot be written.
        """
        table = pa.Table.from_pandas(self.table, schema=_SCHEMA, preserve_index=False)
        table = table.replace_schema_metadata(
            {"b24kit": json.dumps({**self.facts, "plan": self.id}, default=str)}
        )
        listed = pa.Table.from_pandas(self.listed, schema=_LISTED, preserve_index=False)
        try:
            _write_whole(table, path)
            _write_whole(listed, path.with_name(path.stem + ".listed.parquet"))
        except (OSError, pa.ArrowException) as error:
            raise StorageError(
                path, str(error), "Free some space or mend the folder's rights; plan again."
            ) from error

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Read a plan and make sure it is the one that was written.

        Raises:
            PlanError: it is missing, damaged, or was edited.
        """
        try:
            table = pq.ParquetFile(path).read()
            listed = pq.ParquetFile(path.with_name(path.stem + ".listed.parquet")).read()
            facts = json.loads((table.schema.metadata or {})[b"b24kit"])
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            raise PlanError(path, f"cannot be read: {error}", "Plan again.") from error
        named = facts.pop("plan", "")
        plan = cls(_typed(table.to_pandas()), _typed(listed.to_pandas()), facts)
        if plan.id != named:
            raise PlanError(path, "is not the plan that was frozen", "Somebody edited the file; plan again.")
        return plan


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    types = {"change": "int64", "phase": "int32", "record_id": "Int64", "struck": "bool"}
    wanted = {name: types.get(name, "str") for name in frame.columns}
    return frame.astype({name: kind for name, kind in wanted.items() if frame.dtypes[name] != kind})


def _write_whole(table: pa.Table, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    part.touch(mode=0o600)
    pq.write_table(table, part, compression="zstd")
    part.replace(path)
