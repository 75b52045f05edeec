"""Activities: what is asked of them, what they hang on, what goes with a deleted record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from toolkit.sandbox import Sandbox

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def contact(result: Result) -> int:
    fields = {"name": "Анна", "lastName": "Иванова", "assignedById": 1}
    phone = [{"typeId": "PHONE", "valueType": "WORK", "value": "+79001112233"}]
    return result("crm.item.add", entityTypeId=3, fields={**fields, "fm": phone})["item"]["id"]


@pytest.fixture
def deals(result: Result) -> list[int]:
    return [
        result("crm.item.add", entityTypeId=2, fields={"title": f"Deal {n}"})["item"]["id"] for n in range(3)
    ]


def a_call(contact: int, **fields: Any) -> dict[str, Any]:
    """Fields of a telephone call with a contact."""
    return {
        "OWNER_TYPE_ID": 3,
        "OWNER_ID": contact,
        "TYPE_ID": 2,
        "SUBJECT": "Разговор",
        "RESPONSIBLE_ID": 1,
        "START_TIME": "2026-01-05T10:00:00+03:00",
        "COMMUNICATIONS": [{"VALUE": "+79001112233", "ENTITY_ID": contact, "ENTITY_TYPE_ID": 3}],
        **fields,
    }


def test_scalars_are_texts_and_empty_maps_are_lists(result: Result, contact: int) -> None:
    id_ = result("crm.activity.add", fields=a_call(contact))

    row = result("crm.activity.get", id=id_)

    assert isinstance(id_, int)
    assert row["ID"] == str(id_)
    assert (row["OWNER_ID"], row["OWNER_TYPE_ID"], row["TYPE_ID"]) == (str(contact), "3", "2")
    assert (row["PROVIDER_ID"], row["PROVIDER_TYPE_ID"]) == ("VOXIMPLANT_CALL", "CALL")
    assert (row["SETTINGS"], row["PROVIDER_PARAMS"]) == ([], [])
    assert row["DEADLINE"] == row["START_TIME"] == "2026-01-05T10:00:00+03:00"
    assert (row["COMPLETED"], row["STATUS"], row["DIRECTION"]) == ("N", "1", "2")


def test_communications_and_files_come_only_when_named(result: Result, contact: int) -> None:
    result("crm.activity.add", fields=a_call(contact))

    plain = result("crm.activity.list")[0]
    asked = result("crm.activity.list", select=["ID", "COMMUNICATIONS", "FILES", "NO_SUCH"])[0]

    assert "COMMUNICATIONS" not in plain
    assert "FILES" not in plain
    assert set(asked) == {"ID", "COMMUNICATIONS", "FILES"}
    assert asked["COMMUNICATIONS"][0]["TYPE"] == "PHONE"
    assert asked["COMMUNICATIONS"][0]["ENTITY_ID"] == str(contact)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"SUBJECT": ""}, "The field SUBJECT is not defined or empty"),
        ({"TYPE_ID": 9}, "The field TYPE_ID is not defined or invalid"),
        ({"COMMUNICATIONS": []}, "The field COMMUNICATIONS is not defined or invalid"),
        ({"COMMUNICATIONS": [{"VALUE": ""}]}, "The field COMMUNICATIONS is not defined or invalid"),
        (
            {"COMMUNICATIONS": [{"VALUE": "1"}, {"VALUE": "2"}]},
            "The only one communication is allowed for activity of specified type",
        ),
        ({"OWNER_ID": 999}, "Could not find 'CONTACT' with ID: 999"),
        ({"TYPE_ID": 6}, "The custom activity without provider is not supported in current context"),
        (
            {"TYPE_ID": 6, "PROVIDER_ID": "CONFIGURABLE_REST_APP"},
            "Use crm.activity.configurable.add for this activity provider",
        ),
        ({"TYPE_ID": 6, "PROVIDER_ID": "REST_APP"}, "Application context required"),
    ],
)
def test_what_is_missing_is_said_in_words_with_an_empty_code(
    refusal: Refusal, contact: int, change: dict[str, Any], words: str
) -> None:
    assert refusal("crm.activity.add", fields=a_call(contact, **change)) == (400, "", words)


def test_without_a_responsible_the_owners_is_taken(result: Result, portal: Sandbox, contact: int) -> None:
    other = portal.store.insert("user", {"NAME": "Пётр"})
    result("crm.item.update", entityTypeId=3, id=contact, fields={"assignedById": other})
    fields = a_call(contact)
    del fields["RESPONSIBLE_ID"]

    id_ = result("crm.activity.add", fields=fields)

    assert result("crm.activity.get", id=id_)["RESPONSIBLE_ID"] == str(other)


def test_a_call_on_a_deal_is_bound_to_the_client_as_well(
    result: Result, contact: int, deals: list[int]
) -> None:
    id_ = result("crm.activity.add", fields=a_call(contact, OWNER_TYPE_ID=2, OWNER_ID=deals[0]))

    assert result("crm.activity.binding.list", activityId=id_) == [
        {"entityTypeId": 2, "entityId": deals[0]},
        {"entityTypeId": 3, "entityId": contact},
    ]


def test_an_update_may_name_one_field_and_never_moves_the_owner(
    result: Result, contact: int, deals: list[int]
) -> None:
    id_ = result("crm.activity.add", fields=a_call(contact))

    assert result(
        "crm.activity.update",
        id=id_,
        fields={"COMPLETED": "Y", "OWNER_TYPE_ID": 2, "OWNER_ID": deals[0], "NO_SUCH_FIELD": 1},
    )

    row = result("crm.activity.get", id=id_)
    assert (row["COMPLETED"], row["STATUS"]) == ("Y", "2")
    assert (row["OWNER_TYPE_ID"], row["OWNER_ID"]) == ("3", str(contact))
    assert row["SUBJECT"] == "Разговор"


def test_a_missing_activity_is_not_found_in_words(refusal: Refusal) -> None:
    for method in ("crm.activity.get", "crm.activity.delete"):
        assert refusal(method, id=404) == (400, "", "Activity is not found")
    assert refusal("crm.activity.update", id=404, fields={}) == (400, "", "Activity is not found")


def test_an_activity_bound_to_two_listed_records_is_found_twice(
    result: Result, call: Callable[..., dict[str, Any]], contact: int, deals: list[int]
) -> None:
    id_ = result("crm.activity.add", fields=a_call(contact, OWNER_TYPE_ID=2, OWNER_ID=deals[0]))
    pairs = [{"OWNER_TYPE_ID": 2, "OWNER_ID": deals[0]}, {"OWNER_TYPE_ID": 3}]

    twice = call("crm.activity.list", filter={"BINDINGS": pairs}, select=["ID"])
    once = call("crm.activity.list", filter={"BINDINGS": pairs[1:]}, select=["ID"])
    by_owner = call("crm.activity.list", filter={"OWNER_TYPE_ID": 3, "OWNER_ID": contact})

    assert [row["ID"] for row in twice["result"]] == [str(id_)] * 2
    assert twice["total"] == 2
    assert [row["ID"] for row in once["result"]] == [str(id_)]
    assert by_owner["result"] == []


def test_lists_page_by_start_time_unless_told_otherwise(
    result: Result, call: Callable[..., dict[str, Any]], contact: int
) -> None:
    ids = [
        result(
            "crm.activity.add", fields=a_call(contact, START_TIME=f"2026-01-{28 - n // 2:02d}T00:00:00+03:00")
        )
        for n in range(51)
    ]

    first = call("crm.activity.list", select=["ID", "START_TIME"])
    keyset = call("crm.activity.list", select=["ID"], order={"ID": "ASC"}, filter={">ID": ids[48]}, start=-1)

    starts = [row["START_TIME"] for row in first["result"]]
    assert starts == sorted(starts)
    assert (first["total"], first["next"]) == (51, 50)
    assert [row["ID"] for row in keyset["result"]] == [str(id_) for id_ in ids[49:]]
    assert (keyset["total"], "next" in keyset) == (0, False)


def test_an_unknown_filter_key_is_ignored_and_noted(result: Result, portal: Sandbox, contact: int) -> None:
    result("crm.activity.add", fields=a_call(contact))

    assert len(result("crm.activity.list", filter={"RESPONSIBLE": 77})) == 1
    assert "crm.activity.list RESPONSIBLE" in portal.ignored_filters


def test_a_weak_user_sees_only_activities_of_records_he_may_read(
    result: Result, colleague: Callable[..., Callable[..., httpx.Response]], contact: int
) -> None:
    id_ = result("crm.activity.add", fields=a_call(contact))
    weak = colleague(read="A", write="A")

    assert weak("crm.activity.list").json()["result"] == []
    assert weak("crm.activity.get", {"id": id_}).json()["error_description"] == "Access denied."
    assert (
        weak("crm.activity.add", {"fields": a_call(contact)}).json()["error_description"] == "Access denied."
    )


def test_an_outgoing_e_mail_is_really_sent_unless_it_is_unfinished(
    result: Result, refusal: Refusal, portal: Sandbox, contact: int
) -> None:
    letter = a_call(contact, TYPE_ID=4, DIRECTION=2, COMMUNICATIONS=[{"VALUE": "anna@example.ru"}])

    result("crm.activity.add", fields={**letter, "COMPLETED": "N"})
    result("crm.activity.add", fields={**letter, "DIRECTION": 1, "COMPLETED": "Y"})
    assert portal.store.find("sent_mail") == []

    sent = [result("crm.activity.add", fields={**letter, **more}) for more in ({"COMPLETED": "Y"}, {})]
    assert [each["ACTIVITY_ID"] for each in portal.store.find("sent_mail")] == sent
    nobody = {**letter, "COMPLETED": "Y", "COMMUNICATIONS": [{"VALUE": "+79001112233"}]}
    assert refusal("crm.activity.add", fields=nobody)[2] == "Email send error. Invalid email is specified"


# -- bindings ------------------------------------------------------------------------------------


def test_the_owner_changes_only_when_one_binding_is_left(
    result: Result, contact: int, deals: list[int]
) -> None:
    id_ = result("crm.activity.add", fields=a_call(contact))
    assert result("crm.activity.binding.add", activityId=id_, entityTypeId=2, entityId=deals[0])
    assert result("crm.activity.get", id=id_)["OWNER_ID"] == str(contact)

    assert result("crm.activity.binding.delete", activityId=id_, entityTypeId=3, entityId=contact)

    row = result("crm.activity.get", id=id_)
    assert (row["OWNER_TYPE_ID"], row["OWNER_ID"]) == ("2", str(deals[0]))


def test_bindings_refuse_what_the_pages_say_they_refuse(
    result: Result, refusal: Refusal, contact: int, deals: list[int]
) -> None:
    id_ = result("crm.activity.add", fields=a_call(contact))
    own, deal = {"entityTypeId": 3, "entityId": contact}, {"entityTypeId": 2, "entityId": deals[0]}

    def code(method: str, **params: Any) -> Any:
        return refusal(f"crm.activity.binding.{method}", **params)[:2]

    assert code("add", activityId=id_, **own) == (400, "ACTIVITY_IS_ALREADY_BOUND")
    assert code("add", activityId=id_) == (400, "100")
    assert code("add", activityId=id_, entityTypeId=2, entityId=999) == (400, "OWNER_NOT_FOUND")
    assert code("add", activityId=999, **deal) == (400, "NOT_FOUND")
    assert code("delete", activityId=id_, **deal) == (400, "BINDING_NOT_FOUND")
    assert code("delete", activityId=id_, **own) == (400, "LAST_BINDING_CANNOT_BE_DELETED")
    source = {"sourceEntityTypeId": 3, "sourceEntityId": contact}
    to_deal = {"targetEntityTypeId": 2, "targetEntityId": deals[0]}
    to_self = {"targetEntityTypeId": 3, "targetEntityId": contact}
    unequal = "SOURCE_AND_TARGET_ENTITY_TYPES_ARE_NOT_EQUAL_ERROR"
    assert code("move", activityId=id_, **source, **to_deal) == (400, unequal)
    assert code("move", activityId=id_, **source, **to_self) == (
        400,
        "SOURCE_AND_TARGET_ENTITY_ID_ARE_EQUAL_ERROR",
    )


def test_a_move_takes_the_activity_away_and_the_owner_along(result: Result, deals: list[int]) -> None:
    todo = {"ownerTypeId": 2, "ownerId": deals[0], "deadline": "2026-02-03T15:00:00"}
    id_ = result("crm.activity.todo.add", **todo)["id"]

    result(
        "crm.activity.binding.move",
        activityId=id_,
        sourceEntityTypeId=2,
        sourceEntityId=deals[0],
        targetEntityTypeId=2,
        targetEntityId=deals[1],
    )

    assert result("crm.activity.binding.list", activityId=id_) == [{"entityTypeId": 2, "entityId": deals[1]}]
    assert result("crm.activity.list", filter={"OWNER_TYPE_ID": 2, "OWNER_ID": deals[0]}) == []


def test_a_hundred_bindings_are_enough(result: Result, portal: Sandbox, deals: list[int]) -> None:
    todo = {"ownerTypeId": 2, "ownerId": deals[0], "deadline": "2026-02-03T15:00:00"}
    id_ = result("crm.activity.todo.add", **todo)["id"]
    portal.store.insert_many(
        "activity_binding",
        ["ACTIVITY_ID", "ENTITY_TYPE_ID", "ENTITY_ID"],
        [(id_, 2, 10_000 + n) for n in range(99)],
    )

    assert result("crm.activity.binding.add", activityId=id_, entityTypeId=2, entityId=deals[1]) is False


# -- deletion ------------------------------------------------------------------------------------


def test_a_deleted_record_takes_along_what_it_shares_with_nobody(
    result: Result, refusal: Refusal, contact: int, deals: list[int]
) -> None:
    own = result("crm.activity.add", fields=a_call(contact))
    shared = result("crm.activity.add", fields=a_call(contact))
    result("crm.activity.binding.add", activityId=shared, entityTypeId=2, entityId=deals[0])

    result("crm.item.delete", entityTypeId=3, id=contact)

    assert refusal("crm.activity.get", id=own)[2] == "Activity is not found"
    row = result("crm.activity.get", id=shared)
    assert (row["OWNER_TYPE_ID"], row["OWNER_ID"]) == ("2", str(deals[0]))


# -- to-dos --------------------------------------------------------------------------------------


def test_a_todo_is_an_activity_of_its_provider(result: Result, deals: list[int]) -> None:
    added = result(
        "crm.activity.todo.add",
        ownerTypeId=2,
        ownerId=deals[0],
        deadline="2026-02-03T15:00:00+03:00",
        title="Позвонить",
        pingOffsets=[0, 15],
        colorId="3",
    )

    (row,) = result("crm.activity.list", filter={"PROVIDER_ID": "CRM_TODO"})

    assert (row["ID"], row["SUBJECT"], row["TYPE_ID"]) == (str(added["id"]), "Позвонить", "6")
    assert row["DEADLINE"] == "2026-02-03T15:00:00+03:00"
    assert row["SETTINGS"]["PING_OFFSETS"] == [0, 15]


def test_a_finished_todo_cannot_be_changed(result: Result, refusal: Refusal, deals: list[int]) -> None:
    named = {"ownerTypeId": 2, "ownerId": deals[0]}
    id_ = result("crm.activity.todo.add", **named, deadline="2026-02-03T15:00:00")["id"]
    result("crm.activity.update", id=id_, fields={"COMPLETED": "Y"})

    def code(name: str, **params: Any) -> Any:
        return refusal(f"crm.activity.todo.{name}", id=id_, **named, **params)[1]

    assert code("update", deadline="2026-02-04T15:00:00") == "CAN_NOT_UPDATE_COMPLETED_TODO"
    assert code("updateDeadline", value="2026-02-04T15:00:00") == "CAN_NOT_UPDATE_COMPLETED_TODO"
    assert code("updateDescription", value="x") == "CAN_NOT_UPDATE_COMPLETED_TODO"
    assert code("updateColor", colorId="1") == "CAN_NOT_UPDATE_COLOR_COMPLETED_TODO"
    assert code("updateResponsibleUser", responsibleId=1) == "CAN_NOT_UPDATE_RESPONSIBLE_USER_COMPLETED_TODO"


def test_todo_methods_name_what_is_wrong(
    result: Result, refusal: Refusal, contact: int, deals: list[int]
) -> None:
    named = {"ownerTypeId": 2, "ownerId": deals[0]}
    id_ = result("crm.activity.todo.add", **named, deadline="2026-02-03T15:00:00")["id"]
    call_ = result("crm.activity.add", fields=a_call(contact))

    def code(name: str, **params: Any) -> Any:
        return refusal(f"crm.activity.todo.{name}", **params)[1]

    assert code("add", **named) == "100"
    assert code("add", **named, deadline="завтра") == "WRONG_DATETIME_FORMAT"
    assert code("add", ownerTypeId=2, ownerId=999, deadline="2026-02-03") == "OWNER_NOT_FOUND"
    assert code("updateColor", id=id_, **named, colorId="9") == "CAN_NOT_UPDATE_WRONG_COLOR_TODO"
    assert code("updateResponsibleUser", id=id_, **named, responsibleId=0) == "INVALID_ARG_VALUE"
    # Only universal activities, and only by a record they hang on.
    foreign = {"ownerTypeId": 3, "ownerId": contact, "value": "x"}
    assert code("updateDescription", id=call_, **foreign) == "NOT_FOUND"
    assert code("updateDescription", id=id_, **foreign) == "NOT_FOUND"


def test_a_todo_is_moved_to_a_new_deadline(result: Result, deals: list[int]) -> None:
    named = {"ownerTypeId": 2, "ownerId": deals[0]}
    id_ = result("crm.activity.todo.add", **named, deadline="2026-02-03T15:00:00", title="Before")["id"]

    answer = result("crm.activity.todo.update", id=id_, **named, deadline="2026-02-10T15:00:00+03:00")

    row = result("crm.activity.get", id=id_)
    assert answer == {"id": id_}
    assert (row["DEADLINE"], row["SUBJECT"]) == ("2026-02-10T15:00:00+03:00", "Before")


def test_a_transcript_is_read_never_started(
    result: Result, refusal: Refusal, portal: Sandbox, contact: int
) -> None:
    id_ = result("crm.activity.add", fields=a_call(contact))
    assert result("crm.activity.call.getTranscript", activityId=id_) is None

    portal.store.insert("activity_transcript", {"ACTIVITY_ID": id_, "TEXT": "Добрый день"})

    assert result("crm.activity.call.getTranscript", activityId=id_) == {"transcription": "Добрый день"}
    assert refusal("crm.activity.call.getTranscript", activityId=404)[:2] == (400, "NOT_FOUND")


def test_creating_an_activity_is_announced(result: Result, portal: Sandbox, contact: int) -> None:
    heard: list[tuple[str, Any]] = []
    portal.event_listeners.append(lambda event, told, _key: heard.append((event, told)))

    id_ = result("crm.activity.add", fields=a_call(contact))
    result("crm.activity.delete", id=id_)

    assert heard == [
        ("ONCRMACTIVITYADD", {"FIELDS": {"ID": str(id_)}}),
        ("ONCRMACTIVITYDELETE", {"FIELDS": {"ID": str(id_)}}),
    ]


def test_a_page_by_binding_is_answered_from_an_index(portal: Sandbox) -> None:
    plan = " ".join(
        row["detail"]
        for row in portal.store.rows(
            "EXPLAIN QUERY PLAN SELECT * FROM activity"
            " JOIN (SELECT ACTIVITY_ID AS BOUND_ID FROM activity_binding"
            " WHERE (ENTITY_TYPE_ID IN (2) AND ENTITY_ID IN (7))) ON BOUND_ID = ID WHERE 1 AND (1)"
            " ORDER BY START_TIME ASC, ID ASC LIMIT 50"
        )
    )

    assert "activity_binding_ENTITY_TYPE_ID" in plan
    assert "SCAN activity " not in plan
