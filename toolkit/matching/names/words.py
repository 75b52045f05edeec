"""One word of a person's name against another: same, mistyped, transliterated, an initial, or different."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from rapidfuzz.distance import OSA

from toolkit.matching.names.given import Sex, full_initials, given, known_patronymics
from toolkit.matching.names.letters import is_latin, skeleton

__all__ = [
    "Fit",
    "given_names_fit",
    "looks_like_patronymic",
    "looks_like_surname",
    "patronymic_sex",
    "patronymics_fit",
    "surname_sex",
    "surname_stem",
    "surnames_fit",
]


class Fit(IntEnum):
    """How one part of a name fits the same part of another; from TYPO on they are the same word."""

    BLANK = 0
    DIFFERS = 1
    INITIAL = 2
    PART = 3
    TYPO = 4
    TRANSLIT = 5
    DIMINUTIVE = 6
    GENDER = 7
    SAME = 8


_FEMININE = (
    (("ова", "ева", "ина", "ына"), 1, ""),
    (("ская", "цкая"), 2, "ий"),
    (("ная", "лая", "тая", "рая", "ной", "лой", "той", "рой"), 2, "ый"),
)
_SURNAME_SEX = re.compile(r"(?P<m>(?:ов|ев|ин|ын|ский|цкий))$|(?P<f>(?:ова|ева|ская|цкая|[нлтр]ая))$")
_SURNAME = re.compile(
    r"(ов|ев|ин|ын|ова|ева|ина|ына|ский|цкий|ская|цкая|енко|чук|щук|юк|ук|ян|янц|швили|дзе|их|ых|ко)$"
)
_PATRONYMIC = re.compile(r"(?P<m>(?:ович|евич|ьич|оглы|ыч|[кмн]ич))$|(?P<f>(?:овна|евна|ична|кызы|инишна))$")
_PATRONYMIC_END = re.compile(r"(ович|евич|овна|евна|инична|ична|ич|ыч)$")
_LATIN_PATRONYMIC = re.compile(r"(?P<m>(?:[oe]vi(?:ch|c|tch)|ich))$|(?P<f>(?:[oe]vna|ichna))$")


def surnames_fit(a: str, b: str) -> Fit:
    """How two folded surnames fit; -ов and -ова, -ский and -ская are two forms of one surname."""
    if not a or not b:
        return Fit.BLANK
    if a == b:
        return Fit.SAME
    if len(a) == 1 or len(b) == 1:
        return Fit.INITIAL if _initials_fit(a, b) else Fit.DIFFERS
    stem_a, stem_b = surname_stem(a), surname_stem(b)
    if stem_a == stem_b:
        return Fit.GENDER
    if "-" in a or "-" in b:
        parts_a, parts_b = {surname_stem(p) for p in a.split("-")}, {surname_stem(p) for p in b.split("-")}
        if parts_a == parts_b or a.replace("-", "") == b.replace("-", ""):
            return Fit.SAME
        if parts_a & parts_b - {""}:
            return Fit.PART
    if is_latin(a) != is_latin(b):
        return _sounds_fit(a, b)
    # The gender forms were taken off first: Иванов and Иванова are not one typo apart.
    return Fit.TYPO if _one_slip(stem_a, stem_b, shortest=5) else Fit.DIFFERS


def given_names_fit(a: str, b: str) -> Fit:
    """How two folded given names fit; two different names of the table never pass for a typo."""
    if not a or not b:
        return Fit.BLANK
    if a == b:
        return Fit.SAME
    one, other = given(a), given(b)
    if len(a) == 1 or len(b) == 1:
        return Fit.INITIAL if _initials_fit(a, b) or _initial_of_name(a, b) else Fit.DIFFERS
    if one.names & other.names:
        if not (one.known and other.known):
            return Fit.TYPO
        return Fit.TRANSLIT if is_latin(a) != is_latin(b) else Fit.DIMINUTIVE
    if one.names and other.names:
        return Fit.DIFFERS
    if is_latin(a) != is_latin(b):
        fit = _sounds_fit(a, b)
        return Fit.DIFFERS if fit is Fit.GENDER else fit
    return Fit.TYPO if _one_slip(a, b, shortest=4) else Fit.DIFFERS


def patronymics_fit(a: str, b: str) -> Fit:
    """How two folded patronymics fit; Иванович and Иваныч are one, Иванович and Ивановна are not."""
    if not a or not b:
        return Fit.BLANK
    if a == b:
        return Fit.SAME
    if len(a) == 1 or len(b) == 1:
        return Fit.INITIAL if _initials_fit(a, b) else Fit.DIFFERS
    if is_latin(a) != is_latin(b):
        return _sounds_fit(a, b)
    sexes = {patronymic_sex(a), patronymic_sex(b)} - {""}
    stem_a, stem_b = _PATRONYMIC_END.sub("", a), _PATRONYMIC_END.sub("", b)
    if len(sexes) > 1:
        return Fit.DIFFERS
    if stem_a == stem_b:
        return Fit.DIMINUTIVE
    known = known_patronymics()
    if stem_a in known and stem_b in known:
        return Fit.DIFFERS
    return Fit.TYPO if _one_slip(a, b, shortest=6) else Fit.DIFFERS


def surname_sex(word: str) -> Sex:
    """The sex a surname shows by itself; -ина shows none, Щербина is a man's surname too."""
    found = _SURNAME_SEX.search(word)
    return ("m" if found.lastgroup == "m" else "f") if found else ""


def patronymic_sex(word: str) -> Sex:
    """The sex a patronymic shows; empty for an initial."""
    found = (_LATIN_PATRONYMIC if is_latin(word) else _PATRONYMIC).search(word)
    return ("m" if found.lastgroup == "m" else "f") if found and len(word) > 4 else ""


def looks_like_patronymic(word: str) -> bool:
    """Whether a folded word ends as patronymics do (some surnames do too: Абрамович)."""
    return bool(patronymic_sex(word))


def looks_like_surname(word: str) -> bool:
    """Whether a folded word ends as surnames do."""
    return len(word) > 3 and bool(_SURNAME.search(word))


@lru_cache(maxsize=1 << 18)
def surname_stem(surname: str) -> str:
    """A surname in its masculine form: Иванова as иванов, Толстая as толстый."""
    for endings, cut, put in _FEMININE:
        if len(surname) > 4 and surname.endswith(endings):
            return surname[:-cut] + put
    return surname


def _initials_fit(a: str, b: str) -> bool:
    if is_latin(a) == is_latin(b):
        return a[0] == b[0]
    one, other = skeleton(a), skeleton(b)
    return bool(one) and bool(other) and one[0] == other[0]


def _initial_of_name(a: str, b: str) -> bool:
    # "А." may stand for Саша, whose name is Александр.
    initial, word = (a, b) if len(a) == 1 else (b, a)
    return given(word).known and initial in full_initials(given(word).names)


def _sounds_fit(a: str, b: str) -> Fit:
    one, other = skeleton(a), skeleton(b)
    if one == other:
        return Fit.TRANSLIT
    if skeleton(surname_stem(a)) == skeleton(surname_stem(b)) or one + "a" == other or other + "a" == one:
        return Fit.GENDER
    return Fit.TYPO if _one_slip(one, other, shortest=4) else Fit.DIFFERS


def _one_slip(a: str, b: str, shortest: int) -> bool:
    """One letter wrong, lost, added or swapped; two in words of nine letters and more."""
    if min(len(a), len(b)) < shortest:
        return False
    allowed = 2 if min(len(a), len(b)) >= 9 else 1
    return OSA.distance(a, b, score_cutoff=allowed) <= allowed
