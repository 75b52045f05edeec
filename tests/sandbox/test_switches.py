"""Every open question has a name, a default, a reason, and both answers somewhere in these tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from toolkit.sandbox import SWITCHES, InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.sandbox.registry import all_methods
from toolkit.sandbox.switches import Switches, UnknownSwitchError

all_methods()  # the families declare their switches when they are loaded
Ask = Callable[..., httpx.Response]


@contextmanager
def switched(*, limits: str = "off", **switches: Any) -> Iterator[tuple[Sandbox, Ask]]:
    """A portal with these answers, and `ask(method, params, secret=..., v3=False, token=...)`."""
    portal = new_portal(clock=PlayedClock(), switches=switches, limits=limits)
    portal.access.add_webhook(1, "s3cr3t")
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as client:

        def ask(
            method: str, params: Any = None, *, secret: str = "s3cr3t", v3: bool = False, token: str = ""
        ) -> httpx.Response:
            body = {} if params is None else params
            if token:
                return client.post(f"/rest/{method}", json={**body, "auth": token})
            return client.post(f"/rest/{'api/' if v3 else ''}1/{secret}/{method}", json=body)

        yield portal, ask
    portal.close()


def token_of(portal: Sandbox) -> str:
    client_id, secret = portal.access.add_app()
    grant = {"client_id": client_id, "client_secret": secret, "grant_type": "authorization_code"}
    code = portal.access.authorize(client_id, 1)
    return str(portal.access.exchange({**grant, "code": code}, "https://b/rest/")["access_token"])


def code_of(answer: httpx.Response) -> tuple[int, Any]:
    error = answer.json()["error"]
    return answer.status_code, error["code"] if isinstance(error, dict) else error


# -- the list itself -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SWITCHES))
def test_a_switch_says_why_and_knows_its_default_as_one_of_its_answers(name: str) -> None:
    switch = SWITCHES[name]

    assert switch.default in switch.choices
    assert len(switch.choices) > 1
    assert len(switch.reason.split()) > 5


def test_every_switch_is_turned_in_some_test() -> None:
    texts = "".join(each.read_text(encoding="utf-8") for each in Path(__file__).parent.glob("test_*.py"))

    assert [name for name in sorted(SWITCHES) if name not in texts] == []


def test_a_name_or_answer_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownSwitchError, match="no switch 'batch_charge'"):
        Sandbox(switches={"batch_charge": "batch"})
    with pytest.raises(UnknownSwitchError, match="'never' is not one of"):
        Sandbox(switches={"batch_charges": "never"})
    assert Switches({"batch_charges": "batch"}).changed() == {"batch_charges": "batch"}


# -- the kernel's ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 401])
def test_a_missing_scope_has_one_status_or_the_other(status: int) -> None:
    with switched(insufficient_scope_status=status) as (portal, ask):
        narrow = portal.access.add_webhook(1, scopes=("task",))
        assert code_of(ask("crm.item.list", secret=narrow)) == (status, "insufficient_scope")


@pytest.mark.parametrize("status", [403, 401])
def test_a_wrong_webhook_has_one_code_or_the_other(status: int) -> None:
    switches: dict[str, Any] = {
        "wrong_webhook_code": "INVALID_CREDENTIALS",
        "invalid_credentials_status": status,
    }
    with switched(**switches) as (_, ask):
        assert code_of(ask("profile", secret="wrong")) == (status, "INVALID_CREDENTIALS")
    with switched() as (_, ask):
        assert code_of(ask("profile", secret="wrong")) == (401, "NO_AUTH_FOUND")


@pytest.mark.parametrize(("answer", "charged"), [("sub_methods", "crm.item.list"), ("batch", "batch")])
def test_a_batch_is_charged_to_its_methods_or_to_itself(answer: str, charged: str) -> None:
    with switched(limits="cloud", batch_charges=answer) as (portal, ask):
        ask("batch", {"cmd": {"a": "crm.item.list?entityTypeId=3"}})
        used = {
            name: portal.limits.operating.used("webhook:1", name, portal.clock.now())
            for name in ("crm.item.list", "batch")
        }

    assert [name for name, seconds in used.items() if seconds] == [charged]


@pytest.mark.parametrize(("answer", "title"), [("text", "a $result[x][y] b"), ("empty", "a  b")])
def test_a_broken_reference_is_passed_on_or_vanishes(answer: str, title: str) -> None:
    with switched(broken_reference=answer) as (portal, ask):
        ask("batch", {"cmd": {"a": "crm.item.add?entityTypeId=2&fields[title]=a $result[x][y] b"}})

        assert portal.store.value("SELECT TITLE FROM crm_2") == title


@pytest.mark.parametrize(("answer", "order"), [("id_asc", [1, 2]), ("none", [1, 2])])
def test_a_list_without_order_comes_by_id_or_by_last_change(answer: str, order: list[int]) -> None:
    with switched(default_list_order=answer) as (portal, ask):
        for name in "аб":
            ask("crm.item.add", {"entityTypeId": 3, "fields": {"name": name}})
        portal.clock.spend(10)
        ask("crm.item.update", {"entityTypeId": 3, "id": 1, "fields": {"name": "в"}})
        portal.clock.spend(10)
        if answer == "id_asc":
            ask("crm.item.update", {"entityTypeId": 3, "id": 2, "fields": {"name": "г"}})
        items = ask("crm.item.list", {"entityTypeId": 3}).json()["result"]["items"]

    assert [each["id"] for each in items] == order


@pytest.mark.parametrize(("answer", "total"), [(False, 0), (True, 2)])
def test_a_total_counts_what_may_be_read_or_everything(answer: bool, total: int) -> None:
    with switched(total_counts_unreadable=answer) as (portal, ask):
        for name in "аб":
            ask("crm.item.add", {"entityTypeId": 3, "fields": {"name": name, "opened": "N"}})
        user = portal.store.insert("user", {"NAME": "Пётр", "CRM_READ": "A"})
        portal.store.db.execute("UPDATE webhook SET USER_ID = ?", [user])
        body = (
            httpx.Client(transport=InProcessTransport(portal), base_url="https://b")
            .post(f"/rest/{user}/s3cr3t/crm.item.list", json={"entityTypeId": 3})
            .json()
        )

    assert (body["result"]["items"], body["total"]) == ([], total)


@pytest.mark.parametrize("answer", ["NOT_FOUND", "ENTITY_TYPE_NOT_SUPPORTED"])
def test_a_bad_entity_type_has_one_code_or_the_other(answer: str) -> None:
    with switched(bad_entity_type_code=answer) as (_, ask):
        assert code_of(ask("crm.item.list", {"entityTypeId": 9999})) == (400, answer)


def test_phones_that_are_no_array_are_swallowed_or_refused() -> None:
    params = {"entityTypeId": 3, "fields": {"name": "а", "fm": "+7900"}}
    with switched() as (_, ask):
        assert ask("crm.item.add", params).json()["result"]["item"]["hasPhone"] == "N"
    with switched(fm_not_an_array="code_100") as (_, ask):
        assert code_of(ask("crm.item.add", params)) == (400, "100")


def test_capital_names_are_taken_by_universal_lists_or_refused() -> None:
    params = {"entityTypeId": 3, "order": {"ID": "ASC"}, "filter": {">=ASSIGNED_BY_ID": 1}}
    with switched() as (_, ask):
        assert ask("crm.item.list", params).status_code == 200
    with switched(universal_list_takes_upper_names=False) as (_, ask):
        assert code_of(ask("crm.item.list", params)) == (400, "INVALID_ARG_VALUE")


# -- events ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "events"), [(True, 1), (False, 0)])
def test_an_import_tells_of_itself_or_does_not(answer: bool, events: int) -> None:
    with switched(import_fires_events=answer) as (portal, ask):
        token = token_of(portal)
        ask("event.bind", {"event": "ONCRMCONTACTADD", "event_type": "offline"}, token=token)
        ask("crm.item.import", {"entityTypeId": 3, "fields": {"name": "а"}}, token=token)

        assert ask("event.offline.list", token=token).json()["total"] == events


@pytest.mark.parametrize(("answer", "shown"), [("also", 2), ("only", 1)])
def test_failed_events_come_with_the_others_or_alone(answer: str, shown: int) -> None:
    with switched(offline_get_errors=answer) as (portal, ask):
        token = token_of(portal)
        ask("event.bind", {"event": "ONCRMCONTACTADD", "event_type": "offline"}, token=token)
        for name in "аб":
            ask("crm.contact.add", {"fields": {"NAME": name}}, token=token)
        package = ask("event.offline.get", {"clear": 0}, token=token).json()["result"]
        process = {"process_id": package["process_id"]}
        failed = [package["events"][0]["MESSAGE_ID"]]
        ask("event.offline.error", {**process, "message_id": failed}, token=token)

        got = ask("event.offline.get", {**process, "clear": 0, "error": 1}, token=token).json()["result"]
        assert len(got["events"]) == shown


def test_unbinding_without_an_event_takes_all_or_is_refused() -> None:
    bind = {"event": "ONCRMCONTACTADD", "handler": "http://127.0.0.1/"}
    for answer in ("all", "error"):
        with switched(unbind_without_event=answer) as (portal, ask):
            token = token_of(portal)
            ask("event.bind", bind, token=token)
            reply = ask("event.unbind", token=token)
            if answer == "all":
                assert reply.json()["result"] == {"count": 1}
            else:
                assert code_of(reply) == (400, "ERROR_ARGUMENT")


# -- REST 3.0 --------------------------------------------------------------------------------------

_P = "BITRIX_REST_V3_EXCEPTION_"
NEW = {"fields": {"title": "а", "creatorId": 1, "responsibleId": 1}}


@pytest.mark.parametrize(("answer", "left"), [("kept", 1), ("rolled_back", 0)])
def test_writes_before_a_failing_command_stay_or_are_undone(answer: str, left: int) -> None:
    with switched(v3_batch_on_error=answer) as (portal, ask):
        calls = [
            {"method": "tasks.task.add", "query": NEW},
            {"method": "tasks.task.get", "query": {"id": 99}},
        ]
        assert ask("batch", calls, v3=True).status_code == 400

        assert portal.store.value("SELECT COUNT(*) FROM task") == left


@pytest.mark.parametrize("status", [404, 400])
def test_an_unknown_method_of_version_3_has_one_status_or_the_other(status: int) -> None:
    with switched(v3_unknown_method_status=status) as (_, ask):
        assert code_of(ask("no.such.method", v3=True)) == (status, f"{_P}METHODNOTFOUNDEXCEPTION")


@pytest.mark.parametrize("status", [403, 400])
def test_no_access_in_version_3_has_one_status_or_the_other(status: int) -> None:
    with switched(v3_access_denied_status=status) as (_, ask):
        assert code_of(ask("tasks.task.delete", {"id": 99}, v3=True)) == (
            status,
            f"{_P}ACCESSDENIEDEXCEPTION",
        )


def test_an_unknown_field_to_write_in_version_3_is_refused_or_ignored() -> None:
    params = {"fields": {**NEW["fields"], "titel": "x"}}
    with switched() as (_, ask):
        assert code_of(ask("tasks.task.add", params, v3=True)) == (400, f"{_P}UNKNOWNDTOPROPERTYEXCEPTION")
    with switched(v3_unknown_write_field="ignored") as (_, ask):
        assert ask("tasks.task.add", params, v3=True).status_code == 200


# -- what the families leave open ------------------------------------------------------------------
#
# One probe per switch: what a client sees, by answer.

Probe = Callable[[Sandbox, Ask], Any]
PNG = "R0lGODlhAQABAAAAACwAAAAAAQABAAA="


def got(answer: httpx.Response) -> Any:
    """What stands under `result`, or the error's code."""
    body = answer.json()
    return body["result"] if "result" in body else body["error"]


