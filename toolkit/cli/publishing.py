"""Routing directories on a portal: published, listed, compared, exported, followed by open appeals."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.cli.asking import approver, parameters, read_policy, workspace
from toolkit.cli.options import EntityType, Given, Json, OnlyPlan, ParamFile, PolicyFile, Yes
from toolkit.cli.telling import finish, print_json, show_plan
from toolkit.errors import ApprovalNeeded, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolkit.errors import PortalError
    from toolkit.routing import Book
    from toolkit.runs import Run
    from toolkit.sheets import CheckedDirectory
    from toolkit.showing import Shower
    from toolkit.workflow import Workspace

__all__ = ["app"]

app = typer.Typer()

File = Annotated[Path, typer.Argument(help=".xlsx, .xlsm, .xls, .ods or .csv")]
Which = Annotated[str, typer.Argument(help="A file, `published`, or the number of a version.")]
Other = Annotated[
    str | None, typer.Argument(help="What it becomes; without it, the other side is the published one.")
]
Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Rules as of this day; today without.")
]


@app.command("provision")
def routing_provision(
    in_list: Annotated[
        bool, typer.Option("--list", help="In a universal list instead of a smart process.")
    ] = False,
    agree: Yes = None,
    policy: PolicyFile = None,
    as_json: Json = False,
) -> None:
    """Set up, once, the smart process (or the universal list) in which directories are published."""
    from toolkit import workflow

    work, show = workspace()
    given = {"language": show.language, "shelf": "list" if in_list else "process"}
    run = workflow.plan(work, "provision_routing", given)
    _carried_out(work, show, run, agree, policy, as_json)


@app.command("publish")
def routing_publish(
    file: File,
    effective: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="In force from this day; today without."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who publishes, for the history.")] = "",
    entity_type: EntityType = 2,
    only_plan: OnlyPlan = False,
    agree: Yes = None,
    policy: PolicyFile = None,
    as_json: Json = False,
) -> None:
    """Check a directory and put it in force; `b24kit undo` takes it back. Exit code 2 when it has errors."""
    from toolkit import workflow

    work, show = workspace()
    checked = _checked(work, file, entity_type)
    if checked.errors:
        _refuse(show, checked, as_json)
    run = workflow.plan_publishing(work, checked, effective.date() if effective else None, by=by)
    if only_plan:
        show_plan(work, show, run, as_json)
        return
    _carried_out(work, show, run, agree, policy, as_json)


@app.command("history")
def routing_history(as_json: Json = False) -> None:
    """Every version that was published: when, by whom, in force from which day."""
    from toolkit import workflow

    work, show = workspace()
    listed = workflow.publications(work)
    if as_json:
        print_json(listed.to_dict("records"))
        return
    states = {"in_force": show._("in force"), "scheduled": show._("scheduled"), "past": show._("past")}
    headings = ["version", "published", "by", "in force from", "rules", "state", "run"]
    rows = [
        [each["version"], str(each["published_at"])[:16].replace("T", " "), each["by"], each["effective_from"],
         each["rules"], states[str(each["state"])], each["run"]]
        for each in listed.to_dict("records")
    ]  # fmt: skip
    _table(show, headings, rows)


@app.command("diff")
def routing_diff(
    first: Which, second: Other = None, entity_type: EntityType = 2, as_json: Json = False
) -> None:
    """What differs between two directories: files, the published one, earlier versions."""
    from toolkit import workflow

    work, show = workspace()
    # A file alone is what is to come, a version alone is what was: the published one stands on the other side.
    names = (
        (first, second) if second else ("published", first) if Path(first).exists() else (first, "published")
    )
    books = [_book(work, show, each, entity_type) for each in names]
    found = workflow.routing_diff(books[0], books[1], show.language)
    if as_json:
        print_json(found.to_dict("records"))
        return
    if found.empty:
        show.line(show._("Both decide alike."), "green")
        return
    words = {"added": show._("added"), "removed": show._("removed"), "changed": show._("changed"),
             "reordered": show._("reordered"), "rules": show._("rules"), "filters": show._("filters"),
             "substitutions": show._("substitutions")}  # fmt: skip
    rows = [
        [
            words[str(each["change"])],
            words[str(each["table"])],
            *(each[key] for key in ("row", "fields", "before", "after")),
        ]
        for each in found.to_dict("records")
    ]
    _table(show, ["change", "table", "row", "what", "before", "after"], rows)


@app.command("simulate")
def routing_simulate(
    file: File,
    history: Annotated[
        Path | None, typer.Option(help="An export of appeals; without it the newest snapshot, or a new one.")
    ] = None,
    on: Day = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the page.")] = None,
    entity_type: EntityType = 2,
    as_json: Json = False,
) -> None:
    """Run a directory over past appeals and compare it with the published one. Writes nothing on the portal."""
    from toolkit import workflow

    work, show = workspace()
    checked = _checked(work, file, entity_type)
    if checked.errors:
        _refuse(show, checked, as_json)
    past = workflow.routing_history(work, file=history, entity_type_id=entity_type)
    found = workflow.simulate_routing(work, checked, past, on=on.date() if on else None)
    page = (out or file.parent) / f"{file.stem}-simulated.html"
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.touch(mode=0o600)
        page.write_text(found.html(show.language), encoding="utf-8")
    except OSError as error:
        raise StorageError(page, error.strerror or "no reason given", "Choose another --out.") from error
    if as_json:
        print_json({**found.as_json(show.language), "page": str(page)})
        return
    from toolkit.routing.wording import LABELS

    for name, count in found.measures(show.language).items():
        show.line(f"{name}: {count}")
    if found.without_topics:
        show.line(LABELS["no_topics"][show.language], "yellow")
    for each in found.topics.head(10).itertuples():
        show.line(f"{LABELS['topics'][show.language]}: {each.topic}: {each.lost}", "red")
    show.line(str(page))


@app.command("export")
def routing_export(
    which: Which = "published",
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rules there as JSON.")] = None,
    sqlite: Annotated[Path | None, typer.Option(help="Write the rules there as a SQLite database.")] = None,
    entity_type: EntityType = 2,
) -> None:
    """Write a directory for other platforms, and beside it `evaluator.py`, which decides by it as we do."""
    from toolkit.routing import RoutingRefused, export_json, export_sqlite

    work, show = workspace()
    if json_file is None and sqlite is None:
        raise RoutingRefused("The export", "was not told where to write", "Add --json FILE or --sqlite FILE.")
    book = _book(work, show, which, entity_type)
    written = export_json(book, json_file) if json_file else []
    written += export_sqlite(book, sqlite) if sqlite else []
    for path in dict.fromkeys(written):
        show.line(str(path))


@app.command("reroute")
def routing_reroute(
    param: Given = None,
    params: ParamFile = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="One pass over what changed since the last; needs a policy.")
    ] = False,
    agree: Yes = None,
    policy: PolicyFile = None,
    as_json: Json = False,
) -> None:
    """Move open appeals to where the published directory puts them today (`reroute_open_appeals`)."""
    from toolkit import workflow

    work, show = workspace()
    given = workflow.reroute_parameters(
        work,
        parameters("reroute_open_appeals", param, params),
        unread=lambda error: _say_unread(show, error, as_json),
    )
    if not watch:
        run = workflow.plan(work, "reroute_open_appeals", given)
        _carried_out(work, show, run, agree, policy, as_json)
        return
    rules = read_policy(policy)
    if rules is None:
        raise ApprovalNeeded(
            "--watch works without anybody watching.", "Give it a policy: --policy policy.yaml"
        )
    done = workflow.keep_in_step(work, "reroute_open_appeals", given, rules)
    if done is None:
        show.line(show._("In step; nothing to do."))
        return
    finish(show, done[0], done[1], as_json)


def _say_unread(show: Shower, error: PortalError, as_json: bool) -> None:
    if as_json:
        return
    told = show._(
        "Who is on leave could not be read from the calendars of the portal; only the substitutions of the"
        " directory count. To have it read, add the scope `calendar` to the webhook."
    )
    show.line(f"{told} ({error.code or error.message})", "yellow")


def _checked(work: Workspace, file: Path, entity_type: int) -> CheckedDirectory:
    from toolkit import workflow
    from toolkit.sheets import check_file

    day = datetime.fromtimestamp(work.clock.now(), UTC).astimezone().date()
    return check_file(file, workflow.routing_facts(work, entity_type), on=day)


def _refuse(show: Shower, checked: CheckedDirectory, as_json: bool) -> None:
    if as_json:
        print_json(checked.as_json(show.language))
    else:
        show.problems(checked)
    raise typer.Exit(2)


def _book(work: Workspace, show: Shower, which: str, entity_type: int) -> Book:
    """A directory by what a person calls it."""
    from toolkit import workflow
    from toolkit.routing import RoutingRefused
    from toolkit.sheets import book_of

    if which == "published":
        found = workflow.published_routing(work)
        if found is None:
            raise RoutingRefused(
                "The portal", "has no published directory yet", "b24kit routing publish FILE"
            )
        return found
    if which.isascii() and which.isdigit() and not Path(which).exists():
        return _version(work, int(which))
    checked = _checked(work, Path(which), entity_type)
    if checked.errors:
        _refuse(show, checked, False)
    return book_of(checked)


def _version(work: Workspace, number: int) -> Book:
    from toolkit import workflow
    from toolkit.routing import RoutingRefused

    found = workflow.published_routing(work, number)
    if found is None:
        raise RoutingRefused(f"Version {number}", "was never published", "See: b24kit routing history")
    return found


def _carried_out(
    work: Workspace, show: Shower, run: Run, agree: str | None, policy: Path | None, as_json: bool
) -> None:
    from toolkit import workflow

    if not len(run.plan.active):
        show_plan(work, show, run, as_json)
        if not as_json:
            show.line(show._("Nothing to do."), "green")
        return
    if not as_json:
        show_plan(work, show, run, False)
    approver(work, show, agree, policy, None)(run)
    finish(show, run, workflow.carry_out(work, run, canary=0), as_json)


def _table(show: Shower, headings: list[str], rows: list[list[Any]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    words: Mapping[str, str] = {
        "version": show._("version"), "published": show._("published"), "by": show._("by"),
        "in force from": show._("in force from"), "rules": show._("rules"), "state": show._("state"),
        "run": show._("run"), "change": show._("change"), "table": show._("table"), "row": show._("row"),
        "what": show._("what"), "before": show._("before"), "after": show._("after"),
    }  # fmt: skip
    for each in headings:
        table.add_column(words[each])
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    show.console.print(table)
