"""Sources watched, pass after pass: what `spool watch` and `contact-centre watch` share, and the latter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toolkit.cli.asking import parameters, read_policy, workspace
from toolkit.cli.options import Given, LogFile, ParamFile, Rehearsing
from toolkit.errors import ParameterError, SettingsError

if TYPE_CHECKING:
    from toolkit.showing import Shower
    from toolkit.spool import Queue, Source, TookIn
    from toolkit.workflow import Workspace
    from toolkit.workflow.everyday import Handed

__all__ = [
    "Every",
    "Folders",
    "KeepDays",
    "KeepFiles",
    "Most",
    "Once",
    "Pass",
    "PolicyPath",
    "Queues",
    "Rehearsing",
    "Settle",
    "Sqls",
    "keep_watching",
    "queue_of",
    "sources_of",
    "watch_centre",
]

OPERATION = "load_contact_centre"

PolicyPath = Annotated[Path, typer.Option("--policy", help="Policy file that approves unattended.")]
Folders = Annotated[
    list[Path] | None, typer.Option("--folder", help="A folder of exports; may be given often.")
]
Sqls = Annotated[
    list[Path] | None,
    typer.Option("--sql", help="YAML file with name, address_from (an environment variable), query, mark."),
]
Queues = Annotated[
    list[Path] | None,
    typer.Option(
        "--queue", help="YAML file with name, queue, address_from (an environment variable): RabbitMQ."
    ),
]
Settle = Annotated[
    float, typer.Option("--settle", help="Seconds a file must not have changed.", min=0, max=86_400)
]
Most = Annotated[int, typer.Option("--most", help="Rows of a run.", min=1, max=100_000)]
Once = Annotated[bool, typer.Option("--once", help="One pass, for cron.")]
Every = Annotated[float, typer.Option("--every", help="Seconds between passes.", min=1, max=86_400)]
KeepFiles = Annotated[
    float,
    typer.Option(
        "--keep-files",
        help="Days after which a file in done/ is deleted, once runs have had all of its rows; 0 for never.",
        min=0,
        max=36_500,
    ),
]
KeepDays = Annotated[
    float,
    typer.Option(
        "--keep-days",
        help="Days after which the content of what was handed over is forgotten.",
        min=0,
        max=36_500,
    ),
]


def watch_centre(
    policy: PolicyPath,
    system: Annotated[str, typer.Option(help="Short name of the other system; the mapping's without.")] = "",
    kind: Annotated[
        str, typer.Option("--kind", help="requests or calls, where there is no mapping file.")
    ] = "requests",
    mapping: Annotated[Path | None, typer.Option(help="Mapping file; by the headings without.")] = None,
    topics: Annotated[Path | None, typer.Option(help="Table of topics; see `topics template`.")] = None,
    folder: Folders = None,
    sql: Sqls = None,
    queue: Queues = None,
    settle: Settle = 10.0,
    most: Most = 500,
    rehearsing: Rehearsing = True,
    once: Once = False,
    every: Every = 60.0,
    keep_days: KeepDays = 30.0,
    keep_files: KeepFiles = 90.0,
    param: Given = None,
    params: ParamFile = None,
    log_file: LogFile = None,
) -> None:
    """Load what arrives from a contact centre, pass after pass; what cannot be written now waits in a spool."""
    from toolkit.sheets.mapping import ExportMapping
    from toolkit.sheets.topics import check_topics

    work, show = workspace(log_file)
    given = parameters(OPERATION, param, params)
    told = ExportMapping.read(mapping) if mapping is not None else None
    rows_as: Literal["requests", "calls"] = (
        "calls" if (told.kind if told else kind) == "calls" else "requests"
    )
    if told is None and kind not in ("requests", "calls"):
        raise ParameterError(OPERATION, "--kind", kind, "is not known", "Write requests or calls.")
    columns: dict[str, str] = {}
    if told is not None:
        given[f"{rows_as}_mapping"] = told.model_dump(exclude_defaults=True, exclude={"system", "kind"})
        columns = {field: heading for heading, field in told.columns.items() if field}
    if topics is not None:
        from toolkit import workflow

        found = check_topics(topics, workflow.routing_facts(work))
        for each in found.problems:
            said = f"{each.place.address}  {each.value}: {each.what(show.language)} {each.fix(show.language)}"
            show.line(said, "red" if each.severity == "error" else "yellow")
        if found.errors:
            raise typer.Exit(2)
        given["topics"] = list(found.rows)
    name = system or (told.system if told else "") or str(given.get("system", ""))
    if not name:
        raise ParameterError(
            OPERATION, "--system", name, "is missing", "It becomes part of every marker: a short name."
        )
    given["system"] = name
    sources = sources_of(
        work, folder, sql, queue,
        key=columns.get("id", ""), version=columns.get("changed", ""), settle=settle, keep_files=keep_files,
    )  # fmt: skip
    keep_watching(
        work,
        show,
        Pass(OPERATION, given, rows_as, f"{name}-{rows_as}", most, rehearsing, keep_days),
        policy,
        sources,
        once=once,
        every=every,
    )


@dataclass(frozen=True)
class Pass:
    """What one pass hands over, and how.

    Args:
        operation: its name.
        given: its other parameters.
        rows_as: the parameter that takes the rows.
        label: of the spool.
        most: rows of a run.
        rehearsing: rehearse every run first.
        keep_days: see `hand_over`.
    """

    operation: str
    given: Mapping[str, Any]
    rows_as: str
    label: str
    most: int
    rehearsing: bool
    keep_days: float


def sources_of(
    work: Workspace,
    folders: Sequence[Path] | None,
    sqls: Sequence[Path] | None,
    queues: Sequence[Path] | None,
    *,
    key: str,
    version: str,
    settle: float,
    keep_files: float,
) -> list[Source]:
    """The sources that were named.

    Raises:
        SourceRefused, SettingsError: one cannot be used.
    """
    from toolkit.spool import FolderSource

    language = work.settings.language
    sources: list[Source] = [
        FolderSource(
            each, key=key, version=version, settle_s=settle, done_days=keep_files or None, language=language
        )
        for each in folders or ()
    ]
    if sqls:
        from toolkit.spool.sql import SqlSource

        sources += [SqlSource.read(each, key=key, version=version) for each in sqls]
    if queues:
        described = [queue_of(each) for each in queues]
        from toolkit.spool import QueueSource

        sources += [QueueSource(each, key=key, version=version) for each in described]
    return sources


def keep_watching(
    work: Workspace,
    show: Shower,
    asked: Pass,
    policy: Path,
    sources: Sequence[Source],
    *,
    once: bool,
    every: float,
) -> None:
    """Take in and hand over, pass after pass, and say what came of it.

    Raises:
        typer.Exit: after one pass, with its exit code.
    """
    from toolkit.workflow.everyday import hand_over, spool_of, take_in

    rules = read_policy(policy)
    assert rules is not None  # noqa: S101  # a path was given
    with spool_of(work, asked.operation, asked.label) as spool:
        while True:
            passed = take_in(spool, sources)
            _say_taken(show, passed.took)
            for away in passed.unreachable:
                show.line(away.in_words(work.settings.language), "yellow")
            handed = hand_over(
                work,
                spool,
                asked.operation,
                asked.given,
                rules,
                rows_as=asked.rows_as,
                most=asked.most,
                rehearsing=asked.rehearsing,
                keep_days=asked.keep_days,
            )
            counts = spool.counts()
            _say_handed(work, show, handed, counts["waiting"] + counts["taken"])
            if once:
                refused = passed.took.refused or passed.took.put.dead or handed.dead
                code = handed.exit_code or (1 if passed.unreachable else 3 if refused else 0)
                raise typer.Exit(code)
            work.clock.sleep(every)


def queue_of(path: Path) -> Queue:
    """The queue a file describes.

    Raises:
        SettingsError: pika is not installed.
        SourceRefused: the file cannot be used.
    """
    if find_spec("pika") is None:
        raise SettingsError(
            "--queue", "needs pika, which is not installed", "Install it with: pip install 'b24kit[queue]'."
        )
    from toolkit.spool import Queue

    return Queue.read(path)


def _say_taken(show: Shower, took: TookIn) -> None:
    put = took.put
    show.line(
        show._("Taken in: {0} new, {1} known, {2} outdated, {3} dead.").format(
            put.new, put.known, put.outdated, put.dead
        )
    )
    for each in took.refused:
        name, colon, reason = each.rpartition(": ")
        show.line(show._("Refused: {0}").format(f"{name}{colon}{show._(reason)}"), "yellow")
    for each in took.unfinished:
        show.line(show._("Not finished yet: {0}").format(each), "yellow")


def _say_handed(work: Workspace, show: Shower, handed: Handed, waits: int) -> None:
    show.line(
        show._("Handed over: {0}; put aside: {1}; waiting: {2}.").format(handed.done, handed.dead, waits)
    )
    for each in handed.held:
        show.line(show._("Held: {0}").format(each), "yellow")
    if handed.waits_for is not None:
        why = handed.waits_for
        words = show._(why) if isinstance(why, str) else why.in_words(work.settings.language)
        show.line(show._("The rest waits: {0}").format(words), "yellow")
