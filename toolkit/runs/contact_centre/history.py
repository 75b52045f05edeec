"""What was changed in the other system and why, as comments in the timelines of deals and clients, oldest first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from toolkit.runs.changes import Changes, noted_on
from toolkit.runs.contact_centre.clients import Client, Clients
from toolkit.runs.contact_centre.fates import Fate, Key
from toolkit.runs.contact_centre.rows import ClientRow, HistoryRow
from toolkit.runs.contact_centre.terms import Terms
from toolkit.runs.contact_centre.words import said
from toolkit.runs.folder import Run
from toolkit.runs.notes import mark_of, signed
from toolkit.runs.operation import Tables

__all__ = ["Comment", "History", "cards_of_clients", "comments_written", "settle_history", "written_down"]

TOLD = "what was changed in the contact centre, and why"
NO_CARD = "what it changed is neither in the rows nor on the portal"
WRITTEN = "its comment is there"

_WORDS = {
    "ru": {"empty": "пусто", "why": "Причина", "author": "Изменил(а)"},
    "en": {"empty": "nothing", "why": "Why", "author": "Changed by"},
}

Card = tuple[str, int | str]
"""`deal`, `contact` or `company`, and its id or the marker of what this plan makes."""


@dataclass(frozen=True)
class History:
    """What becomes of the history.

    Args:
        comments: to be written, oldest first.
        fates: of every row.
    """

    comments: Sequence[Comment]
    fates: Mapping[Key, Fate]


@dataclass(frozen=True)
class Comment:
    """A comment to be written.

    Args:
        card: where.
        text: what, without its last line.
        mark: what it stands for.
        reason: why it is written.
    """

    card: Card
    text: str
    mark: str
    reason: str = TOLD


def settle_history(
    rows: Sequence[HistoryRow],
    deals: Mapping[str, int | str],
    clients: Mapping[str, Card],
    terms: Terms,
) -> History:
    """A comment for each change that has none.

    Args:
        rows: in the order they were given in; of two with one id the later position counts.
        deals: marker of a request to its deal.
        clients: id of a client there to its card; see `cards_of_clients`.
        terms: what holds for all rows.
    """
    comments: list[Comment] = []
    fates: dict[Key, Fate] = {}
    last = {row.id: at for at, row in enumerate(rows)}
    for at in sorted(range(len(rows)), key=lambda number: (rows[number].at, number)):
        row, mark = rows[at], terms.marker("history", rows[at].id)
        if last[row.id] != at or mark in terms.history_done:
            fates["history", at] = Fate("unchanged", WRITTEN)
            continue
        card = _card(row, deals, clients, terms)
        if card is None:
            about = ("request", row.request) if row.request else ("client", row.client_id)
            what = said(terms.language, *about)
            fates["history", at] = Fate("quarantined", NO_CARD, what)
            continue
        comments.append(Comment(card, _text(row, terms.language), mark))
        fates["history", at] = Fate("created")
    return History(comments, fates)


def written_down(comments: Sequence[Comment]) -> Changes:
    """Comments as changes; those of one card stay in their order, whatever else is written between them."""
    rank: dict[Card, int] = {}
    ranks = []
    for each in comments:
        ranks.append(rank.setdefault(each.card, 0))
        rank[each.card] += 1
    # All first comments, then all second ones: of one card never two travel in one request.
    ordered = [each for _, each in sorted(zip(ranks, comments, strict=True), key=lambda pair: pair[0])]
    parts = []
    for name in ("company", "contact", "deal"):
        mine = [each for each in ordered if each.card[0] == name]
        parts.append(
            noted_on(
                name,
                [each.card[1] for each in mine],
                texts=[signed(each.text, each.mark) for each in mine],
                marks=[each.mark for each in mine],
                reason=[each.reason for each in mine],
            )
        )
    return Changes.joined(*parts)


def cards_of_clients(
    rows: Mapping[str, Sequence[ClientRow]], clients: Clients, tables: Tables, terms: Terms
) -> dict[str, Card]:
    """The cards of the clients the rows are about, and of those that were made out of earlier ones.

    Args:
        rows: by kind, as they were given.
        clients: who they are.
        tables: `contact`.
        terms: what holds for all rows.

    Returns:
        Id of a client in the other system to the person's card; to the firm's where there is no person.
    """
    prefix = terms.marker("client", "")
    found: dict[str, Card] = {}
    if "originId" in tables["contact"]:
        table = tables["contact"][["id", "originId"]].dropna()
        for number, marker in zip(table["id"].tolist(), table["originId"].tolist(), strict=True):
            if str(marker).startswith(prefix):
                found[str(marker).removeprefix(prefix)] = ("contact", int(number))
    for kind, them in rows.items():
        for at, row in enumerate(them):
            client: Client | None = clients.of.get((kind, at))
            if not row.client_id or client is None:
                continue
            if client.contact is not None:
                found[row.client_id] = ("contact", client.contact)
            elif client.company is not None:
                found[row.client_id] = ("company", client.company)
    return found


def comments_written(runs: Iterable[Run]) -> list[str]:
    """What the comments stand for that runs have written and nobody has taken back by an undo.

    Args:
        runs: of one portal, oldest first.
    """
    written: set[str] = set()
    for run in runs:
        if not run.has_plan:
            continue
        notes = run.plan.table[run.plan.table["kind"] == "note"]
        if notes.empty:
            continue
        done = notes[notes["change"].isin(run.journal.in_state("done", "already"))]
        there = done["after"] != "{}"
        written |= _marks(done.loc[there, "after"])
        written -= _marks(done.loc[~there, "before"])
    return sorted(each for each in written if each.startswith("cc:"))


def _marks(cells: pd.Series[str]) -> set[str]:
    return {mark_of(str(json.loads(each)["comment"])) for each in cells} - {""}


def _card(
    row: HistoryRow, deals: Mapping[str, int | str], clients: Mapping[str, Card], terms: Terms
) -> Card | None:
    if row.request:
        deal = deals.get(terms.marker("request", row.request))
        if deal is not None:
            return "deal", deal
    return clients.get(row.client_id) if row.client_id else None


def _text(row: HistoryRow, language: str) -> str:
    words = _WORDS["en" if language == "en" else "ru"]
    moment = row.at.strftime("%d.%m.%Y %H:%M")
    told = _line(row.field)
    if row.before or row.after:
        told += ": " if told else ""
        told += f"{_line(row.before) or words['empty']} → {_line(row.after) or words['empty']}"
    lines = [f"{moment} {told}".strip()]
    lines += [f"{words['why']}: {_line(row.why)}"] if row.why else []
    lines += [f"{words['author']}: {_line(row.author)}"] if row.author else []
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(text.split())
