"""Six years of telephone: conversations, their legs, recordings, and how connectors noted them.

A conversation is one matter on the telephone: an answered call, a redirected one (two lines in the
statistics), or a missed one with the call back a few minutes later. `NOTED` lists how well a connector
noted it; the truth of each line says whose it really was.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from ..state.bulk import add_rows
from ..subjects.calls import RECORDS_FOLDER
from ..subjects.drive import Drive
from ..subjects.files import RATE, SOUND_MAX_S
from .phones import draw_mobile
from .scene import DAY, Employee, Scene

__all__ = ["NOTED", "Caller", "Conversation", "draw_conversations", "write_conversations"]

NOTED: dict[str, str] = {
    "both": "a line in the statistics and an activity, tied to each other",
    "no_activity": "a line that names the client, without an activity",
    "activity_only": "an activity of an older connector, without a line",
    "no_client": "a line that names nobody; only the number tells",
    "stale_client": "a line that names a client who was merged or deleted since",
    "stranger": "a line with a number nobody has",
}
_NOTED_WEIGHTS = (84, 5, 4, 4, 0.7, 2.3)
WINDOW_S = 900  # an appeal this long after the end of a call belongs to it
GONE = 900_000  # clients that are no longer there
LINES = ("+74951234567", "+74957654321", "reg120034")
MANY, FEW = (10, 11, 12, 14, 15, 16), (9, 13, 17, 18, 19, 20)
_FAILED_OUT = (
    ("486", "Занято"),
    ("480", "Временно недоступен"),
    ("603", "Отклонено"),
    ("404", "Неверный номер"),
)
_TALKS = (
    "Клиент сообщает о протечке в санузле, ждёт мастера в среду.",
    "Вопрос о сроках передачи ключей, направлен график.",
    "Просит перенести приёмку квартиры на следующую неделю.",
    "Жалуется на шум вентиляции, заявка передана в гарантию.",
)


@dataclass(frozen=True)
class Caller:
    """A client who may telephone.

    Args:
        contact: record id.
        number: ten digits.
        readable: whether the card's spelling lets the number be read.
        since: unix seconds of the first deal.
        deals: (deal id, opened, closed or None) in order.
    """

    contact: int
    number: str
    readable: bool
    since: int
    deals: tuple[tuple[int, int, int | None], ...]

    def open_deal(self, at: int) -> int | None:
        """The client's only open deal at that time."""
        found = [
            id_ for id_, opened, closed in self.deals if opened <= at and (closed is None or closed > at)
        ]
        return found[0] if len(found) == 1 else None


@dataclass
class Leg:
    """One line in the statistics.

    Args:
        at: unix seconds it began.
        duration: seconds of talk.
        type: 1 out, 2 in, 3 redirected, 4 call back.
        code: 200, 304, ...
        reason: in words.
        user: who spoke, or should have.
        recorded: whether there is a recording.
    """

    at: int
    duration: int
    type: int
    code: str
    reason: str
    user: int
    recorded: bool = False

    @property
    def end(self) -> int:
        """When it was over."""
        return self.at + self.duration


@dataclass
class Conversation:
    """One matter on the telephone.

    Args:
        caller: the client; None for a stranger.
        number: ten digits.
        noted: key of `NOTED`.
        deal: deal the connector bound it to, or None.
        legs: in order.
    """

    caller: Caller | None
    number: str
    noted: str
    deal: int | None
    legs: list[Leg] = field(default_factory=list)

    @property
    def end(self) -> int:
        """When its last leg was over."""
        return max(leg.end for leg in self.legs)


def draw_conversations(
    scene: Scene,
    callers: Sequence[Caller],
    staff: Sequence[Employee],
    count: int,
    years: int,
    taken: Set[str],
) -> list[Conversation]:
    """Conversations in the order they began.

    Args:
        callers: in the order of `since`.
        staff: who answers; those dismissed do not answer in the last year.
        count: how many.
        years: how far back, ending yesterday evening.
        taken: numbers that belong to somebody; a stranger has none of them.
    """
    rng = scene.rng
    start = scene.today - years * 365 * DAY
    days = sorted(rng.randrange(years * 365 - 1) for _ in range(count))
    moments = sorted(start + day * DAY + _second_of_day(scene) for day in days)
    since = [each.since for each in callers]
    still_there = [each for each in staff if each.active]
    made = []
    for at in moments:
        known = bisect_left(since, at)
        caller = callers[int(rng.random() ** 1.3 * known)] if known else None
        noted = rng.choices(tuple(NOTED), _NOTED_WEIGHTS)[0] if caller else "stranger"
        if noted == "stranger":
            caller = None
        there = staff if at < scene.today - 365 * DAY else still_there
        deal = caller.open_deal(at) if caller and rng.random() < 0.7 else None
        number = caller.number if caller else draw_mobile(rng)
        while caller is None and number in taken:
            number = draw_mobile(rng)
        talk = Conversation(caller, number, noted, deal)
        talk.legs = list(_legs(scene, at, there))
        made.append(talk)
    return made


