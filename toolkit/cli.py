"""The command line: arguments to workflow calls, results to text and exit codes.

Exit codes: 0 done and verified, or nothing to do · 1 failed · 2 wrong usage or invalid input · 3 finished,
some changes conflicted, rejected or quarantined · 4 verification found something unexplained · 5 needs
approval · 6 locked by another run · 7 paused, can be resumed · 130 interrupted.

Commands import what they need when they run: pandas and the rest take half a second that `--help` should
not cost.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.errors import ApprovalNeeded, ParameterError, SandboxError, StorageError, ToolkitError
from toolkit.settings import Settings

if TYPE_CHECKING:
    from toolkit.runs import Certificate, Policy, Run
    from toolkit.showing import Shower
    from toolkit.workflow import Workspace

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Repair and migrate live Bitrix24 portals without fear: plan, rehearse, apply, prove, undo.",
)
snapshots = typer.Typer(no_args_is_help=True, help="Write-once copies of a portal's records.")
sandboxes = typer.Typer(no_args_is_help=True, help="A portal that lives on this machine.")
app.add_typer(snapshots, name="snapshot")
app.add_typer(sandboxes, name="sandbox")
notebooks = typer.Typer(no_args_is_help=True, help="Notebooks, run with nobody watching.")
app.add_typer(notebooks, name="notebook")
routing = typer.Typer(no_args_is_help=True, help="Routing directories that admins keep in spreadsheets.")
app.add_typer(routing, name="routing")

Given = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", help="name=value; value as in YAML, or @file for a table or a list."),
]
ParamFile = Annotated[Path | None, typer.Option("--params", help="YAML file of parameters.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
RunName = Annotated[str, typer.Argument(help="Run id, its beginning, or `last`.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Policy file that approves unattended.")]
MaxShare = Annotated[
    float | None, typer.Option("--max-share", help="Refuse plans that touch more of a table, 0 to 1.")
]
Port = Annotated[int | None, typer.Option(help="Which sandbox, when several run.")]
Yes = Annotated[
    str | None,
    typer.Option("--agree", help="Approve as PORTAL:COUNT instead of typing it.", metavar="PORTAL:COUNT"),
]


# -- the river ---------------------------------------------------------------------------------------


@app.command()
def plan(
    operation: str,
    param: Given = None,
    params: ParamFile = None,
    review: Annotated[Path | None, typer.Option(help="Also write the plan as a workbook to review.")] = None,
    as_json: Json = False,
) -> None:
    """Take the snapshot an operation needs and freeze its plan. Writes nothing on the portal."""
    from toolkit import workflow

    work, show = _workspace()
    run = workflow.plan(work, operation, _parameters(operation, param, params))
    _show_plan(work, show, run, as_json)
    if review is not None:
        from toolkit.runs import export_review

        show.line(str(export_review(run, review, language=work.settings.language)))


@app.command()
def rehearse(run_id: RunName = "last", as_json: Json = False) -> None:
    """Carry a plan out on a sandbox loaded from the run's own snapshot."""
    from toolkit import workflow

    work, show = _workspace()
    rehearsal = workflow.rehearse(work, workflow.find_run(work, run_id))
    if as_json:
        _print_json(
            {
                "clean": rehearsal.clean,
                "seconds": rehearsal.seconds,
                "refused": rehearsal.refused,
                "certificate": _certificate_facts(rehearsal.certificate),
            }
        )
    else:
        show.rehearsal(rehearsal)
    raise typer.Exit(0 if rehearsal.clean else rehearsal.certificate.exit_code or 3)


@app.command()
def apply(
    run_id: RunName = "last",
    agree: Yes = None,
    policy: PolicyFile = None,
    review: Annotated[
        Path | None, typer.Option(help="A reviewed workbook; strikes what it says no to.")
    ] = None,
    canary: Annotated[int, typer.Option(help="Changes written and re-read before the rest.")] = 10,
    max_share: MaxShare = None,
    as_json: Json = False,
) -> None:
    """Approve a plan, write it, prove it. Continues an unfinished run."""
    from toolkit import workflow

    work, show = _workspace()
    run = workflow.find_run(work, run_id)
    if review is not None:
        from toolkit.runs import import_review

        run.freeze(import_review(run, review))
    if run.state in ("planned", "rehearsed"):
        if not as_json:
            _show_plan(work, show, run, False)
        _approver(work, show, agree, policy, max_share)(run)
    _finish(show, run, workflow.carry_out(work, run, canary=canary), as_json)


