"""Routing directories for tests: one that is right, and one with every kind of problem, each where it is known."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.styles import Font, PatternFill

from toolkit.sheets.portal_facts import PortalFacts

ON = date(2026, 3, 1)

HEADINGS = [
    "Тема", "Подтема", "Регион", "Подразделение", "Ответственный", "Заместитель", "Воронка", "Стадия",
    "Канал", "Приоритет", "Рабочие часы", "Действует с", "Действует по", "Стоп-слова/хэштеги", "Комментарий",
]  # fmt: skip


def portal_facts() -> PortalFacts:
    """Nine people in four departments, two of one name; two pipelines."""
    people = [
        (1, True, "Анна", "Белова", "anna@shop.example", [2]),
        (2, True, "Борис", "Власов", "boris@shop.example", [2]),
        (3, True, "Вера", "Громова", "vera@shop.example", [3]),
        (4, True, "Глеб", "Дёмин", "gleb@shop.example", [4]),
        (5, False, "Дарья", "Ежова", "darya@shop.example", [2]),
        (6, True, "Иван", "Петров", "ivan.p@shop.example", [2]),
        (7, True, "Иван", "Петров", "petrov2@shop.example", [3]),
        (8, True, "Елена", "Жукова", "elena@shop.example", [3]),
        (9, True, "Захар", "Зимин", "zahar@shop.example", [2]),
    ]
    names = ["ID", "ACTIVE", "NAME", "LAST_NAME", "EMAIL", "UF_DEPARTMENT"]
    stages = [
        ("NEW", "Новая", None),
        ("WORK", "В работе", None),
        ("C5:NEW", "Принята", 5),
        ("C5:CALL", "Звонок", 5),
    ]
    return PortalFacts(
        users=pd.DataFrame(people, columns=names),
        departments=pd.DataFrame(
            [
                (1, "Сеть", None),
                (2, "Отдел качества", 1),
                (3, "Доставка", 1),
                (4, "Курьеры", 3),
                (5, "Курьеры", 2),
            ],
            columns=["ID", "NAME", "PARENT"],
        ),
        pipelines=pd.DataFrame([(0, "Общая"), (5, "Претензии")], columns=["id", "name"]),
        stages=pd.DataFrame(stages, columns=["STATUS_ID", "NAME", "CATEGORY_ID"]),
        regions=("Москва", "Казань", "Томск", "Омск"),
    )


def row(topic: Any = None, region: Any = "*", who: Any = "Анна Белова", **more: Any) -> dict[str, Any]:
    """A row of rules by heading."""
    names = {
        "sub": "Подтема", "department": "Подразделение", "deputy": "Заместитель", "pipeline": "Воронка",
        "stage": "Стадия", "channel": "Канал", "priority": "Приоритет", "hours": "Рабочие часы", "start": "Действует с",
        "end": "Действует по", "words": "Стоп-слова/хэштеги", "comment": "Комментарий",
    }  # fmt: skip
    return {
        "Тема": topic, "Регион": region, "Ответственный": who, "Подразделение": "*",
        **{names[key]: value for key, value in more.items()},
    }  # fmt: skip


RIGHT = [
    row("Брак", who="anna@shop.example", department="Отдел качества", hours="Пн-Пт 09:00-18:00"),
    row("Брак", "Москва", "Борис Власов", pipeline="Претензии", stage="Принята", priority=10),
    row("Доставка", who="Громова Вера", deputy="Елена Жукова", channel="вк", words="#конкурс, розыгрыш"),
    row("Доставка", who=8, start=date(2026, 1, 1), end=date(2026, 6, 30)),
    row("ДОСТАВКА ", who="Захар\u00a0Зимин", start="01.07.2026", end=46387),
    row("Курьер", who="Глеб Демин", department="Доставка", comment="Лидия сказала так"),
]

_SAME = {"start": date(2027, 1, 1), "end": date(2027, 12, 31)}

WRONG: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    (row("Брак"), []),
    (row("Доставка", who="Вера Громова"), []),
    (row(None), [("missing", "Тема")]),
    (row("Сайт", None), [("missing_any", "Регион")]),
    (row("Сайт", who=None), [("missing", "Ответственный")]),
    (row("Дocтавка", "Москва", end="31.12.2026"), [("look_alike", "Тема")]),
    (row("Возврат", "омск"), [("gap", "Тема")]),
    (row("Брак", "Томк"), [("unknown_region", "Регион")]),
    (row("Брак", channel="Телеграмма"), [("unknown_channel", "Канал")]),
    (row("Брак", "Казань", priority=101), [("bad_priority", "Приоритет")]),
    (row("Брак", "Казань", priority=2.5), [("bad_priority", "Приоритет")]),
    (row("Брак", "Казань", priority="высокий"), [("bad_priority", "Приоритет")]),
    (row("Брак", "Казань", start="31.02.2026"), [("bad_date", "Действует с")]),
    (row("Брак", "Казань", start="03/04/2026"), [("date_ambiguous", "Действует с")]),
    (row("Брак", "Казань", start="01.05.2026", end=date(2026, 4, 1)), [("dates_reversed", "Действует по")]),
    (row("Брак", "Казань", hours="с утра"), [("bad_hours", "Рабочие часы")]),
    (row("Брак", "Казань", words="розыгрыш, # конкурс"), [("bad_hashtag", "Стоп-слова/хэштеги")]),
    (row("Брак", "Казань", "anna@"), [("bad_email", "Ответственный")]),
    (row("Брак", "Казань", "Вера Громова", deputy="vera@shop.example"), [("own_deputy", "Заместитель")]),
    (row("Брак", "Казань", True), [("wrong_type", "Ответственный")]),
    (row("Брак", "Москва"), []),
    (row("Брак", "Москва"), [("duplicate", "Тема")]),
    (row("Брак", "Москва", "Борис Власов"), [("contradiction", "Ответственный")]),
    (row("Брак", "Москва", start="01.07.2026", end="31.07.2026"), [("overlap", "Действует с")]),
    (row("Чеки", end="31.03.2026"), []),
    (row("Чеки", start="01.05.2026"), [("hole", "Действует с")]),
    (row("Брак", "Казань", "Вера Громова", priority=90), [("never_wins", "Тема")]),
    (row("Чеки", "*", "Захар Зимин", channel="VK", priority=40, **_SAME), []),
    (row("Чеки", "Москва", "Вера Громова", priority=40, **_SAME), [("equal_strength", "Тема")]),
    (row("Акции", sub="Баллы"), [("gap_subtopics", "Тема")]),
    (row("Портал"), []),
    (row("Портал", sub="1", who="Виктор Ветров"), [("user_missing", "Ответственный")]),
    (row("Портал", sub="2", who="Анна Билова"), [("user_missing", "Ответственный")]),
    (row("Портал", sub="3", who="Дарья Ежова"), [("user_dismissed", "Ответственный")]),
    (row("Портал", sub="4", who="Иван Петров", department="Доставка"), [("user_ambiguous", "Ответственный")]),
    (row("Портал", sub="5", department="Доставка"), [("other_department", "Ответственный")]),
    (row("Портал", sub="6", department="Отдел качествa"), [("look_alike", "Подразделение")]),
    (row("Портал", sub="7", department="Отдел качеств"), [("department_missing", "Подразделение")]),
    (row("Портал", sub="8", pipeline="Претензия"), [("pipeline_missing", "Воронка")]),
    (row("Портал", sub="9", stage="Принята!"), [("stage_missing", "Стадия")]),
    (row("Портал", sub="10", pipeline="Общая", stage="Принята"), [("stage_elsewhere", "Стадия")]),
    (row("Портал", sub="13", department="Курьеры", who="Глеб Дёмин"), [("department_ambiguous", "Подразделение")]),
    (row("Портал", sub="14", department="курьеры (доставка)", who="Глеб Дёмин"), []),
    (row("Портал", sub="11", who="Громова"), [("user_short", "Ответственный")]),
    (row("Портал", sub="12", who="И.Петров"), [("user_short", "Ответственный")]),
]  # fmt: skip
"""Rows and what is wrong with each. `=`-cells and the other tables are added by `wrong_book`."""

SUBSTITUTIONS = [
    ("Анна Белова", "Борис Власов", date(2026, 5, 1), date(2026, 5, 10)),
    ("Борис Власов", "anna@shop.example", date(2026, 5, 10), date(2026, 5, 20)),
    ("Вера Громова", "Вера Громова", None, None),
]
FILTERS = [("#конкурс", "VK"), ("#конкурс", "vk"), ("##", None)]


def write(rows: list[dict[str, Any]], path: Path) -> Path:
    """A workbook of rules under a title row, its headings shuffled and marked as people do."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Маршруты"
    sheet["A1"] = "Справочник маршрутизации, утверждён 01.02.2026"
    sheet["A1"].font = Font(bold=True, size=14)
    columns = columns_of_test()
    for heading, at in columns.items():
        cell = sheet.cell(3, at, "Ответственный *" if heading == "Ответственный" else heading.upper())
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE8F7")
    sheet.cell(3, 17, "Согласовано")
    for number, each in enumerate(rows, start=4):
        for heading, value in each.items():
            sheet.cell(number, columns[heading], value)
        sheet.cell(number, 17, "да")
    book.save(path)
    return path


