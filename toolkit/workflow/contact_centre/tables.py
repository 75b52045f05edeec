"""Changes as files another system takes in, and people look at: whole or absent, nothing in them a formula."""

from __future__ import annotations

import csv
import io
import json
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from toolkit.errors import ParameterError
from toolkit.reports.handing_out import PLAIN_CELLS, defused, put_whole

__all__ = ["COLUMNS", "in_words", "write_changes"]

COLUMNS = (
    *("row", "kind", "deal", "activity", "field", "before", "after", "before_id", "after_id"),
    *("at", "by", "by_id", "link"),
)
_HEADINGS = {
    "ru": {
        "row": "Номер", "kind": "Что", "deal": "Сделка", "activity": "Дело", "field": "Поле", "before": "Было",
        "after": "Стало", "before_id": "Было, код", "after_id": "Стало, код", "at": "Когда", "by": "Кто",
        "by_id": "Кто, код", "link": "Ссылка",
    },
    "en": {
        "row": "Row", "kind": "What", "deal": "Deal", "activity": "Activity", "field": "Field", "before": "Before",
        "after": "After", "before_id": "Before, code", "after_id": "After, code", "at": "When", "by": "By",
        "by_id": "By, code", "link": "Link",
    },
}  # fmt: skip
_WORDS = {
    "kind": {"request": "заявка", "call": "звонок"},
    "field": {
        "stage": "стадия", "responsible": "ответственный", "result": "итог", "comment": "комментарий",
        "timeline_comment": "комментарий в ленте",
    },
    "before": {"open": "в работе", "won": "успех", "lost": "провал", "done": "выполнено"},
    "after": {"open": "в работе", "won": "успех", "lost": "провал", "done": "выполнено"},
}  # fmt: skip
_WIDTHS = {"link": 44, "before": 28, "after": 28, "at": 26, "by": 22, "field": 20}
_READ = ("kind", "row", "field", "before", "after", "at", "by", "link")


def write_changes(table: pd.DataFrame, path: Path, *, offset: tzinfo, language: str) -> Path:
    """A file of changes.

    Args:
        table: columns `COLUMNS`.
        path: .xlsx (headings and words for people), .csv (UTF-8 with a mark, semicolons), .jsonl or .parquet.
        offset: the zone moments are written in.
        language: of the workbook.

    Returns:
        The path.

    Raises:
        ParameterError: it ends in something else.
        StorageError: it cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in (".xlsx", ".csv", ".jsonl", ".parquet"):
        raise ParameterError(
            "changes", "out", str(path), "is of no known kind", "End it in .xlsx, .csv, .jsonl or .parquet."
        )
    if kind == ".parquet":
        content = _parquet(table)
    else:
        told = table.assign(
            at=[each.astimezone(offset).isoformat(timespec="seconds") for each in table["at"]]
        )
        rows = told[list(COLUMNS)].astype(object).to_dict("records")
        write = {".csv": _csv, ".jsonl": _json_lines}.get(kind)
        content = write(rows) if write else _workbook(rows, "en" if language == "en" else "ru")
    return put_whole(path, content)


def in_words(table: pd.DataFrame, *, offset: tzinfo, language: str) -> pd.DataFrame:
    """The changes as a person reads them.

    Args:
        table: columns `COLUMNS`.
        offset: the zone moments are told in.
        language: of headings and words.

    Returns:
        All of it text; columns: what changed, when, by whom, and the link, under headings.
    """
    spoken = "en" if language == "en" else "ru"
    rows = table.astype(object).to_dict("records")
    return pd.DataFrame(
        [[_spoken(name, row, offset, spoken) for name in _READ] for row in rows],
        columns=[_HEADINGS[spoken][name] for name in _READ],
    )


def _spoken(name: str, row: dict[Any, Any], offset: tzinfo, language: str) -> str:
    if name == "at":
        return str(row["at"].astimezone(offset).strftime("%d.%m.%Y %H:%M"))
    return _said(name, str(row[name]), row, language)


def _parquet(table: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    table[list(COLUMNS)].to_parquet(target, index=False)
    return target.getvalue()


def _json_lines(rows: list[dict[Any, Any]]) -> bytes:
    return "".join(json.dumps(each, ensure_ascii=False, default=int) + "\n" for each in rows).encode()


def _csv(rows: list[dict[Any, Any]]) -> bytes:
    target = io.StringIO(newline="")
    lines = csv.writer(target, delimiter=";", lineterminator="\r\n")
    lines.writerow(COLUMNS)
    lines.writerows([defused(each[name]) for name in COLUMNS] for each in rows)
    return target.getvalue().encode("utf-8-sig")


def _workbook(rows: list[dict[Any, Any]], language: str) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, dict(PLAIN_CELLS)) as book:
        book.set_properties(
            {"created": pd.Timestamp(2026, 1, 1).to_pydatetime()}
        )  # the same rows, the same bytes
        sheet = book.add_worksheet("Изменения" if language == "ru" else "Changes")
        bold = book.add_format({"bold": True})
        for at, name in enumerate(COLUMNS):
            sheet.set_column(at, at, _WIDTHS.get(name, 12))
            sheet.write_string(0, at, _HEADINGS[language][name], bold)
        for line, row in enumerate(rows, start=1):
            for at, name in enumerate(COLUMNS):
                value = row[name]
                if isinstance(value, str):
                    sheet.write_string(line, at, _said(name, value, row, language))
                elif int(value):
                    sheet.write_number(line, at, int(value))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(rows)), len(COLUMNS) - 1)
    return target.getvalue()


def _said(name: str, value: str, row: dict[Any, Any], language: str) -> str:
    if language != "ru" or (name in ("before", "after") and row["field"] != "result"):
        return value
    return _WORDS.get(name, {}).get(value, value)
