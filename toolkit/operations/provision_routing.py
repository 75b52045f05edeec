"""The smart process that holds published routing directories, made where it is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from toolkit.routing.shelf import FIELDS, PROCESS
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, creates
from toolkit.runs.references import made

__all__ = ["ProvisionRouting", "ProvisionRoutingParams"]

SHELF = "the smart process of published routing"
FIELD = "a field of published routing"


class ProvisionRoutingParams(OperationParams):
    """How the smart process is called.

    Args:
        entity_type_id: the number it should get; None for the portal's choice.
        language: of its title.
    """

    entity_type_id: int | None = Field(default=None, ge=128)
    language: Literal["ru", "en"] = "ru"


class ProvisionRouting(Operation):
    """The smart process that holds published routing directories, made where it is missing."""

    name = "provision_routing"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Set up the place where routing directories are published",
        "ru": "Настроить место публикации справочников маршрутизации",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "the smart process, while nothing is published",
        "ru": "смарт-процесс, пока в нём ничего не опубликовано",
    }
    Params = ProvisionRoutingParams

    def reads(self, params: ProvisionRoutingParams) -> Mapping[str, Read]:
        """The smart processes and the custom fields."""
        return {
            "type": Read(),
            "userfield": Read(
                ["entityId", "fieldName", "userTypeId", "multiple", "mandatory", "xmlId", "sort"]
            ),
        }

    def plan(self, tables: Tables, params: ProvisionRoutingParams) -> Changes:
        """The process if it is missing, and the fields it lacks."""
        types, held = tables["type"], tables["userfield"]
        found = types[types["code"].fillna("") == PROCESS] if len(types) else types
        if found.empty:
            values: dict[str, Any] = {
                "title": {"ru": "Маршрутизация", "en": "Routing"}[params.language],
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
