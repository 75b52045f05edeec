"""The run's durable log: what was intended, what became of it, in one SQLite file.

A change is journaled `sent` before its request leaves, in a transaction that has reached the disk.
`sent` is the only ambiguous state; looking the record up (`reconcile`) is its only exit.

    planned ──▶ sent ──▶ done            the portal said so, or the record reads so
       │         ├─────▶ planned         proven not executed, to be tried again
       │         ├─────▶ rejected        the portal said no
       │         └─────▶ quarantined     tried enough, put aside with the portal's words
       ├────▶ already                    the record was as wanted; no write
       └────▶ conflict                   somebody changed it since the snapshot; left alone
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from toolkit.errors import StorageError

__all__ = ["SETTLED", "Journal", "Settled", "State"]

State = Literal["planned", "sent", "done", "already", "conflict", "rejected", "quarantined"]
SETTLED: tuple[State, ...] = ("done", "already", "conflict", "rejected", "quarantined")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS change (
    change INTEGER PRIMARY KEY, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    sent_at REAL, settled_at REAL, code TEXT, message TEXT, result TEXT, seen TEXT
);
CREATE INDEX IF NOT EXISTS change_state ON change (state);
CREATE TABLE IF NOT EXISTS request (
    request INTEGER PRIMARY KEY, at REAL, methods TEXT, duration_s REAL, waited_s REAL, waited_for TEXT,
    status INTEGER, done INTEGER, rejected INTEGER, unknown INTEGER
);
CREATE TABLE IF NOT EXISTS event (event INTEGER PRIMARY KEY, at REAL, kind TEXT, facts TEXT);
"""


@dataclass(frozen=True)
class Settled:
    """What became of one change.

    Args:
        change: its number in the plan.
        state: the new state; `planned` sends it back to be tried again.
        code: the portal's error code.
        message: the portal's words, or ours.
        result: what the portal gave back that is needed later (the id of a created record).
        seen: the values read before the write, when they mattered (conflicts).
    """

    change: int
    state: State
    code: str = ""
    message: str = ""
    result: Any = None
    seen: Any = None


