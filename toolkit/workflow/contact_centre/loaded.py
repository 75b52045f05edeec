"""The rows of a contact centre as they were last loaded: what differs from them was corrected there.

One SQLite file for each portal and system. It learns from finished runs, each once and in one transaction: a run
that was not proven, or was taken back, has loaded nothing; a row in review or quarantine, or with a change that did
not come about, is not loaded either. Whenever the machine dies, the next look learns the same again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.errors import StorageError
from toolkit.operations.load_contact_centre import LoadContactCentre, LoadContactCentreParams
from toolkit.runs import Run, Undo
from toolkit.runs.contact_centre import CallRow, LoadedCall, RequestRow
from toolkit.runs.folder import portal_folder
from toolkit.runs.references import made_by
from toolkit.workflow.workspace import Workspace, find_run

__all__ = ["LoadedRows", "RowsOfRun", "learn_from", "rows_of_run", "with_previous"]

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS row (
    id TEXT NOT NULL, seq INTEGER NOT NULL REFERENCES run, body TEXT NOT NULL, PRIMARY KEY (id, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS row_of_run ON row (seq);
CREATE TABLE IF NOT EXISTS joined (
    id TEXT NOT NULL, seq INTEGER NOT NULL REFERENCES run, deal INTEGER NOT NULL, PRIMARY KEY (id, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS joined_of_run ON joined (seq);
CREATE TABLE IF NOT EXISTS call (
    id TEXT NOT NULL, seq INTEGER NOT NULL REFERENCES run, request TEXT NOT NULL, activity INTEGER NOT NULL,
    deal INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS call_of_run ON call (seq);
CREATE INDEX IF NOT EXISTS call_of_request ON call (request);
"""
_DONE = ("done", "already")
_AT_ONCE = 500


_FORGET = (
    "DELETE FROM row WHERE seq IN (SELECT seq FROM run WHERE id = ?)",
    "DELETE FROM joined WHERE seq IN (SELECT seq FROM run WHERE id = ?)",
    "DELETE FROM call WHERE seq IN (SELECT seq FROM run WHERE id = ?)",
)


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
        with self._open() as db:
            # The bare column of a query with max() is that of the row which has it.
            rows = _asked(db, "SELECT body, max(seq) FROM row WHERE id IN ({}) GROUP BY id", ids)
            return [RequestRow.model_validate_json(body) for body, _ in rows]

    def calls(self, ids: Sequence[str], requests: Sequence[str]) -> list[LoadedCall]:
        """The calls with these ids, and those that name one of these requests, as they were last loaded.

        Raises:
            StorageError: the file cannot be read.
        """
        if not self.path.exists():
            return []
        with self._open() as db:
            about = _asked(db, "SELECT DISTINCT id FROM call WHERE request IN ({})", requests)
            wanted = sorted({*ids, *(number for (number,) in about)})
            query = "SELECT body, activity, deal, max(seq) FROM call WHERE id IN ({}) GROUP BY id"
            return [
                LoadedCall(row=CallRow.model_validate_json(body), activity=activity, deal=deal)
                for body, activity, deal, _ in _asked(db, query, wanted)
            ]

    def deals(self, requests: Sequence[str]) -> dict[str, int]:
        """The deals these requests were put on that are not marked as theirs, by id of the request.

        Raises:
            StorageError: the file cannot be read.
        """
        if not self.path.exists():
            return {}
        with self._open() as db:
            query = "SELECT id, deal, max(seq) FROM joined WHERE id IN ({}) GROUP BY id"
            return {number: deal for number, deal, _ in _asked(db, query, requests)}

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
        for forgetting in _FORGET:
            db.execute(forgetting, (run.id,))
        db.execute("INSERT OR IGNORE INTO run (id) VALUES (?)", (run.id,))
        db.execute("COMMIT")

    def _take(self, db: sqlite3.Connection, run: Run) -> None:
        found = rows_of_run(run)
        rows = [(row.id, row.model_dump_json(exclude_defaults=True)) for row in found.requests]
        calls = [
            (
                each.row.id,
                each.row.request,
                each.activity,
                each.deal,
                each.row.model_dump_json(exclude_defaults=True),
            )
            for each in found.calls
        ]
        db.execute("BEGIN IMMEDIATE")
        taken = db.execute("INSERT OR IGNORE INTO run (id) VALUES (?)", (run.id,))
        if taken.rowcount:  # else another process was faster
            seq = taken.lastrowid
            db.executemany("INSERT INTO row (id, seq, body) VALUES (?, ?, ?)", [(n, seq, b) for n, b in rows])
            db.executemany(
                "INSERT INTO joined (id, seq, deal) VALUES (?, ?, ?)",
                [(number, seq, deal) for number, deal in found.deals.items()],
            )
            db.executemany(
                "INSERT INTO call (id, seq, request, activity, deal, body) VALUES (?, ?, ?, ?, ?, ?)",
                [(number, seq, *rest) for number, *rest in calls],
            )
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


