"""Reads .csv: UTF-8, UTF-16 or Windows-1251; comma, semicolon or tab. Every cell stays text."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from toolkit.sheets.gate import Limits
from toolkit.sheets.raw import Cell, RawSheet
from toolkit.sheets.xml_parts import Bounds

__all__ = ["read_csv"]

_SAMPLE_LINES = 50


def read_csv(path: Path, limits: Limits) -> list[RawSheet]:
    """The one table of a text file, as a sheet named after the file.

    Raises:
        SheetRefused: too many cells, or a cell too far out.
    """
    text = _decoded(path.read_bytes())
    bounds = Bounds(path.name, limits)
    sheet = RawSheet(path.stem)
    csv.field_size_limit(2**20)
    separator = _separator(text)
    if text[:4].lower() == "sep=":  # a line Excel writes for itself
        text = "\n" + text.partition("\n")[2]
    for row, fields in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), start=1):
        bounds.count(len(fields))
        for column, field in enumerate(fields, start=1):
            if field.strip():
                bounds.check(row, column)
                sheet.put(row, column, Cell("text", field))
    return [sheet]


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251", errors="replace")


def _separator(text: str) -> str:
    """The separator that splits most lines into the same number of fields, more than one."""
    if text[:4].lower() == "sep=" and text[4:5]:
        return text[4]
    sample = "\n".join(text.splitlines()[:_SAMPLE_LINES])

    def agreement(separator: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=separator) if any(row)]
        usual = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
        return (widths.count(usual) if usual > 1 else 0, usual)

    return max(";\t,", key=agreement)
