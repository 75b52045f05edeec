"""What every seed needs: chance, time, departments, staff, custom fields, and the truth kept aside.

A seed is the same for the same number: everything comes from one generator. Times are relative to the
portal's clock, floored to its day, so that the newest record is from today.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ..portal import Sandbox
from ..state.bulk import add_rows, in_bulk
from ..state.fields import Kind
from ..state.store import declare_table
from ..subjects import files
from .people import Person, draw_person, transliterated

__all__ = ["DAY", "YEAR", "CustomField", "Employee", "Scene", "Stage"]

DAY = 86_400
YEAR = 365 * DAY
WITHOUT_ACCESS = 0.1  # share of staff who see only what is their own

# What a program would have to find out, written down by the seed that made it. No method shows it.
declare_table(
    "seed_truth",
    "SEED",
    "TOPIC",
    "ENTITY_TYPE_ID int",
    "RECORD_ID int",
    "CLUSTER int",
    "KIND",
    "EXTRA json",
    indexes=[("TOPIC", "ENTITY_TYPE_ID", "RECORD_ID"), ("TOPIC", "CLUSTER")],
)


@dataclass(frozen=True)
class Employee:
    """Somebody who works, or worked, at the firm.

    Args:
        id: user id.
        person: name.
        department: id of the department.
        active: False once dismissed.
        email: at work.
        extension: internal number.
    """

    id: int
    person: Person
    department: int
    active: bool
    email: str
    extension: str


@dataclass(frozen=True)
class Stage:
    """One stage of a pipeline, as rows of records need it.

    Args:
        id: `C1:NEW`.
        semantics: P, S, F.
        first: whether records begin there.
    """

    id: str
    semantics: str
    first: bool


@dataclass(frozen=True)
class CustomField:
    """A custom field a seed makes.

    Args:
        code: after `UF_CRM_`.
        type: the portal's type.
        label: in Russian.
        multiple: holds several values.
        options: texts of an enumeration.
        settings: as the portal keeps them.
        filled: share of records that have a value.
    """

    code: str
    type: str
    label: str
    multiple: bool = False
    options: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None
    filled: float = 0.1


EVERY_TYPE: tuple[CustomField, ...] = (
    CustomField("COMMENT_1C", "string", "Комментарий из 1С", filled=0.2),
    CustomField("EXTRA_PHONES", "string", "Прежние телефоны", multiple=True, filled=0.05),
    CustomField("1747309879", "integer", "Этаж", filled=0.3),
    CustomField("AREA", "double", "Площадь, м²", filled=0.3),
    CustomField("MORTGAGE", "boolean", "Ипотека", filled=0.5),
    CustomField("SHOWN_ON", "date", "Дата показа", filled=0.2),
    CustomField("CALL_AGAIN", "datetime", "Перезвонить", filled=0.1),
    CustomField(
        "PURPOSE", "enumeration", "Цель", options=("Для жизни", "Инвестиция", "Для детей", "Офис"), filled=0.4
    ),
    CustomField(
        "DISTRICTS",
        "enumeration",
        "Районы",
        multiple=True,
        options=("Центр", "Север", "Юг", "Запад", "Восток", "Область"),
        filled=0.25,
    ),
    CustomField("BUDGET", "money", "Бюджет", filled=0.3),
    CustomField("PAGE", "url", "Страница объекта", filled=0.1),
    CustomField("PLACE", "address", "Адрес объекта", filled=0.1),
    CustomField("PASSPORT", "file", "Скан паспорта", filled=0.005),
    CustomField("SCANS", "file", "Сканы", multiple=True, filled=0.002),
    CustomField("CURATOR", "employee", "Куратор", filled=0.1),
    CustomField("TEAM", "employee", "Команда", multiple=True, filled=0.03),
    CustomField("TIED_TO", "crm", "Связано с", settings={"CONTACT": "Y", "COMPANY": "Y"}, filled=0.03),
    CustomField("FOUND_BY", "crm_status", "Как нашёл нас", settings={"ENTITY_TYPE": "SOURCE"}, filled=0.1),
    CustomField("SECTION", "iblock_section", "Раздел каталога", filled=0.05),
    CustomField("OBJECT", "iblock_element", "Объект каталога", filled=0.1),
)
"""One field of every type, and some of them multiple."""


class Scene:
    """A portal while a seed furnishes it.

    Args:
        portal: the sandbox, fresh from the factory.
        name: the seed's name.
        seed: its number.
    """

    def __init__(self, portal: Sandbox, name: str, seed: int) -> None:
        self.portal, self.name, self.seed = portal, name, seed
        self.store = portal.store
        self.rng = Random(f"{name}:{seed}")  # noqa: S311  # chance, not secrecy
        self.today = int(portal.clock.now()) // DAY * DAY
        self.staff: list[Employee] = []
        self._truth: list[tuple[Any, ...]] = []
        self._options: dict[tuple[str, str], list[int]] = {}

    # -- the firm --------------------------------------------------------------------------------

    def add_departments(self, names: Sequence[str], parent: int | None = None) -> list[int]:
        """Departments under `parent`, the firm itself unless given; their ids."""
        if parent is None:
            parent = self.store.value("SELECT MIN(ID) FROM department")
            if parent is None:
                parent = self.store.insert("department", {"NAME": "Компания", "SORT": 500})
        return [
            self.store.insert("department", {"NAME": name, "SORT": 500, "PARENT": parent}) for name in names
        ]

    def add_staff(
        self, count: int, departments: Sequence[int], *, dismissed: int, domain: str, position: str
    ) -> list[Employee]:
        """Hire people evenly into departments; the last `dismissed` of a shuffled row have left.

        The first of each department who stayed becomes its head.
        """
        rng, store = self.rng, self.store
        first = int(store.value("SELECT COALESCE(MAX(ID), 0) FROM user")) + 1
        left = set(rng.sample(range(count), dismissed))
        hired: list[Employee] = []
        rows = []
        for index in range(count):
            person = draw_person(rng)
            id_ = first + index
            department = departments[index % len(departments)]
            login = f"{transliterated(person.first[:1])}.{transliterated(person.last)}{id_}".lower()
            employee = Employee(
                id_, person, department, index not in left, f"{login}@{domain}", str(100 + id_)
            )
            hired.append(employee)
            since = self.today - rng.randrange(200, 6 * 365) * DAY
            rows.append(
                {
                    "ID": id_,
                    "NAME": person.first,
                    "LAST_NAME": person.last,
                    "SECOND_NAME": person.middle,
                    "EMAIL": employee.email,
                    "ACTIVE": "Y" if employee.active else "N",
                    "UF_DEPARTMENT": json.dumps([department]),
                    "UF_PHONE_INNER": employee.extension,
                    "WORK_POSITION": position,
                    "PERSONAL_GENDER": "F" if person.sex == "f" else "M",
                    "DATE_REGISTER": since,
                    "LAST_LOGIN": self.today - (rng.randrange(0, 5) if employee.active else 90) * DAY,
                    "CRM_READ": "O" if rng.random() < WITHOUT_ACCESS else "X",
                    "CRM_WRITE": "X",
                }
            )
        add_rows(store, "user", rows)
        for department in departments:
            head = next((each.id for each in hired if each.department == department and each.active), None)
            if head:
                store.update("department", department, {"UF_HEAD": head})
        self.staff += hired
        return hired

    def kind(self, entity_type_id: int) -> Kind:
        """A kind of record that surely exists."""
        kind = self.portal.schema.kind(entity_type_id)
        if kind is None:
            raise LookupError(f"the portal has no entity type {entity_type_id}")
        return kind

    def stages(self, kind: Kind, category: int) -> list[Stage]:
        """The stages of a pipeline, in order."""
        rows = self.portal.stages(kind, category)
        return [Stage(row["STATUS_ID"], row["SEMANTICS"] or "P", not index) for index, row in enumerate(rows)]

    # -- custom fields ---------------------------------------------------------------------------

    def add_history(self, type_id: int, records: Iterable[Mapping[str, Any]]) -> None:
        """Tell where each record began, and where it stands, in the history of stages.

        Args:
            type_id: entity type id.
            records: with ID, CATEGORY_ID, STAGE_ID, CREATED_TIME, MOVED_TIME.
        """
        kind = self.kind(type_id)
        stages = {
            row["CATEGORY_ID"]: {each.id: each for each in self.stages(kind, row["CATEGORY_ID"])}
            for row in self.store.find("category", ENTITY_TYPE_ID=type_id)
        }
        add_rows(
            self.store, "stage_history", (row for each in records for row in _steps(type_id, each, stages))
        )

    def add_fields(self, uf_entity: str, fields: Iterable[CustomField]) -> None:
        """Make custom fields of a kind of record."""
        for at, each in enumerate(fields):
            id_ = self.store.insert(
                "user_field",
                {
                    "ENTITY_ID": uf_entity,
                    "FIELD_NAME": f"UF_CRM_{each.code}",
                    "USER_TYPE_ID": each.type,
                    "SORT": (at + 1) * 10,
                    "MULTIPLE": "Y" if each.multiple else "N",
                    "SETTINGS": json.dumps(dict(each.settings or {}), ensure_ascii=False),
                    "LABELS": json.dumps({"editFormLabel": {"ru": each.label}}, ensure_ascii=False),
                },
            )
            if each.options:
                self._options[uf_entity, each.code] = [
                    self.store.insert(
                        "user_field_option", {"FIELD_ID": id_, "VALUE": text, "SORT": (place + 1) * 10}
                    )
                    for place, text in enumerate(each.options)
                ]
        self.portal.schema.forget()

    def options(self, kind: Kind, code: str) -> list[int]:
        """Ids of an enumeration's options, in the order they were given."""
        return self._options[kind.uf_entity, code]

    def draw_fields(self, kind: Kind, fields: Iterable[CustomField], now: int) -> dict[str, Any]:
        """Stored values for some of the fields; the rest stay empty."""
        rng = self.rng
        drawn: dict[str, Any] = {}
        for each in fields:
            if rng.random() >= each.filled:
                continue
            column = f"UF_CRM_{each.code}"
            values = [self._value(kind, each, column, now) for _ in range(rng.randrange(1, 4))]
            if each.multiple:
                drawn[column] = json.dumps(list(dict.fromkeys(values)), ensure_ascii=False)
            else:
                drawn[column] = json.dumps(values[0]) if each.type == "file" else values[0]
        return drawn

    def _value(self, kind: Kind, field: CustomField, column: str, now: int) -> Any:
        rng = self.rng
        match field.type:
            case "integer" | "iblock_section" | "iblock_element":
                return rng.randrange(1, 40)
            case "double":
                return round(rng.uniform(18, 140), 1)
            case "boolean":
                return rng.randrange(2)
            case "date":
                zone = self.portal.zone
                return zone.iso_day(zone.moment(now + rng.randrange(60) * DAY))
            case "datetime":
                return now + rng.randrange(30 * DAY)
            case "enumeration":
                return rng.choice(self.options(kind, field.code))
            case "money":
                return f"{rng.randrange(10, 400) * 100_000}|RUB"
            case "url":
                return f"https://example.ru/objects/{rng.randrange(10_000)}"
            case "address":
                return f"Москва, ул. Садовая, {rng.randrange(1, 90)}|55.75;37.61"
            case "file":
                name = f"scan-{rng.randrange(10**6)}.txt"
                owner = f"{kind.entity_type_id}:{column}"
                return files.keep(self.portal, name, f"Скан {name}".encode(), owner=owner)
            case "employee":
                return rng.choice(self.staff).id
            case "crm":
                return f"C_{rng.randrange(1, 100)}"
            case "crm_status":
                return rng.choice(("CALL", "WEB", "RECOMMENDATION"))
            case _:
                return f"{rng.choice(('+7916', 'договор ', 'см. '))}{rng.randrange(10**6)}"

    # -- activities ------------------------------------------------------------------------------

    def add_activities(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add activities, each bound to its owner.

        Args:
            rows: stored values of `activity`, `ID` among them; `also`, pairs (entity type id, id) of
                further bindings; `to`, (type, value, entity type id, id) of the communication.
        """
        bare: list[dict[str, Any]] = []
        bindings: list[dict[str, Any]] = []
        communications: list[dict[str, Any]] = []
        for row in rows:
            owner = (row["OWNER_TYPE_ID"], row["OWNER_ID"])
            for type_id, id_ in dict.fromkeys([owner, *row.get("also", ())]):
                bindings.append({"ACTIVITY_ID": row["ID"], "ENTITY_TYPE_ID": type_id, "ENTITY_ID": id_})
            if row.get("to"):
                type_, value, type_id, id_ = row["to"]
                place = {"ACTIVITY_ID": row["ID"], "ENTITY_TYPE_ID": type_id, "ENTITY_ID": id_}
                communications.append({**place, "TYPE": type_, "VALUE": value})
            bare.append({name: value for name, value in row.items() if name not in ("also", "to")})
        add_rows(self.store, "activity", bare)
        add_rows(self.store, "activity_binding", bindings)
        add_rows(self.store, "activity_communication", communications)

    # -- the truth -------------------------------------------------------------------------------

    def know(
        self,
        topic: str,
        entity_type_id: int,
        record_id: int,
        cluster: int,
        kind: str,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down a truth about a record.

        Args:
            topic: `same_person`, `household`, `same_firm`, ...
            cluster: records of one cluster belong together; 0 for none.
            kind: the error or circumstance, in the words of the seed.
            extra: more of it.
        """
        self._truth.append(
            (
                self.name,
                topic,
                entity_type_id,
                record_id,
                cluster,
                kind,
                json.dumps(extra, ensure_ascii=False) if extra else None,
            )
        )

    def finish(self) -> None:
        """Keep the truth, and let SQLite learn the shape of the tables."""
        with in_bulk(self.store):
            self.store.insert_many(
                "seed_truth",
                ["SEED", "TOPIC", "ENTITY_TYPE_ID", "RECORD_ID", "CLUSTER", "KIND", "EXTRA"],
                self._truth,
            )
        self._truth.clear()
        self.portal.forget_stages()


def _steps(
    type_id: int, record: Mapping[str, Any], stages: Mapping[int, Mapping[str, Stage]]
) -> Iterator[dict[str, Any]]:
    """One entry for the making, one for the last move."""
    known = stages[record["CATEGORY_ID"]]
    common = {
        "ENTITY_TYPE_ID": type_id,
        "OWNER_ID": record["ID"],
        "CATEGORY_ID": record["CATEGORY_ID"],
    }
    first, now = next(iter(known.values())), known[record["STAGE_ID"]]
    for stage, type_of_entry, at in (
        (first, 1, record["CREATED_TIME"]),
        (now, 2 if now.semantics == "P" else 3, record["MOVED_TIME"]),
    ):
        if type_of_entry == 1 or not stage.first:
            yield {
                **common,
                "TYPE_ID": type_of_entry,
                "CREATED_TIME": at,
                "STAGE_SEMANTIC_ID": stage.semantics,
                "STAGE_ID": stage.id,
            }
