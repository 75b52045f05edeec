"""One flat table of all calls, with everything a report asks of a call already beside it.

    snapshot ──▶ conversations and clients (`toolkit.runs.telephony`) ──▶ one row per call ──▶ Parquet, pivots

Start reading at `CallsDataset.of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from toolkit.errors import ParameterError
from toolkit.records import Snapshot, Wanted
from toolkit.records.conversations import ACTIVITY_FIELDS, TWICE, result_words
from toolkit.reports.calls.columns import COLUMNS, Language, said
from toolkit.reports.calls.working_hours import WorkCalendar
from toolkit.reports.files import private_part
from toolkit.runs.telephony import AppealShelf, Talks, appeal_field, read_talks

__all__ = ["DEFAULT_HOURS", "CallsDataset", "calls_table", "calls_wanted", "portal_zone"]

DEFAULT_HOURS = "Пн-Пт 9:00-18:00"
"""Working hours where nobody says otherwise."""

_MADE_OF_A_CALL = r"(?:call|activity|line):"  # how `marker_of` begins
_CARDS = ("id", "title", "name", "lastName", "secondName", "fm", "assignedById", "companyId", "updatedTime")
_APPEAL = ("id", "title", "createdTime", "xmlId", "assignedById", "contactId", "contactIds", "companyId")
_ANSWERED_WITHIN = pd.Timedelta(days=7)


def calls_wanted(appeals: int | None = None, since: datetime | None = None) -> list[Wanted]:
    """What a snapshot has to hold for a report on calls.

    Args:
        appeals: entity type id of the smart process of appeals; None without one.
        since: when a call began at the earliest; None for all.
    """
    during = {} if since is None else {">={}": since.isoformat()}

    def of(column: str) -> dict[str, Any]:
        return {key.format(column): value for key, value in during.items()}

    wanted = [
        Wanted("call", filter=of("CALL_START_DATE")),
        Wanted("activity", list(ACTIVITY_FIELDS), {"TYPE_ID": 2, **of("START_TIME")}),
        *(Wanted(each) for each in ("contact", "company", "deal", "department", "category:2")),
        Wanted("user", ["ID", "ACTIVE", "NAME", "LAST_NAME", "SECOND_NAME", "EMAIL", "UF_DEPARTMENT"]),
    ]
    return wanted if appeals is None else [*wanted, Wanted(f"item:{appeals}")]


@dataclass(frozen=True)
class CallsDataset:
    """Every call of a snapshot, once.

    Args:
        table: one row per call, columns as `COLUMNS`; oldest first.
        appeals: one row per appeal: appeal, title, created, responsible_id, responsible, client_entity,
            client_id, client, made (words), calls (how many it holds).
        clients: the cards calls were matched with: entity, id, client, responsible_id, responsible, updated.
        people: employees: index id; name, department, active.
        twice: lines of the statistics left out because their call was reported already.
        language: of the words in it.
        portal: host name.
        taken: when the portal was read, ISO 8601.
        calendar: the working hours it was reckoned by.
    """

    table: pd.DataFrame
    appeals: pd.DataFrame
    clients: pd.DataFrame
    people: pd.DataFrame
    twice: int
    language: Language
    calendar: WorkCalendar
    portal: str = ""
    taken: str = ""

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        *,
        appeals: int | None = None,
        fields: Mapping[str, str] | None = None,
        language: Language = "ru",
        calendar: WorkCalendar | None = None,
        join_s: int = 300,
        beside: Sequence[Snapshot] = (),
    ) -> CallsDataset:
        """Read it out of a snapshot.

        Args:
            snapshot: of the entities of `calls_wanted`; departments and pipelines may be missing, their
                numbers stand for their names then.
            appeals: entity type id of the smart process; None leaves appeals out.
            fields: code to field where the smart process was made by hand, as `backfill_appeals` takes it.
            language: of results, directions and weekdays.
            calendar: working hours; Monday to Friday, nine to six of the portal's clock when None.
            join_s: how many seconds later a redirected leg or a call back may begin.
            beside: other snapshots of the portal, asked for departments and pipelines this one lacks.

        Raises:
            SnapshotError: it lacks calls, activities, clients or users, or is damaged.
            ParameterError: the field given for calls is not one of the smart process.
        """
        names = [each.entity for each in calls_wanted(appeals)]
        tables: dict[str, pd.DataFrame] = {}
        for name in names:
            sources = [snapshot, *beside] if name in ("department", "category:2") else [snapshot]
            holder = next((each for each in sources if name in each.entities), None)
            if holder is not None or name not in ("department", "category:2"):
                tables[name] = _read(holder or snapshot, name)
        return calls_table(
            tables,
            appeals=appeals,
            fields=fields,
            language=language,
            calendar=calendar or WorkCalendar.of(DEFAULT_HOURS, portal_zone(snapshot)),
            join_s=join_s,
            portal=snapshot.manifest.portal,
            taken=snapshot.manifest.finished,
        )

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"CallsDataset({self.portal}, {len(self)} calls, {len(self.appeals)} appeals)"

    def write_parquet(self, path: Path) -> Path:
        """Write the table as Parquet, readable by its owner only; a file that is there is replaced.

        Raises:
            OSError: it cannot be written.
        """
        schema_words = {f"b24kit.{name}": column.holds for name, column in COLUMNS.items()}
        written = pa.Table.from_pandas(self.table, preserve_index=False)
        written = written.replace_schema_metadata({**(written.schema.metadata or {}), **schema_words})
        with private_part(path) as part:
            pq.write_table(written, part, compression="zstd")
        return path


def portal_zone(snapshot: Snapshot, name: str | None = None) -> tzinfo:
    """The clock a report tells the time by.

    Args:
        snapshot: the portal's own clock, as it was ahead of UTC when the snapshot was taken.
        name: an IANA name instead (`Europe/Moscow`); summer time is kept then.

    Raises:
        ParameterError: there is no such zone.
    """
    if name is None:
        return timezone(timedelta(seconds=snapshot.manifest.offset_s))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ParameterError("calls", "zone", name, "is not a time zone", "Write: Europe/Moscow") from error


def calls_table(
    tables: Mapping[str, pd.DataFrame],
    *,
    calendar: WorkCalendar,
    appeals: int | None = None,
    fields: Mapping[str, str] | None = None,
    language: Language = "ru",
    join_s: int = 300,
    portal: str = "",
    taken: str = "",
) -> CallsDataset:
    """The dataset out of tables as a snapshot gives them; see `CallsDataset.of`.

    Args:
        tables: by entity, as `calls_wanted` lists them.
        calendar: working hours; its zone is the one all moments are told in.
        appeals, fields, language, join_s: see `CallsDataset.of`.
        portal, taken: what the dataset says of its origin.
    """
    talks = read_talks(tables, join_s=join_s)
    people = _people(tables["user"], tables.get("department"), language)
    clients = _clients(tables, people, language)
    held = tables[f"item:{appeals}"] if appeals is not None else None
    shelf = _shelf(held, fields or {}) if held is not None else None
    legs = talks.legs
    twice = int(legs["problem"].eq(TWICE).sum())
    legs = legs[legs["problem"].ne(TWICE)].reset_index(drop=True)
    table = _timed(legs, talks, calendar.zone, language)
    _add_client(table, legs, talks, clients, tables["contact"], language)
    noted = _appeals(held, shelf, people, clients, calendar.zone, language)
    _add_appeal(table, legs, shelf, noted, held)
    _add_deal(table, tables, language)
    _add_employee(table, legs, people, language)
    _add_times(table, legs, calendar)
    _add_recording(table, legs, tables["call"])
    reasons = legs["problem"].unique()
    table["problem"] = _found(legs["problem"], {each: said(each, language) for each in reasons})
    table = table.drop(columns=["code_of_client"])[list(COLUMNS)]
    return CallsDataset(table, noted, clients, people, twice, language, calendar, portal, taken)


def _read(snapshot: Snapshot, name: str) -> pd.DataFrame:
    if name not in ("contact", "company"):
        return snapshot.table(name)
    return snapshot.table(name, [each for each in _CARDS if each in snapshot.columns(name)])


# -- what calls are made of ------------------------------------------------------------------------------


def _timed(legs: pd.DataFrame, talks: Talks, zone: tzinfo, language: Language) -> pd.DataFrame:
    """The columns a call has by itself."""
    start = legs["start"].dt.tz_convert(zone)
    absurd = legs["problem"].eq("absurd duration")
    table = pd.DataFrame(
        {
            "call": legs["call"],
            "activity": legs["activity"],
            "conversation": legs["talk"] + 1,
            "start": start,
            "day": start.dt.tz_localize(None).dt.normalize().astype("datetime64[ms]"),
            "hour": start.dt.hour.astype("Int64"),
            "weekday": _words(start.dt.day_of_week, [f"weekday {n}" for n in range(7)], language),
            "month": start.dt.strftime("%Y-%m").fillna("").astype("str"),
            "direction": _words(legs["outgoing"].astype("int64"), ["incoming", "outgoing"], language),
            "line": legs["line"].astype("str"),
            "number": legs["number"].astype("str"),
            "answered": legs["answered"].astype("boolean"),
            "code": legs["code"].astype("str"),
            "result": result_words(legs["code"], language),
            "duration_s": legs["duration"].astype("Int64").mask(absurd),
        }
    )
    table["client_by"] = _found(legs["talk"], talks.table["client_by"])
    return table


def _add_client(
    table: pd.DataFrame,
    legs: pd.DataFrame,
    talks: Talks,
    clients: pd.DataFrame,
    contacts: pd.DataFrame,
    language: Language,
) -> None:
    """Write whose call it was: the contact, else the company, else the lead the call names."""
    contact = legs["talk"].map(talks.table["contact"]).astype("Int64")
    company = legs["talk"].map(talks.table["company"]).astype("Int64")
    if "companyId" in contacts:
        own = contacts.assign(id=contacts["id"].astype("int64")).set_index("id")["companyId"].astype("Int64")
        company = company.fillna(contact.map(own[own.ne(0).fillna(False)]).astype("Int64"))
    lead = legs["owner"].where(legs["owner_type"].eq("lead") & contact.isna() & company.isna())
    kind = np.select([contact.notna(), company.notna(), lead.notna()], ["contact", "company", "lead"], "")
    number = contact.fillna(company).fillna(lead)
    key = pd.Series(kind, index=table.index) + ":" + number.astype("str")
    cards = clients.set_index(clients["entity"] + ":" + clients["id"].astype("str"))
    titles = clients[clients["entity"] == "company"].set_index("id")["client"]
    table["client_entity"] = kind
    table["client_id"] = number
    table["client"] = _found(key, cards["client"])
    table["client_by"] = table["client_by"].where(~table["client_entity"].eq("lead"), "link")
    ways = {each: said(each, language) for each in ("link", "activity", "phone")}
    table["client_by"] = _found(table["client_by"], ways)
    table["company_id"] = company
    table["company"] = _found(company, titles)
    table["responsible_id"] = key.map(cards["responsible_id"]).astype("Int64")
    table["responsible"] = _found(key, cards["responsible"])
    # What tells calls of one client together: the card, else the number.
    table["code_of_client"] = key.where(pd.Series(kind, index=table.index).ne(""), legs["number"])


def _add_appeal(
    table: pd.DataFrame,
    legs: pd.DataFrame,
    shelf: AppealShelf | None,
    noted: pd.DataFrame,
    held: pd.DataFrame | None,
) -> None:
    """Write the appeal a call is noted in, and how long after it that was made."""
    table["appeal"] = pd.Series(pd.NA, index=table.index, dtype="Int64")
    table["appeal_made"] = pd.Series(pd.NA, index=table.index).astype(noted["made"].dtype)
    table["time_to_appeal_s"] = pd.Series(pd.NA, index=table.index, dtype="Int64")
    table["deal_id"] = legs["deal"]
    if shelf is None or held is None:
        return
    table["appeal"] = legs["call"].map(shelf.calls.set_index("call")["appeal"]).astype("Int64")
    facts = noted.set_index("appeal")
    table["appeal_made"] = _beside(table["appeal"], facts["made"])
    made = _beside(table["appeal"], facts.loc[facts["by_hand"], "created"])
    passed = (made - legs["end"]).dt.total_seconds()
    table["time_to_appeal_s"] = passed.round().astype("Int64")
    if "parentId2" in held:
        deals = pd.Series(held["parentId2"].to_numpy(), index=held["id"].astype("int64"))
        theirs = pd.to_numeric(_beside(table["appeal"], deals), errors="coerce").astype("Int64")
        table["deal_id"] = table["deal_id"].fillna(theirs.where(theirs.ne(0)))


def _add_deal(table: pd.DataFrame, tables: Mapping[str, pd.DataFrame], language: Language) -> None:
    """Write the deal's title and the name of its pipeline."""
    deals = tables["deal"]
    ids = deals["id"].astype("int64")
    titles = pd.Series(_text(deals, "title").to_numpy(), index=ids)
    pipelines = tables.get("category:2")
    names: dict[int, str] = {0: said("default pipeline", language)}
    if pipelines is not None and len(pipelines):
        names |= dict(zip(pipelines["id"].astype("int64"), _text(pipelines, "name"), strict=True))
    column = "categoryId"
    category = pd.to_numeric(deals[column]).astype("Int64") if column in deals else pd.Series(pd.NA, ids)
    of_deal = pd.Series(
        [
            names.get(int(each), f"{said('pipeline', language)} {each}") if pd.notna(each) else ""
            for each in category
        ],
        index=ids,
        dtype="str",
    )
    table["deal"] = _found(table["deal_id"], titles)
    table["pipeline"] = _found(table["deal_id"], of_deal)


