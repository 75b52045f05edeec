"""Options that several commands share, and what a number typed to them must be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, TypeVar

import typer

__all__ = [
    "Appeals",
    "Canary",
    "EntityType",
    "Every",
    "Fresh",
    "Given",
    "Json",
    "LogFile",
    "MaxShare",
    "Metrics",
    "Nights",
    "OnlyPlan",
    "OperationName",
    "ParamFile",
    "PolicyFile",
    "Port",
    "Rehearsing",
    "RunName",
    "Summary",
    "Yes",
    "an_id",
]

_Ids = TypeVar("_Ids", int, list[int], None)
_LARGEST_ID = 2**53  # what JSON carries whole everywhere; no portal is near it


def an_id(given: _Ids) -> _Ids:
    """The ids that were typed, when they can be ids; the callback of arguments and options.

    Raises:
        typer.BadParameter: one is not a whole number from 1.
    """
    for each in given if isinstance(given, list) else [given]:
        if each is not None and not 1 <= each < _LARGEST_ID:
            raise typer.BadParameter(f"{each} is not an id: ids are whole numbers from 1")
    return given


def _operations(incomplete: str) -> list[str]:
    """Names that complete what was typed; read off the files, for importing them takes a second."""
    folders = [Path(__file__).parent.parent / "operations"]
    if os.environ.get("B24_OPERATIONS"):
        folders.append(Path(os.environ["B24_OPERATIONS"]))
    names = {each.stem for folder in folders for each in folder.glob("[!_]*.py")}
    return sorted(name for name in names if name.startswith(incomplete))


OperationName = Annotated[str, typer.Argument(help="Name of the operation.", autocompletion=_operations)]
Given = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", help="name=value; value as in YAML, or @file for a table or a list."),
]
ParamFile = Annotated[Path | None, typer.Option("--params", help="YAML file of parameters.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
LogFile = Annotated[
    Path | None, typer.Option("--log-file", help="Keep a log there, rotated; B24_LOG_FILE does the same.")
]
RunName = Annotated[str, typer.Argument(help="Run id, its beginning, or `last`.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Policy file that approves unattended.")]
MaxShare = Annotated[
    float | None,
    typer.Option("--max-share", help="Refuse plans that touch more of a table, 0 to 1.", min=0, max=1),
]
OnlyPlan = Annotated[bool, typer.Option("--plan", help="Stop after planning.")]
Rehearsing = Annotated[bool, typer.Option("--rehearse/--no-rehearse", help="Rehearse first.")]
Canary = Annotated[
    int | None,
    typer.Option(
        help="Changes written and re-read before the rest; 10, or the policy's.", min=1, max=1_000_000
    ),
]
Every = Annotated[
    float, typer.Option("--every", help="With --watch: seconds between passes.", min=1, max=86_400)
]
Summary = Annotated[
    Path | None, typer.Option("--summary", help="With --policy: also write how it ended, as JSON.")
]
Metrics = Annotated[
    Path | None,
    typer.Option("--metrics", help="With --policy: the same for Prometheus' textfile collector."),
]
EntityType = Annotated[
    int, typer.Option("--entity-type", help="What appeals become: 2 for deals.", callback=an_id)
]
Appeals = Annotated[
    int | None,
    typer.Option(
        "--appeals",
        help="Entity type id of the smart process of appeals; of the newest run without it.",
        callback=an_id,
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Read the portal into a new snapshot first.")]
Nights = Annotated[
    str | None,
    typer.Option(
        "--nights",
        help="Write only between these times and go on the next night: 01:00-06:00, or with a zone:"
        " '01:00-06:00 Asia/Omsk'.",
        metavar="FROM-TO",
    ),
]
Port = Annotated[int | None, typer.Option(help="Which sandbox, when several run.", min=1, max=65535)]
Yes = Annotated[
    str | None,
    typer.Option("--agree", help="Approve as PORTAL:COUNT instead of typing it.", metavar="PORTAL:COUNT"),
]
