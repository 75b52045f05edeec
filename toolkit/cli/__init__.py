"""The command line: arguments to workflow calls, results to text and exit codes.

Exit codes: 0 done and verified, or nothing to do · 1 failed · 2 wrong usage or invalid input · 3 finished,
some changes conflicted, rejected or quarantined · 4 verification found something unexplained · 5 needs
approval · 6 locked by another run · 7 paused, can be resumed · 130 interrupted.

One file, one group of commands; `river`, `clients`, `health`, `house`, `schedules` need no group name.
Commands import what they need when they run: pandas and the rest take half a second that `--help` should
not cost.
"""

from __future__ import annotations

import logging
import sys

import typer

from toolkit.cli import (
    appeals,
    calls,
    clients,
    connect,
    contact_centre,
    conversations,
    deals,
    desk,
    health,
    house,
    ingest,
    making,
    notebooks,
    past,
    policies,
    river,
    routing,
    sandboxes,
    schedules,
    snapshots,
    spool,
    watching,
    web,
)
from toolkit.cli.speaking import run
from toolkit.cli.telling import exit_codes, language

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Repair and migrate live Bitrix24 portals without fear: plan, rehearse, apply, prove, undo.",
)
for commands in (river, clients, health, house, schedules):
    app.add_typer(commands.app)
app.add_typer(appeals.app, name="appeals")
app.add_typer(calls.app, name="calls")
app.add_typer(desk.contacts, name="contact")
app.add_typer(desk.companies, name="company")
app.add_typer(deals.app, name="deal")
app.add_typer(deals.dictionary)
app.add_typer(conversations.app, name="call")
app.add_typer(connect.app)
app.add_typer(policies.app, name="policy")
app.add_typer(making.app, name="new")
app.add_typer(past.app, name="runs")
app.add_typer(snapshots.app, name="snapshot")
app.add_typer(sandboxes.app, name="sandbox")
app.add_typer(notebooks.app, name="notebook")
app.add_typer(routing.app, name="routing")
app.add_typer(contact_centre.app, name="contact-centre")
contact_centre.app.command("watch")(watching.watch_centre)
app.add_typer(ingest.app, name="ingest")
app.add_typer(spool.app, name="spool")
app.add_typer(web.app, name="serve")


def main() -> None:
    """Entry point of the command `b24kit`."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.WARNING)  # what a log file gets at INFO is not for the terminal
    with exit_codes():
        sys.exit(run(app, language()))
