"""`crm.activity.*`, the reading half: calls, meetings, e-mails and to-dos of records.

Source: api-reference/crm/timeline/activities/activity-base/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.activities import Activities
from ..subjects.links import signed
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError, not_found

_DOCS = "api-reference/crm/timeline/activities/activity-base/crm-activity-"

# name -> type, flags: r read-only, i immutable, * required, m multiple
_FIELDS = """
ID integer r
OWNER_ID integer i
OWNER_TYPE_ID crm_enum_ownertype i
TYPE_ID crm_enum_activitytype *i
PROVIDER_ID string
PROVIDER_TYPE_ID string
PROVIDER_GROUP_ID string
ASSOCIATED_ENTITY_ID integer r
SUBJECT string *
START_TIME datetime
END_TIME datetime
DEADLINE datetime
COMPLETED char
STATUS crm_enum_activitystatus
RESPONSIBLE_ID user *
PRIORITY crm_enum_activitypriority
NOTIFY_TYPE crm_enum_activitynotifytype
NOTIFY_VALUE integer
DESCRIPTION string
DESCRIPTION_TYPE crm_enum_contenttype
DIRECTION crm_enum_activitydirection
LOCATION string
CREATED datetime r
AUTHOR_ID user r
LAST_UPDATED datetime r
EDITOR_ID user r
SETTINGS object
ORIGIN_ID string
ORIGINATOR_ID string
RESULT_STATUS integer
RESULT_STREAM integer
RESULT_SOURCE_ID string
PROVIDER_PARAMS object
PROVIDER_DATA string
RESULT_MARK integer
RESULT_VALUE double
RESULT_SUM double
RESULT_CURRENCY_ID string
AUTOCOMPLETE_RULE integer
BINDINGS crm_activity_binding rm
COMMUNICATIONS crm_activity_communication *m
FILES diskfile m
WEBDAV_ELEMENTS diskfile md
IS_INCOMING_CHANNEL char r
"""
# In the order an answer shows them. The two at the end are there only when they are named.
_SHOWN = tuple(name for name in TABLES["activity"].fields if name != "FILES")
_NAMED_ONLY = ("ORIGIN_VERSION", "IS_INCOMING_CHANNEL")
_ZERO = (
    "ASSOCIATED_ENTITY_ID",
    "DIRECTION",
    "NOTIFY_TYPE",
    "NOTIFY_VALUE",
    "RESULT_MARK",
    "RESULT_STATUS",
    "RESULT_STREAM",
    "AUTOCOMPLETE_RULE",
)
_EMPTY = ("DESCRIPTION", "LOCATION")
_ARRAYS = ("SETTINGS", "PROVIDER_PARAMS")

ROWS_OR_ACTIVITIES = declare(
    "activity_bindings_total",
    "rows",
    ("rows", "activities"),
    "An activity bound to two listed records is returned twice; whether total counts it twice is not said.",
    "api-reference/crm/timeline/activities/activity-base/crm-activity-list.md",
)
FILES_IN_GET = declare(
    "activity_get_shows_files",
    True,
    (True, False),
    "Lists show files when asked for them; the page of get neither shows nor rules them out.",
    "api-reference/crm/timeline/activities/activity-base/crm-activity-get.md",
)


def failure(words: str) -> RestError:
    """Activities put their words into the description and leave the code empty."""
    return RestError("", words)


def _describe(spec: str) -> dict[str, Any]:
    described = {}
    for line in filter(None, spec.split("\n")):
        name, type_, *rest = line.split()
        flags = "".join(rest)
        described[name] = {
            "type": type_,
            "isRequired": "*" in flags,
            "isReadOnly": "r" in flags,
            "isImmutable": "i" in flags,
            "isMultiple": "m" in flags,
            "isDynamic": False,
            **({"isDeprecated": True} if "d" in flags else {}),
            "title": name,
        }
    return described


@method(
    "crm.activity.fields",
    scope="crm",
    docs=_DOCS + "fields.md",
    not_emulated="titles are field codes, not translated words",
)
def fields(_call: Call) -> Any:
    """Describe the fields of an activity."""
    return _describe(_FIELDS)


@method("crm.activity.communication.fields", scope="crm", docs=_DOCS + "communication-fields.md")
def communication_fields(_call: Call) -> Any:
    """Describe the fields of a communication."""
    return _describe(
        "ID integer r\nACTIVITY_ID integer r\nENTITY_ID integer\nENTITY_TYPE_ID integer\n"
        "TYPE string\nVALUE string"
    )


# -- reading -------------------------------------------------------------------------------------


def wanted_activity(call: Call, *, write: bool = False) -> dict[str, Any]:
    """The activity named by `id`.

    Raises:
        RestError: empty code; it is not there, or the caller may not.
    """
    id_ = php.whole(call.get("id"))
    if not id_:
        raise failure("ID is not defined or invalid.")
    activities = Activities(call.portal)
    row = activities.get(id_)
    if row is None:
        raise failure("Activity is not found")
    allowed = activities.may_write(call.caller, row) if write else activities.may_read(call.caller, id_)
    if not allowed:
        raise failure("Access denied.")
    return row


@method("crm.activity.get", scope="crm", docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One activity."""
    row = wanted_activity(call)
    shown = _shown(call, row, _default_columns())
    files = _files(call, row)
    if files and call.portal.switches[FILES_IN_GET]:
        shown["FILES"] = files
    return shown


