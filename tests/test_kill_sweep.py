"""The whole river, killed at every request it makes: afterwards the same command brings it home."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import httpx
import pytest

from tests.runs.conftest import World, make_world
from tests.test_workflow import agree, workspace
from toolkit import workflow

GIVEN = {"winner": "newest", "notify": True}


class Killed(BaseException):
    """The process is gone."""


class DyingTransport(httpx.BaseTransport):
    """Hands requests on until one is the last.

    Args:
        inner: where requests go.
        at: the request, counted from 1, at which the process dies.
        after: die after the portal has answered, not before it was asked.
    """

    def __init__(self, inner: httpx.BaseTransport, at: int, *, after: bool) -> None:
        self._inner, self._at, self._after = inner, at, after
        self.seen = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen += 1
        if self.seen == self._at and not self._after:
            raise Killed
        response = self._inner.handle_request(request)
        if self.seen == self._at:
            raise Killed
        return response


def held(world: World) -> tuple[dict[int, int], list[tuple[int, str]]]:
    """What the portal holds: responsibles, and who was told what (without the run's own name)."""
    told = world.sandbox.store.rows("SELECT USER_ID, MESSAGE FROM im_notification ORDER BY USER_ID")
    return world.owners(), [(row["USER_ID"], row["MESSAGE"]) for row in told]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_request_the_same_command_finishes_the_run(tmp_path: Path, after: bool) -> None:
    calm = make_world(tmp_path / "calm")
    workflow.run_all(
        workspace(calm, tmp_path / "calm"), "reassign_contacts", GIVEN, agree=agree, rehearsing=False
    )
    wanted = held(calm)
    writes = calm.writes()
    assert wanted[1]

    for at in itertools.count(1):
        home = tmp_path / f"{at}"
        world = make_world(home)
        work = workspace(world, home)
        assert work.transport is not None
        dying = DyingTransport(work.transport, at, after=after)
        died = False
        try:
            workflow.run_all(
                dataclasses.replace(work, transport=dying),
                "reassign_contacts",
                GIVEN,
                agree=agree,
                rehearsing=False,
            )
        except Killed:
            died = True

        workflow.run_all(work, "reassign_contacts", GIVEN, agree=agree, rehearsing=False)

        assert held(world) == wanted, at
        assert world.writes() == writes, at
        assert len(list((home / "snapshots").glob("*/*/run.json"))) <= 2, at
        if not died:
            assert at > 8
            return
