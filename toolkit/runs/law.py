"""The law every operation keeps: apply the plan to the tables in memory, plan again, expect nothing."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from toolkit.errors import PlanError
from toolkit.records import entity
from toolkit.runs import Changes
from toolkit.runs.multivalues import rows_of
from toolkit.runs.references import in_place
from toolkit.runs.settings_of_types import SETTINGS, as_set

__all__ = ["carried_out"]

_LINKS = {"contactIds": "contact", "contactId": "contact", "companyIds": "company", "companyId": "company"}


def carried_out(tables: Mapping[str, pd.DataFrame], changes: Changes) -> dict[str, pd.DataFrame]:
    """The tables as they would read after every change."""
    after = {name: table.copy() for name, table in tables.items()}
    made: dict[str, int] = {}
    for row in changes.table.to_dict("records"):
        if row["kind"] in ("notify", "note"):
            continue
        table = after[row["entity"]]
        id_field = entity(row["entity"]).id_field
        cells: dict[str, Any] = in_place(json.loads(row["after"]), made)
        if row["kind"] == "bind" and row["entity"] in SETTINGS:
            after[row["entity"]] = as_set(table, row["entity"], int(row["record_id"]), cells)
        elif row["kind"] == "copy" and "line" in cells:
            calls = after["call"]
            _put(calls, calls["EXTERNAL_CALL_ID"] == cells["line"], "RECORD_FILE_ID", 1)
        elif row["kind"] == "copy":
            appeal = made.get(row["marker"], row["record_id"])
            held = "a recording" if row["entity"] == "activity" else cells.get("file", 1)
            _put(table, table[id_field] == appeal, cells["field"], held)
        elif row["kind"] == "merge":
            merge(after, row["entity"], int(row["record_id"]), cells)
        elif row["kind"] == "update":
            row["record_id"] = made.get(row["marker"], row["record_id"])
            at = table[id_field] == row["record_id"]
            if at.sum() != 1:
                raise PlanError(
                    f"{row['entity']} {row['record_id']}",
                    "is changed, but is not in the tables once",
                    "Read it first.",
                )
            for field, value in cells.items():
                _put(table, at, field, value)
        elif row["kind"] == "delete":
            after[row["entity"]] = table[table[id_field] != row["record_id"]]
        elif row["kind"] == "create":
            replaced = json.loads(row["before"]).get("replaces")
            if replaced in set(table[id_field]):
                made[row["marker"]] = replaced
                continue
            marker = entity(row["entity"]).marker_fields[-1]
            last = int(table[id_field].max()) if len(table) else 0
            made[row["marker"]] = last + 1
            cells = in_place(cells, made)
            new = {id_field: last + 1, marker: row["marker"], **cells}
            after[row["entity"]] = pd.concat([table, pd.DataFrame([new])], ignore_index=True)
            made[row["marker"]] = last + 1
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
    elif isinstance(table[field].dtype, pd.BooleanDtype):
        table.loc[at, field] = value in (True, "Y")
    else:
        table.loc[at, field] = value


def merge(tables: dict[str, pd.DataFrame], name: str, master: int, cells: Mapping[str, Any]) -> None:
    """Cards made one as the portal does it: phones united, links moved, requisites of one INN folded."""
    losers, type_id = set(cells["losers"]), entity(name).entity_type_id
    table = tables[name]
    at = table["id"] == master
    for field, value in cells["becomes"].items():
        _put(table, at, field, value)
    if "fm" in table:
        rows: dict[str, Any] = {}
        for card in [master, *cells["losers"]]:
            for each in rows_of(table.loc[table["id"] == card, "fm"].iloc[0]):
                rows.setdefault(each["value"], each)
        _put(table, at, "fm", list(rows.values()))
    tables[name] = table[~table["id"].isin(losers)].reset_index(drop=True)
    for other in tables.values():
        for column, linked in _LINKS.items():
            if linked == name and column in other:
                for row, value in enumerate(other[column].tolist()):
                    if column.endswith("Ids") and value is not None and losers & set(value):
                        now = list(dict.fromkeys(master if each in losers else each for each in value))
                        _put(other, pd.Series(other.index == row, other.index), column, now)
                    elif not column.endswith("Ids") and value in losers:
                        _put(other, pd.Series(other.index == row, other.index), column, master)
    if "activity" in tables:
        own = tables["activity"]
        moved = (own["OWNER_TYPE_ID"] == type_id) & own["OWNER_ID"].isin(losers)
        own.loc[moved, "OWNER_ID"] = master
    if "requisite" in tables and "RQ_INN" in tables["requisite"]:
        _fold(tables, type_id, master, losers)


def _fold(tables: dict[str, pd.DataFrame], type_id: int | None, master: int, losers: set[int]) -> None:
    table = tables["requisite"]
    mine = table["ENTITY_TYPE_ID"] == type_id
    inns = set(table.loc[mine & (table["ENTITY_ID"] == master), "RQ_INN"].dropna())
    gone = []
    for row in table.index[mine & table["ENTITY_ID"].isin(losers)]:
        if table.at[row, "RQ_INN"] in inns:
            gone.append(table.at[row, "ID"])
        else:
            inns.add(table.at[row, "RQ_INN"])
            table.at[row, "ENTITY_ID"] = master
    tables["requisite"] = table[~table["ID"].isin(gone)]
    if "bankdetail" in tables:
        banks = tables["bankdetail"]
        tables["bankdetail"] = banks[~banks["ENTITY_ID"].isin(gone)]
