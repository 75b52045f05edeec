"""From clusters to the groups a person is asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from toolkit.matching import Clusters, Reason, SharedKeys, Tier
from toolkit.matching.survivorship import Choice
from toolkit.matching.wording import Language, reason_words, words_of
from toolkit.runs.merges.cells import CardCells
from toolkit.runs.review.groups import OfferedField, OfferedGroup, SharedKey

__all__ = ["Judged", "offered_groups"]

_MOST_CARDS = 40
"""Of a group whose cards only hang together by doubtful pairs; what is larger is no question a person can answer."""
_MOST_WHY = 12
_TELLING = ("phone", "email", "inn")


@dataclass(frozen=True)
class Judged:
    """What the operation says about cards.

    Args:
        survive: master and values of cards that become one: entity, ids.
        objection: why cards cannot be merged at all; "" when they can: entity, ids.
        tell: an objection in words.
        facts: card to `deals`, `open_deals`, `activities`, by entity.
        whole: whether doubtful groups are proposed as a whole.
    """

    survive: Callable[[str, Sequence[int]], Choice]
    objection: Callable[[str, Sequence[int]], str]
    tell: Callable[[str], str]
    facts: Mapping[str, Mapping[int, Mapping[str, int]]]
    whole: bool = False


@dataclass
class _Case:
    """Cards that hang together."""

    cards: list[int]
    sure: dict[int, list[int]] = field(default_factory=dict)
    doubtful: bool = False


def offered_groups(
    clusters: Clusters,
    cells: Mapping[str, CardCells],
    judged: Judged,
    language: Language = "ru",
) -> list[OfferedGroup]:
    """Every group a person may decide about: those the rules are sure of first, then the doubtful ones.

    Args:
        clusters: where the cards were matched.
        cells: the cards, by entity; groups of other entities are left out.
        judged: what the operation says about them.
        language: of the evidence.
    """
    pairs = _Pairs(clusters, language)
    found: list[OfferedGroup] = []
    for name in cells:
        found += [_group(name, case, pairs, cells[name], judged, language) for case in _cases(clusters, name)]
    found.sort(key=lambda group: (group.tier != "auto", group.entity, group.cards))
    return [replace(group, number=at) for at, group in enumerate(found, start=1)]


def _cases(clusters: Clusters, name: str) -> Iterator[_Case]:
    groups = clusters.groups()
    groups = groups[groups["entity"] == name]
    sure = {int(card): int(group) for group, card in zip(groups["group"], groups["id"], strict=True)}
    parent: dict[int, int] = {}

    def root(card: int) -> int:
        while parent.setdefault(card, card) != card:
            parent[card] = parent[parent[card]]
            card = parent[card]
        return card

    for card, group in sure.items():
        parent[root(card)] = root(group)
    doubtful = clusters.pairs(Tier.REVIEW)
    doubtful = doubtful[doubtful["entity"] == name]
    asked = list(zip(doubtful["a"].astype(int), doubtful["b"].astype(int), strict=True))
    for a, b in asked:
        parent[root(b)] = root(a)
    cases: dict[int, _Case] = {}
    for card in sorted({*sure, *(each for pair in asked for each in pair)}):
        case = cases.setdefault(root(card), _Case([]))
        case.cards.append(card)
        if card in sure:
            case.sure.setdefault(sure[card], []).append(card)
    for a, _ in asked:
        cases[root(a)].doubtful = True
    for case in cases.values():
        if case.doubtful and len(case.cards) > _MOST_CARDS:
            yield from (_Case(part, {group: part}) for group, part in case.sure.items())
        else:
            yield case


class _Pairs:
    """What was found about pairs of cards."""

    def __init__(self, clusters: Clusters, language: Language) -> None:
        table = clusters.pairs()
        self.clusters, self._language = clusters, language
        self._rows: dict[tuple[str, int], list[dict[str, object]]] = {}
        wanted = table[table["tier"] != "never"]
        held = set(zip(wanted["entity"], wanted["a"], strict=True))
        held |= set(zip(wanted["entity"], wanted["b"], strict=True))
        rows = [
            {str(key): value for key, value in row.items()}
            for row in table.to_dict("records")
            if (row["entity"], row["a"]) in held and (row["entity"], row["b"]) in held
        ]
        for row in rows:
            self._rows.setdefault((str(row["entity"]), int(str(row["a"]))), []).append(row)
        self.shared = SharedKeys(clusters, rows)

    def within(self, name: str, cards: Sequence[int]) -> list[dict[str, object]]:
        inside = set(cards)
        return [row for card in cards for row in self._rows.get((name, card), []) if row["b"] in inside]

    def words(self, row: Mapping[str, object]) -> str:
        """The reasons; what the cards have in common stands in lines of its own."""
        found = reason_words(Reason(int(str(row["reasons"]))), self._language)
        return "; ".join(found or self.shared.words(row, self._language))


def _group(
    name: str, case: _Case, pairs: _Pairs, cells: CardCells, judged: Judged, language: Language
) -> OfferedGroup:
    cards = case.cards
    together = [list(cards)] if judged.whole else list(case.sure.values())
    notes: list[str] = []
    parts: list[tuple[int, ...]] = []
    for part in together:
        against = judged.objection(name, part)
        if against:
            listed = ", ".join(map(str, part))
            notes.append(f"{listed}: {judged.tell(against)}")
        else:
            parts.append(tuple(part))
    held = {card for part in parts for card in part}
    parts += [(card,) for card in cards if card not in held]
    parts.sort()
    merging = [part for part in parts if len(part) > 1]
    main = merging[0] if merging else tuple(cards)
    choice = judged.survive(name, main)
    masters = [judged.survive(name, part).master for part in merging] or [choice.master]
    found = pairs.within(name, cards)
    offered, forbidden = set(), {}
    for row in found:
        pair = (int(str(row["a"])), int(str(row["b"])))
        if row["tier"] in ("auto", "review"):
            offered.add(pair)
        else:
            forbidden[pair] = pairs.words(row)
    # Cards of one sure group are one client by the rules, also where two of them share nothing directly.
    offered |= {
        (a, b) for part in case.sure.values() for a in part for b in part if a < b and (a, b) not in forbidden
    }
    shown_first = sorted(
        found, key=lambda row: str(row["tier"]) == "auto"
    )  # doubts first: they are the question
    why = [f"{row['a']} — {row['b']}: {pairs.words(row)}" for row in shown_first[:_MOST_WHY]]
    if len(found) > _MOST_WHY:
        more = len(found) - _MOST_WHY
        why.append(words_of(f"и ещё пар: {more}", f"and {more} more pairs", language))
    return OfferedGroup(
        0,
        name,
        "review" if case.doubtful or not merging else "auto",
        tuple(cards),
        tuple(parts),
        bool(merging),
        tuple(masters),
        _fields(cells, cards, choice),
        _shown(name, cards, cells, judged),
        _keys(pairs, name, cards, language),
        (*notes, *why),
        frozenset(offered),
        forbidden,
    )


def _fields(cells: CardCells, cards: Sequence[int], choice: Choice) -> tuple[OfferedField, ...]:
    held = cells.cells(cards)
    found = []
    for name in cells.scalars:
        values = {card: held[card][name] for card in cards if name in held[card]}
        distinct = list(values.values())
        if any(not cells.alike(name, distinct[0], other) for other in distinct[1:]):
            found.append(OfferedField(name, values, choice.values.get(name)))
    return tuple(found)


def _shown(name: str, cards: Sequence[int], cells: CardCells, judged: Judged) -> dict[str, dict[int, str]]:
    held = cells.cells(cards)
    shown: dict[str, dict[int, str]] = {}
    for heading, kind in (("phones", "PHONE"), ("e-mails", "EMAIL")):
        shown[heading] = {
            card: ", ".join(str(row["value"]) for row in held[card]["fm"] if row["typeId"] == kind)
            for card in cards
        }
    for question in ("deals", "activities"):
        counted = {card: judged.facts[name].get(card, {}).get(question, 0) for card in cards}
        shown[question] = {card: str(count) for card, count in counted.items()}
    for heading, column in (("created", "createdTime"), ("changed", "updatedTime")):
        moments = cells.column(column, cards)
        shown[heading] = {card: str(moment)[:10] for card, moment in moments.items() if moment is not None}
    return {heading: texts for heading, texts in shown.items() if any(texts.values())}


def _keys(pairs: _Pairs, name: str, cards: Sequence[int], language: Language) -> tuple[SharedKey, ...]:
    found = pairs.shared.among(name, cards, language)
    return tuple(SharedKey(*each) for each in found if each[0] in _TELLING)
