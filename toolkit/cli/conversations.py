"""The contact centre's desk: calls noted, their recordings, what they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from toolkit.cli.asking import workspace
from toolkit.cli.desk import tell_written
from toolkit.cli.options import Json, OnlyPlan, an_id
from toolkit.errors import ParameterError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Calls: note one, attach its recording, show it with records.")

Of = Annotated[
    list[str] | None,
    typer.Option("--to", help="contact:5, company:7, deal:9, lead:3, item:177:4; may be given again."),
]
MostMb = Annotated[int, typer.Option("--most-mb", help="Larger recordings are refused.", min=1, max=2048)]


@app.command("create")
def create_call(
    key: Annotated[
        str, typer.Option(help="External key, cc:SYSTEM:call:ID; a call is never noted twice under it.")
    ],
    direction: Annotated[str, typer.Option(help="in or out.")],
    phone: Annotated[str, typer.Option(help="Of the client.")],
    start: Annotated[str, typer.Option(help="When it began: 2026-05-01T09:30:00+03:00.")],
    duration: Annotated[int, typer.Option(help="Seconds; 0 when nobody answered.", min=0, max=604_800)] = 0,
    to: Of = None,
    responsible: Annotated[int | None, typer.Option(help="Id of the user who spoke.", callback=an_id)] = None,
    subject: Annotated[str, typer.Option(help="For people.")] = "",
    description: Annotated[str, typer.Option(help="For people.")] = "",
    recording: Annotated[str | None, typer.Option(help="A wav or mp3 file, or the address of one.")] = None,
    most_mb: MostMb = 100,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """Note a call that took place elsewhere, with its recording: by telephone where an application connects."""
    from toolkit.workflow import desk

    work, show = workspace()
    try:
        began = datetime.fromisoformat(start)
    except ValueError as error:
        raise ParameterError(
            "call create", "start", start, "is not a time", "Write it like 2026-05-01T09:30:00+03:00."
        ) from error
    call = desk.call_made(
        marker=key, direction=direction, phone=phone, start=began, duration_s=duration, responsible=responsible,
        subject=subject, description=description, belongs_to=_records(to),
    )  # fmt: skip
    written = desk.create_call(
        work, call, recording=recording, most_bytes=most_mb * 1024 * 1024, only_plan=only_plan
    )
    tell_written(show, written, as_json)


@app.command("attach-recording")
def attach_recording(
    activity: Annotated[int, typer.Argument(help="Id of the call's activity.", callback=an_id)],
    recording: Annotated[str, typer.Argument(help="A wav or mp3 file, or the address of one.")],
    most_mb: MostMb = 100,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """Put a recording with a call that has none."""
    from toolkit.workflow import desk

    work, show = workspace()
    written = desk.attach_recording(
        work, activity, recording, most_bytes=most_mb * 1024 * 1024, only_plan=only_plan
    )
    tell_written(show, written, as_json)


@app.command("attach")
def attach_call(
    activity: Annotated[int, typer.Argument(help="Id of the call's activity.", callback=an_id)],
    to: Of = None,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """Show a call with further records."""
    from toolkit.workflow import desk

    work, show = workspace()
    tell_written(show, desk.attach_call(work, activity, _records(to), only_plan=only_plan), as_json)


def _records(given: list[str] | None) -> list[tuple[str, int]]:
    """`contact:5` as entity and id.

    Raises:
        ParameterError: it is not written so.
    """
    found = []
    for text in given or []:
        name, _, number = text.rpartition(":")
        if not name or not number.isdigit():
            raise ParameterError("call", "to", text, "is not a record", "Write it like contact:5.")
        found.append((name, int(number)))
    return found