@app.command()
def resume(run_id: RunName = "last", as_json: Json = False) -> None:
    """Continue a run that was paused, stopped or killed."""
    from toolkit import workflow

    work, show = _workspace()
    run = workflow.find_run(work, run_id)
    _finish(show, run, workflow.carry_out(work, run, canary=0), as_json)


@app.command()
def verify(run_id: RunName = "last", as_json: Json = False) -> None:
    """Read the scope of a run again and judge every cell."""
    from toolkit import workflow

    work, show = _workspace()
    run = workflow.find_run(work, run_id)
    _finish(show, run, workflow.check(work, run), as_json)


@app.command()
def undo(
    run_id: RunName = "last",
    record: Annotated[list[int] | None, typer.Option(help="Only these record ids.")] = None,
    agree: Yes = None,
    policy: PolicyFile = None,
    only_plan: Annotated[bool, typer.Option("--plan", help="Stop after planning.")] = False,
    as_json: Json = False,
) -> None:
    """Take a run back: plan, rehearse, approve, apply, prove, like any other run."""
    from toolkit import workflow

    work, show = _workspace()
    run = workflow.plan_undo(work, workflow.find_run(work, run_id), records=record)
    if only_plan or not len(run.plan.active):
        _show_plan(work, show, run, as_json)
        return
    rehearsal = workflow.rehearse(work, run)
    if not as_json:
        _show_plan(work, show, run, False)
        show.rehearsal(rehearsal)
    _approver(work, show, agree, policy, None)(run)
    _finish(show, run, workflow.carry_out(work, run, canary=0, notify=False), as_json)


@app.command()
def run(
    operation: str,
    param: Given = None,
    params: ParamFile = None,
    agree: Yes = None,
    policy: PolicyFile = None,
    rehearsing: Annotated[bool, typer.Option("--rehearse/--no-rehearse", help="Rehearse first.")] = True,
    canary: Annotated[int, typer.Option(help="Changes written and re-read before the rest.")] = 10,
    max_share: MaxShare = None,
    watch: Annotated[bool, typer.Option("--watch", help="Keep in step: only what changed since.")] = False,
    once: Annotated[bool, typer.Option("--once", help="With --watch: one pass, for cron.")] = False,
    every: Annotated[float, typer.Option(help="With --watch: seconds between passes.")] = 60.0,
    as_json: Json = False,
) -> None:
    """All of it: plan (or continue what is unfinished), rehearse, approve, apply, prove."""
    from toolkit import workflow

    work, show = _workspace()
    given = _parameters(operation, param, params)
    rules = _policy(policy)
    if watch:
        _watch(work, show, operation, given, rules, once=once, every=every, as_json=as_json)
        return

    def agreed(waiting: Run) -> None:
        if not as_json:
            _show_plan(work, show, waiting, False)
        _approver(work, show, agree, policy, max_share)(waiting)

    until = None
    if rules is not None and rules.window is not None:
        until = work.clock.now() + rules.window.remaining_s(work.clock.now())
    done, certificate = workflow.run_all(
        work, operation, given, agree=agreed, rehearsing=rehearsing, canary=canary, until=until
    )
    if certificate is None:
        _show_plan(work, show, done, as_json)
        if not as_json:
            show.line(show._("Nothing to do."), "green")
        return
    _finish(show, done, certificate, as_json)


def _watch(
    work: Workspace,
    show: Shower,
    operation: str,
    given: dict[str, Any],
    rules: Policy | None,
    *,
    once: bool,
    every: float,
    as_json: bool,
) -> None:
    from toolkit import workflow

    if rules is None:
        raise ApprovalNeeded(
            "--watch works without anybody watching.", "Give it a policy: --policy policy.yaml"
        )
    while True:
        passed = workflow.keep_in_step(work, operation, given, rules)
        if passed is None:
            if not as_json:
                show.line(show._("In step; nothing to do."))
            if once:
                return
        else:
            done, certificate = passed
            _tell(show, done, certificate, as_json)
            if once or certificate.exit_code not in (0, 3):
                raise typer.Exit(certificate.exit_code)
        work.clock.sleep(every)


