"""A whole column of phones, read in one pass that agrees with the exact reading on every value.

The pass works on the bytes of the column. It settles only what is written plainly and can mean one thing: ten
or eleven digits of the +7 zone between blanks, brackets and hyphens, under a code that is valid throughout.
Each distinct other value goes to `read_phone`, once. So the two ways cannot differ on what the pass leaves,
and tests hold them together on what it settles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from toolkit.matching.cells import Cells, arrow_texts, cells_in_blocks
from toolkit.matching.phones.numbering import seven_zone, undivided_codes
from toolkit.matching.phones.reading import RUSSIA, Home, PhoneClass, PhoneFlag, PhoneNumber, PhoneReading
from toolkit.matching.phones.scalar import read_phone

__all__ = ["read_phone_numbers", "read_phones"]

_Ints = npt.NDArray[np.int64]
_Bools = npt.NDArray[np.bool_]
_Bytes = npt.NDArray[np.uint8]

# What a byte is in a plainly written number. 0xC2 0xA0 is the no-break space; no other character of two or
# more bytes consists of these two bytes alone.
_BLANK, _DIGIT, _PLUS, _OTHER = 0, 1, 2, 3
_KIND: Final = np.full(256, _OTHER, dtype=np.uint8)
_KIND[list(b" ()-\xc2\xa0")] = _BLANK
_KIND[list(b"0123456789")] = _DIGIT
_KIND[ord("+")] = _PLUS
_LONGEST_PLAIN: Final = 64

_POWERS: Final = 10 ** np.arange(9, -1, -1, dtype=np.int64)
_FAST_LINES: Final = ("mobile", "fixed")
_FAST_COUNTRIES: Final = ("RU", "KZ")


@lru_cache(maxsize=1)
def _codes() -> npt.NDArray[np.int8]:
    """For each three-digit code of the +7 zone 1 + line + 2 * country, or 0: the library must be asked."""
    codes = np.zeros(1000, dtype=np.int8)
    for code, (country, line) in undivided_codes().items():
        codes[int(code)] = 1 + _FAST_LINES.index(line) + 2 * _FAST_COUNTRIES.index(country)
    return codes


def _settle(cells: Cells, home: Home) -> tuple[_Ints, _Bools]:
    """National numbers of the cells that can be settled, 0 for others; and where the country was added."""
    kinds = _KIND[cells.raw]
    is_digit = kinds == _DIGIT
    digits: _Bytes = cells.raw[is_digit] - np.uint8(ord("0"))
    before, size = cells.count(is_digit)
    _, others = cells.count(kinds == _OTHER)
    _, pluses = cells.count(kinds == _PLUS)
    leading_plus = (pluses == 1) & (cells.first_bytes() == ord("+"))
    plain = cells.present & (others == 0) & (cells.ends - cells.starts <= _LONGEST_PLAIN)
    plain &= leading_plus | ((pluses == 0) & seven_zone(home))
    lead = np.zeros(len(size), dtype=np.uint8)
    lead[size > 0] = digits[before[size > 0]]
    ten = plain & (size == 10) & (lead == 9) & ~leading_plus
    eleven = plain & (size == 11) & ((lead == 7) | ((lead == 8) & ~leading_plus))
    national = np.zeros(len(size), dtype=np.int64)
    for chosen, skip in ((ten, 0), (eleven, 1)):
        if chosen.any():
            at = before[chosen, None] + np.arange(skip, skip + 10)
            national[chosen] = digits[at].astype(np.int64) @ _POWERS
    national[_codes()[national // 10**7] == 0] = 0
    junk = (national % 10**7 == 0) | (national % 1_111_111_111 == 0) | (national == 9_876_543_210)
    junk |= np.isin(national, [int(number[2:]) for number in home.placeholders if number[:2] == "+7"])
    national[junk] = 0
    return national, ten & (national > 0)


def _e164_texts(national: _Ints) -> pa.Array:
    """`+7` and ten digits each, as an Arrow array."""
    letters = np.empty((len(national), 12), dtype=np.uint8)
    letters[:, 0], letters[:, 1] = ord("+"), ord("7")
    rest = national.copy()
    for column in range(11, 1, -1):
        letters[:, column] = rest % 10 + ord("0")
        rest //= 10
    offsets = np.arange(0, 12 * len(national) + 1, 12, dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(letters)]
    return pa.Array.from_buffers(pa.large_string(), len(national), buffers)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column read: settled rows by their national number, the others by distinct readings.

    Args:
        settled: positions of settled rows.
        national: their national numbers.
        added: where the country code was added.
        rest: positions of the other rows.
        codes: for each of them, which of `readings` it is.
        readings: the distinct readings.
    """

    rows: int
    settled: _Ints
    national: _Ints
    added: _Bools
    rest: _Ints
    codes: _Ints
    readings: list[PhoneReading]


