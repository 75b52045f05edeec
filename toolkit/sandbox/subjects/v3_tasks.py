"""A task as REST 3.0 sees it: its fields, the objects beside it, and the words for its codes.

Source: api-reference/tasks/fields-rest-v3.md, tasks-task-{add,get}-rest-v3.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from ..wire.v3 import invalid_request
from ..wire.v3_objects import Dto, Property, Type

__all__ = ["ELSEWHERE", "MARKS", "PRIORITIES", "RIGHTS", "STATUSES", "STILL", "TASK", "USER", "coded"]

STATUSES = {2: "pending", 3: "in_progress", 4: "supposedly_completed", 5: "completed", 6: "deferred"}
"""Words for the codes of `tasks.py`."""
PRIORITIES = {0: "low", 1: "average", 2: "high"}
MARKS = {"P": "positive", "N": "negative"}


def _own(name: str, type_: Type, column: str = "", **details: Any) -> Property:
    return Property(name, type_, column, **details)


def _still(name: str, type_: Type, **details: Any) -> Property:
    """A field that is shown and cannot be written."""
    return Property(name, type_, editable=False, **details)


def _related(
    name: str, entity: str, column: str = "", *, many: bool = False, writable: bool = False
) -> Property:
    type_: Type = "array" if many else "object"
    return Property(name, type_, column, related=entity, many=many, editable=writable, basic=False)


TASK = Dto(
    "TaskDto",
    (
        _still("id", "int", column="ID", filterable=True, sortable=True),
        _own("title", "string", "TITLE", sortable=True, required=True),
        _own("description", "string", "DESCRIPTION"),
        Property("creatorId", "int", "CREATED_BY", sortable=True, required=True, editable=False, basic=False),
        _related("creator", "UserDto", "CREATED_BY"),
        _still("created", "DateTime", column="CREATED_DATE", sortable=True, basic=False),
        _own("responsibleId", "int", "RESPONSIBLE_ID", sortable=True, required=True, basic=False),
        _related("responsible", "UserDto", "RESPONSIBLE_ID"),
        _own("deadline", "DateTime", "DEADLINE", sortable=True),
        _own("needsControl", "bool", "TASK_CONTROL"),
        _own("startPlan", "DateTime", "START_DATE_PLAN", sortable=True),
        _own("endPlan", "DateTime", "END_DATE_PLAN", sortable=True),
        _own("fileIds", "array", "UF_TASK_WEBDAV_FILES"),
        _still("checklist", "array"),
        _own("groupId", "int", "GROUP_ID", sortable=True, basic=False),
        _related("group", "GroupDto"),
        _own("stageId", "int", "STAGE_ID", basic=False),
        _related("stage", "StageDto"),
        _still("epicId", "int"),
        _still("storyPoints", "int"),
        _still("flowId", "int", basic=False),
        _related("flow", "FlowDto"),
        _own("priority", "string", "PRIORITY", sortable=True),
        _own("status", "string", "STATUS", sortable=True),
        _still("statusChanged", "DateTime", column="STATUS_CHANGED_DATE"),
        _related("accomplices", "UserDto", "ACCOMPLICES", many=True, writable=True),
        _related("auditors", "UserDto", "AUDITORS", many=True, writable=True),
        _own("parentId", "int", "PARENT_ID"),
        _related("parent", "TaskDto", "PARENT_ID"),
        *(
            _still(f"contains{what}", "bool")
            for what in ("Checklist", "SubTasks", "RelatedTasks", "GanttLinks", "Placements", "Results")
        ),
        _still("numberOfReminders", "int"),
        _still("chatId", "int"),
        _related("chat", "ChatDto"),
        _own("plannedDuration", "int", "DURATION_PLAN"),
        _still("actualDuration", "int"),
        _own("durationType", "string", "DURATION_TYPE"),
        _still("started", "DateTime", column="DATE_START", sortable=True),
        _own("estimatedTime", "int", "TIME_ESTIMATE", sortable=True),
        _own("replicate", "bool", "REPLICATE"),
        _still("changed", "DateTime", column="CHANGED_DATE", sortable=True),
        _still("changedById", "int", column="CHANGED_BY", basic=False),
        _related("changedBy", "UserDto", "CHANGED_BY"),
        _still("statusChangedById", "int", column="STATUS_CHANGED_BY", basic=False),
        _related("statusChangedBy", "UserDto", "STATUS_CHANGED_BY"),
        _still("closedById", "int", column="CLOSED_BY", basic=False),
        _related("closedBy", "UserDto", "CLOSED_BY"),
        _still("closed", "DateTime", column="CLOSED_DATE", sortable=True),
        _still("activity", "DateTime", column="ACTIVITY_DATE", sortable=True),
        _still("guid", "string", column="GUID"),
        _own("xmlId", "string", "XML_ID"),
        _still("exchangeId", "string"),
        _still("exchangeModified", "string"),
        _still("outlookVersion", "int"),
        _own("mark", "string", "MARK", sortable=True),
        _own("allowsChangeDeadline", "bool", "ALLOW_CHANGE_DEADLINE", sortable=True),
        _own("allowsTimeTracking", "bool", "ALLOW_TIME_TRACKING", sortable=True),
        _own("matchesWorkTime", "bool", "MATCH_WORK_TIME"),
        _own("addInReport", "bool", "ADD_IN_REPORT"),
        _own("isMultitask", "bool", "MULTITASK"),
        _still("siteId", "string"),
        _still("deadlineCount", "int"),
        _still("declineReason", "string"),
        _still("forumTopicId", "int"),
        _still("link", "string"),
        _still("rights", "array"),
        _still("archiveLink", "string"),
        _own("crmItemIds", "array", "UF_CRM_TASK"),
        _still("requireResult", "bool"),
        _still("matchesSubTasksTime", "bool"),
        _still("autocompleteSubTasks", "bool"),
        _still("allowsChangeDatePlan", "bool"),
        _still("maxDeadlineChangeDate", "DateTime"),
        _still("maxDeadlineChanges", "int"),
        _still("requireDeadlineChangeReason", "bool"),
        *(_still(each, "array") for each in ("inFavorite", "inPin", "inGroupPin", "inMute")),
        _related("source", "SourceDto"),
        _still("dependsOn", "array"),
        _still("scenarios", "array"),
    ),
)
USER = Dto(
    "UserDto",
    (
        _still("id", "int"),
        *(_still(each, "string") for each in ("name", "role", "gender", "email", "externalAuthId")),
        _still("image", "object"),
        _still("rights", "array"),
    ),
)
ELSEWHERE = {  # objects this portal has none of: their fields can be asked for and are null
    "GroupDto": ("id", "name", "image", "type", "isVisible"),
    "StageDto": ("id", "title", "color"),
    "FlowDto": ("id", "name"),
    "ChatDto": ("id", "entityId", "entityType"),
    "SourceDto": ("type", "data"),
}
# What no task of this portal ever has otherwise.
STILL: dict[str, Any] = {
    "checklist": [],
    "epicId": None,
    "storyPoints": None,
    "flowId": None,
    "containsChecklist": False,
    "containsRelatedTasks": False,
    "containsGanttLinks": False,
    "containsPlacements": False,
    "containsResults": False,
    "numberOfReminders": 0,
    "chatId": None,
    "actualDuration": 0,
    "exchangeId": None,
    "exchangeModified": None,
    "outlookVersion": 1,
    "siteId": "s1",
    "deadlineCount": None,
    "declineReason": None,
    "forumTopicId": None,
    "requireResult": False,
    "matchesSubTasksTime": False,
    "autocompleteSubTasks": False,
    "allowsChangeDatePlan": False,
    "maxDeadlineChangeDate": None,
    "maxDeadlineChanges": None,
    "requireDeadlineChangeReason": False,
    "inFavorite": [],
    "inPin": [],
    "inGroupPin": [],
    "inMute": [],
    "dependsOn": [],
    "scenarios": ["default"],
}
# Rights of REST 3.0 by the action of version 2 they follow.
RIGHTS = {
    "edit": "EDIT",
    "remove": "REMOVE",
    "complete": "COMPLETE",
    "approve": "APPROVE",
    "disapprove": "DISAPPROVE",
    "start": "START",
    "pause": "PAUSE",
    "delegate": "DELEGATE",
    "defer": "DEFER",
    "renew": "RENEW",
    "deadline": "CHANGE_DEADLINE",
    "datePlan": "EDIT.PLAN",
    "changeResponsible": "EDIT",
    "changeAccomplices": "EDIT",
    "addAuditors": "EDIT",
    "mark": "RATE",
    "elapsedTime": "ELAPSEDTIME.ADD",
    "favorite": "FAVORITE.ADD",
    "checklistAdd": "CHECKLIST.ADD",
    "createSubtask": "CREATE",
    "attachFile": "EDIT",
    "detachFile": "EDIT",
}


def coded(name: str, value: Any) -> Any:
    """A value of a property as the table keeps it.

    Raises:
        RestError: a word the field does not know.
    """
    words: dict[str, dict[Any, str]] = {"status": STATUSES, "priority": PRIORITIES, "mark": MARKS}
    if name in words and value is not None:
        codes: dict[str, Any] = {word: code for code, word in words[name].items()}
        if name == "mark":
            codes |= {"none": None, "P": "P", "N": "N"}
        if value not in codes:
            raise invalid_request((name, f"Field `{name}` has an unknown value"))
        return codes[value]
    if name in ("accomplices", "auditors", "fileIds"):
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in value or ()):
            raise invalid_request((name, f"Field `{name}` requires data type `array` for this request"))
        return json.dumps(value or [])
    if name == "crmItemIds":
        return json.dumps([str(each) for each in value or ()])
    return value
