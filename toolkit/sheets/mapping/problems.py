"""What can be wrong with a cell of an export, in Russian and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.sheets.problems import Place, Problem, Severity
from toolkit.sheets.refusals import Language

__all__ = ["EXPORT_PROBLEMS", "CellProblem", "ExportProblem"]

EXPORT_PROBLEMS: Mapping[str, Mapping[Language, tuple[str, str]]] = {
    "missing": {
        "ru": ("пусто, а должно быть заполнено", "Заполните ячейку в выгрузке."),
        "en": ("is empty and must not be", "Fill in the cell in the export."),
    },
    "moment": {
        "ru": ("не дата и не время", "Напишите дату так: 01.05.2026 10:00 или 2026-05-01T10:00:00+03:00."),
        "en": (
            "is no date and time",
            "Write the moment like 01.05.2026 10:00 or 2026-05-01T10:00:00+03:00.",
        ),
    },
    "number": {
        "ru": ("не число", "Оставьте в ячейке только число, например 1500,50."),
        "en": ("is no number", "Leave only the number in the cell, like 1500.50."),
    },
    "duration": {
        "ru": ("не длительность", "Напишите секунды (65) или время (00:01:05)."),
        "en": ("is no duration", "Write seconds (65) or a time (00:01:05)."),
    },
    "direction": {
        "ru": (
            "не входящий и не исходящий",
            "Напишите «входящий» или «исходящий», либо укажите в разметке, что значит это слово.",
        ),
        "en": (
            "is neither incoming nor outgoing",
            "Write incoming or outgoing, or say in the mapping what the word means.",
        ),
    },
    "cell": {
        "ru": ("в ячейке ошибка вычисления", "Исправьте формулу или впишите само значение."),
        "en": ("shows an error of its formula", "Mend the formula, or write the value itself."),
    },
}
"""Code to (what, how to fix), by language."""


@dataclass(frozen=True)
class CellProblem:
    """One thing wrong with one cell.

    Args:
        row: of the file's rows, from 1.
        heading: of the column.
        value: as it stands there.
        code: a key of `EXPORT_PROBLEMS`.
    """

    row: int
    heading: str
    value: str
    code: str

    def words(self, language: Language = "ru") -> str:
        """The problem as a person reads it."""
        where = f"строка {self.row}" if language == "ru" else f"row {self.row}"
        what = EXPORT_PROBLEMS[self.code][language][0]
        if language == "en":
            return f"{where}, {self.heading}: {self.value!r} {what}"
        told = f"«{self.value}» — " if self.value else ""
        return f"{where}, {self.heading}: {told}{what}"


@dataclass(frozen=True)
class ExportProblem(Problem):
    """The same at its cell, as an annotated copy shows it."""

    @property
    def severity(self) -> Severity:
        """Its row is put aside, so always an error."""
        return "error"

    def sentences(self, language: Language) -> tuple[str, str]:
        """What is wrong, and what to do."""
        what, fix = EXPORT_PROBLEMS[self.code][language]
        if not self.value:
            return {"ru": "Пусто, а должно быть заполнено.", "en": "It is empty and must not be."}[
                language
            ], fix
        return f"«{{value}}» — {what}." if language == "ru" else f"{{value!r}} {what}.", fix

    @classmethod
    def at(cls, place: Place, found: CellProblem) -> ExportProblem:
        """A problem of a row, at its cell."""
        return cls(found.code, place, found.heading, found.value)
