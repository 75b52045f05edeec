"""The mapping file of a channel: where in its export the parts of a message stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from toolkit.errors import SheetError
from toolkit.sheets.channels.texts import from_html, plain_text
from toolkit.sheets.columns import heading_key
from toolkit.sheets.mapping.file import ZONE
from toolkit.sheets.mapping.moments import read_moment
from toolkit.sheets.spelling import fold, nearest_known
from toolkit.zones import ZoneName

__all__ = [
    "BROKEN",
    "MESSAGE_FIELDS",
    "NOT_A_MESSAGE",
    "NO_ID",
    "NO_MOMENT",
    "Beside",
    "ChannelMapping",
    "Lookup",
    "Taken",
    "at_path",
]

MESSAGE_FIELDS = (
    *("id", "at", "text", "title", "author", "name", "phone", "email"),
    *("topic", "subtopic", "region", "department", "post", "link", "rating"),
)
"""Parts of a message: `author` as the channel calls them, `name` their real one; `post` what was commented on."""

BROKEN = "the row cannot be read"
NO_ID = "the message has no id"
NO_MOMENT = "the message has no date that can be read"
NOT_A_MESSAGE = "the mapping says it is no message"

_TEMPLATE = re.compile(r"\{([^{}]+)\}")
_NUMBERED = re.compile(r"^\[?\d+\]?$")


class Lookup(BaseModel):
    """A list beside the messages that says more about them, such as profiles of authors.

    Args:
        rows: path of the list in the file.
        key: path of the id in each of its entries.
        by: path in a message of the id that is looked up.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: str
    key: str
    by: str


@dataclass(frozen=True)
class Taken:
    """A message of an export, or why there is none.

    Args:
        place: where it stands in the file: a row or a line as an editor counts it, else its number, from 1.
        cells: part to text, and `at` as ISO 8601 with its zone; empty when there is a reason.
        id: as far as it says one.
        reason: one of this module's; "" for a message.
        details: the value that is meant.
    """

    place: int
    cells: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    reason: str = ""
    details: str = ""


