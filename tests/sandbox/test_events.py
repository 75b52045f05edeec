"""`event.*`: handlers, the offline queue, and the calls of online handlers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal
from toolkit.sandbox.doors.http import serve

App = Callable[..., dict[str, Any]]


def open_app(portal: Sandbox, user: int = 1, client: tuple[str, str] | None = None) -> App:
    """`app("event.bind", event=...)`: the parsed envelope of a call with an application's token."""
    client_id, secret = client or portal.access.add_app()
    code = portal.access.authorize(client_id, user)
    token = portal.access.exchange(
        {"client_id": client_id, "client_secret": secret, "grant_type": "authorization_code", "code": code},
        "https://sandbox.local/rest/",
    )["access_token"]

    def send(method: str, /, **params: Any) -> dict[str, Any]:
        with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as http:
            answer = http.post(f"/rest/{method}", json={**params, "auth": token})
        body: dict[str, Any] = answer.json()
        return {**body, "status": answer.status_code}

    return send


@pytest.fixture
def client(portal: Sandbox) -> tuple[str, str]:
    return portal.access.add_app()


@pytest.fixture
def app(portal: Sandbox, client: tuple[str, str]) -> App:
    return open_app(portal, client=client)


@pytest.fixture
def employee(portal: Sandbox, client: tuple[str, str]) -> App:
    user = portal.store.insert(
        "user", {"NAME": "Пётр", "LAST_NAME": "Иванов", "CRM_READ": "X", "CRM_WRITE": "X"}
    )
    return open_app(portal, user, client)


