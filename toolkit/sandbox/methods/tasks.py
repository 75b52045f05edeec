"""`tasks.task.*`, version 2: tasks of Bitrix24.

Source: api-reference/tasks/tasks-task-{add,get,list,update,delete,delegate,approve,disapprove,get-fields,
get-access}.md, api-reference/tasks/status/*.md, api-reference/tasks/fields.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.fields import Field
from ..state.filters import Special
from ..state.listing import list_rows
from ..state.store import TABLES, Column, declare_table
from ..subjects.structure import subordinates
from ..wire import php
from ..wire.errors import RestError
from ..wire.values import stored

_DOCS = "api-reference/tasks/tasks-task-"
_STATUS_DOCS = "api-reference/tasks/status/tasks-task-"
WAITING, RUNNING, CONTROLLED, DONE, DEFERRED = 2, 3, 4, 5, 6
_FLAGS = (
    "MULTITASK",
    "REPLICATE",
    "ALLOW_CHANGE_DEADLINE",
    "ALLOW_TIME_TRACKING",
    "TASK_CONTROL",
    "ADD_IN_REPORT",
    "MATCH_WORK_TIME",
)
_LISTS = ("AUDITORS", "ACCOMPLICES", "TAGS", "UF_CRM_TASK", "UF_TASK_WEBDAV_FILES")

declare_table(
    "task",
    "PARENT_ID int",
    "TITLE",
    "DESCRIPTION",
    "MARK",
    Column("PRIORITY", "int", 1),
    Column("STAGE_ID", "int", 0),
    "CREATED_BY int",
    "CREATED_DATE time",
    "RESPONSIBLE_ID int",
    "CHANGED_BY int",
    "CHANGED_DATE time",
    Column("STATUS", "int", WAITING),
    "STATUS_CHANGED_BY int",
    "STATUS_CHANGED_DATE time",
    "CLOSED_BY int",
    "CLOSED_DATE time",
    "ACTIVITY_DATE time",
    "DATE_START time",
    "DEADLINE time",
    "START_DATE_PLAN time",
    "END_DATE_PLAN time",
    "GUID",
    "XML_ID",
    Column("TIME_ESTIMATE", "int", 0),
    "DURATION_PLAN int",
    Column("DURATION_TYPE", "text", "days"),
    Column("GROUP_ID", "int", 0),
    *(Column(name, "flag", "N") for name in _FLAGS),
    *(Column(name, "json") for name in _LISTS),
    indexes=[("RESPONSIBLE_ID",), ("CREATED_BY",)],
)

# Shown as the portal shows a new one; nothing here ever changes them.
_STILL: dict[str, Any] = {
    "NOT_VIEWED": "N",
    "COMMENTS_COUNT": None,
    "SERVICE_COMMENTS_COUNT": None,
    "FORKED_BY_TEMPLATE_ID": None,
    "TIME_SPENT_IN_LOGS": None,
    "FORUM_TOPIC_ID": None,
    "FORUM_ID": None,
    "SITE_ID": "s1",
    "SUBORDINATE": "N",
    "EXCHANGE_MODIFIED": None,
    "EXCHANGE_ID": None,
    "OUTLOOK_VERSION": "1",
    "VIEWED_DATE": None,
    "SORTING": None,
    "DURATION_FACT": None,
    "IS_MUTED": "N",
    "IS_PINNED": "N",
    "IS_PINNED_IN_GROUP": "N",
    "FLOW_ID": None,
    "DESCRIPTION_IN_BBCODE": "Y",
    "FAVORITE": "N",
}
_COLUMNS = TABLES["task"].fields
_HIDDEN = ("TAGS", "UF_CRM_TASK", "UF_TASK_WEBDAV_FILES")  # only when selected
_WRITABLE = frozenset(_COLUMNS) - {
    *("ID", "CREATED_DATE", "CHANGED_BY", "CHANGED_DATE", "STATUS_CHANGED_BY", "STATUS_CHANGED_DATE"),
    *("CLOSED_BY", "CLOSED_DATE", "ACTIVITY_DATE", "GUID"),
}
_ACTIONS = (
    *("ACCEPT", "DECLINE", "COMPLETE", "APPROVE", "DISAPPROVE", "START", "PAUSE", "DELEGATE", "REMOVE"),
    *("EDIT", "DEFER", "RENEW", "CREATE", "CHANGE_DEADLINE", "CHECKLIST_ADD_ITEMS", "ADD_FAVORITE"),
    *("DELETE_FAVORITE", "RATE", "TAKE", "EDIT.ORIGINATOR", "CHECKLIST.REORDER", "ELAPSEDTIME.ADD"),
    *("DAYPLAN.TIMER.TOGGLE", "EDIT.PLAN", "CHECKLIST.ADD", "FAVORITE.ADD", "FAVORITE.DELETE"),
)
# What a move needs: statuses it starts from, the status it ends in, the code it is refused with.
_MOVES: dict[str, tuple[tuple[int, ...], int, str]] = {
    "START": ((WAITING, DEFERRED), RUNNING, "0"),
    "PAUSE": ((RUNNING,), WAITING, "1048582"),
    "DEFER": ((WAITING, RUNNING), DEFERRED, "1048582"),
    "COMPLETE": ((WAITING, RUNNING, DEFERRED), DONE, "0"),
    "RENEW": ((CONTROLLED, DONE, DEFERRED), WAITING, "1048582"),
    "APPROVE": ((CONTROLLED,), DONE, "1048582"),
    "DISAPPROVE": ((CONTROLLED,), WAITING, "1048582"),
}


def _camel(upper: str) -> str:
    head, *rest = upper.lower().split("_")
    return head + "".join(part.capitalize() for part in rest)


def _upper(name: str) -> str:
    """`responsibleId` and `RESPONSIBLE_ID` name the same field."""
    return name if name.isupper() else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


# -- who may what ------------------------------------------------------------------------------------


def visible_to(call: Call) -> tuple[str, list[Any]]:
    """The condition of the tasks a caller may see, in SQL."""
    if call.caller.is_admin:
        return "1", []
    own = call.user_id
    people = [own, *subordinates(call.store, own)]
    marks = ", ".join("?" for _ in people)
    sql = (
        f"CREATED_BY IN ({marks}) OR RESPONSIBLE_ID IN ({marks})"
        " OR EXISTS (SELECT 1 FROM json_each(ACCOMPLICES) WHERE value = ?)"
        " OR EXISTS (SELECT 1 FROM json_each(AUDITORS) WHERE value = ?)"
    )
    return sql, [*people, *people, own, own]


def _task_id(call: Call) -> int:
    given = call.params.get("taskId")
    if given is None:
        raise RestError(
            "100", "CTaskItem All parameters in the constructor must have real class type (internal error)"
        )
    if not php.whole(given):
        raise RestError("0", "wrong task id")
    return php.whole(given)


def _readable(call: Call) -> dict[str, Any] | None:
    sql, args = visible_to(call)
    rows = call.store.rows(f"SELECT * FROM task WHERE ID = ? AND ({sql})", [_task_id(call), *args])
    return dict(rows[0]) if rows else None


def allowed_actions(row: dict[str, Any], user: int, *, admin: bool) -> dict[str, bool]:
    """What a user may do with a task, by action."""
    creator = admin or row["CREATED_BY"] == user
    worker = creator or row["RESPONSIBLE_ID"] == user or user in json.loads(row["ACCOMPLICES"] or "[]")
    allowed = dict.fromkeys(_ACTIONS, False)
    for name, (from_, _, _) in _MOVES.items():
        allowed[name] = row["STATUS"] in from_ and (creator if name.endswith("APPROVE") else worker)
    for name in (
        "EDIT",
        "REMOVE",
        "EDIT.PLAN",
        "RATE",
        "CHECKLIST.REORDER",
        "CHECKLIST.ADD",
        "CHECKLIST_ADD_ITEMS",
    ):
        allowed[name] = creator
    for name in ("DELEGATE", "ELAPSEDTIME.ADD", "CREATE", "ADD_FAVORITE", "FAVORITE.ADD"):
        allowed[name] = worker
    allowed["CHANGE_DEADLINE"] = creator or (worker and row["ALLOW_CHANGE_DEADLINE"] == "Y")
    return allowed


def _for_action(call: Call, action: str, code: str, words: str) -> dict[str, Any]:
    row = _readable(call)
    if row is None or not allowed_actions(row, call.user_id, admin=call.caller.is_admin)[action]:
        raise RestError(code, words)
    return row


# -- reading -----------------------------------------------------------------------------------------


def _person(call: Call, id_: int) -> dict[str, Any]:
    user = call.store.get("user", id_) or {"NAME": "", "LAST_NAME": "", "WORK_POSITION": ""}
    return {
        "id": str(id_),
        "name": " ".join(filter(None, (user["NAME"], user["LAST_NAME"]))),
        "link": f"/company/personal/user/{id_}/",
        "icon": "/bitrix/images/tasks/default_avatar.png",
        "workPosition": user["WORK_POSITION"] or "",
    }


def _value(call: Call, row: dict[str, Any], name: str) -> Any:
    if name in _STILL:
        return _STILL[name]
    value = row[name]
    if name == "TAGS":
        tags = json.loads(value or "[]")
        return {str(index + 1): {"id": index + 1, "title": tag} for index, tag in enumerate(tags)}
    if name in ("AUDITORS", "ACCOMPLICES"):
        return [str(each) for each in json.loads(value or "[]")]
    if name in _LISTS:
        return json.loads(value or "[]")
    if name == "DESCRIPTION":
        return value or ""
    if value is None:
        return None
    return call.portal.zone.moment(value) if _COLUMNS[name].storage == "time" else str(value)


def _shown(call: Call, row: dict[str, Any], select: list[str] | None) -> dict[str, Any]:
    """A task as the wire has it.

    Args:
        select: upper names; None means every field but those that must be named.
    """
    everything = [name for name in (*_COLUMNS, *_STILL) if name not in _HIDDEN]
    if select is None:
        names = everything
    else:
        chosen = {*select, "ID", *(everything if "*" in select else ())}
        if "DESCRIPTION" in chosen:
            chosen.add("DESCRIPTION_IN_BBCODE")
        names = [name for name in (*_COLUMNS, *_STILL) if name in chosen]
    shown = {_camel(name): _value(call, row, name) for name in names}
    shown["group"] = []
    for name, key in (("CREATED_BY", "creator"), ("RESPONSIBLE_ID", "responsible")):
        if name in names:
            shown[key] = _person(call, row[name])
    for name, key in (("ACCOMPLICES", "accomplicesData"), ("AUDITORS", "auditorsData")):
        if name in names:
            shown[key] = {str(each): _person(call, each) for each in json.loads(row[name] or "[]")}
    return shown


def _whole(call: Call, id_: int, select: list[str] | None = None) -> dict[str, Any]:
    row = call.store.get("task", id_) or {}
    shown = _shown(call, row, select)
    if select is None:
        shown.update(checklist=[], newCommentsCount=0, checkListTree=_empty_tree(call), checkListCanAdd=True)
    allowed = allowed_actions(row, call.user_id, admin=call.caller.is_admin)
    shown["action"] = {name.lower() if "." in name else _camel(name): may for name, may in allowed.items()}
    return {"task": shown}


def _empty_tree(call: Call) -> dict[str, Any]:
    fields = dict.fromkeys(("id", "copiedId", "entityId", "createdBy", "parentId", "sortIndex"), None)
    return {
        "nodeId": 0,
        "fields": {
            **fields,
            "userId": call.user_id,
            "title": "",
            "displaySortIndex": "",
            "isComplete": False,
            "isImportant": False,
            "completedCount": 0,
            "members": [],
            "attachments": [],
        },
        "action": [],
        "descendants": [],
    }


def _select(call: Call) -> list[str] | None:
    given = call.params.get("select")
    if given is None:
        return None
    if not isinstance(given, dict | list):
        raise RestError(
            "100",
            "Invalid value {} to match with parameter {select}. Should be value of type array."
            " (internal error)",
        )
    return [_upper(str(each)) for each in php.values(given)] or None


@method("tasks.task.get", scope="task", docs=_DOCS + "get.md", not_emulated="chats, checklists, groups")
def get(call: Call) -> Any:
    """One task; an empty array when it is not there or not to be seen."""
    select = _select(call)
    row = _readable(call)
    return _whole(call, row["ID"], select) if row else []


@method(
    "tasks.task.list",
    scope="task",
    docs=_DOCS + "list.md",
    not_emulated="params, favourites, groups, unviewed tasks",
)
def list_(call: Call) -> Page:
    """A page of tasks the caller may see, newest first unless ordered."""
    order: dict[str, Any] = {}
    for name, way in php.items(call.params.get("order")):
        column = {"REAL_STATUS": "STATUS"}.get(_upper(name), _upper(name))
        if column not in _COLUMNS or column in _LISTS:
            raise RestError("0", "Invalid sorting key (internal error)")
        order[column] = str(way).partition(",")[0]
    wanted: dict[str, Any] = {}
    for key, value in php.items(call.params.get("filter")):
        prefix = re.match(r"[^A-Za-z0-9:]*", key)
        sign = prefix.group() if prefix else ""
        name = _upper(key[len(sign) :])
        if name == "TITLE" and not sign and isinstance(value, str) and re.search("[%_]", value):
            sign = "=%"
        wanted[sign + name] = value
    sql, args = visible_to(call)
    columns = {name: each for name, each in _COLUMNS.items() if name not in _LISTS}
    columns["REAL_STATUS"] = replace(_COLUMNS["STATUS"], name="REAL_STATUS")
    specials: dict[str, Special] = {
        "STATUS": _by_status(call),
        "ACCOMPLICE": _among("ACCOMPLICES"),
        "AUDITOR": _among("AUDITORS"),
        "TAG": _among("TAGS"),
        "UF_CRM_TASK": _among("UF_CRM_TASK"),
        "ONLY_ROOT_TASKS": lambda _operator, values: (
            ("COALESCE(PARENT_ID, 0) = 0" if values == ["Y"] else "1"),
            [],
        ),
    }
    rows, total, start = list_rows(
        call,
        "task",
        filter_=wanted,
        order=order,
        fields=columns,
        specials=specials,
        where=sql,
        args=args,
        default="ID DESC",
    )
    select = _select(call)
    shown = []
    for row in rows:
        one = _shown(call, row, select)
        if select is None or {"STATUS", "REAL_STATUS", "*"} & set(select):
            one.setdefault("status", str(row["STATUS"]))
            one["subStatus"] = "-1" if _overdue(call, row) else str(row["STATUS"])
        shown.append(one)
    return Page.of({"tasks": shown}, len(shown), total, start)


def _overdue(call: Call, row: dict[str, Any]) -> bool:
    return bool(row["DEADLINE"]) and row["DEADLINE"] < call.now and row["STATUS"] in (WAITING, RUNNING)


def _by_status(call: Call) -> Special:
    """STATUS knows -1, overdue, beside the statuses themselves."""

    def condition(operator: str, values: list[Any]) -> tuple[str, list[Any]]:
        late = f"(DEADLINE < {int(call.now)} AND STATUS IN ({WAITING}, {RUNNING}))"
        sub_status = f"(CASE WHEN {late} THEN -1 ELSE STATUS END)"
        numbers = [int(each) if re.fullmatch(r"-?[0-9]{1,18}", str(each)) else 0 for each in values] or [0]
        if operator in (">", "<", ">=", "<="):
            return f"{sub_status} {operator} ?", numbers[:1]
        marks = ", ".join("?" for _ in numbers)
        plain = [each for each in numbers if each > 0]
        if len(plain) == len(numbers):
            return f"STATUS IN ({marks})", numbers
        return f"{sub_status} IN ({marks})", numbers

    return condition


def _among(column: str) -> Special:
    def condition(_operator: str, values: list[Any]) -> tuple[str, list[Any]]:
        marks = ", ".join("?" for _ in values) or "NULL"
        sql = f"EXISTS (SELECT 1 FROM json_each({column}) WHERE CAST(value AS TEXT) IN ({marks}))"
        return sql, [str(each) for each in values]

    return condition


@method(
    "tasks.task.getFields", scope="task", docs=_DOCS + "get-fields.md", not_emulated="custom fields of tasks"
)
def get_fields(_call: Call) -> Any:
    """Describe the fields of a task."""
    return {"fields": {name: _described(each) for name, each in _COLUMNS.items()}}


def _described(each: Field) -> dict[str, Any]:
    type_ = {"int": "integer", "time": "datetime", "flag": "enum", "json": "array"}.get(
        each.storage, "string"
    )
    described: dict[str, Any] = {"title": each.column, "type": type_}
    if each.column == "ID":
        described["primary"] = True
    if each.column in ("TITLE", "CREATED_BY", "RESPONSIBLE_ID"):
        described["required"] = True
    if each.column == "STATUS":
        described["type"] = "enum"
        described["values"] = {
            str(WAITING): "Pending",
            str(RUNNING): "In Progress",
            str(CONTROLLED): "Awaiting Control",
            str(DONE): "Completed",
            str(DEFERRED): "Deferred",
        }
    return described


@method("tasks.task.getAccess", scope="task", docs=_DOCS + "get-access.md")
def get_access(call: Call) -> Any:
    """What people may do with a task, by user id; the caller when nobody is named."""
    users = call.params.get("users")
    if users is not None and not isinstance(users, dict | list):
        raise RestError(
            "100", "Invalid value {} to match with parameter {users}. Should be value of type array."
        )
    row = _readable(call)
    if row is None:
        return {"allowedActions": []}
    ids = [each for each in map(php.whole, php.values(users)) if each] or [call.user_id]
    actions = {}
    for id_ in ids:
        user = call.store.get("user", id_)
        actions[str(id_)] = (
            allowed_actions(row, id_, admin=user["IS_ADMIN"] == "Y")
            if user
            else dict.fromkeys(_ACTIONS, False)
        )
    return {"allowedActions": actions}


# -- writing -----------------------------------------------------------------------------------------


@method(
    "tasks.task.add",
    scope="task",
    docs=_DOCS + "add.md",
    not_emulated="CRM activities, reminders, SE_PARAMETER",
)
def add(call: Call) -> Any:
    """Add a task; the whole of it."""
    given = _given(call)
    values = _values(call, given)
    problems = []
    if not str(values.get("TITLE") or "").strip():
        problems.append("Task title is not specified")
    if not values.get("RESPONSIBLE_ID"):
        problems.append("Responsible person not specified")
    _refuse(problems + problems_of(call, values, 0))
    return _whole(call, insert_task(call, values))


def insert_task(call: Call, values: dict[str, Any]) -> int:
    """Write a new task, stamped with now and the caller; returns its id."""
    now = int(call.now)
    stamps = dict.fromkeys(("CREATED_DATE", "CHANGED_DATE", "ACTIVITY_DATE", "STATUS_CHANGED_DATE"), now)
    id_ = call.store.insert(
        "task",
        {
            "CREATED_BY": call.user_id,
            "CHANGED_BY": call.user_id,
            **stamps,
            "GUID": f"{{{uuid.uuid5(uuid.NAMESPACE_URL, f'{call.portal.host}/task/{now}/{_next(call)}')}}}",
            **{name: value for name, value in values.items() if value is not None},
        },
    )
    announce(call, "ADD", id_)
    return id_


def _next(call: Call) -> int:
    return int(call.store.value("SELECT COALESCE(MAX(ID), 0) + 1 FROM task"))


@method("tasks.task.update", scope="task", docs=_DOCS + "update.md", not_emulated="SE_PARAMETER")
def update(call: Call) -> Any:
    """Change a task; the whole of it afterwards."""
    id_ = _task_id(call)
    given = _given(call)
    row = _for_action(call, "EDIT", "0", "Action on the task is not allowed (internal error)")
    values = _values(call, given)
    _refuse(problems_of(call, values, id_))
    if "TITLE" in values and not str(values["TITLE"] or "").strip():
        _refuse(["Task title is not specified"])
    if values.get("STATUS") not in (None, row["STATUS"]):
        values.update(status_change(call, values["STATUS"]))
    write_task(call, id_, values)
    return _whole(call, id_)


@method("tasks.task.delete", scope="task", docs=_DOCS + "delete.md", not_emulated="recycle bin")
def delete(call: Call) -> Any:
    """Delete a task."""
    row = _for_action(call, "REMOVE", "1048582", "No access to delete the task")
    call.store.delete("task", row["ID"])
    announce(call, "DELETE", row["ID"])
    return {"task": True}


@method("tasks.task.delegate", scope="task", docs=_DOCS + "delegate.md")
def delegate(call: Call) -> Any:
    """Hand a task over; who had it goes on watching."""
    _task_id(call)
    if call.params.get("userId") is None:
        raise RestError("100", "Could not find value for parameter {userId}")
    row = _for_action(call, "DELEGATE", "0", "Action on the task is not allowed")
    values = {"RESPONSIBLE_ID": call.int_arg("userId")}
    _refuse(problems_of(call, values, row["ID"]))
    auditors = json.loads(row["AUDITORS"] or "[]")
    if row["RESPONSIBLE_ID"] not in auditors:
        auditors.append(row["RESPONSIBLE_ID"])
    write_task(call, row["ID"], {**values, "AUDITORS": json.dumps(auditors)})
    return _whole(call, row["ID"])


def _move(call: Call, action: str) -> Any:
    _, target, code = _MOVES[action]
    row = _for_action(call, action, code, "Action on the task is not allowed")
    if action == "COMPLETE" and row["TASK_CONTROL"] == "Y" and row["CREATED_BY"] != call.user_id:
        target = CONTROLLED  # the creator wants to see it first
    write_task(call, row["ID"], status_change(call, target))
    return _whole(call, row["ID"])


@method("tasks.task.start", scope="task", docs=_STATUS_DOCS + "start.md")
def start(call: Call) -> Any:
    """Begin work."""
    return _move(call, "START")


@method("tasks.task.pause", scope="task", docs=_STATUS_DOCS + "pause.md")
def pause(call: Call) -> Any:
    """Stop work for now."""
    return _move(call, "PAUSE")


@method("tasks.task.defer", scope="task", docs=_STATUS_DOCS + "defer.md")
def defer(call: Call) -> Any:
    """Put a task off."""
    return _move(call, "DEFER")


@method("tasks.task.complete", scope="task", docs=_STATUS_DOCS + "complete.md")
def complete(call: Call) -> Any:
    """Finish a task, or pass it to its creator when that one controls it."""
    return _move(call, "COMPLETE")


@method("tasks.task.renew", scope="task", docs=_STATUS_DOCS + "renew.md")
def renew(call: Call) -> Any:
    """Take a finished task up again."""
    return _move(call, "RENEW")


@method("tasks.task.approve", scope="task", docs=_DOCS + "approve.md")
def approve(call: Call) -> Any:
    """Accept finished work."""
    return _move(call, "APPROVE")


@method("tasks.task.disapprove", scope="task", docs=_DOCS + "disapprove.md")
def disapprove(call: Call) -> Any:
    """Send finished work back."""
    return _move(call, "DISAPPROVE")


def _given(call: Call) -> dict[str, Any]:
    given = call.params.get("fields")
    if not isinstance(given, dict | list) or not given:
        raise RestError("100", "Could not find value for parameter {fields} (internal error)")
    return {_upper(name): value for name, value in php.items(given)}


def _values(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _WRITABLE:
            continue
        if name in ("AUDITORS", "ACCOMPLICES"):
            values[name] = json.dumps([each for each in map(php.whole, php.values(value)) if each])
        elif name == "UF_TASK_WEBDAV_FILES":  # n12 is a new file of the drive, 12 one attached before
            ids = [str(each).lstrip("n") for each in php.values(value)]
            values[name] = json.dumps([each for each in map(php.whole, ids) if each])
        elif name in _LISTS:
            texts = [str(each) for each in php.values(value) if each not in (None, "", False)]
            values[name] = json.dumps(texts, ensure_ascii=False)
        else:
            values[name] = stored(_COLUMNS[name], value, call.portal.zone, strict=False)
    return values


def problems_of(call: Call, values: dict[str, Any], own_id: int) -> list[str]:
    """What is wrong with values about to be written, in the portal's words."""
    found = []
    if values.get("RESPONSIBLE_ID") and call.store.get("user", values["RESPONSIBLE_ID"]) is None:
        found.append('User specified in the "Responsible" field not found')
    if values.get("STATUS") is not None and not WAITING <= values["STATUS"] <= DEFERRED:
        found.append("Incorrect status")
    parent = values.get("PARENT_ID")
    if parent:
        if parent == own_id:
            found.append("Cannot bind the node to itself")
        elif call.store.get("task", parent) is None:
            found.append('Task specified in the "Parent Task" field not found')
        elif own_id and parent in _below(call, own_id):
            found.append("Creating cyclic links in tasks is prohibited")
    begins, ends = values.get("START_DATE_PLAN"), values.get("END_DATE_PLAN")
    if begins and ends and ends < begins:
        found.append("The end date in scheduling is earlier than the start date")
    return found


