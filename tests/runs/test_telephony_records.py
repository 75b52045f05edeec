"""Calls as records of the telephone: made once whatever happens to the answers, and taken back as far as can be."""

from __future__ import annotations

import itertools
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from tests.runs.applications import application_settings, application_world
from tests.runs.conftest import Kept, World, make_world
from tests.test_kill_sweep import DyingTransport, Killed
from toolkit.client import Portal
from toolkit.runs import Changes, Operation, OperationParams, Read, estimate
from toolkit.runs.call_recordings import Heard, call_recordings
from toolkit.runs.calls_made import CallMade, call_changes
from toolkit.runs.changes import noted_on
from toolkit.runs.notes import signed
from toolkit.sandbox import InProcessTransport
from toolkit.settings import Settings

START = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)


class NotedParams(OperationParams):
    """A folder of recordings, and which file belongs to the first call."""

    calls: list[dict[str, str]] = Field(default_factory=list)
    recordings_folder: str = ""


class NoteCalls(Operation):
    """Three calls of contact 1, shown with deal 1; the first with a recording and two comments, if there is one."""

    name: ClassVar[str] = "note_calls"
    title: ClassVar[dict[str, str]] = {"en": "Note calls", "ru": "Записать звонки"}
    undo: ClassVar[dict[str, str]] = {"en": "all", "ru": "всё"}
    Params = NotedParams

    def reads(self, params: Any) -> dict[str, Read]:
        return {"contact": Read(), "deal": Read(), "call": Read()}

    def plan(self, tables: Any, params: Any) -> Changes:
        there = set(tables["call"]["EXTERNAL_CALL_ID"].dropna())
        calls = [
            CallMade(
                marker=f"cc:x:call:{number}",
                direction="in" if number % 2 else "out",
                phone=f"+7912000000{number}",
                start=START + timedelta(hours=number),
                duration_s=60 * number,
                responsible=2,
                belongs_to=[("contact", 1), ("deal", 1)],
            )
            for number in range(3)
        ]
        changes = call_changes([call for call in calls if call.marker not in there], telephony=True)
        if not params.calls:
            return changes
        heard = Heard("cc:x:call:0", at=0, key="0", line="cc:x:call:0")
        marks = ["cc:x:history:1", "cc:x:history:2"]
        texts = [signed(each, each) for each in marks]
        notes = noted_on("contact", [1, 1], texts=texts, marks=marks, reason="why")
        return Changes.joined(changes, call_recordings([heard], most_bytes=10_000), notes)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = application_world(tmp_path / "world", contacts=2, deals=2)
    made.operation = NoteCalls()
    return made


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, Settings]:
    """The small firm with three calls planned, and its application."""
    root = tmp_path_factory.mktemp("firm")
    made = make_world(root, contacts=2, deals=2)
    made.operation = NoteCalls()
    settings = application_settings(made, root)
    made.plan().close()
    return Kept.of(made, root / "aside"), settings


def lines(world: World) -> list[tuple[Any, ...]]:
    rows = world.sandbox.store.rows("SELECT * FROM call_statistic ORDER BY EXTERNAL_CALL_ID")
    return [
        (
            row["EXTERNAL_CALL_ID"],
            row["CALL_TYPE"],
            row["CALL_DURATION"],
            row["CALL_FAILED_CODE"],
            row["CRM_ENTITY_ID"],
        )
        for row in rows
    ]


def links(world: World) -> list[tuple[Any, ...]]:
    rows = world.sandbox.store.rows(
        "SELECT ENTITY_TYPE_ID, ENTITY_ID FROM activity_binding ORDER BY ACTIVITY_ID, 1, 2"
    )
    return [tuple(row) for row in rows]


WANTED = [
    ("cc:x:call:0", 1, 0, "304", 1),
    ("cc:x:call:1", 2, 60, "200", 1),
    ("cc:x:call:2", 1, 120, "200", 1),
]


def test_calls_are_noted_with_their_real_start_and_shown_with_what_they_are_about(world: World) -> None:
    run = world.plan()
    assert world.apply(run) == {"done": 6}

    assert lines(world) == WANTED
    assert links(world) == [(2, 1), (3, 1)] * 3
    began = world.sandbox.store.value("SELECT CALL_START_DATE FROM call_statistic WHERE ID = 2")
    assert began == int((START + timedelta(hours=1)).timestamp())
    assert world.verify(run).complete
    assert len(world.plan().plan) == 0
    shown = world.sandbox.store.rows("SELECT SHOWN FROM registered_call")
    assert {row["SHOWN"] for row in shown} == {"[]"}


