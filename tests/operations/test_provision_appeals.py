"""The smart process of appeals on a portal: made, completed, adopted, waited for, and taken away again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.operations.conftest import BY_HAND, Firm, make_firm
from toolkit.errors import ParameterError
from toolkit.operations.provision_appeals import shipped
from toolkit.runs import Undo
from toolkit.runs.routed import condition_fields


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A small firm; of its records only the smart process matters here."""
    return make_firm(tmp_path, 0.001)


def process(firm: Firm, number: int) -> dict[str, Any]:
    found: dict[str, Any] = firm.portal.call("crm.type.getByEntityTypeId", {"entityTypeId": number})["type"]
    return found


def stages(firm: Firm, number: int) -> list[tuple[str, str, str, str | None]]:
    rows = firm.portal.call("crm.status.list", {"order": {"SORT": "ASC"}})
    return [
        (row["STATUS_ID"].rpartition(":")[2], row["NAME"], row["COLOR"], row["SEMANTICS"])
        for row in rows
        if row["ENTITY_ID"].startswith(f"DYNAMIC_{number}_STAGE_")
    ]


def card(firm: Firm, number: int) -> list[dict[str, Any]]:
    params = {"entityTypeId": number, "scope": "C"}
    found: list[dict[str, Any]] = firm.portal.call("crm.item.details.configuration.get", params) or []
    return found


def settled(firm: Firm, **given: Any) -> Any:
    run = firm.plan("provision_appeals", **given)
    assert set(firm.carry_out(run)) <= {"done"}
    assert firm.verify(run).complete
    assert firm.plan("provision_appeals", **given).plan.table.empty
    return run


def test_a_new_process_has_stages_card_labels_and_relations_as_described(firm: Firm) -> None:
    settled(firm, entity_type_id=180, language="en")

    made = process(firm, 180)
    parents = {each["entityTypeId"] for each in made["relations"]["parent"]}
    assert parents == {2, 3, 4}  # deals, and the clients that follow from the switch
    assert stages(firm, 180) == [
        (code, stage.en, stage.color, stage.semantics or None) for code, stage in shipped().stages.items()
    ]
    shown = [element["name"] for section in card(firm, 180) for element in section["elements"]]
    assert {"TITLE", "CLIENT", "PARENT_ID_2"} < set(shown)
    own = {f"UF_CRM_{made['id']}_{code.upper()}" for code in shipped().fields}
    assert own - set(shown) == {f"UF_CRM_{made['id']}_MESSAGES"}, "which nobody is to edit"
    assert [section["title"] for section in card(firm, 180)] == ["About", "Subject", "Call", "Conversation"]
    row = firm.portal.call(
        "userfieldconfig.list", {"moduleId": "crm", "filter": {"fieldName": f"UF_CRM_{made['id']}_RESULT"}}
    )["fields"][0]
    field = firm.portal.call("userfieldconfig.get", {"moduleId": "crm", "id": row["id"]})["field"]
    assert (field["editFormLabel"]["ru"], field["editFormLabel"]["en"]) == ("Результат звонка", "Call result")


def test_a_process_made_by_an_earlier_description_gains_what_is_new_and_routing_finds_it(firm: Firm) -> None:
    routing = ("topic", "subtopic", "region", "department", "channel", "text")
    whole = shipped().model_dump(mode="json")
    earlier = {
        **whole,
        "fields": {code: each for code, each in whole["fields"].items() if code not in routing},
        "sections": {code: each for code, each in whole["sections"].items() if code != "b24kit_about"},
    }
    settled(firm, entity_type_id=180, description=earlier)

    run = settled(firm)

    made = run.plan.table.query("entity == 'userfield'")
    assert [each.rpartition(":")[2] for each in made["marker"]] == list(routing)
    definitions = firm.portal.call("crm.item.fields", {"entityTypeId": 180})["fields"]
    own = process(firm, 180)["id"]
    assert condition_fields(definitions, {}, asked_by="test") == {
        code: f"ufCrm{own}{code.capitalize()}" for code in routing
    }
    assert [each["name"] for each in card(firm, 180)][-1] == "b24kit_about"
    assert set(firm.carry_out(firm.undo(run))) == {"done"}
    assert "b24kit_about" not in [each["name"] for each in card(firm, 180)]


def test_the_undo_of_a_new_process_leaves_nothing_behind(firm: Firm) -> None:
    before = (stages(firm, 180), firm.sandbox.store.value("SELECT COUNT(*) FROM user_field"))
    run = settled(firm, entity_type_id=180)

    undo = firm.undo(run)

    assert set(firm.carry_out(undo)) == {"done"}
    assert firm.verify(undo, Undo.of(run)).complete
    assert (stages(firm, 180), firm.sandbox.store.value("SELECT COUNT(*) FROM user_field")) == before
    assert firm.sandbox.store.first("dynamic_type", ENTITY_TYPE_ID=180) is None


