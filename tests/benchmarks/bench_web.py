"""What the admin's page promises: python tests/benchmarks/bench_web.py

five admins     each uploads 300 rows at the same moment: from sending the file to the page with its verdict,
                the slowest of them; the page runs as a process of its own: 2 s
opening         the first page with fifty uploads in the history, the slowest of 50: 0.5 s
large           50,000 rows by one admin, while another opens the first page again and again: the slowest: 2 s
memory          of the page's process and its workers after all that, what they share counted once, MiB: 1024

Exits 1 when a promise is not kept.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from tests.benchmarks.bench_sheets import directory
from tests.runs.conftest import SECRET, make_world
from tests.web.conftest import Visitor, furnish, headline
from tests.web.test_serving import b24kit, enter, environment, served
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve
from toolkit.settings import Settings

ADMINS, ROUNDS = 5, 10


def verdict_s(visitor: Visitor, data: bytes) -> float:
    """Seconds from sending a file to the page with its verdict."""
    begun = time.perf_counter()
    answer = visitor.client.post(
        "/uploads", data={"csrf": visitor.csrf}, files={"file": ("routing.xlsx", data)}
    )
    answer = visitor.settled(answer, 120)
    taken = time.perf_counter() - begun
    if "ошиб" not in headline(answer):
        raise SystemExit(f"no verdict: {headline(answer)}")
    return taken


def opening_s(visitor: Visitor) -> float:
    """Seconds to open the first page."""
    begun = time.perf_counter()
    visitor.client.get("/").raise_for_status()
    return time.perf_counter() - begun


def main() -> int:
    """Measure, print, and say whether every promise was kept."""
    kept = True

    def show(name: str, figure: float, wanted: float, more: str = "") -> None:
        nonlocal kept
        kept &= figure <= wanted
        print(f"{name:44} {figure:9.2f}   wanted {wanted:g}   {more}")

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        world = make_world(home / "world", contacts=2, deals=2)
        furnish(world)
        world.sandbox.clock = WallClock()
        small = directory(home / "small.xlsx", 300).read_bytes()
        large = directory(home / "large.xlsx", 50_000).read_bytes()
        with serve(world.sandbox) as server:
            settings = Settings.load(env_file=None, webhook=f"{server.url}/rest/1/{SECRET}/")
            env = environment((world, settings), home)
            token = b24kit(env, "serve", "token", "add", "Admin", "--json")["token"]
            with served(env) as (running, facts):
                visitors = [enter(facts["url"], token) for _ in range(ADMINS)]
                first = verdict_s(visitors[0], small)
                with ThreadPoolExecutor(ADMINS) as pool:
                    rounds = [
                        list(pool.map(lambda each: verdict_s(each, small), visitors)) for _ in range(ROUNDS)
                    ]
                every = sorted(each for one in rounds for each in one)
                show(
                    "five admins, 300 rows each, slowest, s",
                    every[-1],
                    2.0,
                    f"median {statistics.median(every):.2f}",
                )
                print(f"{'the very first upload after the start, s':44} {first:9.2f}")
                show(
                    "opening the first page, slowest of 50, s",
                    max(opening_s(visitors[0]) for _ in range(50)),
                    0.5,
                )
                done = threading.Event()
                pages: list[float] = []

                def look() -> None:
                    while not done.is_set():
                        pages.append(opening_s(visitors[1]))
                        time.sleep(0.1)

                looking = threading.Thread(target=look)
                looking.start()
                taken = verdict_s(visitors[0], large)
                done.set()
                looking.join()
                show(
                    "the first page meanwhile 50,000 rows, slowest",
                    max(pages),
                    2.0,
                    f"verdict after {taken:.1f} s",
                )
                page = psutil.Process(running.pid)
                memory = (
                    sum(each.memory_full_info().pss for each in [page, *page.children(recursive=True)])
                    / 2**20
                )
                show("memory of the page and its workers, MiB", memory, 1024)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
