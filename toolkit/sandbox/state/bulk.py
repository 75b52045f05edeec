"""Filling a portal's tables without going through REST, by the million.

Nothing is asked, checked or announced here: no rights, no required fields, no robots, no events. Rows
come in stored form, as the tables keep them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby, islice
from typing import Any

from ..portal import Sandbox
from .fields import Kind
from .records import PRIMARY_COLUMN, Draft
from .store import TABLES, Store

__all__ = ["add_rows", "blank_row", "in_bulk", "load_records"]

CHUNK = 20_000  # rows handed to SQLite at once; memory does not grow with what is loaded
_BINDING = ("OWNER_TYPE_ID", "OWNER_ID", "LINKED_TYPE_ID", "LINKED_ID", "SORT", "ROLE_ID", "IS_PRIMARY")
_FM = ("ID", "ENTITY_TYPE_ID", "ELEMENT_ID", "TYPE_ID", "VALUE_TYPE", "VALUE")


@contextmanager
def in_bulk(store: Store) -> Iterator[None]:
    """One transaction around many inserts; nothing is kept when it fails."""
    store.db.execute("SAVEPOINT in_bulk")
    try:
        yield
    except BaseException:
        store.db.execute("ROLLBACK TO in_bulk")
        raise
    finally:
        store.db.execute("RELEASE in_bulk")


def add_rows(store: Store, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows to a declared table; columns a row leaves out get their defaults.

    Args:
        store: the portal's tables.
        table: its name; `activity`, `multifield`, ...
        rows: stored values by column; `ID` may be given.

    Raises:
        KeyError: a column the table has not.
    """
    known = TABLES[table].fields.keys()
    with in_bulk(store):
        # Neighbours with the same columns go together, and SQLite fills in what they leave out.
        for names, alike in groupby(rows, key=tuple):
            if not known >= set(names):
                raise KeyError(f"{table} has no columns {sorted(set(names) - known)}")
            store.insert_many(table, names, (tuple(row.values()) for row in alike))


def blank_row(portal: Sandbox, kind: Kind) -> dict[str, Any]:
    """Every stored column of a kind, with what a new record of user 1 would be given."""
    row = {each.column: None for each in kind.fields.values() if not each.virtual and not each.disabled}
    given = portal.records.defaults(kind, Draft(), 1, int(portal.clock.now()))
    row.update({name: value for name, value in given.items() if name in row})
    return row


def load_records(portal: Sandbox, entity_type_id: int, rows: Iterable[Mapping[str, Any]]) -> int:
    """Add many CRM records at once; returns how many.

    Args:
        portal: the sandbox; nothing else may write to it meanwhile.
        entity_type_id: 1 lead, 2 deal, 3 contact, 4 company, ...
        rows: stored values by column (`ASSIGNED_BY_ID`, times as unix seconds, user fields under
            their original names); what is left out gets the defaults of a new record. `ID` may be
            given. Beside columns: `fm`, a list of (type, value type, value) or (type, value type,
            value, row id); `companies` of a contact and `contacts` of anything else that has them, lists of
            linked ids, the first is primary.

    Raises:
        LookupError: the portal has no such kind of record, or it has no such column.
    """
    kind = portal.schema.kind(entity_type_id)
    if kind is None:
        raise LookupError(f"the portal has no entity type {entity_type_id}")
    store = portal.store
    loader = _Loader(portal, kind)
    with in_bulk(store):
        source = iter(rows)
        while chunk := list(islice(source, CHUNK)):
            loader.load(chunk)
    return loader.loaded


class _Loader:
    """Rows of one kind on their way into three tables."""

    def __init__(self, portal: Sandbox, kind: Kind) -> None:
        self._store, self._kind = portal.store, kind
        self._blank = blank_row(portal, kind)
        self._known = {*self._blank, *self._special()}
        self._next = int(
            portal.store.value("SELECT seq FROM sqlite_sequence WHERE name = ?", [kind.table]) or 0
        )
        self.loaded = 0

    def _special(self) -> Iterator[str]:
        if self._kind.has_phones:
            yield "fm"
        if "companyIds" in self._kind.fields:
            yield "companies"
        elif "contactIds" in self._kind.fields and self._kind.entity_type_id != 4:
            yield "contacts"

    def load(self, rows: list[Mapping[str, Any]]) -> None:
        type_id = self._kind.entity_type_id
        records, multifields, bindings = [], [], []
        for row in rows:
            if not row.keys() <= self._known:
                raise LookupError(f"{self._kind.name} has no columns {sorted(row.keys() - self._known)}")
            whole = {**self._blank, **row}
            id_ = whole["ID"]
            if id_ is None:
                id_ = whole["ID"] = self._next + 1
            self._next = max(self._next, id_)
            fm = whole.pop("fm", None)
            if fm:
                types = {each[0] for each in fm}
                whole["HAS_PHONE"] = "Y" if "PHONE" in types else "N"
                whole["HAS_EMAIL"] = "Y" if "EMAIL" in types else "N"
                whole["HAS_IMOL"] = "Y" if "IM" in types else "N"
                multifields += [
                    (each[3] if len(each) > 3 else None, type_id, id_, each[0], each[1], each[2])
                    for each in fm
                ]
            for linked_type, name in ((3, "contacts"), (4, "companies")):
                linked = whole.pop(name, None)
                if linked:
                    if PRIMARY_COLUMN[linked_type] in whole:
                        whole[PRIMARY_COLUMN[linked_type]] = linked[0]
                    bindings += [
                        (type_id, id_, linked_type, each, (at + 1) * 10, 0, "N" if at else "Y")
                        for at, each in enumerate(linked)
                    ]
            records.append(tuple(whole.values()))
        self._store.insert_many(self._kind.table, list(self._blank), records)
        self._store.insert_many("multifield", _FM, multifields)
        self._store.insert_many("binding", _BINDING, bindings)
        self.loaded += len(records)
