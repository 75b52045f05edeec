"""What people read, in Russian and English: gettext over `locale/<language>/LC_MESSAGES/b24kit.mo`.

English is the text in the code. `make words` compiles the Russian `.po`; a test keeps both complete.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from pathlib import Path

__all__ = ["LOCALE", "translator"]

LOCALE = Path(__file__).parent / "locale"


def translator(language: str) -> Callable[[str], str]:
    """A function from an English text to the same text in a language.

    Args:
        language: `ru` or `en`; anything else reads English.
    """
    return gettext.translation("b24kit", LOCALE, [language], fallback=True).gettext
