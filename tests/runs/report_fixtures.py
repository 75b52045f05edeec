"""Runs in the states a report has to tell about, carried out on the small firm's portal."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from toolkit.runs import Changes, Plan, Run, binds, creates, deletes, updates, write_report
from toolkit.runs.changes import merges
from toolkit.runs.references import made
from toolkit.runs.report import Language
from toolkit.sandbox.state.records import Change

from .conftest import World, make_world

TITLE = {"en": "Give contacts to the responsibles of their deals", "ru": "Передать контакты ответственным"}
HOSTILE = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"


class Page(HTMLParser):
    """What a reader sees of a page: its text, its links, its tags."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self._words: list[str] = []
        self._silent = 0
        self.feed(source)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.links += [value or "" for name, value in attrs if name == "href"]
        self._silent += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words.append(data)


def page_of(run: Run, language: Language = "ru") -> Page:
    """The page of a run's report."""
    return Page(write_report(run, language=language)[0].read_text(encoding="utf-8"))


def sheets_of(path: Path) -> dict[str, list[list[Any]]]:
    """Every sheet of a workbook as rows of values."""
    book = openpyxl.load_workbook(path)
    return {sheet.title: [[cell.value for cell in row] for row in sheet.rows] for sheet in book.worksheets}


def named(run: Run) -> Run:
    """The run, its folder saying what the operation does, as planning by the workflow leaves it."""
    path = run.folder / "run.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["title"] = TITLE
    facts["undo"] = {"en": "everything but the notifications", "ru": "всё, кроме уведомлений"}
    path.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    run.__dict__.pop("facts", None)
    return run


def planned(world: World, **given: Any) -> Run:
    """A planned run whose requests were noted from the first on."""
    given.setdefault("winner", "newest")
    run = named(world.plan(**given))
    world.portal.on_request = run.journal.request
    return run


def proven(world: World, run: Run) -> Run:
    """The run carried out and judged."""
    world.apply(run)
    run.journal.event("applied", **run.journal.counts())
    world.verify(run)
    return run


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Carried out and proven, the employees told. For reading only."""
    world = make_world(tmp_path_factory.mktemp("clean"))
    run = proven(world, planned(world, notify=True))
    world.apply(run, notify=True)
    return run


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Its first record edited by employee 4 meanwhile, its second by employee 3 after the run. For reading only."""
    world = make_world(tmp_path_factory.mktemp("disturbed"))
    run = planned(world)
    first, second = (int(each) for each in run.plan.active["record_id"][:2])
    world.clock.sleep(60)
    world.edit(first, by=4, ASSIGNED_BY_ID=6, NAME=HOSTILE)
    world.apply(run)
    run.journal.event("applied", **run.journal.counts())
    world.clock.sleep(600)
    world.edit(second, by=3, ASSIGNED_BY_ID=6)
    world.verify(run)
    return run


@pytest.fixture(scope="module")
def robbed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A robot wrote into every record the run wrote. For reading only."""
    world = make_world(tmp_path_factory.mktemp("robbed"))

    def robot(change: Change) -> None:
        if change.kind.entity_type_id == 3 and change.action == "update":
            world.sandbox.store.update("crm_3", change.id, {"COMMENTS": FORMULA})

    run = planned(world)
    world.sandbox.listeners.append(robot)
    return proven(world, run)


def merging(world: World) -> Run:
    """A plan that merges the second contact into the first, and what else a plan can hold."""
    run = planned(world)
    one, other = (int(each) for each in run.plan.active["record_id"][:2])
    cards = {one: {"name": "Контакт"}, other: {"name": "Контакт", "post": "врач"}}
    merged = merges(
        "contact",
        [one],
        losers=[[other]],
        cards=[cards],
        becomes=[{"name": "Контакт", "post": "врач"}],
        lost=[[{"id": other, "field": "comments", "value": "звонить после шести"}]],
        reason="same phone and name",
        group="pair",
    )
    prepared = updates(
        "contact", [one], before={"post": [None]}, after={"post": ["врач"]}, reason="equalised", group="pair"
    )
    link, old = {"entityTypeId": 2, "entityId": 1}, {"entityTypeId": 3, "entityId": other}
    more = Changes.joined(
        prepared,
        merged,
        binds("activity", [5], to=[link], instead_of=[old], reason="the card goes"),
        creates("deal", [{"title": "Сделка", "contactId": made("x")}], markers=["call:1"], reason="call"),
        deletes("contact", [other + 1], before=[{"name": "Лишний"}], reason="created by the run"),
    )
    run.freeze(Plan.freeze(more, {"operation": "merge"}))
    return run


def copied(run: Run, target: Path) -> Run:
    """A run's folder elsewhere, to be spoiled."""
    run.close()
    shutil.copytree(run.folder, target / run.id)
    return Run.open(target / run.id, lambda: 0.0)
