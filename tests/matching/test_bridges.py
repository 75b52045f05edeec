"""Contradicting groups are cut where they hold least, or left whole for a person."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from toolkit.matching.bridges import Link, parts_without_contradiction


def links(*rows: tuple[int, int, int]) -> list[Link]:
    return [Link(a, b, strength, row) for row, (a, b, strength) in enumerate(rows)]


def test_the_weakest_bridge_between_two_contradicting_cards_is_cut() -> None:
    parts = parts_without_contradiction(links((1, 2, 9), (2, 3, 5), (3, 4, 9)), [(1, 4)])
    assert [(cut.a, cut.b) for cut in parts.cut] == [(2, 3)]
    assert sorted(len(part) for part in parts.whole) == [1, 1]


def test_a_weak_link_that_parts_nothing_stays() -> None:
    parts = parts_without_contradiction(links((1, 2, 1), (2, 3, 9), (3, 4, 5)), [(2, 4)])
    assert [(cut.a, cut.b) for cut in parts.cut] == [(3, 4)]


def test_equally_weak_bridges_are_all_cut() -> None:
    parts = parts_without_contradiction(links((1, 2, 5), (2, 3, 5)), [(1, 3)])
    assert len(parts.cut) == 2
    assert parts.whole == []


def test_a_ring_has_no_bridge_and_goes_to_a_person_whole() -> None:
    parts = parts_without_contradiction(links((1, 2, 5), (2, 3, 5), (1, 3, 5)), [(1, 3)])
    assert len(parts.unresolved) == 3
    assert parts.cut == []


def test_cards_linked_directly_may_contradict_too() -> None:
    parts = parts_without_contradiction(links((1, 2, 5), (2, 3, 9)), [(1, 2)])
    assert [(cut.a, cut.b) for cut in parts.cut] == [(1, 2)]


@given(
    st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda p: p[0] < p[1]), min_size=1),
    st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda p: p[0] < p[1])),
    st.lists(st.integers(1, 3), min_size=21, max_size=21),
)
def test_no_link_is_lost_and_no_whole_part_contradicts(
    pairs: set[tuple[int, int]], wrong: set[tuple[int, int]], strengths: list[int]
) -> None:
    given_links = [Link(a, b, strengths[row], row) for row, (a, b) in enumerate(sorted(pairs))]
    parts = parts_without_contradiction(given_links, wrong)
    kept = [link.row for part in parts.whole for link in part]
    cut = [link.row for link in parts.cut]
    left = [link.row for link in parts.unresolved]
    assert sorted(kept + cut + left) == list(range(len(given_links)))
    for part in parts.whole:
        nodes = {node for link in part for node in (link.a, link.b)}
        assert not any(x in nodes and y in nodes for x, y in wrong)
