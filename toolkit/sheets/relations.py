"""How rules stand to each other: repeated, contradicting, never winning, equally strong, leaving holes.

Each finding is a promise about the evaluator in `rules`, held by property tests: a rule found to never win
is never its answer, and a gap is a gap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from toolkit.routing.evaluator import ANY, CONDITIONS, FOREVER, Directory, Period, Rule
from toolkit.routing.hours import covers as hours_cover
from toolkit.routing.hours import meet as hours_meet

__all__ = ["Finding", "Gap", "conflicts", "covered_by", "cycles", "gaps", "holes"]

_MOST_COMPARED = 300
"""Rules of one pair of patterns each rule is compared with; a directory of thousands of equal rules has
been told so long before."""


@dataclass(frozen=True)
class Finding:
    """Two rules that should not stand as they do.

    Args:
        code: duplicate, contradiction, overlap, never_wins, equal_strength or hole.
        rule: the one to look at; the lower row where both are alike.
        other: the other.
        days: the days concerned, for overlap and hole.
    """

    code: str
    rule: Rule
    other: Rule
    days: Period = FOREVER


def conflicts(directory: Directory) -> list[Finding]:
    """Everything wrong between two rules, one finding for a rule and code, in order of rules."""
    alike = list(_alike(directory.rules))
    blamed = {each.rule.order for each in alike}
    never = [
        Finding("never_wins", rule, by)
        for rule in directory.rules
        if rule.order not in blamed and (by := covered_by(rule, directory)) is not None
    ]
    out = blamed | {each.rule.order for each in never}
    equal = list(_equally_strong([rule for rule in directory.rules if rule.order not in out], directory))
    return sorted(
        [*alike, *never, *equal, *holes(directory)], key=lambda found: (found.rule.order, found.code)
    )


def _meet(one: Period, other: Period) -> Period | None:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start <= end else None


def _alike(rules: Iterable[Rule]) -> Iterator[Finding]:
    """Rules with the same conditions at the same time."""
    groups: dict[object, list[Rule]] = defaultdict(list)
    for rule in rules:
        groups[rule.conditions, rule.hours, rule.stop_words, rule.priority].append(rule)
    for group in groups.values():
        distinct: dict[object, Rule] = {}
        for rule in sorted(group, key=lambda each: each.order):
            first = distinct.get((rule.period, rule.target))
            if first is not None:
                yield Finding("duplicate", rule, first, rule.period)
                continue
            for other in list(distinct.values())[:_MOST_COMPARED]:
                days = _meet(rule.period, other.period)
                if days is not None:
                    same = rule.period == other.period
                    yield Finding("contradiction" if same else "overlap", rule, other, days)
                    break
            distinct[rule.period, rule.target] = rule


def covered_by(rule: Rule, directory: Directory) -> Rule | None:
    """A rule that leaves nothing to this one, alone or together with others; None when it can win.

    Where several do so only together, the strongest of them.
    """
    together: list[Rule] = []
    for other in directory.wider(rule.conditions):
        if (
            other.strength < rule.strength
            and set(other.stop_words) <= set(rule.stop_words)
            and _meet(other.period, rule.period)
            and hours_cover(other.hours, rule.hours)
        ):
            if _meet(other.period, rule.period) == rule.period:
                return other
            together.append(other)
    if not together or next(_left([rule.period], [other.period for other in together]), None) is not None:
        return None
    return min(together, key=lambda other: other.strength)


def _left(whole: Sequence[Period], taken: Iterable[Period]) -> Iterator[Period]:
    """What remains of periods when others are taken away, in order."""
    spans = sorted(taken)
    for start, end in sorted(whole):
        at = start
        for first, last in spans:
            if last < at:
                continue
            if first > end:
                break
            if first > at:
                yield (at, first - 1)
            at = last + 1
        if at <= end:
            yield (at, end)


def _equally_strong(rules: Sequence[Rule], directory: Directory) -> Iterator[Finding]:
    """Rules that fit the same appeals, lead elsewhere, and differ in nothing that decides."""
    patterns: dict[tuple[int, tuple[bool, ...]], list[Rule]] = defaultdict(list)
    for rule in rules:
        patterns[rule.priority, tuple(own != ANY for own in rule.conditions)].append(rule)
    found: dict[int, Finding] = {}
    by_strength: dict[tuple[int, int], list[tuple[tuple[bool, ...], list[Rule]]]] = defaultdict(list)
    for (priority, pattern), group in patterns.items():
        by_strength[priority, sum(pattern)].append((pattern, group))
    for same in by_strength.values():
        pairs = [(each, each) for each in same] + list(combinations(same, 2))
        for (pattern, group), (other_pattern, other_group) in pairs:
            shared = [
                place for place, (a, b) in enumerate(zip(pattern, other_pattern, strict=True)) if a and b
            ]
            partners: dict[tuple[str, ...], list[Rule]] = defaultdict(list)
            for rule in other_group:
                partners[tuple(rule.conditions[place] for place in shared)].append(rule)
            for rule in group:
                for other in partners[tuple(rule.conditions[place] for place in shared)][:_MOST_COMPARED]:
                    lower, upper = (rule, other) if rule.order > other.order else (other, rule)
                    if lower.order not in found and _undecided(lower, upper, directory):
                        found[lower.order] = Finding("equal_strength", lower, upper)
    yield from found.values()


def _undecided(rule: Rule, other: Rule, directory: Directory) -> bool:
    days = _meet(rule.period, other.period)
    if (
        rule is other
        or rule.target == other.target
        or days is None
        or not hours_meet(rule.hours, other.hours)
    ):
        return False
    if (rule.conditions, rule.hours, rule.stop_words) == (other.conditions, other.hours, other.stop_words):
        return False
    # Both may fit the same appeals; a stronger rule may exist for just those.
    meeting = tuple(b if a == ANY else a for a, b in zip(rule.conditions, other.conditions, strict=True))
    strongest = min(rule.strength, other.strength)
    deciding = [
        each.period
        for each in directory.wider(meeting)
        if each.strength[:2] < strongest[:2]
        and set(each.stop_words) <= {*rule.stop_words, *other.stop_words}
        and (hours_cover(each.hours, rule.hours) or hours_cover(each.hours, other.hours))
    ]
    return next(_left([days], deciding), None) is not None


def holes(directory: Directory) -> list[Finding]:
    """Days between two periods of the same conditions that no other rule takes over."""
    groups: dict[tuple[str, ...], list[Rule]] = defaultdict(list)
    for rule in directory.rules:
        groups[rule.conditions].append(rule)
    found = []
    for conditions, group in groups.items():
        if len(group) < 2:
            continue
        group.sort(key=lambda rule: rule.period)
        inside = (group[0].period[0], max(rule.period[1] for rule in group))
        empty = _left([inside], [rule.period for rule in directory.wider(conditions)])
        for days in empty:
            after = next(rule for rule in group if rule.period[0] == days[1] + 1 or rule.period[0] > days[1])
            before = max(
                (rule for rule in group if rule.period[1] < days[0]), key=lambda rule: rule.period[1]
            )
            found.append(Finding("hole", after, before, days))
    return found


@dataclass(frozen=True)
class Gap:
    """Appeals of a topic that nobody gets.

    Args:
        topic: folded.
        missing: pairs of region and channel, folded; `*` stands for all of them.
    """

    topic: str
    missing: tuple[tuple[str, str], ...] = field(default=())


def gaps(
    rules: Iterable[Rule], topics: Sequence[str], regions: Sequence[str], channels: Sequence[str]
) -> list[Gap]:
    """The combinations of known topics, regions and channels that no rule takes.

    A rule for a subtopic takes only that, and so does not count. Periods are the caller's business.

    Args:
        rules: those that count.
        topics: folded.
        regions: folded; without any, only `*` is known.
        channels: likewise.
    """
    places = {value: at for at, value in enumerate(regions or [ANY])}
    ways = {value: at for at, value in enumerate(channels or [ANY])}
    topic_at, subtopic_at, region_at, channel_at = (
        CONDITIONS.index(each) for each in ("topic", "subtopic", "region", "channel")
    )
    taken: dict[str, np.ndarray] = {
        topic: np.zeros((len(places), len(ways)), bool) for topic in [*topics, ANY]
    }
    for rule in rules:
        own = rule.conditions
        if own[subtopic_at] == ANY and own[topic_at] in taken:
            rows = slice(None) if own[region_at] == ANY else places.get(own[region_at])
            across = slice(None) if own[channel_at] == ANY else ways.get(own[channel_at])
            if rows is not None and across is not None:
                taken[own[topic_at]][rows, across] = True
    found = []
    for topic in topics:
        left = ~(taken[topic] | taken[ANY])
        if left.any():
            found.append(Gap(topic, tuple(_summed(left, list(places), list(ways)))))
    return found


def _summed(left: np.ndarray, places: list[str], ways: list[str]) -> Iterator[tuple[str, str]]:
    if left.all():
        yield (ANY, ANY)
        return
    whole_rows: np.ndarray = np.asarray(left.all(axis=1))
    whole_columns: np.ndarray = np.asarray(left.all(axis=0))
    yield from ((places[at], ANY) for at in np.flatnonzero(whole_rows))
    yield from ((ANY, ways[at]) for at in np.flatnonzero(whole_columns))
    rest = left & ~whole_rows[:, None] & ~whole_columns[None, :]
    yield from ((places[row], ways[column]) for row, column in np.argwhere(rest))


def cycles(edges: Sequence[tuple[str, str, Period]], most_steps: int = 20_000) -> list[tuple[int, ...]]:
    """Substitutions that lead back to the person they started from, on some day.

    Args:
        edges: who is away, who takes over, when.
        most_steps: after which the search from one edge is given up.

    Returns:
        Indexes of the edges of each circle, in its order, beginning with the last of them in the table.
    """
    by_absent: Mapping[str, list[int]] = defaultdict(list)
    for number, (absent, _, _) in enumerate(edges):
        by_absent[absent].append(number)
    found: dict[frozenset[int], tuple[int, ...]] = {}

    def walk(path: tuple[int, ...], days: Period, left: Callable[[], bool]) -> None:
        absent, at = edges[path[0]][0], edges[path[-1]][1]
        if at == absent:
            found.setdefault(frozenset(path), path)
            return
        for number in by_absent.get(at, ()):
            both = _meet(days, edges[number][2])
            # Each circle is found once, from its last row.
            if both and number < path[0] and number not in path and left():
                walk((*path, number), both, left)

    for number, (absent, substitute, days) in enumerate(edges):
        if absent != substitute:
            steps = iter(range(most_steps))
            walk((number,), days, lambda steps=steps: next(steps, None) is not None)  # type: ignore[misc]  # bound now
    return list(found.values())
