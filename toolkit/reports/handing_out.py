"""A table as a file people open: nothing in it is a formula, only its owner may read it, whole or not there at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from toolkit.errors import ParameterError, StorageError
from toolkit.records.storage import PrivateFile

__all__ = ["PLAIN_CELLS", "defused", "put_whole", "write_table"]

PLAIN_CELLS: Mapping[str, bool] = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""How a workbook is made in which text stays text, whatever it looks like."""

_FORMULA_LIKE = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDTH = 20
_LONGEST = 32_000
"""Characters: a cell of a workbook holds 32,767."""


def write_table(
    table: pd.DataFrame, path: Path, *, asked_by: str, title: str, widths: Mapping[str, int] | None = None
) -> Path:
    """A file of a table.

    Args:
        table: headings and cells as a person reads them.
        path: .xlsx, or .csv (UTF-8 with a mark, semicolons).
        asked_by: name of the command, for errors.
        title: name of the sheet.
        widths: heading to width in characters.

    Returns:
        The path.

    Raises:
        ParameterError: it ends in something else.
        StorageError: it cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in (".xlsx", ".csv"):
        raise ParameterError(asked_by, "out", str(path), "is of no known kind", "End it in .xlsx or .csv.")
    return put_whole(path, _csv(table) if kind == ".csv" else _workbook(table, title, widths or {}))


def put_whole(path: Path, content: bytes) -> Path:
    """Write a file that is there whole or not at all, and private.

    Returns:
        The path.

    Raises:
        StorageError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with PrivateFile(part) as file:
            file.write(content)
        part.replace(path)
    except OSError as error:
        remedy = "Name a folder you may write, with some space."
        raise StorageError(path, str(error.strerror), remedy) from error
    return path


def _csv(table: pd.DataFrame) -> bytes:
    target = io.StringIO(newline="")
    lines = csv.writer(target, delimiter=";", lineterminator="\r\n")
    lines.writerow(table.columns)
    lines.writerows([defused(_cell(each)) for each in row] for row in table.to_numpy().tolist())
    return target.getvalue().encode("utf-8-sig")


def defused(value: Any) -> Any:
    """A cell of a text file: text a spreadsheet would take for a formula, with the apostrophe that makes it text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_LIKE) else value


def _workbook(table: pd.DataFrame, title: str, widths: Mapping[str, int]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, dict(PLAIN_CELLS)) as book:
        sheet = book.add_worksheet(title)
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        for at, heading in enumerate(map(str, table.columns)):
            sheet.set_column(at, at, widths.get(heading, _WIDTH), wrapped)
            sheet.write_string(0, at, heading, bold)
        for line, row in enumerate(table.to_numpy().tolist(), start=1):
            for at, value in enumerate(map(_cell, row)):
                if isinstance(value, (int, float)):
                    sheet.write_number(line, at, value)
                elif value:
                    sheet.write_string(line, at, str(value)[:_LONGEST])
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(table)), len(table.columns) - 1)
    return target.getvalue()


def _cell(value: Any) -> Any:
    return None if value is None or pd.isna(value) else value