def activity(ask: Ask, **fields: Any) -> Any:
    """The id of a call's activity on contact 1, which is made with it."""
    contact = {"fields": {"NAME": "а", "EMAIL": [{"VALUE": "a@example.ru", "VALUE_TYPE": "WORK"}]}}
    ask("crm.contact.add", contact)
    given = {
        "OWNER_TYPE_ID": 3,
        "OWNER_ID": 1,
        "TYPE_ID": 2,
        "SUBJECT": "Звонок",
        "RESPONSIBLE_ID": 1,
        "COMMUNICATIONS": [{"VALUE": "+7900", "ENTITY_ID": 1, "ENTITY_TYPE_ID": 3}],
        **fields,
    }
    return got(ask("crm.activity.add", {"fields": given}))


def bound_twice(_portal: Sandbox, ask: Ask) -> Any:
    one = activity(ask)
    ask("crm.deal.add", {"fields": {"TITLE": "с"}})
    ask("crm.activity.binding.add", {"activityId": one, "entityTypeId": 2, "entityId": 1})
    pairs = [{"OWNER_TYPE_ID": 3, "OWNER_ID": 1}, {"OWNER_TYPE_ID": 2, "OWNER_ID": 1}]
    return ask("crm.activity.list", {"filter": {"BINDINGS": pairs}}).json()["total"]


