"""A group that contradicts itself, cut at its weakest bridges.

A bridge is a link without which the group falls into two. Of the bridges between two cards that
contradict each other the weakest goes; when several are equally weak all of them go, because to choose
one would be to guess on whose side the card between them stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["Link", "Parts", "parts_without_contradiction"]


@dataclass(frozen=True, slots=True)
class Link:
    """An automatic edge between two cards.

    Args:
        a: one card's position.
        b: the other's.
        strength: how much it holds; larger is stronger.
        row: where it stands in the table of edges.
    """

    a: int
    b: int
    strength: int
    row: int


@dataclass(frozen=True)
class Parts:
    """What a group fell into.

    Args:
        whole: links of each part that contradicts itself no more.
        cut: the bridges taken out.
        unresolved: links of the parts that no bridge could save.
    """

    whole: list[list[Link]] = field(default_factory=list)
    cut: list[Link] = field(default_factory=list)
    unresolved: list[Link] = field(default_factory=list)


def parts_without_contradiction(links: Sequence[Link], contradictions: Iterable[tuple[int, int]]) -> Parts:
    """The parts of a group that hold together without a contradicting pair inside.

    Args:
        links: of one connected group.
        contradictions: pairs of its cards that may not stand together.
    """
    contradicting = sorted(contradictions)
    parts = Parts()
    waiting = [sorted(links, key=lambda link: (link.a, link.b))]
    while waiting:
        part = waiting.pop()
        nodes = {node for link in part for node in (link.a, link.b)}
        inside = [(x, y) for x, y in contradicting if x in nodes and y in nodes]
        if not inside:
            parts.whole.append(part)
            continue
        weakest = _weakest_bridges(part, inside)
        if not weakest:
            parts.unresolved.extend(part)
            continue
        parts.cut.extend(weakest)
        waiting.extend(_pieces([link for link in part if link not in weakest]))
    return parts


def _weakest_bridges(part: list[Link], inside: list[tuple[int, int]]) -> list[Link]:
    """The weakest of the bridges that part a contradicting pair."""
    parting: list[Link] = []
    for bridge in _bridges(part):
        side = _reached(bridge.a, [link for link in part if link is not bridge])
        if any((x in side) != (y in side) for x, y in inside):
            parting.append(bridge)
    least = min((bridge.strength for bridge in parting), default=0)
    return [bridge for bridge in parting if bridge.strength == least]


def _bridges(part: list[Link]) -> list[Link]:
    """Links whose removal parts the group; found by trying, for a group has tens of links."""
    if len(part) > 400:
        return []
    return [
        link
        for link in part
        if link.b not in _reached(link.a, [other for other in part if other is not link])
    ]


def _reached(start: int, links: list[Link]) -> set[int]:
    neighbours: defaultdict[int, list[int]] = defaultdict(list)
    for link in links:
        neighbours[link.a].append(link.b)
        neighbours[link.b].append(link.a)
    reached, waiting = {start}, [start]
    while waiting:
        for node in neighbours[waiting.pop()]:
            if node not in reached:
                reached.add(node)
                waiting.append(node)
    return reached


def _pieces(links: list[Link]) -> list[list[Link]]:
    pieces: list[list[Link]] = []
    left = links
    while left:
        nodes = _reached(left[0].a, left)
        pieces.append([link for link in left if link.a in nodes])
        left = [link for link in left if link.a not in nodes]
    return pieces