@pytest.fixture
def handler() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A handler on this machine: its address, and the forms it was sent."""
    heard: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.append({name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()})
            self.send_response(500 if self.path == "/broken" else 200)
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    thread.join()
    server.server_close()


def queue(app: App, **params: Any) -> list[tuple[str, Any]]:
    return [(row["EVENT_NAME"], row["EVENT_DATA"]) for row in app("event.offline.list", **params)["result"]]


def offline(app: App, *names: str, **params: Any) -> None:
    for name in names:
        assert app("event.bind", event=name, event_type="offline", **params)["result"] is True


# -- handlers --------------------------------------------------------------------------------------


def test_a_webhook_may_not_bind_events(refusal: Callable[..., Any]) -> None:
    for method in ("events", "event.bind", "event.unbind", "event.get", "event.offline.get", "event.test"):
        assert refusal(method, event="ONCRMLEADADD", handler="http://127.0.0.1/")[:2] == (
            403,
            "WRONG_AUTH_TYPE",
        )


def test_a_bound_handler_is_listed_and_unbound_by_count(app: App) -> None:
    assert app("event.bind", event="OnCrmLeadAdd", handler="https://a.example/h")["result"] is True
    assert (
        app("event.bind", event="ONCRMLEADADD", handler="https://a.example/h", auth_type=1)["result"] is True
    )

    assert app("event.get")["result"] == [
        {"event": "ONCRMLEADADD", "handler": "https://a.example/h", "auth_type": "0", "offline": 0},
        {"event": "ONCRMLEADADD", "handler": "https://a.example/h", "auth_type": "1", "offline": 0},
    ]
    gone = app("event.unbind", event="ONCRMLEADADD", handler="https://a.example/h", auth_type=0)
    assert gone["result"] == {"count": 1}
    assert [row["auth_type"] for row in app("event.get")["result"]] == ["1"]
    assert app("event.unbind", event="ONCRMDEALADD", handler="https://a.example/h")["result"] == {"count": 0}


def test_what_cannot_be_bound_is_refused(app: App) -> None:
    handler = "https://a.example/h"
    app("event.bind", event="ONCRMLEADADD", handler=handler)

    refused = {
        "unknown": app("event.bind", event="ONCRMTYPO", handler=handler),
        "no event": app("event.bind", handler=handler),
        "no handler": app("event.bind", event="ONCRMLEADADD"),
        "no address": app("event.bind", event="ONCRMLEADADD", handler="file:///etc/passwd"),
        "twice": app("event.bind", event="ONCRMLEADADD", handler=handler),
        "no such type": app("event.bind", event="ONCRMDYNAMICITEMADD_9999", handler=handler),
    }

    assert {name: (body["status"], body["error"]) for name, body in refused.items()} == {
        "unknown": (400, "ERROR_EVENT_NOT_FOUND"),
        "no event": (400, "ERROR_ARGUMENT"),
        "no handler": (400, "ERROR_ARGUMENT"),
        "no address": (400, "ERROR_CORE"),
        "twice": (400, "ERROR_CORE"),
        "no such type": (400, "ERROR_EVENT_NOT_FOUND"),
    }


def test_an_employee_sees_and_binds_only_his_own_and_never_offline(app: App, employee: App) -> None:
    app("event.bind", event="ONCRMDEALADD", handler="https://a.example/admin")
    assert employee("event.bind", event="ONCRMDEALADD", handler="https://a.example/own")["result"] is True

    refusals = [
        employee("event.bind", event="ONCRMDEALADD", event_type="offline"),
        employee("event.bind", event="ONCRMDEALADD", handler="https://a.example/x", auth_type=1),
        employee("event.unbind", event="ONCRMDEALADD", handler="https://a.example/own", auth_type=1),
        employee("event.unbind", event="ONCRMDEALADD", event_type="offline"),
        *(employee(f"event.offline.{each}", process_id="x") for each in ("get", "list", "clear", "error")),
    ]

    assert {(each["status"], each["error"]) for each in refusals} == {(403, "ACCESS_DENIED")}
    assert [row["handler"] for row in employee("event.get")["result"]] == ["https://a.example/own"]
    assert employee("event.unbind")["result"] == {"count": 1}
    assert [row["handler"] for row in app("event.get")["result"]] == ["https://a.example/admin"]


def test_events_are_listed_by_the_scopes_of_the_application(portal: Sandbox) -> None:
    narrow = open_app(portal, client=portal.access.add_app(scopes=("task",)))

    names = narrow("events")["result"]

    assert "ONTASKADD" in names
    assert "ONAPPTEST" in names
    assert "ONCRMDEALADD" not in names
    assert narrow("events", SCOPE="user")["result"] == ["ONUSERADD"]
    assert "ONCRMDEALADD" in narrow("events", FULL=True)["result"]
    assert (
        narrow("event.bind", event="ONCRMDEALADD", event_type="offline")["error"] == "ERROR_EVENT_NOT_FOUND"
    )


# -- the offline queue -----------------------------------------------------------------------------


def test_the_queue_is_state_not_history(portal: Sandbox, app: App, result: Callable[..., Any]) -> None:
    offline(app, "ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE")
    deal = result("crm.item.add", entityTypeId=2, fields={"title": "Сделка"})["item"]["id"]
    for step in range(3):
        portal.clock.spend(10)
        result("crm.item.update", entityTypeId=2, id=deal, fields={"title": f"Сделка {step}"})
    result("crm.item.update", entityTypeId=2, id=deal, fields={"title": "Сделка 2"})  # nothing changes
    last_change = portal.zone.moment(portal.clock.now())
    result("crm.item.delete", entityTypeId=2, id=deal)

    rows = app("event.offline.list")["result"]

    told = {"FIELDS": {"ID": str(deal)}}
    assert [(row["EVENT_NAME"], row["EVENT_DATA"]) for row in rows] == [
        ("ONCRMDEALADD", told),
        ("ONCRMDEALUPDATE", told),
        ("ONCRMDEALDELETE", told),
    ]
    assert rows[1]["TIMESTAMP_X"] == last_change
    assert {name: rows[0][name] for name in ("PROCESS_ID", "ERROR", "EVENT_ADDITIONAL")} == {
        "PROCESS_ID": "",
        "ERROR": "0",
        "EVENT_ADDITIONAL": False,
    }


def test_a_get_takes_records_away_unless_told_to_reserve_them(app: App, result: Callable[..., Any]) -> None:
    offline(app, "ONCRMCONTACTADD")
    for name in "абв":
        result("crm.contact.add", fields={"NAME": name})

    first = app("event.offline.get", limit=1)["result"]
    reserved = app("event.offline.get", clear=0)["result"]

    assert first["process_id"] is None
    assert len(first["events"]) == 1
    assert len(reserved["events"]) == 2
    assert app("event.offline.get")["result"]["events"] == []  # reserved records hide from others
    again = app("event.offline.get", process_id=reserved["process_id"], clear=0)["result"]
    assert again == reserved
    assert app("event.offline.clear", process_id=reserved["process_id"], id=[reserved["events"][0]["ID"]])[
        "result"
    ]
    assert len(queue(app)) == 1
    assert app("event.offline.clear", process_id=reserved["process_id"])["result"] is True
    assert queue(app) == []


def test_a_change_after_the_reservation_is_a_record_of_its_own(app: App, result: Callable[..., Any]) -> None:
    offline(app, "ONCRMCONTACTUPDATE")
    contact = result("crm.contact.add", fields={"NAME": "а"})
    result("crm.contact.update", id=contact, fields={"NAME": "б"})
    package = app("event.offline.get", clear=0)["result"]["process_id"]

    result("crm.contact.update", id=contact, fields={"NAME": "в"})
    app("event.offline.clear", process_id=package)

    assert queue(app) == [("ONCRMCONTACTUPDATE", {"FIELDS": {"ID": str(contact)}})]


def test_a_failed_record_stays_marked_until_it_is_asked_for(app: App, result: Callable[..., Any]) -> None:
    offline(app, "ONCRMCONTACTADD")
    result("crm.contact.add", fields={"NAME": "а"})
    result("crm.contact.add", fields={"NAME": "б"})
    package = app("event.offline.get", clear=0)["result"]
    process, bad = package["process_id"], package["events"][0]

    assert app("event.offline.error", process_id=process, message_id=[bad["MESSAGE_ID"]])["result"] is True

    rest = app("event.offline.get", process_id=process, clear=0)["result"]["events"]
    both = app("event.offline.get", process_id=process, clear=0, error=1)["result"]["events"]
    assert [row["ID"] for row in rest] == [package["events"][1]["ID"]]
    assert len(both) == 2
    assert [row["ERROR"] for row in app("event.offline.list")["result"]] == ["1", "0"]


def test_a_reserved_package_is_dropped_after_thirty_days(
    portal: Sandbox, app: App, client: tuple[str, str], result: Callable[..., Any]
) -> None:
    offline(app, "ONCRMCONTACTADD")
    result("crm.contact.add", fields={"NAME": "а"})
    app("event.offline.get", clear=0)

    portal.clock.spend(29 * 86_400)
    assert len(queue(open_app(portal, client=client))) == 1
    portal.clock.spend(2 * 86_400)
    assert queue(open_app(portal, client=client)) == []


def test_a_source_key_keeps_ones_own_changes_out_of_ones_own_queue(
    app: App, call: Callable[..., Any]
) -> None:
    offline(app, "ONCRMCONTACTADD")
    offline(app, "ONCRMCONTACTADD", auth_connector="exchange")

    own = app("crm.contact.add", fields={"NAME": "а"}, auth_connector="exchange")["result"]
    foreign = call("crm.contact.add", fields={"NAME": "б"})["result"]

    ids = lambda rows: [data["FIELDS"]["ID"] for _, data in rows]  # noqa: E731
    assert ids(queue(app, auth_connector="exchange")) == [str(foreign)]
    assert ids(queue(app)) == [str(own), str(foreign)]  # without the key: the queue without a key


def test_applications_have_queues_of_their_own(portal: Sandbox, app: App, call: Callable[..., Any]) -> None:
    other = open_app(portal)
    offline(app, "ONCRMCONTACTADD")
    offline(other, "ONCRMCONTACTADD")
    call("crm.contact.add", fields={"NAME": "а"})

    app("event.offline.get")

    assert queue(app) == []
    assert len(queue(other)) == 1


def test_a_write_that_fails_leaves_no_event(app: App, call: Callable[..., Any]) -> None:
    offline(app, "ONCRMCONTACTADD", "ONCRMCONTACTUPDATE")

    assert "error" in call("crm.contact.add", fields={"NAME": "", "LAST_NAME": ""})

    assert queue(app) == []


def test_a_deal_that_changes_its_pipeline_tells_where_it_went(app: App, result: Callable[..., Any]) -> None:
    offline(app, "ONCRMDEALMOVETOCATEGORY")
    deal = result("crm.item.add", entityTypeId=2, fields={"title": "С"})["item"]["id"]
    pipeline = result("crm.category.add", entityTypeId=2, fields={"name": "Вторая"})["category"]["id"]

    result("crm.item.update", entityTypeId=2, id=deal, fields={"categoryId": pipeline})

    fields = {"ID": str(deal), "CATEGORY_ID": str(pipeline), "STAGE_ID": f"C{pipeline}:NEW"}
    assert queue(app) == [("ONCRMDEALMOVETOCATEGORY", {"FIELDS": fields})]


def test_invoices_and_smart_processes_share_the_dynamic_events(app: App, result: Callable[..., Any]) -> None:
    offline(app, "ONCRMDYNAMICITEMADD")
    invoice = result("crm.item.add", entityTypeId=31, fields={"title": "Счёт"})["item"]["id"]
    result("crm.item.add", entityTypeId=2, fields={"title": "Сделка"})

    told = {"FIELDS": {"ID": str(invoice), "ENTITY_TYPE_ID": "31"}}
    assert queue(app) == [("ONCRMDYNAMICITEMADD", told)]


@settings(max_examples=30)
@given(changes=st.lists(st.sampled_from("абв"), min_size=1, max_size=12))
def test_the_queue_holds_one_record_per_changed_object(changes: list[str]) -> None:
    portal = new_portal(clock=PlayedClock())
    app = open_app(portal)
    ids = {name: app("crm.contact.add", fields={"NAME": name})["result"] for name in "абв"}
    offline(app, "ONCRMCONTACTUPDATE")

    for number, name in enumerate(changes):
        app("crm.contact.update", id=ids[name], fields={"COMMENTS": str(number)})

    assert sorted(data["FIELDS"]["ID"] for _, data in queue(app)) == sorted(
        {str(ids[name]) for name in changes}
    )
    portal.close()


# -- online handlers -------------------------------------------------------------------------------


def test_an_online_handler_is_called_once_with_a_form(
    portal: Sandbox, app: App, result: Callable[..., Any], handler: tuple[str, list[dict[str, str]]]
) -> None:
    url, heard = handler
    app("event.bind", event="ONCRMDEALADD", handler=url)
    deal = result("crm.item.add", entityTypeId=2, fields={"title": "С"})["item"]["id"]

    [made] = portal.deliver()
    assert portal.deliver() == []

    assert (made.event, made.status) == ("ONCRMDEALADD", 200)
    [form] = heard
    assert form["event"] == "ONCRMDEALADD"
    assert form["data[FIELDS][ID]"] == str(deal)
    assert form["event_handler_id"].isdigit()
    assert form["ts"].isdigit()
    assert form["auth[scope]"] == "crm"
    assert form["auth[expires_in]"] == "3600"
    assert len(form["auth[application_token]"]) == 32
    assert "auth[refresh_token]" not in form


def test_the_token_a_handler_is_given_opens_the_portal_as_the_acting_user(
    portal: Sandbox, app: App, employee: App, handler: tuple[str, list[dict[str, str]]]
) -> None:
    url, heard = handler
    app("event.bind", event="ONCRMCONTACTADD", handler=url)
    employee("crm.contact.add", fields={"NAME": "а"})
    portal.deliver()

    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as http:
        who = http.get("/rest/profile", params={"auth": heard[0]["auth[access_token]"]}).json()["result"]

    assert (who["NAME"], who["ADMIN"]) == ("Пётр", False)


def test_a_handler_that_fails_is_never_called_again(
    portal: Sandbox, app: App, call: Callable[..., Any], handler: tuple[str, list[dict[str, str]]]
) -> None:
    url, heard = handler
    app("event.bind", event="ONCRMCONTACTADD", handler=f"{url}/broken")
    app("event.bind", event="ONCRMCONTACTADD", handler="http://127.0.0.1:9/nobody-listens")
    call("crm.contact.add", fields={"NAME": "а"})

    made = {each.url.rpartition("/")[2]: each.status for each in portal.deliver()}

    assert made == {"broken": 500, "nobody-listens": 0}
    assert portal.deliver() == []
    assert len(heard) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example/h",
        "http://10.0.0.5/h",
        "http://127.0.0.1.example.com/",
        "http://[::ffff:8.8.8.8]/",
    ],
)
def test_nobody_beyond_this_machine_is_called(
    portal: Sandbox, app: App, call: Callable[..., Any], url: str
) -> None:
    app("event.bind", event="ONCRMCONTACTADD", handler=url)
    call("crm.contact.add", fields={"NAME": "а"})

    [made] = portal.deliver()

    assert (made.status, made.problem) == (0, "not on this machine: not called")


def test_a_robots_doing_brings_no_tokens(
    app: App, handler: tuple[str, list[dict[str, str]]], portal: Sandbox
) -> None:
    url, heard = handler
    portal.robots.configure([{"on": "add", "entity_type_id": 3, "do": [{"set": {"COMMENTS": "робот"}}]}])
    app("event.bind", event="ONCRMCONTACTUPDATE", handler=url)
    app("crm.contact.add", fields={"NAME": "а"})
    portal.deliver()

    [form] = heard
    assert "auth[access_token]" not in form
    assert form["auth[member_id]"]


def test_the_wake_up_ping_is_empty_and_keeps_its_pace(
    portal: Sandbox, app: App, call: Callable[..., Any], handler: tuple[str, list[dict[str, str]]]
) -> None:
    url, heard = handler
    app("event.bind", event="ONOFFLINEEVENT", handler=url, options={"minTimeout": 60})
    offline(app, "ONCRMCONTACTADD")

    for pause in (0, 10, 100):
        portal.clock.spend(pause)
        call("crm.contact.add", fields={"NAME": "а"})
    portal.deliver()

    assert [form["event"] for form in heard] == ["ONOFFLINEEVENT", "ONOFFLINEEVENT"]
    assert not [name for name in heard[0] if name.startswith("data")]
    assert heard[0]["auth[refresh_token]"]


def test_event_test_reaches_only_the_application_that_asked(
    portal: Sandbox, app: App, handler: tuple[str, list[dict[str, str]]]
) -> None:
    url, heard = handler
    open_app(portal)("event.bind", event="ONAPPTEST", handler=f"{url}/other")
    app("event.bind", event="ONAPPTEST", handler=url)

    assert app("event.test", any="data")["result"] == 1
    portal.deliver()

    assert [(form["event"], form["data[QUERY][any]"]) for form in heard] == [("ONAPPTEST", "data")]


def test_a_served_portal_calls_handlers_by_itself(
    portal: Sandbox, app: App, call: Callable[..., Any], handler: tuple[str, list[dict[str, str]]]
) -> None:
    url, heard = handler
    app("event.bind", event="ONCRMCONTACTADD", handler=url)
    came = threading.Event()
    deliver = portal.deliver

    def watched() -> Any:
        made = deliver()
        if made:
            came.set()
        return made

    portal.deliver = watched
    with serve(portal):
        call("crm.contact.add", fields={"NAME": "а"})
        assert came.wait(5)

    assert len(heard) == 1
