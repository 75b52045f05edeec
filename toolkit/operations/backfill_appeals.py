"""One appeal for each conversation there was on the telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from toolkit.errors import ParameterError
from toolkit.records import entity
from toolkit.records.conversations import ACTIVITY_FIELDS
from toolkit.runs import Changes, Operation, Read, Tables, binds, creates
from toolkit.runs.call_media import (
    MediaParams,
    as_asked,
    check_media,
    goes_to,
    media,
    media_reads,
    transcripts,
)
from toolkit.runs.references import made
from toolkit.runs.telephony import (
    AppealShelf,
    Talks,
    appeal_field,
    appeal_fields,
    attached,
    call_cells,
    card_of,
    left_alone,
    marker_of,
    nearest_appeals,
    newcomers,
    read_talks,
)

__all__ = ["BackfillAppeals", "BackfillAppealsParams"]

DONE = "in its appeal already"
NOBODY = "nobody who works there answers for it"
SOON_AFTER = "the appeal made for this client soon after the call"
ITS_OWN = "the appeal of its conversation"
A_NEWCOMER = "nobody has this number: a contact for it"
_BLOCK = 20_000  # rows turned into objects at a time
BEFOREHAND = 5
"""The phase of the contacts that appeals name."""

_FATES = {"create": "goes into a new appeal", "attach": "goes to an appeal that is there"}


class BackfillAppealsParams(MediaParams):
    """Which calls become appeals, and how.

    Args:
        appeals: entity type id of the smart process.
        fields: code to field of the smart process, where it was made by hand (`duration: ufCrm5_1650000002`).
        since, until: when a call began; None for any time.
        lines: only calls of these lines (PORTAL_NUMBER).
        direction: by the first call of the conversation.
        outcome: of the conversation as a whole.
        min_duration_s: seconds of talk of the conversation.
        categories: only conversations whose deal stands in these pipelines; those without a deal are left out.
        join_s: how many seconds later a redirected leg or a call back may begin.
        window_s: an appeal made so soon after the call gets the call, instead of another appeal.
        stage: stage of the new appeals; None for the first of the default pipeline.
        unknown: calls of numbers nobody has are listed, or each number becomes a contact, unless it is one no
            client could have (a service number, a placeholder, a line of the portal).
        fallback: user id of who answers when both the speaker and the deal's responsible have left.
        silent: import, so that no robot is set off; otherwise the appeals are added as by hand.
        language: of titles and words.
        recordings, recording_most_mb, recordings_gone, retry_recordings, transcripts: see
            `toolkit.runs.call_media.MediaParams`.
    """

    appeals: int = Field(ge=128)
    since: datetime | None = None
    until: datetime | None = None
    lines: list[str] | None = None
    direction: Literal["any", "incoming", "outgoing"] = "any"
    outcome: Literal["any", "answered", "missed"] = "any"
    min_duration_s: int = Field(default=0, ge=0)
    categories: list[int] | None = None
    join_s: int = Field(default=300, ge=0)
    window_s: int = Field(default=900, ge=0)
    stage: str | None = None
    unknown: Literal["list", "contacts"] = "list"
    fallback: int | None = None
    silent: bool = True
    language: Literal["ru", "en"] = "ru"


class BackfillAppeals(Operation):
    """One appeal for each conversation there was on the telephone."""

    name = "backfill_appeals"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Make appeals out of the calls there were",
        "ru": "Создать обращения из прошлых звонков",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything: appeals nobody has edited are deleted, calls are taken off the others",
        "ru": "всё: обращения, которых никто не правил, удаляются, с остальных звонки снимаются",
    }
    Params = BackfillAppealsParams
    filled_in: ClassVar[frozenset[str]] = frozenset({"recordings_gone"})

    def reads(self, params: BackfillAppealsParams) -> Mapping[str, Read]:
        """Both places where calls are noted, the clients, the deals, the users and the appeals."""
        during = {"call": _during("CALL_START_DATE", params), "activity": _during("START_TIME", params)}
        return {
            "type": Read(filter={"entityTypeId": params.appeals}),  # its switches, for the rehearsal
            "call": Read(filter=during["call"]),
            "activity": Read(list(ACTIVITY_FIELDS), filter={"TYPE_ID": 2, **during["activity"]}),
            "contact": Read(),
            "company": Read(),
            "deal": Read(),
            "user": Read(["ID", "ACTIVE", "NAME", "LAST_NAME", "EMAIL", "UF_DEPARTMENT"]),
            entity(f"item:{params.appeals}").name: Read(),
            **_stages(params),
            **media_reads(params),
        }

    def check(self, tables: Tables, params: BackfillAppealsParams) -> None:
        """The smart process has the field for call ids and the stage, and the fallback works there."""
        appeal_fields(tables[f"item:{params.appeals}"].columns, params.fields, asked_by=self.name)
        check_media(tables[f"item:{params.appeals}"], params, asked_by=self.name)
        stages = tables.get("status")
        if params.stage is not None and stages is not None and params.stage not in set(stages["STATUS_ID"]):
            raise ParameterError(
                self.name,
                "stage",
                params.stage,
                "is no stage of the smart process",
                f"Its pipeline has: {', '.join(stages['STATUS_ID']) or 'no stages'}.",
            )
        if params.fallback is not None and params.fallback not in _active(tables["user"]):
            raise ParameterError(
                self.name,
                "fallback",
                params.fallback,
                "is not an active user of the portal",
                "Name somebody who works there.",
            )

    def plan(self, tables: Tables, params: BackfillAppealsParams) -> Changes:
        """Attach what belongs to an appeal that is there, create the others, oldest first."""
        name = f"item:{params.appeals}"
        appeals = tables[name]
        fields = appeal_fields(appeals.columns, params.fields, asked_by=self.name)
        shelf = AppealShelf.of(appeals, fields["calls"])
        legs, table = self._sorted_out(read_talks(tables, join_s=params.join_s), shelf, tables, params)
        missing = legs[legs["fate"].eq("attach")].astype({"appeal": "int64"})
        begun = missing["talk"].isin(legs.loc[legs["held"].notna(), "talk"])
        missing = missing.assign(reason=np.where(begun, ITS_OWN, SOON_AFTER))
        parts = [attached(name, missing, table, appeals, fields, params.language)]
        parts.append(self._created(name, legs, table, shelf, tables, fields, params))
        goes = goes_to(table, legs.loc[legs["fate"] == "create", "talk"])
        parts.append(media(name, legs, goes, tables, params, asked_by=self.name))
        left = legs[~legs["fate"].isin(["attach", "create", DONE])]
        changes = as_asked(Changes.joined(*parts, left_alone(left, left["fate"])), params)
        return replace(changes, tally=_tally(legs["fate"]))

    def accounting(self, tables: Tables, params: BackfillAppealsParams) -> pd.DataFrame:
        """What becomes of every call of the period.

        Returns:
            One row per call: call, row, activity, start, fate (`create`, `attach`, "in its appeal already",
            or the reason why it is left), appeal (of those that go to one that is there).
        """
        appeals = tables[f"item:{params.appeals}"]
        fields = appeal_fields(appeals.columns, params.fields, asked_by=self.name)
        shelf = AppealShelf.of(appeals, fields["calls"])
        legs = self._sorted_out(read_talks(tables, join_s=params.join_s), shelf, tables, params)[0]
        return legs[["call", "row", "activity", "start", "fate", "appeal"]]

    def _sorted_out(
        self, talks: Talks, shelf: AppealShelf, tables: Tables, params: BackfillAppealsParams
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The calls with their fate and appeal; the conversations with deal and responsible."""
        legs, table = talks.legs, talks.table  # nobody else holds them: no copies
        table["newcomer"] = newcomers(table, tables["call"]) if params.unknown == "contacts" else ""
        table["problem"] = table["problem"].mask(table["newcomer"].ne(""), "")
        legs["held"] = legs["call"].map(shelf.holders).astype("Int64")
        table["appeal"] = legs.groupby("talk")["held"].first().reindex(table.index).astype("Int64")
        _find_deals(table, tables["deal"])
        _find_responsible(table, tables, params.fallback)
        open_ = table["appeal"].isna()
        table["outside"] = ""
        table.loc[open_, "outside"] = _outside(table[open_], tables["deal"], params)
        near = nearest_appeals(table, shelf, params.window_s)
        table["appeal"] = table["appeal"].fillna(near.where(table["outside"].eq("")))
        wanted = table["outside"].where(table["outside"].ne(""), table["problem"])
        wanted = wanted.where(wanted.ne("") | table["responsible"].notna(), NOBODY)
        fate = wanted.where(wanted.ne(""), "create").mask(table["appeal"].notna(), "attach")
        legs["appeal"] = legs["talk"].map(table["appeal"]).astype("Int64")
        legs["fate"] = legs["problem"].where(legs["problem"].ne(""), legs["talk"].map(fate))
        legs.loc[legs["held"].notna() & legs["problem"].eq(""), "fate"] = DONE
        return legs, table

    def _created(
        self,
        name: str,
        legs: pd.DataFrame,
        table: pd.DataFrame,
        shelf: AppealShelf,
        tables: Tables,
        fields: Mapping[str, str],
        params: BackfillAppealsParams,
    ) -> Changes:
        """New appeals and their links; in the order of their time, as the import wants them."""
        mine = legs.loc[legs["fate"] == "create", ["talk", "call", "row", "start", "activity"]]
        if mine.empty:
            return Changes()
        new = table.loc[mine["talk"].unique()].sort_values(["end", "key"], kind="stable")
        dated = params.silent and (pd.isna(shelf.newest) or bool(new["end"].iloc[0] >= shelf.newest))
        calls = _calls_by_talk(mine)
        columns = set(tables[name].columns)
        cells = call_cells(new, fields, params.language)
        cells.insert(0, "title", _titles(new, params.language))
        if params.transcripts:
            text = appeal_field(columns, "transcript", params.fields, asked_by=self.name)
            cells[text] = transcripts(mine, tables).reindex(new.index)
        cells["assignedById"] = new["responsible"].astype("int64")
        cells[fields["calls"]] = calls.reindex(new.index)
        if "parentId2" in columns:
            cells["parentId2"] = new["chosen_deal"]
        clients: list[list[Any]] = [
            [made(card_of(number))] if number else [] if pd.isna(each) else [int(each)]
            for number, each in zip(new["newcomer"], new["contact"], strict=True)
        ]
        cells["contactIds"] = pd.Series(clients, index=new.index, dtype="object")
        cells["companyId"] = _companies(new, tables["contact"])
        if params.stage:
            cells["stageId"] = params.stage
            if pipeline := _pipeline(params):
                cells["categoryId"] = pipeline
        if dated:
            cells["createdTime"] = new["end"].dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")
        elif params.silent:
            cells["createdBy"] = cells["assignedById"]
        markers = [marker_of(key) for key in new["key"]]
        when = "dated as the call" if dated else "dated today: newer appeals exist"
        when = when if params.silent else "added as by hand"
        deal = pd.Series("no single open deal", index=new.index).mask(
            new["chosen_deal"].notna(), "with its deal"
        )
        by = new["client_by"].map({"link": "client by the call", "activity": "client by the activity"})
        by = by.fillna("client by the number").mask(new["newcomer"].ne(""), "a new contact")
        reasons = "conversation, " + by.astype("str") + ", " + deal + f", {when}"
        made_of = creates(name, _filled(cells), markers=markers, reason=reasons)
        del cells, calls, clients, reasons  # of half a million calls they are a tenth of all memory
        bound = mine[mine["activity"].notna()].drop_duplicates("activity")
        theirs = bound["talk"].map(pd.Series(markers, index=new.index, dtype="str"))
        links = ({"entityTypeId": params.appeals, "entityId": made(marker)} for marker in theirs)
        return Changes.joined(
            _cards(new, params),
            made_of,
            binds("activity", bound["activity"].tolist(), to=links, reason="a call of the appeal"),
        )


