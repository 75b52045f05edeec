"""What is different between two directories, row by row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd

from toolkit.routing.evaluator import ANY, CONDITIONS, Book, Rule
from toolkit.routing.hours import shown
from toolkit.routing.wording import FIELDS, LABELS, Language, people_told_apart

__all__ = ["routing_diff"]

_NAMED = {"responsible": "people", "deputy": "people", "pipeline": "pipelines", "stage": "stages"}
_COLUMNS = ["change", "table", "row", "fields", "before", "after"]


def routing_diff(a: Book, b: Book, language: str = "en") -> pd.DataFrame:
    """What has to be done to the first directory to make it the second.

    Args:
        a, b: the directories.
        language: of the words: `ru` or `en`.

    Returns:
        One row per difference: change (`added`, `removed`, `changed`, `reordered`), table (`rules`, `filters`,
        `substitutions`), row (its conditions, as people spell them), fields (names of what differs), before,
        after (what differs, as people read it). Empty when both decide alike.
    """
    said: Language = "ru" if language == "ru" else "en"
    people = people_told_apart(*(each.names.get("people", {}) for each in (a, b)))
    a, b = (replace(each, names={**each.names, "people": people}) for each in (a, b))
    rows = [*_of_rules(a, b, said)]
    for table in ("filters", "substitutions"):
        old, new = (
            {_row_text(book, each.as_json(), said) for each in getattr(book, table)} for book in (a, b)
        )
        rows += [("removed", table, each, "", each, "") for each in sorted(old - new)]
        rows += [("added", table, each, "", "", each) for each in sorted(new - old)]
    if not rows and a != b:
        rows = [("reordered", "rules", "", FIELDS["order"][said], "", "")]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _of_rules(a: Book, b: Book, language: Language) -> list[tuple[str, ...]]:
    """Rules with the same conditions stand for each other; of several, those most alike do."""
    rows: list[tuple[str, ...]] = []
    olds, news = _by_conditions(a), _by_conditions(b)
    for conditions in dict.fromkeys([*news, *olds]):
        old, new = list(olds.get(conditions, ())), list(news.get(conditions, ()))
        for rule in list(old):
            same = next((each for each in new if each.as_json() == rule.as_json()), None)
            if same is not None:
                old.remove(rule)
                new.remove(same)
        while old and new:
            was, will = min(
                ((x, y) for x in old for y in new), key=lambda pair: len(_differing(pair[0], pair[1]))
            )
            old.remove(was)
            new.remove(will)
            fields = _differing(was, will)
            rows.append(
                (
                    "changed",
                    "rules",
                    _title(b, will, language),
                    ", ".join(FIELDS[each][language] for each in fields),
                    _values(a, was, fields, language),
                    _values(b, will, fields, language),
                )
            )
        every = [key for key in FIELDS if key not in ("order", "channel")]
        rows += [
            ("removed", "rules", _title(a, each, language), "", _values(a, each, every, language), "")
            for each in old
        ]
        rows += [
            ("added", "rules", _title(b, each, language), "", "", _values(b, each, every, language))
            for each in new
        ]
    return rows


def _by_conditions(book: Book) -> dict[tuple[str, ...], list[Rule]]:
    found: dict[tuple[str, ...], list[Rule]] = defaultdict(list)
    for rule in sorted(book.rules, key=lambda each: each.order):
        found[rule.conditions].append(rule)
    return found


def _differing(one: Rule, other: Rule) -> list[str]:
    before, after = one.as_json(), other.as_json()
    return [key for key in before if key not in CONDITIONS and before[key] != after[key]]


def _title(book: Book, rule: Rule, language: Language) -> str:
    said = [book.name("words", each) for each in rule.conditions if each != ANY]
    return " / ".join(said) or LABELS["every"][language]


def _values(book: Book, rule: Rule, fields: list[str], language: Language) -> str:
    row = rule.as_json()
    told = [(key, _told(book, key, row[key], language)) for key in fields]
    if len(fields) == 1:
        return told[0][1]
    return "; ".join(f"{FIELDS[key][language]}: {value}" for key, value in told if value)


def _told(book: Book, key: str, value: Any, language: Language) -> str:
    if key == "hours":
        spans = tuple((int(start), int(end)) for start, end in value)
        return shown(spans) if spans else LABELS["around_the_clock"][language]
    if isinstance(value, list):
        return ", ".join(value)
    if value is None:
        return ""
    if key in ("valid_from", "valid_to"):
        return _day(str(value), language)
    return book.name(_NAMED.get(key, "words"), str(value))


def _day(written: str, language: Language) -> str:
    """A day as the reader writes it: 01.12.2026 in Russian."""
    return f"{date.fromisoformat(written):%d.%m.%Y}" if language == "ru" else written


def _row_text(book: Book, row: dict[str, Any], language: Language) -> str:
    days = " – ".join(_day(row[key], language) if row[key] else "…" for key in ("valid_from", "valid_to"))
    period = "" if days == "… – …" else f" ({days})"
    if "word" in row:
        channel = "" if row["channel"] == ANY else f", {FIELDS['channel'][language]} {row['channel']}"
        return f"{row['word']}{channel}{period}"
    names = [book.name("people", row[key]) for key in ("absent", "substitute")]
    return f"{names[0]} → {names[1]}{period}"