def _second_of_day(scene: Scene) -> int:
    """Office hours of Moscow, in UTC, with a rush before and after lunch."""
    rng = scene.rng
    hour = rng.choice(MANY if rng.random() < 0.75 else FEW)
    return (hour - 3) * 3600 + rng.randrange(3600)


def _legs(scene: Scene, at: int, staff: Sequence[Employee]) -> Iterator[Leg]:
    rng = scene.rng
    user = rng.choice(staff).id
    length = 8 + int(rng.lognormvariate(4.3, 0.9))
    if rng.random() < 0.35:  # we called
        if rng.random() < 0.75:
            yield Leg(at, length, 1, "200", "Success call", user, rng.random() < 0.9)
        else:
            code, reason = rng.choice(_FAILED_OUT)
            yield Leg(at, 0, 1, code, reason, user)
        return
    if rng.random() < 0.2:  # nobody answered
        yield Leg(at, 0, 2, "304", "Пропущенный звонок", user)
        if rng.random() < 0.4:
            again = at + rng.randrange(40, 240)
            yield Leg(again, length, 4, "200", "Success call", rng.choice(staff).id, rng.random() < 0.9)
        return
    if rng.random() < 0.07:  # put through to somebody else
        short = rng.randrange(10, 40)
        yield Leg(at, short, 2, "200", "Success call", user, rng.random() < 0.5)
        other = rng.choice(staff).id
        yield Leg(at + short, length, 3, "200", "Success call", other, rng.random() < 0.9)
        return
    yield Leg(at, length, 2, "200", "Success call", user, rng.random() < 0.9)


# -- writing -------------------------------------------------------------------------------------------


def write_conversations(
    scene: Scene,
    talks: Sequence[Conversation],
    appeals: Mapping[int, Sequence[tuple[int, int]]],
    owners: Mapping[str, Sequence[int]],
) -> None:
    """Write statistics, activities and recordings, and the truth about each.

    Args:
        scene: the portal.
        talks: in order.
        appeals: contact id to (created, appeal id) in order of time.
        owners: number to the contacts whose card shows it readably.
    """
    writer = _Writer(scene)
    for number, talk in enumerate(talks, 1):
        writer.write(number, talk, _truth(talk, appeals, owners))
    writer.finish()