def _cards(new: pd.DataFrame, params: BackfillAppealsParams) -> Changes:
    """A contact for each number nobody has; before the appeals, which name it."""
    first = new[new["newcomer"].ne("")].drop_duplicates("newcomer")
    if first.empty:
        return Changes()
    values: list[dict[str, Any]] = []
    for number, who in zip(first["newcomer"], first["responsible"], strict=True):
        phone = {"id": None, "typeId": "PHONE", "valueType": "WORK", "value": number}
        card = {"name": number, "assignedById": int(who), "fm": [phone]}
        values.append({**card, "createdBy": int(who)} if params.silent else card)
    markers = [card_of(number) for number in first["newcomer"]]
    return creates("contact", values, markers=markers, reason=A_NEWCOMER).at_phase(BEFOREHAND)


def _stages(params: BackfillAppealsParams) -> dict[str, Read]:
    """The stages of the pipeline of the stage asked for, when one is."""
    if params.stage is None:
        return {}
    pipeline = _pipeline(params)
    name = f"DYNAMIC_{params.appeals}_STAGE_{pipeline}" if pipeline else f"DYNAMIC_{params.appeals}_STAGE"
    return {"status": Read(filter={"ENTITY_ID": name})}


def _pipeline(params: BackfillAppealsParams) -> int | None:
    """The pipeline a stage belongs to, as its name tells (`DT177_2:NEW`)."""
    found = re.fullmatch(r"DT\d+_(\d+):.+", params.stage or "")
    return int(found[1]) if found else None


