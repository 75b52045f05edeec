"""Calls: registered while they ring, finished into the statistics and an activity, with their recordings.

Source: api-reference/telephony/telephony-external-call-{register,finish,attach-record,
search-crm-entities}.md, api-reference/telephony/voximplant/voximplant-statistic-get.md, read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..state.records import Draft, PhoneEdit
from ..state.store import Column, declare_table
from ..switches import declare
from ..wire import php
from ..wire.errors import RestError
from .activities import Activities, Target
from .drive import Drive
from .phones import phone_owners

if TYPE_CHECKING:
    from ..call import Caller
    from ..portal import Sandbox
    from ..state.fields import Kind

__all__ = ["CLIENT_TYPES", "OUTGOING", "Calls", "Client", "Outcome", "plain_number"]

SAME_CALL_S = 1800
RECORDS_FOLDER = "Телефония - записи звонков"
CLIENT_TYPES = {"CONTACT": 3, "COMPANY": 4, "LEAD": 1}
OUTGOING = (1, 4, 5)

declare_table(
    "call_statistic",
    "PORTAL_USER_ID int",
    "PORTAL_NUMBER",
    "PHONE_NUMBER",
    "CALL_ID",
    "EXTERNAL_CALL_ID",
    Column("CALL_CATEGORY", "text", "external"),
    "CALL_LOG",
    Column("CALL_DURATION", "int", 0),
    "CALL_START_DATE time",
    "CALL_RECORD_URL",
    "CALL_VOTE int",
    Column("COST", "real", 0),
    Column("COST_CURRENCY", "text", ""),
    "CALL_FAILED_CODE",
    Column("CALL_FAILED_REASON", "text", ""),
    "CRM_ENTITY_TYPE",
    "CRM_ENTITY_ID int",
    "CRM_ACTIVITY_ID int",
    "REST_APP_ID int",
    "REST_APP_NAME",
    "TRANSCRIPT_ID int",
    Column("TRANSCRIPT_PENDING", "flag", "N"),
    "SESSION_ID int",
    "REDIAL_ATTEMPT int",
    "COMMENT",
    "RECORD_DURATION int",
    "RECORD_FILE_ID int",
    "CALL_TYPE int",
    indexes=[
        ("CALL_ID",),
        ("CRM_ACTIVITY_ID",),
        ("CALL_START_DATE",),
        ("PHONE_NUMBER",),
        ("EXTERNAL_CALL_ID",),
    ],
)
declare_table(
    "registered_call",
    "CALL_ID",
    "APP_ID int",
    "USER_ID int",
    "PHONE_NUMBER",
    "TYPE int",
    "CALL_START_DATE time",
    "LINE_NUMBER",
    "EXTERNAL_CALL_ID",
    "CRM_ENTITY_TYPE",
    "CRM_ENTITY_ID int",
    "CREATED_ENTITIES json",
    "CALL_LIST_ID int",
    "REGISTERED time",
    "SHOWN json",
    Column("FINISHED", "flag", "N"),
    indexes=[("CALL_ID",), ("APP_ID", "PHONE_NUMBER")],
)
declare_table(
    "external_line",
    "APP_ID int",
    "NUMBER",
    "NAME",
    Column("CRM_AUTO_CREATE", "flag", "Y"),
    indexes=[("APP_ID", "NUMBER")],
)
declare_table("call_transcript", "CALL_ID", "MESSAGES json", "COST real", "COST_CURRENCY")

LINE_CREATES = declare(
    "line_auto_create",
    "line_or_call",
    ("line_or_call", "call_only"),
    "Whether an outgoing call creates a client also depends on its line; how the two combine is not said.",
    "api-reference/telephony/telephony-external-call-register.md",
)
FINISHED_TWICE = declare(
    "finish_again",
    "not_found",
    ("not_found", "repeats_answer"),
    "What finishing a finished call answers is not said; portals drop the call's registration when it ends.",
    "api-reference/telephony/telephony-external-call-finish.md",
)
REGISTERED_AGAIN = declare(
    "register_finds_finished",
    True,
    (True, False),
    "A second registration within 30 minutes may get the first call; whether a finished one is not said.",
    "api-reference/telephony/telephony-external-call-register.md",
)
RECORD_ADDRESS = declare(
    "record_url_after_attach",
    "null",
    ("null", "link"),
    "The example of the statistics has a record file and no record address; other portals fill both.",
    "api-reference/telephony/voximplant/voximplant-statistic-get.md",
)


@dataclass(frozen=True)
class Client:
    """Somebody a phone number belongs to.

    Args:
        kind: kind of record.
        row: the record.
    """

    kind: Kind
    row: Mapping[str, Any]

    @property
    def target(self) -> Target:
        """What an activity is bound to."""
        return self.kind.entity_type_id, int(self.row["ID"])

    @property
    def name(self) -> str:
        """A person's name, or a title."""
        parts = (self.row.get("NAME"), self.row.get("LAST_NAME"))
        full = " ".join(str(part) for part in parts if part)
        return full or str(self.row.get("TITLE") or "")


