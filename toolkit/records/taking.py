"""Taking snapshots: of a portal, or of records that are at hand.

Records stream from pages into row groups: memory does not grow with the portal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from toolkit.client import Command, Outcome, method
from toolkit.errors import IncompleteRead, ParameterError, SnapshotError
from toolkit.records.catalogue import Entity, entity
from toolkit.records.manifest import MANIFEST, EntityEntry, Manifest
from toolkit.records.snapshots import Snapshot, Wanted
from toolkit.records.spellings import instant
from toolkit.records.storage import PrivateFile, appearing_whole
from toolkit.records.tables import Definitions, TableFacts, read_columns, write_table

__all__ = ["ReadablePortal", "take_snapshot", "write_snapshot"]

LINK_WITHHELD = "withheld"
"""What a snapshot says of a link that must not be written down."""

_Page = list[dict[str, Any]]
_SPELLING = "Check the spelling; custom fields are named as crm.item.fields names them (ufCrm...)."
_COMMANDS = 50  # in one batch
_IDS = 50  # in one command: what one page holds, so that no page has a successor


class _Clock(Protocol):
    def now(self) -> float: ...


class ReadablePortal(Protocol):
    """What taking a snapshot needs of `toolkit.client.Portal`."""

    @property
    def host(self) -> str:
        """Host name."""
        ...

    def send(self, commands: Sequence[Command]) -> list[Outcome]:
        """Carry out up to 50 commands; one outcome each, in their order."""
        ...

    def error_of(self, method: str, outcome: Outcome) -> Exception:
        """The exception that says what an outcome other than `done` says."""
        ...

    def list(self, method: str, params: Mapping[str, Any] | None = None) -> Iterator[_Page]:
        """All records of a list method, proven complete, by pages."""
        ...


def take_snapshot(
    portal: ReadablePortal,
    wanted: Sequence[Wanted],
    folder: Path | str,
    *,
    clock: _Clock,
    progress: Callable[[str, int], None] | None = None,
) -> Snapshot:
    """Copy records of a portal into a folder that appears only when it is complete.

    One request asks who reads, the portal's time and all field definitions; then each entity is walked.

    Args:
        portal: the client's portal.
        wanted: what to read, in this order; an entity once.
        folder: must not exist.
        clock: for the times in the manifest.
        progress: called after each page with the entity's name and the records read of it so far.

    Raises:
        ParameterError: a field is not a field of its entity; nothing of it was read.
        SnapshotError: the folder exists, a wanted field is answered by no record, or a record came twice.
        StorageError: the disk is full or the folder cannot be written; nothing is left behind.
        IncompleteRead, PortalError: as the portal raises them; nothing is left behind.

    Source:
        api-reference/common/users/profile.md, api-reference/common/system/server-time.md,
        api-reference/crm/universal/crm-item-fields.md, read 2026-11-22.
    """
    folder = Path(folder)
    kinds = [entity(each.entity) for each in wanted]
    if len({kind.name for kind in kinds}) != len(kinds):
        raise SnapshotError(folder, "was asked for one entity twice", "Ask once, with both lists of fields.")
    with appearing_whole(folder) as part:
        started = clock.now()
        profile, server_time, definitions = _introduction(portal, kinds)
        skew = server_time.timestamp() - (started + clock.now()) / 2
        for kind, each in zip(kinds, wanted, strict=True):
            _check_fields(portal, kind, each, definitions[kind.name])
        entries: dict[str, EntityEntry] = {}
        for kind, each in zip(kinds, wanted, strict=True):
            reading = _Reading(portal, kind, each, definitions[kind.name], part, clock, progress)
            entries[kind.name] = reading.carry_out(folder, entries)
        offset = server_time.utcoffset()
        manifest = Manifest(
            portal=portal.host,
            started=_moment(started),
            finished=_moment(clock.now()),
            reader_id=int(profile["ID"]),
            reader_is_admin=profile.get("ADMIN") is True,
            reader_name=" ".join(filter(None, [profile.get("NAME"), profile.get("LAST_NAME")])),
            offset_s=int(offset.total_seconds()) if offset else 0,
            clock_skew_s=round(skew, 1),
            toolkit=_toolkit_version(),
            entities=entries,
        )
        _write_manifest(part, manifest)
    return Snapshot.open(folder)


def write_snapshot(
    records: Mapping[str, Iterable[Mapping[str, Any]]],
    folder: Path | str,
    *,
    portal: str = "example.bitrix24.ru",
    definitions: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    reader_id: int = 1,
    reader_is_admin: bool = True,
    moment: datetime | None = None,
    offset_s: int = 10800,
) -> Snapshot:
    """Make a snapshot of records that are at hand, without a portal.

    Args:
        records: entity name to records as on the wire; any iterable, read once and streamed.
        folder: must not exist.
        portal: host name to write into the manifest.
        definitions: entity name to fields as `crm.item.fields` answers them; the documentation's fields are
            known anyway, other fields are guessed from the first records.
        reader_id, reader_is_admin: who is said to have read them.
        moment: when they are said to have been read, aware; None for the beginning of 2026.
        offset_s: the portal's offset from UTC, seconds.

    Raises:
        SnapshotError, StorageError: as `take_snapshot`.
    """
    folder = Path(folder)
    text = (moment or datetime(2026, 1, 1, tzinfo=UTC)).astimezone(UTC).isoformat(timespec="seconds")
    with appearing_whole(folder) as part:
        entries = {}
        for given, rows in records.items():
            kind = entity(given)
            known = {**kind.documented, **(definitions or {}).get(given, {})}
            facts = write_table(part / kind.file_name, _pages(map(kind.numbered, rows)), kind.id_field, known)
            _require_unique_ids(part / kind.file_name, kind, folder)
            entries[kind.name] = _entry_of(kind, facts, started=text, finished=text)
        manifest = Manifest(
            portal=portal,
            started=text,
            finished=text,
            reader_id=reader_id,
            reader_is_admin=reader_is_admin,
            offset_s=offset_s,
            toolkit=_toolkit_version(),
            entities=entries,
        )
        _write_manifest(part, manifest)
    return Snapshot.open(folder)


class _Reading:
    """One entity on its way from the portal into its file."""

    def __init__(
        self,
        portal: ReadablePortal,
        kind: Entity,
        wanted: Wanted,
        defined: Definitions,
        part: Path,
        clock: _Clock,
        progress: Callable[[str, int], None] | None,
    ) -> None:
        self.portal, self.kind, self.wanted, self.defined = portal, kind, wanted, defined
        self.part, self.clock, self.progress = part, clock, progress
        self.params = (
            {} if kind.family in {"fields", "single"} else kind.list_params(wanted.fields, wanted.filter)
        )

    def carry_out(self, folder: Path, earlier: Mapping[str, EntityEntry]) -> EntityEntry:
        kind, wanted = self.kind, self.wanted
        started = _moment(self.clock.now())
        ids = self._ids(earlier)
        path = self.part / kind.file_name
        known = kind.documented if kind.family == "fields" else {**kind.documented, **self.defined}
        facts = write_table(path, self._counted(self._pages(ids)), kind.id_field, known, wanted.fields)
        missing = set(facts.unanswered) & set(wanted.fields or ())
        if missing and kind.family == "item":
            raise SnapshotError(
                folder,
                f"would be incomplete: no {kind.name} answered {', '.join(sorted(missing))}",
                "Ask the portal's admin whether the field is switched on and the webhook's user may read it.",
            )
        _require_unique_ids(path, kind, folder)
        return _entry_of(
            kind,
            facts,
            started=started,
            finished=_moment(self.clock.now()),
            method=kind.list_method,
            params=self.params,
            wanted=wanted.fields,
            ids=None if ids is None else len(ids),
        )

    def _pages(self, ids: list[int] | None) -> Iterator[_Page]:
        if self.kind.family == "fields":
            yield [{"name": name, **one} for name, one in self.defined.items()]
        elif self.kind.family == "single":
            yield from self._one_by_one(ids)
        elif ids is None:
            for page in self.portal.list(self.kind.list_method, self.params):
                yield [dict(self.kind.numbered(row)) for row in page] if self.kind.numbered_by else page
        else:
            yield from self._pages_by_id(ids)

    def _counted(self, pages: Iterable[_Page]) -> Iterator[_Page]:
        read = 0
        for page in pages:
            yield _without_links(page) if self.kind.name == "call" else page
            read += len(page)
            if self.progress is not None:
                self.progress(self.kind.name, read)

    def _ids(self, earlier: Mapping[str, EntityEntry]) -> list[int] | None:
        wanted = self.wanted
        if wanted.ids is None and not wanted.linked_from:
            return None
        found = set(wanted.ids or ())
        for source, column in wanted.linked_from:
            entry = earlier.get(entity(source).name)
            if entry is None or column not in entry.fields:
                raise ParameterError(
                    "records",
                    "linked_from",
                    (source, column),
                    "has not been read before it",
                    "Put the entity with that field before this one.",
                )
            links = read_columns(self.part / entry.file, [column]).column(0)
            if pa.types.is_list(links.type):
                links = pc.list_flatten(links)
            found.update(pc.unique(links.drop_null()).to_pylist())
        return sorted(found)

    def _one_by_one(self, ids: list[int] | None) -> Iterator[_Page]:
        """What a method answers for one record at a time, fifty to a request."""
        kind = self.kind
        if ids is None:
            raise ParameterError(
                "records",
                kind.name,
                None,
                "is read for certain records only",
                "Say which: ids or linked_from.",
            )
        for start in range(0, len(ids), _COMMANDS):
            part = ids[start : start + _COMMANDS]
            commands = [Command(kind.list_method, {**kind.base_params, kind.asked_by: each}) for each in part]
            page: _Page = []
            for each, command, outcome in zip(part, commands, self.portal.send(commands), strict=True):
                if outcome.state == "done":
                    page.extend(_answered(kind, each, outcome.result))
                elif outcome.state != "rejected" or outcome.code not in kind.absent_codes:
                    raise self.portal.error_of(command.method, outcome)
            yield page

    def _pages_by_id(self, ids: list[int]) -> Iterator[_Page]:
        kind = self.kind
        where = dict(self.wanted.filter)
        # The call list knows no "@"; there an array is IN by itself.
        key = kind.id_field if kind.name == "call" else f"@{kind.id_field}"
        if not kind.filter_key or kind.numbered_by or key in where:
            raise ParameterError(
                "records", "ids", len(ids), f"cannot be asked for in {kind.list_method}", "Leave them out."
            )
        for start in range(0, len(ids), _IDS * _COMMANDS):
            part = ids[start : start + _IDS * _COMMANDS]
            commands = [
                Command(
                    kind.list_method,
                    {**self.params, kind.filter_key: {**where, key: part[first : first + _IDS]}, "start": -1},
                )
                for first in range(0, len(part), _IDS)
            ]
            page: _Page = []
            for command, rows in zip(commands, self._rows(commands), strict=True):
                page.extend(rows)
                asked = set(command.params[kind.filter_key][key])
                if any(int(row[kind.id_field]) not in asked for row in rows):
                    # A filter the portal does not understand selects everything.
                    raise IncompleteRead(
                        self.portal.host, kind.list_method, "it answered records not asked for"
                    )
            yield sorted(page, key=lambda row: int(row[kind.id_field]))

    def _rows(self, commands: Sequence[Command]) -> Iterator[_Page]:
        paging = method(self.kind.list_method).paging
        for result in _results(self.portal, commands):
            # Some methods nest their rows; an empty map arrives as [].
            yield result.get(paging.container, []) if paging and isinstance(result, dict) else result


def _without_links(page: _Page) -> _Page:
    """Calls of which only that there is a link to the recording is kept: whoever has it, can listen."""
    return [{**row, "CALL_RECORD_URL": LINK_WITHHELD} if row.get("CALL_RECORD_URL") else row for row in page]


def _answered(kind: Entity, asked: int, result: Any) -> _Page:
    """The records of one answer: several in an envelope, one in an envelope, or a value without a name."""
    if not result:
        return []
    if isinstance(result, Mapping) and len(result) == 1:
        inner = next(iter(result.values()))
        if isinstance(inner, list):
            return list(inner)
        result = inner if isinstance(inner, Mapping) else result
    if isinstance(result, Mapping):
        return [{**result, kind.id_field: asked}]
    return [{kind.id_field: asked, "value": result}]


def _introduction(
    portal: ReadablePortal, kinds: Sequence[Entity]
) -> tuple[dict[str, Any], datetime, dict[str, Definitions]]:
    """Who reads, the portal's time, and the field definitions of each entity that has such a method."""
    asking = [kind for kind in kinds if kind.family in {"item", "fields"}]
    commands = [Command("profile", {}), Command("server.time", {})]
    commands += [Command("crm.item.fields", dict(kind.base_params)) for kind in asking]
    results: list[Any] = []
    for start in range(0, len(commands), _COMMANDS):
        results.extend(_results(portal, commands[start : start + _COMMANDS]))
    definitions: dict[str, Definitions] = {kind.name: {} for kind in kinds}
    for kind, result in zip(asking, results[2:], strict=True):
        definitions[kind.name] = _corrected(kind, result["fields"])
    return results[0], instant(results[1]).astimezone(datetime.fromisoformat(results[1]).tzinfo), definitions


