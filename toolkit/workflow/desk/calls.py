"""Calls noted at the desk, their recordings, and what they belong to.

A call is an activity here. Whoever connects as an application may have telephony note it instead: `needs_application`
names the methods a webhook is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from toolkit.client.methods import METHODS
from toolkit.errors import ParameterError
from toolkit.runs.calls_made import CallMade, call_links, call_values, number_of
from toolkit.runs.desk import Edit, Link, NewRecord
from toolkit.runs.sounds import MOST_BYTES, sending
from toolkit.workflow.desk.recordings import recording_at_hand
from toolkit.workflow.desk.writing import Written, write
from toolkit.workflow.workspace import Workspace

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
        recording: a wav or mp3 file of this machine, or an https address of one; sent in one request with the call.
        most_bytes: larger recordings are refused.
        only_plan: see `write`.

    Returns:
        The activity; `already` when it is there with all its links. An existing call gets no recording here: that is
        `attach_recording`.

    Raises:
        RecordingRefused: the file is no recording; nothing was written.
        As `write`.
    """
    with recording_at_hand(work, recording, most_bytes, keep=only_plan) as sound:
        values = {**call_values(call), **({} if sound is None else sending(sound))}
        return write(
            work,
            creates=[NewRecord(entity="activity", values=values, marker=call.marker)],
            links=[Link(activity=call.marker, to=link) for link in call_links(call)],
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
        file: that one stays. A recording is not taken back by `b24kit undo`.

    Raises:
        RecordingRefused: the file is no recording; nothing was written.
        As `write`.
    """
    with recording_at_hand(work, recording, most_bytes, keep=only_plan) as sound:
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


def needs_application() -> list[str]:
    """The methods known here that only an OAuth application may call; a webhook is refused.

    Source:
        api-reference/telephony/telephony-external-call-register.md and its neighbours, read 2026-11-22.
    """
    return sorted(method.name for method in METHODS.values() if method.application)