def _read(column: Iterable[object], home: Home) -> _Column:
    texts = arrow_texts(column)
    national, added = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts), dtype=bool)
    for cells in cells_in_blocks(texts):
        block = slice(cells.first, cells.first + len(cells.starts))
        national[block], added[block] = _settle(cells, home)
    settled, rest = np.flatnonzero(national), np.flatnonzero(national == 0)
    distinct = texts.take(pa.array(rest)).dictionary_encode(null_encoding="encode")
    readings = [read_phone(text, home) for text in distinct.dictionary.to_pylist()]
    codes = distinct.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return _Column(len(texts), settled, national[settled], added[settled], rest, codes, readings)


def _joined(flags: Iterable[PhoneFlag]) -> str:
    return " ".join(sorted(flags))


def _category(fast: _Ints, fast_names: list[str], slow: list[str], take: _Ints) -> Any:
    """A categorical of fast codes followed by slow names, in the order `take`."""
    names = list(dict.fromkeys([*fast_names, *slow]))
    place = {name: at for at, name in enumerate(names)}
    codes = np.concatenate([fast, np.array([place[name] for name in slow], dtype=np.int64)])
    return pd.Categorical.from_codes(codes[take].astype(np.int32), categories=pd.Index(names))


def _numbers_table(read: _Column, numbers: list[PhoneNumber], take: _Ints) -> dict[str, Any]:
    """Columns about numbers: the settled ones, then `numbers`; in the order `take`."""
    fast = len(read.settled)
    kinds = _codes()[read.national // 10**7].astype(np.int64) - 1
    e164 = _e164_texts(read.national)

    def texts(first: pa.Array, slow: list[str]) -> pa.Array:
        return pa.concat_arrays([first, pa.array(slow, type=pa.large_string())]).take(pa.array(take))

    blank = pa.array([""], type=pa.large_string()).take(pa.array(np.zeros(fast, dtype=np.int64)))
    may_key = np.concatenate([np.ones(fast, dtype=bool), np.array([n.may_key for n in numbers], bool)])
    return {
        "e164": texts(e164, [number.e164 for number in numbers]),
        "extension": texts(blank, [number.extension for number in numbers]),
        "country": _category(kinds // 2, list(_FAST_COUNTRIES), [n.country for n in numbers], take),
        "line": _category(kinds % 2, list(_FAST_LINES), [n.line for n in numbers], take),
        "may_key": may_key[take],
        "key": texts(e164, [number.key for number in numbers]),
    }


def read_phones(column: Iterable[object], home: Home = RUSSIA) -> pd.DataFrame:
    """What each value of a column holds: one row per value, as `read_phone` would read it, in about 1 µs.

    Args:
        column: a Series, list or Arrow array of text (or of the numbers a spreadsheet made of it).
        home: where numbers without a country or area code belong.

    Returns:
        One row per value under the column's own index. Columns: `phone_class` (category); `e164`,
        `extension`, `country`, `line`, of the first number, empty without one; `may_key` bool and `key`,
        of the first number that may be one; `numbers` int, how many there are (see `read_phone_numbers`);
        `flags`, names joined by blanks, sorted; `digits`, what did not become a number.
    """
    read = _read(column, home)
    fast = len(read.settled)
    take = np.empty(read.rows, dtype=np.int64)
    take[read.settled] = np.arange(fast)
    take[read.rest] = fast + read.codes
    first = [_first(reading) for reading in read.readings]
    table = _numbers_table(read, first, take)
    ones = np.zeros(fast, dtype=np.int64)
    keys = [reading.keys[0] if reading.keys else "" for reading in read.readings]
    keys_arrow = pa.concat_arrays([_e164_texts(read.national), pa.array(keys, type=pa.large_string())])
    counts = np.concatenate(
        [ones + 1, np.array([len(reading.numbers) for reading in read.readings], dtype=np.int64)]
    )
    left = pa.array(["", *(reading.digits for reading in read.readings)], type=pa.large_string())
    columns = {
        "phone_class": _classes(ones, [reading.phone_class.value for reading in read.readings], take),
        **table,
        "may_key": np.concatenate([ones == 0, np.array([bool(key) for key in keys], dtype=bool)])[take],
        "key": keys_arrow.take(pa.array(take)),
        "numbers": counts[take],
        "flags": _flags(read, [_joined(reading.flags) for reading in read.readings], take),
        "digits": left.take(pa.array(np.maximum(take - fast + 1, 0))),
    }
    frame = _frame(columns)
    if isinstance(column, pd.Series):
        frame.index = column.index
    return frame


def read_phone_numbers(column: Iterable[object], home: Home = RUSSIA) -> pd.DataFrame:
    """All numbers of a column, one row per number: what matching builds its keys from.

    Args:
        column: as for `read_phones`.
        home: where numbers without a country or area code belong.

    Returns:
        Columns: `row` int, position of the value in the column; `e164`, `extension`, `country`, `line`,
        `may_key`, `key`; `phone_class` and `flags`, of this number. Ordered by row, then as written.
    """
    read = _read(column, home)
    fast = len(read.settled)
    numbers = [number for reading in read.readings for number in reading.numbers]
    counts = np.array([len(reading.numbers) for reading in read.readings], dtype=np.int64)
    starts = fast + np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64) if len(counts) else counts
    count, start = np.ones(read.rows, dtype=np.int64), np.empty(read.rows, dtype=np.int64)
    start[read.settled] = np.arange(fast)
    count[read.rest], start[read.rest] = counts[read.codes], starts[read.codes]
    rows = np.repeat(np.arange(read.rows), count)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    take = start[rows] + within
    ones = np.zeros(fast, dtype=np.int64)
    columns = {
        "row": rows,
        **_numbers_table(read, numbers, take),
        "phone_class": _classes(ones, [number.phone_class.value for number in numbers], take),
        "flags": _flags(read, [_joined(number.flags) for number in numbers], take),
    }
    return _frame(columns)


_NOBODY: Final = PhoneNumber("", PhoneClass.EMPTY, "", "")


def _first(reading: PhoneReading) -> PhoneNumber:
    return reading.numbers[0] if reading.numbers else _NOBODY


def _classes(fast: _Ints, slow: list[str], take: _Ints) -> Any:
    return _category(fast, [phone_class.value for phone_class in PhoneClass], slow, take)


def _flags(read: _Column, slow: list[str], take: _Ints) -> Any:
    return _category(read.added.astype(np.int64), ["", PhoneFlag.COUNTRY_ADDED.value], slow, take)


def _frame(columns: dict[str, Any]) -> pd.DataFrame:
    texts = {name: values for name, values in columns.items() if isinstance(values, pa.Array)}
    strings = pa.table(texts).to_pandas()
    return pd.DataFrame(
        {name: strings[name] if name in texts else values for name, values in columns.items()}
    )
