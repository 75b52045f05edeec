from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records.fakes import FakePortal, StillClock, contact
from toolkit.errors import IncompleteRead, ParameterError, Rejected, SnapshotError, StorageError
from toolkit.records import Snapshot, Wanted, compare, take_snapshot, write_snapshot
from toolkit.records.manifest import MANIFEST

resource = pytest.importorskip("resource", reason="only POSIX can pretend that a disk is full")

CONTACTS = [Wanted("contact", ["name", "assignedById", "fm"])]


def test_a_snapshot_gives_back_every_record_as_it_was_answered(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    taken = take_snapshot(portal, CONTACTS, tmp_path / "before", clock=clock)

    assert list(taken.records("contact")) == portal.records["crm.item.list"]
    assert taken.count("contact") == 120
    assert taken.columns("contact") == ["id", "name", "assignedById", "fm"]


def test_columns_are_typed_by_what_the_portal_says_of_its_fields(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    taken = take_snapshot(portal, [Wanted("contact")], tmp_path / "s", clock=clock)

    table = taken.table("contact", ["id", "companyId", "birthdate", "opened", "ufCrm_2"])
    assert table["companyId"].isna().all()
    assert table["birthdate"].dt.strftime("%Y-%m-%d").unique().tolist() == ["2000-01-01"]
    assert table["opened"].all()
    assert list(table["ufCrm_2"].iloc[0]) == [1, 2]


def test_the_manifest_says_who_read_what_and_how(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    wanted = [Wanted("contact", ["name"], {"assignedById": 7})]
    manifest = take_snapshot(portal, wanted, tmp_path / "s", clock=clock).manifest

    entry = manifest.entities["contact"]
    assert (manifest.portal, manifest.reader_id, manifest.reader_is_admin) == ("acme.bitrix24.ru", 5, True)
    assert manifest.offset_s == 3 * 3600
    assert entry.method == "crm.item.list"
    assert entry.params == {"entityTypeId": 3, "filter": {"assignedById": 7}, "select": ["id", "name"]}
    assert entry.wanted == ["name"]


def test_a_weak_users_snapshot_says_so(clock: StillClock, tmp_path: Path) -> None:
    portal = FakePortal({"crm.item.list": [contact(1)]}, admin=False)
    assert not take_snapshot(portal, CONTACTS, tmp_path / "s", clock=clock).manifest.reader_is_admin


def test_phones_are_asked_for_by_asking_for_everything(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    take_snapshot(portal, CONTACTS, tmp_path / "s", clock=clock)
    assert portal.asked[-1][1]["select"] == ["*"]


def test_a_misspelt_field_stops_before_anything_is_read(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    with pytest.raises(ParameterError, match="'asignedById' is not a field of contact"):
        take_snapshot(portal, [Wanted("contact", ["asignedById"])], tmp_path / "s", clock=clock)

    assert "crm.item.list" not in [method for method, _ in portal.asked]
    assert os.listdir(tmp_path) == []


def test_a_field_no_record_answers_is_not_taken_for_empty(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    for record in portal.records["crm.item.list"]:
        del record["ufCrm_1"]
    with pytest.raises(SnapshotError, match="no contact answered ufCrm_1"):
        take_snapshot(portal, [Wanted("contact", ["ufCrm_1"])], tmp_path / "s", clock=clock)


def test_records_that_come_twice_are_refused(clock: StillClock, tmp_path: Path) -> None:
    portal = FakePortal({"crm.item.list": [contact(1), contact(2), contact(1)]})
    with pytest.raises(SnapshotError, match="came twice"):
        take_snapshot(portal, CONTACTS, tmp_path / "s", clock=clock)


@pytest.mark.parametrize("page", [0, 1, 2])
@pytest.mark.parametrize(
    "error", [RuntimeError("went away"), ConnectionError(), KeyboardInterrupt()], ids=repr
)
def test_a_read_that_breaks_off_leaves_nothing_behind(
    portal: FakePortal, clock: StillClock, tmp_path: Path, page: int, error: BaseException
) -> None:
    portal.fail_after_pages, portal.error = page, error
    with pytest.raises(type(error)):
        take_snapshot(portal, CONTACTS, tmp_path / "s", clock=clock)

    assert os.listdir(tmp_path) == []
    portal.fail_after_pages = None
    assert take_snapshot(portal, CONTACTS, tmp_path / "s", clock=clock).count("contact") == 120


def test_a_snapshot_is_never_overwritten(portal: FakePortal, clock: StillClock, tmp_path: Path) -> None:
    first = take_snapshot(portal, CONTACTS, tmp_path / "s", clock=clock)
    with pytest.raises(SnapshotError, match="never overwritten"):
        take_snapshot(portal, CONTACTS, tmp_path / "s", clock=clock)
    assert Snapshot.open(first.folder).digest == first.digest


def test_what_a_killed_process_left_is_replaced_and_never_trusted(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    script = (
        "import os, sys\n"
        "from toolkit.records import write_snapshot\n"
        "def rows():\n"
        "    yield from ({'id': n} for n in range(1, 6000))\n"
        "    os._exit(9)\n"
        f"write_snapshot({{'contact': rows()}}, {str(tmp_path / 's')!r})\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], check=False)
    assert killed.returncode == 9
    assert os.listdir(tmp_path) == ["s.part"]
    with pytest.raises(SnapshotError, match="never finished"):
        Snapshot.open(tmp_path / "s.part")
    with pytest.raises(SnapshotError, match="no readable manifest"):
        Snapshot.open(tmp_path / "s")

    take_snapshot(portal, CONTACTS, tmp_path / "s", clock=clock)
    assert os.listdir(tmp_path) == ["s"]


def test_two_writers_of_one_folder_are_kept_apart(tmp_path: Path) -> None:
    def second_writer() -> Iterator[dict[str, Any]]:
        yield {"id": 1}
        with pytest.raises(SnapshotError, match="written by another process"):
            write_snapshot({"contact": []}, tmp_path / "s")

    assert write_snapshot({"contact": second_writer()}, tmp_path / "s").count("contact") == 1


def test_only_its_owner_can_read_a_snapshot(tmp_path: Path) -> None:
    folder = write_snapshot({"contact": [contact(1)]}, tmp_path / "host" / "run" / "before").folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


@contextmanager
def files_no_larger_than(limit: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("limit", [0, 100, 4096, 200_000])
def test_a_full_disk_is_named_and_leaves_nothing_behind(tmp_path: Path, limit: int) -> None:
    rows = (contact(n, name=os.urandom(40).hex()) for n in range(1, 6_000))
    with files_no_larger_than(limit), pytest.raises(StorageError, match="Free some space"):
        write_snapshot({"contact": rows}, tmp_path / "s")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="file"):
        write_snapshot({"contact": []}, tmp_path / "file" / "s")


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    folder = write_snapshot({"contact": [contact(1)], "deal": [{"id": 1}]}, tmp_path / "s").folder
    file = folder / "contact.parquet"
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    file.unlink()
    if damage != "remove":
        file.write_bytes(content[: -1 if damage == "cut" else None])

    with pytest.raises(SnapshotError, match=r"contact\.parquet"):
        Snapshot.open(folder).table("contact")


def test_damage_elsewhere_does_not_keep_a_good_entity_from_being_read(tmp_path: Path) -> None:
    folder = write_snapshot({"contact": [contact(1)], "deal": [{"id": 1}]}, tmp_path / "s").folder
    content = bytearray((folder / "contact.parquet").read_bytes())
    content[100] ^= 1
    (folder / "contact.parquet").write_bytes(content)

    opened = Snapshot.open(folder)
    assert opened.table("deal", ["id"])["id"].tolist() == [1]
    with pytest.raises(SnapshotError, match="damaged"):
        next(opened.records("contact"))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": "b24kit-snapshot"}', '{"format": "other", "version": 1}']
)
def test_a_manifest_that_is_not_one_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(SnapshotError):
        Snapshot.open(tmp_path)


def test_a_manifest_of_a_newer_program_is_refused_by_its_version(tmp_path: Path) -> None:
    folder = write_snapshot({"contact": []}, tmp_path / "s").folder
    body = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(body | {"version": 2}))
    with pytest.raises(SnapshotError, match="format version 2"):
        Snapshot.open(folder)


def test_links_to_files_are_kept_without_what_opens_them(tmp_path: Path) -> None:
    secret = "k3yk3yk3yk3y"
    photo = {
        "id": 4,
        "url": f"/bitrix/components/x.php?auth={secret}&fileId=4",
        "urlMachine": f"https://acme.bitrix24.ru/rest/1/{secret}/crm.controller.item.getFile/?token={secret}",
    }
    comment = "see https://pay.example/?token=abc"
    taken = write_snapshot({"contact": [contact(1, photo=photo, comments=comment)]}, tmp_path / "s")

    assert all(secret.encode() not in file.read_bytes() for file in taken.folder.iterdir())
    record = next(taken.records("contact"))
    assert (record["photo"]["id"], record["comments"]) == (4, comment)
    assert secret not in json.dumps(record)


def test_a_field_that_turns_up_late_gets_its_column(tmp_path: Path) -> None:
    rows = [contact(n) for n in range(1, 5_101)] + [contact(5_101, ufCrm_9="late")]
    taken = write_snapshot({"contact": rows}, tmp_path / "s")

    late = taken.table("contact", ["id", "ufCrm_9"]).dropna()
    assert late.to_numpy().tolist() == [[5_101, "late"]]
    assert taken.count("contact") == 5_101
    assert sorted(os.listdir(taken.folder)) == ["contact.parquet", MANIFEST]


def test_values_that_do_not_fit_are_counted_and_kept_in_raw(tmp_path: Path) -> None:
    taken = write_snapshot({"contact": [contact(1, assignedById="who?"), contact(2)]}, tmp_path / "s")

    assert taken.manifest.entities["contact"].unread == {"assignedById": 1}
    assert taken.table("contact", ["assignedById"])["assignedById"].isna().tolist() == [True, False]
    assert next(taken.records("contact"))["assignedById"] == "who?"


def test_an_entity_without_records_still_has_its_columns(tmp_path: Path) -> None:
    table = write_snapshot({"deal": []}, tmp_path / "s").table("deal")
    assert {"id", "stageId", "contactIds"} <= set(table.columns)
    assert table.empty


def test_field_definitions_are_records_too(portal: FakePortal, clock: StillClock, tmp_path: Path) -> None:
    taken = take_snapshot(portal, [Wanted("field:3")], tmp_path / "s", clock=clock)
    table = taken.table("field:3", ["name", "type", "isMultiple"])
    assert table.loc[table["name"] == "ufCrm_2", ["type", "isMultiple"]].to_numpy().tolist() == [
        ["enumeration", True]
    ]


def test_what_it_does_not_hold_is_said_by_name(tmp_path: Path) -> None:
    taken = write_snapshot({"contact": [contact(1)]}, tmp_path / "s")
    with pytest.raises(SnapshotError, match="holds no deal; it holds contact"):
        taken.table("deal")
    with pytest.raises(SnapshotError, match="no column nome"):
        taken.table("contact", ["nome"])


def test_progress_counts_records_as_they_come(portal: FakePortal, clock: StillClock, tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    take_snapshot(
        portal, CONTACTS, tmp_path / "s", clock=clock, progress=lambda name, n: seen.append((name, n))
    )
    assert seen == [("contact", 50), ("contact", 100), ("contact", 120)]


def test_the_file_can_be_read_by_anything_that_reads_parquet(tmp_path: Path) -> None:
    folder = write_snapshot({"item:177": [{"id": 1, "title": "Ж"}]}, tmp_path / "s").folder
    body = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    entry = body["entities"]["item:177"]
    rows = pq.read_table(folder / entry["file"], columns=["raw"]).column("raw").to_pylist()
    assert [json.loads(row) for row in rows] == [{"id": 1, "title": "Ж"}]
    assert (entry["records"], entry["fields"]["title"]["type"]) == (1, "string")


def test_a_notebook_shows_what_a_snapshot_is_without_trusting_its_text(tmp_path: Path) -> None:
    taken = write_snapshot({"contact": [contact(1)]}, tmp_path / "s", portal="<b>.ru", reader_is_admin=False)
    shown = taken._repr_html_()
    assert "&lt;b&gt;.ru" in shown
    assert "not an administrator" in shown
    assert "contact 1" in repr(taken)


def test_links_are_followed_only_from_what_was_read_before(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    linked = Wanted("contact", ["name"], linked_from=(("deal", "contactIds"),))
    with pytest.raises(ParameterError, match="has not been read before it"):
        take_snapshot(portal, [linked], tmp_path / "s", clock=clock)


def test_a_list_without_a_filter_cannot_be_read_by_id(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    with pytest.raises(ParameterError, match=r"crm\.category\.list"):
        take_snapshot(portal, [Wanted("category:2", ids=[1])], tmp_path / "s", clock=clock)


def test_records_nobody_asked_for_prove_that_the_filter_was_ignored(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    portal.ignores_filters = True
    with pytest.raises(IncompleteRead, match="not asked for"):
        take_snapshot(portal, [Wanted("contact", ["name"], ids=[5])], tmp_path / "s", clock=clock)


def test_a_refused_question_ends_the_snapshot_with_the_portals_words(
    portal: FakePortal, clock: StillClock, tmp_path: Path
) -> None:
    portal.refuses.add("profile")
    with pytest.raises(Rejected, match="ACCESS_DENIED"):
        take_snapshot(portal, CONTACTS, tmp_path / "s", clock=clock)
    assert os.listdir(tmp_path) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["name", "assignedById", "companyIds", "fm", "birthdate", "ufCrm_1", "ufCrm_2"])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=4))
def test_no_answer_of_a_portal_stops_a_snapshot_or_is_lost(
    tmp_path_factory: pytest.TempPathFactory, answers: list[dict[str, Any]]
) -> None:
    rows = [{"id": number, **answer} for number, answer in enumerate(answers, 1)]
    taken = write_snapshot({"contact": rows}, tmp_path_factory.mktemp("any") / "s")
    assert list(taken.records("contact")) == rows
    assert taken.table("contact")["id"].tolist() == [row["id"] for row in rows]
    assert compare(taken, taken).nothing
