"""Everyday mode from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.spool.broker import Broker
from tests.test_cli import Town, town

__all__ = ["town"]  # a fixture, used by name

POLICY = """
operations: [reassign_by_table]
kinds: [update]
max_changes: 500
max_share: 1.0
must_rehearse: false
canary: 0
"""


def test_a_folder_watched_listed_retried_and_dropped(town: Town) -> None:
    before = town.world.owners()
    to = before[1] % 5 + 1
    (town.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (town.home / "in").mkdir()
    text = f"from;to;id\n{before[1]};{to};1\n{before[2]};999;2\n"
    (town.home / "in" / "a.csv").write_text(text, encoding="utf-8")
    words = (
        *("spool", "watch", "reassign_by_table", "--rows-as", "table", "--folder", str(town.home / "in")),
        *("--policy", str(town.home / "policy.yaml"), "--once", "--settle", "0", "--no-rehearse"),
    )

    code, said = town.b24kit(*words)

    assert code == 3, said
    assert "Handed over: 1; put aside: 1; waiting: 0." in said
    assert town.world.owners() == {**before, 1: to}
    listed = json.loads(town.b24kit("spool", "list", "reassign_by_table", "--json")[1])
    assert listed["counts"] == {"waiting": 0, "taken": 0, "done": 1, "dead": 1}
    assert "999" in listed["messages"][0]["reason"]
    assert "Waiting again: 1" in town.b24kit("spool", "retry", "reassign_by_table")[1]
    assert town.b24kit(*words)[0] == 3
    assert "Dropped: 1" in town.b24kit("spool", "drop", "reassign_by_table")[1]
    assert town.b24kit("spool", "list", "reassign_by_table", "--state", "odd")[0] == 2


def test_a_queue_published_to_watched_and_what_is_held_refused(
    town: Town, broker: Broker, tmp_path: Path
) -> None:
    before = town.world.owners()
    narrow = POLICY.replace("max_changes: 500", "max_changes: 1")
    (town.home / "policy.yaml").write_text(narrow, encoding="utf-8")
    queue = town.home / "queue.yaml"
    queue.write_text("name: centre\nqueue: from-the-centre\naddress_from: CENTRE_QUEUE\n", encoding="utf-8")
    address = broker.queue("from-the-centre").address.get_secret_value()
    rows = [f"{before[each]};{before[each] % 5 + 1};{each}" for each in (1, 2, 3)]
    (town.home / "one.csv").write_text(f"from;to;id\n{rows[0]}\n", encoding="utf-8")
    (town.home / "two.csv").write_text(f"from;to;id\n{rows[1]}\n{rows[2]}\n", encoding="utf-8")
    watch = (
        *("spool", "watch", "reassign_by_table", "--rows-as", "table", "--queue", str(queue), "--once"),
        *("--policy", str(town.home / "policy.yaml"), "--no-rehearse"),
    )

    def b24kit(*words: str) -> tuple[int, str]:
        return town.b24kit(*words, CENTRE_QUEUE=address)

    assert town.b24kit(*watch)[0] == 2  # the address is not set
    assert "Sent and confirmed: 0" in b24kit("spool", "publish", "--queue", str(queue))[1]
    for _ in range(2):
        code, said = b24kit("spool", "publish", str(town.home / "one.csv"), "--queue", str(queue))
        assert (code, "Sent and confirmed: 1" in said) == (0, True), said
    code, said = b24kit(*watch)
    assert (code, "Taken in: 1 new, 1 known" in said) == (0, True), said
    assert town.world.owners() == {**before, 1: before[1] % 5 + 1}

    b24kit("spool", "publish", str(town.home / "two.csv"), "--queue", str(queue), "--id", "id")
    code, said = b24kit(*watch)
    assert (code, "Held: " in said, "b24kit apply" in said) == (5, True, True), said
    held = json.loads(b24kit("spool", "list", "reassign_by_table", "--json")[1])["held"]
    assert "Put aside: 2" in b24kit("spool", "refuse", "reassign_by_table", held[0]["run"])[1]
    assert b24kit(*watch)[0] == 0
    assert "Forgotten: 1" in b24kit("spool", "prune", "reassign_by_table", "--days", "0")[1]
    assert town.world.owners() == {**before, 1: before[1] % 5 + 1}


def test_several_spools_of_an_operation_are_told_apart(town: Town) -> None:
    (town.home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (town.home / "in").mkdir()
    for label in ("one", "two"):
        code, said = town.b24kit(
            *("spool", "watch", "reassign_by_table", "--rows-as", "table", "--folder", str(town.home / "in")),
            *("--policy", str(town.home / "policy.yaml"), "--once", "--label", label),
        )
        assert code == 0, said
    code, said = town.b24kit("spool", "list", "reassign_by_table")
    assert (code, "one, two" in said) == (2, True), said
    assert town.b24kit("spool", "list", "reassign_by_table", "--label", "two")[0] == 0
    assert town.b24kit("spool", "list", "reassign_by_table", "--label", "../two")[0] == 2


MAPPING = """
system: cc
kind: requests
columns: {Номер заявки: id, Когда: at, Клиент: name, Тел.: phone, О чём: topic}
"""
TOPICS = "topic;pipeline;responsible\n*;0;1\n"
LOADING = POLICY.replace("[reassign_by_table]", "[load_contact_centre]").replace(
    "[update]", "[create, update]"
)


def test_a_contact_centre_watched_by_its_mapping(town: Town) -> None:
    for name, text in (("policy.yaml", LOADING), ("map.yaml", MAPPING), ("topics.csv", TOPICS)):
        (town.home / name).write_text(text, encoding="utf-8")
    (town.home / "in").mkdir()
    rows = "1;01.05.2026 10:00;Кречетов Пётр;+7 999 100-00-01;Счёт\n2;вчера;Дроздов;+7 999 100-00-02;Счёт\n"
    (town.home / "in" / "a.csv").write_text(f"Номер заявки;Когда;Клиент;Тел.;О чём\n{rows}", encoding="utf-8")
    words = (
        *(
            "contact-centre",
            "watch",
            "--folder",
            str(town.home / "in"),
            "--mapping",
            str(town.home / "map.yaml"),
        ),
        *("--topics", str(town.home / "topics.csv"), "--policy", str(town.home / "policy.yaml")),
        *("--once", "--settle", "0", "--no-rehearse"),
    )

    code, said = town.b24kit(*words)

    assert (code, "Handed over: 1; put aside: 1; waiting: 0." in said) == (3, True), said
    made = "SELECT TITLE FROM crm_2 WHERE ORIGIN_ID = 'cc:cc:request:1'"
    assert [row["TITLE"] for row in town.world.sandbox.store.rows(made)] == ["Счёт"]
    (dead,) = json.loads(town.b24kit("spool", "list", "load_contact_centre", "--json")[1])["messages"]
    assert "вчера" in dead["reason"]
    assert town.b24kit(*words)[0] == 0
    assert len(town.world.sandbox.store.rows(made)) == 1
