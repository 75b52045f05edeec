"""Deals: those of a client, found, made and edited; and who has to do with one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from toolkit.client import Portal
from toolkit.errors import ParameterError, ToolkitError
from toolkit.matching import Tier
from toolkit.matching.wording import Language, words_of
from toolkit.records import entity
from toolkit.runs.desk import Edit, NewRecord
from toolkit.workflow.desk.finding import Answer
from toolkit.workflow.desk.writing import Written, key_of, standing, write
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["DealIsHere", "Deals", "create_deal", "deal_users", "deals_of", "edit_deal", "find_deals"]

COLUMNS = [
    *("id", "title", "categoryId", "stageId", "closed", "assignedById", "contactIds", "companyId"),
    *("opportunity", "currencyId", "createdTime", "updatedTime"),
]


@dataclass(frozen=True)
class Deals:
    """The deals that fit, and why they do.

    Args:
        verdict: `one`, `several`, `none`; `client`: whose deals are meant is not clear, `client` says why.
        id: of the deal, with `one`; else 0.
        table: one row per deal, the newest first; columns id, title, categoryId, stageId, closed (Y or N),
            assignedById, contactIds, companyId, opportunity, currencyId, createdTime, updatedTime, as on the wire.
        asked: what was asked for, as it was understood.
        client: whose they are, where they were asked for by a client.
    """

    verdict: Literal["one", "several", "none", "client"]
    id: int
    table: pd.DataFrame = field(repr=False)
    asked: tuple[str, ...]
    client: Answer | None = None

    def words(self, language: Language = "ru") -> str:
        """The answer in words."""
        head = {
            "one": words_of("это сделка {id}", "this is deal {id}", language),
            "several": words_of("подходят сделки: {count}", "deals that fit: {count}", language),
            "none": words_of("таких сделок нет", "no such deals", language),
            "client": words_of("чьи сделки, неясно", "whose deals is not clear", language),
        }[self.verdict]
        lines = [head.format(id=self.id, count=len(self.table)), f"  ({'; '.join(self.asked)})"]
        if self.verdict == "client" and self.client is not None:
            lines.append(self.client.words(language))
        lines += [
            f"deal {row['id']}: {row['title']} · {row['stageId']} · user {row['assignedById']}"
            for row in self.table.to_dict("records")
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.words()


class DealIsHere(ToolkitError):
    """No deal was made: the client has an open one in that pipeline.

    Args:
        found: the open deals.
    """

    exit_code = 3
    sentence = (
        "Nothing was created: the client has open deals in this pipeline: {ids}. Edit one, or say --anyway."
    )

    def __init__(self, found: Deals) -> None:
        self.found = found
        self.ids = ", ".join(map(str, found.table["id"]))
        super().__init__(self.in_words("en"))


def deals_of(work: Workspace, client: Answer, *, open_only: bool = False) -> Deals:
    """The deals of a client that was found: `deals_of(work, find_company(work, inn="7707083893"))`.

    Args:
        work: where.
        client: as `find_contact` or `find_company` answered; of all the cards that are surely this client.
        open_only: only deals that are not closed.

    Raises:
        PortalError: the portal could not be asked.
    """
    nothing = pd.DataFrame(columns=COLUMNS)
    if client.verdict != "one":
        verdict: Literal["client", "none"] = "none" if client.verdict == "none" else "client"
        return Deals(verdict, 0, nothing, client.asked, client)
    cards = {each.id for each in client.candidates if each.tier is Tier.AUTO and each.client == client.id}
    link = "contactIds" if client.entity == "contact" else "companyId"
    where: dict[str, Any] = {f"@{link}": sorted({*cards, client.id})}
    return _found(work, where, open_only, client)


def find_deals(
    work: Workspace,
    *,
    card: int | None = None,
    title: str | None = None,
    contact: int | None = None,
    company: int | None = None,
    category: int | None = None,
    stage: str | None = None,
    responsible: int | None = None,
    open_only: bool = False,
) -> Deals:
    """Which deals fit all that is asked.

    Args:
        work: where.
        card: id of the deal.
        title: a part of its title.
        contact, company: id of a client's card.
        category: id of the pipeline.
        stage: id of the stage, `C1:NEW`.
        responsible: id of the user.
        open_only: only deals that are not closed.

    Raises:
        ParameterError: nothing was asked.
        PortalError: the portal could not be asked.
    """
    given = {
        "@id": None if card is None else [card],
        "%title": title or None,
        "@contactIds": None if contact is None else [contact],
        "companyId": company,
        "categoryId": category,
        "stageId": stage or None,
        "assignedById": responsible,
    }
    where = {name: value for name, value in given.items() if value is not None}
    if not where:
        raise ParameterError("deal find", "card", None, "is missing", "Say which deals.")
    return _found(work, where, open_only, None)


def create_deal(
    work: Workspace,
    *,
    title: str,
    contact: int | None = None,
    company: int | None = None,
    category: int = 0,
    stage: str = "",
    responsible: int | None = None,
    fields: Mapping[str, Any] | None = None,
    key: str = "",
    anyway: bool = False,
    only_plan: bool = False,
) -> Written:
    """A new deal, unless the client has an open one in that pipeline.

    Args:
        work: where.
        title: of the deal.
        contact, company: ids of the client's cards.
        category: id of the pipeline; 0 for the general one.
        stage: id of the stage; "" for the pipeline's first.
        responsible: id of the user; None for the webhook's.
        fields: further fields, as on the wire.
        key: external key, `cc:<system>:deal:<id>`; "" makes one of the words given.
        anyway: make it beside an open one.
        only_plan: see `write`.

    Raises:
        DealIsHere: there is an open one; nothing was written.
        ParameterError: a field is unknown.
        As `write`.
    """
    values: dict[str, Any] = {"title": title, "categoryId": category}
    more = {
        "stageId": stage,
        "assignedById": responsible,
        "contactIds": [contact] if contact else None,
        "companyId": company,
    }
    values |= {name: value for name, value in more.items() if value} | dict(fields or {})
    marker = key or key_of("deal", values)
    there = standing(work, "deal", marker)
    if there:
        return Written("already", "deal", there)
    if not anyway and (contact or company):
        client = {"@contactIds": [contact]} if contact else {"companyId": company}
        found = _found(work, {**client, "categoryId": category}, True, None)
        if len(found.table):
            raise DealIsHere(found)
    return write(work, creates=[NewRecord(entity="deal", values=values, marker=marker)], only_plan=only_plan)


def edit_deal(
    work: Workspace,
    card: int,
    values: Mapping[str, Any],
    *,
    seen: Mapping[str, Any] | None = None,
    only_plan: bool = False,
) -> Written:
    """Change cells of a deal, its stage among them.

    Args:
        work: where.
        card: id of the deal.
        values: field to the value wanted, as on the wire.
        seen: the deal as it was read: a cell somebody changed since stays, and is told in `left`.
        only_plan: see `write`.

    Raises:
        ParameterError: a field is unknown, or nothing is to be changed.
        As `write`.
    """
    if not values:
        raise ParameterError("deal edit", "values", "", "are missing", "Say what shall be changed.")
    known = {name: value for name, value in (seen or {}).items() if name in values}
    edit = Edit(entity="deal", id=card, values=dict(values), seen=known)
    return write(work, edits=[edit], only_plan=only_plan)


def deal_users(work: Workspace, card: int) -> pd.DataFrame:
    """The people who have to do with a deal.

    Args:
        work: where.
        card: id of the deal.

    Returns:
        One row per role: role (`responsible`, `observer`, `creator`, `mover`, `editor`, `contact`, `company`: who is
        responsible for that card), of (entity and id whose role it is), user int, name, active bool, at (ISO 8601 of
        what the person did last; "" where nothing was done). The portal names only the last one who moved a deal: its
        history of stages tells when, and not who.

    Raises:
        ParameterError: there is no such deal.
        PortalError: the portal could not be asked.

    Source:
        api-reference/crm/universal/object-fields.md, crm/crm-stage-history-list.md, read 2026-11-22.
    """
    with connect(work) as portal:
        deals = _records(portal, "deal", [card])
        if not deals:
            raise ParameterError("deal users", "card", card, "is not a deal one can see", "Look at its id.")
        deal, this = deals[0], f"deal {card}"
        roles: list[tuple[str, str, Any, str]] = [("responsible", this, deal.get("assignedById"), "")]
        roles += [("observer", this, each, "") for each in deal.get("observers") or []]
        roles.append(("creator", this, deal.get("createdBy"), str(deal.get("createdTime") or "")))
        roles.append(("mover", this, deal.get("movedBy"), str(deal.get("movedTime") or "")))
        roles.append(("editor", this, deal.get("updatedBy"), str(deal.get("updatedTime") or "")))
        linked = {"contact": deal.get("contactIds") or [], "company": [deal.get("companyId") or 0]}
        for name, ids in linked.items():
            for record in _records(portal, name, [int(each) for each in ids if int(each)]):
                roles.append((name, f"{name} {record['id']}", record.get("assignedById"), ""))
        ids = sorted({int(each[2]) for each in roles if each[2]})
        people = {
            int(each["ID"]): each
            for page in portal.list("user.get", {"FILTER": {"ID": ids}})
            for each in page
        }
    rows = [
        (role, whose, int(user), _name(people.get(int(user), {})), people.get(int(user), {}).get("ACTIVE") is True, at)
        for role, whose, user, at in roles
        if user
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["role", "of", "user", "name", "active", "at"])


def _found(work: Workspace, where: Mapping[str, Any], open_only: bool, client: Answer | None) -> Deals:
    kind = entity("deal")
    asked = {**where, **({"closed": "N"} if open_only else {})}
    with connect(work) as portal:
        rows = [
            {name: record.get(name) for name in COLUMNS}
            for page in portal.list(kind.list_method, kind.list_params(COLUMNS, asked))
            for record in page
        ]
    table = pd.DataFrame(rows, columns=COLUMNS).sort_values("id", ascending=False, ignore_index=True)
    words = tuple(f"{name.lstrip('@%')}: {value}" for name, value in asked.items())
    verdict: Literal["one", "several", "none"] = (
        "none" if table.empty else "one" if len(table) == 1 else "several"
    )
    return Deals(verdict, int(table["id"].iloc[0]) if verdict == "one" else 0, table, words, client)


def _records(portal: Portal, name: str, ids: Sequence[int]) -> list[dict[str, Any]]:
    if not ids:
        return []
    kind = entity(name)
    params = kind.list_params(None, {f"@{kind.id_field}": list(ids)})
    return [record for page in portal.list(kind.list_method, params) for record in page]


def _name(person: Mapping[str, Any]) -> str:
    return " ".join(filter(None, [person.get("NAME"), person.get("LAST_NAME")]))
