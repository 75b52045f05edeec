"""A reviewed workbook strikes rows of exactly its own plan, and can do nothing else."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.errors import PlanError, SheetError
from toolkit.runs import Run, export_review, import_review

from .conftest import World, make_world
from .report_fixtures import FORMULA, copied, merging, planned

SHEET = "План"
NUMBER, CARRY_OUT, RECORD, AFTER, NOTE = 1, 2, 4, 7, 9


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A planned run, for reading only."""
    return planned(make_world(tmp_path_factory.mktemp("reviewed")))


@pytest.fixture(scope="module")
def exported(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_review(run, tmp_path_factory.mktemp("exported") / "review.xlsx")


@pytest.fixture
def review(exported: Path, tmp_path: Path) -> Path:
    """The exported workbook, to work on."""
    return Path(shutil.copy(exported, tmp_path / "review.xlsx"))


def edited(path: Path, edit: Callable[[Any], None]) -> Path:
    """The workbook after somebody worked on the plan's sheet with another program."""
    book = openpyxl.load_workbook(path)
    edit(book[SHEET])
    book.save(path)
    return path


def say(word: Any, *rows: int) -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        for row in rows:
            sheet.cell(row, CARRY_OUT).value = word

    return edit


def put(row: int, column: int, value: Any) -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        sheet.cell(row, column).value = value

    return edit


# -- what a person may do ----------------------------------------------------------------------------


def test_a_review_nobody_touched_changes_nothing(run: Run, review: Path) -> None:
    assert import_review(run, review).id == run.plan.id


def test_a_no_strikes_its_row(run: Run, review: Path) -> None:
    plan = import_review(run, edited(review, say("нет", 2, 4)))

    assert list(plan.table.loc[plan.table["struck"], "change"]) == [0, 2]


@pytest.mark.parametrize("word", ["нет", "Нет", " НЕТ ", "no", "No"])
def test_a_no_is_understood_however_it_is_typed(run: Run, review: Path, word: str) -> None:
    assert bool(import_review(run, edited(review, say(word, 2))).table["struck"].iloc[0])


def test_a_deleted_row_is_struck(run: Run, review: Path) -> None:
    plan = import_review(run, edited(review, lambda sheet: sheet.delete_rows(3)))

    assert list(plan.table.loc[plan.table["struck"], "change"]) == [1]


def test_rows_may_be_sorted_and_notes_written(run: Run, review: Path) -> None:
    def work(sheet: Any) -> None:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
        for at, row in enumerate(reversed(rows), start=2):
            for column, value in enumerate(row, start=1):
                sheet.cell(at, column).value = value
            sheet.cell(at, NOTE).value = "звонил, согласен"

    assert import_review(run, edited(review, work)).id == run.plan.id


def test_the_same_review_may_be_imported_again_and_stricter(run: Run, review: Path, tmp_path: Path) -> None:
    run = copied(run, tmp_path)
    run.freeze(import_review(run, edited(review, say("нет", 2))))
    run.freeze(import_review(run, review))

    plan = import_review(run, edited(review, say("нет", 3)))

    assert list(plan.table.loc[plan.table["struck"], "change"]) == [0, 1]


def test_an_english_review_is_read_as_well(run: Run, tmp_path: Path) -> None:
    path = export_review(run, tmp_path / "review.xlsx", language="en")
    book = openpyxl.load_workbook(path)
    book["Plan"].cell(2, CARRY_OUT).value = "no"
    book.save(path)

    assert import_review(run, path).table["struck"].sum() == 1


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_exactly_the_rows_said_no_to_are_struck(
    run: Run, exported: Path, tmp_path: Path, data: st.DataObject
) -> None:
    said_no = data.draw(st.sets(st.sampled_from(sorted(run.plan.table["change"]))))
    fresh = Path(shutil.copy(exported, tmp_path / "any.xlsx"))
    path = edited(fresh, say("нет", *(each + 2 for each in said_no)))

    table = import_review(run, path).table

    assert set(table.loc[table["struck"], "change"]) == said_no


def test_a_review_saved_by_libreoffice_is_read(
    run: Run, review: Path, tmp_path: Path, skip_loudly: Callable[[str], None]
) -> None:
    if shutil.which("soffice") is None:
        skip_loudly("saving a review in a spreadsheet program needs LibreOffice")
    edited(review, say("нет", 3))
    profile = (tmp_path / "profile").as_uri()
    out = tmp_path / "saved"
    command = [
        "soffice",
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
    ]
    subprocess.run(
        [*command, "--outdir", str(out), str(review)], check=True, capture_output=True, timeout=120
    )

    plan = import_review(run, out / review.name)

    assert list(plan.table.loc[plan.table["struck"], "change"]) == [1]


def test_a_merge_said_no_to_takes_its_preparation_along_however_often_it_is_imported(
    world: World, tmp_path: Path
) -> None:
    run = merging(world)
    merge = int(run.plan.table.loc[run.plan.table["kind"] == "merge", "change"].iloc[0])
    path = edited(export_review(run, tmp_path / "review.xlsx"), say("нет", merge + 2))

    run.freeze(import_review(run, path))
    plan = import_review(run, path)

    assert set(plan.table.loc[plan.table["struck"], "group"]) == {"pair"}
    assert plan.table["struck"].sum() == 2


# -- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["может быть", "", None, "y", 0, '=IF(1,"да","нет")'])
def test_a_word_that_is_neither_yes_nor_no_is_refused_with_its_place(
    run: Run, review: Path, word: Any
) -> None:
    with pytest.raises(SheetError, match="neither yes nor no") as refused:
        import_review(run, edited(review, say(word, 3)))

    assert refused.value.row == 3
    assert refused.value.column == "выполнять"
    assert SHEET in refused.value.sheet


@pytest.mark.parametrize("number", [999, -1, "первый", 1.5, True, None, "=1+1"])
def test_a_changed_number_is_refused(run: Run, review: Path, number: Any) -> None:
    with pytest.raises(SheetError) as refused:
        import_review(run, edited(review, put(3, NUMBER, number)))

    assert (refused.value.row, refused.value.column) == (3, "№")


def test_a_number_given_to_another_row_is_refused(run: Run, review: Path) -> None:
    with pytest.raises(SheetError, match="stands in row 2 already"):
        import_review(run, edited(review, put(3, NUMBER, 0)))


def test_a_number_taken_from_a_deleted_row_is_refused(run: Run, review: Path) -> None:
    def work(sheet: Any) -> None:
        sheet.delete_rows(2)
        sheet.cell(2, NUMBER).value = 0

    with pytest.raises(SheetError, match="was edited") as refused:
        import_review(run, edited(review, work))

    assert refused.value.column == "запись"


@pytest.mark.parametrize("column", [RECORD, AFTER])
def test_an_edited_value_is_refused_not_carried_out(run: Run, review: Path, column: int) -> None:
    with pytest.raises(SheetError, match="can only strike rows") as refused:
        import_review(run, edited(review, put(3, column, "Ответственный: Имя2 Фамилия2!")))

    assert refused.value.row == 3


def test_a_struck_row_cannot_be_put_back(run: Run, review: Path, tmp_path: Path) -> None:
    run = copied(run, tmp_path)
    run.freeze(run.plan.narrowed(list(run.plan.table["change"])[1:]))

    with pytest.raises(SheetError, match="struck before"):
        import_review(run, review)


def test_the_review_of_another_plan_is_refused(world: World, run: Run, review: Path) -> None:
    other = planned(world, winner="review")

    with pytest.raises(SheetError, match=f"another plan \\(run {run.id}\\)"):
        import_review(other, review)


def test_a_run_that_has_begun_takes_no_review(world: World, tmp_path: Path) -> None:
    run = planned(world)
    review = export_review(run, tmp_path / "review.xlsx")
    world.apply(run, limit=1)

    with pytest.raises(PlanError, match="cannot be narrowed any more"):
        import_review(run, review)


@pytest.mark.parametrize("removed", ["План", "_b24kit"])
def test_a_workbook_without_its_sheets_is_refused(run: Run, review: Path, removed: str) -> None:
    book = openpyxl.load_workbook(review)
    del book[removed]
    book.save(review)

    with pytest.raises(SheetError, match="Export the review again"):
        import_review(run, review)


def test_a_moved_column_is_refused(run: Run, review: Path) -> None:
    with pytest.raises(SheetError, match="should be the heading"):
        import_review(run, edited(review, lambda sheet: sheet.insert_cols(2)))


def test_a_file_that_is_no_workbook_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "review.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0 an old or a locked workbook")

    with pytest.raises(SheetError, match="Save it as an Excel workbook"):
        import_review(run, path)
    with pytest.raises(SheetError, match="Check its name"):
        import_review(run, tmp_path / "missing.xlsx")


