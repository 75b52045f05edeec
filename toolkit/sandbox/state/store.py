"""The portal's memory: one SQLite file, or none, with plain tables.

CRM records live in `crm_<entityTypeId>`, one column a field. Everything else lives in tables declared
by the method family that owns them (`TABLES`), one column a field again. Filters of every method are
turned into SQL by `filters.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..subjects.phones import phone_key
from .fields import Field, Kind, Storage

__all__ = ["TABLES", "Column", "Store", "Table", "declare_table"]

_SQL_TYPE: dict[Storage, str] = {
    "int": "INTEGER",
    "real": "REAL",
    "text": "TEXT COLLATE NOCASE",
    "flag": "TEXT",
    "bit": "INTEGER",
    "date": "TEXT",
    "time": "INTEGER",
    "json": "TEXT",
}


@dataclass(frozen=True)
class Column:
    """One column of a declared table.

    Args:
        name: as on the wire, usually upper case.
        storage: how it is kept.
        default: value of a row that does not say.
    """

    name: str
    storage: Storage = "text"
    default: Any = None

    def as_field(self) -> Field:
        """The column as a field, for filters and dialects."""
        type_ = {
            "int": "integer",
            "real": "double",
            "text": "string",
            "flag": "boolean",
            "bit": "boolean",
            "date": "date",
            "time": "datetime",
            "json": "file",
        }[self.storage]
        return Field(self.name, type_, self.name, self.name, dynamic=self.storage == "bit")


@dataclass(frozen=True)
class Table:
    """A table of the portal that is not a kind of CRM record.

    Args:
        name: table name.
        columns: beside the integer primary key `ID`, which every table has.
        indexes: column tuples to index.
    """

    name: str
    columns: tuple[Column, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    fields: dict[str, Field] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        everything = {
            "ID": Column("ID", "int").as_field(),
            **{each.name: each.as_field() for each in self.columns},
        }
        object.__setattr__(self, "fields", everything)


TABLES: dict[str, Table] = {}


def declare_table(name: str, *columns: Column | str, indexes: Sequence[tuple[str, ...]] = ()) -> Table:
    """Add a table to the portal; called once, at import, by the method family that owns it.

    Args:
        name: table name; must be new.
        columns: `Column`s, or `"NAME"` / `"NAME storage"` for short.
        indexes: column tuples to index.
    """
    if name in TABLES:
        raise ValueError(f"table {name} is declared twice")
    table = Table(name, tuple(_column(each) for each in columns), tuple(indexes))
    TABLES[name] = table
    return table


def _column(spec: Column | str) -> Column:
    if isinstance(spec, Column):
        return spec
    name, _, storage = spec.partition(" ")
    return Column(name, storage or "text")  # type: ignore[arg-type]  # checked by _SQL_TYPE when created


class Store:
    """The tables of one portal.

    Args:
        path: SQLite file; None keeps everything in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")  # a sandbox may be made again; speed matters more
        self.db.execute("PRAGMA cache_size=-65536")
        self.db.execute("PRAGMA temp_store=MEMORY")
        self.db.create_function(
            "fold", 1, lambda text: None if text is None else str(text).casefold(), deterministic=True
        )
        self.db.create_function("phone_key", 1, phone_key, deterministic=True)
        self.furnish()

    def furnish(self) -> None:
        """Make the declared tables that are missing, and the columns that a state of an older version lacks."""
        have = self._columns()
        if self.path is None and not have:
            _blank(tuple(TABLES)).backup(self.db)  # a tenth of the time it takes to declare them all
            return
        for table in TABLES.values():
            _declare(self.db, table, have.get(table.name))

    def _columns(self) -> dict[str, set[str]]:
        """The columns of the tables that are there."""
        found: dict[str, set[str]] = {}
        for table, column in self.db.execute(
            "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
        ):
            found.setdefault(table, set()).add(column)
        return found

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    # -- tables of method families ---------------------------------------------------------------

    def insert(self, table: str, values: Mapping[str, Any]) -> int:
        """Add a row; returns its id. `ID` may be given."""
        names = list(values)
        marks = ", ".join("?" for _ in names)
        quoted = ", ".join(f'"{name}"' for name in names)
        sql = (
            f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})'
            if names
            else f'INSERT INTO "{table}" DEFAULT VALUES'
        )
        return int(self.db.execute(sql, list(values.values())).lastrowid or 0)

    def insert_many(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Add many rows at once; `names` are their columns."""
        marks = ", ".join("?" for _ in names)
        quoted = ", ".join(f'"{name}"' for name in names)
        self.db.executemany(f'INSERT INTO "{table}" ({quoted}) VALUES ({marks})', rows)

    def update(self, table: str, id_: int, values: Mapping[str, Any]) -> None:
        """Change a row."""
        if values:
            pairs = ", ".join(f'"{name}" = ?' for name in values)
            self.db.execute(f'UPDATE "{table}" SET {pairs} WHERE ID = ?', [*values.values(), id_])

    def delete(self, table: str, id_: int) -> bool:
        """Remove a row; False when there was none."""
        return self.db.execute(f'DELETE FROM "{table}" WHERE ID = ?', [id_]).rowcount > 0

    def get(self, table: str, id_: int) -> dict[str, Any] | None:
        """One row, or None."""
        row = self.db.execute(f'SELECT * FROM "{table}" WHERE ID = ?', [id_]).fetchone()
        return dict(row) if row else None

    def find(self, table: str, **equal: Any) -> list[dict[str, Any]]:
        """Rows whose columns equal the given values, by id."""
        where = " AND ".join(f'"{name}" IS ?' for name in equal) or "1"
        rows = self.db.execute(f'SELECT * FROM "{table}" WHERE {where} ORDER BY ID', list(equal.values()))
        return [dict(row) for row in rows]

    def first(self, table: str, **equal: Any) -> dict[str, Any] | None:
        """The first of `find`, or None."""
        rows = self.find(table, **equal)
        return rows[0] if rows else None

    def rows(self, sql: str, args: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Rows of a query written by a method family; values go through `args`, never into `sql`."""
        return self.db.execute(sql, args).fetchall()

    def value(self, sql: str, args: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.db.execute(sql, args).fetchone()
        return row[0] if row else None

    # -- tables of CRM records -------------------------------------------------------------------

    def prepare(self, kind: Kind) -> None:
        """Make the table of a kind of record, or add the columns it lacks."""
        columns = [each for each in kind.fields.values() if not each.virtual and not each.disabled]
        have = {row["name"] for row in self.db.execute(f'PRAGMA table_info("{kind.table}")')}
        if not have:
            body = ", ".join(
                "ID INTEGER PRIMARY KEY AUTOINCREMENT"
                if each.column == "ID"
                else f'"{each.column}" {_SQL_TYPE[each.storage]}'
                for each in columns
            )
            self.db.execute(f'CREATE TABLE "{kind.table}" ({body})')
            for column in ("ORIGIN_ID", "XML_ID", "COMPANY_ID", "CONTACT_ID", "UPDATED_TIME"):
                if any(each.column == column for each in columns):
                    self.db.execute(f'CREATE INDEX "{kind.table}_{column}" ON "{kind.table}" ("{column}")')
            return
        for each in columns:
            if each.column not in have:
                self.db.execute(
                    f'ALTER TABLE "{kind.table}" ADD COLUMN "{each.column}" {_SQL_TYPE[each.storage]}'
                )


def _declare(db: sqlite3.Connection, table: Table, have: set[str] | None) -> None:
    """Make a table; or, where it is there already with these columns, what it lacks."""
    body = ", ".join(
        f'"{each.name}" {_SQL_TYPE[each.storage]}'
        + (f" DEFAULT {_literal(each.default)}" if each.default is not None else "")
        for each in table.columns
    )
    db.execute(f'CREATE TABLE IF NOT EXISTS "{table.name}" (ID INTEGER PRIMARY KEY AUTOINCREMENT, {body})')
    for each in table.columns:
        if have is not None and each.name not in have:
            default = "" if each.default is None else f" DEFAULT {_literal(each.default)}"
            db.execute(
                f'ALTER TABLE "{table.name}" ADD COLUMN "{each.name}" {_SQL_TYPE[each.storage]}{default}'
            )
    for names in table.indexes:
        quoted = ", ".join(f'"{name}"' for name in names)
        db.execute(
            f'CREATE INDEX IF NOT EXISTS "{table.name}_{"_".join(names)}" ON "{table.name}" ({quoted})'
        )


@lru_cache(maxsize=1)
def _blank(tables: tuple[str, ...]) -> sqlite3.Connection:
    """These tables without rows, to copy from."""
    db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    for name in tables:
        _declare(db, TABLES[name], None)
    return db


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
