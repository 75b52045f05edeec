"""What differs between smart processes of appeals, and what of a hand-made one could serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.operations.conftest import BY_HAND, SECRET, Firm, make_firm
from toolkit import workflow
from toolkit.errors import ParameterError
from toolkit.operations.provision_appeals import shipped
from toolkit.runs.process_drift import Standing, drift
from toolkit.sandbox import InProcessTransport
from toolkit.settings import Settings
from toolkit.workflow import Workspace


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    """A small firm; of its records only the smart process matters here."""
    return make_firm(tmp_path, 0.001)


def at(firm: Firm) -> Workspace:
    settings = Settings.load(
        None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=firm.root / "state",
        snapshots=firm.root / "snapshots",
        plan="box",
        language="ru",
    )
    return Workspace(settings, clock=firm.clock, transport=InProcessTransport(firm.sandbox))


def differences(found: Any) -> set[tuple[str, str, str]]:
    return set(found[["what", "code", "difference"]].itertuples(index=False, name=None))


def test_nothing_differs_where_the_description_was_carried_out(firm: Firm) -> None:
    firm.carry_out(firm.plan("provision_appeals", entity_type_id=180))

    assert workflow.appeals_drift(at(firm)).empty


def test_each_kind_of_difference_is_named(firm: Firm) -> None:
    firm.carry_out(firm.plan("provision_appeals", entity_type_id=180))
    calm = workflow.appeals_standing(at(firm))
    own = firm.portal.call("crm.type.getByEntityTypeId", {"entityTypeId": 180})["type"]["id"]
    rows = firm.sandbox.store.rows(
        "SELECT ID, FIELD_NAME FROM user_field WHERE ENTITY_ID = ?", [f"CRM_{own}"]
    )
    ids = {row["FIELD_NAME"].rpartition("_")[2]: row["ID"] for row in rows}
    firm.portal.call("userfieldconfig.delete", {"moduleId": "crm", "id": ids["LINE"]})
    labels = {"ru": "Чем кончилось", "en": "How it ended"}
    firm.portal.call(
        "userfieldconfig.update", {"moduleId": "crm", "id": ids["RESULT"], "field": {"editFormLabel": labels}}
    )
    extra = {"entityId": f"CRM_{own}", "fieldName": f"UF_CRM_{own}_MOOD", "userTypeId": "string"}
    firm.portal.call("userfieldconfig.add", {"moduleId": "crm", "field": extra})
    statuses = {
        row["STATUS_ID"].rpartition(":")[2]: row
        for row in firm.portal.call("crm.status.list", {})
        if row["ENTITY_ID"].startswith("DYNAMIC_180_")
    }
    firm.portal.call("crm.status.update", {"id": statuses["CLIENT"]["ID"], "fields": {"NAME": "Пауза"}})
    firm.portal.call("crm.status.delete", {"id": statuses["PREPARATION"]["ID"]})
    flags = {"relations": {"parent": [], "child": []}, "isStagesEnabled": "N"}
    firm.portal.call("crm.type.update", {"id": own, "fields": {"title": "Заявки", **flags}})

    found = workflow.appeals_drift(at(firm))

    assert differences(found) >= {
        ("process", "b24kit_appeals", "other title"),
        ("switch", "isStagesEnabled", "other state"),
        ("relation", "2", "missing"),
        ("field", "line", "missing"),
        ("field", "mood", "extra"),
        ("field", "result", "other label"),
        ("stage", "CLIENT", "other name"),
        ("stage", "PREPARATION", "missing"),
    }
    file = firm.root / "other.yaml"
    file.write_text(yaml.safe_dump(calm.model_dump(mode="json"), allow_unicode=True), encoding="utf-8")
    assert differences(workflow.appeals_drift(at(firm), file)) == differences(found)


def test_another_portals_run_is_something_to_hold_against(firm: Firm, tmp_path: Path) -> None:
    other = make_firm(tmp_path / "other", 0.001)
    other.portal.call("crm.type.update", {"id": 1, "fields": {"title": "Жалоба"}})
    run = other.plan("provision_appeals", adopt=177, fields=BY_HAND)

    found = workflow.appeals_drift(at(firm), run.folder, adopt=177, fields=BY_HAND)

    assert found.to_dict("records") == [
        {"what": "process", "code": "", "difference": "other title", "here": "Обращение", "there": "Жалоба"}
    ]


def test_a_proposal_names_what_is_alike_and_is_taken_as_it_is(firm: Firm) -> None:
    mapping, table = workflow.appeals_proposal(at(firm), 177)

    assert mapping == {"adopt": 177, "fields": BY_HAND}
    assert set(table["code"]) == set(shipped().fields)
    run = firm.plan("provision_appeals", **mapping)
    made = {each.rpartition(":")[2] for each in run.plan.table.query("entity == 'userfield'")["marker"]}
    assert made == set(shipped().fields) - set(BY_HAND) - {"topic"}, "found by its label, it serves as it is"
    assert dict(zip(table["code"], table["proposed"], strict=True))["topic"].startswith("ufCrm1_")


def test_what_is_no_smart_process_is_refused_with_those_there_are(firm: Firm) -> None:
    with pytest.raises(ParameterError, match=r"180.*There are: 177"):
        workflow.appeals_proposal(at(firm), 180)
    with pytest.raises(ParameterError, match="none of our own"):
        workflow.appeals_drift(at(firm))


def test_a_description_differs_from_itself_in_nothing() -> None:
    one = Standing.described(shipped(), "ru")

    assert drift(one, one).empty
    assert set(differences(drift(one, Standing.described(shipped(), "en")))) > {
        ("process", "b24kit_appeals", "other title")
    }
