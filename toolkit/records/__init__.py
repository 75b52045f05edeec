"""Records of a portal: which kinds there are, how their values read, and copies of them on disk.

May import `client`, `settings` and `errors`. Start reading at `catalogue` (what a contact is to the portal),
then `values` (when two values mean the same), then `snapshots` (the file format) and `taking`.
"""

from __future__ import annotations

from toolkit.records.catalogue import Entity, entities, entity
from toolkit.records.columns import same_columns
from toolkit.records.comparison import Difference, compare
from toolkit.records.fieldtypes import FieldType, field_type
from toolkit.records.manifest import EntityEntry, Manifest
from toolkit.records.multifields import multifields
from toolkit.records.retention import SnapshotOnDisk, list_snapshots, older_than, prune
from toolkit.records.snapshots import Snapshot, Wanted
from toolkit.records.spellings import calendar_day, instant, read_value
from toolkit.records.taking import ReadablePortal, take_snapshot, write_snapshot
from toolkit.records.values import is_empty, normalise, same, to_wire

__all__ = [
    "Difference",
    "Entity",
    "EntityEntry",
    "FieldType",
    "Manifest",
    "ReadablePortal",
    "Snapshot",
    "SnapshotOnDisk",
    "Wanted",
    "calendar_day",
    "compare",
    "entities",
    "entity",
    "field_type",
    "instant",
    "is_empty",
    "list_snapshots",
    "multifields",
    "normalise",
    "older_than",
    "prune",
    "read_value",
    "same",
    "same_columns",
    "take_snapshot",
    "to_wire",
    "write_snapshot",
]