def _tally(fates: pd.Series[Any]) -> dict[str, int]:
    """What becomes of the calls, in words; their sum is all of them."""
    words = fates.map(lambda fate: _FATES.get(fate, fate)).value_counts()
    return {str(each): int(count) for each, count in words.items()}


def _during(field: str, params: BackfillAppealsParams) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if params.since is not None:
        found[f">={field}"] = params.since.isoformat()
    if params.until is not None:
        found[f"<{field}"] = params.until.isoformat()
    return found


def _active(users: pd.DataFrame) -> set[int]:
    return {int(each) for each in users.loc[users["ACTIVE"].fillna(False).astype(bool), "ID"]}


def _outside(talks: pd.DataFrame, deals: pd.DataFrame, params: BackfillAppealsParams) -> pd.Series[Any]:
    """Why a conversation is not asked for; "" when it is."""
    why = pd.Series("", index=talks.index, dtype="str")
    if params.lines is not None:
        why = why.mask(~talks["line"].isin(params.lines), "another line")
    if params.direction != "any":
        why = why.mask(talks["outgoing"].ne(params.direction == "outgoing") & why.eq(""), "another direction")
    if params.outcome != "any":
        unlike = talks["answered"].ne(params.outcome == "answered")
        why = why.mask(unlike & why.eq(""), "missed" if params.outcome == "answered" else "answered")
    why = why.mask(talks["duration"].lt(params.min_duration_s) & why.eq(""), "too short")
    if params.categories is not None:
        chosen = deals.loc[deals["categoryId"].isin(params.categories), "id"].astype("int64")
        why = why.mask(~talks["chosen_deal"].isin(chosen) & why.eq(""), "no deal of these pipelines")
    return why