def columns_of_test() -> dict[str, int]:
    """Heading to column number in the workbooks of `write`: not the template's order."""
    order = [HEADINGS[4], *HEADINGS[:4], *HEADINGS[5:]]
    return {heading: at for at, heading in enumerate(order, start=1)}


def wrong_book(path: Path) -> tuple[Path, set[tuple[str, str, str]]]:
    """A workbook with every kind of problem; the codes with sheet and address of each."""
    from toolkit.sheets.raw import address

    columns = columns_of_test()
    write([each for each, _ in WRONG], path)
    expected = {
        (code, "Маршруты", address(number, columns[heading]))
        for number, (_, problems) in enumerate(WRONG, start=4)
        for code, heading in problems
    }
    book = openpyxl.load_workbook(path)
    sheet = book["Маршруты"]
    last = 4 + len(WRONG)
    for at, (value, code) in enumerate([("=1/0", "error_value"), ("=UPPER(A4)", "formula")]):
        for heading, written in row(value, sub="12").items():
            sheet.cell(last + at, columns[heading], written)
        expected.add((code, "Маршруты", address(last + at, columns["Тема"])))
    sheet.cell(last, columns["Тема"]).value = "#DIV/0!"
    sheet.cell(last, columns["Тема"]).data_type = "e"
    for number in range(10):  # one person with most of the rules
        for heading, written in row("Портал", sub=f"много {number}", who="Елена Жукова").items():
            sheet.cell(last + 2 + number, columns[heading], written)
        for heading, written in row("Портал", sub=f"ещё {number}", who="Елена Жукова").items():
            sheet.cell(last + 12 + number, columns[heading], written)
    for number in range(20):
        for heading, written in row("Портал", sub=f"и ещё {number}", who="Елена Жукова").items():
            sheet.cell(last + 22 + number, columns[heading], written)
    expected.add(("overloaded", "Маршруты", address(last + 2, columns["Ответственный"])))
    sheet.row_dimensions[last + 3].hidden = True
    expected.add(("hidden_rows", "Маршруты", address(last + 3, columns["Тема"])))
    sheet.cell(3, 18, "тематика")
    expected.add(("heading_twice", "Маршруты", "R3"))
    sheet.cell(last + 44, 2, "Всего правил: много")
    sheet.cell(last + 45, 1, "Составила: Лидия")

    other = book.create_sheet("Прочее")
    other.append(["Фильтры на время акций"])
    other.append(["Хэштег", "Канал", None, "Кого замещают", "Кто замещает", "Действует с", "Действует по"])
    for at in range(3):
        other.append([*FILTERS[at], None, *SUBSTITUTIONS[at]])
    expected |= {
        ("duplicate", "Прочее", "A4"),
        ("bad_hashtag", "Прочее", "A5"),
        ("substitution_cycle", "Прочее", "E4"),
        ("own_deputy", "Прочее", "E5"),
    }
    book.create_sheet("Скрытый").append(HEADINGS)
    book["Скрытый"].append(["Чужое"])
    book["Скрытый"].sheet_state = "hidden"
    book.save(path)
    return path, expected


