"""What checking routing directories promises: python tests/benchmarks/bench_sheets.py

small      300 rows read and checked against a portal, after imports: 1 s
large      50,000 rows likewise: 15 s; peak memory of this process, and of the one that parses: 1 GiB each

Exits 1 when a promise is not kept.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import xlsxwriter

from tests.sheets.directories import HEADINGS, portal_facts
from toolkit.sheets.checking import CheckedDirectory, check_file

BOUNDS_S = {300: 1.0, 50_000: 15.0}
BOUND_MIB = 1024
SEED = 1


def directory(path: Path, rows: int) -> Path:
    """A directory with every column filled, in which one row in fifty has a mistake."""
    draw = random.Random(SEED)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Правила")
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    sheet.write_row(0, 0, HEADINGS)
    people = ["Анна Белова", "boris@shop.example", "Громова Вера", "4", "Елена Жукова", "Захар Зимин"]
    channels = ["Сайт", "VK", "OK", "Telegram", "WhatsApp", "2GIS", "*"]
    for row in range(1, rows + 1):
        wrong = draw.randrange(50) == 0
        topic = f"Тема {draw.randrange(rows // 6 + 1)}"
        sheet.write_row(
            row,
            0,
            [
                topic,
                f"Подтема {row}",
                draw.choice(["Москва", "Казань", "Томск", "Омск", "*"]),
                "*",
                draw.choice(people) if not wrong else f"Никто {row}",
                "petrov2@shop.example",
                "Претензии",
                "Принята",
                draw.choice(channels),
                draw.randrange(1, 101),
                "Пн-Пт 09:00-18:00",
            ],
        )
        sheet.write_datetime(row, 11, date(2026, draw.randrange(1, 13), 1), day)
        sheet.write_row(row, 13, ["#конкурс, розыгрыш", f"строка {row}"])
    book.close()
    return path


def peak_mib(who: int) -> float:
    """Peak memory of this process or of its children."""
    return resource.getrusage(who).ru_maxrss / 1024


def measured(path: Path) -> tuple[float, CheckedDirectory]:
    """Seconds to check a file, and what was found."""
    began = time.perf_counter()
    checked = check_file(path, portal_facts(), on=date(2026, 3, 1))
    return time.perf_counter() - began, checked


def main() -> int:
    """Measure, print, judge."""
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        for rows, bound in BOUNDS_S.items():
            path = directory(Path(folder) / f"{rows}.xlsx", rows)
            seconds, checked = measured(path)
            mine, parser = peak_mib(resource.RUSAGE_SELF), peak_mib(resource.RUSAGE_CHILDREN)
            print(
                f"{rows:>6} rows  {seconds:6.2f} s of {bound:.0f}  peak {mine:.0f} + {parser:.0f} MiB  "
                f"{len(checked.problems)} problems"
            )
            kept &= seconds < bound and max(mine, parser) < BOUND_MIB and checked.rows == rows
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
