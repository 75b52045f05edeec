"""What becomes of the messages of an export: each row has one fate, and they add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from toolkit.runs.accounts import Left, left_to_a_person
from toolkit.runs.changes import Changes

__all__ = ["STATES", "Account", "Fate", "State"]

State = Literal["created", "joined", "duplicate", "filtered", "quarantined"]

STATES: dict[State, str] = {
    "created": "became an appeal",
    "joined": "joined to another message's appeal",
    "duplicate": "taken in before, or stands twice in the file",
    "filtered": "filtered out by a rule",
    "quarantined": "put aside for a person",
}
"""State to what a person reads."""


@dataclass(frozen=True)
class Fate:
    """What becomes of a row.

    Args:
        state: of it.
        reason: one of a few short reasons, the same words for the same case; "" where it needs none.
        details: of this row: the word of the filter, the clients that fit.
        marker: of the appeal it is in, or will be; "" for none.
        client: id of a client a person should look at; 0 for none.
    """

    state: State
    reason: str = ""
    details: str = ""
    marker: str = ""
    client: int = 0


@dataclass(frozen=True)
class Account:
    """Every row and its fate.

    Args:
        places: of the rows in their file, from 1.
        ids: their ids in the channel, as far as they say one.
        fates: of each of them, in the same order.
    """

    places: Sequence[int]
    ids: Sequence[str]
    fates: Sequence[Fate]

    def tally(self) -> dict[str, int]:
        """What became of them, in words, to how many; the states nobody is in are left out."""
        states = [each.state for each in self.fates]
        return {words: states.count(state) for state, words in STATES.items() if state in states}

    def table(self) -> pd.DataFrame:
        """One row per input row: row int, id str, state str, reason str, details str, marker str."""
        rows = [
            (place, number, fate.state, fate.reason, fate.details, fate.marker)
            for place, number, fate in zip(self.places, self.ids, self.fates, strict=True)
        ]
        return pd.DataFrame(rows, columns=["row", "id", "state", "reason", "details", "marker"])

    def left_to_a_person(self) -> Changes:
        """The rows in quarantine, as a plan lists them."""
        return left_to_a_person(
            Left(fate.reason, f"{place}: {number}: {fate.details}", id=fate.client)
            for place, number, fate in zip(self.places, self.ids, self.fates, strict=True)
            if fate.state == "quarantined"
        )
