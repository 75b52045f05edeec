"""`developer`: six years of after-sale service, mostly by telephone.

12,500 buyers with their deals, 50,000 conversations with recordings, 40 employees of whom eight left, and
a smart process «Обращение» somebody made by hand two years ago.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..portal import Sandbox
from ..state.bulk import load_records
from ..subjects.pipelines import add_pipeline
from .clients import Card, draw_people
from .conversations import Caller, Conversation, draw_conversations, write_conversations
from .phones import DIRT
from .scene import DAY, YEAR, CustomField, Scene, Stage

__all__ = ["APPEAL_FIELDS", "APPEAL_TYPE", "developer"]

CONTACTS, CONVERSATIONS = 12_500, 50_000
EMPLOYEES, DISMISSED, YEARS = 40, 8, 6
DEPARTMENTS = ("Передача ключей", "Гарантийная служба", "Управляющая компания", "Договорной отдел")
APPEAL_TYPE = 177
APPEAL_FIELDS: tuple[CustomField, ...] = (
    CustomField("1_1650000001", "string", "Результат звонка", filled=0.8),
    CustomField("1_1650000002", "integer", "Длительность, сек", filled=0.8),
    CustomField("1_1650000003", "string", "Комментарий сотрудника", filled=0.6),
    CustomField(
        "1_1650000004", "enumeration", "Тема", options=("Ключи", "Гарантия", "Документы", "УК"), filled=0.9
    ),
)
"""What the hand-made process holds: names as the interface numbers them, labels as people wrote them."""

_HOUSES = ("Северная звезда", "Речной", "Парк Легенд", "Заречье")
_RESULTS = ("Решено", "Передано исполнителю", "Ждём клиента", None)
_COMMENTS = ("Клиент доволен", "Перезвонить в пятницу", "Нужен мастер", None, None)
_SUBJECTS = ("Протечка", "Ключи", "Приёмка", "Справка", "Окна", "Лифт", "Документы")


def developer(portal: Sandbox, scale: float = 1.0, seed: int = 1) -> None:
    """Furnish an empty portal as the developer's after-sale service.

    Args:
        portal: fresh from the factory.
        scale: 1.0 is 12,500 contacts and 50,000 conversations; staff does not scale.
        seed: the same number gives the same portal, on a clock that shows the same day.
    """
    scene = Scene(portal, "developer", seed)
    offices = scene.add_departments(DEPARTMENTS)
    staff = scene.add_staff(
        EMPLOYEES, offices, dismissed=DISMISSED, domain="developer.example", position="Специалист сервиса"
    )
    pipeline = add_pipeline(portal, scene.kind(2), "Послепродажное обслуживание")
    people = draw_people(scene, max(2, round(CONTACTS * scale)), 1, [])
    load_records(portal, 3, _contacts(scene, people))
    deals = list(_deals(scene, people, pipeline))
    load_records(portal, 2, deals)
    callers = _callers(people, deals)
    count, taken = max(1, round(CONVERSATIONS * scale)), {card.number for card in people}
    talks = draw_conversations(scene, callers, staff, count, YEARS, taken)
    _make_process(scene)
    appeals = list(_appeals(scene, talks))
    load_records(portal, APPEAL_TYPE, appeals)
    by_contact: dict[int, list[tuple[int, int]]] = {}
    for each in appeals:
        by_contact.setdefault(each["contacts"][0], []).append((each["CREATED_TIME"], each["ID"]))
    write_conversations(scene, talks, by_contact, _owners(people))
    scene.finish()


def _moment(scene: Scene, at: int, count: int) -> int:
    """When the record of that place was made: in order, over the years, none in the last month."""
    return scene.today - YEARS * YEAR + at * (YEARS * YEAR - 30 * DAY) // count + scene.rng.randrange(60)


def _contacts(scene: Scene, cards: list[Card]) -> Iterator[dict[str, Any]]:
    rng = scene.rng
    for at, card in enumerate(cards):
        made, owner = _moment(scene, at, len(cards)), rng.choice(scene.staff).id
        yield {
            "ID": at + 1,
            "NAME": card.person.first or None,
            "LAST_NAME": card.person.last or None,
            "SECOND_NAME": card.person.middle or None,
            "SOURCE_ID": "CALL",
            "ASSIGNED_BY_ID": owner,
            **_stamps(made, made + rng.randrange(20 * DAY), owner),
            "fm": card.fm,
        }


def _stamps(made: int, touched: int, by: int) -> dict[str, Any]:
    return {
        "CREATED_TIME": made,
        "UPDATED_TIME": touched,
        "LAST_ACTIVITY_TIME": touched,
        "CREATED_BY": by,
        "UPDATED_BY": by,
        "LAST_ACTIVITY_BY": by,
    }


def _deals(scene: Scene, cards: list[Card], pipeline: int) -> Iterator[dict[str, Any]]:
    """One deal a buyer, for one in ten a second one; second cards of a person have none of their own."""
    rng, kind, zone = scene.rng, scene.kind(2), scene.portal.zone
    stages = scene.stages(kind, pipeline)
    buyers = [at for at, card in enumerate(cards) if card.original == at]
    bought = sorted(
        (_moment(scene, at, len(cards)) + rng.randrange(10 * DAY), at)
        for at in [*buyers, *(each for each in buyers if rng.random() < 0.1)]
    )
    for number, (made, at) in enumerate(bought, 1):
        stage = _stage(scene, stages, (scene.today - made) / (YEARS * YEAR))
        moved = made if stage.first else made + rng.randrange(DAY, max(2 * DAY, scene.today - made))
        moved = min(moved, scene.today)
        owner = rng.choice(scene.staff).id
        yield {
            "ID": number,
            "TITLE": f"ЖК «{rng.choice(_HOUSES)}», кв. {rng.randrange(1, 900)}",
            "CATEGORY_ID": pipeline,
            "STAGE_ID": stage.id,
            "STAGE_SEMANTIC_ID": stage.semantics,
            "IS_NEW": "Y" if stage.first else "N",
            "CLOSED": "N" if stage.semantics == "P" else "Y",
            "OPPORTUNITY": float(rng.randrange(30, 250) * 100_000),
            "IS_MANUAL_OPPORTUNITY": "Y",
            "BEGINDATE": zone.iso_day(zone.moment(made)),
            "CLOSEDATE": zone.iso_day(zone.moment(moved)),
            "ASSIGNED_BY_ID": owner,
            "MOVED_TIME": moved,
            "MOVED_BY": owner,
            **_stamps(made, moved, owner),
            "contacts": [at + 1],
        }


def _stage(scene: Scene, stages: list[Stage], age: float) -> Stage:
    """After-sale deals stay open for years; of the old ones some are done."""
    final = scene.rng.random() < 0.35 * age
    return scene.rng.choice([each for each in stages if (each.semantics == "P") != final])


def _callers(cards: list[Card], deals: list[dict[str, Any]]) -> list[Caller]:
    """Buyers in the order of their first deals."""
    own: dict[int, list[tuple[int, int, int | None]]] = {}
    for deal in deals:
        closed = deal["MOVED_TIME"] if deal["CLOSED"] == "Y" else None
        own.setdefault(deal["contacts"][0], []).append((deal["ID"], deal["CREATED_TIME"], closed))
    callers = [
        Caller(
            contact,
            cards[contact - 1].number,
            DIRT[cards[contact - 1].known_by].readable,
            each[0][1],
            tuple(each),
        )
        for contact, each in own.items()
    ]
    return sorted(callers, key=lambda each: each.since)


def _owners(cards: list[Card]) -> dict[str, list[int]]:
    """Number to the contacts on whose card it can be read."""
    owners: dict[str, list[int]] = {}
    for at, card in enumerate(cards):
        if DIRT[card.known_by].readable:
            owners.setdefault(card.number, []).append(at + 1)
    return owners


def _make_process(scene: Scene) -> None:
    """The smart process somebody made by hand."""
    flags = ("isStagesEnabled", "isCategoriesEnabled", "isClientEnabled", "isUseInUserfieldEnabled")
    id_ = scene.store.insert(
        "dynamic_type",
        {
            "ENTITY_TYPE_ID": APPEAL_TYPE,
            "TITLE": "Обращение",
            "CREATED_BY": 1,
            "UPDATED_BY": 1,
            "CREATED_TIME": scene.today - 2 * YEAR,
            "UPDATED_TIME": scene.today - 2 * YEAR,
            "OPTIONS": json.dumps(dict.fromkeys(flags, "Y")),
            "RELATIONS": json.dumps(
                {"parent": [{"entityTypeId": 2, "isChildrenListEnabled": "Y"}], "child": []}
            ),
        },
    )
    scene.portal.schema.forget()
    add_pipeline(scene.portal, scene.kind(APPEAL_TYPE), "Общая", default=True)
    scene.add_fields(f"CRM_{id_}", APPEAL_FIELDS)


def _appeals(scene: Scene, talks: list[Conversation]) -> Iterator[dict[str, Any]]:
    """Appeals employees made by hand in the last two years, some minutes after a call; few too late."""
    rng = scene.rng
    kind = scene.kind(APPEAL_TYPE)
    category = scene.portal.default_category(APPEAL_TYPE)
    stages = scene.stages(kind, category)
    made: list[tuple[int, int, Conversation]] = []
    for talk in talks:
        spoken = talk.caller is not None and talk.legs[-1].code == "200"
        if not spoken or talk.end < scene.today - 2 * YEAR or rng.random() > 0.12:
            continue
        wait = rng.randrange(30, 840) if rng.random() < 0.85 else rng.randrange(1000, 3000)
        made.append((talk.end + wait, len(made), talk))
    for number, (at, _, talk) in enumerate(sorted(made, key=lambda each: each[:2]), 1):
        leg, caller = talk.legs[-1], talk.caller
        stage = rng.choice(stages)
        if caller is None:
            continue
        yield {
            "ID": number,
            "TITLE": f"{rng.choice(_SUBJECTS)}: обращение № {number}",
            "CATEGORY_ID": category,
            "STAGE_ID": stage.id,
            "ASSIGNED_BY_ID": leg.user,
            "MOVED_TIME": at,
            "MOVED_BY": leg.user,
            "PARENT_ID_2": talk.deal,
            **_stamps(at, at, leg.user),
            **scene.draw_fields(kind, APPEAL_FIELDS[3:], at),
            "UF_CRM_1_1650000001": rng.choice(_RESULTS),
            "UF_CRM_1_1650000002": leg.duration if rng.random() < 0.8 else None,
            "UF_CRM_1_1650000003": rng.choice(_COMMENTS),
            "contacts": [caller.contact],
        }
