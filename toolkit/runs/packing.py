"""How much one request carries: imports by the score, links by the fifty, what must be read first by less.

A batch of fifty `crm.item.batchImport` makes a thousand records in one request, without robots. How many of
them are sent follows from what the portal takes for one: it cuts a request after 60 s.

Source: api-reference/crm/universal/import/crm-item-batch-import.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolkit.client import Command, CostModel, Outcome
from toolkit.records import entity
from toolkit.runs.carriers import AGAIN, ORIGINATOR, carrier, imported, method_of
from toolkit.runs.rows import Row, listed_in

__all__ = [
    "AHEAD",
    "PACK",
    "PACK_METHOD",
    "SCOUTED",
    "crowded",
    "each_outcome",
    "in_one_request",
    "looks_first",
    "packable",
    "packed",
    "scouting",
]

PACK = 20
"""Records a `batchImport` takes at most."""

PACK_METHOD = "crm.item.batchImport"

AHEAD = 5_000
"""Imports whose markers are looked for in one request, before they are sent in several."""

SCOUTED = 400
"""Markers in one list; one form of the portal's web server holds a thousand values."""

_COMMANDS = 50
_PAGE = 50
_BUDGET_S = 30.0  # expected work of one request; the portal cuts at 60 s
_UNTRIED = 3.0


def packable(row: Row) -> bool:
    """Whether a change may travel with others in one command: an import that brings something new."""
    return imported(row) and not row.marker.startswith(AGAIN) and "replaces" not in row.before


def looks_first(row: Row) -> bool:
    """Whether the present has to be read before a change is written.

    A link of an activity that is there already, or gone already, is refused in so many words; only where one
    is given up for another do both ends have to be known.
    """
    return not (row.kind == "bind" and row.entity == "activity" and not (row.before and row.after))


def in_one_request(rows: Sequence[Row], cost: CostModel) -> int:
    """How many changes like these one request should carry.

    Args:
        rows: of one kind and entity; their reads, where they need some, ride along.
        cost: what the portal has shown, or is assumed, to take.
    """
    first = rows[0]
    if packable(first):
        each_s = cost.operating_s(PACK_METHOD)
        if PACK_METHOD.lower() not in cost.learned:
            each_s *= _UNTRIED  # an assumption that is too low by this much still ends before the cut
        return PACK * _affordable(_COMMANDS, each_s)
    if not any(looks_first(row) for row in rows) or (first.kind, first.entity) == ("create", "call"):
        most = _COMMANDS
    elif len(carrier(first.kind).reads(rows[:2])) > 1:
        most = _COMMANDS // 2  # one read for each of as many others
    else:
        most = _COMMANDS - 1
    return _affordable(most, cost.operating_s(method_of(first)))


def _affordable(most: int, each_s: float) -> int:
    return max(1, min(most, int(_BUDGET_S / each_s) if each_s > 0 else most))


def scouting(rows: Sequence[Row]) -> list[Command]:
    """Reads that tell of hundreds of imports at once that none is there yet.

    A list answers fifty records at most: see `crowded`.
    """
    kind = entity(rows[0].entity)
    field = kind.marker_fields[-1]
    reads = []
    for start in range(0, len(rows), SCOUTED):
        where: dict[str, Any] = {f"@{field}": [row.marker for row in rows[start : start + SCOUTED]]}
        if len(kind.marker_fields) == 2:
            where[kind.marker_fields[0]] = ORIGINATOR
        params = kind.list_params([kind.id_field, field], where)
        reads.append(Command(kind.list_method, {**params, "order": {kind.id_field: "ASC"}, "start": -1}))
    return reads


def crowded(outcome: Outcome) -> bool:
    """Whether a scouting read found so many that it may not have told of all, or told nothing."""
    return outcome.state != "done" or len(listed_in(outcome)) >= _PAGE


def packed(rows: Sequence[Row]) -> list[tuple[Command, int]]:
    """The writes of rows of one kind and entity, each with the number of rows it carries, in their order."""
    commands = [carrier(row.kind).command(row) for row in rows]
    if len(rows) < 2 or not all(packable(row) for row in rows):
        return [(command, 1) for command in commands]
    packs: list[tuple[Command, int]] = []
    for start in range(0, len(commands), PACK):
        part = commands[start : start + PACK]
        if len(part) == 1:
            packs.append((part[0], 1))
            continue
        shared = {name: value for name, value in part[0].params.items() if name != "fields"}
        several = {**shared, "data": [each.params["fields"] for each in part]}
        packs.append((Command(PACK_METHOD, several), len(part)))
    return packs


def each_outcome(outcome: Outcome, rows: int) -> list[Outcome]:
    """What became of each row of a command.

    An answer that does not speak of every row leaves them all unknown: they are looked up.
    """
    if rows == 1:
        return [outcome]
    if outcome.state != "done":
        return [outcome] * rows
    answered = outcome.result.get("items") if isinstance(outcome.result, Mapping) else None
    if not isinstance(answered, list) or len(answered) != rows:
        lost = replace(outcome, state="unknown", message="it does not answer for every record", kind="server")
        return [lost] * rows
    return [
        replace(outcome, result=each)
        if "item" in each
        else replace(
            outcome,
            state="rejected",
            result=None,
            code=str(each.get("error", "")),
            message=str(each.get("error_description", "")),
            kind="input",
        )
        for each in answered
    ]
