"""What arrives from other systems: watched, kept, handed over; and what could not be used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from toolkit.cli.asking import parameters, workspace
from toolkit.cli.options import Given, Json, LogFile, OperationName, ParamFile
from toolkit.cli.telling import print_json
from toolkit.cli.watching import (
    Every,
    Folders,
    KeepDays,
    KeepFiles,
    Most,
    Once,
    Pass,
    PolicyPath,
    Queues,
    Rehearsing,
    Settle,
    Sqls,
    keep_watching,
    queue_of,
    sources_of,
)

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Messages that wait for the portal: watch sources, list, retry, drop, refuse, prune, publish.",
)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of dead messages; all of them without.")]


Label = Annotated[
    str, typer.Option("--label", help="Which spool of the operation; the only one there is without.")
]


@app.command()
def watch(
    operation: OperationName,
    rows_as: Annotated[str, typer.Option(help="The parameter of the operation that takes the rows.")],
    policy: PolicyPath,
    folder: Folders = None,
    sql: Sqls = None,
    queue: Queues = None,
    key: Annotated[str, typer.Option(help="Column by whose value rows are kept in order.")] = "",
    version: Annotated[str, typer.Option(help="Column that says which of two rows is newer.")] = "",
    label: Annotated[
        str, typer.Option(help="Of the spool: one for each kind of rows; named like --rows-as without.")
    ] = "",
    settle: Settle = 10.0,
    most: Most = 500,
    rehearsing: Rehearsing = True,
    once: Once = False,
    every: Every = 60.0,
    keep_days: KeepDays = 30.0,
    keep_files: KeepFiles = 90.0,
    param: Given = None,
    params: ParamFile = None,
    log_file: LogFile = None,
) -> None:
    """Take in what is new and hand it over, pass after pass; what cannot be written now waits."""
    work, show = workspace(log_file)
    given = parameters(operation, param, params)
    sources = sources_of(
        work, folder, sql, queue, key=key, version=version, settle=settle, keep_files=keep_files
    )
    asked = Pass(operation, given, rows_as, label or rows_as, most, rehearsing, keep_days)
    keep_watching(work, show, asked, policy, sources, once=once, every=every)


@app.command("list")
def listed(
    operation: OperationName,
    state: Annotated[str, typer.Option(help="waiting, taken, done or dead.")] = "dead",
    most: Annotated[int, typer.Option(help="How many, the newest.", min=1, max=100_000)] = 100,
    label: Label = "",
    as_json: Json = False,
) -> None:
    """How many messages are in each state, and those of one state with their reasons."""
    import pandas as pd

    from toolkit.errors import ParameterError
    from toolkit.workflow.everyday import spool_of

    work, show = workspace()
    with spool_of(work, operation, label) as spool:
        counts = spool.counts()
        if state not in counts:
            raise ParameterError(operation, "--state", state, "is not known", f"Known: {', '.join(counts)}.")
        rows = spool.listed(state, most)  # type: ignore[arg-type]  # checked right above
        held = [{"run": batch.run, "messages": len(batch.ids), "reason": why} for batch, why in spool.held()]
    if as_json:
        print_json({"counts": counts, "held": held, "messages": rows})
        return
    show.line(" · ".join(f"{show._(name)} {count}" for name, count in counts.items()))
    for one in held:
        show.line(show._("Held: {0}").format(one["reason"]), "yellow")
    if rows:
        for each in rows:
            each["reason"] = show._(each["reason"]) if each["reason"] else ""
        show.frame(pd.DataFrame(rows)[["id", "key", "source", "reason", "run"]])


@app.command()
def retry(operation: OperationName, ids: Ids = None, label: Label = "") -> None:
    """Let dead messages wait again, once what was wrong is mended."""
    from toolkit.workflow.everyday import spool_of

    work, show = workspace()
    with spool_of(work, operation, label) as spool:
        put = spool.retry(ids)
    show.line(show._("Waiting again: {0}; outdated: {1}; left: {2}.").format(put.new, put.outdated, put.dead))


@app.command()
def drop(operation: OperationName, ids: Ids = None, label: Label = "") -> None:
    """Forget dead messages."""
    from toolkit.workflow.everyday import spool_of

    work, show = workspace()
    with spool_of(work, operation, label) as spool:
        show.line(show._("Dropped: {0}").format(spool.drop(ids)))


@app.command()
def refuse(
    operation: OperationName,
    run: Annotated[str, typer.Argument(help="Id of the run that waits for approval; see `spool list`.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever looks at them later.")] = "",
    label: Label = "",
) -> None:
    """Decide against what is held: its messages are put aside as dead."""
    from toolkit.workflow import everyday

    work, show = workspace()
    with everyday.spool_of(work, operation, label) as spool:
        count = everyday.refuse(spool, run, reason or "a person decided against it")
    show.line(show._("Put aside: {0}").format(count))


@app.command()
def prune(
    operation: OperationName,
    days: Annotated[float, typer.Option(help="Older than so many days.", min=0, max=36_500)] = 30.0,
    label: Label = "",
) -> None:
    """Forget the content of what was handed over; what it is known by stays, so that nothing comes twice."""
    from toolkit.workflow.everyday import spool_of

    work, show = workspace()
    with spool_of(work, operation, label) as spool:
        count = spool.prune(work.clock.now() - days * 86400)
    show.line(show._("Forgotten: {0}").format(count))


@app.command()
def publish(
    queue: Annotated[
        Path,
        typer.Option(help="YAML file with name, queue, address_from (an environment variable): RabbitMQ."),
    ],
    file: Annotated[
        Path | None, typer.Argument(help="Rows: spreadsheet, csv, json lines, Parquet. Without: declare it.")
    ] = None,
    known_by: Annotated[
        str, typer.Option("--id", help="Column whose value is the id of the message; its content without.")
    ] = "",
) -> None:
    """Send the rows of a file into a queue, each confirmed by the broker; the queue is declared if missing."""
    from toolkit.spool import publish as send

    _, show = workspace()
    rows: list[dict[str, Any]] = []
    if file is not None:
        from toolkit.sheets.mapping import read_export

        rows = read_export(file)
    count = send(queue_of(queue), rows, known_by=known_by)
    show.line(show._("Sent and confirmed: {0}").format(count))
