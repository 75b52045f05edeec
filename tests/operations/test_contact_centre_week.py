"""A week of a contact centre's requests, calls and history, with the portal down for a day and worse: at its end the
truth holds."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.operations.centre_truth import Truth, rows_of, seeded
from tests.runs.conftest import World
from tests.test_kill_sweep import DyingTransport, Killed
from tests.test_workflow import workspace
from tests.workflow.test_everyday import Weather
from toolkit.runs import Policy, Window
from toolkit.sandbox.exports import CentreExport, correct, draw_export, write_rows
from toolkit.spool import FolderSource
from toolkit.workflow.everyday import Handed, Passed, hand_over, spool_of, take_in

NAME, DAY = "load_contact_centre", 86_400
NIGHT = Window.model_validate({"start": "21:00", "end": "07:00", "zone": "UTC"})
POLICY = Policy(
    operations=[NAME], kinds=["create", "update", "bind", "note"], max_changes=2_000, max_changes_per_day=100_000,
    max_share=1.0, must_rehearse=False, canary=0, window=NIGHT,
)  # fmt: skip


class Week:
    """Folders in which another system leaves exports, one for each kind of rows, and a scheduler that starts b24kit.

    Args:
        world: the portal.
        home: where everything lies.
        export: all rows of the week.
    """

    def __init__(self, world: World, home: Path, export: CentreExport) -> None:
        self.world, self.export, self.home = world, export, home
        self.inbox = self.folder("requests")
        work = workspace(world, home)
        assert work.transport is not None
        self.weather = Weather(work.transport)
        self.work = dataclasses.replace(work, transport=self.weather)
        left_out = ("requests", "calls", "history", "truth")
        self.given: dict[str, Any] = {
            name: value for name, value in vars(export).items() if name not in left_out
        }

    def day(self, number: int) -> list[dict[str, Any]]:
        """The rows of one of five days."""
        return self.export.requests[number - 1 :: 5]

    def folder(self, kind: str) -> Path:
        (self.home / kind).mkdir(exist_ok=True)
        return self.home / kind

    def leave(self, rows: list[dict[str, Any]], name: str) -> Path:
        return write_rows(rows, self.inbox / name)

    def leave_calls(self, rows: list[dict[str, Any]], name: str) -> None:
        write_rows(rows, self.folder("calls") / name)

    def leave_history(self, name: str) -> None:
        told = json.dumps(self.export.history, default=str, ensure_ascii=False)
        (self.folder("history") / name).write_text(told, encoding="utf-8")

    def until(self, hour: int) -> None:
        """Time passes until the next full hour of that number, in UTC."""
        now = self.world.clock.now()
        self.world.clock.sleep((hour * 3600 - now) % DAY or DAY)

    def run(self, work: Any = None, kind: str = "requests") -> tuple[Passed, Handed]:
        with spool_of(self.work, NAME, kind) as spool:
            key = "id" if kind == "history" else "Номер"
            source = FolderSource(self.folder(kind), key=key, version="Дата изменения", settle_s=0)
            passed = take_in(spool, [source])
            return passed, hand_over(
                work or self.work, spool, NAME, self.given, POLICY, rows_as=kind, rehearsing=False
            )

    def left(self) -> dict[str, dict[str, int]]:
        """What the spools hold that no run has had."""
        found = {}
        for kind in ("requests", "calls", "history"):
            with spool_of(self.work, NAME, kind) as spool:
                counts = {name: count for name, count in spool.counts().items() if name != "done" and count}
            if counts:
                found[kind] = counts
        return found


def test_at_the_end_of_a_bad_week_the_portal_holds_the_truth(tmp_path: Path) -> None:
    world = seeded(tmp_path / "world", "realty")
    box = world.sandbox
    export, before = draw_export(box, 20), rows_of(world.sandbox)
    late = [each for each in export.calls if "request" in each]
    assert late, "a call comes before its request"
    week = Week(world, tmp_path, export)

    week.until(12)
    monday = week.leave(week.day(1), "monday.xlsx")
    shutil.copy(monday, tmp_path / "monday.xlsx")
    passed, handed = week.run()
    assert (passed.took.put.new, handed.done) == (len(week.day(1)), 0), "by day everything waits"
    assert rows_of(box) == before
    week.until(22)
    week.leave_calls([*export.calls, late[0]], "calls.csv")
    box.faults.plan("lose_answer", method="batch", at=2, times=2)
    assert week.run(kind="calls")[1].done == len(export.calls) + 1, "one of them twice"
    assert week.run()[1].done == len(week.day(1))

    week.weather.down = True
    week.leave(week.day(2), "tuesday.csv")
    for hour in (22, 3):
        week.until(hour)
        assert week.run()[1].waits_for
    week.weather.down = False
    week.until(22)
    week.leave(week.day(3), "wednesday.parquet")
    box.faults.plan("server_error", times=6, at=3)
    box.faults.plan("lose_answer", method="batch", at=4, times=2)
    week.run()

    week.until(22)
    week.leave(week.day(4), "thursday.jsonl")
    for at in (5, 24):
        dying = dataclasses.replace(week.work, transport=DyingTransport(week.weather, at, after=at == 24))
        with pytest.raises(Killed):
            week.run(dying)
    week.run()

    week.until(22)
    week.leave(week.day(5), "friday.xlsx")
    shutil.copy(tmp_path / "monday.xlsx", week.inbox / "monday again.xlsx")
    passed, handed = week.run()
    assert passed.took.put.known == len(week.day(1))
    week.leave_history("history.json")
    assert week.run(kind="history")[1].done == len(export.history)
    assert Truth(box, export, before).deviations() == []

    week.until(22)
    outdated, later = correct(export, 20 * DAY, withdrawn=0), correct(export, 21 * DAY, withdrawn=0)
    assert outdated.corrected == later.corrected
    for rows in outdated.export.requests:
        if rows["id"] in outdated.corrected:
            rows["title"] = "устарело"
    changed = [row for row in later.export.requests if row["id"] in later.corrected]
    week.leave([*changed, *week.day(2)], "saturday.xlsx")
    assert week.run()[1].waits_for is None
    week.until(22)
    week.leave([row for row in outdated.export.requests if row["id"] in outdated.corrected], "late.xlsx")
    passed, handed = week.run()
    assert (passed.took.put.outdated, handed.waits_for) == (len(later.corrected), None)

    assert Truth(box, later.export, before).deviations() == []
    assert week.left() == {}


def test_calls_history_and_requests_of_a_shop_come_in_any_order_through_an_outage(tmp_path: Path) -> None:
    world = seeded(tmp_path / "world", "retail")
    box = world.sandbox
    export, before = draw_export(box, 20), rows_of(box)
    week = Week(world, tmp_path, export)
    half = len(export.requests) // 2

    week.until(22)
    week.leave(export.requests[:half], "monday.xlsx")
    week.leave_calls(export.calls, "calls.csv")
    week.weather.down = True
    assert week.run(kind="calls")[1].waits_for
    week.weather.down = False
    box.faults.plan("lose_answer", method="batch", at=2, times=2)
    week.run(kind="calls")
    week.run()
    week.leave(export.requests[half:], "friday.jsonl")
    week.run()
    week.leave_history("history.json")
    week.run(kind="history")

    assert Truth(box, export, before).deviations() == []
    assert week.left() == {}