def _find_deals(talks: pd.DataFrame, deals: pd.DataFrame) -> None:
    """Write `chosen_deal`: the one the call is bound to, else the client's only one open at that time."""
    talks["chosen_deal"] = pd.Series(pd.NA, index=talks.index, dtype="Int64")
    if deals.empty:
        return
    ids = deals["id"].astype("int64")
    talks["chosen_deal"] = talks["deal"].where(talks["deal"].isin(ids))
    moved = deals["movedTime"] if "movedTime" in deals else pd.Series(pd.NaT, index=deals.index)
    closed = deals["closed"].fillna(False).astype(bool)
    facts = pd.DataFrame(
        {
            "found": ids,
            "opened": pd.to_datetime(deals["createdTime"], utc=True),
            "over": pd.to_datetime(moved, utc=True).where(closed),
            "closed": closed,
        }
    )
    for column, own in (("contact", "contactId"), ("company", "companyId")):
        sides = [facts.assign(client=deals[own])] if own in deals else []
        if column == "contact" and "contactIds" in deals:
            members = pd.Series([_members(each) for each in deals["contactIds"].tolist()], index=deals.index)
            sides.append(facts.assign(client=members).explode("client"))
        if not sides:
            continue
        theirs = pd.concat(sides).dropna(subset=["client"]).astype({"client": "Int64"})
        theirs = theirs.drop_duplicates(["found", "client"])
        asked = talks.loc[talks["chosen_deal"].isna() & talks[column].notna(), ["start", column]]
        pairs = asked.reset_index(names="talk").merge(theirs, left_on=column, right_on="client")
        open_ = pairs["opened"].le(pairs["start"]) & (~pairs["closed"] | pairs["over"].gt(pairs["start"]))
        counted = pairs[open_].groupby("talk")["found"].agg(["first", "size"])
        sole = counted.loc[counted["size"] == 1, "first"]
        talks.loc[sole.index, "chosen_deal"] = sole.astype("Int64")


