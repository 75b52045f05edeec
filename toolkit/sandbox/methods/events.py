"""`events` and `event.*`: handlers of an application, and its offline queue.

Source: api-reference/events/{events,event-bind,event-unbind,event-get,test-handler}.md,
event-offline-{get,list,clear,error}.md, read 2026-11-22.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.filters import compile_filter, compile_order
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.event_names import EVENTS, dynamic_names, scope_of
from ..subjects.events import RESERVED_S
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/events/"
_UNRAISED = "events of families not built are listed but never occur"
GET_MAX = 50

GET_ERRORS = declare(
    "offline_get_errors",
    "also",
    ("also", "only"),
    "error=1 returns erroneous records; whether beside the others or instead of them is not said.",
    _DOCS + "event-offline-get.md",
)
UNBIND_WITHOUT_EVENT = declare(
    "unbind_without_event",
    "all",
    ("all", "error"),
    "The table marks event and handler as required, the sentence below it says that without them all go.",
    _DOCS + "event-unbind.md",
)

_QUEUE = {
    name: TABLES["event_offline"].fields[name]
    for name in ("ID", "TIMESTAMP_X", "EVENT_NAME", "MESSAGE_ID", "PROCESS_ID", "ERROR")
}
_TAKEN = {name: each for name, each in _QUEUE.items() if name not in ("PROCESS_ID", "ERROR")}


@method("events", docs=_DOCS + "events.md", app_only=True, not_emulated=_UNRAISED)
def events(call: Call) -> Any:
    """Names of the events of the application's scopes, of one SCOPE, or (FULL) all."""
    wanted = call.get("SCOPE")
    if isinstance(wanted, str) and wanted:
        scopes = [wanted] if wanted in EVENTS else []
    elif _yes(call.get("FULL")):
        scopes = list(EVENTS)
    else:
        scopes = ["", *(each for each in EVENTS if each and each in call.caller.scopes)]
    return [name for each in scopes for name in _names(call, each)]


def _names(call: Call, scope: str) -> list[str]:
    names = list(EVENTS[scope])
    if scope == "crm":
        types = call.store.rows("SELECT ENTITY_TYPE_ID FROM dynamic_type ORDER BY ENTITY_TYPE_ID")
        names += dynamic_names(row["ENTITY_TYPE_ID"] for row in types)
    return names


@method(
    "event.bind",
    docs=_DOCS + "event-bind.md",
    app_only=True,
    not_emulated=f"{_UNRAISED}; only handlers on this machine are called; slow ones are not throttled",
)
def event_bind(call: Call) -> Any:
    """Ask to hear of an event: online, with the address to call, or offline, to be fetched."""
    event = _text(call, "event").upper()
    if not event:
        raise _argument("EVENT")
    if scope_of(event) is None or event not in _names(call, _bound_scope(call, event)):
        raise RestError("ERROR_EVENT_NOT_FOUND", "Event not found")
    offline = _text(call, "event_type").lower() == "offline"
    if offline and not call.caller.is_admin:
        raise _denied("Offline events binding requires administrator access rights")
    user_id = _auth_type(call, "binding")
    handler = "" if offline else _text(call, "handler")
    if not offline and not handler:
        raise _argument("HANDLER")
    if not offline and not handler.lower().startswith(("http://", "https://")):
        raise RestError("ERROR_CORE", "Unable to set event handler: Unsupported event handler protocol")
    connector = _text(call, "auth_connector") if offline else ""
    if connector and not call.portal.plan_allows("rest_auth_connector"):
        raise _denied("auth_connector is not available on your plan")
    row = {
        "APP_ID": _app_id(call),
        "EVENT": event,
        "HANDLER": handler,
        "AUTH_TYPE": user_id or 0,
        "OFFLINE": int(offline),
        "CONNECTOR": connector,
    }
    if call.store.first("event_handler", **row):
        raise RestError("ERROR_CORE", "Unable to set event handler: Handler already binded")
    options = call.get("options")
    kept = {"minTimeout": _pause_s(options.get("minTimeout", 1))} if isinstance(options, dict) else {}
    call.store.insert("event_handler", {**row, "OPTIONS": json.dumps(kept)})
    call.portal.events.handlers_changed()
    return True


