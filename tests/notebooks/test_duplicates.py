"""Duplicates in a notebook: the whole story in a kernel, and the form and the calls in which a person answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.conftest import SCALE, Project
from tests.runs.duplicates import cards
from tests.runs.test_review_groups import doubled, merged, workspace_of
from toolkit import workflow
from toolkit.errors import ParameterError, PlanError
from toolkit.notebook.duplicates import GroupReview
from toolkit.notebook.markup import Speech
from toolkit.notebook.runs import OpenRun
from toolkit.progress import ProgressBar

POLICY = """
operations: [deduplicate, undo]
kinds: [update, create, delete, merge, bind, note]
max_changes: 500
max_share: 1.0
must_rehearse: true
canary: 2
"""


def test_the_notebook_merges_proves_and_tells_and_shows_the_same_run_again(project: Project) -> None:
    (project.folder / "clients.yaml").write_text(POLICY)

    done, said, again = project.run_all_twice("40_duplicates", scale=SCALE, policy="clients.yaml")

    assert done.exit_code == 0, done.message
    for expected in (
        "под вопросом", "<svg", "image/png", "Репетиция на копии прошла чисто", "Сделано и доказано",
        "Старые и новые номера карточек", "Кто что записал", "файл правил", "Ничего не отменяется",
    ):  # fmt: skip
        assert expected in said, expected
    assert "уже выполнено" in again, "what is over needs no approval"
    assert [each.split("-")[2] for each in project.runs()] == ["deduplicate"]


def test_one_merge_is_taken_back_after_a_person_agreed(opened: tuple[Any, OpenRun, GroupReview]) -> None:
    world, run, _ = opened
    host = run.run.facts.portal
    run.approve(portal=host, count=run.count)
    run.carry_out()
    assert cards(world) == [1, 4, 6, 7, 8]

    back = run.undo(records=[4])
    shown = run.take_back(5, agree=f"{host}:{back.count}")

    assert "Сделано и доказано" in repr(shown)
    assert len(cards(world)) == 6
    assert "контакт 5" in repr(run.traces(5))
    assert "Ничего не отменяется" in repr(run.take_back(0))
    with pytest.raises(PlanError, match="did not merge card 99"):
        run.take_back(99)


@pytest.fixture
def opened(tmp_path: Path) -> tuple[Any, OpenRun, GroupReview]:
    world = doubled(tmp_path)
    work = workspace_of(world)
    run = OpenRun(work, workflow.plan(work, "deduplicate", {}), ProgressBar("ru"))
    return world, run, run.review()


def number_of(review: GroupReview, *ids: int) -> int:
    return next(
        number for number, group in review.groups.items() if group.cards == ids and group.entity == "contact"
    )


def test_a_form_answers_and_the_next_run_does_it(opened: tuple[Any, OpenRun, GroupReview]) -> None:
    world, run, review = opened
    form = review.form()
    which, _, say, parts, masters, fields, _, last = form.children

    which.value = number_of(review, 7, 8)
    say.value = "merge"
    fields.children[-1].value = 7 if fields.children[-1].options[1][1] == 7 else 0
    for box in masters.children[1:]:
        box.value = box.description == "7"
    last.children[0].click()

    assert "отвечено групп: 1" in last.children[1].value
    chosen = run.reviewed(review)
    assert merged(chosen.run) == [[1, 2, 3], [4, 5], [7, 8]]
    chosen.approve(portal=chosen.run.facts.portal, count=chosen.count)
    chosen.carry_out()
    assert cards(world) == [1, 4, 6, 7]
    assert len(parts.children) == 3


def test_the_form_refuses_two_cards_that_stay(opened: tuple[Any, OpenRun, GroupReview]) -> None:
    _, _, review = opened
    form = review.form()
    form.children[0].value = number_of(review, 4, 5)
    for box in form.children[4].children[1:]:
        box.value = True

    form.children[-1].children[0].click()

    assert "остаться" in form.children[-1].children[1].value
    assert review.answers == {}


def test_without_widgets_the_same_is_said_by_calls(
    opened: tuple[Any, OpenRun, GroupReview], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run, review = opened
    monkeypatch.setattr("toolkit.notebook.duplicates.has_widgets", lambda: False)

    assert "review.say(12" in repr(review.form())
    review.say(number_of(review, 1, 2, 3), parts="AAB")
    review.say(number_of(review, 4, 5), "different")
    chosen = run.reviewed(review, {str(number_of(review, 7, 8)): "merge"})

    assert merged(chosen.run) == [[1, 2], [7, 8]]
    assert workflow.kept_decisions(run.work, run.run.facts.portal).about_pair("contact", 4, 5) is not None


def test_an_answer_nobody_offered_is_refused(opened: tuple[Any, OpenRun, GroupReview]) -> None:
    _, run, review = opened
    number = number_of(review, 4, 5)

    with pytest.raises(ParameterError, match="is not among the groups"):
        review.say(999)
    with pytest.raises(ParameterError, match="are not in this group"):
        review.say(number, stays=1)
    review.say(number, stays=[4, 5])
    with pytest.raises(PlanError, match="cannot be so"):
        run.reviewed(review)


def test_a_review_shows_groups_and_explains_them_without_letting_text_escape(
    opened: tuple[Any, OpenRun, GroupReview],
) -> None:
    _, run, review = opened

    shown = review._repr_html_()
    explained = review.explain()._repr_html_()
    one = review.group(number_of(review, 7, 8))._repr_html_()

    assert "Соколов Игорь Петрович" in shown
    assert "отчества разные" in explained
    assert "<svg" in explained
    assert "токарь" in one
    assert "нельзя" not in repr(GroupReview(run.work, run.run, Speech("en")))
