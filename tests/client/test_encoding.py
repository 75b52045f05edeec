"""Values on their way to the wire."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qsl

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.client.encoding import Reference, batch_string, why_not_in_batch, wire_params
from toolkit.errors import CommandError

METHOD = "crm.item.update"

# What PHP's parse_str gives back is text; bracket-free names only, others are refused.
names = st.from_regex(r"[A-Za-z0-9_><=!%@]{1,12}", fullmatch=True)
leaves = st.one_of(
    st.text(max_size=30).filter(lambda text: "$result[" not in text), st.integers(), st.booleans()
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4), st.dictionaries(names, inner, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


def read_as_php(line: str) -> dict:
    """A command's parameters as PHP would hold them: every list a map, every scalar a text."""
    _, _, query = line.partition("?")
    params: dict = {}
    for path, value in parse_qsl(query, keep_blank_values=True):
        first, inner = re.fullmatch(r"([^\[]+)((?:\[[^\]]*\])*)", path).groups()
        parts = [first, *re.findall(r"\[([^\]]*)\]", inner)]
        target = params
        for part in parts[:-1]:
            target = target.setdefault(part, {})
        target[parts[-1]] = value
    return params


def as_php_holds(value):
    if isinstance(value, dict):
        return {key: as_php_holds(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return {str(index): as_php_holds(entry) for index, entry in enumerate(value)}
    if isinstance(value, bool):
        return "Y" if value else "N"
    return str(value)


@given(st.dictionaries(names, values, max_size=5))
def test_a_batch_command_holds_exactly_what_was_given(params):
    wire = wire_params(METHOD, params)
    assert not why_not_in_batch(wire)
    assert read_as_php(batch_string(METHOD, wire)) == as_php_holds(params)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_money_keeps_its_digits_and_never_an_exponent(amount):
    wire = wire_params(METHOD, {"sum": amount})["sum"]
    assert Decimal(wire) == amount
    assert "E" not in wire.upper()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_keeps_its_value_and_never_an_exponent(number):
    wire = wire_params(METHOD, {"n": number})["n"]
    assert float(wire) == number
    assert "e" not in str(wire).lower()


def test_a_method_and_nothing_else_has_no_question_mark():
    assert batch_string("profile", {}) == "profile"


def test_filters_nest():
    wire = wire_params(
        "crm.item.list", {"filter": {">=createdTime": date(2026, 1, 2), "@stageId": ["A", "B"]}}
    )
    assert read_as_php(batch_string("crm.item.list", wire)) == {
        "filter": {">=createdTime": "2026-01-02", "@stageId": {"0": "A", "1": "B"}}
    }


@pytest.mark.parametrize(
    ("dialect", "yes", "no"), [("Y/N", "Y", "N"), ("1/0", 1, 0), ("true/false", True, False)]
)
def test_booleans_follow_the_method(dialect, yes, no):
    assert wire_params(METHOD, {"a": True, "b": False}, dialect) == {"a": yes, "b": no}


def test_true_is_written_as_true_in_a_batch_where_the_method_wants_it():
    assert batch_string("user.get", {"FILTER": {"ACTIVE": True}}) == "user.get?FILTER%5BACTIVE%5D=true"


def test_a_moment_carries_its_offset():
    moscow = timezone(timedelta(hours=3))
    moment = datetime(2026, 11, 22, 9, 30, 1, 999, tzinfo=moscow)
    assert wire_params(METHOD, {"at": moment})["at"] == "2026-11-22T09:30:01+03:00"
    assert (
        wire_params(METHOD, {"at": pd.Timestamp("2026-01-02", tz="UTC")})["at"] == "2026-01-02T00:00:00+00:00"
    )


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 1),
        pd.NaT, float("nan"), float("inf"), Decimal("NaN"), {1, 2}, b"bytes", object(), "half \ud800",
        {("a", 1): 2}, {None: 1},
    ],
)  # fmt: skip
def test_what_has_no_form_on_the_wire_is_refused_with_its_place(value):
    with pytest.raises(CommandError) as caught:
        wire_params(METHOD, {"fields": {"x": value}})
    assert "fields" in str(caught.value)


@pytest.mark.parametrize(
    "params",
    [
        {"fields": {"companyId": None}},
        {"fields": {"ufCrm": []}},
        {"fields": {}},
        {"fields": {"title": "50% off $result[p0][id]"}},
        {"fields": {"a[b": 1}},
        {"fields": {"": 1}},
        {"a.b": 1},
        {"filter": {"@id": list(range(1000))}},
    ],
)
def test_what_php_could_not_read_back_does_not_travel_in_a_batch(params):
    assert why_not_in_batch(wire_params(METHOD, params))


def test_a_reference_is_the_only_text_the_portal_may_fill_in():
    wire = wire_params("crm.item.list", {"filter": {">id": Reference("$result[p0][items][49][id]")}})
    assert not why_not_in_batch(wire)


def test_whole_numbers_stay_whole_in_json():
    wire = wire_params(
        METHOD, {"id": 5, "n": pd.Series([7]).iloc[0], "f": 3.0, "at": datetime.fromtimestamp(0, UTC)}
    )
    assert wire == {"id": 5, "n": 7, "f": 3, "at": "1970-01-01T00:00:00+00:00"}
    assert all(type(wire[key]) is int for key in ("id", "n", "f"))
