"""From what stands in a cell to a value a rule can use, or to what is wrong with it.

Nothing is guessed: a date that could be two dates, or a number with a fraction, is a problem and not a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from toolkit.routing.hours import parse_hours
from toolkit.sheets.columns import known_channels
from toolkit.sheets.raw import Cell
from toolkit.sheets.spelling import clean, fold, nearest_known, without_look_alikes
from toolkit.sheets.xlsx import iso_of_serial

__all__ = ["ANY", "PRIORITIES", "Parsed", "Trouble", "cell_text", "parser_of"]

ANY = "*"
"""Any topic, region, department, channel."""

PRIORITIES = range(1, 101)

_ANY = {"*", "любой", "любая", "любое", "все", "всё", "any", "all"}
_CONDITIONS = frozenset({"topic", "subtopic", "region", "department", "channel"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")
# Text files and copies hold errors as text, in the language of the program that wrote them.
_ERROR = re.compile(
    r"(#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|Н/Д|ССЫЛКА!|ЗНАЧ!|ДЕЛ/0!|ИМЯ\?|ЧИСЛО!|ПУСТО!)|Err:\d+)$"
)
_HASHTAG = re.compile(r"#\w*[^\W\d_]\w*$|#\w*\d\w*$")
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?:\s+г\.?|\s+\d{1,2}:\d\d(?::\d\d)?)?$")
_DAY_IN_WORDS = re.compile(r"(\d{1,2})\s+([a-zа-я]{3,8})\.?\s+(\d{4})(?:\s*(?:г\.?|года))?$", re.IGNORECASE)
_MONTHS = (
    ("января", "january"), ("февраля", "february"), ("марта", "march"), ("апреля", "april"), ("мая", "may"),
    ("июня", "june"), ("июля", "july"), ("августа", "august"), ("сентября", "september"),
    ("октября", "october"), ("ноября", "november"), ("декабря", "december"),
)  # fmt: skip
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$")


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a cell; see `Problem`."""

    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    suggestion: str | None = None
    certain: bool = False


@dataclass(frozen=True)
class Parsed:
    """A cell's value, None when it has none, and what is wrong with it."""

    value: Any
    troubles: tuple[Trouble, ...] = ()


Parser = Callable[[Cell], Parsed]


def cell_text(cell: Cell) -> str:
    """What stands in a cell, as an admin would say it."""
    if cell.kind == "date":
        day, _, time = str(cell.value).partition("T")
        year, month, number = day.split("-")[:3]
        return f"{number}.{month}.{year}" + (f" {time[:5]}" if time else "")
    if cell.kind == "boolean":
        return "ИСТИНА" if cell.value else "ЛОЖЬ"
    return clean(str(cell.value))


def parser_of(key: str, channels: tuple[str, ...] = ()) -> Parser:
    """The parser of a column, remembering what it has seen: directories repeat themselves.

    Args:
        key: of the column.
        channels: of this portal beside the usual ones.
    """
    inner: Parser
    if key == "priority":
        inner = _priority
    elif key in ("valid_from", "valid_to"):
        inner = _date
    elif key == "hours":
        inner = _hours
    elif key in ("stop_words", "word"):
        inner = _words
    elif key == "channel":
        known = known_channels(channels)

        def inner(cell: Cell) -> Parsed:
            return _channel(cell, known)

    elif key in ("responsible", "deputy", "absent", "substitute"):
        inner = _person
    else:
        condition = key in _CONDITIONS

        def inner(cell: Cell) -> Parsed:
            return _text(cell, condition)

    seen: dict[Cell, Parsed] = {}

    def parse(cell: Cell) -> Parsed:
        # 1 and True are equal as keys; the kind keeps them apart.
        found = seen.get(cell)
        if found is None:
            found = seen[cell] = _parsed(cell, inner)
        return found

    return parse


def _parsed(cell: Cell, inner: Parser) -> Parsed:
    if cell.kind == "error" or (cell.kind == "text" and _ERROR.match(str(cell.value))):
        return Parsed(None, (Trouble("error_value"),))
    if cell.kind == "formula":
        return Parsed(None, (Trouble("formula"),))
    if cell.kind == "text" and not clean(str(cell.value)):
        return Parsed(None)
    return inner(cell)