@dataclass(frozen=True)
class RowsOfRun:
    """What a finished run has loaded: made, edited or found as it should be, and nothing about it failed.

    Args:
        requests: each as it was last said.
        deals: id of a request to the deal it was put on that is not marked as its own.
        calls: as they are on the portal.
    """

    requests: Sequence[RequestRow] = ()
    deals: Mapping[str, int] = field(default_factory=dict)
    calls: Sequence[LoadedCall] = ()


def rows_of_run(run: Run) -> RowsOfRun:
    """What a finished run has loaded.

    Args:
        run: of `load_contact_centre`.
    """
    operation = LoadContactCentre()
    params = operation.parameters(run.facts.parameters)
    if not (params.requests or params.calls):
        return RowsOfRun()
    tables = {each: run.before.table(each) for each in run.before.entities}
    if run.journal.last("verified") is None:
        # Nothing was written: it has seen what others loaded, and knows only where requests belong.
        found = operation.carried(tables, params).deals
        return RowsOfRun(deals={number: deal for number, deal in found.items() if isinstance(deal, int)})
    states = run.journal.table().set_index("change")["state"]
    late = run.plan.table[~run.plan.table["change"].map(states).isin(_DONE)]
    carried = operation.carried(
        tables, params, _records(late[~late["kind"].isin(["notify", "bind", "copy"])])
    )
    unlinked = _records(late[late["kind"] == "bind"])
    ids = made_by(run.plan.table, run.journal.results())
    calls = []
    for each in carried.calls:
        activity = _id(each.activity, ids)
        deal = 0 if ("activity", each.activity) in unlinked else _id(each.deal, ids)
        if activity:
            calls.append(LoadedCall(row=each.row, activity=activity, deal=deal))
    deals = {number: _id(deal, ids) for number, deal in carried.deals.items()}
    return RowsOfRun(carried.requests, {number: deal for number, deal in deals.items() if deal}, calls)


def _id(record: int | str, ids: Mapping[str, int]) -> int:
    return ids.get(record, 0) if isinstance(record, str) else record


def _records(late: pd.DataFrame) -> set[tuple[str, int | str]]:
    """Records, by id or marker, of changes that did not come about."""
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
    if not run.has_plan:
        return False
    told = run.journal.last("verified")
    if told is None:
        return not len(run.plan)  # all was as the rows say, and there was nothing to carry out
    return bool(told.get("clean")) and not run.unfinished


def with_previous(
    params: LoadContactCentreParams, root: Path, portal: str, runs: Iterable[Run]
) -> LoadContactCentreParams:
    """The parameters, with their rows as they were last loaded, unless somebody said them.

    Raises:
        StorageError: what was loaded cannot be known.
    """
    rows = LoadedRows(root, portal, params.system)
    rows.learn(runs)
    requests, calls = (
        sorted({each.id for each in params.requests}),
        sorted({each.id for each in params.calls}),
    )
    named = sorted(
        {*(each.request for each in params.calls), *(each.request for each in params.history)} - {""}
    )
    known = {
        "previous": params.previous or rows.of(requests),
        "previous_calls": params.previous_calls or rows.calls(calls, requests),
        "previous_deals": params.previous_deals or rows.deals(named),
    }
    return params.model_copy(update=known)


def _asked(db: sqlite3.Connection, query: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
    """The answers to a query for some of many values: `{}` stands for their places."""
    found: list[tuple[Any, ...]] = []
    for start in range(0, len(values), _AT_ONCE):
        some = list(values[start : start + _AT_ONCE])
        found += db.execute(query.format(", ".join("?" * len(some))), some).fetchall()
    return found
