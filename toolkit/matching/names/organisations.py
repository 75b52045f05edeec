"""Organisations compared by title: legal form, quotes, word order, abbreviations, two alphabets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rapidfuzz.distance import OSA

from toolkit.matching.names.letters import folded, in_latin_looks, is_latin, skeleton
from toolkit.matching.names.people import Comparison, People, compare_people
from toolkit.matching.names.reading import PersonName, read_person
from toolkit.matching.reasons import Reason, Verdict

__all__ = ["OrganisationName", "Organisations", "compare_organisations", "read_organisation"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# One line is one group of legal forms: a difference inside it says nothing, across it asks a person.
_FORM_LINES = """
ооо: общество с ограниченной ответственностью; о о о; ооо; ooo; llc; ltd; limited
пао: публичное акционерное общество; открытое акционерное общество; пао; оао; pao; oao
ао: непубличное акционерное общество; закрытое акционерное общество; акционерное общество; зао; нао; ао; jsc
ип: индивидуальный предприниматель; глава кфх; ип кфх; чп; пбоюл; ип; ip; самозанятый; самозанятая
тоо: товарищество с ограниченной ответственностью; тоо; too
одо: общество с дополнительной ответственностью; одо; тов
нко: автономная некоммерческая организация; некоммерческое партнерство; ано; нко; нп
гуп: государственное унитарное предприятие; муниципальное унитарное предприятие; гуп; муп; фгуп
гбу: государственное бюджетное учреждение; муниципальное бюджетное учреждение; гбу; мбу; фгбу; мбоу; гбоу
тсж: товарищество собственников жилья; товарищество собственников недвижимости; тсж; тсн; снт
gmbh: gmbh
inc: inc; corp; corporation; incorporated; plc
жск: потребительский кооператив; гск; жск
"""
_FORM_OF = {
    spelling.strip(): form
    for form, spellings in (line.split(":") for line in _FORM_LINES.strip().splitlines())
    for spelling in spellings.split(";")
}
# The longest spelling first: a public joint-stock company is a joint-stock company too.
_FORM = re.compile(
    r"(?<!\w)(" + "|".join(sorted(map(re.escape, _FORM_OF), key=len, reverse=True)) + r")(?!\w)"
)
#: Words that say what kind of business it is, not which one.
_GENERIC_WORDS = """
компания фирма группа группы предприятие организация торговый дом торговая тд гк пкф офис головной нпо нпп ук мкк
company group trade trading the и the of
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
_PLACEHOLDER_WORDS = """
без названия нет неизвестно неизвестная компания организация новая не указано указана тест test unknown noname
company клиент частное лицо физлицо физическое контрагент название
"""
_PLACEHOLDERS = frozenset(_PLACEHOLDER_WORDS.split())
# О.О.О. anywhere, И.П. at the beginning only: at the end they are somebody's initials.
_DOTTED = re.compile(r"(?<!\w)(?:\w\.\s?){2,}\w(?!\w)\.?|(?<!\w)(?:\w\.\s?){3,}|^(?:\w\.\s?){2,}")
_WORD = re.compile(r"[^\W_]+")
_DOMAIN = re.compile(r"\.(?:ru|рф|com|su|net|org|kz|by)\b")


@dataclass(frozen=True, slots=True)
class OrganisationName:
    """A title, read.

    Args:
        words: the words that tell this organisation from others, folded, in their order.
        form: the legal form's group (`ооо`, `ао`, `ип`…); empty when none is written.
        person: the entrepreneur's own name, when the title is one; else None.
    """

    words: tuple[str, ...] = ()
    form: str = ""
    person: PersonName | None = None

    @property
    def blank(self) -> bool:
        """Whether nothing is left that names an organisation."""
        return not self.words

    @property
    def core(self) -> str:
        """The words as one text, whatever their order."""
        return " ".join(sorted(self.words))


@lru_cache(maxsize=1 << 17)
def read_organisation(title: str) -> OrganisationName:
    """The organisation a title names, without its legal form, quotes and trimmings."""
    text = _DOMAIN.sub(" ", folded(title))
    text = _DOTTED.sub(lambda found: found.group().replace(".", "").replace(" ", "") + " ", text)
    forms = [_FORM_OF[found] for found in _FORM.findall(text)]
    form = "ип" if "ип" in forms else (forms[0] if forms else "")
    words = tuple(in_latin_looks(w) if _is_sign(w) else w for w in _WORD.findall(_FORM.sub(" ", text)))
    if all(w in _PLACEHOLDERS for w in words):
        return OrganisationName((), form)
    telling = tuple(w for w in words if w not in _GENERIC) or words
    person = read_person(last_name=" ".join(words)) if form == "ип" else None
    return OrganisationName(telling, form, person if person and person.surname and person.given else None)


def compare_organisations(a: OrganisationName, b: OrganisationName) -> Comparison:
    """Whether two titles may be one organisation's, and why; the same for (a, b) and (b, a)."""
    if a.blank or b.blank:
        return Comparison(Verdict.PARTIAL, Reason.BLANK_NAME)
    if a.person and b.person:
        return compare_people(a.person, b.person)
    verdict, reasons = _words_fit(a, b)
    if verdict is Verdict.DISAGREE:
        return Comparison(verdict, reasons | Reason.NAME_DIFFERS)
    if a.form and b.form and a.form != b.form:
        # A firm that was turned into another, or its owner beside it: a person has to say.
        return Comparison(Verdict.PARTIAL, reasons | Reason.FORM_DIFFERS)
    return Comparison(verdict, reasons)


