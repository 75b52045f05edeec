"""The smart process of appeals: as it stands, what differs between portals, what could be adopted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.asking import parameters, workspace
from toolkit.cli.options import Json, ParamFile, an_id
from toolkit.cli.telling import print_json

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The smart process of appeals: standing, drift, adoption.")

Adopt = Annotated[
    int | None, typer.Option(help="Entity type id of a smart process made by hand.", callback=an_id)
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write it into this file.")]


@app.command()
def drift(
    other: Annotated[
        Path | None,
        typer.Argument(help="What `describe` wrote on another portal, a description, or a run's folder."),
    ] = None,
    adopt: Adopt = None,
    there: Annotated[
        int | None, typer.Option(help="Entity type id in the other's snapshot.", callback=an_id)
    ] = None,
    params: ParamFile = None,
    as_json: Json = False,
) -> None:
    """What differs: from the description that comes with the library, or from another portal."""
    from toolkit import workflow

    work, show = workspace()
    given = parameters("provision_appeals", None, params)
    found = workflow.appeals_drift(
        work, other, adopt=adopt or given.get("adopt"), fields=given.get("fields"), there=there
    )
    if as_json:
        print_json(found.to_dict("records"))
    elif found.empty:
        show.line(show._("Nothing differs."))
    else:
        for name in ("what", "difference"):
            found[name] = found[name].map(show._)
        show.frame(found.rename(columns=show._))


@app.command()
def describe(adopt: Adopt = None, params: ParamFile = None, out: Out = None) -> None:
    """The smart process as it stands, as a file to hold another portal against."""
    import yaml

    from toolkit import workflow

    work, show = workspace()
    given = parameters("provision_appeals", None, params)
    found = workflow.appeals_standing(work, adopt=adopt or given.get("adopt"), fields=given.get("fields"))
    text = yaml.safe_dump(found.model_dump(mode="json"), allow_unicode=True, sort_keys=False)
    if out is None:
        typer.echo(text)
        return
    out.write_text(text, encoding="utf-8")
    show.line(str(out))


@app.command()
def propose(
    adopt: Annotated[
        int, typer.Argument(help="Entity type id of the smart process made by hand.", callback=an_id)
    ],
    out: Out = None,
) -> None:
    """Which of its fields could serve: a file to look through and give to `plan provision_appeals --params`."""
    import yaml

    from toolkit import workflow

    work, show = workspace()
    mapping, table = workflow.appeals_proposal(work, adopt)
    text = yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False)
    if out is None:
        typer.echo(text)
        return
    show.frame(table.rename(columns=show._))
    out.write_text(text, encoding="utf-8")
    show.line(
        show._("Look through {file}, then: b24kit plan provision_appeals --params {file}").format(file=out)
    )
