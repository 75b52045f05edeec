"""The desk killed at every request it makes: said again, the same words bring it home, and nothing is there twice."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import World, make_world
from tests.test_kill_sweep import DyingTransport, Killed
from tests.test_workflow import workspace
from tests.workflow.test_desk_calls import sound, talk
from toolkit.workflow import Workspace, desk


def held(world: World) -> tuple[Any, ...]:
    """What the portal holds of what the desk makes."""
    rows = world.sandbox.store.rows
    return (
        [tuple(row) for row in rows("SELECT NAME, LAST_NAME, ORIGIN_ID FROM crm_3 ORDER BY ID")],
        [tuple(row) for row in rows("SELECT TITLE, ORIGIN_ID FROM crm_4 ORDER BY ID")],
        [tuple(row) for row in rows("SELECT ENTITY_ID, RQ_INN FROM requisite ORDER BY ID")],
        [
            (row["ORIGIN_ID"], row["ORIGIN_VERSION"], len(str(row["FILES"] or "[]").split(",")))
            for row in rows("SELECT ORIGIN_ID, ORIGIN_VERSION, FILES FROM activity ORDER BY ID")
        ],
        sorted(
            tuple(row) for row in rows("SELECT ACTIVITY_ID, ENTITY_TYPE_ID, ENTITY_ID FROM activity_binding")
        ),
    )


def note(work: Workspace, recording: Path) -> Any:
    return desk.create_call(work, talk(), recording=recording)


def firm(work: Workspace, _recording: Path) -> Any:
    return desk.create_company(work, title="ООО Ромашка", inn="7707083893", phones=["8 495 123-45-67"])


def heard(work: Workspace, recording: Path) -> Any:
    return desk.attach_recording(work, 1, recording)


VERBS = {"note": note, "firm": firm, "heard": heard}


@pytest.mark.parametrize(("verb", "after"), [("note", False), ("firm", True), ("heard", True)])
def test_killed_at_any_request_the_same_words_finish_it(tmp_path: Path, verb: str, after: bool) -> None:
    recording = sound(tmp_path)
    wanted = held(said(VERBS[verb], recording, tmp_path / "calm"))

    for at in itertools.count(1):
        world = start(tmp_path / str(at), verb)
        work = workspace(world, tmp_path / str(at))
        transport = work.transport
        assert transport is not None
        dying = DyingTransport(transport, at, after=after)
        try:
            VERBS[verb](dataclasses.replace(work, transport=dying), recording)
        except Killed:
            pass
        else:
            break
        VERBS[verb](work, recording)
        assert held(world) == wanted, f"killed at request {at}"
    assert at > 5


def start(folder: Path, verb: str) -> World:
    world = make_world(folder, contacts=2, deals=2)
    if verb == "heard":
        desk.create_call(workspace(world, folder), talk())
    return world


def said(verb: Callable[[Workspace, Path], Any], recording: Path, folder: Path) -> World:
    world = start(folder, verb.__name__)
    verb(workspace(world, folder), recording)
    return world
