"""The clients of the rows: found, filled in or made; firms first, then people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from toolkit.matching import MatchRules
from toolkit.runs.changes import Changes, creates
from toolkit.runs.contact_centre.cells import Card, Editing, Wish, cards_of, empty, rewritten
from toolkit.runs.contact_centre.fates import Fate, Key
from toolkit.runs.contact_centre.matches import Asked, Match, match_clients
from toolkit.runs.contact_centre.phones import numbers_in
from toolkit.runs.contact_centre.rows import ClientRow, names_of
from toolkit.runs.contact_centre.sorting import Described, Sorted, firm_marker
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.multivalues import rows_of
from toolkit.runs.operation import Tables
from toolkit.runs.references import made

__all__ = ["FILLED", "NOBODY", "Client", "Clients", "reference", "settle_clients"]

COMPANIES, CLIENTS = 4, 6
"""Phases: a contact names its company, a deal its contact."""

NEW_CARD = "a client nobody had"
NEW_FIRM = "a firm nobody had"
NEW_REQUISITE = "the firm's INN and KPP"
FILLED = "what the contact centre knows of it"
UNSURE = "who the client is, a person has to say"
NOBODY = "nobody who works there answers for it"
_COMPANY_TYPE = 4


@dataclass(frozen=True)
class Client:
    """Who a row is about: ids, or markers of what this plan makes."""

    contact: int | str | None = None
    company: int | str | None = None

    @property
    def side(self) -> tuple[str, int | str | None]:
        """The person; of a firm without a person the firm."""
        return ("contact", self.contact) if self.contact is not None else ("company", self.company)


@dataclass(frozen=True)
class Clients:
    """What becomes of the clients.

    Args:
        changes: cards made and filled in.
        of: who each row is about that may go on.
        edited: rows whose client's card is edited.
        fates: of the rows that may not.
    """

    changes: Changes
    of: Mapping[Key, Client]
    edited: frozenset[Key]
    fates: Mapping[Key, Fate]

    def fate(self, key: Key) -> Fate:
        """Of a row whose own record is as it should be: edited when its client is."""
        return Fate("edited" if key in self.edited else "unchanged")


@dataclass(frozen=True)
class _Side:
    """The people, or the firms: who each marker is, and which are made."""

    matches: Mapping[str, Match]
    new: frozenset[str]
    changes: Changes
    edited: frozenset[str] = frozenset()

    def whose(self, marker: str) -> int | str | None:
        """The record of a described client: its id, the marker of its create, None when a person has to say."""
        match = self.matches.get(marker)
        if match is None or match.verdict == "review":
            return None
        if match.verdict == "one":
            return match.id
        return match.marker if match.marker in self.new else None


def settle_clients(found: Sorted, tables: Tables, terms: Terms) -> Clients:
    """Find, fill in or make the clients of all rows.

    Args:
        found: the rows by client.
        tables: `contact`, `company`, `requisite`.
        terms: what holds for all rows.
    """
    firms = _firms(found, tables, terms)
    people = _people(found, firms, tables, terms)
    of: dict[Key, Client] = {}
    fates: dict[Key, Fate] = {}
    for key, about in found.about.items():
        client = Client(people.whose(about.person), firms.whose(about.firm) or about.company)
        doubts = {"contact": people.matches.get(about.person), "company": firms.matches.get(about.firm)}
        doubt, entity = next(
            ((match, name) for name, match in doubts.items() if match and match.verdict == "review"),
            (None, ""),
        )
        if doubt is not None:
            fates[key] = Fate("review", UNSURE, doubt.words(terms.language), entity, doubt.id)
        elif client == Client():
            fates[key] = Fate("quarantined", NOBODY, terms.unfound(found.rows[key[0]][key[1]]))
        else:
            of[key] = client
    edited = frozenset(key for key in of if found.about[key].person in people.edited)
    return Clients(Changes.joined(firms.changes, people.changes), of, edited, fates)


def reference(who: int | str) -> int | dict[str, str]:
    """An id, or what stands for the id of a record this plan makes."""
    return made(who) if isinstance(who, str) else who


def _matched(name: str, asked: Sequence[Asked], tables: Tables, terms: Terms) -> dict[str, Match]:
    rules = MatchRules(blank_joins_sole_owner=terms.phone_alone)
    return match_clients(name, asked, tables[name], tables["requisite"], rules, terms.home)


def _firms(found: Sorted, tables: Tables, terms: Terms) -> _Side:
    asked_for = {marker: each.as_firm() for marker, each in found.firms.items()}
    matches = _matched("company", list(asked_for.values()), tables, terms)
    requisites = tables["requisite"]
    held: set[int] = set()
    if len(requisites):
        theirs = requisites["ENTITY_TYPE_ID"] == _COMPANY_TYPE
        held = set(requisites.loc[theirs, "ENTITY_ID"].astype(int))
    new: dict[str, dict[str, Any]] = {}
    unregistered: list[tuple[int | dict[str, str], Asked]] = []
    for marker, firm in found.firms.items():
        match, asked = matches[marker], asked_for[marker]
        if match.verdict == "new" and match.marker not in new:
            who = terms.owner(firm.rows)
            if who is not None:
                new[match.marker] = {"title": asked.inn, **asked.names, **terms.made_by(who)}
                unregistered.append((made(match.marker), asked))
        elif match.verdict == "one" and match.id not in held:
            held.add(match.id)
            unregistered.append((match.id, asked))
    cards = creates("company", list(new.values()), markers=list(new), reason=NEW_FIRM).at_phase(COMPANIES)
    return _Side(matches, frozenset(new), Changes.joined(cards, _requisites(unregistered, terms)))


def _requisites(firms: Iterable[tuple[int | dict[str, str], Asked]], terms: Terms) -> Changes:
    values, markers = [], []
    for owner, asked in firms:
        values.append(
            {
                "ENTITY_TYPE_ID": _COMPANY_TYPE,
                "ENTITY_ID": owner,
                "PRESET_ID": terms.preset(asked.inn),
                "NAME": asked.names.get("title", asked.inn),
                "RQ_INN": asked.inn,
                **({"RQ_KPP": asked.kpp} if asked.kpp else {}),
            }
        )
        markers.append(asked.marker.replace(":company:", ":requisite:"))
    return creates("requisite", values, markers=markers, reason=NEW_REQUISITE)


def _people(found: Sorted, firms: _Side, tables: Tables, terms: Terms) -> _Side:
    asked = {marker: each.as_person(terms) for marker, each in found.people.items()}
    matches = _matched("contact", list(asked.values()), tables, terms)
    loaded = set(tables["contact"].get("originId", pd.Series(dtype="object")).dropna())
    for each in asked.values() if terms.carried else ():
        told = each.marker not in loaded and matches[each.marker].verdict == "one"
        if told and _by_firms_phone(each, terms):
            number = matches[each.marker].id
            matches[each.marker] = Match("review", number, candidates=(number,), why="firms phone")
    new: dict[str, list[Described]] = {}
    there: dict[int, list[Described]] = {}
    for marker, person in found.people.items():
        match = matches[marker]
        if match.verdict == "new":
            new.setdefault(match.marker, []).append(person)
        elif match.verdict == "one":
            there.setdefault(match.id, []).append(person)
    values = {marker: _new_card(group, asked, firms, terms) for marker, group in new.items()}
    cards = {marker: cells for marker, cells in values.items() if cells is not None}
    creating = creates("contact", list(cards.values()), markers=list(cards), reason=NEW_CARD)
    known = cards_of(tables["contact"], there, terms.system)
    edits = [_filled(known[number], group, asked, firms, terms) for number, group in there.items()]
    markers = frozenset(each.marker for edit in edits if edit.after for each in there[edit.card.id])
    changes = Changes.joined(creating.at_phase(CLIENTS), rewritten(edits, FILLED, terms.language))
    return _Side(matches, frozenset(cards), changes, markers)


def _by_firms_phone(asked: Asked, terms: Terms) -> bool:
    """Whether a firm's phone is all that is said: whoever of it picks up."""
    if asked.names or asked.emails or asked.inn:
        return False
    numbers = {number for text in asked.phones for number, _ in numbers_in(text, terms.home)}
    return bool(numbers) and numbers <= terms.carried


