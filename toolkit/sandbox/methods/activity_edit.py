"""`crm.activity.*`, the writing half: what may be created and changed, and what goes with a deleted record.

Source: api-reference/crm/timeline/activities/activity-base/crm-activity-{add,update,delete}.md,
tutorials/crm/how-to-add-crm-objects/how-to-{add-activity-to-contact,send-email}.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from ..call import Call
from ..portal import FAMILY_LISTENERS, Sandbox
from ..registry import method
from ..state.records import Change
from ..state.store import TABLES, declare_table
from ..subjects.activities import Activities, Target
from ..subjects.drive import Drive
from ..subjects.files import uploads_of
from ..switches import declare
from ..wire import php
from ..wire.values import stored
from .activity import failure, wanted_activity

_DOCS = "api-reference/crm/timeline/activities/activity-base/crm-activity-"
FILES_FOLDER = "Файлы дел"
MEETING, CALL, TASK, EMAIL, PROVIDED = 1, 2, 3, 4, 6
_PROVIDERS = {
    MEETING: ("CRM_MEETING", "MEETING"),
    CALL: ("VOXIMPLANT_CALL", "CALL"),
    EMAIL: ("CRM_EMAIL", "EMAIL"),
}
_WRITABLE = (
    "PROVIDER_ID",
    "PROVIDER_TYPE_ID",
    "PROVIDER_GROUP_ID",
    "SUBJECT",
    "START_TIME",
    "END_TIME",
    "DEADLINE",
    "COMPLETED",
    "STATUS",
    "RESPONSIBLE_ID",
    "PRIORITY",
    "NOTIFY_TYPE",
    "NOTIFY_VALUE",
    "DESCRIPTION",
    "DESCRIPTION_TYPE",
    "DIRECTION",
    "LOCATION",
    "SETTINGS",
    "ORIGIN_ID",
    "ORIGINATOR_ID",
    "ORIGIN_VERSION",
    "RESULT_STATUS",
    "RESULT_STREAM",
    "RESULT_SOURCE_ID",
    "PROVIDER_PARAMS",
    "PROVIDER_DATA",
    "RESULT_MARK",
    "RESULT_VALUE",
    "RESULT_SUM",
    "RESULT_CURRENCY_ID",
    "AUTOCOMPLETE_RULE",
    "IS_INCOMING_CHANNEL",
)

# What a real portal would have mailed to clients: a bulk load of history had better leave it empty.
declare_table("sent_mail", "ACTIVITY_ID int", "ADDRESS", "SUBJECT", "SENT time", indexes=[("ACTIVITY_ID",)])

MAILS_UNLESS = declare(
    "email_is_sent_unless",
    "completed_n",
    ("completed_n", "completed_not_y"),
    "The page tells how not to send: COMPLETED N; a tutorial says only COMPLETED Y sends.",
    "api-reference/crm/timeline/activities/activity-base/crm-activity-add.md",
)
WITHOUT_RESPONSIBLE = declare(
    "activity_without_responsible",
    "owner",
    ("owner", "refused"),
    "The page marks RESPONSIBLE_ID as required, a tutorial leaves it out and gets the owner's responsible.",
    "api-reference/crm/timeline/activities/activity-base/crm-activity-add.md",
)
PARTIAL_UPDATE = declare(
    "activity_update_partial",
    True,
    (True, False),
    "The page marks subject, type, responsible and communications as required; a part works in practice.",
    "api-reference/crm/timeline/activities/activity-base/crm-activity-update.md",
)


@method(
    "crm.activity.add",
    scope="crm",
    docs=_DOCS + "add.md",
    not_emulated="no calendar event; e-mails go to the table `sent_mail` instead of the world",
)
def add(call: Call) -> Any:
    """Create a call, a meeting, an e-mail or a provider's activity."""
    given = _fields_of(call)
    activities = Activities(call.portal)
    owner: Target = (php.whole(given.get("OWNER_TYPE_ID")), php.whole(given.get("OWNER_ID")))
    found = activities.record(owner)
    if owner[1] and found is None:
        kind = call.portal.schema.kind(owner[0])
        raise failure(f"Could not find '{kind.name if kind else owner[0]}' with ID: {owner[1]}")
    columns = _columns(call, given)
    if not columns.get("RESPONSIBLE_ID") and call.portal.switches["activity_without_responsible"] == "owner":
        columns["RESPONSIBLE_ID"] = found[1].get("ASSIGNED_BY_ID") if found else None
    if not columns.get("RESPONSIBLE_ID"):
        raise failure("The field RESPONSIBLE_ID is not defined or invalid")
    type_id = _type_of(call, given)
    if not str(columns.get("SUBJECT") or "").strip():
        raise failure("The field SUBJECT is not defined or empty")
    communications = _communications(given.get("COMMUNICATIONS"), type_id, owner)
    if not communications and type_id != PROVIDED:
        raise failure("The field COMMUNICATIONS is not defined or invalid")
    targets = [owner] if found else []
    for each in communications:
        target = (each["ENTITY_TYPE_ID"], each["ENTITY_ID"])
        if target not in targets and activities.record(target):
            targets.append(target)
    if not targets:
        raise failure(
            "Could not build binding. Please ensure that owner info and communications are defined correctly"
        )
    kept = activities.record(targets[0])
    if kept is None or not call.portal.records.may(call.caller, "WRITE", kept[1]):
        raise failure("Access denied.")
    columns["TYPE_ID"] = type_id
    _defaults(call, columns, type_id)
    files = _stored_files(call, given)
    if files is not None:
        columns["FILES"] = json.dumps(files)
    mailed = _is_mailed(call, given, columns)
    if mailed and any("@" not in each["VALUE"] for each in communications):
        raise failure("Email send error. Invalid email is specified")
    id_ = activities.add(columns, targets, communications, by=call.user_id, key=call.caller.key)
    for each in communications if mailed else ():
        letter = {"ACTIVITY_ID": id_, "ADDRESS": each["VALUE"], "SENT": int(call.now)}
        call.store.insert("sent_mail", {**letter, "SUBJECT": columns["SUBJECT"]})
    return id_


