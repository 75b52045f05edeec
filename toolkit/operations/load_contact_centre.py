"""A contact centre's requests and calls, carried into the portal exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

import pandas as pd
from pydantic import Field, model_validator

from toolkit.errors import ParameterError
from toolkit.matching import Home, MatchRules, read_inn, read_phone
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, creates, listed, rewrites
from toolkit.runs.calls_made import CallMade, call_changes
from toolkit.runs.contact_centre import (
    Asked,
    CallRow,
    Card,
    ClientRow,
    Match,
    RequestRow,
    TopicRow,
    Wish,
    decide,
    latest,
    match_clients,
)
from toolkit.runs.contact_centre.cells import empty
from toolkit.runs.multivalues import rows_of
from toolkit.runs.references import made

__all__ = ["LoadContactCentre", "LoadContactCentreParams"]

COMPANIES, CLIENTS = 4, 6
"""Phases: a contact names its company, a deal its contact."""

NEW_CARD = "a client nobody had"
NEW_FIRM = "a firm nobody had"
NEW_REQUISITE = "the firm's INN and KPP"
NEW_DEAL = "a request without an open deal"
FILLED = "what the contact centre knows of it"

NO_CLIENT = "neither phone nor e-mail says who it is"
BAD_INN = "the INN is none"
NO_PIPELINE = "its topic has no pipeline"
PIPELINE_GONE = "its pipeline is not on the portal"
NOBODY = "nobody who works there answers for it"
UNSURE = "who the client is, a person has to say"
UNSURE_DEAL = "several deals are open: a person has to say"
KEPT = "corrected there and edited here: left as it is"
WITHDRAWN = "withdrawn there: left to a person"
SUPERSEDED = "a later state of the same row stands in the file"
_CARD = ("name", "lastName", "secondName")


class LoadContactCentreParams(OperationParams):
    """The rows, and where they go.

    Args:
        system: a short name of the contact centre's system; part of every marker.
        requests, calls: the rows; on the command line `-p requests=@requests.xlsx`.
        topics: which pipeline, stage and responsible the requests of a topic get; `*` for all others.
        previous: the requests as they were last loaded: what differs from them was corrected there, what the
            portal has otherwise was edited here. Without, a card made out of a row is corrected as long as nobody
            has saved it since.
        newest: fields of cards which people made where a row newer than the last save wins; others are only filled.
        whole: the file holds all there is: deals made out of rows that are not in it are listed as withdrawn.
        fallback: user id of who answers when nobody else does.
        country, area_code: where phones without a country or area code belong.
        phone_alone: a row with a phone and no name is about the only person who has that number.
        requisite_preset: id of the template of new requisites.
        silent: new records by import, so that no robot is set off; otherwise as by hand.
    """

    system: str = Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")
    requests: list[RequestRow] = Field(default_factory=list)
    calls: list[CallRow] = Field(default_factory=list)
    topics: list[TopicRow] = Field(default_factory=list)
    previous: list[RequestRow] = Field(default_factory=list)
    newest: list[str] = Field(default_factory=list)
    whole: bool = False
    fallback: int | None = None
    country: str = "RU"
    area_code: str = ""
    phone_alone: bool = True
    requisite_preset: int = Field(default=1, ge=1)
    silent: bool = True

    @model_validator(mode="after")
    def _one_place_each(self) -> Self:
        names = [each.topic.casefold() for each in self.topics]
        twice = sorted({each for each in names if names.count(each) > 1})
        if twice:
            raise ValueError(f"topics stand twice: {', '.join(twice)}")
        return self


class LoadContactCentre(Operation):
    """A contact centre's requests and calls, carried into the portal exactly once."""

    name = "load_contact_centre"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Load a contact centre's requests and calls",
        "ru": "Загрузить заявки и звонки контакт-центра",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything nobody has edited since",
        "ru": "всё, что с тех пор никто не правил",
    }
    Params = LoadContactCentreParams
    filled_in: ClassVar[frozenset[str]] = frozenset({"previous"})

    def reads(self, params: LoadContactCentreParams) -> Mapping[str, Read]:
        """The clients and deals, the users, pipelines and stages, and the calls loaded before."""
        reads = {
            "contact": Read(),
            "company": Read(),
            "requisite": Read(),
            "deal": Read(),
            "user": Read(["ID", "ACTIVE", "NAME", "LAST_NAME", "EMAIL"]),
            "category:2": Read(),
            "status": Read(),
        }
        if params.calls:
            reads["activity"] = Read(filter={"TYPE_ID": 2, "ORIGINATOR_ID": "b24kit"})
        return reads

    def check(self, tables: Tables, params: LoadContactCentreParams) -> None:
        """The table of topics names stages and people the portal has."""
        staff, stages = _Staff(tables["user"]), set(tables["status"].get("STATUS_ID", []))
        problems = []
        for number, each in enumerate(params.topics, start=1):
            prefix = f"C{each.pipeline}:" if each.pipeline else ""
            if each.stage and (each.stage not in stages or not each.stage.startswith(prefix)):
                problems.append(
                    f"row {number}, stage: {each.stage!r} is no stage of pipeline {each.pipeline}"
                )
            if each.responsible and staff.find(each.responsible) is None:
                problems.append(f"row {number}, responsible: nobody who works there is {each.responsible!r}")
        if params.fallback is not None and params.fallback not in staff.active:
            problems.append(f"fallback: {params.fallback} is not an active user")
        if problems:
            raise ParameterError(
                self.name,
                "topics",
                f"{len(params.topics)} rows",
                "cannot be used:\n  " + "\n  ".join(problems),
                "Correct the table; nothing has been written.",
            )

    def plan(self, tables: Tables, params: LoadContactCentreParams) -> Changes:
        """Firms, then people, then deals, then calls."""
        loading = _Loading(tables, params)
        changes = loading.changes()
        fates = pd.Series([each.state for each in loading.fates.values()], dtype="str")
        tally = {str(words): int(count) for words, count in fates.value_counts().items()}
        return replace(changes, tally=tally)

    def accounting(self, tables: Tables, params: LoadContactCentreParams) -> pd.DataFrame:
        """What becomes of every row.

        Returns:
            One row per input row: kind (`request`, `call`), position int (from 0), id str, state (`created`,
            `edited`, `unchanged`, `review`, `quarantined`), reason str ("" where it needs none).
        """
        loading = _Loading(tables, params)
        loading.changes()
        rows: dict[str, Sequence[ClientRow]] = {"request": params.requests, "call": params.calls}
        return pd.DataFrame(
            [
                (kind, at, rows[kind][at].id, fate.state, fate.reason)
                for (kind, at), fate in loading.fates.items()
            ],
            columns=["kind", "position", "id", "state", "reason"],
        )


