"""What both kinds of review share: opening a workbook that came back, and reading what programs made of it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from toolkit.errors import SheetError

__all__ = ["AGAIN", "FACTS", "facts_of", "opened", "squeezed", "write_facts"]

FACTS = "_b24kit"
AGAIN = "Export the review again and mark the rows there."
_MOST_BYTES = 300 * 2**20


def write_facts(book: Any, facts: dict[str, str]) -> None:
    """Which plan this is, on a sheet nobody sees: custom properties do not survive every program."""
    sheet = book.add_worksheet(FACTS)
    for row, (name, value) in enumerate(facts.items()):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, value)
    sheet.very_hidden()


def facts_of(book: Any, path: Path) -> dict[str, str]:
    """What `write_facts` wrote.

    Raises:
        SheetError: it is not there.
    """
    if FACTS not in book.sheetnames:
        raise SheetError(path, None, None, None, "is not a review written by b24kit", AGAIN)
    rows = book[FACTS].iter_rows(max_col=2, max_row=10, values_only=True)
    return {str(row[0]): str(row[1]) for row in rows if len(row) == 2 and row[0] is not None}


def opened(path: Path) -> Any:
    """The workbook, after a look at what it would unpack to.

    Raises:
        SheetError: it cannot be read, is none, unpacks to too much, or declares entities.
    """
    import openpyxl  # here: every command would pay for it
    from openpyxl.utils.exceptions import InvalidFileException

    remedy = "Save it as an Excel workbook (.xlsx), without a password."
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > _MOST_BYTES:
                raise SheetError(path, None, None, None, "unpacks to more than a review can be", AGAIN)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and _declares(archive, part):
                    raise SheetError(path, None, None, None, "declares entities of its own", AGAIN)
        return openpyxl.load_workbook(path, read_only=True)
    except OSError as error:
        raise SheetError(
            path, None, None, None, f"cannot be read: {error.strerror}", "Check its name."
        ) from error
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError) as error:
        raise SheetError(path, None, None, None, f"is not a readable workbook: {error}", remedy) from error


def _declares(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether an XML part begins with a document type, which no spreadsheet program writes."""
    with archive.open(part) as stream:
        head = stream.read(4096)
    return b"<!DOCTYPE" in head or b"<!ENTITY" in head or head.startswith((b"\xff\xfe", b"\xfe\xff"))


def squeezed(value: Any) -> str:
    """Text without what programs change on saving: kinds of blanks, line ends, `_x000D_`, `5.0` for 5."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str("" if value is None else value).replace("_x000D_", " ").split())
