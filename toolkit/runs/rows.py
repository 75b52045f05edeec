"""One change of a plan, opened; what its kind has to answer; and how the present compares with it.

The same three questions serve three moments: before a write (is the precondition still true?), after a
lost reply (was it done?), and in undo (is it still what we wrote?).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pandas as pd

from toolkit.client import Command, Outcome
from toolkit.records import Entity, FieldType

__all__ = ["Base", "Carrier", "Row", "Verdict", "listed_in", "records_in"]


@dataclass(frozen=True)
class Row:
    """One change of the plan, opened.

    Args:
        change: its number.
        kind: kind of change.
        entity: entity name.
        record_id: 0 for creates.
        before: cells as the snapshot had them.
        after: cells wanted.
        marker: external key of a create.
        group: whose summary it counts in.
    """

    change: int
    kind: str
    entity: str
    record_id: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    marker: str
    group: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Row:
        """A row of the plan's table."""
        record_id = record["record_id"]
        return cls(
            int(record["change"]),
            record["kind"],
            record["entity"],
            0 if pd.isna(record_id) else int(record_id),
            json.loads(record["before"]),
            json.loads(record["after"]),
            record["marker"],
            record["group"],
        )


@dataclass(frozen=True)
class Verdict:
    """How the present compares with a change.

    Args:
        state: `open`: as before, so it may be written; `true`: already as wanted; `foreign`: neither.
        message: what was found, for a person.
        seen: the values found.
        result: id of the record found for a create.
        row: the change with what only the portal knew (the id of what is found by its code); None as it is.
    """

    state: Literal["open", "true", "foreign"]
    message: str = ""
    seen: Any = None
    result: Any = None
    row: Row | None = None


class Carrier(Protocol):
    """What apply needs to know about one kind of change."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """The reads that show the present of these rows (at most 49, one entity); [] when none helps."""
        ...

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """A verdict per row, from the outcomes of `reads`."""
        ...

    def command(self, row: Row) -> Command:
        """The write."""
        ...

    def completed(
        self,
        rows: Sequence[Row],
        outcomes: Sequence[Outcome],
        send: Callable[[Sequence[Command]], list[Outcome]],
    ) -> list[Outcome]:
        """The outcomes of `reads`, with what takes further requests to see."""
        ...

    def result(self, outcome: Outcome) -> Any:
        """What of the portal's answer must be kept (the id of a created record), or None."""
        ...

    @property
    def reads_back(self) -> bool:
        """Whether the portal's word is not enough: what was written is read again in the same batch."""
        ...

    @property
    def true_codes(self) -> frozenset[str]:
        """Error codes that say the change is true already."""
        ...


class Base:
    """What most carriers have in common."""

    true_codes: frozenset[str] = frozenset()
    reads_back = False

    def completed(
        self,
        rows: Sequence[Row],
        outcomes: Sequence[Outcome],
        send: Callable[[Sequence[Command]], list[Outcome]],
    ) -> list[Outcome]:
        """What was read tells it all."""
        return list(outcomes)

    def result(self, outcome: Outcome) -> Any:
        """Nothing of the answer is kept."""
        return None


def records_in(kind: Entity, outcome: Outcome) -> dict[int, Mapping[str, Any]]:
    """The records of an answered list, by id."""
    return {int(record[kind.id_field]): record for record in listed_in(outcome)}


def listed_in(outcome: Outcome) -> list[Mapping[str, Any]]:
    """The records of an answered list, whatever envelope its method has."""
    found = outcome.result
    if isinstance(found, Mapping):
        # `items`, or what older families call their records: `types`, `fields`.
        found = found.get("items") or next((each for each in found.values() if isinstance(each, list)), [])
    return list(found or [])
