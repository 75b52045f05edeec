"""Who is the same client, and where a card went."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.asking import workspace
from toolkit.cli.options import Json, an_id
from toolkit.cli.telling import print_json
from toolkit.errors import ParameterError

__all__ = ["app"]

app = typer.Typer()


@app.command()
def match(
    phone: Annotated[str | None, typer.Option(help="As it was typed; may hold several.")] = None,
    email: Annotated[str | None, typer.Option(help="Mailbox.")] = None,
    inn: Annotated[str | None, typer.Option(help="INN.")] = None,
    kpp: Annotated[str | None, typer.Option(help="KPP, beside an INN.")] = None,
    name: Annotated[str | None, typer.Option(help="Whole name, or a company's title.")] = None,
    entity: Annotated[str, typer.Option(help="contact, company or lead.")] = "contact",
    area_code: Annotated[str, typer.Option(help="Home area code without the 8.")] = "",
    snapshot: Annotated[
        Path | None, typer.Option(help="Folder of a snapshot; the newest without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask whether a client is here already: from the newest snapshot, by the rules that merge."""
    from toolkit import workflow

    if not (phone or email or inn or name):
        raise ParameterError(
            "match", "--phone", None, "is missing", "Give at least one of --phone --email --inn --name."
        )
    work, show = workspace()
    found = workflow.match(
        work,
        phone=phone,
        email=email,
        inn=inn,
        kpp=kpp,
        name=name,
        entity=entity,
        area_code=area_code,
        snapshot=snapshot,
    )
    if as_json:
        print_json(
            {
                "verdict": found.verdict,
                "client": found.client,
                "asked": list(found.asked),
                "candidates": [
                    {
                        "entity": each.entity,
                        "id": each.id,
                        "client": each.client,
                        "tier": each.tier.name.lower(),
                        "evidence": list(each.evidence),
                    }
                    for each in found.candidates
                ],
            }
        )
        return
    show.line(found.words(work.settings.language))


@app.command()
def alias(
    card: Annotated[int, typer.Argument(help="The id the card had.", callback=an_id)], as_json: Json = False
) -> None:
    """Tell under which id a card lives on that was merged, or taken apart again."""
    from toolkit import workflow

    work, show = workspace()
    found = workflow.alias(work, card)
    if as_json:
        print_json(found)
        return
    for entity, now in found.items():
        show.line(f"{entity} {card} -> {entity} {now}")
    if not found:
        show.line(show._("No run of this folder merged the card {card}.").format(card=card))


@app.command()
def blame(
    entity: Annotated[str, typer.Argument(help="contact, company, deal, ...")],
    card: Annotated[int, typer.Argument(help="Id of the record, also one it had before.", callback=an_id)],
    history: Annotated[bool, typer.Option("--history", help="Every value, not only the last.")] = False,
    as_json: Json = False,
) -> None:
    """Tell which run, row of its plan, rule and person gave each field of a record its value."""
    from dataclasses import asdict

    from toolkit import workflow

    work, show = workspace()
    found = workflow.blame(work, entity, card)
    if as_json:
        print_json({**asdict(found), "fields": [asdict(each) for each in found.fields]})
        return
    if found.now != found.asked:
        words = show._("merged into") if found.gone_into else show._("is now")
        show.line(f"{entity} {found.asked}: {words} {entity} {found.now}")
    given = found.history if history else found.fields
    if not given:
        show.line(show._("No run of this folder has written to this record."))
    for each in given:
        at = (
            datetime.fromtimestamp(each.at, UTC).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
        )
        source = f" ← {entity} {each.source}" if each.source else ""
        show.line(f"{each.label}: {each.value}{source}", "bold")
        who = {"policy": show._("a policy")}.get(each.by, each.by) or show._("unknown")
        show.line(f"    {show._('before')}: {each.before}")
        show.line(f"    {each.operation} · {each.reason}")
        show.line(f"    {at} UTC · {each.run}, {show._('row')} {each.change} · {show._('agreed by')}: {who}")
