"""Merge the cards of one client: contacts and companies, found by phone, e-mail, INN and name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from toolkit.errors import ParameterError
from toolkit.matching import (
    Clusters,
    Decision,
    Decisions,
    Home,
    MatchRules,
    Reason,
    Tier,
    Verdict,
    email_keys,
    find_clusters,
    inn_keys,
    phone_keys,
)
from toolkit.matching.survivorship import PRESETS, Card, FieldRule, survivors
from toolkit.matching.wording import key_words, reason_words
from toolkit.records import entity, multifields
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, listed
from toolkit.runs.merges.cells import CardCells
from toolkit.runs.merges.planning import MergeGroup, linked_ids, planned_merges

__all__ = ["Deduplicate", "DeduplicateParams", "KeptApart", "find_duplicates"]

REVIEW = "a person has to decide"
LINK = "a branch and its head office: linked, not merged"
FORBIDDEN = "alike, but something forbids to merge them"
TWO_ORIGINS = "the cards stand for different records of external systems"
TWO_CATEGORIES = "the cards are in different categories"
TWO_FILES = "the cards hold different files in one field"
OWN_COMPANY = "one of the cards is the portal owner's own company"
TOO_LARGE = "the group is larger than allowed"
NEVER = "asked never to touch it"

_DEAL = ["id", "contactIds", "companyId", "closed"]
_USER = ["ID", "ACTIVE", "EMAIL", "WORK_PHONE", "PERSONAL_PHONE", "PERSONAL_MOBILE"]
_ACTIVITY = ["ID", "OWNER_ID", "OWNER_TYPE_ID", "COMPLETED"]
_NAMES = ("lastName", "name", "secondName", "title", "birthdate", "originatorId", "originId")
_LONGEST_DETAILS = 700
_FORBIDDEN_LISTED = 5000


class KeptApart(BaseModel):
    """What a person decided before; a line of the file of decisions.

    Args:
        about: `pair` or `key`.
        entity: of the pair.
        a, b: ids of the pair.
        key_type, key_value: of the key.
        who, at, note: by whom, when, why.
        withdrawn: whether it takes an earlier decision back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: Literal["pair", "key"]
    entity: str = ""
    a: int = 0
    b: int = 0
    key_type: str = ""
    key_value: str = ""
    who: str = ""
    at: str = ""
    note: str = ""
    withdrawn: bool = False


class DeduplicateParams(OperationParams):
    """What is compared, what may be merged, and what survives.

    Args:
        entities: of which cards are merged; contacts and companies are read in any case.
        tiers: `auto` merges what the rules are sure of; with `review` the plan also offers the groups a
            person has to decide, to be struck or left standing.
        preset: rules of survival, see `toolkit.matching.survivorship`.
        fields: other rules for some fields: keep, newest, oldest, longest, join, strictest, active.
        masters: cards that are to survive, by entity.
        country: where phones without a country code are at home.
        area_code: home area code without the 8.
        largest_group: bigger groups are listed unless all their names are the same.
        phone_alone: whether a card without a name joins the only person with its phone.
        decisions: what people said before: pairs that are no duplicates, keys that prove nothing.
        never: record ids never to touch, by entity.
        denied_keys: phones (E.164) and mailboxes that prove nothing; those of employees and of the portal
            owner's own companies are added.
        denied_domains: mail domains that prove nothing.
        children: records whose links are checked afterwards: deal, lead, quote, invoice.
        activities: read activities: they help to choose the master, and are bound to it where the portal
            leaves them behind.
        language: of the evidence.
    """

    entities: list[Literal["contact", "company", "lead"]] = Field(
        default=["contact", "company"], min_length=1
    )
    tiers: list[Literal["auto", "review"]] = Field(default=["auto"], min_length=1)
    preset: Literal["ru_b2b", "ru_b2c"] = "ru_b2b"
    fields: dict[str, FieldRule] = Field(default_factory=dict)
    masters: dict[str, list[int]] = Field(default_factory=dict)
    country: str = "RU"
    area_code: str = ""
    largest_group: int = Field(default=10, ge=2, le=100)
    phone_alone: bool = False
    decisions: list[KeptApart] = Field(default_factory=list)
    never: dict[str, list[int]] = Field(default_factory=dict)
    denied_keys: list[str] = Field(default_factory=list)
    denied_domains: list[str] = Field(default_factory=list)
    children: list[Literal["deal", "lead", "quote", "invoice"]] = Field(default=["deal"])
    activities: bool = True
    language: Literal["ru", "en"] = "ru"


