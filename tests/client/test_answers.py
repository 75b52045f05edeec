"""What a reply proves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.client.answers import Reply, as_map, outcome_of, outcomes_of_batch, timing_of

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["result", "error", "result_error", "result_time", "time", "total", "next", "p0"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=10,
)


def test_a_result_is_done_with_its_total_and_next():
    outcome = outcome_of(Reply(200, {"result": [1], "total": "7", "next": 50, "time": {"operating": 1.5}}))
    assert (outcome.state, outcome.result, outcome.total, outcome.next) == ("done", [1], 7, 50)
    assert outcome.operating_s == 1.5


@pytest.mark.parametrize(
    ("status", "body", "state", "kind", "code"),
    [
        (400, {"error": "", "error_description": "Not found"}, "rejected", "input", ""),
        (200, {"error": "", "error_description": "Not found"}, "rejected", "input", ""),
        (400, {"error": "", "error_description": "Access denied."}, "rejected", "access", ""),
        (400, {"error": 0, "error_description": "no"}, "rejected", "input", "0"),
        (400, {"error": 100, "error_description": "Could not find value"}, "rejected", "input", "100"),
        (400, {"error": "ACCESS_DENIED"}, "rejected", "access", "ACCESS_DENIED"),
        (401, {"error": "NO_AUTH_FOUND"}, "rejected", "access", "NO_AUTH_FOUND"),
        (403, {"error": "insufficient_scope"}, "rejected", "access", "insufficient_scope"),
        (401, {"error": "insufficient_scope"}, "rejected", "access", "insufficient_scope"),
        (404, {"error": "ERROR_METHOD_NOT_FOUND"}, "rejected", "input", "ERROR_METHOD_NOT_FOUND"),
        (429, {"error": "OPERATION_TIME_LIMIT"}, "rejected", "limit", "OPERATION_TIME_LIMIT"),
        (503, {"error": "QUERY_LIMIT_EXCEEDED"}, "rejected", "limit", "QUERY_LIMIT_EXCEEDED"),
        (503, {"error": "OVERLOAD_LIMIT"}, "rejected", "limit", "OVERLOAD_LIMIT"),
        (500, {"error": "INTERNAL_SERVER_ERROR"}, "unknown", "server", "INTERNAL_SERVER_ERROR"),
        (200, {"error": "INTERNAL_SERVER_ERROR"}, "unknown", "server", "INTERNAL_SERVER_ERROR"),
        (501, {"error": "NOT_BUILT"}, "rejected", "input", "NOT_BUILT"),
        (503, {"error": "SOMETHING"}, "unknown", "server", "SOMETHING"),
        (500, {"error": "PORTAL_DELETED"}, "rejected", "access", "PORTAL_DELETED"),
        (410, {"error": "PORTAL_DELETED"}, "rejected", "access", "PORTAL_DELETED"),
        (400, {"error": {"code": "BAD", "message": "v3"}}, "rejected", "input", "BAD"),
        (200, {"time": {}}, "unknown", "transport", "HTTP_200"),
        (200, [], "unknown", "transport", "HTTP_200"),
        (200, None, "unknown", "transport", "HTTP_200"),
        (502, None, "unknown", "server", "HTTP_502"),
        (503, None, "unknown", "server", "HTTP_503"),
        (408, None, "unknown", "transport", "HTTP_408"),
        (429, None, "rejected", "limit", "HTTP_429"),
        (403, None, "rejected", "access", "HTTP_403"),
        (413, None, "rejected", "input", "HTTP_413"),
        (None, None, "unknown", "transport", "NO_ANSWER"),
    ],
)
def test_each_kind_of_answer_proves_what_it_proves(status, body, state, kind, code):
    outcome = outcome_of(Reply(status, body))
    assert (outcome.state, outcome.kind, outcome.code) == (state, kind, code)


def test_a_refused_connection_proves_that_nothing_was_executed():
    outcome = outcome_of(Reply(None, refused=True, words="ConnectError"))
    assert (outcome.state, outcome.kind) == ("rejected", "transport")


def test_null_for_a_result_is_a_result():
    assert outcome_of(Reply(200, {"result": None})).state == "done"


def test_empty_maps_of_a_batch_are_lists():
    body = {"result": {"result": [], "result_error": {"p0": {"error": "", "error_description": "no"}},
                       "result_total": [], "result_next": [], "result_time": []}}  # fmt: skip
    first, second = outcomes_of_batch(["p0", "p1"], Reply(200, body))
    assert (first.state, first.code) == ("rejected", "")
    assert second.state == "unknown"


def test_a_limit_inside_a_batch_is_a_limit_although_the_status_is_200():
    body = {"result": {"result": {"p1": True}, "result_error": {"p0": {"error": "OPERATION_TIME_LIMIT"}}}}
    first, second = outcomes_of_batch(["p0", "p1"], Reply(200, body))
    assert (first.state, first.kind) == ("rejected", "limit")
    assert (second.state, second.result) == ("done", True)


def test_a_batch_refused_as_a_whole_refuses_each_command():
    outcomes = outcomes_of_batch(["p0", "p1"], Reply(503, {"error": "QUERY_LIMIT_EXCEEDED"}))
    assert [outcome.kind for outcome in outcomes] == ["limit", "limit"]


@given(st.sampled_from([None, 200, 302, 400, 401, 404, 429, 500, 503]), json_values)
def test_nothing_but_a_result_under_2xx_is_ever_done(status, body):
    for outcome in [outcome_of(Reply(status, body)), *outcomes_of_batch(["p0"], Reply(status, body))]:
        if outcome.state == "done":
            assert status == 200
            assert "result" in body


@given(json_values)
def test_any_time_object_can_be_read(time):
    timing_of(time)


def test_the_reset_is_measured_from_the_portals_own_clock():
    timing = timing_of({"finish": 1000.25, "operating": 3.5, "operating_reset_at": 1600, "duration": 0.6})
    assert (timing.reset_in_s, timing.operating_s, timing.duration_s) == (599.75, 3.5, 0.6)


def test_php_maps_with_keys_from_zero_arrive_as_lists():
    assert as_map(["a", "b"]) == {"0": "a", "1": "b"}
