"""The Russian half of what a report says.

    RUSSIAN    English text -> Russian text, with the same placeholders
    PLURALS    English text for many -> Russian for 1, for 2, for 5
    PATTERNS   what apply and undo note about a record: pattern, Russian, English

In a pattern's answer `<fields>`, `<cards>` and `<moment>` surround what `Names` still has to tell, and
`user 5` or `deal 7` become names. What a pattern finds as `rest` is told as a phrase of its own.
"""

from __future__ import annotations

import re

__all__ = ["PATTERNS", "PLURALS", "RUSSIAN"]

RUSSIAN: dict[str, str] = {
    # the desk of a contact centre
    "asked for at the desk": "по слову оператора",
    "changed since it was read: left as it is": "изменено с тех пор, как прочитали: не тронуто",
    "a recording attached to a call": "запись, приложенная к звонку",
    "a call of another system": "звонок из другой системы",
    "what the call was about": "к чему относился звонок",
    # rows of a contact centre
    "a client nobody had": "клиента ещё ни у кого не было",
    "a firm nobody had": "компании ещё не было",
    "the firm's INN and KPP": "ИНН и КПП компании",
    "a request without an open deal": "заявка без открытой сделки",
    "what the contact centre knows of it": "что известно контакт-центру",
    "neither phone nor e-mail says who it is": "ни телефон, ни почта не говорят, кто это",
    "the INN is none": "это не ИНН",
    "its topic has no pipeline": "для темы нет воронки",
    "its pipeline is not on the portal": "такой воронки на портале нет",
    "who the client is, a person has to say": "кто клиент, решает человек",
    "several deals are open: a person has to say": "открыто несколько сделок: решает человек",
    "corrected there and edited here: left as it is": "там исправлено, здесь правлено: не тронуто",
    "withdrawn there: left to a person": "там отозвано: решает человек",
    "a later state of the same row stands in the file": "в файле есть более поздняя версия этой строки",
    # published routing
    "the smart process of published routing": "смарт-процесс публикации маршрутизации",
    "a field of published routing": "поле публикации маршрутизации",
    "the universal list of published routing": "универсальный список публикации маршрутизации",
    "new in this version": "новое в этой версии",
    "not in this version any more": "в этой версии больше нет",
    "the version, written last: from now on it can be found": "версия, записана последней: теперь она действует",
    "its responsible was dismissed": "ответственный уволен",
    "its responsible is away": "ответственного нет на месте",
    "the directory names another responsible": "по справочнику ответственный другой",
    "the directory names another pipeline": "по справочнику воронка другая",
    "the directory names another stage": "по справочнику стадия другая",
    "noted where routing has put it": "отмечено, куда направлено",
    "a person decided otherwise: left as it is": "человек решил иначе: не тронуто",
    "its responsible is not there, and no rule says who follows": "ответственного нет, и правила для замены тоже нет",
    "everybody the directory names is away": "все, кого называет справочник, отсутствуют",
    # comments in timelines
    "comment": "комментарий",
    "what the merged cards said otherwise": "что было записано иначе на объединённых карточках",
    "written by the run": "записано этим запуском",
    "the comment is gone": "комментария уже нет",
    "the comment was edited since": "комментарий с тех пор изменили",
    # the review of groups of cards
    "Automatic": "Автоматически",
    "In doubt": "Под вопросом",
    "Not merged": "Не объединяются",
    "group": "группа",
    "row": "строка",
    "what": "что",
    "choose here": "выберите здесь",
    "Choose here": "Выберите здесь",
    "cards, side by side": "карточки рядом",
    "decision": "решение",
    "card": "карточка",
    "part": "подгруппа",
    "master": "остаётся",
    "stays": "остаётся",
    "in common": "общее",
    "phones": "телефоны",
    "e-mails": "почта",
    "created": "создана",
    "changed": "изменена",
    "make one": "объединить",
    "leave": "оставить",
    "different clients": "разные клиенты",
    "no evidence": "не доказательство",
    "the value of a card that is not merged was chosen": (
        "выбрано значение карточки, которая не объединяется"
    ),
    "Choose the value of one of the cards.": "Выберите значение одной из карточек.",
    "Every group is a block; only the yellow cells are asked. The decision is in its first row.": (
        "Каждая группа — блок строк; заполняются только жёлтые ячейки. Решение — в первой строке блока."
    ),
    "“make one”: the cards of one letter become one card. “leave”: nothing happens to this group.": (
        "«объединить»: карточки с одной буквой станут одной карточкой. «оставить»: с группой ничего не случится."
    ),
    "“different clients”: these cards will never be proposed together again, to nobody; this is remembered.": (
        "«разные клиенты»: эти карточки больше никому не предложат объединить; решение запоминается для всех."
    ),
    "To split a group, give the cards different letters. A card without a letter stays as it is.": (
        "Чтобы разделить группу, поставьте карточкам разные буквы. Карточка без буквы останется как есть."
    ),
    "“stays” marks the card that remains, one in each part. Where none is marked, the rules choose.": (
        "«остаётся» — какая карточка сохранится, одна на подгруппу. Если не отмечена ни одна, выберут правила."
    ),
    "In the row of a field choose the value of another card, where the proposed one is wrong.": (
        "В строке поля выберите значение другой карточки, если предложенное не подходит."
    ),
    "“no evidence” beside something in common: this phone or mailbox is remembered to prove nothing.": (
        "«не доказательство» напротив общего телефона или почты: они больше ничего не доказывают, это запоминается."
    ),
    "A group whose rows are deleted is left as it is. Everything that is not yellow is for reading only.": (
        "Группа, строки которой удалены, останется как есть. Всё, что не жёлтое, — только для чтения."
    ),
    "Only what is offered here can be chosen: a review makes nothing out of cards that were not found alike.": (
        "Выбрать можно только из предложенного: из карточек, которые не признаны похожими, ничего не получится."
    ),
    "one client, as a person decided": "один клиент: так решил человек",
    # verdicts
    "There is nothing to do": "Делать нечего",
    "The plan is empty.": "План пуст: всё уже так, как нужно.",
    "Every change was struck from the plan": "Все изменения вычеркнуты из плана",
    "The plan is ready": "План готов",
    "The plan was rehearsed": "План отрепетирован",
    "The plan is approved, writing has not begun": "План согласован, запись ещё не началась",
    "Nothing has been changed on the portal.": "На портале пока ничего не изменено.",
    "The rehearsal on a sandbox was clean.": "Репетиция в песочнице прошла чисто.",
    "The rehearsal on a sandbox was not clean: look at it before you agree.": (
        "Репетиция в песочнице прошла не чисто: посмотрите на неё, прежде чем соглашаться."
    ),
    "{settled} of {total} changes are settled.": "Завершено изменений: {settled} из {total}.",
    "Nothing is lost: the run goes on where it stopped.": (
        "Ничего не потеряно: запуск продолжится с того места, где остановился."
    ),
    "Paused": "Пауза",
    "Begun and not finished": "Начато и не закончено",
    "It stopped because requests kept failing: {words}": (
        "Остановлено, потому что запросы раз за разом не проходили: {words}"
    ),
    "Proven so far, but not everything was written": "Сделанное проверено, но сделано не всё",
    "Written, not yet proven": "Записано, но ещё не проверено",
    "Everything is written; the portal has not been read again yet.": (
        "Всё записано; портал после этого ещё не перечитывали."
    ),
    "Done and proven": "Сделано и доказано",
    "Proven, with exceptions": "Доказано, но с исключениями",
    "No certificate: something cannot be explained": "Сертификата нет: найдено необъяснимое",
    "A second plan is empty: nothing is left to do.": "Повторный план пуст: делать больше нечего.",
    "There is no change that nobody answers for.": "Нет ни одного изменения, за которое никто не отвечает.",
    # headings and labels of the page
    "Run report": "Отчёт о запуске",
    "Next:": "Дальше:",
    "run {run}, planned {moment}": "запуск {run}, план от {moment}",
    "portal time, {zone}": "время портала, {zone}",
    "What was asked": "Что просили сделать",
    "What was done": "Что сделано",
    "What will be done": "Что будет сделано",
    "what became of the changes": "что стало с изменениями",
    "Who received, who gave": "Кто получил и кто отдал",
    "Who will receive, who will give": "Кто получит и кто отдаст",
    "First changes": "Первые изменения",
    "Not carried out": "Не выполнено",
    "These records are as somebody else left them, or as they were. Nothing was overwritten.": (
        "Эти записи остались такими, какими их сделал кто-то другой или какими они были. Чужая работа не затёрта."
    ),
    "Left to a person": "Решает человек",
    "The operation did not touch these records on purpose: the rule does not decide them.": (
        "Эти записи намеренно не тронуты: правило не знает, как с ними поступить."
    ),
    "Cells that do not read as planned": "Ячейки, которые читаются не так, как задумано",
    "Not as planned": "Не по плану",
    "The course of the run": "Ход запуска",
    "Cost against estimate": "Затраты и оценка",
    "Cost": "Затраты",
    "Waiting for limits": "Ожидание из-за лимитов",
    "Methods": "Методы",
    "How to take it back": "Как всё вернуть",
    "Summary": "Итоги",
    "Changes": "Изменения",
    "Employees": "Сотрудники",
    "Requests": "Запросы",
    "Operation": "Операция",
    "Portal": "Портал",
    "Parameters": "Параметры",
    "Read by": "Кто читал портал",
    "Snapshot": "Снимок до",
    "Plan": "План",
    "Takes back the run": "Отменяет запуск",
    "Rehearses the run": "Репетиция запуска",
    "Not set: {names}.": "Не заданы: {names}.",
    "not an administrator: may not see everything": "не администратор: мог увидеть не всё",
    "not there any more: names are shown as numbers": "уже удалён: вместо имён показаны номера",
    "{shown} of {total} shown; all of them are in report.xlsx.": (
        "Показано {shown} из {total}; все строки — в report.xlsx."
    ),
    "{shown} of {total} shown: a sheet holds no more.": "Показано {shown} из {total}: больше на лист не помещается.",
    "one bar is {span}; the line is changes settled": (
        "столбик — {span}; линия — сколько изменений завершено (шкала справа)"
    ),
    "pause {span}": "перерыв {span}",
    # tiles
    "changes in the plan": "изменений в плане",
    "carried out": "выполнено",
    "were so already": "уже было так",
    "conflicts": "конфликтов",
    "refused": "отказов портала",
    "put aside": "отложено",
    "unknown": "исход неизвестен",
    "struck by a person": "вычеркнуто человеком",
    "left to a person": "записей ждут решения человека",
    "cells read as planned": "ячеек читаются как задумано",
    "cells changed by somebody": "ячеек потом изменил кто-то другой",
    "unexplained cells": "необъяснённых ячеек",
    "employees told": "сотрудников получили уведомление",
    # headings of columns
    "no.": "№",
    "state": "состояние",
    "change": "действие",
    "record": "запись",
    "name": "название",
    "before": "было",
    "after": "стало",
    "reason": "причина",
    "settled at": "когда",
    "remark": "примечание",
    "outcome": "исход",
    "was to become": "должно было стать",
    "why": "почему",
    "found": "на портале оказалось",
    "tries": "попыток",
    "details": "подробности",
    "verdict": "вывод",
    "field": "поле",
    "was meant to read": "задумано",
    "reads": "читается",
    "last saved by": "кто сохранил последним",
    "last saved at": "когда сохранено",
    "employee": "сотрудник",
    "received": "получил",
    "given away": "отдал",
    "phase": "этап",
    "requests, estimate": "запросов по оценке",
    "requests, actual": "запросов на деле",
    "time, estimate": "время по оценке",
    "time, actual": "время на деле",
    "of it waiting for limits": "из него ожидание лимитов",
    "limit": "лимит",
    "requests held back": "запросов задержано",
    "waited": "ждали",
    "method": "метод",
    "calls": "вызовов",
    "requests": "запросов",
    "total": "всего",
    "from (portal time, {step} each)": "начало (время портала, шаг {step})",
    "changes settled": "изменений завершено",
    "settled so far": "завершено всего",
    # the review
    "carry out": "выполнять",
    "note": "заметка",
    "Carry out?": "Выполнять?",
    "“no” strikes this row from the plan.": "«нет» вычёркивает эту строку из плана.",
    "Choose from the list, please.": "Выберите, пожалуйста, из списка.",
    "How to review": "Как проверять",
    "Choose “no” in the column “carry out”, or delete the row: the change will not be made.": (
        "Выберите «нет» в столбце «выполнять» или удалите строку: изменения не будет."
    ),
    "Rows may be sorted and filtered; a row that is only hidden stays in the plan.": (
        "Строки можно сортировать и фильтровать; строка, которая только скрыта, остаётся в плане."
    ),
    "The column “note” is yours. Everything else is for reading: an edited value is refused.": (
        "Столбец «заметка» — ваш. Остальное только для чтения: исправленное значение не примется."
    ),
    "A review can only make a plan smaller. For other changes plan again with other parameters.": (
        "Проверка может только сократить план. Чтобы сделать иначе, составьте план заново с другими параметрами."
    ),
    # phases and limits
    "reading before": "чтение до изменений",
    "writing": "запись",
    "reading again": "чтение для проверки",
    "telling the employees": "уведомления сотрудникам",
    "requests per second": "частота запросов",
    "execution time of a method": "время выполнения метода",
    "another limit": "другой лимит",
    "no answer": "без ответа",
    "Requests that did not end well: {counts}.": "Запросы, которые не удались: {counts}.",
    "The estimate assumes a cloud portal whose own figures are not known yet.": (
        "Оценка исходит из лимитов облака и типичной скорости: своих показателей портал до запуска не сообщал."
    ),
    # events
    "Struck: {n}.": "Вычеркнуто: {n}.",
    "Rehearsed on a sandbox: clean; it took {span} on a played clock.": (
        "Репетиция в песочнице: чисто; заняла бы {span}."
    ),
    "Rehearsed on a sandbox: not clean. {words}": "Репетиция в песочнице: не чисто. {words}",
    "Approved by a person.": "План согласован человеком.",
    "Approved by a policy.": "План согласован политикой.",
    "The first changes were read again: as meant.": "Первые изменения перечитаны: всё как задумано.",
    "The first changes had effects nobody meant; the rest was not begun.": (
        "Первые изменения вызвали то, чего никто не хотел; остальные не начаты."
    ),
    "Paused at {settled} of {total}.": "Пауза: {settled} из {total}.",
    "Stopped: requests kept failing ({words}).": "Остановлено: запросы не проходили ({words}).",
    "Took over from run {run}, whose process had died.": "Место занято после запуска {run}, процесс которого погиб.",
    "The portal did not let {method} read: {words}": "Портал не дал прочитать {method}: {words}",
    "Writing began.": "Началась запись.",
    "Every change was settled.": "Запись закончена.",
    "Read again and judged: clean.": "Портал перечитан: чисто.",
    "Read again and judged: not clean.": "Портал перечитан: есть необъяснимое.",
    # undo
    "Nothing has been changed, so there is nothing to take back.": "Ничего не изменено, поэтому и возвращать нечего.",
    "An undo is a plan like any other: previewed, rehearsed, approved, proven.": (
        "Отмена — такой же план, как и любой другой: его можно посмотреть, отрепетировать, согласовать и проверить."
    ),
    "What can be taken back: {what}.": "Что можно вернуть: {what}.",
    "What somebody edited after this run is left as they want it.": (
        "То, что люди изменили уже после этого запуска, останется так, как они хотят."
    ),
    "Made by {made} from the files of run {run} alone.": "Составлено программой {made} только по файлам запуска {run}.",
    # states, verdicts of cells, kinds of change
    "done": "выполнено",
    "was so already": "уже было так",
    "conflict": "конфликт",
    "refused by the portal": "отказ портала",
    "outcome unknown": "исход неизвестен",
    "not begun": "не начато",
    "someone else": "изменил кто-то другой",
    "unexplained": "необъяснимо",
    "update": "изменить",
    "create": "создать",
    "delete": "удалить",
    "merge": "объединить",
    "bind": "связать",
    "copy": "скопировать",
    "notify": "уведомить",
    # kinds of record
    "lead": "лид",
    "deal": "сделка",
    "contact": "контакт",
    "company": "компания",
    "quote": "предложение",
    "invoice": "счёт",
    "item": "элемент смарт-процесса",
    "user": "сотрудник",
    "department": "подразделение",
    "activity": "дело",
    "Number of the type": "Номер типа",
    "Belongs to": "Принадлежит",
    "Code": "Код",
    "Label": "Подпись",
    "Several values": "Несколько значений",
    "Shown in the cards of": "Видно в карточках",
    "With stages": "Со стадиями",
    "With pipelines": "С воронками",
    "With a client": "С клиентом",
    "Accounted for": "Учтены все",
    "what becomes of them": "что с ними станет",
    "count": "сколько",
    "Everything the operation looked at, and what becomes of it.": (
        "Всё, что рассмотрела операция, и что с этим станет."
    ),
    "call": "звонок",
    "requisite": "реквизиты",
    "address": "адрес",
    "requisitelink": "реквизиты в сделке или счёте",
    "workflow": "выполняемый бизнес-процесс",
    "task": "задача",
    "listelement of type {id}": "элемент списка {id}",
    "bankdetail": "банковские реквизиты",
    "status": "элемент справочника",
    "type": "смарт-процесс",
    "category": "воронка",
    "stagehistory": "история стадий",
    "leads": "лиды",
    "deals": "сделки",
    "contacts": "контакты",
    "companies": "компании",
    "quotes": "предложения",
    "invoices": "счета",
    "items": "элементы смарт-процесса",
    "employees": "сотрудники",
    "departments": "подразделения",
    "activities": "дела",
    "phone calls": "звонки",
    "requisites": "реквизиты",
    "bank details": "банковские реквизиты",
    "addresses": "адреса",
    "requisites in use": "реквизиты в сделках и счетах",
    "tasks of the portal": "задачи",
    "universal lists": "универсальные списки",
    "columns of universal lists": "поля универсальных списков",
    "list elements": "элементы списков",
    "directory entries": "справочники",
    "smart processes": "смарт-процессы",
    "pipelines": "воронки",
    "stage history": "история стадий",
    "field definitions": "описания полей",
    "{many} of type {id}": "{many} {id}",
    "item of type {id}": "элемент смарт-процесса {id}",
    "category of type {id}": "воронка типа {id}",
    "stagehistory of type {id}": "история стадий типа {id}",
    "new {kind}": "{kind}: новая запись",
    "user {id}": "сотрудник {id}",
    # values
    "empty": "пусто",
    "nobody": "никто",
    "yes": "да",
    "no": "нет",
    "the link is taken away": "связи больше нет",
    "linked with: {record}": "связь: {record}",
    "the record is deleted": "запись удалена",
    "in place of {record}": "вместо записи «{record}»",
    "only {record} is left": "остаётся {record}",
    "gone for good: {cells}": "пропадёт: {cells}",
    "{record}, made again": "{record}, созданный заново",
    "the record made for {marker}": "запись, созданная для {marker}",
    # fields
    "Responsible": "Ответственный",
    "Observers": "Наблюдатели",
    "Title": "Название",
    "First name": "Имя",
    "Patronymic": "Отчество",
    "Last name": "Фамилия",
    "Phones and e-mails": "Телефоны и почта",
    "Date of birth": "Дата рождения",
    "Form of address": "Обращение",
    "May be exported": "Участвует в выгрузке",
    "Industry": "Сфера деятельности",
    "Number of employees": "Число сотрудников",
    "Yearly revenue": "Годовой оборот",
    "Position": "Должность",
    "Comment": "Комментарий",
    "Address": "Адрес",
    "Stage": "Стадия",
    "Pipeline": "Воронка",
    "Company": "Компания",
    "Companies": "Компании",
    "Contact": "Контакт",
    "Contacts": "Контакты",
    "Lead": "Лид",
    "Amount": "Сумма",
    "Currency": "Валюта",
    "Source": "Источник",
    "About the source": "Об источнике",
    "Type": "Тип",
    "Begins": "Начало",
    "Ends": "Завершение",
    "Open to everybody": "Доступно всем",
    "Closed": "Закрыто",
    "External key": "Внешний ключ",
    "External system": "Внешняя система",
    "Changed by": "Кем изменено",
    "Changed at": "Когда изменено",
    "Created by": "Кем создано",
    "Created at": "Когда создано",
    # what operations say
    "responsible of its deals": "ответственный его сделок",
    "responsible of deal (newest)": "ответственный самой новой сделки",
    "responsible of deal (latest_activity)": "ответственный сделки с последней активностью",
    "responsible of deal (largest)": "ответственный самой крупной сделки",
    "responsible of deal (primary_contact)": "ответственный сделки, где контакт основной",
    "fallback: the deal's responsible is dismissed or unknown": (
        "запасной ответственный: ответственный сделки уволен или неизвестен"
    ),
    "open activity of a contact that moves": "открытое дело контакта, который переходит",
    "handed over by the table": "передано по таблице",
    "summary for the employee": "итог для сотрудника",
    "several deals with different responsibles": "несколько сделок с разными ответственными",
    "the deal's responsible is dismissed": "ответственный сделки уволен",
    "the deal's responsible is not among the portal's users": "ответственного сделки нет среди сотрудников портала",
    "the record cannot be read by the webhook's user": "пользователь вебхука не может прочитать запись",
    "asked never to touch it": "просили никогда не трогать",
    "phones in one format": "телефоны в одном формате",
    "the value is not a phone number": "это не номер телефона",
    "digits are missing or hidden": "цифр не хватает, или они скрыты",
    "the number has two readings, or a digit too many or too few": (
        "номер можно прочитать двояко, или в нём лишняя либо недостающая цифра"
    ),
    "the area code is missing": "нет кода города",
    "words beside the number would be lost": "потерялись бы слова рядом с номером",
    "one client": "один клиент",
    "perhaps one client: a person decides": "возможно, один клиент: решает человек",
    "a person has to decide": "решать должен человек",
    "a branch and its head office: linked, not merged": "филиал и головная организация: связаны, но не объединены",
    "alike, but something forbids to merge them": "похожи, но что-то запрещает их объединять",
    "the cards stand for different records of external systems": (
        "карточки соответствуют разным записям внешних систем"
    ),
    "the cards are in different categories": "карточки в разных направлениях",
    "the cards hold different files in one field": "в одном поле карточек разные файлы",
    "a workflow runs on a card that would go, and would end with it": (
        "на карточке, которая исчезнет, выполняется бизнес-процесс: он прервался бы вместе с ней"
    ),
    "one of the cards is the portal owner's own company": "одна из карточек — собственная компания владельца портала",
    "the group is larger than allowed": "группа больше, чем разрешено",
    "made equal, so that the cards can be merged": "выровнено, чтобы карточки можно было объединить",
    "its link follows the merge": "связь переходит вслед за объединением",
    "the lead it came from cannot be written: it stays the surviving one": (
        "исходный лид записать нельзя: останется тот, с которым объединили"
    ),
    "its requisites follow the merge": "реквизиты меняются вслед за объединением",
    "the surviving card has another address of this kind: this one goes": (
        "у остающейся карточки другой адрес этого вида: этот пропадёт"
    ),
    "it hangs on several records: the surviving card stays its first": (
        "дело связано с несколькими записями: первой остаётся оставшаяся карточка"
    ),
    "a smart process that was not read: what it says of merged cards is not looked after": (
        "смарт-процесс не прочитан: его ссылки на объединённые карточки не проверяются"
    ),
    "an element of a list names a card under an id it no longer has: correct it by hand": (
        "элемент списка называет карточку под номером, которого больше нет: исправьте вручную"
    ),
    "another address of the same kind stands there": "там стоит другой адрес этого вида",
    "other requisites were chosen since": "с тех пор выбрали другие реквизиты",
    "nothing was lost": "ничего не потерялось",
    "would be lost in the merge": "при объединении потерялось бы",
    "comes back under a new id, created today; its history and files do not": (
        "вернётся под новым номером, созданная сегодня; история и файлы не вернутся"
    ),
    "the surviving card was changed since: those fields stay": "оставшуюся карточку потом изменили: эти поля остаются",
    "the link was changed since: it stays": "связь потом изменили: она остаётся",
    "made again by the undo": "создано заново отменой",
    "a list of choices that was empty cannot be emptied through REST": (
        "список вариантов, который был пуст, через REST не очистить"
    ),
    "back to what it was before the merge": "как было до объединения",
    "in its appeal already": "уже в своём обращении",
    "nobody who works there answers for it": "за него не отвечает никто из работающих сотрудников",
    "a call of the appeal": "звонок этого обращения",
    "the appeal made for this client soon after the call": "обращение этого клиента, созданное вскоре после звонка",
    "the appeal of its conversation": "обращение этого же разговора",
    "several clients have this number": "этот номер у нескольких клиентов",
    "nobody has this number": "этого номера нет ни у кого",
    "no number and no client": "нет ни номера, ни клиента",
    "reported twice": "передан дважды",
    "absurd duration": "невозможная длительность",
    "no time": "нет времени звонка",
    "no appeal was made soon after": "вскоре после него обращения не создали",
    "among the last calls of the appeal's client": "из последних звонков клиента этого обращения",
    "the appeal has no client": "у обращения нет клиента",
    "no call of its client is free": "свободных звонков этого клиента нет",
    "a call in the future": "звонок из будущего",
    "nobody has this number, and no client could": "этого номера нет ни у кого, и у клиента его быть не может",
    "nobody has this number: a contact for it": "этого номера нет ни у кого: для него контакт",
    "a new contact": "новый контакт",
    "goes into a new appeal": "попадёт в новое обращение",
    "goes to an appeal that is there": "попадёт в имеющееся обращение",
    "the portal answered no, without a reason": "портал ответил отказом без причины",
    "the portal answered no: an activity is bound to a hundred records at most": (
        "портал ответил отказом: дело можно связать не более чем со ста записями"
    ),
    "goes with its smart process, or stays": "уйдёт вместе со смарт-процессом или останется",
    "the smart process of appeals": "смарт-процесс обращений",
    "a field of appeals": "поле обращения",
    "a stage of appeals": "стадия обращений",
    "a stage as described": "стадия, как описано",
    "a stage reads otherwise than described": "стадия называется не так, как описано",
    "the card shows the fields of appeals": "карточка показывает поля обращения",
    "appeals hang below these records": "обращения связаны с этими записями",
    "the recording as a file": "запись разговора файлом",
    "the transcript of its calls": "расшифровка звонков обращения",
    "copied by the run": "скопировано этим запуском",
    "the recording becomes a file of the record": "запись разговора становится файлом карточки",
    "is taken away": "убирается",
    "the recording is not there any more": "записи больше нет",
    "the link to the recording opens nothing any more": "ссылка на запись больше ничего не открывает",
    "the recording has no length": "запись нулевой длины",
    "the recording is larger than allowed": "запись больше разрешённого размера",
    "a page for people stands where the recording should be": "вместо записи отдана веб-страница",
    "the link to the recording leads where it is not followed": "ссылка на запись ведёт туда, куда по ней не ходят",
    "a file is there already: it is left as it is": "там уже есть файл: он оставлен как есть",
    "relation": "связи",
    "userfield": "поле",
    "pipeline": "воронки",
    "transcript": "расшифровки",
    "holds values: the field stays": "в поле есть значения: оно остаётся",
    "created by the run, and nobody has filled it": "создано этим запуском, и никто его не заполнил",
    "appeals need it switched on": "обращениям нужно, чтобы это было включено",
    "a field made by hand could serve: confirm it": "подошло бы поле, созданное вручную: подтвердите",
    "another line": "другая линия",
    "another direction": "другое направление",
    "missed": "пропущенный",
    "answered": "отвеченный",
    "too short": "слишком короткий",
    "no deal of these pipelines": "нет сделки из этих воронок",
    "conversation": "разговор",
    "client by the call": "клиент из звонка",
    "client by the activity": "клиент из дела",
    "client by the number": "клиент по номеру",
    "with its deal": "с его сделкой",
    "no single open deal": "единственной открытой сделки нет",
    "dated as the call": "дата — как у звонка",
    "dated today: newer appeals exist": "дата сегодняшняя: есть более новые обращения",
    "added as by hand": "создано как вручную",
    # what apply and undo say
    "bound by the run": "связано запуском",
    "no answer, and no effect, each time": "каждый раз без ответа и без последствий",
    "merged: only the master is left": "объединено: осталась только главная карточка",
    "the cards were not merged": "карточки не были объединены",
    "it was given to another record since": "с тех пор его связали с другой записью",
    "back to what it was before the run": "вернуть как было до запуска",
    "created by the run": "создано запуском",
    "changed since by somebody else: left as it is": "потом изменил кто-то другой: оставлено как есть",
    "cannot be taken back": "вернуть нельзя",
    "the record is gone": "записи больше нет",
    "the record is gone, or the webhook's user may not read it": (
        "записи больше нет, или пользователь вебхука не может её прочитать"
    ),
    "nothing was changed that concerns this person": "ничего, что касалось бы этого сотрудника, не изменилось",
    "found done after a lost answer": "ответ портала потерялся; проверено: изменение выполнено",
    "found not done after a lost answer": "ответ портала потерялся; проверено: изменение не выполнено",
}

