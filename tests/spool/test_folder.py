"""A folder of exports: what is finished goes in, what is being written stays, what is wrong is told."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from toolkit.spool import FolderSource, Put, SourceRefused, Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "kept" / "spool.sqlite", lambda: 1000.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def source(folder: Path, **more: object) -> FolderSource:
    return FolderSource(folder, **{"settle_s": 0.0, "now": lambda: 9e9, **more})  # type: ignore[arg-type]  # as named


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_rows_of_every_kind_of_file_become_messages(folder: Path, spool: Spool) -> None:
    (folder / "a.csv").write_bytes("имя;тел\nАнна;1\nОлег;2\n".encode("cp1251"))
    (folder / "b.jsonl").write_text('{"имя": "Вера"}\n\n{"имя": "Иван"}\n', encoding="utf-8")
    (folder / "c.json").write_text('[{"имя": "Яна"}]', encoding="utf-8")
    book = Workbook()
    assert book.active is not None
    book.active.append(["имя"])
    book.active.append(["Пётр"])
    book.save(folder / "d.xlsx")

    table = pa.table(
        {"имя": ["Ким", None], "when": [datetime(2026, 1, 2, 3, 4), None], "n": [1.5, float("nan")]}
    )
    pq.write_table(table, folder / "e.parquet")

    took = source(folder).take_in(spool)

    assert took.put == Put(new=8)
    batch = spool.take(10)
    assert batch is not None
    assert {row["имя"] for row in batch.rows if "имя" in row} == {
        "Анна",
        "Олег",
        "Вера",
        "Иван",
        "Яна",
        "Пётр",
        "Ким",
    }
    assert left_in(folder) == set()
    assert left_in(folder / "done") == {"a.csv", "b.jsonl", "c.json", "d.xlsx", "e.parquet"}


def test_the_key_is_found_however_its_heading_is_written(folder: Path, spool: Spool) -> None:
    (folder / "a.csv").write_text("Номер;Дата изменения\n7;2026-05-02\n", encoding="utf-8")
    (folder / "b.jsonl").write_text('{"Номер": "7", "Дата изменения": "2026-05-01"}\n', encoding="utf-8")
    os.utime(folder / "a.csv", (1, 1))

    source(folder, key="Номер", version="Дата изменения").take_in(spool)

    first = spool.take(5)
    assert first is not None
    assert [row["Дата изменения"] for row in first.rows] == ["2026-05-01"], (
        "the older of one key goes alone, first"
    )


def test_a_file_that_is_still_being_written_is_left(folder: Path, spool: Spool) -> None:
    path = folder / "a.csv"
    path.write_text("n\n1\n", encoding="utf-8")
    os.utime(path, (0, 0))  # a copy that keeps the date of its original
    written = path.stat().st_ctime
    for name in ("b.csv.part", ".hidden.csv", "~$c.xlsx", "c.xlsx", ".~lock.d.csv#", "d.csv"):
        (folder / name).write_text("n\n1\n", encoding="utf-8")

    assert source(folder, settle_s=10, now=lambda: written + 9).take_in(spool).put == Put()
    assert source(folder, settle_s=10, now=lambda: written + 60).take_in(spool).put == Put(new=1)
    assert left_in(folder) == {"b.csv.part", ".hidden.csv", "~$c.xlsx", "c.xlsx", ".~lock.d.csv#", "d.csv"}


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.xlsx", "a.json"])
def test_half_of_a_file_is_left_until_the_rest_has_come(folder: Path, spool: Spool, name: str) -> None:
    whole = folder.parent / name
    if name == "a.parquet":
        pq.write_table(pa.table({"n": [1, 2]}), whole)
    elif name == "a.xlsx":
        pd.DataFrame({"n": [1, 2]}).to_excel(whole, index=False)
    else:
        whole.write_text(
            '{"n": 1}\n{"n": 2}\n' if name == "a.jsonl" else '[{"n": 1}, {"n": 2}]', encoding="utf-8"
        )
    content = whole.read_bytes()
    (folder / name).write_bytes(content[: len(content) - 4])
    written = (folder / name).stat().st_ctime

    took = source(folder, now=lambda: written + 60).take_in(spool)
    assert (took.put, took.refused, len(took.unfinished)) == (Put(), (), 1)
    assert left_in(folder) == {name}
    with (folder / name).open("ab") as file:
        file.write(content[-4:])
    assert source(folder, now=lambda: written + 60).take_in(spool).put == Put(new=2)


def test_a_file_a_program_has_open_for_writing_is_left_however_old_it_is(folder: Path, spool: Spool) -> None:
    with (folder / "a.csv").open("w", encoding="utf-8") as file:
        file.write("n\n1\n")
        file.flush()
        assert source(folder).take_in(spool).put == Put()
        file.write("2\n")
    assert source(folder).take_in(spool).put == Put(new=2)


def test_the_same_content_under_another_name_is_taken_in_once(folder: Path, spool: Spool) -> None:
    for name in ("a.csv", "b.csv", "a.csv"):
        (folder / name).write_text("n\n1\n", encoding="utf-8")
        source(folder).take_in(spool)
    assert spool.counts()["waiting"] == 1
    assert left_in(folder / "done") == {"a.csv", "a.2.csv", "b.csv"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"PK\x03\x04 cut off", "a.xlsx"),
        ("a.jsonl", b'{"n": 1}\n{"n": \n', "2"),
        ("a.json", b"[1, 2]", "1"),
        ("a.yaml", b"a: [", "a.yaml"),
    ],
)
def test_a_file_that_cannot_be_read_is_put_aside_with_its_reason(
    folder: Path, spool: Spool, name: str, content: bytes, said: str
) -> None:
    (folder / name).write_bytes(content)
    (folder / "good.csv").write_text("n\n1\n", encoding="utf-8")

    took = source(folder).take_in(spool)

    assert len(took.refused) == 1
    assert took.put == Put(new=1)
    assert left_in(folder / "refused") == {name, f"{name}.reason.txt"}
    assert said in (folder / "refused" / f"{name}.reason.txt").read_text(encoding="utf-8")


def test_killed_between_the_spool_and_the_move_the_file_counts_once(folder: Path, spool: Spool) -> None:
    (folder / "a.csv").write_text("n\n1\n2\n", encoding="utf-8")
    (folder / "done").write_text("in the way", encoding="utf-8")
    with pytest.raises(Exception, match="Let this user write"):
        source(folder).take_in(spool)
    (folder / "done").unlink()

    assert source(folder).take_in(spool).put == Put(known=2)
    assert spool.counts()["waiting"] == 2


def test_no_folder_is_said(tmp_path: Path, spool: Spool) -> None:
    with pytest.raises(SourceRefused, match="is not a folder"):
        source(tmp_path / "nowhere").take_in(spool)


def test_a_file_of_which_runs_have_all_rows_is_deleted_when_it_is_old(folder: Path, spool: Spool) -> None:
    for name in ("a whole", "b dead", "c waiting"):
        (folder / f"{name}.csv").write_text(f"id;n\n{name};1\n{name};2\n", encoding="utf-8")
    (folder / "refused.csv").write_bytes(b"\x00\x01")
    young, old = source(folder, now=time.time, settle_s=-9.0, patience_s=-9.0), source(folder)
    young.take_in(spool)
    done = folder / "done"
    (done / "strange.csv").write_text("id;n\nx;1\n", encoding="utf-8")
    for state in ("done", "done", "dead"):
        batch = spool.take(1)
        assert batch is not None
        spool.done(batch, "run") if state == "done" else spool.dead(batch, "no")
    everything = {"a whole.csv", "b dead.csv", "c waiting.csv", "strange.csv"}

    young.take_in(spool)
    assert left_in(done) == everything, "they are kept for a while"
    source(folder, done_days=None).take_in(spool)
    assert left_in(done) == everything
    old.take_in(spool)
    assert left_in(done) == everything - {"a whole.csv"}
    assert "refused.csv" in left_in(folder / "refused"), "a person has not looked at it yet"
    (folder / "again.csv").write_text("id;n\na whole;1\na whole;2\n", encoding="utf-8")
    assert old.take_in(spool).put == Put(known=2), "what is deleted is still known"
