"""Every problem a routing directory can have, in Russian and English: what is wrong, and how to fix it."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.sheets.refusals import Language

__all__ = ["ERRORS", "PROBLEMS"]

PROBLEMS: Mapping[str, Mapping[Language, tuple[str, str]]] = {
    # -- the sheet
    "no_table": {
        "ru": (
            "Не найдена таблица правил: нет строки с заголовками «Тема» и «Ответственный».",
            "Добавьте строку заголовков, как в шаблоне.",
        ),
        "en": (
            "No table of rules was found: no row has the headings Topic and Responsible.",
            "Add the heading row of the template.",
        ),
    },
    "no_topics": {
        "ru": (
            "Не найдена таблица тем: нет строки с заголовками «Тема» и «Воронка».",
            "Возьмите шаблон: b24kit contact-centre topics template.",
        ),
        "en": (
            "No table of topics was found: no row has the headings Topic and Pipeline.",
            "Take the template: b24kit contact-centre topics template.",
        ),
    },
    "topic_twice": {
        "ru": ("Эта тема уже есть в строке {row}.", "Оставьте одну из двух строк."),
        "en": ("This topic stands in row {row} already.", "Keep one of the two rows."),
    },
    "no_rows": {
        "ru": ("В таблице правил нет ни одной строки.", "Заполните хотя бы одно правило под заголовками."),
        "en": ("The table of rules has no rows.", "Write at least one rule under the headings."),
    },
    "missing_column": {
        "ru": ("Нет столбца «{name}».", "Добавьте столбец с заголовком «{name}»."),
        "en": ("There is no column {name}.", "Add a column with the heading {name}."),
    },
    "heading_twice": {
        "ru": (
            "Столбец «{heading}» повторяет по смыслу столбец в ячейке {also}; прочитан только тот.",
            "Оставьте один из двух или переименуйте лишний.",
        ),
        "en": (
            "The column {heading} means the same as the one in {also}; only that one was read.",
            "Keep one of the two, or rename the other.",
        ),
    },
    "hidden_rows": {
        "ru": (
            "На листе есть скрытые строки с правилами: {rows}. Они действуют наравне с видимыми.",
            "Покажите их или удалите, если они больше не нужны.",
        ),
        "en": (
            "The sheet has hidden rows with rules: {rows}. They count like the visible ones.",
            "Show them, or delete them if they are no longer needed.",
        ),
    },
    # -- the cell
    "missing": {
        "ru": ("Столбец «{heading}» не заполнен.", "Заполните ячейку."),
        "en": ("{heading} is missing.", "Fill in the cell."),
    },
    "missing_any": {
        "ru": (
            "Столбец «{heading}» не заполнен.",
            "Заполните ячейку или поставьте «*», если подходит любое значение.",
        ),
        "en": ("{heading} is missing.", "Fill in the cell, or write * if any value will do."),
    },
    "error_value": {
        "ru": ("В ячейке ошибка вычисления «{value}».", "Исправьте формулу или впишите само значение."),
        "en": ("The cell shows the error {value}.", "Mend the formula or write the value itself."),
    },
    "formula": {
        "ru": (
            "Формула ещё ни разу не вычислялась, её значение неизвестно.",
            "Откройте файл в программе таблиц и сохраните или впишите само значение.",
        ),
        "en": (
            "The formula was never computed, so its value is unknown.",
            "Open the file in the spreadsheet program and save it, or write the value itself.",
        ),
    },
    "wrong_type": {
        "ru": ("«{value}» — не текст: здесь ожидается «{heading}».", "Впишите значение словами."),
        "en": ("{value} is not a text as {heading} should be.", "Write the value in words."),
    },
    "look_alike": {
        "ru": (
            "В слове «{value}» есть латинские буквы, похожие на русские: {letters}.",
            "Наберите слово заново по-русски: «{suggestion}».",
        ),
        "en": (
            "{value} mixes in Latin letters that look Cyrillic: {letters}.",
            "Type the word again in Cyrillic: {suggestion}.",
        ),
    },
    "unknown_channel": {
        "ru": ("Канал «{value}» неизвестен.", "Выберите один из каналов: {known}."),
        "en": ("The channel {value} is unknown.", "Choose one of: {known}."),
    },
    "unknown_topic": {
        "ru": ("Темы «{value}» нет в списке портала.", "Проверьте написание или добавьте тему на портале."),
        "en": (
            "The topic {value} is not on the portal's list.",
            "Check its spelling, or add it on the portal.",
        ),
    },
    "unknown_region": {
        "ru": (
            "Региона «{value}» нет в списке портала.",
            "Проверьте написание или добавьте регион на портале.",
        ),
        "en": (
            "The region {value} is not on the portal's list.",
            "Check its spelling, or add it on the portal.",
        ),
    },
    "bad_priority": {
        "ru": (
            "«{value}» — не приоритет: нужно целое число от {least} до {most}, 1 — самый важный.",
            "Впишите целое число или оставьте ячейку пустой.",
        ),
        "en": (
            "{value} is not a priority: a whole number from {least} to {most} is wanted, 1 being the first.",
            "Write a whole number, or leave the cell empty.",
        ),
    },
    "bad_date": {
        "ru": ("«{value}» — не дата.", "Впишите дату как 31.12.2026."),
        "en": ("{value} is not a date.", "Write the date like 31.12.2026."),
    },
    "date_ambiguous": {
        "ru": (
            "Дату «{value}» можно понять двояко: день и месяц могут стоять в любом порядке.",
            "Впишите дату через точки, сначала день: «{suggestion}».",
        ),
        "en": (
            "{value} can be read in two ways: day first or month first.",
            "Write it with dots, day first: {suggestion}.",
        ),
    },
    "dates_reversed": {
        "ru": (
            "Правило кончается {to} — раньше, чем начинается ({from_}).",
            "Поменяйте даты местами или исправьте одну из них.",
        ),
        "en": (
            "The rule ends on {to}, before it begins on {from_}.",
            "Swap the dates, or correct one of them.",
        ),
    },
    "bad_hours": {
        "ru": (
            "Часы «{value}» непонятны.",
            "Впишите, например: Пн-Пт 09:00-18:00; Сб 10:00-15:00 — или «круглосуточно».",
        ),
        "en": (
            "The hours {value} cannot be understood.",
            "Write, for example: Mon-Fri 09:00-18:00; Sat 10:00-15:00, or 24/7.",
        ),
    },
    "bad_hashtag": {
        "ru": (
            "«{tag}» — не хэштег: после # нужны буквы или цифры без пробелов.",
            "Исправьте хэштег; несколько слов разделяйте запятыми.",
        ),
        "en": (
            "{tag} is not a hashtag: letters or digits follow the #, without blanks.",
            "Correct it; separate several words by commas.",
        ),
    },
    "bad_email": {
        "ru": ("«{value}» — не адрес e-mail.", "Исправьте адрес или впишите имя и фамилию."),
        "en": ("{value} is not an e-mail address.", "Correct it, or write the full name."),
    },
    "own_deputy": {
        "ru": ("«{value}» замещает сам себя.", "Укажите другого человека или оставьте ячейку пустой."),
        "en": ("{value} is named as his or her own deputy.", "Name somebody else, or leave the cell empty."),
    },
    # -- the table
    "duplicate": {
        "ru": ("Правило повторяет строку {row}.", "Удалите одну из двух строк."),
        "en": ("The rule repeats row {row}.", "Delete one of the two rows."),
    },
    "contradiction": {
        "ru": (
            "Противоречит строке {row}: условия те же, а назначение другое ({here} вместо {there}).",
            "Оставьте одно правило или различите их приоритетом, сроками либо условиями.",
        ),
        "en": (
            "Contradicts row {row}: the same conditions lead elsewhere ({here} instead of {there}).",
            "Keep one of them, or tell them apart by priority, dates or conditions.",
        ),
    },
    "overlap": {
        "ru": (
            "Срок пересекается со строкой {row} с теми же условиями: с {from_} по {to} действуют оба правила.",
            "Начните правило после окончания другого.",
        ),
        "en": (
            "The period overlaps with row {row}, which has the same conditions: from {from_} to {to} both apply.",
            "Begin this rule after the other ends.",
        ),
    },
    "hole": {
        "ru": (
            "Между строкой {row} и этой есть разрыв: с {from_} по {to} обращения никто не получит.",
            "Сдвиньте даты или добавьте правило на это время.",
        ),
        "en": (
            "There is a hole after row {row}: from {from_} to {to} nobody gets these appeals.",
            "Move the dates, or add a rule for that time.",
        ),
    },
    "never_wins": {
        "ru": (
            "Правило никогда не сработает: всё, что под него подходит, забирает строка {row}.",
            "Удалите правило, дайте ему приоритет выше или сделайте условия точнее.",
        ),
        "en": (
            "The rule can never win: row {row} takes everything that fits it.",
            "Delete it, raise its priority, or make its conditions more exact.",
        ),
    },
    "equal_strength": {
        "ru": (
            "Для одних и тех же обращений подходит и строка {row}, и обе одинаково сильны; решит порядок строк.",
            "Задайте одному из правил приоритет выше.",
        ),
        "en": (
            "Row {row} fits the same appeals and is exactly as strong; only the order of rows decides.",
            "Give one of the two a higher priority.",
        ),
    },
    "gap": {
        "ru": (
            "По теме «{topic}» никто не получит обращения: {missing}.",
            "Добавьте правило для этих сочетаний или общее правило с «*».",
        ),
        "en": (
            "Nobody gets appeals about {topic}: {missing}.",
            "Add rules for these, or a general one with *.",
        ),
    },
    "gap_subtopics": {
        "ru": (
            "По теме «{topic}» есть правила только для отдельных подтем; остальные обращения не получит никто.",
            "Добавьте по этой теме правило без подтемы.",
        ),
        "en": (
            "There are rules only for some subtopics of {topic}; nobody gets its other appeals.",
            "Add a rule for this topic without a subtopic.",
        ),
    },
    "overloaded": {
        "ru": (
            "У «{value}» правил: {count}, в среднем у остальных — {usual}.",
            "Передайте часть правил другим, если так не задумано.",
        ),
        "en": (
            "{value} has {count} rules; the others have {usual} on average.",
            "Give some of them to others, unless it is meant.",
        ),
    },
    "substitution_cycle": {
        "ru": ("Замещения идут по кругу: {chain}.", "Разорвите круг: укажите того, кто в эти дни работает."),
        "en": (
            "The substitutions run in a circle: {chain}.",
            "Break it: name somebody who works on these days.",
        ),
    },
    # -- the portal
    "user_missing": {
        "ru": ("Сотрудника «{value}» на портале нет.", "Проверьте имя или впишите id либо e-mail."),
        "en": (
            "There is nobody like {value} on the portal.",
            "Check the name, or write the id or the e-mail.",
        ),
    },
    "user_dismissed": {
        "ru": ("Сотрудник «{value}» уволен.", "Назначьте того, кто работает."),
        "en": ("{value} is dismissed.", "Name somebody who works there."),
    },
    "user_ambiguous": {
        "ru": ("Сотрудников «{value}» несколько: {candidates}.", "Впишите id или e-mail одного из них."),
        "en": (
            "Several people are called {value}: {candidates}.",
            "Write the id or the e-mail of one of them.",
        ),
    },
    "user_short": {
        "ru": (
            "«{value}» — не полное имя. Может быть: {candidates}.",
            "Впишите имя и фамилию полностью, id или e-mail.",
        ),
        "en": (
            "{value} is not a full name. It may be: {candidates}.",
            "Write first and last name, the id or the e-mail.",
        ),
    },
    "other_department": {
        "ru": ("«{value}» не из подразделения «{department}».", "Проверьте подразделение и ответственного."),
        "en": ("{value} does not belong to {department}.", "Check the department and the person."),
    },
    "department_ambiguous": {
        "ru": (
            "Подразделений с названием «{value}» несколько: {candidates}.",
            "Впишите одно из этих названий целиком или id.",
        ),
        "en": (
            "Several departments are called {value}: {candidates}.",
            "Write one of these names in full, or the id.",
        ),
    },
    "department_missing": {
        "ru": (
            "Подразделения «{value}» на портале нет.",
            "Проверьте написание или впишите id подразделения.",
        ),
        "en": ("The portal has no department {value}.", "Check its spelling, or write its id."),
    },
    "pipeline_missing": {
        "ru": ("Воронки «{value}» на портале нет.", "Проверьте написание или впишите id воронки."),
        "en": ("The portal has no pipeline {value}.", "Check its spelling, or write its id."),
    },
    "stage_missing": {
        "ru": ("Стадии «{value}» на портале нет.", "Проверьте написание."),
        "en": ("The portal has no stage {value}.", "Check its spelling."),
    },
    "stage_elsewhere": {
        "ru": (
            "Стадия «{value}» — из другой воронки ({others}), а не из «{pipeline}».",
            "Выберите стадию воронки «{pipeline}» или исправьте воронку.",
        ),
        "en": (
            "The stage {value} belongs to another pipeline ({others}), not to {pipeline}.",
            "Choose a stage of {pipeline}, or correct the pipeline.",
        ),
    },
}
"""Code to (what, how to fix), by language."""

ERRORS = frozenset(PROBLEMS) - {
    "heading_twice",
    "hidden_rows",
    "look_alike",
    "hole",
    "never_wins",
    "equal_strength",
    "gap",
    "gap_subtopics",
    "overloaded",
    "other_department",
}
"""Codes that keep a directory from being published; the others are warnings."""
