"""Letters typed for digits."""

from __future__ import annotations

import re

__all__ = ["replace_homoglyphs"]

# Letters that are typed for digits. Only where digits stand beside them and no other letters do.
_HOMOGLYPHS = str.maketrans(
    {**dict.fromkeys("OoОо", "0"), **dict.fromkeys("Зз", "3"), **dict.fromkeys("Il", "1")}
)
_HOMOGLYPH = re.compile(r"(?<![^\W\d_])(?:(?<=\d)[OoОоЗзIl]{1,3}|[OoОоЗзIl]{1,3}(?=\d))(?![^\W\d_])")


def replace_homoglyphs(text: str) -> str:
    """Text with the letters typed for digits replaced, where they stand among digits."""
    return _HOMOGLYPH.sub(lambda found: found.group().translate(_HOMOGLYPHS), text)