def files_of_an_activity(_portal: Sandbox, ask: Ask) -> Any:
    one = activity(ask, FILES=[{"fileData": ["a.png", PNG]}])
    return "FILES" in got(ask("crm.activity.get", {"id": one}))


def partial_update(_portal: Sandbox, ask: Ask) -> Any:
    return got(ask("crm.activity.update", {"id": activity(ask), "fields": {"DESCRIPTION": "x"}})) is True


def mail_without_completed(portal: Sandbox, ask: Ask) -> Any:
    letter = [{"VALUE": "a@example.ru", "ENTITY_ID": 1, "ENTITY_TYPE_ID": 3}]
    activity(ask, TYPE_ID=4, DIRECTION=2, COMMUNICATIONS=letter)
    return portal.store.value("SELECT COUNT(*) FROM sent_mail")


def missing_owner(_portal: Sandbox, ask: Ask) -> Any:
    params = {"ownerTypeId": 2, "ownerId": 99, "deadline": "2030-01-01T00:00:00+03:00"}
    return got(ask("crm.activity.todo.add", params))


def smart_process_in_timeline(portal: Sandbox, ask: Ask) -> Any:
    ask("crm.type.add", {"fields": {"title": "Обращения", "entityTypeId": 177}})
    ask("crm.item.add", {"entityTypeId": 177, "fields": {"title": "а"}})
    ask("crm.contact.add", {"fields": {"NAME": "а"}})
    comment = {"ENTITY_ID": 1, "ENTITY_TYPE": "contact", "COMMENT": "x"}
    record = got(ask("crm.timeline.comment.add", {"fields": comment}))
    fields = {"OWNER_ID": record, "ENTITY_ID": 1, "ENTITY_TYPE": "dynamic_177"}
    return got(ask("crm.timeline.bindings.bind", {"fields": fields})) is True


