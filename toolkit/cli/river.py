"""What is done with a run: plan, rehearse, apply, resume, verify, undo, report."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.cli.asking import approver, nights_of, parameters, read_policy, workspace
from toolkit.cli.options import (
    Canary,
    Every,
    Given,
    Json,
    LogFile,
    MaxShare,
    Metrics,
    Nights,
    OnlyPlan,
    OperationName,
    ParamFile,
    PolicyFile,
    Rehearsing,
    RunName,
    Summary,
    Yes,
    an_id,
)
from toolkit.cli.telling import certificate_facts, finish, print_json, show_plan, tell_result
from toolkit.errors import ApprovalNeeded, ParameterError, StorageError

if TYPE_CHECKING:
    from toolkit.runs import Certificate, Policy, Run, Window
    from toolkit.showing import Shower
    from toolkit.workflow import Ended, Workspace

__all__ = ["Flags", "app", "run_given"]

app = typer.Typer()


@app.command()
def plan(
    operation: OperationName,
    param: Given = None,
    params: ParamFile = None,
    review: Annotated[
        Path | None,
        typer.Option(help="Write the plan as a workbook to review; or plan what such a workbook chose."),
    ] = None,
    nights: Nights = None,
    as_json: Json = False,
) -> None:
    """Take the snapshot an operation needs and freeze its plan. Writes nothing on the portal.

    With --review FILE the plan is also written there, to be looked through. When FILE is such a workbook of
    groups already, what was chosen in it is planned, on the snapshot it shows.
    """
    from toolkit import workflow
    from toolkit.workflow.ingest import placed

    window = nights_of(nights)
    work, show = workspace()
    if review is not None and workflow.is_review(review):
        show_plan(work, show, workflow.review_in(work, review), as_json, window)
        return
    run = workflow.plan(work, operation, placed(work, operation, parameters(operation, param, params)))
    show_plan(work, show, run, as_json, window)
    if review is not None:
        path = workflow.review_out(work, run, review)
        if not as_json:
            show.line(str(path))
    if not as_json and len(run.plan.active):
        show.line(f"{show._('Next, on a copy')}: b24kit rehearse last")


@app.command()
def rehearse(run_id: RunName = "last", as_json: Json = False) -> None:
    """Carry a plan out on a sandbox loaded from the run's own snapshot."""
    from toolkit import workflow

    work, show = workspace()
    rehearsal = workflow.rehearse(work, workflow.find_run(work, run_id))
    if as_json:
        print_json(
            {
                "clean": rehearsal.clean,
                "seconds": rehearsal.seconds,
                "refused": rehearsal.refused,
                "certificate": certificate_facts(rehearsal.certificate),
            }
        )
    else:
        show.rehearsal(rehearsal)
        if rehearsal.clean:
            show.line(f"{show._('Next, on the portal')}: b24kit apply {run_id}")
    raise typer.Exit(0 if rehearsal.clean else rehearsal.certificate.exit_code or 3)


@app.command()
def apply(
    run_id: RunName = "last",
    agree: Yes = None,
    policy: PolicyFile = None,
    review: Annotated[
        Path | None, typer.Option(help="A reviewed workbook; only what it leaves or chooses is done.")
    ] = None,
    canary: Annotated[
        int, typer.Option(help="Changes written and re-read before the rest.", min=1, max=1_000_000)
    ] = 10,
    max_share: MaxShare = None,
    nights: Nights = None,
    as_json: Json = False,
) -> None:
    """Approve a plan, write it, prove it. Continues an unfinished run."""
    from toolkit import workflow

    window = nights_of(nights)
    work, show = workspace()
    run = workflow.find_run(work, run_id)
    if review is not None:
        run = workflow.review_in(work, review, run)
    if run.state in ("planned", "rehearsed"):
        if not as_json:
            show_plan(work, show, run, False, window)
        approver(work, show, agree, policy, max_share)(run)
    finish(show, run, _carried_out(work, run, window, canary), as_json)


@app.command()
def resume(run_id: RunName = "last", nights: Nights = None, as_json: Json = False) -> None:
    """Continue a run that was paused, stopped or killed."""
    from toolkit import workflow

    window = nights_of(nights)
    work, show = workspace()
    run = workflow.find_run(work, run_id)
    finish(show, run, _carried_out(work, run, window, 0), as_json)


