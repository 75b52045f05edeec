"""Which heading is which field: a proposal for a person to correct."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["FIELDS", "propose_mapping"]

FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "номер", "номер заявки", "номер звонка", "код", "request id", "call id", "заявка"),
    "at": (
        "at",
        "дата",
        "дата и время",
        "создано",
        "дата создания",
        "время звонка",
        "date",
        "created",
        "created at",
    ),
    "changed": ("changed", "изменено", "дата изменения", "updated", "updated at", "modified"),
    "client_id": ("client id", "id клиента", "код клиента", "номер клиента", "customer id"),
    "name": ("name", "имя", "фио", "клиент", "контакт", "контактное лицо", "full name", "customer"),
    "last_name": ("last name", "фамилия", "surname"),
    "second_name": ("second name", "отчество", "patronymic"),
    "phone": ("phone", "телефон", "номер телефона", "тел", "мобильный", "phone number"),
    "email": ("email", "e mail", "почта", "эл почта", "электронная почта", "mail"),
    "company": ("company", "компания", "организация", "фирма", "юрлицо"),
    "inn": ("inn", "инн"),
    "kpp": ("kpp", "кпп"),
    "responsible": ("responsible", "ответственный", "оператор", "менеджер", "сотрудник", "agent", "operator"),
    "comment": ("comment", "комментарий", "описание", "примечание", "текст", "description"),
    "topic": ("topic", "тема", "продукт", "тип обращения", "категория", "product"),
    "title": ("title", "название", "заголовок", "subject"),
    "amount": ("amount", "сумма", "стоимость"),
    "direction": ("direction", "направление", "тип звонка"),
    "duration_s": ("duration s", "длительность", "продолжительность", "длительность сек", "duration"),
    "request": ("request", "по заявке", "заявка звонка"),
}
"""Field of a row to the headings it is known by, folded."""


def propose_mapping(headings: Iterable[str]) -> dict[str, str]:
    """Heading to field, for the headings that are known; no field twice, the first heading wins."""
    found: dict[str, str] = {}
    for heading in headings:
        folded = " ".join(re.sub(r"[\W_]+", " ", heading.casefold().replace("ё", "е")).split())
        for field, names in FIELDS.items():
            if folded in names and field not in found.values():
                found[heading] = field
                break
    return found
