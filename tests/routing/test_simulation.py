"""A simulation says of each appeal what the evaluator says of it, and adds up."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.routing import Appeal, Book, Directory, Filter, Rule, Substitution, routing_diff, simulate
from toolkit.routing.evaluator import ANY, CONDITIONS, FOREVER
from toolkit.routing.history import as_history
from toolkit.routing.wholesale import PastAppeals, decide_all

DAY = date(2026, 3, 2)  # a Monday
FIRST = DAY.toordinal()
some = st.sampled_from([ANY, "а", "б"])
people = st.sampled_from(["1", "2", "3"])
days = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda d: (FIRST + min(d), FIRST + max(d)))
periods = days | st.just(FOREVER)
hours = st.sampled_from([(), ((540, 1080),), ((600, 700), (1980, 2520)), ((0, 540), (1080, 10080))])
words = st.sampled_from(["акция", "#конкурс", "приз за отзыв"])
books = st.builds(
    lambda drawn, filters, substitutions: Book(
        tuple(Rule(order, *each) for order, each in enumerate(drawn)),
        tuple(filters),
        tuple(each for each in substitutions if each.absent != each.substitute),
    ),
    st.lists(
        st.tuples(
            st.tuples(some, st.just(ANY), some, st.sampled_from([ANY, "о"]), some),
            st.tuples(people, st.just("0"), st.just("NEW")),
            st.sampled_from([50, 10]),
            hours,
            periods,
            st.lists(words, max_size=1).map(tuple),
            st.sampled_from(["", "3"]),
        ),
        max_size=8,
    ),
    st.lists(st.builds(Filter, words, st.sampled_from([ANY, "а"]), periods), max_size=2),
    st.lists(st.builds(Substitution, people, people, periods), max_size=3),
)
TEXTS = [
    "",
    None,
    "Кoнкурс! #КОНКУРС",
    "реакция",
    "акции нет, акция есть",
    "приз\u00a0 за  ОТЗЫВ",
    "#конкурсант",
]
said = st.sampled_from(["А", "б", "в", None])
histories = st.lists(
    st.tuples(
        said, said, st.sampled_from(["О", None]), said, st.integers(0, 6 * 1440), st.sampled_from(TEXTS)
    ),
    min_size=1,
    max_size=25,
).map(
    lambda drawn: as_history(
        pd.DataFrame(
            {
                "topic": [each[0] for each in drawn],
                "region": [each[1] for each in drawn],
                "department": [each[2] for each in drawn],
                "channel": [each[3] for each in drawn],
                "at": [datetime(2026, 3, 1) + timedelta(minutes=each[4]) for each in drawn],
                "text": [each[5] for each in drawn],
            },
            dtype=object,
        )
    )
)


def asked_one_by_one(book: Book, history: pd.DataFrame, on: date | None, away: set[str]) -> list[Any]:
    directory = Directory(book)
    return [
        directory.route(
            Appeal.of(
                row["at"].to_pydatetime(), row["text"] or "", on, **{key: row[key] for key in CONDITIONS}
            ),
            away,
        )
        for row in history.to_dict("records")
    ]


@settings(max_examples=80, deadline=None)
@given(books, histories, st.none() | st.integers(0, 5), st.sets(people, max_size=2))
def test_a_whole_history_is_decided_as_each_appeal_alone(
    book: Book, history: pd.DataFrame, later: int | None, away: set[str]
) -> None:
    on = None if later is None else DAY + timedelta(days=later)

    decided = decide_all(Directory(book), PastAppeals(history, on), away)

    assert [decided.outcomes[of] for of in decided.of] == asked_one_by_one(book, history, on, away)


@settings(max_examples=20, deadline=None)
@given(books, books, histories)
def test_a_simulation_adds_up(current: Book, new: Book, history: pd.DataFrame) -> None:
    before, after = (asked_one_by_one(each, history, None, set()) for each in (current, new))
    found = simulate(current, new, history)

    pairs = list(zip(before, after, strict=True))
    changed = [was.responsible != will.responsible and not will.filtered for was, will in pairs]
    uncovered = [not will.responsible and not will.filtered for _, will in pairs]
    assert found.summary["appeals"] == len(history)
    assert found.summary["changed"] == len(found.changed) == sum(changed)
    assert found.summary["uncovered"] == len(found.uncovered) == sum(uncovered)
    assert found.summary["filtered"] == sum(will.filtered is not None for will in after)
    assert found.load["after"].sum() == sum(bool(will.responsible) for will in after)
    assert found.load["before"].sum() == sum(bool(was.responsible) for was in before)
    assert int(found.pivot("changed").to_numpy().sum()) == sum(changed)
    assert int(found.pivot("all", "topic", "channel").to_numpy().sum()) == len(history)


def book_of(*rules: tuple[str, str, str], **more: Any) -> Book:
    return Book(
        tuple(
            Rule(at, (topic, ANY, region, ANY, ANY), (who, "", ""))
            for at, (topic, region, who) in enumerate(rules)
        ),
        names={"people": {"1": "Анна", "2": "Борис"}, "words": {"брак": "Брак", "чеки": "Чеки"}},
        **more,
    )


HISTORY = as_history(
    pd.DataFrame(
        {
            "at": pd.to_datetime(["2026-03-02 10:00"] * 6),
            "topic": ["Брак", "брак", "Чеки", "Чеки", "Чеки", "Другое"],
            "region": ["Москва", "Казань", "Москва", "Казань", "", "Москва"],
            "responsible": ["1", "1", "2", "2", "2", ""],
            "response_minutes": [10, 30, 20, None, 40, None],
        }
    )
)


def test_topics_that_lose_coverage_are_named() -> None:
    current = book_of(("брак", ANY, "1"), ("чеки", ANY, "2"))
    new = book_of(("брак", ANY, "1"), ("чеки", "москва", "1"))
    found = simulate(current, new, HISTORY)

    assert found.topics.to_dict("records") == [
        {"topic": "Чеки", "appeals": 3, "uncovered_before": 0, "uncovered": 2, "lost": 2}
    ]
    assert found.summary["lost"] == 2
    assert found.summary["uncovered_before"] == 1
    assert found.load[["name", "before", "after", "difference"]].to_numpy().tolist() == [
        ["Анна", 2, 3, 1],
        ["Борис", 3, 0, -3],
    ]


def test_without_a_published_directory_what_really_happened_is_compared() -> None:
    found = simulate(None, book_of(("брак", ANY, "2"), (ANY, ANY, "2")), HISTORY)

    assert found.summary["changed"] == 3
    assert found.summary["uncovered_before"] == 1
    assert found.response[["topic", "name", "answered", "median", "moving"]].to_numpy().tolist() == [
        ["Брак", "Анна", 2, 20.0, 2],
        ["Чеки", "Борис", 2, 30.0, 0],
    ]


def test_namesakes_are_told_apart_and_strangers_to_the_directories_named() -> None:
    new = book_of(("брак", ANY, "1"), (ANY, ANY, "3"))
    found = simulate(None, new, HISTORY, people={"3": "Борис"})

    assert set(found.load["name"]) == {"Анна", "Борис (2)", "Борис (3)"}
    renamed = [
        Book(
            (Rule(1, (ANY,) * 5, (who,)),),
            names={"people": {"2": "Иван Петров", "3": "Иван Петров"}},
        )
        for who in ("2", "3")
    ]
    difference = routing_diff(renamed[0], renamed[1], "ru").iloc[0]
    assert (difference["before"], difference["after"]) == ("Иван Петров (2)", "Иван Петров (3)")


def test_a_history_without_topics_is_told_of() -> None:
    book = book_of(("брак", ANY, "1"), (ANY, ANY, "2"))

    assert "«Тема»" not in simulate(None, book, HISTORY).html("ru")
    assert "«Тема»" in simulate(None, book, HISTORY.assign(topic=None)).html("ru")


def test_rules_of_days_to_come_are_tried_on_days_past() -> None:
    later = Book((Rule(1, (ANY,) * 5, ("1", "", ""), period=(date(2026, 6, 1).toordinal(), FOREVER[1])),))

    assert simulate(None, later, HISTORY).summary["uncovered"] == 6
    assert simulate(None, later, HISTORY, date(2026, 6, 1)).summary["uncovered"] == 0


def test_the_page_escapes_what_people_wrote_and_says_the_same_in_both_languages() -> None:
    hostile = HISTORY.assign(topic="<script>alert(1)</script>")
    new = book_of((ANY, ANY, "1"))
    found = simulate(book_of((ANY, ANY, "2")), new, hostile)

    for language, words in (("ru", "Сменят ответственного"), ("en", "Change their responsible")):
        page = found.html(language)
        assert words in page
        assert "<script>" not in page
        assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert found.as_json("ru")["changed"][0]["why"] == "по правилу"
    assert not found.html(whole=False).lstrip().startswith("<!doctype")
    assert found.measures("en")["Change their responsible"] == found.summary["changed"]
    assert "<style>" in found.cell("en"), "a notebook's own styles would pull the figures apart"


def test_an_empty_history_is_no_accident() -> None:
    empty = HISTORY.iloc[:0]

    assert simulate(book_of((ANY, ANY, "2")), book_of((ANY, ANY, "1")), empty).summary["appeals"] == 0
    assert "0" in simulate(None, book_of((ANY, ANY, "1")), empty).html("en")


def test_more_rules_than_codes_fit_one_number_still_decide_alike() -> None:
    chance = np.random.default_rng(5)
    rules = tuple(
        Rule(
            at,
            (f"т{chance.integers(40)}", ANY, f"р{chance.integers(40)}", ANY, ANY),
            (str(at % 7), "", ""),
            period=(FIRST + int(chance.integers(60)), FIRST + 60 + int(chance.integers(60))),
        )
        for at in range(800)
    )
    history = as_history(
        pd.DataFrame(
            {
                "at": pd.Timestamp("2026-03-02")
                + pd.to_timedelta(chance.integers(0, 120 * 1440, 600), unit="min"),
                "topic": [f"т{each}" for each in chance.integers(40, size=600)],
                "region": [f"р{each}" for each in chance.integers(40, size=600)],
            }
        )
    )
    decided = decide_all(Directory(Book(rules)), PastAppeals(history))

    assert [decided.outcomes[of] for of in decided.of] == asked_one_by_one(Book(rules), history, None, set())


def test_words_no_directory_names_are_spelt_as_the_appeals_spell_them() -> None:
    told = as_history(HISTORY.assign(region="Дальний  Восток", topic="ОДЁЖКА"))
    found = simulate(None, book_of(("одежка", "*", "2")), told)

    assert found.pivot("all").columns.tolist() == ["Дальний Восток"]
    assert "дальний восток" not in found.html("ru")
