"""What arrives from other systems: watched, kept, handed over; and what could not be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.asking import parameters, read_policy, workspace
from toolkit.cli.options import Given, Json, LogFile, OperationName, ParamFile
from toolkit.cli.telling import print_json

if TYPE_CHECKING:
    from toolkit.spool import Source

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Messages that wait for the portal: watch sources, list, retry, drop."
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
    key: Annotated[str, typer.Option(help="Column by whose value rows are kept in order.")] = "",
    version: Annotated[str, typer.Option(help="Column that says which of two rows is newer.")] = "",
    settle: Annotated[float, typer.Option(help="Seconds a file must not have changed.")] = 10.0,
    most: Annotated[int, typer.Option(help="Rows of a run.", min=1)] = 500,
    rehearsing: Annotated[bool, typer.Option("--rehearse/--no-rehearse", help="Rehearse first.")] = True,
    once: Annotated[bool, typer.Option("--once", help="One pass, for cron.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between passes.")] = 60.0,
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
                show.line(show._("Refused: {0}").format(each), "yellow")
            for away in passed.unreachable:
                show.line(away.in_words(language), "yellow")
            handed = hand_over(
                work, spool, operation, given, rules, rows_as=rows_as, most=most, rehearsing=rehearsing
            )
            counts = spool.counts()
            show.line(
                show._("Handed over: {0}; put aside: {1}; waiting: {2}.").format(
                    handed.done, handed.dead, counts["waiting"] + counts["taken"]
                )
            )
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
    if as_json:
        print_json({"counts": counts, "messages": rows})
        return
    show.line(" · ".join(f"{name} {count}" for name, count in counts.items()))
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
