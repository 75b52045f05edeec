"""Publish a directory, read what is published, list every version there was."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Literal

import pandas as pd

from toolkit.client import Command, Portal
from toolkit.errors import LimitReached, PortalError, Rejected
from toolkit.operations import operation as operation_named
from toolkit.routing.evaluator import Book
from toolkit.routing.refusals import RoutingRefused
from toolkit.routing.shelf import CONTENT, PROCESS, Shelf
from toolkit.runs import Run
from toolkit.sheets.checking import CheckedDirectory
from toolkit.sheets.converting import book_of
from toolkit.workflow.planning import planned
from toolkit.workflow.routing.leave import people_on_leave
from toolkit.workflow.workspace import Workspace, connect

__all__ = [
    "plan_publishing",
    "publications",
    "published_routing",
    "reroute_parameters",
    "routing_process",
    "today_on",
]

_log = logging.getLogger(__name__)
_LIST = {"IBLOCK_TYPE_ID": "lists", "IBLOCK_CODE": PROCESS}
_COLUMNS = ["version", "published_at", "by", "effective_from", "rules", "state", "run"]


def routing_process(work: Workspace) -> int | None:
    """Where published routing is kept: the entity type id of its smart process, 0 for its universal list; None
    before `provision_routing` was carried out."""
    with connect(work) as portal:
        return _process(portal)


def plan_publishing(
    work: Workspace,
    checked: CheckedDirectory | Book,
    effective_from: date | None = None,
    *,
    by: str = "",
) -> Run:
    """Freeze the plan that publishes a directory. Nothing is written on the portal.

    Args:
        work: where.
        checked: a file checked against this portal; or a directory, such as an earlier version.
        effective_from: the day from which it is in force; None for today, by the portal's calendar.
        by: who publishes, for the history; "" for the webhook's user.

    Returns:
        The run of `publish_routing`; its plan is empty when this very directory is in force that day already.
        `plan_undo` takes it back.

    Raises:
        RoutingRefused: the file has errors or was not checked against the portal, or there is no place to
            publish to yet.
    """
    if isinstance(checked, Book):
        book = checked
    else:
        if not checked.against_portal:
            raise RoutingRefused(
                checked.book.name,
                "was not compared with the portal",
                "Check it against the portal first: only then are people and stages known by their ids.",
            )
        book = book_of(checked)
    with connect(work) as portal:
        process, day = _process(portal), effective_from or today_on(portal)
    if process is None:
        raise _no_place()
    operation = operation_named("publish_routing")
    facts = {**book.as_json(), "version": None}
    given = {"book": facts, "process": process or None, "effective_from": day.isoformat(), "by": by}
    return planned(work, operation, operation.parameters(given))


def published_routing(work: Workspace, version: int | Literal["current"] = "current") -> Book | None:
    """A published directory; None when nothing is in force yet.

    Args:
        work: where.
        version: its number; `current` for the one in force today, by the portal's calendar.

    Raises:
        RoutingRefused: no such version; or somebody edited its rows on the portal by hand.
    """
    with connect(work) as portal:
        shelf = _shelf(portal)
        number = shelf.in_force(today_on(portal)) if version == "current" else version
    return shelf.book(number) if number or version != "current" else None


def routing_taken_back(work: Workspace, version: int) -> tuple[Book, Book | None]:
    """A published directory, and what holds in its place once it is taken back.

    Args:
        work: where.
        version: its number.

    Returns:
        The directory, and the one that follows it; None when there is no other.

    Raises:
        RoutingRefused: no such version; or somebody edited its rows on the portal by hand.
    """
    with connect(work) as portal:
        shelf, today = _shelf(portal), today_on(portal)
    book = shelf.book(version)
    day = max(date.fromisoformat(str(shelf.versions[version]["effective_from"])), today)
    former = shelf.in_force(day, without=version)
    return book, shelf.book(former) if former else None


def publications(work: Workspace) -> pd.DataFrame:
    """Every version there is, the newest first.

    Returns:
        Columns version, published_at (ISO 8601), by, effective_from (ISO day), rules (how many), state
        (`in_force`, `scheduled`, `past`), run (id of the run that published it; "" when it is not on this machine).
    """
    with connect(work) as portal:
        shelf = _shelf(portal)
        today = today_on(portal)
        host = portal.host
        users = _names(portal, shelf) if shelf.versions else {}
    current = shelf.in_force(today)
    runs = _runs(work, host)
    rows = []
    for number, facts in sorted(shelf.versions.items(), reverse=True):
        day = str(facts["effective_from"])
        state = "in_force" if number == current else "scheduled" if day > today.isoformat() else "past"
        by = str(facts.get("by") or "") or users.get(int(facts.get("created_by") or 0), "")
        run = runs.get(int(facts["item"]), "")
        rows.append([number, facts["published_at"], by, day, facts.get("rows", 0), state, run])
    return pd.DataFrame(rows, columns=_COLUMNS)


def reroute_parameters(
    work: Workspace, given: Mapping[str, Any], *, unread: Callable[[PortalError], None] | None = None
) -> dict[str, Any]:
    """Parameters of `reroute_open_appeals` for today: the place of the directory, the day, and who is on leave by
    the calendars of the portal are filled in.

    Args:
        work: where.
        given: what a person chose; `absent` is joined with who is on leave, the others count more than ours.
        unread: told why the calendars could not be read (the `calendar` scope is missing, say); the directory's
            substitutions then count alone. None to leave it to the log.

    Raises:
        RoutingRefused: there is no place to publish to yet.
    """
    with connect(work) as portal:
        process, now = _process(portal), _now(portal)
        if process is None:
            raise _no_place()
        filled = {"process": process or None, "on": now.date().isoformat(), **given}
        try:
            day = date.fromisoformat(str(filled["on"]))
        except ValueError:
            return filled  # what is wrong with it, the operation says
        try:
            away = people_on_leave(portal, day, now.tzinfo)
        except LimitReached:
            raise
        except Rejected as error:
            away = []
            (unread or _log_unread)(error)
    also = filled.get("absent") or []
    if not away or not isinstance(also, list):
        return filled
    return {**filled, "absent": [*also, *(each for each in away if each not in also)]}


def _log_unread(error: PortalError) -> None:
    _log.warning("who is on leave is not known, the substitutions count alone: %s", error)


def today_on(portal: Portal) -> date:
    """The day it is, by the portal's calendar."""
    return _now(portal).date()


