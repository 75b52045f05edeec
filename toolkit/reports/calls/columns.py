"""The columns of the table of calls: what each holds, and its heading in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["COLUMNS", "CallColumn", "Language", "said"]

Language = Literal["ru", "en"]
Kind = Literal["text", "whole", "moment", "day", "yes", "words"]


@dataclass(frozen=True)
class CallColumn:
    """One column.

    Args:
        kind: `text`, `whole` (a number), `moment` (aware), `day`, `yes` (yes or no), `words` (few different
            texts in a fixed order).
        ru, en: heading.
        width: of the column in a spreadsheet, in characters.
        holds: what it says, for those who read the Parquet file.
    """

    kind: Kind
    ru: str
    en: str
    width: int
    holds: str

    def heading(self, language: Language) -> str:
        """The heading in a language."""
        return self.ru if language == "ru" else self.en


COLUMNS: Mapping[str, CallColumn] = {
    "call": CallColumn("text", "Звонок", "Call", 22, "CALL_ID, else activity:<ID> or line:<ID>"),
    "activity": CallColumn("whole", "Дело", "Activity", 9, "id of the activity"),
    "conversation": CallColumn("whole", "Разговор", "Conversation", 10, "calls of one have one number"),
    "start": CallColumn("moment", "Начало", "Start", 17, "in the portal's zone"),
    "day": CallColumn("day", "День", "Day", 11, "of the start"),
    "hour": CallColumn("whole", "Час", "Hour", 6, "0 to 23"),
    "weekday": CallColumn("words", "День недели", "Weekday", 8, "of the start"),
    "month": CallColumn("text", "Месяц", "Month", 9, "2026-05"),
    "direction": CallColumn("words", "Направление", "Direction", 12, "in words"),
    "line": CallColumn("text", "Линия", "Line", 14, "PORTAL_NUMBER"),
    "number": CallColumn("text", "Номер клиента", "Client's number", 15, "E.164"),
    "client_entity": CallColumn("text", "Вид клиента", "Kind of client", 10, "contact, company or lead"),
    "client_id": CallColumn("whole", "Клиент, код", "Client id", 9, "id of the record"),
    "client": CallColumn("text", "Клиент", "Client", 28, "name"),
    "client_by": CallColumn("text", "Клиент найден по", "Client known by", 12, "link, activity or phone"),
    "company_id": CallColumn("whole", "Компания, код", "Company id", 9, "the client, or the contact's"),
    "company": CallColumn("text", "Компания", "Company", 24, "its title"),
    "responsible_id": CallColumn(
        "whole", "Ответственный, код", "Responsible id", 9, "for the client, as the snapshot says"
    ),
    "responsible": CallColumn("text", "Ответственный за клиента", "Client's responsible", 24, "name"),
    "deal_id": CallColumn("whole", "Сделка, код", "Deal id", 9, "the call is bound to, else the appeal's"),
    "deal": CallColumn("text", "Сделка", "Deal", 24, "its title"),
    "pipeline": CallColumn("text", "Воронка", "Pipeline", 22, "of the deal"),
    "appeal": CallColumn("whole", "Обращение", "Appeal", 11, "the call is noted in"),
    "appeal_made": CallColumn("words", "Обращение создано", "Appeal made", 13, "by hand, or from the call"),
    "employee_id": CallColumn("whole", "Сотрудник, код", "Employee id", 9, "who spoke, or should have"),
    "employee": CallColumn("text", "Сотрудник", "Employee", 24, "name"),
    "dismissed": CallColumn("yes", "Уволен", "Dismissed", 8, "does not work there any more"),
    "department": CallColumn("text", "Отдел", "Department", 22, "of the employee"),
    "answered": CallColumn("yes", "Отвечен", "Answered", 9, "somebody spoke"),
    "code": CallColumn("text", "Код результата", "Result code", 9, "CALL_FAILED_CODE"),
    "result": CallColumn("text", "Результат", "Result", 20, "the code in words"),
    "duration_s": CallColumn("whole", "Длительность, с", "Duration, s", 12, "missing where it is absurd"),
    "waiting_s": CallColumn("whole", "Ожидание, с", "Waiting, s", 10, "how long the client waited, if known"),
    "response_s": CallColumn(
        "whole", "До ответа, с", "Until spoken to, s", 10, "from an incoming call to the talk it led to"
    ),
    "response_working_s": CallColumn(
        "whole", "До ответа, рабочих с", "Until spoken to, working s", 12, "the same in working hours"
    ),
    "time_to_appeal_s": CallColumn(
        "whole", "До обращения, с", "Until the appeal, s", 12, "from the call's end; made by hand only"
    ),
    "recording": CallColumn("yes", "Есть запись", "Recorded", 8, "missing where only an activity tells"),
    "problem": CallColumn("text", "Замечание", "Remark", 20, "why its figures cannot be trusted"),
}
"""One row per call; the order is that of every file."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "incoming": ("входящий", "incoming"),
    "outgoing": ("исходящий", "outgoing"),
    "by hand": ("вручную", "by hand"),
    "from the call": ("из звонка", "from the call"),
    "link": ("звонок", "call"),
    "activity": ("дело", "activity"),
    "phone": ("номер", "number"),
    "contact": ("контакт", "contact"),
    "company": ("компания", "company"),
    "lead": ("лид", "lead"),
    "absurd duration": ("нелепая длительность", "absurd duration"),
    "no time": ("нет времени", "no time"),
    "no line": ("(линия неизвестна)", "(line not known)"),
    "user": ("сотрудник", "user"),
    "department": ("отдел", "department"),
    "no department": ("без отдела", "no department"),
    "pipeline": ("воронка", "pipeline"),
    "default pipeline": ("Общая", "General"),
    **{
        f"weekday {number}": each
        for number, each in enumerate(
            zip(
                ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"),
                ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
                strict=True,
            )
        )
    },
}


def said(word: str, language: Language) -> str:
    """A word the table's cells are made of, in a language; what is not known stays as it is."""
    ru, en = _WORDS.get(word, (word, word))
    return ru if language == "ru" else en
