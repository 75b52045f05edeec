"""`telephony.externalCall.*` and `telephony.call.attachTranscription`: calls of an outside exchange.

Source: api-reference/telephony/telephony-{external-call-*,call-attach-transcription}.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from ..call import Call
from ..registry import method
from ..subjects.calls import FINISHED_TWICE, LINE_CREATES, OUTGOING, Calls, Client, Outcome, plain_number
from ..subjects.files import decoded, tone
from ..subjects.links import signed
from ..wire import php
from ..wire.errors import RestError
from ..wire.values import BadValueError

_DOCS = "api-reference/telephony/telephony-"
_ENDINGS = (".wav", ".mp3")


def wrong(words: str) -> RestError:
    """Telephony's one code for everything a client got wrong."""
    return RestError("ERROR_CORE", words)


def _number(value: Any, default: int = 0) -> int:
    try:
        number = int(float(value))
    except (TypeError, ValueError, OverflowError):
        return default
    return number if abs(number) < 2**53 else default


def _money(value: Any) -> float:
    try:
        amount = float(value)
    except (TypeError, ValueError):
        return 0.0
    return amount if abs(amount) < 1e15 else 0.0


def _yes(value: Any) -> bool:
    return str(value).strip().upper() in ("1", "Y", "TRUE")


@method(
    "telephony.externalCall.register",
    scope="telephony",
    docs=_DOCS + "external-call-register.md",
    app_only=True,
    not_emulated="the message in the employee's chat (ADD_TO_CHAT)",
)
def register(call: Call) -> Any:
    """Note a call that has begun; the same call within half an hour gets the first one's answer."""
    calls = Calls(call.portal)
    user_id = calls.user(call.get("USER_ID"), call.get("USER_PHONE_INNER"))
    type_ = _number(call.get("TYPE"))
    if type_ not in (1, 2, 3, 4, 5):
        raise wrong("Unknown TYPE")
    number = plain_number(str(call.get("PHONE_NUMBER") or ""))
    if not number:
        raise wrong("Unsupported phone number format.")
    key = {
        "APP_ID": call.caller.app["ID"] if call.caller.app else 0,
        "PHONE_NUMBER": number,
        "TYPE": type_,
        "USER_ID": user_id,
        "LINE_NUMBER": str(call.get("LINE_NUMBER") or ""),
        "EXTERNAL_CALL_ID": str(call.get("EXTERNAL_CALL_ID") or "") or None,
    }
    start = _start(call)
    known = calls.earlier(key)
    if known:
        return _registered(known)
    client, created, failed = _client(call, calls, key)
    show = call.get("SHOW", 1)
    row = calls.register(
        {
            **key,
            "CALL_START_DATE": start,
            "CRM_ENTITY_TYPE": client.kind.name if client else None,
            "CRM_ENTITY_ID": client.target[1] if client else None,
            "CREATED_ENTITIES": json.dumps(created),
            "CALL_LIST_ID": _number(call.get("CALL_LIST_ID")) or None,
            "SHOWN": json.dumps([user_id] if _yes(show) else []),
        }
    )
    answer = _registered(row)
    return {**answer, "LEAD_CREATION_ERROR": failed} if failed else answer


def _start(call: Call) -> int:
    given = call.get("CALL_START_DATE")
    if given in (None, ""):
        return int(call.now)
    try:
        text = str(given)
        if len(text) < 10 or text[4:5] != "-":
            raise BadValueError(text)
        return int(call.portal.zone.unix(text))
    except BadValueError:
        raise wrong("CALL_START_DATE should be in the ISO-8601 format") from None


def _client(call: Call, calls: Calls, key: dict[str, Any]) -> tuple[Client | None, list[dict[str, Any]], str]:
    """The client a call belongs to, what was created for it, and why nothing could be."""
    named = calls.client(str(call.get("CRM_ENTITY_TYPE") or ""), _number(call.get("CRM_ENTITY_ID")))
    found = [named] if named else calls.clients(key["PHONE_NUMBER"])
    if found:
        return found[0], [], ""
    if not _wants_client(call, key):
        return None, [], ""
    source = str(call.get("CRM_SOURCE") or "") or None
    db = call.store.db
    db.execute("SAVEPOINT new_client")
    try:
        created = calls.create_client(
            key["PHONE_NUMBER"],
            key["TYPE"],
            key["USER_ID"],
            source,
            call.portal.system_caller(key["USER_ID"]),
        )
    except RestError as failed:
        db.execute("ROLLBACK TO new_client")
        return None, [], failed.description
    finally:
        db.execute("RELEASE new_client")
    return calls.client(created[0]["ENTITY_TYPE"], created[0]["ENTITY_ID"]), created, ""


def _wants_client(call: Call, key: dict[str, Any]) -> bool:
    if _yes(call.get("CRM_CREATE", 0)):
        return True
    if key["TYPE"] not in OUTGOING or call.portal.switches[LINE_CREATES] == "call_only":
        return False
    line = call.store.first("external_line", APP_ID=key["APP_ID"], NUMBER=key["LINE_NUMBER"])
    return line is not None and line["CRM_AUTO_CREATE"] == "Y"


