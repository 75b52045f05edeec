"""Records a run made, as they stood when it was proven: what differs now, somebody has done since."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from toolkit.records import FieldType, Snapshot, entity, same

__all__ = ["worked_on"]


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
