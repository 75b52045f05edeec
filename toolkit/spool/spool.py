"""The durable spool: what arrived and was not handed over yet, in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from toolkit.errors import StorageError
from toolkit.spool.messages import Message, digest_of, row_of
from toolkit.spool.refusals import SourceRefused, SpoolInUse

__all__ = ["OUTDATED", "SAME_ID", "Batch", "Put", "Spool", "State"]

State = Literal["waiting", "taken", "done", "dead"]

OUTDATED = "a newer one of the same key was handed over before it"
SAME_ID = "its id was used before, for something else"

_FORGOTTEN = "#"  # no row begins with it

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL, version TEXT NOT NULL,
    body TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL, batch INTEGER, reason TEXT NOT NULL DEFAULT '',
    run TEXT NOT NULL DEFAULT '', put_at REAL NOT NULL, settled_at REAL
);
CREATE INDEX IF NOT EXISTS message_state ON message (state, seq);
CREATE INDEX IF NOT EXISTS message_key ON message (key, state, version, seq) WHERE key != '';
CREATE INDEX IF NOT EXISTS message_batch ON message (batch) WHERE batch IS NOT NULL;
CREATE TABLE IF NOT EXISTS batch (batch INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS held (batch INTEGER PRIMARY KEY, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mark (source TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

_FIRST_OF_ITS_KEY = """
    SELECT seq, id, body FROM message AS m WHERE state = 'waiting' AND NOT EXISTS (
        SELECT 1 FROM message AS o WHERE m.key != '' AND o.key = m.key AND o.key != '' AND (
            o.state = 'taken' OR o.state = 'waiting' AND (o.version, o.seq) < (m.version, m.seq)
        )
    ) ORDER BY seq LIMIT ?
