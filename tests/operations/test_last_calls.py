"""The last calls of clients, loaded into their appeals on the developer's portal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from toolkit.operations import operation
from toolkit.runs import Undo

from .conftest import APPEALS, BY_HAND, Firm


def cards(firm: Firm) -> list[dict[str, Any]]:
    """The appeals as the portal answers them."""
    pages = firm.portal.list("crm.item.list", {"entityTypeId": 177, "select": ["*"]})
    return [card for page in pages for card in page]


def held(firm: Firm) -> dict[int, list[str]]:
    """Appeal to the calls it lists."""
    return {card["id"]: card["ufCrm1Calls"] for card in cards(firm)}


def test_appeals_without_calls_get_the_last_three_of_their_client_and_lose_them_again(firm: Firm) -> None:
    firm.set_up()
    appeals, links = firm.appeals(), firm.links()
    assert not any(held(firm).values())

    run = firm.plan("load_last_calls", **APPEALS)
    counts = firm.carry_out(run)

    assert set(counts) == {"done"}
    assert firm.verify(run).complete
    filled = {appeal: calls for appeal, calls in held(firm).items() if calls}
    assert filled
    assert all(1 <= len(calls) <= 3 for calls in filled.values())
    given = [call for calls in filled.values() for call in calls]
    assert len(given) == len(set(given))
    assert len(firm.links()) > len(links)
    assert len(firm.plan("load_last_calls", **APPEALS).plan) == 0

    undo = firm.undo(run)
    assert set(firm.carry_out(undo)) == {"done"}
    assert firm.verify(undo, Undo.of(run)).complete
    assert firm.appeals() == appeals
    assert firm.links() == links


def test_calls_of_the_appeal_came_before_it_and_from_its_client(firm: Firm) -> None:
    firm.set_up()
    firm.carry_out(firm.plan("load_last_calls", **APPEALS))

    statistics = {row["CALL_ID"]: row for row in firm.sandbox.store.rows("SELECT * FROM call_statistic")}
    contacts = {row["ID"] for row in firm.sandbox.store.rows("SELECT ID FROM crm_3")}
    seen = 0
    for card in cards(firm):
        made = datetime.fromisoformat(card["createdTime"]).timestamp()
        for call in card["ufCrm1Calls"]:
            line = statistics.get(call)
            if line is not None:
                assert line["CALL_START_DATE"] <= made
            if (
                line is not None
                and line["CRM_ENTITY_TYPE"] == "CONTACT"
                and line["CRM_ENTITY_ID"] in contacts
            ):
                assert line["CRM_ENTITY_ID"] in card["contactIds"]
                seen += 1
    assert seen


def test_the_parameters_keep_their_names() -> None:
    params = operation("load_last_calls").parameters({**APPEALS, "last": 5, "until": "now"})

    assert params.fields == BY_HAND
    assert (params.last, params.until, params.shared) == (5, "now", False)