@pytest.mark.parametrize("method", ["telephony.externalCall.register", "telephony.externalCall.finish"])
@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        ("lose_answer", {}),
        ("cut_before", {}),
        ("timeout", {"seconds": 120}),
        ("partial", {"seconds": 2}),
        ("server_error", {}),
        ("server_error_after", {}),
        ("html_after", {}),
        ("truncated", {}),
        ("operating", {"inside": True, "times": 2}),
        ("rate", {}),
    ],
)
def test_whatever_happens_to_an_answer_no_call_is_noted_twice(
    firm: tuple[Kept, Settings], tmp_path: Path, method: str, fault: Any, facts: dict[str, Any]
) -> None:
    kept, settings = firm
    world = kept.again(tmp_path)
    world.portal = Portal.connect(settings, clock=world.clock, transport=InProcessTransport(world.sandbox))
    run = world.planned()
    planned = world.sandbox.faults.plan(fault, method, **facts)

    world.apply(run)

    assert planned.spent
    assert run.journal.counts() == {"done": 6}
    assert lines(world) == WANTED
    assert world.sandbox.store.value("SELECT COUNT(*) FROM activity") == 3
    assert links(world) == [(2, 1), (3, 1)] * 3


def test_undo_takes_the_activities_and_says_what_stays(world: World) -> None:
    run = world.plan()
    world.apply(run)
    changed = world.sandbox.store.value("SELECT MAX(ID) FROM activity")
    world.sandbox.store.update("activity", changed, {"RESPONSIBLE_ID": 3})

    back = world.undo(run)
    world.apply(back)

    assert [row["ID"] for row in world.sandbox.store.rows("SELECT ID FROM activity")] == [changed]
    assert lines(world) == WANTED
    stays = back.plan.listed.groupby(["entity", "reason"]).size().to_dict()
    assert stays == {
        ("activity", "changed since by somebody else: left as it is"): 1,
        ("call", "stays in the statistics of calls: no method takes it out"): 3,
    }


class DyingJournal:
    """Ends the process just before a journal write reaches the disk."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, what: str) -> None:
        self.left -= what in ("sent", "settled")
        if not self.left:
            raise Killed


@pytest.mark.parametrize("how", ["before a request", "after a request", "at a journal write"])
def test_killed_anywhere_the_run_is_finished_and_nothing_is_there_twice(tmp_path: Path, how: str) -> None:
    with wave.open(str(tmp_path / "call.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 80, "NONE", "not compressed"))
        file.writeframes(bytes(160))
    first = make_world(tmp_path / "first", contacts=2, deals=2)
    first.operation = NoteCalls()
    settings = application_settings(first, tmp_path)
    first.plan(calls=[{"recording": "call.wav"}], recordings_folder=str(tmp_path)).close()
    kept = Kept.of(first, tmp_path / "aside")
    for at in itertools.count(1):
        world = kept.again(tmp_path / str(at))
        inner = InProcessTransport(world.sandbox)
        world.portal = Portal.connect(settings, clock=world.clock, transport=inner)
        run = world.planned()
        if how == "at a journal write":
            run.journal._on_commit = DyingJournal(at)
        else:
            dying = DyingTransport(inner, at, after=how == "after a request")
            world.portal = Portal.connect(settings, clock=world.clock, transport=dying)
        died = False
        try:
            world.apply(run)
        except Killed:
            died = True
        run.journal._on_commit = None
        world.portal = Portal.connect(settings, clock=world.clock, transport=inner)

        states = world.apply(run)

        store = world.sandbox.store
        assert set(states) == {"done"}, at
        assert lines(world) == WANTED, at
        assert links(world) == [(2, 1), (3, 1)] * 3, at
        files = [
            bool(row["RECORD_FILE_ID"]) for row in store.rows("SELECT * FROM call_statistic ORDER BY ID")
        ]
        assert files == [True, False, False], at
        comments = store.rows("SELECT * FROM timeline_entry WHERE KIND = 'comment' ORDER BY ID")
        said = [row["COMMENT"].splitlines()[0] for row in comments]
        assert said == ["cc:x:history:1", "cc:x:history:2"], at
        if not died:
            assert at > 8
            return


def test_what_calls_of_the_telephone_cost_is_foretold(world: World) -> None:
    run = world.plan()
    cost = estimate(run.plan, run.before, world.portal.cost)
    world.sandbox.log.clear()

    world.apply(run)

    register = "telephony.externalcall.register"
    assert {name.lower() for name in cost.apply.operating_s} >= {
        register,
        register.replace("register", "finish"),
    }
    assert len(world.sandbox.log) == cost.apply.requests
