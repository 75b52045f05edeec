"""The way back: exactly what people changed in the portal, once, in a file that is whole before the mark moves."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from tests.operations.test_load_calls_and_history import (
    ANNA,
    BASE,
    CALLS,
    by_application,
    by_webhook,
    carried,
)
from tests.runs.conftest import World, make_world
from toolkit import workflow
from toolkit.errors import ParameterError, StorageError
from toolkit.sandbox.state.records import Draft
from toolkit.workflow import Workspace, desk
from toolkit.workflow.contact_centre.way_back import PortalChanges, portal_changes

REQUESTS = [
    {"id": "R1", "at": "2026-05-01T10:00:00+03:00", **ANNA, "title": "Течёт кран", "comment": "Срочно"},
    {
        "id": "R2", "at": "2026-05-01T10:00:00+03:00", "last_name": "Ершов", "name": "Борис",
        "phone": "8 912 345-67-02", "title": "Договор",
    },
]  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "world", contacts=2, deals=2)


def loaded(world: World, folder: Path, way: Callable[[World, Path], Workspace] = by_webhook) -> Workspace:
    work = way(world, folder)
    run = workflow.plan(work, "load_contact_centre", {**BASE, "requests": REQUESTS, "calls": CALLS})
    carried(work, run)
    world.clock.sleep(600)
    return work


def deal(world: World, title: str = "Течёт кран") -> int:
    return int(world.sandbox.store.value("SELECT ID FROM crm_2 WHERE TITLE = ?", [title]))


def edit(world: World, number: int, by: int = 3, **columns: Any) -> None:
    kind = world.sandbox.schema.kind(2)
    assert kind is not None
    world.sandbox.records.update(kind, number, Draft(dict(columns)), world.sandbox.system_caller(by))
    world.clock.sleep(60)


def told(work: Workspace) -> list[tuple[Any, ...]]:
    found = portal_changes(work, "cc1").table
    return [tuple(row) for row in found[["row", "field", "before", "after", "by"]].itertuples(index=False)]


def passed(work: Workspace) -> PortalChanges:
    found = portal_changes(work, "cc1")
    found.move_on()
    return found


def russian(found: PortalChanges) -> pd.DataFrame:
    return dataclasses.replace(found, language="ru").in_words()


def test_a_deal_moved_in_the_very_second_it_was_made_is_told(world: World, tmp_path: Path) -> None:
    work = loaded(world, tmp_path / "hook")
    first = deal(world)
    edit(world, first, STAGE_ID="EXECUTING")
    made = world.sandbox.store.value("SELECT CREATED_TIME FROM crm_2 WHERE ID = ?", [first])
    world.sandbox.store.update("crm_2", first, {"MOVED_TIME": made, "UPDATED_TIME": made})

    assert [row[:4] for row in told(work)] == [("R1", "stage", "Новая", "В работе")]


def test_what_people_changed_is_told_once_and_what_we_wrote_is_not(world: World, tmp_path: Path) -> None:
    work = loaded(world, tmp_path / "hook")
    assert told(work) == [], "what the load wrote is no news"
    first = deal(world)
    edit(world, first, STAGE_ID="EXECUTING")
    desk.edit_deal(work, first, {"assignedById": 4})
    edit(world, first, COMMENTS="=1+1")
    edit(world, first, STAGE_ID="WON")
    with workflow.connect(work) as portal:
        cells = {"ENTITY_ID": first, "ENTITY_TYPE": "deal", "COMMENT": "Готово"}
        portal.call("crm.timeline.comment.add", {"fields": cells})
        call = int(world.sandbox.store.value("SELECT MIN(ID) FROM activity"))
        portal.call("crm.activity.update", {"id": call, "fields": {"RESPONSIBLE_ID": 5}})

    expected = [
        ("R1", "stage", "Новая", "В работе", ""),
        ("R1", "comment", "Срочно", "=1+1", "Имя3 Фамилия3"),
        ("R1", "responsible", "Имя2 Фамилия2", "Имя4 Фамилия4", "Имя3 Фамилия3"),
        ("R1", "result", "open", "won", "Имя3 Фамилия3"),
        ("R1", "stage", "В работе", "Сделка успешна", "Имя3 Фамилия3"),
        ("C1", "responsible", "Имя2 Фамилия2", "Имя5 Фамилия5", "Администратор Портала"),
        ("R1", "timeline_comment", "", "Готово", "Администратор Портала"),
    ]
    assert sorted(told(work)) == sorted(expected)
    found = passed(work)
    assert {"в ленте", "успех"} <= {
        each.split("комментарий ")[-1] for each in russian(found).to_numpy().ravel()
    }
    assert set(found.table["deal"]) == {first}
    assert set(found.table["link"]) == {f"https://sandbox.local/crm/deal/details/{first}/"}
    assert told(work) == []
    with workflow.connect(work) as portal:
        cells = {"ENTITY_ID": first, "ENTITY_TYPE": "deal", "COMMENT": "Спасибо"}
        portal.call("crm.timeline.comment.add", {"fields": cells})
    assert portal_changes(work, "cc1", every_comment=True).table["after"].tolist() == ["Спасибо"]
    edit(world, deal(world, "Договор"), STAGE_ID="LOSE")
    assert [row[:4] for row in told(work) if row[0] == "R2"] == [
        ("R2", "result", "open", "lost"),
        ("R2", "stage", "Новая", "Сделка провалена"),
    ]


def test_the_same_pass_gives_the_same_file_until_the_mark_has_moved(world: World, tmp_path: Path) -> None:
    work = loaded(world, tmp_path / "hook")
    edit(world, deal(world), COMMENTS="=cmd|'/c calc'!A1", ASSIGNED_BY_ID=4)
    names = ("changes.xlsx", "changes.csv", "changes.jsonl", "changes.parquet")
    files = [portal_changes(work, "cc1").write(tmp_path / name) for name in names]
    first = [file.read_bytes() for file in files]
    world.clock.sleep(3600)

    again = portal_changes(work, "cc1")
    for file in files:
        again.write(file)

    assert [file.read_bytes() for file in files] == first
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    sheet = openpyxl.load_workbook(files[0]).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if str(cell.value).startswith("=cmd")]
    assert [cell.data_type for cell in cells] == ["s"]
    with files[1].open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened, delimiter=";"))
    assert [row["after"] for row in rows] == ["'=cmd|'/c calc'!A1", "Имя4 Фамилия4"]
    assert [json.loads(line)["field"] for line in files[2].read_text().splitlines()] == [
        "comment",
        "responsible",
    ]
    pd.testing.assert_frame_equal(pd.read_parquet(files[3]), again.table)


def test_a_file_that_cannot_be_written_leaves_the_mark_where_it_was(world: World, tmp_path: Path) -> None:
    work = loaded(world, tmp_path / "hook")
    edit(world, deal(world), ASSIGNED_BY_ID=4)

    with pytest.raises(StorageError):
        portal_changes(work, "cc1").write(tmp_path / "absent" / "changes.csv")
    with pytest.raises(ParameterError, match="short name"):
        portal_changes(work, "../cc1")
    with pytest.raises(ParameterError, match="xlsx"):
        portal_changes(work, "cc1").write(tmp_path / "changes.doc")

    assert [row[1] for row in told(work)] == ["responsible"]


def test_a_date_tells_again_what_was_told_and_moves_nothing(world: World, tmp_path: Path) -> None:
    work = loaded(world, tmp_path / "hook")
    edit(world, deal(world), ASSIGNED_BY_ID=4)
    passed(work)
    between = datetime.fromtimestamp(world.clock.now(), UTC)
    world.clock.sleep(60)
    edit(world, deal(world), ASSIGNED_BY_ID=5)

    since = portal_changes(work, "cc1", since=datetime(2020, 1, 1, tzinfo=UTC))
    since.move_on()

    assert since.table["after"].tolist() == ["Имя4 Фамилия4", "Имя5 Фамилия5"]
    assert portal_changes(work, "cc1", since=between).table["after"].tolist() == ["Имя5 Фамилия5"]
    assert len(told(work)) == 1
    with pytest.raises(ParameterError, match="time zone"):
        portal_changes(work, "cc1", since=datetime(2020, 1, 1))


def test_a_correction_of_a_row_is_no_news_and_a_call_of_the_telephone_is(
    world: World, tmp_path: Path
) -> None:
    work = loaded(world, tmp_path / "app", by_application)
    passed(work)
    corrected = [{**REQUESTS[0], "comment": "Уже не срочно"}]
    given = {**BASE, "requests": corrected, "previous": REQUESTS[:1]}
    carried(work, workflow.plan(work, "load_contact_centre", given))
    world.clock.sleep(600)
    call = int(world.sandbox.store.value("SELECT CRM_ACTIVITY_ID FROM call_statistic ORDER BY ID"))
    with workflow.connect(work) as portal:
        portal.call("crm.activity.update", {"id": call, "fields": {"DESCRIPTION": "Перезвонили"}})

    assert [row[:4] for row in told(work)] == [("C1", "comment", "", "Перезвонили")]


def test_a_load_that_writes_while_a_pass_reads_is_no_news(world: World, tmp_path: Path) -> None:
    work = loaded(world, tmp_path / "hook")
    passed(work)
    corrected = {**BASE, "requests": [{**REQUESTS[0], "comment": "Иначе"}], "previous": REQUESTS[:1]}
    run = workflow.plan(work, "load_contact_centre", corrected)
    world.clock.sleep(600)
    edit(world, deal(world, "Договор"), ASSIGNED_BY_ID=4)
    world.sandbox.faults.before(lambda: carried(work, run) and None, "crm.item.list")

    assert [row[:2] for row in told(work)] == [("R2", "responsible")]
    passed(work)
    world.clock.sleep(600)
    assert told(work) == []
    held = world.sandbox.store.value("SELECT COMMENTS FROM crm_2 WHERE TITLE = 'Течёт кран'")
    assert held == "Иначе"
