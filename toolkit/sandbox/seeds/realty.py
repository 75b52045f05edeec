"""`realty`: a developer's sales office where deals and contacts went out of step.

20,000 contacts, 30,000 deals, 60 employees of whom nine were dismissed. Contacts stand in several deals
with different responsibles, deals without contacts, closed deals, records not open to everybody, deals of
dismissed and of vanished people.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ..portal import Sandbox
from ..state.bulk import load_records
from ..subjects.activities import TODO
from ..subjects.pipelines import add_pipeline
from .clients import Card, CompanyCard, draw_companies, draw_people
from .details import add_requisites
from .scene import DAY, EVERY_TYPE, YEAR, Employee, Scene, Stage

__all__ = ["realty"]

CONTACTS, DEALS, COMPANIES = 20_000, 30_000, 2_000
EMPLOYEES, DISMISSED = 60, 9
DEPARTMENTS = (
    "Продажи: новостройки",
    "Продажи: вторичный рынок",
    "Аренда",
    "Ипотека",
    "Коммерческая недвижимость",
)
PIPELINES = ("Вторичный рынок", "Аренда", "Ипотека")  # beside the general one: new buildings
SPAN = 3 * YEAR  # how far back the records go
WITHOUT_CONTACT = 0.1
RESTRICTED = 0.05
GONE = 999_000  # deals of people the portal no longer knows begin with this id
_STREETS = ("Садовая", "Лесная", "Мира", "Победы", "Набережная", "Парковая", "Школьная", "Гагарина", "Южная")
_OBJECTS = ("Студия", "1-комнатная", "2-комнатная", "3-комнатная", "Дом", "Офис", "Кладовая", "Машино-место")
_POSTS = ("менеджер", "бухгалтер", "директор", "инженер", "врач", "учитель", "предприниматель", None, None)
_SOURCES = ("CALL", "WEB", "RECOMMENDATION", "ADVERTISING", "WEBFORM", "CALLBACK")


def realty(portal: Sandbox, scale: float = 1.0, seed: int = 1) -> None:
    """Furnish an empty portal as the sales office.

    Args:
        portal: fresh from the factory.
        scale: 1.0 is 20,000 contacts and 30,000 deals; staff and pipelines do not scale.
        seed: the same number gives the same portal, on a clock that shows the same day.
    """
    scene = Scene(portal, "realty", seed)
    offices = scene.add_departments(DEPARTMENTS)
    scene.add_staff(
        EMPLOYEES, offices, dismissed=DISMISSED, domain="realty.example", position="Менеджер по продажам"
    )
    for name in PIPELINES:
        add_pipeline(portal, scene.kind(2), name)
    for type_id in (2, 3, 4):
        scene.add_fields(scene.kind(type_id).uf_entity, EVERY_TYPE)
    companies = draw_companies(scene, max(1, round(COMPANIES * scale)), 1)
    people = draw_people(scene, max(1, round(CONTACTS * scale)), 1, companies)
    founded = [_moment(scene, at, len(companies)) for at in range(len(companies))]
    load_records(portal, 4, _companies(scene, companies, founded))
    add_requisites(scene, companies, founded)
    owners = [scene.rng.choice(scene.staff) for _ in people]
    load_records(portal, 3, _contacts(scene, people, owners))
    deals = list(_deals(scene, people, owners, max(1, round(DEALS * scale))))
    load_records(portal, 2, deals)
    scene.add_history(2, deals)
    scene.add_activities(_activities(scene, people, owners))
    scene.finish()


def _moment(scene: Scene, at: int, count: int) -> int:
    """When the record of that place was made: in order, evenly over the years."""
    start = scene.today - SPAN
    return start + at * (SPAN - DAY) // count + scene.rng.randrange(9, 18) * 60


def _companies(scene: Scene, cards: list[CompanyCard], founded: list[int]) -> Iterator[dict[str, Any]]:
    rng, kind = scene.rng, scene.kind(4)
    for at, (card, made) in enumerate(zip(cards, founded, strict=True)):
        owner = rng.choice(scene.staff).id
        yield {
            "ID": at + 1,
            "TITLE": card.firm.title,
            "TYPE_ID": rng.choice(("CUSTOMER", "SUPPLIER", "PARTNER")),
            "INDUSTRY": rng.choice(("IT", "MANUFACTURING", "CONSULTING", "OTHER")),
            "REVENUE": float(rng.randrange(0, 500) * 100_000),
            "ASSIGNED_BY_ID": owner,
            "OPENED": "N" if rng.random() < RESTRICTED else "Y",
            **_stamped(made, made + rng.randrange(60 * DAY), owner, scene),
            **scene.draw_fields(kind, EVERY_TYPE, made),
            "fm": card.fm,
        }


def _contacts(scene: Scene, cards: list[Card], owners: list[Employee]) -> Iterator[dict[str, Any]]:
    rng, kind, zone = scene.rng, scene.kind(3), scene.portal.zone
    for at, (card, owner) in enumerate(zip(cards, owners, strict=True)):
        made = _moment(scene, at, len(cards))
        person = card.person
        yield {
            "ID": at + 1,
            "NAME": person.first or None,
            "LAST_NAME": person.last or None,
            "SECOND_NAME": person.middle or None,
            "HONORIFIC": ("HNR_RU_2" if person.sex == "f" else "HNR_RU_1") if rng.random() < 0.2 else None,
            "BIRTHDATE": zone.iso_day(zone.moment(rng.randrange(60, 55 * 365) * DAY - 10 * YEAR))
            if rng.random() < 0.25
            else None,
            "POST": rng.choice(_POSTS) if card.company is not None else None,
            "SOURCE_ID": rng.choice(_SOURCES),
            "ASSIGNED_BY_ID": owner.id,
            "OPENED": "N" if rng.random() < RESTRICTED else "Y",
            "COMMENTS": "Перезвонить после 18:00" if rng.random() < 0.03 else None,
            **_stamped(made, made + rng.randrange(90 * DAY), owner.id, scene),
            **scene.draw_fields(kind, EVERY_TYPE, made),
            "fm": card.fm,
            "companies": [card.company + 1] if card.company is not None else None,
        }


def _deals(scene: Scene, people: list[Card], owners: list[Employee], count: int) -> Iterator[dict[str, Any]]:
    rng, kind, zone = scene.rng, scene.kind(2), scene.portal.zone
    pipelines = [row["CATEGORY_ID"] for row in scene.store.find("category", ENTITY_TYPE_ID=2)]
    stages = {each: scene.stages(kind, each) for each in pipelines}
    dismissed = [each for each in scene.staff if not each.active]
    for at in range(count):
        made = _moment(scene, at, count)
        known = max(1, len(people) * (at + 1) // count)  # contacts made so far
        contacts = _clients(scene, known)
        owner = _owner(scene, owners[contacts[0] - 1] if contacts else None, dismissed)
        category = rng.choices(pipelines, [50, 25, 15, 10][: len(pipelines)])[0]
        age = (scene.today - made) / SPAN
        stage = _stage(scene, stages[category], age)
        closed = stage.semantics != "P"
        # A stamp lies between the record's making and today.
        moved = made if stage.first else made + rng.randrange(1 + min(180 * DAY, scene.today - made))
        company = people[contacts[0] - 1].company if contacts and rng.random() < 0.7 else None
        price = round(math.exp(rng.gauss(15.6, 0.7)) / 50_000) * 50_000.0
        what = rng.choice(_OBJECTS)
        yield {
            "ID": at + 1,
            "TITLE": f"{what}, ул. {rng.choice(_STREETS)}, {rng.randrange(1, 120)}",
            "TYPE_ID": rng.choice(("SALE", "SERVICES")),
            "CATEGORY_ID": category,
            "STAGE_ID": stage.id,
            "STAGE_SEMANTIC_ID": stage.semantics,
            "IS_NEW": "Y" if stage.first else "N",
            "CLOSED": "Y" if closed else "N",
            "OPPORTUNITY": price,
            "IS_MANUAL_OPPORTUNITY": "Y",
            "BEGINDATE": zone.iso_day(zone.moment(made)),
            "CLOSEDATE": zone.iso_day(zone.moment(moved if closed else made + 30 * DAY)),
            "SOURCE_ID": rng.choice(_SOURCES),
            "ASSIGNED_BY_ID": owner,
            "OPENED": "N" if rng.random() < RESTRICTED else "Y",
            "MOVED_TIME": moved,
            "MOVED_BY": owner,
            **_stamped(made, max(moved, made + rng.randrange(30 * DAY)), owner, scene),
            **scene.draw_fields(kind, EVERY_TYPE, made),
            "COMPANY_ID": company + 1 if company is not None else None,
            "contacts": contacts,
        }


def _clients(scene: Scene, known: int) -> list[int]:
    """Whom a deal is with: nobody, one, seldom two or three; some clients come again and again."""
    rng = scene.rng
    if rng.random() < WITHOUT_CONTACT:
        return []
    many = rng.choices((1, 2, 3), (85, 12, 3))[0]
    return list(dict.fromkeys(1 + int(rng.random() ** 0.8 * known) for _ in range(many)))


def _owner(scene: Scene, of_contact: Employee | None, dismissed: list[Employee]) -> int:
    """Who has the deal: half the time not the one who has the contact."""
    rng, chance = scene.rng, scene.rng.random()
    if chance < 0.003:
        return GONE + rng.randrange(3)
    if chance < 0.05:
        return rng.choice(dismissed).id
    if of_contact is not None and chance < 0.55:
        return of_contact.id
    return rng.choice([each for each in scene.staff if each.active]).id


def _stage(scene: Scene, stages: list[Stage], age: float) -> Stage:
    """Old deals are closed, most of them; young ones are under way."""
    rng = scene.rng
    final = [each for each in stages if each.semantics != "P"]
    under_way = [each for each in stages if each.semantics == "P"]
    if rng.random() < 0.15 + 0.75 * min(1.0, age * 2):
        won = [each for each in final if each.semantics == "S"]
        return rng.choice(won if rng.random() < 0.4 else final)
    return rng.choice(under_way)


def _stamped(made: int, touched: int, by: int, scene: Scene) -> dict[str, Any]:
    """System times and people of a record; nothing is later than today."""
    last = min(touched, scene.today)
    return {
        "CREATED_TIME": min(made, scene.today),
        "UPDATED_TIME": max(min(made, scene.today), last),
        "LAST_ACTIVITY_TIME": max(min(made, scene.today), last),
        "CREATED_BY": by,
        "UPDATED_BY": by,
        "LAST_ACTIVITY_BY": by,
    }


def _activities(scene: Scene, people: list[Card], owners: list[Employee]) -> list[dict[str, Any]]:
    """A to-do on every eighth contact, most of them still open."""
    rng = scene.rng
    rows: list[dict[str, Any]] = []
    for at in range(0, len(people), 8):
        made = _moment(scene, at, len(people))
        due = made + rng.randrange(1, 400) * DAY
        rows.append(
            {
                "ID": len(rows) + 1,
                "OWNER_TYPE_ID": 3,
                "OWNER_ID": at + 1,
                "TYPE_ID": 6,
                "PROVIDER_ID": TODO,
                "PROVIDER_TYPE_ID": "TODO",
                "SUBJECT": rng.choice(("Позвонить", "Отправить подборку", "Согласовать показ")),
                "RESPONSIBLE_ID": owners[at].id,
                "AUTHOR_ID": owners[at].id,
                "EDITOR_ID": owners[at].id,
                "CREATED": made,
                "LAST_UPDATED": made,
                "START_TIME": due,
                "END_TIME": due,
                "DEADLINE": due,
                "COMPLETED": "N" if rng.random() < 0.7 else "Y",
                "STATUS": 1,
            }
        )
    return rows
