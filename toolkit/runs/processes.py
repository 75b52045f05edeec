"""A smart process as a readable file describes it, and what a portal lacks of it: stages, card, relations.

Start reading at `ProcessDescription`. What is found is found by codes, never by titles: stages by the code
behind the colon of their id, fields by their names, sections of the card by theirs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from toolkit.runs.changes import Changes, binds, listed
from toolkit.runs.settings_of_types import stage_facts

__all__ = [
    "Language",
    "ProcessDescription",
    "ProcessField",
    "ProcessSection",
    "ProcessStage",
    "card_changes",
    "default_pipeline",
    "relation_changes",
    "stage_changes",
    "stages_of",
]

Language = Literal["ru", "en"]

STAGE = "a stage of appeals"
ALIGNED = "a stage as described"
CARD = "the card shows the fields of appeals"
RELATION = "appeals hang below these records"
OTHERWISE = "a stage reads otherwise than described"

_MAIN = ("TITLE", "STAGE_ID", "ASSIGNED_BY_ID", "CLIENT")


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProcessField(_Described):
    """One field.

    Args:
        type: as `userfieldconfig.add` knows it.
        ru, en: its labels.
        multiple: whether it holds several values.
        alike: other labels by which a field made by hand is recognised.
        by_label: whoever needs the field finds it by its label, whatever its type: see `condition_fields`.
    """

    type: str
    ru: str
    en: str
    multiple: bool = False
    alike: list[str] = Field(default_factory=list)
    by_label: bool = False


class ProcessStage(_Described):
    """One stage of the pipeline.

    Args:
        ru, en: its names.
        color: `#39A8EF`.
        semantics: S success, F failure, nothing for work in progress.
    """

    ru: str
    en: str
    color: str = Field(default="#39A8EF", pattern=r"^#[0-9A-Fa-f]{6}$")
    semantics: Literal["", "S", "F"] = ""


class ProcessSection(_Described):
    """One section of the card.

    Args:
        ru, en: its titles.
        fields: codes of the fields it shows, in order.
    """

    ru: str
    en: str
    fields: list[str]


class ProcessDescription(_Described):
    """The smart process as `appeals.yaml` describes it; see the comments there."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    title: dict[Language, str]
    switches: list[str]
    parents: list[int]
    fields: dict[str, ProcessField]
    stages: dict[str, ProcessStage] = Field(default_factory=dict)
    sections: dict[str, ProcessSection] = Field(default_factory=dict)

    def stage_cells(self, language: Language) -> list[dict[str, Any]]:
        """The stages in their order, as a portal would tell them."""
        return [
            {
                "code": code,
                "NAME": stage.ru if language == "ru" else stage.en,
                "COLOR": stage.color,
                "SORT": (index + 1) * 10,
                "SEMANTICS": stage.semantics,
            }
            for index, (code, stage) in enumerate(self.stages.items())
        ]


def default_pipeline(pipelines: pd.DataFrame, number: int) -> int:
    """The default pipeline of a smart process, else its first; 0 when it has none.

    Args:
        pipelines: the entity `pipeline`.
        number: its entity type id.
    """
    theirs = pipelines[pipelines["entityTypeId"] == number] if len(pipelines) else pipelines
    if theirs.empty:
        return 0
    chosen = theirs[theirs["isDefault"].fillna(False).isin([True, "Y"])]
    return int((chosen if len(chosen) else theirs)["id"].min())


def stages_of(statuses: pd.DataFrame, number: int, pipeline: int) -> dict[str, dict[str, Any]]:
    """Code to what a portal says of the stages of a pipeline.

    Args:
        statuses: the entity `status`.
        number: entity type id of the smart process.
        pipeline: id of its pipeline.
    """
    if statuses.empty:
        return {}
    theirs = statuses[statuses["ENTITY_ID"] == f"DYNAMIC_{number}_STAGE_{pipeline}"]
    plain = theirs.astype(object).where(theirs.notna(), None)
    facts = [
        stage_facts({str(name): value for name, value in row.items()}) for row in plain.to_dict("records")
    ]
    return {each["code"]: each for each in facts}


