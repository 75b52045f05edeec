"""Cells become values or problems, never guesses, whatever stands in them and however columns are named."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit.sheets
from tests.sheets.directories import HEADINGS, ON, portal_facts
from toolkit.sheets.checking import check_book
from toolkit.sheets.columns import CHANNELS, TABLES
from toolkit.sheets.raw import Area, Cell, RawBook, RawSheet
from toolkit.sheets.spelling import clean, fold, nearest_known, without_look_alikes
from toolkit.sheets.tables import find_tables
from toolkit.sheets.values import parser_of
from toolkit.sheets.wording import PROBLEMS
from toolkit.sheets.xlsx import iso_of_serial

FACTS = portal_facts()
texts = st.text(max_size=12) | st.sampled_from(
    [*HEADINGS, "Topic", "Слово", "Кого замещают", "Кто замещает", "*", "=1", "#N/A", "#", "Анна Белова", "01.02.2026",
     "24/7", "пн", "Общая", "Принята", "\u200b", "a@b", "6" * 30, "{value}", "Дocт"]
)  # fmt: skip
cells = st.one_of(
    texts.map(lambda text: Cell("text", text)),
    texts.map(lambda text: Cell("error", text)),
    texts.map(lambda text: Cell("formula", text)),
    (st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)).map(
        lambda n: Cell("number", n)
    ),
    st.booleans().map(lambda truth: Cell("boolean", truth)),
    st.dates().map(lambda day: Cell("date", day.isoformat())),
)
places = st.tuples(st.integers(1, 9), st.integers(1, 9))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(places, cells, max_size=40), st.booleans(), st.integers(0, 3))
def test_no_sheet_whatsoever_makes_the_check_fail(
    drawn: dict[tuple[int, int], Cell], headed: bool, at: int
) -> None:
    sheet = RawSheet("Лист", merged=[Area(2, 1, 3, 2)])
    for (row, column), cell in sorted(drawn.items()):
        sheet.put(row + at, column, cell)
    if headed:
        sheet.cells[1] = {column: Cell("text", name) for column, name in enumerate(HEADINGS[:9], start=1)}
    sheet.cells = dict(sorted(sheet.cells.items()))

    checked = check_book(RawBook("x.xlsx", "xlsx", [sheet]), FACTS, on=ON)

    for each in checked.problems:
        assert each.code in PROBLEMS
        assert each.what("ru")
        assert each.fix("en")
        assert each.place.row >= 1
    assert checked.exit_code == (2 if checked.errors else 0)


@given(st.data())
def test_order_case_and_synonyms_of_headings_do_not_matter(data: st.DataObject) -> None:
    kind = TABLES["rules"]
    names = {
        column.key: data.draw(st.sampled_from([column.ru, column.en, *column.also]))
        for column in kind.columns
    }
    styles = st.sampled_from(
        [str.upper, str.lower, str.title, lambda text: f" {text}\u00a0*", lambda text: f"{text}:"]
    )
    order = data.draw(st.permutations(list(names)))
    sheet = RawSheet("Лист")
    for column, key in enumerate(order, start=1):
        sheet.put(2, column, Cell("text", data.draw(styles)(names[key])))
        sheet.put(3, column, Cell("text", "x"))

    tables, problems = find_tables(RawBook("x.xlsx", "xlsx", [sheet]))

    assert problems == []
    assert [(each.kind.key, each.columns) for each in tables] == [
        ("rules", {key: column for column, key in enumerate(order, start=1)})
    ]


@given(st.dates(date(1960, 1, 1), date(2100, 1, 1)), st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%d.%m.%Y г."]))
def test_a_date_means_the_same_as_text_date_or_serial(day: date, written: str) -> None:
    parse = parser_of("valid_from")
    serial = (day - date(1899, 12, 30)).days

    assert parse(Cell("text", day.strftime(written))).value == day
    assert parse(Cell("date", day.isoformat())).value == day
    assert parse(Cell("number", serial)).value == day
    assert iso_of_serial(serial) == day.isoformat()


@pytest.mark.parametrize(
    "written", ["30.02.2026", "2026", "завтра", "13.13.2026", "01.02", "2026-02-30", "5 марсель 2026"]
)
def test_what_is_no_date_is_a_problem(written: str) -> None:
    parsed = parser_of("valid_from")(Cell("text", written))

    assert (parsed.value, [each.code for each in parsed.troubles]) == (None, ["bad_date"])


@pytest.mark.parametrize(
    "written", ["1 января 2026", "1\u00a0ЯНВ. 2026 г.", "01 янв 2026года", "1 January 2026", "1 jan 2026"]
)
def test_a_date_may_be_written_out(written: str) -> None:
    assert parser_of("valid_from")(Cell("text", written)).value == date(2026, 1, 1)


def test_slashes_are_read_only_when_they_can_mean_one_day() -> None:
    parse = parser_of("valid_from")

    assert parse(Cell("text", "03/04/2026")).value is None
    assert (
        parse(Cell("text", "13/04/2026")).value
        == parse(Cell("text", "04/13/2026")).value
        == date(2026, 4, 13)
    )


def test_every_channel_is_known_by_all_its_names() -> None:
    parse = parser_of("channel")

    for name, others in CHANNELS.items():
        for each in (name, name.upper(), *others):
            assert parse(Cell("text", each)).value == name


@given(st.text(st.sampled_from("АВСЕНКМОРТХУасеорху"), min_size=2), st.data())
def test_look_alikes_are_undone_and_other_words_left(word: str, data: st.DataObject) -> None:
    latin = dict(zip("АВСЕНКМОРТХУасеорху", "ABCEHKMOPTXYaceopxy", strict=True))
    at = data.draw(st.integers(0, len(word) - 1))
    mixed = word[:at] + latin[word[at]] + word[at + 1 :]

    assert without_look_alikes(mixed) == word
    assert fold(mixed) == fold(word)
    for left in ("VIP-клиент", "1С", "Telegram", "WhatsApp чат"):
        assert without_look_alikes(left) == left


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_the_nearest_word_is_near_and_as_it_is_spelt() -> None:
    cities = ["Томск", "Омск", "Новосибирск"]

    assert nearest_known("омск", cities) == "Омск"
    assert nearest_known("Новосибирс", cities) == "Новосибирск"
    assert nearest_known("Новосиб", cities) is None
    assert nearest_known("Париж", cities) is None


def test_the_room_keeps_what_it_promises() -> None:
    for name in toolkit.sheets.__all__:
        assert getattr(toolkit.sheets, name).__name__ == name
