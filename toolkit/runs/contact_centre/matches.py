"""Who rows are about: their clients laid beside the portal's cards and matched by the rules that merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from toolkit.matching import Home, MatchRules, email_keys, find_clusters, inn_keys, phone_keys
from toolkit.records import multifields
from toolkit.runs.contact_centre.words import named, said

__all__ = ["Asked", "Match", "match_clients"]

_NAMES = ("name", "lastName", "secondName", "title")
_COLUMNS = ("entity", "id", "key_type", "key_value", "extension", "may_key")


@dataclass(frozen=True)
class Asked:
    """A client as rows describe them.

    Args:
        marker: what the card made for them carries.
        names: fields of the card's name, as on the wire.
        phones, emails: as they were typed.
        inn, kpp: checked.
    """

    marker: str
    names: Mapping[str, str]
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    inn: str = ""
    kpp: str = ""


@dataclass(frozen=True)
class Match:
    """Who that is.

    Args:
        verdict: `one`: that card; `new`: nobody, a card is made; `review`: a person has to say.
        id: of the card, with `one`; of a candidate, with `review`, 0 when it is not on the portal either.
        marker: with `new`, of the card to be made: several descriptions may be of one client.
        candidates: with `review`, the cards it may be; 0 for one that is not on the portal either.
        why: with `review`: `several` fit; `perhaps` it is one of them; a `firms phone` is all that is said.
    """

    verdict: Literal["one", "new", "review"]
    id: int = 0
    marker: str = ""
    candidates: tuple[int, ...] = ()
    why: Literal["several", "perhaps", "firms phone"] = "several"

    def words(self, language: str) -> str:
        """With `review`, why, as a person reads it.

        Args:
            language: `ru` or `en`.
        """
        told = dict.fromkeys(str(each) if each else said(language, "new") for each in self.candidates)
        return named(language, self.why, told)


def match_clients(
    name: str,
    asked: Sequence[Asked],
    cards: pd.DataFrame,
    requisites: pd.DataFrame,
    rules: MatchRules,
    home: Home,
) -> dict[str, Match]:
    """Who each of the clients asked for is, by marker.

    Args:
        name: `contact` or `company`.
        asked: no marker twice.
        cards: of the portal.
        requisites: columns ENTITY_TYPE_ID, ENTITY_ID, RQ_INN, RQ_KPP.
        rules: the thresholds.
        home: where phones without a country or area code belong.
    """
    found = {each.marker: Match("one", number) for each, number in _marked(asked, cards)}
    open_ = [each for each in asked if each.marker not in found]
    if not open_:
        return found
    base = int(cards["id"].max()) + 1 if len(cards) else 1
    own = pd.DataFrame([{"id": base + at, **each.names} for at, each in enumerate(open_)])
    known = cards[["id", *(column for column in _NAMES if column in cards)]]
    together = pd.concat([known.astype(object), own.astype(object)], ignore_index=True).assign(entity=name)
    for column in _NAMES:
        if column not in together:
            together[column] = None
    keys = pd.concat(
        [*_card_keys(name, cards, requisites, home), *_asked_keys(name, open_, base, home)], ignore_index=True
    )
    clusters = find_clusters(together.where(together.notna(), None), keys, rules)
    found |= _answers(open_, base, clusters.pairs(), clusters.cards.id.tolist(), clusters.group.tolist())
    return found


def _answers(
    open_: Sequence[Asked], base: int, pairs: pd.DataFrame, ids: list[int], groups: list[int]
) -> dict[str, Match]:
    clients: dict[
        int, int
    ] = {}  # card of the portal to the least of those that are the same client without the rows

    def client(card: int) -> int:
        while clients.get(card, card) != card:
            card = clients[card]
        return card

    doubts: dict[int, list[int]] = {}
    for a, b, tier in zip(pairs["a"].tolist(), pairs["b"].tolist(), pairs["tier"].tolist(), strict=True):
        if tier == "auto" and a < base and b < base:
            low, high = sorted((client(a), client(b)))
            clients[high] = low
        elif tier == "review" and (a >= base or b >= base):
            doubts.setdefault(a, []).append(b)
            doubts.setdefault(b, []).append(a)
    members: dict[int, list[int]] = {}
    for number, group in zip(ids, groups, strict=True):
        members.setdefault(group, []).append(number)
    of = dict(zip(ids, groups, strict=True))
    answers: dict[str, Match] = {}
    for at, each in enumerate(open_):
        same = members[of[base + at]]
        there = sorted({client(card) for card in same if card < base})
        leader = min(card for card in same if card >= base)
        if len(there) == 1:
            answers[each.marker] = Match("one", there[0])
            continue
        # Of two new clients who may be one, the first is made and a person is asked about the other.
        perhaps = sorted(
            {other for card in same if card >= base for other in doubts.get(card, ())} - set(same)
        )
        perhaps = [card for card in perhaps if card < leader]
        candidates = there or perhaps
        if candidates:
            known = tuple(card if card < base else 0 for card in candidates)
            why: Literal["several", "perhaps"] = "several" if there else "perhaps"
            answers[each.marker] = Match("review", known[0], candidates=known, why=why)
        else:
            answers[each.marker] = Match("new", marker=open_[leader - base].marker)
    return answers


def _marked(asked: Sequence[Asked], cards: pd.DataFrame) -> list[tuple[Asked, int]]:
    if cards.empty or "originId" not in cards:
        return []
    carried = cards[cards["originId"].notna()]
    by = dict(zip(carried["originId"].astype(str).tolist(), carried["id"].astype(int).tolist(), strict=True))
    return [(each, by[each.marker]) for each in asked if each.marker in by]


def _card_keys(name: str, cards: pd.DataFrame, requisites: pd.DataFrame, home: Home) -> list[pd.DataFrame]:
    keys = [pd.DataFrame(columns=list(_COLUMNS))]
    if "fm" in cards and len(cards):
        rows = multifields(cards[["id", "fm"]]).assign(entity=name)
        keys.append(phone_keys(rows[rows["typeId"] == "PHONE"].reset_index(drop=True), "value", home))
        keys.append(email_keys(rows[rows["typeId"] == "EMAIL"].reset_index(drop=True), "value"))
    if len(requisites) and "RQ_INN" in requisites:
        theirs = requisites[requisites["ENTITY_TYPE_ID"] == {"contact": 3, "company": 4}[name]]
        theirs = theirs[theirs["RQ_INN"].notna() & theirs["ENTITY_ID"].isin(set(cards["id"]))]
        rows = theirs.assign(entity=name, id=theirs["ENTITY_ID"].astype("int64")).reset_index(drop=True)
        keys.append(_registrations(rows, name))
    return [each for each in keys if len(each)]


def _asked_keys(name: str, open_: Sequence[Asked], base: int, home: Home) -> list[pd.DataFrame]:
    def table(cells: list[tuple[int, str]]) -> pd.DataFrame:
        return pd.DataFrame(cells, columns=["id", "value"]).assign(entity=name)

    phones = table([(base + at, one) for at, each in enumerate(open_) for one in each.phones])
    emails = table([(base + at, one) for at, each in enumerate(open_) for one in each.emails])
    inns = pd.DataFrame(
        [(base + at, each.inn, each.kpp or None) for at, each in enumerate(open_) if each.inn],
        columns=["id", "RQ_INN", "RQ_KPP"],
    ).assign(entity=name)
    found = [pd.DataFrame(columns=list(_COLUMNS))]
    found += [phone_keys(phones, "value", home)] if len(phones) else []
    found += [email_keys(emails, "value")] if len(emails) else []
    found += [_registrations(inns, name)] if len(inns) else []
    return [each for each in found if len(each)] or found


def _registrations(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    keys = inn_keys(rows, "RQ_INN", "RQ_KPP" if "RQ_KPP" in rows else None)
    return keys if name == "company" else keys.loc[keys["key_value"].str.len() == 12]
