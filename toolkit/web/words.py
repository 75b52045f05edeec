"""Everything the page says, in Russian and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from toolkit.sheets.refusals import Language

__all__ = ["TROUBLES", "WORDS", "Speech", "language_of"]

WORDS: Mapping[str, tuple[str, str]] = {
    # -- every page
    "title": ("Маршруты обращений", "Routing of appeals"),
    "skip": ("К содержанию", "Skip to content"),
    "portal": ("Портал {host}", "Portal {host}"),
    "no_portal": ("Портал не подключён", "No portal is connected"),
    "you": ("Вы вошли: {name}", "You are {name}"),
    "role_check": ("проверка", "may check"),
    "role_publish": ("проверка и публикация", "may check and publish"),
    "leave": ("Выйти", "Leave"),
    "other_language": ("English", "Русский"),
    "home": ("Все загрузки", "All uploads"),
    # -- entering
    "enter": ("Вход", "Enter"),
    "enter_lead": (
        "Введите ключ доступа. Его выдаёт тот, кто запустил эту страницу.",
        "Give your access token. Whoever runs this page hands them out.",
    ),
    "token": ("Ключ доступа", "Access token"),
    "enter_button": ("Войти", "Enter"),
    "ticket_lead": (
        "Эта ссылка впускает один раз: {name}.",
        "This link lets somebody in once: {name}.",
    ),
    "bad_token": (
        "Такого ключа нет. Проверьте, что он скопирован целиком.",
        "There is no such token. Was it copied whole?",
    ),
    "bad_ticket": (
        "Эта ссылка уже использована или устарела. Попросите новую или войдите по ключу.",
        "This link was used or is too old. Ask for another, or enter with a token.",
    ),
    "too_often": ("Слишком много попыток. Подождите пять минут.", "Too many attempts. Wait five minutes."),
    # -- home
    "home_title": ("Проверить справочник маршрутов", "Check a routing directory"),
    "home_lead": (
        "Загрузите таблицу: страница покажет каждую ошибку с адресом ячейки и подскажет, как исправить."
        " На портале ничего не изменится, пока вы не опубликуете.",
        "Upload a spreadsheet: every mistake is shown with its cell and how to fix it."
        " Nothing changes on the portal until you publish.",
    ),
    "file": ("Файл справочника", "Directory file"),
    "file_hint": (
        "Excel (.xlsx, .xlsm, .xls), LibreOffice (.ods) или .csv; до {mib} МиБ и {rows} строк.",
        "Excel (.xlsx, .xlsm, .xls), LibreOffice (.ods) or .csv; up to {mib} MiB and {rows} rows.",
    ),
    "file_too_large": (
        "Этот файл больше {mib} МиБ. Уберите картинки и лишние листы или разделите его.",
        "This file is larger than {mib} MiB. Remove pictures and unused sheets, or split it.",
    ),
    "check_button": ("Проверить", "Check"),
    "sending": ("Отправляем файл…", "Sending the file…"),
    "template": ("Скачать пустой шаблон", "Download an empty template"),
    "template_lead": (
        "Нет своей таблицы? Возьмите шаблон: в нём списки ваших сотрудников, подразделений, воронок и стадий.",
        "No table yet? The template has drop-downs of your people, departments, pipelines and stages.",
    ),
    "template_plain": (
        "Нет своей таблицы? Возьмите шаблон с нужными столбцами.",
        "No table yet? The template has the columns you need.",
    ),
    "history": ("История загрузок", "History of uploads"),
    "history_none": ("Пока ничего не загружали.", "Nothing was uploaded yet."),
    "older": ("Более ранние", "Older ones"),
    "col_number": ("№", "No."),
    "col_file": ("Файл", "File"),
    "col_who": ("Кто", "Who"),
    "col_when": ("Когда", "When"),
    "col_verdict": ("Результат проверки", "Verdict"),
    "col_published": ("Публикация", "Publication"),
    # -- states of an upload
    "receiving": ("файл принимается", "arriving"),
    "unfinished": ("загрузка прервалась", "did not arrive"),
    "checking": ("проверяется", "being checked"),
    "refused": ("файл не прочитан", "not read"),
    "failed": ("сбой на нашей стороне", "failed on our side"),
    "right": ("проблем нет", "no problems"),
    "not_published": ("не публиковался", "not published"),
    # -- an upload
    "checking_title": ("Файл проверяется…", "The file is being checked…"),
    "checking_lead": (
        "Обычно это секунды, для 50 000 строк — до минуты. Страница обновится сама.",
        "Usually seconds; up to a minute for 50,000 rows. The page renews itself.",
    ),
    "receiving_lead": ("Файл ещё принимается.", "The file is still arriving."),
    "unfinished_lead": (
        "Соединение прервалось или страница перезапускалась: файл дошёл не целиком. Загрузите его ещё раз.",
        "The connection broke, or the page was started again: the file did not arrive whole. Upload it again.",
    ),
    "failed_lead": (
        "Проверка не завершилась — это сбой программы, а не ошибка в вашем файле. Попробуйте ещё раз;"
        " если повторится, передайте файл тому, кто запустил страницу.",
        "The check did not end: a defect of the program, not a mistake in your file. Try again;"
        " if it happens again, give the file to whoever runs this page.",
    ),
    "refused_title": ("Файл прочитать не удалось", "The file could not be read"),
    "uploaded_by": ("Загрузка № {number}: {who}, {when}", "Upload {number}: {who}, {when}"),
    "checked_on": ("Проверено: {rules}, на {day}.", "Checked: {rules}, as of {day}."),
    "not_compared": (
        "Сотрудники, подразделения, воронки и стадии не сверялись с порталом, поэтому опубликовать нельзя.",
        "People, departments, pipelines and stages were not compared with the portal, so it cannot be published.",
    ),
    "next": ("Что дальше", "What next"),
    "next_errors": (
        "Исправьте ошибки в своей таблице и загрузите её снова. Удобнее всего по копии с пометками: в ней"
        " ошибки подкрашены и подписаны прямо в ячейках, а на первом листе — список со ссылками.",
        "Mend the mistakes in your spreadsheet and upload it again. The annotated copy helps: mistakes are"
        " coloured and commented in their cells, and listed with links on its first sheet.",
    ),
    "next_warnings": (
        "Ошибок нет. Посмотрите предупреждения: так ли задумано? Затем посмотрите, что изменится.",
        "No errors. Look at the warnings: is this what was meant? Then see what would change.",
    ),
    "next_good": (
        "Посмотрите, что изменится, если опубликовать.",
        "See what would change if it were published.",
    ),
    "annotated": ("Скачать копию с пометками", "Download the annotated copy"),
    "corrected": ("Скачать исправленную копию", "Download the corrected copy"),
    "corrected_hint": (
        "В исправленной копии уже заменены похожие буквы (ячеек: {count}); остальное правите вы.",
        "In the corrected copy look-alike letters are replaced already (cells: {count}); the rest is yours.",
    ),
    "copy_hint": (
        "Обе копии — новые файлы: ваша таблица не меняется.",
        "Both are new files: yours is never touched.",
    ),
    "again": ("Загрузить исправленный файл", "Upload the mended file"),
    "simulate": ("Посмотреть, что изменится", "See what would change"),
    "errors": ("Ошибки", "Errors"),
    "warnings": ("Предупреждения", "Warnings"),
    "errors_lead": ("Пока они есть, опубликовать нельзя.", "These keep it from being published."),
    "warnings_lead": (
        "Публиковать можно, но проверьте, так ли задумано.",
        "It can be published; is this what was meant?",
    ),
    "contents": ("Виды проблем", "Kinds of problems"),
    "cell": ("Ячейка", "Cell"),
    "column": ("Столбец", "Column"),
    "value": ("Сейчас там", "Now there"),
    "what": ("Что не так", "What is wrong"),
    "fix": ("Как исправить", "How to fix it"),
    "perhaps": ("Возможно: {value}", "Perhaps: {value}"),
    "hidden": ("скрыта", "hidden"),
    "empty": ("пусто", "empty"),
    "more": (
        "Показаны первые {shown} из {count}; все — в копии с пометками.",
        "The first {shown} of {count} are shown; all are in the annotated copy.",
    ),
    "files_gone": (
        "Файлы этой загрузки удалены, чтобы освободить место; осталась запись в истории.",
        "The files of this upload were removed to make room; its line in the history remains.",
    ),
    # -- simulation
    "simulation": ("Что изменится", "What would change"),
    "simulating_title": (
        "Прогоняем прошлые обращения через новые правила…",
        "Past appeals run through the new rules…",
    ),
    "simulating_lead": ("На портале ничего не меняется.", "Nothing changes on the portal."),
    # -- publishing
    "publish": ("Подготовить публикацию", "Prepare the publication"),
    "publish_title": ("Публикация", "Publication"),
    "publish_lead": (
        "Сначала страница сверит таблицу с порталом ещё раз и покажет, что именно запишет. До вашего согласия"
        " на портале ничего не меняется.",
        "First the file is compared with the portal once more, and you see what would be written."
        " Nothing changes on the portal until you agree.",
    ),
    "publish_role": (
        "Публикует сотрудник с правом публикации. Передайте ему адрес этой страницы.",
        "Somebody who may publish can do this. Give them the address of this page.",
    ),
    "place_title": ("Место публикации", "The place of publication"),
    "place_lead": (
        "На портале ещё нет места, где хранится опубликованный справочник. Его создают один раз: это смарт-процесс"
        " «Маршрутизация». Страница покажет, что создаст, и спросит согласия.",
        "The portal has no place yet where the published directory lives. It is made once: the smart process"
        " Routing. You see what would be made, and are asked.",
    ),
    "place_button": ("Подготовить место публикации", "Prepare the place"),
    "confirm_place_title": ("Создать место публикации?", "Make the place of publication?"),
    "confirm_place_button": ("Создать", "Make it"),
    "place_done_title": ("Место публикации готово", "The place of publication is there"),
    "place_next": ("Теперь можно опубликовать справочник.", "The directory can be published now."),
    "in_force": ("Справочник действует с {day}.", "The directory is in force from {day}."),
    "dropped_title": ("Отложено", "Put aside"),
    "dropped_lead": (
        "Это согласие больше не ждут: его отложили или подготовили заново. На портале ничего не изменено.",
        "Nobody waits for this any more: it was put aside, or prepared anew. Nothing was changed on the portal.",
    ),
    "effective_from": ("Действует с (пусто — сразу)", "In force from (empty: at once)"),
    "planning_title": ("Готовим публикацию…", "Preparing the publication…"),
    "planning_back_title": ("Готовим возврат…", "Preparing the take-back…"),
    "step_lead": ("Страница обновится сама.", "The page renews itself."),
    "confirm_title": ("Опубликовать?", "Publish it?"),
    "confirm_back_title": ("Вернуть прежнюю версию?", "Take it back?"),
    "confirm_lead": (
        "На портале {host} будет сделано изменений: {count}.",
        "Changes that will be made on {host}: {count}.",
    ),
    "confirm_label": ("Чтобы согласиться, введите это число", "To agree, type this number"),
    "confirm_button": ("Опубликовать", "Publish"),
    "confirm_back_button": ("Вернуть прежнюю версию", "Take it back"),
    "confirm_wrong": (
        "Введено «{given}», а изменений {count}. Ничего не записано.",
        "{given} was typed, and there are {count} changes. Nothing was written.",
    ),
    "cancel": ("Не сейчас", "Not now"),
    "nothing": (
        "Этот справочник уже опубликован: менять нечего.",
        "This directory is published already: nothing to change.",
    ),
    "nothing_short": ("менять нечего", "nothing to change"),
    "diff": (
        "Чем новая версия отличается от действующей",
        "How the new version differs from the current one",
    ),
    "diff_back": (
        "Что изменится, когда прежняя версия вернётся",
        "What changes when the former version is back",
    ),
    "take_back_last": (
        "Других версий нет: после возврата опубликованного справочника на портале не останется.",
        "There is no other version: taken back, no directory is left in force.",
    ),
    "diff_first": (
        "Это первая публикация: действующей версии ещё нет.",
        "This is the first publication: there is no version yet.",
    ),
    "diff_none": ("Правила не отличаются.", "The rules are the same."),
    "diff_added": ("Добавлено", "Added"),
    "diff_removed": ("Удалено", "Removed"),
    "diff_changed": ("Изменено", "Changed"),
    "diff_reordered": ("Переставлено", "Reordered"),
    "diff_filters": ("фильтры", "filters"),
    "diff_substitutions": ("замещения", "substitutions"),
    "diff_change": ("Что", "What"),
    "diff_row": ("Правило", "Rule"),
    "diff_fields": ("Поля", "Fields"),
    "diff_before": ("Было", "Was"),
    "diff_after": ("Станет", "Will be"),
    "diff_more": ("Показаны первые {shown} из {count}.", "The first {shown} of {count} are shown."),
    "writing_title": ("Записываем на портал…", "Writing to the portal…"),
    "writing_lead": (
        "Страницу можно закрыть: запись продолжится, а после перезапуска — с того же места.",
        "You may close the page: writing goes on, and after a restart it goes on where it was.",
    ),
    "paused_title": ("Запись остановилась на полпути", "Writing stopped halfway"),
    "resume": ("Продолжить", "Go on"),
    "done_title": ("Опубликовано и проверено", "Published and proven"),
    "done_back_title": ("Прежняя версия возвращена и проверена", "Taken back and proven"),
    "exceptions_title": ("Записано, но не всё", "Written, with exceptions"),
    "unproven_title": ("Записано, но проверка нашла расхождения", "Written, but something reads otherwise"),
    "certificate": ("Что доказано", "What was proven"),
    "cells": (
        "Значений на портале прочитано так, как задумано: {count}.",
        "Values that read on the portal as planned: {count}.",
    ),
    "someone_else": ("Изменено потом кем-то другим: {count}.", "Changed by somebody else since: {count}."),
    "unexplained": (
        "Читается иначе, и никто за это не отвечает: {count}.",
        "Reads otherwise, and nobody answers for it: {count}.",
    ),
    "second_plan": (
        "Повторный план пуст: делать больше нечего.",
        "A second plan is empty: nothing is left to do.",
    ),
    "second_plan_left": (
        "Повторный план просит ещё изменений: {count}.",
        "A second plan asks for more changes: {count}.",
    ),
    "report": ("Подробный отчёт", "The whole report"),
    "run": ("Запуск {run}", "Run {run}"),
    "take_back": ("Вернуть прежнюю версию…", "Take it back…"),
    "take_back_lead": (
        "Действовать снова будет версия, которая была до этой публикации.",
        "The version before this publication will be in force again.",
    ),
    "step_failed": ("Не получилось", "It did not work"),
    "done_so_far": ("Что уже сделано с этим файлом", "What was done with this file"),
    "kind_simulate": ("Что изменится", "What would change"),
    "kind_provision": ("Место публикации", "The place of publication"),
    "kind_publish": ("Публикация", "Publication"),
    "kind_take_back": ("Возврат прежней версии", "Take-back"),
    "simulated": ("посчитано", "worked out"),
    "version": ("версия {version}", "version {version}"),
    "published": ("опубликован", "published"),
    "made": ("создано", "made"),
    "taken_back": ("возвращён", "taken back"),
    "in_hand": ("в работе", "under way"),
    "waits": ("ждёт согласия", "waits for somebody to agree"),
    "halfway": ("остановлен на полпути", "stopped halfway"),
    "details": ("Подробности для того, кто запустил страницу", "Details for whoever runs this page"),
    # -- what went wrong with a request
    "not_found": ("Такой страницы нет", "There is no such page"),
    "not_found_lead": ("Возможно, ссылка скопирована не целиком.", "Perhaps the link was not copied whole."),
    "forbidden": ("Этого вам нельзя", "You may not do this"),
    "forbidden_lead": ("Для этого нужно право публикации.", "This needs the right to publish."),
    "forged": ("Форма устарела", "The form is too old"),
    "forged_lead": (
        "Похоже, вы входили заново. Вернитесь к началу и повторите — ничего не сделано.",
        "You have probably entered again since. Go back and repeat; nothing was done.",
    ),
    "no_file": ("Файл не выбран", "No file was chosen"),
    "no_file_lead": ("Выберите таблицу и нажмите «Проверить».", "Choose a spreadsheet and press Check."),
    "broken": ("Файл не дошёл", "The file did not arrive"),
    "broken_lead": (
        "Соединение прервалось. Загрузите файл ещё раз.",
        "The connection broke. Upload the file again.",
    ),
    "busy": ("Сейчас слишком много проверок", "Too many checks at the moment"),
    "busy_lead": ("Подождите минуту и загрузите файл ещё раз.", "Wait a minute and upload the file again."),
    "wrong": ("Что-то сломалось", "Something broke"),
    "wrong_lead": (
        "Это сбой программы; он записан. Попробуйте ещё раз.",
        "A defect of the program; it was noted. Try again.",
    ),
    "back_home": ("К началу", "Back to the beginning"),
}
"""Key to Russian and English."""

TROUBLES: Mapping[str, tuple[str, str]] = {
    "NoPlace": (
        "На портале ещё нет места, где хранится опубликованный справочник.",
        "The portal has no place yet where the published directory lives.",
    ),
    "AccessRefused": (
        "Портал отказал в доступе: у вебхука нет нужных прав.",
        "The portal refused: the webhook lacks rights.",
    ),
    "AnswerLost": (
        "Портал не ответил. Сделанное не потеряно: нажмите «Продолжить», страница сверит и допишет.",
        "The portal gave no answer. Nothing is lost: go on, and it is looked up and finished.",
    ),
    "ApprovalNeeded": (
        "Согласие не подошло: план изменился. Подготовьте публикацию заново.",
        "The agreement does not fit: the plan has changed. Prepare it again.",
    ),
    "BreakerOpen": (
        "Портал много раз подряд ответил ошибкой, поэтому запись остановлена. Ничего не потеряно.",
        "The portal failed many times in a row, so writing stopped. Nothing is lost.",
    ),
    "CanaryFailed": (
        "После первых изменений на портале изменилось лишнее — вероятно, сработал робот. Дальше не писали.",
        "The first changes brought about something nobody meant, probably a robot. Nothing more was written.",
    ),
    "IncompleteRead": (
        "Портал отдал список не целиком. Повторите.",
        "A list of the portal came incomplete. Try again.",
    ),
    "Interrupted": (
        "Страница перезапускалась. На портале ничего не изменено; начните это действие заново.",
        "The page was started again. Nothing was changed on the portal; begin this step anew.",
    ),
    "LimitReached": (
        "Портал перегружен запросами. Повторите позже.",
        "The portal is at its limit. Try again later.",
    ),
    "LockedByAnother": (
        "На портал сейчас пишет другой запуск. Подождите, пока он закончит, и продолжите.",
        "Another run writes to the portal at the moment. Wait for it to end, then go on.",
    ),
    "NotPublishable": (
        "При повторной сверке с порталом нашлись ошибки. Загрузите файл ещё раз, чтобы увидеть их.",
        "Compared with the portal once more, the file has errors. Upload it again to see them.",
    ),
    "Paused": ("Запись приостановлена. Ничего не потеряно.", "Writing was paused. Nothing is lost."),
    "PlanError": ("План выполнить нельзя.", "The plan cannot be carried out."),
    "SettingsError": ("Портал не подключён.", "No portal is connected."),
    "StorageError": (
        "На диске этого компьютера не удалось записать файл.",
        "A file could not be written on this machine.",
    ),
    "Unreachable": ("Портал недоступен. Повторите позже.", "The portal cannot be reached. Try again later."),
}
"""Class of an error to what an admin is told; others are told by `step_failed`."""

_MONTHS = {
    "ru": ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября",
           "ноября", "декабря"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip


class Speech:
    """What the page says to one reader.

    Args:
        language: theirs.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._at = 0 if language == "ru" else 1

    def __call__(self, key: str, **facts: str | int) -> str:
        """A text, with its facts filled in."""
        return WORDS[key][self._at].format(**facts)

    def trouble(self, kind: str) -> str:
        """Why something was not done; "" where the error's own words say it best."""
        return TROUBLES[kind][self._at] if kind in TROUBLES else ""

    def moment(self, at: float) -> str:
        """`5 марта, 14:07` by this machine's clock; the year only when it is another."""
        when = datetime.fromtimestamp(at)  # shown to people who sit beside this machine
        year = f" {when.year}" if when.year != datetime.now().year else ""  # likewise
        return f"{when.day} {_MONTHS[self.language][when.month - 1]}{year}, {when:%H:%M}"

    def number(self, number: int) -> str:
        """`50 000`, `50,000`."""
        return f"{number:,}".replace(",", "\u00a0") if self.language == "ru" else f"{number:,}"


def language_of(accepted: str, usual: Language) -> Language:
    """The reader's language, by what their browser asks for.

    Args:
        accepted: the header Accept-Language.
        usual: when it asks for neither.
    """
    weights: dict[str, float] = {}
    for each in accepted.split(",")[:20]:
        name, _, more = each.strip().partition(";")
        try:
            weight = float(more.partition("=")[2]) if more else 1.0
        except ValueError:
            continue
        main = name.partition("-")[0].lower()
        weights[main] = max(weight, weights.get(main, 0.0))
    ru, en = weights.get("ru", 0.0), weights.get("en", 0.0)
    if ru == en:
        return usual
    return "ru" if ru > en else "en"
