"""Robots: what a change sets off, what it must not, and rules that cannot be understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.sandbox.subjects.robots import RobotRuleError

Made = Callable[[Sequence[dict[str, Any]]], tuple[Sandbox, Callable[..., Any]]]


@pytest.fixture
def with_robots() -> Iterator[Made]:
    """`with_robots(rules)`: a portal with these robots, and a way to call it."""
    opened: list[Sandbox] = []

    def make(rules: Sequence[dict[str, Any]]) -> tuple[Sandbox, Callable[..., Any]]:
        portal = new_portal(clock=PlayedClock(), robots=rules)
        opened.append(portal)
        secret = portal.access.add_webhook(1)
        client = httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local")

        def call(method: str, **params: Any) -> Any:
            body = client.post(f"/rest/1/{secret}/{method}", json=params).json()
            assert "result" in body, body
            return body["result"]

        return portal, call

    yield make
    for portal in opened:
        portal.close()


HANDED_OVER = {
    "on": "update",
    "entity_type_id": 3,
    "if": {"column": "ASSIGNED_BY_ID"},
    "do": [{"set": {"COMMENTS": "handed over to {ASSIGNED_BY_ID}"}}],
}


def test_a_handed_over_contact_gets_the_comment_of_the_robot(with_robots: Made) -> None:
    portal, call = with_robots([HANDED_OVER])
    portal.store.insert("user", {"ID": 7, "NAME": "Пётр"})
    contact = call("crm.item.add", entityTypeId=3, fields={"name": "Анна"})["item"]["id"]

    untouched = call("crm.item.update", entityTypeId=3, id=contact, fields={"lastName": "И"})["item"]
    touched = call("crm.item.update", entityTypeId=3, id=contact, fields={"assignedById": 7})["item"]

    assert untouched["comments"] is None
    assert touched["comments"] == "handed over to 7"


def test_an_update_that_changes_nothing_sets_off_nothing(with_robots: Made) -> None:
    portal, call = with_robots([HANDED_OVER])
    contact = call("crm.item.add", entityTypeId=3, fields={"name": "Анна"})["item"]["id"]

    call("crm.item.update", entityTypeId=3, id=contact, fields={"assignedById": 1})

    assert not portal.robots.fired


def test_import_sets_off_nothing(with_robots: Made) -> None:
    portal, call = with_robots([{"on": "add", "do": [{"set": {"COMMENTS": "seen"}}]}])

    call("crm.item.import", entityTypeId=3, fields={"name": "Анна"})
    assert not portal.robots.fired

    call("crm.item.add", entityTypeId=3, fields={"name": "Анна"})
    assert [each.action for each in portal.robots.fired] == ["set"]


def test_robots_that_answer_each_other_come_to_an_end(with_robots: Made) -> None:
    said, source = "COMMENTS", "SOURCE_DESCRIPTION"
    flip = {"entity_type_id": 2, "if": {"column": said}, "do": [{"set": {source: "{COMMENTS}!"}}]}
    flop = {"entity_type_id": 2, "if": {"column": source}, "do": [{"set": {said: "{SOURCE_DESCRIPTION}?"}}]}
    portal, call = with_robots([{"name": "flip", **flip}, {"name": "flop", **flop}])
    deal = call("crm.item.add", entityTypeId=2, fields={"title": "D"})["item"]["id"]

    item = call("crm.item.update", entityTypeId=2, id=deal, fields={"comments": "a"})["item"]

    assert (item["comments"], item["sourceDescription"]) == ("a!?", "a!")
    assert sorted(each.rule for each in portal.robots.fired) == ["flip", "flop"]


def test_a_won_deal_plans_an_activity_and_tells_somebody(with_robots: Made) -> None:
    portal, call = with_robots(
        [
            {
                "entity_type_id": 2,
                "if": {"column": "STAGE_ID", "is": "WON"},
                "do": [
                    {"activity": {"subject": "Спасибо за {TITLE}", "deadline_s": 3600}},
                    {"notify": {"message": "Сделка {ID} выиграна"}},
                ],
            }
        ]
    )
    deal = call("crm.item.add", entityTypeId=2, fields={"title": "Дом"})["item"]["id"]

    call("crm.item.update", entityTypeId=2, id=deal, fields={"stageId": "EXECUTING"})
    assert not portal.robots.fired
    call("crm.item.update", entityTypeId=2, id=deal, fields={"stageId": "WON"})

    (todo,) = call("crm.activity.list", filter={"OWNER_TYPE_ID": 2, "OWNER_ID": deal})
    assert todo["SUBJECT"] == "Спасибо за Дом"
    (notice,) = portal.store.find("im_notification")
    assert (notice["USER_ID"], notice["MESSAGE"]) == (1, f"Сделка {deal} выиграна")


def test_a_robot_moves_a_stage_and_its_failure_leaves_the_write_alone(with_robots: Made) -> None:
    portal, call = with_robots(
        [
            {"on": "add", "entity_type_id": 2, "do": [{"stage": "PREPARATION"}, {"stage": "NO_SUCH_STAGE"}]},
            {"on": "add", "entity_type_id": 2, "do": [{"set": {"NO_SUCH_COLUMN": 1}}]},
        ]
    )

    item = call("crm.item.add", entityTypeId=2, fields={"title": "D"})["item"]

    assert call("crm.item.get", entityTypeId=2, id=item["id"])["item"]["stageId"] == "PREPARATION"
    refused = [each.refused for each in portal.robots.fired]
    assert refused[0] == ""
    assert all(refused[1:])


def test_a_robot_may_act_in_its_own_name(with_robots: Made) -> None:
    portal, call = with_robots([{**HANDED_OVER, "as": 9}])
    for id_ in (7, 9):
        portal.store.insert("user", {"ID": id_, "NAME": f"U{id_}"})
    contact = call("crm.item.add", entityTypeId=3, fields={"name": "Анна"})["item"]["id"]

    item = call("crm.item.update", entityTypeId=3, id=contact, fields={"assignedById": 7})["item"]

    assert item["updatedBy"] == 9


@pytest.mark.parametrize(
    "rule",
    [
        {"on": "upsert", "do": [{"stage": "WON"}]},
        {"do": []},
        {"do": [{"email": {}}]},
        {"do": [{"set": {}, "stage": "WON"}]},
        {"iff": {"column": "X"}, "do": [{"stage": "WON"}]},
        {"if": {"colum": "X"}, "do": [{"stage": "WON"}]},
        {"if": {"is": "X"}, "do": [{"stage": "WON"}]},
    ],
)
def test_a_rule_with_a_typo_stops_the_portal_from_starting(rule: dict[str, Any]) -> None:
    with pytest.raises(RobotRuleError):
        new_portal(clock=PlayedClock(), robots=[rule])
