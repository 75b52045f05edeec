"""The everyday pass: calls that end go to the appeals made after them, and quiet days cost next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.test_workflow import workspace
from toolkit import workflow
from toolkit.runs import Policy
from toolkit.workflow import Workspace

from .conftest import APPEALS, Firm, make_firm

GIVEN = {**APPEALS, "since": "2026-05-25T00:00:00+03:00"}
POLICY = Policy.model_validate(
    {
        "operations": ["attach_calls"],
        "kinds": ["update", "bind"],
        "max_changes": 500,
        "max_share": 1,
        "must_rehearse": False,
    }
)


@pytest.fixture
def office(tmp_path: Path) -> Firm:
    firm = make_firm(tmp_path, 0.002)
    firm.set_up()
    return firm


@pytest.fixture
def work(office: Firm, tmp_path: Path) -> Workspace:
    return workspace(office, tmp_path / "work")  # type: ignore[arg-type]  # a firm has what a world has


def look(work: Workspace) -> Any:
    return workflow.keep_in_step(work, "attach_calls", GIVEN, POLICY)


def requests_of(firm: Firm, action: Callable[[], Any]) -> int:
    before = len(firm.sandbox.log)
    action()
    return len(firm.sandbox.log) - before


def ring(firm: Firm, call: str, contact: int, talked_s: int = 60) -> int:
    """A client calls now; the line of the statistics appears when it is over."""
    start = int(firm.clock.now())
    firm.clock.sleep(talked_s)
    columns = {"CALL_ID": call, "CALL_TYPE": 2, "CALL_START_DATE": start, "CALL_DURATION": talked_s}
    client = {"CRM_ENTITY_TYPE": "CONTACT", "CRM_ENTITY_ID": contact, "PHONE_NUMBER": "+79031230000"}
    return firm.sandbox.store.insert(
        "call_statistic", {**columns, **client, "CALL_FAILED_CODE": "200", "PORTAL_USER_ID": 1}
    )


def appeal_of(firm: Firm, contact: int) -> int:
    """Somebody makes an appeal for a client by hand."""
    fields = {"title": "By hand", "contactIds": [contact]}
    made = firm.portal.call("crm.item.add", {"entityTypeId": 177, "fields": fields})
    return int(made["item"]["id"])


def calls_of(firm: Firm, appeal: int) -> list[str]:
    found = firm.portal.call("crm.item.get", {"entityTypeId": 177, "id": appeal})
    return list(found["item"]["ufCrm1Calls"])


def test_a_quiet_pass_costs_one_request(office: Firm, work: Workspace) -> None:
    look(work)
    office.clock.sleep(3600)
    look(work)
    office.clock.sleep(3600)

    assert requests_of(office, lambda: look(work)) == 1


def test_a_call_reaches_the_appeal_made_after_it_whichever_is_noticed_first(
    office: Firm, work: Workspace
) -> None:
    look(work)
    office.clock.sleep(3600)
    contact = office.sandbox.store.value("SELECT MIN(ID) FROM crm_3")
    ring(office, "today.1", contact)
    assert look(work) is None
    office.clock.sleep(300)
    appeal = appeal_of(office, contact)
    office.clock.sleep(60)

    passed = look(work)

    assert passed is not None
    run, certificate = passed
    assert certificate.complete
    assert calls_of(office, appeal) == ["today.1"]
    assert run.before.count("call") < office.sandbox.store.value("SELECT COUNT(*) FROM call_statistic")
    office.clock.sleep(3600)
    look(work)
    office.clock.sleep(3600)
    assert requests_of(office, lambda: look(work)) == 1


def test_a_redirected_leg_that_ends_later_joins_its_conversation(office: Firm, work: Workspace) -> None:
    look(work)
    office.clock.sleep(3600)
    contact = office.sandbox.store.value("SELECT MIN(ID) FROM crm_3")
    ring(office, "today.1", contact)
    appeal = appeal_of(office, contact)
    look(work)
    assert calls_of(office, appeal) == ["today.1"]
    line = ring(office, "today.2", contact, talked_s=1800)
    office.sandbox.store.db.execute("UPDATE call_statistic SET CALL_TYPE = 3 WHERE ID = ?", [line])

    look(work)

    assert calls_of(office, appeal) == ["today.1", "today.2"]


def test_more_calls_than_a_page_holds_are_all_seen(office: Firm, work: Workspace) -> None:
    look(work)
    contact = office.sandbox.store.value("SELECT MIN(ID) FROM crm_3")
    for at in range(60):
        ring(office, f"many.{at}", contact, talked_s=1)
    appeal = appeal_of(office, contact)

    look(work)

    assert len(calls_of(office, appeal)) == 60


def test_a_pass_that_is_not_allowed_looks_again_at_the_same_calls(office: Firm, work: Workspace) -> None:
    look(work)
    office.clock.sleep(3600)
    contact = office.sandbox.store.value("SELECT MIN(ID) FROM crm_3")
    ring(office, "today.1", contact)
    appeal = appeal_of(office, contact)
    narrow = POLICY.model_copy(update={"kinds": ["update", "bind"], "operations": ["other"]})
    with pytest.raises(Exception, match="attach_calls"):
        workflow.keep_in_step(work, "attach_calls", GIVEN, narrow)

    look(work)

    assert calls_of(office, appeal) == ["today.1"]