def _add_employee(table: pd.DataFrame, legs: pd.DataFrame, people: pd.DataFrame, language: Language) -> None:
    """Write who spoke, or should have."""
    table["employee_id"] = legs["user"]
    table["employee"] = named(legs["user"], people, language)
    table["dismissed"] = (~legs["user"].map(people["active"]).astype("boolean")).mask(legs["user"].isna())
    table["department"] = _found(legs["user"], people["department"])


def _add_times(table: pd.DataFrame, legs: pd.DataFrame, calendar: WorkCalendar) -> None:
    """Write how long the client waited, and how long until somebody spoke with them.

    The statistics hold no waiting time. An incoming call nobody answered was waiting from beginning to end;
    one that was redirected waited until its leg began. Of others nothing is known. A talk that came more
    than a week after a missed call is no answer to it.
    """
    incoming = ~legs["outgoing"]
    sound = legs["problem"].eq("")
    begun = legs["start"].groupby(legs["talk"]).transform("min")
    first_in = incoming.groupby(legs["talk"]).transform("first").fillna(False).astype(bool)
    redirected = (legs["start"] - begun).dt.total_seconds()
    known = incoming & first_in & sound & legs["answered"] & redirected.gt(0)
    waited = legs["duration"].where(incoming & sound & ~legs["answered"] & legs["duration"].gt(0))
    table["waiting_s"] = waited.fillna(redirected.where(known)).round().astype("Int64")
    until = _next_talks(legs.assign(key=table["code_of_client"])[sound])
    at_once = incoming & sound & legs["answered"]
    until = until.reindex(legs.index)
    passed = (until - legs["start"]).dt.total_seconds().round().astype("Int64")
    table["response_s"] = passed.mask(at_once, 0)
    table["response_working_s"] = calendar.seconds_between(legs["start"], until).mask(at_once, 0)