"""


@dataclass(frozen=True)
class Put:
    """What became of messages put in.

    Args:
        new: how many wait now.
        known: were here before.
        outdated: a newer one of the same key had been handed over.
        dead: could not be used.
        misnamed: those whose id was used before for something else; the dead ones, and those dead before.
    """

    new: int = 0
    known: int = 0
    outdated: int = 0
    dead: int = 0
    misnamed: tuple[Message, ...] = field(default=(), compare=False)

    def __add__(self, other: Put) -> Put:
        return Put(
            self.new + other.new,
            self.known + other.known,
            self.outdated + other.outdated,
            self.dead + other.dead,
            (*self.misnamed, *other.misnamed),
        )


@dataclass(frozen=True)
class Batch:
    """Messages taken together; never two of one key.

    Args:
        number: of the batch.
        ids: of the messages, in order.
        rows: their bodies.
        run: id of the run that was planned for it before; "" for none.
    """

    number: int
    ids: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    run: str = ""


class Spool:
    """What arrived and was not handed over yet.

    Args:
        path: the SQLite file; made when absent, with its folder. Readable by its owner only.
        now: unix seconds, for time stamps.
        on_commit: called before every transaction reaches the disk; tests kill the process there.

    Raises:
        StorageError: the file cannot be opened or written.
    """

    def __init__(
        self, path: Path, now: Callable[[], float], on_commit: Callable[[str], None] = lambda _: None
    ) -> None:
        self.path, self._now, self._on_commit = path, now, on_commit
        with self._storing():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")  # on the disk before a source is told to let go
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- in --------------------------------------------------------------------------------------

    def put(self, messages: Iterable[Message], *, mark: tuple[str, Any] | None = None) -> Put:
        """Take messages in, all of them in one commit. Returns when they are on the disk.

        Args:
            messages: those whose id is known are left out; the same id with another body is kept as dead.
            mark: a source and how far it has been read, kept by the same commit.

        Raises:
            StorageError: nothing of it was taken in.
        """
        put = Put()
        with self._transaction("put"):
            for each in messages:
                put += self._put(each)
            if mark is not None:
                source, value = mark
                self._db.execute(
                    "INSERT OR REPLACE INTO mark VALUES (?, ?)",
                    (source, json.dumps(value, ensure_ascii=False)),
                )
        return put

    def bury(self, messages: Iterable[tuple[Message, str]]) -> Put:
        """Keep what cannot be used as dead, each with its reason; a body may be any text.

        Raises:
            StorageError: nothing of it was kept.
        """
        put = Put()
        with self._transaction("bury"):
            for each, reason in messages:
                put += Put(dead=1) if self._insert(each, "dead", reason) else Put(known=1)
        return put

    def _put(self, each: Message) -> Put:
        if self._insert(each, "waiting", ""):
            if each.version and each.key and self._newer_went(each.key, each.version):
                self._db.execute(
                    "UPDATE message SET state = 'done', reason = ?, settled_at = ? WHERE id = ?",
                    (OUTDATED, self._now(), each.id),
                )
                return Put(outdated=1)
            return Put(new=1)
        held = self._db.execute("SELECT body FROM message WHERE id = ?", (each.id,)).fetchone()
        if held["body"] in (each.body, _FORGOTTEN + digest_of(each.body)):
            return Put(known=1)
        other = replace(each, id=f"{each.id}#{digest_of(each.body)}")
        fresh = self._insert(other, "dead", SAME_ID)
        return Put(known=int(not fresh), dead=int(fresh), misnamed=(each,))

    def _insert(self, each: Message, state: State, reason: str) -> bool:
        done = self._db.execute(
            "INSERT INTO message (id, key, version, body, source, state, reason, put_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (each.id, each.key, each.version, each.body, each.source, state, reason, self._now()),
        )
        return done.rowcount == 1

    def _newer_went(self, key: str, version: str, seq: int = 0) -> bool:
        """Whether one of this key that comes after it was handed over."""
        found = self._db.execute(
            "SELECT 1 FROM message WHERE key = ? AND key != '' AND state IN ('taken', 'done') AND reason = ''"
            " AND (version > ? OR (? AND version = ? AND seq > ?)) LIMIT 1",
            (key, version, bool(seq), version, seq),
        )
        return found.fetchone() is not None

    def mark(self, source: str) -> Any:
        """How far a source has been read; None when it never was."""
        found = self._db.execute("SELECT value FROM mark WHERE source = ?", (source,)).fetchone()
        return None if found is None else json.loads(found["value"])

    # -- out -------------------------------------------------------------------------------------

    def take(self, most: int) -> Batch | None:
        """The batch that is still out, or else the next: the first of each key, oldest first.

        What was taken stays taken until it is settled: after a crash the very same batch is given again. One
        that is held is left out, and what comes after it under the same keys waits for it.

        Args:
            most: rows of a new batch.

        Returns:
            None when nothing waits.

        Raises:
            StorageError: nothing was taken.
        """
        with self._transaction("take"):
            out = self._db.execute(
                "SELECT min(batch) AS batch FROM message WHERE state = 'taken'"
                " AND batch NOT IN (SELECT batch FROM held)"
            ).fetchone()
            number = out["batch"]
            if number is None:
                chosen = self._db.execute(_FIRST_OF_ITS_KEY, (most,)).fetchall()
                if not chosen:
                    return None
                number = self._new_batch([row["seq"] for row in chosen])
        return self._batch(number)

    def _new_batch(self, seqs: Sequence[int]) -> int:
        number = int(self._db.execute("INSERT INTO batch DEFAULT VALUES").lastrowid or 0)
        self._db.executemany(
            "UPDATE message SET state = 'taken', batch = ? WHERE seq = ?", [(number, seq) for seq in seqs]
        )
        return number

    def _batch(self, number: int) -> Batch:
        rows = self._db.execute(
            "SELECT id, body FROM message WHERE batch = ? AND state = 'taken' ORDER BY seq", (number,)
        ).fetchall()
        run = self._db.execute("SELECT run FROM batch WHERE batch = ?", (number,)).fetchone()["run"]
        bodies = tuple(json.loads(row["body"]) for row in rows)
        return Batch(number, tuple(row["id"] for row in rows), bodies, run)

    def planned(self, batch: Batch, run: str) -> None:
        """Note which run a batch is about to be carried out by."""
        with self._transaction("planned"):
            self._db.execute("UPDATE batch SET run = ? WHERE batch = ?", (run, batch.number))

    def done(self, batch: Batch, run: str) -> None:
        """A run has it: its evidence says what became of each row."""
        self._settle(batch, "done", "", run)

    def dead(self, batch: Batch, reason: str) -> None:
        """It cannot be used, for a reason a person can read."""
        self._settle(batch, "dead", reason, "")

    def _settle(self, batch: Batch, state: State, reason: str, run: str) -> None:
        with self._transaction(state):
            self._db.execute(
                "UPDATE message SET state = ?, reason = ?, run = ?, settled_at = ?"
                " WHERE batch = ? AND state = 'taken'",
                (state, reason, run, self._now(), batch.number),
            )
            self._db.execute("DELETE FROM held WHERE batch = ?", (batch.number,))

    def hold(self, batch: Batch, reason: str) -> None:
        """Put a batch aside until a person has decided; the others go on."""
        with self._transaction("hold"):
            self._db.execute("INSERT OR REPLACE INTO held VALUES (?, ?)", (batch.number, reason))

    def release(self, batch: Batch) -> None:
        """Let a batch that was held be taken again, the very same."""
        with self._transaction("release"):
            self._db.execute("DELETE FROM held WHERE batch = ?", (batch.number,))

    def held(self) -> list[tuple[Batch, str]]:
        """The batches that are held, each with its reason, oldest first."""
        found = self._db.execute("SELECT batch, reason FROM held ORDER BY batch").fetchall()
        return [(self._batch(row["batch"]), row["reason"]) for row in found]

    def halve(self, batch: Batch) -> None:
        """Two batches of one, so that a row that cannot be used is found without holding up the rest."""
        with self._transaction("halve"):
            seqs = [
                row["seq"]
                for row in self._db.execute(
                    "SELECT seq FROM message WHERE batch = ? AND state = 'taken' ORDER BY seq",
                    (batch.number,),
                )
            ]
            half = len(seqs) // 2
            self._new_batch(seqs[:half])
            self._new_batch(seqs[half:])

    # -- for people ------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        found = {"waiting": 0, "taken": 0, "done": 0, "dead": 0}
        found.update(self._db.execute("SELECT state, count(*) FROM message GROUP BY state").fetchall())
        return found

    def all_done(self, prefix: str) -> bool:
        """Whether runs have all messages whose ids begin so; False where none is known.

        Args:
            prefix: ends in a colon: `file:<digest>:`.
        """
        found = self._db.execute(
            "SELECT count(*) AS many, total(state != 'done') AS left FROM message WHERE id >= ? AND id < ?",
            (prefix, f"{prefix[:-1]};"),  # the sign after the colon
        ).fetchone()
        return bool(found["many"]) and not found["left"]

    def oldest(self) -> float | None:
        """When the oldest that is not settled came, in unix seconds; None when nothing waits."""
        found = self._db.execute("SELECT min(put_at) AS at FROM message WHERE state IN ('waiting', 'taken')")
        at = found.fetchone()["at"]
        return None if at is None else float(at)

    def listed(self, state: State, most: int = 100) -> list[dict[str, Any]]:
        """Messages of a state, newest last: seq, id, key, version, source, reason, run, put_at, body (text)."""
        rows = self._db.execute(
            "SELECT seq, id, key, version, source, reason, run, put_at, body FROM message WHERE state = ?"
            " ORDER BY seq DESC LIMIT ?",
            (state, most),
        ).fetchall()
        return [dict(row) for row in reversed(rows)]

    def retry(self, ids: Sequence[str] | None = None) -> Put:
        """Let dead messages wait again; one that a newer of its key has overtaken is settled as outdated.

        Args:
            ids: which; None for all dead ones whose body is a JSON object.
        """
        put = Put()
        with self._transaction("retry"):
            for row in self._dead(ids):
                if not _is_row(row["body"]) or row["reason"] == SAME_ID:
                    put += Put(dead=1)
                    continue
                late = self._newer_went(row["key"], row["version"], row["seq"])
                state, reason = ("done", OUTDATED) if late else ("waiting", "")
                self._db.execute(
                    "UPDATE message SET state = ?, reason = ?, batch = NULL, settled_at = ? WHERE seq = ?",
                    (state, reason, self._now() if late else None, row["seq"]),
                )
                put += Put(outdated=1) if late else Put(new=1)
        return put

    def drop(self, ids: Sequence[str] | None = None) -> int:
        """Forget dead messages; returns how many. One that comes again is taken in again.

        Args:
            ids: which; None for all dead ones.
        """
        with self._transaction("drop"):
            seqs = [(row["seq"],) for row in self._dead(ids)]
            self._db.executemany("DELETE FROM message WHERE seq = ?", seqs)
        return len(seqs)

    def prune(self, before: float) -> int:
        """Forget the content of messages that were settled as done before a moment; returns how many.

        What they are known by stays, with the digest of the content: one that comes again is still known.

        Args:
            before: unix seconds.
        """
        with self._transaction("prune"):
            self._db.execute("PRAGMA secure_delete = ON")
            old = self._db.execute(
                "SELECT seq, body FROM message WHERE state = 'done' AND settled_at < ? AND body NOT LIKE ?",
                (before, _FORGOTTEN + "%"),
            ).fetchall()
            self._db.executemany(
                "UPDATE message SET body = ? WHERE seq = ?",
                [(_FORGOTTEN + digest_of(row["body"]), row["seq"]) for row in old],
            )
        if old:
            with self._storing():
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(old)

    def _dead(self, ids: Sequence[str] | None) -> list[sqlite3.Row]:
        rows = self._db.execute("SELECT * FROM message WHERE state = 'dead' ORDER BY seq").fetchall()
        return rows if ids is None else [row for row in rows if row["id"] in set(ids)]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time hands over; the system lets go for one that dies.

        Raises:
            SpoolInUse: another one does.
        """
        lock = FileLock(self.path.with_suffix(".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise SpoolInUse(self.path) from error
        try:
            yield
        finally:
            lock.release()

    # -- the file --------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        with self._storing():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._on_commit(what)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                self.path, str(error), "Make room or mend the folder; what was taken in before is kept."
            ) from error


def _is_row(text: str) -> bool:
    try:
        row_of(text)
    except SourceRefused:
        return False
    return True
