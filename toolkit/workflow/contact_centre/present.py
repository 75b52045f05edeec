"""What the portal says now of the deals and calls that came out of another system.

Source: api-reference/crm/universal/crm-item-list.md, api-reference/crm/crm-stage-history-list.md,
api-reference/crm/timeline/activities/activity-base/crm-activity-list.md,
api-reference/crm/timeline/comments/crm-timeline-comment-list.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from toolkit.client import Command, Portal
from toolkit.records import entity

__all__ = [
    "Comment",
    "Move",
    "Present",
    "Told",
    "read_calls",
    "read_comments",
    "read_deals",
    "read_moves",
    "telephone_calls",
]

_DEAL = (
    *("id", "originId", "stageId", "assignedById", "comments", "createdTime", "updatedTime", "updatedBy"),
    *("movedTime", "movedBy", "lastActivityTime"),
)
_CALL = (
    "ID",
    "ORIGIN_ID",
    "RESPONSIBLE_ID",
    "COMPLETED",
    "DESCRIPTION",
    "LAST_UPDATED",
    "EDITOR_ID",
    "CREATED",
)
_STAMPS = ("createdTime", "updatedTime", "lastActivityTime")
_MANY = 50
_PAGE = 50


@dataclass(frozen=True)
class Told:
    """When and by whom something was saved.

    Args:
        at: as the portal answers, ISO 8601 with offset.
        by: user id; 0 when that is not said.
    """

    at: str
    by: int


@dataclass(frozen=True)
class Present:
    """A record as it reads now.

    Args:
        row: id of the row it was made out of, in the other system.
        cells: field to value, "" for none.
        told: field to when and by whom it was given that value at the latest.
        stirred: it was saved, or something happened in its timeline, since it was made.
        made: when it was made, as the portal answers; "" where that is not asked.
    """

    row: str
    cells: Mapping[str, str]
    told: Mapping[str, Told]
    stirred: bool
    made: str = ""

    def moved_since(self, moment: str) -> bool:
        """Whether a deal may have come to its stage since that moment (ISO 8601); "" for since it was made."""
        moved = self.told["stage"].at
        if not (moved and (moment or self.made)):
            return True
        if not moment:
            return datetime.fromisoformat(moved) != datetime.fromisoformat(self.made)
        return datetime.fromisoformat(moved) >= datetime.fromisoformat(moment)


@dataclass(frozen=True)
class Move:
    """A deal that came to a stage.

    Args:
        id: of the entry in the history of stages.
        stage: its code.
        at: when.
    """

    id: int
    stage: str
    at: str


@dataclass(frozen=True)
class Comment:
    """A comment in a deal's timeline."""

    id: int
    text: str
    told: Told


def read_deals(portal: Portal, prefix: str, since: str) -> dict[int, Present]:
    """The deals that carry a marker.

    Args:
        portal: where.
        prefix: of the marker.
        since: only those saved, or with something new in their timeline, since then; "" for all.
    """
    kind = entity("deal")
    where: dict[str, Any] = {"originatorId": "b24kit", "%originId": prefix}
    filters = (
        [{**where, f">={name}": since} for name in ("updatedTime", "lastActivityTime")] if since else [where]
    )
    found: dict[int, Present] = {}
    for each in filters:
        for page in portal.list(kind.list_method, kind.list_params(list(_DEAL), each)):
            for record in page:
                marker = str(record.get("originId") or "")
                if marker.startswith(prefix):
                    found[int(record["id"])] = _deal(marker.removeprefix(prefix), record)
    return found


def read_calls(portal: Portal, prefix: str, since: str, known: Mapping[int, str]) -> dict[int, Present]:
    """The activities of calls.

    Args:
        portal: where.
        prefix: of the marker.
        since: only those saved since then; "" for all.
        known: activity to the row of calls that are records of the telephone, which carry no marker.
    """
    kind = entity("activity")
    own = {"ORIGINATOR_ID": "b24kit", "%ORIGIN_ID": prefix}
    pages: Iterable[Sequence[Mapping[str, Any]]]
    if since:
        pages = portal.list(
            kind.list_method, kind.list_params(list(_CALL), {"TYPE_ID": 2, ">=LAST_UPDATED": since})
        )
    else:
        pages = chain(
            portal.list(kind.list_method, kind.list_params(list(_CALL), own)), _by_ids(portal, sorted(known))
        )
    found: dict[int, Present] = {}
    for page in pages:
        for record in page:
            number, marker = int(record["ID"]), str(record.get("ORIGIN_ID") or "")
            row = marker.removeprefix(prefix) if marker.startswith(prefix) else known.get(number, "")
            if row:
                found[number] = _call(row, record)
    return found


