"""One thing wrong with one cell, and the words for it in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from toolkit.sheets.raw import address
from toolkit.sheets.refusals import Language
from toolkit.sheets.wording import ERRORS, PROBLEMS

__all__ = ["Place", "Problem", "Severity"]

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Place:
    """A cell.

    Args:
        sheet: as on its tab.
        row: as the spreadsheet program shows it.
        column: counted from 1.
    """

    sheet: str
    row: int
    column: int

    @property
    def address(self) -> str:
        """`B14`."""
        return address(self.row, self.column)


@dataclass(frozen=True)
class Problem:
    """One thing wrong.

    Args:
        code: a key of `wording.PROBLEMS`.
        place: the cell to look at.
        heading: of its column, as the admin wrote it; empty when the column has none.
        value: what stands there, as text.
        facts: what the sentences mention.
        suggestion: the value to write instead, when it can be known.
        certain: the suggestion changes only how the same value is spelt, so the corrected copy may take it.
        related: other cells the problem speaks of.
        hidden: the row or column is hidden.
    """

    code: str
    place: Place
    heading: str = ""
    value: str = ""
    facts: Mapping[str, str | int] = field(default_factory=dict)
    suggestion: str | None = None
    certain: bool = False
    related: tuple[Place, ...] = ()
    hidden: bool = False

    @property
    def severity(self) -> Severity:
        """Errors keep a directory from being published; warnings do not."""
        return "error" if self.code in ERRORS else "warning"

    def what(self, language: Language) -> str:
        """What is wrong, as a sentence."""
        return self._filled(self.sentences(language)[0])

    def fix(self, language: Language) -> str:
        """What to do, as a sentence."""
        return self._filled(self.sentences(language)[1])

    def sentences(self, language: Language) -> tuple[str, str]:
        """What is wrong, and what to do, before the facts are filled in."""
        return PROBLEMS[self.code][language]

    @property
    def further_suggestion(self) -> str | None:
        """The suggestion, unless the sentences name it already."""
        return None if "{suggestion}" in self.sentences("en")[1] else self.suggestion

    def _filled(self, text: str) -> str:
        also = ", ".join(
            each.address if each.sheet == self.place.sheet else f"{each.sheet}!{each.address}"
            for each in self.related
        )
        return text.format(
            **{
                "value": self.value,
                "heading": self.heading,
                "suggestion": self.suggestion or "",
                "also": also,
                **self.facts,
            }
        )

    def as_json(self, language: Language) -> dict[str, Any]:
        """The problem for programs: stable codes and addresses, and the sentences."""
        return {
            "severity": self.severity,
            "code": self.code,
            "sheet": self.place.sheet,
            "cell": self.place.address,
            "row": self.place.row,
            "column": self.heading,
            "value": self.value,
            "what": self.what(language),
            "fix": self.fix(language),
            "suggestion": self.suggestion,
            "related": [{"sheet": each.sheet, "cell": each.address} for each in self.related],
            "hidden": self.hidden,
        }
