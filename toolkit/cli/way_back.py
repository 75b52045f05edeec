"""The way back of `b24kit contact-centre`: what people changed in the portal, for the other system."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.asking import workspace
from toolkit.cli.options import Json
from toolkit.cli.telling import print_json
from toolkit.errors import ParameterError

if TYPE_CHECKING:
    from toolkit.workflow.contact_centre.way_back import PortalChanges

__all__ = ["changes"]


def changes(
    system: Annotated[str, typer.Option(help="Short name of the other system, as in the load.")],
    since: Annotated[
        str,
        typer.Option(help="last: since the last pass, and the next begins here; or a date, moving nothing."),
    ] = "last",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write: .xlsx, .csv, .jsonl or .parquet.")
    ] = None,
    every_comment: Annotated[
        bool,
        typer.Option(
            "--every-comment", help="Ask every deal of the system for comments, not only active ones."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """What people changed of the deals and calls of a system: stage, responsible, result, comments.

    Without a file the changes are shown, and the next pass tells them again.
    """
    from toolkit.workflow.contact_centre.way_back import portal_changes

    work, show = workspace()
    found = portal_changes(work, system, since=_moment(since), every_comment=every_comment)
    path = None
    if out is not None:
        path = found.write(out)
        found.move_on()
    if as_json:
        print_json({"changes": _rows(found), "file": str(path) if path else None})
        return
    if path is None:
        show.frame(found.in_words().head(50))
        if len(found.table) > 50:
            show.line(show._("… and {0} more").format(len(found.table) - 50), "yellow")
    show.line(show._("Changes: {0}").format(len(found.table)), "bold")
    if path is not None:
        show.line(str(path))
    elif len(found.table) and since == "last":
        show.line(show._("Nothing is kept: with -o FILE the next pass begins after these."))


def _moment(text: str) -> datetime | None:
    if text == "last":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ParameterError(
            "changes",
            "--since",
            text,
            "is neither `last` nor a moment",
            "Write 2026-05-01 or 2026-05-01T10:00+03:00.",
        ) from error
    return moment if moment.tzinfo else moment.astimezone()


def _rows(found: PortalChanges) -> list[dict[str, object]]:
    table = found.table.assign(at=[each.isoformat() for each in found.table["at"]])
    return [{str(name): value for name, value in each.items()} for each in table.to_dict("records")]
