"""Calls noted at the desk, their recordings, and what they belong to.

Where an application connects that may read the statistics of calls, a call is noted as a record of the telephone,
which brings its activity along; otherwise, and where nobody is said to have spoken, as an activity. `needs_application`
names the methods a webhook is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from toolkit.client.methods import METHODS
from toolkit.errors import ParameterError
from toolkit.runs.calls_made import CallMade, call_links, call_values, number_of, telephone_values
from toolkit.runs.desk import Attached, Edit, Link, NewRecord, Said
from toolkit.runs.sounds import MOST_BYTES, Sound, sending
from toolkit.workflow.desk.recordings import recording_at_hand
from toolkit.workflow.desk.writing import Written, standing, write
from toolkit.workflow.telephone import telephone
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["attach_call", "attach_recording", "call_made", "create_call", "needs_application"]


def call_made(**given: object) -> CallMade:
    """A call, checked.

    Args:
        given: see `CallMade`.

    Raises:
        ParameterError: something of it is missing or wrong.
    """
    try:
        return CallMade.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "call"
    problem = str(first["msg"]).removeprefix("Value error, ")
    raise ParameterError("call create", name, first.get("input"), f"cannot be used: {problem}", "Correct it.")


def create_call(
    work: Workspace,
    call: CallMade,
    *,
    recording: Path | str | None = None,
    most_bytes: int = MOST_BYTES,
    only_plan: bool = False,
) -> Written:
    """Note a call with its recording, and show it with all it belongs to; by its marker never twice.

    Args:
        work: where.
        call: see `call_made`.
        recording: a wav or mp3 file of this machine, or an https address of one; sent in one request with the call,
            or right after a record of the telephone.
        most_bytes: larger recordings are refused.
        only_plan: see `write`.

    Returns:
        The activity, also that of a record of the telephone; `already` when it is there with all its links. An
        existing call gets no recording here: that is `attach_recording`.

    Raises:
        RecordingRefused: the file is no recording; nothing was written.
        As `write`.
    """
    line = _line_for(work, call)
    links = [Link(activity=call.marker, to=link) for link in call_links(call)]
    with recording_at_hand(work, recording, most_bytes, keep=only_plan) as sound:
        if line is None:
            values = {**call_values(call), **({} if sound is None else sending(sound))}
            made = NewRecord(entity="activity", values=values, marker=call.marker)
            return write(work, creates=[made], links=links, only_plan=only_plan)
        heard = [] if sound is None else [_attached(call.marker, sound, call.marker, most_bytes)]
        return write(
            work,
            creates=[NewRecord(entity="call", values=line, marker=call.marker)],
            links=links,
            recordings=heard,
            comments=_said(call),
            only_plan=only_plan,
        )


def attach_recording(
    work: Workspace,
    activity: int,
    recording: Path | str,
    *,
    most_bytes: int = MOST_BYTES,
    only_plan: bool = False,
) -> Written:
    """Put a recording with a call that has none.

    Args:
        work: where.
        activity: id of the call's activity.
        recording: a wav or mp3 file of this machine, streamed from the disk; or an https address of one.
        most_bytes: larger ones are refused.
        only_plan: see `write`.

    Returns:
        `already` when this very recording (by its checksum) was attached before; `failed` when the call holds another
        file, or, being a record of the telephone, any: that one stays. A recording is not taken back by
        `b24kit undo`.

    Raises:
        RecordingRefused: the file is no recording; nothing was written.
        As `write`.
    """
    line = _line_of(work, activity)
    with recording_at_hand(work, recording, most_bytes, keep=only_plan) as sound:
        if line and sound is not None:
            heard = _attached(activity, sound, line, most_bytes)
            return write(work, recordings=[heard], only_plan=only_plan)
        cells = {} if sound is None else sending(sound)
        return write(work, edits=[Edit(entity="activity", id=activity, values=cells)], only_plan=only_plan)


def attach_call(
    work: Workspace, activity: int, to: Sequence[tuple[str, int]], *, only_plan: bool = False
) -> Written:
    """Show a call with further records; those it has already stay.

    Args:
        work: where.
        activity: id of the call's activity.
        to: entity and id of each: contact, company, lead, deal, `item:177` for an appeal.
        only_plan: see `write`.

    Raises:
        ParameterError: a call cannot belong to such a record.
        As `write`.
    """
    if not to:
        raise ParameterError("call attach", "to", "", "is missing", "Say what the call belongs to.")
    links = []
    for name, number in to:
        try:
            link = {"entityTypeId": number_of(name), "entityId": number}
        except ValueError as error:
            raise ParameterError("call attach", "to", name, str(error), "Correct it.") from error
        links.append(Link(activity=activity, to=link))
    return write(work, links=links, only_plan=only_plan)


def _line_for(work: Workspace, call: CallMade) -> dict[str, Any] | None:
    """The call as a line of the statistics; None where it becomes, or is, an activity."""
    values = telephone_values(call)
    with connect(work) as portal:
        may = telephone(portal, work.settings) if values is not None else "no"
    if values is None or may == "no" or standing(work, "activity", call.marker):
        return None
    return values if may == "write" or standing(work, "call", call.marker) else None


def _line_of(work: Workspace, activity: int) -> str:
    """The number we gave the call of an activity in the statistics; "" where it has none."""
    with connect(work) as portal:
        if telephone(portal, work.settings) == "no":
            return ""
        lines = portal.call("voximplant.statistic.get", {"FILTER": {"CRM_ACTIVITY_ID": activity}})
    return str(lines[0].get("EXTERNAL_CALL_ID") or "") if lines else ""


def _attached(call: int | str, sound: Sound, line: str, most_bytes: int) -> Attached:
    content = sending(sound)["FILES"][0]["fileData"][1]
    return Attached(call=call, file=content, line=line, most_bytes=most_bytes)


def _said(call: CallMade) -> list[Said]:
    """What was said, in the timeline of who it was said to: a record of the telephone has no place for it."""
    name, number = call.spoken_to
    if not call.description or not isinstance(number, int):
        return []
    text, mark = call.said(), f"{call.marker}:comment"
    return [Said(entity=name, id=number, text=text, mark=mark, about=call.marker)]


def needs_application() -> list[str]:
    """The methods known here that only an OAuth application may call; a webhook is refused.

    Source:
        api-reference/telephony/telephony-external-call-register.md and its neighbours, read 2026-11-22.
    """
    return sorted(method.name for method in METHODS.values() if method.application)
