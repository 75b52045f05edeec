"""Any directory can follow any other, and what stays is not written anew."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.routing.test_simulation import books
from toolkit.routing import Book, Rule
from toolkit.routing.evaluator import ANY
from toolkit.routing.shelf import Row, Shelf


def published(shelf: Shelf, book: Book) -> Shelf:
    """The shelf after one more publication, as the operation writes it."""
    number = shelf.newest + 1
    added, gone = shelf.next_rows(book)
    ended = {row.item for row in gone}
    rows = [replace(row, until=number - 1) if row.item in ended else row for row in shelf.rows]
    last = max((row.item for row in rows), default=0)
    rows += [replace(row, item=last + at, since=number) for at, row in enumerate(added, start=1)]
    rows.sort(key=lambda row: (row.kind, row.place, row.item))
    facts = {"digest": book.digest, "entity_type_id": book.entity_type_id, "effective_from": "2026-03-01",
             "published_at": ""}  # fmt: skip
    return Shelf(rows, {**shelf.versions, number: facts})


@settings(max_examples=60, deadline=None)
@given(st.lists(books, min_size=1, max_size=5))
def test_every_version_reads_as_it_was_published(history: list[Book]) -> None:
    shelf = Shelf([], {})
    for book in history:
        shelf = published(shelf, book)

    for number, book in enumerate(history, start=1):
        assert shelf.book(number) == book


def rules(*topics: str) -> Book:
    return Book(
        tuple(Rule(at, (topic, ANY, ANY, ANY, ANY), ("1", "", "")) for at, topic in enumerate(topics))
    )


def test_a_row_put_between_two_is_the_only_one_written() -> None:
    shelf = published(Shelf([], {}), rules("a", "b", "c"))

    added, gone = shelf.next_rows(rules("a", "x", "b", "c"))
    assert ([type(each) for each in added], gone) == ([Row], [])


def test_where_no_room_is_left_between_two_all_rows_are_written_anew() -> None:
    topics = ["a", "z"]
    shelf = published(Shelf([], {}), rules(*topics))
    for number in range(40):  # always right after the first
        topics.insert(1, str(number))
        shelf = published(shelf, rules(*topics))

    assert shelf.book(41) == rules(*topics)


def test_rows_moved_to_the_end_are_the_only_ones_written() -> None:
    topics = [str(each) for each in range(3_000)]
    shelf = published(Shelf([], {}), rules(*topics))
    added, gone = shelf.next_rows(rules(*topics[5:], *topics[:5]))

    assert (len(added), len(gone)) == (5, 5)
