"""Who wrote: found by phone and e-mail with the rules that merge, or made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.matching import Home, MatchRules
from toolkit.runs.changes import Changes, creates
from toolkit.runs.contact_centre import Asked, match_clients, numbers_in
from toolkit.runs.ingest.rows import MessageRow
from toolkit.runs.operation import Tables
from toolkit.runs.references import made
from toolkit.runs.whole_names import name_parts

__all__ = ["CLIENTS", "NEW_CLIENT", "SWITCHBOARD", "UNSAID", "Whose", "find_clients", "new_clients"]

CLIENTS = 6
"""Phase: an appeal names its contact."""

NEW_CLIENT = "a client nobody had"
SWITCHBOARD = "without a client: the number is a company's own"
UNSAID = "without a client: neither phone nor e-mail is said"
UNWANTED = "without a client: nobody has the phone or the e-mail"


@dataclass(frozen=True)
class Whose:
    """Who wrote a message.

    Args:
        contact: id, or the marker of the card that is made for them; None for nobody.
        doubt: why a person has to say; "" when it is clear.
        candidate: id of a card that may be theirs; 0 for none.
        why: without a client, why.
    """

    contact: int | str | None = None
    doubt: str = ""
    candidate: int = 0
    why: str = ""

    @property
    def reference(self) -> int | dict[str, str] | None:
        """As a field of the appeal names the contact."""
        return made(self.contact) if isinstance(self.contact, str) else self.contact


def find_clients(
    rows: Sequence[MessageRow],
    tables: Tables,
    *,
    home: Home,
    switchboards: frozenset[str],
    phone_alone: bool,
    make: bool,
    language: str = "ru",
) -> tuple[list[Whose], dict[str, list[MessageRow]]]:
    """Who wrote each message.

    Args:
        rows: the messages.
        tables: `contact`, `requisite`.
        home: where phones without a country or area code belong.
        switchboards: numbers of companies, which are nobody's own.
        phone_alone: a number without a name is about the only person who has it.
        make: whether people nobody knows become clients.
        language: of why a person has to say.

    Returns:
        For each row who it is; and the markers of cards to be made, with the rows about each.
    """
    asked: dict[str, Asked] = {}
    keys: list[str] = []
    for row in rows:
        one = _asked(row, home, switchboards)
        keys.append(one.marker if one else "")
        if one:
            asked.setdefault(one.marker, one)
    rules = MatchRules(blank_joins_sole_owner=phone_alone)
    matches = match_clients(
        "contact", list(asked.values()), tables["contact"], tables["requisite"], rules, home
    )
    found: list[Whose] = []
    new: dict[str, list[MessageRow]] = {}
    for row, key in zip(rows, keys, strict=True):
        if not key:
            found.append(Whose(why=SWITCHBOARD if numbers_in(row.phone, home) else UNSAID))
            continue
        match = matches[key]
        if match.verdict == "one":
            found.append(Whose(match.id))
        elif match.verdict == "review":
            found.append(Whose(doubt=match.words(language), candidate=match.id))
        elif make:
            new.setdefault(match.marker, []).append(row)
            found.append(Whose(match.marker))
        else:
            found.append(Whose(why=UNWANTED))
    return found, new


def new_clients(
    new: Mapping[str, Sequence[MessageRow]],
    owners: Mapping[str, int],
    home: Home,
    switchboards: frozenset[str],
) -> Changes:
    """Cards of people nobody had.

    Args:
        new: marker of each to the messages they wrote.
        owners: marker to the user who answers for the card; those without are not made.
        home, switchboards: as in `find_clients`.
    """
    values = []
    for marker, answers in owners.items():
        rows = new[marker]
        fm = dict.fromkeys(
            [("PHONE", row.phone) for row in rows if _own_numbers(row, home, switchboards)]
            + [("EMAIL", row.email) for row in rows if row.email]
        )
        name = next((row.name for row in rows if row.name), "") or rows[0].phone or rows[0].email
        cells: dict[str, Any] = {**name_parts(name), "assignedById": answers}
        cells["fm"] = [
            {"id": None, "typeId": kind, "valueType": "WORK", "value": value} for kind, value in fm
        ]
        values.append(cells)
    return creates("contact", values, markers=list(owners), reason=NEW_CLIENT).at_phase(CLIENTS)


def _own_numbers(row: MessageRow, home: Home, switchboards: frozenset[str]) -> list[str]:
    return [number for number, _ in numbers_in(row.phone, home) if number not in switchboards]


def _asked(row: MessageRow, home: Home, switchboards: frozenset[str]) -> Asked | None:
    """The person to look for; None when nothing says who it is."""
    numbers = _own_numbers(row, home, switchboards)
    key = (numbers or [row.email.strip().casefold()])[0]
    if not key:
        return None
    words = " ".join(sorted(row.name.casefold().split()))
    marker = "ch:client:" + hashlib.sha256(f"{key}|{words}".encode()).hexdigest()[:24]
    emails = (row.email,) if row.email else ()
    return Asked(marker, {"name": row.name} if row.name else {}, (row.phone,) if numbers else (), emails)
