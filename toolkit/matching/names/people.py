"""People compared by name: two at a time, or a whole column of cards by pairs, by one and the same rule.

The rule lives in `_judge`, over arrays. Two people are a column of two; so the scalar answer and the
vectorised one cannot differ. Words are compared once per distinct pair, whatever the number of cards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.matching.names.given import Sex, given, is_given
from toolkit.matching.names.letters import skeleton
from toolkit.matching.names.reading import PersonName, name_words, read_words, shown_sex
from toolkit.matching.names.words import (
    Fit,
    given_names_fit,
    looks_like_patronymic,
    looks_like_surname,
    patronymics_fit,
    surname_stem,
    surnames_fit,
)
from toolkit.matching.reasons import Reason, Verdict

__all__ = ["Comparison", "People", "compare_people"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_SEXES: tuple[Sex, ...] = ("", "m", "f")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two names say about each other, and why."""

    verdict: Verdict
    reasons: Reason


def compare_people(a: PersonName, b: PersonName) -> Comparison:
    """Whether two names may be one person's, and the findings behind it; the same for (a, b) and (b, a)."""
    verdicts, reasons = People.of([a, b]).compare(np.array([0]), np.array([1]))
    return Comparison(Verdict(int(verdicts[0])), Reason(int(reasons[0])))


