"""The telephone: report, table of all calls, who answers whose clients."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.cli.asking import workspace
from toolkit.cli.options import Appeals, Fresh, Json
from toolkit.cli.telling import print_json
from toolkit.errors import ParameterError

if TYPE_CHECKING:
    from toolkit.workflow import CallsAsked, Workspace

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="Calls out of a snapshot: report, table, who answers whose clients."
)

TakenFrom = Annotated[
    Path | None, typer.Option("--snapshot", help="Folder of a snapshot; the newest without it.")
]
Hours = Annotated[str, typer.Option(help="Working hours.")]
Calendar = Annotated[
    Path | None, typer.Option(help="YAML with further days: holidays, worked (lists of dates), zone.")
]
Into = Annotated[Path | None, typer.Option("--out", help="Where to write; beside the snapshots without it.")]
_MOST = 1_048_000  # what a sheet of Excel holds
Rows = Annotated[
    int,
    typer.Option(
        min=1, max=_MOST, help="The newest so many calls go into the workbook; all of them into Parquet."
    ),
]
_HOURS = "Пн-Пт 9:00-18:00"


@app.command("report")
def calls_report(
    appeals: Appeals = None,
    snapshot: TakenFrom = None,
    fresh: Fresh = False,
    run: Annotated[
        str | None,
        typer.Option(help="Compare before and after of this run; of the newest backfill without it."),
    ] = None,
    hours: Hours = _HOURS,
    calendar: Calendar = None,
    out: Into = None,
    rows: Rows = _MOST,
    as_json: Json = False,
) -> None:
    """Write the report: a page, a workbook with charts, the table as Parquet, clients to hand over."""
    from toolkit import workflow
    from toolkit.reports.calls import sheet_note

    work, show = workspace()
    asked = _asked(work, appeals, snapshot, fresh, hours, calendar, run)
    made = workflow.calls_report(work, asked)
    folder = out if out is not None else _beside(work, made.dataset.portal)
    paths = made.write(folder, most_rows=rows)
    if as_json:
        print_json(
            {
                "figures": {each.words: each.value.replace("\xa0", " ") for each in made.figures()},
                "total": dict(made.pivots["month"].total),
                "files": {name: str(path) for name, path in paths.items()},
            }
        )
        return
    for figure in made.figures():
        show.line(f"{figure.words}: {figure.value}")
    for note in made.notes():
        show.line(note)
    if cut := sheet_note(len(made.dataset), rows, made.wording):
        show.line(cut, "yellow")
    for path in paths.values():
        show.line(str(path))


@app.command("dataset")
def calls_dataset(
    file: Annotated[Path, typer.Argument(help=".parquet or .xlsx")],
    appeals: Appeals = None,
    snapshot: TakenFrom = None,
    fresh: Fresh = False,
    hours: Hours = _HOURS,
    calendar: Calendar = None,
    rows: Rows = _MOST,
    as_json: Json = False,
) -> None:
    """Write the table of all calls, a row per call, ready for a pivot."""
    from toolkit import workflow
    from toolkit.reports.calls import sheet_note, write_calls
    from toolkit.runs.report.wording import Wording

    if file.suffix.lower() not in (".parquet", ".xlsx"):
        raise ParameterError(
            "calls dataset", "file", str(file), "is of no known kind", "End it in .parquet or .xlsx."
        )
    work, show = workspace()
    dataset = workflow.calls_dataset(work, _asked(work, appeals, snapshot, fresh, hours, calendar))
    if file.suffix.lower() == ".xlsx":
        write_calls(dataset, file, most_rows=rows)
    else:
        dataset.write_parquet(file)
    if as_json:
        print_json({"file": str(file), "calls": len(dataset), "columns": list(dataset.table.columns)})
        return
    show.line(f"{file}: {len(dataset)}")
    if file.suffix.lower() == ".xlsx" and (cut := sheet_note(len(dataset), rows, Wording(dataset.language))):
        show.line(cut, "yellow")


@app.command("audit")
def calls_audit(
    appeals: Appeals = None,
    snapshot: TakenFrom = None,
    fresh: Fresh = False,
    hours: Hours = _HOURS,
    out: Into = None,
    as_json: Json = False,
) -> None:
    """Tell who answers whose clients, and write the handovers that would mend it."""
    import pandas as pd

    from toolkit import workflow
    from toolkit.reports.calls.tables import audit_tables

    work, show = workspace()
    made = workflow.calls_report(work, _asked(work, appeals, snapshot, fresh, hours, None, ""))
    folder = out if out is not None else _beside(work, made.dataset.portal)
    files = made.write_handovers(folder)
    if as_json:
        print_json(
            {
                "lines": made.audit.by_line.to_dict("records"),
                "employees": made.audit.by_employee.to_dict("records"),
                "repairs": made.audit.repairs.to_dict("records"),
                "files": {name: str(path) for name, path in files.items()},
            }
        )
        return
    for name, table in audit_tables(made.audit).items():
        if name != "audit_calls":
            show.line(table.title, "bold")
            headings = [column.heading for column in table.columns]
            show.frame(pd.DataFrame(list(table.cells(made.wording, 20)), columns=headings))
            if table.note:
                show.line(table.note)
    for name, path in files.items():
        entity = name.removeprefix("reassign-")
        show.line(f"b24kit plan reassign_by_table -p table=@{path} -p entities=[{entity}]")


def _asked(
    work: Workspace,
    appeals: int | None,
    snapshot: Path | None,
    fresh: bool,
    hours: str,
    calendar: Path | None,
    run: str | None = None,
) -> CallsAsked:
    """What the options ask for; reads the portal into a snapshot when told to."""
    from toolkit import workflow

    if fresh and snapshot is not None:
        raise ParameterError(
            "calls", "--fresh", str(snapshot), "is a snapshot already", "Give one of the two."
        )
    if fresh:
        snapshot = workflow.calls_snapshot(work, appeals).folder
    return workflow.CallsAsked(
        appeals=appeals, snapshot=snapshot, run=run, hours=hours, calendar=_calendar(calendar)
    )


def _calendar(path: Path | None) -> dict[str, Any]:
    import yaml

    if path is None:
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ParameterError(
            "calls", "--calendar", str(path), f"cannot be read: {error}", "Mend the file."
        ) from error
    if not isinstance(found, dict):
        raise ParameterError(
            "calls",
            "--calendar",
            str(path),
            "says nothing",
            "Write: holidays: [2026-05-01], worked: [], zone: Europe/Moscow",
        )
    return found


def _beside(work: Workspace, portal: str) -> Path:
    return work.root / portal.replace(":", "_") / "calls"
