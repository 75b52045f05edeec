"""What a verb of the contact centre's desk asks for: a few records made, a few cells edited.

`Desk` is an operation that stands in no catalogue, as `Undo` does: a verb (`create_contact`, `edit_deal`) fills its
parameters, and from there it is a run like any other: journaled, proven, taken back. Asked a second time it finds
what it made by its marker and has nothing to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from toolkit.errors import ParameterError
from toolkit.matching import read_phone
from toolkit.records import Entity, FieldType, entity, field_type, same
from toolkit.runs.call_recordings import Heard, call_recordings
from toolkit.runs.changes import Changes, binds, binds_of_made, creates, listed, noted_on, rewrites
from toolkit.runs.multivalues import rows_of
from toolkit.runs.notes import signed
from toolkit.runs.operation import Operation, OperationParams, Read, Tables
from toolkit.runs.references import REFERENCE
from toolkit.runs.sounds import holds_file, without_files

__all__ = ["CHANGED_SINCE", "GONE", "Attached", "Desk", "DeskParams", "Edit", "Link", "NewRecord", "Said"]

ASKED = "asked for at the desk"
CHANGED_SINCE = "changed since it was read: left as it is"
GONE = "the record is gone"


class NewRecord(BaseModel):
    """A record to be made.

    Args:
        entity: name in the entity catalogue.
        values: its fields, as on the wire; `made(marker)` stands for the id of another one.
        marker: the external key of the fact it stands for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str
    values: dict[str, Any]
    marker: str = Field(min_length=1)