class People:
    """A column of people's names, read once and compared by pairs of positions.

    Args:
        words: distinct folded words; position 0 is the empty word.
        surname: position in `words` per person.
        given: likewise.
        patronymic: likewise.
        sex: 0 unknown, 1 male, 2 female.
    """

    def __init__(self, words: Sequence[str], surname: Ints, given: Ints, patronymic: Ints, sex: Ints) -> None:
        self.words = np.asarray(words, dtype=object)
        self.surname, self.given, self.patronymic, self.sex = surname, given, patronymic, sex
        length = np.array([len(w) for w in words], dtype=np.int64)
        self.full: Bools = (length[surname] > 1) & (length[given] > 1)
        self.blank: Bools = (surname == 0) & (given == 0)

    def __len__(self) -> int:
        return len(self.surname)

    def __getitem__(self, position: int) -> PersonName:
        """The name at a position, as words."""
        return PersonName(
            self.words[self.surname[position]],
            self.words[self.given[position]],
            self.words[self.patronymic[position]],
            _SEXES[int(self.sex[position])],
        )

    @classmethod
    def of(cls, names: Sequence[PersonName]) -> People:
        """The column of names already read."""
        words: dict[str, int] = {"": 0}
        codes = [
            tuple(words.setdefault(w, len(words)) for w in (n.surname, n.given, n.patronymic)) for n in names
        ]
        table = np.array(codes, dtype=np.int64).reshape(-1, 3)
        sex = np.array([_SEXES.index(n.sex) for n in names], dtype=np.int64)
        return cls(list(words), table[:, 0], table[:, 1], table[:, 2], sex)

    @classmethod
    def read(cls, last_name: pd.Series[Any], name: pd.Series[Any], second_name: pd.Series[Any]) -> People:
        """The column read from the portal's three cells; each distinct cell is read once.

        Args:
            last_name: `lastName` per card; missing values count as empty.
            name: `name` per card.
            second_name: `secondName` per card.
        """
        return _read_columns(last_name, name, second_name)

    def blocks(self) -> Ints:
        """A number per person, equal for names equal but for form: Иванова Маша and Ivanova Maria.

        It is for cards sharing a key with very many others: only cards of one block are compared there.
        0 where the name is not full.
        """
        stems = [skeleton(surname_stem(w)) if w else "" for w in self.words]
        ends = [s[:-1] if s.endswith("a") and len(s) > 4 else s for s in stems]
        surname_keys = pd.factorize(np.asarray(ends, dtype=object))[0]
        given_keys = pd.factorize(np.asarray([_given_key(w) for w in self.words], dtype=object))[0]
        packed = (surname_keys[self.surname].astype(np.int64) << 32) | given_keys[self.given]
        codes = np.unique(np.where(self.full, packed, -1), return_inverse=True)[1].astype(np.int64)
        blocks: Ints = np.where(self.full, codes + 1, 0)
        return blocks

    def compare(self, left: npt.ArrayLike, right: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Verdicts and reasons for pairs of positions.

        Returns:
            Two arrays as long as `left`: `Verdict` numbers and `Reason` bits.
        """
        i, j = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
        s = self._fits(self.surname[i], self.surname[j], surnames_fit)
        g = self._fits(self.given[i], self.given[j], given_names_fit)
        p = self._fits(self.patronymic[i], self.patronymic[j], patronymics_fit)
        swapped = self._swapped(i, j, s, g)
        s = np.where(swapped, Fit.SAME, s)
        g = np.where(swapped, Fit.SAME, g)
        verdicts, reasons = _judge(s, g, p, self.sex[i], self.sex[j], self.blank[i] | self.blank[j])
        reasons[swapped] |= int(Reason.ORDER)
        return verdicts, reasons

    def one_given_name(self, left: Ints, right: Ints) -> Bools:
        """Whether pairs of positions bear one given name, a typo aside."""
        found: Bools = self._fits(self.given[left], self.given[right], given_names_fit) >= Fit.TYPO
        return found

    def _fits(self, a: Ints, b: Ints, fit: Callable[[str, str], Fit]) -> Ints:
        result = np.where((a == 0) | (b == 0), np.int64(Fit.BLANK), np.int64(Fit.SAME))
        differ = np.flatnonzero((a != b) & (a != 0) & (b != 0))
        if len(differ):
            low, high = np.minimum(a[differ], b[differ]), np.maximum(a[differ], b[differ])
            packed, back = np.unique((low << 32) | high, return_inverse=True)
            firsts, seconds = self.words[packed >> 32], self.words[packed & 0xFFFFFFFF]
            once = np.fromiter(map(fit, firsts, seconds), dtype=np.int64, count=len(packed))
            result[differ] = once[back]
        return result

    def _swapped(self, i: Ints, j: Ints, s: Ints, g: Ints) -> Bools:
        """Pairs that fit only when surname and given name of one card change places."""
        swapped = np.zeros(len(i), dtype=bool)
        tried = np.flatnonzero((s == Fit.DIFFERS) & (g == Fit.DIFFERS) & self.full[i] & self.full[j])
        i, j = i[tried], j[tried]
        for one, other in ((i, j), (j, i)):
            crossed_s = self._fits(self.surname[one], self.given[other], surnames_fit) >= Fit.TYPO
            crossed_g = self._fits(self.given[one], self.surname[other], given_names_fit) >= Fit.TYPO
            exact = (self.surname[one] == self.given[other]) | (self.given[one] == self.surname[other])
            swapped[tried[crossed_s & crossed_g & exact]] = True
        return swapped


def _judge(s: Ints, g: Ints, p: Ints, sex_a: Ints, sex_b: Ints, blank: Bools) -> tuple[Ints, Ints]:
    """The rule: three fits and two sexes to a verdict with reasons."""
    same_s, same_g, same_p = s >= Fit.TYPO, g >= Fit.TYPO, p >= Fit.TYPO
    p_differs = p == Fit.DIFFERS
    weak_s = (s == Fit.BLANK) | (s == Fit.INITIAL) | (s == Fit.PART)
    weak_g = (g == Fit.BLANK) | (g == Fit.INITIAL) | (g == Fit.PART)
    both = same_s & same_g
    one_part = (same_s & weak_g) | (same_g & weak_s & ~p_differs) | (weak_s & weak_g)
    renamed = (s == Fit.DIFFERS) & same_g & same_p
    opposite = (sex_a != 0) & (sex_b != 0) & (sex_a != sex_b)

    reasons = np.zeros(len(s), dtype=np.int64)

    def mark(where: Bools, reason: Reason) -> None:
        reasons[where] |= int(reason)

    two_typos = (s == Fit.TYPO) & ((g == Fit.TYPO) | weak_g) & ~same_p
    two_typos |= (g == Fit.TYPO) & weak_s & ~same_p
    gender_unsure = both & (s == Fit.GENDER) & ((sex_a == 0) | (sex_b == 0))
    mark(both & p_differs, Reason.PATRONYMIC_DIFFERS)
    mark(same_s & weak_g & p_differs, Reason.PATRONYMIC_DIFFERS)
    mark((both | one_part) & two_typos, Reason.TWO_TYPOS)
    mark(gender_unsure, Reason.GENDER_UNSURE)
    mark(renamed, Reason.SURNAME_DIFFERS)
    agree = both & ~p_differs & ~two_typos & ~gender_unsure
    partial = ((both & ~agree) | one_part | renamed | blank) & ~agree
    mark(blank, Reason.BLANK_NAME)
    mark(one_part & ~blank, Reason.ONE_PART)

    fits = (agree | partial) & ~blank
    mark(agree & (s == Fit.SAME) & (g == Fit.SAME), Reason.SAME_NAME)
    for fit, reason in (
        (Fit.TYPO, Reason.TYPO),
        (Fit.TRANSLIT, Reason.TRANSLIT),
        (Fit.DIMINUTIVE, Reason.DIMINUTIVE),
        (Fit.GENDER, Reason.GENDER_FORM),
        (Fit.INITIAL, Reason.INITIAL),
    ):
        mark(fits & ((s == fit) | (g == fit) | (p == fit)), reason)

    # Opposite sexes are two people, the more so under one surname: husband and wife, brother and sister.
    mark(fits & opposite, Reason.SEX_DIFFERS)
    verdicts = np.where(
        agree, int(Verdict.AGREE), np.where(partial, int(Verdict.PARTIAL), int(Verdict.DISAGREE))
    )
    verdicts[fits & opposite] = int(Verdict.DISAGREE)
    reasons[verdicts == Verdict.DISAGREE] |= int(Reason.NAME_DIFFERS)
    return verdicts.astype(np.int64), reasons


def _given_key(word: str) -> str:
    if not word:
        return ""
    known = given(word)
    # Саша is Александр or Александра: a key of its own, so that neither is taken for granted.
    return f"#{min(known.names)}" if len(known.names) == 1 else skeleton(word)


def _read_columns(last_name: pd.Series[Any], name: pd.Series[Any], second_name: pd.Series[Any]) -> People:
    words: dict[str, int] = {"": 0}
    cells = [_cells(column) for column in (last_name, name, second_name)]
    plain_codes: list[Ints] = []
    plain = np.ones(len(last_name), dtype=bool)
    for (codes, distinct), fits_slot in zip(cells, (_plain_last, _plain_first, _plain_second), strict=True):
        ok = np.fromiter((fits_slot(tokens) for tokens in distinct), dtype=bool, count=len(distinct))
        word = np.fromiter(
            (
                words.setdefault(tokens[0] if tokens else "", len(words)) if fine else 0
                for tokens, fine in zip(distinct, ok, strict=True)
            ),
            dtype=np.int64,
            count=len(distinct),
        )
        plain &= ok[codes]
        plain_codes.append(word[codes])
    surname, given_name, patronymic = plain_codes
    # One word alone may stand in the wrong cell, whatever it looks like.
    plain &= (surname != 0) & (given_name != 0)
    slow = np.flatnonzero(~plain)
    sex = np.zeros(len(last_name), dtype=np.int64)
    if len(slow):
        triples = np.stack([codes[slow] for codes, _ in cells], axis=1)
        distinct_triples, back = np.unique(triples, axis=0, return_inverse=True)
        read = np.empty((len(distinct_triples), 3), dtype=np.int64)
        for row, (a, b, c) in enumerate(distinct_triples):
            found = read_words(cells[0][1][a], cells[1][1][b], cells[2][1][c])
            read[row] = [
                words.setdefault(w, len(words)) for w in (found.surname, found.given, found.patronymic)
            ]
        for target, part in zip((surname, given_name, patronymic), read[back.reshape(-1)].T, strict=True):
            target[slow] = part
    listed = list(words)
    sex = _sexes(listed, surname, given_name, patronymic)
    return People(listed, surname, given_name, patronymic, sex)


def _cells(column: pd.Series[Any]) -> tuple[Ints, list[tuple[str, ...]]]:
    codes, distinct = pd.factorize(column)
    tokens = [name_words(str(cell)) for cell in distinct]
    tokens.append(())
    return np.where(codes < 0, len(tokens) - 1, codes).astype(np.int64), tokens


def _plain_last(tokens: tuple[str, ...]) -> bool:
    return not tokens or (len(tokens) == 1 and len(tokens[0]) > 1 and not is_given(tokens[0]))


def _plain_first(tokens: tuple[str, ...]) -> bool:
    if len(tokens) != 1 or len(tokens[0]) == 1:
        return not tokens
    return is_given(tokens[0]) or not (looks_like_surname(tokens[0]) or looks_like_patronymic(tokens[0]))


def _plain_second(tokens: tuple[str, ...]) -> bool:
    return not tokens or (len(tokens) == 1 and looks_like_patronymic(tokens[0]))


def _sexes(words: list[str], surname: Ints, given_name: Ints, patronymic: Ints) -> Ints:
    """What `shown_sex` says, asked once per distinct word."""

    def shown(column: Ints, sex_of: Callable[[str], Sex]) -> Ints:
        used = np.unique(column)
        table = np.zeros(len(words), dtype=np.int64)
        table[used] = [_SEXES.index(sex_of(words[w])) for w in used]
        return table[column]

    by_patronymic = shown(patronymic, lambda w: shown_sex("", "", w))
    by_given = shown(given_name, lambda w: shown_sex("", w, ""))
    by_surname = shown(surname, lambda w: shown_sex(w, "", ""))
    either = np.where(by_given == 0, by_surname, np.where(by_surname == 0, by_given, 0))
    agreed = np.where(by_given == by_surname, by_given, either)
    return np.where(by_patronymic != 0, by_patronymic, agreed)
