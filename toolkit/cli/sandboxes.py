"""The sandbox portal: start it, look at it, save it, stop it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from toolkit.cli.asking import read_settings, shower
from toolkit.cli.options import Json, Port
from toolkit.cli.telling import print_json
from toolkit.errors import SandboxError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="A portal that lives on this machine.")


@app.command("start")
def sandbox_start(
    seed: Annotated[str, typer.Option(help="empty, realty, retail or developer.")] = "empty",
    scale: Annotated[float, typer.Option(help="Size; 1 is the seed's own.", min=0.0001, max=100)] = 1.0,
    number: Annotated[
        int,
        typer.Option("--seed-number", help="The same number makes the same portal.", min=0, max=2**32 - 1),
    ] = 1,
    from_snapshot: Annotated[
        Path | None, typer.Option(help="Load a snapshot folder instead of a seed.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps its state and certificate; in memory without.")
    ] = None,
    port: Annotated[int, typer.Option(help="HTTP port; 0 takes a free one.", min=0, max=65535)] = 8024,
    tls_port: Annotated[
        int | None, typer.Option(help="HTTPS port; 0 takes a free one.", min=0, max=65535)
    ] = None,
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
            print_json(facts)
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
    serve_sandbox(read_settings(), order, ready)


@app.command("export")
def sandbox_export(
    folder: Annotated[Path, typer.Argument(help="Folder to write; made when absent.")],
    seed: Annotated[str, typer.Option(help="retail or realty, as the sandbox was started.")] = "retail",
    scale: Annotated[
        float, typer.Option(help="Size, as the sandbox was started.", min=0.0001, max=100)
    ] = 0.02,
    number: Annotated[
        int,
        typer.Option("--seed-number", help="As the sandbox was started.", min=0, max=2**32 - 1),
    ] = 1,
    rows: Annotated[
        int,
        typer.Option(help="About how many requests; calls and changes come with them.", min=1, max=200_000),
    ] = 60,
    kind: Annotated[
        str, typer.Option("--format", help="Of the requests: xlsx, csv, jsonl or parquet.")
    ] = "xlsx",
    recordings: Annotated[bool, typer.Option(help="Calls have recordings.")] = True,
    as_json: Json = False,
) -> None:
    """Write a contact centre's export of a sandbox's clients, to try `contact-centre load` with."""
    from toolkit.workflow.sandboxes import sample_export

    show = shower(read_settings())
    made = sample_export(
        folder, seed=seed, scale=scale, number=number, rows=rows, kind=kind, recordings=recordings
    )
    if as_json:
        print_json(
            {
                "files": list(map(str, made.files)),
                "rows": dict(made.rows),
                "system": made.system,
                "fallback": made.fallback,
            }
        )
        return
    said = show._(
        "Requests {0}, calls {1}, changes {2}; a week later some requests are corrected, and some are gone."
    )
    show.line(said.format(*made.rows.values()), "bold")
    for each in made.files:
        show.line(str(each))
    requests, calls, history, topics, *more = made.files
    spoken = f" --recordings {more[0]}" if len(more) > 1 else ""
    show.line(show._("Try it:"))
    show.line(
        f"b24kit contact-centre load --system {made.system} --requests {requests} --calls {calls}"
        f" --history {history} --topics {topics}{spoken} -p fallback={made.fallback}"
    )


@app.command("list")
def sandbox_list(as_json: Json = False) -> None:
    """The sandboxes that run on this machine."""
    import pandas as pd

    from toolkit.workflow import running_sandboxes

    settings = read_settings()
    shown = ["port", "pid", "url", "tls_url", "filled", "data"]
    rows = [{name: getattr(card, name) for name in shown} for card in running_sandboxes(settings)]
    if as_json:
        print_json(rows)
    else:
        shower(settings).frame(pd.DataFrame(rows, columns=shown))


@app.command("show")
def sandbox_show(port: Port = None) -> None:
    """How many records a running sandbox holds, its limits and switches, as JSON."""
    _tell_sandbox("show", port)


@app.command("stop")
def sandbox_stop(port: Port = None) -> None:
    """End a running sandbox. What is not in a --data folder is gone."""
    _tell_sandbox("stop", port)


@app.command("reset")
def sandbox_reset(port: Port = None) -> None:
    """Begin again as it was started: the same seed or snapshot. Its credentials stay good."""
    _tell_sandbox("reset", port)


@app.command("save")
def sandbox_save(path: Path, port: Port = None) -> None:
    """Write everything a running sandbox holds into one file."""
    _tell_sandbox("save", port, path=str(path.absolute()))


@app.command("load")
def sandbox_load(path: Path, port: Port = None) -> None:
    """Put a saved state in place of everything it holds. Its credentials stay good."""
    _tell_sandbox("load", port, path=str(path.absolute()))


@app.command("log")
def sandbox_log(
    port: Port = None,
    last: Annotated[int, typer.Option(help="How many requests to show.", min=0, max=1_000_000)] = 50,
    as_json: Json = False,
) -> None:
    """The requests a running sandbox answered, and what they cost."""
    import pandas as pd

    from toolkit.workflow import tell_sandbox

    settings = read_settings()
    said = tell_sandbox(settings, "log", port, last=last)
    if as_json:
        print_json(said)
        return
    show = shower(settings)
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


@app.command("coverage")
def sandbox_coverage() -> None:
    """The methods a sandbox answers, each with its page and what is left out; then the switches. Markdown."""
    from toolkit.sandbox.running.coverage import coverage_table

    typer.echo(coverage_table())


def _tell_sandbox(verb: str, port: int | None, **given: Any) -> None:
    from toolkit.workflow import tell_sandbox

    said = tell_sandbox(read_settings(), verb, port, **given)
    print_json(said)
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
