"""The tables of a report, made once for both the page and the workbook."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

import pandas as pd

from toolkit.runs.report.evidence import EXCEPTIONS, PHASES, STATES, Evidence
from toolkit.runs.report.names import Names, Piece
from toolkit.runs.report.timeline import spent_s
from toolkit.runs.report.wording import PHASE_WORDS, Wording

__all__ = ["STATE_WORDS", "Cell", "Column", "Listing", "Mark", "Tables", "mentioned"]

STATE_WORDS: Mapping[str, str] = {
    "done": "done",
    "already": "was so already",
    "conflict": "conflict",
    "rejected": "refused by the portal",
    "quarantined": "put aside",
    "sent": "outcome unknown",
    "planned": "not begun",
    "struck": "struck by a person",
}

_LIMITS = {"rate": "requests per second", "operating": "execution time of a method"}


@dataclass(frozen=True)
class Mark:
    """A word with a colour.

    Args:
        text: the word.
        tone: a state of `STATES`, or a verdict of a cell.
    """

    text: str
    tone: str


Cell = str | int | float | datetime | Mark | Sequence[Piece] | None
"""What stands in a cell: text, a number, a moment in the portal's time, a coloured word, or linked text."""


@dataclass(frozen=True)
class Column:
    """A column of a listing.

    Args:
        heading: what stands above it.
        width: in characters, for the workbook.
        kind: how its cells are set.
    """

    heading: str
    width: int = 14
    kind: Literal["text", "number", "id", "moment"] = "text"


@dataclass(frozen=True)
class Listing:
    """A table of which a page shows the beginning and a workbook the whole.

    Args:
        title: its name; at most 31 characters, as workbooks want it.
        columns: its columns.
        total: number of rows.
        rows: makes the rows, from the first.
    """

    title: str
    columns: Sequence[Column]
    total: int
    rows: Callable[[], Iterator[Sequence[Cell]]]

    def first(self, most: int) -> list[Sequence[Cell]]:
        """The first rows."""
        return list(islice(self.rows(), most))


