"""Make the responsible of each deal responsible for its contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from toolkit.errors import ParameterError
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, listed, notices, updates

__all__ = ["ReassignContacts", "ReassignContactsParams"]

SEVERAL = "several deals with different responsibles"
DISMISSED = "the deal's responsible is dismissed"
UNKNOWN = "the deal's responsible is not among the portal's users"
UNREADABLE = "the record cannot be read by the webhook's user"
NEVER = "asked never to touch it"

_DEAL_FIELDS = [
    "id",
    "title",
    "categoryId",
    "stageId",
    "closed",
    "assignedById",
    "contactId",
    "contactIds",
    "companyId",
    "opportunity",
    "createdTime",
    "lastActivityTime",
]
_MOST_NARROW = 400  # ids a filter should carry; beyond, reading everything is cheaper and surer


class ReassignContactsParams(OperationParams):
    """Which deals decide, and how.

    Args:
        categories: pipelines; None for all.
        stages: stage ids; None for all.
        state: only open deals, only closed ones, or all.
        created_since: deals created on that day or later, by the portal's calendar.
        deals: only these deal ids.
        filter: a further filter, as `crm.item.list` understands it.
        winner: which deal decides when a contact has several with different responsibles; `review` leaves
            the contact out and lists it.
        companies: the deals' companies follow by the same rule.
        activities: open activities of a contact follow, when they are the old responsible's.
        dismissed: what to do when the deciding responsible is dismissed or unknown.
        fallback: user id to assign then, for `dismissed=fallback`.
        never_contacts: contacts never to touch.
        never_companies: companies never to touch.
        notify: tell each employee concerned, once, after the proof.
        language: of the notifications.
    """

    categories: list[int] | None = None
    stages: list[str] | None = None
    state: Literal["all", "open", "closed"] = "all"
    created_since: date | None = None
    deals: list[int] | None = None
    filter: dict[str, Any] = Field(default_factory=dict)
    winner: Literal["review", "newest", "latest_activity", "largest", "primary_contact"] = "review"
    companies: bool = False
    activities: bool = False
    dismissed: Literal["skip", "fallback"] = "skip"
    fallback: int | None = None
    never_contacts: list[int] = Field(default_factory=list)
    never_companies: list[int] = Field(default_factory=list)
    notify: bool = False
    language: Literal["ru", "en"] = "ru"


class ReassignContacts(Operation):
    """Make the responsible of each deal responsible for its contacts."""

    name = "reassign_contacts"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Give contacts to the responsibles of their deals",
        "ru": "Передать контакты ответственным за их сделки",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "everything but the notifications",
        "ru": "всё, кроме отправленных уведомлений",
    }
    Params = ReassignContactsParams

    def reads(self, params: ReassignContactsParams) -> Mapping[str, Read]:
        """Deals in scope; contacts whole, because a rehearsal and the search for robots need them whole."""
        reads = {
            "user": Read(["ID", "ACTIVE", "NAME", "LAST_NAME"]),
            "category:2": Read(),
            "status": Read(),
            "deal": Read(_DEAL_FIELDS, self._deal_filter(params)),
            "contact": Read(),
        }
        if params.companies:
            reads["company"] = Read()
        if params.activities:
            reads["activity"] = Read(
                ["ID", "OWNER_ID", "OWNER_TYPE_ID", "RESPONSIBLE_ID", "COMPLETED"],
                {"OWNER_TYPE_ID": 3, "COMPLETED": "N"},
            )
        return reads

    def watches(self, params: ReassignContactsParams) -> Mapping[str, Sequence[str]]:
        """Deals, whose responsible or contacts may have changed, and contacts, given away by hand."""
        watched = {"deal": ["id", "contactIds", "companyId"], "contact": ["id"]}
        return {**watched, "company": ["id"]} if params.companies else watched

    def narrowed(self, params: ReassignContactsParams, changed: Tables) -> Mapping[str, Read] | None:
        """The contacts concerned, and every deal of theirs: one deal alone cannot tell who wins."""
        contacts = _members(changed["deal"])["contact"].tolist() + changed["contact"]["id"].tolist()
        contacts = sorted({int(each) for each in contacts})
        if params.companies or len(contacts) > _MOST_NARROW:
            return None
        reads = dict(self.reads(params))
        reads["deal"] = Read(_DEAL_FIELDS, {**self._deal_filter(params), "@contactIds": contacts or [0]})
        reads["contact"] = Read(ids=contacts)
        return reads

    def plan(self, tables: Tables, params: ReassignContactsParams) -> Changes:
        """Contacts, and what follows them, to the responsibles of their deals."""
        active, known = _users(tables["user"])
        deals = self._in_scope(tables["deal"], params)
        contacts = self._follow("contact", _members(deals), deals, tables["contact"], params, active, known)
        parts = [contacts]
        if params.companies:
            owned = pd.DataFrame(
                {"contact": deals["companyId"].to_numpy(), "deal": np.arange(len(deals)), "primary": True}
            )
            owned = owned[owned["contact"].fillna(0) != 0].astype({"contact": "int64"})
            parts.append(self._follow("company", owned, deals, tables["company"], params, active, known))
        if params.activities:
            parts.append(self._activities(contacts, tables["activity"]))
        changes = Changes.joined(*parts)
        if params.notify:
            changes = Changes.joined(changes, self._notices(changes, tables["user"], params))
        return changes

    # -- scope -----------------------------------------------------------------------------------

    def _deal_filter(self, params: ReassignContactsParams) -> dict[str, Any]:
        """What the portal can sort out by itself; `_in_scope` asks for the same again."""
        chosen: dict[str, Any] = dict(params.filter)
        if params.categories is not None:
            chosen["@categoryId"] = params.categories
        if params.stages is not None:
            chosen["@stageId"] = params.stages
        if params.state != "all":
            chosen["closed"] = "Y" if params.state == "closed" else "N"
        if params.created_since is not None:
            chosen[">=createdTime"] = params.created_since.isoformat()
        return chosen

    def _in_scope(self, deals: pd.DataFrame, params: ReassignContactsParams) -> pd.DataFrame:
        keep = pd.Series(True, index=deals.index)
        if params.categories is not None:
            keep &= deals["categoryId"].isin(params.categories)
        if params.stages is not None:
            keep &= deals["stageId"].isin(params.stages)
        if params.state != "all":
            keep &= deals["closed"].fillna(False).astype(bool) == (params.state == "closed")
        if params.created_since is not None:
            # The portal has sorted them by its own calendar; no zone begins a day earlier than this.
            begins = pd.Timestamp(params.created_since, tz="UTC") - pd.Timedelta(hours=14)
            keep &= deals["createdTime"] >= begins
        if params.deals is not None:
            keep &= deals["id"].isin(params.deals)
        return deals[keep]

    def check(self, tables: Tables, params: ReassignContactsParams) -> None:
        """Every pipeline, stage, deal and user named is one of the portal's, and the scope is not empty."""
        active, _ = _users(tables["user"])
        pipelines = set(tables["category:2"]["id"].astype(int)) | {0}
        for category in params.categories or []:
            if category not in pipelines:
                raise ParameterError(
                    self.name,
                    "categories",
                    category,
                    "is not a pipeline of deals",
                    f"Known: {sorted(pipelines)}.",
                )
        statuses = tables["status"]
        of_deals = statuses["ENTITY_ID"].fillna("").str.startswith("DEAL_STAGE")
        stages = {str(each) for each in statuses.loc[of_deals, "STATUS_ID"]}
        for stage in params.stages or []:
            if stage not in stages:
                raise ParameterError(
                    self.name,
                    "stages",
                    stage,
                    "is not a stage of any deal pipeline",
                    f"Known: {sorted(stages)}.",
                )
        unknown = set(params.deals or []) - set(tables["deal"]["id"].astype(int))
        if unknown:
            raise ParameterError(
                self.name,
                "deals",
                sorted(unknown)[:5],
                f"are {len(unknown)} deals the webhook's user cannot read within the other filters",
                "Take them out, or ask the portal's admin.",
            )
        if params.dismissed == "fallback" and params.fallback is None:
            raise ParameterError(
                self.name, "fallback", None, "is missing", "dismissed=fallback needs a user id."
            )
        if params.fallback is not None and params.fallback not in active:
            raise ParameterError(
                self.name,
                "fallback",
                params.fallback,
                "is not an active user of the portal",
                "Name one who works there.",
            )

        if self._in_scope(tables["deal"], params).empty:
            raise ParameterError(
                self.name,
                "scope",
                params.model_dump(exclude_defaults=True, mode="json"),
                "matches no deal",
                "Widen the pipelines, stages, dates or ids; or the webhook's user may not read the deals.",
            )

    # -- who gets what ---------------------------------------------------------------------------

    def _follow(
        self,
        entity: str,
        pairs: pd.DataFrame,
        deals: pd.DataFrame,
        records: pd.DataFrame,
        params: ReassignContactsParams,
        active: set[int],
        known: set[int],
    ) -> Changes:
        """Records to the responsibles of the deals they belong to.

        Args:
            entity: contact or company.
            pairs: one row per record and deal: contact (record id), deal (position in `deals`), primary.
            deals: deals in scope.
            records: all records of the entity; columns id, assignedById.
        """
        never = params.never_contacts if entity == "contact" else params.never_companies
        pairs = pairs.assign(
            responsible=deals["assignedById"].fillna(0).to_numpy(dtype="int64")[pairs["deal"]]
        )
        decided, undecided = _decide(pairs, deals, params.winner)
        responsible = decided["responsible"].to_numpy()
        names = {DISMISSED: known - active, UNKNOWN: set(np.unique(responsible)) - known}
        parts: list[Changes] = []
        bad = ~np.isin(responsible, list(active))
        reason = np.full(len(decided), f"responsible of deal ({params.winner})", dtype=object)
        reason[decided["agreed"].to_numpy()] = "responsible of its deals"
        if params.dismissed == "fallback" and params.fallback is not None:
            reason[bad] = "fallback: the deal's responsible is dismissed or unknown"
            responsible = np.where(bad, params.fallback, responsible)
            bad = np.zeros(len(decided), dtype=bool)
        for words, users in names.items():
            out = bad & np.isin(responsible, list(users))
            parts.append(
                listed(entity, decided["contact"][out], words, [f"user {each}" for each in responsible[out]])
            )
        decided = decided.assign(responsible=responsible, reason=reason)[~bad]
        untouched = decided["contact"].isin(never)
        parts.append(listed(entity, decided["contact"][untouched], NEVER))
        decided = decided[~untouched]
        now = records.set_index("id")["assignedById"].reindex(decided["contact"])
        readable = decided["contact"].isin(records["id"]).to_numpy()
        parts.append(listed(entity, decided["contact"][~readable], UNREADABLE))
        current = now.fillna(0).to_numpy(dtype="int64")
        change = readable & (current != decided["responsible"].to_numpy())
        moved, was = decided[change], current[change]
        to = moved["responsible"].to_numpy()
        parts.insert(
            0,
            updates(
                entity,
                moved["contact"],
                before={"assignedById": was.tolist()},
                after={"assignedById": to.tolist()},
                reason=moved["reason"].tolist(),
                group=[f"to:{new} from:{old}" for new, old in zip(to.tolist(), was.tolist(), strict=True)],
            ),
        )
        undecided = undecided[~undecided["contact"].isin(never)]
        parts.append(listed(entity, undecided["contact"], SEVERAL, undecided["details"].tolist()))
        return Changes.joined(*parts)

    def _activities(self, contacts: Changes, activities: pd.DataFrame) -> Changes:
        """Open activities of the contacts that move, where they are the old responsible's."""
        moved = contacts.table[contacts.table["kind"] == "update"]
        if moved.empty or activities.empty:
            return Changes()
        was = moved["before"].str.extract(r"(\d+)")[0].astype("int64").to_numpy()
        to = moved["after"].str.extract(r"(\d+)")[0].astype("int64").to_numpy()
        owners = pd.DataFrame({"OWNER_ID": moved["record_id"].to_numpy(dtype="int64"), "was": was, "to": to})
        open_ones = activities[
            (activities["OWNER_TYPE_ID"] == 3) & ~activities["COMPLETED"].fillna(False).astype(bool)
        ]
        follow = open_ones.merge(owners, on="OWNER_ID")
        follow = follow[follow["RESPONSIBLE_ID"] == follow["was"]]
        return updates(
            "activity",
            follow["ID"],
            before={"RESPONSIBLE_ID": follow["was"].tolist()},
            after={"RESPONSIBLE_ID": follow["to"].tolist()},
            reason="open activity of a contact that moves",
        )

    def _notices(self, changes: Changes, users: pd.DataFrame, params: ReassignContactsParams) -> Changes:
        """One summary for everybody who receives or gives."""
        names = dict(
            zip(users["ID"], (users["NAME"].fillna("") + " " + users["LAST_NAME"].fillna("")), strict=True)
        )
        active, _ = _users(users)
        moved = changes.table[changes.table["kind"].eq("update") & changes.table["entity"].eq("contact")]
        flow = moved["group"].str.extract(r"to:(\d+) from:(\d+)").astype("int64")
        concerned = sorted({int(each) for each in np.unique(flow.to_numpy())} & active)
        texts = [_summary(user, flow, names, params.language) for user in concerned]
        counts = [{"received": f"to:{user}", "given": f"from:{user}"} for user in concerned]
        return notices(concerned, texts, counts=counts, reason="summary for the employee")


