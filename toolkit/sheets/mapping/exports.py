"""Rows of an export file, whatever its format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.errors import SheetError
from toolkit.sheets.rows import read_rows

__all__ = ["read_export"]


def read_export(path: Path) -> list[dict[str, Any]]:
    """The rows of an export: heading to cell, blanks left out.

    Args:
        path: spreadsheets and text as `read_rows` takes them; .jsonl or .ndjson; .parquet.

    Raises:
        SheetError: the file cannot be read, or a line of it is no JSON object (it may still be being written).
    """
    try:
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            return _lines(path)
        if path.suffix.lower() == ".parquet":
            rows = pq.read_table(path).to_pylist()
            return [{name: cell for name, cell in row.items() if cell not in (None, "")} for row in rows]
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise SheetError(
            path, None, None, None, f"cannot be read: {type(error).__name__}", "Export it again."
        ) from error
    return read_rows(path)


def _lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise SheetError(
                path,
                number,
                None,
                line[:60],
                "is no JSON object",
                "Wait until the file is whole, or mend the line.",
            )
        rows.append({name: cell for name, cell in row.items() if cell not in (None, "")})
    return rows