def _registered(row: dict[str, Any]) -> dict[str, Any]:
    created = json.loads(row["CREATED_ENTITIES"] or "[]")
    lead = next((each["ENTITY_ID"] for each in created if each["ENTITY_TYPE"] == "LEAD"), None)
    return {
        "CALL_ID": row["CALL_ID"],
        "CRM_CREATED_LEAD": lead,
        "CRM_CREATED_ENTITIES": created,
        "CRM_ENTITY_TYPE": row["CRM_ENTITY_TYPE"],
        "CRM_ENTITY_ID": row["CRM_ENTITY_ID"],
    }


@method(
    "telephony.externalCall.finish",
    scope="telephony",
    docs=_DOCS + "external-call-finish.md",
    app_only=True,
    not_emulated="the message in the employee's chat (ADD_TO_CHAT)",
)
def finish(call: Call) -> Any:
    """End a call: its line in the statistics and its activity are written."""
    calls = Calls(call.portal)
    call_id = call.get("CALL_ID")
    if not isinstance(call_id, str):
        raise RestError("INVALID_ARGUMENT", "CALL_ID must be a string")
    user_id = calls.user(call.get("USER_ID"), call.get("USER_PHONE_INNER"))
    row = calls.registered(call_id)
    again = row is not None and row["FINISHED"] == "Y"
    if row is None or (again and call.portal.switches[FINISHED_TWICE] == "not_found"):
        raise wrong("Call is not found (call should be registered prior to finishing)")
    if again:
        return _finished(calls.statistic(call_id) or {})
    duration = max(0, _number(call.get("DURATION")))
    vote = _number(call.get("VOTE"))
    outcome = Outcome(
        user_id,
        duration,
        str(call.get("STATUS_CODE") or "") or ("200" if duration else "304"),
        str(call.get("FAILED_REASON") or ""),
        _money(call.get("COST", 0)),
        str(call.get("COST_CURRENCY") or ""),
        vote if 1 <= vote <= 5 else None,
        str(call.get("RECORD_URL") or "") or None,
    )
    return _finished(calls.finish(row, outcome, call.caller.app))


def _finished(row: dict[str, Any]) -> dict[str, Any]:
    cost = row["COST"] or 0
    return {
        "CALL_ID": row["CALL_ID"],
        "EXTERNAL_CALL_ID": row["EXTERNAL_CALL_ID"],
        "PORTAL_USER_ID": row["PORTAL_USER_ID"],
        "PHONE_NUMBER": row["PHONE_NUMBER"],
        "PORTAL_NUMBER": row["PORTAL_NUMBER"],
        "INCOMING": str(row["CALL_TYPE"]),
        "CALL_DURATION": row["CALL_DURATION"],
        "CALL_START_DATE": php.EMPTY_OBJECT,  # a PHP object that JSON cannot see into
        "CALL_STATUS": int(row["CALL_FAILED_CODE"] == "200"),
        "CALL_VOTE": row["CALL_VOTE"],
        "COST": int(cost) if cost == int(cost) else cost,
        "COST_CURRENCY": row["COST_CURRENCY"],
        "CALL_FAILED_CODE": row["CALL_FAILED_CODE"],
        "CALL_FAILED_REASON": row["CALL_FAILED_REASON"],
        "REST_APP_ID": str(row["REST_APP_ID"]) if row["REST_APP_ID"] else None,
        "REST_APP_NAME": row["REST_APP_NAME"],
        "CRM_ACTIVITY_ID": row["CRM_ACTIVITY_ID"],
        "COMMENT": row["COMMENT"],
        "CRM_ENTITY_TYPE": row["CRM_ENTITY_TYPE"],
        "CRM_ENTITY_ID": row["CRM_ENTITY_ID"],
        "ID": row["ID"],
    }


@method(
    "telephony.externalCall.attachRecord",
    scope="telephony",
    docs=_DOCS + "external-call-attach-record.md",
    not_emulated="RECORD_URL is not fetched: a recording made here stands in for it",
)
def attach_record(call: Call) -> Any:
    """Put a recording with a finished call: sent along, taken from an address, or to be uploaded."""
    calls = Calls(call.portal)
    address, name, content = call.get("RECORD_URL"), call.get("FILENAME"), call.get("FILE_CONTENT")
    if not address and name is None:
        raise wrong(
            "Required parameters are not set. Request should contain either URL or FILENAME parameter"
        )
    statistic = calls.statistic(str(call.get("CALL_ID") or ""))
    if statistic is None:
        raise wrong("Call is not found in the statistic table. It looks like it is not finished yet.")
    if address:
        name = name or unquote(urlsplit(str(address)).path).rsplit("/", 1)[-1]
    name = str(name or "").strip()
    if not name:
        raise wrong("File name is empty")
    if not name.lower().endswith(_ENDINGS):
        raise wrong("Wrong file extension. Only wav and mp3 are allowed")
    if address:
        body: bytes | None = tone(float(statistic["CALL_DURATION"] or 1), statistic["ID"])
    elif content is None:
        facts = {"do": "record", "call_id": statistic["CALL_ID"], "name": name}
        query = signed(call.portal, "telephony", facts, call.caller)
        return {"uploadUrl": f"{call.portal.base_url}/rest/upload.json?{query}", "fieldName": "file"}
    else:
        if content == "":
            raise wrong("File content is empty.")
        body = decoded(content)
    if not body:
        raise wrong("File content is not properly encoded. Base64 encoding is expected.")
    return {"FILE_ID": calls.attach(statistic, name, body, by=call.user_id)}


