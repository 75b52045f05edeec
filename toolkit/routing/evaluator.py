"""Who gets an appeal: the one evaluator of routing rules, in one file that needs nothing but Python 3.11.

Checks, simulator and re-routing use it, and `b24kit routing export` ships this very file beside the rules, so
that other platforms decide as we do. In words, for those who write it anew elsewhere:

1. Words are compared folded (`fold`): letter case, `ё`, blanks and Latin letters that look Cyrillic do not count.
2. A filter takes an appeal out when its word is in the text, its channel is `*` or the appeal's, and the day
   lies in its period. Nobody gets such an appeal.
3. A rule fits when each of its conditions (topic, subtopic, region, department, channel) is `*` or the
   appeal's own, the day lies in its period, and the text holds none of its stop words. An appeal whose
   department is not known fits rules of every department.
4. Rules whose working hours hold the moment go before those whose do not. Among them the smallest priority
   wins, then the most conditions that are not `*`, then the upper row.
5. The winner's responsible gets it. Outside the rule's hours its deputy does, if it has one; without one the
   appeal waits for the responsible. Whoever is substituted that day is replaced by the substitute, and so on
   along the chain. Whoever is away beyond that (dismissed, on leave) leaves it to the deputy, then to nobody.
6. A word is in a text where a word of the text begins with it (`конкурс` is in `конкурсы`, `акция` is not in
   `реакция`); a hashtag must be there whole.

    python evaluator.py routing.json '{"topic": "Брак", "region": "Москва", "at": "2026-03-02T10:00"}'
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from itertools import product
from pathlib import Path
from typing import Any

__all__ = [
    "ANY",
    "CONDITIONS",
    "FOREVER",
    "FORMAT",
    "USUAL_PRIORITY",
    "Appeal",
    "Book",
    "Decision",
    "Directory",
    "Filter",
    "Hours",
    "Period",
    "Rule",
    "Substitution",
    "Version",
    "clean",
    "fold",
    "holds",
    "open_at",
    "period",
    "without_look_alikes",
]

FORMAT = "b24kit-routing/1"
ANY = "*"
CONDITIONS = ("topic", "subtopic", "region", "department", "channel")
DEPARTMENT, CHANNEL = CONDITIONS.index("department"), CONDITIONS.index("channel")
USUAL_PRIORITY = 50
"""Of rules that name none."""

Hours = tuple[tuple[int, int], ...]
"""Spans [from, to) in minutes since Monday 00:00, growing, apart from each other; empty means always."""

Period = tuple[int, int]
"""First and last day, as day numbers of `date.toordinal`."""

_REMEMBERED = 100_000
"""Combinations of conditions whose rules are kept at hand."""

FOREVER: Period = (date.min.toordinal(), date.max.toordinal())

# -- words ---------------------------------------------------------------------------------------------------

_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD])
_LOOK_ALIKES = str.maketrans("ABCEHKMOPTXYaceopxyk", "АВСЕНКМОРТХУасеорхук")
_WORD = re.compile(r"\w+")
_LATIN, _CYRILLIC = re.compile("[A-Za-z]"), re.compile("[А-Яа-яЁё]")


@lru_cache(maxsize=65536)
def clean(text: str) -> str:
    """A text without invisible characters, its blanks single and none at the ends."""
    seen = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    return re.sub(r"[^\S\n]+", " ", seen).strip()


@lru_cache(maxsize=65536)
def without_look_alikes(text: str) -> str:
    """Cyrillic words freed of Latin letters that look the same.

    Only words that mix both alphabets, and only when every Latin letter of the word has a Cyrillic double:
    `Mосква` becomes `Москва`, `VIP-клиент` and `1С` stay.
    """

    def mend(found: re.Match[str]) -> str:
        word = found[0]
        if not (_LATIN.search(word) and _CYRILLIC.search(word)):
            return word
        mended = word.translate(_LOOK_ALIKES)
        return word if _LATIN.search(mended) else mended

    return _WORD.sub(mend, text)


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """The key by which two texts are the same: case, `ё`, look-alikes and blanks do not matter."""
    return re.sub(r"\s+", " ", without_look_alikes(clean(text))).casefold().replace("ё", "е")


def holds(text: str, word: str) -> bool:
    """Whether a folded text has a word that begins with this folded one; of a hashtag, that very hashtag."""
    return word in text and _pattern(word).search(text) is not None


@lru_cache(maxsize=4096)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)" + re.escape(word) + (r"(?!\w)" if word.startswith("#") else ""))


# -- what a directory is made of -------------------------------------------------------------------------------


def period(start: date | None, end: date | None) -> Period:
    """A period from its ends, both included; None leaves it open."""
    return (start.toordinal() if start else FOREVER[0], end.toordinal() if end else FOREVER[1])


def open_at(hours: Hours, minute: int) -> bool:
    """Whether a minute of the week falls into the hours."""
    return not hours or any(start <= minute < end for start, end in hours)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Args:
        order: its place; the smaller wins when all else is equal.
        conditions: one value for each of `CONDITIONS`, folded, or `*`.
        target: where the appeal goes: responsible, pipeline, stage; compared, never interpreted.
        priority: 1 is the first.
        hours: see `Hours`.
        period: first and last day.
        stop_words: folded; a text that holds one is not for this rule.
        deputy: who gets it outside the hours, or while the responsible is away; "" for nobody.
    """

    order: int
    conditions: tuple[str, ...]
    target: tuple[str, ...] = ()
    priority: int = USUAL_PRIORITY
    hours: Hours = ()
    period: Period = FOREVER
    stop_words: tuple[str, ...] = ()
    deputy: str = ""

    @cached_property
    def strength(self) -> tuple[int, int, int]:
        """Smaller is stronger."""
        return (self.priority, self.conditions.count(ANY), self.order)

    @property
    def responsible(self) -> str:
        """First of the target."""
        return self.target[0] if self.target else ""

    def fits(self, appeal: Appeal) -> bool:
        """Whether the appeal is for this rule, working hours aside."""
        return self.takes(appeal) and all(
            own in (ANY, its) or (its is None and place == DEPARTMENT)
            for place, (own, its) in enumerate(zip(self.conditions, appeal.conditions, strict=True))
        )

    def takes(self, appeal: Appeal) -> bool:
        """Whether an appeal that meets its conditions is for this rule by its day and its words."""
        if not self.period[0] <= appeal.day <= self.period[1]:
            return False
        return not self.stop_words or not any(holds(appeal.text, word) for word in self.stop_words)

    @cached_property
    def always(self) -> bool:
        """Whether it takes every appeal that meets its conditions, at any time."""
        return self.period == FOREVER and not self.hours and not self.stop_words

    def as_json(self) -> dict[str, Any]:
        """The rule without its place."""
        responsible, pipeline, stage = (*self.target, "", "", "")[:3]
        return {
            **dict(zip(CONDITIONS, self.conditions, strict=True)),
            "responsible": responsible,
            "deputy": self.deputy,
            "pipeline": pipeline,
            "stage": stage,
            "priority": self.priority,
            "hours": [list(span) for span in self.hours],
            **_days(self.period),
            "stop_words": list(self.stop_words),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any], order: int) -> Rule:
        """Back from `as_json`."""
        return cls(
            order,
            tuple(str(row.get(key) or ANY) for key in CONDITIONS),
            tuple(str(row.get(key) or "") for key in ("responsible", "pipeline", "stage")),
            int(row.get("priority") or USUAL_PRIORITY),
            tuple((int(start), int(end)) for start, end in row.get("hours") or ()),
            _period(row),
            tuple(str(each) for each in row.get("stop_words") or ()),
            str(row.get("deputy") or ""),
        )