State = Literal["created", "edited", "unchanged", "review", "quarantined"]


@dataclass(frozen=True)
class _Fate:
    """What becomes of a row."""

    state: State
    reason: str = ""


@dataclass(frozen=True)
class _Client:
    """Who a row is about: ids, or markers of what is made."""

    contact: int | str | None = None
    company: int | str | None = None


@dataclass
class _Known:
    """A client as all rows about it describe it, oldest first."""

    marker: str
    rows: list[ClientRow] = field(default_factory=list)
    match: Match = field(default_factory=lambda: Match("review"))
    edited: bool = False


class _Loading:
    """One pass over the rows; `fates` fills as it goes."""

    def __init__(self, tables: Tables, params: LoadContactCentreParams) -> None:
        self.tables, self.params = tables, params
        self.home = Home(params.country, params.area_code)
        self.staff = _Staff(tables["user"])
        self.shared = _phones_of_companies(tables, self.home)
        self.fates: dict[tuple[str, int], _Fate] = {}
        self.topics = {each.topic.casefold(): each for each in params.topics}
        self.new_firms: set[str] = set()
        self.new_people: set[str] = set()
        self.pipelines = {0, *tables["category:2"].get("id", pd.Series(dtype="int64")).astype(int)}
        self.before = {each.id: each for each in params.previous}
        self.parts: list[Changes] = []
        self.people: dict[str, _Known] = {}
        self.firms: dict[str, _Known] = {}
        self.of_row: dict[tuple[str, int], tuple[str, str]] = {}  # row to the markers of person and firm
        self.deal_of: dict[str, int | str] = {}
        self.edited_clients: set[str] = set()

    def changes(self) -> Changes:
        """All that is asked for."""
        self._sort_rows()
        rules = MatchRules(blank_joins_sole_owner=self.params.phone_alone)
        for name, known in (("company", self.firms), ("contact", self.people)):
            asked = [self._asked(name, each) for each in known.values()]
            found = match_clients(name, asked, self.tables[name], self.tables["requisite"], rules, self.home)
            for each in known.values():
                each.match = found[each.marker]
        self._companies()
        self._contacts()
        self._deals()
        self._calls()
        self._withdrawn()
        return Changes.joined(*self.parts)

    def _sort_rows(self) -> None:
        """Who each row is about; rows that say nobody, or are superseded, have their fate at once."""
        rows: dict[str, Sequence[ClientRow]] = {"request": self.params.requests, "call": self.params.calls}
        ordered = [
            (kind, at)
            for kind, them in rows.items()
            for at in sorted(range(len(them)), key=lambda n: them[n].stamp)
        ]
        last = {kind: latest(them) for kind, them in rows.items()}
        for kind, at in ordered:
            row = rows[kind][at]
            if last[kind][row.id] != at:
                self.fates[kind, at] = _Fate("unchanged", SUPERSEDED)
                continue
            registration = read_inn(row.inn, row.kpp) if row.inn else None
            if registration is not None and not registration.key:
                self._leave(kind, at, row, "quarantined", BAD_INN, repr(row.inn))
                continue
            if isinstance(row, RequestRow) and (problem := self._no_place(row)):
                self._leave(kind, at, row, "quarantined", problem, repr(row.topic))
                continue
            numbers = [number for number, may_key in _numbers(row.phone, self.home) if may_key]
            person = [each for each in numbers if each not in self.shared]
            named = bool(row.name or row.last_name)
            key = row.client_id or next(iter(person), "") or row.email.strip().casefold()
            if key and not row.client_id and named:
                words = " ".join(sorted(f"{row.last_name} {row.name} {row.second_name}".casefold().split()))
                key += ":" + hashlib.sha256(words.encode()).hexdigest()[:8]
            marker = f"cc:{self.params.system}:client:{key}" if key else ""
            firm = ""
            if registration is not None:
                firm = f"cc:{self.params.system}:company:{registration.key}"
                firm += f"-{registration.kpp}" if registration.kpp else ""
            if not marker and not firm:
                self._leave(kind, at, row, "quarantined", NO_CLIENT, row.phone)
                continue
            if marker:
                self.people.setdefault(marker, _Known(marker)).rows.append(row)
            if firm:
                self.firms.setdefault(firm, _Known(firm)).rows.append(row)
            self.of_row[kind, at] = (marker, firm)

    def _place(self, row: RequestRow) -> TopicRow:
        return self.topics.get(row.topic.casefold()) or self.topics["*"]

    def _no_place(self, row: RequestRow) -> str:
        if not {row.topic.casefold(), "*"} & set(self.topics):
            return NO_PIPELINE
        return "" if self._place(row).pipeline in self.pipelines else PIPELINE_GONE

    def _asked(self, name: str, known: _Known) -> Asked:
        last = known.rows[-1]
        phones = dict.fromkeys(each.phone for each in known.rows if each.phone)
        emails = dict.fromkeys(each.email for each in known.rows if each.email)
        registration = read_inn(last.inn, last.kpp)
        if name == "company":
            title = _last(known.rows, "company") or registration.key
            return Asked(known.marker, {"title": title}, inn=registration.key, kpp=registration.kpp)
        own = registration.key if len(registration.key) == 12 else ""
        mine = [
            each for each in phones if not {number for number, _ in _numbers(each, self.home)} & self.shared
        ]
        return Asked(known.marker, _names(known.rows), tuple(mine), tuple(emails), own)

    # -- clients ------------------------------------------------------------------------------------

    def _companies(self) -> None:
        new: dict[str, tuple[dict[str, Any], _Known, str]] = {}
        requisites = self.tables["requisite"]
        fresh: list[tuple[int | dict[str, str], Asked]] = []
        held = set()
        if len(requisites):
            held = set(requisites.loc[requisites["ENTITY_TYPE_ID"] == 4, "ENTITY_ID"].astype(int))
        for known in self.firms.values():
            asked = self._asked("company", known)
            if known.match.verdict == "new":
                who = self._owner(known.rows)
                if known.match.marker not in new and who is not None:
                    new[known.match.marker] = ({**asked.names, **self._made_by(who)}, known, asked.inn)
                    fresh.append((made(known.match.marker), asked))
            elif known.match.verdict == "one" and known.match.id not in held:
                held.add(known.match.id)
                fresh.append((known.match.id, asked))
        self.parts.append(
            creates(
                "company", [each for each, _, _ in new.values()], markers=list(new), reason=NEW_FIRM
            ).at_phase(COMPANIES)
        )
        self.new_firms = set(new)
        cells = [
            {
                "ENTITY_TYPE_ID": 4,
                "ENTITY_ID": owner,
                "PRESET_ID": self.params.requisite_preset,
                "NAME": asked.names["title"],
                "RQ_INN": asked.inn,
                **({"RQ_KPP": asked.kpp} if asked.kpp else {}),
            }
            for owner, asked in fresh
        ]
        markers = [asked.marker.replace(":company:", ":requisite:") for _, asked in fresh]
        self.parts.append(creates("requisite", cells, markers=markers, reason=NEW_REQUISITE))

    def _contacts(self) -> None:
        new: dict[str, list[_Known]] = {}
        there: dict[int, list[_Known]] = {}
        for known in self.people.values():
            if known.match.verdict == "new":
                new.setdefault(known.match.marker, []).append(known)
            elif known.match.verdict == "one":
                there.setdefault(known.match.id, []).append(known)
        values, markers = [], []
        for marker, group in new.items():
            rows = sorted((row for each in group for row in each.rows), key=lambda row: row.stamp)
            who = self._owner(rows)
            if who is None:
                continue
            asked = [self._asked("contact", each) for each in group]
            fm = _missing([], asked, self.home)
            firm = self._firm_of(rows)
            names = _names(rows) or {"name": rows[-1].phone or rows[-1].email}
            cells: dict[str, Any] = {**names, **self._made_by(who), "fm": fm}
            if firm is not None:
                cells["companyId"] = made(firm) if isinstance(firm, str) else firm
            values.append(cells)
            markers.append(marker)
        self.parts.append(creates("contact", values, markers=markers, reason=NEW_CARD).at_phase(CLIENTS))
        self.new_people = set(markers)
        cards = _cards(self.tables["contact"], set(there), self.params.system)
        ids, before, after = [], [], []
        for number, group in there.items():
            was, now = self._contact_cells(cards[number], group)
            if now:
                ids.append(number)
                before.append(was)
                after.append(now)
                self.edited_clients |= {each.marker for each in group}
        self.parts.append(rewrites("contact", ids, before=before, after=after, reason=FILLED))

    def _contact_cells(self, card: Card, group: Sequence[_Known]) -> tuple[dict[str, Any], dict[str, Any]]:
        rows = sorted((row for each in group for row in each.rows), key=lambda row: row.stamp)
        old = [self.before[row.id] for row in rows if row.id in self.before]
        then = _names(old)
        was: dict[str, Any] = {}
        now: dict[str, Any] = {}
        for name, value in _names(rows).items():
            if not card.ours and name == "name" and not empty(card.cells.get("lastName")):
                continue  # a whole name in one cell is not the given name of a card that has both
            wish = Wish(value, rows[-1].stamp, then.get(name))
            self._cell(card, "contact", name, wish, was, now)
        firm = self._firm_of(rows)
        if firm is not None and empty(card.cells.get("companyId")) and not any(row.inn for row in old):
            was["companyId"] = None
            now["companyId"] = made(firm) if isinstance(firm, str) else firm
        held = rows_of(card.cells.get("fm"))
        told = {(row.phone, row.email) for row in old}
        asked = [self._asked("contact", each) for each in group]
        asked = [
            replace(
                each,
                phones=tuple(one for one in each.phones if all(one != phone for phone, _ in told)),
                emails=tuple(one for one in each.emails if all(one != email for _, email in told)),
            )
            for each in asked
        ]
        fresh = _missing(held, asked, self.home)
        if fresh:
            was["fm"], now["fm"] = held, held + fresh
        return was, now

    def _cell(
        self, card: Card, entity: str, name: str, wish: Wish, was: dict[str, Any], now: dict[str, Any]
    ) -> None:
        verdict = decide(card, name, wish, name in self.params.newest)
        present = card.cells.get(name)
        if verdict == "write":
            was[name] = present
            now[name] = wish.value
        elif verdict == "kept":
            self.parts.append(listed(entity, [card.id], KEPT, f"{name}: {present!r}, there: {wish.value!r}"))

    def _firm_of(self, rows: Sequence[ClientRow]) -> int | str | None:
        for row in reversed(rows):
            registration = read_inn(row.inn, row.kpp)
            if not registration.key:
                continue
            marker = f"cc:{self.params.system}:company:{registration.key}"
            known = self.firms.get(marker + (f"-{registration.kpp}" if registration.kpp else ""))
            found = self._whose(known, self.new_firms)
            if found is not None:
                return found
        return None

    def _whose(self, known: _Known | None, new: set[str]) -> int | str | None:
        if known is None or known.match.verdict == "review":
            return None
        if known.match.verdict == "one":
            return known.match.id
        return known.match.marker if known.match.marker in new else None

    def _client(self, kind: str, at: int) -> tuple[_Client, Match | None]:
        """Who a row is about, or the match a person has to look at."""
        marker, firm = self.of_row[kind, at]
        for key, known in ((marker, self.people), (firm, self.firms)):
            if key and known[key].match.verdict == "review":
                return _Client(), known[key].match
        contact = self._whose(self.people.get(marker), self.new_people)
        company = self._whose(self.firms.get(firm), self.new_firms)
        return _Client(contact, company), None

    # -- deals --------------------------------------------------------------------------------------

    def _deals(self) -> None:
        deals = self.tables["deal"]
        board = _Board.of(deals, self.params.system)
        joined: dict[
            tuple[Any, ...], list[int]
        ] = {}  # a deal, or client and pipeline of a new one, to its rows
        order = sorted(range(len(self.params.requests)), key=lambda n: self.params.requests[n].at)
        for at in order:
            if ("request", at) not in self.of_row:
                continue
            row = self.params.requests[at]
            client, doubt = self._client("request", at)
            place = self._place(row)
            if doubt is not None:
                self._leave("request", at, row, "review", UNSURE, doubt.evidence, doubt.id)
            elif self._responsible(row, place) is None or client == _Client():
                self._leave("request", at, row, "quarantined", NOBODY, repr(row.responsible))
            else:
                mine = board.by_marker.get(self._marker("request", row.id))
                found = [mine] if mine else board.open(client, place.pipeline)
                if len(found) > 1:
                    self._leave("request", at, row, "review", UNSURE_DEAL, f"deals {found}", found[0])
                elif found:
                    joined.setdefault(("deal", found[0]), []).append(at)
                elif over := board.over_since(client, place.pipeline, pd.Timestamp(row.at)):
                    self.deal_of[row.id] = over
                    self._client_fate("request", at)
                else:
                    joined.setdefault(("new", *_side(client), place.pipeline), []).append(at)
        self._new_deals({key: rows for key, rows in joined.items() if key[0] == "new"})
        self._known_deals({int(key[1]): rows for key, rows in joined.items() if key[0] == "deal"})

    def _new_deals(self, joined: Mapping[tuple[Any, ...], list[int]]) -> None:
        values, markers = [], []
        for rows_at in joined.values():
            rows = [self.params.requests[at] for at in rows_at]
            first = rows[0]
            place = self._place(first)
            client = self._client("request", rows_at[0])[0]
            marker = self._marker("request", first.id)
            cells: dict[str, Any] = {}
            for row in rows:
                for name, value in _deal_cells(row).items():
                    cells.setdefault(name, value)
            cells.setdefault("title", first.topic or f"{self.params.system} {first.id}")
            cells["categoryId"] = place.pipeline
            if place.stage:
                cells["stageId"] = place.stage
            cells |= self._made_by(self._responsible(first, place))
            if client.contact is not None:
                cells["contactIds"] = [_id(client.contact)]
            if client.company is not None:
                cells["companyId"] = _id(client.company)
            values.append(cells)
            markers.append(marker)
            for number, (at, row) in enumerate(zip(rows_at, rows, strict=True)):
                self.deal_of[row.id] = marker
                words = "" if number == 0 else "joins the deal of an earlier row"
                self.fates["request", at] = _Fate("created", words)
        self.parts.append(creates("deal", values, markers=markers, reason=NEW_DEAL))

    def _known_deals(self, joined: Mapping[int, list[int]]) -> None:
        cards = _cards(self.tables["deal"], set(joined), self.params.system)
        ids, before, after = [], [], []
        for number, rows_at in joined.items():
            card, was, now = cards[number], dict[str, Any](), dict[str, Any]()
            own = card.cells.get("originId")
            for at in rows_at:
                row = self.params.requests[at]
                self.deal_of[row.id] = number
                theirs = replace(card, ours=own == self._marker("request", row.id))
                old = _deal_cells(self.before[row.id]) if row.id in self.before else {}
                had = len(now)
                for name, value in _deal_cells(row).items():
                    if name not in now:
                        wish = Wish(value, row.stamp, old.get(name))
                        self._cell(theirs, "deal", name, wish, was, now)
                if len(now) > had:
                    self.fates["request", at] = _Fate("edited")
                else:
                    self._client_fate("request", at)
            if now:
                ids.append(number)
                before.append(was)
                after.append(now)
        self.parts.append(rewrites("deal", ids, before=before, after=after, reason=FILLED))

    # -- calls --------------------------------------------------------------------------------------

    def _calls(self) -> None:
        there: set[str] = set()
        if "activity" in self.tables and "ORIGIN_ID" in self.tables["activity"]:
            there = set(self.tables["activity"]["ORIGIN_ID"].dropna())
        loaded = _Board.of(self.tables["deal"], self.params.system).by_marker
        calls = []
        for at, row in enumerate(self.params.calls):
            if ("call", at) not in self.of_row:
                continue
            marker = self._marker("call", row.id)
            client, doubt = self._client("call", at)
            if marker in there:
                self._client_fate("call", at)
                continue
            if doubt is not None:
                self._leave("call", at, row, "review", UNSURE, doubt.evidence, doubt.id)
                continue
            if client == _Client():
                self._leave("call", at, row, "quarantined", NOBODY, repr(row.responsible))
                continue
            deal = self.deal_of.get(row.request) or loaded.get(self._marker("request", row.request))
            places = [("contact", client.contact), ("company", client.company), ("deal", deal)]
            calls.append(
                CallMade(
                    marker=marker,
                    direction=row.direction,
                    phone=row.phone,
                    start=row.at,
                    duration_s=row.duration_s,
                    responsible=self.staff.find(row.responsible) if row.responsible else None,
                    description=row.comment,
                    belongs_to=[(name, number) for name, number in places if number is not None],
                )
            )
            self.fates["call", at] = _Fate("created")
        if calls:
            self.parts.append(call_changes(calls))

    # -- the rest -----------------------------------------------------------------------------------

    def _withdrawn(self) -> None:
        if not self.params.whole:
            return
        rows = {self._marker("request", each.id) for each in self.params.requests}
        board = _Board.of(self.tables["deal"], self.params.system)
        for marker, number in board.by_marker.items():
            if marker not in rows:
                self.parts.append(listed("deal", [number], WITHDRAWN, marker))

    def _client_fate(self, kind: str, at: int) -> None:
        """Of a row whose own record is as it should be: edited when its client is."""
        edited = self.of_row[kind, at][0] in self.edited_clients
        self.fates[kind, at] = _Fate("edited" if edited else "unchanged")

    def _leave(
        self, kind: str, at: int, row: ClientRow, state: State, reason: str, details: str, number: int = 0
    ) -> None:
        self.fates[kind, at] = _Fate(state, reason)
        name = "deal" if reason == UNSURE_DEAL else "contact"
        words = f"{kind} {row.id}: {details}"
        ids = pd.Series([number or pd.NA], dtype="Int64")
        self.parts.append(listed(name, ids, reason, words))

    def _owner(self, rows: Sequence[ClientRow]) -> int | None:
        """Who answers for a client: for the newest of its rows for which somebody does."""
        for row in reversed(rows):
            found = self._responsible(row, self._place(row) if isinstance(row, RequestRow) else None)
            if found is not None:
                return found
        return None

    def _responsible(self, row: ClientRow, place: TopicRow | None = None) -> int | None:
        """Who answers: as the row says, as the table says, the fallback."""
        for text in (row.responsible, place.responsible if place else ""):
            found = self.staff.find(text) if text else None
            if found is not None:
                return found
        return self.params.fallback

    def _made_by(self, who: int | None) -> dict[str, Any]:
        return {"assignedById": who, **({"createdBy": who} if self.params.silent else {})}

    def _marker(self, kind: str, number: str) -> str:
        return f"cc:{self.params.system}:{kind}:{number}"


