"""Why a file as a whole is not read, in Russian and English: the one place that knows these sentences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from toolkit.errors import SheetError

__all__ = ["REFUSALS", "Language", "SheetRefused"]

Language = Literal["ru", "en"]

REFUSALS: Mapping[str, Mapping[Language, tuple[str, str]]] = {
    "unreadable": {
        "en": ("cannot be read: {reason}", "Check its name and that nobody keeps it open."),
        "ru": ("не читается: {reason}", "Проверьте имя файла и что он нигде не открыт."),
    },
    "empty": {
        "en": ("is empty", "Save it again from the spreadsheet program."),
        "ru": ("пуст", "Сохраните его заново из программы таблиц."),
    },
    "too_large": {
        "en": (
            "is too large: {size} MiB, at most {limit}",
            "Remove pictures and unused sheets, or split it.",
        ),
        "ru": (
            "слишком велик: {size} МиБ, можно до {limit}",
            "Уберите картинки и лишние листы или разделите файл.",
        ),
    },
    "kind": {
        "en": ("is of a kind that cannot be read", "Save it as .xlsx, .ods, .xls or .csv."),
        "ru": ("не похож на таблицу", "Сохраните его как .xlsx, .ods, .xls или .csv."),
    },
    "web_page": {
        "en": (
            "is a web page, whatever its name says",
            "Open it in the spreadsheet program and save it as .xlsx.",
        ),
        "ru": (
            "— веб-страница, хотя назван таблицей",
            "Откройте его в программе таблиц и сохраните как .xlsx.",
        ),
    },
    "password": {
        "en": ("is protected with a password", "Save it without a password."),
        "ru": ("защищён паролем", "Сохраните его без пароля."),
    },
    "damaged": {
        "en": ("is damaged: {reason}", "Open it in the spreadsheet program and save it again."),
        "ru": (
            "повреждён и не открывается (подробности: {reason})",
            "Откройте его в программе таблиц и сохраните заново.",
        ),
    },
    "bomb": {
        "en": (
            "would unpack to {size} MiB, which no honest spreadsheet does",
            "Copy the table into a new workbook and save that.",
        ),
        "ru": (
            "распаковывается в {size} МиБ — у настоящих таблиц так не бывает",
            "Скопируйте таблицу в новую книгу и сохраните её.",
        ),
    },
    "macros": {
        "en": (
            "holds macros although it is named .xlsx",
            "Save it as .xlsx without macros, or name it .xlsm.",
        ),
        "ru": (
            "содержит макросы, хотя назван .xlsx",
            "Сохраните его как .xlsx без макросов или назовите .xlsm.",
        ),
    },
    "links": {
        "en": (
            "takes values from other files",
            "Break the links (Data, Edit links) so that the values stand in the file itself.",
        ),
        "ru": (
            "берёт значения из других файлов",
            "Разорвите связи (Данные, Изменить связи), чтобы значения остались в самом файле.",
        ),
    },
    "entities": {
        "en": ("holds XML declarations that spreadsheets never have", "Copy the table into a new workbook."),
        "ru": ("содержит объявления XML, которых в таблицах не бывает", "Скопируйте таблицу в новую книгу."),
    },
    "far_cell": {
        "en": (
            "has something in cell {address}, far outside any table",
            "Delete the rows and columns beyond the table; at most {rows} rows and {columns} columns are read.",
        ),
        "ru": (
            "имеет значение в ячейке {address}, далеко за пределами таблицы",
            "Удалите строки и столбцы за таблицей; читается до {rows} строк и {columns} столбцов.",
        ),
    },
    "too_many_cells": {
        "en": ("has more than {limit} cells", "Clear the formatting of empty rows, or split the file."),
        "ru": ("содержит больше {limit} ячеек", "Очистите форматирование пустых строк или разделите файл."),
    },
    "too_costly": {
        "en": (
            "could not be read within {seconds} s and {memory} MiB",
            "Copy the table into a new workbook.",
        ),
        "ru": ("не удалось прочитать за {seconds} с и {memory} МиБ", "Скопируйте таблицу в новую книгу."),
    },
}
"""Code to problem and remedy, by language."""


class SheetRefused(SheetError):
    """A file is not read at all; nothing in it has been looked at beyond what the reason says.

    Args:
        sheet: file name.
        code: a key of `REFUSALS`.
        facts: what the sentence mentions.
    """

    def __init__(self, sheet: str | Path, code: str, **facts: str | int) -> None:
        self.code, self.facts = code, facts
        problem, remedy = REFUSALS[code]["en"]
        super().__init__(Path(sheet).name, None, None, None, problem.format(**facts), remedy.format(**facts))

    def told(self, language: Language) -> str:
        """The message in a language."""
        problem, remedy = REFUSALS[self.code][language]
        return f"{self.sheet} {problem.format(**self.facts)}. {remedy.format(**self.facts)}"

    def in_words(self, language: str) -> str:
        """The same, as every error of the toolkit is asked."""
        return self.told("ru" if language == "ru" else "en")
