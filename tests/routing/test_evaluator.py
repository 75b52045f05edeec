"""Who gets an appeal, said in examples; and the file other platforms get decides the same."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.routing.test_simulation import books
from toolkit.routing import Appeal, Book, Directory, Filter, Rule, Substitution, export_json, export_sqlite
from toolkit.routing.evaluator import ANY, fold, holds, main, period

NOON, NIGHT = datetime(2026, 3, 2, 12), datetime(2026, 3, 2, 23)
DAYTIME = tuple((day * 1440 + 540, day * 1440 + 1080) for day in range(5))


def rule(order: int, who: str, topic: str = "брак", **more: object) -> Rule:
    return Rule(order, (topic, ANY, ANY, ANY, ANY), (who, "0", "NEW"), **more)  # type: ignore[arg-type]  # as given


def who(
    book: Book, at: datetime = NOON, text: str = "", away: tuple[str, ...] = (), topic: str = "Брак"
) -> str:
    return Directory(book).route(Appeal.of(at, text, topic=topic), away).responsible


def test_outside_its_hours_the_deputy_gets_it() -> None:
    book = Book((rule(1, "1", hours=DAYTIME, deputy="2"),))

    assert (who(book), who(book, NIGHT)) == ("1", "2")
    told = Directory(book).route(Appeal.of(NIGHT, topic="Брак"))
    assert told.instead == "deputy"
    assert told.reason("ru") == "по правилу; вне рабочих часов: заместитель"


def test_without_a_deputy_it_waits_for_the_responsible() -> None:
    found = Directory(Book((rule(1, "1", hours=DAYTIME),))).route(Appeal.of(NIGHT, topic="Брак"))

    assert (found.responsible, found.why) == ("1", ("rule", "waits"))


def test_an_open_rule_goes_before_the_deputy_of_a_closed_one() -> None:
    book = Book((rule(1, "1", hours=DAYTIME, deputy="2", priority=10), rule(2, "3")))

    assert (who(book), who(book, NIGHT)) == ("1", "3")


def test_substitutions_are_followed_on_their_days_only() -> None:
    march = period(date(2026, 3, 1), date(2026, 3, 31))
    book = Book((rule(1, "1"),), (), (Substitution("1", "2", march), Substitution("2", "3", march)))

    assert who(book) == "3"
    assert who(book, datetime(2026, 4, 1, 12)) == "1"


def test_a_circle_of_substitutions_leaves_the_responsible() -> None:
    book = Book((rule(1, "1"),), (), (Substitution("1", "2"), Substitution("2", "1")))

    assert who(book) == "1"


def test_whoever_is_away_leaves_it_to_the_deputy_then_to_nobody() -> None:
    book = Book((rule(1, "1", deputy="2"),))

    assert who(book, away=("1",)) == "2"
    found = Directory(book).route(Appeal.of(NOON, topic="Брак"), ("1", "2"))
    assert (found.responsible, found.responsible_id, found.why[-1]) == ("", None, "nobody_there")


def test_a_filter_takes_it_out_whatever_the_rules_say() -> None:
    book = Book((rule(1, "1"),), (Filter("#конкурс"),))

    found = Directory(book).route(Appeal.of(NOON, "Хочу приз! #Кoнкурс", topic="Брак"))
    assert found.filtered == book.filters[0]
    assert (found.responsible, found.rule) == ("", None)
    assert "#конкурс" in found.reason("ru")
    assert who(book, text="#конкурсант") == "1"


def test_a_word_is_found_where_a_word_begins_with_it() -> None:
    assert holds(fold("Спасибо за АКЦИЮ"), "акци")
    assert not holds(fold("моя реакция"), "акци")
    assert not holds(fold("моя реакция"), "акция")
    assert holds(fold("розыгрыш, приз\u00a0за отзыв"), "приз за")


def test_words_an_appeal_cannot_have_are_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        Appeal.of(NOON, colour="red")


@settings(max_examples=40, deadline=None)
@given(books)
def test_a_book_survives_being_written_down(book: Book) -> None:
    again = Book.from_json(json.loads(json.dumps(book.as_json())))

    assert again == book
    assert again.as_json() == book.as_json()


def test_a_book_somebody_changed_is_not_believed() -> None:
    facts = Book((rule(1, "1"),)).as_json()
    facts["rules"][0]["responsible"] = "2"

    with pytest.raises(ValueError, match="digest"):
        Book.from_json(facts)
    with pytest.raises(ValueError, match="not b24kit-routing"):
        Book.from_json({})
    with pytest.raises(ValueError, match="not as it was written"):
        Book.from_json({"format": "b24kit-routing/1", "rules": [1], "filters": [], "substitutions": []})


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(books, st.sampled_from(["а", "б"]), st.integers(0, 4), st.sampled_from(["", "#конкурс", "акция"]))
def test_the_exported_evaluator_decides_as_we_do_without_anything_else(
    tmp_path: Path, book: Book, topic: str, day: int, text: str
) -> None:
    written = export_json(book, tmp_path / "routing.json")
    appeal = {"topic": topic, "region": "а", "text": text, "at": f"2026-03-0{2 + day}T12:00"}

    # -I and -S: no environment, no site-packages, nothing of this house.
    command = [sys.executable, "-I", "-S", str(written[1]), str(written[0]), json.dumps(appeal)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)

    expected = Directory(book).route(Appeal.of(datetime(2026, 3, 2 + day, 12), text, topic=topic, region="а"))
    answer = json.loads(done.stdout)
    assert answer["responsible"] == expected.responsible
    assert answer["why"] == list(expected.why)
    assert json.loads(main([str(written[0]), json.dumps(appeal)])) == answer


def test_the_database_holds_the_same_rules(tmp_path: Path) -> None:
    book = Book(
        (rule(1, "1", hours=DAYTIME, deputy="2", stop_words=("акция",)), rule(2, "3", "чеки")),
        (Filter("#конкурс"),),
        (Substitution("1", "2", period(date(2026, 3, 1), None)),),
        names={"people": {"1": "Анна"}},
    )
    for _ in range(2):  # written anew over an older one
        written = export_sqlite(book, tmp_path / "routing.sqlite")

    with closing(sqlite3.connect(written[0])) as base:
        rows = base.execute(
            "select position, topic, responsible, deputy from rule order by position"
        ).fetchall()
        spans = base.execute("select count(*) from rule_hours where position = 1").fetchone()[0]
        away = base.execute("select * from substitution").fetchall()
        kept = Book.from_json(json.loads(base.execute("select json from book").fetchone()[0]))
    assert rows == [(1, "брак", "1", "2"), (2, "чеки", "3", "")]
    assert spans == 5
    assert away == [("1", "2", "2026-03-01", None)]
    assert kept == book
