"""Calls at the desk: noted once with their recordings, shown with what they belong to."""

from __future__ import annotations

import os
import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.runs.applications import application_settings
from tests.runs.conftest import SECRET, World, make_world
from toolkit import workflow
from toolkit.errors import ParameterError
from toolkit.runs import Run
from toolkit.runs.calls_made import CallMade
from toolkit.runs.sounds import RecordingRefused
from toolkit.sandbox import InProcessTransport
from toolkit.settings import Settings
from toolkit.workflow import Workspace, desk


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world", contacts=3, deals=3)


@pytest.fixture
def work(world: World, tmp_path: Path) -> Workspace:
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=tmp_path / "state",
        snapshots=tmp_path / "snapshots",
        plan="box",
        language="en",
    )
    return Workspace(settings, world.clock, InProcessTransport(world.sandbox))


def sound(folder: Path, seconds: float = 0.1, name: str = "call.wav") -> Path:
    path = folder / name
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\2" * int(8000 * seconds))
    return path


def talk(**more: Any) -> CallMade:
    return desk.call_made(
        **{
            "marker": "cc:site:call:1",
            "direction": "in",
            "phone": "+79120000001",
            "start": datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
            "duration_s": 95,
            "responsible": 2,
            "belongs_to": [("deal", 1), ("contact", 1)],
            **more,
        }
    )


def activities(world: World) -> list[dict[str, Any]]:
    return [dict(row) for row in world.sandbox.store.rows("SELECT * FROM activity ORDER BY ID")]


def links(work: Workspace, activity: int) -> set[tuple[int, int]]:
    with workflow.connect(work) as portal:
        told = portal.call("crm.activity.binding.list", {"activityId": activity})
    return {(int(each["entityTypeId"]), int(each["entityId"])) for each in told}


def test_a_call_is_noted_once_with_its_recording_and_its_records(
    world: World, work: Workspace, tmp_path: Path
) -> None:
    first = desk.create_call(work, talk(), recording=sound(tmp_path))
    second = desk.create_call(work, talk(), recording=sound(tmp_path))

    assert (first.state, first.exit_code, second.state) == ("created", 0, "already"), (first, second)
    (row,) = activities(world)
    assert (row["ID"], row["ORIGIN_ID"], row["RESPONSIBLE_ID"], row["DIRECTION"]) == (
        first.id,
        "cc:site:call:1",
        2,
        1,
    )
    assert row["START_TIME"] == int(datetime(2026, 5, 1, 9, 30, tzinfo=UTC).timestamp())
    assert len(row["FILES"].strip("[]").split(",")) == 1
    assert links(work, first.id) == {(3, 1), (2, 1)}


@pytest.mark.parametrize("method", ["crm.activity.add", "crm.activity.binding.add"])
def test_a_lost_answer_notes_no_second_call(world: World, work: Workspace, method: str) -> None:
    world.sandbox.faults.lose_answer_to(method)

    written = desk.create_call(work, talk())

    assert written.exit_code == 0, written
    assert len(activities(world)) == 1
    assert links(work, written.id) == {(3, 1), (2, 1)}


def test_a_recording_is_attached_once_and_never_over_another(
    world: World, work: Workspace, tmp_path: Path
) -> None:
    call = desk.create_call(work, talk()).id
    world.sandbox.faults.lose_answer_to("crm.activity.update")

    first = desk.attach_recording(work, call, sound(tmp_path))
    held = activities(world)[0]["FILES"]
    second = desk.attach_recording(work, call, sound(tmp_path))
    other = desk.attach_recording(work, call, sound(tmp_path, 0.2, "other.wav"))

    assert (first.state, first.exit_code, second.state) == ("edited", 0, "already"), (first, second)
    assert (other.state, other.exit_code) == ("failed", 3), other
    assert activities(world)[0]["FILES"] == held


def test_a_call_is_shown_with_further_records_and_taken_back(world: World, work: Workspace) -> None:
    call = desk.create_call(work, talk(belongs_to=[("contact", 1)])).id

    more = desk.attach_call(work, call, [("deal", 2), ("company", 99)])
    again = desk.attach_call(work, call, [("deal", 2)])

    assert (more.state, more.exit_code) == ("partly", 3), more
    assert again.state == "already"
    assert links(work, call) == {(3, 1), (2, 2)}
    back = workflow.plan_undo(work, Run.find(work.root, more.run, work.clock.now))
    workflow.approve(back, portal=back.facts.portal, count=len(back.plan.active))
    workflow.carry_out(work, back, notify=False)
    assert links(work, call) == {(3, 1)}


