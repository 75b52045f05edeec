"""One pass over the messages: known ones left, the rest filtered, routed, joined or made into appeals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd

from toolkit.matching import Home
from toolkit.routing.evaluator import Appeal, Directory
from toolkit.runs.changes import Changes, creates, rewrites
from toolkit.runs.ingest.cells import Keeping
from toolkit.runs.ingest.clients import Whose, find_clients, new_clients
from toolkit.runs.ingest.fates import Account, Fate
from toolkit.runs.ingest.joining import Joining, known_messages
from toolkit.runs.ingest.rows import MessageRow, UnreadMessage, marker_of
from toolkit.runs.operation import Tables
from toolkit.runs.routed import FirstStages

__all__ = ["TakenIn", "Terms", "take_messages"]

NEW_APPEAL = "a message that has no appeal yet"
ADDED = "a message that belongs to it"

KNOWN = "its appeal is on the portal already"
TWICE = "stands in the file twice"
TWO_TEXTS = "one id, two different texts"
FILTERED = "a filter of the directory takes it out"
NO_RULE = "no rule of the directory is for it"
NOBODY = "everybody the directory names is away"
NO_STAGE = "its stage is not on the portal"
UNSURE = "who the client is, a person has to say"
FELL_BACK = "no rule, or nobody there: to who answers otherwise"
WITHOUT_CLIENT = "without a client: a person would have to say who it is"
JOINS = "belongs to an earlier message"

_NO_MESSAGE = "the mapping says it is no message"


@dataclass(frozen=True)
class Terms:
    """What holds for every message.

    Args:
        code, channel: short name and name of the channel.
        entity, entity_type_id: what appeals are.
        marker_field: where their markers stand.
        keeping: which field keeps what.
        directory: the rules in force.
        on: the day their periods and substitutions are judged by.
        zone: of their working hours.
        away: people of the directory who are not there beyond its substitutions: dismissed, on leave.
        fallback: user id of who gets what no rule is for; None to put it aside.
        pipeline: id of the pipeline where a rule names none.
        first: the stages of the pipelines.
        statuses: the portal's dictionaries.
        joining: which messages belong together.
        home: where phones without a country or area code belong.
        switchboards: numbers of companies, which are nobody's own.
        new_clients: people nobody knows become clients.
        without_client: where a person would have to say who wrote, the appeal is made without a client.
        phone_alone: a number without a name is about the only person who has it.
        silent: as an import: robots are not set off.
    """

    code: str
    channel: str
    entity: str
    entity_type_id: int
    marker_field: str
    keeping: Keeping
    directory: Directory
    on: date
    zone: ZoneInfo
    away: frozenset[str]
    fallback: int | None
    pipeline: int | None
    first: FirstStages
    statuses: pd.DataFrame
    joining: Joining
    home: Home
    switchboards: frozenset[str]
    new_clients: bool
    without_client: bool
    phone_alone: bool
    silent: bool


@dataclass(frozen=True)
class TakenIn:
    """What is asked for, and what becomes of every row."""

    changes: Changes
    account: Account


@dataclass
class _Draft:
    """An appeal to be made."""

    row: MessageRow
    who: int
    pipeline: int | None
    stage: str
    whose: Whose
    fell_back: bool = False
    more: list[tuple[MessageRow, Whose]] = field(default_factory=list)


@dataclass
class _Pass:
    fates: dict[int, Fate] = field(default_factory=dict)
    drafts: dict[str, _Draft] = field(default_factory=dict)
    added: dict[int, list[MessageRow]] = field(default_factory=dict)


def take_messages(
    rows: Sequence[MessageRow], unread: Sequence[UnreadMessage], tables: Tables, terms: Terms
) -> TakenIn:
    """What becomes of the messages of an export.

    Args:
        rows: the messages, in the file's order.
        unread: rows that are none; they are accounted for.
        tables: of `terms.entity` those with this channel's markers; `contact`, `requisite`.
        terms: what holds for all of them.
    """
    appeals = tables[terms.entity]
    over = _over(terms.statuses)
    fields = terms.keeping.fields
    known = known_messages(appeals, terms.marker_field, fields["text"], over, fields.get("messages", ""))
    terms = replace(
        terms,
        joining=replace(terms.joining, threads={key: list(each) for key, each in known.threads.items()}),
    )
    done = _Pass()
    fresh = _unknown(rows, known.markers, terms, done)
    routed = {at: decision for at in fresh if (decision := _routed(rows[at], terms, at, done)) is not None}
    people = list(routed)
    whose, new = find_clients(
        [rows[at] for at in people],
        tables,
        home=terms.home,
        switchboards=terms.switchboards,
        phone_alone=terms.phone_alone,
        make=terms.new_clients,
        language=terms.keeping.language,
    )
    clients = dict(zip(people, whose, strict=True))
    for at in sorted(people, key=lambda each: (rows[each].at, each)):
        _settle(at, rows[at], routed[at], clients[at], terms, done)
    changes = _changes(done, appeals, new, terms)
    account = Account(
        [*(row.row or at for at, row in enumerate(rows, start=1)), *(each.row for each in unread)],
        [*(row.id for row in rows), *(each.id for each in unread)],
        [*(done.fates[at] for at in range(len(rows))), *map(_unread, unread)],
    )
    changes = Changes.joined(changes, account.left_to_a_person())
    return TakenIn(replace(changes, tally=account.tally()), account)


def _unread(row: UnreadMessage) -> Fate:
    return Fate("filtered" if row.reason == _NO_MESSAGE else "quarantined", row.reason, row.details)


def _unknown(rows: Sequence[MessageRow], markers: Mapping[str, str], terms: Terms, done: _Pass) -> list[int]:
    """Positions of the messages the portal does not have."""
    first: dict[str, int] = {}
    fresh = []
    for at, row in enumerate(rows):
        marker = marker_of(terms.code, row.id)
        earlier = first.setdefault(marker, at)
        if earlier != at and rows[earlier].text != row.text:
            done.fates[at] = Fate("quarantined", TWO_TEXTS, _place(rows[earlier], earlier), marker)
        elif marker in markers:
            done.fates[at] = Fate("duplicate", KNOWN, "", markers[marker])
        elif earlier != at:
            done.fates[at] = Fate("duplicate", TWICE, _place(rows[earlier], earlier), marker)
        else:
            fresh.append(at)
    return fresh


def _place(row: MessageRow, at: int) -> str:
    return str(row.row or at + 1)


def _routed(row: MessageRow, terms: Terms, at: int, done: _Pass) -> _Draft | None:
    """Where a message goes; None when it has its fate."""
    said = {code: getattr(row, code) or None for code in ("topic", "subtopic", "region", "department")}
    appeal = Appeal.of(
        row.at.astimezone(terms.zone).replace(tzinfo=None),
        f"{row.title} {row.text}",
        terms.on,
        channel=terms.channel,
        **said,
    )
    decision = terms.directory.route(appeal, terms.away)
    if decision.filtered is not None:
        done.fates[at] = Fate("filtered", FILTERED, decision.filtered.word)
        return None
    who = decision.responsible_id or terms.fallback
    if who is None:
        done.fates[at] = Fate("quarantined", NOBODY if decision.rule else NO_RULE, _said_of(row))
        return None
    pipeline = int(decision.pipeline) if decision.pipeline.isdecimal() else terms.pipeline
    stage = decision.stage or (terms.first.first_of(pipeline) if pipeline is not None else None) or ""
    if pipeline is not None and not terms.first.has(pipeline, stage):
        done.fates[at] = Fate("quarantined", NO_STAGE, f"{pipeline}: {stage}")
        return None
    return _Draft(row, who, pipeline, stage, Whose(), fell_back=decision.responsible_id is None)


def _said_of(row: MessageRow) -> str:
    return ", ".join(each for each in (row.topic, row.subtopic, row.region, row.department) if each)


def _over(statuses: pd.DataFrame) -> set[str]:
    if statuses.empty:
        return set()
    return set(statuses.loc[statuses["SEMANTICS"].isin(["S", "F"]), "STATUS_ID"])


def _settle(at: int, row: MessageRow, draft: _Draft, whose: Whose, terms: Terms, done: _Pass) -> None:
    """A message that is wanted: joined, put aside, or an appeal."""
    if whose.doubt and not terms.without_client:
        done.fates[at] = Fate("quarantined", UNSURE, whose.doubt, client=whose.candidate)
        return
    marker, sign = marker_of(terms.code, row.id), terms.joining.sign(row)
    size = len(terms.keeping.joined(row, sign).encode())
    thread = terms.joining.place(row, size) if sign else None
    if thread is not None:
        done.fates[at] = Fate("joined", JOINS, "", thread.marker)
        if thread.id:
            done.added.setdefault(thread.id, []).append(row)
        else:
            done.drafts[thread.marker].more.append((row, whose))
        return
    terms.joining.begin(row, size)
    done.drafts[marker] = replace(draft, whose=whose)
    why = FELL_BACK if draft.fell_back else WITHOUT_CLIENT if whose.doubt else whose.why
    done.fates[at] = Fate("created", why, whose.doubt, marker)


def _changes(
    done: _Pass, appeals: pd.DataFrame, new: Mapping[str, Sequence[MessageRow]], terms: Terms
) -> Changes:
    values, markers, owners = [], [], dict[str, int]()
    for marker, draft in done.drafts.items():
        people = [draft.whose, *(each for _, each in draft.more)]
        whose = next((each for each in people if each.contact is not None), Whose())
        if isinstance(whose.contact, str):
            owners.setdefault(whose.contact, draft.who)
        row = draft.row
        cells = terms.keeping.cells(row, told=whose.contact is not None, sign=terms.joining.sign(row))
        text = terms.keeping.fields["text"]
        cells[text] += "".join(terms.keeping.joined(each, terms.joining.sign(each)) for each, _ in draft.more)
        cells |= terms.keeping.members(
            [terms.joining.sign(each) for each in (row, *(each for each, _ in draft.more))]
        )
        cells["assignedById"] = draft.who
        if draft.pipeline is not None:
            cells |= {"categoryId": draft.pipeline, "stageId": draft.stage}
        if whose.reference is not None:
            cells["contactIds"] = [whose.reference]
        if terms.silent:
            cells["createdBy"] = draft.who  # only an import may say it, and an import sets off no robot
        values.append(cells)
        markers.append(marker)
    making = creates(terms.entity, values, markers=markers, reason=NEW_APPEAL)
    cards = new_clients(new, owners, terms.home, terms.switchboards)
    return Changes.joined(cards, making, _additions(done.added, appeals, terms))


def _additions(added: Mapping[int, Sequence[MessageRow]], appeals: pd.DataFrame, terms: Terms) -> Changes:
    """Messages written into appeals that are there."""
    if not added:
        return Changes()
    keeping, sign = terms.keeping, terms.joining.sign
    text, members = keeping.fields["text"], keeping.fields.get("messages", "")
    present = appeals.set_index(appeals["id"].astype(int))
    before, after = [], []
    for number, rows in added.items():
        said = present.at[number, text]
        kept = present.at[number, members] if members in present else None
        more = keeping.members([sign(row) for row in rows], kept)
        before.append({text: said, **dict.fromkeys(more, kept)})
        after.append({text: str(said) + "".join(keeping.joined(row, sign(row)) for row in rows), **more})
    return rewrites(terms.entity, list(added), before=before, after=after, reason=ADDED)
