"""A routing directory, checked to the cell: every problem at once. Start here: `check_file`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from toolkit.routing.evaluator import ANY, CONDITIONS, USUAL_PRIORITY, Directory, Period, Rule, period
from toolkit.sheets.directory import ReadTable, read_directory
from toolkit.sheets.gate import Limits
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.sheets.problems import Place, Problem
from toolkit.sheets.raw import RawBook
from toolkit.sheets.reading import read_book
from toolkit.sheets.refusals import Language
from toolkit.sheets.relations import Finding, conflicts, cycles, gaps
from toolkit.sheets.spelling import fold, nearest_known

__all__ = ["CheckedDirectory", "check_book", "check_file", "problems_of_rows", "who_is"]

_LIMITS = Limits()
_TARGET = ("responsible", "pipeline", "stage")
_OVERLOAD_LEAST, _OVERLOAD_TIMES, _OVERLOAD_OTHERS = 10, 4, 3
_MOST_NAMED = 12


@dataclass(frozen=True)
class CheckedDirectory:
    """What was found in a file.

    Args:
        book: the cells.
        tables: the tables on its sheets, typed.
        problems: all of them, in the order of sheets, rows and columns.
        rules: those that can be used, in the table's order; rows with errors of their own are left out.
        on: the day it was checked for.
        facts: of the portal; None when they were not at hand.
        words: folded conditions to how they are spelt.
    """

    book: RawBook
    tables: list[ReadTable]
    problems: list[Problem]
    rules: list[Rule]
    on: date
    facts: PortalFacts | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def against_portal(self) -> bool:
        """Whether it was compared with the portal."""
        return self.facts is not None

    @property
    def errors(self) -> list[Problem]:
        """What keeps it from being published."""
        return [each for each in self.problems if each.severity == "error"]

    @property
    def warnings(self) -> list[Problem]:
        """What should be looked at."""
        return [each for each in self.problems if each.severity == "warning"]

    @property
    def exit_code(self) -> int:
        """2 with errors, else 0."""
        return 2 if self.errors else 0

    @property
    def rows(self) -> int:
        """Rows of rules, the unusable ones included."""
        return sum(len(each.frame) for each in self.tables if each.found.kind.key == "rules")

    def as_json(self, language: Language) -> dict[str, Any]:
        """The verdict for programs."""
        return {
            "file": self.book.name,
            "checked_on": self.on.isoformat(),
            "against_portal": self.against_portal,
            "rules": self.rows,
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "problems": [each.as_json(language) for each in self.problems],
        }


def check_file(
    path: Path | str, facts: PortalFacts | None = None, *, on: date, limits: Limits = _LIMITS
) -> CheckedDirectory:
    """Every problem of a routing directory.

    Args:
        path: .xlsx, .xlsm, .xls, .ods or .csv.
        facts: of the portal; None leaves out what only the portal can tell.
        on: rules that ended before this day leave gaps.
        limits: of the file.

    Raises:
        SheetRefused: the file is not read at all.
    """
    return check_book(read_book(path, limits=limits), facts, on=on)


def check_book(book: RawBook, facts: PortalFacts | None = None, *, on: date) -> CheckedDirectory:
    """Every problem of a routing directory that was read already; see `check_file`."""
    tables, problems = read_directory(book, facts.channels if facts else ())
    unusable: set[tuple[int, int]] = set()
    for number, table in enumerate(tables):
        for problem in problems_of_rows(table, facts):
            problems.append(problem)
            if problem.code in ("missing", "missing_any", "dates_reversed"):
                unusable.add((number, problem.place.row))
        unusable |= {(number, row) for row, _ in table.spoilt}
        problems += _repeated(table)
    rules = _Rules(tables, unusable, facts)
    problems += rules.problems(on)
    problems += _circles(tables, facts)
    sheets = {sheet.name: at for at, sheet in enumerate(book.sheets)}
    problems.sort(
        key=lambda each: (sheets.get(each.place.sheet, 0), each.place.row, each.place.column, each.code)
    )
    return CheckedDirectory(book, tables, problems, rules.usable, on, facts, rules.words)


# -- rows by themselves and against the portal ---------------------------------------------------------


def problems_of_rows(table: ReadTable, facts: PortalFacts | None) -> Iterator[Problem]:
    """What is wrong with single rows, by themselves and against the portal."""
    kind = table.found.kind
    from toolkit.sheets.schemas import failures, schema_for  # here: every command would pay for pandera

    schema = schema_for(kind, list(table.frame.columns), facts)
    for code, key, row in failures(schema, table.frame):
        if (row, key) in table.spoilt:
            continue
        if code == "missing":
            code = "missing_any" if key in CONDITIONS and key != "topic" else code
            yield table.problem(code, row, key)
        elif code == "own_substitute":
            yield table.problem("own_deputy", row, key)
        elif code == "dates_reversed":
            start, end = (table.frame.at[row, each] for each in ("valid_from", "valid_to"))
            yield table.problem(code, row, key, facts={"from_": _day(start), "to": _day(end)})
        else:
            yield _against_portal(table, code, key, row, facts)


def _against_portal(table: ReadTable, code: str, key: str, row: int, facts: PortalFacts | None) -> Problem:
    if facts is None:
        raise AssertionError("only the portal's facts lead here")
    value = str(table.frame.at[row, key])
    more: dict[str, str | int] = {}
    suggestion: str | None = None
    related: tuple[Place, ...] = ()
    if code == "user_missing":
        suggestion = facts.nearest_person(value)
    elif code in ("user_ambiguous", "user_short"):
        people = facts.people_called(value) or facts.people_meant(value)
        more["candidates"] = "; ".join(facts.shown(each) for each in people[:_MOST_NAMED])
        ids = facts.department_ids.get(fold(_at(table, row, "department")), [])
        fitting = [each for each in people if facts.belongs(each, ids)]
        if code == "user_short" and len(people) == 1:
            suggestion = facts.unmistakable(people[0])
        elif len(fitting) == 1:
            suggestion = fitting[0].email or str(fitting[0].id)
    elif code == "other_department":
        more["department"] = _at(table, row, "department")
        related = (table.place(row, "department"),)
    elif code == "department_missing":
        suggestion = nearest_known(value, facts.department_names.values())
    elif code == "department_ambiguous":
        ids = facts.department_ids[fold(value)]
        labels = {each: facts.department_names[each] for each in ids[:_MOST_NAMED]}
        more["candidates"] = "; ".join(
            label if label.endswith(f"(id {each})") else f"{label}, id {each}"
            for each, label in labels.items()
        )
        suggestion = _one_of(ids, _at(table, row, "responsible"), _at(table, row, "region"), facts)
    elif code == "pipeline_missing":
        suggestion = nearest_known(value, [str(each) for each in facts.pipelines["name"]])
    elif code in ("stage_missing", "stage_elsewhere"):
        pipeline = _at(table, row, "pipeline")
        ids = facts.pipeline_ids.get(fold(pipeline), []) or list(facts.pipeline_names)
        suggestion = nearest_known(value, facts.stages_of(ids))
        if code == "stage_elsewhere":
            names = [facts.pipeline_names.get(each, str(each)) for each in facts.stage_pipelines[fold(value)]]
            more.update(pipeline=pipeline, others=", ".join(dict.fromkeys(names)))
            related = (table.place(row, "pipeline"),)
    elif code in ("unknown_topic", "unknown_region"):
        suggestion = nearest_known(value, (facts.topics if code == "unknown_topic" else facts.regions) or ())
    return table.problem(code, row, key, facts=more, suggestion=suggestion, related=related)


def _one_of(ids: Sequence[int], who: str, region: str, facts: PortalFacts) -> str | None:
    """The department of several that is the responsible's own, else the one below the region."""
    people = facts.people_called(who)
    home = [each for each in ids if len(people) == 1 and facts.belongs(people[0], [each])]
    if len(home) != 1:
        above = set(facts.department_ids.get(fold(region), []))
        home = [each for each in ids if above & set(facts.line_of(each))]
    return facts.department_names[home[0]] if len(home) == 1 else None