def test_a_noted_call_is_taken_back_whole(world: World, work: Workspace, tmp_path: Path) -> None:
    made = desk.create_call(work, talk(), recording=sound(tmp_path))

    back = workflow.plan_undo(work, Run.find(work.root, made.run, work.clock.now))
    workflow.approve(back, portal=back.facts.portal, count=len(back.plan.active))
    workflow.carry_out(work, back, notify=False)

    assert activities(world) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no length"),
        (b"<!DOCTYPE html><html>", "a page for people"),
        (b"OggS" + bytes(100), "neither wav nor mp3"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_recording_is_refused_before_anything_is_written(
    world: World, work: Workspace, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "call.mp3"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(RecordingRefused, match=words):
        desk.create_call(work, talk(), recording=path)
    assert activities(world) == []


def test_a_recording_of_300_mb_is_refused_without_reading_it(work: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.touch()
    os.truncate(path, 300 * 1024 * 1024)

    with pytest.raises(RecordingRefused, match="larger than 100 MiB"):
        desk.create_call(work, talk(), recording=path)


def test_a_call_without_a_time_zone_or_of_nobody_is_refused() -> None:
    with pytest.raises(ParameterError, match="time zone"):
        talk(start=datetime(2026, 5, 1))
    with pytest.raises(ParameterError):
        talk(belongs_to=[])
    with pytest.raises(ParameterError, match="cannot belong"):
        talk(belongs_to=[("user", 1)])


def test_what_only_an_application_may_call_is_told() -> None:
    assert {"telephony.externalCall.register", "telephony.externalCall.finish"} <= set(
        desk.needs_application()
    )


@pytest.fixture
def app(world: World, tmp_path: Path) -> Workspace:
    return Workspace(application_settings(world, tmp_path), world.clock, InProcessTransport(world.sandbox))


def test_an_application_notes_a_call_by_telephone_once_with_its_recording_and_what_was_said(
    world: World, app: Workspace, tmp_path: Path
) -> None:
    call = talk(description="Просит перезвонить")
    first = desk.create_call(app, call, recording=sound(tmp_path))
    second = desk.create_call(app, call, recording=sound(tmp_path))

    assert (first.state, first.entity, second.state) == ("created", "activity", "already"), (first, second)
    (line,) = world.sandbox.store.rows("SELECT * FROM call_statistic")
    assert (line["EXTERNAL_CALL_ID"], line["CRM_ACTIVITY_ID"], line["CALL_DURATION"]) == (
        "cc:site:call:1",
        first.id,
        95,
    )
    assert line["RECORD_FILE_ID"]
    assert links(app, first.id) == {(3, 1), (2, 1)}
    with workflow.connect(app) as portal:
        (said,) = portal.call(
            "crm.timeline.comment.list", {"filter": {"ENTITY_ID": 1, "ENTITY_TYPE": "contact"}}
        )
    assert "Просит перезвонить" in said["COMMENT"]
    back = workflow.plan_undo(app, Run.find(app.root, first.run, app.clock.now))
    workflow.approve(back, portal=back.facts.portal, count=len(back.plan.active))
    workflow.carry_out(app, back, notify=False)
    assert activities(world) == []


def test_a_recording_of_a_call_of_the_telephone_is_attached_once_and_never_over_another(
    world: World, app: Workspace, work: Workspace, tmp_path: Path
) -> None:
    call = desk.create_call(app, talk()).id
    world.sandbox.faults.lose_answer_to("telephony.externalCall.attachRecord")

    first = desk.attach_recording(work, call, sound(tmp_path))
    held = world.sandbox.store.value("SELECT RECORD_FILE_ID FROM call_statistic")
    other = desk.attach_recording(work, call, sound(tmp_path, 0.2, "other.wav"))

    assert (first.state, first.exit_code) == ("edited", 0), first
    assert (other.state, other.exit_code) == ("failed", 3), other
    assert world.sandbox.store.value("SELECT RECORD_FILE_ID FROM call_statistic") == held


def test_a_call_noted_by_a_webhook_is_not_noted_again_by_an_application(
    world: World, app: Workspace, work: Workspace
) -> None:
    first, second = desk.create_call(work, talk()), desk.create_call(app, talk())
    assert (first.id, second.id, second.state) == (second.id, first.id, "already")
    third = desk.create_call(app, talk(marker="cc:site:call:2"))
    assert desk.create_call(work, talk(marker="cc:site:call:2")).id == third.id
    assert len(activities(world)) == 2