class Edit(BaseModel):
    """Cells of a record to be changed.

    Args:
        entity: name in the entity catalogue.
        id: of the record.
        values: field to the value wanted.
        seen: field to the value it had when somebody looked; a cell that reads otherwise now is left alone. Fields
            that are not in it are taken as the portal has them.
        phones, emails: to be added; what is there already, however it is spelled, is not added twice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str
    id: int
    values: dict[str, Any] = Field(default_factory=dict)
    seen: dict[str, Any] = Field(default_factory=dict)
    phones: list[str] = Field(default_factory=list)
    emails: list[str] = Field(default_factory=list)


class Link(BaseModel):
    """An activity shown with one more record.

    Args:
        activity: its id, or the marker of the create that makes it.
        to: `{"entityTypeId": 2, "entityId": 5}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    activity: int | str
    to: dict[str, int]


class Said(BaseModel):
    """A comment in the timeline of a card, written together with a record.

    Args:
        entity, id: the card.
        text: what is said.
        mark: what it stands for.
        about: marker of the create it goes with: where that is there already, nothing is said.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str
    id: int
    text: str
    mark: str
    about: str


class Attached(BaseModel):
    """A recording put with a call.

    Args:
        call: id of its activity, or the marker of the create that makes the call; one that is there gets none then.
        file: as `toolkit.runs.sounds.sending` spells it.
        line: the call's number in the statistics; "" for an activity.
        most_bytes: larger ones are refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    call: int | str
    file: dict[str, Any]
    line: str = ""
    most_bytes: int


class DeskParams(OperationParams):
    """What is asked for; records of one entity are either made or edited."""

    comments: list[Said] = Field(default_factory=list)
    recordings: list[Attached] = Field(default_factory=list)
    links: list[Link] = Field(default_factory=list)
    creates: list[NewRecord] = Field(default_factory=list)
    edits: list[Edit] = Field(default_factory=list)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if sum(each.entity == "call" for each in self.creates) > 1:
            raise ValueError("calls are noted by telephone one at a time")
        both = {each.entity for each in self.creates} & {each.entity for each in self.edits}
        if both:
            raise ValueError(f"{', '.join(sorted(both))} cannot be made and edited at once")
        return self


class Desk(Operation):
    """Records made and cells edited at somebody's word."""

    name: ClassVar[str] = "desk"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Records made and edited one by one",
        "ru": "Создание и правка отдельных записей",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything nobody edited since",
        "ru": "всё, что с тех пор никто не правил",
    }
    Params = DeskParams

    def reads(self, params: DeskParams) -> Mapping[str, Read]:
        """The records to be edited, and those that carry the markers already."""
        reads: dict[str, Read] = {}
        for name in dict.fromkeys(each.entity for each in params.edits):
            edits = [each for each in params.edits if each.entity == name]
            reads[name] = Read(_named(name, edits), ids=sorted({each.id for each in edits}))
        for name in dict.fromkeys(each.entity for each in params.creates):
            field = entity(name).marker_fields[-1]
            markers = [each.marker for each in params.creates if each.entity == name]
            # The list of calls knows no "@", and the desk notes one at a time.
            reads[name] = Read(filter={field: markers[0]} if name == "call" else {f"@{field}": markers})
        return reads

    def check(self, tables: Tables, params: DeskParams) -> None:
        """Fields are spelled as the portal spells them: it takes an unknown one without a word.

        Raises:
            ParameterError: one of them is no field.
        """
        asked: list[NewRecord | Edit] = [*params.creates, *params.edits]
        for each in asked:
            known = {*tables[each.entity].columns, *entity(each.entity).documented}
            unknown = sorted(set(without_files(each.values)) - known)
            if unknown and entity(each.entity).family == "item":
                raise ParameterError(
                    each.entity,
                    "field",
                    unknown[0],
                    "is not a field of it",
                    "Fields are spelled as the portal spells them: name, lastName, ufCrm...",
                )

    def plan(self, tables: Tables, params: DeskParams) -> Changes:
        """What is not there yet, and the cells that read otherwise."""
        there = {
            str(marker): int(number)
            for name in dict.fromkeys(each.entity for each in params.creates)
            for marker, number in _markers(name, tables[name])
        }
        parts = [
            creates(
                each.entity,
                [_with_known(each.values, there)],
                markers=[each.marker],
                reason=ASKED,
            )
            for each in params.creates
            if each.marker not in there
        ]
        parts += [_edited(each, tables[each.entity]) for each in params.edits]
        for link in params.links:
            if there.get(str(link.activity)) == 0:
                continue  # a call the portal made no activity of is shown with nothing
            number = there.get(link.activity) if isinstance(link.activity, str) else link.activity
            if number is None:
                parts.append(binds_of_made("activity", [str(link.activity)], to=[link.to], reason=ASKED))
            else:
                parts.append(binds("activity", [number], to=[link.to], reason=ASKED))
        heard = [
            Heard(each.call, line=each.line, file=each.file)
            for each in params.recordings
            if each.call not in there
        ]
        for each in heard:
            most = next(one.most_bytes for one in params.recordings if one.call == each.call)
            parts.append(call_recordings([each], most_bytes=most))
        for said in params.comments:
            if said.about not in there:
                text = signed(said.text, said.mark)
                parts.append(noted_on(said.entity, [said.id], texts=[text], marks=[said.mark], reason=ASKED))
        return Changes.joined(*parts)


def _named(name: str, edits: Sequence[Edit]) -> list[str] | None:
    """The fields to read: lists of the older methods leave some out unless they are named."""
    if entity(name).family == "item":
        return None
    told = {field for each in edits for field, value in each.values.items() if not holds_file(value)}
    return sorted({entity(name).id_field, *told})


def _markers(name: str, table: pd.DataFrame) -> list[tuple[Any, Any]]:
    kind = entity(name)
    if table.empty or kind.marker_fields[-1] not in table:
        return []
    # What belongs to a call of the statistics hangs on its activity.
    ids = table["CRM_ACTIVITY_ID"].fillna(0) if name == "call" else table[kind.id_field]
    return list(zip(table[kind.marker_fields[-1]], ids, strict=True))


def _with_known(value: Any, there: Mapping[str, int]) -> Any:
    """A value with the ids of what is there already in place of its markers."""
    if isinstance(value, Mapping):
        marker = value.get(REFERENCE)
        if marker in there and set(value) == {REFERENCE}:
            return there[str(marker)]
        return {name: _with_known(each, there) for name, each in value.items()}
    return [_with_known(each, there) for each in value] if isinstance(value, list) else value


def _edited(edit: Edit, table: pd.DataFrame) -> Changes:
    kind = entity(edit.entity)
    rows = table[table[kind.id_field] == edit.id]
    if rows.empty:
        return listed(edit.entity, [edit.id], GONE)
    present = rows.iloc[0].to_dict()
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    kept: list[str] = []
    for field, value in without_files(edit.values).items():
        has, kind_of_value = _plain(present.get(field)), _type_of(kind, field, table)
        if same(has, value, kind_of_value):
            continue
        if field in edit.seen and not same(has, edit.seen[field], kind_of_value):
            kept.append(f"{field}: {has!r}")
            continue
        before[field], after[field] = has, value
    for field, value in edit.values.items() if after else ():
        if holds_file(value):
            before[field], after[field] = [], value
    if edit.phones or edit.emails:
        held = rows_of(_plain(present.get("fm")))
        fresh = _missing(held, "PHONE", edit.phones) + _missing(held, "EMAIL", edit.emails)
        if fresh:
            before["fm"], after["fm"] = held, held + fresh
    parts = []
    if after:
        parts.append(rewrites(edit.entity, [edit.id], before=[before], after=[after], reason=ASKED))
    if kept:
        parts.append(listed(edit.entity, [edit.id], CHANGED_SINCE, "; ".join(kept)))
    return Changes.joined(*parts)


def _type_of(kind: Entity, field: str, table: pd.DataFrame) -> FieldType:
    """The type of a field; of a custom one as its column shows it."""
    if field in kind.documented or field not in table:
        return kind.field_type(field)
    column = table[field]
    if pd.api.types.is_bool_dtype(column):
        return field_type("boolean", dynamic=True)
    if pd.api.types.is_numeric_dtype(column):
        return field_type("double", dynamic=True)
    if pd.api.types.is_datetime64_any_dtype(column):
        return field_type("datetime", dynamic=True)
    many = any(isinstance(each, list | np.ndarray) for each in column)
    return field_type("string", multiple=many, dynamic=True)


def _missing(held: Sequence[Mapping[str, Any]], kind: str, values: Sequence[str]) -> list[dict[str, Any]]:
    """Rows for the values a card does not hold yet."""
    known = {_alike(kind, str(row["value"])) for row in held if row["typeId"] == kind}
    fresh = []
    for value in values:
        if _alike(kind, value) not in known:
            known.add(_alike(kind, value))
            fresh.append({"id": None, "typeId": kind, "valueType": "WORK", "value": value})
    return fresh


def _alike(kind: str, value: str) -> str:
    """The same for every spelling of one phone or mailbox."""
    if kind == "EMAIL":
        return value.strip().casefold()
    numbers = read_phone(value).numbers
    return " ".join(f"{each.e164};{each.extension}" for each in numbers) if numbers else value.strip()


def _plain(value: Any) -> Any:
    """A cell of a table as JSON can hold it."""
    if isinstance(value, list | dict):
        return value
    if isinstance(value, np.ndarray):
        return value.tolist()
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
