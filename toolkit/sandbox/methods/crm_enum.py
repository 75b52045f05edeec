"""`crm.enum.*`: the fixed lists of the CRM.

Source: api-reference/crm/auxiliary/enum/*.md and outdated/*.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..call import Call
from ..registry import method

_DOCS = "api-reference/crm/auxiliary/enum/crm-enum-"
_OLD_DOCS = "api-reference/crm/auxiliary/enum/outdated/crm-enum-"
_KINDS = (
    (1, "Лид", "LEAD", "L"),
    (2, "Сделка", "DEAL", "D"),
    (3, "Контакт", "CONTACT", "C"),
    (4, "Компания", "COMPANY", "CO"),
    (5, "Счёт (старая версия)", "INVOICE", "I"),
    (31, "Счёт", "SMART_INVOICE", "SI"),
    (7, "Коммерческое предложение", "QUOTE", "Q"),
    (8, "Реквизиты", "REQUISITE", "RQ"),
    (36, "Документ", "SMART_DOCUMENT", "DO"),
    (39, "Документ компании", "SMART_B2E_DOC", "SBD"),
)
# name of the method, page, entries from 0 (whose name is empty)
_ACTIVITY_LISTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "activitytype",
        "activity-type",
        ("Встреча", "Звонок", "Задача", "Письмо", "Действие", "Пользовательское действие"),
    ),
    ("activitystatus", "activity-status", ("Ожидается", "Завершено", "Завершено автоматически")),
    ("activitypriority", "activity-priority", ("низкая", "средняя", "высокая")),
    ("activitydirection", "activity-direction", ("Входящее", "Исходящее")),
    ("activitynotifytype", "activity-notify-type", ("мин.", "ч.", "дн.")),
    ("contenttype", "content-type", ("Plain text", "bbCode", "HTML")),
)
ADDRESS_TYPES = (
    (11, "Адрес доставки"),
    (1, "Фактический адрес"),
    (6, "Юридический адрес"),
    (4, "Адрес регистрации"),
    (8, "Почтовый адрес"),
    (9, "Адрес бенефициара"),
)


def _entries(pairs: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
    return [{"ID": id_, "NAME": name, "SYMBOL_CODE": None, "SYMBOL_CODE_SHORT": None} for id_, name in pairs]


@method("crm.enum.fields", scope="crm", docs=_DOCS + "fields.md")
def fields(_call: Call) -> Any:
    """Describe the fields of an entry."""
    rows = (
        ("ID", "int", "ID"),
        ("NAME", "string", "Name"),
        ("SYMBOL_CODE", "string", "Symbol code"),
        ("SYMBOL_CODE_SHORT", "string", "Short symbol code"),
    )
    return {
        name: {
            "type": type_,
            "isRequired": False,
            "isReadOnly": True,
            "isImmutable": False,
            "isMultiple": False,
            "isDynamic": False,
            "title": title,
        }
        for name, type_, title in rows
    }


@method("crm.enum.ownertype", scope="crm", docs=_DOCS + "owner-type.md")
def owner_type(call: Call) -> Any:
    """Kinds of records, smart processes included."""
    dynamic = [
        (kind.entity_type_id, kind.title, kind.name, kind.abbr)
        for kind in call.portal.schema.kinds()
        if kind.is_dynamic
    ]
    return [
        {"ID": id_, "NAME": name, "SYMBOL_CODE": code, "SYMBOL_CODE_SHORT": short}
        for id_, name, code, short in (*_KINDS, *dynamic)
    ]


@method("crm.enum.addresstype", scope="crm", docs=_DOCS + "address-type.md")
def address_type(_call: Call) -> Any:
    """Types of addresses."""
    return _entries(ADDRESS_TYPES)


@method("crm.enum.settings.mode", scope="crm", docs=_DOCS + "settings-mode.md")
def settings_mode(_call: Call) -> Any:
    """Modes of the CRM: with leads, without."""
    return _entries(((1, "Классическая CRM"), (2, "Простая CRM")))


@method("crm.enum.getorderownertypes", scope="crm", docs=_DOCS + "get-order-owner-types.md")
def order_owner_types(_call: Call) -> Any:
    """Kinds of records an order can be bound to."""
    return [{"attribute": "DYN", "code": "DEAL", "id": 2, "name": "Сделка"}]


def _register(name: str, page: str, names: tuple[str, ...]) -> None:
    def body(_call: Call) -> Any:
        return _entries(list(enumerate(("", *names))))

    decorate: Callable[..., Any] = method(f"crm.enum.{name}", scope="crm", docs=f"{_OLD_DOCS}{page}.md")
    decorate(body)


for _name, _page, _names in _ACTIVITY_LISTS:
    _register(_name, _page, _names)
