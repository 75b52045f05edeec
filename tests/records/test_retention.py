from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
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


PRUNE = """
import sys
from pathlib import Path
from toolkit.errors import StorageError
from toolkit.records import list_snapshots, prune
doomed = list_snapshots(Path(sys.argv[1]))[:1]
try:
    prune(doomed)
except StorageError as error:
    print(error)
"""


def test_what_cannot_be_deleted_is_not_half_trusted(folder: Path, skip_loudly: Callable[[str], None]) -> None:
    command = [sys.executable, "-c", PRUNE, str(folder)]
    if os.geteuid() == 0:  # root may delete anything, unless it gives its powers up
        if shutil.which("setpriv") is None:
            skip_loudly("without setpriv root cannot be kept from deleting")
        command = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", *command]
    doomed = list_snapshots(folder)[0].folder
    doomed.chmod(0o500)

    said = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "Cannot write" in said.stdout, said.stderr
    for left in doomed.parent.iterdir():
        left.chmod(0o700)
    with pytest.raises(SnapshotError):
        Snapshot.open(doomed)
