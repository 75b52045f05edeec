"""Whose conversation it was, and which appeal it belongs to: what the operations on calls have in common.

    calls, activities ──▶ legs ──▶ conversations ──▶ client ──▶ the appeal it is in, or belongs to

Start reading at `read_talks`; the joining of calls is in `toolkit.records.conversations`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from toolkit.errors import ParameterError
from toolkit.matching import read_phones
from toolkit.records import entity
from toolkit.records.conversations import ACTIVITY_FIELDS, conversations, result_words, telephone_legs
from toolkit.runs.changes import Changes, binds, listed, rewrites
from toolkit.runs.operation import Read

__all__ = [
    "CODES",
    "AppealShelf",
    "Talks",
    "appeal_field",
    "appeal_fields",
    "attached",
    "call_cells",
    "call_clients",
    "calls_for_appeals",
    "card_of",
    "left_alone",
    "marker_of",
    "nearest_appeals",
    "newcomers",
    "read_talks",
]

CODES = ("calls", "result", "duration", "calledat", "direction", "number", "line")
"""What an appeal keeps of its calls; the fields of `toolkit/operations/appeals.yaml` that are filled here."""

_OTHER_CODES = ("comment", "recording", "link", "transcript")  # one mapping serves all operations on appeals

AMBIGUOUS = "several clients have this number"
NO_NUMBER = "no number and no client"
UNKNOWN = "nobody has this number"
NO_CLIENTS = "nobody has this number, and no client could"


def calls_for_appeals(appeals: int, since: datetime | None, *, all_appeals: bool) -> dict[str, Read]:
    """What has to be read to bring calls into appeals that are there: both, and the clients.

    Args:
        appeals: entity type id of the smart process.
        since: when a call began at the earliest; None for any time.
        all_appeals: whether appeals made before count too.
    """

    def later(field: str) -> dict[str, Any]:
        return {} if since is None else {f">={field}": since.isoformat()}

    return {
        "type": Read(filter={"entityTypeId": appeals}),  # its switches, for the rehearsal
        "call": Read(filter=later("CALL_START_DATE")),
        "activity": Read(list(ACTIVITY_FIELDS), filter={"TYPE_ID": 2, **later("START_TIME")}),
        "contact": Read(),
        "company": Read(),
        "deal": Read(["id", "contactId", "companyId"]),
        entity(f"item:{appeals}").name: Read(filter={} if all_appeals else later("createdTime")),
    }


@dataclass(frozen=True)
class Talks:
    """Conversations and their calls.

    Args:
        legs: one row per call, columns as `LEG_COLUMNS` and `talk` (missing where `problem` says why the call
            cannot be used).
        table: one row per conversation, indexed by `talk`: key (of its first call), start, end, duration
            (seconds of talk), user (who spoke, or should have), number, line, outgoing, answered, code,
            deal (it is bound to), contact, company, client_by (link, activity, phone, ""), problem.
    """

    legs: pd.DataFrame
    table: pd.DataFrame


@dataclass(frozen=True)
class AppealShelf:
    """The appeals there are.

    Args:
        by_client: columns appeal, created, client (`contact:5`), ours (made of a call): one row per client.
        calls: one row per appeal and call it holds: appeal, call.
        newest: when the newest was created; NaT without any.
    """

    by_client: pd.DataFrame
    calls: pd.DataFrame
    newest: pd.Timestamp

    @property
    def holders(self) -> pd.Series[Any]:
        """Call to the appeal that holds it; where several do, the one made of it, else the oldest."""
        holders: pd.Series[Any] = self.calls.drop_duplicates("call").set_index("call")["appeal"]
        return holders

    @classmethod
    def of(cls, appeals: pd.DataFrame, calls_field: str) -> AppealShelf:
        """The shelf of a table of appeals.

        Args:
            appeals: records of the smart process.
            calls_field: the column that lists the ids of the calls an appeal holds.
        """
        ids = appeals["id"].astype("int64").reset_index(drop=True)
        made = pd.to_datetime(_column(appeals, "createdTime"), utc=True).astype("datetime64[us, UTC]")
        marker = _words(appeals, "xmlId")
        ours = marker.str.match(r"(call|activity|line):")
        listed = pd.DataFrame({"appeal": ids, "call": _lists(appeals, calls_field)}).explode("call")
        first = pd.DataFrame({"appeal": ids, "call": marker.str.removeprefix("call:")})[ours]
        calls = pd.concat([first, listed.dropna()], ignore_index=True).drop_duplicates()
        clients = pd.concat(
            [
                _clients(ids, _lists(appeals, "contactIds"), "contact"),
                _clients(ids, _column(appeals, "contactId"), "contact"),
                _clients(ids, _column(appeals, "companyId"), "company"),
            ],
            ignore_index=True,
        ).drop_duplicates()
        facts = pd.DataFrame({"created": made, "ours": ours}).set_index(pd.Index(ids))
        joined = clients.join(facts, on="appeal").dropna(subset=["created"])
        return cls(joined, calls.astype({"appeal": "int64", "call": "str"}), made.max())


def marker_of(key: str) -> str:
    """The external key of an appeal made of the conversation that begins with this call."""
    return key if key.startswith(("activity:", "line:")) else f"call:{key}"


def appeal_field(columns: Any, code: str, given: Mapping[str, str], *, asked_by: str) -> str:
    """The field of the smart process that stands for a code of ours (`calls`, `duration`).

    Args:
        columns: names of the columns of its records.
        code: one of the codes of `toolkit/operations/appeals.yaml`.
        given: code to field, as a person confirmed it; wins.
        asked_by: name of the operation.

    Returns:
        The field's name; "" when the process has no such field and can do without.

    Raises:
        ParameterError: the field given is not there, or `calls` is missing.
    """
    names = [str(each) for each in columns]
    if code in given:
        if given[code] not in names:
            raise ParameterError(
                asked_by, f"fields.{code}", given[code], "is not a field of the smart process", "Correct it."
            )
        return given[code]
    own = re.compile(rf"ufCrm_?\d+_?{code}", re.IGNORECASE)
    found = next((name for name in names if own.fullmatch(name)), "")
    if code == "calls" and not found:
        raise ParameterError(
            asked_by,
            "fields.calls",
            None,
            "is missing: the smart process has no field for the ids of calls",
            "Run provision_appeals first, or name the field.",
        )
    return found


def appeal_fields(columns: Any, given: Mapping[str, str], *, asked_by: str) -> dict[str, str]:
    """Code to field, for each of `CODES` the smart process has a field for; see `appeal_field`.

    Raises:
        ParameterError: a field given is not there or stands for nothing, or `calls` is missing.
    """
    strange = set(given) - {*CODES, *_OTHER_CODES}
    if strange:
        raise ParameterError(
            asked_by, "fields", sorted(strange), "stands for nothing", f"Known: {', '.join(CODES)}."
        )
    found = {code: appeal_field(columns, code, given, asked_by=asked_by) for code in CODES}
    return {code: name for code, name in found.items() if name}


def call_cells(talks: pd.DataFrame, fields: Mapping[str, str], language: str) -> pd.DataFrame:
    """What an appeal says of its conversation: one column for each field but `calls`, values as on the wire.

    Args:
        talks: rows of `Talks.table`.
        fields: from `appeal_fields`.
        language: of the words.
    """
    inward, outward = ("Входящий", "Исходящий") if language == "ru" else ("Incoming", "Outgoing")
    values: dict[str, Any] = {
        "result": result_words(talks["code"], language),
        "duration": talks["duration"].astype("int64"),
        "calledat": talks["start"].dt.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "direction": np.where(talks["outgoing"], outward, inward),
        "number": talks["number"],
        "line": talks["line"],
    }
    chosen = {fields[code]: value for code, value in values.items() if code in fields}
    return pd.DataFrame(chosen, index=talks.index)


def attached(
    entity_name: str,
    legs: pd.DataFrame,
    talks: pd.DataFrame,
    appeals: pd.DataFrame,
    fields: Mapping[str, str],
    language: str,
    *,
    told_by: Literal["first", "last"] = "first",
) -> Changes:
    """Calls given to appeals that exist: their ids noted there, what is empty filled, activities bound.

    Args:
        entity_name: the appeals' entity, `item:177`.
        legs: calls, with `appeal`, the record each goes to, and `reason`, why.
        talks: their conversations, from `Talks.table`.
        appeals: the records of the smart process.
        fields: from `appeal_fields`.
        language: of the words.
        told_by: whose result, duration and time fill the empty fields: the oldest call's, or the newest's.
    """
    if legs.empty:
        return Changes()
    held = appeals.assign(id=appeals["id"].astype("int64")).set_index("id")
    cells = call_cells(talks, fields, language)
    before, after, ids, reasons = [], [], [], []
    for appeal, theirs in legs.sort_values(["start", "call"], kind="stable").groupby("appeal", sort=True):
        was = _listed(held.at[appeal, fields["calls"]])
        told = cells.loc[theirs["talk"].iloc[0 if told_by == "first" else -1]].to_dict()
        empty = {name: value for name, value in told.items() if _blank(held.at[appeal, name]) and value != ""}
        ids.append(int(str(appeal)))
        reasons.append(str(theirs["reason"].iloc[0]))
        before.append({fields["calls"]: was, **dict.fromkeys(empty)})
        after.append({fields["calls"]: [*was, *theirs["call"]], **empty})
    noted = rewrites(entity_name, ids, before=before, after=after, reason=reasons)
    bound = legs[legs["activity"].notna()].drop_duplicates("activity")
    number = entity(entity_name).entity_type_id or 0
    links = [{"entityTypeId": number, "entityId": int(each)} for each in bound["appeal"]]
    why = bound["reason"].tolist()
    return Changes.joined(noted, binds("activity", bound["activity"].tolist(), to=links, reason=why))


def left_alone(legs: pd.DataFrame, reason: pd.Series[Any]) -> Changes:
    """Calls left to a person, under the name of where each can be looked up; of unknown numbers, how often.

    Args:
        legs: calls.
        reason: why, under the same index.
    """
    parts = []
    unknown = reason.isin([UNKNOWN, NO_CLIENTS])
    calls_of = legs.loc[unknown, "number"].value_counts()
    for name, column in (("call", "row"), ("activity", "activity")):
        theirs = legs[legs["row"].notna() == (name == "call")]
        details = (
            theirs["number"] + " " + theirs["start"].dt.strftime("%Y-%m-%d %H:%M").fillna("")
        ).str.strip()
        often = theirs["number"].map(calls_of).where(unknown[theirs.index]).fillna(1).astype("int64")
        details = details.mask(often.gt(1), details + " (×" + often.astype("str") + ")")
        parts.append(listed(name, theirs[column], reason[theirs.index].tolist(), details.tolist()))
    return Changes.joined(*parts)


def read_talks(
    tables: Mapping[str, pd.DataFrame],
    *,
    join_s: int = 300,
    numbers_of: tuple[str, ...] = ("contact", "company"),
) -> Talks:
    """Conversations out of the tables `call` and `activity`, and their clients.

    The client is the one the call names, if that record is still there; else the one its activity hangs
    on; else the only contact (or company) that has the number.

    Args:
        tables: call, activity, contact, and company and deal where they were read.
        join_s: see `toolkit.records.conversations.conversations`.
        numbers_of: entities whose phones are looked through, the first that knows the number wins.
    """
    read = [
        tables[name].attrs["read_at"] for name in ("call", "activity") if tables[name].attrs.get("read_at")
    ]
    now = max(map(datetime.fromisoformat, read), default=None)
    legs = telephone_legs(tables["call"], tables["activity"], _numbers, now=now)
    usable = conversations(legs[legs["problem"] == ""], join_s=join_s)
    talk = legs["call"].map(usable.set_index("call")["talk"]).astype("Int64")
    legs["talk"] = talk.mask(legs["problem"] != "")
    table = _gathered(usable)
    _name_clients(table, usable, tables)
    _ask_phones(table, tables, numbers_of)
    return Talks(legs, table)


def newcomers(talks: pd.DataFrame, calls: pd.DataFrame) -> pd.Series[Any]:
    """For each conversation the number of a client the portal does not know yet; "" for the others.

    Where the number is one no client could have (a service number, a placeholder, one of the portal's own
    lines), the conversation's `problem` says so from now on.

    Args:
        talks: `Talks.table`; its `problem` is changed.
        calls: the entity `call`; its lines are no clients.
    """
    asked = talks["problem"].eq(UNKNOWN)
    numbers = pd.Series(talks.loc[asked, "number"].unique(), dtype="str")
    own: set[Any] = set()
    if "PORTAL_NUMBER" in calls and len(calls):
        own = set(_numbers(calls["PORTAL_NUMBER"].fillna("").astype("str")))
    fit = numbers[read_phones(numbers)["phone_class"].eq("valid").to_numpy() & ~numbers.isin(own)]
    found: pd.Series[Any] = talks["number"].where(asked & talks["number"].isin(fit), "")
    talks["problem"] = talks["problem"].mask(asked & found.eq(""), NO_CLIENTS)
    return found


def card_of(number: str) -> str:
    """The external key of a contact made for a number."""
    return f"phone:{number}"


def nearest_appeals(talks: pd.DataFrame, shelf: AppealShelf, window_s: int) -> pd.Series[Any]:
    """For each conversation the appeal somebody made for its client soon after it ended, or none.

    Args:
        talks: rows of `Talks.table`.
        shelf: appeals; those made of calls stand for a conversation of their own and are passed over.
        window_s: how soon after the end.

    Returns:
        Int64 under the index of `talks`. The nearest wins; of two made in one second, the older id.
    """
    theirs = shelf.by_client[~shelf.by_client["ours"]].sort_values(["created", "appeal"], kind="stable")
    theirs = theirs.drop_duplicates(["client", "created"])
    asked = pd.DataFrame({"end": talks["end"], "client": call_clients(talks), "talk": talks.index})
    asked = asked[asked["client"] != ""].sort_values("end", kind="stable")
    if theirs.empty or asked.empty:
        return pd.Series(pd.NA, index=talks.index, dtype="Int64")
    found = pd.merge_asof(
        asked,
        theirs.rename(columns={"created": "end"})[["end", "client", "appeal"]].assign(
            client=theirs["client"].astype(asked["client"].dtype)
        ),
        on="end",
        by="client",
        direction="forward",
        tolerance=pd.Timedelta(seconds=window_s),
    )
    nearest: pd.Series[Any] = found.set_index("talk")["appeal"].astype("Int64").reindex(talks.index)
    return nearest


def _gathered(legs: pd.DataFrame) -> pd.DataFrame:
    """One row per conversation: its first call, its times, and who spoke last."""
    each = legs.groupby("talk", sort=True)
    # Few columns: of half a million calls each one costs tens of megabytes.
    first = legs[["talk", "call", "number", "line", "outgoing"]].groupby("talk").head(1).set_index("talk")
    last = legs[["talk", "code", "user"]].groupby("talk").tail(1).set_index("talk")
    spoken = legs.loc[legs["answered"], ["talk", "user", "record"]].groupby("talk").tail(1).set_index("talk")
    table = pd.DataFrame(
        {
            "key": first["call"],
            "start": each["start"].min(),
            "end": each["end"].max(),
            "duration": legs["duration"].where(legs["answered"], 0).groupby(legs["talk"]).sum(),
            "number": first["number"],
            "line": first["line"],
            "outgoing": first["outgoing"],
            "answered": each["answered"].any(),
            "code": last["code"].where(~last.index.isin(spoken.index), "200"),
            "user": spoken["user"].reindex(last.index).fillna(last["user"]).astype("Int64"),
            "deal": each["deal"].first().astype("Int64"),
            "record": spoken["record"].reindex(last.index).astype("Int64"),
        }
    )
    table["contact"] = pd.Series(pd.NA, index=table.index, dtype="Int64")
    table["company"] = pd.Series(pd.NA, index=table.index, dtype="Int64")
    table["client_by"], table["problem"] = "", ""
    return table


def _name_clients(table: pd.DataFrame, legs: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the clients the calls themselves name, if they are still there."""
    named = legs[legs["by"].ne("") & legs["owner_type"].isin(["contact", "company"])]
    known = pd.Series(False, index=named.index)
    for kind in ("contact", "company"):
        if kind in tables:
            ids = tables[kind]["id"].astype("int64")
            known |= named["owner_type"].eq(kind) & named["owner"].isin(ids)
    named = named[known].assign(rank=lambda rows: rows["by"].map({"link": 0, "activity": 1}))
    chosen = named.sort_values(["talk", "rank"], kind="stable").drop_duplicates("talk").set_index("talk")
    for kind in ("contact", "company"):
        theirs = chosen[chosen["owner_type"] == kind]
        table.loc[theirs.index, kind] = theirs["owner"]
        table.loc[theirs.index, "client_by"] = theirs["by"]
    if "deal" in tables and len(tables["deal"]):
        silent = table[table["client_by"].eq("") & table["deal"].notna()]
        deals = tables["deal"].assign(id=tables["deal"]["id"].astype("int64")).set_index("id")
        for kind, column in (("contact", "contactId"), ("company", "companyId")):
            if column in deals and len(silent):
                owner = deals[column].astype("Int64").reindex(silent["deal"])
                owner.index = silent.index
                owner = owner[owner.notna() & (owner != 0)]
                table.loc[owner.index, kind] = owner
                table.loc[owner.index, "client_by"] = "activity"


