"""Snapshots: take, list, show, compare, prune."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.asking import workspace
from toolkit.cli.options import Json
from toolkit.cli.telling import print_json

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Write-once copies of a portal's records.")


@app.command("take")
def snapshot_take(
    entities: Annotated[list[str], typer.Argument(help="contact deal item:177 ...")], as_json: Json = False
) -> None:
    """Copy all records of these entities."""
    from toolkit import workflow

    work, show = workspace()
    taken = workflow.snapshot(work, entities)
    if as_json:
        print_json(
            {"folder": str(taken.folder), "records": {name: taken.count(name) for name in taken.entities}}
        )
        return
    show.line(f"{taken.folder}  {taken!r}")


@app.command("list")
def snapshot_list(as_json: Json = False) -> None:
    """List snapshots, those of runs included."""
    import pandas as pd

    from toolkit.records import list_snapshots

    work, show = workspace()
    found = list_snapshots(work.root)
    if as_json:
        print_json(
            [{"folder": str(each.folder), "finished": each.finished, "bytes": each.bytes} for each in found]
        )
        return
    rows = [
        (str(each.folder), f"{each.finished.astimezone():%d.%m.%Y %H:%M}", f"{each.bytes / 2**20:.1f}")
        for each in found
    ]
    show.frame(pd.DataFrame(rows, columns=["folder", "finished", "MiB"]))


@app.command("show")
def snapshot_show(folder: Path) -> None:
    """What a snapshot holds, and who read it."""
    import pandas as pd

    from toolkit.records import Snapshot

    _, show = workspace()
    opened = Snapshot.open(folder)
    facts = opened.manifest
    reader = show._("an administrator") if facts.reader_is_admin else show._("not an administrator")
    show.line(f"{facts.portal}  {facts.finished}  {facts.reader_name} ({reader})")
    rows = [(name, opened.count(name), len(opened.columns(name))) for name in opened.entities]
    show.frame(pd.DataFrame(rows, columns=["entity", "records", "fields"]))


@app.command("diff")
def snapshot_diff(before: Path, after: Path, as_json: Json = False) -> None:
    """What differs in meaning between two snapshots."""
    from toolkit.records import Snapshot, compare

    _, show = workspace()
    difference = compare(Snapshot.open(before), Snapshot.open(after))
    if as_json:
        print_json(difference.counts().to_dict("records"))
        return
    if not len(difference.counts()):
        show.line(show._("Nothing differs."), "green")
        return
    show.frame(difference.counts())
    show.frame(difference.changed.head(20))


@app.command("prune")
def snapshot_prune(
    days: Annotated[int, typer.Option(help="Older than so many days.", min=0, max=36_500)],
    yes: Annotated[
        bool, typer.Option("--yes", help="Really delete; without it they are only listed.")
    ] = False,
) -> None:
    """Delete old snapshots; client data should not lie about."""
    from toolkit.records import list_snapshots, older_than, prune

    work, show = workspace()
    now = datetime.fromtimestamp(work.clock.now(), UTC)
    old = older_than(list_snapshots(work.root), days, now=now)
    for each in old:
        show.line(str(each.folder))
    if yes:
        prune(old)
