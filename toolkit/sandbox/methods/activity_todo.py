"""`crm.activity.todo.*`: universal activities: what is to be done on a record, and by when.

Source: api-reference/crm/timeline/activities/todo/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from ..call import Call
from ..registry import method
from ..subjects.activities import Activities, Target
from ..wire import php
from ..wire.errors import RestError, invalid_arg, not_found
from ..wire.values import BadValueError
from .activity_binding import writable_record

_DOCS = "api-reference/crm/timeline/activities/todo/crm-activity-todo-"
COLORS = ("1", "2", "3", "4", "5", "6", "7")


def _owner(call: Call) -> Target:
    return call.int_arg("ownerTypeId"), call.int_arg("ownerId")


def _moment(call: Call, name: str) -> int:
    given = call.arg(name)
    try:
        if given in (None, ""):
            raise BadValueError(given)
        return int(call.portal.zone.unix(given))
    except BadValueError:
        raise RestError("WRONG_DATETIME_FORMAT", "Wrong datetime format") from None


def _open_todo(call: Call, closed_code: str) -> dict[str, Any]:
    """The universal activity named by `id`, if it hangs on the named record and is not done.

    Raises:
        RestError: 100, OWNER_NOT_FOUND, ACCESS_DENIED, NOT_FOUND, or `closed_code`.
    """
    id_, owner = call.int_arg("id"), _owner(call)
    writable_record(call, owner)
    activities = Activities(call.portal)
    row = activities.get(id_)
    if row is None or row["PROVIDER_ID"] != "CRM_TODO" or owner not in activities.bindings(id_):
        raise not_found("Not found.")
    if row["COMPLETED"] == "Y":
        raise RestError(closed_code, "Can not update completed todo")
    return row


def _saved(call: Call, row: dict[str, Any], columns: dict[str, Any]) -> dict[str, int]:
    Activities(call.portal).update(row["ID"], columns, by=call.user_id, key=call.caller.key)
    return {"id": row["ID"]}


def _deadline(moment: int) -> dict[str, Any]:
    return {"DEADLINE": moment, "START_TIME": moment, "END_TIME": moment}


def _settings(call: Call, before: str | None = None) -> dict[str, Any]:
    """Reminders, colour and parent, as far as the request names them."""
    settings: dict[str, Any] = json.loads(before or "{}")
    if "pingOffsets" in call.params:
        offsets = php.values(call.params["pingOffsets"])
        settings["PING_OFFSETS"] = [php.whole(each) for each in offsets]
    if str(call.params.get("colorId", "")) in COLORS:
        settings["COLOR"] = str(call.params["colorId"])
    parent = php.whole(call.params.get("parentActivityId"))
    if parent:
        settings["PARENT_ACTIVITY_ID"] = parent
    return settings


@method("crm.activity.todo.add", scope="crm", docs=_DOCS + "add.md", not_emulated="reminders do not ring")
def add(call: Call) -> Any:
    """Put a to-do on a record."""
    owner = _owner(call)
    deadline = _moment(call, "deadline")
    writable_record(call, owner)
    return {
        "id": Activities(call.portal).add_todo(
            owner,
            deadline=deadline,
            subject=str(call.params.get("title") or ""),
            description=str(call.params.get("description") or ""),
            responsible_id=php.whole(call.params.get("responsibleId")) or call.user_id,
            author_id=call.user_id,
            settings=_settings(call),
            key=call.caller.key,
        )
    }


@method("crm.activity.todo.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change a to-do; what is not named stays."""
    deadline = _moment(call, "deadline")
    row = _open_todo(call, "CAN_NOT_UPDATE_COMPLETED_TODO")
    above = Activities(call.portal).get(php.whole(call.params.get("parentActivityId")))
    if above is not None and above["COMPLETED"] == "Y":
        raise RestError("ERROR_PARENT_ACTIVITY_RESTRICT", "Can not plan todo for completed activity")
    columns: dict[str, Any] = _deadline(deadline)
    for name, column in (("title", "SUBJECT"), ("description", "DESCRIPTION")):
        if name in call.params:
            columns[column] = str(call.params[name] or "")
    responsible = php.whole(call.params.get("responsibleId"))
    if responsible:
        columns["RESPONSIBLE_ID"] = responsible
    columns["SETTINGS"] = json.dumps(_settings(call, row["SETTINGS"]))
    return _saved(call, row, columns)


@method("crm.activity.todo.updateDeadline", scope="crm", docs=_DOCS + "update-deadline.md")
def update_deadline(call: Call) -> Any:
    """Put a to-do off."""
    deadline = _moment(call, "value")
    return _saved(call, _open_todo(call, "CAN_NOT_UPDATE_COMPLETED_TODO"), _deadline(deadline))


@method("crm.activity.todo.updateDescription", scope="crm", docs=_DOCS + "update-description.md")
def update_description(call: Call) -> Any:
    """Change what a to-do says."""
    text = str(call.arg("value") or "")
    return _saved(call, _open_todo(call, "CAN_NOT_UPDATE_COMPLETED_TODO"), {"DESCRIPTION": text})


@method("crm.activity.todo.updateResponsibleUser", scope="crm", docs=_DOCS + "update-responsible-user.md")
def update_responsible_user(call: Call) -> Any:
    """Hand a to-do over."""
    user = call.int_arg("responsibleId")
    if user <= 0:
        raise invalid_arg('Parameter "responsibleId" must be greater than 0')
    row = _open_todo(call, "CAN_NOT_UPDATE_RESPONSIBLE_USER_COMPLETED_TODO")
    return _saved(call, row, {"RESPONSIBLE_ID": user})


@method("crm.activity.todo.updateColor", scope="crm", docs=_DOCS + "update-color.md")
def update_color(call: Call) -> Any:
    """Give a to-do another colour, 1 to 7; empty for the usual one."""
    color = str(call.arg("colorId") or "")
    row = _open_todo(call, "CAN_NOT_UPDATE_COLOR_COMPLETED_TODO")
    if color and color not in COLORS:
        raise RestError("CAN_NOT_UPDATE_WRONG_COLOR_TODO", "Wrong color")
    settings = json.loads(row["SETTINGS"] or "{}")
    settings.pop("COLOR", None)
    if color:
        settings["COLOR"] = color
    return _saved(call, row, {"SETTINGS": json.dumps(settings)})
