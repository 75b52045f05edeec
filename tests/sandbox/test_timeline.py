"""The timeline and call lists: comments, bindings, log messages, notes, who is to be called."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from toolkit.sandbox import PlayedClock, Sandbox

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]
Call = Callable[..., dict[str, Any]]

GIF = base64.b64encode(b"GIF89a\x02\x00\x03\x00" + bytes(20)).decode()


@pytest.fixture
def deals(result: Result) -> list[int]:
    return [
        result("crm.item.add", entityTypeId=2, fields={"title": f"Deal {n}"})["item"]["id"] for n in range(2)
    ]


def a_comment(deal: int, **fields: Any) -> dict[str, Any]:
    return {"ENTITY_ID": deal, "ENTITY_TYPE": "deal", "COMMENT": "Договорились", **fields}


def test_a_comment_is_texts_and_its_files_a_map_by_id(result: Result, deals: list[int]) -> None:
    files = [["1.gif", GIF], ["note.txt", base64.b64encode(b"hello").decode()], ["broken", "###"]]
    id_ = result("crm.timeline.comment.add", fields=a_comment(deals[0], FILES=files))

    comment = result("crm.timeline.comment.get", id=id_)

    assert isinstance(id_, int)
    assert (comment["ID"], comment["ENTITY_ID"], comment["ENTITY_TYPE"]) == (str(id_), str(deals[0]), "deal")
    assert comment["AUTHOR_ID"] == "1"
    first, second = comment["FILES"].values()  # what is no Base64 is skipped without a word
    assert (first["type"], first["image"]) == ("image", {"width": 2, "height": 3})
    assert (second["name"], second["size"], second["image"]) == ("note.txt", 5, False)
    assert list(comment["FILES"]) == [str(first["id"]), str(second["id"])]


def test_without_files_the_map_is_an_empty_object(
    raw: Callable[..., httpx.Response], deals: list[int]
) -> None:
    raw("crm.timeline.comment.add", {"fields": a_comment(deals[0])})

    answer = raw("crm.timeline.comment.list", {"filter": {"ENTITY_ID": deals[0], "ENTITY_TYPE": "deal"}})

    assert b'"FILES":{}' in answer.content


def test_fields_count_in_lower_case_only(raw: Callable[..., httpx.Response], deals: list[int]) -> None:
    answer = raw("crm.timeline.comment.add", {"FIELDS": a_comment(deals[0])}).json()

    assert answer["error"] == "100"


def test_comments_refuse_what_the_pages_say(refusal: Refusal, result: Result, deals: list[int]) -> None:
    def code(method: str, **params: Any) -> Any:
        return refusal(f"crm.timeline.comment.{method}", **params)[:2]

    assert code("add", fields=a_comment(999)) == (400, "OWNER_NOT_FOUND")
    assert code("add", fields=a_comment(deals[0], COMMENT=" ")) == (400, "INVALID_ARG_VALUE")
    assert code("add", fields={"COMMENT": "x"}) == (400, "100")
    assert refusal("crm.timeline.comment.get", id=999) == (400, "", "Not found.")
    assert refusal("crm.timeline.comment.get") == (400, "", "ID is not defined or invalid.")
    assert code("update", id=999, fields={}) == (400, "NOT_FOUND")
    id_ = result("crm.timeline.comment.add", fields=a_comment(deals[0]))
    assert code("update", id=id_, fields={"COMMENT": ""}) == (400, "INVALID_ARG_VALUE")


def test_files_named_in_an_update_replace_every_old_one(result: Result, deals: list[int]) -> None:
    id_ = result("crm.timeline.comment.add", fields=a_comment(deals[0], FILES=[["1.gif", GIF]]))
    (old,) = result("crm.timeline.comment.get", id=id_)["FILES"]

    assert result("crm.timeline.comment.update", id=id_, fields={"FILES": [["2.gif", GIF]]}) == id_

    comment = result("crm.timeline.comment.get", id=id_)
    assert [each["name"] for each in comment["FILES"].values()] == ["2.gif"]
    assert old not in comment["FILES"]
    assert comment["COMMENT"] == "Договорились"


def test_a_shared_comment_is_deleted_only_from_the_record_named(
    result: Result, refusal: Refusal, deals: list[int]
) -> None:
    id_ = result("crm.timeline.comment.add", fields=a_comment(deals[0]))
    second = {"OWNER_ID": id_, "ENTITY_ID": deals[1], "ENTITY_TYPE": "deal"}
    assert result("crm.timeline.bindings.bind", fields=second) is True
    assert result("crm.timeline.bindings.bind", fields=second) is False

    assert refusal("crm.timeline.comment.delete", id=id_)[1] == "MULTIPLE_BINDINGS"
    assert result("crm.timeline.comment.delete", id=id_, ownerTypeId=2, ownerId=deals[0]) is None

    assert result("crm.timeline.bindings.list", filter={"OWNER_ID": id_}) == [
        {"OWNER_ID": str(id_), "ENTITY_ID": str(deals[1]), "ENTITY_TYPE": "deal"}
    ]
    assert result("crm.timeline.comment.delete", id=id_) is None
    assert refusal("crm.timeline.comment.get", id=id_)[2] == "Not found."


def test_comments_are_ordered_and_chosen(result: Result, portal: Sandbox, deals: list[int]) -> None:
    assert isinstance(portal.clock, PlayedClock)
    ids = []
    for text in ("one", "two", "three"):
        ids.append(result("crm.timeline.comment.add", fields=a_comment(deals[0], COMMENT=text)))
        portal.clock.spend(60)

    found = result(
        "crm.timeline.comment.list",
        filter={"ENTITY_ID": deals[0], "ENTITY_TYPE": "deal"},
        order={"CREATED": "DESC"},
        select=["ID", "COMMENT"],
    )

    assert found == [
        {"ID": str(id_), "COMMENT": text}
        for id_, text in zip(reversed(ids), ("three", "two", "one"), strict=True)
    ]


def test_bindings_name_the_parameter_that_is_wrong(
    refusal: Refusal, result: Result, deals: list[int]
) -> None:
    id_ = result("crm.timeline.comment.add", fields=a_comment(deals[0]))
    whole = {"OWNER_ID": id_, "ENTITY_ID": deals[1], "ENTITY_TYPE": "deal"}

    for name in whole:
        fields = {key: value for key, value in whole.items() if key != name}
        words = f"{name} is not defined or invalid."
        assert refusal("crm.timeline.bindings.bind", fields=fields) == (400, "", words)
    assert refusal("crm.timeline.bindings.unbind", fields=whole) == (400, "", "Not found.")
    assert refusal("crm.timeline.bindings.list")[2] == "OWNER_ID is not defined or invalid."


def test_a_deleted_record_takes_along_only_its_own_comments(
    result: Result, refusal: Refusal, deals: list[int]
) -> None:
    own = result("crm.timeline.comment.add", fields=a_comment(deals[0]))
    shared = result("crm.timeline.comment.add", fields=a_comment(deals[0]))
    result(
        "crm.timeline.bindings.bind",
        fields={"OWNER_ID": shared, "ENTITY_ID": deals[1], "ENTITY_TYPE": "deal"},
    )

    result("crm.item.delete", entityTypeId=2, id=deals[0])

    assert refusal("crm.timeline.comment.get", id=own)[2] == "Not found."
    assert result("crm.timeline.comment.get", id=shared)["ENTITY_ID"] == str(deals[1])


# -- log messages and notes ----------------------------------------------------------------------


def a_line(deal: int, text: str = "Импорт") -> dict[str, Any]:
    return {"entityTypeId": 2, "entityId": deal, "title": "Журнал", "text": text, "iconCode": "info"}


def test_log_messages_come_ten_a_page_newest_first(result: Result, call: Call, deals: list[int]) -> None:
    ids = [
        result("crm.timeline.logmessage.add", fields=a_line(deals[0], str(n)))["logMessage"]["id"]
        for n in range(12)
    ]

    first = call("crm.timeline.logmessage.list", entityTypeId=2, entityId=deals[0])
    second = call("crm.timeline.logmessage.list", entityTypeId=2, entityId=deals[0], start=10)

    assert [line["id"] for line in first["result"]] == list(reversed(ids))[:10]
    assert (first["total"], first["next"]) == (12, 10)
    assert [line["id"] for line in second["result"]] == [ids[1], ids[0]]
    assert "next" not in second


def test_only_who_left_a_line_removes_it(
    result: Result, refusal: Refusal, as_app: Callable[..., httpx.Response], deals: list[int]
) -> None:
    by_app = as_app("crm.timeline.logmessage.add", {"fields": a_line(deals[0])}).json()["result"]
    id_ = by_app["logMessage"]["id"]

    assert refusal("crm.timeline.logmessage.delete", id=id_)[:2] == (400, "REMOVING_DISABLED")
    assert as_app("crm.timeline.logmessage.delete", {"id": id_}).json()["result"] is True
    assert refusal("crm.timeline.logmessage.get", id=id_) == (
        400,
        "NOT_FOUND",
        f"Timeline logmessage not found for id {id_}",
    )


def test_a_log_line_needs_all_its_fields(refusal: Refusal, deals: list[int]) -> None:
    for name in a_line(deals[0]):
        fields = {key: value for key, value in a_line(deals[0]).items() if key != name}
        assert refusal("crm.timeline.logmessage.add", fields=fields)[:2] == (400, "100")
    assert refusal("crm.timeline.logmessage.add", fields=a_line(999))[1] == "OWNER_NOT_FOUND"


def test_a_note_stays_with_its_item(result: Result, refusal: Refusal, deals: list[int]) -> None:
    id_ = result("crm.timeline.comment.add", fields=a_comment(deals[0]))
    item = {"ownerTypeId": 2, "ownerId": deals[0], "itemType": 1, "itemId": id_}

    assert refusal("crm.timeline.note.get", **item)[:2] == (400, "NOT_FOUND")
    assert result("crm.timeline.note.save", **item, text="first") is True
    assert result("crm.timeline.note.save", **item, text="second") is True

    note = result("crm.timeline.note.get", **item)
    assert (note["text"], note["createdById"]) == ("second", 1)
    assert result("crm.timeline.note.delete", **item) is True
    assert refusal("crm.timeline.note.save", **{**item, "ownerId": deals[1]}, text="x")[1] == "NOT_FOUND"


# -- call lists ----------------------------------------------------------------------------------


@pytest.fixture
def contacts(result: Result) -> list[int]:
    return [result("crm.item.add", entityTypeId=3, fields={"name": f"N{n}"})["item"]["id"] for n in range(3)]


def test_a_call_list_replaces_its_clients_and_forgets_its_form(
    result: Result, portal: Sandbox, contacts: list[int]
) -> None:
    id_ = result("crm.calllist.add", ENTITY_TYPE="CONTACT", ENTITIES=contacts[:2], WEBFORM_ID=1)
    portal.store.db.execute(
        "UPDATE call_list_item SET STATUS_ID = 'SUCCESS' WHERE ELEMENT_ID = ?", [contacts[1]]
    )

    assert result("crm.calllist.update", LIST_ID=id_, ENTITY_TYPE="CONTACT", ENTITIES=contacts[1:]) is True

    assert result("crm.calllist.items.get", LIST_ID=id_) == [
        {"ID": contacts[1], "STATUS": "SUCCESS", "ENTITY_TYPE": 3},
        {"ID": contacts[2], "STATUS": "IN_WORK", "ENTITY_TYPE": 3},
    ]
    assert result("crm.calllist.get", ID=id_) == {
        "ID": str(id_),
        "DATE_CREATE": "2026-01-01 03:00:00",
        "CREATED_BY_ID": "1",
        "WEBFORM_ID": None,
        "ENTITY_TYPE_ID": "3",
        "ENTITY_TYPE": "CONTACT",
    }


def test_a_call_list_is_deleted_through_its_activity(
    result: Result, refusal: Refusal, contacts: list[int]
) -> None:
    id_ = result("crm.calllist.add", ENTITY_TYPE="CONTACT", ENTITIES=contacts)

    (activity,) = result("crm.activity.list", filter={"SUBJECT": f"Call list #{id_}"})
    result("crm.activity.delete", id=activity["ID"])

    assert refusal("crm.calllist.get", ID=id_) == (400, "LIST_ID_ERROR", "Incorrect list id")


def test_call_lists_refuse_in_their_own_words(refusal: Refusal, result: Result, contacts: list[int]) -> None:
    def words(method: str, **params: Any) -> Any:
        return refusal(f"crm.calllist.{method}", **params)[1:]

    good = {"ENTITY_TYPE": "CONTACT", "ENTITIES": contacts}
    id_ = result("crm.calllist.add", **good)
    assert words("add", ENTITIES=contacts) == ("ERROR_ARGUMENT", "ENTITY_TYPE is not found")
    assert words("add", **{**good, "ENTITIES": "5"}) == ("ENTITIES_ERROR", "Entities is not array")
    assert words("add", **{**good, "ENTITY_TYPE": "DEAL"}) == ("ENTITY_TYPE_ERROR", "Incorrect entity type")
    assert words("add", **{**good, "ENTITIES": [999]}) == ("ENTITY_ERROR", "Incorrect entities id")
    assert words("add", **good, WEBFORM_ID=77) == ("WEBFORM_ERROR", "Incorrect webform id")
    assert words("update", LIST_ID=99, **good) == ("LIST_ID_ERROR", "Incorrect list id or access denied")
    assert words("items.get", LIST_ID=0) == ("LIST_ID_ERROR", "List id should be positive")
    assert words("items.get", LIST_ID=id_, FILTER={"STATUS": "NO"}) == ("STATUS_ERROR", "Incorrect status")
    assert words("list", SELECT=["TITLE"]) == (
        "100",
        "Unknown field definition `TITLE` (TITLE) for \\Bitrix\\Crm\\CallList\\Internals\\CallList Entity.",
    )


def test_clients_a_user_may_not_read_stay_off_the_list(
    result: Result, colleague: Callable[..., Callable[..., httpx.Response]], contacts: list[int]
) -> None:
    weak = colleague(read="A", write="A")
    own = weak("crm.item.add", {"entityTypeId": 3, "fields": {"name": "Свой"}}).json()["result"]["item"]["id"]

    mixed = weak("crm.calllist.add", {"ENTITY_TYPE": "CONTACT", "ENTITIES": [own, contacts[0]]}).json()
    foreign = weak("crm.calllist.add", {"ENTITY_TYPE": "CONTACT", "ENTITIES": contacts})

    assert [row["ID"] for row in result("crm.calllist.items.get", LIST_ID=mixed["result"])] == [own]
    assert (foreign.status_code, foreign.json()["error"]) == (403, "ACCESS_ERROR")


def test_call_lists_are_listed_whole_without_a_total(call: Call, result: Result, contacts: list[int]) -> None:
    for _ in range(2):
        result("crm.calllist.add", ENTITY_TYPE="CONTACT", ENTITIES=contacts)

    body = call("crm.calllist.list", SELECT=["ID"], ORDER={"ID": "DESC"}, FILTER={">ID": 0})

    assert body["result"] == [{"ID": "2"}, {"ID": "1"}]
    assert "total" not in body
    assert json.dumps(result("crm.calllist.statuslist")[0]["STATUS_ID"]) == '"IN_WORK"'
