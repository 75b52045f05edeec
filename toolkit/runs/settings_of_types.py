"""Settings of a smart process that have no id of their own to be addressed by: stages, card layout, relations.

They are changed by rows of kind `bind` whose record is the entity type (177); `before` and `after` say what
is set, an empty one that nothing is:

    status    a stage, by its code        {"code": "NEW", "NAME": "Новое", "COLOR": "#39A8EF", "SORT": 10,
                                           "SEMANTICS": "", "pipeline": 9}
    card      the layout all users share  {"sections": [...]}
    relation  types it hangs below        {"parents": [2]}

A stage without `pipeline` is one of the default pipeline, and with `fresh` the process was made by the same
plan, so that what the portal put there by itself gives way.

Source: api-reference/crm/status/crm-status-{list,add,update,delete}.md, api-reference/crm/universal/
{category/crm-category-list,item-details-configuration/*,user-defined-object-types/crm-type-update}.md, read
2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from toolkit.client import Command, Outcome
from toolkit.records import FieldType
from toolkit.runs.rows import Base, Row, Verdict, listed_in

__all__ = ["SETTINGS", "CardLayout", "Relations", "Stages", "as_set", "same_layout", "stage_facts", "stands"]

SETTINGS = ("status", "card", "relation")
"""Entities whose `bind` rows are such settings."""

_TOLD = ("NAME", "COLOR", "SORT")
_LAYOUT = "crm.item.details.configuration"


class Stages(Base):
    """Stages of one pipeline, found by their code."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """The pipelines and all stages; two commands, however many stages."""
        types = sorted({row.record_id for row in rows})
        pipelines = [Command("crm.category.list", {"entityTypeId": each}) for each in types]
        return [*pipelines, Command("crm.status.list", {"order": {"SORT": "ASC"}})]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when it reads as wanted; open when it is not there, or is as before."""
        numbers = sorted({row.record_id for row in rows})
        default = {
            number: _default(listed_in(outcome)) for number, outcome in zip(numbers, outcomes, strict=False)
        }
        present = listed_in(outcomes[-1])
        return [self._one(row, present, default[row.record_id]) for row in rows]

    def _one(self, row: Row, present: Sequence[Mapping[str, Any]], default: int) -> Verdict:
        side = row.after or row.before
        pipeline = int(side.get("pipeline") or default)
        if not pipeline:
            return Verdict("foreign", "the smart process has no pipeline")
        dictionary = f"DYNAMIC_{row.record_id}_STAGE_{pipeline}"
        theirs = [each for each in present if each["ENTITY_ID"] == dictionary]
        found = next((each for each in theirs if _code(each["STATUS_ID"]) == side["code"]), None)
        seen = stage_facts(found) if found is not None else {}
        known = {"ID": int(found["ID"])} if found is not None else {}
        ready = replace(row, after={**row.after, **known, "ENTITY_ID": dictionary})
        if found is None:
            if not row.after:
                return Verdict("true")
            return Verdict("foreign", "the stage is gone") if row.before else Verdict("open", row=ready)
        if row.after and _reads(seen, row.after):
            return Verdict("true")
        if row.after.get("fresh") or (row.before and _reads(seen, row.before)):
            return Verdict("open", row=ready)
        return Verdict("foreign", "the stage reads otherwise by now", seen)

    def method(self, row: Row) -> str:
        """Which method writes it."""
        if not row.after.get("code"):
            return "crm.status.delete"
        return "crm.status.update" if row.before or "ID" in row.after else "crm.status.add"

    def command(self, row: Row) -> Command:
        """One stage added, changed or removed."""
        method, cells = self.method(row), {name: row.after.get(name) for name in _TOLD}
        if method == "crm.status.delete":
            return Command(method, {"id": row.after["ID"]})
        if method == "crm.status.update":
            return Command(method, {"id": row.after["ID"], "fields": cells})
        key = {"ENTITY_ID": row.after["ENTITY_ID"], "STATUS_ID": row.after["code"]}
        return Command(method, {"fields": {**key, **cells, "SEMANTICS": row.after.get("SEMANTICS", "")}})


class CardLayout(Base):
    """The layout of the card that all users share."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """One layout for each."""
        return [Command(f"{_LAYOUT}.get", _whole_card(row)) for row in rows]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when arranged as wanted; open when as before, or by nobody."""
        return [self._one(row, outcome.result or []) for row, outcome in zip(rows, outcomes, strict=True)]

    def _one(self, row: Row, present: Any) -> Verdict:
        if same_layout(present, row.after.get("sections", [])):
            return Verdict("true")
        if same_layout(present, row.before.get("sections", [])):
            return Verdict("open")
        return Verdict("foreign", "somebody has arranged the card since", present)

    def method(self, row: Row) -> str:
        """Which method writes it."""
        return f"{_LAYOUT}.{'set' if row.after else 'reset'}"

    def command(self, row: Row) -> Command:
        """One layout."""
        data = {"data": row.after["sections"]} if row.after else {}
        return Command(self.method(row), {**_whole_card(row), **data})


