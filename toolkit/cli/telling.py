"""What a command answers: a plan, a certificate, JSON, an exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from toolkit.runs import Certificate, Run, Window
    from toolkit.showing import Shower
    from toolkit.workflow import Workspace

__all__ = ["certificate_facts", "exit_codes", "finish", "language", "print_json", "show_plan", "tell_result"]


def show_plan(work: Workspace, show: Shower, run: Run, as_json: bool, window: Window | None = None) -> None:
    """A plan, what it leaves out and what it will cost; in nights, too, when there is a window."""
    from toolkit import workflow

    cost = workflow.cost_of(work, run)
    if as_json:
        plan = run.plan
        print_json(
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
                    **({} if window is None else {"nights": cost.windows(window)}),
                },
            }
        )
    else:
        show.plan(run, cost)
        if window is not None:
            show.line(
                show._("Nights of {start} to {end}: {nights}").format(
                    start=f"{window.start:%H:%M}", end=f"{window.end:%H:%M}", nights=cost.windows(window)
                )
            )


def finish(show: Shower, run: Run, certificate: Certificate, as_json: bool) -> None:
    """Tell how a run ended, and exit with its code."""
    tell_result(show, run, certificate, as_json)
    raise typer.Exit(certificate.exit_code)


def tell_result(show: Shower, run: Run, certificate: Certificate, as_json: bool) -> None:
    """Write the report of a run and say how it ended."""
    from toolkit.runs import write_report

    paths = write_report(run, language=show.language)
    if as_json:
        facts = {"run": run.id, "folder": str(run.folder), **certificate_facts(certificate)}
        print_json({**facts, "reports": [str(path) for path in paths]})
        return
    show.certificate(certificate)
    show.line(f"{show._('Report')}: {paths[0]}")


def certificate_facts(certificate: Certificate) -> dict[str, Any]:
    """A certificate as JSON can hold it."""
    return {
        **{k: v for k, v in vars(certificate).items() if k != "cells"},
        "clean": certificate.clean,
        "complete": certificate.complete,
        "cells": certificate.cells,
    }


def print_json(facts: Any) -> None:
    """Facts on standard output, for programs."""
    typer.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=str))


@contextmanager
def exit_codes() -> Iterator[None]:
    """Deliberate errors as their words and their exit code; nothing else is hidden."""
    try:
        yield
    except ToolkitError as error:
        typer.echo(error.in_words(language()), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def language() -> str:
    """The reader's language, also where the settings cannot be read: then it is the one they were meant to have."""
    from toolkit.settings import Settings

    try:
        return Settings.load().language
    except ToolkitError:
        return "en" if os.environ.get("B24_LANGUAGE") == "en" else "ru"