def _by_ids(portal: Portal, ids: Sequence[int]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Activities by their ids: fifty to a command, which are one page, and fifty commands to a request."""
    kind = entity("activity")
    commands = [
        Command(
            kind.list_method,
            {**kind.list_params(list(_CALL), {"@ID": list(ids[at : at + _MANY])}), "start": -1},
        )
        for at in range(0, len(ids), _MANY)
    ]
    for at in range(0, len(commands), _MANY):
        part = commands[at : at + _MANY]
        for command, outcome in zip(part, portal.send(part), strict=True):
            if outcome.state != "done":
                raise portal.error_of(command.method, outcome)
            yield outcome.result


def read_moves(portal: Portal, deals: Iterable[int]) -> dict[int, list[Move]]:
    """The history of stages of deals, oldest first."""
    found: dict[int, list[Move]] = {}
    ids = sorted(deals)
    for at in range(0, len(ids), _MANY):
        params = {"entityTypeId": 2, "filter": {"@OWNER_ID": ids[at : at + _MANY]}}
        for page in portal.list("crm.stagehistory.list", params):
            for entry in page:
                move = Move(int(entry["ID"]), str(entry["STAGE_ID"]), str(entry["CREATED_TIME"]))
                found.setdefault(int(entry["OWNER_ID"]), []).append(move)
    return {number: sorted(moves, key=lambda each: each.id) for number, moves in found.items()}


def read_comments(portal: Portal, last: Mapping[int, int]) -> dict[int, list[Comment]]:
    """The comments of deals, oldest first.

    Args:
        portal: where.
        last: deal to the comment after which they are asked for; 0 for all.

    Raises:
        PortalError: they cannot be read.
    """
    found: dict[int, list[Comment]] = {number: [] for number in last}
    open_, start = sorted(last), 0
    while open_:
        more: list[int] = []
        for at in range(0, len(open_), _MANY):
            part = open_[at : at + _MANY]
            commands = [_comments_of(number, start) for number in part]
            for number, outcome in zip(part, portal.send(commands), strict=True):
                if outcome.state != "done":
                    raise portal.error_of("crm.timeline.comment.list", outcome)
                page = [_comment(each) for each in outcome.result]
                fresh = [each for each in page if each.id > last[number]]
                found[number] += fresh
                if len(page) == _PAGE and len(fresh) == len(page):
                    more.append(number)
        open_, start = more, start + _PAGE
    return {
        number: sorted({each.id: each for each in them}.values(), key=lambda each: each.id)
        for number, them in found.items()
    }


def _comments_of(deal: int, start: int) -> Command:
    where = {"ENTITY_ID": deal, "ENTITY_TYPE": "deal"}
    return Command("crm.timeline.comment.list", {"filter": where, "order": {"ID": "DESC"}, "start": start})


def _comment(record: Mapping[str, Any]) -> Comment:
    told = Told(str(record.get("CREATED") or ""), _number(record.get("AUTHOR_ID")))
    return Comment(int(record["ID"]), str(record.get("COMMENT") or ""), told)


def _deal(row: str, record: Mapping[str, Any]) -> Present:
    saved = Told(str(record.get("updatedTime") or ""), _number(record.get("updatedBy")))
    moved = Told(str(record.get("movedTime") or saved.at), _number(record.get("movedBy")))
    return Present(
        row,
        {
            "stage": _text(record.get("stageId")),
            "responsible": _text(record.get("assignedById")),
            "comment": _text(record.get("comments")),
        },
        {"stage": moved, "responsible": saved, "comment": saved},
        stirred=len({str(record.get(each) or "") for each in _STAMPS}) > 1,
        made=str(record.get("createdTime") or ""),
    )


def _call(row: str, record: Mapping[str, Any]) -> Present:
    saved = Told(str(record.get("LAST_UPDATED") or ""), _number(record.get("EDITOR_ID")))
    cells = {
        "responsible": _text(record.get("RESPONSIBLE_ID")),
        "result": "done" if record.get("COMPLETED") == "Y" else "open",
        "comment": _text(record.get("DESCRIPTION")),
    }
    return Present(row, cells, dict.fromkeys(cells, saved), stirred=False)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _number(value: Any) -> int:
    return int(value) if str(value).isdecimal() else 0


def telephone_calls(lines: Sequence[Mapping[str, Any]], prefix: str) -> dict[int, str]:
    """Activity to row of the calls that are records of the telephone.

    Args:
        lines: of the statistics.
        prefix: of their numbers.
    """
    found = {}
    for line in lines:
        number, marker = _number(line.get("CRM_ACTIVITY_ID")), str(line.get("EXTERNAL_CALL_ID") or "")
        if number and marker.startswith(prefix):
            found[number] = marker.removeprefix(prefix)
    return found
