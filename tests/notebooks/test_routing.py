"""Notebook 50 in a real kernel: check, simulate, publish, re-route, take back."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from tests.notebooks.conftest import Project
from toolkit.errors import SheetError
from toolkit.notebook.markup import Speech
from toolkit.notebook.routing import UploadForm, newest_sheet

SCALE = 0.01
POLICY = """
operations: [provision_routing, publish_routing, reroute_open_appeals, undo]
kinds: [create, update, delete]
max_changes: 5000
max_share: 1.0
must_rehearse: false
"""


def test_the_notebook_publishes_a_directory_moves_open_appeals_and_undo_takes_it_back(
    project: Project,
) -> None:
    (project.folder / "routing-policy.yaml").write_text(POLICY)
    before = project.runs()
    given = {"scale": SCALE, "policy": "routing-policy.yaml"}

    done, said, _ = project.run_all_twice("50_routing", **given)

    assert done.exit_code == 0, done.message
    for expected in (
        "Что изменит новый справочник",
        "справочник можно публиковать",
        "Копия с пометками",
        "Нагрузка по людям",
        "элемент «Обращение»",
        "Сделано и доказано",
    ):
        assert expected in said, expected
    assert "10 МБ" in said, "the limit of uploads is announced"
    copy = next((project.folder / "output").glob("* (с пометками).xlsx"))
    assert openpyxl.load_workbook(copy).sheetnames[0] == "Проблемы"
    runs = [each for each in project.runs() if each not in before]
    begun = [each.split("-")[2].partition("_")[0] for each in runs]
    assert begun == ["provision", "publish", "reroute"], "Run All twice starts nothing new"

    back, _ = project.run("90_undo", scale=SCALE, seed="retail", run=runs[1], policy="routing-policy.yaml")
    assert back.exit_code == 0, back.message
    newest = next(project.folder.glob(f".sandbox/*/snapshots/*/{project.runs()[-1]}"))
    assert json.loads((newest / "run.json").read_text())["undoes"] == runs[1]
    assert json.loads((newest / "certificate.json").read_text())["unexplained"] == 0


def test_an_upload_lands_in_the_inbox_and_nowhere_else(tmp_path: Path) -> None:
    form = UploadForm(tmp_path / "inbox", Speech("ru"))

    kept = form.keep("..\\..\\evil/../Маршруты.xlsx", b"PK")

    assert kept == tmp_path / "inbox" / "Маршруты.xlsx"
    assert newest_sheet(tmp_path / "inbox") == kept
    assert kept.stat().st_mode & 0o077 == 0
    with pytest.raises(SheetError, match="too large"):
        form.keep("big.xlsx", b"0" * (51 * 2**20))
    assert "50 МБ" in repr(form)


def test_an_inbox_without_spreadsheets_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("x")
    with pytest.raises(SheetError, match="Drag one there"):
        newest_sheet(tmp_path)
