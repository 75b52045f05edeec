"""The first few changes, carried out and looked at before the rest of a run follows.

Merges come in groups: what makes cards equal, the merge, and what is put right after it. A canary of merges is so
many whole groups; ten rows that merely make cards equal would prove nothing.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from toolkit.client import Clock
from toolkit.records import Wanted, compare, entity, take_snapshot
from toolkit.runs.folder import Run
from toolkit.runs.merges.cells import CardCells
from toolkit.runs.merges.verdict import MergesDone
from toolkit.runs.plan import Plan

__all__ = ["check_merged", "first_groups"]


def first_groups(plan: Plan, groups: int) -> frozenset[int] | None:
    """The changes of the first merges of a plan, with all that belongs to them; None when it merges nothing.

    Args:
        plan: whose changes.
        groups: how many merges.

    Returns:
        Numbers of changes. What belongs to a later merge, too, is left for later: its links have no sense yet.
    """
    active = plan.active
    merges = active[active["kind"] == "merge"]
    if merges.empty:
        return None
    chosen = set(merges["group"].head(groups))
    whole = active["group"].map(lambda names: bool(names) and chosen.issuperset(names.split()))
    return frozenset(int(change) for change in active.loc[whole, "change"])


def check_merged(run: Run, portal: Any, clock: Clock) -> list[dict[str, Any]]:
    """Read the cards merged so far again, whole: the others are gone, the survivor holds what was planned, and
    no cell of it changed that nobody meant to change.

    Returns:
        The cells nobody answers for: entity, record_id, field, wanted, found; empty when all is well.

    Raises:
        IncompleteRead, PortalError, StorageError: the reading failed.
    """
    journal = run.journal.table()
    done = run.plan.active.merge(journal[journal["state"].isin(["done", "already"])], on="change")
    merges = MergesDone(done)
    if not merges:
        return []
    rows = done[done["kind"] == "merge"]
    wanted = []
    for name, own in rows.groupby("entity"):
        ids = [int(card) for card in own["record_id"]]
        ids += [int(card) for text in own["after"] for card in json.loads(text)["losers"]]
        wanted.append(Wanted(str(name), run.facts.reads.get(str(name), {}).get("fields"), ids=sorted(ids)))
    folder = run.folder / f"canary-{len(list(run.folder.glob('canary-*'))) + 1}"
    after = take_snapshot(portal, wanted, folder, clock=clock)
    _, bad = merges.judge(after)
    found = [_cell(*each) for each in bad]
    changed = compare(run.before, after).changed
    for name, own in rows.groupby("entity"):
        masters = {int(card) for card in own["record_id"]}
        table = {str(name): run.before.table(str(name))}
        definitions = f"field:{entity(str(name)).entity_type_id}"
        if definitions in run.before.entities:
            table[definitions] = run.before.table(definitions)
        cells = CardCells(str(name), table)
        compared = {*cells.scalars, *cells.lists}
        meant = _meant(done, str(name), masters, merges)
        here = changed[
            (changed["entity"] == name) & changed["id"].isin(masters) & changed["field"].isin(compared)
        ]
        found += [
            _cell(str(name), int(row["id"]), str(row["field"]), row["before"], row["after"])
            for row in here.to_dict("records")
            if row["field"] not in meant[int(row["id"])]
        ]
    return found


def _meant(done: pd.DataFrame, name: str, masters: set[int], merges: MergesDone) -> dict[int, set[str]]:
    meant = {card: merges.meant(name, card) for card in masters}
    updates = done[(done["kind"] == "update") & (done["entity"] == name) & done["record_id"].isin(masters)]
    for card, text in zip(updates["record_id"], updates["after"], strict=True):
        meant[int(card)].update(json.loads(text))
    return meant


def _cell(name: str, card: int, field: str, wanted: Any, found: Any) -> dict[str, Any]:
    return {
        "entity": name,
        "record_id": card,
        "field": field,
        "wanted": wanted,
        "found": found,
        "verdict": "unexplained",
        "by": None,
        "at": None,
    }
