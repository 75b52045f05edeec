"""The contact centre's desk: deals, their people, and the portal's dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.asking import parameters, workspace
from toolkit.cli.desk import (
    Anyway,
    AreaCode,
    Fields,
    Key,
    Was,
    Where,
    answer_facts,
    companies,
    contacts,
    tell_written,
)
from toolkit.cli.options import Json, OnlyPlan, an_id
from toolkit.cli.telling import print_json

if TYPE_CHECKING:
    from toolkit.showing import Shower
    from toolkit.workflow.desk import Deals

__all__ = ["app", "dictionary"]

app = typer.Typer(no_args_is_help=True, help="Deals: find, create, edit, and their people.")
dictionary = typer.Typer()

Open = Annotated[bool, typer.Option("--open", help="Only deals that are not closed.")]


@contacts.command("deals")
def deals_of_contact(
    card: Annotated[int | None, typer.Option("--id", help="Id of the contact.", callback=an_id)] = None,
    phone: Annotated[str | None, typer.Option(help="As it was typed.")] = None,
    email: Annotated[str | None, typer.Option(help="Mailbox.")] = None,
    name: Annotated[str | None, typer.Option(help="Whole name, beside a phone or e-mail.")] = None,
    area_code: AreaCode = "",
    source: Where = "auto",
    open_only: Open = False,
    as_json: Json = False,
) -> None:
    """The deals of a contact, when it is clear who that is."""
    from toolkit.workflow import desk

    work, show = workspace()
    client = desk.find_contact(
        work, card=card, phone=phone, email=email, name=name, area_code=area_code,
        source=desk.source_named(source),
    )  # fmt: skip
    _tell(show, desk.deals_of(work, client, open_only=open_only), as_json)


@companies.command("deals")
def deals_of_company(
    card: Annotated[int | None, typer.Option("--id", help="Id of the company.", callback=an_id)] = None,
    name: Annotated[str | None, typer.Option(help="Title, beside an INN or a phone.")] = None,
    inn: Annotated[str | None, typer.Option(help="INN.")] = None,
    kpp: Annotated[str | None, typer.Option(help="KPP, beside an INN.")] = None,
    phone: Annotated[str | None, typer.Option(help="As it was typed.")] = None,
    source: Where = "auto",
    open_only: Open = False,
    as_json: Json = False,
) -> None:
    """The deals of a company, when it is clear which that is."""
    from toolkit.workflow import desk

    work, show = workspace()
    client = desk.find_company(
        work, card=card, name=name, inn=inn, kpp=kpp, phone=phone, source=desk.source_named(source)
    )
    _tell(show, desk.deals_of(work, client, open_only=open_only), as_json)


@app.command("find")
def find_deals(
    card: Annotated[int | None, typer.Option("--id", help="Id of the deal.", callback=an_id)] = None,
    title: Annotated[str | None, typer.Option(help="A part of its title.")] = None,
    contact: Annotated[int | None, typer.Option(help="Id of a contact.", callback=an_id)] = None,
    company: Annotated[int | None, typer.Option(help="Id of a company.", callback=an_id)] = None,
    category: Annotated[int | None, typer.Option(help="Id of the pipeline.", min=0, max=1_000_000)] = None,
    stage: Annotated[str | None, typer.Option(help="Id of the stage, C1:NEW.")] = None,
    responsible: Annotated[int | None, typer.Option(help="Id of the user.", callback=an_id)] = None,
    open_only: Open = False,
    as_json: Json = False,
) -> None:
    """Which deals fit all that is asked."""
    from toolkit.workflow import desk

    work, show = workspace()
    found = desk.find_deals(
        work, card=card, title=title, contact=contact, company=company, category=category, stage=stage,
        responsible=responsible, open_only=open_only,
    )  # fmt: skip
    _tell(show, found, as_json)


@app.command("create")
def create_deal(
    title: Annotated[str, typer.Option(help="Of the deal.")],
    contact: Annotated[int | None, typer.Option(help="Id of the contact.", callback=an_id)] = None,
    company: Annotated[int | None, typer.Option(help="Id of the company.", callback=an_id)] = None,
    category: Annotated[int, typer.Option(help="Id of the pipeline.", min=0, max=1_000_000)] = 0,
    stage: Annotated[str, typer.Option(help="Id of the stage; the pipeline's first without it.")] = "",
    responsible: Annotated[int | None, typer.Option(help="Id of the user.", callback=an_id)] = None,
    fields: Fields = None,
    key: Key = "",
    anyway: Anyway = False,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """A new deal, unless the client has an open one in that pipeline."""
    from toolkit.workflow import desk

    work, show = workspace()
    written = desk.create_deal(
        work, title=title, contact=contact, company=company, category=category, stage=stage,
        responsible=responsible, fields=parameters("deal create", fields, None), key=key, anyway=anyway,
        only_plan=only_plan,
    )  # fmt: skip
    tell_written(show, written, as_json)


@app.command("edit")
def edit_deal(
    card: Annotated[int, typer.Argument(help="Id of the deal.", callback=an_id)],
    fields: Fields = None,
    was: Was = None,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """Change cells of a deal, its stage among them."""
    from toolkit.workflow import desk

    work, show = workspace()
    written = desk.edit_deal(
        work, card, parameters("deal edit", fields, None), seen=parameters("deal edit", was, None),
        only_plan=only_plan,
    )  # fmt: skip
    tell_written(show, written, as_json)


@app.command("users")
def deal_users(
    card: Annotated[int, typer.Argument(help="Id of the deal.", callback=an_id)], as_json: Json = False
) -> None:
    """The people of a deal: responsible, observers, creator, who moved it, its clients' responsibles."""
    from toolkit.workflow import desk

    work, show = workspace()
    people = desk.deal_users(work, card).to_dict("records")
    if as_json:
        print_json(people)
        return
    roles = {
        "responsible": show._("responsible"),
        "observer": show._("observer"),
        "creator": show._("created it"),
        "mover": show._("moved it last"),
        "editor": show._("saved it last"),
        "contact": show._("responsible of the contact"),
        "company": show._("responsible of the company"),
    }
    for each in people:
        gone = "" if each["active"] else f" ({show._('dismissed')})"
        at = f" · {each['at']}" if each["at"] else ""
        show.line(f"{roles[each['role']]}: {each['name']} [{each['user']}]{gone} · {each['of']}{at}")