class Tables:
    """The tables of one run.

    Args:
        evidence: what its folder says.
        names: what things are called.
        wording: the reader's language.
    """

    def __init__(self, evidence: Evidence, names: Names, wording: Wording) -> None:
        self.evidence, self.names, self._ = evidence, names, wording

    def _number(self, text: str, width: int = 12) -> Column:
        return Column(self._(text), width, "number")

    def _text(self, text: str, width: int = 18) -> Column:
        return Column(self._(text), width)

    def state(self, state: str) -> Mark:
        """A state as a coloured word."""
        return Mark(self._(STATE_WORDS[state]), state)

    # -- what was done -------------------------------------------------------------------------------

    def by_reason(self) -> Listing:
        """Counts by kind, entity, reason and state."""
        frame = self.evidence.by_reason
        states = [state for state in STATES if state in frame.columns]
        columns = [
            self._text("change", 16),
            self._text("record", 22),
            self._text("reason", 48),
            *(Column(self._(STATE_WORDS[state]), 14, "number") for state in states),
            self._number("total"),
        ]

        def rows() -> Iterator[Sequence[Cell]]:
            for row in frame.to_dict("records"):
                yield [
                    self._(str(row["kind"])),
                    self.names.kind_of_record(row["entity"]),
                    self.names.told(row["entity"], row["reason"]),
                    *(int(row[state]) for state in states),
                    int(row["total"]),
                ]

        return Listing(self._("What was done"), columns, len(frame), rows)

    def changes(self) -> Listing:
        """Every change with its state."""
        columns = [
            Column(self._("no."), 8, "id"),
            self._text("state", 18),
            self._text("change", 14),
            self._text("record", 18),
            self._text("name", 34),
            self._text("before", 36),
            self._text("after", 36),
            self._text("reason", 44),
            Column(self._("settled at"), 18, "moment"),
            self._text("remark", 50),
        ]
        changes = self.evidence.changes

        def rows() -> Iterator[Sequence[Cell]]:
            self._learn(changes)
            for row in _records(changes):
                before, after = self.names.before_and_after(row)
                yield [
                    int(row["change"]),
                    self.state(row["state"]),
                    self._(str(row["kind"])),
                    *self._record(row),
                    before,
                    after,
                    self.names.told(row["entity"], row["reason"]),
                    self._moment(row["settled_at"]),
                    self._remark(row),
                ]

        return Listing(self._("Changes"), columns, len(changes), rows)

    def first_changes(self) -> Listing:
        """Changes as a page shows them: fewer columns, one sentence each."""
        columns = [
            Column(self._("no."), 8, "id"),
            self._text("state"),
            self._text("record"),
            self._text("change"),
            self._text("reason"),
        ]
        changes = self.evidence.changes

        def rows() -> Iterator[Sequence[Cell]]:
            self._learn(changes)
            for row in _records(changes):
                record, title = self._record(row)
                yield [
                    int(row["change"]),
                    self.state(row["state"]),
                    [*record, Piece(f" · {title}")] if title else record,
                    self.names.change(row),
                    self.names.told(row["entity"], row["reason"]),
                ]

        return Listing(self._("First changes"), columns, len(changes), rows)

    def exceptions(self) -> Listing:
        """Changes that were not carried out although they were tried."""
        columns = [
            Column(self._("no."), 8, "id"),
            self._text("outcome", 18),
            self._text("record", 18),
            self._text("name", 34),
            self._text("was to become", 44),
            self._text("why", 60),
            self._text("found", 40),
            self._number("tries", 10),
        ]
        chosen = self.evidence.changes[self.evidence.changes["state"].isin(EXCEPTIONS)]

        def rows() -> Iterator[Sequence[Cell]]:
            self._learn(chosen)
            for row in _records(chosen):
                yield [
                    int(row["change"]),
                    self.state(row["state"]),
                    *self._record(row),
                    self.names.before_and_after(row)[1],
                    self._remark(row),
                    self._seen(row),
                    0 if row["tries"] != row["tries"] else int(row["tries"]),
                ]

        return Listing(self._("Not carried out"), columns, len(chosen), rows)

    # -- what is left --------------------------------------------------------------------------------

    def left(self, reason: str | None = None, name: str | None = None) -> Listing:
        """Records left to a person; all, or those of one reason and entity."""
        listed = self.evidence.plan.listed
        if reason is not None:
            listed = listed[(listed["reason"] == reason) & (listed["entity"] == name)]
        columns = [
            self._text("record", 18),
            self._text("name", 34),
            self._text("reason", 50),
            self._text("details", 80),
        ]

        def rows() -> Iterator[Sequence[Cell]]:
            self._learn(listed)
            for row in _records(listed):
                yield [
                    *self._record(row),
                    self.names.told(row["entity"], row["reason"]),
                    self.names.told(row["entity"], row["details"]),
                ]

        return Listing(self._("Left to a person"), columns, len(listed), rows)

    def accounted(self) -> Listing:
        """What becomes of everything the operation looked at; without rows where it keeps no such account."""
        tally = self.evidence.plan.tally()
        columns = [self._text("what becomes of them", 50), self._number("count")]

        def rows() -> Iterator[Sequence[Cell]]:
            for words, count in tally.items():
                yield [self._.phrase(words), count]
            yield [self._("total"), sum(tally.values())]

        return Listing(self._("Accounted for"), columns, len(tally) + 1 if tally else 0, rows)

    def cells(self) -> Listing:
        """Cells that do not read as planned."""
        found = pd.DataFrame(
            (self.evidence.certificate or {}).get("cells", []),
            columns=["entity", "record_id", "field", "wanted", "found", "verdict", "by", "at"],
            dtype=object,
        )
        columns = [
            self._text("verdict", 24),
            self._text("record", 18),
            self._text("name", 34),
            self._text("field", 24),
            self._text("was meant to read", 30),
            self._text("reads", 30),
            self._text("last saved by", 26),
            Column(self._("last saved at"), 18, "moment"),
        ]

        def rows() -> Iterator[Sequence[Cell]]:
            self._learn(found)
            for row in _records(found.sort_values("verdict", ascending=False, kind="stable")):
                name, field = str(row["entity"]), str(row["field"])
                yield [
                    Mark(self._(str(row["verdict"])), str(row["verdict"])),
                    *self._record(row),
                    self.names.field(name, field),
                    self.names.value(name, field, row["wanted"]),
                    self.names.value(name, field, row["found"]),
                    self.names.user(row["by"]) if row["by"] else "",
                    self._moment(row["at"]),
                ]

        return Listing(self._("Not as planned"), columns, len(found), rows)

    # -- what it cost --------------------------------------------------------------------------------

    def people(self) -> Listing:
        """Who received and who gave how many records."""
        columns = [self._text("employee", 34), self._number("received"), self._number("given away")]
        frame = self.evidence.handovers

        def rows() -> Iterator[Sequence[Cell]]:
            for row in frame.to_dict("records"):
                user = int(row["user"])
                who = [Piece(self.names.user(user), self.names.url("user", user))]
                yield [who, int(row["received"]), int(row["given"])]

        return Listing(self._("Employees"), columns, len(frame), rows)

    def cost(self) -> Listing:
        """Requests and time of each phase, as estimated and as they were."""
        columns = [
            self._text("phase", 30),
            self._number("requests, estimate", 20),
            self._number("requests, actual", 20),
            self._number("time, estimate", 18),
            self._number("time, actual", 18),
            self._number("of it waiting for limits", 26),
        ]
        evidence = self.evidence
        phases = [
            phase
            for phase in PHASES
            if phase in evidence.estimates or (evidence.requests["phase"] == phase).any()
        ]

        def rows() -> Iterator[Sequence[Cell]]:
            for phase in phases:
                requests = evidence.requests[evidence.requests["phase"] == phase]
                guess = evidence.estimates.get(phase)
                none = not len(requests)
                yield [
                    self._(PHASE_WORDS[phase]),
                    guess.requests if guess else None,
                    len(requests),
                    self._.span(guess.seconds) if guess else "",
                    "" if none else self._.span(spent_s(requests)),
                    "" if none else self._.span(float(requests["waited_s"].sum())),
                ]

        return Listing(self._("Cost"), columns, len(phases), rows)

    def waits(self) -> Listing:
        """How long each limit held requests back."""
        columns = [
            self._text("limit", 34),
            self._number("requests held back", 20),
            self._number("waited", 18),
        ]
        held = self.evidence.requests
        held = held[held["waited_s"] > 0]
        sums = held.groupby("waited_for")["waited_s"].agg(["count", "sum"])

        def rows() -> Iterator[Sequence[Cell]]:
            for limit, row in sums.iterrows():
                yield [
                    self._(_LIMITS.get(str(limit), "another limit")),
                    int(row["count"]),
                    self._.span(row["sum"]),
                ]

        return Listing(self._("Waiting for limits"), columns, len(sums), rows)

    def methods(self) -> Listing:
        """How often each method was called."""
        columns = [self._text("method", 40), self._number("calls"), self._number("requests")]
        calls: dict[str, list[int]] = {}
        for carried in self.evidence.requests["methods"]:
            for method, count in json.loads(carried).items():
                known = calls.setdefault(str(method), [0, 0])
                known[0] += int(count)
                known[1] += 1

        def rows() -> Iterator[Sequence[Cell]]:
            for method, (count, requests) in sorted(calls.items(), key=lambda each: -each[1][0]):
                yield [method, count, requests]

        return Listing(self._("Methods"), columns, len(calls), rows)

    # -- parts of rows -------------------------------------------------------------------------------

    def _learn(self, frame: pd.DataFrame) -> None:
        for name, rows in frame.groupby("entity"):
            self.names.learn(str(name), mentioned(rows))

    def _record(self, row: Mapping[str, Any]) -> tuple[list[Piece], str]:
        name, record_id = str(row["entity"]), row["record_id"]
        made = row.get("result")
        if row.get("kind") == "create" and isinstance(made, str):
            record_id = json.loads(made).get("id")
        return [self.names.record(name, record_id)], self.names.title(name, record_id)

    def _remark(self, row: Mapping[str, Any]) -> list[Piece]:
        code = row["code"] if isinstance(row["code"], str) else ""
        said = self.names.told(row["entity"], row["message"])
        if not code:
            return said
        return [Piece(f"{code}: "), *said] if said[0].text else [Piece(code)]

    def _seen(self, row: Mapping[str, Any]) -> str:
        if not isinstance(row["seen"], str):
            return ""
        seen = json.loads(row["seen"])
        if isinstance(seen, dict):
            return self.names.cells(row["entity"], row["seen"])
        return ", ".join(str(each) for each in seen) if isinstance(seen, list) else str(seen)

    def _moment(self, moment: Any) -> datetime | None:
        if moment is None or moment != moment or moment == "":
            return None
        return self._.local(moment)


def mentioned(rows: pd.DataFrame) -> list[Any]:
    """The ids of the records that rows of a plan are about; of a merge all its cards."""
    ids = rows["record_id"].tolist()
    if "kind" in rows:
        merges = rows.loc[rows["kind"] == "merge", "after"]
        ids += [card for after in merges for card in json.loads(after)["losers"]]
    return ids


def _records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows one at a time: a plan may be large."""
    names = [str(name) for name in frame.columns]
    for row in frame.itertuples(index=False, name=None):
        yield dict(zip(names, row, strict=True))
