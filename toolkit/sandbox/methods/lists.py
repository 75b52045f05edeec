"""`lists.*` and `lists.field.*`: universal lists and their columns.

Source: api-reference/lists/lists/*.md, api-reference/lists/fields/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from .. import php
from ..call import Call, Page
from ..errors import RestError
from ..listing import list_rows
from ..registry import method
from ..store import TABLES, Column, declare_table
from .department import departments_above

_DOCS = "api-reference/lists/lists/lists-"
_FIELD_DOCS = "api-reference/lists/fields/lists-field-"
TYPES = ("lists", "bitrix_processes", "lists_socnet")
SYSTEM_TYPES = {
    "SORT": "Сортировка",
    "ACTIVE_FROM": "Начало активности",
    "ACTIVE_TO": "Окончание активности",
    "PREVIEW_PICTURE": "Картинка анонса",
    "PREVIEW_TEXT": "Анонс",
    "DETAIL_PICTURE": "Детальная картинка",
    "DETAIL_TEXT": "Детальный текст",
    "DATE_CREATE": "Дата создания",
    "CREATED_BY": "Кем создан",
    "TIMESTAMP_X": "Дата изменения",
    "MODIFIED_BY": "Кем изменён",
}
PROPERTY_TYPES = {
    "S": "Строка",
    "N": "Число",
    "L": "Список",
    "F": "Файл",
    "G": "Привязка к разделам",
    "E": "Привязка к элементам",
    "S:Date": "Дата",
    "S:DateTime": "Дата/Время",
    "S:HTML": "HTML/текст",
    "E:EList": "Привязка к элементам в виде списка",
    "N:Sequence": "Счётчик",
    "S:ECrm": "Привязка к элементам CRM",
    "S:Money": "Деньги",
    "S:DiskFile": "Файл (Диск)",
    "S:employee": "Привязка к сотруднику",
}
# Weakest first; each right holds those before it.
_RIGHTS = "DRESTUWX"
_MESSAGES = {
    "SECTIONS_NAME": "Разделы",
    "SECTION_NAME": "Раздел",
    "ELEMENTS_NAME": "Элементы",
    "ELEMENT_NAME": "Элемент",
}
_SETTINGS = {
    "SHOW_ADD_FORM": "Y",
    "SHOW_EDIT_FORM": "Y",
    "ADD_READ_ONLY_FIELD": "N",
    "EDIT_READ_ONLY_FIELD": "N",
    "SHOW_FIELD_PREVIEW": "N",
}

declare_table(
    "iblock",
    "IBLOCK_TYPE_ID",
    "CODE",
    "NAME",
    Column("DESCRIPTION", "text", ""),
    Column("SORT", "int", 500),
    Column("BIZPROC", "flag", "N"),
    "SOCNET_GROUP_ID int",
    "TIMESTAMP_X time",
    "RIGHTS json",
    "MESSAGES json",
)
declare_table(
    "iblock_property",
    "IBLOCK_ID int",
    "NAME",
    "TYPE",
    "CODE",
    Column("IS_REQUIRED", "flag", "N"),
    Column("MULTIPLE", "flag", "N"),
    Column("SORT", "int", 10),
    "DEFAULT_VALUE json",
    "SETTINGS json",
    "USER_TYPE_SETTINGS json",
    Column("ROW_COUNT", "int", 1),
    Column("COL_COUNT", "int", 30),
    "LINK_IBLOCK_ID int",
    indexes=[("IBLOCK_ID",)],
)
declare_table(
    "iblock_enum",
    "PROPERTY_ID int",
    "VALUE",
    Column("SORT", "int", 500),
    Column("DEF", "flag", "N"),
    indexes=[("PROPERTY_ID",)],
)


def required(call: Call, *names: str) -> None:
    """Refuse a call that lacks a parameter.

    Raises:
        RestError: ERROR_REQUIRED_PARAMETERS_MISSING.
    """
    for name in names:
        if call.get(name) in (None, "", [], {}):
            raise RestError("ERROR_REQUIRED_PARAMETERS_MISSING", f"Required parameter `{name}` is missing")


def iblock_of(call: Call, right: str) -> dict[str, Any]:
    """The list named by IBLOCK_ID or IBLOCK_CODE, of the type named, if the caller has the right.

    Args:
        right: R read, E add, U change, X everything.

    Raises:
        RestError: ERROR_REQUIRED_PARAMETERS_MISSING, ERROR_IBLOCK_NOT_FOUND, ACCESS_DENIED.
    """
    required(call, "IBLOCK_TYPE_ID")
    if not call.get("IBLOCK_CODE"):
        required(call, "IBLOCK_ID")
    row = _named(call)
    if row is None:
        raise RestError("ERROR_IBLOCK_NOT_FOUND", "Iblock not found")
    if not may(call, row, right):
        raise RestError("ACCESS_DENIED", "Access denied")
    return row


def _named(call: Call) -> dict[str, Any] | None:
    type_ = str(call.get("IBLOCK_TYPE_ID"))
    id_ = str(call.get("IBLOCK_ID") or "")
    if id_:
        found = call.store.get("iblock", php.whole(id_))
        return found if found and found["IBLOCK_TYPE_ID"] == type_ else None
    return call.store.first("iblock", IBLOCK_TYPE_ID=type_, CODE=str(call.get("IBLOCK_CODE")))


def may(call: Call, iblock: dict[str, Any], right: str) -> bool:
    """Whether the caller has at least that right on a list."""
    if call.caller.is_admin:
        return True
    given = json.loads(iblock["RIGHTS"] or "{}")
    departments = json.loads(call.caller.user.get("UF_DEPARTMENT") or "[]")
    above = departments_above(call, departments)
    holders = {
        "*",
        f"U{call.user_id}",
        *(f"D{each}" for each in departments),
        *(f"DR{each}" for each in above),
    }
    best = max((_RIGHTS.find(str(given[each])) for each in holders if each in given), default=0)
    return best >= _RIGHTS.index(right)


def properties_of(call: Call, iblock_id: int) -> list[dict[str, Any]]:
    """Columns of a list, system ones included, in order."""
    rows = call.store.rows("SELECT * FROM iblock_property WHERE IBLOCK_ID = ? ORDER BY SORT, ID", [iblock_id])
    return [dict(row) for row in rows]


def portal_moment(call: Call, unix: float, *, day: bool = False) -> str:
    """A moment as lists write it: `31.12.2024 23:59:59`, or the day alone."""
    moment = datetime.fromtimestamp(unix, call.portal.zone.tz)
    return moment.strftime("%d.%m.%Y" if day else "%d.%m.%Y %H:%M:%S")


# -- lists -------------------------------------------------------------------------------------------


@method("lists.add", scope="lists", docs=_DOCS + "add.md", not_emulated="pictures")
def add(call: Call) -> int:
    """Make a list; its id."""
    required(call, "IBLOCK_TYPE_ID", "IBLOCK_CODE", "FIELDS")
    if not call.caller.is_admin:
        raise RestError("ACCESS_DENIED", "Access denied")
    type_, code = str(call.get("IBLOCK_TYPE_ID")), str(call.get("IBLOCK_CODE"))
    if call.store.first("iblock", IBLOCK_TYPE_ID=type_, CODE=code):
        raise RestError("ERROR_IBLOCK_ALREADY_EXISTS", "Iblock already exists")
    given = dict(php.items(call.get("FIELDS")))
    name = str(given.get("NAME") or "").strip()
    if type_ not in TYPES or not name:
        raise RestError("ERROR_ADD_IBLOCK", "The name of the list is not specified")
    rights = dict(php.items(call.get("RIGHTS"))) or {f"U{call.user_id}": "X"}
    return call.store.insert(
        "iblock",
        {
            "IBLOCK_TYPE_ID": type_,
            "CODE": code,
            **_list_values(call, given),
            "NAME": name,
            "SOCNET_GROUP_ID": php.whole(call.get("SOCNET_GROUP_ID")) or None,
            "RIGHTS": json.dumps(rights),
            "MESSAGES": json.dumps(
                {**_MESSAGES, **dict(php.items(call.get("MESSAGES")))}, ensure_ascii=False
            ),
        },
    )


def _list_values(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"TIMESTAMP_X": int(call.now)}
    if "DESCRIPTION" in given:
        values["DESCRIPTION"] = str(given["DESCRIPTION"] or "")
    if php.whole(given.get("SORT")):
        values["SORT"] = php.whole(given["SORT"])
    if "BIZPROC" in given:
        values["BIZPROC"] = "Y" if given["BIZPROC"] == "Y" else "N"
    return values


@method("lists.update", scope="lists", docs=_DOCS + "update.md", not_emulated="pictures")
def update(call: Call) -> bool:
    """Change a list; rights that were given stay as they were."""
    row = iblock_of(call, "X")
    required(call, "FIELDS")
    given = dict(php.items(call.get("FIELDS")))
    name = str(given.get("NAME") or "").strip()
    if not name:
        raise RestError("ERROR_UPDATE_IBLOCK", "The name of the list is not specified")
    values = {**_list_values(call, given), "NAME": name}
    if call.get("RIGHTS"):
        new = dict(php.items(call.get("RIGHTS")))
        values["RIGHTS"] = json.dumps({**new, **json.loads(row["RIGHTS"] or "{}")})
    if call.get("MESSAGES"):
        old = json.loads(row["MESSAGES"] or "{}")
        values["MESSAGES"] = json.dumps({**old, **dict(php.items(call.get("MESSAGES")))}, ensure_ascii=False)
    call.store.update("iblock", row["ID"], values)
    return True


@method("lists.delete", scope="lists", docs=_DOCS + "delete.md")
def delete(call: Call) -> bool:
    """Remove a list with all that is in it."""
    row = iblock_of(call, "X")
    db = call.store.db
    elements = "SELECT ID FROM iblock_element WHERE IBLOCK_ID = ?"
    db.execute(f"DELETE FROM iblock_value WHERE ELEMENT_ID IN ({elements})", [row["ID"]])
    properties = "SELECT ID FROM iblock_property WHERE IBLOCK_ID = ?"
    db.execute(f"DELETE FROM iblock_enum WHERE PROPERTY_ID IN ({properties})", [row["ID"]])
    for table in ("iblock_element", "iblock_property"):
        db.execute(f"DELETE FROM {table} WHERE IBLOCK_ID = ?", [row["ID"]])
    return call.store.delete("iblock", row["ID"])


@method("lists.get", scope="lists", docs=_DOCS + "get.md", not_emulated="groups and their members")
def get(call: Call) -> Page:
    """Lists of one type that the caller may read."""
    required(call, "IBLOCK_TYPE_ID")
    type_ = str(call.get("IBLOCK_TYPE_ID"))
    group = str(call.get("SOCNET_GROUP_ID") or "")
    if type_ == "lists_socnet" and not group:
        raise RestError("ACCESS_DENIED", "Access denied")
    wanted = {"IBLOCK_TYPE_ID": type_, **({"SOCNET_GROUP_ID": group} if group else {})}
    for parameter, column in (("IBLOCK_ID", "ID"), ("IBLOCK_CODE", "CODE")):
        if call.get(parameter):
            wanted[column] = call.get(parameter)
    order = {
        {"IBLOCK_TYPE": "IBLOCK_TYPE_ID"}.get(name.upper(), name.upper()): way
        for name, way in php.items(call.get("IBLOCK_ORDER"))
    }
    hidden = [str(row["ID"]) for row in call.store.find("iblock") if not may(call, row, "R")]
    rows, total, start = list_rows(
        call,
        "iblock",
        filter_=wanted,
        order=order,
        fields=TABLES["iblock"].fields,
        where=f"ID NOT IN ({', '.join(hidden)})" if hidden else "1",
        default="ID DESC",
    )
    return Page.of([_shown_list(call, row) for row in rows], len(rows), total, start)


def _shown_list(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    nothing = dict.fromkeys(
        (
            *("API_CODE", "LIST_PAGE_URL", "DETAIL_PAGE_URL", "SECTION_PAGE_URL", "CANONICAL_PAGE_URL"),
            *("PICTURE", "RSS_FILE_LIMIT", "RSS_FILE_DAYS", "XML_ID", "TMP_ID", "LIST_MODE"),
            *("SECTION_PROPERTY", "PROPERTY_INDEX", "EDIT_FILE_BEFORE", "EDIT_FILE_AFTER"),
            *("EXTERNAL_ID", "SERVER_NAME"),
        )
    )
    messages = {**_MESSAGES, **json.loads(row["MESSAGES"] or "{}")}
    return {
        "ID": str(row["ID"]),
        "TIMESTAMP_X": portal_moment(call, row["TIMESTAMP_X"] or call.now),
        "IBLOCK_TYPE_ID": row["IBLOCK_TYPE_ID"],
        "LID": "s1",
        "CODE": row["CODE"],
        "NAME": row["NAME"],
        "ACTIVE": "Y",
        "SORT": str(row["SORT"]),
        "DESCRIPTION": row["DESCRIPTION"] or "",
        "DESCRIPTION_TYPE": "text",
        "RSS_TTL": "24",
        "RSS_ACTIVE": "Y",
        "RSS_FILE_ACTIVE": "N",
        "RSS_YANDEX_ACTIVE": "N",
        "INDEX_ELEMENT": "Y",
        "INDEX_SECTION": "N",
        "WORKFLOW": "N",
        "BIZPROC": row["BIZPROC"],
        "SECTION_CHOOSER": "L",
        "RIGHTS_MODE": "E",
        "VERSION": "1",
        "LAST_CONV_ELEMENT": "0",
        "SOCNET_GROUP_ID": str(row["SOCNET_GROUP_ID"]) if row["SOCNET_GROUP_ID"] else None,
        "REST_ON": "N",
        "FULLTEXT_INDEX": "N",
        "LANG_DIR": "/",
        **{name: messages[name] for name in _MESSAGES},
        **nothing,
    }


@method("lists.get.iblock.type.id", scope="lists", docs=_DOCS + "get-iblock-type-id.md")
def get_type(call: Call) -> Any:
    """Type of a list; null when there is no such list."""
    required(call, "IBLOCK_ID")
    row = call.store.get("iblock", php.whole(call.get("IBLOCK_ID")))
    return row["IBLOCK_TYPE_ID"] if row else None


# -- columns -----------------------------------------------------------------------------------------


@method("lists.field.type.get", scope="lists", docs=_FIELD_DOCS + "type-get.md")
def field_types(call: Call) -> Any:
    """Types a column of this list can have; system ones that it has already are left out."""
    row = iblock_of(call, "X")
    taken = {each["TYPE"] for each in properties_of(call, row["ID"])}
    return {
        **{name: title for name, title in SYSTEM_TYPES.items() if name not in taken},
        **PROPERTY_TYPES,
    }


@method("lists.field.get", scope="lists", docs=_FIELD_DOCS + "get.md")
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


def field_id(row: dict[str, Any]) -> str:
    """`PROPERTY_951`, or the code of a system column."""
    return str(row["TYPE"]) if row["TYPE"] in SYSTEM_TYPES else f"PROPERTY_{row['ID']}"


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


@method("lists.field.add", scope="lists", docs=_FIELD_DOCS + "add.md")
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


@method("lists.field.update", scope="lists", docs=_FIELD_DOCS + "update.md")
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


@method("lists.field.delete", scope="lists", docs=_FIELD_DOCS + "delete.md")
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