def _ask_phones(table: pd.DataFrame, tables: Mapping[str, pd.DataFrame], numbers_of: tuple[str, ...]) -> None:
    """Write the clients only the number tells, and why there is none."""
    for kind in numbers_of:
        if kind not in tables:
            continue
        owners = _owners(tables[kind])
        open_ = table["client_by"].eq("") & table["problem"].eq("") & table["number"].ne("")
        found = table.loc[open_, "number"].map(owners)
        sole = found[found.gt(0)]
        table.loc[sole.index, kind] = sole.astype("Int64")
        table.loc[sole.index, "client_by"] = "phone"
        table.loc[found[found.eq(0)].index, "problem"] = AMBIGUOUS
    left = table["client_by"].eq("") & table["problem"].eq("")
    table.loc[left, "problem"] = np.where(table.loc[left, "number"].eq(""), NO_NUMBER, UNKNOWN)


def _owners(cards: pd.DataFrame) -> pd.Series[Any]:
    """Number to the only card that has it; 0 when several have."""
    empty = pd.Series(dtype="int64", index=pd.Index([], dtype="str"))
    if "fm" not in cards or cards.empty:
        return empty
    lists = pa.array(cards["fm"], from_pandas=True)
    if isinstance(lists, pa.ChunkedArray):
        lists = lists.combine_chunks()
    if not pa.types.is_list(lists.type) or not pa.types.is_struct(lists.type.value_type):
        return empty
    rows = pc.list_flatten(lists)
    parents = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    phone = pc.fill_null(pc.equal(pc.struct_field(rows, "typeId"), "PHONE"), False)
    texts = pc.struct_field(rows, "value").filter(phone).to_pandas()
    ids = cards["id"].astype("int64").to_numpy()[parents[phone.to_numpy(zero_copy_only=False)]]
    numbers = _numbers(texts.fillna("").astype("str"))
    pairs = pd.DataFrame({"number": numbers.to_numpy(), "id": ids}).drop_duplicates()
    pairs = pairs[pairs["number"] != ""]
    counted = pairs.groupby("number")["id"].agg(["first", "size"])
    owners: pd.Series[Any] = counted["first"].where(counted["size"] == 1, 0)
    return owners


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers in one spelling, each different one read once."""
    different = pd.Series(column.unique(), dtype="str")
    read = read_phones(different)["e164"].astype("str").tolist()
    numbers: pd.Series[Any] = column.map(dict(zip(different, read, strict=True))).fillna("").astype("str")
    return numbers


def call_clients(talks: pd.DataFrame) -> pd.Series[Any]:
    """The client of each conversation, as `AppealShelf.by_client` spells it; "" for none."""
    contact = "contact:" + talks["contact"].astype("str")
    company = "company:" + talks["company"].astype("str")
    key = contact.where(talks["contact"].notna(), company.where(talks["company"].notna(), ""))
    return key.astype("str")


def _clients(ids: pd.Series[Any], owners: Any, kind: str) -> pd.DataFrame:
    rows = pd.DataFrame({"appeal": ids.to_numpy(), "client": owners}).explode("client").dropna()
    rows = rows[pd.to_numeric(rows["client"]).gt(0)]
    return rows.assign(client=f"{kind}:" + rows["client"].astype("int64").astype("str"))


def _lists(table: pd.DataFrame, name: str) -> list[list[Any]]:
    if name not in table:
        return [[] for _ in range(len(table))]
    return [
        list(each) if isinstance(each, list | tuple | np.ndarray) else [] for each in table[name].tolist()
    ]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | np.ndarray) else []


def _blank(value: Any) -> bool:
    return value is None or value is pd.NA or value != value or value == ""


def _column(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name in table:
        return table[name].reset_index(drop=True)
    return pd.Series([pd.NA] * len(table), dtype="object")


def _words(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    column = _column(table, name)
    return column.astype(object).where(column.notna(), "").astype("str")
