"""Runs that were: listed, and deleted when they are old."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from toolkit.cli.asking import workspace
from toolkit.cli.options import Json
from toolkit.cli.telling import print_json
from toolkit.words import said_in

__all__ = ["app"]

app = typer.Typer(help="List runs; delete old ones.")


class Also(StrEnum):
    """Reasons for keeping a run that can be set aside."""

    UNFINISHED = "unfinished"
    UNDOABLE = "undoable"


@app.callback(invoke_without_command=True)
def runs(context: typer.Context, as_json: Json = False) -> None:
    """List runs."""
    if context.invoked_subcommand is None:
        runs_list(as_json)


@app.command("list")
def runs_list(as_json: Json = False) -> None:
    """List runs."""
    from toolkit.runs import Run

    work, show = workspace()
    found = Run.all(work.root, work.clock.now)
    if as_json:
        print_json(
            [
                {
                    "run": each.id,
                    "portal": each.facts.portal,
                    "operation": each.facts.operation,
                    "state": each.state,
                    "changes": each.journal.counts(),
                }
                for each in found
            ]
        )
        return
    show.runs(found)


@app.command("nights")
def runs_nights(
    operation: Annotated[str | None, typer.Argument(help="Only this operation.")] = None,
    last: Annotated[int, typer.Option(help="So many.", min=1, max=100_000)] = 10,
    as_json: Json = False,
) -> None:
    """How the latest unattended runs of this portal ended, a line to each."""
    from toolkit.workflow import ledger_of

    work, show = workspace()
    found = ledger_of(work).all(operation)[-last:]
    if as_json:
        print_json(found)
        return
    for facts in found:
        counts = ", ".join(f"{show._(state)} {count}" for state, count in facts["states"].items())
        ended = f"{datetime.fromisoformat(facts['ended']).astimezone():%d.%m.%Y %H:%M}"
        told = said_in(show.language, facts["message"])
        parts = [ended, facts["operation"], show._(facts["outcome"]), counts, told]
        show.line("  ".join(each for each in parts if each))


@app.command("prune")
def runs_prune(
    days: Annotated[int, typer.Option(help="Older than so many days.", min=0, max=36_500)],
    also: Annotated[
        list[Also] | None,
        typer.Option(help="Also those that are not over, or that could still be undone."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Really delete; without it they are only listed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete old runs with the client data in them; what is not over or could be undone is kept."""
    from toolkit.runs import Run
    from toolkit.runs.retention import aged, prune_runs

    work, show = workspace()
    found = aged(
        Run.all(work.root, work.clock.now, damaged=True), days, now=work.clock.now(), also=also or []
    )
    doomed = [each for each in found if not each.kept]
    freed = prune_runs(doomed) if yes else sum(each.bytes for each in doomed)
    if as_json:
        facts = [
            {"run": each.run.id, "days": each.days, "bytes": each.bytes, "kept": each.kept} for each in found
        ]
        print_json({"deleted": yes, "bytes": freed, "runs": facts})
        return
    for each in found:
        if each.kept != "young":
            why = show._(each.kept) if each.kept else show._("deleted") if yes else show._("would be deleted")
            size = show._("{days} d  {size} MiB").format(
                days=f"{each.days:.0f}", size=f"{each.bytes / 2**20:.1f}"
            )
            show.line(f"{each.run.id}  {size}  {why}")
    show.line(
        show._("{count} of {total} runs, {size} MiB").format(
            count=len(doomed), total=len(found), size=f"{freed / 2**20:.1f}"
        )
    )
    if doomed and not yes:
        show.line(show._("Nothing was deleted; add --yes."), "yellow")
