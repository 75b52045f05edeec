"""What there is, whether it is well, and how to begin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.asking import read_settings, shower, workspace
from toolkit.cli.options import Json
from toolkit.cli.telling import print_json

__all__ = ["app"]

app = typer.Typer()


@app.command()
def operations(
    name: Annotated[str | None, typer.Argument(help="One operation, with its parameters.")] = None,
) -> None:
    """List operations; with a name, its parameters."""
    import inspect

    import pandas as pd

    from toolkit.operations import catalogue, operation

    show = shower(read_settings())
    if name is None:
        rows = [
            (key, kind.title[show.language], kind.undo[show.language]) for key, kind in catalogue().items()
        ]
        show.frame(pd.DataFrame(rows, columns=[show._("operation"), show._("does"), show._("can be undone")]))
        return
    kind = type(operation(name))
    show.line(kind.title[show.language], "bold")
    show.line(inspect.cleandoc(kind.Params.__doc__ or ""))
    fields = [
        (
            key,
            str(field.annotation),
            "" if field.is_required() else repr(field.get_default(call_default_factory=True)),
        )
        for key, field in kind.Params.model_fields.items()
    ]
    show.frame(pd.DataFrame(fields, columns=[show._("parameter"), show._("type"), show._("default")]))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check the webhook's rights, scopes, limits, the clock and the disk."""
    from toolkit import workflow

    work, show = workspace()
    findings = workflow.doctor(work)
    if as_json:
        print_json([vars(each) for each in findings])
    else:
        show.findings(findings)
    raise typer.Exit(1 if any(each.level == "bad" for each in findings) else 0)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demonstration keeps its files.")] = Path(".demo"),
    scale: Annotated[
        float, typer.Option(help="Size of the portal; 1 is 20,000 contacts.", min=0.0001, max=100)
    ] = 1.0,
) -> None:
    """The whole story on a sandbox portal: plan, rehearse, apply, prove, and take it back."""
    from toolkit.demo import tell

    settings = read_settings()
    raise typer.Exit(tell(folder, shower(settings), scale=scale))


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Made when absent.")]) -> None:
    """Lay out a project: notebooks, inbox, snapshots, policy and .env."""
    from toolkit.project import lay_out

    show = shower(read_settings())
    for path in lay_out(folder):
        show.line(str(path))
    show.line(show._("Next: put the webhook's address into .env there, then, in that folder:"), "bold")
    show.line("b24kit doctor")
