"""Records a run made, as they stood when it was proven: what differs now, somebody has done since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from toolkit.records import FieldType, Snapshot, entity, same

__all__ = ["named_by_others", "worked_on"]

_NAMING = {"contact": ("contactId", "contactIds"), "company": ("companyId", "companyIds")}


def worked_on(
    stood: Snapshot | None,
    name: str,
    present: pd.DataFrame,
    ids: Collection[int],
    types: Mapping[str, FieldType],
) -> dict[int, list[str]]:
    """The fields in which records differ from how they stood.

    Args:
        stood: the re-reading that proved the run; None when there was none, and nothing can be told.
        name: of the entity.
        present: its records now.
        ids: the records the run made.
        types: of the fields, as far as known.

    Returns:
        Id to fields, in their order, for those that differ. Fields that change by themselves do not count.
    """
    kind = entity(name)
    if stood is None or kind.family != "item" or name not in stood.entities:
        return {}
    then = stood.table(name)
    then = then[then[kind.id_field].isin(set(ids))].set_index(kind.id_field)
    now = present[present[kind.id_field].isin(set(then.index))].set_index(kind.id_field)
    then = then.loc[now.index]
    found: dict[int, list[str]] = {}
    for field in now.columns.intersection(then.columns):
        if field in kind.volatile_fields:
            continue
        suspects = now.index[now[field].astype(str).to_numpy() != then[field].astype(str).to_numpy()]
        of_type = types.get(field) or kind.field_type(field)
        for number in suspects:
            if not same(_cell(now.at[number, field]), _cell(then.at[number, field]), of_type):
                found.setdefault(int(number), []).append(str(field))
    return found


def _cell(value: object) -> object:
    return None if value is None or value is pd.NA or value is pd.NaT or value != value else value


def named_by_others(
    name: str,
    tables: Mapping[str, pd.DataFrame],
    going: Mapping[str, Collection[int]],
    becomes: Mapping[str, Mapping[int, Mapping[str, Any]]],
) -> set[int]:
    """Cards that records name which stay: with the card they would lose their client.

    Args:
        name: `contact` or `company`; nothing names others that way.
        tables: the records there are, as far as they were read.
        going: entity to the records that are about to go.
        becomes: entity to records that are about to change, and the cells they get.
    """
    found: set[int] = set()
    for other, table in tables.items():
        columns = [each for each in _NAMING.get(name, ()) if each in table]
        if not columns or (name, other) == ("contact", "company"):
            continue  # a firm lists its people because they name it
        key = entity(other).id_field
        staying = table[~table[key].isin(list(going.get(other, ())))]
        changed = becomes.get(other, {})
        for column in columns:
            alone = _NAMING[name][0] == column
            # The first of several is not told apart from them: whoever sets the list sets it.
            set_by = set(_NAMING[name]) if alone else {column}
            renamed = {number for number, cells in changed.items() if set_by & cells.keys()}
            cells = staying.loc[~staying[key].isin(renamed), column]
            found.update(int(each) for each in (cells if alone else cells.explode()).dropna())
            for number in renamed:
                found.update(_ids(changed[number].get(column)))
    return found


def _ids(value: Any) -> set[int]:
    """What a cell names: one, several, or 0 and nothing for none."""
    values = value if isinstance(value, list) else [value]
    return {int(each) for each in values if each and each == each}
