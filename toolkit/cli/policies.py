"""The policy of unattended runs: a file to start from, and whether a file makes sense."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.asking import read_settings, shower
from toolkit.cli.options import Json
from toolkit.cli.telling import print_json

__all__ = ["app"]

app = typer.Typer(help="What unattended runs may do.")


@app.callback(invoke_without_command=True)
def policy(context: typer.Context) -> None:
    """Print a policy file to start from."""
    if context.invoked_subcommand is None:
        from toolkit.runs import POLICY_TEMPLATE

        typer.echo(POLICY_TEMPLATE)


@app.command("check")
def policy_check(
    file: Annotated[Path, typer.Argument(help="A policy file.")],
    portal: Annotated[
        bool, typer.Option("--portal/--no-portal", help="Also compare its time zone with the portal's.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Read a policy as a run would, and say what is odd about it. Nothing is told to anybody."""
    from toolkit.runs import Policy
    from toolkit.workflow import check_policy, compare_zones

    settings = read_settings()
    show = shower(settings)
    rules = Policy.read(file)
    odd = check_policy(rules, file)
    configured = settings.webhook or settings.webhook_file or settings.portal or settings.client_id
    if portal and configured and rules.window is not None:
        from toolkit.workflow import Workspace

        differing = compare_zones(Workspace(settings), rules.window)
        if differing is not None:
            odd.append(f"the portal's clock is {differing:+g} h from the policy's zone {rules.window.zone}")
    if as_json:
        print_json({"policy": rules.model_dump(mode="json"), "odd": odd})
        return
    from toolkit.words import said_in

    show.line(show._("The policy can be used."), "green")
    for each in odd:
        show.line(f"! {said_in(show.language, each)}", "yellow")