class Deduplicate(Operation):
    """Merge the cards of one client; leave what is not sure to a person."""

    name = "deduplicate"
    title: ClassVar[Mapping[str, str]] = {
        "en": "Merge duplicate clients by phone, e-mail, INN and name",
        "ru": "Объединить дубли клиентов по телефону, почте, ИНН и имени",
    }
    undo: ClassVar[Mapping[str, str]] = {
        "en": "cards come back under new ids, with their fields, links and requisites; not their history",
        "ru": "карточки возвращаются под новыми номерами, с полями, связями и реквизитами; без истории",
    }
    Params = DeduplicateParams

    def reads(self, params: DeduplicateParams) -> Mapping[str, Read]:
        """Every card whole, what hangs on it, and how the portal defines its fields."""
        reads = {"user": Read(_USER), "contact": Read(), "company": Read()}
        if "lead" in params.entities or "lead" in params.children:
            reads["lead"] = Read()
        for name in params.entities:
            reads[f"field:{entity(name).entity_type_id}"] = Read()
        reads |= {"requisite": Read(), "bankdetail": Read()}
        reads |= {name: Read(_DEAL if name == "deal" else None) for name in params.children if name != "lead"}
        if params.activities:
            reads["activity"] = Read(_ACTIVITY)
        return reads

    def check(self, tables: Tables, params: DeduplicateParams) -> None:
        """Cards named as masters exist."""
        for name, ids in params.masters.items():
            known = set(tables[name]["id"]) if name in tables else set()
            missing = sorted(set(ids) - known)
            if missing:
                raise ParameterError(
                    self.name, "masters", missing, f"are no {name}s of the portal", "Correct the ids."
                )

    def plan(self, tables: Tables, params: DeduplicateParams) -> Changes:
        """The groups that may be merged, and everything a person has to see."""
        clusters = find_duplicates(tables, params)
        cells: dict[str, CardCells] = {name: CardCells(name, tables) for name in params.entities}
        facts: dict[str, dict[int, dict[str, int]]] = {
            name: _facts(name, tables, params) for name in params.entities
        }
        dismissed = frozenset(
            tables["user"].loc[~tables["user"]["ACTIVE"].fillna(False).astype(bool), "ID"].astype("int64")
        )
        rules = PRESETS[params.preset].with_fields(params.fields)
        groups: list[MergeGroup] = []
        left: list[_Left] = []
        for name, ids, reason in _groups(clusters, params):
            against = _objection(name, ids, cells[name], params)
            if against:
                left.append(_Left(name, min(ids), against, ", ".join(map(str, ids))))
                continue
            held = cells[name].cells(ids)
            scalars = set(cells[name].scalars)
            created = cells[name].column("createdTime", ids)
            changed = cells[name].column("updatedTime", ids)
            cards = [
                Card(
                    card,
                    {
                        field: value
                        for field, value in held[card].items()
                        if field in scalars and value is not False
                    },
                    created.get(card, ""),
                    changed.get(card, ""),
                    facts[name].get(card, {}),
                )
                for card in ids
            ]
            choice = survivors(cards, rules, dismissed=dismissed)
            losers = tuple(card for card in sorted(ids) if card != choice.master)
            groups.append(MergeGroup(name, choice.master, losers, choice.values, reason))
        left += _pairs_left(clusters, params)
        return Changes.joined(planned_merges(groups, tables, cells), *_listed(left))


