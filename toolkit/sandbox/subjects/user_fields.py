"""User fields: making, changing and removing them, whichever method asks.

Source: api-reference/crm/contacts/userfield/*.md, api-reference/crm/universal/userfieldconfig/*.md,
api-reference/crm/universal/user-defined-fields/*.md, read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..wire import php
from ..wire.errors import RestError

if TYPE_CHECKING:
    from ..portal import Sandbox

__all__ = [
    "LABELS",
    "LANGUAGES",
    "MAX_FIELDS",
    "NAME_MAX",
    "TYPES",
    "DuplicateOptionError",
    "UserFieldDraft",
    "add_user_field",
    "change_user_field",
    "options_of",
    "remove_user_field",
    "settings_for",
]

NAME_MAX = 50
MAX_FIELDS = 1016
LANGUAGES = ("ru", "en")
TYPES = {
    "string": "Строка",
    "integer": "Целое число",
    "double": "Число",
    "boolean": "Да/Нет",
    "enumeration": "Список",
    "datetime": "Дата/Время",
    "date": "Дата",
    "money": "Деньги",
    "url": "Ссылка",
    "address": "Адрес",
    "file": "Файл",
    "employee": "Привязка к сотруднику",
    "crm_status": "Привязка к справочникам CRM",
    "iblock_section": "Привязка к разделам инф. блоков",
    "iblock_element": "Привязка к элементам инф. блоков",
    "crm": "Привязка к элементам CRM",
}
LABELS = ("editFormLabel", "listColumnLabel", "listFilterLabel", "errorMessage", "helpMessage")
_BLOCK_SETTINGS = {
    "DISPLAY": "LIST",
    "LIST_HEIGHT": 1,
    "IBLOCK_ID": 0,
    "DEFAULT_VALUE": "",
    "ACTIVE_FILTER": "N",
}
_SETTINGS: dict[str, dict[str, Any]] = {
    "string": {
        "SIZE": 20,
        "ROWS": 1,
        "REGEXP": "",
        "MIN_LENGTH": 0,
        "MAX_LENGTH": 0,
        "DEFAULT_VALUE": "",
    },
    "integer": {"SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None},
    "double": {"PRECISION": 2, "SIZE": 20, "MIN_VALUE": 0, "MAX_VALUE": 0, "DEFAULT_VALUE": None},
    "boolean": {"DEFAULT_VALUE": 0, "DISPLAY": "CHECKBOX", "LABEL": ["", ""], "LABEL_CHECKBOX": ""},
    "date": {"DEFAULT_VALUE": {"TYPE": "NONE", "VALUE": ""}},
    "datetime": {"DEFAULT_VALUE": {"TYPE": "NONE", "VALUE": ""}, "USE_SECOND": "Y", "USE_TIMEZONE": "N"},
    "money": {"DEFAULT_VALUE": ""},
    "url": {
        "POPUP": "Y",
        "SIZE": 20,
        "MIN_LENGTH": 0,
        "MAX_LENGTH": 0,
        "DEFAULT_VALUE": "",
        "ROWS": 1,
    },
    "address": {"SHOW_MAP": "Y"},
    "file": {
        "SIZE": 20,
        "LIST_WIDTH": 0,
        "LIST_HEIGHT": 0,
        "MAX_SHOW_SIZE": 0,
        "MAX_ALLOWED_SIZE": 0,
        "EXTENSIONS": [],
        "TARGET_BLANK": "Y",
    },
    "enumeration": {"DISPLAY": "LIST", "LIST_HEIGHT": 1, "CAPTION_NO_VALUE": "", "SHOW_NO_VALUE": "Y"},
    "employee": {},
    "crm_status": {"ENTITY_TYPE": ""},
    "iblock_section": _BLOCK_SETTINGS,
    "iblock_element": _BLOCK_SETTINGS,
}


class DuplicateOptionError(ValueError):
    """Two options of one list carry the same XML_ID; `args[0]` is the XML_ID."""


@dataclass
class UserFieldDraft:
    """What a method asks of a user field.

    Args:
        columns: columns of `user_field`, in stored form.
        settings: settings given; None when none were.
        labels: texts by label name, then language.
        options: options of a list, keys `ID VALUE DEF SORT XML_ID DEL`; None when none were given.
        option_sort: sort of an option that does not say.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] | None = None
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    options: Sequence[Mapping[str, Any]] | None = None
    option_sort: int = 500


