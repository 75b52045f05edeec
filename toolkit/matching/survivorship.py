"""Which card stays and which values survive when cards become one: rules a person can read.

Both are declared: the master by a chain of questions, the first that tells cards apart decides; each field
by one rule. `RU_B2B` and `RU_B2C` are the presets; `explained()` prints one in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

__all__ = ["PRESETS", "RU_B2B", "RU_B2C", "Card", "Choice", "FieldRule", "Survivorship", "survivors"]

FieldRule = Literal["keep", "whole", "newest", "oldest", "longest", "join", "strictest", "active"]
"""What happens to a field whose cards differ.

keep        the master's value; where it is empty, the value of the card changed last
whole       several fields as one, from the card that fills most of them, the master first; what it leaves
            empty, from the card changed last
newest      the value of the card changed last
oldest      the value of the card created first
longest     the longest text
join        all texts, the master's first, each of the others under a line that says whose it was
strictest   yes only when every card says yes: a permission one card denies is denied
active      the master's, unless that person is dismissed; then the first who is not
"""

Question = Literal[
    "chosen", "external_id", "inn", "open_deals", "deals", "activities", "changed", "filled", "lowest_id"
]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Card:
    """One card of a group, as far as survivorship asks.

    Args:
        id: the portal's.
        values: the cells that may survive; empty ones are left out.
        created: moment of creation, in any form that sorts.
        changed: moment of the last change, likewise.
        facts: answers to the questions of the chain: `external_id`, `inn`, `chosen` (0 or 1), `open_deals`,
            `deals`, `activities` (how many).
    """

    id: int
    values: Values
    created: Any = ""
    changed: Any = ""
    facts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """What becomes of a group.

    Args:
        master: id of the card that stays.
        why: the question that decided, and `only` when there was nothing to decide.
        values: the cells of the surviving card.
        taken_from: field to the card its value comes from; 0 for joined ones.
    """

    master: int
    why: str
    values: dict[str, Any]
    taken_from: dict[str, int]


@dataclass(frozen=True)
class Survivorship:
    """The rules of one preset.

    Args:
        name: of the preset.
        chain: questions for the master, the strongest first.
        fields: field to its rule; `otherwise` for the rest.
        together: fields that make sense only together, taken from one card (rule `whole`).
        otherwise: the rule of fields not named.
    """

    name: str
    chain: tuple[Question, ...]
    fields: Mapping[str, FieldRule]
    together: tuple[tuple[str, ...], ...] = ()
    otherwise: FieldRule = "keep"

    def rule(self, name: str) -> FieldRule:
        """The rule of a field."""
        return self.fields.get(name, self.otherwise)

    def explained(self) -> str:
        """The rules in words, one line each."""
        lines = [f"master: {' > '.join(self.chain)}"]
        lines += [f"{', '.join(each)}: whole, from one card" for each in self.together]
        lines += [f"{name}: {rule}" for name, rule in self.fields.items()]
        return "\n".join([*lines, f"other fields: {self.otherwise}"])

    def with_fields(self, fields: Mapping[str, FieldRule]) -> Survivorship:
        """The same rules, with other ones for some fields."""
        return Survivorship(self.name, self.chain, {**self.fields, **fields}, self.together, self.otherwise)


_FIELDS: Final[dict[str, FieldRule]] = {
    "comments": "join",
    "export": "strictest",
    "assignedById": "active",
    "sourceId": "oldest",
    "sourceDescription": "oldest",
    "utmSource": "oldest",
    "utmMedium": "oldest",
    "utmCampaign": "oldest",
    "utmContent": "oldest",
    "utmTerm": "oldest",
}
_NAME: Final = ("lastName", "name", "secondName")
_ORIGIN: Final = ("originatorId", "originId", "originVersion")

RU_B2B: Final = Survivorship(
    "ru_b2b",
    (
        "chosen", "external_id", "inn", "open_deals", "deals", "activities", "changed", "filled", "lowest_id",
    ),
    {**_FIELDS, "title": "keep", "post": "newest"},
    (_NAME, _ORIGIN),
)  # fmt: skip
"""Firms and their people: what the accounts department refers to comes first."""

RU_B2C: Final = Survivorship(
    "ru_b2c",
    ("chosen", "external_id", "open_deals", "deals", "activities", "changed", "filled", "lowest_id"),
    {**_FIELDS, "address": "newest"},
    (_NAME, _ORIGIN),
)  # fmt: skip
"""Private clients: who is being served now comes first."""

PRESETS: Final[Mapping[str, Survivorship]] = {each.name: each for each in (RU_B2B, RU_B2C)}

_JOINED = "--- {id} ---"


def survivors(
    cards: Sequence[Card], rules: Survivorship, *, dismissed: frozenset[int] = frozenset()
) -> Choice:
    """Which of these cards stays, and with which values. The order of the cards does not matter.

    Args:
        cards: at least two.
        rules: see `Survivorship`.
        dismissed: user ids that no longer work.
    """
    ranked = sorted(cards, key=lambda card: _rank(card, rules.chain))
    master = ranked[0]
    values: dict[str, Any] = {}
    taken: dict[str, int] = {}
    names = list(dict.fromkeys(name for card in ranked for name in card.values))
    for together in rules.together:
        fullest = max(ranked, key=lambda card: (_fullness(card, together), card is master))
        for name in together:
            holders = [card for card in ranked if name in card.values]
            if holders:
                source = _keep(name, holders, fullest, dismissed)
                values[name], taken[name] = source.values[name], source.id
    within = {name for each in rules.together for name in each}
    for name in names:
        if name in within:
            continue
        holders = [card for card in ranked if name in card.values]
        rule = rules.rule(name)
        if rule == "strictest" and len(holders) < len(ranked):
            continue  # an empty cell is a "no"
        if rule == "join":
            values[name], taken[name] = _joined(name, holders), 0
            continue
        chosen = _RULES[rule](name, holders, master, dismissed)
        values[name], taken[name] = chosen.values[name], chosen.id
    return Choice(master.id, _why(ranked, rules.chain), values, taken)


def _rank(card: Card, chain: Sequence[Question]) -> tuple[Any, ...]:
    return tuple(_answer(card, question) for question in chain)


def _answer(card: Card, question: Question) -> Any:
    """Smaller is better."""
    match question:
        case "changed":
            return _Latest(card.changed)
        case "filled":
            return -len(card.values)
        case "lowest_id":
            return card.id
    return -card.facts.get(question, 0)


@dataclass(frozen=True, order=False)
class _Latest:
    """A moment that sorts before all earlier ones."""

    moment: Any

    def __lt__(self, other: _Latest) -> bool:
        return bool(str(self.moment) > str(other.moment))


def _why(ranked: Sequence[Card], chain: Sequence[Question]) -> str:
    first, second = ranked[0], ranked[1]
    for question in chain:
        if _answer(first, question) != _answer(second, question):
            return question
    return "only"


def _fullness(card: Card, together: Sequence[str]) -> int:
    """How much of several fields a card fills; an initial fills half."""
    return sum(
        2 if len(str(card.values[name]).rstrip(".")) > 1 else 1 for name in together if name in card.values
    )


def _joined(name: str, holders: Sequence[Card]) -> str:
    parts: list[str] = []
    said: set[str] = set()
    for card in holders:
        text = str(card.values[name]).strip()
        plain = " ".join(text.split()).casefold()
        if plain in said:
            continue
        said.add(plain)
        parts.append(text if not parts else f"{_JOINED.format(id=card.id)}\n{text}")
    return "\n".join(parts)


def _keep(name: str, holders: Sequence[Card], master: Card, _: frozenset[int]) -> Card:
    return master if name in master.values else _newest(name, holders, master, _)


def _newest(_name: str, holders: Sequence[Card], _master: Card, _: frozenset[int]) -> Card:
    return min(holders, key=lambda card: _Latest(card.changed))


def _oldest(_name: str, holders: Sequence[Card], _master: Card, _: frozenset[int]) -> Card:
    return min(holders, key=lambda card: (str(card.created), card.id))


def _longest(name: str, holders: Sequence[Card], _master: Card, _: frozenset[int]) -> Card:
    return max(holders, key=lambda card: len(str(card.values[name])))


def _active(name: str, holders: Sequence[Card], _master: Card, dismissed: frozenset[int]) -> Card:
    # Cards stand in the order of the chain, so the first is the master's where it has one.
    return next((card for card in holders if int(card.values[name]) not in dismissed), holders[0])


_RULES: Final[Mapping[str, Callable[[str, Sequence[Card], Card, frozenset[int]], Card]]] = {
    "keep": _keep,
    "newest": _newest,
    "oldest": _oldest,
    "longest": _longest,
    "strictest": _keep,
    "active": _active,
}
