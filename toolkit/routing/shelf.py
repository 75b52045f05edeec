"""Published directories as the portal keeps them: rows and versions, items of a smart process or elements of
a universal list.

A row (a rule, a filter, a substitution) is one item, written once and never changed. It says since which
version it holds, and until which; a version is one item, too, written last. A reader takes the rows of a
version it has found, so whoever reads while another publishes sees the version before. Each version carries
the digest of its directory: rows somebody edited by hand do not add up to it, and are not believed.

Changing one cell of a list's element empties the others, so there nothing is ever changed: what an item says
in several fields, an element says in one text; and rows that end with a version are named by an element of
kind `ends`.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from toolkit.routing.evaluator import FORMAT, Book, Version
from toolkit.routing.refusals import RoutingRefused

__all__ = [
    "CONTENT",
    "ELEMENTS",
    "FIELDS",
    "PROCESS",
    "Row",
    "Shelf",
    "fields_of",
    "rows_of",
    "said_by_version",
    "spelled",
]

PROCESS = "b24kit_routing"
"""Code of the smart process, and of the universal list."""

ELEMENTS = f"listelement:{PROCESS}"
"""The elements of that list, as the entity catalogue names them."""

CONTENT = "PREVIEW_TEXT"
"""The column that says what an element is."""

FIELDS: Mapping[str, tuple[str, str, str]] = {
    "kind": ("string", "Вид строки", "Kind of row"),
    "since": ("string", "С версии", "Since version"),
    "until": ("string", "По версию", "Until version"),
    "place": ("double", "Место", "Place"),
    "content": ("string", "Содержание", "Content"),
}
"""Code of each field to its type and its Russian and English labels."""

_KINDS = ("rule", "filter", "substitution", "names")
_FITS = 32_000  # bytes of names in one field; the portal's database cuts texts at 65,535
_NAMES = 100

_APART = 1024.0
"""Between the places of neighbours, so that rows put between them later leave the others where they are."""


def fields_of(columns: Iterable[str]) -> dict[str, str]:
    """Code to field, as the portal names it.

    Raises:
        RoutingRefused: one is missing.
    """
    names = [str(each) for each in columns]
    found = {}
    for code in FIELDS:
        own = re.compile(rf"ufCrm_?\d+_?{code}", re.IGNORECASE)
        name = next((each for each in names if own.fullmatch(each)), None)
        if name is None:
            raise RoutingRefused(
                f"The smart process {PROCESS}", f"lacks the field {code}", "Run: b24kit routing provision"
            )
        found[code] = name
    return found


@dataclass(frozen=True)
class Row:
    """One row of a directory as it is kept.

    Args:
        kind: rule, filter, substitution; or names, where a version has more of them than it can say itself.
        content: JSON of what decides.
        place: where it stands among its kind.
        item: id of its item; 0 when it has none yet.
        since, until: first and last version it belongs to; until 0 when it still does.
    """

    kind: str
    content: str
    place: float = 0.0
    item: int = 0
    since: int = 0
    until: int = 0


def said_by_version(book: Book) -> dict[str, dict[str, str]]:
    """The names a version says itself: all of them, or none when they would not fit into its field."""
    names: dict[str, dict[str, str]] = book.as_json()["names"]
    return names if len(_json(names).encode()) <= _FITS else {kind: {} for kind in names}


def _names_apart(book: Book) -> list[Row]:
    """Names in rows of their own, a hundred to each; none when the version says them itself."""
    if any(said_by_version(book).values()):
        return []
    rows = []
    for kind, known in book.as_json()["names"].items():
        pairs = sorted(known.items())
        rows += [
            Row("names", _json({kind: dict(pairs[at : at + _NAMES])})) for at in range(0, len(pairs), _NAMES)
        ]
    return rows


def rows_of(book: Book) -> list[Row]:
    """The rows of a directory, in their order, without places."""
    rules = sorted(book.rules, key=lambda rule: rule.order)
    return [
        *(Row("rule", _json(each.as_json())) for each in rules),
        *(Row("filter", _json(each.as_json())) for each in book.filters),
        *(Row("substitution", _json(each.as_json())) for each in book.substitutions),
        *_names_apart(book),
    ]


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True)
class Shelf:
    """Everything published so far.

    Args:
        rows: of all versions.
        versions: number to what its item says: digest, entity_type_id, effective_from, by, names; and item,
            published_at, created_by.
    """

    rows: Sequence[Row]
    versions: Mapping[int, Mapping[str, Any]]

    @classmethod
    def of(cls, items: pd.DataFrame) -> Shelf:
        """From the items of the smart process, or the elements of the list.

        Args:
            items: with id, createdTime and the custom fields; or with ID, CODE, DATE_CREATE and `CONTENT`.

        Raises:
            RoutingRefused: a field is missing, or a version cannot be read.
        """
        rows: list[Row] = []
        versions: dict[int, dict[str, Any]] = {}
        for each in _opened(items) if "CODE" in items.columns else _plain(items):
            kind, content = _text(each["kind"]), _text(each["content"])
            since = _number(each["since"])
            if kind == "version":
                try:
                    facts = json.loads(content)
                except ValueError:
                    raise _edited(int(since)) from None
                versions[int(since)] = {
                    **facts,
                    "item": int(each["id"]),
                    "published_at": _text(each.get("createdTime")),
                    "created_by": int(_number(each.get("createdBy"))),
                }
            elif kind in _KINDS:
                place, until = _number(each["place"]), _number(each["until"])
                rows.append(Row(kind, content, place, int(each["id"]), int(since), int(until)))
        rows.sort(key=lambda row: (row.kind, row.place, row.item))
        return cls(rows, versions)

    @property
    def newest(self) -> int:
        """Number of the last version; 0 without any."""
        return max(self.versions, default=0)

    def in_force(self, day: date, *, without: int = 0) -> int:
        """The version that holds on a day: of those in effect the one that took effect last; 0 without any.

        Args:
            day: by the portal's calendar.
            without: a version that is left out, as if it were taken back.
        """
        begun = [
            (str(facts["effective_from"]), number)
            for number, facts in self.versions.items()
            if str(facts["effective_from"]) <= day.isoformat() and number != without
        ]
        return max(begun)[1] if begun else 0

    def rows_in(self, version: int) -> list[Row]:
        """The rows of a version."""
        return [row for row in self.rows if row.since <= version and (not row.until or row.until >= version)]

    def book(self, version: int) -> Book:
        """A published directory.

        Raises:
            RoutingRefused: there is no such version, or its rows were edited by hand.
        """
        facts = self.versions.get(version)
        if facts is None:
            raise RoutingRefused(f"Version {version}", "was never published", "See: b24kit routing history")
        rows = self.rows_in(version)

        def listed(kind: str) -> list[Any]:
            return [json.loads(row.content) for row in rows if row.kind == kind]

        names: dict[str, dict[str, str]] = dict(facts.get("names") or {})
        try:
            for part in listed("names"):
                for kind, known in part.items():
                    names[kind] = {**names.get(kind, {}), **known}
            book = Book.from_json(
                {
                    "format": FORMAT,
                    "entity_type_id": facts["entity_type_id"],
                    "rules": listed("rule"),
                    "filters": listed("filter"),
                    "substitutions": listed("substitution"),
                    "names": names,
                    "digest": facts["digest"],
                }
            )
        except (KeyError, ValueError):
            raise _edited(version) from None
        return book.published_as(
            Version(
                version, str(facts["published_at"]), str(facts.get("by", "")), str(facts["effective_from"])
            )
        )

    def next_rows(self, book: Book) -> tuple[list[Row], list[Row]]:
        """What has to be written so that a directory becomes the next version.

        Returns:
            The rows to add, with their places, and the rows that end with the version before. Rows that stay
            as they are and in their order are in neither.
        """
        gone: list[Row] = []
        added: list[Row] = []
        held = self.rows_in(self.newest)
        for kind in _KINDS:
            old = [row for row in held if row.kind == kind]
            new = [row for row in rows_of(book) if row.kind == kind]
            kept = _kept(old, new)
            stay = {row.item for row in kept.values()}
            places = _places([kept[at].place if at in kept else None for at in range(len(new))])
            if places is None:
                kept, stay = {}, set()
                places = [_APART * (at + 1) for at in range(len(new))]
            gone += [row for row in old if row.item not in stay]
            added += [Row(kind, row.content, places[at]) for at, row in enumerate(new) if at not in kept]
        return added, gone


def spelled(**said: Any) -> str:
    """What an element of the list says: kind, since, place and content of a row."""
    return _json(said)


def _plain(items: pd.DataFrame) -> Iterable[Mapping[str, Any]]:
    """Items with what their fields say, by code."""
    fields = fields_of(items.columns)
    for each in items.to_dict("records"):
        row = {str(name): value for name, value in each.items()}
        yield {**row, **{code: each[name] for code, name in fields.items()}}


def _opened(elements: pd.DataFrame) -> Iterable[Mapping[str, Any]]:
    """Elements with what their text says; those that are not ours are passed over."""
    found: list[dict[str, Any]] = []
    ends: dict[int, int] = {}
    for each in elements.to_dict("records"):
        code = _text(each["CODE"])
        if not code.startswith("routing:"):
            continue
        try:
            said = json.loads(_text(each.get(CONTENT)))
            if said["kind"] == "ends":
                ends |= dict.fromkeys(map(int, said["rows"]), int(said["since"]) - 1)
                continue
            row = {key: said[key] for key in ("kind", "since", "place", "content")}
        except (KeyError, TypeError, ValueError):
            raise _edited(int(_number((re.findall(r"\d+", code) or ["0"])[0]))) from None
        moments = {"createdTime": each.get("DATE_CREATE"), "createdBy": each.get("CREATED_BY")}
        found.append({"id": int(each["ID"]), **moments, **row})
    return [{**each, "until": ends.get(each["id"], 0)} for each in found]


def _kept(old: Sequence[Row], new: Sequence[Row]) -> dict[int, Row]:
    """For rows of the new list their old selves, as many as can stay without changing their order."""
    waiting: dict[str, list[Row]] = {}
    for row in reversed(old):
        waiting.setdefault(row.content, []).append(row)
    pairs = [(at, waiting[row.content].pop()) for at, row in enumerate(new) if waiting.get(row.content)]
    # The longest growing run of old places (patience sorting).
    tops: list[float] = []
    ends: list[int] = []
    before: list[int] = []
    for number, (_, row) in enumerate(pairs):
        pile = bisect_left(tops, row.place)
        before.append(ends[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(row.place)
            ends.append(number)
        else:
            tops[pile], ends[pile] = row.place, number
    kept: dict[int, Row] = {}
    at = ends[-1] if ends else -1
    while at >= 0:
        kept[pairs[at][0]] = pairs[at][1]
        at = before[at]
    return kept


def _places(known: Sequence[float | None]) -> list[float] | None:
    """Places for those that have none, between their neighbours; None when there is no room left."""
    following: list[int | None] = [None] * len(known)
    for at in range(len(known) - 2, -1, -1):
        following[at] = at + 1 if known[at + 1] is not None else following[at + 1]
    found: list[float] = []
    for at, place in enumerate(known):
        if place is not None:
            found.append(place)
            continue
        last, ahead = found[-1] if found else 0.0, following[at]
        if ahead is None:
            found.append(last + _APART)
            continue
        end = known[ahead] or 0.0
        found.append(round(last + (end - last) / (ahead - at + 1), 3))
        if not last < found[-1] < end:
            return None
    return found


def _edited(version: int) -> RoutingRefused:
    return RoutingRefused(
        f"Version {version}",
        "does not add up: somebody edited its rows on the portal by hand",
        "Publish the directory from its file again.",
    )


def _text(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value)


def _number(value: Any) -> float:
    return 0.0 if value is None or pd.isna(value) or value == "" else float(value)