# -- who is the same ---------------------------------------------------------------------------------


def find_duplicates(tables: Tables, params: DeduplicateParams) -> Clusters:
    """Who is the same client among the cards of a snapshot.

    Args:
        tables: contact and company; as far as read lead, requisite, user.
        params: thresholds, home, what people said.
    """
    names = [name for name in ("contact", "company", "lead") if name in tables]
    home = Home(params.country, params.area_code)
    records, keys = [], []
    for name in names:
        table = tables[name]
        known = ["id", *(column for column in _NAMES if column in table)]
        records.append(table[known].assign(entity=name))
        if "fm" in table:
            rows = multifields(table[["id", "fm"]]).assign(entity=name)
            keys.append(phone_keys(rows[rows["typeId"] == "PHONE"].reset_index(drop=True), "value", home))
            keys.append(email_keys(rows[rows["typeId"] == "EMAIL"].reset_index(drop=True), "value"))
    keys += [_inns(tables, names), _employers(tables)]
    rules = MatchRules(
        largest_group=params.largest_group,
        blank_joins_sole_owner=params.phone_alone,
        denied_keys=_denied(tables, params, home),
        denied_domains=frozenset(params.denied_domains),
    )
    decisions = Decisions(Decision(**each.model_dump()) for each in params.decisions)
    kept = [frame for frame in keys if len(frame)]
    columns = ["entity", "id", "key_type", "key_value", "extension", "may_key"]
    together = pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=columns)
    cards = pd.concat([each.astype(object) for each in records], ignore_index=True)
    return find_clusters(cards.where(cards.notna(), None), together, rules, decisions)


def _inns(tables: Tables, names: Sequence[str]) -> pd.DataFrame:
    requisites = tables.get("requisite")
    if requisites is None or requisites.empty or "RQ_INN" not in requisites:
        return pd.DataFrame()
    types = {entity(name).entity_type_id: name for name in names}
    rows = requisites.assign(
        entity=requisites["ENTITY_TYPE_ID"].map(types), id=requisites["ENTITY_ID"].astype("Int64")
    )
    rows = rows[rows["entity"].notna()]
    known = set()
    for name in names:
        known |= {(name, int(card)) for card in tables[name]["id"]}
    here = [(name, int(card)) in known for name, card in zip(rows["entity"], rows["id"], strict=True)]
    rows = rows[pd.Series(here, index=rows.index, dtype=bool)].reset_index(drop=True)
    return inn_keys(rows, "RQ_INN", "RQ_KPP" if "RQ_KPP" in rows else None)


def _employers(tables: Tables) -> pd.DataFrame:
    """The companies of contacts: support for other evidence, never enough alone."""
    contacts = tables["contact"]
    if "companyIds" not in contacts:
        return pd.DataFrame()
    pairs = [
        (card, firm)
        for card, value in zip(contacts["id"].tolist(), contacts["companyIds"].tolist(), strict=True)
        for firm in linked_ids(value)
    ]
    if not pairs:
        return pd.DataFrame()
    ids, firms = zip(*pairs, strict=True)
    return pd.DataFrame(
        {
            "entity": "contact",
            "id": ids,
            "key_type": "company",
            "key_value": [str(firm) for firm in firms],
            "extension": "",
            "may_key": True,
        }
    )