def _next_talks(legs: pd.DataFrame) -> pd.Series[Any]:
    """When somebody next spoke with the client of each unanswered incoming call; missing for other calls."""
    known = legs[legs["key"].ne("")].sort_values("start", kind="stable")
    spoken = known.loc[known["answered"], ["start", "key"]].assign(until=lambda rows: rows["start"])
    missed = known.loc[~known["answered"] & ~known["outgoing"], ["start", "key"]]
    until = pd.Series(pd.NaT, index=legs.index, dtype=legs["start"].dtype)
    if len(spoken) and len(missed):  # merge_asof sees nulls in what is empty
        found = pd.merge_asof(
            missed, spoken, on="start", by="key", direction="forward", tolerance=_ANSWERED_WITHIN
        )
        until[missed.index] = found["until"].array
    return until


def _add_recording(table: pd.DataFrame, legs: pd.DataFrame, calls: pd.DataFrame) -> None:
    """Write whether there is a recording; the link itself is a secret and is not read."""
    linked = calls.loc[_text(calls, "CALL_RECORD_URL").ne(""), "ID"].astype("int64")
    found = legs["record"].notna() | legs["row"].isin(linked)
    table["recording"] = found.astype("boolean").mask(legs["row"].isna() & ~found)


# -- people, clients, appeals ----------------------------------------------------------------------------