def stage_changes(
    described: ProcessDescription,
    number: int,
    language: Language,
    *,
    present: Mapping[str, Mapping[str, Any]] | None,
    pipeline: int | None,
    align: bool,
) -> Changes:
    """Stages that are missing; those that read otherwise, when asked for, else as a list for a person.

    Args:
        described: the description.
        number: entity type id of the smart process.
        language: of the names.
        present: from `stages_of`; None for a process that the same plan makes.
        pipeline: id of the pipeline; None for the default one.
        align: give names, colours and order as described to stages that have others.
    """
    wanted = described.stage_cells(language)
    where = {"pipeline": pipeline} if pipeline else {}
    if present is None:
        to = [{**cells, "fresh": True} for cells in wanted]
        return binds("status", [number] * len(to), to=to, reason=STAGE)
    before: list[Mapping[str, Any]] = []
    after: list[Mapping[str, Any]] = []
    reasons: list[str] = []
    otherwise: list[str] = []
    for cells in wanted:
        held = present.get(cells["code"])
        if held is not None and all(
            str(held[name]).casefold() == str(cells[name]).casefold() for name in ("NAME", "COLOR", "SORT")
        ):
            continue
        if held is not None and not align:
            otherwise.append(f"{cells['code']}: {held['NAME']} ≠ {cells['NAME']}")
            continue
        before.append({} if held is None else {**held, **where})
        after.append({**cells, **where})
        reasons.append(STAGE if held is None else ALIGNED)
    return Changes.joined(
        binds("status", [number] * len(after), to=after, instead_of=before, reason=reasons),
        listed("status", [number] * len(otherwise), OTHERWISE, otherwise),
    )


def card_changes(
    described: ProcessDescription,
    number: int,
    language: Language,
    *,
    cards: pd.DataFrame | None,
    names: Mapping[str, Any],
    others: Sequence[str] = (),
) -> Changes:
    """The card of all users, arranged where nobody did, completed where it lacks fields.

    Args:
        described: the description.
        number: entity type id of the smart process.
        language: of the titles.
        cards: the entity `card`; None for a process that the same plan makes.
        names: code to the name of its field (`UF_CRM_5_RESULT`), or what stands for it until it is made.
        others: names of fields that are there besides: arranging a card must not hide them.
    """
    if not described.sections:
        return Changes()
    held = cards[cards["ID"] == number]["value"].tolist() if cards is not None and len(cards) else []
    present: list[dict[str, Any]] = json.loads(held[0]) if held and isinstance(held[0], str) else []
    wanted: list[dict[str, Any]] = [
        {
            "name": code,
            "title": section.ru if language == "ru" else section.en,
            "type": "section",
            "elements": [{"name": names[each], "optionFlags": 1} for each in section.fields if each in names],
        }
        for code, section in described.sections.items()
    ]
    if not present:
        parents = [f"PARENT_ID_{each}" for each in described.parents]
        main = [{"name": each, "optionFlags": 1} for each in (*_MAIN, *parents, *others)]
        title = "Об обращении" if language == "ru" else "About"
        first = {"name": "main", "title": title, "type": "section", "elements": main}
        return binds("card", [number], to=[{"sections": [first, *wanted]}], reason=CARD)
    shown = {str(each["name"]) for section in present for each in section.get("elements") or []}
    sections = [{**each, "elements": list(each.get("elements") or [])} for each in present]
    for section in wanted:
        lacking = [each for each in section["elements"] if each["name"] not in shown]
        mine = next((each for each in sections if each["name"] == section["name"]), None)
        if lacking and mine is not None:
            mine["elements"] += lacking
        elif lacking:
            sections.append({**section, "elements": lacking})
    before = {"sections": present}
    if sections == [{**each, "elements": list(each.get("elements") or [])} for each in present]:
        return Changes()
    return binds("card", [number], to=[{"sections": sections}], instead_of=[before], reason=CARD)


def relation_changes(described: ProcessDescription, number: int, relations: pd.DataFrame) -> Changes:
    """Parents the smart process lacks.

    Args:
        described: the description.
        number: entity type id of the smart process.
        relations: the entity `relation`.
    """
    held = relations[relations["ID"] == number]["relations"].tolist() if len(relations) else []
    known = json.loads(held[0]) if held and isinstance(held[0], str) else {}
    there = {int(each["entityTypeId"]) for each in known.get("parent") or []}
    lacking = sorted(set(described.parents) - there)
    if not held or not lacking:
        return Changes()
    return binds("relation", [number], to=[{"parents": lacking}], reason=RELATION)
