"""Imports by the score: what one `crm.item.batchImport` carries, and what its answer says of each record.

A batch of fifty such commands makes a thousand records in one request, without robots.

Source: api-reference/crm/universal/import/crm-item-batch-import.md, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from toolkit.client import Command, Outcome
from toolkit.runs.carriers import AGAIN, carrier, imported
from toolkit.runs.rows import Row

__all__ = ["PACK", "each_outcome", "packable", "packed"]

PACK = 20
"""Records a `batchImport` takes at most."""


def packable(row: Row) -> bool:
    """Whether a change may travel with others in one command: an import that brings something new."""
    return imported(row) and not row.marker.startswith(AGAIN)


def packed(rows: Sequence[Row]) -> list[tuple[Command, int]]:
    """The writes of rows of one kind and entity, each with the number of rows it carries, in their order."""
    commands = [carrier(row.kind).command(row) for row in rows]
    if len(rows) < 2 or not all(packable(row) for row in rows):
        return [(command, 1) for command in commands]
    packs: list[tuple[Command, int]] = []
    for start in range(0, len(commands), PACK):
        part = commands[start : start + PACK]
        shared = {name: value for name, value in part[0].params.items() if name != "fields"}
        several = {**shared, "data": [each.params["fields"] for each in part]}
        packs.append((Command("crm.item.batchImport", several), len(part)))
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