def headless(_portal: Sandbox, ask: Ask) -> Any:
    return got(ask("department.get", {"ID": 1}))[0].get("UF_HEAD", "absent")


def long_dictionary(portal: Sandbox, ask: Ask) -> Any:
    for number in range(60):
        portal.store.insert("status", {"ENTITY_ID": "LONG", "STATUS_ID": str(number), "NAME": "x"})
    return len(got(ask("crm.status.list", {"filter": {"ENTITY_ID": "LONG"}})))


def upload(ask: Ask) -> httpx.Response:
    storage = got(ask("disk.storage.getList"))[0]["ID"]
    return ask("disk.storage.uploadFile", {"id": storage, "data": {"NAME": "a.png"}, "fileContent": PNG})


def name_taken(_portal: Sandbox, ask: Ask) -> Any:
    assert upload(ask).status_code == 200
    return got(upload(ask))


def downloads(portal: Sandbox, ask: Ask) -> Any:
    """Statuses without headers, and with a technical User-Agent."""
    url = got(upload(ask))["DOWNLOAD_URL"].partition("/rest/")[2]
    polite = {"Accept": "*/*", "Accept-Language": "ru", "Referer": "https://a.example/"}
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local/rest/") as client:
        client.headers.clear()
        bare = client.get(url).status_code
        technical = client.get(url, headers={**polite, "User-Agent": "curl/8"}).status_code
        browser = client.get(url, headers={**polite, "User-Agent": "Mozilla/5.0"}).status_code
    return bare, technical, browser