def test_an_appeal_somebody_made_meanwhile_keeps_the_process(firm: Firm) -> None:
    run = settled(firm, entity_type_id=180)
    undo = firm.undo(run)
    firm.portal.call("crm.item.add", {"entityTypeId": 180, "fields": {"title": "Ключи"}})

    assert firm.carry_out(undo) == {"rejected": 1}

    assert firm.sandbox.store.value("SELECT TITLE FROM crm_180") == "Ключи"
    assert len(stages(firm, 180)) == 5


def test_the_number_is_chosen_beforehand_where_none_is_given(firm: Firm) -> None:
    run = settled(firm)

    after = json.loads(run.plan.table.query("entity == 'type'")["after"].iloc[0])
    assert after["entityTypeId"] == 1030
    assert process(firm, 1030)["code"] == "b24kit_appeals"


def test_an_adopted_process_keeps_its_stages_and_shows_old_and_new_fields(firm: Firm) -> None:
    held = stages(firm, 177)

    run = settled(firm, adopt=177, fields=BY_HAND)

    assert stages(firm, 177) == held
    shown = [element["name"] for section in card(firm, 177) for element in section["elements"]]
    assert {"UF_CRM_1_1650000001", "UF_CRM_1_1650000004", "UF_CRM_1_CALLS"} <= set(shown)
    assert len(shown) == len(set(shown))
    undo = firm.undo(run)
    assert set(firm.carry_out(undo)) == {"done"}
    assert card(firm, 177) == []


def test_a_card_somebody_arranged_only_gains_what_it_lacks(firm: Firm) -> None:
    mine = [
        {"name": "own", "title": "Моё", "type": "section", "elements": [{"name": "TITLE", "optionFlags": 1}]}
    ]
    firm.portal.call("crm.item.details.configuration.set", {"entityTypeId": 177, "scope": "C", "data": mine})

    run = settled(firm, adopt=177, fields=BY_HAND)

    assert [section["name"] for section in card(firm, 177)] == [
        "own",
        "b24kit_about",
        "b24kit_call",
        "b24kit_talk",
    ]
    firm.carry_out(firm.undo(run))
    assert [section["name"] for section in card(firm, 177)] == ["own"]


def test_a_pipeline_of_an_adopted_process_gains_missing_stages_when_named(firm: Firm) -> None:
    pipeline = firm.sandbox.store.value("SELECT CATEGORY_ID FROM category WHERE ENTITY_TYPE_ID = 177")
    client = firm.sandbox.store.value("SELECT ID FROM status WHERE STATUS_ID LIKE 'DT177%:CLIENT'")
    held = firm.sandbox.store.value("SELECT STAGE_ID FROM crm_177 LIMIT 1")
    firm.sandbox.store.db.execute("UPDATE crm_177 SET STAGE_ID = ? WHERE STAGE_ID LIKE '%:CLIENT'", [held])
    firm.portal.call("crm.status.delete", {"id": client})

    run = settled(firm, adopt=177, fields=BY_HAND, pipeline=pipeline)

    assert ("CLIENT", "Ждём клиента", "#FFA900", None) in stages(firm, 177)
    assert ("NEW", "Начало") in [each[:2] for each in stages(firm, 177)]  # another name is left, and listed
    assert "a stage reads otherwise than described" in set(run.plan.listed["reason"])
    assert set(firm.carry_out(firm.undo(run))) == {"done"}
    assert "CLIENT" not in [each[0] for each in stages(firm, 177)]


def test_stages_are_aligned_when_asked_for_and_go_back(firm: Firm) -> None:
    pipeline = firm.sandbox.store.value("SELECT CATEGORY_ID FROM category WHERE ENTITY_TYPE_ID = 177")
    held = stages(firm, 177)

    run = settled(firm, adopt=177, fields=BY_HAND, pipeline=pipeline, align=True)

    assert [each[1] for each in stages(firm, 177)] == [each.ru for each in shipped().stages.values()]
    assert set(firm.carry_out(firm.undo(run))) == {"done"}
    assert stages(firm, 177) == held


