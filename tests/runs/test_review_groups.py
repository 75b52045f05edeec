"""Groups of cards in a workbook: what a person chooses there is what the next plan does, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from toolkit import workflow
from toolkit.errors import PlanError, SheetError
from toolkit.runs import Run
from toolkit.runs.review.groups import Answer
from toolkit.sandbox import InProcessTransport
from toolkit.settings import Settings
from toolkit.workflow import Workspace

from .conftest import SECRET, World
from .duplicates import Kept, add, ask, cards, make_doubled

AUTOMATIC, IN_DOUBT = "Автоматически", "Под вопросом"


def doubled(root: Path) -> World:
    """Two firms and three people on more cards, and two people nobody can tell apart without asking."""
    world = make_doubled(root)
    add(world, 3, "+79160000033", NAME="Игорь", LAST_NAME="Соколов", SECOND_NAME="Петрович", POST="слесарь")
    add(world, 3, "8 916 000 00 33", NAME="Игорь", LAST_NAME="Соколов", SECOND_NAME="Павлович", POST="токарь")
    world.clock.sleep(600)
    return world


def workspace_of(world: World) -> Workspace:
    settings = Settings.load(
        env_file=None,
        webhook=f"https://sandbox.local/rest/1/{SECRET}/",
        state_dir=world.root / "state",
        snapshots=world.root,
        plan="box",
        language="ru",
        fence_s=1,
    )
    return Workspace(settings, world.clock, InProcessTransport(world.sandbox))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, str, Path]:
    """The firm with its merge planned and shown; the run's id, and the workbook."""
    root = tmp_path_factory.mktemp("shown")
    world = doubled(root)
    work = workspace_of(world)
    run = workflow.plan(work, "deduplicate", {})
    review = workflow.review_out(work, run, root / "review.xlsx")
    run.close()
    return Kept.of(world, root / "aside"), run.id, review


@pytest.fixture
def world(kept: tuple[Kept, str, Path], tmp_path: Path) -> World:
    return kept[0].again(tmp_path)


@pytest.fixture
def work(world: World) -> Workspace:
    return workspace_of(world)


@pytest.fixture
def run(work: Workspace, kept: tuple[Kept, str, Path]) -> Run:
    return workflow.find_run(work, kept[1])


