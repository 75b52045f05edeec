"""Calls as records of the telephone, their recordings, their appeals, and what was changed and why."""

from __future__ import annotations

import json
import os
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.runs.applications import application_settings
from tests.runs.conftest import SECRET, Kept, World, make_world
from toolkit import workflow
from toolkit.errors import ParameterError
from toolkit.operations import operation
from toolkit.runs import Run
from toolkit.runs.law import carried_out
from toolkit.sandbox import InProcessTransport
from toolkit.sandbox.state.records import Draft
from toolkit.settings import Settings
from toolkit.workflow import Workspace

ANNA = {"last_name": "Полякова", "name": "Анна", "phone": "8 912 345-67-01", "client_id": "7"}
REQUEST = {"id": "R1", "at": "2026-05-01T10:00:00+03:00", **ANNA, "title": "Течёт кран"}
CALLS: list[dict[str, Any]] = [
    {
        "id": "C1",
        "at": "2026-05-01T11:00:00+03:00",
        **ANNA,
        "duration_s": 65,
        "request": "R1",
        "responsible": "2",
    },
    {"id": "C2", "at": "2026-05-01T12:00:00+03:00", **ANNA, "direction": "out", "comment": "не  взяла"},
]
HISTORY = [
    {
        "id": f"H{number}", "client_id": "7", "at": f"2026-05-0{number}T10:00:00+03:00", "field": "Паспорт",
        "before": str(number - 1), "after": str(number), "why": "потеряла", "author": "Оператор",
    }
    for number in (1, 2, 3)
]  # fmt: skip
BASE = {"system": "cc1", "topics": [{"topic": "*", "pipeline": 0}], "fallback": 2}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The small firm, put aside: each test takes it up anew."""
    root = tmp_path_factory.mktemp("firm")
    made = make_world(root, contacts=2, deals=2)
    made.root.mkdir(parents=True, exist_ok=True)
    return Kept.of(made, root / "aside")


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> World:
    return kept.again(tmp_path / "world")


def by_webhook(world: World, folder: Path) -> Workspace:
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=folder / "state",
        snapshots=folder / "snapshots",
        plan="box",
        language="en",
    )
    return Workspace(settings, world.clock, InProcessTransport(world.sandbox))


def by_application(world: World, folder: Path) -> Workspace:
    folder.mkdir(exist_ok=True)
    return Workspace(application_settings(world, folder), world.clock, InProcessTransport(world.sandbox))


def carried(work: Workspace, run: Run) -> tuple[dict[str, int], int]:
    workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))
    certificate = workflow.carry_out(work, run, notify=False)
    return run.journal.counts(), certificate.exit_code


def load(work: Workspace, **given: Any) -> Run:
    return workflow.plan(work, "load_contact_centre", {**BASE, **given})


def activities(world: World) -> list[dict[str, Any]]:
    return [dict(row) for row in world.sandbox.store.rows("SELECT * FROM activity ORDER BY START_TIME")]


def lines(world: World) -> list[dict[str, Any]]:
    return [
        dict(row) for row in world.sandbox.store.rows("SELECT * FROM call_statistic ORDER BY CALL_START_DATE")
    ]


def links(world: World, activity: int) -> set[tuple[int, int]]:
    rows = world.sandbox.store.rows("SELECT * FROM activity_binding WHERE ACTIVITY_ID = ?", [activity])
    return {(row["ENTITY_TYPE_ID"], row["ENTITY_ID"]) for row in rows}


def anna(world: World) -> int:
    return int(world.sandbox.store.value("SELECT ID FROM crm_3 WHERE LAST_NAME = 'Полякова'"))


def comments(work: Workspace, name: str, card: int) -> list[str]:
    with workflow.connect(work) as portal:
        where = {"ENTITY_ID": card, "ENTITY_TYPE": name}
        found = portal.call("crm.timeline.comment.list", {"filter": where, "order": {"ID": "ASC"}})
    return [each["COMMENT"] for each in found]


def sound(folder: Path, name: str, seconds: float = 0.1) -> Path:
    with wave.open(str(folder / name), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\2" * int(8000 * seconds))
    return folder / name


def test_an_application_loads_calls_as_records_of_the_telephone_rehearses_them_and_takes_them_back(
    world: World, tmp_path: Path
) -> None:
    work = by_application(world, tmp_path / "app")
    run = load(work, requests=[REQUEST], calls=CALLS)
    assert workflow.rehearse(work, run).clean

    assert carried(work, run) == ({"done": len(run.plan)}, 0)

    told = [(each["EXTERNAL_CALL_ID"], each["CALL_DURATION"], each["CRM_ENTITY_ID"]) for each in lines(world)]
    assert told == [("cc:cc1:call:C1", 65, anna(world)), ("cc:cc1:call:C2", 0, anna(world))]
    deal = world.sandbox.store.value("SELECT ID FROM crm_2 WHERE TITLE = 'Течёт кран'")
    assert links(world, lines(world)[0]["CRM_ACTIVITY_ID"]) == {(3, anna(world)), (2, deal)}
    assert comments(work, "contact", anna(world)) == [
        "Звонок 01.05.2026 12:00: не взяла\nb24kit cc:cc1:call:C2:comment"
    ]
    assert len(load(work, requests=[REQUEST], calls=CALLS).plan) == 0

    back = workflow.plan_undo(work, run)
    assert carried(work, back) == ({"done": len(back.plan)}, 0)
    assert activities(world) == []
    assert world.sandbox.store.value("SELECT COUNT(*) FROM crm_3 WHERE LAST_NAME = 'Полякова'") == 0
    assert back.plan.listed["entity"].tolist() == ["call", "call"]


def test_what_a_webhook_loaded_an_application_does_not_load_again_nor_the_other_way_round(
    world: World, tmp_path: Path
) -> None:
    hook, app = by_webhook(world, tmp_path / "hook"), by_application(world, tmp_path / "app")
    carried(hook, load(hook, requests=[REQUEST], calls=CALLS[:1]))
    carried(app, load(app, requests=[REQUEST], calls=CALLS))
    assert len(activities(world)) == 2
    assert [each["EXTERNAL_CALL_ID"] for each in lines(world)] == ["cc:cc1:call:C2"]

    assert len(load(hook, requests=[REQUEST], calls=CALLS).plan) == 0


@pytest.mark.parametrize("way", [by_webhook, by_application])
def test_recordings_are_attached_and_what_is_none_is_put_aside_with_its_reason(
    world: World, tmp_path: Path, way: Any
) -> None:
    work, folder = way(world, tmp_path / "way"), tmp_path / "sounds"
    folder.mkdir()
    sound(folder, "good.wav")
    sound(tmp_path, "outside.wav")
    (folder / "empty.wav").touch()
    (folder / "page.mp3").write_bytes(b"<!DOCTYPE html><html>")
    (folder / "other.mp3").write_bytes(b"OggS" + bytes(64))
    (folder / "long.wav").touch()
    os.truncate(folder / "long.wav", 300 * 1024 * 1024)
    names = ["good.wav", "empty.wav", "page.mp3", "other.mp3", "long.wav", "none.wav", "../outside.wav"]
    calls = [
        {**CALLS[0], "id": f"C{at}", "at": f"2026-05-01T1{at}:00:00+03:00", "recording": name, "request": ""}
        for at, name in enumerate(names)
    ]
    given = {"calls": calls, "recordings_folder": str(folder)}

    run = load(work, **given)
    counts, code = carried(work, run)

    assert (counts["quarantined"], code) == (6, 3)
    journal = run.journal.table()
    assert journal.loc[journal["state"] == "quarantined", "code"].tolist() == [
        "RECORDING_EMPTY", "RECORDING_NOT_A_FILE", "RECORDING_WRONG_FORMAT", "RECORDING_TOO_LARGE",
        "RECORDING_MISSING", "RECORDING_OUTSIDE",
    ]  # fmt: skip
    assert [bool(json.loads(each["FILES"] or "[]")) for each in activities(world)] == [True] + [False] * 6
    assert str(folder) not in run.plan.table.to_json(), "where recordings lie stands in the parameters alone"
    assert len(load(work, **given).plan) == 0
    retried = load(work, **given, retry_recordings=True).plan
    assert retried.table["kind"].tolist() == ["copy"] * 6


@pytest.mark.parametrize("way", [by_webhook, by_application])
def test_a_recording_that_comes_later_is_put_with_the_call_that_is_there(
    world: World, tmp_path: Path, way: Any
) -> None:
    work = way(world, tmp_path / "way")
    carried(work, load(work, calls=CALLS[:1]))
    sound(tmp_path, "late.wav")
    later = {"calls": [{**CALLS[0], "recording": "late.wav"}], "recordings_folder": str(tmp_path)}
    method = "crm.activity.update" if way is by_webhook else "telephony.externalCall.attachRecord"
    world.sandbox.faults.lose_answer_to(method)

    run = load(work, **later)
    assert run.plan.table["kind"].tolist() == ["copy"]
    assert carried(work, run) == ({"done": 1}, 0)

    assert len(json.loads(activities(world)[0]["FILES"])) == 1
    assert len(load(work, **later).plan) == 0


def test_a_new_call_is_shown_with_the_appeal_made_for_its_client_soon_after(
    world: World, tmp_path: Path
) -> None:
    work = by_webhook(world, tmp_path / "hook")
    carried(work, load(work, requests=[REQUEST]))
    with workflow.connect(work) as portal:
        portal.call(
            "crm.type.add", {"fields": {"title": "Обращения", "entityTypeId": 177, "isClientEnabled": "Y"}}
        )
        number = portal.call("crm.type.getByEntityTypeId", {"entityTypeId": 177})["type"]["id"]
        field = {"entityId": f"CRM_{number}", "fieldName": f"UF_CRM_{number}_CALLS", "userTypeId": "string"}
        portal.call("userfieldconfig.add", {"moduleId": "crm", "field": {**field, "multiple": "Y"}})
        for at in ("2026-05-01T11:05:00+03:00", "2026-05-01T15:00:00+03:00"):
            cells = {"title": "Обращение", "contactId": anna(world), "createdTime": at}
            portal.call("crm.item.import", {"entityTypeId": 177, "fields": cells})
    appeals = [row["ID"] for row in world.sandbox.store.rows("SELECT ID FROM crm_177 ORDER BY CREATED_TIME")]

    run = load(work, requests=[REQUEST], calls=CALLS, appeals=177)
    assert workflow.rehearse(work, run).clean
    carried(work, run)

    first, second = activities(world)
    assert (177, appeals[0]) in links(world, first["ID"])
    assert all(kind != 177 for kind, _ in links(world, second["ID"]))
    shown = links(world, first["ID"])
    everyday = workflow.plan(work, "attach_calls", {"appeals": 177})
    assert carried(work, everyday)[1] == 0
    assert links(world, first["ID"]) == shown, (
        "the everyday pass finds the same appeal, and binds nothing twice"
    )
    assert len(workflow.plan(work, "attach_calls", {"appeals": 177}).plan) == 0


def test_history_is_told_once_in_order_though_an_answer_is_lost_and_taken_back(
    world: World, tmp_path: Path
) -> None:
    work = by_webhook(world, tmp_path / "hook")
    carried(work, load(work, requests=[REQUEST]))
    world.sandbox.faults.lose_answer_to("crm.timeline.comment.add", at=2)
    run = load(work, requests=[REQUEST], history=[HISTORY[1], HISTORY[0]])
    carried(work, run)
    both = {**HISTORY[2], "client_id": "", "request": "R1"}
    overlapping = load(work, requests=[REQUEST], history=[*HISTORY[:2], both])
    assert overlapping.plan.table["entity"].tolist() == ["deal"]
    carried(work, overlapping)

    assert comments(work, "contact", anna(world)) == [
        f"0{at}.05.2026 10:00 Паспорт: {at - 1} → {at}\nПричина: потеряла\nИзменил(а): Оператор\n"
        f"b24kit cc:cc1:history:H{at}"
        for at in (1, 2)
    ]
    deal = int(world.sandbox.store.value("SELECT ID FROM crm_2 WHERE TITLE = 'Течёт кран'"))
    assert len(comments(work, "deal", deal)) == 1
    elsewhere = Workspace(
        work.settings.model_copy(update={"snapshots": tmp_path / "other"}), work.clock, work.transport
    )
    again = load(elsewhere, requests=[REQUEST], history=HISTORY[:2])
    assert carried(elsewhere, again) == ({"already": 2}, 0)

    carried(work, workflow.plan_undo(work, run))
    assert comments(work, "contact", anna(world)) == []
    assert len(load(work, requests=[REQUEST], history=HISTORY[:2]).plan) == 2


def test_history_is_found_behind_many_comments_of_people(world: World, tmp_path: Path) -> None:
    work = by_webhook(world, tmp_path / "hook")
    carried(work, load(work, requests=[REQUEST], history=HISTORY[:1]))
    with workflow.connect(work) as portal:
        for number in range(101):
            cells = {"ENTITY_ID": anna(world), "ENTITY_TYPE": "contact", "COMMENT": f"перезвонить {number}"}
            portal.call("crm.timeline.comment.add", {"fields": cells})
    other = Workspace(
        work.settings.model_copy(update={"snapshots": tmp_path / "other"}), work.clock, work.transport
    )

    assert carried(other, load(other, requests=[REQUEST], history=HISTORY[:1])) == ({"already": 1}, 0)


def test_history_of_nobody_is_put_aside_and_a_comment_cannot_pass_for_another(
    world: World, tmp_path: Path
) -> None:
    work = by_webhook(world, tmp_path / "hook")
    forged = {**HISTORY[0], "why": "так\nb24kit cc:cc1:history:H2"}
    run = load(work, requests=[REQUEST], history=[forged, HISTORY[1], {**HISTORY[2], "client_id": "99"}])

    assert run.plan.listed["details"].tolist() == ["правка H3: клиент 99"]
    carried(work, run)
    assert len(comments(work, "contact", anna(world))) == 2


def test_a_person_who_moved_the_card_keeps_the_deal_and_its_history_goes(
    world: World, tmp_path: Path
) -> None:
    work = by_webhook(world, tmp_path / "hook")
    told = {**HISTORY[0], "client_id": "", "request": "R1"}
    run = load(work, requests=[REQUEST], history=[told])
    carried(work, run)
    deal = int(world.sandbox.store.value("SELECT ID FROM crm_2 WHERE TITLE = 'Течёт кран'"))
    kind = world.sandbox.schema.kind(2)
    assert kind is not None
    world.sandbox.records.update(kind, deal, Draft({"TITLE": "Решено"}), world.sandbox.system_caller(3))

    carried(work, workflow.plan_undo(work, run))

    assert world.sandbox.store.value("SELECT TITLE FROM crm_2 WHERE ID = ?", [deal]) == "Решено"
    assert comments(work, "deal", deal) == []


def test_history_comes_under_the_headings_of_an_export() -> None:
    row = {
        "Номер": 5.0, "Код клиента": "7", "Когда": "01.05.2026 10:00", "Что изменено": "Паспорт", "Было": "1",
        "Стало": "2", "Причина": "потеряла", "Кто изменил": "Оператор", "Заявка": None,
    }  # fmt: skip
    params = operation("load_contact_centre").parameters({**BASE, "history": [row], "zone": "Europe/Moscow"})
    again = operation("load_contact_centre").parameters(params.model_dump(mode="json"))

    assert params == again
    (taken,) = params.history
    assert (taken.id, taken.client_id, taken.at.isoformat(), taken.author) == (
        "5", "7", "2026-05-01T10:00:00+03:00", "Оператор"
    )  # fmt: skip
    for wrong, words in (
        ({"цвет": "синий"}, "цвет"),
        ({"Когда": "завтра"}, "at"),
        ({"Код клиента": ""}, "neither"),
    ):
        with pytest.raises(ParameterError, match=words):
            operation("load_contact_centre").parameters({**BASE, "history": [{**row, **wrong}]})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"Когда": "завтра"}, "Когда: «завтра» — не дата и не время"),
        ({"Когда": None}, "нет даты"),
        ({"Номер": ""}, "нет номера"),
        ({"Код клиента": None}, "ни заявки, ни клиента"),
        (dict.fromkeys(("Что изменено", "Было", "Стало", "Причина")), "не сказано, что изменилось"),
        ({"Причина": ["потеряла"]}, "не одно значение"),
    ],
)
def test_a_row_of_history_that_cannot_be_read_is_put_aside_and_stops_nobody(
    wrong: dict[str, Any], words: str, tables: dict[str, Any]
) -> None:
    row = {
        "Номер": 5.0, "Код клиента": "7", "Когда": "01.05.2026 10:00", "Что изменено": "Паспорт", "Было": "1",
        "Стало": "2", "Причина": "потеряла", "Кто изменил": "Оператор",
    }  # fmt: skip
    rule: Any = operation("load_contact_centre")
    history = [{**row, **wrong}, {**row, "Номер": 6.0}]

    params = rule.parameters({**BASE, "requests": [REQUEST], "history": history, "bad_rows": "put_aside"})
    assert rule.parameters(params.model_dump(mode="json")) == params
    account = rule.accounting(tables, params)

    told = account[account["kind"] == "history"].set_index("state")
    assert told["id"].to_dict() == {"created": "6", "quarantined": str(wrong.get("Номер", 5))}
    assert told.loc["quarantined", "reason"] == "the row cannot be read"
    assert told.loc["quarantined", "details"].startswith("строка 1, ")
    assert words in told.loc["quarantined", "details"]
    with pytest.raises(ParameterError):
        rule.parameters({**BASE, "history": history})


@pytest.fixture(scope="module")
def tables(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    world = kept.again(tmp_path_factory.mktemp("tables") / "world")
    rule: Any = operation("load_contact_centre")
    before = world.plan_of(rule, rule.parameters({**BASE, "requests": [REQUEST]})).before
    return {name: before.table(name) for name in before.entities}


@pytest.mark.parametrize("telephone", ["no", "read", "write"])
def test_the_law_holds_for_calls_and_recordings_and_every_row_is_accounted_for(
    world: World, telephone: str
) -> None:
    rule: Any = operation("load_contact_centre")
    recorded = [{**each, "recording": "call.wav"} for each in CALLS]
    params = rule.parameters(
        {**BASE, "requests": [REQUEST], "calls": recorded, "history": HISTORY, "telephone": telephone}
    )
    world.operation = rule
    before = world.plan_of(rule, params).before
    tables = {name: before.table(name) for name in before.entities}

    changes = rule.plan(tables, params)
    again = rule.plan(carried_out(tables, changes), params)

    assert set(again.table["kind"]) == {"note"}, (
        "no table tells comments: what is written is known from the journals"
    )
    account = rule.accounting(tables, params)
    assert account["kind"].value_counts().to_dict() == {"history": 3, "call": 2, "request": 1}
    assert set(account["state"]) == {"created"}
    assert len(
        rule.plan(tables, params.model_copy(update={"history_done": ["cc:cc1:history:H2"]})).table
    ) == (len(changes.table) - 1)
