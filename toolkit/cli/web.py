"""`b24kit serve`: the admin's page, and who may enter it."""

from __future__ import annotations

from typing import Annotated

import typer

from toolkit.cli.asking import read_settings, shower
from toolkit.cli.options import EntityType, Json
from toolkit.cli.telling import print_json

__all__ = ["app"]

app = typer.Typer(help="The admin's page: check, simulate and publish routing spreadsheets in a browser.")
token = typer.Typer(no_args_is_help=True, help="Who may enter the page, and what for.")
app.add_typer(token, name="token")


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen on; loopback unless told otherwise.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8025,
    name: Annotated[
        list[str] | None, typer.Option(help="Host name the page is reached by, behind a proxy for example.")
    ] = None,
    entity_type: EntityType = 2,
    as_json: Json = False,
) -> None:
    """Serve the page until Ctrl-C. Prints a link that lets you in once."""
    if context.invoked_subcommand is not None:
        return
    from toolkit.settings import is_loopback
    from toolkit.web.serving import serve_page

    settings = read_settings()
    show = shower(settings)

    def ready(url: str, link: str) -> None:
        if as_json:
            print_json({"url": url, "link": link})
            return
        show.line(show._("The page is at {url}").format(url=url), "bold")
        show.line(show._("This link lets you in once, within 15 minutes:"))
        show.line(link)
        if not is_loopback(host):
            show.line(
                show._("Other machines reach it without encryption: put a proxy with TLS before it."),
                "yellow",
            )
        show.line(show._("Tokens for colleagues: b24kit serve token add NAME --role publish"))

    serve_page(settings, ready, host=host, port=port, names=tuple(name or ()), entity_type=entity_type)


@token.command("add")
def token_add(
    name: Annotated[str, typer.Argument(help="As the history shows it.")],
    role: Annotated[str, typer.Option(help="check, or publish.")] = "check",
    as_json: Json = False,
) -> None:
    """Make a token for somebody. It is shown this once; only its hash is kept."""
    from toolkit.web.tokens import Tokens

    settings = read_settings()
    made = Tokens.of(settings).add(name, role)
    if as_json:
        print_json({"name": name, "role": role, "token": made})
        return
    show = shower(settings)
    show.line(show._("Token of {name} ({role}); it is shown this once:").format(name=name, role=role))
    show.line(made)


@token.command("list")
def token_list(as_json: Json = False) -> None:
    """Who has a token."""
    from toolkit.web.tokens import Tokens

    settings = read_settings()
    people = Tokens.of(settings).people()
    if as_json:
        print_json([{"name": each.name, "role": each.role} for each in people])
        return
    show = shower(settings)
    for each in people:
        show.line(f"{each.name}  {each.role}")
    if not people:
        show.line(show._("Nobody has a token yet."))


@token.command("remove")
def token_remove(name: str) -> None:
    """Take somebody's token back; they are out at their next click."""
    from toolkit.web.tokens import Tokens

    settings = read_settings()
    Tokens.of(settings).remove(name)
    show = shower(settings)
    show.line(show._("The token of {name} is no longer good.").format(name=name))
