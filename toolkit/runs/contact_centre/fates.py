"""What becomes of the rows of another system: each has one fate, and they add up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from toolkit.runs.accounts import Left, left_to_a_person
from toolkit.runs.changes import Changes
from toolkit.runs.contact_centre.words import said

__all__ = ["Account", "Fate", "Key", "State"]

State = Literal["created", "edited", "unchanged", "review", "quarantined"]

Key = tuple[str, int]
"""A row: its kind (`request`, `call`, `history`) and its position among those, from 0."""

_LEFT = ("review", "quarantined")


@dataclass(frozen=True)
class Fate:
    """What becomes of a row.

    Args:
        state: of it.
        reason: one of a few short reasons, the same words for the same case; "" where it needs none.
        details: what a person needs to decide this one.
        entity, id: the record a person should look at; 0 for none.
    """

    state: State
    reason: str = ""
    details: str = ""
    entity: str = "contact"
    id: int = 0


@dataclass(frozen=True)
class Account:
    """Every row and its fate.

    Args:
        ids: ids of the rows in the other system by kind, in their order.
        fates: of each of them.
        records: what each is about, as far as that is known: entity, and the id or the marker of what the plan makes.
    """

    ids: Mapping[str, Sequence[str]]
    fates: Mapping[Key, Fate]
    records: Mapping[Key, Sequence[tuple[str, int | str]]] = field(default_factory=dict)

    def carried(self, kind: str, failed: Collection[tuple[str, int | str]] = ()) -> list[int]:
        """Positions of the rows that are on the portal once everything else is done.

        Args:
            kind: of rows.
            failed: records, by id or marker, of changes that did not come about.
        """
        return [
            at
            for (of, at), fate in sorted(self.fates.items())
            if of == kind and fate.state not in _LEFT and not {*self.records.get((of, at), ())} & {*failed}
        ]

    def tally(self) -> dict[str, int]:
        """State to how many rows; the states nobody is in are left out, the most frequent comes first."""
        states = pd.Series([each.state for each in self.fates.values()], dtype="str")
        return {str(words): int(count) for words, count in states.value_counts().items()}

    def table(self) -> pd.DataFrame:
        """One row per input row: kind str, position int (from 0), id str, state str, reason str, details str."""
        return pd.DataFrame(
            [
                (kind, at, self.ids[kind][at], fate.state, fate.reason, fate.details)
                for (kind, at), fate in sorted(self.fates.items())
            ],
            columns=["kind", "position", "id", "state", "reason", "details"],
        )

    def left_to_a_person(self, language: str = "en") -> Changes:
        """The rows in review and in quarantine, as a plan lists them.

        Args:
            language: of the kinds of rows in the details: `ru` or `en`.
        """
        return left_to_a_person(
            Left(
                fate.reason,
                f"{said(language, kind, self.ids[kind][at])}: {fate.details}",
                fate.entity,
                fate.id,
            )
            for (kind, at), fate in self.fates.items()
            if fate.state in _LEFT
        )
