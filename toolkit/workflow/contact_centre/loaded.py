"""The rows of a contact centre as they were last loaded: what differs from them was corrected there.

One SQLite file for each portal and system. It learns from finished runs, each once and in one transaction: a run
that was not proven, or was taken back, has loaded nothing; a row in review or quarantine, or with a change that did
not come about, is not loaded either. Whenever the machine dies, the next look learns the same again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd

from toolkit.errors import StorageError
from toolkit.operations.load_contact_centre import LoadContactCentre, LoadContactCentreParams
from toolkit.runs import Run, Undo
from toolkit.runs.contact_centre import RequestRow
from toolkit.runs.folder import portal_folder
from toolkit.workflow.workspace import Workspace, find_run

__all__ = ["LoadedRows", "learn_from", "rows_of_run", "with_previous"]

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS row (
    id TEXT NOT NULL, seq INTEGER NOT NULL REFERENCES run, body TEXT NOT NULL, PRIMARY KEY (id, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS row_of_run ON row (seq);
"""
_DONE = ("done", "already")
_AT_ONCE = 500


class LoadedRows:
    """The rows of one system on one portal, as they were last loaded.

    Args:
        root: the folder of runs.
        portal: host.
        system: short name of the other system.
    """

    def __init__(self, root: Path, portal: str, system: str) -> None:
        self.portal, self.system = portal, system
        self.path = portal_folder(root, portal) / "contact-centre" / f"{system}-rows.sqlite"

    def of(self, ids: Sequence[str]) -> list[RequestRow]:
        """The rows with these ids that were loaded before, as they were last loaded.

        Raises:
            StorageError: the file cannot be read.
        """
        if not self.path.exists():
            return []
        found: list[RequestRow] = []
        with self._open() as db:
            for start in range(0, len(ids), _AT_ONCE):
                some = list(ids[start : start + _AT_ONCE])
                marks = ", ".join("?" * len(some))
                # The bare column of a query with max() is that of the row which has it.
                rows = db.execute(
                    f"SELECT body, max(seq) FROM row WHERE id IN ({marks}) GROUP BY id",  # noqa: S608  # marks only
                    some,
                )
                found += [RequestRow.model_validate_json(body) for body, _ in rows]
        return found

    def learn(self, runs: Iterable[Run]) -> None:
        """Take in what runs have loaded that were finished and proven since the last look.

        Args:
            runs: all there are, oldest first; those of other operations, portals and systems are passed over.

        Raises:
            StorageError: the file cannot be written; the next look learns the same.
        """
        here = [run for run in runs if run.folder.parent == self.path.parent.parent]
        loads = [run for run in here if f"-{LoadContactCentre.name}-" in run.id]
        if not loads:
            return
        undos = [run for run in here if f"-{Undo.name}-" in run.id]
        undone = {run.facts.undoes for run in undos if not run.facts.rehearses and _begun(run)}
        with self._open() as db:
            known = {name for (name,) in db.execute("SELECT id FROM run")}
            for run in loads:
                if run.id in undone:
                    self._forget(db, run)
                elif run.id not in known and _loads(run, self.portal, self.system) and _proven(run):
                    self._take(db, run)

    def _forget(self, db: sqlite3.Connection, run: Run) -> None:
        db.execute("BEGIN IMMEDIATE")
        db.execute("DELETE FROM row WHERE seq IN (SELECT seq FROM run WHERE id = ?)", (run.id,))
        db.execute("INSERT OR IGNORE INTO run (id) VALUES (?)", (run.id,))
        db.execute("COMMIT")

    def _take(self, db: sqlite3.Connection, run: Run) -> None:
        rows = [(row.id, row.model_dump_json(exclude_defaults=True)) for row in rows_of_run(run)]
        db.execute("BEGIN IMMEDIATE")
        taken = db.execute("INSERT OR IGNORE INTO run (id) VALUES (?)", (run.id,))
        if taken.rowcount:  # else another process was faster
            seq = taken.lastrowid
            db.executemany("INSERT INTO row (id, seq, body) VALUES (?, ?, ?)", [(n, seq, b) for n, b in rows])
        db.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.touch(mode=0o600)
            with closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as db:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.executescript(_SCHEMA)
                yield db
        except (sqlite3.Error, OSError) as error:
            remedy = "Make room or mend the folder; the next run learns the same again."
            raise StorageError(self.path, str(error), remedy) from error


def learn_from(work: Workspace, run: Run) -> None:
    """Keep what a run that was just carried out has loaded, or taken back: its folder may be pruned some day.

    A store that cannot be written now is no reason to fail: the next plan learns the same.
    """
    load = find_run(work, run.facts.undoes) if run.facts.undoes else run
    try:
        if load.facts.operation == LoadContactCentre.name and not run.facts.rehearses:
            rows = LoadedRows(work.root, load.facts.portal, str(load.facts.parameters.get("system")))
            rows.learn([load] if load is run else [load, run])
    except StorageError as error:
        _log.warning("%s", error)
    finally:
        if load is not run:
            load.close()


def rows_of_run(run: Run) -> list[RequestRow]:
    """The requests a finished run has loaded: made, edited or found as they should be, and nothing about them failed.

    Args:
        run: of `load_contact_centre`.
    """
    operation = LoadContactCentre()
    params = operation.parameters(run.facts.parameters)
    if not params.requests:
        return []
    tables = {each: run.before.table(each) for each in run.before.entities}
    return operation.carried(tables, params, _failed(run))


def _failed(run: Run) -> set[tuple[str, int | str]]:
    """Records, by id or marker, of changes that did not come about."""
    states = run.journal.table().set_index("change")["state"]
    plan = run.plan.table
    late = plan[~plan["change"].map(states).isin(_DONE) & (plan["kind"] != "notify")]
    named = {
        (str(name), str(marker))
        for name, marker in zip(late["entity"], late["marker"], strict=True)
        if marker
    }
    numbered = {
        (str(name), int(number))
        for name, number in zip(late["entity"], late["record_id"], strict=True)
        if pd.notna(number)
    }
    return named | numbered


def _loads(run: Run, portal: str, system: str) -> bool:
    facts = run.facts
    return (
        facts.portal == portal
        and facts.operation == LoadContactCentre.name
        and not (facts.rehearses or facts.undoes)
        and facts.parameters.get("system") == system
    )


def _begun(run: Run) -> bool:
    return run.has_plan and run.state not in ("planned", "rehearsed")


def _proven(run: Run) -> bool:
    told = run.journal.last("verified") if run.has_plan else None
    return told is not None and bool(told.get("clean")) and not run.unfinished


def with_previous(
    params: LoadContactCentreParams, root: Path, portal: str, runs: Iterable[Run]
) -> LoadContactCentreParams:
    """The parameters, with their rows as they were last loaded, unless somebody said them.

    Raises:
        StorageError: what was loaded cannot be known.
    """
    if params.previous or not params.requests:
        return params
    rows = LoadedRows(root, portal, params.system)
    rows.learn(runs)
    return params.model_copy(update={"previous": rows.of(sorted({each.id for each in params.requests}))})
