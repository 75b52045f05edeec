"""Who gets an appeal: the one evaluator of routing rules.

Checks, simulator, re-routing and exports share it, so what is checked is what will happen. It knows nothing
of spreadsheets or portals. In words, for those who write it anew elsewhere:

1. A rule fits an appeal when each of its conditions (topic, subtopic, region, department, channel) is `*` or
   the appeal's own, the appeal's day lies in its period, and the text holds none of its stop words. An
   appeal whose department is not known fits rules of every department.
2. Rules whose working hours hold the moment go before those whose do not; when none is open, the appeal
   goes where it would go and waits.
3. Among them the smallest priority wins, then the most conditions that are not `*`, then the upper row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import product

from toolkit.sheets.hours import Hours, open_at

__all__ = [
    "ANY",
    "CONDITIONS",
    "FOREVER",
    "USUAL_PRIORITY",
    "Appeal",
    "Directory",
    "Period",
    "Rule",
    "period",
]

ANY = "*"
CONDITIONS = ("topic", "subtopic", "region", "department", "channel")
DEPARTMENT = CONDITIONS.index("department")
USUAL_PRIORITY = 50
"""Of rules that name none."""

Period = tuple[int, int]
"""First and last day, as day numbers of `date.toordinal`."""

FOREVER: Period = (date.min.toordinal(), date.max.toordinal())


def period(start: date | None, end: date | None) -> Period:
    """A period from its ends, both included; None leaves it open."""
    return (start.toordinal() if start else FOREVER[0], end.toordinal() if end else FOREVER[1])


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        order: its place; the smaller wins when all else is equal.
        conditions: one value for each of `CONDITIONS`, folded, or `*`.
        target: where the appeal goes: responsible, pipeline, stage; compared, never interpreted.
        priority: 1 is the first.
        hours: see `hours`.
        period: first and last day.
        stop_words: folded; a text that holds one is not for this rule.
    """

    order: int
    conditions: tuple[str, ...]
    target: tuple[str, ...] = ()
    priority: int = USUAL_PRIORITY
    hours: Hours = ()
    period: Period = FOREVER
    stop_words: tuple[str, ...] = ()

    @cached_property
    def strength(self) -> tuple[int, int, int]:
        """Smaller is stronger."""
        return (self.priority, self.conditions.count(ANY), self.order)

    def fits(self, appeal: Appeal) -> bool:
        """Whether the appeal is for this rule, working hours aside."""
        return (
            all(
                own in (ANY, its) or (its is None and place == DEPARTMENT)
                for place, (own, its) in enumerate(zip(self.conditions, appeal.conditions, strict=True))
            )
            and self.period[0] <= appeal.at.toordinal() <= self.period[1]
            and not any(word in appeal.text for word in self.stop_words)
        )


@dataclass(frozen=True)
class Appeal:
    """What a rule looks at.

    Args:
        conditions: one folded value for each of `CONDITIONS`; None where the appeal does not say.
        at: when it came, in the time of the working hours.
        text: folded.
    """

    conditions: tuple[str | None, ...]
    at: datetime
    text: str = ""

    @property
    def minute(self) -> int:
        """Minute of its week, Monday 00:00 being 0."""
        return self.at.weekday() * 1440 + self.at.hour * 60 + self.at.minute


class Directory:
    """Rules, ready to be asked.

    Args:
        rules: in any order.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = sorted(rules, key=lambda rule: rule.strength)
        self._by_conditions: dict[tuple[str, ...], list[Rule]] = {}
        self._by_all_but_department: dict[tuple[str, ...], list[Rule]] = {}
        for rule in self.rules:
            self._by_conditions.setdefault(rule.conditions, []).append(rule)
            self._by_all_but_department.setdefault(_without_department(rule.conditions), []).append(rule)

    def winner(self, appeal: Appeal) -> Rule | None:
        """The rule that gets an appeal; None when nobody does."""
        fitting = [rule for rule in self._candidates(appeal) if rule.fits(appeal)]
        opened = [rule for rule in fitting if open_at(rule.hours, appeal.minute)]
        return min(opened or fitting, key=lambda rule: rule.strength, default=None)

    def _candidates(self, appeal: Appeal) -> Iterator[Rule]:
        choices = [(ANY,) if each is None or each == ANY else (each, ANY) for each in appeal.conditions]
        known = appeal.conditions[DEPARTMENT] is not None
        table = self._by_conditions if known else self._by_all_but_department
        for conditions in product(*choices):
            yield from table.get(conditions if known else _without_department(conditions), ())

    def with_conditions(self, conditions: tuple[str, ...]) -> list[Rule]:
        """The rules with exactly these conditions, strongest first."""
        return self._by_conditions.get(conditions, [])

    def wider(self, conditions: tuple[str, ...]) -> Iterator[Rule]:
        """The rules whose conditions admit everything that these do, themselves included."""
        for each in product(*((ANY,) if own == ANY else (own, ANY) for own in conditions)):
            yield from self._by_conditions.get(each, ())


def _without_department(conditions: tuple[str, ...]) -> tuple[str, ...]:
    return conditions[:DEPARTMENT] + conditions[DEPARTMENT + 1 :]
