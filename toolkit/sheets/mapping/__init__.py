"""Exports of another system: whatever their headings and dates, as rows an operation takes.

`read_export` reads a file, `propose_mapping` guesses which heading is which field, `mapped_rows` makes rows out of it
and says what is wrong, cell by cell, in Russian and English.
"""

from __future__ import annotations

from toolkit.sheets.mapping.exports import read_export
from toolkit.sheets.mapping.mapped import CellProblem, Mapped, mapped_rows
from toolkit.sheets.mapping.moments import read_moment
from toolkit.sheets.mapping.proposal import FIELDS, propose_mapping

__all__ = [
    "FIELDS",
    "CellProblem",
    "Mapped",
    "mapped_rows",
    "propose_mapping",
    "read_export",
    "read_moment",
]
