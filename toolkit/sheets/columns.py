"""The columns of a routing directory: its three tables, their headings in Russian and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from toolkit.sheets.spelling import fold

__all__ = ["CHANNELS", "TABLES", "TOPICS", "Column", "TableKind", "heading_key", "known_channels"]


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        key: its name in frames.
        ru: heading in the Russian template.
        en: heading in the English template.
        also: other headings people use.
        required: each row must have it, `*` included.
        width: in the template, in characters.
    """

    key: str
    ru: str
    en: str
    also: tuple[str, ...] = ()
    required: bool = False
    width: int = 18


@dataclass(frozen=True)
class TableKind:
    """One of the tables.

    Args:
        key: its name.
        ru: name of its sheet in the Russian template.
        en: likewise in the English one.
        columns: in the template's order.
        anchors: a heading row is this table's when it has all of one of these sets.
        needed: columns without which the table means nothing.
    """

    key: str
    ru: str
    en: str
    columns: tuple[Column, ...]
    anchors: tuple[frozenset[str], ...]
    needed: tuple[str, ...]

    def column(self, key: str) -> Column:
        """A column by its key."""
        return next(each for each in self.columns if each.key == key)


_FROM = Column(
    "valid_from",
    "Действует с",
    "Valid from",
    ("с", "дата с", "начало", "дата начала", "from", "start"),
    width=13,
)
_TO = Column(
    "valid_to",
    "Действует по",
    "Valid to",
    ("по", "дата по", "действует до", "до", "конец", "дата окончания", "to", "until", "end"),
    width=13,
)
_COMMENT = Column(
    "comment",
    "Комментарий",
    "Comment",
    ("примечание", "комментарии", "заметка", "note", "notes", "comments"),
    width=30,
)
_CHANNEL = Column("channel", "Канал", "Channel", ("канал обращения", "источник", "source"), width=16)

RULES = TableKind(
    "rules",
    "Правила",
    "Rules",
    (
        Column(
            "topic",
            "Тема",
            "Topic",
            ("тематика", "тема обращения", "категория", "subject", "category"),
            required=True,
            width=22,
        ),
        Column("subtopic", "Подтема", "Subtopic", ("подкатегория", "уточнение", "subcategory"), width=20),
        Column(
            "region", "Регион", "Region", ("город", "область", "территория", "city", "area"), required=True
        ),
        Column(
            "department",
            "Подразделение",
            "Department",
            ("отдел", "магазин", "филиал", "team", "shop"),
            required=True,
            width=22,
        ),
        Column(
            "responsible",
            "Ответственный",
            "Responsible",
            ("исполнитель", "сотрудник", "ответственное лицо", "owner", "assignee", "assigned to"),
            required=True,
            width=26,
        ),
        Column(
            "deputy",
            "Заместитель",
            "Deputy",
            ("зам", "замещающий", "резерв", "backup", "substitute"),
            width=26,
        ),
        Column("pipeline", "Воронка", "Pipeline", ("направление", "funnel"), width=18),
        Column("stage", "Стадия", "Stage", ("этап", "статус", "status"), width=18),
        _CHANNEL,
        Column("priority", "Приоритет", "Priority", ("важность", "порядок", "order"), width=11),
        Column(
            "hours",
            "Рабочие часы",
            "Working hours",
            ("часы работы", "график", "график работы", "режим работы", "время работы", "hours", "schedule"),
            width=24,
        ),
        _FROM,
        _TO,
        Column(
            "stop_words",
            "Стоп-слова/хэштеги",
            "Stop words/hashtags",
            (
                "стоп-слова",
                "стоп слова",
                "хэштеги",
                "хештеги",
                "стоп-слова/хештеги",
                "stop words",
                "hashtags",
            ),
            width=26,
        ),
        _COMMENT,
    ),
    (
        frozenset({"topic", "responsible"}),
        frozenset({"topic", "region"}),
        frozenset({"region", "responsible"}),
    ),
    ("topic", "responsible"),
)

FILTERS = TableKind(
    "filters",
    "Фильтры",
    "Filters",
    (
        Column(
            "word",
            "Слово/хэштег",
            "Word/hashtag",
            (
                "слово",
                "хэштег",
                "хештег",
                "слово или хэштег",
                "признак",
                "фильтр",
                "word",
                "hashtag",
                "filter",
            ),
            required=True,
            width=28,
        ),
        _CHANNEL,
        _FROM,
        _TO,
        _COMMENT,
    ),
    (frozenset({"word"}),),
    ("word",),
)

SUBSTITUTIONS = TableKind(
    "substitutions",
    "Замещения",
    "Substitutions",
    (
        Column(
            "absent",
            "Кого замещают",
            "Absent",
            (
                "отсутствует",
                "отсутствующий",
                "сотрудник",
                "кого",
                "кто отсутствует",
                "who is away",
                "employee",
            ),
            required=True,
            width=28,
        ),
        Column(
            "substitute",
            "Кто замещает",
            "Substitute",
            ("замещает", "замещающий", "заместитель", "кто", "replaced by", "deputy"),
            required=True,
            width=28,
        ),
        _FROM,
        _TO,
        _COMMENT,
    ),
    (frozenset({"absent", "substitute"}),),
    ("absent", "substitute"),
)

TOPICS = TableKind(
    "topics",
    "Темы",
    "Topics",
    (
        replace(RULES.column("topic"), also=(*RULES.column("topic").also, "продукт", "услуга", "product")),
        replace(RULES.column("pipeline"), required=True),
        RULES.column("stage"),
        replace(RULES.column("responsible"), required=False),
        _COMMENT,
    ),
    (frozenset({"topic", "pipeline"}),),
    ("topic", "pipeline"),
)
"""Where requests of a topic go: the table a contact centre's load takes, apart from routing directories."""

TABLES: Mapping[str, TableKind] = {each.key: each for each in (RULES, FILTERS, SUBSTITUTIONS)}
"""The tables by key: rules, filters, substitutions."""

CHANNELS: Mapping[str, tuple[str, ...]] = {
    "Сайт": ("форма на сайте", "сайт (форма)", "site", "website", "web"),
    "E-mail": ("email", "почта", "эл. почта", "электронная почта", "mail", "имейл"),
    "VK": ("вк", "вконтакте", "vkontakte", "в контакте"),
    "OK": ("ок", "одноклассники", "odnoklassniki"),
    "Telegram": ("телеграм", "телеграмм", "tg", "тг"),
    "WhatsApp": ("ватсап", "вотсап", "whats app", "wa"),
    "2GIS": ("2гис", "2 гис", "дубльгис"),
    "Яндекс Карты": ("яндекс.карты", "яндекс-карты", "yandex maps", "yandex.maps"),
    "Горячая линия": ("телефон", "звонок", "hotline", "phone", "call"),
    "Чат-бот": ("чатбот", "чат бот", "бот", "chatbot", "chat-bot", "bot"),
}
"""Channels as the template offers them, with the other names people write."""


@lru_cache(maxsize=65536)
def heading_key(text: str) -> str:
    """A heading as it is compared: without marks for required columns, remarks in brackets, colons."""
    return re.sub(r"\s+", " ", re.sub(r"\(.*?\)|[*:!№\"«»]", " ", fold(text))).strip().replace(" / ", "/")


def known_channels(more: tuple[str, ...] = ()) -> dict[str, str]:
    """Folded spelling to the channel's name.

    Args:
        more: channels of this portal beside the usual ones.
    """
    known = {fold(each): name for name, others in CHANNELS.items() for each in (name, *others)}
    return {**known, **{fold(each): each for each in more}}
