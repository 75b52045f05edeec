"""`userfieldconfig.*`: user fields of every object of the CRM, smart processes included.

Source: api-reference/crm/universal/userfieldconfig/userfieldconfig-{list,get,add,update,delete,get-types}.md,
read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.user_fields import (
    LABELS,
    LANGUAGES,
    NAME_MAX,
    TYPES,
    DuplicateOptionError,
    UserFieldDraft,
    add_user_field,
    change_user_field,
    options_of,
    remove_user_field,
)
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/crm/universal/userfieldconfig/userfieldconfig-"
_SCOPE = "userfieldconfig"
_COLUMNS = {
    "id": "ID",
    "entityId": "ENTITY_ID",
    "fieldName": "FIELD_NAME",
    "userTypeId": "USER_TYPE_ID",
    "xmlId": "XML_ID",
    "sort": "SORT",
    "multiple": "MULTIPLE",
    "mandatory": "MANDATORY",
    "showFilter": "SHOW_FILTER",
    "showInList": "SHOW_IN_LIST",
    "editInList": "EDIT_IN_LIST",
    "isSearchable": "IS_SEARCHABLE",
}
_FLAGS = ("multiple", "mandatory", "showFilter", "editInList", "isSearchable")

MISSING_FIELD = declare(
    "userfieldconfig_missing_field",
    "refused",
    ("refused", "null"),
    "Asking for a field that is not there may answer null or an access error; the page says both.",
    "api-reference/crm/universal/userfieldconfig/userfieldconfig-get.md",
)


def _check_module(call: Call) -> None:
    if call.arg("moduleId") != "crm":
        raise RestError("", "No settings for UserFieldAccess")
    if "crm" not in call.caller.scopes:
        raise RestError("", "The current method required more scopes. (crm)")


def _existing(call: Call, refusal: str, *, writing: bool) -> dict[str, Any]:
    row = call.store.get("user_field", call.int_arg("id"))
    allowed = call.caller.is_admin or (not writing and bool(call.caller.user.get("CRM_READ")))
    if row is None or not allowed:
        raise RestError("", refusal)
    return row


@method("userfieldconfig.getTypes", scope=_SCOPE, docs=_DOCS + "get-types.md")
def get_types(call: Call) -> Any:
    """Types a user field can have."""
    _check_module(call)
    return {"types": {name: {"userTypeId": name, "description": title} for name, title in TYPES.items()}}


@method("userfieldconfig.get", scope=_SCOPE, docs=_DOCS + "get.md")
def get(call: Call) -> Any:
    """One user field, whole."""
    _check_module(call)
    refusal = "You do not have permission to view user field settings"
    missing = call.store.get("user_field", call.int_arg("id")) is None
    if missing and call.portal.switches[MISSING_FIELD] == "null":
        return None
    return {"field": _shown(call, _existing(call, refusal, writing=False))}


@method("userfieldconfig.list", scope=_SCOPE, docs=_DOCS + "list.md")
def list_(call: Call) -> Page:
    """A page of user fields; labels only in the language that `select` names."""
    _check_module(call)
    if not call.caller.is_admin and not call.caller.user.get("CRM_READ"):
        raise RestError("", "You do not have permission to view user field settings")
    columns = TABLES["user_field"].fields
    fields = {name: columns[column] for name, column in _COLUMNS.items()}
    fields["showFilter"] = replace(columns["SHOW_FILTER"], type="string")
    rows, total, start = list_rows(
        call,
        "user_field",
        filter_=call.get("filter"),
        order=call.get("order"),
        fields=fields,
        default="SORT, ID",
    )
    select = php.items(call.get("select"))
    language = next((str(value) for key, value in select if key in ("language", "languageId")), "")
    wanted = {str(value) for key, value in select if key.isdigit()}
    shown = []
    for row in rows:
        whole = _shown(call, row, language)
        whole.pop("enum", None)
        shown.append(
            whole
            if not wanted or "*" in wanted
            else {name: each for name, each in whole.items() if name in wanted or name in _labels(language)}
        )
    return Page.of({"fields": shown}, len(shown), total, start)


def _labels(language: str) -> tuple[str, ...]:
    return ("languageId", *LABELS) if language else ()


@method("userfieldconfig.add", scope=_SCOPE, docs=_DOCS + "add.md")
def add(call: Call) -> Any:
    """Add a user field; whether its object exists is not checked."""
    _check_module(call)
    if not call.caller.is_admin:
        raise RestError("", "Access denied")
    given = call.map_arg("field")
    entity_id, name = str(given.get("entityId") or ""), str(given.get("fieldName") or "")
    if not name:
        raise RestError("", "The 'FIELD_NAME' field is not found.")
    if not given.get("userTypeId"):
        raise RestError("", "The 'USER_TYPE_ID' field is not found.")
    if not entity_id or not name.startswith(f"UF_{entity_id}_"):
        raise RestError("", "You cannot create custom fields")
    if len(name) > NAME_MAX or not re.fullmatch(r"[A-Z0-9_]+", name) or str(given["userTypeId"]) not in TYPES:
        raise RestError("", "Fail to create new user field.")
    if call.store.first("user_field", ENTITY_ID=entity_id, FIELD_NAME=name):
        raise RestError("", f"Field {name} for object {entity_id} already exists.")
    draft = _draft(given)
    draft.columns.update(ENTITY_ID=entity_id, FIELD_NAME=name, USER_TYPE_ID=str(given["userTypeId"]))
    try:
        id_ = add_user_field(call.portal, draft)
    except DuplicateOptionError:
        raise RestError("", "Fail to save enumeration field values.") from None
    return {"field": _shown(call, call.store.get("user_field", id_) or {})}


@method("userfieldconfig.update", scope=_SCOPE, docs=_DOCS + "update.md")
def update(call: Call) -> Any:
    """Change a user field; settings and each label are overwritten whole."""
    _check_module(call)
    row = _existing(call, "You cannot change the settings of the user field", writing=True)
    given = call.map_arg("field")
    draft = _draft(given)
    if given.get("userTypeId") != "enumeration":
        draft.options = None  # options are touched only when the type is said again
    try:
        change_user_field(call.portal, row, draft)
    except DuplicateOptionError:
        raise RestError("", "Fail to save enumeration field values.") from None
    return {"field": _shown(call, call.store.get("user_field", row["ID"]) or {})}


@method("userfieldconfig.delete", scope=_SCOPE, docs=_DOCS + "delete.md")
def delete(call: Call) -> None:
    """Remove a user field; success is null."""
    _check_module(call)
    remove_user_field(call.portal, _existing(call, "You cannot delete the user field", writing=True))


def _draft(given: dict[str, Any]) -> UserFieldDraft:
    draft = UserFieldDraft()
    for name in _FLAGS:
        if name in given:
            draft.columns[_COLUMNS[name]] = "Y" if str(given[name]).upper() in ("Y", "1", "TRUE") else "N"
    if php.whole(given.get("sort")):
        draft.columns["SORT"] = php.whole(given["sort"])
    if "xmlId" in given:
        draft.columns["XML_ID"] = str(given["xmlId"] or "") or None
    if "settings" in given:
        draft.settings = dict(php.items(given["settings"]))
    for label in ("editFormLabel", "helpMessage"):  # the other labels are not taken
        if label in given:
            text = given[label]
            draft.labels[label] = dict(text) if isinstance(text, dict) else dict.fromkeys(LANGUAGES, text)
    if "enum" in given:
        draft.options = [
            {_OPTION.get(str(name), str(name)): value for name, value in each.items()}
            for each in php.values(given["enum"])
            if isinstance(each, dict)
        ]
    return draft


_OPTION = {"id": "ID", "value": "VALUE", "def": "DEF", "sort": "SORT", "xmlId": "XML_ID", "del": "DEL"}


def _shown(call: Call, row: dict[str, Any], language: str | None = None) -> dict[str, Any]:
    """A field as the wire has it: every value a string.

    Args:
        language: None for labels in all languages, a language for its labels, "" for none.
    """
    shown: dict[str, Any] = {
        name: str(row[column]) if column in ("ID", "SORT") else row[column]
        for name, column in _COLUMNS.items()
    }
    shown["settings"] = json.loads(row["SETTINGS"] or "{}")
    labels = json.loads(row["LABELS"] or "{}")
    if language is None:
        known = {each for texts in labels.values() for each in texts}
        languages = [*LANGUAGES, *sorted(known - set(LANGUAGES))]
        shown["languageId"] = {each: each for each in languages}
        for label in LABELS:
            texts = labels.get(label) or {}
            shown[label] = {each: texts.get(each) for each in languages}
    elif language:
        shown["languageId"] = {language: language}
        for label in LABELS:
            text = (labels.get(label) or {}).get(language)
            shown[label] = None if text is None else {language: text}
    if row["USER_TYPE_ID"] == "enumeration":
        shown["enum"] = [
            {
                "id": str(each["ID"]),
                "userFieldId": str(each["FIELD_ID"]),
                "value": each["VALUE"],
                "def": each["DEF"],
                "sort": str(each["SORT"]),
                "xmlId": each["XML_ID"],
            }
            for each in options_of(call.portal, row["ID"])
        ]
    return shown
