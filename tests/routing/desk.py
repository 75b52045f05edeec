"""A small appeals desk on a sandbox portal, and directories for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.runs.conftest import World, make_world
from tests.test_workflow import workspace
from toolkit import workflow
from toolkit.runs import Certificate, Run
from toolkit.sheets import check_file
from toolkit.sheets.checking import CheckedDirectory
from toolkit.workflow import Workspace

COLUMNS = ("Тема", "Регион", "Подразделение", "Ответственный", "Заместитель", "Приоритет", "Действует с")


@dataclass
class Desk:
    """A portal with five people (2 to 5 work there, 6 was dismissed), and an admin's workspace."""

    world: World
    work: Workspace
    home: Path
    shelf: str = "process"

    @classmethod
    def opened(cls, home: Path, *, provisioned: bool = True, shelf: str = "process") -> Desk:
        world = make_world(home / "world", contacts=2, deals=2)
        desk = cls(world, workspace(world, home), home, shelf)
        if provisioned:
            desk.carry_out(workflow.plan(desk.work, "provision_routing", {"shelf": shelf}))
        return desk

    def checked(self, rows: Iterable[Mapping[str, Any]], name: str = "routing.csv") -> CheckedDirectory:
        """A directory of an admin, checked against the portal."""
        path = self.home / name
        lines = [";".join(COLUMNS)]
        lines += [
            ";".join(str({"Подразделение": "*", **row}.get(each, "")) for each in COLUMNS) for row in rows
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        found = check_file(path, workflow.routing_facts(self.work), on=self.today)
        assert not found.errors, found.errors
        return found

    def carry_out(self, run: Run) -> Certificate:
        workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))
        certificate = workflow.carry_out(self.work, run)
        assert certificate.complete, certificate
        return certificate

    def publish(self, rows: Iterable[Mapping[str, Any]], effective_from: date | None = None) -> Run:
        run = workflow.plan_publishing(self.work, self.checked(rows), effective_from)
        self.carry_out(run)
        return run

    @property
    def today(self) -> date:
        return date.fromtimestamp(self.world.clock.now())

    def in_days(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def items(self) -> list[dict[str, Any]]:
        """The rows of published routing as the portal holds them, without moments and authors."""
        if self.shelf == "list":
            found = self.world.sandbox.store.rows("SELECT ID, CODE, NAME, PREVIEW_TEXT FROM iblock_element")
            return [dict(row) for row in found]
        kinds = self.world.sandbox.store.rows(
            "SELECT ENTITY_TYPE_ID FROM dynamic_type WHERE CODE = 'b24kit_routing'"
        )
        rows = self.world.sandbox.store.rows(f"SELECT * FROM crm_{kinds[0]['ENTITY_TYPE_ID']} ORDER BY ID")
        left_out = ("_TIME", "_BY")
        return [
            {
                key: value
                for key, value in dict(row).items()
                if not key.endswith(left_out) and value not in (None, "")
            }
            for row in rows
        ]


def rule(topic: str, who: int, region: str = "*", **more: Any) -> dict[str, Any]:
    """A row of an admin's table."""
    return {"Тема": topic, "Регион": region, "Ответственный": who, **more}
