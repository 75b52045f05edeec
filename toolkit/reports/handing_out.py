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

__all__ = ["write_table"]

_FORMULA_LIKE = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDTH = 20


def write_table(
    table: pd.DataFrame, path: Path, *, asked_by: str, title: str, widths: Mapping[str, int] | None = None
) -> Path:
    """A file of a table.

    Args:
        table: headings and cells as a person reads them; a column named `link` by its heading's cells, which begin
            with https://, becomes links.
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
    content = _csv(table) if kind == ".csv" else _workbook(table, title, widths or {})
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
    lines.writerows([_defused(_cell(each)) for each in row] for row in table.to_numpy().tolist())
    return target.getvalue().encode("utf-8-sig")


def _defused(value: Any) -> Any:
    """Text a spreadsheet would take for a formula, with the apostrophe that makes it text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_LIKE) else value


def _workbook(table: pd.DataFrame, title: str, widths: Mapping[str, int]) -> bytes:
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(target, options)
    sheet = book.add_worksheet(title)
    head = book.add_format(
        {"bold": True, "font_color": "#FFFFFF", "bg_color": "#33475B", "valign": "vcenter"}
    )
    for column, heading in enumerate(table.columns):
        sheet.write_string(0, column, str(heading), head)
        sheet.set_column(column, column, widths.get(str(heading), _WIDTH))
    for number, row in enumerate(table.to_numpy().tolist(), start=1):
        for column, value in enumerate(map(_cell, row)):
            if isinstance(value, str) and value.startswith("https://"):
                sheet.write_url(number, column, value)
            elif isinstance(value, str):
                sheet.write_string(number, column, value)
            elif value is not None:
                sheet.write_number(number, column, value)
    sheet.freeze_panes(1, 0)
    if len(table):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)
    book.close()
    return target.getvalue()


def _cell(value: Any) -> Any:
    return None if value is None or pd.isna(value) else value
