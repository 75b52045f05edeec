"""Phones, e-mails and other values a record holds many of, as rows."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from toolkit.records.columns import arrow_type
from toolkit.records.fieldtypes import FieldType

__all__ = ["multifields"]

_TYPE = FieldType("multifield", ordered=False)


def multifields(table: pd.DataFrame, *, id_field: str = "id", column: str = "fm") -> pd.DataFrame:
    """Every phone, e-mail, site and messenger of the records, one row each.

    Args:
        table: from `Snapshot.table`, with the two columns.
        id_field: the record's id.
        column: the multifield, `fm` of contacts, companies and leads.

    Returns:
        Columns id Int64 (the record), row Int64 (the value's own id, for changing it), typeId str (PHONE,
        EMAIL, WEB, IM, LINK), valueType str (WORK, MOBILE, ...), value str as stored. In the order of the
        table, values of a record in theirs.

    Source:
        api-reference/crm/data-types.md#crm_multifield, read 2026-11-22.
    """
    lists = pa.array(table[column], type=arrow_type(_TYPE), from_pandas=True)
    if isinstance(lists, pa.ChunkedArray):
        lists = lists.combine_chunks()
    rows = pc.list_flatten(lists)
    parents = pc.list_parent_indices(lists).to_numpy()
    ids = table[id_field].astype("Int64").array.take(parents)
    text = pd.StringDtype("pyarrow")
    names = ("typeId", "valueType", "value")
    return pd.DataFrame(
        {
            "id": ids,
            "row": pc.struct_field(rows, "id").to_pandas(types_mapper=lambda _: pd.Int64Dtype()),
            **{n: pc.struct_field(rows, n).to_pandas(types_mapper=lambda _: text) for n in names},
        }
    )
