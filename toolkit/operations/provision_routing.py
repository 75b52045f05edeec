"""The smart process, or the universal list, that holds published routing directories, made where it is missing.

Source: api-reference/lists/lists/lists-add.md, api-reference/lists/fields/lists-field-add.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from toolkit.routing.shelf import CONTENT, FIELDS, PROCESS
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, binds, creates
from toolkit.runs.changes import binds_of_made
from toolkit.runs.references import made

__all__ = ["ProvisionRouting", "ProvisionRoutingParams"]

SHELF = "the smart process of published routing"
FIELD = "a field of published routing"
LIST = "the universal list of published routing"


class ProvisionRoutingParams(OperationParams):
    """What holds the directories, and how it is called.

    Args:
        shelf: `process`, a smart process; or `list`, a universal list, for portals without smart processes.
        entity_type_id: the number the process should get; None for the portal's choice.
        language: of its title.
    """

    shelf: Literal["process", "list"] = "process"

    entity_type_id: int | None = Field(default=None, ge=128)
    language: Literal["ru", "en"] = "ru"


class ProvisionRouting(Operation):
    """The smart process, or the list, that holds published routing directories, made where it is missing."""

    name = "provision_routing"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Set up the place where routing directories are published",
        "ru": "Настроить место публикации справочников маршрутизации",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "the smart process or the list, while nothing is published",
        "ru": "смарт-процесс или список, пока в нём ничего не опубликовано",
    }
    Params = ProvisionRoutingParams

    def reads(self, params: ProvisionRoutingParams) -> Mapping[str, Read]:
        """The smart processes and the custom fields; or the lists and their columns."""
        if params.shelf == "list":
            return {"list": Read(), "listcolumn": Read(linked_from=(("list", "ID"),))}
        return {
            "type": Read(),
            "userfield": Read(
                ["entityId", "fieldName", "userTypeId", "multiple", "mandatory", "xmlId", "sort"]
            ),
        }

    def plan(self, tables: Tables, params: ProvisionRoutingParams) -> Changes:
        """The process if it is missing, and the fields it lacks; or the list and its column."""
        title = {"ru": "Маршрутизация", "en": "Routing"}[params.language]
        if params.shelf == "list":
            return _list(tables, title, {"ru": "Содержание", "en": "Content"}[params.language])
        types, held = tables["type"], tables["userfield"]
        found = types[types["code"].fillna("") == PROCESS] if len(types) else types
        if found.empty:
            values: dict[str, Any] = {
                "title": title,
                "isStagesEnabled": "N",
                "isCategoriesEnabled": "N",
                "isAutomationEnabled": "N",
            }
            if params.entity_type_id is not None:
                values["entityTypeId"] = params.entity_type_id
            return Changes.joined(
                creates("type", [values], markers=[PROCESS], reason=SHELF), _fields(list(FIELDS), None)
            )
        number = int(found["id"].iloc[0])
        mine = held[held["entityId"] == f"CRM_{number}"] if len(held) else held
        named = {str(each) for each in mine["fieldName"]} if len(mine) else set()
        known = {str(each) for each in mine["xmlId"].dropna()} if len(mine) else set()
        lacking = [
            code
            for code in FIELDS
            if f"UF_CRM_{number}_{code.upper()}" not in named and _marker(code) not in known
        ]
        return _fields(lacking, number)


def _list(tables: Tables, title: str, label: str) -> Changes:
    """The list of published routing, with the column that says what its elements are."""
    lists, columns = tables["list"], tables["listcolumn"]
    wanted = {"TYPE": CONTENT, "NAME": label}
    found = lists[lists["CODE"].fillna("") == PROCESS] if len(lists) else lists
    if found.empty:
        return Changes.joined(
            creates("list", [{"NAME": title}], markers=[PROCESS], reason=LIST),
            binds_of_made("listcolumn", [PROCESS], to=[wanted], reason=FIELD),
        )
    number = int(found["ID"].iloc[0])
    if CONTENT in columns and columns.loc[columns["ID"] == number, CONTENT].notna().any():
        return Changes()
    return binds("listcolumn", [number], to=[wanted], reason=FIELD)


def _fields(codes: list[str], number: int | None) -> Changes:
    """Fields of a process that is there (`number`), or is made by the same plan."""
    values = []
    for code in codes:
        kind, russian, english = FIELDS[code]
        name: Any = (
            f"UF_CRM_{number}_{code.upper()}" if number else made(PROCESS, f"UF_CRM_{{}}_{code.upper()}")
        )
        values.append(
            {
                "entityId": f"CRM_{number}" if number else made(PROCESS, "CRM_{}"),
                "fieldName": name,
                "userTypeId": kind,
                "multiple": "N",
                "editFormLabel": {"ru": russian, "en": english},
            }
        )
    return creates("userfield", values, markers=[_marker(code) for code in codes], reason=FIELD)


def _marker(code: str) -> str:
    return f"{PROCESS}:{code}"
