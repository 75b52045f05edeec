"""Every notebook from top to bottom in a real kernel, twice, on the sandbox beside it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from tests.notebooks.conftest import SCALE, Project, said_in


def test_the_tour_tells_its_story_and_plain_papermill_shows_it_again(project: Project) -> None:
    executed, said = project.run("00_tour", scale=SCALE)

    assert (executed.exit_code, executed.message) == (0, "")
    for expected in (
        "План готов",
        "Репетиция на копии прошла чисто",
        "Сделано и доказано",
        "image/png",
        "<svg",
    ):
        assert expected in said, expected
    runs = project.runs()
    assert len(runs) == 2, "one run and its undo"

    again = project.folder / "output" / "again.ipynb"
    _papermill(
        project.folder / "notebooks" / "00_tour.ipynb", again, project.folder, scale=SCALE, language="en"
    )

    assert project.runs() != runs or "taken back by" in said_in(again)
    assert project.runs() == runs, "Run All twice never starts a second run"
    assert "Done and proven" in said_in(again)


def _written(project: Project) -> list[str]:
    """Ids of the runs that wrote something."""
    return sorted(
        path.parent.name for path in project.folder.glob(".sandbox/*/snapshots/*/*/certificate.json")
    )


def _papermill(notebook: Path, output: Path, cwd: Path, **parameters: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # papermill's own dependencies warn
        import papermill

        papermill.execute_notebook(notebook, output, parameters, cwd=cwd, progress_bar=False)


def test_connect_and_snapshot_shows_the_portal_and_reads_it_once_a_day(project: Project) -> None:
    executed, said, _ = project.run_all_twice("10_connect_and_snapshot", scale=SCALE)
    taken = sorted(project.folder.glob(".sandbox/*/snapshots/*/snapshot-*"))

    assert executed.exit_code == 0, executed.message
    for expected in ("С порталом можно работать", "Что не в порядке", "Можно убрать карточек", "image/png"):
        assert expected in said, expected
    assert len(taken) == 1
    assert "из 100" in said, "contacts of the small sandbox"


def test_reassign_waits_under_papermill_too_then_writes_then_shows_and_undo_takes_it_back(
    project: Project,
) -> None:
    given = {"scale": SCALE, "winner": "largest"}
    before, written = project.runs(), _written(project)
    notebook, refused = project.folder / "notebooks" / "20_reassign.ipynb", project.folder / "refused.ipynb"

    with pytest.raises(Exception, match=r"policy=policy\.yaml") as stopped:
        _papermill(notebook, refused, project.folder, **given)

    assert getattr(stopped.value, "ename", "") == "ApprovalNeeded"
    assert "Передать контакты" in said_in(refused), "what it would do is kept for whoever approves"
    assert _written(project) == written
    planned = project.runs()
    assert len(planned) == len(before) + 1

    done, said, again = project.run_all_twice("20_reassign", policy="policy.yaml", **given)

    assert done.exit_code == 0, done.message
    assert "Сделано и доказано" in said
    assert "уже выполнено" in again, "what is over needs no approval"
    assert project.runs() == planned, "the waiting run went on"
    run = next(each for each in planned if each not in before)
    folder = next(project.folder.glob(f".sandbox/*/snapshots/*/{run}"))
    assert (folder / "report.html").is_file()

    back, said, _ = project.run_all_twice("90_undo", scale=SCALE, run=run, policy="policy.yaml")

    assert back.exit_code == 0, back.message
    assert "Отменить выполненный запуск" in said
    (undo,) = [each for each in project.runs() if each not in planned]
    assert json.loads((folder.parent / undo / "run.json").read_text())["undoes"] == run


def test_reports_compare_two_snapshots_and_do_nothing_twice(project: Project) -> None:
    executed, said, again = project.run_all_twice("60_reports", scale=SCALE)

    assert executed.exit_code == 0, executed.message
    for expected in ("Изменение", "контакты не у тех, у кого сделки", "<svg", "image/png", "health.xlsx"):
        assert expected in said, expected
    assert all(each in again for each in project.runs()), "all of them begun the first time"
    taken = sorted(project.folder.glob(".sandbox/*/snapshots/*/snapshot-*"))
    assert len(taken) == 2
    page = next(project.folder.glob(".sandbox/*/snapshots/*/health/health.html")).read_text()
    assert "Снимков в сравнении: 2." in page
