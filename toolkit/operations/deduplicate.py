"""Merge the cards of one client: contacts and companies, found by phone, e-mail, INN and name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

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
    SharedKeys,
    Tier,
    Verdict,
    email_keys,
    find_clusters,
    inn_keys,
    phone_keys,
)
from toolkit.matching.survivorship import PRESETS, Card, Choice, FieldRule, survivors
from toolkit.matching.wording import reason_words
from toolkit.records import entity, multifields
from toolkit.runs import Changes, Operation, OperationParams, Read, Tables, listed
from toolkit.runs.merges.activities import ACTIVITY_FIELDS
from toolkit.runs.merges.cells import CardCells
from toolkit.runs.merges.elsewhere import running_on, unread_processes
from toolkit.runs.merges.groups import MergeGroup, linked_ids
from toolkit.runs.merges.planning import planned_merges
from toolkit.runs.notes import notes_of_merges
from toolkit.runs.review.groups import GroupChoice, OfferedGroup
from toolkit.runs.review.offering import Judged, offered_groups

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
RUNNING = "a workflow runs on a card that would go, and would end with it"
ONE = "one client"
PERHAPS = "perhaps one client: a person decides"
CHOSEN = "one client, as a person decided"

_USER = ["ID", "NAME", "LAST_NAME", "ACTIVE", "EMAIL", "WORK_PHONE", "PERSONAL_PHONE", "PERSONAL_MOBILE"]
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
        choices: what a person chose in a review of an earlier plan on the same cards; see `GroupChoice`.
        children: records that name cards, as clients or in custom fields, and shall name the surviving ones
            afterwards: deal, lead, quote, invoice, and `item:177` for the items of a smart process.
        processes: smart processes whose items name cards too, by number. `workflow.plan` fills in all the portal
            has unless they are given; an empty list leaves them out.
        activities: read activities: they help to choose the master, and are bound to it where the portal
            leaves them behind.
        tasks: read the portal's tasks, which name cards too; needs the scope `task`.
        workflows: read what workflows are running: cards on which one runs are not merged away; needs the
            scope `bizproc`.
        lists: numbers of universal lists whose elements name cards; those are listed with their link.
        timeline_notes: write what the merged cards said otherwise into the timeline of the card that stays.
        language: of the evidence, and of these notes.
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
    choices: list[GroupChoice] = Field(default_factory=list)
    children: list[Annotated[str, Field(pattern=r"^(deal|lead|quote|invoice|item:[1-9]\d*)$")]] = Field(
        default=["deal", "lead", "quote", "invoice"]
    )
    processes: list[Annotated[int, Field(ge=1)]] | None = None
    activities: bool = True
    timeline_notes: bool = False
    tasks: bool = True
    workflows: bool = True
    lists: list[int] = Field(default_factory=list)
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
    filled_in: ClassVar[frozenset[str]] = frozenset({"choices", "decisions", "processes"})

    def reads(self, params: DeduplicateParams) -> Mapping[str, Read]:
        """Every card whole, what hangs on it, and how the portal defines and names its fields' values."""
        reads = {"user": Read(_USER), "type": Read(["id", "title", "entityTypeId"])}
        reads["status"] = Read()  # sources and stages by name, for whoever reviews
        items = [f"item:{number}" for number in params.processes or ()]
        cards = dict.fromkeys(["contact", "company", *params.entities, *params.children, *items])
        reads |= {name: Read() for name in cards}
        reads |= {f"field:{entity(name).entity_type_id}": Read() for name in cards}
        reads |= {name: Read() for name in ("requisite", "bankdetail", "address", "requisitelink")}
        if params.tasks:
            reads["task"] = Read(["id", "title", "ufCrmTask"])
        if params.workflows:
            reads["workflow"] = Read()
        reads |= {f"listelement:{number}": Read() for number in params.lists}
        if params.activities:
            reads["activity"] = Read(ACTIVITY_FIELDS)
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
        judge = _Judge(tables, params)
        running = running_on(tables)
        groups: list[MergeGroup] = []
        left: list[_Left] = []
        asked = [*_groups(clusters, params), *_chosen(tables, params)]
        judge.read((name, ids) for name, ids, _, _ in asked)
        for name, ids, reason, chosen in asked:
            against = judge.objection(name, ids)
            if against:
                left.append(_Left(name, min(ids), against, ", ".join(map(str, ids))))
                continue
            choice = judge.survive(name, ids, chosen)
            losers = tuple(card for card in sorted(ids) if card != choice.master)
            if busy := [card for card in losers if (name, card) in running]:
                left.append(_Left(name, busy[0], RUNNING, ", ".join(map(str, ids))))
                continue
            groups.append(MergeGroup(name, choice.master, losers, choice.values, reason))
        left += _pairs_left(clusters, params)
        unread = unread_processes(tables) if groups else Changes()
        merges = planned_merges(groups, tables, judge.cells)
        notes = _notes(merges, tables, params) if params.timeline_notes else Changes()
        return Changes.joined(merges, notes, unread, *_listed(left))

    def offered(self, tables: Tables, params: DeduplicateParams) -> list[OfferedGroup]:
        """The groups a person may decide about, as `plan` proposes them without any choices.

        Args:
            tables: those the plan was made from.
            params: those it was made with.
        """
        judge = _Judge(tables, params)
        words = _OBJECTIONS[params.language]
        judged = Judged(
            judge.survive,
            judge.objection,
            lambda against: words.get(against, against),
            judge.facts,
            "review" in params.tiers,
        )
        clusters = find_duplicates(tables, params)
        judge.read((str(name), [int(a), int(b)]) for name, a, b in _ends(clusters, params))
        return offered_groups(clusters, judge.cells, judged, params.language)

    def objections(self, tables: Tables, params: DeduplicateParams) -> Callable[[str, Sequence[int]], str]:
        """What says why cards of an entity cannot be merged; "" when they can."""
        return _Judge(tables, params).objection


