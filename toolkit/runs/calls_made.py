"""A conversation that took place elsewhere, as changes: one call, and its links to other records.

A call is an activity; where an application connects, a record of the telephone, which brings its activity along.

Pure: an operation that loads many of them uses the same description as the desk that notes one.

Source: api-reference/crm/timeline/activities/activity-base/crm-activity-add.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from toolkit.runs.changes import Changes, binds_of_made, creates
from toolkit.runs.references import made

__all__ = ["CallMade", "call_changes", "call_links", "call_values", "number_of", "telephone_values"]

LOADED = "a call of another system"
LINKED = "what the call was about"

_PHONE = "PHONE"
_CALL, _INCOMING, _OUTGOING = 2, 1, 2
_TYPE_OUT, _TYPE_IN = 1, 2  # of telephony.externalCall.register
_NAMED = {"lead": 1, "deal": 2, "contact": 3, "company": 4}
_SAID = {"ru": "Звонок {moment}: {words}", "en": "Call of {moment}: {words}"}
_CLIENTS = ("contact", "company", "lead")


class CallMade(BaseModel):
    """A call, and whom it belongs to.

    Args:
        marker: `cc:<system>:call:<id>`: the external key it is found again by.
        direction: `in` or `out`, seen from the firm.
        phone: of the client, as it was dialled.
        start: when it began, aware.
        duration_s: how long it took; 0 when nobody answered.
        responsible: id of the user who spoke; None for the client's responsible.
        subject, description: for people; "" for a subject made of direction and phone.
        belongs_to: `(entity, id)` of the records it is shown with: contact, company, lead, deal, `item:177`; of one
            that the same plan makes, the marker of its create. The first client among them is who was spoken to,
            and the card the call stands on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    marker: str = Field(min_length=1)
    direction: Literal["in", "out"]
    phone: str = Field(min_length=1)
    start: datetime
    duration_s: int = Field(default=0, ge=0)
    responsible: int | None = None
    subject: str = ""
    description: str = ""
    belongs_to: list[tuple[str, int | str]] = Field(min_length=1)

    @property
    def spoken_to(self) -> tuple[str, int | str]:
        """The client's card; where there is none, the first record."""
        clients = [each for each in self.belongs_to if each[0] in _CLIENTS]
        return (clients or self.belongs_to)[0]

    def said(self, language: str = "ru") -> str:
        """What was said, as a comment: a record of the telephone has no place for it."""
        moment = self.start.strftime("%d.%m.%Y %H:%M")
        words = " ".join(self.description.split())
        return _SAID["en" if language == "en" else "ru"].format(moment=moment, words=words)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.start.tzinfo is None:
            raise ValueError("start has no time zone")
        for name, _ in self.belongs_to:
            number_of(name)
        return self


def number_of(name: str) -> int:
    """Entity type id of what a call may belong to.

    Raises:
        ValueError: a call cannot belong to it.
    """
    prefix, _, number = name.partition(":")
    if prefix == "item" and number.isdigit():
        return int(number)
    if name not in _NAMED:
        raise ValueError(f"a call cannot belong to {name}")
    return _NAMED[name]


def call_values(call: CallMade) -> dict[str, Any]:
    """The fields of the activity, as on the wire, without its marker."""
    name, number = call.spoken_to
    incoming = call.direction == "in"
    told = {"in": "Входящий от {phone}", "out": "Исходящий на {phone}"}[call.direction]
    end = call.start + timedelta(seconds=call.duration_s)
    spoken = {
        "VALUE": call.phone,
        "TYPE": _PHONE,
        "ENTITY_TYPE_ID": number_of(name),
        "ENTITY_ID": _id(number),
    }
    return {
        "TYPE_ID": _CALL,
        "DIRECTION": _INCOMING if incoming else _OUTGOING,
        "OWNER_TYPE_ID": number_of(name),
        "OWNER_ID": _id(number),
        "COMMUNICATIONS": [spoken],
        "SUBJECT": call.subject or told.format(phone=call.phone),
        "START_TIME": call.start.isoformat(timespec="seconds"),
        "END_TIME": end.isoformat(timespec="seconds"),
        "COMPLETED": "Y",
        **({"RESPONSIBLE_ID": call.responsible} if call.responsible else {}),
        **({"DESCRIPTION": call.description} if call.description else {}),
    }


def call_links(call: CallMade) -> list[dict[str, Any]]:
    """The records it is shown with besides the one it stands on, as `binds` takes them."""
    owner = call.spoken_to
    others = dict.fromkeys((name, number) for name, number in call.belongs_to if (name, number) != owner)
    return [{"entityTypeId": number_of(name), "entityId": _id(number)} for name, number in others]


def telephone_values(call: CallMade) -> dict[str, Any] | None:
    """The line of the statistics, as on the wire, without its marker; None where telephony cannot note the call:
    nobody is said to have spoken, or no contact, company or lead is spoken to."""
    name, number = call.spoken_to
    if call.responsible is None or name not in _CLIENTS:
        return None
    return {
        "PORTAL_USER_ID": call.responsible,
        "PHONE_NUMBER": call.phone,
        "CALL_TYPE": _TYPE_IN if call.direction == "in" else _TYPE_OUT,
        "CALL_START_DATE": call.start.isoformat(timespec="seconds"),
        "CALL_DURATION": call.duration_s,
        "CRM_ENTITY_TYPE": name.upper(),
        "CRM_ENTITY_ID": _id(number),
    }


def call_changes(calls: Sequence[CallMade], *, telephony: bool = False) -> Changes:
    """Many calls as changes: made, then linked.

    Args:
        calls: each marker once.
        telephony: as records of the telephone where that can be, which only an application may write; otherwise, and
            without it, as activities.
    """
    pairs = [(call.marker, link) for call in calls for link in call_links(call)]
    lines = {call.marker: telephone_values(call) if telephony else None for call in calls}
    noted = [call for call in calls if lines[call.marker] is None]
    return Changes.joined(
        creates(
            "activity",
            [call_values(call) for call in noted],
            markers=[call.marker for call in noted],
            reason=LOADED,
        ),
        creates(
            "call",
            [cells for cells in lines.values() if cells is not None],
            markers=[marker for marker, cells in lines.items() if cells is not None],
            reason=LOADED,
        ),
        binds_of_made(
            "activity", [marker for marker, _ in pairs], to=[link for _, link in pairs], reason=LINKED
        ),
    )


def _id(number: int | str) -> int | dict[str, str]:
    """The id, or what stands for it until the record is made."""
    return made(number) if isinstance(number, str) else number
