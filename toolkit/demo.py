"""The whole story in two minutes: a sandbox firm whose contacts are handed over, proven and taken back.

A portal of its own process is served over HTTP; everything a person would do with `b24kit` is then done to it,
through the same functions. Nothing leaves this machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.rule import Rule

from toolkit import workflow
from toolkit.client import SystemClock
from toolkit.progress import ProgressBar
from toolkit.records import Snapshot, compare
from toolkit.runs import write_report
from toolkit.settings import Settings
from toolkit.showing import Shower, duration
from toolkit.workflow import Workspace

__all__ = ["tell"]

# Three pipelines of the realty firm; the newest deal decides, people are told.
PARAMETERS = {"winner": "newest", "dismissed": "skip", "notify": True}


def tell(folder: Path, show: Shower, *, scale: float = 1.0) -> int:
    """Tell the story on a terminal.

    Args:
        folder: where the sandbox and the runs are kept; made when absent.
        show: the reader's terminal and language.
        scale: size of the portal; 1 is 20,000 contacts and 30,000 deals.

    Returns:
        Exit code: 0 when the certificate is clean and the portal came back to what it was.
    """
    _ = show._
    clock = SystemClock()
    began = clock.now()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _chapter(show, _("1. A portal on this machine"))
    with _sandbox(folder, scale) as webhook:
        settings = Settings.load(
            env_file=None,
            webhook=webhook,
            snapshots=folder / "snapshots",
            state_dir=folder / "state",
            plan="box",
            language=show.language,
        )
        bar = ProgressBar(show.language)
        show.before = bar.clear
        work = Workspace(settings, show=bar.applying, show_reading=bar.reading, follow=bar.follow)
        show.line(
            _(
                "A firm of estate agents, out of step: contacts belong to one employee, their deals to another."
            )
        )
        show.findings(workflow.doctor(work))

        _chapter(show, _("2. Plan: what would change, and why"))
        run = workflow.plan(work, "reassign_contacts", {**PARAMETERS, "language": show.language})
        show.plan(run, workflow.cost_of(work, run))

        _chapter(show, _("3. Rehearse: the same plan on a copy"))
        show.rehearsal(workflow.rehearse(work, run))

        _chapter(show, _("4. Apply: first ten changes, a look, then the rest"))
        workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))
        certificate = workflow.carry_out(work, run, canary=10)
        show.certificate(certificate)
        html, _book = write_report(run, language=show.language)

        _chapter(show, _("5. Undo: everything back"))
        back = workflow.plan_undo(work, run)
        workflow.approve(back, portal=back.facts.portal, count=len(back.plan.active))
        returned = workflow.carry_out(work, back, notify=False)
        show.certificate(returned)
        left = _left(run.before, back.after)
        show.line(
            _("Differences between the portal before the run and after the undo: {count}").format(count=left),
            "green" if left == 0 else "red",
        )
        _chapter(show, _("Done in {time}").format(time=duration(clock.now() - began)))
        show.line(f"{_('Report')}: {html}", "bold")
        show.line(f"{_('Run')}: {run.folder}")
        run.close()
        back.close()
    return 0 if certificate.clean and returned.clean and left == 0 else 4


def _left(before: Snapshot, after: Snapshot | None) -> int:
    if after is None:
        return -1
    difference = compare(before, after, entities=["contact"])
    return len(difference.changed) + len(difference.added) + len(difference.removed)


def _chapter(show: Shower, title: str) -> None:
    show.console.print(Rule(title, align="left", style="blue"))


@contextmanager
def _sandbox(folder: Path, scale: float) -> Iterator[str]:
    """A portal in a process of its own, as `b24kit sandbox start` makes it; gives its webhook."""
    command = [
        *(
            sys.executable,
            "-m",
            "toolkit.cli",
            "sandbox",
            "start",
            "--seed",
            "realty",
            "--port",
            "0",
            "--json",
        ),
        *("--scale", str(scale)),
    ]
    with (folder / "sandbox.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=os.environ.copy())  # noqa: S603  # our own program
        try:
            yield _webhook(process, folder)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _webhook(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Read the JSON the sandbox prints once it answers."""
    text = ""
    for line in process.stdout or ():
        text += line.decode()
        if line.rstrip() == b"}":
            return str(json.loads(text)["webhook"])
    raise RuntimeError(f"the sandbox did not start; see {folder / 'sandbox.log'}")