PLURALS: dict[str, tuple[str, str, str]] = {
    "{n} cards": ("{n} карточка", "{n} карточки", "{n} карточек"),
    "{n} changes wait in the plan.": (
        "В плане {n} изменение.",
        "В плане {n} изменения.",
        "В плане {n} изменений.",
    ),
    "{n} records are left to a person.": (
        "{n} запись ждёт решения человека.",
        "{n} записи ждут решения человека.",
        "{n} записей ждут решения человека.",
    ),
    "The outcome of {n} changes is unknown; they will be looked up before anything is sent again.": (
        "Исход {n} изменения неизвестен: прежде чем отправлять его снова, программа посмотрит, что стало с записью.",
        "Исход {n} изменений неизвестен: прежде чем отправлять их снова, программа посмотрит, что стало с записями.",
        "Исход {n} изменений неизвестен: прежде чем отправлять их снова, программа посмотрит, что стало с записями.",
    ),
    "The portal was read again: {n} cells read as planned.": (
        "Портал перечитан: {n} ячейка читается так, как задумано.",
        "Портал перечитан: {n} ячейки читаются так, как задумано.",
        "Портал перечитан: {n} ячеек читаются так, как задумано.",
    ),
    "{n} cells changed as nobody planned, and nobody else saved the records: probably a robot.": (
        "{n} ячейка изменилась так, как никто не планировал, и никто другой запись не сохранял: вероятно, робот.",
        "{n} ячейки изменились так, как никто не планировал, и никто другой записи не сохранял: вероятно, робот.",
        "{n} ячеек изменились так, как никто не планировал, и никто другой записи не сохранял: вероятно, робот.",
    ),
    "A second plan still asks for {n} changes.": (
        "Повторный план всё ещё просит {n} изменение.",
        "Повторный план всё ещё просит {n} изменения.",
        "Повторный план всё ещё просит {n} изменений.",
    ),
    "{n} records were left alone: somebody changed them after the snapshot.": (
        "{n} запись не тронута: после снимка её кто-то изменил.",
        "{n} записи не тронуты: после снимка их кто-то изменил.",
        "{n} записей не тронуты: после снимка их кто-то изменил.",
    ),
    "The portal refused {n} changes.": (
        "Портал отказал в {n} изменении.",
        "Портал отказал в {n} изменениях.",
        "Портал отказал в {n} изменениях.",
    ),
    "{n} changes were put aside after several tries.": (
        "{n} изменение отложено после нескольких попыток.",
        "{n} изменения отложены после нескольких попыток.",
        "{n} изменений отложены после нескольких попыток.",
    ),
    "{n} cells were changed by somebody afterwards.": (
        "{n} ячейку потом изменил кто-то другой.",
        "{n} ячейки потом изменил кто-то другой.",
        "{n} ячеек потом изменил кто-то другой.",
    ),
    "Others' edits made {n} further changes necessary.": (
        "Из-за чужих правок нужно ещё {n} изменение.",
        "Из-за чужих правок нужны ещё {n} изменения.",
        "Из-за чужих правок нужно ещё {n} изменений.",
    ),
    "The plan was frozen: {n} rows.": (
        "План составлен: {n} строка.",
        "План составлен: {n} строки.",
        "План составлен: {n} строк.",
    ),
}

