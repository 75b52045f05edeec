from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.records.fakes import contact
from toolkit.errors import SnapshotError
from toolkit.records import Snapshot, list_snapshots, older_than, prune, write_snapshot

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for age in (1, 40, 90):
        write_snapshot(
            {"contact": [contact(n) for n in range(1, age + 1)]},
            tmp_path / "acme.bitrix24.ru" / f"run-{age}" / "before",
            portal="acme.bitrix24.ru",
            moment=NOW - timedelta(days=age),
        )
    return tmp_path


def test_snapshots_are_listed_oldest_first_with_their_size(folder: Path) -> None:
    found = list_snapshots(folder)
    assert [each.records for each in found] == [90, 40, 1]
    assert {each.portal for each in found} == {"acme.bitrix24.ru"}
    assert found[0].bytes == sum(file.stat().st_size for file in found[0].folder.iterdir())


def test_only_what_is_old_is_deleted(folder: Path) -> None:
    doomed = older_than(list_snapshots(folder), 30, now=NOW)
    assert [each.folder.parent.name for each in doomed] == ["run-90", "run-40"]
    assert len(list_snapshots(folder)) == 3  # looking deletes nothing

    freed = prune(doomed)

    assert freed == sum(each.bytes for each in doomed)
    assert [each.folder.parent.name for each in list_snapshots(folder)] == ["run-1"]
    assert (folder / "acme.bitrix24.ru" / "run-90").is_dir()  # the rest of the run is not ours to delete


def test_unfinished_and_damaged_ones_are_listed_with_what_is_wrong(folder: Path) -> None:
    part = folder / "acme.bitrix24.ru" / "run-5" / "after.part"
    part.mkdir(parents=True)
    (part / "contact.parquet").write_bytes(b"PAR1")
    damaged = folder / "acme.bitrix24.ru" / "run-1" / "before" / "manifest.json"
    damaged.write_text("{")

    problems = {each.folder: each.problem for each in list_snapshots(folder) if each.problem}

    assert problems[part] == "was never finished"
    assert "damaged" in problems[damaged.parent]
    prune(each for each in list_snapshots(folder) if each.problem)
    assert not part.exists()
    assert not damaged.parent.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may delete anything")
def test_what_cannot_be_deleted_is_not_half_trusted(folder: Path) -> None:
    doomed = list_snapshots(folder)[:1]
    doomed[0].folder.chmod(0o500)
    with pytest.raises(Exception, match="Cannot write"):
        prune(doomed)
    with pytest.raises(SnapshotError):
        Snapshot.open(doomed[0].folder)
