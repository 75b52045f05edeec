"""What was handed over to the other system last: the mark, the values it knows, and the changes it was told.

One SQLite file for each portal and system. All three move in one transaction, after the file of changes is whole on
the disk: until then the same pass can be done again and says the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.errors import StorageError

__all__ = ["Ledger", "Record", "Seen"]

Record = tuple[str, int]
"""`request` or `call`, and the id of its deal or activity."""

Seen = dict[Record, dict[str, str]]
"""Record to field to value, as the other system knows them."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen (
    kind TEXT NOT NULL, id INTEGER NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (kind, id, field)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told (at TEXT NOT NULL, row TEXT NOT NULL, PRIMARY KEY (at, row)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Ledger:
    """The ledger of one system on one portal.

    Args:
        path: the file; made when something is kept for the first time.
    """

    path: Path

    def marks(self) -> dict[str, str]:
        """How far the last pass went; empty before the first."""
        return dict(self._rows("SELECT name, value FROM mark"))

    def seen(self) -> Seen:
        """The values the other system knows."""
        found: Seen = {}
        for kind, number, field, value in self._rows("SELECT kind, id, field, value FROM seen"):
            found.setdefault((kind, int(number)), {})[field] = value
        return found

    def told(self, since: str) -> list[dict[str, Any]]:
        """The changes that were handed over, of a moment (ISO 8601, UTC) and later."""
        rows = self._rows("SELECT row FROM told WHERE at >= ? ORDER BY at, row", (since,))
        return [json.loads(text) for (text,) in rows]

    def move(self, marks: Mapping[str, str], seen: Seen, told: Iterable[Mapping[str, Any]]) -> None:
        """Everything at once, on the disk when this returns.

        Args:
            marks: how far this pass went.
            seen: values that are new or changed.
            told: the changes handed over; `at` says when each was made.

        Raises:
            StorageError: nothing was moved.
        """
        with self._opened(make=True) as base, base:
            base.execute("BEGIN IMMEDIATE")
            base.executemany("INSERT OR REPLACE INTO mark VALUES (?, ?)", list(marks.items()))
            base.executemany(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
                [
                    (kind, number, field, value)
                    for (kind, number), cells in seen.items()
                    for field, value in cells.items()
                ],
            )
            rows = [
                (str(each["at"]), json.dumps(dict(each), ensure_ascii=False, sort_keys=True)) for each in told
            ]
            base.executemany("INSERT OR IGNORE INTO told VALUES (?, ?)", rows)

    def _rows(self, sql: str, args: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if not self.path.exists():
            return []
        with self._opened(make=False) as base:
            return base.execute(sql, args).fetchall()

    @contextmanager
    def _opened(self, *, make: bool) -> Iterator[sqlite3.Connection]:
        try:
            if make:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self.path.touch(mode=0o600, exist_ok=True)
            base = sqlite3.connect(self.path, isolation_level=None)
            try:
                base.execute("PRAGMA synchronous=FULL")
                base.executescript(_SCHEMA)
                yield base
            finally:
                base.close()
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                self.path, str(error), "Nothing was handed over. Mend the folder, then do the pass again."
            ) from error
