"""Looks at a file from outside and says what it is, or refuses it, before anything parses it.

Decided by content, never by the name alone: a spreadsheet from a stranger may be anything.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from toolkit.sheets.refusals import SheetRefused

__all__ = ["Limits", "admit"]

_MIB = 2**20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD = 4096


@dataclass(frozen=True)
class Limits:
    """How much of a stranger's file is borne.

    Args:
        file_mib: size of the file.
        unpacked_mib: size of everything inside an archive.
        ratio: unpacked over packed, for parts that unpack to more than a MiB. Sheets of repeated rules pack
            30 to 60 times; XML written to fill memory packs over 200 times.
        rows: the last row that may hold something.
        columns: the last column likewise.
        cells: cells of all sheets, the empty but formatted ones included.
        seconds: to read it.
        memory_mib: to read it.
    """

    file_mib: int = 50
    unpacked_mib: int = 400
    ratio: int = 200
    rows: int = 200_000
    columns: int = 500
    cells: int = 4_000_000
    seconds: int = 60
    memory_mib: int = 1024


def admit(path: Path, limits: Limits) -> str:
    """What a file really is: `xlsx`, `xlsm`, `ods`, `xls` or `csv`.

    Args:
        path: the file; its suffix matters only for macros, which an `.xlsm` may hold and an `.xlsx` not.
        limits: what is borne.

    Raises:
        SheetRefused: it is none of these, too large, protected, links to other files, holds macros without
            saying so, declares XML entities, or unpacks to absurd size.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise SheetRefused(path, "unreadable", reason=error.strerror or "") from error
    if size > limits.file_mib * _MIB:
        raise SheetRefused(path, "too_large", size=-(-size // _MIB), limit=limits.file_mib)
    if not head.strip():
        raise SheetRefused(path, "empty")
    if head.startswith(b"PK"):
        return _archive(path, limits)
    if head.startswith(_OLE):
        # Office keeps password-protected workbooks as an OLE file with this stream in it.
        if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
            raise SheetRefused(path, "password")
        return "xls"
    return _text(path, head)


def _text(path: Path, head: bytes) -> str:
    beginning = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if beginning.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<meta")):
        raise SheetRefused(path, "web_page")
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    control = sum(byte < 32 and byte not in (9, 10, 12, 13) for byte in head)
    if control and not wide:
        raise SheetRefused(path, "kind")
    return "csv"


def _archive(path: Path, limits: Limits) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            total = sum(part.file_size for part in parts)
            worst = max(
                (part.file_size / max(part.compress_size, 1) for part in parts if part.file_size > _MIB),
                default=0,
            )
            if total > limits.unpacked_mib * _MIB or worst > limits.ratio:
                raise SheetRefused(path, "bomb", size=total // _MIB)
            if any(part.flag_bits & 1 for part in parts):
                raise SheetRefused(path, "password")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as opened:
                        beginning = opened.read(_HEAD)
                    # The parsers refuse a declaration wherever it stands; here it costs nothing.
                    if b"<!DOCTYPE" in beginning or b"<!ENTITY" in beginning:
                        raise SheetRefused(path, "entities")
            if "mimetype" in names and "content.xml" in names:
                kind = archive.read("mimetype")[:200].decode("ascii", "replace")
                if not kind.startswith("application/vnd.oasis.opendocument.spreadsheet"):
                    raise SheetRefused(path, "kind")
                if b"encryption-data" in archive.read("META-INF/manifest.xml"):
                    raise SheetRefused(path, "password")
                return "ods"
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, NotImplementedError, EOFError) as error:
        raise SheetRefused(path, "damaged", reason=str(error)) from error
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise SheetRefused(path, "kind")
    if not any(name.startswith("xl/") and name.endswith("workbook.xml") for name in names):
        raise SheetRefused(path, "kind")  # .xlsb and the like
    if any(name.startswith("xl/externalLinks/") for name in names):
        raise SheetRefused(path, "links")
    macros = any(name.lower().endswith("vbaproject.bin") for name in names)
    named_so = path.suffix.lower() in (".xlsm", ".xltm")
    if macros and not named_so:
        raise SheetRefused(path, "macros")
    return "xlsm" if named_so else "xlsx"
