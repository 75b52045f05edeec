"""Who is this: a verdict with its evidence, by the rules that merge.

    snapshot   the index of the newest snapshot: milliseconds, as old as the snapshot
    portal     the cards that own the keys, asked of the portal, and judged by the very same rules

`auto` asks the snapshot first. Where it knows nobody, or the card it names is gone, the portal is asked. A name is no
key: where nothing else is known, cards that bear it are shown, and never taken for the client.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from toolkit.client import Command, Portal
from toolkit.errors import ParameterError, SnapshotError
from toolkit.matching import (
    Candidate,
    ClientIndex,
    Found,
    Home,
    Tier,
    build_index,
    compare_organisations,
    compare_people,
    read_inn,
    read_organisation,
    read_person,
    read_phone,
)
from toolkit.matching import Verdict as NameVerdict
from toolkit.matching import find_client as find_in_index
from toolkit.matching.names.reading import name_words
from toolkit.matching.wording import Language, words_of
from toolkit.operations.deduplicate import Deduplicate, find_duplicates
from toolkit.records import Snapshot, Wanted, entity, take_snapshot
from toolkit.workflow.clients import client_index, newest_of_clients
from toolkit.workflow.workspace import Workspace, connect

__all__ = ["Answer", "Source", "find_company", "find_contact", "source_named"]

Source = Literal["auto", "snapshot", "portal"]

_AT_MOST = 300  # cards looked at for one question
_SPELLINGS = 20
"""Values one question by phone may hold. Source: api-reference/crm/duplicates/crm-duplicate-find-by-comm.md,
read 2026-11-22."""


@dataclass(frozen=True)
class Answer:
    """Who fits, and why.

    Args:
        entity: `contact` or `company`.
        verdict: `one`; `several`; `perhaps`: only what a person has to look at; `none`.
        id: with `one`, the card to take: the least of the client's cards; else 0.
        candidates: the cards behind it with their evidence, the surest first.
        asked: the keys as they were understood.
        source: `snapshot` or `portal`: which was asked last.
        read_at: when that was read, ISO 8601.
        card: with `one`, the card as the portal has it now; else empty.
    """

    entity: str
    verdict: Literal["one", "several", "perhaps", "none"]
    id: int
    candidates: tuple[Candidate, ...]
    asked: tuple[str, ...]
    source: Literal["snapshot", "portal"]
    read_at: str
    card: dict[str, Any] = field(default_factory=dict, repr=False)

    def words(self, language: Language = "ru") -> str:
        """The answer in words, with where it comes from."""
        found = Found(self.verdict, self.id or None, self.candidates, self.asked)
        source = {
            "snapshot": words_of("по снимку от {at}", "from the snapshot of {at}", language),
            "portal": words_of("по порталу, {at}", "asked of the portal, {at}", language),
        }[self.source]
        return f"{found.words(language)}\n({source.format(at=self.read_at)})"

    def __str__(self) -> str:
        return self.words()


@dataclass(frozen=True)
class _Question:
    """What was asked."""

    entity: str
    phone: str | None = None
    email: str | None = None
    inn: str | None = None
    kpp: str | None = None
    ogrn: str | None = None
    name: str | None = None
    area_code: str = ""


def source_named(text: str) -> Source:
    """Whom to ask, from its name.

    Raises:
        ParameterError: it is none of the three.
    """
    for each in get_args(Source):
        if text == each:
            return cast("Source", each)
    raise ParameterError("find", "source", text, "is not known", "Choose auto, snapshot or portal.")


def find_contact(
    work: Workspace,
    *,
    card: int | None = None,
    phone: str | None = None,
    email: str | None = None,
    name: str | None = None,
    inn: str | None = None,
    area_code: str = "",
    source: Source = "auto",
) -> Answer:
    """Which contact this is.

    Args:
        work: where.
        card: its id, when it is known; nothing else is then asked.
        phone, email, name, inn: as they were typed; a contact's own INN has twelve digits.
        area_code: home area code without the 8.
        source: `auto`, `snapshot` (the newest; the portal is not asked) or `portal`.

    Raises:
        ParameterError: nothing was asked.
        SnapshotError: there is none, and only it was to be asked.
        PortalError: the portal could not be asked.
    """
    question = _Question("contact", phone, email, inn, name=name, area_code=area_code)
    return _find(work, question, card, source)


def find_company(
    work: Workspace,
    *,
    card: int | None = None,
    name: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    inn: str | None = None,
    kpp: str | None = None,
    ogrn: str | None = None,
    area_code: str = "",
    source: Source = "auto",
) -> Answer:
    """Which company this is.

    Args:
        work: where.
        card: its id, when it is known.
        name: its title, with or without the legal form.
        phone, email, inn, kpp: as they were typed.
        ogrn: looked up in requisites on the portal: shown, never taken for the client by itself.
        area_code, source: see `find_contact`.

    Raises:
        As `find_contact`.
    """
    question = _Question("company", phone, email, inn, kpp, ogrn, name, area_code)
    return _find(work, question, card, source)


def _find(work: Workspace, question: _Question, id_: int | None, source: Source) -> Answer:
    if id_ is not None:
        return _by_id(work, question.entity, id_)
    if not any((question.phone, question.email, question.inn, question.name, question.ogrn)):
        raise ParameterError(
            f"{question.entity} find", "phone", None, "is missing", "Give an id, phone, e-mail, INN or name."
        )
    if source != "portal":
        try:
            answer = _in_snapshot(work, question)
        except SnapshotError:
            if source == "snapshot":
                raise
        else:
            if source == "snapshot":
                return answer
            fresh = _with_card(work, answer)
            if fresh.verdict in ("several", "perhaps") or fresh.card:
                return fresh
    return _with_card(work, _on_portal(work, question))


def _by_id(work: Workspace, name: str, id_: int) -> Answer:
    card = _card(work, name, id_)
    found = Candidate(name, id_, id_, Tier.AUTO, ("id",))
    verdict: Literal["one", "none"] = "one" if card else "none"
    at = _moment(work)
    return Answer(
        name, verdict, id_ if card else 0, (found,) if card else (), (f"id {id_}",), "portal", at, card
    )


def _with_card(work: Workspace, answer: Answer) -> Answer:
    if answer.verdict != "one":
        return answer
    card = _card(work, answer.entity, answer.id)
    facts = {**vars(answer), "card": card}
    return Answer(**facts)


def _card(work: Workspace, name: str, id_: int) -> dict[str, Any]:
    """A card as it is now; empty when it is gone."""
    kind = entity(name)
    with connect(work) as portal:
        params = kind.list_params(None, {f"@{kind.id_field}": [id_]})
        for page in portal.list(kind.list_method, params):
            return dict(page[0])
    return {}


def _in_snapshot(work: Workspace, question: _Question) -> Answer:
    folder = newest_of_clients(work)
    with client_index(work, folder) as index:
        found = _asked_of(index, question, work.settings.language)
    return _answer(question, found, "snapshot", Snapshot.open(folder).manifest.finished)


def _asked_of(index: ClientIndex, question: _Question, language: Language) -> Found:
    return find_in_index(
        index,
        phone=question.phone,
        email=question.email,
        inn=question.inn,
        kpp=question.kpp,
        name=question.name,
        entity=question.entity,
        home=Home(area_code=question.area_code),
        language=language,
    )


def _answer(question: _Question, found: Found, source: Literal["snapshot", "portal"], read_at: str) -> Answer:
    return Answer(
        question.entity, found.verdict, found.client or 0, found.candidates, found.asked, source, read_at
    )


def _on_portal(work: Workspace, question: _Question) -> Answer:
    """The cards that own the keys, and those that bear the name, judged together."""
    language = work.settings.language
    with connect(work) as portal:
        keyed = _owners(portal, question)
        keys = question.phone or question.email or question.inn
        named = _namesakes(portal, question) if question.name and not keys else []
        listed = _by_ogrn(portal, question.ogrn) if question.ogrn else []
        ids = sorted({*keyed, *named, *listed})[:_AT_MOST]
        if not ids:
            return _answer(question, Found("none", None, (), ()), "portal", _moment(work))
        with tempfile.TemporaryDirectory() as folder:
            taken = _taken(work, portal, question.entity, ids, Path(folder) / "cards")
            tables = {name: taken.table(name) for name in taken.entities}
            clusters = find_duplicates(tables, Deduplicate.Params())
            with build_index(clusters) as index:
                found = _asked_of(index, question, language)
    known = {each.id for each in found.candidates}
    shown = [
        *found.candidates,
        *_bearing(question, tables[question.entity], [each for each in named if each not in known], language),
        *(
            Candidate(
                question.entity, each, each, Tier.REVIEW,
                (words_of("тот же ОГРН в реквизитах", "the same OGRN in its requisites", language),),
            )
            for each in listed
            if each not in known
        ),
    ]  # fmt: skip
    verdict = "perhaps" if found.verdict == "none" and shown else found.verdict
    return _answer(question, Found(verdict, found.client, tuple(shown), found.asked), "portal", _moment(work))


def _taken(work: Workspace, portal: Portal, name: str, ids: Sequence[int], folder: Path) -> Snapshot:
    """What the rules of matching look at, of these cards."""
    chosen: dict[str, Any] = {"ids": ids}
    nobody: dict[str, Any] = {"ids": []}
    ours: dict[str, Any] = {"filter": {"isMyCompany": "Y"}}  # whose phones and mailboxes tell nobody
    wanted = [
        Wanted("user", ["WORK_PHONE", "PERSONAL_PHONE", "PERSONAL_MOBILE", "EMAIL"]),
        Wanted(
            "contact", ["fm", "lastName", "name", "secondName"], **(chosen if name == "contact" else nobody)
        ),
        Wanted("company", ["fm", "title", "isMyCompany"], **(chosen if name == "company" else ours)),
        Wanted(
            "requisite",
            ["ENTITY_ID", "ENTITY_TYPE_ID", "RQ_INN", "RQ_KPP", "ADDRESS_ONLY"],
            {"@ENTITY_ID": list(ids), "ENTITY_TYPE_ID": entity(name).entity_type_id},
        ),
    ]
    return take_snapshot(portal, wanted, folder, clock=work.clock)


def _owners(portal: Portal, question: _Question) -> list[int]:
    """Ids of the cards that own one of the keys, in one request.

    Source:
        api-reference/crm/duplicates/crm-duplicate-find-by-comm.md, crm/requisites/universal/crm-requisite-list.md,
        read 2026-11-22.
    """
    type_id = entity(question.entity).entity_type_id
    asked: list[Command] = []
    communications = (
        ("PHONE", _spellings(question.phone, question.area_code)),
        ("EMAIL", [question.email.strip()] if question.email else []),
    )
    for kind, values in communications:
        if values:
            params = {"type": kind, "values": values, "entity_type": question.entity.upper()}
            asked.append(Command("crm.duplicate.findbycomm", params))
    inn = read_inn(question.inn, question.kpp).key if question.inn else ""
    if inn:
        where = {"RQ_INN": inn, "ENTITY_TYPE_ID": type_id}
        asked.append(Command("crm.requisite.list", {"filter": where, "select": ["ID", "ENTITY_ID"]}))
    found: list[int] = []
    for command, outcome in zip(asked, portal.send(asked), strict=True):
        if outcome.state != "done":
            raise portal.error_of(command.method, outcome)
        if command.method == "crm.requisite.list":
            found += [int(each["ENTITY_ID"]) for each in outcome.result or []]
        elif outcome.result:
            found += [int(each) for each in outcome.result.get(question.entity.upper(), [])]
    return found


def _spellings(phone: str | None, area_code: str) -> list[str]:
    """How a phone may be written on a card: the portal compares spellings."""
    if not phone:
        return []
    spelled = [phone.strip()]
    for number in read_phone(phone, Home(area_code=area_code)).numbers:
        digits = number.e164[1:]
        spelled += [number.e164, digits]
        if digits.startswith("7") and len(digits) == 11:
            area, a, b, c = digits[1:4], digits[4:7], digits[7:9], digits[9:]
            spelled += [f"8{digits[1:]}", digits[1:]]
            spelled += [
                f"{head}{space}({area}){space}{a}-{b}-{c}" for head in ("+7", "8") for space in (" ", "")
            ]
            spelled += [f"{head} {area} {a}-{b}-{c}" for head in ("+7", "8")]
    return list(dict.fromkeys(spelled))[:_SPELLINGS]


def _namesakes(portal: Portal, question: _Question) -> list[int]:
    """Ids of the cards in whose name the telling word of the name asked for stands."""
    kind = entity(question.entity)
    name = question.name or ""
    if question.entity == "company":
        word = _as_typed(name, max(read_organisation(name).words, key=len, default=""))
        where: dict[str, Any] = {"%title": word}
    else:
        person = read_person(name=name)
        word = _as_typed(name, person.surname or person.given)
        where = {"%lastName" if person.surname else "%name": word}
    if not word:
        return []
    params = kind.list_params([kind.id_field], where)
    found: list[int] = []
    for page in portal.list(kind.list_method, params):
        found += [int(each[kind.id_field]) for each in page]
        if len(found) >= _AT_MOST:
            break
    return found[:_AT_MOST]


def _as_typed(name: str, folded: str) -> str:
    """A folded word as it stands in the name: not every portal's search ignores case."""
    typed = [each for each in re.split(r"[\s\"'«»„“”().,]+", name) if folded in name_words(each)]
    return typed[0] if typed else folded


