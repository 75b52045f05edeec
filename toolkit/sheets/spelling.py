"""How texts in cells are compared: what the eye cannot see does not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz
from rapidfuzz import process as nearest

from toolkit.routing.evaluator import clean, fold, without_look_alikes

__all__ = ["clean", "fold", "nearest_known", "without_look_alikes"]

_CUTOFF = 78.0


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