class ChannelMapping(BaseModel):
    """How the export of a channel is read.

    Args:
        channel: its name, as routing rules have it.
        code: short name, part of every marker; never change it once messages were taken in.
        shape: `table` (.xlsx, .xls, .ods, .csv), `json` (one document), `lines` (a JSON object to a line), `mail`
            (.mbox, .eml, a folder of those), `whatsapp` (the text a chat is exported as).
        rows: of `json`: path of the list of messages; "" when the document is that list.
        fields: part of a message to where it stands: a heading, or a path with dots; a text with `{path}` puts several
            together; a list is tried in its order. A path that begins with `^` starts at the whole file.
        lookups: lists beside the messages; what is found is there under the name given here.
        constants: part to what it holds where the message says nothing.
        words: part to words of the channel and what routing rules call them, such as topics of a form.
        leave_out: path to the values of rows that are no messages, such as service lines.
        html: parts that come as HTML.
        zone: IANA name, of moments that name none.
        sheet: name of the tab; "" for the first visible one.
        encoding: of text files; "" for UTF-8, else Windows-1251.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str = Field(min_length=1)
    code: str = Field(pattern=r"^[a-z0-9]{1,20}$")
    shape: Literal["table", "json", "lines", "mail", "whatsapp"]
    rows: str = ""
    fields: dict[str, str | list[str]]
    lookups: dict[str, Lookup] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    words: dict[str, dict[str, str]] = Field(default_factory=dict)
    leave_out: dict[str, list[str]] = Field(default_factory=dict)
    html: list[str] = Field(default_factory=list)
    zone: ZoneName = ZONE
    sheet: str = ""
    encoding: str = ""

    @field_validator("encoding")
    @classmethod
    def _decodes(cls, value: str) -> str:
        try:
            "".encode(value or "utf-8")
        except LookupError as error:
            raise ValueError(f"{value!r} is not an encoding such as cp1251") from error
        return value

    @model_validator(mode="after")
    def _parts(self) -> Self:
        for each in [*self.fields, *self.constants, *self.words, *self.html]:
            if each not in MESSAGE_FIELDS:
                near = nearest_known(each, list(MESSAGE_FIELDS))
                raise ValueError(f"{each!r} is no part of a message" + (f"; perhaps {near}" if near else ""))
        missing = [each for each in ("id", "at") if each not in self.fields]
        if missing:
            raise ValueError(f"nothing says where {' and '.join(missing)} stand")
        return self

    @property
    def named(self) -> tuple[str, ...]:
        """Headings or paths the parts are taken from, without those of a lookup or of the whole file."""
        paths = [
            path
            for said in self.fields.values()
            for each in ([said] if isinstance(said, str) else said)
            for path in (_TEMPLATE.findall(each) or [each])
        ]
        own = [
            each for each in paths if not each.startswith("^") and each.partition(".")[0] not in self.lookups
        ]
        return tuple(dict.fromkeys(own))

    def spelled(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A row of a table under the headings as the mapping spells them; case, blanks and remarks do not matter."""
        wanted = {heading_key(each): each for each in self.named}
        return {wanted.get(heading_key(str(name)), str(name)): value for name, value in record.items()}

    def taken(self, record: Mapping[str, Any], place: int, beside: Beside | None = None) -> Taken:
        """A record as a message.

        Args:
            record: heading or name to value.
            place: where it stands.
            beside: the rest of the file, where the mapping asks for it.
        """
        around = beside or Beside({}, {})
        told = {**record, **around.looked_up(record, self)}
        for path, values in self.leave_out.items():
            found = plain_text(at_path(told, path, around.whole))
            if fold(found) in {fold(each) for each in values}:
                return Taken(
                    place, id=self._said("id", told, around), reason=NOT_A_MESSAGE, details=f"{path}: {found}"
                )
        cells = {name: self._said(name, told, around) for name in self.fields if name != "at"}
        for name, value in self.constants.items():
            cells[name] = cells.get(name) or value
        cells = {name: value for name, value in cells.items() if value}
        if not cells.get("id"):
            return Taken(place, reason=NO_ID)
        said = self._raw("at", told, around)
        moment = read_moment(said, ZoneInfo(self.zone))
        if moment is None:
            return Taken(place, id=cells["id"], reason=NO_MOMENT, details=repr(plain_text(said))[:80])
        return Taken(place, {**cells, "at": moment.isoformat()}, cells["id"])

    def _said(self, name: str, told: Mapping[str, Any], around: Beside) -> str:
        text = plain_text(self._raw(name, told, around))
        if name in self.html:
            text = from_html(text)
        known = {fold(each): meant for each, meant in self.words.get(name, {}).items()}
        return known.get(fold(text), text) if known else text

    def _raw(self, name: str, told: Mapping[str, Any], around: Beside) -> Any:
        said = self.fields[name]
        for each in [said] if isinstance(said, str) else said:
            if not _TEMPLATE.search(each):
                found = at_path(told, each, around.whole)
            else:
                parts = {
                    path: plain_text(at_path(told, path, around.whole)) for path in _TEMPLATE.findall(each)
                }
                # An id with a part missing could be another message's.
                whole = all(parts.values()) if name in ("id", "at", "post", "link") else any(parts.values())
                found = _TEMPLATE.sub(lambda part: parts[part[1]], each).strip() if whole else None  # noqa: B023  # used up at once
            if found not in (None, "", []):
                return found
        return None

    @classmethod
    def read(cls, path: Path) -> ChannelMapping:
        """The mapping in a YAML file.

        Raises:
            SheetError: it cannot be read or used; which entry, and why.
        """
        try:
            return cls.of(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            why, entry = f"cannot be read: {error.strerror}", None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            why, entry = f"cannot be read: {str(error).splitlines()[0]}", None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            why = "cannot be used: " + str(first["msg"]).removeprefix("Value error, ")
            entry = ".".join(str(each) for each in first["loc"]) or None
        raise SheetError(
            path, None, None, entry, why, "Mend the mapping file; `b24kit ingest samples` lays out ten."
        )

    @classmethod
    def of(cls, text: str) -> ChannelMapping:
        """The mapping of a YAML text."""
        return cls.model_validate(yaml.safe_load(text))


@dataclass(frozen=True)
class Beside:
    """The rest of a file.

    Args:
        whole: the document.
        entries: lookup to key to entry.
    """

    whole: Any
    entries: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, whole: Any, mapping: ChannelMapping) -> Beside:
        """What a mapping looks up in a document."""
        entries = {}
        for name, each in mapping.lookups.items():
            listed = at_path(whole, each.rows, whole)
            entries[name] = {
                plain_text(at_path(row, each.key, whole)): row
                for row in listed or ()
                if isinstance(row, Mapping)
            }
        return cls(whole, entries)

    def looked_up(self, record: Mapping[str, Any], mapping: ChannelMapping) -> dict[str, Any]:
        """The entries that say more about a message, by the names of the lookups."""
        return {
            name: found
            for name, known in self.entries.items()
            if (found := known.get(plain_text(at_path(record, mapping.lookups[name].by, self.whole))))
            is not None
        }


def at_path(record: Any, path: str, whole: Any) -> Any:
    """What stands at a path; None when nothing does. A name with dots in it, as headings may be, goes first."""
    if path.startswith("^"):
        return at_path(whole, path[1:], whole)
    if isinstance(record, Mapping) and path in record:
        return record[path]
    found = record
    for part in path.split("."):
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and _NUMBERED.match(part) and int(part.strip("[]")) < len(found):
            found = found[int(part.strip("[]"))]
        else:
            return None
    return found
