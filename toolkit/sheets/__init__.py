"""Spreadsheets in and out: reading tables people made, and writing tables people read.

May import `client`, `settings` and `errors`. Start reading at `reading` (any file to raw cells), then at
`checking` (a routing directory, checked to the cell). The rules themselves are in `rules`, which knows
nothing of spreadsheets: simulator, re-routing and other platforms share it.

Names are fetched when first asked for: the process that parses strangers' files starts often, and must not
wait for pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.sheets.gate import Limits
    from toolkit.sheets.reading import read_book
    from toolkit.sheets.refusals import SheetRefused
    from toolkit.sheets.rows import read_rows

__all__ = ["Limits", "SheetRefused", "read_book", "read_rows"]

_HOMES = {"Limits": "gate", "SheetRefused": "refusals", "read_book": "reading", "read_rows": "rows"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
