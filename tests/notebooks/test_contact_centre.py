"""A contact centre's export told by the notebook: loaded once, corrected, fed every day, and the way back."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from tests.notebooks.conftest import Project

POLICY = """
operations: [load_contact_centre]
kinds: [create, update, bind]
max_changes: 1000
max_share: 1.0
must_rehearse: false
canary: 5
"""
SCALE = 0.005


def test_an_export_is_loaded_once_corrected_and_told_back(project: Project) -> None:
    (project.folder / "centre.yaml").write_text(POLICY, encoding="utf-8")
    done, said, again = project.run_all_twice(
        "70_contact_centre",
        scale=SCALE,
        policy="centre.yaml",
    )

    assert done.exit_code == 0, done.message
    for expected in (
        "не загружается",
        "«три тысячи» — не число",
        "некуда: откладывается",
        "Все строки",
        "<svg",
        "Репетиция на копии прошла чисто",
        "Сделано и доказано",
        "План пуст",
        "Один проход дежурного режима",
        "Изменено на портале: 2",
        "Отменить выполненный запуск",
    ):
        assert expected in said, expected
    carried_out = [each for each in project.runs() if _certified(project, each)]
    assert [each.split("-")[2] for each in carried_out] == ["load_contact_centre"] * 3
    told = openpyxl.load_workbook(project.folder / "inbox" / "Изменения портала.xlsx", read_only=True)
    assert len(list(told.worksheets[0].iter_rows())) == 3, "nor does the second pass write over it"

    assert "уже выполнено" in again, "what is over needs no approval"
    assert "более новая выгрузка" in again


def _certified(project: Project, run: str) -> bool:
    folder: Path = next(project.folder.glob(f".sandbox/*/snapshots/*/{run}"))
    return (folder / "certificate.json").is_file()
