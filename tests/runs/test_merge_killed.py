"""Merging and taking back, killed around every request or failed in every method: it ends as if undisturbed.

The portal is tiny, but every kind of child hangs on its cards. The world is made and planned once; each
attempt takes it up anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from toolkit.client import Command
from toolkit.runs import Run
from toolkit.runs.merges.carrying import aliases

from .conftest import World
from .duplicates import Kept, ask, held, make_doubled
from .test_merge_undo import by_alias

READS = (".get", ".list", ".fields")
MERGE = "crm.entity.mergebatch"  # as the log of the portal spells it
_AT = ("DATE_CREATE", "DATE_MODIFY", "CHANGED_DATE", "ACTIVITY_DATE", "CREATED_TIME", "LAST_UPDATED")


class Killed(BaseException):
    """The process is gone: nothing in it runs any more."""


@pytest.fixture(scope="module")
def doubled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, Kept, dict[str, Any]]:
    """The planned merge, the planned undo, and the portal before both."""
    root = tmp_path_factory.mktemp("doubled")
    world = make_doubled(root)
    field = {"FIELD_NAME": "TIED", "USER_TYPE_ID": "crm", "SETTINGS": {"CONTACT": "Y", "LEAD": "Y"}}
    ask(world, "crm.deal.userfield.add", fields=field)
    ask(world, "crm.item.update", entityTypeId=2, id=2, fields={"ufCrm_TIED": "C_5"})
    task = {"TITLE": "Позвонить", "RESPONSIBLE_ID": 1, "UF_CRM_TASK": ["C_5", "CO_2"]}
    ask(world, "tasks.task.add", fields=task)
    before = by_alias(world)
    world.clock.sleep(600)
    run = world.plan()
    run.close()
    merging = Kept.of(world, root / "merging")
    world.apply(run)
    back = world.undo(run)
    for each in (run, back):
        each.close()
    return merging, Kept.of(world, root / "undoing"), before


def run_of(world: World, name: str) -> Run:
    return Run.find(world.root, name, world.clock.now)


def killed(world: World, name: str, at: int, *, after: bool) -> bool:
    """Applies a run that dies around its request number `at`, then once more; whether it died."""
    send, seen = world.portal.send, itertools.count(1)

    def dying(commands: Sequence[Command]) -> Any:
        mine = next(seen) == at
        if mine and not after:
            raise Killed
        outcomes = send(commands)
        if mine:
            raise Killed
        return outcomes

    run = run_of(world, name)
    world.portal.send = dying  # type: ignore[method-assign]  # the process dies here
    died = False
    try:
        world.apply(run)
    except Killed:
        died = True
    world.portal.send = send  # type: ignore[method-assign]  # and is started again
    run.close()
    world.apply(run_of(world, name))
    return died


def writing(kept: Kept, name: str, root: Path) -> list[bool]:
    """For each request of the undisturbed run, whether it writes."""
    world = kept.again(root / "calm")
    send, seen = world.portal.send, list[bool]()

    def noting(commands: Sequence[Command]) -> Any:
        seen.append(any(not each.method.lower().endswith(READS) for each in commands))
        return send(commands)

    world.portal.send = noting  # type: ignore[method-assign]  # to see what the run asks for
    world.apply(run_of(world, name))
    return seen


def attempts(kept: Kept, name: str, root: Path, *, after: bool) -> Iterator[tuple[int, World]]:
    """A world for each request of the run, in which it was killed there and resumed.

    To die with the answer of a request that only reads is to die before it: such are tried once.
    """
    writes = writing(kept, name, root)
    assert len(writes) > 12
    for at, wrote in enumerate(writes, 1):
        if after and not wrote:
            continue
        world = kept.again(root / f"{after}{at}")
        assert killed(world, name, at, after=after)
        yield at, world


@pytest.mark.parametrize("after", [False, True])
def test_a_merge_killed_at_any_request_ends_like_the_undisturbed_one(
    after: bool, doubled: tuple[Kept, Kept, Any], tmp_path: Path
) -> None:
    merging, undoing, _ = doubled
    wanted = held(undoing.again(tmp_path / "undisturbed"), without=_AT)

    for at, world in attempts(merging, "run1", tmp_path, after=after):
        assert held(world, without=_AT) == wanted, at
        assert world.writes(MERGE) == 3, at


@pytest.mark.parametrize("after", [False, True])
def test_an_undo_killed_at_any_request_gives_everything_back_once(
    after: bool, doubled: tuple[Kept, Kept, Any], tmp_path: Path
) -> None:
    _, undoing, before = doubled

    for at, world in attempts(undoing, "run2", tmp_path, after=after):
        runs = [run_of(world, "run1"), run_of(world, "run2")]
        assert by_alias(world, aliases(runs)) == before, at


@pytest.mark.parametrize("kind", ["lose_answer", "partial"])
def test_a_fault_in_any_method_of_a_merge_changes_nothing(
    kind: str, doubled: tuple[Kept, Kept, Any], tmp_path: Path
) -> None:
    merging, undoing, _ = doubled
    wanted = held(undoing.again(tmp_path / "undisturbed"), without=_AT)

    for method, world in disturbed(merging, "run1", kind, tmp_path):
        assert held(world, without=_AT) == wanted, method
        assert world.writes(MERGE) == 3, method


@pytest.mark.parametrize("kind", ["lose_answer", "partial"])
def test_a_fault_in_any_method_of_an_undo_changes_nothing(
    kind: str, doubled: tuple[Kept, Kept, Any], tmp_path: Path
) -> None:
    _, undoing, before = doubled

    for method, world in disturbed(undoing, "run2", kind, tmp_path):
        runs = [run_of(world, "run1"), run_of(world, "run2")]
        assert by_alias(world, aliases(runs)) == before, method


def disturbed(kept: Kept, name: str, kind: str, root: Path) -> Iterator[tuple[str, World]]:
    """A world for each method the run writes with, in which the first such write went wrong."""
    world = kept.again(root / "calm")
    world.apply(run_of(world, name))
    executed = {method for noted in world.sandbox.log for method in noted.executed}
    writes = sorted(each for each in executed if not each.endswith((".list", ".get", "batch")))
    assert len(writes) > 5
    for method in writes:
        world = kept.again(root / f"{kind}-{method}")
        world.sandbox.faults.plan(kind, method, at=1, seconds=1 if kind == "partial" else 0)
        world.apply(run_of(world, name))
        yield method, world
