"""Appeals from the command line, over HTTP: set up, made, made again, attached, and all of it taken back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_cli import Town
from toolkit.client import Portal, SystemClock
from toolkit.records import Snapshot, Wanted, compare, take_snapshot
from toolkit.sandbox.clock import WallClock
from toolkit.sandbox.doors.http import serve
from toolkit.settings import Settings

from .conftest import Firm, make_firm

POLICY = """
operations: [provision_appeals, backfill_appeals, attach_calls, undo]
kinds: [create, update, bind, delete, merge, notify]
max_changes: 5000
max_share: 1.0
must_rehearse: false
"""
ENTITIES = ("type", "call", "contact", "company", "deal", "item:177")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    firm = make_firm(tmp_path / "firm", 0.002)
    firm.sandbox.clock = WallClock()
    (tmp_path / "policy.yaml").write_text(POLICY)
    with serve(firm.sandbox) as server:
        yield Town(firm, server.url, tmp_path)  # type: ignore[arg-type]  # a firm has what a world has


def firm_of(town: Town) -> Firm:
    firm: Firm = town.world  # type: ignore[assignment]  # as above
    return firm


def say(town: Town, *words: str) -> str:
    code, said = town.b24kit(*words, "--policy", str(town.home / "policy.yaml"))
    assert code == 0, said
    return said


def snapshot(town: Town, name: str) -> Snapshot:
    settings = Settings.load(
        env_file=None, webhook=town.env["B24_WEBHOOK"], state_dir=town.home / "state", plan="box"
    )
    wanted = [
        *(Wanted(each) for each in ENTITIES),
        Wanted("activity", ["ID", "SUBJECT", "OWNER_ID", "OWNER_TYPE_ID"]),
    ]
    with Portal.connect(settings) as portal:
        return take_snapshot(portal, wanted, town.home / name, clock=SystemClock())


def runs_of(town: Town, operation: str) -> list[str]:
    return sorted(path.name for path in (town.home / "snapshots").glob(f"*/*-{operation}-*") if path.is_dir())


def test_six_years_of_calls_and_todays_become_appeals_and_go_again(town: Town) -> None:
    firm = firm_of(town)
    before, links = snapshot(town, "before"), firm.links()

    say(town, "run", "provision_appeals", "--no-rehearse")
    made = firm.sandbox.store.value("SELECT MAX(ENTITY_TYPE_ID) FROM dynamic_type")
    appeals = ("-p", f"appeals={made}")
    said = say(town, "run", "backfill_appeals", *appeals, "--no-rehearse")
    count = firm.sandbox.store.value(f"SELECT COUNT(*) FROM crm_{made}")
    assert count > 50
    assert "Certificate: clean" in said
    assert "Nothing to do." in say(town, "run", "backfill_appeals", *appeals, "--no-rehearse")
    assert firm.sandbox.store.value(f"SELECT COUNT(*) FROM crm_{made}") == count

    watching = ("run", "attach_calls", *appeals, "--watch", "--once")
    say(town, *watching)
    contact = firm.sandbox.store.value("SELECT MIN(ID) FROM crm_3")
    line = firm.sandbox.store.insert(
        "call_statistic",
        {
            "CALL_ID": "today",
            "CALL_TYPE": 2,
            "CALL_START_DATE": int(time.time()) - 60,
            "CALL_DURATION": 30,
            "CALL_FAILED_CODE": "200",
            "PORTAL_USER_ID": 1,
            "CRM_ENTITY_TYPE": "CONTACT",
            "CRM_ENTITY_ID": contact,
        },
    )
    fields = {"title": "By hand", "contactIds": [contact]}
    with Portal.connect(
        Settings.load(env_file=None, webhook=town.env["B24_WEBHOOK"], state_dir=town.home)
    ) as portal:
        by_hand = portal.call("crm.item.add", {"entityTypeId": made, "fields": fields})["item"]["id"]
        say(town, *watching)
        held = portal.call("crm.item.get", {"entityTypeId": made, "id": by_hand})["item"]
        assert [cell for name, cell in held.items() if name.endswith("Calls")] == [["today"]]
        assert "In step; nothing to do." in say(town, *watching)

        say(town, "undo", runs_of(town, "attach_calls")[-1])
        portal.call("crm.item.delete", {"entityTypeId": made, "id": by_hand})
    firm.sandbox.store.db.execute("DELETE FROM call_statistic WHERE ID = ?", [line])
    say(town, "undo", runs_of(town, "backfill_appeals")[0])
    assert firm.sandbox.store.value(f"SELECT COUNT(*) FROM crm_{made}") == 0
    say(town, "undo", runs_of(town, "provision_appeals")[0])

    difference = compare(before, snapshot(town, "after"))
    assert difference.added.empty
    assert difference.removed.empty
    assert difference.changed.empty, difference.changed
    assert firm.links() == links
