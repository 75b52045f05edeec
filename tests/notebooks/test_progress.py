"""One bar for the command line and notebooks; a log line now and then where nobody watches."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from toolkit.client import CostModel, Estimate, Governor, Hold, Limits, SimulatedClock
from toolkit.progress import ProgressBar
from toolkit.runs import PlanCost, Progress
from toolkit.showing import Shower


class _Portal:
    def __init__(self, hold: Hold) -> None:
        self.governor = self
        self.hold = hold

    def why(self, _methods: list[str]) -> Hold:
        return self.hold


COST = PlanCost(Estimate(100, {"crm.item.update": 400.0}, 600.0, "operating crm.item.update"), Estimate(10))


def _bar(language: str = "en") -> tuple[ProgressBar, SimulatedClock, io.StringIO]:
    clock, told = SimulatedClock(1_800_000_000), io.StringIO()
    return ProgressBar(language, file=told, now=clock.now), clock, told


def test_a_log_line_comes_every_half_minute_and_says_everything() -> None:
    bar, clock, told = _bar()
    bar.follow(_Portal(Hold()), COST)
    for done in range(0, 600, 10):
        bar.applying(Progress(done, 600))
        clock.sleep(5)
    bar.close()

    lines = told.getvalue().splitlines()
    assert 8 <= len(lines) <= 10, "300 seconds"
    assert "\r" not in told.getvalue()
    assert "writing 60/600, 2.0/s, left 8 min 33 s" in lines[0]
    assert "limit: operating crm.item.update" in lines[0]


def test_a_pause_is_told_with_the_limit_that_binds() -> None:
    bar, clock, told = _bar("ru")
    bar.follow(_Portal(Hold("operating", 312.0, "crm.item.update", 471, 480)), COST)
    bar.applying(Progress(10, 600))
    clock.sleep(31)
    bar.applying(Progress(10, 600))
    bar.close()

    assert "пауза: время выполнения crm.item.update, 471 из 480 с, ещё 312 с" in told.getvalue()


def test_a_bar_says_in_russian_how_fast_it_goes_and_what_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = SimulatedClock(1_800_000_000)
    monkeypatch.setattr("toolkit.progress.somebody_watches", lambda: True)
    bar = ProgressBar("ru", now=clock.now)
    for done in (0, 1250, 2500):
        bar.applying(Progress(done, 5000))
        clock.sleep(1)
    bar.applying(Progress(3750, 5000))
    bar.close()

    drawn = capsys.readouterr().err
    assert "запись 3750/5000" in drawn
    assert "1 250/с, осталось 1 с" in drawn


def test_the_remaining_time_moves_from_the_model_to_what_was_seen() -> None:
    bar, clock, _ = _bar()
    bar.follow(_Portal(Hold()), COST)
    bar.applying(Progress(0, 600))
    assert bar.remaining_s() == pytest.approx(600)

    clock.sleep(100)  # half as fast as thought
    bar.applying(Progress(50, 600))
    early = bar.remaining_s()
    clock.sleep(1000)
    bar.applying(Progress(550, 600))
    late = bar.remaining_s()

    assert early is not None
    assert late is not None
    assert 550 < early < 1100
    assert late == pytest.approx(100, rel=0.15)
    bar.close()
    assert bar.remaining_s() is None


def test_silence_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B24_PROGRESS", "off")
    bar, clock, told = _bar()
    clock.sleep(100)
    bar.reading("contact", 50)

    assert told.getvalue() == ""


def test_the_binding_limit_is_the_governors_own() -> None:
    clock = SimulatedClock(1_800_000_000)
    governor = Governor(Limits.of_plan("cloud"), clock)
    for _ in range(50):
        governor.reserve(["crm.item.update"])
    bar, _, told = _bar()
    portal = _Portal(Hold())
    portal.governor = governor
    bar.follow(
        portal, PlanCost(CostModel(Limits.of_plan("cloud")).estimate({"crm.item.update": 50}), Estimate(0))
    )
    bar._logged_at = 0.0
    bar.applying(Progress(0, 50))
    bar.close()

    assert "pause: rate: " in told.getvalue()
    assert " of 50 requests" in told.getvalue()


def test_the_bar_is_taken_away_before_anything_is_printed() -> None:
    told = io.StringIO()
    show = Shower("en", Console(file=told))
    show.before = lambda: told.write("[bar gone]")
    show.line("done")

    assert told.getvalue().startswith("[bar gone]done")
