"""The steps themselves, as they run in a process of their own: check, copies, simulation, plan, carrying out.

Each takes what can be pickled and returns what JSON can hold. Deliberate errors come back as a `Trouble`:
the page says them in the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from toolkit import workflow
from toolkit.errors import ToolkitError
from toolkit.settings import Settings
from toolkit.sheets.annotated import write_annotated
from toolkit.sheets.checking import CheckedDirectory, check_file
from toolkit.sheets.gate import Limits
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.sheets.problems import Problem
from toolkit.sheets.refusals import Language, SheetRefused
from toolkit.sheets.template import write_template

__all__ = ["Ordered", "Trouble", "check", "read_portal", "warm", "write_copy", "write_empty"]

_MOST_PER_KIND = 300
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Trouble:
    """Why something was not done.

    Args:
        kind: class of the error.
        words: the error's own, in English.
        told: by language, where the error has words in both.
    """

    kind: str
    words: str
    told: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Ordered:
    """What a step on a file needs.

    Args:
        settings: of the portal.
        path: of the file.
        limits: of files.
        facts: of the portal; None when it could not be asked.
        on: rules are checked as of this day.
    """

    settings: Settings
    path: Path
    limits: Limits
    facts: PortalFacts | None
    on: date


def _troubles(work: Callable[_P, _R]) -> Callable[_P, _R | Trouble]:
    """Deliberate errors as `Trouble`; others are defects and pass."""

    @wraps(work)
    def careful(*args: _P.args, **kwargs: _P.kwargs) -> _R | Trouble:
        try:
            return work(*args, **kwargs)
        except SheetRefused as refused:
            told = {language: refused.told(language) for language in ("ru", "en")}
            return Trouble(type(refused).__name__, str(refused), told)
        except ToolkitError as error:
            return Trouble(type(error).__name__, str(error))

    return careful


def warm() -> None:
    """Nothing but the imports of this module: a process that has been here answers at once."""


@_troubles
def read_portal(settings: Settings) -> PortalFacts:
    """People, departments, pipelines and stages."""
    return workflow.routing_facts(workflow.Workspace(settings))


@_troubles
def check(ordered: Ordered) -> dict[str, Any]:
    """Every problem of a file, as the page shows them, in both languages."""
    checked = _checked(ordered)
    return {
        "errors": len(checked.errors),
        "warnings": len(checked.warnings),
        "rules": checked.rows,
        "against_portal": checked.against_portal,
        "on": checked.on.isoformat(),
        "several_sheets": len({each.place.sheet for each in checked.problems}) > 1,
        "correctable": sum(each.certain for each in checked.problems),
        "kinds": [*_kinds(checked.errors), *_kinds(checked.warnings)],
        "json": {language: checked.as_json(language) for language in ("ru", "en")}
        if len(checked.problems) <= _MOST_PER_KIND
        else {},
    }


def _checked(ordered: Ordered) -> CheckedDirectory:
    return check_file(ordered.path, ordered.facts, on=ordered.on, limits=ordered.limits)


def _kinds(problems: list[Problem]) -> list[dict[str, Any]]:
    """Problems by what they are, the kinds in the order of the sheet."""
    found: dict[str, list[Problem]] = {}
    for each in problems:
        found.setdefault(each.code, []).append(each)
    return [
        {
            "code": code,
            "severity": each[0].severity,
            "count": len(each),
            "shown": [_shown(problem) for problem in each[:_MOST_PER_KIND]],
        }
        for code, each in found.items()
    ]


def _shown(problem: Problem) -> dict[str, Any]:
    languages: tuple[Language, Language] = ("ru", "en")
    return {
        "sheet": problem.place.sheet,
        "cell": problem.place.address,
        "heading": problem.heading,
        "value": problem.value,
        "hidden": problem.hidden,
        "suggestion": problem.further_suggestion,
        **{
            language: {"what": problem.what(language), "fix": problem.fix(language)} for language in languages
        },
    }


@_troubles
def write_copy(ordered: Ordered, target: Path, language: Language, corrected: bool) -> str:
    """The annotated copy, or the corrected one."""
    checked = _checked(ordered)
    write_annotated(
        ordered.path, checked, target, language=language, corrected=corrected, limits=ordered.limits
    )
    return str(target)


@_troubles
def write_empty(target: Path, facts: PortalFacts | None, language: Language) -> str:
    """The template, with drop-downs of what the portal has."""
    return str(write_template(target, facts, language=language))
