"""From what cells and columns hold to plain text: one kind of blank, dash and digit, nothing invisible."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

__all__ = ["Cells", "arrow_texts", "cells_in_blocks", "plain_text", "text_of", "undo_float"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Rows of a column looked at together: their bytes fit a processor's cache.
_BLOCK: Final = 65_536
_FLOAT = re.compile(r"\s*(\d+)[.,]0+\s*")
_SCIENCE = re.compile(r"\s*(\d)(?:[.,](\d*))?[eеEЕ]\s*\+?\s*(\d{1,3})\s*")


def text_of(value: object) -> str | None:
    """The value as text, or None when the cell is empty (None, NaN, NaT, NA).

    Whole floats lose their `.0`; other kinds of value are written as Python writes them.
    """
    if isinstance(value, str):
        # Arrow cannot hold half a surrogate pair, so neither way of reading sees one.
        return value[:] if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return text_of(str(value))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if character in "\n\r\v\f\u0085\u2028\u2029":
        return "\n"
    if character.isspace() or category in ("Zs", "Cc"):
        return " "
    if category in ("Cf", "Mn", "Me", "Cn", "Co", "Cs"):  # bidi marks, zero width, BOM, soft hyphen, accents
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character in "\u2212\u00ac\u2043":
        return "-"
    return character


def plain_text(text: str) -> str:
    """Text after NFKC, without invisible characters, with one kind of blank, line break, dash and digit."""
    if text.isascii() and text.isprintable():
        return text.strip()
    # An en dash or a full-width digit is composed by NFKC first; accents it leaves apart fall away after.
    return "".join(map(_plain, unicodedata.normalize("NFKC", text))).strip()


def undo_float(text: str) -> tuple[str, bool, bool]:
    """What a spreadsheet made of a number, undone if nothing was lost.

    Returns:
        The digits (or the text unchanged), whether it was a float, whether digits were lost. `7.9E+10`
        has lost nine digits; `7.9031234567E+10` none.
    """
    if whole := _FLOAT.fullmatch(text):
        return whole[1], True, False
    science = _SCIENCE.fullmatch(text)
    if science is None:
        return text, False, False
    fraction, exponent = science[2] or "", int(science[3])
    if len(fraction) != exponent:
        return text, True, True
    return science[1] + fraction, True, False


def arrow_texts(values: Iterable[object]) -> pa.Array:
    """A column as one Arrow array of text, each cell as `text_of` has it."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        values = values.to_pandas() if not _holds_text(values.type) else values
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        arrow: Any = values
    elif not isinstance(values, pd.Series):
        return arrow_texts(pd.Series(list(values), dtype=object))
    elif values.dtype == object:
        if pd.api.types.infer_dtype(values, skipna=True) != "string":
            return _one_by_one(values)
        try:
            arrow = pa.array(values, type=pa.large_string(), from_pandas=True)
        except UnicodeEncodeError:
            return _one_by_one(values)
    elif isinstance(values.dtype, pd.StringDtype) or pd.api.types.is_integer_dtype(values.dtype):
        arrow = pa.array(values, from_pandas=True)
    else:
        return _one_by_one(values)
    if isinstance(arrow, pa.ChunkedArray):
        arrow = arrow.combine_chunks()
    return arrow.cast(pa.large_string())


def _holds_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _one_by_one(values: Iterable[object]) -> pa.Array:
    return pa.array([text_of(value) for value in values], type=pa.large_string())


@dataclass(frozen=True, slots=True)
class Cells:
    """A block of consecutive cells as bytes.

    Args:
        first: position of the first cell in the column.
        starts, ends: where each cell's bytes begin and end in `raw`.
        raw: UTF-8 bytes of the block.
        present: False where the cell is empty (null).
    """

    first: int
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    raw: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]

    def count(self, marks: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Per cell: how many marked bytes stand before it in the block, and how many in it."""
        running = np.zeros(len(self.raw) + 1, dtype=np.int32)
        np.cumsum(marks, out=running[1:])
        before = running[self.starts]
        return before, running[self.ends] - before

    def first_bytes(self) -> npt.NDArray[np.uint8]:
        """The first byte of each cell, 0 for cells without one."""
        filled = self.ends > self.starts
        out = np.zeros(len(self.starts), dtype=np.uint8)
        out[filled] = self.raw[self.starts[filled]]
        return out


def cells_in_blocks(texts: pa.Array) -> Iterator[Cells]:
    """The bytes of a large_string array, a block of cells at a time."""
    _, offsets_buffer, bytes_buffer = texts.buffers()
    count = len(texts)
    if count == 0:
        return
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64)[texts.offset : texts.offset + count + 1]
    raw = np.frombuffer(bytes_buffer, dtype=np.uint8) if bytes_buffer is not None else np.zeros(0, np.uint8)
    present = texts.is_valid().to_numpy(zero_copy_only=False)
    for first in range(0, count, _BLOCK):
        last = min(first + _BLOCK, count)
        base = offsets[first]
        yield Cells(
            first,
            offsets[first:last] - base,
            offsets[first + 1 : last + 1] - base,
            raw[base : offsets[last]],
            present[first:last],
        )