def _at(table: ReadTable, row: int, key: str) -> str:
    value = table.frame.at[row, key] if key in table.frame.columns else None
    return "" if value is None else str(value)


def _day(day: Any) -> str:
    return day.strftime("%d.%m.%Y") if isinstance(day, date) else ""


# -- rules among themselves ------------------------------------------------------------------------------


@dataclass
class _Rules:
    """The rules of all tables, and where each stands."""

    tables: list[ReadTable]
    unusable: set[tuple[int, int]]
    facts: PortalFacts | None
    usable: list[Rule] = field(default_factory=list)
    handling: list[Rule] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    _homes: list[tuple[ReadTable, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, table in enumerate(self.tables):
            if table.found.kind.key != "rules":
                continue
            for row, values in zip(table.frame.index, table.frame.to_dict("records"), strict=True):
                rule = self._rule(table, int(row), {str(key): value for key, value in values.items()})
                self._homes.append((table, int(row)))
                if (number, int(row)) not in self.unusable:
                    self.usable.append(rule)
                # A rule with a wrong priority or responsible still shows that somebody was meant to.
                spoilt = any((int(row), key) in table.spoilt for key in CONDITIONS)
                if values.get("topic") is not None and not spoilt:
                    self.handling.append(rule)

    def _rule(self, table: ReadTable, row: int, values: dict[str, Any]) -> Rule:
        conditions = []
        for key in CONDITIONS:
            value = values.get(key)
            if key == "department" and value is not None and self.facts is not None:
                value = self.facts.one_department(str(value))
            conditions.append(ANY if value in (None, ANY) else fold(str(value)))
            if conditions[-1] != ANY:
                self.words.setdefault(conditions[-1], str(value))
        days: Period = period(values.get("valid_from"), values.get("valid_to"))
        return Rule(
            len(self._homes),
            tuple(conditions),
            (who_is(_said(values, "responsible"), self.facts), *self._place(values)),
            values.get("priority") or USUAL_PRIORITY,
            values.get("hours") or (),
            days,
            values.get("stop_words") or (),
            who_is(_said(values, "deputy"), self.facts),
        )

    def _place(self, values: dict[str, Any]) -> tuple[str, str]:
        pipeline, stage = _said(values, "pipeline"), _said(values, "stage")
        return self.facts.place_of(pipeline, stage) if self.facts else (fold(pipeline), fold(stage))

    def problems(self, on: date) -> Iterator[Problem]:
        for finding in conflicts(Directory(self.usable)):
            yield self._conflict(finding)
        yield from self._gaps([rule for rule in self.handling if rule.period[1] >= on.toordinal()])
        yield from self._overload()

    def _conflict(self, finding: Finding) -> Problem:
        table, row = self._homes[finding.rule.order]
        other_table, other_row = self._homes[finding.other.order]
        key = {"overlap": "valid_from", "hole": "valid_from", "contradiction": "responsible"}.get(
            finding.code, "topic"
        )
        if finding.code == "contradiction":
            key = next(
                each
                for each, here, there in zip(_TARGET, finding.rule.target, finding.other.target, strict=True)
                if here != there
            )
        if key == "valid_from" and key not in table.found.columns:
            key = "valid_to"
        same_sheet = table.found.sheet.name == other_table.found.sheet.name
        return table.problem(
            finding.code,
            row,
            key,
            facts={
                "row": other_row if same_sheet else f"{other_table.found.sheet.name}!{other_row}",
                "here": self._destination(table, row),
                "there": self._destination(other_table, other_row),
                "from_": _of_ordinal(finding.days[0]),
                "to": _of_ordinal(finding.days[1]),
            },
            related=(other_table.place(other_row, key),),
        )

    def _destination(self, table: ReadTable, row: int) -> str:
        return " · ".join(filter(None, (table.text(row, key) for key in _TARGET)))

    def _gaps(self, rules: Sequence[Rule]) -> Iterator[Problem]:
        first: dict[str, Rule] = {}
        for rule in rules:
            if rule.conditions[0] != ANY:
                first.setdefault(rule.conditions[0], rule)
        whole = {rule.conditions[0] for rule in rules if rule.conditions[1] == ANY}
        used = {place: {rule.conditions[place]: None for rule in rules} for place in (2, 4)}
        for values in used.values():
            values.pop(ANY, None)
        listed = self.facts.regions if self.facts else None
        if listed is not None:
            used[2] = {fold(each): None for each in listed}
            self.words.update((fold(each), each) for each in listed)
        for gap in gaps(rules, list(first), list(used[2]), list(used[4])):
            table, row = self._homes[first[gap.topic].order]
            topic = self.words[gap.topic]
            missing = gap.missing
            if missing == ((ANY, ANY),):
                if gap.topic not in whole:
                    yield table.problem("gap_subtopics", row, "topic", facts={"topic": topic})
                    continue
                missing = tuple((each, ANY) for each in used[2])
            named = [
                " × ".join([self._named(place)] + ([] if way == ANY else [self._named(way)]))
                for place, way in missing[:_MOST_NAMED]
            ]
            more = f" … (+{len(missing) - _MOST_NAMED})" if len(missing) > _MOST_NAMED else ""
            yield table.problem(
                "gap", row, "topic", facts={"topic": topic, "missing": ", ".join(named) + more}
            )

    def _named(self, value: str) -> str:
        return "*" if value == ANY else self.words[value]

    def _overload(self) -> Iterator[Problem]:
        counts: dict[str, list[int]] = defaultdict(list)
        for rule in self.usable:
            counts[rule.target[0]].append(rule.order)
        for orders in counts.values():
            others = len(counts) - 1
            if others < _OVERLOAD_OTHERS or len(orders) < _OVERLOAD_LEAST:
                continue
            usual = (len(self.usable) - len(orders)) / others
            if len(orders) >= _OVERLOAD_TIMES * usual:
                table, row = self._homes[orders[0]]
                yield table.problem(
                    "overloaded", row, "responsible", facts={"count": len(orders), "usual": f"{usual:.1f}"}
                )


def _said(values: Mapping[str, Any], key: str) -> str:
    return str(values.get(key) or "")


def who_is(text: str, facts: PortalFacts | None) -> str:
    """The id of the only person meant, as text; the folded text where that is not known."""
    people = (facts.people_called(text) or facts.people_meant(text)) if facts and text else []
    return str(people[0].id) if len(people) == 1 else fold(text)


def _of_ordinal(day: int) -> str:
    return date.fromordinal(day).strftime("%d.%m.%Y") if 1 < day < date.max.toordinal() else "…"


# -- filters and substitutions ---------------------------------------------------------------------------


def _repeated(table: ReadTable) -> Iterator[Problem]:
    if table.found.kind.key == "rules":
        return
    seen: dict[tuple[Any, ...], int] = {}
    keys = [key for key in table.frame.columns if key != "comment"]
    for row, *values in table.frame[keys].itertuples(name=None):
        if any((row, key) in table.spoilt for key in keys) or any(
            value is None for key, value in zip(keys, values, strict=True) if key in table.found.kind.needed
        ):
            continue
        what = tuple(fold(each) if isinstance(each, str) else each for each in values)
        if what in seen:
            first = seen[what]
            key = table.found.kind.needed[0]
            yield table.problem(
                "duplicate", row, key, facts={"row": first}, related=(table.place(first, key),)
            )
        seen.setdefault(what, row)


def _circles(tables: Iterable[ReadTable], facts: PortalFacts | None) -> Iterator[Problem]:
    edges: list[tuple[str, str, Period]] = []
    homes: list[tuple[ReadTable, int]] = []

    for table in tables:
        if table.found.kind.key != "substitutions" or {"absent", "substitute"} - set(table.frame.columns):
            continue
        for row, values in zip(table.frame.index, table.frame.to_dict("records"), strict=True):
            if values["absent"] is None or values["substitute"] is None:
                continue
            days = period(values.get("valid_from"), values.get("valid_to"))
            edges.append((who_is(values["absent"], facts), who_is(values["substitute"], facts), days))
            homes.append((table, int(row)))
    for circle in cycles(edges):
        table, row = homes[circle[0]]
        names = [homes[each][0].text(homes[each][1], "absent") for each in circle]
        yield table.problem(
            "substitution_cycle",
            row,
            "substitute",
            facts={"chain": " → ".join([*names, names[0]])},
            related=tuple(homes[each][0].place(homes[each][1], "substitute") for each in circle[1:]),
        )
