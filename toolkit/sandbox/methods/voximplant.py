"""`voximplant.statistic.get`: every call there was.

Source: api-reference/telephony/voximplant/voximplant-statistic-get.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from ..call import Call, Page
from ..registry import method
from ..state.listing import list_rows
from ..state.store import TABLES
from ..wire import php
from ..wire.errors import RestError

_HIDDEN = ("RECORD_FILE_ID",)  # shown, but no field to filter by
_NUMBERS = ("RECORD_FILE_ID",)


@method(
    "voximplant.statistic.get",
    scope="telephony",
    docs="api-reference/telephony/voximplant/voximplant-statistic-get.md",
    not_emulated="the telephony roles: who may see calls follows from the right to read CRM",
)
def statistic_get(call: Call) -> Page:
    """A page of calls; in no order unless SORT says so."""
    where, args = _visible(call)
    names = {name: each for name, each in TABLES["call_statistic"].fields.items() if name not in _HIDDEN}
    sort = str(call.get("SORT") or "").upper()
    order = str(call.get("ORDER") or "ASC").upper()
    rows, total, start = list_rows(
        call,
        "call_statistic",
        filter_=_without_in(call.get("FILTER")),
        order={sort: order} if sort and sort != "CALL_TYPE" else {},
        fields=names,
        where=where,
        args=args,
    )
    return Page.of([_shown(call, row) for row in rows], len(rows), total, start)


def _without_in(filter_: Any) -> dict[str, Any]:
    """`@` is no operator of this method: its keys name no field. A plain array already means IN."""
    return {key: value for key, value in php.items(filter_) if not key.lstrip("!").startswith("@")}


def _visible(call: Call) -> tuple[str, list[Any]]:
    level = "X" if call.caller.is_admin else call.caller.user.get("CRM_READ") or ""
    if level in ("X", "O"):
        return "1", []
    if not level:
        raise RestError("ACCESS_DENIED", "Access denied!", 403)
    people = {call.user_id}
    if level == "D":
        own = set(json.loads(call.caller.user.get("UF_DEPARTMENT") or "[]"))
        for row in call.store.rows("SELECT ID, UF_DEPARTMENT FROM user"):
            if own & set(json.loads(row["UF_DEPARTMENT"] or "[]")):
                people.add(row["ID"])
    return f"PORTAL_USER_ID IN ({', '.join('?' for _ in people)})", sorted(people)


def _shown(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name in TABLES["call_statistic"].fields:
        value = row[name]
        if name == "CALL_START_DATE":
            shown[name] = call.portal.zone.moment(value or 0)
        elif name == "COST":
            shown[name] = f"{value or 0:.4f}"
        else:
            shown[name] = value if value is None or name in _NUMBERS else str(value)
    return shown
