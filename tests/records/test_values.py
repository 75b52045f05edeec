from __future__ import annotations

import json
import string
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from toolkit.records import FieldType, field_type, is_empty, normalise, same, to_wire

EMPTINESS: list[Any] = [None, "", False, [], {}, pd.NA, pd.NaT, float("nan")]
PORTAL_TYPES = [
    "integer",
    "double",
    "string",
    "boolean",
    "date",
    "datetime",
    "money",
    "user",
    "crm_company",
    "crm_status",
    "file",
    "object",
    "crm_multifield",
]

offsets = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
days = st.dates(date(1902, 1, 1), date(2100, 1, 1))
moments = st.datetimes(datetime(1902, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)


@pytest.mark.parametrize("portal_type", PORTAL_TYPES)
@pytest.mark.parametrize("multiple", [False, True])
def test_whatever_the_portal_writes_for_nothing_is_nothing(portal_type: str, multiple: bool) -> None:
    kind = field_type(portal_type, multiple=multiple)
    for left in EMPTINESS:
        assert is_empty(left, kind)
        for right in EMPTINESS:
            assert same(left, right, kind)


@pytest.mark.parametrize(
    ("portal_type", "dynamic", "zero_is_nothing"),
    [
        ("crm_company", False, True),
        ("user", True, True),
        ("enumeration", True, True),
        ("integer", False, True),
        ("double", False, True),
        ("crm_enum_activitytype", False, True),
        ("crm_category", False, False),
        ("integer", True, False),
        ("double", True, False),
        ("string", False, False),
        ("crm_status", False, False),
    ],
)
@pytest.mark.parametrize("zero", [0, "0"])
def test_zero_is_nothing_only_where_nobody_can_have_typed_it(
    portal_type: str, dynamic: bool, zero_is_nothing: bool, zero: Any
) -> None:
    assert same(zero, None, field_type(portal_type, dynamic=dynamic)) is zero_is_nothing


@given(st.integers(1, 2**62), st.sampled_from(["integer", "user", "crm_deal", "crm_category"]))
def test_an_id_is_the_same_as_text_and_as_number(number: int, portal_type: str) -> None:
    assert same(number, str(number), portal_type)
    assert not same(number, number + 1, portal_type)


@given(st.decimals(-(10**12), 10**12, places=2, allow_nan=False, allow_infinity=False))
def test_an_amount_is_the_same_in_every_spelling(amount: Decimal) -> None:
    spellings = [str(amount), f"{amount:.4f}", float(amount), amount]
    assert all(same(one, other, "double") for one in spellings for other in spellings)
    assert not same(amount, amount + Decimal("0.01"), "double")


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["RUB", "USD", "EUR"]))
def test_money_compares_amount_and_currency(amount: Decimal, currency: str) -> None:
    assert same(f"{amount}|{currency}", f"{amount:.4f}|{currency.lower()}", "money")
    assert not same(f"{amount}|{currency}", f"{amount}|KZT", "money")
    assert is_empty(f"|{currency}", "money")


@pytest.mark.parametrize("yes", [True, "Y", "y", 1, "1", "true", "TRUE"])
@pytest.mark.parametrize("no", [False, "N", "n", 0, "0", "false", None, ""])
def test_yes_is_never_no_and_no_is_the_same_as_never_set(yes: Any, no: Any) -> None:
    assert normalise(yes, "boolean") is True
    assert same(no, None, "boolean")
    assert not same(yes, no, "boolean")


@given(days, offsets)
def test_a_date_is_its_calendar_day_however_midnight_is_shifted(day: date, zone: timezone) -> None:
    midnight_utc = datetime(day.year, day.month, day.day, tzinfo=UTC)
    shown_by_server = midnight_utc.astimezone(zone).isoformat()
    midnight_there = datetime(day.year, day.month, day.day, tzinfo=zone).isoformat()
    assert normalise(shown_by_server, "date") == day.isoformat()
    assert normalise(midnight_there, "date") == day.isoformat()
    assert normalise(day.isoformat(), "date") == day.isoformat()
    assert normalise(day, "date") == day.isoformat()