def _denied(tables: Tables, params: DeduplicateParams, home: Home) -> frozenset[tuple[str, str]]:
    """Keys of employees and of the owner's own companies, and those a parameter names."""
    users = tables.get("user", pd.DataFrame())
    phones = [users[name] for name in ("WORK_PHONE", "PERSONAL_PHONE", "PERSONAL_MOBILE") if name in users]
    mails = [users["EMAIL"]] if "EMAIL" in users else []
    companies = tables["company"]
    if "isMyCompany" in companies:
        own = companies[companies["isMyCompany"].fillna(False).astype(bool)]
        rows = multifields(own[["id", "fm"]])
        phones.append(rows.loc[rows["typeId"] == "PHONE", "value"])
        mails.append(rows.loc[rows["typeId"] == "EMAIL", "value"])
    given = pd.Series(params.denied_keys, dtype=object)
    phones.append(given[~given.astype("str").str.contains("@")] if len(given) else given)
    mails.append(given[given.astype("str").str.contains("@")] if len(given) else given)
    denied: set[tuple[str, str]] = set()
    for columns, keys in ((phones, phone_keys), (mails, email_keys)):
        values = pd.concat([each.astype(object) for each in columns], ignore_index=True).dropna()
        if len(values):
            frame = pd.DataFrame({"entity": "user", "id": range(len(values)), "value": values.to_numpy()})
            found = keys(frame, "value", home) if keys is phone_keys else email_keys(frame, "value")
            denied |= set(zip(found["key_type"], found["key_value"], strict=True))
    return frozenset(denied)


def _groups(clusters: Clusters, params: DeduplicateParams) -> Iterator[tuple[str, list[int], str]]:
    """Entity, ids and reason of each group to be merged."""
    table = clusters.groups()
    sure: dict[tuple[str, int], list[int]] = {}
    for name, group, card in zip(table["entity"], table["group"], table["id"], strict=True):
        sure.setdefault((str(name), int(group)), []).append(int(card))
    if "review" not in params.tiers:
        for (name, _), ids in sure.items():
            if name in params.entities:
                yield name, ids, "one client"
        return
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(card: tuple[str, int]) -> tuple[str, int]:
        while parent.setdefault(card, card) != card:
            card = parent[card]
        return card

    for (name, _), ids in sure.items():
        for other in ids[1:]:
            parent[root((name, other))] = root((name, ids[0]))
    certain = {(name, card) for (name, _), ids in sure.items() for card in ids}
    asked: set[tuple[str, int]] = set()
    pairs = clusters.pairs(Tier.REVIEW)
    for name, a, b in zip(pairs["entity"], pairs["a"], pairs["b"], strict=True):
        parent[root((name, int(b)))] = root((name, int(a)))
        asked |= {(name, int(a)), (name, int(b))}
    joined: dict[tuple[str, int], list[int]] = {}
    for name, card in sorted(certain | asked):
        joined.setdefault(root((name, card)), []).append(card)
    for (name, _), ids in sorted(joined.items()):
        if name in params.entities:
            doubtful = any((name, card) in asked for card in ids)
            yield name, ids, "perhaps one client: a person decides" if doubtful else "one client"


# -- what speaks against a group ---------------------------------------------------------------------


def _objection(name: str, ids: Sequence[int], cells: CardCells, params: DeduplicateParams) -> str:
    if set(ids) & set(params.never.get(name, [])):
        return NEVER
    if "review" in params.tiers and len(ids) > params.largest_group:
        return TOO_LARGE
    own = cells.column("isMyCompany", ids)
    if any(bool(value) for value in own.values() if value is not None):
        return OWN_COMPANY
    systems, keys = cells.column("originatorId", ids), cells.column("originId", ids)
    if len({(systems.get(card) or "", key) for card, key in keys.items() if key}) > 1:
        return TWO_ORIGINS
    if len({value or 0 for value in cells.column("categoryId", ids).values()}) > 1:
        return TWO_CATEGORIES
    for file in cells.files:
        if len({value for value in cells.column(file, ids).values() if value}) > 1:
            return TWO_FILES
    return ""


@dataclass(frozen=True)
class _Left:
    """One thing left to a person."""

    entity: str
    id: int
    reason: str
    details: str