@dataclass(frozen=True)
class _Board:
    """The deals, by marker and by client."""

    by_marker: Mapping[str, int]
    live: Mapping[tuple[str, int, int], list[int]]
    closed: Mapping[tuple[str, int, int], list[tuple[int, Any]]]

    @classmethod
    def of(cls, deals: pd.DataFrame, system: str) -> _Board:
        by_marker: dict[str, int] = {}
        live: dict[tuple[str, int, int], list[int]] = {}
        closed: dict[tuple[str, int, int], list[tuple[int, Any]]] = {}
        columns = (
            "id",
            "originId",
            "categoryId",
            "closed",
            "contactId",
            "contactIds",
            "companyId",
            "movedTime",
        )
        cells = [deals[each].tolist() if each in deals else [None] * len(deals) for each in columns]
        for number, marker, pipeline, over, contact, contacts, company, moved in zip(*cells, strict=True):
            if isinstance(marker, str) and marker.startswith(f"cc:{system}:request:"):
                by_marker[marker] = int(number)
            people = {*_ids([contact]), *_ids(contacts if _many(contacts) else [])}
            for key in [
                *(("contact", each) for each in people),
                *(("company", each) for each in _ids([company])),
            ]:
                if not empty(over) and over not in (False, "N"):
                    closed.setdefault((*key, int(pipeline)), []).append((int(number), moved))
                else:
                    live.setdefault((*key, int(pipeline)), []).append(int(number))
        return cls(by_marker, live, closed)

    def open(self, client: _Client, pipeline: int) -> list[int]:
        """Open deals of a client in a pipeline: of the person, else of a firm without a person."""
        side, who = _side(client)
        return self.live.get((side, who, pipeline), []) if isinstance(who, int) else []

    def over_since(self, client: _Client, pipeline: int, moment: pd.Timestamp) -> int | None:
        """A deal of the client which was closed after that moment: the request was part of it."""
        side, who = _side(client)
        found = self.closed.get((side, who, pipeline), []) if isinstance(who, int) else []
        for number, moved in found:
            if moved is not None and not pd.isna(moved) and pd.Timestamp(moved) >= moment:
                return number
        return None


