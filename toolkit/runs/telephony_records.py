"""Calls as the telephone's own records: registered, finished, found again by the number we gave them.

Only an application may write them. Registering makes nothing anybody sees: no line of the statistics and no activity
before the call is finished. So a lost registration may be repeated (within half an hour the portal answers with the
same call), while a lost finish is looked up in the statistics by EXTERNAL_CALL_ID, and finished again only where no
line carries it:

    look ──▶ journal ──▶ register (SHOW 0, ADD_TO_CHAT 0, CRM_CREATE 0) ──▶ journal ──▶ finish (ADD_TO_CHAT 0)

A row of kind `create` and entity `call` holds the fields as the statistics will read. What belongs to such a call
(links, a recording) hangs on the activity the portal made of it. No method takes a line out of the statistics again.

Source: api-reference/telephony/telephony-external-call-{register,finish}.md,
api-reference/telephony/voximplant/voximplant-statistic-get.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from toolkit.client import Command, Outcome
from toolkit.records import FieldType, same
from toolkit.runs.changes import Changes, deletes, listed
from toolkit.runs.rows import Base, Row, Verdict, listed_in

__all__ = [
    "FINISH_METHOD",
    "REGISTER_METHOD",
    "TelephonyRecord",
    "call_id_of",
    "facts_of_line",
    "finish",
    "register",
]

REGISTER_METHOD = "telephony.externalCall.register"
FINISH_METHOD = "telephony.externalCall.finish"

STAYS = "stays in the statistics of calls: no method takes it out"
RESPONSIBLE_CHANGED = "changed since by somebody else: left as it is"
MADE_OF = "made out of a call by the run"


class TelephonyRecord(Base):
    """A call of another exchange, found again in the statistics by the number we gave it."""

    def reads(self, rows: Sequence[Row]) -> list[Command]:
        """The lines that carry each number. Asked one by one: that the list takes several is not documented, and a
        filter it does not understand would hide a call that is there."""
        return [
            Command("voximplant.statistic.get", {"FILTER": {"EXTERNAL_CALL_ID": row.marker}}) for row in rows
        ]

    def judge(
        self, rows: Sequence[Row], outcomes: Sequence[Outcome], types: Mapping[str, FieldType]
    ) -> list[Verdict]:
        """True when exactly one line carries the number; open when none does."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for outcome in outcomes:
            for line in listed_in(outcome):
                found.setdefault(str(line.get("EXTERNAL_CALL_ID")), []).append(line)
        return [self._one(row.marker, found.get(row.marker, [])) for row in rows]

    @staticmethod
    def _one(marker: str, lines: list[Mapping[str, Any]]) -> Verdict:
        if not lines:
            return Verdict("open")
        if len(lines) > 1:
            ids = [int(each["ID"]) for each in lines]
            return Verdict("foreign", f"{len(lines)} calls carry the number {marker}", ids)
        return Verdict("true", f"exists as {lines[0]['ID']}", result=facts_of_line(lines[0]))

    def command(self, row: Row) -> Command:
        """The registration, for estimates."""
        return register(row)


def register(row: Row) -> Command:
    """The call noted as begun: nobody is shown it, no client is made of it."""
    cells = row.after
    return Command(
        REGISTER_METHOD,
        {
            "USER_ID": cells["PORTAL_USER_ID"],
            "PHONE_NUMBER": cells["PHONE_NUMBER"],
            "TYPE": cells["CALL_TYPE"],
            "CALL_START_DATE": cells["CALL_START_DATE"],
            "CRM_CREATE": 0,
            "SHOW": 0,
            "ADD_TO_CHAT": 0,
            "EXTERNAL_CALL_ID": row.marker,
            "CRM_ENTITY_TYPE": cells["CRM_ENTITY_TYPE"],
            "CRM_ENTITY_ID": cells["CRM_ENTITY_ID"],
        },
    )


def finish(row: Row, call_id: str) -> Command:
    """The call ended: its line and its activity are written."""
    return Command(
        FINISH_METHOD,
        {
            "CALL_ID": call_id,
            "USER_ID": row.after["PORTAL_USER_ID"],
            "DURATION": row.after["CALL_DURATION"],
            "ADD_TO_CHAT": 0,
        },
    )


def call_id_of(outcome: Outcome) -> str:
    """The portal's own number of a call that was registered; "" when the answer holds none."""
    answer = outcome.result
    return str(answer.get("CALL_ID") or "") if outcome.state == "done" and isinstance(answer, Mapping) else ""


def facts_of_line(line: Mapping[str, Any]) -> dict[str, Any]:
    """What the journal keeps: the line's id, the portal's number of the call, its activity (None without one)."""
    activity = int(line.get("CRM_ACTIVITY_ID") or 0)
    return {"id": int(line["ID"]), "call": str(line["CALL_ID"]), "activity": activity or None}


def taken_back(rows: pd.DataFrame, activities: pd.DataFrame, types: Mapping[str, FieldType]) -> Changes:
    """The activities of calls deleted that are as they were made; the lines of the statistics listed.

    Args:
        rows: columns after, result: objects; of creates of entity `call` that were carried out.
        activities: columns ID, RESPONSIBLE_ID.
        types: of the fields of activities.
    """
    present = dict(zip(activities["ID"].tolist(), activities["RESPONSIBLE_ID"].tolist(), strict=True))
    going: list[tuple[int, Any]] = []
    kept: list[int] = []
    for wrote, result in zip(rows["after"], rows["result"], strict=True):
        activity, user = result.get("activity"), wrote["PORTAL_USER_ID"]
        if activity is None or activity not in present:
            continue
        if same(present[activity], user, types["RESPONSIBLE_ID"]):
            going.append((activity, user))
        else:
            kept.append(activity)
    gone = deletes(
        "activity",
        [number for number, _ in going],
        before=[{"RESPONSIBLE_ID": user} for _, user in going],
        reason=MADE_OF,
    )
    lines = [int(result["id"]) for result in rows["result"]]
    return Changes.joined(
        gone, listed("activity", kept, RESPONSIBLE_CHANGED, "RESPONSIBLE_ID"), listed("call", lines, STAYS)
    )
