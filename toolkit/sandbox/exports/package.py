"""An export as a folder somebody hands over: requests, calls, history, topics, recordings; and a later one."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from .correcting import correct
from .drafting import CentreExport
from .files import MOSCOW, write_recordings, write_rows

__all__ = ["write_package"]

WEEK_S = 7 * 86_400
_HISTORY = {
    "id": "Номер",
    "request": "Номер заявки",
    "at": "Когда",
    "field": "Что изменено",
    "before": "Было",
    "after": "Стало",
    "why": "Причина",
}


def write_package(
    export: CentreExport, folder: Path, *, kind: Literal["xlsx", "csv", "jsonl", "parquet"] = "xlsx"
) -> list[Path]:
    """Write an export, and the same a week later with corrections, into a folder.

    Args:
        export: what is handed over.
        folder: made when absent; its files of these names are replaced.
        kind: of the requests; calls are a csv, in Windows-1251 and with semicolons.

    Returns:
        requests, calls, history, topics, `recordings` where calls name some, and `later/` requests.
    """
    later = folder / "later"
    later.mkdir(parents=True, exist_ok=True)
    paths = [
        write_rows(export.requests, folder / f"requests.{kind}"),
        write_rows(export.calls, folder / "calls.csv"),
        _table(
            folder / "history.csv",
            list(_HISTORY.values()),
            ([_cell(row.get(name, "")) for name in _HISTORY] for row in export.history),
        ),
        _table(
            folder / "topics.csv",
            ["Тема", "Воронка", "Стадия", "Ответственный"],
            (
                [each["topic"], each["topic"].partition(": ")[2], each["stage"], each["responsible"]]
                for each in export.topics
                if each["stage"]  # a pipeline that is gone stands in no table somebody checks
            ),
        ),
    ]
    if any("recording" in row for row in export.calls):
        recordings = folder / "recordings"
        recordings.mkdir(exist_ok=True)
        write_recordings(export.calls, recordings)
        paths.append(recordings)
    corrected = correct(export, WEEK_S).export
    return [*paths, write_rows(corrected.requests, later / f"requests.{kind}")]


def _cell(value: Any) -> str:
    return value.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M") if hasattr(value, "astimezone") else str(value)


def _table(path: Path, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(headings)
        writer.writerows(rows)
    return path
