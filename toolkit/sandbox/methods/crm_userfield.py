"""`crm.{lead,deal,contact,company,quote,requisite}.userfield.*` and `crm.userfield.*`.

Source: api-reference/crm/{contacts/userfield,companies/userfields,deals/user-defined-fields,leads/userfield,
quote/user-field,requisites/user-fields}/*.md, api-reference/crm/universal/user-defined-fields/*.md,
read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.fields import Field
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
    settings_for,
)
from ..wire import php
from ..wire.errors import RestError

_WIRE_LABELS = dict(
    zip(
        LABELS,
        ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL", "ERROR_MESSAGE", "HELP_MESSAGE"),
        strict=True,
    )
)
_FLAGS = ("MULTIPLE", "MANDATORY", "SHOW_IN_LIST", "EDIT_IN_LIST", "IS_SEARCHABLE")
_COLUMNS = (
    "ID",
    "ENTITY_ID",
    "FIELD_NAME",
    "USER_TYPE_ID",
    "XML_ID",
    "SORT",
    "MULTIPLE",
    "MANDATORY",
    "SHOW_FILTER",
    "SHOW_IN_LIST",
    "EDIT_IN_LIST",
    "IS_SEARCHABLE",
)
_SORTABLE = ("ID", "FIELD_NAME", "USER_TYPE_ID", "XML_ID", "SORT")
_SETTING_TYPES = {"PRECISION": "int", "SIZE": "int", "ROWS": "int", "LIST_HEIGHT": "int", "IBLOCK_ID": "int"}


@dataclass(frozen=True)
class _Owner:
    """One of the objects with user fields of its own."""

    name: str
    entity_id: str
    docs: str


_OWNERS = (
    _Owner("lead", "CRM_LEAD", "api-reference/crm/leads/userfield/crm-lead-userfield-"),
    _Owner("deal", "CRM_DEAL", "api-reference/crm/deals/user-defined-fields/crm-deal-userfield-"),
    _Owner("contact", "CRM_CONTACT", "api-reference/crm/contacts/userfield/crm-contact-userfield-"),
    _Owner("company", "CRM_COMPANY", "api-reference/crm/companies/userfields/crm-company-userfield-"),
    _Owner("quote", "CRM_QUOTE", "api-reference/crm/quote/user-field/crm-quote-user-field-"),
    _Owner("requisite", "CRM_REQUISITE", "api-reference/crm/requisites/user-fields/crm-requisite-userfield-"),
)


def _core(words: str) -> RestError:
    return RestError("ERROR_CORE", words)


def _require_admin(call: Call) -> None:
    if not call.caller.is_admin:
        raise RestError("", "Access denied.")


def _require_reader(call: Call) -> None:
    if not call.caller.is_admin and not call.caller.user.get("CRM_READ"):
        raise RestError("", "Access denied.")


def _existing(call: Call, owner: _Owner) -> dict[str, Any]:
    given = php.whole(call.get("id"))
    if not given:
        raise RestError("", "ID is not defined or invalid.")
    row = call.store.get("user_field", given)
    if row is None:
        raise RestError("ERROR_NOT_FOUND", f"The entity with ID '{given}' is not found.")
    if row["ENTITY_ID"] != owner.entity_id:
        raise RestError("", "Access denied.")
    return row


def _given(call: Call) -> dict[str, Any]:
    given = call.get("fields")
    if not isinstance(given, dict | list):
        raise RestError("", "Parameter 'fields' must be array.")
    return dict(php.items(given))


def _add(call: Call, owner: _Owner) -> int:
    _require_admin(call)
    given = _given(call)
    lacking = [
        f"The '{name}' field is not found."
        for name in ("USER_TYPE_ID", "FIELD_NAME")
        if not str(given.get(name) or "").strip()
    ]
    if lacking:
        raise RestError("", "\n".join(lacking))
    name = _full_name(str(given["FIELD_NAME"]))
    if str(given["USER_TYPE_ID"]) not in TYPES:
        raise _core("Incorrect custom type specified.")
    if call.store.first("user_field", ENTITY_ID=owner.entity_id, FIELD_NAME=name):
        raise _core(f"The field {name} for the {owner.entity_id} object already exists.")
    draft = _draft(given, adding=True)
    draft.columns.update(ENTITY_ID=owner.entity_id, FIELD_NAME=name, USER_TYPE_ID=str(given["USER_TYPE_ID"]))
    try:
        id_ = add_user_field(call.portal, draft)
    except DuplicateOptionError as twice:
        raise _core(f"List item with XML_ID={twice.args[0]} already exists.") from None
    _announce(call, owner, "ADD", {"ID": id_, "FIELD_NAME": name})
    return id_


def _full_name(given: str) -> str:
    """`UF_CRM_` before the code, whatever the client wrote.

    Raises:
        RestError: ERROR_CORE, too long or with characters that are not allowed.
    """
    name = given.strip().upper()
    if not name.startswith("UF_CRM_"):
        name = "UF_CRM_" + name.removeprefix("UF_")
    if len(name) > NAME_MAX:
        raise _core(f"Field name is too long (more than {NAME_MAX} characters).")
    if not re.fullmatch(r"[A-Z0-9_]+", name):
        raise _core("Field name contains invalid characters. Allowed characters are: A-Z, 0-9 and _.")
    return name


def _draft(given: dict[str, Any], *, adding: bool) -> UserFieldDraft:
    draft = UserFieldDraft(option_sort=0)
    for name in _FLAGS:
        if name in given:
            draft.columns[name] = "Y" if str(given[name]).upper() in ("Y", "1", "TRUE") else "N"
    if adding:
        draft.columns.setdefault("SHOW_IN_LIST", "N")
    if "SHOW_FILTER" in given:
        draft.columns["SHOW_FILTER"] = {"Y": "E", "I": "I", "E": "E", "S": "S"}.get(
            str(given["SHOW_FILTER"]).upper(), "N"
        )
    if php.whole(given.get("SORT")):
        draft.columns["SORT"] = php.whole(given["SORT"])
    if "XML_ID" in given:
        draft.columns["XML_ID"] = str(given["XML_ID"] or "") or None
    if "SETTINGS" in given:
        draft.settings = dict(php.items(given["SETTINGS"]))
    if "LIST" in given:
        draft.options = [each for each in php.values(given["LIST"]) if isinstance(each, dict)]
    common = given.get("LABEL")
    for label, wire in _WIRE_LABELS.items():
        if wire in given or (common is not None and adding):
            text = given.get(wire)
            texts = {language: common if isinstance(text, dict) else text or common for language in LANGUAGES}
            draft.labels[label] = {**texts, **text} if isinstance(text, dict) else texts
    return draft


def _list(call: Call, owner: _Owner) -> Page:
    _require_reader(call)
    filter_, order = call.get("filter") or {}, call.get("order") or {}
    for name, value in (("order", order), ("filter", filter_)):
        if not isinstance(value, dict | list):
            raise RestError("", f"Parameter '{name}' must be array.")
    wanted = dict(php.items(filter_))
    language = wanted.pop("LANG", None)
    language = str(language) if isinstance(language, str | int) else None
    fields = filter_fields()
    rows, total, start = list_rows(
        call,
        "user_field",
        filter_={name: value for name, value in wanted.items() if name in fields},
        order={name: way for name, way in php.items(order) if name in _SORTABLE},
        fields=fields,
        where="ENTITY_ID = ?",
        args=[owner.entity_id],
        default="SORT, ID",
        page=None,
    )
    return Page.of([_shown(call, row, language or "") for row in rows], len(rows), total, start)


def filter_fields() -> dict[str, Field]:
    """Columns a list of user fields is filtered by; the letters of SHOW_FILTER are no flag."""
    columns = TABLES["user_field"].fields
    plain = {name: columns[name] for name in _COLUMNS if name not in ("ENTITY_ID", "SHOW_FILTER")}
    return {**plain, "SHOW_FILTER": replace(columns["SHOW_FILTER"], type="string")}


def _shown(call: Call, row: dict[str, Any], language: str | None) -> dict[str, Any]:
    """A field as the wire has it.

    Args:
        language: None for labels in all languages, a language for its labels, "" for none.
    """
    shown: dict[str, Any] = {
        name: str(row[name]) if name in ("ID", "SORT") else row[name] for name in _COLUMNS
    }
    shown["SETTINGS"] = json.loads(row["SETTINGS"] or "{}")
    if row["USER_TYPE_ID"] == "enumeration":
        shown["LIST"] = [
            {
                "ID": str(each["ID"]),
                "SORT": str(each["SORT"]),
                "VALUE": each["VALUE"],
                "DEF": each["DEF"],
                "XML_ID": each["XML_ID"],
            }
            for each in options_of(call.portal, row["ID"])
        ]
    if language == "":
        return shown
    labels = json.loads(row["LABELS"] or "{}")
    for label, wire in _WIRE_LABELS.items():
        texts = labels.get(label) or {}
        if language is None:
            shown[wire] = {each: texts.get(each) for each in {**dict.fromkeys(LANGUAGES), **texts}}
        else:
            shown[wire] = texts.get(language)
    return shown


def _get(call: Call, owner: _Owner) -> Any:
    _require_reader(call)
    return _shown(call, _existing(call, owner), None)


def _update(call: Call, owner: _Owner) -> bool:
    _require_admin(call)
    row = _existing(call, owner)
    draft = _draft(_given(call), adding=False)
    if draft.settings is not None:  # only what is given is overwritten
        draft.settings = {**json.loads(row["SETTINGS"] or "{}"), **draft.settings}
    before = json.loads(row["LABELS"] or "{}")
    draft.labels = {name: {**(before.get(name) or {}), **texts} for name, texts in draft.labels.items()}
    try:
        change_user_field(call.portal, row, draft)
    except DuplicateOptionError as twice:
        raise _core(f"List item with XML_ID={twice.args[0]} already exists.") from None
    _announce(call, owner, "UPDATE", row)
    return True


def _delete(call: Call, owner: _Owner) -> bool:
    _require_admin(call)
    row = _existing(call, owner)
    remove_user_field(call.portal, row)
    _announce(call, owner, "DELETE", row)
    return True


def _announce(call: Call, owner: _Owner, what: str, row: dict[str, Any]) -> None:
    call.portal.emit(
        f"ONCRM{owner.name.upper()}USERFIELD{what}",
        {"FIELDS": {"ID": str(row["ID"]), "ENTITY_ID": owner.entity_id, "FIELD_NAME": row["FIELD_NAME"]}},
        key=call.caller.key,
    )


def _register(owner: _Owner) -> None:
    bodies: dict[str, Callable[[Call, _Owner], Any]] = {
        "add": _add,
        "get": _get,
        "list": _list,
        "update": _update,
        "delete": _delete,
    }
    for verb, body in bodies.items():

        def answer(call: Call, body: Callable[[Call, _Owner], Any] = body) -> Any:
            return body(call, owner)

        method(
            f"crm.{owner.name}.userfield.{verb}",
            scope="crm",
            docs=f"{owner.docs}{verb}.md",
            not_emulated="field types registered by applications" if verb == "add" else "",
        )(answer)


for _each in _OWNERS:
    _register(_each)


# -- crm.userfield.* ---------------------------------------------------------------------------------

_GENERAL = "api-reference/crm/universal/user-defined-fields/crm-userfield-"


def _described(rows: dict[str, tuple[str, str]], read_only: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        name: {
            "type": type_,
            "isRequired": False,
            "isReadOnly": name in read_only,
            "isImmutable": name in ("ENTITY_ID", "FIELD_NAME", "USER_TYPE_ID"),
            "isMultiple": name == "LIST",
            "isDynamic": False,
            "title": title,
        }
        for name, (type_, title) in rows.items()
    }


@method(
    "crm.userfield.types",
    scope="crm",
    docs=_GENERAL + "types.md",
    not_emulated="types registered by applications",
)
def types(_call: Call) -> Any:
    """Types a user field can have."""
    return [{"ID": id_, "title": title} for id_, title in TYPES.items()]


@method("crm.userfield.fields", scope="crm", docs=_GENERAL + "fields.md")
def fields(_call: Call) -> Any:
    """Describe the properties of a user field."""
    flags = (*_FLAGS, "SHOW_FILTER")
    rows = {name: ("char" if name in flags else "string", name) for name in _COLUMNS}
    rows.update(ID=("int", "ID"), SORT=("int", "SORT"))
    rows.update({wire: ("string", wire) for wire in _WIRE_LABELS.values()})
    rows.update(LIST=("uf_enum_element", "LIST"), SETTINGS=("object", "SETTINGS"))
    return _described(rows, read_only=("ID", "ENTITY_ID"))


@method("crm.userfield.enumeration.fields", scope="crm", docs=_GENERAL + "enumeration-fields.md")
def enumeration_fields(_call: Call) -> Any:
    """Describe the properties of a list option."""
    return _described(
        {
            "ID": ("int", "ID"),
            "SORT": ("int", "Sorting"),
            "VALUE": ("string", "Value"),
            "DEF": ("string", "Default Value"),
            "DEL": ("string", "Element Deletion Flag"),
        },
        read_only=("ID",),
    )


@method("crm.userfield.settings.fields", scope="crm", docs=_GENERAL + "settings-fields.md")
def settings_fields(call: Call) -> Any:
    """Describe the settings of a type of user field."""
    type_ = str(call.get("type") or "")
    if not type_:
        raise RestError("", "Parameter 'type' is not specified or empty.")
    own = {"integer": "int", "double": "double"}.get(type_, "string")
    return {
        name: {"type": _SETTING_TYPES.get(name, own if name == "DEFAULT_VALUE" else "string"), "title": name}
        for name in settings_for(type_, {})
    }