class Relations(Base):
    """Types whose cards list the records; what else hangs together stays as it is."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """One smart process for each."""
        return [Command("crm.type.getByEntityTypeId", {"entityTypeId": row.record_id}) for row in rows]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when the relations are there (or, nothing being wanted, are not)."""
        return [self._one(row, outcome.result or {}) for row, outcome in zip(rows, outcomes, strict=True)]

    def _one(self, row: Row, answer: Mapping[str, Any]) -> Verdict:
        process = answer.get("type", {})
        relations = process.get("relations") or {}
        parents = _own(relations.get("parent"))
        there, added = {each["entityTypeId"] for each in parents}, set(row.after.get("parents", ()))
        taken = set(row.before.get("parents", ()))
        if added <= there and not taken & there:
            return Verdict("true")
        kept = [each for each in parents if each["entityTypeId"] not in taken | added]
        new = [{"entityTypeId": each, "isChildrenListEnabled": "true"} for each in sorted(added)]
        whole = {"parent": [*kept, *new], "child": _own(relations.get("child"))}
        return Verdict("open", row=replace(row, after={"id": int(process["id"]), "relations": whole}))

    def method(self, row: Row) -> str:
        """Which method writes it."""
        return "crm.type.update"

    def command(self, row: Row) -> Command:
        """All relations: the portal replaces them whole."""
        return Command(
            self.method(row), {"id": row.after["id"], "fields": {"relations": row.after["relations"]}}
        )


def stage_facts(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a line of `crm.status.list` says of a stage, as `after` of a change spells it."""
    return {
        "code": _code(str(row["STATUS_ID"])),
        "NAME": str(row["NAME"]),
        "COLOR": str(row.get("COLOR") or ""),
        "SORT": int(row["SORT"]),
        "SEMANTICS": str(row.get("SEMANTICS") or ""),
    }


def same_layout(one: Any, other: Any) -> bool:
    """Whether two layouts show the same fields in the same sections."""
    return _shape(one) == _shape(other)


def _shape(sections: Any) -> list[tuple[str, str, list[str]]]:
    return [
        (
            str(each.get("name", "")),
            str(each.get("title", "")),
            [str(one.get("name", "")) for one in each.get("elements") or []],
        )
        for each in sections or []
    ]


def _reads(seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(str(seen[name]).casefold() == str(wanted.get(name, "")).casefold() for name in _TOLD)


def _code(status: str) -> str:
    return status.rpartition(":")[2]


def _default(pipelines: Sequence[Mapping[str, Any]]) -> int:
    chosen = [each for each in pipelines if each.get("isDefault") == "Y"] or list(pipelines)
    return min((int(each["id"]) for each in chosen), default=0)


def _whole_card(row: Row) -> dict[str, Any]:
    return {"entityTypeId": row.record_id, "scope": "C"}


def _own(relations: Any) -> list[dict[str, Any]]:
    """Relations that can be set; those to clients follow from a switch."""
    return [
        {
            "entityTypeId": int(each["entityTypeId"]),
            "isChildrenListEnabled": "true" if each.get("isChildrenListEnabled") == "Y" else "false",
        }
        for each in relations or []
        if each.get("isPredefined") != "Y"
    ]


def stands(
    table: pd.DataFrame, name: str, number: int, wanted: Mapping[str, Any], instead: Mapping[str, Any]
) -> bool:
    """Whether a snapshot shows a setting as it was before a change.

    Args:
        table: the entity `status`, `card` or `relation`.
        name: which of them.
        number: entity type id.
        wanted: what stood there before; empty for nothing.
        instead: what the change put in its place.
    """
    if name == "status":
        pipeline = instead.get("pipeline", "")
        theirs = table[table["ENTITY_ID"] == f"DYNAMIC_{number}_STAGE_{pipeline}"] if len(table) else table
        plain = theirs.astype(object).where(theirs.notna(), None).to_dict("records")
        facts = [stage_facts({str(key): value for key, value in row.items()}) for row in plain]
        seen = next((each for each in facts if each["code"] == instead["code"]), None)
        return seen is None if not wanted else seen is not None and _reads(seen, wanted)
    column = "value" if name == "card" else "relations"
    held = table[table["ID"] == number][column].tolist() if len(table) else []
    known = json.loads(held[0]) if held and isinstance(held[0], str) else None
    if name == "card":
        return same_layout(known, wanted.get("sections", []))
    parents = {int(each["entityTypeId"]) for each in (known or {}).get("parent") or []}
    return parents.isdisjoint(instead.get("parents", ()))


def as_set(table: pd.DataFrame, name: str, number: int, after: Mapping[str, Any]) -> pd.DataFrame:
    """The table of a snapshot once a setting is made; for what is carried out in memory.

    Args:
        table: the entity `status`, `card` or `relation`.
        name: which of them.
        number: entity type id.
        after: the setting.
    """
    if name == "status":
        prefix = f"DYNAMIC_{number}_STAGE_"
        found = [each for each in table["ENTITY_ID"] if str(each).startswith(prefix)] if len(table) else []
        pipeline = int(after.get("pipeline") or (found[0].removeprefix(prefix) if found else 1))
        status = f"DT{number}_{pipeline}:{after['code']}"
        last = int(table["ID"].max()) if len(table) else 0
        cells = {each: after[each] for each in (*_TOLD, "SEMANTICS")}
        new = {"ID": last + 1, "ENTITY_ID": f"{prefix}{pipeline}", "STATUS_ID": status, **cells}
        rest = table[table["STATUS_ID"] != status] if len(table) else table
        return pd.concat([rest, pd.DataFrame([new])], ignore_index=True)
    value = (
        {"value": json.dumps(after["sections"])}
        if name == "card"
        else {"relations": json.dumps({"parent": [{"entityTypeId": each} for each in after["parents"]]})}
    )
    rest = table[table["ID"] != number] if len(table) else table
    return pd.concat([rest, pd.DataFrame([{"ID": number, **value}])], ignore_index=True)