def _default_columns() -> list[str]:
    return [name for name in _SHOWN if name not in _NAMED_ONLY]


def _shown(call: Call, row: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """Scalars as texts; numbers nobody set are "0", maps nobody set are empty arrays."""
    shown: dict[str, Any] = {}
    for name in columns:
        value, storage = row[name], TABLES["activity"].fields[name].storage
        if name in _ARRAYS:
            shown[name] = json.loads(value) if value else []
        elif storage == "time":
            shown[name] = "" if value is None else call.portal.zone.moment(value)
        elif value is None:
            shown[name] = "0" if name in _ZERO else "" if name in _EMPTY else None
        else:
            shown[name] = str(value)
    return shown


def _files(call: Call, row: dict[str, Any]) -> list[dict[str, Any]]:
    base = f"{call.portal.base_url}/bitrix/tools/crm_show_file.php"
    shown = []
    for file in json.loads(row["FILES"] or "[]"):
        facts = {"fileId": file, "ownerTypeId": 6, "ownerId": row["ID"]}
        named = "&".join(f"{name}={value}" for name, value in facts.items())
        query = signed(call.portal, "activity", facts, call.caller)
        shown.append({"id": file, "url": f"{base}?{named}&{query}"})
    return shown


@method("crm.activity.list", scope="crm", docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """A page of activities; `filter[BINDINGS]` finds them by any record they are bound to."""
    given = call.get("filter")
    for name in ("filter", "order"):
        if call.get(name) not in (None, "") and not isinstance(call.get(name), dict | list):
            raise failure(f"Parameter '{name}' must be array.")
    filter_ = {key: value for key, value in php.items(given) if key.lstrip("=") != "BINDINGS"}
    pairs = [value for key, value in php.items(given) if key.lstrip("=") == "BINDINGS"]
    bound, bound_args = _bound(pairs[0]) if pairs else ("", [])
    # One row a binding: who is bound to two of the pairs is found twice, as the page warns.
    join = f"JOIN (SELECT ACTIVITY_ID AS BOUND_ID {bound}) ON BOUND_ID = ID" if pairs else ""
    where, args = _readable(call)
    rows, total, start = list_rows(
        call,
        "activity",
        filter_=filter_,
        order=call.get("order"),
        where=where,
        args=args,
        join=join,
        join_args=bound_args,
        default="START_TIME ASC, ID ASC",
    )
    if pairs and total and call.portal.switches[ROWS_OR_ACTIVITIES] == "activities":
        where, args = f"{where} AND ID IN (SELECT ACTIVITY_ID {bound})", [*args, *bound_args]
        _, total, _ = list_rows(call, "activity", filter_=filter_, where=where, args=args, page=0)
    items = _selected(call, rows)
    return Page.of(items, len(items), total, start)


def _bound(pairs: Any) -> tuple[str, list[Any]]:
    """What follows SELECT to find the bindings that match any of the pairs."""
    conditions, args = [], []
    given = (
        [pairs] if isinstance(pairs, dict) and not any(key.isdigit() for key in pairs) else php.values(pairs)
    )
    for pair in given:
        if not isinstance(pair, dict):
            continue
        parts = []
        for key, column in (("OWNER_TYPE_ID", "ENTITY_TYPE_ID"), ("OWNER_ID", "ENTITY_ID")):
            if key in pair:
                wanted = [php.whole(each) for each in php.values(pair[key])]
                parts.append(f"{column} IN ({', '.join('?' for _ in wanted) or 'NULL'})")
                args += wanted
        if parts:
            conditions.append(f"({' AND '.join(parts)})")
    return f"FROM activity_binding WHERE {' OR '.join(conditions) or '0'}", args


def _readable(call: Call) -> tuple[str, list[Any]]:
    """An activity is seen by whoever may read one of the records it is bound to."""
    records = call.portal.records
    clause, _ = records.rights_clause(call.caller, "READ")
    if clause == "1":
        return "1", []
    parts, args = [], []
    for kind in call.portal.schema.kinds():
        rights, more = records.rights_clause(call.caller, "READ")
        parts.append(
            f"(hung.ENTITY_TYPE_ID = {kind.entity_type_id} AND EXISTS (SELECT 1 FROM {kind.table}"
            f" WHERE {kind.table}.ID = hung.ENTITY_ID AND {rights}))"
        )
        args += more
    bound = "SELECT 1 FROM activity_binding AS hung WHERE hung.ACTIVITY_ID = activity.ID"
    return f"EXISTS ({bound} AND ({' OR '.join(parts)}))", args


def _selected(call: Call, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    wanted = [str(each) for each in php.values(call.get("select"))] or ["*"]
    columns: list[str] = _default_columns() if "*" in wanted else []
    columns += [name for name in wanted if name in _SHOWN and name not in columns]
    if "ID" not in columns:
        columns.insert(0, "ID")
    communications: dict[int, list[dict[str, Any]]] = {}
    if "COMMUNICATIONS" in wanted:
        communications = Activities(call.portal).communications([row["ID"] for row in rows])
    items = []
    for row in rows:
        shown = _shown(call, row, columns)
        if "COMMUNICATIONS" in wanted:
            shown["COMMUNICATIONS"] = [
                _communication(call, each) for each in communications.get(row["ID"], [])
            ]
        if "FILES" in wanted:
            shown["FILES"] = _files(call, row)
        items.append(shown)
    return items


def _communication(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    found = Activities(call.portal).record((row["ENTITY_TYPE_ID"], row["ENTITY_ID"]))
    settings: dict[str, Any] = {}
    if found and found[0].entity_type_id in (1, 3):
        names = ("HONORIFIC", "NAME", "SECOND_NAME", "LAST_NAME")
        settings = {name: str(found[1].get(name) or "") for name in names}
        company = Activities(call.portal).record((4, int(found[1].get("COMPANY_ID") or 0)))
        if company:
            settings |= {"COMPANY_TITLE": company[1]["TITLE"], "COMPANY_ID": str(company[1]["ID"])}
    elif found:
        settings = {"COMPANY_TITLE": found[1].get("TITLE") or ""}
    return {
        "ID": str(row["ID"]),
        "TYPE": row["TYPE"] or "",
        "VALUE": row["VALUE"],
        "ENTITY_ID": str(row["ENTITY_ID"]),
        "ENTITY_TYPE_ID": str(row["ENTITY_TYPE_ID"]),
        "ENTITY_SETTINGS": settings,
    }


@method("crm.activity.call.getTranscript", scope="crm", docs=_DOCS + "call-get-transcript.md")
def get_transcript(call: Call) -> Any:
    """What speech recognition made of a call, or null; recognition is never started."""
    id_ = call.int_arg("activityId")
    activities = Activities(call.portal)
    if activities.get(id_) is None or not activities.bindings(id_):
        raise not_found()
    if not activities.may_read(call.caller, id_) or not call.portal.plan_allows("call_recognition"):
        raise RestError("ACCESS_DENIED", "Access denied", 403)
    text = call.store.value(
        "SELECT TEXT FROM activity_transcript WHERE ACTIVITY_ID = ? ORDER BY ID DESC", [id_]
    )
    return {"transcription": text} if text else None
