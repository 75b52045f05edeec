"""Where else a card is named: custom fields of type CRM, parents, tasks of the portal, elements of lists.

The portal's merge leaves most of these alone, and they go on naming a card that is gone. What REST can write is
written; elements of lists are listed with their link, since writing one empties every field that is not given.

    C_5, CO_3, L_1   a field that may name cards of several kinds, and tasks
    5                a field that may name cards of one kind only, and parents

Source:
    api-reference/crm/universal/user-defined-fields/crm-userfield-settings-fields.md,
    api-reference/crm/data-types.md, api-reference/tasks/fields.md,
    api-reference/lists/elements/lists-element-update.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from toolkit.records import entity
from toolkit.runs.changes import Changes, listed
from toolkit.runs.operation import Tables
from toolkit.runs.references import REFERENCE, made

__all__ = ["LEAD", "LEAD_STAYS", "NamingFields", "Ref", "listed_elements", "running_on", "unread_processes"]

UNREAD = "a smart process that was not read: what it says of merged cards is not looked after"
IN_LIST = "an element of a list names a card under an id it no longer has: correct it by hand"

Ref = Callable[[str, int], Any]
"""What a card is called now: its id, or the place of one that is going to be made."""

_ABBREVIATIONS = {"L": "lead", "C": "contact", "CO": "company"}
_TYPES = {"LEAD": "lead", "CONTACT": "contact", "COMPANY": "company"}
_NAMED = re.compile(r"(L|C|CO)_(\d+)")
LEAD = "leadId"
"""The lead a record came from; only quotes let it be written.

Source: api-reference/crm/universal/object-fields.md, read 2026-11-22.
"""
LEAD_STAYS = "the lead it came from cannot be written: it stays the surviving one"

_PARENTS = {"parentId1": "lead", "parentId3": "contact", "parentId4": "company"}


class NamingFields:
    """The fields of each entity that name cards.

    Args:
        tables: records; `field:2` tells which custom fields of deals name cards.
    """

    def __init__(self, tables: Tables) -> None:
        self._sole: dict[str, dict[str, str]] = {}
        for name, table in tables.items():
            fields = {column: kind for column, kind in _PARENTS.items() if column in table}
            if name == "quote" and LEAD in table:
                fields[LEAD] = "lead"
            definitions = tables.get(f"field:{entity(name).entity_type_id}")
            if entity(name).family == "item" and definitions is not None:
                fields |= {field: kind for field, kind in _of_type_crm(definitions) if field in table}
            if name == "task" and "ufCrmTask" in table:
                fields["ufCrmTask"] = ""
            if fields:
                self._sole[name] = fields

    def of(self, name: str) -> list[str]:
        """The fields of an entity that name cards."""
        return list(self._sole.get(name, ()))

    @property
    def entities(self) -> list[str]:
        """The entities that have any."""
        return list(self._sole)

    def cards(self, name: str, field: str, value: Any) -> list[tuple[str, int]]:
        """The cards a cell names."""
        found: list[tuple[str, int]] = []

        def noted(of: str, card: int) -> int:
            found.append((of, card))
            return card

        self.renamed(name, field, value, noted)
        return found

    def renamed(self, name: str, field: str, value: Any, ref: Ref) -> Any:
        """A cell with the names that cards have now; the value itself where the field names none."""
        sole = self._sole.get(name, {}).get(field)
        if sole is None or value is None or value is pd.NA or value is pd.NaT:
            return value
        if hasattr(value, "__iter__") and not isinstance(value, str):
            several: list[Any] = []
            for each in value:
                now = _renamed(each, sole, ref)
                if now not in several:
                    several.append(now)
            return several
        return _renamed(value, sole, ref)


def _renamed(value: Any, sole: str, ref: Ref) -> Any:
    text = str(value)
    if match := _NAMED.fullmatch(text):
        short, number = match.groups()
        now = ref(_ABBREVIATIONS[short], int(number))
        return made(now[REFERENCE], f"{short}_{{}}") if isinstance(now, Mapping) else f"{short}_{now}"
    if sole and text.removesuffix(".0").isdecimal() and float(text):
        now = ref(sole, int(float(text)))
        return now if isinstance(now, Mapping) else type(value)(now) if isinstance(value, str) else int(now)
    return value


def _of_type_crm(definitions: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Custom fields that name CRM records, with the one kind they may name, or ""."""
    columns = {"name", "type", "isDynamic"}
    if not columns <= set(definitions):
        return
    for row in definitions.to_dict("records"):
        if row["type"] != "crm" or row["isDynamic"] is not True:
            continue
        text = row.get("settings")
        settings = json.loads(text) if isinstance(text, str) and text else {}
        allowed = [kind for kind, may in settings.items() if may == "Y"] if isinstance(settings, dict) else []
        yield str(row["name"]), _TYPES.get(allowed[0], "") if len(allowed) == 1 else ""


def listed_elements(tables: Tables, now: Mapping[tuple[str, int], str]) -> Changes:
    """Elements of lists that name cards by ids they no longer have.

    Args:
        tables: with `listelement:<list>`.
        now: by card what is to be told of it.
    """
    parts = []
    for name, table in tables.items():
        if not name.startswith("listelement:"):
            continue
        columns = [column for column in table if str(column).startswith("PROPERTY_")]
        for row in table[["ID", *columns]].to_dict("records"):
            told = {
                f"{match.group()}: {now[card]}": None
                for column in columns
                for match in _NAMED.finditer(str(row[column]))
                if (card := (_ABBREVIATIONS[match[1]], int(match[2]))) in now
            }
            if told:
                parts.append(listed(name, [int(row["ID"])], IN_LIST, ", ".join(told)))
    return Changes.joined(*parts)


def running_on(tables: Tables) -> set[tuple[str, int]]:
    """The cards on which workflows run: entity and id. Merging a card away ends them; none can be moved.

    Args:
        tables: with `workflow`, if that was read.

    Source:
        api-reference/bizproc/bizproc-workflow-instances.md, read 2026-11-23: documents of CRM are named
        `LEAD_1`, `CONTACT_7`, `COMPANY_3`.
    """
    table = tables.get("workflow")
    if table is None or table.empty:
        return set()
    documents = table.loc[table["MODULE_ID"] == "crm", "DOCUMENT_ID"].astype("str")
    found = documents.str.extract(r"^(LEAD|CONTACT|COMPANY)_(\d+)$").dropna()
    return {(_TYPES[kind], int(card)) for kind, card in zip(found[0], found[1], strict=True)}


def unread_processes(tables: Tables) -> Changes:
    """Smart processes whose items were not read."""
    table = tables.get("type")
    if table is None or table.empty:
        return Changes()
    unread = table[[f"item:{int(number)}" not in tables for number in table["entityTypeId"]]]
    return listed(
        "type",
        unread["id"],
        UNREAD,
        [
            f"{title}: name {int(number)} in processes"
            for title, number in zip(unread["title"], unread["entityTypeId"], strict=True)
        ],
    )