@dataclass(frozen=True)
class Outcome:
    """How a call ended.

    Args:
        user_id: who ended it.
        duration_s: length of the talk.
        code: 200, 304, 603, ...
        reason: in words.
        cost: what it cost.
        currency: in which currency.
        vote: 1..5, or None.
        record_url: address of a recording kept elsewhere.
    """

    user_id: int
    duration_s: int
    code: str
    reason: str = ""
    cost: float = 0.0
    currency: str = ""
    vote: int | None = None
    record_url: str | None = None


class Calls:
    """The telephony of one portal.

    Args:
        portal: the sandbox it belongs to.
    """

    def __init__(self, portal: Sandbox) -> None:
        self._portal = portal
        self._store = portal.store

    # -- finding ---------------------------------------------------------------------------------

    def clients(self, number: str) -> list[Client]:
        """Contacts, companies and leads with that number, in that order."""
        found = []
        for type_id, ids in phone_owners(self._portal, number, tuple(CLIENT_TYPES.values())).items():
            kind = self._portal.schema.kind(type_id)
            rows = [self._portal.records.get(kind, each) for each in ids] if kind else []
            found += [Client(kind, row) for row in rows if kind and row]
        return found

    def client(self, entity_type: str, id_: int) -> Client | None:
        """The client named by CRM_ENTITY_TYPE and CRM_ENTITY_ID, or None."""
        kind = self._portal.schema.kind(CLIENT_TYPES.get(entity_type.upper(), 0))
        row = self._portal.records.get(kind, id_) if kind else None
        return Client(kind, row) if kind and row else None

    def user(self, user_id: Any, inner: Any) -> int:
        """Id of the employee a call is for.

        Raises:
            RestError: ERROR_CORE, when nobody is named, or somebody unknown or dismissed.
        """
        if user_id in (None, "", 0, "0") and inner in (None, ""):
            raise RestError("ERROR_CORE", "USER_ID or USER_PHONE_INNER should be set")
        row = None
        if php.whole(user_id):
            row = self._store.get("user", php.whole(user_id))
        elif inner not in (None, ""):
            row = self._store.first("user", UF_PHONE_INNER=str(inner), ACTIVE="Y")
        if row is None or row["ACTIVE"] != "Y":
            raise RestError("ERROR_CORE", "User is not found or is not active")
        return int(row["ID"])

    def registered(self, call_id: str) -> dict[str, Any] | None:
        """A call on its way, or one that ended; None for an unknown one."""
        return self._store.first("registered_call", CALL_ID=call_id)

    def statistic(self, call_id: str) -> dict[str, Any] | None:
        """A finished call's row, or None."""
        return self._store.first("call_statistic", CALL_ID=call_id)

    # -- the life of a call ----------------------------------------------------------------------

    def earlier(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The same call registered by the same application within the last half hour, or None.

        Start time and CRM fields are no part of the key: two real calls without EXTERNAL_CALL_ID collapse.
        """
        since = int(self._portal.clock.now()) - SAME_CALL_S
        rows = self._store.find("registered_call", **key)
        again = self._portal.switches[REGISTERED_AGAIN]
        recent = [row for row in rows if row["REGISTERED"] > since and (again or row["FINISHED"] == "N")]
        return recent[-1] if recent else None

    def register(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Note a call that has begun; returns its row, with a new CALL_ID."""
        now = int(self._portal.clock.now())
        id_ = self._store.insert("registered_call", {**facts, "REGISTERED": now})
        digest = hashlib.md5(f"{id_}:{facts['PHONE_NUMBER']}".encode(), usedforsecurity=False).hexdigest()
        call_id = f"externalCall.{digest}.{now}"
        self._store.update("registered_call", id_, {"CALL_ID": call_id})
        return self._store.get("registered_call", id_) or {}

    def create_client(
        self, number: str, type_: int, user_id: int, source: str | None, caller: Caller
    ) -> list[dict[str, Any]]:
        """Make a lead for an unknown number; without leads on this portal, a contact and a deal.

        Returns:
            Maps with ENTITY_TYPE and ENTITY_ID, the main one first.

        Raises:
            RestError: a required field of the portal stands in the way.
        """
        title = f"{number} - {'Исходящий' if type_ in OUTGOING else 'Входящий'} звонок"
        simple = self._store.value("SELECT VALUE FROM setting WHERE NAME = 'crm_mode'") == "2"
        columns: dict[str, Any] = {"ASSIGNED_BY_ID": user_id, "SOURCE_ID": source or "CALL"}
        phone = [PhoneEdit("add", "PHONE", number, "WORK")]
        if not simple:
            return [self._create("LEAD", 1, Draft({**columns, "TITLE": title}, phone), caller)]
        person = self._create("CONTACT", 3, Draft({**columns, "NAME": number}, phone), caller)
        linked = Draft({**columns, "TITLE": title}, contact_ids=[person["ENTITY_ID"]])
        return [person, self._create("DEAL", 2, linked, caller)]

    def _create(self, name: str, type_id: int, draft: Draft, caller: Caller) -> dict[str, Any]:
        kind = self._portal.schema.kind(type_id)
        if kind is None:
            raise RestError("ERROR_CORE", f"{name} is not available")
        return {"ENTITY_TYPE": name, "ENTITY_ID": self._portal.records.add(kind, draft, caller)}

    def finish(
        self, row: Mapping[str, Any], outcome: Outcome, app: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """End a call: its line in the statistics, and its activity if a client is known.

        Returns:
            The new row of the statistics.
        """
        created = json.loads(row["CREATED_ENTITIES"] or "[]")
        for each in created:
            self._hand_over(each, outcome.user_id)
        client = self.client(row["CRM_ENTITY_TYPE"] or "", row["CRM_ENTITY_ID"] or 0)
        activity = self._note_activity(row, outcome, client, created) if client else None
        id_ = self._store.insert(
            "call_statistic",
            {
                "PORTAL_USER_ID": outcome.user_id,
                "PORTAL_NUMBER": row["LINE_NUMBER"] or f"REST_APP:{row['APP_ID']}",
                "PHONE_NUMBER": row["PHONE_NUMBER"],
                "CALL_ID": row["CALL_ID"],
                "EXTERNAL_CALL_ID": row["EXTERNAL_CALL_ID"],
                "CALL_DURATION": outcome.duration_s,
                "CALL_START_DATE": row["CALL_START_DATE"],
                "CALL_RECORD_URL": outcome.record_url,
                "CALL_VOTE": outcome.vote,
                "COST": outcome.cost,
                "COST_CURRENCY": outcome.currency,
                "CALL_FAILED_CODE": outcome.code,
                "CALL_FAILED_REASON": outcome.reason,
                "CRM_ENTITY_TYPE": client.kind.name if client else None,
                "CRM_ENTITY_ID": client.target[1] if client else None,
                "CRM_ACTIVITY_ID": activity,
                "REST_APP_ID": app["ID"] if app else None,
                "REST_APP_NAME": app["TITLE"] if app else None,
                "CALL_TYPE": row["TYPE"],
            },
        )
        self._store.update("registered_call", row["ID"], {"FINISHED": "Y", "SHOWN": "[]"})
        statistic = self._store.get("call_statistic", id_) or {}
        self._announce(statistic)
        return statistic

    def _hand_over(self, created: Mapping[str, Any], user_id: int) -> None:
        kind = self._portal.schema.by_name(created["ENTITY_TYPE"])
        if kind and self._portal.records.get(kind, created["ENTITY_ID"]):
            draft = Draft({"ASSIGNED_BY_ID": user_id})
            self._portal.records.update(kind, created["ENTITY_ID"], draft, self._portal.system_caller())

    def _note_activity(
        self,
        row: Mapping[str, Any],
        outcome: Outcome,
        client: Client,
        created: Sequence[Mapping[str, Any]],
    ) -> int:
        outgoing = row["TYPE"] in OUTGOING
        missed = outcome.code == "304" and not outgoing
        start = int(row["CALL_START_DATE"])
        whom = client.name or row["PHONE_NUMBER"]
        targets = [client.target]
        targets += [(2, int(each["ENTITY_ID"])) for each in created if each["ENTITY_TYPE"] == "DEAL"]
        return Activities(self._portal).add(
            {
                "TYPE_ID": 2,
                "PROVIDER_ID": "VOXIMPLANT_CALL",
                "PROVIDER_TYPE_ID": "CALL",
                "SUBJECT": f"Исходящий звонок {whom}" if outgoing else f"Входящий звонок от {whom}",
                "START_TIME": start,
                "END_TIME": start + outcome.duration_s,
                "DEADLINE": start,
                # A missed call waits for somebody to call back; every other one is done.
                "COMPLETED": "N" if missed else "Y",
                "STATUS": 1 if missed else 2,
                "RESPONSIBLE_ID": outcome.user_id,
                "DIRECTION": 2 if outgoing else 1,
                "ORIGIN_ID": f"VI_{row['CALL_ID']}",
                "SETTINGS": json.dumps({"MISSED_CALL": True}) if missed else None,
            },
            targets,
            [
                {
                    "TYPE": "PHONE",
                    "VALUE": row["PHONE_NUMBER"],
                    "ENTITY_TYPE_ID": client.target[0],
                    "ENTITY_ID": client.target[1],
                }
            ],
            by=outcome.user_id,
        )

    def _announce(self, statistic: Mapping[str, Any]) -> None:
        names = (
            "CALL_ID CALL_TYPE PHONE_NUMBER PORTAL_NUMBER PORTAL_USER_ID CALL_DURATION"
            " COST COST_CURRENCY CALL_FAILED_CODE CALL_FAILED_REASON CRM_ACTIVITY_ID"
        )
        said = {name: "" if statistic[name] is None else str(statistic[name]) for name in names.split()}
        said["CALL_START_DATE"] = self._portal.zone.moment(statistic["CALL_START_DATE"])
        self._portal.emit("ONVOXIMPLANTCALLEND", said)

    # -- recordings ------------------------------------------------------------------------------

    def attach(self, statistic: Mapping[str, Any], name: str, body: bytes, *, by: int) -> int:
        """Put a recording with a finished call and its activity, in place of an earlier one.

        Returns:
            Its id on Drive, which is the statistics' RECORD_FILE_ID.
        """
        drive = Drive(self._portal)
        file = drive.save(drive.folder_for(RECORDS_FOLDER), name, body, by)
        if statistic["RECORD_FILE_ID"]:
            drive.erase(statistic["RECORD_FILE_ID"])
        facts: dict[str, Any] = {"RECORD_FILE_ID": file}
        if self._portal.switches[RECORD_ADDRESS] == "link":
            facts["CALL_RECORD_URL"] = drive.download_url(file, None)
        self._store.update("call_statistic", statistic["ID"], facts)
        if statistic["CRM_ACTIVITY_ID"]:
            self._store.update("activity", statistic["CRM_ACTIVITY_ID"], {"FILES": json.dumps([file])})
        return file


def plain_number(given: str) -> str:
    """A number without blanks, brackets and dashes; empty when nothing of a number is left."""
    kept = re.sub(r"[^0-9+*#;,]", "", given)
    return kept if any(each.isdigit() for each in kept) else ""
