"""Options of applications, workflows and triggers seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, Sandbox

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]
App = Callable[..., dict[str, Any]]


@pytest.fixture
def as_app(portal: Sandbox) -> Iterator[App]:
    """`as_app(method, user=1, **params)`: the envelope of a call by an installed application."""
    client_id, secret = portal.access.add_app()
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as client:

        def send(method: str, /, user: int = 1, **params: Any) -> dict[str, Any]:
            grant = {
                "grant_type": "authorization_code",
                "client_id": client_id,
                "client_secret": secret,
                "code": portal.access.authorize(client_id, user),
            }
            token = portal.access.exchange(grant, "https://sandbox.local/rest/")["access_token"]
            body: dict[str, Any] = client.post(f"/rest/{method}", json={**params, "auth": token}).json()
            return body

        yield send


@pytest.fixture
def deal(result: Result) -> int:
    """A deal at the first stage."""
    id_: int = result("crm.item.add", entityTypeId=2, fields={"title": "x"})["item"]["id"]
    return id_


@pytest.mark.parametrize("owner", ["app", "user"])
def test_options_are_merged_and_keep_their_shape(as_app: App, owner: str) -> None:
    assert as_app(f"{owner}.option.get")["result"] == []
    assert as_app(f"{owner}.option.set", options={"at": 5, "names": ["a"]})["result"] is True
    as_app(f"{owner}.option.set", options={"at": "6"})
    assert as_app(f"{owner}.option.get")["result"] == {"at": "6", "names": ["a"]}
    assert as_app(f"{owner}.option.get", option="names")["result"] == ["a"]
    assert as_app(f"{owner}.option.get", option="none")["result"] is None
    assert as_app(f"{owner}.option.set", options=[])["error"] == "ArgumentNullException"


def test_options_of_a_person_are_that_persons(portal: Sandbox, as_app: App) -> None:
    other = portal.store.insert("user", {"NAME": "Пётр"})
    as_app("user.option.set", options={"a": 1})
    assert as_app("user.option.get", user=other)["result"] == []
    refused = as_app("app.option.set", user=other, options={"a": 1})
    assert refused["error_description"] == "Administrator authorization required"


@pytest.mark.parametrize("method", ["app.option.get", "app.option.set", "user.option.get", "user.option.set"])
def test_webhooks_have_no_options(refusal: Refusal, method: str) -> None:
    assert refusal(method, options={"a": 1}) == (400, "AccessException", "Application context required")


def test_a_workflow_is_started_on_its_own_kind_of_document(
    portal: Sandbox, result: Result, refusal: Refusal, deal: int
) -> None:
    template = portal.store.insert(
        "bizproc_template",
        {"MODULE_ID": "crm", "ENTITY": "CCrmDocumentDeal", "DOCUMENT_TYPE": "DEAL", "NAME": "Договор"},
    )
    document = ["crm", "CCrmDocumentDeal", f"DEAL_{deal}"]

    started = result(
        "bizproc.workflow.start", TEMPLATE_ID=template, DOCUMENT_ID=document, PARAMETERS={"who": "user_1"}
    )

    (row,) = portal.store.find("bizproc_workflow")
    assert (row["WORKFLOW_ID"], row["PARAMETERS"]) == (started, '{"who": "user_1"}')

    def refused(**params: Any) -> str:
        return refusal(
            "bizproc.workflow.start", **{"TEMPLATE_ID": template, "DOCUMENT_ID": document, **params}
        )[2]

    assert refused(TEMPLATE_ID=0) == "Empty TEMPLATE_ID"
    assert refused(TEMPLATE_ID=77) == "Template not found"
    assert refused(DOCUMENT_ID=["crm"]) == "Wrong DOCUMENT_ID!"
    assert refused(DOCUMENT_ID=["crm", "CCrmDocumentDeal", "DEAL_999"]) == "Wrong DOCUMENT_ID!"
    assert refused(DOCUMENT_ID=["crm", "CCrmDocumentDeal", f"LEAD_{deal}"]) == "Incorrect document type!"
    lead = result("crm.item.add", entityTypeId=1, fields={"title": "x"})["item"]["id"]
    mismatch = ["crm", "CCrmDocumentLead", f"LEAD_{lead}"]
    assert refused(DOCUMENT_ID=mismatch) == "Template type and DOCUMENT_ID mismatch!"


def test_what_runs_is_listed_until_its_document_is_gone(
    portal: Sandbox, result: Result, colleague: Callable[..., Any], deal: int
) -> None:
    template = portal.store.insert(
        "bizproc_template",
        {"MODULE_ID": "crm", "ENTITY": "CCrmDocumentDeal", "DOCUMENT_TYPE": "DEAL", "NAME": "Договор"},
    )
    document = ["crm", "CCrmDocumentDeal", f"DEAL_{deal}"]
    started = result("bizproc.workflow.start", TEMPLATE_ID=template, DOCUMENT_ID=document)

    (row,) = result("bizproc.workflow.instances")
    assert row.keys() == {"ID", "MODIFIED", "OWNED_UNTIL"}
    assert row["ID"] == started
    asked = {"SELECT": ["DOCUMENT_ID", "ENTITY", "STARTED_BY", "TEMPLATE_ID"]}
    (whole,) = result("bizproc.workflow.instances", FILTER={">started_by": 0}, **asked)
    assert whole == {
        "DOCUMENT_ID": f"DEAL_{deal}", "ENTITY": "CCrmDocumentDeal", "STARTED_BY": "1", "TEMPLATE_ID": str(template)
    }  # fmt: skip
    assert result("bizproc.workflow.instance.list", FILTER={"DOCUMENT_ID": "DEAL_0"}) == []
    assert colleague()("bizproc.workflow.instances").json()["error"] == "ACCESS_DENIED"
    result("crm.item.delete", entityTypeId=2, id=deal)
    assert result("bizproc.workflow.instances") == []


def test_workflows_run_on_smart_processes(portal: Sandbox, result: Result) -> None:
    result("crm.type.add", fields={"title": "x", "entityTypeId": 147})
    item = result("crm.item.add", entityTypeId=147, fields={"title": "x"})["item"]["id"]
    entity = "Bitrix\\Crm\\Integration\\BizProc\\Document\\Dynamic"
    template = portal.store.insert(
        "bizproc_template",
        {"MODULE_ID": "crm", "ENTITY": entity, "DOCUMENT_TYPE": "DYNAMIC_147", "NAME": "y"},
    )
    document = ["crm", entity, f"DYNAMIC_147_{item}"]
    assert "." in result("bizproc.workflow.start", TEMPLATE_ID=template, DOCUMENT_ID=document)


def test_templates_show_their_ids_unless_more_is_asked(
    portal: Sandbox, result: Result, colleague: Callable[..., Any]
) -> None:
    for name, module in (("A", "crm"), ("B", "lists")):
        portal.store.insert("bizproc_template", {"MODULE_ID": module, "NAME": name, "USER_ID": 1})

    assert result("bizproc.workflow.template.list") == [{"ID": "1"}, {"ID": "2"}]
    assert result(
        "bizproc.workflow.template.list",
        SELECT=["ID", "NAME", "USER_ID", "SYSTEM_CODE"],
        FILTER={"module_id": "lists", "AUTO_EXECUTE": 0},
        ORDER={"id": "desc"},
    ) == [{"ID": "2", "NAME": "B", "USER_ID": "1", "SYSTEM_CODE": None}]
    answer = colleague()("bizproc.workflow.template.list")
    assert (answer.status_code, answer.json()["error"]) == (403, "ACCESS_DENIED")


def stage_of(result: Result, deal: int) -> str:
    stage: str = result("crm.item.get", entityTypeId=2, id=deal)["item"]["stageId"]
    return stage


def test_a_trigger_moves_forward_to_the_earliest_stage(portal: Sandbox, result: Result, deal: int) -> None:
    for stage in ("EXECUTING", "PREPARATION", "NEW"):
        portal.store.insert("automation_trigger", {"ENTITY_TYPE_ID": 2, "STAGE_ID": stage, "CODE": "c5u4m"})

    assert result("crm.automation.trigger", target=f"DEAL_{deal}", code="none") is True
    assert stage_of(result, deal) == "NEW"
    result("crm.automation.trigger", target=f"DEAL_{deal}", code="c5u4m")
    assert stage_of(result, deal) == "PREPARATION"
    result("crm.automation.trigger", target=f"DEAL_{deal}", code="c5u4m")
    assert stage_of(result, deal) == "EXECUTING"
    result("crm.automation.trigger", target=f"DEAL_{deal}", code="c5u4m")
    assert stage_of(result, deal) == "EXECUTING"


def test_a_call_without_a_code_fires_old_triggers_without_one(
    portal: Sandbox, result: Result, deal: int
) -> None:
    portal.store.insert("automation_trigger", {"ENTITY_TYPE_ID": 2, "STAGE_ID": "WON"})
    result("crm.automation.trigger", target=f"DEAL_{deal}")
    assert stage_of(result, deal) == "WON"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "Target is not set."),
        ({"target": "57"}, "Incorrect target format."),
        ({"target": "THING_1"}, "Target is not found."),
        ({"target": "DEAL_999"}, "Target is not found."),
    ],
)
def test_a_target_is_refused(refusal: Refusal, params: dict[str, Any], words: str) -> None:
    assert refusal("crm.automation.trigger", **params) == (400, "", words)


def test_a_target_out_of_reach_is_refused(result: Result, colleague: Callable[..., Any], deal: int) -> None:
    result("crm.item.update", entityTypeId=2, id=deal, fields={"opened": "N"})
    answer = colleague(read="X", write="A")("crm.automation.trigger", {"target": f"DEAL_{deal}"})
    assert (answer.status_code, answer.json()["error"]) == (400, "ACCESS_DENIED")


def test_an_application_registers_and_fires_its_own_triggers(
    portal: Sandbox, result: Result, as_app: App, deal: int
) -> None:
    as_app("crm.automation.trigger.add", CODE="paid", NAME="Оплачено")
    as_app("crm.automation.trigger.add", CODE="paid", NAME="Оплата")
    assert as_app("crm.automation.trigger.list")["result"] == [{"NAME": "Оплата", "CODE": "paid"}]

    portal.store.insert(
        "automation_trigger", {"ENTITY_TYPE_ID": 2, "STAGE_ID": "WON", "CODE": "paid", "APP_ID": 1}
    )
    event = {"OWNER_TYPE_ID": 2, "OWNER_ID": deal}
    assert as_app("crm.automation.trigger.execute", CODE="paid", **event)["result"] is True
    assert stage_of(result, deal) == "WON"

    unknown = as_app("crm.automation.trigger.execute", CODE="none", **event)
    assert unknown["error_description"] == "Trigger with code none is not registered."
    assert as_app("crm.automation.trigger.delete", CODE="paid")["result"] is True
    assert as_app("crm.automation.trigger.delete", CODE="paid")["error_description"] == "Trigger not found"
    assert as_app("crm.automation.trigger.add", CODE="Paid!")["error_description"] == "Wrong trigger code!"


def test_webhooks_register_no_triggers(refusal: Refusal) -> None:
    words = "Access denied! Application context required"
    assert refusal("crm.automation.trigger.list") == (400, "ACCESS_DENIED", words)