def named(ids: pd.Series[Any], people: pd.DataFrame, language: Language) -> pd.Series[Any]:
    """Names of employees; `сотрудник 5` where the snapshot does not know them, "" for nobody."""
    different = ids.dropna().unique()
    known = people["name"].to_dict()
    words = {each: known.get(int(each)) or f"{said('user', language)} {int(each)}" for each in different}
    return _found(ids, words)


def _people(users: pd.DataFrame, departments: pd.DataFrame | None, language: Language) -> pd.DataFrame:
    titles: dict[int, str] = {}
    if departments is not None and len(departments):
        titles = dict(zip(departments["ID"].astype("int64"), _text(departments, "NAME"), strict=True))
    first = [
        _first(each) for each in (users["UF_DEPARTMENT"] if "UF_DEPARTMENT" in users else [None] * len(users))
    ]
    names = (_text(users, "NAME") + " " + _text(users, "LAST_NAME")).str.strip()
    return pd.DataFrame(
        {
            "name": names.where(names.ne(""), _text(users, "EMAIL")).to_numpy(),
            "department": [
                said("no department", language)
                if each is None
                else titles.get(each) or f"{said('department', language)} {each}"
                for each in first
            ],
            "active": users["ACTIVE"].fillna(False).astype(bool).to_numpy(),
        },
        index=pd.Index(users["ID"].astype("int64"), name="id"),
    )


