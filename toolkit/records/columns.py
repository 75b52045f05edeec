"""Wire values to typed columns and back to pandas, and columns compared whole.

    kind        Arrow                    pandas
    integer     int64                    Int64
    reference   int64, link 0 is null    Int64
    double      float64                  float64 (NaN when absent)
    string      string, "" is null       string
    boolean     bool                     boolean
    date        date32                   datetime64[ms], without a zone: a calendar day
    datetime    timestamp[us, UTC]       datetime64[us, UTC]
    money       string "1234.5|RUB"      string
    file        int64, the file's id     Int64
    multifield  list<struct>             Arrow list of {id, typeId, valueType, value}
    json        string                   string
    multiple    list<inner>, never null  Arrow list; no value is an empty list

Amounts are float64: sums and rankings need no more, kopecks survive up to 90 trillion, and the exact text
stays in the `raw` column. Moments are kept in microseconds because nanoseconds end in the year 2262 and
portals hold deadlines in the year 9999.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from toolkit.records.fieldtypes import FieldType
from toolkit.records.spellings import UnreadableError, instant, read_value
from toolkit.records.values import normalise

__all__ = ["arrow_type", "column", "same_columns", "to_pandas"]

_MULTIFIELD = pa.struct(
    [("id", pa.int64()), ("typeId", pa.string()), ("valueType", pa.string()), ("value", pa.string())]
)
_SCALARS: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "reference": pa.int64(),
    "double": pa.float64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "money": pa.string(),
    "file": pa.int64(),
    "json": pa.string(),
}


def arrow_type(kind: FieldType) -> pa.DataType:
    """The Arrow type a field's column has in a snapshot."""
    if kind.kind == "multifield":
        return pa.list_(_MULTIFIELD)
    scalar = _SCALARS[kind.kind]
    return pa.list_(scalar) if kind.multiple else scalar


def column(values: Sequence[Any], kind: FieldType) -> tuple[pa.Array, int]:
    """Wire values as a typed column, and how many of them did not fit the type.

    A value that does not fit becomes null (an empty list in a list column); the `raw` column keeps it.

    Args:
        values: one per record, as on the wire; None when absent.
        kind: the field's type.
    """
    wanted = arrow_type(kind)
    if not kind.multiple:
        quick = _quick(values, kind, wanted)
        if quick is not None:
            return quick, 0
    found: list[Any] = []
    unread = 0
    empty: list[Any] | None = [] if pa.types.is_list(wanted) else None
    for value in values:
        try:
            read = read_value(value, kind)
            found.append(_for_arrow(read, kind))
        except (UnreadableError, OverflowError):
            found.append(empty)
            unread += 1
    try:
        return pa.array(found, wanted), unread
    except UnicodeEncodeError:
        # Half of an emoji cannot be stored as UTF-8; it becomes "?" here and stays itself in `raw`.
        broken = sum(_encodable(value) != value for value in found)
        return pa.array([_encodable(value) for value in found], wanted), unread + broken


def _quick(values: Sequence[Any], kind: FieldType, wanted: pa.DataType) -> pa.Array | None:
    """The column when the whole page is spelled in one plain way; None when it has to be read by cell."""
    seen = set(map(type, values)) - {type(None)}
    try:
        match kind.kind:
            case "integer" | "reference":
                # Only these: Arrow would cut 1.5 to 1, read false as 0 and "0x1f" as 31.
                if seen <= {int}:
                    numbers = pa.array(values, pa.int64())
                elif seen == {str}:
                    texts = _text_or_null(values)
                    if not pc.all(pc.match_substring_regex(texts, r"^-?\d+$")).as_py():
                        return None
                    numbers = texts.cast(pa.int64())
                else:
                    return None
                return _without_zero(numbers) if kind.kind == "reference" and kind.zero_is_empty else numbers
            case "double":
                if seen <= {int, float}:
                    amounts = pa.array(values, pa.float64())
                elif seen == {str}:
                    amounts = _text_or_null(values).cast(pa.float64())
                else:
                    return None
                return amounts if pc.all(pc.is_finite(amounts)).as_py() is not False else None
            case "string":
                return _text_or_null(values)
            case "datetime":
                return pc.floor_temporal(_text_or_null(values).cast(wanted), unit="second")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeError):
        pass
    return None


def _text_or_null(values: Sequence[Any]) -> pa.Array:
    texts = pa.array(values, pa.string())
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _without_zero(numbers: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(numbers, 0), pa.scalar(None, pa.int64()), numbers)


def _for_arrow(value: Any, kind: FieldType) -> Any:
    if isinstance(value, list):
        return [_for_arrow(each, kind) for each in value]
    if isinstance(value, str):
        if kind.kind == "date":
            return date.fromisoformat(value)
        if kind.kind == "datetime":
            return instant(value)
    return value


