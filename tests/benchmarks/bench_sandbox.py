"""How much the sandbox holds, and how quickly: prints figures beside what was promised.

    python tests/benchmarks/bench_sandbox.py [--contacts 1000000] [--activities 3000000]

Not a test: figures depend on the machine. Run it when nothing else runs.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import orjson

from toolkit.sandbox import Sandbox, new_portal
from toolkit.sandbox.seeds.people import draw_person
from toolkit.sandbox.seeds.phones import mobile
from toolkit.sandbox.state.loading import add_rows, load_records
from toolkit.sandbox.wire.request import WireRequest

SECRET = "bench"
PAGE = 50


def contacts(count: int) -> Iterator[dict[str, Any]]:
    """Contacts with a phone each, four in ten with an e-mail too, and the fields a card usually has."""
    rng = Random(1)
    people = [draw_person(rng) for _ in range(5_000)]
    start = 1_600_000_000
    for at in range(count):
        person = people[at * 7 % len(people)]
        fm = [("PHONE", "MOBILE", f"+7{mobile(at)}")]
        if at % 5 < 2:
            fm.append(("EMAIL", "WORK", f"client{at}@example.ru"))
        yield {
            "NAME": person.first,
            "LAST_NAME": person.last,
            "SECOND_NAME": person.middle,
            "ASSIGNED_BY_ID": 1 + at % 60,
            "SOURCE_ID": "CALL",
            "POST": "менеджер",
            "COMMENTS": "Перезвонить",
            "UTM_SOURCE": "yandex",
            "CREATED_TIME": start + at * 100,
            "UPDATED_TIME": start + at * 100 + 50,
            "LAST_ACTIVITY_TIME": start + at * 100 + 50,
            "fm": fm,
        }


def activities(count: int, owners: int) -> Iterator[dict[str, Any]]:
    """Finished calls on contacts."""
    for at in range(count):
        start = 1_600_000_000 + at * 30
        yield {
            "ID": at + 1,
            "OWNER_TYPE_ID": 3,
            "OWNER_ID": 1 + at % owners,
            "TYPE_ID": 2,
            "PROVIDER_ID": "VOXIMPLANT_CALL",
            "PROVIDER_TYPE_ID": "CALL",
            "SUBJECT": "Входящий звонок",
            "CREATED": start,
            "LAST_UPDATED": start,
            "START_TIME": start,
            "END_TIME": start + 90,
            "DEADLINE": start,
            "COMPLETED": "Y",
            "STATUS": 2,
            "RESPONSIBLE_ID": 1 + at % 60,
            "DIRECTION": 1,
        }


def ask(portal: Sandbox, method: str, params: dict[str, Any]) -> bytes:
    """One request, as every door hands it over; the body of the answer."""
    request = WireRequest(
        "POST",
        f"/rest/1/{SECRET}/{method}",
        headers={"content-type": "application/json"},
        body=orjson.dumps(params),
    )
    answer = portal.serve(request)
    assert answer.status == 200, answer.body
    return answer.body


def milliseconds(action: Callable[[], Any], times: int) -> tuple[float, float]:
    """Best and median of several runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    return min(taken), median(taken)


def page(portal: Sandbox, after: int) -> bytes:
    """Fifty whole contacts by id."""
    return ask(
        portal,
        "crm.item.list",
        {"entityTypeId": 3, "filter": {">id": after}, "order": {"id": "ASC"}, "start": -1},
    )


def chain(after: int) -> dict[str, Any]:
    """Fifty lists in one batch, each beginning where the one before ended."""
    commands = {}
    for index in range(50):
        last = f"$result[p{index - 1}][items][{PAGE - 1}][id]" if index else str(after)
        commands[f"p{index}"] = f"crm.item.list?entityTypeId=3&filter[>id]={last}&order[id]=ASC&start=-1"
    return {"cmd": commands, "halt": 0}


def clients_at_once(portal: Sandbox, clients: int, each: int) -> float:
    """Ten clients counting one record up together; seconds. Fails when an update is lost."""
    first = ask(portal, "crm.item.add", {"entityTypeId": 4, "fields": {"title": "Счёт"}})
    id_ = orjson.loads(first)["result"]["item"]["id"]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for at in range(each):
                fields = {
                    "entityTypeId": 4,
                    "fields": {"title": f"{number}-{at}", "originId": f"{number}:{at}"},
                }
                ask(portal, "crm.item.add", fields)
                ask(
                    portal,
                    "crm.item.update",
                    {"entityTypeId": 4, "id": id_, "fields": {"title": f"{number}{at}"}},
                )
        except BaseException as error:
            failures.append(error)

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    held = portal.store.value("SELECT COUNT(DISTINCT ORIGIN_ID) FROM crm_4 WHERE ORIGIN_ID LIKE '%:%'")
    assert held == clients * each, f"{clients * each - held} records lost"
    return time.perf_counter() - began


def line(what: str, figure: str, promised: str = "") -> None:
    """One line of the table."""
    print(f"{what:<58}{figure:>16}   {promised}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--activities", type=int, default=3_000_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sandbox.sqlite"
        portal = new_portal(data=path)
        portal.access.add_webhook(1, SECRET)

        began = time.perf_counter()
        load_records(portal, 3, contacts(wanted.contacts))
        line(
            f"{wanted.contacts:,} contacts with phones loaded",
            f"{time.perf_counter() - began:.1f} s",
            "< 60 s",
        )
        for share in (0.0, 0.5, 0.95):
            after = int(wanted.contacts * share)
            best, middle = milliseconds(lambda after=after: page(portal, after), 30)
            line(
                f"50 whole rows by id, start=-1, from {share:.0%}", f"{best:.1f} / {middle:.1f} ms", "< 5 ms"
            )
            best, middle = milliseconds(lambda after=after: ask(portal, "batch", chain(after)), 7)
            line(
                f"50 chained lists in a batch, from {share:.0%}", f"{best:.0f} / {middle:.0f} ms", "< 200 ms"
            )
        line(
            "ten clients at once, 100 adds and updates each",
            f"{clients_at_once(portal, 10, 100):.1f} s",
            "none lost",
        )

        began = time.perf_counter()
        add_rows(portal.store, "activity", activities(wanted.activities, wanted.contacts))
        bindings = (
            {"ACTIVITY_ID": at + 1, "ENTITY_TYPE_ID": 3, "ENTITY_ID": 1 + at % wanted.contacts}
            for at in range(wanted.activities)
        )
        add_rows(portal.store, "activity_binding", bindings)
        line(f"{wanted.activities:,} activities loaded", f"{time.perf_counter() - began:.1f} s")
        portal.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = sum(each.stat().st_size for each in Path(folder).iterdir())
        line("on disk", f"{size / 2**30:.2f} GiB", "< 4 GiB")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        line("peak memory", f"{peak / 2**20:.2f} GiB", "< 1 GiB")
        portal.close()


if __name__ == "__main__":
    main()