class Journal:
    """The log of one run.

    Args:
        path: the SQLite file; made when absent. Readable by its owner only.
        now: unix seconds, for time stamps.
        on_commit: called before every transaction reaches the disk; tests kill the process there.

    Raises:
        StorageError: the file cannot be opened or written.
    """

    def __init__(
        self, path: Path, now: Callable[[], float], *, on_commit: Callable[[str], None] | None = None
    ) -> None:
        self.path, self._now, self._on_commit = path, now, on_commit
        with self._storing():
            path.touch(mode=0o600, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            # A transaction is on the disk before commit returns: the promise everything rests on.
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # -- changes ---------------------------------------------------------------------------------

    def sent(self, changes: Sequence[int]) -> None:
        """These changes are about to leave. Returns when that is on the disk.

        Raises:
            StorageError: it could not be written; nothing may be sent then.
        """
        now = self._now()
        with self._transaction("sent"):
            self._db.executemany(
                "INSERT INTO change (change, state, tries, sent_at) VALUES (?, 'sent', 1, ?)"
                " ON CONFLICT (change) DO UPDATE SET state = 'sent', tries = tries + 1,"
                " sent_at = excluded.sent_at",
                [(change, now) for change in changes],
            )

    def sent_on(self, changes: Sequence[int]) -> None:
        """A second request of changes that are `sent` is about to leave: their fence begins anew.

        Raises:
            StorageError: as `sent`.
        """
        now = self._now()
        with self._transaction("sent"):
            self._db.executemany(
                "UPDATE change SET sent_at = ? WHERE change = ?", [(now, change) for change in changes]
            )

    def settle(self, outcomes: Iterable[Settled]) -> None:
        """Note what became of changes.

        Raises:
            StorageError: it could not be written; the changes stay `sent` and will be looked up.
        """
        now = self._now()
        rows = [
            (
                each.change,
                each.state,
                now,
                each.code,
                each.message,
                None if each.result is None else json.dumps(each.result, ensure_ascii=False, default=str),
                None if each.seen is None else json.dumps(each.seen, ensure_ascii=False, default=str),
            )
            for each in outcomes
        ]
        if not rows:
            return
        with self._transaction("settled"):
            self._db.executemany(
                "INSERT INTO change (change, state, settled_at, code, message, result, seen)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (change) DO UPDATE SET state = excluded.state,"
                " settled_at = excluded.settled_at, code = excluded.code, message = excluded.message,"
                " result = COALESCE(excluded.result, change.result), seen = excluded.seen",
                rows,
            )

    def in_state(self, *states: State) -> list[int]:
        """Numbers of the changes in these states, ascending. Changes never touched are not listed."""
        marks = ", ".join("?" for _ in states)
        sql = f"SELECT change FROM change WHERE state IN ({marks}) ORDER BY change"  # noqa: S608 - only marks
        return [row[0] for row in self._db.execute(sql, states)]

    def tries(self) -> dict[int, int]:
        """How often each change that was sent at all has been sent."""
        return {
            row[0]: row[1] for row in self._db.execute("SELECT change, tries FROM change WHERE tries > 0")
        }

    def sent_at(self) -> dict[int, float]:
        """Unix seconds at which each change in state `sent` left."""
        return {
            row[0]: row[1]
            for row in self._db.execute("SELECT change, sent_at FROM change WHERE state = 'sent'")
        }

    def counts(self) -> dict[str, int]:
        """Number of changes by state, of those touched."""
        return {
            row[0]: row[1] for row in self._db.execute("SELECT state, COUNT(*) FROM change GROUP BY state")
        }

    def table(self) -> pd.DataFrame:
        """All changes touched so far.

        Returns:
            One row per change, columns change int, state, tries, sent_at, settled_at (unix seconds), code,
            message, result, seen (JSON text).
        """
        frame = pd.read_sql_query("SELECT * FROM change ORDER BY change", self._db)
        return frame.astype({"state": "str"})

    def results(self) -> dict[int, Any]:
        """What the portal gave back, by change, where that was kept."""
        rows = self._db.execute("SELECT change, result FROM change WHERE result IS NOT NULL")
        return {row[0]: json.loads(row[1]) for row in rows}

    # -- requests and events ---------------------------------------------------------------------

    def request(self, note: Any) -> None:
        """Note one HTTP request (`toolkit.client.RequestNote`); holds no address and no values."""
        with self._transaction("request"):
            self._db.execute(
                "INSERT INTO request"
                " (at, methods, duration_s, waited_s, waited_for, status, done, rejected, unknown)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    note.sent_at,
                    json.dumps(dict(note.methods)),
                    note.duration_s,
                    note.waited_s,
                    note.waited_for,
                    note.status,
                    note.done,
                    note.rejected,
                    note.unknown,
                ],
            )

    def requests(self) -> pd.DataFrame:
        """All requests; columns request, at, methods (JSON), duration_s, waited_s, waited_for, status, done,
        rejected, unknown."""
        return pd.read_sql_query("SELECT * FROM request ORDER BY request", self._db)

    def event(self, kind: str, **facts: Any) -> None:
        """Note something that happened to the run as a whole."""
        with self._transaction("event"):
            self._db.execute(
                "INSERT INTO event (at, kind, facts) VALUES (?, ?, ?)",
                [self._now(), kind, json.dumps(facts, ensure_ascii=False, default=str)],
            )

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What happened, in order: `at` (unix seconds), `kind`, and its facts."""
        rows = self._db.execute(
            "SELECT at, kind, facts FROM event WHERE kind = ? OR ? IS NULL ORDER BY event", [kind, kind]
        )
        return [{"at": row["at"], "kind": row["kind"], **json.loads(row["facts"])} for row in rows]

    def last(self, kind: str) -> Mapping[str, Any] | None:
        """The latest event of a kind, or None."""
        events = self.events(kind)
        return events[-1] if events else None

    # -- durability ------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, what: str) -> Any:
        with self._storing():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                if self._on_commit is not None:
                    self._on_commit(what)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _storing(self) -> Any:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                self.path,
                str(error),
                "Nothing was sent after this. Free space or mend the folder's rights, then resume the run.",
            ) from error
