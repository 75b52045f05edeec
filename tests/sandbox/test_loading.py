"""Filling a portal without REST: by the million, from a snapshot, from a saved state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from toolkit.records import write_snapshot
from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.sandbox.seeds import SEEDS
from toolkit.sandbox.state.loading import (
    SnapshotFormatError,
    StateError,
    load_records,
    load_snapshot,
    load_state,
    reset,
    save_state,
)

SECRET = "loadsecret"


class Rest:
    """A portal asked over REST."""

    def __init__(self, portal: Sandbox) -> None:
        if not portal.store.find("webhook", USER_ID=1):
            portal.access.add_webhook(1, SECRET)
        self._client = httpx.Client(transport=InProcessTransport(portal))

    def __call__(self, method: str, **params: Any) -> Any:
        body = self._client.post(f"https://sandbox.local/rest/1/{SECRET}/{method}", json=params).json()
        assert "result" in body, body
        return body["result"]

    def items(self, type_id: int) -> list[dict[str, Any]]:
        """Every record of a kind, whole, by id."""
        found: list[dict[str, Any]] = []
        while True:
            page = self(
                "crm.item.list",
                entityTypeId=type_id,
                filter={">id": found[-1]["id"] if found else 0},
                order={"id": "ASC"},
                start=-1,
            )["items"]
            found += page
            if len(page) < 50:
                return found


@pytest.fixture
def portal() -> Iterator[Sandbox]:
    made = new_portal(clock=PlayedClock())
    yield made
    made.close()


@pytest.fixture(scope="module")
def original() -> Iterator[Sandbox]:
    """A sales office with one smart process, as a portal to take a snapshot of."""
    made = new_portal(clock=PlayedClock())
    SEEDS["realty"](made, 0.01, 3)
    rest = Rest(made)
    process = rest(
        "crm.type.add",
        fields={
            "title": "Обращение",
            "isStagesEnabled": "Y",
            "isClientEnabled": "Y",
            "isCategoriesEnabled": "Y",
        },
    )["type"]
    for number in range(3):
        rest(
            "crm.item.add",
            entityTypeId=process["entityTypeId"],
            fields={"title": f"Обращение {number}", "contactIds": [5, 6], "xmlId": f"call:{number}"},
        )
    yield made
    made.close()


def definitions(rest: Rest, type_id: int) -> dict[str, Any]:
    fields: dict[str, Any] = rest("crm.item.fields", entityTypeId=type_id)["fields"]
    return {name: each for name, each in fields.items() if name != "fm"}


def snapshot_of(portal: Sandbox, folder: Path, *, leave_out: tuple[str, ...] = ()) -> Path:
    """The whole portal as a snapshot folder, in the toolkit's own format."""
    rest = Rest(portal)
    process = portal.store.value("SELECT ENTITY_TYPE_ID FROM dynamic_type")
    kinds = {"company": 4, "contact": 3, "deal": 2, f"item:{process}": process}
    records: dict[str, Any] = {name: rest.items(type_id) for name, type_id in kinds.items()}
    defined = {name: definitions(rest, type_id) for name, type_id in kinds.items()}
    records["user"] = [
        row for start in (0, 50) for row in rest("user.get", start=start, sort="ID", order="ASC")
    ]
    records["department"] = rest("department.get")
    records["status"] = rest("crm.status.list")
    records["category:2"] = rest("crm.category.list", entityTypeId=2)["categories"]
    records[f"category:{process}"] = rest("crm.category.list", entityTypeId=process)["categories"]
    records["type"] = rest("crm.type.list")["types"]
    for name in leave_out:
        records = {each: rows for each, rows in records.items() if each.partition(":")[0] != name}
        defined = {each: fields for each, fields in defined.items() if name != "definitions"}
    write_snapshot(records, folder, definitions=defined, moment=datetime(2026, 1, 1, tzinfo=UTC))
    return folder


def restored(folder: Path) -> Sandbox:
    made = new_portal(clock=PlayedClock())
    load_snapshot(made, folder)
    return made


# -- many records --------------------------------------------------------------------------------------


