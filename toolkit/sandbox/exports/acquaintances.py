"""Whom a seeded portal knows beyond doubt, and whom it does not: read from its tables and the seed's truth."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from ..portal import Sandbox
from ..seeds.phones import mobile

__all__ = ["Acquaintance", "Deal", "Firm", "Known", "acquaintances"]

_NAME = re.compile(r"[А-ЯЁ][а-яё]+")


@dataclass(frozen=True)
class Acquaintance:
    """A person with a card.

    Args:
        id: of the card.
        last, first, middle: as the card has them.
        number: ten digits, nobody else's.
        email: nobody else's; "" for none.
        company: id of the firm on the card; 0 for none.
    """

    id: int
    last: str
    first: str
    middle: str
    number: str
    email: str
    company: int


@dataclass(frozen=True)
class Firm:
    """A firm with a card and a requisite.

    Args:
        id: of the card.
        title: as the card has it.
        inn, kpp: as digits.
        number: its landline, ten digits; "" where the card's cannot be told.
        carried: how many people's cards hold that number as well.
    """

    id: int
    title: str
    inn: str
    kpp: str
    number: str
    carried: int


@dataclass(frozen=True)
class Deal:
    """A deal as far as a request needs it.

    Args:
        id: of the deal.
        pipeline: its category.
        people: ids of its contacts.
        company: id of its company; 0 for none.
        closed: won or lost.
        moved: seconds since 1970.
        comments: "" for none.
        amount: 0 for none.
    """

    id: int
    pipeline: int
    people: frozenset[int]
    company: int
    closed: bool
    moved: int
    comments: str
    amount: float


@dataclass(frozen=True)
class Known:
    """Who a portal knows.

    Args:
        people: with a number and a name that are theirs alone, by id.
        households: two people each who answer one number: the number and their ids.
        doubles: a person's number, and the ids of all cards of that person which hold it.
        firms: with an INN that is theirs alone, by id.
        deals: all of them.
    """

    people: list[Acquaintance]
    households: list[tuple[str, int, int]]
    doubles: list[tuple[Acquaintance, tuple[int, ...]]]
    firms: list[Firm]
    deals: list[Deal]


def acquaintances(portal: Sandbox) -> Known:
    """Who a seeded portal knows.

    Args:
        portal: filled by `retail` or `realty`.
    """
    texts: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    digits: Counter[str] = Counter()
    mailboxes: Counter[str] = Counter()
    for row in portal.store.rows("SELECT * FROM multifield ORDER BY ID"):
        texts[row["ENTITY_TYPE_ID"], row["ELEMENT_ID"]].append((row["TYPE_ID"], row["VALUE"]))
        if row["TYPE_ID"] == "PHONE":
            digits[re.sub(r"\D", "", row["VALUE"])] += 1
        elif row["TYPE_ID"] == "EMAIL":
            mailboxes[row["VALUE"].strip().lower()] += 1
    told = portal.store.rows("SELECT * FROM seed_truth")
    blurred = {
        row["RECORD_ID"] for row in told if row["TOPIC"] in ("same_person", "household", "switchboard")
    }
    pairs = []
    for row in told:
        if row["TOPIC"] == "household":
            other = int(json.loads(row["EXTRA"])["of"])
            pairs.append((other, row["RECORD_ID"]))
            blurred.add(other)
    holders = _holders(digits)
    cards = {row["ID"]: row for row in portal.store.rows("SELECT * FROM crm_3 ORDER BY ID")}
    plain = {number: _plain(texts[3, number]) for number in cards}
    people, doubled = [], {}
    for number, row in cards.items():
        words = [row["LAST_NAME"] or "", row["NAME"] or "", row["SECOND_NAME"] or ""]
        own = mobile(number - 1)
        if plain[number] != own or not all(_NAME.fullmatch(each) for each in words):
            continue
        emails = [value.strip().lower() for kind, value in texts[3, number] if kind == "EMAIL"]
        email = emails[0] if len(emails) == 1 and mailboxes[emails[0]] == 1 else ""
        if emails and not email and number not in blurred:
            continue
        person = Acquaintance(number, words[0], words[1], words[2], own, email, row["COMPANY_ID"] or 0)
        if number not in blurred and holders(own) == 1:
            people.append(person)
        doubled[number] = person
    households = [
        (mobile(one - 1), one, two)
        for one, two in pairs
        if one in doubled and plain[two] == mobile(one - 1) and holders(mobile(one - 1)) == 2
    ]
    clusters: dict[int, list[int]] = defaultdict(list)
    for row in told:
        if row["TOPIC"] == "same_person":
            clusters[row["CLUSTER"]].append(row["RECORD_ID"])
    doubles = [
        (doubled[first], tuple(sorted(them)))
        for first, them in sorted(clusters.items())
        if first in doubled and all(plain[each] == mobile(first - 1) for each in them)
    ]
    return Known(people, households, doubles, _firms(portal, texts, holders), _deals(portal))


class _holders:  # noqa: N801  # called like a function
    """How many phone cells of the portal hold a number, however they are spelled."""

    def __init__(self, digits: Counter[str]) -> None:
        self._exact: Counter[str] = Counter()
        self._odd: list[tuple[str, int]] = []
        for text, count in digits.items():
            if len(text) in (10, 11):
                self._exact[text[-10:]] += count
            else:
                self._odd.append((text, count))

    def __call__(self, number: str) -> int:
        return self._exact[number] + sum(count for text, count in self._odd if number in text)


def _plain(rows: list[tuple[str, str]]) -> str:
    """The only phone of a card as ten digits; "" when there are several, or anything is odd about it."""
    phones = [value for kind, value in rows if kind == "PHONE"]
    if len(phones) != 1 or not re.fullmatch(r"\+?[\d ()-]+", phones[0]):
        return ""
    digits = re.sub(r"\D", "", phones[0])
    if len(digits) == 11 and digits[0] in "78":
        return digits[1:]
    return digits if len(digits) == 10 and digits[0] == "9" else ""


def _firms(
    portal: Sandbox, texts: dict[tuple[int, int], list[tuple[str, str]]], holders: _holders
) -> list[Firm]:
    rows = portal.store.rows("SELECT * FROM requisite WHERE ENTITY_TYPE_ID = 4 ORDER BY ID")
    inns = Counter(re.sub(r"\D", "", row["RQ_INN"] or "") for row in rows)
    several = Counter(row["ENTITY_ID"] for row in rows)
    told = portal.store.rows("SELECT RECORD_ID FROM seed_truth WHERE TOPIC = 'same_firm'")
    blurred = {row["RECORD_ID"] for row in told}
    titles = {row["ID"]: row["TITLE"] for row in portal.store.rows("SELECT ID, TITLE FROM crm_4")}
    firms = []
    for row in rows:
        inn, number = row["RQ_INN"] or "", row["ENTITY_ID"]
        alone = re.fullmatch(r"\d{10}", inn) and inns[inn] == 1 and several[number] == 1
        if alone and number not in blurred and row["RQ_KPP"]:
            phone = _plain(texts[4, number])
            carried = holders(phone) - 1 if phone else 0
            firms.append(Firm(number, titles[number], inn, row["RQ_KPP"], phone, carried))
    return firms


def _deals(portal: Sandbox) -> list[Deal]:
    people: dict[int, set[int]] = defaultdict(set)
    for row in portal.store.rows(
        "SELECT OWNER_ID, LINKED_ID FROM binding WHERE OWNER_TYPE_ID=2 AND LINKED_TYPE_ID=3"
    ):
        people[row["OWNER_ID"]].add(row["LINKED_ID"])
    found = []
    for row in portal.store.rows("SELECT * FROM crm_2 ORDER BY ID"):
        members = frozenset(people[row["ID"]] | ({row["CONTACT_ID"]} if row["CONTACT_ID"] else set()))
        found.append(
            Deal(
                row["ID"],
                row["CATEGORY_ID"],
                members,
                row["COMPANY_ID"] or 0,
                row["CLOSED"] == "Y",
                row["MOVED_TIME"] or 0,
                row["COMMENTS"] or "",
                row["OPPORTUNITY"] or 0.0,
            )
        )
    return found
