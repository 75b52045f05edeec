"""The contact centre's desk: clients found, made and edited, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.cli.asking import parameters, workspace
from toolkit.cli.options import Json, OnlyPlan, an_id
from toolkit.cli.telling import print_json

if TYPE_CHECKING:
    from toolkit.showing import Shower
    from toolkit.workflow.desk import Answer, Written

__all__ = [
    "Anyway",
    "AreaCode",
    "Fields",
    "Key",
    "Was",
    "Where",
    "answer_facts",
    "companies",
    "contacts",
    "tell_answer",
    "tell_written",
]

contacts = typer.Typer(no_args_is_help=True, help="Contacts: find, create, edit.")
companies = typer.Typer(no_args_is_help=True, help="Companies: find, create, edit.")

CardId = Annotated[int | None, typer.Option("--id", help="Id of the card.", callback=an_id)]
OnePhone = Annotated[str | None, typer.Option("--phone", help="As it was typed.")]
OneEmail = Annotated[str | None, typer.Option("--email", help="Mailbox.")]
Phones = Annotated[list[str] | None, typer.Option("--phone", help="A phone; may be given again.")]
Emails = Annotated[list[str] | None, typer.Option("--email", help="A mailbox; may be given again.")]
Fields = Annotated[
    list[str] | None, typer.Option("--set", help="field=value, the field spelled as on the portal.")
]
Was = Annotated[
    list[str] | None,
    typer.Option("--was", help="field=value as it was read; changed since, it stays as it is."),
]
Key = Annotated[
    str, typer.Option("--key", help="External key, cc:SYSTEM:KIND:ID; made of the words given without it.")
]
Anyway = Annotated[bool, typer.Option("--anyway", help="Create though somebody like that is here.")]
AreaCode = Annotated[str, typer.Option("--area-code", help="Home area code without the 8.")]
Where = Annotated[str, typer.Option("--source", help="auto, snapshot or portal.")]


@contacts.command("find")
def find_contact(
    card: CardId = None,
    phone: OnePhone = None,
    email: OneEmail = None,
    name: Annotated[str | None, typer.Option(help="Whole name, in any order.")] = None,
    inn: Annotated[str | None, typer.Option(help="The person's own INN, twelve digits.")] = None,
    area_code: AreaCode = "",
    source: Where = "auto",
    as_json: Json = False,
) -> None:
    """Which contact this is, and why: one, several, perhaps, none."""
    from toolkit.workflow import desk

    work, show = workspace()
    answer = desk.find_contact(
        work, card=card, phone=phone, email=email, name=name, inn=inn, area_code=area_code,
        source=desk.source_named(source),
    )  # fmt: skip
    tell_answer(show, answer, as_json)


@contacts.command("create")
def create_contact(
    name: Annotated[str, typer.Option(help="Given name.")] = "",
    last_name: Annotated[str, typer.Option(help="Surname.")] = "",
    second_name: Annotated[str, typer.Option(help="Patronymic.")] = "",
    phone: Phones = None,
    email: Emails = None,
    company: Annotated[int | None, typer.Option(help="Id of the person's company.", callback=an_id)] = None,
    fields: Fields = None,
    key: Key = "",
    anyway: Anyway = False,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """A new contact, unless somebody like that is here. `b24kit undo` takes it back."""
    from toolkit.workflow import desk

    work, show = workspace()
    written = desk.create_contact(
        work, name=name, last_name=last_name, second_name=second_name, phones=phone or (), emails=email or (),
        company=company, fields=parameters("contact create", fields, None), key=key, anyway=anyway,
        only_plan=only_plan,
    )  # fmt: skip
    tell_written(show, written, as_json)


@contacts.command("edit")
def edit_contact(
    card: Annotated[int, typer.Argument(help="Id of the contact.", callback=an_id)],
    fields: Fields = None,
    was: Was = None,
    phone: Phones = None,
    email: Emails = None,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """Change cells of a contact; add phones and mailboxes it does not have."""
    from toolkit.workflow import desk

    work, show = workspace()
    written = desk.edit_contact(
        work, card, parameters("contact edit", fields, None), seen=parameters("contact edit", was, None),
        phones=phone or (), emails=email or (), only_plan=only_plan,
    )  # fmt: skip
    tell_written(show, written, as_json)


@companies.command("find")
def find_company(
    card: CardId = None,
    name: Annotated[str | None, typer.Option(help="Title, with or without the legal form.")] = None,
    phone: OnePhone = None,
    email: OneEmail = None,
    inn: Annotated[str | None, typer.Option(help="INN.")] = None,
    kpp: Annotated[str | None, typer.Option(help="KPP, beside an INN.")] = None,
    ogrn: Annotated[str | None, typer.Option(help="OGRN in its requisites.")] = None,
    area_code: AreaCode = "",
    source: Where = "auto",
    as_json: Json = False,
) -> None:
    """Which company this is, and why: one, several, perhaps, none."""
    from toolkit.workflow import desk

    work, show = workspace()
    answer = desk.find_company(
        work, card=card, name=name, phone=phone, email=email, inn=inn, kpp=kpp, ogrn=ogrn, area_code=area_code,
        source=desk.source_named(source),
    )  # fmt: skip
    tell_answer(show, answer, as_json)


@companies.command("create")
def create_company(
    title: Annotated[str, typer.Option(help="Its name.")],
    phone: Phones = None,
    email: Emails = None,
    inn: Annotated[str, typer.Option(help="INN for its requisites.")] = "",
    kpp: Annotated[str, typer.Option(help="KPP for its requisites.")] = "",
    requisites: Annotated[
        list[str] | None, typer.Option("--requisite", help="RQ_FIELD=value of its requisites.")
    ] = None,
    fields: Fields = None,
    key: Key = "",
    anyway: Anyway = False,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """A new company with its requisites, unless one like that is here."""
    from toolkit.workflow import desk

    work, show = workspace()
    written = desk.create_company(
        work, title=title, phones=phone or (), emails=email or (), inn=inn, kpp=kpp,
        requisites=_as_text(requisites), fields=parameters("company create", fields, None), key=key,
        anyway=anyway, only_plan=only_plan,
    )  # fmt: skip
    tell_written(show, written, as_json)


@companies.command("edit")
def edit_company(
    card: Annotated[int, typer.Argument(help="Id of the company.", callback=an_id)],
    fields: Fields = None,
    was: Was = None,
    phone: Phones = None,
    email: Emails = None,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """Change cells of a company; add phones and mailboxes it does not have."""
    from toolkit.workflow import desk

    work, show = workspace()
    written = desk.edit_company(
        work, card, parameters("company edit", fields, None), seen=parameters("company edit", was, None),
        phones=phone or (), emails=email or (), only_plan=only_plan,
    )  # fmt: skip
    tell_written(show, written, as_json)


def _as_text(given: list[str] | None) -> dict[str, Any]:
    """`name=value` as text: numbers of requisites keep their zeros."""
    pairs = parameters("company create", given, None)
    return {
        name: text.partition("=")[2] for text in given or [] for name in pairs if text.startswith(f"{name}=")
    }


def tell_answer(show: Shower, answer: Answer, as_json: bool) -> None:
    """Who was found, and why."""
    if not as_json:
        show.line(answer.words(show.language))
        return
    print_json(answer_facts(answer))


def answer_facts(answer: Answer) -> dict[str, Any]:
    """An answer as JSON can hold it."""
    candidates = [
        {
            "entity": each.entity,
            "id": each.id,
            "tier": each.tier.name.lower(),
            "evidence": list(each.evidence),
        }
        for each in answer.candidates
    ]
    return {**vars(answer), "candidates": candidates}


def tell_written(show: Shower, written: Written, as_json: bool) -> None:
    """What became of a verb that writes; exits with its code."""
    if as_json:
        print_json(vars(written))
        raise typer.Exit(written.exit_code)
    words = {
        "created": show._("created"),
        "edited": show._("edited"),
        "already": show._("it was so before; nothing was written"),
        "partly": show._("written in part"),
        "failed": show._("nothing was written"),
        "planned": show._("planned; nothing was written"),
    }[written.state]
    show.line(f"{written.entity} {written.id or ''}: {words}", "bold")
    for each in written.left:
        show.line(f"  {each}")
    if written.run:
        verb = "apply" if written.state == "planned" else "undo"
        show.line(f"{show._('run')}: {written.run}  (b24kit {verb} {written.run})")
    raise typer.Exit(written.exit_code)