# -- looking -----------------------------------------------------------------------------------------


@app.command()
def report(run_id: RunName = "last") -> None:
    """Write report.html and report.xlsx of a run, from its folder alone."""
    from toolkit import workflow
    from toolkit.runs import write_report

    work, show = _workspace()
    for path in write_report(workflow.find_run(work, run_id), language=work.settings.language):
        show.line(str(path))


@app.command()
def runs(as_json: Json = False) -> None:
    """List runs."""
    from toolkit.runs import Run

    work, show = _workspace()
    found = Run.all(work.root, work.clock.now)
    if as_json:
        _print_json(
            [
                {
                    "run": each.id,
                    "portal": each.facts.portal,
                    "operation": each.facts.operation,
                    "state": each.state,
                    "changes": each.journal.counts(),
                }
                for each in found
            ]
        )
        return
    show.runs(found)


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
    work, show = _workspace()
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
        _print_json(
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
def alias(card: Annotated[int, typer.Argument(help="The id the card had.")], as_json: Json = False) -> None:
    """Tell under which id a card lives on that was merged, or taken apart again."""
    from toolkit import workflow

    work, show = _workspace()
    found = workflow.alias(work, card)
    if as_json:
        _print_json(found)
        return
    for entity, now in found.items():
        show.line(f"{entity} {card} -> {entity} {now}")
    if not found:
        show.line(f"{card}: -")


@app.command()
def operations(
    name: Annotated[str | None, typer.Argument(help="One operation, with its parameters.")] = None,
) -> None:
    """List operations; with a name, its parameters."""
    import inspect

    import pandas as pd

    from toolkit.operations import catalogue, operation

    show = _shower(_settings())
    if name is None:
        rows = [
            (key, kind.title[show.language], kind.undo[show.language]) for key, kind in catalogue().items()
        ]
        show.frame(pd.DataFrame(rows, columns=[show._("operation"), show._("does"), show._("can be undone")]))
        return
    kind = type(operation(name))
    show.line(kind.title[show.language], "bold")
    show.line(inspect.cleandoc(kind.Params.__doc__ or ""))
    fields = [
        (
            key,
            str(field.annotation),
            "" if field.is_required() else repr(field.get_default(call_default_factory=True)),
        )
        for key, field in kind.Params.model_fields.items()
    ]
    show.frame(pd.DataFrame(fields, columns=[show._("parameter"), show._("type"), show._("default")]))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check the webhook's rights, scopes, limits, the clock and the disk."""
    from toolkit import workflow

    work, show = _workspace()
    findings = workflow.doctor(work)
    if as_json:
        _print_json([vars(each) for each in findings])
    else:
        show.findings(findings)
    raise typer.Exit(1 if any(each.level == "bad" for each in findings) else 0)


@app.command()
def policy() -> None:
    """Print a policy file to start from."""
    from toolkit.runs import POLICY_TEMPLATE

    typer.echo(POLICY_TEMPLATE)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demonstration keeps its files.")] = Path(".demo"),
    scale: Annotated[float, typer.Option(help="Size of the portal; 1 is 20,000 contacts.")] = 1.0,
) -> None:
    """The whole story on a sandbox portal: plan, rehearse, apply, prove, and take it back."""
    from toolkit.demo import tell

    settings = _settings()
    raise typer.Exit(tell(folder, _shower(settings), scale=scale))


# -- snapshots ---------------------------------------------------------------------------------------


@snapshots.command("take")
def snapshot_take(
    entities: Annotated[list[str], typer.Argument(help="contact deal item:177 ...")], as_json: Json = False
) -> None:
    """Copy all records of these entities."""
    from toolkit import workflow

    work, show = _workspace()
    taken = workflow.snapshot(work, entities)
    if as_json:
        _print_json(
            {"folder": str(taken.folder), "records": {name: taken.count(name) for name in taken.entities}}
        )
        return
    show.line(f"{taken.folder}  {taken!r}")


