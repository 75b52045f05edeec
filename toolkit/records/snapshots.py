"""Snapshots: write-once copies of a portal's records.

The format, for readers that do not use this module:

    <snapshot>/
      manifest.json      UTF-8 JSON, see `manifest`: format "b24kit-snapshot", version 1, portal, reader_id,
                         reader_is_admin, started, finished, offset_s, and `entities`: name ->
                         {file, records, bytes, sha256, method, params, wanted, fields, unread, ...}
      contact.parquet    one file per entity, zstd; `item:177` lives in item-177.parquet
        <field> ...      one typed column per field, named as on the wire; types as `columns` lists them
        raw              string: the record as the portal answered it, as one JSON object

    `entities[name].fields` holds each field's definition as `crm.item.fields` spells it, so a sandbox can
    rebuild custom fields from it. `raw` is complete except for access tokens inside file links (see
    `masking`); its rows are in the order read, which is by id. A folder named `<snapshot>.part` is
    unfinished and never to be trusted. A file whose SHA-256 differs from the manifest's is damaged.

Records stream from the portal's pages into row groups: memory does not grow with the portal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from toolkit.errors import ParameterError, SnapshotError
from toolkit.records.catalogue import Entity, entity
from toolkit.records.columns import to_pandas
from toolkit.records.fieldtypes import FieldType
from toolkit.records.manifest import MANIFEST, EntityEntry, Manifest
from toolkit.records.storage import PrivateFile, appearing_whole, sha256_of
from toolkit.records.tables import RAW, TableFacts, defined_type, read_columns, read_raw, write_table
from toolkit.records.values import instant

__all__ = ["Snapshot", "Wanted", "take_snapshot", "write_snapshot"]

_SPELLING = "Check the spelling; custom fields are named as crm.item.fields names them (ufCrm...)."


class _Clock(Protocol):
    def now(self) -> float: ...


class _Portal(Protocol):
    @property
    def host(self) -> str: ...

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any: ...

    def list(
        self, method: str, params: Mapping[str, Any] | None = None
    ) -> Iterator[list[dict[str, Any]]]: ...


@dataclass(frozen=True)
class Wanted:
    """What to read of one entity.

    Args:
        entity: its name in the catalogue.
        fields: names as on the wire; None for everything. The id is always read. `fm` (all phones and
            e-mails) makes the portal answer everything; only the named fields become columns.
        filter: as the list method understands it; empty for all records.
    """

    entity: str
    fields: list[str] | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)


class Snapshot:
    """A finished snapshot, opened for reading.

    Args:
        folder: where it lives; use `Snapshot.open`.
        manifest: what it says about itself.
        digest: SHA-256 of the manifest, which holds the hashes of the files: names this exact snapshot.
    """

    def __init__(self, folder: Path, manifest: Manifest, digest: str) -> None:
        self.folder, self.manifest, self.digest = folder, manifest, digest
        self._checked: set[str] = set()

    @classmethod
    def open(cls, folder: Path | str) -> Snapshot:
        """The snapshot in a folder; its files are hashed when they are first read.

        Raises:
            SnapshotError: not a finished snapshot, or a file is missing or of the wrong size.
        """
        folder = Path(folder)
        if folder.name.endswith(".part"):
            raise SnapshotError(folder, "was never finished", "Take the snapshot again.")
        manifest, digest = Manifest.read(folder)
        for entry in manifest.entities.values():
            path = folder / entry.file
            if not path.is_file() or path.stat().st_size != entry.bytes:
                problem = f"has lost {entry.file}, or part of it"
                raise SnapshotError(folder, problem, "Restore the folder from a copy, or take it again.")
        return cls(folder, manifest, digest)

    @property
    def entities(self) -> list[str]:
        """The names of the entities it holds."""
        return list(self.manifest.entities)

    def count(self, name: str) -> int:
        """How many records of an entity it holds."""
        return self._entry(name).records

    def columns(self, name: str) -> list[str]:
        """The typed columns of an entity, the id first."""
        return list(self._entry(name).fields)

    def field_types(self, name: str) -> dict[str, FieldType]:
        """Column to field type, as the portal defined the fields when the snapshot was taken."""
        return {column: defined_type(one) for column, one in self._entry(name).fields.items()}

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The records of an entity as typed columns, one row per record, in the order of their ids.

        Args:
            name: the entity.
            columns: which; None for all. `"raw"` gives the record as JSON text.

        Returns:
            dtypes as `columns` lists them.

        Raises:
            SnapshotError: the entity or a column is not in it, or the file is damaged.
        """
        chosen = self.columns(name) if columns is None else list(columns)
        unknown = set(chosen) - {*self.columns(name), RAW}
        if unknown:
            raise SnapshotError(
                self.folder,
                f"has no column {', '.join(sorted(unknown))} of {name}",
                "Take a snapshot that asks for it.",
            )
        return to_pandas(read_columns(self.path(name), chosen))

    def records(self, name: str) -> Iterator[dict[str, Any]]:
        """The records of an entity as the portal answered them, one at a time.

        Raises:
            SnapshotError: the entity is not in it, or the file is damaged.
        """
        return read_raw(self.path(name))

    def path(self, name: str) -> Path:
        """The Parquet file of an entity, its hash checked.

        Raises:
            SnapshotError: the entity is not in it, or the file is damaged.
        """
        entry = self._entry(name)
        path = self.folder / entry.file
        if name not in self._checked:
            try:
                found = sha256_of(path)
            except OSError as error:
                found = error.strerror or "unreadable"
            if found != entry.sha256:
                problem = f"is damaged: {entry.file} is not the file that was written"
                raise SnapshotError(self.folder, problem, "Restore it from a copy, or take it again.")
            self._checked.add(name)
        return path

    def _entry(self, name: str) -> EntityEntry:
        entry = self.manifest.entities.get(entity(name).name)
        if entry is None:
            held = ", ".join(self.entities) or "nothing"
            raise SnapshotError(
                self.folder, f"holds no {name}; it holds {held}", "Take a snapshot that asks for it."
            )
        return entry

    def __repr__(self) -> str:
        counts = ", ".join(f"{entry.name} {entry.records}" for entry in self.manifest.entities.values())
        return f"Snapshot({self.manifest.portal}, {self.manifest.finished}: {counts})"