@pytest.fixture
def review(kept: tuple[Kept, str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(kept[2], tmp_path / "review.xlsx"))


class Sheet:
    """A sheet of the workbook, written to as a person would: by what stands in the rows."""

    def __init__(self, path: Path, title: str) -> None:
        self.path, self.book = path, openpyxl.load_workbook(path)
        self.sheet = self.book[title]

    def row(self, card: int, key: str, name: str = "контакт") -> int:
        """The row of a key in the group of a card."""
        number = next(
            row[0].value
            for row in self.sheet.iter_rows()
            if row[1].value == "card" and any(_is(cell.value, f"{name} {card}") for cell in row[4:])
        )
        return next(
            row[0].row for row in self.sheet.iter_rows() if (row[0].value, row[1].value) == (number, key)
        )

    def column(self, card: int, name: str = "контакт") -> int:
        at = self.row(card, "card", name)
        return next(cell.column for cell in self.sheet[at][4:] if _is(cell.value, f"{name} {card}"))

    def say(self, card: int, key: str, value: Any, name: str = "контакт") -> Sheet:
        """What is chosen for the group of a card."""
        self.sheet.cell(self.row(card, key, name), 4).value = value
        return self

    def mark(self, card: int, key: str, value: Any, name: str = "контакт") -> Sheet:
        """What is written in the column of a card."""
        self.sheet.cell(self.row(card, key, name), self.column(card, name)).value = value
        return self

    def saved(self) -> Path:
        self.book.save(self.path)
        return self.path


def _is(value: Any, wanted: str) -> bool:
    return isinstance(value, str) and (value == wanted or value.startswith(wanted + ":"))


def apply(work: Workspace, run: Run) -> Any:
    workflow.approve(run, portal=run.facts.portal, count=len(run.plan.active))
    return workflow.carry_out(work, run)


def merged(run: Run, name: str = "contact") -> list[list[int]]:
    """The groups a plan merges."""
    rows = run.plan.active.query("kind == 'merge' and entity == @name")
    losers = (json.loads(text)["losers"] for text in rows["after"])
    return sorted(
        sorted([int(master), *going]) for master, going in zip(rows["record_id"], losers, strict=True)
    )


def test_a_workbook_nobody_touched_changes_nothing(shown: tuple[Workspace, Run, Path]) -> None:
    work, run, review = shown
    assert workflow.review_in(work, review).id == run.id
    assert merged(run) == [[1, 2, 3], [4, 5]]


def test_a_doubtful_group_is_left_until_a_person_approves_it(
    world: World, work: Workspace, run: Run, review: Path
) -> None:
    assert [7, 8] not in merged(run)

    chosen = workflow.review_in(work, Sheet(review, IN_DOUBT).say(7, "decision", " Объединить ").saved())

    assert chosen.id != run.id
    assert merged(chosen) == [[1, 2, 3], [4, 5], [7, 8]]
    assert apply(work, chosen).complete
    assert cards(world) == [1, 4, 6, 8]


def test_a_group_is_split_and_its_parts_are_never_proposed_together_again(
    world: World, work: Workspace, run: Run, review: Path
) -> None:
    Sheet(review, AUTOMATIC).mark(3, "part", "в", "контакт").saved()  # a Cyrillic letter is a В is a B

    chosen = workflow.review_in(work, review)

    assert merged(chosen) == [[1, 2], [4, 5]]
    assert apply(work, chosen).complete
    assert 3 in cards(world)
    later = workflow.plan(work, "deduplicate", {})
    assert not len(later.plan.active), "what was split stays split, also after the merge of its other cards"


def test_another_card_stays_and_another_value_survives(
    world: World, work: Workspace, run: Run, review: Path
) -> None:
    Sheet(review, AUTOMATIC).mark(5, "master", "ДА").mark(4, "master", None).say(
        1, "field:post", "  Бухгалтер "
    ).saved()

    chosen = workflow.review_in(work, review)

    assert apply(work, chosen).complete
    assert 5 in cards(world)
    assert 4 not in cards(world)
    assert ask(world, "crm.item.get", entityTypeId=3, id=1)["item"]["post"] == "бухгалтер"


def test_different_clients_are_remembered_for_everybody(
    world: World, work: Workspace, run: Run, review: Path
) -> None:
    Sheet(review, AUTOMATIC).say(4, "decision", "разные клиенты").saved()

    chosen = workflow.review_in(work, review, who="Ольга")

    assert merged(chosen) == [[1, 2, 3]]
    said = workflow.kept_decisions(work, run.facts.portal).about_pair("contact", 4, 5)
    assert said is not None
    assert said.who == "Ольга"
    assert [4, 5] not in merged(workflow.plan(work, "deduplicate", {}))


def test_a_key_said_to_prove_nothing_joins_nobody_now_or_later(
    world: World, work: Workspace, run: Run, review: Path
) -> None:
    sheet = Sheet(review, AUTOMATIC)
    rows = [row for row in sheet.sheet.iter_rows() if "+79120001122" in str(row[4].value)]
    rows[0][3].value = "не доказательство"
    sheet.saved()

    chosen = workflow.review_in(work, review)

    assert merged(chosen) == [[1, 2, 3]]
    assert [4, 5] not in merged(workflow.plan(work, "deduplicate", {}))


def test_deleted_rows_leave_their_group_alone(work: Workspace, run: Run, review: Path) -> None:
    sheet = Sheet(review, AUTOMATIC)
    number = sheet.sheet.cell(sheet.row(4, "decision"), 1).value
    for at in sorted((row[0].row for row in sheet.sheet.iter_rows() if row[0].value == number), reverse=True):
        sheet.sheet.delete_rows(at)

    assert merged(workflow.review_in(work, sheet.saved())) == [[1, 2, 3]]


def test_what_was_chosen_is_what_a_second_plan_expects(work: Workspace, run: Run, review: Path) -> None:
    chosen = workflow.review_in(work, Sheet(review, AUTOMATIC).say(1, "decision", "оставить").saved())

    assert workflow.rehearse(work, chosen).clean
    certificate = apply(work, chosen)
    assert certificate.complete
    assert certificate.second_plan == 0


def test_a_review_sends_no_request(world: World, work: Workspace, run: Run, review: Path) -> None:
    Sheet(review, AUTOMATIC).say(1, "decision", "оставить").saved()
    sent = len(world.sandbox.log)

    workflow.review_in(work, review)

    assert len(world.sandbox.log) == sent


@pytest.fixture(scope="module")
def shown(
    kept: tuple[Kept, str, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Workspace, Run, Path]:
    """A planned run and its workbook, for reading only."""
    work = workspace_of(kept[0].again(tmp_path_factory.mktemp("read")))
    return work, workflow.find_run(work, kept[1]), kept[2]


REFUSED: list[tuple[str, Callable[[Sheet], Any], str, str]] = [
    (AUTOMATIC, lambda s: s.say(1, "decision", "может быть"), "1:decision", "D"),
    (AUTOMATIC, lambda s: s.say(1, "field:post", "директор"), "1:field:post", "D"),
    (AUTOMATIC, lambda s: s.mark(1, "field:post", "директор"), "1:field:post", "E"),
    (AUTOMATIC, lambda s: s.mark(2, "card", "контакт 8"), "1:card", "F"),
    (AUTOMATIC, lambda s: s.mark(2, "part", "1"), "1:part", "F"),
    (AUTOMATIC, lambda s: s.mark(2, "master", "главная"), "1:master", "F"),
    (AUTOMATIC, lambda s: s.mark(2, "master", "да").mark(1, "master", "да"), "1:master", "F"),
]


@pytest.mark.parametrize(("title", "edit", "where", "column"), REFUSED)
def test_what_was_not_offered_is_refused_at_its_cell(
    title: str,
    edit: Callable[[Sheet], Any],
    where: str,
    column: str,
    shown: tuple[Workspace, Run, Path],
    tmp_path: Path,
) -> None:
    work, _, path = shown
    sheet = Sheet(Path(shutil.copy(path, tmp_path / "review.xlsx")), title)
    card, _, key = where.partition(":")
    row = sheet.row(int(card), key)
    edit(sheet)

    with pytest.raises(SheetError) as refused:
        workflow.review_in(work, sheet.saved())

    said = str(refused.value)
    assert f"[{title}]" in said
    assert f"row {row}" in said
    assert f"{column!r}" in said or f" {column}" in said
    assert not (work.root / "sandbox.local" / "decisions.jsonl").exists(), "nothing is remembered of it"


def test_a_row_moved_into_another_group_is_refused(
    shown: tuple[Workspace, Run, Path], tmp_path: Path
) -> None:
    work, _, path = shown
    sheet = Sheet(Path(shutil.copy(path, tmp_path / "review.xlsx")), AUTOMATIC)
    sheet.sheet.cell(sheet.row(4, "why:0"), 1).value = "1"

    with pytest.raises(SheetError, match="row"):
        workflow.review_in(work, sheet.saved())


def test_the_review_of_another_plan_is_refused(work: Workspace, run: Run, review: Path) -> None:
    other = workflow.plan(work, "deduplicate", {})

    with pytest.raises(SheetError, match="another plan"):
        workflow.review_in(work, review, other)


def test_a_run_that_has_begun_takes_no_review(work: Workspace, run: Run, review: Path) -> None:
    Sheet(review, AUTOMATIC).say(1, "decision", "оставить").saved()
    apply(work, run)

    with pytest.raises(PlanError, match="cannot be narrowed"):
        workflow.review_in(work, review)


def test_answers_may_be_given_without_a_workbook(work: Workspace, run: Run) -> None:
    group = next(each for each in workflow.offered(work, run) if each.cards == (7, 8))

    chosen = workflow.choose(work, run, {group.number: Answer("merge", {7: "A", 8: "A"}, (8,))})

    assert merged(chosen) == [[1, 2, 3], [4, 5], [7, 8]]
    rows = chosen.plan.active.query("kind == 'merge' and entity == 'contact'")
    assert 8 in set(rows["record_id"])


def test_cards_that_must_not_become_one_are_refused_though_a_person_says_so(
    world: World, work: Workspace
) -> None:
    add(world, 3, "+79160000044", NAME="Пётр", LAST_NAME="Ли", BIRTHDATE="1980-01-01")
    add(world, 3, "+79160000044", NAME="Пётр", LAST_NAME="Ли")
    add(world, 3, "+79160000044", NAME="Пётр", LAST_NAME="Ли", BIRTHDATE="1990-05-05")
    run = workflow.plan(work, "deduplicate", {})
    group = next(each for each in workflow.offered(work, run) if 9 in each.cards)
    assert group.cards == (9, 10, 11)

    with pytest.raises(PlanError, match="may not become one"):
        workflow.choose(work, run, {group.number: Answer("merge", {9: "A", 10: "A", 11: "A"})})


def test_a_review_saved_by_libreoffice_reads_the_same(
    world: World, work: Workspace, run: Run, review: Path, skip_loudly: Callable[[str], None], tmp_path: Path
) -> None:
    soffice = shutil.which("soffice")
    if soffice is None:
        skip_loudly("LibreOffice is missing")
    assert soffice is not None
    Sheet(review, IN_DOUBT).say(7, "decision", "объединить").mark(8, "master", "Да ").mark(
        7, "master", None
    ).say(7, "field:post", "ТОКАРЬ").saved()
    out = tmp_path / "saved"
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    subprocess.run(
        [soffice, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(review)],
        check=True,
        capture_output=True,
        timeout=120,
    )

    chosen = workflow.review_in(work, out / "review.xlsx")

    assert merged(chosen) == [[1, 2, 3], [4, 5], [7, 8]]
    assert apply(work, chosen).complete
    assert ask(world, "crm.item.get", entityTypeId=3, id=8)["item"]["post"] == "токарь"