class _Staff:
    """Who works there, by id, e-mail or full name."""

    def __init__(self, users: pd.DataFrame) -> None:
        working = users[users["ACTIVE"].fillna(False).astype(bool)]
        self.active = {int(each) for each in working["ID"]}
        self._by: dict[str, set[int]] = {}
        for row in working.astype(object).where(working.notna(), "").to_dict("records"):
            first, last = str(row.get("NAME", "")), str(row.get("LAST_NAME", ""))
            for words in (str(row["ID"]), str(row.get("EMAIL", "")), f"{first} {last}", f"{last} {first}"):
                self._by.setdefault(" ".join(words.casefold().split()), set()).add(int(row["ID"]))

    def find(self, text: str) -> int | None:
        """The one person of that name who works there."""
        found = self._by.get(" ".join(text.casefold().split()), set())
        return next(iter(found)) if len(found) == 1 else None


def _names(rows: Sequence[ClientRow]) -> dict[str, str]:
    """The newest of each part of the name."""
    found = {"name": _last(rows, "name"), "lastName": _last(rows, "last_name")}
    found["secondName"] = _last(rows, "second_name")
    return {name: value for name, value in found.items() if value}


def _last(rows: Sequence[ClientRow], name: str) -> str:
    return next((value for row in reversed(rows) if (value := getattr(row, name))), "")