def _clients(tables: Mapping[str, pd.DataFrame], people: pd.DataFrame, language: Language) -> pd.DataFrame:
    parts = []
    for entity, columns in (("contact", ("lastName", "name", "secondName")), ("company", ("title",))):
        cards = tables[entity]
        name = pd.Series("", index=cards.index, dtype="str")
        for each in columns:
            name = (name + " " + _text(cards, each)).str.strip()
        owner = (
            pd.to_numeric(cards["assignedById"]) if "assignedById" in cards else pd.Series(pd.NA, cards.index)
        )
        seen = cards["updatedTime"] if "updatedTime" in cards else pd.Series(pd.NaT, cards.index)
        parts.append(
            pd.DataFrame(
                {
                    "entity": entity,
                    "id": cards["id"].astype("int64"),
                    "client": name.astype("str"),
                    "responsible_id": owner.astype("Int64"),
                    "updated": pd.to_datetime(seen, utc=True).astype("datetime64[us, UTC]"),
                }
            )
        )
    clients = pd.concat(parts, ignore_index=True)
    clients["responsible"] = named(clients["responsible_id"], people, language)
    return clients


def _shelf(appeals: pd.DataFrame, fields: Mapping[str, str]) -> AppealShelf:
    """The shelf; of a smart process that has no field for calls yet, an empty one."""
    try:
        column = appeal_field(appeals.columns, "calls", fields, asked_by="calls")
    except ParameterError:
        if "calls" in fields:
            raise
        column = ""
    return AppealShelf.of(appeals, column)