def _new_card(
    group: Sequence[Described], asked: Mapping[str, Asked], firms: _Side, terms: Terms
) -> dict[str, Any] | None:
    """The cells of a new person; None when nobody answers for them."""
    rows = _by_age(group)
    who = terms.owner(rows)
    if who is None:
        return None
    fm = _missing([], [asked[each.marker] for each in group], terms)
    names = names_of(rows) or {"name": rows[-1].phone or rows[-1].email}
    cells: dict[str, Any] = {**names, **terms.made_by(who), "fm": fm}
    firm = _firm_of(rows, firms, terms)
    if firm is not None:
        cells["companyId"] = reference(firm)
    return cells


def _filled(
    card: Card, group: Sequence[Described], asked: Mapping[str, Asked], firms: _Side, terms: Terms
) -> Editing:
    """What rows add to the card of a person who is there."""
    rows = _by_age(group)
    old = [terms.before[row.id] for row in rows if row.id in terms.before]
    then = names_of(old)
    edit = Editing("contact", card, terms.newest)
    names = names_of(rows)
    for name, value in names.items():
        if (
            not card.ours
            and name == "name"
            and "lastName" not in names
            and not empty(card.cells.get("lastName"))
        ):
            continue  # a whole name in one cell is not the given name of a card that has both
        edit.say(name, Wish(value, rows[-1].stamp, then.get(name)))
    firm = _firm_of(rows, firms, terms)
    if firm is not None and empty(card.cells.get("companyId")) and not any(row.inn for row in old):
        edit.put("companyId", None, reference(firm))
    held = rows_of(card.cells.get("fm"))
    fresh = _missing(held, [_without_told(asked[each.marker], old) for each in group], terms)
    if fresh:
        edit.put("fm", held, held + fresh)
    return edit


