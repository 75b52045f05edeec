"""`lists.*`: universal lists.

Source: api-reference/lists/lists/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..subjects.iblocks import TYPES, iblock_of, may, portal_moment, required
from ..wire import php
from ..wire.errors import RestError

_DOCS = "api-reference/lists/lists/lists-"
_MESSAGES = {
    "SECTIONS_NAME": "Разделы",
    "SECTION_NAME": "Раздел",
    "ELEMENTS_NAME": "Элементы",
    "ELEMENT_NAME": "Элемент",
}


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