def _deal_cells(row: RequestRow) -> dict[str, Any]:
    cells: dict[str, Any] = {"title": row.title, "opportunity": row.amount, "comments": row.comment}
    return {name: value for name, value in cells.items() if not empty(value)}


def _missing(held: Sequence[Mapping[str, Any]], asked: Iterable[Asked], home: Home) -> list[dict[str, Any]]:
    """Rows of the phones and mailboxes a card does not hold, however they are spelled."""

    def alike(kind: str, value: str) -> str:
        numbers = _numbers(value, home) if kind == "PHONE" else ()
        return " ".join(each for each, _ in numbers) or value.strip().casefold()

    known = {(row["typeId"], alike(row["typeId"], str(row["value"]))) for row in held}
    fresh = []
    for each in asked:
        told = [("PHONE", value) for value in each.phones] + [("EMAIL", value) for value in each.emails]
        for kind, value in told:
            if (kind, alike(kind, value)) not in known:
                known.add((kind, alike(kind, value)))
                fresh.append({"id": None, "typeId": kind, "valueType": "WORK", "value": value})
    return fresh


def _cards(table: pd.DataFrame, ids: set[int], system: str) -> dict[int, Card]:
    chosen = table[table["id"].isin(ids)].astype(object)
    found = {}
    for cells in chosen.to_dict("records"):
        marker = cells.get("originId")
        ours = isinstance(marker, str) and marker.startswith(f"cc:{system}:")
        found[int(cells["id"])] = Card(
            int(cells["id"]), {str(key): _plain(each) for key, each in cells.items()}, ours
        )
    return found


