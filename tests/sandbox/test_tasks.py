"""`tasks.task.*` of version 2 seen from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.sandbox import Sandbox

Result = Callable[..., Any]
Refusal = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def make(result: Result) -> Callable[..., int]:
    """`make(TITLE=...)`: id of a new task of user 1."""

    def add(**fields: Any) -> int:
        task = result("tasks.task.add", fields={"TITLE": "Позвонить", "RESPONSIBLE_ID": 1, **fields})["task"]
        return int(task["id"])

    return add


def test_ids_and_statuses_of_a_task_are_strings(result: Result, make: Callable[..., int]) -> None:
    id_ = make(UF_CRM_TASK=["D_10", "T40c_1"], AUDITORS=[1], DEADLINE="2026-12-31T23:59:59+03:00", PRIORITY=2)

    task = result("tasks.task.get", taskId=id_)["task"]

    assert (task["id"], task["status"], task["priority"], task["groupId"]) == (str(id_), "2", "2", "0")
    assert task["deadline"] == "2026-12-31T23:59:59+03:00"
    assert task["auditors"] == ["1"]
    assert task["auditorsData"]["1"]["id"] == "1"
    assert "ufCrmTask" not in task
    chosen = result("tasks.task.get", taskId=id_, select=["UF_CRM_TASK"])["task"]
    assert chosen["ufCrmTask"] == ["D_10", "T40c_1"]


def test_a_task_that_is_not_there_is_an_empty_answer(result: Result, refusal: Refusal) -> None:
    assert result("tasks.task.get", taskId=77) == []
    assert refusal("tasks.task.get")[1] == "100"
    assert refusal("tasks.task.get", taskId="seven")[1:] == ("0", "wrong task id")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"RESPONSIBLE_ID": 1}, "Task title is not specified<br>"),
        ({"TITLE": "x"}, "Responsible person not specified<br>"),
        ({"TITLE": "x", "RESPONSIBLE_ID": 99}, 'User specified in the "Responsible" field not found<br>'),
        ({"TITLE": "x", "RESPONSIBLE_ID": 1, "STATUS": 9}, "Incorrect status<br>"),
        (
            {"TITLE": "x", "RESPONSIBLE_ID": 1, "PARENT_ID": 9},
            'Task specified in the "Parent Task" field not found<br>',
        ),
        (
            {
                "TITLE": "x",
                "RESPONSIBLE_ID": 1,
                "START_DATE_PLAN": "2026-12-02",
                "END_DATE_PLAN": "2026-12-01",
            },
            "The end date in scheduling is earlier than the start date<br>",
        ),
    ],
)
def test_a_task_is_refused(refusal: Refusal, fields: dict[str, Any], words: str) -> None:
    assert refusal("tasks.task.add", fields=fields) == (400, "ERROR_CORE", words)


def test_tasks_come_newest_first_and_are_filtered_in_upper_case(
    result: Result, make: Callable[..., int]
) -> None:
    late = make(TITLE="Старое дело", DEADLINE="2020-01-01", TAGS=["срочно"])
    crm = make(TITLE="По сделке", UF_CRM_TASK=["D_5"])
    result("tasks.task.complete", taskId=crm)

    def found(**filter_: Any) -> list[int]:
        return [int(each["id"]) for each in result("tasks.task.list", filter=filter_)["tasks"]]

    assert found() == [crm, late]
    assert found(STATUS=-1) == [late]
    assert found(REAL_STATUS=5) == [crm]
    assert found(UF_CRM_TASK="D_5") == [crm]
    assert found(TITLE="Старое%") == [late]
    assert found(**{"%TITLE": "дел"}) == [crm, late]
    assert found(TAG="срочно") == [late]
    assert found(**{"<=DEADLINE": "2021-01-01", "RESPONSIBLE_ID": [1, 2]}) == [late]


def test_parents_do_not_run_in_circles(result: Result, refusal: Refusal, make: Callable[..., int]) -> None:
    parent = make()
    child = make(PARENT_ID=parent)
    words = refusal("tasks.task.update", taskId=parent, fields={"PARENT_ID": child})[2]
    assert words == "Creating cyclic links in tasks is prohibited<br>"


def test_a_task_goes_through_its_statuses(result: Result, refusal: Refusal, make: Callable[..., int]) -> None:
    id_ = make()
    for move, status in (("start", "3"), ("pause", "2"), ("defer", "6"), ("start", "3"), ("complete", "5")):
        assert result(f"tasks.task.{move}", taskId=id_)["task"]["status"] == status
    done = result("tasks.task.get", taskId=id_)["task"]
    assert (done["closedBy"], done["action"]["complete"], done["action"]["renew"]) == ("1", False, True)
    assert refusal("tasks.task.complete", taskId=id_) == (400, "0", "Action on the task is not allowed")
    renewed = result("tasks.task.renew", taskId=id_)["task"]
    assert (renewed["status"], renewed["closedDate"]) == ("2", None)


def test_controlled_work_waits_for_its_creator(
    portal: Sandbox, result: Result, make: Callable[..., int], colleague: Callable[..., Any]
) -> None:
    worker = colleague()
    worker_id = portal.store.value("SELECT MAX(ID) FROM user")
    id_ = make(RESPONSIBLE_ID=worker_id, TASK_CONTROL="Y")

    assert worker("tasks.task.complete", {"taskId": id_}).json()["result"]["task"]["status"] == "4"
    assert worker("tasks.task.approve", {"taskId": id_}).json()["error"] == "1048582"
    assert result("tasks.task.disapprove", taskId=id_)["task"]["status"] == "2"
    worker("tasks.task.complete", {"taskId": id_})
    assert result("tasks.task.approve", taskId=id_)["task"]["status"] == "5"


def test_others_see_only_their_own_tasks_and_heads_those_of_their_people(
    portal: Sandbox, result: Result, make: Callable[..., int], colleague: Callable[..., Any]
) -> None:
    id_ = make()
    other = colleague()
    other_id = portal.store.value("SELECT MAX(ID) FROM user")

    assert other("tasks.task.list").json()["total"] == 0
    assert other("tasks.task.get", {"taskId": id_}).json()["result"] == []
    assert other("tasks.task.update", {"taskId": id_, "fields": {"TITLE": "x"}}).json()["error"] == "0"
    assert other("tasks.task.delete", {"taskId": id_}).json()["error"] == "1048582"

    result("department.update", ID=1, UF_HEAD=other_id)
    assert other("tasks.task.list").json()["total"] == 1

    result("tasks.task.delegate", taskId=id_, userId=other_id)
    task = result("tasks.task.get", taskId=id_)["task"]
    assert (task["responsibleId"], task["auditors"]) == (str(other_id), ["1"])


def test_a_deleted_task_is_gone(result: Result, make: Callable[..., int]) -> None:
    id_ = make()
    assert result("tasks.task.delete", taskId=id_) == {"task": True}
    assert result("tasks.task.list")["tasks"] == []
    assert result("tasks.task.getAccess", taskId=id_) == {"allowedActions": []}


def test_pages_of_tasks(call: Callable[..., Any], make: Callable[..., int]) -> None:
    for _ in range(51):
        make()
    body = call("tasks.task.list", select=["ID"])
    assert (len(body["result"]["tasks"]), body["total"], body["next"]) == (50, 51, 50)
    assert call("tasks.task.list", start=-1)["total"] == 0
