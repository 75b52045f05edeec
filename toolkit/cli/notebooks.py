"""Notebooks with nobody watching, and JupyterLab."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.asking import parameters, read_settings
from toolkit.cli.options import Given, ParamFile
from toolkit.words import said_in

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Notebooks, run with nobody watching.")


@app.command("list")
def notebook_list() -> None:
    """The notebooks that come with the toolkit."""
    from toolkit.headless import shipped_notebooks

    for path in sorted(shipped_notebooks().glob("*.ipynb")):
        typer.echo(path.stem)


@app.command("run")
def notebook_run(
    name: Annotated[str, typer.Argument(help="20_reassign, or the path of a notebook.")],
    param: Given = None,
    params: ParamFile = None,
    output: Annotated[
        Path | None, typer.Option(help="Where the executed notebook goes; output/ without.")
    ] = None,
) -> None:
    """Execute a notebook; its output is kept, and its exit code is that of the run inside."""
    from toolkit.headless import find_notebook, run_notebook

    notebook = find_notebook(name)
    given = parameters(notebook.stem, param, params)
    if output is None:
        Path("output").mkdir(mode=0o700, exist_ok=True)
        moment = datetime.now(UTC).astimezone().strftime("%Y%m%d-%H%M%S")
        output = Path("output") / f"{notebook.stem}-{moment}.ipynb"
    executed = run_notebook(notebook, given, output)
    typer.echo(str(executed.output))
    if executed.message:
        typer.echo(said_in(read_settings().language, executed.message), err=True)
    raise typer.Exit(executed.exit_code)


@app.command("lab")
def notebook_lab(
    folder: Annotated[Path, typer.Argument(help="The project, which holds notebooks/.")] = Path(),
    port: Annotated[
        int, typer.Option(help="Where JupyterLab listens, on this machine only.", min=1, max=65535)
    ] = 8888,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
) -> None:
    """JupyterLab on the tour, with a sandbox beside it."""
    from toolkit.lab import start_lab

    raise typer.Exit(start_lab(folder, port=port, browser=browser))
