"""Calls, letters and meetings of cards that are merged, and their way back.

No list tells all the records an activity hangs on. Its owner and those it talks to are told, and those are what
the portal builds the links from; a link that somebody added by hand follows the merge with the portal and is
not given back by an undo.

Source: api-reference/crm/timeline/activities/activity-base/crm-activity-{list,add}.md,
tutorials/crm/how-to-edit-crm-objects/how-to-move-activity.md, read 2026-11-22.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from toolkit.records import entity
from toolkit.runs.changes import Changes, binds, listed
from toolkit.runs.merges.groups import MergeGroup, moved_links

__all__ = ["ACTIVITY_FIELDS", "LINK_CHANGED", "OWNER_STAYS", "followed", "given_back", "hung_on"]

ACTIVITY_FIELDS = ["ID", "OWNER_ID", "OWNER_TYPE_ID", "COMPLETED", "COMMUNICATIONS"]
"""What a merge has to know of activities."""

RELINKED = "its link follows the merge"
BACK = "back to what it was before the merge"
LINK_CHANGED = "the link was changed since: it stays"
OWNER_STAYS = "it hangs on several records: the surviving card stays its first"

Target = tuple[int, int]
"""Entity type id and id of a record."""


def hung_on(table: pd.DataFrame) -> Iterator[tuple[int, list[Target]]]:
    """Each activity with the records it is known to hang on, its owner first.

    Args:
        table: columns as `ACTIVITY_FIELDS`; `COMMUNICATIONS` as JSON, and it may be missing.
    """
    talks = table["COMMUNICATIONS"].tolist() if "COMMUNICATIONS" in table else [None] * len(table)
    columns = (table[name].tolist() for name in ("ID", "OWNER_TYPE_ID", "OWNER_ID"))
    for number, type_id, owner, text in zip(*columns, talks, strict=True):
        targets = [(int(type_id), int(owner))]
        if isinstance(text, str) and len(text) > 2:
            targets += [
                (int(each.get("ENTITY_TYPE_ID") or 0), int(each.get("ENTITY_ID") or 0))
                for each in json.loads(text)
            ]
        yield int(number), list(dict.fromkeys(each for each in targets if all(each)))


def followed(groups: Sequence[MergeGroup], table: pd.DataFrame | None) -> Changes:
    """Links of activities to cards that go, put on the cards that stay."""
    if table is None:
        return Changes()
    going = {
        (entity(name).entity_type_id or 0, card): group
        for name, cards in moved_links(groups).items()
        for card, group in cards.items()
    }
    ids, to, names = [], [], []
    for number, targets in hung_on(table):
        into: dict[Target, MergeGroup] = {}
        for each in targets:
            if each in going:
                into.setdefault((each[0], going[each].master), going[each])
        for (type_id, master), group in into.items():
            ids.append(number)
            to.append({"entityTypeId": type_id, "entityId": master})
            names.append(group.name)
    return binds("activity", ids, to=to, reason=RELINKED, group=names)


def given_back(
    was: pd.DataFrame,
    now: pd.DataFrame,
    into: Mapping[Target, int],
    back: Mapping[Target, Any],
    as_merged: Callable[[Target], Target],
) -> Changes:
    """Links of activities to cards that come back.

    Args:
        was: activities before the merge.
        now: the present ones.
        into: cards that were merged away, all of them, to the card they went into.
        back: those that come back, to what names them in the plan.
        as_merged: a card as the merges left it.
    """
    owners = {number: targets[0] for number, targets in hung_on(now) if targets}
    ids: list[int] = []
    to: list[dict[str, Any]] = []
    held: list[dict[str, Any]] = []
    told: list[Changes] = []
    for number, targets in hung_on(was):
        own = [each for each in targets if each in back]
        if not own:
            continue
        if owners.get(number) != as_merged(targets[0]):
            told.append(listed("activity", [number], LINK_CHANGED))
            continue
        if targets[0] in back and len(targets) > 1:
            told.append(listed("activity", [number], OWNER_STAYS))
        # The survivor keeps what was its own, or another's that stays merged into it.
        kept = {as_merged(each) for each in targets if each not in back}
        for each in own:
            master = (each[0], into[each])
            ids.append(number)
            to.append({"entityTypeId": each[0], "entityId": back[each]})
            held.append({} if master in kept else {"entityTypeId": master[0], "entityId": master[1]})
            kept.add(master)
    return Changes.joined(binds("activity", ids, to=to, reason=BACK, instead_of=held), *told)
