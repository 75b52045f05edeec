"""Messages of channels: taken in, accounted for row by row; which channels there are, samples of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

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

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.runs import Run
    from toolkit.sheets.channels import ChannelExport
    from toolkit.showing import Shower
    from toolkit.workflow import Workspace

__all__ = ["app"]

OPERATION = "ingest_appeals"
_SHOWN = 20


class _ChannelFirst(TyperGroup):
    """`ingest vk FILE` is `ingest load vk FILE`: what is no command is a channel."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["load", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_ChannelFirst,
    no_args_is_help=True,
    help="Messages of channels as appeals: b24kit ingest CHANNEL FILE; which channels there are; samples.",
)

Account = Annotated[
    Path | None, typer.Option("--account", help="Also write what became of every row there: .xlsx or .csv.")
]


@app.command("load")
def load(
    channel: Annotated[str, typer.Argument(help="Name or short name: b24kit ingest channels.")],
    file: Annotated[Path, typer.Argument(help="What the channel exported; of e-mail also a folder.")],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="Mapping file; the library's own without.")
    ] = None,
    account: Account = None,
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
    """Take in an export: filter, route, plan, rehearse, approve, apply, prove. Exit code 3 when rows were put aside."""
    from toolkit import workflow
    from toolkit.sheets.channels import ChannelMapping, shipped_mapping
    from toolkit.workflow.ingest import export_given, ingest_parameters, run_of

    work, show = workspace(log_file)
    told = ChannelMapping.read(mapping) if mapping is not None else shipped_mapping(channel)
    export, rows = export_given(file, told)
    if not as_json:
        _say_read(show, export)
    given = ingest_parameters(work, told.channel, {**parameters(OPERATION, param, params), **rows})
    if only_plan:
        run = workflow.plan(work, OPERATION, given)
        show_plan(work, show, run, as_json)
        raise typer.Exit(_accounted(work, show, run, account, as_json))
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
    done = run_of(work, given)
    left = _accounted(work, show, done, account, as_json) if done is not None else 0
    raise typer.Exit(code or left)


@app.command("channels")
def channels(as_json: Json = False) -> None:
    """The channels whose exports are known, and what is expected of each."""
    from toolkit.sheets.channels import shipped_channels
    from toolkit.sheets.channels.catalogue import sample_of

    _, show = workspace()
    shapes = {
        "table": show._("spreadsheet or CSV"),
        "json": show._("JSON document"),
        "lines": show._("JSON object to a line"),
        "mail": show._(".mbox, .eml or a folder of .eml"),
        "whatsapp": show._("text of an exported chat"),
    }
    known = shipped_channels()
    if as_json:
        print_json(
            {
                code: {"channel": each.channel, "shape": each.shape, "sample": sample_of(code)}
                for code, each in known.items()
            }
        )
        return
    import pandas as pd

    rows = [(code, each.channel, shapes[each.shape], sample_of(code)) for code, each in known.items()]
    headings = [show._("command"), show._("channel"), show._("file"), show._("sample")]
    show.frame(pd.DataFrame(rows, columns=headings))
    show.line(show._("Samples and mappings of all of them: b24kit ingest samples FOLDER"))


@app.command("samples")
def samples(folder: Annotated[Path, typer.Argument(help="Made when absent.")]) -> None:
    """Write the mapping file and a sample of each channel; files that are there already stay as they are."""
    from toolkit.sheets.channels import lay_out_samples

    _, show = workspace()
    for path in lay_out_samples(folder):
        show.line(str(path))


@app.command("account")
def account_of(
    run_id: RunName = "last",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write: .xlsx or .csv.")] = None,
    as_json: Json = False,
) -> None:
    """What became of every row of a run: became an appeal, joined one, known, filtered, put aside."""
    from toolkit import workflow
    from toolkit.workflow.ingest import account_in_words, row_account, write_account

    work, show = workspace()
    found = row_account(work, workflow.find_run(work, run_id))
    if out is not None:
        write_account(found, out, show.language)
    if as_json:
        print_json(_plain(found))
    elif out is not None:
        show.line(str(out))
    else:
        show.frame(account_in_words(found, show.language))


def _say_read(show: Shower, export: ChannelExport) -> None:
    messages = sum(not each.reason for each in export.rows)
    words = show._("{0}: rows {1}, messages {2}").format(export.name, len(export.rows), messages)
    show.line(words, "bold")
    if export.absent:
        show.line(show._("Not in the file: {0}").format(", ".join(export.absent)), "yellow")


def _accounted(work: Workspace, show: Shower, run: Run, account: Path | None, as_json: bool) -> int:
    """Write the account of a run, and show what was put aside; 3 when something was."""
    from toolkit.workflow.ingest import ACCOUNT_NAME, account_in_words, row_account, write_account

    found = row_account(work, run)
    paths = [write_account(found, run.folder / ACCOUNT_NAME, show.language)]
    if account is not None:
        paths.append(write_account(found, account, show.language))
    left = found[found["state"] == "quarantined"]
    if not as_json:
        counts = account_in_words(found, show.language).iloc[:, 2].value_counts(sort=False)
        show.line("; ".join(f"{words} — {count}" for words, count in counts.items()))
        if len(left):
            show.line(show._("Rows put aside: {0}").format(len(left)), "yellow")
            show.frame(account_in_words(left.head(_SHOWN), show.language).iloc[:, [0, 1, 3, 4]])
        show.line(f"{show._('What became of every row')}: {paths[-1]}")
    return 3 if len(left) else 0


def _plain(found: pd.DataFrame) -> list[dict[str, Any]]:
    rows = found.astype(object).where(found.notna(), None).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]
