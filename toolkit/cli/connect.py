"""An application connected to the portal, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.asking import workspace
from toolkit.cli.options import Json
from toolkit.cli.telling import print_json

if TYPE_CHECKING:
    from toolkit.client.consent import Consent

__all__ = ["app"]

app = typer.Typer()


@app.command()
def connect(
    listen: Annotated[
        int | None,
        typer.Option(
            help="Wait for the browser at http://127.0.0.1:PORT/, when the application's settings name it.",
            metavar="PORT",
            min=1,
            max=65535,
        ),
    ] = None,
    wait: Annotated[float, typer.Option(help="With --listen: how long, seconds.", min=1, max=86_400)] = 300.0,
    as_json: Json = False,
) -> None:
    """Connect a local application: agree in the browser, paste back the address it ended at.

    Needs B24_PORTAL, B24_CLIENT_ID and B24_CLIENT_SECRET. Tokens go to the keyring, or to B24_TOKEN_FILE
    with B24_TOKEN_STORE=file.
    """
    from toolkit.client.consent import returned_here
    from toolkit.workflow import desk

    work, show = workspace()

    def come_back(consent: Consent) -> str:
        typer.echo(
            show._("Open this in a browser where you are logged in to the portal, and agree:"), err=True
        )
        typer.echo(f"  {consent.address}", err=True)
        if listen is not None:
            return returned_here(consent, listen, timeout_s=wait)
        typer.echo(
            show._("The browser then ends at the application's address; that page need not open."), err=True
        )
        answer: str = typer.prompt(show._("Paste that address here, within 30 seconds"), err=True)
        return answer

    done = desk.connect_application(work, come_back)
    if as_json:
        print_json(vars(done))
        return
    show.line(show._("Connected to {portal} as {user}.").format(portal=done.portal, user=done.user), "green")
    show.line(f"{show._('May')}: {', '.join(done.scopes)}")
    show.line(f"{show._('Tokens are kept in')}: {done.kept_in}")
    show.line(f"{show._('Only an application may call')}: {', '.join(done.only_application)}")
    if done.webhook_wins:
        show.line(
            show._("B24_WEBHOOK is set as well and is used; take it away to work as the application."),
            "yellow",
        )
