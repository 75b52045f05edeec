"""Notebook 20 with a spreadsheet of who hands over to whom, in a real kernel."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook

from tests.notebooks.conftest import SCALE, Project
from toolkit.notebook import open_portal


def _write(path: Path, *rows: list[object]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def test_a_table_of_the_inbox_is_planned_once(project: Project) -> None:
    portal = open_portal(folder=project.folder, scale=SCALE)
    contacts = portal.snapshot("contact", "user").table("contact")
    giver = int(contacts["assignedById"].value_counts().index[0])
    owned = int((contacts["assignedById"] == giver).sum())
    users = portal.snapshot("contact", "user").table("user")
    working = users.loc[users["ACTIVE"].astype(bool), "ID"].astype(int)
    receiver = next(each for each in working if each not in (giver, 1))
    _write(
        project.folder / "inbox" / "handover.xlsx", ["От кого", "Кому", "Зачем"], [giver, receiver, "уходит"]
    )
    before = project.runs()

    waits, said = project.run("20_reassign", scale=SCALE, table="handover.xlsx")

    assert waits.exit_code == 5, waits.message
    assert "policy=policy.yaml" in waits.message
    assert "10 МБ" in said, "the limit of uploads is announced"
    again = portal.hand_over("handover.xlsx", entities=["contact"], notify=False)
    (made,) = [each for each in project.runs() if each not in before]
    assert again.id == made
    assert again.run.facts.operation == "reassign_by_table"
    plan = portal.run(made).run.plan.active
    assert len(plan) == owned
    assert set(plan["record_id"]) == set(contacts.loc[contacts["assignedById"] == giver, "id"])