def _find_responsible(talks: pd.DataFrame, tables: Tables, fallback: int | None) -> None:
    """Write `responsible`: who spoke; else the deal's; else the fallback; of those, somebody who works there."""
    active = _active(tables["user"])
    who = talks["user"].where(talks["user"].isin(active))
    deals = tables["deal"]
    if len(deals):
        owner = deals.assign(id=deals["id"].astype("int64")).set_index("id")["assignedById"].astype("Int64")
        theirs = talks["chosen_deal"].map(owner).astype("Int64")
        who = who.fillna(theirs.where(theirs.isin(active)))
    talks["responsible"] = who if fallback is None else who.fillna(fallback)


def _titles(talks: pd.DataFrame, language: str) -> pd.Series[Any]:
    inward, outward = ("Входящий звонок", "Исходящий звонок")
    if language == "en":
        inward, outward = ("Incoming call", "Outgoing call")
    words = pd.Series(np.where(talks["outgoing"], outward, inward), index=talks.index, dtype="str")
    titles: pd.Series[Any] = (words + " " + talks["number"]).str.strip()
    return titles


def _companies(talks: pd.DataFrame, contacts: pd.DataFrame) -> pd.Series[Any]:
    """The company that called, or the contact's."""
    own: pd.Series[Any] = talks["company"]
    if "companyId" not in contacts or contacts.empty:
        return own
    of = contacts.assign(id=contacts["id"].astype("int64")).set_index("id")["companyId"].astype("Int64")
    theirs = talks["contact"].map(of).astype("Int64")
    return own.fillna(theirs.where(theirs.ne(0)))


def _members(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | np.ndarray) else []


def _calls_by_talk(legs: pd.DataFrame) -> pd.Series[Any]:
    """Conversation to the ids of its calls, in the order of their time."""
    ordered = legs.sort_values(["talk", "start", "call"], kind="stable")
    talks, calls = ordered["talk"].to_numpy("int64"), ordered["call"].tolist()
    starts = np.flatnonzero(np.diff(talks, prepend=-1))
    ends = [*starts[1:].tolist(), len(calls)]
    lists = [calls[start:end] for start, end in zip(starts.tolist(), ends, strict=True)]
    return pd.Series(lists, index=talks[starts], dtype="object")


def _filled(cells: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One object per row, of the cells that hold something; made one by one, for there may be a million."""
    names = [str(each) for each in cells.columns]
    for start in range(0, len(cells), _BLOCK):
        block = cells.iloc[start : start + _BLOCK].astype(object)
        columns = [
            block[name].where(block[name].notna() & block[name].ne(""), None).tolist() for name in block
        ]
        for row in zip(*columns, strict=True):
            yield {
                name: value
                for name, value in zip(names, row, strict=True)
                if value is not None and value != []
            }
