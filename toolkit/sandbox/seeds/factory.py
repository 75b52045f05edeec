"""An empty portal as it comes from the factory: an administrator, a department, dictionaries, stages.

Source: api-reference/crm/status/crm-status-list.md, api-reference/crm/auxiliary/enum/*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..methods.crm_currency import localized
from ..portal import Sandbox
from ..subjects.pipelines import DEAL_STAGES, INVOICE_STAGES, LEAD_STAGES, QUOTE_STAGES, Stage, add_stages
from ..subjects.requisite_presets import install_presets

__all__ = ["Stage", "add_stages", "install", "new_portal"]

CURRENCIES = (("RUB", 1.0, "Российский рубль"), ("USD", 80.0, "Доллар США"), ("EUR", 92.0, "Евро"))
DICTIONARIES: dict[str, tuple[tuple[str, str], ...]] = {
    "SOURCE": (
        ("CALL", "Звонок"),
        ("EMAIL", "Электронная почта"),
        ("WEB", "Веб-сайт"),
        ("ADVERTISING", "Реклама"),
        ("PARTNER", "Существующий клиент"),
        ("RECOMMENDATION", "По рекомендации"),
        ("TRADE_SHOW", "Выставка"),
        ("WEBFORM", "CRM-форма"),
        ("CALLBACK", "Обратный звонок"),
        ("OTHER", "Другое"),
    ),
    "CONTACT_TYPE": (
        ("CLIENT", "Клиенты"),
        ("SUPPLIER", "Поставщики"),
        ("PARTNER", "Партнёры"),
        ("OTHER", "Другое"),
    ),
    "COMPANY_TYPE": (
        ("CUSTOMER", "Клиент"),
        ("SUPPLIER", "Поставщик"),
        ("COMPETITOR", "Конкурент"),
        ("PARTNER", "Партнёр"),
        ("OTHER", "Другое"),
    ),
    "EMPLOYEES": (
        ("EMPLOYEES_1", "менее 50"),
        ("EMPLOYEES_2", "50-250"),
        ("EMPLOYEES_3", "250-500"),
        ("EMPLOYEES_4", "более 500"),
    ),
    "INDUSTRY": (
        ("IT", "Информационные технологии"),
        ("TELECOM", "Телекоммуникации"),
        ("MANUFACTURING", "Производство"),
        ("BANKING", "Банковские услуги"),
        ("CONSULTING", "Консалтинг"),
        ("FINANCE", "Финансы"),
        ("GOVERNMENT", "Правительство"),
        ("DELIVERY", "Доставка"),
        ("ENTERTAINMENT", "Развлечения"),
        ("NOTPROFIT", "Не для получения прибыли"),
        ("OTHER", "Другое"),
    ),
    "DEAL_TYPE": (
        ("SALE", "Продажа"),
        ("COMPLEX", "Комплексная продажа"),
        ("GOODS", "Продажа товара"),
        ("SERVICES", "Услуги"),
        ("SERVICE", "Сервисное обслуживание"),
    ),
    "HONORIFIC": (("HNR_RU_1", "г-н"), ("HNR_RU_2", "г-жа")),
    "CALL_LIST": (
        ("IN_WORK", "В работе"),
        ("SUCCESS", "Успешно"),
        ("WRONG_NUMBER", "Неправильный номер"),
        ("STOP_CALLING", "Больше не звонить"),
    ),
    "EVENT_TYPE": (("INFO", "Информация"), ("PHONE", "Телефонный звонок"), ("MESSAGE", "Отправлено письмо")),
}


def install(portal: Sandbox) -> None:
    """Furnish an empty portal. Does nothing to one that has users already."""
    if portal.store.value("SELECT 1 FROM user LIMIT 1"):
        return
    now = int(portal.clock.now())
    portal.store.insert(
        "user",
        {
            "ID": 1,
            "NAME": "Администратор",
            "LAST_NAME": "Портала",
            "EMAIL": "admin@example.ru",
            "IS_ADMIN": "Y",
            "UF_DEPARTMENT": "[1]",
            "DATE_REGISTER": now,
            "LAST_LOGIN": now,
        },
    )
    portal.store.insert("department", {"ID": 1, "NAME": "Компания"})
    portal.store.insert("setting", {"NAME": "crm_mode", "VALUE": "1"})
    portal.store.insert("webform", {"NAME": "Обратная связь"})
    known = {code for code, _, _ in CURRENCIES}
    for code, rate, name in (*CURRENCIES, *((each, 1.0, each) for each in {portal.currency} - known)):
        base = "Y" if code == portal.currency else "N"
        portal.store.insert(
            "currency",
            {
                "CURRENCY": code,
                "AMOUNT_CNT": 1,
                "AMOUNT": 1.0 if base == "Y" else rate,
                "SORT": 100 if base == "Y" else 200,
                "BASE": base,
                "DATE_UPDATE": now,
                "LANG": localized({"ru": {"FULL_NAME": name, "FORMAT_STRING": "# " + code}}),
            },
        )
    for entity_id, entries in DICTIONARIES.items():
        if entity_id == "HONORIFIC":
            entity_id = portal.switches["honorific_dictionary"]
        for index, (code, name) in enumerate(entries):
            portal.store.insert(
                "status",
                {
                    "ENTITY_ID": entity_id,
                    "STATUS_ID": code,
                    "NAME": name,
                    "NAME_INIT": name,
                    "SORT": (index + 1) * 10,
                },
            )
    add_stages(portal, "STATUS", LEAD_STAGES)
    lost = portal.switches["lost_deal_stage"]
    deal_stages = [(lost if code == "LOSE" else code, name, final) for code, name, final in DEAL_STAGES]
    add_stages(portal, "DEAL_STAGE", deal_stages)
    add_stages(portal, "QUOTE_STATUS", QUOTE_STAGES)
    for type_id, category, name in (
        (2, 0, "Общая"),
        (3, 0, "Контакты"),
        (4, 0, "Компании"),
        (31, 1, "Счета"),
    ):
        portal.store.insert(
            "category",
            {
                "ENTITY_TYPE_ID": type_id,
                "CATEGORY_ID": category,
                "NAME": name,
                "IS_DEFAULT": "Y",
                "SORT": 100,
                "CREATED_DATE": now,
            },
        )
    add_stages(portal, "SMART_INVOICE_STAGE_1", INVOICE_STAGES, prefix="DT31_1:", category=1)
    install_presets(portal)


def new_portal(**options: Any) -> Sandbox:
    """A furnished, empty portal; options as in `Sandbox`. User 1 is its administrator."""
    portal = Sandbox(**options)
    install(portal)
    return portal
