"""What a snapshot says about itself: where it comes from, who read it, what it holds, and the proof of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from toolkit.errors import SnapshotError

__all__ = ["MANIFEST", "EntityEntry", "Manifest"]

MANIFEST = "manifest.json"
_FORMAT = "b24kit-snapshot"
_VERSION = 1


@dataclass(frozen=True)
class EntityEntry:
    """One entity of a snapshot.

    Args:
        name: `contact`, `item:177`.
        file: Parquet file, inside the snapshot's folder.
        records: how many.
        bytes: size of the file.
        sha256: of the file, hexadecimal.
        method: the list method that was read; "" when the records did not come from a portal.
        params: what the method was called with, filter and select included; paging left out.
        wanted: the fields asked for; None for all.
        ids: how many records were asked for by id; None when the list was walked. `records` may be fewer.
        started, finished: ISO 8601, UTC.
        fields: column name to its definition as `crm.item.fields` spells it (`type`, `isMultiple`,
            `isDynamic`, `title`, ...).
        unread: column name to the number of its values that did not fit the type; these are in `raw` only.
        unanswered: fields asked for that no record carried.
    """

    name: str
    file: str
    records: int
    bytes: int
    sha256: str
    method: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    wanted: list[str] | None = None
    ids: int | None = None
    started: str = ""
    finished: str = ""
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Manifest:
    """A snapshot's own description, kept as `manifest.json`.

    Args:
        portal: host name.
        started, finished: ISO 8601, UTC.
        reader_id: the portal's user whose rights the records were read with.
        reader_is_admin: whether that user is an administrator; a weaker one is not shown everything and
            the lists do not say so.
        reader_name: as the profile answers it.
        offset_s: seconds the portal's server clock is ahead of UTC, as shown in its dates.
        clock_skew_s: seconds the portal's clock is ahead of this machine's.
        toolkit: version that wrote the snapshot.
        entities: by name.
    """

    portal: str
    started: str
    finished: str
    reader_id: int
    reader_is_admin: bool
    reader_name: str = ""
    offset_s: int = 0
    clock_skew_s: float = 0.0
    toolkit: str = ""
    entities: Mapping[str, EntityEntry] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text of `manifest.json`."""
        body = {"format": _FORMAT, "version": _VERSION, **asdict(self)}
        return json.dumps(body, ensure_ascii=False, indent=1, sort_keys=False) + "\n"

    @classmethod
    def read(cls, folder: Path) -> tuple[Manifest, str]:
        """The manifest of a snapshot's folder, and the SHA-256 of its text.

        Raises:
            SnapshotError: missing, not ours, or of a newer version.
        """
        path = folder / MANIFEST
        try:
            text = path.read_bytes()
        except OSError as error:
            raise SnapshotError(
                folder,
                f"has no readable {MANIFEST} ({error.strerror})",
                "Take the snapshot again; a folder without it was never finished.",
            ) from error
        try:
            body = json.loads(text)
            if body.pop("format") != _FORMAT:
                raise ValueError("another program's file")
            version = body.pop("version")
            if version != _VERSION:
                raise SnapshotError(
                    folder,
                    f"has format version {version!r}; this program reads {_VERSION}",
                    "Install the version of b24kit that wrote it, or take the snapshot again.",
                )
            entries = {name: EntityEntry(**entry) for name, entry in body.pop("entities").items()}
            manifest = cls(entities=entries, **body)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SnapshotError(
                folder, f"has a damaged {MANIFEST} ({error})", "Take the snapshot again."
            ) from error
        return manifest, hashlib.sha256(text).hexdigest()
