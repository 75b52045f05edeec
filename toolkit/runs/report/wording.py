"""How a report speaks: its language, numbers, moments and spans of time.

English is the text in the code; `russian` holds the other half. What an operation says (its reasons) is
looked up there too, then in the catalogue of the whole toolkit, and is left as it is when neither knows it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Literal

from toolkit.runs.report.russian import PATTERNS, PLURALS, RUSSIAN
from toolkit.words import translator

__all__ = ["PHASE_WORDS", "Language", "Wording"]

Language = Literal["ru", "en"]

PHASE_WORDS = {
    "read": "reading before",
    "write": "writing",
    "prove": "reading again",
    "notify": "telling the employees",
}
"""What requests were made for, as a reader is told."""

_THIN = "\N{NO-BREAK SPACE}"
_REST = {"ru": ("д", "ч", "мин", "с"), "en": ("d", "h", "min", "s")}


class Wording:
    """Words, numbers and times as one reader expects them.

    Args:
        language: `ru` or `en`.
        offset_s: seconds the portal's clock is ahead of UTC; moments are told in the portal's time.
    """

    def __init__(self, language: Language, offset_s: int = 0) -> None:
        self.language = language
        self.zone = timezone(timedelta(seconds=offset_s))
        self._house = translator(language)

    def __call__(self, text: str, /, **values: Any) -> str:
        """A text of ours in the reader's language, its placeholders filled."""
        said = RUSSIAN.get(text, text) if self.language == "ru" else text
        return said.format(**values) if values else said

    def many(self, one: str, many: str, n: int, /, **values: Any) -> str:
        """A text with a number, in the grammatical form the number asks for.

        Args:
            one: English for one; holds `{n}`.
            many: English for any other number.
            n: the number.
            values: further placeholders.
        """
        text = one if n == 1 else many
        if self.language == "ru":
            text = PLURALS[many][_form(n)]
        return text.format(n=self.number(n), **values)

    def phrase(self, text: str) -> str:
        """What an operation or apply said about a record; the portal's own words stay as they are."""
        if not text or (self.language == "ru" and text in RUSSIAN):
            return RUSSIAN.get(text, "")
        for pattern, russian, english in PATTERNS:
            found = pattern.fullmatch(text)
            if found:
                said = found.expand(russian if self.language == "ru" else english)
                return said + self.phrase(found["rest"]) if "rest" in pattern.groupindex else said
        parts = text.split(", ")
        if self.language == "ru" and all(part in RUSSIAN for part in parts):
            return ", ".join(RUSSIAN[part] for part in parts)
        return self._house(text)

    def number(self, number: float) -> str:
        """`12 345` in Russian, `12,345` in English."""
        text = f"{number:,}"
        return text.replace(",", _THIN).replace(".", ",") if self.language == "ru" else text

    def share(self, part: float, whole: float) -> str:
        """A percentage; a dash of nothing."""
        if not whole:
            return "–"
        percent = 100 * part / whole
        text = f"{percent:.0f}" if percent >= 10 or percent == int(percent) else f"{percent:.1f}"
        return f"{text.replace('.', ',')}{_THIN}%" if self.language == "ru" else f"{text}%"

    def span(self, seconds: float) -> str:
        """`2 ч 05 мин`, `3 мин 20 с`, `4,2 с`: two units at most."""
        days, hours, minutes, rest = _REST[self.language]
        if seconds < 9.95:
            tenths = f"{seconds:.1f}".removesuffix(".0")
            return f"{tenths.replace('.', ',') if self.language == 'ru' else tenths}{_THIN}{rest}"
        whole = round(seconds)
        if whole < 60:
            return f"{whole}{_THIN}{rest}"
        if whole < 3600:
            return _two(whole // 60, minutes, whole % 60, rest)
        whole = round(seconds / 60)
        if whole < 1440:
            return _two(whole // 60, hours, whole % 60, minutes)
        return _two(whole // 1440, days, whole % 1440 // 60, hours)

    def local(self, moment: float | str) -> datetime | None:
        """A moment in the portal's time.

        Args:
            moment: unix seconds, or ISO 8601.

        Returns:
            None when it is not a moment.
        """
        if isinstance(moment, str):
            try:
                read = datetime.fromisoformat(moment)
            except ValueError:
                return None
            return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(self.zone)
        return datetime.fromtimestamp(moment, self.zone)

    def moment(self, moment: float | str | None, *, seconds: bool = False) -> str:
        """`22.11.2026 21:45` or `22 Nov 2026 21:45`; what is not a moment stays as it is."""
        if moment is None or moment != moment or moment == "":
            return ""
        local = self.local(moment)
        if local is None:
            return str(moment)
        day = self.day(local)
        return f"{day} {local:%H:%M:%S}" if seconds else f"{day} {local:%H:%M}"

    def day(self, day: date) -> str:
        """`22.11.2026` or `22 Nov 2026`."""
        return f"{day:%d.%m.%Y}" if self.language == "ru" else f"{day.day} {day:%b %Y}"

    @property
    def zone_name(self) -> str:
        """`UTC+3`."""
        hours = (self.zone.utcoffset(None) or timedelta()).total_seconds() / 3600
        return "UTC" if not hours else f"UTC{hours:+g}"


def _form(n: int) -> int:
    """Which of three Russian forms a number asks for: 1 запись, 2 записи, 5 записей."""
    if n % 10 == 1 and n % 100 != 11:
        return 0
    return 1 if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else 2


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    first = f"{large}{_THIN}{large_unit}"
    return f"{first} {small:02d}{_THIN}{small_unit}" if small else first
