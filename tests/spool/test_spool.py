"""What the spool promises: nothing lost, nothing twice, each key in its order, whatever dies when."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import StorageError
from toolkit.spool import Message, Put, Spool, SpoolInUse, message_of, version_of
from toolkit.spool.spool import OUTDATED, SAME_ID


def spool_in(folder: Path) -> Spool:
    return Spool(folder / "spool.sqlite", lambda: 1000.0)


def message(number: int, key: str = "", version: str = "") -> Message:
    return Message(f"m{number}", json.dumps({"n": number}), key, version)


def drained(spool: Spool, most: int = 3) -> list[tuple[str, ...]]:
    batches = []
    while (batch := spool.take(most)) is not None:
        batches.append(batch.ids)
        spool.done(batch, "run")
    return batches


def test_twice_the_same_is_once(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        assert spool.put([message(1), message(1), message(2)]) == Put(new=2, known=1)
        assert drained(spool) == [("m1", "m2")]
        assert spool.put([message(1)]) == Put(known=1)
        assert drained(spool) == []


def test_an_id_used_for_something_else_is_kept_for_a_person(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        spool.put([message(1)])
        assert spool.put([Message("m1", '{"n": 9}')]) == Put(dead=1)
        assert spool.put([Message("m1", '{"n": 9}')]) == Put(known=1)
        (dead,) = spool.listed("dead")
        assert (dead["reason"], dead["body"]) == (SAME_ID, '{"n": 9}')
        assert drained(spool) == [("m1",)]


def test_a_batch_that_was_not_settled_is_given_again_unchanged(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        spool.put([message(1), message(2)])
        first = spool.take(5)
        assert first is not None
        spool.planned(first, "run-7")
    with spool_in(tmp_path) as spool:
        spool.put([message(3)])
        again = spool.take(5)
        assert again is not None
        assert (again.number, again.rows, again.run) == (first.number, first.rows, "run-7")


def test_one_of_a_key_waits_for_the_one_before_it(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        spool.put([message(1, "a"), message(2, "a"), message(3, "b"), message(4), message(5)])
        assert drained(spool, 10) == [("m1", "m3", "m4", "m5"), ("m2",)]


def test_out_of_order_the_newest_wins(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        spool.put([message(3, "a", version_of(3)), message(2, "a", version_of(2))])
        assert drained(spool) == [("m2",), ("m3",)]
        assert spool.put([message(1, "a", version_of(1))]) == Put(outdated=1)
        assert drained(spool) == []
        assert {row["id"]: row["reason"] for row in spool.listed("done")}["m1"] == OUTDATED


def test_a_row_that_cannot_be_used_is_found_by_halving(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        spool.put([message(number) for number in range(8)])
        went = []
        while (batch := spool.take(8)) is not None:
            if not any(row["n"] == 5 for row in batch.rows):
                went += batch.ids
                spool.done(batch, "run")
            elif len(batch.ids) > 1:
                spool.halve(batch)
            else:
                spool.dead(batch, "five")
        assert sorted(went) == ["m0", "m1", "m2", "m3", "m4", "m6", "m7"]
        assert [row["reason"] for row in spool.listed("dead")] == ["five"]


def test_the_dead_wait_again_or_are_dropped(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        spool.put([message(1, "a"), message(2)])
        batch = spool.take(2)
        assert batch is not None
        spool.dead(batch, "no")
        spool.put([message(3, "a")])
        spool.bury([(Message("noise", "not JSON"), "is not JSON")])
        assert drained(spool) == [("m3",)]

        assert spool.retry() == Put(new=1, outdated=1, dead=1)
        assert drained(spool) == [("m2",)]
        assert spool.drop(["m1"]) == 0
        assert spool.drop() == 1
        assert spool.counts() == {"waiting": 0, "taken": 0, "done": 3, "dead": 0}


def test_one_process_at_a_time_hands_over(tmp_path: Path) -> None:
    with spool_in(tmp_path) as one, spool_in(tmp_path) as other, one.alone():
        with pytest.raises(SpoolInUse), other.alone():
            pass
        assert other.put([message(1)]) == Put(new=1)  # putting in is free for all


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    with spool_in(tmp_path) as spool:
        assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600


def test_a_spool_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite").mkdir()
    with pytest.raises(StorageError):
        spool_in(tmp_path)


def test_columns_are_found_in_any_case_and_nothing_that_is_no_number_is_kept() -> None:
    found = message_of({"номер": 7, "изменено": "5", "сумма": float("nan")}, key="Номер", version="Изменено")
    assert (found.key, found.version) == ("7", version_of(5))
    assert json.loads(found.body) == {"номер": 7, "изменено": "5"}


def test_versions_sort_as_what_they_say() -> None:
    numbers = [version_of(each) for each in (1, 2.5, 9, "10", 11)]
    assert numbers == sorted(numbers)
    assert version_of("2026-01-01T03:00:00+03:00") == version_of("2026-01-01T00:00:00Z")
    assert version_of("2026-01-01T03:00:00+03:00") < version_of("2026-01-01T01:00:00+00:00")


Arrivals = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["a", "b", ""])), max_size=25)


@settings(max_examples=15, deadline=None)
@given(arrivals=Arrivals, most=st.integers(1, 5), crash_every=st.integers(2, 5))
def test_whatever_arrives_every_row_goes_once_and_keys_end_with_their_newest(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[tuple[int, str]], most: int, crash_every: int
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    went: dict[str, list[int]] = defaultdict(list)
    spool = spool_in(folder)
    for number, (version, key) in enumerate(arrivals):
        spool.put([message_of({"k": key, "v": version}, f"{key}{version}", key="k", version="v")])
        if number % crash_every == 0:
            spool.take(most)  # taken, and the process is gone
            spool.close()
            spool = spool_in(folder)
        if number % 3 == 0 and (batch := spool.take(most)) is not None:
            keys = [row["k"] for row in batch.rows if row["k"]]
            assert len(keys) == len(set(keys))
            for row in batch.rows:
                went[row["k"]].append(row["v"])
            spool.done(batch, "run")
    while (batch := spool.take(most)) is not None:
        for row in batch.rows:
            went[row["k"]].append(row["v"])
        spool.done(batch, "run")
    spool.close()
    for key in ("a", "b"):
        came = [version for version, each in arrivals if each == key]
        assert went[key] == sorted(set(went[key]))
        assert not came or went[key][-1] == max(came)
    assert sorted(went[""]) == sorted({version for version, each in arrivals if not each})


WRITER = """
import os, signal, sys
from pathlib import Path
from toolkit.spool.messages import Message
from toolkit.spool.spool import Spool
path, at = Path(sys.argv[1]), int(sys.argv[2])
seen = 0
def die(what):
    global seen
    seen += 1
    if seen == at:
        os.kill(os.getpid(), signal.SIGKILL)
