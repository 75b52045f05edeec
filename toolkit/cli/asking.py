"""What a command is given: settings, a workspace, parameters, somebody's agreement."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from toolkit.cli.logs import keep_log
from toolkit.errors import ApprovalNeeded, ParameterError
from toolkit.settings import Settings

if TYPE_CHECKING:
    from toolkit.runs import Policy, Run, Window
    from toolkit.showing import Shower
    from toolkit.workflow import Workspace

__all__ = ["approver", "nights_of", "parameters", "read_policy", "read_settings", "shower", "workspace"]


def read_settings() -> Settings:
    """Settings from the environment and `.env`."""
    return Settings.load()


def shower(settings: Settings) -> Shower:
    """Prints for the person, in the language of the settings."""
    from toolkit.showing import Shower

    return Shower(settings.language)


def workspace(log_file: Path | None = None) -> tuple[Workspace, Shower]:
    """A workspace whose progress is drawn on the terminal, and what prints results beside the bar.

    Args:
        log_file: where to keep a log; that of the settings without.
    """
    from toolkit.progress import ProgressBar
    from toolkit.workflow import Workspace

    settings = read_settings()
    keep_log(log_file or settings.log_file)
    bar = ProgressBar(settings.language, every_s=settings.log_every_s)
    work = Workspace(settings, show=bar.applying, show_reading=bar.reading, follow=bar.follow)
    show = shower(settings)
    show.before = bar.clear
    return work, show


def parameters(operation: str, given: list[str] | None, file: Path | None) -> dict[str, Any]:
    """Parameters from a file and from `-p name=value`; the latter win."""
    import yaml

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
            found[name] = _of_file(Path(text[1:]))
            continue
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ParameterError(operation, name, text, "is not YAML", "Quote it.") from error
        # An area code is text that looks like a number; 0495 would even be read as another one.
        bare = isinstance(value, int | float) and _is_text(operation, name)
        found[name] = text.strip() if bare else value
    return found


def _of_file(path: Path) -> Any:
    """The rows of a table, of lines of JSON, of Parquet, of the query a YAML file describes; or what YAML says."""
    if path.suffix.lower() in (".jsonl", ".ndjson", ".parquet"):
        from toolkit.sheets.mapping import read_export

        return read_export(path)
    if path.suffix.lower() in (".yaml", ".yml"):
        import yaml

        from toolkit.spool.query import is_query, rows_of_query

        if is_query(path):
            return rows_of_query(path)
        try:
            said = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            said = None
        if isinstance(said, dict):
            return said
    from toolkit.sheets import read_rows

    return read_rows(path)


def _is_text(operation: str, name: str) -> bool:
    from toolkit.operations import catalogue

    known = catalogue().get(operation)
    field = known.Params.model_fields.get(name) if known is not None else None
    return field is not None and field.annotation in (str, str | None)


def read_policy(path: Path | None) -> Policy | None:
    """The policy of a file; None without a file."""
    if path is None:
        return None
    from toolkit.runs import Policy

    return Policy.read(path)


def approver(
    work: Workspace, show: Shower, agree: str | None, policy: Path | None, max_share: float | None
) -> Callable[[Run], None]:
    """How a plan is agreed to: by a policy, by `--agree`, or by a person who types it."""
    from toolkit import workflow

    def by_policy(run: Run) -> None:
        rules = read_policy(policy)
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


def nights_of(text: str | None) -> Window | None:
    """The window of `--nights`; None without one.

    Raises:
        ParameterError: it is not two times of the day, or names no time zone.
    """
    if text is None:
        return None
    from pydantic import ValidationError

    from toolkit.runs import Window

    times, _, zone = text.strip().partition(" ")
    start, _, end = times.partition("-")
    given = {"start": start.strip(), "end": end.strip(), **({"zone": zone.strip()} if zone.strip() else {})}
    try:
        return Window.model_validate(given)
    except ValidationError as error:
        problem = str(error.errors(include_url=False)[0]["msg"]).removeprefix("Value error, ")
        raise ParameterError(
            "b24kit", "--nights", text, f"cannot be used: {problem}", "Write it like 01:00-06:00."
        ) from error
