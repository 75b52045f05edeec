"""The thresholds of matching, in one place, each with what it protects from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MatchRules"]

_ROLE_WORDS = """
info inbox mail office sales sale zakaz order orders shop admin support help hello hr job buh buhgalter
bookkeeping accounting secretary reception manager director marketing noreply no-reply post pochta client
clients service tender snab zakupki opt
"""


@dataclass(frozen=True)
class MatchRules:
    """What may be merged by itself, what a person has to see.

    Args:
        household_people: a phone or mailbox of up to this many different people is a household's and still
            joins cards whose names agree; beyond it is shared and joins nothing by itself.
        all_pairs_owners: up to this many owners of one key are compared each with each; beyond it only
            cards of nearly one name are. Bounds the work a number on 1,000 cards can cause.
        largest_group: bigger groups go to a person unless all their names are word for word the same.
        largest_checked: groups up to this size are checked pair by pair and cut where they contradict.
        inn_titles: an INN on cards of more than this many different titles is an accountant's or our own.
        weak_key_types: keys that never suffice alone, such as the company two contacts work for.
        role_mailboxes: names before the @ that belong to a post, not to a person.
        denied_keys: (key type, value) pairs that are no evidence: own staff's numbers, test mailboxes.
        denied_domains: mail domains that are no evidence: the portal owner's own.
        own_keys_raise_doubt: whether two cards that share one number or mailbox, while each has others of its
            own, go to a person when no two patronymics confirm them: so do a father and a son of one name.
        blank_joins_sole_owner: whether a card without any name joins the only person of its key. Off: that
            would be merging on a phone alone. Two keys of different types suffice either way.
    """

    household_people: int = 3
    all_pairs_owners: int = 12
    largest_group: int = 10
    largest_checked: int = 60
    inn_titles: int = 5
    weak_key_types: frozenset[str] = frozenset({"company"})
    role_mailboxes: frozenset[str] = frozenset(_ROLE_WORDS.split())
    denied_keys: frozenset[tuple[str, str]] = frozenset()
    denied_domains: frozenset[str] = frozenset()
    own_keys_raise_doubt: bool = True
    blank_joins_sole_owner: bool = False
