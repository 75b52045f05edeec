"""The developer's portal in played time, and runs of operations on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from toolkit.client import Portal, SimulatedClock
from toolkit.operations import operation
from toolkit.records import Snapshot, Wanted, take_snapshot
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
from toolkit.sandbox.seeds import SEEDS
from toolkit.settings import Settings

EMPTY = (None, "", "[]")
SECRET = "s3cr3tw0rd0fth1sw3bh00k"
BY_HAND = {"result": "ufCrm1_1650000001", "duration": "ufCrm1_1650000002", "comment": "ufCrm1_1650000003"}
APPEALS = {"appeals": 177, "fields": BY_HAND}


@dataclass
class Firm:
    """The developer's portal in played time, and a client of it."""

    root: Path
    clock: SimulatedClock
    sandbox: Sandbox
    portal: Portal
    runs: int = 0

    def plan(self, name: str, **given: Any) -> Run:
        rule = operation(name)
        return self._plan(rule, rule.parameters(given))

    def undo(self, run: Run) -> Run:
        rule = Undo.of(run)
        return self._plan(rule, rule.parameters({"run": run.id}), run.id)

    def _plan(self, rule: Operation, params: Any, undoes: str = "") -> Run:
        self.runs += 1
        facts = RunFacts(
            f"run{self.runs}",
            rule.name,
            params.model_dump(mode="json"),
            self.portal.host,
            "2026-06-01T12:00:00+00:00",
            "test",
            facts_of(rule.reads(params)),
            undoes,
        )
        run = Run.create(self.root / "runs", facts, self.clock.now)
        before = take_snapshot(self.portal, run.wanted, run.folder / "before", clock=self.clock)
        tables = {name: before.table(name) for name in before.entities}
        rule.check(tables, params)
        run.freeze(Plan.freeze(rule.plan(tables, params), {"operation": rule.name}))
        return run

    def carry_out(self, run: Run) -> dict[str, int]:
        return apply(run, self.portal, self.clock, ApplyRules())

    def verify(self, run: Run, rule: Operation | None = None) -> Certificate:
        rule = rule or operation(run.facts.operation)
        return verify(run, rule, rule.parameters(run.facts.parameters), self.portal, self.clock)

    def set_up(self) -> None:
        self.carry_out(self.plan("provision_appeals", adopt=177, fields=BY_HAND))

    def appeals(self) -> list[dict[str, Any]]:
        """The appeals without the moments at which somebody touched them."""
        moments = {"UPDATED_TIME", "UPDATED_BY", "LAST_ACTIVITY_TIME", "LAST_ACTIVITY_BY"}
        rows = self.sandbox.store.rows("SELECT * FROM crm_177 ORDER BY ID")
        # A field that was never filled and one that was emptied again mean the same.
        return [
            {name: value for name, value in dict(row).items() if name not in moments and value not in EMPTY}
            for row in rows
        ]

    def links(self) -> list[tuple[int, ...]]:
        rows = self.sandbox.store.rows(
            "SELECT ACTIVITY_ID, ENTITY_TYPE_ID, ENTITY_ID FROM activity_binding ORDER BY 1, 2, 3"
        )
        return [tuple(row) for row in rows]

    def appeal_count(self, marker: str) -> int:
        """How many appeals carry a marker like this."""
        return int(self.sandbox.store.value("SELECT COUNT(*) FROM crm_177 WHERE XML_ID LIKE ?", [marker]))

    def link_count(self, activity: int) -> int:
        """On how many records an activity hangs."""
        return sum(link[0] == activity for link in self.links())

    def snapshot(self, run: Run) -> Snapshot:
        wanted = [Wanted(each.entity, each.fields, each.filter) for each in run.wanted]
        return take_snapshot(self.portal, wanted, self.root / f"snapshot-{run.id}", clock=self.clock)

    def truth(self) -> dict[tuple[str, int], dict[str, Any]]:
        """What the seed says of each call, by line or activity."""
        rows = self.sandbox.store.rows("SELECT * FROM seed_truth WHERE TOPIC IN ('call', 'call_activity')")
        return {
            ("row" if row["TOPIC"] == "call" else "activity", row["RECORD_ID"]): {
                "talk": row["CLUSTER"],
                **json.loads(row["EXTRA"]),
            }
            for row in rows
        }


def make_firm(root: Path, scale: float = 0.006, *, limits: str = "off", seed: int = 1) -> Firm:
    """The developer's portal at this scale, and a client of it."""
    clock = SimulatedClock()
    sandbox = new_portal(clock=SharedClock(clock), limits=limits)
    SEEDS["developer"](sandbox, scale, seed)
    sandbox.access.add_webhook(1, SECRET)
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=root / "state",
        plan="cloud" if limits == "cloud" else "box",
    )
    portal = Portal.connect(settings, clock=clock, transport=InProcessTransport(sandbox))
    return Firm(root, clock, sandbox, portal)


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return make_firm(tmp_path)
