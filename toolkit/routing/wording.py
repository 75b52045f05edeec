"""Words of simulations and differences, in Russian and English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

__all__ = ["FIELDS", "LABELS", "Language"]

Language = Literal["ru", "en"]

LABELS: Mapping[str, Mapping[Language, str]] = {
    "title": {"ru": "Что изменит новый справочник", "en": "What the new directory would change"},
    "appeals": {"ru": "Обращений в истории", "en": "Appeals in the history"},
    "since_until": {"ru": "за период {since} – {until}", "en": "from {since} to {until}"},
    "as_of": {"ru": "Правила взяты на {day}", "en": "Rules as of {day}"},
    "changed": {"ru": "Сменят ответственного", "en": "Change their responsible"},
    "moved": {"ru": "Сменят воронку или стадию", "en": "Change their pipeline or stage"},
    "uncovered": {"ru": "Не получит никто", "en": "Nobody gets them"},
    "uncovered_before": {"ru": "Не получал никто", "en": "Nobody got them before"},
    "lost": {"ru": "Остались без ответственного", "en": "Lost their responsible"},
    "filtered": {"ru": "Отсеют фильтры", "en": "Taken out by filters"},
    "people": {"ru": "Людей с обращениями", "en": "People with appeals"},
    "load": {"ru": "Нагрузка по людям", "en": "Load per person"},
    "person": {"ru": "Сотрудник", "en": "Person"},
    "before": {"ru": "Сейчас", "en": "Now"},
    "after": {"ru": "Станет", "en": "Then"},
    "difference": {"ru": "Разница", "en": "Difference"},
    "topics": {"ru": "Темы, которые теряют охват", "en": "Topics that lose coverage"},
    "topic": {"ru": "Тема", "en": "Topic"},
    "region": {"ru": "Регион", "en": "Region"},
    "channel": {"ru": "Канал", "en": "Channel"},
    "pivot_changed": {
        "ru": "У скольких обращений сменится ответственный",
        "en": "How many appeals change their responsible",
    },
    "pivot_uncovered": {"ru": "Обращения, которые не получит никто", "en": "Appeals nobody would get"},
    "examples": {"ru": "Примеры изменений", "en": "Some of the changes"},
    "when": {"ru": "Когда", "en": "When"},
    "why": {"ru": "Почему", "en": "Why"},
    "response": {"ru": "Время ответа по маршрутам", "en": "Response time per route"},
    "answered_moved": {
        "ru": "Ответом считается первый переход обращения на другую стадию его воронки, промежуточную или последнюю;"
        " смена воронки ответом не считается.",
        "en": "An answer is an appeal's first move to another stage of its pipeline, the last ones included; a change"
        " of pipeline is none.",
    },
    "route": {"ru": "Маршрут", "en": "Route"},
    "answered": {"ru": "Обращений с ответом", "en": "Appeals with an answer"},
    "median": {"ru": "Половине отвечают за, мин", "en": "Half are answered within, min"},
    "ninth": {"ru": "90 % отвечают за, мин", "en": "90 % are answered within, min"},
    "nobody": {"ru": "никто", "en": "nobody"},
    "unsaid": {"ru": "не указано", "en": "not said"},
    "total": {"ru": "Всего", "en": "Total"},
    "more": {"ru": "… и ещё {count}", "en": "… and {count} more"},
    "others": {"ru": "остальные", "en": "others"},
    "no_change": {
        "ru": "Все обращения попадут туда же, куда и сейчас.",
        "en": "Every appeal goes where it goes now.",
    },
    "no_current": {
        "ru": "Опубликованного справочника ещё нет: сравнение с тем, у кого обращения были на деле.",
        "en": "Nothing is published yet: compared with who really had the appeals.",
    },
    "added": {"ru": "добавлено", "en": "added"},
    "removed": {"ru": "удалено", "en": "removed"},
    "changed_rule": {"ru": "изменено", "en": "changed"},
    "no_topics": {
        "ru": "Ни у одного обращения нет темы, поэтому правила с темой не сработали ни разу. На портале нужно поле"
        " с названием «Тема», а в выгрузке — такой столбец.",
        "en": "No appeal has a topic, so rules with a topic never applied. The portal needs a field labelled"
        " Topic, an export such a column.",
    },
    "every": {"ru": "любые", "en": "any"},
    "around_the_clock": {"ru": "круглосуточно", "en": "around the clock"},
}
"""Label to its words, by language."""


def people_told_apart(*known: Mapping[str, str]) -> dict[str, str]:
    """Names of people, namesakes with their id: `Анна Белова (26)`.

    Args:
        known: id as text to name; later ones count more.
    """
    names = {person: name for each in known for person, name in each.items()}
    often = Counter(names.values())
    return {person: f"{name} ({person})" if often[name] > 1 else name for person, name in names.items()}


FIELDS: Mapping[str, Mapping[Language, str]] = {
    "responsible": {"ru": "ответственный", "en": "responsible"},
    "deputy": {"ru": "заместитель", "en": "deputy"},
    "pipeline": {"ru": "воронка", "en": "pipeline"},
    "stage": {"ru": "стадия", "en": "stage"},
    "priority": {"ru": "приоритет", "en": "priority"},
    "hours": {"ru": "рабочие часы", "en": "working hours"},
    "valid_from": {"ru": "действует с", "en": "valid from"},
    "valid_to": {"ru": "действует по", "en": "valid to"},
    "stop_words": {"ru": "стоп-слова", "en": "stop words"},
    "order": {"ru": "место в таблице", "en": "place in the table"},
    "channel": {"ru": "канал", "en": "channel"},
}
"""Columns of rows to their words, by language."""
