"""Whatever is sent to whichever method: the portal's own error, no traceback, no dead process.

Three sweeps over everything registered (any parameters, documented requests with one value spoilt, nested
junk), then the ways a request can be broken before a method sees it. Nothing here is random from run to run
except what hypothesis draws, and that prints how to repeat it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.documented import filled, rows
from toolkit.sandbox import InProcessTransport, Sandbox, new_portal
from toolkit.sandbox.registry import all_methods
from toolkit.sandbox.wire.request import WireRequest

METHODS = [(each.name, each.version) for each in all_methods()]
FAMILIES = sorted({".".join(name.split(".")[:2]) for name, _ in METHODS})
_WORDS = """
id ID fields FIELDS filter FILTER select SELECT order ORDER SORT start params entityTypeId entityId
ownerTypeId ownerId ownerType OWNER_ID items data ENTITY_ID ENTITY_TYPE_ID ENTITY_TYPE ENTITIES
values type USER_ID taskId name NAME value moduleId field IBLOCK_TYPE_ID IBLOCK_ID ELEMENT_ID
ELEMENT_CODE CALL_ID PHONE_NUMBER TYPE activityId limit pagination halt event event_type handler
process_id message_id fileContent options MESSAGES MESSAGE LIST_ID productRows deadline preset
target code TEMPLATE_ID DOCUMENT_ID
"""
NAMES = _WORDS.split()
JUNK: tuple[Any, ...] = (
    None,
    "",
    0,
    -1,
    1,
    "1",
    "x",
    10**25,
    1.5,
    1e308,
    True,
    [],
    {},
    [[]],
    {"a": {"b": [1]}},
    ["x", {"y": None}],
    "'; DROP TABLE crm_3; --",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "\0\ufffe",
    "../../etc/passwd",
    "2026-13-45",
    "9" * 40,
    "²",
    {"0": 1, "2": 3},
    {"!><ID": "x", ">DATE_CREATE": "zz", "=%TITLE": [1], "LOGIC": "OR", "0": {"1": 2}},
    {"ID": "DESC", "TITLE": "sideways", "') OR 1=1": "ASC"},
)
STATUSES = {200, 400, 401, 403, 404, 405, 413, 422, 429, 501, 503}


class Probe:
    """A furnished portal, asked as an application so that no method refuses the way it is asked."""

    def __init__(self) -> None:
        self.portal = new_portal()
        self.portal.access.add_webhook(1, "s3cr3t")
        client_id, secret = self.portal.access.add_app()
        code = self.portal.access.authorize(client_id, 1)
        params = {"client_id": client_id, "client_secret": secret, "grant_type": "authorization_code"}
        self.token = self.portal.access.exchange({**params, "code": code}, "https://b/rest/")["access_token"]
        for entity_type_id in (1, 2, 3, 4, 7, 31):
            fields = {"title": "x", "name": "x", "fm": [{"typeId": "PHONE", "value": "+7900"}]}
            self.ask("crm.item.add", {"entityTypeId": entity_type_id, "fields": fields})
        self.ask("tasks.task.add", {"fields": {"TITLE": "x", "RESPONSIBLE_ID": 1}})

    def ask(self, method: str, params: Any, version: int = 2) -> Any:
        """The parsed body; fails unless the answer is one a portal could give."""
        path = f"/rest/api/{method}" if version == 3 else f"/rest/{method}"
        body = json.dumps({**params, "auth": self.token}).encode()
        answer = self.portal.serve(WireRequest("POST", path, "", {"content-type": "application/json"}, body))
        assert self.portal.missing == {}, f"{method} {params!r} broke inside: {self.portal.missing}"
        return judged(answer.status, answer.body, f"{method} {params!r}")

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens in here did not happen."""
        db = self.portal.store.db
        db.execute("SAVEPOINT fuzz")
        try:
            yield
        finally:
            db.execute("ROLLBACK TO fuzz")
            db.execute("RELEASE fuzz")
            self.portal.schema.forget()
            self.portal.forget_stages()
            self.portal.events.handlers_changed()


