"""Old runs: which may go, and why the others stay. A run's folder holds clients' records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from toolkit.errors import StorageError, ToolkitError
from toolkit.records.storage import remove_tree
from toolkit.runs.folder import Run, RunFacts

__all__ = ["Aged", "Kept", "aged", "prune_runs"]

Kept = Literal["", "young", "unfinished", "could be undone", "an undo needs it"]
"""Why a run stays; empty when it may go."""


@dataclass(frozen=True)
class Aged:
    """A run, and whether it may go.

    Args:
        run: the run.
        days: since it was planned.
        bytes: on disk.
        kept: why it stays.
    """

    run: Run
    days: float
    bytes: int
    kept: Kept


def aged(runs: Sequence[Run], days: float, *, now: float, also: Iterable[str] = ()) -> list[Aged]:
    """Every run with the reason why it stays, oldest first.

    A run that is not over, one that changed something and was not taken back, and one whose undo is not over
    stay, however old.

    Args:
        runs: all runs of a folder.
        days: those younger stay.
        now: unix seconds.
        also: `unfinished` or `undoable`: reasons not to heed.
    """
    heedless = set(also)
    undoing: dict[str, list[Run]] = {}
    for run in runs:
        facts = _facts(run)
        if facts is not None and facts.undoes:
            undoing.setdefault(facts.undoes, []).append(run)
    found = []
    for run in runs:
        age = (now - _created(run)) / 86400
        kept: Kept = "young" if age < days else _reason(run, undoing.get(run.id, []), heedless)
        found.append(Aged(run, age, _size(run.folder), kept))
        run.close()
    return found


def _reason(run: Run, undos: list[Run], heedless: set[str]) -> Kept:
    try:
        if not run.has_plan:
            return ""
        if run.unfinished and "unfinished" not in heedless:
            return "unfinished"
        if any(each.has_plan and each.unfinished for each in undos):
            return "an undo needs it"
        taken_back = any(each.state == "verified" for each in undos)
        wrote = run.journal.counts().get("done", 0) > 0
        undo_itself = bool(run.facts.undoes)
        if wrote and not taken_back and not undo_itself and "undoable" not in heedless:
            return "could be undone"
    except ToolkitError:  # damaged: nothing can be done with it any more
        return ""
    finally:
        for each in undos:
            each.close()
    return ""


def prune_runs(doomed: Iterable[Aged]) -> int:
    """Delete runs that nothing keeps; returns the bytes freed.

    Raises:
        StorageError: one could not be deleted; those before it are gone.
    """
    freed = 0
    for each in doomed:
        if each.kept:
            continue
        each.run.close()
        try:
            remove_tree(each.run.folder)
        except OSError as error:
            raise StorageError(each.run.folder, str(error.strerror), "Mend the folder's rights.") from error
        freed += each.bytes
    return freed


def _facts(run: Run) -> RunFacts | None:
    try:
        return run.facts
    except ToolkitError:
        return None


def _created(run: Run) -> float:
    facts = _facts(run)
    if facts is not None:
        return datetime.fromisoformat(facts.created).timestamp()
    return run.folder.stat().st_mtime


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
