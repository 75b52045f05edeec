"""Every problem at its cell, and nothing else."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from string import Formatter

import openpyxl
import pandas as pd
import pytest

from tests.sheets.directories import ON, RIGHT, portal_facts, row, untidy_book, write, wrong_book
from toolkit.sheets.checking import CheckedDirectory, check_file
from toolkit.sheets.template import write_template
from toolkit.sheets.wording import ERRORS, PROBLEMS

FACTS = portal_facts()


def found(checked: CheckedDirectory) -> set[tuple[str, str, str]]:
    return {(each.code, each.place.sheet, each.place.address) for each in checked.problems}


def checked(path: Path, rows: list[dict[str, object]], *, on_portal: bool = True) -> CheckedDirectory:
    return check_file(write(rows, path / "rules.xlsx"), FACTS if on_portal else None, on=ON)


def test_a_directory_without_mistakes_has_no_problems(tmp_path: Path) -> None:
    verdict = checked(tmp_path, RIGHT)

    assert [each.what("en") for each in verdict.problems] == []
    assert (verdict.exit_code, verdict.rows, len(verdict.rules)) == (0, len(RIGHT), len(RIGHT))


def test_every_kind_of_problem_is_located_and_nothing_else(tmp_path: Path) -> None:
    path, expected = wrong_book(tmp_path / "wrong.xlsx")

    verdict = check_file(path, FACTS, on=ON)

    assert found(verdict) == expected
    assert verdict.exit_code == 2
    apart = {"no_table", "no_rows", "missing_column", "unknown_topic", "no_topics", "topic_twice"}
    assert {each.code for each in verdict.problems} == set(PROBLEMS) - apart


@pytest.mark.parametrize("suffix", ["xlsx", "ods", "xls"])
def test_the_same_is_found_in_files_of_libreoffice(
    tmp_path: Path, wrong_of_libreoffice: Callable[[str], Path], suffix: str
) -> None:
    _, expected = wrong_book(tmp_path / "wrong.xlsx")

    verdict = check_file(wrong_of_libreoffice(suffix), FACTS, on=ON)

    # LibreOffice computes the formula that openpyxl only wrote down: a topic now, with one subtopic.
    computed = {("gap_subtopics" if code == "formula" else code, *place) for code, *place in expected}
    assert found(verdict) == computed
    assert {each.severity for each in verdict.problems} == {"error", "warning"}


def test_what_people_do_to_sheets_is_no_problem_and_what_a_sheet_lacks_is(
    tmp_path: Path, libreoffice: Callable[[Path, str], Path]
) -> None:
    path, expected = untidy_book(tmp_path / "untidy.xlsx")
    facts = replace(FACTS, topics=("Брак", "Доставка", "Курьер", "Чеки", "Касса", "Гарантия"))

    for each in (path, libreoffice(path, "ods")):
        verdict = check_file(each, facts, on=ON)
        assert found(verdict) == expected
        assert (verdict.rows, len(verdict.rules)) == (len(RIGHT) + 4, len(RIGHT) + 4)


def test_suggestions_are_what_was_meant(tmp_path: Path) -> None:
    path, _ = wrong_book(tmp_path / "wrong.xlsx")

    suggested = {(each.code, each.value): each.suggestion for each in check_file(path, FACTS, on=ON).problems}

    assert suggested["look_alike", "Дocтавка"] == "Доставка"
    assert suggested["unknown_region", "Томк"] == "Томск"
    assert suggested["unknown_channel", "Телеграмма"] == "Telegram"
    assert suggested["bad_hashtag", "розыгрыш, # конкурс"] == "розыгрыш, #конкурс"
    assert suggested["date_ambiguous", "03/04/2026"] == "03.04.2026"
    assert suggested["user_missing", "Анна Билова"] == "Анна Белова"
    assert suggested["user_missing", "Виктор Ветров"] is None
    assert suggested["user_ambiguous", "Иван Петров"] == "petrov2@shop.example"
    assert suggested["user_short", "Громова"] == "Вера Громова"
    assert suggested["user_short", "И.Петров"] is None, "there are two"
    assert suggested["department_missing", "Отдел качеств"] == "Отдел качества"
    assert suggested["department_ambiguous", "Курьеры"] == "Курьеры (Доставка)", "he works there"
    assert suggested["pipeline_missing", "Претензия"] == "Претензии"
    assert suggested["stage_missing", "Принята!"] == "Принята"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Дёмин", [4]),
        ("демин г.", [4]),
        ("Г. Демин", [4]),
        ("Г.С. Демин", [4]),
        ("Петров", [6, 7]),
        ("Петров Борис", []),
        ("Б. Петров", []),
        ("Ежова", []),
        ("Иван", []),
        ("Г.", []),
        ("", []),
    ],
)
def test_a_surname_alone_or_with_initials_means_those_who_work_there(said: str, meant: list[int]) -> None:
    assert [each.id for each in FACTS.people_meant(said)] == meant


def test_departments_of_one_name_are_told_apart_by_what_is_above_them(tmp_path: Path) -> None:
    known = [
        (1, "Сеть", None), (2, "Москва", 1), (3, "Казань", 1), (4, "Продажи", 2), (5, "Продажи", 3), (6, "Север", 2),
        (7, "Север", 3), (8, "Склад", 6), (9, "Склад", 7), (10, "Касса", 2), (11, "Касса", 2), (12, "Сад", 1),
    ]  # fmt: skip
    facts = replace(FACTS, departments=pd.DataFrame(known, columns=["ID", "NAME", "PARENT"]))
    path = write_template(tmp_path / "template.xlsx", facts)

    lists = openpyxl.load_workbook(path)["_lists"]
    columns = [[cell.value for cell in column if cell.value] for column in lists.iter_cols()]
    offered = next(each for each in columns if "Сеть" in each)
    assert offered == [
        "*", "Казань", "Касса (id 10)", "Касса (id 11)", "Москва", "Продажи (Казань)", "Продажи (Москва)", "Сад",
        "Север (Казань)", "Север (Москва)", "Сеть", "Склад (Север / Казань)", "Склад (Север / Москва)",
    ]  # fmt: skip
    for at, said in enumerate([*offered, "САД (Сеть)", "12", "продажи  (москва)"]):
        verdict = check_file(write([row("Брак", department=said)], tmp_path / f"{at}.xlsx"), facts, on=ON)
        assert not {"department_missing", "department_ambiguous"} & {each.code for each in verdict.problems}
    rows = [row("Брак", "Казань", department="Продажи")]
    verdict = check_file(write(rows, tmp_path / "region.xlsx"), facts, on=ON)
    assert {each.suggestion for each in verdict.problems if each.code == "department_ambiguous"} == {
        "Продажи (Казань)"
    }
    for said in ("Продажи", "Касса (Москва)", "Склад (Север)"):
        verdict = check_file(write([row("Брак", department=said)], tmp_path / "plain.xlsx"), facts, on=ON)
        assert "department_ambiguous" in {each.code for each in verdict.problems}, said


def test_a_department_is_one_condition_however_it_is_written(tmp_path: Path) -> None:
    rows = [row("Брак", department=each) for each in ("Отдел качества", "отдел качества (сеть)", 2)]
    verdict = checked(tmp_path, rows)

    assert [each.code for each in verdict.problems] == ["duplicate", "duplicate"]
    assert {rule.conditions[3] for rule in verdict.rules} == {"отдел качества"}


def test_candidates_are_named_with_what_they_do_and_where(tmp_path: Path) -> None:
    facts = replace(FACTS, users=FACTS.users.assign(WORK_POSITION=["старший оператор"] * len(FACTS.users)))
    verdict = check_file(write([row("Брак", who="Петров И.")], tmp_path / "rules.xlsx"), facts, on=ON)

    assert [each.what("ru") for each in verdict.errors] == [
        "«Петров И.» — не полное имя. Может быть: Иван Петров (старший оператор, Отдел качества, id 6, "
        "ivan.p@shop.example); Иван Петров (старший оператор, Доставка, id 7, petrov2@shop.example)."
    ]


def test_without_a_portal_only_the_sheet_is_judged(tmp_path: Path) -> None:
    strange = [
        row("Брак", "Атлантида", "Кто Угодно", pipeline="Любая", stage="Какая-то", department="Где-то")
    ]

    assert checked(tmp_path, strange, on_portal=False).problems == []
    assert {each.code for each in checked(tmp_path, strange).problems} == {
        "unknown_region", "user_missing", "pipeline_missing", "stage_missing", "department_missing",
        "gap",
    }  # fmt: skip


def test_topics_the_portal_does_not_list_are_named(tmp_path: Path) -> None:
    facts = replace(FACTS, topics=("Брак", "Доставка"))
    verdict = check_file(write([row("Бракк"), row("*")], tmp_path / "rules.xlsx"), facts, on=ON)

    assert [(each.code, each.suggestion) for each in verdict.problems] == [("unknown_topic", "Брак")]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_a_text_file_is_checked_like_a_workbook(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "rules.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Topic", "Region", "Responsible", "Priority"])
        writer.writerow(["Брак", "*", "Анна Белова", "5"])
        writer.writerow(["Брак", "Москва", "Анна Белова", "0"])

    assert found(check_file(path, FACTS, on=ON)) == {("bad_priority", "rules", "D3")}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([["Привет"]], {("no_table", "Sheet", "A1")}),
        ([], {("no_table", "Sheet", "A1")}),
        ([["Тема", "Регион"], ["Брак", "*"]], {("missing_column", "Sheet", "A1")}),
        ([["Тема", "Ответственный"]], {("no_rows", "Sheet", "A1")}),
    ],
)
def test_a_sheet_without_rules_is_an_error(
    tmp_path: Path, cells: list[list[str]], expected: set[tuple[str, str, str]]
) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for each in cells:
        book.active.append(each)
    book.save(tmp_path / "rules.xlsx")

    verdict = check_file(tmp_path / "rules.xlsx", FACTS, on=ON)

    assert found(verdict) == expected
    assert verdict.exit_code == 2


def test_merged_topics_count_for_each_row(tmp_path: Path) -> None:
    path = write([row("Брак", "Москва"), row(None, "Казань"), row(None, "Омск")], tmp_path / "rules.xlsx")
    book = openpyxl.load_workbook(path)
    book["Маршруты"].merge_cells("B4:B6")
    book.save(path)

    verdict = check_file(path, on=ON)

    assert verdict.problems == []
    assert [rule.conditions[0] for rule in verdict.rules] == ["брак"] * 3


def test_two_tables_of_rules_on_a_sheet_are_one_directory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    upper = [["Тема", "Ответственный"], ["Брак", "Анна Белова"]]
    for cells in [*upper, [], ["ВТОРАЯ ЧАСТЬ"], [], ["Ответственный", "Тема"], ["Борис Власов", "Брак"]]:
        book.active.append(cells)
    book.save(tmp_path / "rules.xlsx")

    assert found(check_file(tmp_path / "rules.xlsx", FACTS, on=ON)) == {("contradiction", "Sheet", "A7")}


def test_every_problem_speaks_both_languages_with_the_same_facts(tmp_path: Path) -> None:
    assert set(PROBLEMS) >= ERRORS
    for told in PROBLEMS.values():
        for sentences in told.values():
            assert all(each.endswith(".") for each in sentences)
            assert all(
                name is not None for each in sentences for _, name, _, _ in Formatter().parse(each) if name
            )
    for each in check_file(wrong_book(tmp_path / "wrong.xlsx")[0], FACTS, on=ON).problems:
        assert re.search("[а-я]", each.what("ru") + each.fix("ru"))
        assert "{" not in each.what("en") + each.fix("en")


def test_rules_under_a_title_in_the_middle_of_a_table_count(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    middle = [[], ["Раздел 2. Доставка"], ["утверждён позже"]]
    lines = [
        ["Тема", "Регион", "Ответственный"],
        ["Брак", "*", "Анна Белова"],
        *middle,
        ["Доставка", "*", "Никто"],
    ]
    for cells in [*lines, [], ["Всего: 2"]]:
        book.active.append(cells)
    book.save(tmp_path / "rules.xlsx")

    assert found(check_file(tmp_path / "rules.xlsx", FACTS, on=ON)) == {("user_missing", "Sheet", "C6")}
