"""How fast the report on calls is: the table, pivots, audit and files of half a million calls.

Run: python tests/benchmarks/bench_reports.py [calls] [contacts]. Synthetic tables of a busy firm: five calls
a contact over six years, one in eight missed, appeals for most. Prints seconds, wanted, and the peak of memory.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit.reports.calls import CallsReport, WorkCalendar, audit_routing, calls_table, pivots

CALLS, CONTACTS, PEOPLE = 500_000, 100_000, 250


def tables(calls: int, contacts: int) -> dict[str, pd.DataFrame]:
    """The tables of a snapshot of such a firm."""
    rng = np.random.default_rng(1)
    ids = np.arange(1, calls + 1)
    client = rng.integers(1, contacts + 1, calls)
    start = pd.Timestamp("2020-06-01", tz="UTC") + pd.to_timedelta(
        np.sort(rng.integers(0, 6 * 365 * 86_400, calls)), unit="s"
    )
    answered = rng.random(calls) > 0.125
    call = pd.DataFrame(
        {
            "ID": ids,
            "CALL_ID": pd.Series(ids).map("externalCall.{:08d}".format),
            "CALL_TYPE": np.where(rng.random(calls) < 0.35, 1, 2),
            "CALL_START_DATE": start.astype("datetime64[us, UTC]"),
            "CALL_DURATION": np.where(answered, rng.integers(10, 600, calls), 15),
            "CALL_FAILED_CODE": np.where(answered, "200", "304"),
            "PORTAL_USER_ID": rng.integers(1, PEOPLE + 1, calls),
            "PORTAL_NUMBER": pd.Series(rng.integers(0, 40, calls)).map("+74957654{:03d}".format),
            "PHONE_NUMBER": pd.Series(client).map("+7916{:07d}".format),
            "CRM_ENTITY_TYPE": "CONTACT",
            "CRM_ENTITY_ID": client,
            "CRM_ACTIVITY_ID": ids,
            "RECORD_FILE_ID": np.where(answered, ids, 0),
        }
    )
    activity = pd.DataFrame(
        {
            "ID": ids,
            "OWNER_ID": client,
            "OWNER_TYPE_ID": "3",
            "TYPE_ID": "2",
            "START_TIME": call["CALL_START_DATE"],
            "END_TIME": call["CALL_START_DATE"] + pd.to_timedelta(call["CALL_DURATION"], unit="s"),
            "DIRECTION": call["CALL_TYPE"].map({1: "2", 2: "1"}),
            "RESPONSIBLE_ID": call["PORTAL_USER_ID"],
            "ORIGIN_ID": "VI_" + call["CALL_ID"],
            "COMMUNICATIONS": pd.Series(client).map('[{{"TYPE": "PHONE", "VALUE": "+7916{:07d}"}}]'.format),
        }
    )
    numbers = np.arange(1, contacts + 1)
    contact = pd.DataFrame(
        {
            "id": numbers,
            "name": "Анна",
            "lastName": pd.Series(numbers).map("Клиентова{}".format),
            "assignedById": rng.integers(1, PEOPLE + 1, contacts),
            "companyId": 0,
            "updatedTime": pd.Timestamp("2025-06-01", tz="UTC"),
        }
    )
    noted = ids[rng.random(calls) < 0.9]
    appeal = pd.DataFrame(
        {
            "id": np.arange(1, len(noted) + 1),
            "title": "Входящий звонок",
            "createdTime": call["CALL_START_DATE"].to_numpy()[noted - 1],
            "xmlId": "call:" + call["CALL_ID"].to_numpy()[noted - 1],
            "assignedById": 1,
            "contactId": client[noted - 1],
            "companyId": 0,
            "parentId2": client[noted - 1],
        }
    )
    deal = pd.DataFrame({"id": numbers, "title": "Квартира", "categoryId": 0, "contactId": numbers})
    people = np.arange(1, PEOPLE + 1)
    user = pd.DataFrame({"ID": people, "ACTIVE": people % 10 > 0, "NAME": "Имя", "EMAIL": ""})
    user["LAST_NAME"] = pd.Series(people).map("Фамилия{}".format)
    user["UF_DEPARTMENT"] = [[int(each) % 12 + 1] for each in people]
    department = pd.DataFrame({"ID": range(1, 13), "NAME": [f"Отдел {each}" for each in range(1, 13)]})
    company = pd.DataFrame({"id": pd.Series(dtype="int64"), "title": pd.Series(dtype="str")})
    return {
        "call": call,
        "activity": activity,
        "contact": contact,
        "company": company,
        "deal": deal,
        "user": user,
        "department": department,
        "item:177": appeal,
    }


def timed(what: str, wanted: str, work: Callable[[], Any]) -> Any:
    """Do it, and print how long it took, by the wall and of one core: the machine is shared."""
    began, spent = time.perf_counter(), time.process_time()
    done = work()
    took, core = time.perf_counter() - began, time.process_time() - spent
    print(f"{what:<44} {took:7.1f} s {core:7.1f} s   {wanted}", flush=True)
    return done


def main() -> None:
    """Measure and print."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else CALLS
    contacts = int(sys.argv[2]) if len(sys.argv) > 2 else CONTACTS
    read = tables(calls, contacts)
    calendar = WorkCalendar.of("Пн-Пт 9:00-18:00", timezone(timedelta(hours=3)))
    print(f"{calls:,} calls, {contacts:,} contacts".ljust(44), "   took      core   wanted")
    dataset = timed("table of calls", "30 s", lambda: calls_table(read, calendar=calendar, appeals=177))
    timed("pivots", "5 s", lambda: pivots(dataset))
    timed("audit of routing", "10 s", lambda: audit_routing(dataset))
    with tempfile.TemporaryDirectory() as folder:
        timed("Parquet", "10 s", lambda: dataset.write_parquet(Path(folder) / "calls.parquet"))
        report = timed("report", "15 s", lambda: CallsReport.of(dataset))
        timed("files: page, workbook, Parquet", "-", lambda: report.write(Path(folder) / "report"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{'peak of memory':<44} {peak:7.2f} GiB           2 GiB")


if __name__ == "__main__":
    main()
