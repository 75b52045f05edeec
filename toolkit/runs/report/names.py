"""Names instead of numbers: people, records, fields and values as the reader knows them.

Taken from the snapshot the plan was made from. Where it does not hold a name, the number stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from toolkit.errors import ParameterError
from toolkit.records import Snapshot, entity, read_value
from toolkit.records.spellings import UnreadableError
from toolkit.records.tables import defined_type
from toolkit.runs.bindings import ADDRESS_CELLS, IN_USE
from toolkit.runs.references import REFERENCE, WITHIN
from toolkit.runs.report.directories import row_in_words
from toolkit.runs.report.wording import Wording
from toolkit.runs.settings_of_types import SETTINGS

__all__ = ["Names", "Piece", "plain"]


@dataclass(frozen=True)
class Piece:
    """A stretch of text, perhaps leading somewhere.

    Args:
        text: what is read.
        url: where it leads; "" for nowhere.
    """

    text: str
    url: str = ""


def plain(pieces: Iterable[Piece]) -> str:
    """The same without its links."""
    return "".join(piece.text for piece in pieces)


# Columns a record's name is made of; the first set an entity has is used.
_TITLES = (
    ("title",),
    ("lastName", "name", "secondName"),
    ("NAME", "LAST_NAME"),
    ("TITLE",),
    ("SUBJECT",),
    ("NAME",),
)
# What people call the fields most repairs touch; portals name others in their own language.
_CALLS = {
    "CALL_TYPE": {"1": "outgoing", "2": "incoming"},
    "CRM_ENTITY_TYPE": {"CONTACT": "contact", "COMPANY": "company", "LEAD": "lead"},
}
_LABELS = {
    "assignedById": "Responsible",
    "ASSIGNED_BY_ID": "Responsible",
    "RESPONSIBLE_ID": "Responsible",
    "PORTAL_USER_ID": "Responsible",
    "PHONE_NUMBER": "Client's phone",
    "CALL_TYPE": "Kind of call",
    "CALL_START_DATE": "Began",
    "CALL_DURATION": "Length in seconds",
    "CRM_ENTITY_TYPE": "Kind of client",
    "CRM_ENTITY_ID": "Client",
    "observers": "Observers",
    "title": "Title",
    "TITLE": "Title",
    "name": "First name",
    "secondName": "Patronymic",
    "lastName": "Last name",
    "fm": "Phones and e-mails",
    "birthdate": "Date of birth",
    "post": "Position",
    "honorific": "Form of address",
    "export": "May be exported",
    "industry": "Industry",
    "employees": "Number of employees",
    "revenue": "Yearly revenue",
    "comments": "Comment",
    "address": "Address",
    "stageId": "Stage",
    "categoryId": "Pipeline",
    "companyId": "Company",
    "companyIds": "Companies",
    "contactId": "Contact",
    "contactIds": "Contacts",
    "leadId": "Lead",
    "opportunity": "Amount",
    "currencyId": "Currency",
    "sourceId": "Source",
    "sourceDescription": "About the source",
    "typeId": "Type",
    "begindate": "Begins",
    "closedate": "Ends",
    "opened": "Open to everybody",
    "closed": "Closed",
    "xmlId": "External key",
    "originId": "External key",
    "originatorId": "External system",
    "updatedBy": "Changed by",
    "updatedTime": "Changed at",
    "createdBy": "Created by",
    "createdTime": "Created at",
    "entityTypeId": "Number of the type",
    "userTypeId": "Type",
    "entityId": "Belongs to",
    "fieldName": "Code",
    "editFormLabel": "Label",
    "multiple": "Several values",
    "relations": "Shown in the cards of",
    "isStagesEnabled": "With stages",
    "isCategoriesEnabled": "With pipelines",
    "isClientEnabled": "With a client",
    "isAutomationEnabled": "With robots",
}
_MANY = {
    "lead": "leads",
    "deal": "deals",
    "contact": "contacts",
    "company": "companies",
    "quote": "quotes",
    "invoice": "invoices",
    "item": "items",
    "user": "employees",
    "department": "departments",
    "activity": "activities",
    "call": "phone calls",
    "requisite": "requisites",
    "bankdetail": "bank details",
    "address": "addresses",
    "requisitelink": "requisites in use",
    "workflow": "running workflows",
    "task": "tasks of the portal",
    "list": "universal lists",
    "listcolumn": "columns of universal lists",
    "listelement": "list elements",
    "status": "directory entries",
    "type": "smart processes",
    "category": "pipelines",
    "stagehistory": "stage history",
    "field": "field definitions",
}
_AGAIN = re.compile(r"undo:.*:(?P<name>[a-z]+):(?P<id>\d+)")
_PARENT = re.compile(r"parentId(\d+)")
_CODE = re.compile(r"[A-Z][A-Z0-9_]*")
_REFERENCE = re.compile(r"\b(user|deal|contact|company|lead) (\d+)\b")
_SHORT_LIST = r"\w+: (?:'[^']*'|-?\d+(?:\.\d+)?|None|True|False)"
_CELLS = re.compile(rf"{_SHORT_LIST}(?:, {_SHORT_LIST})*")
_LINK = re.compile(r"\[URL(?:=[^\]]*)?\](.*?)\[/URL\]", re.IGNORECASE | re.DOTALL)
_LONGEST = 300


class Names:
    """What things are called.

    Args:
        before: the snapshot; None when there is none to ask.
        portal: host name, for links.
        wording: the reader's language.
    """

    def __init__(self, before: Snapshot | None, portal: str, wording: Wording) -> None:
        self._before, self._portal, self._ = before, portal, wording
        self._held = set(before.entities) if before is not None else set()
        self._titles: dict[str, dict[int, str]] = {}
        self._statuses: dict[str, str] | None = None
        self._processes: dict[str, str] | None = None

    # -- people and records --------------------------------------------------------------------------

    def user(self, user_id: Any) -> str:
        """`Софья Иванова`, or `сотрудник 5` when the snapshot does not know the person."""
        number = _number(user_id)
        if not number:
            return self._("nobody")
        self.learn("user", [number])
        return self._titles["user"].get(number) or self._("user {id}", id=number)

    def kind_of_record(self, name: str) -> str:
        """`контакт`, `элемент «Обращения»`; by the number where the snapshot does not name the process."""
        prefix, _, number = name.partition(":")
        if not number:
            return self._(name)
        if prefix == "item" and (title := self._process(number)):
            return self._("item of “{title}”", title=title)
        return self._(f"{prefix} of type {{id}}", id=number)

    def records(self, name: str) -> str:
        """`контакты`: the same for many of them."""
        prefix, _, number = name.partition(":")
        many = self._(_MANY.get(prefix, prefix))
        if prefix != "item":
            return many
        if title := self._process(number):
            return self._("{many} of “{title}”", many=many, title=title)
        return self._("{many} of type {id}", many=many, id=number)

    def _process(self, number: str) -> str:
        """What a smart process is called; "" where the snapshot does not say."""
        if self._processes is None:
            self._processes = {}
            if self._before is not None and "type" in self._held:
                frame = self._before.table("type", ["entityTypeId", "title"]).dropna()
                self._processes = {
                    str(_number(found)): str(title)
                    for found, title in zip(frame["entityTypeId"], frame["title"], strict=True)
                }
        return self._processes.get(number, "")

    def record(self, name: str, record_id: Any) -> Piece:
        """`контакт 18`, leading to its card."""
        number = _number(record_id)
        if not number:
            return Piece(self._("new {kind}", kind=self.kind_of_record(name)))
        return Piece(f"{self.kind_of_record(name)} {number}", self.url(name, number))

    def url(self, name: str, record_id: int) -> str:
        """Where a record's card is; "" when it has none."""
        try:
            return entity(name).card_url(self._portal, record_id)
        except ParameterError:
            return ""

    def title(self, name: str, record_id: Any) -> str:
        """The name of a record, learned before; "" when not known."""
        return self._titles.get(name, {}).get(_number(record_id), "")

    def learn(self, name: str, ids: Iterable[Any]) -> None:
        """Read the names of these records from the snapshot; all employees at once."""
        if name in self._titles and name == "user":
            return
        known = self._titles.setdefault(name, {})
        if self._before is None or name not in self._held:
            return
        held = set(self._before.columns(name))
        columns = next((each for each in _TITLES if held.issuperset(each[:1])), None)
        if columns is None:
            return
        id_field = entity(name).id_field
        chosen = [column for column in columns if column in held]
        frame = self._before.table(name, [id_field, *chosen])
        if name != "user":
            frame = frame[frame[id_field].isin({_number(each) for each in ids} - {0})]
        parts = [frame[column].astype("object").where(frame[column].notna(), "") for column in chosen]
        for record_id, *words in zip(frame[id_field], *parts, strict=True):
            known[int(record_id)] = " ".join(str(word) for word in words if word).strip()

    # -- fields and values ---------------------------------------------------------------------------

    def field(self, name: str, field: str) -> str:
        """A field as people call it: in our words, else in the portal's, else by its code."""
        if field in _LABELS:
            return self._(_LABELS[field])
        if parent := _PARENT.fullmatch(field):
            word = self.kind_of_record(entity(f"item:{parent[1]}").name)
            return word[:1].upper() + word[1:]
        title = str(self._definition(name, field).get("title") or "")
        return field if not title or _CODE.fullmatch(title) else title

    def value(self, name: str, field: str, value: Any) -> str:
        """A value of a field, as a person would say it."""
        definition = self._definition(name, field)
        of_type = str(definition.get("type", ""))
        if isinstance(value, Mapping) and REFERENCE in value:
            if WITHIN in value:
                return str(value[WITHIN]).replace("{}", "…")  # the id is known once the record is made
            return self._made(str(value[REFERENCE]))
        if isinstance(value, list) and any(isinstance(each, Mapping) and REFERENCE in each for each in value):
            return ", ".join(
                self._made(str(each[REFERENCE])) if isinstance(each, Mapping) else str(each) for each in value
            )
        if name == "call" and field in _CALLS:
            return self._(_CALLS[field].get(str(value), str(value)))
        if field == entity(name).responsible_field or of_type in ("user", "employee"):
            values = value if isinstance(value, list) else [value]
            return ", ".join(self.user(each) for each in values) if values else self._("nobody")
        if definition and field not in ("editFormLabel", "relations"):  # told below
            try:
                value = read_value(value, defined_type(definition))
            except UnreadableError:
                return _clipped(str(value))
        if isinstance(value, str) and (row := row_in_words(value, self._, self.user)) is not None:
            return _clipped(row)
        return _clipped(self._told(value, of_type))

    def _made(self, marker: str) -> str:
        """A record that is still to be made."""
        again = _AGAIN.fullmatch(marker)
        if again is None:
            return self._("the record made for {marker}", marker=marker)
        record = f"{self.kind_of_record(again['name'])} {again['id']}"
        return self._("{record}, made again", record=record)

    def cells(self, name: str, text: str) -> str:
        """`Ответственный: Софья Иванова`: the cells of a JSON object, one after another."""
        found: Mapping[str, Any] = json.loads(text)
        said = (
            f"{self.field(name, field)}: {self.value(name, field, value)}" for field, value in found.items()
        )
        return "; ".join(said)

    def before_and_after(self, change: Mapping[str, Any]) -> tuple[str, str]:
        """What a change finds and what it leaves, in words; a row of the plan, its result where there is one."""
        name, kind = str(change["entity"]), str(change["kind"])
        if kind == "notify":
            return "", self.message(str(change["after"]), change.get("result"))
        if kind == "copy":
            return "", self._("the recording becomes a file of the record")
        if kind == "note":
            was, now = (str(json.loads(change[side]).get("comment", "")) for side in ("before", "after"))
            return was, now or self._("the comment is taken away")
        if kind == "bind" and name == "listcolumn":
            return "", str(json.loads(change["after"])["NAME"])
        if kind == "bind" and name in SETTINGS:
            return self._setting(change["before"]), self._setting(change["after"]) or self._("is taken away")
        if kind == "bind":
            return self._link(change["before"]), self._link(change["after"]) or self._(
                "the link is taken away"
            )
        if kind == "merge":
            return self._merge(change)
        if kind == "create":
            replaced = json.loads(change["before"]).get("replaces")
            instead = (
                self._("in place of {record}", record=self.record(name, replaced).text) if replaced else ""
            )
            return instead, self.cells(name, change["after"])
        before, after = self.cells(name, change["before"]), self.cells(name, change["after"])
        return before, self._("the record is deleted") if kind == "delete" else after

    def _setting(self, text: str) -> str:
        """A stage by its code and name, a card by the titles of its sections, relations by what they lead to."""
        found: Mapping[str, Any] = json.loads(text)
        if "sections" in found:
            return "; ".join(str(each.get("title", "")) for each in found["sections"])
        if "parents" in found:
            return ", ".join(self._(entity(f"item:{each}").name) for each in found["parents"])
        return f"{found['code']}: {found['NAME']}" if found else ""

    def _link(self, text: str) -> str:
        to: Mapping[str, Any] = json.loads(text)
        if not to.keys() - {"replaces", "lost"}:
            return ""
        if "entityTypeId" not in to:  # an address, or the requisites a deal uses
            parts = [
                str(value) for key, value in to.items() if value and (key in ADDRESS_CELLS or key in IN_USE)
            ]
            return ", ".join(parts)
        other = entity(f"item:{int(to['entityTypeId'])}").name
        return self._("linked with: {record}", record=self.record(other, to["entityId"]).text)

    def _merge(self, change: Mapping[str, Any]) -> tuple[str, str]:
        """The cards there are, and what is left of them."""
        name = str(change["entity"])
        before, after = json.loads(change["before"]), json.loads(change["after"])
        cards = [change["record_id"], *after["losers"]]
        kept = self._("only {record} is left", record=self._card(name, cards[0]))
        becomes = [
            f"{self.field(name, field)}: {self.value(name, field, each)}"
            for field, each in after["becomes"].items()
        ]
        gone = [
            f"{self.field(name, each['field'])}: {self.value(name, each['field'], each['value'])}"
            for each in before.get("lost", [])
        ]
        lost = [self._("gone for good: {cells}", cells="; ".join(gone))] if gone else []
        return ", ".join(self._card(name, card) for card in cards), "; ".join([kept, *becomes, *lost])

    def _card(self, name: str, card: Any) -> str:
        title = self.title(name, card)
        text = self.record(name, card).text
        return f"{text} ({title})" if title else text

    def change(self, change: Mapping[str, Any]) -> str:
        """A change as one sentence: `Ответственный: Софья Иванова → Тимур Филатов`."""
        if change["kind"] != "update":
            before, after = self.before_and_after(change)
            return after or before
        name = str(change["entity"])
        before, after = json.loads(change["before"]), json.loads(change["after"])
        return "; ".join(
            f"{self.field(name, field)}: {self.value(name, field, before.get(field))}"
            f" → {self.value(name, field, value)}"
            for field, value in after.items()
        )

    def message(self, text: str, counted: Any = None) -> str:
        """A notification as its reader sees it.

        Args:
            text: the `after` of the change, JSON.
            counted: JSON of the numbers it was sent with; None when it was not.
        """
        message = str(json.loads(text)["message"])
        numbers: Mapping[str, Any] = json.loads(counted) if isinstance(counted, str) else {}
        for placeholder in json.loads(text).get("counts", {}):
            message = message.replace("{" + placeholder + "}", str(numbers.get(placeholder, "…")))
        return _clipped(" ".join(_LINK.sub(r"\1", message).split()))

    # -- sentences -----------------------------------------------------------------------------------

    def told(self, name: str, text: Any) -> list[Piece]:
        """What the toolkit said about a record of an entity, with people and records by their names."""
        words = text if isinstance(text, str) else ""
        if _CELLS.fullmatch(words):
            cells = re.findall(r"(\w+): ('[^']*'|[^,]+)", words)
            literal = {"None": None, "True": True, "False": False}
            said = [
                f"{self.field(name, field)}: {self.value(name, field, literal.get(value, value.strip(chr(39))))}"
                for field, value in cells
            ]
            return [Piece("; ".join(said))]
        words = self._.phrase(words)
        words = re.sub(r"<field>(\w+)</field>", lambda found: self.field(name, found[1]), words)
        words = re.sub(r"<fields>([\w, ]+)</fields>", lambda found: self._fields(name, found[1]), words)
        words = re.sub(r"<cards>([^<]*)</cards>", lambda found: self._cards(name, found[1]), words)
        words = re.sub(r"<moment>([^<]*)</moment>", lambda found: self._.moment(found[1]), words)
        return self._referenced(words)

    def _fields(self, name: str, listing: str) -> str:
        quoted = "«{}»" if self._.language == "ru" else "“{}”"
        return ", ".join(quoted.format(self.field(name, each.strip())) for each in listing.split(","))

    def _cards(self, name: str, listing: str) -> str:
        """`5: post, name; 7: fm`, told with the names of fields."""
        pairs = (each.partition(": ") for each in listing.split("; "))
        return "; ".join(
            f"{self.record(name, card).text}: {self._fields(name, fields)}" for card, _, fields in pairs
        )

    def _referenced(self, words: str) -> list[Piece]:
        pieces: list[Piece] = []
        end = 0
        for found in _REFERENCE.finditer(words):
            if found.start() > end:
                pieces.append(Piece(words[end : found.start()]))
            name, number = found[1], int(found[2])
            text = self.user(number) if name == "user" else self.record(name, number).text
            pieces.append(Piece(text, self.url(name, number)))
            end = found.end()
        return [*pieces, Piece(words[end:])] if words[end:] or not pieces else pieces

    # -- inside --------------------------------------------------------------------------------------

    def _definition(self, name: str, field: str) -> Mapping[str, Any]:
        if self._before is not None and name in self._held:
            found = self._before.manifest.entities[name].fields.get(field)
            if found is not None:
                return found
        return entity(name).documented.get(field, {})

    def _told(self, value: Any, of_type: str) -> str:
        if value is None or value == "" or value == [] or value is pd.NA:
            return self._("empty")
        if isinstance(value, bool):
            return self._("yes") if value else self._("no")
        if isinstance(value, list):
            return ", ".join(self._told(each, of_type) for each in value)
        if isinstance(value, Mapping) and value.keys() == {"ru", "en"}:
            return str(value[self._.language])
        if isinstance(value, Mapping) and value.keys() == {"child", "parent"}:
            return ", ".join(self._(entity(f"item:{each['entityTypeId']}").name) for each in value["parent"])
        if isinstance(value, Mapping):
            return str(value.get("value") or json.dumps(dict(value), ensure_ascii=False, default=str))
        if of_type == "datetime":
            return self._.moment(str(value))
        if of_type == "date":
            return self._.moment(str(value)).removesuffix(" 00:00")
        if of_type == "crm_status":
            return self._status(str(value))
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value)

    def _status(self, code: str) -> str:
        """`Новая (NEW)` where exactly one directory entry carries the code."""
        if self._statuses is None:
            self._statuses = {}
            if self._before is not None and "status" in self._held:
                frame = self._before.table("status", ["STATUS_ID", "NAME"]).dropna()
                single = frame[~frame["STATUS_ID"].duplicated(keep=False)]
                self._statuses = dict(
                    zip(single["STATUS_ID"].astype(str), single["NAME"].astype(str), strict=True)
                )
        name = self._statuses.get(code)
        return f"{name} ({code})" if name else code


def _number(value: Any) -> int:
    """An id, or 0 for what is none."""
    if value is None or value is pd.NA or isinstance(value, bool) or value != value:
        return 0
    text = str(value)
    try:
        return int(float(text)) if text.replace(".", "", 1).isdecimal() else 0
    except ValueError:
        return 0


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
