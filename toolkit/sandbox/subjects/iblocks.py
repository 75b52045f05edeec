"""Universal lists as they are kept: the lists, their columns, and who may do what with them.

Source: api-reference/lists/lists/*.md, api-reference/lists/fields/*.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ..call import Call
from ..state.store import Column, declare_table
from ..wire import php
from ..wire.errors import RestError
from . import structure

__all__ = [
    "PROPERTY_TYPES",
    "SYSTEM_TYPES",
    "TYPES",
    "field_id",
    "iblock_of",
    "may",
    "portal_moment",
    "properties_of",
    "required",
]

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
    above = structure.above(call.store, departments)
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


def field_id(row: dict[str, Any]) -> str:
    """`PROPERTY_951`, or the code of a system column."""
    return str(row["TYPE"]) if row["TYPE"] in SYSTEM_TYPES else f"PROPERTY_{row['ID']}"