def judged(status: int, body: bytes, what: str) -> Any:
    """The parsed body, when status and shape are the portal's."""
    assert status in STATUSES, f"{what}: {status} {body[:200]!r}"
    assert b"Traceback" not in body, what
    parsed = json.loads(body)
    if status == 200:
        assert "result" in parsed or "openapi" in parsed, what
        return parsed
    error = parsed["error"]
    if isinstance(error, dict):  # REST 3.0
        assert {"code", "message"} <= set(error), what
        assert error["code"] != "INTERNAL_SERVER_ERROR", what
    else:
        assert isinstance(error, str | int), what
        assert isinstance(parsed["error_description"], str), what
        assert error != "INTERNAL_SERVER_ERROR" or status == 413, what
    return parsed


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    made = Probe()
    yield made
    made.portal.close()


# -- every method ----------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_no_parameters_whatsoever_break_a_method(probe: Probe, family: str) -> None:
    for name, version in METHODS:
        if ".".join(name.split(".")[:2]) != family:
            continue
        for index, value in enumerate(JUNK):
            # every other time it is a record that exists which is meant
            known = {"id": 1, "ID": 1, "entityTypeId": 3, "moduleId": "crm"} if index % 2 else {}
            with probe.undone():
                probe.ask(name, {**dict.fromkeys(NAMES, value), **known}, version)


def spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a request a value stands."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*path, key)
        yield from spots(each, (*path, key))


def spoilt(request: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """The request with one value replaced."""
    request = copy.deepcopy(request)
    spot = request
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = junk
    return request


FILES = sorted({name.partition("-")[0] for name, _ in rows()})


@pytest.mark.parametrize("file", FILES)
def test_one_spoilt_value_of_a_documented_request_breaks_nothing_then_or_later(
    probe: Probe, file: str
) -> None:
    number = 0
    for name, row in rows():
        if name.partition("-")[0] != file:
            continue
        version = 3 if row.get("as") == "v3" else 2
        with probe.undone():
            setup: list[Any] = []
            for step in row.get("setup", []):
                made = probe.ask(
                    step["method"], filled(step.get("params", {}), setup), 3 if step.get("as") == "v3" else 2
                )
                setup.append(made["result"])
            request = filled(row["request"], setup)
            if isinstance(request, list):
                request = {str(index): each for index, each in enumerate(request)}
            for path in spots(request):
                for _ in range(3):  # each place sees three of the values, each value comes round
                    number += 7
                    with probe.undone():
                        answer = probe.ask(
                            row["method"], spoilt(request, path, JUNK[number % len(JUNK)]), version
                        )
                        if "result" in answer:  # what was swallowed must not choke the readers
                            stem = row["method"].rpartition(".")[0]
                            for reader in (f"{stem}.get", f"{stem}.list"):
                                if (reader, version) in METHODS:
                                    probe.ask(reader, request, version)
                                    probe.ask(reader, {"id": 1, "entityTypeId": 3}, version)


leaves = st.sampled_from([each for each in JUNK if not isinstance(each, dict | list)]) | st.text(max_size=8)
nested = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(METHODS),
    params=st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), nested, max_size=5),
)
def test_nested_junk_breaks_no_method(probe: Probe, method: tuple[str, int], params: dict[str, Any]) -> None:
    with probe.undone():
        probe.ask(method[0], {key: each for key, each in params.items() if key != "auth"}, method[1])


# -- the wire --------------------------------------------------------------------------------------

Post = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def wire(probe: Probe) -> Iterator[httpx.Client]:
    with httpx.Client(transport=InProcessTransport(probe.portal), base_url="https://sandbox.local") as client:
        yield client


