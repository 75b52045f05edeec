"""The evaluator asked about a whole history at once.

Appeals that no rule can tell apart get one answer, and that answer is the evaluator's own: here appeals are
only sorted into such classes. For each combination of conditions just those periods, hours and words count
that its candidate rules mention; a million appeals come down to some ten thousand questions.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from toolkit.routing.evaluator import (
    CHANNEL,
    CONDITIONS,
    FOREVER,
    Appeal,
    Decision,
    Directory,
    Hours,
    Period,
    Rule,
    fold,
    holds,
    open_at,
)

__all__ = ["Decided", "PastAppeals", "decide_all", "first_of_each"]

_EPOCH = date(1970, 1, 1).toordinal()
_WEEK = 7 * 24 * 60
_LATIN = re.compile("[a-z]")
_SAME = {
    **str.maketrans("abcehkmoptxy", "авсенкмортху"),
    **dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD]),
}
_TO_BE_CHANGED = re.compile("[" + "".join(map(chr, _SAME)) + "]")

Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Decided:
    """What becomes of each appeal.

    Args:
        outcomes: the different decisions.
        of: for each appeal the place of its decision in `outcomes`.
    """

    outcomes: list[Decision]
    of: Ints


class PastAppeals:
    """A history, its words folded and its moments taken apart once for all directories.

    Args:
        history: columns as `history.HISTORY`.
        on: the day periods are judged by; None for the day each appeal came.
    """

    def __init__(self, history: pd.DataFrame, on: date | None = None) -> None:
        self.frame, self.on = history, on
        self._words: frozenset[str] = frozenset()
        self._held: list[frozenset[str]] = [frozenset()]
        self._class_of_text: Ints = np.zeros(0, dtype="int64")
        at = history["at"].to_numpy(dtype="datetime64[m]")
        days = at.astype("datetime64[D]")
        self.days: Ints = days.astype("int64") + _EPOCH
        # 1970-01-01 was a Thursday.
        self.minutes: Ints = (days.astype("int64") + 3) % 7 * 1440 + (at - days).astype("int64")
        self.judged: Ints = np.full(len(at), on.toordinal()) if on else self.days
        self._codes: list[Ints] = []
        self._values: list[list[str | None]] = []
        for key in CONDITIONS:
            codes, values = _folded(history[key])
            self._codes.append(codes)
            self._values.append(values)
        combined = np.zeros(len(at), dtype="int64")
        for codes, values in zip(self._codes, self._values, strict=True):
            combined = combined * len(values) + codes
            combined = np.unique(combined, return_inverse=True)[1] if len(values) > 1 else combined
        self.combo: Ints
        first, self.combo = first_of_each(combined)
        self.combos: list[tuple[str | None, ...]] = [self._conditions(row) for row in first]

    def __len__(self) -> int:
        return len(self.days)

    def _conditions(self, row: int) -> tuple[str | None, ...]:
        return tuple(values[codes[row]] for codes, values in zip(self._codes, self._values, strict=True))

    @property
    def channels(self) -> Ints:
        """Code of each appeal's channel."""
        return self._codes[CHANNEL]

    def codes(self, key: str) -> tuple[Ints, list[str | None]]:
        """A condition of each appeal as a code, and the folded values by code."""
        at = CONDITIONS.index(key)
        return self._codes[at], self._values[at]

    @cached_property
    def _texts(self) -> tuple[Ints, list[str], list[str]]:
        """Code of each appeal's text, the texts, and their skeletons."""
        codes, texts = pd.factorize(self.frame["text"])
        said = [str(each) for each in texts]
        return codes.astype("int64"), said, [_skeleton(each) for each in said]

    def text_classes(self, words: Iterable[str]) -> tuple[Ints, list[frozenset[str]]]:
        """For each appeal a class, and for each class the words its texts hold; class 0 holds none."""
        wanted = frozenset(words)
        classes: dict[frozenset[str], int] = {frozenset(): 0}
        if not wanted:
            return np.zeros(len(self), dtype="int64"), list(classes)
        if not wanted <= self._words:
            self._look_for(wanted)
        of = np.array([classes.setdefault(held & wanted, len(classes)) for held in self._held], dtype="int64")
        return of[self._class_of_text[self._texts[0]]], list(classes)

    def _look_for(self, words: frozenset[str]) -> None:
        """Search all texts once more, for these words and those known before."""
        self._words |= words
        known = sorted(self._words)
        _, texts, skeletons = self._texts
        # Whatever a folded text holds, its skeleton holds too; few texts are left to be folded.
        near = re.compile("|".join(re.escape(_skeleton(word)) for word in known))
        classes: dict[frozenset[str], int] = {frozenset(): 0}
        of = np.zeros(len(texts) + 1, dtype="int64")  # the last one for appeals without a text
        for at, skeleton in enumerate(skeletons):
            if near.search(skeleton):
                # Without Latin letters nothing was taken for something else: the skeleton is the folded text.
                folded = fold(texts[at]) if _LATIN.search(texts[at].casefold()) else skeleton
                held = frozenset(word for word in known if holds(folded, word))
                of[at] = classes.setdefault(held, len(classes))
        self._held, self._class_of_text = list(classes), of

    def appeal(self, row: int, text_class: int = 1) -> Appeal:
        """One of them, for the evaluator.

        Args:
            row: its place.
            text_class: 0 where its text holds no word that matters, and need not be folded.
        """
        text = self._texts[1][self._texts[0][row]] if text_class else ""
        moment = datetime.fromordinal(int(self.days[row]))
        minute = int(self.minutes[row]) % 1440
        return Appeal(
            self.combos[self.combo[row]],
            moment.replace(hour=minute // 60, minute=minute % 60),
            fold(text),
            self.on,
        )


def decide_all(directory: Directory, past: PastAppeals, away: Collection[str] = ()) -> Decided:
    """What the evaluator says of every appeal.

    Args:
        directory: the rules.
        past: the appeals.
        away: people who are not there beyond the substitutions.
    """
    outcomes = _Outcomes()
    of = np.zeros(len(past), dtype="int64")
    left = np.ones(len(past), dtype=bool)
    book = directory.book
    if book.filters:
        classes, held = past.text_classes(each.word for each in book.filters)
        days = _Days([each.period for each in book.filters])
        rows = np.flatnonzero(classes > 0)
        key = _mixed(
            (classes[rows], len(held)),
            (past.channels[rows], len(past)),
            (days(past.judged[rows]), len(days.days)),
        )
        first, group = first_of_each(key)
        found = [directory.filter_for(past.appeal(int(rows[row]))) for row in first]
        places = np.array(
            [outcomes.place(Decision(filtered=each, why=("filtered",))) if each else -1 for each in found],
            dtype="int64",
        )
        caught = places[group]
        of[rows] = caught
        left[rows[caught >= 0]] = False
    rows = np.flatnonzero(left)
    won, opened = _winners(directory, past, rows)
    days = _Days([each.period for each in book.substitutions])
    key = _mixed((won + 1, len(directory.rules) + 1), (opened, 2), (days(past.judged[rows]), len(days.days)))
    first, group = first_of_each(key)

    def decided(row: int) -> Decision:
        if won[row] < 0:
            return Decision(why=("no_rule",))
        day = int(past.judged[rows[row]])
        return directory.given(directory.rules[won[row]], bool(opened[row]), day, away)

    places = np.array([outcomes.place(decided(int(row))) for row in first], dtype="int64")
    of[rows] = places[group]
    return Decided(outcomes.kept, of)


class _Outcomes:
    """Decisions, each kept once."""

    def __init__(self) -> None:
        self.kept: list[Decision] = []
        self._places: dict[Hashable, int] = {}

    def place(self, decision: Decision) -> int:
        rule = decision.rule.order if decision.rule else None
        key = (rule, decision.responsible, decision.filtered, decision.why)
        if key not in self._places:
            self._places[key] = len(self.kept)
            self.kept.append(decision)
        return self._places[key]


def _winners(directory: Directory, past: PastAppeals, rows: Ints) -> tuple[Ints, Ints]:
    """Place of the winning rule of each appeal, -1 where there is none; whether its hours hold."""
    candidates = [directory.ranked(each) for each in past.combos]
    every = directory.rules
    words, held = past.text_classes(word for rule in every for word in rule.stop_words)
    day_of = _Days([rule.period for rule in every])
    hours = list(dict.fromkeys(rule.hours for rule in every if rule.hours))
    minute_class, minute_open = _minute_classes(hours)

    def days_told(group: Sequence[Rule]) -> frozenset[Period]:
        return frozenset(rule.period for rule in group) - {FOREVER}

    def hours_told(group: Sequence[Rule]) -> frozenset[Hours]:
        return frozenset(rule.hours for rule in group) - {()}

    def words_told(group: Sequence[Rule]) -> frozenset[str]:
        return frozenset(word for rule in group for word in rule.stop_words)

    day = _seen(candidates, days_told, day_of.days, lambda told, at: tuple(a <= at <= b for a, b in told))
    minute = _seen(candidates, hours_told, minute_open, lambda told, at: tuple(at[each] for each in told))
    word = _seen(candidates, words_told, held, lambda told, at: tuple(each in at for each in told))
    combo = past.combo[rows]
    key = _mixed(
        (combo, len(past.combos)),
        (day(combo, day_of(past.judged[rows])), day.most),
        (minute(combo, minute_class[past.minutes[rows]]), minute.most),
        (word(combo, words[rows]), word.most),
    )
    first, group = first_of_each(key)
    place = {rule.order: at for at, rule in enumerate(every)}
    won: list[int] = []
    opened: list[int] = []
    for row in first:
        appeal = past.appeal(int(rows[row]), int(words[rows[row]]))
        rule = directory.winner(appeal)
        won.append(place[rule.order] if rule else -1)
        opened.append(int(rule is not None and open_at(rule.hours, appeal.minute)))
    return np.array(won, dtype="int64")[group], np.array(opened, dtype="int64")[group]


class _Seen:
    """What the candidates of a combination see of a class of days, minutes or texts.

    Args:
        of: for each combination which row of `table` is its own.
        table: for each such row and each class a number; classes that look alike share one.
    """

    def __init__(self, of: Ints, table: Ints) -> None:
        self._of, self._table = of, table
        self.most = int(table.max(initial=0)) + 1

    def __call__(self, combo: Ints, classes: Ints) -> Ints:
        return self._table[self._of[combo], classes]


def _seen(
    candidates: Sequence[Sequence[Rule]],
    told: Callable[[Sequence[Rule]], frozenset[Any]],
    classes: Sequence[Any],
    look: Callable[[Sequence[Any], Any], tuple[bool, ...]],
) -> _Seen:
    kinds: dict[frozenset[Any], int] = {}
    of = np.array([kinds.setdefault(told(group), len(kinds)) for group in candidates], dtype="int64")
    table = np.zeros((max(1, len(kinds)), max(1, len(classes))), dtype="int64")
    for mentioned, row in kinds.items():
        if mentioned:
            listed = list(mentioned)
            looks: dict[tuple[bool, ...], int] = {}
            table[row] = [looks.setdefault(look(listed, each), len(looks)) for each in classes]
    return _Seen(of, table)


class _Days:
    """Sorts days into classes that no period tells apart; `days` holds one of each."""

    def __init__(self, periods: Iterable[Period]) -> None:
        ends = sorted({end for first, last in periods for end in (first, last + 1)})
        self._ends = np.array(ends, dtype="int64")
        self.days = [(ends[0] if ends else 1) - 1, *ends]

    def __call__(self, days: Ints) -> Ints:
        return np.searchsorted(self._ends, days, side="right").astype("int64")


def _minute_classes(hours: Sequence[Hours]) -> tuple[Ints, list[dict[Hours, bool]]]:
    """For each minute of the week its class; for each class which of the hours hold it."""
    if not hours:
        return np.zeros(_WEEK, dtype="int64"), [{}]
    holding = np.zeros((len(hours), _WEEK), dtype=bool)
    for at, spans in enumerate(hours):
        for start, end in spans:
            holding[at, start:end] = True
    edges = np.flatnonzero((holding[:, 1:] != holding[:, :-1]).any(axis=0)) + 1
    of = np.searchsorted(edges, np.arange(_WEEK), side="right").astype("int64")
    starts = [0, *edges.tolist()]
    return of, [dict(zip(hours, holding[:, start].tolist(), strict=True)) for start in starts]


def first_of_each(key: Ints) -> tuple[Ints, Ints]:
    """For each different key the first row that has it, and for each row the place of its key."""
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    return first.astype("int64"), group.astype("int64")


def _mixed(*parts: tuple[Ints, int]) -> Ints:
    """Several codes as one; each part with how many codes it may have.

    Where the product does not fit 63 bits, what was mixed so far is numbered anew first.
    """
    mixed = np.zeros(len(parts[0][0]), dtype="int64")
    room = 1
    for codes, most in parts:
        if room * most >= 1 << 62:
            mixed = np.unique(mixed, return_inverse=True)[1].astype("int64")
            room = int(mixed.max(initial=0)) + 1
        mixed = mixed * most + codes
        room *= most
    return mixed


def _folded(column: pd.Series[Any]) -> tuple[Ints, list[str | None]]:
    """Codes of folded values; what is empty is None."""
    codes, values = pd.factorize(column)
    places: dict[str | None, int] = {}
    numbers = [places.setdefault(fold(str(each)) or None, len(places)) for each in values]
    numbers.append(places.setdefault(None, len(places)))
    return np.array(numbers, dtype="int64")[codes], list(places)


def _skeleton(text: str) -> str:
    """What two texts share that fold alike; others may share it, too."""
    seen = text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
    seen = seen.casefold().replace("ё", "е")
    # Translating letter by letter is ten times as slow as finding that there is nothing to translate.
    return " ".join((seen.translate(_SAME) if _TO_BE_CHANGED.search(seen) else seen).split())
