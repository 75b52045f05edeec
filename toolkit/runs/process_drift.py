"""How a smart process stands on a portal, and how it differs from a description or from another portal's.

    snapshot, or appeals.yaml ──▶ Standing (a file a person can read) ──▶ drift: one row per difference

Numbers differ from portal to portal, so everything is named by what stays: fields by the end of their name
(`UF_CRM_7_RESULT` is `result`) or the code a person gave them, stages and sections by their codes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from toolkit.runs.processes import Language, ProcessDescription, default_pipeline, stages_of

__all__ = ["DRIFT_COLUMNS", "Standing", "drift"]

DRIFT_COLUMNS = ["what", "code", "difference", "here", "there"]

_SWITCHES = (
    "isStagesEnabled",
    "isCategoriesEnabled",
    "isClientEnabled",
    "isAutomationEnabled",
    "isBizProcEnabled",
)


class Standing(BaseModel):
    """A smart process as it stands.

    Args:
        code, title: its own.
        switches: name to on or off, of those that matter to appeals.
        parents: entity type ids it hangs below, clients left out.
        fields: code to `type`, `multiple` and `label`.
        stages: code to `name`, `color`, `semantics`, `place` (1 is the first).
        sections: code of a section of the card to the codes of its fields; empty when nobody arranged it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    title: str
    switches: dict[str, bool] = Field(default_factory=dict)
    parents: list[int] = Field(default_factory=list)
    fields: dict[str, dict[str, Any]] = Field(default_factory=dict)
    stages: dict[str, dict[str, Any]] = Field(default_factory=dict)
    sections: dict[str, list[str]] = Field(default_factory=dict)

    @classmethod
    def described(cls, process: ProcessDescription, language: Language) -> Standing:
        """What a portal would hold if it held the description."""
        return cls(
            code=process.code,
            title=process.title[language],
            switches=dict.fromkeys(process.switches, True),
            parents=sorted(process.parents),
            fields={
                code: {
                    "type": field.type,
                    "multiple": field.multiple,
                    "label": field.ru if language == "ru" else field.en,
                }
                for code, field in process.fields.items()
            },
            stages={
                cells["code"]: _stage(cells, place)
                for place, cells in enumerate(process.stage_cells(language), start=1)
            },
            sections={code: list(section.fields) for code, section in process.sections.items()},
        )

    @classmethod
    def seen(
        cls, tables: Mapping[str, pd.DataFrame], number: int, given: Mapping[str, str] | None = None
    ) -> Standing:
        """What a snapshot holds of a smart process.

        Args:
            tables: type, userfield, status, pipeline, card, relation, and `field:<number>` for the labels.
            number: its entity type id.
            given: code to field made by hand (`duration: ufCrm5_1650000002`).
        """
        types = tables["type"]
        row = types[types["entityTypeId"] == number].iloc[0].to_dict()
        codes = {name: code for code, name in (given or {}).items() if name}
        shown = _table(tables, f"field:{number}")
        of_upper = {
            str(each["upperName"]): codes.get(str(each["name"]), "") for each in shown.to_dict("records")
        }
        labels = {str(each["upperName"]): str(each["title"]) for each in shown.to_dict("records")}
        fields: dict[str, dict[str, Any]] = {}
        named: dict[str, str] = {}
        userfields = _table(tables, "userfield")
        mine = userfields[userfields["entityId"] == f"CRM_{row['id']}"] if len(userfields) else userfields
        for each in mine.to_dict("records"):
            upper = str(each["fieldName"])
            code = of_upper.get(upper) or upper.removeprefix(f"UF_CRM_{row['id']}_").lower()
            named[upper] = code
            fields[code] = {
                "type": str(each["userTypeId"]),
                "multiple": each["multiple"] in (True, "Y"),
                "label": labels.get(upper, ""),
            }
        pipeline = default_pipeline(_table(tables, "pipeline"), number)
        held = sorted(stages_of(_table(tables, "status"), number, pipeline).values(), key=_sort)
        relations = _json_of(_table(tables, "relation"), number, "relations") or {}
        clients = (3, 4)
        return cls(
            code=str(row.get("code") or ""),
            title=str(row["title"]),
            switches={name: row.get(name) in (True, "Y") for name in _SWITCHES if name in row},
            parents=sorted(
                int(each["entityTypeId"])
                for each in relations.get("parent") or []
                if int(each["entityTypeId"]) not in clients
            ),
            fields=fields,
            stages={each["code"]: _stage(each, place) for place, each in enumerate(held, start=1)},
            sections={
                str(each["name"]): [
                    named.get(str(one["name"]), str(one["name"])) for one in each.get("elements") or []
                ]
                for each in _json_of(_table(tables, "card"), number, "value") or []
            },
        )


def drift(here: Standing, there: Standing) -> pd.DataFrame:
    """Differences between two smart processes, or one and its description.

    Args:
        here: of this portal.
        there: what it is held against.

    Returns:
        One row per difference; columns as `DRIFT_COLUMNS`: what (`process`, `switch`, `relation`, `field`,
        `stage`, `section`), code, difference (`missing` here, `extra` here, or `other` and the property), here,
        there.
    """
    rows: list[dict[str, Any]] = []

    def note(what: str, code: Any, difference: str, one: Any = "", other: Any = "") -> None:
        values = (what, str(code), difference, _words(one), _words(other))
        rows.append(dict(zip(DRIFT_COLUMNS, values, strict=True)))

    if here.title != there.title:
        note("process", there.code, "other title", here.title, there.title)
    for name, on in there.switches.items():
        if name in here.switches and here.switches[name] != on:
            note("switch", name, "other state", here.switches[name], on)
    for each in sorted(set(there.parents) ^ set(here.parents)):
        note("relation", each, "missing" if each in there.parents else "extra")
    for what, mine, theirs in (("field", here.fields, there.fields), ("stage", here.stages, there.stages)):
        for code in [*theirs, *(each for each in mine if each not in theirs)]:
            if code not in mine or code not in theirs:
                side = theirs.get(code) or mine[code]
                told = side.get("label") or side.get("name") or side.get("type", "")
                note(what, code, *(("extra", told, "") if code in mine else ("missing", "", told)))
                continue
            for name, value in theirs[code].items():
                if not _alike(mine[code].get(name), value):
                    note(what, code, f"other {name}", mine[code].get(name), value)
    shown = {each for fields in here.sections.values() for each in fields}
    for section, fields in there.sections.items():
        for field in fields:
            if here.sections and field in here.fields and field not in shown:
                note("section", section, "missing field", "", field)
    return pd.DataFrame(rows, columns=DRIFT_COLUMNS).astype("str")


def _stage(cells: Mapping[str, Any], place: int) -> dict[str, Any]:
    return {
        "name": cells["NAME"],
        "color": str(cells["COLOR"]).upper(),
        "semantics": cells["SEMANTICS"],
        "place": place,
    }


def _sort(cells: Mapping[str, Any]) -> int:
    return int(cells["SORT"])


def _table(tables: Mapping[str, pd.DataFrame], name: str) -> pd.DataFrame:
    return tables.get(name, pd.DataFrame())


def _json_of(table: pd.DataFrame, number: int, column: str) -> Any:
    held = table[table["ID"] == number][column].tolist() if len(table) else []
    return json.loads(held[0]) if held and isinstance(held[0], str) else None


def _alike(one: Any, other: Any) -> bool:
    # A portal that was not asked for labels says none.
    return one == "" or str(one).casefold() == str(other).casefold()


def _words(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