def _users(users: pd.DataFrame) -> tuple[set[int], set[int]]:
    """Ids of active users, and of all."""
    ids = users["ID"].astype("int64")
    return set(ids[users["ACTIVE"].fillna(False).astype(bool)]), set(ids)


def _members(deals: pd.DataFrame) -> pd.DataFrame:
    """One row per contact and deal: contact id, deal (position), primary (the deal's first contact)."""
    # In Arrow a million lists are two arrays; made into Python lists they took a third of the planning.
    lists = pa.array(deals["contactIds"], pa.list_(pa.int64()))
    sizes = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    deal = np.repeat(np.arange(len(deals)), sizes)
    contact = pc.list_flatten(lists).to_numpy(zero_copy_only=False).astype("int64")
    primary = (
        deals["contactId"].fillna(0).to_numpy(dtype="int64")[deal] == contact
        if "contactId" in deals
        else np.zeros(len(contact), dtype=bool)
    )
    return pd.DataFrame({"contact": contact, "deal": deal, "primary": primary})


def _decide(pairs: pd.DataFrame, deals: pd.DataFrame, winner: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """For each record the responsible it should have, and those for which the deals disagree.

    Returns:
        decided: contact, responsible, agreed (all its deals say the same); undecided: contact, details.
    """
    rank = {
        "newest": "createdTime",
        "latest_activity": "lastActivityTime",
        "largest": "opportunity",
    }.get(winner)
    ids = deals["id"].to_numpy(dtype="int64")
    pairs = pairs.assign(deal_id=ids[pairs["deal"]])
    low = pairs.groupby("contact", sort=True)["responsible"].agg(["min", "max"])
    agreed = low.index[low["min"] == low["max"]]
    decided = pd.DataFrame(
        {"contact": agreed, "responsible": low.loc[agreed, "min"].to_numpy(), "agreed": True}
    )
    split = pairs[~pairs["contact"].isin(agreed)]
    if split.empty:
        return decided, pd.DataFrame({"contact": pd.Series(dtype="int64"), "details": pd.Series(dtype="str")})
    chosen = split.iloc[:0]
    if rank is not None:
        key = pd.to_numeric(deals[rank]) if rank == "opportunity" else deals[rank]
        split = split.assign(key=key.array[split["deal"].to_numpy()])
        ordered = split.sort_values(["contact", "key", "deal_id"], na_position="first")
        chosen = ordered.drop_duplicates("contact", keep="last")
    elif winner == "primary_contact":
        primary = split[split["primary"]]
        range_ = primary.groupby("contact")["responsible"].agg(["min", "max"])
        sure = range_.index[range_["min"] == range_["max"]]
        chosen = primary[primary["contact"].isin(sure)].drop_duplicates("contact")
    won = pd.DataFrame({"contact": chosen["contact"], "responsible": chosen["responsible"], "agreed": False})
    rest = split[~split["contact"].isin(won["contact"])].sort_values(["contact", "deal_id"])
    # Joined by hand: with a function of its own for each group, pandas took two thirds of the planning.
    words = [
        f"deal {deal}: user {user}"
        for deal, user in zip(rest["deal_id"].tolist(), rest["responsible"].tolist(), strict=True)
    ]
    of, begins = np.unique(rest["contact"].to_numpy(), return_index=True)
    bounds = pairwise([*begins.tolist(), len(words)])
    details = ["; ".join(words[begin:end]) for begin, end in bounds]
    undecided = pd.DataFrame({"contact": of, "details": pd.Series(details, dtype="str")})
    together = pd.concat([decided, won], ignore_index=True).sort_values("contact", ignore_index=True)
    return together, undecided


_TEXT = {
    "ru": (
        "Контакты приведены в соответствие со сделками. Вам передано: {received}; от вас передано: {given}.",
        "От кого: ",
        "Ваши контакты",
    ),
    "en": (
        "Contacts now follow their deals. Handed to you: {received}; taken from you: {given}.",
        "From: ",
        "Your contacts",
    ),
}


def _summary(user: int, flow: pd.DataFrame, names: Mapping[Any, str], language: str) -> str:
    """Who, how many, from whom, and a link to the list."""
    opening, from_whom, link = _TEXT[language]
    sources = flow.loc[flow[0] == user, 1].value_counts()
    # Counts by giver stay in the report: here only what was really done is counted, by the placeholders.
    givers = ", ".join((names.get(giver) or f"id {giver}").strip() for giver in sources.index[:10])
    more = "…" if len(sources) > 10 else ""
    lines = [opening]
    if givers:
        lines.append(f"{from_whom}{givers}{more}.")
    lines.append(f"[URL=/crm/contact/list/?apply_filter=Y&ASSIGNED_BY_ID[]={user}]{link}[/URL]")
    return "\n".join(lines)
