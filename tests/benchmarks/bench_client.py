"""Ratios of the client's promises, measured against the sandbox: python tests/benchmarks/bench_client.py

Reading: requests used over requests promised, ceil(N / 2500) + 2.
Writing: played time of 100,000 updates under cloud limits over its lower bound
max(requests / rate, sum of operating x 600 / 480), refusals met, and the estimate made after the first
thousand over what it became. `--updates N` changes the number.
"""

from __future__ import annotations

import argparse
import math
import time

import httpx

from toolkit.client import Command, Portal, SimulatedClock
from toolkit.sandbox import InProcessTransport, SharedClock, new_portal
from toolkit.settings import Settings

SECRET = "benchmark0secret"
CHUNK = 49


def portal_on(clock: SimulatedClock, limits: str) -> tuple[object, Portal]:
    sandbox = new_portal(clock=SharedClock(clock), limits=limits)
    sandbox.access.add_webhook(1, SECRET)
    settings = Settings.load(
        None, webhook=f"https://sandbox.local/rest/1/{SECRET}/", plan="cloud" if limits == "cloud" else "box"
    )
    transport: httpx.BaseTransport = InProcessTransport(sandbox)
    return sandbox, Portal.connect(settings, clock=clock, transport=transport)


def add_contacts(portal: Portal, count: int) -> list[int]:
    ids: list[int] = []
    for first in range(0, count, 50):
        commands = [
            Command("crm.item.add", {"entityTypeId": 3, "fields": {"name": f"Anna {number}"}})
            for number in range(first, min(first + 50, count))
        ]
        ids += [outcome.result["item"]["id"] for outcome in portal.send(commands)]
    return ids


def reading(count: int) -> None:
    _, portal = portal_on(SimulatedClock(), "off")
    add_contacts(portal, count)
    before, began = portal.requests_sent, time.perf_counter()
    read = sum(len(rows) for rows in portal.list("crm.item.list", {"entityTypeId": 3, "select": ["id"]}))
    seconds, used = time.perf_counter() - began, portal.requests_sent - before
    promised = math.ceil(count / 2500) + 2
    share = used / promised
    print(f"read {read:>7,} of {count:>7,}: {used} requests, {share:.2f} of the promise, {seconds:.2f} s")


def writing(updates: int) -> None:
    clock = SimulatedClock()
    sandbox, portal = portal_on(clock, "cloud")
    ids = add_contacts(portal, CHUNK)
    clock.sleep(900)
    sandbox.log.clear()
    sent = requests = 0
    began, wall = clock.now(), time.perf_counter()
    estimate = None
    while sent < updates:
        size = min(CHUNK, updates - sent)
        name = f"Name {sent}"
        commands = [
            Command("crm.item.update", {"entityTypeId": 3, "id": number, "fields": {"name": name}})
            for number in ids[:size]
        ]
        assert all(outcome.state == "done" for outcome in portal.send(commands))
        sent, requests = sent + size, requests + 1
        if estimate is None and sent >= 1000:
            left = updates - sent
            estimate = clock.now() - began + portal.cost.estimate(
                {"crm.item.update": left}, requests=math.ceil(left / CHUNK)
            ).seconds  # fmt: skip
    played = clock.now() - began
    operating = sum(note.cost_s for note in sandbox.log)
    refused = sum(
        note.status in {429, 503} or "OPERATION_TIME_LIMIT" in note.errors.values() for note in sandbox.log
    )
    bound = max(requests / 2, operating * 600 / 480)
    print(
        f"{updates:,} updates: {played / 3600:.2f} h played in {time.perf_counter() - wall:.1f} s, "
        f"{played / bound:.3f} of the lower bound, {refused} refusals, "
        f"estimate {(estimate or 0) / played:.3f} of the outcome"
    )


def governing() -> None:
    clock = SimulatedClock()
    _, portal = portal_on(clock, "off")
    began, count = time.perf_counter(), 20_000
    for _ in range(count):
        portal.governor.wait_before({"crm.item.update": CHUNK})
    print(f"one decision of the governor: {(time.perf_counter() - began) / count * 1e6:.1f} microseconds")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--updates", type=int, default=100_000)
    options.add_argument("--read", type=int, nargs="*", default=[100, 2_500, 10_000])
    chosen = options.parse_args()
    for count in chosen.read:
        reading(count)
    governing()
    writing(chosen.updates)


if __name__ == "__main__":
    main()
