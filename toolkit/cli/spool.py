"""What arrives from other systems: watched, kept, handed over; and what could not be used."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.cli.asking import parameters, read_policy, workspace
from toolkit.cli.options import Given, Json, LogFile, OperationName, ParamFile
from toolkit.cli.telling import print_json
from toolkit.errors import SettingsError

if TYPE_CHECKING:
    from toolkit.showing import Shower
    from toolkit.spool import Queue, Source

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Messages that wait for the portal: watch sources, list, retry, drop, refuse, prune, publish.",
)

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of dead messages; all of them without.")]


@app.command()
def watch(
    operation: OperationName,
    rows_as: Annotated[str, typer.Option(help="The parameter of the operation that takes the rows.")],
    policy: Annotated[Path, typer.Option(help="Policy file that approves unattended.")],
    folder: Annotated[
        list[Path] | None, typer.Option(help="A folder of exports; may be given often.")
    ] = None,
    sql: Annotated[
        list[Path] | None,
        typer.Option(help="YAML file with name, address_from (an environment variable), query, mark."),
    ] = None,
    queue: Annotated[
        list[Path] | None,
        typer.Option(help="YAML file with name, queue, address_from (an environment variable): RabbitMQ."),
    ] = None,
    key: Annotated[str, typer.Option(help="Column by whose value rows are kept in order.")] = "",
    version: Annotated[str, typer.Option(help="Column that says which of two rows is newer.")] = "",
    settle: Annotated[float, typer.Option(help="Seconds a file must not have changed.")] = 10.0,
    most: Annotated[int, typer.Option(help="Rows of a run.", min=1)] = 500,
    rehearsing: Annotated[bool, typer.Option("--rehearse/--no-rehearse", help="Rehearse first.")] = True,
    once: Annotated[bool, typer.Option("--once", help="One pass, for cron.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between passes.")] = 60.0,
    keep_days: Annotated[
        float, typer.Option(help="Days after which the content of what was handed over is forgotten.", min=0)
    ] = 30.0,
    param: Given = None,
    params: ParamFile = None,
    log_file: LogFile = None,
) -> None:
    """Take in what is new and hand it over, pass after pass; what cannot be written now waits."""
    from toolkit.spool import FolderSource
    from toolkit.workflow.everyday import hand_over, spool_of, take_in

    work, show = workspace(log_file)
    given = parameters(operation, param, params)
    rules = read_policy(policy)
    assert rules is not None  # noqa: S101  # a path was given
    language = work.settings.language
    sources: list[Source] = [
        FolderSource(each, key=key, version=version, settle_s=settle, language=language)
        for each in folder or []
    ]
    if sql:
        from toolkit.spool.sql import SqlSource

        sources += [SqlSource.read(each, key=key, version=version) for each in sql]
    if queue:
        from toolkit.spool import QueueSource

        sources += [QueueSource(_queue(each), key=key, version=version) for each in queue]
    with spool_of(work, operation) as spool:
        while True:
            passed = take_in(spool, sources)
            put = passed.took.put
            show.line(
                show._("Taken in: {0} new, {1} known, {2} outdated, {3} dead.").format(
                    put.new, put.known, put.outdated, put.dead
                )
            )
            for each in passed.took.refused:
                show.line(show._("Refused: {0}").format(_told(show, each)), "yellow")
            for each in passed.took.unfinished:
                show.line(show._("Not finished yet: {0}").format(each), "yellow")
            for away in passed.unreachable:
                show.line(away.in_words(language), "yellow")
            handed = hand_over(
                work,
                spool,
                operation,
                given,
                rules,
                rows_as=rows_as,
                most=most,
                rehearsing=rehearsing,
                keep_days=keep_days,
            )
            counts = spool.counts()
            show.line(
                show._("Handed over: {0}; put aside: {1}; waiting: {2}.").format(
                    handed.done, handed.dead, counts["waiting"] + counts["taken"]
                )
            )
            for each in handed.held:
                show.line(show._("Held: {0}").format(each), "yellow")
            if handed.waits_for is not None:
                why = handed.waits_for
                words = show._(why) if isinstance(why, str) else why.in_words(language)
                show.line(show._("The rest waits: {0}").format(words), "yellow")
            if once:
                refused = passed.took.refused or put.dead or handed.dead
                code = handed.exit_code or (1 if passed.unreachable else 3 if refused else 0)
                raise typer.Exit(code)
            work.clock.sleep(every)


@app.command("list")
def listed(
    operation: OperationName,
    state: Annotated[str, typer.Option(help="waiting, taken, done or dead.")] = "dead",
    most: Annotated[int, typer.Option(help="How many, the newest.", min=1)] = 100,
    as_json: Json = False,
) -> None:
    """How many messages are in each state, and those of one state with their reasons."""
    import pandas as pd

    from toolkit.errors import ParameterError
    from toolkit.workflow.everyday import spool_of

    work, show = workspace()
    with spool_of(work, operation) as spool:
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
def retry(operation: OperationName, ids: Ids = None) -> None:
    """Let dead messages wait again, once what was wrong is mended."""
    from toolkit.workflow.everyday import spool_of

    work, show = workspace()
    with spool_of(work, operation) as spool:
        put = spool.retry(ids)
    show.line(show._("Waiting again: {0}; outdated: {1}; left: {2}.").format(put.new, put.outdated, put.dead))


@app.command()
def drop(operation: OperationName, ids: Ids = None) -> None:
    """Forget dead messages."""
    from toolkit.workflow.everyday import spool_of

    work, show = workspace()
    with spool_of(work, operation) as spool:
        show.line(show._("Dropped: {0}").format(spool.drop(ids)))


@app.command()
def refuse(
    operation: OperationName,
    run: Annotated[str, typer.Argument(help="Id of the run that waits for approval; see `spool list`.")],
    reason: Annotated[str, typer.Option(help="Why, for whoever looks at them later.")] = "",
) -> None:
    """Decide against what is held: its messages are put aside as dead."""
    from toolkit.workflow import everyday

    work, show = workspace()
    with everyday.spool_of(work, operation) as spool:
        count = everyday.refuse(spool, run, reason or "a person decided against it")
    show.line(show._("Put aside: {0}").format(count))


@app.command()
def prune(
    operation: OperationName,
    days: Annotated[float, typer.Option(help="Older than so many days.", min=0)] = 30.0,
) -> None:
    """Forget the content of what was handed over; what it is known by stays, so that nothing comes twice."""
    from toolkit.workflow.everyday import spool_of

    work, show = workspace()
    with spool_of(work, operation) as spool:
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
    count = send(_queue(queue), rows, known_by=known_by)
    show.line(show._("Sent and confirmed: {0}").format(count))


def _queue(path: Path) -> Queue:
    if find_spec("pika") is None:
        raise SettingsError(
            "--queue", "needs pika, which is not installed", "Install it with: pip install 'b24kit[queue]'."
        )
    from toolkit.spool import Queue

    return Queue.read(path)


def _told(show: Shower, refused: str) -> str:
    """`name: reason`, the reason in the reader's language."""
    name, colon, reason = refused.rpartition(": ")
    return f"{name}{colon}{show._(reason)}"