def old_link(portal: Sandbox, ask: Ask) -> Any:
    url = got(upload(ask))["DOWNLOAD_URL"].partition("/rest/")[2]
    portal.clock.spend(2 * 86_400)
    headers = {
        "Accept": "*/*",
        "Accept-Language": "ru",
        "Referer": "https://a.example/",
        "User-Agent": "Mozilla/5.0",
    }
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local/rest/") as client:
        return client.get(url, headers=headers).status_code


def lead_and_contact_booleans(_portal: Sandbox, ask: Ask) -> Any:
    shown = []
    for noun, fields in (("lead", {"TITLE": "а"}), ("contact", {"NAME": "а"})):
        ask(f"crm.{noun}.userfield.add", {"fields": {"FIELD_NAME": "VIP", "USER_TYPE_ID": "boolean"}})
        ask(f"crm.{noun}.add", {"fields": {**fields, "UF_CRM_VIP": 1}})
        shown.append(got(ask(f"crm.{noun}.list", {"select": ["UF_CRM_VIP"]}))[0]["UF_CRM_VIP"] is True)
    return shown


def odd_status(_portal: Sandbox, ask: Ask) -> Any:
    return got(ask("crm.status.get", {"id": 9999})) == ""


def percent_in_a_name(portal: Sandbox, ask: Ask) -> Any:
    portal.store.insert("user", {"NAME": "Иван"})
    return len(got(ask("user.get", {"FILTER": {"NAME": "Ив%"}})))


def moments_of_a_user(_portal: Sandbox, ask: Ask) -> Any:
    return got(ask("user.get"))[0]["TIMESTAMP_X"] == {}


def field_that_is_not_there(_portal: Sandbox, ask: Ask) -> Any:
    return ask("userfieldconfig.get", {"moduleId": "crm", "id": 99}).status_code


def same_tag_to_two(portal: Sandbox, ask: Ask) -> Any:
    other = portal.store.insert("user", {"NAME": "Иван"})
    for user in (1, other):
        ask("im.notify", {"USER_ID": user, "MESSAGE": "x", "TAG": "t", "CLIENT_ID": "kit"})
    return portal.store.value("SELECT COUNT(*) FROM im_notification")


def tag_without_client(_portal: Sandbox, ask: Ask) -> Any:
    return ask("im.notify", {"USER_ID": 1, "MESSAGE": "x", "TAG": "t"}).status_code


def called(portal: Sandbox, ask: Ask) -> tuple[Callable[..., Any], str]:
    """Telephony asked as an application."""
    token = token_of(portal)
    return (lambda method, **params: got(ask(f"telephony.{method}", params, token=token))), token


CALL = {"USER_ID": 1, "PHONE_NUMBER": "+79001234567", "TYPE": 1, "SHOW": 0}


