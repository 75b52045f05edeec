"""The export of a channel, opened by its mapping: messages, and rows that are none, each with its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.errors import SheetError
from toolkit.sheets.channels.mail import mails
from toolkit.sheets.channels.mapping import BROKEN, NO_ID, Beside, ChannelMapping, Taken, at_path
from toolkit.sheets.channels.whatsapp import chat_lines
from toolkit.sheets.columns import heading_key
from toolkit.sheets.raw import RawSheet
from toolkit.sheets.reading import read_book

__all__ = ["ChannelExport", "read_channel"]

MAX_BYTES = 200 * 2**20
_HEADING_WITHIN = 30  # rows: reports begin with a title and the days they are for


@dataclass(frozen=True)
class ChannelExport:
    """What a file holds.

    Args:
        name: of the file.
        rows: one for each row, line, mail or entry, in the file's order.
        absent: headings the mapping names and the file does not have.
    """

    name: str
    rows: tuple[Taken, ...]
    absent: tuple[str, ...] = ()

    @property
    def messages(self) -> list[dict[str, str]]:
        """Those that are messages, as `ingest_appeals` takes them, with their place as `row`."""
        return [{**each.cells, "row": str(each.place)} for each in self.rows if not each.reason]

    @property
    def unread(self) -> list[dict[str, str | int]]:
        """The others, as `ingest_appeals` accounts for them."""
        return [
            {"row": each.place, "id": each.id, "reason": each.reason, "details": each.details}
            for each in self.rows
            if each.reason
        ]


def read_channel(path: Path, mapping: ChannelMapping) -> ChannelExport:
    """The messages of a file, and what in it is none.

    Args:
        path: what the channel exported; of `mail` also a folder of .eml files.
        mapping: of that channel.

    Returns:
        A row that cannot be used is told by its place and reason, and the others go on.

    Raises:
        SheetError: the file cannot be read, is empty, has no heading the mapping names for id and date, or nothing in
            it has an id: then the mapping is of another file.
    """
    if not path.is_dir():
        _look_at(path)
    absent: tuple[str, ...] = ()
    if mapping.shape == "table":
        rows, absent = _of_table(path, mapping)
    elif mapping.shape == "mail":
        rows = [mapping.taken(each, at) for at, each in enumerate(mails(path), start=1)]
    elif mapping.shape == "whatsapp":
        told = chat_lines(_decoded(path, mapping), mapping.zone)
        rows = [mapping.taken(each, int(each["line"])) for each in told]
    elif mapping.shape == "lines":
        rows = list(_of_lines(path, mapping))
    else:
        rows = _of_document(path, mapping)
    if (
        rows
        and all(each.reason in (NO_ID, BROKEN) for each in rows)
        and any(each.reason == NO_ID for each in rows)
    ):
        said = mapping.fields["id"]
        raise SheetError(
            path,
            None,
            None,
            said if isinstance(said, str) else ", ".join(said),
            "stands in none of its rows",
            "Check that the mapping is of this file: fields.id says where a message's id stands.",
        )
    return ChannelExport(path.name, tuple(rows), absent)


def _look_at(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise SheetError(
            path, None, None, None, f"cannot be read: {error.strerror}", "Check its name."
        ) from error
    if size > MAX_BYTES:
        raise SheetError(path, None, None, None, f"is too large ({size / 2**20:.0f} MiB)", "Split it.")
    if not size:
        raise SheetError(path, None, None, None, "is empty", "Export it again; nothing was taken in.")


def _decoded(path: Path, mapping: ChannelMapping) -> str:
    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    for each in [mapping.encoding] if mapping.encoding else ["utf-8-sig", "cp1251"]:
        try:
            return raw.decode(each)
        except UnicodeDecodeError:
            continue
    encoding = mapping.encoding or "UTF-8"
    raise SheetError(
        path,
        None,
        None,
        None,
        f"is not encoded as {encoding}",
        "Say its encoding in the mapping, or export it as UTF-8.",
    )


def _of_lines(path: Path, mapping: ChannelMapping) -> Iterator[Taken]:
    for place, line in enumerate(_decoded(path, mapping).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if isinstance(record, Mapping):
            yield mapping.taken(record, place)
        else:
            yield Taken(place, reason=BROKEN, details=line[:80])


def _of_document(path: Path, mapping: ChannelMapping) -> list[Taken]:
    try:
        whole: Any = json.loads(_decoded(path, mapping))
    except ValueError as error:
        remedy = "Wait until the file is whole, and take it in again."
        raise SheetError(path, None, None, None, f"is no JSON: {error}", remedy) from error
    listed = at_path(whole, mapping.rows, whole) if mapping.rows else whole
    if not isinstance(listed, list):
        raise SheetError(
            path,
            None,
            None,
            mapping.rows or "the document",
            "is no list of messages",
            "Say in the mapping where they are: rows.",
        )
    beside = Beside.of(whole, mapping)
    return [
        mapping.taken(each, place, beside)
        if isinstance(each, Mapping)
        else Taken(place, reason=BROKEN, details=str(each)[:80])
        for place, each in enumerate(listed, start=1)
    ]


def _of_table(path: Path, mapping: ChannelMapping) -> tuple[list[Taken], tuple[str, ...]]:
    book = read_book(path)
    visible = [each for each in book.sheets if not each.hidden]
    sheet = next((each for each in visible if not mapping.sheet or each.name == mapping.sheet), None)
    if sheet is None:
        names = ", ".join(each.name for each in visible)
        raise SheetError(path, None, None, mapping.sheet or None, "has no such sheet", f"It has: {names}.")
    at, columns = _headings(sheet, mapping)
    absent = tuple(each for each in mapping.named if each not in columns.values())
    for part in ("id", "at"):
        said = mapping.fields[part]
        wanted = ChannelMapping.model_construct(fields={part: said}, lookups={}).named
        if not set(wanted) & set(columns.values()):
            remedy = f"Say in the mapping which column it is: fields.{part}."
            raise SheetError(path, at or None, None, ", ".join(wanted), "is none of its columns", remedy)
    rows = []
    for number, cells in sheet.cells.items():
        if number <= at:
            continue
        record = {
            columns[column]: cell.value
            for column, cell in cells.items()
            if column in columns and cell.value != ""
        }
        broken = [
            str(cell.value)
            for column, cell in cells.items()
            if column in columns and cell.kind in ("error", "formula")
        ]
        if broken:
            rows.append(Taken(number, reason=BROKEN, details=broken[0][:80]))
        elif record:
            rows.append(mapping.taken(record, number))
    return rows, absent


def _headings(sheet: RawSheet, mapping: ChannelMapping) -> tuple[int, dict[int, str]]:
    """The row of the headings, and column to heading as the mapping spells it; of several rows the one that has the
    most of them."""
    wanted = {heading_key(each): each for each in mapping.named}
    best: tuple[int, dict[int, str]] = (0, {})
    for number in list(sheet.cells)[:_HEADING_WITHIN]:
        found: dict[int, str] = {}
        for column, cell in sheet.cells[number].items():
            name = wanted.get(heading_key(str(cell.value)))
            if name is not None and name not in found.values():
                found[column] = name
        if len(found) > len(best[1]):
            best = (number, found)
    return best