def settings_for(type_: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a field of that type: what is given and known, the rest by default."""
    if type_ == "crm" or type_ not in _SETTINGS:
        return dict(given)
    return {name: given.get(name, default) for name, default in _SETTINGS[type_].items()}


def add_user_field(portal: Sandbox, draft: UserFieldDraft) -> int:
    """Make a user field; its column appears with the next use of its kind. Returns its id.

    Raises:
        DuplicateOptionError: two options share an XML_ID.
        RestError: the object has as many fields as it can hold.
    """
    columns = draft.columns
    if len(portal.schema.user_fields(columns["ENTITY_ID"])) >= MAX_FIELDS:
        raise RestError("ERROR_CORE", "Fail to create new user field.")
    type_ = columns["USER_TYPE_ID"]
    if type_ == "boolean":
        columns["MULTIPLE"] = "N"
    id_ = portal.store.insert(
        "user_field",
        {
            **columns,
            "SETTINGS": _json(settings_for(type_, draft.settings or {})),
            "LABELS": _json(draft.labels),
        },
    )
    if type_ == "enumeration":
        _write_options(portal, id_, columns.get("MULTIPLE") == "Y", draft)
    portal.schema.forget()
    return id_


def change_user_field(portal: Sandbox, row: Mapping[str, Any], draft: UserFieldDraft) -> None:
    """Change a user field. Its object, name, type and multiplicity stay whatever the draft says.

    Raises:
        DuplicateOptionError: two options share an XML_ID.
    """
    fixed = ("ENTITY_ID", "FIELD_NAME", "USER_TYPE_ID", "MULTIPLE")
    values = {name: value for name, value in draft.columns.items() if name not in fixed}
    if draft.settings is not None:
        values["SETTINGS"] = _json(settings_for(row["USER_TYPE_ID"], draft.settings))
    if draft.labels:
        values["LABELS"] = _json({**json.loads(row["LABELS"] or "{}"), **draft.labels})
    portal.store.update("user_field", row["ID"], values)
    if draft.options is not None and row["USER_TYPE_ID"] == "enumeration":
        _write_options(portal, row["ID"], row["MULTIPLE"] == "Y", draft)
    portal.schema.forget()


def remove_user_field(portal: Sandbox, row: Mapping[str, Any]) -> None:
    """Remove a user field with its options and everything that was written in it."""
    kind = portal.schema.by_uf_entity(row["ENTITY_ID"])
    portal.store.delete("user_field", row["ID"])
    portal.store.db.execute("DELETE FROM user_field_option WHERE FIELD_ID = ?", [row["ID"]])
    if kind is not None and re.fullmatch(r"[A-Z0-9_]+", row["FIELD_NAME"]):
        portal.store.db.execute(f'ALTER TABLE "{kind.table}" DROP COLUMN "{row["FIELD_NAME"]}"')
    portal.schema.forget()


def options_of(portal: Sandbox, field_id: int) -> list[dict[str, Any]]:
    """Options of a list, in their order."""
    return [
        dict(row)
        for row in portal.store.rows(
            "SELECT * FROM user_field_option WHERE FIELD_ID = ? ORDER BY SORT, ID", [field_id]
        )
    ]


def _write_options(portal: Sandbox, field_id: int, multiple: bool, draft: UserFieldDraft) -> None:
    known = {row["ID"]: row for row in options_of(portal, field_id)}
    default = 0
    for given in draft.options or ():
        option_id = php.whole(given.get("ID"))
        if option_id and option_id not in known:
            continue
        if option_id and str(given.get("DEL") or "N").upper() == "Y":
            portal.store.delete("user_field_option", option_id)
            continue
        values = _option(given)
        if option_id:
            portal.store.update("user_field_option", option_id, values)
        elif values.get("VALUE"):
            option_id = _add_option(portal, field_id, {"SORT": draft.option_sort, "DEF": "N", **values})
        if values.get("DEF") == "Y":
            default = default or option_id
    if default and not multiple:  # the first that asks to be the default is
        portal.store.db.execute(
            "UPDATE user_field_option SET DEF = CASE ID WHEN ? THEN 'Y' ELSE 'N' END WHERE FIELD_ID = ?",
            [default, field_id],
        )
    seen: set[str] = set()
    for row in options_of(portal, field_id):
        if row["XML_ID"] in seen:
            raise DuplicateOptionError(row["XML_ID"])
        seen.add(row["XML_ID"])


def _add_option(portal: Sandbox, field_id: int, values: Mapping[str, Any]) -> int:
    id_ = portal.store.insert("user_field_option", {"FIELD_ID": field_id, **values})
    if not values.get("XML_ID"):
        made = hashlib.md5(f"{field_id}:{id_}".encode(), usedforsecurity=False).hexdigest()
        portal.store.update("user_field_option", id_, {"XML_ID": made})
    return id_


def _option(given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "VALUE" in given:
        values["VALUE"] = str(given["VALUE"] or "").strip()
    if "DEF" in given:
        values["DEF"] = "Y" if str(given["DEF"]).upper() in ("Y", "1", "TRUE") else "N"
    if given.get("SORT") is not None:
        values["SORT"] = php.whole(given["SORT"])
    if given.get("XML_ID"):
        values["XML_ID"] = str(given["XML_ID"])
    return values


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
