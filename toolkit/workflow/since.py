"""What changed on a portal since somebody last looked: one request when that is little, or nothing.

The mark of the last look is kept beside the portal's runs. Records with a stamp are asked for from a little
before the mark on; those without one (lines of the call statistics) by the ids that came after it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.client import Command, Portal, method
from toolkit.errors import ToolkitError
from toolkit.records import entity
from toolkit.runs import Watch

__all__ = ["Mark", "changed_since", "mark_path"]

_OVERLAP_S = 120.0  # the portal keeps whole seconds, and a record may be saved while another is read
_PAGE = 50


@dataclass(frozen=True)
class Mark:
    """How far was looked.

    Args:
        since: the portal's time, ISO 8601.
        last: entity to the highest id there was, of those that have no stamp.
    """

    since: str
    last: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Mark | None:
        """The mark in a file; None when there is none."""
        return cls(**json.loads(path.read_text())) if path.exists() else None

    def write(self, path: Path) -> None:
        """Put the mark in place, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps({"since": self.since, "last": dict(self.last)}))
        fresh.replace(path)


def mark_path(root: Path, host: str, name: str, params: Any) -> Path:
    """Where the mark of an operation with these parameters is kept: per portal."""
    key = hashlib.sha256(params.model_dump_json().encode()).hexdigest()[:8]
    return root / host.replace(":", "_") / f"watch-{name}-{key}.json"


def changed_since(
    portal: Portal, watched: Mapping[str, Watch | Sequence[str]], mark: Mark | None
) -> tuple[Mark, dict[str, pd.DataFrame]]:
    """The mark of now, and the records that are new or were saved since the last one.

    Args:
        portal: where to look.
        watched: entity to what to read of its records.
        mark: of the last look; None for the first, which finds nothing and only sets a mark.

    Raises:
        ToolkitError: the portal could not say.
        IncompleteRead, PortalError: reading many changes failed.
    """
    watches = {name: each if isinstance(each, Watch) else Watch(list(each)) for name, each in watched.items()}
    asked = {name: each for name, each in watches.items() if mark is not None or not each.stamp}
    commands = [Command("server.time"), *(_look(name, each, mark) for name, each in asked.items())]
    outcomes = portal.send(commands)
    lost = next((each for each in outcomes if each.state != "done"), None)
    if lost is not None:
        raise ToolkitError(
            f"{portal.host} could not say what changed: {lost.code} {lost.message}. Try again later."
        )
    last = dict(mark.last) if mark is not None else {}
    changed: dict[str, list[dict[str, Any]]] = {name: [] for name in watches}
    for (name, each), command, outcome in zip(asked.items(), commands[1:], outcomes[1:], strict=True):
        rows = outcome.result if isinstance(outcome.result, list) else outcome.result["items"]
        if mark is not None:
            changed[name] = _all_of(portal, name, command, rows)
        if not each.stamp:
            found = [int(row[entity(name).id_field]) for row in (changed[name] or rows)]
            last[name] = max([*found, last.get(name, 0)])
    frames = {name: pd.DataFrame(rows, columns=list(watches[name].fields)) for name, rows in changed.items()}
    return Mark(str(outcomes[0].result), last), frames


def _look(name: str, watch: Watch, mark: Mark | None) -> Command:
    """The first page of what changed; without a mark, the newest record."""
    kind = entity(name)
    if mark is None:
        return Command(kind.list_method, {**kind.list_params([], {}), **_ordered(name, "DESC")})
    if watch.stamp:
        earlier = datetime.fromtimestamp(datetime.fromisoformat(mark.since).timestamp() - _OVERLAP_S, UTC)
        where = {**watch.filter, f">={watch.stamp}": earlier.isoformat(timespec="seconds")}
    else:
        where = {**watch.filter, f">{kind.id_field}": mark.last.get(name, 0)}
    return Command(kind.list_method, {**kind.list_params(list(watch.fields), where), **_ordered(name, "ASC")})


def _ordered(name: str, way: str) -> dict[str, Any]:
    kind = entity(name)
    paging = method(kind.list_method).paging
    if paging is not None and paging.order == "scalar":
        return {paging.sort_key: kind.id_field, paging.order_key: way}
    return {"order": {kind.id_field: way}, "start": -1}


def _all_of(
    portal: Portal, name: str, command: Command, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    if len(rows) < _PAGE:
        return [dict(row) for row in rows]
    ours = _ordered(name, "ASC")
    listing = {key: value for key, value in command.params.items() if key not in ours}
    return [row for page in portal.list(command.method, listing) for row in page]
