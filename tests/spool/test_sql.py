"""A table of another system: read from where the last look ended, and its password never shown."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr

from toolkit.errors import StorageError
from toolkit.spool import Put, SourceRefused, SourceUnreachable, Spool
from toolkit.spool.sql import SqlSource

QUERY = "SELECT id, phone, changed FROM requests WHERE changed >= :mark ORDER BY changed"


@pytest.fixture
def table(tmp_path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(tmp_path / "centre.db", isolation_level=None)
    db.execute("CREATE TABLE requests (id INTEGER PRIMARY KEY, phone TEXT, changed TEXT)")
    db.executemany("INSERT INTO requests VALUES (?, ?, ?)", [(1, "1", "2026-01-01"), (2, None, "2026-01-02")])
    return db


def source(tmp_path: Path, **more: str) -> SqlSource:
    given = {"query": QUERY, "mark": "changed", "key": "id", **more}
    return SqlSource("centre", SecretStr(f"sqlite:///{tmp_path / 'centre.db'}"), **given)  # type: ignore[arg-type]  # as named


def kept(tmp_path: Path, **more: object) -> Spool:
    return Spool(tmp_path / "spool.sqlite", lambda: 1.0, **more)  # type: ignore[arg-type]  # as named


def test_only_what_changed_since_the_last_look_is_taken_in(tmp_path: Path, table: sqlite3.Connection) -> None:
    with kept(tmp_path) as spool:
        assert source(tmp_path).take_in(spool).put == Put(new=2)
        assert source(tmp_path).take_in(spool).put == Put(known=1)  # the row that bears the mark itself
        table.execute("INSERT INTO requests VALUES (3, '3', '2026-01-02')")  # as late as the last one seen
        table.execute("UPDATE requests SET phone = '11', changed = '2026-01-03' WHERE id = 1")
        assert source(tmp_path).take_in(spool).put == Put(new=2, known=1)
        went = []
        while (batch := spool.take(10)) is not None:
            went += [(row["id"], row.get("phone")) for row in batch.rows]
            spool.done(batch, "run")
    assert went == [(1, "1"), (2, None), (3, "3"), (1, "11")]
    table.close()


def test_a_look_that_was_cut_off_is_made_again(tmp_path: Path, table: sqlite3.Connection) -> None:
    def full(_: str) -> None:
        raise OSError("no space left on device")

    with kept(tmp_path, on_commit=full) as spool, pytest.raises(StorageError):
        source(tmp_path).take_in(spool)
    with kept(tmp_path) as spool:
        assert source(tmp_path).take_in(spool).put == Put(new=2)
    table.close()


def test_a_source_that_does_not_answer_or_is_wrong_is_said_without_its_password(tmp_path: Path) -> None:
    secret = "s3cr3t-word"
    with kept(tmp_path) as spool:
        away = SqlSource("centre", SecretStr(f"sqlite:////nowhere/{secret}/x.db"), QUERY, "changed")
        wrong = SqlSource("centre", SecretStr(f"odd://me:{secret}@host/x"), QUERY, "changed")
        with pytest.raises(SourceUnreachable, match="centre does not answer") as one:
            away.take_in(spool)
        with pytest.raises(SourceRefused, match="has no address") as other:
            wrong.take_in(spool)
    for said in (str(one.value), str(other.value), repr(away), repr(wrong)):
        assert secret not in said


def test_a_mark_that_is_not_there_is_said(tmp_path: Path, table: sqlite3.Connection) -> None:
    with kept(tmp_path) as spool, pytest.raises(SourceRefused, match="does not say how far"):
        source(tmp_path, mark="moment").take_in(spool)
    table.close()
