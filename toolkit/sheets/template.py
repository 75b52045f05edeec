"""The workbook an admin starts from: the three tables with drop-downs of what the portal really has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from toolkit.errors import StorageError
from toolkit.sheets.columns import CHANNELS, FILTERS, RULES, SUBSTITUTIONS, Column, TableKind
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.sheets.refusals import Language
from toolkit.sheets.values import ANY, PRIORITIES

__all__ = ["write_template"]

_ROWS = 2000
_LISTS = "_lists"

_HELP: dict[str, dict[Language, str]] = {
    "topic": {"ru": "О чём обращение. «*» — любая тема.", "en": "What the appeal is about. * is any topic."},
    "subtopic": {
        "ru": "Можно оставить пустым: правило для всей темы.",
        "en": "May stay empty: the whole topic.",
    },
    "region": {"ru": "Откуда обращение. «*» — любой регион.", "en": "Where it comes from. * is any region."},
    "department": {"ru": "Подразделение или «*».", "en": "A department, or *."},
    "responsible": {"ru": "Имя и фамилия, e-mail или id.", "en": "Full name, e-mail or id."},
    "deputy": {"ru": "Кто получит вне рабочих часов.", "en": "Who gets it outside working hours."},
    "pipeline": {"ru": "Воронка, куда попадёт обращение.", "en": "The pipeline it goes to."},
    "stage": {"ru": "Стадия этой воронки.", "en": "A stage of that pipeline."},
    "channel": {"ru": "Пусто или «*» — любой канал.", "en": "Empty or * is any channel."},
    "priority": {
        "ru": "Целое от 1 до 100; 1 — самый важный, пусто — 50.",
        "en": "Whole, 1 to 100; 1 comes first, empty is 50.",
    },
    "hours": {
        "ru": "Например: Пн-Пт 09:00-18:00; Сб 10:00-15:00. Пусто — круглосуточно.",
        "en": "For example: Mon-Fri 09:00-18:00; Sat 10:00-15:00. Empty is always.",
    },
    "valid_from": {"ru": "Первый день; пусто — уже действует.", "en": "First day; empty is already."},
    "valid_to": {"ru": "Последний день; пусто — бессрочно.", "en": "Last day; empty is for good."},
    "stop_words": {
        "ru": "Через запятую. Обращения с этими словами под правило не подходят.",
        "en": "Separated by commas. Appeals with these words are not for this rule.",
    },
    "word": {
        "ru": "Обращения с этим словом или хэштегом отсеиваются.",
        "en": "Appeals with this word or hashtag are filtered out.",
    },
    "absent": {"ru": "Кто отсутствует.", "en": "Who is away."},
    "substitute": {"ru": "Кто получает вместо него.", "en": "Who takes over."},
}


def write_template(
    path: Path | str,
    facts: PortalFacts | None = None,
    *,
    language: Language = "ru",
    kinds: Sequence[TableKind] = (RULES, FILTERS, SUBSTITUTIONS),
    topics: Sequence[str] = (),
) -> Path:
    """An empty directory with headings, help at each column, and drop-downs.

    Drop-downs draw from a sheet nobody sees; they warn about other values and do not forbid them, since «*»,
    ids and e-mails are right as well. People of the same name are offered by e-mail, departments of the same name
    with the one above them.

    Args:
        path: .xlsx to write; replaced when it is there.
        facts: of the portal; None offers channels only.
        language: of the headings.
        kinds: the tables, one to a sheet; those of a routing directory.
        topics: to begin the first table with, a row each.

    Returns:
        The path.

    Raises:
        StorageError: it cannot be written.
    """
    path = Path(path)
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(str(path), options)
    offered = _offered(facts)
    sheets = [(kind, book.add_worksheet(kind.ru if language == "ru" else kind.en)) for kind in kinds]
    lists = book.add_worksheet(_LISTS)
    ranges = {}
    for column, (name, values) in enumerate(offered.items()):
        lists.write_column(0, column, values)
        letter = chr(65 + column)
        ranges[name] = f"={_LISTS}!${letter}$1:${letter}${len(values)}"
    lists.very_hidden()
    for kind, sheet in sheets:
        _table(book, sheet, kind, ranges, language)
    if topics:
        kind, sheet = sheets[0]
        at = next(number for number, column in enumerate(kind.columns) if column.key == "topic")
        sheet.write_column(1, at, topics)
    try:
        book.close()
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise StorageError(
            path, str(error), "Close it in the spreadsheet program, or choose another name."
        ) from error
    return path


def _offered(facts: PortalFacts | None) -> dict[str, list[str]]:
    """Name of a list to its values; lists without any are left out."""
    offered = {"channel": [ANY, *CHANNELS, *(facts.channels if facts else ())]}
    if facts is None:
        return offered
    offered["person"] = sorted(facts.unmistakable(person) for person in facts.people if person.active)
    offered["department"] = [ANY, *sorted(facts.department_names.values())]
    offered["pipeline"] = [str(each) for each in facts.pipelines["name"]]
    offered["stage"] = list(dict.fromkeys(str(each) for each in facts.stages["NAME"]))
    offered["topic"] = [ANY, *(facts.topics or ())]
    offered["region"] = [ANY, *(facts.regions or ())]
    return {name: values for name, values in offered.items() if values and values != [ANY]}


def _table(book: Any, sheet: Any, kind: TableKind, ranges: dict[str, str], language: Language) -> None:
    required = book.add_format(
        {
            "bold": True,
            "font_color": "#FFFFFF",
            "bg_color": "#33475B",
            "text_wrap": True,
            "valign": "vcenter",
            "border": 1,
        }
    )
    optional = book.add_format(
        {
            "bold": True,
            "font_color": "#33475B",
            "bg_color": "#DDE5EF",
            "text_wrap": True,
            "valign": "vcenter",
            "border": 1,
        }
    )
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    for at, column in enumerate(kind.columns):
        heading = column.ru if language == "ru" else column.en
        sheet.write_string(0, at, heading, required if column.required else optional)
        sheet.set_column(at, at, column.width, day if column.key in ("valid_from", "valid_to") else None)
        rule = _validation(column, ranges, language)
        if rule is not None:
            sheet.data_validation(1, at, _ROWS, at, rule)
    sheet.set_row(0, 34)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.autofilter(0, 0, _ROWS, len(kind.columns) - 1)


def _validation(column: Column, ranges: dict[str, str], language: Language) -> dict[str, Any] | None:
    help_text = _HELP.get(column.key, {}).get(language)
    rule: dict[str, Any] = {"ignore_blank": True}
    if help_text:
        rule |= {
            "input_title": (column.ru if language == "ru" else column.en)[:32],
            "input_message": help_text,
        }
    source = ranges.get(
        "person" if column.key in ("responsible", "deputy", "absent", "substitute") else column.key
    )
    other = {"ru": "Такого значения нет в списке. Оставить?", "en": "It is not on the list. Keep it?"}[
        language
    ]
    if source is not None:
        return {**rule, "validate": "list", "source": source, "error_type": "warning", "error_message": other}
    if column.key == "priority":
        whole = {"validate": "integer", "criteria": "between", "error_message": str(help_text)}
        return {**rule, **whole, "minimum": PRIORITIES[0], "maximum": PRIORITIES[-1]}
    if column.key in ("valid_from", "valid_to"):
        return {
            **rule,
            "validate": "date",
            "criteria": ">=",
            "value": date(2000, 1, 1),
            "error_type": "warning",
        }
    return {**rule, "validate": "any"} if help_text else None
