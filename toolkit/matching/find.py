"""The entry guard: is this client here already? Answered from an index in milliseconds, by the merging rules.

An import that asks first makes no duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.matching.cards import by_registration, kpps_fit
from toolkit.matching.evidence import judge
from toolkit.matching.index import ClientIndex, KeyWorth
from toolkit.matching.inn import read_inn
from toolkit.matching.keys import read_email
from toolkit.matching.names import (
    OrganisationName,
    PersonName,
    compare_organisations,
    compare_people,
    read_organisation,
    read_person,
)
from toolkit.matching.phones import RUSSIA, Home, read_phone
from toolkit.matching.reasons import Reason, Tier
from toolkit.matching.rules import MatchRules
from toolkit.matching.wording import Language, key_words, reason_words, tier_words, words_of

__all__ = ["Candidate", "Found", "find_client"]


@dataclass(frozen=True)
class Candidate:
    """A card that shares a key with what was asked.

    Args:
        entity: of the card.
        id: the portal's id.
        client: least id of the group the card stands in; its own when it is alone.
        tier: AUTO: it is this client; REVIEW: a person has to say; LINK: a branch of the same firm.
        evidence: why, one sentence each.
    """

    entity: str
    id: int
    client: int
    tier: Tier
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The answer of the guard.

    Args:
        verdict: `one`: this is the client; `several`: two or more clients fit; `perhaps`: only what a person
            has to look at; `none`: nobody.
        client: with `one`, the least id of the client's cards; else None.
        candidates: the cards behind it, the surest first.
        asked: the keys the question came down to, as they were understood.
    """

    verdict: Literal["one", "several", "perhaps", "none"]
    client: int | None
    candidates: tuple[Candidate, ...]
    asked: tuple[str, ...]

    def words(self, language: Language = "ru") -> str:
        """The answer in words."""
        head = {
            "one": words_of(f"это клиент {self.client}", f"this is client {self.client}", language),
            "several": words_of("подходят несколько клиентов", "several clients fit", language),
            "perhaps": words_of("возможно, клиент уже есть", "the client may be here already", language),
            "none": words_of("такого клиента нет", "no such client", language),
        }[self.verdict]
        lines = [head]
        for found in self.candidates:
            lines.append(f"{found.entity} {found.id}: {tier_words(found.tier, language)}")
            lines += [f"  - {said}" for said in found.evidence]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.words()


def find_client(
    index: ClientIndex,
    *,
    phone: str | None = None,
    email: str | None = None,
    inn: str | None = None,
    kpp: str | None = None,
    name: str | None = None,
    entity: str = "contact",
    rules: MatchRules | None = None,
    home: Home = RUSSIA,
    language: Language = "ru",
) -> Found:
    """Whether a client is here already, with the evidence.

    A phone without a name finds nobody for sure, unless `rules.blank_joins_sole_owner` says so or phone
    and mail both lead to one person: the same rules that merge also find.

    Args:
        index: of the snapshot.
        phone: as it was typed; may hold several numbers.
        email: likewise.
        inn: likewise; of a contact only twelve digits count.
        kpp: of the INN.
        name: the whole name of the person, in any order, or the company's title.
        entity: `contact`, `company` or `lead`.
        rules: the thresholds.
        home: where phones without a country or area code belong.
        language: of the evidence.
    """
    rules = rules or MatchRules()
    question = _question(phone, email, inn, kpp, name, entity, home)
    owned_by: dict[int, list[_Owned]] = {}
    for key in question.keys:
        nodes, worth = index.owners(entity, key)
        for node in nodes if worth.worth else ():
            owned_by.setdefault(node, []).append(_Owned(*key, worth))
    judged = [_candidate(index, node, owned, question, rules, language) for node, owned in owned_by.items()]
    candidates = [c for c in judged if c is not None]
    candidates.sort(key=lambda c: (-c.tier, c.client, c.id))
    sure = sorted({c.client for c in candidates if c.tier is Tier.AUTO})
    verdict: Literal["one", "several", "perhaps", "none"] = (
        "one" if len(sure) == 1 else "several" if sure else "perhaps" if candidates else "none"
    )
    return Found(
        verdict,
        sure[0] if len(sure) == 1 else None,
        tuple(candidates),
        tuple(" ".join(part for part in key if part) for key in question.keys),
    )


