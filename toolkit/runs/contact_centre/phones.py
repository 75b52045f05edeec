"""Numbers in cells, and which of them are nobody's own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import pandas as pd

from toolkit.matching import Home, read_phone
from toolkit.runs.contact_centre.cells import plain
from toolkit.runs.multivalues import rows_of

__all__ = ["numbers_in", "phones_of_companies", "phones_of_firms"]


@lru_cache(maxsize=1_000_000)
def numbers_in(text: str, home: Home) -> tuple[tuple[str, bool], ...]:
    """The numbers in a cell as E.164, and whether each may tell clients apart.

    Args:
        text: as typed; several numbers may stand in one cell. The same cell is met several times, so it is remembered.
        home: where a number without a country or area code belongs.
    """
    return tuple((each.e164, each.may_key) for each in read_phone(text, home).numbers)


def phones_of_companies(tables: Mapping[str, pd.DataFrame], home: Home) -> frozenset[str]:
    """Numbers that stand on companies and on no person: a switchboard is nobody's own.

    Args:
        tables: `company` and `contact`, with the column fm.
        home: where a number without a country or area code belongs.
    """
    return frozenset(phones_of_firms(tables, home)[0])


def phones_of_firms(
    tables: Mapping[str, pd.DataFrame], home: Home
) -> tuple[Mapping[str, tuple[int, ...]], frozenset[str]]:
    """Numbers of companies: those that stand on no person, and those that stand on a person as well.

    Args:
        tables: `company` and `contact`, with the columns id and fm.
        home: where a number without a country or area code belongs.

    Returns:
        Each number that is nobody's own, to the ids of the companies it stands on, the least first; and the numbers
        that are somebody's as well.
    """
    of_companies = _numbers_on(tables["company"], home)
    if not of_companies:
        return {}, frozenset()  # the people's need not be read
    of_people = _numbers_on(tables["contact"], home)
    own = {number: tuple(sorted(ids)) for number, ids in of_companies.items() if number not in of_people}
    return own, frozenset(of_companies.keys() & of_people.keys())


def _numbers_on(cards: pd.DataFrame, home: Home) -> dict[str, set[int]]:
    """Each number, to the cards it stands on."""
    numbers: dict[str, set[int]] = {}
    if "fm" not in cards:
        return numbers
    for card, cell in zip(cards["id"].tolist(), cards["fm"].tolist(), strict=True):
        for row in rows_of(plain(cell)):
            if row["typeId"] == "PHONE":
                for each, _ in numbers_in(str(row["value"]), home):
                    numbers.setdefault(each, set()).add(int(card))
    return numbers