def take_snapshot(
    portal: _Portal,
    wanted: Sequence[Wanted],
    folder: Path | str,
    *,
    clock: _Clock,
    progress: Callable[[str, int], None] | None = None,
) -> Snapshot:
    """Copy records of a portal into a folder that appears only when it is complete.

    Args:
        portal: the client's portal.
        wanted: what to read; an entity once.
        folder: must not exist.
        clock: for the times in the manifest.
        progress: called after each page with the entity's name and the records read of it so far.

    Raises:
        SnapshotError: the folder exists, a field is unknown to the portal or is answered by no record.
        StorageError: the disk is full or the folder cannot be written; nothing is left behind.
        IncompleteRead, PortalError: as the portal raises them; nothing is left behind.

    Source:
        api-reference/common/users/profile.md, api-reference/common/system/server-time.md,
        api-reference/crm/universal/crm-item-fields.md, read 2026-11-22.
    """
    folder = Path(folder)
    names = [entity(each.entity).name for each in wanted]
    if len(set(names)) != len(names):
        raise SnapshotError(folder, "was asked for one entity twice", "Ask once, with both lists of fields.")
    with appearing_whole(folder) as part:
        started = clock.now()
        profile = portal.call("profile")
        asked = clock.now()
        server_time = datetime.fromisoformat(portal.call("server.time"))
        offset = server_time.utcoffset()
        entries = {}
        for name, each in zip(names, wanted, strict=True):
            entries[name] = _read_entity(portal, each, part, folder, clock, progress)
        manifest = Manifest(
            portal=portal.host,
            started=_moment(started),
            finished=_moment(clock.now()),
            reader_id=int(profile["ID"]),
            reader_is_admin=profile.get("ADMIN") is True,
            reader_name=" ".join(filter(None, [profile.get("NAME"), profile.get("LAST_NAME")])),
            offset_s=int(offset.total_seconds()) if offset else 0,
            clock_skew_s=round(instant(server_time).timestamp() - asked, 1),
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
            facts = write_table(part / kind.file_name, _pages(rows), kind.id_field, known)
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


def _read_entity(
    portal: _Portal,
    wanted: Wanted,
    part: Path,
    folder: Path,
    clock: _Clock,
    progress: Callable[[str, int], None] | None,
) -> EntityEntry:
    kind = entity(wanted.entity)
    started = _moment(clock.now())
    defined = _definitions(portal, kind)
    known = {**kind.documented, **defined}
    if wanted.fields is not None and kind.family == "item":
        for name in wanted.fields:
            if name not in known:
                raise ParameterError(
                    "records", "fields", name, f"is not a field of {kind.name} on {portal.host}", _SPELLING
                )
    params = kind.list_params(wanted.fields, wanted.filter)

    def pages() -> Iterator[list[dict[str, Any]]]:
        if kind.family == "fields":
            yield [{"name": name, **one} for name, one in defined.items()]
            return
        read = 0
        for page in portal.list(kind.list_method, params):
            yield page
            read += len(page)
            if progress is not None:
                progress(kind.name, read)

    columns = {} if kind.family == "fields" else defined
    facts = write_table(
        part / kind.file_name, pages(), kind.id_field, {**kind.documented, **columns}, wanted.fields
    )
    missing = set(facts.unanswered) & set(wanted.fields or ())
    if missing and kind.family == "item":
        raise SnapshotError(
            folder,
            f"would be incomplete: no {kind.name} answered {', '.join(sorted(missing))}",
            "Ask the portal's admin whether the field is switched on and the webhook's user may read it.",
        )
    _require_unique_ids(part / kind.file_name, kind, folder)
    return _entry_of(
        kind, facts, started=started, finished=_moment(clock.now()), params=params, wanted=wanted.fields
    )


def _definitions(portal: _Portal, kind: Entity) -> dict[str, dict[str, Any]]:
    if kind.family not in {"item", "fields"}:
        return {}
    fields: dict[str, dict[str, Any]] = portal.call("crm.item.fields", dict(kind.base_params))["fields"]
    if kind.family == "item" and "contacts" in fields:
        # Announced as a list of ids; answered as a list of bindings with their order and role.
        fields = {**fields, "contacts": {**fields["contacts"], "type": "object", "isMultiple": False}}
    return fields


def _entry_of(
    kind: Entity,
    facts: TableFacts,
    *,
    started: str,
    finished: str,
    params: Mapping[str, Any] | None = None,
    wanted: list[str] | None = None,
) -> EntityEntry:
    return EntityEntry(
        name=kind.name,
        file=kind.file_name,
        records=facts.records,
        bytes=facts.size,
        sha256=facts.sha256,
        method=kind.list_method if params is not None else "",
        params=params or {},
        wanted=wanted,
        started=started,
        finished=finished,
        fields=facts.fields,
        unread=facts.unread,
        unanswered=facts.unanswered,
    )


def _require_unique_ids(path: Path, kind: Entity, folder: Path) -> None:
    ids = read_columns(path, [kind.id_field]).column(0)
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
