"""A contact centre's requests and calls, carried into the portal exactly once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import pandas as pd
from pydantic import Field, model_validator

from toolkit.errors import ParameterError
from toolkit.matching import Home
from toolkit.records.conversations import ACTIVITY_FIELDS
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables
from toolkit.runs.contact_centre import (
    Appeals,
    CallRow,
    Held,
    HistoryRow,
    Loaded,
    LoadedCall,
    RequestRow,
    Staff,
    Terms,
    TopicSaid,
    UnreadRow,
    check_said,
    latest,
    load_rows,
    phones_of_firms,
    portal_facts,
    settled_topics,
    take_history,
    take_rows,
)
from toolkit.runs.telephony import AppealShelf, appeal_fields
from toolkit.sheets.mapping import ZONE, ExportMapping

__all__ = ["Carried", "LoadContactCentre", "LoadContactCentreParams"]

_CALL = (*ACTIVITY_FIELDS, "ORIGIN_VERSION", "DESCRIPTION")

_KINDS: Mapping[str, Literal["request", "call"]] = {"requests": "request", "calls": "call"}


class LoadContactCentreParams(OperationParams):
    """The rows, and where they go.

    Args:
        system: a short name of the contact centre's system; part of every marker.
        requests, calls: the rows; on the command line `-p requests=@requests.xlsx`. Under the names of fields, or
            under headings of their own: those are recognised, or a mapping says which is which.
        requests_mapping, calls_mapping: columns (heading to field), zone, constants, words, decimal, as in a mapping
            file (`b24kit contact-centre mapping`).
        history: rows of what was changed there and why: comments in the timelines of deals and clients.
        zone: of moments that name none, where no mapping says it.
        bad_rows: a row with a cell that cannot be read stops the run (`refuse`), or goes into quarantine while the
            others go on (`put_aside`).
        unread: rows that were put aside before: they are accounted for.
        topics: which pipeline, stage and responsible the requests of a topic get, by names or ids; `*` for all others
            (`b24kit contact-centre topics template`).
        previous: the requests as they were last loaded: what differs from them was corrected there, what the
            portal has otherwise was edited here. Without, a card made out of a row is corrected as long as nobody
            has saved it since.
        newest: fields of cards which people made where a row newer than the last save wins; others are only filled.
        whole: the file holds all there is: deals made out of rows that are not in it are listed as withdrawn.
        fallback: user id of who answers when nobody else does.
        country, area_code: where phones without a country or area code belong.
        phone_alone: a row with a phone and no name is about the only person who has that number.
        requisite_preset: id of the template of new requisites; None for the portal's own: of an organisation, or of an
            entrepreneur where the INN has twelve digits.
        silent: new records by import, so that no robot is set off; otherwise as by hand.
        calls_as: `auto`: as records of the telephone where an application connects that may read the statistics of
            calls, otherwise as activities; `activities`: always as those.
        recordings_folder: where the files lie which the rows of calls name; "" follows addresses only.
        recording_most_mb: larger recordings, in MiB, are quarantined; the call itself is loaded.
        retry_recordings: ask once more for recordings that could not be had.
        appeals: entity type id of the smart process of appeals, to show a new call with the one made for its client
            soon after; None without one.
        fields: code to field of that smart process, where it was made by hand.
        window_s: how soon after a call's end that is.
        language: of comments, and of what is said of rows that are left to a person.
        previous_calls: the calls as they were last loaded, and those that name a request of this pass: what differs
            was corrected there, and a call goes on the deal of a request that came after it.
        previous_deals: filled in: the deals requests were put on before that are not marked as theirs.
        telephone, recordings_gone, history_done, presets: filled in: what the connection may do with calls, which
            recordings earlier runs could not have, which comments they wrote, the portal's templates of requisites.
    """

    system: str = Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")
    requests: list[RequestRow] = Field(default_factory=list)
    calls: list[CallRow] = Field(default_factory=list)
    requests_mapping: ExportMapping | None = None
    calls_mapping: ExportMapping | None = None
    zone: str = ZONE
    bad_rows: Literal["refuse", "put_aside"] = "refuse"
    unread: list[UnreadRow] = Field(default_factory=list)
    history: list[HistoryRow] = Field(default_factory=list)
    topics: list[TopicSaid] = Field(default_factory=list)
    previous: list[RequestRow] = Field(default_factory=list)
    previous_calls: list[LoadedCall] = Field(default_factory=list)
    previous_deals: dict[str, int] = Field(default_factory=dict)
    newest: list[str] = Field(default_factory=list)
    whole: bool = False
    fallback: int | None = None
    country: str = "RU"
    area_code: str = ""
    phone_alone: bool = True
    requisite_preset: int | None = Field(default=None, ge=1)
    silent: bool = True
    calls_as: Literal["auto", "activities"] = "auto"
    recordings_folder: str = ""
    recording_most_mb: int = Field(default=100, ge=1, le=1024)
    retry_recordings: bool = False
    appeals: int | None = Field(default=None, ge=128)
    fields: dict[str, str] = Field(default_factory=dict)
    window_s: int = Field(default=900, ge=0)
    language: Literal["ru", "en"] = "ru"
    telephone: Literal["no", "read", "write"] = "no"
    recordings_gone: list[str] = Field(default_factory=list)
    history_done: list[str] = Field(default_factory=list)
    presets: dict[str, int] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _under_fields(cls, said: Any) -> Any:
        """Rows of exports as typed rows; a mapping is used up by that."""
        if not isinstance(said, Mapping):
            return said
        taken, unread = dict(said), list(said.get("unread") or ())
        zone, put_aside = said.get("zone") or ZONE, said.get("bad_rows") == "put_aside"
        language: Literal["ru", "en"] = "en" if said.get("language") == "en" else "ru"
        for name, kind in _KINDS.items():
            if not isinstance(said.get(name), list):
                continue
            given = said.get(f"{name}_mapping")
            mapping = None if given is None else ExportMapping.model_validate({"kind": name, **dict(given)})
            taken[name], left = take_rows(
                said[name], kind, mapping, zone=zone, put_aside=put_aside, language=language
            )
            taken[f"{name}_mapping"] = None
            unread += left
        if isinstance(said.get("history"), list):
            taken["history"], left = take_history(
                said["history"], zone, put_aside=put_aside, language=language
            )
            unread += left
        return {**taken, **({"unread": unread} if unread else {})}

    @model_validator(mode="after")
    def _one_place_each(self) -> Self:
        names = [each.topic.casefold() for each in self.topics]
        twice = sorted({each for each in names if names.count(each) > 1})
        if twice:
            raise ValueError(f"topics stand twice: {', '.join(twice)}")
        return self


@dataclass(frozen=True)
class Carried:
    """What a carried out plan has loaded.

    Args:
        requests: each as it was last said.
        deals: id of a request to the deal it was put on that is not marked as its own: an id, or a marker.
        calls: as they are on the portal now.
    """

    requests: Sequence[RequestRow]
    deals: Mapping[str, int | str]
    calls: Sequence[Held]


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
    filled_in: ClassVar[frozenset[str]] = frozenset(
        {
            "previous",
            "previous_calls",
            "previous_deals",
            "telephone",
            "recordings_gone",
            "history_done",
            "presets",
        }
    )

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
            reads["activity"] = Read(list(_CALL), filter={"TYPE_ID": 2, "ORIGINATOR_ID": "b24kit"})
            if params.telephone != "no":
                reads["call"] = Read(filter={"%EXTERNAL_CALL_ID": f"cc:{params.system}:call:"})
            if params.appeals is not None:
                reads["type"] = Read(
                    filter={"entityTypeId": params.appeals}
                )  # its switches, for the rehearsal
                reads[f"item:{params.appeals}"] = Read()
        elif params.previous_calls:
            reads["activity"] = Read(
                list(_CALL), filter={"@ID": [each.activity for each in params.previous_calls]}
            )
        return reads

    def check(self, tables: Tables, params: LoadContactCentreParams) -> None:
        """The table of topics names stages and people the portal has, and appeals hold the ids of their calls."""
        _appeals(tables, params)
        staff = Staff(tables["user"])
        problems = check_said(params.topics, portal_facts(tables))
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
        """Firms, then people, then deals, then calls, then what was changed of them."""
        loaded = _loaded(tables, params)
        return replace(loaded.changes, tally=loaded.account.tally())

    def accounting(self, tables: Tables, params: LoadContactCentreParams) -> pd.DataFrame:
        """What becomes of every row.

        Returns:
            One row per input row: kind (`request`, `call`, `history`), position int (from 0), id str, state (`created`,
            `edited`, `unchanged`, `review`, `quarantined`), reason str ("" where it needs none), details str.
        """
        return _loaded(tables, params).account.table()

    def carried(
        self,
        tables: Tables,
        params: LoadContactCentreParams,
        failed: Collection[tuple[str, int | str]] = (),
    ) -> Carried:
        """The requests and calls that are on the portal once the plan is carried out, each as it was last said.

        Args:
            tables, params: as for `plan`.
            failed: records, by id or marker, of changes that did not come about.
        """
        loaded, gone = _loaded(tables, params), {*failed}
        last = latest(params.requests)
        requests = [
            params.requests[at]
            for at in loaded.account.carried("request", failed)
            if last[params.requests[at].id] == at
        ]
        deals = {}
        for row in requests:
            marker = f"cc:{params.system}:request:{row.id}"
            deal = loaded.deals.get(marker, marker)
            if deal != marker and ("deal", deal) not in gone:
                deals[row.id] = deal
        carried, last = {*loaded.account.carried("call", failed)}, latest(params.calls)
        left = {number for number, at in last.items() if at not in carried}
        calls = [
            each
            for each in loaded.calls
            if each.row.id not in left and not {("activity", each.activity), ("call", each.activity)} & gone
        ]
        return Carried(requests, deals, calls)


def _loaded(tables: Tables, params: LoadContactCentreParams) -> Loaded:
    home = Home(params.country, params.area_code)
    switchboards, carried = phones_of_firms(tables, home)
    terms = Terms(
        system=params.system,
        home=home,
        staff=Staff(tables["user"]),
        switchboards=switchboards,
        carried=carried,
        topics=settled_topics(params.topics, portal_facts(tables)),
        pipelines=frozenset({0, *tables["category:2"].get("id", pd.Series(dtype="int64")).astype(int)}),
        before={each.id: each for each in params.previous},
        calls_before={each.row.id: each for each in params.previous_calls},
        deals_before=params.previous_deals,
        deals=frozenset(tables["deal"]["id"].astype(int)),
        newest=frozenset(params.newest),
        fallback=params.fallback,
        phone_alone=params.phone_alone,
        requisite_preset=params.requisite_preset,
        presets=params.presets,
        silent=params.silent,
        telephony=params.calls_as == "auto" and params.telephone == "write",
        recording_most_bytes=params.recording_most_mb * 1024 * 1024,
        recordings_gone=frozenset(params.recordings_gone),
        history_done=frozenset(params.history_done),
        language=params.language,
    )
    return load_rows(
        params.requests,
        params.calls,
        tables,
        terms,
        history=params.history,
        appeals=_appeals(tables, params),
        unread=params.unread,
        whole=params.whole,
    )


def _appeals(tables: Tables, params: LoadContactCentreParams) -> Appeals | None:
    """Those new calls are shown with.

    Raises:
        ParameterError: the smart process has no field for the ids of calls.
    """
    name = f"item:{params.appeals}"
    if params.appeals is None or name not in tables:
        return None
    fields = appeal_fields(tables[name].columns, params.fields, asked_by=LoadContactCentre.name)
    return Appeals(params.appeals, AppealShelf.of(tables[name], fields["calls"]), params.window_s)