spool = Spool(path, lambda: 1.0, die)
for number in range(4):
    spool.put([Message(f"m{number}.{part}", '{"n": %s}' % number, key="k") for part in range(2)], mark=("s", number))
    print(number, flush=True)
while (batch := spool.take(3)) is not None:
    print("has", *batch.ids, flush=True)
    spool.done(batch, "run")
"""


def test_killed_at_any_commit_nothing_is_lost_and_nothing_goes_twice(tmp_path: Path) -> None:
    for at in range(1, 21, 3):
        path = tmp_path / f"{at}" / "spool.sqlite"
        for attempt in (at, 0):
            done = subprocess.run(
                [sys.executable, "-c", WRITER, str(path), str(attempt)],
                capture_output=True,
                text=True,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
                timeout=60,
            )
            assert done.returncode == (-signal.SIGKILL if attempt else 0), done.stderr
            if attempt:
                acknowledged = [int(line) for line in done.stdout.split("\n") if line.isdigit()]
                with Spool(path, lambda: 2.0) as spool:
                    mark = spool.mark("s")
                    assert sum(spool.counts().values()) == 2 * (0 if mark is None else mark + 1)
                    assert not acknowledged or mark >= acknowledged[-1]
        with Spool(path, lambda: 3.0) as spool:
            assert spool.counts() == {"waiting": 0, "taken": 0, "done": 8, "dead": 0}
