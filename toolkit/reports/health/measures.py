"""What is out of order in a portal, counted out of one snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pandas as pd

from toolkit.matching import Tier, email_keys, find_clusters, phone_keys, read_phones
from toolkit.records import Snapshot
from toolkit.reports.calls import CallsDataset, calls_wanted
from toolkit.routing import Book, Directory
from toolkit.runs.report.wording import Language

__all__ = ["CLEAN_PHONES", "HEALTH_ENTITIES", "OWNED", "Measure", "Measured", "measure"]

HEALTH_ENTITIES = ("user", "company", "contact", "deal")
"""What a snapshot has to hold at least."""

OWNED = ("deal", "contact", "company")
"""Entities whose responsible is looked at."""

CLEAN_PHONES = frozenset({"valid", "toll_free"})
"""Classes of stored phones that can be called, see `PhoneClass`."""

_NAMES_OF_CALLS = {"department", "category:2"}  # counting does without names
_WORDS: Mapping[str, tuple[str, str]] = {
    "phones": ("телефоны, по которым не позвонить", "phones that cannot be called"),
    "surplus": ("лишние карточки одного клиента", "surplus cards of one client"),
    "left": ("записи уволенных и неизвестных", "records of people who left"),
    "apart": ("контакты не у тех, у кого сделки", "contacts out of step with deals"),
    "contact_without_deal": ("контакты без сделок", "contacts without a deal"),
    "deal_without_client": ("сделки без клиента", "deals without a client"),
    "no_responsible": ("записи без ответственного", "records nobody is responsible for"),
    "lost_company": ("контакты, чьей компании больше нет", "contacts whose company is gone"),
    "unreachable": ("контакты без телефона и почты", "contacts without phone and e-mail"),
    "calls_without_appeal": ("звонки без обращения", "calls without an appeal"),
    "routing_gaps": ("правила маршрутов, ведущие в никуда", "routing rules that lead to nobody"),
}


@dataclass(frozen=True)
class Measure:
    """One thing that is out of order.

    Args:
        name: `phones`, `surplus`, `left`, ...; the same in every report.
        found: how many.
        total: of how many.
    """

    name: str
    found: int
    total: int

    def words(self, language: Language) -> str:
        """What is counted."""
        return _WORDS[self.name][0 if language == "ru" else 1]

    @property
    def share(self) -> float:
        """From 0 to 1; 0 where there is nothing to count."""
        return self.found / self.total if self.total else 0.0


@dataclass(frozen=True)
class Measured:
    """What one snapshot shows about a portal.

    Args:
        snapshot: where it was read from.
        measures: what is out of order, in the order it is shown; by name. What the snapshot does not hold
            is left out.
        phones: stored phones by class (value of `PhoneClass`), as counts, the most frequent first.
        groups: cards that are one client, see `Clusters.groups`; columns entity, group, id, size.
        asked: pairs of cards a person would have to look at.
        owned: records by responsible who left or is not known: index user id, a column per entity, total.
    """

    snapshot: Snapshot
    measures: Mapping[str, Measure]
    phones: pd.Series
    groups: pd.DataFrame
    asked: int
    owned: pd.DataFrame

    @property
    def taken(self) -> str:
        """When the portal had been read, ISO 8601."""
        return self.snapshot.manifest.finished


def measure(snapshot: Snapshot, *, appeals: int | None = None, routing: Book | None = None) -> Measured:
    """Count what is out of order.

    Args:
        snapshot: of `HEALTH_ENTITIES` at least; calls without appeals need those of `calls_wanted` too.
        appeals: entity type id of the smart process of appeals; None leaves calls out.
        routing: the directory in force; None leaves routing out.

    Raises:
        SnapshotError: it does not hold what is needed, or is damaged.
    """
    contacts, companies = snapshot.table("contact"), snapshot.table("company")
    deals = snapshot.table("deal", ["id", "assignedById", "contactIds", "companyId"])
    values = pd.concat([_values("contact", contacts), _values("company", companies)], ignore_index=True)
    stored = values[values["type"] == "PHONE"].reset_index(drop=True)
    mail = values[values["type"] == "EMAIL"].reset_index(drop=True)
    clusters = find_clusters(
        pd.concat(
            [
                contacts[["id", "lastName", "name", "secondName"]].assign(entity="contact"),
                companies[["id", "title"]].assign(entity="company"),
            ],
            ignore_index=True,
        ),
        pd.concat([phone_keys(stored, "value"), email_keys(mail, "value")], ignore_index=True),
    )
    groups = clusters.groups()
    phones = read_phones(stored["value"])["phone_class"].astype("str").value_counts()
    users = snapshot.table("user", ["ID", "ACTIVE"])
    active = users.loc[users["ACTIVE"].fillna(False).astype(bool), "ID"]
    owners = {
        "deal": _ids(deals["assignedById"]),
        "contact": _ids(contacts["assignedById"]),
        "company": _ids(companies["assignedById"]),
    }
    owned = _owned_by_the_gone(owners, active)
    members = deals.explode("contactIds").dropna(subset=["contactIds"]).astype({"contactIds": "int64"})
    of_contact = _ids(contacts["companyId"])
    reachable = values.loc[(values["entity"] == "contact") & (values["value"].str.strip() != "")]
    reachable = reachable[reachable["type"].isin(["PHONE", "EMAIL"])]
    clientless = (deals["contactIds"].map(_is_empty)) & (_ids(deals["companyId"]) == 0)
    records = sum(map(len, owners.values()))
    counted = [
        Measure("phones", int(phones[~phones.index.isin(CLEAN_PHONES)].sum()), int(phones.sum())),
        Measure(
            "surplus",
            len(groups) - len(groups[["entity", "group"]].drop_duplicates()),
            len(contacts) + len(companies),
        ),
        Measure("left", int(owned["total"].sum()), records),
        Measure("no_responsible", sum(int((each == 0).sum()) for each in owners.values()), records),
        Measure("apart", _apart(members, contacts), len(contacts)),
        Measure(
            "contact_without_deal", int((~contacts["id"].isin(members["contactIds"])).sum()), len(contacts)
        ),
        Measure("deal_without_client", int(clientless.sum()), len(deals)),
        Measure(
            "lost_company",
            int(((of_contact != 0) & ~of_contact.isin(companies["id"])).sum()),
            len(contacts),
        ),
        Measure("unreachable", int((~contacts["id"].isin(reachable["id"])).sum()), len(contacts)),
        *_of_calls(snapshot, appeals),
        *_of_routing(snapshot, routing, active),
    ]
    found = {each.name: each for each in counted}
    return Measured(snapshot, found, phones, groups, len(clusters.pairs(Tier.REVIEW)), owned)


def _of_calls(snapshot: Snapshot, appeals: int | None) -> list[Measure]:
    """Calls without an appeal, where the snapshot can tell."""
    needed = {each.entity for each in calls_wanted(appeals)} - _NAMES_OF_CALLS
    if appeals is None or not needed <= set(snapshot.entities):
        return []
    calls = CallsDataset.of(snapshot, appeals=appeals).table
    return [Measure("calls_without_appeal", int(calls["appeal"].isna().sum()), len(calls))]


def _of_routing(snapshot: Snapshot, routing: Book | None, active: pd.Series) -> list[Measure]:
    """Rules in force on the snapshot's day whose people have all left."""
    if routing is None:
        return []
    about = snapshot.manifest
    portal_time = timezone(timedelta(seconds=about.offset_s))
    day = datetime.fromisoformat(about.finished).astimezone(portal_time).date().toordinal()
    rules = [each for each in routing.rules if each.period[0] <= day <= each.period[1]]
    here = {str(int(each)) for each in active}
    people = {each.responsible for each in rules} | {each.deputy for each in rules}
    people |= {each.substitute for each in routing.substitutions}
    directory = Directory(routing)
    away = people - here
    lost = sum(not directory.given(each, True, day, away).responsible for each in rules)
    return [Measure("routing_gaps", lost, len(rules))]


