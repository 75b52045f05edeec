"""The law every operation keeps: apply the plan to the tables in memory, plan again, expect nothing."""

from __future__ import annotations

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
                table.loc[at, field] = value
        elif row["kind"] == "delete":
            after[row["entity"]] = table[table[id_field] != row["record_id"]]
        elif row["kind"] == "create":
            marker = entity(row["entity"]).marker_fields[-1]
            new = {id_field: int(table[id_field].max() or 0) + 1, marker: row["marker"], **cells}
            after[row["entity"]] = pd.concat([table, pd.DataFrame([new])], ignore_index=True)
    return after
