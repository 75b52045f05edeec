"""What was uploaded and what was done with it, in SQLite: who, when, verdict, publication, take-back.

Whatever is under way is written here first, so that after a restart the page knows what to go on with and
what to show as unfinished.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from toolkit.errors import StorageError

__all__ = ["History", "Session", "Step", "StepKind", "StepState", "Upload"]

UploadState = Literal["receiving", "unfinished", "checking", "checked", "refused", "failed"]
StepKind = Literal["simulate", "provision", "publish", "take_back"]
StepState = Literal["working", "waiting", "writing", "paused", "done", "failed", "dropped"]

_SCHEMA = """
create table if not exists uploads (
    id text primary key, number integer not null, name text not null, size integer not null, who text not null,
    at real not null, state text not null, errors integer not null, warnings integer not null,
    rules integer not null, against_portal integer not null, language text not null, told text not null,
    kept integer not null);
create table if not exists steps (
    id integer primary key, upload text not null references uploads (id), kind text not null, who text not null,
    at real not null, state text not null, run text not null, count integer not null, agreed integer,
    of integer, facts text not null);
create index if not exists steps_of_upload on steps (upload);
create table if not exists sessions (
    hash text primary key, name text not null, csrf text not null, begun real not null, seen real not null);
"""


@dataclass(frozen=True)
class Upload:
    """A file somebody sent.

    Args:
        id: unguessable; names its folder and its address.
        number: as people speak of it, from 1.
        name: of the file, as sent.
        size: bytes.
        who: name of the person.
        at: unix seconds.
        state: receiving, unfinished (the connection or the page broke off), checking, checked, refused (not
            read at all), failed (a defect of ours).
        errors, warnings, rules: counts, once checked.
        against_portal: whether it was compared with the portal.
        language: the person's.
        told: why it was refused, by language.
        kept: whether its files are still there.
    """

    id: str
    number: int
    name: str
    size: int
    who: str
    at: float
    state: UploadState
    errors: int
    warnings: int
    rules: int
    against_portal: bool
    language: str
    told: dict[str, str]
    kept: bool

    @property
    def publishable(self) -> bool:
        """Whether nothing in it stands in the way."""
        return self.state == "checked" and not self.errors and self.against_portal and self.kept


@dataclass(frozen=True)
class Step:
    """Something done with an upload.

    Args:
        id: number.
        upload: id.
        kind: simulate, provision (the place to publish to), publish, take_back.
        who: name of the person.
        at: unix seconds.
        state: working (being planned or simulated), waiting (for somebody to agree), writing, paused, done,
            failed, dropped (nobody agreed, and it was made anew).
        run: its id; "" before there is one.
        count: changes of the plan.
        agreed: the number somebody typed; None before.
        of: the step that is taken back.
        facts: what the page shows of it.
    """

    id: int
    upload: str
    kind: StepKind
    who: str
    at: float
    state: StepState
    run: str
    count: int
    agreed: int | None
    of: int | None
    facts: dict[str, Any]


@dataclass(frozen=True)
class Session:
    """Somebody who has entered.

    Args:
        name: of the person.
        csrf: what their forms must hold.
        begun, seen: unix seconds.
    """

    name: str
    csrf: str
    begun: float
    seen: float


class History:
    """The page's memory.

    Args:
        file: SQLite; made when it is not there, readable by its owner only.

    Raises:
        StorageError: it cannot be opened.
    """

    def __init__(self, file: Path) -> None:
        self._lock = threading.RLock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            self._base = sqlite3.connect(file, check_same_thread=False, isolation_level=None, timeout=30)
            self._base.row_factory = sqlite3.Row
            self._base.execute("pragma journal_mode = wal")
            self._base.execute("pragma synchronous = full")
            self._base.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(file, str(error), "Choose another B24_STATE_DIR.") from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._base.close()

    # -- uploads -------------------------------------------------------------------------------------

    def begin(self, upload: str, name: str, who: str, at: float, language: str) -> Upload:
        """An upload whose first bytes are here."""
        with self._written() as base:
            base.execute(
                "insert into uploads select ?, coalesce(max(number), 0) + 1, ?, 0, ?, ?, 'receiving',"
                " 0, 0, 0, 0, ?, '{}', 1 from uploads",
                (upload, name, who, at, language),
            )
        return self._certain(upload)

    def set_upload(self, upload: str, **values: Any) -> None:
        """Change what is known of an upload; columns by name."""
        self._set("uploads", Upload, upload, values)

    def upload(self, upload: str) -> Upload | None:
        """An upload by its id."""
        rows = self._all("select * from uploads where id = ?", upload)
        return _upload(rows[0]) if rows else None

    def uploads(self, most: int = 50, before: int | None = None) -> list[Upload]:
        """The newest uploads; `before` a number, the older ones."""
        rows = self._all(
            "select * from uploads where number < ? order by number desc limit ?",
            before if before is not None else 2**62,
            most,
        )
        return [_upload(row) for row in rows]

    def uploads_in(self, *states: str) -> list[Upload]:
        """Those in one of these states, oldest first."""
        marks = ", ".join("?" * len(states))
        rows = self._all(f"select * from uploads where state in ({marks}) order by number", *states)  # noqa: S608  # marks only
        return [_upload(row) for row in rows]

    def kept(self) -> list[Upload]:
        """Those whose files are there, oldest first."""
        return [_upload(row) for row in self._all("select * from uploads where kept order by number")]

    def _certain(self, upload: str) -> Upload:
        found = self.upload(upload)
        if found is None:
            raise KeyError(upload)
        return found

    # -- steps ---------------------------------------------------------------------------------------

    def add_step(self, upload: str, kind: StepKind, who: str, at: float, of: int | None = None) -> Step:
        """Something begun with an upload."""
        with self._written() as base:
            done = base.execute(
                "insert into steps (upload, kind, who, at, state, run, count, agreed, of, facts)"
                " values (?, ?, ?, ?, 'working', '', 0, null, ?, '{}')",
                (upload, kind, who, at, of),
            )
        found = self.step(int(done.lastrowid or 0))
        if found is None:
            raise KeyError(upload)
        return found

    def set_step(self, step: int, **values: Any) -> None:
        """Change what is known of a step; columns by name."""
        self._set("steps", Step, step, values)

    def move_step(self, step: int, before: StepState, after: StepState, **values: Any) -> bool:
        """Change a step's state if it is still what it was thought to be; of two who try, one does."""
        with self._lock:
            found = self.step(step)
            if found is None or found.state != before:
                return False
            self.set_step(step, state=after, **values)
            return True

    def step(self, step: int) -> Step | None:
        """A step by its number."""
        rows = self._all("select * from steps where id = ?", step)
        return _step(rows[0]) if rows else None

    def steps(self, upload: str) -> list[Step]:
        """What was done with an upload, oldest first."""
        return [_step(row) for row in self._all("select * from steps where upload = ? order by id", upload)]

    def steps_of(self, uploads: Sequence[str]) -> dict[str, list[Step]]:
        """What was done with each of these."""
        found: dict[str, list[Step]] = {each: [] for each in uploads}
        marks = ", ".join("?" * len(uploads))
        for row in self._all(f"select * from steps where upload in ({marks}) order by id", *uploads):  # noqa: S608  # marks only
            found[row["upload"]].append(_step(row))
        return found

    def steps_in(self, *states: str) -> list[Step]:
        """Those in one of these states, oldest first."""
        marks = ", ".join("?" * len(states))
        rows = self._all(f"select * from steps where state in ({marks}) order by id", *states)  # noqa: S608  # marks only
        return [_step(row) for row in rows]

    # -- sessions ------------------------------------------------------------------------------------

    def add_session(self, key: str, session: Session) -> None:
        """Somebody entered; `key` is the hash of what their cookie holds."""
        with self._written() as base:
            base.execute(
                "insert into sessions values (?, ?, ?, ?, ?)",
                (key, session.name, session.csrf, session.begun, session.seen),
            )

    def session(self, key: str) -> Session | None:
        """Whose session this is."""
        rows = self._all("select name, csrf, begun, seen from sessions where hash = ?", key)
        return Session(**dict(rows[0])) if rows else None

    def see_session(self, key: str, at: float) -> None:
        """They clicked."""
        with self._written() as base:
            base.execute("update sessions set seen = ? where hash = ?", (at, key))

    def end_session(self, key: str) -> None:
        """They left."""
        with self._written() as base:
            base.execute("delete from sessions where hash = ?", (key,))

    def end_sessions(self, begun_before: float, seen_before: float) -> None:
        """Forget those that are too old."""
        with self._written() as base:
            base.execute("delete from sessions where begun < ? or seen < ?", (begun_before, seen_before))

    # -- SQLite --------------------------------------------------------------------------------------

    def _set(self, table: str, kind: type, key: str | int, values: dict[str, Any]) -> None:
        names = {each.name for each in fields(kind)}
        if not values.keys() <= names:
            raise KeyError(sorted(values.keys() - names))
        given = [
            json.dumps(each, ensure_ascii=False) if isinstance(each, dict) else each
            for each in values.values()
        ]
        changes = ", ".join(f"{name} = ?" for name in values)
        with self._written() as base:
            base.execute(f"update {table} set {changes} where id = ?", (*given, key))  # noqa: S608  # names checked above

    def _all(self, query: str, *given: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._base.execute(query, given).fetchall()

    @contextmanager
    def _written(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._base.execute("begin immediate")
            try:
                yield self._base
            except BaseException:
                self._base.execute("rollback")
                raise
            self._base.execute("commit")


def _upload(row: sqlite3.Row) -> Upload:
    values = dict(row)
    for name in ("against_portal", "kept"):
        values[name] = bool(values[name])
    return Upload(**{**values, "told": json.loads(values["told"])})


def _step(row: sqlite3.Row) -> Step:
    return Step(**{**dict(row), "facts": json.loads(row["facts"])})
