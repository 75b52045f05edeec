"""One run, one folder: everything a run asked, did and proved, as files a person can open.

snapshots/<portal host>/<run id>/
  run.json           operation, parameters, versions, portal, who, when; never a secret
  before/            snapshot the plan was made from
  plan.parquet       one row per change (and plan.listed.parquet: records left to a person)
  journal.sqlite     intents, outcomes, requests, events
  after/             what was re-read (after-2, after-3, ... when verified again)
  report.html, report.xlsx
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from toolkit.errors import PlanError, SnapshotError, StorageError
from toolkit.records import Snapshot, Wanted
from toolkit.runs.journal import Journal
from toolkit.runs.plan import Plan

__all__ = ["STATES", "Run", "RunFacts", "portal_folder"]

_log = logging.getLogger(__name__)

# What a run has been through, told by its journal; each with the sentence on when it is entered.
STATES: Mapping[str, str] = {
    "planned": "the plan is frozen; nothing has been written",
    "rehearsed": "the plan was carried out on a sandbox; nothing has been written on the portal",
    "approved": "a person, or a policy, agreed to exactly this plan",
    "applying": "writing has begun; the journal knows how far",
    "paused": "writing stopped on request after the request in flight",
    "applied": "every change is settled",
    "verified": "the portal was re-read and every cell judged",
}


@dataclass(frozen=True)
class RunFacts:
    """What `run.json` says.

    Args:
        run: run id: time of planning, operation, and a few random letters.
        operation: its name.
        parameters: as given, JSON types.
        portal: host name.
        created: ISO 8601, UTC.
        toolkit: version of the distribution.
        reads: what the snapshot holds: entity -> fields, filter, ids, linked_from; verify reads the same.
        undoes: run id this run takes back; "" for none.
        rehearses: run id this run rehearses on a sandbox; "" for none.
        title: what the operation does, in a line, by language: the report is made from this folder alone.
        undo: what of it can be taken back, in a line, by language.
    """

    run: str
    operation: str
    parameters: Mapping[str, Any]
    portal: str
    created: str
    toolkit: str
    reads: Mapping[str, Any] = field(default_factory=dict)
    undoes: str = ""
    rehearses: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    undo: Mapping[str, str] = field(default_factory=dict)


class Run:
    """A run's folder, opened.

    Args:
        folder: where it lives.
        now: unix seconds, for the journal.
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self.folder, self._now = folder, now

    @classmethod
    def create(cls, root: Path, facts: RunFacts, now: Callable[[], float]) -> Run:
        """Make the folder of a new run: private to its owner, with `run.json` and an empty journal.

        Raises:
            StorageError: it cannot be made.
        """
        folder = portal_folder(root, facts.portal) / facts.run
        try:
            folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(mode=0o700, exist_ok=True)
            text = json.dumps(facts.__dict__, ensure_ascii=False, indent=2, default=str) + "\n"
            fresh = folder / "run.json.new"
            fresh.touch(mode=0o600)
            with fresh.open("r+b") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(folder / "run.json")
        except OSError as error:
            raise StorageError(
                folder, str(error.strerror), "Set B24_SNAPSHOTS to a folder you may write."
            ) from error
        return cls(folder, now)

    @classmethod
    def open(cls, folder: Path, now: Callable[[], float]) -> Run:
        """Open a run by its folder.

        Raises:
            PlanError: there is no run in it.
        """
        run = cls(folder, now)
        run.facts  # noqa: B018  # reading it is the check
        return run

    @classmethod
    def find(cls, root: Path, name: str, now: Callable[[], float]) -> Run:
        """Open a run by its id, or an unambiguous beginning of it, anywhere below `root`.

        Raises:
            PlanError: none, or several.
        """
        found = sorted(path.parent for path in root.glob("*/*/run.json") if path.parent.name.startswith(name))
        exact = [path for path in found if path.name == name]
        if len(exact or found) != 1:
            problem = (
                "is not the name of a run"
                if not found
                else f"could mean {', '.join(path.name for path in found[:5])}"
            )
            raise PlanError(f"{name!r} in {root}", problem, "List them with: b24kit runs")
        return cls.open((exact or found)[0], now)

    @classmethod
    def all(cls, root: Path, now: Callable[[], float], *, damaged: bool = False) -> list[Run]:
        """Every run below `root`, oldest first.

        Args:
            root: the folder of runs.
            now: unix seconds.
            damaged: also those whose `run.json` a power cut left unreadable; such a run can only be deleted.
        """
        found = []
        for path in sorted(root.glob("*/*/run.json"), key=_made):
            run = cls(path.parent, now)
            try:
                run.facts  # noqa: B018  # reading it is the check
            except PlanError as error:
                _log.debug("left out: %s", error)
                if not damaged:
                    continue
            found.append(run)
        return found

    @cached_property
    def facts(self) -> RunFacts:
        """What `run.json` says.

        Raises:
            PlanError: it is missing or damaged.
        """
        try:
            return RunFacts(**json.loads((self.folder / "run.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise PlanError(
                self.folder, f"holds no readable run.json: {error}", "List the runs with: b24kit runs"
            ) from error

    @property
    def now(self) -> Callable[[], float]:
        """What tells its journal the time, unix seconds."""
        return self._now

    @property
    def id(self) -> str:
        """Run id."""
        return self.folder.name

    @cached_property
    def journal(self) -> Journal:
        """The run's journal."""
        return Journal(self.folder / "journal.sqlite", self._now)

    @property
    def wanted(self) -> list[Wanted]:
        """What its snapshots hold, to take one or to read the same again."""
        return [
            Wanted(
                name,
                read.get("fields"),
                read.get("filter") or {},
                ids=read.get("ids"),
                linked_from=tuple((entity, column) for entity, column in read.get("linked_from") or ()),
            )
            for name, read in self.facts.reads.items()
        ]

    @property
    def before(self) -> Snapshot:
        """The snapshot the plan was made from."""
        return Snapshot.open(self.folder / "before")

    @property
    def naming(self) -> Snapshot:
        """The snapshot to take names from: an undo reads no people, so that of the run it takes back, where it is."""
        with suppress(SnapshotError):
            if self.facts.undoes:
                return Snapshot.open(self.folder.parent / self.facts.undoes / "before")
        return self.before

    @property
    def after(self) -> Snapshot | None:
        """The latest re-reading, or None."""
        taken = self._afters()
        return Snapshot.open(taken[-1]) if taken else None

    @property
    def first_after(self) -> Snapshot | None:
        """The re-reading right after the run, or None."""
        taken = self._afters()
        return Snapshot.open(taken[0]) if taken else None

    def next_after(self) -> Path:
        """Where the next re-reading goes: snapshots are write-once."""
        taken = len(self._afters())
        return self.folder / ("after" if not taken else f"after-{taken + 1}")

    def _afters(self) -> list[Path]:
        found = [path for path in self.folder.glob("after*") if re.fullmatch(r"after(-\d+)?", path.name)]
        return sorted(found, key=lambda path: int(path.name.partition("-")[2] or 1))

    @property
    def has_plan(self) -> bool:
        """Whether a plan was frozen."""
        return (self.folder / "plan.parquet").is_file()

    @cached_property
    def plan(self) -> Plan:
        """The frozen plan.

        Raises:
            PlanError: missing or edited.
        """
        return Plan.read(self.folder / "plan.parquet")

    def freeze(self, plan: Plan) -> None:
        """Keep a plan; until writing has begun, a narrower one may replace it."""
        plan.write(self.folder / "plan.parquet")
        self.__dict__.pop("plan", None)
        self.journal.event(
            "planned", plan=plan.id, changes=len(plan.active), struck=int(plan.table["struck"].sum())
        )

    @property
    def state(self) -> str:
        """Where it stands; one of `STATES`, or `empty` before there is a plan."""
        if not self.has_plan:
            return "empty"
        for event in reversed(self.journal.events()):
            if event["kind"] in STATES:
                return str(event["kind"])
        return "planned"

    @property
    def unfinished(self) -> bool:
        """Whether it was agreed to and is not proven, or not told, yet. A plan nobody agreed to is better
        made afresh."""
        return self.state in ("approved", "applying", "paused", "applied") or self.untold

    @property
    def untold(self) -> bool:
        """Whether it is proven clean and the employees concerned have not been told yet."""
        proven = self.journal.last("verified") if self.state == "verified" else None
        if proven is None or not proven["clean"] or self.journal.last("told") is not None:
            return False
        return bool((self.plan.active["kind"] == "notify").any())

    def close(self) -> None:
        """Close the journal."""
        if "journal" in self.__dict__:
            self.journal.close()
            del self.__dict__["journal"]

    def __repr__(self) -> str:
        return f"Run({self.id})"


def new_run_id(now: float, operation: str) -> str:
    """`20261122-184500-reassign_contacts-k3f9`: sorts by time, says what it is."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{operation}-{secrets.token_hex(2)}"


def portal_folder(root: Path, portal: str) -> Path:
    """The folder of everything kept about one portal."""
    return root / re.sub(r"[^\w.-]", "_", portal)


def private(path: Path) -> Path:
    """The same path, its file readable by its owner only."""
    os.chmod(path, 0o600)
    return path


def _made(path: Path) -> tuple[str, int, str]:
    """When a run was made: its name tells the second, and the age of its `run.json`, written but once, the rest."""
    name = path.parent.name
    try:
        return name[: len("20260101-000000")], path.stat().st_mtime_ns, name
    except FileNotFoundError:
        return name, 0, name
