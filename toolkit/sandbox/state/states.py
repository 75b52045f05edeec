"""Whole states of a portal: kept in a file, taken back, thrown away."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ..portal import Sandbox
from ..seeds.factory import install
from .fields import KINDS

__all__ = ["StateError", "load_state", "reset", "save_state"]

# Who may call: kept by `reset`, so that a webhook handed out stays good.
_ACCESS = ("webhook", "app", "token")


class StateError(ValueError):
    """A file is not the state of a sandbox.

    Args:
        path: the file.
        why: what is wrong with it.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} {why}. Give a file written by `save`.")
        self.path = path


def save_state(portal: Sandbox, path: Path) -> None:
    """Write everything the portal holds into one SQLite file, replacing an older one at once.

    Secrets are in it as digests only. The portal may go on working afterwards, not meanwhile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".part")
    fresh.unlink(missing_ok=True)
    portal.store.db.execute("VACUUM INTO ?", [str(fresh)])
    fresh.chmod(0o600)
    fresh.replace(path)


def load_state(portal: Sandbox, path: Path) -> None:
    """Put a saved state in place of everything the portal holds.

    Raises:
        StateError: there is no such file, or it is not a saved state; nothing was changed.
    """
    if not path.is_file():
        raise StateError(path, "does not exist")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source:
        try:
            tables = {row[0] for row in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        except sqlite3.DatabaseError:
            tables = set()
        if not {"user", "webhook", "status", "crm_2"} <= tables:
            raise StateError(path, "is not the state of a sandbox")
        source.backup(portal.store.db)
    portal.store.furnish()
    _forget(portal)


def reset(portal: Sandbox) -> None:
    """Bring the portal back to how it came from the factory; webhooks and applications stay."""
    db = portal.store.db
    kept = {table: portal.store.find(table) for table in _ACCESS}
    for (table,) in portal.store.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ):
        db.execute(f'DROP TABLE "{table}"')
    db.execute("DELETE FROM sqlite_sequence")
    portal.store.furnish()
    _forget(portal)
    install(portal)
    for name, rows in kept.items():
        for each in rows:
            portal.store.insert(name, each)


def _forget(portal: Sandbox) -> None:
    portal.schema.forget()
    portal.forget_stages()
    for kind in KINDS:
        portal.schema.kind(kind)
