"""Messages of a channel, filtered, routed and made into appeals exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import pandas as pd
from pydantic import Field, ValidationError, model_validator

from toolkit.errors import ParameterError, SheetError
from toolkit.matching import Home
from toolkit.records import entity
from toolkit.routing.evaluator import Book, Directory
from toolkit.routing.shelf import CONTENT, ELEMENTS, Shelf
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables
from toolkit.runs.contact_centre import phones_of_companies
from toolkit.runs.ingest import Joining, Keeping, MessageRow, TakenIn, Terms, UnreadMessage, take_messages
from toolkit.runs.routed import FirstStages, definitions_in, directory_in_force
from toolkit.sheets.channels import ChannelMapping, shipped_mapping
from toolkit.zones import ZoneName

__all__ = ["IngestAppeals", "IngestAppealsParams"]

_PARTS = frozenset(MessageRow.model_fields)


class IngestAppealsParams(OperationParams):
    """The messages, by which directory they are routed, and what becomes of those who wrote them.

    Args:
        channel: its name as routing rules have it, or its short name (`vk`): b24kit ingest channels.
        rows: the messages; under the names of parts, or as the channel exports them: then the mapping says which is
            which.
        unread: rows of the export that are no messages: they are accounted for.
        mapping: of the channel, as in a mapping file; None for the one that comes with the library.
        process: entity type id of the smart process of published routing; None for the universal list.
        on: the day for which the directory is asked; None for the day on which the portal is read.
        entity: what appeals are: `deal`, or a smart process (`item:177`).
        fields: code (topic, subtopic, region, department, channel, text, author, link, rating, message) to the field
            that holds it; what is not said is found by the fields' labels.
        fallback: user id of who gets what no rule is for; None to put such messages aside.
        absent: ids of people on leave now, beside the directory's substitutions.
        new_clients: people nobody knows become contacts; False makes their appeals without a client.
        doubtful: where several clients fit, the message is put aside (`quarantine`), or becomes an appeal without a
            client (`without_client`).
        join: `post`: comments under one post become one appeal; `author`: what one author writes does.
        window_h: how many hours a message may be apart from the others of its appeal.
        silent: as an import, so that robots are not set off; for messages of the past.
        phone_alone: a message with a phone and no name is of the only person who has that number.
        country, area_code: where phones without a country or area code belong.
        zone: of the working hours.
        language: of the words that stand below a text.
    """

    channel: str = Field(min_length=1)
    rows: list[MessageRow] = Field(default_factory=list)
    unread: list[UnreadMessage] = Field(default_factory=list)
    mapping: ChannelMapping | None = None
    process: int | None = Field(ge=128)
    on: date | None = None
    entity: str = "deal"
    fields: dict[str, str] = Field(default_factory=dict)
    fallback: int | None = None
    absent: list[int] = Field(default_factory=list)
    new_clients: bool = True
    doubtful: Literal["quarantine", "without_client"] = "quarantine"
    join: list[Literal["post", "author"]] = Field(default_factory=list)
    window_h: float = Field(default=24.0, gt=0)
    silent: bool = False
    phone_alone: bool = True
    country: str = "RU"
    area_code: str = ""
    zone: ZoneName = "Europe/Moscow"
    language: Literal["ru", "en"] = "ru"

    @model_validator(mode="before")
    @classmethod
    def _as_messages(cls, said: Any) -> Any:
        """Rows as the channel exports them, made into messages; a channel has the name routing knows."""
        if not isinstance(said, Mapping) or not isinstance(said.get("channel"), str):
            return said
        taken = dict(said)
        given = said.get("mapping")
        try:
            mapping = (
                shipped_mapping(said["channel"]) if given is None else ChannelMapping.model_validate(given)
            )
        except SheetError as error:
            raise ValueError(str(error)) from error
        taken.update(mapping=mapping, channel=mapping.channel)
        if not isinstance(said.get("rows"), list):
            return taken
        taken["rows"], unread = [], list(said.get("unread") or ())
        for place, row in enumerate(said["rows"], start=1):
            message = _message(row)
            if message is not None or not isinstance(row, Mapping) or _PARTS.issuperset(row):
                taken["rows"].append(row if message is None else message)
                continue
            found = mapping.taken(mapping.spelled(row), place)
            if found.reason:
                unread.append(
                    UnreadMessage(row=place, id=found.id, reason=found.reason, details=found.details)
                )
            else:
                taken["rows"].append({**found.cells, "row": place})
        taken["unread"] = unread
        return taken


class IngestAppeals(Operation):
    """Messages of a channel, filtered, routed and made into appeals exactly once."""

    name = "ingest_appeals"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Take in appeals from a channel",
        "ru": "Принять обращения из канала",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "appeals and clients it made and nobody has edited since",
        "ru": "созданные обращения и клиенты, которых с тех пор никто не правил",
    }
    Params = IngestAppealsParams
    filled_in: ClassVar[frozenset[str]] = frozenset({"on"})

    def parameters(self, given: Mapping[str, Any]) -> Any:
        """Parameters checked and typed; the place of the directory has to be given.

        Raises:
            ParameterError: as every operation; of the place it says which command fills it in.
        """
        if "process" not in given:
            remedy = "Run instead: b24kit ingest CHANNEL FILE, or name the channel: -p channel=vk."
            raise ParameterError(self.name, "process", None, "is not given", remedy)
        return super().parameters(given)

    def reads(self, params: IngestAppealsParams) -> Mapping[str, Read]:
        """The directory, what this channel's messages have become, the clients, the users, pipelines and fields."""
        kind = entity(params.entity)
        number = kind.entity_type_id
        own = [each for each in (params.process, number if kind.name != "deal" else None) if each is not None]
        columns = ["CODE", CONTENT, "CREATED_BY", "DATE_CREATE"] if params.process is None else None
        return {
            **({"type": Read(filter={"@entityTypeId": own})} if own else {}),
            _shelf(params): Read(columns),
            "user": Read(["ID", "ACTIVE", "NAME", "LAST_NAME"]),
            "status": Read(),
            f"category:{number}": Read(),
            f"field:{number}": Read(),
            kind.name: Read(filter={f"%{kind.marker_fields[-1]}": f"ch:{_mapping(params).code}:"}),
            "contact": Read(),
            "company": Read(),
            "requisite": Read(),
        }

    def check(self, tables: Tables, params: IngestAppealsParams) -> None:
        """A directory is in force that day and made for these appeals; the fields exist, and one takes the text."""
        shelf = Shelf.of(tables[_shelf(params)])
        directory_in_force(shelf, _day(tables, params), params.entity, asked_by=self.name)
        Keeping.fields_of(_definitions(tables, params), params.fields, asked_by=self.name)
        if params.fallback is not None and params.fallback not in _there(tables):
            raise ParameterError(
                self.name, "fallback", params.fallback, "is not an active user", "Name one who works there."
            )

    def plan(self, tables: Tables, params: IngestAppealsParams) -> Changes:
        """Clients nobody had, then appeals, then messages added to appeals that are there."""
        return _taken(tables, params).changes

    def accounting(self, tables: Tables, params: IngestAppealsParams) -> pd.DataFrame:
        """What becomes of every row.

        Returns:
            One row per input row: row int (its place in the file, from 1), id str, state (`created`, `joined`,
            `duplicate`, `filtered`, `quarantined`), reason str ("" where it needs none), details str, marker str (of
            the appeal it is in; "" for none).
        """
        return _taken(tables, params).account.table()


