"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Given",
    "Json",
    "LogFile",
    "MaxShare",
    "Nights",
    "OperationName",
    "ParamFile",
    "PolicyFile",
    "Port",
    "RunName",
    "Yes",
]


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
    float | None, typer.Option("--max-share", help="Refuse plans that touch more of a table, 0 to 1.")
]
Nights = Annotated[
    str | None,
    typer.Option(
        "--nights",
        help="Write only between these times and go on the next night: 01:00-06:00, or with a zone:"
        " '01:00-06:00 Asia/Omsk'.",
        metavar="FROM-TO",
    ),
]
Port = Annotated[int | None, typer.Option(help="Which sandbox, when several run.")]
Yes = Annotated[
    str | None,
    typer.Option("--agree", help="Approve as PORTAL:COUNT instead of typing it.", metavar="PORTAL:COUNT"),
]
