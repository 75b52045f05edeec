"""`lists.element.*`: the rows of universal lists.

Source: api-reference/lists/elements/lists-element-{add,get,update,delete}.md, read 2026-11-22.
"""

from __future__ import annotations

import re
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.filters import Special
from ..state.listing import list_rows
from ..state.store import TABLES, Column, declare_table
from ..subjects.iblocks import SYSTEM_TYPES, field_id, iblock_of, portal_moment, properties_of, required
from ..wire import php
from ..wire.errors import RestError
from ..wire.values import BadValueError

_DOCS = "api-reference/lists/elements/lists-element-"
_TEXTS = ("PREVIEW_TEXT", "DETAIL_TEXT")
_SELECTABLE = (
    *("ID", "CODE", "NAME", "IBLOCK_SECTION_ID", "CREATED_BY", "DATE_CREATE", "TIMESTAMP_X", "SORT"),
    *("ACTIVE_FROM", "ACTIVE_TO", *_TEXTS),
)
_DEFAULT = ("ID", "NAME", "IBLOCK_SECTION_ID", "CREATED_BY", "CODE", "DATE_CREATE", "SORT")

declare_table(
    "iblock_element",
    "IBLOCK_ID int",
    "NAME",
    "CODE",
    "IBLOCK_SECTION_ID int",
    "CREATED_BY int",
    "MODIFIED_BY int",
    "DATE_CREATE time",
    "TIMESTAMP_X time",
    Column("SORT", "int", 500),
    "ACTIVE_FROM time",
    "ACTIVE_TO time",
    *_TEXTS,
    indexes=[("IBLOCK_ID", "CODE")],
)
declare_table(
    "iblock_value",
    "ELEMENT_ID int",
    "PROPERTY_ID int",
    "VALUE",
    indexes=[("ELEMENT_ID",), ("PROPERTY_ID", "VALUE")],
)


@method("lists.element.add", scope="lists", docs=_DOCS + "add.md", not_emulated="sections, contents of files")
def add(call: Call) -> int:
    """Add an element; its code must be new to the list."""
    iblock = iblock_of(call, "E")
    required(call, "ELEMENT_CODE", "FIELDS")
    code = str(call.get("ELEMENT_CODE"))
    if call.store.first("iblock_element", IBLOCK_ID=iblock["ID"], CODE=code):
        raise RestError("ERROR_ELEMENT_ALREADY_EXISTS", "Element already exists")
    columns, values = _given(call, iblock["ID"], "ERROR_ADD_ELEMENT")
    now = int(call.now)
    id_ = call.store.insert(
        "iblock_element",
        {
            **columns,
            "IBLOCK_ID": iblock["ID"],
            "CODE": code,
            "IBLOCK_SECTION_ID": php.whole(call.get("IBLOCK_SECTION_ID")) or None,
            "CREATED_BY": call.user_id,
            "MODIFIED_BY": call.user_id,
            "DATE_CREATE": now,
            "TIMESTAMP_X": now,
        },
    )
    _write_values(call, id_, values)
    return id_


@method("lists.element.update", scope="lists", docs=_DOCS + "update.md", not_emulated="contents of files")
def update(call: Call) -> bool:
    """Overwrite an element whole: what is not given is emptied."""
    iblock = iblock_of(call, "U")
    row = _existing(call, iblock["ID"])
    required(call, "FIELDS")
    columns, values = _given(call, iblock["ID"], "ERROR_UPDATE_ELEMENT")
    kept = {"SORT": 500, **dict.fromkeys(("ACTIVE_FROM", "ACTIVE_TO", *_TEXTS)), **columns}
    call.store.update(
        "iblock_element",
        row["ID"],
        {**kept, "MODIFIED_BY": call.user_id, "TIMESTAMP_X": int(call.now)},
    )
    _write_values(call, row["ID"], values)
    return True


@method("lists.element.delete", scope="lists", docs=_DOCS + "delete.md")
def delete(call: Call) -> bool:
    """Remove an element."""
    iblock = iblock_of(call, "U")
    row = _existing(call, iblock["ID"])
    call.store.db.execute("DELETE FROM iblock_value WHERE ELEMENT_ID = ?", [row["ID"]])
    return call.store.delete("iblock_element", row["ID"])


