"""The traps a real portal sets for bulk work, each one there to step into.

They are the list "Traps for an emulator and a bulk client" of the facts this sandbox was built from; the
number stands in each test's name. A sandbox without them would make a dangerous repair look safe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal

Raw = Callable[..., httpx.Response]
Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


def add(result: Result, type_: int, **fields: Any) -> int:
    """The id of a new record of a kind."""
    return int(result("crm.item.add", entityTypeId=type_, fields=fields)["item"]["id"])


def card(result: Result, type_: int, id_: int, **params: Any) -> dict[str, Any]:
    item: dict[str, Any] = result("crm.item.get", entityTypeId=type_, id=id_, **params)["item"]
    return item


def phones(result: Result, contact: int) -> list[str]:
    return [each["VALUE"] for each in result("crm.contact.get", id=contact).get("PHONE", [])]


def test_01_empty_maps_arrive_as_empty_lists(result: Result) -> None:
    contact = add(result, 3, name="а")

    assert result("crm.duplicate.findbycomm", type="PHONE", values=["+70000000000"]) == []
    batch = result("batch", cmd={"a": "profile"})
    assert (batch["result_error"], batch["result_total"], batch["result_next"]) == ([], [], [])
    assert result("batch", cmd={"a": "crm.contact.get?id=999"})["result"] == []
    assert result("crm.item.delete", entityTypeId=3, id=contact) == []


def test_02_every_method_has_types_of_its_own(result: Result) -> None:
    company = add(result, 4, title="ООО")
    contact = result("crm.contact.add", fields={"NAME": "а", "COMPANY_ID": company})
    deal = add(result, 2, title="с", opportunity=20000)

    assert contact == 1
    assert result("crm.contact.get", id=contact)["COMPANY_ID"] == str(company)
    assert card(result, 3, contact)["companyId"] == company
    assert result("crm.contact.company.items.get", id=contact)[0]["COMPANY_ID"] == company
    assert result("crm.deal.get", id=deal)["OPPORTUNITY"] == "20000.00"
    assert card(result, 2, deal)["opportunity"] == 20000
    user = result("user.get")[0]
    assert (user["ID"], user["ACTIVE"]) == ("1", True)


def test_03_next_comes_only_when_there_is_more_and_minus_one_counts_nothing(
    result: Result, call: Callable[..., Any]
) -> None:
    for number in range(51):
        add(result, 3, name=str(number))
    ask = {"entityTypeId": 3, "order": {"id": "ASC"}, "select": ["id"]}

    first, last = call("crm.item.list", **ask), call("crm.item.list", **ask, start=50)
    uncounted = call("crm.item.list", **ask, start=-1)

    assert (first["total"], first["next"]) == (51, 50)
    assert last["total"] == 51
    assert "next" not in last
    assert uncounted["total"] == 0
    assert "next" not in uncounted
    assert len(uncounted["result"]["items"]) == 50


def test_04_a_typo_in_a_filter_is_refused_by_one_door_and_selects_everything_at_the_other(
    result: Result, refusal: Refusal, portal: Sandbox
) -> None:
    for name in ("а", "б"):
        add(result, 3, name=name)

    assert refusal("crm.item.list", entityTypeId=3, filter={"nmae": "а"})[:2] == (400, "INVALID_ARG_VALUE")
    assert len(result("crm.contact.list", filter={"NMAE": "а"})) == 2
    assert portal.ignored_filters == {"crm.contact.list NMAE": 1}


def test_05_unknown_fields_are_swallowed_when_writing(result: Result) -> None:
    contact = add(result, 3, name="а", asignedById=7)
    assert result("crm.contact.update", id=contact, fields={"ASIGNED_BY_ID": 7, "NAMEE": "x"}) is True

    assert (card(result, 3, contact)["assignedById"], card(result, 3, contact)["name"]) == (1, "а")


def test_06_a_batch_answers_200_whatever_happens_inside(portal: Sandbox, raw: Raw) -> None:
    portal.faults.plan("operating", "crm.contact.get", inside=True)
    cmd = {"limited": "crm.contact.get?id=1", "missing": "crm.deal.get?id=9"}
    cmd |= {f"n{number}": f"crm.contact.add?fields[NAME]={number}" for number in range(50)}

    answer = raw("batch", {"cmd": cmd})
    body = answer.json()["result"]

    assert answer.status_code == 200
    errors = {name: each["error"] for name, each in body["result_error"].items()}
    assert errors == {
        "limited": "OPERATION_TIME_LIMIT",
        "missing": "",
        "n48": "ERROR_BATCH_LENGTH_EXCEEDED",
        "n49": "ERROR_BATCH_LENGTH_EXCEEDED",
    }
    assert portal.store.value("SELECT COUNT(*) FROM crm_3") == 48  # no transaction: the rest is done


def test_07_no_key_makes_a_crm_write_happen_once(portal: Sandbox) -> None:
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as client:
        for _ in range(2):
            client.post(
                "/rest/1/s3cr3t/crm.item.add",
                json={"entityTypeId": 3, "fields": {"name": "а", "originId": "7", "originatorId": "kit"}},
                headers={"Idempotency-Key": "same"},
            )

    assert portal.store.value("SELECT COUNT(*) FROM crm_3 WHERE ORIGIN_ID = '7'") == 2


@pytest.mark.parametrize("fault", ["lose_answer", "timeout", "server_error_after", "html_after", "truncated"])
def test_08_an_answer_that_did_not_come_does_not_mean_that_nothing_was_done(
    portal: Sandbox, raw: Raw, fault: Any
) -> None:
    portal.faults.plan(fault, "crm.contact.add")

    try:
        answer = raw("crm.contact.add", {"fields": {"NAME": "а"}})
    except httpx.TransportError:
        pass
    else:
        assert answer.status_code >= 500

    assert portal.store.value("SELECT COUNT(*) FROM crm_3") == 1


def test_09_there_are_two_limits_and_a_block() -> None:
    portal = new_portal(clock=PlayedClock(), limits="cloud", costs={"crm.item.list": 50.0, "profile": 0.0})
    secret = portal.access.add_webhook(1)
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as client:

        def ask(method: str) -> tuple[int, str]:
            answer = client.post(f"/rest/1/{secret}/{method}", json={"entityTypeId": 3})
            return answer.status_code, answer.json().get("error", "")

        fast = [ask("profile") for _ in range(60)]
        portal.clock.spend(60)
        slow = [ask("crm.item.list") for _ in range(11)]
        other = ask("profile")
        portal.faults.plan("overload")
        blocked = ask("profile")
    portal.close()

    assert fast[49] == (200, "")
    assert fast[59] == (503, "QUERY_LIMIT_EXCEEDED")
    # Checked before the call: the one that overshoots 480 s still runs, the next is refused, others are not.
    assert [status for status, _ in slow] == [200] * 10 + [429]
    assert slow[-1] == (429, "OPERATION_TIME_LIMIT")
    assert other == (200, "")
    assert blocked == (503, "OVERLOAD_LIMIT")


def test_10_legacy_phones_multiply_vanish_and_hide(result: Result) -> None:
    contact = result(
        "crm.contact.add", fields={"NAME": "а", "PHONE": [{"VALUE": "+7 900", "VALUE_TYPE": "WORK"}]}
    )
    row = result("crm.contact.get", id=contact)["PHONE"][0]["ID"]

    result("crm.contact.update", id=contact, fields={"PHONE": [{"VALUE": "+7 900", "VALUE_TYPE": "WORK"}]})
    assert phones(result, contact) == ["+7 900", "+7 900"]  # rows without an id append
    assert "PHONE" not in result("crm.contact.list")[0]
    assert "PHONE" in result("crm.contact.list", select=["ID", "PHONE"])[0]
    assert result("crm.contact.list", filter={"PHONE": "+7900"}) == []  # exact, as it is spelt
    assert len(result("crm.contact.list", filter={"PHONE": "+7 900"})) == 1
    result("crm.contact.update", id=contact, fields={"PHONE": [{"ID": row}]})
    assert phones(result, contact) == ["+7 900"]  # a bare id deletes


def test_11_keys_of_universal_phones_are_commands(result: Result) -> None:
    phone = {"typeId": "PHONE", "valueType": "WORK", "value": "+7900"}
    one = add(result, 3, name="а", fm=[phone])
    two = add(result, 3, name="б", fm=[phone])
    foreign = str(card(result, 3, two)["fm"][0]["id"])

    def put(fm: Any) -> list[str]:
        result("crm.item.update", entityTypeId=3, id=one, fields={"fm": fm})
        return [each["value"] for each in card(result, 3, one)["fm"]]

    assert put({"n0": {"valueType": "WORK", "value": "+7901"}}) == ["+7900"]  # no typeId: nothing happens
    assert put({foreign: {**phone, "value": "+7902"}}) == ["+7900", "+7902"]  # another's id adds
    assert put([{**phone, "value": "+7903"}]) == ["+7900", "+7902", "+7903"]  # an array appends
    own = str(card(result, 3, one)["fm"][0]["id"])
    assert put({own: {**phone, "value": ""}}) == ["+7902", "+7903"]
    assert "fm" not in result("crm.item.list", entityTypeId=3, select=["id", "fm"])["items"][0]
    assert "fm" in result("crm.item.list", entityTypeId=3, select=["*"])["items"][0]


def test_12_user_fields_are_renamed_by_two_rules(result: Result) -> None:
    for name in ("DIGIT", "1747309879", "3_DIGIT10"):
        result("crm.contact.userfield.add", fields={"FIELD_NAME": name, "USER_TYPE_ID": "string"})
    contact = add(result, 3, name="а")

    names = {each for each in card(result, 3, contact) if each.lower().startswith("uf")}
    original = {each for each in card(result, 3, contact, useOriginalUfNames="Y") if each.startswith("UF_")}

    assert original == {"UF_CRM_DIGIT", "UF_CRM_1747309879", "UF_CRM_3_DIGIT10"}
    assert {"ufCrm_1747309879", "ufCrm_3_DIGIT10"} < names
    described = result("crm.item.fields", entityTypeId=3)["fields"]
    assert {described[each]["upperName"] for each in names} == original


def test_13_values_of_user_fields_are_ids_and_ones_and_zeros(result: Result, refusal: Refusal) -> None:
    field = result(
        "crm.contact.userfield.add",
        fields={
            "FIELD_NAME": "KIND",
            "USER_TYPE_ID": "enumeration",
            "LIST": [{"VALUE": "да"}],
            "MULTIPLE": "Y",
        },
    )
    option = int(result("crm.contact.userfield.get", id=field)["LIST"][0]["ID"])
    result("crm.contact.userfield.add", fields={"FIELD_NAME": "VIP", "USER_TYPE_ID": "boolean"})
    names = {"useOriginalUfNames": "Y"}
    contact = result(
        "crm.item.add",
        entityTypeId=3,
        fields={"name": "а", "UF_CRM_KIND": [option], "UF_CRM_VIP": "Y"},
        **names,
    )["item"]["id"]

    result("crm.item.update", entityTypeId=3, id=contact, fields={"UF_CRM_KIND": []}, **names)

    shown = card(result, 3, contact, **names)
    assert (shown["UF_CRM_KIND"], shown["UF_CRM_VIP"]) == ([option], "Y")  # `[]` clears nothing
    found = result("crm.item.list", entityTypeId=3, filter={"UF_CRM_VIP": 1}, **names)["items"]
    assert [each["id"] for each in found] == [contact]
    assert (
        refusal("crm.item.list", entityTypeId=3, filter={"UF_CRM_VIP": "Y"}, **names)[1]
        == "INVALID_ARG_VALUE"
    )


def test_14_updates_wake_robots_unless_nothing_changed_and_imports_never_do(
    portal: Sandbox, result: Result
) -> None:
    rule = {"on": ["add", "update"], "entity_type_id": 2, "do": [{"set": {"COMMENTS": "робот"}}]}
    portal.robots.configure([rule])
    imported = result("crm.item.import", entityTypeId=2, fields={"title": "и"})["item"]["id"]
    assert len(portal.robots.fired) == 0
    deal = add(result, 2, title="с")
    assert len(portal.robots.fired) == 1

    result("crm.item.update", entityTypeId=2, id=deal, fields={"title": "с"})
    assert len(portal.robots.fired) == 1
    result("crm.item.update", entityTypeId=2, id=deal, fields={"title": "т"})
    assert len(portal.robots.fired) == 2
    assert (card(result, 2, deal)["comments"], card(result, 2, imported)["comments"] or "") == ("робот", "")


def test_15_the_past_is_imported_in_order_or_not_at_all(
    portal: Sandbox, result: Result, refusal: Refusal
) -> None:
    day = 86_400
    now = portal.clock.now()

    def at(days_ago: int) -> str:
        return portal.zone.moment(now - days_ago * day)

    def import_(days_ago: int) -> dict[str, Any]:
        return {"entityTypeId": 2, "fields": {"title": "и", "createdTime": at(days_ago)}}

    plain = add(result, 1, title="л", createdTime=at(30))
    assert card(result, 1, plain)["createdTime"] == portal.zone.moment(now)  # read-only here, and silent
    result("crm.item.import", **import_(30))
    result("crm.item.import", **import_(20))
    assert refusal("crm.item.import", **import_(25))[:2] == (400, "CRM_FIELD_ERROR_VALUE_NOT_VALID")
    rows = [{"title": "a", "createdTime": at(19)}, {"title": "b", "createdTime": at(28)}]
    items = result("crm.item.batchImport", entityTypeId=2, data=rows)["items"]
    assert [("item" in each, each.get("error")) for each in items] == [
        (True, None),
        (False, "CRM_FIELD_ERROR_VALUE_NOT_VALID"),
    ]
    assert refusal("crm.item.batchImport", entityTypeId=2, data=[{"title": "x"}] * 21)[1] == (
        "MAX_IMPORT_BATCH_SIZE_EXCEEDED"
    )


def test_16_a_webhook_can_read_calls_but_never_make_them(refusal: Refusal, result: Result) -> None:
    for method in ("telephony.externalCall.register", "telephony.externalLine.get", "event.get"):
        assert refusal(method)[:2] == (403, "WRONG_AUTH_TYPE")
    assert "error" not in result("voximplant.statistic.get")
    assert refusal("app.option.get")[0] in (400, 403)


def register(as_app: Raw, **details: Any) -> dict[str, Any]:
    call = {"USER_ID": 1, "PHONE_NUMBER": "+79001234567", "TYPE": 1, "SHOW": 0, **details}
    body: dict[str, Any] = as_app("telephony.externalCall.register", call).json()
    return body.get("result", body)


def test_17_calls_registered_within_half_an_hour_collapse_whenever_they_began(
    portal: Sandbox, as_app: Raw
) -> None:
    first = register(as_app, CALL_START_DATE="2024-01-01T10:00:00+03:00")["CALL_ID"]
    again = register(as_app, CALL_START_DATE="2025-06-01T10:00:00+03:00")["CALL_ID"]
    keyed = register(as_app, CALL_START_DATE="2025-06-01T10:00:00+03:00", EXTERNAL_CALL_ID="7")["CALL_ID"]
    portal.clock.spend(31 * 60)
    later = register(as_app)["CALL_ID"]

    assert again == first
    assert len({first, keyed, later}) == 3


def test_18_dismissed_staff_are_listed_and_get_no_calls(portal: Sandbox, result: Result, as_app: Raw) -> None:
    fired = portal.store.insert("user", {"NAME": "Иван", "ACTIVE": "N", "UF_DEPARTMENT": "[1]"})

    assert [row["ID"] for row in result("user.get", sort="ID")] == ["1", str(fired)]
    assert [row["ID"] for row in result("user.get", FILTER={"ACTIVE": True})] == ["1"]
    assert register(as_app, USER_ID=fired)["error"] == "ERROR_CORE"


def test_19_a_merge_answers_200_also_when_it_did_not_merge(result: Result) -> None:
    one, two, three = (add(result, 3, name="Анна", lastName=last) for last in ("Ким", "Ким", "Цой"))

    conflict = result("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": [one, three]})
    merged = result("crm.entity.mergeBatch", params={"entityTypeId": 3, "entityIds": [two, one]})

    assert conflict["STATUS"] == "CONFLICT"
    assert merged == {"STATUS": "SUCCESS", "ENTITY_IDS": [one]}  # the first survives, these are gone
    assert [row["ID"] for row in result("crm.contact.list", order={"ID": "ASC"})] == [str(two), str(three)]


def test_20_twenty_hits_hide_the_other_kinds(result: Result, refusal: Refusal) -> None:
    phone = [{"VALUE": "+79001234567", "VALUE_TYPE": "WORK"}]
    result("crm.lead.add", fields={"TITLE": "л", "PHONE": phone})
    for number in range(20):
        result("crm.contact.add", fields={"NAME": str(number), "PHONE": phone})
    result("crm.company.add", fields={"TITLE": "к", "PHONE": phone})
    ask = {"type": "PHONE", "values": ["+79001234567"]}

    assert set(result("crm.duplicate.findbycomm", **ask)) == {"LEAD", "CONTACT"}
    assert set(result("crm.duplicate.findbycomm", **ask, entity_type="COMPANY")) == {"COMPANY"}
    assert result("crm.duplicate.findbycomm", type="PHONE", values=["8 900 123-45-67"]) == []
    assert refusal("crm.duplicate.findbycomm", type="PHONE", values="+79001234567")[0] == 400


def test_21_a_date_comes_back_as_a_moment_at_a_shifted_midnight(result: Result) -> None:
    contact = result("crm.contact.add", fields={"NAME": "а", "BIRTHDATE": "1980-05-17"})

    legacy, universal = (
        result("crm.contact.get", id=contact)["BIRTHDATE"],
        card(result, 3, contact)["birthdate"],
    )

    assert legacy == universal == "1980-05-17T03:00:00+03:00"
    empty = result("crm.contact.get", id=result("crm.contact.add", fields={"NAME": "б"}))
    assert empty["BIRTHDATE"] == ""


def test_22_emptiness_depends_on_the_history_of_the_row(result: Result) -> None:
    company = add(result, 4, title="ООО")
    deal = add(result, 2, title="с")
    never = card(result, 2, deal)
    result("crm.item.update", entityTypeId=2, id=deal, fields={"companyId": company, "comments": "x"})
    result("crm.item.update", entityTypeId=2, id=deal, fields={"companyId": 0, "comments": ""})
    cleared = card(result, 2, deal)

    assert (never["companyId"], cleared["companyId"]) == (None, 0)
    assert (never["comments"], cleared["comments"]) == (None, "")
    for empty in (None, 0, ""):
        found = result("crm.item.list", entityTypeId=2, filter={"companyId": empty})["items"]
        assert [each["id"] for each in found] == [deal], empty


def test_23_sets_are_replaced_whole(result: Result) -> None:
    people = [add(result, 3, name=name) for name in "абв"]
    deal = add(result, 2, title="с", contactIds=people[:2])

    result("crm.item.update", entityTypeId=2, id=deal, fields={"contactIds": [people[2]]})
    assert card(result, 2, deal)["contactIds"] == [people[2]]
    result("crm.deal.contact.items.set", id=deal, items=[{"CONTACT_ID": people[0]}])
    assert [row["CONTACT_ID"] for row in result("crm.deal.contact.items.get", id=deal)] == [people[0]]
    result("crm.deal.update", id=deal, fields={"CONTACT_IDS": people[1:]})
    assert card(result, 2, deal)["contactIds"] == people[1:]


def test_24_what_may_not_be_read_is_silently_not_there(result: Result, colleague: Callable[..., Raw]) -> None:
    for number in range(3):
        add(result, 3, name=str(number), opened="N")
    weak = colleague(read="A")
    strong = colleague(read="X")

    assert weak("crm.contact.list").json()["total"] == 0
    assert weak("crm.item.list", {"entityTypeId": 3}).json()["total"] == 0
    assert strong("crm.item.list", {"entityTypeId": 3}).json()["total"] == 3
    assert weak("profile").json()["result"]["ADMIN"] is False


def test_25_reading_the_event_queue_empties_it_and_ones_own_writes_echo(as_app: Raw) -> None:
    def ask(method: str, **params: Any) -> Any:
        return as_app(method, params).json()["result"]

    ask("event.bind", event="ONCRMCONTACTADD", event_type="offline")
    ask("crm.contact.add", fields={"NAME": "а"})

    assert len(ask("event.offline.get")["events"]) == 1
    assert ask("event.offline.get")["events"] == []