def _encodable(value: Any) -> Any:
    if isinstance(value, list):
        return [_encodable(each) for each in value]
    if isinstance(value, dict):
        return {name: _encodable(each) for name, each in value.items()}
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """A table of a snapshot as a DataFrame; the dtypes are in this module's own description."""

    def dtype(arrow: pa.DataType) -> Any:
        if pa.types.is_int64(arrow):
            return pd.Int64Dtype()
        if pa.types.is_boolean(arrow):
            return pd.BooleanDtype()
        if pa.types.is_string(arrow):
            return pd.StringDtype("pyarrow")
        if pa.types.is_list(arrow):
            return pd.ArrowDtype(arrow)
        return None

    frame: pd.DataFrame = table.to_pandas(types_mapper=dtype, date_as_object=False, split_blocks=True)
    return frame


def same_columns(left: Any, right: Any, kind: FieldType) -> npt.NDArray[np.bool_]:
    """Whether two columns mean the same, row by row: `same`, for a million rows at once.

    Args:
        left, right: pandas Series or Arrow arrays of equal length, typed as this module types them.
        kind: the field's type.

    Returns:
        One boolean per row.
    """
    wanted = arrow_type(kind)
    one, other = _arrow(left, wanted), _arrow(right, wanted)
    if len(one) != len(other):
        raise ValueError(f"columns of {len(one)} and {len(other)} rows cannot be compared")
    if pa.types.is_list(wanted):
        suspects = _lists_that_differ(one, other)
    else:
        differ = pc.not_equal(_folded(one, kind), _folded(other, kind))
        suspects = np.flatnonzero(differ.to_numpy(zero_copy_only=False))
        if kind.kind not in {"money", "json"}:
            equal = np.ones(len(one), dtype=bool)
            equal[suspects] = False
            return equal
    # Few rows differ physically; only they are looked at cell by cell for order, row ids and spelling.
    equal = np.ones(len(one), dtype=bool)
    picked = pa.array(suspects)
    pairs = zip(one.take(picked).to_pylist(), other.take(picked).to_pylist(), strict=True)
    equal[suspects] = [normalise(a, kind) == normalise(b, kind) for a, b in pairs]
    return equal


def _arrow(values: Any, wanted: pa.DataType) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    elif isinstance(values, pd.Series):
        values = pa.array(values, from_pandas=True)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values if values.type.equals(wanted) else values.cast(wanted)


def _folded(values: pa.Array, kind: FieldType) -> pa.Array:
    """The column with its emptiness spelled in one way and without nulls, so that rows can be compared."""
    arrow = values.type
    if pa.types.is_string(arrow):
        return pc.fill_null(values, "")
    if pa.types.is_boolean(arrow):
        return pc.fill_null(values, False)
    if pa.types.is_floating(arrow):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, arrow), values)
        return pc.fill_null(values, 0.0 if kind.zero_is_empty else float(np.finfo(np.float64).min))
    whole = values if pa.types.is_int64(arrow) else values.cast(_storage(arrow)).cast(pa.int64())
    # The smallest int64 stands for "nothing" where zero is a value; no id, day or moment reaches it.
    return pc.fill_null(whole, 0 if kind.zero_is_empty else np.iinfo(np.int64).min)


def _storage(arrow: pa.DataType) -> pa.DataType:
    return pa.int32() if pa.types.is_date32(arrow) else pa.int64()


def _lists_that_differ(one: pa.Array, other: pa.Array) -> npt.NDArray[np.int64]:
    """Positions of rows whose lists are not equal element by element."""
    lengths = [
        pc.fill_null(pc.list_value_length(side), 0).to_numpy(zero_copy_only=False) for side in (one, other)
    ]
    longer = lengths[0] != lengths[1]
    if longer.any():
        comparable = np.flatnonzero(~longer)
        one, other = one.take(pa.array(comparable)), other.take(pa.array(comparable))
    else:
        comparable = np.arange(len(one))
    left, right = pc.list_flatten(one), pc.list_flatten(other)
    differ = np.zeros(len(left), dtype=bool)
    for a, b in _parts(left, right):
        unequal = pc.fill_null(pc.not_equal(a, b), False)
        differ |= unequal.to_numpy(zero_copy_only=False)
        differ |= pc.xor(pc.is_null(a), pc.is_null(b)).to_numpy(zero_copy_only=False)
    rows = pc.list_parent_indices(one).to_numpy()[differ]
    inside = np.unique(comparable[rows])
    return np.union1d(np.flatnonzero(longer), inside).astype(np.int64)


def _parts(left: pa.Array, right: pa.Array) -> list[tuple[pa.Array, pa.Array]]:
    if not pa.types.is_struct(left.type):
        return [(left, right)]
    # The row id of a phone is not compared: the same phone written again gets a new one.
    names = [field.name for field in left.type if field.name != "id"]
    return [(pc.struct_field(left, name), pc.struct_field(right, name)) for name in names]
