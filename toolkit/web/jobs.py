"""The steps themselves, as they run in a process of their own: check, copies, simulation, plan, carrying out.

Each takes what can be pickled and returns what JSON can hold. Deliberate errors come back as a `Trouble`:
the page says them in the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from toolkit import workflow
from toolkit.errors import InputError, ToolkitError
from toolkit.routing import Book, routing_diff
from toolkit.runs import Run, write_report
from toolkit.settings import Settings
from toolkit.sheets.annotated import write_annotated
from toolkit.sheets.checking import CheckedDirectory, check_file
from toolkit.sheets.converting import book_of
from toolkit.sheets.gate import Limits
from toolkit.sheets.portal_facts import PortalFacts
from toolkit.sheets.problems import Problem
from toolkit.sheets.refusals import Language, SheetRefused
from toolkit.sheets.template import write_template

__all__ = [
    "NoPlace",
    "NotPublishable",
    "Ordered",
    "Trouble",
    "carry_out",
    "check",
    "plan_place",
    "plan_publication",
    "plan_take_back",
    "read_portal",
    "simulate",
    "warm",
    "write_copy",
    "write_empty",
]

LANGUAGES: tuple[Language, ...] = ("ru", "en")
_MOST_PER_KIND = 300
_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Trouble:
    """Why something was not done.

    Args:
        kind: class of the error.
        told: the error's own words, by language; empty for a defect.
        refused: a file as a whole was not read.
    """

    kind: str
    told: Mapping[str, str] = field(default_factory=dict)
    refused: bool = False


@dataclass(frozen=True)
class Ordered:
    """What a step on a file needs.

    Args:
        settings: of the portal.
        path: of the file.
        limits: of files.
        facts: of the portal; None when it could not be asked.
        on: rules are checked as of this day.
        entity_type: of what appeals become; 2 for deals.
    """

    settings: Settings
    path: Path
    limits: Limits
    facts: PortalFacts | None
    on: date
    entity_type: int = 2


def _troubles(work: Callable[_P, _R]) -> Callable[_P, _R | Trouble]:
    """Deliberate errors as `Trouble`; others are defects and pass."""

    @wraps(work)
    def careful(*args: _P.args, **kwargs: _P.kwargs) -> _R | Trouble:
        try:
            return work(*args, **kwargs)
        except SheetRefused as refused:
            return Trouble(type(refused).__name__, {each: refused.told(each) for each in LANGUAGES}, True)
        except ToolkitError as error:
            return Trouble(type(error).__name__, {each: error.in_words(each) for each in LANGUAGES})

    return careful


def warm() -> None:
    """Nothing but the imports of this module: a process that has been here answers at once."""


@_troubles
def read_portal(settings: Settings, entity_type: int) -> PortalFacts:
    """People, departments, pipelines and stages of what appeals become."""
    return workflow.routing_facts(workflow.Workspace(settings), entity_type)


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
        "json": {language: checked.as_json(language) for language in LANGUAGES}
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
    return {
        "sheet": problem.place.sheet,
        "cell": problem.place.address,
        "heading": problem.heading,
        "value": problem.value,
        "hidden": problem.hidden,
        "suggestion": problem.further_suggestion,
        **{
            language: {"what": problem.what(language), "fix": problem.fix(language)} for language in LANGUAGES
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


class NotPublishable(InputError):
    """Compared with the portal once more, a file has errors; nothing was planned.

    Args:
        name: of the file.
        errors: how many.
    """

    sentence = "{name} has errors now: {errors}. Upload it again to see them."

    def __init__(self, name: str, errors: int) -> None:
        self.name, self.errors = name, errors
        super().__init__(self.in_words("en"))


class NoPlace(InputError):
    """The portal has no place for published directories yet; nothing was planned."""

    def __init__(self) -> None:
        super().__init__("The portal has no place for published routing yet. Run: b24kit routing provision")


@_troubles
def simulate(ordered: Ordered, folder: Path) -> dict[str, Any]:
    """What a directory would change, run over past appeals; pages in both languages are left in a folder."""
    simulation = workflow.simulate_routing(workflow.Workspace(ordered.settings), _fit(ordered))
    for language in LANGUAGES:
        page = folder / f"simulation-{language}.html"
        page.touch(mode=0o600)
        page.write_text(simulation.html(language, whole=False), encoding="utf-8")
    return {"summary": dict(simulation.summary)}


@_troubles
def plan_place(settings: Settings) -> dict[str, Any]:
    """Freeze the plan that makes the place where directories are published."""
    run = workflow.plan(workflow.Workspace(settings), "provision_routing", {"language": settings.language})
    return _told(run)


@_troubles
def plan_publication(ordered: Ordered, effective_from: date | None, who: str) -> dict[str, Any]:
    """Compare a file with the portal as it is now, and freeze the plan that publishes it."""
    work = workflow.Workspace(ordered.settings)
    checked = _fit(replace(ordered, facts=workflow.routing_facts(work, ordered.entity_type)))
    if workflow.routing_process(work) is None:
        raise NoPlace
    current = workflow.published_routing(work)
    run = workflow.plan_publishing(work, checked, effective_from, by=who)
    return {
        **_told(run),
        "from": str(run.facts.parameters.get("effective_from", "")),
        "first": current is None,
        "diff": _difference(current, book_of(checked)) if current is not None else None,
    }


@_troubles
def plan_take_back(settings: Settings, run: str) -> dict[str, Any]:
    """Freeze the plan that takes a publication back."""
    work = workflow.Workspace(settings)
    undo = workflow.plan_undo(work, workflow.find_run(work, run))
    version = _version(work, run)
    if not version:
        return _told(undo)
    book, former = workflow.routing_taken_back(work, version)
    return {
        **_told(undo),
        "last": former is None,
        "diff": _difference(book, former) if former is not None else None,
    }


def _version(work: workflow.Workspace, run: str) -> int:
    """The number a run gave the directory it published; 0 when the portal does not hold it."""
    versions = workflow.publications(work)
    own = versions.loc[versions["run"] == run, "version"]
    return int(own.iloc[0]) if len(own) else 0


def _told(run: Run) -> dict[str, Any]:
    return {"run": run.id, "count": len(run.plan.active), "portal": run.facts.portal}


@_troubles
def carry_out(settings: Settings, name: str, count: int, who: str) -> dict[str, Any]:
    """Write what was agreed to, prove it, and write the report. Goes on where it stopped.

    Args:
        settings: of the portal.
        name: id of the run.
        count: the number somebody typed.
        who: their name, for the journal.
    """
    work = workflow.Workspace(settings)
    run = workflow.find_run(work, name)
    approval = run.journal.last("approved")
    if approval is None or approval["plan"] != run.plan.id:
        workflow.approve(run, portal=run.facts.portal, count=count)
        run.journal.event("agreed_on_page", who=who)
    certificate = workflow.carry_out(work, run)
    write_report(run, language=settings.language)
    published: dict[str, int] = {}
    if run.facts.operation == "publish_routing" and (version := _version(work, run.id)):
        published = {"version": version}
    return {
        **published,
        "clean": certificate.clean,
        "complete": certificate.complete,
        "as_planned": certificate.as_planned,
        "someone_else": certificate.someone_else,
        "unexplained": certificate.unexplained,
        "second_plan": certificate.second_plan + certificate.drift,
        "states": {state: int(number) for state, number in certificate.states.items()},
    }


def _difference(current: Book, new: Book) -> dict[str, Any]:
    """What is different, as the page shows it in either language."""
    tables = {language: routing_diff(current, new, language) for language in LANGUAGES}
    return {
        "count": len(tables["ru"]),
        "rows": {
            language: table.head(_MOST_PER_KIND).to_dict("records") for language, table in tables.items()
        },
    }


def _fit(ordered: Ordered) -> CheckedDirectory:
    checked = _checked(ordered)
    if checked.errors:
        raise NotPublishable(ordered.path.name, len(checked.errors))
    return checked
