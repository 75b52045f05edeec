"""From a file to its verdict, its copies and its line in the history."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import openpyxl
import pytest

from tests.sheets.conftest import libreoffice, wrong_of_libreoffice  # noqa: F401  # fixtures
from tests.sheets.directories import RIGHT, WRONG, row, write, wrong_book
from tests.web.conftest import Page, headline
from toolkit.sheets.wording import PROBLEMS
from toolkit.web.kinds import KINDS

UNLIKE_HERE = {"unknown_region"}  # this portal has no list of regions


def shown_cells(html: str) -> set[tuple[str, str]]:
    """Code and cell of every problem on a page."""
    found = set()
    for body in re.findall(r"<tbody>(.*?)</tbody>", html, re.DOTALL):
        group = re.search(r'scope="rowgroup" id="(\w+)"', body)
        if group:
            cells = re.findall(r'class="place"[^>]*>(\w+)', body)
            found |= {(group[1], cell) for cell in cells}
    return found


def test_every_kind_of_problem_stands_at_its_cell_with_words_for_it(page: Page, tmp_path: Path) -> None:
    path, expected = wrong_book(tmp_path / "Маршруты.xlsx")

    answer = page.enter("check").upload(path)

    assert "ошиб" in headline(answer)
    shown = shown_cells(answer.text)
    wanted = {(code, cell) for code, _, cell in expected if code not in UNLIKE_HERE}
    assert wanted <= shown | {("gap", cell) for _, cell in wanted}
    for code in {code for code, _ in shown}:
        assert KINDS[code]["ru"] in unescape(answer.text)
    assert "Заполните ячейку." in answer.text
    assert re.search(r"<h2>Ошибки \(\d+\)</h2>.*<h2>Предупреждения \(\d+\)</h2>", answer.text, re.DOTALL)


def test_what_libreoffice_saved_is_judged_like_what_openpyxl_saved(
    page: Page,
    tmp_path: Path,
    wrong_of_libreoffice: Callable[[str], Path],  # noqa: F811  # the fixture
) -> None:
    visitor = page.enter("check")
    path, _ = wrong_book(tmp_path / "wrong.xlsx")

    ours = shown_cells(visitor.upload(path).text)
    theirs = shown_cells(visitor.upload(wrong_of_libreoffice("ods")).text)

    assert len(ours) > 30
    calculated = {"formula", "gap_subtopics"}  # LibreOffice has calculated the topic that was a formula
    assert {each for each in ours ^ theirs if each[0] not in calculated} == set()


def test_a_right_directory_is_said_to_be_right_and_nothing_is_flagged(page: Page, tmp_path: Path) -> None:
    answer = page.enter().upload(write(RIGHT, tmp_path / "right.xlsx"))

    assert headline(answer) == "Проблем нет — справочник можно публиковать."
    assert shown_cells(answer.text) == set()


def test_the_copies_are_the_admins_file_with_marks_and_with_corrections(page: Page, tmp_path: Path) -> None:
    visitor = page.enter("check")
    path = write([row("Брак"), row("Дocтавка", who=None)], tmp_path / "Мой справочник.xlsx")  # Latin o and c
    at = str(visitor.upload(path).url)

    annotated = visitor.client.get(f"{at}/checked.xlsx")
    corrected = visitor.client.get(f"{at}/corrected.xlsx")

    assert annotated.headers["content-disposition"].startswith("attachment")
    (tmp_path / "a.xlsx").write_bytes(annotated.content)
    (tmp_path / "c.xlsx").write_bytes(corrected.content)
    marked, mended = openpyxl.load_workbook(tmp_path / "a.xlsx"), openpyxl.load_workbook(tmp_path / "c.xlsx")
    assert marked.sheetnames == ["Проблемы", "Маршруты"]
    comment = marked["Маршруты"]["A5"].comment
    assert comment is not None
    assert "не заполнен" in comment.text
    assert marked["Маршруты"]["B5"].value == "Дocтавка"
    assert mended["Маршруты"]["B5"].value == "Доставка"


def test_a_formula_in_a_text_is_shown_as_text_and_defused_in_the_copy(page: Page, tmp_path: Path) -> None:
    visitor = page.enter("check")
    evil = '=HYPERLINK("http://evil.example","x")'
    path = tmp_path / "evil.csv"
    quoted = evil.replace('"', '""')
    path.write_text(f'Тема;Регион;Подразделение;Ответственный\n"{quoted}";*;*;<b>Анна</b>\n')

    answer = visitor.upload(path)
    copy = visitor.client.get(f"{answer.url}/checked.xlsx")

    assert "<b>Анна</b>" not in answer.text
    assert "&lt;b&gt;Анна&lt;/b&gt;" in answer.text
    (tmp_path / "copy.xlsx").write_bytes(copy.content)
    cells = [
        cell for sheet in openpyxl.load_workbook(tmp_path / "copy.xlsx") for line in sheet for cell in line
    ]
    assert any(cell.value == evil for cell in cells)
    assert all(cell.data_type != "f" for cell in cells)


def test_the_history_says_who_when_what_and_what_came_of_it(page: Page, tmp_path: Path) -> None:
    page.enter("check").upload(write([row("Брак", who=None)], tmp_path / "Петина таблица.xlsx"))

    home = page.enter("publish").client.get("/").text

    line = next(each for each in home.split("<tr>") if "Петина таблица.xlsx" in each)
    assert "Пётр" in line
    assert "1 ошибка" in line
    assert re.search(r"\d+ \w+, \d\d:\d\d", line)
    assert "не публиковался" in line


def test_everything_is_said_in_english_to_those_who_ask_for_it(page: Page, tmp_path: Path) -> None:
    visitor = page.enter("check", language="en-GB,en;q=0.9,ru;q=0.1")
    answer = visitor.upload(write([row("Брак", who=None)], tmp_path / "routing.xlsx"))

    assert '<html lang="en">' in answer.text
    assert "1 error. It cannot be published yet." in answer.text
    said = re.sub(r'<span class="value">.*?</span>|<a [^>]*hreflang.*?</a>', "", answer.text)
    for own in ("Пётр", "Маршруты", "Ответственный"):  # the admin's own words
        said = said.replace(own, "")
    assert not re.search("[а-яё]", said, re.IGNORECASE)
    assert '<html lang="ru">' in visitor.client.get(f"{answer.url}?lang=ru").text
    assert '<html lang="ru">' in visitor.client.get("/").text, "the switch is remembered"


def test_an_empty_template_has_the_portals_own_people(page: Page, tmp_path: Path) -> None:
    made = page.enter("check").client.get("/template.xlsx")
    (tmp_path / "template.xlsx").write_bytes(made.content)

    lists = openpyxl.load_workbook(tmp_path / "template.xlsx")["_lists"]

    assert any("Громова" in str(cell.value) for line in lists for cell in line)


def test_without_a_portal_it_says_what_it_could_not_compare(
    tmp_path: Path, shop: tuple[object, object]
) -> None:
    from tests.web.conftest import page_with

    world, settings = shop
    # The fixture is a pair of a world and its settings, which pytest cannot say.
    alone = settings.model_copy(update={"webhook": None})  # type: ignore[attr-defined]
    with page_with((world, alone), tmp_path / "state") as opened:  # type: ignore[arg-type]
        answer = opened.enter().upload(write(RIGHT, tmp_path / "right.xlsx"))

    assert "не сверялись с порталом" in answer.text
    assert "Портал не подключён" in answer.text
    assert "Посмотреть, что изменится" not in answer.text


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_kind_of_problem_has_a_name(language: str) -> None:
    assert KINDS.keys() == PROBLEMS.keys()
    # A parameter of a test is any text; it is one of the two languages.
    assert all(each[language] for each in KINDS.values())  # type: ignore[index]
    assert len(WRONG) > 30