def _bound_scope(call: Call, event: str) -> str:
    """The scope of an event, if the application has it."""
    scope = scope_of(event) or ""
    if scope and scope not in call.caller.scopes:
        raise RestError("ERROR_EVENT_NOT_FOUND", "Event not found")
    return scope


def _auth_type(call: Call, doing: str) -> int | None:
    """Whom a handler acts as; None when the caller did not say and may leave it open."""
    given = call.get("auth_type")
    if call.caller.is_admin:
        return _whole(given) if given is not None else None
    if given not in (None, "") and _whole(given) != call.user_id:
        raise _denied(f"Event {doing} with AUTH_TYPE requires administrator access rights")
    return call.user_id


@method("event.unbind", docs=_DOCS + "event-unbind.md", app_only=True)
def event_unbind(call: Call) -> Any:
    """Take handlers away; says how many."""
    offline = _text(call, "event_type").lower() == "offline"
    if offline and not call.caller.is_admin:
        raise _denied("Offline events unbinding requires administrator access rights")
    event, handler = _text(call, "event").upper(), _text(call, "handler")
    if not event and call.portal.switches[UNBIND_WITHOUT_EVENT] == "error":
        raise _argument("EVENT")
    user_id = _auth_type(call, "unbinding")
    wanted: dict[str, Any] = {"APP_ID": _app_id(call), "OFFLINE": int(offline)}
    if event:
        wanted["EVENT"] = event
    if handler and not offline:
        wanted["HANDLER"] = handler
    if user_id is not None:
        wanted["AUTH_TYPE"] = user_id
    rows = call.store.find("event_handler", **wanted)
    for row in rows:
        call.store.delete("event_handler", row["ID"])
    call.portal.events.handlers_changed()
    return {"count": len(rows)}


@method("event.get", docs=_DOCS + "event-get.md", app_only=True)
def event_get(call: Call) -> Any:
    """Handlers of the application; users who are not administrators see their own."""
    return [
        {
            "event": row["EVENT"],
            "handler": row["HANDLER"],
            "auth_type": str(row["AUTH_TYPE"]),
            "offline": row["OFFLINE"],
        }
        for row in call.store.find("event_handler", APP_ID=_app_id(call))
        if call.caller.is_admin or row["AUTH_TYPE"] == call.user_id
    ]


@method("event.test", docs=_DOCS + "test-handler.md", app_only=True)
def event_test(call: Call) -> Any:
    """Send ONAPPTEST with the given parameters to the application's own handlers."""
    details = {"QUERY": call.params, "LANGUAGE_ID": "ru"}
    call.portal.events.occur("ONAPPTEST", details, call.user_id, _app_id(call))
    return 1


@method("event.offline.get", docs=_DOCS + "event-offline-get.md", app_only=True)
def offline_get(call: Call) -> Any:
    """The first records of the queue: taken away, or (`clear` 0) reserved under a `process_id`."""
    _require_admin(call)
    clear = str(call.get("clear", 1)).strip() not in ("0", "", "false", "N")
    if not clear and not call.portal.plan_allows("rest_offline_extended"):
        raise _denied("Extended offline events handling is not available on your plan")
    process = _text(call, "process_id")
    limit = _whole(call.get("limit", GET_MAX))
    where, args = _queue_of(call)
    condition = compile_filter(
        call.get("filter") or {}, _TAKEN, call.portal.zone, strict=False, on_unknown=_noted(call)
    )
    with_errors = str(call.get("error", 0)).strip() in ("1", "true", "Y")
    errors = (
        ("ERROR = 1" if call.portal.switches[GET_ERRORS] == "only" else "1") if with_errors else "ERROR = 0"
    )
    ordered = compile_order(call.get("order") or {}, _TAKEN, strict=False, default="TIMESTAMP_X ASC, ID ASC")
    rows = call.store.rows(
        f"SELECT * FROM event_offline WHERE {where} AND PROCESS_ID = ? AND {errors} AND {condition.sql}"
        f" ORDER BY {ordered} LIMIT ?",
        [*args, process, *condition.args, limit if limit > 0 else GET_MAX],
    )
    if clear:
        for row in rows:
            call.store.delete("event_offline", row["ID"])
    elif not process:
        process = secrets.token_hex(16)
        for row in rows:
            call.store.update(
                "event_offline", row["ID"], {"PROCESS_ID": process, "RESERVED_AT": int(call.now)}
            )
    return {"process_id": process or None, "events": [_shown(call, dict(row)) for row in rows]}


