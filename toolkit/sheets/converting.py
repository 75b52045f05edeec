"""From a checked file to the directory in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from toolkit.routing.evaluator import ANY, Book, Filter, Substitution, period
from toolkit.routing.refusals import RoutingRefused
from toolkit.sheets.checking import CheckedDirectory, who_is
from toolkit.sheets.spelling import fold

__all__ = ["book_of"]


def book_of(checked: CheckedDirectory) -> Book:
    """The directory in a file: people, pipelines and stages by their ids where the portal was asked.

    Raises:
        RoutingRefused: the file has errors.
    """
    if checked.errors:
        raise RoutingRefused(checked.book.name, "has errors", "Correct what the check shows, then try again.")
    filters = tuple(
        Filter(word, _folded(row.get("channel")), period(row.get("valid_from"), row.get("valid_to")))
        for row in _rows(checked, "filters")
        for word in row["word"] or ()
    )
    substitutions = tuple(
        Substitution(
            who_is(row["absent"], checked.facts),
            who_is(row["substitute"], checked.facts),
            period(row.get("valid_from"), row.get("valid_to")),
        )
        for row in _rows(checked, "substitutions")
    )
    return Book(
        tuple(checked.rules),
        filters,
        substitutions,
        checked.facts.entity_type_id if checked.facts else 2,
        _names(checked, substitutions),
    )


def _rows(checked: CheckedDirectory, kind: str) -> Iterator[dict[str, Any]]:
    for table in checked.tables:
        if table.found.kind.key == kind:
            for row in table.frame.to_dict("records"):
                yield {str(key): value for key, value in row.items()}


def _folded(value: str | None) -> str:
    return ANY if value in (None, ANY) else fold(value)


def _names(checked: CheckedDirectory, substitutions: tuple[Substitution, ...]) -> dict[str, dict[str, str]]:
    words = dict(checked.words)
    facts = checked.facts
    if facts is None:
        return {"words": words}
    used = {who for rule in checked.rules for who in (rule.responsible, rule.deputy)}
    used |= {who for each in substitutions for who in (each.absent, each.substitute)}
    places = {rule.target[1] for rule in checked.rules}
    stages = {rule.target[2] for rule in checked.rules}
    return {
        "words": words,
        "people": {str(each.id): each.name for each in facts.people if str(each.id) in used},
        "pipelines": {str(key): name for key, name in facts.pipeline_names.items() if str(key) in places},
        "stages": {key: name for key, name in facts.stage_names.items() if key in stages},
    }
