"""The way back: what people changed in the portal of the deals and calls that came out of another system.

    mark ──▶ read what was saved since ──▶ compare with what that system knows ──▶ a file ──▶ the mark moves

That system knows what it was told last, and what loads of its rows wrote since: only what differs from that is told
(`comparing`). Start at `portal_changes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd

from toolkit.errors import ParameterError
from toolkit.operations.load_contact_centre import LoadContactCentre
from toolkit.runs import Run
from toolkit.runs.folder import portal_folder
from toolkit.workflow.contact_centre.comparing import Looking
from toolkit.workflow.contact_centre.ledger import Ledger, Seen
from toolkit.workflow.contact_centre.ours import written_since
from toolkit.workflow.contact_centre.tables import COLUMNS, in_words, write_changes
from toolkit.workflow.telephone import telephone
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["PortalChanges", "portal_changes"]


@dataclass(frozen=True)
class PortalChanges:
    """What people changed since the last pass.

    Args:
        system: whose deals and calls.
        since: the moment of the last pass, or the one asked for; None for the first pass.
        table: one row per change, oldest first; columns row (id in the other system), kind (`request`, `call`), deal,
            activity (ids, 0 for none), field (`stage`, `responsible`, `result`, `comment`, `timeline_comment`), before,
            after (names; `open`, `won`, `lost`, `done` of a result), before_id, after_id (codes and ids, ""
            where there are none), at (UTC), by, by_id (who, as far as the portal says), link.
        language: of headings in a workbook.
    """

    system: str
    since: datetime | None
    table: pd.DataFrame
    language: str = "ru"
    _ledger: Ledger = field(repr=False, kw_only=True)
    _marks: Mapping[str, str] = field(repr=False, kw_only=True)
    _seen: Seen = field(repr=False, kw_only=True)
    _offset: timedelta = field(repr=False, kw_only=True)

    def write(self, path: Path | str) -> Path:
        """The changes as a file that is either whole or absent; the moments in the portal's time.

        Args:
            path: .xlsx, .csv, .jsonl or .parquet; replaced when it is there. What would be a formula is text.

        Raises:
            ParameterError: it ends in something else.
            StorageError: it cannot be written.
        """
        return write_changes(self.table, Path(path), offset=timezone(self._offset), language=self.language)

    def in_words(self) -> pd.DataFrame:
        """The changes as a person reads them, in the language of the settings and the portal's time."""
        return in_words(self.table, offset=timezone(self._offset), language=self.language)

    def _repr_html_(self) -> str:
        """The changes as a notebook shows them."""
        return str(self.in_words().to_html(index=False, escape=True))

    def move_on(self) -> None:
        """Let the next pass begin where this one ended: call it once the file is where it should be. A pass that was
        asked for by a date moves nothing.

        Raises:
            StorageError: it could not be kept; the next pass says the same again.
        """
        if self._marks:
            rows = self.table.assign(at=self.table["at"].map(_utc)).to_dict("records")
            told = [{str(name): value for name, value in each.items()} for each in rows]
            self._ledger.move(self._marks, self._seen, told)


def portal_changes(
    work: Workspace, system: str, *, since: datetime | None = None, every_comment: bool = False
) -> PortalChanges:
    """What people changed of the deals and calls of a system: stage, responsible, result, comments.

    Args:
        work: where.
        system: its short name, as in `load_contact_centre`.
        since: all changes of that moment and later, aware, those that were told before among them; None for those since
            the last pass.
        every_comment: ask every deal of the system for comments, a command each; otherwise only deals that were saved,
            or of which the portal says that something happened in their timelines. Whether a comment counts as that,
            the documentation leaves open.

    Raises:
        ParameterError: `since` has no time zone, or the system's name is none.
        PortalError, IncompleteRead: the portal could not be read.
        StorageError, PlanError: the ledger or the files of a run are damaged.
    """
    if since is not None and since.tzinfo is None:
        raise ParameterError(
            "changes", "since", since, "has no time zone", "Write it like 2026-05-01T00:00+03:00."
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,20}", system):
        raise ParameterError(
            "changes",
            "system",
            system,
            "is no short name of a system",
            "Write it as in the load: letters, digits, - _.",
        )
    with connect(work) as portal:
        path = portal_folder(work.root, portal.host) / f"contact-centre-{system}.sqlite"
        ledger = Ledger(path)
        marks, seen = ledger.marks(), ledger.seen()
        began = work.clock.now()
        ours = _ours(work, portal.host, system, float(marks.get("runs", 0)))
        calls = telephone(portal, work.settings) != "no"
        looking = Looking(portal, system, marks, seen, _joined(seen, ours), calls)
        rows = looking.rows(every_comment=every_comment)
        # What a load wrote while this pass was reading is left to the next one.
        rows = looking.without(rows, _ours(work, portal.host, system, began))
    if since is not None:
        told = [{**each, "at": datetime.fromisoformat(each["at"])} for each in ledger.told(_utc(since))]
        rows = [*told, *(each for each in rows if each["at"] >= since)]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).drop_duplicates(ignore_index=True)
    table["at"] = pd.to_datetime(table["at"], utc=True)
    table = table.sort_values(["at", "kind", "row", "field", "after"], kind="stable", ignore_index=True)
    last = datetime.fromisoformat(marks["since"]) if "since" in marks else None
    return PortalChanges(
        system,
        since or last,
        table,
        work.settings.language,
        _ledger=ledger,
        _marks={} if since is not None else {**looking.marks, "runs": str(began)},
        _seen=looking.fresh,
        _offset=looking.offset,
    )


def _ours(work: Workspace, host: str, system: str, since: float) -> Seen:
    """What loads of the system's rows wrote. What other runs did, a handover, is news for it like anybody's work."""
    runs = [
        run
        for run in Run.all(work.root, work.clock.now)
        if run.facts.portal == host
        and not run.facts.rehearses
        and run.facts.operation == LoadContactCentre.name
        and run.facts.parameters.get("system") == system
    ]
    try:
        return written_since(runs, since)
    finally:
        for run in runs:
            run.close()


def _joined(one: Seen, other: Seen) -> Seen:
    return {key: {**one.get(key, {}), **other.get(key, {})} for key in {*one, *other}}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
