"""Why two cards are one client, or are not, in words and as a picture a person can trust."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.matching.clusters import Clusters
from toolkit.matching.names import OrganisationName
from toolkit.matching.picture import Arc, Dot, draw
from toolkit.matching.reasons import Reason, Tier
from toolkit.matching.wording import (
    Language,
    entity_words,
    key_type_words,
    key_words,
    reason_words,
    tier_words,
    words_of,
)

__all__ = ["Explanation", "SharedKeys", "explain", "picture"]

_NEIGHBOURS_DRAWN = 16


@dataclass(frozen=True)
class Explanation:
    """What is known about two cards.

    Args:
        entity: of both.
        a: one id.
        b: the other.
        tier: what may be done; None when they share nothing.
        together: whether they stand in one group, also through other cards.
        headline: the answer in one sentence.
        lines: the findings, one sentence each.
        svg: the cards around them, as a picture.
    """

    entity: str
    a: int
    b: int
    tier: Tier | None
    together: bool
    headline: str
    lines: tuple[str, ...]
    svg: str

    def __str__(self) -> str:
        return "\n".join([self.headline, *(f"  - {line}" for line in self.lines)])

    def _repr_html_(self) -> str:
        found = "".join(f"<li>{escape(line)}</li>" for line in self.lines)
        return f"<div><b>{escape(self.headline)}</b><ul>{found}</ul>{self.svg}</div>"


def explain(
    clusters: Clusters, a: int, b: int, *, entity: str = "contact", language: Language = "ru"
) -> Explanation:
    """Why two cards are joined, left to a person, or kept apart.

    Args:
        clusters: where they were matched.
        a: id of one card.
        b: id of the other.
        entity: of both.
        language: of the sentences.

    Raises:
        ParameterError: a card was not among those matched.
    """
    cards = clusters.cards
    one, other = sorted((cards.position(entity, a), cards.position(entity, b)))
    edge = clusters.edges[(clusters.edges["a"] == one) & (clusters.edges["b"] == other)]
    tier = Tier(int(edge["tier"].iloc[0])) if len(edge) else None
    together = bool(clusters.group[one] == clusters.group[other])
    compared = cards.compare(np.array([one]), np.array([other]))[1]
    found = Reason(int(edge["reasons"].iloc[0])) if len(edge) else Reason(int(compared[0]))
    lines = [_names(clusters, one, other, language)]
    lines += reason_words(found, language)
    decision = clusters.evidence.decisions.about_pair(entity, a, b)
    if decision is not None:
        lines.append(" · ".join(part for part in (decision.who, decision.at, decision.note) if part))
    lines += _shared_keys(clusters, one, other, language) or [
        words_of("общих телефонов, почты и ИНН нет", "no phone, e-mail or INN in common", language)
    ]
    if tier is not Tier.AUTO:
        lines += _between(clusters, one, other, language)
    return Explanation(
        entity,
        a,
        b,
        tier,
        together,
        _headline(entity, a, b, tier, together, language),
        tuple(lines),
        picture(clusters, a, entity=entity, beside=b, language=language),
    )


def picture(
    clusters: Clusters,
    record_id: int,
    *,
    entity: str = "contact",
    beside: int | None = None,
    language: Language = "ru",
) -> str:
    """The cards a card hangs together with, as an SVG drawing; the sixteen nearest ones.

    Args:
        clusters: where it was matched.
        record_id: the card in the middle of the question.
        entity: of the card.
        beside: another card that is to be in the picture.
        language: of the legend.

    Raises:
        ParameterError: a card was not among those matched.
    """
    cards = clusters.cards
    start = [cards.position(entity, record_id)]
    if beside is not None and beside != record_id:
        start.append(cards.position(entity, beside))
    nodes = sorted(_nearest(clusters, start))
    edges = clusters.edges
    inside = edges[edges["a"].isin(nodes) & edges["b"].isin(nodes)]
    arcs = [
        Arc(
            nodes.index(int(a)),
            nodes.index(int(b)),
            Tier(int(tier)),
            _kinds(clusters, int(a), int(b), language),
        )
        for a, b, tier in zip(inside["a"], inside["b"], inside["tier"], strict=True)
    ]
    dots = [
        Dot(f"{cards.id[node]} {_name(clusters, node, language)}", int(clusters.group[node]), node in start)
        for node in nodes
    ]
    left_out = int((clusters.case == clusters.case[start[0]]).sum()) - sum(
        bool(clusters.case[node] == clusters.case[start[0]]) for node in nodes
    )
    note = words_of(f"и ещё {left_out}", f"and {left_out} more", language) if left_out > 0 else ""
    return draw(dots, arcs, {tier: tier_words(tier, language) for tier in Tier}, note)


def _headline(entity: str, a: int, b: int, tier: Tier | None, together: bool, language: Language) -> str:
    cards = f"{entity_words(entity, language)} {a} — {b}"
    if together and tier is not Tier.AUTO:
        said = words_of("один клиент, через другие карточки", "one client, through other cards", language)
        return f"{cards}: {said}"
    if tier is None:
        return f"{cards}: " + words_of("ничто их не связывает", "nothing connects them", language)
    return f"{cards}: {tier_words(tier, language)}"


def _name(clusters: Clusters, node: int, language: Language) -> str:
    name = clusters.cards.name(node)
    if isinstance(name, OrganisationName):
        said = " ".join([name.form.upper(), *(word.capitalize() for word in name.words)]).strip()
    else:
        said = " ".join(w.capitalize() for w in (name.surname, name.given, name.patronymic) if w)
    return said or words_of("без имени", "no name", language)


def _names(clusters: Clusters, one: int, other: int, language: Language) -> str:
    return " — ".join(f"{clusters.cards.id[n]}: «{_name(clusters, n, language)}»" for n in (one, other))


def _kinds(clusters: Clusters, one: int, other: int, language: Language) -> str:
    """What connects two cards, in a word or two: `телефон, почта`."""
    kinds = clusters.evidence.keys["key_type"].iloc[_common(clusters, one, other)]
    return ", ".join(key_type_words(str(each), language) for each in dict.fromkeys(kinds))


def _common(clusters: Clusters, one: int, other: int) -> npt.NDArray[np.int64]:
    owners = clusters.evidence.owners
    node, key = owners["node"].to_numpy(), owners["key"].to_numpy()
    return np.asarray(np.intersect1d(key[node == one], key[node == other]), dtype=np.int64)


def _shared_keys(clusters: Clusters, one: int, other: int, language: Language) -> list[str]:
    rows = clusters.evidence.keys.iloc[_common(clusters, one, other)].to_dict("records")
    return [
        key_words(
            row["key_type"],
            row["key_value"],
            row["extension"],
            row["owners"],
            row["people"],
            row["worth"],
            language,
        )
        for row in rows
    ]


def _between(clusters: Clusters, one: int, other: int, language: Language) -> list[str]:
    """The chain of cards that leads from one to the other."""
    for least, words in (
        (Tier.AUTO, ("объединены через", "joined through")),
        (Tier.REVIEW, ("возможная связь через", "perhaps connected through")),
    ):
        path = _path(clusters, one, other, least)
        if len(path) > 2:
            middle = ", ".join(f"{clusters.cards.id[n]} «{_name(clusters, n, language)}»" for n in path[1:-1])
            return [f"{words_of(*words, language)} {middle}"]
    return []


def _path(clusters: Clusters, one: int, other: int, least: Tier) -> list[int]:
    if clusters.case[one] != clusters.case[other]:
        return []
    neighbours = _neighbours(clusters, one, least)
    came_from = {one: one}
    waiting = deque([one])
    while waiting and other not in came_from:
        node = waiting.popleft()
        for neighbour in neighbours.get(node, []):
            if neighbour not in came_from:
                came_from[neighbour] = node
                waiting.append(neighbour)
    if other not in came_from:
        return []
    path = [other]
    while path[-1] != one:
        path.append(came_from[path[-1]])
    return path[::-1]


def _neighbours(clusters: Clusters, node: int, least: Tier) -> dict[int, list[int]]:
    """Who is connected to whom among the cards that hang together with one."""
    edges = clusters.edges
    a, b = edges["a"].to_numpy(), edges["b"].to_numpy()
    here = (clusters.case[a] == clusters.case[node]) & (edges["tier"].to_numpy() >= least)
    found: dict[int, list[int]] = {}
    for x, y in zip(a[here].tolist(), b[here].tolist(), strict=True):
        found.setdefault(x, []).append(y)
        found.setdefault(y, []).append(x)
    return found


def _nearest(clusters: Clusters, start: list[int]) -> list[int]:
    found = list(start)
    for node in start:
        neighbours = _neighbours(clusters, node, Tier.REVIEW)
        waiting = deque([node])
        while waiting and len(found) < _NEIGHBOURS_DRAWN:
            for neighbour in sorted(neighbours.get(waiting.popleft(), [])):
                if neighbour not in found and len(found) < _NEIGHBOURS_DRAWN:
                    found.append(neighbour)
                    waiting.append(neighbour)
    return found


class SharedKeys:
    """What cards have in common, told in words; quick for many pairs.

    Args:
        clusters: where they were matched.
        rows: the pairs asked about; with entity, a, b as in `Clusters.pairs`.
    """

    def __init__(self, clusters: Clusters, rows: Sequence[Mapping[Any, Any]]) -> None:
        self._cards, self._keys = clusters.cards, clusters.evidence.keys
        nodes = {self._at(row, side) for row in rows for side in ("a", "b")}
        owners = clusters.evidence.owners
        own = owners[owners["node"].isin(list(nodes))]
        self._held: dict[int, set[int]] = {}
        for node, key in zip(own["node"].tolist(), own["key"].tolist(), strict=True):
            self._held.setdefault(node, set()).add(key)

    def words(self, row: Mapping[Any, Any], language: Language) -> list[str]:
        """A phrase per key that both cards of a pair own."""
        both = self._held.get(self._at(row, "a"), set()) & self._held.get(self._at(row, "b"), set())
        return [self._told(key, language) for key in self._keys.iloc[sorted(both)].to_dict("records")]

    def among(
        self, entity: str, ids: Sequence[int], language: Language
    ) -> list[tuple[str, str, str, tuple[int, ...]]]:
        """The keys that several of these cards own: type, value, words, who owns it."""
        owners: dict[int, list[int]] = {}
        for card in ids:
            for key in self._held.get(self._cards.position(entity, card), ()):
                owners.setdefault(key, []).append(card)
        shared = sorted(key for key, cards in owners.items() if len(cards) > 1)
        rows = self._keys.iloc[shared].to_dict("records")
        return [
            (
                str(row["key_type"]),
                str(row["key_value"]),
                self._told(row, language),
                tuple(sorted(owners[key])),
            )
            for key, row in zip(shared, rows, strict=True)
        ]

    @staticmethod
    def _told(key: Mapping[Any, Any], language: Language) -> str:
        return key_words(
            key["key_type"], key["key_value"], key["extension"], key["owners"], key["people"], key["worth"],
            language,
        )  # fmt: skip

    def _at(self, row: Mapping[Any, Any], side: str) -> int:
        return self._cards.position(str(row["entity"]), int(row[side]))
