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
    `client.masking`); its rows are in the order read, which is by id. A folder named `<snapshot>.part` is
    unfinished and never to be trusted. A file whose SHA-256 differs from the manifest's is damaged.

How one is taken is in `taking`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit.errors import SnapshotError
from toolkit.records.catalogue import entity
from toolkit.records.columns import to_pandas
from toolkit.records.fieldtypes import FieldType
from toolkit.records.manifest import EntityEntry, Manifest
from toolkit.records.storage import sha256_of
from toolkit.records.tables import RAW, defined_type, read_columns, read_raw

__all__ = ["Snapshot", "Wanted"]


@dataclass(frozen=True)
class Wanted:
    """What to read of one entity.

    Args:
        entity: its name in the catalogue.
        fields: names as on the wire; None for everything. The id is always read. `fm` (all phones and
            e-mails) makes the portal answer everything; only the named fields become columns.
        filter: as the list method understands it; empty for all records.
        ids: read only these records; ids the portal does not answer are simply not in the snapshot.
        linked_from: read only the records these columns point to, as (entity, column) of entities wanted
            earlier in the same snapshot: `(("deal", "contactIds"),)` for the contacts of the deals read.
    """

    entity: str
    fields: list[str] | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)
    ids: Sequence[int] | None = None
    linked_from: tuple[tuple[str, str], ...] = ()


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
            dtypes as `columns` lists them; where it was read on a portal, `attrs["read_at"]` says when (ISO 8601,
            UTC): no record of it can be younger.

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
        table = to_pandas(read_columns(self.path(name), chosen))
        entry = self._entry(name)
        if entry.method:
            table.attrs["read_at"] = entry.finished
        return table

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

    def _repr_html_(self) -> str:
        about = self.manifest
        reader = f"user {about.reader_id}" + ("" if about.reader_is_admin else ", not an administrator")
        rows = "".join(
            f"<tr><td>{escape(entry.name)}</td><td>{entry.records:,}</td>"
            f"<td>{entry.bytes / 2**20:,.1f}</td></tr>"
            for entry in about.entities.values()
        )
        return (
            f"<p><b>{escape(about.portal)}</b>, read {escape(about.finished)} by {escape(reader)}</p>"
            f"<table><tr><th>entity</th><th>records</th><th>MiB</th></tr>{rows}</table>"
        )
