"""Routing directories that admins keep in spreadsheets."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli import publishing
from toolkit.cli.asking import workspace
from toolkit.cli.options import EntityType, Json
from toolkit.cli.telling import print_json
from toolkit.errors import StorageError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Routing directories that admins keep in spreadsheets.")
app.add_typer(publishing.app)


@app.command("check")
def routing_check(
    file: Annotated[Path, typer.Argument(help=".xlsx, .xlsm, .xls, .ods or .csv")],
    portal: Annotated[bool, typer.Option(help="Compare with the portal, too.")] = True,
    entity_type: EntityType = 2,
    out: Annotated[Path | None, typer.Option(help="Folder for the annotated copy and the page.")] = None,
    corrected: Annotated[bool, typer.Option(help="Correct look-alike letters in the copy.")] = False,
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Check as of this day.")] = None,
    as_json: Json = False,
) -> None:
    """Every problem of a routing directory, at its cell. Exit code 2 when it has errors."""
    from toolkit import workflow
    from toolkit.sheets.annotated import write_annotated
    from toolkit.sheets.checking import check_file
    from toolkit.sheets.page import problems_page

    work, show = workspace()
    facts = workflow.routing_facts(work, entity_type) if portal else None
    day = (on or datetime.fromtimestamp(work.clock.now(), UTC).astimezone()).date()
    checked = check_file(file, facts, on=day)
    folder = out or file.parent
    copy, page = folder / f"{file.stem}-checked.xlsx", folder / f"{file.stem}-checked.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page.write_text(problems_page(checked, language=show.language), encoding="utf-8")
    except OSError as error:
        raise StorageError(page, error.strerror or "no reason given", "Choose another --out.") from error
    write_annotated(file, checked, copy, language=show.language, corrected=corrected)
    if as_json:
        print_json({**checked.as_json(show.language), "annotated": str(copy), "page": str(page)})
    else:
        show.problems(checked)
        show.line(str(copy))
        show.line(str(page))
    raise typer.Exit(checked.exit_code)


@app.command("template")
def routing_template(
    file: Annotated[Path, typer.Argument(help="Workbook to write.")] = Path("routing.xlsx"),
    portal: Annotated[bool, typer.Option(help="Drop-downs of what the portal really has.")] = True,
    entity_type: EntityType = 2,
) -> None:
    """Write an empty routing directory to fill in."""
    from toolkit import workflow
    from toolkit.sheets.template import write_template

    work, show = workspace()
    facts = workflow.routing_facts(work, entity_type) if portal else None
    show.line(str(write_template(file, facts, language=show.language)))