@dataclass(frozen=True)
class _Question:
    """What was asked, understood."""

    entity: str
    keys: tuple[tuple[str, str, str], ...]
    name: PersonName | OrganisationName
    inn: str
    kpp: str


@dataclass(frozen=True)
class _Owned:
    """A key asked for that a card owns."""

    key_type: str
    key_value: str
    extension: str
    worth: KeyWorth


def _question(
    phone: str | None,
    email: str | None,
    inn: str | None,
    kpp: str | None,
    name: str | None,
    entity: str,
    home: Home,
) -> _Question:
    company = entity == "company"
    registration = read_inn(inn, kpp)
    # The rule of the cards: a person's own INN has twelve digits.
    own = registration.key if company or len(registration.key) == 12 else ""
    named = read_organisation(name or "") if company else read_person(name=name or "")
    return _Question(entity, tuple(_asked_keys(phone, email, own, home)), named, own, registration.kpp)


def _candidate(
    index: ClientIndex,
    node: int,
    owned: list[_Owned],
    question: _Question,
    rules: MatchRules,
    language: Language,
) -> Candidate | None:
    """The card as an answer; None when the rules keep it apart."""
    number, client, known = index.card(node)
    said = question.name
    if isinstance(said, OrganisationName) and isinstance(known, OrganisationName):
        compared, named, company = compare_organisations(said, known), True, True
    elif isinstance(said, PersonName) and isinstance(known, PersonName):
        compared, named, company = compare_people(said, known), said.full or known.full, False
    else:
        return None
    reasons = compared.reasons | _support(owned, rules, company)
    held = index.registrations(node) if question.inn else {}
    if question.inn in held:
        reasons |= Reason.SAME_INN | kpps_fit(frozenset({question.kpp} - {""}), held[question.inn])
    elif held:
        reasons |= Reason.INN_DIFFERS
    if rules.own_keys_raise_doubt and _each_has_others(index, node, owned, question, known):
        reasons |= Reason.OTHER_KEYS_DIFFER
    tiers = judge(
        *by_registration(np.array([int(compared.verdict)]), np.array([int(reasons)])),
        np.array([company]),
        np.array([named]),
        rules,
    )
    tier = Tier(int(tiers[0]))
    if tier is Tier.NEVER:
        return None
    keys = [
        key_words(
            key.key_type,
            key.key_value,
            key.extension,
            key.worth.owners,
            key.worth.people,
            key.worth.worth,
            language,
        )
        for key in owned
    ]
    return Candidate(question.entity, number, client, tier, (*reason_words(reasons, language), *keys))


def _each_has_others(
    index: ClientIndex,
    node: int,
    owned: list[_Owned],
    question: _Question,
    known: PersonName | OrganisationName,
) -> bool:
    """Whether one telling key is in common while both sides have others, and no patronymics to compare."""
    said = question.name
    if isinstance(said, OrganisationName) or isinstance(known, OrganisationName):
        return False
    if (said.patronymic and known.patronymic) or any(key.key_type == "inn" for key in owned):
        return False
    common = sum(Reason(key.worth.worth) is not Reason.SHARED_KEY for key in owned)
    return common == 1 and len(question.keys) > len(owned) and index.telling_keys(node) > 1


def _asked_keys(phone: str | None, email: str | None, inn: str, home: Home) -> Iterator[tuple[str, str, str]]:
    for number in read_phone(phone, home).numbers if phone else ():
        if number.may_key:
            yield "phone", number.e164, "" if number.line == "mobile" else number.extension
    mailbox = read_email(email) if email else ""
    if mailbox:
        yield "email", mailbox, ""
    if inn:
        yield "inn", inn, ""


def _support(owned: Iterable[_Owned], rules: MatchRules, company: bool) -> Reason:
    """What the shared keys are worth together; the rule of `evidence` for one pair."""
    found = Reason(0)
    sole_types: set[str] = set()
    for key in owned:
        mailbox = key.key_value.partition("@")[0]
        role = key.key_type == "email" and not company and mailbox in rules.role_mailboxes
        worth = Reason.SHARED_KEY if role else Reason(key.worth.worth)
        found |= worth
        if key.worth.sole and worth & (Reason.PERSONAL_KEY | Reason.HOUSEHOLD_KEY):
            found |= Reason.SOLE_OWNER
            sole_types.add(key.key_type)
    return found | (Reason.SEVERAL_KEYS if len(sole_types) > 1 else Reason(0))