def test_a_workbook_that_declares_entities_is_refused(run: Run, review: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(review) as source, zipfile.ZipFile(bomb, "w") as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename == "xl/workbook.xml":
                content = content.replace(b"?>", b'?><!DOCTYPE w [<!ENTITY a "aaaa">]>', 1)
            target.writestr(part.filename, content)

    with pytest.raises(SheetError, match="declares entities"):
        import_review(run, bomb)


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    run: Run, review: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.runs.review.workbooks._MOST_BYTES", 1000)

    with pytest.raises(SheetError, match="unpacks to more"):
        import_review(run, review)


# -- the workbook itself -----------------------------------------------------------------------------


def test_a_review_offers_yes_and_no_to_choose_from(review: Path) -> None:
    sheet = openpyxl.load_workbook(review)[SHEET]
    (rule,) = sheet.data_validations.dataValidation

    assert rule.type == "list"
    assert rule.formula1 == '"да,нет"'
    assert str(rule.sqref).startswith("B2:B")
    assert sheet.freeze_panes == "C2"


def test_hostile_names_stay_text_in_a_review(world: World, tmp_path: Path) -> None:
    contact = int(planned(world).plan.active.iloc[0]["record_id"])
    world.edit(contact, NAME=FORMULA)
    run = planned(world)
    path = export_review(run, tmp_path / "review.xlsx")

    cells = [
        cell for row in openpyxl.load_workbook(path)[SHEET].rows for cell in row if cell.value == FORMULA
    ]

    assert [cell.data_type for cell in cells] == ["s"]
    assert import_review(run, path).id == run.plan.id


def test_records_left_to_a_person_come_along(world: World, tmp_path: Path) -> None:
    run = planned(world, winner="review")
    book = openpyxl.load_workbook(export_review(run, tmp_path / "review.xlsx"))

    assert book["Решает человек"].max_row == len(run.plan.listed) + 1 > 1
    assert book["_b24kit"].sheet_state == "veryHidden"
