"""`lists.field.*`: the columns of universal lists.

Source: api-reference/lists/fields/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from ..call import Call
from ..registry import method
from ..subjects.iblocks import PROPERTY_TYPES, SYSTEM_TYPES, field_id, iblock_of, properties_of, required
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/lists/fields/lists-field-"
_SETTINGS = {
    "SHOW_ADD_FORM": "Y",
    "SHOW_EDIT_FORM": "Y",
    "ADD_READ_ONLY_FIELD": "N",
    "EDIT_READ_ONLY_FIELD": "N",
    "SHOW_FIELD_PREVIEW": "N",
}


@method("lists.field.type.get", scope="lists", docs=_DOCS + "type-get.md")
def field_types(call: Call) -> Any:
    """Types a column of this list can have; system ones that it has already are left out."""
    row = iblock_of(call, "X")
    taken = {each["TYPE"] for each in properties_of(call, row["ID"])}
    return {
        **{name: title for name, title in SYSTEM_TYPES.items() if name not in taken},
        **PROPERTY_TYPES,
    }


@method("lists.field.get", scope="lists", docs=_DOCS + "get.md")
def field_get(call: Call) -> Any:
    """Columns of a list by id; a single one stands under its type."""
    row = iblock_of(call, "R")
    shown = {"NAME": _name_column()}
    for each in properties_of(call, row["ID"]):
        shown[field_id(each)] = _shown_field(call, each)
    wanted = call.get("FIELD_ID")
    if not wanted:
        return shown
    one = shown.get(str(wanted))
    return {one["TYPE"]: one} if one else []


def _name_column() -> dict[str, Any]:
    return {
        "FIELD_ID": "NAME",
        "SORT": 10,
        "NAME": "Название",
        "IS_REQUIRED": "Y",
        "MULTIPLE": "N",
        "DEFAULT_VALUE": "",
        "TYPE": "NAME",
        "SETTINGS": dict(_SETTINGS),
    }


def _shown_field(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    base, _, user_type = row["TYPE"].partition(":")
    shown: dict[str, Any] = {
        "FIELD_ID": field_id(row),
        "SORT": row["SORT"],
        "NAME": row["NAME"],
        "IS_REQUIRED": row["IS_REQUIRED"],
        "MULTIPLE": row["MULTIPLE"],
        "DEFAULT_VALUE": json.loads(row["DEFAULT_VALUE"]) if row["DEFAULT_VALUE"] else None,
        "TYPE": row["TYPE"],
        "SETTINGS": {**_SETTINGS, **json.loads(row["SETTINGS"] or "{}")},
    }
    if row["TYPE"] in SYSTEM_TYPES:
        return shown
    shown.update(
        PROPERTY_TYPE=base,
        PROPERTY_USER_TYPE={"USER_TYPE": user_type} if user_type else False,
        CODE=row["CODE"],
        ID=str(row["ID"]),
        LINK_IBLOCK_ID=str(row["LINK_IBLOCK_ID"]) if row["LINK_IBLOCK_ID"] else None,
        ROW_COUNT=str(row["ROW_COUNT"]),
        COL_COUNT=str(row["COL_COUNT"]),
        USER_TYPE_SETTINGS=json.loads(row["USER_TYPE_SETTINGS"]) if row["USER_TYPE_SETTINGS"] else None,
    )
    if row["TYPE"] == "L":
        options = call.store.rows(
            "SELECT * FROM iblock_enum WHERE PROPERTY_ID = ? ORDER BY SORT, ID", [row["ID"]]
        )
        shown["DISPLAY_VALUES_FORM"] = {str(each["ID"]): each["VALUE"] for each in options}
        shown["DEFAULT_VALUE"] = next((str(each["ID"]) for each in options if each["DEF"] == "Y"), None)
    return shown


@method("lists.field.add", scope="lists", docs=_DOCS + "add.md")
def field_add(call: Call) -> str:
    """Add a column; its id."""
    row = iblock_of(call, "X")
    required(call, "FIELDS")
    given = dict(php.items(call.get("FIELDS")))
    type_, name = str(given.get("TYPE") or ""), str(given.get("NAME") or "").strip()
    known = properties_of(call, row["ID"])
    if type_ not in (*SYSTEM_TYPES, *PROPERTY_TYPES) or not name:
        raise RestError("ERROR_SAVE_FIELD", "Error saving the field")
    code = str(given.get("CODE") or "")
    if type_ in SYSTEM_TYPES:
        if any(each["TYPE"] == type_ for each in known):
            raise RestError("ERROR_SAVE_FIELD", "Property already exists")
        given["MULTIPLE"] = "N"
    elif not code:
        raise RestError("ERROR_SAVE_FIELD", "Please fill the code fields")
    elif any(each["CODE"] == code for each in known):
        raise RestError("ERROR_SAVE_FIELD", "Property already exists")
    values = _field_values(given, name, "ERROR_SAVE_FIELD")
    id_ = call.store.insert(
        "iblock_property",
        {
            **values,
            "IBLOCK_ID": row["ID"],
            "TYPE": type_,
            "CODE": code or None,
            "MULTIPLE": "Y" if given.get("MULTIPLE") == "Y" else "N",
        },
    )
    if type_ == "L":
        _write_options(call, id_, given)
    return field_id({"ID": id_, "TYPE": type_})


@method("lists.field.update", scope="lists", docs=_DOCS + "update.md")
def field_update(call: Call) -> bool:
    """Change a column; its type stays."""
    column = _column(call)
    required(call, "FIELDS")
    given = dict(php.items(call.get("FIELDS")))
    name = str(given.get("NAME") or "").strip()
    if not name or given.get("TYPE") != column["TYPE"]:
        raise RestError("ERROR_UPDATE_FIELD", "Error updating the field")
    call.store.update("iblock_property", column["ID"], _field_values(given, name, "ERROR_UPDATE_FIELD"))
    if column["TYPE"] == "L":
        _write_options(call, column["ID"], given)
    return True


@method("lists.field.delete", scope="lists", docs=_DOCS + "delete.md")
def field_delete(call: Call) -> bool:
    """Remove a column with its values."""
    column = _column(call)
    for table in ("iblock_value", "iblock_enum"):
        call.store.db.execute(f"DELETE FROM {table} WHERE PROPERTY_ID = ?", [column["ID"]])
    return call.store.delete("iblock_property", column["ID"])


def _column(call: Call) -> dict[str, Any]:
    row = iblock_of(call, "X")
    required(call, "FIELD_ID")
    wanted = str(call.get("FIELD_ID"))
    found = next((each for each in properties_of(call, row["ID"]) if field_id(each) == wanted), None)
    if found is None:
        raise RestError("ERROR_REQUIRED_PARAMETERS_MISSING", "Required parameter `FIELD_ID` is missing")
    return found


def _field_values(given: dict[str, Any], name: str, code: str) -> dict[str, Any]:
    settings = {key: value for key, value in php.items(given.get("SETTINGS")) if key in _SETTINGS}
    if settings.get("ADD_READ_ONLY_FIELD") == "Y" and given.get("DEFAULT_VALUE") in (None, "", []):
        raise RestError(code, f"The default value of the field '{name}' is required")
    values: dict[str, Any] = {
        "NAME": name,
        "IS_REQUIRED": "Y" if given.get("IS_REQUIRED") == "Y" else "N",
        "SETTINGS": json.dumps(settings),
    }
    for column in ("SORT", "ROW_COUNT", "COL_COUNT", "LINK_IBLOCK_ID"):
        if php.whole(given.get(column)):
            values[column] = php.whole(given[column])
    for column in ("DEFAULT_VALUE", "USER_TYPE_SETTINGS"):
        if column in given:
            values[column] = json.dumps(given[column], ensure_ascii=False)
    return values


def _write_options(call: Call, property_id: int, given: dict[str, Any]) -> None:
    """Options of a list column: `LIST` by id, old or temporary, and `LIST_TEXT_VALUES`, one a line."""
    known = {row["ID"] for row in call.store.find("iblock_enum", PROPERTY_ID=property_id)}
    default = [str(each) for each in php.values(given.get("LIST_DEF"))]
    for key, option in php.items(given.get("LIST")):
        text = str(option.get("VALUE") or "").strip() if isinstance(option, dict) else ""
        id_ = php.whole(key) if php.whole(key) in known else 0
        if id_ and not text:
            call.store.delete("iblock_enum", id_)
        elif text:
            values = {
                "VALUE": text,
                "SORT": php.whole(option.get("SORT")) or 500,
                "DEF": "Y" if option.get("DEF") == "Y" or key in default else "N",
            }
            if id_:
                call.store.update("iblock_enum", id_, values)
            else:
                call.store.insert("iblock_enum", {"PROPERTY_ID": property_id, **values})
    for line in str(given.get("LIST_TEXT_VALUES") or "").splitlines():
        if line.strip():
            call.store.insert("iblock_enum", {"PROPERTY_ID": property_id, "VALUE": line.strip()})