class Organisations:
    """A column of titles, each distinct one read once, compared by pairs of positions.

    Args:
        titles: one per card; missing values count as empty.
    """

    def __init__(self, titles: pd.Series[Any]) -> None:
        codes, distinct = pd.factorize(titles)
        self.titles = [*map(str, distinct), ""]
        self.names: Sequence[OrganisationName] = [
            *(read_organisation(str(t)) for t in distinct),
            OrganisationName(),
        ]
        # Entrepreneurs are compared as people, all pairs at once.
        self._people = People.of([name.person or PersonName() for name in self.names])
        self._is_person = np.array([name.person is not None for name in self.names], dtype=np.bool_)
        self.code: Ints = np.where(codes < 0, len(self.names) - 1, codes).astype(np.int64)
        self.full: Bools = np.array([not n.blank for n in self.names], dtype=np.bool_)[self.code]
        self.blank: Bools = ~self.full

    def __len__(self) -> int:
        return len(self.code)

    def __getitem__(self, position: int) -> OrganisationName:
        """The name at a position."""
        return self.names[int(self.code[position])]

    def blocks(self) -> Ints:
        """A number per card, equal for titles of the same words; 0 where there is no title."""
        keys = pd.factorize(np.asarray([n.core for n in self.names], dtype=object), sort=True)[0]
        blocks: Ints = np.where(self.full, keys[self.code].astype(np.int64) + 1, 0)
        return blocks

    def compare(self, left: npt.ArrayLike, right: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Verdicts and reasons for pairs of positions; `Verdict` numbers and `Reason` bits."""
        i, j = self.code[np.asarray(left, dtype=np.int64)], self.code[np.asarray(right, dtype=np.int64)]
        packed, back = np.unique((np.minimum(i, j) << 32) | np.maximum(i, j), return_inverse=True)
        first, second = packed >> 32, packed & 0xFFFFFFFF
        verdicts, reasons = np.zeros(len(packed), dtype=np.int64), np.zeros(len(packed), dtype=np.int64)
        people = self._is_person[first] & self._is_person[second]
        verdicts[people], reasons[people] = self._people.compare(first[people], second[people])
        for at in np.flatnonzero(~people).tolist():
            found = compare_organisations(self.names[first[at]], self.names[second[at]])
            verdicts[at], reasons[at] = int(found.verdict), int(found.reasons)
        return verdicts[back.reshape(-1)], reasons[back.reshape(-1)]


def _words_fit(a: OrganisationName, b: OrganisationName) -> tuple[Verdict, Reason]:
    one, other = set(a.words), set(b.words)
    if one == other:
        return Verdict.AGREE, Reason.SAME_NAME
    if "".join(a.words) == "".join(b.words):
        return Verdict.AGREE, Reason.SAME_NAME
    if _numbers(one) != _numbers(other):
        # Школа № 1 and Школа № 2 differ in one letter and in everything.
        subset = _letters(one) == _letters(other) and not (_numbers(one) and _numbers(other))
        return (Verdict.PARTIAL, Reason.SUBSET) if subset else (Verdict.DISAGREE, Reason(0))
    if one < other or other < one:
        return Verdict.PARTIAL, Reason.SUBSET
    if _stands_for(a.words, b.words) or _stands_for(b.words, a.words):
        return Verdict.PARTIAL, Reason.ACRONYM
    by_sound = any(map(is_latin, one)) != any(map(is_latin, other)) or is_latin("".join(one)) != is_latin(
        "".join(other)
    )
    left_a = [w for w in a.words if w not in other]
    left_b = [w for w in b.words if w not in one]
    if by_sound:
        left_a, left_b = [skeleton(w) or w for w in a.words], [skeleton(w) or w for w in b.words]
        if sorted(left_a) == sorted(left_b) or "".join(left_a) == "".join(left_b):
            return Verdict.AGREE, Reason.TRANSLIT
    if _near("".join(left_a), "".join(left_b)):
        return Verdict.AGREE, Reason.TYPO | (Reason.TRANSLIT if by_sound else Reason(0))
    return Verdict.DISAGREE, Reason(0)


def _near(a: str, b: str) -> bool:
    """Whether what two titles do not share is one slip apart; two in nine letters and more.

    One slip in a short word tells two firms apart as often as it is one: Вега and Мега.
    """
    shorter = min(len(a), len(b))
    allowed = 0 if shorter < 6 else 1 if shorter < 9 else 2
    return bool(allowed) and OSA.distance(a, b, score_cutoff=allowed) <= allowed


def _is_sign(word: str) -> bool:
    """Whether a word tells like a number does, by every single sign: 5, 1с, the М of Вектор-М."""
    return len(word) == 1 or any(c.isdigit() for c in word)


def _numbers(words: set[str]) -> set[str]:
    return {w for w in words if _is_sign(w)}


def _letters(words: set[str]) -> set[str]:
    return words - _numbers(words)


def _stands_for(short: Sequence[str], long: Sequence[str]) -> bool:
    return len(short) == 1 and 3 <= len(short[0]) == len(long) and short[0] == "".join(w[0] for w in long)