def finished_twice(portal: Sandbox, ask: Ask) -> Any:
    tell, _ = called(portal, ask)
    call = tell("externalCall.register", **CALL)["CALL_ID"]
    answers = [tell("externalCall.finish", CALL_ID=call, USER_ID=1, DURATION=5) for _ in range(2)]
    return answers[0] == answers[1]


def registered_after_the_end(portal: Sandbox, ask: Ask) -> Any:
    tell, _ = called(portal, ask)
    first = tell("externalCall.register", **CALL)["CALL_ID"]
    tell("externalCall.finish", CALL_ID=first, USER_ID=1, DURATION=5)
    return tell("externalCall.register", **CALL)["CALL_ID"] == first


def line_that_creates(portal: Sandbox, ask: Ask) -> Any:
    tell, _ = called(portal, ask)
    tell("externalLine.add", NUMBER="reg1", CRM_AUTO_CREATE="Y")
    made = tell("externalCall.register", **CALL, LINE_NUMBER="reg1", CRM_CREATE=0)
    return bool(made["CRM_CREATED_ENTITIES"])


SEEN: list[tuple[str, Probe, dict[Any, Any]]] = [
    ("activity_bindings_total", bound_twice, {"rows": 2, "activities": 1}),
    ("activity_get_shows_files", files_of_an_activity, {True: True, False: False}),
    ("activity_update_partial", partial_update, {True: True, False: False}),
    ("email_is_sent_unless", mail_without_completed, {"completed_n": 1, "completed_not_y": 0}),
    ("missing_record_code", missing_owner, {"OWNER_NOT_FOUND": "OWNER_NOT_FOUND", "NOT_FOUND": "NOT_FOUND"}),
    ("timeline_bind_smart_process", smart_process_in_timeline, {"refused": False, "accepted": True}),
    ("department_without_head", headless, {"absent": "absent", "null": None, "zero": "0"}),
    ("dictionary_pages", long_dictionary, {"whole": 60, "pages": 50}),
    (
        "drive_name_taken",
        name_taken,
        {"DISK_OBJ_22000": "DISK_OBJ_22000", "ERROR_COULD_NOT_SAVE_FILE": "ERROR_COULD_NOT_SAVE_FILE"},
    ),
    (
        "download_headers",
        downloads,
        {"present": (404, 200, 200), "not_technical": (404, 404, 200), "ignored": (200, 200, 200)},
    ),
    ("webhook_link_life", old_link, {"unlimited": 200, "hour": 401}),
    (
        "legacy_list_uf_boolean",
        lead_and_contact_booleans,
        {"leads": [True, False], "all": [True, True], "none": [False, False]},
    ),
    ("status_error_place", odd_status, {"description": True, "code": False}),
    ("user_filter_percent", percent_in_a_name, {"pattern": 1, "literal": 0}),
    ("user_moments", moments_of_a_user, {"object": True, "iso": False}),
    ("userfieldconfig_missing_field", field_that_is_not_there, {"refused": 400, "null": 200}),
    ("notify_tag_reach", same_tag_to_two, {"application": 1, "user": 2}),
    ("notify_tag_without_client_id", tag_without_client, {"refused": 403, "tag_ignored": 200}),
    ("finish_again", finished_twice, {"not_found": False, "repeats_answer": True}),
    ("register_finds_finished", registered_after_the_end, {True: True, False: False}),
    ("line_auto_create", line_that_creates, {"line_or_call": True, "call_only": False}),
]


@pytest.mark.parametrize(("name", "probe", "answers"), SEEN, ids=[each[0] for each in SEEN])
def test_each_answer_to_an_open_question_can_be_seen(
    name: str, probe: Probe, answers: dict[Any, Any]
) -> None:
    assert set(answers) == set(SWITCHES[name].choices)
    seen = {}
    for answer in answers:
        with switched(**{name: answer}) as (portal, ask):
            seen[answer] = probe(portal, ask)

    assert seen == answers
