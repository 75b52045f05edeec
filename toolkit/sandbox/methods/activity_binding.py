"""`crm.activity.binding.*`: the records an activity hangs on.

Source: api-reference/crm/timeline/activities/binding/*.md,
tutorials/crm/how-to-edit-crm-objects/how-to-move-activity*.md, read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..registry import method
from ..subjects.activities import Activities, Target
from ..switches import declare
from ..wire.errors import RestError, access_denied, not_found

_DOCS = "api-reference/crm/timeline/activities/binding/crm-activity-binding-"

MISSING_RECORD = declare(
    "missing_record_code",
    "OWNER_NOT_FOUND",
    ("OWNER_NOT_FOUND", "NOT_FOUND"),
    "Activity pages list both codes for a record that is not there; the log message page knows this one.",
    "api-reference/crm/timeline/logmessage/crm-timeline-logmessage-add.md",
)


def owner_missing(call: Call, words: str = "Owner not found") -> RestError:
    """The record an activity or a timeline entry is about is not there."""
    code = call.portal.switches[MISSING_RECORD]
    return RestError(code, words if code == "OWNER_NOT_FOUND" else "Not found.")


def writable_record(call: Call, target: Target) -> Target:
    """A record the caller may change.

    Raises:
        RestError: OWNER_NOT_FOUND, ACCESS_DENIED.
    """
    found = Activities(call.portal).record(target)
    if found is None:
        raise owner_missing(call)
    if not call.portal.records.may(call.caller, "WRITE", found[1]):
        raise access_denied()
    return target


def readable_record(call: Call, target: Target) -> Target:
    """A record the caller may read.

    Raises:
        RestError: OWNER_NOT_FOUND, ACCESS_DENIED.
    """
    found = Activities(call.portal).record(target)
    if found is None:
        raise owner_missing(call)
    if not call.portal.records.may(call.caller, "READ", found[1]):
        raise access_denied()
    return target


def _activity(call: Call) -> int:
    id_ = call.int_arg("activityId")
    if Activities(call.portal).get(id_) is None:
        raise not_found()
    return id_


def _already() -> RestError:
    return RestError("ACTIVITY_IS_ALREADY_BOUND", "Activity is already bound to this entity")


def _unbound() -> RestError:
    return RestError("BINDING_NOT_FOUND", "Binding not found")


@method("crm.activity.binding.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Bind an activity to one more record; false past a hundred."""
    asked: Target = (call.int_arg("entityTypeId"), call.int_arg("entityId"))
    id_ = _activity(call)
    target = writable_record(call, asked)
    activities = Activities(call.portal)
    if target in activities.bindings(id_):
        raise _already()
    return activities.bind(id_, target)


@method("crm.activity.binding.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> Any:
    """Take a binding away, unless it is the last."""
    asked: Target = (call.int_arg("entityTypeId"), call.int_arg("entityId"))
    id_ = _activity(call)
    target = writable_record(call, asked)
    activities = Activities(call.portal)
    bindings = activities.bindings(id_)
    if target not in bindings:
        raise _unbound()
    if len(bindings) == 1:
        raise RestError("LAST_BINDING_CANNOT_BE_DELETED", "Last binding of the activity cannot be deleted")
    activities.unbind(id_, target)
    return True


@method("crm.activity.binding.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Any:
    """What an activity is bound to, as far as the caller may read it."""
    activities = Activities(call.portal)
    shown = []
    for type_id, id_ in activities.bindings(_activity(call)):
        found = activities.record((type_id, id_))
        if found and call.portal.records.may(call.caller, "READ", found[1]):
            shown.append({"entityTypeId": type_id, "entityId": id_})
    return shown


@method("crm.activity.binding.move", scope="crm", docs=_DOCS + "move.md")
def move(call: Call) -> Any:
    """Move a binding to another record of the same type."""
    source: Target = (call.int_arg("sourceEntityTypeId"), call.int_arg("sourceEntityId"))
    target: Target = (call.int_arg("targetEntityTypeId"), call.int_arg("targetEntityId"))
    id_ = _activity(call)
    if source[0] != target[0]:
        raise RestError(
            "SOURCE_AND_TARGET_ENTITY_TYPES_ARE_NOT_EQUAL_ERROR",
            "Source and target entity types differ",
        )
    if source[1] == target[1]:
        raise RestError("SOURCE_AND_TARGET_ENTITY_ID_ARE_EQUAL_ERROR", "Source and target are the same")
    writable_record(call, source)
    writable_record(call, target)
    activities = Activities(call.portal)
    bindings = activities.bindings(id_)
    if source not in bindings:
        raise _unbound()
    if target in bindings:
        raise _already()
    activities.rebind(id_, source, target)
    return True
