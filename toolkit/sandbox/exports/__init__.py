"""What a contact centre's own system would export of a seeded portal's clients, with the truth of every row.

Start at `drawing.draw_export`: it looks at the portal's tables and the seed's truth (`acquaintances`), never at how
the toolkit matches or loads. `truth` says what has to become of a row, `correcting` hands the same export out again
with corrections, overlaps and withdrawals, `files` writes it as people get it, `package` all of it into one folder;
`drafting` keeps what is drawn.
"""

from __future__ import annotations

from .correcting import Correction, correct
from .drafting import CentreExport
from .drawing import draw_export
from .files import FORMATS, write_recordings, write_rows
from .package import write_package
from .truth import Expected

__all__ = [
    "FORMATS",
    "CentreExport",
    "Correction",
    "Expected",
    "correct",
    "draw_export",
    "write_package",
    "write_recordings",
    "write_rows",
]
