"""Clusters: the groups that may be merged by themselves, and what is left for a person.

Groups grow over automatic pairs only. Then every pair inside a group is looked at, also those that share
no key: a chain A-B-C where A and C contradict is cut at its weakest bridge, or goes to a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
import pandas as pd

from toolkit.matching.bridges import Link, parts_without_contradiction
from toolkit.matching.cards import Cards
from toolkit.matching.decisions import Decisions
from toolkit.matching.engines import Engine
from toolkit.matching.evidence import Evidence, gather_evidence
from toolkit.matching.reasons import Reason, Tier, Verdict
from toolkit.matching.rules import MatchRules

__all__ = ["Clusters", "find_clusters", "group_cards"]

Ints = npt.NDArray[np.int64]
_TIER_NAMES = {Tier.AUTO: "auto", Tier.REVIEW: "review", Tier.LINK: "link", Tier.NEVER: "never"}


@dataclass(frozen=True)
class Clusters:
    """Who is the same client, as far as the evidence goes.

    Args:
        evidence: what it rests on.
        edges: the evidence's edges with their final tier: pairs whose group contradicts have left AUTO.
        group: per card the position of its group's least card; its own when it is alone.
        case: per card the least card it hangs together with over pairs for a person, too.
    """

    evidence: Evidence
    edges: pd.DataFrame
    group: Ints
    case: Ints

    @property
    def cards(self) -> Cards:
        """The cards matched."""
        return self.evidence.cards

    def groups(self) -> pd.DataFrame:
        """The cards that are to be merged, group by group.

        Returns:
            One row per card of a group: entity str, group int (the least id of the group), id int, size int;
            ordered by these.
        """
        sizes = np.bincount(self.group, minlength=len(self.cards))[self.group]
        at = np.flatnonzero(sizes > 1)
        found = pd.DataFrame(
            {
                "entity": self._entities(at),
                "group": self.cards.id[self.group[at]],
                "id": self.cards.id[at],
                "size": sizes[at],
            }
        )
        return found.sort_values(["entity", "group", "id"], ignore_index=True)

    def pairs(self, tier: Tier | None = None) -> pd.DataFrame:
        """The pairs judged, of one tier or of all.

        Returns:
            Columns entity str, a int, b int (ids), tier str (`auto`, `review`, `link`, `never`), case int
            (the least id of all cards that hang together for a person), verdict int, reasons int (`Reason`
            bits), keys int (shared ones that count); ordered by entity, case, a, b.
        """
        edges = self.edges if tier is None else self.edges[self.edges["tier"] == int(tier)]
        a, b = edges["a"].to_numpy(), edges["b"].to_numpy()
        found = pd.DataFrame(
            {
                "entity": self._entities(a),
                "a": self.cards.id[a],
                "b": self.cards.id[b],
                "tier": edges["tier"].map({int(t): name for t, name in _TIER_NAMES.items()}).to_numpy(),
                "case": self.cards.id[self.case[a]],
                "verdict": edges["verdict"].to_numpy(),
                "reasons": edges["reasons"].to_numpy(),
                "keys": edges["keys"].to_numpy(),
            }
        )
        return found.sort_values(["entity", "case", "a", "b"], ignore_index=True)

    def members(self, entity: str, record_id: int) -> list[int]:
        """Ids of the cards of one group, ascending; the card alone when it is in none.

        Raises:
            ParameterError: the card was not among those matched.
        """
        at = self.cards.position(entity, record_id)
        found: list[int] = self.cards.id[self.group == self.group[at]].tolist()
        return found

    def summary(self) -> dict[str, int]:
        """Counts: cards, groups, cards in groups, pairs by tier, keys by worth."""
        sizes = np.bincount(self.group, minlength=len(self.cards))
        worth = self.evidence.keys["worth"]
        tiers = self.edges["tier"]
        return {
            "cards": len(self.cards),
            "groups": int((sizes > 1).sum()),
            "cards_in_groups": int(sizes[sizes > 1].sum()),
            **{f"pairs_{name}": int((tiers == int(tier)).sum()) for tier, name in _TIER_NAMES.items()},
            "keys_personal": int((worth == int(Reason.PERSONAL_KEY)).sum()),
            "keys_household": int((worth == int(Reason.HOUSEHOLD_KEY)).sum()),
            "keys_switchboard": int((worth == int(Reason.SWITCHBOARD_KEY)).sum()),
            "keys_shared": int((worth == int(Reason.SHARED_KEY)).sum()),
        }

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name.replace('_', ' '))}</td><td style='text-align:right'>{count:,}</td></tr>"
            for name, count in self.summary().items()
        )
        return f"<table>{rows}</table>"

    def _entities(self, at: Ints) -> npt.NDArray[np.object_]:
        return np.asarray(self.cards.entities, dtype=object)[self.cards.entity[at]]


def find_clusters(
    records: pd.DataFrame,
    keys: pd.DataFrame,
    rules: MatchRules | None = None,
    decisions: Decisions | None = None,
    engine: Engine | None = None,
) -> Clusters:
    """Who is the same client among these cards; the arguments are those of `gather_evidence`.

    The answer does not depend on the order of the rows.

    Raises:
        ParameterError: a column is missing, a card stands twice, or a key belongs to no card.
    """
    return group_cards(gather_evidence(records, keys, rules, decisions, engine))


def group_cards(evidence: Evidence) -> Clusters:
    """Groups out of evidence, none of which contradicts itself."""
    cards, engine, rules = evidence.cards, evidence.engine, evidence.rules
    edges = evidence.edges.copy()
    a, b = edges["a"].to_numpy(), edges["b"].to_numpy()
    tier, reasons = edges["tier"].to_numpy().copy(), edges["reasons"].to_numpy().copy()
    auto = np.flatnonzero(tier == Tier.AUTO)
    label = engine.components(len(cards), a[auto], b[auto])
    strength = _strengths(edges)
    for members, rows in _doubtful_groups(label, auto, a, cards, rules):
        for row, reason in _left_to_a_person(members, rows, a, b, strength, cards, rules):
            tier[row] = int(Tier.REVIEW)
            reasons[row] |= int(reason)
    edges["tier"], edges["reasons"] = tier, reasons
    auto = np.flatnonzero(tier == Tier.AUTO)
    group = engine.components(len(cards), a[auto], b[auto])
    # What stands in one group was settled by the group: nobody has to look at it again.
    tier[(tier == Tier.REVIEW) & (group[a] == group[b])] = int(Tier.AUTO)
    edges["tier"] = tier
    open_pairs = np.flatnonzero(tier >= Tier.REVIEW)
    case = engine.components(len(cards), a[open_pairs], b[open_pairs])
    return Clusters(evidence, edges, group, case)


def _strengths(edges: pd.DataFrame) -> Ints:
    """How much a pair holds: the names first, then what the keys are worth, then how many there are."""
    reasons = edges["reasons"].to_numpy()
    spelled_alike = (reasons & int(Reason.SAME_NAME)) != 0
    names = edges["verdict"].to_numpy() * 2 + spelled_alike
    own = (reasons & int(Reason.PERSONAL_KEY | Reason.SAME_INN)) != 0
    household = (reasons & int(Reason.HOUSEHOLD_KEY)) != 0
    worth = np.where(own, 2, np.where(household, 1, 0))
    counted = np.minimum(edges["keys"].to_numpy(), 99)
    return np.asarray(names * 1000 + worth * 100 + counted, dtype=np.int64)


def _doubtful_groups(
    label: Ints, auto: Ints, a: Ints, cards: Cards, rules: MatchRules
) -> Iterator[tuple[Ints, Ints]]:
    """The groups with a contradicting pair or too many members: their cards and their automatic edges."""
    size = np.bincount(label, minlength=len(label))
    grouped = np.flatnonzero(size[label] > 2)
    members = grouped[np.argsort(label[grouped], kind="stable")]
    firsts, starts = np.unique(label[members], return_index=True)
    sizes = size[firsts]
    doubtful = np.zeros(len(label), dtype=np.bool_)
    doubtful[firsts[sizes > rules.largest_group]] = True
    for n in np.unique(sizes[sizes <= rules.largest_group]):
        which = np.flatnonzero(sizes == n)
        table = members[starts[which][:, None] + np.arange(n)[None, :]]
        i, j = np.triu_indices(int(n), 1)
        wrong = cards.contradict(table[:, i].reshape(-1), table[:, j].reshape(-1)).reshape(len(which), -1)
        doubtful[firsts[which[wrong.any(axis=1)]]] = True
    edge_label = label[a[auto]]
    order = np.argsort(edge_label, kind="stable")
    edge_starts = np.searchsorted(edge_label[order], firsts)
    edge_ends = np.searchsorted(edge_label[order], firsts, side="right")
    for k in np.flatnonzero(doubtful[firsts]):
        yield members[starts[k] : starts[k] + sizes[k]], auto[order[edge_starts[k] : edge_ends[k]]]


def _left_to_a_person(
    members: Ints, rows: Ints, a: Ints, b: Ints, strength: Ints, cards: Cards, rules: MatchRules
) -> list[tuple[int, Reason]]:
    """The edges of one doubtful group that a person has to look at, and why."""
    if len(members) > rules.largest_checked:
        if _of_one_piece(members, cards):
            return []
        return [(int(row), Reason.GROUP_TOO_LARGE) for row in rows]
    i, j = np.triu_indices(len(members), 1)
    wrong = cards.contradict(members[i], members[j])
    wrong = wrong & ~_excused(members, i, j, cards)
    contradictions = list(zip(members[i[wrong]].tolist(), members[j[wrong]].tolist(), strict=True))
    links = [Link(int(a[row]), int(b[row]), int(strength[row]), int(row)) for row in rows]
    parts = parts_without_contradiction(links, contradictions)
    left = [(link.row, Reason.BRIDGE_CUT) for link in parts.cut]
    left += [(link.row, Reason.GROUP_CONTRADICTS) for link in parts.unresolved]
    for part in parts.whole:
        inside = np.array(sorted({node for link in part for node in (link.a, link.b)}), dtype=np.int64)
        if len(inside) > rules.largest_group and not _named_alike(inside, cards):
            left += [(link.row, Reason.GROUP_TOO_LARGE) for link in part]
    return left


def _excused(members: Ints, i: Ints, j: Ints, cards: Cards) -> npt.NDArray[np.bool_]:
    """Pairs whose surnames differ only because each has its own typo against a third card of the group."""
    verdicts, reasons = cards.compare(members[i], members[j])
    typo = np.zeros((len(members), len(members)), dtype=np.bool_)
    typo[i, j] = (verdicts == Verdict.AGREE) & ((reasons & int(Reason.TYPO)) != 0)
    typo |= typo.T
    beside_a_third: npt.NDArray[np.bool_] = np.asarray((typo[i] & typo[j]).any(axis=1), dtype=np.bool_)
    excused: npt.NDArray[np.bool_] = beside_a_third & cards.mistyped_twice(members[i], members[j])
    return excused


def _of_one_piece(members: Ints, cards: Cards) -> bool:
    """Whether all names are the same word for word and nothing forbids; in one pass, not by pairs."""
    if not _named_alike(members, cards):
        return False
    first = np.full(len(members) - 1, members[0])
    verdicts, _ = cards.compare(first, members[1:])
    if (verdicts != Verdict.AGREE).any() or cards.contradict(first, members[1:]).any():
        return False
    held = set(members.tolist())
    packed = cards.said_different
    said = any(int(p) >> 32 in held and int(p) & 0xFFFFFFFF in held for p in packed)
    days = np.unique(cards.birthdate[members])
    inns = {inn for node in held for inn in cards.registrations.get(node, ())}
    origins = np.unique(cards.origin_id[members])
    extended = any(node in cards.extensions for node in held)
    return (
        not said
        and not extended
        and len(days[days > 0]) < 2
        and len(inns) < 2
        and len(origins[origins > 0]) < 2
    )


def _named_alike(members: Ints, cards: Cards) -> bool:
    return len({cards.name(node) for node in members.tolist()}) == 1
