"""Rows written as people get them: Russian headings, dates of five kinds, four formats."""

from __future__ import annotations

import csv
import json
import unicodedata
import wave
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pandas as pd

__all__ = ["FORMATS", "HEADINGS", "write_recordings", "write_rows"]

FORMATS = ("xlsx", "csv", "jsonl", "parquet")
"""A spreadsheet; semicolons in Windows-1251; a JSON object to a line; Parquet."""

MOSCOW = timezone(timedelta(hours=3))
_EXCEL = datetime(1899, 12, 30)

HEADINGS: Mapping[str, str] = {
    "id": "Номер",
    "at": "Дата и время",
    "changed": "Дата изменения",
    "client_id": "Код клиента",
    "last_name": "Фамилия",
    "name": "Имя",
    "second_name": "Отчество",
    "phone": "Телефон",
    "email": "Эл. почта",
    "company": "Организация",
    "inn": "ИНН",
    "kpp": "КПП",
    "responsible": "Ответственный",
    "comment": "Комментарий",
    "topic": "Тема",
    "title": "Название",
    "amount": "Сумма",
    "direction": "Направление",
    "duration_s": "Длительность, сек",
    "request": "Номер заявки",
    "recording": "Запись разговора",
}
"""Field of a row to the heading of its column; moments without a zone are in the time of Moscow."""

_DIRECTIONS = {"in": "Входящий", "out": "Исходящий"}
_SPELLINGS: tuple[Callable[[datetime], Any], ...] = (
    lambda at: at.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M"),
    lambda at: at.isoformat(),
    lambda at: at.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:%S"),
    lambda at: str(int(at.timestamp())),
    lambda at: f"{(at.astimezone(MOSCOW).replace(tzinfo=None) - _EXCEL) / timedelta(days=1):.6f}",
)


def write_rows(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Write rows under Russian headings; the suffix says how.

    Args:
        rows: field to cell; moments aware.
        path: .xlsx, .csv, .jsonl or .parquet.

    Raises:
        ValueError: another suffix.
    """
    columns = [each for each in HEADINGS if any(each in row for row in rows)]
    told = [_told(row, columns, at) for at, row in enumerate(rows)]
    headings = [HEADINGS[each] for each in columns]
    match path.suffix:
        case ".xlsx":
            _write_book(told, headings, path)
        case ".csv":
            with path.open("w", encoding="cp1251", errors="replace", newline="") as file:
                writer = csv.writer(file, delimiter=";")
                writer.writerow(headings)
                writer.writerows([_single(each) for each in row] for row in told)
        case ".jsonl":
            with path.open("w", encoding="utf-8") as file:
                for row in told:
                    cells = {name: value for name, value in zip(headings, row, strict=True) if value != ""}
                    file.write(json.dumps(cells, ensure_ascii=False) + "\n")
        case ".parquet":
            pd.DataFrame([[str(each) for each in row] for row in told], columns=headings).to_parquet(path)
        case _:
            raise ValueError(f"{path.name}: one of {', '.join(FORMATS)}")
    return path


def write_recordings(calls: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """The recordings that calls name: a tenth of a second of silence each; `-empty` ones have no bytes.

    Args:
        calls: rows with `recording`.
        folder: where they go.
    """
    for name in (str(row["recording"]) for row in calls if "recording" in row):
        if name.endswith("-empty.wav"):
            (folder / name).touch()
            continue
        with wave.open(str(folder / name), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(1)
            sound.setframerate(8_000)
            sound.writeframes(bytes([128]) * 800)


def _told(row: Mapping[str, Any], columns: Sequence[str], at: int) -> list[Any]:
    """The cells of a row; every row spells its moments in another of five ways."""
    cells = []
    for name in columns:
        value = row.get(name, "")
        if name == "changed" and value:
            value = value.isoformat()  # whoever tells two versions apart compares it
        elif isinstance(value, datetime):
            value = _SPELLINGS[at % len(_SPELLINGS)](value)
        elif name == "direction":
            value = _DIRECTIONS[value]
        cells.append(value)
    return cells


def _single(value: Any) -> str:
    """A cell of a text file: one line, every sign one that Windows-1251 knows."""
    text = " ".join(str(value).split("\n"))
    known = "".join(each if _in_1251(each) else unicodedata.normalize("NFKC", each) for each in text)
    return known.encode("cp1251", errors="ignore").decode("cp1251")


def _in_1251(sign: str) -> bool:
    return bool(sign.encode("cp1251", errors="ignore"))


def _write_book(rows: Sequence[Sequence[Any]], headings: Sequence[str], path: Path) -> None:
    frame = pd.DataFrame(list(rows), columns=list(headings), dtype=object)
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        frame.to_excel(book, sheet_name="Выгрузка", index=False)