@snapshots.command("list")
def snapshot_list(as_json: Json = False) -> None:
    """List snapshots, those of runs included."""
    import pandas as pd

    from toolkit.records import list_snapshots

    work, show = _workspace()
    found = list_snapshots(work.root)
    rows = [{"folder": str(each.folder), "finished": each.finished, "bytes": each.bytes} for each in found]
    if as_json:
        _print_json(rows)
        return
    show.frame(pd.DataFrame(rows, columns=["folder", "finished", "bytes"]))


@snapshots.command("show")
def snapshot_show(folder: Path) -> None:
    """What a snapshot holds, and who read it."""
    import pandas as pd

    from toolkit.records import Snapshot

    _, show = _workspace()
    opened = Snapshot.open(folder)
    facts = opened.manifest
    show.line(f"{facts.portal}  {facts.finished}  {facts.reader_name} (admin: {facts.reader_is_admin})")
    rows = [(name, opened.count(name), len(opened.columns(name))) for name in opened.entities]
    show.frame(pd.DataFrame(rows, columns=["entity", "records", "fields"]))


@snapshots.command("diff")
def snapshot_diff(before: Path, after: Path, as_json: Json = False) -> None:
    """What differs in meaning between two snapshots."""
    from toolkit.records import Snapshot, compare

    _, show = _workspace()
    difference = compare(Snapshot.open(before), Snapshot.open(after))
    if as_json:
        _print_json(difference.counts().to_dict("records"))
        return
    show.frame(difference.counts())
    show.frame(difference.changed.head(20))


@snapshots.command("prune")
def snapshot_prune(
    days: Annotated[int, typer.Option(help="Older than so many days.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Really delete; without it they are only listed.")
    ] = False,
) -> None:
    """Delete old snapshots; client data should not lie about."""
    from toolkit.records import list_snapshots, older_than, prune

    work, show = _workspace()
    now = datetime.fromtimestamp(work.clock.now(), UTC)
    old = older_than(list_snapshots(work.root), days, now=now)
    for each in old:
        show.line(str(each.folder))
    if yes:
        prune(old)


# -- sandbox -----------------------------------------------------------------------------------------