def test_loaded_records_are_what_rest_shows(portal: Sandbox) -> None:
    rows = (
        {
            "NAME": f"Анна {at}",
            "CREATED_TIME": 1_700_000_000 + at,
            "fm": [("PHONE", "MOBILE", f"+7916000{at:04d}"), ("EMAIL", "WORK", f"a{at}@example.ru")],
        }
        for at in range(3)
    )
    assert load_records(portal, 3, rows) == 3
    load_records(portal, 2, [{"TITLE": "Квартира", "contacts": [2, 1], "STAGE_ID": "NEW"}])

    rest = Rest(portal)
    contact = rest("crm.item.get", entityTypeId=3, id=2)["item"]
    deal = rest("crm.item.get", entityTypeId=2, id=1)["item"]

    assert (contact["name"], contact["hasPhone"], contact["phoneMobile"]) == ("Анна 1", "Y", "+79160000001")
    assert contact["createdTime"] == "2023-11-15T01:13:21+03:00"
    assert contact["opened"] == "Y"
    assert (deal["contactIds"], deal["contactId"]) == ([2, 1], 2)


def test_a_loaded_record_can_be_changed_and_the_next_gets_a_new_id(portal: Sandbox) -> None:
    load_records(portal, 3, [{"ID": 700, "NAME": "Анна"}])
    rest = Rest(portal)

    rest("crm.item.update", entityTypeId=3, id=700, fields={"lastName": "Белова"})
    added = rest("crm.item.add", entityTypeId=3, fields={"name": "Борис"})["item"]

    assert rest("crm.item.get", entityTypeId=3, id=700)["item"]["lastName"] == "Белова"
    assert added["id"] == 701


def test_a_load_that_fails_leaves_nothing_behind(portal: Sandbox) -> None:
    rows: list[dict[str, Any]] = [{"NAME": "Анна"}, {"NAME": "Борис", "PHONE": "1"}]

    with pytest.raises(LookupError, match="PHONE"):
        load_records(portal, 3, rows)

    assert portal.store.value("SELECT COUNT(*) FROM crm_3") == 0


def test_an_unknown_entity_type_is_refused(portal: Sandbox) -> None:
    with pytest.raises(LookupError, match="177"):
        load_records(portal, 177, [])


# -- snapshots -----------------------------------------------------------------------------------------


def test_a_restored_portal_answers_as_the_original_did(original: Sandbox, tmp_path: Path) -> None:
    copy = restored(snapshot_of(original, tmp_path / "before"))
    before, after = Rest(original), Rest(copy)
    process = original.store.value("SELECT ENTITY_TYPE_ID FROM dynamic_type")

    for type_id in (2, 3, 4, process):
        expected, found = before.items(type_id), after.items(type_id)
        assert len(found) == len(expected) > 0
        for was, is_ in zip(expected, found, strict=True):
            assert _unsigned(is_) == _unsigned(was)
        assert definitions(after, type_id) == definitions(before, type_id)
    assert after("crm.category.list", entityTypeId=2) == before("crm.category.list", entityTypeId=2)
    assert after("user.get", sort="ID", order="ASC") == before("user.get", sort="ID", order="ASC")
    assert after("department.get") == before("department.get")


def _unsigned(record: dict[str, Any]) -> dict[str, Any]:
    """Without the signatures of file links, which belong to one portal and moment."""
    return {name: value for name, value in record.items() if "urlMachine" not in json.dumps(value)}


def test_a_restored_portal_can_be_worked_on(original: Sandbox, tmp_path: Path) -> None:
    copy = restored(snapshot_of(original, tmp_path / "before", leave_out=("status", "category")))
    rest = Rest(copy)
    deals = rest.items(2)

    for deal in deals[:40]:
        changed = rest("crm.item.update", entityTypeId=2, id=deal["id"], fields={"assignedById": 1})["item"]
        assert changed["assignedById"] == 1
        assert (changed["stageId"], changed["categoryId"]) == (deal["stageId"], deal["categoryId"])
        assert changed["movedTime"] == deal["movedTime"]