@method("event.offline.list", docs=_DOCS + "event-offline-list.md", app_only=True)
def offline_list(call: Call) -> Any:
    """The queue as it stands, reserved records included; nothing is changed."""
    _require_admin(call)
    where, args = _queue_of(call)
    rows, total, start = list_rows(
        call,
        "event_offline",
        filter_=call.get("filter"),
        order=call.get("order"),
        fields=_QUEUE,
        where=where,
        args=args,
    )
    shown = [
        {**_shown(call, row), "PROCESS_ID": row["PROCESS_ID"], "ERROR": str(row["ERROR"])} for row in rows
    ]
    return Page.of(shown, len(shown), total, start)


@method("event.offline.clear", docs=_DOCS + "event-offline-clear.md", app_only=True)
def offline_clear(call: Call) -> Any:
    """Confirm a reserved package, whole or by `id` or `message_id`: its records go."""
    for row in _package(call, ("id", "message_id")):
        call.store.delete("event_offline", row["ID"])
    return True


@method("event.offline.error", docs=_DOCS + "event-offline-error.md", app_only=True)
def offline_error(call: Call) -> Any:
    """Keep records of a reserved package, marked as failed."""
    for row in _package(call, ("message_id",)):
        call.store.update("event_offline", row["ID"], {"ERROR": 1})
    return True


def _package(call: Call, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Records of the package the call names, narrowed by the first of `names` it gives."""
    _require_admin(call)
    process = _text(call, "process_id")
    if not process:
        raise _argument("PROCESS_ID")
    rows = call.store.find("event_offline", APP_ID=_app_id(call), PROCESS_ID=process)
    for name in names:
        given = call.get(name)
        if given is not None:
            wanted = {str(each) for each in php.values(given)}
            return [row for row in rows if str(row[name.upper()]) in wanted]
    return rows


def _queue_of(call: Call) -> tuple[str, list[Any]]:
    """The condition of the application's own queue; what lay reserved for too long is dropped first."""
    call.store.db.execute(
        "DELETE FROM event_offline WHERE PROCESS_ID <> '' AND RESERVED_AT < ?", [int(call.now - RESERVED_S)]
    )
    connector = _text(call, "auth_connector") if call.portal.plan_allows("rest_auth_connector") else ""
    return "APP_ID = ? AND CONNECTOR = ?", [_app_id(call), connector]


def _shown(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "ID": str(row["ID"]),
        "TIMESTAMP_X": call.portal.zone.moment(row["TIMESTAMP_X"]),
        "EVENT_NAME": row["EVENT_NAME"],
        "EVENT_DATA": json.loads(row["EVENT_DATA"]) or False,
        "EVENT_ADDITIONAL": False,
        "MESSAGE_ID": row["MESSAGE_ID"],
    }


def _noted(call: Call) -> Any:
    return lambda name: call.portal.note_ignored(call.method.name, name)


def _app_id(call: Call) -> int:
    return int(call.caller.app["ID"]) if call.caller.app else 0


def _text(call: Call, name: str) -> str:
    value = call.get(name)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _whole(value: Any) -> int:
    try:
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return whole if abs(whole) < 2**62 else 0


def _pause_s(value: Any) -> float:
    try:
        pause = float(value)
    except (TypeError, ValueError, OverflowError):
        return 1.0
    return pause if 0 <= pause < 1e9 else 1.0


def _yes(value: Any) -> bool:
    return str(value).strip().lower() in ("1", "true", "y")


def _require_admin(call: Call) -> None:
    if not call.caller.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied!", 403)


def _denied(words: str) -> RestError:
    return RestError("ACCESS_DENIED", f"Access denied! {words}", 403)


def _argument(name: str) -> RestError:
    return RestError("ERROR_ARGUMENT", f"Argument '{name}' is null or empty", 400, {"argument": name})