def _apart(members: pd.DataFrame, contacts: pd.DataFrame) -> int:
    """Contacts none of whose deals has their responsible."""
    held = members[["contactIds", "assignedById"]].merge(
        contacts[["id", "assignedById"]], left_on="contactIds", right_on="id", suffixes=("_deal", "")
    )
    agrees = (_ids(held["assignedById_deal"]) == _ids(held["assignedById"])).groupby(held["contactIds"]).any()
    return int((~agrees).sum())


def _owned_by_the_gone(owners: Mapping[str, pd.Series], active: pd.Series) -> pd.DataFrame:
    counts = {name: each[(each != 0) & ~each.isin(active)].value_counts() for name, each in owners.items()}
    frame = pd.DataFrame(counts).fillna(0).astype("int64")
    frame["total"] = frame.sum(axis="columns")
    return frame.sort_values("total", ascending=False, kind="stable")


def _ids(column: pd.Series) -> pd.Series:
    """Ids with 0 for nobody."""
    return column.fillna(0).astype("int64")


def _is_empty(ids: Sequence[int] | None) -> bool:
    return ids is None or isinstance(ids, float) or len(ids) == 0


def _values(entity: str, cards: pd.DataFrame) -> pd.DataFrame:
    """Stored phones and mailboxes; one row each: entity, id, type, value."""
    exploded = cards[["id", "fm"]].explode("fm").dropna(subset=["fm"])
    stored = exploded["fm"].tolist()
    return pd.DataFrame(
        {
            "entity": entity,
            "id": exploded["id"].to_numpy(),
            "type": pd.Series([each.get("typeId") for each in stored], dtype="str"),
            "value": pd.Series([str(each.get("value") or "") for each in stored], dtype="str"),
        }
    )
