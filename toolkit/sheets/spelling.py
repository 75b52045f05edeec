"""How texts in cells are compared: what the eye cannot see does not count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz import process as nearest

__all__ = ["clean", "fold", "nearest_known", "without_look_alikes"]

_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD])
_LOOK_ALIKES = str.maketrans("ABCEHKMOPTXYaceopxyk", "АВСЕНКМОРТХУасеорхук")
_WORD = re.compile(r"\w+")
_LATIN, _CYRILLIC = re.compile("[A-Za-z]"), re.compile("[А-Яа-яЁё]")
_CUTOFF = 78.0


@lru_cache(maxsize=65536)
def clean(text: str) -> str:
    """A text without invisible characters, its blanks single and none at the ends."""
    seen = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    return re.sub(r"[^\S\n]+", " ", seen).strip()


@lru_cache(maxsize=65536)
def without_look_alikes(text: str) -> str:
    """Cyrillic words freed of Latin letters that look the same.

    Only words that mix both alphabets, and only when every Latin letter of the word has a Cyrillic double:
    `Mосква` becomes `Москва`, `VIP-клиент` and `1С` stay.
    """

    def mend(found: re.Match[str]) -> str:
        word = found[0]
        if not (_LATIN.search(word) and _CYRILLIC.search(word)):
            return word
        mended = word.translate(_LOOK_ALIKES)
        return word if _LATIN.search(mended) else mended

    return _WORD.sub(mend, text)


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """The key by which two texts are the same: case, `ё`, look-alikes and blanks do not matter."""
    return re.sub(r"\s+", " ", without_look_alikes(clean(text))).casefold().replace("ё", "е")


def nearest_known(text: str, known: Mapping[str, str] | Iterable[str]) -> str | None:
    """The known word somebody probably meant, as it is spelt there; None when nothing is near.

    Args:
        text: as written.
        known: folded key to spelling, or spellings.
    """
    words = known if isinstance(known, Mapping) else {fold(each): each for each in known}
    # Without folding, scores are by letter case: "Томск" would be nearer to "омск" than "Омск" is.
    found = nearest.extractOne(fold(text), list(words), scorer=fuzz.ratio, score_cutoff=_CUTOFF)
    return words[found[0]] if found else None
