"""Words around problems: headings of lists, verdicts, counts in the grammar of each language."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.sheets.refusals import Language

__all__ = ["LABELS", "counted", "verdict"]

LABELS: Mapping[str, Mapping[Language, str]] = {
    "problems": {"ru": "Проблемы", "en": "Problems"},
    "error": {"ru": "Ошибка", "en": "Error"},
    "warning": {"ru": "Предупреждение", "en": "Warning"},
    "errors": {"ru": "Ошибки — пока они есть, публиковать нельзя", "en": "Errors: these keep it from being published"},
    "warnings": {"ru": "Предупреждения — посмотрите, так ли задумано", "en": "Warnings: is this what was meant?"},
    "severity": {"ru": "Важность", "en": "Severity"},
    "place": {"ru": "Ячейка", "en": "Cell"},
    "column": {"ru": "Столбец", "en": "Column"},
    "value": {"ru": "Сейчас там", "en": "Now there"},
    "what": {"ru": "Что не так", "en": "What is wrong"},
    "fix": {"ru": "Как исправить", "en": "How to fix it"},
    "suggestion": {"ru": "Возможно, имелось в виду", "en": "Perhaps meant"},
    "hidden": {"ru": "скрыта", "en": "hidden"},
    "maybe": {"ru": "Возможно: {value}", "en": "Perhaps: {value}"},
    "corrected": {"ru": "Исправлено на «{value}».", "en": "Corrected to {value}."},
    "no_portal": {
        "ru": "Сотрудники, подразделения, воронки и стадии не сверялись с порталом.",
        "en": "People, departments, pipelines and stages were not compared with the portal.",
    },
    "none": {"ru": "Проблем нет — справочник можно публиковать.", "en": "No problems: the directory can be published."},
    "usable": {"ru": "Ошибок нет, справочник можно публиковать.", "en": "No errors: the directory can be published."},
    "broken": {"ru": "Публиковать пока нельзя.", "en": "It cannot be published yet."},
    "click": {"ru": "Щёлкните по ячейке в списке, чтобы перейти к ней.", "en": "Click a cell in the list to go there."},
    "more": {"ru": "… и ещё {count}", "en": "… and {count} more"},
    "checked": {"ru": "Проверено: {rules}, на {day}", "en": "Checked: {rules}, as of {day}"},
}  # fmt: skip
"""Label to its words, by language."""

_FORMS: Mapping[str, Mapping[Language, tuple[str, str, str]]] = {
    "errors": {"ru": ("ошибка", "ошибки", "ошибок"), "en": ("error", "errors", "errors")},
    "warnings": {
        "ru": ("предупреждение", "предупреждения", "предупреждений"),
        "en": ("warning", "warnings", "warnings"),
    },
    "rules": {"ru": ("правило", "правила", "правил"), "en": ("rule", "rules", "rules")},
}


def counted(number: int, what: str, language: Language) -> str:
    """`21 ошибка`, `3 errors`.

    Args:
        number: how many.
        what: errors, warnings or rules.
        language: ru or en.
    """
    one, few, many = _FORMS[what][language]
    if language == "en":
        return f"{number} {one if number == 1 else many}"
    if number % 10 == 1 and number % 100 != 11:
        return f"{number} {one}"
    return f"{number} {few if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else many}"


def verdict(errors: int, warnings: int, language: Language) -> str:
    """The headline: what was found, and whether it can be published."""
    if not errors and not warnings:
        return LABELS["none"][language]
    counts = {"errors": errors, "warnings": warnings}
    found = ", ".join(counted(count, what, language) for what, count in counts.items() if count)
    return f"{found}. {LABELS['broken' if errors else 'usable'][language]}"
