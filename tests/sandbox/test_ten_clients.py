"""Ten clients at once over real HTTP: every write counts once, nobody meets a lock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest

from toolkit.sandbox import Sandbox, new_portal
from toolkit.sandbox.doors.http import Server, serve

CLIENTS = 10
ROUNDS = 25
SECRET = "s3cr3t"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Sandbox, Server]]:
    """A portal that keeps its state in a file, as one of a long rehearsal does."""
    portal = new_portal(data=tmp_path / "portal.sqlite")
    portal.access.add_webhook(1, SECRET)
    with serve(portal) as server:
        yield portal, server
    portal.close()


def work(url: str, number: int, deal: int, task: int, start: Barrier) -> list[int]:
    """One client's rounds: add, link to the shared deal, change its own card and read it back, batch.

    Returns:
        Ids of the contacts it made.
    """
    dice = random.Random(number)
    made: list[int] = []
    with httpx.Client(base_url=f"{url}/rest/", trust_env=False, timeout=30) as client:

        def ask(method: str, params: dict[str, Any], root: str = "") -> Any:
            answer = client.post(f"{root}1/{SECRET}/{method}", json=params)
            assert answer.status_code == 200, answer.text
            return answer.json()["result"]

        start.wait()
        for turn in range(ROUNDS):
            name = f"{number}-{turn}"
            one = ask("crm.item.add", {"entityTypeId": 3, "fields": {"name": name}})["item"]["id"]
            made.append(one)
            assert ask("crm.deal.contact.add", {"id": deal, "fields": {"CONTACT_ID": one}}) is True
            own = dice.choice(made)
            comment = f"{name} {dice.random()}"
            ask("crm.contact.update", {"id": own, "fields": {"COMMENTS": comment}})
            phone = f"fields[PHONE][0][VALUE]=%2B7{number:03}{turn:07}"
            batch = ask(
                "batch",
                {"cmd": {"r": f"crm.contact.get?ID={own}", "w": f"crm.contact.update?ID={one}&{phone}"}},
            )
            assert batch["result"]["r"]["COMMENTS"] == comment  # what one wrote, one reads
            assert batch["result"]["w"] is True
            ask("tasks.task.update", {"id": task, "fields": {"description": name}}, root="api/")
    return made


def test_ten_clients_lose_no_update_and_meet_no_lock(served: tuple[Sandbox, Server]) -> None:
    portal, server = served
    with httpx.Client(base_url=f"{server.url}/rest/1/{SECRET}/", trust_env=False) as client:
        deal = client.post("crm.deal.add", json={"fields": {"TITLE": "общая"}}).json()["result"]
        task = client.post("tasks.task.add", json={"fields": {"TITLE": "общая", "RESPONSIBLE_ID": 1}}).json()
        task_id = int(task["result"]["task"]["id"])
        start = Barrier(CLIENTS)
        with ThreadPoolExecutor(CLIENTS) as pool:
            futures = [
                pool.submit(work, server.url, number, deal, task_id, start) for number in range(CLIENTS)
            ]
            made = [id_ for future in futures for id_ in future.result()]
        linked = client.post("crm.deal.contact.items.get", json={"id": deal}).json()["result"]
        total = client.post("crm.contact.list", json={"filter": {"HAS_PHONE": "Y"}}).json()["total"]

    assert len(set(made)) == CLIENTS * ROUNDS
    assert {row["CONTACT_ID"] for row in linked} == set(made)
    assert total == CLIENTS * ROUNDS
    numbers = portal.store.rows("SELECT VALUE FROM multifield")
    assert len({row["VALUE"] for row in numbers}) == len(numbers) == CLIENTS * ROUNDS
    assert portal.missing == {}
    assert {each.status for each in portal.log} == {200}
    assert len(portal.log) == CLIENTS * ROUNDS * 5 + 4
