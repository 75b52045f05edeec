"""How long the plan of a contact centre's rows takes, and what it holds.

200,000 requests, 60 % of known clients, on 100,000 contacts; `--rows` for another size.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from typing import Any

import pandas as pd

from toolkit.operations import operation
from toolkit.runs import Tables

FAMILIES = ("Иванов", "Петров", "Ершов", "Жуков", "Лисин", "Крылов", "Белов", "Серов", "Котов", "Орлов")
GIVEN = ("Иван", "Пётр", "Олег", "Борис", "Антон", "Глеб", "Павел")
FATHERS = ("Ильич", "Олегович", "Павлович", "Глебович")


def person(number: int) -> dict[str, str]:
    """A client like nobody else."""
    return {
        "lastName": FAMILIES[number % 10] + chr(1072 + number % 23),
        "name": GIVEN[number % 7],
        "secondName": FATHERS[number % 4],
        "phone": f"+79{number:09d}",
    }


def portal(count: int) -> Tables:
    """A portal with so many contacts and nothing else."""
    people = [person(number) for number in range(count)]
    cards = pd.DataFrame(
        {
            "id": range(1, count + 1),
            **{field: [each[field] for each in people] for field in ("name", "lastName", "secondName")},
            "companyId": None,
            "originId": None,
            "fm": [
                [{"id": at, "typeId": "PHONE", "valueType": "WORK", "value": each["phone"]}]
                for at, each in enumerate(people, start=1)
            ],
        }
    )
    deal = ["id", "title", "categoryId", "closed", "contactId", "contactIds", "companyId", "originId"]
    return {
        "contact": cards,
        "company": pd.DataFrame(columns=["id", "title", "originId", "fm"]),
        "requisite": pd.DataFrame(columns=["ID", "ENTITY_TYPE_ID", "ENTITY_ID", "RQ_INN", "RQ_KPP"]),
        "deal": pd.DataFrame(columns=deal),
        "user": pd.DataFrame(
            [{"ID": 2, "ACTIVE": True, "NAME": "Олег", "LAST_NAME": "Жуков", "EMAIL": "o@firm.ru"}]
        ),
        "category:2": pd.DataFrame({"id": [0]}),
        "status": pd.DataFrame({"STATUS_ID": ["NEW"]}),
    }


def requests(count: int, known: int) -> list[dict[str, Any]]:
    """So many rows, six of ten about the first `known` people."""
    rows = []
    for at in range(count):
        who = person(at % known if at % 10 < 6 else 500_000_000 + at)
        names = {"last_name": who["lastName"], "name": who["name"], "second_name": who["secondName"]}
        rows.append({"id": f"R{at}", "at": "2026-05-01T10:00:00Z", "phone": who["phone"], **names})
    return rows


def main() -> None:
    """Plan once and print a small table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=200_000)
    count = asked.parse_args().rows
    tables = portal(count // 2)
    rule: Any = operation("load_contact_centre")
    given = {"system": "cc1", "topics": [{"topic": "*", "pipeline": 0}], "fallback": 2}
    began = time.perf_counter()
    params = rule.parameters({**given, "requests": requests(count, count // 2)})
    read = time.perf_counter()
    changes = rule.plan(tables, params)
    took = time.perf_counter() - read
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    kinds = Counter(f"{row[0]} {row[1]}" for row in changes.table[["kind", "entity"]].to_numpy().tolist())
    print(f"{'figure':<32}{'measured':>12}{'wanted':>12}")
    print(f"{'rows checked, s':<32}{read - began:>12.1f}{'':>12}")
    print(f"{'plan, s':<32}{took:>12.1f}{'< 60':>12}")
    print(f"{'peak memory, GiB':<32}{peak:>12.2f}{'< 2':>12}")
    print(f"rows by fate: {dict(changes.tally)}")
    print(f"changes: {dict(kinds)}")


if __name__ == "__main__":
    main()
