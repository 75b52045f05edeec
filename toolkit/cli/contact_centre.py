"""A contact centre's exports: mapped, checked, loaded, and accounted for row by row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toolkit.cli.asking import parameters, workspace
from toolkit.cli.options import (
    Canary,
    Given,
    Json,
    LogFile,
    MaxShare,
    Metrics,
    OnlyPlan,
    ParamFile,
    PolicyFile,
    Rehearsing,
    RunName,
    Summary,
    Yes,
)
from toolkit.cli.river import Flags, run_given
from toolkit.cli.telling import print_json, show_plan
from toolkit.cli.way_back import changes
from toolkit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.sheets.mapping import ExportMapping
    from toolkit.sheets.problems import Problem
    from toolkit.sheets.topics import CheckedTopics
    from toolkit.showing import Shower
    from toolkit.workflow import Workspace
    from toolkit.workflow.contact_centre.exports import CheckedExport

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="A contact centre's requests and calls: mapping, check, topics, load, account; and the way back: changes.",
)
topics = typer.Typer(no_args_is_help=True, help="The table of topics: which pipeline, stage and responsible.")
app.add_typer(topics, name="topics")
app.command("changes")(changes)

OPERATION = "load_contact_centre"
_SHOWN = 50

File = Annotated[
    Path,
    typer.Argument(
        help="An export: spreadsheet, csv, json lines or Parquet; or a YAML file with query and address_from."
    ),
]
Sheet = Annotated[str, typer.Option(help="Which sheet; the first visible one without.")]
KindOf = Annotated[str, typer.Option("--kind", help="requests or calls.")]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="Mapping file; by the headings without.")]
Zone = Annotated[
    str, typer.Option(help="Time zone of moments that name none, where there is no mapping file.")
]
MOSCOW = "Europe/Moscow"


@app.command("mapping")
def propose_mapping(
    file: File,
    kind: KindOf = "requests",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Mapping file to write.")] = None,
    system: Annotated[str, typer.Option(help="Short name of the other system, part of every marker.")] = "",
    sheet: Sheet = "",
    zone: Zone = MOSCOW,
    as_json: Json = False,
) -> None:
    """Propose from the headings which column is which field; a person corrects the file."""
    from toolkit.sheets.mapping import ExportMapping
    from toolkit.workflow.contact_centre.exports import export_of

    _, show = workspace()
    export = export_of(file, sheet)
    rows = _kind(kind)
    text, found = ExportMapping.proposed(
        export, rows, system=system, sheet=sheet, zone=zone, language=show.language
    )
    if out is not None:
        ExportMapping.write(text, out)
    if as_json:
        print_json({"columns": found.columns, "unknown": found.unknown, "missing": found.missing})
    elif out is None:
        show.line(text.rstrip())
    else:
        _columns(show, export.columns, found.columns)
        show.line(str(out))
    if not as_json and found.missing:
        show.line(show._("Not found, but needed: {0}").format(", ".join(found.missing)), "yellow")
    raise typer.Exit(2 if found.missing else 0)


@app.command("check")
def check(
    file: File,
    mapping: MappingFile = None,
    kind: Annotated[
        str, typer.Option("--kind", help="requests or calls, where there is no mapping file.")
    ] = "",
    zone: Zone = MOSCOW,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Annotated copy to write.")] = None,
    as_json: Json = False,
) -> None:
    """Every problem of an export, at its cell. Exit code 3 when rows would be put aside."""
    from toolkit.sheets.mapping import ExportMapping
    from toolkit.workflow.contact_centre.exports import annotated_copy, check_export

    _, show = workspace()
    told = ExportMapping.read(mapping) if mapping is not None else None
    rows = told.kind if told is not None else _kind(kind or "requests")
    checked = check_export(file, rows, told, zone=zone, language=show.language)
    target = out or file.with_name(f"{file.stem}-checked.xlsx")
    copy = annotated_copy(checked, target, language=show.language) if checked.problems or out else None
    if as_json:
        print_json(
            {
                "rows": len(checked.rows),
                "put_aside": len(checked.unread),
                "columns": {name: field for name, field in checked.mapping.columns.items() if field},
                "left_out": checked.left_out,
                "absent": checked.absent,
                "problems": [each.as_json(show.language) for each in checked.problems],
                "annotated": str(copy) if copy else None,
            }
        )
    else:
        _columns(show, checked.export.columns, checked.mapping.columns)
        _told(show, checked)
        if copy is not None:
            show.line(str(copy))
    raise typer.Exit(3 if checked.problems else 0)


@app.command("load")
def load(
    system: Annotated[str, typer.Option(help="Short name of the other system; the mapping's without.")] = "",
    requests: Annotated[Path | None, typer.Option(help="Export of requests; see `check`.")] = None,
    calls: Annotated[Path | None, typer.Option(help="Export of calls; see `check`.")] = None,
    history: Annotated[
        Path | None, typer.Option(help="Export of what was changed there and why: comments in timelines.")
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option(help="Folder of the recordings which the rows of calls name.")
    ] = None,
    mapping: Annotated[
        list[Path] | None, typer.Option("--mapping", help="Mapping file; one for each kind of rows.")
    ] = None,
    topics_file: Annotated[
        Path | None, typer.Option("--topics", help="Table of topics; see `topics template`.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="The files hold all there is: list what is gone.")
    ] = False,
    zone: Zone = MOSCOW,
    param: Given = None,
    params: ParamFile = None,
    only_plan: OnlyPlan = False,
    agree: Yes = None,
    policy: PolicyFile = None,
    rehearsing: Rehearsing = True,
    canary: Canary = None,
    max_share: MaxShare = None,
    summary: Summary = None,
    metrics: Metrics = None,
    log_file: LogFile = None,
    as_json: Json = False,
) -> None:
    """Carry exports into the portal: plan, rehearse, approve, apply, prove. Exit code 3 when rows were put aside."""
    from toolkit import workflow

    work, show = workspace(log_file)
    given = parameters(OPERATION, param, params)
    mappings = _mappings(mapping)
    for kind, path in (("requests", requests), ("calls", calls)):
        if path is not None:
            from toolkit.workflow.contact_centre.exports import check_export

            checked = check_export(path, _kind(kind), mappings.get(kind), zone=zone, language=show.language)
            if not as_json:
                _told(show, checked)
            given[kind] = list(checked.rows)
            given["unread"] = [*given.get("unread", ()), *(each.model_dump() for each in checked.unread)]
            system = system or checked.mapping.system
    given.setdefault("language", show.language)
    if system:
        given["system"] = system
    if topics_file is not None:
        checked_topics = _topics(work, topics_file)
        _problems(show, checked_topics.problems)
        if checked_topics.errors:
            raise typer.Exit(2)
        given["topics"] = list(checked_topics.rows)
    if history is not None:
        from toolkit.workflow.contact_centre.exports import check_history

        told, left = check_history(history, zone=given.get("zone", zone), language=show.language)
        given |= {"history": told, "zone": given.get("zone", zone)}
        given["unread"] = [*given.get("unread", ()), *(each.model_dump() for each in left)]
        if not as_json:
            words = show._("{0}: rows {1}, put aside {2}")
            show.line(words.format(history.name, len(told) + len(left), len(left)), "bold")
            _some(show, [each.problem for each in left])
    if recordings is not None:
        given["recordings_folder"] = str(recordings.absolute())
    if whole:
        given["whole"] = True
    if only_plan:
        show_plan(work, show, workflow.plan(work, OPERATION, given), as_json)
        return
    flags = Flags(
        agree=agree,
        policy=policy,
        rehearsing=rehearsing,
        canary=canary,
        max_share=max_share,
        summary=summary,
        metrics=metrics,
        as_json=as_json,
    )
    code = 0
    try:
        run_given(work, show, OPERATION, given, flags)
    except typer.Exit as ended:
        code = ended.exit_code
    raise typer.Exit(code or (3 if given.get("unread") else 0))


@topics.command("template")
def topics_template(
    file: Annotated[Path, typer.Argument(help="Workbook to write.")] = Path("topics.xlsx"),
    requests: Annotated[
        Path | None, typer.Option("--from", help="An export of requests: the topics it has, a row each.")
    ] = None,
    mapping: MappingFile = None,
) -> None:
    """Write a table of topics to fill in, with drop-downs of what the portal really has."""
    from toolkit import workflow
    from toolkit.sheets.columns import TOPICS
    from toolkit.sheets.mapping import ExportMapping
    from toolkit.sheets.template import write_template
    from toolkit.workflow.contact_centre.exports import check_export

    work, show = workspace()
    met: list[str] = []
    if requests is not None:
        told = ExportMapping.read(mapping) if mapping is not None else None
        rows = check_export(requests, "requests", told, language=show.language).rows
        met = sorted({str(row["topic"]) for row in rows if row.get("topic")})
    facts = workflow.routing_facts(work)
    made = write_template(file, facts, language=show.language, kinds=[TOPICS], topics=["*", *met])
    show.line(str(made))


@topics.command("check")
def topics_check(
    file: Annotated[Path, typer.Argument(help=".xlsx, .xlsm, .xls, .ods or .csv")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Annotated copy to write.")] = None,
    as_json: Json = False,
) -> None:
    """Every problem of a table of topics, at its cell. Exit code 2 when it has errors."""
    from toolkit.sheets.annotated import write_marked

    work, show = workspace()
    checked = _topics(work, file)
    copy = out or file.with_name(f"{file.stem}-checked.xlsx")
    if checked.problems or out:
        title = show._("{0}: problems {1}").format(file.name, len(checked.problems))
        write_marked(file, list(checked.problems), copy, title=title, language=show.language)
    if as_json:
        problems = [each.as_json(show.language) for each in checked.problems]
        print_json({"rows": list(checked.rows), "problems": problems})
    else:
        _problems(show, checked.problems)
        show.line(show._("Topics that can be used: {0}").format(len(checked.rows)), "bold")
        if checked.problems or out:
            show.line(str(copy))
    raise typer.Exit(2 if checked.errors else 0)


@app.command("account")
def account_of(
    run_id: RunName = "last",
    state: Annotated[
        str, typer.Option(help="Only rows that are created, edited, unchanged, review or quarantined.")
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write: .xlsx or .csv.")] = None,
    as_json: Json = False,
) -> None:
    """What became of every row of a load."""
    from toolkit import workflow
    from toolkit.reports.handing_out import write_table
    from toolkit.workflow.contact_centre.account import load_account, load_account_in_words

    work, show = workspace()
    found = load_account(work, workflow.find_run(work, run_id))
    chosen = found[found["state"] == state] if state else found
    words = load_account_in_words(chosen, show.language)
    if out is not None:
        write_table(words, out, asked_by="account", title=show._("rows"))
    if as_json:
        print_json(chosen.to_dict("records"))
    elif out is not None:
        show.line(str(out))
    else:
        show.frame(words.head(_SHOWN))
        if len(words) > _SHOWN:
            show.line(show._("… and {0} more").format(len(words) - _SHOWN), "yellow")


def _topics(work: Workspace, file: Path) -> CheckedTopics:
    from toolkit import workflow
    from toolkit.sheets.topics import check_topics

    return check_topics(file, workflow.routing_facts(work))


def _problems(show: Shower, problems: Sequence[Problem]) -> None:
    from toolkit.sheets.labels import LABELS

    for each in problems:
        tone = "red" if each.severity == "error" else "yellow"
        said = f"{each.place.sheet}!{each.place.address}  {each.value}".strip()
        told = f"{each.what(show.language)} {each.fix(show.language)}"
        if each.further_suggestion is not None:
            told += " " + LABELS["maybe"][show.language].format(value=each.further_suggestion)
        show.line(f"{said}: {told}", tone)


def _kind(text: str) -> Literal["requests", "calls"]:
    if text in ("requests", "calls"):
        return "requests" if text == "requests" else "calls"
    raise ParameterError(OPERATION, "--kind", text, "is not known", "Write requests or calls.")


def _mappings(files: list[Path] | None) -> dict[str, ExportMapping]:
    from toolkit.sheets.mapping import ExportMapping

    found: dict[str, ExportMapping] = {}
    for each in files or []:
        mapping = ExportMapping.read(each)
        if mapping.kind in found:
            raise ParameterError(
                OPERATION,
                "--mapping",
                str(each),
                f"is a second one of {mapping.kind}",
                "Give one for each kind.",
            )
        found[mapping.kind] = mapping
    return found


def _columns(show: Shower, headings: Any, fields: dict[str, str]) -> None:
    import pandas as pd

    left = show._("left out")
    rows = [(each, fields.get(each) or left) for each in headings]
    show.frame(pd.DataFrame(rows, columns=[show._("heading"), show._("field")]))


def _some(show: Shower, problems: Sequence[str]) -> None:
    """The first problems, and how many more there are."""
    shown = 20
    for each in problems[:shown]:
        show.line(each, "yellow")
    if len(problems) > shown:
        show.line(show._("… and {0} more").format(len(problems) - shown), "yellow")


def _told(show: Shower, checked: CheckedExport) -> None:
    """What an export holds, and what of it is put aside."""
    words = show._("{0}: rows {1}, put aside {2}").format(
        checked.export.name, len(checked.rows) + len(checked.unread), len(checked.unread)
    )
    show.line(words, "bold")
    told = []
    for each in checked.problems:
        place = f"{each.place.sheet}!{each.place.address}" if each.place.sheet else each.place.address
        told.append(f"{place}  {each.heading}: {each.what(show.language)} {each.fix(show.language)}")
    _some(show, told)
    if checked.left_out:
        show.line(show._("Columns that are left out: {0}").format(", ".join(checked.left_out)))
    if checked.absent:
        show.line(show._("Not in the file: {0}").format(", ".join(checked.absent)), "yellow")
