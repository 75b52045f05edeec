"""`retail`: a discount chain that routes appeals by topic and region.

700 shops, 250 responsibles in departments of eight regions and five topics, ten channels, appeals of a year
in a smart process with a pipeline for each topic. Some stand with the wrong person, some with people who
left; the truth (topic `route`) says where each belongs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..portal import Sandbox
from ..state.bulk import load_records
from ..subjects.pipelines import add_pipeline
from .clients import Card, CompanyCard, draw_companies, draw_people
from .details import add_requisites
from .scene import DAY, YEAR, CustomField, Employee, Scene, Stage

__all__ = ["APPEAL_TYPE", "CHANNELS", "REGIONS", "SHOP_TYPE", "TOPICS", "retail"]

APPEAL_TYPE, SHOP_TYPE = 177, 178
SHOPS, RESPONSIBLES, DISMISSED = 700, 250, 25
CONTACTS, APPEALS, COMPANIES, DEALS = 8_000, 12_000, 400, 1_500
WRONG, LEFT = 0.06, 0.04  # shares of appeals with the wrong person, with somebody who left
RESTRICTED = 0.03

REGIONS: dict[str, tuple[str, ...]] = {
    "Москва и область": ("Москва", "Химки", "Подольск", "Балашиха"),
    "Северо-Запад": ("Санкт-Петербург", "Псков", "Мурманск", "Вологда"),
    "Центр": ("Тула", "Воронеж", "Рязань", "Ярославль"),
    "Поволжье": ("Казань", "Самара", "Саратов", "Пермь"),
    "Юг": ("Ростов-на-Дону", "Краснодар", "Волгоград", "Ставрополь"),
    "Урал": ("Екатеринбург", "Челябинск", "Тюмень", "Уфа"),
    "Сибирь": ("Новосибирск", "Омск", "Красноярск", "Иркутск"),
    "Дальний Восток": ("Владивосток", "Хабаровск", "Якутск", "Благовещенск"),
}
"""Regions and some of their towns."""

TOPICS: dict[str, tuple[str, ...]] = {
    "Качество товара": ("Просрочен", "Повреждён", "Не тот вкус"),
    "Персонал": ("Грубость", "Долго ждали", "Благодарность"),
    "Цены и акции": ("Ценник", "Купон", "Карта лояльности"),
    "Возвраты": ("Деньги не вернули", "Отказ в возврате"),
    "Магазин": ("Грязно", "Парковка", "Часы работы"),
}
"""Topics and subtopics of appeals."""

CHANNELS: dict[str, str] = {
    "SITE_FORM": "Форма на сайте",
    "MAIL": "Электронная почта",
    "VK": "ВКонтакте",
    "OK": "Одноклассники",
    "TELEGRAM": "Telegram",
    "WHATSAPP": "WhatsApp",
    "GIS": "2ГИС",
    "YANDEX_MAPS": "Яндекс Карты",
    "HOTLINE": "Горячая линия",
    "CHAT_BOT": "Чат-бот",
}
"""Where appeals come from: entries of the dictionary SOURCE."""

_FLAGS = (
    "isStagesEnabled",
    "isCategoriesEnabled",
    "isClientEnabled",
    "isSourceEnabled",
    "isObserversEnabled",
)
_TEXTS = (
    "Добрый день! Прошу разобраться.",
    "Был в магазине вчера, остался недоволен.",
    "Спасибо кассиру, очень помогла!",
    "Третий раз пишу, ответа нет!!!",
    "#конкурс хочу приз",
)
_SUBTOPICS = tuple(dict.fromkeys(each for listed in TOPICS.values() for each in listed))
_SHOP_FIELDS = (
    CustomField("1_CODE", "string", "Код магазина"),
    CustomField("1_REGION", "enumeration", "Регион", options=tuple(REGIONS)),
    CustomField("1_CITY", "string", "Город"),
    CustomField("1_PLACE", "address", "Адрес"),
    CustomField("1_SINCE", "date", "Открыт"),
    CustomField("1_DIRECTOR", "employee", "Директор"),
)
_APPEAL_FIELDS = (
    CustomField("2_TOPIC", "enumeration", "Тема", options=tuple(TOPICS)),
    CustomField("2_SUBTOPIC", "enumeration", "Подтема", options=_SUBTOPICS),
    CustomField("2_REGION", "enumeration", "Регион", options=tuple(REGIONS)),
    CustomField("2_SHOP", "crm", "Магазин", settings={f"DYNAMIC_{SHOP_TYPE}": "Y"}),
    CustomField("2_MESSAGE", "string", "Номер сообщения в канале"),
    CustomField("2_TEXT", "string", "Текст"),
)


def retail(portal: Sandbox, scale: float = 1.0, seed: int = 1) -> None:
    """Furnish an empty portal as the chain's appeals desk.

    Args:
        portal: fresh from the factory.
        scale: 1.0 is 8,000 contacts, 12,000 appeals, 400 companies, 1,500 deals; shops, staff,
            departments and channels do not scale.
        seed: the same number gives the same portal, on a clock that shows the same day.
    """
    scene = Scene(portal, "retail", seed)
    desks = _hire(scene)
    for code, name in CHANNELS.items():
        sort = 500 + 10 * list(CHANNELS).index(code)
        row = {"ENTITY_ID": "SOURCE", "STATUS_ID": code, "NAME": name, "NAME_INIT": name, "SORT": sort}
        portal.store.insert("status", row)
    for type_id, title, fields in (
        (SHOP_TYPE, "Магазин", _SHOP_FIELDS),
        (APPEAL_TYPE, "Обращение", _APPEAL_FIELDS),
    ):
        _make_process(scene, type_id, title, fields)
    add_pipeline(portal, scene.kind(SHOP_TYPE), "Магазины", default=True)
    pipelines = {
        topic: add_pipeline(portal, scene.kind(APPEAL_TYPE), topic, default=not at)
        for at, topic in enumerate(TOPICS)
    }
    claims = add_pipeline(portal, scene.kind(2), "Претензии поставщикам")
    companies = draw_companies(scene, max(2, round(COMPANIES * scale)), 1)
    founded = [_moment(scene, at, len(companies)) for at in range(len(companies))]
    people = draw_people(scene, max(2, round(CONTACTS * scale)), 1, companies, employed=0.05)
    load_records(portal, 4, _companies(scene, companies, founded))
    add_requisites(scene, companies, founded)
    load_records(portal, 3, _contacts(scene, people))
    shops = list(_shops(scene))
    load_records(portal, SHOP_TYPE, shops)
    appeals = list(_appeals(scene, max(1, round(APPEALS * scale)), len(people), shops, desks, pipelines))
    load_records(portal, APPEAL_TYPE, appeals)
    scene.add_history(APPEAL_TYPE, appeals)
    deals = list(_deals(scene, max(1, round(DEALS * scale)), len(companies), claims))
    load_records(portal, 2, deals)
    scene.add_history(2, deals)
    scene.finish()


def _hire(scene: Scene) -> dict[tuple[str, str], list[Employee]]:
    """Responsibles by region and topic: a department of each pair."""
    regions = scene.add_departments(list(REGIONS))
    places: list[tuple[tuple[str, str], int]] = []
    for region, parent in zip(REGIONS, regions, strict=True):
        for topic, id_ in zip(TOPICS, scene.add_departments(list(TOPICS), parent), strict=True):
            places.append(((region, topic), id_))
    staff = scene.add_staff(
        RESPONSIBLES,
        [id_ for _, id_ in places],
        dismissed=DISMISSED,
        domain="retail.example",
        position="Ответственный за обращения",
    )
    return {pair: [each for each in staff if each.department == id_] for pair, id_ in places}


def _make_process(scene: Scene, type_id: int, title: str, fields: Sequence[CustomField]) -> None:
    id_ = scene.store.insert(
        "dynamic_type",
        {
            "ENTITY_TYPE_ID": type_id,
            "TITLE": title,
            "CREATED_BY": 1,
            "UPDATED_BY": 1,
            "CREATED_TIME": scene.today - 2 * YEAR,
            "UPDATED_TIME": scene.today - 2 * YEAR,
            "OPTIONS": json.dumps(dict.fromkeys(_FLAGS, "Y")),
            "RELATIONS": "{}",
        },
    )
    scene.portal.schema.forget()
    scene.add_fields(f"CRM_{id_}", fields)


def _moment(scene: Scene, at: int, count: int) -> int:
    """When the record of that place was made: in order, over the last year."""
    return scene.today - YEAR + at * (YEAR - DAY) // count + scene.rng.randrange(60)


def _stamps(made: int, touched: int, by: int) -> dict[str, Any]:
    return {
        "CREATED_TIME": made,
        "UPDATED_TIME": touched,
        "LAST_ACTIVITY_TIME": touched,
        "CREATED_BY": by,
        "UPDATED_BY": by,
        "LAST_ACTIVITY_BY": by,
    }


def _companies(scene: Scene, cards: list[CompanyCard], founded: list[int]) -> Iterator[dict[str, Any]]:
    for at, (card, made) in enumerate(zip(cards, founded, strict=True)):
        owner = scene.rng.choice(scene.staff).id
        yield {
            "ID": at + 1,
            "TITLE": card.firm.title,
            "TYPE_ID": "SUPPLIER",
            "ASSIGNED_BY_ID": owner,
            **_stamps(made, made, owner),
            "fm": card.fm,
        }


def _contacts(scene: Scene, cards: list[Card]) -> Iterator[dict[str, Any]]:
    rng = scene.rng
    for at, card in enumerate(cards):
        made, owner = _moment(scene, at, len(cards)), rng.choice(scene.staff).id
        yield {
            "ID": at + 1,
            "NAME": card.person.first or None,
            "LAST_NAME": card.person.last or None,
            "SECOND_NAME": card.person.middle or None,
            "SOURCE_ID": rng.choice(tuple(CHANNELS)),
            "ASSIGNED_BY_ID": owner,
            "OPENED": "N" if rng.random() < RESTRICTED else "Y",
            **_stamps(made, made, owner),
            "fm": card.fm,
            "companies": [card.company + 1] if card.company is not None else None,
        }


def _shops(scene: Scene) -> Iterator[dict[str, Any]]:
    rng, kind, zone = scene.rng, scene.kind(SHOP_TYPE), scene.portal.zone
    stages = scene.stages(kind, scene.portal.default_category(SHOP_TYPE))
    options = dict(zip(REGIONS, scene.options(kind, "1_REGION"), strict=True))
    for number in range(1, SHOPS + 1):
        region = list(REGIONS)[number % len(REGIONS)]
        city = rng.choice(REGIONS[region])
        opened = scene.today - rng.randrange(YEAR, 12 * YEAR)
        made = scene.today - YEAR + number
        yield {
            "ID": number,
            "TITLE": f"Магазин № {number:04d}, {city}",
            "CATEGORY_ID": scene.portal.default_category(SHOP_TYPE),
            "STAGE_ID": stages[0].id,
            "ASSIGNED_BY_ID": 1,
            **_stamps(made, made, 1),
            "UF_CRM_1_CODE": f"S{number:04d}",
            "UF_CRM_1_REGION": options[region],
            "UF_CRM_1_CITY": city,
            "UF_CRM_1_PLACE": f"{city}, ул. {rng.choice(('Мира', 'Ленина', 'Садовая'))}, {rng.randrange(1, 90)}",
            "UF_CRM_1_SINCE": zone.iso_day(zone.moment(opened)),
            "UF_CRM_1_DIRECTOR": rng.choice(scene.staff).id,
        }


def _appeals(
    scene: Scene,
    count: int,
    contacts: int,
    shops: list[dict[str, Any]],
    desks: dict[tuple[str, str], list[Employee]],
    pipelines: dict[str, int],
) -> Iterator[dict[str, Any]]:
    rng, kind = scene.rng, scene.kind(APPEAL_TYPE)
    stages = {topic: scene.stages(kind, category) for topic, category in pipelines.items()}
    topics, subtopics, regions = (
        dict(zip(names, scene.options(kind, code), strict=True))
        for names, code in ((TOPICS, "2_TOPIC"), (_SUBTOPICS, "2_SUBTOPIC"), (REGIONS, "2_REGION"))
    )
    names = list(REGIONS)
    left = [each for each in scene.staff if not each.active]
    for number in range(1, count + 1):
        made = _moment(scene, number - 1, count)
        shop = rng.choice(shops)
        region = names[shop["ID"] % len(names)]
        topic = rng.choices(tuple(TOPICS), (30, 20, 25, 10, 15))[0]
        desk = desks[region, topic]
        circumstance, owner = _owner(scene, desk, left)
        stage = _stage(scene, stages[topic], (scene.today - made) / YEAR)
        channel = rng.choice(tuple(CHANNELS))
        moved = made if stage.first else min(scene.today, made + rng.randrange(3600, 10 * DAY))
        scene.know(
            "route",
            APPEAL_TYPE,
            number,
            desk[0].department,
            circumstance,
            {"topic": topic, "region": region, "desk": [each.id for each in desk if each.active]},
        )
        yield {
            "ID": number,
            "TITLE": f"{topic}: {CHANNELS[channel]}",
            "XML_ID": f"{channel}:{10_000 + number}",
            "CATEGORY_ID": pipelines[topic],
            "STAGE_ID": stage.id,
            "SOURCE_ID": channel,
            "ASSIGNED_BY_ID": owner.id,
            "MOVED_TIME": moved,
            "MOVED_BY": owner.id,
            **_stamps(made, moved, owner.id),
            "UF_CRM_2_TOPIC": topics[topic],
            "UF_CRM_2_SUBTOPIC": subtopics[rng.choice(TOPICS[topic])],
            "UF_CRM_2_REGION": regions[region],
            "UF_CRM_2_SHOP": f"T{SHOP_TYPE:x}_{shop['ID']}",
            "UF_CRM_2_MESSAGE": f"{channel}-{10_000 + number}",
            "UF_CRM_2_TEXT": rng.choice(_TEXTS),
            "contacts": [rng.randrange(1, contacts + 1)] if rng.random() < 0.85 else None,
        }


def _owner(scene: Scene, desk: list[Employee], left: list[Employee]) -> tuple[str, Employee]:
    """Who has an appeal: somebody of its desk, mostly."""
    rng, chance = scene.rng, scene.rng.random()
    working = [each for each in desk if each.active]
    if chance < LEFT:
        return "dismissed", rng.choice(left)
    if chance < LEFT + WRONG or not working:
        others = [each for each in scene.staff if each.active and each.department != desk[0].department]
        return "wrong", rng.choice(others)
    return "right", rng.choice(working)


def _stage(scene: Scene, stages: list[Stage], age: float) -> Stage:
    done = scene.rng.random() < 0.3 + 0.68 * min(1.0, age * 6)
    return scene.rng.choice([each for each in stages if (each.semantics == "P") != done])


def _deals(scene: Scene, count: int, companies: int, pipeline: int) -> Iterator[dict[str, Any]]:
    """Claims against suppliers."""
    rng, kind, zone = scene.rng, scene.kind(2), scene.portal.zone
    stages = scene.stages(kind, pipeline)
    for number in range(1, count + 1):
        made = _moment(scene, number - 1, count)
        stage = _stage(scene, stages, (scene.today - made) / YEAR)
        owner = rng.choice(scene.staff).id
        moved = made if stage.first else min(scene.today, made + rng.randrange(DAY, 30 * DAY))
        yield {
            "ID": number,
            "TITLE": f"Претензия № {number}",
            "CATEGORY_ID": pipeline,
            "STAGE_ID": stage.id,
            "STAGE_SEMANTIC_ID": stage.semantics,
            "IS_NEW": "Y" if stage.first else "N",
            "CLOSED": "N" if stage.semantics == "P" else "Y",
            "OPPORTUNITY": float(rng.randrange(5, 500) * 1000),
            "BEGINDATE": zone.iso_day(zone.moment(made)),
            "CLOSEDATE": zone.iso_day(zone.moment(moved)),
            "COMPANY_ID": rng.randrange(1, companies + 1),
            "ASSIGNED_BY_ID": owner,
            "MOVED_TIME": moved,
            "MOVED_BY": owner,
            **_stamps(made, moved, owner),
        }