@method(
    "lists.element.get", scope="lists", docs=_DOCS + "get.md", not_emulated="order by properties, sections"
)
def get(call: Call) -> Page:
    """A page of elements; values stand under the ids they have in the portal's tables."""
    iblock = iblock_of(call, "R")
    properties = [each for each in properties_of(call, iblock["ID"]) if each["TYPE"] not in SYSTEM_TYPES]
    wanted: dict[str, Any] = {}
    for key, value in php.items(call.get("FILTER")):
        pattern = isinstance(value, str) and "%" in value and key[:1].isalpha()
        wanted[f"=%{key}" if pattern else key] = value
    where, args = "IBLOCK_ID = ?", [iblock["ID"]]
    for parameter, column in (("ELEMENT_ID", "ID"), ("ELEMENT_CODE", "CODE")):
        if call.get(parameter) not in (None, ""):
            where, args = f"{where} AND {column} = ?", [*args, str(call.get(parameter))]
    rows, total, start = list_rows(
        call,
        "iblock_element",
        filter_=wanted,
        order=call.get("ELEMENT_ORDER"),
        fields=TABLES["iblock_element"].fields,
        specials={field_id(each): _by_value(call, each) for each in properties},
        where=where,
        args=args,
    )
    select = [str(each) for each in php.values(call.get("SELECT"))]
    names = [name for name in _SELECTABLE if name == "ID" or name in select] if select else list(_DEFAULT)
    shown = []
    for row in rows:
        one = {name: _column(call, row, name) for name in names}
        for each in properties:
            if not select or field_id(each) in select:
                values = call.store.find("iblock_value", ELEMENT_ID=row["ID"], PROPERTY_ID=each["ID"])
                if values:
                    one[field_id(each)] = {
                        str(value["ID"]): _shown(call, each["TYPE"], value["VALUE"]) for value in values
                    }
        shown.append(one)
    return Page.of(shown, len(shown), total, start)


def _existing(call: Call, iblock_id: int) -> dict[str, Any]:
    if not call.get("ELEMENT_CODE"):
        required(call, "ELEMENT_ID")
    id_, code = str(call.get("ELEMENT_ID") or ""), call.get("ELEMENT_CODE")
    if id_:
        row = call.store.get("iblock_element", php.whole(id_))
    else:
        row = call.store.first("iblock_element", IBLOCK_ID=iblock_id, CODE=str(code))
    if row is None or row["IBLOCK_ID"] != iblock_id:
        raise RestError("ERROR_ELEMENT_NOT_FOUND", "Element not found")
    return row


def _given(call: Call, iblock_id: int, code: str) -> tuple[dict[str, Any], dict[int, list[tuple[int, str]]]]:
    """Columns and property values to be written; a value comes with the id it has, 0 when it is new.

    Raises:
        RestError: `code` when a required field is empty, ERROR_ELEMENT_FIELD_VALUE for a file by id.
    """
    given = dict(php.items(call.get("FIELDS")))
    name = str(given.get("NAME") or "").strip()
    if not name:
        raise RestError(code, "The name of the element is not specified")
    columns: dict[str, Any] = {"NAME": name}
    for column in _TEXTS:
        if column in given:
            columns[column] = str(given[column] or "")
    for column in ("ACTIVE_FROM", "ACTIVE_TO"):
        if given.get(column):
            columns[column] = _unix(call, given[column])
    if php.whole(given.get("SORT")):
        columns["SORT"] = php.whole(given["SORT"])
    values: dict[int, list[tuple[int, str]]] = {}
    for each in properties_of(call, iblock_id):
        if each["TYPE"] in SYSTEM_TYPES:
            continue
        raw = given.get(field_id(each))
        pairs = php.items(raw) if isinstance(raw, dict | list) else [("", raw)]
        if each["TYPE"] == "F" and any(php.whole(value) for _, value in pairs):
            raise RestError("ERROR_ELEMENT_FIELD_VALUE", "Writing file values by ID is not supported")
        texts = []
        for key, value in pairs:
            text = _kept(call, each["TYPE"], value)
            if text:
                # Keys of a map are ids of values; those of a list only count.
                texts.append((php.whole(key) if isinstance(raw, dict) else 0, text))
        if each["MULTIPLE"] != "Y":
            texts = texts[:1]
        if each["IS_REQUIRED"] == "Y" and not texts:
            raise RestError(code, f'The field "{each["NAME"]}" is required')
        values[each["ID"]] = texts
    return columns, values