def _ends(clusters: Clusters, params: DeduplicateParams) -> Iterator[tuple[str, int, int]]:
    pairs = clusters.pairs()
    pairs = pairs[pairs["entity"].isin(params.entities) & pairs["tier"].isin(["auto", "review"])]
    yield from zip(pairs["entity"], pairs["a"], pairs["b"], strict=True)


_OBJECTIONS: Mapping[str, Mapping[str, str]] = {
    "en": {},
    "ru": {
        TWO_ORIGINS: "карточки стоят за разными записями внешних систем",
        TWO_CATEGORIES: "карточки в разных категориях",
        TWO_FILES: "в одном поле карточек лежат разные файлы",
        OWN_COMPANY: "одна из карточек — собственная компания владельца портала",
        TOO_LARGE: "группа больше разрешённой",
        NEVER: "просили никогда не трогать",
    },
}


class _ReadOnce(CardCells):
    """Cards asked for group by group, read all at once.

    Each group by itself would look through the whole table again.
    """

    def __init__(self, name: str, tables: Tables) -> None:
        super().__init__(name, tables)
        self._held: dict[int, dict[str, Any]] = {}
        self._columns: dict[str, dict[int, Any]] = {}

    def cells(self, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        """As `CardCells.cells`."""
        wanted = list(ids)
        missing = set(wanted) - self._held.keys()
        if missing:
            self._held.update(super().cells(missing))
        return {card: self._held[card] for card in wanted if card in self._held}

    def column(self, name: str, ids: Iterable[int]) -> dict[int, Any]:
        """As `CardCells.column`."""
        if name not in self._columns:
            self._columns[name] = super().column(name, self.table[self.kind.id_field])
        own = self._columns[name]
        return {card: own[card] for card in ids if card in own}


class _Judge:
    """Which card survives, with which values, and what speaks against merging at all."""

    def __init__(self, tables: Tables, params: DeduplicateParams) -> None:
        self._params = params
        self.cells: dict[str, CardCells] = {name: _ReadOnce(name, tables) for name in params.entities}
        self.facts: dict[str, Mapping[int, Mapping[str, int]]] = {
            name: _facts(name, tables, params) for name in params.entities
        }
        users = tables["user"]
        gone = ~users["ACTIVE"].fillna(False).astype(bool)
        self._dismissed = frozenset(users.loc[gone, "ID"].astype("int64"))
        self._rules = PRESETS[params.preset].with_fields(params.fields)

    def read(self, groups: Iterable[tuple[str, Sequence[int]]]) -> None:
        """Read the cards of these groups at once."""
        wanted: dict[str, list[int]] = {}
        for name, ids in groups:
            wanted.setdefault(name, []).extend(ids)
        for name, ids in wanted.items():
            self.cells[name].cells(ids)

    def objection(self, name: str, ids: Sequence[int]) -> str:
        """One of a few reasons, or ""."""
        return _objection(name, ids, self.cells[name], self._params)

    def survive(self, name: str, ids: Sequence[int], chosen: GroupChoice | None = None) -> Choice:
        """Master and values by the rules, and by what a person chose."""
        cells = self.cells[name]
        held = cells.cells(ids)
        scalars = set(cells.scalars)
        created, changed = cells.column("createdTime", ids), cells.column("updatedTime", ids)
        masters = set(chosen.masters) if chosen is not None else set()
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
                # A person's word at this group outweighs one given as a parameter.
                {**self.facts[name].get(card, {}), **({"chosen": 2} if card in masters else {})},
            )
            for card in ids
        ]
        choice = survivors(cards, self._rules, dismissed=self._dismissed)
        own = {field: card for field, card in (chosen.values if chosen else {}).items() if card in held}
        for field, card in own.items():
            if field in held[card]:
                choice.values[field], choice.taken_from[field] = held[card][field], card
        return choice


