"""Rows of requests and calls as they come out of a contact centre's export, typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from toolkit.runs.whole_names import name_parts
from toolkit.sheets.columns import TOPICS, heading_key

__all__ = [
    "CallRow",
    "ClientRow",
    "HistoryRow",
    "LoadedCall",
    "RequestRow",
    "TopicRow",
    "TopicSaid",
    "Unusable",
    "last_said",
    "latest",
    "names_of",
]


@dataclass(frozen=True)
class Unusable:
    """A row that was looked at already and is none: it says itself what is wrong with it.

    Args:
        words: what, by cell.
        id: as far as it says one.
    """

    words: str
    id: str = ""

    def __repr__(self) -> str:
        return repr(self.id)


class ClientRow(BaseModel):
    """A row about somebody.

    Args:
        id: of the row in the contact centre's system.
        at: when it happened, aware.
        changed: when the row was last corrected there; None when that is not said.
        client_id: of the client in that system; "" when it keeps none.
        name, last_name, second_name: of the person; a whole name may stand in `name`, and is taken apart where each
            of its words is sure.
        phone, email: as typed; several numbers may stand in one cell.
        company, inn, kpp: of the person's firm.
        responsible: user id, e-mail or full name of who answers for it.
        comment: what was said.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )

    id: str = Field(min_length=1)
    at: AwareDatetime
    changed: AwareDatetime | None = None
    client_id: str = ""
    name: str = ""
    last_name: str = ""
    second_name: str = ""
    phone: str = ""
    email: str = ""
    company: str = ""
    inn: str = ""
    kpp: str = ""
    responsible: str = ""
    comment: str = ""

    @model_validator(mode="before")
    @classmethod
    def _usable(cls, said: Any) -> Any:
        if isinstance(said, Unusable):
            raise ValueError(said.words)  # noqa: TRY004  # pydantic tells ValueErrors as what is wrong
        return said

    @property
    def stamp(self) -> datetime:
        """When the row came to say what it says."""
        return self.changed or self.at


class RequestRow(ClientRow):
    """A request.

    Args:
        topic: its product or topic; the table of topics says which pipeline that is.
        title: of the deal; "" for the topic.
        amount: of the deal, in the currency of the portal; None when nobody said.
    """

    topic: str = ""
    title: str = ""
    amount: float | None = Field(default=None, allow_inf_nan=False)


class CallRow(ClientRow):
    """A call.

    Args:
        direction: `in` or `out`, seen from the firm.
        duration_s: of the talk, in seconds; 0 when nobody answered.
        request: id of the request the call was about; "" when it is not known.
        recording: its address, or the name of its file in the folder of recordings; "" for none.
    """

    direction: Literal["in", "out"] = "in"
    duration_s: int = Field(default=0, ge=0)
    request: str = ""
    recording: str = ""

    @model_validator(mode="after")
    def _dialled(self) -> Self:
        if not self.phone:
            raise ValueError("a call has no phone")
        return self


class LoadedCall(BaseModel):
    """A call as it was last loaded.

    Args:
        row: what was said of it; instead of the address of its recording what `recording_key` makes of it.
        activity: id of the activity it became.
        deal: id of the deal it was put on; 0 where its request was not there, or none was named.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    row: CallRow
    activity: int
    deal: int = 0


class HistoryRow(BaseModel):
    """A change somebody made there: what it was, what it became, and why.

    Args:
        id: of the row in the contact centre's system.
        request: id of the request that was changed; "" for a change of the client.
        client_id: of the client that was changed, as its rows have it; "" for a change of the request.
        at: when, aware.
        field: what was changed, in that system's words.
        before, after: its values; "" for none.
        why: the reason that was given.
        author: who changed it.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )

    id: str = Field(min_length=1)
    request: str = ""
    client_id: str = ""
    at: AwareDatetime
    field: str = ""
    before: str = ""
    after: str = ""
    why: str = ""
    author: str = ""

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if not (self.request or self.client_id):
            raise ValueError("neither request nor client_id says what was changed")
        if not (self.field or self.before or self.after or self.why):
            raise ValueError("it says nothing")
        return self


class TopicSaid(BaseModel):
    """Where requests of a topic go, in somebody's words.

    Args:
        topic: as the rows have it, in any case; `*` for all others.
        pipeline: its name or id; 0 for the general one.
        stage: name or code of the stage new deals begin in; "" for the pipeline's first.
        responsible: user id, e-mail or full name; "" for the fallback.
        comment: for people.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )

    topic: str = Field(min_length=1)
    pipeline: str = Field(min_length=1)
    stage: str = ""
    responsible: str = ""
    comment: str = ""

    @model_validator(mode="before")
    @classmethod
    def _under_keys(cls, said: Any) -> Any:
        if not isinstance(said, Mapping):
            return said
        return {_KEYS.get(heading_key(str(name)), name): value for name, value in said.items()}


class TopicRow(BaseModel):
    """Where requests of a topic go.

    Args:
        topic: as the rows have it, in any case; `*` for all others.
        pipeline: its id; 0 for the general one, -1 for one the portal does not have.
        stage: code of the stage new deals begin in; "" for the pipeline's first.
        responsible: user id, e-mail or full name; "" for the fallback.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )

    topic: str = Field(min_length=1)
    pipeline: int
    stage: str = ""
    responsible: str = ""


_KEYS = {
    heading_key(name): each.key
    for each in TOPICS.columns
    for name in (each.key, each.ru, each.en, *each.also)
}
Row = TypeVar("Row", bound=ClientRow)
_NAMES = {"name": "name", "lastName": "last_name", "secondName": "second_name"}


def latest(rows: Sequence[Row]) -> dict[str, int]:
    """The place of each row's last state: an export may hold a row several times.

    Returns:
        Row id to position; of equal moments the later position.
    """
    found: dict[str, int] = {}
    for at, row in enumerate(rows):
        if row.id not in found or row.stamp >= rows[found[row.id]].stamp:
            found[row.id] = at
    return found


def last_said(rows: Sequence[ClientRow], name: str) -> str:
    """What the newest row that says anything says of a field.

    Args:
        rows: oldest first.
        name: of the field.
    """
    return next((value for row in reversed(rows) if (value := getattr(row, name))), "")


def names_of(rows: Sequence[ClientRow]) -> dict[str, str]:
    """The newest of each part of the name, under the names of a card's fields; parts nobody said are left out.

    A whole name in one cell is taken apart where each of its words is sure.

    Args:
        rows: oldest first.
    """
    found: dict[str, str] = {}
    for row in rows:
        parts = {field: value for field, name in _NAMES.items() if (value := getattr(row, name))}
        found |= name_parts(row.name) if parts.keys() == {"name"} else parts
    return {field: found[field] for field in _NAMES if field in found}
