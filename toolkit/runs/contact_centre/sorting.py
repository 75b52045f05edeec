"""Who each row is about, in its own words: rows of one client together, oldest first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from toolkit.matching import read_inn
from toolkit.runs.contact_centre.calls_there import other_number
from toolkit.runs.contact_centre.fates import Fate, Key
from toolkit.runs.contact_centre.matches import Asked
from toolkit.runs.contact_centre.phones import numbers_in
from toolkit.runs.contact_centre.rows import CallRow, ClientRow, RequestRow, last_said, latest, names_of
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.contact_centre.words import named, quoted

__all__ = ["About", "Described", "Sorted", "firm_marker", "sort_rows"]

NO_CLIENT = "neither phone nor e-mail says who it is"
BAD_INN = "the INN is none"
SHARED = "several firms have this phone: a person has to say"
SUPERSEDED = "a later state of the same row stands in the file"


@dataclass(frozen=True)
class About:
    """Who a row is about.

    Args:
        person, firm: their markers; "" for none.
        company: id of the firm that is known by its phone alone; None where the row says who it is.
    """

    person: str
    firm: str
    company: int | None = None


@dataclass(frozen=True)
class Described:
    """A client as all rows about it describe it, oldest first."""

    marker: str
    rows: tuple[ClientRow, ...]

    def as_person(self, terms: Terms) -> Asked:
        """The person to look for; a switchboard is not theirs."""
        phones = dict.fromkeys(each.phone for each in self.rows if each.phone)
        emails = dict.fromkeys(each.email for each in self.rows if each.email)
        last = self.rows[-1]
        registered = read_inn(last.inn, last.kpp).key if last.inn else ""
        own = registered if len(registered) == 12 else ""
        mine = [each for each in phones if not _numbers(each, terms) & terms.switchboards.keys()]
        return Asked(self.marker, names_of(self.rows), tuple(mine), tuple(emails), own)

    def as_firm(self) -> Asked:
        """The firm to look for."""
        registration = read_inn(self.rows[-1].inn, self.rows[-1].kpp)
        title = last_said(self.rows, "company")
        named = {"title": title} if title else {}
        return Asked(self.marker, named, inn=registration.key, kpp=registration.kpp)


@dataclass(frozen=True)
class Sorted:
    """The rows by client.

    Args:
        rows: as they were given, by kind.
        about: who each is about; rows that are left out have their fate instead.
        people, firms: by marker, in the order in which they are first met.
        fates: of rows that say nobody, go nowhere or are superseded.
    """

    rows: Mapping[str, Sequence[ClientRow]]
    about: Mapping[Key, About]
    people: Mapping[str, Described]
    firms: Mapping[str, Described]
    fates: Mapping[Key, Fate]


def sort_rows(rows: Mapping[str, Sequence[ClientRow]], terms: Terms) -> Sorted:
    """Who each row is about; rows that say nobody, or are superseded, have their fate at once.

    Args:
        rows: by kind.
        terms: what holds for all of them.
    """
    about: dict[Key, About] = {}
    people: dict[str, list[ClientRow]] = {}
    firms: dict[str, list[ClientRow]] = {}
    fates: dict[Key, Fate] = {}
    last = {kind: latest(them) for kind, them in rows.items()}
    for kind, at in _oldest_first(rows):
        row = rows[kind][at]
        if last[kind][row.id] != at:
            fates[kind, at] = Fate("unchanged", SUPERSEDED)
            continue
        found = _about(row, terms)
        if isinstance(found, Fate):
            fates[kind, at] = found
            continue
        about[kind, at] = found
        if found.person:
            people.setdefault(found.person, []).append(row)
        if found.firm:
            firms.setdefault(found.firm, []).append(row)
    return Sorted(rows, about, _described(people), _described(firms), fates)


def firm_marker(row: ClientRow, terms: Terms) -> str:
    """The marker of a row's firm; "" when it names none."""
    registration = read_inn(row.inn, row.kpp)
    branch = f"-{registration.kpp}" if registration.kpp else ""
    return terms.marker("company", registration.key + branch) if registration.key else ""


def _oldest_first(rows: Mapping[str, Sequence[ClientRow]]) -> Iterator[Key]:
    for kind, them in rows.items():
        for at in sorted(range(len(them)), key=lambda number: them[number].stamp):
            yield kind, at


def _about(row: ClientRow, terms: Terms) -> About | Fate:
    firm = firm_marker(row, terms) if row.inn else ""
    if row.inn and not firm:
        return Fate("quarantined", BAD_INN, quoted(terms.language, row.inn))
    if isinstance(row, RequestRow) and (problem := terms.no_place(row)):
        return Fate("quarantined", problem, quoted(terms.language, row.topic))
    if isinstance(row, CallRow) and (other := other_number(row, terms)):
        return other
    person = _person_key(row, terms)
    if not person and not firm and isinstance(row, CallRow):
        companies = _companies_called(row, terms)
        if len(companies) == 1:
            return About("", "", companies[0])
        if companies:
            return Fate(
                "review", SHARED, named(terms.language, "companies", companies), "company", companies[0]
            )
    if not person and not firm:
        return Fate("quarantined", NO_CLIENT, quoted(terms.language, row.phone))
    return About(terms.marker("client", person) if person else "", firm)


def _person_key(row: ClientRow, terms: Terms) -> str:
    """What rows of one person have in common: the client's id there, else phone or e-mail with the name."""
    if row.client_id:
        return row.client_id
    numbers = [number for number, may_key in numbers_in(row.phone, terms.home) if may_key]
    own = next((each for each in numbers if each not in terms.switchboards), "")
    key = own or row.email.strip().casefold()
    if key and (row.name or row.last_name):
        words = " ".join(sorted(f"{row.last_name} {row.name} {row.second_name}".casefold().split()))
        key += ":" + hashlib.sha256(words.encode()).hexdigest()[:8]
    return key


def _companies_called(row: CallRow, terms: Terms) -> list[int]:
    """The companies whose switchboard was spoken to."""
    numbers = [number for number, may_key in numbers_in(row.phone, terms.home) if may_key]
    return sorted({each for number in numbers for each in terms.switchboards.get(number, ())})


def _numbers(text: str, terms: Terms) -> set[str]:
    return {number for number, _ in numbers_in(text, terms.home)}


def _described(rows: Mapping[str, list[ClientRow]]) -> dict[str, Described]:
    return {marker: Described(marker, tuple(them)) for marker, them in rows.items()}