def seen(answer: httpx.Response) -> tuple[int, Any]:
    """Status and error code, of an answer a portal could give."""
    body = judged(answer.status_code, answer.content, str(answer.request.url))
    error = body.get("error")
    return answer.status_code, error["code"] if isinstance(error, dict) else error


JSON = {"Content-Type": "application/json"}
V2, V3 = "/rest/1/s3cr3t/", "/rest/api/1/s3cr3t/"
INVALID_JSON = "BITRIX_REST_V3_EXCEPTION_INVALIDJSONEXCEPTION"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"a":}',
        b"{'a':1}",
        b'{"a":1}}',
        b"\xff\xfe{}",
        b'{"a":"\xff"}',
        b"nul",
        b"[" * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=range(10),
)
def test_malformed_json_is_refused(wire: httpx.Client, body: bytes) -> None:
    assert seen(wire.post(f"{V2}crm.item.list", content=body, headers=JSON)) == (400, "100")
    assert seen(wire.post(f"{V3}tasks.task.list", content=body, headers=JSON)) == (400, INVALID_JSON)


@pytest.mark.parametrize("body", [b"null", b"5", b'"text"', b"[]", b"[1,2]"])
def test_json_that_holds_no_parameters_counts_as_none(wire: httpx.Client, body: bytes) -> None:
    assert seen(wire.post(f"{V2}profile", content=body, headers=JSON)) == (200, None)


def test_ten_thousand_brackets_deep_is_dropped_as_php_drops_it(wire: httpx.Client) -> None:
    deep = "filter" + "[a]" * 10_000 + "=1"

    assert seen(wire.post(f"{V2}crm.contact.list", content=deep.encode(), headers=FORM)) == (200, None)
    assert seen(wire.get(f"{V2}crm.contact.list?{deep[:3000]}")) == (200, None)
    half = wire.post(f"{V2}crm.item.list", json={"entityTypeId": 3, "filter": nest(400)})
    assert seen(half) == (400, "INVALID_ARG_VALUE")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def nest(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"0": value}
    return value


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"\xff\xfe=%ff%fe&%=%&[]=1&[a=1&a]=2&a[b=3&a[[]]]=4&=5&&&"),
        ("multipart/form-data", b"--x\r\n\r\nno boundary"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a[b]"\r\n\r\n\xff\r\n--x',
        ),
        ("multipart/form-data; boundary=\xff\xfe", b"--\xff"),
        ("text/xml", b"<methodCall>&xxe;</methodCall>"),
        ("application/json; charset=utf-16", "{}".encode("utf-16")),
        ("", b"\x00\x01\x02"),
    ],
)
def test_odd_bodies_are_answered(wire: httpx.Client, content_type: str, body: bytes) -> None:
    headers = {b"Content-Type": content_type.encode("latin-1")}

    status, error = seen(wire.post(f"{V2}crm.contact.list", content=body, headers=headers))

    assert (status, error) in ((200, None), (400, "100"))


@pytest.mark.parametrize(
    "path",
    [
        "/rest/1/s3cr3t/../../etc/passwd",
        "/rest/1/s3cr3t/..%2f..%2fetc%2fpasswd",
        "/rest/1/s3cr3t/%00",
        "/rest/1/s3cr3t/%ff%fe",
        "/rest/1/s3cr3t/crm.item.list%00.json",
        "/rest/1/s3cr3t/" + "a" * 5_000,
        "/rest/1/s3cr3t/crm.item.list;id",
        "/rest/1/s3cr3t/__class__",
        "/rest/99999999999999999999999999/s3cr3t/profile",
        "/rest/%31/s3cr3t/profile/../profile",
        "/rest/-1/s3cr3t/profile",
        "/rest//",
        "/rest",
        "//rest///1//wrong//profile//",
        "/nowhere",
        "/rest/api/",
        "/rest/api/1/s3cr3t/../../profile",
    ],
)
def test_paths_lead_to_methods_or_to_an_error(probe: Probe, path: str) -> None:
    answer = probe.portal.serve(WireRequest("GET", path))

    assert answer.status in (200, 401, 404)
    judged(answer.status, answer.body, path)