def _by_ogrn(portal: Portal, ogrn: str) -> list[int]:
    digits = "".join(each for each in ogrn if each.isdigit())
    found = []
    for field_name in ("RQ_OGRN", "RQ_OGRNIP"):
        where = {field_name: digits, "ENTITY_TYPE_ID": entity("company").entity_type_id}
        for page in portal.list("crm.requisite.list", {"filter": where, "select": ["ID", "ENTITY_ID"]}):
            found += [int(each["ENTITY_ID"]) for each in page]
    return found


def _bearing(question: _Question, table: Any, ids: Iterable[int], language: Language) -> list[Candidate]:
    """Cards of the very name, for a person to look at."""
    wanted = set(ids)
    words = words_of("имя совпадает, ключей нет", "the name agrees, no key does", language)
    found = []
    for row in table[table["id"].isin(wanted)].fillna("").to_dict("records"):
        if question.entity == "company":
            compared = compare_organisations(
                read_organisation(question.name or ""), read_organisation(str(row["title"]))
            )
        else:
            parts = [str(row[each] or "") for each in ("lastName", "name", "secondName")]
            compared = compare_people(
                read_person(name=question.name or ""), read_person(name=" ".join(filter(None, parts)))
            )
        if compared.verdict is not NameVerdict.DISAGREE:
            number = int(row["id"])
            found.append(Candidate(question.entity, number, number, Tier.REVIEW, (words,)))
    return found


def _moment(work: Workspace) -> str:
    return datetime.fromtimestamp(work.clock.now(), UTC).isoformat(timespec="seconds")