def _now(portal: Portal) -> datetime:
    return datetime.fromisoformat(str(portal.call("server.time")))


def _no_place() -> RoutingRefused:
    return RoutingRefused(
        "The portal", "has no place for published routing yet", "Run once: b24kit routing provision"
    )


def _process(portal: Portal) -> int | None:
    for page in portal.list("crm.type.list", {}):
        for each in page:
            if each.get("code") == PROCESS:
                return int(each["entityTypeId"])
    return 0 if _has_list(portal) else None


def _has_list(portal: Portal) -> bool:
    """Whether the portal keeps published routing in a universal list; one without lists does not."""
    return bool(portal.send([Command("lists.get", dict(_LIST))])[0].result)


def _shelf(portal: Portal) -> Shelf:
    process = _process(portal)
    if process is None:
        raise _no_place()
    method, params = "crm.item.list", {"entityTypeId": process, "select": ["*"]}
    if not process:
        columns = ["ID", "CODE", "NAME", CONTENT, "CREATED_BY", "DATE_CREATE"]
        method, params = "lists.element.get", {**_LIST, "SELECT": columns}
    items = [record for page in portal.list(method, params) for record in page]
    return Shelf.of(pd.DataFrame(items)) if items else Shelf([], {})


def _names(portal: Portal, shelf: Shelf) -> dict[int, str]:
    ids = sorted({int(each.get("created_by") or 0) for each in shelf.versions.values()})
    people = [each for page in portal.list("user.get", {"FILTER": {"ID": ids}}) for each in page]
    return {
        int(each["ID"]): f"{each.get('NAME') or ''} {each.get('LAST_NAME') or ''}".strip() for each in people
    }


def _runs(work: Workspace, host: str) -> dict[int, str]:
    """Item of a version to the run on this machine that made it."""
    found: dict[int, str] = {}
    for run in Run.all(work.root, work.clock.now):
        try:
            if run.facts.portal == host and run.facts.operation == "publish_routing":
                for result in run.journal.results().values():
                    found.setdefault(int(result["id"]), run.id)
        finally:
            run.close()
    return found
