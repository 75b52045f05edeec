"""Messages of channels on a small portal with a published directory: filtered, routed, created, exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.routing.desk import Desk, rule
from toolkit import workflow
from toolkit.runs import Run

RULES = [rule("Брак", 2), rule("Доставка", 3)]


def message(number: str, **cells: Any) -> dict[str, Any]:
    return {
        "id": number,
        "at": "2026-05-01T10:00:00+03:00",
        "topic": "Брак",
        "text": f"Текст {number}",
        **cells,
    }


def opened(home: Path) -> Desk:
    desk = Desk.opened(home)
    with workflow.connect(desk.work) as portal:
        labels = {"ru": "Тема", "en": "Topic"}
        field = {
            "FIELD_NAME": "TOPIC",
            "USER_TYPE_ID": "string",
            "EDIT_FORM_LABEL": labels,
            "LIST_COLUMN_LABEL": labels,
        }
        portal.call("crm.deal.userfield.add", {"fields": field})
    desk.publish(RULES)
    return desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return opened(tmp_path)


def ingest(desk: Desk, rows: list[dict[str, Any]], channel: str = "vk", **given: Any) -> Run:
    given = {"channel": channel, "rows": rows, **given}
    return workflow.plan(desk.work, "ingest_appeals", workflow.reroute_parameters(desk.work, given))


def deals(desk: Desk) -> list[dict[str, Any]]:
    rows = desk.world.sandbox.store.rows("SELECT * FROM crm_2 WHERE ORIGIN_ID LIKE 'ch:%' ORDER BY ID")
    return [dict(row) for row in rows]


def test_messages_become_appeals_where_the_directory_puts_them_and_only_once(desk: Desk) -> None:
    rows = [message("1_1", author="Инна (id7)"), message("1_2", topic="Доставка")]

    run = ingest(desk, rows)
    assert workflow.rehearse(desk.work, run).clean
    desk.carry_out(run)

    made = deals(desk)
    assert [(each["ORIGIN_ID"], each["ASSIGNED_BY_ID"], each["UF_CRM_TOPIC"]) for each in made] == [
        ("ch:vk:1_1", 2, "Брак"),
        ("ch:vk:1_2", 3, "Доставка"),
    ]
    assert made[0]["COMMENTS"].startswith("Текст 1_1")
    assert "Автор: Инна (id7)" in made[0]["COMMENTS"]
    again = ingest(desk, [*rows, message("1_3")])
    assert again.plan.tally() == {"became an appeal": 1, "taken in before, or stands twice in the file": 2}
    assert again.plan.table["marker"].tolist() == ["ch:vk:1_3"]
    desk.carry_out(workflow.plan_undo(desk.work, run))
    assert deals(desk) == []