def _pairs_left(clusters: Clusters, params: DeduplicateParams) -> list[_Left]:
    """Pairs that are not merged, with their evidence in words."""
    pairs = clusters.pairs()
    pairs = pairs[pairs["entity"].isin(params.entities)]
    wanted = {"link": LINK, **({} if "review" in params.tiers else {"review": REVIEW})}
    chosen = pairs[pairs["tier"].isin(list(wanted))]
    fitting = pairs[(pairs["tier"] == "never") & (pairs["verdict"] > int(Verdict.DISAGREE))]
    rows = pd.concat([chosen, fitting.head(_FORBIDDEN_LISTED)]).to_dict("records")
    shared = _SharedKeys(clusters, rows)
    return [
        _Left(
            str(row["entity"]),
            int(row["a"]),
            wanted.get(row["tier"], FORBIDDEN),
            f"{row['a']} + {row['b']}: {'; '.join(_words(row, shared, params.language))}"[:_LONGEST_DETAILS],
        )
        for row in rows
    ]


def _words(row: Mapping[Any, Any], shared: _SharedKeys, language: Literal["ru", "en"]) -> list[str]:
    return reason_words(Reason(int(row["reasons"])), language) + shared.words(row, language)


class _SharedKeys:
    """What pairs of cards have in common.

    Args:
        clusters: where they were matched.
        rows: the pairs asked about; columns of `Clusters.pairs`.
    """

    def __init__(self, clusters: Clusters, rows: Sequence[Mapping[Any, Any]]) -> None:
        self._cards, self._keys = clusters.cards, clusters.evidence.keys
        nodes = {self._at(row, side) for row in rows for side in ("a", "b")}
        owners = clusters.evidence.owners
        own = owners[owners["node"].isin(list(nodes))]
        self._held: dict[int, set[int]] = {}
        for node, key in zip(own["node"].tolist(), own["key"].tolist(), strict=True):
            self._held.setdefault(node, set()).add(key)

    def words(self, row: Mapping[Any, Any], language: Literal["ru", "en"]) -> list[str]:
        """A phrase per key that both cards own."""
        both = self._held.get(self._at(row, "a"), set()) & self._held.get(self._at(row, "b"), set())
        return [
            key_words(
                key["key_type"],
                key["key_value"],
                key["extension"],
                key["owners"],
                key["people"],
                key["worth"],
                language,
            )
            for key in self._keys.iloc[sorted(both)].to_dict("records")
        ]

    def _at(self, row: Mapping[Any, Any], side: str) -> int:
        return self._cards.position(str(row["entity"]), int(row[side]))


def _listed(left: Sequence[_Left]) -> list[Changes]:
    return [
        listed(
            name,
            [each.id for each in left if each.entity == name],
            [each.reason for each in left if each.entity == name],
            [each.details for each in left if each.entity == name],
        )
        for name in dict.fromkeys(each.entity for each in left)
    ]


# -- who may survive ---------------------------------------------------------------------------------


def _facts(name: str, tables: Tables, params: DeduplicateParams) -> dict[int, dict[str, int]]:
    """Answers to the questions of the master's chain, for the cards that have any."""
    facts: dict[int, dict[str, int]] = {}

    def count(card: int, question: str, by: int = 1) -> None:
        own = facts.setdefault(int(card), {})
        own[question] = own.get(question, 0) + by

    for card in params.masters.get(name, []):
        count(card, "chosen")
    table = tables[name]
    if "originId" in table:
        for card in table.loc[table["originId"].notna() & (table["originId"] != ""), "id"]:
            count(card, "external_id")
    inns = _inns(tables, [name])
    for card in set(inns["id"]) if len(inns) else ():
        count(card, "inn")
    deals = tables.get("deal")
    column = {"contact": "contactIds", "company": "companyId"}.get(name, "")
    if deals is not None and column in deals:
        closed = (
            deals["closed"].fillna(False).astype(bool).tolist() if "closed" in deals else [False] * len(deals)
        )
        for value, over in zip(deals[column].tolist(), closed, strict=True):
            for card in linked_ids(value):
                count(card, "deals")
                count(card, "open_deals", 0 if over else 1)
    activities = tables.get("activity")
    if activities is not None and len(activities):
        own = activities[activities["OWNER_TYPE_ID"] == entity(name).entity_type_id]
        for card in own["OWNER_ID"].astype("int64").tolist():
            count(card, "activities")
    return facts
