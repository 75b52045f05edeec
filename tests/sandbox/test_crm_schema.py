"""Smart processes, user fields and workplaces seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.sandbox import Sandbox

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def appeals(result: Result) -> dict[str, Any]:
    """A smart process with everything an appeal needs, bound to deals."""
    made: dict[str, Any] = result(
        "crm.type.add",
        fields={
            "title": "Обращения",
            "entityTypeId": 1036,
            "isClientEnabled": "Y",
            "isStagesEnabled": "Y",
            "isSourceEnabled": "Y",
            "isUseInUserfieldEnabled": "Y",
            "linkedUserFields": {"TASKS_TASK|UF_CRM_TASK": "true", "CALENDAR_EVENT|UF_CRM_CAL_EVENT": "Y"},
            "relations": {"parent": [{"entityTypeId": 2, "isChildrenListEnabled": "true"}]},
        },
    )["type"]
    return made


def test_a_smart_process_takes_records_at_once(result: Result, appeals: dict[str, Any]) -> None:
    type_id = appeals["entityTypeId"]
    pipeline = result("crm.category.list", entityTypeId=type_id)["categories"][0]
    deal = result("crm.item.add", entityTypeId=2, fields={"title": "d"})["item"]["id"]

    item = result("crm.item.add", entityTypeId=type_id, fields={"title": "x", "parentId2": deal})["item"]

    assert pipeline["id"] > 0
    assert pipeline["isDefault"] == "Y"
    assert item["stageId"] == f"DT{type_id}_{pipeline['id']}:NEW"
    assert (item["parentId2"], item["categoryId"]) == (deal, pipeline["id"])
    stages = result("crm.status.entity.items", entityId=f"DYNAMIC_{type_id}_STAGE_{pipeline['id']}")
    assert [each["STATUS_ID"].partition(":")[2] for each in stages][-2:] == ["SUCCESS", "FAIL"]
    assert {
        "ID": type_id,
        "NAME": "Обращения",
        "SYMBOL_CODE": f"DYNAMIC_{type_id}",
        "SYMBOL_CODE_SHORT": "T40c",
    } in (result("crm.enum.ownertype"))


def test_flags_inside_relations_and_links_take_true_only(appeals: dict[str, Any]) -> None:
    assert appeals["linkedUserFields"] == {
        "CALENDAR_EVENT|UF_CRM_CAL_EVENT": "N",
        "TASKS_TASK|UF_CRM_TASK": "Y",
        "TASKS_TASK_TEMPLATE|UF_CRM_TASK": "N",
    }
    assert appeals["relations"]["parent"] == [
        {"entityTypeId": 3, "isChildrenListEnabled": "Y", "isPredefined": "Y"},
        {"entityTypeId": 4, "isChildrenListEnabled": "Y", "isPredefined": "Y"},
        {"entityTypeId": 2, "isChildrenListEnabled": "Y", "isPredefined": "N"},
    ]


def test_an_update_keeps_what_is_not_given_but_replaces_relations(
    result: Result, appeals: dict[str, Any]
) -> None:
    result("crm.type.update", id=appeals["id"], fields={"isSourceEnabled": "N"})
    kept = result("crm.type.get", id=appeals["id"])["type"]
    assert (kept["isSourceEnabled"], kept["isClientEnabled"]) == ("N", "Y")
    assert len(kept["relations"]["parent"]) == 3

    child = {"child": [{"entityTypeId": 1, "isChildrenListEnabled": "Y"}]}
    changed = result("crm.type.update", id=appeals["id"], fields={"relations": child})["type"]["relations"]
    assert [each["entityTypeId"] for each in changed["parent"]] == [3, 4]
    assert changed["child"] == [{"entityTypeId": 1, "isChildrenListEnabled": "N", "isPredefined": "N"}]


def test_relations_that_cannot_be_are_dropped_without_a_word(result: Result, appeals: dict[str, Any]) -> None:
    bad = {"parent": [{"entityTypeId": 1}, {"entityTypeId": 999}]}
    changed = result("crm.type.update", id=appeals["id"], fields={"relations": bad})["type"]
    assert [each["entityTypeId"] for each in changed["relations"]["parent"]] == [3, 4, 2]


@pytest.mark.parametrize("type_id", [5, 127, 193, 1028, 1031, "x"])
def test_type_ids_outside_their_range_are_refused(refusal: Refusal, type_id: Any) -> None:
    assert refusal("crm.type.add", fields={"title": "x", "entityTypeId": type_id})[:2] == (
        400,
        "INVALID_ARG_VALUE",
    )


def test_type_ids_are_even_and_never_twice(result: Result, refusal: Refusal, appeals: dict[str, Any]) -> None:
    assert result("crm.type.add", fields={"title": "x"})["type"]["entityTypeId"] == 1038
    taken = refusal("crm.type.add", fields={"title": "x", "entityTypeId": 1036})
    assert taken[:2] == (400, "INVALID_ARG_VALUE")


def test_types_are_found_by_flags_titles_and_logic(call: Callable[..., Any], appeals: dict[str, Any]) -> None:
    call("crm.type.add", fields={"title": "Договоры"})

    def found(filter_: Any) -> list[str]:
        return [each["title"] for each in call("crm.type.list", filter=filter_)["result"]["types"]]

    assert found({"isClientEnabled": "Y"}) == ["Обращения"]
    assert found({"isClientEnabled": "N"}) == ["Договоры"]
    assert found({"0": {"logic": "OR", "0": {"%title": "обр"}, "1": {"entityTypeId": 1038}}}) == [
        "Обращения",
        "Договоры",
    ]
    assert call("crm.type.list", filter={"no": 1})["error"] == "INVALID_ARG_VALUE"
    assert call("crm.type.list")["total"] == 2


def test_a_type_with_records_stays(result: Result, refusal: Refusal, appeals: dict[str, Any]) -> None:
    item = result("crm.item.add", entityTypeId=1036, fields={"title": "x"})["item"]["id"]
    assert refusal("crm.type.delete", id=appeals["id"])[:2] == (400, "BX_ERROR")

    result("crm.item.delete", entityTypeId=1036, id=item)

    assert result("crm.type.delete") is None
    assert result("crm.type.delete", id=appeals["id"]) == []
    assert refusal("crm.item.list", entityTypeId=1036)[1] == "NOT_FOUND"
    assert refusal("crm.type.get", id=appeals["id"])[:2] == (400, 0)
    assert result("crm.type.add", fields={"title": "снова", "entityTypeId": 1036})["type"]["title"] == "снова"


def test_a_list_field_is_made_filled_and_cut(result: Result, appeals: dict[str, Any]) -> None:
    field = result(
        "userfieldconfig.add",
        moduleId="crm",
        field={
            "entityId": f"CRM_{appeals['id']}",
            "fieldName": f"UF_CRM_{appeals['id']}_TOPIC",
            "userTypeId": "enumeration",
            "editFormLabel": {"ru": "Тема"},
            "listColumnLabel": {"ru": "не берётся"},
            "enum": [
                {"value": "Протечка", "sort": 100},
                {"value": "Шум", "def": "Y"},
                {"value": "", "def": "Y"},
            ],
        },
    )["field"]
    assert [(each["value"], each["def"], each["sort"]) for each in field["enum"]] == [
        ("Протечка", "N", "100"),
        ("Шум", "Y", "500"),
    ]
    assert field["editFormLabel"] == {"ru": "Тема", "en": None}
    assert field["listColumnLabel"] == {"ru": None, "en": None}
    assert (field["sort"], field["multiple"], len(field["enum"][0]["xmlId"])) == ("100", "N", 32)

    name = f"ufCrm{appeals['id']}Topic"
    option = int(field["enum"][0]["id"])
    item = result("crm.item.add", entityTypeId=1036, fields={"title": "x", name: option})["item"]
    assert item[name] == option

    change = {"enum": [{"id": option, "del": "Y"}], "multiple": "Y", "mandatory": "Y"}
    kept = result("userfieldconfig.update", moduleId="crm", id=field["id"], field=change)["field"]
    assert (len(kept["enum"]), kept["multiple"], kept["mandatory"]) == (2, "N", "Y")
    change["userTypeId"] = "enumeration"
    cut = result("userfieldconfig.update", moduleId="crm", id=field["id"], field=change)["field"]
    assert [each["value"] for each in cut["enum"]] == ["Шум"]

    assert result("userfieldconfig.delete", moduleId="crm", id=field["id"]) is None
    assert name not in result("crm.item.get", entityTypeId=1036, id=item["id"])["item"]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"entityId": "CRM_7", "userTypeId": "string"}, "The 'FIELD_NAME' field is not found."),
        ({"entityId": "CRM_7", "fieldName": "UF_CRM_7_X"}, "The 'USER_TYPE_ID' field is not found."),
        (
            {"entityId": "CRM_7", "fieldName": "UF_CRM_X", "userTypeId": "string"},
            "You cannot create custom fields",
        ),
        (
            {"entityId": "CRM_7", "fieldName": "UF_CRM_7_X", "userTypeId": "nope"},
            "Fail to create new user field.",
        ),
    ],
)
def test_a_configured_field_is_refused(refusal: Refusal, field: dict[str, Any], words: str) -> None:
    assert refusal("userfieldconfig.add", moduleId="crm", field=field) == (400, "", words)


def test_configuration_needs_the_module_and_its_scope(
    portal: Sandbox, refusal: Refusal, raw: Callable[..., Any]
) -> None:
    assert refusal("userfieldconfig.list", moduleId="tasks") == (400, "", "No settings for UserFieldAccess")
    assert refusal("userfieldconfig.list")[1] == "100"
    secret = portal.access.add_webhook(1, scopes=("userfieldconfig",))
    body = raw("userfieldconfig.list", {"moduleId": "crm"}, secret=secret).json()
    assert body["error_description"] == "The current method required more scopes. (crm)"


def test_a_configured_field_twice_is_refused(result: Result, refusal: Refusal) -> None:
    field = {"entityId": "CRM_7", "fieldName": "UF_CRM_7_X", "userTypeId": "string"}
    id_ = result("userfieldconfig.add", moduleId="crm", field=field)["field"]["id"]
    assert "already exists" in refusal("userfieldconfig.add", moduleId="crm", field=field)[2]
    result("userfieldconfig.delete", moduleId="crm", id=id_)
    assert refusal("userfieldconfig.delete", moduleId="crm", id=id_)[2] == "You cannot delete the user field"
    words = "You do not have permission to view user field settings"
    assert refusal("userfieldconfig.get", moduleId="crm", id=id_) == (400, "", words)


def test_labels_come_in_the_language_asked_for(call: Callable[..., Any], result: Result) -> None:
    for name in ("A", "B"):
        field = {"entityId": "CRM_DEAL", "fieldName": f"UF_CRM_DEAL_{name}", "userTypeId": "string"}
        result(
            "userfieldconfig.add", moduleId="crm", field={**field, "editFormLabel": {"ru": f"Поле {name}"}}
        )

    plain = call("userfieldconfig.list", moduleId="crm", filter={"entityId": "CRM_DEAL"})
    spoken = call(
        "userfieldconfig.list", moduleId="crm", select={"0": "*", "language": "ru"}, order={"id": "DESC"}
    )

    assert plain["total"] == 2
    assert "editFormLabel" not in plain["result"]["fields"][0]
    assert spoken["result"]["fields"][0]["editFormLabel"] == {"ru": "Поле B"}
    assert spoken["result"]["fields"][0]["listColumnLabel"] is None


@pytest.mark.parametrize("owner", ["lead", "deal", "contact", "company", "quote", "requisite"])
def test_a_field_of_each_owner_lives_and_dies(result: Result, refusal: Refusal, owner: str) -> None:
    fields = {
        "FIELD_NAME": "uf_note",
        "USER_TYPE_ID": "string",
        "LABEL": "Заметка",
        "SETTINGS": {"ROWS": 3, "NO": 1},
    }
    id_ = result(f"crm.{owner}.userfield.add", fields=fields)
    assert isinstance(id_, int)
    assert refusal(f"crm.{owner}.userfield.add", fields=fields)[1] == "ERROR_CORE"

    field = result(f"crm.{owner}.userfield.get", id=id_)
    assert (field["ID"], field["FIELD_NAME"], field["ENTITY_ID"]) == (
        str(id_),
        "UF_CRM_NOTE",
        f"CRM_{owner.upper()}",
    )
    assert (field["SETTINGS"]["ROWS"], field["SETTINGS"]["SIZE"], "NO" in field["SETTINGS"]) == (3, 20, False)
    assert field["HELP_MESSAGE"]["ru"] == "Заметка"

    assert (
        result(f"crm.{owner}.userfield.update", id=id_, fields={"SETTINGS": {"SIZE": 40}, "SORT": 5}) is True
    )
    after = result(f"crm.{owner}.userfield.get", id=id_)
    assert (after["SETTINGS"]["ROWS"], after["SETTINGS"]["SIZE"], after["SORT"]) == (3, 40, "5")

    assert result(f"crm.{owner}.userfield.delete", id=id_) is True
    assert refusal(f"crm.{owner}.userfield.get", id=id_) == (
        400,
        "ERROR_NOT_FOUND",
        f"The entity with ID '{id_}' is not found.",
    )


def test_what_a_removed_field_held_is_gone_when_its_name_returns(result: Result) -> None:
    def make() -> int:
        made: int = result(
            "crm.contact.userfield.add",
            fields={"FIELD_NAME": "NOTE", "USER_TYPE_ID": "string", "MULTIPLE": "N"},
        )
        return made

    first = make()
    contact = result("crm.item.add", entityTypeId=3, fields={"name": "А", "ufCrm_NOTE": "старое"})["item"]
    assert contact["ufCrm_NOTE"] == "старое"
    result("crm.contact.userfield.delete", id=first)
    make()
    assert result("crm.item.get", entityTypeId=3, id=contact["id"])["item"]["ufCrm_NOTE"] is None


def test_labels_of_legacy_lists_need_a_language(call: Callable[..., Any]) -> None:
    for name, required in (("B", "Y"), ("A", "N")):
        fields = {"FIELD_NAME": name, "USER_TYPE_ID": "string", "LABEL": name, "MANDATORY": required}
        call("crm.deal.userfield.add", fields=fields)

    body = call("crm.deal.userfield.list", filter={"MANDATORY": "Y"}, order={"FIELD_NAME": "ASC"})
    assert (body["total"], "EDIT_FORM_LABEL" in body["result"][0]) == (1, False)
    spoken = call("crm.deal.userfield.list", filter={"LANG": "ru"}, order={"FIELD_NAME": "ASC"})["result"]
    assert [(row["FIELD_NAME"], row["EDIT_FORM_LABEL"]) for row in spoken] == [
        ("UF_CRM_A", "A"),
        ("UF_CRM_B", "B"),
    ]


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({}, "", "The 'USER_TYPE_ID' field is not found.\nThe 'FIELD_NAME' field is not found."),
        ({"USER_TYPE_ID": "nope", "FIELD_NAME": "X"}, "ERROR_CORE", "Incorrect custom type specified."),
        (
            {"USER_TYPE_ID": "string", "FIELD_NAME": "X" * 44},
            "ERROR_CORE",
            "Field name is too long (more than 50 characters).",
        ),
        (
            {"USER_TYPE_ID": "string", "FIELD_NAME": 'X" TEXT; --'},
            "ERROR_CORE",
            "Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _.",
        ),
        (
            {
                "USER_TYPE_ID": "enumeration",
                "FIELD_NAME": "X",
                "LIST": [{"VALUE": "1", "XML_ID": "a"}, {"VALUE": "2", "XML_ID": "a"}],
            },
            "ERROR_CORE",
            "List item with XML_ID=a already exists.",
        ),
    ],
)
def test_a_legacy_field_is_refused(
    refusal: Refusal, result: Result, fields: Any, code: str, words: str
) -> None:
    assert refusal("crm.deal.userfield.add", fields=fields) == (400, code, words)
    assert result("crm.deal.userfield.list") == []


def test_the_first_given_default_of_a_single_list_wins(result: Result) -> None:
    options = [{"VALUE": "1", "DEF": "Y", "SORT": 20}, {"VALUE": "2", "DEF": "Y", "SORT": 10}, {"VALUE": ""}]
    id_ = result(
        "crm.deal.userfield.add", fields={"FIELD_NAME": "L", "USER_TYPE_ID": "enumeration", "LIST": options}
    )
    shown = result("crm.deal.userfield.get", id=id_)["LIST"]
    assert [(each["VALUE"], each["DEF"], each["SORT"]) for each in shown] == [
        ("2", "N", "10"),
        ("1", "Y", "20"),
    ]


def test_a_field_of_another_owner_is_out_of_reach(result: Result, refusal: Refusal) -> None:
    id_ = result("crm.deal.userfield.add", fields={"FIELD_NAME": "X", "USER_TYPE_ID": "string"})
    assert refusal("crm.contact.userfield.get", id=id_) == (400, "", "Access denied.")


def test_workplaces_gather_smart_processes(result: Result, refusal: Refusal, appeals: dict[str, Any]) -> None:
    first = result("crm.automatedsolution.add", fields={"title": "HR", "typeIds": [appeals["id"]]})
    second = result("crm.automatedsolution.add", fields={"title": "CS", "typeIds": [appeals["id"]]})
    one, two = first["automatedSolution"]["id"], second["automatedSolution"]["id"]

    assert result("crm.automatedsolution.get", id=one)["automatedSolution"]["typeIds"] == []
    assert result("crm.type.get", id=appeals["id"])["type"]["customSectionId"] not in (None, two)
    assert refusal("crm.automatedsolution.delete", id=two)[:2] == (400, "HAS_BOUND_TYPES")
    listed = result("crm.automatedsolution.list", filter={"%=title": "C%"})["automatedSolutions"]
    assert [each["id"] for each in listed] == [two]
    assert (
        result("crm.automatedsolution.update", id=two, fields={"typeIds": []})["automatedSolution"]["typeIds"]
        == []
    )
    assert result("crm.automatedsolution.delete", id=two) is None
    assert refusal("crm.automatedsolution.get", id=two)[1] == "NOT_FOUND"
    assert refusal("crm.automatedsolution.add", fields={})[1] == "BX_EMPTY_REQUIRED"
