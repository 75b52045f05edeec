"""Finding duplicates, and registering what to find them by, seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]
FIND = "crm.duplicate.findbycomm"


def person(result: Result, *phones: str, noun: str = "contact", email: str = "") -> int:
    fields: dict[str, Any] = {"NAME": "A", "TITLE": "A", "PHONE": [{"VALUE": each} for each in phones]}
    if email:
        fields["EMAIL"] = [{"VALUE": email}]
    id_: int = result(f"crm.{noun}.add", fields=fields)
    return id_


def test_ids_come_by_type_and_nothing_found_is_an_empty_list(result: Result) -> None:
    lead = person(result, "+79001112233", noun="lead")
    one, two = person(result, "+79001112233"), person(result, "+79990000001", email="A@b.ru")

    assert result(FIND, type="PHONE", values=["+79001112233"]) == {"LEAD": [lead], "CONTACT": [one]}
    assert result(FIND, type="PHONE", values=["+79001112233", "+79990000001"], entity_type="CONTACT") == {
        "CONTACT": [one, two]
    }
    assert result(FIND, type="EMAIL", values=["a@B.ru"]) == {"CONTACT": [two]}
    assert result(FIND, type="PHONE", values=["+7"]) == []


def test_another_spelling_is_not_found_but_an_extension_does_not_matter(result: Result) -> None:
    id_ = person(result, "+7 900 111-22-33 доб. 5")

    assert result(FIND, type="PHONE", values=["+79001112233"]) == []
    assert result(FIND, type="PHONE", values=["+7 900 111-22-33"]) == {"CONTACT": [id_]}
    assert result(FIND, type="PHONE", values=["+7 900 111-22-33;77"]) == {"CONTACT": [id_]}


def test_spellings_may_be_evened_out_as_live_portals_are_said_to() -> None:
    portal = new_portal(clock=PlayedClock(), switches={"findbycomm_phone_match": "digits"})
    secret = portal.access.add_webhook(1)
    with httpx.Client(
        transport=InProcessTransport(portal), base_url=f"https://b/rest/1/{secret}/", trust_env=False
    ) as client:
        client.post(
            "crm.contact.add", json={"fields": {"NAME": "A", "PHONE": [{"VALUE": "8 (900) 111-22-33"}]}}
        )
        body = client.post(FIND, json={"type": "PHONE", "values": ["+79001112233"]}).json()

    assert body["result"] == {"CONTACT": [1]}


def test_twenty_of_one_type_silence_the_next_types(result: Result) -> None:
    for _ in range(21):
        person(result, "+7900", noun="lead")
    contact = person(result, "+7900")

    found = result(FIND, type="PHONE", values=["+7900"])
    assert list(found) == ["LEAD"]
    assert len(found["LEAD"]) == 20
    assert result(FIND, type="PHONE", values=["+7900"], entity_type="CONTACT") == {"CONTACT": [contact]}


def test_values_after_the_twentieth_are_not_looked_at(result: Result) -> None:
    person(result, "+7900")

    assert result(FIND, type="PHONE", values=[*(f"+{n}" for n in range(20)), "+7900"]) == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"values": ["1"]}, "Communication type is not defined"),
        ({"type": "IM", "values": ["1"]}, "Communication type 'IM' is not supported in current context"),
        ({"type": "PHONE"}, "Communication values is not defined"),
        ({"type": "PHONE", "values": "+7900"}, "Communication values is not defined"),
    ],
)
def test_errors_carry_their_words_in_the_code(params: dict[str, Any], code: str, refusal: Refusal) -> None:
    assert refusal(FIND, **params)[:2] == (400, code)


def test_ids_of_cards_one_may_not_read_are_found_all_the_same(
    result: Result, colleague: Callable[..., Callable[..., httpx.Response]]
) -> None:
    id_ = person(result, "+7900")

    assert colleague("A")(FIND, {"type": "PHONE", "values": ["+7900"]}).json()["result"] == {"CONTACT": [id_]}
    denied = colleague("")(FIND, {"type": "PHONE", "values": ["+7900"]})
    assert denied.status_code == 403


# -- crm.duplicate.volatileType.* --------------------------------------------------------------------


def test_seven_fields_can_be_registered_and_one_of_them_twice(
    portal: Sandbox, result: Result, refusal: Refusal
) -> None:
    codes = [each["fieldCode"] for each in result("crm.duplicate.volatileType.fields", entityTypeId=4)]
    register = "crm.duplicate.volatileType.register"
    ids = [result(register, entityTypeId=4, fieldCode=code)["id"] for code in codes[:7]]

    assert refusal(register, entityTypeId=4, fieldCode=codes[7])[1] == "MAX_TYPES_COUNT_EXCEEDED"
    assert result(register, entityTypeId=4, fieldCode=codes[0]) == {"id": ids[0]}
    assert result("crm.duplicate.volatileType.unregister", id=ids[0]) is True
    assert refusal("crm.duplicate.volatileType.unregister", id=ids[0])[1] == "TYPE_IS_NOT_ASSIGNED"
    assert len(result("crm.duplicate.volatileType.list")) == 6
    assert refusal(register, entityTypeId=4, fieldCode="NOPE")[1] == "FIELD_NOT_FOUND"


def test_only_administrators_choose_what_duplicates_are_found_by(
    colleague: Callable[..., Callable[..., httpx.Response]],
) -> None:
    answer = colleague()("crm.duplicate.volatileType.list")

    assert (answer.status_code, answer.json()["error"]) == (400, "ACCESS_DENIED")
