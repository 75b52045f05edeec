"""The smart process of appeals with its fields, made where it is missing, completed where it is there."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Any, ClassVar, Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field

from toolkit.errors import ParameterError
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, creates, listed, updates
from toolkit.runs.references import made

__all__ = ["AppealField", "AppealProcess", "ProvisionAppeals", "ProvisionAppealsParams"]

PROCESS = "the smart process of appeals"
FIELD = "a field of appeals"
SWITCH = "appeals need it switched on"
ALIKE = "a field made by hand could serve: confirm it"


class AppealField(BaseModel):
    """One field of an appeal.

    Args:
        type: as `userfieldconfig.add` knows it.
        ru, en: its labels.
        multiple: whether it holds several values.
        alike: other labels by which a field made by hand is recognised.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    ru: str
    en: str
    multiple: bool = False
    alike: list[str] = Field(default_factory=list)


class AppealProcess(BaseModel):
    """The smart process as `appeals.yaml` describes it; see the comments there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    title: dict[Literal["ru", "en"], str]
    switches: list[str]
    parents: list[int]
    fields: dict[str, AppealField]

    @classmethod
    def shipped(cls) -> AppealProcess:
        """The description that comes with the library."""
        text = resources.files(__package__).joinpath("appeals.yaml").read_text(encoding="utf-8")
        return cls.model_validate(yaml.safe_load(text))


class ProvisionAppealsParams(OperationParams):
    """Which smart process, and what it has already.

    Args:
        adopt: entity type id of a smart process made by hand; None for one of our own.
        entity_type_id: for a new one: the number it should get; None for the portal's choice.
        fields: code to a field made by hand that serves (`duration: ufCrm5_1650000002`), as a person confirms
            it; "" to have a field of our own although one is alike.
        language: of the title.
        description: what to make; as `appeals.yaml`.
    """

    adopt: int | None = None
    entity_type_id: int | None = Field(default=None, ge=128)
    fields: dict[str, str] = Field(default_factory=dict)
    language: Literal["ru", "en"] = "ru"
    description: AppealProcess = Field(default_factory=AppealProcess.shipped)


class ProvisionAppeals(Operation):
    """The smart process of appeals with its fields, made where it is missing, completed where it is there."""

    name = "provision_appeals"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Set up the smart process of appeals",
        "ru": "Настроить смарт-процесс «Обращения»",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "a smart process made here, while it is empty; fields added to an adopted one stay",
        "ru": "созданный смарт-процесс, пока он пуст; поля, добавленные в существующий, остаются",
    }
    Params = ProvisionAppealsParams

    def reads(self, params: ProvisionAppealsParams) -> Mapping[str, Read]:
        """The smart processes and the custom fields; of an adopted one also the labels."""
        fields = ["entityId", "fieldName", "userTypeId", "multiple", "mandatory", "xmlId", "sort"]
        reads = {"type": Read(), "userfield": Read(fields)}
        if params.adopt is not None:
            reads[f"field:{params.adopt}"] = Read()
        return reads

    def check(self, tables: Tables, params: ProvisionAppealsParams) -> None:
        """What is adopted exists; what is confirmed is a field of it, of the right type."""
        types = tables["type"]
        numbers = sorted(int(each) for each in types["entityTypeId"]) if len(types) else []
        if params.adopt is not None and params.adopt not in numbers:
            raise ParameterError(
                self.name, "adopt", params.adopt, "is not a smart process", f"There are: {numbers}."
            )
        strange = sorted(set(params.fields) - set(params.description.fields))
        if strange:
            known = ", ".join(params.description.fields)
            raise ParameterError(self.name, "fields", strange, "stand for nothing", f"Known: {known}.")
        confirmed = {code: name for code, name in params.fields.items() if name}
        if confirmed and params.adopt is None:
            raise ParameterError(
                self.name, "fields", confirmed, "need a process that has them", "Say which one: adopt."
            )
        for code, name in confirmed.items():
            there = tables[f"field:{params.adopt}"]
            kinds = there.loc[there["name"] == name, "type"].tolist()
            if kinds != [params.description.fields[code].type]:
                found = f"is a {kinds[0]}" if kinds else "is not there"
                wanted = params.description.fields[code].type
                raise ParameterError(self.name, f"fields.{code}", name, found, f"It takes a {wanted}.")

    def plan(self, tables: Tables, params: ProvisionAppealsParams) -> Changes:
        """The process if it is missing, its switches, and the fields it lacks."""
        process = params.description
        found = self._found(tables["type"], params)
        if found is None:
            return Changes.joined(self._made(params), _fields(list(process.fields), params, None))
        held = tables["userfield"]
        number = int(found["id"])
        mine = held[held["entityId"] == f"CRM_{number}"] if len(held) else held
        known = {str(each) for each in mine["xmlId"].dropna()} if len(mine) else set()
        named = {str(each) for each in mine["fieldName"]} if len(mine) else set()
        alike = _alike(tables.get(f"field:{params.adopt}"), mine, process)
        wanted, proposed = [], []
        for code in process.fields:
            if params.fields.get(code) or _marker(process, params.adopt, code) in known:
                continue
            if f"UF_CRM_{number}_{code.upper()}" in named:
                continue
            if code in alike and code not in params.fields:
                proposed.append((alike[code], f"fields.{code}"))
            else:
                wanted.append(code)
        off = [name for name in process.switches if not _on(found.get(name))]
        return Changes.joined(
            _switched(number, off),
            _fields(wanted, params, number),
            listed(
                "userfield",
                [field for (field, _), _ in proposed],
                ALIKE,
                [f"{where}: {name}" for (_, name), where in proposed],
            ),
        )

    def _found(self, types: pd.DataFrame, params: ProvisionAppealsParams) -> dict[str, Any] | None:
        if types.empty:
            return None
        if params.adopt is not None:
            chosen = types[types["entityTypeId"] == params.adopt]
        else:
            chosen = types[types["code"].fillna("") == params.description.code]
        return {str(k): v for k, v in chosen.iloc[0].items()} if len(chosen) else None

    def _made(self, params: ProvisionAppealsParams) -> Changes:
        process = params.description
        # Only these two spellings are taken for a relation.
        parents = [{"entityTypeId": each, "isChildrenListEnabled": "true"} for each in process.parents]
        values: dict[str, Any] = {
            "title": process.title[params.language],
            **dict.fromkeys(process.switches, "Y"),
            "relations": {"parent": parents, "child": []},
        }
        if params.entity_type_id is not None:
            values["entityTypeId"] = params.entity_type_id
        return creates("type", [values], markers=[process.code], reason=PROCESS)


def _fields(codes: list[str], params: ProvisionAppealsParams, number: int | None) -> Changes:
    """Fields of a process that is there (`number`), or is made by the same plan."""
    process = params.description
    values = []
    for code in codes:
        field = process.fields[code]
        labels = {"ru": field.ru, "en": field.en}
        owner: Any = f"CRM_{number}" if number else made(process.code, "CRM_{}")
        name: Any = (
            f"UF_CRM_{number}_{code.upper()}" if number else made(process.code, f"UF_CRM_{{}}_{code.upper()}")
        )
        values.append(
            {
                "entityId": owner,
                "fieldName": name,
                "userTypeId": field.type,
                "multiple": "Y" if field.multiple else "N",
                "editFormLabel": labels,
            }
        )
    return creates(
        "userfield", values, markers=[_marker(process, params.adopt, code) for code in codes], reason=FIELD
    )


def _marker(process: AppealProcess, adopted: int | None, code: str) -> str:
    """The external code of a field; with the number of an adopted process: there may be several of those."""
    return f"{process.code}:{code}" if adopted is None else f"{process.code}:{adopted}:{code}"


def _switched(number: int, off: list[str]) -> Changes:
    if not off:
        return Changes()
    before, after = {name: ["N"] for name in off}, {name: ["Y"] for name in off}
    return updates("type", [number], before=before, after=after, reason=SWITCH)


def _alike(
    described: pd.DataFrame | None, mine: pd.DataFrame, process: AppealProcess
) -> dict[str, tuple[int, str]]:
    """Code to a field made by hand of the same type and label: its id and its name."""
    if described is None or described.empty or mine.empty:
        return {}
    ids = dict(zip(mine["fieldName"], mine["id"].astype("int64"), strict=True))
    found: dict[str, tuple[int, str]] = {}
    for code, field in process.fields.items():
        labels = {label.casefold() for label in (field.ru, field.en, *field.alike)}
        for row in described.to_dict("records"):
            fits = row["type"] == field.type and bool(row["isMultiple"]) == field.multiple
            if fits and str(row["title"]).casefold() in labels and row["upperName"] in ids:
                found.setdefault(code, (ids[row["upperName"]], str(row["name"])))
    return found


def _on(value: Any) -> bool:
    return value is not None and value is not pd.NA and value in (True, "Y")
