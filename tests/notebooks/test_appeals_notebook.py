"""Appeals out of six years of calls, told by the notebook: done once, shown again, reported."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from tests.notebooks.conftest import Project

POLICY = """
operations: [provision_appeals, backfill_appeals, attach_calls, undo]
kinds: [create, update, bind, delete]
max_changes: 10000
max_share: 1.0
canary: 2
"""
SCALE = 0.004


def test_appeals_are_made_once_proven_and_reported(project: Project) -> None:
    given = {"scale": SCALE, "policy": "appeals.yaml"}
    (project.folder / "appeals.yaml").write_text(POLICY, encoding="utf-8")

    done, said, again = project.run_all_twice("30_appeals", **given)

    assert done.exit_code == 0, done.message
    for expected in (
        "Звонков без обращения",
        "Репетиция на копии прошла чисто",
        "Сделано и доказано",
        "План пуст",
        "Без обращения: до и после",
        "Кто отвечает: по линиям",
        "<svg",
    ):
        assert expected in said, expected
    begun = [each for each in project.runs() if _certified(project, each)]
    assert [each.split("-")[2] for each in begun] == ["provision_appeals", "backfill_appeals"]
    report = next(project.folder.glob(".sandbox/developer-*/snapshots/*/calls/calls.xlsx"))
    assert "Все звонки" in openpyxl.load_workbook(report, read_only=True).sheetnames

    assert "уже выполнено" in again, "what is over needs no approval"


def _certified(project: Project, run: str) -> bool:
    folder: Path = next(project.folder.glob(f".sandbox/*/snapshots/*/{run}"))
    return (folder / "certificate.json").is_file()