def _unix(call: Call, value: Any) -> int | None:
    try:
        return int(call.portal.zone.unix(value))
    except BadValueError:
        return None


def _kept(call: Call, type_: str, value: Any) -> str:
    """A value as it is kept: moments as ISO, so that they compare; everything else as it came."""
    if value in (None, "", False) or isinstance(value, list):
        return ""
    if isinstance(value, dict):  # HTML: {TEXT, TYPE}
        return str(value.get("TEXT") or "")
    if type_ in ("S:Date", "S:DateTime"):
        unix = _unix(call, value)
        if unix is None:
            return ""
        text = call.portal.zone.moment(unix)
        return text[:10] if type_ == "S:Date" else text
    return str(value).removeprefix("n") if type_ == "S:DiskFile" else str(value)


def _shown(call: Call, type_: str, value: str) -> str:
    if type_ not in ("S:Date", "S:DateTime"):
        return value
    return portal_moment(call, call.portal.zone.unix(value), day=type_ == "S:Date")


def _column(call: Call, row: dict[str, Any], name: str) -> Any:
    value = row[name]
    if value is None:
        return None
    if TABLES["iblock_element"].fields[name].storage == "time":
        return portal_moment(call, value)
    return str(value)


def _write_values(call: Call, element_id: int, values: dict[int, list[tuple[int, str]]]) -> None:
    known = {row["ID"]: row["PROPERTY_ID"] for row in call.store.find("iblock_value", ELEMENT_ID=element_id)}
    call.store.db.execute("DELETE FROM iblock_value WHERE ELEMENT_ID = ?", [element_id])
    for property_id, texts in values.items():
        for value_id, text in texts:
            row: dict[str, Any] = {"ELEMENT_ID": element_id, "PROPERTY_ID": property_id, "VALUE": text}
            if known.get(value_id) == property_id:
                row["ID"] = value_id
            call.store.insert("iblock_value", row)


def _by_value(call: Call, each: dict[str, Any]) -> Special:
    """Filter on a property: any of its values will do."""

    def condition(operator: str, wanted: list[Any]) -> tuple[str, list[Any]]:
        head = f"SELECT 1 FROM iblock_value v WHERE v.ELEMENT_ID = iblock_element.ID AND v.PROPERTY_ID = {each['ID']}"
        number = each["TYPE"].startswith("N")
        column = "CAST(v.VALUE AS REAL)" if number else "v.VALUE"
        if operator in ("%", "=%"):
            texts = [str(one) for one in wanted]
            patterns = texts if operator == "=%" else [f"%{_escaped(one)}%" for one in texts]
            likes = " OR ".join("fold(v.VALUE) LIKE ? ESCAPE '\\'" for _ in patterns) or "0"
            return f"EXISTS ({head} AND ({likes}))", [one.casefold() for one in patterns]
        args = [_number(one) if number else _kept(call, each["TYPE"], one) for one in wanted]
        if operator == "><":
            return f"EXISTS ({head} AND {column} BETWEEN ? AND ?)", ([*args, None, None])[:2]
        if operator in (">", "<", ">=", "<="):
            return f"EXISTS ({head} AND {column} {operator} ?)", args[:1] or [None]
        if all(one in (None, "", False) for one in wanted):
            return f"NOT EXISTS ({head})", []
        return f"EXISTS ({head} AND {column} IN ({', '.join('?' for _ in args)}))", args

    return condition


def _escaped(text: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", text)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
