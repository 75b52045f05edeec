"""Snapshots taken through the real client from a sandbox portal: what the fakes cannot prove."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from toolkit.client import Command, Portal, SimulatedClock
from toolkit.records import Wanted, compare, multifields, take_snapshot
from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.settings import Settings

SECRET = "s3cretwebhook0key"
WANTED = [
    Wanted("deal", ["title", "assignedById", "contactIds", "opportunity", "stageId", "begindate"]),
    Wanted("contact", ["name", "assignedById", "fm", "birthdate"]),
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    made = new_portal(clock=PlayedClock())
    made.access.add_webhook(1, SECRET)
    yield made
    made.close()


@pytest.fixture
def connect(sandbox: Sandbox) -> Callable[..., Portal]:
    def make(user: int = 1, secret: str = SECRET) -> Portal:
        settings = Settings(webhook=f"https://sandbox.local/rest/{user}/{secret}/")
        return Portal.connect(settings, clock=SimulatedClock(0.0), transport=InProcessTransport(sandbox))

    return make


@pytest.fixture
def portal(connect: Callable[..., Portal]) -> Portal:
    portal = connect()
    for number in range(1, 131):
        phone = {"typeId": "PHONE", "valueType": "WORK", "value": f"+7900{number:07}"}
        add(portal, 3, name=f"Клиент {number}", fm=[phone] if number % 3 else [], birthdate="2000-05-01")
    for number in range(1, 4):
        add(portal, 2, title=f"Сделка {number}", contactIds=[number, number + 10], opportunity=99.9)
    return portal


def add(portal: Portal, entity_type_id: int, **fields: Any) -> int:
    item = portal.call("crm.item.add", {"entityTypeId": entity_type_id, "fields": fields})["item"]
    return int(item["id"])


def test_everything_comes_home_typed_and_in_few_requests(portal: Portal, tmp_path: Path) -> None:
    sent = portal.requests_sent
    taken = take_snapshot(portal, WANTED, tmp_path / "s", clock=SimulatedClock(0.0))

    assert portal.requests_sent - sent <= 1 + 2 * 3
    deals = taken.table("deal")
    assert deals["opportunity"].tolist() == [99.9] * 3
    assert [list(each) for each in deals["contactIds"]] == [[1, 11], [2, 12], [3, 13]]
    contacts = taken.table("contact")
    assert len(contacts) == 130
    assert set(contacts["birthdate"].dt.strftime("%Y-%m-%d")) == {"2000-05-01"}
    assert contacts["assignedById"].unique().tolist() == [1]
    assert len(multifields(contacts)) == sum(1 for number in range(1, 131) if number % 3)


def test_everything_of_an_entity_can_be_wanted(portal: Portal, tmp_path: Path) -> None:
    taken = take_snapshot(portal, [Wanted("contact")], tmp_path / "s", clock=SimulatedClock(0.0))
    defined = portal.call("crm.item.fields", {"entityTypeId": 3})["fields"]
    assert set(defined) <= set(taken.columns("contact"))
    assert taken.manifest.entities["contact"].unread == {}


def test_only_the_contacts_of_the_deals_are_read(portal: Portal, tmp_path: Path) -> None:
    wanted = [WANTED[0], Wanted("contact", ["name"], linked_from=(("deal", "contactIds"),))]
    taken = take_snapshot(portal, wanted, tmp_path / "s", clock=SimulatedClock(0.0))
    assert taken.table("contact")["id"].tolist() == [1, 2, 3, 11, 12, 13]
    assert taken.manifest.entities["contact"].ids == 6


def test_ids_the_portal_does_not_have_are_simply_missing(portal: Portal, tmp_path: Path) -> None:
    ids = [*range(1, 131, 2), 9999]
    wanted = [Wanted("contact", ["name"], ids=ids)]
    taken = take_snapshot(portal, wanted, tmp_path / "s", clock=SimulatedClock(0.0))
    assert taken.table("contact")["id"].tolist() == ids[:-1]
    assert taken.manifest.entities["contact"].ids == len(ids)


def test_two_snapshots_of_an_untouched_portal_mean_the_same(portal: Portal, tmp_path: Path) -> None:
    whole = [Wanted("deal"), Wanted("contact")]
    before = take_snapshot(portal, whole, tmp_path / "before", clock=SimulatedClock(0.0))
    after = take_snapshot(portal, whole, tmp_path / "after", clock=SimulatedClock(0.0))
    assert compare(before, after, volatile=True).nothing


def test_a_write_is_found_and_nothing_else(portal: Portal, tmp_path: Path) -> None:
    whole = [Wanted("deal"), Wanted("contact")]
    before = take_snapshot(portal, whole, tmp_path / "before", clock=SimulatedClock(0.0))
    change = {"entityTypeId": 3, "id": 7, "fields": {"name": "Иное"}}
    portal.call("crm.item.update", change)
    gone = portal.send([Command("crm.item.delete", {"entityTypeId": 3, "id": 130})])
    assert gone[0].state == "done"
    after = take_snapshot(portal, whole, tmp_path / "after", clock=SimulatedClock(0.0))

    difference = compare(before, after)

    named = difference.changed.loc[difference.changed["field"] == "name"]
    assert named[["id", "before", "after"]].to_numpy().tolist() == [[7, "Клиент 7", "Иное"]]
    assert set(difference.changed["id"]) == {7}
    assert difference.removed["id"].tolist() == [130]


def test_a_clerks_snapshot_says_that_it_is_a_clerks(
    portal: Portal, connect: Callable[..., Portal], sandbox: Sandbox, tmp_path: Path
) -> None:
    clerk = sandbox.store.insert("user", {"NAME": "Пётр", "CRM_READ": "A", "CRM_WRITE": "A"})
    weak = connect(clerk, sandbox.access.add_webhook(clerk))
    taken = take_snapshot(weak, [Wanted("contact", ["name"])], tmp_path / "s", clock=SimulatedClock(0.0))
    assert (taken.manifest.reader_id, taken.manifest.reader_is_admin) == (clerk, False)
    assert taken.count("contact") < 130


def test_the_webhook_is_in_no_file(portal: Portal, tmp_path: Path) -> None:
    folder = take_snapshot(portal, WANTED, tmp_path / "s", clock=SimulatedClock(0.0)).folder
    assert all(SECRET.encode() not in file.read_bytes() for file in folder.iterdir())