def _carried_out(work: Workspace, run: Run, window: Window | None, canary: int) -> Certificate:
    from toolkit import workflow

    if window is None:
        return workflow.carry_out(work, run, canary=canary)
    return workflow.carry_out_in_windows(work, run, window, canary=canary)


@app.command()
def verify(run_id: RunName = "last", as_json: Json = False) -> None:
    """Read the scope of a run again and judge every cell."""
    from toolkit import workflow

    work, show = workspace()
    run = workflow.find_run(work, run_id)
    finish(show, run, workflow.check(work, run), as_json)


@app.command()
def undo(
    run_id: RunName = "last",
    record: Annotated[list[int] | None, typer.Option(help="Only these record ids.", callback=an_id)] = None,
    agree: Yes = None,
    policy: PolicyFile = None,
    only_plan: OnlyPlan = False,
    as_json: Json = False,
) -> None:
    """Take a run back: plan, rehearse, approve, apply, prove, like any other run."""
    from toolkit import workflow

    work, show = workspace()
    run = workflow.plan_undo(work, workflow.find_run(work, run_id), records=record)
    if only_plan or not len(run.plan.active):
        show_plan(work, show, run, as_json)
        return
    rehearsal = workflow.rehearse(work, run)
    if not as_json:
        show_plan(work, show, run, False)
        show.rehearsal(rehearsal)
    approver(work, show, agree, policy, None)(run)
    finish(show, run, workflow.carry_out(work, run, canary=0, notify=False), as_json)


@app.command()
def run(
    operation: OperationName,
    param: Given = None,
    params: ParamFile = None,
    agree: Yes = None,
    policy: PolicyFile = None,
    rehearsing: Rehearsing = True,
    canary: Canary = None,
    max_share: MaxShare = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep in step: only what changed since.")] = False,
    once: Annotated[bool, typer.Option("--once", help="With --watch: one pass, for cron.")] = False,
    every: Every = 60.0,
    summary: Summary = None,
    metrics: Metrics = None,
    log_file: LogFile = None,
    as_json: Json = False,
) -> None:
    """All of it: plan (or continue what is unfinished), rehearse, approve, apply, prove."""
    work, show = workspace(log_file)
    flags = Flags(
        agree=agree,
        policy=policy,
        rehearsing=rehearsing,
        canary=canary,
        max_share=max_share,
        watch=watch,
        every=None if once else every,
        summary=summary,
        metrics=metrics,
        as_json=as_json,
    )
    run_given(work, show, operation, parameters(operation, param, params), flags)


@dataclass(frozen=True)
class Flags:
    """How a run is to be carried out, as it was typed.

    Args:
        agree, policy, max_share: who approves; see `asking.approver`.
        rehearsing: rehearse first.
        canary: changes written and re-read before the rest; None for 10, or the policy's.
        watch: only what changed since the last pass.
        every: seconds between passes; None for one.
        summary, metrics: where machines read how an unattended run ended.
        as_json: for programs.
    """

    agree: str | None = None
    policy: Path | None = None
    rehearsing: bool = True
    canary: int | None = None
    max_share: float | None = None
    watch: bool = False
    every: float | None = None
    summary: Path | None = None
    metrics: Path | None = None
    as_json: bool = False


