"""Cards that are perhaps one client: what a person may choose among, and what was chosen.

An `OfferedGroup` holds all cards that hang together by evidence, the parts the rules propose to merge, and
everything a person needs to judge it. An `Answer` is what the person said; `chosen` holds it against the offer
and gives the `GroupChoice` that a plan is made with. Nothing that was not offered comes through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Answer", "GroupChoice", "NotOffered", "OfferedField", "OfferedGroup", "SharedKey", "chosen"]

Say = Literal["merge", "leave", "different"]


class GroupChoice(BaseModel):
    """What a person chose for one group of cards; a parameter of the operation that merges.

    Args:
        entity: of all cards.
        cards: the whole group as it was offered; what is not in a part stays as it is.
        parts: the cards that become one, part by part.
        masters: cards that are to survive; a part without one follows the rules.
        values: field to the card whose value survives.
        who: who chose.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str
    cards: list[int] = Field(min_length=2)
    parts: list[list[int]] = Field(default_factory=list)
    masters: list[int] = Field(default_factory=list)
    values: dict[str, int] = Field(default_factory=dict)
    who: str = ""


@dataclass(frozen=True)
class OfferedField:
    """A field in which cards of a group differ.

    Args:
        name: as on the wire.
        values: card to its value; cards where it is empty are left out.
        proposed: the value that survives by the rules.
    """

    name: str
    values: Mapping[int, Any]
    proposed: Any


@dataclass(frozen=True)
class SharedKey:
    """A phone, mailbox or INN that several cards of a group own.

    Args:
        key_type: `phone`, `email`, `inn`.
        value: normalised.
        words: what it is and what it proves.
        cards: who owns it.
    """

    key_type: str
    value: str
    words: str
    cards: tuple[int, ...]


@dataclass(frozen=True)
class OfferedGroup:
    """Cards that hang together, and what is proposed.

    Args:
        number: names the group in its review, from 1.
        entity: `contact`, `company` or `lead`.
        tier: `auto`: the rules are sure of all of it; `review`: a person decides about some of it.
        cards: all of them.
        parts: every card in exactly one; what is proposed to become one stands in one part.
        merged: whether the proposal is to merge the parts.
        masters: the proposed survivor of each part of two or more; of all cards when every part is one card.
        fields: where cards differ.
        shown: what else a person compares: heading to card to text.
        keys: what they share.
        why: the evidence, pair by pair, in words.
        offered: pairs that may become one; a part has to hang together by these.
        forbidden: pairs that may not, with the reason in words.
    """

    number: int
    entity: str
    tier: Literal["auto", "review"]
    cards: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]
    merged: bool
    masters: tuple[int, ...]
    fields: tuple[OfferedField, ...] = ()
    shown: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    keys: tuple[SharedKey, ...] = ()
    why: tuple[str, ...] = ()
    offered: frozenset[tuple[int, int]] = frozenset()
    forbidden: Mapping[tuple[int, int], str] = field(default_factory=dict)

    @property
    def proposal(self) -> Answer:
        """The answer that changes nothing."""
        letters = {card: _letter(at) for at, part in enumerate(self.parts) for card in part}
        if not self.merged and len(self.parts) == len(self.cards):
            letters = dict.fromkeys(self.cards, _letter(0))  # ready to be approved as a whole
        return Answer("merge" if self.merged else "leave", letters, self.masters)


@dataclass(frozen=True)
class Answer:
    """What a person said about a group.

    Args:
        say: merge the cards of one letter, leave all as they are, or: these are different clients.
        letters: card to the letter of its part; "" for a card left alone.
        masters: cards marked as the ones that stay.
        values: field to the card whose value was chosen; only where it is not the proposed one.
        no_evidence: (type, value) of keys said to prove nothing.
    """

    say: Say
    letters: Mapping[int, str]
    masters: tuple[int, ...] = ()
    values: Mapping[str, int] = field(default_factory=dict)
    no_evidence: tuple[tuple[str, str], ...] = ()

    @property
    def parts(self) -> list[list[int]]:
        """The cards that are to become one, part by part."""
        if self.say != "merge":
            return []
        found: dict[str, list[int]] = {}
        for card, letter in self.letters.items():
            if letter:
                found.setdefault(letter, []).append(card)
        return sorted(sorted(part) for part in found.values() if len(part) > 1)


class NotOffered(ValueError):
    """An answer asks for what was not offered.

    Args:
        what: `decision`, `part`, `master` or a field's name: where the person said it.
        card: the card it was said of; 0 for the group.
        problem: why it cannot be, in the words of `toolkit.runs.report.wording`.
    """

    def __init__(self, what: str, card: int, problem: str) -> None:
        self.what, self.card, self.problem = what, card, problem
        super().__init__(problem)


def chosen(
    group: OfferedGroup, answer: Answer, objection: Callable[[str, Sequence[int]], str], who: str = ""
) -> GroupChoice | None:
    """What a plan is to be made with; None when everything is as proposed.

    Args:
        group: what was offered.
        answer: what was said.
        objection: why cards of an entity cannot be merged at all; "" when they can.
        who: the person.

    Raises:
        NotOffered: a part holds a forbidden pair or does not hang together, two cards of a part are to stay,
            or a value is chosen that no merged card has.
    """
    parts = answer.parts
    proposed = group.proposal.parts
    for part in parts:
        if part not in proposed:
            _allowed(group, part, objection)
    merged = {card for part in parts for card in part}
    masters = [card for card in answer.masters if card in merged]
    for part in parts:
        own = [card for card in masters if card in part]
        if len(own) > 1:
            raise NotOffered("master", own[1], f"two cards of one part are to stay: {own[0]} and {own[1]}")
    values = {name: card for name, card in answer.values.items() if card in merged}
    if parts:
        lost = next((name for name, card in answer.values.items() if card not in merged), None)
        if lost is not None:
            raise NotOffered(lost, answer.values[lost], "the value of a card that is not merged was chosen")
    same_masters = sorted(masters) == sorted(card for card in group.masters if card in merged)
    if parts == proposed and same_masters and not values:
        return None
    return GroupChoice(
        entity=group.entity,
        cards=sorted(group.cards),
        parts=parts,
        masters=[] if parts == proposed and same_masters else masters,
        values=values,
        who=who,
    )


def _allowed(
    group: OfferedGroup, part: Sequence[int], objection: Callable[[str, Sequence[int]], str]
) -> None:
    inside = [(a, b) for a in part for b in part if a < b]
    for pair in inside:
        if pair in group.forbidden:
            problem = f"{pair[0]} and {pair[1]} may not become one: {group.forbidden[pair]}"
            raise NotOffered("part", pair[1], problem)
    reached = _reached(part[0], [pair for pair in inside if pair in group.offered])
    apart = [card for card in part if card not in reached]
    if apart:
        raise NotOffered("part", apart[0], f"nothing connects {part[0]} and {apart[0]}")
    against = objection(group.entity, part)
    if against:
        raise NotOffered("part", part[1], against)


def _reached(start: int, pairs: Iterable[tuple[int, int]]) -> set[int]:
    known = {start}
    left = list(pairs)
    while True:
        step = {card for pair in left for card in pair if not known.isdisjoint(pair)} - known
        if not step:
            return known
        known |= step


def _letter(at: int) -> str:
    """A, B, … Z, AA: the letter of a part."""
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