@sandboxes.command("start")
def sandbox_start(
    seed: Annotated[str, typer.Option(help="empty, realty, retail or developer.")] = "empty",
    scale: Annotated[float, typer.Option(help="Size; 1 is the seed's own.")] = 1.0,
    number: Annotated[int, typer.Option("--seed-number", help="The same number makes the same portal.")] = 1,
    from_snapshot: Annotated[
        Path | None, typer.Option(help="Load a snapshot folder instead of a seed.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps its state and certificate; in memory without.")
    ] = None,
    port: Annotated[int, typer.Option(help="HTTP port; 0 takes a free one.")] = 8024,
    tls_port: Annotated[int | None, typer.Option(help="HTTPS port; 0 takes a free one.")] = None,
    limits: Annotated[str, typer.Option(help="off, cloud, enterprise or box.")] = "off",
    costs: Annotated[
        Path | None, typer.Option(help="YAML or JSON: operating seconds by method, as your portal has them.")
    ] = None,
    faults: Annotated[Path | None, typer.Option(help="YAML or JSON list of scripted faults.")] = None,
    robots: Annotated[Path | None, typer.Option(help="YAML or JSON list of side effects.")] = None,
    switch: Annotated[
        list[str] | None, typer.Option(help="name=value, an answer the docs leave open.")
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(envvar="B24_SANDBOX_SECRET", help="Secret of the webhook; made up without."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a portal and serve it until Ctrl-C or `stop`; prints webhook and OAuth credentials."""
    from toolkit.sandbox.running.hosting import Order
    from toolkit.workflow import serve_sandbox

    def ready(facts: dict[str, str]) -> None:
        if as_json:
            _print_json(facts)
        else:
            for key, value in facts.items():
                typer.echo(f"{key}: {value}")
        sys.stdout.flush()

    order = Order(
        seed=seed,
        scale=scale,
        number=number,
        from_snapshot=from_snapshot,
        data=data,
        port=port,
        tls_port=tls_port,
        limits=limits,
        costs=_file_of("costs", costs, dict),
        faults=_file_of("faults", faults, list),
        robots=_file_of("robots", robots, list),
        switches=_switches(switch or []),
        secret=secret,
    )
    serve_sandbox(_settings(), order, ready)


@sandboxes.command("list")
def sandbox_list(as_json: Json = False) -> None:
    """The sandboxes that run on this machine."""
    import pandas as pd

    from toolkit.workflow import running_sandboxes

    settings = _settings()
    shown = ["port", "pid", "url", "tls_url", "filled", "data"]
    rows = [{name: getattr(card, name) for name in shown} for card in running_sandboxes(settings)]
    if as_json:
        _print_json(rows)
    else:
        _shower(settings).frame(pd.DataFrame(rows, columns=shown))


@sandboxes.command("show")
def sandbox_show(port: Port = None) -> None:
    """How many records a running sandbox holds, its limits and switches, as JSON."""
    _tell_sandbox("show", port)


@sandboxes.command("stop")
def sandbox_stop(port: Port = None) -> None:
    """End a running sandbox. What is not in a --data folder is gone."""
    _tell_sandbox("stop", port)


@sandboxes.command("reset")
def sandbox_reset(port: Port = None) -> None:
    """Begin again as it was started: the same seed or snapshot. Its credentials stay good."""
    _tell_sandbox("reset", port)


@sandboxes.command("save")
def sandbox_save(path: Path, port: Port = None) -> None:
    """Write everything a running sandbox holds into one file."""
    _tell_sandbox("save", port, path=str(path.absolute()))


@sandboxes.command("load")
def sandbox_load(path: Path, port: Port = None) -> None:
    """Put a saved state in place of everything it holds. Its credentials stay good."""
    _tell_sandbox("load", port, path=str(path.absolute()))


@sandboxes.command("log")
def sandbox_log(
    port: Port = None,
    last: Annotated[int, typer.Option(help="How many requests to show.", min=0)] = 50,
    as_json: Json = False,
) -> None:
    """The requests a running sandbox answered, and what they cost."""
    import pandas as pd

    from toolkit.workflow import tell_sandbox

    settings = _settings()
    said = tell_sandbox(settings, "log", port, last=last)
    if as_json:
        _print_json(said)
        return
    show = _shower(settings)
    requests = pd.DataFrame(
        [
            {
                "at": each["at"][:19].replace("T", " "),
                "status": each["status"],
                "method": each["methods"][0],
                "commands": len(each["methods"]) - 1,
                "error": each["error"] or ", ".join(sorted(set(each["errors"].values()))),
                "cost, s": each["cost_s"],
            }
            for each in said["requests"]
        ],
        columns=["at", "status", "method", "commands", "error", "cost, s"],
    )
    show.frame(requests)
    show.frame(pd.DataFrame(said["methods"], columns=["method", "calls", "cost_s"]))
    for what in ("missing", "ignored_filters"):
        for name, times in said[what].items():
            show.line(f"{what}: {name} ({times})")


@sandboxes.command("coverage")
def sandbox_coverage() -> None:
    """The methods a sandbox answers, each with its page and what is left out; then the switches. Markdown."""
    from toolkit.sandbox.running.coverage import coverage_table

    typer.echo(coverage_table())


def _tell_sandbox(verb: str, port: int | None, **given: Any) -> None:
    from toolkit.workflow import tell_sandbox

    said = tell_sandbox(_settings(), verb, port, **given)
    _print_json(said)
    if said.get("webhook_good") is False:
        typer.echo(
            f"The webhook given out at the start is of user {said['user']}, who is not here. Start again.",
            err=True,
        )


def _file_of(option: str, path: Path | None, kind: type[Any]) -> Any:
    """What a YAML or JSON file holds; empty without a file."""
    import yaml

    if path is None:
        return kind()
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise SandboxError(f"--{option} {path} cannot be read: {error}", "Mend the file.") from error
    if not isinstance(found, kind):
        wanted = "a list" if kind is list else "a map"
        raise SandboxError(f"--{option} {path} does not hold {wanted}", "Mend the file.")
    return found


def _switches(given: list[str]) -> dict[str, str]:
    for each in given:
        if "=" not in each:
            raise SandboxError(f"--switch {each!r} has no value", "Write --switch name=value.")
    return dict(each.split("=", 1) for each in given)


# -- notebooks ---------------------------------------------------------------------------------------


@notebooks.command("list")
def notebook_list() -> None:
    """The notebooks that come with the toolkit."""
    from toolkit.headless import shipped_notebooks

    for path in sorted(shipped_notebooks().glob("*.ipynb")):
        typer.echo(path.stem)


@notebooks.command("run")
def notebook_run(
    name: Annotated[str, typer.Argument(help="20_reassign, or the path of a notebook.")],
    param: Given = None,
    params: ParamFile = None,
    output: Annotated[
        Path | None, typer.Option(help="Where the executed notebook goes; output/ without.")
    ] = None,
) -> None:
    """Execute a notebook; its output is kept, and its exit code is that of the run inside."""
    from toolkit.headless import find_notebook, run_notebook

    notebook = find_notebook(name)
    given = _parameters(notebook.stem, param, params)
    if output is None:
        Path("output").mkdir(mode=0o700, exist_ok=True)
        moment = datetime.now(UTC).astimezone().strftime("%Y%m%d-%H%M%S")
        output = Path("output") / f"{notebook.stem}-{moment}.ipynb"
    executed = run_notebook(notebook, given, output)
    typer.echo(str(executed.output))
    if executed.message:
        typer.echo(executed.message, err=True)
    raise typer.Exit(executed.exit_code)


@notebooks.command("lab")
def notebook_lab(
    folder: Annotated[Path, typer.Argument(help="The project, which holds notebooks/.")] = Path(),
    port: Annotated[int, typer.Option(help="Where JupyterLab listens, on this machine only.")] = 8888,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser.")] = True,
) -> None:
    """JupyterLab on the tour, with a sandbox beside it."""
    from toolkit.lab import start_lab

    raise typer.Exit(start_lab(folder, port=port, browser=browser))


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Made when absent.")]) -> None:
    """Lay out a project: notebooks, inbox, snapshots, policy and .env."""
    from toolkit.project import lay_out

    for path in lay_out(folder):
        typer.echo(str(path))


# -- routing -----------------------------------------------------------------------------------------


@routing.command("check")
def routing_check(
    file: Annotated[Path, typer.Argument(help=".xlsx, .xlsm, .xls, .ods or .csv")],
    portal: Annotated[bool, typer.Option(help="Compare with the portal, too.")] = True,
    entity_type: Annotated[int, typer.Option(help="What appeals become: 2 for deals.")] = 2,
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

    work, show = _workspace()
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
        _print_json({**checked.as_json(show.language), "annotated": str(copy), "page": str(page)})
    else:
        show.problems(checked)
        show.line(str(copy))
        show.line(str(page))
    raise typer.Exit(checked.exit_code)


@routing.command("template")
def routing_template(
    file: Annotated[Path, typer.Argument(help="Workbook to write.")] = Path("routing.xlsx"),
    portal: Annotated[bool, typer.Option(help="Drop-downs of what the portal really has.")] = True,
    entity_type: Annotated[int, typer.Option(help="What appeals become: 2 for deals.")] = 2,
) -> None:
    """Write an empty routing directory to fill in."""
    from toolkit import workflow
    from toolkit.sheets.template import write_template

    work, show = _workspace()
    facts = workflow.routing_facts(work, entity_type) if portal else None
    show.line(str(write_template(file, facts, language=show.language)))


# -- small parts -------------------------------------------------------------------------------------


def _settings() -> Settings:
    return Settings.load()


def _shower(settings: Settings) -> Shower:
    from toolkit.showing import Shower

    return Shower(settings.language)


def _workspace() -> tuple[Workspace, Shower]:
    from toolkit.progress import ProgressBar
    from toolkit.workflow import Workspace

    settings = _settings()
    bar = ProgressBar(settings.language)
    work = Workspace(settings, show=bar.applying, show_reading=bar.reading, follow=bar.follow)
    show = _shower(settings)
    show.before = bar.clear
    return work, show


def _parameters(operation: str, given: list[str] | None, file: Path | None) -> dict[str, Any]:
    """Parameters from a file and from `-p name=value`; the latter win."""
    import yaml

    from toolkit.sheets import read_rows

    found: dict[str, Any] = {}
    if file is not None:
        try:
            found.update(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
        except (OSError, yaml.YAMLError, ValueError, TypeError) as error:
            raise ParameterError(
                operation, "--params", str(file), f"cannot be read: {error}", "Mend the file."
            ) from error
    for each in given or []:
        name, equals, text = each.partition("=")
        if not equals:
            raise ParameterError(operation, each, text, "has no value", "Write -p name=value.")
        if text.startswith("@"):
            found[name] = read_rows(Path(text[1:]))
            continue
        try:
            found[name] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ParameterError(operation, name, text, "is not YAML", "Quote it.") from error
    return found


def _policy(path: Path | None) -> Policy | None:
    if path is None:
        return None
    from toolkit.runs import Policy

    return Policy.read(path)


def _approver(
    work: Workspace, show: Shower, agree: str | None, policy: Path | None, max_share: float | None
) -> Callable[[Run], None]:
    """How a plan is agreed to: by a policy, by `--agree`, or by a person who types it."""
    from toolkit import workflow

    def by_policy(run: Run) -> None:
        rules = _policy(policy)
        if rules is not None:
            workflow.approve_by_policy(work, run, rules)

    def by_words(run: Run) -> None:
        portal, _, count = (agree or "").rpartition(":")
        workflow.approve(run, portal=portal, count=int(count) if count.isdigit() else -1, max_share=max_share)

    def by_typing(run: Run) -> None:
        if not sys.stdin.isatty():
            raise ApprovalNeeded(
                f"Run {run.id} waits for an approval, and nobody is at the keyboard.",
                f"b24kit apply {run.id} --agree {run.facts.portal}:{len(run.plan.active)}, or a --policy.",
            )
        show.line(show._("To agree, type the portal and the number of changes."), "bold")
        portal = typer.prompt(show._("Portal"))
        count = typer.prompt(show._("Number of changes"), type=int)
        workflow.approve(run, portal=portal, count=count, max_share=max_share)

    return by_policy if policy is not None else by_words if agree else by_typing


def _show_plan(work: Workspace, show: Shower, run: Run, as_json: bool) -> None:
    from toolkit import workflow

    cost = workflow.cost_of(work, run)
    if as_json:
        plan = run.plan
        _print_json(
            {
                "run": run.id,
                "folder": str(run.folder),
                "portal": run.facts.portal,
                "changes": len(plan.active),
                "summary": plan.summary().to_dict("records"),
                "listed": plan.left_out().to_dict("records"),
                "cost": {
                    "requests": cost.apply.requests + cost.verify.requests,
                    "seconds": cost.seconds,
                    "operating_s": cost.table().to_dict("records"),
                    "binds": cost.apply.binds,
                },
            }
        )
    else:
        show.plan(run, cost)


def _finish(show: Shower, run: Run, certificate: Certificate, as_json: bool) -> None:
    _tell(show, run, certificate, as_json)
    raise typer.Exit(certificate.exit_code)


def _tell(show: Shower, run: Run, certificate: Certificate, as_json: bool) -> None:
    from toolkit.runs import write_report

    paths = write_report(run, language=show.language)
    if as_json:
        facts = {"run": run.id, "folder": str(run.folder), **_certificate_facts(certificate)}
        _print_json({**facts, "reports": [str(path) for path in paths]})
        return
    show.certificate(certificate)
    show.line(f"{show._('Report')}: {paths[0]}")


def _certificate_facts(certificate: Certificate) -> dict[str, Any]:
    return {
        **{k: v for k, v in vars(certificate).items() if k != "cells"},
        "clean": certificate.clean,
        "complete": certificate.complete,
        "cells": certificate.cells,
    }


def _print_json(facts: Any) -> None:
    typer.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=str))


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Deliberate errors as their words and their exit code; nothing else is hidden."""
    try:
        yield
    except ToolkitError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def main() -> None:
    """Entry point of the command `b24kit`."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with _exit_codes():
        app(standalone_mode=True)


if __name__ == "__main__":
    main()
