"""The law every operation keeps: apply the plan to the tables in memory, plan again, expect nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from toolkit.records import entity
from toolkit.runs import Changes


def carried_out(tables: Mapping[str, pd.DataFrame], changes: Changes) -> dict[str, pd.DataFrame]:
    """The tables as they would read after every change."""
    after = {name: table.copy() for name, table in tables.items()}
    for row in changes.table.to_dict("records"):
        if row["kind"] == "notify":
            continue
        table = after[row["entity"]]
        id_field = entity(row["entity"]).id_field
        cells: dict[str, Any] = json.loads(row["after"])
        if row["kind"] == "update":
            at = table[id_field] == row["record_id"]
            assert at.sum() == 1, row
            for field, value in cells.items():
                _put(table, at, field, value)
        elif row["kind"] == "delete":
            after[row["entity"]] = table[table[id_field] != row["record_id"]]
        elif row["kind"] == "create":
            marker = entity(row["entity"]).marker_fields[-1]
            new = {id_field: int(table[id_field].max() or 0) + 1, marker: row["marker"], **cells}
            after[row["entity"]] = pd.concat([table, pd.DataFrame([new])], ignore_index=True)
    return after


def _put(table: pd.DataFrame, at: pd.Series, field: str, value: Any) -> None:
    """A cell, also of a list; rows of a multifield that are new get ids, as the portal gives them."""
    if field == "fm":
        fresh = itertools.count(1_000_000)
        value = [{**row, "id": row["id"] or next(fresh)} for row in value]
    if isinstance(value, list):
        column = table[field].astype(object)
        column[at] = pd.Series([value], index=table.index[at])
        table[field] = column
    else:
        table.loc[at, field] = value