def test_phones_keep_their_row_ids(original: Sandbox, tmp_path: Path) -> None:
    copy = restored(snapshot_of(original, tmp_path / "before"))
    sql = "SELECT ID, ENTITY_TYPE_ID, ELEMENT_ID, TYPE_ID, VALUE_TYPE, VALUE FROM multifield ORDER BY ID"

    assert [tuple(row) for row in copy.store.rows(sql)] == [tuple(row) for row in original.store.rows(sql)]


def test_activities_calls_and_requisites_come_back(tmp_path: Path) -> None:
    original = new_portal(clock=PlayedClock())
    SEEDS["developer"](original, 0.001, 1)
    before = Rest(original)
    company = before("crm.item.add", entityTypeId=4, fields={"title": "Заря"})["item"]["id"]
    owner = {"ENTITY_TYPE_ID": 4, "ENTITY_ID": company, "PRESET_ID": 1}
    requisite = before("crm.requisite.add", fields={**owner, "NAME": "Заря", "RQ_INN": "7707083893"})
    before(
        "crm.requisite.bankdetail.add", fields={"ENTITY_ID": requisite, "NAME": "Счёт", "RQ_BIK": "044525225"}
    )

    def asked(rest: Rest) -> dict[str, Any]:
        whole = ["*", "COMMUNICATIONS"]
        return {
            "activity": rest("crm.activity.list", select=whole, order={"ID": "ASC"}),
            "call": rest("voximplant.statistic.get", SORT="ID", ORDER="ASC"),
            "requisite": rest("crm.requisite.list"),
            "bankdetail": rest("crm.requisite.bankdetail.list"),
            "contact": rest.items(3),
            "company": rest.items(4),
        }

    expected = asked(before)
    write_snapshot(expected, tmp_path / "before", moment=datetime(2026, 1, 1, tzinfo=UTC))
    copy = restored(tmp_path / "before")

    assert asked(Rest(copy)) == expected
    assert expected["requisite"]
    first = expected["activity"][0]
    bound = Rest(copy)("crm.activity.binding.list", activityId=int(first["ID"]))
    assert {"entityTypeId": 3, "entityId": int(first["OWNER_ID"])} in bound


def test_a_smart_process_is_guessed_when_the_snapshot_holds_only_its_records(
    original: Sandbox, tmp_path: Path
) -> None:
    copy = restored(snapshot_of(original, tmp_path / "before", leave_out=("type",)))
    process = original.store.value("SELECT ENTITY_TYPE_ID FROM dynamic_type")

    assert [each["xmlId"] for each in Rest(copy).items(process)] == ["call:0", "call:1", "call:2"]


def test_fields_nobody_defined_are_kept_with_a_guessed_type(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": at, "title": f"Сделка {at}", "stageId": "NEW", "categoryId": 0} for at in range(1, 1503)
    ]
    rows[0] |= {
        "ufCrm_1747309879": "текст",
        "ufCrm_AREA": 41.5,
        "ufCrm_TAGS": ["а", "б"],
        "ufCrm_SINCE": "2026-01-05T03:00:00+03:00",
        "ufCrm_SEEN": "2026-01-05T14:30:00+03:00",
        "opportunityAccount": 100,
        "parentId177": 5,
    }
    rows[1500] |= {"ufCrm_LATE": [3, 4]}
    write_snapshot({"deal": rows}, tmp_path / "before", definitions={"deal": {}})
    _without_guesses(tmp_path / "before")

    portal = new_portal(clock=PlayedClock())
    made = load_snapshot(portal, tmp_path / "before")
    rest = Rest(portal)
    first = rest("crm.item.get", entityTypeId=2, id=1)["item"]
    late = rest("crm.item.get", entityTypeId=2, id=1501)["item"]
    fields = definitions(rest, 2)

    assert {name: first[name] for name in rows[0]} == rows[0]
    assert late["ufCrm_LATE"] == [3, 4]
    assert {name: fields[name]["type"] for name in ("ufCrm_AREA", "ufCrm_SINCE", "ufCrm_SEEN")} == {
        "ufCrm_AREA": "double",
        "ufCrm_SINCE": "date",
        "ufCrm_SEEN": "datetime",
    }
    assert "deal.ufCrm_LATE" in made.guessed_fields