_NOTE = {
    "ru": {
        "head": "Объединены карточки {cards}. Было записано иначе:",
        "line": "{field}: {value} (карточка {id})",
    },
    "en": {
        "head": "Merged here: cards {cards}. They said otherwise:",
        "line": "{field}: {value} (card {id})",
    },
}


def _notes(merges: Changes, tables: Tables, params: DeduplicateParams) -> Changes:
    """What is lost in the merges, as comments on the cards that stay."""
    rows = merges.table[merges.table["kind"] == "merge"]
    names: dict[str, dict[str, str]] = {}
    for name in params.entities:
        definitions = tables.get(f"field:{entity(name).entity_type_id}")
        if definitions is not None and "title" in definitions:
            titles = zip(definitions["name"], definitions["title"], strict=True)
            names[name] = {str(field): str(title) for field, title in titles if title}
    return notes_of_merges(rows, names, _NOTE[params.language])


# -- who is the same ---------------------------------------------------------------------------------


def find_duplicates(tables: Tables, params: DeduplicateParams) -> Clusters:
    """Who is the same client among the cards of a snapshot.

    Args:
        tables: contact and company; as far as read lead, requisite, user.
        params: thresholds, home, what people said.
    """
    names = [name for name in ("contact", "company") if name in tables]
    names += ["lead"] if "lead" in params.entities else []
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


_Asked = tuple[str, list[int], str, GroupChoice | None]


def _groups(clusters: Clusters, params: DeduplicateParams) -> Iterator[_Asked]:
    """Entity, ids and reason of each group to be merged, without those a person chose about."""
    covered = _Covered(params.choices)
    for name, ids, reason in _proposed(clusters, params):
        if name in params.entities and not covered.holds(name, ids):
            yield name, ids, reason, None


def _chosen(tables: Tables, params: DeduplicateParams) -> Iterator[_Asked]:
    """The parts a person chose, as far as their cards are still there."""
    for choice in params.choices:
        if choice.entity not in params.entities:
            continue
        there = set(tables[choice.entity]["id"])
        for part in choice.parts:
            ids = sorted(card for card in part if card in there)
            if len(ids) > 1:
                yield choice.entity, ids, CHOSEN, choice


class _Covered:
    """The cards a person chose about."""

    def __init__(self, choices: Sequence[GroupChoice]) -> None:
        self._choice = {(each.entity, card): at for at, each in enumerate(choices) for card in each.cards}

    def holds(self, name: str, ids: Sequence[int]) -> bool:
        """Whether one choice is about all of these cards."""
        found = {self._choice.get((name, card), -1) for card in ids}
        return len(found) == 1 and -1 not in found


def _proposed(clusters: Clusters, params: DeduplicateParams) -> Iterator[tuple[str, list[int], str]]:
    table = clusters.groups()
    sure: dict[tuple[str, int], list[int]] = {}
    for name, group, card in zip(table["entity"], table["group"], table["id"], strict=True):
        sure.setdefault((str(name), int(group)), []).append(int(card))
    if "review" not in params.tiers:
        for (name, _), ids in sure.items():
            yield name, ids, ONE
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
        yield name, ids, PERHAPS if any((name, card) in asked for card in ids) else ONE


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
    shared = SharedKeys(clusters, rows)
    return [
        _Left(
            str(row["entity"]),
            int(row["a"]),
            wanted.get(row["tier"], FORBIDDEN),
            f"{row['a']} + {row['b']}: {'; '.join(_words(row, shared, params.language))}"[:_LONGEST_DETAILS],
        )
        for row in rows
    ]


def _words(row: Mapping[Any, Any], shared: SharedKeys, language: Literal["ru", "en"]) -> list[str]:
    return reason_words(Reason(int(row["reasons"])), language) + shared.words(row, language)


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
