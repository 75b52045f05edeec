"""The fate of commands."""

from collections import deque
from itertools import pairwise

import httpx
import pytest

from tests.client.scripted import error
from toolkit.client import Command, Portal
from toolkit.errors import (
    AccessRefused,
    AnswerLost,
    CommandError,
    LimitReached,
    Rejected,
    Stopped,
    Unreachable,
)


def update(number, **fields):
    return Command("crm.item.update", {"entityTypeId": 2, "id": number, "fields": fields or {"title": "x"}})


def get(number):
    return Command("crm.item.get", {"entityTypeId": 2, "id": number})


def states(outcomes):
    return [outcome.state for outcome in outcomes]


def answering(status, code, text=""):
    return lambda _request, _execute: error(status, code, text)


def executed_then(what):
    """The request is executed, its answer is replaced or lost."""

    def fault(_request, execute):
        execute()
        if isinstance(what, Exception):
            raise what
        return what

    return fault


LOST = [
    httpx.ReadTimeout("timed out"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.ReadError("reset"),
    httpx.Response(500, json={"error": "INTERNAL_SERVER_ERROR", "error_description": ""}),
    httpx.Response(502, html="<html>Bad gateway</html>"),
    httpx.Response(200, html="<html>Maintenance</html>"),
    httpx.Response(200, content=b'{"result": {"result": {"p0": {"item": '),
    httpx.Response(200, json={"result": {"result": [], "result_error": []}}),
    httpx.Response(504, text=""),
]


def test_fifty_commands_travel_in_one_request_in_their_order(portal, scripted):
    outcomes = portal.send([update(number) for number in range(50, 0, -1)])
    assert states(outcomes) == ["done"] * 50
    assert [int(params["id"]) for _, params in scripted.writes] == list(range(50, 0, -1))
    assert portal.requests_sent == len(scripted.requests) == 1


def test_more_than_fifty_are_refused_before_anything_is_sent(portal, scripted):
    with pytest.raises(CommandError):
        portal.send([get(1)] * 51)
    assert not scripted.requests


def test_nothing_to_send_sends_nothing(portal, scripted):
    assert portal.send([]) == []
    assert not scripted.requests


def test_one_bad_value_stops_all_of_them_before_anything_is_sent(portal, scripted):
    with pytest.raises(CommandError):
        portal.send([update(1), update(2, title=object())])
    with pytest.raises(CommandError):
        portal.send([update(1), Command("crm.itm.update", {})])
    with pytest.raises(CommandError):
        portal.send([Command("batch", {"cmd": {}})])
    assert not scripted.requests


@pytest.mark.parametrize("awkward", [{"companyId": None}, {"title": "$result[p0][item][id]"}, {"tags": []}])
def test_what_a_batch_cannot_express_travels_alone_in_its_place(portal, scripted, awkward):
    outcomes = portal.send([update(1), update(2), update(3, **awkward), update(4), update(5)])
    assert states(outcomes) == ["done"] * 5
    assert [method for method, _ in scripted.requests] == ["batch", "crm.item.update", "batch"]
    assert [int(params["id"]) for _, params in scripted.writes] == [1, 2, 3, 4, 5]
    assert scripted.writes[2][1]["fields"] == awkward


def test_an_error_inside_a_batch_belongs_to_its_command(portal, scripted):
    outcomes = portal.send([get(1), get(999), get(2)])
    assert states(outcomes) == ["done", "rejected", "done"]
    assert (outcomes[1].code, outcomes[1].kind) == ("NOT_FOUND", "input")


@pytest.mark.parametrize("lost", LOST, ids=repr)
def test_a_lost_answer_leaves_writes_unknown_and_they_are_not_sent_again(portal, scripted, lost):
    scripted.faults.append(executed_then(lost))
    assert states(portal.send([update(1), update(2)])) == ["unknown", "unknown"]
    assert len(scripted.writes) == 2
    assert len(scripted.requests) == 1


@pytest.mark.parametrize("lost", LOST, ids=repr)
def test_a_lost_answer_to_reads_only_costs_a_second_look(portal, scripted, lost):
    scripted.faults.append(executed_then(lost))
    assert states(portal.send([get(1), get(2)])) == ["done", "done"]


def test_reads_that_rode_with_a_lost_write_are_repeated_without_it(portal, scripted):
    scripted.faults.append(executed_then(httpx.ReadTimeout("late")))
    assert states(portal.send([update(1), get(2), update(3)])) == ["unknown", "done", "unknown"]
    assert len(scripted.writes) == 2
    assert scripted.requests[1][0] == "crm.item.get"


def test_reads_are_not_repeated_for_ever(portal, scripted):
    scripted.faults.extend([httpx.ReadTimeout("late")] * 100)
    assert states(portal.send([get(1)])) == ["unknown"]
    assert len(scripted.requests) < 10
    with pytest.raises(AnswerLost, match="nothing was changed"):
        portal.call("profile")


def test_after_an_unknown_command_the_later_requests_of_the_same_call_stay_home(portal, scripted):
    scripted.faults.append(executed_then(httpx.ReadTimeout("late")))
    outcomes = portal.send([update(1), update(2), update(3, companyId=None), update(4)])
    assert states(outcomes) == ["unknown", "unknown", "rejected", "rejected"]
    assert outcomes[3].code == "NOT_SENT"
    assert len(scripted.writes) == 2


@pytest.mark.parametrize(
    "limit", [(503, "QUERY_LIMIT_EXCEEDED", "Too many requests"), (429, "OPERATION_TIME_LIMIT", "blocked")]
)
@pytest.mark.parametrize("count", [1, 3])
def test_a_limit_is_waited_out_and_nothing_happens_twice(portal, scripted, clock, limit, count):
    before = clock.now()
    scripted.faults.extend([answering(*limit)] * 3)
    assert states(portal.send([update(number) for number in range(1, count + 1)])) == ["done"] * count
    assert len(scripted.writes) == count
    assert clock.now() - before >= 3


def test_a_limit_inside_a_batch_repeats_only_the_commands_it_met(portal, scripted):
    limit = (429, "OPERATION_TIME_LIMIT", "blocked")
    scripted.sub_errors["crm.item.update"] = deque([None, limit, None, limit])
    assert states(portal.send([update(number) for number in range(1, 6)])) == ["done"] * 5
    assert sorted(int(params["id"]) for _, params in scripted.writes) == [1, 2, 3, 4, 5]


def test_patience_has_an_end(settings, scripted, clock):
    scripted.faults.extend([answering(503, "QUERY_LIMIT_EXCEEDED")] * 10_000)
    portal = Portal.connect(settings, clock=clock, transport=scripted.transport())
    portal.patience_s = 300
    began = clock.now()
    [outcome] = portal.send([update(1)])
    assert (outcome.state, outcome.kind) == ("rejected", "limit")
    assert 200 < clock.now() - began <= 300
    assert len(scripted.requests) < 40
    assert not scripted.writes


def test_each_refusal_is_followed_by_a_longer_pause(portal, scripted, clock):
    moments = []
    portal.on_request = lambda note: moments.append(note.sent_at)
    scripted.faults.extend([answering(503, "QUERY_LIMIT_EXCEEDED")] * 5)
    portal.send([get(1)])
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 2 * pauses[0]


def test_the_vendors_block_is_final(portal, scripted):
    scripted.faults.extend([answering(503, "OVERLOAD_LIMIT", "blocked")] * 3)
    with pytest.raises(LimitReached, match="support"):
        portal.call("profile")
    assert len(scripted.requests) == 1


def test_a_refused_connection_executed_nothing_and_is_tried_again(portal, scripted):
    scripted.faults.extend([httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
    assert states(portal.send([update(1), update(2)])) == ["done", "done"]
    assert len(scripted.writes) == 2


def test_a_portal_that_cannot_be_reached_is_given_up_within_about_a_minute(portal, scripted, clock):
    scripted.faults.extend([httpx.ConnectError("refused")] * 1000)
    began = clock.now()
    with pytest.raises(Unreachable):
        portal.call("profile")
    assert clock.now() - began < 120


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (answering(400, "", "Not found"), Rejected),
        (answering(401, "NO_AUTH_FOUND", "Wrong authorization data"), AccessRefused),
        (answering(401, "expired_token", "expired"), AccessRefused),
        (executed_then(httpx.ReadTimeout("late")), AnswerLost),
    ],
)
def test_call_raises_what_the_caller_should_do_about_it(portal, scripted, fault, kind):
    scripted.faults.append(fault)
    with pytest.raises(kind) as caught:
        portal.call("crm.item.update", {"entityTypeId": 2, "id": 1, "fields": {"title": "x"}})
    assert type(caught.value) is kind
    assert "acme.example" in str(caught.value)
    assert "crm.item.update" in str(caught.value)


def test_a_method_outside_the_table_needs_its_effect(portal, scripted):
    scripted.answers["some.new.method"] = lambda _: 42
    with pytest.raises(CommandError):
        portal.call("some.new.method")
    assert portal.call("some.new.method", effect="read") == 42


def test_after_stop_nothing_leaves(portal, scripted):
    portal.stop()
    [outcome] = portal.send([update(1)])
    assert (outcome.state, outcome.code) == ("rejected", "STOPPED")
    with pytest.raises(Stopped):
        portal.call("profile")
    assert not scripted.requests
    portal.resume()
    assert portal.call("profile")["ID"] == "7"


def test_stop_ends_a_wait(portal, scripted, clock):
    scripted.faults.append(answering(429, "OPERATION_TIME_LIMIT"))
    slept = clock.sleep

    def sleep_until_someone_presses_ctrl_c(seconds):
        slept(seconds)
        portal.stop()

    clock.sleep = sleep_until_someone_presses_ctrl_c
    [outcome] = portal.send([update(1)])
    assert outcome.state == "rejected"
    assert not scripted.writes


def test_every_request_is_noted_without_its_contents(portal, scripted):
    notes = []
    portal.on_request = notes.append
    portal.send([update(1), get(1), get(999)])
    [note] = notes
    assert note.methods == {"crm.item.update": 1, "crm.item.get": 2}
    assert (note.done, note.rejected, note.unknown, note.status) == (2, 1, 0, 200)


def test_an_answer_carries_total_and_next(portal, scripted):
    scripted.faults.append(lambda *_: httpx.Response(200, json={"result": [1], "total": 70, "next": 50}))
    answer = portal.answer("department.get")
    assert (answer.result, answer.total, answer.next) == ([1], 70, 50)
