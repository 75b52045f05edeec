"""Open appeals that stand where the published directory would not put them, moved to where it would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import Field

from toolkit.errors import ParameterError
from toolkit.records import Entity, entity
from toolkit.routing.evaluator import Decision, Directory
from toolkit.routing.shelf import CONTENT, ELEMENTS, Shelf
from toolkit.routing.wholesale import PastAppeals, decide_all
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, listed, rewrites
from toolkit.runs.routed import (
    FirstStages,
    appeals_in,
    condition_fields,
    definitions_in,
    directory_in_force,
)

__all__ = ["RerouteOpenAppeals", "RerouteOpenAppealsParams"]

DISMISSED = "its responsible was dismissed"
AWAY = "its responsible is away"
WRONG = "the directory names another responsible"
PIPELINE = "the directory names another pipeline"
STAGE = "the directory names another stage"
NOTED = "noted where routing has put it"
BY_HAND = "a person decided otherwise: left as it is"
NO_RULE = "its responsible is not there, and no rule says who follows"
NOBODY = "everybody the directory names is away"

_MOVES = frozenset({2, 3, 5})


class RerouteOpenAppealsParams(OperationParams):
    """Which appeals, by which directory, and whose word counts more.

    Args:
        process: entity type id of the smart process of published routing; None for the universal list.
        on: the day for which the directory is asked; its version of that day is taken.
        entity: what appeals are: `deal`, or a smart process (`item:177`).
        fields: code (topic, subtopic, region, department, channel, text) to the field that holds it; what is
            not said is found by the fields' labels.
        change: what may be changed.
        stages: when a stage in the right pipeline is put back: `untouched`, only where nobody has moved the
            appeal (by the portal's stage history); `with_pipeline`, never by itself; `always`.
        override_field: a field in which a person says hands off: anything in it but no, 0 and nothing.
        routed_field: a text field in which routing notes the responsible and the pipeline it set; where an
            appeal does not stand as noted, a person has moved it since, and it is left alone, unless its
            responsible was dismissed.
        respect: keep to both of these; False moves also what people have decided.
        absent: ids of people on leave now, beside the directory's substitutions.
        categories: only these pipelines; None for all.
        zone: of the working hours.
    """

    process: int | None = Field(ge=128)
    on: date
    entity: str = "deal"
    fields: dict[str, str] = Field(default_factory=dict)
    change: list[Literal["responsible", "pipeline", "stage"]] = Field(
        default=["responsible", "pipeline", "stage"], min_length=1
    )
    stages: Literal["untouched", "with_pipeline", "always"] = "untouched"
    override_field: str = ""
    routed_field: str = ""
    respect: bool = True
    absent: list[int] = Field(default_factory=list)
    categories: list[int] | None = None
    zone: str = "Europe/Moscow"


class RerouteOpenAppeals(Operation):
    """Open appeals that stand where the published directory would not put them, moved to where it would."""

    name = "reroute_open_appeals"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Move open appeals to where the published routing puts them",
        "ru": "Перенаправить открытые обращения по опубликованному справочнику",
    }
    undo: ClassVar[Mapping[str, str]] = {"en": "everything", "ru": "всё"}
    Params = RerouteOpenAppealsParams

    def parameters(self, given: Mapping[str, Any]) -> Any:
        """Parameters checked and typed; the day and the place have to be given.

        Raises:
            ParameterError: as every operation; of the day and the place it says which command fills them in.
        """
        for name in ("on", "process"):
            if name not in given:
                remedy = "Run instead: b24kit routing reroute. It fills in the day and the place by itself."
                raise ParameterError(self.name, name, None, "is not given", remedy)
        return super().parameters(given)

    def reads(self, params: RerouteOpenAppealsParams) -> Mapping[str, Read]:
        """The directory, the appeals with what their fields mean, the users and the stages."""
        kind = entity(params.entity)
        number = kind.entity_type_id
        own = [each for each in (params.process, _own_number(kind)) if each is not None]
        columns = ["CODE", CONTENT, "CREATED_BY", "DATE_CREATE"] if params.process is None else None
        reads = {
            **({"type": Read(filter={"@entityTypeId": own})} if own else {}),
            _shelf(params): Read(columns),
            "user": Read(["ID", "ACTIVE", "NAME", "LAST_NAME"]),
            "status": Read(),
            f"field:{number}": Read(),
            kind.name: Read(filter=self._open(params)),
        }
        if params.stages == "untouched":
            reads[f"stagehistory:{number}"] = Read(filter={"@TYPE_ID": sorted(_MOVES)})
        return reads

    def watches(self, params: RerouteOpenAppealsParams) -> Mapping[str, Sequence[str]]:
        """The appeals."""
        return {entity(params.entity).name: ["id"]}

    def narrowed(self, params: RerouteOpenAppealsParams, changed: Tables) -> Mapping[str, Read] | None:
        """The appeals that changed; each is decided by itself."""
        name = entity(params.entity).name
        ids = sorted({int(each) for each in changed[name]["id"]})
        return {**self.reads(params), name: Read(filter=self._open(params), ids=ids)}

    def _open(self, params: RerouteOpenAppealsParams) -> dict[str, Any]:
        chosen: dict[str, Any] = {"closed": "N"} if entity(params.entity).name == "deal" else {}
        if params.categories is not None:
            chosen["@categoryId"] = params.categories
        return chosen

    def check(self, tables: Tables, params: RerouteOpenAppealsParams) -> None:
        """A directory is in force that day, made for these appeals, and the fields named exist."""
        kind = entity(params.entity)
        shelf = Shelf.of(tables[_shelf(params)])
        directory_in_force(shelf, params.on, params.entity, asked_by=self.name)
        definitions = definitions_in(tables[f"field:{kind.entity_type_id}"])
        condition_fields(definitions, params.fields, asked_by=self.name)
        for name in ("override_field", "routed_field"):
            field = getattr(params, name)
            if field and field not in definitions:
                raise ParameterError(self.name, name, field, f"is not a field of {kind.name}", "Correct it.")

    def plan(self, tables: Tables, params: RerouteOpenAppealsParams) -> Changes:
        """Each open appeal asked about, and moved where the answer is another one."""
        kind = entity(params.entity)
        records = self._still_open(tables[kind.name], tables["status"], params)
        if records.empty:
            return Changes()
        shelf = Shelf.of(tables[_shelf(params)])
        directory = Directory(shelf.book(shelf.in_force(params.on)))
        definitions = definitions_in(tables[f"field:{kind.entity_type_id}"])
        fields = condition_fields(definitions, params.fields, asked_by=self.name)
        history = appeals_in(records, definitions, tables["status"], fields, ZoneInfo(params.zone))
        users = tables["user"]
        there = set(users.loc[users["ACTIVE"].fillna(False).astype(bool), "ID"].astype("int64"))
        known = set(users["ID"].astype("int64")) | set(records["assignedById"].dropna().astype("int64"))
        away = {str(each) for each in (known - there) | set(params.absent)}
        decided = decide_all(directory, PastAppeals(history, params.on), away)
        moved = self._moved(tables, kind.entity_type_id, params)
        stages = FirstStages(tables["status"], kind.entity_type_id or 0)
        plan = _Plan(params, stages, there, moved)
        for row, of in zip(records.to_dict("records"), decided.of.tolist(), strict=True):
            plan.look_at({str(key): value for key, value in row.items()}, decided.outcomes[of])
        return plan.changes(kind.name)

    def _still_open(
        self, records: pd.DataFrame, statuses: pd.DataFrame, params: RerouteOpenAppealsParams
    ) -> pd.DataFrame:
        over = (
            set(statuses.loc[statuses["SEMANTICS"].isin(["S", "F"]), "STATUS_ID"]) if len(statuses) else set()
        )
        keep = ~records["stageId"].isin(over)
        if "closed" in records:
            keep &= ~records["closed"].fillna(False).astype(bool)
        if params.categories is not None:
            keep &= records["categoryId"].isin(params.categories)
        return records[keep]

    def _moved(self, tables: Tables, number: int | None, params: RerouteOpenAppealsParams) -> set[int]:
        """Ids of the appeals somebody has moved since they were made."""
        history = tables.get(f"stagehistory:{number}")
        if history is None or history.empty:
            return set()
        return set(history.loc[history["TYPE_ID"].isin(_MOVES), "OWNER_ID"].astype("int64"))


class _Plan:
    """Changes gathered, appeal by appeal."""

    def __init__(
        self, params: RerouteOpenAppealsParams, stages: FirstStages, there: set[int], moved: set[int]
    ) -> None:
        self._params, self._stages, self._there, self._moved = params, stages, there, moved
        self._ids: list[int] = []
        self._before: list[dict[str, Any]] = []
        self._after: list[dict[str, Any]] = []
        self._reasons: list[str] = []
        self._left: list[tuple[int, str, str]] = []

    def look_at(self, record: Mapping[str, Any], decision: Decision) -> None:
        """One appeal and what the directory says of it."""
        number, owner = int(record["id"]), _whole(record.get("assignedById"))
        if decision.filtered is not None:
            return
        if decision.responsible_id is None:
            if owner not in self._there or owner in self._params.absent:
                why = NOBODY if decision.rule else NO_RULE
                self._left.append((number, why, f"user {owner}"))
            return
        wanted = self._wanted(record, decision)
        if wanted and self._params.respect and self._decided_by_hand(record, owner):
            self._left.append((number, BY_HAND, ", ".join(wanted)))
            return
        note = self._params.routed_field
        if note and _cell(record.get(note)) != (said := _note({**record, **wanted})):
            wanted[note] = said
        if not wanted:
            return
        self._ids.append(number)
        self._before.append({name: _cell(record.get(name)) for name in wanted})
        self._after.append(wanted)
        self._reasons.append(self._reason(wanted, owner, decision))

    def _wanted(self, record: Mapping[str, Any], decision: Decision) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        may = self._params.change
        if "responsible" in may and _whole(record.get("assignedById")) != decision.responsible_id:
            wanted["assignedById"] = decision.responsible_id
        pipeline = int(decision.pipeline) if decision.pipeline.isdecimal() else None
        elsewhere = pipeline is not None and _whole(record.get("categoryId")) != pipeline
        if elsewhere and pipeline is not None:
            stage = decision.stage or self._stages.first_of(pipeline)
            if "pipeline" in may and stage:
                wanted.update(categoryId=pipeline, stageId=stage)
        elif "stage" in may and decision.stage and record.get("stageId") != decision.stage:
            mode = self._params.stages
            if mode == "always" or (mode == "untouched" and int(record["id"]) not in self._moved):
                wanted["stageId"] = decision.stage
        return wanted

    def _decided_by_hand(self, record: Mapping[str, Any], owner: int | None) -> bool:
        mark = record.get(self._params.override_field)
        if self._params.override_field and _cell(mark) not in (None, "", "0", "N", 0, False):
            return True
        noted = record.get(self._params.routed_field) if self._params.routed_field else None
        return bool(_cell(noted)) and str(noted) != _note(record) and owner in self._there

    def _reason(self, wanted: Mapping[str, Any], owner: int | None, decision: Decision) -> str:
        if "assignedById" in wanted:
            if owner not in self._there:
                return DISMISSED
            return AWAY if {"substituted", "away"} & set(decision.why) else WRONG
        if "categoryId" in wanted:
            return PIPELINE
        return STAGE if "stageId" in wanted else NOTED

    def changes(self, name: str) -> Changes:
        """What was gathered."""
        made = rewrites(name, self._ids, before=self._before, after=self._after, reason=self._reasons)
        if not self._left:
            return made if self._ids else Changes()
        ids, reasons, details = zip(*self._left, strict=True)
        kept = listed(name, list(ids), list(reasons), list(details))
        return Changes.joined(made, kept) if self._ids else kept


def _shelf(params: RerouteOpenAppealsParams) -> str:
    return ELEMENTS if params.process is None else f"item:{params.process}"


def _own_number(kind: Entity) -> int | None:
    """Entity type id of a smart process."""
    return kind.entity_type_id if kind.name.startswith("item:") else None


def _note(record: Mapping[str, Any]) -> str:
    """The responsible and the pipeline, as noted: `5|7`."""
    return "|".join(str(_whole(record.get(name)) or 0) for name in ("assignedById", "categoryId"))


def _whole(value: Any) -> int | None:
    return None if value is None or pd.isna(value) else int(value)


def _cell(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return list(value) or None
    return None if value is None or pd.isna(value) else value