def _without_guesses(folder: Path) -> None:
    """Take the field definitions out of a manifest, as a foreign writer might."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry in manifest["entities"].values():
        entry["fields"] = {}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_what_the_sandbox_has_no_place_for_is_named(tmp_path: Path) -> None:
    write_snapshot({"deal": [{"id": 1, "title": "А"}]}, tmp_path / "before")
    manifest_path = tmp_path / "before" / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    manifest["entities"]["moonphase"] = {**manifest["entities"]["deal"], "name": "moonphase"}
    manifest_path.write_text(json.dumps(manifest))

    made = load_snapshot(new_portal(clock=PlayedClock()), tmp_path / "before")

    assert made.left_out == ["moonphase"]
    assert made.counts["deal"] == 1


def test_the_portals_zone_comes_with_the_snapshot(tmp_path: Path) -> None:
    rows = [{"id": 1, "title": "А", "createdTime": "2026-01-05T14:30:00+07:00"}]
    write_snapshot({"deal": rows}, tmp_path / "before", offset_s=7 * 3600)

    deal = Rest(restored(tmp_path / "before"))("crm.item.get", entityTypeId=2, id=1)["item"]

    assert deal["createdTime"] == "2026-01-05T14:30:00+07:00"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "no readable manifest"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "another program"),
        (
            lambda folder: (folder / "manifest.json").write_text(
                '{"format": "b24kit-snapshot", "version": 9}'
            ),
            "9",
        ),
        (lambda folder: (folder / "deal.parquet").unlink(), "lost deal.parquet"),
    ],
)
def test_a_damaged_folder_is_refused_with_a_reason(tmp_path: Path, spoil: Any, words: str) -> None:
    folder = tmp_path / "before"
    write_snapshot({"deal": [{"id": 1, "title": "А"}]}, folder)
    spoil(folder)

    with pytest.raises(SnapshotFormatError, match=words):
        load_snapshot(new_portal(clock=PlayedClock()), folder)


# -- states --------------------------------------------------------------------------------------------


def test_a_saved_state_comes_back_whole(original: Sandbox, tmp_path: Path) -> None:
    save_state(original, tmp_path / "kept.sqlite")
    other = new_portal(clock=PlayedClock())
    load_records(other, 3, [{"NAME": "Лишний"}])

    load_state(other, tmp_path / "kept.sqlite")

    expected, found = Rest(original).items(3), Rest(other).items(3)
    assert [_unsigned(each) for each in found] == [_unsigned(each) for each in expected]
    assert (tmp_path / "kept.sqlite").stat().st_mode & 0o077 == 0
    assert SECRET.encode() not in (tmp_path / "kept.sqlite").read_bytes()


def test_a_portal_in_a_file_takes_a_saved_state_and_keeps_it(original: Sandbox, tmp_path: Path) -> None:
    save_state(original, tmp_path / "kept.sqlite")
    live = new_portal(data=tmp_path / "live.sqlite", clock=PlayedClock())
    load_state(live, tmp_path / "kept.sqlite")
    live.close()

    again = new_portal(data=tmp_path / "live.sqlite", clock=PlayedClock())

    assert len(Rest(again).items(2)) == len(Rest(original).items(2))


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_what_is_no_state_is_refused_and_nothing_changes(
    portal: Sandbox, tmp_path: Path, content: bytes
) -> None:
    load_records(portal, 3, [{"NAME": "Анна"}])
    (tmp_path / "state").write_bytes(content)

    with pytest.raises(StateError):
        load_state(portal, tmp_path / "state")
    with pytest.raises(StateError, match="does not exist"):
        load_state(portal, tmp_path / "nowhere")
    assert len(Rest(portal).items(3)) == 1


def test_reset_brings_the_factory_back_and_keeps_the_webhook(portal: Sandbox) -> None:
    rest = Rest(portal)
    SEEDS["realty"](portal, 0.002, 1)
    rest("crm.type.add", fields={"title": "Обращение"})

    reset(portal)

    assert rest.items(3) == []
    assert len(rest("user.get")) == 1
    assert rest("crm.type.list")["types"] == []
    assert rest("crm.item.add", entityTypeId=3, fields={"name": "Анна"})["item"]["id"] == 1
    assert not [name for name in definitions(rest, 3) if name.startswith("ufCrm")]
