"""`b24kit routing`, on a portal over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from tests.runs.conftest import make_world
from tests.sheets.directories import wrong_book
from tests.test_cli import Town
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    world = make_world(tmp_path / "world", contacts=2, deals=2)
    world.sandbox.clock = WallClock()
    with serve(world.sandbox) as server:
        yield Town(world, server.url, tmp_path)


def test_a_template_filled_from_its_own_drop_downs_is_right(town: Town) -> None:
    path = town.home / "routing.xlsx"
    code, said = town.b24kit("routing", "template", str(path))
    assert (code, said.strip()) == (0, str(path))

    book = openpyxl.load_workbook(path)
    lists = {column[0].value: [cell.value for cell in column] for column in book["_lists"].iter_cols()}
    people = next(
        values for values in lists.values() if any(" " in str(each) or "@" in str(each) for each in values)
    )
    rules = book.worksheets[0]
    headings = {cell.value: cell.column for cell in rules[1]}
    for heading, value in {
        "Topic": "Брак",
        "Region": "*",
        "Department": "*",
        "Responsible": people[0],
    }.items():
        rules.cell(2, headings[heading], value)
    book.save(path)
    code, said = town.b24kit("routing", "check", str(path), "--json")
    assert (code, json.loads(said)["problems"]) == (0, [])

    rules.cell(2, headings["Responsible"], "Nobody At All")
    rules.cell(2, headings["Pipeline"], "No such pipeline")
    book.save(path)
    code, said = town.b24kit("routing", "check", str(path), "--json")
    assert code == 2
    assert {each["code"] for each in json.loads(said)["problems"]} == {"user_missing", "pipeline_missing"}


def test_without_a_portal_files_and_words_come_in_the_readers_language(town: Town) -> None:
    path, _ = wrong_book(town.home / "wrong.xlsx")
    out = town.home / "checked"

    words = ["routing", "check", str(path), "--no-portal", "--out", str(out), "--on", "2026-03-01"]
    code, said = town.b24kit(*words, B24_LANGUAGE="ru")

    assert code == 2
    assert "Маршруты!B6" in said
    assert "не заполнен" in said
    assert sorted(each.name for each in out.iterdir()) == ["wrong-checked.html", "wrong-checked.xlsx"]


def test_what_is_no_spreadsheet_is_refused_with_a_code_for_input(town: Town) -> None:
    path = town.home / "rules.xlsx"
    path.write_bytes(b"<html>")

    code, said = town.b24kit("routing", "check", str(path), "--no-portal")

    assert code == 2
    assert "web page" in said
