"""A small firm on a sandbox portal, in played time, and the whole river through it."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from toolkit.client import Portal, SimulatedClock
from toolkit.operations import operation
from toolkit.records import take_snapshot
from toolkit.runs import (
    ApplyRules,
    Certificate,
    Operation,
    Plan,
    Run,
    RunFacts,
    Undo,
    apply,
    facts_of,
    verify,
)
from toolkit.sandbox import InProcessTransport, Sandbox, SharedClock, new_portal
from toolkit.sandbox.state.records import Draft
from toolkit.sandbox.switches import Switches
from toolkit.settings import Settings

SECRET = "s3cr3tw0rd0fth1sw3bh00k"


@dataclass
class World:
    """A sandbox portal, a client of it, and a folder for runs."""

    root: Path
    clock: SimulatedClock
    sandbox: Sandbox
    portal: Portal
    runs: int = 0
    operation: Operation = field(default_factory=lambda: operation("reassign_contacts"))

    def plan(self, **given: Any) -> Run:
        return self.plan_of(self.operation, self.operation.parameters(given))

    def plan_of(self, operation: Operation, params: Any, *, undoes: str = "") -> Run:
        self.runs += 1
        facts = RunFacts(
            f"run{self.runs}",
            operation.name,
            params.model_dump(mode="json"),
            self.portal.host,
            "2026-06-01T12:00:00+00:00",
            "test",
            facts_of(operation.reads(params)),
            undoes,
        )
        run = Run.create(self.root, facts, self.clock.now)
        before = take_snapshot(self.portal, run.wanted, run.folder / "before", clock=self.clock)
        tables = {name: before.table(name) for name in before.entities}
        operation.check(tables, params)
        run.freeze(Plan.freeze(operation.plan(tables, params), {"operation": operation.name}))
        return run

    def planned(self) -> Run:
        """The first run, as it was when this world was put aside."""
        return Run.find(self.root, "run1", self.clock.now)

    def apply(self, run: Run, **rules: Any) -> dict[str, int]:
        return apply(run, self.portal, self.clock, ApplyRules(**rules))

    def verify(self, run: Run) -> Certificate:
        return verify(
            run, self.operation, self.operation.parameters(run.facts.parameters), self.portal, self.clock
        )

    def undo(self, run: Run, **given: Any) -> Run:
        undo = Undo.of(run)
        return self.plan_of(undo, undo.parameters({"run": run.id, **given}), undoes=run.id)

    def owners(self) -> dict[int, int]:
        """Contact id to responsible, as the portal holds them."""
        rows = self.sandbox.store.rows("SELECT ID, ASSIGNED_BY_ID FROM crm_3 ORDER BY ID")
        return {row["ID"]: row["ASSIGNED_BY_ID"] for row in rows}

    def edit(self, contact: int, by: int = 3, **columns: Any) -> None:
        """A person saves a contact in the interface."""
        kind = self.sandbox.schema.kind(3)
        self.sandbox.records.update(kind, contact, Draft(dict(columns)), self.sandbox.system_caller(by))

    def writes(self, method: str = "crm.item.update") -> int:
        """How often the portal really executed a method."""
        return sum(noted.executed.count(method) for noted in self.sandbox.log)


@dataclass(frozen=True)
class Kept:
    """A world put aside, to be taken up again as often as wanted.

    Args:
        state: the portal's database.
        root: the folder of runs.
        moment: the clock.
        switches: of the portal.
        operation: what is being tried.
        runs: how many there are.
    """

    state: bytes
    root: Path
    moment: float
    switches: Switches
    operation: Operation
    runs: int

    @classmethod
    def of(cls, world: World, aside: Path) -> Kept:
        """A world as it is now.

        Args:
            world: it.
            aside: a folder to be made, for a copy of its runs.
        """
        for run in Run.all(world.root, world.clock.now):
            run.close()
        db = world.sandbox.store.db
        shutil.copytree(world.root, aside)
        facts = (world.clock.now(), world.sandbox.switches, world.operation, world.runs)
        return cls(db.serialize(), aside, *facts)

    def again(self, root: Path) -> World:
        """The same world once more, in another folder."""
        clock = SimulatedClock(self.moment)
        sandbox = Sandbox(clock=SharedClock(clock))
        sandbox.store.db.deserialize(self.state)
        sandbox.schema.forget()
        sandbox.switches = self.switches
        shutil.copytree(self.root, root / "snapshots")
        portal = connected(sandbox, clock, root)
        return World(root / "snapshots", clock, sandbox, portal, self.runs, self.operation)


def connected(sandbox: Sandbox, clock: SimulatedClock, root: Path) -> Portal:
    """A client of a portal that has our webhook."""
    settings = Settings.load(
        env_file=None, webhook=f"https://sandbox.local/rest/1/{SECRET}/", state_dir=root / "state", plan="box"
    )
    return Portal.connect(settings, clock=clock, transport=InProcessTransport(sandbox))


def make_world(
    root: Path, contacts: int = 12, deals: int = 16, *, limits: str = "off", number: int = 1
) -> World:
    """A firm of five employees (one dismissed), some contacts, and deals out of step with them."""
    clock = SimulatedClock()
    sandbox = new_portal(clock=SharedClock(clock), limits=limits)
    for user in range(2, 7):
        sandbox.store.insert(
            "user",
            {
                "ID": user,
                "NAME": f"Имя{user}",
                "LAST_NAME": f"Фамилия{user}",
                "UF_DEPARTMENT": "[1]",
                "ACTIVE": "N" if user == 6 else "Y",
            },
        )
    chance = random.Random(number)
    caller = sandbox.system_caller(1)
    contact, deal = sandbox.schema.kind(3), sandbox.schema.kind(2)
    for each in range(contacts):
        sandbox.records.add(
            contact, Draft({"NAME": f"Контакт {each}", "ASSIGNED_BY_ID": chance.randint(1, 5)}), caller
        )
    for each in range(deals):
        members = [each % contacts + 1] if each < contacts else chance.sample(range(1, contacts + 1), 1)
        columns = {"TITLE": f"Сделка {each}", "ASSIGNED_BY_ID": chance.randint(1, 6)}
        sandbox.records.add(deal, Draft(columns, contact_ids=members), caller)
    sandbox.access.add_webhook(1, SECRET)
    clock.sleep(3600)
    portal = connected(sandbox, clock, root)
    sandbox.log.clear()
    return World(root / "snapshots", clock, sandbox, portal)


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The small firm with its reassignment planned: a sweep takes it up anew for each attempt."""
    root = tmp_path_factory.mktemp("planned")
    world = make_world(root)
    world.plan(winner="newest").close()
    return Kept.of(world, root / "aside")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)
