"""A contact centre's load killed and let down at every request: nothing twice, nothing lost, the same portal."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.operations.centre_truth import RULE, rows_of
from tests.runs.conftest import SECRET, Kept, World, make_world
from tests.test_kill_sweep import DyingTransport, Killed
from toolkit.client import Portal
from toolkit.runs import ApplyRules, Run, apply
from toolkit.sandbox import InProcessTransport
from toolkit.sandbox.faults import Kind
from toolkit.settings import Settings

MOST_REQUESTS = 60
MOMENTS = {"CREATED_TIME", "MOVED_TIME", "CREATED", "LAST_UPDATED", "DATE_CREATE", "DATE_MODIFY", "DEADLINE"}
# All executed, or a part of it; what executes nothing is asked again without a word.
FAULTS: tuple[Kind, ...] = ("lose_answer", "partial")


def row(number: str, **cells: Any) -> dict[str, Any]:
    return {"id": number, "at": "2026-05-01T10:00:00+03:00", "topic": "Ремонт", **cells}


ANNA = {"last_name": "Полякова", "name": "Анна", "second_name": "Олеговна", "phone": "8 912 345-67-01"}
KNOWN = {"last_name": "Серова", "name": "Вера", "second_name": "Павловна", "phone": "8 912 345-67-08"}
FIRM = {"company": "ООО Ромашка", "inn": "7707083893", "kpp": "773601001"}
GIVEN: dict[str, Any] = {
    "system": "cc1",
    "topics": [{"topic": "*", "pipeline": 0, "stage": "NEW"}],
    "fallback": 2,
    "requests": [
        row("R1", **ANNA, title="Течёт кран", amount=1500),
        row("R2", **ANNA, **FIRM, title="Договор"),
        row("R3", last_name="Ершов", name="Борис", second_name="Ильич", email="boris@site.example", **FIRM),
        row("R4", **KNOWN, email="vera@site.example", comment="Перезвоните"),
    ],
    "calls": [
        {"id": "C1", "at": "2026-05-01T11:00:00+03:00", "phone": ANNA["phone"], "request": "R1", "duration_s": 60},
        {"id": "C2", "at": "2026-05-01T12:00:00+03:00", "phone": "8 912 345-67-99", "direction": "out"},
    ],
    "history": [
        {"id": "H1", "request": "R1", "at": "2026-05-01T13:00:00+03:00", "before": "а", "after": "б", "why": "описка"},
        {"id": "H2", "request": "R1", "at": "2026-05-01T14:00:00+03:00", "before": "б", "after": "в", "why": "печать"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A small portal that knows one of the clients, with the load planned."""
    home = tmp_path_factory.mktemp("ready")
    world = make_world(home, contacts=3, deals=3)
    world.operation = RULE
    fields = {
        "name": "Вера",
        "lastName": "Серова",
        "secondName": "Павловна",
        "fm": [{"typeId": "PHONE", "valueType": "WORK", "value": "+79123456708"}],
    }
    made = world.portal.call("crm.item.add", {"entityTypeId": 3, "fields": fields})["item"]["id"]
    world.portal.call("crm.item.add", {"entityTypeId": 2, "fields": {"title": "Есть", "contactIds": [made]}})
    world.clock.sleep(3600)
    world.plan(**GIVEN).close()
    return Kept.of(world, home / "aside")


def held(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """What the portal holds, without the moments of writing."""
    return {
        table: sorted(
            tuple(str(value) for name, value in row.items() if name not in MOMENTS) for row in rows.values()
        )
        for table, rows in rows_of(world.sandbox).items()
    }


def dying(world: World, at: int, *, after: bool) -> Portal:
    """A client of the portal whose process ends at a request."""
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=world.root.parent / "state",
        plan="box",
    )
    transport = DyingTransport(InProcessTransport(world.sandbox), at, after=after)
    return Portal.connect(settings, clock=world.clock, transport=transport)


@pytest.fixture(scope="module")
def wanted(ready: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Any, ...]]]:
    """What the portal holds when nothing happens."""
    calm = ready.again(tmp_path_factory.mktemp("calm"))
    before, run = held(calm), calm.planned()
    assert set(calm.apply(run)) == {"done"}
    assert {table for table, rows in held(calm).items() if rows != before[table]} >= {
        *("crm_2", "crm_3", "crm_4", "requisite", "activity", "multifield", "timeline_entry")
    }
    run.close()
    return held(calm)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_request_it_is_resumed_to_the_same_portal(
    ready: Kept, wanted: dict[str, list[tuple[Any, ...]]], tmp_path: Path, after: bool
) -> None:
    for at in itertools.count(1):
        assert at < MOST_REQUESTS
        world = ready.again(tmp_path / f"{at}")
        run, died = world.planned(), False
        try:
            apply(run, dying(world, at, after=after), world.clock, ApplyRules())
        except Killed:
            died = True
        run.close()
        run = Run.find(world.root, run.id, world.clock.now)

        assert set(world.apply(run)) == {"done"}, at

        assert held(world) == wanted, at
        run.close()
        if not died:
            assert at > 5
            return


@pytest.mark.parametrize("kind", FAULTS)
def test_let_down_at_any_request_nothing_is_made_twice_and_nothing_is_lost(
    ready: Kept, wanted: dict[str, list[tuple[Any, ...]]], tmp_path: Path, kind: Kind
) -> None:
    for at in itertools.count(1):
        assert at < MOST_REQUESTS
        world = ready.again(tmp_path / f"{at}")
        run = world.planned()
        fault = world.sandbox.faults.plan(kind, at=at, seconds=2)

        assert set(world.apply(run)) == {"done"}, at

        assert held(world) == wanted, at
        run.close()
        if not fault.spent:
            assert at > 5
            return
