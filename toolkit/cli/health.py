"""The health report: how clean a portal is, month over month."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.asking import workspace
from toolkit.cli.options import Appeals, Fresh, Json
from toolkit.cli.telling import print_json
from toolkit.errors import ParameterError

__all__ = ["app"]

app = typer.Typer()


@app.command("health")
def health(
    snapshots: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of snapshots to compare; the newest of each month without any."),
    ] = None,
    fresh: Fresh = False,
    appeals: Appeals = None,
    routing: Annotated[
        str | None,
        typer.Option(help="A file of `routing export`, or `published`: look for rules that lead to nobody."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write; beside the snapshots without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell how clean a portal is: duplicates, orphans, owners who left, phones nobody can call."""
    from toolkit import workflow

    work, show = workspace()
    if fresh and snapshots:
        raise ParameterError(
            "health",
            "--fresh",
            ", ".join(map(str, snapshots)),
            "are snapshots already",
            "Give one of the two.",
        )
    if fresh:
        workflow.health_snapshot(work, appeals)
    report = workflow.health(work, snapshots or (), appeals=appeals, routing=routing)
    paths = report.write(out if out is not None else work.root / report.portal.replace(":", "_") / "health")
    if as_json:
        print_json(
            {
                "portal": report.portal,
                "snapshots": [str(each.snapshot.folder) for each in report.measured],
                "measures": [
                    {"taken": each.taken, "name": one.name, "found": one.found, "total": one.total}
                    for each in report.measured
                    for one in each.measures.values()
                ],
                "files": {name: str(path) for name, path in paths.items()},
            }
        )
        return
    show.line(f"{report.title} · {report.portal}", "bold")
    show.frame(report.as_text())
    for note in report.notes():
        show.line(note)
    for path in paths.values():
        show.line(str(path))
