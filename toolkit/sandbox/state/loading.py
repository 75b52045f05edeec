"""Filling a portal without going through REST: records by the million, a snapshot, a whole saved state.

load_records   many records of one kind        load_snapshot          a run's snapshot, for rehearsal
add_rows       rows of any other table         save_state, load_state everything, to and from one file
                                               reset                  as it came from the factory
"""

from __future__ import annotations

from .bulk import add_rows, blank_row, in_bulk, load_records
from .restoring import Restored, SnapshotFormatError, load_snapshot
from .states import StateError, load_state, reset, save_state

__all__ = [
    "Restored",
    "SnapshotFormatError",
    "StateError",
    "add_rows",
    "blank_row",
    "in_bulk",
    "load_records",
    "load_snapshot",
    "load_state",
    "reset",
    "save_state",
]