@dictionary.command("dictionaries")
def dictionaries(
    name: Annotated[
        str | None,
        typer.Argument(
            help="sources, stages, types, pipelines, departments, users or enumerations; all without."
        ),
    ] = None,
    afresh: Annotated[bool, typer.Option("--afresh", help="Ask the portal, whatever is kept.")] = False,
    at_most: Annotated[
        float, typer.Option(help="How old what is kept may be, minutes.", min=0, max=525_600)
    ] = 60.0,
    as_json: Json = False,
) -> None:
    """What records may say: sources, stages, types, pipelines, departments, people, custom lists."""
    from toolkit.workflow import desk

    work, show = workspace()
    found = desk.dictionaries(work, at_most_s=at_most * 60, afresh=afresh)
    names = [name] if name else list(desk.DICTIONARIES)
    tables = {each: found.table(each) for each in names}
    if as_json:
        entries = {each: table.to_dict("records") for each, table in tables.items()}
        print_json({"portal": found.portal, "read_at": found.read_at, "age_s": found.age_s, **entries})
        return
    show.line(show._("{portal}, read at {at}").format(portal=found.portal, at=found.read_at), "bold")
    for each, table in tables.items():
        show.line(f"{each}: {len(table)}", "bold")
        for row in table.to_dict("records"):
            show.line("  " + " · ".join(f"{value}" for value in row.values()))


def _tell(show: Shower, found: Deals, as_json: bool) -> None:
    if not as_json:
        show.line(found.words(show.language))
        return
    print_json(
        {
            "verdict": found.verdict,
            "id": found.id,
            "asked": list(found.asked),
            "deals": found.table.to_dict("records"),
            "client": None if found.client is None else answer_facts(found.client),
        }
    )
