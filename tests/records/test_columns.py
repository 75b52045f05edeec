from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.records import field_type, multifields, same, same_columns
from toolkit.records.columns import column, to_pandas

WIRE: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.none() | st.integers(-3, 3) | st.sampled_from(["", "0", "1", "2", False]),
    "user": st.none() | st.integers(0, 3) | st.sampled_from(["", "0", "1", "2", False, []]),
    "crm_category": st.none() | st.integers(0, 3) | st.sampled_from(["", "0", "1"]),
    "double": st.none()
    | st.sampled_from([0, "0.00", 1.5, "1.50", "1.5", 2, "", False, "1e2", 100, "-0", -0.0]),
    "string": st.none() | st.sampled_from(["", "a", "A", "0", 0, 1, "1", False, "Ж"]),
    "boolean": st.sampled_from([None, "", "Y", "N", 1, 0, "1", "0", True, False, "true", {}]),
    "date": st.sampled_from(
        [None, "", "2000-01-01T02:00:00+02:00", "2000-01-01", "1999-12-31T19:00:00-05:00", "2000-01-02"]
    ),
    "datetime": st.sampled_from(
        [None, "", {}, "2026-01-01T03:00:00+03:00", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01+00:00"]
    ),
    "money": st.sampled_from([None, "", "|RUB", "1|RUB", "1.00|rub", "1|USD", "0|RUB"]),
    "file": st.sampled_from([None, "", 0, 5, "5", {"id": 5, "url": "a"}, {"id": "6"}]),
    "object": st.sampled_from([None, [], {}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2}]),
}
PHONE = st.fixed_dictionaries(
    {
        "id": st.integers(1, 3),
        "typeId": st.just("PHONE"),
        "valueType": st.sampled_from(["WORK", "HOME"]),
        "value": st.sampled_from(["+7900", "+7901"]),
    }
)


@pytest.mark.parametrize("portal_type", sorted(WIRE))
@pytest.mark.parametrize("dynamic", [False, True])
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_columns_agree_with_cells_on_what_is_the_same(
    portal_type: str, dynamic: bool, data: st.DataObject
) -> None:
    kind = field_type(portal_type, dynamic=dynamic)
    _columns_agree_with_cells(kind, WIRE[portal_type], data)


@pytest.mark.parametrize("portal_type", ["user", "crm_contact", "enumeration", "string", "date", "file"])
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_columns_of_lists_agree_with_cells(portal_type: str, data: st.DataObject) -> None:
    kind = field_type(portal_type, multiple=True, dynamic=portal_type == "enumeration")
    lists = st.none() | st.just(False) | st.lists(WIRE.get(portal_type, WIRE["user"]), max_size=3)
    _columns_agree_with_cells(kind, lists, data)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_columns_of_phones_agree_with_cells(data: st.DataObject) -> None:
    _columns_agree_with_cells(field_type("crm_multifield"), st.none() | st.lists(PHONE, max_size=3), data)


def _columns_agree_with_cells(kind: Any, wire: st.SearchStrategy[Any], data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(wire, wire), max_size=8))
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    (one, _), (other, _) = column(left, kind), column(right, kind)
    found = same_columns(one, other, kind)
    assert found.tolist() == [same(a, b, kind) for a, b in pairs]


@given(st.lists(st.sampled_from(["1", "", None, 7, "seven", 1.5, 2**80, "0x1f", "1_0"]), max_size=6))
def test_what_does_not_fit_is_counted_and_left_out(values: list[Any]) -> None:
    array, unread = column(values, field_type("user"))
    strangers = [value for value in values if value in ("seven", 1.5, 2**80, "0x1f", "1_0")]
    assert unread == len(strangers)
    assert array.null_count == len(strangers) + sum(value in ("", None) for value in values)


def test_half_an_emoji_stops_nothing() -> None:
    array, unread = column(["ok", "cut \ud83d"], field_type("string"))
    assert array.to_pylist() == ["ok", "cut ?"]
    assert unread == 1


def test_pandas_gets_types_to_think_with() -> None:
    table = pa.table(
        {
            "user": column(["7", 0], field_type("user"))[0],
            "amount": column(["1.50", None], field_type("double"))[0],
            "open": column(["Y", None], field_type("boolean"))[0],
            "born": column(["2000-01-01T02:00:00+02:00", ""], field_type("date"))[0],
            "seen": column(["2026-01-01T03:00:00+03:00", ""], field_type("datetime"))[0],
            "ids": column([["1", 2], False], field_type("crm_contact", multiple=True))[0],
        }
    )
    frame = to_pandas(table)

    assert frame["user"].dtype == "Int64"
    assert frame["user"].isna().tolist() == [False, True]
    assert frame["amount"].sum() == 1.5
    assert frame["open"].fillna(False).tolist() == [True, False]
    assert frame["born"].dt.year.tolist()[0] == 2000
    assert frame["seen"].iloc[0] == pd.Timestamp(datetime(2026, 1, 1, tzinfo=UTC))
    assert frame.explode("ids")["ids"].tolist()[:2] == [1, 2]
    assert frame["ids"].list.len().tolist() == [2, 0]


def test_pandas_columns_compare_like_arrow_ones() -> None:
    kind = field_type("user")
    array, _ = column([1, 0, None, 4], kind)
    frame = to_pandas(pa.table({"a": array}))
    other = pd.Series([1, None, 0, 5], dtype="Int64")
    assert same_columns(frame["a"], other, kind).tolist() == [True, True, True, False]


def test_columns_of_unequal_length_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="2 and 1 rows"):
        same_columns(pd.Series([1, 2]), pd.Series([1]), field_type("integer"))


def test_phones_become_rows_that_name_their_record() -> None:
    kind = field_type("crm_multifield")
    fm = [
        [{"id": 5, "typeId": "PHONE", "valueType": "WORK", "value": "+7900"}],
        None,
        [
            {"id": 6, "typeId": "EMAIL", "valueType": "HOME", "value": "a@b.ru"},
            {"id": 7, "typeId": "PHONE", "valueType": "HOME", "value": "+7901"},
        ],
    ]
    frame = to_pandas(pa.table({"id": pa.array([1, 2, 3]), "fm": column(fm, kind)[0]}))

    rows = multifields(frame)

    assert rows[["id", "row", "typeId", "value"]].to_numpy().tolist() == [
        [1, 5, "PHONE", "+7900"],
        [3, 6, "EMAIL", "a@b.ru"],
        [3, 7, "PHONE", "+7901"],
    ]
    part = multifields(frame[frame["id"] == 3].reset_index(drop=True))
    assert part["id"].tolist() == [3, 3]
    assert multifields(frame.iloc[1:2]).empty
    assert np.array_equal(rows.columns, ["id", "row", "typeId", "valueType", "value"])
