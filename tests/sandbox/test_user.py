"""`user.*`, `department.*`, `im.notify*` seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.sandbox import Sandbox

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def anna(result: Result) -> int:
    """An employee made through the portal itself."""
    id_ = result(
        "user.add",
        EMAIL="anna@example.ru",
        NAME="Анна",
        LAST_NAME="Петрова",
        WORK_POSITION="Менеджер",
        PERSONAL_CITY="Казань",
        UF_DEPARTMENT=[1],
        UF_PHONE_INNER="101",
    )
    assert isinstance(id_, int)
    return id_


def test_a_user_has_a_string_id_a_boolean_activity_and_whole_departments(result: Result, anna: int) -> None:
    (row,) = result("user.get", ID=anna)

    assert row["ID"] == str(anna)
    assert row["ACTIVE"] is True
    assert row["UF_DEPARTMENT"] == [1]
    assert row["UF_PHONE_INNER"] == "101"
    assert row["TIMESTAMP_X"] == {}
    assert row["PERSONAL_BIRTHDAY"] == ""
    assert "SECOND_NAME" not in row


def test_dismissed_users_are_listed_unless_activity_is_filtered(result: Result, anna: int) -> None:
    assert result("user.update", ID=anna, ACTIVE="N") is True

    assert [row["ACTIVE"] for row in result("user.get", FILTER={"ID": anna})] == [False]
    assert result("user.get", FILTER={"ID": anna, "ACTIVE": True}) == []
    assert [row["ID"] for row in result("user.get", FILTER={"ACTIVE": False})] == [str(anna)]


@pytest.mark.parametrize("user_type", ["bot", "email", "imconnector", "replica", "integrator"])
def test_users_who_are_not_people_are_left_out(portal: Sandbox, result: Result, user_type: str) -> None:
    portal.store.insert("user", {"NAME": "x", "USER_TYPE": user_type})

    assert [row["ID"] for row in result("user.get")] == ["1"]


@pytest.mark.parametrize(
    "filter_",
    [
        {"%LAST_NAME": "етро"},
        {"=%LAST_NAME": "петр%"},
        {"LAST_NAME": "Петр%"},
        {"@PERSONAL_CITY": ["Казань", "Уфа"]},
        {"!UF_PHONE_INNER": ""},
        {"UF_DEPARTMENT": 1, ">ID": 1},
        {"NAME_SEARCH": "анна петр"},
        {">=DATE_REGISTER": "2020-01-01", "!ID": 1},
    ],
)
def test_prefixes_of_the_user_filter(result: Result, anna: int, filter_: dict[str, Any]) -> None:
    assert [row["ID"] for row in result("user.get", FILTER=filter_)] == [str(anna)]


def test_a_date_that_is_none_finds_nobody(result: Result) -> None:
    assert result("user.get", FILTER={">=DATE_REGISTER": "вчера"}) == []


def test_users_are_sorted_and_paged(portal: Sandbox, call: Callable[..., Any]) -> None:
    for number in range(60):
        portal.store.insert("user", {"NAME": f"N{number:02}"})

    first = call("user.get", sort="NAME", order="DESC")
    last = call("user.get", sort="ID", start=50)

    assert (len(first["result"]), first["total"], first["next"]) == (50, 61, 50)
    assert first["result"][1]["NAME"] == "N59"  # Cyrillic sorts after Latin
    assert (len(last["result"]), last.get("next")) == (11, None)
    assert call("user.get", start=-1)["total"] == 0


def test_select_takes_known_names_and_skips_the_others(result: Result, anna: int) -> None:
    (row,) = result("user.get", ID=anna, select=["NAME", "NO_SUCH"])
    assert row == {"ID": str(anna), "NAME": "Анна"}


def test_search_looks_at_the_beginning_of_words(result: Result, anna: int) -> None:
    def found(**filter_: Any) -> list[str]:
        return [row["ID"] for row in result("user.search", FILTER=filter_)]

    assert found(LAST_NAME="пет") == [str(anna)]
    assert found(LAST_NAME="тро") == []
    assert found(FIND="менедж анна", NAME="Никто") == [str(anna)]
    assert found(UF_DEPARTMENT_NAME="комп") == ["1", str(anna)]


def test_the_current_user_carries_a_moment_without_a_zone(portal: Sandbox, result: Result) -> None:
    portal.store.update("user", 1, {"LAST_ACTIVITY_DATE": int(portal.clock.now())})

    row = result("user.current")

    assert row["ID"] == "1"
    assert row["IS_ONLINE"] == "Y"
    assert len(row["LAST_ACTIVITY_DATE"]) == 19
    assert " " in row["LAST_ACTIVITY_DATE"]


@pytest.mark.parametrize(
    ("scopes", "shown", "hidden"),
    [(("user_brief",), "UF_PHONE_INNER", "EMAIL"), (("user_basic",), "EMAIL", "LAST_LOGIN")],
)
def test_a_narrow_scope_shows_less_and_writes_nothing(
    portal: Sandbox, raw: Callable[..., Any], anna: int, scopes: tuple[str, ...], shown: str, hidden: str
) -> None:
    secret = portal.access.add_webhook(1, scopes=scopes)

    row = raw("user.get", {"ID": anna}, secret=secret).json()["result"][0]

    assert shown in row
    assert hidden not in row
    assert hidden not in raw("user.fields", secret=secret).json()["result"]
    refused = raw("user.update", {"ID": anna}, secret=secret)
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "wrong_email"),
        ({"EMAIL": "nobody"}, "wrong_email"),
        ({"EMAIL": "ADMIN@example.ru", "UF_DEPARTMENT": [1]}, "A user with this email already exists"),
        ({"EMAIL": "new@example.ru"}, "no_extranet_field"),
    ],
)
def test_an_invitation_is_refused(refusal: Refusal, params: dict[str, Any], words: str) -> None:
    assert refusal("user.add", **params) == (400, "ERROR_ARGUMENT", words)


def test_only_administrators_change_people(colleague: Callable[..., Any]) -> None:
    other = colleague()
    body = other("user.update", {"ID": 1, "NAME": "x"}).json()
    assert (body["error"], body["error_description"]) == ("ERROR_CORE", "access_denied")


def test_a_department_has_a_string_parent_and_a_whole_sort(call: Callable[..., Any], result: Result) -> None:
    id_ = result("department.add", NAME="Продажи", PARENT=1, SORT=450, UF_HEAD=1)

    page = call("department.get", ID=id_)

    assert page["result"] == [{"ID": str(id_), "NAME": "Продажи", "SORT": 450, "PARENT": "1", "UF_HEAD": "1"}]
    assert page["total"] == 1
    assert result("department.get", PARENT=1, sort="NAME", order="DESC") == page["result"]
    assert result("department.get", NAME="Прод") == []


def test_the_company_has_one_root(refusal: Refusal, result: Result) -> None:
    words = "There can only be one top-level department in the company structure"
    assert refusal("department.add", NAME="x") == (400, "ERROR_CORE", words)
    assert refusal("department.add", NAME="x", PARENT=77) == (400, "ERROR_CORE", words)
    inner = result("department.add", NAME="x", PARENT=1)
    assert refusal("department.update", ID=inner, PARENT=inner) == (400, "ERROR_CORE", words)


def test_people_of_a_deleted_department_move_up(result: Result, refusal: Refusal, anna: int) -> None:
    id_ = result("department.add", NAME="Склад", PARENT=1)
    below = result("department.add", NAME="Полка", PARENT=id_)
    result("user.update", ID=anna, UF_DEPARTMENT=[id_])

    assert result("department.delete", ID=id_) is True

    assert result("user.get", ID=anna)[0]["UF_DEPARTMENT"] == [1]
    assert result("department.get", ID=below)[0]["PARENT"] == "1"
    assert refusal("department.delete", ID=id_) == (400, "ERROR_CORE", "Department not found")


def test_a_notice_reaches_its_person(portal: Sandbox, result: Result, anna: int) -> None:
    id_ = result("im.notify.system.add", USER_ID=anna, MESSAGE="  Готово  ")
    result("im.notify", USER_ID=anna, MESSAGE="Лично")

    system, personal = portal.store.find("im_notification", USER_ID=anna)
    assert (system["ID"], system["MESSAGE"], system["AUTHOR_ID"]) == (id_, "Готово", 0)
    assert (personal["TYPE"], personal["AUTHOR_ID"]) == ("USER", 1)


def test_a_notice_replaces_the_one_with_the_same_tag(portal: Sandbox, result: Result, anna: int) -> None:
    for text in ("первое", "второе"):
        result("im.notify.personal.add", USER_ID=anna, MESSAGE=text, TAG="run", SUB_TAG="s", CLIENT_ID="kit")
    result("im.notify.personal.add", USER_ID=anna, MESSAGE="чужое", TAG="run", CLIENT_ID="other")

    assert [row["MESSAGE"] for row in portal.store.find("im_notification")] == ["второе", "чужое"]
    assert result("im.notify.delete", TAG="run", CLIENT_ID="kit") is True
    assert result("im.notify.delete", TAG="run", CLIENT_ID="kit") is False
    assert [row["MESSAGE"] for row in portal.store.find("im_notification")] == ["чужое"]


def test_nobody_is_notified_of_a_dismissed_or_absent_person(result: Result, anna: int) -> None:
    result("user.update", ID=anna, ACTIVE="N")
    assert result("im.notify", USER_ID=anna, MESSAGE="x") is False
    assert result("im.notify", USER_ID=999, MESSAGE="x") is False


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"MESSAGE": "x"}, (400, "USER_ID_EMPTY")),
        ({"USER_ID": -1, "MESSAGE": "x"}, (400, "USER_ID_EMPTY")),
        ({"USER_ID": 1, "MESSAGE": "  "}, (400, "MESSAGE_EMPTY")),
        ({"USER_ID": 1, "MESSAGE": "x", "ATTACH": "no json"}, (400, "ATTACH_ERROR")),
        ({"USER_ID": 1, "MESSAGE": "x", "ATTACH": [{"MESSAGE": "x" * 60001}]}, (400, "ATTACH_OVERSIZE")),
        ({"USER_ID": 1, "MESSAGE": "x", "TAG": "t"}, (403, "ACCESS_DENIED")),
    ],
)
def test_a_notice_is_refused(refusal: Refusal, params: dict[str, Any], expected: tuple[int, str]) -> None:
    assert refusal("im.notify", **params)[:2] == expected


def test_taking_back_a_notice_needs_a_name_for_it(refusal: Refusal) -> None:
    assert refusal("im.notify.delete") == (400, "PARAMS_ERROR", "Incorrect params")