def test_unknown_methods_and_parameters(wire: httpx.Client) -> None:
    assert seen(wire.post(f"{V2}no.such.method", json={})) == (404, "ERROR_METHOD_NOT_FOUND")
    assert seen(wire.post(f"{V2}profile", json={"nonsense": {"a": [1]}, "__proto__": 1})) == (200, None)


def test_too_many_commands_and_batches_in_batches(wire: httpx.Client) -> None:
    many = wire.post(f"{V2}batch", json={"cmd": {str(each): "profile" for each in range(60)}}).json()[
        "result"
    ]
    inner = wire.post(f"{V2}batch", json={"cmd": {"a": "batch?cmd[x]=profile", "b": "profile"}}).json()[
        "result"
    ]

    assert len(many["result"]) == 50
    assert {each["error"] for each in many["result_error"].values()} == {"ERROR_BATCH_LENGTH_EXCEEDED"}
    assert len(many["result_error"]) == 10
    assert inner["result_error"]["a"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"
    assert "b" in inner["result"]


@pytest.mark.parametrize(
    "cmd",
    [
        "profile",
        5,
        None,
        [None, 5, {}, [], "", "?", "?a=1", "profile?" + "a[" * 500, "profile?%ff", "$result[0]", "\0"],
        {
            "": "profile",
            "a": "$result[a][b]",
            "b": "crm.item.get?id=$result[",
            "c": "crm.item.get?id=$result[c][d][e]",
        },
        {"a": "profile", "b": "crm.contact.get?id=$result[a]", "c": "crm.contact.list?filter=$result[a]"},
    ],
)
def test_odd_batches_are_answered(wire: httpx.Client, cmd: Any) -> None:
    for halt in (0, 1, "Y", [], {"a": 1}):
        answer = wire.post(f"{V2}batch", json={"cmd": cmd, "halt": halt})

        assert seen(answer) == (200, None)
        assert set(answer.json()["result"]) == {
            "result",
            "result_error",
            "result_total",
            "result_next",
            "result_time",
        }


INJECTIONS = (
    "'; DROP TABLE crm_3; --",
    '"; DELETE FROM user; --',
    "1) OR 1=1",
    "ID) UNION SELECT SECRET_HASH FROM webhook --",
    "{{config}}",
    "${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "%' OR '1'='1",
)


@pytest.mark.parametrize("text", INJECTIONS)
def test_injections_are_texts_like_any_other(probe: Probe, text: str) -> None:
    with probe.undone():
        made = probe.ask("crm.item.add", {"entityTypeId": 3, "fields": {"name": text, "comments": "x"}})
        id_ = made["result"]["item"]["id"]
        people = probe.portal.store.value("SELECT COUNT(*) FROM user")

        for params in (
            {"filter": {text: 1}},
            {"order": {text: text}},
            {"order": {"id": text}},
            {"select": [text]},
            {"start": text},
            {"filter": {"@id": [text]}},
        ):
            probe.ask("crm.item.list", {"entityTypeId": 3, **params})
            probe.ask("crm.contact.list", params)
            probe.ask("tasks.task.list", params, 3)
        found = probe.ask(
            "crm.item.list", {"entityTypeId": 3, "filter": {"=name": text}, "select": ["id", "name"]}
        )
        legacy = probe.ask("crm.contact.list", {"filter": {"NAME": text}, "select": ["NAME"]})

        assert found["result"]["items"] == [{"id": id_, "name": text}]
        assert [row["NAME"] for row in legacy["result"]] == [text]
        assert probe.portal.store.value("SELECT COUNT(*) FROM user") == people


def test_the_portal_lives_on(probe: Probe) -> None:
    assert probe.ask("profile", {})["result"]["ID"] == "1"
    assert isinstance(probe.portal, Sandbox)