def _by_age(group: Sequence[Described]) -> list[ClientRow]:
    return sorted((row for each in group for row in each.rows), key=lambda row: row.stamp)


def _without_told(asked: Asked, old: Sequence[ClientRow]) -> Asked:
    """Without the numbers and mailboxes that were loaded before: one that is gone since, a person removed."""
    phones, emails = {row.phone for row in old}, {row.email for row in old}
    return replace(
        asked,
        phones=tuple(each for each in asked.phones if each not in phones),
        emails=tuple(each for each in asked.emails if each not in emails),
    )


def _firm_of(rows: Sequence[ClientRow], firms: _Side, terms: Terms) -> int | str | None:
    for row in reversed(rows):
        found = firms.whose(firm_marker(row, terms)) if row.inn else None
        if found is not None:
            return found
    return None


def _missing(held: Sequence[Mapping[str, Any]], asked: Iterable[Asked], terms: Terms) -> list[dict[str, Any]]:
    """Rows of the phones and mailboxes a card does not hold, however they are spelled."""

    def alike(kind: str, value: str) -> str:
        numbers = numbers_in(value, terms.home) if kind == "PHONE" else ()
        return " ".join(each for each, _ in numbers) or value.strip().casefold()

    known = {(row["typeId"], alike(row["typeId"], str(row["value"]))) for row in held}
    fresh = []
    for each in asked:
        told = [("PHONE", value) for value in each.phones] + [("EMAIL", value) for value in each.emails]
        for kind, value in told:
            if (kind, alike(kind, value)) not in known:
                known.add((kind, alike(kind, value)))
                fresh.append({"id": None, "typeId": kind, "valueType": "WORK", "value": value})
    return fresh
