"""A new directory run over the appeals there were: who would get what, and who would be left with nobody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from toolkit.routing.evaluator import CONDITIONS, Book, Decision, Directory, clean, fold
from toolkit.routing.wholesale import Decided, PastAppeals, decide_all
from toolkit.routing.wording import people_told_apart

__all__ = ["Simulation", "simulate"]

_EXAMPLES = 200


def simulate(
    current: Book | None,
    new: Book,
    history: pd.DataFrame,
    on: date | None = None,
    *,
    away: Collection[str] = (),
    people: Mapping[str, str] | None = None,
) -> Simulation:
    """Compare two directories over past appeals.

    Args:
        current: what is in force; None compares with who had the appeals (`responsible` of the history).
        new: what is to come.
        history: columns as `HISTORY`.
        on: judge periods and substitutions as if every appeal came that day; None for the day it came. A new
            directory is usually for the days to come, so give the day it takes effect.
        away: people who are not there beyond the substitutions, as in `Directory.route`.
        people: names of those the directories do not name, such as who had the appeals: user id as text to name.
    """
    past = PastAppeals(history, on)
    past.text_classes({*_words_of(new), *(_words_of(current) if current is not None else ())})
    before = decide_all(Directory(current), past, away) if current is not None else _as_it_was(history)
    after = decide_all(Directory(new), past, away)
    return Simulation(current, new, history, past, before, after, on, dict(people or {}))


def _words_of(book: Book) -> Iterator[str]:
    """All words a directory looks for in texts, so that these are searched once for both."""
    yield from (word for rule in book.rules for word in rule.stop_words)
    yield from (each.word for each in book.filters)


def _as_it_was(history: pd.DataFrame) -> Decided:
    codes, people = pd.factorize(history["responsible"].fillna(""))
    return Decided([Decision(responsible=str(each)) for each in people], codes.astype("int64"))


@dataclass(frozen=True, eq=False)
class Simulation:
    """What would become of past appeals.

    Args:
        current, new: the directories.
        history: the appeals.
        past: the same, taken apart.
        before, after: what each directory decides.
        on, people: see `simulate`.
    """

    current: Book | None
    new: Book
    history: pd.DataFrame
    past: PastAppeals
    before: Decided
    after: Decided
    on: date | None = None
    people: Mapping[str, str] = field(default_factory=dict)

    # -- what is counted -----------------------------------------------------------------------------------

    @cached_property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The different pairs of decisions (place before, place after), and the pair of each appeal."""
        wide = len(self.after.outcomes)
        pairs, group = np.unique(self.before.of * wide + self.after.of, return_inverse=True)
        return pairs // wide, pairs % wide, group

    def _mask(self, told: Callable[[Decision, Decision], bool]) -> np.ndarray:
        """For each appeal what a function says of its two decisions."""
        first, second, group = self._pairs
        verdicts = [
            told(self.before.outcomes[a], self.after.outcomes[b]) for a, b in zip(first, second, strict=True)
        ]
        held: np.ndarray = np.array(verdicts, dtype=bool)[group]
        return held

    @cached_property
    def _is_changed(self) -> np.ndarray:
        return self._mask(lambda was, will: was.responsible != will.responsible and not will.filtered)

    @cached_property
    def _is_uncovered(self) -> np.ndarray:
        return self._mask(lambda _, will: _uncovered(will))

    @cached_property
    def summary(self) -> dict[str, int]:
        """Counts: appeals, changed (another responsible), moved (another pipeline or stage), uncovered (nobody
        gets them), uncovered_before, lost (somebody got them before), filtered, people."""
        moved = 0
        if self.current is not None:
            moved = int(
                self._mask(
                    lambda was, will: (
                        bool(will.responsible) and (was.pipeline, was.stage) != (will.pipeline, will.stage)
                    )
                ).sum()
            )
        return {
            "appeals": len(self.past),
            "changed": int(self._is_changed.sum()),
            "moved": moved,
            "uncovered": int(self._is_uncovered.sum()),
            "uncovered_before": int(self._mask(lambda was, _: _uncovered(was)).sum()),
            "lost": int(self._mask(lambda was, will: not _uncovered(was) and _uncovered(will)).sum()),
            "filtered": int(self._mask(lambda _, will: will.filtered is not None).sum()),
            "people": int((self.load["after"] > 0).sum()),
        }

    # -- tables ---------------------------------------------------------------------------------------------

    @cached_property
    def changed(self) -> pd.DataFrame:
        """One row per appeal whose responsible changes.

        Columns: id, at, the five conditions, before, after (people; "" for nobody), why (English).
        """
        return self._rows(np.flatnonzero(self._is_changed))

    @cached_property
    def uncovered(self) -> pd.DataFrame:
        """One row per appeal nobody would get; columns as `changed`."""
        return self._rows(np.flatnonzero(self._is_uncovered))

    def _rows(self, rows: np.ndarray, language: str = "en") -> pd.DataFrame:
        found = self.history[["id", "at", *CONDITIONS]].iloc[rows].reset_index(drop=True)
        was = np.array([each.responsible for each in self.before.outcomes], dtype=object)
        will = np.array([each.responsible for each in self.after.outcomes], dtype=object)
        why = np.array([each.reason(language) for each in self.after.outcomes], dtype=object)
        found["before"] = was[self.before.of[rows]]
        found["after"] = will[self.after.of[rows]]
        found["why"] = why[self.after.of[rows]]
        return found

    @cached_property
    def load(self) -> pd.DataFrame:
        """Columns person, name, before, after, difference; the busiest first, people with no appeals left out."""
        counts = {"before": _per_person(self.before), "after": _per_person(self.after)}
        people = sorted(set(counts["before"]) | set(counts["after"]))
        table = pd.DataFrame(
            {
                "person": people,
                "name": [self.name("people", each) for each in people],
                **{when: [found.get(each, 0) for each in people] for when, found in counts.items()},
            }
        )
        table["difference"] = table["after"] - table["before"]
        order = table[["before", "after"]].max(axis=1).sort_values(ascending=False, kind="stable").index
        return table.loc[order].reset_index(drop=True)

    @cached_property
    def topics(self) -> pd.DataFrame:
        """Topics that lose coverage: columns topic, appeals, uncovered_before, uncovered, lost; worst first."""
        codes, values = self.past.codes("topic")
        many = len(values)
        was = self._mask(lambda was, _: _uncovered(was))
        table = pd.DataFrame(
            {
                "topic": [self.word(each) for each in values],
                "appeals": np.bincount(codes, minlength=many),
                "uncovered_before": np.bincount(codes, was, minlength=many).astype("int64"),
                "uncovered": np.bincount(codes, self._is_uncovered, minlength=many).astype("int64"),
                "lost": np.bincount(codes, self._is_uncovered & ~was, minlength=many).astype("int64"),
            }
        )
        table = table[table["lost"] > 0]
        return table.sort_values(["lost", "topic"], ascending=[False, True], ignore_index=True)

    @cached_property
    def response(self) -> pd.DataFrame:
        """Minutes to the first answer by the route appeals take now.

        Columns: topic, responsible (who has them now), name, answered (count), median, ninth (90 % are
        answered by then), moving (how many of the answered would go to somebody else). Empty where the
        history knows no times. Most answered first. What an answer is, the history says: see
        `workflow.routing_history`.
        """
        minutes = self.history["response_minutes"].to_numpy(dtype="float64")
        known = np.flatnonzero(~np.isnan(minutes))
        codes, topics = self.past.codes("topic")
        table = pd.DataFrame({"topic": codes[known], "was": self.before.of[known], "minutes": minutes[known]})
        people = np.array([each.responsible for each in self.before.outcomes], dtype=object)
        table["responsible"] = people[table["was"]] if len(table) else pd.Series(dtype=object)
        table["moving"] = self._is_changed[known]
        grouped = table.groupby(["topic", "responsible"], sort=True)
        found = grouped["minutes"].agg(answered="count", median="median").reset_index()
        found["ninth"] = grouped["minutes"].quantile(0.9).to_numpy()
        found["moving"] = grouped["moving"].sum().to_numpy(dtype="int64")
        found["topic"] = [self.word(topics[int(each)]) for each in found["topic"]]
        found["name"] = [self.name("people", each) for each in found["responsible"]]
        columns = ["topic", "responsible", "name", "answered", "median", "ninth", "moving"]
        return found.sort_values("answered", ascending=False, kind="stable", ignore_index=True)[columns]

    def pivot(self, what: str = "changed", rows: str = "topic", columns: str = "region") -> pd.DataFrame:
        """How many appeals, by two of their conditions.

        Args:
            what: `changed`, `uncovered`, or `all`.
            rows, columns: topic, subtopic, region, department or channel.

        Returns:
            Index and columns hold words as they are spelt ("" where the appeal does not say); those without
            any are left out.
        """
        mask = {"changed": self._is_changed, "uncovered": self._is_uncovered}.get(what)
        chosen = np.arange(len(self.past)) if mask is None else np.flatnonzero(mask)
        down, names = self.past.codes(rows)
        across, headings = self.past.codes(columns)
        table = np.zeros((len(names), len(headings)), dtype="int64")
        np.add.at(table, (down[chosen], across[chosen]), 1)
        frame = pd.DataFrame(
            table, [self.word(each) for each in names], [self.word(each) for each in headings]
        )
        frame = frame.loc[frame.sum(axis=1) > 0, frame.sum(axis=0) > 0]
        return frame.sort_index(axis=0).sort_index(axis=1)

    # -- for people and programs ----------------------------------------------------------------------------

    def name(self, kind: str, value: str) -> str:
        """What people call a person, pipeline or stage, by either directory; namesakes with their id."""
        if kind == "people":
            return self._people.get(value, value)
        found = self.new.name(kind, value)
        return self.current.name(kind, value) if found == value and self.current is not None else found

    @cached_property
    def _people(self) -> Mapping[str, str]:
        books = [each for each in (self.current, self.new) if each is not None]
        return people_told_apart(self.people, *(each.names.get("people", {}) for each in books))

    @cached_property
    def without_topics(self) -> bool:
        """Whether not one appeal says what it is about: then no rule with a topic could apply."""
        return not self.history["topic"].fillna("").astype(str).str.strip().any()

    def word(self, value: str | None) -> str:
        """A folded condition as a directory spells it, else as the appeals do."""
        if not value:
            return ""
        found = self.name("words", value)
        return self._spelt.get(value, value) if found == value else found

    @cached_property
    def _spelt(self) -> Mapping[str, str]:
        words = (str(each) for key in CONDITIONS for each in self.history[key].dropna().unique())
        return {fold(each): clean(each) for each in words}

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """The comparison for programs; of changed and uncovered appeals the first 200.

        Args:
            language: of the reasons.
        """
        shown = {
            "changed": np.flatnonzero(self._is_changed)[:_EXAMPLES],
            "uncovered": np.flatnonzero(self._is_uncovered)[:_EXAMPLES],
        }
        at = self.history["at"]
        return {
            "on": self.on.isoformat() if self.on else None,
            "since": at.min().isoformat() if len(at) else None,
            "until": at.max().isoformat() if len(at) else None,
            "compared_with": "directory" if self.current is not None else "history",
            "summary": self.summary,
            "without_topics": self.without_topics,
            "load": _records(self.load),
            "topics": _records(self.topics),
            "response": _records(self.response),
            **{key: _records(self._rows(rows, language)) for key, rows in shown.items()},
        }

    def chart(self, language: str = "ru") -> str:
        """Load per person before and after, as an SVG that needs nothing else.

        Args:
            language: `ru` or `en`.
        """
        from toolkit.routing.showing import load_chart

        return load_chart(self, language)

    def html(self, language: str = "ru", *, whole: bool = True) -> str:
        """The comparison as a page that loads nothing.

        Args:
            language: `ru` or `en`.
            whole: a page of its own; False for what stands inside `main`, to be put into another page.
        """
        from toolkit.routing.showing import simulation_page

        return simulation_page(self, language, whole=whole)

    def cell(self, language: str = "ru") -> str:
        """The comparison as a notebook's cell shows it, in HTML.

        Args:
            language: `ru` or `en`.
        """
        from toolkit.routing.showing import simulation_page

        return simulation_page(self, language, whole=False, notebook=True)

    def measures(self, language: str = "ru") -> dict[str, int]:
        """The numbers of `summary` by their names for a reader.

        Args:
            language: `ru` or `en`.
        """
        from toolkit.routing.showing import measures

        return measures(self, language)

    def _repr_html_(self) -> str:
        return self.cell()


def _uncovered(decision: Decision) -> bool:
    return not decision.responsible and decision.filtered is None


def _per_person(decided: Decided) -> Mapping[str, int]:
    counts = np.bincount(decided.of, minlength=len(decided.outcomes))
    found: dict[str, int] = {}
    for decision, many in zip(decided.outcomes, counts.tolist(), strict=True):
        if decision.responsible and many:
            found[decision.responsible] = found.get(decision.responsible, 0) + many
    return found


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    if "at" in plain:
        plain["at"] = [each.isoformat() for each in frame["at"]]
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]