def _truth(
    talk: Conversation,
    appeals: Mapping[int, Sequence[tuple[int, int]]],
    owners: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """Whose conversation it was, and what a program could find out about it.

    `client_by`: link, activity, phone (the one card with that number), phone_ambiguous, nothing.
    `appeal`: the nearest of the client's appeals made within `WINDOW_S` after its end.
    """
    caller = talk.caller
    candidates = owners.get(talk.number, ())
    by_phone = "phone" if len(candidates) == 1 else "phone_ambiguous" if candidates else "nothing"
    known_by = {"both": "link", "no_activity": "link", "activity_only": "activity"}.get(talk.noted, by_phone)
    appeal = None
    if caller is not None:
        later = [
            (made - talk.end, id_)
            for made, id_ in appeals.get(caller.contact, ())
            if 0 <= made - talk.end <= WINDOW_S
        ]
        appeal = min(later)[1] if later else None
    return {
        "client": caller.contact if caller else None,
        "client_by": known_by if caller else "nothing",
        "deal": talk.deal or (caller.open_deal(talk.legs[0].at) if caller else None),
        "deal_bound": talk.deal is not None,
        "appeal": appeal,
        "answered": any(leg.code == "200" for leg in talk.legs),
        "first_at": talk.legs[0].at,
    }


class _Writer:
    """Rows of the tables a call leaves behind, collected and written together."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        store = scene.store
        self._folder = Drive(scene.portal).folder_for(RECORDS_FOLDER)
        self._statistics: list[dict[str, Any]] = []
        self._activities: list[dict[str, Any]] = []
        self._files: list[dict[str, Any]] = []
        self._objects: list[dict[str, Any]] = []
        self._transcripts: list[dict[str, Any]] = []
        self._file = int(store.value("SELECT COALESCE(MAX(ID), 0) FROM stored_file"))
        self._object = int(store.value("SELECT COALESCE(MAX(ID), 0) FROM disk_object"))
        self._activity = int(store.value("SELECT COALESCE(MAX(ID), 0) FROM activity"))

    def write(self, number: int, talk: Conversation, truth: Mapping[str, Any]) -> None:
        """One conversation."""
        rng, scene = self._scene.rng, self._scene
        for leg in talk.legs:
            record = self._recording(number, leg) if leg.recorded else None
            activity = None
            if talk.noted in ("both", "activity_only") and talk.caller:
                activity = self._note_activity(talk, leg, record)
            if talk.noted == "activity_only":
                scene.know("call_activity", 0, self._activity, number, talk.noted, truth)
                continue
            # A connector that lost its connection reports twice.
            for _ in range(2 if rng.random() < 0.002 else 1):
                self._note_statistic(number, talk, leg, record, activity)
                scene.know("call", 0, len(self._statistics), number, talk.noted, truth)

    def _recording(self, number: int, leg: Leg) -> int:
        rng = self._scene.rng
        chance = rng.random()
        self._file += 1
        self._object += 1
        name = f"call-{number}-{leg.at}.wav"
        row: dict[str, Any] = {"ID": self._file, "NAME": name, "OWNER": ""}
        if chance < 0.01:  # the recorder had died
            row |= {"SIZE": 0, "CONTENT": b""}
        else:
            row["SIZE"] = 44 + int(RATE * min(max(leg.duration, 0.1), SOUND_MAX_S))
            row["SOUND"] = json.dumps({"duration_s": leg.duration, "seed": number})
        self._files.append(row)
        self._objects.append(
            {
                "ID": self._object,
                "NAME": name,
                "TYPE": "file",
                "STORAGE_ID": self._folder["STORAGE_ID"],
                "PARENT_ID": self._folder["ID"],
                "GLOBAL_CONTENT_VERSION": 1,
                "FILE_ID": self._file,
                "SIZE": row["SIZE"],
                "CREATE_TIME": leg.end,
                "UPDATE_TIME": leg.end,
                "CREATED_BY": leg.user,
                "UPDATED_BY": leg.user,
            }
        )
        return self._object

    def _note_activity(self, talk: Conversation, leg: Leg, record: int | None) -> int:
        self._activity += 1
        rng, outgoing = self._scene.rng, leg.type in (1, 4)
        missed = leg.code == "304"
        contact = talk.caller.contact if talk.caller else 0
        self._activities.append(
            {
                "ID": self._activity,
                "OWNER_TYPE_ID": 3,
                "OWNER_ID": contact,
                "TYPE_ID": 2,
                "PROVIDER_ID": "VOXIMPLANT_CALL",
                "PROVIDER_TYPE_ID": "CALL",
                "SUBJECT": f"{'Исходящий' if outgoing else 'Входящий'} звонок +7{talk.number}",
                "CREATED": leg.at,
                "LAST_UPDATED": leg.end,
                "START_TIME": leg.at,
                "END_TIME": leg.end,
                "DEADLINE": leg.at,
                "COMPLETED": "N" if missed else "Y",
                "STATUS": 1 if missed else 2,
                "RESPONSIBLE_ID": leg.user,
                "AUTHOR_ID": leg.user,
                "EDITOR_ID": leg.user,
                "DIRECTION": 2 if outgoing else 1,
                "ORIGIN_ID": f"VI_{self._call_id(talk, leg)}",
                "FILES": json.dumps([record]) if record else None,
                "SETTINGS": json.dumps({"MISSED_CALL": True}) if missed else None,
                "also": [(2, talk.deal)] if talk.deal else (),
                "to": ("PHONE", f"+7{talk.number}", 3, contact),
            }
        )
        if leg.recorded and rng.random() < 0.08:
            self._transcripts.append({"ACTIVITY_ID": self._activity, "TEXT": rng.choice(_TALKS)})
        return self._activity

    def _call_id(self, talk: Conversation, leg: Leg) -> str:
        return f"externalCall.{leg.at:x}{talk.number}.{leg.type}"

    def _note_statistic(
        self, number: int, talk: Conversation, leg: Leg, record: int | None, activity: int | None
    ) -> None:
        rng = self._scene.rng
        contact = talk.caller.contact if talk.caller else None
        named: int | None = contact if talk.noted in ("both", "no_activity") else None
        if talk.noted == "stale_client":
            named = GONE + number % 1000
        prefix = rng.choices(("+7", "7", "8"), (70, 20, 10))[0]
        self._statistics.append(
            {
                "PORTAL_USER_ID": leg.user,
                "PORTAL_NUMBER": LINES[number % len(LINES)],
                "PHONE_NUMBER": f"{prefix}{talk.number}",
                "CALL_ID": self._call_id(talk, leg),
                "EXTERNAL_CALL_ID": None,
                "CALL_DURATION": leg.duration,
                "CALL_START_DATE": leg.at,
                "CALL_RECORD_URL": "" if rng.random() < 0.5 else None,
                "COST": round(leg.duration / 60 * 1.4, 4),
                "COST_CURRENCY": "RUR",
                "CALL_FAILED_CODE": leg.code,
                "CALL_FAILED_REASON": leg.reason,
                "CRM_ENTITY_TYPE": "CONTACT" if named else None,
                "CRM_ENTITY_ID": named,
                "CRM_ACTIVITY_ID": activity,
                "RECORD_FILE_ID": record,
                "RECORD_DURATION": leg.duration if record and rng.random() < 0.7 else None,
                "CALL_TYPE": leg.type,
            }
        )

    def finish(self) -> None:
        """Write what was collected."""
        store = self._scene.store
        add_rows(store, "stored_file", self._files)
        add_rows(store, "disk_object", self._objects)
        add_rows(store, "call_statistic", self._statistics)
        self._scene.add_activities(self._activities)
        add_rows(store, "activity_transcript", self._transcripts)