@method(
    "telephony.externalCall.searchCrmEntities",
    scope="telephony",
    docs=_DOCS + "external-call-search-crm-entities.md",
    not_emulated="working time: everybody's day is over (CLOSED)",
)
def search_crm_entities(call: Call) -> Any:
    """Who has that number, and who answers for them."""
    number = str(call.get("PHONE_NUMBER") or "").strip()
    if not number:
        raise wrong("PHONE_NUMBER is empty")
    found = []
    for client in Calls(call.portal).clients(number):
        assigned = int(client.row["ASSIGNED_BY_ID"] or 0)
        user = call.store.get("user", assigned) or {}
        phones = ("WORK_PHONE", "PERSONAL_PHONE", "PERSONAL_MOBILE")
        found.append(
            {
                "CRM_ENTITY_TYPE": client.kind.name,
                "CRM_ENTITY_ID": client.target[1],
                "ASSIGNED_BY_ID": assigned,
                "NAME": client.name,
                "ASSIGNED_BY": {
                    "ID": str(assigned),
                    "TIMEMAN_STATUS": "CLOSED",
                    "USER_PHONE_INNER": user.get("UF_PHONE_INNER"),
                    **{name: user.get(name) for name in phones},
                },
            }
        )
    return found


@method("telephony.externalCall.show", scope="telephony", docs=_DOCS + "external-call-show.md")
def show(call: Call) -> Any:
    """Show the call's card to people; false for an unknown call."""
    return _card(call, lambda shown, users: shown | users)


@method("telephony.externalCall.hide", scope="telephony", docs=_DOCS + "external-call-hide.md")
def hide(call: Call) -> Any:
    """Hide the call's card from people; false for an unknown call."""
    return _card(call, lambda shown, users: shown - users)


def _card(call: Call, change: Any) -> bool:
    row = Calls(call.portal).registered(str(call.get("CALL_ID") or ""))
    if row is None:
        return False
    given = php.values(call.get("USER_ID"))
    users = {php.whole(each) for each in given} - {0} or {row["USER_ID"]}
    shown = change(set(json.loads(row["SHOWN"] or "[]")), users)
    call.store.update("registered_call", row["ID"], {"SHOWN": json.dumps(sorted(shown))})
    return True


@method("telephony.call.attachTranscription", scope="telephony", docs=_DOCS + "call-attach-transcription.md")
def attach_transcription(call: Call) -> Any:
    """Put the words of a finished call with its statistics."""
    call_id = str(call.get("CALL_ID") or "")
    if not call_id:
        raise wrong("CALL_ID should be set")
    messages = call.get("MESSAGES")
    if not isinstance(messages, list | dict):
        raise wrong("MESSAGES should be an array")
    lines = []
    for index, (_, message) in enumerate(php.items(messages)):
        line = message if isinstance(message, dict) else {}
        if line.get("SIDE") not in ("User", "Client"):
            raise wrong(f"MESSAGES[{index}][SIDE] should be either Client or User")
        if _number(line.get("START_TIME"), -1) < 0:
            raise wrong(f"MESSAGES[{index}][START_TIME] should be greater or equal to zero")
        if _number(line.get("STOP_TIME"), 0) <= 0:
            raise wrong(f"MESSAGES[{index}][STOP_TIME] should be greater than zero")
        if not str(line.get("MESSAGE") or "").strip():
            raise wrong(f"MESSAGES[{index}][MESSAGE] is empty")
        lines.append({name: line[name] for name in ("SIDE", "START_TIME", "STOP_TIME", "MESSAGE")})
    statistic = Calls(call.portal).statistic(call_id)
    if statistic is None:
        raise wrong(f"Call {call_id} is not found. Is it finished?")
    cost = call.get("COST")
    id_ = call.store.insert(
        "call_transcript",
        {
            "CALL_ID": call_id,
            "MESSAGES": json.dumps(lines, ensure_ascii=False),
            "COST": None if cost is None else _money(cost),
            "COST_CURRENCY": None if cost is None else str(call.get("COST_CURRENCY") or ""),
        },
    )
    call.store.update("call_statistic", statistic["ID"], {"TRANSCRIPT_ID": id_, "TRANSCRIPT_PENDING": "N"})
    return {"TRANSCRIPT_ID": id_}
