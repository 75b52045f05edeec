"""Clients of a firm: people and companies with the duplicates, households and switchboards of real portals.

What is really one person or one firm is written into the truth as the cards are made: topic
`same_person` and `same_firm` (records of one cluster are one), `household` and `switchboard` (records
that share a phone and are *not* one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .firms import Firm, draw_firm, kpp_of, mistitled
from .people import Person, draw_person, mailbox, mistaken
from .phones import DIRT, draw_landline, draw_mobile, mobile, soiled
from .scene import Scene

__all__ = ["Card", "CompanyCard", "draw_companies", "draw_people"]

DUPLICATES = 0.06  # share of cards that are a second (third, ...) one of somebody
HOUSEHOLDS = 0.015  # share of cards whose phone is also another person's
FIRM_DUPLICATES = 0.06
BRANCHES = 0.03
SWITCHBOARDS = 0.3  # share of people of companies who left the company's phone as theirs


@dataclass
class Card:
    """One contact as it will be written.

    Args:
        person: as the card has the name, mistakes included.
        fm: phones and e-mails, ready for `load_records`.
        number: the person's own mobile, ten digits.
        known_by: how that number is spelt in the card.
        email: the person's own address; empty for none.
        original: place of the first card of the same person; its own place when it is the first.
        company: place of the company the person works for, or None.
    """

    person: Person
    fm: list[tuple[str, str, str]]
    number: str
    known_by: str
    email: str
    original: int
    company: int | None = None


@dataclass
class CompanyCard:
    """One company as it will be written.

    Args:
        firm: as the card has it, mistakes included.
        fm: phones and e-mails.
        phone: its landline, ten digits.
        original: place of the first card of the same firm.
    """

    firm: Firm
    fm: list[tuple[str, str, str]]
    phone: str
    original: int


def draw_companies(scene: Scene, count: int, first_id: int) -> list[CompanyCard]:
    """Companies in the order of their ids, beginning with `first_id`; writes their truth."""
    rng = scene.rng
    cards: list[CompanyCard] = []
    originals: list[int] = []
    told: set[int] = set()
    for at in range(count):
        chance = rng.random()
        if originals and chance < FIRM_DUPLICATES + BRANCHES:
            original = rng.choice(originals)
            base = cards[original]
            if chance < FIRM_DUPLICATES or not base.firm.kpp:
                kind, firm = mistitled(base.firm, rng)
                phone = base.phone if rng.random() < 0.5 else draw_landline(rng)
            else:
                kind, phone = "branch", draw_landline(rng)
                firm = replace(base.firm, kpp=kpp_of(base.firm.inn, rng, branch=True))
            scene.know("same_firm", 4, first_id + at, original + 1, kind, {"inn": firm.inn, "kpp": firm.kpp})
            if original not in told:
                told.add(original)
                scene.know("same_firm", 4, first_id + original, original + 1, "original", {"inn": firm.inn})
        else:
            firm, phone, original = draw_firm(rng, at), draw_landline(rng), at
            originals.append(at)
        fm = [("PHONE", "WORK", soiled(phone, rng, readable=True)[1])]
        if rng.random() < 0.5:
            fm.append(("EMAIL", "WORK", f"info@firm{original + 1}.example"))
        if rng.random() < 0.3:
            fm.append(("WEB", "WORK", f"https://firm{original + 1}.example"))
        cards.append(CompanyCard(firm, fm, phone, original))
    return cards


def draw_people(
    scene: Scene, count: int, first_id: int, companies: Sequence[CompanyCard], *, employed: float = 0.25
) -> list[Card]:
    """People in the order of their ids, beginning with `first_id`; writes their truth."""
    rng = scene.rng
    cards: list[Card] = []
    originals: list[int] = []
    told: set[int] = set()
    for at in range(count):
        chance = rng.random()
        if originals and chance < DUPLICATES:
            original = rng.choice(originals)
            card, kind, shares = _second_card(scene, cards[original], original)
            if original not in told:
                told.add(original)
                scene.know("same_person", 3, first_id + original, original + 1, "original")
            extra = {"shares": shares, "dirt": card.known_by}
            scene.know("same_person", 3, first_id + at, original + 1, kind, extra)
        elif originals and chance < DUPLICATES + HOUSEHOLDS:
            other = rng.choice(originals)
            card = _relative(scene, cards[other], at)
            scene.know("household", 3, first_id + at, other + 1, "relative", {"of": first_id + other})
            originals.append(at)
        else:
            card = _first_card(scene, at)
            originals.append(at)
        if companies and rng.random() < employed:
            _employ(scene, card, at, companies, first_id)
        cards.append(card)
    return cards


def _first_card(scene: Scene, at: int) -> Card:
    rng = scene.rng
    person, number = draw_person(rng), mobile(at)
    kind, text = soiled(number, rng)
    fm = [("PHONE", "MOBILE" if rng.random() < 0.6 else "WORK", text)]
    if rng.random() < 0.15:
        fm.append(("PHONE", "HOME", soiled(draw_landline(rng), rng)[1]))
    email = mailbox(person, rng) if rng.random() < 0.6 else ""
    if email:
        fm.append(("EMAIL", "HOME" if rng.random() < 0.5 else "WORK", email))
    return Card(person, fm, number, kind, email, at)


def _second_card(scene: Scene, first: Card, original: int) -> tuple[Card, str, list[str]]:
    """Another card of the same person: a mistake in the name, and at least one thing that still agrees."""
    rng = scene.rng
    kind, person = mistaken(first.person, rng)
    by_phone = DIRT[first.known_by].readable and (not first.email or rng.random() < 0.85)
    by_email = bool(first.email) and (not by_phone or rng.random() < 0.4)
    number = first.number if by_phone else draw_mobile(rng)
    spelling, text = soiled(number, rng, readable=by_phone)
    fm = [("PHONE", "MOBILE", text)]
    if by_email:
        address = first.email.upper() if rng.random() < 0.1 else first.email
        fm.append(("EMAIL", "WORK", address))
    shares = ["phone"] * by_phone + ["email"] * by_email
    return Card(person, fm, number, spelling, first.email if by_email else "", original), kind, shares


def _relative(scene: Scene, other: Card, at: int) -> Card:
    """Somebody else who answers the same phone: usually of the same surname, of the other sex."""
    rng = scene.rng
    person = draw_person(rng)
    while person.sex == other.person.sex or person.first == other.person.first:
        person = draw_person(rng)
    last = other.person.last
    if rng.random() < 0.7 and last.endswith(("ов", "ев", "ёв", "ин", "ова", "ева", "ёва", "ина")):
        person = replace(person, last=last[:-1] if other.person.sex == "f" else last + "а")
    kind, text = soiled(other.number, rng, readable=True)
    return Card(person, [("PHONE", "MOBILE", text)], other.number, kind, "", at)


def _employ(scene: Scene, card: Card, at: int, companies: Sequence[CompanyCard], first_id: int) -> None:
    rng = scene.rng
    card.company = int(rng.random() ** 1.5 * len(companies))
    if rng.random() < SWITCHBOARDS:
        phone = companies[card.company].phone
        card.fm.append(("PHONE", "WORK", soiled(phone, rng, readable=True)[1]))
        scene.know("switchboard", 3, first_id + at, card.company + 1, "company phone", {"phone": phone})
