"""Exports of another system: whatever their headings and dates, as rows an operation takes.

`open_export` reads a file with the places of its cells, `propose` guesses which heading is which field, an
`ExportMapping` is what a person makes of the guess, and `mapped_rows` makes rows by it and says what is wrong, cell by
cell, in Russian and English.
"""

from __future__ import annotations

from toolkit.sheets.mapping.exports import LINES, Broken, Export, open_export, read_export
from toolkit.sheets.mapping.file import ZONE, ExportMapping
from toolkit.sheets.mapping.mapped import Mapped, mapped_rows
from toolkit.sheets.mapping.moments import read_moment
from toolkit.sheets.mapping.problems import CellProblem, ExportProblem
from toolkit.sheets.mapping.proposal import FIELDS, NEEDED, Proposal, propose, propose_mapping

__all__ = [
    "FIELDS",
    "LINES",
    "NEEDED",
    "ZONE",
    "Broken",
    "CellProblem",
    "Export",
    "ExportMapping",
    "ExportProblem",
    "Mapped",
    "Proposal",
    "mapped_rows",
    "open_export",
    "propose",
    "propose_mapping",
    "read_export",
    "read_moment",
]