def untidy_book(path: Path) -> tuple[Path, set[tuple[str, str, str]]]:
    """A right directory kept the way people keep one, over two sheets; then two sheets that lack something: the
    workbook, and code, sheet and address of each problem."""
    columns = columns_of_test()
    write(RIGHT, path)
    book = openpyxl.load_workbook(path)
    sheet = book["Маршруты"]
    sheet.merge_cells("A1:F1")
    sheet.cell(3, columns["Тема"], "Teма\u00a0")  # its first two letters are Latin
    sheet.cell(4, columns["Регион"], "\u00a0*  ")
    sheet.cell(7, columns["Действует с"], "1 января 2026")
    sheet.cell(7, columns["Действует по"], "30.6.26")
    sheet.cell(60, columns["Тема"], "\u00a0 ")
    for heading in ("Тема", "Воронка"):
        sheet.column_dimensions[sheet.cell(3, columns[heading]).column_letter].hidden = True

    second = book.create_sheet("Со сроками")
    second.append(["Тема", "Регион", "Ответственный", "Срок", None])
    second.append([None, None, None, "Действует с", "Действует по"])
    for area in ("A1:A2", "B1:B2", "C1:C2", "D1:E1"):
        second.merge_cells(area)
    second.append(["Чеки", "*", "Анна Белова", 46082, "31.12.2027"])
    second.append(["Касса", "*", "Вера Громова", None, None])

    for title, lines in {
        "Без людей": [["утверждено"], [], ["Тема", "Регион"], ["Гарантия", "*"]],
        "Пустой": [[], ["Тема", "Ответственный"]],
        "Не наша тема": [["Тема", "Ответственный"], ["Каса", "Глеб Дёмин"]],
    }.items():
        lacking = book.create_sheet(title)
        for at, line in enumerate(lines, start=1):
            for column, value in enumerate(line, start=1):
                lacking.cell(at, column, value)
    book.save(path)
    wrong = {("missing_column", "Без людей", "A3"), ("no_rows", "Пустой", "A2")}
    return path, wrong | {("unknown_topic", "Не наша тема", "A2")}
