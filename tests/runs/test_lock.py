"""One writer at a time, and a dead one is recognised."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from toolkit.errors import LockedByAnother
from toolkit.runs import locked

HOLD = """
import sys, time
from pathlib import Path
from toolkit.runs import locked
with locked(Path(sys.argv[1]), "p.bitrix24.ru", ["contact"], "first-run", time.time):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"held"
    yield process
    process.kill()
    process.wait()


def test_a_second_process_is_told_who_holds_the_lock(holder: subprocess.Popen[bytes], tmp_path: Path) -> None:
    with (
        pytest.raises(LockedByAnother) as refused,
        locked(tmp_path, "p.bitrix24.ru", ["deal", "contact"], "second-run", time.time),
    ):
        pass

    assert refused.value.exit_code == 6
    assert (refused.value.run, refused.value.pid) == ("first-run", holder.pid)
    assert "first-run" in str(refused.value)


def test_the_lock_of_a_killed_process_is_taken_over_and_named(
    holder: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    holder.kill()
    holder.wait()

    with locked(tmp_path, "p.bitrix24.ru", ["contact"], "second-run", time.time) as hold:
        assert hold.superseded == {"contact": "first-run"}


def test_other_entities_and_portals_are_free(holder: subprocess.Popen[bytes], tmp_path: Path) -> None:
    with (
        locked(tmp_path, "p.bitrix24.ru", ["deal"], "second-run", time.time),
        locked(tmp_path, "q.bitrix24.ru", ["contact"], "third-run", time.time),
    ):
        pass
