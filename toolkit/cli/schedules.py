"""Files for schedulers, printed or written."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.asking import parameters, read_settings, shower
from toolkit.cli.options import Given, OperationName, ParamFile
from toolkit.errors import StorageError

__all__ = ["app"]

app = typer.Typer()


class Scheduler(StrEnum):
    """What starts the runs."""

    CRON = "cron"
    SYSTEMD = "systemd"
    AIRFLOW = "airflow"
    GITHUB = "github"
    WINDOWS = "windows"


For = Annotated[
    Scheduler,
    typer.Argument(
        help="cron: a crontab line. systemd: a service and its timer, for your user. airflow: a DAG. "
        "github: an Actions workflow, for a runner of your own. windows: a file for the Task Scheduler."
    ),
]

Policy = Annotated[Path, typer.Option("--policy", help="The policy it runs under.")]
At = Annotated[str, typer.Option(help="Time of day, in the zone of the policy's window.")]
Zone = Annotated[str | None, typer.Option(help="Another zone for it, Europe/Moscow.")]
Day = Annotated[
    list[int] | None, typer.Option(help="Only on these days: 1 Monday to 7 Sunday.", min=1, max=7)
]
Folder = Annotated[Path | None, typer.Option(help="The project with its .env; that of the policy without.")]
Metrics = Annotated[Path | None, typer.Option(help="Also write figures for Prometheus there.")]
Out = Annotated[Path | None, typer.Option(help="Write the files into this folder instead of printing them.")]


@app.command()
def schedule(
    scheduler: For,
    operation: OperationName,
    policy: Policy,
    at: At = "02:00",
    zone: Zone = None,
    day: Day = None,
    param: Given = None,
    params: ParamFile = None,
    folder: Folder = None,
    metrics: Metrics = None,
    out: Out = None,
) -> None:
    """Print or write the files that make a scheduler start a run every night."""
    from toolkit.scheduling import job, scheduled

    show = shower(read_settings())
    wanted = job(
        operation,
        parameters(operation, param, params),
        policy,
        at=at,
        zone=zone,
        days=day or (),
        folder=folder,
        metrics=metrics,
    )
    made = scheduled(wanted, scheduler.value, date.today())
    if out is None:
        for name, text in made.files.items():
            if len(made.files) > 1:
                typer.echo(f"# ---- {name}")
            typer.echo(text)
        return
    for name, text in made.files.items():
        path = out / name
        try:
            out.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding=made.encoding, newline="")
        except OSError as error:
            raise StorageError(path, str(error.strerror), "Choose another --out.") from error
        show.line(str(path))
    show.line(f"{show._('Then, in that folder')}: {made.then}")
