"""Lists read to their end, with proof."""

import itertools
import math
from collections import deque

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from tests.client.scripted import WEBHOOK, Scripted, parsed
from toolkit.client import Portal, SimulatedClock
from toolkit.errors import AccessRefused, CommandError, IncompleteRead, LimitReached, Rejected
from toolkit.settings import Settings

UNIVERSAL = ("crm.item.list", {"entityTypeId": 2}, "id")
LEGACY = ("crm.deal.list", {}, "ID")


def portal_of(scripted):
    settings = Settings.load(None, webhook=WEBHOOK)
    return Portal.connect(settings, clock=SimulatedClock(), transport=scripted.transport())


def ids(portal, walk=UNIVERSAL, **more):
    method, params, key = walk
    return [row[key] for rows in portal.list(method, {**params, **more}) for row in rows]


@pytest.mark.parametrize("strict", [True, False], ids=["strict filter", "loose filter"])
@pytest.mark.parametrize("walk", [UNIVERSAL, LEGACY], ids=["universal", "legacy"])
@pytest.mark.parametrize(
    "count", [0, 1, 49, 50, 51, 99, 100, 101, 2499, 2500, 2501, 2549, 2550, 2551, 5050, 7777]
)
def test_every_record_comes_once_within_the_promised_requests(count, walk, strict):
    portal = portal_of(Scripted(count, strict=strict))
    assert ids(portal, walk) == list(range(1, count + 1))
    assert portal.requests_sent <= math.ceil(count / 2500) + 2


