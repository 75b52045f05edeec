"""What people read, in Russian and English: gettext over `locale/<language>/LC_MESSAGES/b24kit.mo`.

English is the text in the code. `make words` compiles the Russian `.po`; a test keeps both complete.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

__all__ = ["LOCALE", "said_in", "translator"]

LOCALE = Path(__file__).parent / "locale"


def translator(language: str) -> Callable[[str], str]:
    """A function from an English text to the same text in a language.

    Args:
        language: `ru` or `en`; anything else reads English.
    """
    return gettext.translation("b24kit", LOCALE, [language], fallback=True).gettext


def said_in(language: str, text: str) -> str:
    """A finished English text in a language: found whole, or recognised by its form.

    Errors are raised with their values already in place, `names a.pem, which is not a file`. The catalogue
    holds the form, `names {0}, which is not a file`, and what stands at `{0}` is carried over. What is not
    known stays English: a sentence somebody else wrote is better than none.

    Args:
        language: `ru` or `en`.
        text: as it would read in English.
    """
    if language == "en" or not text.strip():
        return text
    whole = _known(language, text)
    if whole is not None:
        return whole
    for end in _SENTENCE.finditer(text):
        first = _known(language, text[: end.start()])
        if first is not None:
            return f"{first} {said_in(language, text[end.end() :])}"
    if "; " in text:
        return "; ".join(said_in(language, each) for each in text.split("; "))
    return text


def _known(language: str, text: str) -> str | None:
    """A text in a language when the catalogue holds it or its form; None otherwise."""
    whole = translator(language)(text)
    if whole != text:
        return whole
    for form, translated in _forms(language):
        found = form.fullmatch(text)
        if found is not None:
            return translated.format(*(said_in(language, each) for each in found.groups()))
    return None


_SENTENCE = re.compile(r"(?<=[.!?]) (?=\S)")
_PLACE = re.compile(r"\{(\d)\}")


@lru_cache
def _forms(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Texts with numbered places, as patterns; the most particular first."""
    known = gettext.translation("b24kit", LOCALE, [language], fallback=True)
    catalogue: dict[str, str] = getattr(known, "_catalog", {})
    found = []
    for english, translated in catalogue.items():
        if not isinstance(english, str) or not _PLACE.search(english):
            continue
        pieces = [piece.replace("{{", "{").replace("}}", "}") for piece in _PLACE.split(english)[::2]]
        weight = sum(map(len, pieces))
        pattern = "(.*?)".join(re.escape(piece) for piece in pieces)
        found.append((weight, re.compile(pattern, re.DOTALL), translated))
    found.sort(key=lambda each: -each[0])
    return [(pattern, translated) for _weight, pattern, translated in found]
