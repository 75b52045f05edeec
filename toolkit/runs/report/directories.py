"""Rows of a published routing directory in words; in the portal they stand as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from toolkit.routing.hours import shown
from toolkit.runs.report.wording import Wording

__all__ = ["row_in_words"]

_CALLED = {
    "topic": "Topic",
    "subtopic": "Subtopic",
    "region": "Region",
    "department": "Department",
    "channel": "Channel",
    "responsible": "Responsible",
    "deputy": "Deputy",
    "absent": "Is away",
    "substitute": "Stands in",
    "word": "Word",
    "pipeline": "Pipeline",
    "stage": "Stage",
    "priority": "Priority",
    "hours": "Working hours",
    "stop_words": "Stop words",
    "valid_from": "Valid from",
    "valid_to": "Valid to",
    "effective_from": "In force from",
    "rows": "Rows",
    "by": "Published by",
}
_FOR_MACHINES = frozenset({"digest", "names", "entity_type_id"})
_PEOPLE = frozenset({"responsible", "deputy", "absent", "substitute"})
_MEANS_ALL: tuple[Any, ...] = (None, "", "*", [])


def row_in_words(text: str, wording: Wording, user: Callable[[Any], str]) -> str | None:
    """`Тема: возвраты, Ответственный: Светлана Агеева`; None when the text is no row of a directory.

    Args:
        text: what a field holds.
        wording: the reader's language.
        user: the name of a person by id.
    """
    if not text.startswith("{"):
        return None
    try:
        row = json.loads(text)
    except ValueError:
        return None
    if not isinstance(row, Mapping) or not row or row.keys() - _CALLED.keys() - _FOR_MACHINES:
        return None
    said = (
        f"{wording(_CALLED[key])}: {_said(key, row[key], wording, user)}"
        for key in _CALLED
        if key in row and row[key] not in _MEANS_ALL
    )
    return ", ".join(said)


def _said(key: str, value: Any, wording: Wording, user: Callable[[Any], str]) -> str:
    if key in _PEOPLE:
        return user(value)
    if key == "hours":
        return shown(tuple((int(start), int(end)) for start, end in value))
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if key in ("valid_from", "valid_to", "effective_from"):
        return wording.day(date.fromisoformat(str(value)[:10]))
    return str(value)
