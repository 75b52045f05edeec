"""The smart process of appeals with its fields, made where it is missing, completed where it is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any, ClassVar

import pandas as pd
import yaml
from pydantic import Field

from toolkit.errors import ParameterError
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, creates, listed, updates
from toolkit.runs.changes import PHASES
from toolkit.runs.processes import (
    Language,
    ProcessDescription,
    card_changes,
    default_pipeline,
    relation_changes,
    stage_changes,
    stages_of,
)
from toolkit.runs.references import made
from toolkit.runs.routed import condition_fields, definitions_in

__all__ = ["ProvisionAppeals", "ProvisionAppealsParams", "shipped"]

PROCESS = "the smart process of appeals"
FIELD = "a field of appeals"
SWITCH = "appeals need it switched on"
ALIKE = "a field made by hand could serve: confirm it"


def shipped() -> ProcessDescription:
    """The description that comes with the library."""
    text = resources.files(__package__).joinpath("appeals.yaml").read_text(encoding="utf-8")
    return ProcessDescription.model_validate(yaml.safe_load(text))


class ProvisionAppealsParams(OperationParams):
    """Which smart process, and what it has already.

    Args:
        adopt: entity type id of a smart process made by hand; None for one of our own.
        entity_type_id: for a new one: the number it should get; None for the first that is free.
        pipeline: of an adopted one: the pipeline that gets the stages it lacks; None to leave stages alone.
        align: also give stages that read otherwise the names, colours and order of the description.
        fields: code to a field made by hand that serves (`duration: ufCrm5_1650000002`), as a person confirms
            it; "" to have a field of our own although one is alike.
        language: of the title.
        description: what to make; as `appeals.yaml`.
    """

    adopt: int | None = None
    entity_type_id: int | None = Field(default=None, ge=128)
    pipeline: int | None = Field(default=None, ge=1)
    align: bool = False
    fields: dict[str, str] = Field(default_factory=dict)
    language: Language = "ru"
    description: ProcessDescription = Field(default_factory=shipped)


class ProvisionAppeals(Operation):
    """The smart process of appeals with its fields, made where it is missing, completed where it is there."""

    name = "provision_appeals"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Set up the smart process of appeals",
        "ru": "Настроить смарт-процесс «Обращения»",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "a smart process made here, while it is empty; of an adopted one the fields nobody has filled",
        "ru": "созданный смарт-процесс, пока он пуст; у существующего — добавленные поля, пока они пусты",
    }
    Params = ProvisionAppealsParams

    def reads(self, params: ProvisionAppealsParams) -> Mapping[str, Read]:
        """The smart processes with all that belongs to them; of an adopted one also the labels."""
        fields = ["entityId", "fieldName", "userTypeId", "multiple", "mandatory", "xmlId", "sort"]
        each = (("type", "entityTypeId"),)
        reads = {
            "type": Read(),
            "userfield": Read(fields),
            "status": Read(),
            "pipeline": Read(linked_from=each),
            "card": Read(linked_from=each),
            "relation": Read(["id", "relations"], linked_from=each),
        }
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
        self._check_types(tables, params, confirmed)
        theirs = tables["pipeline"]
        pipelines = theirs.loc[theirs["entityTypeId"] == params.adopt, "id"].tolist() if len(theirs) else []
        if params.pipeline is not None and params.pipeline not in pipelines:
            known = ", ".join(map(str, pipelines)) or "none; pipelines are of an adopted process"
            raise ParameterError(
                self.name, "pipeline", params.pipeline, "is none of its pipelines", f"There are: {known}."
            )

    def _check_types(
        self, tables: Tables, params: ProvisionAppealsParams, confirmed: Mapping[str, str]
    ) -> None:
        """What is confirmed, and what bears a name of ours, holds values of the right type."""
        fields = params.description.fields
        for code, name in confirmed.items():
            if fields[code].by_label:
                continue
            there = tables[f"field:{params.adopt}"]
            kinds = there.loc[there["name"] == name, ["type", "isMultiple"]].to_dict("records")
            wanted = (fields[code].type, fields[code].multiple)
            if [(each["type"], bool(each["isMultiple"])) for each in kinds] != [wanted]:
                found = (
                    f"is a {_typed(kinds[0]['type'], kinds[0]['isMultiple'])}" if kinds else "is not there"
                )
                raise ParameterError(
                    self.name, f"fields.{code}", name, found, f"It takes a {_typed(*wanted)}."
                )
        found_process = self._found(tables["type"], params)
        if found_process is None:
            return
        for row in _own_fields(tables["userfield"], int(found_process["id"])).to_dict("records"):
            code = _code_of(row, params)
            held = (str(row["userTypeId"]), _on(row["multiple"]))
            if code and code not in confirmed and held != (fields[code].type, fields[code].multiple):
                raise ParameterError(
                    self.name,
                    f"fields.{code}",
                    row["fieldName"],
                    f"is a {_typed(*held)}, and appeals need a {_typed(fields[code].type, fields[code].multiple)}",
                    "The portal cannot change the type of a field: name another one, or rename this code.",
                )

    def plan(self, tables: Tables, params: ProvisionAppealsParams) -> Changes:
        """The process if it is missing, its switches, fields, stages, card and relations where it lacks them."""
        process, language = params.description, params.language
        found = self._found(tables["type"], params)
        if found is None:
            number = params.entity_type_id or _free(tables["type"])
            names: dict[str, Any] = {
                code: made(process.code, f"UF_CRM_{{}}_{code.upper()}") for code in process.fields
            }
            return Changes.joined(
                self._made(params, number),
                _fields(list(process.fields), params, None),
                stage_changes(process, number, language, present=None, pipeline=None, align=False),
                card_changes(process, number, language, cards=None, names=names),
            )
        number, own = int(found["entityTypeId"]), int(found["id"])
        wanted, proposed, names = self._sorted_out(tables, params, own)
        pipeline = params.pipeline or default_pipeline(tables["pipeline"], number)
        stages = Changes()
        if pipeline and (params.adopt is None or params.pipeline):
            present = stages_of(tables["status"], number, pipeline)
            stages = stage_changes(
                process, number, language, present=present, pipeline=pipeline, align=params.align
            )
        ours = {str(name) for name in names.values()}
        theirs = _own_fields(tables["userfield"], own)
        others = [str(each) for each in theirs["fieldName"] if str(each) not in ours] if len(theirs) else []
        off = [name for name in process.switches if not _on(found.get(name))]
        return Changes.joined(
            _switched(own, off),
            _fields(wanted, params, own),
            stages,
            card_changes(process, number, language, cards=tables["card"], names=names, others=others),
            relation_changes(process, number, tables["relation"]),
            listed(
                "userfield",
                [field for (field, _), _ in proposed],
                ALIKE,
                [f"{where}: {name}" for (_, name), where in proposed],
            ),
        )

    def _sorted_out(
        self, tables: Tables, params: ProvisionAppealsParams, own: int
    ) -> tuple[list[str], list[tuple[tuple[int, str], str]], dict[str, Any]]:
        """Codes of fields to be made, fields proposed in place of some, and code to the name of its field."""
        mine = _own_fields(tables["userfield"], own)
        here = {_code_of(row, params): str(row["fieldName"]) for row in mine.to_dict("records")}
        described = tables.get(f"field:{params.adopt}")
        alike = proposals(described, mine, params.description)
        served = found_by_label(described, params.description)
        upper = (
            dict(zip(described["name"], described["upperName"], strict=True)) if described is not None else {}
        )
        wanted: list[str] = []
        proposed: list[tuple[tuple[int, str], str]] = []
        names: dict[str, Any] = {}
        for code in params.description.fields:
            if params.fields.get(code):
                # A rehearsal's portal has no records of the process, so it does not describe their fields.
                names[code] = str(upper.get(params.fields[code]) or _upper_name(params.fields[code]))
            elif code in here:
                names[code] = here[code]
            elif code in served and code not in params.fields:
                continue  # made by hand, and found where it is needed
            elif code in alike and code not in params.fields:
                proposed.append((alike[code], f"fields.{code}"))
            else:
                wanted.append(code)
                names[code] = f"UF_CRM_{own}_{code.upper()}"
        return wanted, proposed, names

    def _found(self, types: pd.DataFrame, params: ProvisionAppealsParams) -> dict[str, Any] | None:
        if types.empty:
            return None
        if params.adopt is not None:
            chosen = types[types["entityTypeId"] == params.adopt]
        else:
            chosen = types[types["code"].fillna("") == params.description.code]
        return {str(k): v for k, v in chosen.iloc[0].items()} if len(chosen) else None

    def _made(self, params: ProvisionAppealsParams, number: int) -> Changes:
        process = params.description
        # Only these two spellings are taken for a relation.
        parents = [{"entityTypeId": each, "isChildrenListEnabled": "true"} for each in process.parents]
        values: dict[str, Any] = {
            "title": process.title[params.language],
            **dict.fromkeys(process.switches, "Y"),
            "relations": {"parent": parents, "child": []},
            "entityTypeId": number,
        }
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
    markers = [_marker(process, params.adopt, code) for code in codes]
    # Once it is certain that the process is there: a lost answer to its making is looked up first.
    return creates("userfield", values, markers=markers, reason=FIELD).at_phase(PHASES["create"] + 1)


def _marker(process: ProcessDescription, adopted: int | None, code: str) -> str:
    """The external code of a field; with the number of an adopted process: there may be several of those."""
    return f"{process.code}:{code}" if adopted is None else f"{process.code}:{adopted}:{code}"


def _switched(number: int, off: list[str]) -> Changes:
    if not off:
        return Changes()
    before, after = {name: ["N"] for name in off}, {name: ["Y"] for name in off}
    return updates("type", [number], before=before, after=after, reason=SWITCH)


def proposals(
    described: pd.DataFrame | None, mine: pd.DataFrame, process: ProcessDescription
) -> dict[str, tuple[int, str]]:
    """Fields made by hand that are of the type and label of one of ours.

    Args:
        described: the entity `field:<number>` of the process; None for none.
        mine: its rows of the entity `userfield`.
        process: the description.

    Returns:
        Code to the field's id and its name.
    """
    if described is None or described.empty or mine.empty:
        return {}
    ids = dict(zip(mine["fieldName"], mine["id"].astype("int64"), strict=True))
    found: dict[str, tuple[int, str]] = {}
    for code, field in process.fields.items():
        if field.by_label:
            continue
        labels = {label.casefold() for label in (field.ru, field.en, *field.alike)}
        for row in described.to_dict("records"):
            fits = row["type"] == field.type and bool(row["isMultiple"]) == field.multiple
            if fits and str(row["title"]).casefold() in labels and row["upperName"] in ids:
                found.setdefault(code, (ids[row["upperName"]], str(row["name"])))
    return found


def found_by_label(described: pd.DataFrame | None, process: ProcessDescription) -> dict[str, str]:
    """Fields made by hand that serve as they are, since whoever needs them finds them by their labels.

    Args:
        described: the entity `field:<number>` of the process; None for none.
        process: the description.

    Returns:
        Code to the field's name.
    """
    if described is None or described.empty:
        return {}
    found = condition_fields(definitions_in(described), {}, asked_by=ProvisionAppeals.name)
    return {code: found[code] for code, field in process.fields.items() if field.by_label and code in found}


def _own_fields(userfields: pd.DataFrame, own: int) -> pd.DataFrame:
    return userfields[userfields["entityId"] == f"CRM_{own}"] if len(userfields) else userfields


def _code_of(row: Mapping[Any, Any], params: ProvisionAppealsParams) -> str:
    """Which of our codes a custom field stands for, by its external code or its name; "" for none."""
    known = params.description.fields
    for code in known:
        named = str(row["fieldName"]) == f"UF_{row['entityId']}_{code.upper()}"
        if named or row["xmlId"] == _marker(params.description, params.adopt, code):
            return code
    return ""


def _free(types: pd.DataFrame) -> int:
    """The first number a new smart process may have: even, from 1030 on, and after those there are.

    Source:
        api-reference/crm/universal/user-defined-object-types/crm-type-add.md, read 2026-11-22.
    """
    taken = [int(each) for each in types["entityTypeId"]] if len(types) else []
    return max([1028, *(each for each in taken if each >= 1030 and each % 2 == 0)]) + 2


def _typed(kind: str, multiple: Any) -> str:
    return f"{kind} with several values" if multiple is True or multiple == 1 else kind


def _upper_name(name: str) -> str:
    """`UF_CRM_1_1650000001` of `ufCrm1_1650000001`, as the portal spells the two."""
    return re.sub(r"^ufCrm_?(\d+)_?", r"UF_CRM_\1_", name).upper()


def _on(value: Any) -> bool:
    return value is not None and value is not pd.NA and value in (True, "Y")