def run_given(work: Workspace, show: Shower, operation: str, given: dict[str, Any], flags: Flags) -> None:
    """The whole river, with parameters that are complete.

    Raises:
        typer.Exit: with the exit code of the run.
    """
    from toolkit import workflow
    from toolkit.workflow.ingest import placed

    given, rules = placed(work, operation, given), read_policy(flags.policy)
    if rules is not None:
        if flags.canary is not None:
            rules = rules.model_copy(update={"canary": max(flags.canary, rules.canary)})
        files = Files(flags.summary, flags.metrics)
        files.check()
        _unattended(
            work,
            show,
            operation,
            given,
            rules,
            files,
            rehearsing=flags.rehearsing,
            watch=flags.watch,
            every=flags.every,
            as_json=flags.as_json,
        )
        return
    for option, path in (("--summary", flags.summary), ("--metrics", flags.metrics)):
        if path is not None:
            raise ParameterError("run", option, str(path), "goes with a policy", "Add --policy policy.yaml.")
    if flags.watch:
        raise ApprovalNeeded(
            "--watch works without anybody watching.", "Give it a policy: --policy policy.yaml"
        )

    def agreed(waiting: Run) -> None:
        if not flags.as_json:
            show_plan(work, show, waiting, False)
        approver(work, show, flags.agree, flags.policy, flags.max_share)(waiting)

    done, certificate = workflow.run_all(
        work,
        operation,
        given,
        agree=agreed,
        rehearsing=flags.rehearsing,
        canary=10 if flags.canary is None else flags.canary,
    )
    if certificate is None:
        show_plan(work, show, done, flags.as_json)
        if not flags.as_json:
            show.line(show._("Nothing to do."), "green")
        return
    finish(show, done, certificate, flags.as_json)


@dataclass(frozen=True)
class Files:
    """Where machines read how an unattended run ended."""

    summary: Path | None
    metrics: Path | None

    def check(self) -> None:
        """Stop before anything is begun when one of them could not be written in the end.

        Raises:
            StorageError: its folder is missing or closed to us.
        """
        for path in (self.summary, self.metrics):
            if path is None:
                continue
            if not path.parent.is_dir():
                raise StorageError(path, os.strerror(errno.ENOENT), "Nothing was begun. Make its folder.")
            if path.is_dir() or not os.access(path.parent, os.W_OK):
                raise StorageError(path, os.strerror(errno.EACCES), "Nothing was begun. Choose another file.")


def _unattended(
    work: Workspace,
    show: Shower,
    operation: str,
    given: dict[str, Any],
    rules: Policy,
    files: Files,
    *,
    rehearsing: bool,
    watch: bool,
    every: float | None,
    as_json: bool,
) -> None:
    """One run within a policy, or pass after pass."""
    from toolkit import workflow

    def planned(run: Run) -> None:
        if not as_json:
            show_plan(work, show, run, False)

    while True:
        ended = workflow.run_unattended(
            work, operation, given, rules, rehearsing=rehearsing, watch=watch, planned=planned
        )
        _tell_ended(work, show, ended, files, as_json=as_json, watch=watch)
        code = ended.exit_code
        if not watch or every is None or code not in (0, 3):
            raise typer.Exit(code)
        work.clock.sleep(every)


def _tell_ended(
    work: Workspace, show: Shower, ended: Ended, files: Files, *, as_json: bool, watch: bool
) -> None:
    """Say how an unattended run ended: to the terminal, and to the files machines read."""
    from toolkit.runs.summary import write_metrics, write_summary
    from toolkit.workflow import ledger_of

    summary = ended.summary
    if ended.certificate is not None and ended.run is not None:
        tell_result(show, ended.run, ended.certificate, as_json)
    elif ended.error is None and not as_json:
        if summary.outcome == "left out":
            show.line(show._("Outside the window; left out."))
        elif watch:
            show.line(show._("In step; nothing to do."))
        else:
            show.line(show._("Nothing to do."), "green")
    elif as_json:
        print_json(summary.facts())
    if not as_json and (ended.run is not None or ended.error is not None):
        show.line(summary.line(show.language))
    for each in ended.untold:
        typer.echo(f"{show._('Could not be told')}: {each}", err=True)
    if files.summary is not None:
        write_summary(summary, files.summary)
    if files.metrics is not None:
        well = summary.exit_code in (0, 3) and summary.outcome != "left out"
        last = float(int(summary.ended)) if well else ledger_of(work).last(summary.operation, succeeded=True)
        write_metrics(summary, files.metrics, last)
    if ended.error is not None:
        raise ended.error


@app.command()
def report(run_id: RunName = "last") -> None:
    """Write report.html and report.xlsx of a run, from its folder alone."""
    from toolkit import workflow
    from toolkit.runs import write_report

    work, show = workspace()
    for path in write_report(workflow.find_run(work, run_id), language=work.settings.language):
        show.line(str(path))
