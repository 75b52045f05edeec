"""How long reading a column of phones and of INNs takes, as a ratio to libphonenumber alone.

Run from the repository: `python tests/benchmarks/bench_phones.py [rows]`. The column is synthetic, and its
spellings and their shares are fixed below, because the ratio hangs on them: what is written plainly costs
under a microsecond, every distinct other spelling about as much as one or two calls of the library.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import phonenumbers

from toolkit.matching.inn import inn_holds, read_inn, read_inns
from toolkit.matching.phones import read_phone, read_phone_numbers, read_phones

SEED = 20261122
# Share in per cent, spelling. The first five are plain; together 95 %.
SPELLINGS = [
    (35, "+7{a}{b}{c}{d}"),
    (25, "8 ({a}) {b}-{c}-{d}"),
    (15, "7{a}{b}{c}{d}"),
    (10, "8-{a}-{b}-{c}-{d}"),
    (10, "{a}{b}{c}{d}"),
    (1, "+7 ({a}) {b}-{c}-{d} доб. {e}"),
    (1, "моб. 8{a}{b}{c}{d}"),
    (1, "8{a}{b}{c}{d}, 8{a}{b}{d}{c}"),
    (1, "+375 29 {b}-{c}-{d}"),
    (1, "8{a}{b}{c}"),
]


def phones(rows: int, generator: np.random.Generator) -> pd.Series:
    """A column of `rows` spellings with mobile and Moscow numbers, about a tenth of them repeated."""
    kinds = generator.choice(len(SPELLINGS), rows, p=[share / 100 for share, _ in SPELLINGS])
    codes = generator.choice([903, 905, 916, 925, 926, 965, 977, 985, 495, 812], rows)
    rest = generator.integers(0, 10**7, rows)
    texts = [
        SPELLINGS[kind][1].format(
            a=a, b=f"{r // 10**4:03}", c=f"{r // 100 % 100:02}", d=f"{r % 100:02}", e=r % 900 + 100
        )
        for kind, a, r in zip(kinds.tolist(), codes.tolist(), rest.tolist(), strict=True)
    ]
    column = pd.Series(texts, dtype="str")
    repeated = generator.random(rows) < 0.1
    return column.where(~repeated, column.sample(frac=1, random_state=SEED).reset_index(drop=True))


def inns(rows: int, generator: np.random.Generator) -> pd.Series:
    """A column of `rows` INNs of organisations, every hundredth with a wrong check digit."""
    digits = generator.integers(0, 10, (rows, 9))
    digits[:, 0] = np.maximum(digits[:, 0], 1)
    check = digits @ np.array((2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    check[::100] += 1
    whole = digits @ 10 ** np.arange(9, 0, -1) + check % 10
    return pd.Series(whole).astype("str")


def seconds(run: Callable[[], object], times: int = 3) -> float:
    """The best of a few runs."""
    best = float("inf")
    for _ in range(times):
        begun = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begun)
    return best


def by_library(texts: list[str]) -> int:
    """How many of the texts libphonenumber alone reads as a valid number."""
    good = 0
    for text in texts:
        try:
            number = phonenumbers.parse(text, "RU")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            good += 1
    return good


def main() -> None:
    """Print one line per way of reading."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    generator = np.random.default_rng(SEED)
    column, sample = phones(rows, generator), 5000
    texts = column.head(sample).tolist()
    plain = column[column.str.fullmatch(r"(?:\+7|7|8)?[ (\-]{0,2}\d{3}\D{0,2}\d{3}-?\d\d-?\d\d")]
    read_phones(texts)  # the table of codes is built once per process
    library = seconds(lambda: by_library(texts)) / sample
    lines = [
        ("libphonenumber alone", library),
        ("read_phones, the column", seconds(lambda: read_phones(column)) / rows),
        ("read_phones, its plain part", seconds(lambda: read_phones(plain)) / len(plain)),
        ("read_phone_numbers, the column", seconds(lambda: read_phone_numbers(column)) / rows),
        ("read_phone, one by one", seconds(lambda: [read_phone(text) for text in texts]) / sample),
    ]
    print(f"seed {SEED}, {rows:,} rows, plain {len(plain) / rows:.1%}")
    for name, each in lines:
        print(f"{name:34} {each * 1e6:8.2f} us per row   1/{library / each:.1f} of the library")
    usable = read_phones(column)["may_key"].mean()
    print(
        f"read as a key: {usable:.1%} here, as valid: {by_library(texts) / sample:.1%} by the library alone"
    )
    numbers = inns(rows, generator)
    few = numbers.head(sample).tolist()
    column_s = seconds(lambda: read_inns(numbers)) / rows
    single_s = seconds(lambda: [read_inn(one) for one in few]) / sample
    print(f"{'read_inns, a column':34} {column_s * 1e6:8.2f} us per row")
    print(f"{'read_inn, one by one':34} {single_s * 1e6:8.2f} us per row")
    if not read_inns(numbers)["may_key"].eq([inn_holds(one) for one in numbers]).all():
        raise SystemExit("the two ways of reading INNs differ")


if __name__ == "__main__":
    main()
