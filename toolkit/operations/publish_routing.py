"""A routing directory put in force: its rows and its version, where published routing is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, ClassVar

from pydantic import Field, field_validator

from toolkit.errors import ParameterError
from toolkit.records import entity
from toolkit.routing.evaluator import ANY, Book
from toolkit.routing.shelf import CONTENT, ELEMENTS, PROCESS, Row, Shelf, fields_of, said_by_version, spelled
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, creates, updates

__all__ = ["PublishRouting", "PublishRoutingParams"]

NEW = "new in this version"
ENDS = "not in this version any more"
VERSION = "the version, written last: from now on it can be found"
_NAMED = 4_000  # ids in one element: its text stays within what the database holds
_LAST = 30  # after the rows were made and the old ones ended


class PublishRoutingParams(OperationParams):
    """What is published, where, and from when.

    Args:
        book: the directory as `routing.Book.as_json` writes it (`-p book=@routing.json`).
        process: entity type id of the smart process of published routing; None for the universal list.
        effective_from: the day from which it is in force.
        by: who publishes, for the history; "" for the webhook's user.
    """

    book: dict[str, Any]
    process: int | None = Field(ge=128)
    effective_from: date
    by: str = ""

    @field_validator("book")
    @classmethod
    def _is_a_book(cls, given: dict[str, Any]) -> dict[str, Any]:
        Book.from_json(given)
        return given


class PublishRouting(Operation):
    """A routing directory put in force: its rows and its version, where published routing is kept."""

    name = "publish_routing"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Publish a routing directory",
        "ru": "Опубликовать справочник маршрутизации",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything: the version before is in force again",
        "ru": "всё: снова действует прежняя версия",
    }
    Params = PublishRoutingParams

    def reads(self, params: PublishRoutingParams) -> Mapping[str, Read]:
        """Everything published so far."""
        if params.process is None:
            return {ELEMENTS: Read(["CODE", "NAME", CONTENT, "CREATED_BY", "DATE_CREATE"])}
        return {"type": Read(filter={"entityTypeId": params.process}), f"item:{params.process}": Read()}

    def check(self, tables: Tables, params: PublishRoutingParams) -> None:
        """The smart process is the one for published routing."""
        if params.process is None:
            return
        types = tables["type"]
        codes = types.loc[types["entityTypeId"] == params.process, "code"].tolist() if len(types) else []
        if codes != [PROCESS]:
            raise ParameterError(
                self.name,
                "process",
                params.process,
                "is not the smart process of published routing",
                "Run: b24kit routing provision",
            )

    def plan(self, tables: Tables, params: PublishRoutingParams) -> Changes:
        """Rows that are new, rows that end, and the version; nothing when it is in force that day already."""
        name = ELEMENTS if params.process is None else entity(f"item:{params.process}").name
        book = Book.from_json(params.book)
        shelf = Shelf.of(tables[name])
        held = shelf.in_force(params.effective_from)
        if held and shelf.versions[held]["digest"] == book.digest:
            return Changes()
        number = shelf.newest + 1
        added, gone = shelf.next_rows(book)
        day = params.effective_from.isoformat()
        facts = {
            "digest": book.digest,
            "entity_type_id": book.entity_type_id,
            "effective_from": day,
            "by": params.by,
            "rows": len(book.rules),
            "names": said_by_version(book),
        }
        version = Row("version", json.dumps(facts, ensure_ascii=False, sort_keys=True))
        titles = [_title(book, row) for row in added]
        if params.process is None:
            items = [_element(row, number, title) for row, title in zip(added, titles, strict=True)]
            last = _element(version, number, f"v{number}: {day}")
            ended = _ends(gone, number)
        else:
            fields = fields_of(tables[name].columns)
            items = [_item(row, number, title, fields) for row, title in zip(added, titles, strict=True)]
            last = _item(version, number, f"v{number}: {day}", fields)
            until = fields["until"]
            ended = updates(
                name,
                [row.item for row in gone],
                before={until: [None] * len(gone)},
                after={until: [str(number - 1)] * len(gone)},
                reason=ENDS,
            )
        markers = [f"routing:{number}:{_key(row)}" for row in added]
        return Changes.joined(
            creates(name, items, markers=markers, reason=NEW),
            ended,
            creates(name, [last], markers=[f"routing:{number}"], reason=VERSION).at_phase(_LAST),
        )


def _element(row: Row, number: int, title: str) -> dict[str, Any]:
    said = spelled(kind=row.kind, since=number, place=row.place, content=row.content)
    return {"NAME": title[:250], CONTENT: said}


def _ends(gone: Sequence[Row], number: int) -> Changes:
    """Elements are never changed: others say which of them end."""
    parts = [[row.item for row in gone[at : at + _NAMED]] for at in range(0, len(gone), _NAMED)]
    if not parts:
        return Changes()
    said = [
        {"NAME": f"v{number}: −{len(ids)}", CONTENT: spelled(kind="ends", since=number, rows=ids)}
        for ids in parts
    ]
    markers = [f"routing:{number}:ends:{at}" for at in range(len(parts))]
    return creates(ELEMENTS, said, markers=markers, reason=ENDS)


def _key(row: Row) -> str:
    return sha256(f"{row.kind}\n{row.place}\n{row.content}".encode()).hexdigest()[:16]


def _item(row: Row, number: int, title: str, fields: Mapping[str, str]) -> dict[str, Any]:
    placed = {} if row.kind == "version" else {fields["place"]: row.place}
    return {
        "title": title[:250],
        fields["kind"]: row.kind,
        fields["since"]: str(number),
        **placed,
        fields["content"]: row.content,
    }


def _title(book: Book, row: Row) -> str:
    """What a person reads in the list of items."""
    said = json.loads(row.content)
    if row.kind == "names":
        return "…"
    if row.kind == "filter":
        return f"✕ {said['word']}"
    if row.kind == "substitution":
        names = [book.name("people", said[key]) for key in ("absent", "substitute")]
        return f"{names[0]} ⇒ {names[1]}"
    conditions = [said[key] for key in ("topic", "subtopic", "region", "department", "channel")]
    shown = " / ".join(book.name("words", each) for each in conditions if each != ANY) or ANY
    return f"{shown} → {book.name('people', said['responsible'])}"