def _text(cell: Cell, condition: bool) -> Parsed:
    if cell.kind in ("boolean", "date"):
        return Parsed(None, (Trouble("wrong_type"),))
    text = cell_text(cell)
    if condition and fold(text) in _ANY:
        return Parsed(ANY)
    mended = without_look_alikes(text)
    if mended == text:
        return Parsed(text)
    foreign = ", ".join(sorted({a for a, b in zip(text, mended, strict=True) if a != b}))
    return Parsed(mended, (Trouble("look_alike", {"letters": foreign}, mended, certain=True),))


def _channel(cell: Cell, known: Mapping[str, str]) -> Parsed:
    found = _text(cell, True)
    if found.value is None or found.value == ANY:
        return found
    name = known.get(fold(found.value))
    if name is not None:
        return Parsed(name, found.troubles)
    names = list(dict.fromkeys(known.values()))
    return Parsed(
        None,
        (Trouble("unknown_channel", {"known": ", ".join(names)}, nearest_known(found.value, known)),),
    )


def _person(cell: Cell) -> Parsed:
    found = _text(cell, False)
    if found.value is not None and "@" in found.value and not _EMAIL.match(found.value):
        return Parsed(None, (Trouble("bad_email"),))
    return found


def _priority(cell: Cell) -> Parsed:
    text = cell_text(cell)
    number: float | None = None
    if cell.kind == "number":
        number = float(cell.value)
    elif cell.kind == "text" and re.fullmatch(r"-?\d{1,9}", text):
        number = float(text)
    if number is not None and number.is_integer() and int(number) in PRIORITIES:
        return Parsed(int(number))
    near = None
    if number is not None:
        near = str(min(max(round(number), PRIORITIES[0]), PRIORITIES[-1]))
    return Parsed(None, (Trouble("bad_priority", {"least": PRIORITIES[0], "most": PRIORITIES[-1]}, near),))


def _date(cell: Cell) -> Parsed:
    if cell.kind == "date":
        return Parsed(date.fromisoformat(str(cell.value)[:10]))
    if cell.kind == "number":
        # 1954 to 2119: what can be meant; 2026 or 20260301 in a date column is not a day number.
        iso = iso_of_serial(float(cell.value)) if 20_000 <= float(cell.value) < 80_000 else None
        return Parsed(date.fromisoformat(iso[:10])) if iso else Parsed(None, (Trouble("bad_date"),))
    text = cell_text(cell)
    written = _ISO.match(text)
    if written:
        return _day(int(written[1]), int(written[2]), int(written[3]))
    written = _DAY_IN_WORDS.match(text)
    if written and (month := _month(written[2].lower())):
        return _day(int(written[3]), month, int(written[1]))
    written = _DAY_FIRST.match(text)
    if cell.kind != "text" or written is None:
        return Parsed(None, (Trouble("bad_date"),))
    first, second = int(written[1]), int(written[2])
    year = int(written[3]) + (2000 if len(written[3]) == 2 else 0)
    if "/" in text and first <= 12 and second <= 12 and first != second:
        shown = f"{first:02}.{second:02}.{year}"
        return Parsed(None, (Trouble("date_ambiguous", suggestion=shown),))
    if "/" in text and second > 12:
        first, second = second, first
    return _day(year, second, first)


def _month(word: str) -> int:
    """Its number, written out or cut short to three letters and more; 0 for another word."""
    return next(
        (at for at, names in enumerate(_MONTHS, start=1) if any(each.startswith(word) for each in names)), 0
    )


def _day(year: int, month: int, day: int) -> Parsed:
    try:
        return Parsed(date(year, month, day))
    except ValueError:
        return Parsed(None, (Trouble("bad_date"),))


def _hours(cell: Cell) -> Parsed:
    found = parse_hours(cell_text(cell)) if cell.kind == "text" else None
    return Parsed(found) if found is not None else Parsed(None, (Trouble("bad_hours"),))


def _words(cell: Cell) -> Parsed:
    """A tuple of folded words, growing; hashtags keep their #."""
    found: set[str] = set()
    troubles: list[Trouble] = []
    parts = [clean(each) for each in re.split(r"[,;\n]", cell_text(cell))]
    for part in filter(None, parts):
        if "#" in part and not _HASHTAG.match(part):
            tags = [
                "#" + re.sub(r"\W+", "_", each.strip()) for each in part.split("#") if re.search(r"\w", each)
            ]
            mended = ", ".join(", ".join(tags) if each == part else each for each in parts if each)
            troubles.append(Trouble("bad_hashtag", {"tag": part}, mended if tags else None))
        else:
            found.add(fold(part))
    return Parsed(None if troubles else tuple(sorted(found)) or None, tuple(troubles))