def _message(row: Any) -> MessageRow | None:
    """A row that is under the names of parts; None for anything else."""
    if isinstance(row, MessageRow):
        return row
    try:
        return MessageRow.model_validate(row)
    except ValidationError:
        return None


def _taken(tables: Tables, params: IngestAppealsParams) -> TakenIn:
    kind, mapping, definitions = entity(params.entity), _mapping(params), _definitions(tables, params)
    number = kind.entity_type_id or 0
    shelf, on, home = (
        Shelf.of(tables[_shelf(params)]),
        _day(tables, params),
        Home(params.country, params.area_code),
    )
    book = shelf.book(shelf.in_force(on))
    keeping = Keeping(
        fields=Keeping.fields_of(definitions, params.fields, asked_by=IngestAppeals.name),
        definitions=definitions,
        statuses=tables["status"],
        channel=mapping.channel,
        language=params.language,
        zone=ZoneInfo(params.zone),
    )
    terms = Terms(
        code=mapping.code,
        channel=mapping.channel,
        entity=kind.name,
        entity_type_id=number,
        marker_field=kind.marker_fields[-1],
        keeping=keeping,
        directory=Directory(book),
        on=on,
        zone=ZoneInfo(params.zone),
        away=_away(book, _there(tables) - set(params.absent)),
        fallback=params.fallback,
        pipeline=_default(tables[f"category:{number}"]),
        first=FirstStages(tables["status"], number),
        statuses=tables["status"],
        joining=Joining(frozenset(params.join), timedelta(hours=params.window_h), mapping.code),
        home=home,
        switchboards=phones_of_companies(tables, home),
        new_clients=params.new_clients,
        without_client=params.doubtful == "without_client",
        phone_alone=params.phone_alone,
        silent=params.silent,
    )
    return take_messages(params.rows, params.unread, tables, terms)


def _mapping(params: IngestAppealsParams) -> ChannelMapping:
    return params.mapping or shipped_mapping(params.channel)


def _shelf(params: IngestAppealsParams) -> str:
    return ELEMENTS if params.process is None else f"item:{params.process}"


def _definitions(tables: Tables, params: IngestAppealsParams) -> dict[str, dict[str, Any]]:
    return definitions_in(tables[f"field:{entity(params.entity).entity_type_id}"])


def _there(tables: Tables) -> frozenset[int]:
    users = tables["user"]
    return frozenset(users.loc[users["ACTIVE"].fillna(False).astype(bool), "ID"].astype("int64").tolist())


def _away(book: Book, there: AbstractSet[int]) -> frozenset[str]:
    """The people a directory names who are not there."""
    named = {person for rule in book.rules for person in (rule.responsible, rule.deputy)}
    named |= {each.substitute for each in book.substitutions}
    return frozenset(each for each in named if each and not (each.isdecimal() and int(each) in there))


def _default(pipelines: pd.DataFrame) -> int | None:
    """The pipeline of what no rule sends elsewhere; None when the portal tells of none."""
    if pipelines.empty:
        return None
    chosen = (
        pipelines[pipelines["isDefault"].fillna(False).isin([True, "Y"])]
        if "isDefault" in pipelines
        else pipelines
    )
    return int((chosen if len(chosen) else pipelines)["id"].min())


def _day(tables: Tables, params: IngestAppealsParams) -> date:
    """The day rules are asked for: the one that was given, else the day on which the portal was read."""
    if params.on is not None:
        return params.on
    read = tables["user"].attrs.get("read_at")
    if read is None:
        raise ParameterError(IngestAppeals.name, "on", None, "is not given", "Say the day: -p on=2026-11-23.")
    return pd.Timestamp(read).tz_convert(params.zone).date()
