"""What an admin gets back: their own file with the problems shown, a page, and a template to start from."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.worksheet.worksheet import Worksheet

from tests.sheets.directories import ON, RIGHT, portal_facts, row, write, wrong_book
from toolkit.sheets.annotated import write_annotated
from toolkit.sheets.checking import CheckedDirectory, check_file
from toolkit.sheets.page import problems_page
from toolkit.sheets.template import write_template

FACTS = portal_facts()
EVIL = '=cmd|"/c calc"!A1<script>alert(1)</script>'


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    return wrong_book(tmp_path / "wrong.xlsx")[0]


def annotated(path: Path, *, corrected: bool = False) -> tuple[CheckedDirectory, Path]:
    checked = check_file(path, FACTS, on=ON)
    target = path.with_name("annotated.xlsx")
    return checked, write_annotated(path, checked, target, corrected=corrected)


def commented(sheet: Worksheet) -> set[str]:
    return {cell.coordinate for line in sheet.iter_rows() for cell in line if cell.comment is not None}


def test_each_problem_is_shown_at_its_cell_and_listed_with_a_link(wrong: Path) -> None:
    before = wrong.read_bytes()
    checked, target = annotated(wrong)

    book = openpyxl.load_workbook(target)
    assert wrong.read_bytes() == before, "the admin's file is not touched"
    assert book.sheetnames == ["Проблемы", "Маршруты", "Прочее", "Скрытый"]
    for name in ("Маршруты", "Прочее"):
        cells = {each.place.address for each in checked.problems if each.place.sheet == name}
        assert commented(book[name]) == cells
        assert all(book[name][each].fill.fgColor.rgb in ("FFF9C9C7", "FFFFEDB3") for each in cells)
    listed = book["Проблемы"]
    links = [listed.cell(at, 2).hyperlink for at in range(6, 6 + len(checked.problems))]
    assert {link.location for link in links if link} == {
        f"'{each.place.sheet}'!{each.place.address}" for each in checked.problems
    }
    kinds = [listed.cell(at, 1).value for at in range(6, 6 + len(checked.problems))]
    assert kinds == ["Ошибка"] * len(checked.errors) + ["Предупреждение"] * len(checked.warnings)


def test_formats_formulas_and_remarks_are_kept(wrong: Path) -> None:
    book = openpyxl.load_workbook(wrong)
    sheet = book["Маршруты"]
    sheet.column_dimensions["B"].width = 33
    sheet["B6"].comment = Comment("спросить Лидию", "Лидия")
    sheet["T1"] = "=1+1"
    book.save(wrong)

    _, target = annotated(wrong)

    kept = openpyxl.load_workbook(target)["Маршруты"]
    assert kept["A1"].font.b
    assert kept.column_dimensions["B"].width == 33
    assert kept["T1"].value == "=1+1"
    assert kept["B6"].comment is not None
    assert kept["B6"].comment.text.startswith("спросить Лидию\n\n• Столбец «ТЕМА» не заполнен")
    assert kept.row_dimensions[52].hidden


def test_a_mended_copy_sheds_the_earlier_marks(tmp_path: Path) -> None:
    path = write([row("Брак", "Томк")], tmp_path / "rules.xlsx")
    _, target = annotated(path)
    book = openpyxl.load_workbook(target)
    book["Маршруты"]["D4"] = "*"
    book.save(path)

    checked, target = annotated(path)

    again = openpyxl.load_workbook(target)
    assert checked.problems == []
    assert again.sheetnames == ["Проблемы", "Маршруты"]
    assert commented(again["Маршруты"]) == set()
    assert again["Маршруты"]["D4"].fill.fill_type is None


def test_only_spelling_is_corrected_and_only_on_request(wrong: Path) -> None:
    _, plain = annotated(wrong)
    assert openpyxl.load_workbook(plain)["Маршруты"]["B9"].value == "Дocтавка"

    _, corrected = annotated(wrong, corrected=True)
    sheet = openpyxl.load_workbook(corrected)["Маршруты"]
    assert (sheet["B9"].value, sheet["D11"].value) == ("Доставка", "Томк")
    assert "look_alike" not in {each.code for each in check_file(corrected, FACTS, on=ON).problems}


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "rules.csv"
    path.write_text(f'Тема;Регион;Ответственный\n"{EVIL.replace(chr(34), chr(34) * 2)}";Нигде;Никто\n')

    checked, target = annotated(path)

    for sheet in openpyxl.load_workbook(target).worksheets:
        assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    page = problems_page(checked, language="en")
    assert "<script>" not in page
    assert "Нигде" in page


@pytest.mark.parametrize("suffix", ["xls", "ods"])
def test_other_formats_come_back_as_workbooks(
    wrong_of_libreoffice: Callable[[str], Path], suffix: str
) -> None:
    checked, target = annotated(wrong_of_libreoffice(suffix))

    again = check_file(target, FACTS, on=ON)
    assert [(each.code, each.place) for each in again.problems] == [
        (each.code, each.place) for each in checked.problems
    ]


def test_the_page_tells_every_problem_in_both_languages(wrong: Path) -> None:
    checked = check_file(wrong, FACTS, on=ON)

    russian, english = problems_page(checked), problems_page(checked, language="en")

    assert russian.count("<tr>\n<td") == english.count("<tr>\n<td") == len(checked.problems)
    assert "36 ошибок, 11 предупреждений" in russian
    assert "36 errors, 11 warnings" in english


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_template_offers_the_portal_and_is_read_back(tmp_path: Path, language: str) -> None:
    path = write_template(tmp_path / "template.xlsx", FACTS, language="ru" if language == "ru" else "en")

    assert [each.code for each in check_file(path, FACTS, on=ON).problems] == ["no_rows"]
    book = openpyxl.load_workbook(path)
    assert book["_lists"].sheet_state == "veryHidden"
    rules = book.worksheets[0]
    sources = {
        str(each.sqref).partition(":")[0]: each.formula1 for each in rules.data_validations.dataValidation
    }
    offered = {
        at: [cell.value for line in book["_lists"][source.partition("!")[2]] for cell in line]
        for at, source in sources.items()
        if source and source.startswith("_lists")
    }
    assert offered["C2"] == ["*", "Москва", "Казань", "Томск", "Омск"]
    assert "Дарья Ежова" not in offered["E2"], "who is dismissed is not offered"
    assert {"ivan.p@shop.example", "petrov2@shop.example", "Анна Белова"} <= set(offered["E2"])
    assert offered["G2"] == ["Общая", "Претензии"]


def test_a_filled_template_has_no_problems(tmp_path: Path) -> None:
    path = write_template(tmp_path / "template.xlsx", FACTS)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    headings = {cell.value: cell.column for cell in sheet[1]}
    for number, each in enumerate(RIGHT, start=2):
        for heading, value in each.items():
            sheet.cell(number, headings[heading], value)
    book.save(path)

    assert check_file(path, FACTS, on=ON).problems == []


def test_macros_do_not_come_back(wrong: Path, tmp_path: Path) -> None:
    path = tmp_path / "rules.xlsm"
    path.write_bytes(wrong.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")

    checked, target = annotated(path)

    assert checked.errors
    assert "xl/vbaProject.bin" not in zipfile.ZipFile(target).namelist()
    assert check_file(target, FACTS, on=ON).book.kind == "xlsx"