def _results(portal: ReadablePortal, commands: Sequence[Command]) -> list[Any]:
    results = []
    for command, outcome in zip(commands, portal.send(commands), strict=True):
        if outcome.state != "done":
            raise portal.error_of(command.method, outcome)
        results.append(outcome.result)
    return results


def _corrected(kind: Entity, fields: Definitions) -> Definitions:
    if kind.family == "item" and "contacts" in fields:
        # Announced as a list of ids; answered as a list of bindings with their order and role.
        return {**fields, "contacts": {**fields["contacts"], "type": "object", "isMultiple": False}}
    return fields


def _check_fields(portal: ReadablePortal, kind: Entity, wanted: Wanted, defined: Definitions) -> None:
    if kind.family != "item":
        return
    for name in wanted.fields or ():
        if name not in defined and name not in kind.documented:
            raise ParameterError(
                "records", "fields", name, f"is not a field of {kind.name} on {portal.host}", _SPELLING
            )


def _entry_of(
    kind: Entity,
    facts: TableFacts,
    *,
    started: str,
    finished: str,
    method: str = "",
    params: Mapping[str, Any] | None = None,
    wanted: list[str] | None = None,
    ids: int | None = None,
) -> EntityEntry:
    return EntityEntry(
        name=kind.name,
        file=kind.file_name,
        records=facts.records,
        bytes=facts.size,
        sha256=facts.sha256,
        method=method,
        params=params or {},
        wanted=wanted,
        ids=ids,
        started=started,
        finished=finished,
        fields=facts.fields,
        unread=facts.unread,
        unanswered=facts.unanswered,
    )


def _require_unique_ids(path: Path, kind: Entity, folder: Path) -> None:
    ids = read_columns(path, [kind.id_field]).column(0).combine_chunks()
    if not ids.null_count and pc.all(pc.less(ids[:-1], ids[1:])).as_py() is not False:
        return  # growing, as a walk by id leaves them
    if ids.null_count or len(ids.unique()) != len(ids):
        raise SnapshotError(
            folder,
            f"would be wrong: {kind.name} records came twice or without {kind.id_field}",
            "The portal changed while it was read by offset, or answers oddly; take the snapshot again.",
        )


def _pages(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    remaining = iter(rows)
    while page := list(islice(remaining, 2500)):
        yield page


def _write_manifest(part: Path, manifest: Manifest) -> None:
    with PrivateFile(part / MANIFEST) as file:
        file.write(manifest.to_json().encode())


def _moment(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="seconds")


def _toolkit_version() -> str:
    try:
        return version("b24kit")
    except PackageNotFoundError:  # run from a checkout
        return ""
