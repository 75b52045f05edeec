"""The pass over a column agrees with the exact reading on every input there is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.matching.phones import Home, PhoneReading, read_phone, read_phone_numbers, read_phones
from toolkit.matching.phones.numbering import undivided_codes

HOMES = [
    Home(),
    Home(area_code="495"),
    Home(area_code="8312", placeholders=frozenset({"+79031234567", "+375291234567"})),
    Home(country="KZ"),
    Home(country="BY"),
    Home(country="DE"),
]

# What a plain number is made of, with everything that can turn it into something else close by.
PLAIN = st.text(alphabet="0123456789 ()-+\u00a0", max_size=24)
NEAR = st.text(
    alphabet="0123456789789789 ()-+.,;/|\n\t\u00a0\u2013\u200b#*xхдобОOЗ\u0660\uff18\ufeff²¹E@_?", max_size=30
)
ANYTHING = st.one_of(
    st.text(max_size=20),
    st.none(),
    st.floats(),
    st.integers(-(10**6), 10**13),
    st.booleans(),
    st.binary(max_size=12),
)


@st.composite
def russian(draw: st.DrawFn) -> str:
    """A number of the +7 zone with random blanks, brackets and hyphens, sometimes with one thing wrong."""
    code = draw(
        st.sampled_from(["903", "930", "495", "831", "834", "800", "701", "717", "999", "100", "954"])
    )
    rest = draw(
        st.one_of(st.text("0123456789", min_size=7, max_size=7), st.sampled_from(["0000000", "1234567"]))
    )
    lead = draw(
        st.sampled_from(["+7", "7", "8", "", "+8", "87", "+78", "8-10-7", "007", "+", " +7", "(+7)", "-7"])
    )
    glue = st.sampled_from(["", "", "", " ", "-", "(", ")", "\u00a0", "--", " - ", ".", ",", "/"])
    spelled = lead + "".join(draw(glue) + digit for digit in code + rest)
    tail = st.sampled_from(
        ["", "", "", " ", "(5)", "(105)", " доб. 5", "x5", ",", "/68", ", 2345678", "\n", "?", "0"]
    )
    return spelled + draw(tail)


def same(values: Sequence[object], home: Home) -> None:
    """Every row of both tables is what the exact reading of its value says."""
    exact = [read_phone(value, home) for value in values]
    column = pd.Series(values, dtype=object, index=range(7, 7 + len(values)))
    table, numbers = read_phones(column, home), read_phone_numbers(column, home)

    assert table.index.equals(column.index)
    assert list(table.itertuples(index=False, name=None)) == [as_row(reading) for reading in exact]
    expected = [
        (
            row,
            n.e164,
            n.extension,
            n.country,
            n.line,
            n.may_key,
            n.key,
            n.phone_class.value,
            " ".join(sorted(n.flags)),
        )
        for row, reading in enumerate(exact)
        for n in reading.numbers
    ]
    assert list(numbers.itertuples(index=False, name=None)) == expected


def as_row(reading: PhoneReading) -> tuple[object, ...]:
    first = reading.numbers[0] if reading.numbers else None
    return (
        reading.phone_class.value,
        first.e164 if first else "",
        first.extension if first else "",
        first.country if first else "",
        first.line if first else "",
        reading.may_key,
        reading.keys[0] if reading.keys else "",
        len(reading.numbers),
        " ".join(sorted(reading.flags)),
        reading.digits,
    )


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(PLAIN, NEAR, ANYTHING, russian(), russian()), max_size=40), st.sampled_from(HOMES))
@example(["\ud800", "8903123456\ud800", "89031234567"], HOMES[0])
@example([], HOMES[0])
@example(["8342123456(7)", "8 342 123456(78)", "8903123456.7"], HOMES[0])
@example(["89031234567" + " " * 100, "+" * 30 + "79031234567", "7" * 11, "2021-03-15 12"], HOMES[0])
def test_a_column_is_read_as_each_of_its_values_is(values: list[object], home: Home) -> None:
    same(values, home)


@settings(max_examples=60, deadline=None)
@given(st.lists(PLAIN | NEAR | russian(), max_size=30))
def test_every_kind_of_column_is_read_alike(values: list[str]) -> None:
    expected = read_phones(values)
    arrow = pa.array(values, type=pa.string())

    pd.testing.assert_frame_equal(read_phones(pd.Series(values, dtype="str")), expected)
    pd.testing.assert_frame_equal(read_phones(pd.Series(values, dtype="category")), expected)
    pd.testing.assert_frame_equal(read_phones(arrow), expected)
    pd.testing.assert_frame_equal(read_phones(pa.chunked_array([arrow, arrow]).slice(len(values))), expected)


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", "object"])
def test_a_column_of_spreadsheet_numbers_is_read(dtype: str) -> None:
    column = pd.Series([79031234567, 84951234567, 105], dtype=dtype)

    assert read_phones(column)["key"].tolist() == ["+79031234567", "+74951234567", ""]


def test_any_text_at_all_is_read_without_an_error_and_review_is_never_a_key() -> None:
    generator = np.random.default_rng(20261122)
    letters = np.array(list("0123456789+-() .,;/#*xдобвн@_?\n|йE"))
    values = ["".join(generator.choice(letters, size)) for size in generator.integers(0, 45, 3000)]

    table = read_phones(values)

    assert not (table["may_key"] & (table["phone_class"] != "valid")).any()
    assert (table["may_key"] == (table["key"] != "")).all()
    numbers = read_phone_numbers(values)
    assert not (numbers["may_key"] & numbers["flags"].str.contains("review|area_inferred")).any()
    for e164 in numbers["e164"].unique():
        assert phonenumbers.is_valid_number(phonenumbers.parse(e164, None))


def test_a_column_longer_than_a_block_is_read_in_order() -> None:
    count = 70_000
    values = [
        f"8903{number:07}" if number % 1000 else f"8903{number:07} доб. 1" for number in range(1, count + 1)
    ]

    table = read_phones(pd.Series(values, dtype="str"))

    assert table["e164"].tolist() == [f"+7903{number:07}" for number in range(1, count + 1)]
    assert (table["extension"] == "1").sum() == count // 1000


def test_codes_settled_without_the_library_are_valid_throughout_by_the_library() -> None:
    generator = np.random.default_rng(1)
    for code, (country, line) in undivided_codes().items():
        kind = (
            phonenumbers.PhoneNumberType.MOBILE
            if line == "mobile"
            else phonenumbers.PhoneNumberType.FIXED_LINE
        )
        for rest in generator.integers(0, 10**7, 12).tolist():
            number = phonenumbers.PhoneNumber(country_code=7, national_number=int(f"{code}{rest:07}"))
            assert phonenumbers.is_valid_number(number)
            assert phonenumbers.number_type(number) == kind
            assert phonenumbers.region_code_for_number(number) == country
