"""Streams the XML parts of a spreadsheet through expat: constant memory, no entities, no network."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import Protocol
from xml.parsers import expat

from toolkit.sheets.gate import Limits
from toolkit.sheets.raw import address
from toolkit.sheets.refusals import SheetRefused

__all__ = ["Bounds", "Listener", "listen"]

_NO_MEMORY = 1  # expat's own code


class Listener(Protocol):
    """Told about elements as they pass; names come without their namespace prefix."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Characters inside the innermost element."""


def listen(file: str, archive: zipfile.ZipFile, part: str, listener: Listener) -> None:
    """Pass one part of an archive through a listener.

    Args:
        file: name for errors.
        archive: the opened file.
        part: its name in there.
        listener: who is told; element names and attribute names lose their prefixes.

    Raises:
        SheetRefused: the part is missing, not XML, or declares a document type.
    """
    short: dict[str, str] = {}

    def local(name: str) -> str:
        found = short.get(name)
        if found is None:
            found = short[name] = name.rpartition(":")[2]
        return found

    def start(name: str, attributes: dict[str, str]) -> None:
        # Cells of .xlsx come by the hundred thousand, and their attributes have no prefixes.
        if ":" in "".join(attributes):
            attributes = {local(key): value for key, value in attributes.items()}
        listener.start(local(name), attributes)

    def end(name: str) -> None:
        listener.end(local(name))

    def refuse(*_: object) -> None:
        raise SheetRefused(file, "entities")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = listener.text
    declared: Callable[..., None] = refuse
    parser.StartDoctypeDeclHandler = declared
    parser.EntityDeclHandler = declared
    try:
        with archive.open(part) as opened:
            parser.ParseFile(opened)
    except expat.ExpatError as error:
        if error.code == _NO_MEMORY:
            raise MemoryError from error
        raise SheetRefused(file, "damaged", reason=str(error)) from error
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise SheetRefused(file, "damaged", reason=str(error)) from error


class Bounds:
    """Counts cells and refuses those beyond the limits.

    Args:
        file: name for errors.
        limits: of rows, columns and cells.
    """

    def __init__(self, file: str, limits: Limits) -> None:
        self._file, self._limits, self._cells = file, limits, 0

    def count(self, cells: int = 1) -> None:
        """So many more cells were seen.

        Raises:
            SheetRefused: too many.
        """
        self._cells += cells
        if self._cells > self._limits.cells:
            raise SheetRefused(self._file, "too_many_cells", limit=self._limits.cells)

    def check(self, row: int, column: int) -> None:
        """A cell that holds something stands here.

        Raises:
            SheetRefused: it is too far out.
        """
        if row > self._limits.rows or column > self._limits.columns:
            raise SheetRefused(
                self._file,
                "far_cell",
                address=address(row, column),
                rows=self._limits.rows,
                columns=self._limits.columns,
            )
