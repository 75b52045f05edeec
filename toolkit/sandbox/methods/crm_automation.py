"""`crm.automation.trigger*`: events from outside that move a record to another stage.

Which trigger stands before which stage is set up in `automation_trigger`, as a person does in the interface.

Source: api-reference/crm/automation/crm-automation-trigger.md, api-reference/crm/automation/triggers/*.md,
read 2026-11-22.
"""

from __future__ import annotations

import re
from typing import Any

from ..call import Call
from ..registry import method
from ..state.fields import Kind
from ..state.records import Draft
from ..state.store import Column, declare_table
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/crm/automation/triggers/crm-automation-trigger-"

declare_table(
    "automation_trigger",
    "ENTITY_TYPE_ID int",
    "STAGE_ID",
    Column("CODE", "text", ""),
    Column("APP_ID", "int", 0),
    Column("BACKWARDS", "flag", "N"),
    indexes=[("ENTITY_TYPE_ID", "CODE")],
)
declare_table("app_trigger", "APP_ID int", "CODE", "NAME", indexes=[("APP_ID", "CODE")])


@method(
    "crm.automation.trigger",
    scope="crm",
    docs="api-reference/crm/automation/crm-automation-trigger.md",
    not_emulated="conditions of triggers",
)
def trigger(call: Call) -> bool:
    """An incoming webhook of automation: the record moves if a trigger of that code waits for it."""
    _require_crm(call)
    target = str(call.get("target") or "")
    if not target:
        raise RestError("", "Target is not set.")
    match = re.fullmatch(r"([A-Za-z_]+(?:_\d+)?)_(\d+)", target)
    if match is None:
        raise RestError("", "Incorrect target format.")
    kind = call.portal.schema.by_name(match.group(1))
    row = call.portal.records.get(kind, php.whole(match.group(2))) if kind else None
    if kind is None or row is None:
        raise RestError("", "Target is not found.")
    if not call.portal.records.may(call.caller, "WRITE", row):
        raise RestError("ACCESS_DENIED", "Access denied! There are no permissions to update the entity.")
    _fire(call, kind, row, str(call.get("code") or ""), app=0)
    return True


def _fire(call: Call, kind: Kind, row: dict[str, Any], code: str, *, app: int) -> None:
    """Move the record by the trigger that leads to the earliest stage; back only where that is allowed."""
    order = {
        stage["STATUS_ID"]: index
        for index, stage in enumerate(call.portal.stages(kind, int(row.get("CATEGORY_ID") or 0)))
    }
    current = order.get(row.get("STAGE_ID"), -1)
    waiting = [
        each["STAGE_ID"]
        for each in call.store.find(
            "automation_trigger", ENTITY_TYPE_ID=kind.entity_type_id, CODE=code, APP_ID=app
        )
        if each["STAGE_ID"] in order
        and order[each["STAGE_ID"]] != current
        and (order[each["STAGE_ID"]] > current or each["BACKWARDS"] == "Y")
    ]
    if waiting:
        stage = min(waiting, key=order.__getitem__)
        by = call.portal.system_caller(call.user_id)
        call.portal.records.update(kind, row["ID"], Draft({"STAGE_ID": stage}), by)


# -- triggers of applications ------------------------------------------------------------------------


@method("crm.automation.trigger.add", scope="crm", docs=_DOCS + "add.md")
def add(call: Call) -> bool:
    """Register a trigger of the application, or rename the one of that code."""
    app = _app(call)
    code, name = _code(call), str(call.get("NAME") or "").strip()
    if not name:
        raise RestError("", "Empty trigger name!")
    known = call.store.first("app_trigger", APP_ID=app, CODE=code)
    if known:
        call.store.update("app_trigger", known["ID"], {"NAME": name})
    else:
        call.store.insert("app_trigger", {"APP_ID": app, "CODE": code, "NAME": name})
    return True


@method("crm.automation.trigger.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Any:
    """Triggers of the application."""
    rows = call.store.find("app_trigger", APP_ID=_app(call))
    return [{"NAME": row["NAME"], "CODE": row["CODE"]} for row in rows]


@method("crm.automation.trigger.delete", scope="crm", docs=_DOCS + "delete.md")
def delete(call: Call) -> bool:
    """Forget a trigger of the application."""
    app, code = _app(call), _code(call)
    row = call.store.first("app_trigger", APP_ID=app, CODE=code)
    if row is None:
        raise RestError("", "Trigger not found")
    return call.store.delete("app_trigger", row["ID"])


@method("crm.automation.trigger.execute", scope="crm", docs=_DOCS + "execute.md")
def execute(call: Call) -> bool:
    """Send the event of a registered trigger; whether the record moved is not said."""
    app, code = _app(call), _code(call)
    if call.store.first("app_trigger", APP_ID=app, CODE=code) is None:
        raise RestError("", f"Trigger with code {code} is not registered.")
    owner_id = php.whole(call.get("OWNER_ID"))
    kind = call.portal.schema.kind(php.whole(call.get("OWNER_TYPE_ID")))
    if kind is None or not kind.stage_field:
        raise RestError("", "Incorrect parameter OWNER_TYPE_ID.")
    if not owner_id:
        raise RestError("", "Incorrect parameter OWNER_ID.")
    row = call.portal.records.get(kind, owner_id)
    if row is not None:
        _fire(call, kind, row, code, app=app)
    return True


def _require_crm(call: Call) -> None:
    if not call.caller.is_admin and not call.caller.user.get("CRM_READ"):
        raise RestError("", "Access denied.")


def _app(call: Call) -> int:
    # Webhooks are refused in these methods' own words, not with WRONG_AUTH_TYPE.
    _require_crm(call)
    if not call.caller.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied! Admin permissions required")
    if call.caller.app is None:
        raise RestError("ACCESS_DENIED", "Access denied! Application context required")
    return int(call.caller.app["ID"])


def _code(call: Call) -> str:
    code = str(call.get("CODE") or "")
    if not code:
        raise RestError("", "Empty trigger code!")
    if not re.fullmatch(r"[a-z0-9.\-_]+", code):
        raise RestError("", "Wrong trigger code!")
    return code