@given(st.sets(st.integers(1, 10_000), max_size=400), st.booleans())
@how(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_gaps_between_ids_do_not_matter(numbers, strict):
    scripted = Scripted(strict=strict)
    scripted.records = {number: {"id": number} for number in numbers}
    assert ids(portal_of(scripted)) == sorted(numbers)


def test_records_deleted_while_reading_hide_no_other():
    scripted = Scripted(400)
    listed = scripted._list

    def listed_while_someone_deletes(*args, **kwargs):
        status, answer = listed(*args, **kwargs)
        for number in [number for number in scripted.records if number % 7 == 0][:3]:
            del scripted.records[number]
        return status, answer

    scripted._list = listed_while_someone_deletes
    found = ids(portal_of(scripted))
    assert set(found) >= {number for number in range(1, 401) if number % 7}
    assert found == sorted(set(found))


def test_records_created_while_reading_are_read_too():
    scripted = Scripted(120)
    listed, new = scripted._list, itertools.count(1000)

    def listed_while_someone_adds(*args, **kwargs):
        answer = listed(*args, **kwargs)
        if len(scripted.records) < 125:
            number = next(new)
            scripted.records[number] = {"id": number}
        return answer

    scripted._list = listed_while_someone_adds
    assert ids(portal_of(scripted))[-5:] == [1000, 1001, 1002, 1003, 1004]


def test_a_page_that_is_short_in_the_middle_is_not_the_end():
    scripted = Scripted(200)
    listed = scripted._list

    def listed_without_the_unreadable(params, key, container):
        status, answer = listed(params, key, container)
        if status == 200:
            answer["result"]["items"] = [
                row for row in answer["result"]["items"] if row["id"] not in {60, 61}
            ]
        return status, answer

    scripted._list = listed_without_the_unreadable
    assert ids(portal_of(scripted)) == [number for number in range(1, 201) if number not in {60, 61}]


@pytest.mark.parametrize("broken", ["order", "filter", "container", "size", "row", "text"])
def test_a_walk_that_cannot_be_proven_fails_aloud(broken):
    scripted = Scripted(300)
    listed = scripted._list

    def bent(params, key, container):
        if broken == "filter":
            params = {**params, "filter": {}}
        status, answer = listed(params, key, container)
        rows = answer["result"]["items"] if status == 200 else []
        match broken:
            case "order":
                rows.reverse()
            case "container":
                answer["result"] = {"rows": rows}
            case "size":
                rows += [{"id": rows[-1]["id"] + 1}] if rows else []
            case "row":
                rows[:1] = [{"title": "no id"}]
            case "text":
                rows[:1] = [{"id": "first"}]
        return status, answer

    scripted._list = bent
    with pytest.raises(IncompleteRead, match=r"acme\.example"):
        ids(portal_of(scripted))


def test_a_callers_filter_and_select_are_kept_and_the_id_is_always_asked_for():
    scripted = Scripted(120)
    ids(portal_of(scripted), filter={">id": 20, "@stageId": ["A"]}, select=["title"])
    first = scripted.requests[0][1]
    assert first["filter"] == {">id": 20, "@stageId": ["A"]}
    assert first["select"] == ["id", "title"]
    assert first["start"] == -1


def test_alternatives_stay_alternatives_beside_the_walks_own_condition():
    scripted = Scripted(3)
    wanted = {"logic": "OR", "0": {"stageId": "A"}, "1": {"stageId": "B"}}
    ids(portal_of(scripted), filter=wanted)
    assert scripted.requests[0][1]["filter"] == {"0": wanted, ">id": 0}


def test_a_filter_no_batch_can_carry_is_walked_page_by_page():
    scripted = Scripted(170)
    portal = portal_of(scripted)
    assert ids(portal, filter={"companyId": None}) == list(range(1, 171))
    assert {method for method, _ in scripted.requests} == {"crm.item.list"}


@pytest.mark.parametrize(
    ("method", "params"),
    [("crm.item.list", {"order": {"title": "ASC"}}), ("crm.item.list", {"start": 50}),
     ("user.get", {"filter": {"ACTIVE": True}}), ("user.get", {"sort": "NAME"}), ("crm.item.get", {}),
     ("crm.item.update", {})],
)  # fmt: skip
def test_parameters_that_would_break_the_walk_are_refused(method, params):
    scripted = Scripted(1)
    with pytest.raises(CommandError):
        list(portal_of(scripted).list(method, params))
    assert not scripted.requests


def test_a_lost_answer_in_the_middle_changes_nothing():
    scripted = Scripted(6000)
    scripted.faults.extend([None, httpx.ReadTimeout("late"), None, httpx.RemoteProtocolError("cut"), None])
    assert ids(portal_of(scripted)) == list(range(1, 6001))


def test_a_limit_inside_the_chain_is_waited_out_and_the_walk_goes_on():
    scripted = Scripted(1000)
    limit = (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")
    scripted.sub_errors["crm.item.list"] = deque([None] * 8 + [limit, limit] + [None])
    assert ids(portal_of(scripted)) == list(range(1, 1001))


@pytest.mark.parametrize(
    ("failure", "kind"),
    [((400, "INVALID_ARG_VALUE", "Invalid filter"), Rejected), ((400, "ACCESS_DENIED", ""), AccessRefused),
     ((503, "OVERLOAD_LIMIT", "blocked"), LimitReached)],
)  # fmt: skip
def test_a_refusal_says_why_wherever_it_comes(failure, kind):
    for before in (0, 1, 5):
        scripted = Scripted(1000)
        scripted.sub_errors["crm.item.list"] = deque([None] * before + [failure] * 100)
        with pytest.raises(kind):
            ids(portal_of(scripted))


def test_an_activity_bound_twice_is_given_once():
    scripted = Scripted()
    numbers = sorted([*range(1, 131), *range(1, 131, 3)])

    def activities(params):
        above = str(params["filter"][">ID"])
        rows = [{"ID": str(number)} for number in numbers if number > (int(above) if above.isdigit() else 0)]
        return rows[:50]

    scripted.answers["crm.activity.list"] = activities
    found = ids(portal_of(scripted), ("crm.activity.list", {}, "ID"), filter={"BINDINGS": [{"OWNER_ID": 1}]})
    assert found == [str(number) for number in range(1, 131)]


def test_calls_are_walked_with_the_spelling_of_their_method():
    scripted = Scripted()
    scripted.answers["voximplant.statistic.get"] = lambda _: []
    ids(portal_of(scripted), ("voximplant.statistic.get", {"FILTER": {"CALL_TYPE": 2}}, "ID"))
    expected = {"FILTER": {"CALL_TYPE": 2, ">ID": 0}, "SORT": "ID", "ORDER": "ASC", "start": -1}
    assert scripted.requests[0][1] == expected


class Departments:
    """department.get as an offset list of `count` rows; `bend` may spoil a page."""

    def __init__(self, scripted, count, bend=lambda page, total: (page, total)):
        self.bend, self.rows = bend, [{"ID": str(number), "NAME": "x"} for number in range(1, count + 1)]
        scripted._one = self.one

    def one(self, _method, params):
        start = int(params.get("START", 0))
        page, total = self.bend(self.rows[start : start + 50], len(self.rows))
        answer = {"result": page, "total": total}
        if start + 50 < len(self.rows):
            answer["next"] = start + 50
        return 200, answer


@pytest.mark.parametrize("count", [0, 1, 50, 51, 100, 130, 3000])
def test_a_list_without_ids_to_filter_by_is_walked_by_offset(count, monkeypatch):
    scripted = Scripted()
    departments = Departments(scripted, count)

    def batch(method, body):
        if method != "batch":
            return departments.one(method, body)
        got = {
            name: departments.one("", parsed(line.partition("?")[2], {}))[1]
            for name, line in body["cmd"].items()
        }
        return 200, {"result": {
            "result": {name: answer["result"] for name, answer in got.items()},
            "result_error": [],
            "result_total": {name: answer["total"] for name, answer in got.items()},
            "result_next": {name: answer["next"] for name, answer in got.items() if "next" in answer} or [],
        }}  # fmt: skip

    monkeypatch.setattr(scripted, "_answer", batch)
    portal = portal_of(scripted)
    assert ids(portal, ("department.get", {}, "ID")) == [str(number) for number in range(1, count + 1)]
    assert portal.requests_sent <= math.ceil(count / 2500) + 2


def test_an_offset_list_that_does_not_add_up_is_read_again_and_then_refused():
    passes = itertools.count()

    def one_row_missing_at_first(page, total):
        return (page[:-1] if next(passes) == 0 else page), total

    scripted = Scripted()
    Departments(scripted, 30, one_row_missing_at_first)
    assert len(ids(portal_of(scripted), ("department.get", {}, "ID"))) == 30

    for spoiled in (
        lambda page, total: (page[:-1], total),
        lambda page, total: ([*page[:-1], page[0]], total),
    ):
        scripted = Scripted()
        Departments(scripted, 30, spoiled)
        with pytest.raises(IncompleteRead):
            ids(portal_of(scripted), ("department.get", {}, "ID"))


def test_progress_counts_records():
    seen = []
    portal = portal_of(Scripted(2600))
    for _ in portal.list("crm.item.list", {"entityTypeId": 2}, progress=seen.append):
        pass
    assert seen[-1] == 2600
    assert seen == sorted(seen)