PATTERNS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"two cards of one part are to stay: (\d+) and (\d+)"),
        r"в одной подгруппе остаться может только одна карточка, а отмечены \1 и \2",
        r"two cards of one part are to stay: \1 and \2",
    ),
    (
        re.compile(r"nothing connects (\d+) and (\d+)"),
        r"карточки \1 и \2 ничто не связывает",
        r"nothing connects \1 and \2",
    ),
    (
        re.compile(r"(\d+) and (\d+) may not become one: (?P<said>.*)"),
        r"карточки \1 и \2 объединять нельзя: \g<said>",
        r"\1 and \2 may not become one: \g<said>",
    ),
    (
        re.compile(r"([\w, ]+) changed since the snapshot, by user (\d+) at (\S+)"),
        r"поле <fields>\1</fields> после снимка изменил(а) user \2, <moment>\3</moment>",
        r"<fields>\1</fields> changed after the snapshot by user \2, <moment>\3</moment>",
    ),
    (
        re.compile(r"([\w, ]+) changed since the snapshot, by user \S+ at \S+"),
        r"поле <fields>\1</fields> изменилось после снимка",
        r"<fields>\1</fields> changed after the snapshot",
    ),
    (
        re.compile(r"([\w, ]+) changed since"),
        r"поле <fields>\1</fields> с тех пор изменилось",
        r"<fields>\1</fields> changed since",
    ),
    (
        re.compile(r"(\d+) records carry the marker (.+)"),
        r"внешний ключ \2 стоит сразу на нескольких записях: \1",
        r"\1 records carry the external key \2",
    ),
    (
        re.compile(r"changed since the plan was made \((.+)\); not merged"),
        r"не объединены: после составления плана карточки изменились — <cards>\1</cards>",
        r"not merged: the cards changed after the plan was made: <cards>\1</cards>",
    ),
    (
        re.compile(r"the other cards are gone, but (\d+) lacks what they held: (.+)"),
        r"других карточек уже нет, но на карточке \1 не хватает того, что на них было: \2",
        r"the other cards are gone, but \1 lacks what they held: \2",
    ),
    (
        re.compile(r"half merged, or deleted by somebody: gone (.+); still there: (.+)"),
        r"объединены наполовину или кем-то удалены: пропали \1; на месте \2",
        r"half merged, or deleted by somebody: gone \1; still there: \2",
    ),
    (
        re.compile(r"what it belongs to was not made \((.+)\)"),
        r"не создано то, к чему это относится (\1)",
        r"what it belongs to was not made (\1)",
    ),
    (
        re.compile(r"the portal answered (\S*) and did nothing"),
        r"портал ответил \1 и ничего не сделал",
        r"the portal answered \1 and did nothing",
    ),
    (
        re.compile(r"the portal answered (\S*); (?P<rest>.+)"),
        r"портал ответил \1; ",
        r"the portal answered \1; ",
    ),
    (re.compile(r"merge of \S+"), "объединение", "a merge"),
    (re.compile(r"bind of \S+"), "связь", "a link"),
    (re.compile(r"(\d+) is still there"), r"запись \1 на месте", r"\1 is still there"),
    (re.compile(r"exists as (\d+)"), r"уже есть, номер \1", r"exists as \1"),
    (
        re.compile(r"its links cannot be read: (.*)"),
        r"связи записи не читаются: \1",
        r"its links cannot be read: \1",
    ),
)
