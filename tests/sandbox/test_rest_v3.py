"""REST 3.0: one envelope, JSON only, idempotency keys, filters of triples, batches as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.sandbox import InProcessTransport, PlayedClock, Sandbox, new_portal

V3 = Callable[..., httpx.Response]
_P = "BITRIX_REST_V3_EXCEPTION_"
VALIDATION = f"{_P}VALIDATION_REQUESTVALIDATIONEXCEPTION"


@pytest.fixture
def client(portal: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as made:
        yield made


@pytest.fixture
def task(as_v3: V3) -> Callable[..., int]:
    """`task("title", deadline=...)`: the id of a new task."""

    def add(title: str = "Задача", **fields: Any) -> int:
        body = as_v3(
            "tasks.task.add", {"fields": {"title": title, "creatorId": 1, "responsibleId": 1, **fields}}
        ).json()
        return int(body["result"]["item"]["id"])

    return add


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def fields_refused(answer: httpx.Response) -> list[str]:
    assert refused(answer) == (400, VALIDATION)
    return [each["field"] for each in answer.json()["error"]["validation"]]


# -- the envelope ----------------------------------------------------------------------------------


def test_only_json_bodies_are_read(client: httpx.Client) -> None:
    path = "/rest/api/1/s3cr3t/tasks.task.get"

    assert refused(client.post(path, data={"id": "1"})) == (400, f"{_P}INVALIDJSONEXCEPTION")
    assert refused(client.post(path, content=b"{id:1}", headers={"Content-Type": "application/json"})) == (
        400,
        f"{_P}INVALIDJSONEXCEPTION",
    )
    assert fields_refused(client.get(f"{path}?id=1")) == ["id"]
    assert fields_refused(client.post(f"{path}?id=1", json={})) == ["id"]


def test_a_method_of_one_version_is_unknown_to_the_other(
    client: httpx.Client, as_v3: V3, refusal: Callable[..., Any]
) -> None:
    assert refusal("rest.scope.list")[:2] == (404, "ERROR_METHOD_NOT_FOUND")
    assert refused(as_v3("crm.item.list", {"entityTypeId": 2})) == (404, f"{_P}METHODNOTFOUNDEXCEPTION")


def test_errors_have_one_shape_whoever_raises_them(portal: Sandbox, client: httpx.Client) -> None:
    narrow = portal.access.add_webhook(1, scopes=("crm",))

    scope = client.post(f"/rest/api/1/{narrow}/tasks.task.list", json={})
    secret = client.post("/rest/api/1/wrong/tasks.task.list", json={})

    assert refused(scope) == (403, f"{_P}INSUFFICIENTSCOPEEXCEPTION")
    assert refused(secret) == (401, "NO_AUTH_FOUND")
    assert set(secret.json()["error"]) == {"code", "message"}


def test_an_application_passes_its_token_in_the_body(portal: Sandbox, client: httpx.Client) -> None:
    client_id, secret = portal.access.add_app()
    tokens = portal.access.exchange(
        {
            "client_id": client_id,
            "client_secret": secret,
            "grant_type": "authorization_code",
            "code": portal.access.authorize(client_id, 1),
        },
        "https://sandbox.local/rest/",
    )

    body = client.post("/rest/api/tasks.task.list", json={"auth": tokens["access_token"]})
    query = client.post(f"/rest/api/tasks.task.list?auth={tokens['access_token']}", json={})

    assert body.json()["result"] == {"items": []}
    assert refused(query) == (401, "NO_AUTH_FOUND")


def test_the_documentation_lists_what_can_be_called_under_both_names(client: httpx.Client) -> None:
    whole = client.get("/rest/api/1/s3cr3t/rest.documentation.openapi").json()
    short = client.post("/rest/api/1/s3cr3t/documentation").json()

    assert whole == short
    assert whole["openapi"] == "3.0.0"
    assert "/tasks.task.add" in whole["paths"]
    for path in whole["paths"]:
        answer = client.post(f"/rest/api/1/s3cr3t{path}", json={})
        assert answer.status_code != 404, path


def test_scopes_of_methods_can_be_looked_up(as_v3: V3) -> None:
    found = as_v3("rest.scope.list", {"filterModule": "tasks", "filterMethod": "tasks.task.add"}).json()

    assert [each["scope"] for each in found["result"]["items"]] == ["tasks"]


# -- idempotency -----------------------------------------------------------------------------------

NEW = {"fields": {"title": "Отчёт", "creatorId": 1, "responsibleId": 1}}
KEY = {"Idempotency-Key": "9f1c1a7e-5f1b"}


def count(as_v3: V3) -> int:
    return len(as_v3("tasks.task.list").json()["result"]["items"])


def test_a_repeated_call_gets_the_kept_answer_and_writes_nothing(as_v3: V3) -> None:
    first = as_v3("tasks.task.add", NEW, headers=KEY)
    again = as_v3("tasks.task.add", NEW, headers=KEY)

    assert again.json() == first.json()
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"] == KEY["Idempotency-Key"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert count(as_v3) == 1


def test_a_key_saves_a_write_whose_answer_was_lost(portal: Sandbox, as_v3: V3) -> None:
    portal.faults.lose_answer_to("tasks.task.add")
    with pytest.raises(httpx.RemoteProtocolError):
        as_v3("tasks.task.add", NEW, headers=KEY)

    assert as_v3("tasks.task.add", NEW, headers=KEY).headers["Idempotent-Replayed"] == "true"
    assert count(as_v3) == 1


def test_a_key_belongs_to_one_body_one_method_and_one_caller(
    portal: Sandbox, client: httpx.Client, as_v3: V3
) -> None:
    other = portal.access.add_webhook(1)
    made = as_v3("tasks.task.add", NEW, headers=KEY).json()["result"]["item"]["id"]

    changed = as_v3("tasks.task.add", {"fields": {**NEW["fields"], "title": "Другой"}}, headers=KEY)
    elsewhere = client.post(f"/rest/api/1/{other}/tasks.task.add", json=NEW, headers=KEY)
    update = as_v3("tasks.task.update", {"id": made, "fields": {"title": "x"}}, headers=KEY)

    assert refused(changed) == (422, f"{_P}IDEMPOTENCYKEYREUSEDEXCEPTION")
    assert "Idempotent-Replayed" not in elsewhere.headers
    assert update.json()["result"] == {"result": True}
    assert count(as_v3) == 2


def test_a_refused_call_is_not_kept(as_v3: V3) -> None:
    bad = {"fields": {"title": "Отчёт"}}

    assert fields_refused(as_v3("tasks.task.add", bad, headers=KEY)) == ["creatorId", "responsibleId"]
    assert as_v3("tasks.task.add", NEW, headers=KEY).status_code == 200


def test_a_key_is_forgotten_after_a_day(portal: Sandbox, as_v3: V3) -> None:
    as_v3("tasks.task.add", NEW, headers=KEY)
    portal.clock.spend(86_399)
    as_v3("tasks.task.add", NEW, headers=KEY)
    assert count(as_v3) == 1

    portal.clock.spend(2)
    as_v3("tasks.task.add", NEW, headers=KEY)
    assert count(as_v3) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_is_not_printable_or_too_long_is_refused(as_v3: V3, key: str) -> None:
    assert refused(as_v3("tasks.task.add", NEW, headers={"Idempotency-Key": key})) == (
        400,
        f"{_P}INVALIDIDEMPOTENCYKEYEXCEPTION",
    )
    assert as_v3("tasks.task.list", headers={"Idempotency-Key": key}).status_code == 200


def test_version_2_ignores_the_key(client: httpx.Client) -> None:
    for _ in range(2):
        client.post("/rest/1/s3cr3t/crm.contact.add", json={"fields": {"NAME": "а"}}, headers=KEY)

    assert client.post("/rest/1/s3cr3t/crm.contact.list", json={}).json()["total"] == 2


# -- select, filter, order, pagination -------------------------------------------------------------


def test_a_list_shows_ids_unless_more_is_selected(as_v3: V3, task: Callable[..., int]) -> None:
    one = task("а")

    assert as_v3("tasks.task.list").json()["result"]["items"] == [{"id": one}]
    select = ["id", "title", "responsibleId", "nonsense"]
    assert as_v3("tasks.task.list", {"select": select}).json()["result"]["items"] == [
        {"id": one, "title": "а", "responsibleId": 1}
    ]


def test_an_unknown_own_field_is_dropped_and_an_unknown_related_one_refused(
    as_v3: V3, task: Callable[..., int]
) -> None:
    one = task()

    own = as_v3("tasks.task.get", {"id": one, "select": ["id", "stage_id"]})
    related = as_v3("tasks.task.get", {"id": one, "select": ["responsible.stageId"]})

    assert own.json()["result"] == {"item": {"id": one}}
    assert refused(related) == (400, f"{_P}UNKNOWNDTOPROPERTYEXCEPTION")
    assert related.json()["error"]["message"] == "Unknown field `stageId` for entity `UserDto`"


def test_related_objects_come_cut_to_what_was_selected(
    portal: Sandbox, as_v3: V3, task: Callable[..., int]
) -> None:
    helper = portal.store.insert("user", {"NAME": "Анна", "LAST_NAME": "Ким", "EMAIL": "a@example.ru"})
    parent = task("родитель")
    child = task("дитя", parentId=parent, accomplices=[helper])

    select = ["creator.email", "accomplices.name", "accomplices.id", "parent.title", "group.name"]
    item = as_v3("tasks.task.get", {"id": child, "select": select}).json()["result"]["item"]

    assert item == {
        "creator": {"email": "admin@example.ru"},
        "accomplices": [{"id": helper, "name": "Анна Ким"}],
        "parent": {"title": "родитель"},
        "group": None,
    }


@pytest.mark.parametrize(
    ("filter_", "matched"),
    [
        ([["id", "=", 2]], [2]),
        ([["id", 2]], [2]),
        ([["id", [1, 3]]], [1, 3]),
        ([["id", "in", [1, 3, 99]]], [1, 3]),
        ([["id", "between", [2, 4]]], [2, 3, 4]),
        ([["id", "!=", 2], ["id", "<", 4]], [1, 3]),
        ([["id", ">=", 4], ["id", "<=", 4]], [4]),
        ([["id", ">", 1], {"logic": "or", "conditions": [["id", [1, 2]], ["id", "in", [4, 5]]]}], [2, 4, 5]),
        (
            [{"logic": "or", "conditions": [["id", 1], {"logic": "and", "conditions": [["id", ">", 4]]}]}],
            [1, 5],
        ),
        ([], [1, 2, 3, 4, 5]),
    ],
)
def test_filters_are_triples_joined_by_and(
    as_v3: V3, task: Callable[..., int], filter_: list[Any], matched: list[int]
) -> None:
    for number in range(5):
        task(str(number))

    answer = as_v3("tasks.task.list", {"filter": filter_})

    assert [each["id"] for each in answer.json()["result"]["items"]] == matched


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"filter": [["nonsense", "=", 1]]}, "UNKNOWNDTOPROPERTY"),
        ({"filter": [["id", "like", 1]]}, "UNKNOWNFILTEROPERATOR"),
        ({"filter": [["id", "=", "one"]]}, "VALIDATION_REQUESTVALIDATION"),
        ({"filter": [["title", "=", "x"]]}, "VALIDATION_REQUESTVALIDATION"),
        ({"filter": [["id", "in", 5]]}, "VALIDATION_REQUESTVALIDATION"),
        ({"filter": [["id", "between", [1]]]}, "VALIDATION_REQUESTVALIDATION"),
        ({"filter": {">id": 5}}, "INVALIDFILTER"),
        ({"filter": ["id", ">", 5]}, "INVALIDFILTER"),
        ({"filter": [[]]}, "INVALIDFILTER"),
        ({"order": {"id": "sideways"}}, "INVALIDORDER"),
        ({"order": {"description": "ASC"}}, "INVALIDORDER"),
        ({"order": {"nonsense": "ASC"}}, "UNKNOWNDTOPROPERTY"),
        ({"select": "id"}, "INVALIDSELECT"),
        ({"select": [["id"]]}, "INVALIDSELECT"),
        ({"pagination": {"limit": 0}}, "INVALIDPAGINATION"),
        ({"pagination": {"limit": "abc"}}, "INVALIDPAGINATION"),
        ({"pagination": {"offset": -1}}, "INVALIDPAGINATION"),
        ({"pagination": 5}, "INVALIDPAGINATION"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(as_v3: V3, params: dict[str, Any], code: str) -> None:
    assert refused(as_v3("tasks.task.list", params)) == (400, f"{_P}{code}EXCEPTION")


@settings(max_examples=40)
@given(limit=st.integers(1, 7), size=st.integers(0, 13))
def test_pages_cover_the_list_without_overlap(limit: int, size: int) -> None:
    portal = new_portal(clock=PlayedClock())
    secret = portal.access.add_webhook(1)
    for number in range(size):
        portal.store.insert("task", {"TITLE": str(number), "CREATED_BY": 1, "RESPONSIBLE_ID": 1})
    with httpx.Client(transport=InProcessTransport(portal), base_url="https://sandbox.local") as client:
        pages = [
            client.post(
                f"/rest/api/1/{secret}/tasks.task.list",
                json={"order": {"id": "DESC"}, "pagination": {"page": page, "limit": limit}},
            ).json()["result"]["items"]
            for page in range(1, size // limit + 2)
        ]
    portal.close()

    assert [each["id"] for page in pages for each in page] == list(range(size, 0, -1))
    assert all(len(page) <= limit for page in pages)


# -- writing ---------------------------------------------------------------------------------------


def test_every_complaint_about_the_fields_comes_at_once(as_v3: V3) -> None:
    answer = as_v3("tasks.task.add", {"fields": {"title": 5, "creatorId": "1", "deadline": "soon"}})

    assert sorted(fields_refused(answer)) == ["creatorId", "deadline", "responsibleId", "title"]
    assert fields_refused(as_v3("tasks.task.add", {})) == ["fields"]
    assert fields_refused(as_v3("tasks.task.get", {"id": "5"})) == ["id"]


def test_people_and_parents_that_are_not_there_are_named(as_v3: V3, task: Callable[..., int]) -> None:
    fields = {"title": "а", "creatorId": 77, "responsibleId": 78, "parentId": 79}

    assert sorted(fields_refused(as_v3("tasks.task.add", {"fields": fields}))) == [
        "creatorId",
        "parentId",
        "responsibleId",
    ]
    one = task()
    assert fields_refused(as_v3("tasks.task.update", {"id": one, "fields": {"parentId": one}})) == [
        "parentId"
    ]


def test_an_update_changes_what_it_names_in_the_words_of_version_3(
    as_v3: V3, task: Callable[..., int], result: Callable[..., Any]
) -> None:
    one = task("а", priority="high", needsControl=True)

    assert as_v3(
        "tasks.task.update",
        {"id": one, "fields": {"status": "in_progress", "deadline": "2026-03-01T10:00:00+03:00"}},
    ).json()["result"] == {"result": True}

    item = as_v3("tasks.task.get", {"id": one}).json()["result"]["item"]
    assert (item["title"], item["status"], item["priority"], item["needsControl"]) == (
        "а",
        "in_progress",
        "high",
        True,
    )
    assert item["deadline"] == "2026-03-01T10:00:00+03:00"
    assert result("tasks.task.get", taskId=one)["task"]["status"] == "3"


def test_who_may_not_is_refused_and_who_is_not_there_is_not_found(
    portal: Sandbox, client: httpx.Client, as_v3: V3, task: Callable[..., int]
) -> None:
    one = task()
    stranger = portal.store.insert("user", {"NAME": "Пётр"})
    secret = portal.access.add_webhook(stranger)

    def as_stranger(method: str, params: dict[str, Any]) -> httpx.Response:
        return client.post(f"/rest/api/{stranger}/{secret}/{method}", json=params)

    denied = (403, f"{_P}ACCESSDENIEDEXCEPTION")
    assert refused(as_stranger("tasks.task.get", {"id": one})) == denied
    assert refused(as_stranger("tasks.task.update", {"id": one, "fields": {"title": "x"}})) == denied
    assert refused(as_stranger("tasks.task.delete", {"id": one})) == denied
    assert refused(as_stranger("tasks.task.delete", {"id": 99})) == denied
    assert refused(as_stranger("tasks.task.get", {"id": 99})) == (400, f"{_P}ENTITYNOTFOUNDEXCEPTION")
    assert as_stranger("tasks.task.list", {}).json()["result"] == {"items": []}


# -- batch -----------------------------------------------------------------------------------------


def test_a_batch_is_an_array_answered_in_order(as_v3: V3, task: Callable[..., int]) -> None:
    one, two = task("а"), task("б")
    calls = [
        {"method": "tasks.task.get", "query": {"id": two, "select": ["title"]}},
        {"method": "tasks.task.get", "query": {"id": one, "select": ["title"]}},
    ]
    wanted = [{"item": {"title": "б"}}, {"item": {"title": "а"}}]

    assert as_v3("batch", calls).json()["result"] == wanted
    assert as_v3("batch", {"0": calls[0], "1": calls[1]}).json()["result"] == wanted  # as the JS SDK sends it


def test_later_commands_refer_to_earlier_ones_by_alias(as_v3: V3, task: Callable[..., int]) -> None:
    one, two = task("а"), task("б")

    results = as_v3(
        "batch",
        [
            {"method": "tasks.task.list", "query": {}, "as": "all"},
            {"method": "tasks.task.list", "query": {"filter": [["id", "in", {"$refArray": "all.id"}]]}},
            {"method": "tasks.task.get", "query": {"id": {"$ref": "all.items.1.id"}, "select": ["id"]}},
        ],
    ).json()["result"]

    assert results[1] == {"items": [{"id": one}, {"id": two}]}
    assert results[2] == {"item": {"id": two}}


def test_one_failing_command_fails_the_whole_batch(as_v3: V3) -> None:
    add = {"method": "tasks.task.add", "query": NEW}

    assert refused(as_v3("batch", [add, {"method": "tasks.task.get", "query": {"id": 99}}])) == (
        400,
        f"{_P}ENTITYNOTFOUNDEXCEPTION",
    )
    assert count(as_v3) == 1  # what came before is done: the switch v3_batch_on_error


@pytest.mark.parametrize(
    ("calls", "status", "code"),
    [
        ([{"method": "batch", "query": {}}], 405, "ERROR_BATCH_METHOD_NOT_ALLOWED"),
        ([{"method": "tasks.task.list"}] * 51, 400, "ERROR_BATCH_LENGTH_EXCEEDED"),
        ([], 400, VALIDATION),
        ([{"query": {}}], 400, VALIDATION),
        ([{"method": "nonsense"}], 404, f"{_P}METHODNOTFOUNDEXCEPTION"),
        (
            [{"method": "tasks.task.get", "query": {"id": {"$ref": "nowhere.id"}}}],
            400,
            f"{_P}INVALIDSELECTEXCEPTION",
        ),
        ({"cmd": {"a": "tasks.task.list"}}, 400, f"{_P}INVALIDSELECTEXCEPTION"),
    ],
)
def test_batches_that_are_refused(as_v3: V3, calls: Any, status: int, code: str) -> None:
    assert refused(as_v3("batch", calls)) == (status, code)
