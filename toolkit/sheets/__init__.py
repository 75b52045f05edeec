"""Spreadsheets in and out: reading tables people made, and writing tables people read.

May import `routing`, `client`, `settings` and `errors`. Start reading at `reading` (any file to raw cells),
then at `checking` (a routing directory, checked to the cell), then at `converting` (what of it can be
published). The rules themselves live in `toolkit.routing`, which knows nothing of spreadsheets.

Names are fetched when first asked for: the process that parses strangers' files starts often, and must not
wait for pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.sheets.annotated import write_annotated
    from toolkit.sheets.checking import CheckedDirectory, check_file
    from toolkit.sheets.converting import book_of
    from toolkit.sheets.gate import Limits
    from toolkit.sheets.page import problems_page
    from toolkit.sheets.portal_facts import PortalFacts
    from toolkit.sheets.problems import Problem
    from toolkit.sheets.reading import read_book
    from toolkit.sheets.refusals import SheetRefused
    from toolkit.sheets.rows import read_rows
    from toolkit.sheets.template import write_template

__all__ = [
    "CheckedDirectory",
    "Limits",
    "PortalFacts",
    "Problem",
    "SheetRefused",
    "book_of",
    "check_file",
    "problems_page",
    "read_book",
    "read_rows",
    "write_annotated",
    "write_template",
]

_HOMES = {
    "CheckedDirectory": "checking",
    "Limits": "gate",
    "PortalFacts": "portal_facts",
    "Problem": "problems",
    "SheetRefused": "refusals",
    "book_of": "converting",
    "check_file": "checking",
    "problems_page": "page",
    "read_book": "reading",
    "read_rows": "rows",
    "write_annotated": "annotated",
    "write_template": "template",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
