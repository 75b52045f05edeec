"""Short names for kinds of problems: what a group of them is called on the page."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.sheets.refusals import Language

__all__ = ["KINDS"]

KINDS: Mapping[str, Mapping[Language, str]] = {
    "no_table": {"ru": "Таблица правил не найдена", "en": "No table of rules"},
    "no_topics": {"ru": "Таблица тем не найдена", "en": "No table of topics"},
    "topic_twice": {"ru": "Тема записана дважды", "en": "A topic stands twice"},
    "no_rows": {"ru": "В таблице нет строк", "en": "The table has no rows"},
    "missing_column": {"ru": "Нет нужного столбца", "en": "A column is missing"},
    "heading_twice": {"ru": "Два столбца с одним смыслом", "en": "Two columns of one meaning"},
    "hidden_rows": {"ru": "Скрытые строки", "en": "Hidden rows"},
    "missing": {"ru": "Не заполнено", "en": "Not filled in"},
    "missing_any": {"ru": "Не заполнено: укажите значение или «*»", "en": "Not filled in: give a value or *"},
    "error_value": {"ru": "Ошибка формулы", "en": "A formula's error"},
    "formula": {"ru": "Формула без значения", "en": "A formula without a value"},
    "wrong_type": {"ru": "Значение не того вида", "en": "A value of the wrong kind"},
    "look_alike": {"ru": "Латинские буквы в русском слове", "en": "Look-alike letters of two alphabets"},
    "unknown_channel": {"ru": "Неизвестный канал", "en": "Unknown channel"},
    "unknown_topic": {"ru": "Неизвестная тема", "en": "Unknown topic"},
    "unknown_region": {"ru": "Неизвестный регион", "en": "Unknown region"},
    "bad_priority": {"ru": "Неверный приоритет", "en": "Wrong priority"},
    "bad_date": {"ru": "Неверная дата", "en": "Wrong date"},
    "date_ambiguous": {"ru": "Дата читается двояко", "en": "A date with two readings"},
    "dates_reversed": {"ru": "Конец раньше начала", "en": "The end comes before the beginning"},
    "bad_hours": {"ru": "Непонятные рабочие часы", "en": "Working hours not understood"},
    "bad_hashtag": {"ru": "Неверный хэштег", "en": "Wrong hashtag"},
    "bad_email": {"ru": "Неверный e-mail", "en": "Wrong e-mail"},
    "own_deputy": {"ru": "Сотрудник замещает сам себя", "en": "Somebody's own deputy"},
    "duplicate": {"ru": "Повтор", "en": "Said twice"},
    "contradiction": {"ru": "Правила противоречат друг другу", "en": "Rules that contradict each other"},
    "overlap": {"ru": "Периоды пересекаются", "en": "Periods that overlap"},
    "hole": {"ru": "Перерыв между периодами", "en": "A hole between periods"},
    "never_wins": {"ru": "Правило никогда не сработает", "en": "A rule that can never win"},
    "equal_strength": {"ru": "Два правила равной силы", "en": "Two rules of equal strength"},
    "gap": {"ru": "Обращения, которые никто не получит", "en": "Appeals nobody would get"},
    "gap_subtopics": {"ru": "Тема без общего правила", "en": "A topic without a rule for the rest"},
    "overloaded": {"ru": "Сотрудник перегружен", "en": "Somebody is overloaded"},
    "substitution_cycle": {"ru": "Замещения по кругу", "en": "Substitutions in a circle"},
    "user_missing": {"ru": "Сотрудник не найден", "en": "No such employee"},
    "user_dismissed": {"ru": "Сотрудник уволен", "en": "The employee is dismissed"},
    "user_short": {"ru": "Имя сотрудника неполное", "en": "The employee's name is not whole"},
    "user_ambiguous": {"ru": "Несколько сотрудников с этим именем", "en": "Several employees of this name"},
    "other_department": {"ru": "Сотрудник другого подразделения", "en": "Somebody of another department"},
    "department_ambiguous": {
        "ru": "Несколько подразделений с этим названием",
        "en": "Several departments of this name",
    },
    "department_missing": {"ru": "Подразделение не найдено", "en": "No such department"},
    "pipeline_missing": {"ru": "Воронка не найдена", "en": "No such pipeline"},
    "stage_missing": {"ru": "Стадия не найдена", "en": "No such stage"},
    "stage_elsewhere": {"ru": "Стадия другой воронки", "en": "A stage of another pipeline"},
}
"""Code of a problem to its name, by language."""