def _below(call: Call, id_: int) -> set[int]:
    rows = call.store.rows(
        "WITH RECURSIVE below(ID) AS"
        " (SELECT ? UNION SELECT t.ID FROM task t JOIN below b ON t.PARENT_ID = b.ID) SELECT ID FROM below",
        [id_],
    )
    return {int(row["ID"]) for row in rows}


def _refuse(problems: list[str]) -> None:
    if problems:
        raise RestError("ERROR_CORE", "".join(f"{each}<br>" for each in problems))


def status_change(call: Call, status: int) -> dict[str, Any]:
    """The columns a move to another status fills."""
    now = int(call.now)
    values: dict[str, Any] = {
        "STATUS": status,
        "STATUS_CHANGED_BY": call.user_id,
        "STATUS_CHANGED_DATE": now,
        "CLOSED_BY": call.user_id if status in (CONTROLLED, DONE) else None,
        "CLOSED_DATE": now if status in (CONTROLLED, DONE) else None,
    }
    if status == RUNNING:
        values["DATE_START"] = now
    return values


def write_task(call: Call, id_: int, values: dict[str, Any]) -> None:
    """Change a task and tell of it."""
    now = int(call.now)
    call.store.update(
        "task", id_, {**values, "CHANGED_BY": call.user_id, "CHANGED_DATE": now, "ACTIVITY_DATE": now}
    )
    announce(call, "UPDATE", id_)


def announce(call: Call, what: str, id_: int) -> None:
    """Tell of a task that was added, updated or deleted."""
    before = "undefined" if what == "ADD" else {"ID": id_}
    after = "undefined" if what == "DELETE" else {"ID": id_}
    call.portal.emit(f"ONTASK{what}", {"FIELDS_BEFORE": before, "FIELDS_AFTER": after}, key=call.caller.key)
