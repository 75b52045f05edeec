"""`tasks.task.*`, version 3: the tasks of `tasks.py` in the dress of REST 3.0.

Source: api-reference/tasks/tasks-task-{add,get,list,update,delete}-rest-v3.md, fields-rest-v3.md,
tasks-task-field-{list,get}.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..call import Call
from ..registry import method
from ..subjects.v3_tasks import ELSEWHERE, MARKS, PRIORITIES, RIGHTS, STATUSES, STILL, TASK, USER, coded
from ..switches import declare
from ..wire.errors import RestError
from ..wire.v3 import exception, invalid_request
from ..wire.v3_objects import (
    FIELD_PROPERTIES,
    UNKNOWN_WRITE_FIELD,
    Property,
    int_param,
    page_of,
    select_of,
    unknown_property,
)
from .tasks import (
    allowed_actions,
    announce,
    insert_task,
    problems_of,
    status_change,
    visible_to,
    write_task,
)

_DOCS = "api-reference/tasks/tasks-task-"
_LEFT_OUT = "chats, groups, flows, stages, checklists, results, templates"

ACCESS_DENIED_STATUS = declare(
    "v3_access_denied_status",
    403,
    (403, 400),
    "The overview of REST 3.0 gives 403, the page of tasks.task.delete shows 400.",
    _DOCS + "delete-rest-v3.md",
)

# -- reading -----------------------------------------------------------------------------------------


@method("tasks.task.get", scope="tasks", docs=_DOCS + "get-rest-v3.md", version=3, not_emulated=_LEFT_OUT)
def get(call: Call) -> Any:
    """One task, with fields of related objects when they are selected."""
    id_ = int_param(call.params, "id")
    select = select_of(call.params.get("select"))
    row = call.store.get("task", id_)
    if row is None:
        raise exception("ENTITYNOTFOUND", f"Record with ID = `{id_}` not found")
    if _seen(call, id_) is None:
        raise _denied(call)
    return {"item": _shown(call, row, select)}


@method("tasks.task.list", scope="tasks", docs=_DOCS + "list-rest-v3.md", version=3, not_emulated=_LEFT_OUT)
def list_(call: Call) -> Any:
    """A page of tasks the caller may see; only their ids unless more is selected."""
    select = select_of(call.params.get("select")) or ["id"]
    condition = TASK.filter(call.params.get("filter"), call.portal.zone)
    ordered = TASK.order(call.params.get("order"))
    limit, offset = page_of(call.params.get("pagination"))
    seen, args = visible_to(call)
    rows = call.store.rows(
        f"SELECT * FROM task WHERE {condition.sql} AND ({seen}) ORDER BY {ordered} LIMIT ? OFFSET ?",
        [*condition.args, *args, limit, offset],
    )
    return {"items": [_shown(call, dict(row), select) for row in rows]}


@method("tasks.task.field.list", scope="tasks", docs=_DOCS + "field-list.md", version=3)
def field_list(call: Call) -> Any:
    """Descriptions of the fields of a task."""
    return {"items": TASK.described(call.params.get("select"))}


@method("tasks.task.field.get", scope="tasks", docs=_DOCS + "field-get.md", version=3)
def field_get(call: Call) -> Any:
    """The description of one field of a task."""
    name = call.params.get("name")
    if not isinstance(name, str) or not name:
        raise invalid_request(("name", "Required field `name` is not specified"))
    if name not in TASK.by_name:
        code = "BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION"
        raise RestError(code, f"Field `{name}` not found")
    return {"item": TASK.described(call.params.get("select") or list(FIELD_PROPERTIES), [name])[0]}


def _seen(call: Call, id_: int) -> dict[str, Any] | None:
    sql, args = visible_to(call)
    rows = call.store.rows(f"SELECT * FROM task WHERE ID = ? AND ({sql})", [id_, *args])
    return dict(rows[0]) if rows else None


def _denied(call: Call) -> RestError:
    return exception("ACCESSDENIED", "Access denied", call.portal.switches[ACCESS_DENIED_STATUS])


def _shown(call: Call, row: Mapping[str, Any], select: list[str] | None) -> dict[str, Any]:
    if select is None:
        return {each.name: _value(call, row, each) for each in TASK.properties if each.basic}
    whole = {name for name in select if "." not in name and name in TASK.by_name}
    inner: dict[str, list[str]] = {}
    for name in select:
        head, dot, tail = name.partition(".")
        if dot:
            inner.setdefault(head, []).append(tail)
    shown: dict[str, Any] = {}
    for each in TASK.properties:
        if each.related and (each.name in inner or each.name in whole):
            shown[each.name] = _relation(call, row, each, inner.get(each.name) or ["id"])
        elif each.name in whole:
            shown[each.name] = _value(call, row, each)
    for name in inner:
        if name not in TASK.by_name or not TASK.by_name[name].related:
            raise unknown_property(name, TASK.name)
    return shown


def _value(call: Call, row: Mapping[str, Any], each: Property) -> Any:
    if not each.column:
        return _computed(call, row, each.name)
    value = row[each.column]
    if each.name == "status":
        return STATUSES.get(value, "pending")
    if each.name == "priority":
        return PRIORITIES.get(value, "average")
    if each.name == "mark":
        return MARKS.get(value, "none")
    if each.name == "description":
        return value or ""
    if each.type == "bool":
        return value == "Y"
    if each.type == "array":
        kept = json.loads(value) if value else []
        return kept or (None if each.name == "fileIds" else [])
    if each.type == "DateTime":
        return None if value is None else call.portal.zone.moment(value)
    if each.name in ("plannedDuration", "estimatedTime"):
        return value or 0
    return value or None if each.type == "int" else value


def _computed(call: Call, row: Mapping[str, Any], name: str) -> Any:
    if name == "containsSubTasks":
        return bool(call.store.value("SELECT 1 FROM task WHERE PARENT_ID = ? LIMIT 1", [row["ID"]]))
    if name == "link":
        return f"/company/personal/user/{call.user_id}/tasks/task/view/{row['ID']}/"
    if name == "archiveLink":
        return (
            f"/bitrix/tools/disk/uf.php?entityId={row['ID']}&entity=TASKS_TASK&action=downloadArchiveByEntity"
        )
    if name == "rights":
        allowed = allowed_actions(dict(row), call.user_id, admin=call.caller.is_admin)
        return {"read": True, "watch": True, **{right: allowed[action] for right, action in RIGHTS.items()}}
    return STILL[name]


def _relation(call: Call, row: Mapping[str, Any], each: Property, names: list[str]) -> Any:
    """A related object, cut to the selected fields; null when there is none."""
    if each.related == "UserDto":
        for name in names:
            USER.property(name)
        if each.many:
            return [_person(call, id_, names) for id_ in json.loads(row[each.column] or "[]")]
        return _person(call, row[each.column], names)
    if each.related == "TaskDto":
        for name in names:
            TASK.property(name.partition(".")[0])
        parent = _seen(call, row[each.column] or 0)
        return _shown(call, parent, names) if parent else None
    known = ELSEWHERE[each.related]
    for name in names:
        if name.partition(".")[0] not in known:
            raise unknown_property(name, each.related)
    return None


def _person(call: Call, id_: int | None, names: list[str]) -> dict[str, Any] | None:
    user = call.store.get("user", id_) if id_ else None
    if user is None:
        return None
    known = {
        "id": user["ID"],
        "name": " ".join(filter(None, (user["NAME"], user["LAST_NAME"]))),
        "role": "admin" if user["IS_ADMIN"] == "Y" else "employee",
        "image": None,
        "gender": user["PERSONAL_GENDER"] or "",
        "email": user["EMAIL"] or "",
        "externalAuthId": "",
        "rights": None,
    }
    return {name: known[name] for name in known if name in names}


# -- writing -----------------------------------------------------------------------------------------


@method("tasks.task.add", scope="tasks", docs=_DOCS + "add-rest-v3.md", version=3, not_emulated=_LEFT_OUT)
def add(call: Call) -> Any:
    """Add a task; the whole of it."""
    columns = _columns(call, adding=True)
    _refuse(call, columns, 0)
    if columns.get("CREATED_BY") != call.user_id and not call.caller.is_admin:
        raise _denied(call)
    id_ = insert_task(call, columns)
    return {"item": _shown(call, call.store.get("task", id_) or {}, None)}


@method(
    "tasks.task.update", scope="tasks", docs=_DOCS + "update-rest-v3.md", version=3, not_emulated=_LEFT_OUT
)
def update(call: Call) -> Any:
    """Change a task."""
    id_ = int_param(call.params, "id")
    columns = _columns(call, adding=False)
    row = _for(call, id_, "EDIT")
    _refuse(call, columns, id_)
    if columns.get("STATUS") not in (None, row["STATUS"]):
        columns.update(status_change(call, columns["STATUS"]))
    write_task(call, id_, columns)
    return {"result": True}


@method(
    "tasks.task.delete",
    scope="tasks",
    docs=_DOCS + "delete-rest-v3.md",
    version=3,
    not_emulated="recycle bin",
)
def delete(call: Call) -> Any:
    """Delete a task."""
    id_ = int_param(call.params, "id")
    _for(call, id_, "REMOVE")
    call.store.delete("task", id_)
    announce(call, "DELETE", id_)
    return {"result": True}


def _for(call: Call, id_: int, action: str) -> dict[str, Any]:
    row = _seen(call, id_)
    if row is None or not allowed_actions(row, call.user_id, admin=call.caller.is_admin)[action]:
        raise _denied(call)
    return row


def _columns(call: Call, *, adding: bool) -> dict[str, Any]:
    """The `fields` parameter in the columns of the table."""
    lenient = call.portal.switches[UNKNOWN_WRITE_FIELD] == "ignored"
    values = TASK.written(call.params.get("fields"), call.portal.zone, adding=adding, lenient=lenient)
    if not adding and values.get("title", "x") in (None, ""):
        raise invalid_request(("title", "Required field `title` is not specified"))
    columns: dict[str, Any] = {}
    for name, value in values.items():
        each = TASK.by_name[name]
        if each.column:
            columns[each.column] = coded(name, value)
    return columns


def _refuse(call: Call, columns: Mapping[str, Any], id_: int) -> None:
    """What is wrong with the values together, by field.

    Raises:
        RestError: something is.
    """
    problems = []
    creator = columns.get("CREATED_BY")
    if creator is not None and call.store.get("user", creator) is None:
        problems.append(("creatorId", ""))
    for words in problems_of(call, dict(columns), id_):
        field = next((name for sign, name in _FIELD_OF.items() if sign in words), "fields")
        problems.append((field, words))
    if problems:
        raise invalid_request(*problems)


_FIELD_OF = {
    "Responsible": "responsibleId",
    "Parent": "parentId",
    "node": "parentId",
    "cyclic": "parentId",
    "end date": "endPlan",
}