def _appeals(
    held: pd.DataFrame | None,
    shelf: AppealShelf | None,
    people: pd.DataFrame,
    clients: pd.DataFrame,
    zone: tzinfo,
    language: Language,
) -> pd.DataFrame:
    words = ["by hand", "from the call"]
    if held is None or shelf is None:
        held = pd.DataFrame({name: pd.Series(dtype="object") for name in _APPEAL})
    ids = held["id"].astype("int64").reset_index(drop=True)
    of_call = _text(held, "xmlId").reset_index(drop=True).str.match(_MADE_OF_A_CALL).astype(bool)
    responsible = _numbers(held, "assignedById")
    contact = _numbers(held, "contactId")
    if "contactIds" in held:
        several = pd.Series([_first(each) for each in held["contactIds"]], dtype="Int64")
        contact = contact.fillna(several)
    company = _numbers(held, "companyId")
    kind = np.select([contact.notna(), company.notna()], ["contact", "company"], "")
    number = contact.fillna(company)
    cards = pd.Series(
        clients["client"].to_numpy(), index=clients["entity"] + ":" + clients["id"].astype("str")
    )
    key = pd.Series(kind, index=ids.index) + ":" + number.astype("str")
    calls = shelf.calls.groupby("appeal").size() if shelf is not None else pd.Series(dtype="int64")
    made = pd.to_datetime(held["createdTime"], utc=True).reset_index(drop=True)
    return pd.DataFrame(
        {
            "appeal": ids,
            "title": _text(held, "title").reset_index(drop=True),
            "created": made.dt.tz_convert(zone),
            "responsible_id": responsible,
            "responsible": named(responsible, people, language),
            "client_entity": kind,
            "client_id": number,
            "client": _found(key, cards),
            "made": _words(of_call.astype("int64"), words, language),
            "by_hand": ~of_call,
            "calls": ids.map(calls).fillna(0).astype("int64"),
        }
    )


def _words(places: pd.Series[Any], words: Sequence[str], language: Language) -> pd.Series[Any]:
    """Few different texts in a fixed order, from their places in it."""
    codes = places.astype("Int64").fillna(-1).astype("int64").to_numpy()
    texts = pd.Index([said(each, language) for each in words])
    return pd.Series(pd.Categorical.from_codes(codes, texts, ordered=True), index=places.index)


def _beside(keys: pd.Series[Any], values: pd.Series[Any]) -> pd.Series[Any]:
    """For each number the value that stands under it, of the values' own type; missing without one."""
    found: pd.Series[Any] = values.reindex(keys.fillna(-1).astype("int64")).set_axis(keys.index)
    return found


def _found(keys: pd.Series[Any], words: Any) -> pd.Series[Any]:
    """Words by their keys; "" where there are none."""
    found = keys.map(words).astype(object)
    return found.where(found.notna(), "").astype("str")


def _text(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in table:
        return pd.Series("", index=table.index, dtype="str")
    return table[name].astype(object).where(table[name].notna(), "").astype("str")


def _numbers(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in table:
        return pd.Series(pd.NA, index=range(len(table)), dtype="Int64")
    column = pd.to_numeric(table[name], errors="coerce").astype("Int64").reset_index(drop=True)
    return column.where(column.ne(0))


def _first(value: Any) -> int | None:
    if isinstance(value, list | tuple | np.ndarray):
        return int(value[0]) if len(value) else None
    return int(value) if value is not None and pd.notna(value) and value else None
