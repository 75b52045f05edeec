"""Who gave each field of a card its value: which run, row of its plan, rule and person.

Told by the journals of all runs of the folder, oldest first; a card that was merged and made again under another
id keeps its history. What people did on the portal by themselves is not told here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toolkit.records import entity, same
from toolkit.runs import Run
from toolkit.runs.merges.carrying import card_marker
from toolkit.runs.report.names import Names, plain
from toolkit.runs.report.wording import Wording
from toolkit.workflow.workspace import Workspace

__all__ = ["Blame", "Given", "blame"]


@dataclass(frozen=True)
class Given:
    """A field that a run gave its value.

    Args:
        field: as on the wire.
        label: as people call it.
        value: what was written, in words.
        before: what stood there, in words.
        run: id of the run.
        change: number of the row of its plan.
        kind: of the change: update, create, merge.
        operation: what the run did, in the reader's language.
        reason: the rule, in the reader's language.
        source: the card the value came from in a merge; 0 for none.
        by: who agreed to it: a person's name, `policy`, or "" where nobody noted it.
        at: when it was carried out, unix seconds.
    """

    field: str
    label: str
    value: str
    before: str
    run: str
    change: int
    kind: str
    operation: str
    reason: str
    source: int
    by: str
    at: float


@dataclass(frozen=True)
class Blame:
    """What is known about a card.

    Args:
        entity: of the card.
        asked: the id that was asked for.
        now: the id it lives on under.
        fields: the last run that gave each field its value.
        history: every value given, oldest first.
        gone_into: whether `asked` was merged away into `now`.
    """

    entity: str
    asked: int
    now: int
    fields: tuple[Given, ...]
    history: tuple[Given, ...]
    gone_into: bool = False


def blame(work: Workspace, name: str, card: int) -> Blame:
    """Which run, row, rule and person gave each field of a record its value.

    Args:
        work: whose runs are asked.
        name: entity name, `contact`.
        card: id, also one it had before it was merged or made again.

    Raises:
        ParameterError: there is no such entity.
        PlanError: a run's files are damaged.
    """
    entity(name)
    wording = Wording(work.settings.language)
    runs = [run for run in Run.all(work.root, work.clock.now) if run.has_plan and not run.facts.rehearses]
    try:
        steps = list(_steps(runs, name))
        now, gone = _followed(card, steps)
        lineage = _lineage(now, steps)
        history = [each for run in runs for each in _given(run, name, lineage, wording)]
    finally:
        for run in runs:
            run.close()
    last: dict[str, Given] = {}
    for each in history:
        last.pop(each.field, None)
        last[each.field] = each
    return Blame(name, card, now, tuple(last.values()), tuple(history), gone)


@dataclass(frozen=True)
class _Step:
    """A card that got another id, or went into another card."""

    old: int
    new: int
    merged: bool


def _steps(runs: Iterable[Run], name: str) -> Iterator[_Step]:
    for run in runs:
        table = run.plan.table
        again = card_marker(run.facts.undoes, name, 0)[:-1] if run.facts.undoes else None
        telling = table[
            (table["entity"] == name)
            & ((table["kind"] == "merge") | ((table["kind"] == "create") & (again is not None)))
        ]
        if telling.empty:
            continue
        done = set(run.journal.in_state("done", "already"))
        results = run.journal.results()
        for row in telling.to_dict("records"):
            if int(row["change"]) not in done:
                continue
            if row["kind"] == "merge":
                for loser in json.loads(row["after"])["losers"]:
                    yield _Step(int(loser), int(row["record_id"]), True)
            elif again and str(row["marker"]).startswith(again):
                yield _Step(
                    int(str(row["marker"])[len(again) :]), int(results[int(row["change"])]["id"]), False
                )


def _followed(card: int, steps: Iterable[_Step]) -> tuple[int, bool]:
    """The id of today, and whether the card went into another one and stayed there."""
    now, own, gone = card, card, False
    for step in steps:
        if step.merged and step.old == now:
            now, gone = step.new, True
        elif not step.merged and step.old == own:
            now = own = step.new
            gone = False
    return now, gone


def _lineage(card: int, steps: list[_Step]) -> set[int]:
    """Every id one and the same card has had."""
    known = {card}
    for step in reversed(steps):
        if not step.merged and step.new in known:
            known.add(step.old)
    return known


def _given(run: Run, name: str, lineage: set[int], wording: Wording) -> Iterator[Given]:
    table = run.plan.active
    table = table[(table["entity"] == name) & table["kind"].isin(["update", "create", "merge"])]
    if table.empty:
        return
    results = run.journal.results()
    made = {
        change
        for change, result in results.items()
        if isinstance(result, Mapping) and result.get("id") in lineage
    }
    own = table[table["record_id"].isin(lineage) | table["change"].isin(made)]
    by_marker = set(own.loc[own["kind"] == "create", "marker"]) - {""}
    own = table[table["change"].isin(own["change"]) | table["marker"].isin(by_marker)]
    if own.empty:
        return
    journal = run.journal.table()
    settled = dict(zip(journal["change"], journal["settled_at"], strict=True))
    done = set(run.journal.in_state("done"))
    names = Names(run.before, run.facts.portal, wording)
    by = _agreed(run)
    for row in own.to_dict("records"):
        change = int(row["change"])
        if change not in done:
            continue
        facts: dict[str, Any] = {
            "run": run.id,
            "change": change,
            "kind": str(row["kind"]),
            "operation": str(run.facts.title.get(wording.language) or run.facts.operation),
            "reason": plain(names.told(name, row["reason"])),
            "by": by,
            "at": float(settled[change]),
        }
        for field, before, after, source in _cells(row, run, name):
            yield Given(
                field=field,
                label=names.field(name, field),
                value=names.value(name, field, after),
                before=names.value(name, field, before),
                source=source,
                **facts,
            )


def _cells(row: Mapping[Any, Any], run: Run, name: str) -> Iterator[tuple[str, Any, Any, int]]:
    """Field, what stood there, what was written, and the card it came from."""
    before, after = json.loads(row["before"]), json.loads(row["after"])
    if row["kind"] != "merge":
        sources = _merging(run, row) if row["kind"] == "update" else {}
        for field, value in after.items():
            yield field, before.get(field), value, _source(sources, field, value, name)
        return
    cards = {int(card): cells for card, cells in before["cards"].items()}
    master = int(row["record_id"])
    for field, value in after["becomes"].items():
        others = {card: cells for card, cells in cards.items() if card != master}
        yield field, cards[master].get(field), value, _source(others, field, value, name)
    own = [dict(each) for each in cards[master].get("fm", ())]
    held = {(each["typeId"], each["value"]) for each in own}
    for loser in map(int, after["losers"]):
        brought = [dict(each) for each in cards[loser].get("fm", ())]
        new = [each for each in brought if (each["typeId"], each["value"]) not in held]
        if new:
            yield "fm", own, [*own, *new], loser
            own += new
            held |= {(each["typeId"], each["value"]) for each in new}


def _merging(run: Run, row: Mapping[Any, Any]) -> dict[int, Mapping[str, Any]]:
    """The other cards of the merge an update prepares, as the snapshot had them."""
    group = re.match(r"merge:", str(row["group"]))
    if group is None:
        return {}
    table = run.plan.table
    merge = table[(table["kind"] == "merge") & (table["group"] == row["group"])]
    if merge.empty:
        return {}
    merged = merge.iloc[0]
    ids = {int(merged["record_id"]), *map(int, json.loads(merged["after"])["losers"])} - {
        int(row["record_id"])
    }
    kind = entity(str(row["entity"]))
    frame = run.before.table(kind.name)
    frame = frame[frame[kind.id_field].isin(list(ids))]
    plain_cells = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return {int(each[kind.id_field]): {str(k): v for k, v in each.items()} for each in plain_cells}


def _source(cards: Mapping[int, Mapping[str, Any]], field: str, value: Any, name: str) -> int:
    if value in (None, "", []) or isinstance(value, list):
        return 0
    kind = entity(name).field_type(field)
    for card, cells in sorted(cards.items()):
        held = cells.get(field)
        if held is not None and held is not pd.NA and same(held, value, kind):
            return card
    return 0


def _agreed(run: Run) -> str:
    approval = run.journal.last("approved")
    if approval is None:
        return ""
    if approval.get("by") == "policy":
        return "policy"
    return str(approval.get("who") or "")
