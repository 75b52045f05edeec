"""The last calls of a client into an appeal that has none."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal

import pandas as pd
from pydantic import Field

from toolkit.errors import ParameterError
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, listed
from toolkit.runs.telephony import (
    AppealShelf,
    appeal_fields,
    attached,
    call_clients,
    calls_for_appeals,
    read_talks,
)

__all__ = ["LoadLastCalls", "LoadLastCallsParams"]

LAST = "among the last calls of the appeal's client"
NO_CLIENT = "the appeal has no client"
NO_CALLS = "no call of its client is free"


class LoadLastCallsParams(OperationParams):
    """Which appeals, and which calls of their clients.

    Args:
        appeals: entity type id of the smart process.
        fields: code to field of the smart process, where it was made by hand.
        records: ids of the appeals; None for all that have no call.
        last: how many of the client's calls, counted from the newest.
        answered: count only calls somebody answered.
        until: the newest call that counts: the one before the appeal was made, or the newest of all.
        since: when a call began at the earliest; None for any time.
        shared: also calls that another appeal has; otherwise a call has one appeal, and of several it could
            go to, it goes to the one made soonest after it.
        join_s: how many seconds later a redirected leg or a call back may begin.
        language: of the words.
    """

    appeals: int = Field(ge=128)
    fields: dict[str, str] = Field(default_factory=dict)
    records: list[int] | None = None
    last: int = Field(default=3, ge=1, le=100)
    answered: bool = False
    until: Literal["appeal", "now"] = "appeal"
    since: datetime | None = None
    shared: bool = False
    join_s: int = Field(default=300, ge=0)
    language: Literal["ru", "en"] = "ru"


class LoadLastCalls(Operation):
    """The last calls of a client into an appeal that has none."""

    name = "load_last_calls"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Load the client's last calls into appeals",
        "ru": "Загрузить в обращения последние звонки клиента",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything: calls are taken off the appeals again",
        "ru": "всё: звонки снимаются с обращений",
    }
    Params = LoadLastCallsParams

    def reads(self, params: LoadLastCallsParams) -> Mapping[str, Read]:
        """The calls, the clients, and all appeals: what they hold is not free."""
        return calls_for_appeals(params.appeals, params.since, all_appeals=True)

    def check(self, tables: Tables, params: LoadLastCallsParams) -> None:
        """The smart process has the field for call ids, and the appeals asked for are there."""
        appeals = tables[f"item:{params.appeals}"]
        appeal_fields(appeals.columns, params.fields, asked_by=self.name)
        gone = sorted(set(params.records or ()) - {int(each) for each in appeals["id"]})
        if gone:
            raise ParameterError(
                self.name,
                "records",
                gone,
                "are no appeals of the portal",
                "Correct the ids, or leave them out.",
            )

    def plan(self, tables: Tables, params: LoadLastCallsParams) -> Changes:
        """For each appeal, the oldest first, the newest calls of its client that are free."""
        name = f"item:{params.appeals}"
        appeals = tables[name]
        fields = appeal_fields(appeals.columns, params.fields, asked_by=self.name)
        shelf = AppealShelf.of(appeals, fields["calls"])
        asked = _asked(appeals, shelf, params)
        talks = read_talks(tables, join_s=params.join_s)
        legs = talks.legs[talks.legs["problem"].eq("")]
        if params.answered:
            legs = legs[legs["answered"]]
        legs = legs.assign(client=legs["talk"].map(call_clients(talks.table)))
        legs = legs[legs["client"].isin(shelf.by_client["client"])].reset_index(drop=True)
        chosen, without = _chosen(asked, legs, shelf, params)
        picked = legs.loc[[leg for leg, _ in chosen]].assign(
            appeal=[appeal for _, appeal in chosen], reason=LAST
        )
        found = attached(name, picked, talks.table, appeals, fields, params.language, told_by="last")
        nobody = ~asked["appeal"].isin(shelf.by_client["appeal"])
        return Changes.joined(
            found,
            listed(name, asked.loc[nobody, "appeal"], NO_CLIENT),
            listed(
                name, [each for each in without if each not in set(asked.loc[nobody, "appeal"])], NO_CALLS
            ),
        )


def _asked(appeals: pd.DataFrame, shelf: AppealShelf, params: LoadLastCallsParams) -> pd.DataFrame:
    """The appeals to fill, in the order in which they choose: appeal, made."""
    asked = pd.DataFrame(
        {
            "appeal": appeals["id"].astype("int64"),
            "made": pd.to_datetime(appeals["createdTime"], utc=True).astype("datetime64[us, UTC]"),
        }
    )
    if params.records is not None:
        asked = asked[asked["appeal"].isin(params.records)]
    else:
        asked = asked[~asked["appeal"].isin(shelf.calls["appeal"])]
    # Of several appeals after a call the first has the best claim; counted from now, it is the newest.
    return asked.sort_values(["made", "appeal"], ascending=params.until == "appeal", kind="stable")


def _chosen(
    asked: pd.DataFrame, legs: pd.DataFrame, shelf: AppealShelf, params: LoadLastCallsParams
) -> tuple[list[tuple[int, int]], list[int]]:
    """Which calls (rows of `legs`) go to which appeal, and the appeals that get none."""
    holder = shelf.holders.to_dict()
    mine = shelf.calls.groupby("appeal")["call"].agg(set).to_dict()
    clients = shelf.by_client[shelf.by_client["appeal"].isin(asked["appeal"])]
    of_appeal = clients.groupby("appeal")["client"].agg(list).to_dict()
    wanted = legs[legs["client"].isin(clients["client"])]
    of_client = {client: list(each.index) for client, each in wanted.groupby("client", sort=False)}
    calls, starts = legs["call"].tolist(), legs["start"].tolist()
    chosen: list[tuple[int, int]] = []
    without: list[int] = []
    for appeal, made in zip(asked["appeal"].tolist(), asked["made"].tolist(), strict=True):
        theirs = sorted(leg for client in of_appeal.get(appeal, ()) for leg in of_client.get(client, ()))
        if params.until == "appeal":
            theirs = theirs[: bisect_right(theirs, made, key=starts.__getitem__)]
        own = mine.get(appeal, set())
        if not params.shared:
            theirs = [leg for leg in theirs if holder.get(calls[leg], appeal) == appeal]
        newest = theirs[-params.last :]
        for leg in newest:
            if calls[leg] not in own:
                chosen.append((leg, appeal))
                holder.setdefault(calls[leg], appeal)
        if not newest:
            without.append(appeal)
    return chosen, without