def test_a_missing_relation_to_deals_is_added_beside_what_is_there(firm: Firm) -> None:
    other = {"parent": [{"entityTypeId": 1, "isChildrenListEnabled": "true"}], "child": []}
    firm.portal.call("crm.type.update", {"id": 1, "fields": {"relations": other}})

    run = settled(firm, adopt=177, fields=BY_HAND)

    assert {each["entityTypeId"] for each in process(firm, 177)["relations"]["parent"]} == {1, 2, 3, 4}
    assert set(firm.carry_out(firm.undo(run))) == {"done"}
    assert {each["entityTypeId"] for each in process(firm, 177)["relations"]["parent"]} == {1, 3, 4}


def test_a_field_of_ours_that_has_become_another_type_is_refused_in_words(firm: Firm) -> None:
    firm.portal.call(
        "userfieldconfig.add",
        {
            "moduleId": "crm",
            "field": {"entityId": "CRM_1", "fieldName": "UF_CRM_1_CALLS", "userTypeId": "integer"},
        },
    )

    with pytest.raises(ParameterError, match=r"fields.calls.*integer.*string with several values"):
        firm.plan("provision_appeals", adopt=177, fields=BY_HAND)


@pytest.mark.parametrize("ran", [1, 5])
def test_slow_creation_of_fields_is_waited_out_and_nothing_is_made_twice(firm: Firm, ran: int) -> None:
    firm.sandbox.faults.load(
        [
            {"kind": "partial", "method": "userfieldconfig.add", "seconds": ran},
            {"kind": "timeout", "method": "userfieldconfig.add", "at": 2, "seconds": 90},
        ]
    )
    began = firm.clock.now()

    run = firm.plan("provision_appeals", entity_type_id=180)
    counts = firm.carry_out(run)

    assert counts == {"done": len(run.plan)}
    assert firm.clock.now() - began >= 120  # two fences
    made = process(firm, 180)["id"]
    names = [
        row["FIELD_NAME"]
        for row in firm.sandbox.store.rows(
            "SELECT FIELD_NAME FROM user_field WHERE ENTITY_ID = ?", [f"CRM_{made}"]
        )
    ]
    assert sorted(names) == sorted(f"UF_CRM_{made}_{code.upper()}" for code in shipped().fields)
    assert firm.verify(run).complete


@pytest.mark.parametrize("kind", ["lose_answer", "cut_before", "server_error_after"])
@pytest.mark.parametrize(
    "method", ["crm.type.add", "crm.status.update", "crm.item.details.configuration.set"]
)
def test_no_fault_leaves_the_process_half_made(firm: Firm, kind: str, method: str) -> None:
    firm.sandbox.faults.load([{"kind": kind, "method": method}])

    settled(firm, entity_type_id=180)

    assert len(stages(firm, 180)) == 5
    assert firm.sandbox.store.value("SELECT COUNT(*) FROM dynamic_type WHERE CODE = 'b24kit_appeals'") == 1


def fields(firm: Firm) -> list[str]:
    rows = firm.sandbox.store.rows("SELECT FIELD_NAME FROM user_field WHERE ENTITY_ID = 'CRM_1' ORDER BY 1")
    return [row["FIELD_NAME"] for row in rows]


def test_fields_added_to_an_adopted_process_go_again_while_nobody_has_filled_them(firm: Firm) -> None:
    before = (fields(firm), firm.appeals(), card(firm, 177))
    run = settled(firm, adopt=177, fields=BY_HAND)

    undo = firm.undo(run)

    assert set(firm.carry_out(undo)) == {"done"}
    assert firm.verify(undo, Undo.of(run)).complete
    assert (fields(firm), firm.appeals(), card(firm, 177)) == before


def test_a_field_somebody_filled_stays_with_its_values(firm: Firm) -> None:
    run = settled(firm, adopt=177, fields=BY_HAND)
    one, other = (
        firm.portal.call("crm.item.add", {"entityTypeId": 177, "fields": {"title": each}})["item"]["id"]
        for each in ("Ключи", "Гарантия")
    )
    firm.portal.call("crm.item.update", {"entityTypeId": 177, "id": one, "fields": {"ufCrm1Line": "+7 495"}})
    undo = firm.undo(run)
    # And another one after the plan was made.
    firm.portal.call(
        "crm.item.update", {"entityTypeId": 177, "id": other, "fields": {"ufCrm1Number": "+7 900"}}
    )

    counts = firm.carry_out(undo)

    assert counts["conflict"] == 1
    assert "holds values: the field stays" in set(undo.plan.listed["reason"])
    assert {"UF_CRM_1_LINE", "UF_CRM_1_NUMBER"} <= set(fields(firm))
    assert "UF_CRM_1_TRANSCRIPT" not in fields(firm)
    kept = firm.portal.call("crm.item.get", {"entityTypeId": 177, "id": other})["item"]
    assert kept["ufCrm1Number"] == "+7 900"