@dataclass(frozen=True)
class Filter:
    """Appeals nobody should get: contest hashtags and the like.

    Args:
        word: folded.
        channel: folded, or `*`.
        period: first and last day.
    """

    word: str
    channel: str = ANY
    period: Period = FOREVER

    def catches(self, appeal: Appeal) -> bool:
        """Whether it takes the appeal out."""
        return (
            self.channel in (ANY, appeal.conditions[CHANNEL])
            and self.period[0] <= appeal.day <= self.period[1]
            and holds(appeal.text, self.word)
        )

    def as_json(self) -> dict[str, Any]:
        """For files and the portal."""
        return {"word": self.word, "channel": self.channel, **_days(self.period)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Filter:
        """Back from `as_json`."""
        return cls(str(row["word"]), str(row.get("channel") or ANY), _period(row))


@dataclass(frozen=True)
class Substitution:
    """Who stands in for whom, and when.

    Args:
        absent, substitute: people as in `Rule.target`.
        period: first and last day.
    """

    absent: str
    substitute: str
    period: Period = FOREVER

    def as_json(self) -> dict[str, Any]:
        """For files and the portal."""
        return {"absent": self.absent, "substitute": self.substitute, **_days(self.period)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Substitution:
        """Back from `as_json`."""
        return cls(str(row["absent"]), str(row["substitute"]), _period(row))


@dataclass(frozen=True)
class Version:
    """When a directory was published, and by whom.

    Args:
        number: 1 is the first.
        published_at: ISO 8601.
        by: who.
        effective_from: ISO day from which it is in force.
        run: id of the run that published it; "" where that is not known.
    """

    number: int
    published_at: str = ""
    by: str = ""
    effective_from: str = ""
    run: str = ""


@dataclass(frozen=True, eq=False)
class Book:
    """A whole directory; two are equal when they decide alike, row by row in the same order.

    Args:
        rules, filters, substitutions: the three tables.
        entity_type_id: what appeals are on the portal: 2 for deals.
        names: what people call the values: `words`, `people`, `pipelines`, `stages`, each value to its name.
        version: when it was published; None for one that was not.
    """

    rules: tuple[Rule, ...] = ()
    filters: tuple[Filter, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    entity_type_id: int = 2
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    version: Version | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Book) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """Of everything that decides; names and version aside."""
        text = json.dumps(self._content(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def _content(self) -> dict[str, Any]:
        rules = sorted(self.rules, key=lambda rule: rule.order)
        return {
            "entity_type_id": self.entity_type_id,
            "rules": [each.as_json() for each in rules],
            "filters": [each.as_json() for each in self.filters],
            "substitutions": [each.as_json() for each in self.substitutions],
        }

    def as_json(self) -> dict[str, Any]:
        """For files: rows in their order, values folded, `names` to show them by."""
        names = {kind: dict(sorted(known.items())) for kind, known in sorted(self.names.items())}
        version = None if self.version is None else dict(vars(self.version))
        return {
            "format": FORMAT,
            **self._content(),
            "names": names,
            "version": version,
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Book:
        """Back from `as_json`.

        Raises:
            ValueError: it is something else, or was changed since it was written.
        """
        if facts.get("format") != FORMAT:
            raise ValueError(f"not {FORMAT}: {facts.get('format')!r}")
        try:
            book = cls(
                tuple(Rule.from_json(row, at) for at, row in enumerate(facts["rules"], start=1)),
                tuple(Filter.from_json(row) for row in facts["filters"]),
                tuple(Substitution.from_json(row) for row in facts["substitutions"]),
                int(facts["entity_type_id"]),
                {str(kind): dict(known) for kind, known in (facts.get("names") or {}).items()},
                Version(**facts["version"]) if facts.get("version") else None,
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"a row is not as it was written: {error!r}") from error
        if facts.get("digest", book.digest) != book.digest:
            raise ValueError("its rows do not add up to its digest: somebody changed them")
        return book

    def published_as(self, version: Version) -> Book:
        """The same directory with its version."""
        return replace(self, version=version)

    def name(self, kind: str, value: str) -> str:
        """What people call a value; itself where no name is known."""
        return self.names.get(kind, {}).get(value, value)


def _days(days: Period) -> dict[str, str | None]:
    first, last = (
        None if day == end else date.fromordinal(day).isoformat()
        for day, end in zip(days, FOREVER, strict=True)
    )
    return {"valid_from": first, "valid_to": last}


def _period(row: Mapping[str, Any]) -> Period:
    first, last = (row.get(key) for key in ("valid_from", "valid_to"))
    return period(date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None)


# -- deciding --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Appeal:
    """What a rule looks at; `Appeal.of` takes words as people write them.

    Args:
        conditions: one folded value for each of `CONDITIONS`; None where the appeal does not say.
        at: when it came, in the time of the working hours.
        text: folded.
        on: the day periods are judged by; None for the day it came.
    """

    conditions: tuple[str | None, ...]
    at: datetime
    text: str = ""
    on: date | None = None

    @classmethod
    def of(cls, at: datetime, text: str = "", on: date | None = None, **said: str | None) -> Appeal:
        """An appeal from words.

        Args:
            at: when it came, in the time of the working hours.
            text: of the message, its title, its hashtags.
            on: see `Appeal`.
            said: topic, subtopic, region, department, channel.
        """
        strange = set(said) - set(CONDITIONS)
        if strange:
            raise TypeError(f"an appeal has no {', '.join(sorted(strange))}")
        return cls(tuple(fold(said.get(key) or "") or None for key in CONDITIONS), at, fold(text), on)

    @property
    def minute(self) -> int:
        """Minute of its week, Monday 00:00 being 0."""
        return self.at.weekday() * 1440 + self.at.hour * 60 + self.at.minute

    @property
    def day(self) -> int:
        """Number of the day periods are judged by."""
        return (self.on or self.at).toordinal()


_REASONS: Mapping[str, Mapping[str, str]] = {
    "filtered": {"en": "filtered by {word}", "ru": "отсеяно фильтром «{word}»"},
    "no_rule": {"en": "no rule fits", "ru": "нет подходящего правила"},
    "rule": {"en": "by rule", "ru": "по правилу"},
    "outside_hours": {"en": "outside working hours: the deputy", "ru": "вне рабочих часов: заместитель"},
    "waits": {
        "en": "outside working hours: waits for the responsible",
        "ru": "вне рабочих часов: ждёт ответственного",
    },
    "substituted": {"en": "substituted that day", "ru": "в этот день замещение"},
    "away": {"en": "the responsible is away: the deputy", "ru": "ответственного нет: заместитель"},
    "nobody_there": {"en": "everybody it could go to is away", "ru": "все, кому оно положено, отсутствуют"},
}


@dataclass(frozen=True)
class Decision:
    """Where an appeal goes.

    Args:
        rule: the winner; None when no rule fits, or a filter took the appeal out.
        responsible: as in `Rule.target`; "" when nobody gets it.
        pipeline, stage: likewise; "" when the rule does not say.
        instead: `deputy` or `substitute` when somebody other than the rule's responsible gets it.
        filtered: the filter that took it out.
        why: codes, in the order of deciding: filtered, no_rule, rule, outside_hours, waits, substituted,
            away, nobody_there.
    """

    rule: Rule | None = None
    responsible: str = ""
    pipeline: str = ""
    stage: str = ""
    instead: str = ""
    filtered: Filter | None = None
    why: tuple[str, ...] = ()

    @property
    def responsible_id(self) -> int | None:
        """The user's id; None when nobody gets it, or the directory was made without a portal."""
        return int(self.responsible) if self.responsible.isdecimal() else None

    def reason(self, language: str) -> str:
        """Why, for a person.

        Args:
            language: `ru` or `en`.
        """
        word = self.filtered.word if self.filtered else ""
        return "; ".join(
            _REASONS[code]["ru" if language == "ru" else "en"].format(word=word) for code in self.why
        )


class Directory:
    """Rules, ready to be asked.

    Args:
        book: a directory, or only rules, in any order.
    """

    def __init__(self, book: Book | Iterable[Rule]) -> None:
        self.book = book if isinstance(book, Book) else Book(tuple(book))
        self.rules = sorted(self.book.rules, key=lambda rule: rule.strength)
        self._by_conditions: dict[tuple[str, ...], list[Rule]] = {}
        self._by_all_but_department: dict[tuple[str, ...], list[Rule]] = {}
        for rule in self.rules:
            self._by_conditions.setdefault(rule.conditions, []).append(rule)
            self._by_all_but_department.setdefault(_without_department(rule.conditions), []).append(rule)
        self._ranked: dict[tuple[str | None, ...], tuple[Rule, ...]] = {}
        self._substitutes: dict[str, list[Substitution]] = {}
        for each in self.book.substitutions:
            self._substitutes.setdefault(each.absent, []).append(each)

    def route(self, appeal: Appeal, away: Collection[str] = ()) -> Decision:
        """Where an appeal goes.

        Args:
            appeal: what came.
            away: people who are not there beyond the substitutions: dismissed, on leave.
        """
        caught = self.filter_for(appeal)
        if caught is not None:
            return Decision(filtered=caught, why=("filtered",))
        rule = self.winner(appeal)
        if rule is None:
            return Decision(why=("no_rule",))
        return self.given(rule, open_at(rule.hours, appeal.minute), appeal.day, away)

    def filter_for(self, appeal: Appeal) -> Filter | None:
        """The first filter that takes an appeal out; None when none does."""
        return next((each for each in self.book.filters if each.catches(appeal)), None)

    def winner(self, appeal: Appeal) -> Rule | None:
        """The rule that gets an appeal; None when nobody does."""
        closed: Rule | None = None
        for rule in self.ranked(appeal.conditions):
            if rule.takes(appeal):
                if open_at(rule.hours, appeal.minute):
                    return rule
                closed = closed or rule
        return closed

    def given(self, rule: Rule, opened: bool, day: int, away: Collection[str] = ()) -> Decision:
        """Who gets what a rule has won.

        Args:
            rule: the winner.
            opened: whether its hours hold the moment.
            day: its number.
            away: see `route`.
        """
        responsible, pipeline, stage = (*rule.target, "", "", "")[:3]
        meant, why = responsible, ["rule"]
        if not opened:
            meant = rule.deputy or responsible
            why.append("outside_hours" if rule.deputy else "waits")
        person = self._standing_in(meant, day)
        if person != meant:
            why.append("substituted")
        if person in away:
            others = [self._standing_in(each, day) for each in (rule.deputy, responsible) if each]
            person = next((each for each in others if each not in away), "")
            why.append("away" if person else "nobody_there")
        instead = "" if person in ("", responsible) else "deputy" if person == rule.deputy else "substitute"
        return Decision(rule, person, pipeline, stage, instead, None, tuple(why))

    def _standing_in(self, person: str, day: int) -> str:
        """Who does somebody's work that day; nobody else, when the chain leads back."""
        met = [person]
        while True:
            there = self._substitutes.get(met[-1], ())
            following = next(
                (each.substitute for each in there if each.period[0] <= day <= each.period[1]), None
            )
            if following is None:
                return met[-1]
            if following in met:
                return person
            met.append(following)

    def ranked(self, conditions: tuple[str | None, ...]) -> tuple[Rule, ...]:
        """The rules whose conditions admit an appeal with these, the strongest first, as far as the first that
        takes it at any time: nothing is left to those behind."""
        found = self._ranked.get(conditions)
        if found is None:
            if len(self._ranked) >= _REMEMBERED:
                self._ranked.clear()
            rules = sorted(self._admitting(conditions), key=lambda rule: rule.strength)
            end = next((at for at, rule in enumerate(rules, start=1) if rule.always), len(rules))
            found = self._ranked[conditions] = tuple(rules[:end])
        return found

    def _admitting(self, conditions: tuple[str | None, ...]) -> Iterator[Rule]:
        choices = [(ANY,) if each is None or each == ANY else (each, ANY) for each in conditions]
        known = conditions[DEPARTMENT] is not None
        table = self._by_conditions if known else self._by_all_but_department
        for each in product(*choices):
            yield from table.get(each if known else _without_department(each), ())

    def with_conditions(self, conditions: tuple[str, ...]) -> list[Rule]:
        """The rules with exactly these conditions, strongest first."""
        return self._by_conditions.get(conditions, [])

    def wider(self, conditions: tuple[str, ...]) -> Iterator[Rule]:
        """The rules whose conditions admit everything that these do, themselves included."""
        for each in product(*((ANY,) if own == ANY else (own, ANY) for own in conditions)):
            yield from self._by_conditions.get(each, ())


def _without_department(conditions: tuple[str, ...]) -> tuple[str, ...]:
    return conditions[:DEPARTMENT] + conditions[DEPARTMENT + 1 :]


def main(arguments: list[str]) -> str:
    """What the command answers: the decision as JSON.

    Args:
        arguments: path of the rules; the appeal as JSON: the five conditions, `at`, `text`.
    """
    book = Book.from_json(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    said = dict(json.loads(arguments[1]))
    at = datetime.fromisoformat(said.pop("at")) if "at" in said else datetime.now().astimezone()
    found = Directory(book).route(Appeal.of(at, **said))
    answer = {
        "responsible": found.responsible,
        "pipeline": found.pipeline,
        "stage": found.stage,
        "instead": found.instead,
        "filtered": found.filtered.word if found.filtered else None,
        "why": list(found.why),
        "rule": found.rule.as_json() if found.rule else None,
    }
    return json.dumps(answer, ensure_ascii=False)


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