@given(moments, offsets, offsets)
def test_a_moment_is_an_instant_in_any_zone(moment: datetime, one: timezone, other: timezone) -> None:
    assert same(moment.astimezone(one).isoformat(), moment.astimezone(other).isoformat(), "datetime")
    assert same(moment.isoformat(), pd.Timestamp(moment), "datetime")
    assert not same(moment.isoformat(), (moment + timedelta(seconds=1)).isoformat(), "datetime")


@given(st.lists(st.integers(1, 99), unique=True, min_size=2))
def test_the_first_contact_matters_and_the_order_of_observers_does_not(ids: list[int]) -> None:
    turned = ids[::-1]
    assert not same(ids, turned, field_type("crm_contact", multiple=True))
    assert same(ids, turned, field_type("user", multiple=True))
    assert same(ids, [str(each) for each in ids], field_type("user", multiple=True))


def test_the_same_phone_under_a_new_row_id_is_the_same_phone() -> None:
    old = [{"id": 1, "typeId": "PHONE", "valueType": "WORK", "value": "+7900"}]
    new = [{"ID": "9", "TYPE_ID": "PHONE", "VALUE_TYPE": "WORK", "VALUE": "+7900"}]
    assert same(old, new, "crm_multifield")
    assert not same(old, [*new, *new], "crm_multifield")
    assert not same(old, [{**old[0], "valueType": "HOME"}], "crm_multifield")


def test_a_file_is_its_id_not_its_link() -> None:
    assert same({"id": 5, "url": "/a?auth=1"}, {"id": "5", "url": "/a?auth=2"}, "file")
    assert not same({"id": 5}, {"id": 6}, "file")


def test_a_value_that_does_not_fit_equals_only_itself() -> None:
    assert same("2012 год", "2012 год", "integer")
    assert not same("2012 год", "2013 год", "integer")
    assert not same("2012 год", None, "integer")


@given(
    st.sampled_from(PORTAL_TYPES),
    st.booleans(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    ),
)
def test_normalising_twice_changes_nothing_and_survives_json(
    portal_type: str, multiple: bool, value: Any
) -> None:
    kind = field_type(portal_type, multiple=multiple)
    assume(kind.kind != "multifield")
    try:
        once = normalise(value, kind)
    except ValueError:
        assert same(value, value, kind) or value != value
        return
    assert normalise(json.loads(json.dumps(once)), kind) == once


def test_an_unknown_type_of_the_portal_is_read_as_text() -> None:
    assert field_type("rest_42_rating") == FieldType("string")


@pytest.mark.parametrize("multiple", [False, True])
@given(
    st.sampled_from(sorted({*PORTAL_TYPES, "crm_category", "enumeration"} - {"file", "crm_multifield"})),
    st.none()
    | st.sampled_from(["", "0", "Y", "N", "12", "300|RUB", "2000-01-01T02:00:00+02:00", pd.NA])
    | st.integers(-5, 5)
    | moments.map(pd.Timestamp),
)
def test_what_is_written_means_what_was_read_and_fits_a_batch(
    multiple: bool, portal_type: str, value: Any
) -> None:
    kind = field_type(portal_type, multiple=multiple)
    try:
        written = to_wire(value, kind)
    except ValueError:
        assert normalisation_fails(value, kind)
        return
    assert same(written, value, kind)
    assert written is not None
    assert json.loads(json.dumps(written)) == written


def normalisation_fails(value: Any, kind: FieldType) -> bool:
    try:
        normalise(value, kind)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("portal_type", ["file", "crm_multifield"])
def test_phones_and_files_are_not_written_as_values(portal_type: str) -> None:
    with pytest.raises(ValueError, match="not written as a value"):
        to_wire([], portal_type)
