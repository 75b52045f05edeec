"""The everyday pass: finished calls into the appeal that was made for their client soon after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

import pandas as pd
from pydantic import Field

from toolkit.runs import Changes, Operation, Read, Tables, Watch
from toolkit.runs.call_media import MediaParams, as_asked, check_media, goes_to, media, media_reads
from toolkit.runs.telephony import (
    AppealShelf,
    appeal_fields,
    attached,
    calls_for_appeals,
    left_alone,
    nearest_appeals,
    read_talks,
)

__all__ = ["AttachCalls", "AttachCallsParams"]

SOON_AFTER = "the appeal made for this client soon after the call"
ITS_OWN = "the appeal of its conversation"
NONE_SOON = "no appeal was made soon after"


class AttachCallsParams(MediaParams):
    """Which calls are looked at, and how long after its end an appeal may be made.

    Args:
        appeals: entity type id of the smart process.
        fields: code to field of the smart process, where it was made by hand.
        since: when a call began at the earliest; appeals made before are not read either. None for any time.
        join_s: how many seconds later a redirected leg or a call back may begin.
        window_s: an appeal made so soon after the call gets it.
        list_without: list the calls for which no appeal was made.
        overlap_s: how much earlier than what is new a watching pass reads calls again: so long may a
            conversation last.
        language: of the words.
        recordings, recording_most_mb, recordings_gone, retry_recordings, transcripts: see
            `toolkit.runs.call_media.MediaParams`.
    """

    appeals: int = Field(ge=128)
    since: datetime | None = None
    join_s: int = Field(default=300, ge=0)
    window_s: int = Field(default=900, ge=0)
    list_without: bool = False
    overlap_s: int = Field(default=14_400, ge=0)
    language: Literal["ru", "en"] = "ru"


class AttachCalls(Operation):
    """The everyday pass: finished calls into the appeal that was made for their client soon after."""

    name = "attach_calls"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Attach calls to the appeals made after them",
        "ru": "Прикрепить звонки к обращениям, созданным после них",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything: calls are taken off the appeals again",
        "ru": "всё: звонки снимаются с обращений",
    }
    Params = AttachCallsParams
    filled_in: ClassVar[frozenset[str]] = frozenset({"recordings_gone"})

    def reads(self, params: AttachCallsParams) -> Mapping[str, Read]:
        """The calls of the time asked for, the clients, and the appeals made since."""
        return {
            **calls_for_appeals(params.appeals, params.since, all_appeals=False),
            **media_reads(params),
        }

    def watches(self, params: AttachCallsParams) -> Mapping[str, Watch | Sequence[str]]:
        """New lines of the statistics, activities saved, appeals made."""
        return {
            "call": Watch(["ID", "CALL_START_DATE"], stamp=""),
            "activity": Watch(["ID", "START_TIME"], "LAST_UPDATED", {"TYPE_ID": 2}),
            f"item:{params.appeals}": Watch(["id", "createdTime"], "createdTime"),
        }

    def narrowed(self, params: AttachCallsParams, changed: Tables) -> Mapping[str, Read] | None:
        """Calls and appeals from a little before the oldest of what is new; clients all, for their numbers."""
        name = f"item:{params.appeals}"
        stamps = [changed["call"]["CALL_START_DATE"], changed["activity"]["START_TIME"]]
        began = pd.to_datetime(pd.concat([*stamps, changed[name]["createdTime"]]), utc=True).min()
        if pd.isna(began):
            return None
        back = timedelta(seconds=params.overlap_s + params.join_s + params.window_s)
        since = max(began - back, params.since or began - back)
        return self.reads(params.model_copy(update={"since": since.to_pydatetime()}))

    def check(self, tables: Tables, params: AttachCallsParams) -> None:
        """The smart process has the field for call ids."""
        appeal_fields(tables[f"item:{params.appeals}"].columns, params.fields, asked_by=self.name)
        check_media(tables[f"item:{params.appeals}"], params, asked_by=self.name)

    def plan(self, tables: Tables, params: AttachCallsParams) -> Changes:
        """Each call to the nearest appeal of its client within the window; one call never to two."""
        name = f"item:{params.appeals}"
        appeals = tables[name]
        fields = appeal_fields(appeals.columns, params.fields, asked_by=self.name)
        talks = read_talks(tables, join_s=params.join_s)
        shelf = AppealShelf.of(appeals, fields["calls"])
        legs = talks.legs[talks.legs["problem"] == ""].copy()
        legs["held"] = legs["call"].map(shelf.holders).astype("Int64")
        begun = legs.groupby("talk")["held"].first().reindex(talks.table.index).astype("Int64")
        chosen = begun.fillna(nearest_appeals(talks.table, shelf, params.window_s))
        legs["appeal"] = legs["talk"].map(chosen).astype("Int64")
        legs["reason"] = legs["talk"].map(begun).notna().map({True: ITS_OWN, False: SOON_AFTER})
        open_ = legs[legs["held"].isna()]
        found = open_[open_["appeal"].notna()].astype({"appeal": "int64"})
        parts = [attached(name, found, talks.table, appeals, fields, params.language)]
        goes = goes_to(talks.table.assign(appeal=chosen), [])
        parts.append(media(name, legs, goes, tables, params, asked_by=self.name))
        left = open_[open_["appeal"].isna()]
        why: pd.Series[Any] = left["talk"].map(talks.table["problem"]).replace("", NONE_SOON)
        listed = why.ne(NONE_SOON) | params.list_without
        return as_asked(Changes.joined(*parts, left_alone(left[listed], why[listed])), params)
