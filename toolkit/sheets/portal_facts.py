"""What a portal knows that a directory may name: people, departments, pipelines, stages, lists of words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from toolkit.sheets.spelling import clean, fold, nearest_known

__all__ = ["Person", "PortalFacts"]


@dataclass(frozen=True)
class Person:
    """An employee.

    Args:
        id: of the user.
        name: first and last name.
        email: folded.
        active: works there.
        departments: ids.
        position: what the person is there; may be empty.
    """

    id: int
    name: str
    email: str
    active: bool
    departments: tuple[int, ...]
    position: str = ""


@dataclass(frozen=True)
class PortalFacts:
    """The portal's tables, as read from it; nothing here asks the portal.

    Args:
        users: columns ID, ACTIVE, NAME, LAST_NAME, SECOND_NAME, EMAIL, UF_DEPARTMENT (ids);
            WORK_POSITION where it is known; one row per user.
        departments: columns ID, NAME, PARENT.
        pipelines: columns id, name; of the entity appeals become.
        stages: columns STATUS_ID, NAME, CATEGORY_ID; of the same entity, CATEGORY_ID 0 or empty for the first
            pipeline.
        topics: the portal's list; None when it has none, and any topic is right.
        regions: likewise.
        channels: beside those of `columns.CHANNELS`.
        entity_type_id: of what appeals become: 2 for deals.

    Source:
        api-reference/user/user-get.md, departments/department-get.md, crm/status/crm-status-list.md,
        crm/universal/category/crm-category-list.md, read 2026-11-22.
    """

    users: pd.DataFrame
    departments: pd.DataFrame
    pipelines: pd.DataFrame
    stages: pd.DataFrame
    topics: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    channels: tuple[str, ...] = ()
    entity_type_id: int = 2

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """All employees."""
        return tuple(
            Person(
                int(row["ID"]),
                clean(f"{_text(row.get('NAME'))} {_text(row.get('LAST_NAME'))}"),
                fold(_text(row.get("EMAIL"))),
                row.get("ACTIVE") in (True, "true", "Y", "1", 1),
                tuple(_ids(row.get("UF_DEPARTMENT"))),
                _text(row.get("WORK_POSITION")),
            )
            for row in _rows(self.users)
        )

    @cached_property
    def _by_name(self) -> Mapping[str, list[Person]]:
        found: dict[str, list[Person]] = defaultdict(list)
        for person, row in zip(self.people, _rows(self.users), strict=True):
            name, last, second = (_text(row.get(key)) for key in ("NAME", "LAST_NAME", "SECOND_NAME"))
            spellings = {
                f"{name} {last}",
                f"{last} {name}",
                f"{name} {second} {last}",
                f"{last} {name} {second}",
            }
            for spelling in {fold(each) for each in spellings} - {""}:
                found[spelling].append(person)
        return found

    @cached_property
    def _by_id(self) -> Mapping[str, Person]:
        return {str(person.id): person for person in self.people}

    @cached_property
    def _by_email(self) -> Mapping[str, list[Person]]:
        found: dict[str, list[Person]] = defaultdict(list)
        for person in self.people:
            if person.email:
                found[person.email].append(person)
        return found

    def people_called(self, text: str) -> list[Person]:
        """Who is meant by an id, an e-mail or a full name; those who work there, when any does."""
        key = fold(text)
        if key.removeprefix("id ").isdigit():
            person = self._by_id.get(key.removeprefix("id "))
            return [person] if person else []
        found = self._by_email.get(key, []) if "@" in key else self._by_name.get(key, [])
        return [person for person in found if person.active] or list(found)

    def shown(self, person: Person) -> str:
        """`Иван Петров (старший оператор, Отдел качества, id 12, ivan@example.com)`."""
        named = [self.department_names.get(each, "") for each in person.departments]
        known = [person.position, *named, f"id {person.id}", person.email]
        return f"{person.name} ({', '.join(filter(None, known))})"

    def unmistakable(self, person: Person) -> str:
        """The name of somebody who works there; the e-mail, else the id, where others have the name."""
        alone = self._working[fold(person.name)] == 1 and person.name
        return person.name if alone else person.email or str(person.id)

    @cached_property
    def _working(self) -> Counter[str]:
        return Counter(fold(person.name) for person in self.people if person.active)

    def people_meant(self, text: str) -> list[Person]:
        """Who works there and may be meant by a surname alone, or a surname with a first name's initials.

        Args:
            text: `Иванова`, `Иванова А. П.`, `А.П. Иванова`.
        """
        words = fold(text).replace(".", " ").split()
        found: dict[int, Person] = {}
        for size in range(1, len(words) + 1):
            for surname, others in ((words[:size], words[size:]), (words[-size:], words[:-size])):
                for person, first, second in self._by_surname.get(" ".join(surname), ()):
                    if _agree(others, (first, second)):
                        found[person.id] = person
        return list(found.values())

    @cached_property
    def _by_surname(self) -> Mapping[str, list[tuple[Person, str, str]]]:
        """Folded surname to those who work there, with their folded first and second names."""
        found: dict[str, list[tuple[Person, str, str]]] = defaultdict(list)
        for person, row in zip(self.people, _rows(self.users), strict=True):
            surname, first, second = (
                fold(_text(row.get(key))) for key in ("LAST_NAME", "NAME", "SECOND_NAME")
            )
            if person.active and surname:
                found[surname].append((person, first, second))
        return found

    def nearest_person(self, text: str) -> str | None:
        """The name or e-mail of somebody who works there and may have been meant."""
        if "@" in text:
            return nearest_known(
                text, [person.email for person in self.people if person.active and person.email]
            )
        names = {key: people for key, people in self._by_name.items() if any(each.active for each in people)}
        return nearest_known(text, {key: people[0].name for key, people in names.items()})

    @cached_property
    def department_ids(self) -> Mapping[str, list[int]]:
        """Folded name, id as text, and name with those above it (`Продажи (Москва)`), to ids."""
        found = _named((row["ID"], row["NAME"]) for row in _rows(self.departments))
        for number, chain in self._above.items():
            for depth in range(1, len(chain)):
                known = found.setdefault(fold(self._under(number, depth)), [])
                if number not in known:
                    known.append(number)
        for number, label in self.department_names.items():
            found.setdefault(fold(label), [number])
        return found

    @cached_property
    def department_names(self) -> Mapping[int, str]:
        """Id to a name no other department has: `Продажи`, else `Продажи (Москва)`, else with more above it."""
        groups: dict[str, list[int]] = defaultdict(list)
        for number, name in self._plain_departments.items():
            groups[fold(name)].append(number)
        found = {}
        for numbers in groups.values():
            deepest = max(len(self._above[each]) for each in numbers)
            for depth in range(deepest):
                labels = {each: self._under(each, depth) for each in numbers}
                if len({fold(each) for each in labels.values()}) == len(numbers):
                    break
            else:
                labels = {each: f"{self._plain_departments[each]} (id {each})" for each in numbers}
            found.update(labels)
        return found

    @cached_property
    def _plain_departments(self) -> Mapping[int, str]:
        return {int(row["ID"]): _text(row["NAME"]) for row in _rows(self.departments)}

    def _under(self, department: int, depth: int) -> str:
        """A department's name with so many of those above it."""
        name, *above = (self._plain_departments.get(each, "") for each in self._above[department])
        return f"{name} ({' / '.join(above[:depth])})" if above[:depth] else name

    def one_department(self, text: str) -> str:
        """How everybody writes the only department meant by a name or an id; the text where it is not known."""
        ids = self.department_ids.get(fold(text), [])
        return self.department_names[ids[0]] if len(ids) == 1 else text

    @cached_property
    def pipeline_ids(self) -> Mapping[str, list[int]]:
        """Folded name, and id as text, to ids."""
        return _named((row["id"], row["name"]) for row in _rows(self.pipelines))

    @cached_property
    def stage_pipelines(self) -> Mapping[str, list[int]]:
        """Folded name, and stage id, to the ids of the pipelines that have such a stage."""
        found: dict[str, list[int]] = defaultdict(list)
        for row in _rows(self.stages):
            category = row.get("CATEGORY_ID")
            pipeline = int(float(category)) if category not in (None, "") and not pd.isna(category) else 0
            for key in {fold(_text(row["NAME"])), fold(_text(row["STATUS_ID"]))}:
                found[key].append(pipeline)
        return found

    @cached_property
    def pipeline_names(self) -> Mapping[int, str]:
        """Id to name."""
        return {int(row["id"]): _text(row["name"]) for row in _rows(self.pipelines)}

    def stages_of(self, pipelines: Iterable[int]) -> list[str]:
        """Names of the stages of pipelines, in the portal's order."""
        wanted = set(pipelines)
        return [
            _text(row["NAME"])
            for row in _rows(self.stages)
            if wanted & set(self.stage_pipelines[fold(_text(row["STATUS_ID"]))])
        ]

    @cached_property
    def _stages_by_word(self) -> Mapping[str, list[tuple[str, int]]]:
        """Folded name, and stage id, to stage ids with their pipelines, in the portal's order."""
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for row in _rows(self.stages):
            category = row.get("CATEGORY_ID")
            pipeline = int(float(category)) if category not in (None, "") and not pd.isna(category) else 0
            for key in {fold(_text(row["NAME"])), fold(_text(row["STATUS_ID"]))}:
                found[key].append((_text(row["STATUS_ID"]), pipeline))
        return found

    @cached_property
    def stage_names(self) -> Mapping[str, str]:
        """Stage id to name."""
        return {_text(row["STATUS_ID"]): _text(row["NAME"]) for row in _rows(self.stages)}

    def place_of(self, pipeline: str, stage: str) -> tuple[str, str]:
        """Ids of a pipeline and a stage that were named; "" where nothing was, the folded word where none is.

        A stage without a pipeline belongs to the only one that has it, else to the first that does.
        """
        ids = self.pipeline_ids.get(fold(pipeline), [])
        here = str(ids[0]) if ids else fold(pipeline)
        if not stage:
            return here, ""
        known = self._stages_by_word.get(fold(stage), [])
        fitting = [each for each in known if each[1] in ids] if pipeline else known
        if not fitting:
            return here, fold(stage)
        return str(fitting[0][1]), fitting[0][0]

    def line_of(self, department: int) -> tuple[int, ...]:
        """A department and all above it."""
        return self._above.get(department, (department,))

    def belongs(self, person: Person, departments: Iterable[int]) -> bool:
        """Whether somebody is in one of these departments, or in one below it."""
        wanted = set(departments)
        return any(wanted & set(self.line_of(each)) for each in person.departments)

    @cached_property
    def _above(self) -> Mapping[int, tuple[int, ...]]:
        parents = {
            int(row["ID"]): next(iter(_ids(row.get("PARENT"))), None) for row in _rows(self.departments)
        }
        found = {}
        for start in parents:
            chain: list[int] = []
            at: int | None = start
            while at is not None and at not in chain:
                chain.append(at)
                at = parents.get(at)
            found[start] = tuple(chain)
        return found


def _agree(said: Sequence[str], names: Sequence[str]) -> bool:
    """Whether words or initials contradict none of somebody's names; a name nobody wrote down contradicts nothing."""
    return len(said) <= len(names) and all(
        not name or (name.startswith(word) if len(word) == 1 else name == word)
        for word, name in zip(said, names, strict=False)
    )


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _text(value: Any) -> str:
    return clean(str(value)) if isinstance(value, str) or (value is not None and not pd.isna(value)) else ""


def _ids(value: Any) -> list[int]:
    """Ids out of what a portal or a file of its answers holds: a list, one id, or nothing."""
    if value is None or isinstance(value, bool):
        return []
    if isinstance(value, str):
        return [int(value)] if value.strip().isdigit() else []
    if isinstance(value, (int, float)):
        return [] if pd.isna(value) else [int(value)]
    return [each for part in value for each in _ids(part)]


def _named(pairs: Iterable[tuple[Any, Any]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number, name in pairs:
        for key in {fold(_text(name)), str(int(number))}:
            found[key].append(int(number))
    return found