def _is_mailed(call: Call, given: dict[str, Any], columns: dict[str, Any]) -> bool:
    """Whether creating the activity sends its e-mail: outgoing, and not said to be unfinished."""
    if columns["TYPE_ID"] != EMAIL or columns.get("DIRECTION") != 2:
        return False
    completed = str(given.get("COMPLETED") or "").upper()
    return completed == "Y" or (completed != "N" and call.portal.switches[MAILS_UNLESS] == "completed_n")


@method("crm.activity.update", scope="crm", docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change an activity; its owner and type stay what they are."""
    row = wanted_activity(call, write=True)
    given = _fields_of(call)
    columns = _columns(call, given)
    partial = call.portal.switches[PARTIAL_UPDATE]
    if ("SUBJECT" in given or not partial) and not str(columns.get("SUBJECT") or "").strip():
        raise failure("The field SUBJECT is not defined or empty")
    if ("RESPONSIBLE_ID" in given or not partial) and not columns.get("RESPONSIBLE_ID"):
        raise failure("The field RESPONSIBLE_ID is not defined or invalid")
    if not partial and not php.whole(given.get("TYPE_ID")):
        raise failure("The field TYPE_ID is not defined or invalid")
    activities = Activities(call.portal)
    if "COMMUNICATIONS" in given or not partial:
        owner = (row["OWNER_TYPE_ID"], row["OWNER_ID"])
        communications = _communications(given.get("COMMUNICATIONS"), row["TYPE_ID"], owner)
        if not communications:
            raise failure("The field COMMUNICATIONS is not defined or invalid")
        activities.replace_communications(row["ID"], communications)
    files = _stored_files(call, given)
    if files is not None:
        columns["FILES"] = json.dumps(files)
    if "COMPLETED" in columns or "STATUS" in columns:
        _settle_status(columns)
    _settle_deadline({**row, **columns}, columns, row["TYPE_ID"])
    activities.update(row["ID"], columns, by=call.user_id, key=call.caller.key)
    return True


@method("crm.activity.delete", scope="crm", docs=_DOCS + "delete.md", not_emulated="recycle bin")
def delete(call: Call) -> Any:
    """Delete an activity; a call list's activity takes the call list with it."""
    Activities(call.portal).delete(wanted_activity(call, write=True)["ID"], key=call.caller.key)
    return True


def _fields_of(call: Call) -> dict[str, Any]:
    given = call.get("fields")
    if not isinstance(given, dict):
        raise failure("Parameter 'fields' must be array.")
    return given


def _type_of(call: Call, given: dict[str, Any]) -> int:
    type_id = php.whole(given.get("TYPE_ID"))
    if not MEETING <= type_id <= PROVIDED:
        raise failure("The field TYPE_ID is not defined or invalid")
    if type_id not in (MEETING, CALL, EMAIL, PROVIDED):
        name = "TASK" if type_id == TASK else "ACTIVITY"
        raise failure(f'The activity type "{name}" is not supported in current context')
    if type_id == PROVIDED:
        provider = str(given.get("PROVIDER_ID") or "")
        if not provider:
            raise failure("The custom activity without provider is not supported in current context")
        if provider == "CONFIGURABLE_REST_APP":
            raise failure("Use crm.activity.configurable.add for this activity provider")
        if provider == "REST_APP" and call.caller.kind != "app":
            raise failure("Application context required")
    return type_id


def _columns(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    known = TABLES["activity"].fields
    columns = {}
    for name in _WRITABLE:
        if name not in given:
            continue
        value = given[name]
        if known[name].storage == "json" and not isinstance(value, dict | list):
            continue
        columns[name] = stored(known[name], value, call.portal.zone, strict=False)
    return columns


def _defaults(call: Call, columns: dict[str, Any], type_id: int) -> None:
    if type_id in _PROVIDERS:
        columns["PROVIDER_ID"], columns["PROVIDER_TYPE_ID"] = _PROVIDERS[type_id]
    if columns.get("START_TIME") is None:
        columns["START_TIME"] = int(call.now)
    if columns.get("END_TIME") is None:
        columns["END_TIME"] = columns["START_TIME"]
    if type_id in (CALL, EMAIL) and columns.get("DIRECTION") not in (1, 2):
        columns["DIRECTION"] = 2
    if type_id == MEETING:
        columns.pop("DIRECTION", None)
    columns.setdefault("COMPLETED", "N")
    _settle_status(columns)
    _settle_deadline(columns, columns, type_id)


def _settle_status(columns: dict[str, Any]) -> None:
    """COMPLETED says whether it is done, STATUS how: 1 waiting, 2 done, 3 done by itself."""
    if "COMPLETED" not in columns:
        columns["COMPLETED"] = "Y" if columns.get("STATUS") in (2, 3) else "N"
    done = columns["COMPLETED"] == "Y"
    columns["STATUS"] = (3 if columns.get("STATUS") == 3 else 2) if done else 1


def _settle_deadline(row: dict[str, Any], columns: dict[str, Any], type_id: int) -> None:
    """The deadline is never written: calls and meetings take their start, others their end."""
    if type_id in (MEETING, CALL, EMAIL):
        columns["DEADLINE"] = row.get("START_TIME")
    elif row.get("DEADLINE") is None:
        columns["DEADLINE"] = row.get("END_TIME")


def _communications(given: Any, type_id: int, owner: Target) -> list[dict[str, Any]]:
    entries = []
    for each in php.values(given) if isinstance(given, dict | list) else []:
        value = str(each.get("VALUE") or "").strip() if isinstance(each, dict) else ""
        if not value:
            continue
        entity = (php.whole(each.get("ENTITY_TYPE_ID")), php.whole(each.get("ENTITY_ID")))
        if not entity[1] and owner[0] in (1, 3, 4):
            entity = owner
        type_ = {CALL: "PHONE", EMAIL: "EMAIL"}.get(type_id, "")
        entries.append(
            {
                "TYPE": type_ or str(each.get("TYPE") or ""),
                "VALUE": value,
                "ENTITY_TYPE_ID": entity[0],
                "ENTITY_ID": entity[1],
            }
        )
    if len(entries) > 1 and type_id in (MEETING, CALL):
        raise failure("The only one communication is allowed for activity of specified type")
    return entries


def _stored_files(call: Call, given: dict[str, Any]) -> list[int] | None:
    """Ids on Drive of the files sent along; None when the field is not mentioned."""
    name = "FILES" if "FILES" in given else "WEBDAV_ELEMENTS"
    if name not in given:
        return None
    drive = Drive(call.portal)
    value = given[name]
    kept = [php.whole(each) for each in php.values(value)]
    kept = [each for each in kept if drive.get(each, "file")]
    pairs = value if isinstance(value, list) else [value]
    folder = drive.folder_for(FILES_FOLDER)
    return kept + [drive.save(folder, name_, body, call.user_id) for name_, body in uploads_of(pairs)]


def forget_deleted(portal: Sandbox, change: Change) -> None:
    """When a record goes, the activities it shares with nobody go with it."""
    if change.action == "delete":
        Activities(portal).record_gone((change.kind.entity_type_id, change.id), key=change.key)


FAMILY_LISTENERS.append(forget_deleted)
