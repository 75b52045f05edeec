"""The report of a run, as a page and as a workbook, made from the run's folder alone.

    evidence   what the files say                 wording, russian   how it is said
    names      names instead of numbers           verdict            the headline
    listings   the tables, once for both          timeline, charts   the course of the run
    html       report.html                        workbook           report.xlsx

Start reading at `write_report`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from toolkit.errors import StorageError
from toolkit.runs.folder import Run
from toolkit.runs.report.evidence import gather
from toolkit.runs.report.html import page
from toolkit.runs.report.names import Names
from toolkit.runs.report.timeline import timeline_of
from toolkit.runs.report.wording import Language, Wording
from toolkit.runs.report.workbook import write_workbook

__all__ = ["Language", "write_report"]


def write_report(run: Run, *, language: Language = "ru") -> tuple[Path, Path]:
    """What was asked of a run, what it did, and how that was proven: `report.html` and `report.xlsx`.

    Works in every state of a run, and may be made again at any time; older reports are replaced. Both files
    are readable by their owner only, appear whole or not at all, and hold client data but no secret.

    Args:
        run: a run that has a plan.
        language: `ru` or `en`; what operations and the portal said is translated where it is known.

    Returns:
        The paths of the page and of the workbook.

    Raises:
        PlanError: the run has no plan yet, or its files are damaged.
        StorageError: a report cannot be written.
    """
    evidence = gather(run)
    wording = Wording(language, evidence.offset_s)
    names = Names(evidence.before, evidence.facts.portal, wording)
    timeline = timeline_of(evidence)
    html, workbook = run.folder / "report.html", run.folder / "report.xlsx"
    text = page(evidence, timeline, names, wording)
    parts = [path.with_name(path.name + ".part") for path in (html, workbook)]
    try:
        for part in parts:
            part.unlink(missing_ok=True)
            part.touch(mode=0o600)
        parts[0].write_text(text, encoding="utf-8")
        write_workbook(parts[1], evidence, timeline, names, wording)
        parts[0].replace(html)
        parts[1].replace(workbook)
    except OSError as error:
        raise StorageError(
            run.folder,
            str(error.strerror or error),
            "Free some space, or mend the folder's rights; then report again.",
        ) from error
    finally:
        for part in parts:
            with suppress(OSError):  # a folder that cannot be written cannot be tidied either
                part.unlink(missing_ok=True)
    return html, workbook