def _plain(value: Any) -> Any:
    if _many(value):
        return list(value)
    return None if value is None or pd.isna(value) else value


def _phones_of_companies(tables: Tables, home: Home) -> set[str]:
    """Numbers that stand on companies and on no person: a switchboard is nobody's own."""
    found: list[set[str]] = []
    for name in ("company", "contact"):
        if found and not found[0]:
            return set()  # no firm has a phone: the people's need not be read
        numbers: set[str] = set()
        for cell in tables[name].get("fm", pd.Series(dtype="object")).tolist():
            for row in rows_of(_plain(cell)):
                if row["typeId"] == "PHONE":
                    numbers |= {each for each, _ in _numbers(str(row["value"]), home)}
        found.append(numbers)
    return found[0] - found[1]


def _many(value: Any) -> bool:
    return not isinstance(value, str) and hasattr(value, "__iter__") and not isinstance(value, Mapping)


def _ids(values: Iterable[Any]) -> set[int]:
    return {int(each) for each in values if each is not None and not pd.isna(each) and int(each)}


def _side(client: _Client) -> tuple[str, int | str | None]:
    """The person; of a firm without a person the firm."""
    return ("contact", client.contact) if client.contact is not None else ("company", client.company)


def _id(who: int | str) -> int | dict[str, str]:
    return made(who) if isinstance(who, str) else who


@lru_cache(maxsize=1_000_000)
def _numbers(text: str, home: Home) -> tuple[tuple[str, bool], ...]:
    """The numbers in a cell, and whether each may tell clients apart; the same cell is met several times."""
    return tuple((each.e164, each.may_key) for each in read_phone(text, home).numbers)
